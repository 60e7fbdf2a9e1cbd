"""Work sheets: small random expressions to differentiate on paper, and their solutions.

The tasks are the seed's: the same seed gives the same sheet, another one other tasks. Numbers stay
short, so that nobody needs a calculator for more than a quotient or an exponential.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

import numpy as np

from autograd.expression import Reader, parse
from autograd.viz.backprop import Backprop, backprop
from autograd.viz.notation import Name, name
from autograd.viz.player.embed import page
from autograd.viz.saving import save_by_suffix
from autograd.viz.text import array_text
from autograd.viz.tikz import tex_document, tex_formula, tex_text
from autograd.viz.trace import Formula
from autograd.viz.tree import Tree, brackets

_NAMES = ["x", "y", "w", "b", "u", "z"]
_NUMBERS = [-3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0, 4.0]
_FUNCTIONS = ["tanh", "sigmoid", "relu", "exp", "square"]
_LARGEST = 1000.0

_STYLE = """\
@page { size: A4; margin: 16mm }
body { font: 12pt/1.5 Georgia, serif; color: #000; background: #fff; max-width: 52em;
  margin: 1em auto; padding: 0 1em }
h1 { font-size: 16pt; margin: 0 0 .6em }
h2 { font-size: 12.5pt; margin: 1em 0 .2em }
section { break-inside: avoid; margin-bottom: 1.2em }
img { max-width: 100%; height: auto }
code, pre { font: 11pt/1.45 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap }
pre { font-size: 8.5pt }
table { border-collapse: collapse }
th, td { border: 1px solid #000; padding: .25em .8em; min-width: 5em; text-align: left }
code, pre { overflow-wrap: anywhere }
@media (max-width: 560px) { th, td { padding: .25em .4em; min-width: 3em } }
.who { display: flex; gap: 2em }
.who span { flex: 1; border-bottom: 1px solid #000 }
.solutions { break-before: page; border-top: 2px solid #000; margin-top: 3em; padding-top: 1em }
@media print { .solutions { border: 0 } }
"""

_SHEET = """\
<p class="who"><span>Name</span><span>Date</span></p>
<p>Compute the value of each node forwards, then its gradient backwards, from df/df = 1: upstream
times local, and the sum where several paths meet.</p>
{tasks}
<div class="solutions">
<h1>{title}: solutions</h1>
{solutions}
</div>"""


@dataclass(frozen=True, slots=True)
class Task:
    """An expression at some numbers.

    Attributes:
        expression: As it is typed.
        values: The number of each name.
        steps: Its backward pass.
    """

    expression: str
    values: Mapping[str, float]
    steps: Backprop

    @property
    def formula(self) -> Formula:
        """The expression as it is written by hand."""
        formula: Formula = Reader(self.expression).computed(Formula, Formula.of)
        return formula

    @property
    def given(self) -> str:
        """The expression and the numbers."""
        return f"f = {self.formula}   at   {self.numbers}"

    @property
    def numbers(self) -> str:
        """The numbers of the names."""
        return ", ".join(f"{name(x).text} = {array_text(n)}" for x, n in self.values.items())


def tasks(seed: int, count: int, size: int) -> Iterator[Task]:
    """Random expressions of `size` operations, each of other numbers than the one before.

    Example:
        >>> [task.expression for task in tasks(7, 2, 2)] == [
        ...     task.expression for task in tasks(7, 2, 2)
        ... ]
        True
    """
    rng = random.Random(seed)
    made: set[str] = set()
    while len(made) < count:
        names = rng.sample(_NAMES, min(2 + size // 3, len(_NAMES)))
        text = _expression(rng, names, size)
        used = re.findall(r"\w+", text)
        values = {x: rng.choice(_NUMBERS) for x in names if x in used}
        task = _task(text, values) if text not in made and len(values) > 1 else None
        if task is not None:
            made.add(text)
            yield task


def _expression(rng: random.Random, names: list[str], size: int, operand: bool = False) -> str:
    """A random expression, in brackets if it is a sum and would be torn apart as an operand."""
    if size == 0:
        return rng.choice(names)
    if size > 1 and rng.random() < 0.35:
        return f"{rng.choice(_FUNCTIONS)}({_expression(rng, names, size - 1)})"
    count = rng.randint(0, size - 1)
    sign = rng.choice(["*", "*", "+", "-"])
    left = _expression(rng, names, count, sign == "*")
    right = _expression(rng, names, size - 1 - count, sign != "+")
    if sign == "*":
        return f"{left}*{right}"
    return f"({left} {sign} {right})" if operand else f"{left} {sign} {right}"


def _task(text: str, values: Mapping[str, float]) -> Task | None:
    """The task, if its numbers stay small, no gradient is 0, and ReLU is met at no kink."""
    with np.errstate(all="ignore"):  # what is too large is left out
        f = parse(text, values)
        f.label = "f"
        steps = backprop(f)
    numbers = [float(steps.value(node)) for node in steps.nodes]
    gradients = [float(x) for x in steps.gradients.values()]
    small = all(abs(x) < _LARGEST for x in numbers + gradients)
    bent = any(
        steps.operation(node) == "relu" and steps.value(node.parents[0]) == 0.0
        for node in steps.nodes
    )
    seen = small and not bent and all(abs(x) > 1e-3 for x in gradients)
    return Task(text, values, steps) if seen else None


def write_sheet(path: str | os.PathLike[str], seed: int = 0, count: int = 6, size: int = 5) -> None:
    """Write a work sheet with a page of solutions.

    Args:
        path: Its ending says what is written: .html (to be printed) or .tex (for pdflatex).
        seed: Which sheet.
        count: How many tasks.
        size: How many operations each of them has.

    Raises:
        ValueError: path has another ending.
        OSError: The file cannot be written; what was there before stays.
    """
    made = list(tasks(seed, count, size))
    title = f"Backpropagation by hand, sheet {seed}"
    save_by_suffix(path, {".html": lambda: _html(title, made), ".tex": lambda: _tex(title, made)})


def _html(title: str, made: list[Task]) -> str:
    sheet = _SHEET.format(
        title=escape(title),
        tasks="\n".join(_question(k, task) for k, task in enumerate(made, start=1)),
        solutions="\n".join(_solution(k, task) for k, task in enumerate(made, start=1)),
    )
    return page(title, sheet, _STYLE)


def _rows(task: Task) -> Iterator[tuple[Name, Formula | None, str, str]]:
    """A row for each node that is computed or given: name, how it is made, value, gradient."""
    steps = task.steps
    for node in steps.nodes:
        code = steps.names.get(node)
        if code is None:
            continue
        made = steps.formula(node) if node.parents else None
        gradient = steps.gradient(node)
        total = "" if gradient is None else array_text(gradient)
        yield name(code), made, array_text(steps.value(node)), total


def _question(k: int, task: Task) -> str:
    blank = "".join(
        f'<tr><th scope="row">{escape(what.text)}</th>'
        f"<td>{'given' if made is None else escape(made.text)}</td>"
        f"<td>{escape(value) if made is None else ''}</td><td></td></tr>"
        for what, made, value, _ in _rows(task)
    )
    return (
        f"<section>\n<h2>{k}.</h2>\n<p><code>{escape(task.given)}</code></p>\n"
        "<table><thead><tr><th>node</th><th>made by</th><th>value</th><th>df/d…</th></tr></thead>"
        f"<tbody>{blank}</tbody></table>\n</section>"
    )


def _solution(k: int, task: Task) -> str:
    return f"<section>\n<h2>{k}.</h2>\n<pre>{escape(str(task.steps))}</pre>\n</section>"


# --- LaTeX ------------------------------------------------------------------------------------

_PAGES = r"""
\usepackage[a4paper,margin=18mm]{geometry}
\usepackage{longtable}
\setlength{\parindent}{0pt}
\setlength{\LTleft}{0pt}
\sloppy"""


def _tex(title: str, made: list[Task]) -> str:
    lines = [rf"\section*{{{tex_text(title)}}}", r"Name \hrulefill\ Date \hrulefill", ""]
    lines.append("Compute the value of each node forwards, then its gradient backwards.")
    for k, task in enumerate(made, start=1):
        lines += [_tex_given(k, task), *_tex_table(task, False)]
    lines.append(rf"\newpage\section*{{{tex_text(title)}: solutions}}")
    for k, task in enumerate(made, start=1):
        lines += [_tex_given(k, task), *_tex_table(task, True)]
        for step in task.steps:
            lines += [_tex_line(step.equation), ""]
    return tex_document("\n".join(lines), _PAGES, "{article}")


def _tex_given(k: int, task: Task) -> str:
    """What is to be done, in a line that may break after a sign."""
    formula = ("mrow", ("mi", "f"), ("mo", "="), _unraised(task.formula.tree))
    given = [f"${name(x).latex} = {array_text(n)}$" for x, n in task.values.items()]
    return rf"\subsection*{{{k}. {_tex_math(formula)} at {', '.join(given)}}}"


def _unraised(tree: Tree) -> Tree:
    """A tree with exp(…) for powers of e, in which no line could break."""
    if tree[0] == "msup" and tree[1] == ("mi", "e"):
        return "mrow", ("mi", "exp"), brackets(_unraised(tree[2]))
    return tree[0], *(x if isinstance(x, str) else _unraised(x) for x in tree[1:])


def _tex_math(tree: Tree) -> str:
    """A formula in a line, which may break after a sign in brackets, too."""
    formula = re.sub(r"\\(left|right)(?=[()])", "", tex_formula(tree))
    return f"${formula}$"


def _tex_line(text: str) -> str:
    """Text with numbers, in which a - is a minus and no hyphen."""
    return tex_text(text).replace("-", "$-$")


def _tex_table(task: Task, solved: bool) -> Iterator[str]:
    yield r"\renewcommand{\arraystretch}{1.4}\begin{longtable}{|l|l|p{3cm}|p{3cm}|}\hline"
    yield r"node & made by & value & gradient \\\hline\endhead"
    for what, made, value, gradient in _rows(task):
        cells = [_tex_math(what.tree), "given" if made is None else _tex_math(made.tree)]
        shown = value if solved or made is None else ""
        cells += map(_tex_line, [shown, gradient if solved else ""])
        yield " & ".join(cells) + r" \\\hline"
    yield r"\end{longtable}"
