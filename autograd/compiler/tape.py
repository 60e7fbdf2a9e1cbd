"""The tape: a straight list of NumPy calls, each with an array of its own to write into.

Everything compiled ends up here. Five neurons, y = tanh(W x + b) with W of shape (5, 2), are

    matmul(W, x, out=t0); add(t0, b, out=t1); tanh(t1, out=t2)

and their derivative is some more calls of that kind. Nobody writes those lists by hand: a `Traced`
array computes like any array, and notes on its tape what was computed. So the rulebook's own
functions, run once on traced arrays, write down the program; see `emit.py` for scalars. While a
function is recorded, W, x and b are such arrays, too, of a kind that knows of the Values that it
may meet (recorded_array.py).

`bind` (binding.py) turns the list into something to run.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.op import COMPOSITIONS

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from autograd.arrays import Array, IndexArray
    from autograd.compiler.places import Positions, View

    T = TypeVar("T")
    Where: TypeAlias = "View | Positions | Traced"
    """Places in an array; traced, they are known only when a call runs."""

TAKE_OUT: set[Callable[..., Any]] = set()
"""Functions of our own that take `out=`."""

SOURCE, VIEW, INTO, STORE, CHANGE = "source", "view", "into", "store", "change"
"""What a step is: an array that is filled from outside; a view; a call that takes `out=`; a call
whose result is copied into its place; a call that changes an array that is there already."""

SCATTER = "scatter"
"""Or an array that is put together of parts (see gather.py and destinations.py)."""


class Traced(NDArrayOperatorsMixin):
    """An array that notes on its tape what is computed from it.

    It has the shape and the dtype of the array it stands for, and the numbers of this one run. They
    are for finding shapes: whoever asks for a number (`float(x)`, `x.item()`, `if x:`) is refused.
    """

    __slots__ = ("array", "base", "maker", "number", "places", "tape")

    def __init__(self, tape: Tape, array: Array) -> None:
        self.tape, self.array = tape, array
        self.base: Traced = self  # whose memory it shows
        self.maker: Step | None = None  # the step that computes it
        self.number = False  # without a shape, such as a sum
        self.places: IndexArray | None = None  # of the elements, where they are used one by one

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
        found: Traced = super().__pow__(power)
        return found

    def __getitem__(self, index: Any) -> Any:
        return self.taken(index if isinstance(index, tuple) else (index,))

    def taken(self, index: tuple[Any, ...]) -> Traced:
        """`self[index]` as an array, also where it is one element: what a Tensor can hold."""
        out = self.tape.call(item, (self, index))
        if not out.ndim and isinstance(self.array[arrays_of(index)], np.generic):
            out.number = True
        return out

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tape.change(self, set_item, (self, index, value))

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self.array)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with a universal function, and note it."""
        given: tuple[Traced | Array | None] = options.pop("out", None) or (None,)
        (out,) = given
        inputs = with_arrays(inputs)
        if method == "at":
            return self.tape.change(inputs[0], ufunc.at, inputs)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out is not None and not isinstance(out, Traced):
            self.tape.refuse("writing into an array")
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
        if func in _REDUCTIONS and args:
            reduce, names = _REDUCTIONS[func]
            given = {**dict(zip(names, args[1:], strict=False)), **kwargs}
            given = {name: x for name, x in given.items() if name != "out" or x is not None}
            return self.tape.call(reduce, args[:1], {"axis": None, "keepdims": False, **given})
        if func in (np.split, np.array_split):  # of several arrays each is a slice
            return COMPOSITIONS[func.__name__](*args, **kwargs)
        out = self.tape.call(func, args, kwargs)
        return None if func in IN_PLACE else out

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "base" or not hasattr(np.ndarray, name):
            raise AttributeError(f"a recorded array has no attribute {name!r}")
        if name in ("real", "imag", "mT"):
            return self.tape.call(getattr, (self, name))
        if name in ("sum", "mean", "max", "min"):
            return partial(getattr(np, name), self)
        if name in ("itemsize", "nbytes", "device"):
            return getattr(self.array, name)
        if name in _NUMBERS_OF or not callable(getattr(np.ndarray, name)):
            self.tape.refuse(f"array.{name}")
        return partial(_call_method, self, name)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        self.tape.refuse("an array as an index" if self.dtype.kind in "iu" else "np.asarray")

    def __float__(self) -> float:
        self.tape.refuse("float()")

    def __int__(self) -> int:
        self.tape.refuse("int()")

    def __index__(self) -> int:  # noqa: PLE0305 (it never returns)
        self.tape.refuse("an index")

    def __bool__(self) -> bool:  # noqa: PLE0304 (likewise)
        self.tape.refuse("a truth value")

    def __hash__(self) -> int:
        return object.__hash__(self)

    def __repr__(self) -> str:
        return f"<recorded array of shape {self.shape}>"


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


class Tape:
    """The calls in order; `section()` begins a new part, such as the backward pass.

    Attributes:
        steps: Every call so far.
        shaped: Arrays whose shape depends on numbers, such as `x[x > 0]`: each replay looks.
        complete: Whether nobody changes arrays any more. Until then who computes the same twice
            gets two arrays, as one of them may be written to.
        by_rows: Whether every array is stored row by row.
        changed: The calls that change an array, by the array.
    """

    def __init__(self, by_rows: bool = True) -> None:
        self.by_rows = by_rows
        self._blank = np.zeros(0)
        self.changed: dict[Traced, list[Step]] = {}
        # What was computed already, so that a derivative need not compute it again.
        self.known: dict[Hashable, Traced] = {}
        self.steps: list[Step] = []
        self.shaped: list[Traced] = []
        self.complete = by_rows
        self.sections = [0]

    def _traced(self, array: Array) -> Traced:
        """An array on this tape."""
        return Traced(self, array)

    def section(self) -> None:
        """Begin another part, which can be run on its own."""
        self.sections.append(len(self.steps))

    def source(self, array: Array, fixed: bool = False) -> Traced:
        """An array that comes from outside: filled before each run, or (`fixed`) this very one."""
        out = self._traced(np.asarray(array))
        self.steps.append(Step(SOURCE, None, (), {"fixed": fixed}, out))
        return out

    def call(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: dict[str, Any] | None = None,
    ) -> Traced:
        """Compute now, and note it: the result as a traced array, or the one that is written to."""
        args, named = self._owned(args, options)
        if writes(function, named):
            return self._write(function, args, named)
        key = _key((function, args, named))
        if key is not None and key in self.known:
            found = self.known[key]
            if self.complete or found.number or found.base is not found:
                return found
        if name_of(function) in ("ravel", "flatten", "reshape"):
            given = (*args, *named.values())
            if any(isinstance(x, str) and x in ("K", "A") for x in given):
                self.refuse("order 'K' or 'A'")
        result = function(*arrays_of(args), **arrays_of(named))
        if any(isinstance(x, Traced) and result is x.array for x in args[1:]):
            self.refuse("writing into an array that is not passed as out=")
        number = isinstance(result, (bool, int, float, np.generic))
        by_python = number and not isinstance(result, np.generic)
        if number:
            result = np.asarray(result)
        if not isinstance(result, np.ndarray):
            self.refuse(f"{name_of(function)}, which gives a {type(result).__name__} and no array,")
        out = self._traced(result)
        out.number = number
        kind = self._kind(function, args, out)
        if kind == INTO and by_python:
            kind = STORE
        self.steps.append(Step(kind, function, args, named, out))
        if key is not None:
            self.known[key] = out
        return out

    def _kind(self, function: Callable[..., Any], args: tuple[Any, ...], out: Traced) -> str:
        """What the step of a call is that has given this array, which is told whose view it is."""
        fresh = out.array.flags.writeable  # who writes into a view of a number does not change it
        given = [x for x in traced_in(args) if not (x.number and fresh)]
        shown = [x for x in given if shows(out.array, x.array)]
        if self.by_rows and len(shown) > 1:  # all in one memory: nobody knows which
            shown = []
        if self.by_rows and not shown:  # only its shape counts from now on
            is_float = out.dtype == np.float64
            out.array = self.blank(out.shape) if is_float else np.asarray(out.array, order="C")
        if _decides_shape(function, args):  # it shows another part of an array at each replay
            self.shaped.append(out)
        elif shown:
            out.base = shown[0].base
            return VIEW
        elif takes_out(function):
            return INTO
        return STORE

    def _owned(
        self, args: Sequence[Any], options: dict[str, Any] | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call as they are kept."""
        return tuple(args), options or {}

    def again(self, array: Traced) -> Traced:
        """The same array under a name of its own."""
        out = self._traced(array.array)
        out.base = array.base
        self.steps.append(Step(VIEW, np.reshape, (array, array.shape), {}, out))
        return out

    def later(self, shape: tuple[int, ...], function: Callable[..., Any], *args: Any) -> Traced:
        """Note a call that takes `out=`, without making it now, as that may take long."""
        out = Traced(self, self.blank(shape))
        self.steps.append(Step(INTO, function, args, {}, out))
        return out

    def blank(self, shape: tuple[int, ...]) -> Array:
        """An array of numbers that nobody asks for: all of them in the same memory."""
        size = math.prod(shape)
        if size > self._blank.size:
            self._blank = np.zeros(size)
        return self._blank[:size].reshape(shape)

    def scatter(
        self, parts: list[Traced], wheres: Sequence[Where], shape: tuple[int, ...]
    ) -> Traced:
        """An array of this shape, 0 but for the parts, each added at its places."""
        out = Traced(self, self.blank(shape))
        self.steps.append(Step(SCATTER, None, (parts, wheres), {}, out))
        return out

    def refuse(self, what: str) -> NoReturn:
        """Say that something cannot be replayed."""
        raise TypeError(f"{what}: a traced array has no numbers yet.")

    def _write(
        self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
    ) -> Traced:
        """Note a call of one of NumPy's functions that writes into an array."""
        given = options.get("out")
        out: Traced = args[0] if given is None else given[0] if isinstance(given, tuple) else given
        self.change(out, function, args, options)
        return out

    def change(
        self,
        out: Traced,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: dict[str, Any] | None = None,
    ) -> None:
        """Note a call that changes `out`, which is one of its arguments."""
        args, named = self._owned(args, options)
        self.steps.append(Step(CHANGE, function, args, named, out))
        self.changed.setdefault(out.base, []).append(self.steps[-1])

    def finish(self) -> None:
        """Nobody changes arrays any more: what was computed twice is computed once from now on.

        As the exponentials of a softmax are, which its derivative needs again.
        """
        self.complete = True
        first: dict[Hashable, tuple[Traced, int]] = {}
        same: dict[Traced, Traced] = {}
        for i, step in enumerate(self.steps):
            out, section = step.out, bisect(self.sections, i) - 1
            if same:
                given = mapped((step.args, step.options), lambda x: same.get(x, x))
                step.args, step.options = given
                if step.kind == VIEW:
                    out.base = same.get(out.base, out.base)
            if step.kind not in (INTO, VIEW) or (self.changed and self._changes(step)):
                continue
            key = _key((step.function, step.args, step.options))
            if key is None:
                continue
            known, when = first.setdefault(key, (out, section))
            if known is out or when not in (0, section):  # other sections may not have run
                continue
            same[out] = known
            if step.kind == INTO:
                step.kind, step.function, step.args = VIEW, np.ndarray.view, (known,)
                step.options, out.base = {}, known.base

    def _changes(self, step: Step) -> bool:
        """Whether something writes to what a call gives or takes."""
        given = traced_in((step.args, step.options))
        return any(x.base in self.changed for x in (step.out, *given))

    def live(self, wanted: Iterable[Traced], known: Collection[Traced] = ()) -> list[bool]:
        """For each step, whether one of the wanted arrays depends on it.

        Those that are known are there already.
        """
        used = set(wanted)
        bases = {x.base for x in used}
        kept = [False] * len(self.steps)
        for i in range(len(self.steps) - 1, -1, -1):
            step = self.steps[i]
            if step.kind == SOURCE:  # which may be read by calls before it
                continue
            if step.kind != VIEW and step.out.base in known:
                continue
            if step.out in used or (step.kind != VIEW and step.out.base in bases):
                kept[i] = True
                given = traced_in((step.args, step.options))
                used.update((step.out, *given))
                bases.update(x.base for x in given)
        for i, step in enumerate(self.steps):
            if step.kind == SOURCE:
                kept[i] = step.out in bases
        return kept


_SHAPING = {
    "argwhere", "bincount", "compress", "delete", "extract", "flatnonzero", "histogram_bin_edges",
    "intersect1d", "repeat", "setdiff1d", "setxor1d", "trim_zeros", "union1d", "unique",
    "unique_values",
}  # fmt: skip


def _decides_shape(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether the shape of a call's result depends on the numbers in its arguments."""
    if function is item:
        return any(x.dtype.kind == "b" for x in traced_in(args[1]))
    return getattr(function, "__name__", "") in _SHAPING


def takes_out(function: Callable[..., Any]) -> bool:
    """Whether a function can write its result where it is told."""
    if isinstance(function, np.ufunc) or function in (np.concatenate, np.stack, np.mean):
        return True
    if getattr(function, "__name__", "") in ("reduce", "accumulate", "reduceat"):
        return True
    return getattr(function, "__func__", function) in TAKE_OUT


def _key(tree: object) -> Hashable:
    """What tells one call from another; None if that is not known."""
    kind = type(tree)
    if kind in (int, str, bool, type(None)):
        return kind, tree
    if isinstance(tree, Traced):
        return id(tree)
    if isinstance(tree, dict):
        tree = (*tree, *tree.values())
    if isinstance(tree, (tuple, list)):
        keys = [_key(part) for part in tree]
        return None if None in keys else (kind, *keys)
    if callable(tree):
        return "callable", tree
    if isinstance(tree, (int, float, str, slice)):
        return kind, str(tree)  # -0.0 is not 0.0, and nan is nan
    return None  # an array of whoever's, which may change


def name_of(function: Callable[..., Any]) -> str:
    """What a message calls a function of NumPy's."""
    return getattr(function, "__name__", repr(function))


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
_REDUCTIONS: dict[Any, tuple[Any, tuple[str, ...]]] = {
    np.sum: (np.add.reduce, ("axis", "dtype", *_REDUCING)),
    np.mean: (np.mean, ("axis", "dtype", *_REDUCING)),
    **dict.fromkeys((np.max, np.amax), (np.maximum.reduce, ("axis", *_REDUCING))),
    **dict.fromkeys((np.min, np.amin), (np.minimum.reduce, ("axis", *_REDUCING))),
}
"""Functions that go along axes: what computes them, and the names of their arguments."""


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


def with_arrays(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands with arrays for numbers that each call reads (host_numbers.py)."""
    if any(hasattr(type(x), "beside") for x in operands):
        return tuple(x.beside(operands) if hasattr(type(x), "beside") else x for x in operands)
    return operands


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
    if type(tree) is not tuple:  # which is what there is most of
        if isinstance(tree, Traced):
            return [tree]
        if isinstance(tree, dict):
            tree = tree.values()
        elif not isinstance(tree, (tuple, list)):
            return []
    return [x for part in tree if type(part) not in _PLAIN for x in traced_in(part)]


def has_traced(tree: object) -> bool:
    """Whether there are traced arrays in nested arguments."""
    return bool(traced_in(tree))


def mapped(tree: T, function: Callable[[Traced], Any]) -> T:
    """Nested arguments with something else in the place of each traced array."""
    found: Any = tree
    if isinstance(tree, Traced):
        found = function(tree)
    elif isinstance(tree, (tuple, list)):
        found = type(tree)([x if type(x) in _PLAIN else mapped(x, function) for x in tree])
    elif isinstance(tree, dict):
        found = {key: mapped(branch, function) for key, branch in tree.items()}
    same: T = found
    return same


def arrays_of(tree: T) -> T:
    """Nested arguments with the arrays of this one run."""
    return mapped(tree, lambda x: x.array)
