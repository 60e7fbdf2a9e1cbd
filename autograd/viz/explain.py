"""The chain rule written out: every way on which one node acts on another.

>>> from autograd import Value, explain
>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> y = x * w
>>> z = y * y + w
>>> print(explain(z, w))
dz/dw is a sum over 3 ways from w to z:
<BLANKLINE>
  1  w → y → v₁ → z    ∂z/∂v₁ · ∂v₁/∂y⁽¹⁾ · ∂y/∂w = 1 · y · x = 1 · (-6) · 2 = -12
  2  w → y → v₁ → z    ∂z/∂v₁ · ∂v₁/∂y⁽²⁾ · ∂y/∂w = 1 · y · x = 1 · (-6) · 2 = -12
  3  w → z             ∂z/∂w = 1
<BLANKLINE>
dz/dw = -12 + (-12) + 1 = -23
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograd.errors import GraphError
from autograd.node import Node, topological
from autograd.op import Elementwise
from autograd.value import Value
from autograd.viz import notation
from autograd.viz.mathml import math_element, number_tree, tree_of
from autograd.viz.notation import Derivative, Tree
from autograd.viz.steps import all_names, local_derivative, number_of
from autograd.viz.symbols import Symbol, symbolic_partial
from autograd.viz.text import columns, described, number

MOST_WAYS = 12
"""Of more ways, so many are written out; the others are counted and their sum is given."""

_LONGEST_WAY = 8
"""Of a longer way, the nodes in its middle are left out of the line."""


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One local derivative: d node / d its operand."""

    node: Value
    position: int
    node_name: str
    operand_name: str
    operands: tuple[str | float, ...]

    @property
    def symbol(self) -> Derivative:
        """How it is written: ∂y/∂x."""
        return local_derivative(self.node, self.position, self.node_name, self.operand_name)

    @property
    def number(self) -> float:
        """Its number."""
        return self.node.local_derivative(self.position)

    @property
    def formula(self) -> Symbol:
        """Its formula, in terms of the operands and the result."""
        assert isinstance(self.node.op, Elementwise)
        return symbolic_partial(self.node.op, self.position, self.operands, self.node_name)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way: its factors, from the root down, and the product of their numbers."""

    factors: tuple[Factor, ...]
    number: float

    @property
    def nodes(self) -> str:
        """The way through the graph, from what is moved to what moves: "w → y → z"."""
        codes = [self.factors[-1].operand_name, *(f.node_name for f in self.factors[::-1])]
        names = [notation.name(code).text for code in codes]
        if len(names) > _LONGEST_WAY:
            half = _LONGEST_WAY // 2
            names = [*names[:half], f"… {len(names) - 2 * half} more …", *names[-half:]]
        return " → ".join(names)


class Explanation:
    """The derivative of one node with respect to another, way by way. Made by `explain`.

    Printed, it is text; a notebook shows it as formulas.

    Attributes:
        root: The node that is differentiated.
        wrt: The node with respect to which.
        count: How many ways there are, exactly.
        ways: Those that are written out: all of them, or the first twelve.
        total: The derivative, which is the sum over all ways.
        latex: The explanation as LaTeX.
        mathml: The explanation as MathML.
    """

    def __init__(self, root: Value, wrt: Value, names: dict[Node, str]) -> None:
        self.root, self.wrt = root, wrt
        self._names = names
        order = topological(root)
        self._uses: dict[Node, list[tuple[Value, int]]] = {node: [] for node in order}
        for node in order:
            for i, parent in enumerate(node.parents):
                self._uses[parent].append((node, i))  # type: ignore[arg-type]
        self.count, self.total = self._sums(order)
        self.ways = tuple(self._written_out())

    def _sums(self, order: list[Node]) -> tuple[int, float]:
        """How many ways there are, and the sum of their products, in one walk."""
        counts: dict[Node, int] = {self.root: 1}
        totals: dict[Node, float] = {self.root: 1.0}
        for node in reversed(order):
            if node is self.root:
                continue
            uses = [(user, i) for user, i in self._uses[node] if user in counts]
            if uses and node.requires_grad:
                counts[node] = sum(counts[user] for user, _ in uses)
                totals[node] = sum(totals[user] * user.local_derivative(i) for user, i in uses)
        return counts.get(self.wrt, 0), totals.get(self.wrt, 0.0)

    def _written_out(self) -> Iterator[Way]:
        """The ways, found from `wrt` upwards with a stack: every path on leads to the root."""
        if self.count == 0:
            return
        found = 0
        # A way so far is a chain of pairs, (last use, way before it), so that ways share a tail.
        stack: list[tuple[Node, Any]] = [(self.wrt, None)]
        while stack and found < MOST_WAYS:
            node, chain = stack.pop()
            if node is self.root:
                found += 1
                factors = []
                while chain is not None:
                    use, chain = chain
                    factors.append(self._factor(*use))
                yield Way(tuple(factors), math.prod(factor.number for factor in factors))
                continue
            stack.extend((use[0], (use, chain)) for use in reversed(self._uses[node]))

    def _factor(self, node: Value, i: int) -> Factor:
        operands = tuple(self._names.get(p) or number_of(p) for p in node.parents)
        return Factor(node, i, self._names[node], self._names[node.parents[i]], operands)

    @property
    def root_name(self) -> str:
        """What the root is called."""
        return self._names[self.root]

    @property
    def symbol(self) -> Derivative:
        """How the total derivative is written: dL/dx."""
        return Derivative(self.root_name, self.wrt_name)

    @property
    def wrt_name(self) -> str:
        """What the other node is called."""
        return self._names[self.wrt]

    @property
    def rest(self) -> float:
        """The sum over the ways that are not written out."""
        return self.total - math.fsum(way.number for way in self.ways)

    def __str__(self) -> str:
        whole = self.symbol.text
        start, end = (notation.name(code).text for code in (self.wrt_name, self.root_name))
        if self.wrt is self.root:
            return f"{whole} = 1: a node moves with itself."
        if not self.count:
            return f"{whole} = 0: no way leads from {start} to {end}."
        ends = f"from {start} to {end}"
        one = f"{whole} is one product, for there is one way {ends}:"
        title = one if self.count == 1 else f"{whole} is a sum over {self.count:,} ways {ends}:"
        nodes = [way.nodes for way in self.ways]
        width = max(map(columns, nodes))
        digits = len(str(len(nodes)))
        lines = [
            f"  {k:>{digits}}  {path}{' ' * (width - columns(path))}    {self._line(way)}"
            for k, (path, way) in enumerate(zip(nodes, self.ways, strict=True), start=1)
        ]
        if self._left_out:
            lines.append(f"  … and {self._left_out:,} more ways, together {number(self.rest)}")
        return "\n".join([title, "", *lines, "", f"{whole} = {self._sum()}"])

    __repr__ = __str__

    @property
    def _left_out(self) -> int:
        return self.count - len(self.ways)

    def _line(self, way: Way) -> str:
        """∂z/∂y · ∂y/∂w = y · x = (-6) · 2 = -12."""
        shown, left_out = _ends(way.factors)
        more = f" · … {left_out} more … · " if left_out else ""
        symbols = _joined([f.symbol.text for f in shown], more)
        formulas = _joined([f.formula.factor for f in shown], more)
        numbers = _joined([_bracketed(number(f.number)) for f in shown], more)
        parts = [symbols, formulas, numbers, number(way.number)]
        return " = ".join(
            part for k, part in enumerate(parts) if k in (0, 3) or part != parts[k + 1]
        )

    def _sum(self) -> str:
        if self.count == 1:
            return number(self.total)
        terms = [_bracketed(number(way.number), first=k == 0) for k, way in enumerate(self.ways)]
        if self._left_out:
            terms.append(_bracketed(number(self.rest)))
        return f"{' + '.join(terms)} = {number(self.total)}"

    @cached_property
    def latex(self) -> str:
        """The explanation as LaTeX, an `aligned` block."""
        whole = self.symbol.latex
        symbols, numbers = [], []
        for way in self.ways:
            shown, left_out = _ends(way.factors)
            dots = r" \cdots " if left_out else ""
            symbols.append(_joined([f.symbol.latex for f in shown], dots, r" \cdot "))
            numbers.append(_joined([_latex_number(f.number) for f in shown], dots, r" \cdot "))
        more = [rf"\text{{{self._left_out:,} more ways}}"] if self._left_out else []
        rest = [_latex_number(self.rest)] if self._left_out else []
        lines = [
            " + ".join(symbols + more) or "0",
            " + ".join(numbers + rest) or "0",
            Symbol(self.total).latex,
        ]
        body = "\n".join(rf"&= {line} \\" for line in lines).removesuffix(r" \\")
        return "\n".join([r"\begin{aligned}", whole, body, r"\end{aligned}"])

    @cached_property
    def mathml(self) -> str:
        """The explanation as a `<math>` element."""
        whole = self.symbol.tree
        lines: list[list[Tree]] = [[], [], [number_tree(number(self.total))]]
        for way in self.ways:
            shown, left_out = _ends(way.factors)
            trees = [f.symbol.tree for f in shown]
            _append_product(lines[0], trees, left_out)
            values = [tree_of(Symbol(f.number), 2) for f in shown]
            _append_product(lines[1], values, left_out)
        if self._left_out:
            lines[0] += [("mo", "+"), ("mtext", f"{self._left_out:,} more ways")]
            lines[1] += [("mo", "+"), tree_of(Symbol(self.rest), 2)]
        rows: list[Tree] = [
            ("mtr", ("mtd", whole if k == 0 else ("mrow",)), ("mtd", ("mo", "="), *line))
            for k, line in enumerate(lines)
            if line
        ]
        written = math_element(("mtable", *rows))
        written = written.replace("<mtable>", '<mtable displaystyle="true">')
        return written.replace("<mtd>", '<mtd style="text-align:left">')

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/html": f'<div style="overflow-x:auto;font-size:1.2em">{self.mathml}</div>',
            "text/latex": f"$$\n{self.latex}\n$$",
            "text/plain": str(self),
        }


def explain(root: Value, wrt: Value) -> Explanation:
    """Write out the chain rule: d root / d wrt as a sum over all ways from one to the other.

    Each way through the graph gives a product of local derivatives; their sum is what
    `root.backward()` leaves in `wrt.grad`, without visiting ways one by one. There can be more
    ways than atoms in the universe, so they are counted exactly, and some are written out.

    Nothing is changed: no `.grad` is touched.

    Args:
        root: A Value. Nodes are called by their labels, or by the names of the caller's variables.
        wrt: A Value that root was computed from (any other has the derivative 0).

    Raises:
        TypeError: root or wrt is not a Value: on tensors a local derivative is no single number.
        GraphError: nothing root was computed from requires a gradient.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> print(explain(x * x, x))
        dL/dx is a sum over 2 ways from x to L:
        <BLANKLINE>
          1  x → L    ∂L/∂x⁽¹⁾ = x = 3
          2  x → L    ∂L/∂x⁽²⁾ = x = 3
        <BLANKLINE>
        dL/dx = 3 + 3 = 6
    """
    for what, node in (("root", root), ("wrt", wrt)):
        if not isinstance(node, Node):
            raise TypeError(
                f"explain: {what} needs to be a Value, but got {described(node)}. Pass the node "
                "itself, as in explain(loss, w)."
            )
        if not isinstance(node, Value):
            raise TypeError(
                f"explain: {what} needs to be a Value, but got a {type(node).__name__}. On tensors "
                "a way has no single number; backprop() shows their products, and "
                "model.scalars() gives a model of Values."
            )
    if not root.requires_grad:
        raise GraphError("explain: the root is a constant, so it has no derivative.")
    nodes = topological(root)
    if wrt not in set(nodes):
        nodes = [wrt, *nodes]
    names, _ = all_names(nodes, sys._getframe(1))
    names.setdefault(wrt, "constant")
    return Explanation(root, wrt, names)


def _ends(factors: tuple[Factor, ...]) -> tuple[tuple[Factor, ...], int]:
    """Of a long way the factors at its ends, and how many are left out between them."""
    left_out = len(factors) - _LONGEST_WAY
    if left_out <= 0:
        return factors, 0
    half = _LONGEST_WAY // 2
    return (*factors[:half], *factors[-half:]), left_out


def _joined(texts: list[str], more: str, times: str = " · ") -> str:
    if not more:
        return times.join(texts)
    half = len(texts) // 2
    return times.join(texts[:half]) + more + times.join(texts[half:])


def _bracketed(text: str, first: bool = False) -> str:
    return f"({text})" if text.startswith("-") and not first else text


def _latex_number(x: float) -> str:
    latex = Symbol(x).latex
    return rf"\left({latex}\right)" if latex.startswith("-") else latex


def _append_product(line: list[Tree], factors: list[Tree], left_out: int) -> None:
    if line:
        line.append(("mo", "+"))
    half = len(factors) // 2
    for k, factor in enumerate(factors):
        if k:
            line.append(("mo", "·"))
        if left_out and k == half:
            line += [("mo", "⋯"), ("mo", "·")]
        line.append(factor)
