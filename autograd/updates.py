"""Updates that do not update: what tells of `w = w - lr * w.grad`, and of `p -= lr * p.grad`.

The first makes a new node of w in every step, which holds the one before it, and so on: no step
forgets any other. What gives it away is that the gradient of a *result* is read after its pass, and
that later passes go through that result again: through those of one step more each time. A trunk
with many heads, a recurrence or a running total is gone through again as well, but is not what an
update gives: an earlier one, plus or minus a constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from autograd.errors import GrowingGraphWarning

if TYPE_CHECKING:
    from typing import TypeVar

    from autograd.arrays import AnyNode, Array

    N = TypeVar("N", bound=AnyNode)

MOST_PASSES = 10
"""So many earlier passes may be gone through again without a word."""
_LONGEST = 64  # so many operations may make an update
_MEMORY = 8  # passes until what none of them has reached is forgotten: models may take turns


class _Reading:
    """A note that the gradient of a result was read; it keeps no node alive.

    Attributes:
        grad: The gradient, itself: with it the place of the node is not mistaken for another's.
        after: The pass after which it was read first.
        reached: The last pass that has gone through it.
        steps: So many updates have led to it, each of a result of an earlier pass.
    """

    __slots__ = ("after", "grad", "reached", "steps")

    def __init__(self, grad: float | Array, after: int, reached: int, steps: int) -> None:
        self.grad, self.after, self.reached, self.steps = grad, after, reached, steps


class Readings:
    """The results whose gradients were read, and how many passes came after the first."""

    def __init__(self) -> None:
        self.passes = 0
        self.of: dict[int, _Reading] = {}

    def note(self, node: AnyNode) -> None:
        """The gradient of a result was read, which is None where no pass has been."""
        if node._grad is None:
            return
        if self._known(node) is None:
            steps = self._steps_to(node)
            self.of[id(node)] = _Reading(node._grad, self.passes, self.passes, steps)

    def _known(self, node: AnyNode | None) -> _Reading | None:
        """What is known of a node, if its gradient was read before."""
        known = self.of.get(id(node))
        if known is None or node is None or known.grad is not node._grad:
            return None
        return known

    def _steps_to(self, result: AnyNode) -> int:
        """How many updates have led to a result that is made of one node and a constant step.

        So are `w - lr * w.grad` and `clip(w * 0.9 - lr * w.grad)`; `tanh(w * h)` is made of two.
        The one is a leaf, or a result whose gradient was read.
        """
        source: AnyNode | None = None
        stepped, waiting = False, [result]
        for _ in range(_LONGEST):
            if not waiting:
                before = self._known(source)
                so_far = 0 if before is None or before.after == self.passes else before.steps
                return so_far + stepped
            node = waiting.pop()
            if node.op is None or (node is not result and self._known(node)):
                if source is not None and source is not node:
                    return 0
                source = node
                continue
            moving = [x for x in node.parents if x.requires_grad]
            stepped |= len(moving) == 1 and node.op.name in ("add", "subtract")
            waiting += moving
        return 0

    def watch(self, found: Iterable[tuple[N, Any]]) -> Iterator[tuple[N, Any]]:
        """Hand on what a pass has found, and warn if it goes on and on."""
        self.passes += 1
        again: dict[int, _Reading] = {}
        for node, grad in found:
            reading = self.of.get(id(node))
            if reading is not None and reading.grad is node._grad and grad is not None:
                again[id(node)] = _Reading(grad, reading.after, self.passes, reading.steps)
            yield node, grad
        recent = [(k, r) for k, r in list(self.of.items()) if self.passes - r.reached <= _MEMORY]
        self.of = dict(recent) | again
        count = max((reading.steps for reading in again.values()), default=0)
        if count > MOST_PASSES:
            from autograd.source_lines import warn_user

            warn_user(
                f"backward: went again through {count} updates, each made of the one before it. "
                "Where w = w - lr * w.grad makes a new w, it keeps all steps before it. Write to "
                "the number of a leaf instead: w.data -= lr * w.grad.",
                GrowingGraphWarning,
            )


readings = Readings()
