"""The backward pass: which gradients arrive, where, and when nothing must change."""

import gc
import re
import sys

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import GraphError, ShapeError, Tensor, Value, no_grad
from autograd.node import backward_steps, topological
from autograd.op import RULEBOOK
from tests.autograd.reference import SHAPES, complex_step


def tensor(x, **options):
    return Tensor(x, requires_grad=True, **options)


both_kinds = pytest.mark.parametrize("kind", [Value, tensor], ids=["Value", "Tensor"])


def grads(*nodes):
    return [None if node.grad is None else float(node.grad) for node in nodes]


# --- sums over paths ------------------------------------------------------------------------------


@both_kinds
def test_backward_twice_adds_to_leaves_only(kind):
    x = kind(2.0)
    square = x * x
    cube = square * x
    cube.backward()
    assert grads(x, square, cube) == [12.0, 2.0, 1.0]
    cube.backward()
    assert grads(x, square, cube) == [24.0, 2.0, 1.0]


@both_kinds
def test_two_losses_that_share_a_part_add_their_gradients(kind):
    x = kind(3.0)
    shared = x * x
    first, second = 2 * shared, shared * shared
    first.backward()
    second.backward()
    assert grads(x) == [2 * 6.0 + 4 * 27.0]
    assert grads(shared) == [2 * 9.0]  # of the last pass alone


@both_kinds
def test_a_node_used_twice_has_two_edges(kind):
    x = kind(3.0)
    assert (x * x).parents == (x, x)
    assert (x + x).parents == (x, x)
    (x * x).backward()
    (x + x).backward()
    assert grads(x) == [6.0 + 2.0]


@both_kinds
def test_diamonds_count_every_path(kind):
    x = y = kind(1.0)
    for _ in range(50):
        y = y + y
    y.backward()
    assert grads(x) == [2.0**50]


@both_kinds
def test_a_nodes_turn_comes_after_all_that_was_made_from_it(kind):
    # the short path reaches `a` before the long one has brought its share
    x = kind(2.0)
    a = x * 1
    b = a * 3
    c = b * a
    root = c + a + b
    root.backward()
    assert grads(x, a, b) == [3 * 2 * 2.0 + 1 + 3, 3 * 2 * 2.0 + 1 + 3, 2.0 + 1]


@both_kinds
def test_only_what_the_root_was_made_from_gets_a_gradient(kind):
    x, y = kind(2.0), kind(3.0)
    unused = x * y
    (x * 2).backward()
    assert grads(x) == [2.0]
    assert grads(y, unused) in ([0.0, 0.0], [None, None])


@both_kinds
def test_the_root_may_be_a_leaf(kind):
    x = kind(3.0)
    x.backward()
    x.backward()
    assert grads(x) == [2.0]


@both_kinds
def test_topological_lists_each_node_once_after_its_parents(kind):
    x, y = kind(2.0), kind(3.0)
    product = x * y
    root = product * product + x
    order = topological(root)
    assert len(order) == len(set(order)) == 5
    assert order[-1] is root
    for node in order:
        assert all(order.index(parent) < order.index(node) for parent in node.parents)


STEPS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: np.sin(a) * b,
    lambda a, b: a / (2 + np.cos(b)),
    lambda a, b: np.tanh(a),
    lambda a, b: -a,
    lambda a, b: 0.5 * a * a,
    lambda a, b: 1 - a,
]
number = st.floats(-2, 2, allow_subnormal=False)
program = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 99), st.integers(0, 99)),
    min_size=1,
    max_size=12,
)


def run(program, *leaves):
    nodes = list(leaves)
    for step, i, j in program:
        nodes.append(step(nodes[i % len(nodes)], nodes[j % len(nodes)]))
    return nodes[-1]


@settings(derandomize=True)
@given(program, st.lists(number, min_size=1, max_size=4))
def test_gradients_of_random_graphs_of_values_match_the_complex_step(program, xs):
    leaves = [Value(x) for x in xs]
    root = run(program, *leaves)
    root.backward()
    assert_allclose(root.data, run(program, *xs), rtol=1e-13)
    for i, leaf in enumerate(leaves):
        expected = complex_step(lambda *moved: run(program, *moved), xs, i)
        assert_allclose(leaf.grad, expected, rtol=1e-10, atol=1e-10)


@settings(derandomize=True)
@given(program, st.lists(st.sampled_from(SHAPES[:-1]), min_size=1, max_size=3), st.integers(0, 999))
def test_gradients_of_random_graphs_of_tensors_match_the_complex_step(program, shapes, seed):
    rng = np.random.default_rng(seed)
    xs = [rng.uniform(-2, 2, shape) for shape in shapes]
    leaves = [tensor(x) for x in xs]
    run(program, *leaves).sum().backward()
    for i, leaf in enumerate(leaves):
        expected = complex_step(lambda *moved: np.sum(run(program, *moved)), xs, i)
        grad = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad
        assert grad.shape == leaf.shape
        assert_allclose(grad, expected, rtol=1e-10, atol=1e-10)


@pytest.fixture
def pythons_own_recursion_limit():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.slow
def test_a_chain_of_200_000_operations_runs_backward_and_is_freed_without_recursion(
    pythons_own_recursion_limit,
):
    x = y = Value(1.0)
    for _ in range(200_000):
        y = y + x
    y.backward()
    assert (y.data, x.grad) == (200_001.0, 200_001.0)
    del y
    assert sum(type(node) is Value for node in gc.get_objects()) < 1000


def test_a_long_chain_of_tensors_runs_backward_and_is_freed_without_recursion(
    pythons_own_recursion_limit,
):
    x = y = tensor(np.ones(2))
    for _ in range(20_000):
        y = y + x
    y.sum().backward()
    assert x.grad.tolist() == [20_001.0, 20_001.0]
    del y


# --- what was recorded stays ----------------------------------------------------------------------


@both_kinds
def test_a_leafs_new_data_does_not_change_the_gradient_of_what_was_recorded(kind):
    x = kind(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert grads(x) == [6.0]
    assert float((x * x).data) == 10_000.0


def write_item(t):
    t.data[0] = 9.0


def write_in_place(t):
    t.data -= 1.0


def write_through_detached(t):
    t.detach().data[0] = 9.0


@pytest.mark.parametrize(
    "write",
    [
        write_item,
        write_in_place,
        write_through_detached,
        lambda t: t.data[1:].fill(9.0),
        lambda t: t.data.T.__setitem__(0, 9.0),
        lambda t: t.data.reshape(2, 1).__setitem__((0, 0), 9.0),
        lambda t: t.detach().numpy().__setitem__(0, 9.0),
        lambda t: np.add(t.data, 1.0, out=t.data),
        lambda t: np.add.at(t.data, 0, 1.0),
        lambda t: np.copyto(t.data, 9.0),
        lambda t: np.asarray(t.data).sort(),
        lambda t: memoryview(t.data).__setitem__(0, 9.0),
    ],
)
def test_writing_into_an_array_that_a_graph_needs_is_no_silent_mistake(write):
    x = tensor([3.0, 1.0])
    y = (x * x).sum()
    refusal = r"written to after the operation was recorded|read-only|read only"
    with pytest.raises((GraphError, ValueError, TypeError), match=refusal):  # noqa: PT012
        write(x)
        y.backward()
    assert x.grad is None


@pytest.mark.parametrize("write", [write_item, write_in_place])
def test_the_result_of_an_operation_cannot_be_written_to(write):
    y = np.exp(tensor([3.0, 1.0]))
    with pytest.raises((GraphError, ValueError), match=r"result of .* graph still needs"):
        write(y)


def test_a_leaf_may_be_written_to_between_recordings():
    x = tensor([3.0])
    write_in_place(x)
    (x * x).sum().backward()
    assert x.grad.tolist() == [4.0]


@both_kinds
def test_an_optimizers_step_between_two_recordings(kind):
    x = kind(4.0)
    for expected in (8.0, 6.4, 5.12):
        x.zero_grad()
        (x * x).backward()
        assert_allclose(float(x.grad), expected, rtol=1e-15)
        x.data -= 0.1 * x.grad


# --- a pass that ends early changes nothing -------------------------------------------------------


def recorded_pass(kind):
    """A root, and its nodes with the gradients of an earlier pass, which must stay."""
    x, w = kind(2.0), kind(5.0)
    product = x * w
    root = np.tanh(product) * x + w
    root.backward()
    nodes = [x, w, product, root]
    return root, nodes, grads(*nodes)


@both_kinds
@pytest.mark.parametrize("steps", [0, 1, 3, 5])
def test_a_pass_given_up_half_way_changes_no_gradient(kind, steps):
    root, nodes, before = recorded_pass(kind)
    walk = backward_steps(root, 1.0 if kind is Value else np.ones(()))
    for _ in range(steps):
        next(walk)
    walk.close()
    assert grads(*nodes) == before


@both_kinds
def test_an_error_in_a_rule_changes_no_gradient(kind):
    with np.errstate(all="raise"):
        x, w = kind(0.0), kind(5.0)
        root = np.sqrt(x) * w + w
        w.grad = 7.0
        with pytest.raises(FloatingPointError, match="divide by zero"):
            root.backward()
    assert grads(w, root) in ([7.0, 0.0], [7.0, None])
    assert grads(x) in ([0.0], [None])


@both_kinds
def test_the_steps_yield_every_product_of_the_chain_rule(kind):
    x = kind(3.0)
    square = x * x
    root = square * 2
    seed = 1.0 if kind is Value else np.ones(())
    steps = [
        (node, i, parent, float(out_grad), float(contribution))
        for node, i, parent, out_grad, contribution in backward_steps(root, seed)
    ]
    assert steps == [
        (root, 0, square, 1.0, 2.0),
        (square, 0, x, 2.0, 6.0),
        (square, 1, x, 2.0, 6.0),
    ]
    assert grads(x) == [12.0]


@both_kinds
def test_no_step_goes_to_a_constant_and_an_operand_keeps_its_place(kind):
    x = kind(3.0)
    seed = 1.0 if kind is Value else np.ones(())
    for root, place in [(2 - x, 1), (x - 2, 0), (x.detach() * x, 1), (x * x.detach(), 0)]:
        steps = list(backward_steps(root, seed))
        assert [(step[1], step[2]) for step in steps] == [(place, x)]


# --- elements of arrays ---------------------------------------------------------------------------


def made_of_elements(x, n):
    """A loop over elements and slices, and the array as a whole before, between and after."""
    total = (x * x).sum() * 0.5
    for i in range(n):
        total = total + x[i] * x[i] * x[-1 - i]
    return total + (x[1:] * x[:-1]).sum() + x[[0, 0, 1]].prod() + x.sum()


@pytest.mark.parametrize("n", [10, 100])
def test_of_elements_of_an_array_one_gradient_of_its_size_is_made(monkeypatch, n):
    made, ops = [], [RULEBOOK["scatter"], RULEBOOK["scatter_add"]]
    for op in ops:

        def counting(*given, forward=op.forward, **params):
            made.append(params["shape"])
            return forward(*given, **params)

        monkeypatch.setattr(op, "forward", counting)
    x = tensor(np.linspace(0.5, 1.5, n))
    made_of_elements(x, n).backward()
    assert made == [(n,)]
    expected = complex_step(lambda x: made_of_elements(x, n), [x.data], 0)
    assert_allclose(x.grad, expected, rtol=1e-12)


def test_gradients_of_elements_can_be_differentiated_again():
    numbers = np.linspace(0.5, 1.5, 5)

    def slope(x):
        return (autograd.grad(lambda x: made_of_elements(x, 5))(x) ** 2).sum()

    x = tensor(numbers)
    slope(x).backward()
    h = 1e-5
    around = [[slope(Tensor(numbers + s * h * e)).item() for s in (1, -1)] for e in np.eye(5)]
    assert_allclose(x.grad, [(a - b) / (2 * h) for a, b in around], rtol=1e-7)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_of_elements_keep_the_type_and_the_sign_of_zero(dtype):
    x = tensor(np.ones(3, dtype))
    (x[0] * -0.0).backward()
    assert x.grad.dtype == dtype
    assert np.signbit(x.grad).tolist() == [True, False, False]
    y = tensor(np.ones((2, 2), dtype))
    (y[0] @ y[1] + y[:, 0].sum() + y.sum() + y[0, 0]).backward()
    assert y.grad.dtype == dtype
    assert y.grad.tolist() == [[4.0, 2.0], [3.0, 2.0]]


def test_elements_of_a_result_that_is_used_as_a_whole_too():
    x = tensor([1.0, 2.0, 3.0])
    y = x * x
    (y[0] * y[2] + y.sum() + np.tanh(y)[1] + y[1:].prod()).backward()
    slopes = [9 + 1, 1 + (1 - np.tanh(4.0) ** 2) + 9, 1 + 1 + 4]
    assert_allclose(x.grad, [2 * 1 * slopes[0], 2 * 2 * slopes[1], 2 * 3 * slopes[2]], rtol=1e-14)
    assert_allclose(y.grad, slopes, rtol=1e-14)


def test_whoever_watches_the_pass_sees_arrays():
    x = tensor([1.0, 2.0, 3.0])
    steps = list(backward_steps(x[0] * x[2], np.ones(())))
    assert [np.shape(step[4]) for step in steps] == [(), (), (3,), (3,)]
    assert sum(step[4] for step in steps[2:]).tolist() == x.grad.tolist() == [3.0, 0.0, 1.0]


# --- constants, zero_grad, detach -----------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        Value(3.0).detach,
        lambda: Value(3.0).detach() * 2,
        no_grad()(lambda: Value(3.0) * 2),
        tensor(3.0).detach,
        lambda: Tensor(3.0) * Tensor(2.0),
        no_grad()(lambda: tensor(3.0) * 2),
    ],
)
def test_a_constant_root_is_refused(make):
    with pytest.raises(GraphError, match=r"backward: the root is a constant .* nothing to diff"):
        make().backward()


@both_kinds
def test_no_gradient_flows_through_a_detached_node(kind):
    x = kind(3.0)
    constant = (x * x).detach()
    (constant * x).backward()
    assert grads(x) == [9.0]


def test_zero_grad_forgets_the_gradient():
    v, t = Value(3.0), tensor([3.0])
    (v * v).backward()
    (t * t).sum().backward()
    v.zero_grad()
    t.zero_grad()
    assert (v.grad, t.grad) == (0.0, None)
    (v * v).backward()
    (t * t).sum().backward()
    assert (v.grad, t.grad.tolist()) == (6.0, [6.0])


@both_kinds
def test_a_gradient_may_be_assigned_and_is_added_to(kind):
    x = kind(3.0)
    x.grad = 1.0
    (x * x).backward()
    assert grads(x) == [7.0]


def test_gradients_are_plain_numbers_and_arrays():
    v, t = Value(3.0), tensor([3.0])
    (np.tanh(abs(v)) / 2).backward()
    np.tanh(t).sum().backward()
    assert type(v.grad) is float
    assert type(t.grad) is np.ndarray


def test_tensors_that_do_not_require_a_gradient_get_none():
    x, constant = tensor([3.0]), Tensor([2.0])
    (x * constant).sum().backward()
    assert constant.grad is None


# --- from an array --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (2, 3), (0,)])
def test_an_array_as_root_needs_a_gradient(shape):
    shown = re.escape(str(shape))
    message = rf"root has shape {shown}, .* \(loss\.mean\(\)\) or pass gradient= with shape {shown}"
    with pytest.raises(ShapeError, match=message):
        (tensor(np.ones(shape)) * 2).backward()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_gradient_weighs_the_elements_of_the_root(shape):
    x = tensor(np.full(shape, 3.0))
    weights = np.random.default_rng(0).normal(size=shape)
    (x * x).backward(weights)
    assert_array_equal(x.grad, 6.0 * weights, strict=True)


def test_a_gradient_of_another_shape_is_refused():
    x = tensor([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match=r"gradient needs shape \(3,\), but got \(\)"):
        (x * x).backward(1.0)
    with pytest.raises(ShapeError, match=r"gradient needs shape \(3,\), but got \(1, 3\)"):
        (x * x).backward(np.ones((1, 3)))
    assert x.grad is None


# --- aliases --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "join",
    [
        lambda a, b: a + b,
        lambda a, b: a.reshape(2) + b,
        lambda a, b: autograd.maximum(a, 0) + b.broadcast_to((2,)),
        lambda a, b: (a + b).reshape((1, 2)).reshape(2),
    ],
)
def test_editing_one_gradient_leaves_the_others(join):
    a, b = tensor([1.0, 2.0]), tensor([3.0, 4.0])
    seed = np.ones(2)
    join(a, b).backward(seed)
    assert not np.shares_memory(a.grad, b.grad)
    a.grad[:] = 7.0
    assert b.grad.tolist() == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]
    join(a, b).backward(seed)
    assert b.grad.tolist() == [2.0, 2.0]


def test_editing_the_gradient_of_a_node_between_leaves_the_others():
    a, b = tensor([1.0, 2.0]), tensor([3.0, 4.0])
    left, right = a * 1, b * 1
    root = left + right
    seed = np.ones(2)
    root.backward(seed)
    for node in (left, root):
        try:
            node.grad[:] = 7.0
        except ValueError as refusal:
            assert "read-only" in str(refusal)  # noqa: PT017
    assert right.grad.tolist() == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]


def test_a_gradient_of_an_array_seen_through_a_view_can_be_edited():
    x = tensor(np.ones((2, 3)))
    x.sum().backward()
    x.grad[0, 0] = 5.0
    assert x.grad.tolist() == [[5.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
