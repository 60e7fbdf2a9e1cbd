"""Layers that move a kernel along a sequence or over an image, and their transposes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.checks import check_int
from nn.functional.convolution import (
    CONVOLUTION_OPTIONS,
    check_groups,
    convolved,
    transposed,
    zeros_around,
)
from nn.functional.windows import per_axis
from nn.layers import drawn, operand_for
from nn.module import Module
from nn.operands import Operand, Sizes, refuse_options


class _Convolution(Module):
    """What the four layers share: their settings, and their first numbers."""

    _axes: int
    _is_transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int = 1,
        padding: int | str | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
        **refused: object,
    ) -> None:
        refuse_options(type(self).__name__, refused, CONVOLUTION_OPTIONS)
        who, axes = type(self).__name__, self._axes
        self.in_channels = check_int(who, "in_channels", in_channels, least=1)
        self.out_channels = check_int(who, "out_channels", out_channels, least=1)
        self.kernel_size = per_axis(who, "kernel_size", kernel_size, axes, least=1)
        self.stride = per_axis(who, "stride", stride, axes, least=1)
        self.dilation = per_axis(who, "dilation", dilation, axes, least=1)
        if isinstance(padding, str):
            zeros_around(who, padding, self.kernel_size, self.stride, self.dilation)
            self.padding: Sizes | str = padding
        else:
            self.padding = per_axis(who, "padding", padding, axes, least=0)
        check_groups(who, groups, in_channels)
        check_groups(who, groups, out_channels)
        self.groups = groups
        rows, columns = in_channels, out_channels
        if not self._is_transposed:
            rows, columns = columns, rows
        shape = (rows, columns // groups, *self.kernel_size)
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = drawn(shape, bound, "weight", rng)
        self.bias = drawn((out_channels,), bound, "bias", rng) if bias else None

    def _details(self) -> str:
        parts = [f"{self.in_channels} -> {self.out_channels}"]
        plain = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
        parts.append(f"kernel_size={_short(self.kernel_size)}")
        for name, number in plain.items():
            value = _short(getattr(self, name, number))
            if value != number:
                parts.append(f"{name}={value!r}")
        return ", ".join(parts if self.bias is not None else [*parts, "bias=False"])

    def _arguments(self) -> dict[str, Any]:
        names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation")
        return {name: getattr(self, name) for name in names} | {
            "groups": self.groups,
            "bias": self.bias is not None,
        }


def _short(lengths: int | str | tuple[int, ...]) -> int | str | tuple[int, ...]:
    """One number for equal ones."""
    if isinstance(lengths, tuple) and len(set(lengths)) == 1:
        return lengths[0]
    return lengths


class Conv1d(_Convolution):
    r"""A kernel moved along a sequence: each number of the result sees a few neighbours.

    .. math:: y_{m,i} = b_m + \sum_{c,k} w_{m,c,k} \; x_{c,\, s i + d k}

    The arguments and the first numbers are those of `Conv2d`, with one axis for two.

    Attributes:
        weight: (out_channels, in_channels / groups, kernel_size) float64 Parameter w.
        bias: (out_channels,) float64 Parameter b, or None.

    Raises:
        ValueError: as `Conv2d`.

    Example:
        >>> layer = Conv1d(1, 1, kernel_size=2)
        >>> layer.weight.data, layer.bias.data = [[[-1.0, 1.0]]], [0.0]
        >>> layer([[1.0, 1.0, 4.0]]).data.tolist()
        [[0.0, 3.0]]
    """

    _axes = 1

    def forward(self, x: Operand) -> Operand:
        """(N, in_channels, L) or (in_channels, L) to (N, out_channels, places), or without N.

        Raises:
            ShapeError: x has another shape, or is shorter than the kernel.
        """
        return _convolve(self, x)


class Conv2d(_Convolution):
    r"""A kernel moved over an image: every place is looked at with the same few weights.

    .. math:: y_{m,i,j} = b_m + \sum_{c,k,l} w_{m,c,k,l} \; x_{c,\, s i + d k,\, s j + d l}

    with the stride s and the dilation d. Both parameters start evenly spread over
    ±1/√(in_channels / groups · K · L), PyTorch's default.

    Args:
        in_channels: How many numbers each pixel of the input has, C.
        out_channels: How many each of the result has: how many kernels there are, M.
        kernel_size: (K, L), or an int for both.
        stride: How far the kernel moves from one place to the next; an int, or one for each axis.
        padding: How many zeros are put around, likewise; "same" keeps the size, "valid" is none.
        dilation: How far the pixels that a kernel meets are apart.
        groups: Into how many parts the channels are divided that see nothing of each other.
        bias: Whether b is added.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.
        **refused: PyTorch's padding_mode, unless it is "zeros".

    Attributes:
        weight: (M, C / groups, K, L) float64 Parameter w.
        bias: (M,) float64 Parameter b, or None.

    Raises:
        TypeError: padding_mode is given.
        ValueError: a number is too small, groups does not divide C and M, or padding="same" with a
            stride.

    Source:
        Y. LeCun et al., "Gradient-based learning applied to document recognition", Proceedings of
        the IEEE 86 (1998) 2278-2324.

    Example:
        >>> layer = Conv2d(1, 8, kernel_size=3, padding="same")
        >>> layer(np.zeros((64, 1, 28, 28))).shape
        (64, 8, 28, 28)
        >>> layer
        Conv2d(1 -> 8, kernel_size=3, padding='same')
    """

    _axes = 2

    def forward(self, x: Operand) -> Operand:
        """(N, C, H, W) or (C, H, W) to (N, M, places down, places across), or without N.

        Raises:
            ShapeError: x has another shape, or is smaller than the kernel.
        """
        return _convolve(self, x)


class _Transposed(_Convolution):
    _is_transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int = 1,
        padding: int | tuple[int, ...] = 0,
        output_padding: int = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int = 1,
        *,
        rng: np.random.Generator | None = None,
        **refused: object,
    ) -> None:
        who = type(self).__name__
        padding = per_axis(who, "padding", padding, self._axes, least=0)  # "same" has no meaning
        self.output_padding = per_axis(who, "output_padding", output_padding, self._axes, least=0)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias,
            rng=rng, **refused,
        )  # fmt: skip

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | {"output_padding": self.output_padding}


class ConvTranspose1d(_Transposed):
    r"""Each number of a sequence times the kernel, laid down and added up: a longer sequence.

    .. math:: y_{m,\, s i + d k} = b_m + \sum w_{c,m,k} \; x_{c,i}

    The arguments and the first numbers are those of `ConvTranspose2d`, with one axis for two.

    Attributes:
        weight: (in_channels, out_channels / groups, kernel_size) float64 Parameter w.
        bias: (out_channels,) float64 Parameter b, or None.

    Raises:
        ValueError: as `ConvTranspose2d`.

    Example:
        >>> layer = ConvTranspose1d(1, 1, kernel_size=2, stride=2)
        >>> layer.weight.data, layer.bias.data = [[[1.0, 0.5]]], [0.0]
        >>> layer([[2.0, 4.0]]).data.tolist()
        [[2.0, 1.0, 4.0, 2.0]]
    """

    _axes = 1

    def forward(self, x: Operand) -> Operand:
        """(N, in_channels, L) or (in_channels, L) to (N, out_channels, length), or without N.

        Raises:
            ShapeError: x has another shape.
        """
        return _transpose(self, x)


class ConvTranspose2d(_Transposed):
    r"""Each pixel times the kernel, laid down and added up: a larger image, as generators need it.

    .. math:: y_{m,\, s i + d k,\, s j + d l} = b_m + \sum w_{c,m,k,l} \; x_{c,i,j}

    What a `Conv2d` with the same settings makes smaller, it makes as large as it was. Both
    parameters start evenly spread over ±1/√(out_channels / groups · K · L), PyTorch's default.

    Args:
        in_channels: How many numbers each pixel of the input has, C.
        out_channels: How many each of the result has, M.
        kernel_size: (K, L), or an int for both.
        stride: How far apart the kernels are laid; an int, or one for each axis.
        padding: How many rows and columns are cut off on every side.
        output_padding: How many fewer are cut off behind, less than stride or dilation.
        groups: Into how many parts the channels are divided that see nothing of each other.
        bias: Whether b is added.
        dilation: How far the elements of a kernel are apart.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.
        **refused: PyTorch's padding_mode, unless it is "zeros".

    Attributes:
        weight: (C, M / groups, K, L) float64 Parameter w.
        bias: (M,) float64 Parameter b, or None.

    Raises:
        TypeError: padding_mode is given.
        ValueError: a number is too small, or groups does not divide C and M.

    Source:
        M. D. Zeiler et al., "Deconvolutional networks", CVPR (2010).

    Example:
        >>> layer = ConvTranspose2d(8, 1, kernel_size=4, stride=2, padding=1)
        >>> layer(np.zeros((64, 8, 14, 14))).shape
        (64, 1, 28, 28)
    """

    _axes = 2

    def forward(self, x: Operand) -> Operand:
        """(N, C, H, W) or (C, H, W) to (N, M, height, width), or without N.

        Raises:
            ShapeError: x has another shape.
        """
        return _transpose(self, x)


def _convolve(layer: _Convolution, x: Operand) -> Operand:
    return convolved(
        layer, layer._axes, operand_for(layer, x, layer.weight), layer.weight, layer.bias,
        layer.stride, layer.padding, layer.dilation, layer.groups,
    )  # fmt: skip


def _transpose(layer: _Transposed, x: Operand) -> Operand:
    return transposed(
        layer, layer._axes, operand_for(layer, x, layer.weight), layer.weight, layer.bias,
        layer.stride, layer.padding, layer.output_padding, layer.groups, layer.dilation,
    )  # fmt: skip
