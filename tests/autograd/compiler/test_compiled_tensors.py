import numpy as np
import pytest

import autograd
from autograd import RULEBOOK, CompileError, GraphError, ShapeError, Tensor, Value
from autograd.op import Elementwise
from tests.autograd.compiler.programs import assert_same_calls
from tests.each import each

RNG = np.random.default_rng(0)


SMOOTH = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]


@each("op", SMOOTH, ids=lambda op: op.name)
def test_every_operation_on_numbers_replays(op):
    intervals = [(max(a, -2.0) + 0.1, min(b, 2.0) - 0.1) for a, b in op.domain]
    if op.name == "arccosh":
        intervals = [(1.2, 3.0)]
    here, there, weights = ([RNG.uniform(*ab, size=(3, 2)) for ab in intervals] for _ in range(3))
    ts = [Tensor(x, requires_grad=True) for x in weights]
    assert_same_calls(lambda *xs: (op(*xs) * op(*ts)).sum(), [here, there], ts)


W, A = Tensor(np.ones(3, np.float32), requires_grad=True), np.ones(3, np.float32)


@each("number", [float, np.float32, np.float64])
@each(
    "f",
    [
        lambda x: W * x,
        lambda x: (x * x + 1) - W,
        lambda x: autograd.exp(x) * W,
        lambda x: (A * x) * W,
        lambda x: np.maximum(A, x) * W[0],
        lambda x: autograd.where(x < W, W, x),
    ],
)
def test_a_float_argument_takes_the_type_of_arrays_beside_it(f, number):
    assert_same_calls(f, [(number(0.1),), (0.3,), (number(0.7),)], [W], None, tolerance=3e-7)


def test_a_tensor_gets_gradients_from_when_it_requires_them():
    t, u = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    g = autograd.compile(lambda x: (t * u * x).sum())
    for required in (False, True, False, True):
        u.requires_grad = required
        t.zero_grad()
        u.zero_grad()
        g(2.0).backward()
        assert t.grad.tolist() == [6.0, 8.0]
        assert (u.grad is None) != required
        assert not required or u.grad.tolist() == [2.0, 4.0]


def test_a_tensor_gets_no_gradients_from_when_it_requires_none():
    t, u = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    g = autograd.compile(lambda x: ((t * x).sum(), (u * x).sum()))
    g(2.0)
    u.requires_grad = False
    loss, frozen = g(2.0)
    assert not frozen.requires_grad
    u.requires_grad = True  # too late for what was computed already
    (loss + frozen).backward()
    assert t.grad.tolist() == [2.0, 2.0]
    assert u.grad is None


def test_a_write_between_call_and_backward_is_refused():
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = autograd.compile(lambda x: (w * w * x).sum())(np.ones(2))
    w.data *= 2
    with pytest.raises(GraphError, match="written to after the call"):
        loss.backward()


@pytest.mark.parametrize("large", [True, False])
def test_a_large_array_from_outside_is_neither_copied_nor_compared(large):
    x, w = np.ones((300, 20 if large else 2)), Tensor(np.full(300, 0.1), requires_grad=True)
    g = autograd.compile(lambda: (w @ x).tanh().sum() * 1)
    for k in range(3):
        w.zero_grad()
        x[7, 1] = 5.0 + k  # between calls it is seen
        loss = g()
        expected = x @ (1 - np.tanh(x.T @ w.data) ** 2)
        if not large:  # between call and pass it changes nothing
            x[7, 1] = 9.0
        loss.backward()
        np.testing.assert_allclose(w.grad, expected, rtol=1e-12)
    assert (len(g._watch.arrays) == 0) is large
    loss = g()
    x[:] = 2.0
    if large:
        with pytest.raises(GraphError, match="a large array from outside that it uses"):
            loss.backward()
    else:
        loss.backward()


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: (w * (x - x.mean())).sum(),
        lambda x, w: (w * x[[1, 0]]).sum(),
        lambda x, w: (w * x).sum() * float(x[0, 0]),
        lambda x, w: (w * x[:, ::-1]).sum(),
    ],
)
def test_a_large_array_that_is_read_in_other_ways_is_compared_at_each_call(f):
    x, w = np.ones((2, 2000)), Tensor([2.0], requires_grad=True)
    g = autograd.compile(lambda: f(x, w) * w.sum())
    for k in range(3):
        x[:, :7] = 5.0 + k
        np.testing.assert_allclose(g().data, (f(x, w) * w.sum()).data, rtol=1e-12)


def test_what_one_recording_reads_in_another_way_is_compared_for_all():
    x, w = np.ones(3000), Tensor([2.0], requires_grad=True)
    g = autograd.compile(lambda mean: (w * (x.mean() if mean else x)).tanh().sum() * w.sum())
    for k in range(3):
        for mean in (True, False):
            x[:50] = 5.0 + k
            np.testing.assert_allclose(g(mean).data, g.function(mean).data, rtol=1e-12)


def kept_numbers(x, number):
    n = number(x)
    before, same = n, number(x)
    history = [n]
    for _ in range(2):
        n -= 0.5
        history.append(n)
    return n * x, before * x, same * x, *(m * x for m in history)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: kept_numbers(x, lambda x: x.sum()),
        lambda x: kept_numbers(x, np.max),
        lambda x: kept_numbers(x, lambda x: (2.0 * x)[0]),
        lambda x: kept_numbers(x, lambda x: (2.0 * x)[np.argmax(2.0 * x)]),
    ],
)
def test_what_is_computed_twice_may_be_changed_once(f):
    t = Tensor([1.0, 2.0], requires_grad=True)

    def loss(x):
        return sum((k + 1) * (t * array).sum() for k, array in enumerate(f(x)))

    assert_same_calls(loss, [*([RNG.normal(size=2)] for _ in range(3))], [t])


def test_an_array_may_change_between_two_uses():
    t, kept = Tensor([1.0, 2.0], requires_grad=True), np.zeros(2)

    def f(x, buffer):
        buffer[:] = 0.0
        y = t * buffer
        buffer[0] = 5.0
        return (y + t * buffer * x).sum()

    compiled = autograd.compile(lambda x: f(x, np.zeros(2)))
    for x in (1.0, 2.0):
        assert compiled(x).item() == f(x, np.zeros(2)).item() == 5.0 * x
    with pytest.raises(CompileError, match="an array from outside that it writes to"):
        autograd.compile(lambda x: f(x, kept))(1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda t, c, v: (t * (c > 0)).sum(),
        lambda t, c, v: autograd.where(c > t, c, t).sum(),
        lambda t, c, v: (t * np.argsort(c)).sum() + t[np.argmax(c)],
        lambda t, c, v: (t * np.isfinite(c)).sum() if c.sum() > 0 else t.sum(),
        lambda t, c, v: (t * c.detach() * t.detach()).sum(),
        lambda t, c, v: (t * autograd.grad(lambda u: (u * u).sum())(c)).sum(),
        lambda t, c, v: v * v.data + 3.0 * v.detach(),
        lambda t, c, v: v * autograd.grad(lambda u: (u * u, v * 2), has_aux=True)(3.0)[1],
    ],
)
def test_what_is_asked_of_leaves_from_outside_is_asked_at_every_call(f):
    t, c, rng = Tensor(np.ones(3), requires_grad=True), Tensor(np.ones(3)), np.random.default_rng(0)
    v = Value(1.0)

    def other_numbers():
        for _ in range(5):
            t.data, c.data, v.data = rng.normal(size=3), rng.normal(size=3), rng.normal()
            yield ()
            t.data[0] = c.data[1] = 7.0
            yield ()

    assert_same_calls(lambda: 1 * f(t, c, v), other_numbers(), [t, v], paths=None)


LAYOUTS = {
    "by rows": np.ascontiguousarray,
    "by columns": np.asfortranarray,
    "transposed": lambda x: x.T.copy().T,
    "every second": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backward": lambda x: x[::-1],
    "one row for all": lambda x: np.broadcast_to(x[0], x.shape),
}


STORED, SINGLE = Tensor(np.arange(6.0), requires_grad=True), [Value(float(w)) for w in range(6)]


@each("layout", LAYOUTS)
@each(
    "f",
    [
        lambda x: (STORED * x.T.reshape(-1)).sum(),
        lambda x: (STORED * x.ravel(order="F")).sum(),
        lambda x: (STORED.reshape(3, 2) * x.T).sum() + (STORED * (x + 1).reshape(-1)).sum(),
        lambda x: (STORED * Tensor(x).T.reshape(-1)).sum(),
        lambda x: sum(w * a for w, a in zip(SINGLE, x.T.reshape(-1), strict=True)),
        lambda x: sum(w * x[i % 2, i // 2] for i, w in enumerate(SINGLE)),
        lambda x: (np.array(SINGLE).reshape(2, 3) * x).sum(),
    ],
)
def test_arguments_may_be_stored_in_any_way(f, layout):
    calls = [(LAYOUTS[k](RNG.normal(size=(2, 3))),) for k in (layout, *LAYOUTS)]
    assert_same_calls(f, calls, [STORED, *SINGLE], paths=None)


EYE = np.eye(3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, s: [x.sum(), x * 2, np.argmax(x), (x > 0).all(), x * s],
        lambda x, s: [np.where(EYE > 0, EYE, s), np.array([[s, 2 * s]]), np.sort([s, 1.0])],
        lambda x, s: [
            np.array([s, x[0], x.sum()]),
            np.array([x.sum(), x.max()]),
            {"y": np.stack([s, 2.0])},
        ],
    ],
)
def test_arrays_and_numbers_are_returned_in_their_types(f):
    assert_same_calls(f, [(s * np.array([1.0, 2.0, -1.0]), s) for s in (3.0, -1.0)], paths=None)


T, V = Tensor([0.5, -1.0, 2.0], requires_grad=True), Value(0.3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 0, T, 0.0),
        lambda x: np.where(x > 0, x, T),
        lambda x: np.where(x > 0, T, V),
        lambda x: np.stack([x, T]),
        lambda x: np.concatenate([x, 2 * x, T]),
        lambda x: np.outer(x, T),
        lambda x: np.dot(x, T),
        lambda x: np.einsum("i,i->i", x, T),
        lambda x: np.clip(x, -1.0, T),
        lambda x: autograd.where(x > 0, x.sum(), 0.0) * T,
        lambda x: autograd.stack([x[0], x[1] * x[2]]) * T[0],
    ],
)
def test_numpys_functions_take_arrays_beside_tensors(f):
    calls = [(np.array([1.0, -2.0, 3.0]),), (np.array([-3.0, 0.5, 1.0]),)]
    assert_same_calls(lambda x: (f(x) ** 2).sum(), [*calls], [T, V])


def test_a_result_that_is_not_a_scalar_takes_a_gradient():
    w = Tensor([1.0, 2.0], requires_grad=True)
    y = autograd.compile(lambda: w * w)()
    with pytest.raises(ShapeError, match="only a scalar"):
        y.backward()
    y.backward(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(w.grad, [2.0, 40.0])


def a_tensor_made_inside(x):
    t = Tensor(x, requires_grad=True)
    return sum(element * element for element in t) + t[1, ...] * t[np.array(0)] + x[0]


LEFT = [Tensor(RNG.normal(size=s), requires_grad=True) for s in ((3, 1), (2, 3, 1), (2, 1, 1))]
RIGHT = [Tensor(RNG.normal(size=s), requires_grad=True) for s in ((1, 4), (1, 4), (2, 1, 4))]
U = Tensor([2.0, 3.0], requires_grad=True)


@pytest.mark.parametrize(
    ("f", "nodes"),
    [
        (a_tensor_made_inside, []),
        (lambda x: np.concatenate((x[0], 2 * x[1]), 0), []),
        (lambda x: (U * x.real @ x.mT + x.imag[0, 0]).sum() * x.itemsize + x.nbytes, [U]),
        *((lambda x, a=a, b=b: a @ b * x[0, 0], [a, b]) for a, b in zip(LEFT, RIGHT)),
    ],
    ids=[
        "elements of a Tensor made inside", "an axis given by place", "attributes of arrays",
        *(f"a column and a row, {a.ndim} and {b.ndim} axes" for a, b in zip(LEFT, RIGHT)),
    ],
)  # fmt: skip
def test_a_program_of_arrays_is_as_uncompiled(f, nodes):
    assert_same_calls(f, [(x,) for x in RNG.normal(size=(3, 2, 2))], nodes)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, mask: np.sum(x, where=mask),
        lambda x, mask: np.sum(x, 0, np.float64, None, True, where=x > 0, initial=2.0),
        lambda x, mask: np.sum(a=x) + x.sum(1, np.float32).sum(),
        lambda x, mask: np.max(x, initial=0) + x.min(axis=0, initial=0.0, where=mask),
        lambda x, mask: np.mean(x, 1, where=mask) + np.amax(x, 1, None, False),
    ],
)
def test_reductions_of_data_take_all_that_numpys_take(f):
    w = Tensor([2.0], requires_grad=True)
    calls = [(RNG.normal(size=(3, 4)), np.eye(3, 4) > 0), (RNG.normal(size=(3, 4)), np.ones(4) > 0)]
    assert_same_calls(lambda x, mask: (w * f(x, mask)).sum(), [*calls], [w], paths=2)


def test_arrays_without_numbers_are_left_to_numpy_natively():
    pytest.importorskip("llvmlite")
    p = Tensor(np.zeros((0, 3)), requires_grad=True)
    g = autograd.compile(
        lambda x: [(p * x).tanh().sum(axis=1), autograd.exp(p * x) - p], backend="native"
    )
    for _ in range(2):
        total, rows = g(np.zeros((0, 3)))
        assert (total.shape, rows.shape) == ((0,), (0, 3))
