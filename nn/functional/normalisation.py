"""Normalisation: numbers brought to mean 0 and variance 1, over examples, channels or features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from autograd import ShapeError, Tensor
from autograd.checks import check_int, check_number
from autograd.op import as_floats, named
from autograd.tracing import written
from nn.functional.windows import per_axis
from nn.operands import (
    Operand,
    Sizes,
    all_values,
    as_operand,
    numbers,
    numbers_of_constant,
    shape_of,
    shape_or_type,
)

if TYPE_CHECKING:
    from autograd.arrays import Array


def layer_norm(
    input: Operand,
    normalized_shape: Sizes,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
) -> Operand:
    r"""Each example to mean 0 and variance 1 over its last axes, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    Args:
        input: (..., *normalized_shape).
        normalized_shape: The lengths of these axes; an int for one.
        weight: (*normalized_shape), w, or None.
        bias: (*normalized_shape), b, or None.
        eps: ε > 0.

    Returns:
        input's shape. `nn.LayerNorm` is the layer, and has the source.

    Raises:
        ShapeError: input, weight or bias has other axes.

    Example:
        >>> layer_norm(np.array([[1.0, 2.0, 3.0]]), 3).round(3).tolist()
        [[-1.225, 0.0, 1.225]]
    """
    check_number("layer_norm", "eps", eps, "> 0")
    return over_features("layer_norm", input, normalized_shape, weight, bias, eps)


def rms_norm(
    input: Operand, normalized_shape: Sizes, weight: Operand | None = None, eps: float | None = None
) -> Operand:
    r"""Each example divided by its root mean square over the last axes, then a scale.

    .. math:: y = \frac{x}{\sqrt{\mathrm{mean}(x^2) + \varepsilon}} w

    Args:
        input: (..., *normalized_shape).
        normalized_shape: The lengths of these axes; an int for one.
        weight: (*normalized_shape), w, or None.
        eps: ε > 0; None for the distance from 1 to the next number of input's dtype.

    Returns:
        input's shape. `nn.RMSNorm` is the layer, and has the source.

    Raises:
        ShapeError: input or weight has other axes.

    Example:
        >>> rms_norm(np.array([[3.0, 4.0]]), 2).round(3).tolist()
        [[0.849, 1.131]]
    """
    if eps is not None:
        check_number("rms_norm", "eps", eps, "> 0")
    return over_squares("rms_norm", input, normalized_shape, weight, eps)


def group_norm(
    input: Operand,
    num_groups: int,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
) -> Operand:
    r"""Each group of channels of each example to mean 0 and variance 1, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    Args:
        input: (N, C, *).
        num_groups: How many groups, a divisor of C: 1 normalises whole examples, C each channel.
        weight: (C,), w, or None.
        bias: (C,), b, or None.
        eps: ε > 0.

    Returns:
        input's shape. `nn.GroupNorm` is the layer, and has the source.

    Raises:
        ShapeError: input, weight or bias has other axes.
        ValueError: num_groups does not divide C.

    Example:
        >>> group_norm(np.array([[1.0, 3.0, 10.0, 30.0]]), 2).round(3).tolist()
        [[-1.0, 1.0, -1.0, 1.0]]
    """
    check_number("group_norm", "eps", eps, "> 0")
    check_int("group_norm", "num_groups", num_groups, least=1)
    return over_groups("group_norm", input, num_groups, weight, bias, eps)


def batch_norm(
    input: Operand,
    running_mean: Operand,
    running_var: Operand,
    weight: Operand | None = None,
    bias: Operand | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Operand:
    r"""Each channel to mean 0 and variance 1 over the batch, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    Args:
        input: (N, C, *).
        running_mean: (C,) Buffer, Tensor or array, or None in training: what is taken for the mean
            where not in training, and in training follows that of the batches, in place.
        running_var: (C,), likewise for the variance.
        weight: (C,), w, or None.
        bias: (C,), b, or None.
        training: Whether mean and variance are those of the batch.
        momentum: The part of a new batch in the running averages, in (0, 1].
        eps: ε > 0.

    Returns:
        input's shape. `nn.BatchNorm1d` and `nn.BatchNorm2d` are the layers, and have the source.

    Raises:
        ShapeError: input has fewer than two axes, or weight, bias or a running one does not fit.
        ValueError: one number for each channel in training, or no averages outside it.

    Example:
        >>> batch_norm(np.array([[1.0], [3.0]]), None, None, training=True).round(3).tolist()
        [[-1.0], [1.0]]
    """
    check_number("batch_norm", "momentum", momentum, "in (0, 1]")
    check_number("batch_norm", "eps", eps, "> 0")
    return over_batch(
        "batch_norm", input, running_mean, running_var, weight, bias, training, momentum, eps
    )


named("layer norm", 2, 1, 1)(lambda x, weight, bias: layer_norm(x, len(bias), weight, bias))
named("batch norm", shapes=lambda n: [(n, 2 * n, 3, n), (2 * n,), (2 * n,)])(
    lambda x, weight, bias: batch_norm(x, None, None, weight, bias, training=True)
)
named("batch norm of features", shapes=lambda n: [(n, 2 * n), (2 * n,), (2 * n,)])(
    lambda x, weight, bias: batch_norm(x, None, None, weight, bias, training=True)
)
named("group norm", shapes=lambda n: [(n, 2 * n, 3, n), (2 * n,), (2 * n,)])(
    lambda x, weight, bias: group_norm(x, 2, weight, bias)
)
named("RMS norm", 2, 1)(lambda x, weight: rms_norm(x, len(weight), weight))


# --- for functions and layers ---------------------------------------------------------------------


def over_features(
    who: object, x: Operand, normalized_shape: Sizes, weight: Operand, bias: Operand, eps: float
) -> Operand:
    """Layer normalisation; `who` is named by errors."""
    x, shape = _operand(who, x), lengths(who, normalized_shape)
    _check_last_axes(who, x, shape)
    return _scaled(who, _standardized(x, _last_axes(shape), eps), weight, bias, shape)


def over_squares(
    who: object, x: Operand, normalized_shape: Sizes, weight: Operand, eps: float | None
) -> Operand:
    """Division by the root mean square."""
    x, shape = _operand(who, x), lengths(who, normalized_shape)
    _check_last_axes(who, x, shape)
    if eps is None:
        dtype: Any = getattr(x, "dtype", np.dtype(float))
        eps = float(np.finfo(dtype if dtype.kind == "f" else float).eps)
    squares = autograd.mean(x * x, axis=_last_axes(shape), keepdims=True)
    return _scaled(who, x / autograd.sqrt(squares + eps), weight, None, shape)


def over_groups(
    who: object, x: Operand, num_groups: int, weight: Operand, bias: Operand, eps: float
) -> Operand:
    """Group normalisation."""
    x = _operand(who, x)
    shape = shape_of(x)
    channels = _channels(who, x)
    if channels % num_groups:
        raise ValueError(
            f"{who}: num_groups must divide the {channels} channels, but got {num_groups}."
        )
    rows = x.reshape((shape[0], num_groups, math.prod(shape[1:]) // num_groups))
    out = _standardized(rows, -1, eps).reshape(shape)
    return _scaled(who, out, _beside(weight, shape), _beside(bias, shape), _form(channels, shape))


def over_batch(
    who: object,
    x: Operand,
    running_mean: Operand,
    running_var: Operand,
    weight: Operand,
    bias: Operand,
    training: bool,
    momentum: float | Array,
    eps: float,
) -> Operand:
    """Batch normalisation."""
    x = _operand(who, x)
    shape, channels = shape_of(x), _channels(who, x)
    if training:
        distance, variance = _of_batch(who, x, running_mean, running_var, momentum)
    elif running_mean is None or running_var is None:
        raise ValueError(f"{who}: needs running averages where it is not in training.")
    else:
        mean, variance = (
            _beside(_of_channels(who, given, channels), shape)
            for given in map(numbers_of_constant, (running_mean, running_var))
        )
        distance = x - mean
    out = distance / autograd.sqrt(variance + eps)
    return _scaled(who, out, _beside(weight, shape), _beside(bias, shape), _form(channels, shape))


def _of_batch(
    who: object, x: Operand, running_mean: Tensor, running_var: Tensor, momentum: float | Array
) -> tuple[Operand, Operand]:
    """The distance from the mean of each channel, and its variance; the averages follow both."""
    shape = shape_of(x)
    channels = shape[1]
    n = math.prod(shape) // max(channels, 1)
    if n < 2:
        raise ValueError(
            f"{who}: needs at least 2 examples in training, but got {n}. "
            "Call eval() to predict one."
        )
    axes = (0, *range(2, len(shape))) if len(shape) > 2 else 0
    mean = autograd.mean(x, axis=axes, keepdims=len(shape) > 2)
    distance = x - mean
    variance = autograd.mean(autograd.square(distance), axis=axes, keepdims=len(shape) > 2)
    for running, batch in ((running_mean, mean), (running_var, variance)):
        if running is None:
            continue
        old = _of_channels(who, numbers(running), channels)
        fresh = numbers(batch).reshape(old.shape)
        if running is running_var:
            fresh = fresh * (n / (n - 1))
        if isinstance(running, Tensor):
            running.data = (1 - momentum) * old + momentum * fresh
        else:
            written("updating the averages of batch norm in an array")
            running[...] = (1 - momentum) * old + momentum * fresh
    return distance, variance


def _standardized(x: Operand, axes: int | tuple[int, ...], eps: float) -> Operand:
    """Mean 0 and variance 1 along the axes."""
    x = x - autograd.mean(x, axis=axes, keepdims=True)
    return x / autograd.sqrt(autograd.mean(x * x, axis=axes, keepdims=True) + eps)


def _scaled(
    who: object, x: Operand, weight: Operand, bias: Operand, shape: tuple[int, ...]
) -> Operand:
    """x times a weight, plus a bias, where there are any."""
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and shape_of(given) != shape:
            raise ShapeError(f"{who}: needs a {name} of shape {shape}, but got {shape_of(given)}.")
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _operand(who: object, x: Operand) -> Operand:
    return as_floats(all_values(as_operand(str(who), x) if isinstance(x, (list, tuple)) else x))


def lengths(who: object, normalized_shape: Sizes) -> tuple[int, ...]:
    """The lengths of the axes that are normalised together."""
    shape = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    return per_axis(who, "normalized_shape", shape, len(shape), least=1)


def _last_axes(shape: tuple[int, ...]) -> int | tuple[int, ...]:
    return -1 if len(shape) == 1 else tuple(range(-len(shape), 0))


def _check_last_axes(who: object, x: Operand, shape: tuple[int, ...]) -> None:
    if not shape or shape_of(x)[-len(shape) :] != shape:
        needed = ", ".join(map(str, shape))
        raise ShapeError(
            f"{who}: needs input of shape (..., {needed}), but got {shape_or_type(x)}."
        )


def _channels(who: object, x: Operand) -> int:
    if len(shape_of(x)) < 2:
        raise ShapeError(f"{who}: needs input of shape (N, C, ...), but got {shape_or_type(x)}.")
    return shape_of(x)[1]


def _of_channels(who: object, numbers: Operand, channels: int) -> Operand:
    if shape_of(numbers) != (channels,):
        raise ShapeError(
            f"{who}: needs a number for each of {channels} channels, but got shape "
            f"{shape_of(numbers)}."
        )
    return numbers


def _form(channels: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a number for each channel, beside an array (N, C, ...)."""
    return (channels, *(1,) * (len(shape) - 2))


def _beside(x: Operand, shape: tuple[int, ...]) -> Operand:
    """(C,) in that form."""
    if x is None or len(shape) == 2 or len(shape_of(x)) != 1:
        return x
    return x.reshape(_form(shape_of(x)[0], shape))
