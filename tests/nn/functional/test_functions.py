"""Functions of images and sequences against PyTorch's figures, values and two derivatives."""

import pathlib

import numpy as np
from numpy.testing import assert_allclose

from autograd import vjp
from nn import functional as F
from tests.each import each
from tests.nn.functional.function_cases import CASES, spread

with np.load(pathlib.Path(__file__).parents[2] / "oracles" / "functions_torch.npz") as stored:
    FIGURES = dict(zip(stored["cases"], np.split(stored["figures"], stored["ends"][:-1])))


def gradients(case, *xs):
    """Of the squares of the result, weighted and summed."""

    def squares(*xs):
        out = case.run(F, xs)
        return out * out

    out, pull = vjp(squares, *xs)
    return pull(spread(out.shape, 1000))


@each("case", CASES, ids=str)
def test_values_and_derivatives_of_two_orders_are_pytorchs(case):
    xs = case.inputs()
    first, pull = vjp(lambda *xs: gradients(case, *xs), *xs)
    second = pull(tuple(spread(grad.shape, 2000) for grad in first))
    ours = np.concatenate([np.ravel(a) for a in (case.run(F, xs), *first, *second)])
    assert_allclose(ours, FIGURES[str(case)], rtol=1e-10, atol=1e-12)
