"""Levels: which rows wait for which.

A row's level is one more than the highest level among its operands, so that rows of one level do
not wait for one another. Five neurons have two levels, that of the sums and that of the tanh's.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from autograd.compiler.chain import LONG
from autograd.compiler.columns import Columns, Rows, in_turn
from autograd.compiler.graph import DETACH, LEAF, PICK


def levels(columns: Columns, rows: Rows) -> tuple[Any, Any]:
    """Of each row its level, and whether a gradient flows to it."""
    n = len(columns.code)
    level, needs = array("i", bytes(4 * n)), bytearray((columns.code == LEAF).tobytes())
    stops = (columns.code == DETACH).tobytes()
    rows = rows[columns.like[rows] == rows]
    for row, operands in _with_operands(columns, rows):
        level[row] = 1 + max(map(level.__getitem__, operands))
        if not stops[row]:
            needs[row] = any(map(needs.__getitem__, operands))
    if 2 * LONG < max(level, default=0) < len(rows):
        _move_down(columns, rows, level)
    found = np.frombuffer(needs, dtype=bool)[columns.like]
    inside = columns.product_row
    found[inside] = found[columns.left[inside]] | found[columns.right[inside]]
    return np.frombuffer(level, dtype=np.int32)[columns.like], found & columns.leads


def _move_down(columns: Columns, rows: Rows, level: array[int]) -> None:
    """Put rows that can wait long, and lead to the end in a few levels, near the end.

    What a recurrence says after each step is then computed for all steps at once. What is needed a
    few levels later stays where it is, with the others of its kind.
    """
    end = max(level)
    lowest = array("i", [end]) * len(level)
    for row, operands in _with_operands(columns, rows, backwards=True):
        here, low = level[row], lowest[row]
        if end - low <= 2 * min(here, low - here):
            here = level[row] = low
        for operand in operands:
            if lowest[operand] >= here:
                lowest[operand] = here - 1


def _with_operands(
    columns: Columns, rows: Rows, backwards: bool = False
) -> Iterator[tuple[int, list[int]]]:
    """Each row with what it waits for; the last one first, if that is asked for."""
    order = slice(None, None, -1 if backwards else 1)
    rows, like = rows[order], columns.like
    pairs = like[np.stack([columns.product_left, columns.product_right], axis=1)[order]]
    factors = in_turn(pairs.ravel())
    terms = in_turn(like[columns.plain[order]])  # both in the order of the rows
    right = columns.right[rows]
    sides = like[columns.left[rows]], np.where(right < 0, -1, like[right])
    counts = columns.product_count[rows], columns.plain_count[rows]
    candidates = like[columns.candidates]
    parts = rows, columns.code[rows], columns.number[rows], *counts, *sides
    for row, code, which, p, q, i, j in zip(*map(in_turn, parts), strict=True):
        if p or q:
            operands = [*islice(factors, 2 * p), *islice(terms, q)]
        elif code == PICK:
            operands = candidates[columns.begins[which] : columns.begins[which + 1]].tolist()
        else:
            operands = [i, j] if j >= 0 else [i]
        yield row, operands
