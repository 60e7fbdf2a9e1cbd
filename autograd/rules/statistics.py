"""The rulebook: averages, ranges, and what counts no nan. All are compositions."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from autograd.errors import ShapeError
from autograd.op import OBJECT, Operand, composition, numbers, shape_of
from autograd.rules.choices import where
from autograd.rules.reductions import cumsum, max, mean, min, prod, std, sum, var
from autograd.rules.shapes import Axes, astype, broadcast_to


@composition
def ptp(a: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The range of the elements, the largest less the smallest. Ties share the gradient equally.

    Example:
        >>> from autograd import Tensor, ptp
        >>> ptp(Tensor([4.0, 9.0, 2.0])).item()
        7.0
    """
    return max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)


@composition
def average(
    a: Operand,
    axis: Axes = None,
    weights: Operand = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    """The weighted mean, the sum of weight times element over the sum of the weights.

    Args:
        a: A Tensor or array.
        axis: Over which axes; None for all.
        weights: As many as elements, or as there are along the axes; None for equal ones.
        returned: Whether to give the pair (average, sum of the weights).
        keepdims: Leave the axes with length 1.
    Raises:
        ShapeError: the weights do not fit.
        ZeroDivisionError: the weights add up to 0.

    Example:
        >>> from autograd import Tensor, average
        >>> average(Tensor([1.0, 5.0]), weights=[3.0, 1.0]).item()
        2.0
    """
    axes = None if axis is None else normalize_axis_tuple(axis, a.ndim, "average")
    if weights is None:
        found = mean(a, axis=axes, keepdims=keepdims)
        count = a.size / (np.size(numbers(found)) or 1)
        total: Any = np.asarray(count, getattr(found, "dtype", float))
    else:
        a, weights = _in_one_type(a, _fitting(a, axes, weights))
        total = sum(weights, axis=axes, keepdims=keepdims)
        if np.any(numbers(total) == 0):
            raise ZeroDivisionError("average: the weights add up to 0.")
        found = sum(a * weights, axis=axes, keepdims=keepdims) / total
    return (found, broadcast_to(total, shape_of(found))) if returned else found


def _in_one_type(a: Any, weights: Any) -> tuple[Any, Any]:
    """Both in the type of NumPy's average: that of the two together, float64 of whole numbers."""
    dtypes = [a.dtype, weights.dtype]
    if OBJECT in dtypes:
        return a, weights
    dtype = np.result_type(*dtypes, *([float] if a.dtype.kind in "biu" else []))
    return tuple([x if x.dtype == dtype else astype(x, dtype) for x in (a, weights)])


def _fitting(a: Any, axes: tuple[int, ...] | None, weights: Any) -> Any:
    """Weights that are given for some axes, in a shape that broadcasts with a."""
    if weights.shape == a.shape:
        return weights
    lengths = () if axes is None else tuple(a.shape[i] for i in axes)
    if axes is None or weights.shape != lengths:
        needed = "as no axis is given" if axes is None else f"or {lengths}"
        raise ShapeError(
            f"average: needs weights of shape {a.shape}, {needed}, but got {weights.shape}."
        )
    order = tuple(np.argsort(axes).tolist())
    shape = tuple(n if i in axes else 1 for i, n in enumerate(a.shape))
    return weights.transpose(order).reshape(shape)


# --- without nan ------------------------------------------------------------------------------


def _is_nan(a: Any) -> Any:
    return np.isnan(numbers(a))


def _with(a: Any, other: float) -> Any:
    """a with another number in the place of every nan; whole numbers stay what they are."""
    return a if getattr(a, "dtype", OBJECT).kind in "biu" else where(_is_nan(a), other, a)


def _chosen(a: Any, mask: Any) -> Any:
    """A mask of the elements that are neither masked out nor nan; None as a mask is everywhere."""
    if mask is None:
        return ~_is_nan(a)
    return ~_is_nan(a) & (mask if hasattr(mask, "dtype") else np.asarray(mask))


def _given(**options: Any) -> dict[str, Any]:
    return {name: x for name, x in options.items() if x is not None}


@composition
def nansum(
    a: Operand, axis: Axes = None, keepdims: bool = False, *,
    dtype: Any = None, initial: Any = None, where: Any = None,
) -> Any:  # fmt: skip
    """The sum of the elements that are not nan; the options are those of `sum`.

    Example:
        >>> from autograd import Tensor, nansum
        >>> nansum(Tensor([1.0, float("nan"), 2.0])).item()
        3.0
    """
    given = _given(dtype=dtype, initial=initial, where=where)
    return sum(_with(a, 0.0), axis=axis, keepdims=keepdims, **given)


@composition
def nanprod(
    a: Operand, axis: Axes = None, keepdims: bool = False, *,
    dtype: Any = None, initial: Any = None, where: Any = None,
) -> Any:  # fmt: skip
    """The product of the elements that are not nan; the options are those of `prod`.

    Example:
        >>> from autograd import Tensor, nanprod
        >>> nanprod(Tensor([3.0, float("nan"), 2.0])).item()
        6.0
    """
    given = _given(dtype=dtype, initial=initial, where=where)
    return prod(_with(a, 1.0), axis=axis, keepdims=keepdims, **given)


@composition
def nancumsum(a: Operand, axis: int | None = None) -> Any:
    """The running sum along the axis, a nan counting as 0.

    Example:
        >>> from autograd import Tensor, nancumsum
        >>> nancumsum(Tensor([1.0, float("nan"), 2.0]))
        Tensor([1., 1., 3.])
    """
    return cumsum(_with(a, 0.0), axis=axis)


@composition
def nanmean(
    a: Operand, axis: Axes = None, keepdims: bool = False, *,
    dtype: Any = None, where: Any = None,
) -> Any:  # fmt: skip
    """The mean of the elements that are not nan; the options are those of `mean`.

    Example:
        >>> from autograd import Tensor, nanmean
        >>> nanmean(Tensor([1.0, float("nan"), 2.0])).item()
        1.5
    """
    return mean(a, axis=axis, keepdims=keepdims, dtype=dtype, where=_chosen(a, where))


@composition
def nanvar(
    a: Operand, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *,
    dtype: Any = None, where: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """The variance of the elements that are not nan; the arguments are those of `var`.

    Example:
        >>> from autograd import Tensor, nanvar
        >>> nanvar(Tensor([1.0, float("nan"), 3.0])).item()
        1.0
    """
    options = {"dtype": dtype, "where": _chosen(a, where), "correction": correction}
    return _of_enough(var, a, axis, ddof, keepdims, options)


@composition
def nanstd(
    a: Operand, axis: Axes = None, ddof: float = 0, keepdims: bool = False, *,
    dtype: Any = None, where: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    """The standard deviation of the elements that are not nan; the arguments are those of `std`.

    Example:
        >>> from autograd import Tensor, nanstd
        >>> nanstd(Tensor([1.0, float("nan"), 3.0])).item()
        1.0
    """
    options = {"dtype": dtype, "where": _chosen(a, where), "correction": correction}
    return _of_enough(std, a, axis, ddof, keepdims, options)


def _of_enough(
    spread: Any, a: Any, axis: Axes, ddof: float, keepdims: bool, options: dict[str, Any]
) -> Any:
    """`var` or `std`; as in NumPy nan, not infinity, where there are only ddof elements."""
    found = spread(a, axis=axis, ddof=ddof, keepdims=keepdims, **options)
    correction = options["correction"]
    count = options["where"].sum(axis=axis, keepdims=keepdims)
    too_few = count <= (ddof if correction is None else correction)
    return where(too_few, math.nan, found) if np.any(too_few) else found


@composition
def nanmax(
    a: Operand, axis: Axes = None, keepdims: bool = False, *,
    initial: Any = None, where: Any = None,
) -> Any:  # fmt: skip
    """The largest of the elements that are not nan; nan, with NumPy's warning, where all are.

    Example:
        >>> from autograd import Tensor, nanmax
        >>> nanmax(Tensor([1.0, float("nan"), 2.0])).item()
        2.0
    """
    return _extremum(max, -math.inf, a, axis, keepdims, _given(initial=initial, where=where))


@composition
def nanmin(
    a: Operand, axis: Axes = None, keepdims: bool = False, *,
    initial: Any = None, where: Any = None,
) -> Any:  # fmt: skip
    """The smallest of the elements that are not nan; nan, with NumPy's warning, where all are.

    Example:
        >>> from autograd import Tensor, nanmin
        >>> nanmin(Tensor([1.0, float("nan"), 2.0])).item()
        1.0
    """
    return _extremum(min, math.inf, a, axis, keepdims, _given(initial=initial, where=where))


def _extremum(
    op: Any, other: float, a: Any, axis: Axes, keepdims: bool, options: dict[str, Any]
) -> Any:
    missing = _is_nan(a)
    found = op(_with(a, other), axis=axis, keepdims=keepdims, **options)
    nowhere = np.all(missing, axis=axis, keepdims=keepdims)
    if options or not np.any(nowhere):
        return found
    warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=4)
    return where(nowhere, math.nan, found)
