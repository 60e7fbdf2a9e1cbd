"""Writing a scene down as SVG.

The text stands alone in a page beside others of its kind: it has no ids (which would collide), no
style sheet (which would leak) and no script; a player finds its parts by `data-node="n7"`,
`data-edge="n7.0"` and, within those, `data-part="grad"`. It fills the width there is, up to its
natural size.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from html import escape

from autograd.viz.scene import (
    DARK,
    MONO,
    SANS,
    Curve,
    Group,
    Polygon,
    Rectangle,
    Scene,
    Shape,
    Text,
)

LEAST_SCALE = 2 / 3
"""To fit in, a picture is made smaller down to this scale, at which the smallest type has 7 px."""


DARK_STYLE = (
    "@media (prefers-color-scheme:dark){"
    + "".join(
        f'[{what}="{light}"]{{{what}:{dark}}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    )
    + "}"
)
"""The rules by which a picture turns dark with the page around it."""

_IN_DARK_NOTEBOOKS = (
    "<style>:is([data-jp-theme-light=false],.vscode-dark,[theme=dark]) .glassgrad-picture"
    "{filter:invert(.91) hue-rotate(180deg)}</style>"
)


def to_svg(scene: Scene, title: str, dark: bool = False) -> str:
    """Write a scene down as SVG.

    Args:
        scene: What is drawn.
        title: The picture in words; screen readers and tooltips say it.
        dark: Whether it turns dark where the reader's system is.
    """
    width, height = _n(scene.width), _n(scene.height)
    view = f"{_n(scene.x)} {_n(scene.y)} {width} {height}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{width}" '
            f'height="{height}" role="img" font-family="{escape(MONO)}">',
            f"<title>{escape(title)}</title>",
            *([f"<style>{DARK_STYLE}</style>"] if dark else []),
            *(_group(group) for group in scene.groups),
            "</svg>",
            "",
        ]
    )


def size_of(svg: str) -> tuple[float, float]:
    """The natural size of a picture that is written down."""
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found is not None
    return float(found[1]), float(found[2])


def for_notebooks(svg: str, sentence: str) -> dict[str, str]:
    """What a notebook shows: the picture, or the sentence where it cannot show pictures.

    A picture that is too wide is made narrower, and scrolls where it would become illegible.
    JupyterLab would show the SVG by itself in its natural size and cut it off.
    """
    plain = svg.replace(f"<style>{DARK_STYLE}</style>\n", "")  # there the notebook's theme counts
    image = base64.b64encode(plain.encode()).decode()
    least = round(LEAST_SCALE * size_of(svg)[0])
    html = (
        f'{_IN_DARK_NOTEBOOKS}<div style="overflow-x:auto">'
        f'<img class="glassgrad-picture" alt="{escape(sentence)}" '
        f'style="max-width:100%;min-width:{least}px;height:auto" '
        f'src="data:image/svg+xml;base64,{image}"></div>'
    )
    fitting = plain.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
    return {"text/html": html, "image/svg+xml": fitting, "text/plain": sentence}


def page(svg: str, sentence: str) -> str:
    """A page with nothing but the picture, which fits itself to the window."""
    fitting = svg.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(sentence.partition('.')[0])}</title></head>\n"
        f"<body><main>{fitting}</main></body></html>\n"
    )


def _group(group: Group) -> str:
    shapes = "".join(_shape(shape) for shape in group.shapes)
    if not group.role:
        return f"<g>{shapes}</g>"
    kind = f' data-kind="{group.kind}"' if group.kind else ""
    title = f"<title>{escape(group.sentence)}</title>"
    return f'<g data-{group.role}="{group.id}"{kind}>{title}{shapes}</g>'


def _shape(shape: Shape) -> str:
    match shape:
        case Rectangle(x, y, width, height, radius, fill, stroke, thickness, dashes, part):
            return (
                f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" '
                f'rx="{_n(radius)}" fill="{fill}"{_outline(stroke, thickness, dashes)}'
                f"{_part(part)}/>"
            )
        case Curve(points, stroke, thickness, dashes):
            start, *rest = (f"{_n(x)},{_n(y)}" for x, y in points)
            path = f"M{start}C{' '.join(rest)}"
            return f'<path d="{path}" fill="none"{_outline(stroke, thickness, dashes)}/>'
        case Polygon(points, fill):
            corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
            return f'<polygon points="{corners}" fill="{fill}"/>'
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


def _n(x: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    text = f"{x:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
