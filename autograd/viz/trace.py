"""The trace: what is known of a graph, made once from the engine's nodes, for whoever shows it.

Pictures, explanations, texts, films and pages are readers of it. None of them looks into the
engine, the rulebook or formulas by itself: a node is a key to them, and what it is called, how it
was made, what its local derivatives are and how many paths lead from it is asked here.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from autograd.errors import GraphError, ShapeError
from autograd.node import Node, topological
from autograd.op import Elementwise
from autograd.tensor import Tensor
from autograd.value import Value
from autograd.viz import notation
from autograd.viz.boxes import Box, boxes_of
from autograd.viz.graph import Kind
from autograd.viz.names import names_of
from autograd.viz.notation import Derivative
from autograd.viz.symbols import (
    Symbol,
    for_reading,
    index_text,
    symbolic_partial,
    value_of,
    without_bounds,
)
from autograd.viz.text import SUBSCRIPTS, array_text, number, numbers, printable

if TYPE_CHECKING:
    from autograd.arrays import Number

Formula = Symbol
"""A formula: a small tree that is written as text, LaTeX and MathML."""

__all__ = [
    "Box",
    "Formula",
    "LargeArray",
    "Node",
    "Trace",
    "all_names",
    "is_array",
    "is_node",
    "number_of",
    "snapshot",
    "unused",
]

Paths = tuple[dict[Node, int], dict[Node, float]]

LONGEST_NAME = 14
"""A longer name would tear the lines of a formula apart."""

LONGEST_WAY, MOST_WORDS = 24, 3
"""Of a way through a model: in_proj_weight[0], or conv1.weight to tell it from conv2.weight."""

SMALL = 36
"""Arrays of at most so many elements are kept as they were at the time, and written out."""

REMARKS = (
    "\ue000 is not a number at \ue001, so it has no derivative there: \ue003 is only what the "
    "formula of \ue002 gives.",
    "At \ue001, \ue000 = \ue004 and the formula of \ue002 gives \ue003: there is no derivative, or "
    "none that a float can hold.",
)
"""What is said of a result that is no number, and of one that is or whose derivative is not finite.

The holes are for its name, its operands, the derivative and its number, and its own.
"""

REMARK_OF_ARRAY = (
    "{} or its derivative is not finite in {} of {} elements, although the operands are: there is "
    "no derivative there, or none that a float can hold."
)

_LARGEST_LOCAL_DERIVATIVE = 10_000  # elements; computing more for one label is not worth it


class Trace:
    """A graph as it is shown.

    Args:
        root: The result.
        frame: The running function whose variables give names; by default the caller.
        given: Variables by name that count before those.
        more: Further nodes that are to have names.

    Attributes:
        root: The result.
        nodes: Every node the root was made from, each after its operands; the root is last.
        names: What each node is called in code. An unnamed constant has no entry: it is its number.
        abbreviated: For each name that is short for a long label or variable, that.
        found: The nodes whose names are labels or the caller's variables.
        joined: For each result of a box that `close` closed, the operands, and its derivatives.
    """

    def __init__(
        self,
        root: Node,
        frame: FrameType | None = None,
        given: Mapping[str, Any] | None = None,
        more: Sequence[Node] = (),
    ) -> None:
        self.root = root
        self.joined: dict[Node, tuple[tuple[Node, ...], tuple[float, ...]]] = {}
        self._paths: dict[tuple[Box | None, Node], Paths] = {}
        order = topological(root)
        known = set(order) if more else ()
        self.nodes = (*(node for node in more if node not in known), *order)
        found = names_of(set(self.nodes), frame or sys._getframe(1), given)
        self.found = frozenset(found)
        self.names, self.abbreviated = all_names(self.nodes, found)

    # --- what a node is -----------------------------------------------------------------------

    def code(self, node: Node) -> str:
        """What a node is called in code, in full; "" if it has no name of its own."""
        name = self.names.get(node, "")
        return self.abbreviated.get(name, name)

    def value(self, node: Node) -> Any:
        """The number or array of a node."""
        return node.data

    def gradient(self, node: Node) -> Any:
        """The gradient that has arrived at a node so far; None where nothing has."""
        return node._grad

    def kind(self, node: Node) -> Kind:
        """What a node is."""
        if node.op is not None:
            return "operation"
        return "leaf" if node.requires_grad else "constant"

    def sign(self, node: Node) -> str:
        """The symbol of the operation that made a node, of an entry its index; "" of a leaf."""
        if self.operation(node) == "getitem":
            return f"[{index_text(getattr(node, 'params', {}).get('index'))}]"
        return printable(node.op.symbol) if node.op else ""

    def operation(self, node: Node) -> str:
        """The name of the operation that made a node; "" of a leaf."""
        return node.op.name if node.op else ""

    def is_by_elements(self, node: Node) -> bool:
        """Whether the operation works number by number."""
        return isinstance(node.op, Elementwise)

    def given_arguments(self, node: Node) -> list[tuple[str, str]]:
        """What was given besides operands and is not to be read off shape or sign: axis, index."""
        params = getattr(node, "params", {})
        wanted = ("axis", "axes", "index" if self.operation(node) != "getitem" else "")
        given = [(name, params[name]) for name in wanted if name in params]
        texts = [
            (name, index_text(x) if name == "index" else " ".join(repr(x).split()))
            for name, x in given
            if x is not None
        ]
        return [(name, text if len(text) <= 24 else text[:23] + "…") for name, text in texts]

    def operands(self, node: Node) -> tuple[str | float, ...]:
        """What the node's operands are called; an unnamed constant is its number."""
        return tuple(self.names.get(parent) or number_of(parent) for parent in node.parents)

    # --- formulas -----------------------------------------------------------------------------

    def formula(self, node: Node, operands: Sequence[str | float] | None = None) -> Symbol:
        """How a node was made, in symbols, or with these operands."""
        assert node.op is not None
        given = self.operands(node) if operands is None else operands
        return Symbol.of(node.op, given, getattr(node, "params", {}))

    def result_of(self, node: Node, numbers: Sequence[float]) -> float:
        """What made a node, of other numbers; one written by hand gives what it gave."""
        assert node.op is not None
        if not hasattr(node.op, "forward"):  # as a micrograd program sets its `_backward`
            return float(node.data)
        inputs = [np.asarray(x, np.float64) for x in numbers]
        with np.errstate(all="ignore"):
            return float(node.op.compute(inputs, getattr(node, "params", {})))

    def partial(self, node: Node, position: int) -> Derivative:
        """The local derivative of a node by an operand, with its place if it has several."""
        parents = self.parents(node)
        parent = parents[position]
        times = sum(one is parent for one in parents)
        return Derivative(
            self.names[node], self.names[parent], "∂", position + 1 if times > 1 else 0
        )

    def partial_formula(
        self,
        node: Node,
        position: int,
        operands: Sequence[str | float] | None = None,
        name: str = "",
    ) -> Symbol | None:
        """The local derivative as a formula, or with these names; None for whole arrays."""
        if not isinstance(node.op, Elementwise) or node in self.joined:
            return None
        given = self.operands(node) if operands is None else operands
        formula = symbolic_partial(node.op, position, given, name or self.names[node])
        return formula if self.is_bounded(node, position) else for_reading(formula)

    def is_bounded(self, node: Any, position: int) -> bool:
        """Whether a bound counts that is to keep a derivative finite, as of log(p) at p = 0."""
        op, operands = node.op, [self.value(x) for x in node.parents]
        plain = without_bounds(op, position) if isinstance(op, Elementwise) else None
        if plain is None or not all(isinstance(x, (float, np.ndarray)) for x in operands):
            return False
        values = dict(zip(("x", "y"), map(np.asarray, operands), strict=False), o=node.data)
        with np.errstate(all="ignore"):
            found = np.asarray(value_of(plain, values), np.float64)
            return not np.allclose(found, node.local_derivative(position), 1e-5, 0.0)

    def partial_number(self, node: Any, position: int) -> float | None:
        """The local derivative as a number; None where it is not a single one."""
        if isinstance(node, Value):
            return node.local_derivative(position) if isinstance(node.op, Elementwise) else None
        if not isinstance(node.data, np.ndarray) or node.size > _LARGEST_LOCAL_DERIVATIVE:
            return None
        if any(parent._version.number > node._seen for parent in node.parents):
            return None  # an operand was overwritten: it would be the derivative somewhere else
        array = node.local_derivative(position)
        return array.item() if array is not None and array.size == 1 else None

    def remark(self, node: Any, position: int) -> str:
        """What a derivative does not tell: that of finite operands came none, or no finite one."""
        out, given = self.value(node), [self.value(x) for x in node.parents]
        numbers = all(isinstance(x, (float, np.ndarray)) for x in (out, *given))
        if node in self.joined or not isinstance(node.op, Elementwise) or not numbers:
            return ""
        with np.errstate(all="ignore"):
            local = np.asarray(node.local_derivative(position), np.float64)
            odd = ~np.isfinite(out + local)
        for x in given:
            odd = odd & np.isfinite(x)
        if not odd.any():
            return ""
        name = notation.name(self.names[node]).text
        if odd.size > 1:
            return REMARK_OF_ARRAY.format(name, odd.sum(), odd.size)
        named = dict.fromkeys(x for x in node.parents if x in self.names)
        where = [
            f"{notation.name(self.names[x]).text} = {array_text(self.value(x))}" for x in named
        ]
        symbol, said = self.partial(node, position).text, number(local.item())
        holes = [name, ", ".join(where), symbol, said, array_text(out)]
        template = REMARKS[0 if np.isnan(out).any() else 1]
        return re.sub("[\ue000-\ue004]", lambda hole: holes[ord(hole[0]) - 0xE000], template)

    # --- boxes --------------------------------------------------------------------------------

    @cached_property
    def boxes(self) -> list[Box]:
        """The outermost parts of the graph that can be shown as one box, with those in them."""
        named = {node: self.code(node) for node in self.nodes if node in self.found}
        return boxes_of(self.nodes, named, self.uses)

    # --- paths --------------------------------------------------------------------------------

    @cached_property
    def uses(self) -> dict[Node, list[tuple[Node, int]]]:
        """For each node, what it is an operand of, and in which place."""
        uses: dict[Node, list[tuple[Node, int]]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            for i, parent in enumerate(self.parents(node)):
                uses.setdefault(parent, []).append((node, i))
        return uses

    def parents(self, node: Node) -> Sequence[Node]:
        """The operands of a node, or of the closed box that results in it."""
        return self.joined[node][0] if node in self.joined else node.parents

    def close(self, boxes: Iterable[Box]) -> None:
        """Let boxes of numbers with one result count as one operation in every path from now on."""
        for box in boxes:
            if len(box.results) == 1 and box.is_of_numbers:
                factors = self.factors(box)
                self.joined[box.results[0]] = tuple(factors), tuple(factors.values())
                inside = {*box.nodes} - {*box.results}
                self.nodes = tuple(node for node in self.nodes if node not in inside)
                self.__dict__.pop("uses", None)
                self._paths.clear()

    def factors(self, box: Box, top: Node | None = None) -> dict[Node, float]:
        """The local derivatives of a result of a box by each operand; {} of a box of arrays."""
        top = box.results[0] if top is None else top
        known = (box, top) in self._paths or box.is_of_numbers
        totals = self.paths(top, box)[1] if known else {}
        return {node: totals[node] for node in box.operands if node in totals}

    def paths(self, top: Node, box: Box | None = None) -> Paths:
        """For each node, how many paths lead from it to `top`, and the sum of their products."""
        if (box, top) not in self._paths:
            self._paths[box, top] = self._paths_through(
                self.nodes if box is None else box.nodes, top
            )
        return self._paths[box, top]

    def _paths_through(self, nodes: Sequence[Node], top: Node) -> Paths:
        counts: dict[Node, int] = {top: 1}
        totals: dict[Node, float] = {top: 1.0}
        for node in reversed(nodes):
            if node not in counts:
                continue
            for i, parent in enumerate(self.parents(node)):
                if parent.requires_grad:
                    product = totals[node] * self.exact_number(node, i)
                    counts[parent] = counts.get(parent, 0) + counts[node]
                    totals[parent] = totals[parent] + product if parent in totals else product
        return counts, totals

    def counts(self, start: Node) -> dict[Node, int]:
        """For each node, how many paths lead to it from `start`; those without one are left out."""
        counts = {start: 1}
        for node in self.nodes:
            if node is not start and (n := sum(counts.get(p, 0) for p in self.parents(node))):
                counts[node] = n
        return counts

    def exact_number(self, node: Any, position: int) -> float:
        """The local derivative of a Value by one of its operands, a factor of a product.

        Raises:
            GraphError: what it was made by has a gradient of its own, which need not be a product.
        """
        if node in self.joined:
            return self.joined[node][1][position]
        local: float | None = node.local_derivative(position)
        if local is None:
            raise _no_factor(node)
        return local

    def entry_number(
        self, node: Node, position: int, place: tuple[int, ...], at: tuple[int, ...]
    ) -> float:
        """The derivative of one entry of a node by one of an operand: the rule, of a unit."""
        if not isinstance(node, Tensor):
            return self.exact_number(node, position)
        op, pullback = node.op, getattr(node.op, "pullback", None)
        if op is None or pullback is None:
            raise _no_factor(node)
        unit = np.zeros(np.shape(node.data), np.float64)
        unit[place] = 1.0

        def pulled(result: Any, inputs: Sequence[Any]) -> float:
            return float(np.asarray(pullback(position, unit, result, inputs, node.params))[at])

        with np.errstate(all="ignore"):
            local = pulled(node._data, tuple(node._inputs))
            if math.isnan(local):  # of 0 · nan, where other entries are nan or inf?
                finite = [_filled(node._inputs, number) for number in (0.5, 0.25)]
                one, other = (pulled(op.compute(x, node.params), x) for x in finite)
                return one if one == other else local
        return local

    def entry(self, node: Tensor) -> tuple[Node, tuple[int, ...]] | None:
        """W and the index of `W[2, 0]`, which is no part of the graph; None for other nodes.

        Raises:
            ShapeError: it is a part of W that has several elements.
        """
        known, views, array = set(self.nodes), [], node
        while array not in known and self.operation(array) in _VIEWS:
            views.append(array)
            array = array.parents[0]
        if not views or array not in known:
            return None
        places = np.arange(np.size(array.data)).reshape(np.shape(array.data))
        for view in reversed(views):
            assert view.op is not None
            places = np.asarray(view.op.compute([places], view.params))
        if places.size != 1:
            name = self.names.get(array, "the array")
            raise ShapeError(
                f"explain: wrt is a part of {name} with {places.size} elements. Ask for one entry, "
                f"{name}[{', '.join('0' * np.ndim(array.data))}] or another, or for all of {name}."
            )
        index = np.unravel_index(int(places.item()), np.shape(array.data))
        return array, tuple(map(int, index))


_VIEWS = {"getitem", "transpose", "reshape"}


def _filled(arrays: Sequence[Any], number: float) -> list[Any]:
    """The arrays with a number in place of those that are nan or inf."""
    return [
        np.where(np.isfinite(x), x, number) if np.asarray(x).dtype.kind == "f" else x
        for x in arrays
    ]


def _no_factor(node: Any) -> GraphError:
    return GraphError(
        f"explain: the gradient of {node.op.name} is not made of local derivatives, so it is no "
        "factor of a product. backprop() shows what it does."
    )


def is_node(thing: object) -> TypeGuard[Node]:
    """Whether something is a node of the engine."""
    return isinstance(thing, Node)


def is_array(node: Node) -> bool:
    """Whether a node holds an array, not a single float."""
    return isinstance(node, Tensor)


def all_names(
    nodes: Sequence[Node], found: Mapping[Node, str]
) -> tuple[dict[Node, str], dict[str, str]]:
    """A short name of its own for every node but unnamed constants, and what was abbreviated.

    No two are written alike, but for constant arrays of the same numbers: an operation keeps a copy
    of what it is given, so three of them are what attention was given three times.

    A way through a model such as `model.layers[0].w[1]` is abbreviated to its last word with all
    its numbers, w[0][1], or to as many words as tell it from others, as conv1.weight; any other
    text too long for a formula to v1.
    """
    wanted = {
        node: printable(" ".join(name.split())) for node, name in found.items() if name.strip()
    }
    short = _told_apart(wanted)
    taken = {_written(name) for name in short.values() if name}
    names_of_users = {name.translate(_RAISED) for name in taken}
    names_of_users |= {name[0] for name in short.values() if name[1:2] == "["}
    numbers: dict[str, Iterator[str]] = {}

    def numbered(stem: str, first: int = 1) -> str:
        names = numbers.setdefault(stem, _numbered(stem, first))
        return next(name for name in names if _written(name) not in taken)

    arrays: dict[tuple[Any, ...], list[tuple[Any, str]]] = {}  # by shape and a sample

    def of_constant(array: Any) -> str:
        if not isinstance(array, np.ndarray):  # one of Dask's may not exist yet
            return numbered("c")
        sample = array.flat[:: 1 + array.size // 64].tobytes()
        alike = arrays.setdefault((array.shape, sample), [])
        name = next((name for other, name in alike if np.array_equal(array, other)), "")
        if not name:
            alike.append((array, name := numbered("c")))
        return name

    names: dict[Node, str] = {}
    abbreviated: dict[str, str] = {}
    used: set[str] = set()
    # A long graph is mostly of nodes without a name, so for these the way is short.
    stem = next((s for s in "vuts" if s not in names_of_users), "v")  # v₁ beside a v is its entry
    unnamed = (f"{stem}{k}" for k in count(1) if f"{stem}{k}" not in names_of_users)
    for node in nodes:
        if node.op is not None and node not in short and node is not nodes[-1]:
            names[node] = next(unnamed)
            continue
        name = short.get(node, "")
        if node in short and not name:
            name = next(unnamed)
        elif _written(name) in used:  # two nodes with one label
            name = numbered(f"{name}_", first=2)
        elif not name and node is nodes[-1] and "L" not in taken:
            name = "L"
        elif not name and number_of(node) is None:
            name = next(unnamed) if node.requires_grad else of_constant(node.data)
        if name:
            names[node] = name
            used.add(_written(name))
            if short.get(node, name) != wanted.get(node, name):
                abbreviated[name] = wanted[node]
    return names, abbreviated


def _written(name: str) -> str:
    """A name as it is written; most are a letter with a number, for which the way is short."""
    if name[1:].isdecimal() and name[0].isascii() and name[0].isalpha():
        return name[0] + name[1:].translate(_LOWERED)
    return notation.name(name).text


_LOWERED = str.maketrans(SUBSCRIPTS)
_RAISED = str.maketrans({lowered: digit for digit, lowered in SUBSCRIPTS.items()})


def unused(stem: str, codes: Iterable[str]) -> str:
    """The first of L1, L2, … that is not written like one of these names."""
    used = set(map(_written, codes))
    return next(name for name in _numbered(stem) if _written(name) not in used)


def _numbered(stem: str, first: int = 1) -> Iterator[str]:
    return (f"{stem}{k}" for k in count(first))


def _told_apart(wanted: Mapping[Node, str]) -> dict[Node, str]:
    """A short name for each node; where some would share one, all of that word have a word more.

    Beside out.weight[0], weight[1] is hidden.weight[1] as well: the two are one matrix.
    """
    short = {node: _short(name) for node, name in wanted.items()}
    alike: dict[str, list[Node]] = {}
    for node, name in short.items():
        word = name[: name.index("[")] if "[" in name else name
        alike.setdefault(word, []).append(node)
    for nodes in (nodes for word, nodes in alike.items() if word and len(nodes) > 1):
        distinct = len({wanted[node] for node in nodes})
        if len({short[node] for node in nodes}) == distinct:
            continue
        for words in range(2, MOST_WORDS + 1):
            longer = [_short(wanted[node], words) or short[node] for node in nodes]
            if len(set(longer)) == distinct:
                short.update(zip(nodes, longer, strict=True))
                break
    return short


def _short(name: str, words: int = 1) -> str:
    """A name that fits into a formula, of so many words; "" for a text that has none.

    Example:
        >>> (
        ...     _short("mlp.layers[1].neurons[0].w[2]"),
        ...     _short("net.0.weight"),
        ...     _short("net.blocks.0.norm.weight", words=2),
        ...     _short("2*x0 + 3*x1 + 4*x2"),
        ... )
        ('w[1][0][2]', 'weight[0]', 'norm.weight[0]', '')
    """
    way = re.fullmatch(r"[^\W\d]\w*(\.\w+|\[-?\d+(,-?\d+)*\])*", name)
    longest = LONGEST_NAME
    if way and "." in name:
        longest = LONGEST_WAY
        parts = re.findall(r"(?<!\w)[^\W\d]\w*", name)
        indices = re.findall(r"[.\[,](\d+)(?!\w)", name)
        name = ".".join(parts[-words:]) + "".join(f"[{i}]" for i in indices)
    return name if len(name) <= longest else ""


def number_of(node: Node) -> Any:
    """The number that an unnamed constant is written as; None for any other node."""
    is_constant = node.op is None and not node.requires_grad
    return np.asarray(node.data).item() if is_constant and np.size(node.data) == 1 else None


class LargeArray(tuple[int, ...]):
    """What is kept of a large array: its shape, and its smallest and largest number as text."""

    summary: str = ""


def snapshot(node: Node) -> Number | LargeArray:
    """The node's number or array as it is now; of a large array only a summary."""
    if not isinstance(node, Tensor):
        return node.data
    data = node.data
    if data.size <= SMALL:
        return data.copy()
    large = LargeArray(data.shape)
    large.summary = " ".join(numbers(data.reshape(-1)))
    return large
