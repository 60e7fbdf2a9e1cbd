"""Loops: stretches of a program that do the same again and again, each round after the one before.

A recurrence over fifty numbers, `s = [tanh(w * v + b) for v, b in zip(s, bs)]` a thousand times,
has a thousand levels of products, of sums and of tanh's, and each waits for the one before. Three
thousand instructions would take longer to write down than to run. So such a stretch is one
instruction: a body, raised, placed and emitted as a program of its own on small buffers,

    given   0..49  the s of before     50  w     51..100  b
    made    101..150  w s              151..200  w s + b     201..250  tanh

and for each round the places that its inputs come from and its results go to. Its calls are filled
in for each round anew: they read and write what the round's numbers are in the program's memory.
What of a round's inputs does not lie side by side there (the state, but among a hundred b's) is
collected before. repeats.py finds such stretches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from autograd.arrays import BoolArray, FloatArray, IntArray
    from autograd.compiler.instructions import EmittedBody, Loop


class Repeated:
    """A loop on one array: first what comes from outside, then the results of all rounds.

    Attributes:
        loop: What is repeated.
        emitted: The calls of its body.
        inputs: For each round, where in the array the first rows of the body lie.
        start: Where the results of the first round begin; those of the others follow.
        size: The length of the array.
        needing: Which of the numbers that go in every round has gradients for.
    """

    def __init__(
        self, loop: Loop, emitted: EmittedBody, inputs: IntArray, needed: BoolArray
    ) -> None:
        self.loop, self.emitted = loop, emitted
        self.inputs, self.start = inputs.astype(np.int32), len(needed)
        self.body = body = loop.body
        self.size = self.start + len(inputs) * body.results
        wanted = np.append(needed, True)[np.minimum(inputs[:, body.given], self.start)]
        self.needing = np.flatnonzero(body.raised.needs[body.given] & wanted.any(axis=0))

    def places(self, given: IntArray | slice) -> IntArray:
        """For each round, where in the array some of what goes in lies."""
        return self.inputs[:, self.body.given[given]].astype(np.intp, order="C")

    def across(self, rows: IntArray) -> IntArray:
        """For each round, where rows of the body lie: (rounds, *the rows' shape)."""
        count, placement = self.inputs.shape[1], self.body.placement
        begins = self.start + self.body.results * np.arange(len(self.inputs))
        made = np.add.outer(begins, placement.at[rows] - placement.one_at - 1)
        return np.where(rows < count, self.inputs[:, np.minimum(rows, count - 1)], made)

    def rows(self, array: FloatArray) -> FloatArray:
        """The results of each round, or their gradients, in an array."""
        return array[self.start :].reshape(len(self.inputs), -1)
