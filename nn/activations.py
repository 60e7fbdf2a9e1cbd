"""Activations as modules, for `Sequential` and `MLP`; `nn.functional` has them as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from autograd.checks import check_function, check_int, check_number, refuse
from nn import functional
from nn.module import Module
from nn.operands import Operand

ActivationLike: TypeAlias = "str | Module | type[Module] | Callable[[Operand], Operand]"


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

    def __init__(self, function: Callable[[Operand], Operand]) -> None:
        check_function("Activation", function)
        self.function = function

    def forward(self, x: Operand) -> Operand:
        """The function of x."""
        return self.function(x)

    def _details(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


class FunctionLayer(Module):
    """What the activations share: a function of x, and of options that are its attributes."""

    function: ClassVar[Callable[..., Any]]
    options: ClassVar[tuple[str, ...]] = ()

    def forward(self, x: Operand) -> Operand:
        """The function of x, of any shape; shapes and errors are those of `nn.functional`'s."""
        return type(self).function(x, *[getattr(self, name) for name in self.options])

    def _details(self) -> str:
        return ", ".join(map(str, self._arguments().values()))

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.options}


class Identity(FunctionLayer):
    """x itself: the linear activation.

    Example:
        >>> Identity()([-2.0, 3.0])
        [-2.0, 3.0]
    """

    function = staticmethod(functional.identity)


class Sigmoid(FunctionLayer):
    """σ(x) = 1 / (1 + e**-x), in (0, 1); its derivative is σ (1 - σ).

    Example:
        >>> Sigmoid()([0.0, 1.0]).round(4).tolist()
        [0.5, 0.7311]
    """

    function = staticmethod(functional.sigmoid)


class Tanh(FunctionLayer):
    """The hyperbolic tangent, 2 σ(2x) - 1, in (-1, 1); its derivative is 1 - tanh².

    Example:
        >>> Tanh()([0.0, 1.0]).round(4).tolist()
        [0.0, 0.7616]
    """

    function = staticmethod(functional.tanh)


class ReLU(FunctionLayer):
    """max(x, 0); its derivative is 1 where x > 0, else 0.

    Example:
        >>> ReLU()([-2.0, 3.0]).tolist()
        [0.0, 3.0]
    """

    function = staticmethod(functional.relu)


class SELU(FunctionLayer):
    """An `ELU` scaled so that layers keep mean 0 and variance 1; see `nn.functional.selu`.

    Example:
        >>> SELU()([-1.0, 1.0]).round(4).tolist()
        [-1.1113, 1.0507]
    """

    function = staticmethod(functional.selu)


class GELU(FunctionLayer):
    """x Φ(x), with the normal distribution function, exactly; see `nn.functional.gelu`.

    Example:
        >>> GELU()([-1.0, 1.0]).round(4).tolist()
        [-0.1587, 0.8413]
    """

    function = staticmethod(functional.gelu)


class SiLU(FunctionLayer):
    """x σ(x), also called swish; its derivative is σ (1 + x (1 - σ)).

    Example:
        >>> SiLU()([-1.0, 1.0]).round(4).tolist()
        [-0.2689, 0.7311]
    """

    function = staticmethod(functional.silu)


class Softplus(FunctionLayer):
    """ln(1 + e**x), a smooth ReLU; its derivative is σ(x).

    Example:
        >>> Softplus()([0.0, 1.0]).round(4).tolist()
        [0.6931, 1.3133]
    """

    function = staticmethod(functional.softplus)


class Hardtanh(FunctionLayer):
    """x limited to [-1, 1]; its derivative is 1 inside, 0 outside and at either end.

    Example:
        >>> Hardtanh()([-2.0, 0.5]).tolist()
        [-1.0, 0.5]
    """

    function = staticmethod(functional.hardtanh)


class Step(FunctionLayer):
    """1 where x >= 0, else 0: the perceptron's threshold. Nothing is learnt through it.

    Example:
        >>> Step()([-2.0, 0.0]).tolist()
        [0.0, 1.0]
    """

    function = staticmethod(functional.step)


class Sign(FunctionLayer):
    """+1 where x >= 0, else -1: the perceptron's two classes. Nothing is learnt through it.

    Example:
        >>> Sign()([-2.0, 0.0]).tolist()
        [-1.0, 1.0]
    """

    function = staticmethod(functional.sign)


class LeakyReLU(FunctionLayer):
    """x where x > 0, a small slope times x elsewhere, so that no unit goes silent for good.

    Args:
        negative_slope: The slope where x <= 0.

    Raises:
        TypeError: negative_slope is no number.

    Example:
        >>> LeakyReLU(0.1)([-2.0, 3.0]).tolist()
        [-0.2, 3.0]
    """

    function = staticmethod(functional.leaky_relu)
    options = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = check_number("LeakyReLU", "negative_slope", negative_slope)


class ELU(FunctionLayer):
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

    function = staticmethod(functional.elu)
    options = ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_number("ELU", "alpha", alpha)


class Softmax(FunctionLayer):
    """Scores to probabilities, along an axis.

    Args:
        dim: The axis of the classes.

    Raises:
        TypeError: dim is no int.

    Example:
        >>> Softmax()([[1.0, 1.0]]).tolist()
        [[0.5, 0.5]]
    """

    function = staticmethod(functional.softmax)
    options = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = check_int(type(self).__name__, "dim", dim)

    def _details(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, exact where the softmax itself would round to 0.

    Example:
        >>> LogSoftmax()([[0.0, 1000.0]]).tolist()
        [[-1000.0, 0.0]]
    """

    function = staticmethod(functional.log_softmax)


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


def as_activation(who: str, activation: str | Module | Callable[[Operand], Operand]) -> Module:
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
