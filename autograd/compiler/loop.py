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

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.compiler.tape import SOURCE, traced_in


@dataclass
class Loop:
    """What is repeated, and with which rows.

    Attributes:
        body: The instructions of one round, raised from a graph of their own.
        given: The rows of the body's graph that come from outside.
        inputs: For each round, the rows that go in there: (rounds, given).
        made: The rows of the body's graph that are results.
        out: For each round, the rows that come out of there: (rounds, made).
        placement: Where the body's rows lie in the body's buffers.
    """

    body: Any
    given: Any
    inputs: Any
    made: Any
    out: Any
    placement: Any = None


class Repeated:
    """A loop on the buffers of the program around it.

    Attributes:
        lowered: The body on a tape of its own.
        inputs: For each round, where the numbers that go in lie.
        start: Where the results of the first round begin; those of the others follow.
        again: Whether the backward pass needs more of the forward pass than the buffer keeps.
    """

    def __init__(self, lowered: Any, inputs: Any, start: int) -> None:
        self.lowered, self.inputs, self.start = lowered, inputs, start
        self.free: list[_Room] = []  # calls in several threads need one each
        tape, end = lowered.tape, lowered.tape.sections[1]
        beside = {x.out.base for x in tape.steps[:end] if x.kind != SOURCE} - {lowered.numbers}
        used = {x.base for step in tape.steps[end:] for x in traced_in(step.args)}
        self.again = bool(beside & used)

    def forward(self, numbers: Any) -> None:
        """Run all rounds."""
        room = self._room()
        for places, result in zip(self.inputs, self._results(room, numbers), strict=True):
            numbers.take(places, out=room.given, mode="clip")
            room.run(0)
            result[:] = room.made
        self.free.append(room)

    def backward(self, numbers: Any, slopes: Any) -> None:
        """Carry the slopes of the results back through all rounds, the last one first."""
        room = self._room()
        results, ends = (self._results(room, buffer)[::-1] for buffer in (numbers, slopes))
        for places, result, slope in zip(self.inputs[::-1], results, ends, strict=True):
            numbers.take(places, out=room.given, mode="clip")
            if self.again:
                room.run(0)
            else:
                room.made[:] = result
            room.given_slopes.fill(0.0)
            room.made_slopes[:] = slope
            room.run(1)
            np.add.at(slopes, places, room.given_slopes)
        self.free.append(room)

    def _room(self) -> _Room:
        try:
            return self.free.pop()
        except IndexError:
            return _Room(self.lowered, self.inputs.shape[1])

    def _results(self, room: _Room, buffer: Any) -> Any:
        rounds = len(self.inputs)
        return buffer[self.start : self.start + rounds * len(room.made)].reshape(rounds, -1)


class _Room:
    """The buffers of a body, and its calls on them."""

    def __init__(self, lowered: Any, count: int) -> None:
        bound = lowered.tape.bind([lowered.numbers, lowered.slopes])
        numbers, slopes = bound[lowered.numbers], bound[lowered.slopes]
        lowered.placement.fill(numbers)
        slopes[:] = 0.0
        begin = lowered.placement.one_at + 1
        self.run = bound.run
        self.given, self.given_slopes = numbers[:count], slopes[:count]
        self.made, self.made_slopes = numbers[begin:], slopes[begin:]
