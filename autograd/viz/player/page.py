"""What a notebook shows for a pass, and the page that holds it as a file.

The HTML begins as a picture and the worked exercise as text, which is what remains where scripts
are stripped (an untrusted notebook, GitHub). Where they run, one puts the player in their place.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from html import escape

import numpy as np

from autograd.expression import FUNCTIONS
from autograd.viz import exercise
from autograd.viz.animate import animation
from autograd.viz.draw import Drawing
from autograd.viz.drawn import Drawn
from autograd.viz.player.embed import as_image, embedded, page, script_of
from autograd.viz.player.picture import frames, picture_of
from autograd.viz.player.record import trace_of
from autograd.viz.player.rules_js import computable, rules_js
from autograd.viz.saving import save_by_suffix
from autograd.viz.steps import Pass
from autograd.viz.text import printable
from autograd.viz.tikz import tex_caption, to_tikz
from autograd.viz.trace import is_array

SCRIPTS = (
    "view.css", "player.css", "number_text.js", "elements.js", "number_field.js", "view.js",
    "going.js", "pass.js", "words.js", "reading.js", "predict.js", "toggles.js", "picture.js",
    "node.js", "page.js",
)  # fmt: skip
WITH_WINDOWS = (*SCRIPTS, "windows.css", "windows.js")
"""Where there is a convolution or a pooling; other pages do without."""

GIVEN = "trace, rules"


def bundle(steps: Pass) -> dict[str, str]:
    """What a notebook is given: it shows the richest form that it can."""
    with np.errstate(all="ignore"):  # a page does not warn of numbers that are there already
        picture = picture_of(steps)
        return {
            "text/html": fragment(steps, picture, text := str(steps)),
            "image/svg+xml": picture.svg,
            "text/plain": text,
        }


def _page(steps: Pass) -> str:
    title = printable(f"Backpropagation of {exercise.name_text(steps.names[steps.root])}")
    return page(title, fragment(steps, picture_of(steps), str(steps)))


def save_pass(steps: Pass, path: str | os.PathLike[str]) -> None:
    """Write a pass in the form that the path's ending tells."""
    with np.errstate(all="ignore"):
        writers: dict[str, Callable[[], str | bytes]] = {
            ".html": lambda: _page(steps),
            ".svg": lambda: animation(steps),
            ".txt": lambda: f"{steps}\n",
            ".tex": lambda: to_tikz(
                [
                    (frame.scene, tex_caption(frame.caption, frame.formula))
                    for frame in frames(steps, picture_of(steps))
                ]
            ),
        }
        save_by_suffix(path, Drawing(picture_of(steps).graph).writers() | writers)


def fragment(steps: Pass, picture: Drawn, text: str) -> str:
    """The player as a piece of HTML: picture and text, and the script that replaces them."""
    trace = trace_of(steps, picture)
    of_numbers = not any(map(is_array, steps.nodes))
    used = computable(form["op"] for form in trace["forms"]) if of_numbers else []
    trace["functions"] = {name: op.name for name, op in FUNCTIONS.items() if op.name in used}
    image = f'<img alt="{escape(picture.graph.sentence)}" src="{as_image(picture.svg)}">\n'
    scripts = WITH_WINDOWS if "windows" in trace else SCRIPTS
    words = f"<details><summary>All steps as text</summary>\n<pre>{escape(text)}</pre></details>\n"
    return embedded(image + words, script_of(scripts, GIVEN, trace, rules_js(used)))
