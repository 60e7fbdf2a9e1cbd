"""Names of nodes in pictures, taken from the caller's variables."""

import re
import sys
from types import SimpleNamespace

import numpy as np

import nn
from autograd import Tensor, Value, backprop, draw, explain, relu
from autograd.viz.names import names_in, names_of
from autograd.viz.notation import Derivative
from autograd.viz.trace import Trace
from tests.work import calls_at_most

at_module_level = Value(1.0)


def names_on(picture):
    return {node.code for node in picture.graph.nodes if re.sub(r"v\d+|L", "", node.code)}


def test_local_variables_name_the_nodes():
    x = Value(2.0)
    y = x * x
    assert names_on(draw(y)) == {"x", "y"}


def test_variables_of_the_module_name_the_nodes():
    y = at_module_level + 1
    assert names_on(draw(y)) == {"at_module_level", "y"}


def test_containers_name_their_entries():
    w = [Value(1.0), Value(2.0)]
    pair = (Value(3.0), [Value(4.0)])
    table = {"bias": Value(5.0), 7: Value(6.0)}
    grid = np.array([[Value(7.0), Value(8.0)]], dtype=object)
    total = sum([*w, pair[0], pair[1][0], *table.values(), *grid.flat], Value(0.0))
    assert names_on(draw(total)) == {
        "total", "w[0]", "w[1]", "pair[0]", "pair[1][0]", "table['bias']", "table[7]",
        "grid[0,0]", "grid[0,1]",
    }  # fmt: skip


def test_models_name_their_parameters():
    class Model:
        def __init__(self):
            self.w = Tensor([1.0, 2.0], requires_grad=True)

        def named_parameters(self):
            return iter([("layer.w", self.w)])

    class Neuron:
        def __init__(self):
            self.w = [Value(1.0), Value(2.0)]
            self.b = Value(0.0)

        def parameters(self):
            return [*self.w, self.b]

    model, neuron = Model(), Neuron()
    assert "model.layer.w" in names_on(draw((model.w * 2).sum()))
    assert names_on(draw(neuron.w[0] * neuron.w[1] + neuron.b)) == {
        "neuron.w[0]", "neuron.w[1]", "neuron.b",
    }  # fmt: skip


def test_an_explicit_label_wins_over_a_variable_and_names_win_over_both():
    x = Value(2.0, label="input")
    y = x * x
    assert names_on(draw(y)) == {"input", "y"}
    assert names_on(draw(y, {"given": x})) == {"given", "y"}
    assert names_on(draw(y, {"all": [x, y]})) == {"all[0]", "all[1]"}


def test_a_label_that_ends_a_longer_name_gives_way_to_it():
    weight = Tensor([1.0], requires_grad=True, label="weight")
    model = type("Model", (), {"named_parameters": lambda self: [("0.weight", weight)]})()
    del_me = {"model": model}
    frame = SimpleNamespace(f_locals=del_me, f_globals=del_me)
    assert names_of({weight}, frame) == {weight: "model.0.weight"}


def test_the_variable_defined_first_wins():
    a = b = Value(2.0)
    assert names_in({"later": a, "sooner": b}, {a}) == {a: "later"}
    assert names_on(draw(a + 1)) == {"a"}


def test_a_local_variable_wins_over_one_of_the_module():
    mine = at_module_level
    assert names_on(draw(mine * 2)) == {"mine"}


def test_the_shortest_way_from_a_variable_wins():
    x = Value(1.0)
    assert names_in({"deep": [[x], x]}, {x}) == {x: "deep[1]"}


def test_private_variables_and_the_memory_of_a_notebook_name_nothing():
    _hidden = Value(2.0)
    scope = {"_": _hidden, "_7": _hidden, "Out": {7: _hidden}, "In": [_hidden], "x": _hidden}
    frame = SimpleNamespace(f_locals=scope, f_globals=scope)
    assert names_of({_hidden}, frame) == {_hidden: "x"}


def test_objects_that_cannot_list_their_parameters_are_passed_over():
    class HalfBuilt:
        def named_parameters(self):
            raise AttributeError("no __init__ yet")

    class SaysYesToEverything:
        def __getattr__(self, name):
            return lambda: [(name, x)]

    broken, eager = HalfBuilt(), SaysYesToEverything()
    x = Value(1.0)
    assert names_on(draw(x + 1)) == {"x"}
    assert broken
    assert eager


def test_a_list_that_contains_itself_and_a_long_one_come_to_an_end():
    x, far = Value(1.0), Value(2.0)
    loop = [x]
    loop.append(loop)
    assert names_in({"loop": loop, "long": [0.0] * 1_000_000 + [far]}, {x, far}) == {x: "loop[0]"}


def test_names_do_not_depend_on_how_deep_the_caller_is():
    def inner():
        v = Value(1.0)
        return draw(v * v)

    assert names_on(inner()) == {"v"}
    assert sys._getframe().f_code.co_name.startswith("test")


def test_parameters_that_share_a_name_are_told_apart_by_their_modules():
    class Block(nn.Module):
        def __init__(self):
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2, bias=False)
            self.a_layer_with_a_very_long_name = nn.Linear(2, 2, bias=False)

        def forward(self, x):
            return self.a_layer_with_a_very_long_name(self.second(self.first(x)))

    block, blocks = Block(), nn.Sequential(Block(), Block())
    steps = backprop(block(np.ones((1, 2))).sum())
    assert steps.abbreviated == {
        "first.weight": "block.first.weight",
        "bias": "block.first.bias",
        "second.weight": "block.second.weight",
        "weight": "block.a_layer_with_a_very_long_name.weight",
    }
    shown = set(backprop(blocks(np.ones((1, 2))).sum()).abbreviated)
    assert shown >= {"first.weight[0]", "second.weight[0]", "first.weight[1]", "bias[1]"}
    assert Derivative("L", "first.weight[0]").text == "dL/dfirst.weight₀"
    assert Derivative("L", "first.weight[0]").latex.endswith(r"\mathrm{first.weight}_{0}}")


def test_all_numbers_of_one_matrix_have_the_same_words():
    class Two(nn.Module):
        def __init__(self):
            self.hidden, self.out = nn.Linear(2, 2), nn.Linear(2, 1)

        def forward(self, x):
            return self.out(relu(self.hidden(x)))

    two = Two().scalars()
    found = backprop(two([1.0, 2.0])[0]).abbreviated
    # weight[1][0] alone would do, as `out` has no second row
    assert {name for name in found if "weight" in name} == {
        *(f"hidden.weight[{i}][{j}]" for i in range(2) for j in range(2)),
        *(f"out.weight[0][{j}]" for j in range(2)),
    }


def test_an_array_that_is_given_without_a_name_is_not_named_like_what_is_computed():
    w = Tensor(np.ones((2, 2)), requires_grad=True)
    c1 = w @ np.ones((2, 2))
    loss = (c1 @ np.eye(2)).sum()
    names = backprop(loss).names
    assert {*names.values()} == {"w", "c1", "c2", "c3", "v1", "loss"}


def test_what_has_no_name_is_not_taken_for_an_entry_of_an_array_called_v():
    v = Tensor([1.0, 2.0], requires_grad=True)
    text = str(explain((v * v).sum() * 2.0, v[0]))
    assert "du₁,₀" in text.replace("∂", "d")
    assert "v₁" not in text
    w = [Value(2.0), Value(3.0)]
    assert "w₀ → v₁ → L" in str(explain((w[0] + w[1]) ** 2, w[0]))


def test_constant_arrays_of_the_same_numbers_have_one_name():
    layer, x = nn.MultiheadAttention(4, 2), np.linspace(-1.0, 1.0, 12).reshape(3, 1, 4)
    steps = backprop((layer(x, x, x)[0] * np.full((3, 1, 4), 0.5)).sum())
    constants = [node for node in steps.nodes if node.op is None and not node.requires_grad]
    names = [steps.names[node] for node in constants if np.size(node.data) > 1]
    assert names == ["c1", "c1", "c1", "c2"]
    assert len(re.findall("c₁ = array", str(steps))) == 1  # and it is given once


def test_many_constant_arrays_are_told_apart_with_some_calls_for_each():
    w = total = Tensor(np.eye(3), requires_grad=True)
    for k in range(1000):
        total = total + np.full((3, 3), 0.1 * k) @ w
    root = total.sum()
    with calls_at_most(100 * 1000):
        assert len(set(Trace(root).names.values())) == 3 * 1000 + 2
