"""The first two steps of every rule, worked on paper from its source; and how momenta relate."""

import math

import pytest
from numpy.testing import assert_allclose

from autograd import Value
from optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Momentum,
    Nadam,
    Nesterov,
    RMSprop,
)


def run(rule, start, *grads):
    """Where two steps with given gradients lead."""
    x = Value(start)
    optimizer = rule([x])
    found = []
    for x.grad in grads:
        optimizer.step()
        found.append(x.data)
    return found


def check(rule, settings, start, grads, expected):
    assert_allclose(run(lambda p: rule(p, **settings), start, *grads), expected, rtol=1e-14)


def test_sgd():
    check(SGD, {"lr": 0.1}, 1.0, (1.0, 2.0), (0.9, 0.7))
    # g = 1 + 0.5·1 = 1.5; then 2 + 0.5·0.85 = 2.425
    check(SGD, {"lr": 0.1, "weight_decay": 0.5}, 1.0, (1.0, 2.0), (0.85, 0.6075))
    check(SGD, {"lr": 0.1, "maximize": True}, 1.0, (1.0, 2.0), (1.1, 1.3))


def test_sgd_with_momentum():
    settings = {"lr": 0.1, "momentum": 0.5}
    # b = 1, then 0.5·1 + 2 = 2.5
    check(SGD, settings, 1.0, (1.0, 2.0), (0.9, 0.65))
    # b = 1 (the first is not dampened), then 0.5·1 + 0.5·2 = 1.5
    check(SGD, settings | {"dampening": 0.5}, 1.0, (1.0, 2.0), (0.9, 0.75))
    # g + 0.5 b = 1.5, then 2 + 0.5·2.5 = 3.25
    check(SGD, settings | {"nesterov": True}, 1.0, (1.0, 2.0), (0.85, 0.525))


def test_the_lectures_momentum():
    # v = -0.1, then -0.05 - 0.2
    check(Momentum, {"lr": 0.1, "momentum": 0.5}, 1.0, (1.0, 2.0), (0.9, 0.65))


def test_the_lectures_nesterov_takes_the_gradient_where_the_momentum_leads():
    # L = x²: ∇L(1) = 2, v = -0.5, x = 0.5; ∇L(0.5 - 0.25) = 0.5, v = -0.25 - 0.125, x = 0.125
    x = Value(1.0)
    optimizer = Nesterov([x], lr=0.25, momentum=0.5)
    asked = []

    def closure():
        asked.append(x.data)
        return x * x

    assert optimizer.step(closure).data == 1.0
    assert x.data == 0.5
    assert optimizer.step(closure).data == 0.0625
    assert x.data == 0.125
    assert asked == [1.0, 0.25]


def test_adagrad():
    # h = 9, then 25: steps of 3/3 and 4/5; with ε = 1: 3/4 and 4/6
    check(Adagrad, {"lr": 1.0, "eps": 0.0}, 1.0, (3.0, 4.0), (0.0, -0.8))
    check(Adagrad, {"lr": 1.0, "eps": 1.0}, 1.0, (3.0, 4.0), (0.25, 0.25 - 2 / 3))
    # the second rate is 1/(1 + 1·3)
    check(Adagrad, {"lr": 1.0, "eps": 0.0, "lr_decay": 3.0}, 1.0, (3.0, 4.0), (0.0, -0.2))
    # h = 16 + 9 = 25
    settings = {"lr": 1.0, "eps": 0.0, "initial_accumulator_value": 16.0}
    check(Adagrad, settings, 1.0, (3.0, 0.0), (0.4, 0.4))


def test_adadelta():
    # v = 1/2, Δ = √(1 / 1.5), u = 1/2 · 2/3; v = 1/4 + 2, Δ = 2 √((1/3 + 1) / 3.25)
    first = math.sqrt(2 / 3)
    second = 2 * math.sqrt((4 / 3) / 3.25)
    settings = {"rho": 0.5, "eps": 1.0}
    check(Adadelta, settings, 1.0, (1.0, 2.0), (1 - first, 1 - first - second))


def test_rmsprop():
    settings = {"lr": 1.0, "alpha": 0.75, "eps": 0.0}
    # v = 1, then 0.75 + 0.25
    check(RMSprop, settings, 5.0, (2.0, 1.0), (3.0, 2.0))
    # b = 2, then 0.5·2 + 1
    check(RMSprop, settings | {"momentum": 0.5}, 5.0, (2.0, 1.0), (3.0, 1.0))
    # m = 0.5, then 0.375 + 0.25: v - m² = 0.75, then 1 - 0.390625
    first, second = 2 / math.sqrt(0.75), 1 / math.sqrt(0.609375)
    check(RMSprop, settings | {"centered": True}, 5.0, (2.0, 1.0), (5 - first, 5 - first - second))


def test_adam():
    settings = {"lr": 1.0, "betas": (0.5, 0.75), "eps": 0.0}
    # m = 1, v = 1, corrected 2 and 4; m = 2.5, v = 4.75, corrected 10/3 and 76/7
    second = (10 / 3) / math.sqrt(76 / 7)
    check(Adam, settings, 5.0, (2.0, 4.0), (4.0, 4.0 - second))
    # ε is outside the root and after the correction: 2 / (2 + 2)
    check(Adam, settings | {"eps": 2.0}, 5.0, (2.0,), (4.5,))
    # v = 4, then 3: the largest stays, corrected 64/7; m = 2, then 1, corrected 4/3
    second = (4 / 3) / (8 / math.sqrt(7))
    check(Adam, settings | {"amsgrad": True}, 5.0, (4.0, 0.0), (4.0, 4.0 - second))


def test_adamw_keeps_the_decay_out_of_the_moments():
    settings = {"lr": 0.5, "betas": (0.5, 0.75), "eps": 0.0, "weight_decay": 0.5}
    # 8·(1 - 0.25) - 0.5; then 5.5·0.75 - 0.5·(10/3)/√(76/7)
    second = 0.5 * (10 / 3) / math.sqrt(76 / 7)
    check(AdamW, settings, 8.0, (2.0, 4.0), (5.5, 4.125 - second))


def test_nadam():
    # With ψ = 0 every μ is β₁/2 = 1/4. m = 1, v̂ = 4; m = 2.5, v̂ = 76/7.
    settings = {"lr": 1.0, "betas": (0.5, 0.75), "eps": 0.0, "momentum_decay": 0.0}
    first = (0.25 * 1 / (1 - 1 / 16) + 0.75 * 2 / (1 - 1 / 4)) / 2
    second = (0.25 * 2.5 / (1 - 1 / 64) + 0.75 * 4 / (1 - 1 / 16)) / math.sqrt(76 / 7)
    check(Nadam, settings, 5.0, (2.0, 4.0), (5 - first, 5 - first - second))


def nadam_of_one(decays, x=1.0, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8):
    """Where Nadam leads one number whose gradient is always 1, with these ψ in its steps."""
    m = v = 0.0
    product = 1.0
    for t, psi in enumerate(decays, start=1):
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1))
        product *= mu
        m, v = beta1 * m + 1 - beta1, beta2 * v + 1 - beta2
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) / (1 - product)
        x -= lr * m_hat / (math.sqrt(v / (1 - beta2**t)) + eps)
    return x


def test_nadam_keeps_the_products_apart_of_parameters_that_missed_different_steps():
    x, y = Value(1.0), Value(1.0)
    optimizer = Nadam([x, y], lr=0.1, momentum_decay=0.5)
    for psi, reached in ((0.5, [x]), (20.0, [y]), (20.0, [x, y])):
        optimizer.zero_grad()
        optimizer.param_groups[0]["momentum_decay"] = psi
        for p in reached:
            p.grad = 1.0
        optimizer.step()
    assert_allclose([x.data, y.data], [nadam_of_one([0.5, 20]), nadam_of_one([20, 20])], rtol=1e-12)


# --- how the forms of momentum relate -------------------------------------------------------------


def both(first, second, rates):
    """Two rules on L = x⁴/4 + x² from 2: their ways, and what they keep."""
    ways, kept = [], []
    for make in (first, second):
        x = Value(2.0)
        optimizer = make([x])
        way, of_rule = [], []
        for optimizer.lr in rates:
            optimizer.step(lambda x=x: x**4 / 4 + x**2)
            way.append(x.data)
            of_rule += [a.item() for a in optimizer.state_dict()["state"][0]["kept"].values()]
        ways.append(way)
        kept.append(of_rule)
    return ways, kept


def test_both_momenta_go_the_same_way_while_the_rate_stays_the_same():
    (ours, torchs), (v, b) = both(
        lambda p: Momentum(p, momentum=0.9), lambda p: SGD(p, momentum=0.9), [0.02] * 50
    )
    assert_allclose(ours, torchs, rtol=1e-11)
    assert_allclose(v, [-0.02 * x for x in b], rtol=1e-9)  # v = -ηb


def test_a_change_of_rate_reaches_old_gradients_in_pytorchs_momentum_only():
    rates = [0.02, 0.002]
    (ours, torchs), (v, b) = both(
        lambda p: Momentum(p, momentum=0.9), lambda p: SGD(p, momentum=0.9), rates
    )
    assert ours[0] == pytest.approx(torchs[0])
    gradient = ours[0] ** 3 + 2 * ours[0]
    assert ours[1] == pytest.approx(ours[0] + 0.9 * v[0] - 0.002 * gradient)
    assert torchs[1] == pytest.approx(torchs[0] - 0.002 * (0.9 * b[0] + gradient))
    assert abs(ours[1] - torchs[1]) > 0.1


def test_pytorchs_nesterov_is_the_lectures_looked_ahead():
    (ours, torchs), (v, _) = both(
        lambda p: Nesterov(p, momentum=0.9),
        lambda p: SGD(p, momentum=0.9, nesterov=True),
        [0.02] * 50,
    )
    ahead = [x + 0.9 * velocity for x, velocity in zip(ours, v)]
    assert_allclose(ahead, torchs, rtol=1e-10)
    assert max(abs(x - y) for x, y in zip(ours, torchs)) > 0.1
