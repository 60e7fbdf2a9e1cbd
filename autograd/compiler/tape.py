"""The tape: a straight list of NumPy calls, each with an array of its own to write into.

Everything compiled ends up here. Five neurons, y = tanh(W x + b) with W of shape (5, 2), are

    matmul(W, x, out=t0); add(t0, b, out=t1); tanh(t1, out=t2)

and their derivative is some more calls of that kind. Nobody writes those lists by hand: a `Traced`
array (traced.py) computes like any array, and notes on its tape what was computed. So the
rulebook's own functions, run once on traced arrays, write down the program; see `emit.py` for
scalars, while Tensors simply hold traced arrays when a function is recorded.

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

import math
from bisect import bisect
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd.compiler.destinations import Destinations, allocate_rows, uncopied
from autograd.compiler.numpy_calls import Call, call_into
from autograd.compiler.traced import (
    CHANGE,
    INTO,
    SCATTER,
    SOURCE,
    STORE,
    VIEW,
    Observer,
    Step,
    Traced,
    arrays_of,
    begin_of,
    item,
    mapped,
    shows,
    traced_in,
    writes,
)

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.traced import T, Where

TAKE_OUT: set[Callable[..., Any]] = set()
"""Functions of our own that take `out=`."""


class OtherShape(ValueError):
    """In a replay an array came out in another shape than in the recording."""


class Tape:
    """The calls in order; `section()` begins a new part, such as the backward pass.

    Attributes:
        steps: Every call so far.
        observer: Whom traced arrays ask when somebody wants a number of theirs.
        shaped: Arrays whose shape depends on numbers, such as `x[x > 0]`: each replay looks.
        complete: Whether nobody changes arrays any more. Until then who computes the same twice
            gets two arrays, as one of them may be written to.
        by_rows: Whether every array is stored row by row.
        changed: The calls that change an array, by the array.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self.observer = observer
        self.by_rows = observer is None
        self._blank = np.zeros(0)
        self.changed: dict[Traced, list[Step]] = {}
        # What was computed already, so that a derivative need not compute it again.
        self.known: dict[Hashable, Traced] = {}
        self.steps: list[Step] = []
        self.shaped: list[Traced] = []
        self.complete = observer is None
        self.sections = [0]

    def section(self) -> None:
        """Begin another part, which can be run on its own."""
        self.sections.append(len(self.steps))

    def source(self, array: Array, fixed: bool = False) -> Traced:
        """An array that comes from outside: filled before each run, or (`fixed`) this very one."""
        out = Traced(self, np.asarray(array))
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
        if _name(function) in ("ravel", "flatten", "reshape"):
            given = (*args, *named.values())
            if any(isinstance(x, str) and x in ("K", "A") for x in given):
                self.refuse("order 'K' or 'A'")
        result = function(*arrays_of(args), **arrays_of(named))
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
        shown = [x for x in traced_in(args) if not (x.number and fresh) and shows(result, x.array)]
        if self.by_rows and len(shown) > 1:  # all in one memory: nobody knows which
            shown = []
        if shown and _decides_shape(function, args):
            kind = STORE  # it shows another part of an array at each replay
        elif shown:
            out.base = shown[0].base
            kind = VIEW
        elif takes_out(function) and not by_python:
            kind = INTO
        else:
            kind = STORE
        if self.by_rows and not shown:  # only its shape counts from now on
            is_float = result.dtype == np.float64
            out.array = self.blank(result.shape) if is_float else np.asarray(result, order="C")
        self.steps.append(Step(kind, function, args, named, out))
        if kind == STORE and _decides_shape(function, args):
            self.shaped.append(out)
        if key is not None:
            self.known[key] = out
        return out

    def _owned(
        self, args: Sequence[Any], options: dict[str, Any] | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self.observer is None:
            return tuple(args), options or {}
        return tuple(map(self._own, args)), {k: self._own(x) for k, x in (options or {}).items()}

    def _own(self, tree: Any) -> Any:
        """Nested arguments, with copies of the lists and arrays that may be written to later."""
        if tree.__class__ is Traced:
            return tree if self.observer is None else self.observer.current(tree)
        if tree.__class__ in (int, float, str, type(None)):
            return tree
        if isinstance(tree, np.ndarray) and tree.dtype != object:
            return self.observer.keep(tree) if self.observer is not None else tree
        if isinstance(tree, (tuple, list)):
            return type(tree)([self._own(x) for x in tree])
        return {key: self._own(x) for key, x in tree.items()} if isinstance(tree, dict) else tree

    def again(self, array: Traced) -> Traced:
        """The same array under a name of its own."""
        out = Traced(self, array.array)
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
        if self.observer is not None:
            self.observer.refuse(what)
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
        if self.observer is not None:
            out = self.observer.changing(out)
        args, named = self._owned(args, options)
        if self.observer is not None:  # elsewhere the numbers are not of any run
            function(*arrays_of(args), **arrays_of(named))
            self.known.clear()
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
            step.args, step.options = mapped((step.args, step.options), lambda x: same.get(x, x))
            if step.kind == VIEW:
                out.base = same.get(out.base, out.base)
            bases = {out.base, *(x.base for x in traced_in((step.args, step.options)))}
            key = _key((step.function, step.args, step.options))
            if step.kind not in (INTO, VIEW) or key is None or not bases.isdisjoint(self.changed):
                continue
            known, when = first.setdefault(key, (out, section))
            if known is out or when not in (0, section):  # other sections may not have run
                continue
            same[out] = known
            if step.kind == INTO:
                step.kind, step.function, step.args = VIEW, np.ndarray.view, (known,)
                step.options, out.base = {}, known.base

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

    def bind(
        self,
        wanted: Sequence[Traced],
        reuse: dict[int, Array] | None = None,
        early: Iterable[Traced] = (),
        known: Collection[Traced] = (),
    ) -> Bound:
        """Allocate the arrays and fill them into the calls that the wanted ones need.

        What the `early` ones need can be run before everything else, with `run_early`; what is
        `known` is not computed.
        """
        return Bound(self, self.live(wanted, known), reuse or {}, self.live(early))


class Bound:
    """A tape with arrays: `run` a section, and read the results as `bound[traced]`."""

    def __init__(
        self, tape: Tape, live: list[bool], given: dict[int, Array], early: list[bool]
    ) -> None:
        self.arrays: dict[int, Array] = dict(given)
        self.early: list[Call] = []
        self.changed = tape.changed
        self.sections: list[list[Call]] = [[] for _ in tape.sections]
        steps = [step for step, needed in zip(tape.steps, live, strict=True) if needed]
        section_of = {
            id(step): bisect(tape.sections, i) - 1 for i, step in enumerate(tape.steps) if live[i]
        }
        self.joined = Destinations(steps, section_of, self.arrays)
        allocate_rows(steps, section_of, self.arrays, self.changed)
        self.uncopied = uncopied(steps, section_of, self.changed)
        for step in steps:
            if step.kind == SOURCE:
                self._bind(step)
        for i, step in enumerate(tape.steps):
            if live[i] and step.kind != SOURCE:
                calls = self.early if early[i] else self.sections[section_of[id(step)]]
                if step.kind == SCATTER:
                    calls += self.joined.calls(step)
                elif (call := self._bind(step)) is not None:
                    calls.append(call)

    def __getitem__(self, traced: Traced) -> Array:
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

    def _bind(self, step: Step) -> Call | None:
        out, like = id(step.out), step.out.array
        if step.kind == SOURCE:
            if out not in self.arrays:
                self.arrays[out] = like if step.options["fixed"] else np.zeros_like(like)
            elif step.options["fixed"]:
                self.arrays[out][...] = like
            return None
        if id(step) in self.uncopied:
            return self._bind_without_copy(step)
        args, options = self._filled(step.args), self._filled(step.options)
        if step.kind == VIEW:
            self.arrays[out] = view = step.function(*args, **options)
            sources = [x for x in args if isinstance(x, np.ndarray)]
            assert not view.size or any(np.may_share_memory(view, x) for x in sources)
            return None
        if step.kind == CHANGE:
            return _changing(step.function, args, options)
        if step.function is np.concatenate and out not in self.arrays and _makes_a_row(step):
            shown = side_by_side(*args)
            if shown is not None and step.out.base not in self.changed:
                self.arrays[out] = shown
                return None
        if out not in self.arrays:
            # Not empty: an audit adds up what was computed, and some of it may not have been yet.
            self.arrays[out] = np.zeros_like(like)
        target = self.arrays[out]
        if step.kind == STORE:
            return partial(store, target, step.function, args, options)
        return call_into(target, step.function, args, options)

    def _bind_without_copy(self, step: Step) -> Call | None:
        copied = self.uncopied[id(step)]
        if step.kind != CHANGE:  # the copy itself: memory is all that is left of it
            self.arrays[id(step.out)] = np.zeros_like(step.out.array)
            return None
        args = [copied if x is step.options["out"] else x for x in step.args]
        return _changing(step.function, self._filled(tuple(args)), self._filled(step.options))

    def _filled(self, tree: T) -> T:
        return mapped(tree, lambda x: self.arrays[id(x)])


def _makes_a_row(step: Step) -> bool:
    return len(step.args) == 1 and not step.options  # no axis


def _changing(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Call:
    """A call that changes an array."""
    if getattr(function, "signature", function) is None and options.keys() == {"out"}:
        return call_into(options["out"], function, args, {})  # a ufunc, number by number
    return partial(function, *args, **options)


def side_by_side(arrays: Sequence[Array]) -> Array | None:
    """Rows that follow one another in one memory as the one row that they are; else None."""
    roots = {id(root): root for root in map(_root, arrays)}
    if len(roots) != 1 or any(x.ndim != 1 or not x.flags.c_contiguous for x in arrays):
        return None
    (root,) = roots.values()
    begins = [begin_of(x) for x in arrays]
    ends = [begin + x.nbytes for begin, x in zip(begins, arrays, strict=True)]
    alike = all(x.dtype == root.dtype for x in arrays) and root.flags.c_contiguous
    if not alike or begins[1:] != ends[:-1]:
        return None
    first = (begins[0] - begin_of(root)) // root.itemsize
    return root.reshape(-1)[first : first + sum(x.size for x in arrays)]


def _root(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def store(
    target: Array, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """Call a function, and put what it gives where it belongs, if the shape is the same."""
    result: Array = function(*args, **options)
    shape: tuple[int, ...] = target.shape
    if np.shape(result) != shape:  # which NumPy might broadcast
        raise OtherShape(
            f"{_name(function)}: gives shape {np.shape(result)} where {shape} was recorded."
        )
    target[...] = result


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


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
