"""Layers and activations against closed forms, central differences and PyTorch's figures."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
from autograd import ShapeError, Tensor, Value
from nn import MLP, Activation, Dense, Linear, Sequential, functional
from tests.each import each

TORCH = json.loads((pathlib.Path(__file__).parents[1] / "oracles" / "nn_torch.json").read_text())
MODULES = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "hardtanh": nn.Hardtanh,
    "step": nn.Step,
    "sign": nn.Sign,
    "softmax": nn.Softmax,
    "log_softmax": nn.LogSoftmax,
}
ACTIVATIONS = list(MODULES)

every_activation = each("name", ACTIVATIONS)


def central_difference(f, x, h=1e-6):
    """d f / d x for a scalar f of an array, number by number."""
    slopes = np.empty_like(x)
    for index in np.ndindex(x.shape):
        bump = np.zeros_like(x)
        bump[index] = h
        slopes[index] = (f(x + bump) - f(x - bump)) / (2 * h)
    return slopes


# --- Linear ---------------------------------------------------------------------------------------


def test_linear_matches_pytorch():
    figures = TORCH["linear"]
    layer = Linear(3, 2)
    layer.weight.data, layer.bias.data = figures["weight"], figures["bias"]
    x = Tensor(figures["x"], requires_grad=True)
    out = layer(x)
    (out * np.array(figures["upstream"])).sum().backward()
    assert_allclose(out.data, figures["out"], rtol=1e-10)
    for tensor, expected in zip([x, layer.weight, layer.bias], figures["grads"]):
        assert_allclose(tensor.grad, expected, rtol=1e-10)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (5, 3), (4, 5, 3), (0, 3)], ids=str)
def test_linear_keeps_all_axes_but_the_last(shape):
    layer = Linear(3, 2)
    x = np.random.default_rng(0).normal(size=shape)
    expected = np.einsum("...i,oi->...o", x, layer.weight.data) + layer.bias.data
    assert_allclose(layer(x).data, expected, rtol=1e-14, atol=1e-14)
    assert_allclose(layer(x.tolist()).data if x.size else expected, expected, atol=1e-14)


def test_linear_without_bias_has_one_parameter():
    layer = Linear(2, 1, bias=False)
    assert layer.bias is None
    assert len(layer.parameters()) == 1
    assert layer([0.0, 0.0]).data.tolist() == [0.0]


def test_linear_starts_evenly_spread_over_one_by_root_of_in_features():
    layer = Linear(25, 2000, rng=np.random.default_rng(0))
    for p in layer.parameters():
        assert abs(p.data).max() <= 1 / 5
        assert abs(p.data.mean()) < 0.01
        assert abs(p.data.std() - 0.2 / np.sqrt(3)) < 0.01


def test_dense_is_another_name_for_linear():
    assert Dense is Linear


@pytest.mark.parametrize("shape", [(), (2,), (5, 4), (3, 1), (3, 0)], ids=str)
def test_linear_says_which_shape_it_needs(shape):
    text = rf"Linear\(3 -> 2\): needs input of shape \(\.\.\., 3\), but got \({str(shape)[1:-1]}\)"
    with pytest.raises(ShapeError, match=text):
        Linear(3, 2)(np.zeros(shape))


@pytest.mark.parametrize("sizes", [(0, 1), (1, 0), (-1, 2)])
def test_linear_needs_at_least_one_number_in_and_out(sizes):
    with pytest.raises(ValueError, match=r"_features must be >= 1, but got (0|-1)"):
        Linear(*sizes)


def test_linear_needs_whole_sizes():
    with pytest.raises(TypeError, match=r"in_features must be an int, but got 2\.0"):
        Linear(2.0, 1)


def test_a_list_of_tensors_is_refused_instead_of_losing_their_graphs():
    with pytest.raises(TypeError, match=r"Linear\(2 -> 1\): needs one Tensor, but got a list of T"):
        Linear(2, 1)([Tensor(1.0), Tensor(2.0)])


# --- Sequential and MLP ---------------------------------------------------------------------------


def test_sequential_applies_its_modules_in_order():
    double, add_one = Activation(lambda x: 2 * x), Activation(lambda x: x + 1)
    assert Sequential(double, add_one)(5.0) == 11.0
    assert Sequential(add_one, double)(5.0) == 12.0
    assert Sequential(double, double)(5.0) == 20.0
    assert Sequential()(5.0) == 5.0


def test_sequential_is_a_sequence_of_its_modules():
    first, second = Linear(1, 2), nn.ReLU()
    model = Sequential(first, second)
    assert len(model) == 2
    assert list(model) == [first, second]
    assert model[-1] is second


def test_sequential_refuses_a_bare_function():
    with pytest.raises(TypeError, match=r"Sequential: needs modules.*nn\.Activation\(function\)"):
        Sequential(Linear(1, 1), autograd.tanh)


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [(nn.ReLU, r"Make one of the class: ReLU\(\)"), ([nn.ReLU()], r"Sequential\(\*modules\)")],
)
def test_sequential_says_how_to_pass_a_class_or_a_list(wrong, advice):
    with pytest.raises(TypeError, match=advice):
        Sequential(wrong)


@pytest.mark.parametrize(
    ("x", "came"),
    [(None, "a NoneType"), ("ab", "a str"), (3.0, "a float"), (Value(1.0), "a Value")],
)
def test_a_layer_names_the_type_of_what_is_no_array(x, came):
    with pytest.raises(ShapeError, match=rf"needs input of shape \(\.\.\., 2\), but got {came}\."):
        Linear(2, 3)(x)


def test_a_layer_says_what_a_compiled_function_makes_of_a_list():
    layer = Linear(2, 3)
    with pytest.raises(TypeError, match=r"got Values\. Ask model\.scalars\(\)"):
        layer([Value(1.0), Value(2.0)])
    with pytest.raises(TypeError, match=r"got Values\. .*pass a compiled function arrays"):
        autograd.compile(layer)([1.0, 2.0])


def test_a_misspelt_name_brings_python_to_suggest_one():
    for module, meant in ((nn, "ReLU"), (autograd, "sigmoid")):
        wrong = meant[:-1]
        code = f"import {module.__name__}; {module.__name__}.{wrong}"
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert f"has no attribute '{wrong}'. Did you mean: '{meant}'?" in run.stderr


def test_mlp_alternates_layers_and_activations_and_ends_with_a_layer():
    model = MLP(2, [5, 4], 3, activation="tanh", output_activation="softmax")
    kinds = [type(layer).__name__ for layer in model]
    assert kinds == ["Linear", "Tanh", "Linear", "Tanh", "Linear", "Softmax"]
    assert [p.shape for p in model.parameters()] == [(5, 2), (5,), (4, 5), (4,), (3, 4), (3,)]
    x = np.random.default_rng(0).normal(size=(6, 2))
    w1, b1, w2, b2, w3, b3 = (p.data for p in model.parameters())
    z = np.tanh(np.tanh(x @ w1.T + b1) @ w2.T + b2) @ w3.T + b3
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert_allclose(model(x).data, expected, rtol=1e-13)


def test_mlp_without_hidden_layers_is_one_linear_layer():
    assert [type(layer) for layer in MLP(3, [], 2)] == [Linear]


@pytest.mark.parametrize(
    "activation", ["tanh", nn.Tanh(), nn.Tanh, autograd.tanh, np.tanh], ids=repr
)
def test_mlp_takes_its_activation_as_name_module_class_or_function(activation):
    model = MLP(2, [3], 1, activation, rng=np.random.default_rng(0))
    twin = MLP(2, [3], 1, "tanh", rng=np.random.default_rng(0))
    assert_array_equal(model([1.0, 2.0]).data, twin([1.0, 2.0]).data)


def test_mlp_says_what_it_needs():
    with pytest.raises(TypeError, match=r"MLP: hidden must be a list of widths .* but got 16"):
        MLP(2, 16, 1)
    with pytest.raises(ValueError, match=r"MLP: activation must be one of .* but got 'rleu'"):
        MLP(2, [3], 1, "rleu")
    with pytest.raises(TypeError, match=r"MLP: activation must be a name or a function, but got 3"):
        MLP(2, [3], 1, 3)
    with pytest.raises(TypeError, match=r"Activation: needs a function, but got 3"):
        Activation(3)


def test_a_linear_network_stays_a_line_however_deep():
    model = MLP(1, [8, 8, 8], 1, activation="identity")
    x = np.linspace(-5, 5, 11).reshape(-1, 1)
    y = model(x).data.ravel()
    assert_allclose(np.diff(y, 2), 0, atol=1e-12)


# --- activations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(TORCH["activations"]["figures"]))
def test_activations_match_pytorch_from_minus_to_plus_ten_thousand(name):
    figures, upstream = TORCH["activations"], np.array(TORCH["activations"]["upstream"])
    x = Tensor(figures["x"], requires_grad=True)
    out = getattr(functional, name)(x)
    (out * upstream).sum().backward()
    assert_allclose(out.data, figures["figures"][name]["out"], rtol=1e-10, atol=1e-14)
    assert_allclose(x.grad, figures["figures"][name]["grad"], rtol=1e-10, atol=1e-14)


@every_activation
def test_activations_match_central_differences(name):
    function = getattr(functional, name)
    rng = np.random.default_rng(0)
    array, upstream = rng.normal(size=(2, 3, 4))
    x = Tensor(array, requires_grad=True)
    (function(x) * upstream).sum().backward()
    expected = central_difference(lambda a: float(np.sum(function(a) * upstream)), array)
    assert_allclose(x.grad, expected, atol=1e-8)


@every_activation
@each("size", [1e4, 700.0, 90.0, 40.0])
@each("dtype", [np.float32, np.float64])
def test_activations_and_their_gradients_are_finite_far_out(name, size, dtype):
    x = Tensor([size, -size, 0.0], requires_grad=True, dtype=dtype)
    out = getattr(functional, name)(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == dtype
    assert np.isfinite(out.data).all()
    assert np.isfinite(x.grad).all()


@pytest.mark.parametrize("name", list(TORCH["activations"]["figures"]))
def test_activations_in_float32_are_those_in_float64_rounded(name):
    figures, upstream = TORCH["activations"], np.array(TORCH["activations"]["upstream"], "f4")
    x = Tensor(figures["x"], requires_grad=True, dtype=np.float32)
    out = getattr(functional, name)(x)
    (out * upstream).sum().backward()
    assert_allclose(out.data, figures["figures"][name]["out"], rtol=3e-6, atol=1e-6)
    assert_allclose(x.grad, figures["figures"][name]["grad"], rtol=3e-5, atol=2e-6)


@every_activation
def test_activations_are_the_same_on_values(name):
    function = getattr(functional, name)
    array = np.array([1e4, -1e4, 0.0, -0.5, 0.25])
    x = Tensor(array, requires_grad=True)
    values = [Value(number) for number in array]
    upstream = np.arange(1.0, 6.0)
    (function(x) * upstream).sum().backward()
    out = np.asarray(function(values), dtype=object)
    np.sum(out * upstream).backward()
    assert_allclose([v.item() for v in out], function(x).data, rtol=1e-15)
    assert_allclose([v.grad for v in values], x.grad, rtol=1e-13, atol=1e-15)


@every_activation
def test_every_activation_is_a_function_a_module_and_a_name(name):
    module = MODULES[name]
    x = np.random.default_rng(0).normal(size=(2, 3))
    expected = getattr(functional, name)(x)
    assert_array_equal(module()(x), expected)
    assert type(MLP(1, [1], 1, name)[1]) is module


def test_step_and_sign_take_the_upper_class_at_zero():
    assert functional.step([-1e-9, 0.0, 1e-9]).tolist() == [0.0, 1.0, 1.0]
    assert functional.sign([-1e-9, 0.0, 1e-9]).tolist() == [-1.0, 1.0, 1.0]
    assert functional.sign(Value(0.0)).data == 1.0
    assert functional.sign(0.0) == 1.0


def test_derivatives_are_those_the_lectures_state():
    z = np.linspace(-4, 4, 17)

    def derivative(function):
        x = Tensor(z, requires_grad=True)
        function(x).sum().backward()
        return x.grad

    sigma = 1 / (1 + np.exp(-z))
    assert_allclose(derivative(functional.sigmoid), sigma * (1 - sigma), rtol=1e-13)
    assert_allclose(derivative(functional.tanh), 1 - np.tanh(z) ** 2, rtol=1e-13)
    assert_allclose(np.tanh(z), 2 * functional.sigmoid(2 * z) - 1, rtol=1e-13, atol=1e-16)
    assert_array_equal(derivative(functional.relu), z > 0)
    assert_array_equal(derivative(functional.step), 0 * z)
    assert_array_equal(derivative(functional.identity), 1 + 0 * z)


def test_derivatives_at_the_kinks_are_the_ones_stated():
    x = Tensor([-1.0, 0.0, 1.0], requires_grad=True)
    for function, slopes in {
        functional.hardtanh: [0.0, 1.0, 0.0],
        functional.relu: [0.0, 0.0, 1.0],
        lambda x: functional.elu(x, 2.0): [2.0 * np.exp(-1.0), 2.0, 1.0],
    }.items():
        x.zero_grad()
        function(x).sum().backward()
        assert_allclose(x.grad, slopes, rtol=1e-15)


def test_gelu_is_the_exact_one_and_not_the_approximation():
    assert_allclose(functional.gelu(np.array([2.0])), 1.9544997361036416, rtol=1e-15)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.LeakyReLU("0.1"), r"LeakyReLU: negative_slope must be a number, but got '0.1'"),
        (lambda: nn.ELU(None), r"ELU: alpha must be a number, but got None"),
        (lambda: nn.LogSoftmax(0.5), r"LogSoftmax: dim must be an int, but got 0\.5"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused(make, text):
    with pytest.raises(TypeError, match=text):
        make()


def test_leaky_relu_takes_its_slope():
    assert nn.LeakyReLU(0.2)(Value(-3.0)).data == pytest.approx(-0.6)
    assert functional.leaky_relu(Tensor([-3.0, 3.0]), 0.5).data.tolist() == [-1.5, 3.0]


def test_softmax_along_another_axis():
    x = np.random.default_rng(0).normal(size=(3, 4))
    expected = np.exp(x) / np.exp(x).sum(axis=0)
    assert_allclose(nn.Softmax(dim=0)(Tensor(x)).data, expected, rtol=1e-13)
    assert_allclose(nn.LogSoftmax(dim=0)(Tensor(x)).data, np.log(expected), rtol=1e-13)
    assert repr(nn.LogSoftmax(dim=0)) == "LogSoftmax(dim=0)"


def test_softmax_of_one_number_is_refused():
    with pytest.raises(ShapeError, match=r"softmax: needs scores of shape \(\.\.\., C\)"):
        functional.softmax(Tensor(1.0))
