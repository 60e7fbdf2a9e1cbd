"""What a notebook shows for a pass, and the page that holds it as a file.

The HTML begins as a picture and the worked exercise as text, which is what remains where scripts
are stripped (an untrusted notebook, GitHub). Where they run, one puts the player in their place.
"""

from __future__ import annotations

from html import escape

from autograd.expression import FUNCTIONS
from autograd.viz.drawn import Drawn
from autograd.viz.player.embed import as_image, embedded, script_of
from autograd.viz.player.record import trace_of
from autograd.viz.player.rules_js import computable, rules_js
from autograd.viz.steps import Pass
from autograd.viz.trace import is_array

SCRIPTS = (
    "view.css", "player.css", "number_text.js", "elements.js", "number_field.js", "view.js",
    "going.js", "pass.js", "words.js", "reading.js", "predict.js", "toggles.js", "picture.js",
    "node.js", "page.js",
)  # fmt: skip
WITH_WINDOWS = (*SCRIPTS, "windows.css", "windows.js")
"""Where there is a convolution or a pooling; other pages do without."""

GIVEN = "trace, rules"


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
