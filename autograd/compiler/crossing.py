"""Cross: where arrays and single numbers meet while a function is recorded.

The numbers of an array become rows of the graph where they meet Values, as in `x @ w` with an
argument x and an object array w of Values:

    x, a (6, 4) array                 24 numbers of the data, filled in before the rows are computed
    2 * x, computed from arguments    likewise, when the calls that compute it have been made

and rows become an array where a Tensor takes them in (`t * v`), one source on the tape for all the
numbers that go in together. So a replay makes first the calls on arrays that the rows need, then
computes the rows, then makes the other calls. There is no way back from there: where rows need the
numbers of an array that was itself computed from rows, such as `(2 * rate) * x` with a float
`rate`, those rows are computed by calls on arrays a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import GATHER
from autograd.compiler.traced import (
    SOURCE,
    STORE,
    Step,
    Traced,
    begin_of,
    has_traced,
    mapped,
    traced_in,
)
from autograd.modes import active
from autograd.tracing import tracer
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.arrays import Array, IndexArray
    from autograd.compiler.recorded_value import RecordedValue
    from autograd.compiler.recording import Recording


MOST = 1000
"""How many rows are computed a second time where an array needs them early."""


class RecordedArray(np.ndarray[Any, Any]):
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
        return array[()] if return_scalar else array.view(RecordedArray)


def has_values(tree: object) -> bool:
    """Whether there are Values, or object arrays, in nested arguments."""
    if isinstance(tree, (tuple, list)):
        return any(map(has_values, tree))
    if isinstance(tree, dict):
        return has_values(list(tree.values()))
    return isinstance(tree, Value) or (isinstance(tree, np.ndarray) and tree.dtype == object)


def on_objects(
    run: Recording, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call a function of NumPy with the numbers of traced arrays as Values, one by one."""
    if function is np.where and len(args) == 3 and isinstance(args[0], Traced):
        return where(run, *args)
    given = mapped(args, run.objects)
    result = function(*given, **mapped(kwargs, run.objects))
    if any(result is now and now is not x for x, now in zip(args[1:], given[1:], strict=True)):
        run.refuse("writing into an array that is not passed as out=")
    if isinstance(result, np.ndarray) and result.dtype == object:
        return result.view(RecordedArray)
    return result


def element(run: Recording, traced: Traced, index: tuple[int, ...]) -> RecordedValue:
    """One element of an array, as a number to compute with."""
    if traced.places is None:  # not each time: there may be many
        traced.places = block(run, traced, run.blocks) + places_in_base(traced)
    found: RecordedValue = run.datum(traced.places.item(*index), float(traced.array.item(*index)))
    return found


def objects(run: Recording, traced: Traced) -> RecordedArray:
    """The elements of an array as numbers to compute with."""
    out = np.empty(traced.shape, dtype=object)
    places = block(run, traced, run.blocks) + places_in_base(traced)
    numbers = traced.array.ravel().tolist()
    for index, place, number in zip(
        np.ndindex(traced.shape), places.ravel().tolist(), numbers, strict=True
    ):
        out[index] = run.datum(place, float(number))
    return out.view(RecordedArray)


def block(run: Recording, traced: Traced, blocks: dict[Traced, int]) -> int:
    """Where the numbers of an array's base begin in the data (or in the indices)."""
    base = traced.base
    if base not in blocks:
        if base not in run.arguments:
            _make_early(run, base)
        blocks[base] = run.taken(blocks, base)
    return blocks[base]


def _make_early(run: Recording, needed: Traced) -> None:
    """See to it that an array can be computed before the rows are; refuse it if not."""
    pending = [needed]
    while pending:
        array = pending.pop()
        for step in (array.maker, *run.tape.changed.get(array.base, ())):
            if step is None or step in run.early_already:
                continue
            run.early_already.add(step)
            if step.kind == SOURCE and id(step.out) in run.late:
                _compute_early(run, step, run.late.pop(id(step.out)))
            pending += traced_in((step.args, step.options))


def _compute_early(run: Recording, step: Step, rows: IndexArray) -> None:
    """Make an array of rows the result of calls on arrays, which need not wait for the rows."""
    tape, steps, known = run.tape, run.tape.steps, run.tape.known
    index = next(i for i in range(len(steps) - 1, -1, -1) if steps[i] is step)  # near the end
    tape.steps, tape.known = [], {}  # what is known already may be computed too late
    graph, wanted = run.graph, rows.ravel().tolist()
    needed = graph.needed(wanted)
    if len(needed) > MOST or any(graph.code[row] == GATHER for row in needed):
        run.refuse("taking numbers out of an array that was computed from single numbers")
    found = graph.computed(needed, run.given_number, int)
    step.kind, step.function = STORE, np.reshape
    step.args, step.options = (tape.call(np.stack, ([found[i] for i in wanted],)), rows.shape), {}
    steps[index:index] = tape.steps
    tape.steps, tape.known = steps, known


def places_in_base(traced: Traced) -> IndexArray:
    """Where the elements of a view lie in its base, counted in the order of the base's rows."""
    base = traced.base.array
    inside = _offsets(traced.array, base)
    if base.flags.c_contiguous:
        return inside
    offsets = _offsets(base, base)
    least = int(offsets.min(initial=0))
    place = np.empty(int(offsets.max(initial=0)) - least + 1, dtype=np.intp)
    place[offsets - least] = np.arange(base.size).reshape(base.shape)
    return place[inside - least]


def _offsets(shown: Array, base: Array) -> IndexArray:
    start = begin_of(shown) - begin_of(base)
    grid = np.zeros(shown.shape, dtype=np.intp)
    for axis, stride in enumerate(shown.strides):
        steps = np.arange(shown.shape[axis]) * stride
        grid += steps.reshape((-1,) + (1,) * (shown.ndim - axis - 1))
    places: IndexArray = (grid + start) // base.itemsize
    return places


def where(run: Recording, condition: Traced, x: object, y: object) -> Any:
    """`np.where` on Values: of each pair the one that the condition of a replay says."""
    sides = (run.objects(side) if isinstance(side, Traced) else side for side in (x, y))
    arrays = (np.asarray(side, dtype=object) for side in sides)
    left, right, _ = np.broadcast_arrays(*arrays, condition.array)
    shape: tuple[int, ...] = left.shape
    places = run.tape.call(np.broadcast_to, (condition, shape)).astype(np.intp)
    return chosen(run, np.stack([right, left]), (places, *np.indices(shape, sparse=True)))


def chosen(run: Recording, array: Array, index: Any) -> Any:
    """`array[index]` for an array of Values, where the index is only known at a replay.

    Each element of the result is a lookup among the candidates for it: for
    `scores[np.arange(6), classes]`, with scores of shape (6, 3), six lookups among three each.
    """
    parts = list(index) if isinstance(index, tuple) else [index]
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
    places = (block(run, traced, run.indices) + places_in_base(traced)).ravel()[which]
    out = np.empty(first.shape, dtype=object)
    lookups = zip(column.ravel().tolist(), places.ravel().tolist(), numbers.ravel(), strict=True)
    for at, (c, place, value) in zip(np.ndindex(out.shape), lookups, strict=True):
        out[at] = run.value(GATHER, choices[c], float(getattr(value, "_data", value)), place)
    return out.view(RecordedArray) if out.ndim else out[()]


def _axes_before(parts: list[object], k: int, ndim: int) -> int:
    """Which axis the k-th part of an index is for."""

    def axes(part: object) -> int:
        if part is None:
            return 0
        return part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else 1

    total = sum(axes(part) for part in parts if part is not Ellipsis)
    return sum(ndim - total if part is Ellipsis else axes(part) for part in parts[:k])


def rows_of(run: Recording, values: Array) -> IndexArray:
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
