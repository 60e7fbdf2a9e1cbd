"""Recurrent layers and attention in pictures: a box for each step in time, one for attention."""

import numpy as np
import pytest

import nn
from autograd import Tensor, backprop, draw
from tests.each import each

KINDS = {"RNN": "RNN step", "LSTM": "LSTM step", "GRU": "GRU step"}

every_kind = each("kind", KINDS)


def compositions(root):
    boxes = [box for outer in backprop(root).boxes for box in outer.all]
    return [box for box in boxes if box.kind == "composition"]


def leaf(*shape):
    return Tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)


@every_kind
@each("sizes", [(1, 1), (3, 2), (2, 7)])
@each("batch", [(), (5,)])
def test_every_step_in_time_is_a_box_of_its_own_for_any_sizes(kind, sizes, batch):
    layer = getattr(nn, kind)(*sizes)
    output, _ = layer(np.ones((4, *batch, sizes[0])))
    boxes = compositions((output[-1] ** 2).sum())
    assert [box.name for box in boxes] == [KINDS[kind]] * 4


@every_kind
def test_time_runs_from_left_to_right_in_columns(kind):
    layer = getattr(nn, kind)(2, 3)
    output, _ = layer(np.ones((5, 1, 2)))
    graph = draw((output[-1] ** 2).sum()).graph
    columns = [node for node in graph.nodes if node.folded]
    assert len(columns) == 5
    ids = [node.id for node in columns]
    handed_on = [edge for edge in graph.edges if edge.tail in ids and edge.head in ids]
    assert {(ids.index(edge.tail), ids.index(edge.head)) for edge in handed_on} == {
        (0, 1), (1, 2), (2, 3), (3, 4)
    }  # fmt: skip


def test_layers_and_directions_are_boxes_too():
    layer = nn.RNN(2, 3, num_layers=2, nonlinearity="relu", bidirectional=True)
    output, _ = layer(np.ones((3, 1, 2)))
    names = [box.name for box in compositions((output**2).sum())]
    assert names.count("RNN step, relu") == 2 * 2 * 3


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bias", [True, False])
def test_steps_whose_states_are_all_used_stay_whole_inside_their_module(kind, bias):
    model = nn.Sequential(getattr(nn, kind)(2, 3, num_layers=2, bidirectional=True, bias=bias))
    output, states = model(np.ones((3, 1, 2)))
    states = states if isinstance(states, tuple) else (states,)
    loss = sum(((part**2).sum() for part in states), (output**2).sum())
    name = f"{kind} step" + ("" if bias else ", no biases")
    if kind == "RNN" and not bias:
        name = "tanh of two products"
    assert [box.name for box in compositions(loss)] == [name] * 12


def test_what_only_resembles_a_step_is_none():
    x, h, w = leaf(2, 3), leaf(2, 3), leaf(3, 3)
    other = np.tanh(x @ w.T) + h @ w.T
    assert not backprop((other**2).sum()).boxes


@each("axes", [(), (5,), (2, 3)])
@each("width", [1, 4])
@each(
    ("options", "name"),
    [
        ({}, "attention"),
        ({"scale": 0.3}, "attention"),
        ({"is_causal": True}, "attention with a mask"),
        ({"attn_mask": np.eye(4, dtype=bool)}, "attention with a mask"),
        ({"attn_mask": np.zeros((4, 4))}, "attention with a mask"),
    ],
)
def test_attention_is_one_box_for_any_sizes(axes, width, options, name):
    query, key, value = (leaf(*axes, 4, n) for n in (width, width, 2))
    out = nn.functional.scaled_dot_product_attention(query, key, value, **options)
    (box,) = compositions((out**2).sum())
    assert box.name == name
    assert set(box.operands) >= {query, key, value}


def test_the_attention_of_several_heads_is_a_box_unless_its_weights_are_used():
    layer, x = nn.MultiheadAttention(4, 2), np.ones((3, 1, 4))
    for need_weights, name in ((False, "attention"), (True, "attention with weights")):
        out, _ = layer(x, x, x, need_weights=need_weights)
        found = [box.name for box in compositions((out**2).sum())]
        assert found == ["into heads"] * 3 + [name, "heads joined"]
    out, weights = layer(x, x, x)
    found = [box.name for box in compositions((out**2).sum() + weights.sum())]
    assert found == ["into heads"] * 3 + ["heads joined"]


def test_a_graph_that_its_named_steps_make_small_is_not_folded_into_its_modules():
    layer = nn.LSTM(3, 2, num_layers=2, bidirectional=True)
    out, _ = layer(np.random.default_rng(0).normal(size=(4, 2, 3)))
    svg = draw((out * out).sum()).svg
    assert svg.count("LSTM step</text>") == 16
    assert " times" not in svg
