"""Operands as PyTorch's operations take them: their types, and what meets whom."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError
from nn.operands import Operand, holds_values, numbers, shape_of

if TYPE_CHECKING:
    from autograd.arrays import Array
    from nn.interop.torch_protocols import TorchTensor

Counterpart = Callable[..., Any]
"""What computes an operation of PyTorch's with ours."""


def dtype_of(dtype: object) -> np.dtype[Any]:
    """NumPy's type of numbers for PyTorch's.

    Raises:
        TypeError: NumPy, or this library, has none: bfloat16, complex numbers.

    Example:
        >>> dtype_of("torch.float32")
        dtype('float32')
    """
    name = str(dtype).removeprefix("torch.")
    try:
        found = np.dtype(name)
    except TypeError as err:
        raise TypeError(f"numbers of {name}, which NumPy does not have") from err
    if found.kind not in "biuf":
        raise TypeError(f"numbers of {name}, and here all numbers are real")
    return found


def array_of(tensor: TorchTensor) -> Array:
    """A tensor's numbers, copied, however PyTorch keeps them: sparse, or as zeros without storage.

    Raises:
        TypeError: NumPy has no such numbers.
    """
    dtype_of(tensor.dtype)
    return np.array(tensor.detach().to_dense().numpy(force=True))


def alike(x: Operand, y: Operand) -> tuple[Operand, Operand]:
    """Two operands in PyTorch's common type: floats decide before integers.

    Example:
        >>> x, y = alike(np.ones(2, np.float32), np.arange(2))
        >>> (x + y).dtype
        dtype('float32')
    """
    mine, other = getattr(x, "dtype", None), getattr(y, "dtype", None)
    if mine is None or other is None or mine == other or object in (mine, other):
        return x, y
    if mine.kind in "biu":
        return (x.astype(other), y) if other.kind == "f" else (x, y)
    return x, (y.astype(mine) if other.kind in "biu" else y)


def both(function: Counterpart) -> Counterpart:
    """An operation of two operands, as PyTorch's of two types."""
    return lambda x, y: function(*alike(x, y))


def truths(function: Counterpart) -> Counterpart:
    """What gives plain truth values, or works on plain integers."""
    return lambda *operands: function(*map(numbers, operands))


def only(function: Counterpart, **needed: object) -> Counterpart:
    """A counterpart for a part of an operation: where an argument is another, there is none.

    A tuple is a choice.
    """
    choices = {name: x if isinstance(x, tuple) else (x,) for name, x in needed.items()}
    parameters = inspect.signature(function)

    def partly(*args: Any, **kwargs: object) -> Operand:
        return function(*args, **kwargs)

    def applies(*args: Any, **kwargs: object) -> bool:
        given = parameters.bind(*args, **kwargs).arguments
        return all(name not in given or given[name] in of for name, of in choices.items())

    vars(partly)["applies"] = applies
    return partly


def detached(x: Operand) -> Operand:
    """The same numbers, to which no gradient flows."""
    if holds_values(x):
        return np.frompyfunc(lambda v: v.detach() if hasattr(v, "detach") else v, 1, 1)(x)
    return x.detach() if hasattr(x, "detach") else x


def as_type(x: Operand, dtype: object = None) -> Operand:
    """x in another type; of Values, which are float64, and of Tensors made integers, plain."""
    if dtype is None or holds_values(x):
        return x
    wanted = dtype_of(dtype)
    if x.dtype == wanted:
        return x
    return x.astype(wanted) if wanted.kind == "f" else numbers(x).astype(wanted)


def as_there(
    function: Counterpart,
    made: np.dtype[Any],
    shape: tuple[int | None, ...],
    first: np.dtype[Any] | None,
    /,
    *args: Any,
    **kwargs: object,
) -> Operand:
    """The result of a function, of PyTorch's shape, and of whole numbers or floats as PyTorch's.

    Args:
        function: What computes it.
        made: PyTorch's type of the result.
        shape: Its shape; None is a length that depends on the numbers.
        first: The type that its operands of that kind get before, where PyTorch's operands are not
            of its result's: floats of several types, or whole numbers, of which NumPy makes float16
            where they are short.
        *args: The function's.
        **kwargs: The function's.

    Raises:
        ShapeError: the shape is another, or there is no such result.

    Example:
        >>> as_there(np.exp, np.dtype("float32"), (1,), np.dtype(int), np.array([True]))
        array([2.7182817], dtype=float32)
    """
    if first is not None:
        args = tuple(_in_type(x, first) for x in args)
    result = function(*args, **kwargs)
    own = None if result is None else shape_of(result)
    if result is None or own is None or not _fits(own, shape):
        raise ShapeError(
            f"PyTorch makes an array of shape {shape} here, and we {own}. "
            "Write it with other operations."
        )
    if holds_values(result):
        return result
    result = result if hasattr(result, "dtype") else np.asarray(result)
    kept = result.dtype.kind == made.kind == "f" and first is None
    return result if kept else as_type(result, made)


def _in_type(x: object, wanted: np.dtype[Any]) -> object:
    """Floats as other floats, whole numbers as others; whatever else as it is."""
    if isinstance(x, (list, tuple)):
        return [_in_type(part, wanted) for part in x]
    kind = getattr(getattr(x, "dtype", None), "kind", "O")
    return as_type(x, wanted) if kind in ("f" if wanted.kind == "f" else "biu") else x


def _fits(own: Sequence[int], shape: Sequence[int | None]) -> bool:
    return len(own) == len(shape) and all(
        there in (here, None) for here, there in zip(own, shape, strict=True)
    )
