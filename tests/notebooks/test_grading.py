"""Graders: a right, a wrong and an empty copy of a notebook get all points, none and none."""

import csv
import importlib.util
import itertools
import os
import pathlib
import re
import subprocess
import sys

import nbformat
import pytest

from autograd.__main__ import main
from nn.course import find
from nn.course.grading import grade_folder, table
from tests.each import IN_CI

ROOT = pathlib.Path(__file__).parents[2]
CONFIG = re.search(
    r"# nbgrader_config.py\n.*?(?=```)", (ROOT / "docs/lecturers.md").read_text("utf-8"), re.S
).group()


def short_notebook():
    """A notebook of the course, without what comes before its exercises."""
    notebook = nbformat.read(ROOT / "notebooks" / "05-losses.ipynb", 4)
    (setup,) = [cell for cell in notebook.cells if "plt.style.use" in cell.source]
    start = [cell.source for cell in notebook.cells].index("## Exercises")
    notebook.cells = [setup, *notebook.cells[start:]]
    return notebook


def solutions(notebook):
    return [
        re.search(r"```python\n(.*?)\n```", cell.source, re.S).group(1)
        for cell in notebook.cells
        if "solution" in cell.metadata.get("tags", [])
    ]


def of_learner(kinds, notebook):
    """The notebook as a learner hands it in, whose answers are of these kinds in turn."""
    answers = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    solved = zip(answers, solutions(short_notebook()), strict=True)
    for (cell, solution), kind in zip(solved, itertools.cycle(kinds)):
        if kind != "empty":
            wrong = cell.metadata["exercise"]["wrong_answer"]
            cell.source = solution if kind == "right" else wrong
    return notebook


def checks(notebook):
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


@pytest.mark.skipif(
    not IN_CI and importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed"
)
def test_nbgrader_hands_out_and_grades_a_notebook_of_the_course(tmp_path):
    def nbgrader(*arguments):
        path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
        python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        subprocess.run(  # nbgrader looks for the program alembic
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "PYTHONPATH": python_path},
            check=True,
            capture_output=True,
        )

    (tmp_path / "nbgrader_config.py").write_text(CONFIG, "utf-8")
    source = tmp_path / "source" / "week5" / "05-losses.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(short_notebook(), source)
    nbgrader("generate_assignment", "week5")
    released = tmp_path / "release" / "week5" / "05-losses.ipynb"
    handed_out = nbformat.read(released, 4)
    assert not solutions(handed_out)
    assert [cell.source for cell in handed_out.cells if "..." in cell.source] == [
        cell.source
        for cell in short_notebook().cells
        if "..." in cell.source and cell.cell_type == "code"
    ]
    target = tmp_path / "submitted" / "anna" / "week5" / "05-losses.ipynb"
    target.parent.mkdir(parents=True)
    kinds = ["right"] * 4 + ["wrong", "empty"]
    nbformat.write(of_learner(kinds, handed_out), target)
    nbgrader("autograde", "week5")
    nbgrader("export")

    (row,) = csv.DictReader((tmp_path / "grades.csv").read_text("utf-8").splitlines())
    assert (float(row["score"]), float(row["max_score"])) == (4, 6)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A folder of several learners' notebooks, graded."""
    folder = tmp_path_factory.mktemp("learners")
    (folder / "right").mkdir()
    nbformat.write(of_learner(["right"], short_notebook()), folder / "right" / "05-losses.ipynb")
    beginning = of_learner(["wrong", "empty", "wrong", "right", "right"], short_notebook())
    checks(beginning)[2].source = "pass"
    beginning.cells.remove(checks(beginning)[3])
    nbformat.write(beginning, folder / "beginning.ipynb")
    (folder / "broken.ipynb").write_text("not a notebook", "utf-8")
    (folder / "null.ipynb").write_text('{"nbformat": 4, "metadata": {}, "cells": null}', "utf-8")
    nameless = short_notebook()
    del checks(nameless)[0].metadata.nbgrader["grade_id"]
    nbformat.write(nameless, folder / "nameless.ipynb")
    nbformat.write(nbformat.v4.new_notebook(), folder / "another.ipynb")
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    grades = {grade.notebook: grade for grade in grade_folder(folder)}
    assert before == {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    return grades


def marks(grade):
    return [mark.mark for mark in grade.marks]


def test_each_copy_gets_its_points(graded):
    number = len(solutions(short_notebook()))
    assert marks(graded["right/05-losses"]) == ["right"] * number
    assert [graded[name].points for name in ("right/05-losses", "beginning")] == [number, 1]
    said = graded["beginning"].marks[0].remark
    assert said == find("losses 1").judge(4).text


def test_a_check_that_was_changed_is_run_as_it_was_and_one_that_is_gone_brings_no_point(graded):
    assert marks(graded["beginning"]) == ["wrong", "empty", "wrong", "missing", "right", "wrong"]


def test_what_cannot_be_graded_says_why(graded):
    for unreadable in ("broken", "null", "nameless"):
        assert graded[unreadable].problem.startswith("cannot be read")
    assert graded["another"].problem == "has no exercises of the course"


def test_the_table_has_a_line_for_each_notebook_and_the_frequent_mistakes(graded):
    lines = table([*graded.values(), graded["beginning"]]).splitlines()
    assert lines[0].split() == ["notebook", "1", "2", "3", "4", "5", "6", "points"]
    assert any(line.split() == ["right/05-losses", *"✓✓✓✓✓✓", "6", "of", "6"] for line in lines)
    assert any("2 x losses 1: That is the sum" in line for line in lines)


def test_the_command_prints_a_table_and_writes_another(graded, tmp_path, capsys, monkeypatch):
    found = [graded["right/05-losses"]]
    monkeypatch.setattr("nn.course.grading.grade_folder", lambda folder, timeout: found)
    output = tmp_path / "grades.csv"
    assert main(["grade", str(tmp_path), "-o", str(output)]) == 0
    assert "6 of 6" in capsys.readouterr().out
    rows = list(csv.DictReader(output.read_text("utf-8").splitlines()))
    assert [row["exercise"] for row in rows] == [f"losses {k}" for k in range(1, 7)]
    assert {row["points"] for row in rows} == {"1"}


def test_a_folder_without_notebooks_is_refused(tmp_path, capsys):
    assert main(["grade", str(tmp_path)]) == 2
    assert "has no notebooks" in capsys.readouterr().err
    assert main(["grade", str(tmp_path / "nowhere")]) == 2
    assert "is not a folder" in capsys.readouterr().err
