"""LLVM: nests as one function for the machine, with its vectors written out.

The loops are written such that LLVM has nothing to find out: one axis is gone through several
numbers at a time, and of a product of matrices four rows at a time are kept in registers. Five
neurons' `dot(W, x)` with vectors of four is one loop over x with a vector of four sums, and one for
the fifth neuron.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from autograd.compiler.native.fusing import fused
from autograd.compiler.native.llvm_function import Function, Machine
from autograd.compiler.native.llvm_tiles import Tiles
from autograd.compiler.native.loops import (
    Column,
    Memory,
    Nest,
    Step,
    every_nest,
    memories_of,
    simplified,
)

LONG = 128
"""So many nests at most are one text: LLVM is quicker with short ones, and the end of the program
can wait for one."""


def printed(segments: Sequence[Sequence[Step]], machine: Machine) -> str:
    """Functions @f0, @f1, … for some lists of nests; of all, one table of memories."""
    return _together(list(_functions(segments, machine)))


def printed_apart(segments: Sequence[Sequence[Step]], machine: Machine) -> Iterator[str]:
    """Likewise in several texts: of a long one LLVM takes more than its share."""
    parts: list[tuple[Function, str]] = []
    size = 0
    for steps, part in zip(segments, _functions(segments, machine), strict=True):
        more = len(list(every_nest(steps)))
        if size and size + more > LONG:
            yield _together(parts)
            parts, size = [], 0
        parts.append(part)
        size += more
    if size:
        yield _together(parts)


def _together(parts: Sequence[tuple[Function, str]]) -> str:
    """One text of some functions."""
    declared = {name: text for function, _ in parts for name, text in function.declared.items()}
    return "\n".join([*declared.values(), "", *(text for _, text in parts)])


def _functions(
    segments: Sequence[Sequence[Step]], machine: Machine
) -> Iterator[tuple[Function, str]]:
    memories: dict[Memory, int] = {}
    place = 0
    for memory in memories_of(chain.from_iterable(segments)):
        memories[memory] = place
        place += len(memory.members) if isinstance(memory, Column) else 1
    for k, steps in enumerate(segments):
        function = Function(machine, f"f{k}", memories)
        yield function, _text(function, steps)


def _text(function: Function, steps: Sequence[Step]) -> str:
    """The function that goes through these nests."""
    for memory in memories_of(steps):
        if not isinstance(memory, Column):
            function.base(memory)
    straight: list[Nest] = []
    for step in (*steps, None):
        if isinstance(step, Nest):
            straight.append(step)
            continue
        _write(function, straight, 1)
        straight = []
        if step is not None:
            _write(function, step.body, step.times)
    body = "\n".join([*function.lines, "  ret i64 0"])
    return f"define i64 @{function.name}(ptr %table) {{\nentry:\n{body}\n}}\n"


def _write(function: Function, nests: Sequence[Nest], times: int) -> None:
    """Write some nests, so many times."""
    nests = [simplified(nest) for nest in nests]

    def body(index: str, _: list[str]) -> list[str]:
        for memory in memories_of(nests):
            if isinstance(memory, Column):
                function.base(memory, index)
        for group in fused([nest for nest in nests if nest.rounds or nest.fold], times):
            Tiles(function, group, index).write()
            if group[-1].stops:
                function.stop(group[-1].out.memory, group[-1].stops)
        return []

    function.loop(times, 1, body, [], [])


def used(segments: Sequence[Sequence[Step]]) -> list[tuple[Memory, int]]:
    """The table of some lists of nests: memories, and from which number on."""
    found: list[tuple[Memory, int]] = []
    for memory in memories_of(chain.from_iterable(segments)):
        found += memory.members if isinstance(memory, Column) else [(memory, 0)]
    return found


def table_of(used: Sequence[tuple[Memory, int]]) -> Any:
    """The addresses of what is used."""
    found = [address_of(memory.array) + at * memory.dtype.itemsize for memory, at in used]
    return np.array(found, dtype=np.intp)


def address_of(array: Any) -> int:
    """Where an array begins."""
    found: int = array.__array_interface__["data"][0]
    return found
