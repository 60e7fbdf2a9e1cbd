"""What a notebook shows for a pass, and the page that holds it as a file.

The HTML begins as a picture and a list of all steps, which is what remains where scripts are
stripped (an untrusted notebook, GitHub). Where they run, one puts the player in their place. It
loads nothing: script and style come along, compressed, since every output carries them.
"""

from __future__ import annotations

import base64
import functools
import gzip
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from html import escape
from importlib import resources

import numpy as np

from autograd.atomic_write import write_atomically
from autograd.viz import exercise
from autograd.viz.animate import animation
from autograd.viz.draw import Drawing
from autograd.viz.player.frames import frames
from autograd.viz.player.picture import Picture, picture_of
from autograd.viz.player.record import to_json, trace_of
from autograd.viz.player.rules_js import rules_js
from autograd.viz.saving import save_by_suffix
from autograd.viz.steps import Pass
from autograd.viz.text import printable
from autograd.viz.tikz import to_tikz

_SCRIPTS = ("numbers.js", "pass.js", "words.js", "picture.js", "node.js", "page.js")
_FUNCTION = """\
(function (host, trace, rules, css) {
"use strict";
%s
})"""

# Unpacks the player and starts it as a script of its own, which needs no more rights than this
# one. What it is given hangs on the script element, so that nothing becomes global. VS Code runs a
# copy of each script, at the end of the output, and takes it away at once: so this one finds its
# place before it waits for anything, as the first of its neighbours that no script has taken yet.
_LOADER = """\
(async (script, trace, rules, packed) => {
  const host = [...script.parentNode.querySelectorAll(".glassgrad")].find((e) => !e.taken);
  if (!host) return;
  host.taken = true;
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const [player, css] = await new Response(stream).json();
  const start = document.createElement("script");
  start.given = [host, trace, rules, css];
  start.textContent = player + "(...document.currentScript.given)";
  host.after(start);
  start.remove();
})(document.currentScript,
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font-family: system-ui, sans-serif; margin: 1rem auto; max-width: 1400px; padding: 0 1rem }}
h1 {{ font-size: 1.3rem; overflow-wrap: anywhere }}
img {{ max-width: 100% }}
</style>
</head>
<body>
<main class="alone">
<h1>{title}</h1>
{fragment}
</main>
</body>
</html>
"""


def bundle(steps: Pass) -> dict[str, str]:
    """What a notebook is given: it shows the richest form that it can."""
    with np.errstate(all="ignore"):  # a page does not warn of numbers that are there already
        picture = picture_of(steps)
        return {
            "text/html": fragment(steps, picture),
            "image/svg+xml": picture.svg,
            "text/plain": str(steps),
        }


def write_page(steps: Pass, path: str | os.PathLike[str]) -> None:
    """Write a page that holds the player and works from the disk."""
    with np.errstate(all="ignore"):
        write_atomically(path, _page(steps).encode())


def _page(steps: Pass) -> str:
    title = escape(printable(f"Backpropagation of {exercise.name_text(steps.names[steps.root])}"))
    return _PAGE.format(title=title, fragment=fragment(steps, picture_of(steps)))


def save_pass(steps: Pass, path: str | os.PathLike[str]) -> None:
    """Write a pass in the form that the ending of the path tells."""
    with np.errstate(all="ignore"):
        writers: dict[str, Callable[[], str | bytes]] = {
            ".html": lambda: _page(steps),
            ".svg": lambda: animation(steps),
            ".txt": lambda: f"{steps}\n",
            ".tex": lambda: to_tikz(list(frames(steps, picture_of(steps)))),
        }
        drawing = Drawing(picture_of(steps).graph)
        save_by_suffix(path, writers | drawing.writers(".png", ".pdf", ".dot", ".md"))


def fragment(steps: Pass, picture: Picture) -> str:
    """The player as a piece of HTML: picture and list, and the script that replaces them."""
    trace = trace_of(steps, picture)
    names = dict.fromkeys(node["op"] for node in trace["nodes"] if "op" in node)
    rules = rules_js(names) if trace["live"] else "{}"
    image = base64.b64encode(picture.svg.encode()).decode()
    return (
        '<div class="glassgrad">\n'
        f'<img alt="{escape(picture.sentence)}" src="data:image/svg+xml;base64,{image}">\n'
        f"{_list(steps)}</div><script>{_LOADER}{to_json(trace)},\n{rules},\n"
        f'"{packed_player()}")</script>'
    )


def _list(steps: Pass) -> str:
    """All steps as text; of a long pass its beginning and its end."""
    total = len(steps)
    items = "\n".join(f"<li>{escape(line)}</li>" for line in _lines(steps))
    count = "1 step" if total == 1 else f"All {total:,} steps"
    return f"<details><summary>{count}</summary>\n<ol>\n{items}\n</ol>\n</details>\n"


def _lines(steps: Pass) -> Iterator[str]:
    most = exercise.FIRST + exercise.LAST
    if len(steps) <= 4 * most:
        yield from map(str, steps)
        return
    yield from map(str, itertools.islice(steps, exercise.FIRST))
    yield f"… {len(steps) - most:,} more …"
    yield from map(str, steps[-exercise.LAST :])


def _without_comments(script: str) -> str:
    """A script without what only its readers need: indentation, and comments on their own."""
    return re.sub(r"(?m)^\s*(//.*\n)?", "", script)


@functools.cache
def packed_player() -> str:
    """The player's script and style, compressed."""
    here = resources.files(__package__)
    body = "\n".join(here.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS)
    css = here.joinpath("player.css").read_text(encoding="utf-8")
    parts = [_without_comments(_FUNCTION % body), re.sub(r"\s*([{};:,])\s*", r"\1", css)]
    packed = gzip.compress(json.dumps(parts).encode(), 9, mtime=0)
    return base64.b64encode(packed).decode()
