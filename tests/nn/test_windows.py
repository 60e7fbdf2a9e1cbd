"""Convolutions and pooling: layers, special points, what is refused."""

import copy
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
from autograd import ShapeError, Tensor, Value, compile, gradcheck, jvp, value_and_grad, vjp
from autograd.rules import windows
from autograd.viz.player.record import windows_of
from benchmarks import accuracy
from nn import functional as F
from nn.operands import numbers
from tests.autograd.test_duck_arrays import Duck
from tests.autograd.viz.player.test_player import unpacked
from tests.each import each
from tests.nn.functional.function_cases import spread

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
    nn.AdaptiveAvgPool1d(4),
    nn.AdaptiveAvgPool2d((2, None)),
    nn.AdaptiveAvgPool2d((4, 3)),
    nn.AdaptiveMaxPool1d(3),
    nn.AdaptiveMaxPool2d(4),
    nn.BatchNorm1d(2),
    nn.BatchNorm2d(2),
    nn.BatchNorm2d(2, affine=False, track_running_stats=False),
    nn.GroupNorm(1, 2),
    nn.LayerNorm((6, 5)),
    nn.RMSNorm(5, eps=1e-3),
    nn.Flatten(1, 2),
    nn.Unflatten(2, (-1, 3)),
    nn.ZeroPad2d((1, 0, 2, 1)),
    nn.Upsample(scale_factor=2),
    nn.Upsample(size=(3, 7)),
]
OF_SEQUENCES = (
    "Conv1d",
    "ConvTranspose1d",
    "MaxPool1d",
    "AvgPool1d",
    "AdaptiveAvgPool1d",
    "AdaptiveMaxPool1d",
    "BatchNorm1d",
)
every_layer = each("layer", LAYERS, ids=repr)


def image_for(layer, n=2):
    return np.random.default_rng(0).normal(
        size=(n, 2, 6, 5)[: 3 + (type(layer).__name__ not in OF_SEQUENCES)]
    )


@every_layer
def test_a_layer_comes_back_from_a_file_as_it_was(layer, tmp_path):
    nn.save(layer, tmp_path / "layer.safetensors")
    twin = nn.load(tmp_path / "layer.safetensors")
    assert repr(twin) == repr(layer)
    x = image_for(layer)
    assert_array_equal(numbers(twin(x)), numbers(layer(x)))


@pytest.mark.parametrize(
    "layer",
    [x for x in LAYERS if hasattr(x, "_axes") and not isinstance(x, nn.normalisation._BatchNorm)],
    ids=repr,
)
def test_a_layer_takes_a_single_example_and_none_at_all(layer):
    x = image_for(layer)
    out = numbers(layer(x))
    assert_allclose(numbers(layer(x[1])), out[1], rtol=1e-14, atol=1e-15)
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
    layer = copy.deepcopy(layer).astype(np.float32)
    t = Tensor(image_for(layer), requires_grad=True, dtype=np.float32)
    out = layer(t)
    out.sum().backward()
    assert out.dtype == t.grad.dtype == np.float32


@every_layer
def test_a_compiled_step_gives_the_numbers_of_the_step_as_written(layer):
    layer = copy.deepcopy(layer)
    if getattr(layer, "track_running_stats", False):
        layer.eval()  # in training it writes to its averages, which is refused
    x = image_for(layer)

    def loss_of(x):
        out = layer(x)
        return (out * out).sum()

    as_written, compiled = value_and_grad(loss_of), compile(value_and_grad(loss_of))
    for factor in (1.0, -2.0):
        (value, grad), (ours, of_ours) = as_written(factor * x), compiled(factor * x)
        assert_allclose(ours, value, rtol=1e-12)
        assert_allclose(of_ours, grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_a_compiled_network_gives_its_parameters_the_gradients_of_the_one_as_written(
    dtype, tolerance
):
    network = accuracy.convolutional(np.random.default_rng(0), (3, 4)).eval().astype(dtype)
    images = np.random.default_rng(1).normal(size=(5, 1, 8, 8)).astype(dtype)

    def loss_of(images):
        return nn.CrossEntropyLoss()(network(images), np.arange(5))

    compiled, results = compile(loss_of), []
    for f in (loss_of, compiled, compiled):
        network.zero_grad()
        loss = f(images)
        loss.backward()
        results.append([loss.data.copy(), *(p.grad.copy() for p in network.parameters())])
    for replay in results[1:]:
        for ours, expected in zip(replay, results[0]):
            assert ours.dtype == dtype
            assert_allclose(ours, expected, rtol=tolerance, atol=tolerance)


def test_batch_norm_follows_the_batches_and_uses_its_averages_in_eval_mode():
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(4, 2, 3, 5))
    layer = nn.BatchNorm2d(2, momentum=0.25)
    layer.weight.data, layer.bias.data = [2.0, 3.0], [0.5, -1.0]
    layer(x), layer(2 * x)
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3), ddof=1)
    averages = 0.75 * 0.25 * mean + 0.25 * 2 * mean, 0.75**2 + 0.75 * 0.25 * var + 0.25 * 4 * var
    assert_allclose(layer.running_mean.data, averages[0], rtol=1e-12)
    assert_allclose(layer.running_var.data, averages[1], rtol=1e-12)
    assert layer.num_batches_tracked.data == 2
    mean, var = (a[:, None, None] for a in averages)
    expected = (x - mean) / np.sqrt(var + 1e-5) * [[[2.0]], [[3.0]]] + [[[0.5]], [[-1.0]]]
    assert_allclose(layer.eval()(x).data, expected, rtol=1e-12)


def test_what_is_put_around_a_window_takes_no_gradient_from_minus_infinity():
    x = Tensor(np.full((1, 3), -np.inf), requires_grad=True)
    F.max_pool1d(x, 2, 1, padding=1).sum().backward()
    assert x.grad.tolist() == [[2.0, 1.0, 1.0]]  # PyTorch's


def test_running_averages_are_differentiated_where_they_are_used():
    x, weights = np.random.default_rng(5).normal(size=(2, 4, 3, 2)) + 1.0
    norm = nn.functional.batch_norm
    for form in (slice(None), (slice(None), slice(None), 0)):
        assert gradcheck(
            lambda mean, variance, form=form: norm(x[form], mean, variance) * weights[form],
            np.array([0.3, -1.0, 2.0]),
            np.array([0.5, 1.0, 2.0]),
        )


def test_running_averages_may_be_plain_arrays():
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    layer, mean, var = nn.BatchNorm1d(2), np.zeros(2), np.ones(2)
    for training in (True, False):
        ours = F.batch_norm(x, mean, var, training=training)
        assert_allclose(ours, layer.train(training)(x).data, rtol=1e-14, atol=1e-15)
    assert_array_equal(mean, layer.running_mean.data)
    assert_array_equal(var, layer.running_var.data)


def test_dropout_2d_drops_whole_channels_and_keeps_the_mean():
    n = 20_000
    out = nn.Dropout2d(0.25, rng=np.random.default_rng(0))(Tensor(np.ones((n, 2, 2, 3)))).data
    assert_array_equal(out, np.broadcast_to(out[..., :1, :1], out.shape))
    assert_allclose(np.unique(out), [0, 1 / 0.75])
    assert abs((out[..., 0, 0] == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / (2 * n))
    x = Tensor(np.ones((2, 2, 2, 3)))
    assert nn.Dropout2d().eval()(x) is x


# --- first numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Conv1d(8, 64, 5, groups=2), 20),
        (nn.Conv2d(6, 50, (2, 5)), 60),
        (nn.ConvTranspose1d(64, 8, 5, groups=2), 20),
        (nn.ConvTranspose2d(50, 6, (2, 5)), 60),
    ],
    ids=repr,
)
def test_weights_start_evenly_spread_over_pytorchs_bounds(layer, fan_in):
    bound = 1 / np.sqrt(fan_in)
    for p in (layer.weight, layer.bias):
        assert abs(p.data).max() <= bound
    assert abs(layer.weight.data).max() > 0.99 * bound
    assert abs(layer.weight.data.std() - bound / np.sqrt(3)) < 0.03 * bound
    assert abs(layer.weight.data.mean()) < 0.05 * bound


# --- special points -------------------------------------------------------------------------------


def pooled_gradient(function, x, *args, **options):
    t = Tensor(x, requires_grad=True)
    out = function(t, *args, **options)
    out.backward(np.arange(1.0, out.size + 1).reshape(out.shape))
    return t.grad


@pytest.mark.parametrize("function", [F.max_pool1d, F.adaptive_max_pool1d])
def test_the_first_of_equals_gets_the_gradient_of_a_maximum(function):
    x = [[2.0, 2.0, 2.0, 1.0, 3.0, 3.0]]
    options = {"kernel_size": 3} if function is F.max_pool1d else {"output_size": 2}
    assert pooled_gradient(function, x, **options).tolist() == [[1.0, 0.0, 0.0, 0.0, 2.0, 0.0]]


def test_the_first_of_equals_is_the_first_row_by_row():
    x = np.array([[[0.0, 5.0], [5.0, 5.0]]])
    for pooled in (
        pooled_gradient(F.max_pool2d, x, 2),
        pooled_gradient(F.adaptive_max_pool2d, x, 1),
        pooled_gradient(F.max_pool2d, np.pad(x, ((0, 0), (0, 1), (0, 1))), 2),
    ):
        assert pooled[0, :2, :2].tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_equal_values_of_a_close_up_give_the_gradient_to_the_first_too():
    values = np.vectorize(Value, otypes=[object])(np.array([[3.0, 3.0, 1.0, 3.0]]))
    F.max_pool1d(values, 4).sum().backward()
    assert [v.grad for v in values[0]] == [1.0, 0.0, 0.0, 0.0]


def test_negative_numbers_win_against_the_padding_of_a_maximum():
    x = np.full((1, 3), -5.0)
    assert F.max_pool1d(x, 2, padding=1).tolist() == [[-5.0, -5.0]]
    assert F.max_pool1d(np.array([[-7, -5, -6]]), 2, padding=1).tolist() == [[-7, -5]]


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_infinite_numbers_and_nan_stay_in_the_windows_that_they_are_in(number):
    x = np.array([[number, 1.0, 2.0, 4.0]])
    for function in (F.max_pool1d, F.avg_pool1d):
        out = function(x, 2)
        assert_array_equal(out[0, 0], np.max(x[0, :2]) if "max" in function.__name__ else number)
        assert out[0, 1] in (3.0, 4.0)
        assert np.isfinite(function(x, 2, stride=1)[0, 1:]).all()
    for function in (F.adaptive_avg_pool1d, F.adaptive_max_pool1d):
        assert np.isfinite(function(x, 3)[0, 1:]).all()


def test_a_nan_gets_the_gradient_of_its_window():
    x = np.array([[1.0, np.nan, 3.0, 4.0]])
    assert pooled_gradient(F.max_pool1d, x, 4).tolist() == [[0.0, 1.0, 0.0, 0.0]]
    assert pooled_gradient(F.adaptive_max_pool1d, x, 1).tolist() == [[0.0, 1.0, 0.0, 0.0]]


def test_an_infinite_gradient_of_a_maximum_reaches_the_chosen_number_alone():
    t = Tensor([[1.0, 2.0, 4.0, 3.0]], requires_grad=True)
    F.max_pool1d(t, 2).backward(np.array([[np.inf, 1.0]]))
    assert t.grad.tolist() == [[0.0, np.inf, 1.0, 0.0]]


def test_forward_derivatives_are_those_of_the_reverse_pass():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 2, 5, 5)), rng.normal(size=(3, 2, 3, 3))
    dx, dw = rng.normal(size=x.shape), rng.normal(size=w.shape)

    def f(x, w):
        return F.max_pool2d(F.conv2d(x, w, padding=1, stride=2), 2) ** 2

    out, tangent = jvp(f, (x, w), (dx, dw))
    pulled = vjp(f, x, w)[1](weights := spread(out.shape, 1))
    assert_allclose((tangent * weights).sum(), sum((a * b).sum() for a, b in zip(pulled, (dx, dw))))


def test_an_image_resized_to_a_size_takes_the_numbers_of_its_formula():
    for n in range(1, 30):
        for m in range(1, 120):  # of which m = 98, n = 4 has a product that rounds
            out = F.interpolate(np.arange(n)[None, None], size=m)
            assert out[0, 0].tolist() == [i * n // m for i in range(m)]


@each("n", [2, 3, 10])
@each("factor", ["1.3", "0.7", "3.4", "2.5", "0.1"])
def test_a_factor_that_is_not_whole_is_followed_where_the_new_size_is_a_multiple(n, factor):
    f = Fraction(factor)
    if n * f < 1:
        pytest.skip("leaves nothing")
    out = F.interpolate(np.arange(n)[None, None], scale_factor=float(factor))
    assert out[0, 0].tolist() == [min(int(i / f), n - 1) for i in range(int(n * f))]


def test_an_axis_of_an_image_that_stays_as_long_or_doubles_is_resized_as_in_pytorch():
    image = np.arange(12.0).reshape(1, 1, 3, 4)
    rows, columns = [0, 1, 2], [0, 0, 1, 1, 2, 2, 3, 3]
    # What PyTorch makes of torch.arange(12.0).reshape(1, 1, 3, 4) with these factors:
    assert_array_equal(
        F.interpolate(image, scale_factor=(1.2, 2.2)), image[..., rows, :][..., columns]
    )


# --- what is refused ------------------------------------------------------------------------------

IMAGE = np.zeros((2, 3, 5, 6))


@each(
    ("call", "error", "message"),
    [
        (
            lambda: nn.Conv2d(1, 8, 3)(IMAGE),
            ShapeError,
            r"Conv2d\(1 -> 8, kernel_size=3\): needs input of shape \(N, 1, H, W\) or \(1, H, W\), "
            r"but got \(2, 3, 5, 6\)\.",
        ),
        (
            lambda: nn.Conv1d(3, 8, 3)(IMAGE),
            ShapeError,
            r"Conv1d\(.*needs input of shape \(N, 3, L\) or \(3, L\), but got \(2, 3, 5, 6\)\.",
        ),
        (
            lambda: F.conv2d(IMAGE, np.zeros((4, 3, 6, 2))),
            ShapeError,
            r"conv2d: needs axes of at least the 6 that a window is long, but got input of size "
            r"\(5, 6\), padded by 0\.",
        ),
        (
            lambda: F.conv2d(IMAGE, np.zeros((4, 3, 2))),
            ShapeError,
            r"conv2d: needs a weight of 4 axes, .*, but got shape \(4, 3, 2\)",
        ),
        (
            lambda: F.conv2d(IMAGE, np.zeros((4, 3, 2, 2)), np.zeros(3)),
            ShapeError,
            r"conv2d: needs a bias of shape \(4,\), but got \(3,\)",
        ),
        (
            lambda: F.conv2d(IMAGE, np.zeros((4, 1, 2, 2)), groups=3),
            ValueError,
            "conv2d: groups must divide the 4 channels, but got 3",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, groups=2),
            ValueError,
            "Conv2d: groups must divide the 3 channels, but got 2",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, stride=2, padding="same"),
            ValueError,
            "Conv2d: padding='same' needs stride 1, but got",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, padding="full"),
            ValueError,
            "Conv2d: padding must be 'same' or 'valid', but got 'full'",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, padding_mode="reflect"),
            TypeError,
            "Conv2d: PyTorch's padding_mode is not to be had here, but got 'reflect'. Pad the inpu",
        ),
        (
            lambda: nn.Conv2d(3, 4, (3, 3, 3)),
            TypeError,
            r"Conv2d: kernel_size must be an int or 2 of them, but got \(3, 3, 3\)",
        ),
        (lambda: nn.Conv2d(3, 4, 3, stride=0), ValueError, "stride must be >= 1, but got 0"),
        (
            lambda: nn.ConvTranspose2d(3, 4, 3, output_padding=1)(IMAGE),
            ValueError,
            "output_padding must be smaller than stride or dilation, but got 1 with stride 1",
        ),
        (
            lambda: nn.ConvTranspose2d(3, 4, 1, padding=3)(IMAGE),
            ShapeError,
            "ConvTranspose2d.*: needs smaller padding: 3 on either side leave nothing",
        ),
        (
            lambda: nn.MaxPool2d(2, padding=2),
            ValueError,
            r"MaxPool2d: padding must be at most half of kernel_size \(2, 2\), but got 2",
        ),
        (
            lambda: F.max_pool2d(IMAGE, 2, return_indices=True),
            TypeError,
            "max_pool2d: PyTorch's return_indices is not to be had here, but got True",
        ),
        (
            lambda: nn.MaxPool2d(2, 2, 0, 1, True),  # which is return_indices in PyTorch
            TypeError,
            "takes from 2 to 5 positional arguments",
        ),
        (
            lambda: F.max_pool2d(IMAGE, 2, ceil_mode=1),
            TypeError,
            "max_pool2d: ceil_mode must be True or False, but got 1",
        ),
        (
            lambda: F.avg_pool2d(IMAGE, 2, divisor_override=0),
            ValueError,
            "avg_pool2d: divisor_override must be >= 1, but got 0",
        ),
        (
            lambda: F.group_norm(IMAGE, 3, eps=0.0),
            ValueError,
            "group_norm: eps must be > 0, but got 0.0",
        ),
        (
            lambda: F.batch_norm(IMAGE, None, None, training=True, momentum=0.0),
            ValueError,
            r"batch_norm: momentum must be in \(0, 1\], but got 0.0",
        ),
        (lambda: F.avg_pool2d(IMAGE[0, 0], 2), ShapeError, r"needs input of shape \(N, C, H"),
        (
            lambda: nn.AdaptiveAvgPool2d(0),
            ValueError,
            "AdaptiveAvgPool2d: output_size must be >= 1, but got 0",
        ),
        (
            lambda: F.adaptive_max_pool2d(IMAGE[..., :0], 1),
            ShapeError,
            r"adaptive_max_pool2d: needs at least one number along each axis, but got \(5, 0\)",
        ),
        (
            lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
            TypeError,
            "Upsample: PyTorch's mode is not to be had here, but got 'bilinear'",
        ),
        (nn.Upsample, ValueError, "Upsample: needs size or scale_factor, one of them"),
        (
            lambda: nn.Unflatten(1, (2, 2))(IMAGE),
            ShapeError,
            r"Unflatten\(1, \(2, 2\)\): needs an axis as long as these together, but got 3",
        ),
        (lambda: nn.Flatten(2, 5)(IMAGE), ShapeError, r"Flatten\(start_dim=2, end_dim=5\): n"),
        (
            lambda: nn.Conv2d(3, 4, 3)(np.vectorize(Value, otypes=[object])(IMAGE)),
            TypeError,
            r"is made of tensors, but got Values\. Ask model\.scalars\(\)",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3)(IMAGE.astype(object)),
            TypeError,
            r"needs numbers, but got an array of objects\. Make floats of it: x\.astype\(float\)",
        ),
        (
            lambda: autograd.convolution(IMAGE, IMAGE, (2, 2), ((0, 0), (0, 1)), (1, 1)),
            ShapeError,
            r"convolution: needs padding with which kernels of length 6 \(stride 2, dilation 1\) f",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_shapes(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_large_image_is_convolved_in_bands_that_join_without_a_seam(monkeypatch):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 9, 8)), rng.normal(size=(4, 3, 3, 2))

    def both():
        out, pull = vjp(lambda x, w: F.conv2d(x, w, stride=(2, 1), padding=1), x, w)
        return out, *pull(spread(out.shape, 1))

    monkeypatch.setattr(windows, "_BAND", 1 << 30)
    whole = both()
    for limit in (1, 1000, 2000):
        monkeypatch.setattr(windows, "_BAND", limit)
        for band, expected in zip(both(), whole):
            assert_allclose(band, expected, rtol=1e-13, atol=1e-13)


def test_the_memory_of_a_convolution_does_not_grow_with_the_kernel_times_the_image():
    x, w = np.zeros((1, 4, 256, 256)), np.zeros((4, 4, 5, 5))
    tracemalloc.start()
    F.conv2d(x, w, padding=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * x.nbytes  # 25 times as much, all at once


def test_a_small_convolutional_network_learns_the_digits():
    def small(rng):
        return accuracy.convolutional(rng, (6, 8))

    part, _ = accuracy.recognised(small, seed=0, epochs=4, parts=(0.4, 0.6), batch=8)
    assert part >= 0.93


# --- arrays of others -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: F.conv2d(x, w, padding=1),
        lambda x, w: F.conv_transpose2d(x, w.transpose(1, 0, 2, 3), stride=2),
        lambda x, w: F.max_pool2d(x, 2) * w.sum(),
        lambda x, w: F.avg_pool2d(x, 2, padding=1, count_include_pad=False) * w.sum(),
    ],
)
def test_arrays_that_speak_numpy_stay_what_they_are(function):
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(2, 3, 6, 6)), rng.normal(size=(3, 3, 3, 3))
    results = []
    for kind in (np.asarray, Duck):
        before = Duck.conversions
        tensors = [Tensor(kind(a), requires_grad=True) for a in arrays]
        out = function(*tensors)
        out.backward(kind(np.ones(out.shape)))
        found = [out._data, *(t.grad for t in tensors)]
        assert {type(x) for x in found} <= {np.ndarray, Duck}
        assert Duck.conversions == before
        results.append([x.array if isinstance(x, Duck) else x for x in found])
    for ours, expected in zip(*results):
        assert_allclose(ours, expected, rtol=1e-14, atol=1e-15)
    assert all(isinstance(x, Duck) for x in found)


@pytest.mark.parametrize("pool", [nn.functional.max_pool2d, nn.functional.avg_pool2d])
def test_the_equation_of_a_pooling_step_says_what_its_text_says(pool):
    x = autograd.Tensor(np.arange(16.0).reshape(1, 1, 4, 4), requires_grad=True)
    page = autograd.backprop(pool(x, 2).sum())._repr_mimebundle_()["text/html"]
    assert '["mi","unpool"]' in "".join(unpacked(page))
    assert "to_windows" not in page
    assert "over_windows" not in page


@pytest.mark.parametrize(
    ("layer", "shape", "text"),
    [
        (nn.Conv1d(2, 3, 3), (2, 6), "of what the kernel meets"),
        (nn.Conv2d(1, 2, 2, bias=False), (1, 3, 3), "of what the kernel meets"),
        (nn.MaxPool1d(2), (2, 6), "the largest of its window"),
    ],
    ids=repr,
)
def test_the_numbers_made_of_one_example_without_a_batch_can_be_chosen(layer, shape, text):
    x = Tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)
    chosen = []
    for example in (x, x[None]):
        y = layer(example)
        steps = autograd.backprop((y * y).sum())
        (windows,) = [
            record["texts"]
            for i, record in windows_of(steps, {n: i for i, n in enumerate(steps.nodes)}).items()
            if steps.nodes[i] is y
        ]
        assert all(text in window for window in windows)
        chosen.append([window.splitlines()[1:] for window in windows])
    assert chosen[0] == chosen[1]
