"""Penalties on large weights, to be added to a loss against over-fitting."""

from __future__ import annotations

from collections.abc import Callable

import autograd
from autograd import Tensor
from autograd.checks import refuse
from nn.module import Module
from nn.operands import Operand


def l1_penalty(model: Module, coefficient: float, *, biases: bool = False) -> Operand:
    r"""λ times the sum of absolute weights, :math:`\lambda \sum |w|`: it makes many of them 0.

    Its gradient has the same size however small a weight is (at 0 it is 0). So a step of gradient
    descent leaves a weight within the step of 0, seldom on it: count those below a small bound.

    Args:
        model: Its parameters count, but for those named "bias".
        coefficient: λ >= 0.
        biases: Whether to count the biases too; mostly they are left free, as they only shift.

    Returns:
        () Tensor; of a close-up, a Value.

    Raises:
        ValueError: coefficient < 0, or there are no weights.

    Source:
        R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal
        Statistical Society B 58 (1996) 267-288.

    Example:
        >>> from nn import Linear
        >>> layer = Linear(2, 1)
        >>> layer.weight.data, layer.bias.data = [[3.0, -1.0]], [10.0]
        >>> l1_penalty(layer, 0.5).item()
        2.0
    """
    return _penalty("l1_penalty", autograd.abs, model, coefficient, biases)


def l2_penalty(model: Module, coefficient: float, *, biases: bool = False) -> Operand:
    r"""λ times the sum of squared weights, :math:`\lambda \sum w^2`: small and even ones are best.

    Some texts halve it. With plain gradient descent it is the weight decay 2λ of the optimizers.

    Args:
        model: Its parameters count, but for those named "bias".
        coefficient: λ >= 0.
        biases: Whether to count the biases too; mostly they are left free, as they only shift.

    Returns:
        () Tensor; of a close-up, a Value.

    Raises:
        ValueError: coefficient < 0, or there are no weights.

    Source:
        A. E. Hoerl, R. W. Kennard, "Ridge regression", Technometrics 12 (1970) 55-67.

    Example:
        >>> from nn import Linear
        >>> layer = Linear(2, 1)
        >>> layer.weight.data, layer.bias.data = [[3.0, -1.0]], [10.0]
        >>> l2_penalty(layer, 0.5).item()
        5.0
    """
    return _penalty("l2_penalty", autograd.square, model, coefficient, biases)


def _penalty(
    who: str, size: Callable[[Operand], Operand], model: Module, coefficient: float, biases: bool
) -> Operand:
    if not coefficient >= 0:
        refuse(who, "coefficient", ">= 0", coefficient, ValueError)
    sizes = [size(p) for name, p in model.named_parameters() if biases or not _is_bias(name)]
    if not sizes:
        raise ValueError(f"{who}: needs at least one weight, but {model!r} has none.")
    sums = [autograd.sum(x) if isinstance(x, Tensor) else x for x in sizes]
    total = sums[0]
    for part in sums[1:]:
        total = total + part
    return coefficient * total


def _is_bias(name: str) -> bool:
    """Whether it names a bias: "0.bias"; in a close-up, "0.bias[2]"."""
    return name.partition("[")[0].rpartition(".")[2] == "bias"
