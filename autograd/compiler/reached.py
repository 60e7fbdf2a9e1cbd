"""Reached: which leaves a backward pass comes to, where lookups decide that at each call.

    take(w, i) * v        with i = 2: a gradient comes to w[2] and v, and none to the others

None is not 0: an optimizer skips a Value that no gradient has reached, uncompiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.graph import LEAF, PICK, Graph


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

    def _leaves(self, chosen: dict[int, Any] | None) -> list[bool]:
        found = self.graph.leaves_behind(self.rows, chosen)
        return [leaf in found for leaf in self.order]

    def _look_at_lookups(self) -> None:
        graph = self.graph
        behind, surely = graph.behind(self.rows), graph.behind(self.rows, {})
        self.picks = [row for row, code in enumerate(graph.code) if code == PICK and behind[row]]
        code, left, right = (np.array(x) for x in (graph.code, graph.left, graph.right))
        begins = np.array(graph.begins)
        self.begins, self.index = begins[left[self.picks]], right[self.picks]
        self.counts = begins[left[self.picks] + 1] - self.begins
        self.candidates = np.array(graph.candidates)
        place = dict(zip(self.order, range(len(self.order)), strict=True))
        self.place = np.full(len(graph), -1)  # of each row that is one of the leaves, which
        for row in np.flatnonzero(code == LEAF).tolist():
            self.place[row] = place.get(graph.left[row], -1)
        # the usual case: lookups among leaves and numbers, each of which is made at every call
        given = all(
            (code[i] < 0 and code[i] > PICK) for row in self.picks for i in graph.operands(row)
        )
        self.at_once = given and all(surely[row] for row in self.picks)

    def at(self, indices: Any) -> list[bool]:
        """Of each leaf whether a gradient comes to it when the lookups have these indices."""
        if not self.by_choice:
            return self.surely
        chosen = self.candidates[self.begins + indices[self.index] % self.counts]
        if not self.at_once:
            return self._leaves({k: [x] for k, x in zip(self.picks, chosen.tolist(), strict=True)})
        reached = np.array(self.surely)
        places = self.place[chosen]
        reached[places[places >= 0]] = True
        found: list[bool] = reached.tolist()
        return found
