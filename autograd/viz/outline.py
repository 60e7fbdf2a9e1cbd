"""A pass in which boxes are closed: what happens inside of one counts as one step.

dJ/dz₁ += 1 · ∂J/∂z₁ = 1 · 0.09003 = 0.09003      (J = cross-entropy of z₁, z₂, z₃)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from autograd.value import Value
from autograd.viz.equation import Sum
from autograd.viz.notation import Derivative
from autograd.viz.steps import CountedStep, Counts, Pass, Step
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
            return [received, "+=", whole.symbols, "", f"= {whole.numbers}", whole.outcome]
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


class Outline(Sequence[Any]):
    """The steps of a pass outside of closed boxes, and the boxes' own.

    What a box hands to one of its operands is one step, which comes when all of it is there.

    Attributes:
        order: Of each step the engine's, from 0, or a box and what it hands something to.
        joined: For each of the latter the engine's steps that it stands for.
    """

    def __init__(self, steps: Pass, boxes: Sequence[Box]) -> None:
        self._steps = steps
        inside = {node: box for box in boxes for node in box.nodes}
        self.joined: dict[tuple[Box, Node | Box], list[int]] = {}
        order: list[int | tuple[Box, Node | Box]] = []
        for k in range(len(steps)):
            node, _, parent = steps.ends_of(k)
            box, other = inside.get(node), inside.get(parent)
            if box is None:
                order.append(k)
            elif other is not box:
                several = other is not None and len(other.results) > 1
                to = other if several and other is not None else parent
                self.joined.setdefault((box, to), []).append(k)
                order.append((box, to))
        last = {at: place for place, at in enumerate(order)}
        self.order = [at for place, at in enumerate(order) if last[at] == place]

    def parent_of(self, at: int | tuple[Box, Node | Box]) -> Node | Box:
        """What receives something in a step."""
        return at[1] if isinstance(at, tuple) else self._steps.ends_of(at)[2]

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, index: int) -> Step | BoxStep: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step | BoxStep]: ...
    def __getitem__(self, index: int | slice) -> Step | BoxStep | list[Step | BoxStep]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        place = range(len(self))[index]
        at = self.order[place]
        counted = self._counts.of(place, self.parent_of(at), self._contribution(at))
        if not isinstance(at, tuple):
            return replace(self._steps[at], **counted)
        return _box_step(self._steps, at[0], self.joined[at], counted)

    def __iter__(self) -> Iterator[Step | BoxStep]:
        return (self[i] for i in range(len(self)))

    def _contribution(self, at: int | tuple[Box, Node | Box]) -> Number:
        if isinstance(at, tuple) and isinstance(at[1], Box):
            return 0.0  # to several results
        return _added_up(self._steps, self.joined[at] if isinstance(at, tuple) else [at])

    @cached_property
    def _counts(self) -> Counts:
        counts = Counts()
        for at in self.order:
            counts.add(self.parent_of(at), self._contribution(at))
        return counts


def handed_back(steps: Pass, box: Box, leaving: Mapping[Node, Sequence[int]]) -> Iterator[BoxStep]:
    """What a box hands to each of its operands when it alone is closed.

    Args:
        steps: The pass.
        box: The box.
        leaving: For each node the numbers of the steps that pass its gradient on, from 0.
    """
    inside = set(box.nodes)
    joined: dict[Node, list[int]] = {}
    for node in reversed(box.nodes):
        for k in leaving.get(node, ()):
            if (parent := steps.ends_of(k)[2]) not in inside:
                joined.setdefault(parent, []).append(k)
    for parent, numbers in joined.items():
        counts, total = Counts(), _added_up(steps, numbers)
        counts.add(parent, total)
        yield _box_step(steps, box, numbers, counts.of(0, parent, total))


def _added_up(steps: Pass, numbers: Sequence[int]) -> Number:
    first, *more = (steps.records[k][4] for k in numbers)
    total: Number = sum(more, start=first)
    return total


def _box_step(steps: Pass, box: Box, numbers: Sequence[int], counted: dict[str, Any]) -> BoxStep:
    found = tuple(_locals(steps, box, counted["parent"]))
    return BoxStep(trace=steps, box=box, steps=tuple(numbers), locals=found, **counted)


def _locals(steps: Pass, box: Box, parent: Node | Box) -> Iterator[tuple[Node, float]]:
    """What the box's results, if they are numbers and few, change with the parent."""
    if isinstance(parent, Box) or len(box.results) > FEW:
        return
    for result in box.results:
        local = steps.factors(box, result).get(parent)
        if local is not None and steps.gradient(result) is not None:
            yield result, local


# --- along named variables --------------------------------------------------------------------


class NamedSteps(Sequence[BoxStep]):
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
