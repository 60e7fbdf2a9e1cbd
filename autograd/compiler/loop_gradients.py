"""Shared: what is the same in all rounds of a loop gets its gradient after the loop, at once.

Five neurons that read a sequence have the same weights in every round. Round by round, each would
add an outer product of 5 by 6 numbers to their gradients. What the rounds leave behind, their
results and the gradients of these, are matrices with a column for each round; so for 100 rounds
that is one matrix product, 5x100 by 100x6. It is the engine's own derivative of `W @ columns`,
which stands for what all rounds have computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.gather import gather, gathered, scatter
from autograd.compiler.instructions import Group, Product, Raised, operands_of
from autograd.compiler.loop import Repeated
from autograd.compiler.passes import Ends, node_of
from autograd.compiler.places import View, layout
from autograd.compiler.tape import Traced
from autograd.node import gradients
from autograd.op import RULEBOOK
from autograd.tensor import Tensor

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


def of_given(loop: Repeated, numbers: Traced, grads: Traced) -> Traced:
    """The gradient of what goes into a loop.

    Args:
        loop: The loop.
        numbers: The array that it computes, which begins with what goes in.
        grads: The gradient of that array, but for what all rounds share.
    """
    rounds = _Rounds(loop, numbers)
    nodes, seeds = [rounds.given], [gathered(grads, View.all((loop.start,)))]
    for instruction, i in loop.body.shared:
        node, places = rounds.of(instruction, i)
        nodes.append(node)
        seeds.append(gathered(grads, layout(places)))
    found: Traced
    (found,) = gradients(Ends(nodes), [rounds.given], seeds)
    return found


class _Rounds:
    """What all rounds of a loop compute, as if it were computed at once.

    Attributes:
        given: What goes into the loop, as the leaf of it all.
    """

    def __init__(self, loop: Repeated, numbers: Traced) -> None:
        self.loop, self._numbers = loop, node_of(numbers)
        self.given = node_of(gathered(numbers, View.all((loop.start,))), True)

    def of(self, instruction: Group | Product, i: int) -> tuple[Tensor, IntArray]:
        """An instruction that depends on the i-th of its operands, and where its results are."""
        out = self.loop.across(instruction.out)
        if isinstance(instruction, Group):
            assert instruction.op is not None  # of copies nothing waits
            places = map(self.loop.across, instruction.operands)
            sides = [self._read(x, k == i) for k, x in enumerate(places)]
            node = Tensor._apply(instruction.op, tuple(sides), {})
            node._data = gathered(self._numbers._data, layout(out))  # known already
            return node, out
        if i > 1:  # one of the terms that are added
            return self._read(self.loop.across(instruction.plain[i - 2]), True), out
        mine, other = instruction.left, instruction.right
        if i == 1:
            mine, other, out = other, mine, out.swapaxes(-1, -2)
        # The columns of all rounds side by side, so that one product adds up the rounds.
        _, stack, count, _ = out.shape
        columns: IntArray = np.moveaxis(out, 0, 2).reshape(stack, count, -1)
        rows = self.loop.across(other).swapaxes(0, 1).reshape(stack, columns.shape[2], -1)
        mine = self.loop.across(mine)[0]
        if stack == 1:
            columns, rows, mine = columns[0], rows[0], mine[0]
        sides = [self._read(mine, True), self._read(rows.swapaxes(-1, -2), False)]
        return Tensor._apply(RULEBOOK["matmul"], tuple(sides), {}), columns

    def _read(self, places: IntArray, needed: bool) -> Tensor:
        """The numbers at some places; of the needed ones those that go in have gradients."""
        if not needed:
            return gather(self._numbers, layout(places))
        inside = places < self.loop.start
        if inside.all():
            return gather(self.given, layout(places))
        wheres = [np.flatnonzero(inside), np.flatnonzero(~inside)]
        arrays = self.given, self._numbers
        parts = [gather(x, layout(places.ravel()[w])) for x, w in zip(arrays, wheres, strict=True)]
        return scatter(parts, [layout(w) for w in wheres], places.shape)
