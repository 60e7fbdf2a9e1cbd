"""SGD: its rule by hand and by PyTorch, on everything it takes; and what it refuses."""

import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from autograd import Tensor, Value
from nn import MLP, Linear, Parameter, Sequential, functional
from optim import SGD, Optimizer

TORCH = json.loads((pathlib.Path(__file__).parents[1] / "oracles" / "nn_torch.json").read_text())

MAKERS = {
    "Values": lambda: [Value(1.0), Value(2.0)],
    "Tensors": lambda: [Tensor(x, requires_grad=True) for x in (1.0, 2.0)],
    "Parameters": lambda: [Parameter(1.0), Parameter(2.0)],
    "a mixture": lambda: [Value(1.0), Parameter(2.0)],
    "two dtypes": lambda: [Parameter(1.0), Parameter(np.float32(2.0))],
}


def data(params):
    return [float(p.data) for p in params]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_two_steps_by_hand_on_whatever_is_differentiated(make):
    # L = x² y: dL/dx = 2xy, dL/dy = x².
    x, y = params = make()
    optimizer = SGD(params, lr=0.125)
    for expected in ([0.5, 1.875], [0.265625, 1.84375]):
        optimizer.zero_grad()
        (x * x * y).backward()
        optimizer.step()
        assert data(params) == expected
    assert [type(p) for p in params] == [type(p) for p in make()]
    assert [getattr(p, "dtype", None) for p in params] == [
        getattr(p, "dtype", None) for p in make()
    ]


def test_three_steps_match_pytorch():
    figures = TORCH["training"]
    model = MLP(3, [4], 2, "tanh")
    model.flat().data = figures["start"]
    optimizer = SGD(model.parameters(), lr=0.5)
    for loss_expected, numbers in zip(figures["losses"], figures["numbers"]):
        loss = functional.cross_entropy(model(np.array(figures["x"])), figures["y"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert_allclose(loss.item(), loss_expected, rtol=1e-12)
        assert_allclose(model.flat().data, numbers, rtol=1e-12)


def test_descent_finds_the_closed_form_of_linear_regression():
    rng = np.random.default_rng(0)
    x = np.c_[rng.normal(size=(40, 2)), np.ones(40)]
    y = x @ [2.0, -1.0, 0.5] + 0.1 * rng.normal(size=40)
    w = Tensor(np.zeros(3), requires_grad=True)
    optimizer = SGD([w], lr=0.2)
    for _ in range(300):
        optimizer.zero_grad()
        functional.mse_loss(x @ w, y).backward()
        optimizer.step()
    assert_allclose(w.data, np.linalg.solve(x.T @ x, x.T @ y), rtol=1e-10)


def test_the_rate_may_be_changed_between_steps():
    x = Value(1.0)
    optimizer = SGD([x], lr=0.1)
    x.grad = 1.0
    optimizer.step()
    optimizer.lr = 0.5
    optimizer.step()
    assert x.data == pytest.approx(0.4)


def test_a_parameter_no_gradient_has_reached_stays_as_it_is():
    model = Sequential(Linear(1, 1), Linear(1, 1))
    optimizer = SGD(model.parameters(), lr=0.5)
    optimizer.step()
    model[1]([2.0]).sum().backward()
    before = [p.data.copy() for p in model.parameters()]
    model[0].weight.data = before[0] = np.full(
        (1, 1), np.inf
    )  # inf - 0.5 * 0 would stay, 0 * inf not
    optimizer.step()
    after = [p.data for p in model.parameters()]
    for i, step in enumerate([0.0, 0.0, 1.0, 0.5]):
        assert_array_equal(after[i], before[i] - step)


def test_a_model_moves_as_one_array_and_stays_there():
    model = MLP(3, [4, 4], 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(np.ones((2, 3))).sum().backward()
        optimizer.step()
    flat = model.flat()
    assert all(np.shares_memory(p.data, flat.data) for p in model.parameters())
    assert all(np.shares_memory(p.grad, flat.grad) for p in model.parameters())
    assert flat.parameters == model.parameters()


def test_two_optimizers_may_share_a_parameter():
    shared, one, other = Parameter([1.0]), Parameter([2.0]), Parameter([3.0])
    first, second = SGD([shared, one], lr=1.0), SGD([shared, other], lr=1.0)
    for p in (shared, one, other):
        p.grad = [0.25]
    for _ in range(2):
        first.step()
        second.step()
    assert [p.data.item() for p in (shared, one, other)] == [0.0, 1.5, 2.5]
    assert [p.grad.item() for p in (shared, one, other)] == [0.25, 0.25, 0.25]


def test_a_step_leaves_the_callers_array_alone():
    array = np.array([1.0, 2.0])
    w = Tensor(array, requires_grad=True)
    w.grad = [1.0, 1.0]
    SGD([w], lr=0.5).step()
    assert_array_equal(w.data, [0.5, 1.5])
    assert_array_equal(array, [1.0, 2.0])


def test_zero_grad_forgets_every_gradient():
    x, w = Value(1.0), Parameter([1.0])
    optimizer = SGD([x, w], lr=0.1)
    x.grad, w.grad = 1.0, [1.0]
    optimizer.zero_grad()
    assert x.grad == 0.0
    assert w.grad is None


def test_parameters_may_come_from_a_generator():
    x = Value(1.0)
    optimizer = SGD((p for p in [x]), lr=0.1)
    assert optimizer.params == (x,)


@pytest.mark.parametrize("lr", [0, -0.1, float("nan")])
def test_a_rate_that_is_not_positive_is_refused(lr):
    with pytest.raises(ValueError, match=r"SGD: lr must be > 0, but got (0|-0\.1|nan)\."):
        SGD([Value(1.0)], lr=lr)


def test_a_rate_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match=r"SGD: lr must be a number, but got '0\.1'"):
        SGD([Value(1.0)], lr="0.1")


def test_what_is_no_list_of_parameters_is_refused():
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"SGD: needs at least one parameter, but got none"):
        SGD([], lr=0.1)
    with pytest.raises(ValueError, match=r"SGD: needs each parameter once, but 1 came again"):
        SGD([x, Value(2.0), x], lr=0.1)
    with pytest.raises(TypeError, match=r"parameter 1 must be a Tensor or a Value, but got 2\.0"):
        SGD([x, 2.0], lr=0.1)
    with pytest.raises(
        TypeError, match=r"parameter 0 must be a Tensor or a Value, but got an array"
    ):
        SGD([np.zeros((99, 9))], lr=0.1)
    with pytest.raises(
        TypeError, match=r"but got a function\. Call it, as in model\.parameters\(\)"
    ):
        SGD(Linear(1, 1).parameters, lr=0.1)
    with pytest.raises(TypeError, match=r"needs a list of parameters, but got one.*\[p\]"):
        SGD(Parameter([1.0]), lr=0.1)
    with pytest.raises(TypeError, match=r"got a model\. Pass model\.parameters\(\)"):
        SGD(Linear(1, 1), lr=0.1)
    with pytest.raises(ValueError, match=r"parameter 0 is the result of multiply"):
        SGD([x * 2], lr=0.1)
    with pytest.raises(ValueError, match=r"needs a parameter that requires a gradient"):
        SGD([Tensor([1.0])], lr=0.1)


def test_an_optimizer_without_a_rule_says_so():
    with pytest.raises(NotImplementedError, match=r"Optimizer: needs a method step\(self\)"):
        Optimizer([Value(1.0)]).step()
