"""Record: run a function once, and write down what it computed.

A `Recording` is what the engine reports to while the function runs: each operation on single
numbers becomes a row of a graph (recorded_rows.py), each call on arrays a step of a tape
(recorded_array.py), and where the two meet is written down in crossing.py. Here is what it answers
when a number is read, or something is changed that stays when the function has run:

    loss = model(x, y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()

While that is recorded nothing is changed: each leaf has a stand-in (`StandIn`, or `LeafRow` of
row_effects.py), whose numbers and gradient are arrays on the tape, and the engine's own backward
pass and the optimizer's own lines write there. What is another array in the end than it was is an
effect (effects.py).

What could not be repeated, such as `float(v)`, is refused with the line that did it.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd.compiler.graph import DETACH
from autograd.compiler.host_numbers import HostNumbers
from autograd.compiler.recorded_array import RecordedTape
from autograd.compiler.recorded_rows import RecordedValue
from autograd.compiler.row_effects import Gathered, RowEffects
from autograd.compiler.tape import Traced
from autograd.modes import active, differentiated
from autograd.tensor import Tensor
from autograd.tracing import Tracer
from autograd.value import Constant
from autograd.versions import Version, latest

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.host_numbers import HostNumber


class StandIn(Tensor):
    """A Tensor from outside while a function is recorded.

    Its `_data` is the memory of its numbers, and `last_grad` that of its gradient (aliases.py).

    Attributes:
        run: The recording.
        given: The Tensor.
        first, first_grad: The numbers and the gradient that it comes with; a gradient can be None.
        last_grad: The gradient that it has now; who reads `grad` asks for it.
        window: Where a Parameter keeps its gradient; None before the first.
        asked: Whether somebody asked for the gradient that it comes with.
        is_set: Whether it has another gradient now, or none.
        new_numbers: Rows of single numbers, by their places, that it is still to be given.
        new_grads: Rows of numbers of its gradient; None: 0, if there is any gradient. Those that
            nobody set are 0, or as they were.
        has_new_grads: Whether it is still to be given those.
    """

    run: Recording
    given: Tensor
    first: Traced
    first_grad: Traced | None
    last_grad: Traced | None
    window: Traced | None
    asked: bool
    is_set: bool
    new_numbers: dict[tuple[int, ...], Any]
    new_grads: dict[tuple[int, ...], int | None]
    has_new_grads: bool

    @classmethod
    def of(cls, run: Recording, given: Tensor, data: Array) -> StandIn:
        """What stands for a Tensor with these numbers."""
        out = cls.__new__(cls)
        out.run, out.given = run, given
        out._data = out.first = run.tape.source(data)
        # not by `_become_leaf`, which would forget a gradient that single numbers know of
        out._inputs, out.parents, out.op, out.params = [], (), None, {}
        out._version, out._seen = Version(), 0
        out.requires_grad, out.label = given.requires_grad, given.label
        grad = given._grad if given.op is None else None
        out.first_grad = None if grad is None else run.tape.source(grad)
        out.last_grad = out.window = out.first_grad
        out.asked = out.is_set = out.has_new_grads = False
        out.new_numbers, out.new_grads = {}, {}
        run.aliases.leaves[out.first] = out
        if out.first_grad is not None:
            run.aliases.leaves[out.first_grad] = out
        return out

    @property
    def numbers(self) -> Traced:
        """The numbers that it has now."""
        self.settle()
        memory: Traced = self._data
        return self.run.aliases.now.get(memory, memory)

    @property
    def gradient(self) -> Traced | None:
        """The gradient that it has now."""
        self.settle()
        last = self.last_grad
        return None if last is None else self.run.aliases.held(last)

    @property
    def stays(self) -> bool:
        """Whether its arrays stay where they are, and are written to: a Parameter's."""
        return type(self.given)._write is not Tensor._write

    def settle(self) -> None:
        """Have what its single numbers were given."""
        if self.new_numbers:
            numbers, self.new_numbers = self.new_numbers, {}
            self._write(self.run.with_rows(self.numbers, numbers, self.first))
        forgotten = None in self.new_grads.values()
        if self.has_new_grads or (forgotten and self.whole_grad() is not None):
            zero, self.has_new_grads = self.run.constant_row(0.0), False
            grads: dict[tuple[int, ...], int | None] = {
                k: zero if row is None else row for k, row in self.new_grads.items()
            }
            before = self.whole_grad() if len(grads) < self.size else None
            self.new_grads = {}  # who reads the gradient that there was settles nothing
            self._take_gradient(self.run.with_rows(before, grads, self.first), is_shared=False)
            self.new_grads, self.run.used = grads, True

    def whole_grad(self) -> Traced | None:
        """The gradient without what single numbers of it are still to be given."""
        self.asked |= not self.is_set
        return None if self.last_grad is None else self.run.aliases.held(self.last_grad)

    @property
    def _grad(self) -> Traced | None:
        self.settle()
        self.asked |= not self.is_set
        return self.last_grad

    @_grad.setter
    def _grad(self, grad: Traced | None) -> None:
        self._take_gradient(grad, is_shared=True)

    def _take_gradient(self, grad: Traced | None, is_shared: bool) -> None:
        """Have another gradient, or none; where it is assigned, a Tensor shares the array."""
        aliases, self.new_grads, self.has_new_grads = self.run.aliases, {}, False
        if grad is not None and self.stays and self.window is not None:
            aliases.write(self.window, grad)
            grad = self.window
        elif grad is not None:
            if self.stays or not is_shared:
                grad = aliases.own(grad)
            grad = self.window = aliases.whole(grad)
            if aliases.name_of(grad) is grad:  # and not a part of other memory
                aliases.leaves.setdefault(grad, self)
        self.last_grad, self.is_set = grad, True

    def _receive(self, grad: Traced | Array) -> None:
        before, grad = self._grad, self.run.traced(grad)
        self._take_gradient(grad if before is None else before + grad, is_shared=False)

    def _checked(self, name: str, array: Any) -> Any:
        given, aliases = array, self.run.aliases
        if not isinstance(array, Traced):
            array = self.run.traced(array)
        step = array.maker
        if array.dtype != self.dtype:
            array = array.astype(self.dtype)
        if name == "grad" and not self.stays:
            if isinstance(given, np.ndarray) and given.dtype == self.dtype:
                aliases.shared[array] = weakref.ref(given)
            if step is not None and step.function is np.where:
                # uncompiled, clipping leaves the array as it is where no gradient is too long
                aliases.doubtful.update(x for x in (array, self.last_grad) if x is not None)
        return super()._checked(name, array)

    def _write(self, array: Traced) -> None:
        aliases, self.new_numbers = self.run.aliases, {}
        if self.stays:
            aliases.write(self._data, array)
            self.was_written(self._data)
        elif aliases.whole(array) is not self._data:  # `t.data -= …` has written it already
            self._data = aliases.own(array)
            aliases.leaves[self._data] = self
            self.run.array_changed(self.given)

    def was_written(self, memory: Traced) -> None:
        """Note that some memory has other numbers, which may be its own."""
        if memory is self._data:
            self.run.array_changed(self.given)
            latest.number += 1
            self._version.number = latest.number
        elif memory is self.last_grad:
            self.new_grads, self.is_set = {}, True

    @staticmethod
    def gather(leaves: Sequence[StandIn]) -> GatheredArrays:
        """These leaves as one array, for an optimizer."""
        return GatheredArrays(leaves)


class GatheredArrays(Gathered):
    """Leaves of one type as one array."""

    leaves: Sequence[StandIn]
    run: Recording

    def gradient(self) -> tuple[Traced, list[bool] | None]:
        """The gradient of every number, and of each leaf whether one has reached it."""
        reached = [x._grad is not None for x in self.leaves]
        grads = [np.zeros_like(x._data.array) if x._grad is None else x._grad for x in self.leaves]
        row = self._row(grads)
        for x, part in zip(self.leaves, self._parts(row), strict=True):
            if x.gradient is not None:
                self.run.shown_in[x.gradient] = part
            elif x.window is not None and all(leaf.stays for leaf in self.leaves):
                self.run.aliases.write(x.window, part)  # as Parameters do
        return row, None if all(reached) else reached

    def take(self) -> Traced:
        """Every number, to be changed in place."""
        for x in self.leaves:
            x.settle()
        row: Traced = self._row([x._data for x in self.leaves]).copy()
        self.run.own.add(row)
        return row

    def put(self, theta: Traced) -> None:
        """Let these be the numbers of the leaves."""
        self.run.own.discard(theta)
        for x, part in zip(self.leaves, self._parts(theta), strict=True):
            x._write(part)

    def _parts(self, row: Traced) -> Iterator[Traced]:
        """The part of a row that is each leaf's."""
        start = 0
        for x in self.leaves:
            yield row[start : start + x.size].reshape(x.shape)
            start += x.size

    def _row(self, arrays: list[Array | Traced]) -> Traced:
        rows = [self.run.tape.call(np.reshape, (x, (-1,))) for x in arrays]
        row: Traced = rows[0] if len(rows) == 1 else self.run.tape.call(np.concatenate, (rows,))
        return row


class Recording(RowEffects, Tracer):
    """One run of a function, on its way to a program.

    Attributes:
        tensors: Tensors from outside, and what stands for each inside.
        tensor_count: How many of the Tensors from outside are arguments.
        host: The plain numbers of optimizers.
        kept: What gives an array that is kept from call to call, what it is before, and after.
        ends: Attributes of objects that are others after the call.
        owners: Whose attributes and arrays change.
        draws: Generators, and the arrays of what they draw.
        shown_in: Where a gradient is found in the row that an optimizer made of several: all of a
            row are written at once.
    """

    tensors: dict[int, tuple[Tensor, StandIn]]

    def __init__(self) -> None:
        super().__init__(RecordedTape)
        self.tensor_count = 0
        self.host = HostNumbers(self.tape)
        self.kept: list[tuple[Callable[[], Array], Traced, Traced]] = []
        self.ends: list[tuple[Any, str, Callable[[], Any]]] = []
        self.owners: list[Any] = []
        self.draws: list[tuple[np.random.Generator, Traced]] = []
        self.shown_in: dict[Traced, Traced] = {}
        self.twins: dict[int, Any] = {}

    def begin(self) -> None:
        """All arguments are known: what comes now is from outside."""
        self.graph.value_count, self.tensor_count = len(self.graph.leaves), len(self.tensors)

    def __enter__(self) -> Recording:
        super().__enter__()
        self.inside, self.around = len(active()), differentiated.get()
        return self

    def read(self, node: Any, what: str) -> Any:
        """The numbers of a node are recorded, too, where they may go on as a node."""
        if what not in (".data", ".detach()"):
            self.refuse(what)
        if isinstance(node, Tensor):
            data = self.lifted(node)._data
            return self.tape.call(np.ndarray.copy, (data, "C")) if data.number else data
        if (leaf := self.known(node)) is not None:
            return leaf.data if what == ".data" else self.current(node).detach()
        if (what == ".data" and self.is_plain(node)) or node.__class__ is Constant:
            return node if isinstance(node, RecordedValue) else node._data
        out = self.value(DETACH, self.row(node), node._data)
        if what == ".data":
            self.plain.read.add(out.index)
        return out

    # --- what is changed

    def leaf(self, node: Any) -> Any:
        """What stands for a leaf, on the tape or among the rows."""
        if not isinstance(node, Tensor):
            return self.leaf_row(node)
        if isinstance(node._data, Traced):
            return self.lifted(node)
        if id(node) not in self.tensors:
            self.tensors[id(node)] = (node, StandIn.of(self, node, node._data))
        return self.tensors[id(node)][1]

    def written(self, what: str) -> None:
        """No replay would do that."""
        self.refuse(what)

    def argument_tensor(self, given: Tensor) -> Tensor:
        """A Tensor among the arguments."""
        stand_in = StandIn.of(self, given, np.asarray(given._data, order="C"))
        self.tensors[-len(self.tensors) - 1] = (given, stand_in)
        return stand_in

    def lift(self, operands: Any, joined: bool) -> tuple[float | Tensor | StandIn | Traced, ...]:
        """The operands of an array operation as those of this recording."""
        beside = () if joined else operands
        return tuple([self.lifted_beside(x, beside) for x in operands])

    def held(self, holder: Callable[[], dict[str, Array]], name: str, first: Array) -> Traced:
        """A copy of an array that is kept from call to call; what it is in the end is kept."""

        def array() -> Array:
            kept = holder()
            if name not in kept:
                kept[name] = first.copy()
            return kept[name]

        before = self.tape.source(holder().get(name, first))
        after: Traced = before.copy()
        self.own.add(after)
        self.kept.append((array, before, after))
        return after

    def check_apart(self, outside: Iterable[object]) -> None:
        """See to it that nothing around shows the memory of leaves that is written to."""
        now = self.aliases.now
        known: list[tuple[object, bool, Any]] = [(None, False, x) for x in outside]
        for tensor, leaf in self.tensors.values():
            given: Any = tensor
            known.append((given, leaf.first in now, given._data))
            has_window = leaf.stays and leaf.is_set
            grad = given._windows()[1] if has_window else given._grad
            known.append((given, has_window or leaf.first_grad in now, grad))
        known = [x for x in known if isinstance(x[2], np.ndarray) and x[2].size]
        if not any(is_written for _, is_written, _ in known):
            return
        low, high = np.array([byte_bounds(x) for *_, x in known], dtype=np.uintp).T
        for k, (owner, is_written, _) in enumerate(known):
            near = np.flatnonzero((low < high[k]) & (low[k] < high)) if is_written else ()
            if any(known[i][0] is not owner for i in near):
                self.refuse("writing to the memory of a leaf that something else shows, too,")

    def numbers_of(
        self, read: Callable[[], Any], owner: object, names: Sequence[str]
    ) -> list[HostNumber]:
        """Expressions of numbers that each call reads."""
        self.owners.append(owner)
        return self.host.read(read, names, owner)

    def ends_as(self, owner: object, name: str, value: Callable[[], Any]) -> None:
        """An effect on an attribute."""
        self.owners.append(owner)
        self.ends.append((owner, name, value))

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Traced:
        """An array that each call fills in; here with what the generator, left, would draw next."""
        twin = copy.deepcopy(generator)
        for known, drawn in self.draws:
            if known is generator:
                twin.random(drawn.shape)
        numbers: Traced = self.tape.source(twin.random(shape))
        self.draws.append((generator, numbers))
        return numbers

    def settle(self, outside: Mapping[int, object], numbers: set[float]) -> set[int]:
        """See what arrays from outside may be read where they lie: see outside_arrays.py."""
        used = [*outside.values(), *(x for x, _ in self.outside.used)]
        used += [x.array for x in self.arguments]
        self.check_apart(used)
        return self.outside.settle(outside, numbers, self.graph.constants)

    def returned(self, x: Any) -> Any:
        """A result as it is at the end."""
        if isinstance(x, Traced):
            return self.aliases.current(x)
        if isinstance(x, Tensor) and isinstance(x._data, Traced) and not isinstance(x, StandIn):
            x._data = self.aliases.current(x._data)
        return x
