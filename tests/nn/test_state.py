"""The numbers of a model by name, taken and given back, and the table of its layers."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import autograd
import nn
from autograd import ShapeError, Tensor
from nn import Linear, Module, Parameter, Sequential, Tanh
from tests.nn.test_module import Tower, X

# --- numbers by name ------------------------------------------------------------------------------


def test_state_dict_has_every_number_by_name_and_is_a_copy():
    model = Tower()
    state = model.state_dict()
    assert list(state) == [name for name, _ in model.named_parameters()]
    state["scale"][...] = 7.0
    assert model.scale.item() == 2.0
    assert all(type(array) is np.ndarray for array in state.values())


@pytest.mark.parametrize("gather", [False, True], ids=["alone", "in a flat array"])
def test_loading_the_numbers_of_another_model_makes_it_the_same_function(gather):
    model, other = Tower(), Tower()
    if gather:
        model.flat()
    array = model.stack[0].weight.data
    model.load_state_dict(other.state_dict())
    assert model(X).item() == other(X).item()
    assert_array_equal(array, other.stack[0].weight.data)  # written where it lay
    if gather:
        assert_array_equal(model.flat().data, other.flat().data)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda s: s.pop("1.bias"), ValueError, r"Sequential misses '1\.bias'\. Nothing was"),
        (lambda s: s.update(x=0), ValueError, r"Sequential has no place for 'x'\. Nothing was"),
        (
            lambda s: s.update({"1.wieght": s.pop("1.weight")}),
            ValueError,
            r"misses '1\.weight' and has no place for '1\.wieght'",
        ),
        (
            lambda s: s.update({"1.weight": np.ones((2, 1))}),
            ShapeError,
            r"needs '1\.weight' of shape \(1, 2\), but got \(2, 1\)\. Nothing was changed",
        ),
        (
            lambda s: s.update({"1.bias": ["a"]}),
            TypeError,
            r"real numbers, but '1\.bias' is of <U1",
        ),
        (
            lambda s: s.update({"1.bias": [1j]}),
            TypeError,
            r"real numbers, but '1\.bias' is of compl",
        ),
        (
            lambda s: s.update({"1.bias": np.ma.array([1.0], mask=[True])}),
            TypeError,
            r"Sequential: '1\.bias': needs an array of which all numbers count",
        ),
        (
            lambda s: s.update({"0.weight": [[1.0], [1.0, 2.0]]}),
            ShapeError,
            r"'0\.weight': needs rows of one length",
        ),
    ],
    ids=["missing", "extra", "misspelt", "shape", "text", "complex", "masked", "ragged"],
)
def test_loading_what_does_not_fit_names_it_and_changes_nothing(change, error, text):
    model, other = (Sequential(Linear(2, 2), Linear(2, 1)) for _ in range(2))
    before, state = model.state_dict(), other.state_dict()
    change(state)
    with pytest.raises(error, match=text):
        model.load_state_dict(state)
    for name, array in model.state_dict().items():
        assert_array_equal(array, before[name])


@pytest.mark.parametrize("state", [None, ["weight", "bias"], Linear(2, 2)])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(TypeError, match=r"Linear needs what state_dict\(\) returned, but got"):
        Linear(2, 2).load_state_dict(state)


def test_a_parameter_may_be_loaded_from_its_own_numbers_in_another_order():
    layer = Linear(2, 2, bias=False)
    expected = layer.weight.data.T.copy()
    layer.load_state_dict({"weight": layer.weight.data.T})
    assert_array_equal(layer.weight.data, expected)


def test_loading_converts_to_the_type_that_the_parameter_has():
    layer = Linear(1, 1)
    layer.load_state_dict({"weight": np.ones((1, 1), np.float32), "bias": [2]})
    assert layer.weight.dtype == layer.bias.dtype == np.float64
    assert layer.bias.data.tolist() == [2.0]


@pytest.mark.parametrize("bad", [1e300, -1e300])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_number_that_the_type_of_the_parameter_cannot_hold_is_refused(bad, dtype):
    class Narrow(Module):
        def __init__(self):
            self.first = Parameter(np.ones(2, dtype))
            self.second = Parameter(np.ones(3, dtype))

    model = Narrow()
    with pytest.raises(ValueError, match=rf"needs 'second' in {dtype}, .* Nothing was changed"):
        model.load_state_dict({"first": np.zeros(2), "second": [np.inf, bad, np.nan]})
    assert model.first.data.tolist() == [1.0, 1.0]
    model.load_state_dict({"first": np.full(2, 0.1), "second": [np.inf, -np.inf, np.nan]})
    assert_array_equal(model.first.data, np.full(2, 0.1, dtype))
    assert_array_equal(model.second.data, np.array([np.inf, -np.inf, np.nan], dtype))


@pytest.mark.parametrize("bad", [0.5, np.nan, np.inf, 1e30])
def test_what_is_counted_is_not_loaded_from_a_number_that_is_not_whole(bad):
    model = Counter()
    with pytest.raises(ValueError, match=r"needs 'calls' in int\d+, but it has a number"):
        model.load_state_dict({"calls": bad, "gain": 1.0})
    model.load_state_dict({"calls": 3.0, "gain": 1.0})
    assert model.calls.item() == 3


@pytest.mark.parametrize(
    "parts",
    [
        {0: Parameter(1.0), "0": Parameter(2.0)},
        {"a": {"b": Parameter(1.0)}, "a.b": Parameter(2.0)},
        {"a": [nn.Buffer(1.0)], "a.0": Parameter(2.0)},
        {"a": Linear(1, 1), "a.weight": Parameter([[1.0]])},
    ],
    ids=["0 and '0'", "dict", "list", "module"],
)
def test_two_parameters_of_one_name_are_refused_where_one_would_be_lost(parts):
    class Named(Module):
        def __init__(self):
            self.parts = parts

    for take in (lambda m: m.state_dict(), lambda m: m.load_state_dict({})):
        with pytest.raises(ValueError, match=r"Named has two different .* of the name 'parts\."):
            take(Named())


def test_one_parameter_in_two_places_has_one_name():
    class Shared(Module):
        def __init__(self):
            self.parts = {0: Parameter(1.0)}
            self.parts["0"] = self.parts[0]

    assert list(Shared().state_dict()) == ["parts.0"]


def test_of_very_many_or_long_names_an_error_shows_a_few():
    state = {f"name {i}": 0 for i in range(10_000)} | {"x" * 10_000: 0}
    with pytest.raises(
        ValueError, match=r"misses .gain. and has no place for .* .name 4. and 9,996 more\."
    ) as caught:
        Counter().load_state_dict(state | {"calls": 0})
    assert len(str(caught.value)) < 200
    with pytest.raises(ValueError, match="xxx") as caught:
        Counter().load_state_dict({"x" * 10_000: 0, "calls": 0, "gain": 0})
    assert len(str(caught.value)) < 300


def test_a_shared_parameter_is_in_the_state_once_and_loaded_into_both_places():
    model = Sequential(Linear(2, 2), Linear(2, 2))
    model[1].weight = model[0].weight
    state = model.state_dict()
    assert list(state) == ["0.weight", "0.bias", "1.bias"]
    model.load_state_dict({name: 0 * array + 3.0 for name, array in state.items()})
    assert model[1].weight.data.tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_a_close_up_has_no_state_of_its_own():
    close_up = Linear(1, 1).scalars()
    with pytest.raises(TypeError, match="state_dict: this is a close-up"):
        close_up.state_dict()
    with pytest.raises(TypeError, match="load_state_dict: this is a close-up"):
        close_up.load_state_dict({})


class Counter(Module):
    def __init__(self):
        self.calls = nn.Buffer(0)
        self.gain = Parameter(2.0)
        self.last = None

    def forward(self, x):
        self.calls.data += 1
        self.last = self.gain * x
        return self.last


def test_buffers_are_kept_with_the_numbers_but_are_no_parameters():
    model = Counter()
    model(1.0)
    assert [name for name, _ in model.named_parameters()] == ["gain"]
    assert list(model.state_dict()) == ["calls", "gain"]  # not the last result, a plain Tensor
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin(1.0)
        assert (twin.calls.item(), model.calls.item()) == (2, 1)
        assert type(twin.calls) is nn.Buffer
    twin.load_state_dict(model.state_dict())
    assert twin.calls.item() == 1
    assert repr(nn.Buffer([1.0])) == "Buffer([1.])"


# --- the table ------------------------------------------------------------------------------------


def test_summary_shows_layers_shapes_and_counts():
    model = Sequential(Sequential(Linear(2, 30), Tanh()), nn.Dropout(0.5), Linear(30, 40))
    assert str(model.summary(np.zeros((5, 2)))).splitlines() == [
        "layer                   output shape  parameters",
        "------------------------------------------------",
        "Sequential              (5, 40)            1,330",
        "  0: Sequential         (5, 30)               90",
        "    0: Linear(2 -> 30)  (5, 30)               90",
        "    1: Tanh()           (5, 30)                0",
        "  1: Dropout(p=0.5)     (5, 30)                0",
        "  2: Linear(30 -> 40)   (5, 40)            1,240",
    ]


def test_summary_without_an_example_has_no_shapes_and_shows_as_printed():
    table = Linear(2, 3).summary()
    assert repr(table) == str(table)
    assert table.splitlines()[0].split() == ["layer", "parameters"]
    assert table.splitlines()[2].split() == ["Linear(2", "->", "3)", "9"]


def test_summary_leaves_a_forward_of_the_models_own_in_its_place():
    model = Sequential(Linear(2, 1))
    own = model.forward = autograd.compile(model.forward)
    model.summary(Tensor(X))
    assert model.forward is own
    assert "forward" not in vars(model[0])


def test_summary_names_an_attribute_that_is_called_as_its_class():
    model = Module()
    model.Linear = {"Tanh": Tanh()}
    assert str(model.summary()).splitlines()[-1].split(" ", 2)[2].startswith("Linear.Tanh: Tanh() ")


def test_summary_leaves_the_model_as_it_was():
    model = Sequential(nn.BatchNorm1d(2), Linear(2, 1))
    model[1].eval()
    before = model.state_dict()
    model.summary(np.ones((3, 2)))
    with pytest.raises(ShapeError, match="needs input of shape"):
        model.summary(np.ones((3, 4)))
    assert [m.training for m in model.modules()] == [True, True, False]
    assert not any("forward" in vars(m) for m in model.modules())
    for name, array in model.state_dict().items():
        assert_array_equal(array, before[name])
