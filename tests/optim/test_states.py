"""Saving a run and going on with it."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from autograd import Tensor, Value
from nn import MLP, Embedding, Linear, Sequential
from optim import BFGS, LBFGS, SGD, Adam, GaussNewton, LevenbergMarquardt, Momentum, Newton
from tests.each import each
from tests.optim.closures import squares
from tests.optim.rules import (
    GUISES,
    RULES,
    TORCH,
    each_kind,
    each_rule,
    numbers,
    spoilt_states,
)

MINIMIZERS = [BFGS, LBFGS, Newton, GaussNewton, LevenbergMarquardt]
START = TORCH["start"]["mlp"]


@each_kind
@each("guise", ["Values", "a module"])
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
    with pytest.raises(
        ValueError, match=r"SGD: has 1 parameters in a group, but the state is of 2"
    ):
        optimizer.load_state_dict(SGD([x, y], lr=0.2).state_dict())
    with pytest.raises(ValueError, match=r"SGD: cannot go on from a state of 'Adam'\. Nothing was"):
        optimizer.load_state_dict(Adam([x], lr=0.2).state_dict())
    assert optimizer.lr == 0.1


def test_the_state_of_transposed_parameters_is_refused():
    tall, flat = (
        Tensor(np.ones(shape), requires_grad=True, label="w") for shape in ((3, 2), (2, 3))
    )
    with pytest.raises(ValueError, match=r"has parameter 0 \('w'\) of shape \[2, 3\], .* \[3, 2\]"):
        SGD([flat], lr=0.1).load_state_dict(SGD([tall], lr=0.1).state_dict())
    with pytest.raises(ValueError, match=r"has parameter 0 \('w'\) of shape \[2, 3\], .* \[3, 2\]"):
        BFGS([flat]).load_state_dict(BFGS([tall]).state_dict())


def refuses(optimizer, states, params):
    """Nothing in the optimizer and its parameters has changed after it refused these states."""
    before = repr(optimizer.state_dict()), numbers(params).tolist()
    for state in states:
        with pytest.raises((ValueError, TypeError)) as caught:
            optimizer.load_state_dict(state)
        assert len(str(caught.value)) < 500
    assert (repr(optimizer.state_dict()), numbers(params).tolist()) == before


@each_kind
@each("guise", ["Values", "a module"])
def test_a_state_that_is_not_whole_is_refused_by_every_rule_and_changes_nothing(case, guise):
    name, settings = case
    made = []
    for steps in (2, 3):
        params, loss = GUISES[guise](START)
        groups = [{"params": params[:1]}, {"params": params[1:]}]
        made.append((RULES[name](groups, **settings), params))
        for _ in range(steps):
            made[-1][0].step(loss)
    (ours, params), (theirs, _) = made
    spoilt = [*spoilt_states(theirs.state_dict())]
    assert len(spoilt) > 30
    refuses(ours, spoilt, params)
    ours.load_state_dict(theirs.state_dict())
    assert repr(ours.state_dict()) == repr(theirs.state_dict())


@each_rule
def test_the_state_of_another_rule_is_refused_by_every_rule(rule):
    x, others = Value(1.0), {*RULES.values(), *MINIMIZERS} - {rule}
    refuses(rule([x]), [other([Value(2.0)]).state_dict() for other in others], [x])


def minimized(rule, steps):
    x, y = Value(-1.2), Value(1.0)

    def closure():
        residuals = [10 * (y - x * x), 1 - x]
        return residuals if rule in (GaussNewton, LevenbergMarquardt) else squares(residuals)

    optimizer = rule([x, y])
    optimizer.minimize(closure, max_iterations=steps)
    return optimizer, [x, y], closure


@pytest.mark.parametrize("rule", MINIMIZERS)
def test_a_state_that_is_not_whole_is_refused_by_the_rules_of_second_order(rule):
    (ours, params, _), (theirs, *_) = minimized(rule, 2), minimized(rule, 3)
    spoilt = [*spoilt_states(theirs.state_dict())]
    assert len(spoilt) > 15
    others = [minimized(other, 2)[0].state_dict() for other in MINIMIZERS if other is not rule]
    refuses(ours, spoilt + others, params)
    ours.load_state_dict(theirs.state_dict())
    assert repr(ours.state_dict()) == repr(theirs.state_dict())


@pytest.mark.parametrize("rule", MINIMIZERS)
def test_settings_out_of_range_are_refused_by_the_rules_of_second_order(rule):
    (ours, params, _), (theirs, *_) = minimized(rule, 2), minimized(rule, 3)
    for setting in theirs.state_dict()["settings"]:
        for value in (-1.0, "large", None):
            state = theirs.state_dict()
            state["settings"][setting] = value
            if (setting, value) != ("line_search", None):  # the rule's own choice
                refuses(ours, [state], params)


def test_settings_out_of_range_are_refused_by_the_rules_of_first_order():
    x = Value(1.0)
    for setting, value in (("lr", -1.0), ("momentum", 1.5), ("nesterov", 1.0), ("nesterov", True)):
        state = SGD([Value(2.0)], lr=0.1).state_dict()
        state["param_groups"][0][setting] = value
        refuses(SGD([x], lr=0.2), [state], [x])


def test_an_option_that_was_switched_on_or_off_between_steps_is_saved_with_what_it_needs():
    def run(stops):
        x = Value(1.0)
        optimizer = SGD([x], lr=0.1)
        for step in range(9):
            optimizer.param_groups[0]["momentum"] = [0.0, 0.9, 0.0, 0.5][step // 2 % 4]
            if step in stops:
                saved, number = optimizer.state_dict(), x.data
                x = Value(number)
                optimizer = SGD([x], lr=0.7)
                optimizer.load_state_dict(saved)
            optimizer.step(lambda x=x: x * x * x * x)
        return x.data

    assert [run([stop]) for stop in range(9)] == [run([])] * 9


def test_states_that_version_0_1_saved_load():
    x = Value(1.0)
    settings = {"lr": 0.5, "momentum": 0.5, "dampening": 0.0, "weight_decay": 0.0}
    settings |= {"nesterov": False, "maximize": False}
    kept = {"sizes": [1], "steps": [1], "kept": {"b": np.array([2.0])}}
    optimizer = SGD([x], lr=0.1)
    optimizer.load_state_dict({"param_groups": [settings], "state": [kept]})
    x.grad = 1.0
    optimizer.step()
    assert x.data == 1.0 - 0.5 * (0.5 * 2.0 + 1.0)
    bfgs = BFGS([Value(1.0), Value(2.0)])
    old = bfgs.state_dict()
    old = {"settings": old["settings"], "state": {"sizes": [1, 1], "inverse": np.eye(2)}}
    bfgs.load_state_dict(old)
    assert_array_equal(bfgs.inverse, np.eye(2))
    for sizes in ([1, 2], [2], None):
        old["state"]["sizes"] = sizes
        with pytest.raises(ValueError, match=r"BFGS: has .* but the state is "):
            bfgs.load_state_dict(old)


def test_a_state_that_is_none_is_named():
    with pytest.raises(ValueError, match=r"needs what state_dict\(\) returned, .* but got None"):
        SGD([Value(1.0)]).load_state_dict(None)
    with pytest.raises(
        ValueError, match=r"dict with settings, state, but got one with no settings"
    ):
        Newton([Value(1.0)]).load_state_dict({"lr": 0.1})
    x = Value(1.0)
    optimizer = Adam([x])
    optimizer.step(lambda: x * x)
    state = optimizer.state_dict()
    del state["state"][0]["kept"]["v"]
    with pytest.raises(ValueError, match=r"dict with m, v, but got one with no v\. Nothing was c"):
        optimizer.load_state_dict(state)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_a_training_goes_on_with_the_loss_before_zero_grad(again):
    def step(model, optimizer):
        loss = (model(np.array([1, 2, 1])) ** 2).sum()
        optimizer.zero_grad()  # brings the parameters of a copy into one array
        loss.backward()
        optimizer.step()
        return model.flat().data

    model = Sequential(Embedding(5, 2), Linear(2, 1))
    run = model, SGD(model.parameters(), lr=0.1)
    step(*run)
    other = again(run)  # from a pickle NumPy's arrays have a dtype that equals ours, and is another
    for _ in range(3):
        assert_array_equal(step(*run), step(*other))


def test_a_model_and_its_optimizer_can_be_copied_together():
    model = MLP(2, [3], 1)
    optimizer = Adam(model.parameters(), lr=0.1)
    optimizer.step(lambda: model([1.0, 2.0]).sum())
    other_model, other = copy.deepcopy((model, optimizer))
    for m, o in ((model, optimizer), (other_model, other)):
        o.step(lambda m=m: (m([1.0, 2.0]) ** 2).sum())
    assert_array_equal(model.flat().data, other_model.flat().data)
    assert not np.shares_memory(model.flat().data, other_model.flat().data)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_an_optimizer_of_single_numbers_is_copied_with_them(again):
    x, y = Value(1.0), Value(2.0)
    optimizer = SGD([x, y], lr=0.5, momentum=0.5)
    (x * y).backward()
    optimizer.step()
    (x, y), optimizer = again(((x, y), optimizer))
    optimizer.zero_grad()
    (x * y).backward()
    optimizer.step()
    assert (x.data, y.data) == (0.0 - 0.5 * (1.0 + 1.5), 1.5 - 0.5 * 0.5)
