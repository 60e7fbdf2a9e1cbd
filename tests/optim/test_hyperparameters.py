"""Settings of first-order rules: each matters, has its default, and is refused where wrong."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from autograd import Value
from optim import SGD, Adam, NAdam, Nadam, UpdateRule
from tests.each import each
from tests.optim.rules import RULES, each_rule, steps

# For every hyper-parameter another value, and what it needs beside it to matter.
OTHER = {
    "lr": (0.03, {}),
    "momentum": (0.7, {}),
    "dampening": (0.5, {"momentum": 0.9}),
    "weight_decay": (0.9, {"lr": 0.1}),
    "nesterov": (True, {"momentum": 0.9}),
    "maximize": (True, {}),
    "lr_decay": (0.1, {}),
    "initial_accumulator_value": (0.5, {}),
    "eps": (0.1, {}),
    "rho": (0.5, {}),
    "alpha": (0.5, {}),
    "centered": (True, {}),
    "betas": ((0.7, 0.8), {"lr": 0.1}),
    "amsgrad": (True, {"betas": (0.9, 0.5)}),
    "momentum_decay": (0.1, {}),
}
HYPERPARAMETERS = [
    (name, parameter)
    for name, rule in RULES.items()
    for parameter in inspect.signature(rule).parameters
    if parameter != "params"
]


@each(("rule", "name"), HYPERPARAMETERS)
def test_every_hyperparameter_changes_the_result(rule, name):
    value, beside = OTHER[name]
    apart = steps(RULES[rule], **beside) - steps(RULES[rule], **beside, **{name: value})
    assert np.abs(apart).max() > 1e-5


@each(("rule", "name"), HYPERPARAMETERS)
def test_the_default_of_a_hyperparameter_is_what_the_signature_says(rule, name):
    default = inspect.signature(RULES[rule]).parameters[name].default
    assert_array_equal(steps(RULES[rule]), steps(RULES[rule], **{name: default}))
    assert RULES[rule]([Value(1.0)]).param_groups[0][name] == default


def test_defaults_are_pytorchs_but_for_rmsprops_alpha():
    # From the signatures of PyTorch 2.13; the lectures take 0.9 for RMSprop, PyTorch 0.99.
    found = {name: dict(rule([Value(1.0)]).param_groups[0]) for name, rule in RULES.items()}
    adam = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "amsgrad": False}
    nadam = {"lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}
    expected = {
        "SGD": {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False},
        "Adagrad": {
            "lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0,
            "eps": 1e-10,
        },
        "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0},
        "RMSprop": {
            "lr": 1e-2, "alpha": 0.9, "eps": 1e-8, "weight_decay": 0, "momentum": 0,
            "centered": False,
        },
        "Adam": adam,
        "AdamW": adam | {"weight_decay": 1e-2},
        "Nadam": nadam | {"momentum_decay": 4e-3},
    }  # fmt: skip
    for name, settings in expected.items():
        assert found[name] == settings | {"maximize": False}
    assert found["Momentum"] == found["Nesterov"] == {"lr": 1e-3, "momentum": 0.9}
    assert NAdam is Nadam


# --- bad settings ---------------------------------------------------------------------------------

BAD = {
    "lr": [0, -0.1, np.nan, np.inf],
    "momentum": [-0.1, 1.0, np.nan],
    "dampening": [-0.1, 1.0],
    "weight_decay": [-0.1, np.inf],
    "lr_decay": [-0.1],
    "initial_accumulator_value": [-0.1],
    "eps": [-1e-9],
    "rho": [-0.1, 1.0],
    "alpha": [-0.1, 1.0],
    "betas": [(-0.1, 0.9), (0.9, 1.0), (1.0, 0.9)],
    "momentum_decay": [-0.1],
}


@each(
    ("rule", "name", "value"),
    [(r, n, value) for r, n in HYPERPARAMETERS for value in BAD.get(n, [])],
)
def test_a_setting_out_of_range_is_refused(rule, name, value):
    with pytest.raises(ValueError, match=rf"{rule}: {name} must be .*, but got "):
        RULES[rule]([Value(1.0)], **{name: value})
    with pytest.raises(ValueError, match=rf"{rule}: {name} must be .*, but got "):
        RULES[rule]([{"params": [Value(1.0)], name: value}])


@each(("rule", "name"), HYPERPARAMETERS)
def test_a_setting_of_the_wrong_kind_is_refused(rule, name):
    with pytest.raises(TypeError, match=rf"{rule}: {name} must be "):
        RULES[rule]([Value(1.0)], **{name: "0.1"})


@each_rule
def test_an_unknown_setting_is_refused(rule):
    with pytest.raises(TypeError, match="learning_rate"):
        rule([Value(1.0)], learning_rate=0.1)
    with pytest.raises(TypeError, match=r"has no setting 'learning_rate', only lr, "):
        rule([{"params": [Value(1.0)], "learning_rate": 0.1}])
    optimizer = rule([Value(1.0)])
    with pytest.raises(TypeError, match=r"has no setting 'learning_rate', only lr, "):
        optimizer.param_groups[0]["learning_rate"] = 0.1
    with pytest.raises(ValueError, match=r"lr must be >= 0, but got -1"):
        optimizer.param_groups[0]["lr"] = -1
    group = optimizer.param_groups[0]
    with pytest.raises(ValueError, match=r"lr must be >= 0, but got -1"):
        group |= {"lr": -1}
    optimizer.param_groups[0]["lr"] = 0  # a schedule may end there


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="nesterov needs momentum > 0 and dampening = 0"):
        SGD([Value(1.0)], nesterov=True)
    with pytest.raises(ValueError, match="nesterov needs momentum > 0 and dampening = 0"):
        SGD([Value(1.0)], momentum=0.9, dampening=0.1, nesterov=True)
    with pytest.raises(TypeError, match="betas must be two numbers"):
        Adam([Value(1.0)], betas=(0.9, 0.99, 0.999))


def test_betas_stay_as_they_are():
    optimizer = Adam([Value(1.0)])
    with pytest.raises(ValueError, match=r"betas cannot be changed from \(0\.9, 0\.999\) to"):
        optimizer.param_groups[0]["betas"] = (0.8, 0.9)
    optimizer.param_groups[0]["betas"] = [0.9, 0.999]


def test_groups_that_are_none_are_refused():
    with pytest.raises(TypeError, match='a group needs to be a dict with "params"'):
        SGD([{"lr": 0.1}])
    with pytest.raises(TypeError, match='a group needs to be a dict with "params"'):
        SGD([{"params": [Value(1.0)]}, [Value(2.0)]])
    with pytest.raises(TypeError, match="needs a list of parameters, but got 3"):
        SGD(3)
    with pytest.raises(ValueError, match="needs at least one parameter"):
        SGD([{"params": []}])


def test_a_rule_without_an_update_says_so():
    x = Value(1.0)
    x.grad = 1.0
    with pytest.raises(NotImplementedError, match=r"UpdateRule: needs a method update"):
        UpdateRule([x], lr=0.1).step()
