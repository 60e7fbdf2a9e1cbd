"""Places: where some of an array's numbers lie, counted row by row from its first.

Of an array of five neurons' weights, 5x2, the first column lies at 0, 2, 4, …: a `View` with a step
of 2, which costs nothing. What has no pattern is given by its `Positions`, and collected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from autograd.arrays import Array, IndexArray, IntArray


@dataclass(frozen=True, slots=True)
class View:
    """Positions start + Σ index·step along the axes of `shape`."""

    start: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]

    @property
    def repeated(self) -> tuple[int, ...]:
        """The axes along which one number is repeated."""
        pairs = zip(self.shape, self.steps, strict=True)
        return tuple(i for i, (n, step) in enumerate(pairs) if n > 1 and not step)

    @property
    def size(self) -> int:
        """How many they are."""
        return math.prod(self.shape)

    @property
    def in_order(self) -> bool:
        """Whether they are the first numbers of an array, row by row."""
        pairs = zip(self.shape, self.steps, View.all(self.shape).steps, strict=True)
        return not self.start and all(n == 1 or step == usual for n, step, usual in pairs)

    def without(self, axes: tuple[int, ...]) -> View:
        """The first positions along these axes."""
        kept = [i for i in range(len(self.shape)) if i not in axes]
        shape, steps = (tuple(x[i] for i in kept) for x in (self.shape, self.steps))
        return View(self.start, shape, steps)

    def of(self, buffer: Array) -> Array:
        """What a buffer has at these positions, not copied."""
        unit = buffer.itemsize
        steps = [step * unit for step in self.steps]
        return np.ndarray(self.shape, buffer.dtype, buffer, self.start * unit, steps)

    @classmethod
    def all(cls, shape: tuple[int, ...]) -> View:
        """Every number of an array of this shape, row by row."""
        return cls(0, shape, tuple(math.prod(shape[i + 1 :]) for i in range(len(shape))))

    @property
    def positions(self) -> IndexArray:
        """The positions as an array of its shape."""
        out: IndexArray = np.full(self.shape, self.start, dtype=np.intp)
        for axis, step in enumerate(self.steps):
            along = (-1,) + (1,) * (len(self.shape) - axis - 1)
            out = out + np.arange(self.shape[axis]).reshape(along) * step
        return out


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions in no order."""

    positions: IntArray

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what is collected."""
        return self.positions.shape


Layout = View | Positions


def layout(positions: IntArray) -> Layout:
    """How to get at these positions, in their shape.

    Example:
        >>> layout(np.array([[7, 9, 11], [7, 9, 11]]))
        View(start=7, shape=(2, 3), steps=(0, 2))
    """
    steps = []
    for axis in range(positions.ndim):
        gaps = np.diff(positions, axis=axis)
        step = gaps.item(0) if gaps.size else 0
        if (gaps != step).any():
            return Positions(positions)
        steps.append(step)
    return View(positions.item(0), positions.shape, tuple(steps))


def factored(positions: IntArray) -> tuple[int, ...]:
    """The shape in which a row of positions is evenly spaced along each axis, as far as it goes.

    Example:
        >>> factored(np.array([5, 6, 7, 5, 6, 7]))
        (2, 3)
    """
    shape: list[int] = []
    while len(positions) > 1:
        steps = np.diff(positions)
        breaks = np.flatnonzero(steps != steps[0])
        run = int(breaks[0]) + 1 if len(breaks) else len(positions)
        if run < 2 or len(positions) % run:
            shape.append(len(positions))
            break
        shape.append(run)
        positions = positions[::run]
    return tuple(reversed(shape)) or (1,)


def spaced(positions: IntArray) -> Layout:
    """How to get at a row of positions, in the shape in which they are evenly spaced, if any."""
    return layout(positions.reshape(factored(positions)))
