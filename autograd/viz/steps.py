"""The backward pass, one product of the chain rule at a time.

`backprop(root)` is `root.backward()` that keeps notes: it runs the engine's own pass to its end, so
every gradient is set as usual, and what it returns can be printed, iterated and indexed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import FrameType
from typing import Any, overload

import numpy as np

from autograd.anomalies import detect_anomaly
from autograd.node import Contribution, Node, backward_steps, topological
from autograd.op import Elementwise, Op
from autograd.source_lines import record_lines
from autograd.tensor import Tensor
from autograd.value import Value
from autograd.viz import exercise, notation
from autograd.viz.names import names_of
from autograd.viz.notation import Derivative
from autograd.viz.symbols import Symbol, symbolic_partial
from autograd.viz.text import described, numbers, printable

LONGEST_NAME = 13
"""A longer name would tear the lines of a formula apart."""

SMALL = 36
"""Arrays of at most so many elements are kept as they were at the time of the pass."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One product of the chain rule: what one node adds to the gradient of one of its parents.

    Attributes:
        number: Which step it is, from 1.
        total: How many steps there are.
        node: The node whose gradient is passed on.
        position: Which operand of the node's operation the parent is.
        parent: The node that receives the contribution.
        out_grad: The gradient of the root with respect to `node`: "upstream".
        local: d node / d parent: a number, an array of the elements' derivatives, or None for an
            operation on whole arrays, which has a vector-Jacobian product instead.
        contribution: What is added to the parent's gradient: out_grad times local.
        before: The parent's gradient in this pass so far; None if nothing had arrived.
        after: The parent's gradient in this pass, this contribution included.
        arrived: How many contributions have reached the parent now.
        expected: How many will. An `x` that is used twice expects two.
        top: What is differentiated: the root, or its sum weighted by the gradient given.
        starts: Whether the node is the root with the derivative 1, where every pass starts.
        node_name: What the node is called.
        parent_name: What the parent is called.
        operands: What the node's operands are called; a number stands for itself.
    """

    number: int
    total: int
    node: Node
    position: int
    parent: Node
    out_grad: Any
    local: Any
    contribution: Any
    before: Any
    after: Any
    arrived: int
    expected: int
    top: str
    starts: bool
    node_name: str
    parent_name: str
    operands: tuple[str | float, ...]

    @property
    def op(self) -> Op:
        """The operation that made the node."""
        assert self.node.op is not None
        return self.node.op

    @property
    def formula(self) -> Symbol | None:
        """The local derivative as a formula (`str`, or `.latex`); None where `local` is None.

        Example:
            >>> from autograd import Value
            >>> x = Value(3.0, label="x")
            >>> backprop(x**2)[0].formula
            2·x
        """
        if not isinstance(self.op, Elementwise):
            return None
        return symbolic_partial(self.op, self.position, self.operands, self.node_name)

    @property
    def received(self) -> Derivative:
        """The total derivative that is added to, of the root by `parent`."""
        return Derivative(self.top, self.parent_name)

    @property
    def upstream(self) -> Derivative | None:
        """The total derivative of the root by `node`; None where it is the 1 of the start."""
        return None if self.starts else Derivative(self.top, self.node_name)

    @property
    def partial(self) -> Derivative:
        """The local derivative, of `node` by `parent` in this one of its places."""
        return local_derivative(self.node, self.position, self.node_name, self.parent_name)

    def __str__(self) -> str:
        return exercise.step_line(self)

    def __repr__(self) -> str:
        return f"<Step {self.number} of {self.total}: {self.node_name} to {self.parent_name}>"


class Backprop(Sequence[Step]):
    """A backward pass that was run: the sequence of its steps. Made by `backprop`.

    Printed, it reads like a worked exercise: the forward values, every step, the gradients. A
    notebook shows it as a page to step through, which `to_html` writes to a file.

    Attributes:
        root: The node that was differentiated.
        nodes: Every node the root was made from, each after its parents; the root is last.
        names: What each node is called. An unnamed constant has no entry: it is its number.
        abbreviated: For each name that is short for a long label or variable, that.
        values: What each node held; of a large array only its shape.
        gradients: For each leaf the pass reached, the gradient that this pass brought.
        expected: For each node the pass reached, how many contributions reach it.
        seed: The gradient of the root with respect to itself: 1, unless given.
        top: What is differentiated: the root, or, where a gradient was given, a name for the sum
            of the root's elements weighted by it.
        earlier: For each leaf that had a gradient before the pass, that gradient.
        lines: For each node whose line of code was recorded, that line.
    """

    def __init__(
        self,
        root: Node,
        seed: Any,
        frame: FrameType,
        lines: Mapping[Node, str] | None = None,
        keep: bool = True,
    ) -> None:
        self.root = root
        self.lines = dict(lines or {})
        self.seed = seed
        self.nodes = tuple(topological(root))
        self.names, self.abbreviated = all_names(self.nodes, frame)
        self.top = self.names[root]
        if np.ndim(seed) or seed != 1.0:
            used = {notation.name(name).text for name in self.names.values()}
            self.top = next(name for name in _numbered("L") if notation.name(name).text not in used)
        self.values = {node: _snapshot(node) for node in self.nodes}
        self.earlier = {
            node: node._grad for node in self.nodes if node.op is None and node._grad is not None
        }
        self._run(keep)
        self.gradients = {
            node: self._totals[node]
            for node in self.nodes
            if node.op is None and node in self._totals
        }

    def _run(self, keep: bool) -> None:
        """Run the pass. The engine's own tuples are kept, and become `Step`s when asked for."""
        self._records: list[Contribution] = []
        self._locals: list[Any] = []
        self._before: list[Any] = []
        self._arrived: list[int] = []
        self.expected: dict[Node, int] = {}
        self._totals: dict[Node, Any] = {self.root: self.seed}
        totals, counts = self._totals, self.expected
        for record in backward_steps(self.root, self.seed, keep):
            node, position, parent, _, contribution = record
            before = totals.get(parent)
            totals[parent] = contribution if before is None else before + contribution
            counts[parent] = counts.get(parent, 0) + 1
            self._records.append(record)
            self._before.append(before)
            self._arrived.append(counts[parent])
            local = None
            if isinstance(node, Tensor) and isinstance(node.op, Elementwise):
                # A copy: the derivative of a product is an operand, which may be written into.
                local = node.local_derivative(position).copy()
            self._locals.append(local)

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        return self._step(range(len(self))[index])

    def __iter__(self) -> Iterator[Step]:
        return map(self._step, range(len(self)))

    def _step(self, k: int) -> Step:
        node, position, parent, out_grad, contribution = self._records[k]
        before, local = self._before[k], self._locals[k]
        if isinstance(node, Value):
            local = node.local_derivative(position)
        return Step(
            number=k + 1,
            total=len(self),
            node=node,
            position=position,
            parent=parent,
            out_grad=out_grad,
            local=local,
            contribution=contribution,
            before=before,
            after=contribution if before is None else before + contribution,
            arrived=self._arrived[k],
            expected=self.expected[parent],
            top=self.top,
            starts=node is self.root and self.top == self.names[node],
            node_name=self.names[node],
            parent_name=self.names[parent],
            operands=self.operands(node),
        )

    def operands(self, node: Node) -> tuple[str | float, ...]:
        """What the node's operands are called; an unnamed constant is its number."""
        return tuple(self.names.get(parent) or number_of(parent) for parent in node.parents)

    def gradient(self, node: Node) -> Any:
        """The gradient that this pass brought to a node; None where it did not get to."""
        return self._totals.get(node)

    def ends_of(self, k: int) -> tuple[Node, int, Node]:
        """Of step k + 1 the node, the position of the operand, and the operand."""
        node, position, parent, _, _ = self._records[k]
        return node, position, parent

    def scalar_locals(self) -> dict[tuple[Node, int], float]:
        """The local derivatives that are single numbers, by node and position of the operand."""
        found: dict[tuple[Node, int], float] = {}
        for (node, position, *_), local in zip(self._records, self._locals, strict=True):
            if isinstance(node, Value):
                if isinstance(node.op, Elementwise):
                    found[node, position] = node.local_derivative(position)
            elif local is not None and local.size == 1:
                found[node, position] = local.item()
        return found

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the pass to a file.

        Args:
            path: Its ending says what is written: .html (a page to step through), .svg (a picture
                that moves), .txt (the worked exercise), .tex (TikZ, a picture for each step), or
                .png, .pdf, .dot, .md (the picture with all gradients, as `draw` saves it).

        Raises:
            ValueError: path has another ending.
            OSError: The file cannot be written; what was there before stays.
        """
        from autograd.viz.player.page import save_pass

        save_pass(self, path)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the pass as a page to step through; it needs no network and no Python.

        Args:
            path: Where to; a file that is there is overwritten.

        Raises:
            OSError: The file cannot be written.
        """
        from autograd.viz.player.page import write_page

        write_page(self, path)

    def to_svg(self, path: str | os.PathLike[str]) -> None:
        """Write the pass as a picture that moves, without scripts: for a README, or slides.

        Args:
            path: Where to; a file that is there is overwritten.

        Raises:
            OSError: The file cannot be written.
        """
        from autograd.viz.animate import write_animation

        write_animation(self, path)

    def __str__(self) -> str:
        return exercise.whole_text(self)

    def __repr__(self) -> str:
        name = self.names[self.root]
        return f"<Backprop of {name}: {len(self)} steps through {len(self.nodes)} nodes>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from autograd.viz.player.page import bundle

        return bundle(self)


def backprop(
    root: Node, gradient: Any = None, *, lines: record_lines | detect_anomaly | None = None
) -> Backprop:
    """Run `root.backward()` and return its steps, to play in a notebook, to print, to index.

    The pass runs once, now. Looking at the result afterwards changes nothing.

    Args:
        root: A Value or a Tensor. Nodes are called by their labels, or by the names of the
            caller's variables; the others v1, v2, …
        gradient: For a Tensor root with several elements, the weight of each, as in `backward`.
        lines: The `record_lines()` under which root was computed, to show what line made a node.

    Raises:
        TypeError: root is not a node, lines is something else, or a gradient is given for a Value.
        GraphError: nothing root was computed from requires a gradient.
        ShapeError: root has several elements and no gradient is given, or one of another shape.

    Example:
        >>> from autograd import Value, backprop
        >>> x, y = Value(3.0), Value(2.0)
        >>> z = x * y + x
        >>> print(backprop(z))
        Backpropagation of z: 4 steps through 4 nodes
        <BLANKLINE>
        ...
        >>> x.grad
        3.0
    """
    if not isinstance(root, Node):
        raise TypeError(f"backprop: needs a Value or a Tensor, but got {described(root)}.")
    if isinstance(root, Tensor):
        seed = root._seed(gradient)
    elif gradient is None:
        seed = 1.0
    else:
        raise TypeError("backprop: gradient= is for a Tensor; a Value's is always 1.")
    if lines is not None and not isinstance(lines, (record_lines, detect_anomaly)):
        raise TypeError(
            f"backprop: lines needs what `with record_lines() as lines:` gives, but got a "
            f"{type(lines).__name__}."
        )
    return Backprop(root, seed, sys._getframe(1), lines.lines if lines else None)


def place_of(node: Node, position: int) -> int:
    """Which place an operand stands in, from 1, where it stands in several; else 0."""
    times = sum(parent is node.parents[position] for parent in node.parents)
    return position + 1 if times > 1 else 0


def local_derivative(node: Node, position: int, node_name: str, parent_name: str) -> Derivative:
    """The local derivative of a node by one of its operands, with its place if it has several."""
    return Derivative(node_name, parent_name, "∂", place_of(node, position))


def all_names(nodes: Sequence[Node], frame: FrameType) -> tuple[dict[Node, str], dict[str, str]]:
    """A short name of its own for every node but unnamed constants, and what was abbreviated.

    No two are written alike. A way through a model such as `model.layers[0].w[1]` is abbreviated to
    its last word with all its numbers, w[0][1], and any other text too long for a formula to v1.
    """
    found = names_of(set(nodes), frame)
    wanted = {node: printable(" ".join(name.split())) for node, name in found.items()}
    short = {node: _short(name) for node, name in wanted.items()}
    taken = {notation.name(name).text for name in short.values() if name}
    numbers: dict[str, Iterator[str]] = {}

    def numbered(stem: str, first: int = 1) -> str:
        names = numbers.setdefault(stem, _numbered(stem, first))
        return next(name for name in names if notation.name(name).text not in taken)

    names: dict[Node, str] = {}
    abbreviated: dict[str, str] = {}
    used: set[str] = set()
    for node in nodes:
        name = short.get(node, "")
        if node in short and not name:
            name = numbered("v")
        elif notation.name(name).text in used:  # two nodes with one label
            name = numbered(f"{name}_", first=2)
        elif not name and node is nodes[-1] and "L" not in taken:
            name = "L"
        elif not name and number_of(node) is None:
            name = numbered("v")
        if name:
            names[node] = name
            used.add(notation.name(name).text)
            if short.get(node, name) != wanted.get(node, name):
                abbreviated[name] = wanted[node]
    return names, abbreviated


def _numbered(stem: str, first: int = 1) -> Iterator[str]:
    return (f"{stem}{k}" for k in count(first))


def _short(name: str) -> str:
    """A name that fits into a formula; "" for a text that has none.

    Example:
        >>> (
        ...     _short("mlp.layers[1].neurons[0].w[2]"),
        ...     _short("net.0.weight"),
        ...     _short("2*x0 + 3*x1 + 4*x2"),
        ... )
        ('w[1][0][2]', 'weight[0]', '')
    """
    way = re.fullmatch(r"\w+(\.\w+|\[-?\d+(,-?\d+)*\])*", name)
    if way and "." in name:
        words = re.findall(r"[^\W\d]\w*", name)
        indices = re.findall(r"[.\[,](\d+)", name)
        name = words[-1] + "".join(f"[{i}]" for i in indices)
    return name if len(name) <= LONGEST_NAME else ""


def number_of(node: Node) -> Any:
    """The number that an unnamed constant is written as; None for any other node."""
    is_constant = node.op is None and not node.requires_grad
    return np.asarray(node.data).item() if is_constant and np.size(node.data) == 1 else None


class LargeArray(tuple[int, ...]):
    """What is kept of a large array: its shape, and its smallest and largest number as text."""

    summary: str = ""


def _snapshot(node: Node) -> Any:
    """The node's number or array as it is now; of a large array only a summary."""
    data = node.data
    if not isinstance(node, Tensor):
        return data
    if data.size <= SMALL:
        return data.copy()
    large = LargeArray(data.shape)
    large.summary = " ".join(numbers(data.reshape(-1)))
    return large
