"""What type checkers know of numbers, arrays and nodes; while a program runs, nothing asks."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of numbers: NumPy's, or one of another library that speaks NumPy's protocols."""

FloatArray = NDArray[np.float64]
"""An array of floats: of float64 alone do NumPy's types tell what `exp` or `max` make of it."""

IndexArray = NDArray[np.intp]
"""An array of places in another one."""

IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool]
"""Arrays of whole numbers of any size, and of truth values."""

Number = float | Array
"""What a node holds: a Value a float, a Tensor an array."""


class AnyOp(Protocol):
    """An operation, as files see it that know no more than this of one."""

    name: str
    symbol: str


class AnyNode(Protocol):
    """A node of any kind, as files see it that know no kind by name."""

    label: str
    requires_grad: bool

    @property
    def op(self) -> AnyOp | None:
        """The operation that made it; None for a leaf."""
        raise NotImplementedError

    @property
    def _grad(self) -> Any:
        raise NotImplementedError

    @property
    def parents(self) -> tuple["AnyNode", ...]:
        """The operands it was made from."""
        raise NotImplementedError


class Kind(Protocol):
    """What decides what an operation on some operands does: a class of nodes, or of symbols."""

    _rank: int

    @classmethod
    def _apply(cls, op: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        raise NotImplementedError
