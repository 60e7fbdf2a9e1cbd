"""The page in which an expression is typed and stepped through, without a kernel.

Its engine is in JavaScript: the grammar is the command line's, the rules are the rulebook's, and
the record that it makes of a pass is that of `record.py`, which the same player plays.
"""

from __future__ import annotations

import json
import os

from autograd.atomic_write import write_atomically
from autograd.op import RULEBOOK, Elementwise
from autograd.viz.player.embed import file_text, function_of, page, style_of, without_comments
from autograd.viz.player.grammar_js import grammar
from autograd.viz.player.page import GIVEN, SCRIPTS
from autograd.viz.player.rules_js import rules_js
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
<p><a id="link" href="#">Copy a link</a> to this expression, these numbers and this step.</p>
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


def _in_script(data: object) -> str:
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
