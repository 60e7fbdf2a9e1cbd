"""copy.deepcopy, copy.copy and pickle of results: right at any depth, shared where shared."""

import copy
import io
import itertools
import math
import pickle
import sys
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
from autograd import GraphError, Tensor, Value, compile
from autograd.node import topological
from autograd.versions import latest
from tests.each import each

DEEP = sys.getrecursionlimit() + 200

COPIES = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {n}": lambda x, n=n: pickle.loads(pickle.dumps(x, n))
        for n in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "pickle in Python": lambda x: pickle._loads(pickle._dumps(x)),
}
every_copy = each("copied", COPIES.values(), ids=COPIES)
SOME = {name: COPIES[name] for name in ("deepcopy", "pickle 0", "pickle 5")}
some_copies = pytest.mark.parametrize("copied", SOME.values(), ids=SOME)

LEAVES = {
    "Value": lambda: Value(2.0, label="x"),
    "Tensor": lambda: Tensor([2.0, 3.0], requires_grad=True, label="x"),
    "float32": lambda: Tensor([2.0], requires_grad=True, dtype="float32"),
    "Parameter": lambda: nn.Parameter([2.0, 3.0], label="x"),
}
every_leaf = each("leaf", LEAVES.values(), ids=LEAVES)


def total(node):
    return node.sum() if isinstance(node, Tensor) else node


def chain(x, length=DEEP):
    """x times 1.001 to the power `length`."""
    for _ in range(length):
        x = x * 1.001
    return total(x)


@each(
    ("copied", "leaf"),
    [
        *((copied, LEAVES["Value"]) for copied in COPIES.values()),
        *((copied, leaf) for copied in SOME.values() for leaf in [*LEAVES.values()][1:]),
    ],
)
def test_a_result_with_a_long_history_is_copied_with_its_graph(copied, leaf):
    x = leaf()
    twin_x, twin = copied([x, chain(x)])
    twin.backward()
    assert len(_history(twin)) >= DEEP
    rtol = 1e-3 if getattr(x, "dtype", None) == np.float32 else 1e-11
    assert_allclose(twin_x.grad, np.full(np.shape(x.data), 1.001**DEEP), rtol=rtol)
    assert not np.any(x.grad)  # None, or 0.0
    assert (type(twin_x), twin_x.label) == (type(x), x.label)


def _history(node):
    return [n for n in topological(node) if n.op is not None]


@some_copies
@every_leaf
def test_a_copy_has_the_same_graph_numbers_and_gradients(copied, leaf):
    x = leaf()
    y = autograd.sin(x) * x + autograd.exp(-x) / 3.0
    z = total(y * y + x)
    z.label = "z"
    z.backward()
    twin = copied(z)
    ours, theirs = (_history(node) for node in (z, twin))
    assert [n.op for n in ours] == [n.op for n in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert a is not b
        assert_array_equal(a.data, b.data)
        assert_array_equal(a.grad, b.grad)
        assert (a.label, type(a)) == (b.label, type(b))
        assert [n.requires_grad for n in a.parents] == [n.requires_grad for n in b.parents]
    twin.backward()
    assert_array_equal(z.grad, twin.grad)


@every_copy
def test_what_is_shared_is_shared_by_the_copies(copied):
    x = Value(3.0)
    y = x * x
    box = np.array([y, x], dtype=object)
    z = y + x
    twin = copied({"z": z, "y": y, "x": [x], "box": box, "again": z})
    assert twin["again"] is twin["z"]
    assert twin["z"].parents[0] is twin["y"] is twin["box"][0]
    assert twin["y"].parents[0] is twin["y"].parents[1] is twin["x"][0] is twin["box"][1]


@some_copies
def test_every_result_on_the_way_may_be_copied_at_once(copied):
    ways = [Value(1.0)]
    for _ in range(100):
        ways.append(ways[-1] * 2.0)
    for twin in (copied(ways), copied(ways[::-1])[::-1]):
        assert all(b.parents[0] is a for a, b in itertools.pairwise(twin))
        twin[-1].backward()
        assert twin[0].grad == 2.0**100


@pytest.mark.slow
@some_copies
def test_a_model_that_holds_results_is_copied_with_them(copied):
    model = nn.Linear(2, 1)
    model.last = chain(model(Tensor([[1.0, 2.0]])))
    twin = copied(model)
    twin.last.backward()
    assert twin.weight.grad is not None
    assert model.weight.grad is None
    assert_allclose(twin.weight.grad, 1.001**DEEP * np.array([[1.0, 2.0]]), rtol=1e-9)


@some_copies
def test_the_close_up_of_a_parameter_is_copied_with_its_results(copied):
    w = nn.Parameter([2.0, 3.0])
    a, b = w.scalars()
    twin_w, twin = copied([w, chain(a * b)])
    twin.backward()
    assert_allclose(twin_w.grad, 1.001**DEEP * np.array([3.0, 2.0]), rtol=1e-9)
    assert w.grad is None


def test_a_shallow_copy_shares_its_operands():
    for x in (Value(2.0), Tensor([2.0], requires_grad=True)):
        y = x * x
        twin = copy.copy(y)
        assert twin is not y
        assert twin.parents[0] is x
        total(twin).backward()
        assert x.grad == 4.0


def test_attributes_of_a_users_own_class_are_copied():
    twin = copy.deepcopy(total(_Named(2.0, "speed") * 3.0))
    assert (twin.parents[0].name, type(twin.parents[0])) == ("speed", _Named)


class _Named(Value):
    def __init__(self, data, name):
        super().__init__(data)
        self.name = name


# --- what was written to since --------------------------------------------------------------------


@some_copies
def test_results_of_operations_cannot_be_written_to_in_copies_either(copied):
    y = Tensor([1.0, 2.0], requires_grad=True) * 2.0
    with pytest.raises(ValueError, match="the result of an operation"):
        copied(y).data[0] = 5.0


@some_copies
@pytest.mark.parametrize("make", [nn.Parameter, lambda x: Tensor(x, requires_grad=True)])
def test_a_derivative_that_is_lost_is_lost_in_copies_too(copied, make):
    w = make([1.0, 2.0])
    loss = (w * w).sum()
    w.data -= 1.0
    twin_w, twin = copied([w, loss])
    assert_array_equal(twin_w.data, [0.0, 1.0])
    for result in (loss, twin):
        with pytest.raises(GraphError, match="written to after"):
            result.backward()


@some_copies
@pytest.mark.parametrize("make", [nn.Parameter, lambda x: Tensor(x, requires_grad=True)])
def test_a_write_into_a_copy_is_noticed_in_another_process_too(copied, make, monkeypatch):
    other = Tensor([0.0])
    for _ in range(3):
        other.data += 1.0  # so that there have been more writes here than there
    w = make([1.0, 2.0])
    loss = (w * w).sum()
    if copied is not copy.deepcopy:
        saved = pickle.dumps([w, loss])
        monkeypatch.setattr(latest, "number", 0)  # as in a new process
        twin_w, twin = pickle.loads(saved)
    else:
        twin_w, twin = copied([w, loss])
    twin_w.data -= 1.0
    with pytest.raises(GraphError, match="written to after"):
        twin.backward()


# --- what cannot be copied ------------------------------------------------------------------------


@some_copies
def test_the_graph_of_a_compiled_result_of_arrays_is_refused(copied):
    w = Tensor(2.0, requires_grad=True)
    result = compile(lambda x: w * x * x)(3.0)
    for node in (result, result * 2.0):
        with pytest.raises(GraphError, match=r"compiled function.*\.detach\(\)"):
            copied(node)
    assert copied(result.detach()).data == 18.0


def test_threads_may_copy_one_graph_at_once():
    x = Value(1.0)
    results = [chain(x, 200) for _ in range(2)]
    found = []

    def work():
        for _ in range(10):
            saved = io.BytesIO()
            pickle.dump([results, x], saved)
            (a, b), twin = pickle.loads(saved.getvalue())
            a.backward()
            b.backward()
            found.append(twin.grad)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert all(math.isclose(grad, 2 * 1.001**200, rel_tol=1e-12) for grad in found)


def doubled(x):
    return W * x + W


W = Value(2.0)
redoubled = autograd.compile(doubled)


@autograd.compile
def tripled(x):
    return 3 * W * x


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_function_that_was_called_is_copied_and_pickled_as_a_function_is(copied):
    for f in (redoubled, tripled):
        before = f(1.5).data
        other = copied(f)
        assert other(1.5).data == before
        assert other is f if f is tripled else other.recorded()
    model = nn.MLP(2, [3], 1)
    g = autograd.compile(model)
    g(np.ones((2, 2)))
    twin = copied(g)
    twin.function.parameters()[0].data[...] = 0.0
    assert model.parameters()[0].data.any()
    assert np.array_equal(twin(np.ones((2, 2))).data, twin.function(np.ones((2, 2))).data)


@pytest.mark.parametrize("copied", [copy.copy, *SOME.values()], ids=["copy", *SOME])
@pytest.mark.parametrize("x", [2.0, np.array([2.0])], ids=["float", "array"])
@pytest.mark.parametrize(
    "transform",
    [
        autograd.grad,
        autograd.jacobian,
        autograd.hessian,
        lambda f: lambda x: autograd.jvp(f, (x,), (x,)),
        lambda f: autograd.grad(lambda x: autograd.grad(f)(x).sum()),
    ],
)
def test_what_is_being_differentiated_is_not_copied(transform, x, copied):
    match = r"copy: the copy of a \w+ inside a function .* would have the gradient 0"
    for made in (lambda x: x, lambda x: 3 * x):
        with pytest.raises(GraphError, match=match):
            transform(lambda x, made=made: np.sum(copied(made(x))) * np.sum(x))(x)


def test_what_holds_a_thing_that_is_being_differentiated_is_copied_alone():
    def f(p, copied):
        return np.sum(copied(p)["x"] ** 2)

    assert autograd.grad(f)({"x": 3.0}, copy.copy) == {"x": 6.0}
    with pytest.raises(GraphError, match=r"copy what holds it by dict\(p\)"):
        autograd.grad(f)({"x": 3.0}, copy.deepcopy)


@some_copies
def test_constants_are_copied_inside_a_transform_and_all_else_outside(copied):
    w = Tensor([3.0], requires_grad=True)
    assert autograd.grad(lambda x: (copied(w) * copied(x.detach()) * x).sum())(np.ones(1)) == [3.0]
    assert copied(w * 2).data == [6.0]
