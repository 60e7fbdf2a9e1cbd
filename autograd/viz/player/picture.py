"""The pictures in the player: those of a trace, with room for numbers that change.

A graph with closed boxes has a picture for each box that can be opened, in which that box and those
around it are open and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from autograd.viz.drawn import Drawn, Folding, drawn, folded
from autograd.viz.layout import Layout, place
from autograd.viz.scene import scene, sizes
from autograd.viz.steps import Pass
from autograd.viz.svg import to_svg
from autograd.viz.views import MOST_DRAWN

_WIDTH = 130.0  # of a box at least, since numbers change while stepping


@dataclass(frozen=True, slots=True)
class Picture(Drawn):
    """The picture of a pass, with what is drawn of it.

    Attributes:
        svg: The SVG, with the numbers at the end of the pass.
        layout: Where everything is.
        folding: Which boxes are closed, and what is left out.
        note: What is folded, and what small boxes are.
        sentence: The picture in words.
    """

    svg: str
    layout: Layout
    folding: Folding
    note: str
    sentence: str


def picture_of(steps: Pass, folding: Folding | None = None) -> Picture:
    """Draw the graph of a pass, folded as is best or as is said."""
    folding = folding or folded(steps, MOST_DRAWN, steps.depth)
    made = drawn(steps, folding, gradient=steps.gradient, again=True)
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
    found = (made.boxes, made.arrows, made.shown, made.stands)
    return Picture(graph, *found, svg, layout, folding, note, sentence)
