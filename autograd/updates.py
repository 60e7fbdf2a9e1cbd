"""Updates that do not update: what tells of `w = w - lr * w.grad`, and of `p -= lr * p.grad`.

The first makes a new node of w in every step, which holds the one before it, and so on: no step
forgets any other. What gives it away is that the gradient of a *result* is read after its pass, and
that later passes go through that result again: through those of one step more each time. A trunk
with many heads, a recurrence or a running total is gone through again as well, but its `.grad` is
not what the next one is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from autograd.errors import GrowingGraphWarning

MOST_PASSES = 10
"""So many earlier passes may be gone through again without a word."""
_MEMORY = 8  # passes until what none of them has reached is forgotten: models may take turns


class _Reading(NamedTuple):
    """That the gradient of a result was read: no node is kept alive for it."""

    grad: Any  # the gradient, itself: with it the place of the node is not mistaken for another's
    after: int  # the pass after which it was read first
    reached: int  # the last pass that has gone through it


class Readings:
    """The results whose gradients were read, and how many passes came after the first."""

    def __init__(self) -> None:
        self.passes = 0
        self.of: dict[int, _Reading] = {}

    def note(self, node: Any) -> None:
        """The gradient of a result was read, which is None where no pass has been."""
        if node._grad is None:
            return
        known, grad = self.of.get(id(node)), node._grad
        if known is None or known.grad is not grad:
            self.of[id(node)] = _Reading(grad, self.passes, self.passes)

    def watch(self, found: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        """Hand on what a pass has found, and warn if it goes on and on."""
        self.passes += 1
        again: dict[int, _Reading] = {}
        for node, grad in found:
            reading = self.of.get(id(node))
            if reading is not None and reading.grad is node._grad and grad is not None:
                again[id(node)] = _Reading(grad, reading.after, self.passes)
            yield node, grad
        recent = [(k, r) for k, r in list(self.of.items()) if self.passes - r.reached <= _MEMORY]
        self.of = dict(recent) | again
        count = len({reading.after for reading in again.values()})
        if count > MOST_PASSES:
            from autograd.source_lines import warn_user

            warn_user(
                f"backward: went again through results of {count} earlier passes, whose .grad was "
                "read. Where w = w - lr * w.grad makes a new w, it keeps all steps before it. "
                "Write to the number of a leaf instead: w.data -= lr * w.grad.",
                GrowingGraphWarning,
            )


readings = Readings()
