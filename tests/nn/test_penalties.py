"""Penalties: their values and gradients, and what they do to the weights of a real problem."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import nn
from autograd import Tensor
from nn import MLP, Linear, Perceptron, Sequential, l1_penalty, l2_penalty
from nn.datasets import iris


def model():
    made = Sequential(Linear(2, 2), nn.Tanh(), Linear(2, 1))
    made.flat().data = [1.0, -2.0, 3.0, 0.0, 10.0, 20.0, -4.0, 0.5, 30.0]
    return made


WEIGHTS, BIASES = np.array([1.0, -2.0, 3.0, 0.0, -4.0, 0.5]), np.array([10.0, 20.0, 30.0])


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize(
    ("penalty", "size", "slope"),
    [(l1_penalty, np.abs, np.sign), (l2_penalty, np.square, lambda w: 2 * w)],
)
def test_a_penalty_is_the_sum_over_weights_and_over_biases_only_if_asked(
    penalty, size, slope, biases
):
    counted = np.concatenate([WEIGHTS, BIASES * biases])
    for close_up in (False, True):
        net = model()
        value = penalty(net.scalars() if close_up else net, 0.1, biases=biases)
        value.backward()
        assert value.item() == pytest.approx(0.1 * size(counted).sum(), rel=1e-14)
        for name, p in net.named_parameters():
            expected = 0.1 * slope(p.data) * (biases or not name.endswith("bias"))
            assert_allclose(0 if p.grad is None else p.grad, expected, rtol=1e-14)


def test_the_bias_of_a_single_neuron_is_a_bias():
    neuron = Perceptron(2)
    neuron.weight.data, neuron.bias.data = [3.0, -1.0], 5.0
    assert l1_penalty(neuron, 1.0).item() == 4.0
    assert l2_penalty(neuron, 1.0, biases=True).item() == 35.0


def test_penalties_refuse_what_has_no_sense():
    with pytest.raises(ValueError, match=r"l1_penalty: coefficient must be >= 0, but got -1"):
        l1_penalty(model(), -1)
    with pytest.raises(ValueError, match=r"l2_penalty: needs at least one weight, but Tanh\(\)"):
        l2_penalty(nn.Tanh(), 1.0)


def trained(penalty, coefficient, extra):
    """The weights of a classifier of irises, (3, 4 + extra), of features made more by `extra`."""
    rng = np.random.default_rng(0)
    x, y = iris()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    x, y = Tensor(np.hstack([x, extra(x, rng)])[::3]), y[::3]
    net = MLP(x.shape[1], [], 3, rng=rng)
    flat, loss_of = net.flat(), nn.CrossEntropyLoss()
    for _ in range(500):
        loss = loss_of(net(x), y)
        if penalty:
            loss = loss + penalty(net, coefficient)
        net.zero_grad()
        loss.backward()
        flat.data = flat.data - 0.15 * flat.grad
    assert (net(x).data.argmax(axis=1) == y).mean() > 0.9
    return net[0].weight.data


def test_l1_makes_weights_sparser_and_l2_smaller_than_none():
    def useless(x, rng):
        return rng.normal(size=(len(x), 8))

    none, l1, l2 = (trained(p, 0.02, useless) for p in (None, l1_penalty, l2_penalty))

    def zeros(w):
        return int((abs(w) < 0.01).sum())

    assert zeros(l1) >= 0.7 * l1.size
    assert zeros(l1) > 5 * max(zeros(none), zeros(l2))
    assert np.linalg.norm(l2) < 0.6 * np.linalg.norm(none)
    assert abs(l2).max() < 0.6 * abs(none).max()


def test_l2_spreads_weights_more_evenly_over_features_that_say_the_same():
    def copies(x, rng):
        return x

    none, l1, l2 = (trained(p, 0.02, copies) for p in (None, l1_penalty, l2_penalty))

    def unevenness(w):
        """How far the weights of a feature and of its copy are apart, in parts of their size."""
        return np.linalg.norm(w[:, :4] - w[:, 4:]) / np.linalg.norm(w)

    assert unevenness(l2) < 0.1 * unevenness(none)
    assert unevenness(l2) < 0.1 * unevenness(l1)
