"""Update rules as they are read and as they run; rules of one's own."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
import nn
import optim
from autograd import ShapeError, Tensor, Value
from optim import SGD, UpdateRule
from tests.each import each
from tests.optim.rules import RULES, each_case, steps


def as_read(rule):
    """The rule whose steps are what `update` says."""
    return type(rule.__name__, (rule,), {"update_in_place": UpdateRule.update_in_place})


@each_case
def test_a_step_in_place_is_the_step_that_the_paper_writes(case):
    name, settings = case
    assert "update" in vars(RULES[name]) or name == "Nesterov"
    run, read = (steps(rule, 12, **settings) for rule in (RULES[name], as_read(RULES[name])))
    assert_allclose(run, read, rtol=1e-12)


class Signs(UpdateRule):
    """θ ← θ - η sign(g)."""

    def __init__(self, params, lr):
        super().__init__(params, lr=lr)

    def update(self, theta, g, t, kept, group):
        return theta - group["lr"] * np.sign(g), {}


class Averaged(UpdateRule):
    """m ← m / 2 + g / 2, θ ← θ - η m t."""

    def __init__(self, params, lr, weight_decay=0.0):
        super().__init__(params, lr=lr, weight_decay=weight_decay)

    def starts(self, group):
        return {"m": 1.0}

    def update(self, theta, g, t, kept, group):
        m = kept["m"] / 2 + g / 2
        return theta - group["lr"] * m * t, {"m": m}


def test_a_rule_of_ones_own_needs_an_update_alone():
    x = Value(3.0)
    x.grad = 17.0
    Signs([x], lr=0.5).step()
    assert x.data == 2.5


def test_a_rule_of_ones_own_keeps_decays_counts_and_goes_on_from_a_file():
    x = Value(2.0)
    rule = Averaged([x], lr=1.0, weight_decay=0.5)
    x.grad = 2.0
    rule.step()  # g = 2 + 0.5 · 2, m = (1 + 3) / 2
    assert x.data == 0.0
    other = Averaged([x], lr=1.0, weight_decay=0.5)
    other.load_state_dict(rule.state_dict())
    other.step()  # g = 2, m = (2 + 2) / 2, times 2
    assert x.data == -4.0


@pytest.mark.parametrize(
    "wrong", [lambda theta: theta, lambda theta: (theta, {}), lambda theta: (theta, {"n": theta})]
)
def test_an_update_that_does_not_return_what_it_keeps_is_told(wrong):
    class Wrong(Averaged):
        def update(self, theta, g, t, kept, group):
            return wrong(theta)

    x = Value(2.0)
    x.grad = 2.0
    with pytest.raises(TypeError, match="Wrong: what update returns must be θ and a dict of m"):
        Wrong([x], lr=1.0).step()
    assert x.data == 2.0


@pytest.mark.parametrize(
    ("returned", "what"),
    [
        (lambda theta, g: ((theta - g).sum(), {"m": g}), "θ"),
        (lambda theta, g: (theta - g, {"m": g.sum()}), "m"),
    ],
)
def test_an_update_that_returns_one_number_for_all_is_told(returned, what):
    class Summed(Signs):
        def starts(self, group):
            return {"m": 0.0}

        def update(self, theta, g, t, kept, group):
            return returned(theta, g)

    p = nn.Parameter(np.ones(3))
    p.grad = np.ones(3)
    match = rf"Summed: update needs to return {what} of shape \(3,\), but returned \(\)"
    with pytest.raises(ShapeError, match=match):
        Summed([p], lr=1.0).step()
    assert p.data.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("kind", [nn.Parameter, partial(Tensor, requires_grad=True)])
def test_an_update_may_compute_in_its_gradient(kind, backend):
    if backend == "native":
        pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")

    class Doubled(Signs):
        def update(self, theta, g, t, kept, group):
            g *= 2
            return theta - g, {}

    p = kind(np.ones(3))
    p.grad = np.ones(3)
    optimizer = Doubled([p], lr=1.0)
    optimizer.backend = backend
    optimizer.step()
    optimizer.step()
    assert p.data.tolist() == [-3.0, -3.0, -3.0]
    assert p.grad.tolist() == [1.0, 1.0, 1.0]


def test_the_names_of_version_0_1_warn_and_work():
    with pytest.warns(DeprecationWarning, match=r"Old: _update is called update_in_place now"):

        class Old(UpdateRule):
            def _update(self, theta, g, t, kept, group, scratch):
                theta -= g

    x = Value(3.0)
    x.grad = 1.0
    Old([x], lr=1.0).step()
    assert x.data == 2.0
    with pytest.warns(DeprecationWarning, match="optim.Rule is called optim.UpdateRule now"):
        assert issubclass(SGD, optim.Rule)
    with pytest.raises(AttributeError, match="has no attribute 'Ruel'"):
        _ = optim.Ruel


def test_a_saved_array_that_does_not_fit_is_named_with_the_rule():
    x = Value(2.0)
    rule = Averaged([x], lr=1.0)
    x.grad = 2.0
    rule.step()
    for wrong, came in ((np.zeros(2), r"shape \(2,\) and float64"), ([1], r"\(1,\) and int64")):
        state = rule.state_dict()
        state["state"][0]["kept"]["m"] = wrong
        with pytest.raises(ValueError, match=rf"Averaged: needs 'm' of shape \(1,\).*{came}"):
            rule.load_state_dict(state)


def training(wrap):
    """A model, its optimizer, and a step of both."""
    nn.manual_seed(0)
    model = nn.MLP(2, [3], 1)
    optimizer = optim.Adam(model.named_parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = (model([[1.0, 2.0]]) ** 2).sum()
        loss.backward()
        optimizer.step()

    return model, optimizer, wrap(step)


@each("wrap", [lambda f: f, autograd.compile])
def test_a_parameter_that_was_replaced_after_the_optimizer_was_made_is_told_once(wrap):
    model, _, step = training(wrap)
    step()
    model[0].weight = nn.Parameter(model[0].weight.data)
    with pytest.warns(UserWarning, match=r"Adam: '0.weight' was replaced .* p.data = ") as told:
        step()
    assert [warning.filename for warning in told] == [__file__]
    step()  # where a warning would be an error


def frozen(model, optimizer):
    model[0].weight = nn.Parameter(model[0].weight.data)
    model[0].weight.requires_grad = False


def put_back(model, optimizer):
    before = model[0].weight
    model[0].weight = nn.Parameter(before.data)
    model([[1.0, 2.0]])
    model[0].weight = before


def left_out(model, optimizer):
    model[0].bias = None


def known(model, optimizer):
    model[0].weight = nn.Parameter(model[0].weight.data)
    optimizer.add_param_group({"params": [model[0].weight]})


def loaded(model, optimizer):
    model[0].weight.data = 2.0 * model[0].weight.data


@each("change", [frozen, put_back, left_out, known, loaded])
def test_a_change_by_which_nothing_is_lost_is_not_told(change):
    model, optimizer, step = training(lambda f: f)
    change(model, optimizer)
    step()
