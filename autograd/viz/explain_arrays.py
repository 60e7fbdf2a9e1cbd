"""The chain rule of arrays written out: `explain(loss, W)` and `explain(loss, W[2, 0])`.

A whole array has one equation for each node on the way to it, with the shapes that it joins. A
single entry has the chain rule of numbers, unfolded from the same pass: a sum over the entries
that it acts on.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from autograd.viz.equation import Sum
from autograd.viz.notation import Derivative
from autograd.viz.steps import Pass, Step
from autograd.viz.text import aligned, array_text, columns, number, numbers, shape_text
from autograd.viz.trace import Formula, Node
from autograd.viz.tree import Tree, aligned_rows, number_tree, remark_rows
from autograd.viz.windows import window_texts
from autograd.viz.written import Written

MOST_TERMS, MOST_EQUATIONS, LARGEST = 6, 24, 256
"""Of a sum so many terms are written, of an entry so many equations; of an array with more
elements no entry is unfolded further."""

WIDEST = 60
"""A wider formula does not set the width of its column."""

Index = tuple[int, ...]


class ArrayExplanation(Written):
    """The derivative of a root by an array, node by node. Made by `explain`.

    Attributes:
        total: The derivative, an array of the shape of what it is by.
        latex: The explanation as LaTeX.
        mathml: The explanation as MathML.
    """

    def __init__(self, steps: Pass, wrt: Node) -> None:
        self.wrt = wrt
        self.total = steps.gradient(wrt)
        self._steps = steps
        self.symbol = Derivative(steps.top, steps.names.get(wrt, "constant"))

    @cached_property
    def _equations(self) -> list[tuple[Derivative, list[tuple[Step, Formula]]]]:
        """What arrives at each node between the root and the array, in the order of the pass."""
        leading = self._steps.counts(self.wrt)
        arriving: dict[Node, list[tuple[Step, Formula]]] = {}
        for k in range(len(self._steps)):
            if self._steps.ends_of(k)[2] in leading:
                step = self._steps[k]
                named = Formula(f"by the rule of {step.op.name}")
                rule = named if step.rule is None else step.rule
                arriving.setdefault(step.parent, []).append((step, rule))
        arriving[self.wrt] = arriving.pop(self.wrt, [])  # the last
        return [(terms[0][0].received, terms) for terms in arriving.values() if terms]

    def __str__(self) -> str:
        if self.total is None:
            return f"{self.symbol.text} = 0: no path leads from there to the root."
        start = Derivative(self.symbol.top, self._steps.names[self._steps.root])
        rows = [(start.text, array_text(self._steps.seed), "")]
        for left, terms in self._equations:
            rows.append((left.text, _added(terms), _shapes(terms)))
        lines = [f"  {x} = {y}   {z}".rstrip() for x, y, z in aligned(rows, WIDEST)]
        title = f"{self.symbol.text} by the chain rule, from the root back:"
        first, *rest = numbers(self.total)
        if not first.startswith("[") and np.ndim(self.total):
            first = f"array {shape_text(np.shape(self.total))}, {first}"
        indent = " " * (columns(self.symbol.text) + 3)
        value = "\n".join([f"{self.symbol.text} = {first}", *(indent + line for line in rest)])
        return "\n".join([title, "", *lines, "", value, *self._steps.remarks(self.wrt)])

    @property
    def tree(self) -> Tree:
        """The explanation as a tree: an equation below each other."""
        rows: list[tuple[Tree, list[Tree]]] = []
        for left, terms in self._equations:
            trees = [rule.tree if len(terms) < 2 else rule.factor_tree for _, rule in terms]
            right = [part for tree in trees for part in (("mo", "+"), tree)]
            rows.append((left.tree, [("mo", "="), *right[1:]]))
        return aligned_rows(rows + remark_rows(self._steps.remarks(self.wrt)))


def _shapes(terms: Sequence[tuple[Step, Formula]]) -> str:
    """The shape of what arrives, and of what it is made of where that is another.

    Only of a matrix product are the two sides an equation: (2×3 = 2×4 · 4×3), but (3 from 4×3).
    """
    (step, _), *others = terms
    shape = shape_text(np.shape(step.contribution))
    made = "" if step.rule is None or others else step.shapes.partition(" += ")[2]
    if made in ("", shape):
        return f"({shape})"
    return f"({shape} = {made})" if "·" in made else f"({shape} from {made})"


def _added(terms: Sequence[tuple[Step, Formula]]) -> str:
    """Everything that arrives, as a sum."""
    return " + ".join(rule.text if len(terms) == 1 else rule.factor for _, rule in terms)


_Term = tuple["Node", Index, tuple[list[Any], list[float]]]
"""One term of the chain rule of an entry: an entry that it acts on, and its factors as a `Sum` has
them: dL/dV₀₁ · ∂V₀₁/∂W₂₁ in symbols and in numbers."""


class EntryExplanation(Written):
    """The derivative of a root by one entry of an array, as the chain rule of numbers.

    Attributes:
        total: The derivative.
        equations: Of each entry met on the way: it, and a term for each entry that it acts on.
    """

    def __init__(self, steps: Pass, array: Node, index: Index) -> None:
        self._steps = steps
        self.symbol = _entry(steps, array, index)
        into = [steps[k] for k in range(len(steps)) if steps.ends_of(k)[2] is array]
        products = [step.matrices for step in into if len(index) == 2]
        self._matrices = [product.marked(*index) for product in products if product is not None]
        self._matrices += window_texts(steps, array, index)
        self._remarks = steps.remarks(array)
        whole = steps.gradient(array)
        self.total = 0.0 if whole is None else float(np.asarray(whole)[index])
        self.cut = False
        self.equations = list(self._unfolded(array, index))

    def _unfolded(self, array: Node, index: Index) -> Iterator[tuple[Derivative, list[_Term]]]:
        waiting, met = deque([(array, index)]), {(array, index)}
        while waiting:
            node, at = waiting.popleft()
            terms = list(self._terms(node, at))
            if not terms:
                continue
            if len(met) > MOST_EQUATIONS:
                self.cut = True
                return
            yield _entry(self._steps, node, at), terms
            new = dict.fromkeys((entry, place) for entry, place, _ in terms)
            waiting.extend(one for one in new if one not in met)
            met |= new.keys()

    def _terms(self, parent: Node, at: Index) -> Iterator[_Term]:
        """What the entry acts on: for each entry of each use, its two factors."""
        steps = self._steps
        uses = [(*use, upstream) for use in steps.uses[parent]
                if (upstream := steps.gradient(use[0])) is not None]  # fmt: skip
        if any(np.size(upstream) > LARGEST for *_, upstream in uses):
            self.cut = True  # the others alone would be a sum that is not the derivative
            return
        for node, position, upstream in uses:
            for place in np.ndindex(np.shape(upstream)):
                local = steps.entry_number(node, position, place, at)
                if local != 0:
                    codes = _code(steps, node, place), _code(steps, parent, at)
                    partial = Derivative(*codes, "∂", steps.partial(node, position).place)
                    factor = _entry(steps, node, place) if steps.upstream(node) else 1.0
                    passed = float(np.asarray(upstream)[place])
                    yield node, place, ([factor, partial], [passed, local])

    def __str__(self) -> str:
        lines = [self._line(left, terms) for left, terms in self.equations]
        if self.cut and lines:
            lines.append("… and so on to the root.")
        title = f"{self.symbol.text} by the chain rule of its entries:"
        whole = f"{self.symbol.text} = {number(self.total)}"
        matrices = [line for text in self._matrices for line in ["", *text.split("\n")]]
        indented = [f"  {line}".rstrip() for line in (*lines, *matrices)]
        if not self.equations:
            why = "each local derivative by it is 0."
            if self.cut:
                why = f"it acts on an array of more than {LARGEST} numbers. Take fewer examples."
            return "\n".join([f"{whole}: {why}", *indented])
        return "\n".join([title, "", *indented, "", whole, *self._remarks])

    def _line(self, left: Derivative, terms: Sequence[_Term]) -> str:
        whole = _sum(terms)
        line = whole.text(left)
        if columns(line) <= 96:
            return line
        indent = " " * (columns(left.text) + 1)
        numbers = f"= {whole.numbers.text} {whole.outcome.text}"
        both = [*_wrapped(f"= {whole.symbols.text}", indent), *_wrapped(numbers, indent)]
        return f"{left.text} {both[0].lstrip()}" + "".join(f"\n  {part}" for part in both[1:])

    @property
    def tree(self) -> Tree:
        """The explanation as a tree: an equation for each entry."""
        rows = [
            (left.tree, [part for line in _sum(terms).lines_with() for part in line])
            for left, terms in self.equations
        ]
        result = [("mo", "="), number_tree(number(self.total))]
        return aligned_rows((rows or [(self.symbol.tree, result)]) + remark_rows(self._remarks))


def _sum(terms: Sequence[_Term]) -> Sum:
    """The first few terms as a sum of all."""
    more = f"… {len(terms) - MOST_TERMS} more …" if len(terms) > MOST_TERMS else ""
    products = [product for _, _, product in terms]
    return Sum(products[:MOST_TERMS], sum(math.prod(numbers) for _, numbers in products), more)


def _wrapped(text: str, indent: str) -> list[str]:
    """A long sum as lines, broken before a sign."""
    lines = [indent]
    for part in re.split(r" (?=\+ )", text):
        if lines[-1].strip() and columns(f"{lines[-1]} {part}") > 96:
            lines.append(indent + "  ")
        lines[-1] += part if not lines[-1].strip() else f" {part}"
    return lines


def _code(steps: Pass, node: Node, index: Index) -> str:
    return steps.names.get(node, "constant") + "".join(f"[{i}]" for i in index)


def _entry(steps: Pass, node: Node, index: Index) -> Derivative:
    return Derivative(steps.top, _code(steps, node, index))
