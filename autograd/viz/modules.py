"""Which module a node belongs to, and pictures in which a module is one box.

Nodes do not say which module made them, but names do: a parameter called `model.0.weight` belongs
to `model.0`, and what is computed with it is taken to belong there too, until parameters of another
module come in, results of two modules meet, or a loss begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
    shape: tuple[int, ...] | None = None
    """Of what leaves it, if that is an array."""

    @property
    def box(self) -> DrawnNode:
        """What is drawn."""
        computed = [node for node in self.nodes if node.op is not None]
        rows = [("nodes", f"{len(self.nodes):,}")]
        size = sum(np.size(n.data) for n in self.nodes if n.op is None and n.requires_grad)
        if size and computed:
            rows.append(("params", f"{size:,}"))
        if self.shape is not None:
            rows.append(("out", shape_text(self.shape)))
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
    """One group for each module, for what comes before them, and for what comes after.

    A result belongs to the module whose parameters it was made with, and so does what is made of
    it alone. Where the results of two modules meet, the result belongs to neither; and a loss
    belongs to no model. A module that is used again after another one has a box for each use, so
    that the boxes, too, form a graph without cycles.

    Args:
        nodes: In topological order.
        names: The full names of the nodes that have one.
        module: Gives the module that a name tells; "" for none.
    """
    own = {node: module(names.get(node, "")) for node in nodes if node.op is None}
    if not any(own.values()):
        return []
    places = _Places(nodes, own, {node for node in own if not names.get(node)})
    members: dict[tuple[str, int], list[Node]] = {}
    for node in nodes[:-1]:
        key = places.of(node)
        if key is not None:
            members.setdefault(key, []).append(node)
    groups: list[Group] = []
    for name, stage in sorted(members, key=lambda key: (key[1], key[0])):
        inside = members[name, stage]
        least = 1 if name not in (INPUTS, AFTER) else 3
        if len(inside) > least:
            groups.append(Group(f"g{len(groups) + 1}", name, tuple(inside), _shape(inside, places)))
    return groups


INPUTS, AFTER = "inputs", "after the modules"


class _Places:
    """The module of each node, and a stage that grows along every edge between two boxes."""

    def __init__(self, nodes: Sequence[Node], own: Mapping[Node, str], nameless: set[Node]) -> None:
        self.module: dict[Node, str] = dict(own)
        self.stage: dict[Node, int] = dict.fromkeys(own, 0)
        self.users: dict[Node, list[Node]] = {node: [] for node in nodes}
        for node in nodes:
            for parent in node.parents:
                self.users[parent].append(node)
        self._parametric = {node for node, name in own.items() if name}
        self._after = self._last_part(nodes)
        self._along: set[Node] = set()
        for node in nodes:
            if node.op is not None:
                self.module[node] = self._module_of(node)
                self.stage[node] = max(map(self._stage_after(node), node.parents), default=0)
        for node in reversed(nodes):  # what is only handed to one box goes with it
            if node.op is None or node in self._parametric:
                self._go_along(node, node in nameless)

    def of(self, node: Node) -> tuple[str, int] | None:
        """The box of a node; None if it stands by itself."""
        if name := self.module[node]:
            return name, self.stage[node]
        if node in self._along or (node in self._after and node.op is not None):
            return AFTER, 1 + max(self.stage.values())
        return (INPUTS, -1) if self.stage[node] == 0 else None

    def _last_part(self, nodes: Sequence[Node]) -> set[Node]:
        """The results that no module uses any more; what is made of parameters alone is found."""
        for node in nodes:
            modules = {self.module.get(parent) for parent in node.parents}
            if node.op is not None and all(p in self._parametric for p in node.parents):
                self._parametric.add(node)
                self.module[node] = modules.pop() or "" if len(modules) == 1 else ""
        after: set[Node] = set()
        for node in reversed(nodes):
            uses = self.users[node]
            if all(u in after and not self._parametric.intersection(u.parents) for u in uses):
                after.add(node)
        return after - self._parametric

    def _module_of(self, node: Node) -> str:
        if node in self._parametric:
            return self.module[node]
        by_parameters = {self.module[p] for p in node.parents if p in self._parametric}
        if by_parameters:
            return by_parameters.pop() if len(by_parameters) == 1 else ""
        flowing = {self.module[p] for p in node.parents if p.op is not None}
        if len(flowing) != 1 or (node in self._after and self._is_loss(node)):
            return ""
        return flowing.pop()

    def _is_loss(self, node: Node) -> bool:
        """Whether the last part of a computation begins to judge: it meets data, or reduces."""
        assert node.op is not None
        meets_data = any(p.op is None and p not in self._parametric for p in node.parents)
        dims = [np.ndim(parent.data) for parent in node.parents]
        is_array = isinstance(node, Tensor)
        reduces = is_array and np.ndim(node.data) < max(dims, default=0)
        return meets_data or reduces or node.op.name.endswith("cross_entropy")

    def _stage_after(self, node: Node) -> Callable[[Node], int]:
        def after(parent: Node) -> int:
            if parent.op is None:
                return 0 if not self.module[node] and not self.module[parent] else 1
            same = self.module[node] == self.module[parent] != ""
            nothing = not self.module[node] and self.stage[parent] == 0
            return self.stage[parent] + (0 if same or nothing else 1)

        return after

    def _go_along(self, node: Node, nameless: bool) -> None:
        boxes = {(self.module[user], self.stage[user]) for user in self.users[node]}
        name = self.module[node]
        fitting = sorted(stage for module, stage in boxes if module == name) if name else []
        if fitting:
            self.stage[node] = fitting[0]
        elif nameless and not node.requires_grad and len(boxes) == 1:
            self.module[node], self.stage[node] = boxes.pop()
            if not self.module[node] and self.users[node][0] in self._after:
                self._along.add(node)


def _shape(inside: Sequence[Node], places: _Places) -> tuple[int, ...] | None:
    """The shape of what leaves a box."""
    members = set(inside)
    leaving = [
        node
        for node in inside
        if node.op is not None and not members.issuperset(places.users[node])
    ]
    return leaving[-1].shape if leaving and isinstance(leaving[-1], Tensor) else None


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
