"""Programs: one recorded path of a function, as something that can be repeated.

A `Program` is what record, raise, place and emit have made of one run of a function. A `Workspace`
is the memory for one call of it: the buffers, and the calls with their arrays filled in. A call
takes a free workspace, or makes one, and its results hold it until they are thrown away; so two
results can be alive at once, and threads do not meet.

The memory of five neurons is an array of 28 numbers, of which 15 are leaves, and their gradient.
"""

from __future__ import annotations

import functools
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import modes
from autograd.adopted_values import GatheredValues, adopt, span
from autograd.compiler.binding import Bound
from autograd.compiler.bound_effects import BoundEffects, joined
from autograd.compiler.columns import in_turn
from autograd.compiler.conditions import Conditions
from autograd.compiler.effects import State, Written
from autograd.compiler.emit import Emitted
from autograd.compiler.graph import DETACH, GATHER
from autograd.compiler.numpy_calls import Call, begun_soonest
from autograd.compiler.outputs import CompiledOp
from autograd.compiler.passes import Ends, without_modes
from autograd.compiler.place import place
from autograd.compiler.raising import raise_graph
from autograd.compiler.reached import Reached
from autograd.compiler.record import Recording, StandIn
from autograd.compiler.tape import SOURCE, Traced
from autograd.node import gradients, topological
from autograd.tensor import Tensor
from autograd.transforms import running

if TYPE_CHECKING:
    from autograd.arrays import Array, BoolArray, FloatArray, IntArray
    from autograd.compiler.arguments import Given
    from autograd.compiler.graph import Relation

    Guard = tuple[Relation, partial[Any], partial[Any], BoolArray]
    """A comparison, what gives its two sides, and how each pair of numbers came out."""


class Program:
    """One recorded path.

    Attributes:
        raised: The instructions on single numbers.
        emitted: The same as NumPy calls.
        tape: The NumPy calls on arrays.
        own: The outputs that are no other one before; of each output which of them it is in
            `places`, unless all are.
        outputs: What the function returned: rows (ints), tensors, traced arrays, or what it was
            passed.
        rebuild: What puts results together as they are returned.
        op: What they name as their operation.
        graded: How many outputs can be differentiated.
        tensors: (Tensor from outside, its stand-in) for each that is used.
        running: Whether it was recorded inside a transform, where derivatives of floats are nodes.
        outside: The ids of what is no argument, where arguments may change; else empty.
        closed: Tensors from outside that the function can see, and whether each required a
            gradient: it may have asked.
    """

    def __init__(
        self, recording: Recording, outputs: list[Any], rebuild: Callable[[list[Any]], Any],
        op: CompiledOp, around: Sequence[Tensor],
    ) -> None:  # fmt: skip
        self.rebuild, self.op = rebuild, op
        self.recording, self.graph, self.tape = recording, recording.graph, recording.tape
        self.outputs = outputs
        self.tensors = list(recording.tensors.values())
        self.array_arguments = list(recording.arguments)
        self.packing = struct.Struct(f"{len(recording.floats)}d")  # four times as fast as a slice
        self.value_count, self.tensor_count = self.graph.value_count, recording.tensor_count
        self.running = running()
        self.result_rows = sorted({x for x in outputs if isinstance(x, int)})
        keys = [x if isinstance(x, int) else id(x) for x in outputs]
        places = {key: k for k, key in enumerate(dict.fromkeys(keys))}
        own = {key: k for k, key in reversed([*enumerate(keys)])}
        self.own = [own[key] for key in places]
        self.places = None if len(places) == len(keys) else [places[key] for key in keys]
        self.effects = Written(recording)
        self.effects.check_results(outputs)
        self.is_step = self.effects.is_step
        self.under_grad = modes.recording()
        self.guarded = recording.is_guarded()
        closed = self.tensors[self.tensor_count :]
        self.outside: frozenset[int] = frozenset()
        if self.effects and self.value_count + self.tensor_count:
            self._tell_arguments_apart(closed)
        numbers = self.graph.leaves[self.value_count :] if self.is_step else ()
        holders = [x.home.holder for x in numbers if x.home is not None]
        seen = {id(x): x for x in (*(x for x, _ in closed), *around, *holders)}.values()
        self.closed = [(x, x.requires_grad) for x in seen]
        self.lifted = list(recording.values.values())
        sources = {id(step.out) for step in self.tape.steps if step.kind == SOURCE}
        self.filled = [(rows, x._data) for rows, x in self.lifted if id(x._data) in sources]
        self._reached: dict[frozenset[int | Tensor], tuple[Reached, list[bool]]] = {}
        rows = {*self.result_rows, *_rows(self.lifted), *self.effects.rows()}
        self.graph.outputs = sorted(rows)
        self._differentiate_arrays()
        self._differentiate_numbers()
        self._prepare_calls(closed)

    def _tell_arguments_apart(self, closed: list[Any]) -> None:
        """Where nodes among the arguments may change, note what the function has from outside."""
        nodes = [*self.graph.leaves[self.value_count :], *(x for x, _ in closed)]
        given = [x for x, _ in self.tensors[: self.tensor_count]]
        changed = {k for k, _ in (*self.effects.data, *self.effects.grads)}
        self.leaf_tensors = [k for k, x in enumerate(given) if x.requires_grad or k in changed]
        holders = [x.home.holder for x in nodes if x.home is not None]
        self.outside = frozenset(map(id, (self, *nodes, *holders)))
        if self.is_there_twice(self.graph.leaves[: self.value_count], given):
            self.recording.refuse("changing an argument that is there in another way, too,")

    def is_there_twice(self, values: Sequence[Any], tensors: Sequence[Any]) -> bool:
        """Whether a leaf among the arguments is two of them, or from outside, or of a Parameter.

        A step treats both as leaves of their own, and each would get but a part of its gradient.
        """
        given = [*values, *(tensors[k] for k in self.leaf_tensors)]
        ids = {id(x) for x in given}
        in_arrays = any(x.home is not None for x in given)
        return len(ids) < len(given) or in_arrays or not ids.isdisjoint(self.outside)

    def _differentiate_arrays(self) -> None:
        """Write down the gradients of the array calls, from all results at once."""
        computed = [x for x in self.outputs if isinstance(getattr(x, "_data", None), Traced)]
        graded = [x for x in computed if x.requires_grad and not self.is_step]
        self.differentiable = list({id(x): x for x in graded}.values())  # each once
        self.array_passes: dict[tuple[int, ...], tuple[int, list[Traced | None]]] = {}
        self.tape.finish()
        self.seeds = [self.tape.source(np.ones_like(x._data.array)) for x in self.differentiable]
        _, found = self.array_pass(tuple(range(len(self.seeds))))
        grads = found[: len(self.tensors)]
        # ordinary_graph.py writes to them: they are no single number that is shown everywhere.
        self.grads = [g if g is None or g.array.flags.writeable else g.copy() for g in grads]
        paired = zip(self.lifted, found[len(self.tensors) :], strict=True)
        self.value_grads = [(rows, grad) for (rows, _), grad in paired if grad is not None]

    def _differentiate_numbers(self) -> None:
        """Write the operations on single numbers, and their gradients, as NumPy calls."""
        self.raised = raise_graph(self.graph)
        self.placement = place(self.raised, self.recording.in_order)
        self.order = self.placement.leaf_order
        self.emitted = Emitted(self.raised, self.placement, self.recording.index_size)
        without_modes(self.emitted.forward)
        ends = self.effects.roots if self.is_step else self.result_rows
        rows = np.array(sorted({*ends, *_rows(self.value_grads)}), dtype=np.intp)
        self.seeded = rows[self.raised.needs[rows]]
        self.flowing = [x for x in ends if self.raised.needs[x]]
        without_modes(self.emitted.backward, self.seeded)
        self.graded = 0 if self.is_step else len(self.differentiable) + len(self.flowing)

    def _prepare_calls(self, closed: list[tuple[Tensor, StandIn]]) -> None:
        """Adopt the leaves, and note what stays the same from one call to the next."""
        if self.effects:
            adopt(self.effects.single_leaves(self.order))
        self.looks_up = GATHER in self.graph.code
        owners = [owner for owner, _ in self.placement.arrays]
        bound = {x: x._data for x in (*(x for x, _ in closed), *owners)}
        self.bind(bound, self.effects.arrays_kept())
        self.native: Any = None  # what gives workspaces native calls, if anything does
        self.lock = threading.Lock()

    def array_pass(self, ends: tuple[int, ...]) -> tuple[int, list[Traced | None]]:
        """The backward pass of some results on arrays: the engine's own on traced arrays.

        Returns:
            Its section of the tape; the gradients of the tensors and of what was made of rows.
        """
        if ends not in self.array_passes:
            self.tape.section()
            if self.array_passes:
                self.tape.known = {}  # what only another pass computes is not there in this one
            wrt = [x for _, x in (*self.tensors, *self.lifted)]
            root = Ends([self.differentiable[i] for i in ends])
            found = gradients(root, wrt, [self.seeds[i] for i in ends])
            self.array_passes[ends] = len(self.tape.sections) - 1, found
        return self.array_passes[ends]

    def reached(self, outs: frozenset[int | Tensor]) -> tuple[Reached, list[bool]]:
        """What the gradients of some results get to, as in the ordinary graph; kept for later.

        Returns:
            To which they come of the leaves in their order and then the arrays whose elements are
            leaves; and to which tensors.
        """
        if outs not in self._reached:
            nodes = set(topological(Ends([x for x in outs if isinstance(x, Tensor)])))
            rows = {x for x in outs if isinstance(x, int)}
            rows |= _rows([pair for pair in self.lifted if pair[1] in nodes])
            arrays, count = self.placement.arrays, len(self.order)
            place = {id(array): k for k, (array, _) in enumerate(arrays, count)}
            homes = [(i, x.home) for i, x in enumerate(self.graph.leaves) if x.home is not None]
            owner = {i: place[id(x.holder)] for i, x in homes if id(x.holder) in place}
            owner |= {i: k for k, i in enumerate(self.order)}
            self._reached[outs] = (
                Reached(self.graph, rows, owner, count + len(arrays)),
                [stand_in in nodes for _, stand_in in self.tensors],
            )
        return self._reached[outs]

    @functools.cached_property
    def wanted(self) -> list[Traced]:
        """The arrays that somebody asks for; calls that serve none of them are left out."""
        tensors = [x._data for x in self.outputs if isinstance(x, Tensor)]
        wanted = [x for x in tensors if isinstance(x, Traced)]
        wanted += [x for x in self.outputs if isinstance(x, Traced)]
        wanted += [x for x, _ in self.recording.truths] + self.tape.shaped
        wanted += [x for x in self.grads if x is not None]
        wanted += [x for _, x in self.value_grads]
        return wanted + self.effects.wanted() + self.seeds + self.early

    @functools.cached_property
    def early(self) -> list[Traced]:
        """The arrays whose numbers rows need, but for the arguments."""
        run = self.recording
        arrays = {**run.blocks, **run.indices, **dict.fromkeys(run.read_early)}
        return [x for x in arrays if x not in run.arguments]

    def leaves_of(self, given: Given) -> GatheredValues:
        """The leaves of a call in the order of their positions, where some are arguments."""
        return GatheredValues([self.graph.leaf(i, given.values) for i in self.order])

    @functools.cached_property
    def gathered(self) -> GatheredValues:
        """The leaves where none is an argument."""
        return GatheredValues([self.graph.leaves[i] for i in self.order])

    @functools.cached_property
    def closed_tensors(self) -> list[Tensor]:
        """The tensors where none is an argument."""
        return [tensor for tensor, _ in self.tensors]

    @functools.cached_property
    def partly_reached(self) -> bool:
        """Whether the backward pass goes where the ordinary one does not, even from all results.

        It does not go to what is only compared, unless that shares an instruction with other rows.
        """
        graph, needs = self.graph, self.raised.needs
        mixed = (needs[x.out].any() != needs[x.out].all() for x in self.raised.instructions)
        lifted = sum(x.requires_grad for _, x in self.lifted)
        aside = GATHER in graph.code or DETACH in graph.code or len(self.value_grads) < lifted
        aside |= any(op.is_flat for op in graph.ops)
        return bool(aside or (graph.guards and any(mixed)))

    @functools.cached_property
    def grounded(self) -> bool:
        """Whether nothing from outside but the arguments is the result of an operation."""
        closed = self.graph.leaves[self.value_count :], self.closed_tensors[self.tensor_count :]
        owners = [owner for owner, _ in self.placement.arrays]
        return all(x.op is None for group in (*closed, owners) for x in group)

    def tensors_of(self, given: Given) -> list[Tensor]:
        """The tensors of a call."""
        if not self.tensor_count:
            return self.closed_tensors
        return [*given.tensors, *self.closed_tensors[self.tensor_count :]]

    def state(self, given: Given) -> State:
        """What a call like this one changes, as it is now."""
        return State(self.effects, self.tensors_of(given), given.values)

    def bind(self, bound: dict[Tensor, Array], kept: list[Array]) -> None:
        """Let calls compute with arrays that are there already, as long as they are the same."""
        self.bound, self.kept = bound, kept
        self.free: list[Workspace] = []
        self.conditions = Conditions()
        name, add = self.conditions.name, self.conditions.add
        for x, required in self.closed:
            add(f"{name(x)}.requires_grad == {bool(required)}")
        for x, array in bound.items():
            add(f"{name(x)}._data is {name(array)}")
        for (get, *_), array in zip(self.effects.kept, kept, strict=True):
            add(f"{name(get)}() is {name(array)}")

    def fits_anew(self) -> bool:
        """Whether it can be repeated where not all from outside is as it was.

        What has another array now may have one again: from now on its numbers are copied.
        """
        bound = {x: array for x, array in self.bound.items() if x._data is array}
        kept = self.effects.arrays_kept()
        if any(x.dtype != y.dtype for x, y in zip(kept, self.kept, strict=True)):
            return False
        if len(bound) < len(self.bound) or not all(map(is_, kept, self.kept)):
            self.bind(bound, kept)
        return all(x.requires_grad == required for x, required in self.closed)

    def workspace(self) -> Workspace:
        """Memory for a call."""
        free = self.free
        try:
            space = free.pop()
        except IndexError:
            with self.lock:  # as the tape may get another pass
                space = Workspace(self, free)
        return space

    def float_size(self, k: int | None) -> int:
        """The bytes of the smallest floats that the k-th result is made of; of None, anything."""
        end = None if k is None else getattr(self.outputs[k], "_data", self.outputs[k])
        if isinstance(end, Traced):
            live = self.tape.live([end])
            made = [step.out for step, needed in zip(self.tape.steps, live, strict=True) if needed]
        else:
            made = self.early if isinstance(end, int) else [step.out for step in self.tape.steps]
        return min((x.dtype.itemsize for x in made if x.dtype.kind == "f"), default=8)

    def release(self, space: Workspace) -> None:
        """Take back memory that nobody needs any more."""
        if space.home is self.free:  # else it was made for other arrays
            self.free.append(space)

    def guards_hold(self, space: Workspace) -> bool:
        """Whether every number that the function looked at compares as it did then."""
        for relation, left, right, outcome in space.guards:
            if not np.array_equal(relation(left(), right()), outcome):
                return False
        arrays = space.arrays
        return all(bool(arrays[x]) == outcome for x, outcome in self.recording.truths)


class Workspace:
    """The memory of one call at a time, and the calls that use it."""

    def __init__(self, program: Program, home: list[Workspace]) -> None:
        self.program, self.home = program, home
        self.native: Any = None  # the native code that it runs
        self.lock = threading.RLock()  # several threads may go backward from one result
        emitted, placement = program.emitted, program.placement
        self.numbers = numbers = np.zeros(placement.size)
        self.bytes = numbers.data
        self.given = self.bytes[: len(program.recording.floats)]
        given = [emitted.gradient, emitted.seeds] if emitted.gradient is not None else []
        wanted = [x for x, _ in emitted.kept] + [emitted.indices] + given
        self.scalars = Bound(emitted.tape, wanted, emitted.within(numbers))
        self.indices = self.scalars[emitted.indices]
        first, at = placement.graph.data_size, placement.leaves_at
        end = at + len(placement.leaf_order)
        self.grads = np.zeros(end - first)  # of the leaves, those in arrays first
        if given:
            self.grads, self.seeds = map(self.scalars.__getitem__, given)
        self.leaf_numbers, self.leaf_grads = numbers[at:end], self.grads[at - first :]
        self.windows = [_window(x, i, numbers, self.grads, first) for x, i in placement.arrays]
        self.blocks: dict[int, list[Array]] = {}  # where the numbers of arrays are rows or indices
        recording = program.recording
        for memory, begins in ((numbers, recording.blocks), (self.indices, recording.indices)):
            for x, i in begins.items():
                place = memory[i : i + x.size].reshape(x.shape)
                self.blocks.setdefault(id(x), []).append(place)
        seeds = np.searchsorted(program.seeded, program.flowing).tolist()
        self.result_seeds = span(seeds) if seeds else slice(0)
        self.guards = self._guards()
        is_closed = program.order and not program.value_count
        self.homes = (program.gathered.homes() if is_closed else None) or []
        self._bind_arrays()
        self.returned = [self._returned(x) for x in program.outputs]
        if program.is_step and given:  # of a loss the gradient is 1
            np.add.at(self.seeds, seeds, 1.0)
        self.forward = [call for calls in self._in_order() for call in calls]

    def _in_order(self) -> Iterator[Sequence[Call]]:
        """The lists of calls between the arguments and the results, one after another."""
        program, arrays = self.program, self.arrays
        bound = [(owner, window) for owner, window, _ in self.windows if owner in program.bound]
        yield [_copy(*pair) for pair in joined([(x, program.bound[owner]) for owner, x in bound])]
        for here, store, there in self.homes:
            numbers = store.data
            yield [_collect(numbers, np.arange(numbers.size)[there], self.leaf_numbers[here])]
        yield self.filling[0]
        yield arrays.early
        yield [_copy(p, arrays[x]) for x in program.early for p in self.blocks.get(id(x), ())]
        yield self.scalars.sections[0]
        yield self.filling[1]
        yield arrays.sections[0]
        if not program.is_step:
            return
        if program.flowing:
            yield from self.scalars.sections[1:]
        yield self.filling[2]
        if program.effects.section:
            yield arrays.sections[program.effects.section]
        if self.effects is not None and self.effects.copies_at_once:
            yield self.effects.copying

    def _returned(self, x: Any) -> Any:
        """Where a result's array is.

        Of a single number what gives it, whether a gradient can come to it, and whether it is a
        float: that it is where it is computed from floats alone.
        """
        x, program = getattr(x, "_data", x), self.program
        if not isinstance(x, int):
            return self.arrays[x] if isinstance(x, Traced) else None
        number = partial(self.numbers.item, int(program.placement.at[x]))
        return number, bool(program.raised.needs[x]), program.recording.plain.of(x)

    def terms(self) -> list[Array]:
        """Every number that was computed, in arrays."""
        arrays = [*self.arrays.arrays.values(), *self.scalars.arrays.values()]
        # those of rows are in `numbers`
        owned = [x for x in arrays if x.base is None and x is not self.numbers]
        # without the constants, of which some are only compared: `if x > 1e300`
        placement = self.program.placement
        edges = [placement.constants_at, placement.one_at]
        edges += [at for begin, n in placement.ones.items() for at in (begin, begin + n)]
        own = np.split(self.numbers, edges)[::2]
        return [*own, *(x for x in owned if x.dtype.kind == "f")]

    def _guards(self) -> list[Guard]:
        at = self.program.placement.at
        found: list[Guard] = []
        for relation, (pairs, outcomes) in self.program.graph.guards.items():
            rows: IntArray = np.array(pairs)
            left, right = (partial(self.numbers.take, at[rows[k::2]]) for k in (0, 1))
            found.append((relation, left, right, np.array(outcomes, dtype=bool)))
        return found

    def _bind_arrays(self) -> None:
        """Give the calls on arrays their memory, and note what is copied into it and out of it."""
        program = self.program
        given = self._arrays_outside()
        self.arrays = arrays = Bound(program.tape, program.wanted, given, program.early)
        for section in (*self.scalars.sections, *arrays.sections, arrays.early):
            section[:] = map(begun_soonest, section)
        self.effects: BoundEffects | None = None
        if effects := program.effects:
            ends = (getattr(x, "_data", x) for x in program.outputs)
            returned = [arrays[x] for x in ends if isinstance(x, Traced)]
            at, bound, kept = program.placement.at, program.bound, program.kept
            self.effects = BoundEffects(effects, arrays, self.numbers, at, bound, kept, returned)
        self.moving = [(x, window) for x, window, _ in self.windows if x not in program.bound]
        self.array_places = [
            (k, place)
            for k, x in enumerate(program.array_arguments)
            for place in (*self.blocks.get(id(x), ()), *([arrays[x]] if x in arrays else ()))
        ]
        self.tensor_places = [
            (k, arrays[x.first])
            for k, (tensor, x) in enumerate(program.tensors)
            if (k < program.tensor_count or tensor not in program.bound) and x.first in arrays
        ]
        self._bind_gradients()
        self.filling: tuple[list[Call], ...] = ([], [], [])
        """What fills arrays with rows: those of arguments, others, late ones."""
        for rows, x in program.filled:
            if x in arrays and id(x) not in given:
                is_late = bool(program.raised.late[rows].any())
                kind = 2 if is_late else int(x in program.recording.late)
                at = program.placement.at[rows]
                self.filling[kind].append(_collect(self.numbers, at, arrays[x]))

    def _arrays_outside(self) -> dict[int, Array]:
        """Arrays that are there already, such as those of closed-over tensors: none is copied."""
        program = self.program
        outside = [x for x in program.tensors[program.tensor_count :] if x[0] in program.bound]
        given = {id(stand_in.first): program.bound[tensor] for tensor, stand_in in outside}
        pairs = zip(program.effects.kept, program.kept, strict=True)
        given |= {id(before): array for (_, before, _), array in pairs}
        shown = [(self._shown(rows, x), x) for rows, x in program.filled]
        return given | {id(x): place for place, x in shown if place is not None}

    def _bind_gradients(self) -> None:
        """Note where the gradients of tensors arrive, and those of arrays made of rows."""
        program, arrays = self.program, self.arrays
        self.gradients = [
            (k, arrays[grad]) for k, grad in enumerate(program.grads) if grad is not None
        ]
        self.arrivals = [(owner, grads) for owner, _, grads in self.windows]
        if not program.tensor_count:
            closed = program.closed_tensors
            self.arrivals += [(closed[k], grad) for k, grad in self.gradients]
        flowing = [(rows, grad, program.raised.needs[rows]) for rows, grad in program.value_grads]
        self.value_grads = [
            (program.seeded.searchsorted(rows[needs]), arrays[grad], needs)
            for rows, grad, needs in flowing
        ]

    def _shown(self, rows: IntArray, x: Traced) -> FloatArray | None:
        """The numbers of rows as they lie in memory, to be an array; None if they lie elsewhere."""
        if not rows.size or x.dtype != np.float64 or x in self.program.tape.changed:
            return None
        there = span(self.program.placement.at[rows].ravel().tolist())
        return self.numbers[there].reshape(rows.shape) if isinstance(there, slice) else None


def _rows(pairs: Iterable[tuple[IntArray, object]]) -> set[int]:
    return {row for rows, _ in pairs for row in in_turn(rows.ravel())}


def _collect(numbers: FloatArray, positions: IntArray, place: Array) -> partial[Any]:
    """What puts the numbers at some positions into a place."""
    there = span(positions.ravel().tolist()) if positions.size else slice(0)
    if isinstance(there, slice):
        return _copy(place, numbers[there].reshape(place.shape))
    return partial(numbers.take, positions, out=place, mode="clip")


def _copy(place: Array, numbers: Array) -> partial[None]:
    """What copies numbers to a place: of all ways the quickest."""
    return partial(place.__setitem__, ..., numbers)


def _window(
    owner: Tensor, start: int, numbers: FloatArray, grads: FloatArray, first: int
) -> tuple[Tensor, FloatArray, FloatArray]:
    end = start + owner.size
    places = numbers[start:end], grads[start - first : end - first]
    return owner, places[0].reshape(owner.shape), places[1].reshape(owner.shape)
