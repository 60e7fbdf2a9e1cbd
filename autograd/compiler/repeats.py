"""Repeats: where a graph does the same again and again.

Five neurons that read a sequence, each time with what they themselves said before, have two levels
for each number that they read, one of sums and one of tanh's. What repeats is found in three steps.

1. A level is known by a number made of the kinds of its operations, whatever their order. Of sum,
   tanh, sum, tanh, … the first two repeat.
2. The rounds so found are laid side by side, and compared: in each the same operations, on operands
   from the same place in the round, or from outside it. Where they are not, the loop ends.
3. A round becomes a graph of its own: what comes from outside are its leaves, or its data where no
   gradient flows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.columns import Columns, in_turn, located
from autograd.compiler.graph import CONSTANT, DATA, GATHER, LEAF, Graph
from autograd.value import Constant

if TYPE_CHECKING:
    from autograd.arrays import BoolArray, IntArray

ROUNDS = 16
"""How often at least something is repeated."""

MUCH = 250
"""A round with so many operations for each of its instructions is worth instructions of its own."""

FEW = 20
"""A loop of calls has more than so many operations in each round; with fewer they are computed one
by one."""

WIDE = 10_000
"""How many rows a level has at most."""

LONGEST = 128
"""How many levels at most a round has."""

OUTSIDE, NONE = -1, -2
"""What stands for an operand from outside the round, and for no operand."""


_UNKNOWN = Constant(math.nan)
"""Stands for the leaves of a round, which are others in each."""


def find_repeats(
    columns: Columns, rows: IntArray, level: IntArray, keys: IntArray
) -> Iterator[tuple[int, IntArray, IntArray, IntArray]]:
    """What repeats itself among rows.

    Args:
        columns: The graph's columns, with what raising has found out about them.
        rows: The rows that are looked at.
        level: The level of each.
        keys: What tells one kind of row from another: a column of numbers for each row.

    Yields:
        The first level; the rows of each round that are no part of a sum, (rounds, rows); all rows
        of each round, (rounds, rows); and where their operands come from (see `_operands`): the
        place in the round, OUTSIDE or NONE.
    """
    count = np.bincount(level)
    narrow = (count > 0) & (count <= WIDE)
    if not any(end - begin > ROUNDS for begin, end in runs(narrow)):
        return
    chosen = narrow[level]
    factors: IntArray = np.random.default_rng(0).integers(1 << 62, size=1 + len(keys))
    kind: IntArray = factors[0] + (keys[:, chosen] * factors[1:, None]).sum(axis=0)
    kind *= kind >> 7  # a hash; so that the kinds' sum tells more than the parts' sums
    rows, level = rows[chosen], level[chosen]
    mark = np.zeros(len(narrow), dtype=np.int64)
    np.add.at(mark, level, kind)
    order = np.lexsort((rows, kind, level))
    rows, level, kind = rows[order], level[order], kind[order]
    changes = np.diff(kind, prepend=0) | np.diff(level, prepend=-1)
    begins = np.searchsorted(level, np.arange(len(narrow) + 1))
    for begin, end in runs(narrow).tolist():
        for inside, length, times in repeats(mark[begin:end]):
            first = begin + inside
            here = slice(begins[first], begins[first + times * length])
            sizes = np.diff(begins[first : first + times * length + 1]).reshape(times, length)
            work: float = columns.work(rows[here]).sum() / times
            instructions = np.count_nonzero(changes[here]) / times
            if (sizes != sizes[0]).any() or not FEW < work < MUCH * instructions:
                continue  # of different sizes, one mark has stood for different levels
            kept = rows[here].reshape(times, -1)
            start, rounds, edges = _same_rounds(columns, kept)
            if len(rounds) >= ROUNDS:
                yield first + start * length, kept[start : start + len(rounds)], rounds, edges


def _same_rounds(columns: Columns, kept: IntArray) -> tuple[int, IntArray, IntArray]:
    """The longest run of rounds that do the same: its beginning, all its rows, and their edges."""
    rows = columns.with_inner(kept.ravel())
    place = located(columns.owner[rows], kept.ravel())
    sizes = np.bincount(place, minlength=kept.size).reshape(kept.shape)
    first, last = _alike(sizes)
    rows = rows[np.argsort(place, kind="stable")]
    ends = np.cumsum([0, *sizes.sum(axis=1)])
    rounds = rows[ends[first] : ends[last]].reshape(last - first, -1)
    for pattern in (_kinds, wires_of):
        begin, end = _alike(pattern(columns, rounds))
        rounds, first = rounds[begin:end], first + begin
    rounds = rounds[:, np.argsort(rounds[0])]  # as recorded: operands before what uses them
    return first, rounds, wires_of(columns, rounds[:1])[0]


def _kinds(columns: Columns, rounds: IntArray) -> IntArray:
    """For each round, what its rows do, and which lookups share their candidates or their index."""
    code = columns.code[rounds]
    lookups: BoolArray = code == GATHER
    if not lookups.any():
        return code
    number, index = (np.where(lookups, x[rounds], -1) for x in (columns.number, columns.index))
    choices = np.where(lookups, columns.choices(np.where(lookups, number, 0)), 0)
    return np.concatenate([code, choices, _first_uses(number), _first_uses(index)], axis=1)


def _first_uses(lines: IntArray) -> IntArray:
    """Of each number where in its line it stands first."""
    own = lines + np.arange(len(lines))[:, None] * (lines.max() + 2)
    _, first, which = np.unique(own, return_index=True, return_inverse=True)
    places: IntArray = first[which].reshape(lines.shape) % lines.shape[1]
    return places


def _operands(columns: Columns, rounds: IntArray) -> IntArray:
    """For each round, its rows' left operands, their right ones, the candidates of its lookups."""
    (lots, _), _ = _lookups(columns, rounds)
    candidates = columns.candidates_of(lots.ravel()).reshape(len(rounds), -1)
    return np.concatenate([columns.left[rounds], columns.right[rounds], candidates], axis=1)


def _lookups(columns: Columns, rounds: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Among which candidates the lookups of each round choose, and what says so.

    Returns:
        The candidates' numbers, each once, in lines for the rounds; which of them each lookup has;
        and the same of the indices.
    """
    lookups = rounds[:, columns.code[rounds[0]] == GATHER]
    found: list[tuple[IntArray, IntArray]] = []
    for lines in (columns.number[lookups], columns.index[lookups]):
        _, first, which = np.unique(lines[0], return_index=True, return_inverse=True)
        found.append((lines[:, first], which))
    return found


def wires_of(columns: Columns, rounds: IntArray) -> IntArray:
    """For each round, where its operands come from."""
    times, size = rounds.shape
    operands = _operands(columns, rounds)
    place = located(operands, rounds.ravel())
    inside = (place >= 0) & (place // size == np.arange(times)[:, None])
    return np.where(inside, place % size, np.where(operands < 0, np.int32(NONE), np.int32(OUTSIDE)))


def round_of(
    columns: Columns, rounds: IntArray, edges: IntArray, needs: BoolArray
) -> tuple[Graph, IntArray, IntArray]:
    """A round as a graph of its own, in which what comes from outside comes first.

    Returns:
        The graph; for each round the rows that its first rows stand for, which come from outside;
        and the indices of its lookups.
    """
    graph, body = columns.graph, Graph()
    body.ops = graph.ops
    operands = _operands(columns, rounds)[:, edges == OUTSIDE]
    which = distinct(operands.T)
    # The terms of a product are to lie side by side, be they numbers that need a gradient or not.
    in_sums = np.zeros(len(edges), dtype=bool)
    in_sums[: 2 * rounds.shape[1]] = np.tile(columns.inner_product[rounds[0]], 2)
    inputs = operands[:, np.unique(which, return_index=True)[1]]
    first = inputs[0]
    written = np.all(inputs == first, axis=0) & (columns.code[first] == CONSTANT)
    needed: BoolArray = np.logical_or.reduce(needs[inputs])
    needed[which[in_sums[edges == OUTSIDE]]] = True
    given = np.where(written, CONSTANT, np.where(needed, LEAF, DATA))
    number = np.zeros_like(given)
    for code in (CONSTANT, LEAF, DATA):
        number[given == code] = np.arange(np.count_nonzero(given == code))
    body.extend(given, number, np.full_like(given, -1))
    body.constants = [graph.constants[k] for k in in_turn(columns.number[first[written]])]
    body.leaves += [_UNKNOWN] * int(np.count_nonzero(given == LEAF))
    body.data_size = int(np.count_nonzero(given == DATA))
    begin = len(body)
    source = np.where(edges == NONE, -1, edges + begin)
    source[edges == OUTSIDE] = which
    left, right, candidates = np.split(source, np.multiply(rounds.shape[1], [1, 2]))
    (lots, lot), (indices, index) = _lookups(columns, rounds)
    codes = columns.code[rounds[0]]
    left[codes == GATHER], right[codes == GATHER] = lot, index
    body.extend(codes, left, right)
    counts = columns.choices(lots[0])
    for end, count in zip(in_turn(np.cumsum(counts)), in_turn(counts), strict=True):
        body.choices([*in_turn(candidates[end - count : end])])
    return body, inputs, indices


def _alike(rounds: IntArray) -> tuple[int, int]:
    """Begin and end of the longest run of equal rounds."""
    begin, end = longest((rounds[1:] == rounds[:-1]).all(axis=1))
    return begin, end + 1


def repeats(marks: IntArray, lengths: Iterable[int] | None = None) -> list[tuple[int, int, int]]:
    """Where numbers repeat themselves: (begin, how many are repeated, how often).

    Args:
        marks: The numbers.
        lengths: How many may be repeated; all up to LONGEST if nothing is said.

    Example:
        >>> repeats(np.array([9, 8, *[1, 2] * 20, 7]))
        [(2, 2, 20)]
    """
    candidates: list[tuple[int, int, int]] = []
    most = 0
    if lengths is None:
        lengths = range(1, min(LONGEST, len(marks) // ROUNDS) + 1)
    for length in lengths:
        found = runs(marks[length:] == marks[:-length])
        found = found[found[:, 1] - found[:, 0] + length >= ROUNDS * length]
        pairs: list[tuple[int, int]] = found.tolist()
        for begin, end in pairs:
            size = end - begin + length
            candidates.append((-size, length, begin))
            most = max(most, size)
        if most > len(marks) / 2:
            break
    free = np.ones(len(marks), dtype=bool)
    kept = []
    for minus_size, length, begin in sorted(candidates):  # the largest first
        first, last = longest(free[begin : begin - minus_size])
        times = (last - first) // length
        if times >= ROUNDS:
            kept.append((begin + first, length, times))
            free[begin + first : begin + first + times * length] = False
    return sorted(kept)


def longest(truths: BoolArray) -> tuple[int, int]:
    """Begin and end of the longest run of True.

    Example:
        >>> longest(np.array([True, False, True, True]))
        (2, 4)
    """
    found = runs(truths)
    if not len(found):
        return 0, 0
    pair: tuple[int, int] = tuple(found[np.argmax(found[:, 1] - found[:, 0])].tolist())
    return pair


def runs(truths: BoolArray) -> IntArray:
    """Begin and end of each run of True, in lines.

    Example:
        >>> runs(np.array([True, False, True, True])).tolist()
        [[0, 1], [2, 4]]
    """
    return np.flatnonzero(np.diff(truths.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)


def distinct(vectors: IntArray) -> IntArray:
    """Of each row of a matrix the number of the distinct row it is, in order of appearance."""
    powers = np.cumprod(np.full(vectors.shape[1], 0x5851F42D4C957F2D))
    key = vectors @ powers  # wraps round, as a hash may
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    if not np.array_equal(vectors[first][number], vectors):  # two different rows, one hash
        return np.unique(vectors, axis=0, return_inverse=True)[1].ravel()
    return rank[number]
