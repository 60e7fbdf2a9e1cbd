"""The errors that are ours. Each says who, what was needed, what came, and what to do."""

from __future__ import annotations


class ShapeError(ValueError):
    """Shapes that do not fit together."""


class GraphError(ValueError):
    """A graph that cannot do what was asked of it."""
