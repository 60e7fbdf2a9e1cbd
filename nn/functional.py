"""Activations and losses as functions; `nn.activations` and `nn.losses` have them as modules.

Each takes Tensors, Values, object arrays or lists of Values, and plain numbers alike: a formula is
written once, with operations of `autograd`, and runs on whatever comes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd
from autograd import ShapeError, leaky_relu, relu, sigmoid, softplus, step, tanh
from nn.checks import (
    check_classes,
    check_distribution,
    check_scores,
    check_signs,
    check_unit,
    pair,
    reduced,
)
from nn.operands import as_operand, numbers

__all__ = [
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "softplus",
    "step",
    "sign",
    "softmax",
    "log_softmax",
    "mse_loss",
    "l1_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "nll_loss",
    "hinge_loss",
    "perceptron_loss",
]

# --- activations ------------------------------------------------------------------------------


def identity(x: Any) -> Any:
    """x itself: the linear activation."""
    return x


def sign(x: Any) -> Any:
    """+1 where x >= 0, -1 elsewhere: the perceptron's two classes; its derivative is 0.

    The upper class includes 0, as in lectures on the perceptron; `autograd.sign`, like NumPy's, is
    0 there.

    Example:
        >>> sign([-0.5, 0.0, 2.0]).tolist()
        [-1.0, 1.0, 1.0]
    """
    return 2 * step(x) - 1


def softmax(x: Any, dim: int = -1) -> Any:
    """Scores to probabilities: e**x over the sum of e**x along an axis.

    Args:
        x: (..., C) scores; any finite size is safe from overflow.
        dim: The axis of the classes. PyTorch has it without a default.

    Returns:
        x's shape; each entry in [0, 1], each row with sum 1.

    Example:
        >>> softmax([0.0, math.log(3)]).round(4).tolist()
        [0.25, 0.75]
    """
    e = autograd.exp(_below_zero("softmax", x, dim))
    return e / autograd.sum(e, axis=dim, keepdims=True)


def log_softmax(x: Any, dim: int = -1) -> Any:
    """The logarithm of `softmax`, exact where the softmax itself would round to 0.

    Args:
        x: (..., C) scores; any finite size is safe from overflow.
        dim: The axis of the classes. PyTorch has it without a default.

    Returns:
        x's shape; each entry <= 0.

    Example:
        >>> log_softmax([0.0, 1000.0]).tolist()
        [-1000.0, 0.0]
    """
    x = _below_zero("log_softmax", x, dim)
    return x - autograd.log(autograd.sum(autograd.exp(x), axis=dim, keepdims=True))


def _below_zero(who: str, x: Any, dim: int) -> Any:
    """x less its largest entry, which changes no softmax and keeps e**x from overflowing."""
    x = as_operand(who, x)
    if not np.shape(x):
        raise ShapeError(f"{who}: needs scores of shape (..., C), but got a single number.")
    return x - autograd.max(x, axis=dim, keepdims=True)


# --- losses -----------------------------------------------------------------------------------


def mse_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    r"""Mean squared error, the mean of :math:`(\hat y - y)^2`; some texts halve it.

    Args:
        prediction: Any shape.
        target: The same shape.
        reduction: "mean" over all elements, "sum", or "none" for each element's own.

    Returns:
        A scalar; for "none" of prediction's shape.

    Raises:
        ShapeError: The shapes differ. (N, 1) against (N,) would be compared each with each.
        ValueError: There are no elements, or an unknown reduction.

    Example:
        >>> float(mse_loss([1.0, 2.0], [1.0, 4.0]))
        2.0
    """
    prediction, target = pair("mse_loss", prediction, target)
    return reduced("mse_loss", autograd.square(prediction - target), reduction)


def l1_loss(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    r"""Mean absolute error, the mean of :math:`|\hat y - y|`; its derivative at 0 is 0.

    Shapes, reduction and errors are those of `mse_loss`.

    Example:
        >>> float(l1_loss([1.0, 2.0], [1.0, 4.0]))
        1.0
    """
    prediction, target = pair("l1_loss", prediction, target)
    return reduced("l1_loss", autograd.abs(prediction - target), reduction)


def binary_cross_entropy(probability: Any, target: Any, reduction: str = "mean") -> Any:
    r"""The mean of :math:`-y \ln p - (1 - y) \ln(1 - p)`, in nats.

    As in PyTorch no logarithm counts for less than -100, so a wrong prediction of exactly 0 or 1
    costs 100 and not infinity (87 in float32). It is flat there: the gradient is 0 (PyTorch's is
    about 1e12). With scores at hand `binary_cross_entropy_with_logits` needs no such limit.

    Args:
        probability: Any shape, each in [0, 1]: that of class 1.
        target: The same shape, each in [0, 1]; mostly 0 or 1.
        reduction: "mean" over all elements, "sum", or "none" for each element's own.

    Raises:
        ShapeError: The shapes differ.
        ValueError: A number outside [0, 1], no elements, or an unknown reduction.

    Example:
        >>> round(float(binary_cross_entropy([0.5, 1.0], [1, 1])), 4)
        0.3466
    """
    who = "binary_cross_entropy"
    p, y = pair(who, probability, target)
    check_unit(who, "probability", p, "For scores there is binary_cross_entropy_with_logits.")
    check_unit(who, "target", y, "For labels -1 and +1 pass (y + 1) / 2.")
    # Not max(ln p, -100): behind it ln would still be differentiated at 0.
    smallest = _smallest_probability(p)
    of_one = -autograd.log(autograd.maximum(p, smallest))
    of_zero = -autograd.log(autograd.maximum(1 - p, smallest))
    return reduced(who, y * of_one + (1 - y) * of_zero, reduction)


def _smallest_probability(p: Any) -> float:
    """e**-100, or the least number of p's dtype whose reciprocal, ln's derivative, is finite."""
    dtype = np.dtype(getattr(p, "dtype", np.float64))
    return max(math.exp(-100), float(np.finfo(dtype).tiny) if dtype.kind == "f" else 0.0)


def binary_cross_entropy_with_logits(logit: Any, target: Any, reduction: str = "mean") -> Any:
    r"""Binary cross-entropy of the probability :math:`\sigma(z)`; its gradient is σ(z) - y.

    Computed as :math:`y \ln(1 + e^{-z}) + (1 - y) \ln(1 + e^z)`, exact for every size of z.

    Args:
        logit: Any shape, the scores z before the sigmoid.
        target: The same shape, each in [0, 1]; mostly 0 or 1.
        reduction: "mean" over all elements, "sum", or "none" for each element's own.

    Raises:
        ShapeError: The shapes differ.
        ValueError: A target outside [0, 1], no elements, or an unknown reduction.

    Example:
        >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [1, 1], "none").tolist()
        [0.0, 1000.0]
    """
    who = "binary_cross_entropy_with_logits"
    z, y = pair(who, logit, target)
    check_unit(who, "target", y, "For labels -1 and +1 pass (y + 1) / 2.")
    return reduced(who, y * softplus(-z) + (1 - y) * softplus(z), reduction)


def cross_entropy(logits: Any, target: Any, reduction: str = "mean") -> Any:
    r"""Softmax cross-entropy, the mean of :math:`-\sum_k t_k \ln \mathrm{softmax}(s)_k`, in nats.

    Args:
        logits: (N, C), the scores s before softmax; or (C,) for one example.
        target: (N,) whole numbers in [0, C), the right classes; or (N, C) probabilities, each row
            with sum 1, such as one-hot rows. For one example () or (C,).
        reduction: "mean" over the examples, "sum", or "none" for (N,), each example's own.

    Raises:
        ShapeError: logits or target has another shape.
        TypeError: A class is not a whole number.
        ValueError: A class outside [0, C), a row of probabilities that is none, no examples, or an
            unknown reduction.

    Source:
        Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.2.2.3.

    Example:
        >>> round(float(cross_entropy([[2.0, 0.0, 0.0]], [0])), 4)
        0.2395
        >>> round(float(cross_entropy([[2.0, 0.0, 0.0]], [[1, 0, 0]])), 4)
        0.2395
    """
    who = "cross_entropy"
    logits, target = as_operand(who, logits), as_operand(who, target)
    if np.shape(logits) == np.shape(target):
        check_scores(who, logits)
        check_distribution(who, target)
        losses = -autograd.sum(target * log_softmax(logits), axis=-1)
        return reduced(who, losses, reduction)
    check_classes(who, logits, target)
    return reduced(who, -_of_class(log_softmax(logits), target), reduction)


def nll_loss(log_probabilities: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean of -(the right class's log-probability): what `cross_entropy` does after softmax.

    Args:
        log_probabilities: (N, C), as `log_softmax` gives them; or (C,) for one example.
        target: (N,) whole numbers in [0, C), the right classes; or () for one example.
        reduction: "mean" over the examples, "sum", or "none" for (N,), each example's own.

    Raises:
        ShapeError: One of them has another shape.
        TypeError: A class is not a whole number.
        ValueError: A class outside [0, C), no examples, or an unknown reduction.

    Example:
        >>> float(nll_loss([[-0.5, -1.5], [-2.0, -0.25]], [0, 1]))
        0.375
    """
    scores, target = as_operand("nll_loss", log_probabilities), as_operand("nll_loss", target)
    check_classes("nll_loss", scores, target)
    return reduced("nll_loss", -_of_class(scores, target), reduction)


def _of_class(scores: Any, target: Any) -> Any:
    """The entry of each row of scores at its class."""
    classes = numbers(target)
    rows = np.indices(classes.shape, sparse=True)
    return autograd.getitem(scores, (*rows, classes))


def hinge_loss(score: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean of max(0, 1 - y s): no cost from a margin of 1 on. Its derivative at the kink is 0.

    Args:
        score: Any shape.
        target: The same shape, each -1 or +1.
        reduction: "mean" over all elements, "sum", or "none" for each element's own.

    Raises:
        ShapeError: The shapes differ.
        ValueError: A target that is not -1 or +1, no elements, or an unknown reduction.

    Example:
        >>> hinge_loss([2.0, 0.5, -1.0], [1, 1, 1], "none").tolist()
        [0.0, 0.5, 2.0]
    """
    s, y = pair("hinge_loss", score, target)
    check_signs("hinge_loss", y)
    return reduced("hinge_loss", relu(1 - y * s), reduction)


def perceptron_loss(score: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean of max(0, -y s): only the wrong side costs. Its derivative is -y where y s < 0.

    Shapes, reduction and errors are those of `hinge_loss`.

    Example:
        >>> perceptron_loss([2.0, 0.5, -1.0], [1, 1, 1], "none").tolist()
        [0.0, 0.0, 1.0]
    """
    s, y = pair("perceptron_loss", score, target)
    check_signs("perceptron_loss", y)
    return reduced("perceptron_loss", relu(-y * s), reduction)
