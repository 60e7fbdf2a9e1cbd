"""Lookups: one of several Values, chosen by an index that is data.

autograd.take(w, i)         of Values w with an argument i: each call chooses anew
scores[np.arange(6), i]     six of them
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import GATHER
from autograd.compiler.tape import Traced, has_traced
from autograd.modes import active
from autograd.tracing import tracer
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.arrays import Array, IndexArray
    from autograd.compiler.recorded_rows import RecordedRows


class ValueArray(np.ndarray[Any, Any]):
    """An object array of Values that can be indexed with an array that is data."""

    def __getitem__(self, index: Any) -> Any:
        mode: Any = tracer() if active() else None
        if mode is not None and has_traced(index):
            return mode.chosen(self, index)
        return super().__getitem__(index)

    def __array_wrap__(
        self, array: Array, context: tuple[Any, ...] | None = None, return_scalar: bool = False
    ) -> Any:
        """The sum of an array is the Value itself, as of any object array."""
        return array[()] if return_scalar else array.view(ValueArray)


def chosen(
    run: RecordedRows, array: Array, index: Any, places_of: Callable[[Traced], IndexArray]
) -> Any:
    """`array[index]` for an array of Values, where the index is only known at a replay.

    Each element of the result is a lookup among the candidates for it: for
    `scores[np.arange(6), classes]`, with scores of shape (6, 3), six lookups among three each.

    Args:
        run: The recording.
        array: The Values.
        index: One array of it is recorded.
        places_of: Says where the numbers of that are among the indices.
    """
    array, parts = current(run, array), list(index) if isinstance(index, tuple) else [index]
    (k, traced), *more = [(k, part) for k, part in enumerate(parts) if isinstance(part, Traced)]
    others = parts[:k] + parts[k + 1 :]
    if more or has_traced(others) or traced.dtype.kind not in "iu":
        run.refuse(
            "this index",
            "Only one index may be data, and of whole numbers; for a mask there is autograd.where.",
        )
    axis = _axes_before(parts, k, array.ndim)
    count = array.shape[axis]
    step = int(np.prod(array.shape[axis + 1 :]))

    def indexed(part: Array, of: Array) -> Array:
        return np.asarray(of[(*parts[:k], part, *parts[k + 1 :])])

    numbers = indexed(traced.array, array)  # of this run; refuses what is out of range
    first = indexed(np.zeros_like(traced.array), np.arange(array.size).reshape(array.shape))
    shape = [1] * array.ndim
    shape[axis] = traced.size
    which = np.broadcast_to(
        np.arange(traced.size).reshape(shape),
        (*array.shape[:axis], traced.size, *array.shape[axis + 1 :]),
    )
    which = indexed(np.arange(traced.size).reshape(traced.shape), which)
    columns, column = np.unique(first, return_inverse=True)
    table = rows_of(run, array).ravel()[columns[:, None] + np.arange(count) * step]
    if run.differentiates(table.ravel().tolist()):
        run.refuse("differentiating what a lookup chose")
    choices = [run.choices(rows) for rows in table]
    places = places_of(traced).ravel()[which]
    out = np.empty(first.shape, dtype=object)
    lookups = zip(column.ravel().tolist(), places.ravel().tolist(), numbers.ravel(), strict=True)
    for at, (c, place, value) in zip(np.ndindex(out.shape), lookups, strict=True):
        out[at] = run.value(GATHER, choices[c], float(getattr(value, "_data", value)), place)
    return out.view(ValueArray) if out.ndim else out[()]


def _axes_before(parts: list[object], k: int, ndim: int) -> int:
    """Which axis the k-th part of an index is for."""

    def axes(part: object) -> int:
        if part is None:
            return 0
        return part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1

    total = sum(axes(part) for part in parts if part is not Ellipsis)
    return sum(ndim - total if part is Ellipsis else axes(part) for part in parts[:k])


def current(run: RecordedRows, values: Array) -> Array:
    """An object array with what to compute with for leaves that have other numbers by now."""
    if not run.changed:
        return values
    now = np.empty(values.shape, dtype=object)
    now.reshape(-1)[:] = [run.current(x) for x in values.ravel().tolist()]
    return now


def rows_of(run: RecordedRows, values: Array) -> IndexArray:
    """The rows of an object array of Values and numbers."""
    kind, known = run.kind, run.rows  # asked here first, as there may be many
    rows = [
        x.index
        if type(x) is kind
        else (isinstance(x, Value) and known.get(x))
        or run.row(x if isinstance(x, Value) else Constant(x))
        for x in values.ravel().tolist()
    ]
    return np.array(rows, dtype=np.intp).reshape(values.shape)
