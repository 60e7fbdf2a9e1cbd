"""Layers for sequences, attention and recurrent ones, against PyTorch's figures and their laws."""

import json
import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
from autograd import CompileError, ShapeError, Tensor
from autograd.node import gradients
from nn.operands import numbers

ORACLES = pathlib.Path(__file__).parents[1] / "oracles"
FIGURES = json.loads((ORACLES / "sequences_torch.json").read_text())["layers"]
CLOSE = {"rtol": 1e-10, "atol": 1e-11}

every_case = pytest.mark.parametrize("name", FIGURES)


def layer_of(name):
    """The layer of a case, with PyTorch's numbers in it."""
    case = FIGURES[name]
    layer = getattr(nn, case["class"])(**case["arguments"])
    layer.load_state_dict(case["state"])
    return layer


def inputs_of(name, kind=np.array, dtype=float):
    return {key: kind(np.array(x, dtype)) for key, x in FIGURES[name]["inputs"].items()}


def called(name, layer, inputs):
    """All that a layer returns for these inputs, one after another."""
    case = FIGURES[name]
    arguments = {
        key: np.array(x) if isinstance(x, list) else x for key, x in case["options"].items()
    }
    for key, x in inputs.items():
        of, _, place = key.partition(".")
        if place:
            arguments[of] = (*arguments.get(of, ()), x)
        else:
            arguments[key] = x
    for key, of in case["shared"].items():
        arguments[key] = arguments[of]
    return flattened(layer(**arguments))


def flattened(outs):
    if not isinstance(outs, tuple):
        return [] if outs is None else [outs]
    return [out for several in outs for out in flattened(several)]


def weighted(name, outs):
    upstream = map(np.array, FIGURES[name]["upstream"])
    return sum((out * up).sum() for out, up in zip(outs, upstream, strict=True))


def leaf(array):
    return Tensor(array, requires_grad=True)


@every_case
def test_outputs_gradients_and_second_derivatives_match_pytorch(name):
    expected, layer = FIGURES[name], layer_of(name)
    inputs = inputs_of(name, leaf)
    leaves = {**inputs, **dict(layer.named_parameters())}
    outs = called(name, layer, inputs)
    for out, figure in zip(outs, expected["outs"], strict=True):
        assert_allclose(out.data, figure, **CLOSE)
    grads = gradients(weighted(name, outs), list(leaves.values()), np.ones(()), True)
    for key, grad in zip(leaves, grads):
        assert_allclose(grad.data, expected["grads"][key], **CLOSE)
    again = sum(
        (grad * np.array(expected["directions"][key])).sum() for key, grad in zip(leaves, grads)
    )
    for key, found in zip(leaves, gradients(again, list(leaves.values()), np.ones(()))):
        figure = np.array(expected["second"][key])
        assert_allclose(found if found is not None else 0 * figure, figure, **CLOSE)


@every_case
def test_the_state_dict_has_pytorchs_names_in_its_order_and_shapes(name):
    case = FIGURES[name]
    fresh = getattr(nn, case["class"])(**case["arguments"]).state_dict()
    shapes = [(key, np.shape(array)) for key, array in case["state"].items()]
    assert [(key, array.shape) for key, array in fresh.items()] == shapes


@every_case
def test_the_close_up_agrees_to_1e_12(name):
    layer, inputs = layer_of(name), inputs_of(name)
    close_up, grads = layer.scalars(), []
    for model in (layer, close_up):
        layer.zero_grad()
        outs = called(name, model, inputs)
        autograd.sum(weighted(name, outs)).backward()
        grads.append([p.grad.copy() for p in layer.parameters()])
    for out, expected in zip(outs, called(name, layer, inputs), strict=True):
        assert_allclose(numbers(out), expected.data, rtol=1e-12, atol=1e-12)
    for found, expected in zip(*grads, strict=True):
        assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@every_case
def test_compiled_it_gives_the_same_for_other_inputs_and_other_parameters(name):
    layer, rng = layer_of(name), np.random.default_rng(0)
    compiled = autograd.compile(
        lambda *xs: weighted(name, called(name, layer, dict(zip(FIGURES[name]["inputs"], xs))))
    )
    for _ in range(3):
        arrays = [rng.normal(size=x.shape) for x in inputs_of(name).values()]
        layer.flat().data = rng.normal(size=layer.flat().data.shape)
        layer.zero_grad()
        leaves = list(map(leaf, arrays))
        loss = compiled(*leaves)
        loss.backward()
        found = [x.grad.copy() for x in (*leaves, *layer.parameters())]
        layer.zero_grad()
        leaves = list(map(leaf, arrays))
        plain = weighted(name, called(name, layer, dict(zip(FIGURES[name]["inputs"], leaves))))
        plain.backward()
        assert_allclose(loss.item(), plain.item(), rtol=1e-11)
        for grad, x in zip(found, (*leaves, *layer.parameters())):
            assert_allclose(grad, x.grad, rtol=1e-10, atol=1e-11)


@every_case
def test_float32_stays_float32(name):
    layer = layer_of(name).astype(np.float32)
    inputs = inputs_of(name, leaf, np.float32)
    outs = called(name, layer, inputs)
    assert {out.dtype for out in outs} == {np.dtype(np.float32)}
    sum(out.sum() for out in outs).backward()
    assert {x.grad.dtype for x in (*inputs.values(), *layer.parameters())} == {outs[0].dtype}
    for out, figure in zip(outs, FIGURES[name]["outs"], strict=True):
        assert_allclose(out.data, figure, rtol=1e-3, atol=1e-4)


@every_case
def test_a_saved_layer_is_the_same_when_it_is_loaded(name, tmp_path):
    layer = layer_of(name)
    nn.save(layer, tmp_path / "layer.safetensors")
    twin, inputs = nn.load(tmp_path / "layer.safetensors"), inputs_of(name)
    assert repr(twin) == repr(layer)
    for a, b in zip(called(name, twin, inputs), called(name, layer, inputs), strict=True):
        assert_array_equal(a.data, b.data)


# --- multi-head attention -------------------------------------------------------------------------


def test_multi_head_attention_starts_as_in_pytorch():
    layer = nn.MultiheadAttention(60, 3, rng=np.random.default_rng(0))
    bound = np.sqrt(6 / (60 + 180))
    assert 0.98 * bound < abs(layer.in_proj_weight.data).max() <= bound
    assert 0.97 / np.sqrt(60) < abs(layer.out_proj.weight.data).max() <= 1 / np.sqrt(60)
    assert not layer.in_proj_bias.data.any()
    assert not layer.out_proj.bias.data.any()
    other = nn.MultiheadAttention(60, 3, kdim=20)
    bound = np.sqrt(6 / (60 + 20))
    assert 0.98 * bound < abs(other.k_proj_weight.data).max() <= bound


def test_a_query_that_may_look_at_nothing_gets_nan_with_weights_and_zero_without_as_in_pytorch():
    layer, x = nn.MultiheadAttention(2, 1, batch_first=True), np.ones((1, 2, 2))
    layer.out_proj.bias.data = [5.0, 6.0]
    mask = np.array([[True, True], [False, False]])
    with np.errstate(invalid="ignore"):
        out, weights = layer(x, x, x, attn_mask=mask)
    assert np.isnan(out.data[0, 0]).all()
    assert np.isnan(weights.data[0, 0]).all()
    assert np.isfinite(out.data[0, 1]).all()
    out, weights = layer(x, x, x, attn_mask=mask, need_weights=False)
    assert weights is None
    assert out.data[0, 0].tolist() == [5.0, 6.0]


def test_is_causal_is_the_causal_mask_alone_and_beside_another():
    layer, x = nn.MultiheadAttention(4, 2), np.random.default_rng(0).normal(size=(3, 2, 4))
    later = np.triu(np.full((3, 3), True), 1)
    expected, _ = layer(x, x, x, attn_mask=later)
    found, weights = layer(x, x, x, is_causal=True)
    assert_array_equal(found.data, expected.data)
    assert not weights.data[:, later].any()
    first = np.array([[False, False, False], [True, False, False], [True, False, False]])
    for mask in (first, np.where(first, -np.inf, 0.0)):
        both, _ = layer(x, x, x, attn_mask=mask, is_causal=True)
        expected, _ = layer(x, x, x, attn_mask=first | later)
        assert_array_equal(both.data, expected.data)


def test_a_mask_that_is_learnt_gets_its_gradient():
    layer, x = nn.MultiheadAttention(4, 2), np.random.default_rng(0).normal(size=(3, 1, 4))
    mask = leaf(np.zeros((3, 3)))
    padding = np.array([[False, False, True]])
    (layer(x, x, x, padding, attn_mask=mask)[0] ** 2).sum().backward()
    h = 1e-6
    bump = np.zeros((3, 3))
    bump[1, 0] = h
    ends = [(layer(x, x, x, padding, attn_mask=b)[0].data ** 2).sum() for b in (bump, -bump)]
    assert_allclose(mask.grad[1, 0], (ends[0] - ends[1]) / (2 * h), rtol=1e-7)
    assert not mask.grad[:, 2].any()


def test_dropout_of_attention_is_for_training_and_repeats_with_its_generator():
    x = np.random.default_rng(0).normal(size=(4, 2, 6))
    first, second = (
        nn.MultiheadAttention(6, 2, 0.5, rng=np.random.default_rng(7)) for _ in range(2)
    )
    assert_array_equal(first(x, x, x)[0].data, second(x, x, x)[0].data)
    assert (first(x, x, x)[0].data != second.eval()(x, x, x)[0].data).any()
    assert_array_equal(first.eval()(x, x, x)[0].data, second(x, x, x)[0].data)
    compiled = autograd.compile(lambda x: second.train()(x, x, x)[0].sum())
    with pytest.raises(CompileError, match=r"Dropout.* Call model\.eval\(\) first"):
        compiled(x)


@pytest.mark.parametrize(
    ("shapes", "error"),
    [
        (
            [(3, 2, 4), (3, 2, 4), (4, 2, 4)],
            r"needs query .* and value \(S, N, 4\), .* and \(4, 2, 4\)\.",
        ),
        ([(3, 2, 4), (3, 1, 4), (3, 1, 4)], r"needs query \(L, N, 4\), key .* and \(3, 1, 4\)\."),
        ([(3, 4), (3, 1, 4), (3, 1, 4)], r"needs query .* but got \(3, 4\), \(3, 1, 4\)"),
        ([(4,), (4,), (4,)], r"needs query .* but got \(4,\)"),
        (
            [(3, 2, 5), (3, 2, 4), (3, 2, 4)],
            r"needs input of shape \(\.\.\., 4\), but got \(3, 2, 5",
        ),
    ],
)
def test_multi_head_attention_says_which_shapes_it_needs(shapes, error):
    layer = nn.MultiheadAttention(4, 2)
    with pytest.raises(ShapeError, match=r"MultiheadAttention\(4, num_heads=2\): " + error):
        layer(*map(np.ones, shapes))


def test_multi_head_attention_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match=r"num_heads that divides embed_dim, but got 3 and 10"):
        nn.MultiheadAttention(10, 3)
    with pytest.raises(TypeError, match=r"PyTorch's add_bias_kv is not to be had .* Join a row"):
        nn.MultiheadAttention(4, 2, add_bias_kv=True)
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\), but got 1"):
        nn.MultiheadAttention(4, 2, 1.0)
    layer, x = nn.MultiheadAttention(4, 2), np.ones((3, 2, 4))
    with pytest.raises(
        ShapeError, match=r"needs key_padding_mask of shape \(2, 3\), but got \(3, 2"
    ):
        layer(x, x, x, np.full((3, 2), False))
    with pytest.raises(
        ShapeError, match=r"attn_mask of shape \(3, 3\) or \(4, 3, 3\), but got \(2, 3"
    ):
        layer(x, x, x, attn_mask=np.full((2, 3, 3), False))
    with pytest.raises(
        TypeError, match=r"attn_mask: needs a mask of truth values .* got dtype int"
    ):
        layer(x, x, x, attn_mask=np.zeros((3, 3), int))


# --- the encoder ----------------------------------------------------------------------------------


def test_an_encoder_is_copies_of_its_layer_and_a_norm():
    rng = np.random.default_rng(0)
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 3, norm=nn.LayerNorm(4), enable_nested_tensor=False)
    names = list(encoder.state_dict())
    assert names[0] == "layers.0.self_attn.in_proj_weight"
    assert names[-2:] == ["norm.weight", "norm.bias"]
    encoder.flat().data = rng.normal(size=encoder.flat().data.shape)
    x, padding = rng.normal(size=(2, 3, 4)), np.array([[False, False, True]] * 2)
    expected = x
    for one in encoder.layers:
        expected = one(expected, None, padding, True)
    found = encoder(x, src_key_padding_mask=padding, is_causal=True)
    assert_array_equal(found.data, encoder.norm(expected).data)
    assert len({id(p) for p in (*encoder.parameters(), *layer.parameters())}) == 4 * 12 + 2
    assert_array_equal(nn.TransformerEncoder(layer, 1)(x).data, layer(x).data)


def test_an_encoder_refuses_what_is_no_layer():
    with pytest.raises(TypeError, match="encoder_layer must be a layer, but got 3"):
        nn.TransformerEncoder(3, 2)
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    with pytest.raises(ValueError, match="num_layers must be >= 1, but got 0"):
        nn.TransformerEncoder(layer, 0)
    with pytest.raises(TypeError, match="TransformerEncoder: got an unknown keyword 'layers'"):
        nn.TransformerEncoder(layer, 1, layers=2)
    with pytest.raises(
        TypeError, match=r"TransformerEncoderLayer: PyTorch's bias is not to be had"
    ):
        nn.TransformerEncoderLayer(4, 2, bias=False)
    with pytest.raises(ValueError, match=r"activation must be one of .* but got 'gleu'"):
        nn.TransformerEncoderLayer(4, 2, activation="gleu")


def test_the_summary_shows_the_shape_of_the_first_result():
    layer = nn.MultiheadAttention(4, 2)
    x = np.ones((3, 2, 4))
    assert "(3, 2, 4)" in layer.summary(x, x, x).splitlines()[2]
