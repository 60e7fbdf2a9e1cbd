"""Data may be arrays of other libraries; parameters are what can be changed where it is."""

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose

import nn
import optim
from autograd import Tensor, Value
from tests.each import each

X = np.random.default_rng(0).normal(size=(6, 2))
RULES = [optim.SGD, optim.Momentum, optim.Adagrad, optim.RMSprop, optim.Adam, optim.AdamW]


def trained(rule, make, data):
    *parameters, predict = make()
    optimizer = rule(parameters, lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        ((predict(data) - 1.0) ** 2).mean().backward()
        optimizer.step()
    return [np.asarray(p.data) for p in parameters]


def tensors():
    w, b = Tensor(np.ones(2), requires_grad=True), Tensor(0.5, requires_grad=True)
    return w, b, lambda x: x @ w + b


def tensor_and_value():
    w, b = Tensor(np.ones(2), requires_grad=True), Value(0.5)
    return w, b, lambda x: x @ w + b


def layer():
    model = nn.Linear(2, 1, rng=np.random.default_rng(0))
    return *model.parameters(), model


@each("rule", [optim.SGD, optim.Adam])
@each("make", [tensors, tensor_and_value, layer])
def test_a_model_learns_from_dasks_arrays_what_it_learns_from_numpys(rule, make):
    there, here = trained(rule, make, da.from_array(X, chunks=3)), trained(rule, make, X)
    for found, expected, first in zip(there, here, make()):
        assert_allclose(found, expected, rtol=1e-12)
        assert not np.array_equal(found, np.asarray(first.data))


@pytest.mark.parametrize("rule", [*RULES, optim.LBFGS, optim.BFGS, optim.Newton])
def test_a_parameter_that_cannot_be_changed_in_place_is_refused(rule):
    w = Tensor(da.from_array(np.zeros(2), chunks=2), requires_grad=True)
    with pytest.raises(TypeError, match=r"parameter 0 holds .*in place\. Keep parameters in NumPy"):
        rule([w])
    with pytest.raises(TypeError, match=r"parameter 1 holds"):
        rule([Tensor([1.0], requires_grad=True), w])


@pytest.mark.parametrize(
    "clip",
    [lambda w: optim.clip_grad_norm_([w], 0.1), lambda w: optim.clip_grad_norm_([w], 0.1, np.inf),
     lambda w: optim.clip_grad_value_([w], 0.01)],
)  # fmt: skip
def test_gradients_from_dasks_arrays_are_clipped_like_numpys(clip):
    found = []
    for data in (X, da.from_array(X, chunks=2)):
        w = Tensor(np.ones(2), requires_grad=True)
        ((data @ w) ** 2).mean().backward()
        before = np.asarray(w.grad)
        norm = clip(w)
        assert abs(np.asarray(w.grad)).max() < abs(before).max()
        found.append((np.asarray(w.grad), norm or 0.0))
    assert_allclose(found[1][0], found[0][0], rtol=1e-12)
    assert_allclose(found[1][1], found[0][1], rtol=1e-12)
