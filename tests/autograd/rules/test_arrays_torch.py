"""Values, gradients and second derivatives of over two thousand array programs, beside PyTorch's.

The cases are in array_cases.py, the stored figures in tests/oracles.
"""

import pathlib

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Tensor, grad
from autograd.op import COMPOSITIONS, RULEBOOK, plain
from tests.autograd import numpy_cases
from tests.autograd.array_cases import CASES, FAMILIES, NUMPY, OURS, names_in, weights
from tests.each import each, in_ci

STORED = pathlib.Path(__file__).parents[2] / "oracles" / "arrays_torch.npz"

with np.load(STORED) as _stored:
    STORED_NAMES = {text.partition("(")[0] for text in _stored["cases"].tolist()}

# A function of numbers that was declared since, and that PyTorch may not have, is tried in
# test_rules.py.
WITH_FIGURES = [c for c in CASES if c.name not in RULEBOOK or c.name in STORED_NAMES]
SOME_WITH_FIGURES = WITH_FIGURES[:: in_ci(1, 3)]

IN_NUMPY = [
    case for case in CASES if all(hasattr(NUMPY, name) for name in names_in(case.expression))
]


@pytest.fixture(scope="module")
def figures():
    with np.load(STORED) as stored:
        parts = np.split(stored["figures"], stored["ends"][:-1])
        return dict(zip(stored["cases"].tolist(), parts))


def test_every_case_has_stored_figures_and_every_family_three_hundred(figures):
    texts = [str(case) for case in WITH_FIGURES]
    assert {*figures} == {*texts}, "run tests/oracles/arrays_torch.py again"
    for family in FAMILIES:
        assert sum(case.family == family for case in WITH_FIGURES) >= 300


def weighted_sum(outs, seed):
    return sum((w * out).sum() for w, out in zip(weights(outs, seed), outs))


def gradient(outs, xs, seed):
    """By `backward()`; zeros where there is no path."""
    total = weighted_sum(outs, seed)
    if isinstance(total, Tensor) and total.requires_grad:
        total.backward()
    return [np.zeros(x.shape) if x.grad is None else x.grad for x in xs]


@each("case", WITH_FIGURES)
def test_values_and_gradients_are_pytorchs(case, figures):
    xs = [Tensor(x, requires_grad=True) for x in case.inputs()]
    outs = case.run(OURS, xs)
    ours = [*map(plain, outs), *gradient(outs, xs, 1)]
    flat = np.concatenate([np.ravel(a) for a in ours])
    assert_allclose(flat, figures[str(case)][: flat.size], rtol=1e-10, atol=1e-12)


@each("case", SOME_WITH_FIGURES)
def test_second_derivatives_are_pytorchs(case, figures):
    xs = case.inputs()
    every = tuple(range(len(xs)))

    def first(*xs):
        return grad(lambda *xs: weighted_sum(case.run(OURS, xs), 1), every)(*xs)

    second = grad(lambda *xs: weighted_sum(first(*xs), 2), every)(*xs)
    flat = np.concatenate([np.ravel(a) for a in second])
    assert [a.shape for a in second] == [x.shape for x in xs]
    stored = figures[str(case)]
    assert_allclose(flat, stored[-flat.size or stored.size :], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@each("case", IN_NUMPY[:: in_ci(1, 3)])
def test_values_shapes_and_dtypes_are_numpys(case, dtype):
    xs = [x.astype(dtype) for x in case.inputs()]
    expected = case.run(NUMPY, xs)
    outs = [np.asarray(plain(out)) for out in case.run(OURS, [Tensor(x) for x in xs])]
    for out, numpys in zip(outs, expected, strict=True):
        rtol = 1e-13 if dtype == np.float64 else 2e-6
        assert_allclose(out, numpys, rtol=rtol, atol=rtol)
        assert (out.shape, out.dtype) == (np.shape(numpys), np.asarray(numpys).dtype)


def test_every_composition_is_in_some_case():
    """Those of numpy_cases.py need not be, which are held against NumPy; nor need operations."""
    used = {name for case in CASES for name in names_in(case.expression)}
    without_derivative = {"any", "all", "argmax", "argmin", "count_nonzero"}
    assert set(COMPOSITIONS) - used - set(numpy_cases.CASES) <= without_derivative
