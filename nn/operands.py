"""What a layer or a loss may be called with, made ready for arithmetic."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError, Tensor, Value
from autograd.checks import came, kind, refuse_masked
from autograd.op import numbers as numbers_of

if TYPE_CHECKING:
    from autograd.arrays import Array


Operand = Tensor | Any
"""What functions take and return: a Tensor as a rule; arrays and Values where those came."""

Sizes = int | Sequence[int]
"""A whole number for each axis, or one for all."""


def as_operand(who: str, x: Operand) -> Operand:
    """`x`, with a list made an array: of floats, or of objects if there are Values in it.

    So is what holds numbers and does not speak NumPy's protocols, such as PyTorch's tensors.

    Raises:
        TypeError: x is a list of Tensors, or there is a masked array.
        ShapeError: x is a list of lists that differ in length.

    Example:
        >>> as_operand("demo", [1, 2.5])
        array([1. , 2.5])
        >>> as_operand("demo", [Value(1.0), 2]).dtype
        dtype('O')
    """
    refuse_masked(who, x)
    if not isinstance(x, (list, tuple)):
        foreign = hasattr(x, "__array__") and not hasattr(x, "__array_function__")
        return np.asarray(x) if foreign and not isinstance(x, np.generic) else x
    if any(isinstance(part, Tensor) for part in x):
        # NumPy would take their numbers and leave their graphs behind.
        raise TypeError(f"{who}: needs one Tensor, but got {kind(x)} of Tensors.")
    try:
        return np.asarray(x)
    except ValueError as err:
        raise ShapeError(f"{who}: needs rows of one length, but got rows that differ.") from err


def shape_of(x: object) -> tuple[int, ...]:
    """The shape of an operand; () of a number or a Value. `np.shape` takes ten times as long."""
    shape: tuple[int, ...] = getattr(x, "shape", ())
    return shape


def shape_or_type(x: Operand) -> str:
    """What came, in an error: the shape of an array, the type of what has none."""
    return str(x.shape) if hasattr(x, "shape") else kind(x)


def refuse_options(
    who: str, given: Mapping[str, object], missing: Mapping[str, tuple[object, str]]
) -> None:
    """Refuse by name those of PyTorch's options that are not to be had here.

    Args:
        who: Who was called.
        given: The options that came; with PyTorch's default, one changes nothing and may come.
        missing: Of each that is not to be had, PyTorch's default and what to do instead.

    Raises:
        TypeError: one is asked for, or is no option at all.

    Example:
        >>> refuse_options("LSTM", {"proj_size": 4}, {"proj_size": (0, "A Linear does it.")})
        Traceback (most recent call last):
        TypeError: LSTM: PyTorch's proj_size is not to be had here, but got 4. A Linear does it.
    """
    for name, value in given.items():
        if name not in missing:
            raise TypeError(f"{who}: got an unknown keyword {name!r}.")
        default, remedy = missing[name]
        if value is not default and value != default:
            raise TypeError(
                f"{who}: PyTorch's {name} is not to be had here, but got {came(value)}. {remedy}"
            )


def shown(name: object) -> str:
    """A name as an error says it: cut in the middle if it is longer than anyone reads."""
    return _SHORT.repr(name)


def listed(names: Sequence[str]) -> str:
    """Names as an error lists them: the first few, and how many more.

    Example:
        >>> listed(["weight", "bias"]), listed([str(i) for i in range(1000)])
        ("'weight', 'bias'", "'0', '1', '2', '3', '4' and 995 more")
    """
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(map(shown, names[:5])) + more


_SHORT = reprlib.Repr()
_SHORT.maxstring = 80


def holds_values(x: object) -> bool:
    """Whether x is a Value or an object array, which holds Values."""
    return isinstance(x, Value) or (isinstance(x, np.ndarray) and x.dtype == object)


def all_values(x: Operand) -> Operand:
    """x, with plain numbers in an object array made Values, so that NumPy's functions take it.

    Example:
        >>> all_values(np.array([Value(1.0), 2]))
        array([Value(data=1.0), Value(data=2.0)], dtype=object)
    """
    return _as_values(x) if isinstance(x, np.ndarray) and x.dtype == object else x


_as_values = np.frompyfunc(lambda v: v if isinstance(v, Value) else Value(v).detach(), 1, 1)


def numbers(x: Operand) -> Array:
    """The plain numbers in a Tensor, a Value, or an array of either kind of number.

    Example:
        >>> numbers(np.array([Value(1.0), 2]))
        array([1., 2.])
    """
    array: Array
    if isinstance(x, Tensor):
        array = x.data
    elif holds_values(x):
        array = numbers_of(np.asarray(x, dtype=object))
    else:
        array = x if hasattr(x, "__array_function__") else np.asarray(x)
    return array


def numbers_of_constant(x: Operand) -> Operand:
    """The plain numbers of a constant, which go with any kind of operand; a variable as it is."""
    return x if getattr(x, "requires_grad", False) or holds_values(x) else numbers(x)


def check_one_number(who: str, total: object) -> None:
    """Refuse what has been returned as a loss and has no gradient.

    Example:
        >>> check_one_number("playground", 3.0)
        Traceback (most recent call last):
        TypeError: playground: needs a loss that returns one number of autograd, such as a mean ...
    """
    if isinstance(total, (Tensor, Value)) and np.size(total.data) == 1:
        return
    error = ShapeError if isinstance(total, Tensor) else TypeError
    raise error(
        f"{who}: needs a loss that returns one number of autograd, such as a mean over the "
        f"examples, but got {came(total)}."
    )
