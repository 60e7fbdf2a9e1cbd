"""Bound effects: what a call reads and writes outside of itself, with the arrays of its memory.

Parameters that an optimizer has in one array, one after another, and their gradients likewise, are
written with one call each.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd.adopted_values import GatheredValues, span
from autograd.compiler.binding import side_by_side
from autograd.compiler.effects import BRING, FORGET
from autograd.compiler.tape import Traced
from autograd.versions import latest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.arrays import Array, FloatArray, IntArray
    from autograd.compiler.arguments import Given
    from autograd.compiler.binding import Bound
    from autograd.compiler.effects import Written
    from autograd.compiler.numpy_calls import Call
    from autograd.tensor import Tensor


class BoundEffects:
    """The effects of a program in the memory of a call.

    Args:
        effects: The effects.
        arrays: The arrays of the call.
        numbers: All numbers of rows, as they lie in memory.
        at: Where in it each is.
        bound: The arrays of Tensors from outside that it computes with where they are.
        kept: Likewise those that are kept from call to call.
        returned: The arrays that are returned, or copied for that.

    Attributes:
        ahead: The calls that are made before anything is written.
        rows: What happens to Values: a method of GatheredValues, the Values if they are the same at
            each call, their numbers among the leaves, and in which memory new numbers are, where.
    """

    def __init__(
        self, effects: Written, arrays: Bound, numbers: FloatArray, at: IntArray,
        bound: Mapping[Tensor, Array], kept: Sequence[Array], returned: Sequence[Array],
    ) -> None:  # fmt: skip
        self.effects, self.arrays, self.numbers_of_rows, self.at = effects, arrays, numbers, at
        bounds = [byte_bounds(x) for x in (*bound.values(), *kept) if x.size]
        self._outside = np.array(bounds, dtype=np.uintp).reshape(-1, 2).T
        self._apart: dict[int, Array] = {}
        self.ahead: list[Call] = []
        self.numbers = [arrays.arrays.get(id(x)) for x in self.effects.numbers]
        self.filled: tuple[float, ...] = ()  # what is in those
        self.kept = [self.new(after) for *_, after in self.effects.kept]
        self._bind_tensors(bound)
        self.now_reached: list[tuple[Array, Any]] = []
        self.rows: list[tuple[Any, GatheredValues | None, list[int], Array | None, Any]] = []
        self._bind_rows()
        self.copies += [(now, ..., new) for now, new in zip(kept, self.kept, strict=True)]
        self.copying = [*self.ahead, *self.collecting] + [
            partial(array.__setitem__, where, new) for array, where, new in self.copies
        ]
        self.has_others = bool(self.data or self.grads or self.rows)
        self.copies_at_once = self._may_copy_at_once(returned)
        self.is_plain = not (self.effects.asked or self.effects.olds or self.effects.draws)

    def new(self, x: Traced) -> Array:
        """What is written somewhere, as it is before anything is.

        After `target.data = p.data` it lies in p's own array, which is written to as well: such a
        one is copied first.
        """
        array: Array = self.arrays[x]
        if id(x) not in self._apart:
            (low, high), (begins, ends) = byte_bounds(array), self._outside
            if ((begins < high) & (low < ends)).any():
                self._apart[id(x)] = np.zeros_like(array)
                self.ahead.append(partial(np.positive, array, self._apart[id(x)]))
        return self._apart.get(id(x), array)

    def _bind_tensors(self, bound: Mapping[Tensor, Array]) -> None:
        """New numbers and gradients; those of Parameters are copied to where they stay."""
        effects = self.effects
        grads = [(k, None if x is None else self.new(x)) for k, x in effects.grads]
        changed = {k for k, _ in effects.data} | {k for k, x in grads if x is not None}
        tensors = {k: effects.tensors[k] for k in changed}
        windows = {k: x._windows() for k, x in tensors.items() if x in bound}
        windows = {k: pair for k, pair in windows.items() if pair is not None}
        data = [(windows[k][0], self.new(x)) for k, x in effects.data if k in windows]
        here = [(k, new) for k, new in grads if k in windows and new is not None]
        self.stay = [tensors[k]._version for k, _ in effects.data if k in windows]
        self.reached = [(tensors[k], windows[k][1]) for k, _ in here]
        both = joined(data) + joined([(windows[k][1], new) for k, new in here])
        self.copies: list[tuple[Array, Any, Array]] = [(place, ..., new) for place, new in both]
        self.data: list[tuple[int, Array]] = [
            (k, self.new(x)) for k, x in effects.data if k not in windows
        ]
        self.grads: list[tuple[int, Array | None]] = [
            (k, new) for k, new in grads if k not in windows or new is None
        ]

    def _may_copy_at_once(self, returned: Sequence[Array]) -> bool:
        """Whether the copies may be the last calls forward: what they replace nobody reads later.

        Guards decide later whether anything is changed, a result may be what was there before, and
        where the call is no step its backward pass comes later.
        """
        places = [array for array, *_ in self.copies]
        apart = not any(np.may_share_memory(x, place) for x in returned for place in places)
        return apart and self.effects.is_step and not self.effects.run.is_guarded()

    def found(
        self, array: Traced | None, pairs: list[tuple[int, int]]
    ) -> tuple[list[tuple[int, int]], Array, Any]:
        """Pairs of a Value and its number or gradient; the memory of those, and where in it.

        Rows are taken in their order in memory, to lie side by side.
        """
        if array is not None:
            return pairs, self.arrays[array], span([place for _, place in pairs])
        at = self.at
        pairs = sorted(pairs, key=lambda pair: int(at[pair[1]]))
        return pairs, self.numbers_of_rows, span([int(at[row]) for _, row in pairs])

    def _bind_rows(self) -> None:
        """New numbers and gradients of Values; where a copy writes all of them, that is noted.

        Rows that do not lie side by side, as where many get the same 0, are collected before that.
        """
        graph = self.effects.run.graph
        self.collecting: list[Call] = []
        for (method, array), pairs in self.effects.of_values.items():
            numbers = homes = None
            places: Any = None
            if method is not FORGET:
                pairs, numbers, places = self.found(array, pairs)  # noqa: PLW2901 (in their order)
            leaves = [leaf for leaf, _ in pairs]
            known = None  # where some are arguments
            if min(leaves) >= graph.value_count:
                known = GatheredValues([graph.leaves[k] for k in leaves])
                homes = known.homes()
            if homes is None or numbers is None:
                self.rows.append((method, known, leaves, numbers, places))
                continue
            for here, store, there in homes:
                new, where = numbers[places][here], there
                if type(places) is not slice:  # so new is a copy, which each call fills
                    everywhere = np.arange(store.data.size)[there]
                    order = np.argsort(everywhere)
                    where, at = span(everywhere[order].tolist()), places[here][order]
                    self.collecting.append(partial(numbers.take, at, out=new, mode="clip"))
                self.copies.append((store.grad if method is BRING else store.data, where, new))
                if method is BRING:
                    self.now_reached.append((store.reached, where))

    def fill(self, tensors: Sequence[Tensor], given: Given) -> bool:
        """Put in what leaves and optimizers have; False where what is recorded would not do."""
        effects, arrays = self.effects, self.arrays
        found = effects.compute()
        if found is None:
            return False
        if found != self.filled or 0.0 in found:  # which may have been -0.0
            for array, number in zip(self.numbers, found, strict=True):
                if array is not None:
                    array[()] = number
            self.filled = found
        if self.is_plain:  # as nearly always
            return True
        for k, traced in effects.asked:
            grad = tensors[k]._grad
            if (grad is None) != (traced is None):
                return False
            if traced is not None and traced in arrays:
                arrays[traced][...] = grad
        for k, place, is_none in effects.olds:
            number = effects.run.graph.leaf(k, given.values)._grad
            if (number is None) != is_none:
                return False
            self.numbers_of_rows[place] = 0.0 if is_none else number
        for generator, drawn in effects.draws:
            numbers = generator.random(drawn.shape)
            if drawn in arrays:
                arrays[drawn][...] = numbers
        return True

    def write(self, tensors: Sequence[Tensor], given: Given) -> None:
        """Change what the function changes, as everything is computed.

        Args:
            tensors: Those of the call.
            given: Its arguments.
        """
        if not self.copies_at_once:
            for call in self.copying:
                call()
        if self.stay:
            latest.number = number = latest.number + 1
            for version in self.stay:
                version.number = number
        for x, window in self.reached:
            x._grad = window
        for flags, there in self.now_reached:
            flags[there] = True
        if self.has_others:
            self._write_others(tensors, given)
        for owner, name, value in self.effects.ends:
            setattr(owner, name, value())

    def _write_others(self, tensors: Sequence[Tensor], given: Given) -> None:
        """Change what does not stay in one place."""
        for k, array in self.data:
            tensors[k]._write(array)
        for k, grad in self.grads:
            tensors[k]._grad = None
            if grad is not None:
                tensors[k]._receive(grad)
        leaf = self.effects.run.graph.leaf
        for method, known, leaves, numbers, places in self.rows:
            values = known or GatheredValues([leaf(k, given.values) for k in leaves])
            if numbers is None:
                method(values)
            else:
                method(values, numbers[places])


def joined(copies: Sequence[tuple[Array, Array]]) -> list[tuple[Array, Array]]:
    """Where arrays are copied to, and these: as few as possible, since neighbours are one."""
    found: list[tuple[list[Array], list[Array]]] = []
    for place, new in copies:
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


def _row(arrays: list[Array]) -> Array:
    row = arrays[0] if len(arrays) == 1 else side_by_side(arrays)
    assert row is not None  # each follows the one before
    return row
