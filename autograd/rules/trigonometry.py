"""The rulebook: trigonometric and hyperbolic functions, element by element."""

# mypy: disable-error-code="has-type"
# pyright: reportGeneralTypeIssues=false
# (A derivative may use operations that are declared further down.)

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.declarations import elementwise
from autograd.op import INFINITY, POSITIVE
from autograd.rules.powers import sqrt

UNIT = (-1.0, 1.0)


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


# --- hyperbolic -----------------------------------------------------------------------------------


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


# --- degrees --------------------------------------------------------------------------------------


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
