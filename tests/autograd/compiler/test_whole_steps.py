"""Whole training steps: compiled as they are written, they change what they change uncompiled."""

import copy
import functools
import itertools
import math
import pickle

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, GraphError, ShapeError, Tensor, Value
from autograd.compiler.bound_effects import BoundEffects
from tests.autograd.compiler.programs import assert_same_steps, left_in, step_of
from tests.each import each, in_ci

RULES = {
    "SGD": (optim.SGD, {"lr": 0.1}),
    "SGD with momentum": (optim.SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01}),
    "SGD with Nesterov's momentum": (optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "SGD dampened": (optim.SGD, {"lr": 0.05, "momentum": 0.5, "dampening": 0.3}),
    "SGD uphill": (optim.SGD, {"lr": 0.001, "maximize": True}),
    "Momentum": (optim.Momentum, {"lr": 0.01}),
    "Adagrad": (optim.Adagrad, {"lr": 0.05, "lr_decay": 0.01, "initial_accumulator_value": 0.1}),
    "Adadelta": (optim.Adadelta, {"lr": 0.5, "weight_decay": 0.01}),
    "RMSprop": (optim.RMSprop, {"lr": 0.002, "eps": 1e-3}),
    "RMSprop centred": (
        optim.RMSprop,
        {"lr": 0.002, "eps": 1e-3, "centered": True, "momentum": 0.5},
    ),
    "Adam": (optim.Adam, {"lr": 0.01, "weight_decay": 0.01}),
    # of which the largest squares are soon those of before
    "Adam with amsgrad": (optim.Adam, {"lr": 0.01, "amsgrad": True, "betas": (0.9, 0.3)}),
    "AdamW": (optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    "Nadam": (optim.Nadam, {"lr": 0.01}),
}
X = np.random.default_rng(0).normal(size=(20, 2))
Y = np.sign(X[:, 0] * X[:, 1])


def of_model(model):
    return model.parameters(), lambda x, y: ((model(x)[:, 0] - y) ** 2).mean()


def a_model():
    return of_model(nn.MLP(2, [6], 1, rng=np.random.default_rng(1)))


def tensors():
    rng = np.random.default_rng(1)
    shapes = [(2, 6), (6,), (6,)]
    w = [Tensor(rng.normal(size=n), requires_grad=True) for n in shapes]

    def loss(x, y):
        return ((((x @ w[0] + w[1]).tanh() * w[2]).sum(axis=1) - y) ** 2).mean()

    return w, loss


def on_values(neurons, params):
    """A loss on single numbers, of neurons that give one for an input."""
    return params, lambda x, y: sum((neurons(x[i]) - y[i]) ** 2 for i in range(3)) / 3


def values():
    rng = np.random.default_rng(1)
    w = [[Value(x) for x in row] for row in rng.normal(size=(2, 3)).tolist()]
    v = [Value(x) for x in rng.normal(size=3).tolist()]

    def network(x):
        hidden = [(a * x[0] + b * x[1] + c).tanh() for a, b, c in w]
        return v[0] * hidden[0] + v[1] * hidden[1] + v[2]

    return on_values(network, [*w[0], *w[1], *v])


def a_close_up(whole=True):
    """The single numbers of a model, trained by an optimizer of the model."""
    model = nn.MLP(2, [2], 1, "tanh", rng=np.random.default_rng(1))
    close_up = model.scalars()
    trained = model if whole else close_up
    return on_values(lambda x: close_up(x)[0], trained.parameters())


def numbers_of_a_close_up():
    return a_close_up(whole=False)


KINDS = {
    "model": a_model,
    "tensors": tensors,
    "values": values,
    "close-up": a_close_up,
    "numbers of a close-up": numbers_of_a_close_up,
}


def a_model_that_keeps_averages():
    model = nn.Sequential(nn.Linear(2, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 1))
    return *of_model(model), model


every_kind = each("make", KINDS.values(), ids=KINDS)


NUMBERS = [(1.0,), (2.0,), (3.0,), (0.5,)]


def same(make, rule, settings, steps=9, between=None):
    """A training of compiled steps is that of the same steps as they are written."""

    def made():
        params, loss_of = make()
        optimizer = rule(params, **settings)
        return step_of(loss_of, optimizer), optimizer, *params

    return assert_same_steps(made, [(X, Y)] * steps, between, rtol=1e-10, atol=1e-12)


@each(("kind", "name"), [*itertools.product(KINDS, RULES)][:: in_ci(1, 3)])
def test_a_step_changes_what_it_changes_uncompiled(kind, name):
    run = same(KINDS[kind], *RULES[name], steps=5)
    assert run._count == (2 if name == "SGD dampened" else 1)  # whose first step is another


class Own(optim.UpdateRule):
    """As a user writes one."""

    def __init__(self, params, lr):
        super().__init__(params, lr=lr)

    def starts(self, group):
        return {"v": 0.0}

    def update(self, theta, g, t, kept, group):
        v = 0.9 * kept["v"] + g / (1 + 0.1 * t)
        return theta - group["lr"] * np.tanh(v), {"v": v}


def setting(name, number):
    def between(k, optimizer, *params):
        optimizer.param_groups[0][name] = number(k)

    return between


def scheduled(schedule):
    attached = {}

    def between(k, optimizer, *params):
        if k == 0:
            attached[optimizer] = optim.schedules.attach(optimizer, schedule)
        else:
            attached[optimizer].step()

    return between


def loaded():
    saved = {}

    def between(k, optimizer, *params):
        if k == 3:
            saved[optimizer] = copy.deepcopy(optimizer.state_dict())
        if k == 7:
            optimizer.load_state_dict(saved[optimizer])

    return between


def begun_anew(k, optimizer, *params):
    if k in (4, 7):  # with averages in arrays that are made by the next step
        optimizer.load_state_dict(optim.Adam(optimizer.params, lr=0.01).state_dict())


def of_groups(rule):
    def made(params, **settings):
        groups = [{"params": params[1:], "lr": 0.1}, {"params": params[:1], "weight_decay": 0.1}]
        return rule(groups, **settings)

    return made


def all_but_the_first(params, **settings):
    return optim.Adam(params[1:], **settings)


def moved_to_another_array(k, optimizer, *params):
    if k == 4 and isinstance(params[0], nn.Parameter):
        nn.Parameter.gather([nn.Parameter(np.ones(9)), *params])


NESTEROV = {"lr": 0.1, "momentum": 0.5}
SITUATIONS = {
    "another rate each time": (optim.SGD, NESTEROV, setting("lr", lambda k: 0.1 / (1 + k)), 1),
    "another switch": (optim.SGD, NESTEROV, setting("nesterov", lambda k: k % 4 > 1), 2),
    "a state that was loaded": (optim.Adam, {"lr": 0.01}, loaded(), None),
    "a state without averages": (optim.Adam, {"lr": 0.01}, begun_anew, None),
    "groups": (of_groups(optim.Adam), {"lr": 0.01}, None, None),
    "what is in no group": (all_but_the_first, {"lr": 0.01}, None, None),
    "another array": (optim.SGD, NESTEROV, moved_to_another_array, None),
    "a rule of one's own": (Own, {"lr": 0.01}, None, 1),
    "a schedule": (optim.Adam, {"lr": 0.02}, scheduled(optim.schedules.cosine(0.02, 7)), 1),
}


@each(("kind", "situation"), [*itertools.product(KINDS, SITUATIONS)][:: in_ci(1, 2)])
def test_between_its_calls_a_step_follows(kind, situation):
    rule, settings, between, paths = SITUATIONS[situation]
    run = same(KINDS[kind], rule, settings, between=between)
    assert paths is None or run._count == paths


def dampened_groups(params, **settings):
    groups = [{"params": params[:1]}, {"params": params[1:]}]  # of which the first counts no steps
    return optim.SGD(groups, momentum=0.9, dampening=0.3, **settings)


@each("make", [a_model, tensors, a_close_up])  # a Value is always trained
@each("rule", [optim.Adam, dampened_groups])
def test_a_frozen_parameter_stays(make, rule):
    def between(k, optimizer, *params):
        params[0].requires_grad = k % 4 < 2

    assert same(make, rule, {"lr": 0.01}, between=between)._count >= 2


@each("audit", [True, False])
@each("frozen", [(0,), (1,), (1, 2)])
def test_numbers_of_an_array_get_gradients_again_once_it_is_no_longer_frozen(frozen, audit):
    def made():
        p, w = nn.Parameter([0.5, -1.0]), Value(2.0)
        numbers = p.scalars("p")  # so that the function does not name p itself

        def step(x):
            loss = w * x + sum(v * v for v in numbers)
            loss.backward()
            return loss.detach()

        return step, p, w

    def between(k, p, w):
        p.requires_grad = k not in frozen

    assert_same_steps(made, NUMBERS, between, each=True, audit=audit)


class Gathers:
    """Brings gradients; its optimizer, which steps outside, is none of the step's surroundings."""

    def __init__(self, params, loss_of):
        self.loss_of, self.optimizer = loss_of, optim.SGD(params, lr=0.1, momentum=0.5)

    def step(self, x, y):
        loss = self.loss_of(x, y)
        loss.backward()
        return loss


@every_kind
def test_gradients_are_added_up_over_several_calls(make):
    def made():
        params, loss_of = make()
        gathers = Gathers(params, loss_of)
        return gathers.step, gathers.optimizer, *params

    def between(k, optimizer, *params):
        if k % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()

    assert assert_same_steps(made, [(X, Y)] * 8, between)._count == 2


@every_kind
@each(
    ("norm_type", "bound"),
    [(1.0, 0.05), (math.inf, 0.05), (2.0, 0.05), (2.0, 3.0), (2.0, math.inf)],
)
def test_gradients_are_clipped_as_uncompiled(make, norm_type, bound):
    def made():
        params, loss_of = make()
        optimizer = optim.SGD(params, lr=0.1)

        def step(x, y):
            loss = loss_of(x, y)
            optimizer.zero_grad()
            loss.backward()
            optim.clip_grad_value_(params, bound)
            norm = optim.clip_grad_norm_(params, bound, norm_type)
            optimizer.step()
            return norm

        return step, *params

    run = assert_same_steps(made, [(X, Y)] * 4, rtol=1e-10, atol=1e-14, audit=False)
    assert run._count <= 2  # whether they are clipped is a guard


@pytest.mark.parametrize("momentum", [0.1, None])  # None: the mean of all batches so far
@pytest.mark.parametrize("whole", [True, False])
def test_masks_are_drawn_and_averages_kept_as_uncompiled(whole, momentum):
    def made():
        nn.manual_seed(1)
        norm = nn.BatchNorm1d(6, momentum=momentum)
        model = nn.Sequential(
            nn.Linear(2, 6, bias=False), norm, nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 1)
        )  # a bias before it would have a gradient that is rounding alone
        params, loss_of = of_model(model)
        optimizer = optim.Adam(params, lr=0.01)
        if whole:
            return step_of(loss_of, optimizer), model, optimizer, nn.init.generator()
        return loss_of, model, nn.init.generator()

    assert_same_steps(made, [(X, Y)] * 5, rtol=1e-9, atol=1e-12)


@every_kind
@each("momentum", [0.9, 0.0])
def test_nesterovs_gradient_is_taken_ahead(make, momentum):
    def made():
        params, loss_of = make()
        optimizer = optim.Nesterov(params, lr=0.05, momentum=momentum)
        return lambda x, y: optimizer.step(lambda: loss_of(x, y)), optimizer, *params

    assert assert_same_steps(made, [(X, Y)] * 5, rtol=1e-10)._count == 1


def recurrent(kept, give_back):
    """A step of three Values whose state and whose loss begin as Values made inside."""
    w = [Value(x) for x in (0.5, -1.0, 0.25)]

    def step(xs):
        state = first = Value(0.125)
        loss = Value(0.0)
        for x in xs:
            state = (w[0] * state + w[1] * x + w[2]).tanh()
            loss += (state - 0.5) ** 2
        for p in w:
            p.grad = 0.0
        loss.backward()
        for p in w:
            p.data -= 0.1 * p.grad
        first.data = first.data - first.grad
        if kept is not None:
            kept[:] = [first]
        return loss, (first if give_back else first.data + first.grad)

    return step, *w


CALLS_OF_THREE = [([0.5, -1.0, x],) for x in (0.25, -0.5, 2.0, 0.75)]


def test_values_that_a_step_makes_and_forgets_begin_anew_at_each_call():
    run = assert_same_steps(lambda: recurrent(None, False), CALLS_OF_THREE, each=True)
    assert run._count == 1


@pytest.mark.parametrize(("kept", "give_back"), [(None, True), ([], False)])
def test_a_value_that_a_step_makes_and_that_is_seen_after_it_is_refused(kept, give_back):
    step, *w = recurrent(kept, give_back)
    before = left_in(w)
    with pytest.raises(CompileError):
        autograd.compile(step)(*CALLS_OF_THREE[0])
    np.testing.assert_equal(left_in(w), before)


@every_kind
def test_a_step_that_was_recorded_has_no_gradients_under_no_grad_either(make):
    params, loss_of = make()
    step = autograd.compile(step_of(loss_of, optim.SGD(params, lr=0.1)))
    for _ in range(3):
        step(X, Y)
    before = left_in(params)
    with autograd.no_grad(), pytest.raises(GraphError, match="the root is a constant"):
        step(X, Y)
    np.testing.assert_equal(left_in(params), before)


def test_the_returned_loss_is_a_constant_and_says_so():
    params, loss_of = a_model()
    loss = autograd.compile(step_of(loss_of, optim.SGD(params, lr=0.1)))(X, Y)
    assert not loss.requires_grad
    with pytest.raises(GraphError, match="constant"):
        loss.backward()


PLANTED = {
    "the new numbers": lambda x: x.copies[0][0],
    "the gradient": lambda x: x.reached[0][1],
    "what is kept": lambda x: x.effects.arrays_kept()[0],
}
PLANTED_IN_VALUES = {
    "the new numbers": lambda x: x.copies[0][0],
    "the gradient": lambda x: x.copies[1][0],
    "what is kept": lambda x: x.effects.arrays_kept()[0],
}


@pytest.mark.parametrize(("make", "where"), [(a_model, PLANTED), (values, PLANTED_IN_VALUES)])
@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("name", ["SGD dampened", "Adam"])
def test_a_fault_in_a_compiled_update_is_found_by_the_audit(
    name, planted, make, where, monkeypatch
):
    rule, settings = RULES[name]
    params, loss_of = make()
    step = autograd.compile(step_of(loss_of, rule(params, **settings)))
    step(X, Y)
    if name == "SGD dampened":
        step(X, Y)  # recorded for the second time
    before = [np.array(p.data) for p in params]
    write, once = BoundEffects.write, [where[planted]]

    def faulty(self, *given):
        while once:  # later ones measure what rounding makes of the step
            once.pop()(self)[...] *= 1.01
        write(self, *given)

    monkeypatch.setattr(BoundEffects, "write", faulty)
    with pytest.raises(CompileError, match="does something else than what was recorded"):
        step(X, Y)
    np.testing.assert_equal([np.array(p.data) for p in params], before)
    step(X, Y)  # as it is written, from now on


def leaves_of_a_kind(kind):
    if kind == "Values":
        return [Value(1.0), Value(2.0)]
    return [Tensor([x, -x], requires_grad=True) for x in (1.0, 2.0)]


@pytest.mark.parametrize("kind", ["Values", "Tensors"])
@pytest.mark.parametrize("both_given", [True, False])
def test_a_step_recorded_for_two_leaves_is_refused_for_one_that_is_both(kind, both_given):
    a, b = leaves_of_a_kind(kind)
    optimizer = optim.SGD([a], lr=0.1)

    @functools.partial(autograd.compile, audit=False)
    def step(v, u, x):
        loss = (v * (u if both_given else a) * x + v * v * x).tanh()
        loss = loss if isinstance(loss, Value) else loss.sum()
        v.zero_grad()
        u.zero_grad() if both_given else optimizer.zero_grad()
        loss.backward()
        v.data -= 0.1 * v.grad
        if both_given:
            u.data -= 0.1 * u.grad
        else:
            optimizer.step()
        return loss

    step(*((a, b) if both_given else (b, 0.0)), 0.5)
    before = left_in([a, b])
    with pytest.raises(CompileError, match="each Value and Tensor once"):
        step(a, a if both_given else 0.0, 0.5)
    np.testing.assert_equal(left_in([a, b]), before)


def test_an_error_of_the_function_after_a_step_is_its_own_once_its_effects_are_known():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5))
    optimizer, cross_entropy = optim.Adam(model.parameters()), nn.CrossEntropyLoss()
    one = step_of(lambda x, y: cross_entropy(model(x), y), optimizer)
    step = autograd.compile(lambda x, y: [one(x[i], y[i]) for i in range(2)][1])
    good, bad = np.array([[0, 1], [2, 3]]), np.array([[0, 1], [2, 9]])
    step(good, good)
    before = left_in([optimizer, model])
    with pytest.raises(ValueError, match="needs every class in"):
        step(good, bad)
    np.testing.assert_equal(left_in([optimizer, model]), before)


@pytest.mark.parametrize("owned", [False, True])
def test_an_error_of_the_function_after_masks_were_drawn_is_its_own_and_draws_nothing(owned):
    rng = np.random.default_rng(1) if owned else nn.generators.generator()
    model = nn.Sequential(nn.Dropout(0.5, rng=rng), nn.Dropout(0.5, rng=rng), nn.Linear(2, 1))
    before = rng.bit_generator.state
    with pytest.raises(ShapeError, match=r"Linear\(2 -> 1\): needs input of shape"):
        autograd.compile(model)(np.ones((4, 3)))
    assert rng.bit_generator.state == before


@pytest.mark.parametrize(
    ("size", "bound", "left"), [(1e200, 5e199, 0.1), (1.0, 0.5, 0.1), (1e-200, 1.0, 1.0)]
)
def test_the_norm_of_gradients_of_single_numbers_neither_overflows_nor_vanishes(size, bound, left):
    params = [Value(1.0), Value(2.0)]
    optimizer = optim.SGD(params, lr=1e-300)

    @autograd.compile
    def step(x):
        loss = params[0] * x * 3.0 + params[1] * x * 4.0
        optimizer.zero_grad()
        loss.backward()
        norm = optim.clip_grad_norm_(params, bound)
        optimizer.step()
        return norm

    for _ in range(4):
        assert float(step(size)) == pytest.approx(5 * size, rel=1e-14)
        grads = [3 * left * size, 4 * left * size]
        np.testing.assert_allclose([p.grad for p in params], grads, rtol=1e-6)  # of 10⁻⁶ beside 5
    assert step._count == 1


@pytest.mark.parametrize("make_again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("size", [20, 12])
def test_a_copy_of_a_model_and_its_optimizer_is_trained(make_again, size):
    def train(compile):
        model = nn.MLP(2, [6], 1, rng=np.random.default_rng(1))
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        @compile
        def step(x, y):
            loss = ((model(x)[:, 0] - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        for k in range(8):
            if k == 3:  # its parameters are gathered in the next step only
                model, optimizer = make_again((model, optimizer))
            n = len(X) if k < 4 else size
            step(X[:n], Y[:n])
        return left_in(model.parameters())

    for ours, theirs in zip(train(autograd.compile), train(lambda f: f), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)


def test_an_update_copies_nothing_and_writes_the_parameters_and_their_gradients_as_one():
    params, loss_of = a_model()
    step = autograd.compile(step_of(loss_of, optim.Adam(params, lr=0.1)), backend="numpy")
    for _ in range(3):
        step(X, Y)
    (space,) = step._newest.free
    size = sum(p.size for p in params)
    calls = [call for calls in space.arrays.sections for call in calls]
    names = [
        call.func.__name__
        for call in calls
        if any(getattr(x, "size", 0) == size for x in (*call.args, *call.keywords.values()))
    ]
    assert "sqrt" in names
    assert not {"positive", "concatenate"} & set(names)
    assert [place.size for place, *_ in space.effects.copies] == [size] * 4  # with Adam's averages
    for p in params:
        assert any(np.shares_memory(p._data, place) for place, *_ in space.effects.copies)


def test_a_warning_that_is_an_error_in_the_update_leaves_everything_as_it_was():
    w = nn.Parameter([1.0, 2.0])
    optimizer = optim.Adam([w], lr=0.1)
    step = autograd.compile(
        step_of(lambda x: (w * x).sum(), optimizer), backend="numpy", audit=False
    )
    for _ in range(3):
        step(np.array([1.0, 2.0]))
    before = left_in([w, optimizer])
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        step(np.array([1e200, 1.0]))  # whose square is infinite
    np.testing.assert_equal(left_in([w, optimizer]), before)


@every_kind
@each("forget", ["the optimizer", "each", "zeros"])
def test_an_error_of_the_loss_is_its_own_also_after_gradients_were_forgotten(make, forget):
    params, loss_of = make()
    optimizer = optim.SGD(params, lr=0.1)

    def step(x, y):
        if forget == "the optimizer":
            optimizer.zero_grad()
        for p in params if forget != "the optimizer" else ():
            if forget == "each" or isinstance(p, Tensor):
                p.zero_grad()
            else:
                p.grad = 0.0
        loss = loss_of(x, y)
        loss.backward()
        optimizer.step()

    wrong = X[:, :1], Y  # too few columns
    with pytest.raises((ValueError, IndexError)) as expected:
        step(*wrong)
    with pytest.raises(expected.type) as found:
        autograd.compile(step)(*wrong)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("wrap", [autograd.compile, lambda f: f])
def test_who_holds_the_array_of_a_tensor_keeps_its_numbers_as_after_a_step_uncompiled(wrap):
    w = Tensor(np.ones(2), requires_grad=True)
    held = w.data
    wrap(step_of(lambda x: (w * w * x).sum(), optim.SGD([w], lr=0.25)))(np.ones(2))
    assert held.tolist() == [1.0, 1.0]
    assert w.data.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("make", [values, numbers_of_a_close_up, a_model, tensors])
@pytest.mark.parametrize("both_before", [True, False])
def test_two_optimizers_train_two_networks_against_each_other(make, both_before):
    def made():
        (mine, loss_of), (theirs, other_of) = make(), make()
        rules = optim.Adam(mine, lr=0.01), optim.SGD(theirs, lr=0.05, momentum=0.9)

        def step(x, y):
            losses = loss_of(x, y), 0.5 * other_of(x, y) + other_of(x, -y)
            pairs = [*zip(losses, rules, strict=True)]
            for loss, rule in pairs:
                rule.zero_grad()
                loss.backward()
                if not both_before:
                    rule.step()
            for _, rule in pairs if both_before else ():
                rule.step()
            return losses

        return step, *mine, *theirs

    calls = [(X[k % 2 :], Y[k % 2 :]) for k in range(6)]
    assert_same_steps(made, calls, rtol=1e-10, atol=1e-13)


@each("make", [*KINDS.values(), a_model_that_keeps_averages])
def test_a_gradient_that_is_not_finite_is_refused_and_changes_nothing(make):
    params, loss_of, *others = make()
    optimizer = optim.Adam(params, lr=0.1).refuse_nonfinite()
    step = autograd.compile(step_of(loss_of, optimizer))
    for _ in range(3):
        step(X, Y)
    before = left_in([*params, optimizer, *others])
    with pytest.raises(ValueError, match="finite gradients"), np.errstate(all="ignore"):
        step(X * np.nan, Y)
    np.testing.assert_equal(left_in([*params, optimizer, *others]), before)


def numbers_beside_their_mean():
    """A loss that does not depend on the shift: its gradient is rounding alone."""
    shift, w = Value(0.3), [Value(x) for x in np.random.default_rng(3).normal(size=9).tolist()]

    def loss(x, y):
        moved = [(a + shift) * (1.0 + 0.01 * x[k, 0]) for k, a in enumerate(w)]
        there = [m / (1.0 + 0.01 * x[k, 0]) for k, m in enumerate(moved)]
        mean = sum(there) / len(there)
        return sum((a - mean) ** 2 * (k + 1) for k, a in enumerate(there))

    return [shift, *w], loss


@each(("make", "place"), [(numbers_beside_their_mean, 0), (a_model_that_keeps_averages, 1)])
def test_a_step_of_adam_along_a_gradient_that_is_rounding_alone_is_no_difference(make, place):
    nn.manual_seed(2)
    params, loss_of, *_ = make()
    shift = params[place]  # the bias before the averages
    optimizer = optim.Adam(params, lr=0.01, eps=1e-300)  # so it divides rounding by itself
    step = autograd.compile(step_of(loss_of, optimizer))
    before = np.array(shift.data)
    for k in range(4):
        step(X + 0.1 * k, Y)
    assert (np.abs(shift.grad) < 1e-12).all()
    assert np.abs(shift.data - before).max() > 0.005


@each("zero", [0.0, -0.0])
@each("unused", [(0, 1), (5, 6), (14, 15), (0, 7, 15)])
@each("rule", ["SGD with momentum", "Adam", "AdamW"])
def test_many_values_of_which_some_have_a_gradient_of_zero_are_updated_too(rule, unused, zero):
    def made():
        params = [Value(0.1 * k - 0.7) for k in range(16)]
        kind, options = RULES[rule]
        optimizer = kind(params, **options)

        def step(x):
            loss = sum((p * x).tanh() for k, p in enumerate(params) if k not in unused)
            for p in params:
                p.grad = zero
            loss.backward()
            optimizer.step()
            return loss

        return step, *params

    calls, rounding = [(x,) for x in X[:6, 0]], {"rtol": 1e-13, "atol": 1e-15}
    assert_same_steps(made, calls, each=True, signs=True, backend="numpy", **rounding)


def test_gradients_that_several_lookups_bring_are_known_while_a_step_is_recorded():
    a, b = [Value(0.5 * k + 1) for k in range(3)], [Value(2.0 - k) for k in range(4)]
    runs = itertools.count()

    @functools.partial(autograd.compile, audit=False)
    def step(i, j):
        next(runs)
        for p in (*a, *b):
            p.grad = 0.0
        loss = autograd.take(a, i) * autograd.take(b, j)
        loss.backward()
        return loss.detach() if a[2].grad + b[3].grad > 1.2 else 2.0 * loss.detach()

    assert step(np.array(2), np.array(-1)).data == -4.0
    before = next(runs)
    for _ in range(3):
        assert step(np.array(2), np.array(-1)).data == -4.0
    assert next(runs) == before + 1  # it took the branch that was recorded


AT_FIRST_NOTHING = [(1.0 if k < 3 else 0.5,) for k in range(6)]
"""Calls of which the first change nothing, so that nobody could see a difference."""
LEAVES = {"Parameter": nn.Parameter, "Tensor": lambda x: Tensor(x, requires_grad=True)}


@every_kind
@each("first", [True, False])
def test_gradients_that_are_forgotten_inside_do_not_accumulate_outside(make, first):
    def made():
        params, loss_of = make()
        optimizer = optim.Adam(params)

        def f(x, y):
            if first:
                optimizer.zero_grad()
            loss = loss_of(x, y)
            for p in [] if first else params:
                p.zero_grad()
            return loss

        return f, *params

    def after(k, loss, *params):
        loss.backward()

    calls = [(X * (1 + k), Y) for k in range(3)]
    assert_same_steps(made, calls, after=after, each=True, rtol=1e-10)


def test_a_gradient_that_is_read_before_it_is_forgotten_leaves_constants():
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)

    def f(x):
        square = (w.grad * w.grad).sum() * x
        w.zero_grad()
        return square

    compiled = autograd.compile(f)
    for x in (1.0, 2.0, 3.0):
        (w * w).sum().backward()  # 2 w = [2, 4], whose square is 20
        assert float(compiled(x)) == 20.0 * x
        assert w.grad is None


# --- steps that are as they are uncompiled, one a row ---------------------------------------------

STEPS = {}


def row(leaves, calls=NUMBERS, paths=None, name=""):
    """A step of what `leaves` makes and of the arguments of a call."""
    return lambda step: STEPS.update({name or step.__name__: (step, leaves, calls, paths)})


def two_values():
    return Value(0.5), Value(0.3)


def leaves_and_rule(leaf, **settings):
    leaves = [leaf(x) for x in (0.5, 2.0)]
    return *leaves, optim.SGD(leaves, lr=0.1, **settings)


for kind, leaf in {
    "Value": Value,
    "number of a Parameter": lambda x: nn.Parameter([x]).scalars()[0],
    **LEAVES,
}.items():
    for settings in ({}, {"momentum": 0.9}):

        @row(functools.partial(leaves_and_rule, leaf, **settings), name=f"{kind}, {settings}")
        def a_pass_from_a_leaf_itself(a, b, rule, x):
            rule.zero_grad()
            b.backward()
            (b * a * x).backward()
            rule.step()
            return x * 2.0


@row(lambda: (Value(2.0),))
def a_changed_value_shows_its_new_number(a, x):
    loss = (a * x).tanh() * 3 + a * a
    a.zero_grad()
    loss.backward()
    a.data -= 0.1 * a.grad
    return a.data, a.item() * 2


for name, factor in {
    "finite": lambda a, b: 1.0 if np.isfinite(a.grad) else 0.0,
    "compared": lambda a, b: 1.0 if (np.array([a.grad, b.grad]) > 0).all() else 0.5,
    "stacked": lambda a, b: (np.stack([a.grad, b.grad]) * np.array([1.0, 2.0])).sum(),
    "chosen": lambda a, b: np.where(np.array([1.0, 2.0]) * a.grad > 0.1, 2.0, 0.5).sum(),
}.items():

    @row(two_values, [(x,) for x in (1.0, 2.0, -1.0, 0.5, math.nan, 1.0)], name=name)
    def gradients_of_values_are_known_where_arrays_are_made_of_them(a, b, x, factor=factor):
        loss = ((a * x + b).tanh() - 1.0) ** 2
        a.zero_grad()
        b.zero_grad()
        loss.backward()
        a.data -= 0.1 * a.grad
        return loss, factor(a, b)


@row(two_values)
def two_passes_add_up_where_nothing_is_set_between(a, b, x):
    a.grad = b.grad = 0.0
    y = (a * x + b).tanh()
    y.backward()
    (y * y).backward()
    return y


for plain in (True, False):

    @row(two_values, [(1.0, 2.0), (-1.0, 0.5), (0.25, -3.0)], 1, name=f"softmax, plain {plain}")
    def a_softmax_less_its_largest_score(a, b, x, y, plain=plain):
        scores = [a * x + y, b * x + y]
        largest = functools.reduce(autograd.maximum, [s.data if plain else s for s in scores])
        terms = [(s - largest).exp() for s in scores]
        loss = -(terms[0] / sum(terms)).log()
        a.grad = b.grad = 0.0
        loss.backward()
        a.data -= 0.5 * a.grad
        b.data -= 0.5 * b.grad
        return loss


for given in (None, [0.0, 0.0]):

    def numbers_and_their_array(given=given):
        p = nn.Parameter([0.5, -1.0])
        numbers, p.grad = p.scalars("p"), given
        return p, *numbers

    @row(numbers_and_their_array, name=f"passes to a gradient of {given}")
    def a_second_pass_to_single_numbers_of_an_array_adds_to_the_first(p, a, b, x):
        (a * b * x).backward()
        (a * x).backward()


for count in (1, 2):  # also some, whose array keeps the other gradients

    def array_and_rule(count=count):
        p = nn.Parameter([0.5, -1.0])
        return p, optim.AdamW(p.scalars("p")[:count], lr=0.1)

    @row(array_and_rule, name=f"training {count} of an array")
    def numbers_of_an_array_are_trained_by_what_comes_to_the_array(p, rule, x):
        loss = (p * p * x).tanh().sum()
        rule.zero_grad()
        loss.backward()
        rule.step()
        return loss


@row(
    lambda: (model := nn.Linear(1, 1, rng=np.random.default_rng(0)), model.weight),
    [(np.full((2, 1), x),) for x in (1.0, 2.0, -3.0)],
)
def a_model_that_forgets_its_gradients(model, weight, x):
    loss = model(x).sum()
    model.zero_grad()
    loss.backward()
    return loss


def parameters_of_which_one_is_empty():
    both = nn.Parameter(np.zeros(0)), nn.Parameter([1.0])
    return *both, optim.Adam(both, lr=0.1)


@row(parameters_of_which_one_is_empty)
def a_parameter_without_numbers(empty, other, rule, x):
    loss = (empty * x).sum()
    loss.backward()
    rule.step()
    return loss


@row(lambda: (nn.Parameter([]),))
def a_parameter_without_numbers_alone(p, x):
    loss = autograd.tanh((p @ p) * x)
    loss.backward()
    p.data -= 0.1 * p.grad
    return loss


def tensor_and_generator():
    return Tensor(np.ones(8), requires_grad=True), np.random.default_rng(0)


@row(tensor_and_generator, [(np.arange(8.0) + k,) for k in range(5)], 1)
def each_call_draws_a_mask_of_its_own(w, rng, x):
    dropped = nn.functional.dropout(w * x, 0.5, rng=rng)
    return (dropped * x).tanh() * nn.functional.dropout(x, 0.5, rng=rng)


for name, made_of in {
    "detached": Tensor.detach, "reshaped": lambda p: p.reshape(4),
    "a Tensor": lambda p: Tensor(p.data),
}.items():  # fmt: skip

    @row(lambda: (p := nn.Parameter(np.ones((2, 2))), optim.SGD([p], lr=0.1)), name=name)
    def what_is_made_of_an_array_before_it_changes(p, rule, x, made_of=made_of):
        old = made_of(p)
        rule.zero_grad()
        ((p * x - 1.0) ** 2).sum().backward()
        rule.step()
        return (old * 1.0).sum().detach()


@row(lambda: (nn.Parameter([0.5, -0.5]),), [(x := Tensor([1.0, 2.0]), x)] * 4)
def a_batch_that_is_the_input_and_the_target_at_once(w, x, y):
    loss = (((w * x).tanh() - y) ** 2).sum()
    w.zero_grad()
    loss.backward()
    w.data -= 0.1 * w.grad
    return loss


for kind, leaf in LEAVES.items():

    def three_leaves(leaf=leaf):
        return [leaf(np.ones(3)) for _ in range(3)]

    @row(three_leaves, AT_FIRST_NOTHING, name=f"an array that was passed on, {kind}")
    def an_array_that_was_assigned_or_passed_on_stays_what_it_is(p, target, q, x):
        loss = ((p * x - 1.0) ** 2).sum()
        p.grad = None
        loss.backward()
        target.data = p.data
        new = p.data - 0.1 * p.grad
        p.data = new
        p.data -= 0.1 * p.grad
        p.data -= 0.1 * p.grad
        q.data = p.data + new - target.data
        return loss, (target * 2.0).detach().sum()


def loss_of_three(elements, a, x):
    first, second, third = elements
    return (first * x + second * a).tanh() * third + autograd.take([first, a], 1) * second.detach()


def ahead_of_some(p, a, elements, rule, x):
    return rule.step(lambda: loss_of_three(elements, a, x))


def ahead_by_hand(p, a, elements, rule, x):
    kept = [*elements, a]
    here = [leaf.data for leaf in kept]
    for leaf in kept:
        leaf.data += 0.25 * leaf.grad
    loss = loss_of_three(elements, a, x)
    for leaf, number in zip(kept, here, strict=True):
        leaf.data = number
    loss.backward()
    return loss


def kept_between_bounds(p, a, elements, rule, x):
    a.data = max(min(a.data, 1.0), -1.0) if x > 0.0 else a.data * 0.5
    a.grad = 0.0
    loss = loss_of_three(elements, a, x)
    below = elements[0] * a < 0.1
    loss.backward()
    a.data -= 0.3 * a.grad
    return loss, below


def an_array_that_is_written_to_first(p, a, elements, rule, x):
    before = p.data.sum()
    p.data -= 0.125 * x
    loss = loss_of_three(elements, a, x) * (p.data * 2.0).sum()
    p.zero_grad()
    loss.backward()
    p.data -= 0.1 * p.grad
    return loss, before


def changed_before_any_gradient(start):
    p, a = nn.Parameter([1.0, -2.0, 0.5]), Value(start)
    elements, a.grad = list(p.scalars()), 0.5
    return p, a, elements, optim.Nesterov(elements[:2], lr=0.05)


for step in (ahead_of_some, ahead_by_hand, kept_between_bounds, an_array_that_is_written_to_first):
    for start in (0.75, -3.0, math.inf):
        leaves = functools.partial(changed_before_any_gradient, start)
        calls = [(x,) for x in (0.5, -0.25, 0.1, -1.5, 0.75)]
        row(leaves, calls, name=f"{step.__name__}, {start}")(step)


@each(("step", "leaves", "calls", "paths"), STEPS.values(), ids=STEPS)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_step_is_as_uncompiled(step, leaves, calls, paths):
    def made():
        given = leaves()
        changed = [x for x in given if not isinstance(x, list)]
        return lambda *args: step(*given, *args), *changed

    run = assert_same_steps(made, calls, each=True, rtol=1e-12, atol=1e-14)
    assert paths is None or run._count == paths
