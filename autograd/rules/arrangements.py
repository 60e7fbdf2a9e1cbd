"""The rulebook: arrays turned, joined and spread out, as NumPy does it. All are compositions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.errors import ShapeError
from autograd.op import Operand, boxed, composition
from autograd.rules.shapes import astype, broadcast_to, concatenate, expand_dims, flip, swapaxes


def as_operand(x: Any) -> Any:
    """A Tensor or array as it is; a number, a Value or a list as the array NumPy makes of it."""
    x = boxed(x)
    return x if hasattr(x, "__array_function__") else np.asarray(x)


@composition
def copy(a: Operand) -> Any:
    """The same numbers as a node of its own, in memory of its own.

    Example:
        >>> from autograd import Tensor, copy
        >>> copy(Tensor([1.0, 2.0]))
        Tensor([1., 2.])
    """
    return astype(a, a.dtype if a.dtype != object else float)


def _each(function: Any, arys: tuple[Any, ...]) -> Any:
    found = tuple(function(as_operand(x)) for x in arys)
    return found[0] if len(found) == 1 else found


@composition
def atleast_1d(*arys: Any) -> Any:
    """Each array with at least one axis; a tuple of several.

    Example:
        >>> from autograd import Tensor, atleast_1d
        >>> atleast_1d(Tensor(2.0))
        Tensor([2.])
    """
    return _each(lambda x: x if x.ndim else x.reshape(1), arys)


@composition
def atleast_2d(*arys: Any) -> Any:
    """Each array with at least two axes, a vector as one row; a tuple of several.

    Example:
        >>> from autograd import Tensor, atleast_2d
        >>> atleast_2d(Tensor([1.0, 2.0]))
        Tensor([[1., 2.]])
    """
    return _each(lambda x: x if x.ndim > 1 else x.reshape((1, -1)), arys)


@composition
def atleast_3d(*arys: Any) -> Any:
    """Each array with at least three axes, (n,) as (1, n, 1), (n, m) as (n, m, 1).

    Example:
        >>> from autograd import Tensor, atleast_3d
        >>> atleast_3d(Tensor([1.0, 2.0])).shape
        (1, 2, 1)
    """
    return _each(_with_three_axes, arys)


def _with_three_axes(x: Any) -> Any:
    if x.ndim > 2:
        return x
    return expand_dims(x, -1) if x.ndim == 2 else x.reshape((1, -1, 1))


@composition
def flipud(m: Operand) -> Any:
    """The rows in reverse order.

    Example:
        >>> from autograd import Tensor, flipud
        >>> flipud(Tensor([1.0, 2.0]))
        Tensor([2., 1.])
    """
    return flip(m, 0)


@composition
def fliplr(m: Operand) -> Any:
    """The columns in reverse order.

    Example:
        >>> from autograd import Tensor, fliplr
        >>> fliplr(Tensor([[1.0, 2.0]]))
        Tensor([[2., 1.]])
    """
    return flip(m, 1)


@composition
def rot90(m: Operand, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned k times by a right angle, from the first of the two axes towards the second.

    Example:
        >>> from autograd import Tensor, rot90
        >>> rot90(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[2.0, 4.0], [1.0, 3.0]]
    """
    first, second = axes
    if k % 4 == 0:
        return m
    if k % 4 == 2:
        return flip(m, (first, second))
    if k % 4 == 1:
        return swapaxes(flip(m, second), first, second)
    return flip(swapaxes(m, first, second), second)


@composition
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """For vectors of lengths n, m, …, arrays of the coordinates of every point of their grid.

    Args:
        *xi: Vectors, or numbers.
        copy: Taken as in NumPy; the results are never views that one could write to.
        sparse: Leave axes along which nothing changes with length 1.
        indexing: "xy" for arrays of shape (m, n, …), or "ij" for (n, m, …).

    Raises:
        ValueError: another indexing.

    Example:
        >>> from autograd import Tensor, meshgrid
        >>> [x.tolist() for x in meshgrid(Tensor([1.0, 2.0]), [5.0])]
        [[[1.0, 2.0]], [[5.0, 5.0]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: needs indexing 'xy' or 'ij', but got {indexing!r}.")
    vectors = [as_operand(x).reshape(-1) for x in xi]
    places = list(range(len(vectors)))
    if indexing == "xy":
        places[:2] = places[:2][::-1]
    shape = [0] * len(vectors)
    for x, place in zip(vectors, places, strict=True):
        shape[place] = x.shape[0]
    grids = [
        x.reshape(tuple(n if i == place else 1 for i, n in enumerate(shape)))
        for x, place in zip(vectors, places, strict=True)
    ]
    return tuple(grids if sparse else [broadcast_to(x, tuple(shape)) for x in grids])


@composition
def column_stack(tup: Sequence[Any]) -> Any:
    """Vectors as the columns of a matrix, and matrices side by side.

    Example:
        >>> from autograd import Tensor, column_stack
        >>> column_stack([Tensor([1.0, 2.0]), [3.0, 4.0]]).tolist()
        [[1.0, 3.0], [2.0, 4.0]]
    """
    arrays = [as_operand(x) for x in tup]
    return concatenate([x if x.ndim > 1 else x.reshape((-1, 1)) for x in arrays], axis=1)


@composition
def dstack(tup: Sequence[Any]) -> Any:
    """Arrays joined along the third axis, which they get if they have none.

    Example:
        >>> from autograd import Tensor, dstack
        >>> dstack([Tensor([1.0, 2.0]), [3.0, 4.0]]).shape
        (1, 2, 2)
    """
    return concatenate([_with_three_axes(as_operand(x)) for x in tup], axis=2)


@composition
def append(arr: Operand, values: Operand, axis: int | None = None) -> Any:
    """values joined to the end of arr, along an axis; None joins the elements of both in one row.

    Example:
        >>> from autograd import Tensor, append
        >>> append(Tensor([1.0, 2.0]), 3.0)
        Tensor([1., 2., 3.])
    """
    return concatenate((as_operand(arr), as_operand(values)), axis=axis)


@composition
def cross(
    a: Operand,
    b: Operand,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Any:
    """The vector product of vectors of three numbers, which lie along the given axes.

    Args:
        a: A Tensor or array.
        b: Likewise; the other axes broadcast.
        axisa: Along which axis the vectors lie in a.
        axisb: Likewise in b.
        axisc: Likewise in the result.
        axis: One number for all three.
    Raises:
        ShapeError: the vectors are not of three numbers. (Of two, append a zero.)

    Example:
        >>> from autograd import Tensor, cross
        >>> cross(Tensor([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])
        Tensor([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(
            f"cross: needs vectors of 3 numbers, but got {a.shape[-1]} and {b.shape[-1]} of them."
        )
    after, before = [1, 2, 0], [2, 0, 1]
    product = a[..., after] * b[..., before] - a[..., before] * b[..., after]
    return np.moveaxis(product, -1, axisc)
