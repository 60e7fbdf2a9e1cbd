"""The rulebook: choices between numbers, and what is made by choosing. All are compositions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.op import RULEBOOK, Operand, composition, plain
from autograd.rules.elementwise import abs, at_least, at_most, sin


@composition
def where(condition: Any, x: Operand, y: Operand) -> Any:
    """x where `condition` (plain truth values) holds, y elsewhere; all three broadcast.

    The gradient goes to the side that was chosen. A single truth value chooses between two Values.

    Example:
        >>> from autograd import Tensor, where
        >>> where([True, False], Tensor([1.0, 2.0]), 0.0)
        Tensor([1., 0.])
    """
    condition = plain(condition)
    if not hasattr(condition, "__array_function__"):
        condition = np.asarray(condition)
    condition = condition.astype(bool)
    if condition.ndim == 0 and not hasattr(x, "shape") and not hasattr(y, "shape"):
        return x if condition else y
    return RULEBOOK["select"](x, y, condition)


@composition
def clip(
    a: Operand, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    """a limited to [a_min, a_max], elementwise; None is no limit.

    On a limit the derivative is that of inside, 1, as in PyTorch; outside it is 0.
    """
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is None and high is None:
        raise ValueError("clip: needs a_min or a_max, but got neither.")
    if low is not None:
        a = at_least(a, low)
    return a if high is None else at_most(a, high)


@composition
def nan_to_num(
    x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """x with nan and the infinities replaced, elementwise; the derivative there is 0.

    An infinity becomes the largest finite number of x's type unless said otherwise.
    """
    data = plain(x)
    data = data if hasattr(data, "__array_function__") else np.asarray(data)
    if data.dtype.kind != "f":  # whole numbers are finite
        return x
    largest = np.finfo(data.dtype).max
    high = largest if posinf is None else posinf
    low = -largest if neginf is None else neginf
    replaced = np.where(np.isnan(data), nan, np.where(data > 0, high, low)).astype(data.dtype)
    return where(np.isfinite(data), x, replaced if data.ndim else float(replaced))


@composition
def sinc(x: Operand) -> Any:
    """sin(pi x) / (pi x), elementwise, and 1 at 0.

    Near 0 it is computed by its Taylor series, as the quotient's derivatives lose all digits there.
    """
    angle = math.pi * x
    small = abs(plain(angle)) < 0.15
    z = where(small, angle, 0.0)  # a square that overflows would make nan of the derivative
    z = z * z
    series = 1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72 * (1 - z / 110 * (1 - z / 156)))))
    return where(small, series, sin(angle) / where(small, 1.0, angle))
