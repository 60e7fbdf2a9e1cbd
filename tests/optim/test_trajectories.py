"""Pictures of schedules, trajectories and rates; the sweep; clipping by value."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

from autograd import Tensor, Value, grad, sin
from nn import MLP, Parameter
from nn.functional import mse_loss
from optim import (
    LBFGS,
    SGD,
    Adagrad,
    Adam,
    GaussNewton,
    LevenbergMarquardt,
    Momentum,
    Nesterov,
    Newton,
    RateSweep,
    UpdateRule,
    clip_grad_norm_,
    clip_grad_value_,
    landscapes,
    schedules,
    sweep_rates,
    trajectories,
)
from optim.drawing import line_styles
from tests.each import each

LANDSCAPES = {name: getattr(landscapes, name) for name in ("rosenbrock", "beale", "bowl", "saddle")}
RACERS = {
    "SGD": lambda p: SGD(p, lr=1e-3),
    "Momentum": lambda p: Momentum(p, lr=1e-3),
    "Nesterov": lambda p: Nesterov(p, lr=1e-3),
    "Adagrad": lambda p: Adagrad(p, lr=0.3),
    "Adam": lambda p: Adam(p, lr=0.1),
    "Newton": Newton,
}


def ax():
    return Figure().subplots()


def dashes_and_markers(axes):
    """What tells lines apart in greyscale."""
    long = [line for line in axes.get_lines() if len(line.get_xdata()) > 1]
    return [(line._dash_pattern, line.get_marker()) for line in long]


# --- landscapes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=LANDSCAPES)
def test_a_landscape_takes_numbers_values_tensors_and_arrays(landscape):
    x, y = landscape.start
    expected = landscape(x, y)
    assert landscape(Value(x), Value(y)).data == pytest.approx(expected)
    assert landscape(Tensor(x), Tensor(y)).item() == pytest.approx(expected)
    assert_allclose(landscape(np.array([x, x]), np.array([y, y])), [expected] * 2)


@pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=LANDSCAPES)
def test_a_landscape_has_its_minimum_where_it_says_and_in_the_picture(landscape):
    if landscape.minimum is None:
        centre = grad(landscape, argnums=(0, 1))(0.0, 0.0)
        assert [float(g) for g in centre] == [0.0, 0.0]
        assert landscape(1, 0) > landscape(0, 0) > landscape(0, 1)
        return
    assert landscape(*landscape.minimum) == pytest.approx(0, abs=1e-28)
    xs, ys = np.meshgrid(np.linspace(*landscape.xlim, 101), np.linspace(*landscape.ylim, 101))
    assert (landscape(xs, ys) >= 0).all()
    for (low, high), at, start in zip(
        (landscape.xlim, landscape.ylim), landscape.minimum, landscape.start
    ):
        assert low < at < high
        assert low < start < high


# --- trajectories ---------------------------------------------------------------------------------


def test_a_trajectory_is_where_the_rule_goes():
    way = trajectories.record(landscapes.bowl, lambda p: SGD(p, lr=0.02), steps=30)
    # On ½(x² + 25 y²) a step multiplies x by 1 - η and y by 1 - 25 η.
    n = np.arange(31)
    assert_allclose(way.points, np.c_[-4 * 0.98**n, 0.5**n], rtol=1e-12, atol=1e-12)
    assert_allclose(way.losses, landscapes.bowl(*way.points.T), rtol=1e-12)


def test_small_large_and_stable_rates_do_what_the_lecture_says():
    small, stable, large = (
        trajectories.record(landscapes.bowl, lambda p: SGD(p, lr=lr), steps=40)  # noqa: B023
        for lr in (0.001, 0.06, 0.09)
    )
    assert small.losses[-1] > 0.3 * small.losses[0]
    assert stable.losses[-1] < 0.01 * stable.losses[0]
    assert large.losses[-1] > 1e4 * large.losses[0]


def test_a_run_ends_where_numbers_become_infinite():
    way = trajectories.record(landscapes.rosenbrock, lambda p: SGD(p, lr=1.0), steps=100)
    assert 2 <= len(way.points) < 20
    assert np.isfinite(way.points).all()


@each("rule", RACERS.values(), ids=RACERS)
@each("landscape", LANDSCAPES.values(), ids=LANDSCAPES)
def test_every_rule_descends_every_landscape(landscape, rule):
    way = trajectories.record(landscape, rule, steps=60)
    assert way.losses[-1] < way.losses[0]


def test_rules_of_second_order_can_be_recorded_too():
    way = trajectories.record(landscapes.rosenbrock, LBFGS, steps=60)
    assert_allclose(way.points[-1], [1.0, 1.0], atol=1e-4)


def test_any_function_of_two_numbers_will_do():
    def waves(x, y):
        return sin(x) * sin(y)

    with pytest.raises(ValueError, match="record: needs a start"):
        trajectories.record(waves, SGD)
    way = trajectories.record(waves, lambda p: SGD(p, lr=0.5), (0.5, -0.5), steps=60, label="SGD")
    assert_allclose(way.points[-1], [np.pi / 2, -np.pi / 2], atol=1e-3)
    picture = trajectories.draw(waves, way, ax=ax())
    assert picture.get_label().startswith("Contours of waves. SGD: 60 steps, from -0.23 to -1.")
    assert picture.get_xlim()[0] < 0.5 < 1.57 < picture.get_xlim()[1]
    with pytest.raises(ValueError, match="record: steps must be >= 1, but got 0"):
        trajectories.record(waves, SGD, (0.0, 0.0), steps=0)
    with pytest.raises(ValueError, match=r"start must be two numbers, x and y, but got \(0\.0,\)"):
        trajectories.record(waves, SGD, (0.0,))


@pytest.mark.parametrize("rule", [GaussNewton, LevenbergMarquardt])
def test_rules_that_take_residuals_are_recorded_and_drawn_too(rule):
    def residuals(x, y):
        return [1 - x, 10 * (y - x * x)]

    way = trajectories.record(residuals, rule, (0.0, 0.0), steps=30)
    assert way.losses[0] == 0.5
    assert_allclose(way.points[-1], 1.0, atol=1e-3)
    assert trajectories.draw(residuals, way, ax=ax()).collections


def test_a_flat_function_and_one_with_poles_are_drawn():
    def flat(x, y):
        return 0 * x + 0 * y

    way = trajectories.record(flat, lambda p: SGD(p, lr=1.0), (0.0, 0.0), steps=2)
    picture = trajectories.draw(flat, way, ax=ax())
    assert picture.get_label() == "Contours of flat. A trajectory: 2 steps, from 0 to 0."
    pole = trajectories.draw(lambda x, y: 1 / (x * x + 0 * y), ax=ax(), xlim=(-199.0, 0.0))
    assert pole.collections


@pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=LANDSCAPES)
def test_a_race_is_drawn_on_the_axes_given_readable_without_colours(landscape):
    axes = ax()
    runs = trajectories.race(landscape, RACERS, steps=30)
    assert trajectories.draw(landscape, *runs, ax=axes) is axes
    told_apart = {repr(style) for style in dashes_and_markers(axes)}
    assert len(told_apart) == len(RACERS)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(RACERS)
    assert (axes.get_xlim(), axes.get_ylim()) == (landscape.xlim, landscape.ylim)
    axes.figure.canvas.draw()


def test_trajectories_side_by_side_share_their_limits():
    runs = trajectories.race(
        landscapes.bowl, {f"rate {r}": (lambda p, r=r: SGD(p, lr=r)) for r in (0.01, 0.06)}, steps=9
    )
    row = Figure().subplots(ncols=2)
    found = trajectories.draw_side_by_side(landscapes.bowl, *runs, axes=row)
    assert [a.get_title() for a in found] == ["rate 0.01", "rate 0.06"]
    assert row[0].get_xlim() == row[1].get_xlim()
    with pytest.raises(ValueError, match="needs 2 axes, but got 1"):
        trajectories.draw_side_by_side(landscapes.bowl, *runs, axes=ax())
    with pytest.raises(ValueError, match="needs at least one trajectory"):
        trajectories.draw_side_by_side(landscapes.bowl)


def test_schedules_are_drawn_with_one_call_readable_without_colours():
    each = [
        schedules.inverse_time(0.1),
        schedules.step_decay(0.1),
        schedules.exponential(0.1),
        schedules.inverse_sqrt(0.1),
        schedules.warm_up(schedules.cosine(0.1, 30), 5),
    ]
    axes = ax()
    assert schedules.plot(*each, epochs=40, ax=axes) is axes
    assert len({repr(style) for style in dashes_and_markers(axes)}) == len(each)
    assert axes.get_label().startswith("Learning rates from epoch 0 to 40. 0.1/(1 + 1·epoch)")
    axes.figure.canvas.draw()


def test_pictures_need_matplotlib_only_when_drawn():
    program = """
import sys
sys.modules["matplotlib"] = None
import optim
optim.trajectories.record(optim.landscapes.bowl, optim.SGD, steps=2)
for draw in (
    lambda: optim.schedules.plot(optim.schedules.constant(0.1)),
    lambda: optim.trajectories.draw(optim.landscapes.bowl),
):
    try:
        draw()
    except ImportError as err:
        print(err)
assert "nn" not in sys.modules
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.stdout.splitlines() == [
        'schedules.plot: needs matplotlib (pip install "glassgrad[notebook]").',
        'trajectories.draw: needs matplotlib (pip install "glassgrad[notebook]").',
    ], result.stderr


# --- the learning-rate finder ---------------------------------------------------------------------


def sweep(rule=SGD, **settings):
    x = Value(3.0)
    optimizer = rule([x], **settings)
    return x, optimizer, lambda: x * x


def test_a_sweep_finds_the_rate_that_is_best():
    _, optimizer, closure = sweep()
    # x ← x (1 - 2η), three times
    found = sweep_rates(optimizer, closure, [0.4, 0.01, 0.9, 1.5], steps=3)
    assert_allclose(found.rates, [0.01, 0.4, 0.9, 1.5])
    assert_allclose(found.losses, 9 * (1 - 2 * found.rates) ** 6, rtol=1e-12)
    assert found.start == 9.0
    assert found.best == 0.4


@pytest.mark.parametrize("rule", [SGD, Momentum, Nesterov, Adam])
def test_a_sweep_leaves_everything_as_it_was(rule):
    model = MLP(2, [3], 1)
    data = np.array([[0.0, 1.0], [1.0, 0.5]])

    def closure():
        return mse_loss(model(data), np.array([[1.0], [-1.0]]))

    optimizer = rule(model.parameters(), lr=0.05)
    optimizer.step(closure)
    numbers, state = model.flat().data.copy(), optimizer.state_dict()
    found = sweep_rates(optimizer, closure)
    assert found.rates.shape == found.losses.shape == (25,)
    assert_array_equal(model.flat().data, numbers)
    assert optimizer.lr == 0.05
    assert repr(optimizer.state_dict()) == repr(state)
    with pytest.raises(ZeroDivisionError):
        sweep_rates(optimizer, lambda: 1 / 0)
    assert_array_equal(model.flat().data, numbers)


def test_a_rate_that_changes_nothing_does_not_lower_the_loss():
    sweep = RateSweep(np.array([0.1, 0.2, 0.5]), np.array([2.0, 1.0, 2.0]), start=2.0, steps=5)
    assert sweep.best == 0.2
    with pytest.raises(ValueError, match="no rate"):
        _ = RateSweep(sweep.rates, np.full(3, 2.0), start=2.0, steps=5).best


def test_a_rate_that_was_lucky_between_bad_ones_is_not_the_best():
    losses = np.array([0.9, 0.5, 0.4, 7.0, 0.1, np.nan])
    found = RateSweep(np.geomspace(1e-3, 1e2, 6), losses, start=1.0, steps=5)
    assert found.best == pytest.approx(0.1)
    with pytest.raises(ValueError, match=r"with no rate is the loss smaller than 0\.01"):
        _ = RateSweep(found.rates, losses, start=0.01, steps=5).best


def test_a_sweep_is_drawn_with_the_rates_that_diverged():
    _, optimizer, closure = sweep()
    axes = ax()
    found = sweep_rates(optimizer, closure, np.geomspace(1e-3, 1e3, 13), steps=50)
    assert found.plot(axes) is axes
    assert axes.get_xscale() == "log"
    assert axes.get_label() == (
        "Loss after 50 steps over the rate, from 0.001 to 1e+03. Lowest at 0.316. "
        "Diverged from 3.16 on."
    )
    axes.figure.canvas.draw()


def test_a_sweep_that_makes_no_sense_is_refused():
    _, optimizer, closure = sweep()
    with pytest.raises(ValueError, match=r"sweep_rates: needs rates > 0, but got \[0\.0, 0\.1\]"):
        sweep_rates(optimizer, closure, [0.1, 0.0])
    with pytest.raises(ValueError, match=r"sweep_rates: needs rates > 0, but got \[\]"):
        sweep_rates(optimizer, closure, [])
    with pytest.raises(ValueError, match="steps must be >= 1, but got 0"):
        sweep_rates(optimizer, closure, steps=0)
    with pytest.raises(TypeError, match=r"steps must be an int, but got 1\.5"):
        sweep_rates(optimizer, closure, steps=1.5)
    with pytest.raises(TypeError, match="sweep_rates: optimizer must be a rule of first order"):
        sweep_rates(Newton(optimizer.params), closure)


def test_a_sweep_goes_on_beyond_rates_whose_gradients_the_optimizer_refuses():
    x = Value(3.0)
    optimizer = SGD([x]).refuse_nonfinite()
    found = sweep_rates(optimizer, lambda: x**4, [1e-3, 100.0], steps=20)
    assert found.best == 1e-3
    assert not np.isfinite(found.losses[1])
    x.grad = np.nan
    with pytest.raises(ValueError, match="needs finite gradients"):
        optimizer.step()


# --- clipping -------------------------------------------------------------------------------------


def test_clipping_by_norm_keeps_the_direction_and_leaves_short_gradients_alone():
    w, x, unreached = Parameter([[3.0, 0.0]]), Value(1.0), Parameter([7.0])
    w.grad, x.grad = [[0.0, 3.0]], 4.0
    window = w.grad
    assert clip_grad_norm_([w, x, unreached], max_norm=10.0) == 5.0
    assert (w.grad.tolist(), x.grad) == ([[0.0, 3.0]], 4.0)
    assert clip_grad_norm_([w, x, unreached], max_norm=2.5) == 5.0
    assert_allclose([w.grad[0, 1], x.grad], [1.5, 2.0], rtol=1e-6)
    assert w.grad is window
    assert unreached.grad is None
    assert clip_grad_norm_(unreached, max_norm=1.0) == 0.0


def test_clipping_by_value_brings_every_entry_within_bounds():
    w = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    w.grad = [-5.0, 0.5, 5.0]
    clip_grad_value_([w], clip_value=2.0)
    assert w.grad.tolist() == [-2.0, 0.5, 2.0]


def test_clipping_can_refuse_norms_that_are_not_finite():
    x = Value(1.0)
    x.grad = float("nan")
    with pytest.raises(ValueError, match="needs finite gradients, but their norm is nan"):
        clip_grad_norm_([x], max_norm=1.0, error_if_nonfinite=True)
    with pytest.raises(ValueError, match="max_norm must be > 0, but got 0"):
        clip_grad_norm_([x], max_norm=0)
    with pytest.raises(TypeError, match="max_norm must be a number, but got '1'"):
        clip_grad_norm_([x], max_norm="1")
    with pytest.raises(TypeError, match=r"needs Tensors or Values, but got 1\.0"):
        clip_grad_norm_([1.0], max_norm=1.0)
    with pytest.raises(ValueError, match="clip_value must be > 0, but got -1"):
        clip_grad_value_([x], clip_value=-1)
    with pytest.raises(TypeError, match=r"got a model\. Pass model\.parameters\(\)"):
        clip_grad_value_(MLP(1, [1], 1), clip_value=1)


def test_clipped_steps_are_no_longer_than_the_bound():
    x = Value(100.0)
    optimizer = SGD([x], lr=1.0)
    assert isinstance(optimizer, UpdateRule)
    (x**4).backward()
    clip_grad_norm_([x], max_norm=0.5)
    optimizer.step()
    assert x.data == pytest.approx(99.5)


def test_no_two_of_36_lines_look_alike():
    first = [repr(style) for style in itertools.islice(line_styles(), 37)]
    assert len(set(first[:36])) == 36
    assert first[36] == first[0]


@pytest.mark.parametrize("name", ["beale", "bowl", "rosenbrock", "saddle"])
def test_a_landscape_is_drawn_where_it_begins_and_ends(name):
    land = getattr(landscapes, name)
    for x, y in filter(None, (land.start, land.minimum)):
        assert land.xlim[0] < x < land.xlim[1]
        assert land.ylim[0] < y < land.ylim[1]


def test_a_race_takes_fifty_steps_unless_told():
    (way,) = trajectories.race(landscapes.bowl, {"SGD": lambda p: SGD(p, lr=0.01)})
    assert len(way.points) == 51  # and the start
