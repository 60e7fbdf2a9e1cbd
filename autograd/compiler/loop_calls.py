"""Loop calls: all rounds of a loop as one list of calls, forward and backward.

Of a round of five neurons that read a sequence there is one list of calls, on buffers of its own,

    dot(w, [x, s], out=t0)      tanh(t0, out=t1)

and from that each round's: what is made lies in the row of the program's memory that holds the
round's results, and its grads likewise. What goes in is read where it lies; if its parts lie
apart, as the x and the s of before, they are put side by side first: the x of all rounds at once.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd.compiler.binding import Bound, root_of
from autograd.compiler.columns import in_turn
from autograd.compiler.gather import choose, taken
from autograd.compiler.loop import Repeated
from autograd.compiler.numpy_calls import DOT, Call
from autograd.compiler.places import View, layout
from autograd.compiler.relocation import Relocation, Rows, arrays_in
from autograd.compiler.repeated_calls import repeated
from autograd.compiler.tape import begin_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from autograd.arrays import Array, BoolArray, FloatArray, IntArray
    from autograd.compiler.tape import Traced

Calls = list[Call]

_writing = threading.RLock()
"""Native code may be made of the calls, by another thread, before they are made first."""

MOST = 2
"""In so many pieces at most numbers are moved by a call each, and not one by one."""


class Rounds(ABC):
    """What the two passes have in common. Each makes its calls for the arrays of its first run."""

    def __init__(self, loop: Repeated) -> None:
        self.loop, self.body, self.emitted = loop, loop.body, loop.emitted
        self.times = len(loop.inputs)
        self.known: Calls | None = None
        self.relocation = Relocation()

    def __call__(self, *arrays: Array) -> None:
        """Run all rounds."""
        for call in self.calls(*arrays):
            call()

    def calls(self, *arrays: Array) -> Calls:
        """All that is done, in order, for the arrays of the first run."""
        with _writing:
            if self.known is None:  # what it takes to write them is not kept
                self.known = type(self)(self.loop)._written(*arrays)
        return self.known

    @abstractmethod
    def _written(self, *arrays: Array) -> Calls:
        """The calls for some arrays."""

    def on(self, *arrays: Array) -> Call:
        """All rounds on some arrays as one call."""
        return partial(type(self)(self.loop), *arrays)

    def _bind(
        self,
        array: Array,
        indices: Array,
        wanted: Sequence[Traced],
        grads: dict[int, Array],
        known: Collection[Traced] = (),
    ) -> Bound:
        """The calls of a round on buffers of its own: `here`; and `enter`, those before all rounds.

        Args:
            array: In which what goes in lies.
            indices: Those of the lookups.
            wanted: What the rounds are to compute.
            grads: Arrays that gradients are to be computed in.
            known: What is there already.
        """
        emitted, body, loop = self.emitted, self.body, self.loop
        self.numbers = np.zeros(body.placement.size)
        self.given = self.numbers[: len(body.given)]
        self.made = self.numbers[body.placement.one_at + 1 :]
        arrays = emitted.within(self.numbers) | grads
        bound = Bound(emitted.tape, [*wanted, emitted.indices], arrays, known=known)
        self.here = [x for section in bound.sections for call in section for x in _within(call)]
        first = loop.inputs[0, body.given]
        self.enter = [partial(taken, array, first, self.given)] * bool(len(first))
        index = np.zeros((self.times, emitted.indices.size), dtype=np.intp)
        self.relocation.add(bound[emitted.indices], index)
        if index.size:
            self.enter.append(partial(taken, indices, loop.loop.indices, index))
        for place, told in emitted.lookups:
            if place in bound:
                chosen = np.zeros((self.times, place.size), dtype=np.intp)
                self.relocation.add(bound[place], chosen)
                self.enter.append(partial(choose, index, *told, out=chosen))
        return bound

    def _inputs(self, array: Array) -> Iterator[tuple[Array, IntArray]]:
        """What goes into the rounds, another in each, and does not lie evenly in the array.

        Yields:
            As the calls of a round read it, and where it is in each round.
        """
        for piece in _pieces(self.given, self.here):
            memory, places = self.given[piece], self.loop.places(piece)
            where = layout(places)
            if (places == places[0]).all():
                continue
            if isinstance(where, View) and _is_row(places).all():
                self.relocation.add(memory, where.of(array))
            else:
                yield memory, places

    def _collected(self, array: Array, places: IntArray) -> FloatArray:
        """The numbers at some places, which are taken before all rounds."""
        collected = np.zeros(places.shape)
        if places.size:
            self.enter.append(partial(taken, array, places, collected))
        return collected

    def _row(self, rows: Rows) -> Array:
        """What stands in the calls of a round for a row that is another in each."""
        row = np.zeros_like(rows[0])
        self.relocation.add(row, rows)
        return row

    def _rounds(self, calls: Calls, some: range) -> Calls:
        """The calls of a round in some rounds."""
        return repeated(calls, self.relocation.rounds, some)


class Forward(Rounds):
    """Become the array of what comes from outside and all results."""

    def _written(self, *arrays: Array) -> Calls:
        outside, indices, out = arrays
        start, rows = self.loop.start, self.loop.rows(out)
        self._bind(out, indices, [x for x, _ in self.emitted.kept], {})
        self.enter.insert(0, partial(np.positive, outside, out[:start]))
        rows[...] = self.made  # what is written in the code is not computed
        self.collecting: Calls = []
        self.after: Calls = []
        for memory, places in self._inputs(out):
            is_late, is_row = (places >= start).any(axis=1), _is_row(places)
            if is_row[is_late].all():  # they are there in time
                seen = [out[k:][: memory.size] for k in in_turn(places[:, 0])]
                apart = np.flatnonzero(~is_row)
                for k, row in zip(apart, self._collected(out, places[apart]), strict=True):
                    seen[k] = row
                self.relocation.add(memory, seen)
            elif not self._hand_on(out, memory, places):
                self.collecting.append(partial(taken, out, self._row(places), memory))
        self.relocation.add(self.made, rows)  # where it is not handed on
        rounds = self._rounds([*self.collecting, *self.here], range(self.times))
        return [*self.enter, *rounds, *self.after]

    def _hand_on(self, out: Array, memory: Array, places: IntArray) -> bool:
        """Let results be computed at once where the next round collects them; if that can be.

        From there all of them are copied to the array in the end, if nobody reads them before.
        """
        start, size = self.loop.start, self.made.size
        every = self.loop.places(slice(None))
        uses = np.bincount((every[every >= start] - start) % size, minlength=size)
        columns = np.flatnonzero((places >= start).any(axis=0))
        among = places[1:, columns] - start - size * np.arange(self.times - 1)[:, None]
        if (among != among[0]).any() or among.min() < 0 or among.max() >= size:
            return False  # they are not all of the round before
        seen = [byte_bounds(x) for call in self.here for x in arrays_in(call) if x.size]
        first, last = (np.array(seen, np.int64).T - begin_of(self.made)) // self.made.itemsize
        runs = [(among[0, k], *more) for k, *more in _runs(among[:1], columns)]
        for low, _, count in runs:
            here = (first < low + count) & (low < last)
            apart = (first[here] >= low).all() and (last[here] <= low + count).all()
            if not apart or (uses[low : low + count] >= self.times).any():
                return False
        collected = self._collected(out, np.append(places, places[-1:], axis=0))
        for low, column, count in runs:
            results, there = self.made[low:][:count], collected[1:, column:][:, :count]
            there[...] = results  # where nothing is computed
            self.relocation.add(results, there)
            self.after.append(partial(np.positive, there, self.loop.rows(out)[:, low:][:, :count]))
        self.relocation.add(memory, collected[:-1])
        return True


class Backward(Rounds):
    """Become the grads of that array, but for what all rounds share; the last round is first."""

    def _written(self, *arrays: Array) -> Calls:
        numbers, given, indices, out = arrays
        emitted, begin = self.emitted, self.body.placement.one_at + 1
        grads_made = np.zeros(self.body.results)
        grads, wanted = {}, []
        for seed, total, at in self.body.ends:  # what comes in becomes the gradient in its place
            here = grads_made[at - begin : at - begin + total.size].reshape(total.shape)
            for x in (seed, total):
                if x is not None:
                    grads[id(x)] = here
                    wanted.append(x)
        if emitted.gradient is not None:
            wanted.append(emitted.gradient)
        known = {x for x, _ in emitted.kept}
        bound = self._bind(numbers, indices, wanted, grads, known)
        for memory, places in self._inputs(numbers):
            self.relocation.add(memory, self._collected(numbers, places))
        self.relocation.add(self.made, self.loop.rows(numbers))
        self.relocation.add(grads_made, self.loop.rows(out))
        self._take_ahead(grads_made)
        self.enter.insert(0, partial(np.positive, given, out))
        if emitted.gradient is None or not self.loop.needing.size:
            return self.enter + self._rounds(self.here, range(self.times)[::-1])
        return self.enter + self._adding(out, bound[emitted.gradient])

    def _take_ahead(self, carried: Array) -> None:
        """Make calls that read nothing that rounds hand on for all rounds at once, before these.

        Of a tanh backward that is `1 - t1 * t1`; what they make gets a row for each round.
        """
        calls, self.here = self.here, []
        writers = Counter(id(root_of(x)) for call in calls for x in _changed(call))
        writers[id(carried)] += 1
        del writers[id(self.numbers)]  # they are known
        for call in calls:
            *given, target = call.args if _is_elementwise(call) else [self.numbers]
            if (
                target.base is not None
                or target is self.numbers
                or writers[id(target)] > 1
                or any(writers[id(root_of(x))] for x in arrays_in(given))
            ):
                self.here.append(call)
                continue
            table = np.zeros((self.times, *target.shape), target.dtype)
            seen = [self.relocation.at_once(x, target.ndim) for x in given]
            self.relocation.add(target, table.reshape(self.times, -1))
            del writers[id(target)]
            self.enter.append(partial(call.func, *seen, table))

    def _adding(self, out: Array, grads: FloatArray) -> Calls:
        """The rounds, with what adds the grads of what goes into each where they belong."""
        places = self.loop.places(self.loop.needing)
        columns = self.loop.needing - self.body.placement.graph.data_size
        every = partial(_add_at, out, self._row(places), grads, columns)
        runs = _runs(places[1:], columns)
        if len(runs) > MOST:
            return self._rounds([*self.here, every], range(self.times)[::-1])
        calls = [*self.here]
        for k, column, count in runs:
            firsts = [0, *in_turn(places[1:, k])]
            row = self._row([out[first:][:count] for first in firsts])
            calls.append(partial(np.add, row, grads[column:][:count], row))
        first = self._rounds([*self.here, every], range(1))
        return self._rounds(calls, range(1, self.times)[::-1]) + first


def _within(call: Call) -> Calls:
    """The calls of a loop, if a call is one: made for one round, they are moved to the others."""
    return call.func.calls(*call.args) if isinstance(call.func, Rounds) else [call]


def _add_at(out: Array, places: IntArray, grads: Array, columns: IntArray) -> None:
    np.add.at(out, places, grads[columns])


def _is_row(places: IntArray) -> BoolArray:
    """Of each line of places whether they lie side by side."""
    found: BoolArray = (np.diff(places) == 1).all(axis=1)
    return found


def _runs(places: IntArray, columns: IntArray) -> list[tuple[int, int, int]]:
    """Where columns, and the places in every line, go on side by side.

    Returns:
        For each such run at which place in a line it begins, with which column, and its length.
    """
    apart = (np.diff(places) != 1).any(axis=0) | (np.diff(columns) != 1)
    begins = np.flatnonzero(np.append(True, apart))
    counts = np.diff(begins, append=len(columns))
    return list(zip(*map(in_turn, (begins, columns[begins], counts)), strict=True))


def _changed(call: Call) -> list[Array]:
    """The arrays that a call may change."""
    plain = isinstance(call.func, np.ufunc) or call.func in (DOT, taken)
    return [call.args[-1]] if plain and not call.keywords else [*arrays_in(call)]


def _is_elementwise(call: Call) -> bool:
    function, args = call.func, call.args
    if not isinstance(function, np.ufunc) or function.signature is not None or call.keywords:
        return False
    return len(args) == function.nin + 1 and args[-1].size > 0


def _pieces(memory: Array, calls: Calls) -> list[slice]:
    """Which parts of a memory the calls' arrays are; of those that overlap, one."""
    begin, end = byte_bounds(memory)
    found: list[slice] = []
    for low, high in sorted({byte_bounds(x) for call in calls for x in arrays_in(call) if x.size}):
        if begin <= low < end:
            first, last = ((x - begin) // memory.itemsize for x in (low, high))
            if found and first < found[-1].stop:
                first, last = found[-1].start, max(last, found.pop().stop)
            found.append(slice(first, last))
    return found
