"""Backend: a program's calls of NumPy become calls of functions of the machine.

After some replays the calls are lowered and compiled in the background, and from then on each
section of a workspace, forward or backward, is one native call, or several with calls of NumPy's
between them that are not known as loops. Another workspace of the same program has other arrays,
but the same nests, and so the same code.

The first workspace that gets native calls is tried: both kinds are run on the same numbers. What
comes out otherwise is thrown away, with a warning.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.compiler.native.agreement import agree
from autograd.compiler.native.llvm import LONG, Unit, grouped, printed, table_of, units_of
from autograd.compiler.native.llvm_numbers import WRITTEN
from autograd.compiler.native.loops import (
    GIVEN,
    Apply,
    Code,
    Nest,
)
from autograd.compiler.native.lowering import lowered
from autograd.compiler.native.machine import Compiled, Ending, known_in_c, this_machine
from autograd.compiler.native.memories import Memories, UnknownStep
from autograd.compiler.native.reading import read_natively
from autograd.compiler.native.rolling import rolled
from autograd.compiler.relocation import arrays_in
from autograd.compiler.repeated_calls import unrolled

if TYPE_CHECKING:
    from autograd.compiler.program import Workspace

Call = partial[Any]


class Run(NamedTuple):
    """Nests that follow one another, a list for each function, and the calls whose work they do."""

    parts: list[list[Unit]]
    calls: list[Call]

    @property
    def stops(self) -> bool:
        """Whether it may end with one of the calls."""
        return any(x.stops for part in self.parts for unit in part for x in unit.nests)


Piece = Run | Call
"""Such a run, or a call that stays NumPy's."""

START = 50
"""So many replays are made with NumPy before the native code is compiled."""

MANY = 5_000
"""Of more calls no native code is made: it would take seconds, and hold other threads up."""

LARGE, LARGE_ACROSS = 1 << 21, 1 << 19
"""Products of so many multiplications are NumPy's: it has the better ones for matrices that do not
fit into the nearest memory. The second is for those with a side that is read across its rows."""

FEW = 512
"""Of so many numbers at most the functions of C's library are used, which take one at a time."""

WINDOWED = {"_convolved": 1 << 26, "_spread_out": 1 << 26, "_correlated": LARGE}
"""Likewise of these functions, which NumPy makes products of matrices by copying first."""


@dataclass
class MachineCode:
    """The code of a program, the nests that it is for, and whether it has been tried."""

    key: Hashable
    made: Compiled
    tried: bool = False


class Native:
    """The native side of a program.

    Args:
        name: Whose program it is.
        at_once: Whether to compile at the first call, and wait for it.
    """

    def __init__(self, name: str, at_once: bool) -> None:
        self.name, self.at_once = name, at_once
        self.calls = 0
        self.state: Any = None  # None, then the thread, then the code
        self.refused = False
        self.lock = threading.Lock()

    def prepare(self, space: Workspace) -> None:
        """Give a workspace that nobody else uses its native calls, as soon as there are any."""
        if self.refused or space.native is self.state:
            if self.state is None and not self.refused:
                self._wait(space)
            return
        if isinstance(self.state, threading.Thread):
            return
        self._install(space)

    def _wait(self, space: Workspace) -> None:
        self.calls += 1
        if self.at_once:
            self._compile(space)
            if not self.refused:
                self._install(space)
        elif self.calls == START:
            thread = threading.Thread(target=self._compile, args=(space,), name="compile")
            self.state = thread
            try:
                thread.start()
            except RuntimeError:  # there is no more, or the interpreter is about to end
                self.stop()

    def _compile(self, space: Workspace) -> None:
        """Make the code of every section; where that fails, leave it to NumPy."""
        if sum(len(unrolled(section)) for section in sections_of(space)) > MANY:
            self.stop()
            return
        try:
            parts = _parts_of(_pieces_of(space)[1])
            if not any(parts):  # of arrays without numbers nothing is left to do
                self.stop()
                return
            machine = this_machine()
            texts = (printed(some, machine) for some in grouped(parts))
            self.state = MachineCode(_key(parts), Compiled(texts))
            read_natively()
        except Ending:
            self.stop()
        except Exception as err:  # noqa: BLE001 (whatever goes wrong, NumPy has the right numbers)
            self.stop()
            self.warn(f"could not be compiled ({type(err).__name__}: {err})")

    def _install(self, space: Workspace) -> None:
        with self.lock:
            if self.refused:
                return
            code = self.state
            sections, pieces, memories = _pieces_of(space)
            parts = _parts_of(pieces)
            if _key(parts) != code.key:
                space.native = code
                return  # its arrays lie otherwise than those that the code was made for
            tables = [table_of(some) for some in grouped(parts)]
            kept = [tables, parts, code, memories, [section[:] for section in sections]]
            pairs = zip(code.made.functions, tables, strict=True)
            functions = ((function, at) for function, (_, begins) in pairs for at in begins)
            native = [_native_calls(x, functions, kept) for x in pieces]
            if not code.tried:
                if not agree([unrolled(section) for section in sections], native):
                    self.stop()
                    self.warn("came out otherwise than with NumPy when it was tried")
                    return
                code.tried = True
            space.native = code
            for section, calls in zip(sections, native, strict=True):
                section[:] = calls

    def warn(self, why: str) -> None:
        """Say why there is no native code."""
        given_up(f"compile: the native code of {self.name}", why)

    def stop(self) -> bool:
        """Leave everything to NumPy; whether there was native code."""
        ran = isinstance(self.state, MachineCode)
        self.refused, self.state = True, None
        return ran


def given_up(code: str, why: str) -> None:
    """Warn that NumPy computes instead of a native code."""
    warnings.warn(
        f"{code} {why}. NumPy computes from now on, which is slower and right. backend='numpy' "
        "asks for that.",
        RuntimeWarning,
        stacklevel=3,
    )


def sections_of(space: Workspace) -> list[list[Call]]:
    """The lists of calls that a workspace runs: forward, and those of the backward pass."""
    bounds = [] if space.program.is_step else [space.arrays, space.scalars]
    return [space.forward, *(section for bound in bounds for section in bound.sections[1:])]


def _pieces_of(space: Workspace) -> tuple[list[list[Call]], list[list[Piece]], Memories]:
    """The sections; each as nests, where they are known; and their memories."""
    sections = [(x, unrolled(x)) for x in sections_of(space) if x]
    calls = [call for _, each in sections for call in each]
    # Lookups of single numbers at fixed places are the compiler's own; other places may be the
    # arguments'.
    own = {id(call) for section in space.scalars.sections for call in unrolled(section)}
    own |= {id(call) for call in space.forward if _is_own(call)}
    others = (x for call in calls if id(call) not in own for x in arrays_in(call))
    given = [space.indices, *(x for x in others if x.dtype.kind in "iu")]
    complete = all(isinstance(call, partial) for call in calls)
    memories = Memories(calls, [(x, "", GIVEN) for x in given], complete=complete)
    pieces = _pieces([each for _, each in sections], memories)
    return [section for section, _ in sections], pieces, memories


def _is_own(call: Call) -> bool:
    """Whether it collects numbers of rows for an array, or puts some to where Values live."""
    owner = getattr(getattr(call, "func", None), "__self__", None)
    if not isinstance(owner, np.ndarray):
        return False
    return call.func.__name__ == "take" or (
        call.func.__name__ == "__setitem__" and isinstance(call.args[0], np.ndarray)
    )


def pieces_of(calls: Sequence[Call]) -> list[Piece]:
    """Calls of which no others know the arrays, as nests where they are known."""
    return _pieces([calls], Memories(calls, complete=True))[0]


def _pieces(sections: Sequence[Sequence[Call]], memories: Memories) -> list[list[Piece]]:
    """Each section as nests, where they are known."""
    found = [[(call, *_lowered(call, memories)) for call in section] for section in sections]
    # Now it is known what nobody writes: what has asked for that is made once more.
    return [
        _joined([(call, _lowered(call, memories)[0] if asks else x) for call, x, asks in section])
        for section in found
    ]


def _joined(section: Sequence[tuple[Call, list[Nest] | None]]) -> list[Piece]:
    """Calls and their nests, those that are known as runs."""
    pieces: list[Piece] = []
    for is_known, some in groupby(section, lambda pair: pair[1] is not None):
        calls, found = zip(*some, strict=True)
        if not is_known:
            pieces += calls
            continue
        nests = [
            replace(nest, stops=k) if nest.stops else nest
            for k, nests in enumerate(found, start=1)
            for nest in nests
        ]
        pieces.append(Run(_parts(units_of(rolled(nests))), list(calls)))
    return pieces


def _parts(units: list[Unit]) -> list[list[Unit]]:
    """The units in lists of at most LONG nests."""
    parts: list[list[Unit]] = [[]]
    size = 0
    for unit in units:
        if size and size + len(unit.nests) > LONG:
            parts.append([])
            size = 0
        parts[-1].append(unit)
        size += len(unit.nests)
    return parts


def _lowered(call: Call, memories: Memories) -> tuple[list[Nest] | None, bool]:
    """A call as nests, None where it stays NumPy's; and whether it asked for what nobody writes."""
    memories.asked = False
    nests: list[Nest] | None = None
    try:
        if not isinstance(call, partial):
            raise UnknownStep("what a test has put there")
        nests = lowered(call, memories)
        if not all(_suits(nest, WINDOWED.get(_name(call))) for nest in nests):
            raise UnknownStep("a large product")
    except Exception:  # noqa: BLE001 (what is new here is safe with NumPy)
        nests = None
        for array in arrays_in(call):
            if array.size:
                memories.written(array)
    return nests, memories.asked


def _name(call: Call) -> str:
    function = call.args[1] if getattr(call.func, "__name__", "") == "store" else call.func
    return getattr(function, "__name__", "")


def _suits(nest: Nest, most: int | None = None) -> bool:
    """Whether the machine's code is the better one; `most` is the limit of its function."""
    if not _is_there(nest.code, nest.rounds):
        return False
    if nest.fold != "add":
        return True
    if most is not None:
        return nest.rounds <= most
    last = nest.kept - 1
    across = nest.kept and not any(ref.steps[last] == 1 for ref in nest.refs)
    return nest.rounds <= (LARGE_ACROSS if across else LARGE)


def _is_there(code: Code, rounds: int) -> bool:
    """Whether the machine has all functions of a code, and is quick with them."""
    if not isinstance(code, Apply):
        return True
    one_by_one = code.function not in WRITTEN
    if one_by_one and (rounds > FEW or code.function not in known_in_c()):
        return False
    return all(_is_there(x, rounds) for x in code.args)


def _parts_of(sections: Iterable[Sequence[Piece]]) -> list[list[Unit]]:
    """The lists of units of some sections, one after another: one for each function."""
    return [part for pieces in sections for x in pieces if isinstance(x, Run) for part in x.parts]


def _native_calls(
    pieces: Sequence[Piece], functions: Iterator[tuple[Any, int]], kept: list[Any]
) -> list[Call]:
    """A section's calls with the native ones in place of those that they do the work of."""
    calls: list[Call] = []
    for piece in pieces:
        if not isinstance(piece, Run):
            calls.append(piece)
            continue
        made = [NativeCall(*next(functions), kept) for _ in piece.parts]
        made = [call for call, part in zip(made, piece.parts, strict=True) if part]
        calls += [partial(_run, made, piece.calls)] if piece.stops else made
    return calls


class NativeCall(partial):  # type: ignore[type-arg]
    """A call of the machine's, with the arrays that it uses kept for it."""

    kept: list[object]

    def __new__(cls, function: Any, table: int, kept: list[object]) -> NativeCall:
        """A call of a function with the table of its memories."""
        made = super().__new__(cls, function, table)
        made.kept = kept
        return made


def _run(native: list[NativeCall], calls: list[Call]) -> None:
    """Make native calls; where one ends with one of the calls whose work it does, go on there."""
    for function in native:
        if ended := function():
            for call in calls[ended - 1 :]:
                call()
            return


def _key(parts: Sequence[Sequence[Unit]]) -> Hashable:
    """What tells a section's code from others, whatever arrays it is about."""
    return tuple(tuple(unit.key for unit in units) for units in parts)
