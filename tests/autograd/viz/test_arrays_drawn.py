"""Shapes, axes and indices drawn at random: values as NumPy's, gradients by complex step."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

import autograd
from autograd import Tensor
from autograd.op import RULEBOOK, Elementwise
from tests.autograd.array_cases import NUMPY, OURS, spread
from tests.autograd.reference import central_difference, complex_step, inside_domain
from tests.each import in_ci

settings.register_profile("arrays", print_blob=True, max_examples=in_ci(40, 8))
drawn = settings(settings.get_profile("arrays"))

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
FULL_SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3)
TWO_SHAPES = hnp.mutually_broadcastable_shapes(
    num_shapes=2, min_dims=0, max_dims=3, min_side=0, max_side=3
)
MATRICES = hnp.mutually_broadcastable_shapes(
    signature=np.matmul.signature, max_dims=2, max_side=3, min_side=0
)
BINARY = [op for op in RULEBOOK.values() if isinstance(op, Elementwise) and op.arity == 2]
UNARY = [op for op in RULEBOOK.values() if isinstance(op, Elementwise) and op.arity == 1]


def check(ours, numpys, xs, smooth=True):
    """Values as NumPy's, shape and dtype included; gradients as the oracle's, in x's shape."""
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    out, expected = ours(*tensors), np.asarray(numpys(*xs))
    assert_allclose(out.data, expected, rtol=1e-13, atol=1e-14)
    assert (out.shape, out.dtype) == (expected.shape, expected.dtype)
    weights = spread(expected.shape, 0.5, 1.5)
    out.backward(weights)
    oracle, rtol = (complex_step, 1e-11) if smooth else (central_difference, 1e-6)
    for i, t in enumerate(tensors):
        truth = oracle(lambda *moved: np.sum(weights * numpys(*moved)), xs, i)
        assert t.grad.shape == t.shape
        assert_allclose(t.grad, truth, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.name)
@drawn
@given(shapes=TWO_SHAPES)
def test_operands_of_drawn_shapes_broadcast_and_get_gradients_of_their_own(op, shapes):
    xs = [inside_domain(op, shape, seed)[i] for i, (shape, seed) in enumerate(
        zip(shapes.input_shapes, (0, 1)))]  # fmt: skip
    check(op, op.forward, xs, op.smooth)


@pytest.mark.parametrize("op", UNARY, ids=lambda op: op.name)
@settings(drawn, max_examples=in_ci(15, 5))
@given(shape=SHAPES)
def test_functions_of_one_array_of_a_drawn_shape(op, shape):
    check(op, op.forward, inside_domain(op, shape), op.smooth)


@st.composite
def arrays_and_axes(draw, shapes):
    shape = draw(shapes)
    whole = st.integers(-len(shape), len(shape) - 1) if shape else st.none()
    several = st.lists(whole, unique_by=lambda i: i % max(len(shape), 1)).map(tuple)
    axis = draw(st.one_of(st.none(), whole, several)) if shape else None
    return spread(shape, -2.0, 2.0, draw(st.integers(0, 9))), axis


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "var"])
@drawn
@given(drawn_case=arrays_and_axes(SHAPES), keepdims=st.booleans())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the mean of nothing is nan, as NumPy's
def test_smooth_reductions_over_drawn_axes(name, drawn_case, keepdims):
    x, axis = drawn_case
    axes = range(x.ndim) if axis is None else np.atleast_1d(np.asarray(axis, int))
    if name in ("mean", "var") and not math.prod(x.shape[i] for i in axes):
        assert np.isnan(getattr(OURS, name)(Tensor(x), axis=axis).data).all()
        return
    f = getattr(NUMPY, name)
    if name == "var":  # NumPy's takes absolute values, which a complex step does not survive
        f = lambda x, **k: np.mean((x - np.mean(x, axis=k["axis"], keepdims=True)) ** 2, **k)  # noqa: E731
    options = {"axis": axis, "keepdims": keepdims}
    check(lambda t: getattr(OURS, name)(t, **options), lambda x: f(x, **options), [x])


@pytest.mark.parametrize("name", ["max", "min", "median", "logsumexp", "std"])
@drawn
@given(drawn_case=arrays_and_axes(FULL_SHAPES), keepdims=st.booleans())
def test_other_reductions_over_drawn_axes(name, drawn_case, keepdims):
    x, axis = drawn_case
    if name in ("std", "median") and (axis == () or _is_one(x, axis)):
        return  # a root of 0; NumPy's median takes no empty tuple
    options = {"axis": axis, "keepdims": keepdims}

    def numpys(x):
        if name == "logsumexp":
            return np.log(np.exp(x).sum(**options))
        return getattr(np, name)(x, **options)

    check(lambda t: getattr(OURS, name)(t, **options), numpys, [x], smooth=name == "logsumexp")


def _is_one(x, axis):
    return np.size(x) == np.size(np.sum(x, axis=axis))


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@drawn
@given(drawn_case=arrays_and_axes(SHAPES))
def test_running_sums_and_products_over_drawn_axes(name, drawn_case):
    x, axis = drawn_case
    if x.ndim == 0 or isinstance(axis, tuple):
        axis = None
    f = getattr(np, name)
    check(lambda t: getattr(autograd, name)(t, axis), lambda x: f(x, axis=axis), [x])


@pytest.mark.parametrize("name", ["max", "min", "median", "std", "argmax", "argmin"])
def test_what_has_no_answer_on_no_elements_is_refused_as_numpy_does(name):
    t = Tensor(np.zeros((0, 3)))
    if name in ("median", "std"):
        with pytest.warns(RuntimeWarning, match="invalid value|empty slice|divide"):
            assert np.isnan(getattr(OURS, name)(t).data)
    else:
        with pytest.raises(ValueError, match=r"zero-size|empty sequence|\(0, 3\)"):
            getattr(OURS, name)(t)


@drawn
@given(data=st.data(), shape=hnp.array_shapes(max_dims=3, max_side=4))
def test_drawn_indices(data, shape):
    index = data.draw(
        hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
        | hnp.integer_array_indices(shape)
        | hnp.arrays(bool, shape)
    )
    check(lambda t: t[index] * 3.0, lambda x: x[index] * 3.0, [spread(shape, -1.0, 1.0)])


@drawn
@given(data=st.data())
def test_drawn_matrix_products(data):
    shapes = data.draw(MATRICES).input_shapes
    xs = [spread(shape, -1.0, 1.0, i) for i, shape in enumerate(shapes)]
    check(lambda a, b: a @ b, lambda a, b: a @ b, xs)


@drawn
@given(data=st.data(), shape=SHAPES)
def test_drawn_reshapes_and_orders_of_axes(data, shape):
    x = spread(shape, -1.0, 1.0)
    order = data.draw(st.permutations(range(len(shape))))
    check(lambda t: np.transpose(t, order) ** 2, lambda x: np.transpose(x, order) ** 2, [x])
    ones = data.draw(st.integers(0, 2))
    new = (*shape[::-1], *[1] * ones)
    check(lambda t: t.reshape(new) ** 2, lambda x: x.reshape(new) ** 2, [x])
    target = (data.draw(st.integers(0, 2)), *shape)
    check(lambda t: np.broadcast_to(t, target) ** 2, lambda x: np.broadcast_to(x, target) ** 2, [x])


@drawn
@given(shape=hnp.array_shapes(min_dims=1, max_dims=3, max_side=3), axis=st.integers(-3, 2),
       parts=st.integers(1, 3))  # fmt: skip
def test_drawn_joins_and_cuts(shape, axis, parts):
    if not -len(shape) <= axis < len(shape):
        axis = 0
    xs = [spread(shape, -1.0, 1.0, seed) for seed in range(parts)]

    def program(*xs):
        joined = np.concatenate(xs, axis=axis)
        cut = np.array_split(joined, parts, axis=axis)[-1]
        return np.flip(np.roll(cut * cut, 1, axis=axis), axis=axis)

    check(program, program, xs)


@drawn
@given(shape=SHAPES, fill=st.sampled_from([0.0, 1.0, -2.0]))
def test_ties_share_the_gradient_equally_and_it_adds_up_to_one(shape, fill):
    if 0 in shape:
        return
    t = Tensor(np.full(shape, fill), requires_grad=True)
    t.max().backward()
    assert_allclose(t.grad, 1 / t.size)
    u, v = (
        Tensor(np.full(shape, fill), requires_grad=True),
        Tensor(np.full(shape, fill), requires_grad=True),
    )
    for f in (np.maximum, np.minimum, np.fmax, np.fmin):
        u.zero_grad(), v.zero_grad()
        f(u, v).sum().backward()
        assert_allclose(u.grad, 0.5)
        assert_allclose(v.grad, 0.5)
