"""Loops: stretches of a program that do the same again and again, each round after the one before.

A recurrence over fifty numbers, `s = [tanh(w * v + b) for v, b in zip(s, bs)]` a thousand times,
has a thousand levels of products, of sums and of tanh's, and each waits for the one before. Three
thousand instructions would take longer to write down than to run. So such a stretch is one
instruction: a body, raised, placed and lowered as a program of its own on small buffers,

    given   0..49  the s of before     50  w     51..100  b
    made    101..150  w s              151..200  w s + b     201..250  tanh

and for each round the places that its inputs are copied from and its results are copied to.
repeats.py finds such stretches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from autograd.compiler.graph import DATA, LEAF
from autograd.compiler.tape import SOURCE
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
        lowered: The calls, on a tape of their own.
        rooms: Buffers that nobody uses just now.
    """

    raised: Any
    made: Any
    same: Any
    shared: list[tuple[Any, int]] = field(default_factory=list)
    placement: Any = None
    lowered: Any = None
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


class Repeated:
    """A loop on the buffers of the program around it.

    Attributes:
        body: What each round does.
        first: Where the numbers lie that go into the first round.
        moving: Where, for each round, those lie that may be others than in the round before.
        needing: Likewise those to which every round carries slopes.
        indices: For each round, where the indices of its lookups lie.
        start: Where the results of the first round begin; those of the others follow.
        again: Whether the backward pass needs more of the forward pass than the buffer keeps.
    """

    def __init__(self, body: Body, inputs: Any, indices: Any, start: int) -> None:
        self.body, self.indices, self.start = body, indices, start
        self.first = inputs[0]
        self.moving = self.needing = inputs[:, body.moving].copy()
        if body.needing != body.moving:
            self.needing = inputs[:, body.needing].copy()
        lowered = body.lowered
        tape, end = lowered.tape, lowered.tape.sections[1]
        beside = {x.out.base for x in tape.steps[:end] if x.kind != SOURCE}
        beside -= {lowered.numbers, lowered.chosen}
        used = {x.base for step in tape.steps[end:] for x in traced_in(step.args)}
        self.again = bool(beside & used)

    def forward(self, numbers: Any, indices: Any) -> None:
        """Run all rounds."""
        room = self.body.room()
        numbers.take(self.first, out=room.given, mode="clip")
        lookups = self._lookups(indices)
        results = self._results(room, numbers)
        for places, lookup, result in zip(self.moving, lookups, results, strict=True):
            self._enter(room, numbers, places, lookup)
            room.run(0)
            result[:] = room.made
        self.body.rooms.append(room)

    def backward(self, numbers: Any, slopes: Any, indices: Any) -> None:
        """Carry the slopes of the results back through all rounds, the last one first."""
        room = self.body.room()
        numbers.take(self.first, out=room.given, mode="clip")
        results, ends = (self._results(room, buffer) for buffer in (numbers, slopes))
        lookups = self._lookups(indices)
        rounds = zip(self.moving, self.needing, lookups, results, ends, strict=True)
        for places, targets, lookup, result, slope in reversed(list(rounds)):
            self._enter(room, numbers, places, lookup)
            if self.again:
                room.run(0)
            else:
                room.made[:] = result
            room.needing_slopes.fill(0.0)
            room.made_slopes[:] = slope
            room.run(1)
            np.add.at(slopes, targets, room.needing_slopes)
            if self.body.shared:
                slope[:] = room.made_slopes
        self.body.rooms.append(room)

    def _lookups(self, indices: Any) -> list[Any]:
        """For each round the indices and what they choose; None for a body without lookups."""
        if not self.indices.size:
            return [None] * len(self.indices)
        found = indices[self.indices]
        return list(zip(found, self.body.lowered.choose(found), strict=True))

    def _enter(self, room: _Room, numbers: Any, places: Any, lookup: Any) -> None:
        """Put in what comes from outside and may be other than in the round before."""
        numbers.take(places, out=room.moving, mode="clip")
        if lookup is not None:
            room.indices[:], room.chosen[:] = lookup

    def _results(self, room: _Room, buffer: Any) -> Any:
        rounds = len(self.indices)
        return buffer[self.start : self.start + rounds * len(room.made)].reshape(rounds, -1)


class _Room:
    """The buffers of a body, and its calls on them."""

    def __init__(self, body: Body) -> None:
        lowered = body.lowered
        arrays = lowered.numbers, lowered.slopes, lowered.indices, lowered.chosen
        bound = lowered.tape.bind(arrays)
        numbers, slopes = bound[lowered.numbers], bound[lowered.slopes]
        lowered.placement.fill(numbers)
        slopes[:] = 0.0
        begin = lowered.placement.one_at + 1
        self.indices, self.chosen = bound[lowered.indices], bound[lowered.chosen]
        self.run = bound.run
        self.given = numbers[: len(body.given)]
        self.moving, self.needing_slopes = numbers[body.moving], slopes[body.needing]
        self.made, self.made_slopes = numbers[begin:], slopes[begin:]
