"""Saving a run and going on with it."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from autograd import Value
from nn import MLP
from optim import SGD, Adam, Momentum, Newton
from tests.optim.rules import (
    GUISES,
    RULES,
    TORCH,
    each_case,
    numbers,
)

START = TORCH["start"]["mlp"]


@each_case
@pytest.mark.parametrize("guise", ["Values", "a module"])
def test_a_saved_run_goes_on_bit_for_bit(case, guise):
    name, settings = case
    rule = RULES[name]
    params, loss = GUISES[guise](START)
    optimizer = rule(params, **settings)
    for _ in range(5):
        optimizer.step(loss)
    saved, there = copy.deepcopy(optimizer.state_dict()), numbers(params)
    for _ in range(5):
        optimizer.step(loss)
    again, loss_again = GUISES[guise](there)
    resumed = rule(again, lr=0.9)
    resumed.load_state_dict(saved)
    for _ in range(5):
        resumed.step(loss_again)
    assert_array_equal(numbers(again), numbers(params))
    ours, theirs = resumed.state_dict(), optimizer.state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    assert ours["state"][0]["steps"] == theirs["state"][0]["steps"]
    for key, array in theirs["state"][0]["kept"].items():
        assert_array_equal(ours["state"][0]["kept"][key], array)


def test_a_saved_state_is_a_copy():
    x = Value(1.0)
    x.grad = 1.0
    optimizer = Momentum([x], lr=0.1)
    optimizer.step()
    saved = optimizer.state_dict()
    optimizer.step()
    assert saved["state"][0]["kept"]["v"].tolist() == [-0.1]
    optimizer.load_state_dict(saved)
    optimizer.step()
    assert saved["state"][0]["kept"]["v"].tolist() == [-0.1]


def test_a_state_of_something_else_is_refused_and_changes_nothing():
    x, y = Value(1.0), Value(2.0)
    optimizer = SGD([x], lr=0.1)
    with pytest.raises(ValueError, match=r"of sizes \[\[1\]\], but the state is of sizes \[\[1, 1"):
        optimizer.load_state_dict(SGD([x, y], lr=0.2).state_dict())
    with pytest.raises(ValueError, match=r"SGD: has settings .*, but the state has "):
        optimizer.load_state_dict(Adam([x], lr=0.2).state_dict())
    assert optimizer.lr == 0.1


def test_half_a_state_is_refused_and_changes_nothing():
    def adam():
        x, y = Value(1.0), Value(2.0)
        x.grad = y.grad = 1.0
        optimizer = Adam([{"params": [x]}, {"params": [y]}], lr=0.1)
        optimizer.step()
        return optimizer

    optimizer = adam()
    before = repr(optimizer.state_dict())
    for spoil in (
        lambda state: state.clear(),
        lambda state: state["param_groups"].pop(),
        lambda state: state["param_groups"][1].pop("eps"),
        lambda state: state["state"][1].pop("kept"),
    ):
        state = adam().state_dict()
        state["param_groups"][0]["lr"] = 0.7
        spoil(state)
        with pytest.raises(ValueError, match=r"Adam: (needs what state_dict|has )"):
            optimizer.load_state_dict(state)
        assert repr(optimizer.state_dict()) == before
    with pytest.raises(ValueError, match=r"needs what state_dict\(\) returned, .* but got None"):
        optimizer.load_state_dict(None)
    with pytest.raises(ValueError, match=r"a dict with settings, state, but got a dict with lr"):
        Newton([Value(1.0)]).load_state_dict({"lr": 0.1})


def test_a_model_and_its_optimizer_can_be_copied_together():
    model = MLP(2, [3], 1)
    optimizer = Adam(model.parameters(), lr=0.1)
    optimizer.step(lambda: model([1.0, 2.0]).sum())
    other_model, other = copy.deepcopy((model, optimizer))
    for m, o in ((model, optimizer), (other_model, other)):
        o.step(lambda m=m: (m([1.0, 2.0]) ** 2).sum())
    assert_array_equal(model.flat().data, other_model.flat().data)
    assert not np.shares_memory(model.flat().data, other_model.flat().data)
