"""Graph: the rows of single numbers that a recording writes down.

They are flat arrays with no object for a row; recorded_rows.py shows one neuron as such rows, and
fills them; raising.py reads them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.op import Elementwise
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Hashable

    from autograd.arrays import IntArray

Relation = Callable[[Any, Any], Any]
"""A comparison of numbers or of arrays, such as `operator.lt`."""

Chosen = Mapping[int, Sequence[int]]
"""Of lookups which rows they choose."""

CONSTANT, LEAF, DATA, GRADIENT, GATHER, DETACH = -1, -2, -3, -4, -5, -6
"""What a row is if it is not an operation: a number written in the code; a Value from outside; a
number in an argument; the gradient that a backward pass brings to a leaf; one of several rows,
chosen by an index in an argument (a lookup); a row without its gradient."""


class Graph:
    """The rows, and what they refer to.

    Attributes:
        code: For each row the place of its operation in `ops`, or one of the negative codes above.
        left, right: The rows of its operands (-1: none); of a leaf, its place in `constants`,
            `leaves` or the data; of a gradient, the row of the leaf; of a lookup, among which
            candidates, and which index says.
        ops: The operations that occur.
        constants: Numbers written in the code.
        leaves: Values from outside; the first `value_count` are arguments.
        data_size: How many numbers of the arguments are used one by one.
        candidates: The rows that lookups choose from, those of one lookup after those of another.
        begins: Where in `candidates` those of each lookup begin; at last where they all end.
        guards: For each relation, such as `operator.lt`, the rows that were compared (left, right,
            left, right, …) and how each comparison came out.
        outputs: The rows that somebody outside needs.
    """

    def __init__(self) -> None:
        self.code, self.left, self.right = array("h"), array("i"), array("i")
        self.ops: list[Elementwise] = []
        self.constants: list[float] = []
        self.leaves: list[Value] = []
        self.value_count = 0
        self.data_size = 0
        self.candidates, self.begins = array("i"), array("i", [0])
        self.guards: dict[Relation, tuple[array[int], bytearray]] = {}
        self.outputs: list[int] = []

    def add(self, code: int, left: int, right: int = -1) -> int:
        """A new row; the answer is its number."""
        self.code.append(code)
        self.left.append(left)
        self.right.append(right)
        return len(self.code) - 1

    def extend(self, code: IntArray, left: IntArray, right: IntArray) -> None:
        """New rows, all at once."""
        for column, more in zip(
            (self.code, self.left, self.right), (code, left, right), strict=True
        ):
            column.frombytes(more.astype(column.typecode).tobytes())

    def choices(self, candidates: Sequence[int]) -> int:
        """Rows that lookups choose from; the answer is their number, which is a GATHER's `left`."""
        self.candidates.extend(candidates)
        self.begins.append(len(self.candidates))
        return len(self.begins) - 2

    def guard(self, relation: Relation, left: int, right: int, outcome: bool) -> None:
        """Note that two rows were compared, and how that came out."""
        if relation not in self.guards:
            self.guards[relation] = array("i"), bytearray()
        pairs, outcomes = self.guards[relation]
        pairs.extend((left, right))
        outcomes.append(outcome)

    def leaf(self, i: int, arguments: Sequence[Value]) -> Value:
        """The i-th leaf in a call: one of its arguments, or one from outside."""
        return arguments[i] if i < self.value_count else self.leaves[i]

    def __len__(self) -> int:
        return len(self.code)

    def key(self) -> Hashable:
        """What is equal for two graphs without leaves of their own that compute the same."""
        columns = (self.code, self.left, self.right, self.candidates, self.begins)
        numbers = (column.tobytes() for column in columns)
        return (*numbers, str(self.constants), tuple(self.outputs))

    def late(self) -> bytearray:
        """Of each row whether it is known after the backward pass only, as gradients are."""
        found = bytearray(len(self))
        first = self.code.index(GRADIENT) if GRADIENT in self.code else len(self)
        for row in range(first, len(self)):
            found[row] = self.code[row] == GRADIENT or any(found[i] for i in self.operands(row))
        return found

    def operands(self, row: int) -> list[int]:
        """The rows that a row is computed from; of a lookup, all that it chooses from."""
        if self.code[row] == GATHER:
            begin, end = self.begins[self.left[row]], self.begins[self.left[row] + 1]
            return self.candidates[begin:end].tolist()
        if self.code[row] < 0 and self.code[row] != DETACH:
            return []
        return [i for i in (self.left[row], self.right[row]) if i >= 0]

    def leaves_behind(self, rows: set[int]) -> set[int]:
        """The leaves, by number, that gradients of these rows may come to."""
        pairs = zip(self.behind(rows), self.code, self.left, strict=True)
        return {left for here, code, left in pairs if here and code == LEAF}

    def behind(self, rows: set[int], chosen: Chosen | None = None) -> bytearray:
        """Of each row whether gradients of some rows may come to it.

        Args:
            rows: They.
            chosen: Of lookups what they choose; None: they may choose anything.
        """
        reached = bytearray(len(self))
        for row in rows:
            reached[row] = True
        for row in range(len(self) - 1, -1, -1):
            if reached[row] and self.code[row] != DETACH:
                told = chosen is not None and self.code[row] == GATHER
                for i in (chosen or {}).get(row, ()) if told else self.operands(row):
                    reached[i] = True
        return reached

    def needed(self, rows: Iterable[int]) -> list[int]:
        """The rows that some are computed from, and these, in order."""
        found: set[int] = set()
        pending = list(rows)
        while pending:
            row = pending.pop()
            if row not in found:
                found.add(row)
                pending += self.operands(row)
        return sorted(found)

    def computed(
        self, rows: Iterable[int], given: Callable[[int], Any], index: Callable[[int], int]
    ) -> dict[int, Any]:
        """Compute rows, in order, once more, as nodes of the ordinary graph.

        Args:
            rows: They, with all that they are computed from.
            given: What a row from outside is.
            index: The index that a lookup uses, by its place.
        """
        found: dict[int, Any] = {}
        with np.errstate(all="ignore"):  # who computed it first has warned
            for row in rows:
                operands, code = [found[i] for i in self.operands(row)], self.code[row]
                if code == DETACH:
                    found[row] = operands[0].detach()
                elif code == GATHER:
                    found[row] = operands[index(self.right[row]) % len(operands)]  # -1: the last
                else:
                    found[row] = self.ops[code](*operands) if operands else given(row)
        return found
