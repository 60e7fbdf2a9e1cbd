"""Embedding, Flatten, Dropout and normalisation against PyTorch's figures and their laws."""

import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
from autograd import ShapeError, Tensor, Value, no_grad
from nn import BatchNorm1d, Dropout, Embedding, Flatten, LayerNorm, Sequential
from nn.operands import numbers

TORCH = json.loads((pathlib.Path(__file__).parents[1] / "oracles" / "nn_torch.json").read_text())
FIGURES, UPSTREAM = TORCH["layers"]["figures"], np.array(TORCH["layers"]["upstream"])
MAKE = {
    "LayerNorm": lambda: LayerNorm(4),
    "BatchNorm1d": lambda: BatchNorm1d(4),
    "Embedding": lambda: Embedding(3, 4),
}


def flat_values(array):
    return np.vectorize(Value, otypes=[object])(array)


@pytest.mark.parametrize("name", MAKE)
def test_a_layer_matches_pytorch_in_training_and_after(name):
    figures, layer = FIGURES[name], MAKE[name]()
    layer.load_state_dict(figures["start"])
    for run in figures["runs"]:
        layer.train(run["training"]).zero_grad()
        x = np.array(figures["x"])
        if name != "Embedding":
            x = Tensor(x, requires_grad=True)
        out = layer(x)
        (out * UPSTREAM).sum().backward()
        assert_allclose(out.data, run["out"], rtol=1e-10, atol=1e-12)
        for key, expected in run["grads"].items():
            grad = x.grad if key == "x" else getattr(layer, key).grad
            assert_allclose(grad, expected, rtol=1e-10, atol=1e-12)
    state = layer.state_dict()
    assert list(state) == list(figures["end"])
    for key, expected in figures["end"].items():
        assert_allclose(state[key], expected, rtol=1e-12)


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("training", [True, False])
def test_the_close_up_of_a_layer_agrees_to_1e_12(name, training):
    figures, layer = FIGURES[name], MAKE[name]()
    layer.load_state_dict(figures["end"])
    close_up = layer.train(training).scalars()
    x = np.array(figures["x"])
    grads = []
    for model in (layer, close_up):
        layer.zero_grad()
        out = model(x)
        (out * UPSTREAM).sum().backward()
        grads.append([p.grad.copy() for p in layer.parameters()])
    assert out.dtype == object
    assert_allclose(numbers(out), layer(x).data, rtol=1e-12, atol=1e-12)
    for a, b in zip(*grads):
        assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("layer", [LayerNorm(3), BatchNorm1d(3)], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normalisation_is_finite_far_out_and_for_equal_numbers(layer, dtype):
    cross = 1e4 * np.eye(3) - 1e4 * np.eye(3)[::-1]
    for array in (np.full((2, 3), 1e4), cross, np.zeros((2, 3))):
        x = Tensor(array, requires_grad=True, dtype=dtype)
        out = layer(x)
        (out * out).sum().backward()
        assert np.isfinite(out.data).all()
        assert np.isfinite(x.grad).all()


# --- normalisation --------------------------------------------------------------------------------


def test_layer_norm_keeps_other_axes_and_takes_lists_of_values():
    layer, x = LayerNorm(3, eps=1e-12), np.random.default_rng(0).normal(size=(2, 5, 3))
    out = layer(x).data
    assert_allclose(out.mean(axis=-1), 0, atol=1e-14)
    assert_allclose(out.std(axis=-1), 1, rtol=1e-9)
    row = layer.scalars()([Value(number) for number in x[0, 0]])
    assert_allclose(numbers(row), out[0, 0], rtol=1e-13)


def test_normalisation_refuses_what_it_cannot_do():
    with pytest.raises(ShapeError, match=r"LayerNorm\(3\): needs input of shape \(\.\.\., 3\)"):
        LayerNorm(3)(np.ones((3, 2)))
    with pytest.raises(
        ShapeError, match=r"BatchNorm1d\(3\): needs .* \(N, 3\) or \(N, 3, L\), but "
    ):
        BatchNorm1d(3)(np.ones((4, 2, 3)))
    with pytest.raises(
        ShapeError, match=r"BatchNorm2d\(3\): needs input of shape \(N, 3, H, W\), b"
    ):
        nn.BatchNorm2d(3)(np.ones((4, 3)))
    with pytest.raises(
        ShapeError, match=r"GroupNorm\(2, 4\): needs .* \(N, 4, \.\.\.\), but got \(2, 3\)"
    ):
        nn.GroupNorm(2, 4)(np.ones((2, 3)))
    with pytest.raises(
        ValueError, match="GroupNorm: num_groups must divide the 4 channels, but got 3"
    ):
        nn.GroupNorm(3, 4)
    with pytest.raises(
        ShapeError, match=r"RMSNorm\(\(2, 3\)\): needs input of shape \(\.\.\., 2, 3\)"
    ):
        nn.RMSNorm((2, 3))(np.ones(3))
    with pytest.raises(
        ShapeError, match=r"group_norm: needs a weight of shape \(4, 1\), but got \(3, 1\)"
    ):
        nn.functional.group_norm(np.ones((2, 4, 2)), 2, np.ones(3))
    with pytest.raises(ValueError, match="batch_norm: needs running averages where it is not in"):
        nn.functional.batch_norm(np.ones((2, 4)), None, None)
    with pytest.raises(ValueError, match=r"at least 2 examples in training, but got 1\. Call eval"):
        BatchNorm1d(3)(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"LayerNorm: eps must be > 0, but got 0"):
        LayerNorm(3, eps=0)
    with pytest.raises(ValueError, match=r"BatchNorm1d: momentum must be in \(0, 1\], but got 0"):
        BatchNorm1d(3, momentum=0)
    with pytest.raises(ValueError, match=r"LayerNorm: normalized_shape must be >= 1, but got 0"):
        LayerNorm(0)


def test_batch_norm_in_eval_mode_takes_one_example_and_changes_nothing():
    layer = BatchNorm1d(2)
    layer([[1.0, 2.0], [3.0, 8.0]])
    before = layer.state_dict()
    layer.eval()([[1.0, 2.0]])
    for key, array in layer.state_dict().items():
        assert_array_equal(array, before[key])
    assert before["num_batches_tracked"] == 1
    assert len(layer.parameters()) == 2


def test_without_momentum_batch_norm_keeps_the_mean_of_all_batches(tmp_path):
    layer, batches = (
        nn.BatchNorm2d(3, momentum=None),
        np.random.default_rng(0).normal(size=(4, 5, 3, 2, 2)),
    )
    for batch in batches[:3]:
        layer(batch)
    nn.save(layer, tmp_path / "layer.safetensors")
    layer = nn.load(tmp_path / "layer.safetensors")
    assert layer.momentum is None
    layer(batches[3])
    assert_allclose(layer.running_mean.data, batches.mean((0, 1, 3, 4)), rtol=1e-13)
    assert_allclose(layer.running_var.data, batches.var((1, 3, 4), ddof=1).mean(0), rtol=1e-13)


@pytest.mark.parametrize("axes", [(), (2,)])
def test_compiled_batch_norm_keeps_its_averages(axes):
    layer, twin = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    run = autograd.compile(lambda x: (layer(x) ** 3).sum())
    for x in np.random.default_rng(0).normal(size=(4, 5, 3, *axes)):
        for loss in (run(x), (twin(x) ** 3).sum()):
            loss.backward()
        for name, expected in twin.state_dict().items():
            assert_allclose(layer.state_dict()[name], expected, rtol=1e-13)
        for p, q in zip(layer.parameters(), twin.parameters(), strict=True):
            assert_allclose(p.grad, q.grad, rtol=1e-12, atol=1e-12)
    layer.eval()
    assert_allclose(run(x).data, (twin.eval()(x) ** 3).data.sum())


def test_the_close_up_of_batch_norm_keeps_averages_of_its_own():
    layer = BatchNorm1d(2)
    close_up = layer.scalars()
    close_up([[1.0, 2.0], [3.0, 8.0]])
    assert layer.running_mean.data.tolist() == [0.0, 0.0]
    assert_allclose(close_up.running_mean.data, [0.2, 0.5])


def test_a_buffer_is_not_replaced_by_an_array_unnoticed():
    layer = BatchNorm1d(2)
    with pytest.raises(TypeError, match=r"running_mean is a Buffer .* got an array.*mean\.data"):
        layer.running_mean = np.zeros(2)


# --- Embedding and Flatten ------------------------------------------------------------------------


def test_an_embedding_gives_rows_for_indices_of_any_shape():
    layer = Embedding(5, 2, rng=np.random.default_rng(0))
    index = np.array([[0, 4, 4], [1, 0, 2]])
    assert_array_equal(layer(index).data, layer.weight.data[index])
    assert layer(3).shape == (2,)
    assert layer(index.tolist()).shape == (2, 3, 2)


def test_an_embedding_adds_up_the_gradients_of_what_came_twice():
    layer = Embedding(3, 2)
    (layer([1, 1, 0]) * np.array([[1.0], [10.0], [100.0]])).sum().backward()
    assert layer.weight.grad.tolist() == [[100.0, 100.0], [11.0, 11.0], [0.0, 0.0]]


@pytest.mark.parametrize("wrong", [-1, 3])
def test_an_embedding_refuses_what_it_has_no_row_for(wrong):
    with pytest.raises(ValueError, match=rf"Embedding\(3, 2\): needs .* \[0, 3\), but got {wrong}"):
        Embedding(3, 2)([0, wrong])


def test_an_embedding_refuses_what_is_no_whole_number():
    with pytest.raises(TypeError, match=r"needs whole numbers, but got dtype float64"):
        Embedding(3, 2)([0.0, 1.0])


def test_embeddings_start_from_the_standard_normal_distribution():
    weight = Embedding(200, 100, rng=np.random.default_rng(0)).weight.data
    assert abs(weight.mean()) < 0.03
    assert abs(weight.std() - 1) < 0.03


def test_flatten_keeps_the_examples_apart_and_lets_gradients_through():
    x = Tensor(np.arange(24.0).reshape(2, 3, 4), requires_grad=True)
    out = Flatten()(x)
    assert_array_equal(out.data, x.data.reshape(2, 12))
    (out * out).sum().backward()
    assert_array_equal(x.grad, 2 * x.data)
    assert Flatten()(np.zeros((0, 3, 4))).shape == (0, 12)
    assert Flatten()([1.0, 2.0]).shape == (2, 1)
    assert Flatten()(flat_values(np.ones((2, 2, 2)))).shape == (2, 4)
    with pytest.raises(ShapeError, match=r"Flatten: needs input of shape \(N, \.\.\.\)"):
        Flatten()(1.0)


# --- Dropout --------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_mean_and_drops_a_part_p_within_statistical_bounds(p):
    n = 100_000
    out = Dropout(p, rng=np.random.default_rng(0))(Tensor(np.ones(n))).data
    assert_allclose(np.unique(out), [0, 1 / (1 - p)])
    deviation = np.sqrt(p * (1 - p) / n)  # of the part that is dropped
    assert abs((out == 0).mean() - p) < 4 * deviation
    assert abs(out.mean() - 1) < 4 * deviation / (1 - p)


def test_dropout_does_nothing_in_eval_mode_or_with_p_0():
    x = Tensor(np.ones(100))
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
    model = Sequential(Dropout(0.5)).eval()
    assert model(x) is x


def test_the_gradient_of_dropout_goes_where_the_numbers_went():
    x = Tensor(np.ones((20, 5)), requires_grad=True)
    out = Dropout(0.4, rng=np.random.default_rng(0))(x)
    out.sum().backward()
    assert_array_equal(x.grad, out.data)


def test_dropout_chooses_anew_each_time_and_repeats_with_the_seed():
    x = np.ones(50)
    layer = Dropout(rng=np.random.default_rng(3))
    first, second = layer(x), layer(x)
    assert (first != second).any()
    assert_array_equal(Dropout(rng=np.random.default_rng(3))(x), first)
    nn.manual_seed(1)
    drawn = Dropout()(x)
    nn.manual_seed(1)
    assert_array_equal(Dropout()(x), drawn)


def test_the_close_up_of_dropout_makes_the_choices_the_model_would_make():
    model = Dropout(0.5, rng=np.random.default_rng(0))
    close_up, x = model.scalars(), np.arange(1.0, 13.0).reshape(3, 4)
    out = close_up(flat_values(x))
    assert_allclose(numbers(out), model(Tensor(x)).data, rtol=1e-15)
    out.sum().backward()


def test_dropout_keeps_float32():
    assert Dropout(0.3)(Tensor(np.ones(3, np.float32))).dtype == np.float32


@pytest.mark.parametrize("p", [-0.1, 1.0, np.nan])
def test_dropout_needs_a_probability_below_one(p):
    with pytest.raises(ValueError, match=rf"Dropout: p must be in \[0, 1\), but got {p}"):
        Dropout(p)


def test_dropout_refuses_a_seed_in_the_place_of_a_generator():
    with pytest.raises(TypeError, match=r"needs a NumPy Generator .* but got 0"):
        Dropout(rng=0)


def test_a_model_of_all_these_layers_learns():
    rng = np.random.default_rng(0)
    model = Sequential(
        Embedding(6, 4, rng=rng),
        Flatten(),
        LayerNorm(8),
        nn.Linear(8, 8, rng=rng),
        BatchNorm1d(8),
        nn.GELU(),
        Dropout(0.2, rng=rng),
        nn.Linear(8, 2, rng=rng),
    )
    pairs = rng.integers(0, 6, size=(64, 2))
    classes = (pairs[:, 0] > pairs[:, 1]).astype(int)
    loss_of = nn.CrossEntropyLoss()
    for _ in range(150):
        loss = loss_of(model(pairs), classes)
        model.zero_grad()
        loss.backward()
        flat = model.flat()
        flat.data = flat.data - 0.2 * flat.grad
    with no_grad():
        assert (model.eval()(pairs).data.argmax(axis=1) == classes).mean() > 0.95
