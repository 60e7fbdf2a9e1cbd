"""The plane: the region of each class, the denser the more certain, its border, and the points."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from autograd.viz import raster
from autograd.viz.scene import (
    BACKGROUND,
    GREY,
    HOT,
    INK,
    LEAF,
    OPERATION,
    OUTPUT,
    Group,
    Polygon,
    Polyline,
    Raster,
    Rectangle,
    Scene,
    Shape,
    Text,
)
from nn.pictures.confidence import Meaning, classes_and_certainty
from nn.pictures.network import short

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd.viz.layout import Point

    Array = NDArray[np.float64]

POINTS = 40
"""So many points along each side are asked for."""

MOST_SHOWN = 300
"""Of more examples, so many are drawn."""

COLORS = (LEAF.stroke, HOT, OUTPUT.stroke, OPERATION.stroke, GREY, INK)
SHADES = (
    raster.BLUE, raster.ORANGE, (40, 160, 90), (170, 110, 20), (110, 120, 130), (150, 90, 170),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Plane:
    """What of the plane is drawn, which stays the same while a model learns.

    Attributes:
        x: (N, 2), the examples.
        y: (N,), their classes 0, 1, …, or their numbers.
        meaning: What the model's outputs are.
        features: The names of the axes.
        classes: The names of the classes.
    """

    x: Array
    y: Array
    meaning: Meaning
    features: Sequence[str]
    classes: Sequence[str]

    @property
    def sides(self) -> tuple[Array, Array]:
        """The coordinates that are asked for."""
        return _side(self.x[:, 0]), _side(self.x[:, 1])

    @property
    def signs(self) -> list[int]:
        """By which sign each example is drawn: its class; of numbers, whether it is a high one."""
        high = self.y > (self.y.max() + self.y.min()) / 2 if self.meaning == "value" else self.y
        return [int(kind) for kind in high]

    @property
    def names(self) -> Sequence[str]:
        """What each sign means."""
        if self.meaning != "value":
            return self.classes
        return f"below {short(float((self.y.max() + self.y.min()) / 2))}", "above"

    @functools.lru_cache(maxsize=8)  # noqa: B019 (of few planes, and small)
    def grid(self, points: int = POINTS) -> Array:
        """Points (points², 2) of the plane, the upper row first."""
        across, up = (np.linspace(side[0], side[-1], points) for side in self.sides)
        return np.stack(np.meshgrid(across, up[::-1]), axis=-1).reshape(-1, 2)


def plane_scene(
    plane: Plane, outputs: Array, width: float, height: float, sums: Array | None = None
) -> Scene:
    """The map, for a model's outputs at `plane.grid()`.

    Of a model that decides without hesitating, a step of `sums`, these tell where the border is.
    """
    box = _box(width, height)
    left, top, side = box
    map_, borders = _shades(plane, outputs) if sums is None else _decided(sums)
    title = Text(left + side / 2, 20, "what it says", 12.5, INK, "middle", bold=True, mono=False)
    changing = (title, Raster(left, top, side, side, map_), *_border(borders, box))
    return Scene(0, 0, width, height, (Group("", shapes=changing), _still(plane, box)))


def _box(width: float, height: float) -> tuple[float, float, float]:
    """Left, top and side of the map."""
    side = min(width - 58.0, height - 92.0)
    return (width - side) / 2 + 14, 34.0, side


@functools.lru_cache(maxsize=8)
def _still(plane: Plane, box: tuple[float, float, float]) -> Group:
    """What stays the same while the model learns."""
    return Group("", shapes=(*_frame(plane, box), *_points(plane, box), *_legend(plane, box)))


def _side(numbers: Array) -> Array:
    margin = 0.1 * float(np.ptp(numbers)) or 1.0
    return np.linspace(float(numbers.min()) - margin, float(numbers.max()) + margin, POINTS)


def _shades(plane: Plane, outputs: Array) -> tuple[bytes, list[Array]]:
    """The map as PNG, and the fields whose zero lines are borders."""
    size = round(len(outputs) ** 0.5)
    if plane.meaning == "value":
        middle = (plane.y.max() + plane.y.min()) / 2
        half = float(np.ptp(plane.y)) / 2 or 1.0
        field = (outputs[:, 0].reshape(size, size) - middle) / half
        return raster.signed(field), [field]
    flat_kinds, flat_certain = classes_and_certainty(outputs, plane.meaning)
    kinds, certain = flat_kinds.reshape(size, size), flat_certain.reshape(size, size)
    if outputs.shape[1] == 1:
        field = np.where(kinds == 1, certain, -certain)
        return raster.signed(field), [field]
    scores = outputs.reshape(size, size, -1)
    best = np.sort(scores, axis=-1)
    fields = [  # how far a class is ahead of the best of the others
        scores[..., k] - np.where(kinds == k, best[..., -2], best[..., -1])
        for k in range(scores.shape[-1] - 1)
    ]
    colors = [SHADES[k % len(SHADES)] for k in range(scores.shape[-1])]
    return raster.shares(kinds, certain, colors), fields


def _decided(sums: Array) -> tuple[bytes, list[Array]]:
    field = sums.reshape((round(len(sums) ** 0.5),) * 2)
    return raster.signed(np.sign(field) * 0.6), [field]


def _border(fields: Sequence[Array], box: tuple[float, float, float]) -> Iterator[Shape]:
    left, top, side = box
    for field in fields:
        step = side / (len(field) - 1)
        for line in zero_lines(field):
            points = tuple((left + step * x, top + step * y) for x, y in line)
            yield Polyline(points, INK, 1.2)


def zero_lines(field: Array) -> list[list[tuple[float, float]]]:
    """The lines along which a field on a grid is 0, as points (column, row) between its points.

    Source:
        Marching squares: each cell whose corners differ in sign holds a piece of a line.

    Example:
        >>> zero_lines(np.array([[-1.0, 1.0], [-1.0, 3.0]]))
        [[(0.5, 0.0), (0.25, 1.0)]]
    """
    above = field > 0
    pieces: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    cells = above[:-1, :-1].astype(int) + above[1:, :-1] + above[:-1, 1:] + above[1:, 1:]
    for i, j in np.argwhere((cells > 0) & (cells < 4)).tolist():
        sides = [(i, j, 0), (i, j + 1, 1), (i + 1, j, 0), (i, j, 1)]  # 0: to the right, 1: down
        cut = [s for s in sides if above[s[0], s[1]] != above[s[0] + s[2], s[1] + 1 - s[2]]]
        if len(cut) == 4 and above[i, j]:
            cut = [cut[0], cut[1], cut[2], cut[3]]
        elif len(cut) == 4:
            cut = [cut[0], cut[3], cut[1], cut[2]]
        for a, b in zip(cut[::2], cut[1::2], strict=True):
            pieces.setdefault(a, []).append(b)
            pieces.setdefault(b, []).append(a)
    return [[_crossing(field, s) for s in line] for line in _joined(pieces)]


def _joined(
    pieces: dict[tuple[int, int, int], list[tuple[int, int, int]]],
) -> Iterator[list[tuple[int, int, int]]]:
    """Pieces of lines, end to end; open lines first."""
    for start in sorted(pieces, key=lambda s: (len(pieces[s]), s)):
        line, here = [start], start
        while pieces[here]:
            after = pieces[here].pop(0)
            pieces[after].remove(here)
            line.append(after)
            here = after
        if len(line) > 1:
            yield line


def _crossing(field: Array, side: tuple[int, int, int]) -> tuple[float, float]:
    i, j, down = side
    a, b = float(field[i, j]), float(field[i + down, j + 1 - down])
    with np.errstate(invalid="ignore"):
        part = a / (a - b) if np.isfinite(a) and np.isfinite(b) and a != b else 0.5
    return (j + part * (1 - down), i + part * down)


def _frame(plane: Plane, box: tuple[float, float, float]) -> Iterator[Shape]:
    left, top, side = box
    yield Rectangle(left, top, side, side, 0, BACKGROUND, GREY, 1.0, opacity=0.0)
    across, up = plane.sides
    bottom = top + side
    yield Text(left, bottom + 13, short(float(across[0])), 9.5, GREY)
    yield Text(left + side, bottom + 13, short(float(across[-1])), 9.5, GREY, "end")
    yield Text(left - 4, bottom - 1, short(float(up[0])), 9.5, GREY, "end")
    yield Text(left - 4, top + 9, short(float(up[-1])), 9.5, GREY, "end")
    x_name, y_name = (name if len(name) < 22 else name[:21] + "…" for name in plane.features)
    yield Text(left + side / 2, bottom + 13, x_name, 10.5, GREY, "middle", mono=False)
    if len(y_name) < 5:
        yield Text(left - 4, top - 6, y_name, 10.5, GREY, "end", mono=False)
    else:
        yield Text(left - 30, top - 3, y_name, 10.5, GREY, mono=False)


def _points(plane: Plane, box: tuple[float, float, float]) -> Iterator[Shape]:
    left, top, side = box
    across, up = plane.sides
    every = max(1, -(-len(plane.x) // MOST_SHOWN))
    for (x, y), kind in zip(plane.x[::every].tolist(), plane.signs[::every], strict=True):
        px = left + side * (x - across[0]) / (across[-1] - across[0])
        py = top + side * (up[-1] - y) / (up[-1] - up[0])
        yield from marker(kind, px, py)


def marker(kind: int, x: float, y: float, r: float = 3.6) -> Iterator[Shape]:
    """The sign of a class: circle, triangle, square or diamond, in its colour."""
    color = COLORS[kind % len(COLORS)]
    if kind % 4 == 0:
        yield Rectangle(x - r, y - r, 2 * r, 2 * r, r, color, BACKGROUND, 1.1)
        return
    if kind % 4 == 2:
        yield Rectangle(x - r, y - r, 2 * r, 2 * r, 0, color, BACKGROUND, 1.1)
        return
    for size, fill in ((1.5 * r + 0.9, BACKGROUND), (1.3 * r, color)):
        yield Polygon(_triangle(x, y, size) if kind % 4 == 1 else _diamond(x, y, size), fill)


def _triangle(x: float, y: float, r: float) -> tuple[Point, ...]:
    return ((x, y - r), (x + 0.95 * r, y + 0.72 * r), (x - 0.95 * r, y + 0.72 * r))


def _diamond(x: float, y: float, r: float) -> tuple[Point, ...]:
    return ((x, y - r), (x + r, y), (x, y + r), (x - r, y))


def _legend(plane: Plane, box: tuple[float, float, float]) -> Iterator[Shape]:
    """Which sign means what, below the map, where no data lie."""
    left, top, side = box
    y, x = top + side + 33, left - 8
    for kind, whole in enumerate(plane.names[:6]):
        name = whole if len(whole) < 16 else whole[:15] + "…"
        if x + 18 + 6.8 * len(name) > left + side + 20:
            x, y = left - 8, y + 16
        yield from marker(kind, x + 5, y - 4, 4.2)
        yield Text(x + 14, y, name, 12, GREY, mono=False)
        x += 30 + 6.8 * len(name)
