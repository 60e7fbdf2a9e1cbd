"""NumPy's functions on single Values, lists of them and arrays of them: right, or refused."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
from autograd import Tensor, Value, grad
from autograd.op import COMPOSITIONS
from tests.autograd.cases import COMPOSED_CASES, NUMPY, arrays_of
from tests.each import each

NAN, INF = np.nan, np.inf
boxes = np.vectorize(Value, otypes=[object])


def elements(out):
    return np.asarray(out, dtype=object).ravel()


# --- a single Value is what a number is -----------------------------------------------------------

# Of each function its value and its derivative at 2.0.
OF_ONE = {
    "std": (0.0, 0.0), "var": (0.0, 0.0), "sum": (2.0, 1.0), "max": (2.0, 1.0), "min": (2.0, 1.0),
    "prod": (2.0, 1.0), "mean": (2.0, 1.0), "median": (2.0, 1.0), "round": (2.0, 0.0),
    "ptp": (0.0, 0.0), "average": (2.0, 1.0), "nansum": (2.0, 1.0), "nanmean": (2.0, 1.0),
    "nanmax": (2.0, 1.0), "sinc": (0.0, 0.5), "fix": (2.0, 0.0), "linalg.norm": (2.0, 1.0),
    "trunc": (2.0, 0.0), "rint": (2.0, 0.0), "degrees": (360 / np.pi, 180 / np.pi),
    "radians": (np.pi / 90, np.pi / 180), "copy": (2.0, 1.0), "positive": (2.0, 1.0),
    "nan_to_num": (2.0, 1.0), "fabs": (2.0, 1.0), "squeeze": (2.0, 1.0), "amax": (2.0, 1.0),
}  # fmt: skip


def numpys(name):
    function = np
    for part in name.split("."):
        function = getattr(function, part)
    return function


@each("name", OF_ONE)
def test_numpys_function_of_a_value_is_that_of_its_number_with_its_derivative(name):
    f, (expected, slope) = numpys(name), OF_ONE[name]
    out = f(Value(2.0))
    assert type(out) is Value
    assert_allclose(out.data, f(2.0), atol=1e-16)
    assert_allclose(out.data, expected, atol=1e-15)
    assert_allclose(grad(f)(2.0), slope, rtol=1e-15)


def test_numpys_deviation_and_sinc_are_differentiated_at_their_edges():
    assert grad(np.std)(1.0) == 0.0
    assert grad(np.sinc)(0.0) == 0.0
    assert_allclose(grad(grad(np.sinc))(0.0), -(np.pi**2) / 3, rtol=1e-14)
    assert_allclose(grad(grad(grad(grad(np.sinc))))(0.0), np.pi**4 / 5, rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "number"), [(np.isnan, NAN), (np.isinf, INF), (np.isfinite, 1.0), (np.signbit, -0.0)]
)
def test_numpys_questions_about_a_value_are_answered_plainly(f, number):
    answer = f(Value(number))
    assert answer == np.True_
    assert not isinstance(answer, Value)


def test_numpys_descriptions_and_tests_of_a_value_are_plain():
    v = Value(2.0)
    assert (np.shape(v), np.ndim(v), np.size(v)) == ((), 0, 1)
    assert np.isclose(v, 2.0)
    assert np.allclose(v, 2.0)
    assert np.argmax(v) == 0


@each(
    ("f", "slope"),
    [
        (lambda v: np.interp(v, [0.0, 1.0, 3.0], [1.0, 2.0, 6.0]), 2.0),
        (lambda v: np.select([v > 3, v > 1], [v * v, 5 * v], 0.0), 5.0),
        (lambda v: np.select([v > 1, v > 0], [v * v, 5 * v], 0.0), 4.0),
        (lambda v: np.select([v > 5], [v * v], 7.0) + 0 * v, 0.0),
        (lambda v: np.where(True, v * v, 0.0), 4.0),
        (lambda v: np.clip(v, 0, 3), 1.0),
        (lambda v: np.clip(v, 0, 1), 0.0),
        (lambda v: np.round(v, 1) * v, 2.0),
        (lambda v: np.polyval([1.0, 0.0, 3.0], v), 4.0),
        (lambda v: np.float_power(v, 3), 12.0),
        (lambda v: np.copysign(v, -1.0), -1.0),
        (lambda v: np.fmod(-7.0, v), 3.0),
        (lambda v: np.stack([v, v * v]).sum(), 5.0),
        (lambda v: np.linspace(v, 4.0, 5).sum(), 2.5),
        (lambda v: np.sum(np.full(3, v)), 3.0),
        (lambda v: np.max(v, initial=1.0), 1.0),
    ],
)
def test_numpys_functions_of_values_and_numbers_keep_the_derivative(f, slope):
    assert_allclose(grad(f)(2.0), slope, rtol=1e-14)
    assert_allclose(float(f(Value(2.0)).data), f(2.0), rtol=1e-15)


@pytest.mark.parametrize("f", [
    lambda v: np.percentile(v, 50), np.histogram, np.heaviside,
    lambda v: np.nextafter(v, 1.0), np.modf, np.frexp, np.i0,
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::autograd.errors.LostGradientWarning")
def test_a_function_that_would_make_plain_numbers_of_a_value_is_refused_by_name(f):
    with pytest.raises(TypeError, match=r"np\.\w+: (has no derivative here|needs)|heaviside"):
        f(Value(2.0))


# --- lists and arrays of Values -------------------------------------------------------------------


REFUSALS = (TypeError, AttributeError, ValueError, NotImplementedError)
# NumPy asks `x != x` for nan, and casts by float() where it is told a dtype: see the manual.
NUMPYS_OWN = ("nan", "dtype", "float)", "period")


@each(("name", "case"), COMPOSED_CASES.items(), ids=COMPOSED_CASES)
@pytest.mark.parametrize("module", [autograd, NUMPY], ids=["ours", "numpys"])
@pytest.mark.filterwarnings("ignore")
def test_a_function_of_an_array_of_values_is_right_or_refused(module, name, case):
    shapes, call = case
    xs = arrays_of(shapes)
    expected = call(NUMPY, *xs)
    if module is NUMPY and _is_numpys_own(name):
        return
    values = [boxes(x) if x.size else x.astype(object) for x in xs]
    try:
        out = call(module, *values)
    except REFUSALS:
        assert module is NUMPY or name.split("-")[0] in WITHOUT_VALUES
        return
    numbers = [x.data if isinstance(x, Value) else x for x in elements(out)]
    assert np.shape(out) == np.shape(expected)
    assert_allclose(np.array(numbers, float), np.ravel(expected), rtol=1e-12, atol=1e-14)
    if np.asarray(expected).dtype.kind != "f":
        return
    weights = np.random.default_rng(1).normal(size=np.shape(expected))
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    call(autograd, *tensors).backward(weights)
    for node, weight in zip(elements(out), weights.ravel()):
        if isinstance(node, Value) and node.requires_grad:
            (float(weight) * node).backward()
    for tensor, value in zip(tensors, values):
        found = np.array([v.grad for v in value.ravel()], float).reshape(tensor.shape)
        wanted = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad
        assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


WITHOUT_VALUES = {"slogdet", "eigh", "norm", "matrix_power"}  # what LAPACK computes


def _is_numpys_own(name):
    function, *rest = name.split("-")
    option = "option" in rest
    return function.startswith("nan") or function == "interp" or (
        option and function in ("sum", "prod", "mean", "std", "cumsum", "cumprod")
    )  # fmt: skip


@pytest.mark.parametrize("name", ["std", "var", "mean", "sum", "prod", "max", "min", "median"])
def test_ours_of_a_list_of_values_is_numpys(name):
    numbers = [1.0, 3.0, 4.5]
    vs, ws = ([Value(x) for x in numbers] for _ in range(2))
    ours, theirs = getattr(autograd, name)(vs), getattr(np, name)(ws)
    assert type(ours) is type(theirs) is Value
    assert_allclose([ours.data, theirs.data], getattr(np, name)(numbers), rtol=1e-15)
    ours.backward()
    theirs.backward()
    assert_allclose([v.grad for v in vs], [w.grad for w in ws], rtol=1e-14)


def test_the_deviation_of_equal_values_has_the_derivative_zero():
    vs = [Value(2.0), Value(2.0)]
    autograd.std(vs).backward()
    assert [v.grad for v in vs] == [0.0, 0.0]


def test_values_are_not_made_floats_by_a_change_of_type():
    vs = boxes([1.0, 2.0])
    assert autograd.astype(vs, float)[1] is vs[1]
    with pytest.raises(TypeError, match="astype: needs Tensors, but got an array of Values"):
        autograd.astype(vs, np.float32)


@pytest.mark.parametrize("name", ["inv", "det", "cholesky", "eigvalsh", "svdvals", "logabsdet"])
def test_what_lapack_computes_says_how_to_begin_with_a_tensor(name):
    with pytest.raises(TypeError, match=rf"^{name}: is not to be had of an array of V.*Tensor\("):
        getattr(autograd, name)(boxes([[2.0, 1.0], [1.0, 2.0]]))


def test_every_composition_of_arrays_takes_a_list_of_values():
    vs = [Value(1.0), Value(2.5), Value(-1.0)]
    answers = 0
    for name in ("ptp", "average", "nansum", "nanmax", "diff", "trapezoid", "logsumexp", "copy",
                 "flipud", "norm", "std", "cumsum", "sort", "softmax"):  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = getattr(autograd, name)(vs)
        answers += all(isinstance(x, Value) for x in elements(out))
        assert name in COMPOSITIONS or name in vars(autograd)
    assert answers == 14


def test_options_take_lists_of_values():
    vs = [Value(1.0), Value(3.0)]
    total = autograd.sum(vs, where=[True, False], initial=5.0)
    total.backward()
    assert (total.data, vs[0].grad, vs[1].grad) == (6.0, 1.0, 0.0)
    assert autograd.max(vs, initial=2.0).data == 3.0
    assert autograd.mean(vs, where=[False, True]).data == 3.0
