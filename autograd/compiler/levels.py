"""Levels: which rows wait for which.

A row's level is one more than the highest level among its operands, so that rows of one level do
not wait for one another. Five neurons have two levels, that of the sums and that of the tanh's.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.columns import Columns, in_turn
from autograd.compiler.graph import DETACH, GATHER, LEAF

LONG = 24
"""So many levels are a long stretch."""

if TYPE_CHECKING:
    from autograd.arrays import BoolArray, IntArray


def levels(columns: Columns, rows: IntArray) -> tuple[IntArray, BoolArray]:
    """Of each row its level, and whether a gradient flows to it."""
    n = len(columns.code)
    level, needs = array("i", bytes(4 * n)), bytearray((columns.code == LEAF).tobytes())
    stops = (columns.code == DETACH).tobytes()
    rows = rows[columns.like[rows] == rows]
    triples, several = _operands(columns, rows)
    for row, i, j in triples:
        if i < 0:
            more = next(several)
            level[row] = 1 + max(map(level.__getitem__, more))
            needs[row] = any(map(needs.__getitem__, more))
        else:
            x, y = level[i], level[j]
            level[row] = 1 + (x if x > y else y)
            needs[row] = (needs[i] or needs[j]) and not stops[row]
    if 2 * LONG < max(level, default=0) < len(rows):
        _move_down(columns, rows, level)
    found = np.frombuffer(needs, dtype=bool)[columns.like]
    inside = columns.product_row
    found[inside] = found[columns.left[inside]] | found[columns.right[inside]]
    return np.frombuffer(level, dtype=np.int32)[columns.like], found & columns.leads


def _move_down(columns: Columns, rows: IntArray, level: array[int]) -> None:
    """Put rows that can wait long, and lead to the end in a few levels, near the end.

    What a recurrence says after each step is then computed for all steps at once. What is needed a
    few levels later stays where it is, with the others of its kind.
    """
    end = max(level)
    lowest = array("i", [end]) * len(level)
    triples, several = _operands(columns, rows, backwards=True)
    for row, i, j in triples:
        here, low = level[row], lowest[row]
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
