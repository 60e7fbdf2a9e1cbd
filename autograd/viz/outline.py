"""A pass in which boxes are closed: what happens inside of one counts as one step.

dJ/dz₁ += 1 · ∂J/∂z₁ = 1 · 0.09003 = 0.09003      (J = cross-entropy of z₁, z₂, z₃)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.value import Value
from autograd.viz.equation import Sum
from autograd.viz.notation import Derivative
from autograd.viz.steps import CountedStep, Counts, Pass, Step, Steps
from autograd.viz.text import aligned, array_text, is_short, number, shape_text
from autograd.viz.trace import Box, Node
from autograd.viz.tree import Tree

if TYPE_CHECKING:
    from autograd.arrays import Number
    from autograd.viz.array_rules import ArraySymbol

FEW = 3
"""Of a box with more results, what it hands back is not written as a sum over them."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class BoxStep(CountedStep):
    """What a closed box adds to the gradient of one of its operands: several steps as one.

    Attributes:
        box: The box.
        steps: The numbers of the steps it stands for, from 0.
        locals: Of each of its few results that acts on the parent, d result / d parent, where they
            are numbers.
    """

    box: Box
    steps: tuple[int, ...]
    locals: tuple[tuple[Node, float], ...]

    @property
    def local(self) -> float | None:
        """d result / d parent where the box has one result and is of numbers; else None."""
        return self.locals[0][1] if len(self.box.results) == 1 and self.locals else None

    @property
    def out_grad(self) -> Number | Any:
        """The gradient of the root with respect to the box's result; None of several."""
        results = self.box.results
        return self.trace.gradient(results[0]) if len(results) == 1 else None

    @property
    def rule(self) -> ArraySymbol | None:
        """What a box of arrays adds, as a formula; None where that is too long to read."""
        if self.locals or isinstance(self.parent, Box):
            return None
        return self.trace.box_rule(self.box, self.parent)

    @property
    def upstream(self) -> Derivative | None:
        """The total derivative of the root by the box's result; None of several, or of the root."""
        results = self.box.results
        return self.trace.upstream(results[0]) if len(results) == 1 else None

    @property
    def cells(self) -> list[str]:
        """As those of a step."""
        through = f"what comes through {self.box.name}"
        if isinstance(self.parent, Box):
            many = f"{len(self.parent.results)} results of {self.parent.name}"
            return [many, "+=", through, "", "", ""]
        received = self.received.text if self.received else ""
        if self.locals:
            whole = self._sum
            numbers = f"= {whole.numbers.text}"
            return [received, "+=", whole.symbols.text, "", numbers, whole.outcome.text]
        short = is_short(self.contribution)
        result = f"= {array_text(self.contribution)}" if short else ""
        shape = shape_text(np.shape(self.contribution))
        if self.rule is None:
            return [received, "+=", through, "", result or f"({shape})", ""]
        shapes = f"({shape} += {shape_text(np.shape(self.out_grad))})"
        return [received, "+=", self.rule.text, shapes, result, ""]

    @property
    def _sum(self) -> Sum:
        """What comes through each result, where they are few and numbers."""
        trace, below = self.trace, self.received.bottom if self.received else ""
        products = []
        for node, local in self.locals:
            symbols = [trace.upstream(node) or 1.0, Derivative(trace.names[node], below, "∂")]
            products.append((symbols, [float(trace.gradient(node)), local]))
        return Sum(products, float(self.contribution))

    @property
    def received(self) -> Derivative | None:
        """The total derivative that is added to; None where it is those of a box's results."""
        if isinstance(self.parent, Box):
            return None
        return Derivative(self.trace.top, self.trace.names[self.parent])

    @property
    def tree(self) -> Tree:
        """The equation as a tree."""
        if self.received is not None and self.rule is not None:
            return "mrow", self.received.tree, ("mo", "+="), self.rule.tree
        if self.received is None or not self.locals:
            return "mtext", self.equation
        return self._sum.tree(self.received, "+=")

    @property
    def running_total(self) -> str:
        """How much has arrived; of the results of a box, how often."""
        text = super().running_total
        return text.partition(":")[0] if isinstance(self.parent, Box) else text


class Joined(NamedTuple):
    """What is one step where boxes are closed.

    Attributes:
        box: The closed box that hands something back; None for a node outside of boxes.
        to: What receives it.
        steps: The numbers of the engine's steps that it stands for, from 0.
    """

    box: Box | None
    to: Node | Box
    steps: list[int]


class Outline(Steps[Step | BoxStep]):
    """The steps of a pass outside of closed boxes, and the boxes' own.

    What a box hands to one of its operands is one step, which comes when all of it is there.

    Args:
        steps: The pass.
        boxes: Those that are closed.
        among: The numbers of the steps that are looked at, from 0; by default all.

    Attributes:
        order: What each step is.
    """

    def __init__(
        self, steps: Pass, boxes: Sequence[Box], among: Iterable[int] | None = None
    ) -> None:
        self._steps = steps
        inside = {node: box for box in boxes for node in box.nodes}
        order: dict[object, Joined] = {}
        for k in range(len(steps)) if among is None else among:
            node, _, parent = steps.ends_of(k)
            box, other = inside.get(node), inside.get(parent)
            if box is None:
                order[k] = Joined(None, parent, [k])
            elif other is not box:
                to = parent if other is None or len(other.results) == 1 else other
                joined = order.pop((box, to), Joined(box, to, []))
                joined.steps.append(k)
                order[box, to] = joined  # the last now
        self.order = [*order.values()]

    def __len__(self) -> int:
        return len(self.order)

    def _step(self, k: int) -> Step | BoxStep:
        box, to, numbers = self.order[k]
        if box is None:
            return replace(self._steps[numbers[0]], **self._counts.of(k))
        found = tuple(_locals(self._steps, box, to))
        counted = self._counts.of(k)
        return BoxStep(trace=self._steps, box=box, steps=(*numbers,), locals=found, **counted)

    @cached_property
    def _counts(self) -> Counts:
        counts = Counts()
        for _, to, numbers in self.order:
            first, *more = (self._steps.records[k][4] for k in numbers)
            # to several results: what they are given is no sum
            counts.add(to, 0.0 if isinstance(to, Box) else sum(more, start=first))
        return counts


def _locals(steps: Pass, box: Box, parent: Node | Box) -> Iterator[tuple[Node, float]]:
    """What the box's results, if they are numbers and few, change with the parent."""
    if isinstance(parent, Box) or len(box.results) > FEW:
        return
    for result in box.results:
        local = steps.factors(box, result).get(parent)
        if local is not None and steps.gradient(result) is not None:
            yield result, local


# --- along named variables --------------------------------------------------------------------


class NamedSteps(list[BoxStep]):
    """The steps of a pass along named variables: what lies between two of them is one factor.

    Named are the nodes that have a label or are a variable of the caller, the root, and leaves.
    Printed, it is a line for each.

    Example:
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

    def __init__(self, steps: Pass) -> None:
        self._steps = steps
        if not all(isinstance(x, Value) for x in steps.nodes) or not all(
            steps.is_by_elements(node) for node in steps.nodes if node.parents
        ):
            return
        counts, found, factors = Counts(), [], self._factors()
        for node in reversed(steps.nodes):
            upstream = steps.gradient(node)
            for parent, local in factors.get(node, {}).items():
                if upstream is not None:
                    found.append((node, local))
                    counts.add(parent, float(upstream) * local)
        for k, pair in enumerate(found):
            box = Box(steps.names[pair[0]], "part", pair[:1], results=pair[:1])
            self.append(BoxStep(trace=steps, box=box, steps=(), locals=(pair,), **counts.of(k)))

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
