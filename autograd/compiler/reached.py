"""Reached: which leaves a backward pass comes to, where lookups decide that at each call.

    take(w, i) * v        with i = 2: a gradient comes to w[2] and v, and none to the others

None is not 0: an optimizer skips a Value that no gradient has reached, uncompiled. So it does with
a Parameter of which no number was chosen.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.graph import DETACH, GATHER, LEAF, Chosen, Graph

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.tensor import Tensor


def surely_reached_arrays(graph: Graph, rows: set[int]) -> set[int]:
    """The arrays, by `id`, to whose elements gradients come whatever the lookups choose.

    A lookup among elements of one array chooses one of them, so the array has a gradient; among
    elements of several it chooses the array, too.
    """
    if GATHER not in graph.code:
        homes = [graph.leaves[i].home for i in graph.leaves_behind(rows)]
        return {id(home.holder) for home in homes if home is not None}
    bits: dict[int, int] = {}
    masks: list[int] = []
    for row, (code, left) in enumerate(zip(graph.code, graph.left, strict=True)):
        here = [masks[i] for i in graph.operands(row)]
        mask = 0
        if code == LEAF:
            home = graph.leaves[left].home
            mask = 0 if home is None else bits.setdefault(id(home.holder), 1 << len(bits))
        elif code == GATHER:
            mask = functools.reduce(operator.and_, here)
        elif code != DETACH:
            mask = functools.reduce(operator.or_, here, 0)
        masks.append(mask)
    found = functools.reduce(operator.or_, [masks[row] for row in rows], 0)
    return {holder for holder, bit in bits.items() if found & bit}


class ReachedArrays:
    """The arrays, of some whose elements are leaves, that gradients of some rows come to."""

    def __init__(self, graph: Graph, rows: set[int], owners: Sequence[Tensor]) -> None:
        place = {id(owner): k for k, owner in enumerate(owners)}
        homes = [(i, graph.leaves[i].home) for i in sorted(graph.leaves_behind(rows))]
        pairs = [(i, place[id(x.holder)]) for i, x in homes if x and id(x.holder) in place]
        reached = {k for _, k in pairs}
        self.usual = [k in reached for k in range(len(owners))]
        sure = surely_reached_arrays(graph, rows)
        self.elements: ReachedLeaves | None = None
        if any(id(owners[k]) not in sure for k in reached):
            self.elements = ReachedLeaves(graph, rows, [i for i, _ in pairs])
            self.owner = np.array([k for _, k in pairs])

    def at(self, indices: Array) -> list[bool]:
        """Of each array whether a gradient comes to it when the lookups have these indices."""
        if self.elements is None:
            return self.usual
        reached = np.zeros(len(self.usual), dtype=bool)
        reached[self.owner[np.array(self.elements.at(indices))]] = True
        found: list[bool] = reached.tolist()
        return found


class ReachedLeaves:
    """The leaves, of some in order, that gradients of some rows come to.

    Attributes:
        surely: Of each whether one comes whatever the lookups choose.
        by_choice: Whether one comes to some others only if they are chosen.
    """

    def __init__(self, graph: Graph, rows: set[int], order: Sequence[int]) -> None:
        self.graph, self.rows, self.order = graph, rows, order
        self.surely = self._leaves({})
        self.by_choice = self.surely != self._leaves(None)
        if self.by_choice:
            self._look_at_lookups()

    def _leaves(self, chosen: Chosen | None) -> list[bool]:
        found = self.graph.leaves_behind(self.rows, chosen)
        return [leaf in found for leaf in self.order]

    def _look_at_lookups(self) -> None:
        graph = self.graph
        behind, surely = graph.behind(self.rows), graph.behind(self.rows, {})
        self.lookups = [
            row for row, code in enumerate(graph.code) if code == GATHER and behind[row]
        ]
        code, left, right = (np.array(x) for x in (graph.code, graph.left, graph.right))
        begins = np.array(graph.begins)
        self.begins, self.index = begins[left[self.lookups]], right[self.lookups]
        self.counts = begins[left[self.lookups] + 1] - self.begins
        self.candidates = np.array(graph.candidates)
        place = dict(zip(self.order, range(len(self.order)), strict=True))
        self.place = np.full(len(graph), -1)  # of each row that is one of the leaves, which
        for row in np.flatnonzero(code == LEAF).tolist():
            self.place[row] = place.get(graph.left[row], -1)
        # the usual case: lookups among leaves and numbers, each of which is made at every call
        given = all(
            (code[i] < 0 and code[i] > GATHER) for row in self.lookups for i in graph.operands(row)
        )
        self.at_once = given and all(surely[row] for row in self.lookups)

    def at(self, indices: Array) -> list[bool]:
        """Of each leaf whether a gradient comes to it when the lookups have these indices."""
        if not self.by_choice:
            return self.surely
        chosen = self.candidates[self.begins + indices[self.index] % self.counts]
        if not self.at_once:
            return self._leaves(
                {k: [x] for k, x in zip(self.lookups, chosen.tolist(), strict=True)}
            )
        reached = np.array(self.surely)
        places = self.place[chosen]
        reached[places[places >= 0]] = True
        found: list[bool] = reached.tolist()
        return found
