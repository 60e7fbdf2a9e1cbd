"""The rulebook: functions that are known at some places, and polynomials. All are compositions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd.errors import ShapeError
from autograd.op import Operand, as_floats, choice, composition, numbers
from autograd.rules.arithmetic import remainder
from autograd.rules.arrangements import as_operand
from autograd.rules.choices import where
from autograd.rules.indexing import take
from autograd.rules.reductions import sum
from autograd.rules.shapes import astype, broadcast_to, concatenate


def _between(a: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """A slice along an axis."""
    return a[(*(slice(None),) * axis, slice(start, stop))]


@composition
def diff(
    a: Operand, n: int = 1, axis: int = -1, prepend: Operand = None, append: Operand = None
) -> Any:
    """The differences of neighbours along an axis, a[i + 1] - a[i], taken n times.

    Args:
        a: A Tensor or array.
        n: How often.
        axis: Along which axis.
        prepend: What is put before a first; a number is repeated.
        append: What is put behind it.
    Raises:
        ValueError: n < 0, or a is a single number.

    Example:
        >>> from autograd import Tensor, diff
        >>> diff(Tensor([1.0, 4.0, 9.0])), diff(Tensor([1.0, 4.0, 9.0]), n=2)
        (Tensor([3., 5.]), Tensor([2.]))
    """
    if n < 0:
        raise ValueError(f"diff: needs n >= 0, but got {n}.")
    if not a.ndim:
        raise ValueError("diff: needs an array with an axis, but got a single number.")
    axis = normalize_axis_index(axis, a.ndim, "diff")
    one = tuple(1 if i == axis else length for i, length in enumerate(a.shape))
    ends = [None if x is None else as_operand(x) for x in (prepend, append)]
    before, behind = (x if x is None or x.ndim else broadcast_to(x, one) for x in ends)
    parts = [x for x in (before, a, behind) if x is not None]
    if n and len(parts) > 1:
        a = concatenate(parts, axis=axis)
    for _ in range(n):
        a = _between(a, axis, 1, None) - _between(a, axis, None, -1)
    return a


@composition
def trapezoid(y: Operand, x: Operand = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of y along an axis by the trapezoidal rule.

    Args:
        y: A Tensor or array of function values.
        x: The places they belong to, a vector or an array like y; None for equal distances.
        dx: The distance, where x is None.
        axis: Along which axis.

    Example:
        >>> from autograd import Tensor, trapezoid
        >>> trapezoid(Tensor([0.0, 1.0, 4.0]), x=[0.0, 1.0, 3.0]).item()
        5.5
    """
    of_y = normalize_axis_index(axis, y.ndim, "trapezoid")
    y, x, width = as_floats(y), as_floats(x), dx
    if x is not None and x.ndim == 1:
        width = diff(x).reshape(tuple(-1 if i == of_y else 1 for i in range(y.ndim)))
    elif x is not None:
        width = diff(x, axis=axis)
    # The axis as it was given: x and dx may have more axes than y, and -1 is the last of each.
    return sum(width * (_between(y, of_y, 1, None) + _between(y, of_y, None, -1)) / 2.0, axis=axis)


@choice
def interp(
    x: Operand, xp: Operand, fp: Operand, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """The broken line through the points (xp, fp) at the places x; derivatives for all three.

    Outside the points it is `left` and `right`, by default the first and the last fp. At a point
    the derivative by x is that on the right of it; at the last, that on the left.

    Args:
        x: A number, a Value, a Tensor or an array.
        xp: (n,) places in rising order; with a period in any order.
        fp: (n,) the values there.
        left: What there is below xp[0].
        right: What there is above xp[-1].
        period: The period of the places; there is no outside then.
    Raises:
        ShapeError: xp and fp are not two vectors of one length, or are empty.
        ValueError: the period is 0.

    Example:
        >>> from autograd import grad, interp
        >>> float(interp(2.5, [1.0, 2.0, 3.0], [10.0, 20.0, 40.0]))
        30.0
        >>> grad(interp)(2.5, [1.0, 2.0, 3.0], [10.0, 20.0, 40.0])
        20.0
    """
    x, xp, fp = (_in_float64(z) for z in (x, as_operand(xp), as_operand(fp)))
    if xp.ndim != 1 or fp.shape != xp.shape or not xp.shape[0]:
        raise ShapeError(
            "interp: needs xp and fp to be vectors of one length, but got shapes "
            f"{xp.shape} and {fp.shape}."
        )
    if period is not None:
        x, xp, fp = _unrolled(x, xp, fp, period)
        left = right = None
    left = fp[0] if left is None else left
    right = fp[-1] if right is None else right
    places, data = numbers(xp), numbers(x)
    data = data if hasattr(data, "__array_function__") else np.asarray(data)
    line = fp[0]
    if xp.shape[0] > 1:
        i = np.clip(np.searchsorted(places, data, side="right") - 1, 0, xp.shape[0] - 2)
        x0, x1, f0, f1 = (take(a, j) for a, j in ((xp, i), (xp, i + 1), (fp, i), (fp, i + 1)))
        line = (f1 - f0) / (x1 - x0) * (x - x0) + f0
    inside = where(data > places[-1], right, line)
    out = where(data < places[0], left, inside)
    return out if not np.any(np.isnan(data)) else where(np.isnan(data), x, out)


def _in_float64(x: Any) -> Any:
    """What NumPy computes with, whatever the type of an array is; Values are so anyway."""
    kind = getattr(x, "dtype", None)
    return x if kind is None or kind.kind == "O" else astype(x, float)


def _unrolled(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """The places within one period, and the points with one more on either side."""
    if not period:
        raise ValueError("interp: needs a period that is not 0.")
    period = abs(period)
    xp = remainder(xp, period)
    order = np.argsort(numbers(xp), kind="stable")
    xp, fp = xp[order], fp[order]
    xp = concatenate((xp[-1:] - period, xp, xp[:1] + period))
    return remainder(x, period), xp, concatenate((fp[-1:], fp, fp[:1]))


@choice
def polyval(p: Operand, x: Operand) -> Any:
    """The polynomial p[0] x**(n-1) + … + p[n-1] at x, by Horner's scheme.

    Args:
        p: The n coefficients, the highest power first.
        x: A number, a Value, a Tensor or an array.

    Example:
        >>> from autograd import Value, grad, polyval
        >>> polyval([1.0, 0.0, -2.0], Value(3.0))
        Value(data=7.0)
        >>> grad(lambda x: polyval([1.0, 0.0, -2.0], x))(3.0)
        6.0
    """
    if isinstance(x, (float, int)):
        x = np.asarray(x)[()]  # to NumPy an array, which widens float32
    out = np.zeros_like(numbers(x)) if hasattr(x, "shape") else 0.0
    for coefficient in p:
        out = out * x + coefficient
    return out
