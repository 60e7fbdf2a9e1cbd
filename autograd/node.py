"""The graph, and the one backward pass over it.

A node is a result that remembers how it was made: `op`, the operation, and `parents`, its operands
in order (`x * x` has two edges to `x`). Two kinds of node share this file: `Value`, a float, and
`Tensor`, an array. Each kind knows how to split the gradient of a node among its parents
(`_contributions`); how those are ordered, added up and kept is the same for both, and is here.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from autograd.errors import GraphError
from autograd.modes import active, check_backward

if TYPE_CHECKING:
    from autograd.op import Op

Contribution = tuple["Node", int, "Node", Any, Any]
"""One product of the chain rule: (node, i, parent, out_grad, contribution).

`parent` is the node's i-th operand; `contribution` is `out_grad`, the gradient of the root with
respect to `node`, times the local derivative of `node` with respect to that operand.
"""


class Node:
    """What `Value` and `Tensor` have in common.

    Attributes:
        data: The number or array.
        op: The operation that made it; None for a leaf.
        parents: The operands of that operation; () for a leaf.
        label: Its name in pictures; any text.
        requires_grad: Whether gradients flow to it.
    """

    __slots__ = ()
    _rank: ClassVar[int]

    if TYPE_CHECKING:
        op: Op | None
        label: str
        requires_grad: bool
        _grad: Any

    @property
    def data(self) -> Any:
        """The number or array."""
        raise NotImplementedError

    @property
    def parents(self) -> tuple[Any, ...]:
        """The operands of the operation, in order; () for a leaf."""
        raise NotImplementedError

    def _contributions(self, out_grad: Any) -> Any:
        """Split `out_grad` among the parents: an iterable of `Contribution`s."""
        raise NotImplementedError

    def _contributions_as_graph(self, out_grad: Any) -> Any:
        """The same with nodes for numbers, so that the result can itself be differentiated."""
        raise NotImplementedError

    def _accumulate(self, grad: Any) -> None:
        """Add to the gradient of this leaf."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget the gradient, as if no backward pass had reached this node."""
        self._grad = None

    def __pos__(self) -> Self:
        return self

    def __divmod__(self: Any, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self: Any, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    @property
    def _prev(self) -> set[Node]:
        return set(self.parents)  # micrograd's name, which its drawing code reads

    @property
    def _op(self) -> str:
        return self.op.symbol if self.op else ""  # likewise


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
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[Node | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # a marker: everything below the next node on the stack is in the list
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            parents = node.parents
            if parents and node not in stop:
                stack.append(node)
                stack.append(None)
                for parent in reversed(parents):  # so that the first comes out first
                    if parent not in seen:
                        stack.append(parent)
            else:
                order.append(node)
    return order


def backward_steps(
    root: Node, seed: Any, *, wrt: Sequence[Node] | None = None, create_graph: bool = False
) -> Generator[Contribution, None, list[Any]]:
    """Run the backward pass, pausing after each product of the chain rule.

    A node's turn comes when everything made from it has had its turn, so by then its gradient is
    complete. Gradients of this pass are kept apart until the end. Then leaves add theirs to what
    they had, and the nodes in between are set: a second pass, or two losses that share a part,
    come out right. A pass that ends early changes nothing.

    Args:
        root: The node to differentiate.
        seed: The gradient of the root with respect to itself: 1, or an array like the root's.
        wrt: Only find the gradients of these nodes: no `.grad` is touched.
        create_graph: Compute with nodes, so that the gradients can be differentiated again.

    Returns:
        The gradients of `wrt` (None where the root does not depend on a node).

    Raises:
        GraphError: the root is a constant.
    """
    if not root.requires_grad:
        raise GraphError(
            "backward: the root is a constant (computed under no_grad(), detached, or made of "
            "nothing that requires a gradient), so there is nothing to differentiate."
        )
    ends = frozenset(wrt or ())
    order = topological(root, ends)
    if wrt is not None:
        order = _leading_to(ends, order)
    grads = {root: seed}  # of the nodes whose turn has not come
    finished = []  # of the others, in the order of their turns
    checked = active()
    for node in reversed(order):
        out_grad = grads.pop(node, None)
        finished.append(out_grad)
        if out_grad is None or node.op is None or node in ends:  # unreached, or a leaf here
            continue
        split = node._contributions_as_graph if create_graph else node._contributions
        for step in split(out_grad):
            _, _, parent, _, contribution = step
            if checked:
                check_backward(*step)
            if parent in grads:
                grads[parent] = grads[parent] + contribution
            else:
                grads[parent] = contribution
            yield step
    if wrt is not None:
        found = dict(zip(reversed(order), finished, strict=True))
        return [found.get(node) for node in wrt]
    for node, grad in zip(reversed(order), finished, strict=True):
        if grad is None:
            continue
        if node.op is None:
            node._accumulate(grad)
        else:
            node._grad = grad
    return []


def backward(root: Node, seed: Any) -> None:
    """Run every step of `backward_steps`; the step player pauses between the same steps."""
    for _step in backward_steps(root, seed):
        pass


def gradients(root: Node, wrt: Sequence[Node], seed: Any, create_graph: bool = False) -> list[Any]:
    """The gradients of root with respect to some nodes, leaving every `.grad` alone."""
    steps = backward_steps(root, seed, wrt=wrt, create_graph=create_graph)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def _leading_to(ends: frozenset[Node], order: list[Node]) -> list[Node]:
    """Those nodes of a topological order that were made from one of `ends`, and `ends`."""
    leading: set[Node] = set()
    for node in order:
        if node in ends or not leading.isdisjoint(node.parents):
            leading.add(node)
    return [node for node in order if node in leading]
