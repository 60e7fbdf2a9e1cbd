"""A whole training step as JavaScript: under Node it trains as Python does."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, Tensor, Value
from tests.autograd.compiler.native.programs import orbit, recurrent
from tests.autograd.compiler.programs import left_in, step_of
from tests.autograd.compiler.test_random_steps import RandomStep

needs_node = pytest.mark.skipif(
    shutil.which("node") is None and os.environ.get("GLASSGRAD_CI") != "1",
    reason="needs Node",
)

TRAIN = """
const all = group => Object.fromEntries(Object.entries(group).map(
    ([name, x]) => [name, Array.from(x.numbers)]));
Object.values(p.arguments).forEach((x, k) => x.numbers.set(given[k]));
for (let k = 0; k < 5; k++) {
    if (k === 2) Object.assign(p.settings || {}, changed);
    p.step();
}
console.log(JSON.stringify([all(p.results), all(p.parameters), all(p.gradients), p.settings]));
"""


def trained_under_node(g, *example, **changed):
    """Results, parameters, gradients and settings after five steps, two of them before a change."""
    text = g.source("js")
    given = json.dumps([np.ravel(x).tolist() for x in example])
    script = f"{text}\nconst p = {g.__name__}(), given = {given}, changed = {json.dumps(changed)};"
    done = subprocess.run(
        ["node", "-"], input=f"{script}\n{TRAIN}", capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def check(step, leaves, *example, before=3, rate=None, optimizer=None, tolerance=1e-12):
    """Take some steps in Python, five under Node and the same five in Python, as written."""
    g = autograd.compile(step)
    for _ in range(before):
        g(*example)
    changed = {} if rate is None else {"lr": rate}
    results, *found, settings = trained_under_node(g, *example, **changed)
    for k in range(5):
        if k == 2 and rate is not None:
            optimizer.param_groups[0]["lr"] = rate
        loss = step(*example)
    np.testing.assert_allclose(results["out"], [float(loss.data)], rtol=tolerance)
    for theirs, name in zip(found, ("data", "grad"), strict=True):
        numbers = np.sort(np.concatenate(list(theirs.values())))
        ours = np.sort(np.concatenate([np.ravel(getattr(x, name)) for x in leaves]))
        scale = max(1.0, np.abs(ours).max())
        np.testing.assert_allclose(numbers, ours, rtol=0, atol=tolerance * scale)
        assert len(numbers) == len(ours)
    return settings


def batch(*shape):
    return np.random.default_rng(3).normal(size=shape)


def network(*middle):
    nn.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 4, bias=not middle), *middle, nn.Tanh(), nn.Linear(4, 1))


def squares(model):
    return lambda x, y: ((model(x) - y) ** 2).mean()


def of_network(rule, dtype="f8", **settings):
    """A step of a network with a rule, its leaves, a batch, and the rule for a later change."""
    model = network().astype(dtype)
    optimizer = rule(model.parameters(), **settings)
    step, data = step_of(squares(model), optimizer), (batch(6, 2), batch(6, 1))
    return step, [*model.parameters()], *(x.astype(dtype) for x in data), optimizer


def clipped(order):
    step, weights, *data, optimizer = of_network(optim.SGD, lr=0.1, momentum=0.9)
    loss_of = step.__closure__[0].cell_contents

    def clipped_step(x, y):
        optimizer.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        if order is None:
            optim.clip_grad_value_(weights, 0.05)
        else:
            optim.clip_grad_norm_(weights, 0.05, order)
        optimizer.step()
        return loss

    return clipped_step, weights, *data, optimizer


def called_like_what_a_step_uses_itself():
    names = ["settings", "Boolean", "RangeError", "__proto__", "t", "p", "λ", "class"]
    weights = [Tensor([0.5 + k, -1.0], requires_grad=True, label=x) for k, x in enumerate(names)]
    optimizer = optim.Adam(weights, lr=0.01)
    loss = lambda x: ((sum(w * x for w in weights) - 1.0) ** 2).mean()  # noqa: E731
    return step_of(loss, optimizer), weights, batch(3, 2), optimizer


def by_hand(loss_of, leaves, rate):
    def step(*args):
        loss = loss_of(*args)
        for p in leaves:
            p.grad = 0.0
        loss.backward()
        for p in leaves:
            p.data -= rate * p.grad
        return loss

    return step


def values():
    w = [Value(x) for x in batch(9).tolist()]

    def loss(x):
        return (sum((a * x[0] + b * x[1] + c).tanh() for a, b, c in zip(*[iter(w)] * 3)) - 1) ** 2

    return by_hand(loss, w, 0.1), w, [1.0, 2.0], None


def close_up(with_optimizer):
    nn.manual_seed(0)
    scalars = nn.MLP(2, [4], 1, "tanh").scalars()
    leaves = [*scalars.parameters()]
    loss = lambda points: sum((scalars(x)[0] - 1.0) ** 2 for x in points) * 0.1  # noqa: E731
    rule = optim.SGD(leaves, lr=0.05, momentum=0.9) if with_optimizer else None
    step = step_of(loss, rule) if with_optimizer else by_hand(loss, leaves, 0.05)
    return step, leaves, batch(6, 2).tolist(), rule


def again_and_again(make, x, rate):
    f, w = make()
    optimizer = optim.SGD(w, lr=rate)
    return step_of(lambda x: (f(x) - 1.0) ** 2, optimizer), w, x, None


def passed_on():
    p, q, target = (nn.Parameter([x, 2.0 * x]) for x in (0.5, -1.0, 2.0))
    target.grad = np.zeros(2)

    def step(x):
        loss = ((p * x - 1.0) ** 2 * q).sum()
        for w in (p, q, target):
            w.grad = np.zeros(2)
        loss.backward()
        target.data = q.data  # as written, what follows is not seen in it
        q.data = 0.5 * q.data - 0.1 * p.grad
        target.grad = p.data
        p.data = 0.9 * p.data
        return loss

    return step, [p, q, target], batch(2), None


TRAINED = {
    "SGD": lambda: of_network(optim.SGD, lr=0.1),
    "momentum": lambda: of_network(optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.01),
    "Nesterov": lambda: of_network(optim.SGD, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda: of_network(optim.Adam, lr=0.01),
    "AdamW": lambda: of_network(optim.AdamW, lr=0.01),
    "RMSprop": lambda: of_network(optim.RMSprop, lr=0.01),
    "Adagrad": lambda: of_network(optim.Adagrad, lr=0.1, lr_decay=0.1),
    "Adam of float32": lambda: of_network(optim.Adam, "f4", lr=0.01),
    **{f"clipped by {x}": lambda x=x: clipped(x) for x in (1, 2.0, np.inf, None)},
    "called like what a step uses itself": called_like_what_a_step_uses_itself,
    "Values by hand": values,
    "a close-up": lambda: close_up(True),
    "a close-up by hand": lambda: close_up(False),
    "rounds": lambda: again_and_again(recurrent, batch(40).tolist(), 0.05),
    "a chain": lambda: again_and_again(orbit, 0.3, 0.001),
    "numbers passed on before they change": passed_on,
}


@needs_node
@pytest.mark.parametrize(("name", "before"), [*((name, 3) for name in TRAINED), ("Adam", 1)])
def test_a_step_trains_as_python_does_and_its_rate_can_be_changed(name, before):
    step, leaves, *data, optimizer = TRAINED[name]()
    tolerance = 1e-5 if "32" in name else 1e-12
    rate = None if optimizer is None else 0.03
    settings = check(
        step, leaves, *data, before=before, rate=rate, optimizer=optimizer, tolerance=tolerance
    )
    if optimizer is not None:
        assert settings["lr"] == 0.03
        assert settings.get("t", 6 + before) == 6 + before  # the number of the step to come


@needs_node
def test_a_step_that_returns_nothing_keeps_running_averages():
    model = network(nn.BatchNorm1d(4))
    train = step_of(squares(model), optim.SGD(model.parameters(), lr=0.1))
    data = batch(6, 2), batch(6, 1)

    def step(x, y):
        assert model  # which has the model by its name
        train(x, y)

    g = autograd.compile(step)
    for _ in range(3):
        g(*data)
    results, found, *_ = trained_under_node(g, *data)
    for _ in range(5):
        step(*data)
    assert results == {}
    state = {f"model.{name}": np.ravel(x) for name, x in model.state_dict().items()}
    parameters = {f"model.{name}" for name, _ in model.named_parameters()}
    for kind in (True, False):
        ours = np.concatenate([x for name, x in state.items() if (name in parameters) is kind])
        theirs = np.concatenate([x for name, x in found.items() if (name in parameters) is kind])
        np.testing.assert_allclose(np.sort(theirs), np.sort(ours), rtol=1e-12, atol=1e-12)


@needs_node
def test_groups_have_settings_of_their_own_and_two_steps_in_one_share_them():
    model = network()
    weights = [*model.parameters()]
    optimizer = optim.AdamW(
        [{"params": weights[:2], "lr": 0.01}, {"params": weights[2:], "lr": 0.1}], lr=1.0
    )
    once = step_of(squares(model), optimizer)

    def twice(x, y):
        once(x, y)
        return once(x, y)

    settings = check(twice, weights, batch(6, 2), batch(6, 1))
    assert (settings["lr"], settings["lr_2"]) == (0.01, 0.1)
    assert sorted(x for x in settings if x.startswith("lr")) == ["lr", "lr_2"]
    assert sorted(settings[x] for x in settings if x[0] == "t") == [17, 17, 18, 18]


@needs_node
@pytest.mark.parametrize("seed", [0, 7, 10])
def test_a_random_step_is_trained(seed, monkeypatch):
    monkeypatch.setattr("autograd.compiler.function.LEAST", 0.0)
    step = RandomStep(seed)
    xs, places = [0.4, -0.7, 0.1], np.array([2, 0, 1])

    def run(places):
        return step(xs, 0.35, places, 0.1)

    g = autograd.compile(run)
    for _ in range(3):
        g(places)
    _, parameters, gradients, _ = trained_under_node(g, places)
    for _ in range(5):
        run(places)
    for found, name in ((parameters, "data"), (gradients, "grad")):
        ours = np.array([getattr(w, name) for w in step.program.leaves])
        for number in np.concatenate(list(found.values())):  # of leaves that are used
            assert np.abs(ours - number).min() < 1e-12 * np.abs(ours).max()


@needs_node
def test_settings_for_which_the_step_is_another_program_are_refused():
    model = network()
    g = autograd.compile(step_of(squares(model), optim.SGD(model.parameters(), lr=0.1)))
    for _ in range(2):
        g(batch(6, 2), batch(6, 1))
    with pytest.raises(subprocess.CalledProcessError) as error:
        trained_under_node(g, batch(6, 2), batch(6, 1), momentum=0.9)
    assert "RangeError: settings for which this is not the step" in error.value.stderr


@needs_node
def test_what_a_step_leaves_to_the_next_is_all_that_another_program_needs_to_go_on():
    model = network()
    step = step_of(squares(model), optim.Adam(model.parameters(), lr=0.01))
    g, data = autograd.compile(step), (batch(6, 2), batch(6, 1))
    g(*data)
    given = json.dumps([np.ravel(x).tolist() for x in data])
    script = f"""{g.source("js")}
        const one = step(), other = step();
        for (const p of [one, other])
            Object.values(p.arguments).forEach((x, k) => x.numbers.set({given}[k]));
        for (let k = 0; k < 4; k++) one.step();
        for (const part of ["parameters", "kept"])
            for (const name in one[part]) other[part][name].numbers.set(one[part][name].numbers);
        Object.assign(other.settings, one.settings);
        for (let k = 0; k < 3; k++) other.step();
        console.log(JSON.stringify(other.results.out.numbers[0]));"""
    done = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True)
    for _ in range(7):
        loss = step(*data)
    assert json.loads(done.stdout) == pytest.approx(float(loss.data), rel=1e-12)


def test_printing_a_step_changes_nothing():
    model = network()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    g = autograd.compile(step_of(squares(model), optimizer))
    for _ in range(2):
        g(batch(6, 2), batch(6, 1))
    before = left_in([model, optimizer])
    assert "step() {" in g.source("js")
    np.testing.assert_equal(left_in([model, optimizer]), before)


def test_what_has_been_loaded_since_is_what_is_printed():
    model = network()
    g = autograd.compile(step_of(squares(model), optim.SGD(model.parameters(), lr=0.1)))
    for _ in range(2):
        g(batch(6, 2), batch(6, 1))
    model[0].weight.data = np.full((4, 2), 0.125)
    text = g.source("js")
    assert "0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125" in text


def test_a_step_that_cannot_be_repeated_is_refused_by_what_it_does():
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    data = batch(6, 2), batch(6, 1)

    def adds(x, y):
        total = squares(model)(x, y)
        total.backward()
        optimizer.step()
        return total

    for step, why in (
        (adds, "adds to those of the step before"),
        (step_of(squares(network(nn.Dropout(0.5))), optimizer), "draws no random numbers"),
    ):
        g = autograd.compile(step)
        with pytest.raises(CompileError, match=why):
            g(*data), g(*data), g.source("js")


def test_c_says_that_a_step_is_not_for_it():
    w = Tensor([1.0, 2.0], requires_grad=True)
    g = autograd.compile(step_of(lambda x: (w * x).sum(), optim.SGD([w], lr=0.1)))
    g(np.ones(2))
    with pytest.raises(CompileError, match="compile the loss"):
        g.source("c")
