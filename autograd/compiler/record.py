"""Record: run a function once, and write down what it computed as a few flat arrays.

While a function is being recorded, every operation on single numbers is one row of three arrays:

    row   code       left  right          a neuron  tanh(w * x + b)
    0     leaf          0     -1          w
    1     data          0     -1          x, an argument
    2     multiply      0      1          w * x
    3     leaf          1     -1          b
    4     add           2      3          w * x + b
    5     tanh          4     -1

Five such neurons are thirty rows. No object is kept for a row: what the function holds while it
runs is a `Value` of a kind of its own, which knows its row and behaves like any Value. Tensors are
recorded too, on a `Tape`: they hold traced arrays while the function runs.

A number that the function looks at (`v > 0`) is a guard: replays check that it comes out the same.
What could not be repeated, such as `float(v)`, is refused with the line that did it.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np

from autograd.compiler import crossing
from autograd.compiler.differentiated_rows import Varying
from autograd.compiler.effects import Effects, StandIn
from autograd.compiler.float_rows import Plainness, block_at
from autograd.compiler.graph import CONSTANT, DATA, DETACH, LEAF, Graph
from autograd.compiler.recorded_value import RecordedValue
from autograd.compiler.refusals import refusal
from autograd.compiler.tape import Tape
from autograd.compiler.traced import Step, Traced, has_traced
from autograd.compiler.watch import LARGE
from autograd.modes import active, differentiated, recording
from autograd.op import OF_USERS
from autograd.reading import compares_itself
from autograd.tensor import Tensor
from autograd.tracing import Tracer
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from types import FrameType
    from typing import TypeGuard

    from autograd.arrays import Array, IndexArray
    from autograd.compiler.crossing import RecordedArray
    from autograd.compiler.graph import Relation
    from autograd.compiler.host_numbers import HostNumber
    from autograd.errors import CompileError
    from autograd.op import Op


class Recording(Tracer):
    """One run of a function, on its way to a program.

    Attributes:
        graph: The rows of single numbers.
        tape: The calls on arrays.
        tensors: Tensors from outside, and what stands for each inside.
        effects: What is changed outside.
        kept: Plain arrays that calls used, and their last copies.
        copies: By the ids of copies, the plain arrays and these.
        values: Rows that array calls need, in arrays, and the tensor that stands for each.
        truths: Traced arrays that were used as truth values, and what they were.
        plain: Which rows are floats uncompiled.
        blocks: Arrays whose elements are used one by one: where they begin in the data.
        indices: Likewise for integers that lookups use.
        early_already: Calls that do not wait for rows, as far as somebody has asked.
        late: Of arrays that are made of computed rows, the rows, by the identity of the array.
        places: Where the arrays of `blocks` begin, in order, and the arrays.
        transforms: Whether a function is differentiated inside.
        varying: Which rows depend on what it is differentiated for.
        compared_data: The error that says where the `.data` of a result was compared, if it was.
        live: Some numbers of what is read without a copy, of large arrays from outside.
    """

    def __init__(self) -> None:
        self.graph = Graph()
        self.tape = Tape(self)
        own: dict[str, Any] = {"__slots__": (), "recording": self}
        self.kind = cast("type[RecordedValue]", type("RecordedValue", (RecordedValue,), own))
        self.codes: dict[Op, int] = {}
        self.rows: dict[Hashable, int] = {}
        self.tensors: dict[int, tuple[Tensor, StandIn]] = {}
        self.fixed: dict[int, tuple[Array, Traced]] = {}
        self.kept: dict[int, tuple[Array, Array]] = {}
        self.copies: dict[int, tuple[Array, Array]] = {}
        self.values: dict[Hashable, tuple[IndexArray, Tensor]] = {}
        self.truths: list[tuple[Traced, bool]] = []
        self.blocks: dict[Traced, int] = {}
        self.indices: dict[Traced, int] = {}
        self.early_already: set[Step] = set()
        self.late: dict[int, IndexArray] = {}
        self.places: list[tuple[int, Traced]] = []
        self.index_size = 0
        self.arguments: dict[Traced, None] = {}
        self.floats: list[float] = []
        self.plain = Plainness(self.graph, self.places)
        self.tensor_count = 0
        self.transforms = False
        self.varying = Varying(self.graph)
        self.tables: dict[bytes, int] = {}
        self.effects = Effects(self)
        self.inside = 0
        self.around: tuple[list[Any], ...] = ()
        self.live: list[Array] = []
        self.compared_data: CompileError | None = None

    def begin(self) -> None:
        """All arguments are known: what comes now is from outside."""
        self.graph.value_count, self.tensor_count = len(self.graph.leaves), len(self.tensors)

    def __enter__(self) -> Recording:
        super().__enter__()
        self.inside, self.around = len(active()), differentiated.get()
        return self

    # --- single numbers

    def made(self, op: Any, out: Any, operands: tuple[Any, ...]) -> Any:
        """Give the result of an operation its row; what is made of arrays is on the tape."""
        if out.__class__ is not Value:
            return out
        code = self.codes.get(op)
        if code is None:
            code = self.codes[op] = len(self.graph.ops)
            self.graph.ops.append(op)
        kind, graph, right = self.kind, self.graph, -1  # written out, as it is what takes the time
        x = operands[0]
        left = x.index if type(x) is kind else self.row(x)
        if len(operands) == 2:
            x = operands[1]
            right = x.index if type(x) is kind else self.row(x)
        made = kind.__new__(kind)
        made.index = len(graph.code)
        graph.code.append(code)
        graph.left.append(left)
        graph.right.append(right)
        made._data, made.label = out._data, ""
        made._grad = made.op = made._left = made._right = None
        if op.name in RAISING:
            self._check_raising(op.name, operands, made)
        if len(active()) > self.inside:
            if not recording():
                return self.value(DETACH, made.index, made._data)
            self.transforms |= differentiated.get() is not self.around
            made.op, made._left, made._right, made._x = op, out._left, out._right, out._x
            if made._right is not None:
                made._y = out._y
        return made

    def _check_raising(self, name: str, operands: tuple[Any, ...], out: RecordedValue) -> None:
        """See to it that Python has a float, too, for an operation on what uncompiled are floats.

        For `x / 0.0`, `(-4.0) ** 0.5` and `1e200 ** 2` it has none; of Values these are numbers.
        """
        x, y = operands
        if not all(type(side) is Constant or self._is_plain(side) for side in operands):
            return
        if name != "power":
            self._require(operator.ne, y, 0.0)
        elif type(y) is not Constant or y._data != math.trunc(y._data) or y._data < 0:
            self._require(operator.gt, x, 0.0)
        elif y._data > 1:
            self._require(operator.le, out, sys.float_info.max)
            if y._data % 2:
                self._require(operator.ge, out, -sys.float_info.max)

    def _require(self, relation: Relation, x: Value, number: float) -> None:
        """A guard without which this call is run as it is written."""
        if not relation(x._data, number):
            raise AsWritten
        if type(x) is not Constant:
            assert isinstance(x, RecordedValue)
            self.graph.guard(relation, x.index, self.constant_row(number), True)

    def row(self, value: Value) -> int:
        """The row of any Value."""
        if isinstance(value, RecordedValue):
            if type(value) is not self.kind:
                self.refuse("using a Value left over from an earlier run")
            return value.index
        row = self.rows.get(value)
        if row is not None:
            return row
        graph = self.graph
        if isinstance(value, Constant) or any(value in those for those in self._variables()):
            row = self.constant_row(value._data)
            if not isinstance(value, Constant):  # a number that a function is differentiated at
                row = self.rows[value] = graph.add(DETACH, row)
            return row
        row = self.rows[value] = graph.add(LEAF, len(graph.leaves))
        graph.leaves.append(value)
        return row

    def constant_row(self, number: float) -> int:
        """The row of a number written in the code."""
        # 0.0 and -0.0 are equal, and two different constants
        key = number if number else str(number)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = self.graph.add(CONSTANT, len(self.graph.constants))
            self.graph.constants.append(number)
        return row

    def _variables(self) -> Iterator[frozenset[Any]]:
        """Of each function that is differentiated inside the variables."""
        return map(frozenset, differentiated.get()[len(self.around) :])

    def value(self, code: int, left: int, number: float, right: int = -1) -> RecordedValue:
        """A new Value with a row of its own."""
        return self.at(self.graph.add(code, left, right), number)

    def at(self, row: int, number: float) -> RecordedValue:
        """A Value that stands for a row."""
        out = self.kind.__new__(self.kind)
        out._data, out.index, out.label = number, row, ""
        out._grad = out.op = out._left = out._right = None
        return out

    def stand_in(self, fresh: Value, row: int, number: float) -> None:
        """`Value(x)` of a recorded x: the new Value is x's row."""
        self.rows[fresh], fresh._data = row, number
        if isinstance(fresh, Constant):
            fresh.__class__ = Value  # type: ignore[assignment]  # it is none: its number is another one at each call

    def argument_number(self, number: float) -> RecordedValue:
        """A float among the arguments: the next place of the data."""
        self.graph.data_size += 1
        self.floats.append(float(number))
        out = self.value(DATA, self.graph.data_size - 1, float(number))
        if isinstance(number, np.float64):
            self.plain.wide.add(out.index)
        return out

    def argument_value(self, value: Value) -> RecordedValue:
        """A Value among the arguments."""
        self.graph.leaves.append(value)
        out = self.value(LEAF, len(self.graph.leaves) - 1, value._data)
        out.label = value.label
        return out

    def compared(self, relation: Relation, left: Any, right: Any, outcome: bool) -> bool:
        """A guard: at replay the comparison must come out the same."""
        if not (isinstance(left, Constant) and isinstance(right, Constant)):
            self._refuse_changed((left, right))
            if self.compared_data is None and (self._is_score(left) or self._is_score(right)):
                self.compared_data = refusal("comparing the .data of a result in a training step")
            self.graph.guard(relation, self.row(left), self.row(right), outcome)
        return outcome

    def _refuse_changed(self, values: Sequence[Value | RecordedValue]) -> None:
        """Refuse leaves whose numbers are others by now: their rows are the old ones."""
        if any(self.effects.rows.known(x) is not None for x in values):
            self.refuse("computing with a Value after it was changed")

    def _is_score(self, x: Value) -> bool:
        """Whether x is the `.data` of something computed, as an accuracy is made of."""
        if type(x) is not self.kind or x.index not in self.plain.read:
            return False
        return bool(self.graph.code[self.graph.left[x.index]] >= 0)

    def equal(self, x: RecordedValue, other: object) -> Any:
        """Whether a recorded number equals something: floats by number, Values if they are one."""
        if isinstance(other, (int, float, np.floating)):
            y: Value = Constant(float(other))
        elif type(other) is self.kind and self._is_plain(other):
            y = other
        elif (
            other is not x
            and isinstance(other, Value)
            and (self._is_given(x) or self._is_given(other))
        ):
            self.refuse("comparing a Value among the arguments with another by ==")
        else:
            return NotImplemented
        if not self._is_plain(x):
            return NotImplemented
        return self.compared(operator.eq, x, y, x._data == y._data)

    def check_order(self, *sides: object) -> None:
        """See to it that NumPy does not order floats that are nan.

        In arrays of floats it has an order of its own, in which nan is the largest. While they are
        recorded these are arrays of objects, which it compares by `<`. So a program of one that
        NumPy ordered is for numbers alone, and what has a nan in it is run as it is written.
        """
        plain = [x for x in sides if self._is_plain(x)]
        if plain and not compares_itself(sys._getframe(2)):
            for x in plain:
                if math.isnan(x._data):
                    raise AsWritten
                self.graph.guard(operator.eq, x.index, x.index, True)

    def _is_given(self, x: Value) -> bool:
        """Whether x stands for a Value among the arguments."""
        row = x.index if type(x) is self.kind else -1
        return self.graph.code[row] == LEAF and self.graph.left[row] < self.graph.value_count

    def read(self, node: Any, what: str) -> Any:
        """The numbers of a node are recorded, too, where they may go on as a node."""
        if what not in (".data", ".detach()"):
            self.refuse(what)
        if isinstance(node, Tensor):
            data = self._lifted(node)._data
            return self.tape.call(np.ndarray.copy, (data, "C")) if data.number else data
        if (leaf := self.effects.rows.known(node)) is not None:
            if what == ".detach()":
                self.refuse("computing with a Value after it was changed")
            return leaf.data
        if (what == ".data" and self._is_plain(node)) or node.__class__ is Constant:
            return node if isinstance(node, RecordedValue) else node._data
        out = self.value(DETACH, self.row(node), node._data)
        if what == ".data":
            self.plain.read.add(out.index)
        return out

    def backward(self, root: RecordedValue) -> None:
        """A backward pass inside the function."""
        self.effects.rows.backward(root)

    # --- what is changed

    def leaf(self, node: Any) -> Any:
        """What stands for a leaf, on the tape or among the rows."""
        if not isinstance(node, Tensor):
            return self.effects.rows.leaf(node)
        return self._lifted(node)

    def held(self, holder: Callable[[], Any], name: str, first: Any) -> Traced:
        """A copy, which is what is kept after the call."""
        return self.effects.keep(holder, name, first)

    def numbers_of(
        self, read: Callable[[], Any], owner: object, names: Sequence[str]
    ) -> list[HostNumber]:
        """Expressions of numbers that each call reads."""
        self.effects.owners.append(owner)
        return self.effects.host.read(read, names, owner)

    def once(self, owner: object, make: Callable[[Any, Any], Any]) -> Any:
        """What was made for an owner."""
        made = self.effects.made
        if id(owner) not in made:
            made[id(owner)] = make(owner, self)
        return made[id(owner)]

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Traced:
        """An array that each call fills in; here with what the generator would draw next."""
        return self.effects.draw(generator, shape)

    def as_written(self) -> NoReturn:
        """Give up the recording of this call."""
        raise AsWritten

    def ends_as(self, owner: object, name: str, value: Callable[[], Any]) -> None:
        """An effect on an attribute."""
        self.effects.owners.append(owner)
        self.effects.ends.append((owner, name, value))

    def written(self, what: str) -> None:
        """No replay would do that."""
        self.refuse(what)

    def scratch(self, like: Traced) -> Traced:
        """An array to compute in, which may be written to."""
        made = self.tape.source(np.zeros(like.shape, like.dtype))
        self.effects.own.add(made)
        return made

    def traced(self, x: object) -> Traced:
        """Any numbers as a traced array."""
        found = self.plain_array(self.made_array(x))
        return found if isinstance(found, Traced) else self.tape.source(np.array(found), fixed=True)

    # --- arrays

    def argument_array(self, given: Array) -> Traced:
        """An array among the arguments."""
        traced = self.tape.source(_row_by_row(given))
        self.arguments[traced] = None
        return traced

    def argument_tensor(self, given: Tensor) -> Tensor:
        """A Tensor among the arguments."""
        stand_in = StandIn.of(self, given, _row_by_row(given._data))
        self.tensors[-len(self.tensors) - 1] = (given, stand_in)
        return stand_in

    def lift(self, operands: Any) -> tuple[float | Tensor | StandIn | Traced, ...]:
        """The operands of an array operation as those of this recording."""
        return tuple(self._lifted(self.beside(x, operands)) for x in operands)

    def beside(self, x: object, operands: Sequence[object]) -> Any:
        """x, if uncompiled it is a Python float as an array of the type it takes beside arrays."""
        if not self._is_plain(x) or self.plain.is_wide(x.index):
            return x
        kinds = [y.dtype for y in operands if isinstance(y, (Tensor, Traced, np.ndarray))]
        kinds += [y.dtype for y in operands if is_of_other_size(y)]
        if object in kinds or not kinds or np.result_type(*kinds) not in (np.float32, np.float16):
            return x
        return self._lifted(x)._data.astype(np.result_type(*kinds))

    def _lifted(self, x: object) -> Any:
        if isinstance(x, Traced):
            return self.effects.aliases.snapshot(x)
        if isinstance(x, Tensor):
            if isinstance(x._data, Traced):
                return x
            if id(x) not in self.tensors:
                self.tensors[id(x)] = (x, StandIn.of(self, x, x._data))
            if self.effects.rows.has_new_numbers(x):
                self.refuse("using an array after its single numbers were changed")
            return self.tensors[id(x)][1]
        if isinstance(x, Value):
            if recording() and self.differentiates([self.row(x)]):
                self.refuse("differentiating a number through an array")
            return self.tensor_of(_boxed(x))
        if isinstance(x, np.ndarray) and x.dtype != object:
            known = self.fixed.get(id(x))
            if known is None or not _equal(known[1].array, x):
                # A copy, as it may change before backward(). Before the next call that is seen.
                known = self.fixed[id(x)] = (x, self.tape.source(x.copy("K"), fixed=True))
            return known[1]
        return self.made_array(x)

    def tensor_of(self, values: Array) -> Tensor:
        """The Values of an object array as one tensor."""
        self._refuse_changed([x for x in values.ravel().tolist() if isinstance(x, Value)])
        rows = crossing.rows_of(self, values)
        numbers = [getattr(x, "_data", x) for x in values.ravel().tolist()]
        stand_in = self.lift_rows(rows, np.array(numbers, dtype=float).reshape(rows.shape))
        if not rows.ndim:
            stand_in.label = getattr(values[()], "label", "")
        return stand_in

    def lift_rows(self, rows: Array, numbers: Array) -> Tensor:
        """Numbers of rows as an array that is computed with."""
        key = rows.shape, rows.tobytes()
        if key not in self.values:
            self.effects.rows.wait_for(rows)
            stand_in: Tensor = Tensor.__new__(Tensor)
            stand_in._data = self.tape.source(numbers)
            stand_in._become_leaf(not self.plain.of_all(rows))
            self.values[key] = rows, stand_in
            if not self.is_given(rows):
                self.late[id(stand_in._data)] = rows
        return self.values[key][1]

    def given_number(self, row: int) -> Any:
        """A number from outside: one written in the code as it is, any other as an array."""
        graph, place = self.graph, self.graph.left[row]
        if graph.code[row] == CONSTANT:
            return graph.constants[place]
        if graph.code[row] == DATA:
            begin, block = self.block_at(place)
            if block is not None:
                return self.tape.call(np.take, (block, place - begin))
            if place >= len(self.floats):  # a gradient, which is known after all rows
                self.refuse("taking numbers out of an array that was computed from single numbers")
        number = graph.leaves[place]._data if graph.code[row] == LEAF else self.floats[place]
        return self.lift_rows(np.array(row), np.array(number))._data

    def numbers(self, values: object) -> Traced:
        """The numbers of Values as a traced array, which no gradient flows through."""
        found: Traced = self.tensor_of(np.asarray(values, dtype=object))._data
        return found

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
            return array.view(crossing.RecordedArray) if isinstance(data, np.ndarray) else data
        rows = crossing.rows_of(self, array)
        floats = self.plain.of_all(rows) and not self.differentiates(rows.ravel().tolist())
        return self.numbers(array) if floats else array.view(crossing.RecordedArray)

    def returned_array(self, array: Array) -> Any:
        """What an array of objects is when it is returned: of floats, one of floats."""
        if not all(isinstance(x, (Value, Traced, Real)) for x in array.flat):
            return array
        # what NumPy chose from recorded floats and others, as np.clip does, may all be the others
        numbers = all(isinstance(x, Real) for x in array.flat)
        return array.astype(float) if numbers else self.made_array(array)

    def is_given(self, rows: Array) -> bool:
        """Whether rows are numbers from outside, known before anything is computed."""
        graph, grads = self.graph, self.effects.rows.grads
        for row in rows.ravel().tolist():
            code, place = graph.code[row], graph.left[row]
            if code not in (CONSTANT, LEAF, DATA) or (code == DATA and place in grads):
                return False
            block = self.block_at(place)[1] if code == DATA else None
            if block is not None and block not in self.arguments:
                return False
        return True

    def block_at(self, place: int) -> tuple[int, Traced | None]:
        """The array whose numbers lie at a place of the data, and where they begin; else None."""
        return block_at(self.places, place)

    def plain_array(self, x: object) -> Any:
        """A recorded number that uncompiled is a float, ready for arithmetic with arrays."""
        return self._lifted(x)._data if self._is_plain(x) else x

    def as_arrays(self, tree: Any) -> Any:
        """The arguments of one of NumPy's functions, with arrays for what uncompiled are floats."""
        if isinstance(tree, dict):
            return {key: self.as_arrays(x) for key, x in tree.items()}
        if isinstance(tree, (tuple, list)):
            return type(tree)([self.as_arrays(self.beside(x, tree)) for x in tree])
        return self.assigned(tree)

    def assigned(self, x: RecordedArray | Traced | int) -> Any:
        """What is written into an array of numbers: of what uncompiled is floats, an array."""
        if isinstance(x, np.ndarray) and x.dtype == object:
            return self.made_array(x)
        return self.plain_array(x)

    def _is_plain(self, x: object) -> TypeGuard[RecordedValue]:
        return type(x) is self.kind and self.plain.of(x.index)

    def differentiates(self, rows: list[int]) -> bool:
        """Whether a function is being differentiated for what leads to one of these rows."""
        known = [x for those in self._variables() for x in those if isinstance(x, Value)]
        return bool(known) and self.varying.any_of(rows, sorted(map(self.row, known)))

    def plain_operands(self, operands: Sequence[Any], elementwise: bool = True) -> tuple[Any, ...]:
        """The operands, with recorded floats as arrays where there are arrays with them.

        Likewise alone, where the operation is not elementwise and takes arrays only.
        """
        arrays = [x for x in operands if isinstance(x, np.ndarray) or getattr(x, "ndim", False)]
        arrays += [x for x in operands if is_of_other_size(x)]
        kinds = {x.dtype == object for x in arrays}
        if True in kinds:
            return tuple(_boxed(x) if self._is_plain(x) else x for x in operands)
        if elementwise and not kinds:
            return tuple(operands)
        return tuple(self.plain_array(self.beside(x, operands)) for x in operands)

    def keep(self, array: Array) -> Array:
        """The numbers of a plain array as they are now; see `settle`."""
        known = self.kept.get(id(array))
        if known is None or not _equal(known[1], array):
            known = self.kept[id(array)] = array, array.copy("K")
            self.copies[id(known[1])] = known
        return known[1]

    def settle(self, outside: Mapping[int, object], numbers: set[float]) -> set[int]:
        """Take arrays from outside as they are at each replay; of those made inside, copies.

        Args:
            outside: What the function finds around it, by its id.
            numbers: The floats that stand in its code and around it.

        Returns:
            The ids of those that nothing but calls on arrays has read, as far as can be seen.
        """
        used = [*self.copies.values(), *((x, known.array) for x, known in self.fixed.values())]
        self.effects.aliases.check_apart([*outside.values(), *(array for array, _ in used)])
        owners = {id(array): _owner(array, outside) for array, _ in used}
        own = {key: array for key, (array, _) in self.copies.items() if owners[id(array)]}
        for array, copy in self.copies.values():
            if owners[id(array)] and not _equal(array, copy):
                self.refuse("using an array from outside that it writes to")
        if own:
            for step in self.tape.steps:
                step.args, step.options = _swapped(step.args, own), _swapped(step.options, own)
        self.kept, self.copies = {}, {}
        # an array that was made inside, or a number, may have been computed from one from outside
        floats = *self.graph.constants, *_floats([(x.args, x.options) for x in self.tape.steps])
        if None in owners.values() or not numbers.issuperset(floats):
            return set()
        if any(x.strides != known.array.strides for x, known in self.fixed.values()):
            return set()
        for array, known in self.fixed.values():
            owner = outside[owners[id(array)] or 0]
            if isinstance(owner, np.ndarray) and owner.nbytes > LARGE:
                known.array = array
                self.live.append(array.reshape(-1)[:: 1 + array.size // SAMPLE])
        return {owner for owner in owners.values() if owner}

    def current(self, array: Traced) -> Traced:
        """The array that shows what this one shows uncompiled by now."""
        return self.effects.aliases.current(array)

    def returned(self, x: Any) -> Any:
        """A result as it is at the end."""
        if isinstance(x, Traced):
            return self.current(x)
        if isinstance(x, Tensor) and isinstance(x._data, Traced) and not isinstance(x, StandIn):
            x._data = self.current(x._data)
        return x

    def changing(self, array: object) -> Traced:
        """What to write to where an array is written to: of what a leaf has, into a copy.

        Operations may write into arrays that they have made.
        """
        if isinstance(array, Traced):
            if self.effects.aliases.is_of_leaf(array):
                return self.effects.aliases.copied(array)
            if self.effects.owns(array.base) or written_by_operation():
                return array
        self.refuse("writing into an array")

    def truth(self, traced: Traced) -> bool:
        """A guard on an array with one element."""
        traced = self.current(traced)
        outcome = bool(traced.array)
        self.truths.append((traced, outcome))
        return outcome

    def element(self, traced: Traced, index: tuple[int, ...]) -> RecordedValue | None:
        """One element of an argument, as a number to compute with; None of any other array."""
        if traced.base not in self.arguments or traced.dtype != np.float64:
            return None
        return crossing.element(self, traced, index)

    def objects(self, traced: Traced) -> RecordedArray:
        """The elements of an array as numbers, in an object array."""
        return crossing.objects(self, self.current(traced))

    def has_values(self, tree: object) -> bool:
        """Whether there are Values, or object arrays, in nested arguments."""
        return crossing.has_values(tree)

    def on_objects(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function of NumPy with the numbers of traced arrays as Values, one by one."""
        return crossing.on_objects(self, function, args, kwargs)

    def datum(self, place: int, number: float) -> RecordedValue:
        """The number at a place of the data."""
        row = self.rows.get((DATA, place))
        if row is None:
            row = self.rows[(DATA, place)] = self.graph.add(DATA, place)
        return self.at(row, number)

    def taken(self, blocks: dict[Traced, int], base: Traced) -> int:
        """Take the next places of the data, or of the indices; the answer is the first."""
        count = base.size
        if blocks is self.blocks:
            self.places.append((self.graph.data_size, base))
            self.graph.data_size += count
            return self.graph.data_size - count
        self.index_size += count
        return self.index_size - count

    def chosen(self, array: Array | Traced, index: Any) -> Any:
        """`array[index]` where the array or the index is data."""
        if isinstance(array, Traced):
            return array.taken(index if isinstance(index, tuple) else (index,))
        if not has_traced(index):
            return array[index]
        if array.dtype == object:
            return crossing.chosen(self, array, index)
        return self._lifted(array)[index]

    def choices(self, rows: Array) -> int:
        """The number of the candidates of a lookup."""
        key = rows.tobytes()
        if key not in self.tables:
            self.tables[key] = self.graph.choices(rows.tolist())
        return self.tables[key]

    # --- what cannot be repeated

    def refuse(self, what: str, remedy: str = "") -> NoReturn:
        """Say what was done where, and what to do instead."""
        raise refusal(what, remedy)


SAMPLE = 256
"""So many numbers of a large array tell whether it was written to before the backward pass."""

RAISING = {"divide", "floor_divide", "remainder", "power"}
"""Operations that of some floats give an error or a complex number."""


class AsWritten(BaseException):
    """This call has to be run as it is written; of no class that the user's code catches."""


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


def _swapped(tree: Any, by: dict[int, Array]) -> Any:
    """Nested arguments with other arrays in the places of some, which are given by their ids."""
    if isinstance(tree, np.ndarray):
        return by.get(id(tree), tree)
    if isinstance(tree, (tuple, list)):
        return type(tree)([_swapped(x, by) for x in tree])
    return {key: _swapped(x, by) for key, x in tree.items()} if isinstance(tree, dict) else tree


def is_of_other_size(x: object) -> TypeGuard[np.floating[Any]]:
    """Whether x is a number of NumPy's that is no float64, and so decides the type of a result."""
    return isinstance(x, np.floating) and not isinstance(x, float)


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


def _row_by_row(array: Array) -> Array:
    """An argument stored as replays will have it, so that the same views of it are possible."""
    return np.asarray(array, order="C")


def _boxed(x: object) -> Array:
    box = np.empty((), dtype=object)
    box[()] = x
    return box
