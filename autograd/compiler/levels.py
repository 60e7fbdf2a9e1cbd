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
    for row, i, j, more in _with_operands(columns, rows):
        if more:
            level[row] = 1 + max(map(level.__getitem__, more))
            needs[row] = any(map(needs.__getitem__, more))
        else:
            level[row] = 1 + (level[i] if level[i] > level[j] else level[j])
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
    for row, i, j, more in _with_operands(columns, rows, backwards=True):
        here, low = level[row], lowest[row]
        if here < low and end - low <= 2 * min(here, low - here):
            here = level[row] = low
        for operand in more or (i, j):
            if lowest[operand] >= here:
                lowest[operand] = here - 1


def _with_operands(
    columns: Columns, rows: IntArray, backwards: bool = False
) -> Iterator[tuple[int, int, int, Sequence[int]]]:
    """Each row with its two operands, or with the list of what it waits for; in either order."""
    order = slice(None, None, -1 if backwards else 1)
    rows, like = rows[order], columns.like
    pairs = like[np.stack([columns.product_left, columns.product_right], axis=1)[order]]
    factors = in_turn(pairs.ravel())
    terms = in_turn(like[columns.plain[order]])  # both in the order of the rows
    left, right = columns.left[rows], columns.right[rows]
    sides = like[left], like[np.where(right < 0, left, right)]
    counts = columns.product_count[rows], columns.plain_count[rows]
    candidates = like[columns.candidates]
    operands = zip(*map(in_turn, sides), strict=True)
    terms_of = zip(*map(in_turn, counts), strict=True)
    lookup = zip(in_turn(columns.code[rows]), in_turn(columns.number[rows]), strict=True)
    together = zip(in_turn(rows), operands, terms_of, lookup, strict=True)
    for row, (i, j), (p, q), (code, which) in together:
        more: Sequence[int] = ()
        if p or q:
            more = [*islice(factors, 2 * p), *islice(terms, q)]
        elif code == GATHER:
            more = candidates[columns.begins[which] : columns.begins[which + 1]].tolist()
        yield row, i, j, more
