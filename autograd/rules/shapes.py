"""The rulebook: the places of numbers. Elements are moved, repeated, chosen; none is computed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autograd.declarations import structural
from autograd.errors import ShapeError
from autograd.modes import active
from autograd.node import Parts
from autograd.op import RULEBOOK, Operand, call, composition, numbers, plain, shape_of, unbroadcast
from autograd.spellings import called_as

Axes = int | tuple[int, ...] | None


@structural(
    vjps=(lambda g, out, x, shape: g.reshape(x.shape),),
    examples=[
        call((2, 3), shape=(3, 2)),
        call((2, 3), shape=-1),
        call((2, 3), shape=(1, -1, 2)),
        call((), shape=(1, 1)),
        call((1,), shape=()),
        call((0,), shape=(0, 4)),
    ],
)
def reshape(x: Any, shape: int | tuple[int, ...]) -> Any:
    """The same elements in another shape; one entry of `shape` may be -1.

    Example:
        >>> from autograd import reshape
        >>> reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    return x.reshape(shape)


def _transposed_back(g: Any, axes: Sequence[int] | None) -> Any:
    """What `transpose` with `axes` made in the order that it was."""
    if axes is None:
        return g.T
    return g.transpose(tuple(np.argsort([axis % g.ndim for axis in axes]).tolist()))


@structural(
    symbol="ᵀ",
    latex="{0}^T",
    vjps=(lambda g, out, x, axes: _transposed_back(g, axes),),
    examples=[
        call((2, 3)),
        call(()),
        call((2, 3, 4), axes=(1, 2, 0)),
        call((2, 3, 4), axes=(-1, 0, 1)),
    ],
)
def transpose(x: Any, axes: tuple[int, ...] | None = None) -> Any:
    """The axes in the order `axes`, or reversed.

    Example:
        >>> import numpy as np
        >>> from autograd import transpose
        >>> transpose([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
        >>> transpose(np.zeros((2, 3, 4)), (1, 0, 2)).shape
        (3, 2, 4)
    """
    try:
        return x.T if axes is None else x.transpose(axes)
    except ValueError as err:
        if axes is None or len(axes) != 2:
            raise
        raise ValueError(f"{err}; two axes are exchanged by swapaxes{tuple(axes)}") from err


@structural(
    vjps=(lambda g, out, x, shape: unbroadcast(g, x.shape),),
    examples=[
        call((), shape=(2, 3)),
        call((1, 3), shape=(2, 3)),
        call((2, 1), shape=(4, 2, 3)),
        call((1,), shape=(0,)),
        call((3,), shape=(3,)),
    ],
)
def broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    """x repeated to `shape` by NumPy's broadcasting.

    Example:
        >>> import numpy as np
        >>> from autograd import broadcast_to, grad
        >>> broadcast_to([1.0, 2.0], (2, 2)).tolist()
        [[1.0, 2.0], [1.0, 2.0]]
        >>> grad(lambda x: broadcast_to(x, (3, 2)).sum())(np.array([1.0, 2.0])).tolist()
        [3.0, 3.0]
    """
    if not isinstance(x, (np.ndarray, np.generic)):
        return np.broadcast_to(x, shape)
    out = np.empty(shape, x.dtype)  # a sixth of the time of NumPy's view, for small arrays
    if x.ndim > out.ndim:
        raise ValueError("a shape with fewer axes")  # an assignment would drop them
    out[...] = x
    return out


@structural(
    vjps=(lambda g, out, x, dtype: g.astype(x.dtype),),
    examples=[call((2, 3), dtype=np.float64), call((), dtype=np.float64)],
)
def astype(x: Any, dtype: Any) -> Any:
    """The same numbers as another floating-point type; the gradient has the type of x.

    Example:
        >>> import numpy as np
        >>> from autograd import astype, grad
        >>> astype(np.array([0.5]), "float32").dtype
        dtype('float32')
        >>> grad(lambda x: astype(x, "float32").sum())(np.array([0.5])).dtype
        dtype('float64')
    """
    if x.dtype == object:  # Values are float64, and its floats would forget how they were computed
        if np.dtype(dtype) != np.float64:
            raise TypeError(f"astype: needs Tensors, but got an array of Values for {dtype!r}.")
        return x.copy()
    out = x.astype(dtype)
    if out.dtype.kind not in "biuf":
        raise TypeError(f"astype: needs a type of real numbers, but got {out.dtype}.")
    return out


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
    out = np.zeros_like(parts[0], shape=shape)
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
        lambda g, out, x, y, condition: unbroadcast(_masked(g, condition), shape_of(x)),
        lambda g, out, x, y, condition: unbroadcast(_masked(g, ~condition), shape_of(y)),
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


def _masked(g: Any, condition: Any) -> Any:
    return RULEBOOK["where_else"](g, 0.0, condition)


def _concatenate_vjp(i: int, g: Any, out: Any, arrays: Any, axis: int | None) -> Any:
    if axis is None:
        sizes = [a.size for a in arrays]
        return g[sum(sizes[:i]) : sum(sizes[: i + 1])].reshape(arrays[i].shape)
    start = sum(a.shape[axis] for a in arrays[:i])
    place = (slice(None),) * (axis % out.ndim)
    return g[(*place, slice(start, start + arrays[i].shape[axis]))]


@structural(
    vjps=_concatenate_vjp,
    examples=[
        call((3,), (1,), (0,)),
        call((2, 3), (1, 3)),
        call((2, 3), (2, 1), axis=-1),
        call((2, 3), (1,), axis=None),
    ],
)
def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    """Arrays joined along an axis that they have; None joins their elements in one row.

    Example:
        >>> import numpy as np
        >>> from autograd import concatenate
        >>> concatenate([[1.0, 2.0], [3.0]]).tolist()
        [1.0, 2.0, 3.0]
        >>> concatenate([np.ones((1, 2)), np.zeros((1, 2))], axis=1).tolist()
        [[1.0, 1.0, 0.0, 0.0]]
    """
    return np.concatenate(arrays, axis=axis)


@structural(
    vjps=lambda i, g, out, arrays, axis: g[(*(slice(None),) * (axis % out.ndim), i)],
    examples=[call((), ()), call((2, 3), (2, 3), (2, 3), axis=-1), call((2, 3), axis=1)],
)
def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    Example:
        >>> from autograd import stack
        >>> stack([[1.0, 2.0], [3.0, 4.0]], axis=1).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
    """
    return np.stack(arrays, axis=axis)


@structural(
    vjps=(lambda g, out, x, widths, constant_values: g[_inside(x.shape, widths)],),
    examples=[
        call((3,), widths=[[1, 2]], constant_values=7.0),
        call((2, 3), widths=[[0, 0], [1, 0]], constant_values=0.0),
    ],
)
def surround(x: Any, widths: Any, constant_values: float) -> Any:
    """x surrounded by a constant.

    Example:
        >>> import numpy as np
        >>> from autograd import surround
        >>> surround(np.array([1.0, 2.0]), ((1, 2),), 0.5).tolist()
        [0.5, 1.0, 2.0, 0.5, 0.5]
    """
    return np.pad(x, widths, constant_values=constant_values)


def _inside(shape: tuple[int, ...], widths: Any) -> tuple[slice, ...]:
    return tuple(slice(w[0], w[0] + n) for n, w in zip(shape, widths, strict=True))


@structural(
    vjps=(lambda g, out, a, shift, axis: RULEBOOK["roll"](g, -np.asarray(shift), axis),),
    examples=[
        call((3,), shift=1),
        call((2, 3), shift=-1),
        call((2, 3), shift=2, axis=1),
        call((2, 3), shift=(1, 2), axis=(0, 1)),
    ],
)
def roll(a: Any, shift: Any, axis: Axes = None) -> Any:
    """The elements moved by `shift` places along the axis, those that fall off coming in again.

    Example:
        >>> from autograd import roll
        >>> roll([1.0, 2.0, 3.0], 1).tolist()
        [3.0, 1.0, 2.0]
    """
    return np.roll(a, shift, axis)


# --- made of other operations -----------------------------------------------------------------


@composition
def pad(
    array: Operand, pad_width: Any, mode: str = "constant", *, constant_values: float = 0.0
) -> Any:
    """The array surrounded by `constant_values`; the widths as in NumPy. Only mode "constant".

    Example:
        >>> from autograd import pad
        >>> pad([1.0, 2.0], (1, 2)).tolist()
        [0.0, 1.0, 2.0, 0.0, 0.0]
    """
    if mode != "constant":
        raise ValueError(f"pad: needs mode 'constant', but got {mode!r}.")
    widths = np.broadcast_to(pad_width, (len(shape_of(array)), 2)).tolist()
    return surround(array, widths, constant_values)


@composition
def ravel(a: Operand) -> Any:
    """The elements in one row.

    Example:
        >>> from autograd import ravel
        >>> ravel([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [1.0, 2.0, 3.0, 4.0]
    """
    return a.reshape(-1)


@composition
@called_as("t.flatten() for one row of all elements, t.reshape(len(t), -1) to keep the first axis")
def flatten(a: Operand) -> Any:
    """The elements in one row.

    Example:
        >>> from autograd import flatten
        >>> flatten([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [1.0, 2.0, 3.0, 4.0]
    """
    return a.reshape(-1)


@composition
def swapaxes(a: Operand, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    Example:
        >>> import numpy as np
        >>> from autograd import swapaxes
        >>> swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
        (4, 3, 2)
    """
    axes = list(range(a.ndim))
    i, j = (normalize_axis_index(axis, a.ndim, "swapaxes") for axis in (axis1, axis2))
    axes[i], axes[j] = j, i
    return a.transpose(tuple(axes))


@composition
def moveaxis(a: Operand, source: Any, destination: Any) -> Any:
    """Axes moved to other places, the rest staying in order.

    Example:
        >>> import numpy as np
        >>> from autograd import moveaxis
        >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    # NumPy works the order out on an array of the axes' own numbers as lengths.
    lengths = np.empty(range(1, a.ndim + 1))
    moved = np.moveaxis(lengths, source, destination).shape
    return a.transpose(tuple(n - 1 for n in moved))


@composition
def expand_dims(a: Operand, axis: int | tuple[int, ...]) -> Any:
    """New axes of length 1 at these places.

    Example:
        >>> from autograd import expand_dims
        >>> expand_dims([1.0, 2.0], 0).tolist()
        [[1.0, 2.0]]
    """
    return a.reshape(np.expand_dims(np.empty(a.shape), axis).shape)


@composition
def squeeze(a: Operand, axis: Axes = None) -> Any:
    """Axes of length 1 taken away.

    Example:
        >>> from autograd import squeeze
        >>> squeeze([[[1.0, 2.0]]]).tolist()
        [1.0, 2.0]
    """
    try:
        return a.reshape(np.empty(a.shape).squeeze(axis).shape)
    except ValueError as err:  # PyTorch leaves an axis that is longer
        raise ShapeError(f"squeeze: of an array of shape {a.shape}, {err}.") from err


@composition
def hstack(tup: Sequence[Any]) -> Any:
    """Arrays joined along the second axis; rows of numbers end to end.

    Example:
        >>> from autograd import hstack
        >>> hstack([[1.0, 2.0], [3.0]]).tolist()
        [1.0, 2.0, 3.0]
    """
    arrays = [a if np.ndim(a) else np.reshape(a, 1) for a in tup]
    return concatenate(arrays, axis=0 if np.ndim(arrays[0]) == 1 else 1)


@composition
def vstack(tup: Sequence[Any]) -> Any:
    """Arrays joined along the first axis; rows of numbers one below the other.

    Example:
        >>> from autograd import vstack
        >>> vstack([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    return concatenate([a if np.ndim(a) > 1 else np.reshape(a, (1, -1)) for a in tup], axis=0)


@composition
def array_split(ary: Operand, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array cut along an axis, into parts as equal as can be or at these places.

    Example:
        >>> from autograd import array_split
        >>> [part.tolist() for part in array_split([1.0, 2.0, 3.0], 2)]
        [[1.0, 2.0], [3.0]]
    """
    axis = normalize_axis_index(axis, ary.ndim, "array_split")
    length = ary.shape[axis]
    positions = np.array_split(np.arange(length), indices_or_sections)
    place = (slice(None),) * axis
    starts = np.cumsum([0, *map(len, positions)])
    if np.ndim(indices_or_sections):
        starts = np.array([0, *indices_or_sections, length])
    return [ary[(*place, slice(a, b))] for a, b in itertools.pairwise(starts)]


@composition
def split(ary: Operand, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array cut along an axis, into equal parts or at these places.

    Example:
        >>> from autograd import split
        >>> [part.tolist() for part in split([1.0, 2.0, 3.0, 4.0], 2)]
        [[1.0, 2.0], [3.0, 4.0]]
    """
    axis = normalize_axis_index(axis, ary.ndim, "split")
    if not np.ndim(indices_or_sections) and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"split: needs a length that {indices_or_sections} divides, but axis {axis} has "
            f"{ary.shape[axis]}. array_split cuts into unequal parts."
        )
    return array_split(ary, indices_or_sections, axis)


@composition
def flip(m: Operand, axis: Axes = None) -> Any:
    """The elements in reverse order along the axes.

    Example:
        >>> from autograd import flip
        >>> flip([1.0, 2.0, 3.0]).tolist()
        [3.0, 2.0, 1.0]
    """
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim, "flip")
    return m[tuple(slice(None, None, -1 if i in axes else None) for i in range(m.ndim))]


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
    times = _places("repeat", repeats)
    if not isinstance(times, int):  # where intp has 32 bits NumPy takes no int64
        times = times.astype(np.intp)
    return take(a, np.repeat(np.arange(a.shape[axis]), times), axis)


@composition
def tile(A: Operand, reps: Any) -> Any:
    """The whole array several times along each axis.

    Example:
        >>> from autograd import tile
        >>> tile([1.0, 2.0], 2).tolist()
        [1.0, 2.0, 1.0, 2.0]
    """
    reps = (reps,) if isinstance(reps, (int, np.integer)) else tuple(reps)
    n = max(A.ndim, len(reps))
    shape, reps = (1,) * (n - A.ndim) + A.shape, (1,) * (n - len(reps)) + reps
    pairs = [(1, length) for length in shape], list(zip(reps, shape, strict=True))
    single, repeated = (tuple(np.ravel(p).tolist()) for p in pairs)
    final = tuple(r * length for r, length in zip(reps, shape, strict=True))
    return broadcast_to(A.reshape(single), repeated).reshape(final)


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


def _places(who: str, indices: Any) -> Any:
    """Whole numbers as an index: a truth value is 0 or 1, and a tuple is no index of several axes.

    Raises:
        TypeError: they are no whole numbers.
    """
    if isinstance(indices, int):
        return int(indices)
    indices = plain(indices)
    if not hasattr(indices, "__array_function__"):
        indices = np.asarray(indices) if np.size(indices) else np.zeros(np.shape(indices), int)
    if indices.dtype.kind not in "bui":
        raise TypeError(f"{who}: needs whole numbers as indices, but got dtype {indices.dtype}.")
    return indices.astype(int) if indices.dtype.kind == "b" else indices


def _taken_from_list(array: Any, indices: Any) -> Any:
    indices = plain(indices)
    if not hasattr(indices, "__array_function__"):
        indices = np.asarray(indices)
    chosen = elements(array, indices)
    return chosen.tolist() if isinstance(chosen, np.ndarray) else chosen


@composition
def take_along_axis(arr: Operand, indices: Any, axis: int | None = -1) -> Any:
    """For every place of `indices`, the element of the same row at that place of the axis.

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
    # False is the zero of every dtype: 0.0 would make floats of whole numbers.
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
