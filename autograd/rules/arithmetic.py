"""The rulebook: sums and products, remainders, whole parts, the larger and the smaller of two.

All of these are functions of numbers, applied to every element of an array. A partial derivative is
a function (*operands, out), or a number where it is constant. Comparisons such as `x > 0` count as
1 and 0. At a kink the docstring names the choice made.
"""

# mypy: disable-error-code="has-type"
# pyright: reportGeneralTypeIssues=false
# (A derivative may use operations that are declared further down.)

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from autograd.declarations import elementwise
from autograd.op import EVERYWHERE, OTHER, POSITIVE


@elementwise(symbol="+", latex="{0} + {1}", operator="add", scalar=operator.add, partials=(1, 1))
def add(x: Any, y: Any) -> Any:
    """The sum x + y, elementwise.

    Example:
        >>> from autograd import add, grad
        >>> add(3.0, 2.0), grad(add, argnums=(0, 1))(3.0, 2.0)
        (5.0, (1.0, 1.0))
    """
    return x + y


@elementwise(symbol="-", latex="{0} - {1}", operator="sub", partials=(1, -1))
def subtract(x: Any, y: Any) -> Any:
    """The difference x - y, elementwise.

    Example:
        >>> from autograd import grad, subtract
        >>> subtract(3.0, 2.0), grad(subtract, argnums=(0, 1))(3.0, 2.0)
        (1.0, (1.0, -1.0))
    """
    return x - y


@elementwise(
    symbol="*",
    latex=r"{0} \cdot {1}",
    operator="mul",
    scalar=operator.mul,
    partials=(OTHER, OTHER),
)
def multiply(x: Any, y: Any) -> Any:
    """The product x * y, elementwise.

    Example:
        >>> from autograd import grad, multiply
        >>> multiply(3.0, 2.0), grad(multiply, argnums=(0, 1))(3.0, 2.0)
        (6.0, (2.0, 3.0))
    """
    return x * y


@elementwise(
    symbol="/",
    latex=r"\frac{{{0}}}{{{1}}}",
    operator="truediv",
    partials=(lambda x, y, out: 1 / y, lambda x, y, out: -out / y),
    domain=(EVERYWHERE, POSITIVE),
)
def divide(x: Any, y: Any) -> Any:
    """The quotient x / y, elementwise; x / 0 is an infinity or nan, with NumPy's warning.

    Example:
        >>> from autograd import divide, grad
        >>> divide(3.0, 2.0), grad(divide, argnums=(0, 1))(3.0, 2.0)
        (1.5, (0.5, -0.75))
    """
    return x / y


@elementwise(symbol="-", latex="-{0}", operator="neg", partials=(-1,))
def negative(x: Any) -> Any:
    """The negative -x, elementwise.

    Example:
        >>> from autograd import grad, negative
        >>> negative(3.0), grad(negative)(3.0)
        (-3.0, -1.0)
    """
    return -x


@elementwise(
    latex=r"\left|{0}\right|",
    operator="abs",
    scalar=math.fabs,
    partials=(lambda x, out: sign(x),),
    smooth=False,
)
def abs(x: Any) -> Any:
    """The absolute value of x, elementwise. At the kink: abs'(0) = 0.

    Example:
        >>> import autograd
        >>> from autograd import grad
        >>> autograd.abs(-3.0), grad(autograd.abs)(-3.0), grad(autograd.abs)(0.0)
        (3.0, -1.0, 0.0)
    """
    return np.abs(x)


@elementwise(
    partials=(0,), scalar=lambda x: x if x != x else float((x > 0) - (x < 0)), smooth=False
)
def sign(x: Any) -> Any:
    """-1, 0 or 1, the sign of x, elementwise; its derivative is 0 everywhere.

    Example:
        >>> from autograd import grad, sign
        >>> sign([-2.0, 0.0, 5.0]).tolist(), grad(sign)(5.0)
        ([-1.0, 0.0, 1.0], 0.0)
    """
    return np.sign(x)


# --- whole numbers and remainders -----------------------------------------------------------------


@elementwise(
    symbol="%",
    latex=r"{0} \bmod {1}",
    operator="mod",
    scalar=lambda x, y: x % y,
    partials=(1, lambda x, y, out: -floor_divide(x, y)),
    smooth=False,
    domain=(EVERYWHERE, POSITIVE),
)
def remainder(x: Any, y: Any) -> Any:
    """The remainder of x / y with the sign of y, elementwise, as `%`.

    Example:
        >>> from autograd import grad, remainder
        >>> round(remainder(-7.0, 3.0), 4)
        2.0
        >>> [round(d, 4) for d in grad(remainder, argnums=(0, 1))(-7.0, 3.0)]
        [1.0, 3.0]
    """
    return np.remainder(x, y)


@elementwise(
    symbol="//",
    latex=r"\lfloor {0} / {1} \rfloor",
    operator="floordiv",
    scalar=lambda x, y: float(np.floor_divide(x, y)),
    partials=(0, 0),
    smooth=False,
    domain=(EVERYWHERE, POSITIVE),
)
def floor_divide(x: Any, y: Any) -> Any:
    """The whole part of x / y, rounded down, elementwise; its derivatives are 0.

    Example:
        >>> from autograd import floor_divide, grad
        >>> floor_divide(-7.0, 3.0), grad(floor_divide)(-7.0, 3.0)
        (-3.0, 0.0)
    """
    return np.floor_divide(x, y)


@elementwise(
    scalar=lambda x: math.copysign(math.floor(x), x),  # Python's own has no -0.0
    partials=(0,),
    latex=r"\lfloor {0} \rfloor",
    smooth=False,
)
def floor(x: Any) -> Any:
    """The largest whole number not above x, elementwise; its derivative is 0.

    Example:
        >>> from autograd import floor, grad
        >>> floor([-1.5, 1.5]).tolist(), grad(floor)(1.5)
        ([-2.0, 1.0], 0.0)
    """
    return np.floor(x)


@elementwise(
    scalar=lambda x: math.copysign(math.ceil(x), x),
    partials=(0,),
    latex=r"\lceil {0} \rceil",
    smooth=False,
)
def ceil(x: Any) -> Any:
    """The smallest whole number not below x, elementwise; its derivative is 0.

    Example:
        >>> from autograd import ceil, grad
        >>> ceil([-1.5, 1.5]).tolist(), grad(ceil)(1.5)
        ([-1.0, 2.0], 0.0)
    """
    return np.ceil(x)


@elementwise(
    scalar=lambda x: math.copysign(math.trunc(x), x),
    partials=(0,),
    latex=r"\operatorname{trunc}",
    smooth=False,
)
def trunc(x: Any) -> Any:
    """x without its fraction, rounded towards 0, elementwise; its derivative is 0.

    Example:
        >>> from autograd import trunc
        >>> trunc(-1.7)
        -1.0
    """
    return np.trunc(x)


@elementwise(
    scalar=lambda x: math.copysign(round(x), x),
    partials=(0,),
    latex=r"\operatorname{round}",
    smooth=False,
)
def rint(x: Any) -> Any:
    """The nearest whole number, a half going to the even one, elementwise; its derivative is 0.

    Example:
        >>> from autograd import rint
        >>> rint(2.5), rint(3.5)
        (2.0, 4.0)
    """
    return np.rint(x)


@elementwise(
    symbol="fmod",
    scalar=math.fmod,
    partials=(1, lambda x, y, out: -trunc(x / y)),
    latex=r"\operatorname{{fmod}}({0}, {1})",
    smooth=False,
    domain=(EVERYWHERE, POSITIVE),
)
def fmod(x: Any, y: Any) -> Any:
    """The remainder of x / y with the sign of x, elementwise, as in C; `%` has the sign of y.

    Example:
        >>> from autograd import fmod, remainder
        >>> fmod(-7.0, 3.0), remainder(-7.0, 3.0)
        (-1.0, 2.0)
    """
    return np.fmod(x, y)


@elementwise(
    scalar=math.copysign,
    partials=(lambda x, y, out: sign(x) * copysign(1.0, y), 0),
    latex=r"\operatorname{{copysign}}({0}, {1})",
    smooth=False,
)
def copysign(x: Any, y: Any) -> Any:
    """|x| with the sign of y, elementwise. At the kink the derivative is 0, as that of abs.

    Example:
        >>> from autograd import copysign
        >>> copysign(3.0, -0.0)
        -3.0
    """
    return np.copysign(x, y)


# --- the larger and the smaller -------------------------------------------------------------------


@elementwise(
    symbol="max",
    scalar=lambda x, y: x if x >= y or x != x else y,
    partials=(
        lambda x, y, out: 0.5 * (x > y) + 0.5 * (x >= y),
        lambda x, y, out: 0.5 * (y > x) + 0.5 * (y >= x),
    ),
    latex=r"\max({0}, {1})",
    smooth=False,
)
def maximum(x: Any, y: Any) -> Any:
    """The larger of x and y, elementwise. A tie gives each side half of the gradient.

    Example:
        >>> from autograd import grad, maximum
        >>> (
        ...     maximum([1.0, 5.0], [4.0, 2.0]).tolist(),
        ...     grad(maximum)(5.0, 2.0),
        ...     grad(maximum)(2.0, 2.0),
        ... )
        ([4.0, 5.0], 1.0, 0.5)
    """
    return np.maximum(x, y)


@elementwise(
    symbol="min",
    scalar=lambda x, y: x if x <= y or x != x else y,
    partials=(
        lambda x, y, out: 0.5 * (x < y) + 0.5 * (x <= y),
        lambda x, y, out: 0.5 * (y < x) + 0.5 * (y <= x),
    ),
    latex=r"\min({0}, {1})",
    smooth=False,
)
def minimum(x: Any, y: Any) -> Any:
    """The smaller of x and y, elementwise. A tie gives each side half of the gradient.

    Example:
        >>> from autograd import grad, minimum
        >>> (
        ...     minimum([1.0, 5.0], [4.0, 2.0]).tolist(),
        ...     grad(minimum)(5.0, 2.0),
        ...     grad(minimum)(2.0, 2.0),
        ... )
        ([1.0, 2.0], 0.0, 0.5)
    """
    return np.minimum(x, y)


@elementwise(
    symbol="max",
    scalar=lambda x, y: x if x >= y or x != x else y,
    partials=(lambda x, y, out: x >= y, lambda x, y, out: x < y),
    latex=r"\max({0}, {1})",
    smooth=False,
)
def at_least(x: Any, y: Any) -> Any:
    """The larger of x and y, elementwise. A tie gives x the whole gradient.

    Example:
        >>> from autograd import at_least, grad
        >>> at_least([1.0, 5.0], 2.0).tolist(), grad(at_least)(2.0, 2.0)
        ([2.0, 5.0], 1.0)
    """
    return np.maximum(x, y)


@elementwise(
    symbol="min",
    scalar=lambda x, y: x if x <= y or x != x else y,
    partials=(lambda x, y, out: x <= y, lambda x, y, out: x > y),
    latex=r"\min({0}, {1})",
    smooth=False,
)
def at_most(x: Any, y: Any) -> Any:
    """The smaller of x and y, elementwise. A tie gives x the whole gradient.

    Example:
        >>> from autograd import at_most, grad
        >>> at_most([1.0, 5.0], 2.0).tolist(), grad(at_most)(2.0, 2.0)
        ([1.0, 2.0], 1.0)
    """
    return np.minimum(x, y)


@elementwise(
    scalar=lambda x, y: x if x >= y or y != y else y,
    partials=(
        lambda x, y, out: _chosen(x, out) - 0.5 * _chosen(x, y),
        lambda x, y, out: _chosen(y, out) - 0.5 * _chosen(x, y),
    ),
    smooth=False,
)
def fmax(x: Any, y: Any) -> Any:
    """The larger of x and y, elementwise, the other where one is nan. A tie gives each half.

    Example:
        >>> from autograd import fmax, grad
        >>> fmax([1.0, float("nan")], 0.0).tolist(), grad(fmax)(5.0, 2.0)
        ([1.0, 0.0], 1.0)
    """
    return np.fmax(x, y)


@elementwise(
    scalar=lambda x, y: x if x <= y or y != y else y,
    partials=(
        lambda x, y, out: _chosen(x, out) - 0.5 * _chosen(x, y),
        lambda x, y, out: _chosen(y, out) - 0.5 * _chosen(x, y),
    ),
    smooth=False,
)
def fmin(x: Any, y: Any) -> Any:
    """The smaller of x and y, elementwise, the other where one is nan. A tie gives each half.

    Example:
        >>> from autograd import fmin, grad
        >>> fmin([1.0, float("nan")], 0.0).tolist(), grad(fmin)(5.0, 2.0)
        ([0.0, 0.0], 0.0)
    """
    return np.fmin(x, y)


def _chosen(x: Any, y: Any) -> Any:
    """1 where x equals y (`==` between two Values would compare their identities)."""
    return 1.0 * (x >= y) * (x <= y)
