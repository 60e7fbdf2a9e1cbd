"""Calls: one NumPy call with its arrays filled in, written so that it begins soonest.

The arrays of a small network are so small that a call takes longer to begin than to compute. For
five neurons, `matmul(W, x, out=t0)` becomes `dot(W, x, t0)`: the same product by the same routine
of BLAS, without the look at stacks of matrices that `matmul` takes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from autograd.arrays import Array

Call = partial[Any]
"""A function with all its arguments."""

DOT = np.ndarray.dot
"""`np.dot` but for the question whose arrays these are, which takes a third of a small product."""

_PARTS = {np.maximum.reduce: np.maximum.reduceat, np.minimum.reduce: np.minimum.reduceat}
"""NumPy goes from one part of a row to the next in half the time that it takes along an axis."""
_SUMS = {np.add.reduce, *_PARTS}
_EXTREMA = {np.maximum, np.minimum}
_SMALL = 1 << 14  # elements
_FEW = 1 << 8
"""So many float32 numbers of a row BLAS adds as well as NumPy, but for some 1e-6; NumPy adds more
of them in pairs, whose error does not grow. Down columns both add one by one."""


def call_into(
    target: Array, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Call:
    """A call that does what `function(*args, out=target, **options)` does.

    Example:
        >>> rows, total = np.array([[1.0, 2.0], [3.0, 4.0]]), np.empty(2)
        >>> call = call_into(total, np.add.reduce, (rows,), {"axis": 0})
        >>> call().tolist()
        [4.0, 6.0]
    """
    if function is np.matmul and not options:
        return _product(target, *args)
    if function in _SUMS and options.keys() <= {"axis", "dtype", "keepdims"}:
        return _reduction(target, function, *args, **options)
    if hasattr(function, "on"):  # many calls, which are to be written down for these arrays
        made: Call = function.on(*args, target)
        return made
    if not isinstance(function, np.ufunc):
        return partial(function, *args, out=target, **options)
    if function in _EXTREMA and isinstance(args[1], (int, float)) and target.size < _SMALL:
        # NumPy's loop over two arrays is three times as fast as that over an array and a number.
        args = args[0], np.full(target.shape, args[1], target.dtype)
    args = tuple(map(_single, boxed(args)))
    if function in _EXTREMA or options:
        return partial(function, *args, out=target, **options)
    # What is given by place is read faster than what is given by name.
    return partial(function, *args, target)


def begun_soonest(call: Call) -> Call:
    """A copy as an assignment, which NumPy begins in half the time of a ufunc; others as they are.

    Example:
        >>> x, out = np.array([[1.0, 2.0]]), np.empty((1, 2))
        >>> begun_soonest(partial(np.positive, x, out))()
        >>> out.tolist()
        [[1.0, 2.0]]
    """
    if getattr(call, "func", None) is np.positive and len(call.args) == 2 and not call.keywords:
        x, out = call.args
        if isinstance(x, np.ndarray) and x.dtype == out.dtype:
            return partial(out.__setitem__, ..., x)
    return call


def _product(target: Array, left: Array, right: Array) -> Call:
    if right.ndim == left.ndim == 2 and right.shape[1] == 1:  # seen so by whoever else uses it
        right, target = right[:, 0], target[:, 0]
    if _suit_dot(left, right, target):
        return partial(DOT, left, right, target)
    if _suit_dot(right.T, left.T, target.T):
        return partial(DOT, right.T, left.T, target.T)
    if min(left.ndim, right.ndim) > 1 and left.shape[-1] == 1:  # every number by every number
        return partial(np.multiply, left, right, target)
    return partial(np.matmul, left, right, target)


def _reduction(
    target: Array,
    function: Callable[..., Any],
    x: Array,
    axis: int | tuple[int, ...] | None = 0,
    dtype: Any = None,
    keepdims: bool = False,
) -> Call:
    axes: Iterable[int] = axis if isinstance(axis, tuple) else range(x.ndim)
    # An axis may be one of NumPy's integers, too; and of a number NumPy takes an axis -1.
    if axis is not None and not isinstance(axis, tuple) and x.ndim:
        axes = (axis,)
    gone = sorted(i % x.ndim for i in axes)
    count = math.prod(x.shape[i] for i in gone)
    at_end, at_begin = (gone == [*range(i, i + len(gone))] for i in (x.ndim - len(gone), 0))
    seen = x.flags.c_contiguous or (x.ndim == 2 and len(gone) == 1)  # as a matrix, not copied
    if (at_end or at_begin) and seen and target.flags.c_contiguous and 0 < count <= _SMALL:
        rows, flat = x.reshape((-1, count) if at_end else (count, -1)), target.reshape(-1)
        in_pairs = rows.strides[int(at_end)] == 4 and count > _FEW  # by NumPy, with less rounding
        if function == np.add.reduce and len(gone) < x.ndim and not in_pairs:  # as it adds all
            ones = np.ones(count, x.dtype)
            left, right = (rows, ones) if at_end else (ones, rows)
            if _suit_dot(left, right, flat):
                return partial(DOT, left, right, flat)
        elif function in _PARTS and at_end and x.flags.c_contiguous:
            starts = np.arange(0, x.size, count)
            return partial(_PARTS[function], rows.reshape(-1), starts, 0, dtype, flat)
    return partial(function, x, axis, dtype, target, keepdims)


def _suit_dot(left: Array, right: Array, target: Array) -> bool:
    """Whether BLAS takes these arrays as they are."""
    return bool(
        max(left.ndim, right.ndim) <= 2
        and min(left.size, right.size) != 1  # it makes 0 of 0 by infinite numbers
        and left.dtype == right.dtype == target.dtype
        and target.dtype.char in "df"
        and target.flags.c_contiguous
    )


def _single(x: float | Array) -> float | Array:
    """An array that shows one number everywhere as that number."""
    if isinstance(x, np.ndarray) and x.ndim and x.size and not any(x.strides):
        return x[(0,) * x.ndim + (...,)]
    return x


def boxed(args: tuple[float | Array, ...]) -> tuple[Any, ...]:
    """Python numbers as arrays of the type that NumPy would give them in this call, every time."""
    kinds = [x.dtype for x in args if isinstance(x, np.ndarray)]
    if len(kinds) in (0, len(args)):
        return args
    kind = np.result_type(*kinds)
    if kind.kind != "f":
        return args

    def one(x: float | Array) -> Any:
        if not isinstance(x, (int, float)):
            return x
        return np.asarray(x, x.dtype if isinstance(x, np.generic) else kind)  # NumPy's keep theirs

    return tuple(map(one, args))
