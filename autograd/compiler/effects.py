"""Effects: what a function changes outside of itself, such as the parameters in a training step.

    loss = model(x, y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()

While that is recorded nothing is changed: each leaf has a stand-in (`StandIn`), whose numbers and
gradient are arrays on the tape, and the engine's own backward pass and the optimizer's own lines
write there. What is another array in the end than it was is an effect. A call computes all of them
and, when nothing can go wrong any more, writes them: to leaves, gradients, and what optimizers
keep. So after an error everything is as before the call.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autograd.adopted_values import GatheredValues
from autograd.compiler.host_numbers import HostNumbers
from autograd.compiler.row_effects import UNSET, ElementRow, Gathered, RowEffects
from autograd.compiler.tape import Tape, Traced
from autograd.modes import differentiated
from autograd.tensor import Tensor
from autograd.tracing import Tracer
from autograd.versions import Version, latest

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.crossing import Crossing
    from autograd.compiler.host_numbers import HostNumber
    from autograd.value import Value

    Change = Callable[..., None]
    """A method of GatheredValues."""


MANY = 8
"""From so many Values on, it is quicker to write to them in an array."""

PUT, BRING = GatheredValues.put, GatheredValues.set_gradient
FORGET = GatheredValues.zero_grad
"""What happens to Values: they get numbers, or gradients, or their gradients are forgotten."""


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

    __slots__ = (
        "asked",
        "first",
        "first_grad",
        "given",
        "has_new_grads",
        "is_set",
        "last_grad",
        "new_grads",
        "new_numbers",
        "run",
        "window",
    )
    run: Effects
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
    def of(cls, run: Effects, given: Tensor, data: Array) -> StandIn:
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
    run: Effects

    def __init__(self, leaves: Sequence[StandIn]) -> None:
        super().__init__(leaves)
        self.sizes = [x.size for x in leaves]

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


class Effects(RowEffects):
    """A recording of what a function changes.

    Attributes:
        kept: What gives an array that is kept from call to call, what it is before, and after.
        ends: Attributes of objects that are others after the call.
        owners: Whose attributes and arrays change.
        draws: Generators, and the arrays of what they draw.
        shown_in: Where a gradient is found in the row that an optimizer made of several: all of a
            row are written at once.
        tensors: Tensors from outside, and what stands for each inside.
    """

    tensors: dict[int, tuple[Tensor, StandIn]]

    def __init__(self, tape: Callable[[Crossing], Tape]) -> None:
        super().__init__(tape)
        self.host = HostNumbers(self.tape)
        self.kept: list[tuple[Callable[[], Array], Traced, Traced]] = []
        self.ends: list[tuple[Any, str, Callable[[], Any]]] = []
        self.owners: list[Any] = []
        self.draws: list[tuple[np.random.Generator, Traced]] = []
        self.shown_in: dict[Traced, Traced] = {}
        self.twins: dict[int, Any] = {}

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


class Written:
    """The effects of a program.

    Attributes:
        tensors: Those from outside.
        data, grads: The number of a tensor, and its new numbers or its new gradient.
        asked: The number of a tensor whose gradient from before the call is used, and that.
        of_values: What happens to Values, and the array that the numbers for it are in, if they
            are no rows: to which leaves, and which number is for each.
    """

    def __init__(self, run: Effects) -> None:
        self.run = run
        self.of_values: dict[tuple[Change, Traced | None], list[tuple[int, int]]] = {}
        self._take_rows(run)
        leaves = [(k, x) for k, (_, x) in enumerate(run.tensors.values())]
        self.data = [(k, x.numbers) for k, x in leaves if x.numbers is not x.first]
        found = [(k, x.gradient) for k, x in leaves if x.is_set]
        self.grads = [(k, None if x is None else run.shown_in.get(x, x)) for k, x in found]
        self.asked = [(k, x.first_grad) for k, x in leaves if x.asked]
        self.kept, self.ends = run.kept, run.ends
        self.tensors = [x for x, _ in run.tensors.values()]
        self.numbers = list(run.host.used.values())
        self.compute, self.draws = run.host.computed(), run.draws
        self.generators = list({id(x): x for x, _ in self.draws}.values())
        self.roots, self.olds, self.section = run.roots, run.olds, run.section
        run.check()
        # running averages, draws and forgotten gradients leave the graph of the results as it is
        grads = [x for _, x in self.grads if x is not None]
        written = [k for k, _ in self.data if leaves[k][1].requires_grad]
        values = [change for change, _ in self.of_values if change is not FORGET]
        uses = self.asked or self.olds
        also = uses and (self.grads or self.of_values)
        self.is_step = any((grads, written, values, self.kept, self.ends, self.roots, also))
        if not self.is_step and uses:
            run.refuse(".grad")  # results would be constants
        if not self:  # a pass to nobody
            self.is_step, self.roots = False, []

    def _take_rows(self, run: Effects) -> None:
        """What happens to Values; what happens to numbers of arrays, these have, but for this."""

        def happens(leaf: int, change: Change, array: Traced | None, number: int) -> None:
            self.of_values.setdefault((change, array), []).append((leaf, number))

        for k, leaf in run.leaf_rows.items():
            if isinstance(leaf, ElementRow):
                if leaf.forgets_alone():
                    happens(k, FORGET, None, UNSET)
                    del leaf.array.new_grads[leaf.index]
            elif k not in run.gone:
                if leaf.number is not None:
                    known = leaf.number if isinstance(leaf.number, tuple) else (None, leaf.number)
                    happens(k, PUT, *known)
                if leaf.is_set and leaf.gradient is not None:
                    happens(k, BRING, None, leaf.gradient)
                elif leaf.is_set:
                    happens(k, FORGET, None, UNSET)

    def rows(self) -> list[int]:
        """The rows that it needs beside those that arrays are made of."""
        of_rows = [pairs for (_, array), pairs in self.of_values.items() if array is None]
        return self.roots + [row for pairs in of_rows for _, row in pairs if row != UNSET]

    def changed_leaves(self) -> list[int]:
        """The Values to which something happens, by their numbers among the leaves."""
        return sorted({leaf for pairs in self.of_values.values() for leaf, _ in pairs})

    def arrays_kept(self) -> list[Array]:
        """The arrays that are kept from call to call, as an optimizer's averages."""
        return [get() for get, *_ in self.kept]

    def __bool__(self) -> bool:
        """Whether there are any."""
        changes = self.data, self.grads, self.kept, self.ends, self.of_values, self.draws
        return any(changes)

    def check_results(self, outputs: list[Tensor | Traced | int]) -> None:
        """See to it that no gradient is lost: results are constants, as leaves change after them.

        The loss has had its backward pass inside, and what it is made of, too.
        """
        self.run.aliases.now.clear()  # nobody asks any more, nor for the numbers of this run
        del self.run.numbers, self.run.columns
        if not self.is_step:
            return
        for x in outputs:
            if isinstance(x, Tensor) and x.op is not None and x.requires_grad and x._grad is None:
                self.run.refuse("returning a result that needs a gradient")
        graph = self.run.graph
        behind = set(graph.needed(self.roots))
        for x in outputs:
            if isinstance(x, int) and x not in behind and graph.leaves_behind({x}):
                self.run.refuse("returning a result that needs a gradient")

    def wanted(self) -> list[Traced]:
        """The arrays that are computed for it."""
        arrays = [x for _, x in (*self.data, *self.grads)] + [x for _, x in self.of_values]
        return [x for x in (*arrays, *(after for _, _, after in self.kept)) if x is not None]

    def single_leaves(self, order: list[int]) -> list[Value]:
        """The Values from outside that change at each call, if there are many, in this order."""
        graph = self.run.graph
        changed = [leaf for leaf in self.changed_leaves() if leaf >= graph.value_count]
        found = dict.fromkeys([*(x for x in order if x in {*changed}), *changed])
        return [graph.leaves[x] for x in found] if len(found) >= MANY else []


class State:
    """What a program changes, at one moment.

    Attributes:
        numbers: All of it, by what to call it in a message.
    """

    def __init__(
        self, effects: Written, tensors: Sequence[Tensor], values: Sequence[Value]
    ) -> None:
        self.numbers: dict[str, Array | float] = {}
        self._undo: list[Callable[[], object]] = []
        for i, array in enumerate(effects.arrays_kept()):
            self._keep(f"what is kept ({i})", array)
        for k in sorted({k for k, _ in (*effects.data, *effects.grads)}):
            node, name = tensors[k], _name(tensors[k])
            self._keep(f"the data of {name}", node._data)
            if node._grad is not None:
                self._keep(f"the gradient left in {name}", node._grad)
            version = node._version.number
            self._undo.append(partial(_put_back, node, node._data, node._grad, version))
        for i, (owner, name, _) in enumerate(effects.ends):
            value = getattr(owner, name)
            self.numbers[f"{name} ({i})"] = np.asarray(value)
            self._undo.append(partial(setattr, owner, name, value))
        for k in effects.changed_leaves():
            leaf = effects.run.graph.leaf(k, values)
            name, grad = _name(leaf), leaf._grad
            self.numbers[f"the data of {name}"] = leaf._data
            self.numbers[f"the gradient left in {name}"] = 0.0 if grad is None else grad
            self._undo.append(partial(setattr, leaf, "_grad", grad))
            if leaf.home is None:  # of a number of an array only the gradient may change here
                self._undo.append(partial(setattr, leaf, "_data", leaf._data))
        for generator in effects.generators:
            bits = generator.bit_generator
            self._undo.append(partial(setattr, bits, "state", bits.state))

    def _keep(self, name: str, array: Array) -> None:
        self.numbers[name] = array.copy()
        self._undo.append(partial(np.copyto, array, self.numbers[name]))

    def restore(self) -> None:
        """Let everything be as it was."""
        for undo in self._undo:
            undo()


def _name(leaf: Tensor | Value) -> str:
    return f"{leaf.label or type(leaf).__name__} ({id(leaf)})"


def _put_back(node: Any, data: Array, grad: Array | None, version: int) -> None:
    if node._data is data:
        node._grad = grad
    else:  # it has moved to another array, where an optimizer may look for its numbers
        node._write(data)
        node._grad = None
        if grad is not None:
            node._receive(grad)
    node._version.number = version


class Forgetful:
    """Leaves inside `Unwritten`: their gradients may be forgotten, as no loss depends on them."""

    dtype = None

    @staticmethod
    def gather(leaves: Sequence[Any]) -> Forgetful:
        """Several of them, for an optimizer."""
        return Forgetful()

    def zero_grad(self) -> None:
        """Nothing."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("grad", "_grad"):
            raise Unwritten.Stop

    def __getattr__(self, name: str) -> Any:
        raise Unwritten.Stop


class Unwritten(Tracer):
    """Inside, a function runs as it is written, up to where it would change a leaf."""

    class Stop(BaseException):
        """It would."""

    def multiplied(self, *step: Any) -> None:
        """A backward pass that leaves gradients behind goes no further."""
        if not differentiated.get():
            raise self.Stop

    def written(self, *given: Any) -> Any:
        """No further."""
        raise self.Stop

    def leaf(self, node: Any) -> Any:
        """What has no gradient to be read."""
        return Forgetful()

    held = drawn = numbers_of = ends_as = written  # type: ignore[assignment]
