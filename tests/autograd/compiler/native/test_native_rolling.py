"""What is done again and again is one loop of the machine's, and gives NumPy's numbers."""

import os
from functools import partial

import numpy as np
import pytest

import autograd
import optim
from autograd import Tensor, Value
from autograd.compiler.instructions import Chain
from autograd.compiler.native.backend import _key, _pieces_of
from autograd.compiler.native.llvm import units_of
from autograd.compiler.native.loops import Loop, every_nest
from autograd.compiler.native.lowering import lowered
from autograd.compiler.native.memories import Memories
from autograd.compiler.native.rolling import rolled
from autograd.compiler.numpy_calls import DOT
from autograd.compiler.program import Workspace
from tests.autograd.compiler.native.calls import names_of_numpys, numbers, run_natively

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")


def rolled_calls(calls):
    memories = Memories(calls)
    return rolled([nest for call in calls for nest in lowered(call, memories)])


def recurrence(rng, rounds, apart):
    """h = tanh(W h + u x + b): each h an array of its own, or all of them in one."""
    whole = np.zeros((rounds + 1, 5))
    states = [np.zeros(5) for _ in whole] if apart else list(whole)
    states[0][:] = numbers(rng, 5)
    w, u, b, x = (numbers(rng, *shape) for shape in ((5, 5), (5,), (5,), (rounds,)))
    order = rng.permutation(rounds)
    calls = []
    for k in range(rounds):
        t, s = np.zeros(5), np.zeros(5)
        calls += [
            partial(DOT, w, states[k], t),
            partial(np.multiply, u, x[order[k] :][:1], s),
            partial(np.add, t, s, t),
            partial(np.add, t, b, states[k + 1]),
            partial(np.tanh, states[k + 1], states[k + 1]),
            partial(np.add, u, 1e-3, u),  # each round sees what the one before has changed
        ]
    return calls, [*states, u]


@pytest.mark.parametrize("apart", [True, False])
def test_rounds_on_arrays_that_lie_anywhere_are_one_loop_with_numpys_numbers(apart):
    rng = np.random.default_rng(4)
    calls, arrays = recurrence(rng, 40, apart)
    (loop,) = rolled_calls(calls)
    assert isinstance(loop, Loop)
    assert (loop.times, len(loop.body)) == (40, 6)
    before = [x.copy() for x in arrays]
    for call in calls:
        call()
    expected = [x.copy() for x in arrays]
    for x, was in zip(arrays, before, strict=True):
        x[...] = was
    assert run_natively(calls) == 0
    for x, y in zip(arrays, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("shift", [-2, -1, 0, 1, 2])
def test_rounds_that_overlap_are_made_one_after_the_other(shift):
    row = np.arange(1.0, 101.0)
    calls = []
    for k in range(10, 80):
        here, there = row[k : k + 8], row[k + shift : k + shift + 8]
        part = np.zeros(8)
        calls += [
            partial(np.multiply, here, 0.5, part),
            partial(np.add, part, 1.0, there),
            partial(np.sqrt, here, part),
        ]
    assert len(rolled_calls(calls)) < 10
    before = row.copy()
    for call in calls:
        call()
    expected = row.copy()
    row[...] = before
    run_natively(calls)
    np.testing.assert_array_equal(row, expected)


def test_what_repeats_itself_between_other_calls_is_found_and_the_others_stay():
    rng = np.random.default_rng(1)
    calls, _ = recurrence(rng, 20, True)
    x, y = numbers(rng, 7), np.zeros(7)
    calls = [partial(np.exp, x, y), *calls, partial(np.log, y, x), *recurrence(rng, 20, True)[0]]
    steps = rolled_calls(calls)
    assert [isinstance(step, Loop) for step in steps] == [False, True, False, True]
    assert len(list(every_nest(steps))) == 14


def test_a_recurrent_network_on_arrays_is_one_short_native_call():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=30), rng.normal(size=30)
    first = [rng.normal(size=shape) * 0.3 for shape in ((4, 4), (4,), (4,), (4,))]

    def trained(backend):
        w, u, b, o = parts = [Tensor(a.copy(), requires_grad=True) for a in first]
        optimizer = optim.SGD(parts, lr=0.05, momentum=0.5)

        @partial(autograd.compile, backend=backend)
        def step(x, y):
            h, total = np.zeros(4), 0.0
            for t in range(30):
                h = autograd.tanh(w @ h + u * x[t] + b)
                total = total + (o @ h - y[t]) ** 2
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            return total

        return step, [step(x, y).item() for _ in range(8)] + [p.data for p in parts]

    step, found = trained("native")
    for mine, numpys in zip(found, trained("numpy")[1], strict=True):
        np.testing.assert_allclose(mine, numpys, rtol=1e-11, atol=1e-12)
    assert names_of_numpys(step) == []
    assert len(step._newest.native.state.made.functions) == 1


def scalar_recurrence(backend, special):
    """Five neurons that read letters, number by number; some rounds look something up."""
    rng = np.random.default_rng(6)
    table = [[Value(x) for x in row] for row in rng.normal(size=(4, 5)).tolist()]
    w = [[Value(x) for x in row] for row in (0.4 * rng.normal(size=(5, 5))).tolist()]
    leaves = [v for row in (*table, *w) for v in row]
    if special is not None:
        w[2][3].data = special

    @partial(autograd.compile, backend=backend)
    def f(xs, letters):
        h, total = [0.0] * 5, 0.0
        for t in range(20):
            seen = autograd.take(table, letters[t])
            h = [(sum(a * b for a, b in zip(row, h)) + s * xs[t]).tanh() for row, s in zip(w, seen)]
            total = total + (h[0] - xs[t]) ** 2
        return total

    found = []
    for _ in range(3):
        xs, letters = rng.normal(size=40).tolist(), rng.integers(-4, 4, 40)
        for leaf in leaves:
            leaf.grad = 0.0
        with np.errstate(all="ignore"):
            y = f(xs, letters)
            y.backward()
        found.append([y.data, *(leaf.grad for leaf in leaves)])
    letters[17] = 4
    with pytest.raises(IndexError, match="index 4 is out of bounds"):
        f(xs, letters)
    return f, found


@pytest.mark.parametrize("special", [None, np.nan, -0.0])
def test_the_rounds_of_single_numbers_are_native_with_lookups_and_special_numbers(special):
    f, found = scalar_recurrence("native", special)
    np.testing.assert_allclose(
        found, scalar_recurrence("numpy", special)[1], rtol=1e-11, atol=1e-13
    )
    assert names_of_numpys(f) == []


def test_a_loop_over_single_numbers_is_one_loop_of_the_machines():
    w, b = [Value(0.1 * k) for k in range(9)], Value(0.2)

    def f(xs):
        h = [0.0] * 3
        for x in xs:
            h = [(sum(w[3 * i + j] * h[j] for j in range(3)) + b * x).tanh() for i in range(3)]
        return sum(h)

    g = autograd.compile(f, backend="native")
    xs = np.sin(np.arange(100)).tolist()
    g(xs).backward()
    space = Workspace(g._newest, [])
    units = [
        unit
        for pieces in _pieces_of(space)[1]
        for piece in pieces
        for part in piece.parts
        for unit in part
    ]
    assert sum(unit.times > 1 for unit in units) >= 2
    assert sum(len(unit.nests) for unit in units) < 60  # of hundreds of calls


CHAINS = {
    "sin": lambda x, w, b: (w * x + b).sin(),
    "quotients and powers": lambda x, w, b: (x * x + 1.5) ** 0.5 / (w + x**3) - b,
    "kinks": lambda x, w, b: (w * x - b).relu() + abs(x - 0.3) * autograd.maximum(x, b),
    "exponentials": lambda x, w, b: (w * x).exp() * 0.3 - autograd.log1p(x * x) + (b * x).tanh(),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_a_chain_of_single_numbers_is_native_with_numpys_numbers_and_slopes(kind):
    def run(backend):
        w, b = Value(0.7), Value(0.1)

        @partial(autograd.compile, backend=backend)
        def f(x):
            y = x * w
            for _ in range(40):
                y = CHAINS[kind](y, w, b)
            return y + x

        found = []
        for x in (0.3, -0.4, np.nan, np.inf, -0.0, 5e-324, 1e308):
            w.grad = b.grad = 0.0
            with np.errstate(all="ignore"):
                y = f(x)
                y.backward()
            found.append([y.data, w.grad, b.grad])
        return f, found

    f, found = run("native")
    (_, expected) = run("numpy")
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert any(isinstance(x, Chain) for x in f._newest.raised.instructions)
    assert names_of_numpys(f) == []


def test_neighbouring_loops_that_are_cut_at_another_place_are_not_taken_for_the_same():
    x = np.zeros(3)
    calls = [partial(function, x, x, x) for function in (np.add, np.multiply, np.subtract)]
    memories = Memories(calls)
    one, two, three = (nest for call in calls for nest in lowered(call, memories))
    assert _key([units_of([Loop(2, (one, two)), Loop(2, (three,))])]) != _key([
        units_of([Loop(2, (one,)), Loop(2, (two, three))])
    ])  # fmt: skip
