"""Convolutions, along one axis (sequences) or two (images), and the transposed ones."""

from __future__ import annotations

from typing import Any

import autograd
from autograd import ShapeError
from autograd.checks import check_choice, check_int
from autograd.op import named
from nn.functional.windows import (
    AXES,
    Lengths,
    Pairs,
    fitted,
    per_axis,
    with_examples,
    without_examples,
)
from nn.operands import Operand, Sizes, as_operand, shape_of


def conv1d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Operand:
    """The convolution along one axis, as `conv2d` is along two; for sequences.

    Args:
        input: (N, C, L), or (C, L) for a single example.
        weight: (M, C / groups, K), a kernel for each of M channels of the result.
        bias: (M,), or None.
        stride: How far the kernel moves from one place to the next.
        padding: How many zeros are put at both ends; or "same" or "valid".
        dilation: How far the elements that a kernel meets are apart.
        groups: Into how many parts the channels are divided.

    Returns:
        (N, M, places), or (M, places).

    Raises:
        ShapeError: as `conv2d`.

    Example:
        >>> import numpy as np
        >>> steps = np.array([[[1.0, 1.0, 4.0, 4.0]]])
        >>> conv1d(steps, np.array([[[-1.0, 1.0]]])).tolist()
        [[[0.0, 3.0, 0.0]]]
    """
    return convolved("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Operand:
    r"""A kernel laid on every place of an image; each time what it meets is weighted and added up.

    .. math:: y_{m,i,j} = b_m + \sum_{c,k,l} w_{m,c,k,l} \; x_{c,\, s i + d k,\, s j + d l}

    with the stride s and the dilation d. As in all libraries of networks the kernel is not turned
    around, so mathematicians call this a correlation.

    Args:
        input: (N, C, H, W), or (C, H, W) for a single example.
        weight: (M, C / groups, K, L), a kernel for each of M channels of the result.
        bias: (M,), or None.
        stride: How far the kernel moves from one place to the next; an int, or one for each axis.
        padding: How many zeros are put around the image, likewise; "valid" is none, "same" as
            many as keep its size (an odd one goes behind).
        dilation: How far the elements that a kernel meets are apart.
        groups: Into how many parts the channels are divided, of C and of M: a part of the result
            sees a part of the image.

    Returns:
        (N, M, places down, places across), or without N. Along each axis there are
        (H + 2 padding - dilation (K - 1) - 1) // stride + 1 places.

    Raises:
        ShapeError: input, weight and bias do not fit together, or the kernel is larger than the
            image.
        ValueError: groups does not divide M, a number is too small, or padding="same" with a
            stride.

    Source:
        V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning",
        arXiv:1603.07285 (2016).

    Example:
        >>> import numpy as np
        >>> image = np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]])
        >>> conv2d(image, np.array([[[[1.0, 0.0], [0.0, -1.0]]]])).tolist()
        [[[-4.0, -4.0], [-4.0, -4.0]]]
    """
    return convolved("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Operand:
    """The transposed convolution along one axis, as `conv_transpose2d` is along two.

    Args:
        input: (N, C, L), or (C, L) for a single example.
        weight: (C, M / groups, K).
        bias: (M,), or None.
        stride: How far apart the kernels are laid.
        padding: How many elements are cut off at both ends.
        output_padding: How many fewer are cut off behind.
        groups: Into how many parts the channels are divided.
        dilation: How far the elements of a kernel are apart.

    Returns:
        (N, M, length), or (M, length).

    Raises:
        ShapeError: as `conv_transpose2d`.

    Example:
        >>> import numpy as np
        >>> kernel = np.array([[[1.0, 2.0, 1.0]]])
        >>> conv_transpose1d(np.array([[1.0, 10.0]]), kernel, stride=2).tolist()
        [[1.0, 2.0, 11.0, 20.0, 10.0]]
    """
    return transposed(
        "conv_transpose1d",
        1,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


def conv_transpose2d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Operand:
    r"""Each number of an image times the kernel, laid down and added up: a convolution's gradient.

    .. math:: y_{m,\, s i + d k,\, s j + d l} \mathrel{+}= w_{c,m,k,l} \; x_{c,i,j}

    What `conv2d` with the same arguments makes smaller, this makes as large as it was.

    Args:
        input: (N, C, H, W), or (C, H, W) for a single example.
        weight: (C, M / groups, K, L): that of a `conv2d` from M to C channels.
        bias: (M,), or None.
        stride: How far apart the kernels are laid; an int, or one for each axis.
        padding: How many rows and columns are cut off on every side.
        output_padding: How many fewer are cut off behind, less than stride or dilation. With a
            stride several sizes become the same one; this says which it was.
        groups: Into how many parts the channels are divided.
        dilation: How far the elements of a kernel are apart.

    Returns:
        (N, M, height, width), or without N. Along each axis the size is
        (H - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1.

    Raises:
        ShapeError: input, weight and bias do not fit together, or nothing is left.
        ValueError: groups does not divide C, or a number is too small or too large.

    Source:
        V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning",
        arXiv:1603.07285 (2016), chapter 4.

    Example:
        >>> import numpy as np
        >>> image, kernel = np.array([[[1.0, 2.0]]]), np.ones((1, 1, 2, 2))
        >>> conv_transpose2d(image, kernel, stride=2).tolist()
        [[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]
    """
    return transposed(
        "conv_transpose2d",
        2,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


# --- along any axes, for functions and layers -------------------------------------------------

CONVOLUTION_OPTIONS = {
    "padding_mode": ("zeros", "Pad the input first, with autograd's operations.")
}
"""What PyTorch's layers have beyond ours: the default, and what to do without."""


def convolved(
    who: object,
    axes: int,
    x: Operand,
    weight: Operand,
    bias: Operand,
    stride: Sizes,
    padding: Sizes | str,
    dilation: Sizes,
    groups: int,
) -> Operand:
    """A convolution along so many axes; `who` is named by errors."""
    weight = kernels(who, weight, axes)
    channels, per_group, *lengths = shape_of(weight)
    kernel = tuple(lengths)
    check_groups(who, groups, channels)
    x, single = with_examples(who, x, axes, per_group * groups)
    steps = per_axis(who, "stride", stride, axes, least=1)
    apart = per_axis(who, "dilation", dilation, axes, least=1)
    around = zeros_around(who, padding, kernel, steps, apart)
    around = fitted(who, shape_of(x)[2:], kernel, steps, around, apart)
    out = autograd.convolution(x, weight, steps, around, apart, groups)
    return without_examples(_shifted(who, out, bias, channels), single)


def transposed(
    who: object,
    axes: int,
    x: Operand,
    weight: Operand,
    bias: Operand,
    stride: Sizes,
    padding: Sizes | str,
    output_padding: Sizes,
    groups: int,
    dilation: Sizes,
) -> Operand:
    """A transposed convolution along so many axes."""
    weight = kernels(who, weight, axes)
    channels, per_group, *kernel = shape_of(weight)
    check_groups(who, groups, channels)
    x, single = with_examples(who, x, axes, channels)
    steps = per_axis(who, "stride", stride, axes, least=1)
    apart = per_axis(who, "dilation", dilation, axes, least=1)
    cut = per_axis(who, "padding", padding, axes, least=0)
    more = per_axis(who, "output_padding", output_padding, axes, least=0)
    for n, k, s, p, extra, d in zip(shape_of(x)[2:], kernel, steps, cut, more, apart, strict=True):
        if extra >= max(s, d):
            raise ValueError(
                f"{who}: output_padding must be smaller than stride or dilation, but got {extra} "
                f"with stride {s} and dilation {d}."
            )
        if (n - 1) * s + d * (k - 1) + 1 + extra <= 2 * p:
            raise ShapeError(f"{who}: needs smaller padding: {p} on either side leave nothing.")
    around = tuple((p, p - extra) for p, extra in zip(cut, more, strict=True))
    out = autograd.transposed_convolution(x, weight, steps, around, apart, groups)
    return without_examples(_shifted(who, out, bias, per_group * groups), single)


def kernels(who: object, weight: Operand, axes: int) -> Operand:
    """The weight, with as many axes as a kernel needs."""
    if isinstance(weight, (list, tuple)):
        weight = as_operand(str(who), weight)
    if len(shape_of(weight)) != axes + 2:
        raise ShapeError(
            f"{who}: needs a weight of {axes + 2} axes, (channels, channels, {AXES[axes]}), but "
            f"got shape {shape_of(weight)}."
        )
    return weight


def check_groups(who: object, groups: Any, channels: int) -> None:
    """Refuse groups that do not divide the channels."""
    if type(groups) is not int or groups < 1:
        groups = check_int(str(who), "groups", groups, least=1)
    if channels % groups:
        raise ValueError(f"{who}: groups must divide the {channels} channels, but got {groups}.")


def zeros_around(
    who: object, padding: Sizes | str, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> Pairs:
    """How many zeros are put before and behind each axis."""
    if not isinstance(padding, str):
        return tuple((p, p) for p in per_axis(who, "padding", padding, len(kernel), least=0))
    check_choice(str(who), "padding", padding, ("same", "valid"))
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if any(s != 1 for s in stride):
        raise ValueError(
            f"{who}: padding='same' needs stride 1, but got {stride}. Say how many zeros: with "
            "padding=(K - 1) // 2 the size is divided by the stride."
        )
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _shifted(who: object, out: Operand, bias: Operand, channels: int) -> Operand:
    """The result with each channel's bias added."""
    if bias is None:
        return out
    if isinstance(bias, (list, tuple)):
        bias = as_operand(str(who), bias)
    if shape_of(bias) != (channels,):
        raise ShapeError(f"{who}: needs a bias of shape ({channels},), but got {shape_of(bias)}.")
    return out + bias.reshape((channels, *(1,) * (len(shape_of(out)) - 2)))


# In pictures one box each; every argument is another for another n, so that it may be any.
named("convolution", shapes=lambda n: [(1, n, 4 * n, 4 * n), (n, 1, 2, 2), (n,)])(
    lambda x, weight, bias: conv2d(x, weight, bias, *4 * (len(bias),))
)
named("transposed convolution", shapes=lambda n: [(1, n, 4 * n, 4 * n), (n, 1, 2, 2), (n,)])(
    lambda x, weight, bias: conv_transpose2d(
        x, weight, bias, len(bias), len(bias), 0, len(bias), len(bias)
    )
)
