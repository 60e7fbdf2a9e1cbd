"""Objective: a closure seen as a function of one array of numbers, with its derivatives.

The rules that try several places in one step need more than a gradient on each parameter: they move
all parameters to a place, call the closure there and ask the graph it made for derivatives. What
that costs is counted here, and the limit on it is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from autograd import GraphError, ShapeError, Tensor, Value
from autograd.checks import came
from autograd.node import Node, gradients, topological
from autograd.value import Constant
from optim.optimizer import Optimizer

if TYPE_CHECKING:
    from autograd.arrays import FloatArray, Number


class Objective:
    """The loss that a closure computes, as a function of its parameters' numbers.

    Args:
        who: The rule that asks; errors begin with it.
        optimizer: Has the parameters to move; those that require no gradient stay as they are.
        closure: A function without arguments that computes and returns the loss.
        max_evaluations: How often the closure may be called.

    Attributes:
        evaluations: How often it has been called.
        gradients: How many gradients have been computed.
        last: The place evaluated last; the parameters are there, unless moved since.
    """

    wanted = "computes and returns the loss"

    def __init__(
        self,
        who: str,
        optimizer: Optimizer,
        closure: Callable[[], object] | None,
        max_evaluations: int,
    ) -> None:
        if not callable(closure):
            raise TypeError(
                f"{who}: needs a closure, a function without arguments that {self.wanted}, "
                f"but got {closure!r}."
            )
        self.who = who
        self.params = [p for p in optimizer.params if p.requires_grad]
        self.names = [
            name
            for name, p in zip(optimizer.names, optimizer.params, strict=True)
            if p.requires_grad
        ]
        self.closure = closure
        self.max_evaluations = max_evaluations
        self.evaluations = 0
        self.gradients = 0
        self.last: Point | None = None

    @property
    def left(self) -> int:
        """How many evaluations are left."""
        return self.max_evaluations - self.evaluations

    def start(self) -> Point:
        """The place where the parameters are now.

        Raises:
            ValueError: the loss or its gradient is not finite here.
        """
        here = self.at(np.concatenate([np.ravel(p.data) for p in self.params]))
        if not np.isfinite(here.loss):
            raise ValueError(f"{self.who}: needs a finite loss to start from, but got {here.loss}.")
        wrong = ~np.isfinite(here.gradient)
        if wrong.any():
            raise ValueError(
                f"{self.who}: needs a finite gradient to start from, but that of "
                f"{self._name_of(int(wrong.argmax()))} is {here.gradient[wrong][0]}."
            )
        return here

    def at(self, theta: FloatArray) -> Point:
        """Move the parameters to `theta`, (n,), and compute the loss there."""
        self.evaluations += 1
        self.move_to(theta)
        self.last = self._point(np.asarray(theta, dtype=np.float64), self.closure())
        return self.last

    def move_to(self, theta: FloatArray) -> None:
        """Write these numbers, (n,), into the parameters."""
        self.last = None
        start = 0
        for p in self.params:
            if isinstance(p, Tensor):
                p.data = theta[start : start + p.size].reshape(p.shape)
                start += p.size
            else:
                p.data = theta[start]
                start += 1

    def flat_gradient(self, root: Node, seed: Number) -> FloatArray:
        """The gradient of a node with respect to all parameters, (n,)."""
        found: Sequence[Number | None] = [None] * len(self.params)
        if root.requires_grad:
            found = gradients(root, self.params, seed)
        parts = [
            np.zeros(_size(p)) if g is None else np.ravel(g)
            for p, g in zip(self.params, found, strict=True)
        ]
        return np.concatenate(parts).astype(np.float64)

    def check_dependence(self, results: Sequence[Node]) -> None:
        """Refuse a closure whose result has nothing to do with the parameters.

        Raises:
            GraphError: none of the nodes was made from any of the parameters.
        """
        params: set[Node] = {*self.params}
        if all(params.isdisjoint(topological(root)) for root in results):
            raise GraphError(
                f"{self.who}: what the closure returned was made from none of the parameters (or "
                "under no_grad()), so there is nothing to minimise. Compute it from them, inside "
                "the closure."
            )

    def _point(self, theta: FloatArray, result: object) -> Point:
        if not isinstance(result, Node):
            raise TypeError(
                f"{self.who}: the closure needs to return the loss, a Value or a Tensor of shape "
                f"(), but returned {described(result)}."
            )
        if isinstance(result, Tensor) and result.shape != ():
            raise ShapeError(
                f"{self.who}: the closure needs to return the loss, a Tensor of shape (), but "
                f"returned one of shape {result.shape}. Reduce it first (loss.mean())."
            )
        if self.evaluations == 1:
            self.check_dependence([result])
        return Point(self, theta, result)

    def _name_of(self, place: int) -> str:
        ends = np.cumsum([_size(p) for p in self.params])
        return self.names[int(np.searchsorted(ends, place, side="right"))]


class Point:
    """One place: the numbers of the parameters, the loss there, its derivatives when asked for.

    Attributes:
        theta: The numbers, (n,).
        loss: The loss.
    """

    def __init__(self, objective: Objective, theta: FloatArray, node: Node) -> None:
        self.objective = objective
        self.theta = theta
        self.loss = float(node.item())
        self._node = node

    @cached_property
    def gradient(self) -> FloatArray:
        """The gradient of the loss, (n,)."""
        self.objective.gradients += 1
        return self.objective.flat_gradient(self._node, _unit(self._node))

    @property
    def gradient_norm(self) -> float:
        """The largest absolute entry of the gradient."""
        return float(np.abs(self.gradient).max())

    @cached_property
    def hessian(self) -> FloatArray:
        """All second derivatives of the loss, (n, n): the gradient's graph, differentiated."""
        objective = self.objective
        first = gradients(self._node, objective.params, _unit_node(self._node), create_graph=True)
        rows: list[FloatArray] = []
        for p, g in zip(objective.params, first, strict=True):
            if g is None:
                rows.extend(np.zeros((_size(p), self.theta.size)))
            else:
                rows.extend(objective.flat_gradient(g, seed) for seed in _unit_seeds(g))
        return np.array(rows)


class LeastSquares(Objective):
    """The loss ½‖r‖² of the residuals r that a closure computes."""

    wanted = "computes and returns the residuals"

    def _point(self, theta: FloatArray, result: object) -> LeastSquaresPoint:
        residuals = self._checked(result)
        if self.evaluations == 1:
            self.check_dependence(residuals)
        return LeastSquaresPoint(self, theta, residuals)

    def _checked(self, result: object) -> list[Node]:
        needed = (
            f"{self.who}: the closure needs to return the residuals, a Tensor of shape (m,) or a "
            "list of m Values"
        )
        if isinstance(result, Tensor):
            if result.size and result.ndim:
                return [result]
            raise ShapeError(
                f"{needed}, but returned a Tensor of shape {result.shape}. Not their loss: that is "
                "half the sum of their squares."
            )
        if isinstance(result, Value):
            raise TypeError(f"{needed}, but returned one Value. Return [r] if it is the only one.")
        if not isinstance(result, (list, tuple, np.ndarray)):
            raise TypeError(f"{needed}, but returned {described(result)}.")
        residuals = list(result.flat) if isinstance(result, np.ndarray) else list(result)
        if not residuals:
            raise ShapeError(f"{needed}, but returned none.")
        for i, r in enumerate(residuals):
            if not isinstance(r, Node) or (isinstance(r, Tensor) and r.shape != ()):
                raise TypeError(f"{needed}, but number {i} is {described(r)}.")
        return residuals


class LeastSquaresPoint(Point):
    """A place where the loss is ½‖r‖².

    Attributes:
        residuals: r, (m,).
        settled: Whether a rule has found that no step from here promises anything more.
    """

    def __init__(self, objective: Objective, theta: FloatArray, nodes: list[Node]) -> None:
        self.objective = objective
        self.theta = theta
        self._nodes = nodes
        self.residuals: FloatArray = np.concatenate([np.ravel(r.data) for r in nodes]).astype(
            np.float64
        )
        self.loss = float(0.5 * (self.residuals @ self.residuals))
        self.settled = False

    @cached_property
    def jacobian(self) -> FloatArray:
        """The derivative of every residual with respect to every number, (m, n)."""
        self.objective.gradients += 1
        return np.array(
            [self.objective.flat_gradient(r, seed) for r in self._nodes for seed in _unit_seeds(r)]
        )

    @cached_property
    def gradient(self) -> FloatArray:
        """The gradient Jᵀr of the loss, (n,)."""
        return self.jacobian.T @ self.residuals

    @cached_property
    def linear_step(self) -> FloatArray:
        """The step p that minimises ‖r + Jp‖, the shortest if there are many, (n,)."""
        return np.asarray(np.linalg.lstsq(self.jacobian, -self.residuals)[0], np.float64)


def described(x: object) -> str:
    """A thing that a closure returned and should not have, for an error's text."""
    if x is None:
        return "None. Does it end with a return?"
    if isinstance(x, (float, int, np.generic)):
        return f"the number {x!r}, which has no graph. Return the node, not its .item() or .data"
    return came(x)


def _size(p: Node) -> int:
    return p.size if isinstance(p, Tensor) else 1


def _unit(node: Node) -> Number:
    return np.ones_like(node._data) if isinstance(node, Tensor) else 1.0


def _unit_node(node: Node) -> Node:
    return Tensor(np.ones_like(node._data)) if isinstance(node, Tensor) else Constant(1.0)


def _unit_seeds(node: Node) -> Iterator[Number]:
    """A seed for each element of a node: 1 there and 0 elsewhere."""
    if not isinstance(node, Tensor):
        yield 1.0
        return
    for place in range(node.size):
        seed = np.zeros(node.size, node.dtype)
        seed[place] = 1.0
        yield seed.reshape(node.shape)
