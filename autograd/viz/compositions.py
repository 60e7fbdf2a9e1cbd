"""Compositions that have a name, such as softmax, found in graphs that were made without one.

The engine records what was computed, not which function asked for it. So each function that is to
be known again is run here on operands of its own, and the graph it makes is the pattern: there is
no second formula. Its leaves stand for any node, and what comes from the data or from their sizes,
constants and arguments such as a shape, for any other: what differs in a second run on other
operands. What has been found is as the function makes it, node for node.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.node import Node, topological
from autograd.op import NAMED, Shapes
from autograd.tensor import Tensor
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.arrays import Array

MOST = 32
"""Of single numbers, a composition of more is not looked for."""

LEAST = 3
"""One of fewer operations needs no name."""

Uses = Mapping[Node, Sequence[tuple[Node, int]]]


@dataclass(frozen=True, eq=False)
class Pattern:
    """The graph of a composition.

    Attributes:
        name: What it is called.
        root: What it results in; of several results, one.
        given: Its leaves and those constants that come from its operands: they stand for others.
        free: The arguments of its operations that come from its operands' sizes, likewise.
        shared: Whether the composition has several results that share a part, such as a sum.
    """

    name: str
    root: Node
    given: frozenset[Node]
    free: frozenset[tuple[Node, str]]
    shared: bool

    def found_at(self, root: Node) -> dict[Node, Node] | None:
        """What stands for each node of the pattern where it ends in this node; None if nowhere."""
        bound: dict[Node, Node] = {}
        waiting: list[tuple[Node, Node]] = [(self.root, root)]
        while waiting:
            pattern, node = waiting.pop()
            if pattern in bound:
                if bound[pattern] is not node and not _same_constant(bound[pattern], node):
                    return None
                continue
            bound[pattern] = node
            if pattern.op is None:
                if not self._fits(pattern, node):
                    return None
            elif node.op is not pattern.op or not self._same_arguments(pattern, node):
                return None
            else:
                waiting += zip(pattern.parents, node.parents, strict=True)
        return bound

    def _fits(self, pattern: Node, node: Node) -> bool:
        if pattern.requires_grad:
            return True
        if node.op is not None or node.requires_grad:
            return False
        return pattern in self.given or np.array_equal(pattern.data, node.data)

    def _same_arguments(self, pattern: Node, node: Node) -> bool:
        return len(pattern.parents) == len(node.parents) and all(
            name == "classes" or (pattern, name) in self.free for name in _differing(pattern, node)
        )


def _same_constant(one: Node, other: Node) -> bool:
    """Whether two nodes hold one array that was given to two operations, such as a first state."""
    constant = all(x.op is None and not x.requires_grad for x in (one, other))
    return constant and np.array_equal(one.data, other.data)


def _differing(one: Node, other: Node) -> Iterator[str]:
    """The names of the arguments, beside its operands, that an operation got others of."""
    for name, x in getattr(one, "params", {}).items():
        if repr(getattr(other, "params", {}).get(name)) != repr(x):
            yield name


def compositions_in(nodes: Sequence[Node], uses: Uses) -> list[tuple[str, tuple[Node, ...]]]:
    """The compositions in a graph: of each the name, and the nodes it is made of."""
    found: dict[tuple[str, Node | frozenset[Node]], set[Node]] = {}
    for node, pattern, bound in _matches(nodes, uses):
        key: Node | frozenset[Node] = node
        if pattern.shared:
            key = frozenset(bound[x] for x in bound if x.op is None and x.requires_grad)
        inside = {bound[x] for x in bound if x.op is not None}
        inner = inside - {node}
        if not pattern.shared and any(user not in inside for x in inner for user, _ in uses[x]):
            continue  # a part of it is used elsewhere
        own = {
            bound[x]
            for x in bound
            if x.op is None and not x.requires_grad and all(u in inside for u, _ in uses[bound[x]])
        }
        found.setdefault((pattern.name, key), set()).update(inside | own)
    return [
        (name, tuple(node for node in nodes if node in part)) for (name, _), part in found.items()
    ]


def _matches(nodes: Sequence[Node], uses: Uses) -> Iterator[tuple[Node, Pattern, dict[Node, Node]]]:
    terms: dict[Node, int] = {}  # of a sum, how many
    known = tuple(NAMED.items())
    begins, of_tensors = _beginnings(known), _patterns(0, known)
    for node in nodes:
        op = node.op
        if op is None:
            continue
        name, numbers = op.name, isinstance(node, Value)
        if name == "add" and numbers:
            first = node.parents[0]
            terms[node] = terms[first] + 1 if first in terms else 2
        if name not in (begins if numbers else of_tensors):
            continue
        if not numbers:
            patterns: Iterable[Pattern] = of_tensors[name]
        elif tuple([p.op.name if p.op else None for p in node.parents]) in begins[name]:
            near = [p for parent in node.parents for p in (parent, *parent.parents)]
            n = max([terms[x] for x in near if x in terms], default=0)
            patterns = _patterns(n, known).get(name, ()) if 2 <= n <= MOST else ()
        else:
            continue
        for pattern in patterns:
            if bound := pattern.found_at(node):
                yield node, pattern, bound
                break


Known = tuple[tuple[str, tuple[Callable[..., Any], Shapes]], ...]
"""What has been declared so far: in a notebook more is, later."""


@functools.lru_cache(maxsize=4)
def _beginnings(known: Known) -> dict[str, set[tuple[str | None, ...]]]:
    """The last operations of the compositions of numbers, with those of their operands."""
    return {
        name: {
            tuple([p.op.name if p.op else None for p in pattern.root.parents])
            for pattern in patterns
        }
        for name, patterns in _patterns(3, known).items()
    }


# --- the patterns -----------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def _patterns(n: int, known: Known) -> dict[str, list[Pattern]]:
    """The known compositions of n single numbers, or of arrays (n = 0), by their last operation."""

    def new(seed: int, shape: tuple[int, ...]) -> Array | Tensor:
        numbers = np.random.default_rng(seed).normal(size=shape)
        if not n:
            return Tensor(numbers, requires_grad=True)
        return np.array([Value(x) for x in numbers.tolist()], dtype=object)

    def run(function: Callable[..., Any], shapes: Shapes, seed: int, size: int) -> list[Any]:
        with np.errstate(all="ignore"):
            made = function(*(new(seed + k, shape) for k, shape in enumerate(shapes(size))))
        if isinstance(made, Node):
            return [made]
        return [*np.ravel(made)] if isinstance(made, np.ndarray) else [*made]

    patterns: dict[str, list[Pattern]] = {}
    for name, (function, shapes) in known:
        if n and {*shapes(n)} != {(n,)}:
            continue
        try:  # in a context without modes: whoever draws inside of no_grad() means other nodes
            first, second = (
                contextvars.Context().run(run, function, shapes, 100 * k, size)
                for k, size in enumerate((n, n) if n else (3, 5))
            )
            graphs = [
                (one, list(zip(topological(one), topological(other), strict=True)))
                for one, other in zip(first, second, strict=True)
                if isinstance(one, Node) and one.op is not None
            ]
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            continue  # it is of the other kind of node, or of no one form
        computed = [{x for x, _ in pairs if x.op is not None} for _, pairs in graphs]
        shared = len(set().union(*computed)) < sum(map(len, computed))
        for (one, pairs), operations in zip(graphs, computed, strict=True):
            assert one.op is not None
            given = frozenset(x for x, y in pairs if not np.array_equal(x.data, y.data))
            free = frozenset((x, name) for x, y in pairs for name in _differing(x, y))
            if len(operations) >= LEAST:
                pattern = Pattern(name, one, given, free, shared)
                patterns.setdefault(one.op.name, []).append(pattern)
    return patterns
