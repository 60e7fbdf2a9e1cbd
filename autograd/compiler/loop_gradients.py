"""Shared: what is the same in all rounds of a loop gets its gradient after the loop, at once.

Five neurons that read a sequence have the same weights in every round. Round by round, each would
add an outer product of 5 by 6 numbers to their slopes. What the rounds leave behind, their results
and the slopes of these, are matrices with a column for each round; so for 100 rounds that is one
matrix product, 5x100 by 100x6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiler.loop import Loop
from autograd.compiler.place import layout
from autograd.compiler.raising import Group, Product, Raised, operands_of

Lowered = Any
"""That of lower.py, which imports this file."""


def take_out(raised: Raised, same: Any) -> list[tuple[Any, int]]:
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


def add_shared(lowered: Lowered, loop: Loop, start: int) -> None:
    """Write down the calls that carry the rounds' slopes back to what all rounds share.

    Args:
        lowered: The program around the loop.
        loop: The loop, of which the slopes of all results are there.
        start: Where its results begin.
    """
    rounds = _Rounds(lowered, loop, start)
    for instruction, i in loop.body.shared:
        if isinstance(instruction, Group):
            rounds.group_back(instruction, i)
        else:
            rounds.product_back(instruction, i)


class _Rounds:
    """All rounds of a loop at once."""

    def __init__(self, lowered: Lowered, loop: Loop, start: int) -> None:
        self.lowered, self.loop = lowered, loop
        inner = loop.body.placement
        self.first = inner.one_at + 1
        self.begins = start + (inner.size - self.first) * np.arange(len(loop.inputs))

    def places(self, rows: Any) -> Any:
        """Where rows of the body lie in each round: (rounds, *the rows' shape)."""
        inputs, count = self.loop.inputs, self.loop.inputs.shape[1]
        made = np.add.outer(self.begins, self.loop.body.placement.at[rows] - self.first)
        given = self.lowered.at[inputs[:, np.minimum(rows, count - 1)]]
        return np.where(rows < count, given, made)

    def slopes(self, places: Any) -> Any:
        return self.lowered.part(self.lowered.slopes, layout(places))

    def numbers(self, places: Any) -> Any:
        return self.lowered.read(layout(places))

    def group_back(self, group: Group, i: int) -> None:
        """To the i-th operand of a group."""
        out = self.places(group.out)
        slope = self.slopes(out)
        if not group.op.is_one[i]:
            arrays = [self.numbers(self.places(rows)) for rows in group.operands]
            slope = slope * group.op.partials[i](*arrays, self.numbers(out))
        self.lowered.add(layout(self.places(group.operands[i])), slope)

    def product_back(self, product: Product, i: int) -> None:
        """To a product's left (0) or right (1) side, or to one of the terms that are added."""
        out = self.places(product.out)
        if i > 1:
            self.lowered.add(layout(self.places(product.plain[i - 2])), self.slopes(out))
            return
        mine, other = product.left, product.right
        if i == 1:
            mine, other, out = other, mine, out.swapaxes(-1, -2)
        # The columns of all rounds side by side, so that one product adds up the rounds.
        _, stack, count, _ = out.shape
        columns = np.moveaxis(out, 0, 2).reshape(stack, count, -1)
        rows = self.places(other).swapaxes(0, 1).reshape(stack, columns.shape[2], -1)
        if stack == 1:
            columns, rows, mine = columns[0], rows[0], mine[0]
        slope = self.lowered.tape.call(np.matmul, (self.slopes(columns), self.numbers(rows)))
        self.lowered.add(layout(self.places(mine)[0]), slope)
