"""The rulebook: elements that are chosen by where they stand, and put back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd.declarations import structural
from autograd.errors import ShapeError
from autograd.modes import active
from autograd.node import Parts
from autograd.op import RULEBOOK, Operand, call, composition, numbers, plain, shape_of, unbroadcast
from autograd.rules.shapes import astype, moveaxis


@structural(
    symbol="[ ]",
    latex="{0}[i]",
    vjps=(lambda g, out, x, index: RULEBOOK["scatter"](g, index, x.shape),),
    examples=[
        call((3,), index=-1),
        call((3,), index=slice(None, None, -2)),
        call((3,), index=np.array([0, 2, 0, 0])),
        call((3,), index=[1, 1]),
        call((3,), index=slice(0, 0)),
        call((2, 3), index=(..., None, 2)),
        call((2, 3), index=(np.array([0, 1, 1]), np.array([2, 0, 0]))),
        call((2, 3), index=np.eye(2, 3, dtype=bool)),
        call((), index=()),
    ],
)
def getitem(x: Any, index: Any) -> Any:
    """x[index]; an element taken several times gets the sum of its gradients.

    Example:
        >>> import numpy as np
        >>> from autograd import getitem, grad
        >>> getitem(np.array([1.0, 2.0, 3.0]), [0, 0, 2]).tolist()
        [1.0, 1.0, 3.0]
        >>> grad(lambda x: x[[0, 0, 2]].sum())(np.array([1.0, 2.0, 3.0])).tolist()
        [2.0, 0.0, 1.0]
    """
    return elements(x, plain(index))


getitem.contribution = lambda i, out_grad, out, inputs, params: Parts(
    out_grad, params["index"], inputs[i].shape
)


def elements(array: Any, index: Any) -> Any:
    """`array[index]`, where the array, or an array in the index, may have its own way."""
    if active():
        for x in (array, *(index if isinstance(index, tuple) else (index,))):
            if hasattr(x, "taken_from"):
                return x.taken_from(array, index)
    return array[index]


@structural(
    vjps=lambda i, g, out, parts, indices, shape: g[indices[i]],
    examples=[
        call((), indices=[1], shape=(3,)),
        call((2,), (4,), indices=[slice(None, None, 2), np.array([0, 2, 0, 0])], shape=(3,)),
        call((2, 3), (2,), (), indices=[(), (slice(None), 0), (1, 0)], shape=(2, 3)),
    ],
)
def scatter_add(parts: Any, indices: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with each part added at its index: the reverse of several `getitem`s.

    Example:
        >>> import numpy as np
        >>> from autograd import scatter_add
        >>> parts = [np.array([1.0, 2.0]), np.array([5.0])]
        >>> scatter_add(parts, shape=(3,), indices=[[0, 0], [2]]).tolist()
        [3.0, 0.0, 5.0]
    """
    first, dtypes = parts[0], {part.dtype for part in parts}
    if len(dtypes) > 1:
        first = first.astype(np.result_type(*dtypes))
    out = np.zeros_like(first, shape=shape)
    for k, (part, index) in enumerate(zip(parts, indices, strict=True)):
        _add_at(out, index, part, first=not k)
    return out


def _add_at(out: Any, index: Any, x: Any, first: bool) -> None:
    pieces = index if isinstance(index, tuple) else (index,)
    if all(isinstance(piece, _BASIC) for piece in pieces):
        out[index] = x if first else out[index] + x  # not 0.0 + -0.0
    elif out.dtype == np.float16:  # in which a sum of ones ends at 2048
        total = np.zeros_like(out, dtype=np.float32)
        _add_at(total, index, x.astype(np.float32), first)
        out += total.astype(np.float16)
    else:  # whatever it is, an element may be taken several times
        np.add.at(out, _places_in(out, index), x)


@structural(
    vjps=(lambda g, out, x, index, shape: g[index],),
    examples=[
        call((), index=1, shape=(3,)),
        call((2,), index=slice(None, None, 2), shape=(3,)),
        call((4,), index=np.array([0, 2, 0, 0]), shape=(3,)),
        call((2,), index=(slice(None), 0), shape=(2, 3)),
    ],
)
def scatter(x: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with x added at `index`: the reverse of `getitem`.

    Example:
        >>> import numpy as np
        >>> from autograd import scatter
        >>> scatter(np.array([1.0, 2.0, 5.0]), shape=(3,), index=[0, 0, 2]).tolist()
        [3.0, 0.0, 5.0]
    """
    return scatter_add.compute((x,), {"indices": (index,), "shape": shape})


_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))
"""The parts of an index that take every element at most once; all others are made of places."""


def _places_in(array: Any, index: Any) -> Any:
    """An index for `np.add.at`, which takes no arrays of other libraries beside NumPy's own."""
    if isinstance(index, tuple):
        return tuple(_places_in(array, part) for part in index)
    index = plain(index)
    if type(array) is np.ndarray and hasattr(index, "__array_function__"):
        return np.asarray(index)
    return index


@structural(
    vjps=(
        # False is the zero of every dtype: 0.0 would make float64 of an array of float32.
        lambda g, out, x, y, condition: unbroadcast(_chosen(g, False, condition), shape_of(x)),
        lambda g, out, x, y, condition: unbroadcast(_chosen(False, g, condition), shape_of(y)),
    ),
    symbol="where",
    latex=r"\operatorname{where}",
    examples=[
        call((3,), (3,), condition=np.array([True, False, True])),
        call((2, 1), (3,), condition=np.eye(2, 3, dtype=bool)),
        call((), (2, 3), condition=np.array(True)),
    ],
)
def where_else(x: Any, y: Any, condition: Any) -> Any:
    """x where `condition` holds, y elsewhere (`where` with the operands first).

    Example:
        >>> import numpy as np
        >>> from autograd import where_else
        >>> where_else(np.array([1.0, 2.0]), np.array([3.0, 4.0]), [True, False]).tolist()
        [1.0, 4.0]
    """
    return np.where(condition, x, y)


def _chosen(x: Any, y: Any, condition: Any) -> Any:
    return RULEBOOK["where_else"](x, y, condition)


# --- made of other operations ---------------------------------------------------------------------


@composition
def repeat(a: Operand, repeats: Any, axis: int | None = None) -> Any:
    """Every element (or slice along the axis) several times in a row.

    Example:
        >>> from autograd import repeat
        >>> repeat([1.0, 2.0], 2).tolist()
        [1.0, 1.0, 2.0, 2.0]
    """
    if axis is None:
        a, axis = a.reshape(-1), 0
    axis = normalize_axis_index(axis, a.ndim, "repeat")
    times = _places("repeat", repeats, "bui")
    if not isinstance(times, int):  # where intp has 32 bits NumPy takes no int64
        times = times.astype(np.intp)
    return take(a, np.repeat(np.arange(a.shape[axis]), times), axis)


@composition
def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements (or slices along the axis) at these places; the gradient of repeats adds up.

    Of a list of Values, or of lists of them, it takes the list's elements, `a[i]`, and gives one of
    them or a list of them; this is how a compiled function is told that `i` is data.

    Example:
        >>> from autograd import Value, take
        >>> table = [[Value(0.1), Value(0.2)], [Value(0.3), Value(0.4)]]
        >>> take(table, 1)
        [Value(data=0.3), Value(data=0.4)]
    """
    if isinstance(a, (list, tuple)):
        a = np.asarray(a)
        if a.dtype == object and not all(getattr(x, "_is_float", True) for x in a.flat):
            return _taken_from_list(a, indices)
    if axis is None:
        a, axis = a.reshape(-1), 0
    place = (slice(None),) * normalize_axis_index(axis, a.ndim, "take")
    return elements(a, (*place, _places("take", indices)))


def _places(who: str, indices: Any, kinds: str = "ui") -> Any:
    """Whole numbers as an index: of a tuple an array, as it is no index of several axes.

    Raises:
        TypeError: they are no whole numbers.
    """
    if isinstance(indices, int) and not isinstance(indices, bool):
        return indices
    indices = plain(indices)
    if not hasattr(indices, "__array_function__"):
        indices = np.asarray(indices) if np.size(indices) else np.zeros(np.shape(indices), int)
    if indices.dtype.kind not in kinds:
        advice = " What a mask chooses is x[mask]." if indices.dtype.kind == "b" else ""
        raise TypeError(
            f"{who}: needs whole numbers as indices, but got dtype {indices.dtype}.{advice}"
        )
    return indices


def _taken_from_list(array: Any, indices: Any) -> Any:
    chosen = elements(array, _places("take", indices))
    return chosen.tolist() if isinstance(chosen, np.ndarray) else chosen


@composition
def take_along_axis(arr: Operand, indices: Any, axis: int | None = -1) -> Any:
    """For every place of `indices`, the element of the same row at that place of the axis.

    Raises:
        ShapeError: the indices have another number of axes than the array.
        TypeError: they are no whole numbers.

    Example:
        >>> from autograd import take_along_axis
        >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]]).tolist()
        [[2.0], [3.0]]
    """
    indices = _places("take_along_axis", indices)
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    axis = normalize_axis_index(axis, arr.ndim, "take_along_axis")
    if indices.ndim != arr.ndim:
        raise ShapeError(
            f"take_along_axis: needs indices with as many axes as the array, {arr.ndim}, but got "
            f"shape {indices.shape}."
        )
    places = [
        np.arange(n).reshape((1,) * i + (-1,) + (1,) * (arr.ndim - i - 1))
        for i, n in enumerate(arr.shape)
    ]
    places[axis] = indices
    return arr[tuple(places)]


@composition
def sort(a: Operand, axis: int | None = -1) -> Any:
    """The elements in rising order along the axis.

    Example:
        >>> import numpy as np
        >>> from autograd import grad, sort
        >>> sort([3.0, 1.0, 2.0]).tolist()
        [1.0, 2.0, 3.0]
        >>> grad(lambda x: sort(x)[0])(np.array([3.0, 1.0, 2.0])).tolist()
        [0.0, 1.0, 0.0]
    """
    if axis is None:
        a, axis = a.reshape(-1), -1
    return take_along_axis(a, np.argsort(numbers(a), axis=axis, kind="stable"), axis)


@composition
def diagonal(a: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose places on the two axes differ by `offset`, as the last axis.

    Example:
        >>> from autograd import diagonal
        >>> diagonal([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [1.0, 4.0]
    """
    a = moveaxis(a, (axis1, axis2), (-2, -1))
    n, m = a.shape[-2:]
    length = max(0, min(n, m - offset) if offset >= 0 else min(n + offset, m))
    i = np.arange(length)
    return a[..., i + max(0, -offset), i + max(0, offset)]


@composition
def diag(v: Operand, k: int = 0) -> Any:
    """A matrix with v on its k-th diagonal; of a matrix, its k-th diagonal.

    Raises:
        ShapeError: v is neither a vector nor a matrix.

    Example:
        >>> from autograd import diag
        >>> diag([1.0, 2.0]).tolist(), diag([[1.0, 2.0], [3.0, 4.0]]).tolist()
        ([[1.0, 0.0], [0.0, 2.0]], [1.0, 4.0])
    """
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(f"diag: needs a vector or a matrix, but got shape {v.shape}.")
    n = v.shape[0] + abs(k)
    i = np.arange(v.shape[0])
    return RULEBOOK["scatter"](v, (i + max(0, -k), i + max(0, k)), (n, n))


@composition
def trace(a: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1, *, dtype: Any = None) -> Any:
    """The sum of the diagonal.

    Example:
        >>> from autograd import trace
        >>> trace([[1.0, 2.0], [3.0, 4.0]]).item()
        5.0
    """
    of = a if dtype is None else astype(a, dtype)
    return diagonal(of, offset, axis1, axis2).sum(axis=-1)


@composition
def tril(m: Operand, k: int = 0) -> Any:
    """The lower triangle: zero above the k-th diagonal.

    Example:
        >>> from autograd import tril
        >>> tril([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [[1.0, 0.0], [3.0, 4.0]]
    """
    return RULEBOOK["where_else"](m, False, _lower(m.shape, k))


@composition
def triu(m: Operand, k: int = 0) -> Any:
    """The upper triangle: zero below the k-th diagonal.

    Example:
        >>> from autograd import triu
        >>> triu([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [[1.0, 2.0], [0.0, 4.0]]
    """
    return RULEBOOK["where_else"](False, m, _lower(m.shape, k - 1))


def _lower(shape: tuple[int, ...], k: int) -> Any:
    """Where the triangle up to the k-th diagonal is; a vector is every row of a square matrix."""
    if not shape:
        raise ShapeError("tril, triu: need a matrix, but got shape ().")
    return np.tri(shape[-2:][0], shape[-1], k, dtype=bool)
