"""Value: a float in the graph."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from autograd import node, spellings
from autograd.declarations import on_every_operation
from autograd.errors import GraphError
from autograd.methods import Operations
from autograd.modes import active, recording, watch_result
from autograd.op import OF_USERS, RENAMED, RULEBOOK, Elementwise, Op, kind_of
from autograd.rules import arithmetic, powers
from autograd.tracing import as_traced, read, tracer
from autograd.updates import readings
from autograd.versions import FIXED

if TYPE_CHECKING:
    from autograd.arrays import Array


def _unary(op: Elementwise) -> Callable[..., Value]:
    """The method for an operation with one operand."""
    scalar = op.scalar

    def method(self: Value) -> Value:
        x = self._data
        try:
            data = scalar(x)
        except (ArithmeticError, ValueError):
            data = op.on_floats(x)
        if type(self) is Constant:
            return Constant(data)
        out = _new(Value)
        out._data, out._grad, out.label = data, None, ""
        out.op, out._left, out._right = op, self, None
        out._x = x
        return _moded(out) if active() else out

    method.__name__, method.__doc__ = op.name, op.__doc__
    return method


def _binary(op: Elementwise) -> Callable[[Value, Any], Value]:
    """The method for an operation with two operands, of which the second may be a plain number."""
    scalar = op.scalar

    def method(self: Value, other: Any) -> Value:
        if type(other) is not Value and not isinstance(other, Value):
            if other.__class__ not in _NUMBERS and _knows_better(other):
                return NotImplemented  # type: ignore[no-any-return]
            other = Constant(other)
        x, y = self._data, other._data
        try:
            data = scalar(x, y)
        except (ArithmeticError, ValueError):
            data = op.on_floats(x, y)
        if type(self) is Constant and type(other) is Constant:
            return Constant(data)
        out = _new(Value)
        out._data, out._grad, out.label = data, None, ""
        out.op, out._left, out._right = op, self, other
        out._x, out._y = x, y
        return _moded(out) if active() else out

    method.__name__, method.__doc__ = op.name, op.__doc__
    return method


def _operators(op: Elementwise) -> tuple[Callable[..., Value], Callable[..., Value]]:
    """`v + x` and `x + v`."""
    method = _binary(op)

    def reflected(self: Value, other: Any) -> Value:
        if other.__class__ not in _NUMBERS and _knows_better(other):
            return NotImplemented  # type: ignore[no-any-return]
        return method(Constant(other), self)

    return method, reflected


class Copied:
    """A node whose copies and pickles may have any depth: see copying.py, loaded by the first."""

    __slots__ = ()

    def __reduce_ex__(self: Any, protocol: object) -> Any:
        """How to make another one."""
        from autograd.copying import reduced

        return reduced(self)

    def copied_as(self) -> Copied:
        """The node that is copied in its place: itself, unless it has no graph of its own."""
        return self

    def __setstate__(self: Any, state: Any) -> None:
        """Take over what another one held."""
        from autograd.copying import restore

        restore(self, state)


class Value(Operations, Copied, node.Node):
    """A float that remembers how it was computed.

    Arithmetic and the functions of the rulebook work on it as on a float, in both orders with
    plain numbers, and record a graph; `backward()` then finds the derivative of the result with
    respect to every Value that went into it. Values are ordered by value (`<`, `max`, `sorted`);
    `==` and hashing go by identity, since two nodes with the same number are still two nodes.

    Args:
        data: A real number: int, float, bool, or a NumPy scalar.
        label: Its name in pictures and printed steps; any text.

    Raises:
        TypeError: data is not one real number (an array, a string, a complex number, …).

    Source:
        The programming interface is that of A. Karpathy, "micrograd" (2020).

    Example:
        >>> x = Value(-4.0)
        >>> y = x * x + 2 * x
        >>> y.backward()
        >>> y.data, x.grad
        (8.0, -6.0)
    """

    # An operation has one or two operands, `_left` and `_right`. The numbers they held at the time
    # are kept in `_x` and `_y`, so that changing a leaf's data afterwards (an optimizer's step)
    # does not change the gradient of what was recorded before. Slots instead of a tuple of parents
    # halve what Python's garbage collector has to visit, most of the time of a large graph.
    __slots__ = ("_data", "_grad", "_left", "_right", "_x", "_y", "label", "op")
    _data: float
    _x: float
    _y: float
    _rank: ClassVar[int] = 1
    requires_grad: bool = True
    _version = FIXED  # no array to write to: see versions.py

    def __init__(self, data: float, *, label: str = "") -> None:
        self._data = number = _as_float(data)
        self._grad: float | None = None
        # None of a leaf, an operation on numbers else, which those know who ask for its operands.
        self.op: Elementwise | Any = None
        self._left: Value | Any = None
        self._right: Value | Any = None
        self.label = label
        if number.__class__ is not float:  # it stands for one
            number.stand_in(self)  # type: ignore[attr-defined]

    @property
    def data(self) -> float:
        """The number."""
        return read(self, ".data") if active() else self._data

    @data.setter
    def data(self, number: float) -> None:
        if active() and (leaf := as_traced(self)) is not self:
            leaf.data = number
            return
        self._data = number if number.__class__ is float else _as_float(number)

    @property
    def grad(self) -> float:
        """The gradient that backward passes have brought here; 0.0 where none has."""
        leaf = as_traced(self) if active() else self
        if leaf.op is not None:
            readings.note(self)
        return 0.0 if (grad := leaf._grad) is None else grad

    @grad.setter
    def grad(self, number: float) -> None:
        if active() and (leaf := as_traced(self)) is not self:
            leaf.grad = number
            return
        self._grad = number if number.__class__ is float else _as_float(number)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands this Value was computed from, in order; () for a leaf."""
        left, right = self._left, self._right
        return (left, right) if right is not None else (left,) if left is not None else ()

    def backward(self) -> None:
        """Add d self / d leaf to the `.grad` of every leaf, and set that of every node between.

        Raises:
            GraphError: self is a constant, so there is nothing to differentiate.
        """
        node.backward(self, 1.0)

    def item(self) -> float:
        """The number, as `Tensor.item()` gives that of a Tensor with one element.

        Example:
            >>> Value(3.0).item()
            3.0
        """
        return self.data

    def detach(self) -> Value:
        """The same number as a constant: no graph behind it, and no gradient flows to it.

        Example:
            >>> x = Value(3.0)
            >>> (x * x.detach()).backward()
            >>> x.grad
            3.0
        """
        number: Any = read(self, ".detach()") if active() else self._data
        return number if isinstance(number, Value) else Constant(number, label=self.label)

    def _contributions(self, out_grad: float) -> tuple[node.Contribution, ...]:
        if (op := self.op).is_sum or op.is_product:  # most operations; so the quickest way for them
            to = (out_grad, out_grad) if op.is_sum else (out_grad * self._y, out_grad * self._x)
            if type(self._right) is Constant:
                return ((self, 0, self._left, out_grad, to[0]),)
            if type(self._left) is Constant:
                return ((self, 1, self._right, out_grad, to[1]),)
            return (self, 0, self._left, out_grad, to[0]), (self, 1, self._right, out_grad, to[1])
        if op.is_flat:
            parents = enumerate(self.parents)
            return tuple((self, i, p, out_grad, 0.0) for i, p in parents if p.requires_grad)
        left, right = self._left, self._right
        x, out = self._x, self._data
        try:
            if right is None:
                return ((self, 0, left, out_grad, out_grad * op.partials[0](x, out)),)
            y = self._y
            dx, dy = op.partials
            if type(right) is Constant:
                return ((self, 0, left, out_grad, out_grad * dx(x, y, out)),)
            if type(left) is Constant:
                return ((self, 1, right, out_grad, out_grad * dy(x, y, out)),)
            return (
                (self, 0, left, out_grad, out_grad * dx(x, y, out)),
                (self, 1, right, out_grad, out_grad * dy(x, y, out)),
            )
        except ArithmeticError:
            return tuple(
                (self, i, parent, out_grad, out_grad * self.local_derivative(i))
                for i, parent in enumerate(self.parents)
                if parent.requires_grad
            )

    def _graph_contributions(self, out_grad: Value) -> Iterator[node.Contribution]:
        op, parents = self.op, self.parents
        for parent, number in zip(parents, (self._x, getattr(self, "_y", None)), strict=False):
            if parent._data is not number and parent._data != number:
                raise GraphError(
                    f"{op.name}: the data of an operand was changed after the operation was "
                    "recorded, so its derivative cannot be recorded any more. Compute it again."
                )
        for i, parent in enumerate(parents):
            if parent.requires_grad:
                local = op.partials[i](*parents, self)
                yield self, i, parent, out_grad, Constant(0.0) if op.is_flat else out_grad * local

    def local_derivative(self, i: int) -> float:
        """d self / d parents[i], at the numbers the operands had when self was computed.

        Example:
            >>> a, b = Value(2.0), Value(5.0)
            >>> (a * b).local_derivative(0)
            5.0
        """
        numbers = (self._x, self._data) if self._right is None else (self._x, self._y, self._data)
        return derivative(self.op, i, numbers)

    def _receive(self, grad: float) -> None:
        self._grad = grad if self.op or self._grad is None else self._grad + grad

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Value:
        if isinstance(op, Elementwise) and all(map(_is_number, operands)):
            if isinstance(operands[0], Value):
                return _methods[op](*operands)
            return _methods[op](Constant(operands[0]), *operands[1:])
        if not isinstance(op, Elementwise):
            from autograd import numpy_protocols

            found: Value = numpy_protocols.of_single_values(op, operands, params)
            return found
        if any(isinstance(x, np.ndarray) and x.dtype == object for x in operands):
            # an array of Values: one node per element
            boxed = [x if isinstance(x, np.ndarray) else _boxed(x) for x in operands]
            return cast("Value", np.frompyfunc(op, op.arity, 1)(*boxed))
        return _methods[op](*(x if isinstance(x, Value) else Constant(x) for x in operands))

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: object
    ) -> object:
        """`np.tanh(v)` and `np.float64(2) * v` are Values; an array of Values takes one in."""
        kind = kind_of(inputs)
        if method != "__call__" or kwargs or (kind is not None and kind._rank > self._rank):
            return NotImplemented  # a Tensor takes a Value in
        if any(isinstance(x, np.ndarray) and x.dtype == object for x in inputs):
            boxed = [x if isinstance(x, np.ndarray) else _boxed(x) for x in inputs]
            return getattr(ufunc, method)(*boxed)
        if ufunc in (np.equal, np.not_equal):  # by identity, and a number is not this node
            x, y = inputs if isinstance(inputs[0], Value) else inputs[::-1]
            return (x.__eq__(y) is True) == (ufunc is np.equal)
        if ufunc in COMPARISONS:
            return getattr(ufunc, method)(*(x.data if isinstance(x, Value) else x for x in inputs))
        from autograd import numpy_protocols

        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        op = RULEBOOK.get(name) or OF_USERS.get(name)
        if isinstance(op, Elementwise):
            return self._apply(op, inputs, {})
        return numpy_protocols.ufunc(ufunc, method, inputs, {}, "Value")

    def __array_function__(
        self,
        func: Callable[..., object],
        types: Iterable[type],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> object:
        """`np.std(v)`, as of an array of no axes that holds this Value."""
        from autograd import numpy_protocols

        return numpy_protocols.function_of_values(func, types, args, kwargs)

    def conjugate(self) -> Self:
        """Itself, as of a float; NumPy's `var` of an array of Values asks for it."""
        return self

    # The operators are operations of the rulebook. Each records a node: see `_binary` above.
    __add__, __radd__ = _operators(arithmetic.add)
    __sub__, __rsub__ = _operators(arithmetic.subtract)
    __mul__, __rmul__ = _operators(arithmetic.multiply)
    __truediv__, __rtruediv__ = _operators(arithmetic.divide)
    __floordiv__, __rfloordiv__ = _operators(arithmetic.floor_divide)
    __mod__, __rmod__ = _operators(arithmetic.remainder)
    __pow__, __rpow__ = _operators(powers.power)
    __neg__ = _unary(arithmetic.negative)
    __abs__ = _unary(arithmetic.abs)

    def __lt__(self, other: object) -> bool:
        return _compared(operator.lt, self, other)

    def __le__(self, other: object) -> bool:
        return _compared(operator.le, self, other)

    def __gt__(self, other: object) -> bool:
        return _compared(operator.gt, self, other)

    def __ge__(self, other: object) -> bool:
        return _compared(operator.ge, self, other)

    def __float__(self) -> float:
        if active():
            read(self, "float()")
        from autograd.reading import check_read  # which is much to import for who reads none

        check_read(self)
        return self._data

    def __int__(self) -> int:
        if active():
            read(self, "int()")
        from autograd.reading import check_read  # which is much to import for who reads none

        check_read(self)
        return int(self._data)

    def __bool__(self) -> bool:
        return _compared(operator.ne, self, 0.0)

    def __format__(self, spec: str) -> str:
        if active():
            read(self, "printing it")
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        if active():
            read(self, "printing it")
        label = f", label={self.label!r}" if self.label else ""
        grad = "" if self._grad is None else f", grad={_shown(self._grad)}"
        return f"Value(data={_shown(self._data)}{grad}{label})"


class Constant(Value):
    """A number in the graph that no gradient flows to: the 2 in `2 * x`, a detached Value."""

    __slots__ = ()
    requires_grad: bool = False


def derivative(op: Elementwise, i: int, numbers: tuple[float, ...]) -> float:
    """d out / d operand i of an operation, at these operands and this result."""
    try:
        return float(op.partials[i](*numbers))
    except ArithmeticError:  # where a float raises, IEEE's answer with NumPy's warning
        # (arrays: of a NumPy scalar an operation makes a float again, as it is one)
        return float(np.asarray(op.partials[i](*(np.array([x]) for x in numbers))).item())


def _as_float(number: object) -> float:
    if isinstance(number, (float, Real, np.bool)):
        return float(number)
    if hasattr(number, "stand_in"):
        return cast("float", number)
    if isinstance(number, np.ndarray):
        came = f"an array of shape {number.shape}. For arrays there is Tensor: v * Tensor(x)"
    elif isinstance(number, node.Node):
        own = "v.data" if isinstance(number, Value) else "t.item()"
        came = (
            f"a {type(number).__name__}. Use it as it is, and the gradient goes on; its number "
            f"alone is {own}"
        )
    else:
        came = f"{number!r} ({type(number).__name__})"
    raise TypeError(f"Value: needs one real number, but got {came}.")


def _shown(number: float) -> str:
    """A number in 6 digits, without the noise of the last ones; a whole number in all of its."""
    if abs(number) < 1e15 and number == int(number):
        return repr(float(number))
    text = f"{number:.6g}"  # 1.23457e+08 stays: 123457000.0 would look like all of its digits
    return text if "e" in text else repr(float(text))


def _compared(relation: Callable[[float, float], bool], value: Value, other: object) -> bool:
    if not isinstance(other, Value):
        plain = isinstance(other, np.ndarray) and other.dtype != object
        if not plain and (isinstance(other, node.Node) or _is_array(other)):
            return NotImplemented  # type: ignore[no-any-return]
        plain_number: Any = other
        other = Constant(plain_number)
    outcome = relation(value._data, other._data)
    watching = tracer() if active() else None
    return outcome if watching is None else watching.compared(relation, value, other, outcome)


def _boxed(x: object) -> Array:
    box = np.empty((), dtype=object)
    box[()] = x
    return box


COMPARISONS = {
    np.less: operator.lt, np.less_equal: operator.le,
    np.greater: operator.gt, np.greater_equal: operator.ge,
}  # fmt: skip


def _is_number(x: object) -> bool:
    return isinstance(x, (Value, float, int))


_NUMBERS = {float, int}  # the quick way


_KNOW_BETTER: tuple[type, ...] = (node.Node, np.float32, np.float16, np.longdouble)


def _knows_better(x: object) -> bool:
    """Whether an operand decides itself what it does with a Value: a Tensor, an array, a float32.

    What NumPy does with a float32 and a number depends on what kind of number it is.
    """
    return isinstance(x, _KNOW_BETTER) or _is_array(x)


def _is_array(x: object) -> bool:
    """Whether x is an array, which knows better what it does with a Value."""
    if isinstance(x, np.ndarray):
        return True
    return not isinstance(x, np.generic) and bool(getattr(x, "ndim", 0))


_new: Callable[[type[Value]], Value] = Value.__new__


def _moded(out: Value) -> Value:
    """What the active modes make of a result."""
    watching = tracer()
    if watching is not None:
        made: Value = watching.made(out.op, out, out.parents)
        return made
    watch_result(out.op, out, out.parents)
    return out if recording() else Constant(out._data)


def _with_defaults(op: Elementwise, method: Callable[..., Value]) -> Callable[..., Value]:
    def with_defaults(self: Value, *operands: object, **named: object) -> Value:
        return method(*op.all_operands((self, *operands), named))

    with_defaults.__name__, with_defaults.__doc__ = op.name, op.__doc__
    return with_defaults


_methods: dict[Op, Callable[..., Value]] = {}
"""The method of every operation, of those too whose name another has taken since."""


def _install(op: Op) -> None:
    """Give Value a method for an elementwise operation."""
    if isinstance(op, Elementwise):
        method: Callable[..., Value] = _unary(op) if op.arity == 1 else _binary(op)
        _methods[op] = _with_defaults(op, method) if op.defaults else method
        setattr(Value, op.name, _methods[op])


on_every_operation(_install, Value)
for _name, _ours in RENAMED.items():  # NumPy looks for a method of its function's name
    if hasattr(Value, _ours):
        setattr(Value, _name, getattr(Value, _ours))
spellings.install(Value, of_a_number=True)
