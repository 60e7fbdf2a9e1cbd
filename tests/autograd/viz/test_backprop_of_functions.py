"""`backprop(f, x, …)`: a function of plain numbers in the player."""

import sys

import numpy as np
import pytest

import nn
from autograd import GraphError, Tensor, Value, backprop, grad


def energy(x, W, b):
    hidden = np.tanh(W @ x + b)
    total = np.sum(hidden**2)
    return total / 2


POINT = (np.array([1.0, -2.0]), np.array([[0.5, 0.25], [-1.0, 2.0]]), np.array([0.1, 0.0]))


def test_gradients_are_those_of_grad():
    steps = backprop(energy, *POINT)
    found = {steps.names[leaf]: gradient for leaf, gradient in steps.gradients.items()}
    for name, gradient in zip("xWb", grad(energy, (0, 1, 2))(*POINT)):
        np.testing.assert_allclose(found[name], gradient, rtol=1e-15)


def test_nodes_are_called_as_the_function_calls_them():
    steps = backprop(energy, *POINT)
    assert {"x", "W", "b", "hidden", "total"} < {*steps.names.values()}


def test_every_node_shows_its_line_of_the_function():
    steps = backprop(energy, *POINT)
    by_name = {steps.names[node]: line for node, line in steps.lines.items()}
    assert by_name["hidden"].endswith(": hidden = np.tanh(W @ x + b)")
    assert by_name["total"].endswith(": total = np.sum(hidden**2)")


def test_the_arguments_stay_what_they_are():
    before = [array.copy() for array in POINT]
    backprop(energy, *POINT)
    for array, old in zip(POINT, before):
        np.testing.assert_array_equal(array, old)


def test_lists_and_dicts_are_looked_into_and_counts_are_constants():
    def f(params, n):
        return params["w"] * params["xs"][0] ** n

    steps = backprop(f, {"w": 2.0, "xs": [3.0, 1.0]}, 2)
    assert {steps.code(leaf): g for leaf, g in steps.gradients.items()} == {
        "params['w']": 9.0,
        "params['xs'][0]": 12.0,
    }


def test_functions_without_code_of_their_own_are_taken_too():
    steps = backprop(np.sin, 0.0)
    assert list(steps.gradients.values()) == [1.0]


def test_a_model_is_a_function():
    model = nn.Linear(2, 1)
    steps = backprop(model, np.ones((1, 2)), gradient=[[1.0]])
    assert {"weight", "bias"} < {name.rpartition(".")[2] for name in steps.names.values()}


def test_nodes_among_the_arguments_are_the_leaves_themselves():
    x = Value(3.0)
    backprop(lambda x, y: x * y, x, 2.0)
    assert x.grad == 2.0


def test_the_profiler_that_ran_before_runs_afterwards():
    def profiler(frame, event, arg):
        return None

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        backprop(energy, *POINT)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(before)


def square(x):
    return Tensor(x) * x


def test_what_has_no_gradient_is_refused_with_what_to_do():
    with pytest.raises(TypeError, match=r"returned 0.84.*np.sin\(x\), not math.sin\(x\)"):
        backprop(lambda x: float(np.sin(1.0)), 1.0)
    with pytest.raises(GraphError, match=r"Whole numbers are constants: say square\(3.0\)"):
        backprop(square, 3)
    with pytest.raises(TypeError, match="needs a function that returns one number or array"):
        backprop(lambda x: (x, x), 1.0)
    with pytest.raises(TypeError, match="inputs are for a function"):
        backprop(Value(2.0) * 3.0, None, 2)
    with pytest.raises(TypeError, match="needs a Value, a Tensor or a function, but got 3"):
        backprop(3)
