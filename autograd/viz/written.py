"""What is written of a pass or an explanation: as text, as LaTeX and as MathML, and to a file."""

from __future__ import annotations

import os
from html import escape

from autograd.viz.player.embed import page
from autograd.viz.saving import save_by_suffix
from autograd.viz.text import FROM_THE_RIGHT, LEFT_TO_RIGHT_MARK
from autograd.viz.tikz import tex_document, tex_formula
from autograd.viz.tree import Typeset, math_element

_HTML = """<div tabindex="0" role="group" aria-label="Formulas" style="overflow-x:auto">%s</div>
<pre style="white-space:pre-wrap;overflow-wrap:anywhere">%s</pre>"""


def _marked(text: str) -> str:
    """Text in which what follows a name that is written from the right stands after it."""
    return FROM_THE_RIGHT.sub(rf"\g<0>{LEFT_TO_RIGHT_MARK}", text)


class Written(Typeset):
    """What is written as text, and as LaTeX and MathML from one tree."""

    __slots__ = ()

    @property
    def mathml(self) -> str:
        """It as a `<math>` element."""
        return math_element(self.tree)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file.

        Args:
            path: Its ending says what is written: .txt, .md and .html (the formulas, and in .html
                the text, too), or .tex (for pdflatex).

        Raises:
            ValueError: path has another ending.
            OSError: The file cannot be written; what was there before stays.
        """
        save_by_suffix(
            path,
            {
                ".txt": lambda: f"{self}\n",
                ".md": lambda: f"$$\n{self.latex}\n$$\n",
                ".html": lambda: page(
                    _marked(self._title), _HTML % (self.mathml, escape(_marked(str(self))))
                ),
                ".tex": lambda: tex_document(f"$\\displaystyle\n{tex_formula(self.tree)}\n$"),
            },
        )

    @property
    def _title(self) -> str:
        return str(self).partition("\n")[0].rstrip(":")

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook is given: it shows the richest form that it can."""
        return {
            "text/html": f'<div style="overflow-x:auto;font-size:1.2em">{self.mathml}</div>',
            "text/latex": f"$$\n{self.latex}\n$$",
            "text/plain": str(self),
        }
