"""Parameter: a tensor that training changes, kept as a window on an array it shares with others.

The numbers of all parameters of a model lie side by side in one array, and their gradients in
another (`Flat`). An update rule is then a handful of array instructions, however many layers there
are. A single number of a parameter can also be looked at as a `Value` (`Element`): the same number
and the same gradient, one node in a graph where every add and multiply shows.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd import ShapeError, Tensor, Value
from autograd.checks import kind, refuse_masked
from autograd.modes import active
from autograd.node import Home
from autograd.tracing import as_traced, written
from autograd.versions import note_write

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from autograd.arrays import Array


T = TypeVar("T", "Parameter", "Buffer")

_unfilled: ContextVar[bool] = ContextVar("unfilled", default=False)


@contextlib.contextmanager
def without_numbers() -> Iterator[None]:
    """Inside, layers are made without their first numbers, which a file will bring.

    Whatever shape a layer asks for takes no memory and draws nothing then. Until `_take_over`, such
    a model is good for nothing but asking what it needs.

    Example:
        >>> from nn import Linear
        >>> with without_numbers():
        ...     layer = Linear(1_000_000, 1_000_000)
        >>> layer.weight.shape
        (1000000, 1000000)
    """
    token = _unfilled.set(True)
    try:
        yield
    finally:
        _unfilled.reset(token)


def filled(kind: type[T], shape: int | tuple[int, ...], number: float, **named: Any) -> T:
    """A Parameter or Buffer that has this number everywhere; none inside `without_numbers`."""
    if not _unfilled.get():
        return kind(np.full(shape, number), **named)
    new = kind(np.full((), number), **named)
    new._data = np.broadcast_to(new._data, shape)
    return new


def is_unfilled(parameter: Parameter) -> bool:
    """Whether it was made `without_numbers`, so that there is nothing to fill."""
    return _unfilled.get() and not parameter._data.flags.writeable


class Parameter(Tensor):
    """A Tensor that requires a gradient and belongs to a model.

    Its array stays where it is: assigning to `.data` writes into it, and so does a gradient that
    arrives. To keep the gradient of one step beyond the next, copy it: `p.grad.copy()`.

    Args:
        data: The first numbers, in any shape; they are copied.
        dtype: As in NumPy: float16, float32 or float64.
        label: Its name in pictures; any text.

    Raises:
        TypeError: data is not made of floats (dtype=float makes floats of whole numbers).

    Example:
        >>> w = Parameter([1.0, 2.0])
        >>> (w * w).sum().backward()
        >>> w.data = w.data - 0.1 * w.grad
        >>> w
        Parameter([0.8, 1.6], grad=[2., 4.])
    """

    # `_window` is where the gradient goes: `_grad` is `_window`, or None where none has arrived.
    # It is None before the first one: a model that only predicts takes half the memory.
    # `_successor` is what took its place in a module: an optimizer made before has this one.
    __slots__ = ("_flat", "_successor", "_window")
    _left_behind = "the model"
    _data: Array
    _grad: Array | Any  # or None

    def __init__(self, data: ArrayLike, *, dtype: DTypeLike | None = None, label: str = "") -> None:
        super().__init__(data, requires_grad=True, dtype=dtype, label=label)
        self._window: Array | Any = None
        self._flat: Flat | None = None
        self._successor: Parameter | None = None

    def _write(self, array: Array) -> None:
        self._data[...] = array  # where a Tensor would rather take over another array
        note_write(self._version)

    def _take_over(self, array: NDArray[Any]) -> None:
        """Have an array of this shape, of any type of floats, as its own: nothing is copied."""
        if array.dtype.kind != "f":
            raise TypeError(f"Parameter: needs floats, but got {array.dtype}.")
        self._data = array

    def _load(self, array: NDArray[Any]) -> None:
        """Have the numbers of an array that is nobody else's, in its own type."""
        self._write(array)  # which converts them one by one, without a copy of them all

    @property
    def grad(self) -> Array | Any:  # or None: nobody shall have to ask each time
        """The gradient, an array of the data's shape and dtype; None where none has reached."""
        return self._grad if not active() else as_traced(self)._grad

    @grad.setter
    def grad(self, array: ArrayLike | None) -> None:
        if active() and (leaf := as_traced(self)) is not self:
            leaf.grad = array
        elif array is None:
            self._grad = None
        else:
            self._first(self._checked("grad", array))

    def _first(self, grad: Array) -> None:
        if self._window is None:
            self._window = np.empty_like(self._data)
        self._window[...] = grad
        self._grad = self._window

    def _windows(self) -> tuple[Array, ...]:
        """The arrays that its numbers and its gradient are written into."""
        if self._window is None:
            self._window = np.empty_like(self._data)
        return self._data, self._window

    def _receive(self, grad: Array) -> None:
        if self._grad is None:
            self._first(grad)
        else:
            self._grad += grad

    @staticmethod
    def gather(parameters: Sequence[Parameter]) -> Flat:
        """These parameters as one array: the one they are in already, or a new one.

        Args:
            parameters: At least one, none of them twice, all of one dtype.

        Raises:
            TypeError: One is not a Parameter, or their dtypes differ.
            ValueError: There are none.

        Example:
            >>> w, b = Parameter([[1.0, 2.0]]), Parameter([3.0])
            >>> flat = Parameter.gather([w, b])
            >>> flat.data = 10 * flat.data
            >>> w, b
            (Parameter([[10., 20.]]), Parameter([30.]))
        """
        parameters = list(parameters)
        flat = getattr(parameters[0], "_flat", None) if parameters else None
        if flat is None or not flat.is_of(parameters):
            flat = Flat(parameters)
        return flat

    def _move(self, flat: Flat, data: NDArray[Any], window: NDArray[Any]) -> None:
        """Become a window on the arrays of `flat`, which hold the same numbers already."""
        if self._flat is not None:
            self._flat.parameters = []  # that array is complete no longer
        if self._grad is not None:
            window[...] = self._grad
            self._grad = window
        self._flat, self._data, self._window = flat, data, window
        # The version goes on: a view of the old array, which graphs keep, can still be written to.

    def scalars(self, label: str = "") -> NDArray[Any]:
        """An object array of this shape: each number as a Value that shares it, and its gradient.

        Example:
            >>> w = Parameter([1.0, 2.0])
            >>> first, second = w.scalars("w")
            >>> (first * second).backward()
            >>> first
            Value(data=1.0, grad=2.0, label='w[0]')
            >>> w.grad
            array([2., 1.])
        """
        elements = np.empty(self.shape, dtype=object)
        for index in np.ndindex(self.shape):
            where = f"[{','.join(map(str, index))}]" if index else ""
            elements[index] = Element(self, index, label + where)
        return elements

    def cast(self, dtype: DTypeLike) -> Parameter:
        """Another Parameter with these numbers in another type of float, without a gradient."""
        data = np.asarray(self._data).astype(dtype)
        return _restored(type(self), data, None, self.requires_grad, self.label)

    # Copies and pickles are parameters of their own, windows on nothing else.
    def __reduce__(self) -> tuple[Any, ...]:
        state = (self._data, self._grad, self.requires_grad, self.label)
        return _restored, (type(self), *state)

    def __repr__(self) -> str:
        text = super().__repr__().removeprefix("Tensor").replace(", requires_grad=True", "")
        return "Parameter" + text.replace("\n ", "\n    ")


class Buffer(Tensor):
    """A Tensor that belongs to a model but is not learnt by gradient: a running average.

    It is saved and loaded with the parameters, and no optimizer gets it.

    Args:
        data: The first numbers, in any shape; they are copied.
        dtype: As in NumPy.

    Example:
        >>> total = Buffer([0.0, 0.0])
        >>> total.data += [1.0, 2.0]
        >>> total
        Buffer([1., 2.])
    """

    __slots__ = ()
    _data: Array

    def __init__(self, data: ArrayLike, *, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, dtype=dtype)

    def cast(self, dtype: DTypeLike) -> Buffer:
        """Another Buffer with these numbers in another type of float, if they are floats."""
        data = np.asarray(self._data)
        return type(self)(data.astype(dtype) if data.dtype.kind == "f" else data)

    def _take_over(self, array: NDArray[Any]) -> None:
        """Have an array of this shape, of any type of its kind, as its own: nothing is copied."""
        own = self._data.dtype
        self._data = array if array.dtype.kind == own.kind else array.astype(own)

    def _load(self, array: NDArray[Any]) -> None:
        """Have the numbers of an array that is nobody else's, in its own type."""
        self._data = array.astype(self._data.dtype, copy=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._data,)

    def __repr__(self) -> str:
        return "Buffer" + super().__repr__().removeprefix("Tensor")


def _restored(
    kind: type[Parameter], data: Array, grad: Array | None, requires_grad: bool, label: str
) -> Parameter:
    parameter = kind(data, label=label)
    parameter.grad = grad
    parameter.requires_grad = requires_grad
    return parameter


class Flat:
    """The numbers of several parameters in one array, and their gradients in another.

    Attributes:
        parameters: The parameters, in the order in which their numbers follow one another.
        sizes: How many numbers each of them has.

    Example:
        >>> w, b = Parameter([[1.0, 2.0]]), Parameter([3.0])
        >>> flat = Parameter.gather([w, b])
        >>> (w.sum() * b).sum().backward()
        >>> flat.data, flat.grad
        (array([1., 2., 3.]), array([3., 3., 3.]))
    """

    def __init__(self, parameters: list[Parameter]) -> None:
        _check_parameters(parameters)
        self.parameters = parameters
        self.sizes = [p.size for p in parameters]
        self._data: Array = np.concatenate([p._data.ravel() for p in parameters])
        self._grad: Array = np.empty_like(self._data)
        start = 0
        for p in parameters:
            here = slice(start, start + p.size)
            p._move(self, self._data[here].reshape(p.shape), self._grad[here].reshape(p.shape))
            start += p.size

    def is_of(self, parameters: list[Parameter]) -> bool:
        """Whether it holds these parameters, all of them, in this order."""
        return len(self.parameters) == len(parameters) and all(
            map(operator.is_, self.parameters, parameters)
        )

    @property
    def data(self) -> Array:
        """Every number, (n,), read-only; assigning changes the parameters."""
        self._check_current()
        view = self._data.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, array: ArrayLike) -> None:
        self._check_current()
        refuse_masked("Flat", array)
        array = np.asarray(array)
        if array.shape != self._data.shape:
            raise ShapeError(f"Flat: data needs shape {self._data.shape}, but got {array.shape}.")
        self.take()[...] = array

    @property
    def grad(self) -> Array:
        """The gradient of every number, (n,); 0 where no gradient has reached."""
        self._check_current()
        for p in self.parameters:
            if p._grad is None:
                p._window[...] = 0
        return self._grad

    def take(self) -> Array:
        """The array of every number, (n,), itself, to be changed in place at once.

        Example:
            >>> w = Parameter([1.0, 2.0])
            >>> theta = Parameter.gather([w]).take()
            >>> theta *= 10
            >>> w
            Parameter([10., 20.])
        """
        self._check_current()
        note_write(*[p._version for p in self.parameters])
        return self._data

    def put(self, theta: object) -> None:
        """Nothing: what was taken are the numbers themselves."""

    def gradient(self) -> tuple[Array, list[bool] | None]:
        """`grad`, and of each parameter whether a gradient has reached it; None if all."""
        reached = [p._grad is not None for p in self.parameters]
        if False in reached:
            return self.grad, reached
        self._check_current()
        return self._grad, None

    def zero_grad(self) -> None:
        """Forget the gradients of all its parameters."""
        for p in self.parameters:
            p._grad = None

    def is_current(self) -> bool:
        """Whether its parameters still are windows on its arrays."""
        return bool(self.parameters) and self.parameters[0]._flat is self

    def _check_current(self) -> None:
        written("model.flat()")  # which a tracer would not see change
        if not self.is_current():
            raise ValueError(
                "Flat: its parameters have moved to another array since (they were gathered with "
                "others). Ask for it again with model.flat()."
            )


def _check_parameters(parameters: list[Parameter]) -> None:
    if not parameters:
        raise ValueError("flat: needs at least one Parameter, but got none.")
    for p in parameters:
        if not isinstance(p, Parameter):
            raise TypeError(f"flat: needs Parameters, but got {kind(p)}.")
    dtypes = sorted({str(p.dtype) for p in parameters})
    if len(dtypes) > 1:
        raise TypeError(f"flat: needs parameters of one dtype, but got {' and '.join(dtypes)}.")


class Element(Value):
    """One number of a Parameter as a Value: what either is given, the other has."""

    __slots__ = ("_index", "_parameter")

    def __init__(self, parameter: Parameter, index: tuple[int, ...], label: str) -> None:
        # Not by way of Value.__init__, which would write its number here.
        self._parameter = parameter
        self._index = index
        self.label = label
        self.op = self._left = self._right = None

    @property
    def home(self) -> Home:  # type: ignore[override]
        """The parameter that it is a number of, and which one."""
        name = self.label.rpartition("[")[0] if self._index else self.label
        return Home(self._parameter, name, self._index)

    @staticmethod
    def gather(elements: Sequence[Element]) -> Flat | None:
        """The parameters that these are the numbers of, as one array.

        Returns:
            None unless they are all the numbers of some parameters of one dtype, in order.
        """
        parameters = list(dict.fromkeys(e._parameter for e in elements))
        found = [(id(e._parameter), e._index) for e in elements]
        every = [(id(p), index) for p in parameters for index in np.ndindex(p.shape)]
        one_dtype = len({p.dtype for p in parameters}) == 1
        return Parameter.gather(parameters) if one_dtype and found == every else None

    def _number(self) -> float:
        number: float = self._parameter._data.item(*self._index)
        return number

    def _set_number(self, number: float) -> None:
        self._parameter._data[self._index] = number
        note_write(self._parameter._version)

    def _gradient(self) -> float | None:
        grad = self._parameter._grad
        return None if grad is None else grad.item(*self._index)

    def _set_gradient(self, number: float | None) -> None:
        parameter = self._parameter
        if parameter._grad is not None:
            parameter._grad[self._index] = number or 0.0
        elif number is not None:
            grad = np.zeros_like(parameter._data)
            grad[self._index] = number
            parameter.grad = grad

    _data: Any = property(_number, _set_number)
    _grad: Any = property(_gradient, _set_gradient)

    def _receive(self, grad: float) -> None:
        if self._parameter.requires_grad:
            super()._receive(grad)

    def __reduce__(self) -> Any:
        return Element, (self._parameter, self._index, self.label)
