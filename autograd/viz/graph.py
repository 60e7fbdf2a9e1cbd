"""What is drawn: the nodes and edges of a picture, as text, without places or colours."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograd.node import Node, topological
from autograd.tensor import Tensor
from autograd.viz.text import NOT_REACHED, lines_of, number, numbers, printable, shape_text

Kind = Literal["leaf", "operation", "constant"]

FOLDED_TO = 60
"""How many nodes are drawn of a graph too large to be drawn whole: as many as can be read."""

LEGEND = "The number on an arrow from x to v is ∂v/∂x: how v changes with x alone."

_LARGEST_LOCAL_DERIVATIVE = 10_000  # elements; computing more for one edge label is not worth it


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """One node of a picture.

    Attributes:
        id: "n7" for `topological(root)[7]`, whatever part of the graph is drawn.
        kind: What it is, told by its shape.
        symbol: The operation's symbol; "" if it is none.
        name: The lines of its name; () if it has none.
        rows: What is written below: (what, text) pairs such as ("data", "0.5"); a row that goes
            on with the one before has an empty `what`.
        output: Whether it is the root.
        folded: Whether its operands are left out.
        marked: Whether it is to stand out.
        changed: Which rows differ from those of the picture beside this one.
    """

    id: str
    kind: Kind
    symbol: str
    name: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    output: bool = False
    folded: bool = False
    marked: bool = False
    changed: frozenset[int] = frozenset()

    @property
    def title(self) -> str:
        """Name and symbol in one line: "o = tanh"."""
        name = " ".join(self.name)
        return f"{name} = {self.symbol}" if name and self.symbol else name or self.symbol

    @property
    def is_bare(self) -> bool:
        """Whether it is just a number, which needs no heading: the 2 in `2 * x`."""
        return self.kind == "constant" and len(self.rows) == 1 and not self.name

    @property
    def sentence(self) -> str:
        """Everything known of it in one line."""
        rows = [f"{what} {text}".strip() for what, text in self.rows]
        return ", ".join([self.title or self.kind, *rows])


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """One operand of an operation; `x * x` has two.

    Attributes:
        tail: The id of the operand.
        head: The id of the operation.
        operand: Its position among the operands, from 0.
        label: The local derivative, d head / d tail, where it is a single number; else "".
        flows: Whether a gradient flows along it, which it does not to a constant.
        marked: Whether it is to stand out.
        room: A text that the label has room for, too, since it may change.
    """

    tail: str
    head: str
    operand: int
    label: str
    flows: bool
    marked: bool = False
    room: str = ""

    @property
    def id(self) -> str:
        """Such as "n7.0" for the first operand of n7."""
        return f"{self.head}.{self.operand}"


@dataclass(frozen=True, slots=True)
class DrawnGraph:
    """What is drawn.

    Attributes:
        nodes: Each after its operands; the output is last.
        edges: By operation, then by operand.
        total: How many nodes the whole graph has.
        remark: A further caption.
    """

    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]
    total: int
    remark: str = ""

    @property
    def note(self) -> str:
        """What is left out; "" if nothing is."""
        if len(self.nodes) == self.total or any(node.id.startswith("g") for node in self.nodes):
            return ""
        return (
            f"{len(self.nodes):,} of {self.total:,} nodes are drawn, those nearest to the output. "
            "What led to the nodes marked ⋯ is left out."
        )

    @property
    def captions(self) -> tuple[str, ...]:
        """What is written below the picture."""
        labelled = any(edge.label for edge in self.edges)
        legend = LEGEND if labelled else ""
        return tuple(filter(None, (self.note, self.remark, legend)))

    @property
    def sentence(self) -> str:
        """The picture in words, for those who cannot see it."""
        counts = [(kind, sum(n.kind == kind for n in self.nodes)) for kind in _KINDS]
        parts = ", ".join(_counted(many, kind) for kind, many in counts if many)
        leaves = [" ".join(n.name) for n in self.nodes if n.kind == "leaf" and n.name]
        named = (
            f" Leaves: {', '.join(leaves[:20])}{', …' if leaves[20:] else ''}." if leaves else ""
        )
        note = f" {self.note}" if self.note else ""
        return (
            f"Computation graph of {_counted(len(self.nodes), 'node')} ({parts})."
            f"{named} Output: {self.nodes[-1].sentence}.{note}"
        )


_KINDS: tuple[Kind, ...] = ("leaf", "operation", "constant")


def drawn_graph(
    root: Node, find_names: Callable[[set[Node]], dict[Node, str]], max_nodes: int
) -> DrawnGraph:
    """Decide what a picture of the graph of `root` shows.

    Args:
        root: The output.
        find_names: Asked once, with the nodes that are drawn, for the names of those that have one.
        max_nodes: Of a graph with more nodes, only the part nearest to the root is drawn.
    """
    order = topological(root)
    whole = len(order) <= max_nodes
    shown, folded = nearest(root, len(order) if whole else min(max_nodes, FOLDED_TO))
    names = find_names(shown)
    ids = {node: f"n{i}" for i, node in enumerate(order) if node in shown}
    drawn = operands_first(root, folded)
    with np.errstate(all="ignore"):  # a picture does not warn of numbers that are there already
        nodes = tuple(
            drawn_node(node, ids[node], names.get(node, ""), node is root, node in folded)
            for node in drawn
        )
        edges = tuple(
            drawn_edge(node, k, ids[parent], ids[node])
            for node in drawn
            if node not in folded
            for k, parent in enumerate(node.parents)
        )
    return DrawnGraph(nodes, edges, len(order))


def drawn_node(node: Node, id_: str, name: str, output: bool, folded: bool) -> DrawnNode:
    """What is shown of a node."""
    return DrawnNode(
        id=id_,
        kind=kind_of_node(node),
        symbol=printable(node.op.symbol) if node.op else "",
        name=lines_of(name),
        rows=tuple(_rows(node)),
        output=output,
        folded=folded,
    )


def drawn_edge(node: Node, k: int, tail: str, head: str) -> DrawnEdge:
    """What is shown of operand k of a node."""
    flows = node.parents[k].requires_grad
    return DrawnEdge(tail, head, k, _local_derivative(node, k) if flows else "", flows)


def nearest(root: Node, most: int) -> tuple[set[Node], set[Node]]:
    """The nodes nearest to the root, at most so many, and those among them to be folded.

    A node is shown with all of its operands or with none of them.
    """
    shown = {root}
    folded = set()
    queue = deque([root])
    while queue:
        node = queue.popleft()
        fresh = set(node.parents) - shown
        if len(shown) + len(fresh) > most:
            folded.add(node)
            continue
        for parent in node.parents:
            if parent not in shown:
                shown.add(parent)
                queue.append(parent)
    return shown, folded


def operands_first(root: Node, folded: set[Node]) -> list[Node]:
    """What is drawn, in the order in which a formula names it: left operands before right ones.

    A layout starts from this order, so that `a` stands above `b` in `a - b`.
    """
    order: list[Node] = []
    seen = set()
    stack = [(root, False)]
    while stack:
        node, operands_done = stack.pop()
        if operands_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node not in folded:
                stack.extend((parent, False) for parent in reversed(node.parents))
    return order


def kind_of_node(node: Node) -> Kind:
    """What a node is."""
    if node.op is not None:
        return "operation"
    return "leaf" if node.requires_grad else "constant"


def _rows(node: Node) -> list[tuple[str, str]]:
    rows = []
    if isinstance(node, Tensor) and (node.shape or node.requires_grad):
        rows.append(("shape", shape_text(node.shape)))
        rows += _parameters(node)
    rows += _labelled("data", numbers(node.data))
    if node.requires_grad:
        reached = node._grad is not None
        rows += _labelled("grad", numbers(node._grad) if reached else (NOT_REACHED,))
    return rows


def _labelled(what: str, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(what if i == 0 else "", text) for i, text in enumerate(texts)]


def _parameters(node: Tensor) -> list[tuple[str, str]]:
    """What was given besides operands and is not to be read off the shape: an axis, an index."""
    given = [(name, node.params[name]) for name in ("axis", "axes", "index") if name in node.params]
    texts = [(name, " ".join(repr(x).split())) for name, x in given if x is not None]
    return [(name, text if len(text) <= 24 else text[:23] + "…") for name, text in texts]


def _local_derivative(node: Any, k: int) -> str:
    if isinstance(node, Tensor):
        if not isinstance(node.data, np.ndarray) or node.size > _LARGEST_LOCAL_DERIVATIVE:
            return ""
        if any(parent._version.number > node._seen for parent in node.parents):
            return ""  # an operand was overwritten: it would be the derivative somewhere else
        array = node.local_derivative(k)
        return number(array.item()) if array is not None and array.size == 1 else ""
    local = node.local_derivative(k)
    return "" if local is None else number(local)


def _counted(many: int, what: str) -> str:
    plural = {"leaf": "leaves"}.get(what, f"{what}s")
    return f"{many:,} {what if many == 1 else plural}"
