"""Relocation: the same call on other memory.

`dot(W, state, out=t0)` of one round of a loop becomes that of each round: the state and t0 are
looked for in memories that have stand-ins, one for each round, and seen there at the same place.
W is in none of them, and stays.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd.arrays import Array, IndexArray
from autograd.compiler.tape import begin_of

Call = partial[Any]


Places = tuple[Sequence[Array], Sequence[int]]
"""Arrays, and after how many bytes in each something begins."""


class Relocation:
    """Memories, and what stands in for each.

    Example:
        >>> x, rows = np.zeros(3), np.arange(6.0).reshape(2, 3)
        >>> relocation = Relocation()
        >>> relocation.add(x, rows_of(rows, 2))
        >>> [call().tolist() for call in relocation.calls(partial(np.negative, x[1:]), 2)]
        [[-1.0, -2.0], [-4.0, -5.0]]
    """

    def __init__(self) -> None:
        self._known: list[tuple[int, int, Places]] = []
        self._views: dict[Hashable, dict[int, Array]] = {}

    def add(self, memory: Array, places: Places) -> None:
        """Let what is at these places stand in for a memory."""
        if memory.size:
            self._known.append((*byte_bounds(memory), places))

    def calls(self, call: Call, times: int) -> Iterator[Call]:
        """The call at the first places, at the second ones, and so on."""
        views = {id(x): found for x in arrays_in(call) if (found := self._seen(x)) is not None}
        for k in range(times):
            yield _with(call, {key: found[k] for key, found in views.items()})

    def at_once(self, x: object, axes: int) -> object:
        """An array at all places, along a first axis before so many; None if they lie unevenly."""
        found = self._found(x) if isinstance(x, np.ndarray) else None
        if not isinstance(x, np.ndarray) or found is None:
            return x
        (arrays, offsets), first = found
        steps: IndexArray = np.diff(offsets)
        if any(array is not arrays[0] for array in arrays) or (steps != steps[:1]).any():
            return None
        shape, step = (1,) * (axes - x.ndim) + x.shape, int(steps[0]) if len(steps) else 0
        strides = step, *(0,) * (axes - x.ndim), *x.strides
        return np.ndarray((len(arrays), *shape), x.dtype, arrays[0], offsets[0] + first, strides)

    def _found(self, x: Array) -> tuple[Places, int] | None:
        """What stands in for the memory of an array, and where in that it is; None if nothing."""
        if x.size:
            low, high = byte_bounds(x)
            for begin, end, places in self._known:
                assert begin <= low < high <= end or high <= begin or end <= low
                if begin <= low < end:
                    return places, begin_of(x) - begin
        return None

    def _seen(self, x: Array) -> list[Array] | None:
        """An array at each place; None if nothing stands in for its memory."""
        found = self._found(x)
        if found is None:
            return None
        return [self._view(x, *place, found[1]) for place in zip(*found[0], strict=True)]

    def _view(self, x: Array, array: Array, offset: int, first: int) -> Array:
        """It in another array; what one round makes and the next one reads is the same one."""
        known = self._views.setdefault((id(array), x.shape, x.strides, x.dtype), {})
        if offset + first not in known:
            known[offset + first] = np.ndarray(x.shape, x.dtype, array, offset + first, x.strides)
        return known[offset + first]


def rows_of(array: Array, count: int, first: int = 0) -> Places:
    """So many rows, all that an array has from its `first` number on, as places."""
    size = (array.size - first) // count
    return [array] * count, [(first + k * size) * array.itemsize for k in range(count)]


def _with(x: Any, stand_ins: dict[int, Array]) -> Any:
    """A call or its arguments with other arrays."""
    if isinstance(x, np.ndarray):
        return stand_ins.get(id(x), x)
    if isinstance(x, partial):
        args, named = _with(x.args, stand_ins), _with(x.keywords, stand_ins)
        return partial(_with(x.func, stand_ins), *args, **named)
    if isinstance(x, (tuple, list)):
        return type(x)([_with(part, stand_ins) for part in x])
    if isinstance(x, dict):
        return {key: _with(part, stand_ins) for key, part in x.items()}
    if isinstance(owner := getattr(x, "__self__", None), np.ndarray):  # a method of it
        return getattr(_with(owner, stand_ins), x.__name__)
    return x


def arrays_in(call: object) -> Iterator[Array]:
    """The arrays of numbers that are filled into a call."""
    if isinstance(call, np.ndarray):
        if not call.dtype.hasobject:
            yield call
    elif isinstance(call, partial):
        yield from arrays_in((call.args, call.keywords, call.func))
    elif isinstance(call, dict):
        yield from arrays_in(tuple(call.values()))
    elif isinstance(call, (tuple, list)):
        for part in call:
            yield from arrays_in(part)
    elif isinstance(owner := getattr(call, "__self__", None), np.ndarray):  # a method of it
        yield owner
