"""The rulebook: the places of numbers. Elements are moved, repeated, chosen; none is computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from autograd.declarations import structural
from autograd.errors import ShapeError
from autograd.op import RULEBOOK, Operand, call, composition, shape_of, unbroadcast
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


def _concatenate_vjp(i: int, g: Any, out: Any, arrays: Any, axis: int | None) -> Any:
    if axis is None:
        shapes = [shape_of(a) for a in arrays]  # a Value has none
        sizes = [math.prod(shape) for shape in shapes]
        return g[sum(sizes[:i]) : sum(sizes[: i + 1])].reshape(shapes[i])
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


# --- made of other operations ---------------------------------------------------------------------


@composition
def pad(
    array: Operand, pad_width: Any, mode: str = "constant", *, constant_values: float = 0.0
) -> Any:
    """The array surrounded by `constant_values`; the widths as in NumPy. Only mode "constant".

    Raises:
        ValueError: another mode.

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

    Raises:
        ShapeError: an axis is longer than 1, or not there.

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

    Raises:
        ValueError: the axis cannot be cut into so many equal parts.

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
