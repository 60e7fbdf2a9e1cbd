"""A page that trains: programs that Python printed run in a worker, and a script shows them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from autograd.viz.player.embed import embedded, file_text, script_of, to_json
from autograd.viz.svg import dark_rules

_SCRIPTS = (
    "view.css", "film.css", "elements.js", "view.js", "panel.js", "charts.js", "network.js",
    "playground.js",
)  # fmt: skip


def training_fragment(site: Mapping[str, Any], code: str, data: Mapping[str, Any]) -> str:
    """A piece of HTML.

    Args:
        site: What the page shows: title, plane, network, and where the sliders begin.
        code: The lists `programs` of functions `program(B)` and `starts` of their settings, and
            perhaps `outputs()`.
        data: What the trainer is given.
    """
    fallback = f"<p>{escape(site['title'])}. It trains where scripts run.</p>"
    given, dark = {**site, "code": worker(code, data)}, dark_rules(":host([data-theme=dark]) ")
    return embedded(fallback, script_of(_SCRIPTS, "site", given, style=dark))


def worker(code: str, data: Mapping[str, Any]) -> str:
    """The whole program of the worker."""
    scripts = "\n".join(map(file_text, ("trainer.js", "worker.js")))
    return f"const data = {to_json(data)};\n{code}\n{scripts}"
