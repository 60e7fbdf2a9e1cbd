"""Relocation: the same call on other memory.

`dot(W, state, out=t0)` of one round of a loop becomes that of each round: the state and t0 are
looked for in memories that have stand-ins, one for each round, and seen there at the same place.
W is in none of them, and stays.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.lib.stride_tricks import as_strided

from autograd.arrays import Array
from autograd.compiler.tape import begin_of

Rows: TypeAlias = Array | Sequence[Array]
"""A row for each round: of one array, or any."""


class Relocation:
    """Memories, and what stands in for each: in every round another row.

    Example:
        >>> x, rows = np.zeros(3), np.arange(6.0).reshape(2, 3)
        >>> relocation = Relocation()
        >>> relocation.add(x, rows)
        >>> [part.tolist() for part in relocation.rounds(x[1:])]
        [[1.0, 2.0], [4.0, 5.0]]
    """

    def __init__(self) -> None:
        self._known: list[tuple[int, int, Array, Rows]] = []
        self._views: dict[Hashable, list[Array]] = {}

    def add(self, memory: Array, rows: Rows) -> None:
        """Let these rows stand in for a memory; of what is known already those before do."""
        if memory.size:
            self._known.append((*byte_bounds(memory), memory, rows))

    def rounds(self, x: Any) -> list[Any] | None:
        """What an argument of a call is in each round; None if it is the same in all of them."""
        if isinstance(x, np.ndarray):
            rows, begin = self._found(x)
            key = id(rows), begin, x.shape, x.strides, x.dtype
            if rows is not None and key not in self._views:
                seen = [np.ndarray(x.shape, x.dtype, row, begin, x.strides) for row in rows]
                self._views[key] = seen  # what one round makes and the next one reads is the same
            return self._views.get(key)
        if isinstance(x, (tuple, list)):
            parts = [self.rounds(part) for part in x]
            if all(part is None for part in parts):
                return None
            pairs = zip(x, parts, strict=True)
            each = (repeat(same) if part is None else part for same, part in pairs)
            return [type(x)(found) for found in zip(*each, strict=False)]
        if isinstance(x, dict):
            found = self.rounds([*x.values()])
            return found and [dict(zip(x, y, strict=True)) for y in found]
        if isinstance(owner := getattr(x, "__self__", None), np.ndarray):  # a method of it
            name, found = x.__name__, self.rounds(owner)
            return found and [getattr(y, name) for y in found]
        return None

    def at_once(self, x: object, axes: int) -> object:
        """An array in all rounds, along a first axis before so many."""
        if not isinstance(x, np.ndarray):
            return x
        rows, begin = self._found(x)
        if not isinstance(rows, np.ndarray):
            return x
        ahead = axes - x.ndim
        shape, strides = (len(rows), *(1,) * ahead, *x.shape), (rows.strides[0], *(0,) * ahead)
        return as_strided(rows[:, begin // x.itemsize :], shape, (*strides, *x.strides))

    def _found(self, x: Array) -> tuple[Rows | None, int]:
        """What stands in for the memory of an array, and where in that it begins."""
        if x.size:
            low, high = byte_bounds(x)
            for begin, end, _, rows in self._known:
                assert begin <= low < high <= end or high <= begin or end <= low
                if begin <= low < end:
                    return rows, begin_of(x) - begin
        return None, 0


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
