"""Cross: where arrays and single numbers meet while a function is recorded.

The numbers of an array become rows of the graph where they meet Values, as in `x @ w` with an
argument x and an object array w of Values:

    x, a (6, 4) array                 24 numbers of the data, filled in before the rows are computed
    2 * x, computed from arguments    likewise, when the calls that compute it have been made

and rows become an array where a Tensor takes them in (`t * v`), one source on the tape for all the
numbers that go in together. So a replay makes first the calls on arrays that the rows need, then
computes the rows, then makes the other calls. There is no way back from there: a function in which
rows need the numbers of an array that was itself computed from rows, such as `(2 * rate) * x` with
a float `rate`, runs as it is written.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.aliases import Aliases
from autograd.compiler.columns import in_turn
from autograd.compiler.float_rows import block_at
from autograd.compiler.graph import CONSTANT, DATA, LEAF
from autograd.compiler.lookups import ValueArray, chosen, current, rows_of
from autograd.compiler.outside_arrays import OutsideArrays
from autograd.compiler.recorded_rows import RecordedRows, RecordedValue
from autograd.compiler.tape import (
    CHANGE,
    SOURCE,
    Step,
    Tape,
    Traced,
    begin_of,
    has_traced,
    mapped,
    traced_in,
)
from autograd.modes import recording
from autograd.op import OF_USERS
from autograd.tensor import Tensor
from autograd.tracing import AsWritten
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import FrameType
    from typing import TypeGuard

    from autograd.arrays import Array, IndexArray


class Crossing(RecordedRows):
    """A recording of single numbers and arrays.

    Attributes:
        tape: The calls on arrays.
        arguments: The arrays among the arguments.
        aliases: What the memory of leaves holds.
        outside: Plain arrays that calls used.
        values: Rows that array calls need, in arrays, and the tensor that stands for each.
        truths: Traced arrays that were used as truth values, and what they were.
        blocks: Arrays whose elements are used one by one: where they begin in the data.
        indices: Likewise for integers that lookups use.
        early: Calls that do not wait for rows, as far as somebody has asked.
        read_early: What is made of arrays before they are changed, which are needed early.
        late: The arrays that are made of computed rows.
        own: Arrays that may be written to: copies of what is kept, of which nobody else knows.
        section: Which part of the tape comes after the backward pass of rows; 0 where none does.
    """

    def __init__(self, tape: Callable[[Crossing], Tape]) -> None:
        super().__init__()
        self.tape = tape(self)
        self.arguments: dict[Traced, None] = {}
        self.aliases = Aliases(self.tape)
        self.outside = OutsideArrays(self.tape)
        self.values: dict[Hashable, tuple[IndexArray, Tensor]] = {}
        self.truths: list[tuple[Traced, bool]] = []
        self.blocks: dict[Traced, int] = {}
        self.indices: dict[Traced, int] = {}
        self.index_size = 0
        self.early: set[Step] = set()
        self.read_early: list[Traced] = []
        self.late: set[Traced] = set()
        self.own: set[Traced] = set()
        self.section = 0

    # --- arrays of numbers

    def argument_array(self, given: Array) -> Traced:
        """An array among the arguments."""
        traced = self.tape.source(np.asarray(given, order="C"))  # so the same views are possible
        self.arguments[traced] = None
        return traced

    def truth(self, traced: Traced) -> bool:
        """A guard on an array with one element."""
        traced = self.aliases.current(traced)
        outcome = bool(traced.array)
        self.truths.append((traced, outcome))
        return outcome

    def traced(self, x: object) -> Traced:
        """Any numbers as a traced array."""
        found = self.plain_array(self.made_array(x))
        return found if isinstance(found, Traced) else self.tape.source(np.array(found), fixed=True)

    def beside(self, x: object, operands: Sequence[object]) -> Any:
        """x, if uncompiled it is a Python float as an array of the type it takes beside arrays."""
        if not self.is_plain(x) or self.plain.is_wide(x.index):
            return x
        narrow = _narrow_type(operands)
        return x if narrow is None else self.lifted(x)._data.astype(narrow)

    def lifted_beside(self, x: object, operands: Sequence[object]) -> Any:
        """An operand as it is on the tape, in the type that a number takes beside arrays.

        A Value, which uncompiled is none of NumPy's numbers, is differentiated through that type.
        """
        found = self.lifted(self.beside(x, operands))
        if not isinstance(x, Value) or self.is_plain(x):
            return found
        narrow = _narrow_type(operands)
        return found if narrow is None else found.astype(narrow)

    def lifted(self, x: object) -> Any:
        """An operand of an operation on arrays, as it is on the tape."""
        if isinstance(x, Traced):
            # in memory that nobody writes to, as an operation has its operands
            return self.aliases.own(x) if self.aliases.is_of_leaf(x) else x
        if isinstance(x, Tensor):
            return x if isinstance(x._data, Traced) else self.leaf(x)
        if isinstance(x, Value):
            if recording() and self.differentiates([self.row(x)]):
                self.refuse("differentiating a number through an array")
            return self.tensor_of(_boxed(x))
        if isinstance(x, np.ndarray) and x.dtype != object:
            return self.outside.keep(x, by_operation=True)
        return self.made_array(x)

    def tensor_of(self, values: Array) -> Tensor:
        """The Values of an object array as one tensor."""
        values = current(self, values)
        rows = rows_of(self, values)
        stand_in = self.lift_rows(rows)
        if not rows.ndim:
            stand_in.label = getattr(values[()], "label", "")
        return stand_in

    def lift_rows(self, rows: Array) -> Tensor:
        """Numbers of rows as an array that is computed with."""
        key = rows.shape, rows.tobytes()
        if key not in self.values:
            numbers = np.fromiter(map(self.numbers.__getitem__, in_turn(rows.ravel())), float)
            stand_in: Tensor = Tensor.__new__(Tensor)
            stand_in._data = self.tape.source(numbers.reshape(rows.shape))
            stand_in._become_leaf(not self.plain.of_all(rows))
            self.values[key] = rows, stand_in
            if not self.is_given(rows):
                self.late.add(stand_in._data)
        return self.values[key][1]

    def made_array(self, data: object) -> Any:
        """What an array is made of: of numbers that uncompiled are floats, a traced array."""
        if not isinstance(data, (list, tuple, np.ndarray)):
            return data
        if isinstance(data, np.ndarray) and data.dtype != object:
            return data
        array = np.array(data, dtype=object)
        items = array.ravel().tolist()
        if has_traced(items) and not any(isinstance(x, Value) for x in items):
            # of NumPy's numbers it has the type that NumPy finds for them
            return self.tape.call(np.stack, (items,)).reshape(array.shape)
        for place, x in zip(np.ndindex(array.shape), array.ravel().tolist(), strict=True):
            if isinstance(x, Traced) and x.dtype.kind == "f":
                array[place] = self.objects(x)[()]
        if not any(isinstance(x, RecordedValue) for x in array.ravel().tolist()):
            return array.view(ValueArray) if isinstance(data, np.ndarray) else data
        rows = rows_of(self, array)
        floats = self.plain.of_all(rows) and not self.differentiates(rows.ravel().tolist())
        return self.tensor_of(array)._data if floats else array.view(ValueArray)

    def returned_array(self, array: Array) -> Any:
        """What an array of objects is when it is returned: of floats, one of floats."""
        if not all(isinstance(x, (Value, Traced, Real)) for x in array.flat):
            return array
        # what NumPy chose from recorded floats and others, as np.clip does, may all be the others
        numbers = all(isinstance(x, Real) for x in array.flat)
        return array.astype(float) if numbers else self.made_array(array)

    def is_given(self, rows: Array) -> bool:
        """Whether rows are numbers from outside, known before anything is computed."""
        graph = self.graph
        for row in rows.ravel().tolist():
            code, place = graph.code[row], graph.left[row]
            if code not in (CONSTANT, LEAF, DATA):
                return False
            block = block_at(self.places, place) if code == DATA else None
            if block is not None and block not in self.arguments:
                return False
        return True

    def plain_array(self, x: object) -> Any:
        """A recorded number that uncompiled is a float, ready for arithmetic with arrays."""
        return self.lifted(x)._data if self.is_plain(x) else x

    def as_arrays(self, tree: Any) -> Any:
        """The arguments of one of NumPy's functions, with arrays for what uncompiled are floats."""
        if isinstance(tree, dict):
            return {key: self.as_arrays(x) for key, x in tree.items()}
        if isinstance(tree, (tuple, list)):
            return type(tree)([self.as_arrays(self.beside(x, tree)) for x in tree])
        if isinstance(tree, np.ndarray) and tree.dtype == object:
            return self.made_array(tree)
        return self.plain_array(tree)

    def plain_operands(self, operands: Sequence[Any], elementwise: bool = True) -> tuple[Any, ...]:
        """The operands, with recorded floats as arrays where there are arrays with them.

        Likewise alone, where the operation is not elementwise and takes arrays only.
        """
        arrays = [x for x in operands if isinstance(x, np.ndarray) or getattr(x, "ndim", False)]
        arrays += [x for x in operands if is_of_other_size(x)]
        kinds = {x.dtype == object for x in arrays}
        if True in kinds:
            return tuple(_boxed(x) if self.is_plain(x) else x for x in operands)
        if elementwise and not kinds:
            return tuple(operands)
        found: tuple[Any, ...] = self.as_arrays(tuple(operands))
        return found

    def chosen(self, array: Array | Traced, index: Any) -> Any:
        """`array[index]` where the array or the index is data."""
        if isinstance(array, Traced):
            return array.taken(index if isinstance(index, tuple) else (index,))
        if not has_traced(index):
            return array[index]
        if array.dtype == object:
            return self._chosen(array, index)
        return self.lifted(array)[index]

    def is_guarded(self) -> bool:
        """Whether the function looked at numbers."""
        return bool(self.graph.guards or self.truths)

    # --- numbers of arrays

    def element(self, traced: Traced, index: tuple[int, ...]) -> RecordedValue | None:
        """One element of an argument, as a number to compute with; None of any other array."""
        if traced.base not in self.arguments or traced.dtype != np.float64:
            return None
        return self.number_at(traced, index)

    def number_at(self, traced: Traced, index: tuple[int, ...]) -> RecordedValue:
        """A number of an array that does not wait for single numbers."""
        if traced.places is None:  # not each time: there may be many
            traced.places = self.block(traced, self.blocks) + places_in_base(traced)
        place = traced.places.item(*index)
        row = self.rows.get((DATA, place))
        if row is None:
            number = float(traced.array.item(*index))
            row = self.rows[(DATA, place)] = self.added(DATA, place, number)
        return self.at(row)

    def objects(self, traced: Traced) -> ValueArray:
        """The elements of an array as numbers to compute with."""
        traced = self.aliases.current(traced)
        out = np.empty(traced.shape, dtype=object)
        for index in np.ndindex(traced.shape):
            out[index] = self.number_at(traced, index)
        return out.view(ValueArray)

    def block(self, traced: Traced, blocks: dict[Traced, int]) -> int:
        """Where the numbers of an array's base begin in the data (or in the indices)."""
        base = traced.base
        if base not in blocks:
            if base not in self.arguments:
                self._look_at_makers(base)
            if blocks is self.blocks:
                blocks[base] = self.graph.data_size
                self.places.append((blocks[base], base))
                self.graph.data_size += base.size
            else:
                blocks[base] = self.index_size
                self.index_size += base.size
        return blocks[base]

    def _look_at_makers(self, needed: Traced) -> None:
        """See to it that an array can be computed before the rows are."""
        pending = [needed]
        while pending:
            array = pending.pop()
            changes = self.tape.changed.get(array.base, [])
            if changes:  # who reads it before that does so early, too
                readers = self._readers(array.base, changes[-1])
                self.read_early += readers
                pending += [x for x in readers if x.maker not in self.early]
            for step in (array.maker, *changes):
                if step is None or step in self.early:
                    continue
                if step.out in self.late:
                    raise AsWritten("it takes numbers out of an array that is made of some")
                self.early.add(step)
                pending += traced_in((step.args, step.options))

    def _readers(self, base: Traced, change: Step) -> list[Traced]:
        """What is made of an array before it is changed."""
        steps = self.tape.steps[: self.tape.steps.index(change)]
        found = [x for x in steps if x.kind != SOURCE and x.out.base is not base]
        found = [x for x in found if any(y.base is base for y in traced_in((x.args, x.options)))]
        if any(x.kind == CHANGE for x in found):  # of an array that may be changed again, later
            self.refuse("taking numbers out of an array that was computed from single numbers")
        return [x.out for x in found]

    def on_objects(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function of NumPy with the numbers of traced arrays as Values, one by one."""
        if function is np.where and len(args) == 3 and isinstance(args[0], Traced):
            return self._where(*args)
        given = mapped(args, self.objects)
        result = function(*given, **mapped(kwargs, self.objects))
        if any(result is now and now is not x for x, now in zip(args[1:], given[1:], strict=True)):
            self.refuse("writing into an array that is not passed as out=")
        if isinstance(result, np.ndarray):  # of truths where Values were compared
            return result.view(ValueArray if result.dtype == object else np.ndarray)
        return result

    def _where(self, condition: Traced, x: object, y: object) -> Any:
        """`np.where` on Values: of each pair the one that the condition of a replay says."""
        sides = (self.objects(side) if isinstance(side, Traced) else side for side in (x, y))
        arrays = (np.asarray(side, dtype=object) for side in sides)
        left, right, _ = np.broadcast_arrays(*arrays, condition.array)
        shape: tuple[int, ...] = left.shape
        places = self.tape.call(np.broadcast_to, (condition, shape)).astype(np.intp)
        return self._chosen(np.stack([right, left]), (places, *np.indices(shape, sparse=True)))

    def _chosen(self, array: Array, index: Any) -> Any:
        return chosen(self, array, index, lambda x: self.block(x, self.indices) + places_in_base(x))

    # --- what more is known where something changes

    @abstractmethod
    def leaf(self, node: Any) -> Any:
        """What stands for a leaf, on the tape or among the rows."""

    def owns(self, array: Traced) -> bool:
        """Whether an array may be written to: its own, or such a one in another type."""
        made = array.maker
        if made is not None and made.function is np.ndarray.astype:
            return made.args[0].base in self.own
        return array in self.own

    def scratch(self, like: Traced) -> Traced:
        """An array to compute in, which may be written to."""
        made = self.tape.source(np.zeros(like.shape, like.dtype))
        self.own.add(made)
        return made

    def changing(self, array: object) -> Traced:
        """What to write to where an array is written to: of what a leaf has, into a copy.

        Operations may write into arrays that they have made.
        """
        if isinstance(array, Traced):
            if self.aliases.is_of_leaf(array):
                return self.aliases.copied(array)
            if self.owns(array.base) or written_by_operation():
                return array
        self.refuse("writing into an array")


def has_values(tree: object) -> bool:
    """Whether there are Values, or object arrays, in nested arguments."""
    if isinstance(tree, (tuple, list)):
        return any(map(has_values, tree))
    if isinstance(tree, dict):
        return has_values(list(tree.values()))
    return isinstance(tree, Value) or (isinstance(tree, np.ndarray) and tree.dtype == object)


def places_in_base(traced: Traced) -> IndexArray:
    """Where the elements of a view lie in its base, counted in the order of the base's rows."""
    base = traced.base.array
    inside = _offsets(traced.array, base)
    if base.flags.c_contiguous:
        return inside
    offsets = _offsets(base, base)
    least = int(offsets.min(initial=0))
    place = np.empty(int(offsets.max(initial=0)) - least + 1, dtype=np.intp)
    place[offsets - least] = np.arange(base.size).reshape(base.shape)
    return place[inside - least]


def _offsets(shown: Array, base: Array) -> IndexArray:
    start = begin_of(shown) - begin_of(base)
    grid = np.zeros(shown.shape, dtype=np.intp)
    for axis, stride in enumerate(shown.strides):
        steps = np.arange(shown.shape[axis]) * stride
        grid += steps.reshape((-1,) + (1,) * (shown.ndim - axis - 1))
    places: IndexArray = (grid + start) // base.itemsize
    return places


def _narrow_type(operands: Sequence[object]) -> np.dtype[Any] | None:
    """The type of arrays of float32 or float16, which a Python float takes; None of all others."""
    kinds = [y.dtype for y in operands if isinstance(y, (Tensor, Traced, np.ndarray))]
    kinds += [y.dtype for y in operands if is_of_other_size(y)]
    if object in kinds or not kinds or np.result_type(*kinds) not in (np.float32, np.float16):
        return None
    return np.result_type(*kinds)


def is_of_other_size(x: object) -> TypeGuard[np.floating[Any]]:
    """Whether x is a number of NumPy's that is no float64, and so decides the type of a result."""
    return isinstance(x, np.floating) and not isinstance(x, float)


def _boxed(x: object) -> Array:
    box = np.empty((), dtype=object)
    box[()] = x
    return box


_INSIDE = ("autograd.compiler.", "numpy")


def written_by_operation() -> bool:
    """Whether the code that writes into an array here is an operation's, ours or a user's."""
    frame: FrameType | None = sys._getframe(2)
    while frame and str(frame.f_globals.get("__name__")).startswith(_INSIDE):
        frame = frame.f_back
    if frame is None:
        return False
    if str(frame.f_globals.get("__name__")).startswith(("autograd.", "nn.")):
        return True
    own = (getattr(op.forward, "__wrapped__", op.forward) for op in OF_USERS.values())
    return any(getattr(f, "__code__", None) is frame.f_code for f in own)
