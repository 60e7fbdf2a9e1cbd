"""Writing into arrays that a graph needs: an error or the right gradient, never a wrong one."""

import contextlib
import ctypes
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
import optim
from autograd import GraphError, ShapeError, Tensor, Value, grad, no_grad, vjp
from tests.each import each

START = np.array([[1.0, 2.0], [3.0, 4.0]])


def set_data(t):
    t.data = t.data * 10


def subtract_data(t):
    t.data -= 5.0


def scale_view(t):
    view = t.data[0]
    view *= 10.0


def scale_old_view(t, _kept=[]):  # noqa: B006
    view = t.data
    t.data = START + 1
    view[...] = -7.0


# Each way either writes, or is refused where it happens.
WAYS = {
    "data = ...": set_data,
    "data -= ...": subtract_data,
    "data[...] = 0": lambda t: t.data.__setitem__(..., 0.0),
    "data[0, 1] = 9": lambda t: t.data.__setitem__((0, 1), 9.0),
    "data[mask] = 0": lambda t: t.data.__setitem__(t.data > 1.5, 0.0),
    "data[[0]] = 9": lambda t: t.data.__setitem__([0], 9.0),
    "a view": scale_view,
    "an old view": scale_old_view,
    "a view of a view": lambda t: t.data[1:][:, ::-1].__setitem__(0, 9.0),
    "data.T": lambda t: t.data.T.__setitem__(0, 9.0),
    "data.reshape": lambda t: t.data.reshape(4).__setitem__(slice(2), 9.0),
    "data.ravel": lambda t: t.data.ravel().__setitem__(0, 9.0),
    "data.view": lambda t: t.data.view().__setitem__(0, 9.0),
    "data.view(ndarray)": lambda t: t.data.view(np.ndarray).__setitem__(0, 9.0),
    "data.flat": lambda t: t.data.flat.__setitem__(0, 9.0),
    "data.real": lambda t: t.data.real.__setitem__(0, 9.0),
    "data.fill": lambda t: t.data.fill(9.0),
    "data.sort": lambda t: t.data[::-1].sort(axis=0),
    "data.put": lambda t: t.data.put([0], 9.0),
    "data.itemset": lambda t: np.put(t.data, 0, 9.0),
    "data.resize": lambda t: t.data.resize((2, 2)),
    "data.setfield": lambda t: t.data.setfield(9.0, np.float64),
    "data.byteswap": lambda t: t.data.byteswap(inplace=True),
    "data.partition": lambda t: t.data[::-1].partition(1, axis=0),
    "memoryview": lambda t: memoryview(t.data).cast("B").cast("d").__setitem__(0, 9.0),
    "np.asarray": lambda t: np.asarray(t.data).__setitem__(0, 9.0),
    "np.asarray(detached)": lambda t: np.asarray(t.detach()).__setitem__(0, 9.0),
    "np.array(copy=False)": lambda t: np.array(t.data, copy=False).__setitem__(0, 9.0),
    "np.frombuffer": lambda t: np.frombuffer(t.data, np.float64).__setitem__(0, 9.0),
    "np.lib.stride_tricks": lambda t: np.lib.stride_tricks.as_strided(t.data).__setitem__(0, 9.0),
    "np.nditer": lambda t: next(np.nditer(t.data, op_flags=["readwrite"])).__setitem__(..., 9.0),
    "np.copyto": lambda t: np.copyto(t.data, 9.0),
    "np.copyto(tensor)": lambda t: np.copyto(t, 9.0),
    "np.place": lambda t: np.place(t.data, [[True, False]] * 2, 9.0),
    "np.putmask": lambda t: np.putmask(t.data, [[True, False]] * 2, 9.0),
    "np.fill_diagonal": lambda t: np.fill_diagonal(t.data, 9.0),
    "np.add(out=)": lambda t: np.add(t.data, 1.0, out=t.data),
    "np.divmod(out=)": lambda t: np.divmod(t.data, 2.0, out=(t.data, np.zeros((2, 2)))),
    "np.add.at": lambda t: np.add.at(t.data, 0, 1.0),
    "np.negative.at": lambda t: np.negative.at(t.data, (0, 0)),
    "np.add.reduce(out=)": lambda t: np.add.reduce(START, axis=0, out=t.data[0]),
    "np.sum(out=)": lambda t: np.sum(START, axis=0, out=t.data[0]),
    "np.cumsum(out=)": lambda t: np.cumsum(START, axis=0, out=t.data),
    "np.dot(out=)": lambda t: np.dot(START, START, out=t.data),
    "np.matmul(out=)": lambda t: np.matmul(START, START, out=t.data),
    "np.einsum(out=)": lambda t: np.einsum("ij->ji", START, out=t.data),
    "np.clip(out=)": lambda t: np.clip(t.data, 0, 1.5, out=t.data),
    "np.take(out=)": lambda t: np.take(START, [[0, 0], [0, 0]], out=t.data, mode="clip"),
    "np.concatenate(out=)": lambda t: np.concatenate([START[:1]] * 2, out=t.data),
    "np.random": lambda t: np.random.default_rng(0).random(out=t.data),
    "shuffle": lambda t: np.random.default_rng(1).shuffle(t.data),
    "detach().data": lambda t: t.detach().data.__setitem__(0, 9.0),
    "detach().numpy()": lambda t: t.detach().numpy().__setitem__(0, 9.0),
    "detach().numpy() *=": lambda t: t.detach().numpy().__imul__(10.0),
    "detach().data = ...": lambda t: set_data(t.detach()),
    "detach()[0].data": lambda t: t.detach()[0].data.__setitem__(0, 9.0),
    "detach().T.reshape": lambda t: t.detach().T.reshape(4).data.__setitem__(0, 9.0),
    "broadcast and write": lambda t: t.detach().reshape(1, 4).data.__setitem__((0, 1), 9.0),
    "t[0] = ...": lambda t: t.__setitem__(0, 9.0),
    "t *= ...": lambda t: t.__imul__(9.0) if hasattr(t, "__imul__") else None,
    "the flag": lambda t: t.data.setflags(write=True),
    "ctypes": lambda t: np.ctypeslib.as_array(
        ctypes.cast(t.data.ctypes.data, ctypes.POINTER(ctypes.c_double)), (0,)
    ),
}  # fmt: skip

GRAPHS = {
    "multiply": lambda t: (t * t).sum(),
    "power": lambda t: (t**3).sum(),
    "exp": lambda t: np.exp(t * 0.3).sum(),
    "divide": lambda t: (1 / t).sum(),
    "matmul": lambda t: (t @ t).sum(),
    "max": lambda t: (t.max(axis=0) * t[0]).sum(),
    "getitem": lambda t: (t[[0, 0, 1]] * t[0]).sum(),
    "where": lambda t: np.where(t > 1.5, t * t, t).sum(),
    "concatenate": lambda t: (np.concatenate([t, 2 * t]) ** 2).sum(),
    "reshape": lambda t: (t.reshape(4) * t.T.reshape(4)).sum(),
    "linear": lambda t: (autograd.linear(t, t, t[0]) ** 2).sum(),
    "det": np.linalg.det,
}
TRUE = {name: grad(f)(START) for name, f in GRAPHS.items()}


def gradient_after(t, loss, write):
    """The gradient if there is one; None where the write or `backward` was refused."""
    with contextlib.suppress(ValueError, TypeError, AttributeError, BufferError):
        write(t)
    try:
        loss.backward()
    except GraphError as refusal:
        assert "was written to after the operation was recorded" in str(refusal)  # noqa: PT017
        return None
    return t.grad


@each("way", WAYS)
def test_a_write_between_forward_and_backward_gives_an_error_or_the_right_gradient(way):
    for kind, (name, f) in itertools.product([leaf, nn.Parameter], GRAPHS.items()):
        t = kind(START)
        found = gradient_after(t, f(t), WAYS[way])
        if found is not None:
            assert_allclose(found, TRUE[name], rtol=1e-12, err_msg=f"{name}, {kind}")


@each("way", WAYS)
def test_a_write_is_no_mistake_once_backward_is_done(way):
    t = leaf(START)
    GRAPHS["multiply"](t).backward()
    assert_array_equal(t.grad, 2 * START)
    try:
        WAYS[way](t)
    except (ValueError, TypeError, AttributeError, BufferError):
        return
    now = t.data.copy()
    assert_array_equal(t.grad, 2 * START)
    t.zero_grad()
    GRAPHS["multiply"](t).backward()  # a new graph of the new numbers
    assert_allclose(t.grad, 2 * now)


def leaf(x):
    return Tensor(x, requires_grad=True)


def test_the_error_names_the_operation_the_operand_and_what_to_do():
    t = Tensor(START, requires_grad=True, label="w")
    loss = (np.ones((2, 2)) * t).sum()
    t.data[0] = 5.0
    message = (
        r"^multiply: operand 1 \('w'\) was written to after the operation was recorded, so its "
        r"derivative is lost\. Call backward\(\) before writing, or write to a copy\.$"
    )
    with pytest.raises(GraphError, match=message):
        loss.backward()
    assert t.grad is None


def test_the_ordinary_ways_of_writing_write():
    t = leaf(START)
    t.data[0] = 9.0
    t.data[1:] += 1.0
    t.data *= 2.0
    np.add(t.data, 1.0, out=t.data)
    assert t.data.tolist() == [[19.0, 19.0], [9.0, 11.0]]
    t.data = np.zeros((2, 2))
    assert t.data.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    t.data = t.data + START
    t.data = t.data[::-1]
    assert_array_equal(t.data, START[::-1])
    t.data = t.data.T
    assert_array_equal(t.data, START[::-1].T)


@pytest.mark.parametrize(
    "result",
    [
        lambda t: t * 2,
        np.exp,
        lambda t: t @ t,
        lambda t: t.sum(axis=0),
        lambda t: t[[0]],
    ],
)
def test_the_result_of_an_operation_cannot_be_written_to(result):
    out = result(leaf(START))
    for write in (lambda: out.data.__setitem__(0, 9.0), lambda: out.detach().data.fill(9.0)):
        with pytest.raises(ValueError, match=r"which the graph still needs|read-only"):
            write()
    with pytest.raises(
        GraphError, match=r"data: this Tensor is the result of \w+, which the graph"
    ):
        out.data = np.zeros(out.shape)


def test_a_result_that_no_graph_needs_can_be_written_to():
    with no_grad():
        out = leaf(START) * 2
    out.data[0] = 9.0
    other = Tensor(START) * 2
    other.data[0] = 9.0
    assert out.data[0, 0] == other.data[0, 0] == 9.0


# --- the caller's own arrays ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda a, t: a * t, lambda a, t: t * a, lambda a, t: t @ a, lambda a, t: a @ t,
        lambda a, t: np.where(a > 2, t, a * t), lambda a, t: Tensor(a) * t, lambda a, t: t / a,
        lambda a, t: np.concatenate([a, t]) ** 2, lambda a, t: np.einsum("ij,jk->ik", a, t),
        np.linalg.solve, lambda a, t: np.maximum(a, t) * a,
        lambda a, t: np.clip(t, a, None) * t, lambda a, t: t ** a,
    ],
)  # fmt: skip
def test_writing_to_an_array_after_it_was_used_does_not_change_the_gradient(use):
    a, t = START + 0.5, leaf(START)
    expected = grad(lambda t: use(START + 0.5, t).sum())(START)
    loss = use(a, t).sum()
    a[...] = -100.0
    loss.backward()
    assert_allclose(t.grad, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "use"),
    [
        (lambda: np.array([0, 1, 1]), lambda i, t: t[i]),
        (lambda: [0, 1, 1], lambda i, t: t[i]),
        (lambda: np.array([True, False]), lambda i, t: t[i]),
        (lambda: np.array([0, 1, 1]), lambda i, t: t[:, i]),
        (lambda: Tensor([0, 1, 1]).data, lambda i, t: t[i]),
        (lambda: np.array([[0], [1]]), lambda i, t: np.take_along_axis(t, i, 1)),
        (lambda: np.array([0, 1, 1]), lambda i, t: np.take(t, i, axis=0)),
        (lambda: np.array([[True, False]]), lambda i, t: np.where(i, t, 0.0)),
        (lambda: [[True, False]], lambda i, t: np.where(i, t, 0.0)),
        (lambda: np.array([1, 2]), lambda i, t: np.repeat(t, i, axis=0)),
        (lambda: [1, 0], lambda i, t: np.roll(t, i, axis=(0, 1))),
        (lambda: [1, 0], lambda i, t: t.transpose(i) * START),
    ],
)
def test_writing_to_an_index_or_mask_after_it_was_used_does_not_change_the_gradient(make, use):
    index, t = make(), leaf(START)
    expected = grad(lambda t: (use(make(), t) ** 2).sum())(START)
    loss = (use(index, t) ** 2).sum()
    if isinstance(index, list):
        (index[0] if isinstance(index[0], list) else index).reverse()
    else:
        index[...] = np.flip(index).copy()
    assert not np.array_equal(index, make())
    loss.backward()
    assert_allclose(t.grad, expected)


def test_an_index_tensor_that_is_written_to_does_not_change_the_gradient():
    index, t = Tensor([0, 1]), leaf([1.0, 2.0, 3.0])
    loss = (t[index] ** 2).sum()
    index.data[0] = 2
    loss.backward()
    assert t.grad.tolist() == [2.0, 4.0, 0.0]


def test_a_tensor_does_not_share_memory_with_the_array_it_was_made_of():
    a = START.copy()
    t = leaf(a)
    loss = (t * t).sum()
    a[...] = 0.0
    loss.backward()
    assert_array_equal(t.grad, 2 * START)


def test_the_gradient_array_that_backward_was_given_stays_the_callers():
    t, seed = leaf(START), np.ones((2, 2))
    (t + 0.0).backward(seed)
    t.grad[0] = 50.0
    assert seed.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    seed[...] = 7.0
    assert t.grad.tolist() == [[50.0, 50.0], [1.0, 1.0]]


def test_two_leaves_of_a_sum_do_not_share_one_gradient_array():
    a, b = leaf(START), leaf(START)
    (a + b).sum().backward()
    a.grad[...] = 0.0
    assert b.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]


# --- parameters and optimizers --------------------------------------------------------------------


def model_and_loss():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    for i, p in enumerate(model.parameters()):
        p.data = np.linspace(-1, 1, p.size).reshape(p.shape) + 0.1 * i
    return model, (model(START) ** 2).sum()


def test_an_optimizers_step_between_forward_and_backward_is_no_silent_mistake():
    model, loss = model_and_loss()
    loss.backward()
    right = [p.grad.copy() for p in model.parameters()]
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model, loss = model_and_loss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    (model(START) ** 2).sum().backward()  # another graph
    optimizer.step()
    model.zero_grad()
    with pytest.raises(GraphError, match=r"was written to after the operation was recorded"):
        loss.backward()
    model, loss = model_and_loss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loss.backward()
    for p, expected in zip(model.parameters(), right):
        assert_allclose(p.grad, expected, rtol=1e-13)
    optimizer.step()  # after backward it is what one does


def test_a_step_on_plain_tensors_is_noticed_too():
    w = leaf(START)
    w.grad = np.ones((2, 2))
    loss = (w**3).sum()
    optim.SGD([w], lr=0.1).step()
    try:
        loss.backward()
    except GraphError:
        return
    assert_allclose(w.grad, 1 + 3 * START**2)  # or of the numbers that were


def test_gathering_parameters_between_forward_and_backward_changes_no_gradient():
    p = nn.Parameter(START)
    view = p.data
    loss = (p**3).sum()
    nn.Parameter.gather([p])
    try:
        view[...] = 100.0
        loss.backward()
    except (GraphError, ValueError):
        return
    assert_allclose(p.grad, 3 * START**2)


def test_values_keep_the_numbers_they_were_computed_with():
    v = Value(3.0)
    y = v * v
    v.data = 100.0
    y.backward()
    assert v.grad == 6.0


def test_a_pull_after_a_write_gives_the_derivative_where_it_was_taken():
    x = START.copy()
    _, pull = vjp(lambda x: x**2, x)
    x[...] = 0.0
    assert_allclose(pull(np.ones((2, 2)))[0], 2 * START)


# --- shapes, roots, seeds -------------------------------------------------------------------------


@each(
    ("call", "error", "message"),
    [
        (lambda t: (t * t).backward(), ShapeError,
         r"^backward: root has shape \(2, 2\), and only a scalar has one gradient\. Reduce it "
         r"first \(loss\.mean\(\)\) or pass gradient= with shape \(2, 2\)\.$"),
        (lambda t: t[:1, :1].backward(), ShapeError, r"^backward: root has shape \(1, 1\), and"),
        (lambda t: (t * t).backward(np.ones(2)), ShapeError,
         r"^Tensor: gradient needs shape \(2, 2\), but got \(2,\)\.$"),
        (lambda t: t.sum().backward(np.ones(1)), ShapeError, r"needs shape \(\), but got \(1,\)"),
        (lambda t: (t * t).backward(START * 1j), TypeError, r"gradient needs real numbers"),
        (lambda t: autograd.sigmoid("1"), TypeError,
         r"^sigmoid: each operand must be a number or an array of numbers, but got '1'\.$"),
        (lambda t: autograd.tanh([1.0, "a"]), TypeError, r"^tanh: each operand must be .* <U32\.$"),
        (lambda t: autograd.square(None), TypeError, r"^square: each operand .* but got None\.$"),
        (lambda t: t + np.ones(3), ShapeError,
         r"^add: operands of shape \(2, 2\) and \(3,\) do not fit"),
        (lambda t: np.ones((3, 3)) * t, ShapeError, r"^multiply: .* \(3, 3\) and \(2, 2\) do"),
        (lambda t: t @ np.ones((3, 2)), ShapeError, r"^matmul: .* \(2, 2\) and \(3, 2\) do"),
        (lambda t: t @ np.ones((1, 2)), ShapeError,
         r"do not fit: the first has rows of 2 numbers, the second columns of 1\.$"),
        (lambda t: np.ones(3) @ t, ShapeError, r"rows of 3 numbers, the second columns of 2\.$"),
        (lambda t: t @ np.ones(3), ShapeError, r"rows of 2 numbers, the second columns of 3\.$"),
        (lambda t: t.item(), ShapeError,
         r"^Tensor: only one of a single element is a number, but got shape \(2, 2\)\. Reduce it"),
        (float, ShapeError, r"^Tensor: only one of a single element is a number"),
        (lambda t: autograd.linear(t, t[0], t[0, 0]), ShapeError,
         r"^linear: .* do not fit: the weight has to be a matrix, \(m, k\)\.$"),
        (lambda t: t.reshape(3), ShapeError, r"^reshape: .* \(2, 2\) do not fit: .*size 4"),
        (lambda t: np.vstack([t, np.ones((2, 3))]), ShapeError, r"^concatenate: .* \(2, 3\) do"),
        (lambda t: np.broadcast_to(t, (3, 3)), ShapeError, r"^broadcast_to: .* do not fit"),
        (lambda t: np.linalg.solve(t, np.ones(3)), ShapeError, r"^solve: .* do not fit"),
        (lambda t: Tensor(START).sum().backward(), GraphError,
         r"^backward: the root is a constant \(computed under no_grad\(\), detached, given back by "
         r"a compiled function that called backward\(\) itself, or made of nothing that requires a "
         r"gradient\), so there is nothing to differentiate\. Make .* with requires_grad=True: "
         r"Tensor\(data, requires_grad=True\)\.$"),
        (lambda t: t.detach().sum().backward(), GraphError, r"^backward: the root is a constant"),
        (lambda t: (t > 2).astype(float).sum().backward(), AttributeError, "backward"),
        (lambda t: setattr(t, "grad", np.ones(3)), ShapeError, r"grad needs shape \(2, 2\), but"),
        (lambda t: setattr(t, "data", np.ones(3)), ShapeError, r"data needs shape \(2, 2\), but"),
        (lambda t: t.sum(axis=2), ValueError, r"axis 2 is out of bounds"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_who_what_was_needed_and_what_came(call, error, message):
    with pytest.raises(error, match=message):
        call(leaf(START))
