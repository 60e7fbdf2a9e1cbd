"""Functions of two numbers to descend on: what is hard about each is a different thing.

They are called with two numbers, Values, Tensors or arrays of one shape.

>>> from optim.landscapes import rosenbrock
>>> rosenbrock(1.0, 1.0), rosenbrock.minimum
(0.0, (1.0, 1.0))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.value import Value

__all__ = ["Landscape", "beale", "bowl", "rosenbrock", "saddle"]


@dataclass(frozen=True)
class Landscape:
    """A function of two numbers, and where to look at it.

    Attributes:
        name: Its name in pictures.
        function: The function of x and y.
        start: Where to begin, (x, y).
        minimum: Where it is smallest, (x, y); None where it has no minimum.
        xlim: From where to where to draw x.
        ylim: The same for y.

    Example:
        >>> cone = Landscape(
        ...     "cone", lambda x, y: abs(x) + abs(y), (1.0, 2.0), (0.0, 0.0), (-2, 2), (-2, 2)
        ... )
        >>> cone(*cone.start)
        3.0
    """

    name: str
    function: Callable[[Any, Any], Any]
    start: tuple[float, float]
    minimum: tuple[float, float] | None
    xlim: tuple[float, float]
    ylim: tuple[float, float]

    def __call__(self, x: Value, y: Value) -> Any:
        """The function's value."""
        return self.function(x, y)


rosenbrock = Landscape(
    "Rosenbrock's valley",
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    start=(-1.2, 1.0),
    minimum=(1.0, 1.0),
    xlim=(-1.7, 1.7),
    ylim=(-0.7, 2.2),
)
"""A curved valley, steep across and nearly flat along (H. Rosenbrock, Computer Journal 3, 1960)."""

beale = Landscape(
    "Beale's function",
    lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
    start=(1.0, 1.0),
    minimum=(3.0, 0.5),
    xlim=(-0.5, 4.0),
    ylim=(-1.0, 1.7),
)
"""Plains and a narrow bend (E. Beale, 1958; number 5 of Moré, Garbow and Hillstrom, 1981)."""

bowl = Landscape(
    "an ill-conditioned bowl",
    lambda x, y: 0.5 * (x**2 + 25 * y**2),
    start=(-4.0, 1.0),
    minimum=(0.0, 0.0),
    xlim=(-5.0, 5.0),
    ylim=(-2.0, 2.0),
)
"""A bowl 25 times as steep across as along; plain descent diverges from the rate 2/25 on."""

saddle = Landscape(
    "a saddle",
    lambda x, y: 0.5 * (x**2 - y**2),
    start=(-1.8, 1e-3),
    minimum=None,
    xlim=(-2.0, 2.0),
    ylim=(-2.0, 2.0),
)
"""A pass: down to the middle along x, and from there without end along y."""
