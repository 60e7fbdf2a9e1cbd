"""Layers that bring what passes through them to mean 0 and variance 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError
from autograd.checks import check_bool, check_int, check_number
from nn.functional.normalisation import (
    lengths,
    over_batch,
    over_features,
    over_groups,
    over_squares,
)
from nn.layers import operand_for
from nn.module import Buffer, Module, Parameter
from nn.operands import Operand, Sizes, shape_of, shape_or_type
from nn.parameter import filled

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.tensor import Tensor


class LayerNorm(Module):
    r"""Each example to mean 0 and variance 1 over its features, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    The variance divides by the number of features, not by one less.

    Args:
        normalized_shape: How many features, the length of the last axis; of several axes a tuple.
        eps: ε > 0, inside the root, so that equal features do not divide by 0.
        elementwise_affine: Whether there are w and b.
        bias: Whether there is b.

    Attributes:
        weight: (*normalized_shape) float64 Parameter w, which starts as ones, or None.
        bias: (*normalized_shape) float64 Parameter b, which starts as zeros, or None.

    Raises:
        ValueError: normalized_shape < 1, or eps <= 0.

    Source:
        J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).

    Example:
        >>> LayerNorm(3)([[1.0, 2.0, 3.0]]).data.round(3).tolist()
        [[-1.225, 0.0, 1.225]]
    """

    def __init__(
        self,
        normalized_shape: Sizes,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape = lengths("LayerNorm", normalized_shape)
        self.eps = check_number("LayerNorm", "eps", eps, "> 0")
        self.elementwise_affine = check_bool("LayerNorm", "elementwise_affine", elementwise_affine)
        check_bool("LayerNorm", "bias", bias)
        self.weight = _ones(self.normalized_shape) if elementwise_affine else None
        self.bias = _zeros(self.normalized_shape) if elementwise_affine and bias else None

    def forward(self, x: Operand) -> Operand:
        """(..., *normalized_shape) to the same shape.

        Raises:
            ShapeError: the last axes of x have other lengths.
        """
        x = operand_for(self, x, self.weight)
        return over_features(self, x, self.normalized_shape, self.weight, self.bias, self.eps)

    def _details(self) -> str:
        return _short(self.normalized_shape) + _without(self.weight, self.bias)

    def _arguments(self) -> dict[str, Any]:
        return {
            "normalized_shape": self.normalized_shape,
            "eps": self.eps,
            "elementwise_affine": self.elementwise_affine,
            "bias": self.bias is not None,
        }


class RMSNorm(Module):
    r"""Each example divided by its root mean square over its features, then a scale.

    .. math:: y = \frac{x}{\sqrt{\mathrm{mean}(x^2) + \varepsilon}} w

    Args:
        normalized_shape: How many features, the length of the last axis; of several axes a tuple.
        eps: ε > 0; None for the distance from 1 to the next number of the input's dtype.
        elementwise_affine: Whether there is w.

    Attributes:
        weight: (*normalized_shape) float64 Parameter w, which starts as ones, or None.

    Raises:
        ValueError: normalized_shape < 1, or eps <= 0.

    Source:
        B. Zhang, R. Sennrich, "Root mean square layer normalization", NeurIPS (2019).

    Example:
        >>> RMSNorm(2)([[3.0, 4.0]]).data.round(3).tolist()
        [[0.849, 1.131]]
    """

    def __init__(
        self, normalized_shape: Sizes, eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        self.normalized_shape = lengths("RMSNorm", normalized_shape)
        self.eps = None if eps is None else check_number("RMSNorm", "eps", eps, "> 0")
        check_bool("RMSNorm", "elementwise_affine", elementwise_affine)
        self.weight = _ones(self.normalized_shape) if elementwise_affine else None

    def forward(self, x: Operand) -> Operand:
        """(..., *normalized_shape) to the same shape.

        Raises:
            ShapeError: the last axes of x have other lengths.
        """
        x = operand_for(self, x, self.weight)
        return over_squares(self, x, self.normalized_shape, self.weight, self.eps)

    def _details(self) -> str:
        return _short(self.normalized_shape) + _without(self.weight, True)

    def _arguments(self) -> dict[str, Any]:
        arguments = {
            "normalized_shape": self.normalized_shape,
            "elementwise_affine": self.weight is not None,
        }
        return arguments if self.eps is None else {**arguments, "eps": self.eps}


class GroupNorm(Module):
    r"""Each group of channels of each example to mean 0 and variance 1, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    It does not depend on the other examples of a batch, so training and `eval()` are one. One group
    is layer normalisation of whole images, a group for each channel is instance normalisation.

    Args:
        num_groups: How many groups.
        num_channels: How many channels, C.
        eps: ε > 0, inside the root, so that equal numbers do not divide by 0.
        affine: Whether there are w and b.

    Attributes:
        weight: (C,) float64 Parameter w, which starts as ones, or None.
        bias: (C,) float64 Parameter b, which starts as zeros, or None.

    Raises:
        ValueError: num_groups does not divide num_channels, or eps <= 0.

    Source:
        Y. Wu, K. He, "Group normalization", ECCV (2018).

    Example:
        >>> GroupNorm(2, 4)([[1.0, 3.0, 10.0, 30.0]]).data.round(3).tolist()
        [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True
    ) -> None:
        self.num_groups = check_int("GroupNorm", "num_groups", num_groups, least=1)
        self.num_channels = check_int("GroupNorm", "num_channels", num_channels, least=1)
        if num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_groups must divide the {num_channels} channels, but got "
                f"{num_groups}."
            )
        self.eps = check_number("GroupNorm", "eps", eps, "> 0")
        check_bool("GroupNorm", "affine", affine)
        self.weight = _ones((num_channels,)) if affine else None
        self.bias = _zeros((num_channels,)) if affine else None

    def forward(self, x: Operand) -> Operand:
        """(N, num_channels, *) to the same shape.

        Raises:
            ShapeError: x has other channels.
        """
        x = operand_for(self, x, self.weight)
        _check_channels(self, x, self.num_channels, "(N, {}, ...)", range(2, 99))
        return over_groups(self, x, self.num_groups, self.weight, self.bias, self.eps)

    def _details(self) -> str:
        return f"{self.num_groups}, {self.num_channels}" + _without(self.weight, self.bias)

    def _arguments(self) -> dict[str, Any]:
        return {
            "num_groups": self.num_groups,
            "num_channels": self.num_channels,
            "eps": self.eps,
            "affine": self.weight is not None,
        }


class _BatchNorm(Module):
    """What both share: everything but the axes of what passes through."""

    _form: str
    _axes: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        who = type(self).__name__
        self.num_features = check_int(who, "num_features", num_features, least=1)
        self.eps = check_number(who, "eps", eps, "> 0")
        self.momentum = (
            None if momentum is None else check_number(who, "momentum", momentum, "in (0, 1]")
        )
        check_bool(who, "affine", affine)
        self.track_running_stats = check_bool(who, "track_running_stats", track_running_stats)
        self.weight = _ones((num_features,)) if affine else None
        self.bias = _zeros((num_features,)) if affine else None
        self.running_mean = self.running_var = self.num_batches_tracked = None
        if track_running_stats:
            self.running_mean = filled(Buffer, num_features, 0.0)
            self.running_var = filled(Buffer, num_features, 1.0)
            self.num_batches_tracked = Buffer(0)

    def forward(self, x: Operand) -> Operand:
        """(N, num_features, *) to the same shape.

        Raises:
            ShapeError: x has another shape.
            ValueError: one number for each feature in training, which has no variance.
        """
        x = operand_for(self, x, self.weight)
        _check_channels(self, x, self.num_features, self._form, self._axes)
        of_batch = self.training or not self.track_running_stats
        out = over_batch(
            self, x, self.running_mean, self.running_var, self.weight, self.bias, of_batch,
            self._part_of_a_batch(), self.eps,
        )  # fmt: skip
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.data += 1
        return out

    def _part_of_a_batch(self) -> float | Array:
        """How much a batch counts in the running averages, or in the mean of all batches."""
        if self.momentum is not None:
            return self.momentum
        seen, averages = self.num_batches_tracked, self.running_mean
        if seen is None or averages is None:
            return 1.0
        part: Array = np.divide(1, 1 + seen.data, dtype=averages.dtype)
        return part

    def _details(self) -> str:
        return f"{self.num_features}" + _without(self.weight, self.bias)

    def _arguments(self) -> dict[str, Any]:
        return {
            "num_features": self.num_features,
            "eps": self.eps,
            "momentum": self.momentum,
            "affine": self.weight is not None,
            "track_running_stats": self.track_running_stats,
        }


class BatchNorm1d(_BatchNorm):
    r"""Each feature to mean 0 and variance 1 over the batch, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    In training mean and variance are those of the batch, and running averages of both are kept; in
    `eval()` mode the averages are used. As in PyTorch the variance of the batch divides by N, that
    which the average takes in by N - 1. Of sequences (N, C, L) all places of a batch count.

    Args:
        num_features: How many features, C.
        eps: ε > 0, inside the root, so that equal numbers do not divide by 0.
        momentum: The part of a new batch in the running averages, in (0, 1]; None for the mean of
            all batches.
        affine: Whether there are w and b.
        track_running_stats: Whether there are averages; without them `eval()` changes nothing.

    Attributes:
        weight: (C,) float64 Parameter w, which starts as ones, or None.
        bias: (C,) float64 Parameter b, which starts as zeros, or None.
        running_mean: (C,) Buffer, which starts as zeros, or None.
        running_var: (C,) Buffer, which starts as ones, or None.
        num_batches_tracked: () Buffer, how many batches they have seen, or None.

    Raises:
        ValueError: num_features < 1, eps <= 0, or momentum outside (0, 1].

    Source:
        S. Ioffe, C. Szegedy, "Batch normalization", ICML (2015), algorithms 1 and 2.

    Example:
        >>> layer = BatchNorm1d(1)
        >>> layer([[1.0], [3.0]]).data.round(3).tolist()
        [[-1.0], [1.0]]
        >>> layer.running_mean, layer.running_var
        (Buffer([0.2]), Buffer([1.1]))
    """

    _form, _axes = "(N, {0}) or (N, {0}, L)", (2, 3)


class BatchNorm2d(_BatchNorm):
    r"""Each channel to mean 0 and variance 1 over the batch and all pixels, then scaled, shifted.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    The arguments, attributes and errors are those of `BatchNorm1d`.

    Source:
        S. Ioffe, C. Szegedy, "Batch normalization", ICML (2015), section 3.2.

    Example:
        >>> image = [[[[1.0, 3.0], [3.0, 1.0]]]]
        >>> BatchNorm2d(1)(image).data.round(3).tolist()
        [[[[-1.0, 1.0], [1.0, -1.0]]]]
    """

    _form, _axes = "(N, {}, H, W)", (4,)


def _ones(shape: tuple[int, ...]) -> Parameter:
    return filled(Parameter, shape, 1.0, label="weight")


def _zeros(shape: tuple[int, ...]) -> Parameter:
    return filled(Parameter, shape, 0.0, label="bias")


def _check_channels(layer: Module, x: Operand, channels: int, form: str, axes: Any) -> None:
    shape = shape_of(x)
    if len(shape) not in axes or shape[1] != channels:
        raise ShapeError(
            f"{layer!r}: needs input of shape {form.format(channels)}, but got {shape_or_type(x)}."
        )


def _short(shape: tuple[int, ...]) -> str:
    return str(shape[0] if len(shape) == 1 else shape)


def _without(weight: Tensor | None, bias: Tensor | bool | None) -> str:
    if weight is None:
        return ", affine=False"
    return "" if bias is not None else ", bias=False"
