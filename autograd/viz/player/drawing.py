"""Pictures in a notebook or on a page: scaled to their place, to be zoomed and dragged.

Of several, one is shown: they take turns as boxes open and close, or each by a button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autograd.viz.player.embed import embedded, page, script_of, still_image
from autograd.viz.svg import DARK_STYLE, dark_rules, size_of

LEAST_SCALE = 2 / 3
"""To fit in, a picture is made smaller down to this scale, at which the smallest type has 7 px."""

_SCRIPTS = ("view.css", "elements.js", "view.js", "toggles.js", "drawing.js")

Boxes = dict[str, Any]
"""Boxes that open and close, and the pictures in which they are open: README.md."""


class State(NamedTuple):
    """One of several pictures: what stands on its button, what it shows in words, and its SVG."""

    name: str
    sentence: str
    svg: str


def for_notebooks(svg: str, sentence: str, boxes: Boxes | None = None) -> dict[str, str]:
    """What a notebook shows: the picture, or the sentence where it cannot show pictures.

    A picture that is too wide is made narrower, and scrolls where it would become illegible.
    JupyterLab would show the SVG by itself in its natural size and cut it off.
    """
    fitting = _plain(svg).replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
    html = _fragment(_plain(svg), sentence, boxes or {})
    return {"text/html": html, "image/svg+xml": fitting, "text/plain": sentence}


def drawing_page(svg: str, sentence: str, title: str, boxes: Boxes) -> str:
    """A page with nothing but the picture, which fits itself to the window."""
    return page(title, _fragment(svg, sentence, boxes, notebook=False))


def states_fragment(states: Sequence[State], parts: Mapping[str, tuple[str, str]]) -> str:
    """A piece of HTML: the first picture, and where scripts run the others, too.

    Args:
        states: The pictures.
        parts: What a click on a part of a picture shows, by the part's id: in words, and as SVG.
    """
    first, *others = states
    given = {
        "names": [state.name for state in states],
        "pictures": [state.svg for state in others],
        "parts": {part: (words, _plain(svg)) for part, (words, svg) in parts.items()},
    }
    return _fragment(_plain(first.svg), first.sentence, given)


def _plain(svg: str) -> str:
    """A picture that turns dark with the page around it, not with the system."""
    return svg.replace(f"<style>{DARK_STYLE}</style>\n", "")


def _fragment(svg: str, sentence: str, given: Boxes, notebook: bool = True) -> str:
    picture = still_image(svg, sentence, notebook, round(LEAST_SCALE * size_of(svg)[0]))
    fallback = f'<div style="overflow-x:auto">{picture}</div>'
    dark = dark_rules(":host([data-theme=dark]) .pic ")
    given = {**given, "pictures": [*map(_plain, given.get("pictures", ()))]}
    return embedded(fallback, script_of(_SCRIPTS, "given", given, style=dark))
