"""The steps of a backward pass: what they say, and that looking at them changes nothing."""

import dataclasses
import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import GraphError, ShapeError, Tensor, Value, backprop, ceil, explain
from autograd.viz.backprop import Backprop
from autograd.viz.exercise import FIRST, LAST
from autograd.viz.steps import Step
from autograd.viz.symbols import value_of
from tests.each import each
from tests.equations import false_equations


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def perceptron():
    """The worked figure of the lectures: w0 = 1, w = (3, -2), at x = (-1, 2)."""
    w0, w1, w2 = Value(1.0), Value(3.0), Value(-2.0)
    x1, x2 = Value(-1.0), Value(2.0)
    z = w0 + w1 * x1 + w2 * x2
    y = z.sigmoid()
    return backprop(y), {"w0": w0, "w1": w1, "w2": w2, "x1": x1, "x2": x2, "z": z, "y": y}


def lines_about(steps, start):
    return [line.strip() for line in str(steps).splitlines() if line.strip().startswith(start)]


# --- the figures of the lectures --------------------------------------------------------------


def test_the_perceptron_of_the_lectures_is_worked_out_step_by_step():
    steps, nodes = perceptron()
    slope = sigmoid(-6) * (1 - sigmoid(-6))
    assert nodes["z"].data == -6.0
    assert_allclose(nodes["y"].data, 0.00247, atol=5e-6)
    expected = {"w0": slope, "w1": -slope, "w2": 2 * slope, "x1": 3 * slope, "x2": -2 * slope}
    for name, gradient in expected.items():
        assert_allclose(nodes[name].grad, gradient, rtol=1e-12)
        assert_allclose(steps.gradients[nodes[name]], gradient, rtol=1e-12)
    assert len(steps) == 9
    assert lines_about(steps, "y ") == ["y  = σ(z)    = σ(-6)     = 0.002473"]
    (line,) = (line for line in str(steps).splitlines() if "dy/dw₁ +=" in line)
    assert "= 0.002467 · x₁ = 0.002467 · (-1) = -0.002467" in line
    assert lines_about(steps, "dy/dw₁") == ["dy/dw₁ = -0.002467"]


def test_the_derivative_of_sin_of_x_squared_is_a_product_of_two_factors():
    x = Value(1.5, label="x")
    outer, inner = backprop((x**2).sin())
    assert (str(outer.formula), str(inner.formula)) == ("cos(v₁)", "2·x")
    assert_allclose(outer.local * inner.local, 2 * 1.5 * math.cos(1.5**2), rtol=1e-12)
    assert_allclose(x.grad, 2 * 1.5 * math.cos(1.5**2), rtol=1e-12)


def test_the_factors_along_a_path_multiply_to_the_gradient_of_a_weight():
    x, w1, w2 = Value(0.5, label="x"), Value(-1.2, label="w1"), Value(0.7, label="w2")
    z1 = (w1 * x).tanh()
    z1.label = "z1"
    y = w2 * z1
    y.label = "y"
    cost = (y - 2.0) ** 2
    cost.label = "J"
    steps = {(step.node_name, step.parent_name): step for step in backprop(cost)}
    h, out = math.tanh(-0.6), 0.7 * math.tanh(-0.6)
    assert_allclose(w2.grad, 2 * (out - 2) * h, rtol=1e-12)
    assert_allclose(w1.grad, 2 * (out - 2) * 0.7 * (1 - h * h) * 0.5, rtol=1e-12)
    path = [("J", "v2"), ("v2", "y"), ("y", "z1"), ("z1", "v1"), ("v1", "w1")]
    assert_allclose(math.prod(steps[edge].local for edge in path), w1.grad, rtol=1e-12)


def test_every_gradient_of_a_two_layer_network_is_as_derived_by_hand():
    x, v, w, target = (0.5, -1.5), ((0.1, -0.4), (0.8, 0.3)), (0.6, -0.9), 1.0
    xs = [Value(number) for number in x]
    vs = [[Value(number) for number in row] for row in v]
    ws = [Value(number) for number in w]
    rs = [row[0] * xs[0] + row[1] * xs[1] for row in vs]
    us = [r.sigmoid() for r in rs]
    s = ws[0] * us[0] + ws[1] * us[1]
    z = s.sigmoid()
    loss = -(target * z.log() + (1 - target) * (1 - z).log())
    backprop(loss)

    u = [sigmoid(row[0] * x[0] + row[1] * x[1]) for row in v]
    error = sigmoid(w[0] * u[0] + w[1] * u[1]) - target  # z - y
    assert_allclose(s.grad, error, rtol=1e-12)
    for j in range(2):
        assert_allclose(ws[j].grad, error * u[j], rtol=1e-12)
        assert_allclose(rs[j].grad, error * w[j] * u[j] * (1 - u[j]), rtol=1e-12)
        for i in range(2):
            assert_allclose(vs[j][i].grad, rs[j].grad * x[i], rtol=1e-12)


def test_a_weight_that_reaches_the_loss_by_several_ways_sums_over_them():
    w = Value(3.0, label="w")
    steps = [step for step in backprop(w * w + 5 * w) if step.parent is w]
    assert [(step.arrived, step.expected) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert math.fsum(step.contribution for step in steps) == w.grad == 2 * 3.0 + 5
    assert sorted(step.contribution for step in steps) == [3.0, 3.0, 5.0]


# --- what a step says -------------------------------------------------------------------------


def test_each_contribution_is_upstream_times_local_and_takes_before_to_after():
    a, b = Value(1.3, label="a"), Value(-0.4, label="b")
    c = a * b
    root = (c * c + a.exp() / b - c).tanh() * a
    running = {}
    steps = backprop(root)
    for step in steps:
        assert step.contribution == step.out_grad * step.local
        assert step.before == running.get(step.parent)
        running[step.parent] = step.after
        assert step.after == (step.before or 0.0) + step.contribution
        assert step.node.parents[step.position] is step.parent
    for node, gradient in running.items():
        assert node.grad == gradient


def test_nothing_yet_is_not_zero():
    x = Value(0.0, label="x")
    first, second = backprop(x * x)
    assert first.before is None
    assert first.after == 0.0
    assert second.before == 0.0
    assert "(1 of 2 arrived: — → 0)" in str(first)
    assert "(2 of 2 arrived: 0 → 0)" in str(second)


def test_a_step_on_its_own_says_which_of_how_many_it_is():
    x = Value(3.0, label="x")
    (step,) = backprop(x**2)
    assert (
        str(step)
        == "step 1 of 1   dL/dx += 1 · ∂L/∂x = 1 · 2·x = 1 · 6 = 6   (1 of 1 arrived: — → 6)"
    )
    assert repr(step) == "<Step 1 of 1: L to x>"
    assert step.formula.latex == r"2 \cdot x"


def test_a_step_cannot_be_changed():
    x = Value(3.0)
    with pytest.raises(dataclasses.FrozenInstanceError, match="contribution"):
        backprop(x * x)[0].contribution = 1.0


def test_a_local_derivative_that_needs_brackets_gets_them():
    x, y = Value(2.0, label="x"), Value(-4.0, label="y")
    text = str(backprop((x / y).tanh()))
    assert "1 · (1 - L²)" in text
    assert "· (-v₁/y)" in text


# --- the pass ---------------------------------------------------------------------------------


def test_backprop_leaves_the_gradients_that_backward_leaves():
    def build():
        x, y = Value(0.3), Value(-1.1)
        part = x * y
        return x, y, part, (part.sin() + part * x).exp()

    ours, theirs = build(), build()
    for _ in range(2):  # leaves add, the nodes between are set
        backprop(ours[-1])
        theirs[-1].backward()
        assert [node.grad for node in ours] == [node.grad for node in theirs]


def test_looking_at_the_steps_has_no_effect():
    x = Value(1.5, label="x")
    steps = backprop(x * x)
    x.zero_grad()
    assert [step.number for step in steps] == [step.number for step in steps] == [1, 2]
    assert len(steps) == 2
    assert str(steps) == str(steps)
    assert repr(steps) == "<Backprop of L: 2 steps through 2 nodes>"
    assert steps._repr_mimebundle_(include=None, exclude=None)["text/plain"] == str(steps)
    assert x.grad == 0.0


def test_steps_are_a_sequence():
    x = Value(1.5)
    steps = backprop(x * x * x)
    assert isinstance(steps, Backprop)
    assert isinstance(steps[0], Step)
    assert [step.number for step in steps[1:3]] == [2, 3]
    assert steps[-1].number == steps[3].number == 4
    with pytest.raises(IndexError, match="out of range"):
        steps[4]


def test_what_happens_to_a_leaf_afterwards_does_not_change_the_steps():
    x = Value(2.0, label="x")
    steps = backprop(x * x * x)
    before = str(steps)
    x.data = 100.0
    w = Tensor([1.0, 2.0], requires_grad=True, label="w")
    array_steps = backprop((w * w).sum())
    array_before = str(array_steps)
    w.data -= 0.5 * w.grad
    assert (str(steps), str(array_steps)) == (before, array_before)


def test_an_earlier_gradient_is_announced_and_added_to():
    x, c = Value(2.0, label="x"), Value(5.0, label="c")
    root = x * x
    assert "earlier" not in str(backprop(root))
    text = str(backprop(root * c))
    assert "An earlier backward() left a gradient in x." in text
    (line,) = (line for line in text.splitlines() if "x.grad" in line)
    assert " ".join(line.split()) == "dL/dx = 20 x.grad = 4 + 20 = 24"
    assert x.grad == 24.0


def test_of_many_earlier_gradients_some_are_named():
    leaves = [Value(float(k), label=f"x{k}") for k in range(30)]
    root = sum(x * x for x in leaves)
    root.backward()
    text = " ".join(str(backprop(root)).split())
    assert "left a gradient in x₀, x₁, x₂, x₃, x₄, x₅, x₆, x₇ and 22 more. Leaves" in text


def test_a_note_that_makes_a_line_too_long_stands_below_it_and_the_columns_stay():
    x = [Value(1.0), Value(-2.0)]
    v = [[Value(0.4), Value(-0.6)], [Value(0.3), Value(0.1)]]
    w = [Value(0.7), Value(-0.2)]
    u = [(v[0][j] * x[0] + v[1][j] * x[1]).sigmoid() for j in (0, 1)]
    z = (w[0] * u[0] + w[1] * u[1]).sigmoid()
    lines = str(backprop(z)).splitlines()
    below = [k for k, line in enumerate(lines) if re.match(r" {9}\(. of 2 arrived", line)]
    assert len(below) == 4
    steps = [line for line in lines if re.match(r" +\d+  dz/d", line)]
    assert len(steps) == 21
    assert {line.index("+=") for line in steps} == {steps[0].index("+=")}


def test_a_single_leaf_has_no_steps_and_the_derivative_1():
    x = Value(7.0, label="x")
    steps = backprop(x)
    assert len(steps) == 0
    assert x.grad == 1.0
    assert lines_about(steps, "dx/dx") == ["dx/dx = 1"]


def test_steps_through_ten_thousand_nodes_are_kept_and_printed_in_part():
    x = Value(1.0, label="x")
    root = x
    for _ in range(5_000):
        root = root * 0.99999 + x
    steps = backprop(root)
    assert len(steps) == 15_000
    assert steps[14_999].parent is x
    assert steps[0].total == 15_000
    text = str(steps)
    assert text.count("\n") < 260
    assert "… 9,920 more …" in text  # results
    assert "… 14,920 more …" in text  # steps


# --- names ------------------------------------------------------------------------------------


def test_a_label_comes_before_a_variable_and_a_variable_before_a_number():
    a, b = Value(1.0, label="weight"), Value(2.0)
    c = a * b * 3.0
    steps = backprop(c)
    assert sorted(steps.names.values()) == ["b", "c", "v1", "weight"]
    assert steps.operands(c) == ("v1", 3.0)


def test_numbers_skip_the_names_that_are_taken():
    v1 = Value(2.0)
    root = (v1 * v1).exp() * v1
    assert sorted(backprop(root).names.values()) == ["root", "v1", "v2", "v3"]


def test_two_nodes_with_one_label_are_told_apart():
    a, b = Value(1.0, label="x"), Value(2.0, label="x")
    steps = backprop(a * b)
    assert sorted(steps.names.values()) == ["L", "x", "x_2"]


def test_an_unnamed_constant_is_its_number():
    x = Value(3.0, label="x")
    assert lines_about(backprop(x * 0.5), "L ")[0] == "L = x·0.5 = 3·0.5 = 1.5"


class Model:
    """Something with parameters, as the name finder knows it."""

    def __init__(self):
        self.weights = [Value(2.0), Value(-1.0)]

    def parameters(self):
        return self.weights


def test_a_long_name_is_abbreviated_and_told():
    the_model = Model()
    x1, w1 = Value(3.0), Value(1.0)
    root = the_model.weights[0] * x1 + the_model.weights[1] * w1
    root.label = "the sum of all the products"
    steps = backprop(root)
    assert sorted(steps.abbreviated.values()) == [
        "the sum of all the products",
        "the_model.weights[0]",
        "the_model.weights[1]",
    ]
    assert {steps.names[weight] for weight in the_model.weights} == {"weights[0]", "weights[1]"}
    names = str(steps).partition("\n\n")[2].partition("\n\n")[0]
    assert names.splitlines()[0] == "Names"
    assert "  weights₀ = the_model.weights[0]" in names


def test_no_line_is_wider_than_100_columns_whatever_the_labels():
    a, b, c = (
        Value(float(i), label=f"the very long name of variable number {i}") for i in (1, 2, 3)
    )
    a.label, b.label = "13 characters", "and 13 again!"
    root = (a ** (b / c)).tanh() * a + (a * b / c).log() * b
    root.label = "bells \x07\nring"
    backprop(root)
    text = str(backprop(root))
    assert max(map(len, text.splitlines())) <= 100
    assert "\x07" not in text
    assert "bells ␇ ring" in text


# --- tensors ----------------------------------------------------------------------------------


def test_a_tensor_graph_shows_few_numbers_in_full_and_many_by_their_shape():
    X = Tensor(np.arange(8.0).reshape(4, 2), label="X")
    W = Tensor(np.full((2, 3), 0.1), requires_grad=True, label="W")
    b = Tensor([0.5, -0.5, 0.0], requires_grad=True, label="b")
    steps = backprop(autograd.tanh(X @ W + b).sum())
    text = str(steps)
    assert "b = [0.5, -0.5, 0]" in text
    assert "W = array 2×3" in text
    assert "dL/dW  += Xᵀ · dL/dv₁" in text
    assert "(2×3 += 2×4 · 4×3)" in text
    assert "Σ over axis 0 of dL/dv₂" in text
    assert "dL/dv₃ ⊙ (1 - v₃²)" in text
    assert max(map(len, text.splitlines())) <= 100
    slopes = 1 - np.tanh(X.data @ W.data + b.data) ** 2
    assert_allclose(b.grad, slopes.sum(axis=0), rtol=1e-12)
    assert_allclose(W.grad, X.data.T @ slopes, rtol=1e-12)


def test_only_an_elementwise_operation_has_a_local_derivative_and_a_formula():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True, label="x")
    total, square = backprop((x**2).sum())
    assert total.local is None
    assert total.formula is None
    assert_array_equal(square.local, [2.0, 4.0, 6.0])
    assert str(square.formula) == "2·x"
    assert "= [1, 1, 1] ⊙ 2·x = [1, 1, 1] ⊙ [2, 4, 6] = [2, 4, 6]" in str(square)


def test_a_gradient_that_is_summed_over_what_was_broadcast_says_so():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True, label="x")
    a = Tensor(2.0, requires_grad=True, label="a")
    steps = backprop(a * x, gradient=[1.0, 10.0, 100.0])
    (to_a,) = (step for step in steps if step.parent is a)
    assert "Σ of [1, 10, 100] ⊙ [1, 2, 3] = 321" in str(to_a)
    assert a.grad == 321.0


def test_values_inside_a_tensor_graph_get_their_steps_too():
    v = Value(2.0, label="v")
    x = Tensor([1.0, 3.0], requires_grad=True, label="x")
    steps = backprop((x * (v * v)).sum())
    assert {step.parent_name for step in steps} == {"x", "v", "u1", "u2"}
    assert v.grad == 2 * 2.0 * (1.0 + 3.0)


# --- mistakes ---------------------------------------------------------------------------------


def test_backprop_of_a_constant_says_that_there_is_nothing_to_differentiate():
    with pytest.raises(GraphError, match="constant"):
        backprop(Value(2.0).detach())


def test_backprop_of_an_array_asks_for_a_scalar_or_a_gradient():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ShapeError, match=r"shape \(2,\)"):
        backprop(x * 2)


def test_backprop_of_a_number_says_what_it_needs():
    needed = r"backprop: needs a Value, a Tensor or a function, but got 2\.0\."
    with pytest.raises(TypeError, match=needed):
        backprop(2.0)


def test_backprop_of_a_value_takes_no_gradient():
    with pytest.raises(TypeError, match="a Value's is always 1"):
        backprop(Value(2.0), gradient=3.0)


def test_a_number_that_is_put_into_a_formula_is_written_as_everywhere_else():
    x = Value(703366.4, label="x")
    text = str(backprop(ceil(x) * x))
    assert "v₁ = ceil(x) = ceil(7.034e5)  ≈ 703367" in text
    assert "= 703367·7.034e5 = " in text


@pytest.mark.parametrize("more", range(4))
def test_a_line_that_is_broken_goes_on_with_a_sign_and_is_not_false_by_itself(more):
    a = Value(-0.123456, label="abcdefghijklm"[more:])
    b = Value(3.25, label="nopqrstuvwxyza"[more:])
    told = str(backprop((a * b) / (a + b) + a))
    assert false_equations(told) == []
    assert any(line.strip()[0] in "·=≈" for line in told.splitlines() if line.strip())


def test_a_number_beside_100000_is_equal_to_what_it_is_a_product_of():
    x, y = Value(99999.99999999, label="x"), Value(1.0, label="y")
    assert "y += 1 · ∂L/∂y = 1 · x = 1 · 1e5 = 1e5" in str(backprop(x * y))


def test_no_line_stands_for_a_single_step_that_is_left_out():
    y = Value(0.5, label="x")
    for _ in range(FIRST + LAST + 1):
        y = y.tanh()
    assert "more …" not in str(backprop(y))
    assert "… 2 more …" in str(backprop(y.tanh()))


# --- where there is no derivative -------------------------------------------------------------

NO_NUMBER = (
    "{} is not a number at {}, so it has no derivative there: {} is only what the formula of {} "
    "gives."
)
NOT_FINITE = (
    "At {}, {} and the formula of {} gives {}: there is no derivative, or none that a float can "
    "hold."
)


@each(
    ("make", "numbers", "remarks"),
    [
        (lambda a: a.log(), [-1.0], [NO_NUMBER.format("y", "a = -1", "-1", "∂y/∂a")]),
        (lambda a: a.sqrt(), [-1.0], [NO_NUMBER.format("y", "a = -1", "nan", "∂y/∂a")]),
        (lambda a: a**0.5, [-2.0], [NO_NUMBER.format("y", "a = -2", "nan", "∂y/∂a")]),
        (
            lambda a, b: a / b,
            [0.0, 0.0],
            [
                NO_NUMBER.format("y", "a = 0, b = 0", "inf", "∂y/∂a"),
                NO_NUMBER.format("y", "a = 0, b = 0", "nan", "∂y/∂b"),
            ],
        ),
        (lambda a: a.log(), [0.0], [NOT_FINITE.format("a = 0", "y = -inf", "∂y/∂a", "inf")]),
        (lambda a: a.sqrt(), [0.0], [NOT_FINITE.format("a = 0", "y = 0", "∂y/∂a", "inf")]),
        (lambda a: a.exp(), [1000.0], [NOT_FINITE.format("a = 1000", "y = inf", "∂y/∂a", "inf")]),
        (lambda a: a * 2, [math.nan], [""]),
        (lambda a, b: a * b, [math.inf, 0.0], ["", ""]),
        (lambda a: a.log(), [1e-12], [""]),
        (abs, [0.0], [""]),
    ],
)
def test_a_step_says_where_there_is_no_derivative(make, numbers, remarks):
    operands = [Value(x, label=name) for x, name in zip(numbers, "ab", strict=False)]
    with np.errstate(all="ignore"):
        y = make(*operands)
        y.label = "y"
        steps = backprop(y)
        whole = " ".join(str(steps).split())
        explained = str(explain(y))
    assert [step.remark for step in steps] == remarks
    for step, remark in zip(steps, remarks, strict=True):
        assert str(step).endswith("\n" + remark if remark else ")")
        assert remark in whole
        assert remark in explained


@each(
    ("numbers", "remark"),
    [
        ([[-1.0, 2.0, 0.0]], "v₁ or its derivative is not finite in 2 of 3 elements"),
        ([[-1.0]], "v₁ is not a number at T = [[-1]]"),
        ([[1.0, 2.0]], ""),
        (np.ones((40, 40)), ""),
    ],
)
def test_a_step_on_arrays_says_so_too(numbers, remark):
    T = Tensor(numbers, requires_grad=True, label="T")
    with np.errstate(all="ignore"):
        steps = backprop((T.log() * Tensor(np.ones(1))).sum())
        text, explained = str(steps), str(explain(steps.root, T))
    (said,) = {step.remark for step in steps} - {""} or {""}
    assert said.startswith(remark)
    assert bool(said) == bool(remark)
    assert said in " ".join(text.split())
    assert said in explained


@each("p", [0.0, 1.0, 1.0 - 1e-16, 1e-50, 0.5, 0.9])
@each("y", [0.0, 1.0, 0.3])
def test_the_formula_of_a_cross_entropy_is_true_of_certain_probabilities_too(p, y):
    steps = backprop(autograd.binary_cross_entropy(Value(p, label="p"), Value(y, label="y")))
    for step in steps:
        values = {"p": np.float64(p), "y": np.float64(y)}
        assert_allclose(value_of(step.formula, values), step.local, rtol=1e-5)
        if p in (0.5, 0.9):  # a bound is written only where it counts
            assert "max(" not in step.formula.text


def test_the_two_sides_of_a_choice_are_told_apart():
    x, y = (Tensor([1.0, 2.0], requires_grad=True, label=name) for name in "xy")
    steps = backprop(autograd.where([True, False], x, y).sum())
    written = [step.rule.text.partition(", condition")[0] for step in steps[1:]]
    assert written == ["where(dL/dv₁, 0", "where(0, dL/dv₁"]
