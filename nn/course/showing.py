"""A verdict on the page: a box in a notebook, plain text in a terminal."""

from __future__ import annotations

import html
import sys
import textwrap
from typing import Any

_BOX = (
    "border:1px solid {0};border-left:.5em solid {0};border-radius:.3em;padding:.5em .9em;"
    "margin:.3em 0;max-width:46em;line-height:1.5"
)
_COLOURS = {"right": "#2e7d32", "wrong": "#c25100", "empty": "#607080"}
_SIGNS = {"right": "✓", "wrong": "✗", "empty": "…"}
_ROLES = {"right": "status", "wrong": "alert", "empty": "status"}


def as_text(heading: str, paragraphs: list[str]) -> str:
    """The words of a box, wrapped for a terminal."""
    lines = [textwrap.fill(paragraph, 79) for paragraph in paragraphs]
    return "\n".join([heading, *lines])


def as_html(kind: str, heading: str, paragraphs: list[str]) -> str:
    """The box: its kind stands in a sign and in words, too, not only in its colour."""
    sign = f'<span aria-hidden="true">{_SIGNS[kind]}</span>'
    parts = [f"<strong>{sign} {html.escape(heading)}</strong>"]
    parts += [f'<div style="margin-top:.3em">{html.escape(text)}</div>' for text in paragraphs]
    style = _BOX.format(_COLOURS[kind])
    return f'<div role="{_ROLES[kind]}" style="{style}">{"".join(parts)}</div>'


def show(kind: str, heading: str, paragraphs: list[str]) -> None:
    """Show it where the code runs: a box in a notebook, else text."""
    text = as_text(heading, paragraphs)
    if _shell() is None:
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding))
        return
    from IPython.display import display

    bundle = {"text/plain": text, "text/html": as_html(kind, heading, paragraphs)}
    display(bundle, raw=True)


def _shell() -> Any:
    """IPython's shell, if the code runs in one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
