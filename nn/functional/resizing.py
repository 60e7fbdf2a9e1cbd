"""Sequences and images made larger or smaller by repeating and leaving out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd
from autograd import ShapeError
from autograd.checks import check_number, kind
from nn.functional.windows import per_axis
from nn.operands import Operand, as_operand, refuse_options, shape_of, shape_or_type

INTERPOLATION = {
    "mode": ("nearest", "A learnt one is nn.ConvTranspose2d."),
    "align_corners": (None, "It belongs to other modes."),
    "recompute_scale_factor": (None, "Say size=."),
    "antialias": (False, "It belongs to other modes."),
}
"""What PyTorch's has beyond ours: the default, and what to do without."""


def interpolate(
    input: Operand, size: Any = None, scale_factor: Any = None, **refused: object
) -> Operand:
    """The numbers along each axis repeated, or some left out, to another size: the nearest ones.

    With a size m, number i is number ⌊i n / m⌋ of n. With a factor f it is number ⌊i / f⌋; but as
    in PyTorch it is the former along an axis of an image that stays as long or becomes twice as
    long. Where i / f is whole or nearly so, PyTorch can round it to the neighbour.

    Args:
        input: (N, C, L) or (N, C, H, W).
        size: The new size; an int, or one for each axis.
        scale_factor: In place of it, how many times the size; a number, or one for each axis.
        **refused: PyTorch's mode, align_corners, recompute_scale_factor and antialias, unless they
            have their defaults.

    Returns:
        (N, C, *size).

    Raises:
        ShapeError: input has other axes, or no numbers.
        ValueError: both or neither of size and scale_factor, or one of them is too small.

    Example:
        >>> interpolate(np.array([[[1.0, 2.0]]]), scale_factor=2).tolist()
        [[[1.0, 1.0, 2.0, 2.0]]]
    """
    return resized("interpolate", input, size, scale_factor, refused)


def resized(
    who: object, x: Operand, size: Any, scale_factor: Any, refused: dict[str, Any]
) -> Operand:
    """The nearest numbers; `who` is named by errors."""
    refuse_options(str(who), refused, INTERPOLATION)
    x = as_operand(str(who), x)
    shape = shape_of(x)
    axes = len(shape) - 2
    if axes < 1 or not all(shape[2:]):
        raise ShapeError(f"{who}: needs input of shape (N, C, H, W), but got {shape_or_type(x)}.")
    if (size is None) == (scale_factor is None):
        raise ValueError(f"{who}: needs size or scale_factor, one of them.")
    if size is not None:
        new = per_axis(who, "size", size, axes, least=1)
        # In whole numbers: 49 · (4 / 98) rounds to less than 2.
        nearest = [np.arange(m) * n // m for n, m in zip(shape[2:], new, strict=True)]
        whole = all(m % n == 0 for n, m in zip(shape[2:], new, strict=True))
    else:
        factors = factors_of(who, scale_factor, axes)
        new = tuple(math.floor(n * f) for n, f in zip(shape[2:], factors, strict=True))
        if not all(new):
            raise ShapeError(f"{who}: scale_factor {scale_factor} leaves nothing of {shape[2:]}.")
        nearest = [
            np.arange(m) * n // m
            if axes == 2 and m in (n, 2 * n)
            else (np.arange(m) / f).astype(int)
            for n, m, f in zip(shape[2:], new, factors, strict=True)
        ]
        whole = all(f % 1 == 0 for f in factors)
    if whole:  # each number at all places of its window
        times = tuple(m // n for n, m in zip(shape[2:], new, strict=True))
        return autograd.over_windows(x, times, times, ((0, 0),) * axes)
    for axis, (n, index) in enumerate(zip(shape[2:], nearest, strict=True), start=2):
        x = autograd.take(x, np.minimum(index, n - 1), axis=axis)
    return x


def factors_of(who: object, scale_factor: Any, axes: int) -> list[float]:
    """A factor for each axis."""
    given = scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor] * axes
    if len(given) != axes:
        raise TypeError(
            f"{who}: scale_factor must be a number or {axes} of them, but got "
            f"{kind(scale_factor)} of {len(given)}."
        )
    return [check_number(str(who), "scale_factor", f, "> 0") for f in given]
