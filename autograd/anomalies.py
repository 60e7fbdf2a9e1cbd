"""`detect_anomaly`: find the operation that makes the first nan or infinity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import AnomalyError
from autograd.modes import Mode, active
from autograd.node import Node
from autograd.op import Op
from autograd.source_lines import users_line

if TYPE_CHECKING:
    from autograd.arrays import Number


class detect_anomaly(Mode):
    """Raise where the first nan or infinity is made, forward or backward.

    The error names the operation, its inputs, and the line of your code that called it. Every
    result is checked, so this is for finding a mistake, not for training.

    Raises:
        AnomalyError: a result or gradient is nan or infinite, and what it was made from is not;
            or it is nan, and what it was made from was infinite at worst.

    Example:
        >>> from autograd import Value, detect_anomaly
        >>> with detect_anomaly():
        ...     y = Value(1e200, label="x") * 1e200
        Traceback (most recent call last):
        ...
        autograd.errors.AnomalyError: multiply: made inf from x = 1e+200, 1e+200, at <doctest ...
    """

    def __init__(self) -> None:
        self.lines: dict[Node, str] = {}

    def made(self, op: Op, out: Node, operands: tuple[Any, ...]) -> None:
        """Raise if a result is not finite though its operands are; remember where it was made."""
        line = self.lines[out] = users_line()
        inputs = [x.data if hasattr(x, "data") else x for x in operands]
        if _harm(out.data) > max(map(_harm, inputs), default=0):
            came = ", ".join(map(_describe, operands, inputs))
            raise AnomalyError(f"{op.name}: made {_first(out.data)} from {came}, at {line}.")

    def multiplied(
        self, node: Node, position: int, parent: Node, out_grad: Any, product: Any
    ) -> None:
        """Raise if a product of the chain rule is the first that is not finite."""
        if _harm(product) <= _harm(out_grad):
            return
        inputs = ", ".join(_describe(p, p.data) for p in node.parents)
        line = self.lines.get(node, "an unknown place: record it under detect_anomaly() too")
        name = node.op.name if node.op else "leaf"
        raise AnomalyError(
            f"{name}: its derivative with respect to operand {position} made {_first(product)} "
            f"from {inputs}; the operation was recorded at {line}."
        )


def anomaly_mode() -> detect_anomaly | None:
    """The innermost `detect_anomaly()` that is on here."""
    for entry in reversed(active()):
        if isinstance(entry.mode, detect_anomaly) and entry.holds():
            return entry.mode
    return None


def _harm(x: Any) -> int:
    """0 where every number is finite, 1 where one is infinite, 2 where one is nan."""
    array = getattr(x, "data", x) if not isinstance(x, np.ndarray) else x
    return 0 if np.isfinite(array).all() else 1 + int(np.isnan(array).any())


def _first(x: Any) -> str:
    """The first nan, or if there is none the first infinity."""
    array = np.asarray(getattr(x, "data", x) if not isinstance(x, np.ndarray) else x)
    wrong = np.isnan(array) if np.isnan(array).any() else ~np.isfinite(array)
    return str(array[wrong].flat[0])


def _describe(operand: Node, data: Number) -> str:
    label = getattr(operand, "label", "")
    array = np.asarray(data)
    shown = str(array.tolist()) if array.size <= 4 else f"an array of shape {array.shape}"
    return f"{label} = {shown}" if label else shown
