"""What the page on the stages of the compiler does not show of them."""

import doctest
import pathlib
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value
from autograd.compiler.binding import Bound
from autograd.compiler.instructions import Sums
from autograd.compiler.raising import find_blocks
from autograd.compiler.tape import Tape

WEIGHTS = [[Value(0.1 * (2 * i + j)) for j in range(2)] for i in range(5)]
BIASES = [Value(0.5 * i) for i in range(5)]


def test_raising_leaves_sums_of_different_lengths_as_sums():
    others = [v for row in WEIGHTS for v in row]

    def f(x):
        pairs = [zip(BIASES[i : i + n], others[i : i + n]) for n in (2, 3) for i in (0, 1)]
        return [sum(a * b for a, b in pair).tanh() for pair in pairs]

    g = autograd.compile(f)
    with pytest.raises(CompileError, match="call f first"):
        g.program()
    g([])
    sums, tanh = g._newest.raised.instructions
    assert isinstance(sums, Sums)
    assert (len(sums.out), len(sums.left), len(tanh.out)) == (4, 10, 4)


def test_raising_finds_blocks_of_different_shapes_in_one_group():
    left = np.array([[0], [0], [1], [1], [2], [2], [2], [3], [3], [3], [4]])
    right = np.array([[5], [6], [6], [5], [7], [8], [9], [7], [8], [9], [9]])
    found = [blocks.tolist() for blocks in find_blocks(left, right)]
    assert found == [[[[0, 1], [3, 2]]], [[[4, 5, 6], [7, 8, 9]]]]


def test_a_tape_leaves_out_what_nobody_wants():
    tape = Tape()
    x = tape.source(np.ones(3))
    wanted, unwanted = x * 2, np.exp(x)
    bound = Bound(tape, [wanted])
    assert len(bound.sections[0]) == 1
    assert unwanted not in bound


def test_parameters_are_listed_and_drawn_under_their_models_names():
    def compiled():
        model = nn.MLP(3, [4], 2)
        return autograd.compile(lambda x: model(x).sum())

    g = compiled()  # the model is a variable of the function's alone
    g(np.ones((5, 3)))
    for name in ("model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"):
        assert name in g.program()
        assert name in g.draw().svg


def test_parameters_of_a_close_up_are_listed_under_their_names():
    model = nn.MLP(3, [4], 2)
    close_up = model.scalars()
    g = autograd.compile(lambda x: close_up(x).sum())
    g(np.ones((5, 3)))
    assert "close_up.0.weight @ 15 data + close_up.0.bias  [4×3 by 3×5]" in g.program()
    assert "v0 = close_up.0.weight @ 15 data + close_up.0.bias" in g.draw().svg
    h = autograd.compile(lambda x: close_up[0].weight[0, 1] * x + close_up[0].weight[1, 1] * x)
    h(2.0)
    assert "2 of close_up.0.weight" in h.program()


def test_of_two_leaves_with_one_label_the_second_is_numbered():
    layers = {(): nn.Linear(3, 3), (1,): nn.Linear(3, 3)}  # no name leads through such keys
    g = autograd.compile(lambda x: layers[(1,)](layers[()](x)).sum())
    g(np.ones((5, 3)))
    assert "(weight, " in g.program()
    assert "(weight_2, " in g.program()
    first, second = (layer.scalars() for layer in layers.values())
    many = {(): first, (1,): second}
    h = autograd.compile(lambda x: np.tanh(many[(1,)](many[()](x))).sum())
    del first, second
    h(np.ones((5, 3)))
    assert "weight @ 15 data + bias" in h.program()
    assert "weight_2 @ v0 + bias_2" in h.program()


def test_the_page_on_the_stages_shows_what_they_do():
    page = pathlib.Path(autograd.compiler.__file__).with_name("README.md")
    text = page.read_text("utf-8")
    examples = doctest.DocTestParser().get_doctest(text.replace("```", ""), {}, "README", None, 0)
    result = doctest.DocTestRunner().run(examples)
    assert result.attempted > 10
    assert not result.failed
    files = {path.stem for path in page.parent.glob("*.py")}
    assert set(re.findall(r"`(\w+)\.py`", text)) <= files
