"""Reached: whom a backward pass brings gradients to, where lookups decide that at each call.

    take(w, i) * v        with i = 2: a gradient comes to w[2] and v, and none to the others

None is not 0: an optimizer skips a Value that no gradient has reached, uncompiled. So it does with
a Parameter of which no number was chosen. A lookup among elements of one array chooses one of them,
so the array has a gradient; among elements of several it chooses the array, too.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.graph import DETACH, GATHER, LEAF, Graph

if TYPE_CHECKING:
    from autograd.arrays import Array, BoolArray, IntArray


def surely_reached(graph: Graph, rows: set[int], owner: Mapping[int, int]) -> set[int]:
    """The owners of leaves to whom gradients of some rows come whatever the lookups choose.

    Args:
        graph: The rows.
        rows: Where gradients begin.
        owner: Of leaves, by number, whose they are.
    """
    if GATHER not in graph.code:
        return {owner[leaf] for leaf in graph.leaves_behind(rows) if leaf in owner}
    masks: list[int] = []  # with a bit for each owner
    for row, (code, left) in enumerate(zip(graph.code, graph.left, strict=True)):
        here = [masks[i] for i in graph.operands(row)] if code != DETACH else []
        if code == LEAF:
            masks.append(1 << owner[left] if left in owner else 0)
        elif code == GATHER:
            masks.append(functools.reduce(operator.and_, here))
        else:
            masks.append(functools.reduce(operator.or_, here, 0))
    found = functools.reduce(operator.or_, [masks[row] for row in rows], 0)
    return {k for k in range(found.bit_length()) if found >> k & 1}


class Reached:
    """To which of some owners of leaves gradients of some rows come.

    Args:
        graph: The rows.
        rows: Where gradients begin.
        owner: Of leaves, by number, whose they are.
        count: How many owners there are.

    Attributes:
        usual: Of each whether a gradient comes to it for some indices.
        by_choice: Whether one comes to some of them only if they are chosen.
    """

    def __init__(self, graph: Graph, rows: set[int], owner: Mapping[int, int], count: int) -> None:
        self.graph, self.rows, self.count = graph, rows, count
        pairs = zip(graph.code, graph.left, strict=True)
        owners = [owner.get(left, -1) if code == LEAF else -1 for code, left in pairs]
        self.owner: IntArray = np.array(owners, dtype=np.intp)
        behind = graph.behind(rows)
        self.usual = self._of(np.frombuffer(behind, dtype=bool))
        surely = surely_reached(graph, rows, owner)
        self.by_choice = sum(self.usual) > len(surely)
        if self.by_choice:
            self.surely = np.isin(np.arange(count), [*surely])
            self._look_at_lookups(behind)

    def _of(self, rows: BoolArray | IntArray) -> list[bool]:
        """Whose rows these are."""
        found = np.zeros(self.count + 1, dtype=bool)  # the last one stands for nobody
        found[self.owner[rows]] = True
        reached: list[bool] = found[:-1].tolist()
        return reached

    def _look_at_lookups(self, behind: bytearray) -> None:
        graph, surely = self.graph, self.graph.behind(self.rows, {})
        self.lookups = [
            row for row, code in enumerate(graph.code) if code == GATHER and behind[row]
        ]
        left, right, begins = (np.array(x) for x in (graph.left, graph.right, graph.begins))
        self.begins, self.index = begins[left[self.lookups]], right[self.lookups]
        self.counts = begins[left[self.lookups] + 1] - self.begins
        self.candidates = np.array(graph.candidates)
        # the usual case: lookups among leaves and numbers, each of which is made at every call
        given = all(GATHER < graph.code[i] < 0 for k in self.lookups for i in graph.operands(k))
        self.at_once = given and all(surely[row] for row in self.lookups)

    def at(self, indices: Array) -> list[bool]:
        """Of each owner whether a gradient comes to it when the lookups have these indices."""
        if not self.by_choice:
            return self.usual
        chosen = self.candidates[self.begins + indices[self.index] % self.counts]
        if self.at_once:
            reached: list[bool] = (self.surely | self._of(chosen)).tolist()
            return reached
        choices = {k: [x] for k, x in zip(self.lookups, chosen.tolist(), strict=True)}
        return self._of(np.frombuffer(self.graph.behind(self.rows, choices), dtype=bool))
