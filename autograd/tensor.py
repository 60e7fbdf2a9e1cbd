"""Tensor: an array in the graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from autograd import node, spellings
from autograd.checks import refuse_masked
from autograd.declarations import on_every_operation
from autograd.errors import GraphError, ShapeError
from autograd.methods import ArrayOperations
from autograd.modes import active, recording, watch_result
from autograd.node import Node, Parts
from autograd.op import COMPOSITIONS, RULEBOOK, Elementwise, Op, in_full
from autograd.rules import arithmetic, matrices, powers
from autograd.tracing import as_traced, lifted, read
from autograd.updates import readings
from autograd.value import Copied, Value
from autograd.versions import FIXED, Version, latest, versioned

if TYPE_CHECKING:
    from typing import TypeVar

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from autograd.arrays import Array

    G = TypeVar("G", Array, "Tensor")


def _method(function: Callable[..., Any]) -> Callable[..., Tensor]:
    if isinstance(function, Elementwise) and function.arity == 1:  # the quick way

        def of_one(self: Tensor) -> Tensor:
            return Tensor._apply(function, (self,), _NO_PARAMS)

        of_one.__name__, of_one.__doc__ = function.__name__, function.__doc__
        return of_one

    def method(self: Tensor, *operands: Any, **params: Any) -> Any:
        return function(self, *operands, **params)

    method.__name__, method.__doc__ = function.__name__, function.__doc__
    return method


def _operators(op: Op) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """`t + x` and `x + t`."""

    def method(self: Tensor, other: Any) -> Tensor:
        return Tensor._apply(op, (self, other), _NO_PARAMS)

    def reflected(self: Tensor, other: Any) -> Tensor:
        return Tensor._apply(op, (other, self), _NO_PARAMS)

    return method, reflected


class Tensor(ArrayOperations, Copied, node.Node):
    """An array that remembers how it was computed.

    It has NumPy's operations and semantics (broadcasting, axes, dtypes) under PyTorch's names, and
    NumPy's own functions work on it. Only what is computed from a tensor with
    `requires_grad=True` is recorded. `==`, `<` and so on give plain boolean arrays.

    Args:
        data: An array or what NumPy makes one of: numbers, nested lists. NumPy arrays are copied;
            arrays of other libraries that speak NumPy's protocols (Dask, CuPy) are kept as such.
        requires_grad: Whether `backward()` shall find the gradient with respect to this tensor.
        dtype: As in NumPy: float16, float32, float64, integer or bool.
        label: Its name in pictures and printed steps; any text.

    Raises:
        TypeError: data is not made of real numbers, or requires a gradient and is not of floats.
        ShapeError: data is made of lists that differ in length.

    Example:
        >>> w = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> loss = (w * w).sum()
        >>> loss.backward()
        >>> loss.item(), w.grad.tolist()
        (30.0, [[2.0, 4.0], [6.0, 8.0]])
    """

    # `_inputs` are the arrays and numbers the operation saw; `_version` tells when the data was
    # last written to, and `_seen` how far such writes had come when the operation was recorded.
    __slots__ = (
        "__weakref__", "_data", "_grad", "_inputs", "_seen", "_version", "label", "op", "params",
        "parents", "requires_grad",
    )  # fmt: skip
    _rank: ClassVar[int] = 2
    _data: Any  # an array, or what stands for one to a tracer

    def __init__(
        self,
        data: ArrayLike,
        *,
        requires_grad: bool = False,
        dtype: DTypeLike | None = None,
        label: str = "",
    ) -> None:
        self._data = _as_array(data, requires_grad, dtype)
        self._become_leaf(requires_grad)
        self.label = label

    def _become_leaf(self, requires_grad: bool, version: Version | None = None) -> None:
        self._grad: Any = None  # likewise, or None
        # Tensors and arrays, as a rule; a Value and a float where one takes part.
        self._inputs: list[Array | Any] = []
        self.parents: tuple[Tensor | Any, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]
        self._version = version or Version()
        self._seen = 0
        self.op: Op | None = None
        self.params: dict[str, Any] = {}
        self.requires_grad = requires_grad
        self.label = ""

    @property
    def data(self) -> Array:
        """The array, read-only except through this attribute: `t.data -= step`, `t.data[0] = 1`.

        A write between an operation and its `backward()` is noticed there (GraphError); the
        results of operations cannot be written to at all.
        """
        return versioned(read(self, ".data") if active() else self._data, self._version)

    @data.setter
    def data(self, array: ArrayLike) -> None:
        if active() and (leaf := as_traced(self)) is not self:
            leaf.data = array
            return
        if self.op is not None:
            raise GraphError(
                f"data: this Tensor is the result of {self.op.name}, which the graph still needs. "
                "Write to a leaf, or to a copy (.data.copy())."
            )
        self._write(self._checked("data", array))

    def _write(self, array: Any) -> None:
        """Take over the numbers of an array of the right shape and dtype."""
        if not _is_same(array, self._data):  # `t.data -= step` has written them already
            self._data = array.copy()  # graphs keep the array they saw

    @property
    def grad(self) -> Array | Any:  # or None: nobody shall have to ask each time
        """The gradient, an array of the data's shape and dtype; None where none has reached.

        That of a leaf may be changed in place; others may share theirs and are read-only.
        """
        grad = (as_traced(self) if active() else self)._grad
        if self.op is None or not isinstance(grad, (np.ndarray, np.generic)):
            return grad
        readings.note(self)
        view = np.asarray(grad).view()
        view.flags.writeable = False
        return view

    @grad.setter
    def grad(self, array: ArrayLike | None) -> None:
        if active() and (leaf := as_traced(self)) is not self:
            leaf.grad = array
            return
        self._grad = None if array is None else self._checked("grad", array)

    def _checked(self, name: str, array: Any) -> Array:
        if type(self._data) is np.ndarray:
            refuse_masked(type(self).__name__, array)
            array = np.asarray(array)
            if array.dtype.kind not in "biuf":
                raise TypeError(f"Tensor: {name} needs real numbers, but got dtype {array.dtype}.")
            array = array.astype(self.dtype, copy=False)
        if np.shape(array) != self.shape:
            kind = type(self).__name__
            raise ShapeError(f"{kind}: {name} needs shape {self.shape}, but got {np.shape(array)}.")
        checked: Array = array
        return checked

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        shape: tuple[int, ...] = self._data.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        ndim: int = self._data.ndim
        return ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        size: int = self._data.size
        return size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        dtype: np.dtype[Any] = self._data.dtype
        return dtype

    @property
    def T(self) -> Self:
        """The tensor with its axes reversed."""
        return self.transpose()

    def reshape(self, *shape: Any) -> Self:
        """The same elements in another shape, `t.reshape(2, 3)` or `t.reshape((2, 3))`."""
        return RULEBOOK["reshape"](self, shape=_one_tuple(shape))

    def transpose(self, *axes: Any) -> Self:
        """The axes in another order, `t.transpose(1, 0)` or `t.transpose((1, 0))`, or reversed."""
        order = _one_tuple(axes) if axes and axes != (None,) else None
        return RULEBOOK["transpose"](self, axes=order)

    def __getitem__(self, index: Any) -> Self:
        return RULEBOOK["getitem"](self, index=index)

    def __setitem__(self, index: object, value: object) -> None:
        raise TypeError(
            "Tensor: its elements cannot be assigned, since a graph may need them. Compute a new "
            "Tensor with where(), or write to the numbers of a leaf with t.data[...] = ..."
        )

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len: needs a Tensor with at least one axis, but got shape ().")
        return self.shape[0]

    def __iter__(self) -> Iterator[Self]:
        return (self[i] for i in range(len(self)))

    def item(self) -> float:
        """The single element, as a Python number."""
        array = np.asarray(read(self, "item()"))
        if array.size != 1:
            raise ShapeError(
                f"Tensor: only one of a single element is a number, but got shape {self.shape}. "
                "Reduce it first (sum, mean), or take an element."
            )
        number: float = array.item()
        return number

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return np.asarray(read(self, "tolist()")).tolist()

    def numpy(self) -> Array:
        """The array itself, without a copy.

        Raises:
            TypeError: the tensor requires a gradient: what is computed with the array is not
                recorded. Say `t.detach().numpy()` if that is meant.
        """
        if self.requires_grad:
            raise TypeError(
                "numpy: this Tensor requires a gradient, which would be lost with a plain array. "
                "Join Tensors with stack([t, u]) or concatenate, multiply with x @ t instead of "
                "x.dot(t). The numbers alone: t.detach().numpy()."
            )
        return self.data

    def detach(self) -> Tensor:
        """The same array (not a copy) as a tensor with no graph behind it."""
        out = _new(Tensor)
        out._data = read(self, ".detach()") if active() else self._data
        out._become_leaf(requires_grad=False, version=self._version)
        out.label = self.label
        return out

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Add d self / d leaf to the `.grad` of every leaf, and set that of every node between.

        Args:
            gradient: An array of self's shape, the weight of each element; 1 for a scalar.

        Raises:
            ShapeError: self is not a scalar and no gradient is given, or it has another shape.
            GraphError: nothing that self was computed from requires a gradient, or an array that
                the graph needs was written to since.
        """
        node.backward(self, self._seed(gradient))

    def _seed(self, gradient: ArrayLike | None = None) -> Array:
        _check_floats(self)
        if gradient is None:
            if self._data.shape != ():
                raise ShapeError(
                    f"backward: root has shape {self.shape}, and only a scalar has one gradient. "
                    f"Reduce it first (loss.mean()) or pass gradient= with shape {self.shape}."
                )
            if type(self._data) is not np.ndarray:
                return np.ones_like(self._data)
            return np.array(1, self._data.dtype)  # in a fifth of the time
        return self._checked("gradient", gradient)

    def _contributions(self, out_grad: Any) -> list[node.Contribution]:
        op: Any = self.op
        seen, inputs, out, params = self._seen, self._inputs, self._data, self.params
        steps: list[node.Contribution] = []
        for i, parent in enumerate(self.parents):
            if parent._version.number > seen:
                self._refuse_written(i)
            if parent.requires_grad:
                grad = op.contribution(i, out_grad, out, inputs, params)
                if type(parent) is not Tensor and isinstance(parent, Value):
                    grad = float(grad)
                elif grad.dtype is not (dtype := parent._data.dtype) and grad.dtype != dtype:
                    grad = _as_gradient(grad, parent)  # a pickle brings another float64 than ours
                steps.append((self, i, parent, out_grad, grad))
        return steps

    def _graph_contributions(self, out_grad: Any) -> Iterator[node.Contribution]:
        op: Any = self.op
        for i, (parent, x) in enumerate(zip(self.parents, self._inputs, strict=True)):
            is_same = parent._data is x or (isinstance(parent, Value) and parent._data == x)
            if (parent.requires_grad and not is_same) or parent._version.number > self._seen:
                self._refuse_written(i)
        operands = tuple(
            parent if parent.requires_grad else number
            for parent, number in zip(self.parents, self._inputs, strict=True)
        )
        for i, parent in enumerate(self.parents):
            if parent.requires_grad:
                # The gradient of a Value is a Tensor of shape () here, as it depends on Tensors.
                grad = _as_node(op.contribution(i, out_grad, self, operands, self.params))
                if isinstance(parent, Tensor) and grad.dtype != parent._data.dtype:
                    grad = _as_gradient(grad, parent)
                yield self, i, parent, out_grad, grad

    def _refuse_written(self, i: int) -> None:
        op: Any = self.op
        label = f" ({self.parents[i].label!r})" if self.parents[i].label else ""
        raise GraphError(
            f"{op.name}: operand {i}{label} was written to after the operation was recorded, so "
            "its derivative is lost. Call backward() before writing, or write to a copy."
        )

    def local_derivative(self, i: int) -> Array | Any:
        """d self / d parents[i], elementwise, as an array; None where it is not elementwise."""
        if not isinstance(self.op, Elementwise):
            return None
        try:
            found = self.op.partials[i](*self._inputs, self._data)
        except ZeroDivisionError:  # only numbers without axes raise it
            found = self.op.infinite_partial(i, self._inputs, self._data).reshape(())
        return np.asarray(found, dtype=self.dtype)

    def _windows(self) -> Any:
        """The arrays that its numbers and its gradient are written into; None: it takes others."""
        return None

    def _receive(self, grad: Any) -> None:
        if self.op is not None:
            self._grad = grad
            return
        # A copy: `grad` may be shared with other nodes (both sides of a sum get the same array).
        total = grad.copy() if self._grad is None else self._grad + grad
        self._grad = np.asarray(total) if isinstance(total, np.generic) else total

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        """Compute, and record if an operand requires a gradient."""
        modes = active()
        if modes:
            operands = lifted(*operands, joined=getattr(op, "variadic", False))
        requires_grad = False
        version = FIXED
        parents: list[Any] = []
        inputs: list[Any] = []
        for x in operands:
            parent: Any = x
            if not isinstance(x, Node):
                parent = _constant(x)
                # A plain Python number stays one: NumPy lets it take the other operand's type.
                inputs.append(x if isinstance(x, (float, int)) else parent._data)
            else:
                inputs.append(parent._data)
                if parent.requires_grad:
                    requires_grad = True
            parents.append(parent)
        try:
            if params:
                data = op.compute(inputs, params)
                # Whole numbers, `t.astype(int)`, are constants: nothing follows small changes.
                requires_grad = requires_grad and data.dtype.kind == "f"
            else:
                if not requires_grad and getattr(inputs[0], "itemsize", 0) == 1:
                    inputs = in_full(op, inputs)
                data = op.forward(*inputs)
        except ShapeError:
            raise  # of the operation itself, which says more
        except ValueError as err:
            raise _explained(err, op, inputs) from err
        if type(data) is not np.ndarray and isinstance(data, np.generic):
            data = np.asarray(data)
        elif getattr(data, "base", None) is not None:
            # The result of a reshape or a slice shows its operand's memory, and its version.
            version = next((p._version for p in parents if isinstance(p, Tensor)), FIXED)
        out = _new(Tensor)
        out._data = data
        out._grad = None
        out._version = version
        out.label = ""
        if requires_grad:
            out.op = op
            out.params = params
            out.requires_grad = True
            out._inputs = inputs
            out.parents = tuple(parents)
            out._seen = latest.number
        else:
            out.op = None
            out.params = {}
            out.requires_grad = False
            out._inputs = []
            out.parents = ()
            out._seen = 0
            if version is FIXED:
                out._version = Version()  # no graph needs it, so its user may write to it
        return _moded(out, op, operands) if modes else out

    # The operators are operations of the rulebook.
    __radd__ = _operators(arithmetic.add)[1]

    def __add__(self, other: Any) -> Tensor:
        if other.__class__ is Parts:
            return NotImplemented
        return Tensor._apply(arithmetic.add, (self, other), _NO_PARAMS)

    __sub__, __rsub__ = _operators(arithmetic.subtract)
    __mul__, __rmul__ = _operators(arithmetic.multiply)
    __truediv__, __rtruediv__ = _operators(arithmetic.divide)
    __floordiv__, __rfloordiv__ = _operators(arithmetic.floor_divide)
    __mod__, __rmod__ = _operators(arithmetic.remainder)
    __pow__, __rpow__ = _operators(powers.power)
    __matmul__, __rmatmul__ = _operators(matrices.matmul)
    __neg__ = _method(arithmetic.negative)
    __abs__ = _method(arithmetic.abs)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        """`np.asarray(t)`, for a tensor that requires no gradient."""
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """`np.tanh(t)` and `array + t` are Tensors."""
        return _protocols().ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """`np.mean(t, axis=0)` and the other functions of NumPy that the rulebook has."""
        return _protocols().function(func, args, kwargs)

    def __eq__(self, other: object) -> Any:
        return np.equal(self, other)  # type: ignore[call-overload]

    def __ne__(self, other: object) -> Any:
        return np.not_equal(self, other)  # type: ignore[call-overload]

    def __lt__(self, other: Any) -> NDArray[np.bool]:
        found: NDArray[np.bool] = np.less(self, other)
        return found

    def __le__(self, other: Any) -> NDArray[np.bool]:
        found: NDArray[np.bool] = np.less_equal(self, other)
        return found

    def __gt__(self, other: Any) -> NDArray[np.bool]:
        found: NDArray[np.bool] = np.greater(self, other)
        return found

    def __ge__(self, other: Any) -> NDArray[np.bool]:
        found: NDArray[np.bool] = np.greater_equal(self, other)
        return found

    __hash__ = object.__hash__

    def __float__(self) -> float:
        number = float(self.item())
        from autograd.reading import check_read  # which is much to import for who reads none

        check_read(self)
        return number

    def __int__(self) -> int:
        number = int(self.item())
        from autograd.reading import check_read  # which is much to import for who reads none

        check_read(self)
        return number

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __repr__(self) -> str:
        dtype = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        label = f", label={self.label!r}" if self.label else ""
        brought = "" if self._grad is None else f", grad={_shown(self._grad, '')}"
        return f"Tensor({_shown(self._data, 'Tensor(')}{dtype}{grad}{brought}{label})"


def _shown(array: Array, prefix: str) -> str:
    """An array as it is printed: with as many digits as a Value; of a gradient few numbers."""
    if not prefix and array.size > _FEW:
        return f"<{'×'.join(map(str, array.shape))}>"
    digits = min(_DIGITS, np.get_printoptions()["precision"])
    text = np.array2string(array, separator=", ", prefix=prefix, precision=digits)
    return text if prefix else text.replace("\n", "")


_FEW, _DIGITS = 6, 6
_new: Callable[[type[Tensor]], Tensor] = Tensor.__new__
_NO_PARAMS: dict[str, Any] = {}


def _as_array(data: Any, requires_grad: bool, dtype: DTypeLike | None) -> Array:
    if isinstance(data, node.Node):
        use = "It is one already" if isinstance(data, Tensor) else "Say v * Tensor(1.0)"
        raise TypeError(
            f"Tensor: needs an array, but got a {type(data).__name__}. {use}, through which the "
            "gradient goes on. Without one: .data."
        )
    if active():
        (data,) = lifted(data)
    is_foreign = hasattr(data, "__array_function__") and not isinstance(data, np.ndarray)
    refuse_masked("Tensor", data)
    try:
        array = data if is_foreign else np.array(data, dtype=dtype)
    except ValueError as err:
        if "inhomogeneous" not in str(err):
            raise
        raise ShapeError("Tensor: needs rows of one length, but got rows that differ.") from err
    if is_foreign and dtype is not None:
        array = array.astype(dtype)
    if array.dtype.kind not in ("f" if requires_grad else "biuf"):
        needed = "floats, to require a gradient (dtype=float)" if requires_grad else "real numbers"
        came = f"dtype {array.dtype}{_first_stranger(array)}"
        raise TypeError(f"Tensor: needs an array of {needed}, but got {came}")
    return array


def _first_stranger(array: Array) -> str:
    """What in an array of objects or of text is no number, and what to do about a node."""
    for x in array.ravel().tolist() if array.dtype.kind in "OU" else ():
        if isinstance(x, node.Node):
            if isinstance(x, Tensor):
                return ", with a Tensor in it. Join Tensors with stack([t, u]) or concatenate."
            return (
                ", with a Value in it. Keep Values in np.array([v, w]), which NumPy's functions "
                "take; or begin with Tensor(numbers, requires_grad=True) and take t[i] of it."
            )
        if not isinstance(x, Real):
            return f" ({x!r})."
    return "."


def _is_same(array: object, data: object) -> bool:
    """Whether two arrays of one shape and dtype show the same memory in the same order."""
    if not isinstance(array, np.ndarray) or not isinstance(data, np.ndarray):
        return array is data
    if data.base is None:  # then what shows its memory comes from it, as asking is quicker
        owner: object = array
        while isinstance(owner, np.ndarray) and owner is not data:
            owner = owner.base
        if owner is None:
            return False
    theirs, ours = array.__array_interface__, data.__array_interface__
    begins = theirs["data"][0], ours["data"][0]  # whether they may be written to says nothing
    return begins[0] == begins[1] and array.strides == data.strides


def _as_node(grad: Any) -> Any:
    return grad if isinstance(grad, (Node, Parts)) else Tensor(grad)  # of an operation that is flat


def _as_gradient(grad: G, of: Tensor) -> G:
    """A gradient in the type of the tensor that it is of."""
    _check_floats(of)
    return grad.astype(of._data.dtype)


def _check_floats(tensor: Tensor) -> None:
    if tensor._data.dtype.kind != "f":
        raise TypeError(
            f"backward: a Tensor of dtype {tensor.dtype} can have no gradient. Make it of floats "
            "first: .astype(float)."
        )


def _constant(x: Any) -> Tensor:
    """A plain operand, a number or an array, as a node of the graph."""
    out = _new(Tensor)
    if type(x) is np.ndarray and x.dtype.kind in "fiub":
        out._data = x.copy("K")  # the quick way
    else:
        out._data = np.asarray(x) if isinstance(x, (float, int)) else _as_array(x, False, None)
    out._become_leaf(requires_grad=False, version=FIXED)
    return out


def _explained(err: ValueError, op: Op, inputs: list[Any]) -> ValueError:
    """What NumPy says of operands that it cannot take, with the operation and their shapes."""
    if isinstance(err, np.linalg.LinAlgError) and "square" not in str(err):
        return type(err)(f"{op.name}: {err}.")  # a singular matrix
    shapes = [np.shape(x) for x in inputs]
    if isinstance(op, Elementwise):
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            given = " and ".join(map(str, shapes))
            return ShapeError(f"{op.name}: operands of shape {given} do not fit (broadcast).")
        return ValueError(f"{op.name}: {err}")
    given = " and ".join(map(str, shapes))
    why = str(err).rstrip(" .")
    if op.name == "matmul" and all(shapes):  # NumPy tells it as the signature of its loop
        inner = shapes[0][-1], shapes[1][-2 if len(shapes[1]) > 1 else 0]
        if inner[0] != inner[1]:
            why = f"the first has rows of {inner[0]} numbers, the second columns of {inner[1]}"
    return ShapeError(f"{op.name}: operands of shape {given} do not fit: {why}.")


def _moded(out: Tensor, op: Op, operands: tuple[Any, ...]) -> Tensor:
    """What the active modes make of a result."""
    watch_result(op, out, operands)
    if recording():
        return out
    out = out.detach()
    if out._version is FIXED:
        out._version = Version()
    return out


@functools.cache
def _protocols() -> Any:
    """What NumPy's functions do with Tensors; not before it is needed, as it takes long to load."""
    from autograd import numpy_protocols

    return numpy_protocols


def _one_tuple(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(arguments) == 1 and not isinstance(arguments[0], (int, np.integer)):
        return tuple(arguments[0])
    return arguments


_OWN = set(Tensor.__dict__)


def _install(function: Any) -> None:
    """Give Tensor a method for an operation, or for a composition that NumPy's arrays have."""
    if function.__name__ not in _OWN:
        setattr(Tensor, function.__name__, _method(function))


on_every_operation(_install, Tensor)
for _name, _composition in COMPOSITIONS.items():
    if hasattr(np.empty(0), _name):
        _install(_composition)
spellings.install(Tensor, of_a_number=False)
spellings.module_is_no_function(
    __name__, "tensor: is written as the class, Tensor(data, requires_grad=True)."
)
