"""Activations as modules, for `Sequential` and `MLP`; `nn.functional` has them as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from autograd.checks import check_function, check_int, check_number, refuse
from nn import functional
from nn.module import Module

ActivationLike: TypeAlias = "str | Module | type[Module] | Callable[[Any], Any]"


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
        check_function("Activation", function)
        self.function = function

    def forward(self, x: Any) -> Any:
        """The function of x."""
        return self.function(x)

    def _details(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


class Elementwise(Module):
    """What the activations without options share: a function of every element, of any shape."""

    function: ClassVar[Callable[..., Any]]

    def forward(self, x: Any) -> Any:
        """The function of every element of x."""
        return type(self).function(x)

    def _arguments(self) -> dict[str, Any]:
        return {}


class Identity(Elementwise):
    """x itself: the linear activation."""

    function = staticmethod(functional.identity)


class Sigmoid(Elementwise):
    """σ(x) = 1 / (1 + e**-x), in (0, 1); its derivative is σ (1 - σ)."""

    function = staticmethod(functional.sigmoid)


class Tanh(Elementwise):
    """The hyperbolic tangent, 2 σ(2x) - 1, in (-1, 1); its derivative is 1 - tanh²."""

    function = staticmethod(functional.tanh)


class ReLU(Elementwise):
    """max(x, 0); its derivative is 1 where x > 0, else 0."""

    function = staticmethod(functional.relu)


class SELU(Elementwise):
    """An `ELU` scaled so that layers keep mean 0 and variance 1; see `nn.functional.selu`."""

    function = staticmethod(functional.selu)


class GELU(Elementwise):
    """x Φ(x), with the normal distribution function, exactly; see `nn.functional.gelu`."""

    function = staticmethod(functional.gelu)


class SiLU(Elementwise):
    """x σ(x), also called swish; its derivative is σ (1 + x (1 - σ))."""

    function = staticmethod(functional.silu)


class Softplus(Elementwise):
    """ln(1 + e**x), a smooth ReLU; its derivative is σ(x)."""

    function = staticmethod(functional.softplus)


class Hardtanh(Elementwise):
    """x limited to [-1, 1]; its derivative is 1 inside, 0 outside and at either end."""

    function = staticmethod(functional.hardtanh)


class Step(Elementwise):
    """1 where x >= 0, else 0: the perceptron's threshold. Nothing is learnt through it."""

    function = staticmethod(functional.step)


class Sign(Elementwise):
    """+1 where x >= 0, else -1: the perceptron's two classes. Nothing is learnt through it."""

    function = staticmethod(functional.sign)


class LeakyReLU(Module):
    """x where x > 0, a small slope times x elsewhere, so that no unit goes silent for good.

    Args:
        negative_slope: The slope where x <= 0.

    Raises:
        TypeError: negative_slope is no number.

    Example:
        >>> LeakyReLU(0.1)([-2.0, 3.0]).tolist()
        [-0.2, 3.0]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = check_number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, x: Any) -> Any:
        """x or negative_slope times x, for every element."""
        return functional.leaky_relu(x, self.negative_slope)

    def _details(self) -> str:
        return f"{self.negative_slope}"

    def _arguments(self) -> dict[str, Any]:
        return {"negative_slope": self.negative_slope}


class ELU(Module):
    """x where x > 0, alpha (e**x - 1) elsewhere: a ReLU with means closer to 0.

    Args:
        alpha: How far below 0 it goes. Its derivative at 0 is alpha.

    Raises:
        TypeError: alpha is no number.

    Source:
        D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by
        exponential linear units", ICLR (2016).

    Example:
        >>> ELU()([-1.0, 3.0]).round(4).tolist()
        [-0.6321, 3.0]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number("ELU", "alpha", alpha)

    def forward(self, x: Any) -> Any:
        """x or alpha (e**x - 1), for every element."""
        return functional.elu(x, self.alpha)

    def _details(self) -> str:
        return f"{self.alpha}"

    def _arguments(self) -> dict[str, Any]:
        return {"alpha": self.alpha}


class Softmax(Module):
    """Scores to probabilities, along an axis.

    Args:
        dim: The axis of the classes.

    Raises:
        TypeError: dim is no int.

    Example:
        >>> Softmax()([[1.0, 1.0]]).tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = check_int(type(self).__name__, "dim", dim)

    def forward(self, x: Any) -> Any:
        """(..., C) scores to as many probabilities."""
        return functional.softmax(x, self.dim)

    def _details(self) -> str:
        return f"dim={self.dim}"

    def _arguments(self) -> dict[str, Any]:
        return {"dim": self.dim}


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
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "hardtanh": Hardtanh,
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
            refuse(who, "activation", f"one of {names}", activation, ValueError)
        return ACTIVATIONS[activation]()
    if isinstance(activation, Module):
        return activation
    if isinstance(activation, type) and issubclass(activation, Module):
        return activation()
    if not callable(activation):
        refuse(who, "activation", "a name or a function", activation, TypeError)
    return Activation(activation)
