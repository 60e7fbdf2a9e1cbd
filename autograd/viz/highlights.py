"""The paths from a node to the root, which stand out in a picture; and two pictures as one."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from autograd.viz.graph import DrawnGraph
from autograd.viz.scene import INK, SANS
from autograd.viz.svg import size_of
from autograd.viz.trace import Node, Trace

_GAP, _TITLE = 24.0, 26.0


def with_paths(graph: DrawnGraph, trace: Trace, start: Node) -> DrawnGraph:
    """The graph with everything that lies between `start` and the root marked.

    Raises:
        ValueError: start does not lead to the root.
    """
    ids = {node: f"n{i}" for i, node in enumerate(trace.nodes)}
    if start not in ids:
        raise ValueError("draw: paths_from needs a node that root was computed from.")
    counts = trace.counts(start)
    on_path = {ids[node] for node in counts}
    # A box of a module stands out if it lies between two things that do.
    boxes = {node.id for node in graph.nodes if node.id.startswith("g")}
    tails = {edge.tail for edge in graph.edges if edge.head in on_path | boxes and edge.flows}
    on_path |= boxes & tails
    nodes = tuple(replace(node, marked=node.id in on_path) for node in graph.nodes)
    edges = tuple(
        replace(edge, marked=edge.flows and edge.tail in on_path and edge.head in on_path)
        for edge in graph.edges
    )
    name = next((n.title for n in graph.nodes if n.id == ids[start]), "") or "it"
    count = counts[trace.root]
    lead = "1 path leads" if count == 1 else f"{count:,} paths lead"
    remark = f"{graph.remark} Along the thick arrows {lead} from {name} to the output.".strip()
    return replace(graph, nodes=nodes, edges=edges, remark=remark)


def side_by_side(first: str, second: str, headings: tuple[str, str], title: str) -> str:
    """Two SVGs as one, each under its heading."""
    (left, height), (right, other) = size_of(first), size_of(second)
    width, height = left + _GAP + right, max(height, other) + _TITLE
    style = f'font-family="{escape(SANS)}" font-size="15" font-weight="700" fill="{INK}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#ffffff"/>',
            f'<text x="14" y="19" {style}>{escape(headings[0])}</text>',
            f'<text x="{left + _GAP + 14:g}" y="19" {style}>{escape(headings[1])}</text>',
            _moved(first, 0.0),
            _moved(second, left + _GAP),
            "</svg>",
            "",
        ]
    )


def _moved(svg: str, x: float) -> str:
    return svg.replace("<svg ", f'<svg x="{x:g}" y="{_TITLE:g}" ', 1)
