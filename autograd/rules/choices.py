"""The rulebook: choices between numbers, and what is made by choosing. All are compositions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.op import RULEBOOK, Operand, choice, kind_of, numbers, plain
from autograd.rules.arithmetic import abs, at_least, at_most, rint, trunc
from autograd.rules.powers import power
from autograd.rules.shapes import astype
from autograd.rules.trigonometry import sin


@choice
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
    if kind_of((x, y)) is None:  # of plain arrays, beside which a Python number has no dtype
        return np.where(condition, x, y)
    return RULEBOOK["where_else"](x, y, condition)


@choice
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """For every place, the choice of the first condition that holds there; all of them broadcast.

    Args:
        condlist: A list of truth values or boolean arrays.
        choicelist: As many Tensors, arrays, Values or numbers.
        default: What there is where no condition holds.
    Raises:
        ValueError: the lists are empty, or not of one length.
        TypeError: a condition is not made of truth values.

    Example:
        >>> from autograd import Tensor, select
        >>> x = Tensor([1.0, 2.0, 3.0])
        >>> select([x < 1.5, x < 2.5], [x, 10 * x], -1.0)
        Tensor([ 1., 20., -1.])
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            "select: needs as many choices as conditions, and at least one, but got "
            f"{len(choicelist)} and {len(condlist)}."
        )
    out = default
    for condition, chosen in reversed(list(zip(condlist, choicelist, strict=True))):
        truths = plain(condition)
        truths = truths if hasattr(truths, "dtype") else np.asarray(truths)
        if truths.dtype != bool:
            raise TypeError(f"select: needs conditions of truth values, but got {truths.dtype}.")
        out = where(truths, chosen, out)
    return out


@choice
def clip(
    a: Operand, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    """a limited to [a_min, a_max], elementwise; None is no limit.

    On a limit the derivative is that of inside, 1, as in PyTorch; outside it is 0.

    Raises:
        ValueError: neither limit is given.

    Example:
        >>> from autograd import clip, grad
        >>> clip([-2.0, 0.5, 3.0], 0.0, 1.0).tolist()
        [0.0, 0.5, 1.0]
        >>> [grad(clip)(x, 0.0, 1.0) for x in (-2.0, 0.5, 1.0)]
        [0.0, 1.0, 1.0]
    """
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is None and high is None:
        raise ValueError("clip: needs a_min or a_max, but got neither.")
    if low is not None:
        a = at_least(a, low)
    return a if high is None else at_most(a, high)


@choice
def nan_to_num(
    x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """x with nan and the infinities replaced, elementwise; the derivative there is 0.

    An infinity becomes the largest finite number of x's type unless said otherwise.

    Example:
        >>> from autograd import nan_to_num
        >>> nan_to_num([1.0, float("nan")]).tolist()
        [1.0, 0.0]
    """
    data = numbers(x)
    data = data if hasattr(data, "__array_function__") else np.asarray(data)
    if data.dtype.kind != "f":  # whole numbers are finite
        return x
    largest = np.finfo(data.dtype).max
    high = largest if posinf is None else posinf
    low = -largest if neginf is None else neginf
    replaced = np.where(np.isnan(data), nan, np.where(data > 0, high, low)).astype(data.dtype)
    return where(np.isfinite(data), x, replaced if data.ndim else replaced[()])


@choice
def sinc(x: Operand) -> Any:
    """sin(pi x) / (pi x), elementwise, and 1 at 0.

    Near 0 it is computed by its Taylor series, as the quotient's derivatives lose all digits there.

    Example:
        >>> from autograd import sinc
        >>> round(sinc(0.5), 4), sinc(0.0)
        (0.6366, 1.0)
    """
    angle = math.pi * x
    small = abs(numbers(angle)) < 0.15
    z = where(small, angle, 0.0)  # a square that overflows would make nan of the derivative
    z = z * z
    series = 1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72 * (1 - z / 110 * (1 - z / 156)))))
    return where(small, series, sin(angle) / where(small, 1.0, angle))


@choice
def round(a: Operand, decimals: int = 0) -> Any:
    """a to so many digits after the point, a half going to the even one; its derivative is 0.

    Example:
        >>> from autograd import round
        >>> round(2.567, 1), round(25.0, -1)
        (2.6, 20.0)
    """
    if getattr(a, "dtype", np.dtype(float)).kind in "bui":
        return a if decimals >= 0 else astype(round(astype(a, float), decimals), a.dtype)
    if not decimals:
        return rint(a)
    factor = 10.0 ** abs(decimals)
    return rint(a * factor) / factor if decimals > 0 else rint(a / factor) * factor


@choice
def fix(x: Operand) -> Any:
    """x without its fraction, elementwise; NumPy's older name of `trunc`.

    Example:
        >>> from autograd import fix
        >>> fix([-1.5, 1.5]).tolist()
        [-1.0, 1.0]
    """
    return trunc(x)


@choice
def float_power(x: Operand, y: Operand) -> Any:
    """x ** y in float64, whatever the types of x and y are.

    Example:
        >>> from autograd import Tensor, float_power
        >>> float_power(Tensor([2, 3]), -1)
        Tensor([0.5     , 0.333333])
    """
    return power(*(astype(z, float) if hasattr(z, "dtype") else z for z in (x, y)))
