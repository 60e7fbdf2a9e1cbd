"""Attention, embeddings and cross-entropy of more dimensions against PyTorch's figures."""

import functools
import itertools
import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
from autograd import ShapeError, Tensor, Value
from autograd.node import gradients
from nn import functional
from nn.operands import numbers
from tests.each import each

ORACLES = pathlib.Path(__file__).parents[2] / "oracles"
FIGURES = json.loads((ORACLES / "sequences_torch.json").read_text())["functions"]
RUNS = [(name, run) for name, case in FIGURES.items() for run in case["runs"]]
CLOSE = {"rtol": 1e-10, "atol": 1e-12}

every_run = each(("name", "run"), RUNS, ids=itertools.starmap("{} {}".format, RUNS))


def call_of(name, run):
    """The function of a case with its constants bound, of the differentiated arguments by name."""
    case = FIGURES[name]
    options = dict(case["options"])
    if "mask" in options:
        options["attn_mask"] = np.array(options.pop("mask"), dtype=bool)
    if "attn_mask" in options:
        options["attn_mask"] = np.array(options["attn_mask"])
    if run != "None":
        options["reduction"] = run
    if "target" in options:
        options["target"] = np.array(options["target"])
    if case["function"] == "nll_loss":
        return lambda logits: functional.nll_loss(logits, **options)
    return functools.partial(getattr(functional, case["function"]), **options)


def inputs_of(name, kind):
    return {key: kind(np.array(x)) for key, x in FIGURES[name]["inputs"].items()}


def values(array):
    return np.vectorize(Value, otypes=[object])(array)


def leaf(array):
    return Tensor(array, requires_grad=True)


@every_run
def test_outputs_gradients_and_second_derivatives_match_pytorch(name, run):
    expected = FIGURES[name]["runs"][run]
    leaves = inputs_of(name, leaf)
    out = call_of(name, run)(**leaves)
    assert_allclose(out.data, expected["outs"][0], **CLOSE)
    found = gradients(out, list(leaves.values()), np.array(expected["upstream"][0]), True)
    for key, grad in zip(leaves, found):
        assert_allclose(numbers(grad), expected["grads"][key], **CLOSE)
    directions = [np.array(expected["directions"][key]) for key in leaves]
    again = sum((grad * d).sum() for grad, d in zip(found, directions))
    curved = getattr(again, "requires_grad", False)  # a lookup is linear
    second = gradients(again, list(leaves.values()), np.ones(())) if curved else []
    for key, grad in itertools.zip_longest(leaves, second):
        found = np.zeros(leaves[key].shape) if grad is None else grad
        assert_allclose(found, expected["second"][key], **CLOSE)


@every_run
def test_on_values_they_give_the_same(name, run):
    expected = FIGURES[name]["runs"][run]
    leaves = inputs_of(name, values)
    out = call_of(name, run)(**leaves)
    assert_allclose(numbers(out), expected["outs"][0], **CLOSE)
    upstream = expected["upstream"][0]
    loss = autograd.sum(out * np.array(upstream)) if isinstance(upstream, list) else out * upstream
    loss.backward()
    for key, array in leaves.items():
        grads = np.vectorize(lambda v: v.grad, otypes=[float])(array)
        assert_allclose(grads, expected["grads"][key], **CLOSE)


@every_run
def test_compiled_they_give_the_same(name, run):
    function, upstream = call_of(name, run), np.array(FIGURES[name]["runs"][run]["upstream"][0])
    names, rng = list(FIGURES[name]["inputs"]), np.random.default_rng(0)
    loss = autograd.compile(lambda *xs: (function(**dict(zip(names, xs))) * upstream).sum())
    for _ in range(3):
        sign = -1.0 if name.startswith("nll") else 1.0
        arrays = [sign * rng.uniform(0.5, 1, x.shape) for x in inputs_of(name, np.array).values()]
        leaves, compiled = [list(map(leaf, arrays)) for _ in range(2)]
        expected = (function(**dict(zip(names, leaves))) * upstream).sum()
        expected.backward()
        found = loss(*compiled)
        found.backward()
        assert_allclose(found.item(), expected.item(), rtol=1e-12, atol=1e-14)
        for a, b in zip(compiled, leaves):
            assert_allclose(a.grad, b.grad, rtol=1e-12, atol=1e-14)


@every_run
def test_float32_stays_float32(name, run):
    leaves = inputs_of(name, lambda x: Tensor(x, requires_grad=True, dtype=np.float32))
    out = call_of(name, run)(**leaves)
    out.sum().backward()
    assert out.dtype == np.float32
    assert {x.grad.dtype for x in leaves.values()} == {np.dtype(np.float32)}
    assert_allclose(out.data, FIGURES[name]["runs"][run]["outs"][0], rtol=1e-4, atol=1e-5)


# --- attention: laws, special points, mistakes ----------------------------------------------------


def attended(query=(3, 2), key=(4, 2), value=(4, 5), **options):
    rng = np.random.default_rng(0)
    arrays = (leaf(rng.normal(size=shape)) for shape in (query, key, value))
    return functional.scaled_dot_product_attention(*arrays, **options)


def test_a_query_that_may_look_at_nothing_gets_zero_and_passes_no_gradient():
    query, key, value = (leaf(np.full((2, 2), 3.0)) for _ in range(3))
    mask = np.array([[False, False], [True, False]])
    for given in (mask, np.where(mask, 0.0, -np.inf)):
        out = functional.scaled_dot_product_attention(query, key, value, given)
        assert out.data.tolist() == [[0.0, 0.0], [3.0, 3.0]]
        value.zero_grad()
        out.sum().backward()
        assert value.grad.tolist() == [[1.0, 1.0], [0.0, 0.0]]
        assert query.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_softmax_of_nothing_but_minus_infinity_is_nan_as_in_pytorch_and_safe_softmax_zero():
    row = np.array([[-np.inf, -np.inf], [0.0, -np.inf]])
    with np.errstate(invalid="ignore"):
        assert np.isnan(autograd.softmax(row)[0]).all()
    for kind in (np.array, leaf, values):
        assert_array_equal(numbers(autograd.safe_softmax(kind(row))), [[0.0, 0.0], [1.0, 0.0]])
    assert np.isnan(autograd.safe_softmax(np.array([np.nan, 0.0]))).all()


@pytest.mark.parametrize("size", [1e3, 1e150, 1e300])
def test_attention_to_far_away_keys_is_finite(size):
    query, key, value = leaf([[size], [-size]]), leaf([[1.0], [-1.0]]), leaf([[1.0], [2.0]])
    out = functional.scaled_dot_product_attention(query, key, value)
    out.sum().backward()
    assert out.data.tolist() == [[1.0], [2.0]]
    assert all(np.isfinite(x.grad).all() for x in (query, key, value))


def test_dropout_in_attention_sets_weights_to_zero_and_keeps_their_mean():
    value = np.eye(500)
    options = {"dropout_p": 0.25, "rng": np.random.default_rng(1)}
    weights = functional.scaled_dot_product_attention(
        np.zeros((200, 1)), np.zeros((500, 1)), value, **options
    )
    assert_allclose(np.unique(weights), [0, 1 / 500 / 0.75])
    assert abs((weights == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / weights.size)


@pytest.mark.parametrize(
    "shapes",
    [
        {"query": (3, 3)},
        {"key": (4, 3)},
        {"value": (3, 5)},
        {"query": (2,)},
        {"query": (2, 3, 2), "key": (3, 4, 2)},
        {"key": (0, 2), "value": (0, 5)},
    ],
    ids=str,
)
def test_attention_says_which_shapes_it_needs(shapes):
    with pytest.raises(ShapeError, match=r"needs query \(\.\.\., L, E\), key .* but got \("):
        attended(**shapes)


def test_attention_refuses_masks_that_say_nothing_clear():
    with pytest.raises(ShapeError, match=r"scores' shape \(3, 4\), but got \(4, 3\)"):
        attended(attn_mask=np.ones((4, 3), bool))
    with pytest.raises(ShapeError, match=r"scores' shape \(3, 4\), but got \(2, 3, 4\)"):
        attended(attn_mask=np.ones((2, 3, 4), bool))
    with pytest.raises(TypeError, match=r"but got dtype int64\. mask\.astype\(bool\)"):
        attended(attn_mask=np.ones((3, 4), np.int64))
    with pytest.raises(ValueError, match=r"attn_mask or is_causal, but got both"):
        attended(attn_mask=np.ones((3, 4), bool), is_causal=True)
    with pytest.raises(TypeError, match=r"PyTorch's enable_gqa is not to be had .* key\.repeat"):
        attended(enable_gqa=True)
    with pytest.raises(TypeError, match="scale must be a number, but got 'wide'"):
        attended(scale="wide")
    with pytest.raises(ValueError, match=r"dropout: p must be in \[0, 1\), but got 1"):
        attended(dropout_p=1.0)


def test_a_compiled_attention_draws_a_mask_at_each_call_as_uncompiled():
    x = leaf(np.random.default_rng(0).normal(size=(2, 3, 4)))

    def f(x):
        return attend(x, x, x, dropout_p=0.5).sum()

    def calls(run):
        nn.manual_seed(0)
        for _ in range(4):
            x.zero_grad()
            total = run(x)
            total.backward()
            yield np.append(x.grad, total.data)

    ours, theirs = [*calls(autograd.compile(f))], [*calls(f)]
    assert len({part[-1] for part in theirs}) == 4
    assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


def attend(*args, **options):
    return functional.scaled_dot_product_attention(*args, **options)


# --- embedding ------------------------------------------------------------------------------------


def test_the_padding_row_starts_as_zeros_is_looked_up_as_it_is_and_learns_nothing():
    layer = nn.Embedding(3, 2, padding_idx=-1)
    assert layer.padding_idx == 2
    assert layer.weight.data[2].tolist() == [0.0, 0.0]
    assert (layer.weight.data[:2] != 0).all()
    layer.weight.data = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    out = layer([2, 0, 2])
    assert out.data.tolist() == [[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    assert repr(layer) == "Embedding(3, 2, padding_idx=2)"


def test_the_close_up_of_an_embedding_leaves_padding_alone_too():
    layer = nn.Embedding(3, 2, padding_idx=0)
    layer.weight.data = [[7.0, 8.0], [1.0, 2.0], [3.0, 4.0]]
    out = layer.scalars()([1, 0])
    assert_array_equal(numbers(out), [[1.0, 2.0], [7.0, 8.0]])
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]


def test_a_compiled_embedding_reads_the_padding_row_at_each_call():
    layer = nn.Embedding(3, 2, padding_idx=0)
    compiled = autograd.compile(lambda index: (layer(index) ** 2).sum())
    for factor in (1.0, 2.0, 3.0):
        layer.weight.data = factor * np.arange(6.0).reshape(3, 2) + 1
        index = np.array([0, 2, 0])
        assert compiled(index).item() == (layer.weight.data[index] ** 2).sum()
        layer.zero_grad()
        compiled(index).backward()
        assert layer.weight.grad[0].tolist() == [0.0, 0.0]


def test_the_empty_sequence_has_no_vectors():
    assert nn.Embedding(3, 2, padding_idx=0)(np.zeros((2, 0), int)).shape == (2, 0, 2)


@pytest.mark.parametrize("padding", [3, -4])
def test_padding_outside_the_table_is_refused(padding):
    with pytest.raises(ValueError, match=rf"padding_idx must be in \[-3, 3\), but got {padding}"):
        nn.Embedding(3, 2, padding)
    with pytest.raises(ValueError, match=r"embedding: padding_idx must be in \[-3, 3\)"):
        functional.embedding([0], np.ones((3, 2)), padding)


@pytest.mark.parametrize(
    ("option", "value"),
    [("max_norm", 1.0), ("norm_type", 1.0), ("scale_grad_by_freq", True), ("sparse", True)],
)
def test_options_of_pytorch_that_are_missing_are_refused_by_name(option, value):
    with pytest.raises(TypeError, match=rf"Embedding: PyTorch's {option} is not to be had here"):
        nn.Embedding(3, 2, **{option: value})
    with pytest.raises(TypeError, match=rf"embedding: PyTorch's {option} is not to be had here"):
        functional.embedding([0], np.ones((3, 2)), **{option: value})
    with pytest.raises(TypeError, match=r"Embedding: got an unknown keyword 'paddding_idx'"):
        nn.Embedding(3, 2, paddding_idx=0)


def test_the_table_comes_second():
    with pytest.raises(ShapeError, match=r"needs weight of shape \(n, d\), but got \(2,\)\. First"):
        functional.embedding(np.ones((3, 2)), np.array([0, 1]))


# --- cross-entropy --------------------------------------------------------------------------------


def test_every_place_is_an_example():
    rng = np.random.default_rng(0)
    scores, classes = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 3, size=(2, 4, 5))
    rows = np.moveaxis(scores, 1, -1).reshape(-1, 3)
    for reduction in ("mean", "sum"):
        found = functional.cross_entropy(scores, classes, reduction)
        assert found == functional.cross_entropy(rows, classes.ravel(), reduction)
    one_hot = np.moveaxis(np.eye(3)[classes], -1, 1)
    losses = functional.cross_entropy(scores, one_hot, "none")
    assert losses.shape == (2, 4, 5)
    assert_allclose(losses, functional.cross_entropy(scores, classes, "none"), rtol=1e-14)


@pytest.mark.parametrize("loss_of", [functional.cross_entropy, functional.nll_loss])
@pytest.mark.parametrize("kind", [leaf, values])
def test_nothing_but_padding_costs_nothing_and_has_no_mean(loss_of, kind):
    scores, classes = kind(np.full((2, 3, 2), -1.0)), np.full((2, 2), -100)
    total = loss_of(scores, classes, "sum", ignore_index=-100)
    assert total.item() == 0
    total.backward()
    assert all(v.grad == 0 for v in scores.flat) if kind is values else not scores.grad.any()
    losses = loss_of(scores, classes, "none", ignore_index=-100)
    assert_array_equal(numbers(losses), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="to be ignored, -100, so there is no mean"):
        loss_of(scores, classes, ignore_index=-100)


def test_scores_of_more_dimensions_say_where_the_classes_are():
    text = r"\(2, 5, 3\), with the 5 classes along .* needs .* \(2, 3\), but got \(2, 5\)"
    for loss_of in (functional.cross_entropy, functional.nll_loss):
        with pytest.raises(ShapeError, match=text):
            loss_of(-np.ones((2, 5, 3)), np.zeros((2, 5), int))
