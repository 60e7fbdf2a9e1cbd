"""Prepared: a bound program as nests, with a memory for each argument and each result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.native.bound import BoundProgram
from autograd.compiler.native.loops import GIVEN, MADE, Memory, Nest, Ref, simplified
from autograd.compiler.native.lowering import comment_on, lowered
from autograd.compiler.native.memories import Memories, UnknownStep
from autograd.compiler.native.rolling import rolled
from autograd.compiler.numpy_calls import Call
from autograd.compiler.relocation import arrays_in
from autograd.errors import CompileError

if TYPE_CHECKING:
    from autograd.arrays import Array

Part = tuple[Memory, int, tuple[int, ...]]
"""Where an array lies: in which memory, from which place on, and its shape."""


class Prepared:
    """What a printer writes down.

    Attributes:
        forward, backward: The nests, and loops of them; of a training step, forward is all.
        is_step: Whether it is one.
        settings: The numbers that an optimizer reads.
        filled: Where the texts of what is computed of those belong.
        arguments, results: The memories of what goes in and comes out, in order.
        kept: The memories of what an optimizer keeps, in order.
        leaves: Where the leaves lie and where their gradients do, by name; None for a leaf without
            a gradient.
    """

    def __init__(self, who: str, program: BoundProgram, backward: bool, name: str) -> None:
        self.who = who
        second = program.backward if backward else []
        calls = [*program.forward, *second, *program.writes]
        ends = [*(x for _, places in program.arguments for x in places)]
        ends += [x for _, x in program.results]
        self.is_step, self.settings = program.is_step, program.settings
        ends += [*(x for x, _ in program.settings.filled), *program.kept]
        for _, x, grad in program.leaves:
            ends += [x, *([grad] if grad is not None and backward else [])]
        memories = Memories([*calls, *ends], program.named, constants=True, complete=True)
        for call in calls:  # to see what is written
            self._nests(call, memories)
        memories.name(name)
        first = [x for call in program.forward for x in self._nests(call, memories)]
        last = [x for call in second for x in self._nests(call, memories)]
        copies: list[Nest] = []
        self.arguments = [self._argument(memories, *x, copies) for x in program.arguments]
        self.results = self._results(memories, program.results, first)
        first += [x for call in program.writes for x in self._nests(call, memories)]
        self.filled = [(memories.of(x)[0], text) for x, text in program.settings.filled]
        self.kept = [memories.of(x)[0] for x in program.kept]
        self.leaves: dict[str, tuple[Part, Part | None]] = {}
        for name, x, grad in program.leaves * backward:
            gradient = None if grad is None else self._part(memories, grad, last or first, name)
            self.leaves[name] = self._part(memories, x, [], name), gradient
        self.forward = rolled(copies + first, tables=False)
        self.backward = rolled(last, tables=False)

    def _nests(self, call: Call, memories: Memories) -> list[Nest]:
        try:
            found = lowered(call, memories)
        except UnknownStep as err:
            for array in arrays_in(call):
                if array.size:
                    memories.written(array)
            raise CompileError(
                f"{self.who}: {err} is not known as loops, so it cannot be written down in another "
                "language. It runs with NumPy alone."
            ) from None
        if found:
            found[0] = replace(found[0], comment=comment_on(call, memories))
        return found

    def _part(self, memories: Memories, array: Array, nests: list[Nest], name: str) -> Part:
        """Where an array lies side by side; it is copied there if it does not."""
        if array.flags.c_contiguous:
            return (*memories.of(array), array.shape)
        memory = memories.more("grad", np.zeros(array.shape, array.dtype), MADE)
        out = memories.place_of(np.zeros(array.shape, array.dtype), memory, 0)
        nest = Nest(array.shape, array.ndim, memories.target(array), out, comment=f"that of {name}")
        nests.append(simplified(nest, joined=False))
        return memory, 0, array.shape

    def _argument(
        self, memories: Memories, name: str, places: list[Array], copies: list[Nest]
    ) -> Memory:
        """The memory in which an argument comes: the very one that is read, if there is one."""
        if len(places) == 1 and places[0].size:
            memory = memories.of(places[0])[0]
            if memory.role == GIVEN and memory.size == places[0].size:
                return memory
        first = places[0]
        given = Memory(f"{name}_given", first.shape, first.dtype, first.ravel(), GIVEN)
        for place in places:
            if place.size:
                source = memories.place_of(np.zeros(first.shape, first.dtype), given, 0)
                out = memories.target(place)
                note = f"{out.memory.name} = {given.name}"
                nest = Nest(place.shape, place.ndim, source, out, comment=note)
                copies.append(simplified(nest, joined=False))
        return given

    def _results(
        self, memories: Memories, results: list[tuple[str, Array]], nests: list[Nest]
    ) -> list[Memory]:
        """The memories of the results, and the nests that fill them; single numbers are one."""
        if len(results) > 1 and all(x.shape == (1,) for _, x in results):
            out = Memory("out", (len(results),), results[0][1].dtype, None, MADE)
            for k, (_, x) in enumerate(results):
                nests.append(self._copy(memories, x, Ref(out, k, (0,))))
            return [out]
        found = []
        for name, x in results:
            out = Memory(name, x.shape, x.dtype, None, MADE)
            if x.size:
                there = memories.place_of(np.zeros(x.shape, x.dtype), out, 0)
                nests.append(self._copy(memories, x, there))
            found.append(out)
        return found

    @staticmethod
    def _copy(memories: Memories, x: Array, out: Ref) -> Nest:
        source = memories.target(x)
        note = f"{out.memory.name} = {source.memory.name}"
        nest = Nest(x.shape, x.ndim, source, out, comment=note)
        return simplified(nest, joined=False)
