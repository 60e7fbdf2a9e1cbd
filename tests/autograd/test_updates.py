"""Updates that do not update: `p -= lr * p.grad` is refused, `w = w - lr * w.grad` warns."""

import contextlib
import gc
import operator
import weakref

import numpy as np
import pytest

import nn
import optim
from autograd import GrowingGraphWarning, Tensor, Value, clip, compile, grad, no_grad, tanh
from autograd.updates import MOST_PASSES, readings
from tests.each import each

LEAVES = {
    "Value": lambda: Value(2.0),
    "Tensor": lambda: Tensor([2.0, 3.0], requires_grad=True),
    "0-d": lambda: Tensor(2.0, requires_grad=True),
    "float32": lambda: Tensor([2.0, 3.0], requires_grad=True, dtype="float32"),
    "Parameter": lambda: nn.Parameter([2.0, 3.0]),
    "a number of a Parameter": lambda: nn.Parameter([2.0, 3.0]).scalars()[0],
}
every_leaf = each("make", LEAVES.values(), ids=LEAVES)

IN_PLACE = {
    f.__name__: f
    for f in (
        operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv,
        operator.imod, operator.ipow,
    )
}  # fmt: skip
every_operator = each("update", IN_PLACE.values(), ids=IN_PLACE)


def loss_of(x):
    return x * x if isinstance(x, Value) else (x * x).sum()


# --- p -= lr * p.grad -----------------------------------------------------------------------------


@each("mode", [contextlib.nullcontext, no_grad], ids=["recording", "no_grad"])
@every_operator
@every_leaf
def test_changing_a_leaf_in_place_after_its_gradient_arrived_is_refused(make, update, mode):
    p = make()
    loss_of(p).backward()
    before = np.array(p.data)
    with mode(), pytest.raises(TypeError, match=r"leave .* as it is\. Write to .*: p\.data -= "):
        update(p, 0.1)
    assert np.array_equal(p.data, before)


@every_leaf
def test_the_remedy_trains(make):
    p = make()
    for _ in range(60):
        p.zero_grad()
        loss_of(p).backward()
        p.data -= 0.2 * p.grad
    assert np.all(np.abs(p.data) < 1e-9)


def test_the_loop_of_textbooks_is_refused_on_its_first_step():
    w, b = Tensor(np.zeros((2, 1)), requires_grad=True), Tensor(0.0, requires_grad=True)
    x, y = np.eye(2), np.ones((2, 1))
    ((x @ w + b - y) ** 2).mean().backward()

    def step():
        for p in (w, b):
            p -= 0.1 * p.grad  # noqa: PLW2901 (the mistake)

    with no_grad(), pytest.raises(TypeError, match=r"p\.data -= "):
        step()


def test_matmul_in_place_is_refused_too():
    p = Tensor(np.eye(2), requires_grad=True)
    (p * p).sum().backward()
    with pytest.raises(TypeError, match=r"p\.data -= "):
        p @= np.eye(2)


@pytest.mark.parametrize("make", [LEAVES["Value"], LEAVES["Tensor"], LEAVES["float32"]])
def test_a_sum_may_begin_with_a_leaf_that_has_a_gradient_already(make):
    bias, weight = make(), make()
    for _ in range(3):  # without zero_grad()
        total = bias
        total += weight * 3.0
        total *= weight
        loss_of(total).backward()
    b, w = np.array(bias.data, dtype=float), np.array(weight.data, dtype=float)
    total = (b + 3.0 * w) * w
    np.testing.assert_allclose(bias.grad, 3 * 2 * total * w, rtol=1e-6)
    np.testing.assert_allclose(weight.grad, 3 * 2 * total * (b + 6.0 * w), rtol=1e-6)


@every_leaf
def test_who_means_a_new_node_is_told_how_to_write_it(make):
    x = make()
    loss_of(x).backward()
    with pytest.raises(TypeError, match=r"or say p = p - \.\.\. if a new \w+ is meant"):
        x += 1.0
    x = x + 1.0
    loss_of(x).backward()


@every_operator
@each("make", [LEAVES["Value"], LEAVES["Tensor"], LEAVES["a number of a Parameter"]])
def test_without_a_gradient_it_makes_a_new_node_as_in_python(make, update):
    start = make()
    total = update(start, 3.0)
    total = update(total, 0.5)
    assert total.parents[0].parents[0] is start
    loss_of(total).backward()
    assert np.all(np.isfinite(start.grad))
    result = update(total, 2.0)  # of a result that has a gradient
    assert result.parents[0] is total


def test_after_zero_grad_and_on_constants_it_is_as_in_python():
    x = Value(2.0)
    (x * x).backward()
    x.zero_grad()
    x += 1.0
    assert x.data == 3.0
    constant = Tensor([1.0])
    constant += 1.0
    constant -= Value(1.0).detach()
    assert constant.data == 1.0


def test_inside_compiled_functions_and_transforms_sums_may_be_made_in_place():
    def f(x):
        total = x
        total += 1.0
        total *= x
        return total

    assert grad(f)(2.0) == 5.0
    compiled = compile(f)
    x = Value(2.0)
    compiled(x).backward()
    assert x.grad == 5.0
    x.zero_grad()  # with a gradient it would be refused, as it is as written
    compiled(x).backward()
    assert x.grad == 5.0


# --- w = w - lr * w.grad --------------------------------------------------------------------------


def steps_until_a_warning(step, state, most=40):
    for k in range(most):
        try:
            state = step(state)
        except GrowingGraphWarning:  # all warnings are errors here
            return k
    return most


def gradient_step(w, lr=0.1):
    loss_of(w - 1.0).backward()
    return w - lr * w.grad


def momentum_step(state):
    w, v = state
    loss_of(w - 1.0).backward()
    v = 0.9 * v + w.grad
    return w - 0.1 * v, v


def decaying_step(w):
    loss_of(w - 1.0).backward()
    return w * 0.99 - 0.1 * w.grad


def step_with_a_penalty(w):
    loss_of(w - 1.0).backward()
    return w - 0.1 * (w.grad + 0.01 * w)


def projected_step(w):
    loss_of(w - 1.0).backward()
    return clip(w - 0.1 * w.grad, -5.0, 5.0)


def two_parameters(state):
    w, b = state
    loss_of(w * 2.0 + b).backward()
    return w - 0.1 * w.grad, b - 0.1 * b.grad


@each(
    ("step", "start"),
    [
        (gradient_step, lambda x: x),
        (lambda w: w + (-0.1) * gradient_of(w), lambda x: x),
        (momentum_step, lambda x: (x, 0.0)),
        (decaying_step, lambda x: x),
        (step_with_a_penalty, lambda x: x),
        (projected_step, lambda x: x),
        (two_parameters, lambda x: (x, x * 1.0)),
        (gradient_step, lambda x: x * tanh(x)),  # no leaf
    ],
    ids=["-", "+", "momentum", "decay", "penalty", "projected", "two", "result"],
)
@every_leaf
def test_a_new_node_of_w_in_every_step_warns(make, step, start):
    k = steps_until_a_warning(step, start(make()))
    assert MOST_PASSES < k <= MOST_PASSES + 3


def gradient_of(w):
    loss_of(w - 1.0).backward()
    return w.grad


def test_the_warning_names_the_users_line_and_comes_after_the_gradients():
    w = Value(2.0)
    for _ in range(MOST_PASSES + 2):
        w = gradient_step(w)
    with pytest.warns(GrowingGraphWarning, match=r"w\.data -= lr \* w\.grad") as caught:
        w = gradient_step(w)
    assert {c.filename for c in caught} == {__file__}
    assert abs(w.data - 1.0) < 0.1  # it does descend


def test_two_such_trainings_in_turns_are_both_told():
    first, second = Value(2.0), Tensor([3.0], requires_grad=True)
    for _ in range(MOST_PASSES + 2):
        first, second = gradient_step(first), gradient_step(second)
    for w in (first, second):
        with pytest.warns(GrowingGraphWarning):
            gradient_step(w)


# --- what must not warn: each runs many passes, and all warnings are errors -----------------------

MANY = 3 * MOST_PASSES


@every_leaf
def test_a_trunk_with_many_heads_is_quiet(make):
    x = make()
    trunk = tanh(x * x)
    for k in range(MANY):
        loss_of(trunk * float(k)).backward()
        assert np.all(np.isfinite(trunk.grad))  # it may be looked at


@every_leaf
def test_a_recurrence_is_quiet(make):
    w = make()
    h = w * 0.0 + 0.5
    for _ in range(MANY):
        h = tanh(w * h)
        loss_of(h).backward()


@every_leaf
def test_a_recurrence_whose_gradients_are_looked_at_in_every_step_is_quiet(make):
    w, b = make(), make()
    states = [w * 0.0 + 0.5]
    for _ in range(MANY):
        states.append(tanh(w * states[-1] + b))
        loss_of(states[-1]).backward()
        assert all(np.all(np.isfinite(h.grad)) for h in states)


@every_leaf
def test_parts_of_one_graph_that_are_looked_at_one_after_the_other_are_quiet(make):
    w = make()
    parts = [tanh(w * (k / MANY) + 1.0) for k in range(MANY)]
    for part in parts:
        loss_of(sum(parts[1:], parts[0])).backward()
        assert np.all(np.isfinite(part.grad))


@every_leaf
def test_a_running_total_is_quiet(make):
    w = make()
    total = loss_of(w)
    for k in range(MANY):
        total = total + loss_of(w * float(k))
        total.backward()
        print(total)


@every_leaf
def test_training_by_the_book_is_quiet_whatever_is_looked_at(make):
    w = make()
    losses, hidden = [], []
    for _ in range(MANY):
        h = tanh(w * 0.5)
        loss = loss_of(h)
        w.zero_grad()
        loss.backward()
        w.data -= 0.1 * w.grad
        losses.append(loss)
        hidden.append(np.copy(h.grad))
    assert len(hidden) == MANY


def test_optimizers_and_results_that_are_looked_at_again_and_again_are_quiet():
    x = [Value(float(k)) for k in range(20)]
    results = [v * v for v in x]
    root = sum(results[1:], results[0])
    optimizer = optim.SGD(x, lr=0.01)
    for _ in range(MANY):
        optimizer.zero_grad()
        root.backward()
        assert [v.grad for v in results] == [1.0] * 20
        optimizer.step()


def test_what_was_looked_at_is_not_kept_alive():
    x = Tensor(np.ones(3), requires_grad=True)
    h = x * 2.0
    loss_of(h).backward()
    assert h.grad is not None
    gone = weakref.ref(h)
    del h
    gc.collect()
    assert gone() is None
    for _ in range(MANY):
        loss_of(x).backward()
    assert not readings.of
