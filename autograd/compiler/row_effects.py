"""Row effects: what a training step does to single Values.

    for p in parameters: p.grad = 0.0
    loss.backward()
    for p in parameters: p.data -= rate * p.grad

After `backward()` a gradient is a number like any other to compute with: a row, which is known when
the compiled backward pass has run. What is computed of such rows comes after that.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.crossing import Crossing
from autograd.compiler.graph import CONSTANT, DATA, DETACH, GATHER, GRADIENT, LEAF
from autograd.compiler.passes import Ends, without_modes
from autograd.compiler.reached import surely_reached
from autograd.compiler.tape import Tape, Traced
from autograd.node import gradients
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from autograd.compiler.recorded_rows import RecordedValue
    from autograd.node import Home
    from autograd.tensor import Tensor

UNSET = -1
"""In place of the row of a gradient: the one that a leaf comes with."""


class LeafRow:
    """What stands for a Value from outside: the rows of its number and of its gradient.

    Attributes:
        leaf: Its number among the leaves.
        value: It.
        row: The row of its number.
        number: That of its new number, if it has one; or an array and the place there.
        gradient: The row of its gradient; None: none; `UNSET`: the one that it comes with.
        is_set: Whether that is another one than it comes with.
        brought: The row of its gradient as a backward pass has left it.
    """

    op = None
    requires_grad = True
    size = 1

    def __init__(self, run: RowEffects, leaf: int, value: Value, row: int) -> None:
        self.run, self.leaf, self.value, self.row = run, leaf, value, row
        self.number: int | tuple[Traced, int] | None = None
        self.gradient: int | None = UNSET
        self.is_set = False
        self.brought: int | None = UNSET

    @property
    def data(self) -> RecordedValue:
        """The number."""
        number = self.given()
        if isinstance(number, tuple):
            self.run.check_first()
            array, place = number
            return self.run.number_at(array, (place,) if isinstance(place, int) else place)
        return self.run.at(number)

    @data.setter
    def data(self, number: RecordedValue) -> None:
        self.change(self.run.row_of(number))

    def change(self, number: int | tuple[Traced, int]) -> None:
        """Let its number be that of a row, or one at a place of an array."""
        self.number, self.run.changed = number, True
        self.run.now.clear()

    def given(self) -> Any:
        """The row of its new number, or an array and the place there."""
        return self.number

    @property
    def _grad(self) -> RecordedValue | None:
        """The gradient, or None where it has none."""
        row = self.gradient_row()
        if row is None:
            return None
        self.run.used = True
        return self.run.at(row)

    @_grad.setter
    def _grad(self, number: float | Value | None) -> None:
        self.set_gradient(None if number is None else self.run.row_of(number))

    grad = _grad

    def _receive(self, grad: float) -> None:
        before = self._grad
        self._grad = grad if before is None else before + grad

    def gradient_row(self) -> int | None:
        """The row of its gradient, or None where it has none."""
        if self.gradient == UNSET:
            self.gradient = self.run.old(self)
        return self.gradient

    def set_gradient(self, row: int | None) -> None:
        """Let its gradient be that of a row, or none."""
        self.gradient, self.is_set = row, True

    @staticmethod
    def gather(leaves: Sequence[LeafRow]) -> Any:
        """These leaves as one array, for an optimizer."""
        found = leaves[0].run.arrays([x.value for x in leaves])
        return GatheredRows(leaves) if found is None else type(found[0]).gather(found)


class ElementRow(LeafRow):
    """Likewise for a number of an array: what it is given, the array's stand-in keeps for it."""

    def __init__(self, run: RowEffects, leaf: int, value: Value, row: int, home: Home) -> None:
        super().__init__(run, leaf, value, row)
        self.array, self.index = run.leaf(home.holder), home.index

    def change(self, number: int | tuple[Traced, int]) -> None:
        """Let its number be that of a row, or one at a place of an array."""
        super().change(number)
        self.array.new_numbers[self.index] = number
        self.run.aliases.apart = True

    def given(self) -> Any:
        """The row of its new number, or an array and the place there."""
        number = self.array.new_numbers.get(self.index)
        return (self.array.numbers, self.index) if number is None else number

    def gradient_row(self) -> int | None:
        """The row of its gradient; it has one if its array has, be it 0."""
        known: dict[tuple[int, ...], int | None] = self.array.new_grads
        row = known.get(self.index)
        if row is not None:
            return row
        grad = self.array.whole_grad()
        if grad is not None and self.index not in known:
            return self.run.number_at(grad, self.index).index
        there_is_one = grad is not None or self.array.has_new_grads
        return self.run.row_of(0.0) if there_is_one else None

    def set_gradient(self, row: int | None) -> None:
        """Let its gradient be that of a row; where it is forgotten, it is 0 if there is any."""
        self.run.aliases.apart = True
        if row is None and not (self.array.is_set or self.array.has_new_grads):
            self.array.new_grads[self.index] = None  # a call says whether there is any
        elif row is not None or self.gradient_row() is not None:
            self.array.new_grads[self.index] = self.run.row_of(0.0) if row is None else row
            self.array.has_new_grads = True

    def forgets_alone(self) -> bool:
        """Whether its gradient is forgotten, and no number of the array is given one."""
        return not self.array.has_new_grads and self.array.new_grads.get(self.index, 0) is None


class Gathered:
    """Leaves as one array on the tape; what an optimizer asks for (`Numbers`)."""

    def __init__(self, leaves: Sequence[Any]) -> None:
        self.leaves, self.run = leaves, leaves[0].run
        self.sizes = [x.size for x in leaves]

    def is_current(self) -> bool:
        """True."""
        return True

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for x in self.leaves:
            x._grad = None


class GatheredRows(Gathered):
    """Values as one array."""

    leaves: Sequence[LeafRow]
    run: RowEffects

    def gradient(self) -> tuple[Traced, list[bool] | None]:
        """The gradient of every number, and of each leaf whether one has reached it."""
        grads = [x._grad for x in self.leaves]
        reached = [x is not None for x in grads]
        rows = [self.run.row_of(0.0 if x is None else x) for x in grads]
        return self.run.lift_rows(np.array(rows))._data, None if all(reached) else reached

    def take(self) -> Traced:
        """Every number, to be changed in place."""
        self.run.in_order = self.run.in_order or [x.row for x in self.leaves]
        first = self.leaves[0].number
        if isinstance(first, tuple) and [x.number for x in self.leaves] == [
            (first[0], k) for k in range(len(self.leaves))
        ]:
            row = first[0]
        else:
            known = [self.run.known(x.value) for x in self.leaves]
            pairs = zip(known, self.leaves, strict=True)
            rows = [leaf.row if x is None else self.run.row_of(x.data) for x, leaf in pairs]
            row = self.run.lift_rows(np.array(rows))._data
        own: Traced = row.copy()
        self.run.own.add(own)
        return own

    def put(self, theta: Traced) -> None:
        """Let these be the numbers of the leaves."""
        for k, x in enumerate(self.leaves):
            x.change((theta, k))


class RowEffects(Crossing):
    """A recording of what a function does to Values.

    Attributes:
        leaf_rows: What stands for them, by their numbers among the leaves.
        roots: The rows whose backward pass was run.
        tensors: Tensors from outside, and what stands for each inside.
        arrived: The row of the gradient that has come to a leaf, by its number.
        olds: Leaves whose gradient from before the call is used, and its place in the data.
        arrays_changed: The `id` of each array that has other numbers by now.
        now: What to compute with for leaves that have other numbers by now.
        gone: Leaves of which nobody can see what happens to them.
        in_order: The rows of Values in the order in which an optimizer has them.
        used: Whether gradients have been read.
    """

    def __init__(self, tape: Callable[[Crossing], Tape]) -> None:
        super().__init__(tape)
        self.leaf_rows: dict[int, LeafRow] = {}
        self.roots: list[int] = []
        self.tensors: dict[int, tuple[Tensor, Any]] = {}
        self.olds: list[tuple[int, int, bool]] = []
        self.arrived: dict[int, int] = {}
        self.arrays_changed: set[int] = set()
        self.now: dict[int, RecordedValue] = {}
        self.gone: set[int] = set()
        self.in_order: list[int] = []
        self.used = False

    def leaf_row(self, node: Value) -> LeafRow:
        """What stands for a Value from outside."""
        row, graph = self.row(node), self.graph
        if graph.code[row] != LEAF:
            self.refuse("writing to .data" if node.__class__ is Constant else ".grad")
        return self._leaf_row(graph.left[row], row)

    def _leaf_row(self, leaf: int, row: int) -> LeafRow:
        if leaf not in self.leaf_rows:
            value = self.graph.leaves[leaf]
            kind = LeafRow if value.home is None else partial(ElementRow, home=value.home)
            self.leaf_rows[leaf] = kind(self, leaf, value, row)
        return self.leaf_rows[leaf]

    def known(self, node: Any) -> LeafRow | None:
        """What stands for a Value, if its number is another one now."""
        if not self.changed:
            return None
        if getattr(node, "home", None) is not None:  # it may be there for the first time
            self.row(node)
        row: int | None = node.index if type(node) is self.kind else self.rows.get(node)
        if row is None or self.graph.code[row] != LEAF:
            return None
        number = self.graph.left[row]
        home = self.graph.leaves[number].home
        if home is None:
            leaf = self.leaf_rows.get(number)
            return None if leaf is None or leaf.number is None else leaf
        holder = id(home.holder)
        if holder in self.arrays_changed or (
            holder in self.tensors and home.index in self.tensors[holder][1].new_numbers
        ):
            return self._leaf_row(number, row)
        return None

    def current(self, x: Any) -> Any:
        """An operand; of a leaf that has another number by now, that, with the leaf's gradient.

        It is `number - (leaf.detach() - leaf)`, of which the bracket is 0 and brings the gradient.
        """
        if (leaf := self.known(x)) is None:
            return x
        self.check_first()
        if leaf.leaf not in self.now:
            number, self.changed = leaf.data, False
            before = self.at(leaf.row)
            self._require(operator.le, before, sys.float_info.max)  # inf - inf is nan
            self._require(operator.ge, before, -sys.float_info.max)
            still = self.value(DETACH, leaf.row, before._data)
            now: Any = number - (still - before)
            self.now[leaf.leaf], self.changed = now, True
        return self.now[leaf.leaf]

    def check_first(self) -> None:
        """See to it that there is no gradient yet: whatever depends on one is computed later."""
        if self.roots:
            self.refuse("computing with a Value after it was changed")

    def array_changed(self, holder: Tensor) -> None:
        """Note that an array, of which elements may be leaves, has other numbers from now on."""
        self.arrays_changed.add(id(holder))
        self.changed = True
        self.now.clear()

    def row_of(self, number: Any) -> int:
        """The row of a number."""
        if type(number) is self.kind:
            known: int = number.index
            return known
        if isinstance(number, Traced):
            number = self.objects(number)[()]
            return self.row_of(number)
        constant: int = self.constant_row(float(number))
        return constant

    def old(self, leaf: LeafRow) -> int | None:
        """The row of the gradient that a leaf comes with."""
        graph, grad = self.graph, leaf.value._grad
        row = self.added(DATA, graph.data_size, 0.0 if grad is None else grad)
        graph.data_size += 1
        self.olds.append((leaf.leaf, graph.left[row], grad is None))
        return None if grad is None else row

    def arrays(self, values: Sequence[Any]) -> list[Any] | None:
        """What stands for arrays of one type whose numbers these are, if they are all, in order."""
        if any(x.home is None for x in values):
            return None
        holders = list({id(x.home.holder): x.home.holder for x in values}.values())
        every = [(id(h), index) for h in holders for index in np.ndindex(h.shape)]
        if every != [(id(x.home.holder), x.home.index) for x in values]:
            return None
        return [*map(self.leaf, holders)] if len({h.dtype for h in holders}) == 1 else None

    def with_rows(
        self, array: Traced | None, new: dict[tuple[int, ...], Any], like: Traced
    ) -> Traced:
        """An array like another, or of zeros, but for some numbers: rows, or places of arrays."""
        rows = [x for x in new.values() if isinstance(x, int)]
        if len(rows) == len(new) and (array is None or len(rows) == like.size):
            zero = self.row_of(0.0) if len(rows) < like.size else 0
            places = np.full(like.shape, zero, dtype=np.intp)
            for index, row in new.items():
                places[index] = row
            lifted: Traced = self.lift_rows(places)._data
            return lifted.astype(like.dtype, copy=False)
        out = self.scratch(like)
        if array is not None:
            out[...] = array
        by_source: dict[Traced | None, list[tuple[tuple[int, ...], int]]] = {}
        for index, x in new.items():
            source, place = x if isinstance(x, tuple) else (None, x)
            by_source.setdefault(source, []).append((index, place))
        for source, pairs in by_source.items():
            indices, found = zip(*pairs, strict=True)
            at = np.array(found)
            numbers = self.lift_rows(at)._data if source is None else source[at]
            out[tuple(map(np.array, zip(*indices, strict=True)))] = numbers
        self.own.discard(out)
        return out

    def backward(self, root: RecordedValue) -> None:
        """Write down that the gradients of a row are brought to the leaves."""
        graph = self.graph
        leaves = sorted(graph.leaves_behind({root.index}))
        if self.used and (
            not graph.leaves_behind({*self.roots}).isdisjoint(leaves) or graph.late()[root.index]
        ):  # all passes are made at once
            self.refuse("a second backward() after gradients were read")
        if not leaves:
            Constant(0.0).backward()  # says that it is a constant
        rows = {graph.left[row]: row for row, code in enumerate(graph.code) if code == LEAF}
        holders = [x if x.home is None else x.home.holder for x in graph.leaves]
        first: dict[int, int] = {}
        owner = {k: first.setdefault(id(x), k) for k, x in enumerate(holders)}
        surely = surely_reached(graph, {root.index}, owner)
        found = self._find_numbers(root.index, [rows[k] for k in leaves])
        self.roots.append(root.index)
        for k, number in zip(leaves, found, strict=True):
            home = graph.leaves[k].home
            if k in self.arrived:  # all passes are made at once, and nothing is set between
                known = self.leaf_rows[k]
                if known.gradient_row() != known.brought:
                    self.refuse("a second backward() after gradients were read")
                self.numbers[self.arrived[k]] += number
            elif home is None or home.holder.requires_grad:
                self._bring(self._leaf_row(k, rows[k]), number, owner[k] in surely)

    def _bring(self, known: LeafRow, number: float, surely: bool) -> None:
        graph, before = self.graph, known.gradient_row()
        if before is None and not surely:  # at each call others would have none
            self.refuse("bringing first gradients to Values that a lookup may leave out")
        grad = self.arrived[known.leaf] = self.added(GRADIENT, known.row, number)
        if not self.section:  # what is computed from now on may need it
            self.tape.section()
            self.section = len(self.tape.sections) - 1
        if before is not None and not (
            graph.code[before] == CONSTANT and graph.constants[graph.left[before]] == 0.0
        ):
            grad = self.row_of(self.at(before) + self.at(grad))
        known.set_gradient(grad)
        known.brought = grad

    def _find_numbers(self, root: int, leaves: list[int]) -> list[float]:
        """The gradients that rows of leaves have in this run, by the ordinary pass."""
        indices = [i for x in self.indices for i in x.array.ravel().tolist()]
        with np.errstate(all="ignore"):
            rows = self.graph.needed([root])
            nodes = without_modes(self.graph.computed, rows, self._ordinary, indices.__getitem__)
            wrt = [nodes[row] for row in leaves]
            found = without_modes(gradients, Ends([nodes[root]]), wrt, [1.0])
        return [grad or 0.0 for grad in found]

    def _ordinary(self, row: int) -> Value:
        return (Value if self.graph.code[row] == LEAF else Constant)(self.numbers[row])

    def find_gone(self) -> None:
        """Find the Values that only this recording has: the function made them and forgot them."""
        like = LeafRow(self, 0, Value(0.0), 0)
        _held = [like.value], {like.value: 0}  # as `graph.leaves` and `rows` have a leaf
        alone = sys.getrefcount(like.value)
        made = [x for k, x in self.leaf_rows.items() if k >= self.graph.value_count]
        self.gone = {x.leaf for x in made if sys.getrefcount(x.value) == alone}

    def check(self) -> None:
        """See to it that what is recorded is what happens.

        No comparison decides on something beside the step, and no gradient goes from arrays to
        single numbers.
        """
        if self.roots and self.compared_data is not None:
            raise self.compared_data
        if any(x._grad is not None for _, x in self.values.values()):
            self.refuse("backward() of a Tensor made of single Values")
        late = np.frombuffer(self.graph.late(), dtype=bool)
        if (np.array(self.graph.code)[late] == GATHER).any():
            self.refuse("a lookup among gradients")
