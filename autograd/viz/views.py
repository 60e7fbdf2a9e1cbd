"""Which pictures there are of a graph with boxes: for each box that is opened, or closed, one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.viz import notation
from autograd.viz.boxes import closed
from autograd.viz.drawn import Folding
from autograd.viz.exercise import box_text
from autograd.viz.trace import Box, Trace

MOST_DRAWN = 150
"""A picture with an opened box draws at most so many nodes."""

MOST_IN_ALL = 400
"""So many boxes are drawn in all pictures of boxes that are opened; the last ones come first."""

View = tuple[list[Box], Folding]
"""The boxes that are open in a picture, the outer ones first, and what is closed or left out."""


def views_of(trace: Trace, first: Folding) -> Iterator[View]:
    """The first picture, and one for each box that can be opened or closed.

    Those that are closed in the first picture are opened, then those inside of them; those that
    are open in it are closed.
    """
    shut = {one for box in first.boxes for one in box.all}
    shown = [box for outer in trace.boxes for box in outer.all if box not in shut]
    yield shown, first
    if first.dropped:
        return
    room = MOST_IN_ALL
    waiting = [[*shown, box] for box in reversed(first.boxes)]
    waiting += [[box for box in shown if box not in set(one.all)] for one in shown]
    while waiting:
        are_open = waiting.pop(0)
        known = set(are_open)
        boxes = tuple(closed(trace.boxes, known.__contains__))
        count = len(trace.nodes) - sum(len(one.nodes) for one in boxes) + len(boxes)
        if count <= min(MOST_DRAWN, room):
            room -= count
            yield are_open, Folding(boxes)
            if are_open and are_open[-1] not in shown:
                waiting += [[*are_open, one] for one in reversed(are_open[-1].inner)]


def boxes_record(trace: Trace, views: Sequence[View]) -> tuple[list[Box], dict[str, Any]]:
    """The boxes in these pictures, and what a script must know to open and close them."""
    seen = {box for are_open, folding in views for box in (*are_open, *folding.boxes)}
    boxes = [box for outer in trace.boxes for box in outer.all if box in seen]
    places = {box: g for g, box in enumerate(boxes)}
    counts = Counter(box.name for box in boxes)

    def made(box: Box) -> str:
        """Where another box has its name, what it makes."""
        result = notation.name(trace.names.get(box.results[0], "")).text
        return f" → {result}" if counts[box.name] > 1 else ""

    groups = [
        {"id": box.id, "name": box.name, "text": box_text(trace, box), "made": made(box)}
        for box in boxes
    ]
    shown = [{"open": [places[box] for box in are_open]} for are_open, _ in views]
    return boxes, {"groups": groups, "views": shown}
