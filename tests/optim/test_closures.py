"""What all rules with closures share: parameters, reports, limits, saved states, bad input."""

import copy
import inspect
import math
import random

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from autograd import GraphError, ShapeError, Tensor, Value, no_grad
from nn import Parameter, functional
from nn.scalar import MLP
from optim import (
    BFGS,
    LBFGS,
    SGD,
    Armijo,
    FixedRate,
    GaussNewton,
    LevenbergMarquardt,
    Newton,
    StrongWolfe,
    find_rate,
)
from tests.each import each
from tests.optim.closures import MAKERS, Counting, numbers, rosenbrock

OF_LOSS = [Newton, BFGS, LBFGS]
OF_RESIDUALS = [GaussNewton, LevenbergMarquardt]
RULES = OF_LOSS + OF_RESIDUALS


def valley(x, y):
    return [10 * (y - x * x), 1 - x]


def closure_for(rule, params, residuals=valley):
    """The closure that the rule needs, with the same minimum for all of them."""
    if rule in OF_RESIDUALS:
        return Counting(params, residuals)
    return Counting(params, lambda *p: sum((0.5 * r * r for r in residuals(*p)), Value(0.0)))


@each("rule", RULES)
@each("make", MAKERS.values(), ids=MAKERS)
def test_any_kind_of_parameter_is_minimised_and_keeps_its_kind(rule, make):
    x, y = params = make(-1.2, 1.0)
    closure = (lambda: valley(x, y)) if rule in OF_RESIDUALS else (lambda: 0.5 * rosenbrock(x, y))
    report = rule(params).minimize(closure)
    assert report.converged
    assert_allclose(numbers(params), 1.0, rtol=1e-4)
    assert [type(p) for p in params] == [type(p) for p in make(0.0, 0.0)]


@pytest.mark.parametrize("rule", RULES)
def test_float32_stays_float32(rule):
    w = Parameter(np.array([2.0, 3.0], dtype=np.float32))
    fixed = np.array([1.0, -1.0], dtype=np.float32)
    if rule in OF_RESIDUALS:
        report = rule([w], gradient_tolerance=1e-3).minimize(lambda: w - fixed)
    else:
        report = rule([w], gradient_tolerance=1e-3).minimize(lambda: (w - fixed) @ (w - fixed))
    assert report.converged
    assert w.dtype == np.float32
    assert_allclose(w.data, fixed, atol=1e-3)


@pytest.mark.parametrize("rule", RULES)
def test_single_numbers_of_a_parameter_may_be_moved(rule):
    w = Parameter([-1.2, 1.0])
    x, y = w.scalars()
    assert rule([x, y]).minimize(closure_for(rule, [x, y])).converged
    assert_allclose(w.data, 1.0, rtol=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_a_parameter_that_requires_no_gradient_stays(rule):
    w, frozen = Tensor([3.0], requires_grad=True), Tensor([5.0])
    report = rule([frozen, w]).minimize(
        (lambda: w - frozen) if rule in OF_RESIDUALS else (lambda: (w - frozen) @ (w - frozen))
    )
    assert report.converged
    assert_allclose([w.data.item(), frozen.data.item()], 5.0)


@pytest.mark.parametrize("rule", RULES)
def test_no_gradient_is_read_or_changed(rule):
    params = x, y = Value(-1.2), Value(1.0)
    x.grad, y.grad = 7.0, float("nan")
    rule(params).minimize(closure_for(rule, params))
    assert x.grad == 7.0
    assert math.isnan(y.grad)


@pytest.mark.parametrize("rule", OF_LOSS)
def test_a_closure_in_the_style_of_pytorch_gives_the_same_steps(rule):
    plain, other = [Value(-1.2), Value(1.0)], [Value(-1.2), Value(1.0)]
    optimizer, twin = rule(plain), rule(other)

    def in_the_style_of_pytorch():
        twin.zero_grad()
        loss = rosenbrock(*other)
        loss.backward()
        return loss

    for _ in range(5):
        assert optimizer.step(lambda: rosenbrock(*plain)) == twin.step(in_the_style_of_pytorch)
        assert_array_equal(numbers(plain), numbers(other))


@pytest.mark.parametrize("rule", OF_LOSS)
def test_a_scalar_network_is_trained_by_its_values(rule):
    random.seed(1)
    model = MLP(2, [4, 1])
    xs, ys = [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)], [1.0, 1.0, -1.0]
    report = rule(model.parameters()).minimize(
        lambda: sum(((model(x) - y) ** 2 for x, y in zip(xs, ys)), Value(0.0)), max_iterations=40
    )
    assert report.loss < 1e-2


# --- the report, and the limits it is honest about


@pytest.mark.parametrize("rule", RULES)
def test_the_report_says_where_the_parameters_are_and_what_it_cost(rule):
    params = [Value(-1.2), Value(1.0)]
    closure = closure_for(rule, params)
    report = rule(params).minimize(closure)
    assert report.converged
    assert report.evaluations == len(closure.places)
    r = np.array(valley(*numbers(params)))
    assert report.loss == pytest.approx(0.5 * r @ r, abs=1e-300)
    gradient = [-20 * params[0].data * r[0] - r[1], 10 * r[0]]
    assert report.gradient_norm == pytest.approx(np.abs(gradient).max(), rel=1e-6, abs=1e-300)
    assert str(report).startswith(f"converged after {report.iterations} iterations")


@each("rule", RULES)
@each("limit", [1, 2, 3, 5, 8, 13])
def test_a_limit_on_evaluations_is_kept_exactly(rule, limit):
    params = [Value(-1.2), Value(1.0)]
    closure = closure_for(rule, params)
    report = rule(params).minimize(closure, max_evaluations=limit)
    assert len(closure.places) == report.evaluations <= limit
    if not report.converged:
        assert report.evaluations == limit
        assert report.reason == f"max_evaluations = {limit} reached"
    r = np.array(valley(*numbers(params)))
    assert report.loss == pytest.approx(0.5 * r @ r)
    assert report.loss <= 0.5 * 24.2 + 1e-12  # never above the start


@each("rule", RULES)
@each("limit", [0, 1, 3])
def test_a_limit_on_iterations_is_kept_exactly(rule, limit):
    params, twin = [Value(-1.2), Value(1.0)], [Value(-1.2), Value(1.0)]
    report = rule(params).minimize(closure_for(rule, params), max_iterations=limit)
    assert report.iterations == limit
    assert not report.converged
    assert report.reason == (
        "one step taken" if limit == 1 else f"max_iterations = {limit} reached"
    )
    optimizer = rule(twin)
    for _ in range(limit):
        assert optimizer.step(closure_for(rule, twin)).iterations == 1
    assert_array_equal(numbers(params), numbers(twin))


@pytest.mark.parametrize("rule", RULES)
def test_a_step_at_the_minimum_stays_there_for_one_evaluation(rule):
    params = [Value(1.0), Value(1.0)]
    report = rule(params).step(closure_for(rule, params))
    assert (report.converged, report.iterations) == (True, 0)
    assert (report.evaluations, report.gradients) == (1, 1)
    assert_array_equal(numbers(params), 1.0)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("limit", [1, 4])
def test_a_step_that_finds_nothing_keeps_its_limit_and_says_so(rule, limit):
    x = Value(1.0)
    # A loss with a jump: the slope at 1 points down, but everything else is higher.
    closure = Counting([x], lambda x: x if x.data == 1.0 else x * x + 10.0)
    if rule in OF_RESIDUALS:
        closure = Counting([x], lambda x: [x if x.data == 1.0 else x * x + 10.0])
    settings = {"max_evaluations": limit}
    if rule is not LevenbergMarquardt:
        settings = {"line_search": (Armijo if rule is Newton else StrongWolfe)(**settings)}
    report = rule([x], **settings).step(closure)
    assert (report.converged, report.iterations) == (False, 0)
    assert "no trial lowered the loss" in report.reason
    assert len(closure.places) <= 1 + 2 * limit
    assert x.data == 1.0


def test_a_kink_is_not_called_a_minimum():
    x = Value(1.0)
    report = BFGS([x]).minimize(lambda: abs(x) * 3)
    if x.data != 0.0:  # there the derivative counts as 0
        assert not report.converged
        assert "kink" in report.reason


@pytest.mark.parametrize("rule", RULES)
def test_trials_outside_the_domain_are_backed_off_from_without_a_warning(rule):
    # The first trials go below 0, where ln x is nan.
    if rule in OF_RESIDUALS:
        x = Value(6.0)
        closure = Counting([x], lambda x: [x.log()])
    else:
        x = Value(0.5)
        closure = Counting([x], lambda x: 100 * x - x.log())
    report = rule([x]).minimize(closure)
    assert min(closure.places) < 0
    assert report.converged
    assert x.data == pytest.approx(1.0 if rule in OF_RESIDUALS else 0.01, rel=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_parameters_return_to_the_last_good_place_where_the_closure_raises(rule):
    params = [Value(-1.2), Value(1.0)]
    inner = closure_for(rule, params)

    def closure():
        result = inner()
        if len(inner.places) == 4:
            raise KeyboardInterrupt
        return result

    with pytest.raises(KeyboardInterrupt):
        rule(params).minimize(closure)
    assert any((numbers(params) == place).all() for place in inner.places[:3])


# --- settings and saved states


def run(rule, settings, steps=12):
    params = [Value(-1.2), Value(1.0)]
    closure = closure_for(rule, params, lambda x, y: [*valley(x, y), x + y - 5])
    optimizer = rule(params, **settings)
    reports = [optimizer.step(closure) for _ in range(steps)]
    return [numbers(params).tolist(), reports]


CHANGED = {
    "line_search": StrongWolfe(curvature=0.01),
    "gradient_tolerance": 100.0,
    "loss_tolerance": 0.9,
    "least_curvature": 0.9,
    "memory": 1,
    "damping": 1.0,
    "max_evaluations": 1,
}


@each(
    ("rule", "name"),
    [(rule, name) for rule in RULES for name in inspect.signature(rule).parameters],
)
def test_every_hyperparameter_changes_the_result(rule, name):
    if name == "params":
        return
    if name == "least_curvature":  # it is for where the Hessian is not positive definite
        ends = []
        for value in (1e-8, CHANGED[name]):
            params = [Value(1.0), Value(0.1)]
            closure = Counting(params, lambda x, y: 0.5 * x * x - 10 * y * y)
            Newton(params, least_curvature=value).step(closure)
            ends.append(numbers(params).tolist())
        assert ends[0] != ends[1]
        return
    assert run(rule, {name: CHANGED[name]}) != run(rule, {})


@pytest.mark.parametrize(
    ("search", "name", "value"),
    [
        (Armijo, "decrease", 0.9),
        (Armijo, "shrink", 0.7),
        (Armijo, "max_evaluations", 1),
        (StrongWolfe, "decrease", 0.8),
        (StrongWolfe, "curvature", 0.01),
        (StrongWolfe, "max_evaluations", 1),
        (FixedRate, "rate", 0.3),
    ],
)
def test_every_setting_of_a_line_search_changes_the_result(search, name, value):
    assert run(BFGS, {"line_search": search(**{name: value})}) != run(
        BFGS, {"line_search": search()}
    )


def test_no_setting_of_a_line_search_is_left_out_above():
    for search, names in {
        Armijo: {"decrease", "shrink", "max_evaluations"},
        StrongWolfe: {"decrease", "curvature", "max_evaluations"},
        FixedRate: {"rate"},
    }.items():
        assert set(inspect.signature(search).parameters) == names
    x = Value(1.0)
    closure = lambda: 3 * x * x  # noqa: E731
    assert set(inspect.signature(find_rate).parameters) == {
        "closure", "params", "line_search", "rate",
    }  # fmt: skip
    assert find_rate(closure, [x]) != find_rate(closure, [x], rate=0.3)
    assert find_rate(closure, [x]) != find_rate(closure, [x], StrongWolfe(curvature=0.01))


@each("rule", RULES)
@each("before", [0, 1, 5])
def test_a_saved_state_is_resumed_bit_for_bit(rule, before):
    settings = {"gradient_tolerance": 1e-6}
    params = [Value(-1.2), Value(1.0)]
    optimizer = rule(params, **settings)
    closure = closure_for(rule, params)
    for _ in range(before):
        optimizer.step(closure)
    state, place = optimizer.state_dict(), numbers(params)
    kept = copy.deepcopy(state)
    expected = [optimizer.step(closure) for _ in range(6)]

    twins = [Value(number) for number in place]
    other = rule(twins)
    other.load_state_dict(state)
    assert [other.step(closure_for(rule, twins)) for _ in range(6)] == expected
    assert_array_equal(numbers(twins), numbers(params))
    assert repr(state) == repr(kept)  # neither optimizer writes into what was saved
    assert other.state_dict()["settings"]["gradient_tolerance"] == 1e-6


def test_a_saved_state_shares_nothing_with_the_optimizer():
    params = [Value(-1.2), Value(1.0)]
    optimizer = BFGS(params)
    optimizer.step(lambda: rosenbrock(*params))
    kept = optimizer.inverse.copy()
    state = optimizer.state_dict()
    state["state"]["inverse"][:] = 7.0
    assert_array_equal(optimizer.inverse, kept)
    optimizer.load_state_dict(state)
    state["state"]["inverse"][:] = 8.0
    assert_array_equal(optimizer.inverse, 7.0)


def test_a_state_of_another_rule_or_other_parameters_is_refused():
    params = [Value(-1.2), Value(1.0)]
    optimizer = BFGS(params)
    with pytest.raises(ValueError, match=r"BFGS: cannot go on from a state of 'LBFGS'\. Nothing"):
        optimizer.load_state_dict(LBFGS(params).state_dict())
    with pytest.raises(ValueError, match=r"has 2 parameters in a group, but the state is of 1\."):
        optimizer.load_state_dict(BFGS([Tensor([1.0, 2.0], requires_grad=True)]).state_dict())


# --- bad input

X = Value(1.0)
W = Tensor([1.0, 2.0], requires_grad=True)


@each("rule", OF_LOSS)
@each(
    ("closure", "error", "message"),
    [
        (None, TypeError, r"needs a closure, a function .* the loss, but got None"),
        (X * X, TypeError, r"needs a closure, a function .* but got Value\(data=1\.0"),
        (lambda: None, TypeError, r"return the loss, .* but returned None\. Does it end with"),
        (lambda: 3.0, TypeError, r"returned the number 3\.0, which has no graph"),
        (lambda: np.float64(3), TypeError, r"returned the number np.float64\(3\.0\), which has no"),
        (lambda: [X * X], TypeError, r"return the loss, a Value or .*, but returned \[Value"),
        (lambda: W.data, TypeError, r"returned an array of shape \(2,\), dtype float64"),
        (lambda: W * W, ShapeError, r"returned one of shape \(2,\)\. Reduce it first"),
        (lambda: Value(3.0) ** 2, GraphError, r"was made from none of the parameters"),
        (lambda: X.detach() * 2, GraphError, r"was made from none of the parameters"),
        (lambda: X * math.inf, ValueError, r"needs a finite loss to start from, but got inf"),
        (lambda: X * 0 * math.inf, ValueError, r"needs a finite loss to start from, but got nan"),
        (
            lambda: (X - 1) ** 0.5,
            ValueError,
            r"needs a finite gradient to start from, but that of parameter 0 is inf",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_closure_that_returns_no_loss_is_refused(rule, closure, error, message):
    with pytest.raises(error, match=f"{rule.__name__}: .*{message}"):
        rule([X, W]).step(closure)
    assert X.data == 1.0


@each("rule", OF_RESIDUALS)
@each(
    ("closure", "error", "message"),
    [
        (None, TypeError, r"needs a closure, a function .* the residuals, but got None"),
        (lambda: None, TypeError, r"return the residuals, .* but returned None"),
        (lambda: X * X, TypeError, r"but returned one Value\. Return \[r\]"),
        (lambda: W @ W, ShapeError, r"returned a Tensor of shape \(\)\. Not their loss"),
        (list, ShapeError, r"residuals, a Tensor of shape \(m,\) .*, but returned none"),
        (lambda: [X, 3.0], TypeError, r"but number 1 is the number 3\.0, which has no graph"),
        (lambda: [X, W], TypeError, r"but number 1 is a Tensor of shape \(2,\)"),
        (lambda: W.data, TypeError, r"but number 0 is the number np.float64\(1\.0\)"),
        (lambda: "no", TypeError, r"but returned 'no'"),
        (lambda: [Value(3.0)], GraphError, r"was made from none of the parameters"),
        (lambda: [X, X * math.inf], ValueError, r"needs a finite loss to start from, but got inf"),
    ],
)
def test_a_closure_that_returns_no_residuals_is_refused(rule, closure, error, message):
    with pytest.raises(error, match=f"{rule.__name__}: .*{message}"):
        rule([X, W]).step(closure)


def test_a_loss_computed_under_no_grad_is_refused():
    @no_grad()
    def closure():
        return X * X

    with pytest.raises(GraphError, match=r"\(or under no_grad\(\)\), so there is nothing to"):
        BFGS([X]).step(closure)


def test_an_error_names_the_parameter_whose_gradient_is_not_finite():
    good, bad = Value(1.0, label="good"), Value(0.0, label="bad")
    with (
        pytest.raises(ValueError, match=r"that of parameter 2 \('bad'\) is inf"),
        np.errstate(all="ignore"),
    ):
        BFGS([W, good, bad]).step(lambda: good * good + bad.sqrt() + 0 * W.sum().item())


@pytest.mark.parametrize("rule", RULES)
def test_parameters_that_are_none_are_refused(rule):
    with pytest.raises(ValueError, match=f"{rule.__name__}: needs at least one parameter"):
        rule([])
    with pytest.raises(ValueError, match=f"{rule.__name__}: needs each parameter once, but 1"):
        rule([X, X])
    with pytest.raises(ValueError, match=f"{rule.__name__}: gradient_tolerance must be >= 0, but"):
        rule([X], gradient_tolerance=-1e-9)
    with pytest.raises(ValueError, match=f"{rule.__name__}: gradient_tolerance must be >= 0, but"):
        rule([X], gradient_tolerance=math.nan)
    with pytest.raises(TypeError, match="learning_rate"):
        rule([X], learning_rate=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LBFGS([X], memory=0), r"LBFGS: memory must be >= 1, but got 0"),
        (lambda: LBFGS([X], memory=2.5), r"LBFGS: memory must be an int, but got 2\.5"),
        (lambda: Newton([X], least_curvature=1), r"least_curvature must be in \(0, 1\), but got 1"),
        (lambda: LevenbergMarquardt([X], damping=0), r"damping must be > 0, but got 0"),
        (lambda: LevenbergMarquardt([X], max_evaluations=0), r"max_evaluations must be >= 1"),
        (lambda: LevenbergMarquardt([X], loss_tolerance=-1), r"loss_tolerance must be >= 0"),
        (lambda: GaussNewton([X], loss_tolerance=-1), r"GaussNewton: loss_tolerance must be >= 0"),
        (lambda: BFGS([X]).minimize(lambda: X, max_iterations=-1), r"max_iterations must be >= 0"),
        (lambda: BFGS([X]).minimize(lambda: X, max_evaluations=0), r"max_evaluations must be >= 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_sgd_may_go_on_where_another_rule_left_off():
    w = Parameter([3.0, -2.0])
    LBFGS([w]).step(lambda: w @ w)
    optimizer = SGD([w], lr=0.25)
    functional.mse_loss(w, np.zeros(2)).backward()
    before = w.data.copy()
    optimizer.step()
    assert_allclose(w.data, 0.75 * before)
