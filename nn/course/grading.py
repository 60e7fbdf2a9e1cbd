"""Grades a folder of learners' notebooks: runs each of them and asks every check for its verdict.

Running a notebook runs whatever its author wrote. Grade in an account or a container that holds
nothing of value. Nothing is written to the notebooks.
"""

from __future__ import annotations

import csv
import importlib
import os
import pathlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd.checks import check_int
from nn.course.exercise import Exercise

if TYPE_CHECKING:
    from typing import Protocol

    class Output(Protocol):
        """What a cell has put out, of a notebook as nbformat reads it."""

        output_type: str
        ename: str
        evalue: str

    class Cell(Protocol):
        """A cell of such a notebook."""

        cell_type: str
        source: str
        metadata: Any
        outputs: Sequence[Output]
        execution_count: int | None

    class Notebook(Protocol):
        """Such a notebook."""

        cells: Sequence[Cell]


SIGNS = {"right": "✓", "wrong": "✗", "empty": "–", "failed": "!", "missing": "?"}
LEGEND = "✓ right   ✗ wrong   – no answer   ! the code failed   ? the check is missing"


@dataclass(frozen=True)
class Mark:
    """What one exercise of one notebook came to: a key of `SIGNS`, and what was said."""

    exercise: str
    mark: str
    remark: str = ""


@dataclass(frozen=True)
class Grade:
    """The marks of one notebook, or why it has none."""

    notebook: str
    marks: tuple[Mark, ...] = ()
    problem: str = ""

    @property
    def points(self) -> int:
        """How many answers are right."""
        return sum(mark.mark == "right" for mark in self.marks)


def grade_folder(folder: str | os.PathLike[str], *, timeout: int = 300) -> list[Grade]:
    """Grade every notebook below a folder, in the order of their names.

    Args:
        folder: where they are, at any depth.
        timeout: how many seconds a cell may take before it is interrupted.
    Returns:
        one grade for each notebook.
    Raises:
        ValueError: the folder does not exist, there is no notebook in it, or timeout is below 1.
    """
    check_int("grade", "timeout", timeout, least=1)
    root = pathlib.Path(folder)
    paths = sorted(path for path in root.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not paths:
        reason = "has no notebooks" if root.is_dir() else "is not a folder"
        raise ValueError(f"grade: needs a folder of notebooks, but {str(root)!r} {reason}.")
    names = [path.relative_to(root).with_suffix("").as_posix() for path in paths]
    return [grade_notebook(path, name, timeout) for path, name in zip(paths, names, strict=True)]


def grade_notebook(path: pathlib.Path, name: str, timeout: int) -> Grade:
    """Grade one notebook, by running a copy of it with the course's own checks in it."""
    import nbformat

    try:
        notebook: Notebook = nbformat.read(path, as_version=4)
        asked = _restore_checks(notebook)
    except Exception as err:  # noqa: BLE001 (one learner's file ends nobody else's grading)
        return Grade(name, problem=f"cannot be read: {_in_short(err)}")
    if not asked:
        return Grade(name, problem="has no exercises of the course")
    try:
        _run(notebook, path.parent, timeout)
    except Exception as err:  # noqa: BLE001 (as above)
        return Grade(name, problem=f"could not be run: {_in_short(err)}")
    found = {cell.metadata.nbgrader.grade_id: cell for cell in _check_cells(notebook)}
    return Grade(name, tuple(_mark(exercise, found) for exercise in asked))


def _in_short(err: Exception) -> str:
    return f"{type(err).__name__}: {err}".splitlines()[0][:80]


def table(grades: Sequence[Grade]) -> str:
    """The grades as text: a line for each notebook, and below it which mistakes were frequent."""
    width = max(len("notebook"), *(len(grade.notebook) for grade in grades))
    most = max(len(grade.marks) for grade in grades)
    heads = "  ".join(str(k + 1) for k in range(most))
    lines = [f"{'notebook':{width}}  {heads}  points".rstrip()]
    for grade in grades:
        signs = "  ".join(SIGNS[mark.mark] for mark in grade.marks)
        points = f"{grade.points} of {len(grade.marks)}"
        cells = f"{signs:{max(3 * most - 2, 0)}}  {points}"
        lines.append(f"{grade.notebook:{width}}  {grade.problem or cells}")
    return "\n".join([*lines, "", LEGEND, *_frequent(grades)])


def write_csv(grades: Sequence[Grade], path: str | os.PathLike[str]) -> None:
    """Write a line for each exercise of each notebook: notebook, exercise, mark, points, remark."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["notebook", "exercise", "mark", "points", "remark"])
        for grade in grades:
            for mark in grade.marks:
                point = int(mark.mark == "right")
                writer.writerow([grade.notebook, mark.exercise, mark.mark, point, mark.remark])
            if grade.problem:
                writer.writerow([grade.notebook, "", "failed", 0, grade.problem])


def _check_cells(notebook: Notebook) -> list[Cell]:
    """The cells that nbgrader would give points for."""
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def _restore_checks(notebook: Notebook) -> tuple[Exercise, ...]:
    """Put the course's own calls in the check cells; returns the exercises there should be."""
    ids = [cell.metadata.nbgrader.grade_id for cell in _check_cells(notebook)]
    topics = Counter(name.rpartition("-")[0] for name in ids)
    for topic, _count in topics.most_common():
        try:
            module = importlib.import_module(f"nn.course.exercises.{topic.replace('-', '_')}")
        except ModuleNotFoundError:
            continue
        exercises: tuple[Exercise, ...] = module.EXERCISES
        calls = {exercise.grade_id: exercise.call for exercise in exercises}
        for cell in _check_cells(notebook):
            call = calls.get(cell.metadata.nbgrader.grade_id, "")
            cell.source = f"from nn.course import check\n{call}"
        return exercises
    return ()


def _run(notebook: Any, folder: pathlib.Path, timeout: int) -> None:
    """Run all cells in this environment, whatever kernel the learner had, going on after errors."""
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=timeout,
        interrupt_on_timeout=True,
        allow_errors=True,
        extra_arguments=["--log-level=ERROR"],  # what kernels say of themselves is no grade
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env={**os.environ, "NBGRADER_EXECUTION": "autograde"})


def _mark(exercise: Exercise, found: dict[str, Cell]) -> Mark:
    """What the check cell of an exercise says after running."""
    cell = found.get(exercise.grade_id)
    if cell is None or cell.cell_type != "code":
        return Mark(exercise.name, "missing", "The cell that checks it has been deleted.")
    for output in cell.outputs:
        if output.output_type == "error":
            remark = " ".join(output.evalue.split("\n")[1:]) or output.evalue
            mark = {"WrongAnswer": "wrong", "NoAnswer": "empty"}.get(output.ename, "failed")
            failed = f"{output.ename}: {output.evalue}"
            return Mark(exercise.name, mark, failed if mark == "failed" else remark)
    return Mark(exercise.name, "right" if cell.execution_count else "failed")


def _frequent(grades: Sequence[Grade]) -> list[str]:
    """What was said to more than one learner."""
    said = Counter(
        (mark.exercise, mark.remark)
        for grade in grades
        for mark in grade.marks
        if mark.mark == "wrong"
    )
    lines = [
        f"  {count} x {exercise}: {remark}"
        for (exercise, remark), count in said.most_common(10)
        if count > 1
    ]
    return ["", "Frequent mistakes", *lines] if lines else []
