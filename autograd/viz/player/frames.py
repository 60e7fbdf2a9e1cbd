"""A backward pass as one picture for each step: for slides and papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from autograd.viz import exercise
from autograd.viz.drawn import rows_of
from autograd.viz.player.picture import Picture
from autograd.viz.scene import Scene, scene
from autograd.viz.steps import Pass
from autograd.viz.trace import Node


def frames(steps: Pass, picture: Picture) -> Iterator[tuple[Scene, str]]:
    """The picture at the start of the pass and after each step between nodes that are drawn."""
    ids = {node: f"n{i}" for i, node in enumerate(steps.nodes)} | dict(picture.boxes)
    totals: dict[Node, Any] = {steps.root: steps.seed}
    yield (
        _frame(steps, picture, totals, ids[steps.root], ""),
        f"Backward, from {exercise.start(steps)}",
    )
    drawn = picture.shown | set(picture.boxes)
    for k in range(len(steps)):
        node, position, parent = steps.ends_of(k)
        if not {node, parent} <= drawn:
            continue
        step = steps[k]
        totals[parent] = step.after
        arrow = picture.arrows.get((node, position), f"{ids[node]}.{position}")
        yield _frame(steps, picture, totals, ids[parent], arrow), str(step)


def _frame(steps: Pass, picture: Picture, totals: dict[Node, Any], box: str, arrow: str) -> Scene:
    nodes = []
    for node in picture.graph.nodes:
        rows = node.rows
        at = next((i for i, (what, _) in enumerate(rows) if what == "grad"), None)
        if at is not None:
            rows = (*rows[:at], *rows_of("grad", totals.get(picture.stands[node.id])))
        nodes.append(replace(node, rows=rows, marked=node.id == box))
    edges = tuple(replace(edge, marked=edge.id == arrow) for edge in picture.graph.edges)
    graph = replace(picture.graph, nodes=tuple(nodes), edges=edges)
    return scene(graph, picture.layout)
