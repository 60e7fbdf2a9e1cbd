"""THE RULEBOOK: every operation, once.

A declaration holds the forward computation in plain NumPy, its derivative, how it is written, and
where it lives. To add an operation, add a declaration here; the function `autograd.<name>`, the
methods on `Value` and `Tensor`, NumPy's function on a Tensor, pictures, captions and tests follow.

Conventions: operands are `x, y`; `out` is the result; a partial derivative is a function
(*operands, out), or a number where it is constant. Comparisons such as `x > 0` count as 1 and 0.
At a kink the docstring names the choice made.
"""

# mypy: disable-error-code="has-type"
# (A derivative may use operations that are declared further down.)

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.op import EVERYWHERE, INFINITY, RULEBOOK, elementwise, structural, unbroadcast

POSITIVE = (0.0, INFINITY)
UNIT = (-1.0, 1.0)
LN2, LN10 = math.log(2), math.log(10)

# --- arithmetic -------------------------------------------------------------------------------


@elementwise(symbol="+", latex="{0} + {1}", operator="add", partials=(1, 1))
def add(x: Any, y: Any) -> Any:
    """The sum x + y, elementwise."""
    return x + y


@elementwise(symbol="-", latex="{0} - {1}", operator="sub", partials=(1, -1))
def subtract(x: Any, y: Any) -> Any:
    """The difference x - y, elementwise."""
    return x - y


@elementwise(
    symbol="*",
    latex=r"{0} \cdot {1}",
    operator="mul",
    partials=(lambda x, y, out: y, lambda x, y, out: x),
)
def multiply(x: Any, y: Any) -> Any:
    """The product x * y, elementwise."""
    return x * y


@elementwise(
    symbol="/",
    latex=r"\frac{{{0}}}{{{1}}}",
    operator="truediv",
    partials=(lambda x, y, out: 1 / y, lambda x, y, out: -out / y),
    domain=(EVERYWHERE, POSITIVE),
)
def divide(x: Any, y: Any) -> Any:
    """The quotient x / y, elementwise; x / 0 is an infinity or nan, with NumPy's warning."""
    return x / y


@elementwise(
    symbol="**",
    latex="{0}^{{{1}}}",
    operator="pow",
    scalar=math.pow,
    partials=(lambda x, y, out: y * power(x, y - 1), lambda x, y, out: out * log(x)),
    domain=(POSITIVE, EVERYWHERE),
)
def power(x: Any, y: Any) -> Any:
    """The power x ** y, elementwise; nan for a negative x with a y that is not whole.

    The derivative with respect to y is x**y ln x, so it is nan for a negative x.
    """
    return x**y


@elementwise(symbol="-", latex="-{0}", operator="neg", partials=(-1,))
def negative(x: Any) -> Any:
    """The negative -x, elementwise."""
    return -x


@elementwise(
    latex=r"\left|{0}\right|", operator="abs", partials=(lambda x, out: sign(x),), smooth=False
)
def abs(x: Any) -> Any:
    """The absolute value of x, elementwise. At the kink: abs'(0) = 0."""
    return np.abs(x)


@elementwise(
    partials=(0,), scalar=lambda x: x if x != x else float((x > 0) - (x < 0)), smooth=False
)
def sign(x: Any) -> Any:
    """-1, 0 or 1, the sign of x, elementwise; its derivative is 0 everywhere."""
    return np.sign(x)


@elementwise(partials=(lambda x, out: 2 * x,), latex="{0}^2")
def square(x: Any) -> Any:
    """The square x * x, elementwise."""
    return x * x


@elementwise(partials=(lambda x, out: -out * out,), latex=r"\frac{{1}}{{{0}}}", domain=(POSITIVE,))
def reciprocal(x: Any) -> Any:
    """1 / x, elementwise."""
    return 1 / x


@elementwise(
    scalar=math.sqrt,
    partials=(lambda x, out: 0.5 / out,),
    latex=r"\sqrt{{{0}}}",
    domain=(POSITIVE,),
)
def sqrt(x: Any) -> Any:
    """The square root of x, elementwise; nan for a negative x."""
    return np.sqrt(x)


# --- exponentials and logarithms --------------------------------------------------------------


@elementwise(scalar=math.exp, partials=(lambda x, out: out,), latex="e^{{{0}}}")
def exp(x: Any) -> Any:
    """e ** x, elementwise."""
    return np.exp(x)


@elementwise(scalar=lambda x: 2.0**x, partials=(lambda x, out: LN2 * out,), latex="2^{{{0}}}")
def exp2(x: Any) -> Any:
    """2 ** x, elementwise."""
    return np.exp2(x)


@elementwise(scalar=math.expm1, partials=(lambda x, out: out + 1,), latex="e^{{{0}}} - 1")
def expm1(x: Any) -> Any:
    """e ** x - 1, elementwise, exact for small x."""
    return np.expm1(x)


@elementwise(scalar=math.log, partials=(lambda x, out: 1 / x,), latex=r"\ln", domain=(POSITIVE,))
def log(x: Any) -> Any:
    """The natural logarithm, elementwise; -inf at 0 and nan below, with NumPy's warning."""
    return np.log(x)


@elementwise(
    scalar=math.log2, partials=(lambda x, out: 1 / (LN2 * x),), latex=r"\log_2", domain=(POSITIVE,)
)
def log2(x: Any) -> Any:
    """The logarithm to base 2, elementwise."""
    return np.log2(x)


@elementwise(
    scalar=math.log10,
    partials=(lambda x, out: 1 / (LN10 * x),),
    latex=r"\log_{10}",
    domain=(POSITIVE,),
)
def log10(x: Any) -> Any:
    """The logarithm to base 10, elementwise."""
    return np.log10(x)


@elementwise(
    scalar=math.log1p,
    partials=(lambda x, out: 1 / (1 + x),),
    latex=r"\ln(1 + {0})",
    domain=((-1.0, INFINITY),),
)
def log1p(x: Any) -> Any:
    """ln(1 + x), elementwise, exact for small x."""
    return np.log1p(x)


# --- trigonometric and hyperbolic -------------------------------------------------------------


@elementwise(scalar=math.sin, partials=(lambda x, out: cos(x),), latex=r"\sin")
def sin(x: Any) -> Any:
    """The sine of x radians, elementwise."""
    return np.sin(x)


@elementwise(scalar=math.cos, partials=(lambda x, out: -sin(x),), latex=r"\cos")
def cos(x: Any) -> Any:
    """The cosine of x radians, elementwise."""
    return np.cos(x)


@elementwise(
    scalar=math.tan, partials=(lambda x, out: 1 + out * out,), latex=r"\tan", domain=(UNIT,)
)
def tan(x: Any) -> Any:
    """The tangent of x radians, elementwise."""
    return np.tan(x)


@elementwise(
    scalar=math.asin,
    partials=(lambda x, out: 1 / sqrt(1 - x * x),),
    latex=r"\arcsin",
    domain=(UNIT,),
)
def arcsin(x: Any) -> Any:
    """The angle in radians, in [-pi/2, pi/2], whose sine is x; elementwise."""
    return np.arcsin(x)


@elementwise(
    scalar=math.acos,
    partials=(lambda x, out: -1 / sqrt(1 - x * x),),
    latex=r"\arccos",
    domain=(UNIT,),
)
def arccos(x: Any) -> Any:
    """The angle in radians, in [0, pi], whose cosine is x; elementwise."""
    return np.arccos(x)


@elementwise(scalar=math.atan, partials=(lambda x, out: 1 / (1 + x * x),), latex=r"\arctan")
def arctan(x: Any) -> Any:
    """The angle in radians, in (-pi/2, pi/2), whose tangent is x; elementwise."""
    return np.arctan(x)


@elementwise(scalar=math.sinh, partials=(lambda x, out: cosh(x),), latex=r"\sinh")
def sinh(x: Any) -> Any:
    """The hyperbolic sine, elementwise."""
    return np.sinh(x)


@elementwise(scalar=math.cosh, partials=(lambda x, out: sinh(x),), latex=r"\cosh")
def cosh(x: Any) -> Any:
    """The hyperbolic cosine, elementwise."""
    return np.cosh(x)


@elementwise(scalar=math.tanh, partials=(lambda x, out: 1 - out * out,), latex=r"\tanh")
def tanh(x: Any) -> Any:
    """The hyperbolic tangent, elementwise; the result lies in [-1, 1]."""
    return np.tanh(x)


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
    """The logistic function 1 / (1 + e**-x), elementwise; the result lies in [0, 1]."""
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
    """max(x, 0), elementwise. At the kink: relu'(0) = 0."""
    return np.maximum(x, 0)


@elementwise(
    scalar=lambda x, slope: x if x > 0 else slope * x,
    partials=(lambda x, slope, out: (x > 0) + slope * (x <= 0), lambda x, slope, out: x * (x <= 0)),
    latex=r"\operatorname{LeakyReLU}",
    smooth=False,
)
def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x > 0, slope * x elsewhere. At the kink the derivative is the slope."""
    return np.where(x > 0, x, slope * x)


@elementwise(
    scalar=lambda x: math.log1p(math.exp(-x if x >= 0 else x)) + (x if x >= 0 else 0.0),
    partials=(lambda x, out: sigmoid(x),),
    latex=r"\operatorname{softplus}",
)
def softplus(x: Any) -> Any:
    """ln(1 + e**x), elementwise, a smooth ReLU; without overflow for large x."""
    return np.log1p(np.exp(np.where(x >= 0, -x, x))) + np.where(x >= 0, x, 0)


@elementwise(scalar=lambda x: 1.0 if x >= 0 else 0.0, partials=(0,), smooth=False)
def step(x: Any) -> Any:
    """1 where x >= 0, 0 elsewhere: the perceptron's threshold; its derivative is 0 everywhere."""
    return np.greater_equal(x, 0).astype(x.dtype)


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
    """The larger of x and y, elementwise. A tie gives each side half of the gradient."""
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
    """The smaller of x and y, elementwise. A tie gives each side half of the gradient."""
    return np.minimum(x, y)


# --- structural: whole arrays -----------------------------------------------------------------


def _spread(grad: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """Repeat a gradient along the axes that a reduction of an array of this shape summed away."""
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis) % (len(shape) or 1)
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return broadcast_to(grad.reshape(kept), shape)


def _count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements a reduction over `axis` puts into one."""
    return math.prod(shape if axis is None else (shape[i] for i in np.atleast_1d(axis)))


@structural(
    symbol="Σ",
    latex=r"\sum {0}",
    vjps=(lambda g, out, x, axis, keepdims: _spread(g, x.shape, axis),),
)
def sum(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The sum of the elements, over all axes or over `axis`."""
    return x.sum(axis=axis, keepdims=keepdims)


@structural(
    vjps=(lambda g, out, x, axis, keepdims: _spread(g, x.shape, axis) / _count(x.shape, axis),),
)
def mean(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The mean of the elements, over all axes or over `axis`."""
    return x.mean(axis=axis, keepdims=keepdims)


def _max_vjp(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    is_largest = x >= _spread(out, x.shape, axis)
    ties = np.sum(is_largest, axis=axis, keepdims=True)
    return _spread(g, x.shape, axis) * (is_largest / ties)


@structural(latex=r"\max", vjps=(_max_vjp,))
def max(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The largest element, over all axes or over `axis`. Ties share the gradient equally."""
    return x.max(axis=axis, keepdims=keepdims)


@structural(vjps=(lambda g, out, x, shape: g.reshape(x.shape),))
def reshape(x: Any, shape: int | tuple[int, ...]) -> Any:
    """The same elements in another shape; one entry of `shape` may be -1."""
    return x.reshape(shape)


@structural(
    symbol="ᵀ",
    latex="{0}^T",
    vjps=(lambda g, out, x, axes: g.transpose(None if axes is None else np.argsort(axes)),),
)
def transpose(x: Any, axes: tuple[int, ...] | None = None) -> Any:
    """The axes in the order `axes`, or reversed."""
    return x.transpose(axes)


@structural(vjps=(lambda g, out, x, shape: unbroadcast(g, x.shape),))
def broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    """x repeated to `shape` by NumPy's broadcasting."""
    return np.broadcast_to(x, shape)


@structural(
    symbol="[ ]",
    latex="{0}[i]",
    vjps=(lambda g, out, x, index: scatter(g, index, x.shape),),
)
def getitem(x: Any, index: Any) -> Any:
    """x[index]; an element taken several times gets the sum of its gradients."""
    return x[index]


@structural(vjps=(lambda g, out, x, index, shape: g[index],))
def scatter(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with x added at `index`: the reverse of `getitem`."""
    out = np.zeros(shape, x.dtype)
    np.add.at(out, index, x)
    return out


def _matrix_transpose(x: Any) -> Any:
    return x.transpose((*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _as_matrices(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """`g, a, b` of `a @ b = out` with vectors written as one-row and one-column matrices."""
    if b.ndim == 1:
        b, g = b.reshape((-1, 1)), g.reshape((*g.shape, 1))
    if a.ndim == 1:
        a, g = a.reshape((1, -1)), g.reshape((*g.shape[:-1], 1, g.shape[-1]))
    return g, a, b


def _matmul_vjp_a(g: Any, out: Any, a: Any, b: Any) -> Any:
    g, rows, b = _as_matrices(g, a, b)
    return unbroadcast(g @ _matrix_transpose(b), rows.shape).reshape(a.shape)


def _matmul_vjp_b(g: Any, out: Any, a: Any, b: Any) -> Any:
    g, a, columns = _as_matrices(g, a, b)
    return unbroadcast(_matrix_transpose(a) @ g, columns.shape).reshape(b.shape)


@structural(symbol="@", latex="{0} {1}", operator="matmul", vjps=(_matmul_vjp_a, _matmul_vjp_b))
def matmul(a: Any, b: Any) -> Any:
    """The matrix product, (n, k) @ (k, m) -> (n, m), in all of NumPy's shapes."""
    return a @ b


__all__ = list(RULEBOOK)
