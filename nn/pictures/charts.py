"""Charts of a training: losses over time, the numbers in every parameter, weights as images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from autograd.viz import raster
from autograd.viz.scene import (
    BACKGROUND,
    GREY,
    HOT,
    INK,
    LEAF,
    QUIET_LINE,
    Group,
    Polygon,
    Polyline,
    Raster,
    Rectangle,
    Scene,
    Shape,
    Text,
)
from nn.pictures.network import short

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOST_PARAMETERS = 8
BINS = 24


@dataclass(frozen=True)
class Series:
    """A line of the chart of losses.

    Attributes:
        name: What it is.
        at: (n,), the times.
        values: (n,), the numbers.
    """

    name: str
    at: Array
    values: Array


_PENS = ((INK, 1.8, ()), (HOT, 1.8, (5.0, 3.0)))


def curves(series: Sequence[Series], unit: str, now: float, width: float, height: float) -> Scene:
    """Losses over time, with a mark at the time `now`."""
    left, top, right, bottom = 58.0, 34.0, width - 18.0, height - 40.0
    end = float(max((s.at[-1] for s in series if len(s.at)), default=1.0)) or 1.0
    numbers = np.concatenate([np.zeros(0), *(s.values for s in series)])
    begun = [float(x) for s in series[:1] for x in s.values[:1] if np.isfinite(x)]
    low, high, logarithmic = scale_of(numbers[np.isfinite(numbers)], begun)
    frame = _Frame(left, top, right, bottom, end, low, high, logarithmic)
    scale = " (log scale)" if logarithmic else ""
    title = Text(left, 20, f"loss{scale}", 12.5, INK, bold=True, mono=False)
    shapes: list[Shape] = [title, *_axes(frame, unit, width)]
    x = right
    for (color, thickness, dashes), one in reversed([*zip(_PENS, series, strict=False)]):
        at, values = _thinned(one)
        seen = np.isfinite(values)
        points = [*map(frame.place, at[seen].tolist(), values[seen].tolist())]
        for piece in _pieces_between(points, top, bottom):
            shapes.append(Polyline(piece, color, thickness, dashes))
        shapes.append(Text(x, 20, one.name, 12, INK, "end", mono=False))
        x -= 6.8 * len(one.name) + 8
        shapes.append(Polyline(((x - 22, 16), (x, 16)), color, thickness, dashes))
        x -= 34
    groups = (Group("", shapes=tuple(some)) for some in (shapes, _mark(frame, series, now)))
    return Scene(0, 0, width, height, tuple(groups))


@dataclass(frozen=True)
class _Frame:
    left: float
    top: float
    right: float
    bottom: float
    end: float
    low: float
    high: float
    logarithmic: bool

    def place(self, at: float, value: float) -> tuple[float, float]:
        x = self.left + (self.right - self.left) * at / self.end
        return x, self.bottom - (self.bottom - self.top) * self.part(value)

    def part(self, value: float) -> float:
        if self.logarithmic:
            return (math.log(value) - math.log(self.low)) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def scale_of(numbers: Array, begun: Sequence[float] = ()) -> tuple[float, float, bool]:
    """From where to where an axis of numbers goes, and whether it is logarithmic.

    Numbers beyond a thousand times that with which they have begun are no part of it: a loss that
    explodes leaves the plot, and what was before remains to be seen.

    Args:
        numbers: All of them, finite.
        begun: Those at the beginning.

    Example:
        >>> import numpy as np
        >>> low, high, logarithmic = scale_of(np.array([1.0, 0.01, 1e20]), [1.0])
        >>> low, round(high), logarithmic
        (0.01, 1200, True)
    """
    if not numbers.size:
        numbers = np.array([0.0, 1.0])
    least, most = float(numbers.min()), float(numbers.max())
    most = min(most, 1000 * max([0.0, *begun]) or math.inf)
    if 0 < least < most / 100:
        return max(least, most * 1e-6), most * 1.2, True
    low = min(least, 0.0)
    return low, most + 0.06 * ((most - low) or 1.0), False


def _pieces_between(
    points: Sequence[tuple[float, float]], top: float, bottom: float
) -> Iterator[tuple[tuple[float, float], ...]]:
    """What of a line lies between two heights."""
    piece: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in pairwise(points):
        rise = next_y - y
        ends = sorted(((top - y) / rise, (bottom - y) / rise)) if rise else [0.0, 1.0]
        enters, leaves = max(0.0, ends[0]), min(1.0, ends[1])
        if enters > leaves or (not rise and not top <= y <= bottom):
            continue
        if enters > 0 or not piece:
            piece = [(x + enters * (next_x - x), y + enters * rise)]
        piece.append(
            (next_x, next_y) if leaves == 1 else (x + leaves * (next_x - x), y + leaves * rise)
        )
        if leaves < 1:
            yield tuple(piece)
            piece = []
    if piece:
        yield tuple(piece)


def _axes(frame: _Frame, unit: str, width: float) -> Iterator[Shape]:
    left, top, right, bottom = frame.left, frame.top, frame.right, frame.bottom
    yield Polyline(((left, top), (left, bottom), (right, bottom)), QUIET_LINE, 1.0)
    for value in (frame.low, frame.high):
        y = frame.place(0, value)[1]
        yield Text(left - 6, y + 3.5, short(value), 10, GREY, "end")
    yield Text(left, bottom + 14, "0", 10, GREY, "middle")
    yield Text(right, bottom + 14, f"{frame.end:,.0f}", 10, GREY, "end")
    yield Text((left + right) / 2, bottom + 15, unit, 12, GREY, "middle", mono=False)


def _thinned(series: Series, most: int = 240) -> tuple[Array, Array]:
    """So many points that they can be told apart: of each stretch the lowest and the highest."""
    at, values = series.at, series.values
    count = len(at)
    if count <= most:
        return at, values
    size = -(-2 * count // most)
    stretches = np.full((-(-count // size), size), np.nan)
    stretches.flat[:count] = values
    known = np.isfinite(stretches)
    lowest = np.where(known, stretches, np.inf).argmin(axis=1)
    highest = np.where(known, stretches, -np.inf).argmax(axis=1)
    begun = size * np.arange(len(stretches))
    kept = np.unique([*(begun + lowest), *(begun + highest), count - 1])
    return at[kept], values[kept]


def _mark(frame: _Frame, series: Sequence[Series], now: float) -> Iterator[Shape]:
    x = frame.place(now, frame.low)[0]
    yield Polyline(((x, frame.top), (x, frame.bottom)), LEAF.stroke, 1.2, (2.0, 2.0))
    for one in series:
        known = int(np.searchsorted(one.at, now, "right"))
        if known and np.isfinite(one.values[known - 1]):
            y = frame.place(now, float(one.values[known - 1]))[1]
            if not frame.top <= y <= frame.bottom:
                continue
            yield Rectangle(x - 3.5, y - 3.5, 7, 7, 3.5, LEAF.stroke, BACKGROUND, 1.0)


def histograms(
    named: Sequence[tuple[str, Array]], reach: float, width: float, height: float
) -> Scene:
    """Sideways histograms of parameters, side by side on one scale from -reach to reach."""
    left, top, bottom = 58.0, 34.0, height - 40.0
    words: list[Shape] = [Text(left, 20, "weights and biases", 12.5, INK, bold=True, mono=False)]
    shown = named[:MOST_PARAMETERS]
    if len(named) > len(shown):
        more = f"the first {len(shown)} of {len(named)} parameters"
        words.append(Text(width - 18, 20, more, 10.5, GREY, "end", mono=False))
    for value in (reach, 0.0, -reach):
        y = (top + bottom) / 2 - (bottom - top) / 2 * value / reach
        words.append(Text(left - 6, y + 3.5, short(value), 10, GREY, "end"))
    middle = (top + bottom) / 2
    words.append(Polyline(((left, middle), (width - 18, middle)), QUIET_LINE, 1.0))
    room = (width - left - 18) / max(1, len(shown))
    groups = []
    for k, (name, numbers) in enumerate(shown):
        x = left + room * (k + 0.5)
        label = name if len(name) <= room / 6 else "…" + name[-int(room / 6) + 1 :]
        words.append(Text(x, bottom + 15, label, 10, GREY, "middle", mono=False))
        words.append(Text(x, bottom + 29, f"{numbers.size:,}", 9.5, GREY, "middle", mono=False))
        shape = _histogram(numbers, reach, x, 0.44 * room, top, bottom)
        spread = f"{name}: {short(float(numbers.min()))} to {short(float(numbers.max()))}"
        groups.append(Group("node", f"p{k}", "", spread, (shape,)))
    return Scene(0, 0, width, height, (Group("", shapes=tuple(words)), *groups))


def _histogram(
    numbers: Array, reach: float, x: float, half: float, top: float, bottom: float
) -> Polygon:
    finite = np.clip(np.nan_to_num(numbers), -reach, reach)
    bins = ((finite / reach + 1.0) * (BINS / 2)).astype(np.intp)  # as np.histogram, but quicker
    counts = np.bincount(np.minimum(bins, BINS - 1), minlength=BINS)
    widths = half * counts / max(1, counts.max())
    ys = bottom - (bottom - top) * np.arange(BINS + 1) / BINS
    right = [(x + w, y) for w, a, b in zip(widths, ys[:-1], ys[1:], strict=True) for y in (a, b)]
    left = [(2 * x - px, y) for px, y in reversed(right)]
    return Polygon(tuple((float(a), float(b)) for a, b in (*right, *left)), LEAF.stroke)


def tile_faces(
    weights: Array, shape: tuple[int, int], rows: Sequence[int], scale: float
) -> list[bytes]:
    """The weights of some neurons as small pictures of the shape of an input."""
    return [raster.signed(weights[row].reshape(shape) / scale) for row in rows]


def tiles(
    weights: Array, shape: tuple[int, int], scale: float, width: float, height: float
) -> Scene:
    """The weights of the first neurons as pictures: orange is for, blue against."""
    columns, side, gap = 5, 50.0, 8.0
    rows = int((height - 70) // (side + gap))
    count = min(len(weights), rows * columns)
    left = (width - columns * side - (columns - 1) * gap) / 2
    few = "" if count == len(weights) else f", {count} of {len(weights)}"
    title = Text(width / 2, 20, f"weights of layer 1 as pictures{few}", 12.5, INK, "middle",
                 bold=True, mono=False)  # fmt: skip
    below = 36 + -(-count // columns) * (side + gap) + 12
    key = Text(width / 2, below, "orange: for it, blue: against it", 12, GREY, "middle", mono=False)
    groups = [Group("", shapes=(title, key))]
    for k, face in enumerate(tile_faces(weights, shape, range(count), scale)):
        x, y = left + (k % columns) * (side + gap), 36 + (k // columns) * (side + gap)
        frame = Rectangle(x, y, side, side, 2, BACKGROUND, QUIET_LINE, 1.0, opacity=0.0)
        picture = Raster(x, y, side, side, face, smooth=False)
        groups.append(Group("node", f"t{k}", "", f"weights of neuron {k + 1}", (picture, frame)))
    return Scene(0, 0, width, height, tuple(groups))
