"""Writing a scene down as SVG.

The text stands alone in a page beside others of its kind: it has no ids (which would collide), no
style sheet (which would leak) and no script; a player finds its parts by `data-node="n7"`,
`data-edge="n7.0"` and, within those, `data-part="grad"`. It fills the width there is, up to its
natural size.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from autograd.viz.scene import (
    DARK,
    MONO,
    SANS,
    Curve,
    Group,
    Polygon,
    Polyline,
    Raster,
    Rectangle,
    Scene,
    Shape,
    Text,
)


def dark_rules(before: str = "") -> str:
    """The rules by which a picture turns dark, each for what is inside of `before`."""
    return "".join(
        f'{before}[{what}="{light}"]{{{what}:{dark}}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    )


DARK_STYLE = f"@media (prefers-color-scheme:dark){{{dark_rules()}}}"
"""The rules by which a picture turns dark where the reader's system is."""


def to_svg(
    scene: Scene,
    title: str,
    dark: bool = False,
    style: str = "",
    parts: Sequence[str] | None = None,
) -> str:
    """Write a scene down as SVG.

    Args:
        scene: What is drawn.
        title: The picture in words; screen readers and tooltips say it.
        dark: Whether it turns dark where the reader's system is.
        style: More rules of style.
        parts: What stands for the groups of the scene, already written down.
    """
    width, height = _n(scene.width), _n(scene.height)
    view = f"{_n(scene.x)} {_n(scene.y)} {width} {height}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{width}" '
            f'height="{height}" role="img" font-family="{escape(MONO)}">',
            f"<title>{escape(title)}</title>",
            *([f"<style>{style}{DARK_STYLE}</style>"] if dark else []),
            *(_parts(scene) if parts is None else parts),
            "</svg>",
            "",
        ]
    )


def _parts(scene: Scene) -> Iterator[str]:
    for one, x, y in scene.all:
        texts = map(group_text, one.parts)
        moved = f'<g transform="translate({x:g} {y:g})">'
        yield from (f"{moved}{''.join(texts)}</g>",) if x or y else texts


def size_of(svg: str) -> tuple[float, float]:
    """The natural size of a picture that is written down."""
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found is not None
    return float(found[1]), float(found[2])


@functools.lru_cache(maxsize=1024)  # most of a film is as it was in the picture before
def group_text(group: Group, css: str = "") -> str:
    """A group as SVG, with the names of its classes."""
    css = f' class="{css}"' if css else ""
    shapes = "".join(_shape(shape) for shape in group.shapes)
    if not group.role:
        return f"<g{css}>{shapes}</g>"
    kind = f' data-kind="{group.kind}"' if group.kind else ""
    title = f"<title>{escape(group.sentence)}</title>"
    return f'<g data-{group.role}="{group.id}"{kind}{css}>{title}{shapes}</g>'


def _shape(shape: Shape) -> str:
    match shape:
        case Rectangle(x, y, width, height, radius, fill, stroke, thickness, dashes, part):
            clear = "" if shape.opacity == 1 else f' fill-opacity="{shape.opacity:.2f}"'
            return (
                f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" '
                f'rx="{_n(radius)}" fill="{fill}"{clear}{_outline(stroke, thickness, dashes)}'
                f"{_part(part)}/>"
            )
        case Curve(points, stroke, thickness, dashes):
            pen = _outline(stroke, thickness, dashes)
            start, *rest = (f"{_n(x)},{_n(y)}" for x, y in points)
            if isinstance(shape, Polyline):
                return f'<polyline points="{" ".join([start, *rest])}" fill="none"{pen}/>'
            return f'<path d="M{start}C{" ".join(rest)}" fill="none"{pen}/>'
        case Polygon(points, fill):
            corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
            return f'<polygon points="{corners}" fill="{fill}"/>'
        case Raster(x, y, width, height, png, smooth):
            look = "" if smooth else ' style="image-rendering:pixelated"'
            return (
                f'<image x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" '
                f'preserveAspectRatio="none"{look} '
                f'href="data:image/png;base64,{base64.b64encode(png).decode()}"/>'
            )
        case Text(x, y, text, size, fill, anchor, bold, mono, part):
            more = "" if anchor == "start" else f' text-anchor="{anchor}"'
            more += ' font-weight="700"' if bold else ""
            more += "" if mono else f' font-family="{escape(SANS)}"'
            more += _part(part)
            more += ' style="white-space:pre" xml:space="preserve"' if "  " in f" {text} " else ""
            return (
                f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{fill}"{more}>'
                f"{escape(text, quote=False)}</text>"
            )


def _part(part: str) -> str:
    return f' data-part="{escape(part)}"' if part else ""


def _outline(stroke: str, thickness: float, dashes: Iterable[float]) -> str:
    if not stroke:
        return ""
    dashed = " ".join(map(_n, dashes))
    round_dots = f' stroke-dasharray="{dashed}"' if dashed else ""
    return f' stroke="{stroke}" stroke-width="{_n(thickness)}"{round_dots}'


@functools.lru_cache(maxsize=4096)  # most of a picture lies where it lay in the one before
def _n(x: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    text = f"{x:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
