"""The scalar networks against micrograd itself: same weights, outputs, gradients and losses."""

import os
import random

import numpy as np
import pytest

from autograd import Value
from autograd.node import topological
from nn import scalar
from nn.datasets import moons
from nn.scalar import MLP, Layer, Neuron

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("micrograd", reason="micrograd, the oracle, is not installed")
import micrograd.engine
import micrograd.nn


def twins(nin, nouts, seed=1337):
    """The same network in both libraries."""
    random.seed(seed)
    ours = MLP(nin, nouts)
    random.seed(seed)
    return ours, micrograd.nn.MLP(nin, nouts)


def numbers(parameters):
    return [p.data for p in parameters]


def gradients(parameters):
    return [p.grad for p in parameters]


# --- one program, two libraries -------------------------------------------------------------------


@pytest.mark.parametrize("nouts", [[1], [3], [4, 4, 1], [16, 16, 1], [3, 2]], ids=str)
def test_a_seed_gives_the_weights_outputs_and_gradients_of_micrograd(nouts):
    ours, theirs = twins(3, nouts)
    assert numbers(ours.parameters()) == numbers(theirs.parameters())
    for x in ([1.0, -2.0, 3.0], [0.5, 0.25, -0.125], [0, 0, 0]):
        outputs = []
        for model in (ours, theirs):
            out = model(x)
            assert isinstance(out, list) == (nouts[-1] > 1)
            total = sum(out) if isinstance(out, list) else out
            total.backward()
            outputs.append(total.data)
        assert outputs[0] == outputs[1]
        assert gradients(ours.parameters()) == pytest.approx(
            gradients(theirs.parameters()), rel=1e-12
        )


def train_on_moons(value, mlp, steps):
    """Max-margin training with L2 by hand, written once for either library."""
    random.seed(1337)
    points, labels = moons(24, noise=0.1, seed=1)
    labels = labels * 2 - 1  # NumPy ints, -1 and +1
    model = mlp(2, [8, 8, 1])
    history = []
    for k in range(steps):
        inputs = [list(map(value, row)) for row in points]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * si).relu() for yi, si in zip(labels, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        right = [(yi > 0) == (si.data > 0) for yi, si in zip(labels, scores)]
        model.zero_grad()
        total.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        history.append((total.data, sum(right) / len(right)))
    return model, history


def test_training_on_moons_gives_micrograds_losses_step_by_step():
    ours, history = train_on_moons(Value, MLP, 8)
    theirs, expected = train_on_moons(micrograd.engine.Value, micrograd.nn.MLP, 8)
    np.testing.assert_allclose(history, expected, rtol=1e-12)
    np.testing.assert_allclose(
        numbers(ours.parameters()), numbers(theirs.parameters()), rtol=1e-10, atol=1e-13
    )
    assert history[-1][0] < 0.6 * history[0][0]


# --- by itself ------------------------------------------------------------------------------------


def test_a_neuron_is_a_weighted_sum_with_or_without_relu():
    for nonlin, expected in ((False, -6.0), (True, 0.0)):
        neuron = Neuron(2, nonlin=nonlin)
        for p, number in zip(neuron.parameters(), [3.0, -2.0, 1.0]):
            p.data = number
        assert neuron([-1.0, 2.0]).data == expected
        assert neuron(np.array([-1, 2])).data == expected
        assert neuron(Value(x) for x in (-1.0, 2.0)).data == expected


def test_weights_lie_between_minus_1_and_1_and_biases_start_at_0():
    neuron = Neuron(1000)
    *weights, bias = numbers(neuron.parameters())
    assert min(weights) >= -1
    assert max(weights) <= 1
    assert abs(sum(weights) / 1000) < 0.1
    assert bias == 0.0


def test_parameters_is_a_list_of_values_and_zero_grad_clears_them():
    model = MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    assert type(model.parameters()) is list
    assert len(model.parameters()) == 3 * 3 + 4
    assert all(isinstance(p, Value) for p in model.parameters())
    assert any(p.grad != 0 for p in model.parameters())
    model.zero_grad()
    assert gradients(model.parameters()) == [0.0] * 13
    model.parameters()[0].grad = 0  # as programs without zero_grad write it


def test_a_layer_of_one_neuron_gives_a_value_and_may_feed_the_next():
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert len(Layer(2, 2)([1.0, 2.0])) == 2
    assert isinstance(MLP(2, [1, 1])([1.0, 2.0]), Value)


def test_the_lecture_can_walk_the_graph_for_its_drawing():
    model = MLP(2, [2, 1])
    out = model([Value(1.0, label="x1"), Value(2.0, label="x2")])
    seen, pending = set(), [out]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            assert isinstance(node.data, float)
            assert isinstance(node.grad, float)
            pending.extend(node._prev)
    assert {node._op for node in seen} == {"", "+", "*", "ReLU"}
    assert {"x1", "x2"} <= {node.label for node in seen}


def test_repr_tells_the_sizes():
    assert repr(Neuron(2)) == "Neuron(2, ReLU)"
    assert repr(Neuron(2, nonlin=False)) == "Neuron(2)"
    assert repr(Layer(2, 3)) == "Layer(2 -> 3, ReLU)"
    assert repr(MLP(2, [16, 1])) == "MLP(2 -> 16, ReLU; 16 -> 1)"


def test_wrong_counts_are_refused():
    with pytest.raises(ValueError, match=r"Neuron\(2, ReLU\): needs 2 inputs, but got 3"):
        Neuron(2)([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"Neuron\(3, ReLU\): needs 3 inputs, but got 2"):
        MLP(3, [2, 1])([1.0, 2.0])
    with pytest.raises(ValueError, match=r"Neuron: nin must be >= 1, but got 0"):
        Neuron(0)
    with pytest.raises(ValueError, match=r"Layer: nout must be >= 1, but got 0"):
        Layer(1, 0)
    with pytest.raises(TypeError, match=r"Neuron: nin must be an int, but got '2'"):
        MLP("2", [1])
    with pytest.raises(TypeError, match=r"MLP: nouts must be a list of widths .*, but got 3\."):
        MLP(2, 3)
    with pytest.raises(TypeError, match=r"Neuron\(2, ReLU\): needs a list of .*, but got 3\.0\."):
        Neuron(2)(3.0)
    with pytest.raises(ValueError, match=r"MLP: nouts needs at least one width"):
        MLP(1, [])


def test_an_own_module_says_which_parameters_it_has():
    assert scalar.Module().parameters() == []


def test_an_input_that_feeds_several_neurons_is_one_node():
    layer = Layer(2, 3)
    nodes = {node for out in layer([0.5, -1.0]) for node in topological(out)}
    constants = [node for node in nodes if not node.parents and not node.requires_grad]
    assert sorted(node.data for node in constants) == [-1.0, 0.5]


def test_widths_may_come_in_an_array_or_one_by_one():
    for widths in (np.array([3, 1]), iter([3, 1])):
        assert repr(MLP(2, widths)) == "MLP(2 -> 3, ReLU; 3 -> 1)"
