"""Rows: the single numbers of a function that is being recorded, and the Values it has for them.

Every operation on them is one row of three arrays:

    row   code       left  right          a neuron  tanh(w * x + b)
    0     leaf          0     -1          w
    1     data          0     -1          x, an argument
    2     multiply      0      1          w * x
    3     leaf          1     -1          b
    4     add           2      3          w * x + b
    5     tanh          4     -1

Five such neurons are thirty rows. No object is kept for a row: what the function holds while it
runs is a `RecordedValue`, which knows its row. It is a Value like any other, so the rulebook
computes with it. But some Values are there only while a function is recorded: uncompiled they are
floats. These are compared, ordered, joined with arrays and handed to NumPy as floats are; and what
nobody could repeat with other numbers is refused.

A number that the function looks at (`v > 0`) is a guard: replays check that it comes out the same.
"""

from __future__ import annotations

import math
import operator
import sys
from array import array
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, cast

import numpy as np

from autograd.compiler.float_rows import Plainness
from autograd.compiler.graph import CONSTANT, DATA, DETACH, LEAF, Graph
from autograd.compiler.refusals import refusal
from autograd.compiler.tape import asked_by_user
from autograd.errors import CompileError
from autograd.modes import active, differentiated, recording
from autograd.numpy_protocols import PLAIN_UFUNCS, boxed_parts, unboxed_parts
from autograd.op import OF_USERS, RENAMED, RULEBOOK, Elementwise, Op
from autograd.reading import compares_itself
from autograd.tracing import AsWritten, tracer
from autograd.value import COMPARISONS, Constant, Value

if TYPE_CHECKING:
    from typing import TypeGuard

    from autograd.arrays import Array
    from autograd.compiler.graph import Relation
    from autograd.compiler.tape import Traced

_EQUALITIES = (np.equal, np.not_equal)
OURS = ("autograd.", "nn.", "optim.")

RAISING = {"divide", "floor_divide", "remainder", "power"}
"""Operations that of some floats give an error or a complex number."""


class RecordedRows:
    """What is known of single numbers.

    Attributes:
        graph: The rows.
        numbers: What each is in this run.
        columns: What puts something into each of four columns: three of the graph, and those.
        kind: The class of the Values that stand for them.
        places: Where arrays whose elements are used one by one begin in the data, and the arrays.
        floats: The numbers among the arguments.
        plain: Which rows are floats uncompiled.
        transforms: Whether a function is differentiated inside.
        varying: Which rows depend on what it is differentiated for, as far as somebody has asked.
        compared_data: The error that says where the `.data` of a result was compared, if it was.
        changed: Whether leaves have other numbers than before the call, by now.
    """

    def __init__(self) -> None:
        self.graph, self.numbers = graph, numbers = Graph(), array("d")
        self.columns = graph.code.append, graph.left.append, graph.right.append, numbers.append
        own: dict[str, Any] = {"__slots__": (), "recording": self}
        self.kind = cast("type[RecordedValue]", type("RecordedValue", (RecordedValue,), own))
        self.codes: dict[Op, int] = {}
        self.rows: dict[Hashable, int] = {}
        self.places: list[tuple[int, Traced]] = []
        self.floats: list[float] = []
        self.plain = Plainness(self.graph, self.places)
        self.transforms = False
        self.variables: list[int] = []
        self.varying = bytearray()
        self.tables: dict[bytes, int] = {}
        self.inside = 0
        self.around: tuple[list[Any], ...] = ()
        self.compared_data: CompileError | None = None
        self.changed = False

    def made(self, op: Any, out: Any, operands: tuple[Any, ...]) -> Any:
        """Give the result of an operation its row; what is made of arrays is on the tape."""
        if out.__class__ is not Value:
            return out
        if self.changed:
            now = [self.current(x) for x in operands]
            if any(x is not y for x, y in zip(now, operands, strict=True)):
                return op(*now)
        code = self.codes.get(op)
        if code is None:
            code = self.codes[op] = len(self.graph.ops)
            self.graph.ops.append(op)
        kind, right = self.kind, -1  # written out, as it is what takes the time
        x = operands[0]
        left = x.index if type(x) is kind else self.row(x)
        if len(operands) == 2:
            x = operands[1]
            right = x.index if type(x) is kind else self.row(x)
        made = kind.__new__(kind)
        made.index, made._data, made.label = len(self.numbers), out._data, ""
        add_code, add_left, add_right, add_number = self.columns
        add_code(code)
        add_left(left)
        add_right(right)
        add_number(made._data)
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
        if not all(type(side) is Constant or self.is_plain(side) for side in operands):
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
                row = self.rows[value] = self.added(DETACH, row, value._data)
            return row
        row = self.rows[value] = self.added(LEAF, len(graph.leaves), value._data)
        graph.leaves.append(value)
        return row

    def constant_row(self, number: float) -> int:
        """The row of a number written in the code."""
        # 0.0 and -0.0 are equal, and two different constants
        key = number if number else str(number)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = self.added(CONSTANT, len(self.graph.constants), number)
            self.graph.constants.append(number)
        return row

    def _variables(self) -> Iterator[frozenset[Any]]:
        """Of each function that is differentiated inside the variables."""
        return map(frozenset, differentiated.get()[len(self.around) :])

    def value(self, code: int, left: int, number: float, right: int = -1) -> RecordedValue:
        """A new Value with a row of its own."""
        return self.at(self.added(code, left, number, right))

    def added(self, code: int, left: int, number: float, right: int = -1) -> int:
        """A new row, whose number in this run is known."""
        self.numbers.append(number)
        return self.graph.add(code, left, right)

    def at(self, row: int) -> RecordedValue:
        """A Value that stands for a row."""
        out = self.kind.__new__(self.kind)
        out._data, out.index, out.label = self.numbers[row], row, ""
        out._grad = out.op = out._left = out._right = None
        return out

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
        if self.changed:
            left, right = self.current(left), self.current(right)
            outcome = relation(left._data, right._data)
        if not (isinstance(left, Constant) and isinstance(right, Constant)):
            if self.compared_data is None and (self._is_score(left) or self._is_score(right)):
                self.compared_data = refusal("comparing the .data of a result in a training step")
            self.graph.guard(relation, self.row(left), self.row(right), outcome)
        return outcome

    def _is_score(self, x: Value) -> bool:
        """Whether x is the `.data` of something computed, as an accuracy is made of."""
        if type(x) is not self.kind or x.index not in self.plain.read:
            return False
        return bool(self.graph.code[self.graph.left[x.index]] >= 0)

    def check_order(self, *sides: object) -> None:
        """See to it that NumPy does not order floats that are nan.

        In arrays of floats it has an order of its own, in which nan is the largest. While they are
        recorded these are arrays of objects, which it compares by `<`. So a program of one that
        NumPy ordered is for numbers alone, and what has a nan in it is run as it is written.
        """
        plain = [x for x in sides if self.is_plain(x)]
        if plain and not compares_itself(sys._getframe(2)):
            for x in plain:
                if math.isnan(x._data):
                    raise AsWritten
                self.graph.guard(operator.eq, x.index, x.index, True)

    def is_given_value(self, x: Value) -> bool:
        """Whether x stands for a Value among the arguments."""
        row = x.index if type(x) is self.kind else -1
        return self.graph.code[row] == LEAF and self.graph.left[row] < self.graph.value_count

    def is_plain(self, x: object) -> TypeGuard[RecordedValue]:
        """Whether x is a recorded number that uncompiled is a float."""
        return type(x) is self.kind and self.plain.of(x.index)

    def differentiates(self, rows: list[int]) -> bool:
        """Whether a function is being differentiated for what leads to one of these rows.

        Of `u = 2 * w; take([u, 3.0], i)` the gradient would have to go back through the lookup, of
        `take([v, 3.0], i)` not: so `grad` inside refuses the one, and not the other.
        """
        known = [x for those in self._variables() for x in those if isinstance(x, Value)]
        variables, graph = sorted(map(self.row, known)), self.graph
        if not variables:
            return False
        if variables != self.variables:
            self.variables, self.varying = variables, bytearray(variables[0])
        for row in range(len(self.varying), len(graph)):
            operands = graph.operands(row) if graph.code[row] >= 0 else ()
            self.varying.append(row in variables or any(self.varying[i] for i in operands))
        return any(self.varying[row] for row in rows)

    def choices(self, rows: Array) -> int:
        """The number of the candidates of a lookup."""
        key = rows.tobytes()
        if key not in self.tables:
            self.tables[key] = self.graph.choices(rows.tolist())
        return self.tables[key]

    def refuse(self, what: str, remedy: str = "") -> NoReturn:
        """Say what was done where, and what to do instead."""
        raise refusal(what, remedy)

    # --- what more is known where there are arrays, and where something changes

    def current(self, x: Any) -> Any:
        """An operand; for a leaf that has another number by now, what to compute with."""
        return x

    def plain_operands(self, operands: Sequence[Any], elementwise: bool = True) -> tuple[Any, ...]:
        """The operands, with recorded floats as arrays where there are arrays with them."""
        raise NotImplementedError

    def backward(self, root: RecordedValue) -> None:
        """A backward pass inside the function."""
        raise NotImplementedError


def _ordered(name: str) -> Any:
    compare: Any = getattr(Value, name)

    def method(self: RecordedValue, other: object) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented
        self.recording.check_order(self, other)
        return compare(self, other)

    return method


class RecordedValue(Value):
    """A Value of a function that is being recorded; each recording has its own subclass.

    Attributes:
        index: Its row in the recording.
    """

    __slots__ = ("index",)
    index: int
    recording: ClassVar[RecordedRows]

    @property
    def _is_float(self) -> bool:  # type: ignore[override]
        seen = self.recording
        return seen.is_plain(self) and not seen.differentiates([self.index])

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What it is uncompiled, for who asks `isinstance(x, float)`."""
        return float if asked_by_user(OURS) and self._is_float else type(self)

    @property
    def requires_grad(self) -> bool:  # type: ignore[override]
        """Whether gradients flow to it: nobody but the engine may ask it of a float."""
        if asked_by_user(OURS) and self._is_float:
            self.recording.refuse("requires_grad")
        return True

    def stand_in(self, fresh: Value) -> None:
        """`Value(x)` of a recorded x: the new Value is x's row."""
        self.recording.rows[fresh], fresh._data = self.index, self._data
        if isinstance(fresh, Constant):
            fresh.__class__ = Value  # type: ignore[assignment]  # it is none: its number is another one at each call

    # --- with arrays and NumPy

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        elementwise = isinstance(op, Elementwise)
        if not (elementwise and all(isinstance(x, (Value, float, int)) for x in operands)):
            operands = cls.recording.plain_operands(operands, elementwise)
            if not any(isinstance(x, Value) for x in operands):
                return op(*((operands,) if getattr(op, "variadic", False) else operands), **params)
        return super()._apply(op, operands, params)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """As of a float, where it is one uncompiled."""
        if method != "__call__" or kwargs:
            return NotImplemented
        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        known = name in RULEBOOK or name in OF_USERS or ufunc in (*COMPARISONS, *_EQUALITIES)
        inputs = self.recording.plain_operands(inputs, elementwise=known)
        if not any(isinstance(x, Value) for x in inputs):
            return ufunc(*inputs)
        if not any(isinstance(x, np.ndarray) or getattr(x, "ndim", 0) for x in inputs):
            if ufunc in COMPARISONS:
                x, y = (x if isinstance(x, Value) else Constant(x) for x in inputs)
                return np.bool(COMPARISONS[ufunc](x, y))
            if ufunc in PLAIN_UFUNCS and ufunc not in _EQUALITIES:
                self.recording.refuse(f"np.{ufunc.__name__}")
        return super().__array_ufunc__(ufunc, method, *inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """As an array of no axes that holds it."""
        if any(getattr(kind, "_rank", 0) > 1 for kind in types):
            return NotImplemented  # a Tensor takes a Value in
        return unboxed_parts(func(*boxed_parts(args), **boxed_parts(kwargs)))

    # --- compared

    def __eq__(self, other: object) -> Any:
        """As of floats where uncompiled these are floats (a guard), else as of Values."""
        seen = self.recording
        if isinstance(other, (int, float, np.floating)):
            y: Value = Constant(float(other))
        elif seen.is_plain(other):
            y = other
        else:
            given = isinstance(other, Value) and any(map(seen.is_given_value, (self, other)))
            if given and other is not self:
                seen.refuse("comparing a Value among the arguments with another by ==")
            return NotImplemented
        if not seen.is_plain(self):
            return NotImplemented
        return seen.compared(operator.eq, self, y, self._data == y._data)

    def __hash__(self) -> int:
        if asked_by_user() and self._is_float:  # a Value's goes by identity
            self.recording.refuse("looking a number up in a set or dict")
        return object.__hash__(self)

    __lt__, __le__, __gt__, __ge__ = map(_ordered, ("__lt__", "__le__", "__gt__", "__ge__"))

    # --- read

    def __copy__(self) -> Self:
        if not self._is_float:
            self.recording.refuse("a copy or a pickle")
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self.__copy__()

    def __round__(self, digits: int = 0) -> NoReturn:
        self.recording.refuse("round()")

    def __trunc__(self) -> NoReturn:
        self.recording.refuse("int()")

    def is_integer(self) -> NoReturn:
        """Not while recording."""
        self.recording.refuse("is_integer()")

    def __repr__(self) -> str:  # for the messages of errors, too
        return "<recorded Value>"

    def __str__(self) -> str:
        return self.recording.refuse("printing it")

    # --- differentiated

    def backward(self) -> None:
        """An effect: it brings gradients to the leaves."""
        self.recording.backward(self)

    def _contributions(self, out_grad: Any) -> Any:
        running: object = tracer()
        if running is not self.recording:
            raise CompileError(
                "compile: a Value that was made inside a compiled function was used outside it, "
                "where it has no gradient. Return it from the function."
            )
        return self._graph_contributions(out_grad)  # so that the pass is recorded

    def _receive(self, grad: float) -> None:
        self._contributions(grad)
