"""One model, two magnifications: on tensors and as single numbers it is the same function."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
from autograd import Tensor, Value
from nn import MLP, Linear, Module, Parameter, Perceptron, Sequential, functional
from nn.operands import numbers
from optim import SGD
from tests.each import each

RNG = np.random.default_rng(0)
N, C = 5, 3
BITS = RNG.integers(0, 2, size=(N, C))
TASKS = {
    "mse": (nn.MSELoss(), None, RNG.normal(size=(N, C))),
    "l1": (nn.L1Loss(), None, RNG.normal(size=(N, C))),
    "bce": (nn.BCELoss(), "sigmoid", BITS),
    "bce on logits": (nn.BCEWithLogitsLoss(), None, BITS),
    "cross-entropy": (nn.CrossEntropyLoss(), None, RNG.integers(0, C, size=N)),
    "cross-entropy of rows": (nn.CrossEntropyLoss(), None, RNG.dirichlet([1] * C, size=N)),
    "weighted cross-entropy": (
        nn.CrossEntropyLoss([0.5, 2.0, 1.0]),
        None,
        RNG.integers(0, C, size=N),
    ),
    "smoothed cross-entropy": (
        nn.CrossEntropyLoss(label_smoothing=0.2),
        None,
        RNG.integers(0, C, size=N),
    ),
    "smooth l1": (nn.SmoothL1Loss(beta=0.5), None, RNG.normal(size=(N, C))),
    "huber": (nn.HuberLoss(delta=0.5), None, RNG.normal(size=(N, C))),
    "kl": (nn.KLDivLoss(), "log_softmax", RNG.dirichlet([1] * C, size=N)),
    "nll": (nn.NLLLoss(), "log_softmax", RNG.integers(0, C, size=N)),
    "hinge": (nn.HingeLoss(), None, 2 * BITS - 1),
    "perceptron": (nn.PerceptronLoss(), None, 2 * BITS - 1),
    "sum": (nn.MSELoss(reduction="sum"), "softmax", RNG.normal(size=(N, C))),
}


def gradients(model):
    return [None if p.grad is None else p.grad.copy() for p in model.parameters()]


def backward(model, close_up, x, loss_of, target):
    """Loss and gradients of the tensors' parameters, computed by `close_up` or the model itself."""
    model.zero_grad()
    loss = loss_of((close_up or model)(x), target)
    loss.backward()
    return float(loss.data), gradients(model)


@each("seed", range(3))
@each("activation", ["relu", "tanh", "softplus", "gelu"])
@each("task", TASKS)
def test_loss_and_gradients_agree_to_1e_12(task, activation, seed):
    loss_of, output_activation, target = TASKS[task]
    rng = np.random.default_rng(seed)
    hidden = rng.integers(1, 6, size=seed).tolist()
    model = MLP(4, hidden, C, activation, output_activation, rng=rng)
    x = rng.normal(size=(N, 4))
    loss, expected = backward(model, None, x, loss_of, target)
    close_loss, found = backward(model, model.scalars(), x, loss_of, target)
    assert close_loss == pytest.approx(loss, rel=1e-12, abs=1e-12)
    for a, b in zip(found, expected):
        assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@each("activation", nn.activations.ACTIVATIONS)
def test_a_network_with_every_activation_agrees_to_1e_12(activation):
    model = MLP(4, [3, 5], 2, activation, rng=np.random.default_rng(0))
    x, y = np.random.default_rng(1).normal(size=(N, 4)), np.array([0, 1, 1, 0, 1])
    loss, expected = backward(model, None, x, functional.cross_entropy, y)
    close_loss, found = backward(model, model.scalars(), x, functional.cross_entropy, y)
    assert close_loss == pytest.approx(loss, rel=1e-12)
    for a, b in zip(found, expected):
        assert_allclose(0 if a is None else a, 0 if b is None else b, rtol=1e-12, atol=1e-12)


def test_a_layer_of_a_close_up_is_written_out_and_that_of_a_model_is_one_node():
    model = Linear(3, 1)
    x = [[1.0, 2.0, 3.0]]
    assert model(x)._op == "linear"
    out = model.scalars()(x)[0, 0]
    seen, pending = set(), [out]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending.extend(node.parents)
    assert sorted(node._op for node in seen if node._op) == ["*"] * 3 + ["+"] * 3


def test_every_add_and_multiply_is_a_node():
    neuron = Perceptron(3, "relu").scalars()
    out = neuron([Value(1.0), Value(2.0), Value(3.0)])
    seen, pending = set(), [out]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending.extend(node.parents)
    assert sorted(node._op for node in seen if node._op) == ["*", "*", "*", "+", "+", "+", "ReLU"]
    assert {"weight[0]", "weight[1]", "weight[2]", "bias"} <= {node.label for node in seen}


def test_the_close_up_names_each_number_after_its_place():
    model = Sequential(Linear(2, 1), nn.ReLU(), Linear(1, 1, bias=False))
    names = ["0.weight[0,0]", "0.weight[0,1]", "0.bias[0]", "2.weight[0,0]"]
    close_up = model.scalars()
    assert [p.label for p in close_up.parameters()] == names
    assert [name for name, _ in close_up.named_parameters()] == names
    assert type(close_up.parameters()) is list
    assert repr(close_up) == repr(model)


@pytest.mark.parametrize("gather", ["before", "after", "never"])
def test_numbers_and_gradients_are_shared_both_ways(gather):
    model = Linear(2, 1)
    if gather == "before":
        model.flat()
    close_up = model.scalars()
    if gather == "after":
        model.flat()
    first = close_up.parameters()[0]
    first.data = 5.0
    assert model.weight.data[0, 0] == 5.0
    model.weight.data = [[7.0, 8.0]]
    assert [p.data for p in close_up.parameters()[:2]] == [7.0, 8.0]
    assert first.grad == 0.0
    first.grad = 3
    assert model.weight.grad.tolist() == [[3.0, 0.0]]
    assert model.bias.grad is None
    model([1.0, 2.0]).sum().backward()
    assert [p.grad for p in close_up.parameters()] == [4.0, 2.0, 1.0]
    close_up([1.0, 2.0])[0].backward()
    assert model.weight.grad.tolist() == [[5.0, 4.0]]
    close_up.zero_grad()
    assert model.weight.grad.tolist() == [[0.0, 0.0]]
    assert first.grad == 0.0
    assert type(first.data) is type(first.grad) is float


def test_one_optimizer_step_is_the_same_whoever_computed_the_gradient():
    x, y = np.random.default_rng(0).normal(size=(6, 3)), np.array([0, 1, 1, 0, 1, 0])
    ends = []
    for close_gradient in (False, True):
        for close_step in (False, True):
            model = MLP(3, [4], 2, rng=np.random.default_rng(1))
            close_up = model.scalars()
            optimizer = SGD((close_up if close_step else model).parameters(), lr=0.3)
            for _ in range(3):
                loss = functional.cross_entropy((close_up if close_gradient else model)(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            ends.append(model.flat().data.copy())
    for end in ends[1:]:
        assert_allclose(end, ends[0], rtol=1e-12)


def test_a_close_up_trains_by_hand_as_a_lecture_does():
    model = Linear(1, 1)
    close_up = model.scalars()
    for _ in range(200):
        out = close_up([[1.0], [2.0], [3.0]])
        loss = sum((o - t) ** 2 for o, t in zip(out[:, 0], [3.0, 5.0, 7.0])) / 3
        close_up.zero_grad()
        loss.backward()
        for p in close_up.parameters():
            p.data -= 0.1 * p.grad
    assert_allclose(model.flat().data, [2.0, 1.0], atol=0.05)


@pytest.mark.parametrize(
    "x",
    [
        [1.0, 2.0],
        [[1, 2], [3, 4]],
        np.array([1.0, 2.0]),
        Tensor([[1.0, 2.0]]),
        [Value(1.0), 2.0],
        np.array([[Value(1.0), Value(2.0)]]),
        (Value(1.0), Value(2.0)),
    ],
    ids=["list", "rows", "array", "constant Tensor", "mixed", "object array", "tuple"],
)
def test_a_close_up_takes_numbers_and_values_in_any_container(x):
    model = Linear(2, 3)
    out = model.scalars()(x)
    plain = np.array([[1, 2], [3, 4]]) if np.shape(x) == (2, 2) else np.array([1.0, 2.0])
    expected = plain @ model.weight.data.T + model.bias.data
    assert_allclose(numbers(np.ravel(out)).reshape(expected.shape), expected, rtol=1e-14)


def test_gradients_reach_the_inputs_of_a_close_up():
    model = Perceptron(2, "identity")
    model.weight.data = [3.0, -2.0]
    x = [Value(1.0), Value(2.0)]
    model.scalars()(x).backward()
    assert [v.grad for v in x] == [3.0, -2.0]


def test_the_wrong_magnification_is_refused():
    model = Linear(2, 1)
    with pytest.raises(TypeError, match=r"Linear\(2 -> 1\): is made of tensors.*model\.scalars"):
        model([Value(1.0), Value(2.0)])
    with pytest.raises(TypeError, match=r"is a close-up .* Tensor that requires a gradient"):
        model.scalars()(Tensor([1.0, 2.0], requires_grad=True))


def test_a_shared_parameter_is_shared_in_the_close_up():
    model = Sequential(Linear(2, 2), Linear(2, 2))
    model[1].weight = model[0].weight
    close_up = model.scalars()
    assert len(close_up.parameters()) == 4 + 2 + 2
    assert close_up[0].weight is close_up[1].weight
    x = np.array([0.5, -1.0])
    expected = backward(model, None, x, lambda y, _: y.sum(), None)
    found = backward(model, close_up, x, lambda y, _: y.sum(), None)
    for a, b in zip(found[1], expected[1]):
        assert_allclose(a, b, rtol=1e-13)


def test_a_frozen_parameter_gets_no_gradient_from_its_close_up():
    model = Linear(2, 1)
    model.weight.requires_grad = False
    model.scalars()([1.0, 2.0])[0].backward()
    assert model.weight.grad is None
    assert model.bias.grad.tolist() == [1.0]


def test_float32_parameters_stay_float32():
    layer = Linear(1, 1)
    layer.weight = Parameter(np.array([[0.1]], np.float32))
    element = layer.scalars().parameters()[0]
    assert element.data == float(np.float32(0.1))
    element.data = 0.3
    assert layer.weight.data[0, 0] == np.float32(0.3)


def test_a_forward_of_ones_own_runs_at_both_magnifications():
    class Squeeze(Module):
        def __init__(self):
            self.inner = Linear(2, 2)
            self.gain = Parameter(1.5)

        def forward(self, x):
            return functional.tanh(self.gain * self.inner(x)).sum(axis=-1)

    model, x = Squeeze(), np.random.default_rng(0).normal(size=(4, 2))
    loss, expected = backward(model, None, x, functional.mse_loss, np.ones(4))
    close_loss, found = backward(model, model.scalars(), x, functional.mse_loss, np.ones(4))
    assert close_loss == pytest.approx(loss, rel=1e-12)
    for a, b in zip(found, expected):
        assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_a_copy_of_a_close_up_stands_by_itself():
    model = Linear(2, 1)
    close_up = model.scalars()
    before = model.flat().data.copy()
    for twin in (copy.deepcopy(close_up), pickle.loads(pickle.dumps(close_up))):
        assert [p.data for p in twin.parameters()] == before.tolist()
        twin.parameters()[0].data = 100.0
        twin([1.0, 2.0])[0].backward()
        assert [p.grad for p in twin.parameters()] == [1.0, 2.0, 1.0]
    assert_array_equal(model.flat().data, before)
    assert model.weight.grad is None


def test_a_close_up_of_a_close_up_shares_the_same_parameters():
    model = Linear(1, 1)
    again = model.scalars().scalars()
    again.parameters()[0].data = 4.0
    assert model.weight.data.tolist() == [[4.0]]


def test_train_and_eval_of_model_and_close_up_are_separate():
    model = Sequential(nn.ReLU()).eval()
    close_up = model.scalars()
    assert not close_up[0].training
    close_up.train()
    assert not model[0].training
