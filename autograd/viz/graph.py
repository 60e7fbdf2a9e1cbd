"""What is drawn: the nodes and edges of a picture, as text, without places or colours."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, TypeVar

from autograd.viz.text import counted

T = TypeVar("T")

Kind = Literal["leaf", "operation", "constant"]

FOLDED_TO = 60
"""How many nodes are drawn of a graph too large to be drawn whole: as many as can be read."""


LEGEND = "The number on an arrow from x to v is ∂v/∂x: how v changes with x alone."


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """One node of a picture.

    Attributes:
        id: "n7" for `topological(root)[7]`, whatever part of the graph is drawn.
        kind: What it is, told by its shape.
        symbol: The operation's symbol; "" if it is none.
        name: The lines of its name as it is written; () if it has none.
        code: What it is called in code, where it has a name of its own.
        least: So wide it is at least, for its numbers change.
        rows: What is written below: (what, text) pairs such as ("data", "0.5"); a row that goes
            on with the one before has an empty `what`.
        output: Whether it is the root.
        folded: Whether its operands are left out.
        marked: Whether it is to stand out.
    """

    id: str
    kind: Kind
    symbol: str
    name: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    output: bool = False
    folded: bool = False
    marked: bool = False
    code: str = ""
    least: float = 0.0

    @property
    def title(self) -> str:
        """Name in code and symbol in one line: "o = tanh"."""
        return self.titled(self.code or " ".join(self.name))

    def titled(self, name: str) -> str:
        """This name and the symbol in one line."""
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
        remark: What else is to be said of it.
        legend: What the numbers on arrows are; "" where that is said elsewhere.
    """

    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]
    total: int
    remark: str = ""
    legend: str = LEGEND

    @property
    def note(self) -> str:
        """What is left out, and the remark; "" if there is nothing to be said."""
        drawn = len({node.id.partition("~")[0] for node in self.nodes})  # a leaf drawn again is one
        if drawn == self.total or any(node.id.startswith("g") for node in self.nodes):
            return self.remark
        return (
            f"{drawn:,} of {self.total:,} nodes are drawn, those nearest to the output. "
            f"What led to the nodes marked ⋯ is left out. {self.remark}"
        ).strip()

    @property
    def captions(self) -> tuple[str, ...]:
        """What is written below the picture."""
        labelled = any(edge.label for edge in self.edges)
        legend = self.legend if labelled else ""
        return tuple(filter(None, (self.note, legend)))

    @property
    def title(self) -> str:
        """What it is of; it stays true when boxes are opened, which changes how much is drawn."""
        name = "".join(self.nodes[-1].name)
        return f"Computation graph of {name}" if name else "Computation graph"

    @property
    def sentence(self) -> str:
        """The picture in words, for those who cannot see it."""
        counts = [(kind, sum(n.kind == kind for n in self.nodes)) for kind in _KINDS]
        parts = ", ".join(counted(many, kind) for kind, many in counts if many)
        leaves = [n.title for n in self.nodes if n.kind == "leaf" and n.name and "~" not in n.id]
        named = (
            f" Leaves: {', '.join(leaves[:20])}{', …' if leaves[20:] else ''}." if leaves else ""
        )
        note = f" {self.note}" if self.note else ""
        return (
            f"Computation graph of {counted(len(self.nodes), 'node')} ({parts})."
            f"{named} Output: {self.nodes[-1].sentence}.{note}"
        )


_KINDS: tuple[Kind, ...] = ("leaf", "operation", "constant")


def nearest(
    root: T, most: int, operands: Callable[[T], Sequence[T]] = attrgetter("parents")
) -> tuple[set[T], set[T]]:
    """The nodes nearest to the root, at most so many, and those among them to be folded.

    A node is shown with all of its operands or with none of them.
    """
    shown = {root}
    folded: set[T] = set()
    queue = deque([root])
    while queue:
        node = queue.popleft()
        fresh = set(operands(node)) - shown
        if len(shown) + len(fresh) > most:
            folded.add(node)
            continue
        for parent in operands(node):
            if parent not in shown:
                shown.add(parent)
                queue.append(parent)
    return shown, folded


def operands_first(starts: Iterable[T], operands: Callable[[T], Sequence[T]]) -> list[T]:
    """What leads to these, in the order in which a formula names it: left operands before right.

    A layout starts from this order, so that `a` stands above `b` in `a - b`.
    """
    order: list[T] = []
    seen: set[T] = set()
    for start in starts:
        stack = [(start, False)]
        while stack:
            at, operands_done = stack.pop()
            if operands_done:
                order.append(at)
            elif at not in seen:
                seen.add(at)
                stack.append((at, True))
                stack.extend((operand, False) for operand in reversed(operands(at)))
    return order
