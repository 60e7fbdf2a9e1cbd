"""The tape: a straight list of NumPy calls, each with an array of its own to write into.

Everything compiled ends up here. Five neurons, y = tanh(W x + b) with W of shape (5, 2), are

    matmul(W, x, out=t0); add(t0, b, out=t1); tanh(t1, out=t2)

and their derivative is some more calls of that kind. Nobody writes those lists by hand: a `Traced`
array computes like any array, and notes on its tape what was computed. So the rulebook's own
functions, run once on traced arrays, write down the program; see `lower.py` for scalars, while
Tensors simply hold traced arrays when a function is recorded.

`bind` turns the list into something to run: it allocates every array once, takes every view once
(a transpose or a slice costs nothing later), and gives the calls with their arrays filled in.

Example:
    >>> tape = Tape()
    >>> x = tape.source(np.zeros(3))
    >>> y = np.tanh(x.T + 1.0)
    >>> bound = tape.bind([y])
    >>> bound[x][:] = [-1.0, 0.0, 1.0]
    >>> bound.run()
    >>> bound[y].round(3).tolist()
    [0.0, 0.762, 0.964]
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.compiler.calls import call_into
from autograd.op import COMPOSITIONS

TAKE_OUT: set[Any] = set()
"""Functions of our own that take `out=`."""

SOURCE, VIEW, INTO, STORE, CHANGE = "source", "view", "into", "store", "change"
"""What a step is: an array that is filled from outside; a view; a call that takes `out=`; a call
whose result is copied into its place; a call that changes an array that is there already."""


class OtherShape(ValueError):
    """In a replay an array came out in another shape than in the recording."""


class Step:
    """One call: `out` becomes `function(*args, **options)`, in one of the ways above."""

    __slots__ = ("args", "function", "kind", "options", "out")

    def __init__(
        self, kind: str, function: Any, args: tuple[Any, ...], options: dict[str, Any], out: Traced
    ) -> None:
        self.kind, self.function, self.args, self.options = kind, function, args, options
        self.out = out


class Tape:
    """The calls in order; `section()` begins a new part, such as the backward pass.

    Attributes:
        steps: Every call so far.
        observer: Whom traced arrays ask when somebody wants a number of theirs.
        shaped: Arrays whose shape depends on numbers, such as `x[x > 0]`: each replay looks.
        changes: How many calls change an array that was there before.
        chosen: Whether there are parts of arrays whose place is data; see `Traced.part`.
        complete: Whether nobody changes arrays any more. Until then who computes the same twice
            gets two arrays, as one of them may be written to.
    """

    def __init__(self, observer: Any = None) -> None:
        self.observer = observer
        # What was computed already, so that a derivative need not compute it again. Only where no
        # buffers are written to: there the same call can mean another thing later.
        self.known: dict[Any, Traced] | None = None if observer is None else {}
        self.steps: list[Step] = []
        self.shaped: list[Traced] = []
        self.changes = 0
        self.chosen = False
        self.complete = observer is None
        self.sections = [0]

    def section(self) -> None:
        """Begin another part, which can be run on its own."""
        self.sections.append(len(self.steps))

    def source(self, array: Any, fixed: bool = False) -> Traced:
        """An array that comes from outside: filled before each run, or (`fixed`) this very one."""
        out = Traced(self, np.asarray(array))
        out.owned = False
        self.steps.append(Step(SOURCE, None, (), {"fixed": fixed}, out))
        return out

    def call(
        self, function: Any, args: Sequence[Any], options: dict[str, Any] | None = None
    ) -> Any:
        """Compute now, and note it: the result as a traced array."""
        args, options = tuple(args), options or {}
        if self.chosen:
            self.check_current((args, options))
        if _writes(function, options):
            return self._write(function, args, options)
        key = None if self.known is None else _key((function, args, options))
        if key is not None and self.known is not None and key in self.known:
            found = self.known[key]
            if self.complete or found.number or found.base is not found:
                return found
        if _name(function) in ("ravel", "flatten", "reshape"):
            given = (*args, *options.values())
            if any(isinstance(x, str) and x in ("K", "A") for x in given):
                self.refuse("order 'K' or 'A'")
        result = function(*_arrays(args), **_arrays(options))
        if any(x.__class__ is Traced and result is x.array for x in args[1:]):
            self.refuse("writing into an array that is not passed as out=")
        number = isinstance(result, (bool, int, float, np.generic))
        by_python = number and not isinstance(result, np.generic)
        if number:
            result = np.asarray(result)
        if not isinstance(result, np.ndarray):
            self.refuse(f"{_name(function)}, which gives a {type(result).__name__} and no array,")
        out = Traced(self, result)
        out.number = number
        fresh = result.flags.writeable  # who writes into a view of a number does not change it
        shown = [x for x in traced_in(args) if not (x.number and fresh) and _shows(result, x.array)]
        if shown and _decides_shape(function, args):
            kind = STORE
            out.owned = False  # it shows another part of an array at each replay
        elif shown:
            out.base = shown[0].base
            out.base.reshaped |= _name(function) in ("ravel", "reshape")
            kind = VIEW
        elif takes_out(function) and not by_python:
            kind = INTO
        else:
            kind = STORE
        self.steps.append(Step(kind, function, args, options, out))
        if kind == STORE and _decides_shape(function, args):
            self.shaped.append(out)
        if key is not None and self.known is not None:
            self.known[key] = out
        return out

    def refuse(self, what: str) -> NoReturn:
        """Say that something cannot be replayed."""
        if self.observer is not None:
            self.observer.refuse(what)
        raise TypeError(f"{what}: a traced array has no numbers yet.")

    def _write(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Note a call of one of NumPy's functions that writes into an array."""
        out = options.get("out")
        if out is None:
            out = args[0]
        elif isinstance(out, tuple):
            (out,) = out
        if not isinstance(out, Traced):
            self.refuse("writing into an array")
        out._check_owned()
        if self.observer is not None:
            args = tuple(map(self.observer.written, args))
            options = {key: self.observer.written(x) for key, x in options.items()}
        self.change(out, function, args, options)
        return None if function in _IN_PLACE else out

    def into(self, out: Traced, function: Any, *args: Any, **options: Any) -> Traced:
        """Compute into a traced array that is there already, such as a part of a buffer."""
        self.steps.append(Step(INTO, function, args, options, out))
        return out

    def change(
        self, out: Traced, function: Any, args: Sequence[Any], options: dict[str, Any] | None = None
    ) -> None:
        """Note a call that changes `out`, which is one of its arguments."""
        args, options = tuple(args), options or {}
        if self.chosen:
            self.check_current((args, options))
        if self.known is not None:  # elsewhere the numbers are not of any run
            self.observer.changing(out)
            function(*_arrays(args), **_arrays(options))
            self.known.clear()
        self.steps.append(Step(CHANGE, function, args, options, out))
        self.changes += 1
        base = out.base
        base.changed = self.changes
        if base.part is not None:  # uncompiled it shows this array, so that changes, too
            whole, index, _ = base.part
            self.change(whole, _set_item, (whole, index, base))
            base.part = whole, index, self.changes

    def check_current(self, tree: Any) -> None:
        """Refuse a part that is a copy where uncompiled it shows an array that was changed then."""
        for x in traced_in(tree):
            part = x.base.part
            while part is not None:
                whole, _, when = part
                if whole.base.changed > when:
                    self.refuse("using a part, at a place that is data, of an array changed since")
                part = whole.base.part

    def live(self, wanted: Iterable[Traced], also: Container[Step] = ()) -> list[bool]:
        """For each step, whether one of the wanted arrays, or of the steps, depends on it."""
        used = set(wanted)
        bases = {x.base for x in used}
        kept = [False] * len(self.steps)
        for i in range(len(self.steps) - 1, -1, -1):
            step = self.steps[i]
            if step in also or step.out in used or (step.kind != VIEW and step.out.base in bases):
                kept[i] = True
                given = traced_in((step.args, step.options))
                used.update((step.out, *given))
                bases.update(x.base for x in given)
        return kept

    def bind(
        self,
        wanted: Sequence[Traced],
        reuse: dict[int, Any] | None = None,
        early: Iterable[Traced] = (),
        early_steps: Container[Step] = (),
    ) -> Bound:
        """Allocate the arrays and fill them into the calls that the wanted ones need.

        What the `early` ones need can be run before everything else, with `run_early`.
        """
        return Bound(self, self.live(wanted), reuse or {}, self.live(early, early_steps))


class Bound:
    """A tape with arrays: `run` a section, and read the results as `bound[traced]`."""

    def __init__(
        self, tape: Tape, live: list[bool], given: dict[int, Any], early: list[bool]
    ) -> None:
        self.arrays: dict[int, Any] = dict(given)
        self.early: list[Callable[[], Any]] = []
        self.sections: list[list[Callable[[], Any]]] = []
        for i, step in enumerate(tape.steps):
            while (
                len(self.sections) < len(tape.sections) and i >= tape.sections[len(self.sections)]
            ):
                self.sections.append([])
            if live[i]:
                call = self._bind(step)
                if call is not None:
                    (self.early if early[i] else self.sections[-1]).append(call)
        self.sections += [[] for _ in range(len(tape.sections) - len(self.sections))]

    def __getitem__(self, traced: Traced) -> Any:
        return self.arrays[id(traced)]

    def __contains__(self, traced: Traced) -> bool:
        return id(traced) in self.arrays

    def run(self, section: int = 0) -> None:
        """Make the calls of a section, in order."""
        for call in self.sections[section]:
            call()

    def run_early(self) -> None:
        """Make the calls that do not wait for anything else, in order."""
        for call in self.early:
            call()

    def _bind(self, step: Step) -> Callable[[], Any] | None:
        out, like = id(step.out), step.out.array
        if step.kind == SOURCE:
            if out not in self.arrays:
                self.arrays[out] = like if step.options["fixed"] else np.empty_like(like)
            return None
        args, options = self._filled(step.args), self._filled(step.options)
        if step.kind == VIEW:
            self.arrays[out] = step.function(*args, **options)
            return None
        if step.kind == CHANGE:
            return partial(step.function, *args, **options)
        if out not in self.arrays:
            self.arrays[out] = np.empty_like(like)
        target = self.arrays[out]
        if step.kind == STORE:
            return partial(_store, target, step.function, args, options)
        return call_into(target, step.function, args, options)

    def _filled(self, tree: Any) -> Any:
        return mapped(tree, lambda x: self.arrays[id(x)])


def _store(target: Any, function: Any, args: Any, options: Any) -> None:
    result = function(*args, **options)
    if np.shape(result) != target.shape:  # which NumPy might broadcast
        raise OtherShape(
            f"{_name(function)}: gives shape {np.shape(result)} where {target.shape} was recorded."
        )
    target[...] = result


class Traced(NDArrayOperatorsMixin):
    """An array that notes on its tape what is computed from it.

    It has the shape and the dtype of the array it stands for, and the numbers of this one run. They
    are for finding shapes: whoever asks for a number (`float(x)`, `x.item()`, `if x:`) asks the
    tape's `observer`, which refuses, or notes what was asked so that replays can check it.
    """

    __slots__ = (
        "array", "base", "changed", "number", "owned", "part", "places", "reshaped", "shown",
        "tape",
    )  # fmt: skip

    def __init__(self, tape: Tape, array: Any) -> None:
        self.tape, self.array = tape, array
        self.base: Any = self  # whose memory it shows
        self.number = False  # without a shape, such as a sum: `x += 1` makes another of it
        self.owned = True  # by the tape: somebody else's array must not be written to
        # Of the elements, as the observer counts; with how many changes there were on the tape.
        self.places: Any = None
        self.reshaped = False  # whether it is shown in another shape
        self.changed = 0  # with how many changes on the tape it last was
        # Of a copy of what uncompiled is a view, such as table[i]: of which, where, and likewise.
        self.part: Any = None
        self.shown: Any = None  # of a number copied from an array: which, where, and likewise

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.array.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.array.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.array.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self.array.dtype

    @property
    def T(self) -> Traced:
        """The array with its axes reversed."""
        return self.transpose()  # type: ignore[no-any-return]

    def reshape(self, *shape: Any) -> Any:
        """As NumPy's; what cannot be shown without a copy is copied."""
        return self.tape.call(np.reshape, (self, shape[0] if len(shape) == 1 else shape))

    def transpose(self, *axes: Any) -> Any:
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

    def _reduced(self, function: Any, names: Any, given: Any, options: dict[str, Any]) -> Any:
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

    def _alike(self, out: Any) -> Any:
        """The same in another form: a number if this is one."""
        out.number = self.number
        return out

    def __pow__(self, power: Any) -> Any:
        # as NumPy's own arrays do, for speed
        quick = _POWERS.get(power) if isinstance(power, (int, float)) else None
        if quick is not None and self.dtype.kind == "f":
            return self.tape.call(quick, (self,))
        return self.tape.call(np.power, (self, power))

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, tuple):
            index = (index,)
        seen = self.tape.observer
        if seen is not None and len(index) == self.ndim and all(type(i) is int for i in index):
            number = seen.element(self, index)
            if number is not None:
                return number
        out = self.tape.call(_item, (self, index))
        if not out.ndim and isinstance(self.array[_arrays(index)], np.generic):
            if self.base.owned and out.base is self.base:
                out = out.copy()  # a number, which stays what it is when the array is written to
                out.shown = self, index, self.tape.changes
            out.number = True
        elif self.base.owned and out.base is not self.base and has_traced(index):
            given = mapped(index, lambda x: x.array[()] if x.number else x.array)
            if _shows(self.array[given], self.array):
                out.part, self.tape.chosen = (self, index, self.tape.changes), True
        number = None if out.ndim or seen is None else seen.element(out, ())
        return out if number is None else number

    def __setitem__(self, index: Any, value: Any) -> None:
        self._check_owned()
        seen = self.tape.observer
        if seen is not None and isinstance(value, (list, tuple)):
            value = [seen.written(x) for x in value]
        elif seen is not None:
            value = seen.written(value)
        self.tape.change(self, _set_item, (self, index, value))

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self.array)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with a universal function, and note it."""
        target = inputs[0] if method == "at" else options.get("out", (None,))[0]
        if isinstance(target, Traced) and self.tape.observer is not None:
            inputs = tuple(map(self.tape.observer.written, inputs))
        elif any(isinstance(x, np.ndarray) and x.dtype == object for x in inputs):
            return self.tape.observer.on_objects(getattr(ufunc, method), inputs, options)
        if any(hasattr(type(x), "_apply") for x in inputs):
            seen = self.tape.observer
            inputs = tuple(seen.plain_array(seen.beside(x, inputs)) for x in inputs)
            if any(hasattr(type(x), "_apply") for x in inputs):
                return NotImplemented  # a node takes an array in, not the reverse
        if method == "at":
            if not isinstance(inputs[0], Traced):
                self._refuse("writing into an array")
            inputs[0]._check_owned()
            return self.tape.change(inputs[0], ufunc.at, inputs)
        out = options.pop("out", None)
        if out is not None and not isinstance(out[0], Traced):
            self._refuse("writing into an array")
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out is None or out[0].number:
            return self.tape.call(function, inputs, options)
        out[0]._check_owned()
        self.tape.change(out[0], function, inputs, {**options, "out": out[0]})
        return out[0]

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Compute with any other function of NumPy, and note it."""
        if func in (np.shape, np.ndim, np.size):
            return func(*_arrays(args), **_arrays(kwargs))
        if any(hasattr(kind, "_apply") for kind in types):
            return NotImplemented  # a node takes an array in, not the reverse
        if func in _REDUCTIONS and args:
            return getattr(args[0], _REDUCTIONS[func])(*args[1:], **kwargs)
        if func in (np.split, np.array_split):  # of several arrays each is a slice
            return COMPOSITIONS[func.__name__](*args, **kwargs)
        seen = self.tape.observer
        if seen is not None and not _writes(func, kwargs) and seen.has_values((args, kwargs)):
            return seen.on_objects(func, args, kwargs)
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

    def _check_owned(self) -> None:
        if not self.base.owned:
            self._refuse("writing to .data")

    def _refuse(self, what: str) -> NoReturn:
        self.tape.refuse(what)

    @property
    def is_recorded(self) -> bool:
        """Whether a Value can be made of it: of one number, not of an array."""
        return self.array.ndim == 0 and self.tape.observer is not None

    def stand_in(self, fresh: Any) -> None:
        """`Value(x)` of one number x: the new Value is that number."""
        self.tape.observer.objects(self)[()].stand_in(fresh)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.is_recorded and dtype in (None, object):  # in a list with others
            return self.tape.observer.objects(self)
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
        return self.tape.observer.truth(self)  # type: ignore[no-any-return]

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<recorded array of shape {self.shape}>"


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


def _item(x: Any, index: Any) -> Any:
    found = x[index]
    # of a single element a view, too, and not a number that would stay what it is
    return found if isinstance(found, np.ndarray) else x[(*index, ...)]


def _set_item(x: Any, index: Any, value: Any) -> None:
    x[index] = value


_SHAPING = {
    "argwhere", "bincount", "compress", "delete", "extract", "flatnonzero", "histogram_bin_edges",
    "intersect1d", "repeat", "setdiff1d", "setxor1d", "trim_zeros", "union1d", "unique",
    "unique_values",
}  # fmt: skip


def _decides_shape(function: Any, args: tuple[Any, ...]) -> bool:
    """Whether the shape of a call's result depends on the numbers in its arguments."""
    if function is _item:
        return any(x.dtype.kind == "b" for x in traced_in(args[1]))
    return getattr(function, "__name__", "") in _SHAPING


def _writes(function: Any, options: dict[str, Any]) -> bool:
    """Whether a call of one of NumPy's functions writes into an array that is there already."""
    if function in _IN_PLACE or options.get("out") is not None:
        return True
    return function is np.nan_to_num and not options.get("copy", True)


_IN_PLACE = {
    np.copyto, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask,
    np.ndarray.fill, np.ndarray.partition, np.ndarray.put, np.ndarray.sort,
}  # fmt: skip
"""Functions of NumPy that write into their first argument."""


def takes_out(function: Any) -> bool:
    """Whether a function can write its result where it is told."""
    if isinstance(function, np.ufunc) or function in (np.concatenate, np.stack, np.mean):
        return True
    if getattr(function, "__name__", "") in ("reduce", "accumulate", "reduceat"):
        return True
    return function in TAKE_OUT


def _shows(result: Any, array: Any) -> bool:
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


def _key(tree: Any) -> Any:
    """What tells one call from another; None if that is not known."""
    kind = tree.__class__
    if kind is Traced:
        return id(tree)
    if kind in (int, str, bool, type(None)):
        return kind, tree
    if isinstance(tree, (tuple, list, dict)):
        parts = list(tree.items()) if isinstance(tree, dict) else tree
        keys = [_key(part) for part in parts]
        return None if None in keys else (kind, *keys)
    if callable(tree):
        return "callable", tree
    if isinstance(tree, (int, float, str, slice)):
        return kind, str(tree)  # -0.0 is not 0.0, and nan is nan
    return None  # an array of whoever's, which may change


def mapped(tree: Any, function: Callable[[Traced], Any]) -> Any:
    """Nested arguments with something else in the place of each traced array."""
    if isinstance(tree, Traced):
        return function(tree)
    if isinstance(tree, (tuple, list)):
        return type(tree)([x if x.__class__ in _PLAIN else mapped(x, function) for x in tree])
    if isinstance(tree, dict):
        return {key: mapped(branch, function) for key, branch in tree.items()}
    return tree


def _arrays(tree: Any) -> Any:
    return mapped(tree, lambda x: x.array)


def _name(function: Any) -> str:
    return getattr(function, "__name__", repr(function))
