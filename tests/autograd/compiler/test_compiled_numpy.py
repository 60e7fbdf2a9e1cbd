"""NumPy's further functions inside compiled functions: the numbers as uncompiled."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
from autograd import Tensor
from tests.autograd import numpy_cases
from tests.autograd.cases import NUMPY, arrays_of
from tests.each import each, in_ci

CASES = {
    f"{name}-{i}-{len(table)}": case
    for table in (numpy_cases.CASES, numpy_cases.OPTIONS)
    for name, cases in table.items()
    if name not in ("any", "all")
    for i, case in enumerate(cases)
}


def run(f, xs, weights):
    tensors = [Tensor(x, requires_grad=True) for x in xs]
    out = f(*tensors)
    out.backward(weights)
    grads = [np.zeros(t.shape) if t.grad is None else t.grad for t in tensors]
    return [out.data, *grads]


MODULES = itertools.cycle([autograd, NUMPY])  # NumPy's functions are autograd's on Tensors


@each(
    ("m", "name"),
    [*zip(MODULES, CASES)][:: in_ci(1, 3)],
    ids=lambda case: f"{case[0].__name__} {case[1]}",
)
@pytest.mark.filterwarnings("ignore")
def test_a_compiled_function_gives_the_numbers_of_the_uncompiled(m, name):
    if m is autograd and name.startswith(("degrees", "positive")):
        return
    shapes, call = CASES[name]
    compiled = autograd.compile(lambda *xs: call(m, *xs), audit=False)
    weights = np.random.default_rng(1).normal(size=np.shape(call(NUMPY, *arrays_of(shapes))))
    for turn in range(2):  # recorded, then run, with other numbers on the same side of every kink
        xs = [x + 0.013 * turn * np.sign(x) for x in arrays_of(shapes)]
        expected = run(lambda *ts: call(m, *ts), xs, weights)
        found = run(compiled, xs, weights)
        for a, b in zip(found, expected):
            assert_allclose(a, b, rtol=1e-11, atol=1e-13)


def test_the_methods_of_numpys_functions_are_compiled_as_they_compute():
    w = Tensor(2.0, requires_grad=True)

    def f(a):
        sums, running = np.add.reduce(a, axis=0), np.add.accumulate(a[0])
        return (w * sums).sum() + (w * running).sum() + (w * np.multiply.outer(a[0], a[1])).sum()

    compiled = autograd.compile(f)
    for scale in (1.0, -3.0):
        a = scale * np.array([[1.0, 2.0], [3.0, 5.0]])
        w.grad = None
        compiled(a).backward()
        expected = a.sum() + np.cumsum(a[0]).sum() + np.outer(a[0], a[1]).sum()
        assert_allclose(w.grad, expected, rtol=1e-12)
    assert "as it is written" not in str(compiled.program())


def compiled_and_not(f, *args):
    """And that it is compiled: where types differ a function goes on as it is written."""
    g = autograd.compile(f)
    found = [g(*args) for _ in range(3)][-1]
    assert g.program()
    return found, f(*args)


def test_a_type_that_is_asked_for_without_a_copy_is_given():
    ours, numpys = compiled_and_not(lambda x: x.astype(np.float32, copy=False), np.ones(2))
    assert ours.dtype == numpys.dtype == np.float32


def test_a_method_of_a_number_gives_a_number():
    ours, numpys = compiled_and_not(lambda x: x.clip(0.0, 0.25), np.float32(0.5))
    assert type(ours) is type(numpys) is np.float32

    def f(x):  # a number is no array
        return x * (2.0 if isinstance(x.squeeze(), np.ndarray) else 3.0)

    ours, numpys = compiled_and_not(f, np.float32(0.5))
    assert ours == numpys == 1.5


@pytest.mark.parametrize("kind", [float, np.float64])
def test_a_number_of_numpys_beside_narrow_arrays_widens_them_and_a_python_float_does_not(kind):
    narrow = np.ones(3, np.float32)
    ours, numpys = compiled_and_not(lambda x, a: (x * 2.0) * a, kind(0.5), narrow)
    assert ours.dtype == numpys.dtype == (np.float64 if kind is np.float64 else np.float32)


@each("dtype", [np.float32, np.float64])
def test_an_array_to_the_power_of_a_float_argument_is_recorded(dtype):
    x = np.array([0.5, 2.0, 3.0], dtype)
    for f in (lambda a, p: a**p, lambda a, p: p**a, lambda a, p: pow(a * a, 2 * p)):
        ours, numpys = compiled_and_not(f, x, 0.7)
        assert ours.dtype == numpys.dtype == dtype
        np.testing.assert_allclose(ours, numpys, rtol=1e-6 if dtype == np.float32 else 1e-14)


@each("axis", [np.int64(0), np.int32(-1), (np.int64(0), np.int8(1))])
def test_an_axis_may_be_one_of_numpys_integers(axis):
    x = np.array([[0.5, 2.0, 3.0], [4.0, -1.0, 0.0]])
    for reduce in (np.max, np.amin, np.sum, np.mean, np.ptp):
        for given in (x, Tensor(x)):
            ours, numpys = compiled_and_not(lambda a, f=reduce: f(a * 2.0, axis=axis), given)
            np.testing.assert_allclose(np.asarray(ours), np.asarray(numpys), rtol=1e-14)
