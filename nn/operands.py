"""What a layer or a loss may be called with, made ready for arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, Value


def as_operand(who: str, x: Any) -> Any:
    """`x`, with a list made an array: of floats, or of objects if there are Values in it.

    Raises:
        TypeError: x is a list of Tensors.

    Example:
        >>> as_operand("demo", [1, 2.5])
        array([1. , 2.5])
        >>> as_operand("demo", [Value(1.0), 2]).dtype
        dtype('O')
    """
    if not isinstance(x, (list, tuple)):
        return x
    if any(isinstance(part, Tensor) for part in x):
        # NumPy would take their numbers and leave their graphs behind.
        raise TypeError(f"{who}: needs one Tensor, but got a {type(x).__name__} of Tensors.")
    return np.asarray(x)


def holds_values(x: Any) -> bool:
    """Whether x is a Value or an object array, which holds Values."""
    return isinstance(x, Value) or (isinstance(x, np.ndarray) and x.dtype == object)


def numbers(x: Any) -> Any:
    """The plain numbers in a Tensor, a Value, or an array of either kind of number.

    Example:
        >>> numbers(np.array([Value(1.0), 2]))
        array([1., 2.])
    """
    if isinstance(x, Tensor):
        return x.data
    if holds_values(x):
        return np.asarray(x, dtype=np.float64)
    return x if hasattr(x, "__array_function__") else np.asarray(x)
