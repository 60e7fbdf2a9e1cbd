"""Plain: which recorded numbers are floats when the function runs uncompiled.

While a function is recorded, floats among its arguments are Values like any other. What is computed
from them alone is a float uncompiled, and so it is treated:

    row   code       left  right      with the Value w and the argument x
    0     data          0     -1      plain: x
    1     leaf          0     -1      not:   w
    2     multiply      0      0      plain: x * x
    3     multiply      2      1      not:   x * x * w

A plain number is returned as a float, is equal to another by its number, and takes the type of
arrays that it meets, unless it is NumPy's own float64, as an element of an array is.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.graph import DATA, DETACH, GATHER, LEAF, Graph

if TYPE_CHECKING:
    from autograd.arrays import IntArray
    from autograd.compiler.tape import Traced

_OPERATORS = {
    "abs", "add", "divide", "floor_divide", "multiply", "negative", "power", "remainder",
    "subtract",
}  # fmt: skip


class Plainness:
    """What is known of a graph's rows, as far as somebody has asked.

    Attributes:
        read: Rows that are the `.data` of others.
        wide: Arguments that are float64 of NumPy's.
    """

    def __init__(self, graph: Graph, places: list[tuple[int, Traced]]) -> None:
        self.graph, self.places = graph, places
        self.read: set[int] = set()
        self.wide: set[int] = set()
        self._plain, self._wide = bytearray(), bytearray()
        self._choices: dict[int, bool] = {}

    def of(self, row: int) -> bool:
        """Whether a row was computed from floats alone."""
        self._look()
        return bool(self._plain[row])

    def of_all(self, rows: IntArray) -> bool:
        """Whether all rows of an array were."""
        return all(map(self.of, rows.ravel().tolist()))

    def is_wide(self, row: int) -> bool:
        """Whether a plain row is a float64 of NumPy's uncompiled."""
        self._look()
        return bool(self._wide[row])

    def _look(self) -> None:
        """Go through the rows that are new."""
        graph, plain, wide = self.graph, self._plain, self._wide
        begin = len(plain)
        new = (column[begin:] for column in (graph.code, graph.left, graph.right))
        for row, (code, left, right) in enumerate(zip(*new, strict=True), begin):
            is_wide: int = False
            if code >= 0 or (code == DETACH and row not in self.read):
                is_plain: int = plain[left] and (right < 0 or plain[right])
                if is_plain and (code < 0 or graph.ops[code].name in _OPERATORS):
                    is_wide = wide[left] or (right >= 0 and wide[right])  # functions give floats
            elif code == GATHER:  # of an array of floats, which gives NumPy's
                is_plain = is_wide = self._chooses(left)
            else:
                is_plain = code != LEAF
                is_wide = row in self.wide or (code == DATA and self._is_element(left))
            plain.append(is_plain)
            wide.append(is_wide)

    def _is_element(self, place: int) -> bool:
        """Whether a number of the data is an element of an array of float64."""
        array = block_at(self.places, place)
        return array is not None and array.dtype == np.float64

    def _chooses(self, which: int) -> bool:
        """Whether all that a lookup chooses from was computed from floats alone."""
        if which not in self._choices:
            begin, end = self.graph.begins[which : which + 2]
            candidates = self.graph.candidates[begin:end]
            self._choices[which] = all(map(self._plain.__getitem__, candidates))
        return self._choices[which]


def block_at(blocks: Sequence[tuple[int, Traced]], place: int) -> Traced | None:
    """The array that has a place of the data for one of its numbers, if any has."""
    k = bisect(blocks, place, key=itemgetter(0))
    begin, block = blocks[k - 1] if k else (0, None)
    return block if block is not None and place < begin + block.size else None
