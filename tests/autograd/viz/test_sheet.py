"""Work sheets: the same for the same seed, and right when followed."""

import ast
import html
import math
import os
import re
import shutil
import subprocess
from itertools import accumulate

import pytest

from autograd.__main__ import main
from autograd.viz.sheet import tasks, write_sheet
from tests.autograd.viz.player.players import needs_browser

FUNCTIONS = {
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "exp": math.exp,
    "square": lambda x: x * x,
}


def at(task, name, x):
    """The expression by Python's own arithmetic, with another number for one name."""
    return eval(task.expression, {"__builtins__": {}}, FUNCTIONS | dict(task.values) | {name: x})


@pytest.mark.parametrize("seed", range(5))
def test_who_follows_the_solutions_gets_the_slopes_of_the_expression(seed, tmp_path):
    write_sheet(tmp_path / "sheet.html", seed)
    page = html.unescape((tmp_path / "sheet.html").read_text("utf-8"))
    solutions = page.partition("solutions</h1>")[2].split("<h2>")[1:]
    made = list(tasks(seed, 6, 5))
    assert len(solutions) == len(made) == 6
    for task, solution in zip(made, solutions, strict=True):
        gradients = solution.partition("Gradients")[2]
        found = dict(re.findall(r"(?m)^  df/d(\w+)\s+= ([^\s<]+)", gradients))
        assert found.keys() == task.values.keys()
        for name, x in task.values.items():
            slope = (at(task, name, x + 1e-6) - at(task, name, x - 1e-6)) / 2e-6
            assert float(found[name]) == pytest.approx(slope, rel=1e-3, abs=1e-6), task.given


def test_a_seed_gives_its_own_sheet_every_time(tmp_path):
    pages = []
    for k, seed in enumerate((7, 7, 8)):
        command = ["sheet", "--seed", str(seed), "--count", "6", "--size", "5"]
        assert main([*command, "-o", str(tmp_path / f"{k}.html")]) == 0
        pages.append((tmp_path / f"{k}.html").read_bytes())
    assert pages[0] == pages[1] != pages[2]


def test_no_bracket_of_a_task_could_be_left_out():
    for task in tasks(11, 60, 6):
        text = task.expression
        for start in (m.start() for m in re.finditer(r"(?<!\w)\(", text)):
            depths = accumulate((c == "(") - (c == ")") for c in text[start:])
            stop = start + next(k for k, depth in enumerate(depths) if depth == 0)
            bare = text[:start] + text[start + 1 : stop] + text[stop + 1 :]
            assert ast.dump(ast.parse(bare)) != ast.dump(ast.parse(text)), text


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_tasks_have_the_size_that_was_asked_for_and_differ(size):
    made = list(tasks(3, 8, size))
    assert {sum(bool(node.parents) for node in task.steps.nodes) for task in made} == {size}
    assert len({task.expression for task in made}) == 8


def test_the_tasks_hide_what_the_solutions_tell(tmp_path):
    write_sheet(tmp_path / "sheet.html", 7)
    questions, solutions = (tmp_path / "sheet.html").read_text("utf-8").split("solutions</h1>")
    assert "<pre>" not in questions
    assert questions.count("<td></td><td></td></tr>") == 6 * 5
    assert "Gradients" in solutions


@pytest.mark.parametrize("arguments", [["--count", "0"], ["--size", "99"], ["-o", "sheet.doc"]])
def test_what_cannot_be_made_is_refused(arguments, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["sheet", *arguments]) == 2
    assert "needs a" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_printed_sheet_has_minus_signs_and_no_hyphens(tmp_path):
    write_sheet(tmp_path / "sheet.tex", 7)
    text = (tmp_path / "sheet.tex").read_text("utf-8").partition("section*")[2]
    assert "& $-$0.5 &" in text
    assert "$y - w$" in text
    assert "-" not in re.sub(r"\$.*?\$", "", text)
    for line in text.split("solutions")[0].split(r"\subsection*")[1:]:
        assert not re.search("square|sigmoid|relu|[*]", line.partition("}\n")[0])


def test_a_task_is_written_as_on_a_blackboard(tmp_path):
    given = {}
    for ending in ("html", "tex"):
        write_sheet(tmp_path / f"sheet.{ending}", 10)
        given[ending] = (tmp_path / f"sheet.{ending}").read_text("utf-8")
    assert "<code>f = (y·y)² + y - b·y   at   b = 1, y = 1</code>" in given["html"]
    assert r"2. $f = (y \cdot y)^2 + y - b \cdot y$ at $b = 1$, $y = 1$" in given["tex"]


@pytest.mark.skipif(
    shutil.which("pdflatex") is None and os.environ.get("GLASSGRAD_CI") != "1",
    reason="there is no pdflatex here",
)
@pytest.mark.parametrize("size", [5, 50])
def test_pdflatex_compiles_a_sheet_and_nothing_hangs_over_a_page(tmp_path, size):
    write_sheet(tmp_path / "sheet.tex", 7, 3, size)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_sheet_is_as_wide_as_the_screen(play, tmp_path, width):
    write_sheet(tmp_path / "sheet.html", 7, 3, 12)
    viewport = {"width": width, "height": 800}
    player = play(tmp_path / "sheet.html", wait="table", viewport=viewport)
    assert player.page.evaluate("document.documentElement.scrollWidth") <= width
