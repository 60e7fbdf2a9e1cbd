"""Scripts in an output: packed, so that each output carries its own and loads nothing.

An output begins as what remains where scripts are stripped: a picture, and words. Where scripts
run, one puts something to play with in their place.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import re
import string
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any

_FUNCTION = """\
(function (host, css, %s) {
"use strict";
%s
})"""

_DIGITS = (
    string.digits + string.ascii_uppercase + string.ascii_lowercase + "!#$%&()*+-;<=>?@^_`{|}~"
)
"""Those of `base64.b85encode`, which takes 6 % less room than base64. There is no / among them, so
that nothing in them ends a script."""

_OUTSIDE_TEXTS = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`"""
    r"""|/(?![*/ ])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*)"""
    r"""| *([=?:;{},()<>&|*]+) *| ([+/-]) (?![+-])"""
)


def without_comments(script: str) -> str:
    """A script without what only its readers need: comments on their own, and spaces."""
    code = re.sub(r"(?m)^\s*(//.*\n)?", "", script)
    return _OUTSIDE_TEXTS.sub(lambda found: found[found.lastindex or 0], code)


# Unpacks a script and starts it as one of its own, which needs no more rights than this one. What
# it is given hangs on the script element, so that nothing becomes global. VS Code runs a copy of
# each script, at the end of the output, and takes it away at once: so this one finds its place
# before it waits for anything, as the first of its neighbours that no script has taken yet.
LOADER = without_comments(
    """\
(async (script, packed, ...given) => {
  const host = [...script.parentNode.querySelectorAll(".glassgrad")].find((e) => !e.taken);
  if (!host) return;
  host.taken = true;
  const bytes = new Uint8Array(Math.floor(packed.length * 0.8));
  for (let k = 0; k < packed.length; k += 5) {
    let n = 0;
    for (const c of packed.slice(k, k + 5).padEnd(5, "~")) n = n * 85 + "%s".indexOf(c);
    for (let j = 0; j < 4; j++) bytes[k * 0.8 + j] = n / 256 ** (3 - j);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const [css, player] = (await new Response(stream).text()).split("\\0");
  const start = document.createElement("script");
  start.given = [host, css, ...given];
  start.textContent = player + "(...document.currentScript.given)";
  host.after(start);
  start.remove();
})(document.currentScript,
""".replace("%s", _DIGITS)
)

SECURITY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'\">"
)
"""What keeps a page from loading anything."""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{security}
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


def page(title: str, fragment: str) -> str:
    """A page of its own that may load nothing."""
    return _PAGE.format(title=escape(title), security=SECURITY, fragment=fragment)


def as_image(svg: str) -> str:
    """A picture as the address of an image."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def embedded(
    fallback: str, scripts: tuple[str, ...], names: str, *given: str, style: str = ""
) -> str:
    """HTML with what scripts make of it.

    Args:
        fallback: What is there without scripts; scripts find their picture in it.
        scripts: The files of this folder that are the body of one function, and style sheets.
        names: What they call what they are given.
        given: That, as JavaScript.
        style: More rules for what they show.
    """
    values = "".join(f",\n{x}" for x in given)
    start = f'<script>{LOADER}"{packed(scripts, names, style)}"{values})</script>'
    return f'<div class="glassgrad">\n{fallback}</div>{start}'


@functools.cache
def packed(scripts: tuple[str, ...], names: str, style: str = "") -> str:
    """Scripts and style, compressed."""
    text = f"{style_of(scripts)}{_squeezed(style)}\0{function_of(scripts, names)}"
    packer = zlib.compressobj(9, wbits=31, memLevel=6)  # the level of memory that packs it best
    return base64.b85encode(packer.compress(text.encode()) + packer.flush()).decode()


def to_json(record: Mapping[str, Any]) -> str:
    r"""A record as JSON that can stand inside a script: no `<`, nothing but ASCII.

    Example:
        >>> to_json({"name": "</script>"})
        '{"name":"\\u003c/script>"}'
    """
    text = json.dumps(record, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def packed_pictures(pictures: Sequence[Any]) -> str:
    """Pictures for a script, compressed: texts, or lists and dicts of texts."""
    texts = json.dumps(pictures).encode()
    return base64.b64encode(gzip.compress(texts, 9, mtime=0)).decode()


def function_of(scripts: tuple[str, ...], names: str) -> str:
    """The scripts as one function, of the element, the style and `names`."""
    body = "\n".join(_text(name) for name in scripts if name.endswith(".js"))
    return without_comments(_FUNCTION % (names, body))


def style_of(scripts: tuple[str, ...]) -> str:
    """The style sheets among them."""
    return _squeezed("\n".join(_text(name) for name in scripts if name.endswith(".css")))


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _squeezed(css: str) -> str:
    return re.sub(r"\s*([{};,>]|(?<=\w):(?=\s))\s*", r"\1", css).replace(";}", "}")
