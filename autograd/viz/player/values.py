"""Numbers and arrays as the record of a pass holds them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.viz.text import FEW, array_text, number, numbers, shape_text
from autograd.viz.trace import SMALL

if TYPE_CHECKING:
    from autograd.arrays import Array

Record = dict[str, object]


def value(x: Any) -> Record | float | str | None:
    """A number or an array for the record; JSON has no infinities, so they are texts.

    An array is what is written of it: its size, itself in a line of text, in the lines of a box,
    and, if it is small, by its rows; images and heads one below another, an empty row between.

    Example:
        >>> value(0.5), value(float("inf"))
        (0.5, 'inf')
        >>> value(np.array([[1.0, 2.0]]))
        {'size': '1×2', 'text': '[[1, 2]]', 'lines': ('[1 2]',)}
    """
    if x is None:
        return None
    if isinstance(x, tuple):  # the shape of a large array, from `steps`
        return {"size": shape_text(x), "text": array_text(x), "lines": [getattr(x, "summary", "…")]}
    if isinstance(x, float) or np.ndim(x) == 0:
        return _number(float(x))
    known = isinstance(x, np.ndarray)  # a Dask array: its numbers may not exist yet
    array: Record = {"size": shape_text(x.shape), "text": array_text(x), "lines": numbers(x)}
    if known and FEW < x.size <= SMALL:
        array["rows"] = rows_of(x)
    return array


def rows_of(x: Array) -> list[list[str]]:
    """The rows of an array, those of images one below another, an empty one between."""
    matrices = x.reshape((-1, *(1, *x.shape)[-2:])).tolist()
    rows = [row for matrix in matrices for row in ([], *matrix)][1:]
    return [[number(y) for y in row] for row in rows]


def _number(x: float) -> float | str:
    return x if math.isfinite(x) else "nan" if x != x else "inf" if x > 0 else "-inf"
