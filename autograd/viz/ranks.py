"""Into which rank, and in which order: the first half of the layout, without any lengths.

The steps are 1 to 3 of `layout.py`.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

MOST_WAYPOINTS = 30_000  # in all; beyond, the longest edges cross what is in their way


@dataclass(slots=True)
class Grid:
    """Nodes and waypoints, numbered, in ranks.

    Attributes:
        rank: The rank of each.
        ranks: Of each rank, its nodes and waypoints in order.
        before: The neighbours of each in the rank before.
        after: The neighbours of each in the rank after.
        routes: Of each edge, what it goes through: the operand, waypoints, the operation.
        nodes: How many are nodes; they come first.
        line: Of each, the neighbour before it that it forms a straight line with.
    """

    rank: list[int]
    nodes: int
    ranks: list[list[int]] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)
    routes: list[list[int]] = field(default_factory=list)
    line: dict[int, int] = field(default_factory=dict)


# --- 1 and 2: ranks and waypoints ------------------------------------------------------------


def ranks_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Give every node a rank after those of its operands, and near to its users.

    Every node comes as early as it can; then those whose operands nobody else uses move up to
    their users, so that `b` in `tanh(w1*x1 + w2*x2 + b)` stands beside what it is added to.

    Args:
        count: How many nodes there are. They are numbered so that operands come first.
        edges: (operand, operation) for each operand.
    """
    operands: list[set[int]] = [set() for _ in range(count)]
    users: list[set[int]] = [set() for _ in range(count)]
    for tail, head in edges:
        operands[head].add(tail)
        users[tail].add(head)
    rank = [0] * count
    for v in range(count):
        rank[v] = max((rank[u] + 1 for u in operands[v]), default=0)
    for v in reversed(range(count)):
        shared = sum(len(users[u]) > 1 for u in operands[v])
        if users[v] and shared < len(users[v]):
            rank[v] = min(rank[u] for u in users[v]) - 1
    first = min(rank, default=0)
    return [r - first for r in rank]


def grid_of(count: int, edges: Sequence[tuple[int, int]], constants: Collection[int] = ()) -> Grid:
    """Put nodes into ranks, and waypoints where edges pass over ranks."""
    grid = Grid(ranks_of(count, edges), count)
    last_use = [0] * count
    for tail, head in edges:
        last_use[tail] = max(last_use[tail], grid.rank[head])
    stops: dict[int, list[int]] = {}  # of each node, itself and its waypoints, rank by rank
    total = 0
    by_length = sorted(range(count), key=lambda v: last_use[v] - grid.rank[v])
    for v in by_length:
        stops[v] = [v]
        total += max(0, last_use[v] - grid.rank[v] - 1)
        if total <= MOST_WAYPOINTS:
            for rank in range(grid.rank[v] + 1, last_use[v]):
                stops[v].append(len(grid.rank))
                grid.rank.append(rank)
    grid.before = [[] for _ in grid.rank]
    grid.after = [[] for _ in grid.rank]
    for line in stops.values():
        for u, v in pairwise(line):
            _join(grid, u, v)
            grid.line[v] = u
    for tail, head in edges:
        passed = stops[tail][: grid.rank[head] - grid.rank[tail]]
        grid.routes.append([*passed, head])
        if grid.rank[passed[-1]] == grid.rank[head] - 1:
            _join(grid, passed[-1], head)
    _find_lines(grid, constants)
    grid.ranks = _first_order(grid)
    return grid


def _join(grid: Grid, u: int, v: int) -> None:
    grid.before[v].append(u)
    grid.after[u].append(v)


def _find_lines(grid: Grid, constants: Collection[int]) -> None:
    """Let every operation form a line with the operand that took the most steps to compute.

    So the long thread of a computation is straight, and what enters it comes from the side. A
    constant took less than no step. Where two operands took as many steps, neither is preferred,
    and the operation stands between them.
    """
    steps = [0] * grid.nodes
    for v in constants:
        steps[v] = -1
    operands: list[list[int]] = [[] for _ in range(grid.nodes)]
    last_stop: dict[tuple[int, int], int] = {}
    for route in grid.routes:
        operands[route[-1]].append(route[0])
        last_stop[route[0], route[-1]] = route[-2]
    goes_on = {u: v for v, u in grid.line.items()}  # one line goes on from each
    for v in range(grid.nodes):
        if not operands[v]:
            continue
        most = max(steps[u] for u in operands[v])
        steps[v] = most + 1
        longest = {u for u in operands[v] if steps[u] == most}
        if len(longest) == 1:
            u = last_stop[longest.pop(), v]
            if u not in grid.before[v] or goes_on.get(u, grid.nodes) < grid.nodes:
                continue
            if u < grid.nodes:  # the operation goes straight on, the way to later ones bends off
                grid.line.pop(goes_on.get(u, -1), None)
            elif u in goes_on:
                continue
            goes_on[u] = v
            grid.line[v] = u


# --- 3: order ---------------------------------------------------------------------------------


def _first_order(grid: Grid) -> list[list[int]]:
    """Put each rank in the order in which a walk from the output meets things.

    The walk takes operands in order, so a tree comes out without crossings.
    """
    ranks: list[list[int]] = [[] for _ in range(max(grid.rank) + 1)]
    seen = [False] * len(grid.rank)
    # The root comes first; what no path of neighbours leads to starts a walk of its own.
    for start in [*reversed(range(grid.nodes)), *range(grid.nodes, len(grid.rank))]:
        stack = [start]
        while stack:
            v = stack.pop()
            if not seen[v]:
                seen[v] = True
                ranks[grid.rank[v]].append(v)
                stack.extend(u for u in reversed(grid.before[v]) if not seen[u])
    return ranks


def reduce_crossings(grid: Grid) -> None:
    """Reorder the ranks so that fewer edges cross.

    Sweeping to and fro, each rank is sorted by the mean position of the neighbours in the rank
    just visited. That helps more often than it harms, so the best order met is kept.
    """
    best, fewest = grid.ranks, crossings(grid, grid.ranks)
    ranks = [list(rank) for rank in best]
    position = [0] * len(grid.rank)
    met: list[list[list[int]]] = []
    for sweep in range(12):
        if fewest == 0 or (sweep > 2 and met[-1] == met[-3]):  # from here on it would go round
            break
        forward = sweep % 2 == 0
        near = grid.before if forward else grid.after
        for rank in ranks if forward else reversed(ranks):
            _sort_rank(rank, near, position)
        met.append([list(rank) for rank in ranks])
        count = crossings(grid, ranks)
        if count < fewest:
            best, fewest = met[-1], count
    grid.ranks = best


def _sort_rank(rank: list[int], near: list[list[int]], position: list[int]) -> None:
    """Sort what has neighbours among the places it holds; the rest keeps its place."""
    places = [i for i, v in enumerate(rank) if near[v]]
    moving = [rank[i] for i in places]
    moving.sort(key=lambda v: sum(position[u] for u in near[v]) / len(near[v]))
    for i, v in zip(places, moving, strict=True):
        rank[i] = v
    for i, v in enumerate(rank):
        position[v] = i


def crossings(grid: Grid, ranks: Sequence[Sequence[int]]) -> int:
    """Count how often edges cross between ranks in this order."""
    position = {v: i for rank in ranks for i, v in enumerate(rank)}
    total = 0
    for rank in ranks:
        arrived: list[int] = []  # where the edges so far arrive, sorted
        for u in rank:
            heads = sorted(position[v] for v in grid.after[u])
            total += sum(len(arrived) - bisect_right(arrived, head) for head in heads)
            for head in heads:
                insort(arrived, head)
    return total
