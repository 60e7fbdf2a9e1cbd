"""Activations as functions; the simplest are operations of `autograd` itself."""

from __future__ import annotations

import math

import autograd
from autograd import ShapeError, elu, leaky_relu, relu, sigmoid, softplus, step, tanh
from autograd.op import named
from nn.operands import Operand, all_values, as_operand, shape_of

__all__ = [
    "elu", "gelu", "hardtanh", "identity", "leaky_relu", "log_softmax", "relu", "selu",
    "sigmoid", "sign", "silu", "softmax", "softplus", "step", "tanh",
]  # fmt: skip

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def identity(x: Operand) -> Operand:
    """x itself: the linear activation.

    Example:
        >>> identity(3.0)
        3.0
    """
    return x


def sign(x: Operand) -> Operand:
    """+1 where x >= 0, -1 elsewhere: the perceptron's two classes; its derivative is 0.

    The upper class includes 0, as in lectures on the perceptron; `autograd.sign`, like NumPy's, is
    0 there.

    Example:
        >>> sign([-0.5, 0.0, 2.0]).tolist()
        [-1.0, 1.0, 1.0]
    """
    return 2 * step(x) - 1


def selu(x: Operand) -> Operand:
    """1.0507 times `elu` with alpha 1.6733: layers of it keep mean 0 and variance 1 by themselves.

    Args:
        x: Any shape.

    Returns:
        x's shape; each element above -1.7581. At 0 the derivative is that from below, 1.7581.

    Source:
        G. Klambauer et al., "Self-normalizing neural networks", NeurIPS (2017).

    Example:
        >>> selu([-1.0, 0.0, 1.0]).round(4).tolist()
        [-1.1113, 0.0, 1.0507]
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


@named("gelu", 1)
def gelu(x: Operand) -> Operand:
    r"""x Φ(x), with the normal distribution function Φ: a ReLU that rounds the corner.

    Computed exactly, as :math:`\frac{x}{2} (1 + \mathrm{erf}(x / \sqrt 2))`, not by the
    approximation with a tanh.

    Args:
        x: Any shape.

    Returns:
        x's shape; each element above -0.17.

    Source:
        D. Hendrycks, K. Gimpel, "Gaussian error linear units", arXiv:1606.08415 (2016).

    Example:
        >>> gelu([-1.0, 0.0, 1.0]).round(4).tolist()
        [-0.1587, 0.0, 0.8413]
    """
    x = as_operand("gelu", x)
    return 0.5 * x * (1 + autograd.erf(x / math.sqrt(2)))


def silu(x: Operand) -> Operand:
    """x σ(x), also called swish.

    Args:
        x: Any shape.

    Returns:
        x's shape; each element above -0.28.

    Source:
        S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units", Neural Networks 107 (2018).

    Example:
        >>> silu([-1.0, 0.0, 1.0]).round(4).tolist()
        [-0.2689, 0.0, 0.7311]
    """
    x = as_operand("silu", x)
    return x * sigmoid(x)


def hardtanh(x: Operand, min_val: float = -1.0, max_val: float = 1.0) -> Operand:
    """x limited to [min_val, max_val]. The derivative at either end is 0, as in PyTorch.

    Example:
        >>> hardtanh([-3.0, 0.5, 3.0]).tolist()
        [-1.0, 0.5, 1.0]
        >>> hardtanh([-3.0, 0.5, 9.0], 0.0, 6.0).tolist()  # also called ReLU6
        [0.0, 0.5, 6.0]
    """
    # Not `clip`, which passes the gradient at its limits: here the limits come first in a tie.
    return autograd.at_most(max_val, autograd.at_least(min_val, as_operand("hardtanh", x)))


def softmax(x: Operand, dim: int = -1) -> Operand:
    """Scores to probabilities: e**x over the sum of e**x along an axis.

    Args:
        x: (..., C) scores; any finite size is safe from overflow.
        dim: The axis of the classes. PyTorch has it without a default.

    Returns:
        x's shape; each entry in [0, 1], each row with sum 1.

    Raises:
        ShapeError: x is a single number.

    Example:
        >>> softmax([0.0, math.log(3)]).round(4).tolist()
        [0.25, 0.75]
    """
    return autograd.softmax(_scores("softmax", x), axis=dim)


def log_softmax(x: Operand, dim: int = -1) -> Operand:
    """The logarithm of `softmax`, exact where the softmax itself would round to 0.

    Args:
        x: (..., C) scores; any finite size is safe from overflow.
        dim: The axis of the classes. PyTorch has it without a default.

    Returns:
        x's shape; each entry <= 0.

    Raises:
        ShapeError: x is a single number.

    Example:
        >>> log_softmax([0.0, 1000.0]).tolist()
        [-1000.0, 0.0]
    """
    return autograd.log_softmax(_scores("log_softmax", x), axis=dim)


def _scores(who: str, x: Operand) -> Operand:
    x = all_values(as_operand(who, x))
    if not shape_of(x):
        raise ShapeError(f"{who}: needs scores of shape (..., C), but got a single number.")
    return x
