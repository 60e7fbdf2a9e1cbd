"""Layers that make one number of each window of a sequence or an image: the largest or the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.checks import check_bool, check_int
from nn.functional.pooling import MAX_POOL_OPTIONS, adaptive, largest, means, output_places, windows
from nn.functional.windows import per_axis
from nn.module import Module
from nn.operands import Operand, Sizes, refuse_options

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.tensor import Tensor


class _Pooling(Module):
    """What these layers share: settings, and no parameters."""

    _axes: int
    _settings: tuple[str, ...]

    def _details(self) -> str:
        usual = {"stride": self.kernel_size, "count_include_pad": True}
        plain = (None, False, (0,) * self._axes, (1,) * self._axes)
        shown = [f"kernel_size={_short(self.kernel_size)}"]
        for name in self._settings:
            value = getattr(self, name)
            if value != usual[name] if name in usual else value not in plain:
                shown.append(f"{name}={_short(value)}")
        return ", ".join(shown)

    def _arguments(self) -> dict[str, Any]:
        settings = {name: getattr(self, name) for name in ("kernel_size", *self._settings)}
        return {name: value for name, value in settings.items() if value is not None}

    def _take(
        self,
        kernel_size: Sizes,
        stride: Sizes | None,
        padding: Sizes,
        ceil_mode: bool,
    ) -> None:
        """Check and keep what all of them have."""
        who = type(self).__name__
        self.kernel_size, self.stride, around = windows(
            who, self._axes, kernel_size, stride, padding
        )
        self.padding = tuple(before for before, _ in around)
        self.ceil_mode = check_bool(who, "ceil_mode", ceil_mode)


def _short(value: object) -> object:
    """One number for equal ones."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


class _MaxPool(_Pooling):
    _settings = ("stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: int,
        stride: tuple[int, ...] | None = None,
        padding: int = 0,
        dilation: int = 1,
        *,
        ceil_mode: bool = False,
        **refused: object,
    ) -> None:
        refuse_options(type(self).__name__, refused, MAX_POOL_OPTIONS)
        self._take(kernel_size, stride, padding, ceil_mode)
        self.dilation = per_axis(type(self).__name__, "dilation", dilation, self._axes, least=1)

    def forward(self, x: Tensor) -> Operand:
        """(N, C, *size) or (C, *size) to the same with as many numbers as there are windows.

        Raises:
            ShapeError: x has other axes, or is smaller than a window.
        """
        return largest(
            self, self._axes, x, self.kernel_size, self.stride, self.padding, self.dilation,
            self.ceil_mode,
        )  # fmt: skip


class MaxPool1d(_MaxPool):
    """The largest number of each window along a sequence; otherwise as `MaxPool2d`.

    Example:
        >>> MaxPool1d(2)([[1.0, 5.0, 2.0, 3.0]]).tolist()
        [[5.0, 3.0]]
    """

    _axes = 1


class MaxPool2d(_MaxPool):
    """The largest number of each window of an image: y = max of the x in it.

    The gradient goes to that number alone; of equal ones to the first, row by row.

    Args:
        kernel_size: How large a window is; an int, or one for each axis.
        stride: How far windows are apart; by default as far as they are long.
        padding: How much is put around that is smaller than any number, at most half of a window.
        dilation: How far the numbers of a window are apart.
        ceil_mode: Whether a last window that is not full counts, too; by name, as what comes after
            dilation is return_indices in PyTorch.
        **refused: PyTorch's return_indices, unless it is False.

    Raises:
        TypeError: return_indices is asked for.
        ValueError: a number is too small, or padding too large.

    Example:
        >>> MaxPool2d(2)([[[1.0, 2.0, 0.0, 7.0], [3.0, 4.0, 1.0, 5.0]]]).tolist()
        [[[4.0, 7.0]]]
    """

    _axes = 2


class _AvgPool(_Pooling):
    _settings: tuple[str, ...] = ("stride", "padding", "ceil_mode", "count_include_pad")
    count_include_pad: bool
    divisor_override: int | None = None

    def forward(self, x: Operand) -> Operand:
        """(N, C, *size) or (C, *size) to the same with as many numbers as there are windows.

        Raises:
            ShapeError: x has other axes, or is smaller than a window.
        """
        return means(
            self, self._axes, x, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class AvgPool1d(_AvgPool):
    """The mean of each window along a sequence; otherwise as `AvgPool2d`.

    Example:
        >>> AvgPool1d(2)([[1.0, 5.0, 2.0, 3.0]]).tolist()
        [[3.0, 2.5]]
    """

    _axes = 1

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._take(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad = check_bool("AvgPool1d", "count_include_pad", count_include_pad)


class AvgPool2d(_AvgPool):
    """The mean of each window of an image: y = Σ x / n over the n numbers in it.

    Args:
        kernel_size: How large a window is; an int, or one for each axis.
        stride: How far windows are apart; by default as far as they are long.
        padding: How many zeros are put around, at most half of a window.
        ceil_mode: Whether a last window that is not full counts, too.
        count_include_pad: Whether these zeros count in the mean.
        divisor_override: What the sums are divided by in place of how many numbers there are.

    Raises:
        ValueError: a number is too small, or padding too large.

    Example:
        >>> AvgPool2d(2)([[[1.0, 2.0], [3.0, 4.0]]]).tolist()
        [[[2.5]]]
    """

    _axes = 2
    _settings = (*_AvgPool._settings, "divisor_override")

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self._take(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad = check_bool("AvgPool2d", "count_include_pad", count_include_pad)
        if divisor_override is not None:
            self.divisor_override = check_int(
                "AvgPool2d", "divisor_override", divisor_override, least=1
            )


class _AdaptivePool(Module):
    """What these share: how many windows there are."""

    _axes: int
    _of_largest = False

    def __init__(self, output_size: int | tuple[int | None, ...]) -> None:
        who = type(self).__name__
        self.output_size = output_places(who, output_size, self._axes)

    def forward(self, x: Array) -> Operand:
        """(N, C, *size) or (C, *size) to the same with as many numbers as output_size says.

        Raises:
            ShapeError: x has other axes, or no numbers.
        """
        return adaptive(self, self._axes, x, self.output_size, self._of_largest)

    def _details(self) -> str:
        return f"{_short(self.output_size)}"

    def _arguments(self) -> dict[str, Any]:
        return {"output_size": self.output_size}


class AdaptiveAvgPool1d(_AdaptivePool):
    """The means of so many windows along a sequence; otherwise as `AdaptiveAvgPool2d`.

    Example:
        >>> AdaptiveAvgPool1d(2)([[1.0, 2.0, 3.0, 6.0]]).tolist()
        [[1.5, 4.5]]
    """

    _axes = 1


class AdaptiveAvgPool2d(_AdaptivePool):
    """The means of so many windows of an image, however large it is: y = Σ x / n.

    With output_size 1 it is the mean of each channel, "global average pooling". Window i of n
    covers i/n to (i + 1)/n of the axis, and what it cuts counts as a whole.

    Args:
        output_size: How many windows; an int, or one for each axis. None: as many as numbers.

    Raises:
        ValueError: output_size < 1.

    Example:
        >>> import numpy as np
        >>> AdaptiveAvgPool2d(1)(np.ones((64, 32, 5, 7))).shape
        (64, 32, 1, 1)
    """

    _axes = 2


class AdaptiveMaxPool1d(_AdaptivePool):
    """The largest numbers of so many windows along a sequence; see `AdaptiveAvgPool2d`.

    Example:
        >>> AdaptiveMaxPool1d(2)([[1.0, 2.0, 3.0, 6.0]]).tolist()
        [[2.0, 6.0]]
    """

    _axes, _of_largest = 1, True


class AdaptiveMaxPool2d(_AdaptivePool):
    """The largest numbers of so many windows of an image; see `AdaptiveAvgPool2d`.

    Example:
        >>> AdaptiveMaxPool2d(1)([[[1.0, 2.0], [4.0, 3.0]]]).tolist()
        [[[4.0]]]
    """

    _axes, _of_largest = 2, True
