"""Losses on numbers: how far predictions are from what they should be."""

from __future__ import annotations

import autograd
from autograd.checks import refuse
from autograd.op import INFINITY, named
from nn.functional.targets import pair, reduced
from nn.operands import Operand


@named("mean squared error", 1, 1)
def mse_loss(prediction: Operand, target: Operand, reduction: str = "mean") -> Operand:
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


@named("mean absolute error", 1, 1)
def l1_loss(prediction: Operand, target: Operand, reduction: str = "mean") -> Operand:
    r"""Mean absolute error, the mean of :math:`|\hat y - y|`; its derivative at 0 is 0.

    Shapes, reduction and errors are those of `mse_loss`.

    Example:
        >>> float(l1_loss([1.0, 2.0], [1.0, 4.0]))
        1.0
    """
    prediction, target = pair("l1_loss", prediction, target)
    return reduced("l1_loss", autograd.abs(prediction - target), reduction)


def smooth_l1_loss(
    prediction: Operand, target: Operand, reduction: str = "mean", *, beta: float = 1.0
) -> Operand:
    r"""The absolute error d less β/2, and d²/(2β) where d < β: no kink, and outliers pull little.

    Shapes and reduction are those of `mse_loss`.

    Args:
        prediction: Any shape.
        target: The same shape.
        reduction: "mean", "sum" or "none".
        beta: β > 0, where the parabola ends.

    Raises:
        ShapeError: The shapes differ.
        ValueError: beta <= 0, there are no elements, or an unknown reduction.

    Source:
        R. Girshick, "Fast R-CNN", ICCV (2015).

    Example:
        >>> smooth_l1_loss([0.0, 0.5, 3.0], [0.0, 0.0, 0.0], "none").tolist()
        [0.0, 0.125, 2.5]
    """
    losses = _rounded("smooth_l1_loss", "beta", prediction, target, beta) / beta
    return reduced("smooth_l1_loss", losses, reduction)


def huber_loss(
    prediction: Operand, target: Operand, reduction: str = "mean", *, delta: float = 1.0
) -> Operand:
    r"""d²/2 where the absolute error d < δ, and δ (d - δ/2) beyond: `smooth_l1_loss` times δ.

    Shapes and reduction are those of `mse_loss`.

    Args:
        prediction: Any shape.
        target: The same shape.
        reduction: "mean", "sum" or "none".
        delta: δ > 0, where the parabola ends.

    Raises:
        ShapeError: The shapes differ.
        ValueError: delta <= 0, there are no elements, or an unknown reduction.

    Source:
        P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical
        Statistics 35 (1964) 73-101.

    Example:
        >>> huber_loss([0.0, 0.5, 3.0], [0.0, 0.0, 0.0], "none", delta=2.0).tolist()
        [0.0, 0.125, 4.0]
    """
    losses = _rounded("huber_loss", "delta", prediction, target, delta)
    return reduced("huber_loss", losses, reduction)


def _rounded(who: str, name: str, prediction: Operand, target: Operand, width: float) -> Operand:
    """Huber's loss of each element."""
    if not width > 0:
        refuse(who, name, "> 0", width, ValueError)
    prediction, target = pair(who, prediction, target)
    distance = prediction - target
    if width == INFINITY:
        return 0.5 * distance * distance
    # The parabola up to the width, and from there on its tangent. What lies beyond is multiplied
    # with the width and not with c, whose derivative, 0, times an infinite distance would be nan.
    c = autograd.clip(distance, -width, width)
    return 0.5 * c * c + width * autograd.abs(distance - c)
