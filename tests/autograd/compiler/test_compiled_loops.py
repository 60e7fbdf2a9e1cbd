"""Stretches that do the same again and again: one instruction whose body is lowered once."""

import threading
from collections import Counter
from operator import mul

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler import repeats
from autograd.compiler.float_chains import FloatChain
from autograd.compiler.instructions import Chain, Loop, Scan
from autograd.compiler.loop_calls import Backward, Forward
from autograd.compiler.repeated_calls import unrolled
from autograd.node import topological
from tests.autograd.compiler.programs import (
    RandomRecurrence,
    assert_same_calls,
    assert_same_numbers,
    assert_same_recurrence,
    assert_same_result,
    bytes_a_node,
    gradients,
)
from tests.each import each, in_ci

W = [[Value(0.1 * (i - j)) for j in range(6)] for i in range(6)]
U = [Value(0.3 - 0.1 * i) for i in range(6)]
B = [Value(0.05 * i) for i in range(6)]
LEAVES = [*(w for row in W for w in row), *U, *B]


def recurrent(xs):
    """A network of six neurons that reads numbers one after another."""
    state = [0.0] * 6
    for x in xs:
        state = [
            sum((w * v for w, v in zip(row, state)), u * x + b).tanh() for row, u, b in zip(W, U, B)
        ]
    return sum(v * v for v in state)


def assert_same(g, f, *args, leaves=LEAVES):
    assert_same_result(g, f, args, leaves)


def loops(g):
    return [line for line in g.program().splitlines() if "rounds of" in line]


def numbers(seed, count):
    return np.random.default_rng(seed).normal(size=count).tolist()


def test_a_recurrent_network_is_one_loop_over_a_matrix_product():
    g = autograd.compile(recurrent)
    for seed in range(3):
        assert_same(g, recurrent, numbers(seed, 60))
    lines = g.program().splitlines()
    header = next(line for line in lines if "rounds of" in line)
    assert "rounds of matrix product, tanh" in header
    inside = lines[lines.index(header) + 1]
    assert "6×7 by 7×1" in inside
    assert "rounds of matrix product, tanh" in g.draw().svg.replace("&#160;", " ")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_calls_at_once_and_their_backward_passes_in_any_order(order):
    g = autograd.compile(recurrent)
    inputs = [numbers(1, 40), numbers(2, 40)]
    results = [g(xs) for xs in inputs]
    for k in order:
        assert_same_numbers(gradients(results[k], LEAVES), gradients(recurrent(inputs[k]), LEAVES))


def test_threads_have_buffers_of_their_own():
    g = autograd.compile(recurrent)
    inputs = [numbers(seed, 40) for seed in range(8)]
    expected = [recurrent(xs).data for xs in inputs]
    found = [[] for _ in inputs]

    def work(k):
        for _ in range(30):
            found[k].append(g(inputs[k]).data)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("inner", [3, 5, 7])
def test_what_is_computed_several_times_lies_wherever_a_product_reads_it(inner):
    w = Value(0.3)

    def f(v):
        h = v
        for _ in range(18):
            first = h
            for _ in range(inner):  # the same minimum in each, two of them in the same place
                h = autograd.tanh(h * autograd.minimum(v, first) + (h * 0.5 + w))
        return h

    v = Value(-0.4)
    assert_same(autograd.compile(f), f, v, leaves=[v, w])


def test_the_rounds_of_an_inner_loop_are_written_down_once_for_all_rounds_of_the_outer_one(
    monkeypatch,
):
    def f(xs):
        state = B * 4
        for x in xs:
            for _ in range(20):
                state = [(u * v + b).sin() for u, v, b in zip(U * 4, state, B * 4)]
            state = [(v * x + w).tanh() for v, w in zip(state, [*state[1:], state[0]])]
        return sum(state)

    forward, backward = calls_of(monkeypatch, Forward), calls_of(monkeypatch, Backward)
    g = autograd.compile(f, audit=False)
    for seed in range(3):
        assert_same(g, f, numbers(seed, 20))
    assert "20 rounds of rounds, " in loops(g)[0]
    assert len(forward) == len(backward) == 2


# --- what comes out as uncompiled, and how many loops it is ---------------------------------------

ROWS = {}


def row(loops, calls):
    """A function, its calls, and how many loops its program has."""
    return lambda f: ROWS.update({f.__name__: (f, loops, calls)})


def some(seeds, count, *more):
    return [(numbers(seed, count), *more) for seed in range(seeds)]


def places(seed, below, count):
    return np.random.default_rng(seed).integers(0, below, size=count)


row(0, some(1, 10))(recurrent)  # a few rounds are instructions of their own


@row(1, [([scale * x for x in numbers(seed, 40)],) for seed in range(4) for scale in (0.0, 30.0)])
def a_comparison_that_comes_out_differently(xs):
    state = [0.1 * i for i in range(6)]
    for x in xs:
        state = [(u * v + b * x).tanh() for u, v, b in zip(U, state, B)]
        if state[3] > 0.2:
            state[3] = state[3] * U[0]
    return sum(state)


@row(1, [([0.0] * 40,)])
def what_a_loop_only_compares_gets_no_gradient(xs):
    state = [0.1 * u * u for u in U] * 4
    for x in xs:
        new = [(u * v + x).tanh() for u, v in zip(B * 4, state)]
        if sum(v.sqrt() for v in new) < -1.0:  # its derivative is infinite, as B[0] is 0
            break
        state = new
    return sum(state)


@row(1, some(2, 50))
def results_of_every_round(xs):
    states = [U * 4]
    for x in xs:
        states.append([(u * v + x).sin() for u, v in zip(B * 4, states[-1])])
    return sum(states[-1]), *(state[k % 24] for k, state in enumerate(states))


@row(2, some(2, 20))
def a_loop_in_a_loop(xs):
    state, us = B * 4, U * 4
    for _ in range(20):
        for x in xs:
            state = [(u * v + x).sin() for u, v in zip(us, state)]
        state = [(v * u + state[0]).tanh() for u, v in zip(us, state)]
    return sum(state)


@row(1, some(1, 40))
def rounds_recorded_in_another_order_than_the_first_ones(xs):
    state = B * 4
    for t, x in enumerate(xs):
        backwards = range(23, -1, -1)
        inner = {i: (state[i] * x).sin() for i in backwards if t < 3}
        new = {}
        for i in backwards if t < 3 else range(24):
            for k in (i, (i + 1) % 24):
                if k not in inner:
                    inner[k] = (state[k] * x).sin()
            new[i] = (inner[i] - U[i % 6] * inner[(i + 1) % 24]).tanh()
        state = [new[i] for i in range(24)]
    return sum(state)


@row(1, [()])
def levels_of_equal_operations_but_different_sizes():
    states = [U * 4]
    for width in [24, 24, 2040, *[24] * 18]:
        old = states[-1]
        states.append([old[i % len(old)] + old[(i + 1) % len(old)] for i in range(width)])
    return states[3], states[-1]


@row(1, some(1, 40))
def the_sign_of_a_power_and_who_needs_a_gradient(xs):
    state = list(xs[:6])
    for x in xs:
        state = [(v**2 + 1.0) ** 0.5 / (2.0 + u.detach() * u * x) for v, u in zip(state, U)]
    return sum(state)


@row(1, [(numbers(seed, 40), np.array(seed), places(seed, 7, 40)) for seed in range(4)])
def one_index_for_all_rounds_and_a_table_from_outside(xs, place, places):
    state, first = [0.1 * u for u in U], [u * u for u in U]
    for x, own in zip(xs, places):
        mixed = [*state[:3], *first[:2], 0.5, x]
        common, other = autograd.take(mixed, place), autograd.take(mixed, own)
        again = autograd.take([state[3], state[4]], place % 2)
        state = [(w * v + common * other + again).sin() for w, v in zip(B, state)]
    return sum(state)


@row(0, [(numbers(seed, 80), places(seed, 3, 80)) for seed in range(3)])
def tables_of_different_sizes(xs, places):
    state = [0.1 * u for u in U]
    for k, (x, place) in enumerate(zip(xs, places)):
        chosen = autograd.take(state[: 3 + k % 20 // 10], place)
        state = [(w * v + chosen + x).sin() for w, v in zip(B, state)]
    return sum(state)


@row(1, some(2, 60))
def what_is_said_after_each_step_is_one_product_over_all_steps(xs):
    state, said = [0.0] * 6, []
    for x in xs:
        state = [sum((w * v for w, v in zip(row, state)), u * x).tanh() for row, u in zip(W, U)]
        said.append(sum(b * v for b, v in zip(B, state)))
    return sum((guess - x) ** 2 for guess, x in zip(said, xs[1:]))


@each("name", ROWS)
def test_a_function_with_rounds_is_as_uncompiled_and_so_many_loops(name):
    f, count, calls = ROWS[name]
    g = assert_same_calls(f, calls, LEAVES, paths=None)
    found = loops(g)
    assert len(found) == count
    if f is a_loop_in_a_loop:
        assert "20 rounds of rounds, " in found[0]
        assert found[1].startswith("    v0.0 = 20 rounds of multiply, add, sin")
    if f is what_is_said_after_each_step_is_one_product_over_all_steps:
        assert g.program().count("1×6 by 6×59") == 1
        assert len(g.program().splitlines()) < 12


# In the last three: something of each round depends on nothing but what all rounds share; two loops
# read the same numbers; an operand that all rounds share has a part that needs no gradient.
@pytest.mark.slow
@each("seed", [*range(in_ci(60, 15)), 101500403, 202500519, 202500603])
def test_random_recurrences_give_the_same_as_loops(seed, monkeypatch):
    monkeypatch.setattr(repeats, "ROUNDS", 2 + seed % 3)
    monkeypatch.setattr(repeats, "FEW", 0)
    monkeypatch.setattr(repeats, "MUCH", 10**9)
    assert_same_recurrence(seed)


@pytest.mark.slow
def test_random_recurrences_are_rounds_of_calls_or_of_python():
    def longest(node):
        """How many operations wait for one another."""
        lengths = {}
        for x in topological(node):
            lengths[x] = 1 + max((lengths[parent] for parent in x.parents), default=0)
        return lengths[node]

    def given(rounds):
        f.rounds = rounds
        return numbers(seed, rounds), Value(0.5), np.zeros(f.width, dtype=int)

    found = []
    count = in_ci(15, 8)
    for seed in range(count):
        f = RandomRecurrence(seed)
        if longest(f(*given(30))[1]) - longest(f(*given(10))[1]) < 20:
            continue  # no round waits for the one before
        g = autograd.compile(f, audit=False)
        g(*given(80))
        scans = [x for x in g._newest.raised.instructions if isinstance(x, Scan)]
        kinds = (FloatChain(x).stretches for x in scans if isinstance(x, Chain))
        found.append(
            any(isinstance(x, Loop) for x in scans)
            or any(stretch.kinds is None for stretches in kinds for stretch in stretches)
        )
    assert len(found) > 0.6 * count
    assert sum(found) >= 0.95 * len(found)


@pytest.mark.slow
def test_deep_graphs_are_compiled_with_few_bytes_a_node():
    def f(xs):
        for k in range(250):
            xs = [(x * U[k % 6] + b).tanh() for x, b in zip(xs, B * 5)]
        return sum(xs)

    xs = numbers(0, 30)
    autograd.compile(f)(xs)  # what is kept once for all
    g = autograd.compile(f)
    kept, peak = bytes_a_node(g, xs)
    assert kept < 100
    assert peak < 300
    (loop,) = [x for x in g._newest.raised.instructions if isinstance(x, Loop)]
    assert len(loop.body.raised.instructions) == 3


def calls_of(monkeypatch, kind):
    """What the loops' passes of a kind are written down as: the calls ahead, and all others."""
    written, found = kind._written, []

    def noted(self, *arrays):
        calls = written(self, *arrays)
        pair = self.enter, unrolled(calls[len(self.enter) :])
        enter, rounds = ([call.func.__name__ for call in x] for x in pair)
        found.append([[x for x in enter if x not in ("positive", "taken", "choose")], rounds])
        return calls

    monkeypatch.setattr(kind, "_written", noted)
    return found


def test_a_round_of_a_recurrent_network_is_three_calls_each_way(monkeypatch):
    forward, backward = calls_of(monkeypatch, Forward), calls_of(monkeypatch, Backward)
    g = autograd.compile(recurrent, audit=False)
    for _ in range(3):
        gradients(g(numbers(0, 60)), LEAVES)
    (ahead, calls) = forward[-1]
    assert not ahead
    # the tanh's are computed where the next round reads them, and in the end copied at once
    assert Counter(calls) == {"dot": 60, "add": 60, "tanh": 60, "positive": 1}
    (ahead, calls) = backward[-1]
    assert ahead == ["multiply", "subtract"]  # the tanh's slopes, of all rounds at once
    assert Counter(calls).items() >= {("multiply", 60), ("dot", 60)}
    assert len(calls) <= 3 * 60


def test_gradients_of_a_first_state_and_of_moving_inputs_are_those_of_complex_steps():
    def f(xs, first, w):
        state = first
        for x in xs:
            state = [(w * v + x * u).tanh() for v, u in zip(state, [*state[1:], state[0]])]
        return sum(v * v for v in state)

    count, width = 40, 12
    given = np.random.default_rng(5).normal(0.3, 0.2, size=count + width + 1)
    values = [Value(x) for x in given.tolist()]
    g = autograd.compile(f)
    split = slice(count), slice(count, count + width)
    found = gradients(g(values[split[0]], values[split[1]], values[-1]), values)
    assert loops(g)

    def of(numbers):  # the same on complex numbers, by hand
        state, w = numbers[split[1]], numbers[-1]
        for x in numbers[split[0]]:
            state = np.tanh(w * state + x * np.roll(state, -1))
        return (state * state).sum()

    steps = given + 1e-30j * np.eye(len(given))
    np.testing.assert_allclose(found, [of(x).imag / 1e-30 for x in steps], rtol=1e-12, atol=1e-15)


def test_inputs_that_lie_apart_are_put_side_by_side_and_the_others_are_read_where_they_are(
    monkeypatch,
):
    def apart(xs):
        state = [0.1 * b for b in B]
        for x in xs:  # turned round, so that a round's inputs are nowhere in a row
            state = [(w * v + x).tanh() for w, v in zip(U, [state[i] for i in (0, 3, 1, 4, 2, 5)])]
        return sum(state)

    def in_a_row(xs):
        state = [0.1 * b for b in B]
        for x in xs:
            state = [(w * v + x).tanh() for w, v in zip(U, state)]
        return sum(state)

    monkeypatch.setattr(repeats, "FEW", 0)
    for f, collecting in ((apart, "taken"), (in_a_row, None)):
        forward = calls_of(monkeypatch, Forward)
        g = autograd.compile(f)
        for seed in range(2):
            assert_same(g, f, numbers(seed, 30))
        names = set(forward[-1][1]) - {"multiply", "add", "tanh"}
        assert names == ({collecting} if collecting else set())


def test_what_repeats_in_a_row_of_numbers():
    marks = np.array([7, 8, *[1, 2, 1, 3] * 16, 5, *[4] * 20])
    assert repeats.repeats(marks) == [(2, 4, 16), (67, 1, 20)]
    assert repeats.repeats(np.arange(100)) == []


def test_loops_that_do_the_same_share_what_is_compiled():
    def f(x):
        state = [x * b for b in B * 3]
        for outer in range(5):
            for _ in range(17 + outer**2 % 7):
                state = [(u * v + b).sin() for u, v, b in zip(U * 3, state, B * 3)]
            state = [0.5 * v + u for u, v in zip(U * 3, state)]
        return sum(state)

    g, x = autograd.compile(f), Value(0.7)
    assert_same(g, f, x, leaves=[*LEAVES, x])
    found = [y for y in g._newest.raised.instructions if isinstance(y, Loop)]
    assert len(found) == 5
    assert len({id(loop.body) for loop in found}) < 5


def test_what_a_round_needs_little_by_little_is_still_computed_at_once():
    def f(xs):
        best = B
        for x in xs:
            longest = []
            for row in W:
                paths = [w + b for w, b in zip(row, best)]
                longest.append(paths[0])
                for path in paths[1:]:
                    longest[-1] = autograd.maximum(longest[-1], path)
            best = [path + u * x for path, u in zip(longest, U)]
        return sum(best)

    g = autograd.compile(f)
    assert_same(g, f, numbers(8, 60))
    (loop,) = [x for x in g._newest.raised.instructions if isinstance(x, Loop)]
    assert sorted(x.out.size for x in loop.body.raised.instructions) == [6] * 7 + [36]


def looking_up(width):
    """In every round a table is computed, and one of its rows is looked up."""

    def f(xs, places):
        state, first = [0.1 * u for u in U[:width]], []
        for x, place in zip(xs, places):
            new = [(w * v + x).tanh() for w, v in zip(B, state)]
            scale, shift = autograd.take([[v, v * v + x] for v in new], place)
            state = [v * scale + shift for v in new]
            first.append(scale)
        return sum(state), sum(first)

    return f


def test_a_table_that_every_round_computes_is_looked_up_in_the_loop():
    f, draw = looking_up(6), np.random.default_rng(0)
    calls = [(numbers(seed, 40), draw.integers(-6, 6, size=40)) for seed in range(4)]
    g = assert_same_calls(f, calls, LEAVES)
    (loop,) = loops(g)
    assert "take" in loop
    xs, places = calls[3]
    places[7] = 6
    for function in (f, g):
        with pytest.raises(IndexError, match="index 6 is out of bounds"):
            function(xs, places)
    places[7] = 5
    assert_same_numbers(g(xs, places)[0].data, f(xs, places)[0].data)


def sums(rows, state, x):
    return [sum((w * v for w, v in zip(row, state)), b * x) for row, b in zip(rows, B)]


@pytest.mark.parametrize(
    ("step", "kinds"),
    [
        (lambda s, x, k: [v.tanh() for v in sums(W, s, x)], ["Product"]),
        (lambda s, x, k: [(sum(map(mul, r, s)) + b).tanh() for r, b in zip(W, B)], ["Product"] * 2),
        (lambda s, x, k: [(w * v + x).sin() for w, v in zip(U * 4, s)], ["Group"]),
        (lambda s, x, k: [(v + b).sin() * x for v, b in zip(s, B * 4)], ["Group"]),
        (lambda s, x, k: [(v.exp() + 2.0) ** u for v, u in zip(s, U * 4)], ["Group"]),
        # used in two places, both of which can wait
        (lambda s, x, k: [v.tanh() + W[0][0] * v for v in sums(W, s, x)], ["Group", "Product"]),
        # or of which one cannot
        (lambda s, x, k: [v.tanh() + autograd.take([W[0][0], v], k) for v in sums(W, s, x)], []),
        # beside what is another number in each round
        (lambda s, x, k: [v.tanh() for v in sums([s, *W[1:]], s, x)], []),
    ],
)
def test_what_is_the_same_in_all_rounds_gets_its_gradient_after_the_loop(step, kinds):
    def f(xs, place):
        state = [0.3 * u for u in U * 4]
        for x in xs:
            state = step(state, x, place)
        return sum(state)

    g = autograd.compile(f)
    for place in (0, 1):
        assert_same(g, f, numbers(place, 30), np.array(place))
    (loop,) = (x for x in g._newest.raised.instructions if isinstance(x, Loop))
    assert sorted(type(x).__name__ for x, _ in loop.body.shared) == kinds
