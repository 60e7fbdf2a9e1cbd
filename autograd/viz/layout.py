"""Where things are drawn: a small layered layout, in plain Python.

A computation graph has a direction, from the leaves to the output, so it is drawn in ranks, one
after the other in that direction:

1. Ranks. Every node gets a rank after those of its operands.
2. Waypoints. An edge that passes over ranks gets a waypoint in each of them, which keeps its way
   free. The edges that leave one node share their waypoints, like the stops of a bus line: that is
   what keeps a weight used in 75 steps from becoming 75 lines.
3. Order. Within the ranks, nodes and waypoints change places until few edges cross.
   (`ranks.py` holds the steps so far.)
4. Across. Each rank gets its places next to each other, as near as possible to where the
   neighbouring ranks want them, in the order found.
5. Along. Each rank gets its place in the direction of the graph, and edges become curves.

Everything up to 5 speaks of *along* and *across*, so that the same code draws from left to right
and from top to bottom. The steps are those of K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual
Understanding of Hierarchical System Structures" (1981); step 4 is our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

from autograd.viz.graph import DrawnGraph
from autograd.viz.ranks import Grid, grid_of, reduce_crossings

Direction = Literal["LR", "TB"]
Point = tuple[float, float]
Size = tuple[float, float]
Wish = tuple[float, float]
"""Where something wants to be across, and how much that counts."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node is: its left upper corner, and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an edge.

    Attributes:
        points: A chain of cubic Bézier curves: a start, then three points for each curve.
        tip: Where its arrow points; the curve ends at the arrow's back.
        label: The middle of its label.
    """

    points: tuple[Point, ...]
    tip: Point
    label: Point


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is, by the ids of nodes and edges."""

    boxes: dict[str, Box]
    routes: dict[str, Route]


ARROW = 9.0  # the length of an arrow
PORT_GAP = 22.0  # between two edges that arrive at one node
LABEL_GAP = 9.0  # between labels
NODE_GAP = 18.0  # between neighbours in a rank
WAY_GAP = 12.0  # between waypoints
RANK_GAP = 34.0  # for the curves between two ranks

SWEEPS = 21  # through the ranks, to and fro
ALIGNED = 1e6  # how much more a straight line counts than a short edge


def place(
    graph: DrawnGraph,
    sizes: Mapping[str, Size],
    label_sizes: Mapping[str, Size],
    direction: Direction = "LR",
) -> Layout:
    """Find a place for every node and a way for every edge.

    It takes about as long as the graph is large, and the same graph gets the same layout.

    Args:
        graph: What is drawn.
        sizes: Width and height of each node, by id.
        label_sizes: Width and height of the label of each edge, by id.
        direction: "LR", from left to right, or "TB", from top to bottom.
    """
    index = {node.id: i for i, node in enumerate(graph.nodes)}
    edges = [(index[edge.tail], index[edge.head]) for edge in graph.edges]
    turned = direction == "TB"
    depth = [sizes[node.id][turned] for node in graph.nodes]
    breadth = [sizes[node.id][not turned] for node in graph.nodes]
    labels = [label_sizes[edge.id] for edge in graph.edges]
    constants = [v for v, node in enumerate(graph.nodes) if node.kind == "constant"]
    grid = grid_of(len(graph.nodes), edges, constants)
    reduce_crossings(grid)
    ports = _Ports(grid, edges, labels, turned)
    breadth = [max(b, ports.breadth(v)) for v, b in enumerate(breadth)]
    across = positions_across(grid, breadth)
    lead = max([0.0, *(label[turned] for label in labels)]) + ARROW + 6
    starts, ends = positions_along(grid, depth, across, lead)
    ports.settle(across)

    boxes = {}
    for v, node in enumerate(graph.nodes):
        # A constant, which is small, stands at the end of its rank, near to where it is used.
        small = node.kind == "constant"
        along = ends[grid.rank[v]] - depth[v] if small else starts[grid.rank[v]]
        corner, size = (along, across[v] - breadth[v] / 2), (depth[v], breadth[v])
        boxes[node.id] = Box(*corner[::-1], *size[::-1]) if turned else Box(*corner, *size)
    for v in constants:
        depth[v] = ends[grid.rank[v]] - starts[grid.rank[v]]  # where edges start
    arrivals = [
        across[head] + offset for (_, head), offset in zip(edges, ports.offset, strict=True)
    ]
    curves = _curves(grid, depth, across, starts, ends, arrivals, lead)
    routes = {
        edge.id: _route(curves[e], labels[e], ports.side[e], turned)
        for e, edge in enumerate(graph.edges)
    }
    return Layout(boxes, routes)


# --- 4: across --------------------------------------------------------------------------------


def positions_across(grid: Grid, breadth: Sequence[float]) -> list[float]:
    """Find for everything its middle across the direction of the graph.

    Each sweep goes through the ranks and asks the rank just visited where it would like the next
    one to be: beside its neighbours, above all beside the one it forms a line with. At the end
    leaves, which nothing holds in a forward sweep, go to where they are used.
    """
    breadth = [*breadth, *[0.0] * (len(grid.rank) - grid.nodes)]
    across = [0.0] * len(grid.rank)

    def gap(u: int, v: int) -> float:
        apart = NODE_GAP if max(u, v) < grid.nodes else WAY_GAP
        return (breadth[u] + breadth[v]) / 2 + apart

    ranks = [(rank, [gap(u, v) for u, v in pairwise(rank)]) for rank in grid.ranks]
    for rank, gaps in ranks:
        settle(rank, [(0.0, 1.0)] * len(rank), gaps, across)
    goes_on = {u: v for v, u in grid.line.items()}
    ways = (grid.before, grid.line, goes_on), (grid.after, goes_on, grid.line)
    for sweep in range(SWEEPS):
        near, line, far = ways[sweep % 2]
        for rank, gaps in reversed(ranks) if sweep % 2 else ranks:
            wishes = [_wish(near[v], line.get(v), far.get(v), across, across[v]) for v in rank]
            settle(rank, wishes, gaps, across)
    for rank, gaps in ranks:
        wishes = [
            (across[v], ALIGNED)
            if grid.before[v]
            else _wish(grid.after[v], goes_on.get(v), None, across, across[v])
            for v in rank
        ]
        settle(rank, wishes, gaps, across)
    return [float(round(y)) for y in across]  # what is almost straight becomes straight


def _wish(
    near: Sequence[int],
    line: int | None,
    far_line: int | None,
    across: Sequence[float],
    here: float,
) -> Wish:
    """Where something wants to be, and how much that counts.

    Args:
        near: Its neighbours in the rank just visited.
        line: The one among them that it forms a line with.
        far_line: The neighbour on the other side that it forms a line with.
        across: The positions.
        here: Its own.
    """
    if line is not None:
        return across[line], ALIGNED
    if far_line is not None:  # it begins a line, which may have been pushed aside since
        return across[far_line], ALIGNED / 1000
    if not near:
        return here, 0.01
    return sum(across[u] for u in near) / len(near), float(len(near))


def settle(
    rank: Sequence[int],
    wishes: Sequence[Wish],
    gaps: Sequence[float],
    across: list[float],
) -> None:
    """Place a rank as near to its wishes as its order and the gaps between neighbours allow.

    The nearest in the sense of least squares. Where neighbours want to be closer than they may,
    they join into a block, which goes to the weighted mean of what its members want.

    Args:
        rank: What is placed, in order.
        wishes: Where each wants to be, and how much that counts.
        gaps: The least distance between each and the next.
        across: Gets the positions.

    Source:
        Pool adjacent violators: M. Ayer et al., "An Empirical Distribution Function for Sampling
        with Incomplete Information" (1955).
    """
    offsets = list(accumulate(gaps, initial=0.0))
    blocks: list[tuple[float, float, int]] = []  # (mean of wish - offset, weight, how many)
    for (wish, counts), offset in zip(wishes, offsets, strict=True):
        mean, weight, count = wish - offset, counts, 1
        while blocks and blocks[-1][0] >= mean:
            before, heavy, many = blocks.pop()
            mean = (before * heavy + mean * weight) / (heavy + weight)
            weight, count = heavy + weight, many + count
        blocks.append((mean, weight, count))
    means = (mean for mean, _, count in blocks for _ in range(count))
    for v, mean, offset in zip(rank, means, offsets, strict=True):
        across[v] = mean + offset


# --- 5: along, and the curves -----------------------------------------------------------------


class _Ports:
    """Where edges arrive at their operation: side by side, in the order in which they come.

    From left to right, labels stand above their edges. From top to bottom they stand beside them:
    of two, one on the left and one on the right; of several, all on the right.

    Attributes:
        offset: Of each edge, how far from the middle of the operation it arrives.
        side: Of each edge, on which side its label stands: -1 or 1.
    """

    def __init__(
        self, grid: Grid, edges: Sequence[tuple[int, int]], labels: Sequence[Size], turned: bool
    ) -> None:
        self.grid, self.turned = grid, turned
        self.room = [label[not turned] for label in labels]  # what labels take up across
        self.arriving: dict[int, list[int]] = {}
        for e, (_, head) in enumerate(edges):
            self.arriving.setdefault(head, []).append(e)
        self.offset = [0.0] * len(edges)
        self.side = [1] * len(edges)

    def _room(self, v: int) -> float:
        return max(self.room[e] for e in self.arriving[v])

    def _gap(self, v: int) -> float:
        outside = self.turned and len(self.arriving[v]) == 2  # the labels are not in between
        return PORT_GAP if outside else self._room(v) + LABEL_GAP

    def breadth(self, v: int) -> float:
        """How broad a node must be, so that no label comes near to those of its neighbours."""
        if v not in self.arriving:
            return 0.0
        count = len(self.arriving[v])
        outermost = 1 if count == 2 and v in self.grid.line else (count - 1) / 2
        label = self._room(v) + LABEL_GAP - NODE_GAP / 2 if self.turned else 0.0
        return 2 * (outermost * self._gap(v) + max(label, 5.0))

    def settle(self, across: Sequence[float]) -> None:
        """Give out the places; of two, the one that comes in a straight line gets the middle."""
        routes, line = self.grid.routes, self.grid.line
        for v, arriving in self.arriving.items():
            order = sorted(arriving, key=lambda e: across[routes[e][-2]])
            middle = (len(order) - 1) / 2
            if len(order) == 2:
                self.side[order[0]] = -1
                straight = [i for i, e in enumerate(order) if routes[e][-2] == line.get(v)]
                middle = straight[0] if len(straight) == 1 else middle
            for i, e in enumerate(order):
                self.offset[e] = (i - middle) * self._gap(v)


def positions_along(
    grid: Grid, depth: Sequence[float], across: Sequence[float], lead: float
) -> tuple[list[float], list[float]]:
    """Find where each rank starts and ends.

    Args:
        grid: The ranks.
        depth: The extent of each node along the direction of the graph.
        across: The positions across it; steep edges get more room.
        lead: The straight last part of an edge, beside which its label stands.
    """
    starts, ends = [], []
    at = 0.0
    for rank in grid.ranks:
        starts.append(at)
        at += max((depth[v] for v in rank if v < grid.nodes), default=0.0)
        ends.append(at)
        rise = max((abs(across[u] - across[v]) for u in rank for v in grid.after[u]), default=0.0)
        at += lead + RANK_GAP + min(rise / 6, 60.0)
    return starts, ends


def _curves(
    grid: Grid,
    depth: Sequence[float],
    across: Sequence[float],
    starts: Sequence[float],
    ends: Sequence[float],
    arrivals: Sequence[float],
    lead: float,
) -> dict[int, list[Point]]:
    """The curve of each edge, as (along, across) points; the last is the tip of its arrow.

    Edges that leave the same node are drawn together: a longer one goes on where a shorter one
    turned off.
    """
    curves = {}
    trunks: dict[int, tuple[list[Point], int]] = {}  # of each node: its way so far, waypoints done
    for e in sorted(range(len(grid.routes)), key=lambda e: len(grid.routes[e])):
        tail, *waypoints, head = grid.routes[e]
        if tail not in trunks:
            rank = grid.rank[tail]
            start = [(starts[rank] + depth[tail], across[tail])]
            _straight(start, ends[rank])
            trunks[tail] = start, 0
        trunk, done = trunks[tail]
        for w in waypoints[done:]:
            _bend(trunk, (starts[grid.rank[w]], across[w]))
            _straight(trunk, ends[grid.rank[w]])
        trunks[tail] = trunk, len(waypoints)
        points = list(trunk)
        tip = starts[grid.rank[head]]
        _bend(points, (tip - lead, arrivals[e]))
        _straight(points, tip - ARROW)
        curves[e] = [*points, (tip, arrivals[e])]
    return curves


def _bend(points: list[Point], end: Point) -> None:
    (x0, y0), (x1, y1) = points[-1], end
    if y0 == y1:
        _straight(points, x1)
    else:
        middle = (x0 + x1) / 2
        points += [(middle, y0), (middle, y1), end]


def _straight(points: list[Point], x: float) -> None:
    x0, y0 = points[-1]
    if x <= x0:
        return
    if len(points) > 3 and points[-4][1] == points[-3][1] == y0:
        del points[-3:]  # go on with the straight line that leads here
        x0 = points[-1][0]
    points += [(x0, y0), (x, y0), (x, y0)]


def _route(points: Sequence[Point], label: Size, side: int, turned: bool) -> Route:
    *curve, (tip, arrival) = points
    width, height = label
    if turned:
        middle = (arrival + side * (4 + width / 2), tip - ARROW - height / 2 - 2)
        return Route(tuple((x, y) for y, x in curve), (arrival, tip), middle)
    middle = (tip - ARROW - width / 2 - 1, arrival - height / 2 - 3)
    return Route(tuple(curve), (tip, arrival), middle)
