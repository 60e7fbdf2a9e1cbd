"""Outside arrays: the plain arrays that a function uses while it is recorded.

Each is copied when it is used, as it may be written to later. A large one from outside is not
compared at every call, but read where it lies, if nothing but calls on arrays has read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.refusals import refusal
from autograd.compiler.watch import LARGE

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.tape import Tape, Traced

SAMPLE = 256
"""So many numbers of a large array tell whether it was written to before the backward pass."""


class OutsideArrays:
    """The plain arrays that were used.

    Attributes:
        used: Each, and what stands for it, as it was then.
        in_operations: What stands for those that the backward pass of an operation may read.
        live: Some numbers of these, if they are read where they lie.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.known: dict[int, Traced] = {}
        self.used: list[tuple[Array, Traced]] = []
        self.in_operations: set[Traced] = set()
        self.live: list[Array] = []

    def keep(self, array: Array, by_operation: bool = False) -> Traced:
        """The numbers of a plain array as they are now, as it may change; see `settle`."""
        known = self.known.get(id(array))
        if known is None or not _equal(known.array, array):
            known = self.known[id(array)] = self.tape.source(array.copy("K"), fixed=True)
            self.used.append((array, known))
        if by_operation:
            self.in_operations.add(known)
        return known

    def settle(
        self, outside: Mapping[int, object], numbers: set[float], constants: Sequence[float]
    ) -> set[int]:
        """Take large arrays from outside as they are at each replay; of others, copies.

        Args:
            outside: What the function finds around it, by its id.
            numbers: The floats that stand in its code and around it.
            constants: Those that it computed with.

        Returns:
            The ids of those that nothing but calls on arrays has read, as far as can be seen.
        """
        used, self.used, self.known = self.used, [], {}
        owners = {id(array): _owner(array, outside) for array, _ in used}
        if any(owners[id(array)] and not _equal(array, known.array) for array, known in used):
            raise refusal("using an array from outside that it writes to")
        # an array that was made inside, or a number, may have been computed from one from outside
        floats = *constants, *_floats([(x.args, x.options) for x in self.tape.steps])
        if None in owners.values() or not numbers.issuperset(floats):
            return set()
        if any(x.strides != known.array.strides for x, known in used):
            return set()
        for array, known in used:
            owner = outside[owners[id(array)] or 0]
            if isinstance(owner, np.ndarray) and owner.nbytes > LARGE:
                known.array = array
                if known in self.in_operations:
                    self.live.append(array.reshape(-1)[:: 1 + array.size // SAMPLE])
        return {owner for owner in owners.values() if owner}


def _equal(x: Array, y: Array) -> bool:
    return np.array_equal(x, y, equal_nan=x.dtype.kind == "f")


def _owner(array: object, outside: Mapping[int, object]) -> int | None:
    """Which of some arrays, by their ids, an array is or shows a part of."""
    while isinstance(array, np.ndarray):
        if isinstance(outside.get(id(array)), np.ndarray):
            return id(array)
        array = array.base
    return None


def _floats(tree: object) -> Iterator[float]:
    """The floats in nested arguments."""
    if isinstance(tree, (float, np.floating)):
        yield float(tree)
    elif isinstance(tree, (tuple, list, dict)):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _floats(part)
