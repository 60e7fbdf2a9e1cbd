"""Steps with every rule and option, held against PyTorch's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optim
from autograd import Value
from optim import clip_grad_norm_
from optim.schedules import ReduceOnPlateau
from tests.each import IN_CI, each
from tests.optim.rules import PROBLEMS, TORCH, as_module, case_name, numbers


@each(
    ("rule", "settings", "problem", "figures"),
    TORCH["trajectories"],
    ids=[f"{problem} {case_name((r, s))}" for r, s, problem, _ in TORCH["trajectories"]],
)
def test_steps_are_those_of_pytorch(rule, settings, problem, figures):
    start = TORCH["start"][problem]
    if problem == "mlp":
        params, loss = as_module(start)
    else:
        params = [Value(x) for x in start]
        loss = lambda: PROBLEMS[problem](*params)  # noqa: E731
    optimizer = getattr(optim, rule)(params, **settings)
    sign = -1 if settings.get("maximize") else 1
    for step in range(1, 201 if problem == "mlp" and IN_CI else 51):
        optimizer.step(lambda: sign * loss())
        if str(step) in figures:
            assert_allclose(numbers(params), figures[str(step)], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("rule", TORCH["skipped"])
def test_a_parameter_reached_late_is_stepped_as_in_pytorch(rule):
    settings, figures = TORCH["skipped"][rule]
    a, c, b = Value(1.0), Value(-2.0), Value(3.0)
    optimizer = getattr(optim, rule)([a, c, b], **settings)
    for step in range(8):
        optimizer.step(lambda: a * a + c * c + (b * b * a if step >= 3 else 0))  # noqa: B023
    assert_allclose(numbers([a, c, b]), figures, rtol=1e-10)


@pytest.mark.parametrize(("norm_type", "max_norm", "norm", "clipped"), TORCH["clipping"]["figures"])
def test_clipping_by_norm_is_that_of_pytorch(norm_type, max_norm, norm, clipped):
    params = [[Value(0.0) for _ in row] for row in clipped]
    for row, grads in zip(params, TORCH["clipping"]["grads"]):
        for p, g in zip(row, grads):
            p.grad = g
    found = clip_grad_norm_([p for row in params for p in row], max_norm, float(norm_type))
    assert_allclose(found, norm, rtol=1e-12)
    assert_allclose([[p.grad for p in row] for row in params], clipped, rtol=1e-12)


@pytest.mark.parametrize(
    ("mode", "factor", "patience", "threshold", "lr_min", "rates"), TORCH["plateaus"]["figures"]
)
def test_plateaus_are_found_as_by_pytorch(mode, factor, patience, threshold, lr_min, rates):
    schedule = ReduceOnPlateau(0.1, factor, patience, threshold, lr_min, maximize=mode == "max")
    found = []
    for epoch, loss in enumerate(TORCH["plateaus"]["losses"]):
        schedule.observe(loss)
        found.append(schedule(epoch + 1))
    assert_allclose(found, rates, rtol=1e-12)
    assert len(np.unique(rates)) > 2
