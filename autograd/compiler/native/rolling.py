"""Rolling: what is done again and again becomes a loop of its own.

A network that reads a hundred numbers, one after the other, is a hundred times the same dozen of
nests, on other places each time. Written down once, with those places in a table, it is compiled
in a hundredth of the time, and stays in the machine's nearest memory.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.compiler.native.loops import Column, Loop, Memory, Nest, Number, Ref, Step, form_of
from autograd.compiler.repeats import repeats

LEAST = 64
"""Of fewer nests none are rolled up: the table costs as much as they do."""


def rolled(nests: Sequence[Nest], tables: bool = True) -> list[Step]:
    """The nests, with those that repeat themselves as loops.

    Args:
        nests: The nests.
        tables: Whether places without a pattern may be in a table. If not, only a loop's first
            round may be written down beside it.
    """
    if len(nests) < LEAST:
        return list(nests)
    known: dict[Hashable, int] = {}
    marks = np.array([known.setdefault(form_of(nest, _anywhere), len(known)) for nest in nests])
    found: list[Step] = []
    done = 0
    for begin, size, times in repeats(marks):
        for first in (0, 1):
            rounds = [nests[begin + k * size :][:size] for k in range(first, times)]
            columns: dict[Hashable, Memory] = {}
            body = [_one(same, columns) for same in zip(*rounds, strict=True)]
            if tables or not columns:
                found += [*nests[done : begin + first * size], Loop(len(rounds), tuple(body))]
                done = begin + size * times
                break
    return [*found, *nests[done:]]


def _anywhere(ref: Ref) -> None:
    """Nests do the same wherever their numbers are."""


def _one(nests: Sequence[Nest], columns: dict[Hashable, Memory]) -> Nest:
    """The nest of some rounds."""
    code = _joined([nest.code for nest in nests], columns)
    return replace(nests[0], code=code, out=_joined([nest.out for nest in nests], columns))


def _joined(codes: Sequence[Any], columns: dict[Hashable, Memory]) -> Any:
    """The code of some rounds: what it reads and writes is elsewhere in each."""
    first = codes[0]
    if isinstance(first, Number):
        return first
    if not isinstance(first, Ref):
        args = zip(*(code.args for code in codes), strict=True)
        return replace(first, args=tuple(_joined(same, columns) for same in args))
    place = first.place and _joined([ref.place for ref in codes], columns)
    turn = codes[1].offset - first.offset
    same = all(ref.memory is first.memory for ref in codes)
    if same and all(ref.offset == first.offset + k * turn for k, ref in enumerate(codes)):
        return replace(first, turn=turn, place=place)
    members = tuple((ref.memory, ref.offset) for ref in codes)
    if members not in columns:
        columns[members] = Column.of(members)
    return replace(first, memory=columns[members], offset=0, place=place)
