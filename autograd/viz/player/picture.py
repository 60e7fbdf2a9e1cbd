"""The picture in the player: which nodes are drawn, and as what.

A leaf that is used often would be drawn with long lines across everything. So it is drawn once
with its numbers, where it is first used, and elsewhere as a small box with its name. The ids of
such a box is that of the leaf with what it is for: "n3~n17.0" is node 3 again, as operand 0 of 17.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autograd.node import Node
from autograd.tensor import Tensor
from autograd.viz.graph import DrawnEdge, DrawnGraph, DrawnNode, kind_of_node
from autograd.viz.layout import Layout, place
from autograd.viz.look import scene, sizes
from autograd.viz.modules import operands_first
from autograd.viz.player.fold import folded
from autograd.viz.svg import to_svg
from autograd.viz.text import NOT_REACHED, lines_of, number, numbers, printable, shape_text

if TYPE_CHECKING:
    from autograd.viz.steps import Backprop

MOST_DRAWN = 150
"""A graph of more nodes is folded."""

OFTEN = 3
"""A leaf with more uses than this is drawn again for each of them."""

_WIDEST = "-1.234e-100"  # what a box has room for, since numbers change while stepping


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a pass.

    Attributes:
        svg: The SVG, with the numbers at the end of the pass.
        graph: What is drawn.
        layout: Where.
        boxes: For each node that has no box of its own but is drawn, the id of the box.
        arrows: For each operand whose arrow has another id than "n7.0", that id.
        shown: The nodes that are drawn by themselves.
        note: What is folded, and what small boxes are.
        sentence: The picture in words.
    """

    svg: str
    graph: DrawnGraph
    layout: Layout
    boxes: Mapping[Node, str]
    arrows: Mapping[tuple[Node, int], str]
    shown: frozenset[Node]
    note: str
    sentence: str


def picture_of(steps: Backprop) -> Picture:
    """Draw the graph of a pass."""
    groups, dropped, note = folded(steps, MOST_DRAWN)
    ids = {node: f"n{i}" for i, node in enumerate(steps.nodes)}
    boxes = {node: group.id for group in groups for node in group.nodes}
    drawn: dict[str, DrawnNode] = {group.id: group.box for group in groups}
    for node in steps.nodes:
        if node not in boxes and node not in dropped:
            drawn[ids[node]] = _drawn_node(steps, node, ids[node], dropped)
    edges, arrows = _edges(steps, ids | boxes, dropped)
    nodes, edges, again = _with_aliases(list(drawn.values()), edges)
    graph = DrawnGraph(operands_first({n.id: n for n in nodes}, edges), tuple(edges), len(nodes))
    node_sizes, label_sizes = sizes(graph)
    roomy = {
        node.id: (max(width, 130.0 if node.rows and node.kind != "constant" else 0.0), height)
        for node in graph.nodes
        for width, height in [node_sizes[node.id]]
    }
    layout = place(graph, roomy, label_sizes)
    if again:
        names = ", ".join(sorted(again))
        note = f"{note} Each small box {names} is the leaf of that name again.".strip()
    shown = frozenset(node for node in steps.nodes if node not in boxes and node not in dropped)
    sentence = f"{graph.sentence} {note}".strip()
    svg = to_svg(scene(graph, layout), sentence)
    return Picture(svg, graph, layout, boxes, arrows, shown, note, sentence)


def _drawn_node(steps: Backprop, node: Node, id_: str, dropped: set[Node]) -> DrawnNode:
    name = steps.names.get(node, "")
    rows = []
    if isinstance(node, Tensor) and node.shape:
        rows.append(("shape", shape_text(node.shape)))
    rows += rows_of("data", steps.values[node])
    if node.requires_grad:
        rows += rows_of("grad", steps.gradient(node))
    return DrawnNode(
        id=id_,
        kind=kind_of_node(node),
        symbol=printable(node.op.symbol) if node.op else "",
        name=lines_of(name),
        rows=tuple(rows),
        output=node is steps.root,
        folded=any(parent in dropped for parent in node.parents),
    )


def rows_of(what: str, x: object) -> list[tuple[str, str]]:
    """Only a number or a small array is written out in the box."""
    if x is None:
        return [(what, NOT_REACHED)]
    if isinstance(x, float):
        return [(what, number(x))]
    if isinstance(x, tuple):
        return [(what, getattr(x, "summary", "…"))]
    return [(what if i == 0 else "", text) for i, text in enumerate(numbers(x))]


def _edges(
    steps: Backprop, ids: Mapping[Node, str], dropped: set[Node]
) -> tuple[list[DrawnEdge], dict[tuple[Node, int], str]]:
    """The arrows; those between the same two boxes, one of which is folded, become one."""
    locals_ = steps.scalar_locals()
    edges: dict[str, DrawnEdge] = {}
    arrows: dict[tuple[Node, int], str] = {}
    counts: dict[str, int] = {}
    between: dict[tuple[str, str], str] = {}
    for node in steps.nodes:
        head = ids.get(node)
        if head is None or node in dropped or any(p in dropped for p in node.parents):
            continue
        for k, parent in enumerate(node.parents):
            tail = ids[parent]
            is_group = head.startswith("g") or tail.startswith("g")
            if tail == head:
                continue
            if is_group and (tail, head) in between:
                arrows[node, k] = between[tail, head]
                continue
            place_ = counts[head] = counts.get(head, -1) + 1
            local = locals_.get((node, k))
            label = "" if is_group or local is None else number(local)
            edge = DrawnEdge(tail, head, place_, label, parent.requires_grad, room="-0.1234")
            edges[edge.id] = edge
            between[tail, head] = edge.id
            if is_group or place_ != k:
                arrows[node, k] = edge.id
    return list(edges.values()), arrows


def _with_aliases(
    nodes: list[DrawnNode], edges: list[DrawnEdge]
) -> tuple[list[DrawnNode], list[DrawnEdge], set[str]]:
    """Give leaves that are used often a small box for each use but the first."""
    by_id = {node.id: node for node in nodes}
    uses: dict[str, list[DrawnEdge]] = {}
    for edge in edges:
        uses.setdefault(edge.tail, []).append(edge)
    often = {
        id_: edges_[0].id
        for id_, edges_ in uses.items()
        if len(edges_) > OFTEN and by_id[id_].kind == "leaf" and id_.startswith("n")
    }
    nodes, result = list(nodes), []
    for edge in edges:
        if edge.tail in often and edge.id != often[edge.tail]:
            leaf = by_id[edge.tail]
            again = DrawnNode(f"{leaf.id}~{edge.id}", "leaf", "", leaf.name, ())
            nodes.append(again)
            result.append(replace(edge, tail=again.id))
        else:
            result.append(edge)
    return nodes, result, {by_id[id_].title for id_ in often}
