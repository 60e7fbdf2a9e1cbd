"""The rulebook: many numbers into one, over all axes or over some; and running sums and products.

`axis` is an int (negative counts from the end), a tuple of ints, or None for all axes; `keepdims`
leaves the reduced axes with length 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.declarations import structural
from autograd.op import Operand, composition, plain
from autograd.rules.choices import where
from autograd.rules.elementwise import abs as absolute
from autograd.rules.elementwise import exp
from autograd.rules.shapes import Axes, broadcast_to, concatenate, flip, sort


def _axes(ndim: int, axis: Axes) -> tuple[int, ...]:
    if axis is None or not ndim:  # NumPy takes axis 0 of a single number
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, tuple) else (axis,)))


def _kept(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    """The shape of the reduction with `keepdims`."""
    axes = _axes(len(shape), axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _spread(grad: Any, shape: tuple[int, ...], axis: Axes) -> Any:
    """Repeat a gradient along the axes that a reduction of an array of this shape took away."""
    if axis is not None:
        grad = grad.reshape(_kept(shape, axis))
    if isinstance(grad, (np.ndarray, np.generic)):
        return broadcast_to.forward(grad, shape)  # the quick way
    return broadcast_to(grad, shape)


def _count(shape: tuple[int, ...], axis: Axes) -> int:
    """How many elements the reduction puts into one."""
    return math.prod(shape[i] for i in _axes(len(shape), axis))


@structural(
    symbol="Σ",
    latex=r"\sum {0}",
    vjps=(lambda g, out, x, axis, keepdims: _spread(g, x.shape, axis),),
)
def sum(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The sum of the elements."""
    return x.sum(axis=axis, keepdims=keepdims)


@structural(
    vjps=(
        lambda g, out, x, axis, keepdims: _spread(g * (out.size / (x.size or 1)), x.shape, axis),
    ),
)
def mean(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean of the elements; nan, with NumPy's warning, where there are none."""
    known = isinstance(x.size, int)  # as it may not be where an array is computed later
    if not known or not x.size or not x.ndim or x.dtype.char not in "df":
        return x.mean(axis=axis, keepdims=keepdims)
    total = x.sum(axis=axis, keepdims=keepdims)  # half the time of NumPy's mean of a few numbers
    return total / (x.size // total.size)


def _extremum_vjp(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    data = plain(x)
    chosen = (data == _spread(plain(out), x.shape, axis)) | (data != data)  # a nan is chosen
    return _spread(g, x.shape, axis) * (chosen / chosen.sum(axis=axis, keepdims=True)).astype(
        x.dtype
    )


@structural(latex=r"\max", vjps=(_extremum_vjp,))
def max(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The largest element. Ties share the gradient equally."""
    return x.max(axis=axis, keepdims=keepdims)


@structural(latex=r"\min", vjps=(_extremum_vjp,))
def min(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The smallest element. Ties share the gradient equally."""
    return x.min(axis=axis, keepdims=keepdims)


def _rows(x: Any, axis: Axes) -> tuple[Any, Any]:
    """x with the reduced axes merged into a last one, and the function that undoes this."""
    axes = _axes(x.ndim, axis)
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    moved = x.transpose(order)
    merged = moved.reshape((*moved.shape[: x.ndim - len(axes)], _count(x.shape, axis)))
    return merged, lambda rows: rows.reshape(moved.shape).transpose(tuple(np.argsort(order)))


def _products_before(x: Any) -> Any:
    """For every element the product of those before it in its row."""
    one = np.ones((*x.shape[:-1], 1), x.dtype)
    return cumprod(concatenate((one, x[..., :-1]), axis=-1), axis=-1)


def _product_of_others(x: Any) -> Any:
    """For every element the product of the others in its row: no division, so zeros are right."""
    return _products_before(x) * flip(_products_before(flip(x, -1)), -1)


def _prod_vjp(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    if not x.size:
        return x * 0.0
    rows, undo = _rows(x, axis)
    return _spread(g, x.shape, axis) * undo(_product_of_others(rows))


@structural(symbol="Π", latex=r"\prod {0}", vjps=(_prod_vjp,))
def prod(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The product of the elements."""
    return x.prod(axis=axis, keepdims=keepdims)


@structural(
    latex=r"\ln \sum \exp",
    vjps=(
        lambda g, out, x, axis, keepdims: (
            _spread(g, x.shape, axis) * exp(x - _spread(out, x.shape, axis))
        ),
    ),
)
def logsumexp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """ln of the sum of e**x, without overflow; of nothing -inf, with NumPy's warning."""
    largest: Any = 0.0  # to be subtracted
    if _count(x.shape, axis):
        largest = x.max(axis=axis, keepdims=True)
        largest = np.where(np.isfinite(largest), largest, 0)
    total = np.log(np.exp(x - largest).sum(axis=axis, keepdims=True)) + largest
    return total if keepdims else total.reshape(x.sum(axis=axis).shape)


def _reversed_cumsum(g: Any, out: Any, x: Any, axis: int | None) -> Any:
    if axis is None:
        return flip(cumsum(flip(g, 0), axis=0), 0).reshape(x.shape)
    return flip(cumsum(flip(g, axis), axis=axis), axis)


@structural(vjps=(_reversed_cumsum,))
def cumsum(x: Any, axis: int | None = None) -> Any:
    """The running sum along the axis; None: of all elements in one row."""
    return x.cumsum(axis=axis)


def _cumprod_vjp(g: Any, out: Any, x: Any, axis: int | None) -> Any:
    if not x.size:
        return x * 0.0
    rows, undo = _rows(x, axis)
    g_rows = g.reshape(rows.shape) if axis is None else _rows(g, axis)[0]
    return undo(_products_before(rows) * _horner(g_rows, rows[..., 1:]))


def _horner(g: Any, x: Any) -> Any:
    """h[k] = g[k] + x[k] h[k + 1] along the last axis, where x has one element less than g.

    In log2(n) passes, each of which takes twice as many terms together; division by x would be one
    pass, but wrong at zeros.
    """
    n, step = g.shape[-1], 1
    while step < n:
        more = g[..., : n - step] + x * g[..., step:]
        g = concatenate((more, g[..., n - step :]), axis=-1)
        if 2 * step < n:
            x = x[..., : n - 2 * step] * x[..., step:]
        step *= 2
    return g


@structural(vjps=(_cumprod_vjp,))
def cumprod(x: Any, axis: int | None = None) -> Any:
    """The running product along the axis; None: of all elements in one row."""
    return x.cumprod(axis=axis)


def _length_vjp(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    safe = out + 1.0 * (plain(out) == 0)  # at the origin the gradient is 0, not 0 / 0
    return _spread(g / safe, x.shape, axis) * x


@structural(latex=r"\lVert {0} \rVert", vjps=(_length_vjp,))
def euclidean_norm(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The Euclidean length; at the origin its gradient is 0."""
    if x.dtype == np.float16:  # in which the square of 300 is infinite
        return euclidean_norm.forward(x.astype(np.float32), axis, keepdims).astype(x.dtype)
    return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))


# --- made of other operations -----------------------------------------------------------------


@composition
def var(a: Operand, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The mean squared distance from the mean, with N - ddof for N (ddof=1 is unbiased)."""
    distance = a - mean(a, axis=axis, keepdims=True)
    # Not the sum over N: in float16 a sum of many squares is infinite.
    variance = mean(distance * distance, axis=axis, keepdims=keepdims)
    return variance if not ddof else variance / (_left(a.shape, axis, ddof) / _count(a.shape, axis))


@composition
def std(a: Operand, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The square root of the variance; where all elements are equal its gradient is 0."""
    distance = a - mean(a, axis=axis, keepdims=True)
    length = euclidean_norm(distance, axis=axis, keepdims=keepdims)
    return length / math.sqrt(_left(a.shape, axis, ddof))


def _left(shape: tuple[int, ...], axis: Axes, ddof: float) -> float:
    """N - ddof, but not below 0."""
    n = _count(shape, axis)
    return n - ddof if n > ddof else 0


@composition
def median(a: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The middle element in order; of an even number, the mean of the middle two; nan if one is."""
    axis = None if axis is None else normalize_axis_tuple(axis, a.ndim, "median")
    rows = sort(_rows(a, axis)[0])
    n = rows.shape[-1]
    middle = mean(rows[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    if n:  # a nan has come last
        middle = where(np.isnan(plain(rows[..., -1])), rows[..., -1], middle)
    return middle.reshape(_kept(a.shape, axis)) if keepdims else middle


@composition
def norm(x: Operand, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Any:
    """The length of a vector, or of the vectors along an axis; of a matrix, Frobenius' norm.

    Args:
        x: A Tensor or array.
        ord: None or 2, the Euclidean norm; 1, the sum of absolute values; inf, the largest. Of a
            whole matrix (axis None, or two axes) 1 and inf are the largest column and row sums.
        axis: The axis of the vectors; None for all of x.
        keepdims: Leave the axis with length 1.
    Raises:
        ValueError: another ord, or the spectral norm (ord 2 of a matrix).
    """
    if plain(x).dtype.kind in "bui":
        x = x.astype(float)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, "norm")
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if ord not in (1, np.inf) or len(axes) not in (1, 2):
        raise ValueError(
            f"norm: needs ord 1, 2 or inf (of a matrix 1, inf, 'fro'), but got {ord!r} along "
            f"{len(axes)} axes."
        )
    size = absolute(x)
    if len(axes) == 2:
        summed, rest = axes if ord == 1 else axes[::-1]
        largest = max(sum(size, axis=summed, keepdims=True), axis=rest, keepdims=True)
        return largest if keepdims else largest.reshape(sum(plain(size), axis=axes).shape)
    return (sum if ord == 1 else max)(size, axis=axis, keepdims=keepdims)


@composition
def any(a: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether some element is not zero; a plain array."""
    return np.any(plain(a), axis=axis, keepdims=keepdims)


@composition
def all(a: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether no element is zero; a plain array."""
    return np.all(plain(a), axis=axis, keepdims=keepdims)


@composition
def argmax(a: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest element; a plain array of ints."""
    return np.argmax(plain(a), axis=axis, keepdims=keepdims)


@composition
def argmin(a: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest element; a plain array of ints."""
    return np.argmin(plain(a), axis=axis, keepdims=keepdims)


@composition
def count_nonzero(a: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """How many elements are not zero; a plain array of ints."""
    return np.count_nonzero(plain(a), axis=axis, keepdims=keepdims)
