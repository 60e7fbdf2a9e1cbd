"""Traced: an array that computes like any other, and notes on its tape what was computed.

While five neurons, y = tanh(W x + b) with W of shape (5, 2), are recorded, W, x and b are such
arrays, and so is what NumPy makes of them. What they cannot tell, such as `float(y[0])`, they ask
the tape's observer about.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.compiler.host_numbers import HostNumber
from autograd.op import COMPOSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import DTypeLike

    from autograd.arrays import Array, IndexArray
    from autograd.compiler.places import Positions, View
    from autograd.value import Value

    T = TypeVar("T")
    Where: TypeAlias = "View | Positions | Traced"
    """Places in an array; traced, they are known only when a call runs."""

SOURCE, VIEW, INTO, STORE, CHANGE = "source", "view", "into", "store", "change"
"""What a step is: an array that is filled from outside; a view; a call that takes `out=`; a call
whose result is copied into its place; a call that changes an array that is there already."""

SCATTER = "scatter"
"""Or an array that is put together of parts (see gather.py and destinations.py)."""


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
        self.maker: Step | None = None  # the step that computes it
        self.number = False  # without a shape, such as a sum
        self.places: IndexArray | None = None  # of the elements, as the observer counts

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What it is uncompiled, for who asks `isinstance(x, np.ndarray)`."""
        if self.tape.observer is None or not asked_by_user():
            return Traced
        return self.dtype.type if self.number else np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.array.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.array.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self.array.dtype

    @property
    def T(self) -> Traced:
        """The array with its axes reversed."""
        return self.transpose()

    def reshape(self, *shape: Any) -> Traced:
        """As NumPy's; what cannot be shown without a copy is copied."""
        return self.tape.call(np.reshape, (self, shape[0] if len(shape) == 1 else shape))

    def transpose(self, *axes: Any) -> Traced:
        """As NumPy's."""
        order = axes[0] if len(axes) == 1 else axes or None
        return self._alike(self.tape.call(np.transpose, (self, order)))

    def sum(self, *given: object, **options: object) -> Traced:
        """As NumPy's."""
        return self._reduced(np.add.reduce, ("axis", "dtype", *_REDUCING), given, options)

    def mean(self, *given: object, **options: object) -> Traced:
        """As NumPy's."""
        return self._reduced(np.mean, ("axis", "dtype", *_REDUCING), given, options)

    def max(self, *given: object, **options: object) -> Traced:
        """As NumPy's."""
        return self._reduced(np.maximum.reduce, ("axis", *_REDUCING), given, options)

    def min(self, *given: object, **options: object) -> Traced:
        """As NumPy's."""
        return self._reduced(np.minimum.reduce, ("axis", *_REDUCING), given, options)

    def _reduced(
        self,
        function: Callable[..., Any],
        names: tuple[str, ...],
        given: tuple[object, ...],
        options: dict[str, object],
    ) -> Traced:
        by_place = dict(zip(names[: len(given)], given, strict=True))
        options = {"axis": None, "keepdims": False, **by_place, **options}
        if options.get("out", 0) is None:
            del options["out"]
        return self.tape.call(function, (self,), options)

    def astype(self, dtype: DTypeLike, copy: bool = True) -> Traced:
        """As NumPy's."""
        if np.dtype(dtype) == self.dtype and not copy:
            return self
        return self._alike(self.tape.call(np.ndarray.astype, (self, dtype)))

    def copy(self, order: str = "C") -> Traced:
        """As NumPy's."""
        if order == "C" and self.array.flags.c_contiguous and self.dtype.kind in "iuf":
            return self._alike(self.tape.call(np.positive, (self,)))
        return self._alike(self.tape.call(np.ndarray.copy, (self, order)))

    def _alike(self, out: Traced) -> Traced:
        """The same in another form: a number if this is one."""
        out.number = self.number
        return out

    def __pow__(self, power: float | Traced) -> Traced:
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
        out = self.tape.call(item, (self, index))
        if not out.ndim and isinstance(self.array[arrays_of(index)], np.generic):
            out.number = True
        return out

    def taken_from(self, array: Array, index: Array | Traced | int | slice[Any, Any, Any]) -> Any:
        """`array[index]`, where this array is one or the other."""
        return self._observer.chosen(array, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.tape.observer is not None:
            value = self.tape.observer.plain_array(value)
        self.tape.change(self, set_item, (self, index, value))

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self.array)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with a universal function, and note it."""
        given: tuple[Traced | Array | None] = options.pop("out", None) or (None,)
        (out,) = given
        if any(x.__class__ is HostNumber for x in inputs):
            inputs = tuple(x.beside(inputs) if x.__class__ is HostNumber else x for x in inputs)
        if any(isinstance(x, np.ndarray) and x.dtype == object for x in inputs):
            return self._observer.on_objects(getattr(ufunc, method), inputs, options)
        if any(hasattr(type(x), "_apply") for x in inputs):
            seen = self._observer
            inputs = tuple(seen.plain_array(seen.beside(x, inputs)) for x in inputs)
            if any(hasattr(type(x), "_apply") for x in inputs):
                return NotImplemented  # a node takes an array in, not the reverse
        if method == "at":
            return self.tape.change(inputs[0], ufunc.at, inputs)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out is not None and not isinstance(out, Traced):
            self._refuse("writing into an array")
        if out is None or out.number:  # of which `x += 1` makes another
            return self.tape.call(function, inputs, options)
        self.tape.change(out, function, inputs, {**options, "out": out})
        return out

    def __array_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
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
            given, named = seen.as_arrays(args), seen.as_arrays(kwargs)
            if not seen.has_values((given, named)):  # they are floats uncompiled
                return func(*given, **named)
            if not any(hasattr(kind, "_apply") for kind in types):
                return seen.on_objects(func, args, kwargs)
        if any(hasattr(kind, "_apply") for kind in types):
            return NotImplemented  # a node takes an array in, not the reverse
        if func in _REDUCTIONS and args:
            return getattr(args[0], _REDUCTIONS[func])(*args[1:], **kwargs)
        if func in (np.split, np.array_split):  # of several arrays each is a slice
            return COMPOSITIONS[func.__name__](*args, **kwargs)
        out = self.tape.call(func, args, kwargs)
        return None if func in IN_PLACE else out

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

    @property
    def _observer(self) -> Observer:
        seen = self.tape.observer
        assert seen is not None, "only who records meets Values"
        return seen

    @property
    def stand_in(self) -> Any:
        """What makes of a new Value this number, `Value(x)`: of one number, not of an array."""
        if self.array.ndim or self.tape.observer is None:
            raise AttributeError("stand_in")
        return self._observer.objects(self).item().stand_in

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if hasattr(self, "stand_in") and dtype in (None, object):  # in a list with others
            if self.dtype == np.float64:
                return self._observer.objects(self)
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
        return self.tape.observer.truth(self)

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


class Step:
    """One call: `out` becomes `function(*args, **options)`, in one of the ways above."""

    __slots__ = ("args", "function", "kind", "options", "out")

    def __init__(
        self, kind: str, function: Any, args: tuple[Any, ...], options: dict[str, Any], out: Traced
    ) -> None:
        self.kind, self.function, self.args, self.options = kind, function, args, options
        self.out = out
        if kind != CHANGE:
            out.maker = self


class Tape(Protocol):
    """What traced arrays know of tape.py's tape, which imports this file."""

    observer: Observer | None

    def call(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: dict[str, Any] | None = None,
    ) -> Traced:
        """Compute now, and note it."""
        raise NotImplementedError

    def change(
        self,
        out: Traced,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: dict[str, Any] | None = None,
    ) -> None:
        """Note a call that changes `out`."""

    def later(self, shape: tuple[int, ...], function: Callable[..., Any], *args: Any) -> Traced:
        """Note a call, without making it now."""
        raise NotImplementedError

    def source(self, array: Array, fixed: bool = False) -> Traced:
        """An array that comes from outside."""
        raise NotImplementedError

    def scatter(
        self, parts: list[Traced], wheres: Sequence[Where], shape: tuple[int, ...]
    ) -> Traced:
        """An array of this shape, 0 but for the parts, each added at its places."""
        raise NotImplementedError

    def refuse(self, what: str) -> NoReturn:
        """Say that something cannot be replayed."""
        raise NotImplementedError


class Observer(Protocol):
    """What traced arrays know of record.py's recording, which they ask."""

    def refuse(self, what: str, remedy: str = "") -> NoReturn:
        """Say what was done where, and what to do instead."""
        raise NotImplementedError

    def current(self, array: Traced) -> Traced:
        """The array that shows what this one shows uncompiled by now."""
        raise NotImplementedError

    def element(self, traced: Traced, index: tuple[int, ...]) -> Value | None:
        """One element of an argument, as a number to compute with."""
        raise NotImplementedError

    def chosen(self, array: Array | Traced, index: Any) -> Any:
        """`array[index]` where the array or the index is data."""
        raise NotImplementedError

    def objects(self, traced: Traced) -> Array:
        """The elements of an array as numbers, in an object array."""
        raise NotImplementedError

    def has_values(self, tree: object) -> bool:
        """Whether there are Values, or object arrays, in nested arguments."""
        raise NotImplementedError

    def on_objects(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function of NumPy with the numbers of traced arrays as Values, one by one."""
        raise NotImplementedError

    def plain_array(self, x: Any) -> Any:
        """A recorded number that uncompiled is a float, ready for arithmetic with arrays."""
        raise NotImplementedError

    def beside(self, x: Any, operands: Sequence[Any]) -> Any:
        """x, if uncompiled it is a Python float as an array of the type it takes beside arrays."""
        raise NotImplementedError

    def as_arrays(self, tree: Any) -> Any:
        """The arguments of one of NumPy's functions, with arrays for what uncompiled are floats."""
        raise NotImplementedError

    def truth(self, traced: Traced) -> bool:
        """A guard on an array with one element."""
        raise NotImplementedError

    def scratch(self, like: Traced) -> Traced:
        """An array to compute in, which may be written to."""
        raise NotImplementedError

    def keep(self, array: Array) -> Array:
        """The numbers of a plain array as they are now."""
        raise NotImplementedError

    def changing(self, array: Traced) -> Traced:
        """What to write to where an array is written to."""
        raise NotImplementedError


def _call_method(x: Traced, name: str, *args: Any, **kwargs: Any) -> Any:
    function = getattr(np.ndarray, name)
    out = x.tape.call(function, (x, *args), kwargs)
    if function in IN_PLACE:
        return None
    if x.number:
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
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") == "abc" and frame.f_back:  # of `isinstance(x, Real)`
        frame = frame.f_back
    return not str(frame.f_globals.get("__name__")).startswith(ours)


def begin_of(array: Array) -> int:
    """Where in the machine's memory an array's first number is."""
    begin: int = array.__array_interface__["data"][0]
    return begin


def item(x: Array, index: Any) -> Array:
    """`x[index]`, as an array."""
    found: object = x[index]
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


def traced_in(tree: object) -> list[Traced]:
    """The traced arrays in nested arguments."""
    if isinstance(tree, Traced):
        return [tree]
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, (tuple, list)):
        return []
    return [x for part in tree if part.__class__ not in _PLAIN for x in traced_in(part)]


def has_traced(tree: object) -> bool:
    """Whether there are traced arrays in nested arguments."""
    return bool(traced_in(tree))


def mapped(tree: T, function: Callable[[Traced], Any]) -> T:
    """Nested arguments with something else in the place of each traced array."""
    found: Any = tree
    if isinstance(tree, Traced):
        found = function(tree)
    elif isinstance(tree, (tuple, list)):
        found = type(tree)([x if x.__class__ in _PLAIN else mapped(x, function) for x in tree])
    elif isinstance(tree, dict):
        found = {key: mapped(branch, function) for key, branch in tree.items()}
    same: T = found
    return same


def arrays_of(tree: T) -> T:
    """Nested arguments with the arrays of this one run."""
    return mapped(tree, lambda x: x.array)
