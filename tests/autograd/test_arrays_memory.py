"""Graphs of arrays are freed with their root, and training does not grow."""

import contextlib
import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest

import autograd
from autograd import GraphError, Tensor, detect_anomaly, grad, hessian, jvp, no_grad
from tests.autograd.array_cases import CASES, OURS
from tests.each import each


@contextlib.contextmanager
def no_garbage_collection():
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def tensors():
    return sum(issubclass(type(x), Tensor) for x in gc.get_objects())


@each("case", CASES[::60], ids=str)
def test_the_graph_of_an_operation_is_freed_with_its_root(case):
    xs = [Tensor(x, requires_grad=True) for x in case.inputs()]
    with no_garbage_collection():
        outs = [out for out in case.run(OURS, xs) if isinstance(out, Tensor)]
        roots = [(out * out).sum() for out in outs]
        for root in roots:
            if root.requires_grad:
                root.backward()
        alive = [weakref.ref(x) for x in (*outs, *roots)]
        del outs, root, roots
        assert [ref() for ref in alive] == [None] * len(alive)


@pytest.mark.parametrize(
    "work",
    [
        lambda x: (x * x).sum().backward(),
        grad(lambda x: (x**3).sum()),
        hessian(lambda x: (x**3).sum()),
        lambda x: jvp(lambda x: x**3, (x,), (x.data,)),
        lambda x: grad(lambda y: (grad(lambda z: (z**3 * x).sum())(y) ** 2).sum())(x),
        lambda x: (x + np.ones(3)).sum(),
    ],
)
def test_nothing_of_a_graph_is_left_without_the_garbage_collector(work):
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    work(x)
    with no_garbage_collection():
        before = tensors()
        work(x)
        assert tensors() == before


def test_nothing_is_left_of_a_graph_that_raised_or_was_checked():
    x = Tensor([0.0, 2.0], requires_grad=True)
    with no_garbage_collection():
        before = tensors()
        loss = (x * x).sum()
        x.data[0] = 1.0
        with contextlib.suppress(GraphError):
            loss.backward()
        del loss
        with detect_anomaly():
            (x * x).sum().backward()
        with no_grad():
            (x * x).sum()
        assert tensors() == before


def test_thousands_of_training_steps_do_not_grow():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 2)), rng.normal(size=(8, 1))
    w1, b1, w2 = (Tensor(rng.normal(size=s), requires_grad=True) for s in [(4, 2), (4,), (1, 4)])

    def train(steps):
        for _ in range(steps):
            loss = ((autograd.tanh(x @ w1.T + b1) @ w2.T - y) ** 2).mean()
            loss.backward()
            for p in (w1, b1, w2):
                p.data -= 0.01 * p.grad
                p.zero_grad()
        return loss.item()

    with no_garbage_collection():  # graphs are freed without it
        first = train(1000)  # Python and NumPy keep some small blocks for reuse, up to a limit
        before = sys.getallocatedblocks()
        last = train(2000)
        assert sys.getallocatedblocks() - before < 500
        tracemalloc.start()
        train(100)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        train(500)
        after, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert after - before < 20_000
    assert peak - before < 40_000  # one graph at a time
    assert last < first


def test_values_that_train_beside_arrays_do_not_grow():
    v, x = autograd.Value(0.5), Tensor(np.ones(4))
    with no_garbage_collection():
        before = len(gc.get_objects())
        for _ in range(200):
            ((v * x - 1.0) ** 2).sum().backward()
            v.data -= 0.01 * v.grad
            v.zero_grad()
        assert len(gc.get_objects()) - before < 10


def test_a_bias_beside_long_arrays_keeps_nothing_of_their_length():
    bias = Tensor([1.0, 2.0], requires_grad=True)
    tracemalloc.start()
    try:
        for n in range(100_000, 100_010):
            (np.ones((n, 2)) + bias).backward(np.ones((n, 2)))
        assert tracemalloc.get_traced_memory()[0] < 1e6
    finally:
        tracemalloc.stop()
    assert bias.grad.tolist() == [1_000_045.0] * 2
