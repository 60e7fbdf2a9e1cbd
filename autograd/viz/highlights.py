"""The paths from a node to the root, which stand out in a picture."""

from __future__ import annotations

from dataclasses import replace

from autograd.viz.graph import DrawnGraph
from autograd.viz.trace import Node, Trace


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
