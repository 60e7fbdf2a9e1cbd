"""Whoever follows the manual adds an operation, a layer, an update rule, a reader of the trace.

The pages are followed block by block, and what they have made is held against what they do not say.
"""

import pathlib
import re
import shutil

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
import nn
from autograd import Tensor, Value
from tests.pages import EXTENDING, blocks, follow, run_python

ROOT = pathlib.Path(__file__).parents[1]
PAGES = {page: (ROOT / "docs" / f"{page}.md").read_text("utf-8") for page in EXTENDING}
OPERATION, LAYER, RULE, READER = EXTENDING


@pytest.mark.parametrize("page", EXTENDING)
def test_each_thing_is_added_in_one_place_and_under_forty_lines(page):
    added = [block for block in blocks(PAGES[page]) if not block.startswith(">>>")]
    assert added
    assert max(block.count("\n") for block in added) < 40


# --- a layer, an update rule, a reader of the trace -----------------------------------------------


def slope(loss, array, at, h=1e-6):
    """The derivative of a loss by one number of an array, from two values beside it."""
    there = array[at]
    array[at] = there + h
    above = loss()
    array[at] = there - h
    below = loss()
    array[at] = there
    return (above - below) / (2 * h)


def test_following_the_page_on_layers_makes_layers_whose_gradients_are_right():
    made = follow(PAGES[LAYER], LAYER)
    x = np.random.default_rng(0).normal(size=(4, 3))
    for layer in (made["Highway"](3), made["RadialBasis"](3, 2).eval()):
        (layer(x) ** 2).sum().backward()
        for parameter in layer.parameters():
            at = (0,) * parameter.ndim
            numbers = parameter.data
            differences = slope(lambda: float((layer(x) ** 2).sum().data), numbers, at)  # noqa: B023
            assert_allclose(parameter.grad[at], differences, rtol=1e-6)
        twin = type(layer)(*((3,) if len(layer.children()) else (3, 2))).eval()
        twin.load_state_dict(layer.state_dict())
        assert_allclose(twin(x).data, layer(x).data, rtol=0)
        close_up = nn.Module.scalars(layer)(x)
        assert_allclose([[v.data for v in row] for row in close_up], layer(x).data, rtol=1e-12)
        compiled = autograd.compile(lambda x: (layer(x) ** 2).sum())  # noqa: B023
        assert_allclose(compiled(x).data, (layer(x) ** 2).sum().data, rtol=1e-12)


def test_following_the_page_on_update_rules_makes_the_steps_of_the_paper():
    lion = follow(PAGES[RULE], RULE)["Lion"]
    a, b = Value(2.0), Tensor([[1.0], [-3.0]], requires_grad=True)
    optimizer = lion([{"params": [a], "lr": 0.25}, {"params": [b]}], lr=0.5, weight_decay=0.1)
    expected, m = np.array([2.0, 1.0, -3.0]), np.zeros(3)
    rates = np.array([0.25, 0.5, 0.5])
    for k in range(5):
        a.grad, b.grad = 1.0 - k, [[0.5], [2.0 - k]]
        g = np.array([1.0 - k, 0.5, 2.0 - k])
        expected -= rates * (np.sign(0.9 * m + 0.1 * g) + 0.1 * expected)
        m = 0.99 * m + 0.01 * g
        optimizer.step()
    assert_allclose([a.data, *b.data.ravel()], expected, rtol=1e-12)


def test_following_the_page_on_the_trace_makes_readers_of_other_graphs_too():
    made = follow(PAGES[READER], READER)
    p, q = Value(3.0), Value(4.0, label="side")
    table = made["as_table"](p * p + q)
    assert "| p | given | 3 |  |" in table
    assert "p·p" in table or "p²" in table
    assert table.count("∂v₁/∂p") == 2
    assert "| side | given | 4 |  |" in table
    assert made["weakest_link"](1e-3 * p + 7 * q).startswith("step 4: ")


# --- an operation, in a file of one's own and in the library --------------------------------------


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A copy of the project in which the library's blocks are written where they belong."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("autograd", "nn", "optim", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, folder)
    for block in blocks(PAGES[OPERATION]):
        if place := re.match(r"# (autograd/\S+\.py)\n", block):
            file = folder / place.group(1)
            before = file.read_text("utf-8") + "\n\n" if file.exists() else ""
            file.write_text(before + block[place.end() :], "utf-8")
    (folder / "page.md").write_text(PAGES[OPERATION], "utf-8")
    return folder


CHECKED = """
import pathlib
import numpy as np
from autograd import Tensor, Value, backprop, compile, draw
from tests.pages import follow

bell = follow(pathlib.Path("page.md").read_text("utf-8"), "page")["bell"]
x, h = 0.3, 1e-20
exact = np.imag(np.exp(-((x + h * 1j) ** 2))) / h  # by a complex step, which our engine never sees
for node in (Value(x), Tensor(x, requires_grad=True)):
    bell(node).backward()
    assert abs(node.grad - exact) < 1e-15, node.grad
    node.zero_grad()
    compiled = compile(lambda: bell(node) * 2)
    compiled().backward()
    assert abs(node.grad - 2 * exact) < 1e-15, node.grad
picture = draw(bell(Value(x)))
assert "bell" in picture.svg and "-0.54" in picture.svg
"""


def test_following_the_page_on_operations_makes_one_that_is_drawn_and_compiled(reader):
    run_python(reader, "-c", CHECKED)


@pytest.mark.slow
def test_the_commands_of_the_page_make_the_stubs_and_test_the_new_operations(reader):
    made, tested = (block.split() for block in blocks(PAGES[OPERATION], "bash"))
    assert (made[:2], tested[0]) == (["python", "-m"], "pytest")
    run_python(reader, *made[1:])
    methods = (reader / "autograd" / "methods.pyi").read_text("utf-8")
    functions = (reader / "autograd" / "rules" / "__init__.pyi").read_text("utf-8")
    for name in ("logit", "symmetrized"):
        assert f"def {name}(self" in methods
        assert f"import {name} as {name}\n" in functions
    only = "--assert=plain -k 'logit or symmetrized or type_checkers'"
    said = run_python(reader, "-m", *tested, "-q", PYTEST_ADDOPTS=only, EACH="1")
    assert int(re.search(r"(\d+) passed", said).group(1)) >= 30
