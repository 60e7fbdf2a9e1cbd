"""How things are drawn: shapes, colours and type, for every kind of output.

`scene` turns a graph and a layout into rectangles, curves, polygons and text; `svg.py` and
`png_and_pdf.py` write those down, and know nothing of graphs.

What a node is can be told without colours: an operation has round corners and its symbol on a
dark badge, a leaf has sharp corners, a constant a dotted outline and smaller type, the output a
second outline, a folded node a dashed one. Contrast with what is behind it is at least 4.5 to 1
for text and 3 to 1 for outlines.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from autograd.viz.graph import DrawnEdge, DrawnGraph, DrawnNode
from autograd.viz.layout import ARROW, Box, Layout, Point, Route, Size
from autograd.viz.text import columns

MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
SANS = "system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"

BACKGROUND, INK, GREY = "#ffffff", "#1d2530", "#5c6570"
LINE, QUIET_LINE = "#596270", "#868e99"
HOT = "#b8400e"  # what is to stand out, by its thickness too
DOTTED = (1.5, 3.0)


@dataclass(frozen=True, slots=True)
class Style:
    """The colours of a kind of node: surface, outline and badge."""

    fill: str
    stroke: str


LEAF = Style("#e6f0fa", "#1060a8")
OPERATION = Style("#fff6e5", "#8a5300")
OUTPUT = Style("#e7f6ec", "#14713d")
CONSTANT = Style("#fbfbfc", "#7c848f")


DARK = {
    BACKGROUND: "#15191f", INK: "#e8ecf1", GREY: "#aab4c0", LINE: "#98a3af", QUIET_LINE: "#808b98",
    HOT: "#ff9a5e", LEAF.fill: "#17293b", LEAF.stroke: "#74b3ee", OPERATION.fill: "#302613",
    OPERATION.stroke: "#e0ac55", OUTPUT.fill: "#14301f", OUTPUT.stroke: "#6fcb93",
    CONSTANT.fill: "#222933", CONSTANT.stroke: "#8b95a1",
}  # fmt: skip
"""For each colour, the one that stands for it where the page around is dark."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangle with corners of this radius; `part` says what it is in its node.

    Half its size as the radius makes it a circle. `opacity` is that of its surface.
    """

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str = ""
    thickness: float = 1.5
    dashes: tuple[float, ...] = ()
    part: str = ""
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A chain of cubic Bézier curves: a start, then three points for each."""

    points: tuple[Point, ...]
    stroke: str
    thickness: float = 1.4
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Polyline(Curve):
    """A chain of straight lines between its points."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled polygon."""

    points: tuple[Point, ...]
    fill: str


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; x, y is where its base line starts, is in the middle, or ends.

    `part` says what it is in its node: "symbol", "name", "what" or, in a row, what the row shows.
    """

    x: float
    y: float
    text: str
    size: float
    fill: str
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False
    mono: bool = True
    part: str = ""


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture made of points, as PNG (`raster.py`); `smooth` blends from point to point."""

    x: float
    y: float
    width: float
    height: float
    png: bytes
    smooth: bool = True


Shape = Rectangle | Curve | Polygon | Text | Raster


@dataclass(frozen=True, slots=True)
class Group:
    """The shapes of one node or edge.

    Attributes:
        role: "node", "edge", or "numbers" of several edges; "" for what is none of these.
        id: The id of the node or edge.
        kind: The kind of the node.
        sentence: What to say about it.
        shapes: In the order in which they are drawn.
    """

    role: Literal["node", "edge", "numbers", ""]
    id: str = ""
    kind: str = ""
    sentence: str = ""
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is to be drawn on a page: its left upper corner and its size, and the groups.

    Of scenes `beside` each other each is told with how far it is moved to the right and down.
    """

    x: float
    y: float
    width: float
    height: float
    groups: tuple[Group, ...]
    beside: tuple[tuple[Scene, float, float], ...] = ()

    @property
    def parts(self) -> tuple[Group, ...]:
        """The page, and what is on it."""
        page = Rectangle(self.x, self.y, self.width, self.height, 8, BACKGROUND, part="page")
        return Group("", shapes=(page,)), *self.groups

    @property
    def all(self) -> Iterator[tuple[Scene, float, float]]:
        """This scene, which is not moved, and every other in it."""
        yield self, 0.0, 0.0
        for scene, x, y in self.beside:
            yield from ((one, x + dx, y + dy) for one, dx, dy in scene.all)


# --- sizes ------------------------------------------------------------------------------------

_EM = 0.61  # how wide the letters of a font of equal width are, in ems, rounded up
_TITLE, _ROW, _LABEL, _CAPTION = 13.0, 11.5, 11.0, 11.0
_TITLE_HEIGHT, _ROW_HEIGHT = 19.0, 16.0
_PADDING, _BADGE_PADDING, _BETWEEN = 9.0, 7.0, 10.0
_RIM = 4.0  # between the two outlines of the output
_LEAST_WIDTH = 96.0
_KEY_WIDTH = 42.0
_MARGIN = 14.0


def text_width(text: str, size: float) -> float:
    """How wide a line of text in the font of equal width is."""
    return columns(text) * size * _EM


@functools.lru_cache(maxsize=4096)  # a node is drawn in many pictures
def node_size(node: DrawnNode) -> Size:
    """How large the box of a node must be for what is written in it."""
    quiet = node.kind == "constant"
    title = max((text_width(line, _TITLE) for line in node.name), default=0.0)
    if node.symbol:
        title += _badge_width(node) + (_BETWEEN if node.name else 0)
    if node.folded:
        title += 24
    rows = max((text_width(text, _ROW) for _, text in node.rows), default=0.0)
    keys = 0.0 if node.is_bare or not node.rows else _KEY_WIDTH
    least = 0.0 if quiet or not node.rows else _LEAST_WIDTH
    rim = _RIM if node.output else 0.0
    width = max(title, rows + keys, least - 2 * _PADDING) + 2 * (_PADDING + rim)
    width = max(width, node.least)
    height = _head_height(node) + _ROW_HEIGHT * len(node.rows) + 12 + 2 * rim
    return width, height


def label_size(edge: DrawnEdge) -> Size:
    """How large the label of an edge is."""
    widest = max(text_width(text, _LABEL) for text in (edge.label, edge.room))
    return (widest if edge.label else 0.0, _LABEL)


def style_of(node: DrawnNode) -> Style:
    """The colours of a node."""
    if node.kind == "operation" and node.output:
        return OUTPUT
    return {"leaf": LEAF, "operation": OPERATION, "constant": CONSTANT}[node.kind]


def _badge_width(node: DrawnNode) -> float:
    return max(text_width(node.symbol, _TITLE) + 2 * _BADGE_PADDING, 24.0)


def _head_height(node: DrawnNode) -> float:
    lines = max(len(node.name), 1 if node.symbol else 0)
    return _TITLE_HEIGHT * lines + (3 if lines else 0)


# --- the scene --------------------------------------------------------------------------------


def scene(graph: DrawnGraph, layout: Layout) -> Scene:
    """Draw a graph: edges below, nodes above them, captions under everything."""
    titles = {node.id: node.title or node.kind for node in graph.nodes}
    left, top, right, bottom = _bounds(layout, graph.edges)
    width = max(right - left, 300.0)
    columns_of_page = int(width / (_CAPTION * 0.56))
    lines = [x for text in graph.captions for x in textwrap.wrap(text, columns_of_page)]
    height = bottom - top + (10 + 16 * len(lines) if lines else 0)
    page = (left - _MARGIN, top - _MARGIN, width + 2 * _MARGIN, height + 2 * _MARGIN)
    groups = (
        *(_edge(edge, layout.routes[edge.id], titles) for edge in graph.edges),
        *(_node(node, layout.boxes[node.id]) for node in graph.nodes),
        Group(
            "",
            shapes=tuple(
                Text(left, bottom + 22 + 16 * i, text, _CAPTION, GREY, mono=False, part="what")
                for i, text in enumerate(lines)
            ),
        ),
    )
    return Scene(*page, groups)


def _bounds(layout: Layout, edges: Iterable[DrawnEdge]) -> tuple[float, float, float, float]:
    boxes = layout.boxes.values()
    xs = [x for box in boxes for x in (box.x, box.x + box.width)]
    ys = [y for box in boxes for y in (box.y, box.y + box.height)]
    for edge in edges:
        route = layout.routes[edge.id]
        width, height = label_size(edge)
        xs += [x for x, _ in route.points]
        ys += [y for _, y in route.points]
        if edge.label:
            xs += [route.label[0] - width / 2, route.label[0] + width / 2]
            ys += [route.label[1] - height / 2, route.label[1] + height / 2]
    return min(xs), min(ys), max(xs), max(ys)


def _node(node: DrawnNode, box: Box) -> Group:
    rim = _RIM if node.output else 0.0
    left, right = box.x + _PADDING + rim, box.x + box.width - _PADDING - rim
    spare = box.height - node_size(node)[1]  # `dot` may have made the box larger
    top = box.y + 6 + rim + spare / 2
    shapes = [
        *_outlines(node, box),
        *_head(node, left, right, top),
        *_rows(node, left, right, top + _head_height(node)),
    ]
    return Group("node", node.id, node.kind, node.sentence, tuple(shapes))


def _head(node: DrawnNode, left: float, right: float, top: float) -> Iterator[Shape]:
    """Badge and name."""
    baseline = top + 14
    if node.symbol:
        width = _badge_width(node)
        yield Rectangle(left, top, width, _TITLE_HEIGHT, 9.5, style_of(node).stroke, part="badge")
        yield Text(
            left + width / 2,
            baseline,
            node.symbol,
            _TITLE,
            BACKGROUND,
            "middle",
            bold=True,
            part="symbol",
        )
        left += width + _BETWEEN
    quiet = node.kind == "constant"
    for i, line in enumerate(node.name):
        y = baseline + _TITLE_HEIGHT * i
        yield Text(left, y, line, _TITLE, GREY if quiet else INK, bold=not quiet, part="name")
    if node.folded:
        yield Text(right, baseline, "⋯", _TITLE, INK, "end", bold=True)


def _rows(node: DrawnNode, left: float, right: float, top: float) -> Iterator[Shape]:
    ink = GREY if node.kind == "constant" else INK
    part = ""
    for i, (what, text) in enumerate(node.rows):
        baseline = top + 12.5 + _ROW_HEIGHT * i
        if node.is_bare:
            yield Text((left + right) / 2, baseline, text, _ROW, ink, "middle", part="data")
            continue
        if what:
            part = what
            yield Text(left, baseline, what, _ROW - 1, GREY, mono=False, part="what")
        yield Text(right, baseline, text, _ROW, ink, "end", part=part)


def _outlines(node: DrawnNode, box: Box) -> Iterator[Shape]:
    style = style_of(node)
    radius = 11.0 if node.kind == "operation" else 1.5
    dashes: tuple[float, ...] = DOTTED if node.kind == "constant" else ()
    if node.folded:
        dashes = (6, 4)
    x, y, width, height = box.x, box.y, box.width, box.height
    stroke, thickness = (HOT, 3.0) if node.marked else (style.stroke, 1.5)
    yield Rectangle(
        x, y, width, height, radius, style.fill, stroke, thickness, dashes=dashes, part="box"
    )
    if node.output:
        x, y, width, height = x + _RIM, y + _RIM, width - 2 * _RIM, height - 2 * _RIM
        radius = max(radius - _RIM, 1.5)
        yield Rectangle(x, y, width, height, radius, style.fill, style.stroke, part="rim")


def _edge(edge: DrawnEdge, route: Route, titles: Mapping[str, str]) -> Group:
    stroke = HOT if edge.marked else LINE if edge.flows else QUIET_LINE
    thickness = 3.2 if edge.marked else 1.4
    shapes: list[Shape] = [
        Curve(route.points, stroke, thickness, dashes=() if edge.flows else DOTTED),
        Polygon(_arrow(route.points[-1], route.tip), stroke),
    ]
    sentence = f"{titles[edge.tail]} → {titles[edge.head]}"
    if edge.label:
        sentence += f", local derivative {edge.label}"
        x, y = route.label
        width, height = label_size(edge)
        corner = (x - width / 2 - 1, y - height / 2)
        shapes.append(Rectangle(*corner, width + 2, height, 2, BACKGROUND, part="page"))
        shapes.append(Text(x, y + _LABEL * 0.36, edge.label, _LABEL, INK, "middle", part="local"))
    return Group("edge", edge.id, sentence=sentence, shapes=tuple(shapes))


def _arrow(back: Point, tip: Point) -> tuple[Point, Point, Point]:
    dx, dy = tip[0] - back[0], tip[1] - back[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    dx, dy = dx * ARROW / length, dy * ARROW / length
    back = (tip[0] - dx, tip[1] - dy)
    side = (-dy * 0.4, dx * 0.4)
    return (back[0] + side[0], back[1] + side[1]), tip, (back[0] - side[0], back[1] - side[1])


def sizes(graph: DrawnGraph) -> tuple[Mapping[str, Size], Mapping[str, Size]]:
    """The sizes of the nodes and of the labels of the edges, by id."""
    return (
        {node.id: node_size(node) for node in graph.nodes},
        {edge.id: label_size(edge) for edge in graph.edges},
    )
