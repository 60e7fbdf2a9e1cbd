"""How the manual is built: `sphinx-build -W docs site`, in the folder that holds pyproject.toml."""

import importlib
import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]
# The kernels that run the notebooks see the same checkout.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

import course_material  # noqa: E402
import films  # noqa: E402
import numpy as np  # noqa: E402
import reference  # noqa: E402
from docutils import nodes  # noqa: E402
from latex2mathml.converter import convert  # noqa: E402

import autograd  # noqa: E402
import nn  # noqa: E402
import optim  # noqa: E402
from autograd.numpy_protocols import INSTEAD, coverage  # noqa: E402
from autograd.op import COMPOSITIONS, RULEBOOK, Elementwise, Op  # noqa: E402
from autograd.viz.player.typed import write_typed_page  # noqa: E402
from autograd.viz.symbols import symbolic_partial  # noqa: E402

PYODIDE = os.environ.get("GLASSGRAD_PYODIDE")  # the folder that brings Python to the browser
if PYODIDE:
    import in_the_browser

    tags.add("browser")  # noqa: F821 (Sphinx brings it), for what stands behind {only} on the pages

project = "glassgrad"
author = "glassgrad contributors"
copyright = author
html_title = "glassgrad"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["README.md", "notebooks/README.md"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["formulas.css"]
html_show_copyright = False
html_math_renderer = "mathml"

# --- pages in Markdown, and the notebooks ---------------------------------------------------------

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"  # a notebook that has not changed is not run again
nb_execution_excludepatterns = ["*pytorch*"]  # stored as it looks: PyTorch is not everybody's
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
copybutton_exclude = ".linenos, .gp, .go"

# --- the reference, from the docstrings -----------------------------------------------------------

default_role = "code"  # `x` in a docstring is code
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source"]
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more
autodoc_class_signature = "mixed"


def mathml(text, display="inline"):
    """A formula as MathML, with a little space between a function's name and its argument."""
    name = r"(<mi>(?:sin|cos|tanh|ln|log|exp|max|min)</mi>)(?=<m(?:i|n|row|sub|sup|over)\b)"
    return re.sub(name, r'\1<mspace width="0.17em"/>', convert(text, display=display))


def inline_formula(writer, node):
    """Write a formula as MathML, which browsers show without a program from the network."""
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def formula_by_itself(writer, node):
    """The same for a formula on lines of its own."""
    text = node.astext()
    if "\\\\" in text and "\\begin" not in text:
        text = rf"\begin{{split}}{text}\end{{split}}"
    writer.body.append(f'<div class="formula">{mathml(text, display="block")}</div>')
    raise nodes.SkipNode


SET_UP = "%pip install -q glassgrad"  # the first cell with code of each notebook
PYTORCH = ROOT / "notebooks" / "pytorch" / "step-through-your-pytorch-model.ipynb"


def copy_notebooks():
    """Bring the notebooks below docs/, where Sphinx looks for pages, if they have changed."""
    folder = ROOT / "docs" / "notebooks"
    folder.mkdir(exist_ok=True)
    for source in (*(ROOT / "notebooks").glob("*.ipynb"), PYTORCH):
        notebook = json.loads(source.read_text("utf-8"))
        for cell in notebook["cells"]:
            # The cell that installs the library means nothing to readers of a page.
            if "".join(cell["source"]) == SET_UP:
                cell["metadata"]["tags"] = ["remove-cell", "skip-execution"]
            # Nor does "No answer yet", where nobody can answer.
            if "check" in cell["metadata"].get("tags", []):
                cell["metadata"]["tags"] = ["check", "remove-output"]
            if alt := cell["metadata"].get("alt"):
                cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
        if PYODIDE and source != PYTORCH:
            notebook["cells"].insert(1, in_the_browser.link_to(source.name))
        text = json.dumps(notebook)
        target = folder / source.name
        if not target.exists() or target.read_text("utf-8") != text:
            target.write_text(text, "utf-8")


def write_operations():
    """The page of operations, from the rulebook."""
    lines = [
        "# Operations",
        "",
        "Every operation is declared once, in the rulebook (`autograd/rules/`), and this page is",
        "made from those declarations. Each is a function of `autograd`, works on numbers, arrays,",
        "`Value` (if it acts number by number) and `Tensor`, and is a method of both, too. Each",
        "has an example on the page of its group:",
        "",
        "```{include} operations/contents.inc",
        "```",
        "",
        "## Number by number",
        "",
        "The derivative with respect to the operand, or to each of two, is the engine's own rule,",
        "run on symbols; `y` is the result, `[…]` is 1 where the condition holds, else 0.",
        "",
        "| function | what it computes | derivative |",
        "|---|---|---|",
    ]
    for op in sorted(RULEBOOK.values(), key=lambda op: op.name.lower()):
        if isinstance(op, Elementwise):
            names = op.operand_names
            formulas = [str(symbolic_partial(op, i, names, "y")) for i in range(op.arity)]
            shown = ", ".join(f"`{formula}`" for formula in formulas).replace("|", "\\|")
            lines.append(f"| `{op.name}({', '.join(names)})` | {first_sentence(op)} | {shown} |")
    lines += ["", "## On whole arrays", "", "| function | what it computes |", "|---|---|"]
    for op in sorted(RULEBOOK.values(), key=lambda op: op.name.lower()):
        if not isinstance(op, Elementwise):
            lines.append(f"| `{op.name}` | {first_sentence(op)} |")
    lines += ["", "## Made of other operations", "", "| function | what it computes |", "|---|---|"]
    for name, function in sorted(COMPOSITIONS.items()):
        lines.append(f"| `{name}` | {first_sentence(function)} |")
    text = "\n".join(lines) + "\n"
    page = ROOT / "docs" / "api" / "operations.md"
    if not page.exists() or page.read_text("utf-8") != text:
        page.write_text(text, "utf-8")


def write_numpys_functions():
    """The page of NumPy's functions, from what nodes do with each."""
    answers = coverage()
    listed = {kind: [name for name, k in answers if k == kind] for kind in ("derivative", "plain")}
    lines = [
        "# NumPy's functions",
        "",
        f"NumPy {np.__version__} has {len(answers)} functions that ask their arguments what to do;",
        "this page is made from their answers. They work on a `Tensor`, and on a single `Value`,",
        "which counts as a number.",
        "",
        "An **array of Values**, `np.array([v, w])`, is NumPy's own array of objects. Arithmetic,",
        "`@`, sums and most functions work on it, each number being a node. What NumPy cannot do",
        "with objects it refuses itself; `autograd`'s function of the same name often can",
        "(`autograd.logaddexp`, `autograd.nanmean`, `autograd.norm`). For questions such as",
        "`np.isnan` take the numbers, `[v.data for v in row]`. A dtype makes plain numbers of",
        "Values: `np.sum(row, dtype=float)`. To find a nan NumPy asks `x != x`, which two nodes",
        "answer by identity: `autograd.nansum(row)` leaves it out, `np.nansum(row)` does not.",
        "",
        "## With derivatives",
        "",
        ", ".join(f"`{name}`" for name in listed["derivative"]),
        "",
        "Reductions take `where=`, `initial=` and `dtype=` as NumPy's do. Of `out=` only None is",
        "taken: a result is always a new node.",
        "",
        "## With plain answers",
        "",
        "Truth values, places and descriptions, as of the plain array:",
        "",
        ", ".join(f"`{name}`" for name in listed["plain"]),
        "",
        "## Without derivatives",
        "",
        "They raise a TypeError that says what can be written instead.",
        "",
        "| function | instead |",
        "|---|---|",
    ]
    without = [name for name, kind in answers if kind == "none"]
    instead = {name: INSTEAD.get(name.split(".")[-1], "") for name in without}
    lines += [f"| `{name}` | `{text}` |" for name, text in instead.items() if text]
    rest = ", ".join(f"`{name}`" for name, text in instead.items() if not text)
    lines += ["", f"Without such advice (most are of whole numbers, bits, dates and sets): {rest}"]
    text = "\n".join(lines) + "\n"
    page = ROOT / "docs" / "api" / "numpy.md"
    if not page.exists() or page.read_text("utf-8") != text:
        page.write_text(text, "utf-8")


def first_sentence(function):
    """The first line of a docstring, fit for a table."""
    return function.__doc__.strip().splitlines()[0].replace("|", "\\|").replace("*", "\\*")


def skip_operations(app, what, name, thing, skip, options):
    """Leave the operations to their own page."""
    of_rulebook = isinstance(thing, Op) or getattr(thing, "__name__", "") in COMPOSITIONS
    return True if what == "module" and of_rulebook else None


def from_plain_text(app, what, name, thing, options, lines):
    """Protect what reads well in a terminal but means something else to Sphinx."""
    code = False
    for i, line in enumerate(lines):
        if not line.strip():
            code = False
        elif line.lstrip().startswith((">>>", ".. ")):
            code = True
        if code:
            continue
        pieces = re.split(r"(``.*?``|`.*?`|:math:`.*?`)", line)
        pieces[::2] = [re.sub(r"\||(?<=\w)_(?!\w)", r"\\\g<0>", piece) for piece in pieces[::2]]
        # A star that opens no *emphasis*, as in (N, *shape) or (N, *).
        star = r"(?<!\*)\*(?!\*)(?![^\s*][^*]*(?<=\S)\*(?!\w))(?<![\w.]\*)"
        pieces[::2] = [re.sub(star, r"\\*", piece) for piece in pieces[::2]]
        for k in range(2, len(pieces), 2):
            if re.match(r"\w", pieces[k]):  # as in "`Value`s"
                pieces[k] = "\\ " + pieces[k]
        lines[i] = "".join(pieces)


def setup(app):
    """Called by Sphinx."""
    copy_notebooks()
    course_material.write_sheets(ROOT / "docs" / "_static" / "sheets")
    films.write_films(ROOT / "docs" / "_static" / "films")
    write_typed_page(ROOT / "docs" / "_static" / "type-and-step.html")
    reference.write_all((autograd, nn, optim))
    write_operations()
    write_numpys_functions()
    for name in autograd.__all__:  # what is loaded when first asked for, asked for
        vars(autograd).setdefault(name, getattr(autograd, name))
    importlib.import_module("nn.estimators")
    app.add_html_math_renderer("mathml", (inline_formula, None), (formula_by_itself, None))
    if PYODIDE:
        app.connect("build-finished", in_the_browser.build)
    app.connect("autodoc-skip-member", skip_operations)
    app.connect("autodoc-process-docstring", from_plain_text, priority=400)
