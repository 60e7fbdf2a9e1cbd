"""The errors that are ours. Each says who, what was needed, what came, and what to do."""

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
