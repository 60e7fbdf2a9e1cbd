"""Which pictures there are of a graph with boxes: for each box that is opened, or closed, one."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.viz.boxes import closed
from autograd.viz.drawn import Folding
from autograd.viz.trace import Box, Trace

MOST_IN_ALL = 400
"""So many boxes are drawn in all pictures of boxes that are opened; the last ones come first."""


def other_foldings(trace: Trace, first: Folding, most: int) -> Iterator[tuple[list[Box], Folding]]:
    """For each box that can be opened or closed, the boxes that are open then, and what is closed.

    Those that are closed in the first picture are opened, then those inside of them; those that
    are open in it are closed.

    Args:
        trace: The graph.
        first: What the first picture folds.
        most: A picture draws at most so many boxes.
    """
    if first.dropped:
        return
    room = MOST_IN_ALL
    shown = open_in(trace, first)
    waiting = [[*shown, box] for box in reversed(first.boxes)]
    waiting += [[box for box in shown if box not in set(one.all)] for one in shown]
    while waiting:
        are_open = waiting.pop(0)
        known = set(are_open)
        boxes = tuple(closed(trace.boxes, known.__contains__))
        count = len(trace.nodes) - sum(len(one.nodes) for one in boxes) + len(boxes)
        if count <= min(most, room):
            room -= count
            yield are_open, Folding(boxes)
            if are_open and are_open[-1] not in shown:
                waiting += [[*are_open, one] for one in reversed(are_open[-1].inner)]


def open_in(trace: Trace, folding: Folding) -> list[Box]:
    """The boxes that are open in a picture, the outer ones first."""
    shut = {one for box in folding.boxes for one in box.all}
    return [box for outer in trace.boxes for box in outer.all if box not in shut]
