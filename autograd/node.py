"""The graph, and the one backward pass over it.

A node is a result that remembers how it was made: `op`, the operation, and `parents`, its operands
in order (`x * x` has two edges to `x`). Two kinds of node share this file: `Value`, a float, and
`Tensor`, an array. Each kind knows how to split the gradient of a node among its parents
(`_contributions`); how those are ordered, added up and kept is the same for both, and is here.
"""

from __future__ import annotations

from _thread import RLock  # as threading has it, which takes long to import
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from autograd.errors import GraphError
from autograd.modes import active, watch_product
from autograd.op import RULEBOOK, Op
from autograd.tracing import as_traced
from autograd.updates import readings

if TYPE_CHECKING:
    import numpy as np

    from autograd.arrays import Array, Number
    from autograd.versions import Version


class Home:
    """Where a leaf lives that is part of something larger: kept by its owner, not in the node.

    Attributes:
        holder: What it is part of: the Tensor whose element it is.
        name: What the holder is called.
        index: Its place in the holder's array.
    """

    def __init__(self, holder: Any, name: str, index: tuple[int, ...]) -> None:
        self.holder, self.name, self.index = holder, name, index


Contribution = tuple["Node", int, "Node", Any, Any]
"""One product of the chain rule: (node, i, parent, out_grad, contribution).

`parent` is the node's i-th operand; `contribution` is `out_grad`, the gradient of the root with
respect to `node`, times the local derivative of `node` with respect to that operand.
"""


class Parts:
    """Gradients of elements of an array, which become one array when all have come.

    Those of `x[0]`, `x[1]`, … would each be an array as large as x, and a loop over x quadratic.

    Attributes:
        grad: The gradient of `x[index]`.
        index: Which elements these are.
        shape: That of x.
        before: Those that came before it.
        join: Makes one array of gradients, their indices and the shape.
    """

    __slots__ = ("before", "grad", "index", "join", "shape")
    __array_ufunc__ = None  # so that the sum of an array and this is this

    def __init__(
        self,
        grad: Any,
        index: object,
        shape: tuple[int, ...],
        before: Parts | None = None,
        join: Callable[..., Any] | None = None,
    ) -> None:
        self.grad, self.index, self.shape = grad, index, shape
        self.before, self.join = before, join or _scattered

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        dtype: np.dtype[Any] = self.grad.dtype
        return dtype

    @property
    def data(self) -> Array:
        """The array, for whoever wants to see it before its time."""
        array: Array = self.whole()
        return array

    def __add__(self, other: object) -> Parts:
        if not isinstance(other, Parts):
            return Parts(other, (), self.shape, self, self.join)
        parts, total = [other], self
        while parts[-1].before is not None:  # it may be several already
            parts.append(parts[-1].before)
        for part in reversed(parts):
            total = Parts(part.grad, part.index, self.shape, total, self.join)
        return total

    def __radd__(self, other: object) -> Parts:
        return Parts(other, (), self.shape, None, self.join) + self

    def whole(self) -> Any:
        """All of them in one array."""
        found: list[tuple[Any, object]] = []
        part: Parts | None = self
        while part is not None:
            found.append((part.grad, part.index))
            part = part.before
        grads, indices = zip(*reversed(found), strict=True)
        return self.join(grads, indices, self.shape)


def _scattered(grads: Sequence[Any], indices: Sequence[object], shape: tuple[int, ...]) -> Any:
    if len(grads) == 1:
        return RULEBOOK["scatter"](grads[0], indices[0], shape)
    return RULEBOOK["scatter_add"](grads, indices, shape)


class Node:
    """What `Value` and `Tensor` have in common.

    Attributes:
        data: The number or array.
        op: The operation that made it; None for a leaf.
        parents: The operands of that operation; () for a leaf.
        label: Its name in pictures; any text.
        requires_grad: Whether gradients flow to it.
        home: Where it lives, if it is part of something larger.
    """

    __slots__ = ()
    _rank: ClassVar[int]
    _left_behind: ClassVar[str] = ""  # by `p -= ...`, if that is always a mistake
    home: ClassVar[Home | None] = None
    _is_float: ClassVar[bool] = False  # whether it stands for one, to whoever passed that

    if TYPE_CHECKING:
        op: Op | None
        label: str
        requires_grad: bool
        _data: Any
        _grad: Any
        _version: Version

        def backward(self) -> None:
            """Bring the gradients of this node to the leaves that it was made from."""

        def item(self) -> float:
            """The single number."""
            raise NotImplementedError

        def detach(self) -> Node:
            """The same number or array as a constant."""
            raise NotImplementedError

    @property
    def data(self) -> Number:
        """The number or array."""
        raise NotImplementedError

    @property
    def parents(self) -> tuple[Node, ...]:
        """The operands of the operation, in order; () for a leaf."""
        raise NotImplementedError

    def _contributions(self, out_grad: Any) -> Iterable[Contribution]:
        """Split `out_grad` among the parents: an iterable of `Contribution`s."""
        raise NotImplementedError

    def _graph_contributions(self, out_grad: Any) -> Iterable[Contribution]:
        """The contributions as nodes, not numbers, so that they can be differentiated, too."""
        raise NotImplementedError

    def _receive(self, grad: Any) -> None:
        """Take what a pass has brought: a leaf adds it to its gradient, another node sets it."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget the gradient, as if no backward pass had reached this node."""
        (as_traced(self) if active() else self)._grad = None

    def __pos__(self) -> Self:
        return self

    def _in_place(self, other: object) -> Any:
        """Refuse `p -= lr * p.grad`, which would train nothing; else `p - ...`, as in Python."""
        if self.op is not None:  # first, for sums: `total += x`
            return NotImplemented
        left = self._left_behind
        if not left:
            if self._grad is None or not self.requires_grad:
                return NotImplemented
            if isinstance(other, Node) and other.requires_grad:  # a step is a constant
                return NotImplemented  # `total = bias`, `total += weight * x`
            left = "the one that has the gradient"
        kind, s = ("Value", "") if self._rank == 1 else ("Tensor", "s")
        raise TypeError(
            f"{type(self).__name__}: p -= ... would make a new {kind} of the name p and leave "
            f"{left} as it is. Write to the number{s}: p.data -= ...; or say p = p - ... if a new "
            f"{kind} is meant."
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ifloordiv__ = _in_place
    __imod__ = __ipow__ = __imatmul__ = _in_place

    def __divmod__(self: Any, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self: Any, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    @property
    def _mask(self) -> NoReturn:
        # NumPy's masked arrays ask for it, and take `_data` for an array of their own kind.
        if self.requires_grad:
            raise TypeError(
                f"{type(self).__name__}: a masked array computes with its numbers alone, so that "
                "the gradient is lost. Pass array.filled(0.0), or .detach() of this."
            )
        raise AttributeError("_mask")

    @property
    def _prev(self) -> set[Node]:
        return set(self.parents)  # micrograd's name, which its drawing code reads

    @property
    def _op(self) -> str:
        return self.op.symbol if self.op else ""  # likewise


adding = RLock()  # several threads may bring gradients to one leaf


def topological(root: Node, stop: frozenset[Node] = frozenset()) -> list[Node]:
    """Every node `root` was made from, each after all of its own parents; `root` is last.

    It walks with a stack of its own, so a chain of a million operations does not meet Python's
    recursion limit. What lies behind the nodes in `stop` is left out.

    Example:
        >>> from autograd import Value
        >>> x = Value(2.0)
        >>> [node.data for node in topological(x * x + x)]
        [2.0, 4.0, 6.0]
    """
    order: list[Node]
    seen: set[Node]
    stack: list[Node | None]
    order, seen, stack = [], set(), [root]
    while stack:
        if (node := stack.pop()) is None:  # a marker: all that the next node needs is in the list
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            if (parents := node.parents) and not (stop and node in stop):
                stack += (node, None)
                stack += parents[::-1]  # so that the first comes out first
            else:
                order.append(node)
    return order


def backward_steps(root: Node, seed: float | Array, keep: bool = True) -> Iterator[Contribution]:
    """Run the backward pass, pausing after each product of the chain rule.

    Gradients of this pass are kept apart until the end. Then leaves add theirs to what they had,
    and the nodes in between are set: a second pass, or two losses that share a part, come out
    right. A pass that ends early changes nothing.

    Args:
        root: The node to differentiate.
        seed: The gradient of the root with respect to itself: 1, or an array like the root's.
        keep: Whether every node gets its gradient at the end; else no `.grad` is touched.

    Raises:
        GraphError: the root is a constant.
    """
    if not root.requires_grad:
        raise _constant_root()
    steps = chain_rule(topological(root), seed, _deliver if keep else _forget)
    return (
        (node, i, parent, out_grad, x.whole() if x.__class__ is Parts else x)
        for node, i, parent, out_grad, x in steps
    )


def backward(root: Node, seed: float | Array) -> None:
    """Run every step of `backward_steps`; the step player pauses between the same steps."""
    if not root.requires_grad:
        raise _constant_root()
    deque(chain_rule(topological(root), seed, _deliver), maxlen=0)


def gradients(root: Node, wrt: Sequence[Node], seed: Any, create_graph: bool = False) -> list[Any]:
    """The gradients of root with respect to some nodes, leaving every `.grad` alone.

    Args:
        root: The node to differentiate.
        wrt: The nodes, leaves or not.
        seed: The gradient of the root with respect to itself.
        create_graph: Compute with nodes, so that the gradients can be differentiated again.

    Returns:
        One gradient for each of `wrt`; None where the root does not depend on it.

    Raises:
        GraphError: the root is a constant.
    """
    if not root.requires_grad:
        raise _constant_root()
    ends = frozenset(wrt)
    order = _leading_to(ends, topological(root, ends))
    found: dict[Node, Any] = {}
    deque(chain_rule(order, seed, found.update, ends, create_graph), maxlen=0)
    return [found.get(node) for node in wrt]


def chain_rule(
    order: list[Node],
    seed: Any,
    deliver: Callable[[Iterable[tuple[Node, Any]]], None],
    ends: frozenset[Node] = frozenset(),
    as_graph: bool = False,
) -> Iterator[Contribution]:
    """Go backwards through a topological order, from its last node, and yield every product.

    A node's turn comes when everything made from it has had its turn, so by then its gradient is
    complete. At the end `deliver` gets every node with its gradient, None where none has arrived.
    """
    waiting = {order[-1]: seed} if order else {}  # gradients of nodes whose turn has not come
    grads, watched = [], active()
    for node in reversed(order):
        if (out_grad := waiting.pop(node, None)).__class__ is Parts:
            out_grad = out_grad.whole()
        grads.append(out_grad)
        if out_grad is not None and node.op is not None and not (ends and node in ends):
            for step in (node._graph_contributions if as_graph else node._contributions)(out_grad):
                _, _, parent, _, product = step
                waiting[parent] = waiting[parent] + product if parent in waiting else product
                yield watch_product(step) if watched else step
    deliver(zip(reversed(order), grads, strict=True))


def _deliver(found: Iterable[tuple[Node, Any]]) -> None:
    with adding:
        for node, grad in readings.watch(found) if readings.of else found:
            if grad is not None:
                (as_traced(node) if node.op is None and active() else node)._receive(grad)


def _forget(found: Iterable[tuple[Node, Any]]) -> None:
    """Leave every `.grad` alone."""


def _constant_root() -> GraphError:
    return GraphError(
        "backward: the root is a constant (computed under no_grad(), detached, given back by a "
        "compiled function that called backward() itself, or made of nothing that requires a "
        "gradient), so there is nothing to differentiate. Make what it shall be "
        "differentiated by with requires_grad=True: Tensor(data, requires_grad=True)."
    )


def _leading_to(ends: frozenset[Node], order: list[Node]) -> list[Node]:
    """The nodes of a topological order that were made from one of `ends`, and `ends` themselves."""
    leading: set[Node] = set()
    for node in order:
        if node in ends or not leading.isdisjoint(node.parents):
            leading.add(node)
    return [node for node in order if node in leading]
