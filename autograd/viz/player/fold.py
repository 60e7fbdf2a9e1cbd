"""Which part of a graph too large to be read is drawn, and what of it as one box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.viz.graph import nearest
from autograd.viz.modules import Group, groups_of, layer_of

if TYPE_CHECKING:
    from autograd.node import Node
    from autograd.viz.steps import Backprop

NEAREST = 60
"""How many nodes near the output are drawn where names tell no layers."""


def folded(steps: Backprop, most: int) -> tuple[list[Group], set[Node], str]:
    """What is drawn as one box, what not at all, and a word on that."""
    nodes = steps.nodes
    if len(nodes) <= most:
        return [], set(), ""
    full = {node: steps.abbreviated.get(name, name) for node, name in steps.names.items()}
    groups = groups_of(nodes, full, layer_of)
    inside = sum(len(group.nodes) for group in groups)
    if len(groups) > 1 and len(nodes) - inside + len(groups) <= most:
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
