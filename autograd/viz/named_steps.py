"""A pass along the variables that have names: what lies between two of them is one factor.

>>> from autograd import Value, backprop
>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> z = 2 * x * w + 1
>>> y = z * z
>>> print(backprop(y).named)
dy/dy = 1
1  dy/dz += 1 · ∂y/∂z     = 1 · (-22) = -22
2  dy/dw += dy/dz · ∂z/∂w = -22 · 4 = -88
3  dy/dx += dy/dz · ∂z/∂x = -22 · (-6) = 132
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from autograd.value import Value
from autograd.viz.notation import Derivative
from autograd.viz.outline import BoxStep
from autograd.viz.steps import Counts, Pass
from autograd.viz.text import aligned, number
from autograd.viz.trace import Box, Node


class NamedSteps(Sequence[BoxStep]):
    """The steps of a pass along named variables; printed, a line for each.

    Named are the nodes that have a label or are a variable of the caller, the root, and leaves.
    """

    def __init__(self, steps: Pass) -> None:
        self._steps = steps

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]

    @cached_property
    def _all(self) -> list[BoxStep]:
        steps = self._steps
        if not all(isinstance(x, Value) for x in steps.nodes) or not all(
            steps.is_by_elements(node) for node in steps.nodes if node.parents
        ):
            return []
        counts, found, factors = Counts(), [], self._factors()
        for node in reversed(steps.nodes):
            upstream = steps.gradient(node)
            for parent, local in factors.get(node, {}).items():
                if upstream is not None:
                    found.append((node, local, parent, float(upstream) * local))
                    counts.add(parent, float(upstream) * local)
        return [
            BoxStep(
                trace=steps,
                box=Box(steps.names[node], "part", (node,), results=(node,)),
                steps=(),
                locals=((node, local),),
                **counts.of(k, parent, contribution),
            )
            for k, (node, local, parent, contribution) in enumerate(found)
        ]

    def _is_named(self, node: Node) -> bool:
        return node in self._steps.found or node is self._steps.root or not node.parents

    def _factors(self) -> dict[Node, dict[Node, float]]:
        """Of each name its derivatives by the next names below, summed over the paths between."""
        steps = self._steps
        found: dict[Node, dict[Node, float]] = {}
        through: dict[Node, dict[Node, float]] = {}  # of what has no name, by the names above it
        for at in reversed(steps.nodes):
            above = {at: 1.0} if self._is_named(at) else through.pop(at, {})
            for i, parent in enumerate(at.parents if above else ()):
                if not parent.requires_grad:
                    continue
                local = steps.exact_number(at, i)
                for node, total in above.items():
                    named = self._is_named(parent)
                    sums, key = (found, parent) if named else (through, node)
                    into = sums.setdefault(node if named else parent, {})
                    into[key] = into.get(key, 0.0) + total * local
        return found

    def __str__(self) -> str:
        steps = self._steps
        digits = len(str(len(self)))
        rows = [(" ".join(x.cells[:3]), " ".join(x.cells[4:])) for x in self]
        lines = [
            f"{Derivative(steps.top, steps.names[steps.root]).text} = {number(float(steps.seed))}"
        ]
        for k, (left, right) in enumerate(aligned(rows), start=1):
            lines.append(f"{k:>{digits}}  {left} {right}".rstrip())
        return "\n".join(lines)

    __repr__ = __str__
