import numpy as np
import pytest

import autograd
import nn
from autograd import RULEBOOK, CompileError, GraphError, ShapeError, Tensor, Value, no_grad
from autograd.op import Elementwise
from autograd.trees import flatten
from optim import SGD
from tests.autograd.compiler.programs import assert_same_numbers


def gradients(parameters, loss):
    for p in parameters:
        p.zero_grad()
    loss.backward()
    return [None if p.grad is None else np.array(p.grad) for p in parameters]


def assert_compiled_agrees(f, parameters, *calls, tolerance=1e-12):
    g = autograd.compile(f)
    for args in calls:
        theirs, ours = f(*args), g(*args)
        assert type(ours.data) is type(theirs.data)
        np.testing.assert_allclose(ours.data, theirs.data, rtol=tolerance, atol=tolerance)
        for a, b in zip(gradients(parameters, ours), gradients(parameters, theirs)):
            assert (a is None) == (b is None)
            if b is not None:
                assert a.shape == b.shape
                assert a.dtype == b.dtype
                assert_same_numbers(a, b, tolerance)
    return g


RNG = np.random.default_rng(0)


def classifier():
    nn.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))


def batch(n=7):
    return RNG.normal(size=(n, 5)), RNG.integers(0, 3, size=n)


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.MSELoss()], ids=["classes", "numbers"])
def test_a_model_gives_the_same_loss_and_gradients(loss):
    model = classifier()

    def f(x, y):
        target = y if isinstance(loss, nn.CrossEntropyLoss) else x[:, :3]
        return loss(model(x), target)

    g = assert_compiled_agrees(f, model.parameters(), batch(), batch(), batch(4))
    assert "matmul" in g.program()


def test_training_gives_the_same_loss_curve():
    def curve(compiled):
        model, loss, rng = classifier(), nn.CrossEntropyLoss(), np.random.default_rng(1)

        def step(x, y):
            return loss(model(x), y)

        step = autograd.compile(step) if compiled else step
        optimizer, losses = SGD(model.parameters(), lr=0.5), []
        for _ in range(100):
            total = step(rng.normal(size=(6, 5)), rng.integers(0, 3, size=6))
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            losses.append(total.item())
        return losses

    np.testing.assert_allclose(curve(True), curve(False), rtol=1e-10)


SMOOTH = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]


@pytest.mark.parametrize("op", SMOOTH, ids=lambda op: op.name)
def test_every_operation_on_numbers_replays(op):
    intervals = [(max(a, -2.0) + 0.1, min(b, 2.0) - 0.1) for a, b in op.domain]
    if op.name == "arccosh":
        intervals = [(1.2, 3.0)]
    here, there, weights = ([RNG.uniform(*ab, size=(3, 2)) for ab in intervals] for _ in range(3))
    ts = [Tensor(x, requires_grad=True) for x in weights]
    assert_compiled_agrees(lambda *xs: (op(*xs) * op(*ts)).sum(), ts, here, there)


ARRAYS = {
    "reductions": lambda w, x: (
        (w * x).sum(axis=0).max() + w.mean() + w.prod(axis=1).sum() + w.min()
    ),
    "shapes": lambda w, x: (
        (w.reshape(2, 6).T @ w.reshape(2, 6)).sum() + w.transpose()[1:3, ::2].sum()
    ),
    "broadcasting": lambda w, x: ((w + x[0]) * w[:, :1] - w[1]).sum(),
    "indices": lambda w, x: (
        (w[[0, 0, 2]] * x[1]).sum() + w[np.array([1, 1]), np.array([2, 0])].sum()
    ),
    "joining": lambda w, x: (autograd.concatenate([w, x * w], axis=0) ** 2).sum(),
    "stacking": lambda w, x: (autograd.stack([w, w * x]) * 3).sum(),
    "where": lambda w, x: autograd.where(x > 0, w, w * w).sum(),
    "where on the tensor": lambda w, x: autograd.where(w > 0, w, x).sum(),
    "sorting": lambda w, x: (autograd.sort(w * x, axis=1) * np.arange(4.0)).sum(),
    "clipping": lambda w, x: autograd.clip(w * x, -0.5, 0.5).sum(),
    "cumulative": lambda w, x: (autograd.cumsum(w * x, axis=1) ** 2).sum(),
    "einsum": lambda w, x: (autograd.einsum("ij,kj->ik", w, x) ** 2).sum(),
    "softmax": lambda w, x: (nn.functional.softmax(w * x) * x).sum(),
    "solving": lambda w, x: autograd.solve(w @ x.T + 5 * np.eye(3), w).sum(),
    "numpy": lambda w, x: np.sum(np.tanh(w) * np.exp(x) / np.abs(x).max()),
    "powers": lambda w, x: (w**2 + (w * w) ** 0.5 + abs(w) ** 1.5).sum(),
    "detached": lambda w, x: (w * w.detach() + w.data * x).sum() + w.sum(),
    "a count": lambda w, x: (w * x).sum() / np.count_nonzero(x > 0),
    "the error function": lambda w, x: autograd.erf((w * x).sum()) + autograd.erf(w).sum(),
    "padding": lambda w, x: (autograd.pad(w, 1) * 2).sum() + autograd.roll(w, 1).max(),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_array_operations_replay_with_new_data(name):
    w = Tensor(RNG.normal(size=(3, 4)), requires_grad=True)
    assert_compiled_agrees(
        ARRAYS[name], [w], (w, RNG.normal(size=(3, 4))), (w, RNG.normal(size=(3, 4)))
    )


def test_float32_stays_float32():
    w = Tensor(RNG.normal(size=(3, 4)), requires_grad=True, dtype=np.float32)
    x, y = RNG.normal(size=(2, 2, 3)).astype(np.float32)
    g = assert_compiled_agrees(
        lambda x: ((x @ w).tanh() * 0.5).mean(), [w], (x,), (y,), tolerance=1e-6
    )
    assert g(x).dtype == np.float32


@pytest.mark.parametrize("number", [float, np.float32, np.float64])
def test_a_float_argument_takes_the_type_of_arrays_beside_it(number):
    w, a = Tensor(np.ones(3, np.float32), requires_grad=True), np.ones(3, np.float32)
    for f in [
        lambda x: w * x,
        lambda x: (x * x + 1) - w,
        lambda x: autograd.exp(x) * w,
        lambda x: (a * x) * w,
        lambda x: np.maximum(a, x) * w[0],
        lambda x: autograd.where(w > x, w, x),
    ]:
        g = autograd.compile(f)
        for x in (number(0.1), 0.3, number(0.7)):
            ours, theirs = g(x), f(x)
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours.data, theirs.data, rtol=np.finfo(ours.dtype).eps)


def test_a_tensor_argument_is_bound_by_position():
    g = autograd.compile(lambda a, b: (a @ b).sum())
    g(Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.ones((3, 2)), requires_grad=True))
    a = Tensor(RNG.normal(size=(2, 3)), requires_grad=True)
    b = Tensor(RNG.normal(size=(3, 2)), requires_grad=True)
    g(a, b).backward()
    np.testing.assert_allclose(a.grad, np.tile(b.data.sum(axis=1), (2, 1)))
    np.testing.assert_allclose(b.grad, np.tile(a.data.sum(axis=0)[:, None], (1, 2)))


def test_a_tensor_that_needs_no_gradient_gets_none():
    a = Tensor([1.0, 2.0])
    w = Tensor([3.0, 4.0], requires_grad=True)
    g = autograd.compile(lambda a: (a * w).sum())
    g(a).backward()
    assert a.grad is None
    np.testing.assert_array_equal(w.grad, [1.0, 2.0])


def test_assigning_new_data_to_a_plain_tensor_is_seen():
    w = Tensor([1.0, 2.0], requires_grad=True)
    g = autograd.compile(lambda x: (w * x).sum())
    for k in (1.0, 2.0, 3.0):
        w.data = [k, 2 * k]
        assert g(np.array([1.0, 1.0])).item() == 3 * k
    w.data[0] = 100.0
    assert g(np.array([1.0, 1.0])).item() == 106.0


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


def test_closed_over_arrays_are_read_at_every_call():
    x = np.array([1.0, 2.0])
    w = Tensor([1.0, 1.0], requires_grad=True)
    g = autograd.compile(lambda: 1 * (w * x).sum())
    assert g().item() == 3.0
    x[0] = 10.0
    assert g().item() == 12.0


def test_a_closed_over_array_may_change_between_call_and_backward():
    x = np.array([1.0, 2.0])
    w = Tensor([1.0, 1.0], requires_grad=True)
    g = autograd.compile(lambda: (w * x).sum() * 1)
    for _ in range(2):
        w.zero_grad()
        x[:] = [1.0, 2.0]
        loss = g()
        x[:] = [5.0, 6.0]
        loss.backward()
        assert w.grad.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("large", [True, False])
def test_a_large_array_from_outside_is_neither_copied_nor_compared(large):
    x, w = np.ones((300, 20 if large else 2)), Tensor(np.full(300, 0.1), requires_grad=True)
    g = autograd.compile(lambda: (w @ x).tanh().sum() * 1)
    for k in range(3):
        w.zero_grad()
        x[7, 1] = 5.0 + k  # between calls it is seen
        loss = g()
        loss.backward()
        expected = 1 - np.tanh(x.T @ w.data) ** 2
        np.testing.assert_allclose(w.grad, x @ expected, rtol=1e-12)
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

    assert_compiled_agrees(loss, [t], *([RNG.normal(size=2)] for _ in range(3)))


def test_writing_a_recorded_array_into_another_is_refused_with_a_remedy():
    t = Tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        y = np.zeros(2)
        y += x
        return t * y

    with pytest.raises(CompileError, match="a = a \\+ b"):
        autograd.compile(f)(np.ones(2))


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
        lambda t, c: (t * (c > 0)).sum(),
        lambda t, c: autograd.where(c > t, c, t).sum(),
        lambda t, c: (t * np.argsort(c)).sum() + t[np.argmax(c)],
        lambda t, c: (t * np.isfinite(c)).sum() if c.sum() > 0 else t.sum(),
        lambda t, c: (t * c.detach() * t.detach()).sum(),
        lambda t, c: (t * autograd.grad(lambda u: (u * u).sum())(c)).sum(),
    ],
)
def test_what_is_asked_of_closed_over_tensors_is_asked_at_every_call(f):
    rng = np.random.default_rng(0)
    t, c = Tensor(rng.normal(size=3), requires_grad=True), Tensor(rng.normal(size=3))
    g = autograd.compile(lambda: 1 * f(t, c))
    for _ in range(5):
        found = []
        for function in (g, lambda: f(t, c)):
            t.zero_grad()
            loss = function()
            loss.backward()
            found.append([loss.item(), *t.grad])
        np.testing.assert_allclose(*found, rtol=1e-12)
        t.data, c.data = rng.normal(size=3), rng.normal(size=3)


LAYOUTS = {
    "by rows": np.ascontiguousarray,
    "by columns": np.asfortranarray,
    "transposed": lambda x: x.T.copy().T,
    "every second": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backward": lambda x: x[::-1],
    "one row for all": lambda x: np.broadcast_to(x[0], x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arguments_may_be_stored_in_any_way(layout):
    t, rng = Tensor(np.arange(6.0), requires_grad=True), np.random.default_rng(0)
    ws = [Value(float(w)) for w in range(6)]
    for f in [
        lambda x: (t * x.T.reshape(-1)).sum(),
        lambda x: (t * x.ravel(order="F")).sum(),
        lambda x: (t.reshape(3, 2) * x.T).sum() + (t * (x + 1).reshape(-1)).sum(),
        lambda x: (t * Tensor(x).T.reshape(-1)).sum(),
        lambda x: sum(w * number for w, number in zip(ws, x.T.reshape(-1), strict=True)),
        lambda x: sum(w * x[i % 2, i // 2] for i, w in enumerate(ws)),
        lambda x: (np.array(ws).reshape(2, 3) * x).sum(),
    ]:
        g = autograd.compile(f)
        for first in (layout, *LAYOUTS):
            x = LAYOUTS[first](rng.normal(size=(2, 3)))
            found = []
            for function in (f, g):
                loss = function(x)
                t.zero_grad()
                for w in ws:
                    w.zero_grad()
                loss.backward()
                found.append([loss.item(), *np.ravel(t.grad), *(w.grad for w in ws)])
            np.testing.assert_allclose(
                np.array(found[1], dtype=float), np.array(found[0], dtype=float), rtol=1e-12
            )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tensor_arguments_may_be_stored_in_any_way(layout):
    t, rng = Tensor(np.arange(6.0), requires_grad=True), np.random.default_rng(0)
    g = autograd.compile(lambda x: (t * x.T.reshape(-1)).sum())
    for first in (layout, *LAYOUTS):
        x = Tensor(LAYOUTS[first](rng.normal(size=(2, 3))), requires_grad=True)
        g(x).backward()
        np.testing.assert_array_equal(x.grad, np.arange(6.0).reshape(3, 2).T)
        np.testing.assert_allclose(g(x).item(), (t.data * x.data.T.reshape(-1)).sum(), rtol=1e-12)


def test_what_depends_on_how_an_argument_is_stored_is_refused():
    t = Tensor(np.arange(6.0), requires_grad=True)
    for order in ("K", "A"):
        g = autograd.compile(lambda x, order=order: (t * x.ravel(order=order)).sum())
        with pytest.raises(CompileError, match="say 'C' or 'F'"):
            g(np.ones((2, 3)))
    for name in ("strides", "flags"):
        g = autograd.compile(lambda x, name=name: (t, getattr(x, name)))
        with pytest.raises(CompileError, match=f"array.{name} .* shape and dtype"):
            g(np.ones((2, 3)))


def test_outputs_are_arrays_of_their_own():
    w = Tensor([1.0, 2.0], requires_grad=True)
    g = autograd.compile(lambda x: w * x)
    first = g(np.array([1.0, 1.0]))
    g(np.array([5.0, 5.0]))
    np.testing.assert_array_equal(first.data, [1.0, 2.0])


def test_several_outputs_share_one_pass():
    w = Tensor([1.0, 2.0], requires_grad=True)
    g = autograd.compile(lambda x: (w * x, (w * w).sum(), x * 2))
    y, loss, doubled = g(np.array([3.0, 4.0]))
    assert isinstance(doubled, np.ndarray)
    (y.sum() + loss).backward()
    np.testing.assert_array_equal(w.grad, [5.0, 8.0])
    w.zero_grad()
    g(np.array([3.0, 4.0]))[1].backward()
    np.testing.assert_array_equal(w.grad, [2.0, 4.0])


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
    g = autograd.compile(f)
    for s in (3.0, -1.0):
        x = s * np.array([1.0, 2.0, -1.0])
        ours, theirs = flatten(g(x, s))[0], flatten(f(x, s))[0]
        for a, b in zip(ours, theirs, strict=True):
            assert isinstance(a, type(b))
            np.testing.assert_array_equal(a, b, strict=True)


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
    assert_compiled_agrees(lambda x: (f(x) ** 2).sum(), [T, V], *calls)


def test_a_result_that_is_not_a_scalar_takes_a_gradient():
    w = Tensor([1.0, 2.0], requires_grad=True)
    y = autograd.compile(lambda: w * w)()
    with pytest.raises(ShapeError, match="only a scalar"):
        y.backward()
    y.backward(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(w.grad, [2.0, 40.0])


def test_no_grad_gives_constants_from_tensors():
    w = Tensor([1.0, 2.0], requires_grad=True)
    g = autograd.compile(lambda x: w * x)
    with no_grad():
        assert not g(np.ones(2)).requires_grad
    assert g(np.ones(2)).requires_grad


def test_values_and_tensors_mix():
    w, t = Value(2.0), Tensor([1.0, 2.0], requires_grad=True)

    def f(x, number):
        return ((w * number) * t * x).sum() * w

    g = autograd.compile(f)
    g(np.ones(2), 1.0)
    x = np.array([3.0, 4.0])
    results = []
    for function in (f, g):
        w.zero_grad()
        t.zero_grad()
        y = function(x, 5.0)
        y.backward()
        results.append([y.item(), w.grad, *t.grad.tolist()])
    assert results[0] == pytest.approx(results[1])


def test_the_close_up_of_a_model_puts_gradients_into_its_parameters():
    model = classifier()
    close = model.scalars()

    def f(x):
        return sum(y * y for y in close(list(x)))

    g = autograd.compile(f)
    for _ in range(2):
        x = RNG.normal(size=5)
        theirs = gradients(model.parameters(), f(x.tolist()))
        ours = gradients(model.parameters(), g(x))
        for a, b in zip(ours, theirs):
            assert_same_numbers(a, b)


def test_value_and_grad_of_tensors_can_be_compiled():
    f = autograd.compile(autograd.value_and_grad(lambda w, x: (w * x).tanh().sum()))
    for _ in range(2):
        w, x = RNG.normal(size=3), RNG.normal(size=3)
        value, grad = f(w, x)
        assert value.item() == pytest.approx(np.tanh(w * x).sum(), rel=1e-12)
        np.testing.assert_allclose(grad, x * (1 - np.tanh(w * x) ** 2), rtol=1e-12)


def test_a_hessian_inside_is_recorded():
    g = autograd.compile(lambda w: autograd.hessian(lambda u: (u**3).sum())(w).sum())
    w = Tensor([1.0, 2.0], requires_grad=True)
    g(Tensor([3.0, 4.0], requires_grad=True))
    y = g(w)
    y.backward()
    assert y.item() == pytest.approx(18.0)
    np.testing.assert_allclose(w.grad, [6.0, 6.0])


@pytest.mark.parametrize(
    ("differentiate", "form"),
    [
        (autograd.grad, lambda a, b: [2 * a * b, a**2 + 3 * b**2]),
        (autograd.jacobian, lambda a, b: [2 * a * b, a**2 + 3 * b**2]),
        (lambda f: lambda x: autograd.vjp(f, x)[1](1.0)[0],
         lambda a, b: [2 * a * b, a**2 + 3 * b**2]),
        (autograd.hessian, lambda a, b: [[2 * b, 2 * a], [2 * a, 6 * b]]),
        (lambda f: lambda x: autograd.jvp(f, (x,), (np.array([1.0, 10.0]),))[1],
         lambda a, b: 2 * a * b + 10.0 * (a**2 + 3 * b**2)),
        (lambda f: lambda x: autograd.hvp(f, (x,), (np.array([1.0, 10.0]),)),
         lambda a, b: [2 * b + 20 * a, 2 * a + 60 * b]),
    ],
    ids=["grad", "jacobian", "vjp", "hessian", "jvp", "hvp"],
)  # fmt: skip
@pytest.mark.parametrize("whole", [True, False], ids=["compiled itself", "inside"])
@pytest.mark.parametrize("form_of", [np.array, Tensor])
def test_elements_of_an_array_argument_are_differentiated(differentiate, form, whole, form_of):
    derivative = differentiate(lambda x: x[0] ** 2 * x[1] + autograd.take(x, -1) ** 3)
    g = autograd.compile(derivative if whole else lambda x: derivative(x) * 1.0)
    for a, b in [(1.0, 2.0), (3.0, -4.0), (0.5, 7.0)]:
        found = g(form_of([a, b]))
        np.testing.assert_allclose(getattr(found, "data", found), form(a, b), rtol=1e-12)


def test_what_transforms_inside_give_of_arrays_is_of_the_kind_they_give_uncompiled():
    def f(x):
        value, gradient = autograd.value_and_grad(lambda t: (t * t).sum())(x)
        same, tangent = autograd.jvp(lambda t: t[0] * t[1], (x,), (x * 0.0 + 1.0,))
        return value, gradient, same, tangent, x.sum(), x[:1].reshape(())

    g = autograd.compile(f)
    for x in RNG.normal(size=(3, 2)):
        ours = g(x)
        value, _, same, tangent, total, _ = ours
        assert [type(y) for y in ours] == [type(y) for y in f(x)]
        np.testing.assert_allclose(
            [value, same, tangent, total], [x @ x, x[0] * x[1], x.sum(), x.sum()], rtol=1e-12
        )


def test_a_tensor_made_inside_of_an_array_argument_gives_its_elements():
    def f(x):
        t = Tensor(x, requires_grad=True)
        return sum(element * element for element in t) + t[1, ...] * t[np.array(0)] + x[0]

    g = autograd.compile(f)
    for x in RNG.normal(size=(3, 2)):
        assert g(x).item() == pytest.approx(x @ x + x[0] * x[1] + x[0], rel=1e-12)


def test_a_label_out_of_range_is_refused_at_a_replay_too():
    model, loss = classifier(), nn.CrossEntropyLoss()
    g = autograd.compile(lambda x, y: loss(model(x), y))
    x, y = batch()
    y[0] = 2
    g(x, y)
    with pytest.raises(ValueError, match=r"class in \[0, 3\)"):
        g(x, y + 1)
    with pytest.raises(ValueError, match=r"class in \[0, 3\)"):
        autograd.compile(lambda x, y: loss(model(x), y))(x, y + 1)


def test_a_tensor_table_is_looked_up_with_new_indices():
    table = Tensor(RNG.normal(size=(5, 2)), requires_grad=True)

    def f(i):
        return (autograd.take(table, i, axis=0) ** 2).sum() + (table[i] * 3).sum()

    assert_compiled_agrees(f, [table], (np.array([0, 1, 1]),), (np.array([4, 4, 2]),))


@pytest.mark.parametrize("shapes", [((3, 1), (1, 4)), ((2, 3, 1), (1, 4)), ((2, 1, 1), (2, 1, 4))])
def test_a_matrix_product_of_a_column_and_a_row_is_the_same_compiled(shapes):
    left, right = (Tensor(RNG.normal(size=shape)) for shape in shapes)
    g = autograd.compile(lambda: left @ right)
    ours = g()
    np.testing.assert_array_equal(ours.data, left.data @ right.data)


@pytest.mark.parametrize("options", [{}, {"axis": 0}, {"axis": -1, "keepdims": True}])
@pytest.mark.parametrize("reduce", ["sum", "max", "min", "mean"])
def test_reductions_with_every_option_are_the_same_compiled(reduce, options):
    t = Tensor(RNG.normal(size=(3, 4)))

    def f():
        return getattr(t, reduce)(**options)

    np.testing.assert_allclose(autograd.compile(f)().data, f().data, rtol=1e-14)


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
    assert_compiled_agrees(lambda x, mask: (w * f(x, mask)).sum(), [w], *calls)


def test_reductions_of_data_into_an_array_are_refused():
    g = autograd.compile(lambda x: np.sum(x, axis=0, out=np.zeros(2)))
    with pytest.raises(CompileError, match="writing into an array"):
        g(np.ones((3, 2)))


def test_data_have_the_attributes_of_arrays():
    w = Tensor([2.0, 3.0], requires_grad=True)

    def f(x):
        return (w * x.real @ x.mT + x.imag[0, 0]).sum() * x.itemsize + x.nbytes

    assert_compiled_agrees(f, [w], (RNG.normal(size=(2, 2)),), (RNG.normal(size=(2, 2)),))


def test_gradients_of_two_results_and_of_one_twice_add_up_compiled():
    t = Tensor([1.0, 2.0], requires_grad=True)

    def f():
        y = (t * t).sum()
        return y, (2 * t).sum(), y

    first, second, again = autograd.compile(f)()
    (first + second + 3 * again).backward()
    np.testing.assert_allclose(t.grad, 8 * t.data + 2)


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


@pytest.mark.parametrize(
    ("derive", "expected"),
    [
        (autograd.grad, lambda x, y: [2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)]),
        (
            autograd.hessian,
            lambda x, y: [[2 - 400 * (y - 3 * x**2), -400 * x], [-400 * x, 200.0]],
        ),
        (
            lambda f: lambda x: autograd.hvp(f, (x,), (np.ones(2),)),
            lambda x, y: [2 - 400 * (y - 3 * x**2) - 400 * x, 200 - 400 * x],
        ),
    ],
    ids=["grad", "hessian", "hvp"],
)
def test_derivatives_of_a_function_that_reads_elements_of_its_array(derive, expected):
    g = autograd.compile(derive(rosenbrock))
    for point in ([1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]):
        np.testing.assert_allclose(g(np.array(point)), expected(*point), rtol=1e-12)


def test_arrays_are_joined_along_an_axis_that_is_given_by_place():
    f = autograd.compile(lambda x: np.concatenate((x, 2 * x), 0))
    for k in range(3):
        assert f(np.array([1.0, 2.0 + k])).tolist() == [1.0, 2.0 + k, 2.0, 4.0 + 2 * k]
