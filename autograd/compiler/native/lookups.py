"""Lookups: numbers at places that are known when a call runs, as nests of loops.

`table[i]` with i = [4, 1] takes two rows of a table of five: that the places are there is looked
at first, a negative one is counted from the end, and then each number is read at
`table[place[k] * 3 + j]`. Where a place is not there the function ends, and says at which call it
did: NumPy goes on from there, with its own error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.compiler.native.arithmetic import apart, assigned, operand, typed
from autograd.compiler.native.loops import FIXED, MADE, Apply, Code, Nest, Number, Ref
from autograd.compiler.native.memories import Memories, UnknownStep

if TYPE_CHECKING:
    from autograd.arrays import Array

INTEGER, TRUTH = np.dtype(np.int64), np.dtype(bool)


def taken(memories: Memories, source: Array, places: Array, out: Array) -> list[Nest]:
    """`source.take(places)`: numbers of a row, at places all of which there are."""
    if np.may_share_memory(source, out) or not source.flags.c_contiguous:
        raise UnknownStep("a call that reads what it writes")
    if not out.size:
        return []
    memory, begin = memories.of(source)
    place = memories.target(places)
    count = 0 if _is_inside(memories, places, source.size) else source.size
    return assigned(memories, Ref(memory, begin, (0,) * out.ndim, place, count), out)


def item(memories: Memories, target: Array, x: Array, index: object) -> list[Nest]:
    """`x[index]` with arrays of places in the index."""
    apart(target, x)
    found, ref, shape = _at(memories, x, index)
    if shape != target.shape:
        raise UnknownStep("a lookup of another shape")
    return [*found, *assigned(memories, typed(ref, target.dtype), target)]


def put(
    memories: Memories, whole: Array, index: object, array: Array | float, adds: bool = False
) -> list[Nest]:
    """`whole[index] = array`, for places that differ from each other unless it is added."""
    if np.may_share_memory(whole, array):
        raise UnknownStep("a call that reads what it writes")
    found, ref, shape = _at(memories, whole, index)
    shown = np.broadcast_to(array, shape) if isinstance(array, np.ndarray) else array
    code, _ = operand(memories, shown, shape)
    memories.written(whole)
    code = typed(code, whole.dtype)
    return [*found, Nest(shape, len(shape), code, ref, adds=adds)] if 0 not in shape else found


def added_at(memories: Memories, whole: Array, index: object, array: Array | float) -> list[Nest]:
    """`np.add.at`: likewise one after the other, for places that may come again."""
    return put(memories, whole, index, array, adds=True)


def added_some(
    memories: Memories, whole: Array, places: Array, array: Array, columns: Array
) -> list[Nest]:
    """`np.add.at(whole, places, array[columns])` of rows, for places that are all there."""
    if not (whole.flags.c_contiguous and array.flags.c_contiguous):
        raise UnknownStep("numbers that are not side by side")
    memories.written(whole)
    code, out = (
        Ref(*memories.of(row), (0,), memories.table(where))
        for row, where in ((array, columns), (whole, places))
    )
    return [Nest(places.shape, 1, code, out, adds=True)]


def chosen(
    memories: Memories, indices: Array, read: Array, table: Array, which: Array, out: Array
) -> list[Nest]:
    """The places of what single numbers' lookups choose: `table[indices[read], which]`.

    In a loop the indices of each round are a line.
    """
    if not indices.flags.c_contiguous:
        raise UnknownStep("indices that lie apart")
    rows = np.arange(indices.size).reshape(indices.shape)[..., read]
    shape, nothing = rows.shape, (0,) * rows.ndim
    memory, at = memories.of(indices)
    index = Ref(memory, at, nothing, memories.table(rows))
    numbers = memories.more("table", np.asarray(table, np.int64), FIXED)
    checks, place = _counted(memories, index, shape, len(table))
    at_row = _apply("multiply", place, Number(table.shape[1], INTEGER))
    column = memories.table(np.broadcast_to(which, shape))
    more, row = _kept(memories, _apply("add", at_row, column), shape)
    number = typed(Ref(numbers, 0, nothing, row), out.dtype)
    return [*checks, *more, *assigned(memories, number, out)]


# --- places


def _at(memories: Memories, x: Array, index: object) -> tuple[list[Nest], Ref, tuple[int, ...]]:
    """What has to be done before `x[index]`, where its numbers are, and its shape."""
    parts = _parts(x, index)
    arrays = {k: part for k, part in enumerate(parts) if isinstance(part, (np.ndarray, _Known))}
    if not arrays:
        raise UnknownStep("a lookup without places")
    # What is no array of places makes a view now, with an axis for each part of the index.
    view = x[tuple(slice(None) if k in arrays else part for k, part in enumerate(parts))]
    shape = np.broadcast_shapes(*(part.shape for part in arrays.values()))
    if not view.size or 0 in shape:
        raise UnknownStep("a lookup without numbers")
    axes, rest = list(arrays), [k for k in range(view.ndim) if k not in arrays]
    first = axes[0] if len(axes) == axes[-1] - axes[0] + 1 else 0  # where NumPy puts their axes
    before, after = [k for k in rest if k < first], [k for k in rest if k >= first]
    memory, begin = memories.of(view)
    found, place = _places(memories, view, arrays, shape)
    steps = [[view.strides[k] // view.itemsize for k in some] for some in (before, after)]
    nothing = [[0] * len(some) for some in (before, after)]
    place = replace(place, steps=(*nothing[0], *place.steps, *nothing[1]))
    ref = Ref(memory, begin, (*steps[0], *(0 for _ in shape), *steps[1]), place)
    return found, ref, (*(view.shape[k] for k in before), *shape, *(view.shape[k] for k in after))


class _Known(NamedTuple):
    """Places that are written in an index, between arrays of others."""

    places: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Their shape."""
        return self.places.shape


def _parts(x: Array, index: object) -> list[Any]:
    """An index with a part for each axis of what it makes but for numbers, which are places."""
    parts: list[Any] = list(index) if isinstance(index, tuple) else [index]
    written = (list, int, np.integer)
    parts = [_Known(np.asarray(part)) if isinstance(part, written) else part for part in parts]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    at = next((k for k, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:at], *(slice(None),) * (x.ndim - used), *parts[at + 1 :]]


def _places(
    memories: Memories, view: Array, arrays: dict[int, Array | _Known], shape: tuple[int, ...]
) -> tuple[list[Nest], Ref]:
    """The places that some arrays, one for an axis each, come to together."""
    found: list[Nest] = []
    total: Code | None = None
    for axis, places in arrays.items():
        step, count = view.strides[axis] // view.itemsize, view.shape[axis]
        index: Code
        if isinstance(places, _Known):
            known = np.broadcast_to(_integers(places.places), shape)
            if ((known < -count) | (known >= count)).any():
                raise UnknownStep("places that are not there")
            index = memories.table(known % count)
        elif _is_inside(memories, places, count):
            index = memories.target(np.broadcast_to(places, shape))
        else:
            index = memories.target(np.broadcast_to(_integers(places), shape))
            checks, index = _counted(memories, index, shape, count)
            found += checks
        if len(arrays) == step == 1 and isinstance(index, Ref):
            return found, index
        index = _apply("multiply", typed(index, INTEGER), Number(step, INTEGER))
        total = index if total is None else _apply("add", total, index)
    assert total is not None
    more, place = _kept(memories, total, shape)
    return [*found, *more], place


def _counted(
    memories: Memories, index: Code, shape: tuple[int, ...], count: int
) -> tuple[list[Nest], Code]:
    """A nest that looks whether places are there; and the places, counted from the beginning."""
    index, zero = typed(index, INTEGER), Number(0, INTEGER)
    negative = Apply("less", (index, zero), TRUTH)
    low = Apply("less", (index, Number(-count, INTEGER)), TRUTH)
    high = Apply("greater_equal", (index, Number(count, INTEGER)), TRUTH)
    wrong = Apply("logical_or", (low, high), TRUTH)
    flag = Ref(memories.more("outside", np.zeros((), bool), MADE), 0, ())
    check = Nest(shape, 0, wrong, flag, fold="logical_or", stops=1)
    place = Apply("where", (negative, _apply("add", index, Number(count, INTEGER)), index), INTEGER)
    return [check] if 0 not in shape else [], place


def _kept(memories: Memories, code: Code, shape: tuple[int, ...]) -> tuple[list[Nest], Ref]:
    """Places that are computed, in a memory of their own."""
    array = np.zeros(shape, INTEGER)
    out = memories.place_of(array, memories.more("place", array, MADE), 0)
    return [Nest(shape, len(shape), code, out)] if array.size else [], out


def _apply(name: str, x: Code, y: Code) -> Code:
    return Apply(name, (x, y), INTEGER)


def _integers(places: Array) -> Array:
    if places.dtype.kind != "i":
        raise UnknownStep("a choice by truth values")
    return places


def _is_inside(memories: Memories, places: Array, count: int) -> bool:
    """Whether places are known, and are all there."""
    known = memories.is_fixed(_integers(places))
    return known and bool(((places >= 0) & (places < count)).all())
