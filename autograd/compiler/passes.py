"""Passes: how the compiler has the engine's one backward pass run.

From several results at once, as a program has many; and as if no mode were on, since the graph is
needed under `no_grad()`, too.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from autograd import modes
from autograd.node import Node
from autograd.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable


class Ends(Node):
    """Several results of a function at once, so that one backward pass serves them all."""

    op: Any = "ends"
    requires_grad = True
    _grad = None
    parents: Any = ()

    def __init__(self, nodes: list[Any]) -> None:
        self.parents = tuple(nodes)

    def _contributions(self, out_grad: list[Any]) -> Any:
        for i, (parent, seed) in enumerate(zip(self.parents, out_grad, strict=True)):
            yield self, i, parent, out_grad, seed


def node_of(data: Any, requires_grad: bool = False) -> Tensor:
    """An array, be it traced, as a Tensor with nothing behind it."""
    out: Tensor = Tensor.__new__(Tensor)
    out._data = data
    out._become_leaf(requires_grad)
    return out


def without_modes(function: Callable[..., Any], *args: Any) -> Any:
    """Call it as if no mode were on: its graph is needed under no_grad(), too."""
    context = copy_context()
    context.run(modes.leave_all)
    return context.run(function, *args)
