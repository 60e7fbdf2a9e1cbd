"""What a picture shows of a trace: the one way from a graph to boxes and arrows.

Parts of it are closed boxes: compositions, sums of many terms and most of these terms, and of a
graph too large to be read the modules. Where names tell none, only what is nearest to the output is
drawn. A leaf that is used often would be drawn with long lines across everything; so, where it is
asked for, it is drawn once with its numbers, where it is first used, and elsewhere as a small box
with its name. The id of such a box is that of the leaf with what it is for: "n3~n17.0" is node 3
again, as operand 0 of 17.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograd.viz import notation
from autograd.viz.boxes import closed, is_layer, is_operation, longest_path
from autograd.viz.equation import shortened
from autograd.viz.graph import (
    FOLDED_TO,
    LEGEND,
    DrawnEdge,
    DrawnGraph,
    DrawnNode,
    nearest,
    operands_first,
)
from autograd.viz.layout import Layout, place
from autograd.viz.scene import scene, sizes
from autograd.viz.svg import to_svg
from autograd.viz.text import (
    NOT_REACHED,
    constant,
    counted,
    lines_of,
    number,
    numbers,
    printable,
    shape_text,
)
from autograd.viz.trace import Box, Node, Trace, is_array

MOST_IN_A_ROW = 16
"""Where a path has more columns than that, and names tell modules, each layer is a box."""

OFTEN = 3
"""A leaf with more uses than this is drawn again for each of them."""

# at arrows, and in boxes, since numbers change while stepping
_ROOM, _LEAST_WIDTH = "-0.1234", 130.0


@dataclass(frozen=True)
class Drawn:
    """What is drawn of a trace, and where each node of it is found in the picture.

    Attributes:
        graph: The boxes and arrows.
        boxes: For each node that has no box of its own but is drawn, the id of the box.
        arrows: For each operand whose arrow has another id than "n7.0", that id.
        stands: The node whose number or array is in a box, by the id of the box.
        folding: Which boxes are closed, and what is left out.
    """

    graph: DrawnGraph
    boxes: Mapping[Node, str]
    arrows: Mapping[tuple[Node, int], str]
    stands: Mapping[str, Node]
    folding: Folding

    @cached_property
    def layout(self) -> Layout:
        """Where everything is."""
        return place(self.graph, *sizes(self.graph))

    @cached_property
    def svg(self) -> str:
        """The picture as SVG, which turns dark with what is around it."""
        return to_svg(scene(self.graph, self.layout), self.graph.sentence)


@dataclass(frozen=True, slots=True)
class Folding:
    """What is not drawn node by node.

    Attributes:
        boxes: The closed boxes.
        dropped: Nodes that are left out.
        remark: A word on that.
    """

    boxes: tuple[Box, ...]
    dropped: frozenset[Node] = frozenset()
    remark: str = ""


def drawn(
    trace: Trace,
    folding: Folding,
    legend: str = "",
) -> Drawn:
    """Decide what a picture of a trace shows.

    Args:
        trace: The graph.
        folding: What is drawn as one box, and what not at all.
        legend: In a player, what the numbers on arrows are. There leaves that are used often are
            drawn for each use, arrows and boxes have room for other numbers, and names are those of
            the formulas beside.
    """
    dropped, remark, again = folding.dropped, folding.remark, bool(legend)
    ids = {node: f"n{i}" for i, node in enumerate(trace.nodes)}
    boxes = {node: box.id for box in folding.boxes for node in box.nodes}
    with np.errstate(all="ignore"):  # a picture does not warn of numbers that are there already
        nodes = {box.id: _closed_box(trace, box) for box in folding.boxes}
        for node in trace.nodes:
            if node not in boxes and node not in dropped:
                nodes[ids[node]] = _box(trace, node, ids[node], dropped, again)
        edges, arrows = _edges(trace, ids | boxes, folding, again)
    if again:
        for id_, box in nodes.items():
            if box.kind != "constant":
                nodes[id_] = replace(box, least=_LEAST_WIDTH)
        nodes, edges, repeated = _with_aliases(nodes, edges)
        if repeated:
            names = ", ".join(shortened(repeated, 6, "…"))
            remark = f"{remark} Each small box {names} is the leaf of that name again.".strip()
    shown = _ordered(nodes, edges), tuple(edges)
    graph = DrawnGraph(*shown, len(trace.nodes), remark, legend or LEGEND)
    stands = {ids[node]: node for node in trace.nodes if node not in boxes and node not in dropped}
    stands |= {box.id: box.results[0] for box in folding.boxes if is_operation(box)}
    return Drawn(graph, boxes, arrows, stands, folding)


def folded(trace: Trace, most: int, depth: int | None = None) -> Folding:
    """Decide which boxes are closed until somebody opens them.

    Args:
        trace: The graph.
        most: A graph of more nodes is folded; a composition or a long sum counts as one, and so
            do the terms in the middle of that.
        depth: Close modules whose names have so many parts.
    """
    nodes = trace.nodes
    if depth == 0 and len(nodes) <= most:
        return Folding(())
    if depth:
        boxes = tuple(closed(trace.boxes, lambda box: 0 < box.level < depth))
        modules = [box for box in boxes if box.level or box.kind in ("part", "repeated")]
        if not modules:
            remark = "No parameter's name tells a module, so every node is drawn."
            return Folding(boxes, remark=remark)
        parts = [f"{box.name} ({len(box.nodes):,} nodes)" for box in modules[:6]]
        more = ", …" if modules[6:] else ""
        return Folding(boxes, remark=f"Drawn as one box each: {', '.join(parts)}{more}.")
    named = tuple(closed(trace.boxes, lambda box: box.kind in ("module", "part", "repeated")))
    count = len(nodes) - sum(len(box.nodes) - 1 for box in named)
    has_modules = any(box.level for box in trace.boxes)
    if count > most or (has_modules and count > FOLDED_TO):
        return _too_many(trace, most, "many")
    if has_modules and longest_path(nodes, named) > MOST_IN_A_ROW:
        return _too_many(trace, most, "long a row")
    return Folding(named)


def _too_many(trace: Trace, most: int, what: str) -> Folding:
    """How a graph too large to be read is folded: a box for each layer, or all but the end."""
    nodes = trace.nodes
    boxes = tuple(closed(trace.boxes, lambda box: not is_layer(box)))
    inside = sum(len(box.nodes) for box in boxes)
    if boxes and len(nodes) - inside + len(boxes) <= most:
        each = ", one for each layer" if boxes[1:] and any(box.level for box in boxes) else ""
        remark = (
            f"{len(nodes):,} nodes are too {what} to read, so {inside:,} of them are folded into "
            f"{counted(len(boxes), 'box')}{each}."
        )
        return Folding(boxes, remark=remark)
    shown, _ = nearest(trace.root, min(most, FOLDED_TO))
    return Folding((), frozenset(nodes) - shown)


def _closed_box(trace: Trace, box: Box) -> DrawnNode:
    computed = any(node.parents for node in box.nodes)
    rows: list[tuple[str, str]] = []
    if is_operation(box):
        result = box.results[0]
        if is_array(result):
            rows.append(("shape", shape_text(np.shape(result.data))))
        rows += rows_of("data", trace.value(result))
        rows += rows_of("grad", trace.gradient(result)) if result.requires_grad else []
    else:
        rows.append(("nodes", f"{len(box.nodes):,}"))
    size = sum(np.size(n.data) for n in box.nodes if not n.parents and n.requires_grad)
    if size and computed:
        rows.append(("params", f"{size:,}"))
    if box.shape is not None and not is_operation(box):
        rows.append(("out", shape_text(box.shape)))
    kind: Any = "operation" if computed else "leaf"
    output = any(node is trace.root for node in box.results)
    symbol, name = "", lines_of(box.name)
    if is_operation(box):
        symbol, name = box.name, lines_of(notation.name(trace.names[box.results[0]]).text)
    return DrawnNode(box.id, kind, symbol, name, tuple(rows), output=output, folded=True)


def _box(trace: Trace, node: Node, id_: str, dropped: frozenset[Node], short: bool) -> DrawnNode:
    rows = []
    if is_array(node) and (np.ndim(node.data) or node.requires_grad):
        rows.append(("shape", shape_text(np.shape(node.data))))
        rows += trace.given_arguments(node)
    data = trace.value(node)
    is_number = trace.kind(node) == "constant" and isinstance(data, float)
    rows += [("data", constant(data))] if is_number else rows_of("data", data)
    if node.requires_grad:
        rows += rows_of("grad", trace.gradient(node))
    return DrawnNode(
        id=id_,
        kind=trace.kind(node),
        symbol=trace.sign(node),
        name=_name_lines(trace, node, short),
        rows=tuple(rows),
        output=node is trace.root,
        folded=any(parent in dropped for parent in node.parents),
        code=trace.code(node),
    )


def _name_lines(trace: Trace, node: Node, short: bool) -> tuple[str, ...]:
    """The name as it is written in formulas; where none stand beside, a label as it was typed."""
    label, name = str(node.label), trace.names.get(node, "")
    typed = not short and trace.code(node) == printable(" ".join(label.split()))
    if typed and label and label != name:
        return lines_of(label)
    return lines_of(notation.name(name).text) if name else ()


def rows_of(what: str, x: object) -> list[tuple[str, str]]:
    """A number or an array as the rows of a box; only a small array is written out."""
    if x is None:
        return [(what, NOT_REACHED)]
    if isinstance(x, tuple):
        return [(what, getattr(x, "summary", "…"))]
    return [(what if i == 0 else "", text) for i, text in enumerate(numbers(x))]


def _edges(
    trace: Trace, ids: Mapping[Node, str], folding: Folding, room: bool
) -> tuple[list[DrawnEdge], dict[tuple[Node, int], str]]:
    """The arrows; those between the same two boxes, one of which is folded, become one."""
    edges: list[DrawnEdge] = []
    arrows: dict[tuple[Node, int], str] = {}
    counts: dict[str, int] = {}
    between: dict[tuple[str, str], str] = {}
    dropped = folding.dropped
    # a closed box that is like an operation on numbers has local derivatives, too
    closed_boxes = () if room else filter(is_operation, folding.boxes)
    factors = {box.id: trace.factors(box) for box in closed_boxes}
    for node in trace.nodes:
        if node in dropped or any(p in dropped for p in node.parents):
            continue
        head = ids[node]
        for k, parent in enumerate(node.parents):
            tail = ids[parent]
            is_group = "g" in (head[0], tail[0])
            if tail == head:
                continue
            if is_group and (tail, head) in between:
                arrows[node, k] = between[tail, head]
                continue
            place = counts[head] = counts.get(head, -1) + 1
            flows = parent.requires_grad
            local = trace.partial_number(node, k) if flows and not is_group else None
            if is_group and head in factors:
                local = factors[head].get(parent)
            label = "" if local is None else number(local)
            edge = DrawnEdge(tail, head, place, label, flows, room=_ROOM if room else "")
            edges.append(edge)
            between[tail, head] = edge.id
            if is_group or place != k:
                arrows[node, k] = edge.id
    return edges, arrows


def _with_aliases(
    nodes: dict[str, DrawnNode], edges: list[DrawnEdge]
) -> tuple[dict[str, DrawnNode], list[DrawnEdge], list[str]]:
    """Give leaves that are used often a small box for each use but the first; and their names."""
    uses: dict[str, list[DrawnEdge]] = {}
    for edge in edges:
        uses.setdefault(edge.tail, []).append(edge)
    often = {
        id_: edges_[0].id
        for id_, edges_ in uses.items()
        if len(edges_) > OFTEN and nodes[id_].kind == "leaf" and id_.startswith("n")
    }
    nodes, result = dict(nodes), []
    for edge in edges:
        if edge.tail in often and edge.id != often[edge.tail]:
            leaf = nodes[edge.tail]
            again = DrawnNode(f"{leaf.id}~{edge.id}", "leaf", "", leaf.name, (), code=leaf.code)
            nodes[again.id] = again
            result.append(replace(edge, tail=again.id))
        else:
            result.append(edge)
    return nodes, result, [*dict.fromkeys(" ".join(nodes[id_].name) for id_ in often)]


def _ordered(boxes: Mapping[str, DrawnNode], edges: Sequence[DrawnEdge]) -> tuple[DrawnNode, ...]:
    """The boxes in the order in which the formula of the output names them."""
    operands: dict[str, list[str]] = {}
    for edge in edges:
        operands.setdefault(edge.head, []).append(edge.tail)
    output = next(box.id for box in boxes.values() if box.output)
    return tuple(boxes[id_] for id_ in operands_first([output], lambda at: operands.get(at, [])))


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
