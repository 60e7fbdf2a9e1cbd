"""Pooling: one number of each window of a sequence or an image, the largest or the mean."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd.checks import check_bool, check_int, refuse
from nn.functional.windows import (
    Lengths,
    Pairs,
    fitted,
    per_axis,
    with_examples,
    without_examples,
)
from nn.operands import shape_of


def max_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest number of each window along one axis; otherwise as `max_pool2d`.

    Example:
        >>> max_pool1d([[1.0, 5.0, 2.0, 3.0]], 2).tolist()
        [[5.0, 3.0]]
    """
    return largest("max_pool1d", 1, x, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """The largest number of each window of an image.

    The gradient goes to that number alone; of equal ones to the first, row by row.

    Args:
        x: (N, C, H, W), or (C, H, W) for a single example.
        kernel_size: How large a window is; an int, or one for each axis.
        stride: How far windows are apart; by default as far as they are long.
        padding: How much is put around the image that is smaller than any number, at most half of
            a window.
        dilation: How far the numbers of a window are apart.
        ceil_mode: Whether a last window that is not full counts, too.

    Returns:
        (N, C, windows down, windows across), or without N.

    Raises:
        ShapeError: x has other axes, or is smaller than a window.
        ValueError: a number is too small, or padding too large.

    Example:
        >>> max_pool2d([[[1.0, 2.0, 0.0], [3.0, 4.0, 1.0]]], 2, stride=1).tolist()
        [[[4.0, 4.0]]]
    """
    return largest("max_pool2d", 2, x, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window along one axis; otherwise as `avg_pool2d`.

    Example:
        >>> avg_pool1d([[1.0, 5.0, 2.0, 3.0]], 2).tolist()
        [[3.0, 2.5]]
    """
    return means(
        "avg_pool1d", 1, x, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of an image.

    Args:
        x: (N, C, H, W), or (C, H, W) for a single example.
        kernel_size: How large a window is; an int, or one for each axis.
        stride: How far windows are apart; by default as far as they are long.
        padding: How many zeros are put around the image, at most half of a window.
        ceil_mode: Whether a last window that is not full counts, too.
        count_include_pad: Whether these zeros count in the mean.
        divisor_override: What the sums are divided by in place of how many numbers there are.

    Returns:
        (N, C, windows down, windows across), or without N.

    Raises:
        ShapeError: x has other axes, or is smaller than a window.
        ValueError: a number is too small, or padding too large.

    Example:
        >>> avg_pool2d([[[1.0, 2.0], [3.0, 4.0]]], 2).tolist()
        [[[2.5]]]
    """
    return means(
        "avg_pool2d", 2, x, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


# --- along any axes, for functions and layers -------------------------------------------------


def largest(
    who: object,
    axes: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> Any:
    """Max pooling along so many axes; `who` is named by errors."""
    x, single = with_examples(who, x, axes)
    kernel, steps, around = windows(who, axes, kernel_size, stride, padding)
    apart = per_axis(who, "dilation", dilation, axes, least=1)
    check_bool(str(who), "ceil_mode", ceil_mode)
    exact = fitted(who, shape_of(x)[2:], kernel, steps, around, apart, ceil_mode)
    return without_examples(autograd.max_pool(x, kernel, steps, exact, apart), single)


def means(
    who: object,
    axes: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    """Average pooling along so many axes."""
    x, single = with_examples(who, x, axes)
    kernel, steps, around = windows(who, axes, kernel_size, stride, padding)
    check_bool(str(who), "ceil_mode", ceil_mode)
    check_bool(str(who), "count_include_pad", count_include_pad)
    size = shape_of(x)[2:]
    exact = fitted(who, size, kernel, steps, around, (1,) * axes, ceil_mode)
    divisor: Any
    if divisor_override is None:
        divisor = _counts(size, kernel, steps, around, exact, count_include_pad)
    else:
        divisor = float(check_int(str(who), "divisor_override", divisor_override, least=1))
    return without_examples(autograd.avg_pool(x, kernel, steps, exact, divisor), single)


def windows(
    who: object, axes: int, kernel_size: Any, stride: Any, padding: Any
) -> tuple[Lengths, Lengths, Pairs]:
    """The lengths of windows, how far they are apart, and what is put around: checked."""
    kernel = per_axis(who, "kernel_size", kernel_size, axes, least=1)
    steps = kernel if stride is None else per_axis(who, "stride", stride, axes, least=1)
    around = per_axis(who, "padding", padding, axes, least=0)
    if any(2 * p > k for p, k in zip(around, kernel, strict=True)):
        refuse(str(who), "padding", f"at most half of kernel_size {kernel}", padding, ValueError)
    return kernel, steps, tuple((p, p) for p in around)


def _counts(
    size: Lengths, kernel: Lengths, stride: Lengths, padding: Pairs, exact: Pairs, with_zeros: bool
) -> Any:
    """How many numbers each window has: one number if all have the same, else an array."""
    counts = np.ones(())
    for n, k, s, (before, behind), pair in zip(size, kernel, stride, padding, exact, strict=True):
        starts = np.arange(-before, n + pair[1] - k + 1, s)
        ends = np.minimum(starts + k, n + behind)  # a window that is not full has fewer
        if not with_zeros:
            starts, ends = np.maximum(starts, 0), np.minimum(ends, n)
        counts = counts[..., None] * (ends - starts)
    least = counts.min().item()
    return least if least == counts.max() else counts
