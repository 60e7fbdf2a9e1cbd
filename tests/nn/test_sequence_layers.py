"""Layers for sequences, attention and recurrent ones, against PyTorch's figures and their laws."""

import json
import pathlib
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
from autograd import ShapeError, Tensor
from autograd.node import gradients, topological
from nn.operands import numbers
from tests.each import each

ORACLES = pathlib.Path(__file__).parents[1] / "oracles"
FIGURES = json.loads((ORACLES / "sequences_torch.json").read_text())["layers"]
CLOSE = {"rtol": 1e-10, "atol": 1e-11}

every_case = each("case", FIGURES.values(), ids=FIGURES)


def layer_of(case):
    """The layer of a case, with PyTorch's numbers in it."""
    layer = getattr(nn, case["class"])(**case["arguments"])
    layer.load_state_dict(case["state"])
    return layer


def inputs_of(case, kind=np.array, dtype=float):
    return {key: kind(np.array(x, dtype)) for key, x in case["inputs"].items()}


def called(case, layer, inputs):
    """All that a layer returns for these inputs, one after another."""
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


def weighted(case, outs):
    upstream = map(np.array, case["upstream"])
    return sum((out * up).sum() for out, up in zip(outs, upstream, strict=True))


def leaf(array):
    return Tensor(array, requires_grad=True)


@every_case
def test_outputs_gradients_and_second_derivatives_match_pytorch(case):
    layer, inputs = layer_of(case), inputs_of(case, leaf)
    leaves = {**inputs, **dict(layer.named_parameters())}
    outs = called(case, layer, inputs)
    for out, figure in zip(outs, case["outs"], strict=True):
        assert_allclose(out.data, figure, **CLOSE)
    grads = gradients(weighted(case, outs), list(leaves.values()), np.ones(()), True)
    for key, grad in zip(leaves, grads):
        assert_allclose(grad.data, case["grads"][key], **CLOSE)
    again = sum(
        (grad * np.array(case["directions"][key])).sum() for key, grad in zip(leaves, grads)
    )
    for key, found in zip(leaves, gradients(again, list(leaves.values()), np.ones(()))):
        figure = np.array(case["second"][key])
        assert_allclose(found if found is not None else 0 * figure, figure, **CLOSE)


@every_case
def test_the_state_dict_has_pytorchs_names_in_its_order_and_shapes(case):
    fresh = getattr(nn, case["class"])(**case["arguments"]).state_dict()
    shapes = [(key, np.shape(array)) for key, array in case["state"].items()]
    assert [(key, array.shape) for key, array in fresh.items()] == shapes


@every_case
def test_the_close_up_agrees_to_1e_12(case):
    layer, inputs = layer_of(case), inputs_of(case)
    close_up, grads = layer.scalars(), []
    for model in (layer, close_up):
        layer.zero_grad()
        outs = called(case, model, inputs)
        autograd.sum(weighted(case, outs)).backward()
        grads.append([p.grad.copy() for p in layer.parameters()])
    for out, expected in zip(outs, called(case, layer, inputs), strict=True):
        assert_allclose(numbers(out), expected.data, rtol=1e-12, atol=1e-12)
    for found, expected in zip(*grads, strict=True):
        assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@every_case
def test_compiled_it_gives_pytorchs_figures_and_the_same_for_other_numbers(case):
    layer, rng = layer_of(case), np.random.default_rng(0)

    def plain(*xs):
        outs = called(case, layer, dict(zip(case["inputs"], xs)))
        return weighted(case, outs), outs

    def found(function, inputs):
        layer.zero_grad()
        leaves = [leaf(x) for x in inputs]
        total, outs = function(*leaves)
        total.backward()
        return [*(out.data for out in outs), *(x.grad.copy() for x in (*leaves, *parameters))]

    compiled, parameters = autograd.compile(plain), layer.parameters()
    figures = [*case["outs"], *case["grads"].values()]
    inputs = [*inputs_of(case).values()]
    for _ in range(2):  # the first call follows the function, the second runs what it has become
        for array, figure in zip(found(compiled, inputs), figures, strict=True):
            assert_allclose(array, figure, **CLOSE)
    layer.flat().data = rng.normal(size=layer.flat().data.shape)
    inputs = [rng.normal(size=x.shape) for x in inputs]
    for array, other in zip(found(compiled, inputs), found(plain, inputs), strict=True):
        assert_allclose(array, other, **CLOSE)


@every_case
def test_float32_stays_float32(case):
    layer = layer_of(case).astype(np.float32)
    inputs = inputs_of(case, leaf, np.float32)
    outs = called(case, layer, inputs)
    assert {out.dtype for out in outs} == {np.dtype(np.float32)}
    sum(out.sum() for out in outs).backward()
    assert {x.grad.dtype for x in (*inputs.values(), *layer.parameters())} == {outs[0].dtype}
    for out, figure in zip(outs, case["outs"], strict=True):
        assert_allclose(out.data, figure, rtol=1e-3, atol=1e-4)


@every_case
def test_a_saved_layer_is_the_same_when_it_is_loaded(case, tmp_path):
    layer = layer_of(case)
    nn.save(layer, tmp_path / "layer.safetensors")
    twin, inputs = nn.load(tmp_path / "layer.safetensors"), inputs_of(case)
    assert repr(twin) == repr(layer)
    for a, b in zip(called(case, twin, inputs), called(case, layer, inputs), strict=True):
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
    first, second = (
        nn.MultiheadAttention(6, 2, 0.5, rng=np.random.default_rng(8)) for _ in range(2)
    )
    compiled = autograd.compile(lambda x: second(x, x, x)[0])
    for _ in range(3):
        assert_allclose(compiled(x).data, first(x, x, x)[0].data, rtol=1e-12)


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
    assert list(nn.TransformerEncoderLayer(4, 2, bias=False).state_dict()) == [
        "self_attn.in_proj_weight", "self_attn.out_proj.weight",
        "linear1.weight", "linear2.weight", "norm1.weight", "norm2.weight",
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"activation must be one of .* but got 'gleu'"):
        nn.TransformerEncoderLayer(4, 2, activation="gleu")


def test_the_summary_shows_the_shape_of_the_first_result():
    layer = nn.MultiheadAttention(4, 2)
    x = np.ones((3, 2, 4))
    assert "(3, 2, 4)" in layer.summary(x, x, x).splitlines()[2]


# --- recurrent layers -----------------------------------------------------------------------------

RECURRENT = [nn.RNN, nn.LSTM, nn.GRU]
CELLS = [nn.RNNCell, nn.LSTMCell, nn.GRUCell]

every_layer = pytest.mark.parametrize("kind", RECURRENT)


@pytest.mark.parametrize(("kind", "of_cell"), list(zip(RECURRENT, CELLS)))
def test_a_layer_is_its_cell_step_by_step(kind, of_cell):
    layer, cell = kind(3, 2), of_cell(3, 2)
    cell.load_state_dict({key.removesuffix("_l0"): x for key, x in layer.state_dict().items()})
    x, state = np.random.default_rng(0).normal(size=(5, 4, 3)), None
    output, end = layer(x)
    for t in range(5):
        state = cell(x[t], state)
        assert_array_equal(output.data[t], flattened(state)[0].data)
    for a, b in zip(flattened(end), flattened(state), strict=True):
        assert_array_equal(a.data[0], b.data)


@every_layer
def test_a_sequence_may_be_cut_in_two_and_its_state_handed_on(kind):
    layer = kind(3, 2, num_layers=2, batch_first=True)
    x = np.random.default_rng(0).normal(size=(4, 6, 3))
    whole, end = layer(x)
    first, state = layer(x[:, :2])
    second, last = layer(x[:, 2:], state)
    assert_array_equal(np.concatenate([first.data, second.data], axis=1), whole.data)
    for a, b in zip(flattened(end), flattened(last), strict=True):
        assert_array_equal(a.data, b.data)


@every_layer
def test_the_second_direction_reads_from_the_end(kind):
    both, one = kind(3, 2, bidirectional=True), kind(3, 2)
    state = both.state_dict()
    for suffix, order in [("_l0", slice(None)), ("_l0_reverse", slice(None, None, -1))]:
        one.load_state_dict({key: state[key.replace("_l0", suffix)] for key in one.state_dict()})
        x = np.random.default_rng(0).normal(size=(5, 4, 3))
        half = slice(0, 2) if suffix == "_l0" else slice(2, 4)
        assert_array_equal(both(x)[0].data[..., half], one(x[order])[0].data[order])


@every_layer
def test_a_given_state_gets_its_gradient_and_padding_of_the_batch_changes_nothing(kind):
    rng = np.random.default_rng(0)
    layer, pair = kind(2, 3, rng=rng), kind is nn.LSTM
    state = tuple(leaf(rng.normal(size=(1, 2, 3))) for _ in range(1 + pair))
    x = rng.normal(size=(4, 2, 2))
    output, _ = layer(x, state if pair else state[0])
    output[:, 0].sum().backward()
    for h in state:
        assert h.grad[:, 0].all()
        assert not h.grad[:, 1].any()
    alone, _ = layer(x[:, 0], tuple(h[:, 0] for h in state) if pair else state[0][:, 0])
    assert_allclose(alone.data, output.data[:, 0], rtol=1e-14, atol=1e-15)


@every_layer
def test_dropout_stands_between_layers_alone(kind):
    x = np.random.default_rng(0).normal(size=(3, 2, 4))
    layer = kind(4, 8, num_layers=2, dropout=0.5, rng=np.random.default_rng(5))
    twin = kind(4, 8, num_layers=2, dropout=0.5, rng=np.random.default_rng(5))
    assert_array_equal(layer(x)[0].data, twin(x)[0].data)
    trained = layer(x)
    assert (trained[0].data != twin.eval()(x)[0].data).any()
    first = flattened(trained[1])[0].data[0]
    assert_array_equal(first, flattened(twin(x)[1])[0].data[0])  # the first layer's is whole
    assert trained[0].data.all()  # and so is the output
    assert_array_equal(layer.eval()(x)[0].data, twin(x)[0].data)
    layer, twin = (
        kind(4, 8, num_layers=2, dropout=0.5, rng=np.random.default_rng(6)) for _ in range(2)
    )
    compiled = autograd.compile(lambda x: layer(x)[0])
    for _ in range(3):
        assert_allclose(compiled(x).data, twin(x)[0].data, rtol=1e-12)


@every_layer
def test_dropout_of_a_single_layer_is_told_to_do_nothing(kind):
    with pytest.warns(UserWarning, match=rf"{kind.__name__}: dropout=0\.5 does nothing") as told:
        kind(1, 1, dropout=0.5)
    assert told[0].filename == __file__


@pytest.mark.parametrize("kind", [*RECURRENT, *CELLS])
def test_recurrent_layers_start_evenly_spread_over_one_by_root_of_hidden_size(kind):
    layer = kind(3, 400, rng=np.random.default_rng(0))
    for p in layer.parameters():
        assert 0.98 / 20 < abs(p.data).max() <= 1 / 20
        assert abs(p.data.std() - 1 / 20 / np.sqrt(3)) < 0.002


@every_layer
def test_the_graph_of_a_sequence_grows_linearly_with_its_length(kind):
    layer = kind(2, 3)

    def nodes(length):
        x = leaf(np.ones((length, 1, 2)))
        return len(topological(layer(x)[0]))

    assert nodes(30) - nodes(20) == nodes(20) - nodes(10)


def test_a_gradient_goes_through_a_thousand_steps():
    layer, x = nn.RNN(1, 1), leaf(np.zeros((1000, 1)))
    layer.flat().data = [1.0, 1.0, 0.0, 0.0]
    layer(x)[1].sum().backward()
    assert x.grad[0] == 1.0


@every_layer
@pytest.mark.parametrize("shape", [(3,), (0, 2, 3), (1, 2, 2, 3)], ids=str)
def test_a_recurrent_layer_says_which_shapes_it_needs(kind, shape):
    name = kind.__name__
    with pytest.raises(ShapeError, match=rf"{name}\(3, 2\): needs .*\(L, N, 3\), or \(L, 3\)"):
        kind(3, 2)(np.ones(shape))
    with pytest.raises(ShapeError, match=rf"{name}\(3, 2, batch_first=True\).*\(N, L, 3\)"):
        kind(3, 2, batch_first=True)(np.ones((2, 0, 3) if shape[0] == 0 else shape))
    with pytest.raises(
        ShapeError, match=r"needs input of shape \(\.\.\., 3\), but got \(4, 2, 5\)"
    ):
        kind(3, 2)(np.ones((4, 2, 5)))


@pytest.mark.parametrize(("kind", "of_cell"), list(zip(RECURRENT, CELLS)))
def test_a_state_of_another_shape_is_refused_not_broadcast(kind, of_cell):
    pair = kind is nn.LSTM
    for layer, x, wrong in [
        (kind(3, 2), np.ones((4, 5, 3)), (1, 1, 2)),
        (kind(3, 2), np.ones((4, 5, 3)), (5, 2)),
        (kind(3, 2), np.ones((4, 3)), (1, 1, 2)),
        (of_cell(3, 2), np.ones((5, 3)), (2,)),
    ]:
        h = np.ones(wrong)
        with pytest.raises(
            ShapeError, match=rf"needs h of shape .* but got {re.escape(str(wrong))}"
        ):
            layer(x, (h, h) if pair else h)
    if pair:
        for h in (np.ones((1, 5, 2)), [1.0], None):
            given = (h,) if h is None else h
            with pytest.raises(TypeError, match=r"needs hx as a pair \(h, c\), but got"):
                kind(3, 2)(np.ones((4, 5, 3)), given)


def test_recurrent_layers_refuse_what_they_cannot_do():
    with pytest.raises(TypeError, match=r"LSTM: PyTorch's proj_size is not to be had .* got 3"):
        nn.LSTM(4, 5, proj_size=3)
    nn.LSTM(4, 5, proj_size=0)
    with pytest.raises(TypeError, match="GRU: got an unknown keyword 'hidden'"):
        nn.GRU(4, 5, hidden=3)
    for kind in (nn.RNN, nn.RNNCell):
        with pytest.raises(
            ValueError, match=r"nonlinearity must be 'tanh' or 'relu', but got 'sig"
        ):
            kind(1, 1, nonlinearity="sigmoid")
    with pytest.raises(ValueError, match="GRUCell: hidden_size must be >= 1, but got 0"):
        nn.GRUCell(1, 0)
    with pytest.raises(ValueError, match=r"LSTM: dropout must be in \[0, 1\), but got 1"):
        nn.LSTM(1, 1, 2, dropout=1)
    with pytest.raises(TypeError, match="LSTM: bidirectional must be True or False, but got 2"):
        nn.LSTM(1, 1, bidirectional=2)
    with pytest.raises(ShapeError, match=r"one step, but got \(4, 5, 3\)\. LSTM takes a whole seq"):
        nn.LSTMCell(3, 2)(np.ones((4, 5, 3)))


def test_recurrent_layers_print_what_they_were_made_with():
    layer = nn.LSTM(3, 4, 2, False, True, 0.25, True)
    assert repr(layer) == (
        "LSTM(3, 4, num_layers=2, bias=False, batch_first=True, dropout=0.25, bidirectional=True)"
    )
    assert repr(nn.RNN(3, 4, nonlinearity="relu")) == "RNN(3, 4, nonlinearity='relu')"
    assert repr(nn.GRUCell(3, 4, bias=False)) == "GRUCell(3, 4, bias=False)"


@every_layer
def test_a_recurrent_classifier_learns_which_end_of_a_sequence_is_larger(kind):
    rng = np.random.default_rng(0)

    class Classifier(nn.Module):
        def __init__(self):
            self.recurrent = kind(1, 8, batch_first=True, rng=rng)
            self.out = nn.Linear(8, 2, rng=rng)

        def forward(self, x):
            output, _ = self.recurrent(x)
            return self.out(output[:, -1])

    model, x = Classifier(), rng.normal(size=(128, 3, 1))
    classes = (x[:, 0, 0] > x[:, -1, 0]).astype(int)
    for _ in range(120):
        model.zero_grad()
        nn.CrossEntropyLoss()(model(x), classes).backward()
        flat = model.flat()
        flat.data = flat.data - 2.0 * flat.grad
    assert nn.accuracy(model, (x, classes)) > 0.9


@pytest.mark.parametrize(
    ("layer", "inputs", "output"),
    [
        (nn.MultiheadAttention(4, 2), [(3, 0, 4)] * 3, (3, 0, 4)),
        (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), [(0, 3, 4)], (0, 3, 4)),
        *((kind(3, 2, 2, bidirectional=True), [(5, 0, 3)], (5, 0, 4)) for kind in RECURRENT),
        *((kind(3, 2), [(0, 3)], (0, 2)) for kind in CELLS),
    ],
    ids=lambda x: type(x).__name__,
)
def test_no_examples_give_no_outputs_and_gradients_of_zero(layer, inputs, output):
    out = flattened(layer(*map(np.zeros, inputs)))[0]
    assert out.shape == output
    out.sum().backward()
    assert not any(p.grad is not None and p.grad.any() for p in layer.parameters())
