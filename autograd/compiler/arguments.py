"""Arguments: what of them is data, and what belongs to the signature.

A call `g([0.5, 2.0], w, "tanh")` has the data 0.5 and 2.0, the Value w, and the signature "a list
of two floats, a Value, the string 'tanh'". Another call with the same signature replays; one with
another signature is recorded anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from itertools import chain
from operator import countOf
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.compiler.lookups import ValueArray
from autograd.compiler.record import Recording
from autograd.errors import CompileError
from autograd.tensor import Tensor
from autograd.value import Constant, Value
from autograd.versions import VersionedArray

if TYPE_CHECKING:
    from autograd.arrays import Array


SAID = (int, bool, str, bytes, type(None))
"""Kinds of arguments that stand in the signature as they are; a subclass's may have attributes."""


def read(x: list[Any] | tuple[Any, ...], floats: Any) -> tuple[Any, ...] | None:
    """Add the numbers of a list of floats, or of rows of floats of one length, as of points.

    Returns:
        How long it is, and the rows; None of anything else.
    """
    first = x[0] if x else None
    kind: Any = type(first)
    if kind is float:
        if not _are(float, x):
            return None
        floats.extend(x)
        return (len(x),)
    if kind not in (list, tuple) or not first or type(first[0]) is not float or not _are(kind, x):
        return None
    width = len(first)
    if countOf(map(len, x), width) < len(x):
        return None
    found = list(chain.from_iterable(x))
    if not _are(float, found):
        return None
    floats.extend(found)
    return kind, len(x), width


def _are(kind: type, parts: list[Any] | tuple[Any, ...]) -> bool:
    """Whether all are of one kind; of all ways to ask it the quickest, as it is asked each call."""
    return [*map(type, parts)].count(kind) == len(parts)


class Given:
    """The arguments of one call, taken apart.

    Attributes:
        args, kwargs: They.
        floats, arrays: The data.
        values, tensors: The nodes, which get gradients.
        others: What counts by identity: functions, models.
        signature: Everything else about the arguments.
        take: What reads lists of floats, the same for all of this call.
    """

    reading: ClassVar[tuple[Callable[[], Any], Callable[..., Any]]] = list, read
    """In what the floats are put, and what reads lists of them: native code, once there is any."""

    __slots__ = (
        "args", "arrays", "floats", "kwargs", "others", "signature", "take", "tensors", "values",
    )  # fmt: skip

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs
        new, self.take = self.reading
        self.floats = new()
        self.arrays: list[Array] = []
        self.values: list[Value] = []
        self.tensors: list[Tensor] = []
        self.others: list[Any] = []
        self.signature: Hashable = (
            *map(self._describe, args),
            self._describe(kwargs) if kwargs else None,
        )

    def _describe(self, x: Any) -> Hashable:
        kind = type(x)
        if kind is list or kind is tuple:
            form = self.take(x, self.floats)
            return kind, *(map(self._describe, x) if form is None else form)
        if kind is np.ndarray and not x.dtype.hasobject:
            self.arrays.append(x)  # as _describe_array does
            return kind, x.shape, x.dtype
        if isinstance(x, float):
            self.floats.append(float(x))
            return np.float64 if isinstance(x, np.float64) else float
        if isinstance(x, np.floating):  # of another size, in which NumPy computes
            return np.floating, self._describe_array(np.asarray(x))
        if kind in SAID or isinstance(x, (np.integer, np.bool, np.character)):
            return kind, x
        if isinstance(x, np.ndarray):
            _check_exact(x, (np.ndarray, VersionedArray, ValueArray, np.memmap))
            return self._describe_array(x)
        if isinstance(x, Constant):
            self.floats.append(x._data)
            return Constant
        if isinstance(x, Value):
            self.values.append(x)
            return (Value, x.label) if x.label else Value
        if isinstance(x, Tensor):
            self.tensors.append(x)
            return Tensor, x.shape, x.dtype.str, x.requires_grad, x.label
        if isinstance(x, dict):
            _check_exact(x, (dict, OrderedDict))
            return (dict, *((key, self._describe(branch)) for key, branch in x.items()))
        if isinstance(x, (list, tuple)):
            if hasattr(x, "_fields"):  # of a named tuple, which may have methods
                self.others.append(kind)
            else:
                _check_exact(x, (list, tuple))
            return (kind, *map(self._describe, x))
        if hasattr(x, "__next__"):
            raise CompileError(
                f"compile: an argument is a {kind.__name__}, which is used up by one call. "
                "Pass a list."
            )
        self.others.append(x)
        return kind, id(x)

    def _describe_array(self, x: Array) -> Hashable:
        if x.dtype == object:
            return ("objects", x.shape, *map(self._describe, x.flat))
        self.arrays.append(x)
        return np.ndarray, x.shape, x.dtype


def _check_exact(x: object, kinds: tuple[type, ...]) -> None:
    """Refuse what may behave in another way than the arrays, dicts and lists that are recorded."""
    if type(x) not in kinds:
        plain = next(k for k in (np.ndarray, dict, list, tuple) if isinstance(x, k))
        make = "np.asarray" if plain is np.ndarray else plain.__name__
        raise CompileError(
            f"compile: an argument is a {type(x).__module__}.{type(x).__name__}, which may compute "
            f"in another way than a {plain.__name__}, and would be recorded as one. Pass "
            f"{make}(...) of it."
        )


def recorded(x: Any, run: Recording) -> Any:
    """An argument as the recorded function gets it; the order is that of `Given`."""
    if isinstance(x, float):
        return run.argument_number(x)
    if isinstance(x, np.floating):
        number = run.argument_array(np.asarray(x))
        number.number = True
        return number
    if isinstance(x, np.ndarray):
        if x.dtype != object:
            return run.argument_array(x)
        out = np.empty(x.shape, dtype=object)
        for place, item in zip(np.ndindex(x.shape), x.flat, strict=True):
            out[place] = recorded(item, run)
        return out.view(ValueArray)
    if isinstance(x, Constant):
        return run.argument_number(x._data)
    if isinstance(x, Value):
        return run.argument_value(x)
    if isinstance(x, Tensor):
        return run.argument_tensor(x)
    if isinstance(x, dict):
        return {key: recorded(branch, run) for key, branch in x.items()}
    if isinstance(x, (list, tuple)):
        parts = [recorded(branch, run) for branch in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return x


def containers(x: object) -> Iterator[object]:
    """The lists, tuples, dicts and arrays of objects in nested arguments."""
    if isinstance(x, (list, tuple, dict)) or (isinstance(x, np.ndarray) and x.dtype == object):
        yield x
        for part in contents(x):
            yield from containers(part)


def contents(x: Any) -> list[Any]:
    """What is in a list, tuple, dict or array of objects."""
    if isinstance(x, np.ndarray):
        return x.ravel().tolist()
    return [*x.keys(), *x.values()] if isinstance(x, dict) else list(x)
