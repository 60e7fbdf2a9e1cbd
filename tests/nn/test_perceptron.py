"""The perceptron of the lectures, to the digits they print."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import ShapeError, Tensor
from nn import MLP, BCEWithLogitsLoss, Perceptron, PerceptronLoss
from nn.datasets import logic_gate, xor
from optim import SGD
from tests.each import each


def perceptron(w0, *weights, activation="sigmoid"):
    neuron = Perceptron(len(weights), activation)
    neuron.bias.data, neuron.weight.data = w0, weights
    return neuron


def numbers(neuron):
    return [*neuron.weight.data, float(neuron.bias.data)]


def test_worked_figure_one_plus_three_x1_minus_two_x2():
    neuron = perceptron(1.0, 3.0, -2.0)
    assert neuron.preactivation([-1.0, 2.0]).item() == -6.0
    assert neuron([-1.0, 2.0]).item() == pytest.approx(1 / (1 + np.exp(6)), rel=1e-14)
    assert round(neuron([-1.0, 2.0]).item(), 5) == 0.00247
    assert neuron.scalars()([-1.0, 2.0]).data == pytest.approx(neuron([-1.0, 2.0]).item())


def test_the_line_where_the_preactivation_is_zero_parts_the_plane():
    neuron = perceptron(1.0, 3.0, -2.0)
    x = np.random.default_rng(0).uniform(-5, 5, size=(200, 2))
    z, y = neuron.preactivation(x).data, neuron(x).data
    assert z.shape == y.shape == (200,)
    above = 1 + 3 * x[:, 0] - 2 * x[:, 1] > 0
    assert ((z > 0) == above).all()
    assert ((y > 0.5) == above).all()
    on_the_line = [[0.0, 0.5], [1.0, 2.0]]
    assert neuron(on_the_line).data.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(("activation", "low"), [("step", 0.0), ("sign", -1.0)])
def test_step_and_sign_perceptrons_put_the_line_itself_into_the_upper_class(activation, low):
    neuron = perceptron(-1.0, 1.0, 1.0, activation=activation)
    assert neuron([[0.0, 0.5], [0.5, 0.5], [1.0, 0.5]]).data.tolist() == [low, 1.0, 1.0]


def test_worked_run_of_the_perceptron_rule():
    neuron = perceptron(-0.1, 0.2, 0.0, activation="identity")
    optimizer = SGD(neuron.parameters(), lr=0.1)
    run = [((1.0, 0.0), -1, 0.1, [0.1, 0.0, -0.2]), ((1.0, 1.0), 1, -0.1, [0.2, 0.1, -0.1])]
    for x, y, score, after in run:
        s = neuron(x)
        assert s.item() == pytest.approx(score, rel=1e-14)
        optimizer.zero_grad()
        PerceptronLoss()(s, y).backward()
        optimizer.step()
        assert_allclose(numbers(neuron), after, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize(("x", "y"), [((1.0, 0.0), -1), ((1.0, 1.0), 1), ((0.0, 1.0), 1)])
def test_the_gradient_is_minus_y_x_on_the_wrong_side_and_zero_on_the_right_one(x, y):
    neuron = perceptron(-0.1, 0.2, 0.0, activation="identity")
    s = neuron(x)
    PerceptronLoss()(s, y).backward()
    wrong = s.item() * y < 0
    assert_allclose(neuron.weight.grad, -y * np.array(x) if wrong else [0, 0])
    assert_allclose(neuron.bias.grad, -y if wrong else 0)


def learn(data, epochs=100):
    """Run the perceptron rule point by point; the mistakes of the last epoch."""
    x, y = data
    neuron = perceptron(-0.05, 0.2, 0.1, activation="identity")
    optimizer = SGD(neuron.parameters(), lr=0.1)
    for _ in range(epochs):
        for xi, yi in zip(x, 2 * y - 1):
            optimizer.zero_grad()
            PerceptronLoss()(neuron(xi), yi).backward()
            optimizer.step()
    return int(np.sum((neuron(x).data > 0) != y))


@pytest.mark.parametrize("gate", ["and", "or"])
def test_the_perceptron_rule_learns_what_a_line_separates(gate):
    assert learn(logic_gate(gate)) == 0


def test_the_perceptron_rule_never_learns_xor_but_two_layers_do():
    assert all(learn(xor(), epochs) > 0 for epochs in range(1, 60))
    x, y = xor()
    model = MLP(2, [4], 1, "tanh", rng=np.random.default_rng(0))
    optimizer = SGD(model.parameters(), lr=1.0)
    for _ in range(500):
        loss = BCEWithLogitsLoss()(model(x), y[:, None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((model(x).data[:, 0] > 0) == y).all()


# --- fit ------------------------------------------------------------------------------------------


def test_fit_reproduces_the_worked_run_to_the_digit():
    neuron = perceptron(-0.1, 0.2, 0.0, activation="sign")
    for x, y, after in [((1.0, 0.0), -1, [0.1, 0.0, -0.2]), ((1.0, 1.0), 1, [0.2, 0.1, -0.1])]:
        with pytest.warns(UserWarning, match="did not converge in 1 epochs: .* 1 of 1 points"):
            assert neuron.fit([x], [y], lr=0.1, max_epochs=1) == [1]
        assert_allclose(numbers(neuron), after, rtol=1e-14, atol=1e-16)


@each("activation", ["step", "sign"])
@each("gate", ["and", "or"])
@each("seed", range(5))
def test_fit_stops_when_a_line_separates_the_classes(gate, activation, seed):
    x, y = logic_gate(gate)
    y = y if activation == "step" else 2 * y - 1
    neuron = Perceptron(2, activation, rng=np.random.default_rng(seed))
    mistakes = neuron.fit(x, y)
    assert mistakes[-1] == 0
    assert 0 not in mistakes[:-1]
    assert neuron(x).data.tolist() == y.tolist()


def test_fit_separates_points_within_the_bound_of_novikoff():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(200, 3))
    margin = x @ [0.6, 0.0, -0.8]
    x, y = x[abs(margin) > 0.1], np.sign(margin[abs(margin) > 0.1])
    neuron = perceptron(0.0, 0.0, 0.0, 0.0, activation="sign")
    mistakes = neuron.fit(x, y)
    assert mistakes[-1] == 0
    # Every point has length at most 2 with its constant 1, and margin at least 0.1.
    assert sum(mistakes) <= (2 / 0.1) ** 2


def test_fit_says_that_it_did_not_converge_on_xor():
    x, y = xor()
    neuron = Perceptron(2, "step", rng=np.random.default_rng(0))
    with pytest.warns(UserWarning, match=r"did not converge in 50 epochs: .* [1-4] of 4 points"):
        mistakes = neuron.fit(x, y, max_epochs=50)
    assert len(mistakes) == 50
    assert min(mistakes) > 0


def test_fit_corrects_a_point_of_the_lower_class_on_the_line_itself():
    neuron = perceptron(0.0, 0.0, activation="sign")
    assert neuron.fit([[1.0]], [-1]) == [1, 0]


@pytest.mark.parametrize(
    ("make", "x", "y", "options", "text"),
    [
        ("sigmoid", [[1.0, 2.0]], [1], {}, r'needs the activation "step" or "sign".*Sigmoid'),
        ("step", [[1.0, 2.0]], [-1], {}, r"classes 0 and 1 for Step\(\), but got -1"),
        ("sign", [[1.0, 2.0]], [0], {}, r"classes -1 and 1 for Sign\(\), but got 0"),
        ("sign", [1.0, 2.0], [1], {}, r"x of shape \(N, 2\) .* but got \(2,\) and \(1,\)"),
        ("sign", [[1.0, 2.0]], [[1]], {}, r"y of shape \(N,\), but got \(1, 2\) and \(1, 1\)"),
        ("sign", np.zeros((0, 2)), np.zeros(0), {}, r"needs at least one example"),
        ("sign", [[1.0, 2.0]], ["a"], {}, r"classes -1 and 1 for Sign\(\), but got 'a'\.$"),
        ("sign", [["1", "2"]], [1], {}, "fit needs real numbers, but got dtype <U1"),
        ("sign", [[1.0, 2j]], [1], {}, "fit needs real numbers, but got dtype complex128"),
        ("sign", [[1.0, np.nan]], [1], {}, r"fit needs finite numbers, but got \[ 1\. nan\]"),
        ("sign", [[1.0, 2.0]], [1], {"lr": 0}, r"lr must be > 0, but got 0"),
        ("sign", [[1.0, 2.0]], [1], {"max_epochs": 0}, r"max_epochs must be >= 1, but got 0"),
    ],
)
def test_fit_refuses_what_it_cannot_learn_from(make, x, y, options, text):
    with pytest.raises((TypeError, ValueError), match=text):
        Perceptron(2, make).fit(x, y, **options)


def test_fit_refuses_a_rate_that_is_no_number():
    with pytest.raises(TypeError, match=r"Perceptron: lr must be a number, but got '0\.1'"):
        Perceptron(2, "sign").fit([[1.0, 2.0]], [1], lr="0.1")


def test_fit_of_a_close_up_is_refused():
    with pytest.raises(TypeError, match=r"this is a close-up\. Call fit of the model"):
        Perceptron(2, "sign").scalars().fit([[1.0, 2.0]], [1])


def test_a_perceptron_says_which_shape_it_needs():
    with pytest.raises(ShapeError, match=r"Perceptron\(2, Sigmoid\(\)\): needs input of shape"):
        Perceptron(2)(Tensor([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match=r"Perceptron: activation must be one of .* 'sigmod'"):
        Perceptron(2, "sigmod")
    with pytest.raises(ValueError, match=r"Perceptron: in_features must be >= 1, but got 0"):
        Perceptron(0)
