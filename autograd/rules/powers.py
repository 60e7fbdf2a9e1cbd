"""The rulebook: powers and roots, exponentials and logarithms, element by element."""

# mypy: disable-error-code="has-type"
# pyright: reportGeneralTypeIssues=false
# (A derivative may use operations that are declared further down.)

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.declarations import elementwise
from autograd.op import EVERYWHERE, INFINITY, POSITIVE, plain
from autograd.rules.arithmetic import abs

LN2, LN10 = math.log(2), math.log(10)

# --- powers and roots -----------------------------------------------------------------------------


@elementwise(
    symbol="**",
    latex="{0}^{{{1}}}",
    operator="pow",
    scalar=math.pow,
    partials=(
        lambda x, y, out: y * power(x, y - 1 if y.__class__ is float and y else _lowered(x, y)),
        lambda x, y, out: out * log(_without_zero(x, y)),
    ),
    domain=(POSITIVE, EVERYWHERE),
)
def power(x: Any, y: Any) -> Any:
    """The power x ** y, elementwise; nan for a negative x with a y that is not whole.

    x ** 0 is 1 for every x, with derivative 0. The derivative with respect to y is x**y ln x, so it
    is nan for a negative x; for x = 0 and y >= 0 it is 0, as in PyTorch.

    Example:
        >>> from autograd import grad, power
        >>> round(power(3.0, 2.0), 4)
        9.0
        >>> [round(d, 4) for d in grad(power, argnums=(0, 1))(3.0, 2.0)]
        [6.0, 9.8875]
    """
    return x**y


def _lowered(x: Any, y: Any) -> Any:
    """y - 1, and 0 where 0**y is differentiated at y = 0: there 0 times infinity is to be 0."""
    number = plain(y)
    if isinstance(number, (float, int)) and (number or y is number):
        return y - 1 + (number == 0)  # no derivative with respect to y is asked for, or it is safe
    # Only where x is 0 (or nan), as elsewhere the derivative with respect to y as well has a limit.
    return y - 1 + _is(number, 0) * (1 - (abs(plain(x)) > 0))


def _without_zero(x: Any, y: Any) -> Any:
    """x, and 1 where ln 0 would make nan of 0**y ln 0."""
    base = plain(x)
    if isinstance(base, (float, int)) and base:
        return x
    return x + _is(base, 0) * (plain(y) >= 0)


def _is(x: Any, y: Any) -> Any:
    """Whether x equals y (`==` of a recorded Value would compare identities)."""
    return (x >= y) * (x <= y) if hasattr(x, "requires_grad") else x == y


@elementwise(partials=(lambda x, out: 2 * x,), latex="{0}^2")
def square(x: Any) -> Any:
    """The square x * x, elementwise.

    Example:
        >>> from autograd import grad, square
        >>> round(square(3.0), 4), round(grad(square)(3.0), 4)
        (9.0, 6.0)
    """
    return x * x


@elementwise(partials=(lambda x, out: -out * out,), latex=r"\frac{{1}}{{{0}}}", domain=(POSITIVE,))
def reciprocal(x: Any) -> Any:
    """1 / x, elementwise.

    Example:
        >>> from autograd import grad, reciprocal
        >>> round(reciprocal(4.0), 4), round(grad(reciprocal)(4.0), 4)
        (0.25, -0.0625)
    """
    return 1 / x


@elementwise(
    scalar=math.sqrt,
    partials=(lambda x, out: 0.5 / out,),
    latex=r"\sqrt{{{0}}}",
    domain=(POSITIVE,),
)
def sqrt(x: Any) -> Any:
    """The square root of x, elementwise; nan for a negative x.

    Example:
        >>> from autograd import grad, sqrt
        >>> round(sqrt(4.0), 4), round(grad(sqrt)(4.0), 4)
        (2.0, 0.25)
    """
    return np.sqrt(x)


@elementwise(
    scalar=math.cbrt,
    partials=(lambda x, out: 1 / (3 * (out * out)),),
    latex=r"\sqrt[3]{{{0}}}",
    smooth=False,
    domain=((0.5, INFINITY),),
)
def cbrt(x: Any) -> Any:
    """The cube root of x, elementwise; its derivative at 0 is infinite.

    Example:
        >>> from autograd import cbrt, grad
        >>> round(cbrt(8.0), 4), round(grad(cbrt)(8.0), 4)
        (2.0, 0.0833)
    """
    return np.cbrt(x)


@elementwise(
    scalar=math.hypot,
    partials=(lambda x, y, out: x / out, lambda x, y, out: y / out),
    latex=r"\sqrt{{{0}^2 + {1}^2}}",
    smooth=False,
    domain=(POSITIVE, POSITIVE),
)
def hypot(x: Any, y: Any) -> Any:
    """sqrt(x**2 + y**2), elementwise, without overflow.

    Example:
        >>> from autograd import grad, hypot
        >>> round(hypot(3.0, 4.0), 4)
        5.0
        >>> [round(d, 4) for d in grad(hypot, argnums=(0, 1))(3.0, 4.0)]
        [0.6, 0.8]
    """
    return np.hypot(x, y)


# --- exponentials and logarithms ------------------------------------------------------------------


@elementwise(scalar=math.exp, partials=(lambda x, out: out,), latex="e^{{{0}}}")
def exp(x: Any) -> Any:
    """e ** x, elementwise.

    Example:
        >>> from autograd import exp, grad
        >>> round(exp(0.5), 4), round(grad(exp)(0.5), 4)
        (1.6487, 1.6487)
    """
    return np.exp(x)


@elementwise(scalar=lambda x: 2.0**x, partials=(lambda x, out: LN2 * out,), latex="2^{{{0}}}")
def exp2(x: Any) -> Any:
    """2 ** x, elementwise.

    Example:
        >>> from autograd import exp2, grad
        >>> round(exp2(0.5), 4), round(grad(exp2)(0.5), 4)
        (1.4142, 0.9803)
    """
    return np.exp2(x)


@elementwise(scalar=math.expm1, partials=(lambda x, out: out + 1,), latex="e^{{{0}}} - 1")
def expm1(x: Any) -> Any:
    """e ** x - 1, elementwise, exact for small x.

    Example:
        >>> from autograd import expm1, grad
        >>> round(expm1(0.5), 4), round(grad(expm1)(0.5), 4)
        (0.6487, 1.6487)
    """
    return np.expm1(x)


@elementwise(scalar=math.log, partials=(lambda x, out: 1 / x,), latex=r"\ln", domain=(POSITIVE,))
def log(x: Any) -> Any:
    """The natural logarithm, elementwise; -inf at 0 and nan below, with NumPy's warning.

    Example:
        >>> from autograd import grad, log
        >>> round(log(8.0), 4), round(grad(log)(8.0), 4)
        (2.0794, 0.125)
    """
    return np.log(x)


@elementwise(
    scalar=math.log2, partials=(lambda x, out: 1 / (LN2 * x),), latex=r"\log_2", domain=(POSITIVE,)
)
def log2(x: Any) -> Any:
    """The logarithm to base 2, elementwise.

    Example:
        >>> from autograd import grad, log2
        >>> round(log2(8.0), 4), round(grad(log2)(8.0), 4)
        (3.0, 0.1803)
    """
    return np.log2(x)


@elementwise(
    scalar=math.log10,
    partials=(lambda x, out: 1 / (LN10 * x),),
    latex=r"\log_{10}",
    domain=(POSITIVE,),
)
def log10(x: Any) -> Any:
    """The logarithm to base 10, elementwise.

    Example:
        >>> from autograd import grad, log10
        >>> round(log10(8.0), 4), round(grad(log10)(8.0), 4)
        (0.9031, 0.0543)
    """
    return np.log10(x)


@elementwise(
    scalar=math.log1p,
    partials=(lambda x, out: 1 / (1 + x),),
    latex=r"\ln(1 + {0})",
    domain=((-1.0, INFINITY),),
)
def log1p(x: Any) -> Any:
    """ln(1 + x), elementwise, exact for small x.

    Example:
        >>> from autograd import grad, log1p
        >>> round(log1p(1.0), 4), round(grad(log1p)(1.0), 4)
        (0.6931, 0.5)
    """
    return np.log1p(x)
