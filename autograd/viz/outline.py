"""A pass in which boxes are closed: what happens inside of one counts as one step.

dJ/dz₁ += 1 · ∂J/∂z₁ = 1 · 0.09003 = 0.09003      (J = cross-entropy of z₁, z₂, z₃)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from autograd.value import Value
from autograd.viz.equation import Sum
from autograd.viz.notation import Derivative
from autograd.viz.steps import CountedStep, Pass, Step
from autograd.viz.text import array_text, is_short, shape_text
from autograd.viz.trace import Box, Node
from autograd.viz.tree import Tree

if TYPE_CHECKING:
    from autograd.arrays import Number
    from autograd.viz.array_rules import ArraySymbol

FEW = 3
"""Of a box with more results, what it hands back is not written as a sum over them."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BoxStep(CountedStep):
    """What a closed box adds to the gradient of one of its operands: several steps as one.

    Attributes:
        box: The box.
        parent: The node that receives the contribution, or a closed box whose results do.
        trace: The pass.
        steps: The numbers of the steps it stands for, from 0.
        local: d result / d parent where the box has one result and is of numbers; else None.
        locals: The same of each of its few results that acts on the parent.
        contribution: What is added to the parent's gradient.
        before: The parent's gradient so far; None if nothing had arrived.
        after: The same, this contribution included.
        arrived: How many contributions have reached the parent now.
        expected: How many will.
        number: Which step it is, from 1.
        total: How many steps there are.
    """

    box: Box
    parent: Node | Box
    trace: Pass
    steps: tuple[int, ...]
    local: float | None
    locals: tuple[tuple[Node, float], ...]
    contribution: Number
    before: Number | None
    after: Number
    arrived: int
    expected: int
    number: int
    total: int

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
        results, trace = self.box.results, self.trace
        factor = trace.factor(results[0]) if len(results) == 1 else None
        return factor if isinstance(factor, Derivative) else None

    @property
    def cells(self) -> list[str]:
        """As those of a step."""
        through = f"what comes through {self.box.name}"
        if isinstance(self.parent, Box):
            many = f"{len(self.parent.results)} results of {self.parent.name}"
            return [many, "+=", through, "", "", ""]
        received = Derivative(self.trace.top, self.trace.names[self.parent]).text
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
            symbols = [trace.factor(node), Derivative(trace.names[node], below, "∂")]
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
        text: str = CountedStep.running_total.__get__(self)  # slots leave no super()
        return text.partition(":")[0] if isinstance(self.parent, Box) else text


class Outline(Sequence[Any]):
    """The steps of a pass outside of closed boxes, and the boxes' own.

    What a box hands to one of its operands is one step, which comes when all of it is there.
    """

    def __init__(self, steps: Pass, boxes: Sequence[Box]) -> None:
        self._steps = steps
        inside = {node: box for box in boxes for node in box.nodes}
        self._joined: dict[tuple[Box, Node | Box], list[int]] = {}
        order: list[int | tuple[Box, Node | Box]] = []
        for k in range(len(steps)):
            node, _, parent = steps.ends_of(k)
            box, other = inside.get(node), inside.get(parent)
            if box is None:
                order.append(k)
            elif other is not box:
                several = other is not None and len(other.results) > 1
                to = other if several and other is not None else parent
                self._joined.setdefault((box, to), []).append(k)
                order.append((box, to))
        last = {at: place for place, at in enumerate(order)}
        self.order = [at for place, at in enumerate(order) if last[at] == place]
        self._expected = Counter(map(self.parent_of, self.order))
        self._factors: Factors = {}

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
        before, arrived = self._sofar[place]
        contribution = self._contribution(place)
        counted: dict[str, Any] = {
            "number": place + 1,
            "total": len(self),
            "before": before,
            "after": contribution if before is None else before + contribution,
            "arrived": arrived,
        }
        at = self.order[place]
        counted["expected"] = self._expected[self.parent_of(at)]
        if not isinstance(at, tuple):
            return replace(self._steps[at], **counted)
        return _box_step(self._steps, *at, self._joined[at], contribution, self._factors, counted)

    def __iter__(self) -> Iterator[Step | BoxStep]:
        return (self[i] for i in range(len(self)))

    def _contribution(self, place: int) -> Number:
        at = self.order[place]
        if not isinstance(at, tuple):
            return self._steps.contribution(at)
        if isinstance(at[1], Box):
            return 0.0  # to several results
        return _added_up(self._steps, self._joined[at])

    @cached_property
    def _sofar(self) -> list[tuple[Number | None, int]]:
        """For each step what its parent has before it, and how many contributions with it."""
        found: list[tuple[Number | None, int]] = []
        totals: dict[Node | Box, tuple[Number, int]] = {}
        for place, at in enumerate(self.order):
            parent = self.parent_of(at)
            before, count = totals.get(parent, (None, 0))
            found.append((before, count + 1))
            added = self._contribution(place)
            totals[parent] = (added if before is None else before + added, count + 1)
        return found


Factors = dict[tuple[Box, Node], dict[Node, float]]


def handed_back(steps: Pass, box: Box, leaving: Mapping[Node, Sequence[int]]) -> Iterator[BoxStep]:
    """What a box hands to each of its operands when it alone is closed.

    Args:
        steps: The pass.
        box: The box.
        leaving: For each node the numbers of the steps that pass its gradient on, from 0.
    """
    inside, factors = set(box.nodes), Factors()
    joined: dict[Node, list[int]] = {}
    for node in reversed(box.nodes):
        for k in leaving.get(node, ()):
            if (parent := steps.ends_of(k)[2]) not in inside:
                joined.setdefault(parent, []).append(k)
    for parent, numbers in joined.items():
        total = _added_up(steps, numbers)
        alone = {
            "before": None,
            "after": total,
            "arrived": 1,
            "expected": 1,
            "number": 1,
            "total": 1,
        }
        counted = {"before": None, "after": total, **alone}
        yield _box_step(steps, box, parent, numbers, total, factors, counted)


def _added_up(steps: Pass, numbers: Sequence[int]) -> Number:
    first, *more = map(steps.contribution, numbers)
    return sum(more, start=first)


def _box_step(
    steps: Pass,
    box: Box,
    parent: Node | Box,
    numbers: Sequence[int],
    total: Number,
    factors: Factors,
    counted: dict[str, Any],
) -> BoxStep:
    locals_ = tuple(_locals(steps, box, parent, factors))
    local = locals_[0][1] if len(box.results) == 1 and locals_ else None
    return BoxStep(box, parent, steps, tuple(numbers), local, locals_, total, **counted)


def _locals(
    steps: Pass, box: Box, parent: Node | Box, factors: Factors
) -> Iterator[tuple[Node, float]]:
    """What the box's results, if they are numbers and few, change with the parent."""
    if isinstance(parent, Box) or len(box.results) > FEW:
        return
    for result in box.results:
        if (box, result) not in factors:
            of_numbers = all(isinstance(node, Value) for node in box.nodes)
            factors[box, result] = steps.factors(box, result) if of_numbers else {}
        local = factors[box, result].get(parent)
        if local is not None and steps.gradient(result) is not None:
            yield result, local
