"""The picture in the player: that of a trace, with room for numbers that change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from autograd.viz.drawn import drawn
from autograd.viz.graph import DrawnGraph
from autograd.viz.layout import Layout, place
from autograd.viz.scene import scene, sizes
from autograd.viz.steps import Pass
from autograd.viz.svg import to_svg
from autograd.viz.trace import Node

MOST_DRAWN = 150
"""A graph of more nodes is folded."""

_WIDTH = 130.0  # of a box at least, since numbers change while stepping


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


def picture_of(steps: Pass) -> Picture:
    """Draw the graph of a pass."""
    made = drawn(steps, MOST_DRAWN, gradient=steps.gradient, again=True)
    remark = made.graph.remark
    graph = replace(made.graph, legend=steps.how_to_read, remark="")
    node_sizes, label_sizes = sizes(graph)
    roomy = {
        node.id: (max(width, _WIDTH if node.rows and node.kind != "constant" else 0.0), height)
        for node in graph.nodes
        for width, height in [node_sizes[node.id]]
    }
    layout = place(graph, roomy, label_sizes)
    note = f"{graph.note} {remark}".strip()
    sentence = f"{graph.sentence} {remark}".strip()
    svg = to_svg(scene(graph, layout), sentence)
    return Picture(svg, graph, layout, made.boxes, made.arrows, made.shown, note, sentence)
