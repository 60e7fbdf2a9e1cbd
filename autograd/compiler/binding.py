"""Bind: a tape as something to run.

Every array is allocated once, every view is taken once (a transpose or a slice costs nothing
later), and the calls are given with their arrays filled in.

Example:
    >>> tape = Tape()
    >>> x = tape.source(np.zeros(3))
    >>> y = np.tanh(x.T + 1.0)
    >>> bound = Bound(tape, [y])
    >>> bound[x][:] = [-1.0, 0.0, 1.0]
    >>> bound.run()
    >>> bound[y].round(3).tolist()
    [0.0, 0.762, 0.964]
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.destinations import Destinations, allocate_rows, uncopied
from autograd.compiler.numpy_calls import Call, call_into
from autograd.compiler.tape import (
    CHANGE,
    SCATTER,
    SOURCE,
    STORE,
    VIEW,
    Tape,
    begin_of,
    mapped,
    name_of,
)

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.tape import Step, T, Traced


class OtherShape(ValueError):
    """In a replay an array came out in another shape than in the recording."""


class Bound:
    """A tape with arrays: `run` a section, and read the results as `bound[traced]`.

    Args:
        tape: The tape.
        wanted: What is computed, with all that it needs.
        reuse: Arrays that are there already, by the `id` of what they are on the tape.
        early: What is computed, with all that it needs, before everything else.
        known: What is not computed.
    """

    def __init__(
        self, tape: Tape, wanted: Sequence[Traced], reuse: Mapping[int, Array] | None = None,
        early: Iterable[Traced] = (), known: Collection[Traced] = (),
    ) -> None:  # fmt: skip
        live, soon = tape.live(wanted, known), tape.live(early)
        self.arrays: dict[int, Array] = dict(reuse or {})
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
                calls = self.early if soon[i] else self.sections[section_of[id(step)]]
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
        is_row = step.function is np.concatenate and len(args) == 1 and not options  # no axis
        if is_row and out not in self.arrays:
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


def _changing(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Call:
    """A call that changes an array."""
    if getattr(function, "signature", function) is None and options.keys() == {"out"}:
        return call_into(options["out"], function, args, {})  # a ufunc, number by number
    return partial(function, *args, **options)


def side_by_side(arrays: Sequence[Array]) -> Array | None:
    """Rows that follow one another in one memory as the one row that they are; else None."""
    roots = {id(root): root for root in map(root_of, arrays)}
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


def root_of(array: Array) -> Array:
    """The array whose memory it shows."""
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
            f"{name_of(function)}: gives shape {np.shape(result)} where {shape} was recorded."
        )
    target[...] = result
