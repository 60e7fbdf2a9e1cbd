"""The chain rule written out: every path on which one node acts on another.

>>> from autograd import Value, explain
>>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
>>> y = x * w
>>> z = y * y + w
>>> print(explain(z, w))
dz/dw is a sum over 3 paths from w to z:
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import FrameType
from typing import Any
from warnings import warn

from autograd.checks import came, check_int, kind
from autograd.errors import GraphError
from autograd.viz import notation
from autograd.viz.boxes import closed_in_words
from autograd.viz.equation import LONGEST, Sum, product, shortened
from autograd.viz.explain_arrays import ArrayExplanation, EntryExplanation
from autograd.viz.notation import Derivative
from autograd.viz.steps import Pass
from autograd.viz.text import aligned, number
from autograd.viz.trace import Formula, Node, Trace, is_array, is_node
from autograd.viz.tree import Tree, aligned_rows, number_tree, remark_rows
from autograd.viz.written import Written

MOST_PATHS = 12
"""Of more paths, so many are written out; the others are counted and their sum is given."""


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One local derivative: d node / d its operand.

    Attributes:
        symbol: How it is written: ∂y/∂x.
        number: Its number.
        formula: Its formula, in terms of the operands and the result.
        remark: What the number does not tell: that there is no derivative.
    """

    symbol: Derivative
    number: float
    formula: Formula
    remark: str


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One path: its factors, from the root down, their product's number, and what is moved."""

    factors: tuple[Factor, ...]
    number: float
    start: str

    @property
    def nodes(self) -> str:
        """Its nodes, from what is moved to what moves: "w → y → z"."""
        codes = [self.start, *(f.symbol.top for f in self.factors[::-1])]
        names = [notation.name(code).text for code in codes]
        longest = LONGEST + 1  # where every factor is written, so is every node
        return " → ".join(shortened(names, longest, f"… {len(names) - LONGEST} more …"))

    @property
    def product(self) -> tuple[list[Derivative], list[float]]:
        """Its factors in symbols, and their numbers."""
        return [f.symbol for f in self.factors], [f.number for f in self.factors]


class Explanation(Written):
    """The derivative of one node with respect to another, path by path. Made by `explain`.

    Printed, it is text; a notebook shows it as formulas.

    Attributes:
        root: The node that is differentiated.
        wrt: The node with respect to which.
        count: How many paths there are, exactly.
        paths: Those that are written out: all of them, or the first twelve.
        total: The derivative, which is the sum over all paths.
        latex: The explanation as LaTeX.
        mathml: The explanation as MathML.
    """

    def __init__(self, trace: Trace, wrt: Node) -> None:
        self._trace = trace
        self.root, self.wrt = trace.root, wrt
        counts, totals = trace.paths(trace.root)
        self.count, self.total = counts.get(wrt, 0), totals.get(wrt, 0.0)

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Those that are written out."""
        return tuple(self._written_out())

    def _written_out(self) -> Iterator[Path]:
        """The paths, found from `wrt` upwards with a stack: every way on leads to the root."""
        if self.count == 0:
            return
        found, known = 0, dict[tuple[Node, int], Factor]()
        # A path so far is a chain of pairs, (last use, path before it), so that paths share a tail.
        stack: list[tuple[Node, Any]] = [(self.wrt, None)]
        while stack and found < MOST_PATHS:
            node, chain = stack.pop()
            if node is self.root:
                found += 1
                factors = []
                while chain is not None:
                    use, chain = chain
                    if use not in known:  # paths share most of their factors
                        known[use] = self._factor(*use)
                    factors.append(known[use])
                numbers = (factor.number for factor in factors)
                yield Path(tuple(factors), math.prod(numbers), self.symbol.bottom)
                continue
            stack.extend((use[0], (use, chain)) for use in reversed(self._trace.uses[node]))

    def _factor(self, node: Node, i: int) -> Factor:
        trace = self._trace
        symbol, formula = trace.partial(node, i), trace.partial_formula(node, i)
        exact = trace.exact_number(node, i)
        formula = Formula(exact) if formula is None else formula
        return Factor(symbol, exact, formula, trace.remark(node, i))

    @property
    def symbol(self) -> Derivative:
        """How the total derivative is written: dL/dx."""
        return Derivative(self._trace.names[self.root], self._trace.names[self.wrt])

    @property
    def ways(self) -> tuple[Path, ...]:
        """What `paths` was called in version 0.1."""
        warn("Explanation.ways is called paths now.", DeprecationWarning, stacklevel=2)
        return self.paths

    @property
    def rest(self) -> float:
        """The sum over the paths that are not written out."""
        return self.total - math.fsum(path.number for path in self.paths)

    def __str__(self) -> str:
        whole = self.symbol.text
        start, end = (notation.name(code).text for code in (self.symbol.bottom, self.symbol.top))
        if self.wrt is self.root:
            return f"{whole} = 1: a node moves with itself. For what it does: explain(loss, {end})."
        if not self.count:
            return f"{whole} = 0: no path leads from {start} to {end}."
        ends = f"from {start} to {end}"
        one = f"{whole} is one product, for there is one path {ends}:"
        title = one if self.count == 1 else f"{whole} is a sum over {self.count:,} paths {ends}:"
        nodes = [path.nodes for path in self.paths]
        digits = len(str(len(nodes)))
        rows = [(x, self._line(path)) for x, path in zip(nodes, self.paths, strict=True)]
        lines = [
            f"  {k:>{digits}}  {x}    {line}".rstrip()
            for k, (x, line) in enumerate(aligned(rows), start=1)
        ]
        if self._left_out:
            lines.append(f"  … and {self._left_out:,} more paths, together {number(self.rest)}")
        return "\n".join([title, "", *lines, "", f"{whole} = {self._sum()}", *self._remarks])

    @property
    def _remarks(self) -> list[str]:
        """What is to be said of factors that are no derivatives."""
        said = dict.fromkeys(factor.remark for path in self.paths for factor in path.factors)
        return [*filter(None, said)]

    @property
    def _left_out(self) -> int:
        return self.count - len(self.paths)

    def _line(self, path: Path) -> str:
        """∂z/∂y · ∂y/∂w = y · x = (-6) · 2 = -12."""
        one = Sum([path.product], path.number)
        formulas = product([f.formula for f in path.factors], first=True)
        sides = dict.fromkeys(side.text for side in (one.symbols, formulas, one.numbers))
        outcome = "" if len(path.factors) == 1 else f" {one.outcome.text}"
        return " = ".join(sides) + outcome

    def _sum(self) -> str:
        if self.count == 1:
            return number(self.total)
        terms = [path.number for path in self.paths] + ([self.rest] if self._left_out else [])
        whole = Sum([((), [x]) for x in terms], self.total)
        return f"{whole.numbers.text} {whole.outcome.text}"

    @property
    def tree(self) -> Tree:
        """The explanation as a tree: the sum in symbols, formulas, numbers, and what it is."""
        if self.wrt is self.root or not self.count:
            return aligned_rows([(self.symbol.tree, [("mo", "="), ("mn", number(self.total))])])
        products: list[Any] = [path.product for path in self.paths]
        formulas: list[Any] = [([f.formula for f in path.factors], ()) for path in self.paths]
        if self._left_out:
            more = [Formula(f"{self._left_out:,} more paths")]
            products.append((more, [self.rest]))
            formulas.append((more, ()))
        symbols, *lines = Sum(products, self.total).lines_with(Sum(formulas, self.total).symbols)
        rest: list[tuple[Tree, list[Tree]]] = [(("mrow",), line) for line in lines]
        return aligned_rows([(self.symbol.tree, symbols), *rest, *remark_rows(self._remarks)])


class ChainExplanation(Written):
    """The derivative as the lecture writes it, through named variables. Made by `explain`.

    Attributes:
        nodes: From the root down to the variable: the nodes between which the factors stand.
        factors: Each a derivative of one of them by the next, on all paths between the two.
        total: Their product.
    """

    def __init__(self, trace: Trace, nodes: Sequence[Node]) -> None:
        self.nodes, names = tuple(nodes), trace.names
        pairs = list(pairwise(nodes))
        self.symbols = [Derivative(names[top], names[bottom]) for top, bottom in pairs]
        self.factors = [trace.paths(top)[1].get(bottom, 0.0) for top, bottom in pairs]
        self.total = math.prod(self.factors)
        self.symbol = Derivative(names[nodes[0]], names[nodes[-1]])
        self._sum = Sum([(self.symbols, self.factors)], self.total)

    def __str__(self) -> str:
        if len(self.factors) == 1:
            return f"{self.symbol.text} = {number(self.total)}"
        return self._sum.text(self.symbol)

    @property
    def tree(self) -> Tree:
        """The explanation as a tree."""
        if len(self.factors) == 1:
            return ("mrow", self.symbol.tree, ("mo", "="), number_tree(number(self.total)))
        return self._sum.tree(self.symbol)


class Explanations(Written, tuple[Any, ...]):
    """What every leaf of a root does to it, one explanation each. Made by `explain(root)`."""

    __slots__ = ()

    def __str__(self) -> str:
        shown = [str(one) for one in self[:MOST_PATHS]]
        if (more := len(self) - MOST_PATHS) > 0:
            shown.append(f"… and {more:,} more leaves")
        return "\n\n\n".join(shown)

    @property
    def _title(self) -> str:
        return ", ".join(one.symbol.text for one in self[:MOST_PATHS])

    @property
    def tree(self) -> Tree:
        """The explanations as a tree, below each other."""
        return "mtable", *(row for one in self[:MOST_PATHS] for row in one.tree[1:])


def explain(
    root: Node, wrt: Node | None = None, *, through: Any = (), depth: int | None = None
) -> Any:
    """Write out the chain rule: d root / d wrt, with every factor and its number.

    Of Values it is a sum over all paths from one to the other. Each path through the graph gives a
    product of local derivatives; their sum is what `root.backward()` leaves in `wrt.grad`, without
    visiting paths one by one. There can be more paths than atoms in the universe, so they are
    counted exactly, and some are written out.

    With `through` it is one line, as a lecture writes it: factors between named variables are
    taken together.

    Of Tensors it is one equation for each node between the two, with shapes: the rule of the
    operation. Of one entry, `W[2, 0]`, it is the chain rule of numbers.

    Nothing is changed: no `.grad` is touched.

    Args:
        root: A Value, or a Tensor with one element. Nodes are called by their labels, or by the
            names of the caller's variables.
        wrt: What root was computed from (a Value that it was not has the derivative 0); an entry
            of a Tensor, written as `W[2, 0]`. If left out, every leaf is explained.
        through: Values that every path passes, the nearest to root first; or "named", for all that
            have a name and that every path passes.
        depth: Of Values: take what a module computes together as one factor, to so many parts of
            its name, as `draw` does. Without it, so are sums of many terms, and compositions such
            as softmax; 0 opens every box.

    Raises:
        TypeError: root or wrt is not a node, or of two kinds; through or depth with Tensors.
        ValueError: a path does not pass what `through` names; the message lists it.
        GraphError: nothing root was computed from requires a gradient; wrt is an array that does
            not.
        ShapeError: root has several elements.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> print(explain(x * x, x))
        dL/dx is a sum over 2 paths from x to L:
        <BLANKLINE>
          1  x → L    ∂L/∂x⁽¹⁾ = x = 3
          2  x → L    ∂L/∂x⁽²⁾ = x = 3
        <BLANKLINE>
        dL/dx = 3 + 3 = 6
        >>> y_hat = (2 * x).tanh()
        >>> J = (y_hat - 1) ** 2
        >>> print(explain(J, x, through=[y_hat]))
        dJ/dx = dJ/dŷ · dŷ/dx = -2.458e-5 · 4.915e-5 = -1.208e-9
    """
    _check_is_node("root", root)
    if depth is not None:
        check_int("explain", "depth", depth, least=0)
    frame = sys._getframe(1)
    if not root.requires_grad:
        raise GraphError("explain: the root is a constant, so it has no derivative.")
    if is_array(root):
        if through != () or depth is not None:
            which = "depth" if through == () else "through"
            raise TypeError(
                f"explain: {which} is for Values; of Tensors every node is an equation."
            )
        return _explain_arrays(root, wrt, frame)
    if wrt is not None:
        _check_is_node("wrt", wrt)
        if is_array(wrt):
            raise TypeError(
                f"explain: wrt needs to be a Value, as root is one, but got {kind(wrt)}."
            )
    trace = Trace(root, frame, more=() if wrt is None else (wrt,))
    if wrt is None:
        leaves = [node for node in trace.nodes if trace.kind(node) == "leaf"]
        _close(trace, depth, leaves)
        return Explanations([Explanation(trace, leaf) for leaf in leaves])
    trace.names.setdefault(wrt, "constant")
    if is_node(through):
        through = (through,)
    named = through if isinstance(through, (list, tuple)) else ()
    _close(trace, depth, [wrt, *(node for node in named if is_node(node))])
    if isinstance(through, (list, tuple)) and not through:
        return Explanation(trace, wrt)
    return _through(trace, wrt, through)


def _close(trace: Trace, depth: int | None, asked: Sequence[Node]) -> None:
    """Close boxes, but not those inside of which something lies that is asked for."""
    wanted = set(asked)
    boxes = closed_in_words(trace.boxes, depth)
    trace.close(box for box in boxes if wanted.isdisjoint(set(box.nodes) - set(box.results)))


def _check_is_node(what: str, node: Node) -> None:
    if not is_node(node):
        raise TypeError(
            f"explain: {what} needs to be a Value or a Tensor, but got {came(node)}. Pass the "
            "node itself, as in explain(loss, w)."
        )


def _explain_arrays(root: Any, wrt: Any, frame: FrameType) -> Any:
    if wrt is not None:
        _check_is_node("wrt", wrt)
        if not wrt.requires_grad:
            raise GraphError(
                "explain: wrt is a constant, so nothing is differentiated by it. Make it, or the "
                "array it is an entry of, with requires_grad=True."
            )
    steps = Pass(root, root._seed(), frame, keep=False)
    if wrt is None:
        return Explanations([ArrayExplanation(steps, leaf) for leaf in steps.gradients])
    entry = steps.entry(wrt)
    if entry is not None:
        return EntryExplanation(steps, *entry)
    return ArrayExplanation(steps, wrt)


def _through(trace: Trace, wrt: Node, through: Any) -> ChainExplanation:
    root = trace.root
    counts = trace.paths(root)[0]
    everything = counts.get(wrt, 0)
    if through == "named":
        below = trace.counts(wrt)
        through = [
            node
            for node in reversed(trace.nodes)
            if node in trace.found
            and node not in (root, wrt)
            and counts.get(node, 0) * below.get(node, 0) == everything > 0
        ]
    if isinstance(through, str) or not isinstance(through, Sequence):
        wanted = "needs Values, the nearest to root first, or 'named'"
        raise TypeError(f"explain: through {wanted}, but got {came(through)}.")
    for node in through:
        _check_is_node("through", node)
    nodes = [root, *through, wrt]
    _check_each_once(trace, nodes)
    passing = math.prod(trace.paths(top)[0].get(bottom, 0) for top, bottom in pairwise(nodes))
    if passing != everything or (through and not everything):
        raise ValueError(_around(trace, wrt, through, everything, passing))
    return ChainExplanation(trace, nodes)


def _check_each_once(trace: Trace, nodes: Sequence[Node]) -> None:
    """Between root and wrt each node stands once: dJ/dJ is no factor of a lecture's line."""
    root, *through, wrt = nodes
    for k, node in enumerate(through):
        name = notation.name(trace.names.get(node, "it")).text
        if root is wrt:
            problem = "root and wrt are the same node, so nothing lies between them: leave it out"
        elif node in (root, wrt):
            problem = f"{name} is {'root' if node is root else 'wrt'} itself: leave it out"
        elif node in through[:k]:
            problem = f"it names {name} twice: name it once"
        else:
            continue
        raise ValueError(f"explain: through is for nodes between root and wrt, but {problem}.")


def _around(trace: Trace, wrt: Node, through: Any, everything: int, passing: int) -> str:
    """The paths that do not pass what they should, for the message that refuses them."""
    names = trace.names
    start, end = (notation.name(names[node]).text for node in (wrt, trace.root))
    if not everything:
        return (
            f"explain: through needs a path to pass, but none leads from {start} to {end}. The "
            "derivative is 0; explain without through says so."
        )
    wanted = [names.get(node, "what was given") for node in through]
    others = []
    for path in Explanation(trace, wrt).paths:
        met = [factor.symbol.top for factor in path.factors]
        if [code for code in met if code in wanted] != wanted:
            others.append(path.nodes)
    through_text = ", then ".join(notation.name(code).text for code in wanted)
    return (
        f"explain: through needs what every path from {start} to {end} passes, from {end} back, "
        f"but {everything - passing:,} of {everything:,} do not pass {through_text}: "
        f"{'; '.join(others[:5])}."
    )
