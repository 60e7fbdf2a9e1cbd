"""Loops: what a program computes, as nests of loops over numbers in a few memories.

Five neurons with two inputs, `dot(W, x)`, are a nest with two axes, of 5 and of 2 numbers. The
first is kept, the second is added up; each round multiplies a number of W by one of x:

    for i in range(5):
        v0[i] = sum(W[i, k] * x[k] for k in range(2))

So a product of matrices is a multiplication folded by addition, and a transpose is nothing at all:
the same numbers with other steps. Every printer (c.py, javascript.py, llvm.py) writes these nests
down in its language, and knows nothing of NumPy; lowering.py makes them of NumPy's calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

GIVEN, FIXED, LEAF, MADE = "given", "fixed", "leaf", "made"
"""What a memory holds: an argument; numbers that never change; a leaf's; what is computed."""


@dataclass(eq=False)
class Memory:
    """Numbers that lie side by side, and have a name.

    Attributes:
        name: What the listing calls it.
        shape: Its shape, row by row.
        dtype: The type of its numbers.
        array: The numbers themselves, in one row.
        role: What it holds, of those above.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    array: Any
    role: str = MADE

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Its shape as it is written: without axes of one number, but with at least one axis."""
        return tuple(n for n in self.shape if n != 1) or (1,)

    def __repr__(self) -> str:
        return f"{self.name}{list(self.shape)}"


class Column(Memory):
    """A memory that is another one in each round of a loop.

    Attributes:
        members: Which, and where it begins there.
    """

    members: tuple[tuple[Memory, int], ...]

    @classmethod
    def of(cls, members: tuple[tuple[Memory, int], ...]) -> Column:
        """A column of these."""
        made = cls("", (), members[0][0].dtype, None)
        made.members = members
        return made


@dataclass(frozen=True)
class Ref:
    """A number of a memory in each round: at offset + Σ step·(index along the axis).

    Attributes:
        memory: Whose.
        offset: Where it is in the first round.
        steps: How far the next one is along each axis.
        place: An integer that is added to that, by which a number is looked up; if any.
        count: Among how many numbers: a place outside of them is the nearest one. 0 where it is
            known to be inside.
        turn: In a loop, how far it goes from round to round.
    """

    memory: Memory
    offset: int
    steps: tuple[int, ...]
    place: Ref | None = None
    count: int = 0
    turn: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the number."""
        return self.memory.dtype


@dataclass(frozen=True)
class Number:
    """A number that is written in the code."""

    value: Any
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class Apply:
    """A function of numbers, by NumPy's name; `cast` makes a number one of another type."""

    function: str
    args: tuple[Code, ...]
    dtype: np.dtype[Any]


Code = Ref | Number | Apply

FOLDS = ("add", "multiply", "maximum", "minimum", "logical_and", "logical_or")
"""What numbers can be folded by."""


@dataclass(frozen=True)
class Nest:
    """Loops around one assignment.

    Attributes:
        axes: The length of each loop, from the outermost to the innermost.
        kept: How many of them go over the results; the others are folded.
        code: What each round computes.
        out: Where the result goes, with a step for each kept axis.
        fold: By which function the rounds of the other axes are put together; "" if none are.
        adds: Whether the result is added to what is there already.
        comment: What it does, for a reader.
        stops: A number that ends the program, and is what it gives, where the result is true.
    """

    axes: tuple[int, ...]
    kept: int
    code: Code
    out: Ref
    fold: str = ""
    adds: bool = False
    comment: str = ""
    stops: int = 0

    @property
    def refs(self) -> list[Ref]:
        """What is read, in order."""
        return list(refs_in(self.code))

    @property
    def rounds(self) -> int:
        """How often the innermost code runs."""
        return math.prod(self.axes)


@dataclass(frozen=True)
class Loop:
    """Some nests in turn, again and again.

    Attributes:
        times: How often.
        body: The nests.
    """

    times: int
    body: tuple[Nest, ...]


Step = Nest | Loop


def every_nest(steps: Iterable[Step]) -> Iterator[Nest]:
    """The nests, those in loops included."""
    for step in steps:
        if isinstance(step, Loop):
            yield from step.body
        else:
            yield step


def memories_of(steps: Iterable[Step]) -> list[Memory]:
    """The memories that nests read or write, in the order in which they come."""
    every = (ref for nest in every_nest(steps) for ref in (*nest.refs, *refs_in(nest.out)))
    return list(dict.fromkeys(ref.memory for ref in every))


def form_of(nest: Nest, place: Callable[[Ref], Hashable]) -> Hashable:
    """What a nest does, with what `place` says of the places that it reads and writes."""

    def of(x: Code) -> Hashable:
        if isinstance(x, Ref):
            return place(x), x.dtype.str, x.steps, x.place and of(x.place), x.count
        if isinstance(x, Number):
            return repr(x.value), x.dtype.str
        return x.function, x.dtype.str, *map(of, x.args)

    return nest.axes, nest.kept, of(nest.code), of(nest.out), nest.fold, nest.adds, nest.stops


def refs_in(code: Code) -> Iterator[Ref]:
    """What a code reads, in order; with what is looked up, where it is."""
    if isinstance(code, Ref):
        if code.place is not None:
            yield from refs_in(code.place)
        yield code
    elif isinstance(code, Apply):
        for part in code.args:
            yield from refs_in(part)


def mapped(code: Code, function: Callable[..., Any]) -> Any:
    """The code with every ref replaced."""
    if isinstance(code, Ref):
        return function(code)
    if isinstance(code, Apply):
        return replace(code, args=tuple(mapped(x, function) for x in code.args))
    return code


def simplified(nest: Nest, joined: bool = True) -> Nest:
    """The same nest with fewer loops: without those of one round, neighbours `joined` to one.

    Example:
        >>> a = Memory("a", (4, 6), np.dtype(float), None)
        >>> whole = Ref(a, 0, (6, 1))
        >>> simplified(Nest((4, 6), 2, whole, whole)).axes
        (24,)
    """
    if not nest.rounds:
        return nest
    kept, folded = list(range(nest.kept)), list(range(nest.kept, len(nest.axes)))
    kept = [i for i in kept if nest.axes[i] != 1]
    folded = [i for i in folded if nest.axes[i] != 1]
    if 1 in nest.axes:
        nest = _with_axes(nest, [[i] for i in kept], [[i] for i in folded])
    if nest.fold and nest.kept == len(nest.axes):  # of one number the sum is that number
        nest = replace(nest, fold="")
    if not joined:
        return nest
    every = [*nest.refs, *refs_in(nest.out)]
    groups = [
        _joined(range(nest.kept), nest.axes, every),
        _joined(range(nest.kept, len(nest.axes)), nest.axes, nest.refs),
    ]
    return nest if sum(map(len, groups)) == len(nest.axes) else _with_axes(nest, *groups)


def _joined(axes: Sequence[int], lengths: tuple[int, ...], refs: list[Ref]) -> list[list[int]]:
    """Neighbouring axes that can be gone through as one, as every ref's steps fit together."""
    steps = [ref.steps for ref in refs]
    groups: list[list[int]] = []
    for axis in axes:
        if groups and all(s[groups[-1][-1]] == s[axis] * lengths[axis] for s in steps):
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups


def _with_axes(nest: Nest, kept: list[list[int]], folded: list[list[int]]) -> Nest:
    """The nest with groups of its axes as its axes: of each group the last one's steps."""
    groups = kept + folded

    def one(ref: Ref, groups: list[list[int]]) -> Ref:
        place = None if ref.place is None else one(ref.place, groups)
        return replace(ref, steps=tuple(ref.steps[g[-1]] for g in groups), place=place)

    return replace(
        nest,
        axes=tuple(math.prod(nest.axes[i] for i in g) for g in groups),
        kept=len(kept),
        code=mapped(nest.code, lambda ref: one(ref, groups)),
        out=one(nest.out, kept),
    )


def indices(ref: Ref, axes: Sequence[int]) -> list[tuple[int, list[tuple[int, int]]]] | None:
    """How a number is reached by an index along each axis of its memory.

    Returns:
        For each axis a sum: where it begins, and (axis of the nest, factor) for each of its terms.
        None where it cannot be written so.

    Example:
        >>> a = Memory("a", (4, 6), np.dtype(float), None)
        >>> indices(Ref(a, 2, (6, 2)), (4, 2))  # a[i][2 * k + 2]
        [(0, [(0, 1)]), (2, [(1, 2)])]
    """
    shape = ref.memory.lengths
    if ref.place is not None or any(step < 0 for step in ref.steps):
        return None
    units = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
    found: list[tuple[int, list[tuple[int, int]]]] = []
    offset, left = ref.offset, {k: s for k, s in enumerate(ref.steps) if s}
    for length, unit in zip(shape, units, strict=True):
        begin, offset = divmod(offset, unit) if unit else (0, offset)
        mine = [(k, s // unit) for k, s in left.items() if unit and s >= unit]
        left = {k: s % unit for k, s in left.items() if unit and s % unit}
        if begin + sum(factor * (axes[k] - 1) for k, factor in mine) >= length:
            return None
        found.append((begin, mine))
    return None if left or offset else found


def start_of(nest: Nest) -> float:
    """What folding begins with."""
    dtype = nest.code.dtype
    if nest.fold in ("maximum", "minimum"):
        sign = -1 if nest.fold == "maximum" else 1
        if dtype.kind == "f":
            return sign * np.inf
        return np.iinfo(dtype).min if sign < 0 else np.iinfo(dtype).max
    return {"add": 0, "multiply": 1, "logical_and": 1, "logical_or": 0}[nest.fold]
