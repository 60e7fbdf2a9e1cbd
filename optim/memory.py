"""What an update rule keeps from step to step, for the parameters of a group."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.modes import active
from autograd.tracing import Tracer, tracer, written
from optim.hyperparameters import Settings
from optim.native_step import START, NativeStep, plain_numbers
from optim.parameter_arrays import Numbers, gather
from optim.states import check_parts, check_shapes, shapes, taken_array, taken_counts

if TYPE_CHECKING:
    from autograd import Tensor, Value
    from autograd.arrays import FloatArray, IndexArray

Kept = dict[str, "FloatArray"]
"""By name, one number for each of the parameters' numbers."""


class Memory:
    """Where the numbers of a group are, and what a rule keeps for them.

    Attributes:
        sizes: How many numbers each parameter has.
        kept: By name, one number for each of the parameters' numbers.
        scratch: Arrays to compute in.
        read_at_each_call: A compiled step reads it anew; others have no use for it.
    """

    read_at_each_call: ClassVar[bool] = True
    native: NativeStep | None = None  # the step as native code, if there is any
    until_native: int = START  # so many steps are made before that is made

    def __getstate__(self) -> dict[str, Any]:
        own = ("native", "until_native")  # which a copy does not share
        return {name: x for name, x in vars(self).items() if name not in own}

    def __init__(self, params: Sequence[Tensor | Value]) -> None:
        self.params = params
        self._numbers = gather(params)
        self.sizes = self._numbers.sizes
        self._starts = [0, *itertools.accumulate(self.sizes)]
        # How many steps all of them have taken; where they differ, how many each has.
        self._steps: int | IndexArray = 0
        self.kept: Kept = {}
        self.scratch: list[FloatArray] = []

    def numbers(self) -> Numbers:
        """The numbers, where they are now."""
        if active() and (watching := tracer()) is not None:
            leaves = [watching.leaf(p) for p in self.params]
            if len({(type(x), getattr(x, "dtype", None)) for x in leaves}) > 1:
                watching.written("an optimizer of parameters of several types")
            return gather(leaves)
        if not self._numbers.is_current():
            self._numbers = gather(self.params)
        return self._numbers

    def allocate(self, like: FloatArray, kept: dict[str, float], scratch: int) -> None:
        """Have the arrays that a rule needs, one of scratch more for the gradient.

        All are of the dtype that is computed in, also where a state of another was loaded.
        """
        for name, start in kept.items():
            if name not in self.kept:
                self.kept[name] = np.full_like(like, start)
            elif self.kept[name].dtype != like.dtype:
                self.kept[name] = self.kept[name].astype(like.dtype)
        if self.scratch and self.scratch[0].dtype != like.dtype:
            self.scratch = []
        while len(self.scratch) <= scratch:
            self.scratch.append(np.empty_like(like))

    def runs(self, reached: list[bool] | None) -> list[tuple[slice, int]]:
        """Count a step, and give the stretches of numbers that have taken equally many.

        A parameter that no gradient has reached takes no step, so that later its first steps are
        corrected as first steps. Nearly always there is one stretch: everything.
        """
        if reached is None and isinstance(self._steps, int):
            self._steps += 1
            return [(slice(None), self._steps)]
        which = np.ones(len(self.sizes), dtype=int) if reached is None else np.array(reached, int)
        steps = self._steps + which
        self._steps = _one_if_alike(steps)
        key = steps * which
        edges = [0, *(np.flatnonzero(np.diff(key)) + 1), key.size]
        return [
            (slice(self._starts[first], self._starts[end]), int(key[first]))
            for first, end in itertools.pairwise(edges)
            if key[first] and self._starts[first] < self._starts[end]
        ]

    def state(self, kept: dict[str, float]) -> dict[str, Any]:
        """What is to be saved; what an option switched on since the last step needs, too."""
        written("optimizer.state_dict()")  # by the end of the call it is another one
        steps = np.broadcast_to(self._steps, len(self.sizes)).tolist()
        first = {name: np.full(self._starts[-1], x) for name, x in kept.items() if any(steps)}
        arrays = first | {name: array.copy() for name, array in self.kept.items()}
        return {"shapes": shapes(self.params), "steps": steps, "kept": arrays}

    def taken(
        self,
        who: str,
        state: dict[str, Any],
        names: list[str],
        needed: Collection[str],
        allowed: Collection[str],
    ) -> tuple[IndexArray, Kept]:
        """The steps and arrays of a saved state, checked and copied; here nothing changes yet."""
        check_parts(who, state, ("steps", "kept"), optional=("shapes", "sizes"))
        check_shapes(who, names, self.params, state)
        steps = taken_counts(who, "steps", state["steps"], len(self.sizes))
        kept = state["kept"]
        if not isinstance(kept, dict) or kept or steps.any():  # nothing is kept before a step
            check_parts(who, kept, needed, allowed)
        shape = (self._starts[-1],)
        return steps, {name: taken_array(who, name, array, shape) for name, array in kept.items()}

    def load(self, steps: IndexArray, kept: Kept) -> None:
        """Take over what was saved, in the arrays that are there: compiled steps know them."""
        self._steps = _one_if_alike(steps)
        for name, array in kept.items():
            if name in self.kept and self.kept[name].dtype == array.dtype:
                self.kept[name][...] = array
                kept[name] = self.kept[name]
        self.kept = kept


class RecordedMemory(Memory):
    """A memory while a step is being recorded: what it keeps is what a tracer has for it."""

    until_native = 0  # never

    def __init__(self, memory: Memory, watching: Tracer) -> None:
        self.memory, self.watching, self.sizes = memory, watching, memory.sizes
        self.params = memory.params
        self._reached: list[list[bool] | None] = []
        self._planned: list[list[tuple[slice, int]]] = []
        self._after: int | IndexArray = 0
        self.starts: dict[str, float] = {}
        self.kept, self.scratch = {}, []

    def allocate(self, like: FloatArray, kept: dict[str, float], scratch: int) -> None:
        """Have the arrays that a rule needs."""
        known, plain = self.memory, np.empty(like.shape, like.dtype)
        known.allocate(plain, {name: x for name, x in self.starts.items() if name in known.kept}, 0)
        for name in kept:
            if name not in self.kept:
                first = np.full_like(plain, self.starts[name])
                self.kept[name] = self.watching.held(lambda: known.kept, name, first)
        self.scratch = [np.empty_like(like) for _ in range(scratch + 1)]

    def runs(self, reached: list[bool] | None) -> list[tuple[slice, int]]:
        """Count a step; the counts are read at every call."""
        place = len(self._reached)
        if not place:  # not before: where no gradient arrives nothing is counted
            self.watching.ends_as(self.memory, "_steps", lambda: self._after)
        self._reached.append(reached)
        self._plan()
        here = [where for where, _ in self._planned[place]]
        is_plain = here == [slice(None)]  # as nearly always

        def counts() -> list[int] | None:
            if is_plain and self._reached == [None] and isinstance(self.memory._steps, int):
                self._after = after = self.memory._steps + 1
                return [after]
            if not place:
                self._plan()
            planned = self._planned[place]  # which may be none, of a parameter without numbers
            return [t for _, t in planned] if [x for x, _ in planned] == here else None

        names = ["t"] * len(here)
        return [*zip(here, self.watching.numbers_of(counts, self.memory, names), strict=True)]

    def _plan(self) -> None:
        """Find out what the steps of a call would count, without counting them."""
        before = self.memory._steps
        self._planned = [self.memory.runs(reached) for reached in self._reached]
        self._after, self.memory._steps = self.memory._steps, before


def recorded(
    group: Settings, memory: Memory, starts: dict[str, float], watching: Tracer
) -> tuple[dict[str, Any], Memory]:
    """A group and its memory as a tracer has them: with numbers that are read at every call."""
    names, others, read = plain_numbers(group)
    settings = zip(names, watching.numbers_of(read, group, names), strict=True)
    twin = watching.twins.setdefault(id(memory), RecordedMemory(memory, watching))
    twin.starts = starts
    return others | dict(settings), twin


def _one_if_alike(steps: IndexArray) -> int | IndexArray:
    return int(steps[0]) if (steps == steps[0]).all() else steps
