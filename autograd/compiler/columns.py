"""Columns: the graph as arrays, and the sums in it.

Each of five neurons, `tanh(w0*x0 + w1*x1 + b)`, is recorded as five operations. Additions whose
result only another addition uses are one sum; a product that only a sum uses is part of it. What is
left of a neuron are two rows, the sum  b + Σ wᵢ xᵢ  and its tanh; three rows are inside the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.graph import CONSTANT, DETACH, GATHER, Graph

if TYPE_CHECKING:
    from autograd.arrays import BoolArray, IntArray

PART = 10_000
"""How many of an array's numbers are Python's at a time."""

_ABSENT = 30_001
"""Stands for the code of an operation that does not occur."""


class Columns:
    """What is known of each row, as arrays of the graph's length.

    Attributes:
        code: Which operation it is, or one of graph.py's codes.
        left, right: Its operands; -1 for none.
        number: Of a leaf, a constant or an argument, which one; of a lookup, which candidates.
        index: Of a lookup, which index says.
        candidates, begins: As in the graph.
        alive: Whether something that is needed depends on it.
        like: Of each row the row itself; of a lookup the first of those among the same candidates.
        leads: Whether a result depends on it, and not only a comparison.
        late: Whether it is computed after the backward pass.
        stops: Whether no gradient goes through it.
        inner_add, inner_product: Whether it is part of a sum.
        owner: The sum that it is part of, or the row itself.
        sums: Whether it is a sum.
        product_count, plain_count: Of a sum, how many of its terms are products, and how many not.

    The terms lie one sum after another: `product_row` are the rows of all products, `product_of`
    the sums that they belong to, `product_left` and `product_right` their factors; `plain` are the
    other terms, `plain_of` their sums.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.code: IntArray = np.array(graph.code, dtype=np.int16)
        left, right = np.array(graph.left, dtype=np.int32), np.array(graph.right, dtype=np.int32)
        self.number: IntArray = left
        self.index: IntArray = right
        self.candidates: IntArray = np.array(graph.candidates)
        self.begins: IntArray = np.array(graph.begins)
        self.left: IntArray = np.where((self.code >= 0) | (self.code == DETACH), left, -1)
        self.right: IntArray = np.where(self.code >= 0, right, -1)
        self.alive = self._behind(self._ends())
        # A gradient of what only a guard looks at is 0, and 0 times an infinite derivative is nan.
        self.leads = self._behind(self._ends(guards=False)) if graph.guards else self.alive
        self.late: BoolArray = np.frombuffer(graph.late(), dtype=bool)
        self.stops: BoolArray = self.late | (self.code == DETACH)
        self.like = np.arange(len(left), dtype=np.int32)
        lookups = np.flatnonzero((self.code == GATHER) & self.alive)
        _, first, which = np.unique(left[lookups], return_index=True, return_inverse=True)
        self.like[lookups] = lookups[first][which]
        self.adds: BoolArray = self.alive & (self.code == self._code_of("add"))
        self.simple = [self._code_of(name) for name in ("add", "subtract", "multiply")]
        self.products: BoolArray = self.alive & (self.code == self._code_of("multiply"))
        self._absorb()

    def _code_of(self, name: str) -> int:
        names = [op.name for op in self.graph.ops]
        return names.index(name) if name in names else _ABSENT

    def _ends(self, guards: bool = True) -> IntArray:
        """Rows that something besides operations looks at; with or without the guards."""
        graph = self.graph
        ends = [np.array(graph.outputs, dtype=np.intp), self.candidates]
        if guards:
            ends += [np.array(pairs) for pairs, _ in graph.guards.values()]
        return np.concatenate(ends)

    def _behind(self, ends: IntArray) -> BoolArray:
        """Of each row whether one of these depends on it."""
        alive = bytearray(len(self.code))
        np.frombuffer(alive, dtype=bool)[ends.astype(np.intp)] = True
        rows = range(len(alive) - 1, -1, -1)
        sides = in_turn(self.left[::-1]), in_turn(self.right[::-1])
        for row, i, j in zip(rows, *sides, strict=True):
            if alive[row]:
                if i >= 0:
                    alive[i] = True
                if j >= 0:
                    alive[j] = True
        return np.frombuffer(alive, dtype=bool)

    def _absorb(self) -> None:
        """Find the additions and products that are part of a sum further on."""
        n = len(self.code)
        rows = np.flatnonzero(self.alive)
        used = np.concatenate([self.left[rows], self.right[rows]])
        by = np.concatenate([rows, rows])[used >= 0]
        used = used[used >= 0]
        uses = np.bincount(used, minlength=n)
        uses[self._ends().astype(np.intp)] += 2
        consumer = np.zeros(n, dtype=np.intp)
        consumer[used] = by
        inner: BoolArray = (uses == 1) & self.adds[consumer]
        self.inner_add, self.inner_product = inner & self.adds, inner & self.products
        root = np.where(self.inner_add, consumer, np.arange(n))
        while True:  # each round doubles the distance
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further
        self._terms(root)

    def _terms(self, root: IntArray) -> None:
        """The terms of every sum, sorted by sum: products (`left`, `right`) and plain rows."""
        n = len(self.code)
        adds = np.flatnonzero(self.adds)
        term = np.concatenate([self.left[adds], self.right[adds]]).astype(np.intp)
        of = np.concatenate([root[adds], root[adds]])
        zero = np.zeros(n, dtype=bool)
        constants = np.flatnonzero(self.code == CONSTANT)
        numbers = np.array(self.graph.constants)[self.number[constants]]
        zero[constants] = (numbers == 0) & ~np.signbit(numbers)
        kept = ~self.inner_add[term] & ~zero[term]
        term, of = term[kept], of[kept]
        order = np.argsort(of.astype(np.int64) * n + term)  # the products need 64 bits
        term, of = term[order], of[order]
        product = self.inner_product[term]
        self.product_of, inside = of[product], term[product]
        self.product_row = inside
        self.product_left = self.left[inside]
        self.product_right = self.right[inside]
        self.plain_of, self.plain = of[~product], term[~product]
        self.product_count = np.bincount(self.product_of, minlength=n)
        self.plain_count = np.bincount(self.plain_of, minlength=n)
        chained = self.inner_add[self.left] | self.inner_add[self.right]
        lonely: BoolArray = (self.product_count == 0) & (self.plain_count == 2) & ~chained
        self.sums = self.adds & ~self.inner_add & ~lonely
        self.owner = root.astype(np.int32)
        self.owner[inside] = self.product_of
        self.inner = np.flatnonzero(self.owner != np.arange(n)).astype(np.int32)
        self.inner = self.inner[np.argsort(self.owner[self.inner], kind="stable")]
        self.inner_of = self.owner[self.inner]

    def kept(self) -> BoolArray:
        """Of each row whether it is computed, and not as a part of a sum."""
        operation: BoolArray = (self.code >= 0) | (self.code <= GATHER)
        return operation & self.alive & ~self.inner_add & ~self.inner_product

    def work(self, rows: IntArray) -> IntArray:
        """How many operations each row stands for; the first lookup reads all its candidates."""
        p, q = self.product_count[rows], self.plain_count[rows]
        work: IntArray = np.where(self.sums[rows], np.maximum(2 * p + q - 1, 1), 1)
        reading: BoolArray = (self.code[rows] == GATHER) & (self.like[rows] == rows)
        work[reading] = self.choices(self.number[rows[reading]])
        return work

    def choices(self, which: IntArray) -> IntArray:
        """Among how many candidates the lookups choose that have these."""
        return self.begins[which + 1] - self.begins[which]

    def candidates_of(self, which: IntArray) -> IntArray:
        """The rows that lookups with these candidates choose from, one after the other."""
        return self.candidates[_ranges(self.begins[which], self.begins[which + 1])]

    def with_inner(self, rows: IntArray) -> IntArray:
        """These rows and what is part of them, in the order in which they were recorded."""
        first, last = (np.searchsorted(self.inner_of, rows, side) for side in ("left", "right"))
        return np.sort(np.concatenate([rows, self.inner[_ranges(first, last)]]))


def in_turn(numbers: IntArray | BoolArray) -> Iterator[int]:
    """The numbers of an array one after the other, as Python's, without a list of them all."""
    parts = (numbers[i : i + PART] for i in range(0, len(numbers), PART))
    return chain.from_iterable(part.tolist() for part in parts)


def _ranges(begins: IntArray, ends: IntArray) -> IntArray:
    """The numbers from each begin to its end, one after the other."""
    counts: IntArray = ends - begins
    within: IntArray = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(begins, counts) + within


def located(wanted: IntArray, rows: IntArray) -> IntArray:
    """Where the wanted rows are among others, all different; -1 for one that is not there.

    Example:
        >>> located(np.array([5, 7, 6]), np.array([7, 5])).tolist()
        [1, 0, -1]
    """
    order = np.argsort(rows)
    place = np.searchsorted(rows, wanted, sorter=order)
    found = order.astype(np.int32)[np.minimum(place, len(rows) - 1, out=place)]
    return np.where(rows[found] == wanted, found, -1)
