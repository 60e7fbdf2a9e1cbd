"""The boxes in the record of a pass, and the pictures in which they are open: see README.md."""

from __future__ import annotations

from typing import Any

from autograd.viz.boxes import is_operation
from autograd.viz.outline import BoxStep, Outline, handed_back
from autograd.viz.player.picture import Picture, picture_of
from autograd.viz.player.values import value
from autograd.viz.steps import Pass
from autograd.viz.trace import Box, Node
from autograd.viz.views import boxes_record, views_of

Record = dict[str, Any]


def add_boxes(trace: Record, steps: Pass, picture: Picture, index: dict[Node, int]) -> None:
    """Add the boxes of a pass and the pictures in which they are closed or open."""
    if not steps.boxes:
        return
    views = list(views_of(steps, picture.folding))
    others = [picture_of(steps, folding) for _, folding in views[1:]]
    boxes, record = boxes_record(steps, views)
    trace |= record
    places = {box: g for g, box in enumerate(boxes)}
    around = {inner: places[box] for box in boxes for inner in box.inner}
    leaving: dict[Node, list[int]] = {}
    for k in range(len(steps)):
        leaving.setdefault(steps.ends_of(k)[0], []).append(k)
    for box, group in zip(boxes, trace["groups"], strict=True):
        group |= {
            "shows": index[box.results[0]] if is_operation(box) else -1,
            "in": around.get(box, -1),
            "out": [index[node] for node in box.results],
            "size": f"{len(box.nodes):,}",
            "passes": [_pass(step, index) for step in handed_back(steps, box, leaving)],
        }
        for node in box.nodes:
            trace["nodes"][index[node]]["group"] = places[box]  # the inner ones come later
    for view, one in zip(trace["views"], [picture, *others], strict=True):
        view.update(_view(steps, one, places, index))
    trace["pictures"] = [one.svg for one in others]


def _pass(step: BoxStep, index: dict[Node, int]) -> list[Any]:
    local, to = step.local, step.parent
    return [
        index[to] if isinstance(to, Node) else -1,
        None if local is None else value(local),
        value(step.contribution),
        step.equation,
    ]


def _view(steps: Pass, picture: Picture, places: dict[Box, int], index: dict[Node, int]) -> Record:
    """A picture with the order of what happens in it."""
    ids = {f"n{i}": index[node] for i, node in enumerate(steps.nodes)}
    ids |= {box.id: -1 - places[box] for box in picture.folding.boxes}
    return {
        "forward": [
            ids[node.id]
            for node in picture.graph.nodes
            if node.kind == "operation" and "~" not in node.id
        ],
        "play": [
            [places[at[0]], ids[at[1].id] if isinstance(at[1], Box) else index[at[1]]]
            if isinstance(at, tuple)
            else at
            for at in Outline(steps, picture.folding.boxes).order
        ],
        "arrows": arrows_of(picture, index),
        "note": picture.note,
    }


def arrows_of(picture: Picture, index: dict[Node, int]) -> Record:
    """For each operand whose arrow in a picture has another id than "n7.0", that id."""
    return {
        f"{index[node]}.{k}": arrow for (node, k), arrow in picture.arrows.items() if node in index
    }
