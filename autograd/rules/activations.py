"""The rulebook: activations, the smooth ones beside what they are made of, element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.declarations import elementwise
from autograd.op import as_floats
from autograd.rules.arithmetic import abs, at_most
from autograd.rules.powers import LN2, exp, expm1


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
    x = as_floats(x)
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
    symbol="ELU",
    scalar=lambda x, alpha: x if x > 0 else alpha * math.expm1(x),
    partials=(
        # Not out + alpha: at infinity 0 times that would be nan.
        lambda x, alpha, out: (x > 0) + (x <= 0) * alpha * exp(at_most(x, 0)),
        lambda x, alpha, out: expm1(at_most(x, 0)),
    ),
    latex=r"\operatorname{ELU}",
    smooth=False,
)
def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where x > 0, alpha * (e**x - 1) elsewhere. At the kink the derivative is alpha.

    Example:
        >>> from autograd import elu, grad
        >>> elu([-1.0, 3.0]).round(4).tolist(), round(grad(elu)(-1.0), 4)
        ([-0.6321, 3.0], 0.3679)
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


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
    x = as_floats(x)
    return np.log1p(np.exp(np.where(x >= 0, -x, x))) + np.where(x >= 0, x, 0)


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


@elementwise(scalar=lambda x: 1.0 if x >= 0 else 0.0, partials=(0,), smooth=False)
def step(x: Any) -> Any:
    """1 where x >= 0, 0 elsewhere: the perceptron's threshold; its derivative is 0 everywhere.

    Example:
        >>> from autograd import grad, step
        >>> step([-2.0, 0.0, 3.0]).tolist(), grad(step)(3.0)
        ([0.0, 1.0, 1.0], 0.0)
    """
    return np.greater_equal(x, 0).astype(x.dtype)


# --- the error function ---------------------------------------------------------------------------


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
    x = as_floats(x)
    size = np.minimum(abs(x), 6)  # from where on it rounds to 1
    square = size * size
    near = _quotient(_ERF_NEAR, square)
    near *= size
    far = np.exp(-square)
    far *= _quotient(_ERF_FAR, size)
    return np.copysign(np.where(size <= 0.46875, near, 1 - far), x)
