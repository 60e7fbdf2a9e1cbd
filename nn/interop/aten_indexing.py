"""PyTorch's ways to cut, join, pad and write to arrays, made of ours, which change no array."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import autograd as ag
from nn.interop.aten_operands import alike, dtype_of
from nn.operands import Operand, numbers, shape_of


def at_place(x: Operand, dim: int, place: object) -> Operand:
    """x[…, place, …] with the place on axis dim."""
    return x[(*(slice(None),) * (dim % len(shape_of(x))), place)]


def flat(x: Operand, start: int = 0, end: int = -1) -> Operand:
    """The axes from start to end as one."""
    shape = shape_of(x) or (1,)
    start, end = start % len(shape), end % len(shape)
    return x.reshape((*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


def squeezed(x: Operand, dims: int | Sequence[int] | None = None) -> Operand:
    """Without these axes, where they are of length 1."""
    shape = shape_of(x)
    of = range(len(shape)) if dims is None else np.ravel(dims).tolist() if shape else ()
    gone = {d % len(shape) for d in of if shape[d] == 1}
    return x.reshape(tuple(n for i, n in enumerate(shape) if i not in gone))


def expanded(x: Operand, size: Sequence[int]) -> Operand:
    """Repeated to this shape, of which -1 is the length that there is."""
    own = (1,) * (len(size) - len(shape_of(x))) + shape_of(x)
    return ag.broadcast_to(x, tuple(n if s == -1 else s for s, n in zip(size, own, strict=True)))


def pieces(x: Operand, sizes: int | Sequence[int], dim: int = 0) -> list[Operand]:
    """Pieces of these lengths, or of one length and a rest."""
    length = shape_of(x)[dim]
    if isinstance(sizes, int):
        sizes = [sizes] * math.ceil(length / sizes) if length else [0]
    stops = np.cumsum(sizes).tolist()
    return [
        at_place(x, dim, slice(stop - n, min(stop, length)))
        for stop, n in zip(stops, sizes, strict=True)
    ]


def replaced(x: Operand, new: Operand, dim: int, start: int, stop: int) -> Operand:
    """x with `new` in the place of what lies between start and stop on an axis."""
    before, after = at_place(x, dim, slice(0, start)), at_place(x, dim, slice(stop, None))
    return ag.concatenate(list(joinable([before, new, after])), dim)


def joinable(arrays: Sequence[Operand]) -> list[Operand]:
    """Without the empty ones of one axis that PyTorch passes over, in a common type."""
    kept = [x for x in arrays if shape_of(x) != (0,)] or list(arrays[:1])
    for i in range(1, len(kept)):
        kept[0], kept[i] = alike(kept[0], kept[i])
    return [alike(x, kept[0])[0] for x in kept]


def slice_scatter(
    x: Operand,
    src: Operand,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Operand:
    """x with src in the place of a slice."""
    first, last, _ = slice(start, end).indices(shape_of(x)[dim])
    return replaced(x, src, dim, first, last)


def select_scatter(x: Operand, src: Operand, dim: int, index: int) -> Operand:
    """x with src in one place of an axis."""
    index %= shape_of(x)[dim]
    return replaced(x, ag.expand_dims(src, dim), dim, index, index + 1)


def unwritten(size: Sequence[int], dtype: object) -> Operand:
    """What a model makes to write into: nan, so that what was not written is no number.

    Example:
        >>> unwritten([2], "torch.float64").tolist()
        [nan, nan]
    """
    dtype = dtype_of(dtype)
    return np.full(size, np.nan if dtype.kind == "f" else 0, dtype)


def indexed(x: Operand, indices: Sequence[Operand]) -> Operand:
    """x[indices], of which None is a whole axis."""
    places = tuple(slice(None) if i is None else numbers(i) for i in indices)
    return ag.getitem(x, places)


def gathered(x: Operand, dim: int, index: Operand) -> Operand:
    """As `take_along_axis`, but of the first rows if there are places for no more."""
    dim %= len(shape_of(x))
    first = (slice(None) if i == dim else slice(n) for i, n in enumerate(shape_of(index)))
    return ag.take_along_axis(x[tuple(first)], numbers(index), dim)


def padded(x: Operand, pad: Sequence[int], value: float | None = None) -> Operand:
    """Widths come in pairs, the last axis first; a negative one cuts off."""
    ndim = len(shape_of(x))
    widths = [(pad[2 * i], pad[2 * i + 1]) for i in range(len(pad) // 2)]
    widths = [(0, 0)] * (ndim - len(widths)) + widths[::-1]
    pairs = zip(widths, shape_of(x), strict=True)
    cut = tuple(slice(max(0, -a), n - max(0, -b)) for (a, b), n in pairs)
    wider = [(max(0, a), max(0, b)) for a, b in widths]
    return ag.pad(x[cut], wider, constant_values=value or 0.0)


def put_at(x: Operand, index: Operand, values: Operand, accumulate: bool = False) -> Operand:
    """x with values, or one for all, at an index: added, or in the place of what was there.

    Raises:
        ValueError: two are for one place; which of them PyTorch keeps it does not say.
    """
    index, shape = tuple(index), shape_of(x)
    values = alike(values, x)[0]
    count = np.zeros(shape, int)
    np.add.at(count, index, 1)
    if not shape_of(values) and not accumulate:
        return ag.where(count > 0, values, x)
    put = ag.scatter(ag.broadcast_to(values, count[index].shape), index, shape)
    if accumulate:
        return x + put
    if (count > 1).any():
        raise ValueError(
            "index: needs each place at most once, but got several values for one. PyTorch keeps "
            "any of them; scatter_add and index_put(…, accumulate=True) add them."
        )
    return ag.where(count > 0, put, x)


def index_put(
    x: Operand, indices: Sequence[Operand], values: Operand, accumulate: bool = False
) -> Operand:
    """As `put_at`, with None for a whole axis."""
    return put_at(
        x, [slice(None) if i is None else numbers(i) for i in indices], values, accumulate
    )


def scattered(
    x: Operand, dim: int, index: Operand, values: Operand, accumulate: bool = False
) -> Operand:
    """x with values[i, j, …] at the place index[i, j, …] of the axis dim."""
    places: list[Operand] = list(np.indices(shape_of(index), sparse=True))
    places[dim] = numbers(index)
    if shape_of(values):
        values = values[tuple(slice(n) for n in shape_of(index))]
    return put_at(x, places, values, accumulate)


def chosen(x: Operand, places: Operand, dim: int, keepdim: bool) -> tuple[Operand, Operand]:
    """The elements at one place of each row, and the places."""
    places = ag.expand_dims(places, dim)
    found = ag.take_along_axis(x, places, dim)
    return (found, places) if keepdim else (squeezed(found, dim), squeezed(places, dim))


def ranked(x: Operand, dim: int = -1, descending: bool = False, k: int | None = None) -> Operand:
    """x sorted along an axis, or its first k, and the places where they were."""
    data = numbers(x)
    places: Operand
    if descending:  # turned round twice: equal ones stay in order, and nan is the largest
        places = np.argsort(np.flip(data, dim), axis=dim, kind="stable")
        places = data.shape[dim] - 1 - np.flip(places, dim)
    else:
        places = np.argsort(data, axis=dim, kind="stable")
    places = places if k is None else at_place(places, dim, slice(k))
    return ag.take_along_axis(x, places, dim), places


def middle(x: Operand, dim: int) -> Operand:
    """Where the lower median of each row is, or a nan if there is one."""
    data, (_, places) = numbers(x), ranked(x, dim)
    last, half = at_place(places, dim, -1), at_place(places, dim, (data.shape[dim] - 1) // 2)
    return np.where(np.isnan(data).any(dim), last, half)
