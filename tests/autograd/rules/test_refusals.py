"""What operations refuse, in words of their own; and the corners that are not refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import ShapeError, Tensor, grad
from tests.each import each

X = np.array([[1.0, 2.0], [3.0, 4.0]])


REFUSED = {
    "meshgrid's indexing": (
        lambda: autograd.meshgrid(X[0], X[1], indexing="ab"),
        ValueError,
        "meshgrid: needs indexing 'xy' or 'ij', but got 'ab'",
    ),
    "vectors of a cross product": (
        lambda: autograd.cross(X[0], X[1]),
        ShapeError,
        "cross: .*3",
    ),
    "conditions without choices": (lambda: autograd.select([X > 2], []), ValueError, "select: "),
    "conditions that are none": (
        lambda: autograd.select([X], [X]),
        TypeError,
        "select: needs conditions of truth values, but got float64",
    ),
    "a mask as indices": (
        lambda: autograd.take(X, X[0] > 1),
        TypeError,
        r"take: needs whole numbers as indices, but got dtype bool. What a mask chooses is x\[mask",
    ),
    "a mask along an axis": (
        lambda: autograd.take_along_axis(X, X > 1),
        TypeError,
        "take_along_axis: needs whole numbers as indices, but got dtype bool",
    ),
    "a truth value in a list of Values": (
        lambda: autograd.take([autograd.Value(1.0), autograd.Value(2.0)], np.True_),
        TypeError,
        "take: needs whole numbers as indices, but got dtype bool",
    ),
    "no limits": (lambda: autograd.clip(X), ValueError, "clip: needs a_min or a_max"),
    "negative differences": (lambda: autograd.diff(X, -1), ValueError, "diff: needs n >= 0"),
    "differences of a number": (
        lambda: autograd.diff(Tensor(1.0)),
        ValueError,
        "diff: needs an array with an axis",
    ),
    "points that do not fit": (
        lambda: autograd.interp(X[0], X[0], np.ones(3)),
        ShapeError,
        "interp: ",
    ),
    "no period": (
        lambda: autograd.interp(X[0], X[0], X[1], period=0),
        ValueError,
        "interp: needs a period that is not 0",
    ),
    "a mask that is none": (
        lambda: autograd.sum(X, where=np.ones((2, 2))),
        TypeError,
        "where=: needs truth values, but got dtype float64",
    ),
    "a mean in whole numbers": (
        lambda: autograd.mean(Tensor(X), dtype=int),
        TypeError,
        "mean: needs a dtype of floats, but got int64",
    ),
    "a variance in whole numbers": (
        lambda: np.std(Tensor(X), dtype=np.int8),
        TypeError,
        "var, std: needs a dtype of floats, but got int8",
    ),
    "the largest of what may be nothing": (
        lambda: autograd.max(Tensor(X), where=X > 2),
        ValueError,
        "max: with where= it needs initial=",
    ),
    "another way to pad": (
        lambda: autograd.pad(X, 1, mode="wrap"),
        ValueError,
        "pad: needs mode 'constant', but got 'wrap'",
    ),
    "the triangle of a number": (
        lambda: autograd.tril(Tensor(1.0)),
        ShapeError,
        r"tril, triu: need a matrix, but got shape \(\)",
    ),
    "a power that is not whole": (
        lambda: autograd.matrix_power(X, 0.5),
        TypeError,
        "matrix_power: needs a whole number as exponent, but got 0.5",
    ),
    "the power of what is not square": (
        lambda: autograd.matrix_power(X[:1], 2),
        np.linalg.LinAlgError,
        r"matrix_power: needs square matrices, but got \(1, 2\)",
    ),
    "the derivative of det without an inverse": (
        lambda: autograd.grad(autograd.det)(np.ones((2, 2))),
        np.linalg.LinAlgError,
        "^det: has a derivative where the matrix has an inverse",
    ),
    "the derivative of ln |det| without an inverse": (
        lambda: autograd.grad(autograd.logabsdet)(np.ones((2, 2))),
        np.linalg.LinAlgError,
        "^logabsdet: has a derivative where the matrix has an inverse",
    ),
    "weights that add up to nothing": (
        lambda: autograd.average(X[0], weights=[1.0, -1.0]),
        ZeroDivisionError,
        "average: the weights add up to 0",
    ),
    "weights of another shape": (
        lambda: autograd.average(X, weights=[1.0, 2.0]),
        ShapeError,
        "average: .*as no axis is given",
    ),
    "weights that do not fit the axis": (
        lambda: autograd.average(X, axis=0, weights=[1.0, 2.0, 3.0]),
        ShapeError,
        "average: ",
    ),
    "an argument that is missing": (
        lambda: autograd.max_pool(np.ones((1, 1, 4)), kernel=(2,)),
        TypeError,
        "max_pool: needs the argument 'stride'",
    ),
}


@each("name", REFUSED)
def test_it_is_refused_in_words(name):
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call()


# --- corners, beside NumPy ------------------------------------------------------------------------


def test_the_norm_of_order_0_counts_what_is_not_0():
    x = np.array([[0.0, 2.0], [3.0, 0.0], [0.0, 0.0]])
    assert_array_equal(autograd.norm(x, 0, axis=1), np.linalg.norm(x, 0, axis=1))
    assert grad(lambda x: autograd.norm(x, 0))(x[0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("order", [0.5, 1, 2, 2.5, 3])
def test_the_norm_of_zeros_is_0_in_every_order(order):
    x = np.array([[0.0, 0.0, 0.0], [1.0, -2.0, 2.0]])
    assert_allclose(autograd.norm(x, order, axis=1), np.linalg.norm(x, order, axis=1), rtol=1e-15)
    if order >= 1:  # below, its derivative there is infinite
        assert grad(lambda x: autograd.norm(x, order))(x[0]).tolist() == [0.0, 0.0, 0.0]


def test_the_largest_where_a_mask_holds():
    for name, initial in (("max", -5.0), ("min", 5.0)):
        ours, theirs = getattr(autograd, name), getattr(np, name)
        for where in (X > 1.5, X > 9.0, True):
            expected = theirs(X, axis=0, initial=initial, where=where)
            assert_array_equal(ours(Tensor(X), axis=0, initial=initial, where=where).data, expected)
        whole = X.astype(int)
        expected = theirs(whole, axis=1, initial=2, where=whole > 1)
        assert_array_equal(ours(Tensor(whole), axis=1, initial=2, where=whole > 1).data, expected)
    assert_array_equal(autograd.max(Tensor(X), axis=1, where=True).data, [2.0, 4.0])
    assert autograd.min(Tensor(X), keepdims=True, where=True).shape == (1, 1)
    gradient = grad(lambda x: autograd.max(x, where=X < 3.5, initial=0.0))(X)
    assert gradient.tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_the_mean_of_many_small_floats_where_a_mask_holds_is_finite():
    x = np.full(70_000, 8.0, np.float16)
    mask = np.arange(x.size) % 2 == 0
    out = Tensor(x).mean(where=mask)
    assert (out.dtype, float(out.data)) == (np.float16, float(np.mean(x, where=mask)))


def test_the_largest_of_nothing_but_nan_is_nan_and_warns():
    x = np.array([[np.nan, np.nan], [1.0, np.nan]])
    with pytest.warns(RuntimeWarning, match="All-NaN slice encountered"):
        out = autograd.nanmax(Tensor(x), axis=1)
    assert_array_equal(out.data, [np.nan, 1.0])


def test_whole_numbers_are_rounded_as_numpy_rounds_them():
    x = np.array([15, 25, 149])
    for decimals in (1, 0, -1, -2):
        out = autograd.round(x, decimals)
        assert_array_equal(out, np.round(x, decimals))
        assert out.dtype == x.dtype


def test_nan_is_left_out_where_a_mask_holds():
    x = np.array([1.0, np.nan, 3.0, 5.0])
    mask = np.array([True, True, True, False])
    assert autograd.nanmean(Tensor(x), where=mask).item() == np.nanmean(x, where=mask) == 2.0
