"""Descent on data: batches, their noise, and the closed form of linear regression."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Tensor
from nn import Linear, MSELoss
from optim import SGD, Adam, Momentum, Nesterov


def regression(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return x, x @ [2.0, -1.0, 0.5] + 0.3 + rng.normal(size=n)


def gradient(w, x, y):
    w.zero_grad()
    ((x @ w - y) ** 2).mean().backward()
    return w.grad.copy()


def test_the_variance_of_a_batchs_gradient_falls_as_one_over_its_size():
    x, y = regression()
    rng, draws = np.random.default_rng(1), 2000

    def variance(batches):
        w = Tensor(np.zeros((len(batches), 3, 1)), requires_grad=True)  # for each its own
        ((x[batches] @ w - y[batches][..., None]) ** 2).mean(axis=1).sum().backward()
        return w.grad.var(axis=0).sum()

    exact = variance(np.arange(len(x))[:, None])  # of one example's gradient, from all of them
    for size in (1, 4, 16, 64):
        # A variance estimated from n draws is uncertain by √((2 + excess kurtosis) / n) of itself;
        # the mean of B examples has 1/B of the excess of one, which is less than 20 here. The bound
        # is four times that: 24 % and less for batches, against a factor of 4 between neighbours.
        spread = 4 * np.sqrt((2 + 20 / size) / draws)
        batches = rng.integers(len(x), size=(draws, size))  # with replacement: independent
        assert variance(batches) * size / exact == pytest.approx(1, abs=spread)


def test_the_mean_of_batch_gradients_is_the_gradient_of_all():
    x, y = regression(n=120)
    w = Tensor(np.ones(3), requires_grad=True)
    parts = [gradient(w, x[i : i + 20], y[i : i + 20]) for i in range(0, 120, 20)]
    assert_allclose(np.mean(parts, axis=0), gradient(w, x, y), rtol=1e-12)


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        (lambda p: SGD(p, lr=0.3), 150),
        (lambda p: Momentum(p, lr=0.1, momentum=0.5), 250),
        (lambda p: Nesterov(p, lr=0.1, momentum=0.5), 250),
        (lambda p: Adam(p, lr=0.1), 1500),
    ],
    ids=["SGD", "Momentum", "Nesterov", "Adam"],
)
def test_descent_reaches_the_closed_form_of_linear_regression(rule, steps):
    x, y = regression(n=200)
    model, loss = Linear(3, 1, rng=np.random.default_rng(0)), MSELoss()
    optimizer = rule(model.parameters())
    for _ in range(steps):
        optimizer.step(lambda: loss(model(x), y[:, None]))
        if isinstance(optimizer, Adam):  # at a constant rate it keeps circling the minimum
            optimizer.lr *= 0.995
    with_one = np.c_[x, np.ones(len(x))]
    closed_form = np.linalg.solve(with_one.T @ with_one, with_one.T @ y)
    assert_allclose(model.flat().data, closed_form, rtol=1e-8)


def test_a_rate_beyond_two_over_the_curvature_diverges_and_below_converges():
    # On L = x²/2·c a step multiplies x by 1 - ηc.
    for rate, expected in ((0.19, 0.9**50), (0.21, 1.1**50)):
        w = Tensor([1.0], requires_grad=True)
        optimizer = SGD([w], lr=rate)
        for _ in range(50):
            optimizer.step(lambda: 5 * w[0] ** 2)  # noqa: B023
        assert_allclose(abs(w.data[0]), expected, rtol=1e-9)
