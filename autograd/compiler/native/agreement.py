"""Agreement: whether native calls make the same numbers as NumPy's, but for rounding.

The first workspace that gets native calls runs both kinds on the same numbers, before anybody sees
what comes out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.relocation import arrays_in

if TYPE_CHECKING:
    from autograd.arrays import Array

Call = partial[Any]


def agree(sections: list[list[Call]], native: list[list[Call]]) -> bool:
    """Whether both kinds of calls make the same numbers of the same numbers."""
    arrays = {id(x): x for calls in sections for call in calls for x in arrays_in(call)}
    owners = {id(_owner(x)): _owner(x) for x in arrays.values()}
    owned = [x for x in owners.values() if isinstance(x, np.ndarray) and x.flags.writeable]
    before = [x.copy() for x in owned]
    try:
        with np.errstate(all="ignore"):
            for call in (call for calls in sections for call in calls):
                call()
            expected = [x.copy() for x in owned]
            _put_back(owned, before)
            for call in (call for calls in native for call in calls):
                call()
        found = [x.copy() for x in owned]
    finally:
        _put_back(owned, before)  # among them are the parameters of a step
    usual = float(np.median([_largest(x) for x in expected] or [0.0]))
    # float64 numbers may be made of float32 ones
    close = 1e-3 if any(x.dtype == np.float32 for x in arrays.values()) else 1e-9
    return all(are_alike(x, y, usual, close) for x, y in zip(found, expected, strict=True))


def _put_back(arrays: list[Array], numbers: list[Array]) -> None:
    """Let arrays be as they were; those that nothing has changed may be anybody's."""
    for array, before in zip(arrays, numbers, strict=True):
        if array.tobytes() != before.tobytes():
            array[...] = before


def _owner(array: Array) -> Any:
    writeable = array.flags.writeable
    while isinstance(array.base, np.ndarray) and (array.base.flags.writeable or not writeable):
        array = array.base
    return array


def _largest(array: Array) -> float:
    if array.dtype.kind != "f":
        return 0.0
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def are_alike(found: Array, expected: Array, usual: float, close: float) -> bool:
    """Whether numbers are equal but for rounding: of the largest of them, and of what is usual."""
    if expected.dtype.kind != "f":
        return bool((found == expected).all())
    close *= _largest(expected) + usual
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        return bool((same | (np.abs(found - expected) <= close)).all())
