"""Where 0 times an infinite slope is nan, and the ordinary pass does not go there."""

import math

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, detect_anomaly, no_grad

pytestmark = pytest.mark.filterwarnings("ignore:divide by zero")


def row(*numbers):
    out = np.empty(len(numbers), dtype=object)
    out[:] = numbers
    return out


def one_of_two_results_further_on(w, x):
    for _ in range(60):  # so long that it is computed one by one
        w = w * 1.01
    return [w * x[0], autograd.sqrt(w * x[1])]


def compared_as_an_array(w, x):
    behind = Tensor([1.0, 2.0]) * autograd.sqrt(w * x[1])
    return autograd.sqrt(w * x[0]) if behind.sum() < 1 else w


def beside_an_array(w, x):
    largest = max([w * v + (w + 1.0) * v for v in (x[0], -1 / x[1])])
    return (Tensor([1.0, 2.0]) * (largest * x[0])).sum()


def larger(w, one, other):
    for _ in range(60):  # so long that it is computed one by one
        w = w * 1.01
    return max(autograd.sqrt(w * one), autograd.sqrt(w * other))


NOT_GONE_TO = {
    "by a mask": lambda w, x: np.where(
        x > 0, [autograd.sqrt(w * v) for v in x], [w * v for v in x]
    ).sum(),
    "by an index": lambda w, x: autograd.take(
        row(w * x[0], autograd.log(w * x[1])), np.sign(x[1:]).astype(int)
    ).sum(),
    "chosen sum": lambda w, x: np.where(x > 0, [w * 2 + (w + 1) * v for v in 1 / x], 1.0).sum(),
    "one of two results": lambda w, x: [
        w * x[0] + autograd.sqrt(w * x[0]), autograd.sqrt(w * x[1])
    ],
    "one of two results further on": one_of_two_results_further_on,
    "detached": lambda w, x: autograd.sqrt(w * x[0]) + autograd.sqrt(w * x[1]).detach(),
    "compared as an array": compared_as_an_array,
    "beside an array": beside_an_array,
    "smaller roots": lambda w, x: max([autograd.sqrt(w * v) for v in x]),
    "smaller root further on": lambda w, x: larger(w, *x),
    "smaller products": lambda w, x: max([w * v for v in (x[0], np.log(x[1]))]),
    "smaller lines": lambda w, x: max([w * v + w for v in (x[0], np.log(x[1]))]),
    "smaller sums": lambda w, x: max([w * v + (w + 1.0) * v for v in (x[0], np.log(x[1]))]),
}  # fmt: skip


def gradient(function, w, x):
    w.grad = 0.0
    found = function(x)
    (found[0] if isinstance(found, list) else found).backward()
    return w.grad


@pytest.mark.parametrize("f", NOT_GONE_TO.values(), ids=NOT_GONE_TO)
def test_nothing_comes_from_where_the_ordinary_pass_does_not_go(f):
    w = Value(1.5)
    g = autograd.compile(lambda x: f(w, x))
    for x in (np.array([2.0, 0.125]), np.array([2.0, 0.0]), np.array([3.0, 0.0])):
        expected = gradient(lambda x: f(w, x), w, x)
        assert math.isfinite(expected)
        assert gradient(g, w, x) == pytest.approx(expected, rel=1e-12)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nothing_comes_to_tensors_from_results_that_nobody_differentiates():
    t, w = Tensor([1.0, 2.0], requires_grad=True), Value(2.0)

    def f(x):
        root = autograd.sqrt(w * x[1])
        return [(t * w * x[0]).sum(), w * x[0], autograd.sqrt(t * x).sum(), (t * root).sum(), root]

    g = autograd.compile(f)
    for x in (np.array([2.0, 0.125]), np.array([3.0, 0.0])):
        for results in [(0,), (1,), (0, 1), (0, 2), (1, 2), (0, 4)]:
            found = []
            for function in (f, g):
                t.zero_grad()
                w.grad = 0.0
                outs = function(x)
                sum([outs[k] for k in results]).backward()
                found.append([w.grad, *(np.zeros(2) if t.grad is None else t.grad)])
            np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


def test_a_nan_of_the_functions_own_stays_nan():
    v, w = Value(0.0), Value(2.0)
    g = autograd.compile(lambda x: [w * x + 0.0 * autograd.sqrt(v), autograd.log(v)])
    g(3.0)[0].backward()
    assert math.isnan(v.grad)
    assert w.grad == 3.0


def test_the_numbers_are_those_of_the_call():
    w = Value(1.5)
    g = autograd.compile(lambda x: [w * w * x[0], autograd.sqrt(w * x[1])])
    x = np.array([2.0, 0.0])
    loss, _ = g(x)
    w.data, x[:] = 10.0, 7.0
    loss.backward()
    assert w.grad == 6.0


def test_the_numbers_of_a_close_up_get_theirs_in_the_parameters():
    layer = nn.Linear(2, 1)
    layer.weight.data = [[1.0, 2.0]]
    (a, b), bias = layer.scalars().weight[0], layer.scalars().bias[0]
    g = autograd.compile(lambda x: [a * x + b * 2.0 + bias, autograd.sqrt(a * 0.0)])
    g(3.0)[0].backward()
    assert layer.weight.grad.tolist() == [[3.0, 2.0]]
    assert layer.bias.grad.tolist() == [1.0]


def test_a_pass_is_found_under_any_mode():
    w = Value(1.5)
    g = autograd.compile(lambda x: [w * x, autograd.sqrt(w * 0.0), autograd.log(w * 0.0)])
    for mode in (no_grad, detect_anomaly):
        w.grad = 0.0
        loss = g(3.0)[0]
        with mode():
            loss.backward()
        assert w.grad == 3.0


@pytest.mark.parametrize("start", [2.0, [1.0, 2.0, 3.0]])
def test_a_gradient_that_is_one_number_shown_everywhere_is_found_anew_too(start):
    t, w = (Tensor(x, requires_grad=True) for x in (start, 4.0))
    g = autograd.compile(lambda x: [np.mean(t) * x, w * x])
    for x in (np.array(2.0), np.array(math.nan)):
        t.zero_grad()
        g(x)[0].backward()
        np.testing.assert_array_equal(t.grad, np.full(t.shape, x / t.size))
        assert w.grad is None
