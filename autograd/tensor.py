"""Tensor: an array in the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd import node
from autograd.errors import ShapeError
from autograd.methods import Operations
from autograd.modes import recording
from autograd.op import RULEBOOK, Elementwise, Op
from autograd.value import Value

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike


class Tensor(Operations, node.Node):
    """An array that remembers how it was computed.

    It has NumPy's operations and semantics (broadcasting, axes, dtypes) under PyTorch's names.
    Only what is computed from a tensor with `requires_grad=True` is recorded.

    Args:
        data: An array or what NumPy makes one of: numbers, nested lists. It is not copied.
        requires_grad: Whether `backward()` shall find the gradient with respect to this tensor.
        dtype: As in NumPy. Whole numbers become float64 if the tensor requires a gradient.
        label: Its name in pictures and printed steps; any text.

    Raises:
        TypeError: data is not made of numbers, or requires a gradient and is not real.

    Example:
        >>> w = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> loss = (w * w).sum()
        >>> loss.backward()
        >>> loss.item(), w.grad.tolist()
        (30.0, [[2.0, 4.0], [6.0, 8.0]])
    """

    # `_inputs` are the arrays or numbers the operation saw, for the derivative.
    __slots__ = (
        "__weakref__", "_data", "_grad", "_inputs", "_parents", "label", "op", "params",
        "requires_grad",
    )  # fmt: skip
    _rank: ClassVar[int] = 2

    def __init__(
        self,
        data: ArrayLike,
        *,
        requires_grad: bool = False,
        dtype: DTypeLike | None = None,
        label: str = "",
    ) -> None:
        self._data = _as_array(data, requires_grad, dtype)
        self._grad: Any = None
        self._inputs: tuple[Any, ...] = ()
        self._parents: tuple[node.Node, ...] = ()
        self.op: Op | None = None
        self.params: dict[str, Any] = {}
        self.requires_grad = requires_grad
        self.label = label

    @property
    def data(self) -> Any:
        """The array."""
        return self._data

    @data.setter
    def data(self, array: ArrayLike) -> None:
        array = np.asarray(array, dtype=self.dtype)
        if array.shape != self.shape:
            raise ShapeError(f"Tensor: data needs shape {self.shape}, but got {array.shape}.")
        self._data = array

    @property
    def grad(self) -> Any:
        """The gradient, an array of the data's shape and dtype; None where none has reached."""
        return self._grad

    @grad.setter
    def grad(self, array: ArrayLike | None) -> None:
        if array is not None:
            array = np.asarray(array, dtype=self.dtype)
            if array.shape != self.shape:
                raise ShapeError(f"Tensor: grad needs shape {self.shape}, but got {array.shape}.")
        self._grad = array

    @property
    def parents(self) -> tuple[node.Node, ...]:
        """The operands this tensor was computed from, in order; () for a leaf."""
        return self._parents

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._data.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self._data.dtype  # type: ignore[no-any-return]

    @property
    def T(self) -> Tensor:
        """The tensor with its axes reversed."""
        return self.transpose()

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape, `t.reshape(2, 3)` or `t.reshape((2, 3))`."""
        return RULEBOOK["reshape"](self, _one_tuple(shape))

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order, `t.transpose(1, 0)` or `t.transpose((1, 0))`, or reversed."""
        return RULEBOOK["transpose"](self, _one_tuple(axes) if axes and axes != (None,) else None)

    def __getitem__(self, index: Any) -> Tensor:
        return RULEBOOK["getitem"](self, index)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len: needs a Tensor with at least one axis, but got shape ().")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def item(self) -> float:
        """The single element, as a Python number."""
        return self._data.item()  # type: ignore[no-any-return]

    def numpy(self) -> Any:
        """The array itself, without a copy.

        Raises:
            TypeError: the tensor requires a gradient: what is computed with the array is not
                recorded. Say `t.detach().numpy()` if that is meant.
        """
        if self.requires_grad:
            raise TypeError(
                "numpy: this Tensor requires a gradient, and what is computed with its array would "
                "not be recorded. Use .detach().numpy() if that is meant."
            )
        return self._data

    def detach(self) -> Tensor:
        """The same array (not a copy) as a tensor with no graph behind it."""
        return Tensor(self._data, label=self.label)

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Add d self / d leaf to the `.grad` of every leaf, and set that of every node between.

        Args:
            gradient: An array of self's shape, the weight of each element; 1 if self has only one.

        Raises:
            ShapeError: self has more than one element and no gradient is given, or gradient is
                not of self's shape.
            GraphError: nothing that self was computed from requires a gradient.
        """
        node.backward(self, self._seed(gradient))

    def _seed(self, gradient: ArrayLike | None = None) -> Any:
        if gradient is None:
            if self.shape != ():
                raise ShapeError(
                    f"backward: root has shape {self.shape}, and only a scalar has one gradient. "
                    f"Reduce it first (loss.mean()) or pass gradient= with shape {self.shape}."
                )
            return np.ones((), self.dtype)
        seed = np.asarray(gradient, dtype=self.dtype)
        if seed.shape != self.shape:
            raise ShapeError(f"backward: gradient needs shape {self.shape}, but got {seed.shape}.")
        return seed

    def _contributions(self, out_grad: Any) -> Iterator[node.Contribution]:
        op: Any = self.op
        if op is None:
            return
        for i, parent in enumerate(self._parents):
            if parent.requires_grad:
                extra = parent.data.shape if isinstance(parent, Tensor) else ()
                extra = extra if isinstance(op, Elementwise) else self.params
                grad = op.pullback(i, out_grad, self._data, self._inputs, extra)
                if isinstance(parent, Value):
                    grad = float(grad)
                elif grad.dtype != parent.dtype:  # type: ignore[attr-defined]
                    grad = grad.astype(parent.dtype)  # type: ignore[attr-defined]
                yield self, i, parent, out_grad, grad

    def local_derivative(self, i: int) -> Any:
        """d self / d parents[i], elementwise, as an array; None where it is not elementwise."""
        if not isinstance(self.op, Elementwise):
            return None
        return np.asarray(self.op.partials[i](*self._inputs, self._data), dtype=self.dtype)

    def _accumulate(self, grad: Any) -> None:
        # A copy: `grad` may be shared with other nodes (both sides of a sum get the same array).
        self._grad = grad.copy() if self._grad is None else self._grad + grad

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        inputs = tuple(x._data if isinstance(x, (Tensor, Value)) else x for x in operands)
        try:
            data = op.forward(*inputs, **params)
        except ValueError as err:
            shapes = " and ".join(str(np.shape(x)) for x in inputs)
            raise ShapeError(f"{op.name}: operands of shape {shapes} do not fit: {err}.") from err
        out = Tensor(data)
        if recording() and any(isinstance(x, node.Node) and x.requires_grad for x in operands):
            out.requires_grad = True
            out.op = op
            out.params = params
            out._inputs = inputs
            out._parents = tuple(x if isinstance(x, node.Node) else Tensor(x) for x in operands)
        return out

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """`np.tanh(t)` and `array + t` are Tensors."""
        if method != "__call__" or kwargs:
            option = method if method != "__call__" else f"{next(iter(kwargs))}="
            raise TypeError(f"np.{ufunc.__name__}: {option} is not supported on a Tensor.")
        name = {"absolute": "abs"}.get(ufunc.__name__, ufunc.__name__)
        if ufunc in _COMPARISONS:
            return ufunc(*(x._data if isinstance(x, Tensor) else x for x in inputs))
        if name not in RULEBOOK:
            raise TypeError(f"np.{ufunc.__name__}: is not an operation of glassgrad.")
        return RULEBOOK[name](*inputs)

    def __lt__(self, other: Any) -> Any:
        return np.less(self, other)

    def __le__(self, other: Any) -> Any:
        return np.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return np.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return np.greater_equal(self, other)

    def __float__(self) -> float:
        return float(self.item())

    def __bool__(self) -> bool:
        return bool(self._data)

    def __repr__(self) -> str:
        array = np.array2string(self._data, separator=", ", prefix="Tensor(")
        dtype = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        grad = ", requires_grad=True" if self.requires_grad else ""
        label = f", label={self.label!r}" if self.label else ""
        return f"Tensor({array}{dtype}{grad}{label})"


def _as_array(data: Any, requires_grad: bool, dtype: DTypeLike | None) -> Any:
    if isinstance(data, node.Node):
        raise TypeError(
            f"Tensor: needs an array, but got a {type(data).__name__}. Take its numbers with .data."
        )
    array = np.asarray(data, dtype=dtype) if not hasattr(data, "__array_function__") else data
    if dtype is not None and array.dtype != dtype:
        array = array.astype(dtype)
    if isinstance(array, np.generic):
        array = np.asarray(array)
    if requires_grad and array.dtype.kind in "bui" and dtype is None:
        array = array.astype(np.float64)
    if array.dtype.kind not in ("f" if requires_grad else "biuf"):
        purpose = "of real floats to require a gradient" if requires_grad else "of real numbers"
        raise TypeError(f"Tensor: needs an array {purpose}, but got dtype {array.dtype}.")
    return array


def _one_tuple(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(arguments) == 1 and not isinstance(arguments[0], (int, np.integer)):
        return tuple(arguments[0])
    return arguments


_COMPARISONS = {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}


def _method(op: Op) -> Callable[..., Tensor]:
    def method(self: Tensor, *operands: Any, **params: Any) -> Tensor:
        return op(self, *operands, **params)

    method.__name__, method.__doc__ = op.name, op.__doc__
    return method


def _operators(op: Op) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def method(self: Tensor, *other: Any) -> Any:
        return op(self, *other)

    def reflected(self: Tensor, other: Any) -> Any:
        return op(other, self)

    return method, reflected


def _install() -> None:
    for op in RULEBOOK.values():
        if op.name not in Tensor.__dict__:
            setattr(Tensor, op.name, _method(op))
        if op.operator:
            method, reflected = _operators(op)
            setattr(Tensor, f"__{op.operator}__", method)
            if op.arity == 2:
                setattr(Tensor, f"__r{op.operator}__", reflected)


_install()
