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

from autograd.compiler.gather import gather, gathered
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
    free[same] = True
    uses = []
    for instruction in raised.instructions:
        for i, rows in enumerate(operands_of(instruction)):
            if needs[instruction.out].any() and needs[rows].any():
                free[rows] &= isinstance(instruction, (Group, Product))
                uses.append((instruction, i, rows))
    mixed = True
    while mixed:  # an operand waits as a whole or not at all, and a row in all operands or in none
        mixed = False
        for _, _, rows in uses:
            if free[rows].any() and not free[rows].all():
                free[rows] = False
                mixed = True
    needs[free] = False
    return [
        (instruction, i)
        for instruction, i, rows in uses
        if isinstance(instruction, (Group, Product)) and free[rows].all()
    ]


def of_given(loop: Repeated, numbers: Traced, grads: Traced) -> Traced:
    """The gradient of what goes into a loop.

    Args:
        loop: The loop.
        numbers: The array that it computes, which begins with what goes in.
        grads: The gradient of that array, but for what all rounds share.
    """
    where = View.all((loop.start,))
    given = node_of(gathered(numbers, where), True)
    nodes, seeds = [given], [gathered(grads, where)]
    for instruction, i in loop.body.shared:
        node, places = _of_all_rounds(loop, node_of(numbers), given, instruction, i)
        nodes.append(node)
        seeds.append(gathered(grads, layout(places)))
    found: Traced
    (found,) = gradients(Ends(nodes), [given], seeds)
    return found


def _of_all_rounds(
    loop: Repeated, every: Tensor, given: Tensor, instruction: Group | Product, i: int
) -> tuple[Tensor, IntArray]:
    """An instruction of all rounds that depends on the i-th of its operands alone.

    Args:
        loop: The loop.
        every: All its numbers.
        given: Those that go in, as the leaf of it all.
        instruction: The instruction.
        i: Which operand.

    Returns:
        Its results, and where they are.
    """
    out = loop.across(instruction.out)
    if isinstance(instruction, Group):
        assert instruction.op is not None  # of copies nothing waits
        places = map(loop.across, instruction.operands)
        sides = [gather(given if k == i else every, layout(x)) for k, x in enumerate(places)]
        node = Tensor._apply(instruction.op, tuple(sides), {})
        node._data = gathered(every._data, layout(out))  # known already
        return node, out
    if i > 1:  # one of the terms that are added
        return gather(given, layout(loop.across(instruction.plain[i - 2]))), out
    mine, other = instruction.left, instruction.right
    if i == 1:
        mine, other, out = other, mine, out.swapaxes(-1, -2)
    # The columns of all rounds side by side, so that one product adds up the rounds.
    _, stack, count, _ = out.shape
    columns: IntArray = np.moveaxis(out, 0, 2).reshape(stack, count, -1)
    rows = loop.across(other).swapaxes(0, 1).reshape(stack, columns.shape[2], -1)
    mine = loop.across(mine)[0]
    if stack == 1:
        columns, rows, mine = columns[0], rows[0], mine[0]
    sides = [gather(given, layout(mine)), gather(every, layout(rows.swapaxes(-1, -2)))]
    return Tensor._apply(RULEBOOK["matmul"], tuple(sides), {}), columns
