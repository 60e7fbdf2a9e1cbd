"""Activations as modules, for `Sequential` and `MLP`; `nn.functional` has them as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nn import functional
from nn.module import Module


class Activation(Module):
    """A function as a module.

    Args:
        function: Takes one operand (a Tensor, a Value, an array of Values) and returns its result.

    Raises:
        TypeError: function cannot be called.

    Example:
        >>> import autograd
        >>> Activation(autograd.sin)
        Activation(sin)
        >>> Activation(autograd.sin)(0.0)
        0.0
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        if not callable(function):
            raise TypeError(f"Activation: needs a function, but got {function!r}.")
        self.function = function

    def forward(self, x: Any) -> Any:
        """The function of x."""
        return self.function(x)

    def _details(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


class Identity(Module):
    """x itself: the linear activation."""

    def forward(self, x: Any) -> Any:
        """x itself."""
        return functional.identity(x)


class Sigmoid(Module):
    """σ(x) = 1 / (1 + e**-x), in (0, 1); its derivative is σ (1 - σ)."""

    def forward(self, x: Any) -> Any:
        """σ of every element."""
        return functional.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, 2 σ(2x) - 1, in (-1, 1); its derivative is 1 - tanh²."""

    def forward(self, x: Any) -> Any:
        """The hyperbolic tangent of every element."""
        return functional.tanh(x)


class ReLU(Module):
    """max(x, 0); its derivative is 1 where x > 0, else 0."""

    def forward(self, x: Any) -> Any:
        """max(x, 0) of every element."""
        return functional.relu(x)


class LeakyReLU(Module):
    """x where x > 0, a small slope times x elsewhere, so that no unit goes silent for good.

    Args:
        negative_slope: The slope where x <= 0.
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """x or negative_slope times x, for every element."""
        return functional.leaky_relu(x, self.negative_slope)

    def _details(self) -> str:
        return f"{self.negative_slope}"


class Softplus(Module):
    """ln(1 + e**x), a smooth ReLU; its derivative is σ(x)."""

    def forward(self, x: Any) -> Any:
        """ln(1 + e**x) of every element."""
        return functional.softplus(x)


class Step(Module):
    """1 where x >= 0, else 0: the perceptron's threshold. Nothing is learnt through it."""

    def forward(self, x: Any) -> Any:
        """1 or 0 for every element."""
        return functional.step(x)


class Sign(Module):
    """+1 where x >= 0, else -1: the perceptron's two classes. Nothing is learnt through it."""

    def forward(self, x: Any) -> Any:
        """+1 or -1 for every element."""
        return functional.sign(x)


class Softmax(Module):
    """Scores to probabilities, along an axis.

    Args:
        dim: The axis of the classes.
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """(..., C) scores to as many probabilities."""
        return functional.softmax(x, self.dim)

    def _details(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, exact where the softmax itself would round to 0."""

    def forward(self, x: Any) -> Any:
        """(..., C) scores to as many log-probabilities."""
        return functional.log_softmax(x, self.dim)


ACTIVATIONS: dict[str, type[Module]] = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "softplus": Softplus,
    "step": Step,
    "sign": Sign,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
}
"""What a name such as "relu" stands for; the names are those of the functions."""


def as_activation(who: str, activation: str | Module | Callable[[Any], Any]) -> Module:
    """The module that a name, a module, a module's class or a function stands for.

    Raises:
        ValueError: an unknown name.
        TypeError: none of these.

    Example:
        >>> as_activation("demo", "tanh")
        Tanh()
        >>> as_activation("demo", "tahn")
        Traceback (most recent call last):
        ValueError: demo: activation must be one of identity, sigmoid, ..., but got 'tahn'.
    """
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            names = ", ".join(ACTIVATIONS)
            raise ValueError(f"{who}: activation must be one of {names}, but got {activation!r}.")
        return ACTIVATIONS[activation]()
    if isinstance(activation, Module):
        return activation
    if isinstance(activation, type) and issubclass(activation, Module):
        return activation()
    if not callable(activation):
        raise TypeError(f"{who}: activation must be a name or a function, but got {activation!r}.")
    return Activation(activation)
