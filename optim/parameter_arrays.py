"""Parameters as one array of numbers and one of gradients, whatever they are.

A kind of parameter whose numbers can lie in one array together says so with a function `gather`
(`nn.Parameter.gather`): then nothing is copied, and a rule works where the numbers are. Anything
else is copied into an array once per step, and copied back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from autograd import Tensor, Value
from autograd.adopted_values import GatheredValues

if TYPE_CHECKING:
    from autograd.arrays import FloatArray


class Numbers(Protocol):
    """Parameters as one array."""

    @property
    def sizes(self) -> list[int]:
        """How many numbers each parameter has, in order."""
        raise NotImplementedError

    def is_current(self) -> bool:
        """Whether this still is where the parameters keep their numbers."""
        raise NotImplementedError

    def gradient(self) -> tuple[FloatArray, list[bool] | None]:
        """The gradient of every number, (n,), 0 where none has reached.

        And of each parameter whether one has reached it; None if all.
        """
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget the gradients."""

    def take(self) -> FloatArray:
        """Every number, (n,), to be changed in place and then `put` back."""
        raise NotImplementedError

    def put(self, theta: FloatArray) -> None:
        """Change the parameters to the numbers that were taken."""


def gather(params: Sequence[Tensor | Value]) -> Numbers:
    """These parameters as one array.

    Example:
        >>> x, y = Value(1.0), Value(2.0)
        >>> numbers = gather([x, y])
        >>> theta = numbers.take()
        >>> theta *= 10
        >>> numbers.put(theta)
        >>> x.data, y.data
        (10.0, 20.0)
    """
    kinds = {(type(p), getattr(p, "dtype", None)) for p in params}
    if len(kinds) == 1:  # one array has one dtype
        together = getattr(type(params[0]), "gather", None)
        numbers: Numbers | None = together(params) if together else None
        if numbers is not None:
            return numbers
    values = [p for p in params if isinstance(p, Value)]
    if len(values) == len(params):
        return GatheredValues(values)
    return Gathered(params)


class Gathered:
    """Parameters of any kind."""

    def __init__(self, params: Sequence[Tensor | Value]) -> None:
        self.params = params
        self.sizes = [p.size if isinstance(p, Tensor) else 1 for p in params]

    def is_current(self) -> bool:
        """True: they are asked for their numbers every time."""
        return True

    def gradient(self) -> tuple[FloatArray, list[bool] | None]:
        """A copy of the gradient, (n,), and what it has reached."""
        reached = [p._grad is not None for p in self.params]
        grads = [np.zeros_like(p.data) if p._grad is None else p._grad for p in self.params]
        grad = np.concatenate([np.ravel(g) for g in grads])
        if not isinstance(grad, np.ndarray) and self._are_numpys():
            grad = np.asarray(grad)  # of data in parts on other machines: computed now
        return grad, None if all(reached) else reached

    def _are_numpys(self) -> bool:
        return all(isinstance(p._data, (np.ndarray, float)) for p in self.params)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for p in self.params:
            p.zero_grad()

    def take(self) -> FloatArray:
        """A copy of every number, (n,)."""
        return np.concatenate([np.ravel(p.data) for p in self.params])

    def put(self, theta: FloatArray) -> None:
        """Copy the numbers to the parameters."""
        start = 0
        for p, size in zip(self.params, self.sizes, strict=True):
            here = theta[start : start + size]
            if isinstance(p, Tensor):
                p.data = here.reshape(p.shape)
            else:
                p.data = here.item()
            start += size
