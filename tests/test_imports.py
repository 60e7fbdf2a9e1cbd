"""Imports: optim → autograd ← nn and never in a circle, those for types alone among them."""

import ast
import graphlib
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("autograd", "nn", "optim")
    for path in (ROOT / package).rglob("*.py")
}
# What knows both nn and optim: the command line, the demo, training, and the public names of it.
ABOVE = re.compile(r"(autograd\.__main__|nn|nn\.(demo|plots|estimators|training.*))$")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            of = getattr(node, "module", None)
            for name in (alias.name for alias in node.names):
                yield next(n for n in (f"{of}.{name}", of, name) if n in FILES or n == name)


@pytest.fixture(scope="module")
def graph():
    return {file: {*imports(path)} & FILES.keys() for file, path in FILES.items()}


def test_autograd_knows_neither_nn_nor_optim_and_these_do_not_know_each_other(graph):
    for file in graph.keys() - {*filter(ABOVE.match, graph)}:
        known = ("autograd", file.split(".")[0])
        for name in graph[file]:
            assert name.startswith(known), f"{file} imports {name}"
            assert not ABOVE.match(name), f"{file} imports {name}"


def test_no_files_import_one_another_in_a_circle(graph):
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, with the circle


def test_import_autograd_leaves_what_few_programs_use_for_when_it_is_asked_for():
    program = "import autograd, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT).split()
    assert "autograd.value" in loaded
    later = ("numpy_protocols", "transforms", "custom_gradients", "compiler", "viz", "anomalies")
    assert not [name for name in loaded if name.startswith(tuple(f"autograd.{x}" for x in later))]


def test_import_nn_leaves_pytorch_and_the_import_of_its_models_for_when_they_are_asked_for():
    program = "import nn, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=ROOT).split()
    assert "nn.module" in loaded
    assert not [name for name in loaded if name.startswith(("torch", "nn.interop"))]


# --- the seam -------------------------------------------------------------------------------------

# A result is made and two numbers are compared (tracer), a number is read, operands of arrays are
# lifted, a leaf is read or written (as_traced), an optimizer steps
# (tracer), and something is written that is not recorded; how often each file asks.
SEAM = ("tracer", "read", "lifted", "as_traced", "drawn", "written")
KNOWN = {
    "autograd.value": {"tracer": 2, "read": 6, "as_traced": 3},
    "autograd.tensor": {"read": 4, "lifted": 2, "as_traced": 3},
    "autograd.node": {"as_traced": 2},
    "autograd.op": {"read": 1, "lifted": 1},
    "autograd.versions": {"written": 1},
    "autograd.copying": {"written": 1},
    "autograd.custom_gradients": {"read": 1},
    "autograd.transforms": {"read": 1},
    "nn.functional.normalisation": {"written": 1},
    "nn.functional.regularisation": {"drawn": 1},
    "nn.parameter": {"as_traced": 2, "written": 1},
    "optim.clip": {"tracer": 1},
    "optim.hyperparameters": {"written": 1},
    "optim.memory": {"tracer": 1, "written": 1},
    "optim.update_rule": {"tracer": 2},
}


def test_the_engine_asks_for_a_tracer_at_its_seam_only():
    found = {}
    for file, path in FILES.items():
        if file.startswith("autograd.compiler") or "tracing" not in path.read_text("utf-8"):
            continue
        tree = ast.walk(ast.parse(path.read_text("utf-8")))
        called = [
            x.func.id for x in tree if isinstance(x, ast.Call) and isinstance(x.func, ast.Name)
        ]
        asked = {n: called.count(n) for n in SEAM if n in called}
        if asked:
            found[file] = asked
    assert found == KNOWN


def test_nobody_but_the_compiler_speaks_of_recordings():
    for name in ("value", "tensor", "op", "transforms"):
        text = FILES[f"autograd.{name}"].read_text("utf-8")
        assert not re.search(r"compil|is_recorded|Recording|recorder", text), name


def test_what_only_annotations_name_is_not_needed_when_a_file_is_imported():
    def says_types(tree):
        return any(
            getattr(x, "returns", None) or getattr(x, "annotation", None) for x in ast.walk(tree)
        )

    texts = {file: path.read_text("utf-8") for file, path in FILES.items()}
    for_types = {file for file, text in texts.items() if "if TYPE_CHECKING:" in text}
    at_once = {
        file for file, text in texts.items() if "from __future__ import annotations" not in text
    }
    at_once.remove("autograd")  # where `annotations` would be a public name
    assert len(for_types) > 20
    assert {file for file in for_types & at_once if says_types(ast.parse(texts[file]))} == set()
