"""Shared: what is the same in all rounds of a loop gets its gradient after the loop, at once.

Five neurons that read a sequence have the same weights in every round. Round by round, each would
add an outer product of 5 by 6 numbers to their slopes. What the rounds leave behind, their results
and the slopes of these, are matrices with a column for each round; so for 100 rounds that is one
matrix product, 5x100 by 100x6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiler.raising import Group, Product, Raised, operands_of


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
