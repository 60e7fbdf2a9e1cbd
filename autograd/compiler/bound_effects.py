"""Bound effects: what a call reads and writes outside of itself, with the arrays of its memory.

Parameters that an optimizer has in one array, one after another, and their gradients likewise, are
written with one call each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.adopted_values import span
from autograd.compiler.tape import side_by_side
from autograd.versions import note_write

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.arrays import Array
    from autograd.compiler.tape import Bound
    from autograd.tensor import Tensor

Effects = Any
"""`Written` of effects.py, which imports this file."""


class BoundEffects:
    """The effects of a program, and arrays.

    Args:
        effects: They.
        arrays: The array of each traced one.
        bound: Tensors whose arrays are known, by their number.
        keeps: Whether the arrays that are kept are among those.
        later: The memory of what is computed after the backward pass; None where nothing is.
    """

    def __init__(
        self, effects: Effects, arrays: Bound, bound: dict[int, Tensor], keeps: bool, later: Any
    ) -> None:
        self.effects, self.arrays = effects, arrays
        self.row_data = [
            (pairs, *(_found(later, pairs) if array is None else (arrays[array], _places(pairs))))
            for array, pairs in effects.row_data.items()
        ]
        some = [pair for pair in effects.row_grads if pair[1] is not None]
        if some:  # side by side in memory, if they are there in another order
            numbers, places = later.found(np.array([row for _, row in some]))
            order = np.argsort(places, kind="stable")
            some = [some[k] for k in order.tolist()]
            self.row_grads = [(some, numbers, span(places[order].tolist()))]
        else:
            self.row_grads = []
        none = [pair for pair in effects.row_grads if pair[1] is None]
        self.row_grads_gone = [none] if none else []
        self.numbers = [arrays.arrays.get(id(x)) for x in effects.numbers]
        self.kept = [arrays[after] for *_, after in effects.kept]
        befores = [before for _, before, _ in effects.kept]
        self.given = None if keeps else [(x.dtype, arrays.arrays.get(id(x))) for x in befores]
        written = {k for k, _ in effects.data} | {k for k, x in effects.grads if x is not None}
        windows = {k: w for k in written & bound.keys() if (w := bound[k]._windows()) is not None}
        data = [(k, windows[k][0], arrays[x]) for k, x in effects.data if k in windows]
        grads = [
            (k, windows[k][1], arrays[x])
            for k, x in effects.grads
            if k in windows and x is not None
        ]
        self.stay = [bound[k] for k, *_ in data]
        self.reached = [(bound[k], window) for k, window, _ in grads]
        self.copies = _joined(data) + _joined(grads)
        self.data = [(k, arrays[x]) for k, x in effects.data if k not in windows]
        self.grads = [
            (k, None if x is None else arrays[x])
            for k, x in effects.grads
            if k not in windows or x is None
        ]

    def fill(
        self,
        tensors: Sequence[Tensor],
        kept: list[Array],
        values: Callable[..., Any],
        numbers: Array,
    ) -> bool:
        """Put in what leaves and optimizers have; False where what is recorded would not do."""
        effects, arrays = self.effects, self.arrays
        found = effects.compute()
        if found is None:
            return False
        for array, number in zip(self.numbers, found, strict=True):
            if array is not None:
                array.fill(number)
        for k, traced in effects.asked:
            grad = tensors[k]._grad
            if (grad is None) != (traced is None):
                return False
            if traced is not None and traced in arrays:
                arrays[traced][...] = grad
        for k, place, is_none in effects.olds:
            number = values(k)._grad
            if (number is None) != is_none:
                return False
            numbers[place] = 0.0 if is_none else number
        if self.given is not None:
            for (dtype, array), now in zip(self.given, kept, strict=True):
                if now.dtype != dtype:
                    return False
                if array is not None:
                    array[...] = now
        for generator, drawn in effects.draws:
            numbers = generator.random(drawn.shape)
            if drawn in arrays:
                arrays[drawn][...] = numbers
        return True

    def write(
        self, tensors: Sequence[Tensor], kept: list[Array], values: Callable[..., Any]
    ) -> None:
        """Change what the function changes, as everything is computed.

        Args:
            tensors: Those of the call.
            kept: The arrays that are kept from call to call.
            values: Gives a leaf of the call, by its number.
        """
        effects = self.effects
        for place, new in self.copies:
            place[...] = new
        if self.stay:
            note_write(*[x._version for x in self.stay])
        for x, window in self.reached:
            x._grad = window
        for k, new in self.data:
            tensors[k]._write(new)
        for k, new in self.grads:
            tensors[k]._grad = None
            if new is not None:
                tensors[k]._receive(new)
        # elements of arrays after these
        for pairs, numbers, places in self.row_data:
            effects.leaves(pairs, values).put(numbers[places])
        for pairs, numbers, places in self.row_grads:
            effects.leaves(pairs, values).set_gradient(numbers[places])
        for pairs in self.row_grads_gone:
            effects.leaves(pairs, values).zero_grad()
        for now, new in zip(kept, self.kept, strict=True):
            now[...] = new
        for owner, name, value in effects.ends:
            setattr(owner, name, value())


def _places(pairs: list[tuple[int, int]]) -> Any:
    return span([place for _, place in pairs])


def _found(later: Any, pairs: list[tuple[int, int]]) -> tuple[Array, Any]:
    """The memory in which the numbers of rows are, and where in it."""
    numbers, places = later.found(np.array([row for _, row in pairs]))
    return numbers, span(places.tolist())


def _joined(copies: list[tuple[int, Any, Any]]) -> list[tuple[Any, Any]]:
    """Where arrays are copied to, and these: as few as possible, since neighbours are one."""
    found: list[tuple[list[Any], list[Any]]] = []
    for _, place, new in copies:
        flat = place.flags.c_contiguous and new.flags.c_contiguous
        sides = (place.reshape(-1), new.reshape(-1)) if flat else (place, new)
        if (
            flat
            and found
            and all(_follows(before, x) for before, x in zip(found[-1], sides, strict=True))
        ):
            for before, x in zip(found[-1], sides, strict=True):
                before.append(x)
        else:
            found.append(([sides[0]], [sides[1]]))
    return [(_row(places), _row(arrays)) for places, arrays in found]


def _follows(before: list[Array], x: Array) -> bool:
    return side_by_side([before[-1], x]) is not None


def _row(arrays: list[Array]) -> Any:
    return arrays[0] if len(arrays) == 1 else side_by_side(arrays)
