"""Levels: which rows wait for which.

A row's level is one more than the highest level among its operands, so that rows of one level do
not wait for one another. Five neurons have two levels, that of the sums and that of the tanh's.
What is made of gradients comes after all that the backward pass goes through.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.columns import Columns, in_turn
from autograd.compiler.graph import GATHER, GRADIENT, LEAF

LONG = 24
"""So many levels are a long stretch."""

AFTER = 1 << 30
"""The level of a gradient until it is known how many there are before the backward pass."""

if TYPE_CHECKING:
    from autograd.arrays import BoolArray, IntArray


def levels(columns: Columns, rows: IntArray) -> tuple[IntArray, BoolArray]:
    """Of each row its level, and whether a gradient flows to it."""
    begins = np.where(columns.code == GRADIENT, AFTER, 0).astype(np.int32)
    level, needs = array("i", begins.tobytes()), bytearray((columns.code == LEAF).tobytes())
    stops = columns.stops.tobytes()
    rows = rows[columns.like[rows] == rows]
    triples, several = _operands(columns, rows)
    for row, i, j in triples:
        if i < 0:
            more = next(several)
            level[row] = 1 + max(map(level.__getitem__, more))
            needs[row] = not stops[row] and any(map(needs.__getitem__, more))
        else:
            x, y = level[i], level[j]
            level[row] = 1 + (x if x > y else y)
            needs[row] = (needs[i] or needs[j]) and not stops[row]
    depth = np.frombuffer(level, dtype=np.int32)
    end = int(depth[~columns.late].max(initial=0))
    depth[columns.late] += end + 1 - AFTER  # with an empty level between, which nothing goes across
    if 2 * LONG < depth.max(initial=0) < len(rows):
        _move_down(columns, rows, level, np.where(columns.late, depth.max(), end))
    found = np.frombuffer(needs, dtype=bool)[columns.like]
    inside = columns.product_row
    found[inside] = found[columns.left[inside]] | found[columns.right[inside]]
    return depth[columns.like], found & columns.leads


def _move_down(columns: Columns, rows: IntArray, level: array[int], ends: IntArray) -> None:
    """Put rows that can wait long, and lead to the end in a few levels, near the end.

    What a recurrence says after each step is then computed for all steps at once. What is needed a
    few levels later stays where it is, with the others of its kind. `ends` are the last levels that
    rows may have.
    """
    lowest = array("i", ends.astype(np.int32).tobytes())
    last = ends.tolist()
    triples, several = _operands(columns, rows, backwards=True)
    for row, i, j in triples:
        here, low, end = level[row], lowest[row], last[row]
        if here < low and end - low <= 2 * min(here, low - here):
            here = level[row] = low
        here -= 1
        if i < 0:
            for operand in next(several):
                if lowest[operand] > here:
                    lowest[operand] = here
            continue
        if lowest[i] > here:
            lowest[i] = here
        if lowest[j] > here:
            lowest[j] = here


def _operands(
    columns: Columns, rows: IntArray, backwards: bool = False
) -> tuple[Iterator[tuple[int, int, int]], Iterator[Sequence[int]]]:
    """Each row with its two operands, in either order, and the operands of those that have more.

    These are sums and lookups: they have -1 for their two operands, and come one after the other in
    the second answer.
    """
    rows = rows[:: -1 if backwards else 1]
    like, lookups = columns.like, columns.code[rows] == GATHER
    several = columns.sums[rows] & (columns.product_count[rows] + columns.plain_count[rows] > 0)
    several |= lookups
    left, right = columns.left[rows], columns.right[rows]
    left, right = like[left], like[np.where(right < 0, left, right)]
    left[several] = -1
    triples = zip(in_turn(rows), in_turn(left), in_turn(right), strict=True)
    return triples, _several(columns, rows[several], lookups[several], backwards)


def _several(
    columns: Columns, rows: IntArray, lookups: BoolArray, backwards: bool
) -> Iterator[Sequence[int]]:
    """What each sum or lookup waits for."""
    order = slice(None, None, -1 if backwards else 1)
    like = columns.like
    pairs = like[np.stack([columns.product_left, columns.product_right], axis=1)[order]]
    factors = in_turn(pairs.ravel())
    plain = columns.plain[columns.sums[columns.plain_of]]
    terms = in_turn(like[plain[order]])  # both in the order of the rows
    candidates = like[columns.candidates]
    counts = columns.product_count[rows], columns.plain_count[rows], columns.number[rows]
    together = zip(*map(in_turn, counts), in_turn(lookups), strict=True)
    for p, q, which, lookup in together:
        if lookup:
            yield candidates[columns.begins[which] : columns.begins[which + 1]].tolist()
        else:
            yield [*islice(factors, 2 * p), *islice(terms, q)]
