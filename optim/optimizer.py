"""Optimizer: the base class of every update rule.

A rule sees all its parameters as one array of numbers and one of gradients, whatever they are.
A kind of parameter that can lie in one array together says so with a function `gather`
(`nn.Parameter.gather`), and nothing is copied; anything else is gathered here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from autograd import Tensor, Value


class Numbers(Protocol):
    """Parameters as one array."""

    @property
    def data(self) -> Any:
        """Every number, (n,); assigning changes the parameters."""

    @data.setter
    def data(self, array: Any) -> None: ...

    @property
    def grad(self) -> Any:
        """The gradient of every number, (n,)."""


class Optimizer:
    """What every update rule shares: which parameters it changes.

    Args:
        params: A model's `parameters()`, or any Tensors or Values. Not results of operations.

    Attributes:
        params: They, as a list.

    Raises:
        TypeError: params, or one of them, is something else.
        ValueError: no parameters, one of them twice, or none that requires a gradient.
    """

    def __init__(self, params: Iterable[Tensor | Value]) -> None:
        self.params = _checked(type(self).__name__, params)
        kinds = {(type(p), getattr(p, "dtype", None)) for p in self.params}
        kind = type(self.params[0])
        self._gather: Callable[[Sequence[Any]], Numbers] = Gathered
        if len(kinds) == 1:  # one array has one dtype
            self._gather = getattr(kind, "gather", Gathered)

    def step(self) -> None:
        """Change the parameters once; every rule writes its own."""
        raise NotImplementedError(f"{type(self).__name__}: needs a method step(self).")

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.params:
            p.zero_grad()

    def _reached(self) -> Numbers | None:
        """The parameters that have a gradient, as one array; None if none has."""
        reached = [p for p in self.params if p.grad is not None]
        if len(reached) == len(self.params):
            return self._gather(self.params)
        return Gathered(reached) if reached else None


class Gathered:
    """Parameters of any kind as one array; reading copies out of them, assigning copies back."""

    def __init__(self, params: Sequence[Any]) -> None:
        self.params = params

    @property
    def data(self) -> Any:
        """Every number, (n,); assigning changes the parameters."""
        return np.concatenate([np.ravel(p.data) for p in self.params])

    @data.setter
    def data(self, array: Any) -> None:
        start = 0
        for p in self.params:
            if isinstance(p, Tensor):
                p.data = array[start : start + p.size].reshape(p.shape)
                start += p.size
            else:
                p.data = array[start]
                start += 1

    @property
    def grad(self) -> Any:
        """The gradient of every number, (n,)."""
        return np.concatenate([np.ravel(p.grad) for p in self.params])


def _checked(who: str, given: Any) -> list[Any]:
    if isinstance(given, (Tensor, Value)):
        raise TypeError(f"{who}: needs a list of parameters, but got one. Pass it as [p].")
    if hasattr(given, "parameters"):
        raise TypeError(f"{who}: needs parameters, but got a model. Pass model.parameters().")
    params: list[Any] = list(given)
    if not params:
        raise ValueError(f"{who}: needs at least one parameter, but got none.")
    for i, p in enumerate(params):
        if not isinstance(p, (Tensor, Value)):
            raise TypeError(f"{who}: parameter {i} must be a Tensor or a Value, but is {p!r}.")
        if p.op is not None:
            raise ValueError(
                f"{who}: parameter {i} is the result of {p.op.name}. Pass what it was made from."
            )
    twice = len(params) - len({id(p) for p in params})
    if twice:
        raise ValueError(f"{who}: needs each parameter once, but {twice} came again.")
    if not any(p.requires_grad for p in params):
        raise ValueError(f"{who}: needs a parameter that requires a gradient, but none does.")
    return params
