"""LLVM: nests as functions for the machine, with their vectors written out.

The loops are written such that LLVM has nothing to find out: one axis is gone through several
numbers at a time, and of a product of matrices four rows at a time are kept in registers. Five
neurons' `dot(W, x)` with vectors of four is one loop over x with a vector of four sums, and one for
the fifth neuron.

Nests that do the same with other numbers, as the layers of a network do, are written once: what
follows what, and at which addresses, stands in a table, which the function goes through.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Any

import numpy as np

from autograd.compiler.native.fusing import fused
from autograd.compiler.native.llvm_function import Function, Machine
from autograd.compiler.native.llvm_tiles import Tiles
from autograd.compiler.native.loops import (
    Column,
    Loop,
    Memory,
    Nest,
    Ref,
    Step,
    form_of,
    mapped,
    refs_in,
    simplified,
)

LEAST, OFTEN = 4, 16
"""So long at least is the side of a matrix that is turned round, and so often is each number of it
used."""

LONG = 128
"""So many nests at most are one text: LLVM is quicker with short ones, and the end of the program
can wait for one."""


class Unit:
    """What is written as one: nests that are gone through together, or all of a loop.

    Attributes:
        times: How often they are.
        groups: The nests, together those that are one loop.
        slots: For each memory where in its table an address is, and of which number there; for a
            column there is one for each round.
        table: What is there: memories, and from which number on.
        key: What tells it from others, whatever numbers it is about.
    """

    def __init__(self, groups: list[list[Nest]], times: int = 1) -> None:
        self.times, self.groups = times, groups
        self.slots: dict[Memory, tuple[int, int]] = {}
        self.table: list[tuple[Memory, int]] = []
        for ref in (ref for nest in self.nests for ref in (*nest.refs, *refs_in(nest.out))):
            memory, at = ref.memory, ref.offset
            if memory not in self.slots:
                self.slots[memory] = len(self.table), at
                self.table += memory.members if isinstance(memory, Column) else [(memory, at)]

        def place_in(ref: Ref) -> Hashable:
            slot, begin = self.slots[ref.memory]
            return slot, ref.offset - begin, ref.turn, isinstance(ref.memory, Column)

        forms = (tuple(form_of(nest, place_in) for nest in group) for group in groups)
        self.key: Hashable = (times, *forms)

    @property
    def nests(self) -> list[Nest]:
        """All of its nests."""
        return [nest for group in self.groups for nest in group]


def units_of(steps: Iterable[Step]) -> list[Unit]:
    """Nests and loops as what is written."""
    found: list[Unit] = []
    for is_loop, some in groupby(steps, lambda step: isinstance(step, Loop)):
        if is_loop:
            found += (
                Unit(fused(_all(x.body), x.times), x.times) for x in some if isinstance(x, Loop)
            )
        else:
            straight = _all(x for x in some if isinstance(x, Nest))
            found += (Unit([group]) for group in fused([y for x in straight for y in turned(x)]))
    return found


def _all(nests: Iterable[Nest]) -> list[Nest]:
    return [simplified(nest) for nest in nests if nest.rounds or nest.fold]


def turned(nest: Nest) -> list[Nest]:
    """The nests that do the same; the matrix of a product that lies across is turned round first.

    Of `x @ W.T` what lies side by side in the result comes from numbers of W that do not. Where
    each of them is used often, it pays to write them down once more, the other way round.
    """
    folded, kept = len(nest.axes) - 1, range(nest.kept)
    last = next((k for k in kept if nest.out.steps[k] == 1), None)
    refs = list(dict.fromkeys(nest.refs))
    if nest.fold != "add" or folded != nest.kept or last is None or nest.axes[last] < LEAST:
        return [nest]
    across = [ref for ref in refs if ref.steps[last] not in (0, 1)]
    if len(refs) != 2 or len(across) != 1 or any(ref.place is not None for ref in refs):
        return [nest]
    ref = across[0]
    axes = [k for k in kept if ref.steps[k] and k != last] + [folded, last]
    sizes = [nest.axes[k] for k in axes]
    if nest.rounds < OFTEN * math.prod(sizes):
        return [nest]
    array, steps = np.zeros(sizes, ref.dtype), [0] * len(nest.axes)
    for k, axis in enumerate(axes):
        steps[axis] = math.prod(sizes[k + 1 :])
    other = Ref(Memory("turned", array.shape, array.dtype, array.ravel()), 0, tuple(steps))
    here, there = (replace(x, steps=tuple(x.steps[k] for k in axes)) for x in (ref, other))
    product = replace(nest, code=mapped(nest.code, lambda x: other if x == ref else x))
    return [Nest(tuple(sizes), len(sizes), here, there), product]


def grouped(parts: Iterable[list[Unit]]) -> list[list[list[Unit]]]:
    """Lists of units in groups, each of which becomes a text."""
    groups: list[list[list[Unit]]] = []
    size = LONG
    for units in parts:
        more = sum(len(unit.nests) for unit in units)
        if size + more > LONG:
            groups.append([])
            size = 0
        groups[-1].append(units)
        size += more
    return groups


def _distinct(parts: Iterable[Iterable[Unit]]) -> dict[Hashable, tuple[int, Unit]]:
    """The units that are written, and by which number each is called."""
    found: dict[Hashable, tuple[int, Unit]] = {}
    for unit in chain.from_iterable(parts):
        found.setdefault(unit.key, (len(found), unit))
    return found


def printed(parts: Iterable[Sequence[Unit]], machine: Machine) -> str:
    """A function @f that does what a table says: the numbers of units, with their addresses."""
    declared: dict[str, str] = {}
    function, distinct = Function(machine, declared), _distinct(parts)
    following: list[str] = []
    lines: list[str] = []
    for k, unit in distinct.values():
        function.lines, function.block = [], f"nest{k}"
        _write(function, unit)
        further = function.emit(f"getelementptr ptr, ptr %at, i64 {1 + len(unit.table)}")
        following.append(f"[ {further}, %{function.block} ]")
        lines += [f"nest{k}:", *function.lines, "  br label %further"]
    cases = " ".join(f"i64 {k}, label %nest{k}" for k, _ in distinct.values())
    first = [
        "define i64 @f(ptr %table) {", "entry:", "  %first = load i64, ptr %table",
        # It never is; but with two ways into it, this is no loop for LLVM, which moves what stays
        # the same in front of the outermost loop: that should be one of a nest's.
        "  %never = icmp slt i64 %first, 0", "  br i1 %never, label %further, label %next",
        "further:", f"  %there = phi ptr {', '.join(['[ %table, %entry ]', *following])}",
        "  br label %next",
        "next:", "  %at = phi ptr [ %table, %entry ], [ %there, %further ]",
        "  %which = load i64, ptr %at",
        f"  switch i64 %which, label %end [ {cases} ]",
    ]  # fmt: skip
    return "\n".join([*declared.values(), "", *first, *lines, "end:", "  ret i64 0", "}", ""])


def _write(function: Function, unit: Unit) -> None:
    """Write a unit."""
    bases = {
        memory: function.pointer(slot)
        for memory, (slot, _) in unit.slots.items()
        if not isinstance(memory, Column)
    }

    def body(index: str, none: list[str]) -> list[str]:
        for memory, (slot, _) in unit.slots.items():
            if isinstance(memory, Column):
                bases[memory] = function.pointer(slot, index)
        for group in unit.groups:
            tiles = Tiles(function, group)
            places: dict[Ref, str] = {}
            for ref in tiles.refs:
                by = ref.offset - unit.slots[ref.memory][1]
                places[ref] = tiles.further(bases[ref.memory], ref, by)
                if index:
                    places[ref] = tiles.further(places[ref], ref, ref.turn, index)
            tiles.write(places)
            if group[-1].stops:
                function.stop(places[group[-1].out], group[-1].stops)
        return none

    function.loop(unit.times, 1, body, [], [])


def table_of(parts: Sequence[Sequence[Unit]]) -> tuple[Any, list[int]]:
    """The table for a text of such parts, and the addresses in it where each of those begins."""
    distinct = _distinct(parts)
    found: list[int] = []
    begins: list[int] = []
    for units in parts:
        begins.append(len(found))
        for unit in units:
            found.append(distinct[unit.key][0])
            found += (address_of(memory.array) + at * memory.dtype.itemsize
                      for memory, at in unit.table)  # fmt: skip
        found.append(len(distinct))
    table = np.array(found, dtype=np.int64)
    return table, [address_of(table) + begin * table.itemsize for begin in begins]


def address_of(array: Any) -> int:
    """Where an array begins."""
    found: int = array.__array_interface__["data"][0]
    return found
