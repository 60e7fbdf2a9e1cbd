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
        self._variables: list[int] = []
        self._known = bytearray()

    def any_of(self, rows: Iterable[int], variables: list[int]) -> bool:
        """Whether one of these rows does, if the variables, in order, do."""
        if variables != self._variables:
            self._variables, self._known = variables, bytearray(variables[0])
        graph, known = self.graph, self._known
        for row in range(len(known), len(graph)):
            operands = graph.operands(row) if graph.code[row] >= 0 else ()
            known.append(row in variables or any(map(known.__getitem__, operands)))
        return any(map(known.__getitem__, rows))
