"""The backward pass, one product of the chain rule at a time.

It is the engine's own pass, run to its end, that keeps notes: each product becomes a `Step` when
asked for, which says what it is in symbols and in numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from autograd.node import Contribution, Node, backward_steps
from autograd.op import Elementwise, Op
from autograd.tensor import Tensor
from autograd.value import Value
from autograd.viz.array_rules import (
    ArraySymbol,
    composed_rules,
    elementwise_rule,
    structural_rule,
    summed,
)
from autograd.viz.boxes import is_operation
from autograd.viz.equation import Factors, Sum, outcome
from autograd.viz.notation import Derivative
from autograd.viz.symbols import Symbol, as_written
from autograd.viz.text import NOT_REACHED, array_text, as_printed, bracketed, is_short, shape_text
from autograd.viz.trace import SMALL, Box, Trace, snapshot, unused
from autograd.viz.tree import Tree
from autograd.viz.written import Written

if TYPE_CHECKING:
    from autograd.arrays import Number

MOST_KEPT = 512
"""So many steps that were asked for are kept: a page writes them twice."""


class Counts:
    """What has arrived at each node, step by step.

    Attributes:
        totals: For each node, the sum so far.
        expected: For each node, how many contributions reach it.
    """

    def __init__(self) -> None:
        self.totals: dict[Any, Number] = {}
        self.expected: dict[Any, int] = {}
        self._added: list[tuple[Node | Box, Number, Number | None, int]] = []

    def add(self, parent: Node | Box, contribution: Number) -> None:
        """Count the next step: what it adds, and to what."""
        before = self.totals.get(parent)
        self.totals[parent] = contribution if before is None else before + contribution
        self.expected[parent] = arrived = self.expected.get(parent, 0) + 1
        self._added.append((parent, contribution, before, arrived))

    def of(self, k: int) -> dict[str, Any]:
        """What step k, from 0, is told of these."""
        parent, contribution, before, arrived = self._added[k]
        return {
            "parent": parent,
            "contribution": contribution,
            "before": before,
            "after": contribution if before is None else before + contribution,
            "arrived": arrived,
            "expected": self.expected[parent],
            "number": k + 1,
            "total": len(self._added),
        }


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class CountedStep(Written):
    """What a step of the engine and one of a closed box have in common.

    Attributes:
        trace: The pass.
        parent: What receives the contribution: a node, or a closed box whose results do.
        contribution: What is added to the parent's gradient.
        before: The parent's gradient in this pass so far; None if nothing had arrived.
        after: The parent's gradient in this pass, this contribution included.
        arrived: How many contributions have reached the parent now.
        expected: How many will. An `x` that is used twice expects two.
        number: Which step it is, from 1.
        total: How many steps there are.
    """

    trace: Pass
    parent: Node | Box
    contribution: Number
    before: Number | None
    after: Number
    arrived: int
    expected: int
    number: int
    total: int

    @property
    def cells(self) -> list[str]:
        """The parts of the equation, for a table: what is added to, what, and its numbers."""
        raise NotImplementedError

    @property
    def equation(self) -> str:
        """What the step adds: `dz/dx += dz/dv₁ · ∂v₁/∂x = 1 · y = 1 · 2 = 2`."""
        return " ".join(cell for cell in self.cells if cell)

    @property
    def running_total(self) -> str:
        """How much has arrived: `2 of 2 arrived: 1 → 3`."""
        before = NOT_REACHED if self.before is None else array_text(self.before)
        return f"{self.arrived} of {self.expected} arrived: {before} → {array_text(self.after)}"

    @property
    def remark(self) -> str:
        """What its numbers do not tell; mostly nothing."""
        return ""

    @property
    def line(self) -> str:
        """What happens, in one line."""
        line = f"step {self.number} of {self.total}   {self.equation}"
        return f"{line}   ({self.running_total})"

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.line, self.remark]))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Step(CountedStep):
    """One product of the chain rule: what one node adds to the gradient of one of its parents.

    Attributes:
        node: The node whose gradient is passed on.
        position: Which operand of the node's operation the parent is.
        out_grad: The gradient of the root with respect to `node`: "upstream".
        local: d node / d parent: a number, an array of the elements' derivatives, or None for an
            operation on whole arrays, which has a vector-Jacobian product instead.
    """

    parent: Node
    node: Node
    position: int
    out_grad: Number
    local: Number | Any

    @property
    def node_name(self) -> str:
        """What the node is called."""
        return self.trace.names[self.node]

    @property
    def parent_name(self) -> str:
        """What the parent is called."""
        return self.trace.names[self.parent]

    @property
    def op(self) -> Op:
        """The operation that made the node."""
        assert self.node.op is not None
        return self.node.op

    @cached_property
    def formula(self) -> Symbol | None:
        """The local derivative as a formula (`str`, or `.latex`); None where `local` is None.

        Example:
            >>> from autograd import Value, backprop
            >>> x = Value(3.0, label="x")
            >>> backprop(x**2)[0].formula
            2·x
        """
        return self.trace.partial_formula(self.node, self.position)

    @property
    def received(self) -> Derivative:
        """The total derivative that is added to, of the root by `parent`."""
        return Derivative(self.trace.top, self.parent_name)

    @property
    def upstream(self) -> Derivative | None:
        """The total derivative of the root by `node`; None where it is the 1 of the start."""
        return self.trace.upstream(self.node)

    @property
    def partial(self) -> Derivative:
        """The local derivative, of `node` by `parent` in this one of its places."""
        return self.trace.partial(self.node, self.position)

    @cached_property
    def rule(self) -> ArraySymbol | None:
        """What a step on arrays adds, as a formula; None where the rule cannot be written down."""
        upstream = self.upstream if self.upstream is not None else 1.0
        out_grad = ArraySymbol.of_array(upstream, self.out_grad)
        if self.formula is not None:
            return elementwise_rule(out_grad, self.formula, self.local, np.shape(self.contribution))
        names = (*self.trace.operands(self.node), self.node_name)
        return structural_rule(self.node, self.position, out_grad, names)

    @property
    def shapes(self) -> str:
        """The shapes that a step on arrays joins: `2×3 += 2×4 · 4×3`."""
        factors = self._matrices or (self.out_grad,)
        parts = " · ".join(shape_text(getattr(x, "shape", ())) for x in factors)
        return f"{shape_text(np.shape(self.contribution))} += {parts}"

    @property
    def _matrices(self) -> tuple[Any, ...]:
        """The two arrays whose matrix product it adds; () if it adds something else."""
        rule = self.rule if self.formula is None else None
        is_product = rule is not None and rule.op is not None and rule.op.name == "matmul"
        return rule.operands if rule is not None and is_product else ()

    @property
    def summed_axes(self) -> tuple[int, ...]:
        """Along which axes an operand was repeated (broadcast), so that its gradient is a sum."""
        wide, narrow = np.shape(self.out_grad), np.shape(self.contribution)
        if not isinstance(self.op, Elementwise) or wide == narrow:
            return ()
        extra = len(wide) - len(narrow)
        return tuple(i for i in range(len(wide)) if i < extra or narrow[i - extra] != wide[i])

    @cached_property
    def matrices(self) -> Factors | None:
        """What it adds, where that is a product of two small matrices.

        Example:
            >>> from autograd import Tensor, backprop
            >>> X = Tensor([[1.0, 2.0]], label="X")
            >>> W = Tensor([[3.0], [4.0]], requires_grad=True, label="W")
            >>> print(backprop((X @ W).sum())[1].matrices.marked(1, 0))
              dL/dW   += Xᵀ   · dL/dv₁
               ↓                 ↓
              [1]       [1]     [1]
            → [2]     → [2]
        """
        if not self._matrices:
            return None
        left, right = self._matrices
        arrays = (self.contribution, getattr(left, "_data", ()), getattr(right, "_data", ()))
        if any(np.ndim(x) != 2 or not 0 < np.size(x) <= SMALL for x in arrays):
            return None
        return Factors((self.received.text, left.text, right.text), arrays)

    @cached_property
    def remark(self) -> str:
        """What its numbers do not tell: of log(-1), that there is no derivative."""
        return self.trace.remark(self.node, self.position)

    @property
    def tree(self) -> Tree:
        """The equation as a tree, of which LaTeX and MathML are written."""
        if self.formula is None or np.ndim(self.out_grad):
            named: Tree = ("mtext", f"the rule of {self.op.name}")
            added = self.rule.tree if self.rule is not None else named
            return "mrow", self.received.tree, ("mo", "+="), added
        symbols = [self.upstream or 1.0, self.partial]
        numbers = [float(self.out_grad), float(self.local)]
        return Sum([(symbols, numbers)], float(self.contribution)).tree(self.received, "+=")

    @cached_property
    def cells(self) -> list[str]:
        """The parts of the equation, for a table: what is added to, what, and its numbers.

        That is the product with the local derivative as a symbol, as a formula, as a number, and
        multiplied; of whole arrays the rule, and what it comes to.
        """
        added_to, formula, result = [self.received.text, "+="], self.formula, ""
        one = np.size(self.out_grad) == 1
        shapes = "" if one and np.size(self.contribution) == 1 else f"({self.shapes})"
        if formula is None:
            rule = self.rule.text if self.rule is not None else f"the rule of {self.op.name}"
            if is_short(self.contribution):
                result = f"= {array_text(self.contribution)}"
            return [*added_to, rule, shapes, "", result]
        axes, short, times = self.summed_axes, is_short(self.out_grad), "·" if one else "⊙"
        upstream = self.upstream.text if self.upstream else "1"
        product = f"{summed(axes, np.ndim(self.out_grad)) if axes else ''}{upstream}"
        if formula.number != 1 or not np.ndim(self.out_grad):
            product += f" {times} {self.partial.text}"
        factor = upstream if self.upstream and not short else array_text(self.out_grad)
        start = f"= {'Σ of ' if axes else ''}{factor} {times} "
        symbols, numbers, local = start + formula.factor, "", None
        if formula.number is not None and short:
            symbols, numbers, local = "", symbols, as_written(formula.number)
        elif short and is_short(self.local):
            numbers, local = start + bracketed(array_text(self.local)), as_printed(self.local)
        elif formula.number == 1:
            symbols = ""
        if is_short(self.contribution):
            printed = None  # where names stand, too
            if local is not None:
                with np.errstate(all="ignore"):
                    printed = (as_printed(self.out_grad) * local).sum(axis=axes)
            result = outcome(printed, self.contribution)
        return [*added_to, product, symbols, numbers, " ".join(filter(None, [result, shapes]))]

    def __repr__(self) -> str:
        return f"<Step {self.number} of {self.total}: {self.node_name} to {self.parent_name}>"


# --- the pass ---------------------------------------------------------------------------------


S = TypeVar("S", bound=CountedStep)


class Steps(Sequence[S]):
    """A sequence of steps that are made when they are asked for."""

    def _step(self, k: int) -> S:
        """The step k, from 0."""
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> S: ...
    @overload
    def __getitem__(self, index: slice) -> list[S]: ...
    def __getitem__(self, index: int | slice) -> S | list[S]:
        made = range(len(self))[index]
        return self._step(made) if isinstance(made, int) else [self._step(k) for k in made]

    def __iter__(self) -> Iterator[S]:
        return map(self._step, range(len(self)))


class Pass(Trace, Steps[Step]):
    """A backward pass that was run: the sequence of its steps.

    It has what `Backprop` says of itself, and for its readers:

    Attributes:
        top: What is differentiated: the root, or, where a gradient was given, a name for the sum
            of the root's elements weighted by it.
        records: The engine's own steps: node, position, parent, out_grad, contribution.
        depth: To how many parts of their names modules are shown as boxes in words and pictures.
    """

    depth: int | None = None

    def __init__(
        self,
        root: Node,
        seed: Number,
        frame: FrameType,
        lines: Mapping[Node, str] | None = None,
        keep: bool = True,
    ) -> None:
        super().__init__(root, frame)
        self.lines = dict(lines or {})
        self.seed = seed
        self.top = self.names[root]
        if np.ndim(seed) or seed != 1.0:
            self.top = unused("L", self.names.values())
        self.values: dict[Node, Number | Any] = {node: snapshot(node) for node in self.nodes}
        self.earlier = {
            node: node._grad for node in self.nodes if node.op is None and node._grad is not None
        }
        self._made: dict[int, Step] = {}
        self._box_rules: dict[Box, dict[Node, ArraySymbol]] = {}
        self._run(keep)
        reached = (node for node in self.nodes if node.op is None and node in self._counts.totals)
        self.gradients = {leaf: self._counts.totals[leaf] for leaf in reached}

    def _run(self, keep: bool) -> None:
        """Run the pass. The engine's own tuples are kept, and become `Step`s when asked for."""
        self.records: list[Contribution] = []
        self._locals: list[Number | None] = []
        self._counts = Counts()
        self._counts.totals[self.root] = self.seed
        self.expected: dict[Node, int] = self._counts.expected
        for record in backward_steps(self.root, self.seed, keep):
            node, position, parent, _, contribution = record
            self._counts.add(parent, contribution)
            self.records.append(record)
            local = None
            if isinstance(node, Tensor) and isinstance(node.op, Elementwise):
                # A copy: the derivative of a product is an operand, which may be written into.
                local = node.local_derivative(position).copy()
            self._locals.append(local)

    def __len__(self) -> int:
        return len(self.records)

    def _step(self, k: int) -> Step:
        if (step := self._made.get(k)) is None:
            (node, position, _), (out_grad, local, _) = self.ends_of(k), self.numbers_of(k)
            counted = self._counts.of(k)
            step = Step(
                trace=self, node=node, position=position, out_grad=out_grad, local=local, **counted
            )
            if len(self._made) < MOST_KEPT:
                self._made[k] = step
        return step

    def upstream(self, node: Node) -> Derivative | None:
        """The total derivative by a node; None where it is the 1 that a pass starts from."""
        name = self.names.get(node, "constant")
        return None if node is self.root and self.top == name else Derivative(self.top, name)

    def gradient(self, node: Node) -> Number | Any:
        """The gradient that this pass brought to a node; None where it did not get to."""
        return self._counts.totals.get(node)

    def numbers_of(self, k: int) -> tuple[Number, Number | None, Number]:
        """Of step k + 1 upstream, local derivative and contribution."""
        node, position, _, out_grad, contribution = self.records[k]
        local = self._locals[k]
        if isinstance(node, Value):
            local = node.local_derivative(position)
        return out_grad, local, contribution

    def ends_of(self, k: int) -> tuple[Node, int, Node]:
        """The node of step k + 1, the position of the operand, and the operand."""
        node, position, parent, _, _ = self.records[k]
        return node, position, parent

    def remarks(self, start: Node) -> list[str]:
        """What the numbers of the steps between the root and a node do not tell."""
        leading = self.counts(start)
        between = (k for k in range(len(self)) if self.ends_of(k)[2] in leading)
        return [*filter(None, dict.fromkeys(self.remark(*self.ends_of(k)[:2]) for k in between))]

    def box_rule(self, box: Box, parent: Node) -> ArraySymbol | None:
        """What a box of arrays with one result hands to an operand, as a formula; None if long."""
        result = box.nodes[-1]
        upstream = self.gradient(result)
        if not is_operation(box) or isinstance(result, Value) or upstream is None:
            return None
        if box not in self._box_rules:
            out_grad = ArraySymbol.of_array(self.upstream(result) or 1.0, upstream)
            self._box_rules[box] = composed_rules(box.nodes, out_grad, self.names)
        return self._box_rules[box].get(parent)

    def value(self, node: Node) -> Number | Any:
        """What a node held at the time of the pass."""
        return self.values[node]

    def stale(self) -> list[Node]:
        """Leaves whose number was changed after the operation that used it was recorded."""
        found: dict[Node, None] = {}
        for node in self.nodes:
            if isinstance(node, Value) and node._left is not None:
                recorded = (node._x, node._y) if len(node.parents) > 1 else (node._x,)
                for parent, x in zip(node.parents, recorded, strict=True):
                    if self.values[parent] != x and not math.isnan(x):
                        found[parent] = None
        return list(found)
