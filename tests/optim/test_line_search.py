"""Line searches: the conditions they promise, their limits, and the rate for gradient descent."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Tensor, Value
from optim import BFGS, LBFGS, SGD, Armijo, FixedRate, Newton, StrongWolfe, find_rate
from tests.each import each
from tests.optim.closures import Counting, rosenbrock
from tests.optim.standard_problems import PROBLEMS


def polynomial(coefficients):
    """A loss of one number that grows in both directions, and its derivative."""

    def loss(x):
        a, b, c = coefficients
        return 0.1 * x**4 + a * x**3 + b * x**2 + c * x

    def slope(x):
        a, b, c = coefficients
        return 0.4 * x**3 + 3 * a * x**2 + 2 * b * x + c

    return loss, slope


COEFFICIENTS = st.tuples(*[st.floats(-3, 3).map(lambda x: round(x, 3))] * 3)


@settings(max_examples=150)
@given(
    coefficients=COEFFICIENTS,
    first=st.floats(-4, 4).map(lambda x: round(x, 2)),
    rate=st.floats(1e-3, 1e3),
    curvature=st.sampled_from([0.1, 0.5, 0.9]),
)
def test_a_rate_found_by_strong_wolfe_meets_both_conditions(coefficients, first, rate, curvature):
    loss, slope = polynomial(coefficients)
    if abs(slope(first)) < 1e-3:
        return
    x = Value(first)
    search = StrongWolfe(decrease=1e-4, curvature=curvature, max_evaluations=60)
    alpha = find_rate(lambda: loss(x), [x], search, rate)
    slope_0 = -(slope(first) ** 2)
    there = first - alpha * slope(first)
    rounding = 1e-12 * (1 + abs(loss(first)))
    assert loss(there) <= loss(first) + 1e-4 * alpha * slope_0 + rounding
    assert abs(slope(there) * slope(first)) <= curvature * -slope_0 * (1 + 1e-9)
    assert x.data == first


@settings(max_examples=60)
@given(
    coefficients=COEFFICIENTS,
    first=st.floats(-4, 4).map(lambda x: round(x, 2)),
    decrease=st.sampled_from([1e-4, 0.3]),
    shrink=st.sampled_from([0.3, 0.8]),
)
def test_a_rate_found_by_armijo_is_the_first_that_lowers_the_loss_enough(
    coefficients, first, decrease, shrink
):
    loss, slope = polynomial(coefficients)
    if abs(slope(first)) < 1e-3:
        return
    x = Value(first)
    alpha = find_rate(lambda: loss(x), [x], Armijo(decrease, shrink, max_evaluations=200))
    expected = 1.0
    while loss(first - expected * slope(first)) > loss(first) - decrease * expected * (
        slope(first) ** 2
    ):
        expected *= shrink
    assert alpha == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rule", [BFGS, LBFGS])
@pytest.mark.parametrize("name", ["Rosenbrock", "Wood", "Beale", "Kowalik-Osborne", "Box 3-D"])
def test_strong_wolfe_holds_at_every_step_that_is_taken(rule, name):
    problem = PROBLEMS[name]
    x = [Value(number) for number in problem.start]

    def closure():
        return sum((r * r for r in problem.residuals(x)), Value(0.0))

    def loss_and_gradient():
        loss = closure()
        for p in x:
            p.zero_grad()
        loss.backward()
        return loss.data, np.array([p.grad for p in x]), np.array([p.data for p in x])

    optimizer = rule(x)
    before, gradient, theta = loss_and_gradient()
    for _ in range(25):
        if not optimizer.step(closure).iterations:
            break
        after, new_gradient, new_theta = loss_and_gradient()
        step = new_theta - theta  # rate times direction, so both conditions are scaled by the rate
        assert after <= before + 1e-4 * (gradient @ step) + 1e-12 * before
        assert abs(new_gradient @ step) <= 0.9 * abs(gradient @ step) * (1 + 1e-9)
        before, gradient, theta = after, new_gradient, new_theta
    assert before < 0.2 * sum(r * r for r in problem.residuals(problem.start))


@pytest.mark.parametrize("search", [Armijo(), StrongWolfe()])
@pytest.mark.parametrize("beyond", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_at_a_trial_is_backed_off_from(search, beyond):
    x = Value(1.0)
    closure = Counting([x], lambda x: x * x if x > -0.5 else x * beyond)
    alpha = find_rate(closure, [x], search, rate=16.0)
    assert 0 < alpha < 0.75
    assert min(closure.places) < -0.5  # it was there


@pytest.mark.parametrize("search", [Armijo(), StrongWolfe()])
def test_a_gradient_that_is_no_number_at_a_trial_is_backed_off_from(search):
    x = Value(1.0)  # at 0 the loss is 0, its derivative 0 * inf
    alpha = find_rate(lambda: (x * x).sqrt() ** 3, [x], search, rate=1 / 3)
    assert 0 < alpha < 1 / 3


@each("limit", range(1, 9))
@each("search", [Armijo, StrongWolfe])
def test_a_search_keeps_its_limit_exactly(search, limit):
    x = Value(1.0)
    # The loss has a kink: there is no way down from 1, and every rate is tried in vain.
    closure = Counting([x], lambda x: x - 1 if x >= 1 else 2 - 2 * x)
    with pytest.raises(ValueError, match=f"no rate up to 1.0 .* in {1 + limit} evaluations"):
        find_rate(closure, [x], search(max_evaluations=limit))
    assert len(closure.places) == 1 + limit
    assert x.data == 1.0


def test_a_search_ends_where_nothing_is_left_between_two_rates():
    x = Value(1.0)
    closure = Counting([x], lambda x: x if x.data >= 1 else 3 - x)
    with pytest.raises(ValueError, match=r"no rate up to 1\.0 that lowers"):
        find_rate(closure, [x], StrongWolfe(max_evaluations=10_000))
    assert len(closure.places) < 2000


def test_a_rate_too_small_to_move_anything_is_no_step():
    x = Value(1.0)
    closure = Counting([x], lambda x: x if x.data >= 1 else 3 - x)
    report = Newton([x], line_search=Armijo(max_evaluations=200)).minimize(closure)
    assert (report.converged, report.iterations) == (False, 0)
    assert "no trial lowered the loss" in report.reason


@pytest.mark.parametrize("search", [Armijo(), StrongWolfe()])
@pytest.mark.parametrize("rule", [Newton, BFGS, LBFGS])
def test_a_loss_that_falls_beyond_all_floats_is_reported(rule, search):
    x = Value(709.0)
    report = rule([x], line_search=search).minimize(lambda: -x.exp(), max_iterations=200)
    assert not report.converged
    assert "max_iterations" in report.reason or "fall without end" in report.reason
    assert report.loss == -np.exp(x.data) > -np.inf


@pytest.mark.parametrize("limit", range(1, 9))
def test_where_strong_wolfe_runs_out_it_takes_the_lowest_that_fell_enough(limit):
    x = Value(0.0)
    search = StrongWolfe(curvature=2e-4, max_evaluations=limit)  # nearly the exact minimum
    closure = Counting([x], lambda x: (x - 1) ** 4 + (x - 1) ** 2)
    alpha = find_rate(closure, [x], search, rate=0.01)
    assert len(closure.places) <= 1 + limit
    tried = [0.0, *(float(place[0]) for place in closure.places)]
    losses = [(t - 1) ** 4 + (t - 1) ** 2 for t in tried]
    assert alpha * 6 == pytest.approx(tried[int(np.argmin(losses))])


def test_a_cubic_is_minimised_in_one_interpolation():
    # φ(α) = (1 - 3α)³ - 3 (1 - 3α) + 2 has no minimum beyond this one in the bracket.
    x = Value(0.0)
    closure = Counting([x], lambda x: x**3 - 3 * x)
    alpha = find_rate(closure, [x], StrongWolfe(curvature=1e-3), rate=0.6)
    assert [place[0] for place in closure.places] == pytest.approx([0.0, 1.8, 1.0])
    assert alpha == pytest.approx(1 / 3)


def test_the_bracket_is_widened_where_the_first_rate_is_too_small():
    x = Value(0.0)
    closure = Counting([x], lambda x: (x - 1000) ** 2)
    alpha = find_rate(closure, [x], StrongWolfe(), rate=1e-6)
    assert 0.05 < alpha < 0.95  # the slope falls to 9/10 from 0.05 on; 0.5 is the minimum
    assert len(closure.places) < 12


def test_sgd_with_a_rate_from_a_line_search_never_goes_up():
    x, y = Value(-1.2), Value(1.0)
    optimizer = SGD([x, y], lr=1.0)
    losses = []
    for _ in range(50):
        optimizer.lr = find_rate(lambda: rosenbrock(x, y), optimizer.params)
        optimizer.zero_grad()
        loss = rosenbrock(x, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    assert all(after < before for before, after in itertools.pairwise(losses))
    assert losses[-1] < 0.2 * losses[0]


def test_find_rate_leaves_parameters_and_gradients_alone():
    w = Tensor([1.0, 2.0], requires_grad=True)
    w.grad = [7.0, 7.0]
    assert find_rate(lambda: w @ w, [w]) == 0.5
    assert w.data.tolist() == [1.0, 2.0]
    assert w.grad.tolist() == [7.0, 7.0]


def test_find_rate_leaves_parameters_alone_where_the_closure_raises():
    x = Value(1.0)

    def closure():
        if x.data < 0:
            raise RuntimeError("below zero")
        return 3 * x * x

    with pytest.raises(RuntimeError, match="below zero"):
        find_rate(closure, [x])
    assert x.data == 1.0


def test_find_rate_at_a_minimum_says_that_there_is_no_way_down():
    x = Value(0.0)
    with pytest.raises(ValueError, match=r"no rate .* largest entry is 0: is this a minimum"):
        find_rate(lambda: x * x, [x])
    with pytest.raises(ValueError, match=r"find_rate: rate must be > 0, but got -1"):
        find_rate(lambda: x * x, [x], rate=-1)


def test_a_fixed_rate_is_taken_even_uphill():
    x = Value(1.0)
    report = Newton([x], line_search=FixedRate(3.0)).step(lambda: x * x)
    assert x.data == -2.0
    assert report.loss == 4.0


def test_a_fixed_rate_is_not_taken_out_of_the_domain():
    x = Value(3.0)  # the minimum of x - ln x is 1; the step is to 3 - 9 (1 - 1/3) = -3
    report = Newton([x], line_search=FixedRate()).minimize(lambda: x - x.log())
    assert x.data > 0
    assert np.isfinite(report.loss)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Armijo(decrease=0), r"Armijo: decrease must be in \(0, 1\), but got 0"),
        (lambda: Armijo(shrink=1.5), r"Armijo: shrink must be in \(0, 1\), but got 1\.5"),
        (lambda: Armijo(max_evaluations=0), r"Armijo: max_evaluations must be >= 1, but got 0"),
        (lambda: StrongWolfe(decrease=-1), r"StrongWolfe: decrease must be in \(0, 1\), but got"),
        (
            lambda: StrongWolfe(decrease=0.5, curvature=0.4),
            r"StrongWolfe: curvature must be in \(0\.5, 1\), but got 0\.4",
        ),
        (lambda: StrongWolfe(max_evaluations=-3), r"max_evaluations must be >= 1, but got -3"),
        (lambda: Armijo(max_evaluations=2.5), r"max_evaluations must be an int, but got 2"),
        (lambda: FixedRate(0), r"FixedRate: rate must be > 0, but got 0"),
        (lambda: FixedRate(math.nan), r"FixedRate: rate must be > 0, but got nan"),
        (lambda: Armijo(decrease="x"), r"Armijo: decrease must be a number, but got 'x'"),
    ],
)
def test_a_setting_out_of_range_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_what_is_no_line_search_is_refused():
    with pytest.raises(TypeError, match=r"BFGS: line_search must be .*, but got 'armijo'"):
        BFGS([Value(1.0)], line_search="armijo")
    with pytest.raises(TypeError, match=r"Newton: line_search must be .*, but got the class"):
        Newton([Value(1.0)], line_search=Armijo)
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"find_rate: line_search must be .*, but got 0\.1"):
        find_rate(lambda: x * x, [x], 0.1)
