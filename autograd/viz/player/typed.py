"""The page in which an expression is typed and stepped through, without a kernel.

Its engine is in JavaScript: the grammar is the command line's, the rules are the rulebook's, and
the record that it makes of a pass is that of `record.py`, which the same player plays. How an
operation is written in text, LaTeX and MathML, and the formulas of its derivatives, are those of
`autograd.viz.symbols`, so that the page declares nothing of its own.
"""

from __future__ import annotations

import functools
import json
import keyword
import math
import os
from typing import Any

from autograd import expression
from autograd.atomic_write import write_atomically
from autograd.op import RULEBOOK, Elementwise, Op
from autograd.viz.notation import MARKS, how_to_read
from autograd.viz.player.embed import file_text, function_of, page, style_of, without_comments
from autograd.viz.player.page import GIVEN, SCRIPTS
from autograd.viz.player.rules_js import rules_js
from autograd.viz.symbols import (
    COMPARISONS,
    KNOWN_NUMBERS,
    Comparison,
    Symbol,
    filled,
    places_of,
    simpler,
    symbolic_partial,
    without_bounds,
)
from autograd.viz.trace import LONGEST_NAME, REMARKS
from autograd.viz.tree import ACCENTS, BINARY, COMMANDS, COMPOSED, FUNCTIONS, GREEK, SLOTS, read
from autograd.viz.views import MOST_DRAWN

ENGINE = ("number_text.js", "reading.js", "expression.js", "formulas.js", "engine.js")
"""The scripts that read an expression and make the record of its pass."""

_BOARD = """\
<noscript><p>This page computes with JavaScript, which is switched off here.</p></noscript>
<label for="expression">f =</label>
<input id="expression" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" \
aria-describedby="told">
<pre id="told" role="status"></pre>
<div id="examples" role="group" aria-label="Examples"></div>
<div id="leaves" role="group" aria-label="The numbers of the leaves"></div>
<div id="stage"></div>
<p><a id="link" href="#">A link</a> to this expression, these numbers and this step.</p>
<details><summary>What an expression may hold</summary>
<p>Numbers, names, + - * / ** and brackets, pi and e, and these functions: {functions}.</p>
<p>At most {drawn} nodes are drawn here, each by itself: this page folds nothing into boxes.
<code>glassgrad play</code> with the expression does.</p>
</details>"""


def typed_page() -> str:
    """The page: it loads nothing, and keeps what was typed in its address."""
    names = [op.name for op in RULEBOOK.values() if isinstance(op, Elementwise)]
    parts = [
        f"const player = {function_of(SCRIPTS, GIVEN)};",
        f"const css = {_in_script(style_of(SCRIPTS))};",
        f"const grammar = {_in_script(grammar())};",
        f"const rules = {rules_js(names)};",
        *(
            without_comments(file_text(name))
            for name in (*ENGINE, "elements.js", "number_field.js", "arrange.js", "board.js")
        ),
    ]
    body = "\n".join(parts)
    board = _BOARD.format(
        drawn=MOST_DRAWN,
        functions=", ".join(sorted(filter(str.isascii, grammar()["functions"]))),
    )
    style = file_text("board.css")
    script = f'<script>\n(() => {{\n"use strict";\n{body}\n}})();\n</script>\n'
    return page("Type an expression and step through its backpropagation", board, style, script)


def write_typed_page(path: str | os.PathLike[str]) -> None:
    """Write the page, at once or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    write_atomically(path, typed_page().encode())


# --- what the page must know, from the grammar and the rulebook --------------------------------


@functools.cache
def grammar() -> dict[str, Any]:
    """Functions, operations and words, ready for JSON."""
    ops = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]
    return {
        "functions": {name: op.name for name, op in expression.FUNCTIONS.items()},
        "aliases": expression.ALIASES,
        "ops": {op.name: _operation(op) for op in ops}
        | {of.name: _written(of, ["x", "y"]) for of in COMPARISONS.values()},
        "simpler": [[*map(_plain, rule)] for rules in simpler().values() for rule in rules],
        "known": [*KNOWN_NUMBERS.items()],
        "commands": COMMANDS,
        "composed": COMPOSED,
        "accents": ACCENTS,
        "marks": MARKS,
        "words": sorted(FUNCTIONS),
        "binary": [*BINARY, ","],
        "greek": GREEK,
        "keywords": keyword.kwlist,
        "hints": expression.HINTS,
        "refusals": expression.REFUSALS,
        "helpless": expression.HELPLESS,
        "allowed": expression.ALLOWED,
        "longest": expression.LONGEST,
        "longestName": LONGEST_NAME,
        "read": how_to_read("\ue000"),
        "remarks": REMARKS,
        "deepest": expression.DEEPEST,
        "drawn": MOST_DRAWN,
    }


def _operation(op: Elementwise) -> dict[str, Any]:
    operands = ["x", "y"][: op.arity]
    partials = [symbolic_partial(op, i, operands, "o") for i in range(op.arity)]
    plain = [without_bounds(op, i) for i in range(op.arity)]
    return {
        "arity": op.arity,
        "defaults": op.defaults,
        "symbol": op.symbol,
        "partials": [*map(_plain, partials)],
        "read": [None if x is None else _plain(x) for x in plain],
        **_written(op, operands),
    }


def _written(op: Op | Comparison, operands: list[str]) -> dict[str, Any]:
    """How an operation is written, as text and as a tree."""
    places = places_of(op) if "{0}" in op.latex else None
    return {
        "operator": op.operator,
        "text": Symbol.of(op, operands).template,
        "places": places,
        "tree": read(filled(op.latex, SLOTS) if places else op.latex),
    }


def _plain(x: Symbol) -> Any:
    """A formula as lists of texts and numbers."""
    if x.number is not None:
        return x.number if math.isfinite(x.number) else str(x.number)
    if x.op is None:
        return x.name
    return [x.op.name, *map(_plain, x.operands)]


def _in_script(data: object) -> str:
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
