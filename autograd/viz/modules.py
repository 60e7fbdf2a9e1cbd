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

from autograd.viz.trace import Node, is_array


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that are drawn as one box."""

    id: str
    name: str
    nodes: tuple[Node, ...]
    shape: tuple[int, ...] | None = None
    """Of what leaves it, if that is an array."""


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
    own = {node: module(names.get(node, "")) for node in nodes if not node.parents}
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
            if node.parents:
                self.module[node] = self._module_of(node)
                self.stage[node] = max(map(self._stage_after(node), node.parents), default=0)
        for node in reversed(nodes):  # what is only handed to one box goes with it
            if not node.parents or node in self._parametric:
                self._go_along(node, node in nameless)

    def of(self, node: Node) -> tuple[str, int] | None:
        """The box of a node; None if it stands by itself."""
        if name := self.module[node]:
            return name, self.stage[node]
        if node in self._along or (node in self._after and node.parents):
            return AFTER, 1 + max(self.stage.values())
        return (INPUTS, -1) if self.stage[node] == 0 else None

    def _last_part(self, nodes: Sequence[Node]) -> set[Node]:
        """The results that no module uses any more; what is made of parameters alone is found."""
        for node in nodes:
            modules = {self.module.get(parent) for parent in node.parents}
            if node.parents and all(p in self._parametric for p in node.parents):
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
        flowing = {self.module[p] for p in node.parents if p.parents}
        if len(flowing) != 1 or (node in self._after and self._is_loss(node)):
            return ""
        return flowing.pop()

    def _is_loss(self, node: Node) -> bool:
        """Whether the last part of a computation begins to judge: it meets data, or reduces."""
        meets_data = any(not p.parents and p not in self._parametric for p in node.parents)
        dims = [np.ndim(parent.data) for parent in node.parents]
        reduces = is_array(node) and np.ndim(node.data) < max(dims, default=0)
        return meets_data or reduces or str(getattr(node.op, "name", "")).endswith("cross_entropy")

    def _stage_after(self, node: Node) -> Callable[[Node], int]:
        def after(parent: Node) -> int:
            if not parent.parents:
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
        node for node in inside if node.parents and not members.issuperset(places.users[node])
    ]
    return np.shape(leaving[-1].data) if leaving and is_array(leaving[-1]) else None
