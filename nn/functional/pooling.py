"""Pooling: one number of each window of a sequence or an image, the largest or the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

import autograd
from autograd import ShapeError
from autograd.checks import check_bool, check_int, refuse
from nn.functional.windows import (
    Lengths,
    Pairs,
    fitted,
    per_axis,
    with_examples,
    without_examples,
)
from nn.operands import Operand, Sizes, refuse_options, shape_of

if TYPE_CHECKING:
    from autograd.arrays import Array

OutputSizes = int | Sequence[int | None] | None
"""How many windows along each axis; None for as many as there are numbers."""

MAX_POOL_OPTIONS = {
    "return_indices": (False, "autograd.rules.windows.largest_in_windows tells the places."),
}
"""What PyTorch's has beyond ours: the default, and what to do without."""


def max_pool1d(
    input: Operand,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    **refused: object,
) -> Operand:
    """The largest number of each window along one axis; otherwise as `max_pool2d`.

    Example:
        >>> max_pool1d([[1.0, 5.0, 2.0, 3.0]], 2).tolist()
        [[5.0, 3.0]]
    """
    refuse_options("max_pool1d", refused, MAX_POOL_OPTIONS)
    check_bool("max_pool1d", "ceil_mode", ceil_mode)
    return largest("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Operand,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    **refused: object,
) -> Operand:
    """The largest number of each window of an image.

    The gradient goes to that number alone; of equal ones to the first, row by row.

    Args:
        input: (N, C, H, W), or (C, H, W) for a single example.
        kernel_size: How large a window is; an int, or one for each axis.
        stride: How far windows are apart; by default as far as they are long.
        padding: How much is put around the image that is smaller than any number, at most half of
            a window.
        dilation: How far the numbers of a window are apart.
        ceil_mode: Whether a last window that is not full counts, too.
        **refused: PyTorch's return_indices, unless it is False.

    Returns:
        (N, C, windows down, windows across), or without N.

    Raises:
        ShapeError: input has other axes, or is smaller than a window.
        TypeError: return_indices is asked for.
        ValueError: a number is too small, or padding too large.

    Example:
        >>> max_pool2d([[[1.0, 2.0, 0.0], [3.0, 4.0, 1.0]]], 2, stride=1).tolist()
        [[[4.0, 4.0]]]
    """
    refuse_options("max_pool2d", refused, MAX_POOL_OPTIONS)
    check_bool("max_pool2d", "ceil_mode", ceil_mode)
    return largest("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


def avg_pool1d(
    input: Operand,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Operand:
    """The mean of each window along one axis; otherwise as `avg_pool2d`.

    Example:
        >>> avg_pool1d([[1.0, 5.0, 2.0, 3.0]], 2).tolist()
        [[3.0, 2.5]]
    """
    check_bool("avg_pool1d", "ceil_mode", ceil_mode)
    check_bool("avg_pool1d", "count_include_pad", count_include_pad)
    return means(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


def avg_pool2d(
    input: Operand,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Operand:
    """The mean of each window of an image.

    Args:
        input: (N, C, H, W), or (C, H, W) for a single example.
        kernel_size: How large a window is; an int, or one for each axis.
        stride: How far windows are apart; by default as far as they are long.
        padding: How many zeros are put around the image, at most half of a window.
        ceil_mode: Whether a last window that is not full counts, too.
        count_include_pad: Whether these zeros count in the mean.
        divisor_override: What the sums are divided by in place of how many numbers there are.

    Returns:
        (N, C, windows down, windows across), or without N.

    Raises:
        ShapeError: input has other axes, or is smaller than a window.
        ValueError: a number is too small, or padding too large.

    Example:
        >>> avg_pool2d([[[1.0, 2.0], [3.0, 4.0]]], 2).tolist()
        [[[2.5]]]
    """
    check_bool("avg_pool2d", "ceil_mode", ceil_mode)
    check_bool("avg_pool2d", "count_include_pad", count_include_pad)
    if divisor_override is not None:
        check_int("avg_pool2d", "divisor_override", divisor_override, least=1)
    return means(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def adaptive_avg_pool1d(input: Operand, output_size: OutputSizes) -> Operand:
    """The means of so many windows along one axis; otherwise as `adaptive_avg_pool2d`.

    Example:
        >>> adaptive_avg_pool1d([[1.0, 2.0, 3.0, 6.0]], 2).tolist()
        [[1.5, 4.5]]
    """
    return adaptive("adaptive_avg_pool1d", 1, input, output_size, largest_of_all=False)


def adaptive_avg_pool2d(input: Operand, output_size: OutputSizes) -> Operand:
    """The means of so many windows of an image, however large it is.

    Window i of n covers i/n to (i + 1)/n of the axis, and what it cuts counts as a whole; so
    windows may overlap by one.

    Args:
        input: (N, C, H, W), or (C, H, W) for a single example.
        output_size: How many windows; an int, or one for each axis. None: as many as numbers.

    Returns:
        (N, C, *output_size), or without N.

    Raises:
        ShapeError: input has other axes, or no pixels.

    Example:
        >>> adaptive_avg_pool2d([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]], 1).tolist()
        [[[3.5]]]
    """
    return adaptive("adaptive_avg_pool2d", 2, input, output_size, largest_of_all=False)


def adaptive_max_pool1d(input: Operand, output_size: OutputSizes) -> Operand:
    """The largest numbers of so many windows along one axis; see `adaptive_avg_pool2d`.

    Example:
        >>> adaptive_max_pool1d([[1.0, 2.0, 3.0, 6.0]], 2).tolist()
        [[2.0, 6.0]]
    """
    return adaptive("adaptive_max_pool1d", 1, input, output_size, largest_of_all=True)


def adaptive_max_pool2d(input: Operand, output_size: OutputSizes) -> Operand:
    """The largest numbers of so many windows of an image; see `adaptive_avg_pool2d`.

    Example:
        >>> adaptive_max_pool2d([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]], 1).tolist()
        [[[6.0]]]
    """
    return adaptive("adaptive_max_pool2d", 2, input, output_size, largest_of_all=True)


# --- along any axes, for functions and layers -------------------------------------------------


def largest(
    who: object,
    axes: int,
    x: Operand,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Operand:
    """Max pooling along so many axes; `who` is named by errors."""
    x, single = with_examples(who, x, axes)
    kernel, steps, around = windows(who, axes, kernel_size, stride, padding)
    apart = per_axis(who, "dilation", dilation, axes, least=1)
    exact = fitted(who, shape_of(x)[2:], kernel, steps, around, apart, ceil_mode)
    return without_examples(autograd.max_pool(x, kernel, steps, exact, apart), single)


def means(
    who: object,
    axes: int,
    x: Operand,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Operand:
    """Average pooling along so many axes."""
    x, single = with_examples(who, x, axes)
    kernel, steps, around = windows(who, axes, kernel_size, stride, padding)
    size = shape_of(x)[2:]
    exact = fitted(who, size, kernel, steps, around, (1,) * axes, ceil_mode)
    divisor: float | Array
    if divisor_override is None:
        divisor = _counts(size, kernel, steps, around, exact, count_include_pad)
    else:
        divisor = float(divisor_override)
    return without_examples(autograd.avg_pool(x, kernel, steps, exact, divisor), single)


def adaptive(
    who: object,
    axes: int,
    x: Operand,
    output_size: OutputSizes,
    largest_of_all: bool,
) -> Operand:
    """Pooling of so many windows along each of the axes."""
    x, single = with_examples(who, x, axes)
    size = shape_of(x)[2:]
    given = output_places(who, output_size, axes)
    places = tuple(n if p is None else p for n, p in zip(size, given, strict=True))
    if not all(size):
        raise ShapeError(f"{who}: needs at least one number along each axis, but got {size}.")
    if all(n % p == 0 for n, p in zip(size, places, strict=True)):  # windows do not overlap
        kernel = tuple(n // p for n, p in zip(size, places, strict=True))
        alone = ((0, 0),) * axes
        if largest_of_all:
            out = autograd.max_pool(x, kernel, kernel, alone, (1,) * axes)
        else:
            out = autograd.avg_pool(x, kernel, kernel, alone, float(math.prod(kernel)))
    else:
        half = getattr(x, "dtype", None) == np.float16  # in which a sum may be infinite
        out = x.astype(np.float32) if half else x
        for axis in range(axes + 1, 1, -1):
            out = _pooled_along(out, axis, places[axis - 2], largest_of_all)
        out = out.astype(np.float16) if half else out
    return without_examples(out, single)


def output_places(who: object, output_size: OutputSizes, axes: int) -> tuple[int | None, ...]:
    """How many windows there are to be along each axis; None for as many as numbers."""
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * axes
    given = [1 if n is None else n for n in wanted]
    checked = per_axis(who, "output_size", given, axes, least=1)
    return tuple(None if n is None else p for n, p in zip(wanted, checked, strict=True))


def _pooled_along(x: Operand, axis: int, places: int, largest_of_all: bool) -> Operand:
    """Adaptive pooling along one axis, with windows that differ in length and may overlap."""
    n = shape_of(x)[axis]
    edges = np.arange(places + 1, dtype=np.intp) * n
    starts, ends = edges[:-1] // places, -(-edges[1:] // places)
    longest = (ends - starts).max().item()
    index = starts[:, None] + np.arange(longest, dtype=np.intp)
    met = index < ends[:, None]  # a shorter window has its last number again
    x = autograd.take(autograd.moveaxis(x, axis, -1), np.minimum(index, ends[:, None] - 1), axis=-1)
    if largest_of_all:
        first = autograd.argmax(x, axis=-1)[..., None]
        out = autograd.take_along_axis(x, first, axis=-1)[..., 0]
    else:
        total = autograd.sum(autograd.where(met, x, 0.0), axis=-1)
        out = total / (ends - starts).astype(getattr(total, "dtype", float))
    return autograd.moveaxis(out, -1, axis)


def windows(
    who: object, axes: int, kernel_size: Sizes, stride: Sizes | None, padding: Sizes
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
) -> float | Array:
    """How many numbers each window has: one number if all have the same, else an array."""
    counts = np.ones(())
    for n, k, s, (before, behind), pair in zip(size, kernel, stride, padding, exact, strict=True):
        starts = np.arange(-before, n + pair[1] - k + 1, s)
        ends = np.minimum(starts + k, n + behind)  # a window that is not full has fewer
        if not with_zeros:
            starts, ends = np.maximum(starts, 0), np.minimum(ends, n)
        counts = counts[..., None] * (ends - starts)
    least: float = counts.min().item()
    return least if least == counts.max() else counts
