"""What a picture shows of a trace: the one way from a graph to boxes and arrows.

A graph too large to be read is folded: into one box for each module where names tell modules,
else to its part nearest to the output. A leaf that is used often would be drawn with long lines
across everything; so, where it is asked for, it is drawn once with its numbers, where it is first
used, and elsewhere as a small box with its name. The id of such a box is that of the leaf with what
it is for: "n3~n17.0" is node 3 again, as operand 0 of 17.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.viz import notation
from autograd.viz.graph import FOLDED_TO, DrawnEdge, DrawnGraph, DrawnNode, nearest
from autograd.viz.modules import Group, groups_of, layer_of, module_of
from autograd.viz.text import NOT_REACHED, lines_of, number, numbers, printable, shape_text
from autograd.viz.trace import Node, Trace, is_array

OFTEN = 3
"""A leaf with more uses than this is drawn again for each of them."""

MANY = 12
"""A sum of more terms is one box."""

_ROOM = "-0.1234"  # at arrows, since numbers change while stepping


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of a trace, and where each node of it is found in the picture.

    Attributes:
        graph: The boxes and arrows.
        boxes: For each node that has no box of its own but is drawn, the id of the box.
        arrows: For each operand whose arrow has another id than "n7.0", that id.
        shown: The nodes that are drawn by themselves.
    """

    graph: DrawnGraph
    boxes: Mapping[Node, str]
    arrows: Mapping[tuple[Node, int], str]
    shown: frozenset[Node]


def drawn(
    trace: Trace,
    most: int,
    depth: int | None = None,
    gradient: Callable[[Node], Any] = lambda node: node._grad,
    again: bool = False,
) -> Drawn:
    """Decide what a picture of a trace shows.

    Args:
        trace: The graph.
        most: A graph with more nodes is folded.
        depth: Draw each module as one box, to so many parts of its name.
        gradient: Gives what is shown as the gradient of a node; None where nothing has arrived.
        again: Whether leaves that are used often are drawn for each use, arrows have room, and
            names are those of the formulas beside.
    """
    groups, dropped, remark = _folded(trace, most, depth)
    ids = {node: f"n{i}" for i, node in enumerate(trace.nodes)}
    boxes = {node: group.id for group in groups for node in group.nodes}
    with np.errstate(all="ignore"):  # a picture does not warn of numbers that are there already
        nodes = {group.id: _group_box(group) for group in groups}
        for node in trace.nodes:
            if node not in boxes and node not in dropped:
                nodes[ids[node]] = _box(trace, node, ids[node], gradient, dropped, again)
        edges, arrows = _edges(trace, ids | boxes, dropped, again)
    if again:
        nodes, edges, repeated = _with_aliases(nodes, edges)
        if repeated:
            names = ", ".join(sorted(repeated))
            remark = f"{remark} Each small box {names} is the leaf of that name again.".strip()
    graph = DrawnGraph(operands_first(nodes, edges), tuple(edges), len(trace.nodes), remark)
    shown = frozenset(node for node in trace.nodes if node not in boxes and node not in dropped)
    return Drawn(graph, boxes, arrows, shown)


def _folded(trace: Trace, most: int, depth: int | None) -> tuple[list[Group], set[Node], str]:
    """What is drawn as one box, what not at all, and a word on that."""
    nodes = trace.nodes
    if depth is None and len(nodes) <= most:
        return _sums(trace), set(), ""
    codes = {node: trace.code(node) for node in nodes}
    if depth is not None:
        groups = groups_of(nodes, codes, lambda name: module_of(name, depth))
        if not groups:
            return [], set(), "No parameter's name tells a module, so every node is drawn."
        parts = [f"{group.name} ({len(group.nodes):,} nodes)" for group in groups[:6]]
        more = ", …" if groups[6:] else ""
        return groups, set(), f"Drawn as one box each: {', '.join(parts)}{more}."
    groups = groups_of(nodes, codes, layer_of)
    inside = sum(len(group.nodes) for group in groups)
    if len(groups) > 1 and len(nodes) - inside + len(groups) <= most:
        remark = (
            f"{len(nodes):,} nodes are too many to read, so {inside:,} of them are folded into "
            f"{len(groups)} boxes, one for each layer."
        )
        return groups, set(), remark
    shown, _ = nearest(trace.root, min(most, FOLDED_TO))
    return [], set(nodes) - shown, ""


def _sums(trace: Trace) -> list[Group]:
    """Sums of many terms, each as one box: additions of which each is used by the next alone."""
    chains: dict[Node, list[Node]] = {}  # by the last addition so far
    for node in trace.nodes:
        if trace.operation(node) == "add" and node is not trace.root:
            before = next((p for p in node.parents if p in chains), None)
            alone = before is not None and len(trace.uses[before]) == 1
            chain = chains.pop(before) if before is not None and alone else []
            chain.append(node)
            chains[node] = chain
    many = [chain for chain in chains.values() if len(chain) >= MANY]
    return [
        Group(f"g{k}", f"Σ of {len(chain) + 1} terms", tuple(chain))
        for k, chain in enumerate(many, start=1)
    ]


def _group_box(group: Group) -> DrawnNode:
    computed = [node for node in group.nodes if node.parents]
    rows = [("nodes", f"{len(group.nodes):,}")]
    size = sum(np.size(n.data) for n in group.nodes if not n.parents and n.requires_grad)
    if size and computed:
        rows.append(("params", f"{size:,}"))
    if group.shape is not None:
        rows.append(("out", shape_text(group.shape)))
    kind: Any = "operation" if computed else "leaf"
    return DrawnNode(group.id, kind, "", lines_of(group.name), tuple(rows), folded=True)


def _box(
    trace: Trace,
    node: Node,
    id_: str,
    gradient: Callable[[Node], Any],
    dropped: set[Node],
    short: bool,
) -> DrawnNode:
    rows = []
    if is_array(node) and (np.ndim(node.data) or node.requires_grad):
        rows.append(("shape", shape_text(np.shape(node.data))))
        rows += trace.given_arguments(node)
    rows += rows_of("data", trace.value(node))
    if node.requires_grad:
        rows += rows_of("grad", gradient(node))
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
    label, name = trace.label(node), trace.names.get(node, "")
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
    trace: Trace, ids: Mapping[Node, str], dropped: set[Node], room: bool
) -> tuple[list[DrawnEdge], dict[tuple[Node, int], str]]:
    """The arrows; those between the same two boxes, one of which is folded, become one."""
    edges: list[DrawnEdge] = []
    arrows: dict[tuple[Node, int], str] = {}
    counts: dict[str, int] = {}
    between: dict[tuple[str, str], str] = {}
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
            label = "" if local is None else number(local)
            edge = DrawnEdge(tail, head, place, label, flows, room=_ROOM if room else "")
            edges.append(edge)
            between[tail, head] = edge.id
            if is_group or place != k:
                arrows[node, k] = edge.id
    return edges, arrows


def _with_aliases(
    nodes: dict[str, DrawnNode], edges: list[DrawnEdge]
) -> tuple[dict[str, DrawnNode], list[DrawnEdge], set[str]]:
    """Give leaves that are used often a small box for each use but the first."""
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
    return nodes, result, {" ".join(nodes[id_].name) for id_ in often}


def operands_first(
    boxes: Mapping[str, DrawnNode], edges: Sequence[DrawnEdge]
) -> tuple[DrawnNode, ...]:
    """The boxes in the order in which the formula of the output names them."""
    operands: dict[str, list[str]] = {}
    for edge in edges:
        operands.setdefault(edge.head, []).append(edge.tail)
    output = next(box.id for box in boxes.values() if box.output)
    order: list[DrawnNode] = []
    seen: set[str] = set()
    stack = [(output, False)]
    while stack:
        id_, operands_done = stack.pop()
        if operands_done:
            order.append(boxes[id_])
        elif id_ not in seen:
            seen.add(id_)
            stack.append((id_, True))
            stack.extend((tail, False) for tail in reversed(operands.get(id_, [])))
    return tuple(order)
