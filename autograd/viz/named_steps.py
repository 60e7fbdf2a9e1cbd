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

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograd.value import Value
from autograd.viz.equation import Sum
from autograd.viz.notation import Derivative
from autograd.viz.steps import Pass
from autograd.viz.text import aligned, number
from autograd.viz.trace import Node
from autograd.viz.tree import Tree
from autograd.viz.written import Written


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NamedStep(Written):
    """What one named variable adds to the gradient of another.

    Attributes:
        node: The variable whose gradient is passed on.
        parent: The one that receives the contribution, with no other name in between.
        upstream: The gradient of the root with respect to `node`.
        local: ∂node/∂parent, the other named variables held.
        received: What is added to: dy/dx.
        sum: Upstream times local, as it is printed.
    """

    node: Node
    parent: Node
    upstream: float
    local: float
    received: Derivative
    sum: Sum

    @property
    def contribution(self) -> float:
        """Upstream times local."""
        return self.upstream * self.local

    @property
    def equation(self) -> str:
        """What is added, in symbols and in numbers: "dy/dx += dy/dz · ∂z/∂x = 2 · 3 = 6"."""
        return self.sum.text(self.received, "+=")

    @property
    def tree(self) -> Tree:
        """The equation as a tree."""
        return self.sum.tree(self.received, "+=")

    def __str__(self) -> str:
        return self.equation


class NamedSteps(Sequence[NamedStep]):
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
    def _all(self) -> list[NamedStep]:
        steps = self._steps
        if not all(isinstance(x, Value) for x in steps.nodes) or not all(
            steps.is_by_elements(node) for node in steps.nodes if node.parents
        ):
            return []
        return [step for node in reversed(steps.nodes) for step in self._from(node)]

    def _is_named(self, node: Node) -> bool:
        return node in self._steps.found or node is self._steps.root or not node.parents

    def _from(self, node: Node) -> Iterator[NamedStep]:
        steps = self._steps
        upstream = steps.gradient(node)
        if upstream is None or not node.parents or not self._is_named(node):
            return
        passed = float(upstream)
        for parent, local in self._factors(node).items():
            below = steps.names[parent]
            symbols = [steps.factor(node), Derivative(steps.names[node], below, "∂")]
            product = Sum([(symbols, [passed, local])], passed * local)
            yield NamedStep(node, parent, passed, local, Derivative(steps.top, below), product)

    def _factors(self, node: Node) -> dict[Node, float]:
        """The local derivatives by the next names below, summed over the paths between them."""
        steps, place = self._steps, self._place
        totals = {node: 1.0}
        found: dict[Node, float] = {}
        waiting = [-place[node]]
        while waiting:
            at = steps.nodes[-heapq.heappop(waiting)]
            for i, parent in enumerate(at.parents):
                if not parent.requires_grad:
                    continue
                product = totals[at] * steps.exact_number(at, i)
                if self._is_named(parent):
                    found[parent] = found.get(parent, 0.0) + product
                elif parent in totals:
                    totals[parent] += product
                else:
                    totals[parent] = product
                    heapq.heappush(waiting, -place[parent])
        return found

    @cached_property
    def _place(self) -> dict[Node, int]:
        return {node: k for k, node in enumerate(self._steps.nodes)}

    def __str__(self) -> str:
        steps = self._steps
        digits = len(str(len(self)))
        rows = [
            (f"{x.received.text} += {x.sum.symbols}", f"{x.sum.numbers} {x.sum.outcome}")
            for x in self
        ]
        lines = [
            f"{Derivative(steps.top, steps.names[steps.root]).text} = {number(float(steps.seed))}"
        ]
        for k, (left, right) in enumerate(aligned(rows), start=1):
            lines.append(f"{k:>{digits}}  {left} = {right}".rstrip())
        return "\n".join(lines)

    __repr__ = __str__
