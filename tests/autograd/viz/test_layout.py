"""The layout: what it promises, on random graphs and on those that other layouts choke on."""

import sys
from functools import reduce
from itertools import combinations
from operator import sub

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, tanh
from autograd.viz.drawn import Folding, drawn
from autograd.viz.graph import DrawnEdge, DrawnGraph, DrawnNode
from autograd.viz.layout import place, settle
from autograd.viz.ranks import Grid, crossings, ranks_of
from autograd.viz.scene import sizes
from autograd.viz.trace import Trace
from tests.each import in_ci
from tests.work import calls_at_most


@st.composite
def random_graphs(draw):
    """Every node but the first has one or two operands among those before it."""
    count = draw(st.integers(1, 25))
    edges = []
    for head in range(1, count):
        for k in range(draw(st.integers(1, 2))):
            edges.append((draw(st.integers(0, head - 1)), head, k))
    nodes = tuple(
        DrawnNode(f"n{i}", "operation", "+", (), (("data", "1"),), output=i == count - 1)
        for i in range(count)
    )
    labels = st.sampled_from(["", "1", "-0.1234"])
    drawn = tuple(DrawnEdge(f"n{a}", f"n{b}", k, draw(labels), True) for a, b, k in edges)
    return DrawnGraph(nodes, drawn, count)


def placed(graph, direction="LR"):
    return place(graph, *sizes(graph), direction)


def rectangle(box):
    return box.x, box.y, box.x + box.width, box.y + box.height


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@given(random_graphs(), st.sampled_from(["LR", "TB"]))
@settings(max_examples=in_ci(150, 40))
def test_boxes_never_overlap_and_follow_the_direction(graph, direction):
    layout = placed(graph, direction)
    boxes = {node: rectangle(box) for node, box in layout.boxes.items()}
    assert set(boxes) == {node.id for node in graph.nodes}
    for one, other in combinations(boxes.values(), 2):
        assert not overlap(one, other)
    axis = 0 if direction == "LR" else 1
    for edge in graph.edges:
        assert boxes[edge.tail][axis + 2] < boxes[edge.head][axis]


@given(random_graphs(), st.sampled_from(["LR", "TB"]))
@settings(max_examples=in_ci(100, 30))
def test_edges_run_from_operand_to_operation_and_around_every_other_box(graph, direction):
    layout = placed(graph, direction)
    axis = 0 if direction == "LR" else 1
    for edge in graph.edges:
        route = layout.routes[edge.id]
        tail, head = rectangle(layout.boxes[edge.tail]), rectangle(layout.boxes[edge.head])
        assert route.points[0][axis] == pytest.approx(tail[axis + 2])
        assert route.tip[axis] == pytest.approx(head[axis])
        assert head[1 - axis] <= route.tip[1 - axis] <= head[3 - axis]
        assert len(route.points) % 3 == 1
        for x, y in bezier_points(route.points):
            for name, box in layout.boxes.items():
                if name not in (edge.tail, edge.head):
                    assert not overlap((x, y, x, y), rectangle(box)), (edge.id, name)


def bezier_points(points, steps=8):
    for i in range(0, len(points) - 1, 3):
        a, b, c, d = points[i : i + 4]
        for s in (k / steps for k in range(steps + 1)):
            weights = ((1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s * s * (1 - s), s**3)
            yield tuple(
                sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True))
                for axis in (0, 1)
            )


@given(random_graphs(), st.sampled_from(["LR", "TB"]))
@settings(max_examples=in_ci(60, 20))
def test_labels_lie_beside_each_other_and_beside_the_boxes(graph, direction):
    layout = placed(graph, direction)
    _, label_sizes = sizes(graph)
    labels = []
    for edge in graph.edges:
        if edge.label:
            (x, y), (w, h) = layout.routes[edge.id].label, label_sizes[edge.id]
            labels.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    for one, other in combinations(labels, 2):
        assert not overlap(one, other)
    for label in labels:
        assert not any(overlap(label, rectangle(box)) for box in layout.boxes.values())


@given(random_graphs())
@settings(max_examples=in_ci(30, 10))
def test_the_same_graph_gets_the_same_layout(graph):
    assert placed(graph) == placed(graph)


def test_leaves_stand_beside_their_only_user():
    #  0 -> 1 -> 2 -> 4 <- 3
    assert ranks_of(5, [(0, 1), (1, 2), (2, 4), (3, 4)]) == [0, 1, 2, 2, 3]


def test_a_shared_leaf_stands_before_its_first_user():
    assert ranks_of(4, [(0, 1), (1, 2), (0, 3), (2, 3)]) == [0, 1, 2, 3]


def test_crossings_are_counted():
    grid = Grid([0, 0, 1, 1], 4, after=[[3], [2], [], []])
    assert crossings(grid, [[0, 1], [2, 3]]) == 1
    assert crossings(grid, [[0, 1], [3, 2]]) == 0


def test_a_chain_is_straight():
    y = x = Value(0.5)
    for _ in range(10):
        y = tanh(y + 1)
    layout = placed(whole(y))
    middles = {
        box.y + box.height / 2
        for node, box in layout.boxes.items()
        if node in {n.id for n in whole(y).nodes if n.kind != "constant"}
    }
    assert len(middles) == 1
    assert x.data == 0.5


def test_settle_moves_neighbours_apart_as_little_as_possible():
    across = [0.0] * 3
    settle([0, 1, 2], [(0.0, 1.0), (0.0, 1.0), (100.0, 1.0)], [10.0, 10.0], across)
    assert across == [-5.0, 5.0, 100.0]
    settle([0, 1, 2], [(0.0, 1.0), (0.0, 1e9), (0.0, 1.0)], [10.0, 10.0], across)
    assert across == pytest.approx([-10.0, 0.0, 10.0], abs=1e-6)


def whole(root):
    return drawn(Trace(root, sys._getframe()), Folding(())).graph


def recurrence(steps):
    w, h = Value(0.5), Value(0.0)
    for i in range(steps):
        h = tanh(w * h + i)
    return h


def test_operands_stand_in_the_order_of_the_formula():
    a, b, c, d = (Value(float(i)) for i in range(4))
    graph = drawn(Trace(a * b - c / d, sys._getframe()), Folding(())).graph
    layout = placed(graph)
    tops = {n.name[0]: layout.boxes[n.id].y for n in graph.nodes if n.name}
    assert tops["a"] < tops["b"] < tops["c"] < tops["d"]


@pytest.mark.parametrize("steps", [75, 200])
def test_a_weight_shared_by_many_steps_is_placed_with_work_in_proportion(steps):
    graph = whole(recurrence(steps))
    with calls_at_most(3_000 * steps):
        placed(graph)


def test_a_large_network_is_placed_with_some_thousand_calls_for_each_node():
    inputs = [Value(0.1 * i) for i in range(3)]
    weights = [[Value(0.01 * i) for i in range(n)] for n in (3, 16, 16)]
    layer = inputs
    for row in weights:
        layer = [
            tanh(reduce(sub, (w * x for w, x in zip(row, layer, strict=True)), Value(0.0)))
            for _ in range(16)
        ]
    graph = whole(layer[0])
    assert len(graph.nodes) > 700
    with calls_at_most(4_000 * len(graph.nodes)):
        placed(graph)


def test_edges_beyond_the_most_waypoints_are_still_drawn(monkeypatch):
    monkeypatch.setattr("autograd.viz.ranks.MOST_WAYPOINTS", 10)
    graph = whole(recurrence(20))
    layout = placed(graph)
    assert set(layout.routes) == {edge.id for edge in graph.edges}


def test_a_single_node_has_a_place():
    layout = placed(whole(Value(1.0)))
    assert len(layout.boxes) == 1
    assert layout.routes == {}
