"""Traced: an array that computes like any other, and notes on its tape what was computed.

While five neurons, y = tanh(W x + b) with W of shape (5, 2), are recorded, W, x and b are such
arrays, and so is what NumPy makes of them. What they cannot tell, such as `float(y[0])`, they ask
the tape's observer about.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.compiler.host_numbers import HostNumber
from autograd.op import COMPOSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd.arrays import Array

Tape = Any
"""That of tape.py, which imports this file."""


class Traced(NDArrayOperatorsMixin):
    """An array that notes on its tape what is computed from it.

    It has the shape and the dtype of the array it stands for, and the numbers of this one run. They
    are for finding shapes: whoever asks for a number (`float(x)`, `x.item()`, `if x:`) asks the
    tape's `observer`, which refuses, or notes what was asked so that replays can check it.
    """

    __slots__ = ("array", "base", "maker", "number", "places", "tape")

    def __init__(self, tape: Tape, array: Array) -> None:
        self.tape, self.array = tape, array
        self.base: Traced = self  # whose memory it shows
        self.maker: Any = None  # the step that computes it
        self.number = False  # without a shape, such as a sum
        self.places: Any = None  # of the elements, as the observer counts

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What it is uncompiled, for who asks `isinstance(x, np.ndarray)`."""
        if self.tape.observer is None or not asked_by_user():
            return Traced
        return self.dtype.type if self.number else np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        shape: tuple[int, ...] = self.array.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        ndim: int = self.array.ndim
        return ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        size: int = self.array.size
        return size

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self.array.dtype

    @property
    def T(self) -> Traced:
        """The array with its axes reversed."""
        turned: Traced = self.transpose()
        return turned

    def reshape(self, *shape: Any) -> Any:
        """As NumPy's; what cannot be shown without a copy is copied."""
        return self.tape.call(np.reshape, (self, shape[0] if len(shape) == 1 else shape))

    def transpose(self, *axes: Any) -> Traced:
        """As NumPy's."""
        order = axes[0] if len(axes) == 1 else axes or None
        return self._alike(self.tape.call(np.transpose, (self, order)))

    def sum(self, *given: Any, **options: Any) -> Any:
        """As NumPy's."""
        return self._reduced(np.add.reduce, ("axis", "dtype", *_REDUCING), given, options)

    def mean(self, *given: Any, **options: Any) -> Any:
        """As NumPy's."""
        return self._reduced(np.mean, ("axis", "dtype", *_REDUCING), given, options)

    def max(self, *given: Any, **options: Any) -> Any:
        """As NumPy's."""
        return self._reduced(np.maximum.reduce, ("axis", *_REDUCING), given, options)

    def min(self, *given: Any, **options: Any) -> Any:
        """As NumPy's."""
        return self._reduced(np.minimum.reduce, ("axis", *_REDUCING), given, options)

    def _reduced(
        self,
        function: Callable[..., Any],
        names: tuple[str, ...],
        given: tuple[Any, ...],
        options: dict[str, Any],
    ) -> Any:
        by_place = dict(zip(names[: len(given)], given, strict=True))
        options = {"axis": None, "keepdims": False, **by_place, **options}
        if options.get("out", 0) is None:
            del options["out"]
        return self.tape.call(function, (self,), options)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """As NumPy's."""
        if np.dtype(dtype) == self.dtype and not copy:
            return self
        return self._alike(self.tape.call(np.ndarray.astype, (self, dtype)))

    def copy(self, order: str = "C") -> Any:
        """As NumPy's."""
        quick = order == "C" and self.array.flags.c_contiguous and self.dtype.kind in "iuf"
        call = (np.positive, (self,)) if quick else (np.ndarray.copy, (self, order))
        return self._alike(self.tape.call(*call))

    def _alike(self, out: Traced) -> Traced:
        """The same in another form: a number if this is one."""
        out.number = self.number
        return out

    def __pow__(self, power: float | Traced) -> Any:
        # as NumPy's own arrays do, for speed
        quick = _POWERS.get(power) if isinstance(power, (int, float)) else None
        if quick is not None and self.dtype.kind == "f":
            return self.tape.call(quick, (self,))
        return self.tape.call(np.power, (self, power))

    def __getitem__(self, index: Any) -> Any:
        # An element of an argument is a number to compute with.
        parts = index if isinstance(index, tuple) else (index,)
        seen = self.tape.observer
        if seen is not None and len(parts) == self.ndim and all(type(i) is int for i in parts):
            number = seen.element(self, parts)
            if number is not None:
                return number
        out = self.taken(parts)
        number = None if out.ndim or seen is None else seen.element(out, ())
        return out if number is None else number

    def taken(self, index: tuple[Any, ...]) -> Traced:
        """`self[index]` as an array, also where it is one element: what a Tensor can hold."""
        out: Traced = self.tape.call(item, (self, index))
        if not out.ndim and isinstance(self.array[arrays_of(index)], np.generic):
            out.number = True
        return out

    def taken_from(self, array: Any, index: Array | Traced | int | slice[Any, Any, Any]) -> Any:
        """`array[index]`, where this array is one or the other."""
        return self.tape.observer.chosen(array, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tape.change(self, set_item, (self, index, value))

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self.array)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with a universal function, and note it."""
        (out,) = options.pop("out", None) or (None,)
        if any(x.__class__ is HostNumber for x in inputs):
            inputs = tuple(x.beside(inputs) if x.__class__ is HostNumber else x for x in inputs)
        if any(isinstance(x, np.ndarray) and x.dtype == object for x in inputs):
            return self.tape.observer.on_objects(getattr(ufunc, method), inputs, options)
        if any(hasattr(type(x), "_apply") for x in inputs):
            seen = self.tape.observer
            inputs = tuple(seen.plain_array(seen.beside(x, inputs)) for x in inputs)
            if any(hasattr(type(x), "_apply") for x in inputs):
                return NotImplemented  # a node takes an array in, not the reverse
        if method == "at":
            return self.tape.change(inputs[0], ufunc.at, inputs)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out is None or getattr(out, "number", False):  # of which `x += 1` makes another
            return self.tape.call(function, inputs, options)
        if self.tape.observer is not None and self.tape.observer.replaces(out):
            return self.tape.observer.effects.replaced(out, function, inputs, options)
        self.tape.change(out, function, inputs, {**options, "out": out})
        return out

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        """Compute with any other function of NumPy, and note it."""
        if func in (np.shape, np.ndim, np.size):
            return func(*arrays_of(args), **arrays_of(kwargs))
        if func is np.ones_like and len(args) == 1 and not kwargs:
            return self.tape.source(np.ones(self.shape, self.dtype), fixed=True)
        if func is np.empty_like and self.tape.observer is not None:
            return self.tape.observer.scratch(self, **kwargs)
        seen = self.tape.observer
        if seen is not None and not writes(func, kwargs) and seen.has_values((args, kwargs)):
            given = seen.as_arrays(args), seen.as_arrays(kwargs)
            if not seen.has_values(given):  # they are floats uncompiled
                return func(*given[0], **given[1])
            if not any(hasattr(kind, "_apply") for kind in types):
                return seen.on_objects(func, args, kwargs)
        if any(hasattr(kind, "_apply") for kind in types):
            return NotImplemented  # a node takes an array in, not the reverse
        if func in _REDUCTIONS and args:
            return getattr(args[0], _REDUCTIONS[func])(*args[1:], **kwargs)
        if func in (np.split, np.array_split):  # of several arrays each is a slice
            return COMPOSITIONS[func.__name__](*args, **kwargs)
        return self.tape.call(func, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "base" or not hasattr(np.ndarray, name):
            raise AttributeError(f"a recorded array has no attribute {name!r}")
        if name in ("real", "imag", "mT"):
            return self.tape.call(getattr, (self, name))
        if name in ("itemsize", "nbytes", "device"):
            return getattr(self.array, name)
        if name in _NUMBERS_OF or not callable(getattr(np.ndarray, name)):
            self._refuse(f"array.{name}")
        return partial(_call_method, self, name)

    def _refuse(self, what: str) -> NoReturn:
        self.tape.refuse(what)
        raise AssertionError("a refusal is an error")

    @property
    def stand_in(self) -> Any:
        """What makes of a new Value this number, `Value(x)`: of one number, not of an array."""
        if self.array.ndim or self.tape.observer is None:
            raise AttributeError("stand_in")
        return self.tape.observer.objects(self)[()].stand_in

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if hasattr(self, "stand_in") and dtype in (None, object):  # in a list with others
            if self.dtype == np.float64:
                return self.tape.observer.objects(self)
            out = np.empty((), dtype=object)  # where its type is not lost
            out[()] = self
            return out
        self._refuse("an array as an index" if self.dtype.kind in "iu" else "np.asarray")

    def __float__(self) -> float:
        self._refuse("float()")

    def __int__(self) -> int:
        self._refuse("int()")

    def __index__(self) -> int:  # noqa: PLE0305 (it never returns)
        self._refuse("an index")

    def __bool__(self) -> bool:
        if self.tape.observer is None:
            self._refuse("a truth value")
        truth: bool = self.tape.observer.truth(self)
        return truth

    def __hash__(self) -> int:
        if self.number and asked_by_user():
            self._refuse("looking a number up in a set or dict")
        return object.__hash__(self)

    def __rmul__(self, other: Any) -> Any:
        if isinstance(other, (list, tuple, str, bytes)) and self.number and self.dtype.kind in "iu":
            self._refuse("a count")
        return super().__rmul__(other)

    def __repr__(self) -> str:
        return f"<recorded array of shape {self.shape}>"

    def __str__(self) -> str:
        return self._refuse("printing it")


def _call_method(x: Traced, name: str, *args: Any, **kwargs: Any) -> Any:
    out = x.tape.call(getattr(np.ndarray, name), (x, *args), kwargs)
    if x.number and out is not None:
        out.number = not out.ndim
    return out


_NUMBERS_OF = ("item", "tolist", "tobytes", "tofile")
_POWERS = {2: np.square, 1: np.positive, 0.5: np.sqrt, -1: np.reciprocal}
_REDUCING = ("out", "keepdims", "initial", "where")
_REDUCTIONS = {
    np.sum: "sum", np.mean: "mean", np.max: "max", np.min: "min", np.amax: "max", np.amin: "min",
}  # fmt: skip


def asked_by_user(ours: tuple[str, ...] = ("autograd.", "nn.", "optim.", "numpy.")) -> bool:
    """Whether the code that called a method of an object here, such as `__hash__`, is not ours."""
    frame: Any = sys._getframe(2)
    while frame.f_globals.get("__name__") == "abc":  # of `isinstance(x, Real)`
        frame = frame.f_back
    return not str(frame.f_globals.get("__name__")).startswith(ours)


def item(x: Array, index: Any) -> Any:
    """`x[index]`, as an array."""
    found = x[index]
    # of a single element a view, too, and not a number that would stay what it is
    return found if isinstance(found, np.ndarray) else x[(*index, ...)]


def set_item(x: Array, index: Any, value: Array) -> None:
    """`x[index] = value`, as a function."""
    x[index] = value


def writes(function: Callable[..., Any], options: dict[str, Any]) -> bool:
    """Whether a call of one of NumPy's functions writes into an array that is there already."""
    if function in IN_PLACE or options.get("out") is not None:
        return True
    return function is np.nan_to_num and not options.get("copy", True)


IN_PLACE = {
    np.copyto, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask,
    np.ndarray.fill, np.ndarray.partition, np.ndarray.put, np.ndarray.sort,
}  # fmt: skip
"""Functions of NumPy that write into their first argument."""


def shows(result: Array, array: Array) -> bool:
    """Whether a result is another view of an array's memory."""
    return result is array or (result.base is not None and np.may_share_memory(result, array))


_PLAIN = {int, float, str, bool, type(None), np.ndarray, np.float64}
"""What there is most of in arguments, and has no traced array in it."""


def traced_in(tree: Any) -> list[Traced]:
    """The traced arrays in nested arguments."""
    if isinstance(tree, Traced):
        return [tree]
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, (tuple, list)):
        return []
    return [x for part in tree if part.__class__ not in _PLAIN for x in traced_in(part)]


def has_traced(tree: Any) -> bool:
    """Whether there are traced arrays in nested arguments."""
    return bool(traced_in(tree))


def mapped(tree: Any, function: Callable[[Traced], Any]) -> Any:
    """Nested arguments with something else in the place of each traced array."""
    if isinstance(tree, Traced):
        return function(tree)
    if isinstance(tree, (tuple, list)):
        return type(tree)([x if x.__class__ in _PLAIN else mapped(x, function) for x in tree])
    if isinstance(tree, dict):
        return {key: mapped(branch, function) for key, branch in tree.items()}
    return tree


def arrays_of(tree: Any) -> Any:
    """Nested arguments with the arrays of this one run."""
    return mapped(tree, lambda x: x.array)
