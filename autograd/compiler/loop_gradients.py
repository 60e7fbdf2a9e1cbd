"""Shared: what is the same in all rounds of a loop gets its gradient after the loop, at once.

Five neurons that read a sequence have the same weights in every round. Round by round, each would
add an outer product of 5 by 6 numbers to their gradients. What the rounds leave behind, their
results and the gradients of these, are matrices with a column for each round; so for 100 rounds
that is one matrix product, 5x100 by 100x6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.gather import gathered, scattered
from autograd.compiler.instructions import Group, Product, Raised, operands_of
from autograd.compiler.loop import Repeated
from autograd.compiler.places import View, layout
from autograd.compiler.traced import Traced
from autograd.node import Parts
from autograd.rules.matrices import matmul

if TYPE_CHECKING:
    from autograd.arrays import IntArray


def take_out(raised: Raised, same: IntArray) -> list[tuple[Group | Product, int]]:
    """Find the operands in a loop's body whose gradients can wait for the end of the loop.

    Args:
        raised: The body. These operands are marked as not needing a gradient in it.
        same: The rows from outside that are the same in all rounds.

    Returns:
        (instruction, which of its operands) for each.
    """
    needs = raised.needs
    free = np.zeros(len(needs), dtype=bool)
    free[same] = needs[same]
    uses = []
    for instruction in raised.instructions:
        for i, rows in enumerate(operands_of(instruction)):
            if not needs[instruction.out].any():
                continue
            if isinstance(instruction, (Group, Product)):
                uses.append((instruction, i, np.unique(rows[needs[rows]])))
            else:
                free[rows] = False
    mixed = True
    while mixed:  # an operand waits as a whole or not at all, and a row in all operands or in none
        mixed = False
        for _, _, rows in uses:
            if free[rows].any() and not free[rows].all():
                free[rows] = False
                mixed = True
    needs[free] = False
    return [(instruction, i) for instruction, i, rows in uses if rows.size and free[rows].all()]


def of_shared(loop: Repeated, numbers: Traced, grads: Traced) -> Parts:
    """The gradient of what goes into a loop, in parts.

    Args:
        loop: The loop.
        numbers: The array that it computes, which begins with what goes in.
        grads: The gradient of that array, but for what all rounds share.
    """
    shape = (loop.start,)
    found = Parts(gathered(grads, View.all(shape)), (), shape, None, scattered)
    rounds = _Rounds(loop, numbers, grads)
    for instruction, i in loop.body.shared:
        if isinstance(instruction, Group):
            grad, places = rounds.group_back(instruction, i)
        else:
            grad, places = rounds.product_back(instruction, i)
        if (places >= loop.start).any():  # some of the operand needs no gradient, and has no place
            inside = np.flatnonzero(places.ravel() < loop.start)
            grad, places = gathered(grad, layout(inside)), places.ravel()[inside]
        found += Parts(grad, layout(places), shape, None, scattered)
    return found


class _Rounds:
    """All rounds of a loop at once."""

    def __init__(self, loop: Repeated, numbers: Traced, grads: Traced) -> None:
        self.loop, self._numbers, self._grads = loop, numbers, grads
        self.at, self.first = loop.body.placement.at, loop.body.placement.one_at + 1
        self.begins = loop.start + loop.body.results * np.arange(len(loop.inputs))

    def places(self, rows: IntArray) -> IntArray:
        """Where rows of the body lie in each round: (rounds, *the rows' shape)."""
        inputs = self.loop.inputs
        count = inputs.shape[1]
        made = np.add.outer(self.begins, self.at[rows] - self.first)
        return np.where(rows < count, inputs[:, np.minimum(rows, count - 1)], made)

    def grads(self, places: IntArray) -> Traced:
        """The gradients at some places."""
        return gathered(self._grads, layout(places))

    def numbers(self, places: IntArray) -> Traced:
        """The numbers at some places."""
        return gathered(self._numbers, layout(places))

    def group_back(self, group: Group, i: int) -> tuple[Traced, IntArray]:
        """The gradient of the i-th operand of a group, and where it belongs."""
        assert group.op is not None  # of copies nothing waits
        out = self.places(group.out)
        arrays = tuple(self.numbers(self.places(rows)) for rows in group.operands)
        grad: Traced = group.op.pullback(i, self.grads(out), self.numbers(out), arrays, {})
        return grad, self.places(group.operands[i])

    def product_back(self, product: Product, i: int) -> tuple[Traced, IntArray]:
        """That of a product's left (0) or right (1) side, or of one of the terms that are added."""
        out = self.places(product.out)
        if i > 1:
            return self.grads(out), self.places(product.plain[i - 2])
        mine, other = product.left, product.right
        if i == 1:
            mine, other, out = other, mine, out.swapaxes(-1, -2)
        # The columns of all rounds side by side, so that one product adds up the rounds.
        _, stack, count, _ = out.shape
        columns: IntArray = np.moveaxis(out, 0, 2).reshape(stack, count, -1)
        rows = self.places(other).swapaxes(0, 1).reshape(stack, columns.shape[2], -1)
        if stack == 1:
            columns, rows, mine = columns[0], rows[0], mine[0]
        mine = self.places(mine)[0]
        sides = self.numbers(mine), self.numbers(rows.swapaxes(-1, -2))
        grad: Traced = matmul.pullback(0, self.grads(columns), None, sides, {})
        return grad, mine
