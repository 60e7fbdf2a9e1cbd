"""What an operation leaves alone, and what is left when a graph is no longer needed."""

import gc
import weakref

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from autograd import Tensor, Value
from tests.autograd.cases import every_example, operands_of, run
from tests.autograd.reference import ELEMENTWISE, inside_domain
from tests.each import each

every_elementwise = each("op", ELEMENTWISE, ids=lambda op: op.name)


@pytest.fixture
def without_garbage_collection():
    """So that only what nothing refers to any more is freed."""
    gc.disable()
    yield
    gc.enable()


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def assert_left_alone(f, xs):
    nodes = [Tensor(x, requires_grad=True) for x in xs]
    out = f(nodes)
    result = out.data.copy()
    seed = read_only(np.ones(out.shape))
    out.backward(seed)
    out.backward(seed)
    for node, x in zip(nodes, xs, strict=True):
        assert_array_equal(node.data, x)
    assert_array_equal(out.data, result)


@every_elementwise
def test_forward_and_backward_write_into_none_of_their_inputs(op):
    assert_left_alone(lambda nodes: op(*nodes), inside_domain(op, (2, 3)))


@every_example
def test_a_structural_operation_writes_into_none_of_its_inputs(op, example):
    assert_left_alone(lambda nodes: run(op, nodes, example.params), operands_of(example))


@every_elementwise
def test_a_tensors_graph_is_freed_with_its_root(op, without_garbage_collection):
    xs = [Tensor(x, requires_grad=True) for x in inside_domain(op, (3,))]
    middle = op(*xs)
    root = (middle * middle).sum()
    root.backward()
    middle, root = weakref.ref(middle), weakref.ref(root)
    assert middle() is root() is None


def count_values():
    # By its type: asked for their class, objects of other packages may warn.
    return sum(issubclass(type(x), Value) for x in gc.get_objects())


def test_a_graph_of_values_is_freed_with_its_root(without_garbage_collection):
    leaves = [[Value(x.item()) for x in inside_domain(op, ())] for op in ELEMENTWISE]
    before = count_values()
    roots = [2 * op(*xs) + 1 for op, xs in zip(ELEMENTWISE, leaves, strict=True)]
    assert count_values() >= before + 3 * len(roots)
    for root in roots:
        root.backward()
    del root, roots
    assert count_values() == before


def test_an_array_that_was_used_is_freed_with_the_graph(without_garbage_collection):
    x = Tensor(np.ones(1000), requires_grad=True)
    y = np.exp(x)
    array = weakref.ref(y.data)
    loss = y.sum()
    loss.backward()
    del y, loss
    assert array() is None
