"""The course runs: every notebook from top to bottom, with wrong and with right answers."""

import json
import os
import pathlib
import re

import nbformat
import pytest
from nbclient import NotebookClient

from nn.course import find
from tests.each import IN_CI
from tests.equations import false_equations

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PYTORCH = FOLDER / "pytorch" / "step-through-your-pytorch-model.ipynb"
BUILDS_AN_ENGINE = {"15-own-autograd"}
QUICK = "04-backpropagation"

of_each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
and_of_pytorch = pytest.mark.parametrize("path", [*NOTEBOOKS, PYTORCH], ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def topic(path):
    """How the exercises of a notebook are called."""
    return "pytorch" if path == PYTORCH else path.stem[3:]


def is_check(cell):
    return "check" in cell.metadata.get("tags", [])


def solution_in(cell):
    return re.search(r"```python\n(.*?)\n```", cell.source, re.S).group(1)


def exercises(notebook):
    """Quadruples of neighbouring cells: the question, the answer, the check, the solution."""
    cells = notebook.cells
    return [cells[i - 2 : i + 2] for i, cell in enumerate(cells) if is_check(cell)]


def with_answers(notebook):
    """The notebook with, after each check, a wrong answer and then the solution, both checked."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if is_check(cell):
            _, answer, check, solution = next(e for e in exercises(notebook) if e[2] is cell)
            for source in (answer.metadata["exercise"]["wrong_answer"], solution_in(solution)):
                cells.append(nbformat.v4.new_code_cell(source))
                cells.append(nbformat.v4.new_code_cell(check.source, metadata={"answered": True}))
            cells[-3].metadata["tags"] = ["raises-exception"]
    answered = nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)
    for i, cell in enumerate(answered.cells):
        cell["id"] = f"cell-{i}"
    return answered


def execute(notebook):
    """Run the cells, but not the one that would have pip look for the library."""
    notebook.cells[1].metadata["tags"] = ["skip-execution"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    client = NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(FOLDER)}})
    client.execute(env={**environment, "PYTHONPATH": path})


def outputs(notebook, kind):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == kind:
                yield cell, output


# --- they run


@of_each_notebook
def test_the_notebook_runs_and_says_which_answers_are_wrong_and_which_are_right(path):
    if not IN_CI and path.stem != QUICK:
        pytest.skip("GLASSGRAD_CI=1 runs the whole course, which takes some minutes")
    notebook = with_answers(read(path))
    execute(notebook)
    assert_answers_are_told(notebook)

    for _cell, output in outputs(notebook, "stream"):
        assert output.name == "stdout", output.text
        assert false_equations(output.text) == []
    for _cell, output in outputs(notebook, "execute_result"):
        assert false_equations(output.data.get("text/plain", "")) == []
    for cell, output in outputs(notebook, "display_data"):
        if "image/png" in output.data:
            assert len(cell.metadata.get("alt", "")) > 40, f"no alternative text:\n{cell.source}"


def assert_answers_are_told(notebook):
    """Of a notebook made by `with_answers` and run: a wrong answer gets a box with help."""
    answered = [cell for cell in notebook.cells if cell.metadata.get("answered")]
    assert answered
    for wrong, right in zip(answered[::2], answered[1::2], strict=True):
        box, error = wrong.outputs
        assert error.ename == "WrongAnswer", error.evalue
        assert len(error.evalue) > 30, f"not much of a help: {error.evalue}"
        assert len(error.traceback) == 1  # a line, where the box is not shown
        assert box.data["text/plain"].startswith("Not yet.")
        assert box.data["text/html"].startswith('<div role="alert"')
        (box,) = right.outputs
        assert box.data["text/plain"].startswith("Right.")


# --- how they are made


def test_there_is_a_course():
    assert len(NOTEBOOKS) >= 10
    assert [int(path.stem[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))


@of_each_notebook
def test_the_notebook_is_stored_without_outputs_so_that_changes_can_be_read(path):
    text = path.read_text("utf-8")
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    # as Jupyter and `nbconvert --clear-output` write it
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    nbformat.validate(read(path))


@of_each_notebook
def test_the_notebook_says_what_it_shows_and_ends_with_what_to_try_next(path):
    cells = read(path).cells
    opening = cells[0].source
    assert opening.startswith(f"# {int(path.stem[:2])} · ")
    assert "**What you will see.**" in opening
    assert "**Lecture topic.**" in opening
    assert cells[-1].source.startswith("## What to try next")


@and_of_pytorch
def test_the_notebook_has_exercises_with_hidden_solutions(path):
    found = exercises(read(path))
    assert 3 <= len(found) <= (9 if path.stem in BUILDS_AN_ENGINE else 6)
    for number, (question, answer, check, solution) in enumerate(found, start=1):
        assert question.source.startswith(f"### Exercise {number}\n")
        assert "..." in answer.source
        assert check.source == find(f"{topic(path)} {number}").call
        assert solution.source.startswith("<details>\n<summary>Solution</summary>\n")
        assert solution.source.endswith("</details>")
        assert solution_in(solution)


@and_of_pytorch
def test_the_exercises_carry_what_nbgrader_asks_for(path):
    """Each answer is the learner's to write, each check is locked and worth a point."""
    for number, (_question, answer, check, _solution) in enumerate(exercises(read(path)), start=1):
        asked = {"schema_version": 3, "task": False}
        name = f"{topic(path)}-{number}"
        theirs = {"grade": False, "grade_id": f"{name}-answer", "locked": False, "solution": True}
        ours = {"grade": True, "grade_id": name, "locked": True, "solution": False, "points": 1}
        assert answer.metadata["nbgrader"] == asked | theirs
        assert check.metadata["nbgrader"] == asked | ours


@and_of_pytorch
def test_after_the_title_one_line_installs_the_library_in_the_browser_and_on_colab(path):
    """Not jupyterlab, which would replace what the running kernel of Colab is made of.

    Without a comment, which JupyterLite would take for names of packages. Nothing happens where
    glassgrad is installed.
    """
    title, setup = read(path).cells[:2]
    assert title.cell_type == "markdown"
    assert setup.source == "%pip install -q glassgrad"


@of_each_notebook
def test_figures_look_the_same_where_the_notebook_stands_alone(path):
    code = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    assert code[1].endswith('\n\nplt.style.use("nn.course")')
    assert not [*FOLDER.glob("matplotlibrc")]


@of_each_notebook
def test_the_notebook_uses_the_library_and_does_not_rebuild_it(path):
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    assert re.search(r"^(from|import) (autograd|nn|optim)\b", code, re.M)
    if path.stem in BUILDS_AN_ENGINE:
        return
    assert not re.search(r"def (backward|__mul__|__add__|relu|sigmoid|softmax|zero_grad)\(", code)
    assert not re.search(r"class \w*(Value|Tensor|Optimizer|SGD|Adam)\b", code)


@of_each_notebook
def test_the_cells_of_the_notebook_are_short(path):
    for cell in read(path).cells:
        assert len(cell.source.splitlines()) <= 40, cell.source


@of_each_notebook
def test_the_links_of_the_notebook_lead_somewhere(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    text = re.sub(r"`.*?`", "", text)
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (FOLDER / link).exists(), link


@pytest.mark.parametrize("index", [FOLDER / "README.md", ROOT / "README.md"], ids=["its", "ours"])
def test_the_index_lists_every_notebook_in_order_by_its_title(index):
    listed = re.findall(
        r"\[([^]]+)\]\((?:notebooks/)?(\d\d-[^)]+\.ipynb)\)", index.read_text("utf-8")
    )
    titles = [read(path).cells[0].source.splitlines()[0].split(" · ")[1] for path in NOTEBOOKS]
    assert listed == [(title, path.name) for title, path in zip(titles, NOTEBOOKS, strict=True)]
