"""Update rules and clipping in float16, float32 and float64; states of another dtype."""

import copy
import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import Tensor, Value
from nn import Parameter
from optim import clip_grad_norm_, clip_grad_value_
from tests.each import each
from tests.optim.rules import RULES, each_case

DTYPES = ["float16", "float32", "float64"]
GRADS = [[0.0, 0.0], [300.0, -400.0], [1e-4, -6e-8], [0.5, 0.0], [0.0, 0.0]]
KINDS = [Parameter, lambda data, dtype: Tensor(data, dtype=dtype, requires_grad=True)]


def run(rule, settings, make, dtype, grads=GRADS):
    w = make([1.0, -2.0], dtype=dtype)
    optimizer = rule([w], **settings)
    for g in grads:
        step(optimizer, w, g)
    return w, optimizer


def step(optimizer, w, g):
    g = np.array(g, dtype=w.dtype)
    if type(optimizer).__name__ == "Nesterov":
        optimizer.step(lambda: autograd.sum(w * g))  # made after the rule has looked ahead
    else:
        w.grad = g
        optimizer.step()


@each("make", KINDS)
@each("dtype", DTYPES)
@each_case
def test_a_rule_computes_the_same_in_every_dtype(case, dtype, make):
    name, settings = case
    w, _ = run(RULES[name], settings, make, dtype)
    exact, _ = run(RULES[name], settings, make, "float64", np.array(GRADS, dtype))
    assert w.dtype == dtype
    assert_allclose(w.data, exact.data, rtol=2 * len(GRADS) * np.finfo(dtype).eps)


@each("dtype", DTYPES)
@each_case
def test_a_gradient_of_zero_moves_nothing(case, dtype):
    name, settings = case
    settings = {**settings, "weight_decay": 0.0} if "weight_decay" in settings else settings
    if name == "AdamW":
        settings = {**settings, "weight_decay": 0.0}
    w, _ = run(RULES[name], settings, Parameter, dtype, [[0.0, 0.0]] * 3)
    assert w.data.tolist() == [1.0, -2.0]


@each(("of_state", "of_params"), list(itertools.permutations(DTYPES, 2)))
@each_case
def test_a_state_of_another_dtype_goes_on_in_that_of_the_parameters(case, of_state, of_params):
    name, settings = case
    _, saved = run(RULES[name], settings, Parameter, of_state, GRADS[:3])
    w = Parameter([1.0, -2.0], dtype=of_params)
    optimizer = RULES[name]([w], **settings)
    step(optimizer, w, [1.0, 1.0])  # arrays of its own, in its own dtype
    w.data = [1.0, -2.0]
    optimizer.load_state_dict(copy.deepcopy(saved.state_dict()))
    exact = Parameter([1.0, -2.0], dtype="float64")
    wide = RULES[name]([exact], **settings)
    wide.load_state_dict(copy.deepcopy(saved.state_dict()))
    for g in ([0.5, 0.25], [0.0, -1.0]):
        step(optimizer, w, g)
        step(wide, exact, g)
    computed = "float32" if of_params == "float16" else of_params
    kept = optimizer.state_dict()["state"][0]["kept"].values()
    assert w.dtype == of_params
    assert {str(array.dtype) for array in kept} <= {computed}
    assert_allclose(w.data, exact.data, rtol=8 * np.finfo(of_params).eps)


# --- clipping -------------------------------------------------------------------------------------

LARGEST = {"float16": 65504.0, "float32": 3.4e38, "float64": 1.7e308}
SMALLEST = {"float16": 1e-7, "float32": 1e-45, "float64": 5e-324}


def with_grads(dtype, *grads):
    params = []
    for g in grads:
        w = Tensor(np.zeros(np.shape(g)), dtype=dtype, requires_grad=True)
        w.grad = g
        params.append(w)
    return params


@each("size", [1.0, 100.0, 2e4, 3e20, 1e200, 1e-20, 1e-150])
@each("dtype", DTYPES)
def test_clipping_by_norm_is_right_however_long_the_gradient(dtype, size):
    if 4 * size > LARGEST[dtype] or size * size < SMALLEST[dtype]:
        pytest.skip("the numbers are none of that dtype")
    params = with_grads(dtype, 3 * size, [4 * size])
    clipped = size / 2
    norm = clip_grad_norm_(params, clipped)
    assert_allclose(norm, 5 * size, rtol=1e-3 if dtype == "float16" else 1e-6)
    factor = clipped / (5 * size + 1e-6)
    if factor < 1:
        expected = np.array([3 * size * factor, 4 * size * factor])
        assert_allclose([float(p.grad.item()) for p in params], expected, rtol=1e-3)


@each("norm_type", [1.0, 1.5, 2.0, 3.0, math.inf])
@each("dtype", DTYPES)
def test_the_longest_gradients_of_a_dtype_are_clipped_to_the_bound(dtype, norm_type):
    largest = LARGEST[dtype]
    params = with_grads(dtype, [largest, -largest], [[0.0, largest]])
    clip_grad_norm_(params, 1.0, norm_type)
    part = 1.0 if norm_type == math.inf else 3 ** (-1 / norm_type)
    assert_allclose(
        np.concatenate([p.grad.ravel() for p in params]), [part, -part, 0, part], rtol=1e-3
    )


def test_clipping_by_norm_takes_values_and_mixed_dtypes():
    x = Value(0.0)
    x.grad = 3e200
    params = [x, *with_grads("float64", [4e200])]
    assert_allclose(clip_grad_norm_(params, 1.0), 5e200)
    assert_allclose([x.grad, params[1].grad.item()], [0.6, 0.8])
    mixed = with_grads("float16", [300.0]) + with_grads("float32", [400.0])
    assert clip_grad_norm_(mixed, 1.0) == 500.0
    assert [str(p.grad.dtype) for p in mixed] == ["float16", "float32"]


def test_a_gradient_without_length_stays_as_it_is():
    params = with_grads("float16", [0.0, 0.0], np.zeros((0, 2)))
    assert clip_grad_norm_(params, 1.0) == 0.0
    assert_array_equal(params[0].grad, [0.0, 0.0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_clipping_by_a_value_beyond_the_dtype_changes_nothing(dtype):
    (w,) = with_grads(dtype, [300.0, -LARGEST[dtype]])
    before = w.grad.copy()
    clip_grad_value_([w], 1.75e308)
    assert_array_equal(w.grad, before)
    assert w.grad.dtype == dtype


def test_a_gradient_a_little_shorter_than_the_bound_stays_as_it_is():
    x = Value(0.0)
    x.grad = 1.0
    assert clip_grad_norm_([x], 1.5) == 1.0
    assert x.grad == 1.0
