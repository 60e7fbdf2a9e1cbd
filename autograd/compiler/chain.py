"""Chains: long stretches of a program in which hardly anything can be done at the same time.

A recurrence over one number, `x = sin(w * x + b)` a thousand times, has no groups and no matrices:
each operation waits for the one before. A call of NumPy on one number takes as long as ten
operations of Python, so such a stretch is one instruction that goes through its rows one by one:

    row        operation   left   right       of the numbers [w, x, b, w x, w x + b, …]
    0          multiply       0       1
    1          add            3       2
    2          sin            4      -1

What is kept of a row are these three numbers, in flat arrays. Forward each operation is computed
as a Value computes it, so here the results are those of the uncompiled function to the last digit.
"""

from __future__ import annotations

import operator
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.value import derivative

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

    at: Any
    candidates: Any
    begins: Any
    counts: Any
    places: Any

    def chosen(self, indices: Any) -> Any:
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
    """

    ops: list[Any]
    code: array[int]
    left: array[int]
    right: array[int]
    flows: array[int]
    outside: Any
    out: Any
    lookups: Lookups

    def operands(self, indices: Any) -> array[int]:
        """The left operands; of a lookup, what the indices choose."""
        if not self.lookups.at.size:
            return self.left
        left = self.left[:]
        np.frombuffer(left, dtype=np.int32)[self.lookups.at] = self.lookups.chosen(indices)
        return left


def run(chain: Chain, outside: Any, indices: Any, out: Any) -> None:
    """Compute the rows: their results go into `out`."""
    values = outside.tolist()
    keep = values.append
    scalars: list[Any] = [operator.pos if op is None else op.scalar for op in chain.ops]
    for code, i, j in zip(chain.code, chain.operands(indices), chain.right, strict=True):
        x = values[i]
        try:
            keep(scalars[code](x) if j < 0 else scalars[code](x, values[j]))
        except (ArithmeticError, ValueError):
            operands = (x,) if j < 0 else (x, values[j])
            keep(chain.ops[code].on_floats(*operands))
    out[:] = values[len(outside) :]


def run_back(chain: Chain, outside: Any, results: Any, slopes: Any, indices: Any, out: Any) -> None:
    """Carry the slopes of the rows back to the numbers from outside, whose slopes are `out`."""
    values = outside.tolist() + results.tolist()
    grads = [0.0] * len(outside) + slopes.tolist()
    partials = [((_one,), ()) if op is None else (op.partials, op.is_one) for op in chain.ops]
    columns = (chain.code, chain.operands(indices), chain.right, chain.flows)
    k = len(values)
    for code, i, j, flows in zip(*map(reversed, columns), strict=True):
        k -= 1
        if not flows:
            continue
        grad, y = grads[k], values[k]
        rules, is_one = partials[code]
        try:
            if j < 0:
                dx = rules[0](values[i], y)
            else:
                if flows & 1:
                    dx = 1.0 if is_one[0] else rules[0](values[i], values[j], y)
                if flows & 2:
                    dy = 1.0 if is_one[1] else rules[1](values[i], values[j], y)
        except ArithmeticError:
            operands = (values[i], y) if j < 0 else (values[i], values[j], y)
            dx, dy = (derivative(chain.ops[code], side, operands) for side in (0, -1))
        if flows & 1:
            grads[i] += grad * dx
        if flows & 2:
            grads[j] += grad * dy
    out[:] = grads[: len(outside)]


def _one(x: float, out: float) -> float:
    return 1.0  # the derivative of a copy
