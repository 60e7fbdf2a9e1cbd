"""Newton, Gauss-Newton, Levenberg-Marquardt: steps by hand, speed, and what is no minimum."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Tensor, Value, exp
from nn import MLP
from optim import Armijo, FixedRate, GaussNewton, LevenbergMarquardt, Newton, StrongWolfe
from tests.optim.closures import MAKERS, Counting, numbers, rosenbrock, squares
from tests.optim.standard_problems import PROBLEMS
from tests.optim.standard_problems import rosenbrock as rosenbrock_residuals


def three_exponentials(x, y):
    """Convex, with its minimum at (-½ ln 2, 0): Boyd & Vandenberghe (2004), equation (9.20)."""
    return exp(x + 3 * y - 0.1) + exp(x - 3 * y - 0.1) + exp(-x - 0.1)


# --- Newton


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_newton_steps_are_those_of_the_closed_form(make):
    x, y = params = make(-1.2, 1.0)
    theta = np.array([-1.2, 1.0])
    optimizer = Newton(params, line_search=FixedRate())
    for _ in range(2):
        optimizer.step(lambda: rosenbrock(x, y))
        a, b = theta
        gradient = np.array([-400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)])
        hessian = np.array([[1200 * a * a - 400 * b + 2, -400 * a], [-400 * a, 200.0]])
        theta = theta - np.linalg.solve(hessian, gradient)
        assert_allclose(numbers(params), theta, rtol=1e-11)


def test_newton_minimises_a_quadratic_in_one_step():
    a = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]])
    w = Tensor([10.0, -20.0, 30.0], requires_grad=True)
    report = Newton([w]).minimize(lambda: 0.5 * (w @ a @ w) - w.sum())
    assert (report.converged, report.iterations, report.evaluations) == (True, 1, 2)
    assert_allclose(w.data, np.linalg.solve(a, np.ones(3)), rtol=1e-12)


def test_newton_doubles_the_digits_in_each_step():
    x, y = params = Value(-1.0), Value(0.7)
    optimizer = Newton(params, gradient_tolerance=0)
    digits = []
    for _ in range(8):
        optimizer.step(lambda: three_exponentials(x, y))
        error = math.hypot(x.data + math.log(2) / 2, y.data)
        digits.append(-math.log10(max(error, 1e-16)))
    close = next(i for i, right in enumerate(digits) if right > 0.8)
    # Errors e, then at most C e²: each step has twice the digits, but for the constant's.
    for before, after in zip(digits[close:], digits[close + 1 :]):
        assert after >= min(2 * before - 0.3, 15)
    assert digits[-1] >= 15
    assert digits[close] < 3 < digits[close + 1] + 1.5  # the tail was seen, not only its end


def test_newton_reaches_the_minimum_of_rosenbrock_and_never_goes_up():
    x, y = params = Value(-1.2), Value(1.0)
    optimizer = Newton(params)
    before = rosenbrock(x, y).data
    for _ in range(25):
        report = optimizer.step(lambda: rosenbrock(x, y))
        assert report.loss <= before
        before = report.loss
        if report.converged:
            break
    assert report.converged
    assert_allclose(numbers(params), 1.0, rtol=1e-8)


@pytest.mark.parametrize("search", [Armijo(), StrongWolfe()])
@pytest.mark.parametrize("start", [(1.0, 1e-3), (-0.5, 0.1), (0.3, -0.2), (2.0, 1e-12)])
def test_newton_leaves_a_saddle_for_a_minimum(search, start):
    # x² - y² + y⁴/4 has a saddle at (0, 0), where pure Newton steps lead, and minima at ±√2.
    x, y = params = [Value(number) for number in start]
    report = Newton(params, line_search=search).minimize(lambda: x * x - y * y + y**4 / 4)
    assert report.converged
    assert_allclose([x.data, abs(y.data)], [0, math.sqrt(2)], atol=1e-8)
    assert y.data * start[1] > 0

    for p, number in zip(params, start):
        p.data = number
    Newton(params, line_search=FixedRate()).step(lambda: x * x + y * y)
    assert_allclose(numbers(params), 0, atol=1e-12)


def test_newton_reports_a_saddle_as_a_saddle():
    x, y = params = Value(1.0), Value(0.0)
    report = Newton(params).minimize(lambda: x * x - y * y + y**4 / 4)
    assert not report.converged
    assert "a saddle or a maximum" in report.reason
    assert report.gradient_norm == 0
    top = Value(0.0)
    report = Newton([top]).step(lambda: -(top * top))
    assert (report.converged, report.iterations) == (False, 0)
    assert "a saddle or a maximum" in report.reason


def test_newton_goes_down_where_the_curvature_is_negative_everywhere():
    x = Value(0.1)  # -cos x curves down beyond π/2
    x.data = 2.5
    report = Newton([x]).minimize(lambda: -x.cos())
    assert report.converged
    assert x.data == pytest.approx(0, abs=1e-8)


def test_newton_follows_the_gradient_where_there_is_no_curvature():
    x, y = Value(3.0), Value(4.0)
    report = Newton([x, y]).step(lambda: 3 * x + 4 * y)  # the Hessian is 0
    assert report.iterations == 1
    assert_allclose([x.data, y.data], [3 - 0.6, 4 - 0.8])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_newton_follows_the_gradient_where_the_curvature_is_infinite():
    x, y = params = Value(0.0), Value(1.0)
    newton = Newton(params)
    report = newton.step(lambda: x**1.5 + y * y)  # d²/dx² at 0 is infinite
    assert report.iterations == 1
    assert_allclose(numbers(params), 0, atol=1e-15)
    assert newton.step(lambda: x**1.5 + y * y).converged


@pytest.mark.parametrize("name", ["Beale", "Bard", "helical valley", "Wood", "Brown-Dennis"])
def test_newton_reaches_known_minima(name):
    problem = PROBLEMS[name]
    x = [Value(number) for number in problem.start]
    report = Newton(x).minimize(lambda: squares(problem.residuals(x)))
    assert report.converged
    assert report.loss == pytest.approx(problem.minima[0], rel=1e-5, abs=1e-12)
    assert report.evaluations < 60


# --- Gauss-Newton

POINTS = np.array([[0.0, 2.0], [1.0, 1.1], [2.0, 0.4], [3.0, 0.3], [4.0, 0.1]])


def decay(a, k):
    return [a * exp(k * t) - y for t, y in POINTS.tolist()]


def decay_figures(theta):
    """Residuals and Jacobian, by hand."""
    a, k = theta
    t, y = POINTS.T
    return a * np.exp(k * t) - y, np.c_[np.exp(k * t), a * t * np.exp(k * t)]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_gauss_newton_steps_are_those_of_the_closed_form(make):
    a, k = params = make(1.5, -0.5)
    theta = np.array([1.5, -0.5])
    optimizer = GaussNewton(params, line_search=FixedRate(0.8))
    for _ in range(3):
        report = optimizer.step(lambda: decay(a, k))
        r, jacobian = decay_figures(theta)
        theta = theta - 0.8 * np.linalg.solve(jacobian.T @ jacobian, jacobian.T @ r)
        assert_allclose(numbers(params), theta, rtol=1e-11)
        r, jacobian = decay_figures(theta)
        assert report.loss == pytest.approx(0.5 * r @ r)
        assert report.gradient_norm == pytest.approx(np.abs(jacobian.T @ r).max())


def test_gauss_newton_fits_a_plane_in_one_step_and_knows_it():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    w = Tensor(np.zeros(3), requires_grad=True)
    report = GaussNewton([w]).minimize(lambda: x @ w - y)
    assert (report.converged, report.iterations, report.evaluations) == (True, 1, 2)
    assert_allclose(w.data, np.linalg.lstsq(x, y)[0], rtol=1e-10)


def test_loss_tolerance_is_the_share_of_the_loss_that_a_step_could_take_away():
    x, y = np.array([[1.0], [1.0], [0.0]]), np.array([1.0, 1.0, 1.0])
    # The best w is 1, where ½‖r‖² is 1/2 and not 3/2: two thirds less.
    for tolerance, iterations in ((0.66, 1), (0.67, 0)):
        w = Tensor([0.0], requires_grad=True)
        report = GaussNewton([w], loss_tolerance=tolerance).step(lambda w=w: x @ w - y)
        assert report.iterations == iterations
        assert report.converged
    assert (
        report.reason == "the linear model promises to lower the loss by <= loss_tolerance = 0.67"
    )


@pytest.mark.parametrize("rule", [GaussNewton, LevenbergMarquardt])
def test_a_fit_at_its_minimum_is_known_as_such_whatever_rounding_leaves(rule):
    a, k = params = Value(1.5), Value(-0.5)
    for evaluations in (30, 3):
        report = rule(params, gradient_tolerance=0).minimize(lambda: decay(a, k))
        assert report.converged
        assert report.evaluations <= evaluations


def test_damping_is_not_raised_where_only_rounding_is_left_to_gain():
    x = Value(1e-12)  # the loss is 1/2 to rounding already
    fit = LevenbergMarquardt([x], gradient_tolerance=0)
    report = fit.minimize(lambda: [x, 0 * x + 1])
    assert (report.converged, report.iterations, report.evaluations) == (True, 0, 2)
    assert fit.damping == 1e-2


@pytest.mark.parametrize("rule", [GaussNewton, LevenbergMarquardt])
def test_a_trial_without_a_jacobian_is_backed_off_from(rule):
    x = Value(1.0)  # the residual is 0 below 0, but its derivative nan
    closure = Counting([x], lambda x: [x.relu().sqrt()])
    report = rule([x]).minimize(closure, max_iterations=5)
    assert min(closure.places) < 0
    assert x.data > 0
    assert report.iterations == 5


def test_gauss_newton_takes_the_shortest_of_many_steps():
    a, b = Value(0.0), Value(0.0)  # only a + b matters
    GaussNewton([a, b]).step(lambda: [a + b - 1.0, 2 * (a + b) - 2.0])
    assert_allclose([a.data, b.data], [0.5, 0.5])


@pytest.mark.parametrize("rule", [GaussNewton, LevenbergMarquardt])
def test_residuals_may_come_as_a_tensor_of_any_shape_or_as_a_list(rule):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(6, 3))
    found = []
    for form in (lambda r: r, lambda r: r.reshape(-1), lambda r: list(r.reshape(-1)), tuple_of):
        w = Tensor(np.zeros((2, 3)), requires_grad=True)
        rule([w]).step(lambda w=w, form=form: form(x @ w - y))
        found.append(w.data)
    for other in found[1:]:
        assert_allclose(other, found[0], rtol=1e-12)


def tuple_of(r):
    return tuple(r.reshape(-1))


def test_residuals_may_come_as_an_object_array_of_values():
    a, k = Value(1.5), Value(-0.5)
    report = GaussNewton([a, k]).minimize(lambda: np.array(decay(a, k), dtype=object))
    assert report.converged
    r, jacobian = decay_figures([a.data, k.data])
    assert_allclose(jacobian.T @ r, 0, atol=1e-6)


def test_a_network_is_fitted_by_its_residuals():
    rng = np.random.default_rng(1)
    x = np.linspace(-2, 2, 25)[:, None]
    y = np.sin(2 * x)
    model = MLP(1, [8], 1, "tanh", rng=rng)
    report = LevenbergMarquardt(model.parameters()).minimize(
        lambda: model(x) - y, max_iterations=100
    )
    assert report.loss < 1e-4
    assert_allclose(model(x).data, y, atol=0.01)


# --- Levenberg-Marquardt


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_levenberg_marquardt_steps_are_those_of_the_closed_form(make):
    x, y = params = make(-1.2, 1.0)
    optimizer = LevenbergMarquardt(params, damping=1e-3)
    theta, damping, lengths = np.array([-1.2, 1.0]), 1e-3, np.zeros(2)
    refused = 0
    for _ in range(8):
        optimizer.step(lambda: rosenbrock_residuals((x, y)))
        r = np.array(rosenbrock_residuals(theta))
        jacobian = np.array([[-20 * theta[0], 10], [-1, 0]])
        lengths = np.maximum(lengths, np.linalg.norm(jacobian, axis=0))
        growth = 2.0
        while True:
            scaled = jacobian.T @ jacobian + damping * np.diag(lengths**2)
            step = -np.linalg.solve(scaled, jacobian.T @ r)
            linear, after = r + jacobian @ step, np.array(rosenbrock_residuals(theta + step))
            if after @ after < r @ r:
                break
            damping, growth, refused = damping * growth, growth * 2, refused + 1
        gain = (r @ r - after @ after) / (r @ r - linear @ linear)
        damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
        theta = theta + step
        assert_allclose(numbers(params), theta, rtol=1e-9)
        assert optimizer.damping == pytest.approx(damping, rel=1e-9)
        assert_allclose(optimizer.lengths, lengths, rtol=1e-12)
    assert refused > 2


def test_levenberg_marquardt_does_not_depend_on_units():
    def fit(unit):
        a, k = Value(1.0), Value(0.5 * unit)
        # But for gradient_tolerance, which has units.
        fit = LevenbergMarquardt([a, k], gradient_tolerance=0)
        report = fit.minimize(lambda: decay(a, k / unit))
        return report.evaluations, a.data, k.data / unit

    assert fit(1e6)[0] == fit(1.0)[0]
    assert_allclose(fit(1e6), fit(1.0), rtol=1e-6)


def test_more_damping_makes_a_shorter_step():
    lengths = []
    for damping in (1e-3, 1.0, 1e3):
        params = [Value(1.5), Value(-0.5)]
        LevenbergMarquardt(params, damping=damping).step(Counting(params, decay))
        lengths.append(np.linalg.norm(numbers(params) - [1.5, -0.5]))
    assert lengths[0] > lengths[1] > lengths[2]


def test_levenberg_marquardt_raises_the_damping_until_the_trial_is_in_the_domain():
    x = Value(0.01)  # ln x = 3 at e³ = 20.1; the first step goes below 0

    def closure(x):
        return [(x.log() - 3.0), 0.0 * x + 1.0]

    y = Value(200.0)
    closure_y = Counting([y], closure)
    report = LevenbergMarquardt([y], damping=1e-6).minimize(closure_y)
    assert min(closure_y.places) < 0
    assert report.converged
    assert y.data == pytest.approx(math.exp(3), rel=1e-6)
    assert LevenbergMarquardt([x]).minimize(lambda: closure(x)).converged
    assert x.data == pytest.approx(math.exp(3), rel=1e-6)


def test_a_parameter_that_no_residual_depends_on_stays():
    a, b = Value(1.0), Value(7.0)
    for rule in (GaussNewton, LevenbergMarquardt):
        rule([a, b]).minimize(lambda: [a * a - 2.0])
        assert b.data == 7.0
    assert a.data == pytest.approx(math.sqrt(2))


def test_the_problem_of_rosenbrock_is_two_residuals():
    x = [Value(-1.2), Value(1.0)]
    report = GaussNewton(x, line_search=FixedRate()).minimize(lambda: rosenbrock_residuals(x))
    assert (report.converged, report.iterations) == (True, 2)
    assert_allclose(numbers(x), 1.0, rtol=1e-12)
