"""Values and derivatives at zeros, infinities, ties and ends of ranges."""

import itertools
import json
import math
import pathlib
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn.functional
from autograd import Tensor, Value, grad, hessian
from tests.each import each, in_ci

INF, NAN = np.inf, np.nan
STORED = pathlib.Path(__file__).parents[2] / "oracles" / "special_points_torch.json"
FIGURES = json.loads(STORED.read_text(encoding="utf-8"))
OURS = {"autograd": autograd, "nn.functional": nn.functional}

silent = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def tensor(x):
    return Tensor(x, requires_grad=True)


both_kinds = each("kind", [Value, tensor])


# --- beside PyTorch -------------------------------------------------------------------------------


def same_as_pytorch(module, name, kind, function):
    for operands, value, derivatives in FIGURES[module][name]:
        if name == "sinc" and abs(operands[0]) == 1e200:
            continue  # neighbours of 1e200 are many turns of the circle apart: PyTorch says 0
        if name == "power" and operands == [-INF, 0.5] and kind is tensor:
            continue  # of arrays NumPy's x ** 0.5 is sqrt(x)
        nodes = [kind(x) for x in operands]
        out = function(*nodes)
        out.backward()
        ours = [out.data, *(x.grad for x in nodes)]
        assert_allclose(ours, [value, *derivatives], rtol=1e-13, atol=1e-16, err_msg=str(operands))


@silent
@both_kinds
@each(("module", "name"), [(m, name) for m in OURS for name in FIGURES[m] if name != "clip"])
def test_at_zeros_and_infinities_values_and_derivatives_are_pytorchs(module, name, kind):
    same_as_pytorch(module, name, kind, getattr(OURS[module], name))


@silent
@both_kinds
def test_clip_passes_the_gradient_at_its_bounds_as_pytorchs_does(kind):
    same_as_pytorch("nn.functional", "clip", kind, lambda x: autograd.clip(x, -1.0, 2.0))


@pytest.mark.parametrize("low", [None, -1.0, [-1.0, -1.0, -1.0, -1.0]])
@pytest.mark.parametrize("high", [2.0, [2.0, 2.0, 2.0, 2.0]])
def test_bounds_of_any_form_pass_the_gradient_in_a_tie(low, high):
    x = tensor([-1.0, 2.0, 0.0, 3.0])
    bounds = [b if b is None or isinstance(b, float) else tensor(b) for b in (low, high)]
    autograd.clip(x, *bounds).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0, 0.0]
    for bound in bounds:
        if isinstance(bound, Tensor) and bound is bounds[1]:
            assert bound.grad.tolist() == [0.0, 0.0, 0.0, 1.0]


@silent
@both_kinds
@each(("loss", "slope"), [("huber_loss", 2.5), ("smooth_l1_loss", 1.0)])
def test_an_infinite_distance_pulls_as_every_large_one(kind, loss, slope):
    width = {"delta" if loss == "huber_loss" else "beta": 2.5}
    for distance, sign in ((INF, 1.0), (-INF, -1.0), (1e300, 1.0)):
        x = kind(distance)
        out = getattr(nn.functional, loss)(x, 0.0, **width)
        out.backward()
        assert (out.data > 1e299, x.grad) == (True, sign * slope)


@both_kinds
@each("width", [0.5, 1e300, INF])
def test_within_the_width_the_slope_of_huber_is_the_distance_to_the_last_digit(kind, width):
    for distance in (1e-300, -1e-12, 0.3, 0.5, -0.5):
        x = kind(distance)
        nn.functional.huber_loss(x, 0.0, delta=width).backward()
        assert x.grad == distance


# --- powers: closed forms -------------------------------------------------------------------------


def mixed(x, y, n, m):
    """The n-th derivative by x and m-th by y of x**y, x > 0.

    That by x is p(y) x**(y - n) with p(y) = y (y - 1) … (y - n + 1); the rest is Leibniz' rule.
    """
    p = np.poly1d([1.0])
    for k in range(n):
        p *= np.poly1d([1.0, -k])
    log = math.log(x)
    terms = (math.comb(m, j) * p.deriv(j)(y) * log ** (m - j) for j in range(m + 1))
    return x ** (y - n) * sum(terms)


ORDERS = [
    order for n in in_ci((1, 2, 3, 4), (1, 2, 3)) for order in itertools.product((0, 1), repeat=n)
]


@each("y", [0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5])
@each("order", ORDERS, ids=str)
def test_all_derivatives_of_a_power_by_base_and_exponent_are_the_closed_form(order, y):
    for x in (0.3, 1.0, 23.0):
        derivative = autograd.power
        for argument in order:
            derivative = grad(derivative, argument)
        expected = mixed(x, y, order.count(0), order.count(1))
        assert_allclose(derivative(x, y), expected, rtol=1e-12, atol=1e-12)
        on_arrays = derivative(np.array(x), np.array(y))
        assert_allclose(on_arrays, expected, rtol=1e-12, atol=1e-12)


@each("compiled", [False, True])
@each("y", [0.0, 1.0, 2.0, -1.0, 0.5])
@each("x", [0.3, 1.0, 23.0])
def test_the_hessian_of_a_power_is_symmetric_compiled_or_not(x, y, compiled):
    def f(v):
        return v[0] ** v[1]

    if compiled:
        f = autograd.compile(f)
    expected = [[mixed(x, y, 2, 0), mixed(x, y, 1, 1)], [mixed(x, y, 1, 1), mixed(x, y, 0, 2)]]
    assert_allclose(hessian(f)(np.array([x, y])), expected, rtol=1e-12, atol=1e-13)


@silent
@both_kinds
@pytest.mark.parametrize("exponent", [-1, -1.0, np.float64(-1.0), -2, -3, -0.5])
def test_a_negative_power_of_zero_has_an_infinite_derivative(kind, exponent):
    x = kind(0.0)
    (x**exponent).backward()
    assert x.grad == -INF


@silent
@both_kinds
@each("x", [-2.0, -1.0, -0.0, 0.0, 3.0, INF, -INF, NAN])
def test_the_power_zero_is_one_with_derivative_zero_whatever_the_base(kind, x):
    for zero in (0, 0.0, np.float64(0.0), Value(0.0) if kind is Value else Tensor(0.0)):
        base = kind(x)
        out = base**zero
        out.backward()
        assert (float(out.data), float(base.grad)) == (1.0, 0.0)


# --- the rest -------------------------------------------------------------------------------------


@silent
@both_kinds
@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh", "arccosh", "sqrt", "log"])
def test_where_a_derivative_is_infinite_it_is_so_on_single_numbers_and_on_rows(kind, name):
    point = 0.0 if name in ("sqrt", "log") else 1.0
    x, row = kind(point), tensor([point])
    function = getattr(autograd, name)
    function(x).backward()
    function(row).sum().backward()
    assert abs(x.grad) == INF
    assert_array_equal(x.grad, row.grad[0])


@both_kinds
def test_the_parameters_of_elu_and_leaky_relu_have_derivatives_at_infinity(kind):
    for function in (autograd.elu, autograd.leaky_relu):
        x, slope = kind(INF), kind(0.5)
        function(x, slope).backward()
        assert (x.grad, slope.grad) == (1.0, 0.0)


@pytest.mark.parametrize("alpha", [1.0, 0.3, -2.0])
def test_the_second_derivatives_of_elu_are_those_from_the_left_at_its_kink(alpha):
    found = hessian(lambda v: autograd.elu(v[0], v[1]))(np.array([0.0, alpha]))
    assert_array_equal(found, [[alpha, 1.0], [1.0, 0.0]])


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(
    ("shape", "axis", "result"), [((0,), None, ()), ((2, 0), 1, (2,)), ((0, 3), 0, (3,))]
)
def test_logsumexp_of_nothing_is_minus_infinity(shape, axis, result):
    x = Tensor(np.zeros(shape), requires_grad=True)
    out = autograd.logsumexp(x, axis=axis)
    assert_array_equal(out.data, np.full(result, -INF))
    out.sum().backward()
    assert x.grad.shape == shape


def test_sinc_far_out_has_a_derivative():
    assert_allclose(grad(autograd.sinc)(1e200), 0.0, atol=1e-199)


# --- running products -----------------------------------------------------------------------------


def product_rows(x):
    """d cumprod(x)[j] / d x[k], by leaving out x[k]."""
    n = len(x)
    return [
        [np.prod(np.delete(x[: j + 1], k)) if k <= j else 0.0 for k in range(n)] for j in range(n)
    ]


@pytest.mark.parametrize(
    "x",
    [
        [2.0],
        [0.0],
        [2.0, -3.0, 0.5],
        [2.0, 0.0, 3.0, 4.0, 5.0],
        [0.0, 0.0, 3.0],
        [2.0, 0.0, 3.0, 0.0, 5.0, 6.0, 7.0],
        [-0.0, 1.5, 2.5, 0.5, 0.25],
        list(np.linspace(-1.5, 1.5, 19)),
    ],
)
def test_the_derivatives_of_a_running_product_are_right_at_zeros_too(x):
    assert_allclose(autograd.jacobian(autograd.cumprod)(np.array(x)), product_rows(x), rtol=1e-13)
    # Of the product of all, the second derivative by x[i] and x[k] leaves out both.
    n = len(x)
    expected = [
        [0.0 if i == k else np.prod(np.delete(x, [i, k])) for i in range(n)] for k in range(n)
    ]
    second = hessian(lambda v: autograd.cumprod(v)[-1])(np.array(x))
    assert_allclose(second, expected, rtol=1e-12, atol=1e-13)


def test_the_gradient_of_a_running_product_takes_memory_in_proportion_to_its_length():
    def peak(n):
        x = Tensor(np.linspace(0.99, 1.01, n), requires_grad=True)
        total = autograd.cumprod(x).sum()
        tracemalloc.start()
        total.backward()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(4000) < 20 * 8 * 4000
    assert peak(16000) < 20 * 8 * 16000


# --- adding up in float16 -------------------------------------------------------------------------


def test_sums_of_many_float16_numbers_go_on_beyond_2048():
    x = Tensor([1.0, 2.0], dtype="float16", requires_grad=True)
    x[np.zeros(5000, int)].sum().backward()
    assert x.grad.tolist() == [5000.0, 0.0]


@pytest.mark.parametrize("name", ["norm", "std", "var"])
def test_lengths_and_deviations_in_float16_are_those_of_float64(name):
    for numbers in ([300.0, 400.0], [-3e4, 3e4], np.tile([7.0, -7.0], 1000)):
        x, exact = (Tensor(numbers, dtype=d, requires_grad=True) for d in ("float16", "float64"))
        expected = getattr(autograd, name)(exact)
        if expected.item() > 65504:
            continue  # no number of float16
        out = getattr(autograd, name)(x)
        out.backward()
        expected.backward()
        assert out.dtype == x.grad.dtype == np.float16
        assert_allclose(out.item(), expected.item(), rtol=2e-3)
        assert_allclose(x.grad, exact.grad, rtol=4e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
@pytest.mark.parametrize(("f", "at"), [(autograd.arcsin, 1.0), (autograd.sqrt, 0.0)])
def test_the_local_derivative_of_a_tensor_may_be_infinite(f, at, shape):
    with np.errstate(divide="ignore"):
        local = f(Tensor(np.full(shape, at), requires_grad=True)).local_derivative(0)
    assert local.shape == shape
    assert np.all(local == np.inf)


FLAT = [
    autograd.floor, autograd.ceil, autograd.rint, autograd.trunc, autograd.sign,
    lambda x: autograd.floor_divide(x, 0.7), lambda x: autograd.floor_divide(0.7, x + 3.0),
]  # fmt: skip


@pytest.mark.parametrize("flat", FLAT)
def test_no_gradient_passes_a_flat_function_not_even_an_infinite_one(flat):
    def f(x):
        return autograd.sqrt(flat(x) * 0.0) + x * x  # the root has an infinite derivative

    with np.errstate(divide="ignore", invalid="ignore"):
        assert grad(f)(0.5) == 1.0
        assert grad(grad(f))(0.5) == 2.0
        x = Tensor([0.5, 1.5], requires_grad=True)
        f(x).sum().backward()
        assert_array_equal(x.grad, [1.0, 3.0])
        assert_array_equal(hessian(lambda x: f(x).sum())(np.array([0.5, 1.5])), 2 * np.eye(2))
        w = Value(0.5)
        g = autograd.compile(f)
        for _ in range(3):
            w.zero_grad()
            g(w).backward()
            assert w.grad == 1.0


# --- products of matrices -------------------------------------------------------------------------


@pytest.mark.parametrize("special", [NAN, INF])
def test_the_power_0_of_any_matrix_is_the_unit_matrix(special):
    t = tensor(np.array([[[1.0, special], [3.0, 4.0]]]))
    out = np.linalg.matrix_power(t, 0)
    assert_array_equal(out.data, np.linalg.matrix_power(t.data, 0))
    out.sum().backward()
    assert_array_equal(t.grad, np.zeros((1, 2, 2)))


def _by_hand(a, b):
    """The products of numbers, added up in Python."""
    return [[sum(x * y for x, y in zip(row, col)) for col in b.T.tolist()] for row in a.tolist()]


@silent
@pytest.mark.parametrize("special", [NAN, INF])
@each("shape", list(itertools.product([1, 2, 3], repeat=3)))
def test_zero_times_nan_or_inf_is_nan_in_products_of_every_shape(shape, special):
    n, m, k = shape
    compiled = autograd.compile(lambda x, y: x @ y)
    for zero, other in ((np.zeros((n, m)), np.ones((m, k))), (np.ones((n, m)), np.zeros((m, k)))):
        for grad_out in (np.zeros((n, k)), np.ones((n, k))):
            arrays = zero.copy(), other.copy()
            for x in arrays:
                if x.any():
                    x[0, 0] = special
            a, b = map(tensor, arrays)
            out = a @ b
            out.backward(grad_out)
            assert_array_equal(out.data, _by_hand(*arrays))
            assert_array_equal(a.grad, _by_hand(grad_out, arrays[1].T))
            assert_array_equal(b.grad, _by_hand(arrays[0].T, grad_out))
            for found in (compiled(*arrays), compiled(*arrays)):
                assert_array_equal(found.data, out.data)
