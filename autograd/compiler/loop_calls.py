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
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd.compiler.binding import bind
from autograd.compiler.columns import in_turn
from autograd.compiler.gather import taken
from autograd.compiler.loop import Repeated
from autograd.compiler.numpy_calls import DOT, Call
from autograd.compiler.relocation import Places, Relocation, arrays_in, rows_of
from autograd.compiler.repeated_calls import rolled

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from autograd.arrays import Array, FloatArray, IntArray
    from autograd.compiler.binding import Bound
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
        self.known: Calls | None = None
        self.after: Calls = []
        self.parts: dict[tuple[int, int], FloatArray] = {}  # of the grads of what goes in

    def __call__(self, *arrays: Array) -> None:
        """Run all rounds."""
        for call in self.calls(*arrays):
            call()

    def calls(self, *arrays: Array) -> Calls:
        """All that is done, in order, for the arrays of the first run."""
        if self.known is None:
            with _writing:
                if self.known is None:
                    self.known = self._written(*arrays)
        return self.known

    @abstractmethod
    def _written(self, *arrays: Array) -> Calls:
        """The calls for some arrays."""

    def on(self, *arrays: Array) -> Call:
        """All rounds on some arrays as one call."""
        return partial(type(self)(self.loop), *arrays)

    def _bind(
        self, wanted: Sequence[Traced], grads: dict[int, Array], known: Collection[Traced] = ()
    ) -> Bound:
        """The calls of a round on buffers of its own."""
        emitted = self.emitted
        self.numbers = np.zeros(self.body.placement.size)
        self.given = self.numbers[: len(self.body.given)]
        arrays = emitted.within(self.numbers) | grads
        wanted = [*wanted, emitted.indices, emitted.chosen]
        return bind(emitted.tape, wanted, arrays, known=known)

    def _rounds(
        self, bound: Bound, array: Array, made: list[tuple[FloatArray, Array]]
    ) -> list[Calls]:
        """The calls of each round, but for those that are made for all rounds ahead.

        Args:
            bound: Those of one round.
            array: In which what goes in lies.
            made: Of its buffers those that hold results, each with the array for all rounds; of the
                last of them one round hands numbers on to the next.
        """
        calls = [x for section in bound.sections for call in section for x in _within(call)]
        found: list[Calls] = [[] for _ in self.loop.inputs]
        relocation = Relocation()
        lookups = [bound[self.emitted.indices], bound[self.emitted.chosen]]
        self.lookups = [np.zeros((len(found), x.size), dtype=np.intp) for x in lookups]
        for memory, table in zip(lookups, self.lookups, strict=True):
            relocation.add(memory, rows_of(table, len(found)))
        pieces = [x for x in _pieces(self.given, calls) if self.body.moving[x].any()]
        inputs = [_Inputs(self.loop.places(piece)) for piece in pieces]
        self.inputs = [x for x in inputs if not all(x.beside)]
        if array is made[-1][1]:
            self._hand_on(relocation, calls, *made[-1], inputs)
        for memory, results in made:  # where it is not handed on
            relocation.add(memory, rows_of(results, len(found), self.loop.start))
        carried = [made[-1][0]]
        for piece, x in zip(pieces, inputs, strict=True):
            relocation.add(self.given[piece], x.seen(array))
            if array is made[-1][1] and (x.places >= self.loop.start).any():
                carried.append(self.given[piece])
        self.ahead, calls = _split(calls, relocation, carried, len(found))
        for call in calls:
            for each, here in zip(found, relocation.calls(call, len(found)), strict=True):
                each.append(here)
        return found

    def _hand_on(
        self,
        relocation: Relocation,
        calls: Calls,
        memory: FloatArray,
        array: Array,
        inputs: list[_Inputs],
    ) -> None:
        """Let results be computed at once where the next round collects them.

        From there all of them are copied to the array in the end, if nobody reads them before.
        """
        start, size = self.loop.start, memory.size
        places = np.concatenate([x.places.ravel() for x in inputs])
        uses = np.bincount((places[places >= start] - start) % size, minlength=size)
        seen = _bounds([x for call in calls for x in arrays_in(call)]).astype(np.int64)
        first, last = ((seen - byte_bounds(memory)[0]) // memory.itemsize).T
        for x in self.inputs:
            pieces = x.from_the_round_before(start, size)
            for begin, _, count in pieces:
                here = (first < begin + count) & (begin < last)
                apart = (first[here] >= begin).all() and (last[here] <= begin + count).all()
                if not apart or (uses[begin : begin + count] >= len(x.places)).any():
                    break
            else:
                for begin, column, count in pieces:
                    results = memory[begin : begin + count]
                    relocation.add(results, x.handed_on(column, results))
                    there = self.loop.rows(array)[:, begin : begin + count]
                    collected = x.collected[1:, column : column + count]
                    self.after.append(partial(np.positive, collected, there))

    def _enter(self, array: Array, indices: Array) -> Calls:
        """The calls that put in what is known before the first round."""
        first = self.loop.inputs[0, self.body.given]
        found: Calls = [partial(taken, array, first, self.given)] * bool(len(first))
        found += [
            partial(taken, array, x.places, x.collected[: len(x.places)]) for x in self.inputs
        ]
        places, (index, chosen) = self.loop.loop.indices, self.lookups
        if places.size:
            found.append(partial(taken, indices, places, index))
            found.append(partial(self.emitted.choose, index, chosen))
        return found + self.ahead


class Forward(Rounds):
    """Become the array of what comes from outside and all results."""

    def _written(self, *arrays: Array) -> Calls:
        outside, indices, out = arrays
        begin = self.body.placement.one_at + 1
        bound = self._bind([x for x, _ in self.emitted.kept], {})
        made = self.numbers[begin:]
        rounds = self._rounds(bound, out, [(made, out)])
        self.loop.rows(out)[...] = made  # some of that is not computed: what is written in the code
        for k, each in enumerate(rounds):
            inputs = (x for x in self.inputs if not (x.beside[k] or x.handed))
            each[:0] = (call for x in inputs for call in x.collect(out, k, self.loop.start))
        copy = partial(np.positive, outside, out[: self.loop.start])
        return [copy, *self._enter(out, indices), *rolled(rounds), *self.after]


class Backward(Rounds):
    """Become the grads of that array, but for what all rounds share; the last round is first."""

    def _written(self, *arrays: Array) -> Calls:
        numbers, given, indices, out = arrays
        body, emitted = self.body, self.emitted
        begin = body.placement.one_at + 1
        made_grads = np.zeros(body.results)
        grads, wanted = {}, []
        for seed, total, at in body.ends:  # what comes in becomes the gradient in its place
            here = made_grads[at - begin : at - begin + total.size].reshape(total.shape)
            for x in (seed, total):
                if x is not None:
                    grads[id(x)] = here
                    wanted.append(x)
        if emitted.gradient is not None:
            wanted.append(emitted.gradient)
        bound = self._bind(wanted, grads, known={x for x, _ in emitted.kept})
        made = [(self.numbers[begin:], numbers), (made_grads, out)]
        rounds = self._rounds(bound, numbers, made)
        needing = self.loop.needing
        if emitted.gradient is not None and len(needing):
            slopes_of_given = bound[emitted.gradient]
            columns = needing - body.placement.graph.data_size
            for each, places in zip(rounds, self.loop.places(needing), strict=True):
                each.extend(self._added(out, places, slopes_of_given, columns))
        backward = rolled(rounds[::-1])
        return [partial(np.positive, given, out), *self._enter(numbers, indices), *backward]

    def _added(
        self, out: Array, places: IntArray, grads: FloatArray, columns: IntArray
    ) -> Iterator[Call]:
        """The calls that add some of the grads where they belong."""
        pieces = _in_one_piece(places, columns)
        if len(pieces) > MOST:
            yield partial(_add_at, out, places, grads, columns)
            return
        for first, column, count in pieces:
            more = self.parts.setdefault((column, count), grads[column : column + count])
            here = out[first : first + count]
            yield partial(np.add, here, more, here)


def _within(call: Call) -> Calls:
    """The calls of a loop, if a call is one: made for one round, they are moved to the others."""
    return call.func.calls(*call.args) if isinstance(call.func, Rounds) else [call]


def _add_at(out: Array, places: IntArray, grads: Array, columns: IntArray) -> None:
    np.add.at(out, places, grads[columns])


def _in_one_piece(places: IntArray, columns: IntArray) -> list[tuple[int, int, int]]:
    """Where places and columns go on side by side: the first of each, and how many."""
    breaks = np.flatnonzero((np.diff(columns) != 1) | (np.diff(places) != 1)) + 1
    begins = [0, *breaks.tolist()] if len(places) else []
    counts: list[int] = np.diff([*begins, len(places)]).tolist()
    return list(zip(in_turn(places[begins]), in_turn(columns[begins]), counts, strict=True))


class _Inputs:
    """Some of what goes into each round, which the calls read together.

    Attributes:
        places: For each round where it is.
        beside: For each round whether it lies side by side.
        collected: Where it is put if it does not, with one line more than there are rounds.
        handed: Whether the rounds put there what comes from the one before.
    """

    def __init__(self, places: IntArray) -> None:
        self.places = places
        found = (places == places[:, :1] + np.arange(places.shape[1])).all(axis=1)
        self.beside: list[bool] = found.tolist()
        self.collected = np.zeros((len(places) + 1, places.shape[1] * (not found.all())))
        self.handed = False

    def seen(self, array: Array) -> Places:
        """For each round where it is read."""
        firsts, (arrays, offsets) = (
            self.places[:, 0] * 8,
            rows_of(self.collected[:-1], len(self.places)),
        )
        there = [array if beside else x for beside, x in zip(self.beside, arrays, strict=True)]
        found: list[int] = np.where(self.beside, firsts, offsets).tolist()
        return there, found

    def from_the_round_before(self, start: int, size: int) -> list[tuple[int, int, int]]:
        """What each round hands on to the next: where among its results, the column, how many.

        Nothing if it is not the only thing that rounds make which is collected.
        """
        made = np.flatnonzero((self.places >= start).any(axis=0))
        shift = start + size * np.arange(len(self.places) - 1)[:, None]
        among = self.places[1:, made] - shift
        if not ((among == among[:1]) & (among >= 0) & (among < size)).all():
            return []
        return _in_one_piece(among[0], made)

    def handed_on(self, column: int, numbers: Array) -> Places:
        """Where each round puts what it hands on; these numbers, where nothing is."""
        self.collected[1:, column : column + len(numbers)] = numbers
        self.beside = [False for _ in self.beside]
        self.handed = True
        arrays, offsets = rows_of(self.collected, len(self.collected))
        return arrays[1:], [x + column * self.collected.itemsize for x in offsets[1:]]

    def collect(self, array: Array, k: int, start: int) -> Iterator[Call]:
        """The calls that put the results of earlier rounds, from `start` on, among a round's."""
        places, here = self.places[k], self.collected[k]
        made = np.flatnonzero(places >= start)
        pieces = _in_one_piece(places[made], made)
        if len(pieces) > MOST:
            some = slice(made[0], made[-1] + 1)
            yield partial(taken, array, places[some], here[some])
            return
        for first, column, count in pieces:
            yield partial(np.positive, array[first : first + count], here[column : column + count])


def _split(
    calls: Calls, relocation: Relocation, carried: list[Array], times: int
) -> tuple[Calls, Calls]:
    """The calls for all rounds at once that read nothing that rounds hand on, and the others.

    Of a tanh backward that is `1 - t1 * t1`; what they make gets a row for each round.
    """
    changed = _bounds([*carried, *(x for call in calls for x in _changed(call))])
    used = _bounds([x for call in calls for x in arrays_in(call)])
    ahead, others = [], []
    for call in calls:
        seen: list[object] = [None]
        unwritten = changed
        if _is_elementwise(call):
            *given, target = call.args
            ((low, high),) = _bounds([target])
            mine = (changed[:, 0] < high) & (low < changed[:, 1])
            users = used[(used[:, 0] < high) & (low < used[:, 1])]
            steady = target.size and not any(
                ((changed[:, 0] < end) & (begin < changed[:, 1])).any()
                for begin, end in _bounds([x for x in given if isinstance(x, np.ndarray)])
            )
            if (
                steady
                and mine.sum() == 1
                and (users[:, 0] >= low).all()
                and (users[:, 1] <= high).all()
            ):
                seen = [relocation.at_once(x, target.ndim) for x in given]
                unwritten = changed[~mine]
        if any(x is None for x in seen):
            others.append(call)
            continue
        table = np.zeros((times, *target.shape), target.dtype)
        relocation.add(target, rows_of(table, times))
        changed = unwritten
        ahead.append(partial(call.func, *seen, table))
    return ahead, others


def _bounds(arrays: list[Array]) -> NDArray[np.uintp]:
    """Begin and end of each array's memory, in lines."""
    return np.array([byte_bounds(x) for x in arrays if x.size], dtype=np.uintp).reshape(-1, 2)


def _changed(call: Call) -> list[Array]:
    """The arrays that a call may change."""
    plain = isinstance(call.func, np.ufunc) or call.func in (DOT, taken)
    return [call.args[-1]] if plain and not call.keywords else [*arrays_in(call)]


def _is_elementwise(call: Call) -> bool:
    function, args = call.func, call.args
    if not isinstance(function, np.ufunc) or function.signature is not None or call.keywords:
        return False
    return len(args) == function.nin + 1 and bool(args[-1].flags.c_contiguous)


def _pieces(memory: Array, calls: Calls) -> list[slice]:
    """Which parts of a memory the calls' arrays are; of those that overlap, one."""
    begin, end = byte_bounds(memory)
    bounds = {byte_bounds(x) for call in calls for x in arrays_in(call) if x.size}
    inside = np.array(sorted(x for x in bounds if begin <= x[0] < end)).reshape(-1, 2)
    first, last = (inside - begin).T // memory.itemsize
    reach = np.maximum.accumulate(last)
    starts = np.flatnonzero(np.concatenate([[True], first[1:] >= reach[:-1]])[: len(first)])
    ends = reach[np.append(starts[1:], len(first))[: len(starts)] - 1]
    return [
        slice(low, high) for low, high in zip(first[starts].tolist(), ends.tolist(), strict=True)
    ]
