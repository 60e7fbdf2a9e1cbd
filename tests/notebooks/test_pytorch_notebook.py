"""The notebook on PyTorch models: it runs where PyTorch is, and is stored as it looks then.

`python -m tests.notebooks.test_pytorch_notebook` runs it and stores what it shows.
"""

import json
import os
import pathlib

import nbformat
import pytest
from nbclient import NotebookClient

from tests.notebooks.test_notebooks import assert_answers_are_told, is_check, with_answers

ROOT = pathlib.Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "pytorch" / "step-through-your-pytorch-model.ipynb"

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("torch", reason="needs PyTorch, which is the user's to install")


def execute(notebook):
    """Run the cells, but not the one that would have pip look for the library."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    set_up = notebook.cells.pop(1)  # the library is this one
    client = NotebookClient(
        notebook,
        timeout=300,
        coalesce_streams=True,  # what is printed may come in two pieces
        resources={"metadata": {"path": str(ROOT)}},
    )
    client.execute(env={**os.environ, "PYTHONPATH": path})
    notebook.cells.insert(1, set_up)


def executed():
    """The notebook with what its cells show now; that there is no answer yet is not kept."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    execute(notebook)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.execution_count = None
            shown = [] if is_check(cell) else cell.outputs
            cell.outputs = [o for o in shown if o.get("text", "-").strip()]
            for output in cell.outputs:
                output.pop("execution_count", None)
                if output.output_type == "execute_result":
                    output.execution_count = None
    return notebook


def shown(notebook):
    """The numbers that are printed, and the kinds of pictures, cell by cell."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []) if "explain(" not in cell.source else ():
            kinds = sorted(output.data) if "data" in output else output.text
            yield cell.id, output.output_type, kinds


def test_the_notebook_shows_what_it_is_stored_with():
    stored = nbformat.read(NOTEBOOK, as_version=4)
    assert list(shown(executed())) == list(shown(stored))


def test_the_notebook_says_which_answers_are_wrong_and_which_are_right():
    notebook = with_answers(nbformat.read(NOTEBOOK, as_version=4))
    (start,) = [i for i, c in enumerate(notebook.cells) if c.source.startswith("## Exercises")]
    notebook.cells = [*notebook.cells[:3], *notebook.cells[start:]]
    execute(notebook)
    assert_answers_are_told(notebook)


def test_the_notebook_is_read_without_running_it():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    kinds = {kind for _, _, kinds in shown(notebook) if isinstance(kinds, list) for kind in kinds}
    assert {"text/plain", "text/html"} <= kinds
    for cell in notebook.cells:
        assert len(cell.source.splitlines()) <= 40, cell.source
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


if __name__ == "__main__":
    NOTEBOOK.write_text(
        json.dumps(executed(), indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8"
    )
