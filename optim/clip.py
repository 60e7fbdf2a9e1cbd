"""Clipping: keep gradients from growing beyond a bound, between `backward()` and `step()`."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, Value, maximum
from autograd.checks import came, check_number
from autograd.tracing import as_traced, tracer

if TYPE_CHECKING:
    from autograd.arrays import FloatArray


def clip_grad_norm_(
    parameters: Iterable[Tensor | Value],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    r"""Scale all gradients together so that, as one vector, they are no longer than `max_norm`.

    .. math:: g \leftarrow g \cdot \min\left(1, \frac{c}{\lVert g \rVert_p + 10^{-6}}\right)

    The direction stays. PyTorch's name and formula, with its 10⁻⁶.

    Args:
        parameters: Tensors or Values; those that no gradient has reached are left out.
        max_norm: c > 0.
        norm_type: p > 0; `math.inf` takes the largest absolute entry.
        error_if_nonfinite: Whether a norm that is nan or infinite is an error.

    Returns:
        The norm before, over all gradients; 0.0 where there are none.

    Raises:
        ValueError: max_norm or norm_type <= 0, or a norm that is not finite, if so wanted.

    Source:
        R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
        networks", ICML 2013, algorithm 1.

    Example:
        >>> x, y = Value(0.0), Value(0.0)
        >>> x.grad, y.grad = 3.0, 4.0
        >>> clip_grad_norm_([x, y], max_norm=1.0)
        5.0
        >>> round(x.grad, 4), round(y.grad, 4)
        (0.6, 0.8)
    """
    _check_positive("clip_grad_norm_", max_norm=max_norm, norm_type=norm_type)
    reached = _reached("clip_grad_norm_", parameters)
    unit, length = _length(reached, norm_type)
    norm: float = unit * length
    if error_if_nonfinite and not np.isfinite(norm):
        raise ValueError(f"clip_grad_norm_: needs finite gradients, but their norm is {norm}.")
    # of nan, too: then every gradient is nan, and is seen
    too_long = np.logical_not(max_norm / (norm + 1e-6) >= 1)
    recorded = not isinstance(too_long, np.bool)  # then it can be either
    if recorded or too_long:
        factor = max_norm / (length + 1e-6 / unit)
        for p in reached:
            scaled = _as_float64(p.grad) / unit * factor
            p.grad = np.where(too_long, scaled, p.grad) if recorded else scaled
    return norm


def _length(reached: list[Tensor | Value], norm_type: float) -> tuple[Any, Any]:
    """A power of two near the largest entry, and the norm of all gradients in that unit.

    So the squares neither overflow nor vanish, in whatever dtype the gradients are.
    """
    if not reached:
        return 1.0, 0.0
    entries = np.abs(np.concatenate([np.ravel(_as_float64(p.grad)) for p in reached]))
    if not entries.size:
        return 1.0, 0.0
    if entries.dtype == object:  # single numbers that are recorded
        largest = functools.reduce(maximum, entries)
        if norm_type == math.inf:
            return 1.0, largest
        unit = largest if 0 < largest < math.inf else 1.0
        return unit, np.linalg.norm(entries / unit, norm_type)
    largest = entries.max()
    scaled = np.logical_and(largest > 0, np.isfinite(largest))
    unit = np.exp2(np.floor(np.log2(np.where(scaled, largest, 1.0))))
    found = unit, np.linalg.norm(entries / unit, norm_type)
    return found if tracer() is not None else (float(found[0]), float(found[1]))


def _as_float64(grad: Any) -> FloatArray:
    found: FloatArray = grad.astype(np.float64, copy=False) if hasattr(grad, "astype") else grad
    return found


def clip_grad_value_(parameters: Iterable[Tensor | Value], clip_value: float) -> None:
    """Bring every entry of every gradient into [-clip_value, clip_value].

    PyTorch's name. The direction changes; `clip_grad_norm_` keeps it.

    Args:
        parameters: Tensors or Values; those that no gradient has reached are left out.
        clip_value: The bound, > 0.

    Raises:
        ValueError: clip_value <= 0.

    Example:
        >>> x, y = Value(0.0), Value(0.0)
        >>> x.grad, y.grad = -30.0, 0.25
        >>> clip_grad_value_([x, y], clip_value=1.0)
        >>> x.grad, y.grad
        (-1.0, 0.25)
    """
    _check_positive("clip_grad_value_", clip_value=clip_value)
    for p in _reached("clip_grad_value_", parameters):
        # A bound beyond the dtype would be infinite there, with a warning.
        bound = min(clip_value, float(np.finfo(getattr(p.grad, "dtype", float)).max))
        p.grad = np.clip(p.grad, -bound, bound)


def _check_positive(who: str, **settings: float) -> None:
    for name, value in settings.items():
        check_number(who, name, value, "> 0", finite=False)


def _reached(who: str, parameters: Tensor | Value | Iterable[Tensor | Value]) -> list[Any]:
    if isinstance(parameters, (Tensor, Value)):
        parameters = [parameters]  # as in PyTorch
    if hasattr(parameters, "parameters"):
        raise TypeError(f"{who}: needs parameters, but got a model. Pass model.parameters().")
    params = list(parameters)
    for p in params:
        if not isinstance(p, (Tensor, Value)):
            raise TypeError(f"{who}: needs Tensors or Values, but got {came(p)}.")
    return [p for p in map(as_traced, params) if p._grad is not None]
