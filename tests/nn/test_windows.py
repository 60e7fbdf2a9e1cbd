"""Convolutions and pooling: PyTorch's figures to second order, special points, refusals."""

import copy
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
from autograd import Tensor, Value, compile, value_and_grad, vjp
from nn import functional as F
from nn.operands import numbers
from tests.nn.window_cases import CASES, spread

with np.load(pathlib.Path(__file__).parents[1] / "oracles" / "windows_torch.npz") as stored:
    FIGURES = dict(zip(stored["cases"], np.split(stored["figures"], stored["ends"][:-1])))

every_case = pytest.mark.parametrize("case", CASES, ids=str)


def call(case, *xs):
    return getattr(F, case.function)(*xs, **case.options)


def gradients(case, *xs):
    """Of the squares of the result, weighted and summed."""

    def squares(*xs):
        out = call(case, *xs)
        return out * out

    out, pull = vjp(squares, *xs)
    return pull(spread(out.shape, 1000))


@every_case
def test_values_and_derivatives_of_two_orders_are_pytorchs(case):
    xs = case.inputs()
    first, pull = vjp(lambda *xs: gradients(case, *xs), *xs)
    second = pull(tuple(spread(grad.shape, 2000) for grad in first))
    ours = np.concatenate([np.ravel(a) for a in (call(case, *xs), *first, *second)])
    assert_allclose(ours, FIGURES[str(case)], rtol=1e-10, atol=1e-12)


# --- what a layer is ------------------------------------------------------------------------------

LAYERS = [
    nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2),
    nn.Conv2d(2, 3, (3, 2), padding="same", dilation=(1, 2), bias=False),
    nn.ConvTranspose1d(2, 3, 3, stride=2, output_padding=1),
    nn.ConvTranspose2d(2, 4, (2, 3), groups=2, padding=(0, 1)),
    nn.MaxPool1d(2),
    nn.MaxPool2d(3, stride=(1, 2), padding=1, ceil_mode=True),
    nn.AvgPool1d(2, ceil_mode=True),
    nn.AvgPool2d((2, 3), stride=1, count_include_pad=False, divisor_override=4),
]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=repr)


def image_for(layer, n=2):
    return np.random.default_rng(0).normal(size=(n, 2, 6, 5)[: 2 + layer._axes])


@every_layer
def test_a_layer_comes_back_from_a_file_as_it_was(layer, tmp_path):
    nn.save(layer, tmp_path / "layer.safetensors")
    twin = nn.load(tmp_path / "layer.safetensors")
    assert repr(twin) == repr(layer)
    x = image_for(layer)
    assert_array_equal(numbers(twin(x)), numbers(layer(x)))


@every_layer
def test_a_layer_takes_a_single_example_and_none_at_all(layer):
    x = image_for(layer)
    out = numbers(layer(x))
    assert_allclose(numbers(layer(x[1])), out[1], rtol=1e-14)
    assert layer(x[:0]).shape == (0, *out.shape[1:])


@every_layer
def test_the_close_up_of_a_layer_computes_and_differentiates_alike(layer):
    x = image_for(layer, n=1)
    grads = []
    for model in (layer, layer.scalars()):
        layer.zero_grad()
        t = (
            Tensor(x, requires_grad=True)
            if model is layer
            else np.vectorize(Value, otypes=[object])(x)
        )
        out = model(t)
        weights = spread(out.shape, 3)
        (out * weights).sum().backward()
        of_x = t.grad if model is layer else np.vectorize(lambda v: v.grad)(t)
        grads.append([numbers(out), of_x, *(p.grad.copy() for p in layer.parameters())])
    for a, b in zip(*grads):
        assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@every_layer
def test_float32_stays_float32(layer):
    layer = nn.Sequential(layer).astype(np.float32)
    t = Tensor(image_for(layer[0]), requires_grad=True, dtype=np.float32)
    out = layer(t)
    out.sum().backward()
    assert out.dtype == t.grad.dtype == np.float32


@every_layer
def test_a_compiled_step_gives_the_numbers_of_the_step_as_written(layer):
    layer = copy.deepcopy(layer)
    x = image_for(layer)

    def loss_of(x):
        out = layer(x)
        return (out * out).sum()

    as_written, compiled = value_and_grad(loss_of), compile(value_and_grad(loss_of))
    for factor in (1.0, -2.0):
        (value, grad), (ours, of_ours) = as_written(factor * x), compiled(factor * x)
        assert_allclose(ours, value, rtol=1e-12)
        assert_allclose(of_ours, grad, rtol=1e-12, atol=1e-14)
