"""Which Values a gradient comes to where lookups decide it: as uncompiled, and to no others."""

import itertools
import random
import re

import numpy as np

import nn
import optim
from autograd import CompileError, Value, take
from tests.autograd.compiler.programs import assert_same_steps
from tests.each import each, in_ci


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


def single_values():
    w = values()
    return w, w


KINDS = [single_values, close_up]


@each("leaves", KINDS)
@each("loss_of", OF_ARRAYS)
@each(
    ("rule", "settings"),
    [(optim.Adam, {}), (optim.SGD, {"momentum": 0.9, "weight_decay": 0.1})],
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


# --- numbers of Parameters: of each array that one was chosen of, and of no other -----------------


FORGOTTEN = ["by the optimizer", "one by one", "zeros", "zeros one by one"]


@each(
    ("loss_of", "forget", "leaves"),
    [*itertools.product(OF_ARRAYS, FORGOTTEN, KINDS)][:: in_ci(1, 3)],
)
def test_a_step_brings_no_zeros_to_what_is_not_looked_up(loss_of, forget, leaves):
    def made():
        arrays, w = leaves()
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
                p.grad = 0.0 * p.data
            loss.backward()
            optimizer.step()
            return loss

        return step, *arrays

    refused, of_values = False, leaves is single_values
    try:
        assert_same_steps(made, indices(), rtol=1e-9, atol=1e-12, each=True, audit=False)
    except CompileError as err:
        if not re.search(r"a lookup may leave out .* p.grad = 0.0", str(err)):
            raise
        refused = True
    may = "zeros" not in forget and (of_values or loss_of is not of_each_array)
    must = of_values and forget == "by the optimizer" and loss_of is not not_at_all
    assert must <= refused <= may
