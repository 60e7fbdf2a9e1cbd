"""Which Values a gradient comes to where lookups decide it: as uncompiled, and to no others."""

import itertools
import random

import numpy as np
import pytest

import nn
import optim
from autograd import CompileError, Value, take
from tests.autograd.compiler.programs import assert_refused, assert_same_steps
from tests.each import each


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


def close_up(count=9):
    """The numbers of three Parameters."""
    rng = random.Random(4)
    arrays = [nn.Parameter([rng.uniform(-1, 1) for _ in range(count // 3)]) for _ in range(3)]
    return arrays, [x for k, p in enumerate(arrays) for x in p.scalars(f"p{k}")]


def of_each_array(w, i, j):
    return take(w[:3], i) * take(w[3:6], j) * take(w[6:], i)


def of_products_that_share_an_array(w, i, j):
    return take([w[0] * w[3], w[6] * w[1], w[4] * w[2]], i)


OF_ARRAYS = [*LOSSES, of_each_array, of_products_that_share_an_array]


@each("leaves", [lambda: (w := values(), w), close_up], ids=["Values", "numbers of Parameters"])
@each("loss_of", OF_ARRAYS)
@each(
    ("rule", "settings"),
    [(optim.Adam, {}), (optim.SGD, {"weight_decay": 0.1}), (optim.SGD, {"momentum": 0.9})],
)
def test_gradients_come_to_what_is_looked_up_and_an_optimizer_skips_the_rest(
    loss_of, leaves, rule, settings
):
    def made():
        trained, w = leaves()
        both = lambda i, j: (loss_of(w, i, j), by_result(w, j, i))  # noqa: E731
        return both, rule(trained, lr=0.1, **settings), *trained

    def forget(k, optimizer, *trained):
        optimizer.zero_grad()

    def after(k, results, optimizer, *trained):
        results[k % 3 == 2].backward()
        reached.append([p._grad is None for p in trained])
        optimizer.step()

    reached, rounding = [], {"rtol": 1e-9, "atol": 1e-12}
    f = assert_same_steps(made, indices(), forget, after, each=True, audit=False, **rounding)
    assert f._count == 1
    half = len(reached) // 2
    assert reached[:half] == reached[half:]


@pytest.mark.parametrize("loss_of", LOSSES)
def test_a_step_with_lookups_goes_on_where_all_have_a_gradient_before(loss_of):
    def made(by_hand=True):
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

        return step, *w

    assert_same_steps(made, indices(), rtol=1e-9, atol=1e-12)
    if loss_of is not not_at_all:
        refusal = r"a lookup may leave out .* p.grad = 0.0"
        assert_refused(lambda: made(by_hand=False), indices()[0], refusal)


# --- numbers of Parameters: of each array that one was chosen of, and of no other -----------------


@each("forget", ["by the optimizer", "one by one", "zeros", "zeros one by one"])
@each("loss_of", OF_ARRAYS)
def test_a_step_brings_no_zeros_to_a_parameter_of_which_no_number_is_looked_up(loss_of, forget):
    def made():
        arrays, w = close_up()
        optimizer = optim.Adam(w if "one by one" in forget else arrays, lr=0.1)

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

        return step, *arrays

    try:
        assert_same_steps(made, indices(), rtol=1e-9, atol=1e-12, each=True, audit=False)
    except CompileError as err:
        is_refused = "a lookup may leave out" in str(err)
    else:
        return
    assert (is_refused, "zeros" in forget, loss_of is of_each_array) == (True, False, False)
