"""The rulebook: functions of numbers, applied to every element.

A partial derivative is a function (*operands, out), or a number where it is constant. Comparisons
such as `x > 0` count as 1 and 0. At a kink the docstring names the choice made.
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
from autograd.op import EVERYWHERE, INFINITY, OTHER, plain

POSITIVE = (0.0, INFINITY)
UNIT = (-1.0, 1.0)
LN2, LN10 = math.log(2), math.log(10)

# --- arithmetic -------------------------------------------------------------------------------


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
    partials=(lambda x, out: 1 / (3 * out * out),),
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


# --- exponentials and logarithms --------------------------------------------------------------


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


# --- trigonometric and hyperbolic -------------------------------------------------------------


@elementwise(scalar=math.sin, partials=(lambda x, out: cos(x),), latex=r"\sin")
def sin(x: Any) -> Any:
    """The sine of x radians, elementwise.

    Example:
        >>> from autograd import grad, sin
        >>> round(sin(0.5), 4), round(grad(sin)(0.5), 4)
        (0.4794, 0.8776)
    """
    return np.sin(x)


@elementwise(scalar=math.cos, partials=(lambda x, out: -sin(x),), latex=r"\cos")
def cos(x: Any) -> Any:
    """The cosine of x radians, elementwise.

    Example:
        >>> from autograd import cos, grad
        >>> round(cos(0.5), 4), round(grad(cos)(0.5), 4)
        (0.8776, -0.4794)
    """
    return np.cos(x)


@elementwise(
    scalar=math.tan, partials=(lambda x, out: 1 + out * out,), latex=r"\tan", domain=(UNIT,)
)
def tan(x: Any) -> Any:
    """The tangent of x radians, elementwise.

    Example:
        >>> from autograd import grad, tan
        >>> round(tan(0.5), 4), round(grad(tan)(0.5), 4)
        (0.5463, 1.2984)
    """
    return np.tan(x)


@elementwise(
    scalar=math.asin,
    partials=(lambda x, out: 1 / sqrt(1 - x * x),),
    latex=r"\arcsin",
    domain=(UNIT,),
)
def arcsin(x: Any) -> Any:
    """The angle in radians, in [-pi/2, pi/2], whose sine is x; elementwise.

    Example:
        >>> from autograd import arcsin, grad
        >>> round(arcsin(0.5), 4), round(grad(arcsin)(0.5), 4)
        (0.5236, 1.1547)
    """
    return np.arcsin(x)


@elementwise(
    scalar=math.acos,
    partials=(lambda x, out: -1 / sqrt(1 - x * x),),
    latex=r"\arccos",
    domain=(UNIT,),
)
def arccos(x: Any) -> Any:
    """The angle in radians, in [0, pi], whose cosine is x; elementwise.

    Example:
        >>> from autograd import arccos, grad
        >>> round(arccos(0.5), 4), round(grad(arccos)(0.5), 4)
        (1.0472, -1.1547)
    """
    return np.arccos(x)


@elementwise(scalar=math.atan, partials=(lambda x, out: 1 / (1 + x * x),), latex=r"\arctan")
def arctan(x: Any) -> Any:
    """The angle in radians, in (-pi/2, pi/2), whose tangent is x; elementwise.

    Example:
        >>> from autograd import arctan, grad
        >>> round(arctan(0.5), 4), round(grad(arctan)(0.5), 4)
        (0.4636, 0.8)
    """
    return np.arctan(x)


@elementwise(scalar=math.sinh, partials=(lambda x, out: cosh(x),), latex=r"\sinh")
def sinh(x: Any) -> Any:
    """The hyperbolic sine, elementwise.

    Example:
        >>> from autograd import grad, sinh
        >>> round(sinh(0.5), 4), round(grad(sinh)(0.5), 4)
        (0.5211, 1.1276)
    """
    return np.sinh(x)


@elementwise(scalar=math.cosh, partials=(lambda x, out: sinh(x),), latex=r"\cosh")
def cosh(x: Any) -> Any:
    """The hyperbolic cosine, elementwise.

    Example:
        >>> from autograd import cosh, grad
        >>> round(cosh(0.5), 4), round(grad(cosh)(0.5), 4)
        (1.1276, 0.5211)
    """
    return np.cosh(x)


@elementwise(scalar=math.tanh, partials=(lambda x, out: 1 - out * out,), latex=r"\tanh")
def tanh(x: Any) -> Any:
    """The hyperbolic tangent, elementwise; the result lies in [-1, 1].

    Example:
        >>> from autograd import grad, tanh
        >>> round(tanh(0.5), 4), round(grad(tanh)(0.5), 4)
        (0.4621, 0.7864)
    """
    return np.tanh(x)


@elementwise(
    scalar=math.asinh,
    partials=(lambda x, out: 1 / sqrt(x * x + 1),),
    latex=r"\operatorname{arsinh}",
)
def arcsinh(x: Any) -> Any:
    """The number whose hyperbolic sine is x, elementwise.

    Example:
        >>> from autograd import arcsinh, grad
        >>> round(arcsinh(0.5), 4), round(grad(arcsinh)(0.5), 4)
        (0.4812, 0.8944)
    """
    return np.arcsinh(x)


@elementwise(
    scalar=math.acosh,
    partials=(lambda x, out: 1 / sqrt(x * x - 1),),
    latex=r"\operatorname{arcosh}",
    domain=((1.0, INFINITY),),
)
def arccosh(x: Any) -> Any:
    """The number >= 0 whose hyperbolic cosine is x, elementwise; nan below 1.

    Example:
        >>> from autograd import arccosh, grad
        >>> round(arccosh(2.0), 4), round(grad(arccosh)(2.0), 4)
        (1.317, 0.5774)
    """
    return np.arccosh(x)


@elementwise(
    scalar=math.atanh,
    partials=(lambda x, out: 1 / (1 - x * x),),
    latex=r"\operatorname{artanh}",
    domain=(UNIT,),
)
def arctanh(x: Any) -> Any:
    """The number whose hyperbolic tangent is x, elementwise; nan outside [-1, 1].

    Example:
        >>> from autograd import arctanh, grad
        >>> round(arctanh(0.5), 4), round(grad(arctanh)(0.5), 4)
        (0.5493, 1.3333)
    """
    return np.arctanh(x)


@elementwise(partials=(math.pi / 180,), latex=r"\operatorname{deg2rad}")
def deg2rad(x: Any) -> Any:
    """An angle in degrees as radians, elementwise.

    Example:
        >>> from autograd import deg2rad
        >>> deg2rad(180.0)
        3.141592653589793
    """
    return x * (math.pi / 180)


@elementwise(partials=(180 / math.pi,), latex=r"\operatorname{rad2deg}")
def rad2deg(x: Any) -> Any:
    """An angle in radians as degrees, elementwise.

    Example:
        >>> import math
        >>> from autograd import rad2deg
        >>> rad2deg(math.pi)
        180.0
    """
    return x * (180 / math.pi)


# --- activations ------------------------------------------------------------------------------


def _sigmoid_of_float(x: float) -> float:
    e = math.exp(-x if x >= 0 else x)
    return (1.0 if x >= 0 else e) / (1.0 + e)


@elementwise(
    symbol="σ",
    scalar=_sigmoid_of_float,
    partials=(lambda x, out: out * (1 - out),),
    latex=r"\sigma",
)
def sigmoid(x: Any) -> Any:
    """The logistic function 1 / (1 + e**-x), elementwise; the result lies in [0, 1].

    Example:
        >>> from autograd import grad, sigmoid
        >>> round(sigmoid(0.5), 4), round(grad(sigmoid)(0.5), 4)
        (0.6225, 0.235)
    """
    e = np.exp(np.where(x >= 0, -x, x))  # e**-|x|, which cannot overflow
    return np.where(x >= 0, 1, e) / (1 + e)


@elementwise(
    symbol="ReLU",
    scalar=lambda x: 0.0 if x <= 0 else x,
    partials=(lambda x, out: x > 0,),
    latex=r"\operatorname{ReLU}",
    smooth=False,
)
def relu(x: Any) -> Any:
    """max(x, 0), elementwise. At the kink: relu'(0) = 0.

    Example:
        >>> from autograd import grad, relu
        >>> relu([-2.0, 0.0, 3.0]).tolist(), [grad(relu)(x) for x in (-2.0, 0.0, 3.0)]
        ([0.0, 0.0, 3.0], [0.0, 0.0, 1.0])
    """
    return np.maximum(x, 0)


@elementwise(
    scalar=lambda x, slope: x if x > 0 else slope * x,
    partials=(
        lambda x, slope, out: (x > 0) + slope * (x <= 0),
        lambda x, slope, out: at_most(x, 0),
    ),
    latex=r"\operatorname{LeakyReLU}",
    smooth=False,
)
def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x > 0, slope * x elsewhere. At the kink the derivative is the slope.

    Example:
        >>> from autograd import grad, leaky_relu
        >>> leaky_relu([-2.0, 3.0], slope=0.1).tolist(), grad(leaky_relu)(-2.0, slope=0.1)
        ([-0.2, 3.0], 0.1)
    """
    return np.where(x > 0, x, slope * x)


@elementwise(
    scalar=lambda x: math.log1p(math.exp(-x if x >= 0 else x)) + (x if x >= 0 else 0.0),
    partials=(lambda x, out: sigmoid(x),),
    latex=r"\operatorname{softplus}",
)
def softplus(x: Any) -> Any:
    """ln(1 + e**x), elementwise, a smooth ReLU; without overflow for large x.

    Example:
        >>> from autograd import grad, softplus
        >>> round(softplus(0.5), 4), round(grad(softplus)(0.5), 4)
        (0.9741, 0.6225)
    """
    return np.log1p(np.exp(np.where(x >= 0, -x, x))) + np.where(x >= 0, x, 0)


@elementwise(scalar=lambda x: 1.0 if x >= 0 else 0.0, partials=(0,), smooth=False)
def step(x: Any) -> Any:
    """1 where x >= 0, 0 elsewhere: the perceptron's threshold; its derivative is 0 everywhere.

    Example:
        >>> from autograd import grad, step
        >>> step([-2.0, 0.0, 3.0]).tolist(), grad(step)(3.0)
        ([0.0, 1.0, 1.0], 0.0)
    """
    return np.greater_equal(x, 0).astype(x.dtype)


_ERF_NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
_ERF_FAR = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3,
     1.23033935480374942e3),
)  # fmt: skip
"""Numerator and denominator, the highest power first."""


def _quotient(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    """The quotient of two polynomials at x, by Horner's rule, in as little memory as can be."""
    top, bottom = (polynomial[0] * x for polynomial in polynomials)
    for c, d in zip(*(polynomial[1:-1] for polynomial in polynomials), strict=True):
        top += c
        top *= x
        bottom += d
        bottom *= x
    top += polynomials[0][-1]
    bottom += polynomials[1][-1]
    top /= bottom
    return top


# Not math.erf for each element: that is a call of Python's for each, as slow as a hundred sums.
@elementwise(
    scalar=math.erf,
    partials=(lambda x, out: 2 / math.sqrt(math.pi) * exp(-x * x),),
    latex=r"\operatorname{erf}",
    smooth=False,
)
def erf(x: Any) -> Any:
    """The error function 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x, elementwise.

    Source:
        W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
        Computation 23 (1969).

    Example:
        >>> from autograd import erf, grad
        >>> round(erf(0.5), 4), round(grad(erf)(0.5), 4)
        (0.5205, 0.8788)
    """
    if x.dtype == np.float16:  # which the polynomials overflow
        return erf.forward(x.astype(np.float32)).astype(x.dtype)
    size = np.minimum(abs(x), 6)  # from where on it rounds to 1
    square = size * size
    near = _quotient(_ERF_NEAR, square)
    near *= size
    far = np.exp(-square)
    far *= _quotient(_ERF_FAR, size)
    return np.copysign(np.where(size <= 0.46875, near, 1 - far), x)


# --- two operands -----------------------------------------------------------------------------


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


# Of two numbers that are equal the first has the derivative: what limits of ranges are made of.


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


@elementwise(
    scalar=math.atan2,
    partials=(
        lambda y, x, out: x / (x * x + y * y),
        lambda y, x, out: -y / (x * x + y * y),
    ),
    latex=r"\operatorname{{atan2}}({0}, {1})",
    smooth=False,
    domain=(POSITIVE, POSITIVE),
)
def arctan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y) in radians, in [-pi, pi], elementwise.

    Example:
        >>> from autograd import arctan2, grad
        >>> round(arctan2(1.0, 1.0), 4)
        0.7854
        >>> [round(d, 4) for d in grad(arctan2, argnums=(0, 1))(1.0, 1.0)]
        [0.5, -0.5]
    """
    return np.arctan2(y, x)


@elementwise(
    scalar=lambda x, y: float(np.logaddexp(x, y)),
    partials=(lambda x, y, out: sigmoid(x - y), lambda x, y, out: sigmoid(y - x)),
    latex=r"\ln(e^{{{0}}} + e^{{{1}}})",
    smooth=False,
)
def logaddexp(x: Any, y: Any) -> Any:
    """ln(e**x + e**y), elementwise, without overflow.

    Example:
        >>> from autograd import grad, logaddexp
        >>> round(logaddexp(0.0, 1.0), 4)
        1.3133
        >>> [round(d, 4) for d in grad(logaddexp, argnums=(0, 1))(0.0, 1.0)]
        [0.2689, 0.7311]
    """
    return np.logaddexp(x, y)


@elementwise(
    scalar=lambda x, y: float(np.logaddexp2(x, y)),
    partials=(
        lambda x, y, out: sigmoid(LN2 * (x - y)),
        lambda x, y, out: sigmoid(LN2 * (y - x)),
    ),
    latex=r"\log_2(2^{{{0}}} + 2^{{{1}}})",
    smooth=False,
)
def logaddexp2(x: Any, y: Any) -> Any:
    """log2(2**x + 2**y), elementwise, without overflow.

    Example:
        >>> from autograd import grad, logaddexp2
        >>> round(logaddexp2(1.0, 1.0), 4)
        2.0
        >>> [round(d, 4) for d in grad(logaddexp2, argnums=(0, 1))(1.0, 1.0)]
        [0.5, 0.5]
    """
    return np.logaddexp2(x, y)
