"""The figures of the lectures that no notebook asserts itself; those of the others stand there.

Each test is named after what the lecture says.
"""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import nn
import optim
from autograd import Tensor, Value, grad, sigmoid, tanh
from nn.functional import l1_loss, perceptron_loss, sign, softmax, step

# --- perceptron -----------------------------------------------------------------------------------


def test_a_perceptron_is_the_activation_of_bias_plus_weighted_sum():
    neuron = nn.Perceptron(3, activation="tanh")
    neuron.bias.data, neuron.weight.data = 0.5, [1.0, -2.0, 3.0]
    x = [0.1, 0.2, 0.3]
    assert neuron(x).item() == pytest.approx(np.tanh(0.5 + 0.1 - 0.4 + 0.9), abs=1e-15)


def test_step_and_sign_take_the_upper_class_at_0():
    assert step([-1e-300, 0.0, 1e-300]).tolist() == [0, 1, 1]
    assert sign([-1e-300, 0.0, 1e-300]).tolist() == [-1, 1, 1]


@pytest.mark.parametrize("y", [-1, 1])
@pytest.mark.parametrize("s", [-0.3, 0.3])
def test_the_perceptron_loss_has_the_slope_minus_y_x_where_class_and_score_differ_else_0(s, y):
    x = [2.0, -5.0]
    weights = [Value(0.0), Value(0.0)]
    score = s + weights[0] * x[0] + weights[1] * x[1]
    loss = perceptron_loss(score, y)
    loss.backward()
    assert loss.item() == max(0, -y * s)
    assert [w.grad for w in weights] == [-y * xi if s * y < 0 else 0 for xi in x]


# --- activations ----------------------------------------------------------------------------------


def test_tanh_is_two_sigmoids_of_twice_x_less_one_to_the_second_derivative():
    for x in np.linspace(-3, 3, 13):
        for order in range(3):
            f, g = tanh, lambda t: 2 * sigmoid(2 * t) - 1
            for _ in range(order):
                f, g = grad(f), grad(g)
            assert f(x) == pytest.approx(g(x), abs=1e-13)


def test_softmax_over_c_classes_is_e_to_the_score_over_the_sum_of_them():
    scores = np.array([0.5, -1.0, 2.0, 0.0])
    assert_allclose(softmax(scores), np.exp(scores) / np.exp(scores).sum(), rtol=1e-15)


# --- networks -------------------------------------------------------------------------------------


def test_output_j_of_a_dense_layer_is_bias_j_plus_the_inputs_weighted_by_column_j():
    layer = nn.Dense(3, 2)
    x = np.array([0.3, -0.7, 1.1])
    for j in range(2):
        z = layer.bias.data[j] + sum(x[i] * layer.weight.data[j, i] for i in range(3))
        assert layer(x).data[j] == pytest.approx(z, abs=1e-15)


def test_hidden_and_output_activation_are_chosen_separately():
    model = nn.MLP(2, [3], 1, activation="relu", output_activation="sigmoid")
    assert [type(layer).__name__ for layer in model] == ["Linear", "ReLU", "Linear", "Sigmoid"]


# --- losses ---------------------------------------------------------------------------------------


def test_the_absolute_error_is_the_mean_of_absolute_differences():
    assert l1_loss([1.0, 2.0, 4.0], [1.0, 4.0, 3.0]) == 1.0


def test_the_empirical_loss_is_the_mean_of_the_losses_of_the_examples():
    scores, classes = np.random.default_rng(0).normal(size=(5, 3)), [0, 2, 1, 1, 0]
    loss = nn.CrossEntropyLoss()
    each = [loss(scores[i : i + 1], classes[i : i + 1]) for i in range(5)]
    assert loss(scores, classes) == pytest.approx(np.mean(each), abs=1e-15)


# --- gradient descent -----------------------------------------------------------------------------


def test_weights_can_start_from_a_normal_distribution_of_chosen_width():
    weight = nn.Linear(100, 100).weight
    nn.init.normal_(weight, std=0.3, rng=np.random.default_rng(0))
    assert weight.data.std() == pytest.approx(0.3, rel=0.05)
    assert weight.data.mean() == pytest.approx(0, abs=0.01)


def test_batches_are_shuffled_in_every_epoch_and_hold_every_example_once():
    batches = nn.data.Batches((np.arange(2000), np.arange(2000)), 500)
    epochs = [np.concatenate([x for x, _ in batches]) for _ in range(3)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(2000))
    assert not any((a == b).all() for a, b in itertools.combinations(epochs, 2))


# --- update rules: the first two steps by hand ----------------------------------------------------


def two_steps(rule, **settings):
    """Where L = x² takes the rule from x = 1 in two steps."""
    x = Value(1.0)
    optimizer = rule([x], **settings)
    for _ in range(2):
        optimizer.zero_grad()
        (x * x).backward()
        optimizer.step()
    return x.data


def test_sgd_goes_against_the_gradient():
    assert two_steps(optim.SGD, lr=0.1) == pytest.approx(0.8 * 0.8, abs=1e-15)


def test_adagrad_divides_by_the_root_of_all_squares_so_far():
    x, h = 1.0, 0.0
    for _ in range(2):
        g = 2 * x
        h += g * g
        x -= 0.1 * g / (np.sqrt(h) + 1e-10)
    assert two_steps(optim.Adagrad, lr=0.1) == pytest.approx(x, abs=1e-15)


def test_rmsprop_divides_by_the_root_of_the_fading_mean_of_squares():
    x, v = 1.0, 0.0
    for _ in range(2):
        g = 2 * x
        v = 0.9 * v + 0.1 * g * g
        x -= 0.01 * g / (np.sqrt(v) + 1e-8)
    assert two_steps(optim.RMSprop, lr=0.01) == pytest.approx(x, abs=1e-15)  # β and ε by default


def test_adadelta_measures_its_own_steps():
    x, v, u = 1.0, 0.0, 0.0
    for _ in range(2):
        g = 2 * x
        v = 0.9 * v + 0.1 * g * g
        step = np.sqrt((u + 1e-6) / (v + 1e-6)) * g
        u = 0.9 * u + 0.1 * step * step
        x -= step
    assert two_steps(optim.Adadelta, rho=0.9, eps=1e-6) == pytest.approx(x, abs=1e-15)


def test_adam_corrects_the_bias_of_both_moments():
    x, m, v = 1.0, 0.0, 0.0
    for t in (1, 2):
        g = 2 * x
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        x -= 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert two_steps(optim.Adam, lr=0.1) == pytest.approx(x, abs=1e-14)


def test_gauss_newton_solves_a_linear_least_squares_problem_in_one_step():
    a, b = Value(0.0), Value(0.0)
    points = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.5)]
    optim.GaussNewton([a, b]).step(lambda: [a + b * x - y for x, y in points])
    X, y = np.array([[1, x] for x, _ in points]), np.array([y for _, y in points])
    assert_allclose([a.data, b.data], np.linalg.solve(X.T @ X, X.T @ y), rtol=1e-9)


# --- generalisation -------------------------------------------------------------------------------


def test_dropout_is_active_in_training_only_and_p_is_one_half():
    layer, x = nn.Dropout(), Tensor(np.ones(10_000))
    assert layer.p == 0.5
    assert (layer.train()(x).data == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert (layer.eval()(x).data == 1).all()
