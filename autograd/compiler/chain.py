"""Chains: long stretches of a program in which hardly anything can be done at the same time.

A recurrence over one number, `x = sin(w * x + b)` a thousand times, has no groups and no matrices:
each operation waits for the one before. A call of NumPy on one number takes as long as ten
operations of Python, so such a stretch is one instruction that goes through its rows one by one:

    row        operation   left   right       of the numbers [w, x, b, w x, w x + b, …]
    0          multiply       0       1
    1          add            3       2
    2          sin            4      -1

What is kept of a row are these three numbers, in flat arrays. Python is written for them by
rounds.py: here a loop over a thousand rounds of these three rows.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from autograd.arrays import IntArray
    from autograd.op import Elementwise

FEW, LONG = 20, 24
"""A stretch has at most FEW operations for each of the instructions that it would be otherwise, and
at least LONG levels."""

MANY, LIST = 150, 500
"""Where it would be as many instructions as LIST it may have MANY for each: they would run faster,
but to write down so many takes too long."""


@dataclass
class Lookups:
    """Rows of a chain that are copies of one of several numbers, as an index says.

    Attributes:
        at: Which rows of the chain.
        candidates: The places of what they choose from.
        begins, counts: Where in `candidates` those of each lookup begin, and how many they are.
        places: Where the index of each is.
    """

    at: IntArray
    candidates: IntArray
    begins: IntArray
    counts: IntArray
    places: IntArray

    def chosen(self, indices: IntArray) -> IntArray:
        """The places of what is chosen."""
        index, counts = indices[self.places], self.counts
        wrong = (index < -counts) | (index >= counts)
        if wrong.any():  # in NumPy's words, as where lookups are not part of a chain
            raise IndexError(
                f"index {index[wrong][0]} is out of bounds for axis 0 with size {counts[wrong][0]}"
            )
        return self.candidates[self.begins + index % counts]


@dataclass
class Chain:
    """Rows to be computed one after another.

    Attributes:
        ops: The operations; None copies.
        code: For each row the place of its operation in `ops`.
        left, right: Its operands, as places in the numbers from outside followed by the rows'
            results; -1 for no right one, and for the left one of a lookup.
        flows: Whether gradients flow to the left (1), to the right (2), to both (3), to none (0).
        outside: The rows whose numbers come from outside.
        out: The rows that are computed.
        lookups: What is chosen by the arguments.
        constants: The numbers written in the code, by their places.
    """

    ops: list[Elementwise | None]
    code: array[int]
    left: array[int]
    right: array[int]
    flows: array[int]
    outside: IntArray
    out: IntArray
    lookups: Lookups
    constants: dict[int, float]

    def operands(self, indices: IntArray) -> array[int]:
        """The left operands; of a lookup, what the indices choose."""
        if not self.lookups.at.size:
            return self.left
        left = self.left[:]
        np.frombuffer(left, dtype=np.int32)[self.lookups.at] = self.lookups.chosen(indices)
        return left
