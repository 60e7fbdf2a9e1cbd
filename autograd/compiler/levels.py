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
from autograd.compiler.columns import Columns, Rows
from autograd.compiler.graph import DETACH, LEAF, PICK


def levels(columns: Columns, rows: Rows) -> tuple[Any, Any]:
    """Of each row its level, and whether a gradient flows to it."""
    n = len(columns.code)
    level, needs = array("i", bytes(4 * n)), bytearray((columns.code == LEAF).tobytes())
    code = columns.code.tolist()
    for row, operands in _with_operands(columns, rows):
        level[row] = 1 + max(map(level.__getitem__, operands))
        if code[row] != DETACH:
            needs[row] = any(map(needs.__getitem__, operands))
    if 2 * LONG < max(level, default=0) < len(rows):
        _move_down(columns, rows, level)
    found = np.frombuffer(needs, dtype=bool).copy()
    inside = columns.product_row
    found[inside] = found[columns.left[inside]] | found[columns.right[inside]]
    return np.frombuffer(level, dtype=np.int32), found & columns.leads


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
    rows, graph = rows[order], columns.graph
    p, q = columns.product_count[rows].tolist(), columns.plain_count[rows].tolist()
    pairs = np.stack([columns.product_left, columns.product_right], axis=1)[order]
    factors = iter(pairs.ravel().tolist())
    terms = iter(columns.plain[order].tolist())  # both in the order of the rows
    left, right = columns.left[rows].tolist(), columns.right[rows].tolist()
    code = columns.code[rows].tolist()
    tables = [lookup_operands(columns, table) for table in graph.tables]
    for k, row in enumerate(rows.tolist()):
        if p[k] or q[k]:
            operands = [*islice(factors, 2 * p[k]), *islice(terms, q[k])]
        elif code[k] == PICK:
            operands = tables[graph.picks[columns.number[row]][0]]
        else:
            operands = [left[k], right[k]] if right[k] >= 0 else [left[k]]
        yield row, operands


def lookup_operands(columns: Columns, table: Rows) -> list[int]:
    """What a lookup in a table waits for; one leaf stands for all of them."""
    which = np.where(columns.code[table] == LEAF, LEAF, table)
    return table.ravel()[np.unique(which, return_index=True)[1]].tolist()  # type: ignore[no-any-return]
