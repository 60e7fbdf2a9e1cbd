"""The errors that are ours, and the warnings: who, what was needed, what came, what to do."""

from __future__ import annotations


class ShapeError(ValueError):
    """Shapes that do not fit together."""


class GraphError(ValueError):
    """A graph that cannot do what was asked of it."""


class AnomalyError(ValueError):
    """A nan or an infinity, found by `detect_anomaly()`."""


class GradcheckError(ValueError):
    """A derivative that disagrees with its numerical estimate, found by `gradcheck`."""


class CompileError(TypeError):
    """Something in a compiled function that could not be repeated faithfully."""


class LostGradientWarning(UserWarning):
    """A number was read out of the graph: what is computed with it has no gradient.

    `.item()`, `.data`, printing, formatting, comparing, `math.isnan` and `math.isfinite` are quiet.
    """


class GrowingGraphWarning(UserWarning):
    """Every backward pass goes through all before it, as `w = w - lr * w.grad` makes it."""
