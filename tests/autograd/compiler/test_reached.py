"""Which Values a gradient comes to where lookups decide it: as uncompiled, and to no others."""

import itertools
import random

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, Value, take


def by_leaf(w, i, j):
    return take(w, i) * w[0]


def by_two_lookups(w, i, j):
    return take(w[:5], i) * take(w[3:], j)


def by_result(w, i, j):
    return take([a * b for a, b in itertools.pairwise(w)], i) + w[2]


def by_a_lookup_in_what_is_looked_up(w, i, j):
    inner = take(w[:4], i)
    return take([inner * w[5], w[6] * w[7], w[8]], j).tanh()


def by_rows_of_a_table(w, i, j):
    table = [w[:3], w[3:6], w[6:9]]
    return sum(a * b for a, b in zip(take(table, i), take(table, j), strict=True))


def in_rounds(w, i, j):
    state = 0.1
    for k in range(30):
        state = (take(w, i) * state + take(w[k % 3 :], j) * 0.1).tanh()
    return state


def not_at_all(w, i, j):
    return take([0.5, 2.0, 3.0], i) * w[1] + take(w, j).detach()


LOSSES = [
    by_leaf, by_two_lookups, by_result, by_a_lookup_in_what_is_looked_up, by_rows_of_a_table,
    in_rounds, not_at_all,
]  # fmt: skip


def values(count=9):
    rng = random.Random(4)
    return [Value(rng.uniform(-1, 1)) for _ in range(count)]


def indices(count=12):
    rng = np.random.default_rng(2)
    return [tuple(map(np.array, rng.integers(-3, 3, 2))) for _ in range(count)]


@pytest.mark.parametrize("loss_of", LOSSES)
def test_gradients_come_to_what_is_looked_up_and_to_nothing_else(loss_of):
    ours, theirs = values(), values()
    f = autograd.compile(lambda i, j: loss_of(ours, i, j))
    for i, j in indices():
        for w, g in ((ours, f), (theirs, lambda i, j: loss_of(theirs, i, j))):
            for v in w:
                v.zero_grad()
            g(i, j).backward()
        assert [v._grad is None for v in ours] == [v._grad is None for v in theirs]
        np.testing.assert_allclose([v.grad for v in ours], [v.grad for v in theirs], atol=1e-12)
    assert f._count == 1


def test_likewise_from_one_of_several_results():
    ours, theirs = values(), values()

    def both(w, i, j):
        return by_two_lookups(w, i, j), by_result(w, j, i)

    f = autograd.compile(lambda i, j: both(ours, i, j))
    for k, (i, j) in enumerate(indices()):
        for w, results in ((ours, f(i, j)), (theirs, both(theirs, i, j))):
            for v in w:
                v.zero_grad()
            results[k % 2].backward()
        assert [v._grad is None for v in ours] == [v._grad is None for v in theirs]


@pytest.mark.parametrize("loss_of", LOSSES)
@pytest.mark.parametrize(
    ("rule", "settings"),
    [(optim.Adam, {}), (optim.SGD, {"weight_decay": 0.1}), (optim.SGD, {"momentum": 0.9})],
)
def test_an_optimizer_skips_what_is_not_looked_up(loss_of, rule, settings):
    def train(compiled):
        w = values()
        optimizer = rule(w, lr=0.1, **settings)

        def loss(i, j):
            return loss_of(w, i, j)

        f = autograd.compile(loss) if compiled else loss
        for i, j in indices():
            optimizer.zero_grad()
            f(i, j).backward()
            optimizer.step()
        return [v.data for v in w], optimizer.state_dict()["state"][0]["steps"]

    (ours, steps), (theirs, expected) = train(True), train(False)
    assert steps == expected
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss_of", LOSSES)
def test_a_step_with_lookups_goes_on_where_all_have_a_gradient_before(loss_of):
    def train(compiled, by_hand=True):
        w = values()
        optimizer = optim.Adam(w, lr=0.1)

        def step(i, j):
            loss = loss_of(w, i, j)
            if by_hand:
                for v in w:
                    v.grad = 0.0
            else:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        f = autograd.compile(step) if compiled else step
        return [f(i, j).data for i, j in indices()] + [v.data for v in w]

    np.testing.assert_allclose(train(True), train(False), rtol=1e-9, atol=1e-12)
    if loss_of is not not_at_all:
        with pytest.raises(CompileError, match=r"a lookup may leave out .* p.grad = 0.0"):
            train(True, by_hand=False)


# --- numbers of Parameters: of each array that one was chosen of, and of no other -----------------


def close_up(count=9):
    """The numbers of three Parameters."""
    rng = random.Random(4)
    arrays = [nn.Parameter([rng.uniform(-1, 1) for _ in range(count // 3)]) for _ in range(3)]
    return arrays, [x for k, p in enumerate(arrays) for x in p.scalars(f"p{k}")]


def of_each_array(w, i, j):
    return take(w[:3], i) * take(w[3:6], j) * take(w[6:], i)


def of_products_that_share_an_array(w, i, j):
    return take([w[0] * w[3], w[6] * w[1], w[4] * w[2]], i)


@pytest.mark.parametrize("loss_of", [*LOSSES, of_each_array, of_products_that_share_an_array])
@pytest.mark.parametrize("rule", [optim.Adam, lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9)])
def test_an_optimizer_skips_a_parameter_of_which_no_number_is_looked_up(loss_of, rule):
    def train(compiled):
        arrays, w = close_up()
        optimizer, seen = rule(arrays, lr=0.1), []

        def both(i, j):
            return loss_of(w, i, j), by_result(w, j, i)

        f = autograd.compile(both, audit=False) if compiled else both
        for k, (i, j) in enumerate(indices()):
            optimizer.zero_grad()
            f(i, j)[k % 3 == 2].backward()
            seen.append([p._grad is None for p in arrays])
            optimizer.step()
        steps = optimizer.state_dict()["state"][0]["steps"]
        return (seen, np.array(steps).tolist()), np.concatenate([p.data for p in arrays])

    (ours, numbers), (theirs, expected) = train(True), train(False)
    assert ours == theirs
    np.testing.assert_allclose(numbers, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("forget", ["by the optimizer", "one by one", "zeros", "zeros one by one"])
@pytest.mark.parametrize("loss_of", [*LOSSES, of_each_array, of_products_that_share_an_array])
def test_a_step_brings_no_zeros_to_a_parameter_of_which_no_number_is_looked_up(loss_of, forget):
    def train(compiled):
        arrays, w = close_up()
        optimizer, seen = optim.Adam(w if "one by one" in forget else arrays, lr=0.1), []

        def step(i, j):
            loss = loss_of(w, i, j)
            if forget == "by the optimizer":
                optimizer.zero_grad()
            for x in w if "one by one" in forget else ():
                x.grad = 0.0
                if forget == "one by one":
                    x.zero_grad()
            for p in arrays if forget == "zeros" else ():
                p.grad = np.zeros(3)
            loss.backward()
            optimizer.step()
            return loss

        f = autograd.compile(step, audit=False) if compiled else step
        for i, j in indices():
            seen += [f(i, j).data, *(x for p in arrays for x in p.data)]
            seen += [x for p in arrays if p._grad is not None for x in p.grad]
            seen += [p._grad is None for p in arrays]
        return seen

    expected = train(False)
    try:
        found = train(True)
    except CompileError as err:
        is_refused = "a lookup may leave out" in str(err)
        assert (is_refused, "zeros" in forget, loss_of is of_each_array) == (True, False, False)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
