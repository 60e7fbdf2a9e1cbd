"""Varying: what depends on that for which a function is differentiated while it is recorded.

`grad(f)(w)` inside a compiled function goes back through the recorded Values. Some of what f may do
with w has no Values to go back through, such as a lookup: that is refused. Of

    u = 2 * w;  take([u, 3.0], i)  and  take([v, 3.0], i)

the first is, and the second is not.
"""

from __future__ import annotations

from collections.abc import Iterable

from autograd.compiler.graph import Graph


class Varying:
    """For each row of a graph whether it varies; rows are looked at when somebody asks."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known = bytearray()

    def begin(self) -> None:
        """Nothing so far varies."""
        self._known = bytearray(len(self.graph))

    def add(self, rows: Iterable[int]) -> None:
        """From now on these rows vary."""
        self._look()
        for row in rows:
            self._known[row] = True

    def any_of(self, rows: Iterable[int]) -> bool:
        """Whether one of these rows does."""
        self._look()
        return any(map(self._known.__getitem__, rows))

    def _look(self) -> None:
        """Go through the rows that are new."""
        graph, known = self.graph, self._known
        for row in range(len(known), len(graph)):
            operands = graph.operands(row) if graph.code[row] >= 0 else ()
            known.append(any(map(known.__getitem__, operands)))
