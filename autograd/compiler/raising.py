"""Raise: find the sums, the groups and the matrices in a graph of single numbers.

Five neurons on one input pair, each `tanh(w0*x0 + w1*x1 + b)`, are recorded as 25 operations.

1. Each neuron is a sum,  b + Σ wᵢ xᵢ,  and a tanh (columns.py): ten operations.
2. Rows of one level do not wait for one another (levels.py), and equal operations of one level are
   one group: two groups.
3. The sums of a group are sums of products, of a vector of w's with a vector of x's. If every
   different left vector meets every different right one, the group is a matrix product. Here five
   left vectors meet one right one: a 5x2 by 2x1 product, to which b is added.

Levels that do the same again and again are written down once (repeats.py, loop.py). Where level
after level has but a few operations, as in a recurrence over one number, nothing is grouped:
such a stretch is computed row by row (float_chains.py). All of this is array work on whole columns
of the graph but for the levels, one short loop.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.columns import Columns, in_turn
from autograd.compiler.graph import DETACH, GATHER, Graph
from autograd.compiler.instructions import (
    Body,
    Chain,
    Gather,
    Group,
    Loop,
    Product,
    Raised,
    Sums,
)
from autograd.compiler.levels import LONG, levels
from autograd.compiler.place import place
from autograd.compiler.repeats import FEW, distinct, find_repeats, round_of, runs, wires_of
from autograd.rules.arithmetic import add, multiply

if TYPE_CHECKING:
    from autograd.arrays import BoolArray, IntArray
    from autograd.compiler.instructions import Instruction


MANY, LIST = 150, 500
"""A stretch is computed row by row if it is LONG levels of at most FEW operations for each of the
instructions that it would be otherwise. Where it would be as many instructions as LIST it may have
MANY for each: they would run faster, but to write down so many takes too long."""

SUM = 30_000
"""Stands for the code of a row that is a sum."""


def raise_graph(graph: Graph) -> Raised:
    """The graph as a short list of instructions."""
    columns = Columns(graph)
    kept = columns.kept()
    rows = np.flatnonzero(kept)
    level, needs = levels(columns, rows)
    keys = _keys(columns, rows, needs)
    found: list[tuple[int, Instruction]] = []
    bodies: dict[Hashable, Body] = {}
    repeated = list(find_repeats(columns, rows, level[rows], keys))
    exposed = _exposed(columns, [rounds for _, _, rounds, _ in repeated])
    for first, results, rounds, edges in repeated:
        body, inputs, indices = round_of(columns, rounds, edges, needs)
        made = len(body) - rounds.shape[1] + np.searchsorted(rounds[0], results[0])
        body.outputs = [*in_turn(made)]
        same: BoolArray = (inputs == inputs[0]).all(axis=0)
        mask = np.logical_or.reduce(exposed[results])
        key = body.key(), same.tobytes(), mask.tobytes()
        if key not in bodies:
            raised = raise_graph(body)
            bodies[key] = Body(raised, made, np.flatnonzero(same), mask, place(raised))
        found.append((first, Loop(inputs, indices, results, bodies[key])))
        kept[results] = False
    if found:
        rows, keys = rows[kept[rows]], keys[:, kept[rows]]
    found += _groups_and_chains(columns, rows, level[rows], keys, needs)
    instructions = [x for _, x in sorted(found, key=lambda pair: pair[0])]
    return Raised(graph, needs, columns.alive, columns.late, instructions)


def _exposed(columns: Columns, loops: list[IntArray]) -> BoolArray:
    """Of each row whether anything but the round that it is in uses it; `loops` are all rounds."""
    round_of_row = np.zeros(len(columns.code), dtype=np.int64)
    count = 0
    for rounds in loops:
        round_of_row[rounds] = count + 1 + np.arange(len(rounds))[:, None]
        count += len(rounds)
    exposed = np.zeros(len(columns.code), dtype=bool)
    exposed[columns.graph.outputs], exposed[columns.candidates] = True, True
    for side in (columns.left, columns.right):
        users = np.flatnonzero(columns.alive & (side >= 0))
        exposed[side[users[round_of_row[side[users]] != round_of_row[users]]]] = True
    return exposed


def _keys(columns: Columns, rows: IntArray, needs: BoolArray) -> IntArray:
    """What tells kinds of rows apart: how gradients flow, how many terms or choices, the code."""
    code = np.where(columns.sums[rows], SUM, columns.code[rows].astype(np.int32))
    plain, products = (
        np.where(code == SUM, count[rows], 0)
        for count in (columns.plain_count, columns.product_count)
    )
    plain[code == GATHER] = columns.choices(columns.number[rows[code == GATHER]])
    # Of `x ** 2` and `2 ** x` either has a derivative that the other is not to be asked for.
    sides = needs[columns.left[rows]] + 2 * needs[columns.right[rows]]
    sides[(code == SUM) | np.isin(code, columns.simple) | (columns.right[rows] < 0)] = 0
    sides[~columns.leads[rows] & (code != SUM)] = 4
    return np.stack([sides, plain, products, code], dtype=np.int32)


def _groups_and_chains(
    columns: Columns, rows: IntArray, level: IntArray, keys: IntArray, needs: BoolArray
) -> list[tuple[int, Instruction]]:
    """What becomes of each level's kinds of rows; of long narrow stretches, one chain."""
    keys = np.stack([*keys, level], dtype=np.int32)
    order = np.lexsort(keys)
    rows, keys, level = rows[order], keys[:, order], level[order]
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    found: list[tuple[int, Instruction]] = []
    others = np.ones(len(rows), dtype=bool)
    for first, end in _narrow(columns, rows, level, begins):
        stretch = slice(*np.searchsorted(level, (first, end)))
        found.append((first, _chain(columns, columns.with_inner(rows[stretch]), needs)))
        others[stretch] = False
    rows, keys, level, begins = rows[others], keys[:, others], level[others], begins[others]
    ragged: dict[int, list[Sums]] = {}  # by level
    for group in np.split(np.arange(len(rows)), np.flatnonzero(begins)[1:]):
        if not group.size:
            continue
        here = int(level[group[0]])
        for instruction in _instructions(columns, int(keys[-2, group[0]]), rows[group]):
            if isinstance(instruction, Sums):
                ragged.setdefault(here, []).append(instruction)
            else:
                found.append((here, instruction))
    return found + [(here, _merged(sums)) for here, sums in ragged.items()]


def _narrow(
    columns: Columns, rows: IntArray, level: IntArray, begins: BoolArray
) -> Iterator[tuple[int, int]]:
    """First and last level, this one excluded, of the stretches that are to be chains."""
    counts = np.bincount(level, columns.work(rows)), np.bincount(level, begins)
    free = counts[1] > 0
    if len(free) < LONG:
        return
    around = np.ones(LONG)  # one level more or less does not matter
    operations, instructions = (np.convolve(count, around, "same") for count in counts)
    every = np.ones(len(free))
    for most, least, size in ((MANY, LIST, counts[1]), (FEW, LONG, every)):
        pairs: list[tuple[int, int]] = runs(free & (operations <= most * instructions)).tolist()
        for first, end in pairs:
            if size[first:end].sum() >= least:
                free[first:end] = False
                yield first, end


def _chain(columns: Columns, rows: IntArray, needs: BoolArray) -> Chain:
    """Rows of a narrow stretch, one after another; they have come in an order that will do."""
    left, right, code = columns.left[rows], columns.right[rows], columns.code[rows]
    sides, stopping = zip(in_turn(left), in_turn(right), strict=True), columns.stops[rows]
    for row, (i, j), stops in zip(in_turn(rows), sides, in_turn(stopping), strict=True):
        if i >= 0:  # of lookups it is known
            flow = needs[i] or (j >= 0 and needs[j])
            needs[row] = flow and not stops and columns.leads[row]
    flows = np.where(code == GATHER, 1, needs[left] + 2 * (needs[right] & (right >= 0)))
    rounds = rows[None]  # all of them are one
    graph, inputs, indices = round_of(columns, rounds, wires_of(columns, rounds)[0], needs)
    return Chain(inputs, indices, rounds, graph, np.where(needs[rows], flows, 0).astype(np.int8))


def _instructions(columns: Columns, code: int, rows: IntArray) -> Iterator[Instruction]:
    """What a group of rows becomes."""
    if code == GATHER:
        lots, which = np.unique(columns.number[rows], return_inverse=True)
        table = columns.candidates_of(lots).reshape(len(lots), -1).T
        yield Gather(table, which, columns.index[rows], rows)
    elif code == SUM:
        yield from _raise_sums(columns, rows)
    elif code == DETACH:
        yield Group(None, [columns.left[rows]], rows)
    else:
        op = columns.graph.ops[code]
        sides = [columns.left[rows], columns.right[rows]]
        yield Group(op, sides[: op.arity], rows)


def _raise_sums(columns: Columns, rows: IntArray) -> Iterator[Instruction]:
    """Sums with equally many terms: matrix products where there are, else plain sums."""
    p, q = int(columns.product_count[rows[0]]), int(columns.plain_count[rows[0]])
    first = np.searchsorted(columns.product_of, rows)
    first_plain = np.searchsorted(columns.plain_of, rows)
    at = first[:, None] + np.arange(p)
    left, right = columns.product_left[at], columns.product_right[at]
    plain = columns.plain[first_plain[:, None] + np.arange(q)]
    taken = np.zeros(len(rows), dtype=bool)
    # Each plain term of a product is an instruction of its own: too many for a few small sums.
    if p and q <= 4 + len(rows) * (p + q) // 500:
        for block in find_blocks(left, right):
            if p == 1 and 1 in block.shape[1:]:  # numbers times numbers, no matrices
                continue
            taken[block.ravel()] = True
            members, sides, many = block, (left, right), block.shape[1] > p + 1
            if many and (plain[block] == plain[block[:, :1]]).all(axis=(0, 1, 2)).any():
                # Samples by neurons, each with a bias: the other way round that is one more column.
                members, sides = block.swapaxes(1, 2), (right, left)
            out, top, side = rows[members], members[:, :, 0], members[:, 0, :]
            extra = [plain[members, k] for k in range(q)]
            yield Product(sides[0][top], sides[1][side], extra, out)
        left, right, plain, rows = left[~taken], right[~taken], plain[~taken], rows[~taken]
    if len(rows) and p == 1 and q < 2:  # nothing is summed but one product and one more
        product = rows
        if q:
            product = columns.product_row[at[~taken, 0]]
        yield Group(multiply, [left[:, 0], right[:, 0]], product)
        if q:
            yield Group(add, [product, plain[:, 0]], rows)
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


def find_blocks(left: IntArray, right: IntArray) -> Iterator[IntArray]:
    """Where left vectors meet right ones all with all: arrays (stack, i, j) of places in the group.

    Example:
        >>> left = np.array([[1, 2], [1, 2], [3, 4], [3, 4]])
        >>> right = np.array([[5, 6], [7, 8], [5, 6], [7, 8]])
        >>> next(find_blocks(left, right)).tolist()
        [[[0, 1], [2, 3]]]
    """
    i, j = distinct(left), distinct(right)
    width = int(j.max()) + 1
    cells, first = np.unique(i.astype(np.int64) * width + j, return_index=True)
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
        here: BoolArray = (shapes == shape).all(axis=1)
        yield first[order[here[owner[order]]]].reshape(-1, *shape)
