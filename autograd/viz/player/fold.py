"""Which part of a graph too large to be read is drawn, and what of it as one box.

The nodes do not say which layer made them, but names do: a parameter called `model.0.weight`
belongs to `model.0`, and what is computed with it, until parameters of another layer come in, is
taken to belong there too. Where names say nothing, the part nearest to the output is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd.viz.graph import nearest

if TYPE_CHECKING:
    from autograd.node import Node
    from autograd.viz.steps import Backprop

NEAREST = 60
"""How many nodes near the output are drawn where names say nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that are drawn as one box."""

    id: str
    name: str
    nodes: tuple[Node, ...]
    operations: bool
    output: bool


def folded(steps: Backprop, most: int) -> tuple[list[Group], set[Node], str]:
    """What is drawn as one box, what not at all, and a word on that."""
    nodes = steps.nodes
    if len(nodes) <= most:
        return [], set(), ""
    groups = _groups(steps)
    if 2 <= len(groups) <= most // 2:
        inside = sum(len(group.nodes) for group in groups)
        drawn = len(nodes) - inside + len(groups)
        if drawn <= most:
            return (
                groups,
                set(),
                f"{len(nodes):,} nodes are too many to read, so {inside:,} of them are folded into "
                f"{len(groups)} boxes: a node goes with the last layer whose parameters it uses.",
            )
    shown, _ = nearest(steps.root, NEAREST)
    return (
        [],
        set(nodes) - shown,
        f"{len(shown):,} of {len(nodes):,} nodes are drawn, those nearest to the output; what led "
        "to the nodes marked ⋯ is folded away. The steps and the gradients are all there.",
    )


def scope_of(name: str) -> str:
    """The layer that a parameter's name tells: what comes before its last part.

    Example:
        >>> scope_of("model.0.weight"), scope_of("mlp.layers[1].neurons[2].w[0]"), scope_of("x")
        ('model.0', 'mlp.layers[1]', '')
    """
    if found := re.match(r".*?\blayers?\[\d+\]|.*?\.\d+(?=\.)", name):
        return found[0]
    return name.rpartition(".")[0]


def _groups(steps: Backprop) -> list[Group]:
    """One group for each layer, for what comes before, and for what comes after.

    The place of a node among the layers never decreases along an edge, so that the boxes, too,
    form a graph without cycles.
    """
    scopes: list[str] = []
    place: dict[Node, int] = {}
    long_names = {node: _long_name(steps, node) for node in steps.nodes if node.op is None}
    leaf_scope = {node: scope_of(name) for node, name in long_names.items()}
    for scope in _in_order_of_use(steps, leaf_scope):
        scopes.append(scope)
    if not scopes:
        return []
    index = {scope: i + 1 for i, scope in enumerate(scopes)}
    after = len(scopes) + 1
    for node in steps.nodes:
        if node.op is None:
            place[node] = index.get(leaf_scope[node], 0)
            continue
        most = max(place[parent] for parent in node.parents)
        # A result of the last layers that meets data of no layer, such as a target, leaves them.
        meets_data = most > 0 and all(
            (place[p] == 0 and p.requires_grad) if p.op is None else place[p] == most
            for p in node.parents
        )
        leaves = meets_data and len({p.op is None for p in node.parents}) == 2
        place[node] = after if leaves and most == len(scopes) else most
    _take_constants_along(steps, place)
    members: dict[int, list[Node]] = {}
    for node in steps.nodes:
        if node is not steps.root:
            members.setdefault(place[node], []).append(node)
    names = {0: "inputs", after: "after the layers"} | {i: s for s, i in index.items()}
    return [
        Group(f"g{i}", names[i], tuple(nodes), any(n.op for n in nodes), output=False)
        for i, nodes in sorted(members.items())
        if len(nodes) > 1
    ]


def _take_constants_along(steps: Backprop, place: dict[Node, int]) -> None:
    """Put a constant where it is first used."""
    users: dict[Node, int] = {}
    for node in steps.nodes:
        for parent in node.parents:
            users[parent] = min(users.get(parent, place[node]), place[node])
    for node in steps.nodes:
        if node.op is None and not node.requires_grad and node in users:
            place[node] = users[node]


def _long_name(steps: Backprop, node: Node) -> str:
    name = steps.names.get(node, "")
    return steps.abbreviated.get(name, name)


def _in_order_of_use(steps: Backprop, leaf_scope: dict[Node, str]) -> Iterator[str]:
    """The layers, in the order in which the computation gets to them."""
    seen: set[str] = set()
    for node in steps.nodes:
        for parent in node.parents:
            scope = leaf_scope.get(parent, "")
            if scope and scope not in seen:
                seen.add(scope)
                yield scope
