"""Long stretches with hardly anything to do at the same time: computed one by one."""

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler import float_chains, raising, repeats
from tests.autograd.compiler.programs import (
    EVERY_OP,
    TAME,
    RandomProgram,
    assert_same_calls,
    assert_same_compiled,
    assert_same_recurrence,
    assert_same_result,
    bytes_a_node,
    gradients,
)
from tests.each import each, in_ci

STEPS = 150


def recurrence(step):
    def f(x):
        for _ in range(STEPS):
            x = step(x)
        return x

    return f


def assert_a_chain(f, leaves, numbers=(0.4,), tolerance=0.0):
    """It gives the uncompiled numbers to the last digit; the compiled function."""
    g = autograd.compile(f)
    for number in numbers:
        x = Value(number)
        assert_same_result(g, f, [x], [x, *leaves], tolerance)
    assert "one by one from" in g.program()
    return g


def test_a_recurrence_is_one_instruction_with_the_uncompiled_numbers_to_the_last_digit():
    w, b = Value(0.9), Value(0.1)
    g = assert_a_chain(recurrence(lambda x: (x * w + b).sin()), [w, b], (0.5, -2.0))
    assert len(g.program().splitlines()) == 1
    assert "multiply, add, sin" in g.program()
    assert f"{3 * STEPS} operations" in g.program()
    assert g.draw().svg.startswith("<svg")


@each("op", EVERY_OP, ids=lambda op: op.name)
def test_every_operation_can_be_part_of_a_chain(op):
    w = Value(0.3)
    rest = [1.5] * (op.arity - 1)
    f = recurrence(lambda x: op(0.01 * x + w, *rest) * 0.5 + 0.2)
    if op.name == "arccosh":
        f = recurrence(lambda x: op(1.5 + 0.01 * x + w) * 0.5)
    assert_a_chain(f, [w])


def test_an_operation_of_ones_own_whose_derivative_is_written_with_numpy_can_be_part_of_a_chain():
    @autograd.elementwise(partials=[lambda x, out: np.cos(x)])
    def own_sine(x):
        return np.sin(x)

    w = Value(0.3)
    assert "own_sine" in assert_a_chain(recurrence(lambda x: own_sine(x * w) + 0.2), [w]).program()


@each("seed", range(in_ci(60, 15)))
def test_random_programs_give_the_same_as_chains(seed, monkeypatch):
    monkeypatch.setattr(raising, "LONG", 1)
    monkeypatch.setattr(raising, "FEW", 1 + seed % 30)
    program = RandomProgram(seed, TAME)
    assert_same_compiled(program)


# in the last, a stretch of rounds and one of single rows have the same text but for its columns
@each("seed", [*range(in_ci(50, 12)), 202003055])
def test_random_recurrences_give_the_same_as_rounds_of_python(seed, monkeypatch):
    monkeypatch.setattr(raising, "LONG", 1)
    monkeypatch.setattr(raising, "FEW", 10**6)
    monkeypatch.setattr(repeats, "ROUNDS", 2)
    monkeypatch.setattr(float_chains, "ROUNDS", 2)
    monkeypatch.setattr(float_chains, "MANY", 2)
    assert_same_recurrence(seed)


def test_a_thousand_rounds_are_one_loop_of_python_whose_gradients_are_right():
    w, b = Value(0.9), Value(0.1)

    def f(state, inputs):
        for x in inputs:
            state = (state * w + x * b).sin()
        return state

    inputs = np.linspace(-1.0, 1.0, 1000)
    given = [Value(0.5), *map(Value, inputs)]
    g = autograd.compile(f)
    ours = gradients(g(given[0], given[1:]), [*given, w, b])

    def complex_step(place):
        numbers = np.array([0.5, *inputs, 0.9, 0.1], dtype=complex)
        numbers[place] += 1e-30j
        state, *moving, weight, bias = numbers
        for x in moving:
            state = np.sin(state * weight + x * bias)
        return state.imag / 1e-30

    for place in (0, 1, 500, 999, 1000, 1001, 1002):
        assert ours[place] == pytest.approx(complex_step(place), rel=1e-10, abs=1e-15)
    chain = g._newest.raised.instructions[-1]
    stretches = float_chains.FloatChain(chain).stretches
    assert max(x.times for x in stretches) >= 998
    assert len(stretches) < 4


def test_a_rule_that_branches_is_called_in_a_chain():
    @autograd.elementwise(partials=(lambda x, out: 2.0 if x > 0 else 0.5,), smooth=False)
    def bent_for_chains(x):
        return np.where(x > 0, 2.0 * x, 0.5 * x)

    w = Value(-0.9)
    assert_a_chain(recurrence(lambda x: bent_for_chains(x * w) + 0.1), [w], (0.3,), 1e-12)


def test_powers_of_zero_have_the_uncompiled_gradients_in_a_chain():
    w = Value(0.0)
    f = recurrence(lambda x: (x * 0.5) ** w * 0.0)
    assert_a_chain(f, [w], (0.0,))


def test_guards_and_results_inside_a_chain_are_seen():
    w, x = Value(0.9), Value(0.5)

    def f(x, level):
        half = None
        for k in range(STEPS):
            x = (x * w).tanh() + 0.1
            half = x if k == STEPS // 2 else half
        return [half, x * 2.0 if half > level else x * 3.0, half.detach() * x]

    def calls():
        for number, level in ((0.5, 0.0), (-0.5, 1.0), (3.0, 0.0)):
            x.data = number
            yield x, level

    assert_same_calls(f, calls(), [x, w], paths=2)


def test_a_chain_between_wide_layers_gives_the_same():
    w = [Value(x) for x in np.linspace(-1, 1, 30)]

    def f(xs):
        x = sum(a * b for a, b in zip(w, xs)).tanh()
        for _ in range(STEPS):
            x = (x * w[0] + w[1]).sin()
        return sum((a * x).tanh() for a in w)

    g, xs = autograd.compile(f), np.random.default_rng(0).normal(size=30).tolist()
    for _ in range(2):
        assert_same_result(g, f, [xs], w)


def test_where_a_float_raises_a_chain_gives_the_uncompiled_answer():
    zero = Value(0.0)
    f = recurrence(lambda x: (x * 0.5 + 1.0) / zero)
    with pytest.warns(RuntimeWarning):
        expected = f(Value(1.0)).data
    g = autograd.compile(f)
    with pytest.warns(RuntimeWarning):
        assert g(Value(1.0)).data == expected == float("inf")
    x, y = Value(0.0), Value(0.0)
    f = recurrence(lambda x: (x * 0.5).sqrt())
    with pytest.warns(RuntimeWarning):
        expected = gradients(f(x), [x])
    with pytest.warns(RuntimeWarning):
        ours = gradients(autograd.compile(f)(y), [y])
    np.testing.assert_array_equal(ours, expected)


def test_a_deep_graph_is_compiled_with_few_bytes_a_node():
    w, b, x = Value(0.9), Value(0.1), Value(0.5)

    def f(x, rounds=10_000):
        for _ in range(rounds):
            x = x.sin() * w + b
        return x

    autograd.compile(f)(x, 100)  # what is kept once for all
    kept, peak = bytes_a_node(autograd.compile(f), x)
    assert kept < 150
    assert peak < 300


def test_lookups_in_a_chain_follow_the_indices_of_each_call():
    w, b = Value(0.9), Value(0.1)

    def f(x, places):
        for k in range(40):
            y = (x * w).sin()
            x = autograd.take([x, y + b, 0.3, b], places[k]) * autograd.take([y, w], places[k] % 2)
        return x

    draw, x = np.random.default_rng(0), Value(0.3)
    calls = [(x, draw.integers(-4, 4, size=40)) for _ in range(5)]
    g = assert_same_calls(f, calls, [x, w, b])
    assert "one by one from" in g.program()
    assert "take" in g.program()
    places = calls[0][1]
    for wrong in (4, -5):
        places[20] = wrong
        for function in (f, g):
            with pytest.raises(IndexError, match=f"index {wrong} is out of bounds"):
                function(x, places)
    places[20] = 3
    assert g(x, places).data == f(x, places).data
