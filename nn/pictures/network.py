"""A network as circles and lines.

A weight is a line: the larger, the thicker; orange and solid if it is positive, blue and dashed if
it is negative. A circle is filled in the same way by what its neuron hands on, or by the gradient
of the loss with respect to that; or it shows a small picture, such as the neuron's own surface. The
dot at its side is its bias. Of more than 16 neurons in a column, nine are drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autograd.viz.scene import (
    BACKGROUND,
    GREY,
    HOT,
    INK,
    LEAF,
    LINE,
    QUIET_LINE,
    Curve,
    Group,
    Raster,
    Rectangle,
    Scene,
    Shape,
    Text,
)
from nn.pictures.columns import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOST = 16
"""Of more neurons in a column only some are drawn."""

_FIRST = 8  # of those, and the last one
_DASHES = (5.0, 3.0)
_THINNEST, _THICKEST = 0.6, 5.0
_QUIET = 0.01  # lines of a smaller part of the largest weight are grey
_DOTS = (1.6, 4.0)  # radii of the smallest and the largest bias
_TOP, _BOTTOM = 46.0, 42.0
_LONGEST = 13  # letters of a name
_FULL = 0.62  # opacity: the number on it must still be read

Side = Literal["values", "grads"]


@dataclass(frozen=True)
class Look:
    """How a network is drawn.

    Attributes:
        width: Of the picture.
        height: Likewise.
        shows: What fills the circles, and which numbers the lines carry.
        names: Of the inputs, and of the outputs.
        faces: For columns by their place, a PNG for each drawn neuron, shown in its circle.
        square: The columns whose faces are shown whole, as squares.
        scales: For each layer the weight that is drawn thickest; by default its largest.
        numbers: Whether values are written into the circles, and weights beside few lines.
    """

    width: float = 560.0
    height: float = 400.0
    shows: Side = "values"
    names: tuple[Sequence[str], Sequence[str]] = ((), ())
    faces: Mapping[int, Sequence[bytes]] = field(default_factory=dict)
    square: frozenset[int] = frozenset()
    scales: Sequence[float] = ()
    numbers: bool = True


@dataclass(frozen=True)
class _Spot:
    """A drawn neuron: its number in the column, and where it is."""

    index: int
    x: float
    y: float
    radius: float


def drawn_neurons(width: int) -> list[int]:
    """The numbers of the neurons of a column that are drawn.

    Example:
        >>> drawn_neurons(3), drawn_neurons(128)
        ([0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7, 127])
    """
    return [*range(width)] if width <= MOST else [*range(_FIRST), width - 1]


def network_scene(columns: Sequence[Column], look: Look) -> Scene:
    """The picture: lines, circles, words."""
    spots = [_spots(k, column.width, len(columns), look) for k, column in enumerate(columns)]
    groups: list[Group] = []
    for k in range(1, len(columns)):
        groups += _lines(k, columns[k], spots[k - 1], spots[k], look)
    for k, column in enumerate(columns):
        groups += _circles(k, column, spots[k], look, k == len(columns) - 1)
        groups.append(_heading(k, column, spots[k], len(columns), look))
    return Scene(0, 0, look.width, look.height, (*groups, _key(look)))


def pens(columns: Sequence[Column]) -> dict[str, Any]:
    """What a script must know to draw lines, dots and circles anew as they are drawn here."""
    drawn = [len(drawn_neurons(column.width)) for column in columns]
    return {
        "colors": {"more": HOT, "less": LEAF.stroke, "quiet": QUIET_LINE, "clear": BACKGROUND},
        "thinnest": _THINNEST,
        "thickest": [_thickest(a, b) for a, b in itertools.pairwise(drawn)],
        "full": _FULL,
        "quiet": _QUIET,
        "dots": _DOTS,
    }


def _spots(k: int, width: int, count: int, look: Look) -> list[_Spot]:
    """Where the drawn neurons of column k are."""
    drawn = drawn_neurons(width)
    places = len(drawn) + (width > MOST)
    room = look.height - _TOP - _BOTTOM
    pitch = min(64.0, room / places)
    radius = min(21.0, 0.44 * pitch)
    before, after = map(_room, look.names)
    x = before + k * (look.width - before - after) / max(1, count - 1)
    top = _TOP + (room - pitch * places) / 2 + pitch / 2
    rows = [*range(places)]
    if width > MOST:
        del rows[_FIRST]  # where the dots stand
    return [_Spot(i, x, top + pitch * row, radius) for i, row in zip(drawn, rows, strict=True)]


def _room(names: Sequence[str]) -> float:
    """How far from the edge the circles are that have these names."""
    return 40.0 + 7.2 * max((min(len(name), _LONGEST) for name in names), default=0)


def _lines(
    k: int, column: Column, before: Sequence[_Spot], spots: Sequence[_Spot], look: Look
) -> Iterator[Group]:
    weights = column.weights if look.shows == "values" else column.weight_grads
    if weights is None:
        weights = np.zeros((column.width, before[-1].index + 1))
    largest = float(np.nanmax(np.abs(weights), initial=0.0)) or 1.0
    scale = look.scales[k - 1] if look.scales else largest
    labelled = look.numbers and len(before) * len(spots) <= 8
    what = "weight" if look.shows == "values" else "gradient of weight"
    thickest = _thickest(len(before), len(spots))
    labels: list[Shape] = []  # above all lines
    for j, spot in enumerate(spots):
        for i, origin in enumerate(before):
            weight = float(weights[spot.index, origin.index])
            line = _line(origin, spot, weight, scale, thickest)
            # near the end where the lines are further apart, and of those that meet there in turn
            at = 0.3 + 0.26 * j if len(before) >= len(spots) else 0.72 - 0.26 * i
            labels += _line_label(origin, spot, weight, at) if labelled else ()
            sentence = f"{what} {spot.index + 1}, {origin.index + 1}: {short(weight)}"
            yield Group("edge", f"w{k}.{spot.index}.{origin.index}", "", sentence, (line,))
    if labels:
        yield Group("numbers", f"w{k}", "", f"{what}s of layer {k}", tuple(labels))


def _thickest(before: int, after: int) -> float:
    """How thick a line may be: of many none may cover the others."""
    return max(1.3, float(_THICKEST / max(1.0, before * after / 16) ** 0.5))


def _line(origin: _Spot, spot: _Spot, weight: float, scale: float, thickest: float) -> Curve:
    a, b = (origin.x + origin.radius, origin.y), (spot.x - spot.radius, spot.y)
    third = (b[0] - a[0]) / 2.4
    points = (a, (a[0] + third, a[1]), (b[0] - third, b[1]), b)
    part = min(1.0, abs(weight) / scale) if np.isfinite(weight) else 1.0
    if part < _QUIET:
        return Curve(points, QUIET_LINE, 0.5)
    thickness = round(_THINNEST + (thickest - _THINNEST) * part, 1)
    stroke, dashes = (HOT, ()) if weight > 0 else (LEAF.stroke, _DASHES)
    return Curve(points, stroke, thickness, dashes)


def _line_label(origin: _Spot, spot: _Spot, weight: float, at: float) -> Iterator[Shape]:
    """The weight as a number on its line."""
    text = short(weight)
    x = origin.x + origin.radius + at * (spot.x - origin.x - spot.radius - origin.radius)
    bend = 3 * at**2 - 2 * at**3  # where the curve is by then
    y = origin.y + bend * (spot.y - origin.y)
    width = 6.4 * len(text) + 4
    yield Rectangle(x - width / 2, y - 8, width, 15, 3, BACKGROUND, part="page")
    yield Text(x, y + 3.5, text, 10.5, INK, "middle")


def _circles(
    k: int, column: Column, spots: Sequence[_Spot], look: Look, last: bool
) -> Iterator[Group]:
    held = column.values if look.shows == "values" else column.grads
    numbers = np.zeros(column.width) if held is None else held.mean(axis=0)
    scale = float(np.nanmax(np.abs(numbers), initial=0.0)) or 1.0
    faces = look.faces.get(k)
    names = look.names[0] if k == 0 else look.names[1] if last else ()
    for place, spot in enumerate(spots):
        number = float(numbers[spot.index])
        face = faces[place] if faces else None
        shapes = [*_disc(spot, number, scale, face, k in look.square)]
        if column.bias is not None:
            shapes += _bias(spot, float(column.bias[spot.index]), column.bias)
        if look.numbers and face is None and held is not None:
            text = _in_circle(number)
            size = min(11.0, 1.72 * spot.radius / (0.61 * len(text)))
            if size >= 6.5:
                shapes.append(Text(spot.x, spot.y + size * 0.36, text, size, INK, "middle"))
        if spot.index < len(names):
            shapes.append(_name(spot, names[spot.index], k == 0))
        what = "gradient" if look.shows == "grads" else "value"
        yield Group(
            "node", f"h{k}.{spot.index}", "", _sentence(k, spot.index, column, what, number),
            tuple(shapes),
        )  # fmt: skip


def _sentence(k: int, index: int, column: Column, what: str, number: float) -> str:
    where = f"neuron {index + 1} of layer {k}" if k else f"input {index + 1}"
    bias = "" if column.bias is None else f", bias {short(float(column.bias[index]))}"
    return f"{where}: {what} {short(number)}{bias}"


def _disc(
    spot: _Spot, number: float, scale: float, face: bytes | None, square: bool
) -> Iterator[Shape]:
    r = spot.radius
    corner, side = (spot.x - r, spot.y - r), 2 * r
    round_ = 2.0 if square else r
    yield Rectangle(*corner, side, side, round_, BACKGROUND, part="page")
    if face is not None:
        yield Raster(*corner, side, side, face, smooth=not square)
        yield Rectangle(*corner, side, side, round_, BACKGROUND, INK, 1.6, opacity=0.0)
        return
    part = min(1.0, abs(number) / scale) if np.isfinite(number) else 0.0
    fill = HOT if number > 0 else LEAF.stroke
    dashes = () if number >= 0 else (3.0, 2.0)
    opacity = round(_FULL * part, 2)
    yield Rectangle(*corner, side, side, r, fill, INK, 1.4, dashes, part="fill", opacity=opacity)


def _bias(spot: _Spot, bias: float, biases: Array) -> Iterator[Shape]:
    """A dot at the lower left of the circle: the larger, the larger; hollow if negative."""
    largest = float(np.nanmax(np.abs(biases), initial=0.0)) or 1.0
    r = _DOTS[0] + (_DOTS[1] - _DOTS[0]) * (abs(bias) / largest if np.isfinite(bias) else 0.0)
    x, y = spot.x - spot.radius * 0.85, spot.y + spot.radius * 0.85
    fill, stroke = (HOT, HOT) if bias > 0 else (BACKGROUND, LEAF.stroke)
    yield Rectangle(x - r, y - r, 2 * r, 2 * r, r, fill, stroke, 1.2, part="bias")


def _name(spot: _Spot, name: str, before: bool) -> Text:
    name = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    side = -1 if before else 1
    x = spot.x + side * (spot.radius + 7)
    return Text(x, spot.y + 4, name, 12.5, INK, "end" if before else "start", mono=False)


def _heading(k: int, column: Column, spots: Sequence[_Spot], count: int, look: Look) -> Group:
    what = "inputs" if k == 0 else "output" if k == count - 1 else f"layer {k}"
    if column.activation:
        what += f" · {column.activation}"
    x, half = spots[0].x, 3.7 * len(what)
    middle = min(max(x, half), look.width - half)  # of a long one: no letter is cut off
    shapes: list[Shape] = [Text(middle, 20, what, 12.5, INK, "middle", bold=True, mono=False)]
    if column.width > MOST:
        few = f"{len(spots)} of {column.width}"
        shapes.append(Text(x, 35, few, 11.5, GREY, "middle", mono=False))
        y = (spots[-2].y + spots[-1].y) / 2
        shapes += [Rectangle(x - 1.5, y - 1.5 + d, 3, 3, 1.5, LINE) for d in (-7.0, 0.0, 7.0)]
    return Group("", shapes=tuple(shapes))


def _key(look: Look) -> Group:
    """What lines and circles mean."""
    y = look.height - 15
    lines = "weights" if look.shows == "values" else "gradients of weights"
    texts = [f"{lines}: positive", "negative", "dot: bias"]
    shapes: list[Shape] = []
    x = 16.0
    for text, pen in zip(texts, (_PLUS, _MINUS, None), strict=True):
        if pen is not None:
            shapes.append(
                Curve(((x, y - 4), (x + 8, y - 4), (x + 16, y - 4), (x + 26, y - 4)), *pen)
            )
            x += 32
        else:
            shapes.append(Rectangle(x, y - 7.5, 7, 7, 3.5, HOT))
            x += 12
        shapes.append(Text(x, y, text, 12, GREY, mono=False))
        x += 6.6 * len(text) + 18
    return Group("", shapes=tuple(shapes))


_PLUS: tuple[str, float, tuple[float, ...]] = (HOT, 3.0, ())
_MINUS = (LEAF.stroke, 3.0, _DASHES)


def short(number: float) -> str:
    """A number in three digits.

    Example:
        >>> short(-0.51234), short(1234.5), short(2.0)
        ('-0.512', '1.23e3', '2')
    """
    return f"{number or 0.0:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def _in_circle(number: float) -> str:
    """A number in so few signs that it fits into a circle."""
    text = f"{number:.2f}" if abs(number) < 9.995 else f"{number:.0f}"
    return "0.00" if text == "-0.00" else text if len(text) < 6 else f"{number:.0e}"
