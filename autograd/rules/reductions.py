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
from autograd.errors import ShapeError
from autograd.op import OBJECT, Operand, as_floats, boxed, composition, numbers, plain, shape_of
from autograd.rules.arithmetic import maximum, minimum
from autograd.rules.choices import where
from autograd.rules.indexing import sort, where_else
from autograd.rules.powers import exp, sqrt
from autograd.rules.shapes import Axes, astype, broadcast_to, concatenate, flip
from autograd.spellings import called_as


def _axes(ndim: int, axis: Axes) -> tuple[int, ...]:
    if axis is None or not ndim:  # NumPy takes axis 0 of a single number
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, tuple) else (axis,)))


def _kept(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    """The shape of the reduction with `keepdims`."""
    axes = _axes(len(shape), axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _reduced(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    """The shape of the reduction without `keepdims`."""
    axes = _axes(len(shape), axis)
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def _spread(grad: Any, shape: tuple[int, ...], axis: Axes) -> Any:
    """Repeat a gradient along the axes that a reduction of an array of this shape took away."""
    if axis is not None:
        grad = grad.reshape(_kept(shape, axis))
    if isinstance(grad, (np.ndarray, np.generic)):
        out = np.empty(shape, grad.dtype)  # what `broadcast_to` does, without its checks
        out[...] = grad
        return out
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
    """The sum of the elements.

    Example:
        >>> import numpy as np
        >>> import autograd
        >>> from autograd import grad
        >>> autograd.sum([[1.0, 2.0], [3.0, 4.0]], axis=0).tolist()
        [4.0, 6.0]
        >>> grad(autograd.sum)(np.array([1.0, 2.0])).tolist()
        [1.0, 1.0]
    """
    return x.sum(axis=axis, keepdims=keepdims)


@structural(
    vjps=(
        lambda g, out, x, axis, keepdims: _spread(g * (out.size / (x.size or 1)), x.shape, axis),
    ),
)
def mean(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean of the elements; nan, with NumPy's warning, where there are none.

    Example:
        >>> import numpy as np
        >>> from autograd import grad, mean
        >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=0).tolist()
        [2.0, 3.0]
        >>> grad(mean)(np.array([1.0, 2.0])).tolist()
        [0.5, 0.5]
    """
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
    """The largest element. Ties share the gradient equally.

    Example:
        >>> import numpy as np
        >>> import autograd
        >>> from autograd import grad
        >>> autograd.max([1.0, 5.0, 5.0]).item()
        5.0
        >>> grad(autograd.max)(np.array([1.0, 5.0, 5.0])).tolist()
        [0.0, 0.5, 0.5]
    """
    return x.max(axis=axis, keepdims=keepdims)


@structural(latex=r"\min", vjps=(_extremum_vjp,))
def min(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The smallest element. Ties share the gradient equally.

    Example:
        >>> import numpy as np
        >>> import autograd
        >>> from autograd import grad
        >>> autograd.min([1.0, 5.0, 5.0]).item()
        1.0
        >>> grad(autograd.min)(np.array([1.0, 5.0, 5.0])).tolist()
        [1.0, 0.0, 0.0]
    """
    return x.min(axis=axis, keepdims=keepdims)


def _rows(x: Any, axis: Axes) -> tuple[Any, Any]:
    """x with the reduced axes merged into a last one, and the function that undoes this."""
    axes = _axes(x.ndim, axis)
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    moved = x.transpose(order)
    merged = moved.reshape((*moved.shape[: x.ndim - len(axes)], _count(x.shape, axis)))
    return merged, lambda rows: rows.reshape(moved.shape).transpose(tuple(np.argsort(order)))


def _products_before(x: Any) -> Any:
    """The product of the elements before each element in its row."""
    one = np.ones((*x.shape[:-1], 1), x.dtype)
    return cumprod(concatenate((one, x[..., :-1]), axis=-1), axis=-1)


def _product_of_others(x: Any) -> Any:
    """The product of the others in each element's row: no division, so zeros are right."""
    return _products_before(x) * flip(_products_before(flip(x, -1)), -1)


def _prod_vjp(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    if not x.size:
        return x * 0.0
    rows, undo = _rows(x, axis)
    return _spread(g, x.shape, axis) * undo(_product_of_others(rows))


@structural(symbol="Π", latex=r"\prod {0}", vjps=(_prod_vjp,))
def prod(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The product of the elements.

    Example:
        >>> import numpy as np
        >>> from autograd import grad, prod
        >>> prod([2.0, 3.0, 4.0]).item()
        24.0
        >>> grad(prod)(np.array([2.0, 3.0, 4.0])).tolist()
        [12.0, 8.0, 6.0]
    """
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
    """ln of the sum of e**x, without overflow; of nothing -inf, with NumPy's warning.

    Example:
        >>> import numpy as np
        >>> from autograd import grad, logsumexp
        >>> round(float(logsumexp([1000.0, 1000.0])), 4)
        1000.6931
        >>> grad(logsumexp)(np.array([1.0, 2.0])).round(4).tolist()
        [0.2689, 0.7311]
    """
    if x.dtype == object:
        return _logsumexp_of_values(x, axis, keepdims)
    x = as_floats(x)
    largest: Any = 0.0  # to be subtracted
    if _count(x.shape, axis):
        largest = x.max(axis=axis, keepdims=True)
        largest = np.where(np.isfinite(largest), largest, 0)
    total = np.log(np.exp(x - largest).sum(axis=axis, keepdims=True)) + largest
    return total if keepdims else total.reshape(x.sum(axis=axis).shape)


def _logsumexp_of_values(x: Any, axis: Axes, keepdims: bool) -> Any:
    """logsumexp of an array of Values; the largest element, which cancels, is a constant."""
    if not x.ndim:
        return x.copy()
    largest = _finite_constant(x.max(axis=axis, keepdims=True))
    total = np.log(np.exp(x - largest).sum(axis=axis, keepdims=True)) + largest
    return total if keepdims else total.reshape(_reduced(x.shape, axis))[()]


_finite_constant = np.frompyfunc(lambda v: v.detach() if -math.inf < v < math.inf else 0.0, 1, 1)


def _reversed_cumsum(g: Any, out: Any, x: Any, axis: int | None) -> Any:
    if axis is None or not x.ndim:
        return flip(cumsum(flip(g, 0), axis=0), 0).reshape(x.shape)
    return flip(cumsum(flip(g, axis), axis=axis), axis)


@structural(vjps=(_reversed_cumsum,))
def cumsum(x: Any, axis: int | None = None) -> Any:
    """The running sum along the axis; None: of all elements in one row.

    Example:
        >>> import numpy as np
        >>> from autograd import cumsum, grad
        >>> cumsum([1.0, 2.0, 3.0]).tolist()
        [1.0, 3.0, 6.0]
        >>> grad(lambda x: cumsum(x).sum())(np.array([1.0, 2.0, 3.0])).tolist()
        [3.0, 2.0, 1.0]
    """
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
    """The running product along the axis; None: of all elements in one row.

    Example:
        >>> from autograd import cumprod
        >>> cumprod([1.0, 2.0, 3.0]).tolist()
        [1.0, 2.0, 6.0]
    """
    return x.cumprod(axis=axis)


def _length_vjp(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    safe = out + (plain(out) == 0)  # at the origin the gradient is 0, not 0 / 0
    return _spread(g / safe, x.shape, axis) * x


@structural(latex=r"\lVert {0} \rVert", vjps=(_length_vjp,))
def euclidean_norm(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The Euclidean length; at the origin its gradient is 0.

    Example:
        >>> import numpy as np
        >>> from autograd import euclidean_norm, grad
        >>> euclidean_norm(np.array([3.0, 4.0])).item()
        5.0
        >>> grad(euclidean_norm)(np.array([3.0, 4.0])).round(4).tolist()
        [0.6, 0.8]
    """
    if x.dtype == np.float16:  # in which the square of 300 is infinite
        return euclidean_norm.forward(x.astype(np.float32), axis, keepdims).astype(x.dtype)
    x = as_floats(x)
    if x.dtype != object:
        return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))
    total = np.asarray(x * x).sum(axis=axis, keepdims=keepdims)
    return _root(boxed(total))


# A root's derivative at 0 is infinite; that of the length is 0 there, of Values too.
_root = np.frompyfunc(lambda v: sqrt(v) if v else 0.0 * v, 1, 1)


# --- with more of NumPy's options ---------------------------------------------------------------


def _chosen(x: Any, where: Any, other: Any) -> Any:
    """x, with `other` in the places where a mask does not hold; the mask broadcasts to x."""
    if where is None or where is True:
        return x
    return where_else(x, other, _mask(x.shape, where))


def _mask(shape: tuple[int, ...], where: Any) -> Any:
    mask = plain(where)
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(f"where=: needs truth values, but got dtype {mask.dtype}.")
    return np.broadcast_to(mask, shape)


@sum.with_options
def _sum_of_chosen(
    x: Any, axis: Axes = None, keepdims: bool = False, *,
    dtype: Any = None, initial: Any = None, where: Any = None,
) -> Any:  # fmt: skip
    x = _chosen(x if dtype is None else astype(x, dtype), where, False)
    total = sum(x, axis, keepdims)
    return total if initial is None else total + _like(total, initial)


@prod.with_options
def _product_of_chosen(
    x: Any, axis: Axes = None, keepdims: bool = False, *,
    dtype: Any = None, initial: Any = None, where: Any = None,
) -> Any:  # fmt: skip
    x = _chosen(x if dtype is None else astype(x, dtype), where, True)
    product = prod(x, axis, keepdims)
    return product if initial is None else product * _like(product, initial)


def _like(total: Any, initial: Any) -> Any:
    """What a reduction begins with, in the type of its result: float32 stays float32."""
    kind = getattr(initial, "dtype", OBJECT)
    changes = getattr(total, "dtype", OBJECT).kind == "f" and kind not in (OBJECT, total.dtype)
    return astype(initial, total.dtype) if changes else initial


@max.with_options
def _largest_of_chosen(
    x: Any, axis: Axes = None, keepdims: bool = False, *, initial: Any = None, where: Any = None
) -> Any:
    return _extremum_of_chosen(max, maximum, -1, x, axis, keepdims, initial, where)


@min.with_options
def _smallest_of_chosen(
    x: Any, axis: Axes = None, keepdims: bool = False, *, initial: Any = None, where: Any = None
) -> Any:
    return _extremum_of_chosen(min, minimum, 1, x, axis, keepdims, initial, where)


def _extremum_of_chosen(
    op: Any, of_two: Any, sign: int, x: Any, axis: Axes, keepdims: bool, initial: Any, where: Any
) -> Any:
    """`max`, or `min`, of some elements; what is not among them is an infinity on the far side."""
    if initial is None and where is not None and where is not True:
        raise ValueError(f"{op.name}: with where= it needs initial=, the result where none is.")
    if initial is None:
        return op(x, axis, keepdims)
    initial = _like(x, initial)
    if x.dtype.kind in "iu":
        limits = np.iinfo(x.dtype)
        far: float = limits.max if sign > 0 else limits.min
    else:
        far = sign * math.inf
    if not _count(x.shape, axis):
        shape = _kept(x.shape, axis) if keepdims else _reduced(x.shape, axis)
        if isinstance(initial, (float, int)):
            initial = np.asarray(initial, x.dtype)
        return broadcast_to(initial, shape)
    return of_two(op(_chosen(x, where, far), axis, keepdims), initial)


@mean.with_options
def _mean_of_chosen(
    x: Any, axis: Axes = None, keepdims: bool = False, *, dtype: Any = None, where: Any = None
) -> Any:
    x = _in_floats("mean", x, dtype)
    if where is None or where is True:
        return mean(x, axis, keepdims)
    if x.dtype == np.float16:  # in which a sum of many numbers is infinite
        wide = _mean_of_chosen(astype(x, np.float32), axis, keepdims, where=where)
        return astype(wide, np.float16)
    total = sum(_chosen(x, where, False), axis, keepdims)
    return _over(total, _count_where(x.shape, axis, keepdims, where))


@cumsum.with_options
def _running_sum(x: Any, axis: int | None = None, *, dtype: Any = None) -> Any:
    return cumsum(x if dtype is None else astype(x, dtype), axis)


@cumprod.with_options
def _running_product(x: Any, axis: int | None = None, *, dtype: Any = None) -> Any:
    return cumprod(x if dtype is None else astype(x, dtype), axis)


# --- made of other operations -----------------------------------------------------------------


@composition
@called_as("var(x, axis=…, ddof=1), which divides by N - 1")
def var(
    a: Operand, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *,
    dtype: Any = None, where: Any = None, mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """The mean squared distance from the mean, with N - ddof for N (ddof=1 is unbiased).

    Args:
        a: A Tensor, an array, or Values.
        axis: Over which axes; None for all.
        ddof: What is taken off N.
        keepdims: Leave the axes with length 1.
        dtype: The type to compute in.
        where: Truth values that broadcast to a: which elements are meant.
        mean: The mean, if it is known, with the axes kept.
        correction: Another name of ddof.

    Example:
        >>> from autograd import Tensor, var
        >>> var(Tensor([1.0, 3.0])).item(), var(Tensor([1.0, 3.0]), ddof=1).item()
        (1.0, 2.0)
    """
    ddof = _one_of(ddof, correction)
    distance = _chosen(_distance(a, axis, dtype, where, mean), where, False)
    # Not the sum over N: in float16 a sum of many squares is infinite.
    variance = _mean_where(distance * distance, axis, keepdims, where)
    if not ddof:
        return variance
    n = _count_where(a.shape, axis, keepdims, where)
    return _over(variance, np.maximum(n - ddof, 0) / n)


@composition
@called_as("std(x, axis=…, ddof=1), which divides by N - 1")
def std(
    a: Operand, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *,
    dtype: Any = None, where: Any = None, mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """The square root of the variance; where all elements are equal its gradient is 0.

    The arguments are those of `var`.

    Example:
        >>> from autograd import Value, std
        >>> std([Value(1.0), Value(3.0)])
        Value(data=1.0)
    """
    ddof = _one_of(ddof, correction)
    distance = _chosen(_distance(a, axis, dtype, where, mean), where, False)
    length = euclidean_norm(distance, axis=axis, keepdims=keepdims)
    n = _count_where(a.shape, axis, keepdims, where)
    return _over(length, np.sqrt(np.maximum(n - ddof, 0)))


def _one_of(ddof: float, correction: float | None) -> float:
    """What is taken off N, which has two names."""
    if correction is None:
        return ddof
    if ddof:
        raise ValueError(
            "var, std: correction is another name of ddof, so they need one of the two, but got "
            f"ddof={ddof} and correction={correction}."
        )
    return correction


def _distance(a: Any, axis: Axes, dtype: Any, where: Any, center: Any) -> Any:
    """The distance from the mean, which may be given."""
    a = _in_floats("var, std", a, dtype)
    if center is None:
        return a - _mean_where(a, axis, True, where)
    distance = a - center
    if distance.shape != a.shape:
        raise ShapeError(
            f"var, std: need a mean that broadcasts to the shape of the elements, {a.shape}, but "
            f"got shape {shape_of(center)}."
        )
    return distance


def _mean_where(x: Any, axis: Axes, keepdims: bool, where: Any) -> Any:
    everywhere = where is None or where is True
    options = {} if everywhere else {"where": where}
    return mean(x, axis=axis, keepdims=keepdims, **options)


def _in_floats(who: str, x: Any, dtype: Any) -> Any:
    """x in a type; not in whole numbers, in which NumPy would cut off its mean."""
    if dtype is None:
        return x
    if np.dtype(dtype).kind in "bui":
        raise TypeError(f"{who}: needs a dtype of floats, but got {np.dtype(dtype)}. Leave it out.")
    return astype(x, dtype)


def _count_where(shape: tuple[int, ...], axis: Axes, keepdims: bool, where: Any) -> Any:
    """How many elements a reduction puts into one, if only those under a mask count."""
    if where is None or where is True:
        return _count(shape, axis)
    return _mask(shape, where).sum(axis=axis, keepdims=keepdims)


def _over(total: Any, divisor: Any) -> Any:
    """total / divisor in the type of the total, or in float64 where that is of whole numbers."""
    kind = total.dtype if getattr(total, "dtype", None) in _FLOATS else float
    return total / (divisor.astype(kind) if hasattr(divisor, "astype") else divisor)


_FLOATS = (np.float16, np.float32, np.float64)


@composition
def median(a: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The middle element in order; of an even number, the mean of the middle two; nan if one is.

    Example:
        >>> import numpy as np
        >>> from autograd import grad, median
        >>> median([1.0, 5.0, 2.0]).item()
        2.0
        >>> grad(median)(np.array([1.0, 5.0, 2.0])).tolist()
        [0.0, 0.0, 1.0]
    """
    axis = None if axis is None else normalize_axis_tuple(axis, a.ndim, "median")
    rows = sort(_rows(a, axis)[0])
    n = rows.shape[-1]
    middle = mean(rows[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    if n:  # a nan has come last
        middle = where(np.isnan(numbers(rows[..., -1])), rows[..., -1], middle)
    return middle.reshape(_kept(a.shape, axis)) if keepdims else middle


@composition
def any(a: Operand, axis: Axes = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether some element is not zero; a plain array.

    Example:
        >>> import autograd
        >>> bool(autograd.any([0.0, 2.0]))
        True
    """
    return np.any(numbers(a), axis=axis, keepdims=keepdims, where=plain(where))


@composition
def all(a: Operand, axis: Axes = None, keepdims: bool = False, *, where: Any = True) -> Any:
    """Whether no element is zero; a plain array.

    Example:
        >>> import autograd
        >>> bool(autograd.all([0.0, 2.0]))
        False
    """
    return np.all(numbers(a), axis=axis, keepdims=keepdims, where=plain(where))


@composition
def argmax(a: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest element; a plain array of ints.

    Example:
        >>> from autograd import argmax
        >>> int(argmax([1.0, 5.0, 2.0]))
        1
    """
    return np.argmax(numbers(a), axis=axis, keepdims=keepdims)


@composition
def argmin(a: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest element; a plain array of ints.

    Example:
        >>> from autograd import argmin
        >>> int(argmin([1.0, 5.0, 2.0]))
        0
    """
    return np.argmin(numbers(a), axis=axis, keepdims=keepdims)


@composition
def count_nonzero(a: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """How many elements are not zero; a plain array of ints.

    Example:
        >>> from autograd import count_nonzero
        >>> int(count_nonzero([0.0, 5.0, 2.0]))
        2
    """
    return np.count_nonzero(numbers(a), axis=axis, keepdims=keepdims)
