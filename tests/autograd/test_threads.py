"""backward() from several threads at once: no gradient is lost, whatever they share."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import nn
from autograd import Tensor, Value, compile
from tests.each import in_ci

THREADS, PASSES = 4, in_ci(150, 60)


@pytest.fixture(autouse=True)
def _threads_take_turns_often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def at_once(work):
    """Run `work` PASSES times in each of THREADS threads that start together."""
    start = threading.Barrier(THREADS)

    def run(_):
        start.wait()
        for _ in range(PASSES):
            work()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))


def gathered():
    first, second = nn.Parameter([[1.0]]), nn.Parameter(np.full(1000, 3.0))
    second.gather([first, second])
    return second


LEAVES = {
    "Value": lambda: Value(3.0),
    "Tensor": lambda: Tensor(np.full(1000, 3.0), requires_grad=True),
    "float32": lambda: Tensor(np.full(1000, 3.0), requires_grad=True, dtype="float32"),
    "Parameter": lambda: nn.Parameter(np.full(1000, 3.0)),
    "gathered Parameter": gathered,
    "a number of a Parameter": lambda: nn.Parameter([3.0, 5.0]).scalars()[0],
}
every_leaf = pytest.mark.parametrize("make", LEAVES.values(), ids=LEAVES)


def total(x):
    return x.sum() if isinstance(x, Tensor) else x


@every_leaf
def test_each_with_a_graph_of_its_own(make):
    x = make()
    at_once(lambda: total(x * x).backward())
    assert_array_equal(x.grad, np.full(np.shape(x.data), 6.0 * THREADS * PASSES))


@every_leaf
def test_all_with_one_graph(make):
    x = make()
    shared = total(x * x + x)
    at_once(shared.backward)
    assert_array_equal(x.grad, np.full(np.shape(x.data), 7.0 * THREADS * PASSES))
    assert shared.grad == 1.0


@every_leaf
def test_heads_of_a_shared_trunk(make):
    x = make()
    trunk = x * x
    at_once(lambda: total(trunk * 2.0).backward())
    assert_array_equal(x.grad, np.full(np.shape(x.data), 12.0 * THREADS * PASSES))
    assert_array_equal(trunk.grad, np.full(np.shape(x.data), 2.0))


def test_several_numbers_of_one_parameter():
    w = nn.Parameter(np.full(6, 3.0))
    elements = w.scalars()
    at_once(lambda: sum(e * e for e in elements).backward())
    assert_array_equal(w.grad, np.full(6, 6.0 * THREADS * PASSES))


def test_the_gradients_of_a_whole_model():
    model = nn.MLP(2, [3], 1)
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    model(x).sum().backward()
    once = model.flat().grad.copy()
    model.zero_grad()
    at_once(lambda: model(x).sum().backward())
    np.testing.assert_allclose(model.flat().grad, once * THREADS * PASSES, rtol=1e-12)


@every_leaf
def test_results_of_one_compiled_function(make):
    x = make()
    f = compile(lambda s: total(x * x) * s)
    f(2.0)
    at_once(lambda: f(2.0).backward())
    assert_array_equal(x.grad, np.full(np.shape(x.data), 12.0 * THREADS * PASSES))


@every_leaf
def test_one_result_of_a_compiled_function(make):
    x = make()
    result = compile(lambda s: total(x * x) * s)(2.0)
    at_once(result.backward)
    at_once((result * 3.0).backward)
    assert_array_equal(x.grad, np.full(np.shape(x.data), 12.0 * 4.0 * THREADS * PASSES))


class _Slow(Value):
    """A leaf that lets others go ahead while it adds."""

    def _receive(self, grad):
        before = self._grad
        threading.Event().wait(1e-4)
        self._grad = grad + (before or 0.0)


def test_one_pass_at_a_time_adds_to_the_leaves():
    x = _Slow(3.0)
    at_once(lambda: (x * x).backward())  # noqa: PLW0108 (each pass with a graph of its own)
    assert x.grad == 6.0 * THREADS * PASSES
