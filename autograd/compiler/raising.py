"""Raise: find the sums, the groups and the matrices in a graph of single numbers.

Five neurons on one input pair, each `tanh(w0*x0 + w1*x1 + b)`, are recorded as 25 operations.

1. Additions whose result only another addition uses are one sum; a product that only a sum uses is
   part of it. Each neuron becomes  b + Σ wᵢ xᵢ,  and a tanh: ten operations.
2. A row's level is one more than the highest level among its operands, so that rows of one level do
   not wait for one another. Equal operations of one level are one group: two groups.
3. The sums of a group are sums of products, of a vector of w's with a vector of x's. If every
   different left vector meets every different right one, the group is a matrix product. Here five
   left vectors meet one right one: a 5x2 by 2x1 product, to which b is added.

All of it is array work on whole columns of the graph but for the levels, one short loop. Where
level after level has but a few operations, as in a recurrence over one number, nothing is grouped:
chain.py goes through such a stretch row by row.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from autograd.compiler.chain import DEEP, FEW, LONG, MANY, Chain
from autograd.compiler.graph import CONSTANT, DATA, DETACH, LEAF, PICK, Graph
from autograd.compiler.loop import Loop
from autograd.compiler.repeats import NONE, OUTSIDE, find_repeats, located, runs
from autograd.op import RULEBOOK

Rows = Any
"""An array of row numbers of the graph."""


@dataclass
class Group:
    """Rows with the same operation: `out[k]` is the operation on `operands[…][k]`."""

    op: Any  # None copies, without a gradient
    operands: list[Rows]
    out: Rows


@dataclass
class Product:
    """A matrix product, or a stack of them.

    `out[b, i, j]` is Σₖ left[b, i, k] right[b, j, k], plus `plain[…][b, i, j]`.
    """

    left: Rows
    right: Rows
    plain: list[Rows]
    out: Rows


@dataclass
class Sums:
    """Sums of different lengths: `out[k]` adds what lies from `starts[k]` on.

    Each is a product of a left and a right row, or where `right` is -1 the left row alone.
    """

    left: Rows
    right: Rows
    starts: Any
    out: Rows


@dataclass
class Picks:
    """`out[k]` is row `table[index, columns[k]]` for the index at `places[k]` of the arguments."""

    table: Rows
    columns: Any
    places: Any
    out: Rows


@dataclass
class Raised:
    """The instructions in an order in which they can run.

    Attributes:
        graph: What they were made from.
        needs: For each row whether a gradient flows to it.
        alive: For each row whether an output depends on it.
    """

    graph: Graph
    needs: Any
    alive: Any
    instructions: list[Any] = field(default_factory=list)


SUM, ABSENT = 30_000, 30_001
"""Stand for an operation's code: of a row that is a sum, of an operation that does not occur."""


class _Columns:
    """The graph's columns as arrays, and what step 1 finds out about each row."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.code = np.array(graph.code, dtype=np.int16)
        left, right = np.array(graph.left, dtype=np.int32), np.array(graph.right, dtype=np.int32)
        self.number = left  # of a leaf
        self.left = np.where((self.code >= 0) | (self.code == DETACH), left, -1)
        self.right = np.where(self.code >= 0, right, -1)
        self.alive = self._behind(self._ends())
        # A gradient of what only a guard looks at is 0, and 0 times an infinite derivative is nan.
        self.leads = self._behind(self._ends(guards=False)) if graph.guards else self.alive
        self.adds = self.alive & (self.code == self._code_of("add"))
        self.simple = [self._code_of(name) for name in ("add", "subtract", "multiply")]
        self.products = self.alive & (self.code == self._code_of("multiply"))
        self._absorb()

    def _code_of(self, name: str) -> int:
        names = [op.name for op in self.graph.ops]
        return names.index(name) if name in names else ABSENT

    def _ends(self, guards: bool = True) -> Any:
        """Rows that something besides operations looks at; with or without the guards."""
        graph = self.graph
        ends = list(graph.outputs)
        if guards:
            ends += [side for guard in graph.guards for side in guard[:2]]
        return np.concatenate([np.array(ends, dtype=np.int64), *(t.ravel() for t in graph.tables)])

    def _behind(self, ends: Any) -> Any:
        """Of each row whether one of these depends on it."""
        alive = bytearray(len(self.code))
        np.frombuffer(alive, dtype=bool)[ends.astype(np.int64)] = True
        rows = range(len(alive) - 1, -1, -1)
        for row, i, j in zip(
            rows, self.left[::-1].tolist(), self.right[::-1].tolist(), strict=True
        ):
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
        uses[self._ends().astype(np.int64)] += 2
        consumer = np.zeros(n, dtype=np.int64)
        consumer[used] = by
        inner = (uses == 1) & self.adds[consumer]
        self.inner_add, self.inner_product = inner & self.adds, inner & self.products
        root = np.where(self.inner_add, consumer, np.arange(n))
        while True:  # each round doubles the distance
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further
        self._terms(root)

    def _terms(self, root: Rows) -> None:
        """The terms of every sum, sorted by sum: products (`left`, `right`) and plain rows."""
        n = len(self.code)
        adds = np.flatnonzero(self.adds)
        term = np.concatenate([self.left[adds], self.right[adds]]).astype(np.int64)
        of = np.concatenate([root[adds], root[adds]])
        zero = np.zeros(n, dtype=bool)
        constants = np.flatnonzero(self.code == CONSTANT)
        numbers = np.array(self.graph.constants)[self.number[constants]]
        zero[constants] = (numbers == 0) & ~np.signbit(numbers)
        kept = ~self.inner_add[term] & ~zero[term]
        term, of = term[kept], of[kept]
        order = np.argsort(of * n + term)
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
        lonely = (self.product_count == 0) & (self.plain_count == 2) & ~chained
        self.sums = self.adds & ~self.inner_add & ~lonely
        self.owner = root.astype(np.int32)  # the sum that a row is part of, or the row itself
        self.owner[inside] = self.product_of
        self.inner = np.flatnonzero(self.owner != np.arange(n)).astype(np.int32)
        self.inner = self.inner[np.argsort(self.owner[self.inner], kind="stable")]
        self.inner_of = self.owner[self.inner]

    def work(self, rows: Rows) -> Any:
        """How many operations each row stands for."""
        p, q = self.product_count[rows], self.plain_count[rows]
        return np.where(self.sums[rows], np.maximum(2 * p + q - 1, 1), 1)

    def with_inner(self, rows: Rows) -> Rows:
        """These rows and what is part of them, in the order in which they were recorded."""
        first, last = (np.searchsorted(self.inner_of, rows, side) for side in ("left", "right"))
        count = last - first
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return np.sort(np.concatenate([rows, self.inner[np.repeat(first, count) + within]]))


def raise_graph(graph: Graph) -> Raised:
    """The graph as a short list of instructions."""
    columns = _Columns(graph)
    kept = columns.alive & ~columns.inner_add & ~columns.inner_product
    rows = np.flatnonzero(kept & ((columns.code >= 0) | (columns.code <= PICK)))
    level, needs = _levels(columns, rows)
    keys = _keys(columns, rows, needs)
    found: list[tuple[int, Any]] = []
    for first, results, rounds, wires in find_repeats(columns, rows, level[rows], keys):
        found.append((first, _loop(columns, results, rounds, wires, needs)))
        kept[results] = False
    if found:
        rows, keys = rows[kept[rows]], keys[:, kept[rows]]
    found += _groups_and_chains(columns, rows, level[rows], keys, needs)
    instructions = [x for _, x in sorted(found, key=lambda pair: pair[0])]
    return Raised(graph, needs, columns.alive, instructions)


def _keys(columns: _Columns, rows: Rows, needs: Any) -> Any:
    """What tells one kind of row from another: (how gradients flow, terms, operation) of each."""
    code = np.where(columns.sums[rows], SUM, columns.code[rows].astype(np.int32))
    counts = columns.plain_count[rows], columns.product_count[rows]
    # Of `x ** 2` and `2 ** x` either has a derivative that the other is not to be asked for.
    sides = needs[columns.left[rows]] + 2 * needs[columns.right[rows]]
    sides[(code == SUM) | np.isin(code, columns.simple) | (columns.right[rows] < 0)] = 0
    sides[~columns.leads[rows] & (code != SUM)] = 4
    return np.stack(
        [sides, *(np.where(code == SUM, count, 0) for count in counts), code], dtype=np.int32
    )


def _groups_and_chains(
    columns: _Columns, rows: Rows, level: Any, keys: Any, needs: Any
) -> list[tuple[int, Any]]:
    """What becomes of each level's kinds of rows; of long narrow stretches, one chain."""
    keys = np.stack([*keys, level], dtype=np.int32)
    order = np.lexsort(keys)
    rows, keys, level = rows[order], keys[:, order], level[order]
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    found: list[tuple[int, Any]] = []
    others = np.ones(len(rows), dtype=bool)
    for first, end in _narrow(columns, rows, level, begins):
        stretch = slice(*np.searchsorted(level, (first, end)))
        found.append((first, _chain(columns, columns.with_inner(rows[stretch]), needs)))
        others[stretch] = False
    rows, keys, level, begins = rows[others], keys[:, others], level[others], begins[others]
    ragged: list[Any] = []
    for group in np.split(np.arange(len(rows)), np.flatnonzero(begins)[1:]):
        if not group.size:
            continue
        here = int(level[group[0]])
        if ragged and ragged[0][0] != here:
            found.append((ragged[0][0], _merged([r for _, r in ragged])))
            ragged = []
        for instruction in _instructions(columns, int(keys[-2, group[0]]), rows[group]):
            if isinstance(instruction, Sums):
                ragged.append((here, instruction))
            else:
                found.append((here, instruction))
    if ragged:
        found.append((ragged[0][0], _merged([r for _, r in ragged])))
    return found


def _narrow(columns: _Columns, rows: Rows, level: Any, begins: Any) -> Iterator[tuple[int, int]]:
    """First and last level, this one excluded, of the stretches that are to be chains."""
    counts = np.bincount(level, columns.work(rows)), np.bincount(level, begins)
    free = counts[1] > 0
    free[level[columns.code[rows] == PICK]] = False
    if len(free) < LONG:
        return
    around = np.ones(LONG)  # one level more or less does not matter
    operations, instructions = (np.convolve(count, around, "same") for count in counts)
    for most, least in ((MANY, DEEP), (FEW, LONG)):
        for first, end in runs(free & (operations <= most * instructions)).tolist():
            if end - first >= least:
                free[first:end] = False
                yield first, end


def _chain(columns: _Columns, rows: Rows, needs: Any) -> Chain:
    """Rows of a narrow stretch, one after another; they have come in an order that will do."""
    graph = columns.graph
    left, right = columns.left[rows], columns.right[rows]
    operands = np.unique(np.concatenate([left, right]))
    outside = operands[(operands >= 0) & (located(operands, rows) < 0)]
    numbers = np.concatenate([outside, rows])
    detached = columns.code[rows] == DETACH
    for row, i, j, stops in zip(
        rows.tolist(), left.tolist(), right.tolist(), detached.tolist(), strict=True
    ):
        flow = needs[i] or (j >= 0 and needs[j])
        needs[row] = flow and not stops and columns.leads[row]
    flows = needs[left] + 2 * (needs[right] & (right >= 0))
    used, code = np.unique(columns.code[rows], return_inverse=True)
    ops = [graph.ops[k] if k >= 0 else None for k in used.tolist()]
    i, j = (_flat(located(side, numbers)) for side in (left, right))
    return Chain(ops, _flat(code), i, j, _flat(np.where(needs[rows], flows, 0)), outside, rows)


def _flat(numbers: Any) -> array[int]:
    return array("i", numbers.astype(np.int32).tobytes())


def _loop(columns: _Columns, kept: Rows, rounds: Rows, wires: Any, needs: Any) -> Loop:
    """Rounds that do the same, as one instruction."""
    graph, body = columns.graph, Graph()
    body.ops = graph.ops
    operands = np.concatenate([columns.left[rounds], columns.right[rounds]], axis=1)
    operands = operands[:, wires == OUTSIDE]
    which = _distinct(operands.T)
    inputs = operands[:, np.unique(which, return_index=True)[1]]
    given = []
    for k, column in enumerate(inputs.T):
        row = int(column[0])
        if columns.code[row] == CONSTANT and (column == row).all():
            body.add(CONSTANT, len(body.constants))
            body.constants.append(graph.constants[graph.left[row]])
            continue
        given.append(k)
        if needs[column].any():
            body.add(LEAF, len(body.leaves))
            body.leaves.append(None)
        else:
            body.add(DATA, body.data_size)
            body.data_size += 1
    begin = len(body)
    source = np.where(wires == NONE, -1, wires + begin)
    source[wires == OUTSIDE] = which
    sides = source.reshape(2, -1).tolist()
    for code, left, right in zip(columns.code[rounds[0]].tolist(), *sides, strict=True):
        body.add(code, left, right)
    made = begin + np.searchsorted(rounds[0], kept[0])
    body.outputs = made.tolist()
    return Loop(raise_graph(body), np.array(given), inputs[:, given], made, kept)


def _levels(columns: _Columns, rows: Rows) -> tuple[Any, Any]:
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


def _move_down(columns: _Columns, rows: Rows, level: array[int]) -> None:
    """Put rows that can wait, and lead to the end in a few levels, near the end.

    What a recurrence says after each step is then computed for all steps at once.
    """
    end = max(level)
    lowest = array("i", [end]) * len(level)
    for row, operands in _with_operands(columns, rows, backwards=True):
        here, low = level[row], lowest[row]
        if here < low and end - low < 2 * here:
            here = level[row] = low
        for operand in operands:
            if lowest[operand] >= here:
                lowest[operand] = here - 1


def _with_operands(
    columns: _Columns, rows: Rows, backwards: bool = False
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
    for k, row in enumerate(rows.tolist()):
        if p[k] or q[k]:
            operands = [*islice(factors, 2 * p[k]), *islice(terms, q[k])]
        elif code[k] == PICK:
            operands = graph.tables[graph.picks[columns.number[row]][0]].ravel().tolist()
        else:
            operands = [left[k], right[k]] if right[k] >= 0 else [left[k]]
        yield row, operands


def _instructions(columns: _Columns, code: int, rows: Rows) -> Iterator[Any]:
    """What a group of rows becomes."""
    if code == PICK:
        yield from _picks(columns, rows)
    elif code == SUM:
        yield from _raise_sums(columns, rows)
    elif code == DETACH:
        yield Group(None, [columns.left[rows]], rows)
    else:
        op = columns.graph.ops[code]
        sides = [columns.left[rows], columns.right[rows]]
        yield Group(op, sides[: op.arity], rows)


def _picks(columns: _Columns, rows: Rows) -> Iterator[Picks]:
    graph = columns.graph
    picked = np.array([graph.picks[i] for i in columns.number[rows]])
    for table in np.unique(picked[:, 0]):
        mine = picked[:, 0] == table
        yield Picks(graph.tables[table], picked[mine, 1], picked[mine, 2], rows[mine])


def _raise_sums(columns: _Columns, rows: Rows) -> Iterator[Any]:
    """Sums with equally many terms: matrix products where there are, else plain sums."""
    p, q = int(columns.product_count[rows[0]]), int(columns.plain_count[rows[0]])
    first: Any = np.searchsorted(columns.product_of, rows)
    first_plain: Any = np.searchsorted(columns.plain_of, rows)
    at = first[:, None] + np.arange(p)
    left, right = columns.product_left[at], columns.product_right[at]
    plain = columns.plain[first_plain[:, None] + np.arange(q)]
    taken = np.zeros(len(rows), dtype=bool)
    # Each plain term of a product is an instruction of its own: too many for a few small sums.
    if p and q <= 4 + len(rows) * (p + q) // 500:
        for members in find_blocks(left, right):
            if p == 1 and 1 in members.shape[1:]:  # numbers times numbers, no matrices
                continue
            taken[members.ravel()] = True
            out, top, side = rows[members], members[:, :, 0], members[:, 0, :]
            extra = [plain[members, k] for k in range(q)]
            yield Product(left[top], right[side], extra, out)
        left, right, plain, rows = left[~taken], right[~taken], plain[~taken], rows[~taken]
    if len(rows) and p == 1 and q < 2:  # nothing is summed but one product and one more
        product = rows
        if q:
            product = columns.product_row[at[~taken, 0]]
        yield Group(RULEBOOK["multiply"], [left[:, 0], right[:, 0]], product)
        if q:
            yield Group(RULEBOOK["add"], [product, plain[:, 0]], rows)
    elif len(rows):
        alone = np.full_like(plain, -1)
        both = np.concatenate([left, plain], axis=1), np.concatenate([right, alone], axis=1)
        starts = np.arange(len(rows)) * (p + q)
        yield Sums(both[0].ravel(), both[1].ravel(), starts, rows)


def _merged(sums: list[Sums]) -> Sums:
    """Several groups of sums of one level as one instruction."""
    sizes = np.cumsum([0, *(len(s.left) for s in sums)])
    return Sums(
        np.concatenate([s.left for s in sums]),
        np.concatenate([s.right for s in sums]),
        np.concatenate([s.starts + size for s, size in zip(sums, sizes, strict=False)]),
        np.concatenate([s.out for s in sums]),
    )


def find_blocks(left: Rows, right: Rows) -> Iterator[Any]:
    """Where left vectors meet right ones all with all: arrays (stack, i, j) of places in the group.

    Example:
        >>> left = np.array([[1, 2], [1, 2], [3, 4], [3, 4]])
        >>> right = np.array([[5, 6], [7, 8], [5, 6], [7, 8]])
        >>> next(find_blocks(left, right)).tolist()
        [[[0, 1], [2, 3]]]
    """
    i, j = _distinct(left), _distinct(right)
    width = int(j.max()) + 1
    cells, first = np.unique(i * width + j, return_index=True)
    if len(cells) == len(left) == (int(i.max()) + 1) * width:
        yield first.reshape(1, -1, width)
        return
    # Left vectors that meet the same set of right ones make a block; a set is known by the sum of
    # random numbers given to its members.
    token = np.random.default_rng(0).integers(1 << 62, size=width)
    meets = np.zeros(int(i.max()) + 1, dtype=np.int64)
    np.add.at(meets, i[first], token[j[first]])
    _, block = np.unique(meets, return_inverse=True)
    owner = block[i[first]]
    heights, sizes = np.bincount(block), np.bincount(owner)
    shapes = np.stack([heights, sizes // heights], axis=1)
    order = np.argsort(owner, kind="stable")
    for shape in np.unique(shapes[(shapes > 1).all(axis=1)], axis=0):
        here = (shapes == shape).all(axis=1)
        yield first[order[here[owner[order]]]].reshape(-1, *shape)


def _distinct(vectors: Rows) -> Any:
    """Of each row of a matrix the number of the distinct row it is, in order of appearance."""
    powers = np.cumprod(np.full(vectors.shape[1], 0x5851F42D4C957F2D))
    key = vectors @ powers  # wraps round, as a hash may
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    if not np.array_equal(vectors[first][number], vectors):  # two different rows, one hash
        return np.unique(vectors, axis=0, return_inverse=True)[1].ravel()
    return rank[number]
