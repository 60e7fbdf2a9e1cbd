from collections import namedtuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
from autograd import CompileError, GraphError, Tensor, Value
from tests.autograd.compiler.programs import (
    TAME,
    RandomProgram,
    assert_same_calls,
    assert_same_compiled,
)
from tests.each import in_ci


@settings(
    max_examples=in_ci(120, 20),
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
@pytest.mark.slow
@given(st.integers(0, 10**9))
def test_random_programs_give_the_same_values_and_gradients(seed):
    program = RandomProgram(seed, TAME)
    assert_same_compiled(program)


PASSES = {
    "two calls": (lambda w, x: w * w * x, lambda g: [y.backward() for y in (g(1.0), g(10.0))], 44),
    "two results at once": (lambda w, x: w * x, lambda g: (g(3.0) * g(4.0)).backward(), 48),
    "one result twice": (lambda w, x: w * w * x, lambda g: [y.backward() for y in [g(1.0)] * 2], 8),
    "all results, one of them again": (
        lambda w, x: [w * x, w + x],
        lambda g: (sum(y := g(3.0)) + 4 * y[0]).backward(),
        16,
    ),
    "what is computed further": (lambda w, x: w * x, lambda g: (g(3.0) ** 2 + 1).backward(), 36),
}


@pytest.mark.parametrize("of", PASSES)
def test_gradients_come_from_every_pass(of):
    f, use, slope = PASSES[of]
    w = Value(2.0)
    use(autograd.compile(lambda x: f(w, x)))
    assert w.grad == pytest.approx(slope)


def test_the_same_value_in_two_arguments_gets_both_gradients():
    g = autograd.compile(lambda a, b: a * a * b)
    g(Value(1.0), Value(1.0))
    a = Value(2.0)
    g(a, a).backward()
    assert a.grad == 12.0


def test_a_leaf_that_is_returned_is_the_leaf_itself():
    w = Value(1.0)
    g = autograd.compile(lambda a: (w, a))
    a, b = Value(2.0), Value(3.0)
    assert g(a)[0] is w
    assert g(b)[1] is b


def test_results_nested_in_arrays_and_named_tuples_keep_their_form():
    pair = namedtuple("pair", "left right")
    w = Value(2.0)
    g = autograd.compile(
        lambda x: pair(np.array([[w * x, w + x]]), ({"n": 3, "x": x}, [], [w - x], "label"))
    )
    g(1.0)
    out = g(4.0)
    assert [y.data for y in out.left[0]] == [8.0, 6.0]
    assert out.left.shape == (1, 2)
    assert (*out.right[:2], out.right[3]) == ({"n": 3, "x": 4.0}, [], "label")
    assert out.right[2][0].data == -2.0


def test_compile_is_a_decorator_of_methods_too():
    class Line:
        def __init__(self, slope):
            self.slope = Value(slope)

        @autograd.compile
        def __call__(self, x):
            return self.slope * x

    one, two = Line(1.0), Line(2.0)
    assert [one(5.0).data, two(5.0).data, one(6.0).data] == [5.0, 10.0, 6.0]


def test_whether_a_derivative_has_derivatives_depends_on_the_call():
    """In a transform derivatives are nodes, though the argument is a float."""

    def f(x, w):
        return w * autograd.grad(lambda u: w * u * u)(x)

    def directly(f):
        w = Value(2.0)
        f(3.0, w).backward()
        return w.grad

    g = autograd.compile(f)
    for _ in range(2):
        assert directly(g) == directly(f) == 12.0
        assert autograd.grad(g, 1)(3.0, 2.0) == autograd.grad(f, 1)(3.0, 2.0) == 24.0


def test_second_derivatives_through_a_compiled_function_run_it_uncompiled():
    g = autograd.compile(lambda x: x**3)
    assert autograd.grad(autograd.grad(g))(2.0) == pytest.approx(12.0)
    assert autograd.hessian(g)(2.0) == pytest.approx(12.0)
    assert autograd.jvp(g, (2.0,), (1.0,)) == pytest.approx((8.0, 12.0))
    assert autograd.hvp(g, (2.0,), (1.0,)) == pytest.approx(12.0)
    assert autograd.grad(g)(Tensor(2.0)).item() == pytest.approx(12.0)


def test_recursion_is_recorded_like_any_calls():
    def power(x, n):
        return x if n == 1 else x * power_compiled(x, n - 1)

    power_compiled = autograd.compile(power)
    x = Value(2.0)
    power_compiled(x, 5).backward()
    assert x.grad == 80.0


def multiplied(numbers):
    product = 1.0
    for number in numbers:
        product = product * number
    return product


@pytest.mark.parametrize(
    "f",
    [
        lambda x, i: autograd.take(x, i[0]) == 0.5,
        lambda x, i: np.where(i > 0, x[:2], x[1:])[1] == 0.5,
        lambda x, i: 1.0 * sum(np.ravel(autograd.take([x[:2], x[1:]], i))),
        lambda x, i: multiplied(autograd.take([x[:2], x[1:]], i, axis=1)[1]),
        lambda x, i: multiplied(autograd.take(x, i) * 2),
        lambda x, i: multiplied(autograd.take(x, i) + autograd.take(x[::-1], i)),
        lambda x, i: multiplied(autograd.take(autograd.take(x, i).tolist(), i) * 2),
        lambda x, i: autograd.take(x, i[0]),
    ],
)
def test_a_lookup_among_floats_gives_floats(f):
    g = autograd.compile(f)
    for x, i in [([0.1, 0.5, 0.7], [1, 0]), ([0.5, 0.2, -0.7], [0, 1]), ([0.2, 0.3, 0.5], [0, 0])]:
        ours, theirs = g(x, np.array(i)), f(x, np.array(i))
        assert isinstance(ours, float) == isinstance(theirs, float)
        assert ours == pytest.approx(theirs, rel=1e-12)


def test_target_classes_sample_by_sample_are_one_instruction():
    w = [Value(0.1 * k) for k in range(3)]

    def loss(xs, targets):
        scores = [[(v * x).exp() for v in w] for x in xs]
        return sum(-(autograd.take(row, t) / sum(row)).log() for row, t in zip(scores, targets))

    draws = map(np.random.default_rng, range(3))
    calls = [(draw.normal(size=50).tolist(), draw.integers(0, 3, size=50)) for draw in draws]
    assert assert_same_calls(loss, calls, w).program().count("take(") == 1


def test_a_result_has_first_derivatives_only():
    w = Value(2.0)
    g = autograd.compile(lambda: w * w)
    y = g()
    with pytest.raises(GraphError, match="first derivatives only"):
        autograd.node.gradients(y * y, [w], 1.0, create_graph=True)


def test_a_value_that_leaves_by_another_way_than_the_result_is_refused():
    kept = []

    def keeper():  # elsewhere it would be seen that the list changes
        while True:
            kept.append((yield))

    keep, w = keeper(), Value(2.0)
    next(keep)

    def f(x):
        keep.send(w * x)
        return w * x

    autograd.compile(f)(3.0)
    with pytest.raises(CompileError, match="Return it"):
        (kept[0] * 2).backward()
