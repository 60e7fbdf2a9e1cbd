"""What is done again and again is one loop of the machine's, and gives NumPy's numbers."""

import os
from functools import partial

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler.native.backend import _key, _pieces_of
from autograd.compiler.native.llvm import units_of
from autograd.compiler.native.loops import Loop, every_nest
from autograd.compiler.native.lowering import lowered
from autograd.compiler.native.memories import Memories
from autograd.compiler.native.rolling import rolled
from autograd.compiler.numpy_calls import DOT
from autograd.compiler.program import Workspace
from tests.autograd.compiler.native.calls import numbers, run_natively

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


def test_neighbouring_loops_that_are_cut_at_another_place_are_not_taken_for_the_same():
    x = np.zeros(3)
    calls = [partial(function, x, x, x) for function in (np.add, np.multiply, np.subtract)]
    memories = Memories(calls)
    one, two, three = (nest for call in calls for nest in lowered(call, memories))
    assert _key([units_of([Loop(2, (one, two)), Loop(2, (three,))])]) != _key([
        units_of([Loop(2, (one,)), Loop(2, (two, three))])
    ])  # fmt: skip
