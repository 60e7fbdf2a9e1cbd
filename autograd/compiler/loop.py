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
from typing import Any

import numpy as np

from autograd.compiler.tape import SOURCE, traced_in


@dataclass
class Body:
    """What loops repeat; those that do the same share it.

    Attributes:
        raised: The instructions of one round, raised from a graph of their own.
        given: The rows of that graph that come from outside.
        made: The rows that are results.
        placement: Where they lie in the body's buffers.
        lowered: The calls, on a tape of their own.
        rooms: Buffers that nobody uses just now.
    """

    raised: Any
    given: Any
    made: Any
    placement: Any = None
    lowered: Any = None
    rooms: list[_Room] = field(default_factory=list)

    @property
    def order(self) -> Any:
        """What comes from outside in the order in which it lies in the buffers."""
        return np.argsort(self.placement.at[self.given])

    def room(self) -> _Room:
        """Buffers and calls; two calls in two threads need two of them."""
        try:
            return self.rooms.pop()
        except IndexError:
            return _Room(self.lowered, len(self.given))


@dataclass
class Loop:
    """A stretch of rounds.

    Attributes:
        body: What each round does.
        inputs: For each round, the rows that go in: (rounds, given).
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
        inputs, indices: For each round, where the numbers and the indices that go in lie.
        start: Where the results of the first round begin; those of the others follow.
        again: Whether the backward pass needs more of the forward pass than the buffer keeps.
    """

    def __init__(self, body: Body, inputs: Any, indices: Any, start: int) -> None:
        self.body, self.inputs, self.indices, self.start = body, inputs, indices, start
        lowered = body.lowered
        tape, end = lowered.tape, lowered.tape.sections[1]
        beside = {x.out.base for x in tape.steps[:end] if x.kind != SOURCE} - {lowered.numbers}
        used = {x.base for step in tape.steps[end:] for x in traced_in(step.args)}
        self.again = bool(beside & used)

    def forward(self, numbers: Any, indices: Any) -> None:
        """Run all rounds."""
        room = self.body.room()
        results = self._results(room, numbers)
        for places, chosen, result in zip(self.inputs, self.indices, results, strict=True):
            numbers.take(places, out=room.given, mode="clip")
            indices.take(chosen, out=room.indices, mode="clip")
            room.run(0)
            result[:] = room.made
        self.body.rooms.append(room)

    def backward(self, numbers: Any, slopes: Any, indices: Any) -> None:
        """Carry the slopes of the results back through all rounds, the last one first."""
        room = self.body.room()
        results, ends = (self._results(room, buffer) for buffer in (numbers, slopes))
        rounds = zip(self.inputs, self.indices, results, ends, strict=True)
        for places, chosen, result, slope in reversed(list(rounds)):
            numbers.take(places, out=room.given, mode="clip")
            indices.take(chosen, out=room.indices, mode="clip")
            if self.again:
                room.run(0)
            else:
                room.made[:] = result
            room.given_slopes.fill(0.0)
            room.made_slopes[:] = slope
            room.run(1)
            np.add.at(slopes, places, room.given_slopes)
        self.body.rooms.append(room)

    def _results(self, room: _Room, buffer: Any) -> Any:
        rounds = len(self.inputs)
        return buffer[self.start : self.start + rounds * len(room.made)].reshape(rounds, -1)


class _Room:
    """The buffers of a body, and its calls on them."""

    def __init__(self, lowered: Any, count: int) -> None:
        bound = lowered.tape.bind([lowered.numbers, lowered.slopes, lowered.indices])
        numbers, slopes = bound[lowered.numbers], bound[lowered.slopes]
        lowered.placement.fill(numbers)
        slopes[:] = 0.0
        begin = lowered.placement.one_at + 1
        self.run, self.indices = bound.run, bound[lowered.indices]
        self.given, self.given_slopes = numbers[:count], slopes[:count]
        self.made, self.made_slopes = numbers[begin:], slopes[begin:]
