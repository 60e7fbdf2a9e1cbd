"""What every first-order rule does: whatever holds the numbers, in groups, in steps."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from autograd import GraphError, Tensor, Value
from nn import MLP, Linear, Parameter
from optim import BFGS, SGD, Adam, AdamW, Momentum, Newton, RMSprop
from tests.each import each
from tests.optim.rules import (
    GUISES,
    RULES,
    TORCH,
    A,
    B,
    as_module,
    each_case,
    each_kind,
    each_rule,
    numbers,
)

START = TORCH["start"]["mlp"]


@each_rule
def test_a_minimum_is_found(rule):
    lr = {"Adadelta": 10.0, "Adagrad": 1.0, "SGD": 0.4}.get(rule.__name__, 0.1)
    decay = {"weight_decay": 0.0} if rule is AdamW else {}
    x, closest = Tensor([0.5, -0.5, 0.3], requires_grad=True), np.linalg.solve(A, B)
    optimizer, start = rule([x], lr=lr, **decay), np.linalg.norm(x.data - closest)
    for _ in range(300):
        optimizer.step(lambda: 0.5 * (x @ A @ x) - B @ x)
    assert np.linalg.norm(x.data - closest) < 0.05 * start


# --- kinds of parameters --------------------------------------------------------------------------


@each_kind
def test_it_makes_no_difference_what_holds_the_numbers(case):
    name, settings = case
    found = {}
    for guise, make in GUISES.items():
        params, loss = make(START)
        optimizer = RULES[name](params, **settings)
        sign = -1 if settings.get("maximize") else 1
        for _ in range(5):
            optimizer.step(lambda: sign * loss())  # noqa: B023
        found[guise] = numbers(params)
    for guise, numbers_there in found.items():
        assert_allclose(numbers_there, found["Values"], rtol=1e-11, atol=1e-12, err_msg=guise)
    assert np.abs(found["Values"] - START).max() > 1e-3


@each_case
def test_float32_stays_float32(case):
    name, settings = case
    w = Parameter([1.0, 2.0], dtype=np.float32)
    optimizer = RULES[name]([w], **settings)
    for _ in range(2):
        w.grad = np.array([0.5, -0.5], dtype=np.float32)
        if name == "Nesterov":
            optimizer.step(lambda: w[0] * w[1])
        else:
            optimizer.step()
    kept = optimizer.state_dict()["state"][0]["kept"]
    assert w.dtype == np.float32
    assert {array.dtype for array in kept.values()} <= {np.dtype(np.float32)}


def test_a_modules_numbers_are_changed_where_they_are():
    model = MLP(2, [3], 1)
    flat = model.flat()
    optimizer = Adam(model.parameters(), weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(np.ones((2, 2))).sum().backward()
        before = flat.data.copy()
        optimizer.step()
        assert not np.array_equal(before, flat.data)
    assert model.flat() is flat


def test_the_gradients_are_left_alone():
    w = Parameter([1.0, 2.0])
    w.grad = [0.5, -0.5]
    for rule in RULES.values():
        optimizer = rule([w], lr=0.1)
        if "weight_decay" in optimizer.param_groups[0]:
            optimizer = rule([w], lr=0.1, weight_decay=0.1, maximize=True)
        if rule.__name__ != "Nesterov":
            optimizer.step()
            assert_array_equal(w.grad, [0.5, -0.5])


def test_a_close_up_moves_as_one_array_with_its_model():
    model = Linear(3, 2)
    flat = model.flat()
    optimizer = SGD(model.scalars().parameters(), lr=1.0)
    flat_before = flat.data.copy()
    model([1.0, 2.0, 3.0]).sum().backward()
    optimizer.step()
    assert model.flat() is flat
    assert_allclose(flat_before - flat.data, [1, 2, 3, 1, 2, 3, 1, 1], rtol=1e-14)


def test_some_numbers_of_a_parameter_alone_can_be_changed():
    w = Parameter([1.0, 2.0, 3.0])
    _, second, third = w.scalars()
    optimizer = SGD([third, second], lr=1.0)
    w.grad = [0.5, 0.25, 0.125]
    optimizer.step()
    assert w.data.tolist() == [1.0, 1.75, 2.875]


def test_a_step_between_the_loss_and_its_backward_pass_is_noticed():
    model = Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    model([1.0, 2.0]).sum().backward()
    loss = (model([1.0, 2.0]) ** 2).sum()
    optimizer.step()
    with pytest.raises(GraphError, match="was written to after the operation was recorded"):
        loss.backward()


def test_a_step_between_the_loss_and_its_backward_pass_does_a_tensor_no_harm():
    w = Tensor([3.0], requires_grad=True)
    loss = (w * w).sum()
    w.grad = [1.0]
    SGD([w], lr=1.0).step()
    w.zero_grad()
    loss.backward()
    assert w.data.tolist() == [2.0]
    assert w.grad.tolist() == [6.0]  # where the loss was computed


def test_an_empty_parameter_among_others_does_no_harm():
    empty, w = Parameter(np.zeros((0, 2))), Parameter([1.0])
    for rule in RULES.values():
        optimizer = rule([empty, w], lr=0.1)
        optimizer.step(lambda: (w * w).sum() + empty.sum())
        optimizer.step(lambda: 0 * empty.sum())
    assert w.data[0] < 1


# --- groups ---------------------------------------------------------------------------------------


def test_groups_have_settings_of_their_own():
    x, y, z = Value(1.0), Value(1.0), Value(1.0)
    groups = [{"params": [x, y], "lr": 0.5}, {"params": [z]}]
    optimizer = SGD(groups, lr=0.25)
    for v in (x, y, z):
        v.grad = 1.0
    optimizer.step()
    assert (x.data, y.data, z.data) == (0.5, 0.5, 0.75)
    assert optimizer.params == (x, y, z)
    assert [group["params"] for group in optimizer.param_groups] == [[x, y], [z]]
    optimizer.param_groups[1]["lr"] = 0.75
    optimizer.step()
    assert (x.data, z.data) == (0.0, 0.0)


@each_rule
def test_two_groups_with_the_same_settings_are_like_one(rule):
    found = []
    for split in (False, True):
        params, loss = as_module(START)
        groups = [{"params": params[::2]}, {"params": params[1::2]}] if split else params
        optimizer = rule(groups, lr=0.05)
        for _ in range(10):
            optimizer.step(loss)
        found.append(numbers(params))
    assert_allclose(*found, rtol=1e-13)


def test_a_group_can_be_added_later():
    x, y = Value(1.0), Value(1.0)
    optimizer = Momentum([x], lr=0.5)
    optimizer.add_param_group({"params": [y], "lr": 0.25})
    x.grad = y.grad = 1.0
    optimizer.step()
    assert (x.data, y.data) == (0.5, 0.75)
    with pytest.raises(ValueError, match="needs each parameter once, but 1 came again"):
        optimizer.add_param_group({"params": [x]})


@pytest.mark.parametrize("change", ["append", "pop", "clear", "reverse"])
def test_only_the_optimizer_itself_changes_which_groups_it_has(change):
    optimizer = SGD([{"params": [Value(1.0)]}, {"params": [Value(2.0)]}], lr=0.5)
    with pytest.raises(AttributeError, match=f"tuple.*{change}"):  # there, and not at a step
        getattr(optimizer.param_groups, change)


def test_the_rate_of_all_groups_can_be_read_and_set_at_once():
    optimizer = SGD([{"params": [Value(1.0)]}, {"params": [Value(1.0)], "lr": 0.5}], lr=0.25)
    with pytest.raises(ValueError, match=r"groups with different rates, \[0\.25, 0\.5\]"):
        _ = optimizer.lr
    optimizer.lr = 0.125
    assert optimizer.lr == 0.125
    assert [group["lr"] for group in optimizer.param_groups] == [0.125, 0.125]


# --- parameters without gradient, and bad gradients -----------------------------------------------


@each_rule
@each("guise", ["Values", "Tensors", "Parameters"])
def test_a_parameter_that_no_gradient_has_reached_is_skipped(rule, guise):
    make = {
        "Values": Value,
        "Tensors": lambda x: Tensor(x, requires_grad=True),
        "Parameters": Parameter,
    }[guise]
    x, unused, y = make(1.0), make(2.0), make(3.0)
    optimizer = rule([x, unused, y], lr=0.1)
    for _ in range(3):
        optimizer.step(lambda: x * x + y * y)
    assert optimizer.without_gradient() == ["parameter 1"]
    alone, other = make(1.0), make(3.0)
    optimizer = rule([alone, other], lr=0.1)
    for _ in range(3):
        optimizer.step(lambda: alone * alone + other * other)
    assert float(unused.data) == 2.0
    assert float(x.data) == float(alone.data) != 1.0
    assert float(y.data) == float(other.data)


def test_a_step_without_any_gradient_changes_nothing():
    x = Value(1.0)
    optimizer = Adam([x])
    optimizer.step()
    assert x.data == 1.0
    assert optimizer.state_dict()["state"][0]["steps"] == [0]


def test_parameters_are_named_as_they_came():
    model = Linear(2, 1)
    optimizer = SGD(model.named_parameters(), lr=0.1)
    assert optimizer.without_gradient() == ["'weight'", "'bias'"]
    assert SGD(model.parameters()).without_gradient() == [
        "parameter 0 ('weight')", "parameter 1 ('bias')",
    ]  # fmt: skip


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("make", [Value, Parameter], ids=["Value", "Parameter"])
def test_gradients_that_are_not_finite_are_refused_when_asked(bad, make):
    x, y = make(1.0, label="x"), make(2.0, label="y")
    x.grad, y.grad = 1.0, bad
    optimizer = SGD([x, y], lr=0.1).refuse_nonfinite()
    with pytest.raises(ValueError, match=r"SGD: needs finite gradients.*parameter 1 \('y'\)"):
        optimizer.step()
    assert float(x.data) == 1.0
    optimizer.refuse_nonfinite(False).step()
    assert float(x.data) == 0.9
    assert not np.isfinite(float(y.data))


def test_a_constant_gradient_does_not_make_centred_rmsprop_nan():
    x = Value(1.0)
    optimizer = RMSprop([x], alpha=0.9, centered=True)
    for _ in range(1000):
        x.grad = 0.1
        optimizer.step()
    assert np.isfinite(x.data)


# --- closures -------------------------------------------------------------------------------------


def test_a_closure_may_call_backward_itself_or_leave_it():
    found = []
    for own in (False, True):
        x = Value(3.0)
        optimizer = Momentum([x], lr=0.1)

        def closure(x=x, optimizer=optimizer, own=own):
            loss = x * x
            if own:
                optimizer.zero_grad()
                loss.backward()
            return loss

        losses = [optimizer.step(closure).data for _ in range(4)]
        found.append([*losses, x.data])
    assert found[0] == found[1]


def test_a_closure_that_returns_the_wrong_thing_is_refused():
    x = Value(1.0)
    optimizer = SGD([x], lr=0.1)
    with pytest.raises(TypeError, match=r"SGD: the closure needs to return the loss.*None"):
        optimizer.step(lambda: None)
    with pytest.raises(TypeError, match=r"SGD: needs a closure.*but got 3"):
        optimizer.step(3)
    with pytest.raises(TypeError, match=r"Nesterov: step needs a closure"):
        RULES["Nesterov"]([x]).step()


def test_nesterov_comes_back_when_the_closure_fails():
    x = Value(1.0)
    optimizer = RULES["Nesterov"]([x], lr=0.1)
    optimizer.step(lambda: x * x)
    before = x.data

    def closure():
        assert x.data != before
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        optimizer.step(closure)
    assert x.data == before


@pytest.mark.parametrize("rule", [*RULES.values(), BFGS, Newton])
def test_an_optimizer_is_one_readable_line(rule):
    text = repr(rule([Tensor([1.0, 2.0], requires_grad=True), Value(3.0)]))
    assert text.startswith(f"{rule.__name__}(")
    assert text.endswith("2 parameters with 3 numbers)")
    assert len(text) < 80


def test_the_line_shows_what_is_not_as_it_is_by_default():
    x, y = Value(1.0), Value(2.0)
    assert repr(Adam([x], lr=0.01)) == "Adam(lr=0.01; 1 parameter with 1 number)"
    optimizer = SGD([{"params": [x], "momentum": 0.5}, {"params": [y]}], lr=0.1)
    assert repr(optimizer) == "SGD(lr=0.1, momentum=0.5 | lr=0.1; 2 parameters with 2 numbers)"
    optimizer.lr = 0.25
    assert "lr=0.25, momentum=0.5 | lr=0.25" in repr(optimizer)
