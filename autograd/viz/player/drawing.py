"""A drawing in a notebook or on a page: scaled to its place, to be zoomed and dragged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.viz import notation
from autograd.viz.player.embed import embedded, page, script_of, still_image
from autograd.viz.svg import DARK_STYLE, dark_rules, size_of
from autograd.viz.trace import Box, Node

LEAST_SCALE = 2 / 3
"""To fit in, a picture is made smaller down to this scale, at which the smallest type has 7 px."""

_SCRIPTS = ("view.css", "elements.js", "view.js", "toggles.js", "drawing.js")

Boxes = dict[str, Any]


def boxes_of(
    first: Sequence[Box], others: Sequence[tuple[Sequence[Box], str]], names: Mapping[Node, str]
) -> Boxes:
    """What a script must know to open and close boxes: see README.md.

    Args:
        first: The boxes that are open in the picture that is there anyway.
        others: For each other picture the boxes that are open in it, and the picture.
        names: What nodes are called.
    """
    known = dict.fromkeys(box for are_open, _ in [(first, ""), *others] for box in are_open)
    for are_open, _ in others:
        known |= dict.fromkeys(inner for box in are_open for inner in box.all)
    in_order = sorted(
        known, key=lambda box: int(box.id[1:])
    )  # as the pass has them: from the leaves
    places = {box: g for g, box in enumerate(in_order)}
    views = [{"open": [places[box] for box in are_open]} for are_open, _ in [(first, ""), *others]]
    groups = [
        {"id": box.id, "name": box.name, "text": box.name, "made": made}
        for box, made in zip(in_order, told_apart(in_order, names), strict=True)
    ]
    return {
        "groups": groups,
        "views": views,
        "pictures": [svg for _, svg in others],
    }


def for_notebooks(svg: str, sentence: str, boxes: Boxes | None = None) -> dict[str, str]:
    """What a notebook shows: the picture, or the sentence where it cannot show pictures.

    A picture that is too wide is made narrower, and scrolls where it would become illegible.
    JupyterLab would show the SVG by itself in its natural size and cut it off.
    """
    plain = svg.replace(f"<style>{DARK_STYLE}</style>\n", "")  # there the notebook's theme counts
    fitting = plain.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
    html = _fragment(plain, sentence, boxes, notebook=True)
    return {"text/html": html, "image/svg+xml": fitting, "text/plain": sentence}


def told_apart(boxes: Sequence[Box], names: Mapping[Node, str]) -> list[str]:
    """What follows the name of each box: where another has that name, what it makes."""
    counts = Counter(box.name for box in boxes)
    return [
        f" → {notation.name(names.get(box.results[0], '')).text}" if counts[box.name] > 1 else ""
        for box in boxes
    ]


def drawing_page(svg: str, sentence: str, title: str, boxes: Boxes | None = None) -> str:
    """A page with nothing but the picture, which fits itself to the window."""
    return page(title, _fragment(svg, sentence, boxes, notebook=False))


def _fragment(svg: str, sentence: str, boxes: Boxes | None, notebook: bool) -> str:
    picture = still_image(svg, sentence, notebook, round(LEAST_SCALE * size_of(svg)[0]))
    fallback = f'<div style="overflow-x:auto">{picture}</div>'
    dark = dark_rules(":host([data-theme=dark]) .pic ")
    return embedded(fallback, script_of(_SCRIPTS, "given", boxes or {}, style=dark))
