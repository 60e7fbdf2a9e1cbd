"""Scripts in an output: packed, so that each output carries its own and loads nothing.

An output begins as what remains where scripts are stripped: a picture, and words. Where scripts
run, one puts something to play with in their place.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any

import numpy as np

_FUNCTION = """\
(function (host, css, %s) {
"use strict";
%s
})"""

_DIGITS = np.array([c for c in range(33, 127) if chr(c) not in '"<\\'], np.uint8)
"""Those of a number below 91, as characters: none ends a text or a script, or is more than a byte
anywhere. Two hold 13 bits, which takes 8 % less room than base64."""

_BLOCK = 13 * 2**12  # bytes that are turned into digits at once

_TEXTS = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`"""
    r"""|/(?![*/ ])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\]|\\.)*\])+/[a-z]*)|\s*//.*"""
)
_SHORTER = [
    (r"\n\s+", "\n"),
    (r"\s*([]=?:;{},()<>&|*![\0]+|[+-]=)\s*", r"\1"),
    (r"(?<![+-])\s?([+/-])\s?(?![+-])", r"\1"),
    (r",(?=[])}])", ""),
    (r"(?<=[(,=:?&|])\((\w+)\)=>", r"\1=>"),
    (r";+\}", "}"),
    (r"\btrue\b", "!0"),
    (r"\bfalse\b", "!1"),
]


def without_comments(script: str, rename: bool = False) -> str:
    """A script without what only its readers need: comments, spaces and, if so, long names.

    Each statement in it must end with a semicolon.
    """
    texts: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        texts.append(found[1] or "")
        return "\0" if found[1] else ""

    code = _TEXTS.sub(put_aside, re.sub(r"(?m)^\s*//.*\n", "", script))
    for pattern, shorter in _SHORTER:
        code = re.sub(pattern, shorter, code)
    kept = filter(None, texts)
    if rename:
        filled = " ".join(text for text in texts if text.startswith("`"))
        code = _renamed(re.sub(r"\bconst\b", "let", code), {*re.findall(r"\w+", filled)})
    return re.sub("\0", lambda _: next(kept), code)


_DECLARED = (
    r"\bfunction (\w+)|\blet[ [{]([\w,]+)|,(\w+)=(?![=>])|\b(\w+)=>"
    r"|\bfunction ?\w*\(([\w,.[\]]+)\)|\(([\w,.[\]{}]+)\)=>"
)
_NAME = r"(?<!\w)(?:(?<!\.)|(?<=\.\.\.))[A-Za-z]\w+"  # of a variable: x.name is none, ...name is
_INNERMOST = re.compile(r"\{([^(){}[\]]*)\}|\([^(){}[\]]*\)|\[[^(){}[\]]*\]")


def _renamed(code: str, kept: set[str]) -> str:
    """With a letter or two for each name that is declared and is not a key of any object, too."""
    found = re.findall(_DECLARED, code)
    declared = {name for names in found for name in re.findall(r"\w{3,}", "".join(names))}
    declared -= kept | _keys(code)
    words = {*re.findall(r"\w+", code), "do", "if", "in", "of", "as"}
    letters = "etnraioscldupmhgfvbwkxyqjzETNRAIOSCLDUPMHGFVBWKXYQJZ"  # the most frequent first
    free = (x for x in (*letters, *(a + b for a in letters for b in letters)) if x not in words)
    often = Counter(re.findall(_NAME, code))
    order = sorted(declared, key=lambda name: (-often[name], name))
    short = dict(zip(order, free, strict=False))
    return re.sub(_NAME, lambda name: short.get(name[0], name[0]), code)


def _keys(code: str) -> set[str]:
    """The keys of objects that are written or taken apart; of a block without ; names, too."""
    keys: set[str] = set()

    def taken_out(found: re.Match[str]) -> str:
        if ";" not in (inside := found[1] or ""):
            keys.update(re.findall(r"(?:^|,)(?:[gs]et )?(\w+)(?=[:,=]|$)", inside))
        return ""

    count = 1
    while count:
        code, count = _INNERMOST.subn(taken_out, code)
    return keys


# Unpacks a script and starts it as one of its own, which needs no more rights than this one. What
# it is given hangs on the script element, so that nothing becomes global. VS Code runs a copy of
# each script, at the end of the output, and takes it away at once: so this one finds its place
# before it waits for anything, as the first of its neighbours that no script has taken yet.
LOADER = without_comments(
    """\
(async (script, size, text) => {
  const host = [...script.parentNode.querySelectorAll(".glassgrad")].find((e) => !e.taken);
  if (!host) return;
  host.taken = 1;
  let bytes = new Uint8Array(size), n, bits = 0, at = 0, k = 0;
  const digit = (c = text.charCodeAt(k++)) => c - 33 - (c > 34) - (c > 60) - (c > 92);
  while (at < size) {
    if (bits < 8) {
      n = (n << 13) | (digit() * 91 + digit());
      bits += 13;
    }
    bytes[at++] = n >> (bits -= 8);
  }
  bytes = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const [css, player, code, data] = (await new Response(bytes).text()).split("\\0");
  script = document.createElement("script");
  script.given = [host, css, JSON.parse(data)];
  script.textContent = player + "(...document.currentScript.given" + code + ")";
  host.after(script);
  script.remove();
})(document.currentScript,""",
    rename=True,
)

_SECURITY = (
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
{style}</style>
</head>
<body>
<main class="alone">
<h1>{title}</h1>
{fragment}
</main>
{script}</body>
</html>
"""
_IN_DARK_NOTEBOOKS = (
    "<style>:is([data-jp-theme-light=false],.vscode-dark,[theme=dark]) .glassgrad-still"
    "{filter:invert(.91) hue-rotate(180deg)}</style>"
)
_STYLE = """\
body { font-family: system-ui, sans-serif; margin: 1rem auto; max-width: 1400px; padding: 0 1rem }
h1 { font-size: 1.3rem; overflow-wrap: anywhere }
img { max-width: 100% }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
"""


def page(
    title: str, fragment: str, style: str = _STYLE, script: str = "", worker: bool = False
) -> str:
    """A page of its own that may load nothing, and start a worker only where it has to."""
    security = _SECURITY.replace("img-src", "worker-src blob:; img-src") if worker else _SECURITY
    return _PAGE.format(
        title=escape(title), security=security, fragment=fragment, style=style, script=script
    )


def as_image(svg: str) -> str:
    """A picture as the address of an image."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def still_image(svg: str, sentence: str, notebook: bool = True, least: int = 0) -> str:
    """One picture, of a size that is known before it is there, so that a page does not jump.

    Args:
        svg: The picture.
        sentence: The same in words.
        notebook: Whether it turns dark where the notebook around it is dark.
        least: So many pixels it is wide at least.
    """
    return (
        f'{_IN_DARK_NOTEBOOKS if notebook else ""}<img class="glassgrad-still" '
        f'alt="{escape(sentence)}" style="max-width:100%;min-width:{least}px;height:auto" '
        f'src="{as_image(svg)}">'
    )


def embedded(fallback: str, script: str) -> str:
    """HTML with what a script makes of it: what is there without scripts, and the script."""
    return f'<div class="glassgrad">\n{fallback}</div>{script}'


def script_of(
    scripts: tuple[str, ...],
    names: str,
    data: Mapping[str, Any],
    code: str = "",
    style: str = "",
) -> str:
    """The script that finds its picture in what stands before it, and plays with it.

    Args:
        scripts: The files of this folder that are the body of one function, and style sheets.
        names: What they call what they are given.
        data: The first that they are given, as JSON.
        code: What else, as JavaScript.
        style: More rules for what they show.
    """
    text = packed(scripts, names, style, f"{code and ','}{code}\0{to_json(data)}")
    return f"<script>{LOADER}{text})</script>"


def packed(scripts: tuple[str, ...], names: str, style: str = "", rest: str = "") -> str:
    """Scripts and style, compressed, and what follows them: how many bytes, and these as a text."""
    packer, begun = _begun(scripts, names, style)
    packer = packer.copy()
    everything = begun + packer.compress(rest.encode()) + packer.flush()
    return f'{len(everything)},"{_as_text(everything)}"'


def _as_text(data: bytes) -> str:
    """Bytes as digits, two for 13 bits."""
    texts = []
    for start in range(0, len(data), _BLOCK):
        bits = np.unpackbits(np.frombuffer(data[start : start + _BLOCK], np.uint8))
        groups = np.append(bits, np.zeros(-len(bits) % 13, np.uint8)).reshape(-1, 13)
        pairs = np.divmod(groups @ (1 << np.arange(12, -1, -1, dtype=np.int32)), 91)
        texts.append(_DIGITS[np.stack(pairs, axis=1)].tobytes())
    return b"".join(texts).decode()


@functools.cache
def _begun(scripts: tuple[str, ...], names: str, style: str) -> tuple[Any, bytes]:
    """The packer after scripts and style, which are the same in each output, and its output."""
    packer = zlib.compressobj(9)
    css = packer.compress(f"{style_of(scripts)}{_squeezed(style)}\0".encode())
    css += packer.flush(zlib.Z_BLOCK)  # style and script are packed best each by itself
    return packer, css + packer.compress(f"{function_of(scripts, names)}\0".encode())


def to_json(record: Mapping[str, Any]) -> str:
    """A record as JSON in the strict sense."""
    return json.dumps(record, separators=(",", ":"), allow_nan=False)


def function_of(scripts: tuple[str, ...], names: str) -> str:
    """The scripts as one function, of the element, the style and `names`."""
    body = "\n".join(file_text(name) for name in scripts if name.endswith(".js"))
    return without_comments(_FUNCTION % (names, body), rename=True)


def style_of(scripts: tuple[str, ...]) -> str:
    """The style sheets among them."""
    return _squeezed("\n".join(file_text(name) for name in scripts if name.endswith(".css")))


def file_text(name: str) -> str:
    """A script or a style sheet of this folder."""
    return resources.files("autograd.viz.player").joinpath(name).read_text(encoding="utf-8")


def _squeezed(css: str) -> str:
    css = re.sub(r"\s*([{};,>]|(?<=\w):(?=\s))\s*", r"\1", css).replace(";}", "}")
    return re.sub(r'="([a-z][\w-]*)"]', r"=\1]", css)
