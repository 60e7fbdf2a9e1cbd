"""Loops: stretches of a program that do the same again and again, each round after the one before.

A recurrence over fifty numbers, `s = [tanh(w * v + b) for v, b in zip(s, bs)]` a thousand times,
has a thousand levels of products, of sums and of tanh's, and each waits for the one before. Three
thousand instructions would take longer to write down than to run. So such a stretch is one
instruction: a body, raised, placed and emitted as a program of its own on small buffers,

    given   0..49  the s of before     50  w     51..100  b
    made    101..150  w s              151..200  w s + b     201..250  tanh

and for each round the places that its inputs are copied from and its results are copied to.
repeats.py finds such stretches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from autograd.compiler.graph import DATA, LEAF
from autograd.compiler.traced import traced_in


@dataclass
class Body:
    """What loops repeat; those that do the same share it.

    Attributes:
        raised: The instructions of one round, raised from a graph of their own.
        made: The rows of that graph that are results.
        same: The rows that come from outside and are the same in all rounds.
        shared: The operands whose gradients are found after the loop, see loop_gradients.py.
        placement: Where they lie in the body's buffers.
        emitted: The calls, on a tape of their own.
        ends: For each array of results its seeds, its gradient, and where it begins.
        rooms: Buffers that nobody uses just now.
    """

    raised: Any
    made: Any
    same: Any
    shared: list[tuple[Any, int]] = field(default_factory=list)
    placement: Any = None
    emitted: Any = None
    ends: list[Any] = field(default_factory=list)
    rooms: list[_Room] = field(default_factory=list)

    @cached_property
    def given(self) -> Any:
        """The rows that come from outside, in the order in which they lie in the buffers."""
        rows = np.flatnonzero(np.isin(np.array(self.raised.graph.code), (LEAF, DATA)))
        return rows[np.argsort(self.placement.at[rows])]

    @cached_property
    def moving(self) -> slice:
        """Where among these those lie that are not the same in all rounds."""
        return _span(~np.isin(self.given, self.same))

    @cached_property
    def needing(self) -> slice:
        """Where among these those lie that every round has gradients for."""
        return _span(self.raised.needs[self.given])

    @property
    def results(self) -> int:
        """How many numbers each round leaves behind."""
        return int(self.placement.size - self.placement.one_at - 1)

    @cached_property
    def wanted(self) -> list[Any]:
        """The arrays that a round has to compute, and what goes in."""
        emitted = self.emitted
        wanted = [x for x, _ in emitted.kept] + [emitted.indices, emitted.chosen]
        wanted += [x for seed, total, _ in self.ends for x in (seed, total)]
        return wanted + ([] if emitted.gradient is None else [emitted.gradient])

    def room(self) -> _Room:
        """Buffers and calls; two calls in two threads need two of them."""
        try:
            return self.rooms.pop()
        except IndexError:
            return _Room(self)


def _span(truths: Any) -> slice:
    """From the first True to the last."""
    places = np.flatnonzero(truths)
    return slice(places[0], places[-1] + 1) if len(places) else slice(0)


@dataclass
class Loop:
    """A stretch of rounds.

    Attributes:
        body: What each round does.
        inputs: For each round, which rows the first rows of the body stand for.
        indices: For each round, which indices its lookups use.
        out: For each round, the rows that come out: (rounds, made).
    """

    body: Body
    inputs: Any
    indices: Any
    out: Any

    @cached_property
    def outside(self) -> Any:
        """The rows from outside, each once."""
        return np.unique(self.inputs[~np.isin(self.inputs, self.out)])


class Repeated:
    """A loop on one array: first what comes from outside, then the results of all rounds.

    Attributes:
        loop: What is repeated.
        inputs: For each round, where in the array the first rows of the body lie.
        start: Where the results of the first round begin; those of the others follow.
        size: The length of the array.
        first: Where the numbers lie that go into the first round.
        moving: Where, for each round, those lie that may be others than in the round before.
        needing: Likewise those to which every round carries slopes.
        starts: Of each round where those lie if they lie side by side, or None.
        again: Whether the backward pass needs more of the forward pass than the array keeps.
    """

    def __init__(self, loop: Loop, inputs: Any, start: int) -> None:
        self.loop, self.inputs, self.start = loop, inputs, start
        self.body = body = loop.body
        self.size = start + len(inputs) * body.results
        given = inputs[:, body.given]
        self.first = given[0]
        self.moving = self.needing = given[:, body.moving].copy()
        if body.needing != body.moving:
            self.needing = given[:, body.needing].copy()
        row = np.arange(self.needing.shape[1])
        beside = (self.needing == self.needing[:, :1] + row).all(axis=1)
        starts = [x[0] if len(x) else 0 for x in self.needing.tolist()]
        self.starts = [
            k if found else None for k, found in zip(starts, beside.tolist(), strict=True)
        ]
        emitted = body.emitted
        tape, end = emitted.tape, emitted.tape.sections[1]
        kept = {id(x) for x, _ in emitted.kept}
        kept |= {id(emitted.chosen), id(emitted.indices), id(emitted.memory)}
        live = tape.live(body.wanted)
        steps = [x for x, needed in zip(tape.steps[end:], live[end:], strict=True) if needed]
        used = {x.base for step in steps for x in traced_in((step.args, step.options))}
        made = {x.out.base for x in tape.steps[:end]}
        self.again = any(id(x) not in kept for x in used & made)

    def forward(self, outside: Any, indices: Any, out: Any) -> None:
        """Run all rounds; `out` becomes the array."""
        out[: self.start] = outside
        room = self.body.room()
        out.take(self.first, out=room.given, mode="clip")
        lookups = self._lookups(indices)
        results = self._results(out)
        for places, lookup, result in zip(self.moving, lookups, results, strict=True):
            self._enter(room, out, places, lookup)
            room.run(0)
            result[:] = room.made
        self.body.rooms.append(room)

    def backward(self, numbers: Any, given: Any, indices: Any, out: Any) -> None:
        """Carry the slopes of the results back through all rounds, the last one first.

        Args:
            numbers: The array.
            given: The slopes that come from outside.
            indices: For lookups.
            out: Becomes the slopes of the whole array, but for what all rounds share.
        """
        out[:] = given
        room = self.body.room()
        numbers.take(self.first, out=room.given, mode="clip")
        results, ends = self._results(numbers), self._results(out)
        lookups = self._lookups(indices)
        rounds = zip(self.moving, self.needing, self.starts, lookups, results, ends, strict=True)
        enters = self.again or room.reads_moving or self.loop.indices.size
        for places, targets, start, lookup, result, slope in reversed(list(rounds)):
            if enters:
                self._enter(room, numbers, places, lookup)
            if self.again:
                room.run(0)
            else:
                room.made[:] = result
            room.made_slopes[:] = slope
            room.run(1)
            if start is None:
                np.add.at(out, targets, room.needing_slopes)
            else:
                out[start : start + len(targets)] += room.needing_slopes
            if self.body.shared:
                slope[:] = room.made_slopes
        self.body.rooms.append(room)

    def _lookups(self, indices: Any) -> list[Any]:
        """For each round the indices and what they choose; None for a body without lookups."""
        places = self.loop.indices
        if not places.size:
            return [None] * len(places)
        found = indices[places]
        return list(zip(found, self.body.emitted.choose(found), strict=True))

    def _enter(self, room: _Room, numbers: Any, places: Any, lookup: Any) -> None:
        """Put in what comes from outside and may be other than in the round before."""
        numbers.take(places, out=room.moving, mode="clip")
        if lookup is not None:
            room.indices[:], room.chosen[:] = lookup

    def _results(self, array: Any) -> Any:
        return array[self.start :].reshape(len(self.inputs), -1)


class _Room:
    """The buffers of a body, and its calls on them."""

    def __init__(self, body: Body) -> None:
        emitted, placement = body.emitted, body.placement
        begin = placement.one_at + 1
        numbers = np.zeros(placement.size)
        self.made, self.made_slopes = numbers[begin:], np.zeros(placement.size - begin)
        arrays = emitted.within(numbers)
        for seed, total, at in body.ends:  # what comes in becomes the gradient in its place
            here = self.made_slopes[at - begin : at - begin + seed.size].reshape(seed.shape)
            arrays[id(seed)] = arrays[id(total)] = here
        bound = emitted.tape.bind(body.wanted, arrays)
        self.indices, self.chosen = bound[emitted.indices], bound[emitted.chosen]
        self.run = bound.run
        self.given = numbers[: len(body.given)]
        self.moving = numbers[body.moving]
        self.reads_moving = any(_reads(call, self.moving) for call in bound.sections[1])
        self.needing_slopes = np.zeros(0)
        if emitted.gradient is not None:
            first = placement.graph.data_size
            leaves = bound[emitted.gradient]
            self.needing_slopes = leaves[body.needing.start - first : body.needing.stop - first]


def _reads(x: Any, memory: Any) -> bool:
    """Whether a call, or one of nested arguments, may use an array's memory."""
    if isinstance(x, partial):
        return _reads((x.args, *x.keywords.values()), memory)
    if isinstance(x, (tuple, list)):
        return any(_reads(part, memory) for part in x)
    if isinstance(x, dict):
        return _reads(list(x.values()), memory)
    if isinstance(x, np.ndarray):
        return bool(np.may_share_memory(x, memory))
    return callable(x) and not isinstance(x, np.ufunc) and hasattr(x, "__self__")
