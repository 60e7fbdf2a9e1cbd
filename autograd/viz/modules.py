"""Which module a node belongs to, and pictures in which a module is one box.

Nodes do not say which module made them, but names do: a parameter called `model.0.weight` belongs
to `model.0`, and what is computed with it, until parameters of another module come in, is taken to
belong there too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autograd.node import Node, topological
from autograd.tensor import Tensor
from autograd.viz.graph import (
    DrawnEdge,
    DrawnGraph,
    DrawnNode,
    Kind,
    drawn_edge,
    drawn_node,
)
from autograd.viz.text import lines_of, shape_text


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that are drawn as one box."""

    id: str
    name: str
    nodes: tuple[Node, ...]

    @property
    def box(self) -> DrawnNode:
        """What is drawn."""
        computed = [node for node in self.nodes if node.op is not None]
        rows = [("nodes", f"{len(self.nodes):,}")]
        size = sum(np.size(n.data) for n in self.nodes if n.op is None and n.requires_grad)
        if size and computed:
            rows.append(("params", f"{size:,}"))
        if computed and isinstance(computed[-1], Tensor):
            rows.append(("out", shape_text(computed[-1].shape)))
        kind: Kind = "operation" if computed else "leaf"
        return DrawnNode(
            self.id,
            kind,
            "",
            lines_of(self.name),
            tuple(rows),
            folded=True,
        )


def module_of(name: str, depth: int) -> str:
    """The module that a parameter's name tells, to a depth of so many parts.

    Example:
        >>> [module_of("model.0.weight", depth) for depth in (1, 2, 3)]
        ['model', 'model.0', 'model.0']
        >>> module_of("mlp.layers[1].neurons[2].w[0]", 2)
        'mlp.layers[1]'
    """
    return ".".join(name.split(".")[:-1][:depth])


def layer_of(name: str) -> str:
    """The layer that a parameter's name tells: up to the first number, else all but the last part.

    Example:
        >>> layer_of("model.0.weight"), layer_of("mlp.layers[1].neurons[2].w[0]"), layer_of("x")
        ('model.0', 'mlp.layers[1]', '')
    """
    if found := re.match(r".*?\blayers?\[\d+\]|.*?\.\d+(?=\.)", name):
        return found[0]
    return name.rpartition(".")[0]


def groups_of(
    nodes: Sequence[Node], names: Mapping[Node, str], module: Callable[[str], str]
) -> list[Group]:
    """One group for each module, and for what comes before and after; the root is in none.

    The place of a node among the modules never decreases along an edge, so that the boxes, too,
    form a graph without cycles.

    Args:
        nodes: In topological order.
        names: The full names of the nodes that have one.
        module: Gives the module that a name tells; "" for none.
    """
    own = {node: module(names.get(node, "")) for node in nodes if node.op is None}
    modules = list(_in_order_of_use(nodes, own))
    if not modules:
        return []
    index = {name: i + 1 for i, name in enumerate(modules)}
    after = len(modules) + 1
    place: dict[Node, int] = {}
    for node in nodes:
        if node.op is None:
            place[node] = index.get(own[node], 0)
        else:
            most = max(place[parent] for parent in node.parents)
            left = most == len(modules) and _meets_data(node, place, most)
            place[node] = after if left else most
    _take_constants_along(nodes, place)
    members: dict[int, list[Node]] = {}
    for node in nodes[:-1]:
        members.setdefault(place[node], []).append(node)
    titles = {0: "inputs", after: "after the modules"} | {i: name for name, i in index.items()}
    return [
        Group(f"g{i}", titles[i], tuple(inside))
        for i, inside in sorted(members.items())
        if len(inside) > 1
    ]


def _meets_data(node: Node, place: Mapping[Node, int], most: int) -> bool:
    """Whether a result of the last module meets data of no module, such as a target."""
    leaves = [p for p in node.parents if p.op is None and place[p] == 0]
    data = [p for p in leaves if p.requires_grad or np.size(p.data) > 1]
    results = [p for p in node.parents if p.op is not None and place[p] == most]
    return bool(data and results) and len(data) + len(results) == len(node.parents)


def _take_constants_along(nodes: Sequence[Node], place: dict[Node, int]) -> None:
    """Put a constant where it is first used."""
    users: dict[Node, int] = {}
    for node in nodes:
        for parent in node.parents:
            users[parent] = min(users.get(parent, place[node]), place[node])
    for node in nodes:
        if node.op is None and not node.requires_grad and node in users:
            place[node] = users[node]


def _in_order_of_use(nodes: Sequence[Node], own: Mapping[Node, str]) -> Iterator[str]:
    """The modules, in the order in which the computation gets to them."""
    seen: set[str] = set()
    for node in nodes:
        for parent in node.parents:
            name = own.get(parent, "")
            if name and name not in seen:
                seen.add(name)
                yield name


# --- pictures ---------------------------------------------------------------------------------


def modules_graph(
    root: Node, find_names: Callable[[set[Node]], dict[Node, str]], depth: int
) -> DrawnGraph:
    """A picture in which every module, to a depth of so many parts of its name, is one box."""
    order = topological(root)
    names = find_names(set(order))
    groups = groups_of(order, names, lambda name: module_of(name, depth))
    inside = {node: group.id for group in groups for node in group.nodes}
    ids = {node: inside.get(node, f"n{i}") for i, node in enumerate(order)}
    boxes = {group.id: group.box for group in groups}
    with np.errstate(all="ignore"):
        for node in order:
            if node not in inside:
                name = names.get(node, "")
                boxes[ids[node]] = drawn_node(node, ids[node], name, node is root, False)
        edges = tuple(merged_edges(order, ids).values())
    parts = [f"{group.name} ({len(group.nodes):,} nodes)" for group in groups[:6]]
    remark = f"Drawn as one box each: {', '.join(parts)}{', …' if groups[6:] else ''}."
    if not groups:
        remark = "No parameter's name tells a module, so every node is drawn."
    return DrawnGraph(operands_first(boxes, edges), edges, len(order), remark)


def merged_edges(
    order: Sequence[Node], ids: Mapping[Node, str]
) -> dict[tuple[str, int], DrawnEdge]:
    """The arrows by box and position; of those between two boxes, one a module, only the first."""
    edges: dict[tuple[str, int], DrawnEdge] = {}
    counts: dict[str, int] = {}
    met = set()
    for node in order:
        for k, parent in enumerate(node.parents):
            tail, head = ids[parent], ids[node]
            is_module = "g" in (tail[0], head[0])
            if tail == head or (is_module and (tail, head) in met):
                continue
            met.add((tail, head))
            position = counts[head] = counts.get(head, -1) + 1
            edge = drawn_edge(node, k, tail, head)
            label = "" if is_module else edge.label
            edges[head, position] = DrawnEdge(tail, head, position, label, edge.flows)
    return edges


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
