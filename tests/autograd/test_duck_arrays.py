"""Arrays that speak NumPy: Dask's stay lazy through backward, and none is forced to be NumPy's."""

import dask
import dask.array as da
import numpy as np
import pytest
from dask.local import get_sync
from numpy.testing import assert_allclose

import autograd
from autograd import Tensor, jvp, value_and_grad, vjp
from tests.autograd.array_cases import OURS, Case
from tests.each import each

RNG = np.random.default_rng(0)


@pytest.fixture
def nothing_computed():
    """A list that grows when Dask computes something."""
    computed = []

    def get(graph, keys, **kwargs):
        computed.append(keys)
        return get_sync(graph, keys, **kwargs)

    with dask.config.set(scheduler=get):
        yield computed


def leaf(x, chunks=2):
    return Tensor(da.from_array(x, chunks=chunks), requires_grad=True)


def mlp_loss(m, x, y, w1, b1, w2, b2):
    hidden = m.tanh(x @ w1.T + b1)
    scores = hidden @ w2.T + b2
    return ((scores - y) ** 2).mean() + 0.1 * (w1 * w1).sum()


SHAPES = [(6, 3), (6, 1), (4, 3), (4,), (1, 4), (1,)]
ARRAYS = [RNG.normal(size=shape) for shape in SHAPES]


def test_a_training_step_on_dask_arrays_computes_nothing_until_asked(nothing_computed):
    x, y, *parameters = ARRAYS
    expected = value_and_grad(lambda p: mlp_loss(autograd, x, y, *p))(parameters)
    tensors = [leaf(p) for p in parameters]
    loss = mlp_loss(np, da.from_array(x, chunks=3), da.from_array(y, chunks=3), *tensors)
    loss.backward()
    assert all(isinstance(t.grad, da.Array) for t in tensors)
    assert isinstance(loss.data, da.Array)
    for t in tensors:
        t.data = t.data - 0.1 * t.grad
    assert nothing_computed == []
    assert_allclose(loss.data.compute(), expected[0], rtol=1e-12)
    for t, p, grad in zip(tensors, parameters, expected[1]):
        assert t.grad.shape == t.shape
        assert_allclose(t.grad.compute(), grad, rtol=1e-12, atol=1e-14)
        assert_allclose(t.data.compute(), p - 0.1 * grad, rtol=1e-12)
    assert nothing_computed


# What Dask's own functions can do; it has no inverse of NumPy's kind, no running median, …
LAZY = [
    ("add(x, y) * x - y / (x * x + 1)", ((2, 3), (3,))), ("exp(tanh(x)) ** 2", ((2, 3),)),
    ("log(x * x + 1.0)", ((2, 3),)), ("sigmoid(x) + softplus(x) + relu(x)", ((3,),)),
    ("erf(x)", ((3,),)), ("maximum(x, y) + minimum(x, 0.5)", ((3,), (3,))),
    ("hypot(x, y) + arctan2(x, y)", ((3,), (3,))), ("where(x > 0, x * x, y)", ((3,), (3,))),
    ("clip(x, -0.5, 0.5) * x", ((3,),)), ("leaky_relu(x, 0.1)", ((3,),)), ("sinc(x)", ((3,),)),
    ("sum(x, axis=0) * mean(x, axis=1, keepdims=True)", ((3, 3),)),
    ("max(x, axis=1) + min(x, axis=0)", ((3, 3),)), ("prod(x, axis=0)", ((2, 3),)),
    ("logsumexp(x, axis=1)", ((2, 3),)), ("std(x, axis=0) + var(x)", ((3, 2),)),
    ("norm(x, axis=1) + norm(x, 1, axis=1)", ((3, 2),)), ("cumsum(x, axis=0) ** 2", ((3, 2),)),
    ("reshape(x, 6) ** 2", ((2, 3),)), ("x.T @ x", ((2, 3),)),
    ("transpose(x, (1, 0, 2))", ((2, 1, 3),)),
    ("concatenate([x, 2 * x], axis=0) ** 2", ((2, 3),)), ("stack([x, x * x])", ((3,),)),
    ("broadcast_to(x, (4, 3)) ** 2", ((3,),)), ("expand_dims(x, 1) * x", ((3,),)),
    ("flip(x) * x", ((3,),)), ("roll(x, 1) * x", ((3,),)), ("pad(x, 1) ** 2", ((2, 3),)),
    ("getitem(x, s_[1:, ::2]) ** 2", ((3, 4),)), ("getitem(x, s_[0]) * x", ((3, 3),)),
    ("x @ y", ((2, 3), (3, 2))), ("dot(x, y)", ((3,), (3,))), ("outer(x, y)", ((2,), (3,))),
    ("tensordot(x, y, axes=1)", ((2, 3), (3, 2))), ("einsum('ij,jk->ik', x, y)", ((2, 3), (3, 2))),
    ("linear(x, y, z)", ((2, 3), (4, 3), (4,))), ("tril(x) @ x", ((3, 3),)),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "shapes"), LAZY)
def test_an_operation_on_dask_arrays_is_lazy_and_computes_numpys_answer(
    expression, shapes, nothing_computed
):
    case = Case("duck", expression, shapes)
    xs = case.inputs()
    plain = [Tensor(x, requires_grad=True) for x in xs]
    expected = case.run(OURS, plain)[0]
    (expected * expected).sum().backward()
    lazy = [leaf(x) for x in xs]
    out = case.run(OURS, lazy)[0]
    (out * out).sum().backward()
    assert nothing_computed == []
    assert_allclose(out.data.compute(), expected.data, rtol=1e-12)
    for ours, numpys in zip(lazy, plain):
        assert isinstance(ours.grad, da.Array)
        assert_allclose(ours.grad.compute(), numpys.grad, rtol=1e-11, atol=1e-13)


def test_transforms_take_dask_arrays(nothing_computed):
    x = RNG.normal(size=4)
    lazy = da.from_array(x, chunks=2)
    value, found = value_and_grad(lambda x: (x**3).sum())(lazy)
    _, pull = vjp(lambda x: x**2, lazy)
    pulled = pull(da.ones(4, chunks=2))[0]
    _, tangent = jvp(lambda x: x**2, (lazy,), (da.ones(4, chunks=2),))
    assert nothing_computed == []
    assert_allclose(found.compute(), 3 * x**2)
    assert_allclose(value.compute(), (x**3).sum())
    assert_allclose(pulled.compute(), 2 * x)
    assert_allclose(tangent.compute(), 2 * x)


def test_float32_dask_arrays_stay_float32():
    t = Tensor(da.ones(3, dtype=np.float32), requires_grad=True)
    ((2 * t + 1.5).mean() ** 2).backward()
    assert t.grad.dtype == np.float32


def test_numpy_arrays_and_dask_arrays_meet(nothing_computed):
    t, n = leaf(np.ones(3)), Tensor(np.arange(3.0), requires_grad=True)
    (t * n * np.array([1.0, 2.0, 3.0])).sum().backward()
    assert nothing_computed == []
    assert_allclose(t.grad.compute(), [0.0, 2.0, 6.0])
    assert_allclose(np.asarray(n.grad), [1.0, 2.0, 3.0])


# --- a minimal array of our own -------------------------------------------------------------------


class Duck:
    """An array that knows NumPy's protocols and counts who turns it into a NumPy array."""

    conversions = 0

    def __init__(self, array):
        self.array = np.asarray(array)

    def __array__(self, dtype=None, copy=None):
        Duck.conversions += 1
        return np.array(self.array, dtype=dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return _ducked(getattr(ufunc, method)(*map(_unducked, inputs), **kwargs))

    def __array_function__(self, function, types, args, kwargs):
        return _ducked(
            function(*map(_unducked, args), **{k: _unducked(v) for k, v in kwargs.items()})
        )

    def __getattr__(self, name):
        found = getattr(self.array, name)
        if not callable(found):
            return _ducked(found)
        return lambda *args, **kwargs: _ducked(found(*map(_unducked, args), **kwargs))

    def __getitem__(self, index):
        return Duck(self.array[index])

    def __setitem__(self, index, value):
        self.array[index] = _unducked(value)


def _unducked(x):
    if isinstance(x, (list, tuple)):
        return type(x)(map(_unducked, x))
    return x.array if isinstance(x, Duck) else x


def _ducked(x):
    if isinstance(x, tuple):
        return tuple(map(_ducked, x))
    return Duck(x) if isinstance(x, (np.ndarray, np.generic)) else x


def _operator(name):
    return lambda self, *other: _ducked(getattr(self.array, name)(*map(_unducked, other)))


for _name in ["add", "sub", "mul", "truediv", "pow", "matmul", "mod", "floordiv"]:
    for _prefix in ("", "r"):
        setattr(Duck, f"__{_prefix}{_name}__", _operator(f"__{_prefix}{_name}__"))
for _name in ["lt", "le", "gt", "ge", "eq", "ne", "neg", "abs", "and", "or", "invert"]:
    setattr(Duck, f"__{_name}__", _operator(f"__{_name}__"))


@each(("expression", "shapes"), [
    *LAZY, ("cumprod(x, axis=0)", ((3, 2),)), ("median(x, axis=0)", ((3, 2),)),
    ("sort(x) * x", ((3,),)), ("inv(x + 3 * eye(3))", ((3, 3),)), ("det(x)", ((3, 3),)),
    ("solve(x + 3 * eye(3), y)", ((3, 3), (3, 2))), ("nan_to_num(x) * x", ((3,),)),
    ("cholesky(x @ x.T + eye(3))", ((3, 3),)), ("slogdet(x)", ((3, 3),)),
    ("getitem(x, s_[np.array([0, 0, 1])])", ((3,),)), ("repeat(x, 2)", ((3,),)),
    ("tile(x, 2)", ((3,),)),
    ("diag(x)", ((3,),)), ("trace(x)", ((3, 3),)), ("kron(x, y)", ((2, 2), (2, 2))),
    ("take_along_axis(x, np.array([[0], [1]]), 1)", ((2, 3),)),
])  # fmt: skip
def test_no_operation_turns_a_duck_into_a_numpy_array_forward_or_backward(expression, shapes):
    case = Case("duck", expression, shapes)
    tensors = [Tensor(Duck(x), requires_grad=True) for x in case.inputs()]
    plain = [Tensor(x, requires_grad=True) for x in case.inputs()]
    before = Duck.conversions
    outs = [case.run(OURS, ts)[-1] for ts in (tensors, plain)]
    for out in outs:
        (out * out).sum().backward()
    assert Duck.conversions == before
    assert isinstance(outs[0].data, Duck)
    assert_allclose(outs[0].data.array, outs[1].data, rtol=1e-14)
    for duck, numpys in zip(tensors, plain):
        assert isinstance(duck.grad, Duck)
        assert_allclose(duck.grad.array, numpys.grad, rtol=1e-13)


def test_its_shape_kind_and_gradient_are_looked_at_without_conversion():
    t = Tensor(Duck(np.ones((2, 3))), requires_grad=True)
    before = Duck.conversions
    (t * 2.0).backward(Duck(np.ones((2, 3))))
    (t * 2.0).sum().backward()
    t.zero_grad()
    t.data = Duck(np.zeros((2, 3)))
    assert (t.shape, t.ndim, t.size, t.dtype, len(t)) == ((2, 3), 2, 6, np.float64, 2)
    assert t.detach().T.shape == (3, 2)
    assert isinstance(t.detach().numpy(), Duck)
    assert Duck.conversions == before
