"""Indices in every container, repeated or not: the gradient of what is taken twice adds up."""

import array

import dask.array
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import autograd
import nn
from autograd import Tensor, grad, take, take_along_axis
from tests.each import each


class Foreign:
    """An array of a library that NumPy only knows to make an array of, such as PyTorch."""

    def __init__(self, places):
        self.places = places

    def __array__(self, dtype=None, copy=None):
        return np.array(self.places, dtype=dtype)


class OldForeign(Foreign):
    """Likewise, as before NumPy 2 asked for `copy`: NumPy warns of it where it has to copy."""

    def __array__(self, dtype=None):
        return np.array(self.places, dtype=dtype)


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "array of int8": lambda p: np.array(p, np.int8),
    "array of uint8": lambda p: np.array([i % 3 for i in p], np.uint8),
    "array of int32": lambda p: np.array(p, np.int32),
    "array.array": lambda p: array.array("i", p),
    "memoryview": lambda p: memoryview(array.array("q", p)),
    "Tensor": lambda p: Tensor(np.array(p)),
    "list of Tensors": lambda p: [Tensor(i) for i in p],
    "tuple of NumPy's ints": lambda p: tuple(map(np.int64, p)),
    "foreign": Foreign,
    "foreign, old": OldForeign,
    "dask": lambda p: dask.array.from_array(np.array(p)),
    "nested lists": lambda p: [list(p), list(p)],
    "nested tuples": lambda p: (tuple(p), tuple(p)),
    "list of arrays": lambda p: [np.array(p), np.array(p)],
    "list of array.arrays": lambda p: [array.array("i", p), array.array("i", p)],
    "range": lambda p: range(2),
    "empty list": lambda p: [],
    "empty tuple": lambda p: (),
}
MASKS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "Tensor": lambda m: Tensor(np.array(m)),
    "foreign": Foreign,
    "foreign, old": OldForeign,
    "dask": lambda m: dask.array.from_array(np.array(m)),
    "tuple of NumPy's": lambda m: tuple(map(np.bool, m)),
}
INDICES = {
    "t[i]": lambda t, i: t[i,] if isinstance(i, tuple) else t[i],
    "t[i,]": lambda t, i: t[i,],
    "t[:, i]": lambda t, i: t[:, i],
    "t[..., i]": lambda t, i: t[..., i],
    "t[i, i]": lambda t, i: t[i, i],
    "t[None, i]": lambda t, i: t[None, i],
    "t[i, 0]": lambda t, i: t[i, 0],
    "t[1, i]": lambda t, i: t[1, i],
    "t[i, ::-1]": lambda t, i: t[i, ::-1],
}
REPEATED = (0, 2, 0, -1)
MASK = (True, False, True)
T = np.arange(1.0, 10.0).reshape(3, 3)


def plainly(x):
    """The same index as an array of NumPy."""
    if isinstance(x, Tensor):
        return x.data
    if isinstance(x, (list, tuple)):
        x = [plainly(part) for part in x]
    x = np.asarray(x)
    return x if x.size else x.astype(np.intp)


def counted(index, given):
    """How often each element of T is taken, by NumPy."""
    places = index(np.arange(T.size).reshape(T.shape), plainly(given))
    return np.bincount(places.ravel(), minlength=T.size).reshape(T.shape)


def check(index, make):
    """First and second derivatives of the sum of what is taken, cubed."""
    times = counted(index, make())
    t = Tensor(T, requires_grad=True)
    (index(t, make()) ** 3).sum().backward()
    assert_array_equal(t.grad, times * 3 * T**2)
    second = grad(lambda t: grad(lambda t: (index(t, make()) ** 3).sum())(t).sum())
    assert_array_equal(second(T), times * 6 * T)


@each("container", CONTAINERS)
@each("index", INDICES)
def test_repeated_places_in_any_container_add_up(index, container):
    check(INDICES[index], lambda: CONTAINERS[container](REPEATED))


@each("container", MASKS)
@each("index", INDICES)
def test_a_mask_in_any_container_passes_the_gradient_where_it_holds(index, container):
    if index == "t[i]" and container == "tuple":
        pytest.skip("t[True, False, True] is no mask of the first axis")
    check(INDICES[index], lambda: MASKS[container](MASK))


@each("container", CONTAINERS)
@each("axis", [None, 0, 1, -1])
def test_take_adds_up_in_any_container(container, axis):
    check(
        lambda t, i: take(t, i, axis=axis) if isinstance(t, Tensor) else np.take(t, i, axis=axis),
        lambda: CONTAINERS[container](REPEATED),
    )


FLAT = [name for name in CONTAINERS if not name.startswith(("nested", "list of", "empty", "range"))]


@each("container", FLAT)
@each("axis", [0, 1, None])
def test_take_along_axis_adds_up_in_any_container(container, axis):
    def places():
        rows = [CONTAINERS[container](p) for p in [(0, 2, 0), (1, 1, 1), (2, 1, 2)]]
        return rows if axis is not None else rows[0]

    check(
        lambda t, i: (take_along_axis if isinstance(t, Tensor) else np.take_along_axis)(t, i, axis),
        places,
    )


@pytest.mark.parametrize("container", FLAT)
def test_networks_take_their_places_and_classes_from_any_container(container):
    given = CONTAINERS[container]
    table = nn.Embedding(3, 2)
    table(given((0, 2, 0))).sum().backward()
    assert_array_equal(table.weight.grad, [[2, 2], [0, 0], [1, 1]])
    scores = Tensor(np.log(np.full((4, 2), 0.5)), requires_grad=True)
    for loss in (nn.functional.cross_entropy, nn.functional.nll_loss):
        scores.zero_grad()
        loss(scores, given((0, 1, 1, 0)), "sum").backward()
        assert_array_equal(np.asarray(scores.grad).argmin(axis=1), [0, 1, 1, 0])


@pytest.mark.parametrize("container", ["list", "array", "array.array", "memoryview"])
def test_an_index_that_is_written_to_later_counts_as_it_was(container):
    index = CONTAINERS[container]((0, 2, 0))
    t = Tensor(T[0], requires_grad=True)
    out = t[index].sum()
    index[0] = 1
    out.backward()
    assert t.grad.tolist() == [2.0, 0.0, 1.0]


@each("container", CONTAINERS)
def test_numbers_put_at_repeated_places_add_up(container):
    given = CONTAINERS[container]
    x = Tensor(np.ones_like(plainly(given(REPEATED)), dtype=float), requires_grad=True)
    out = autograd.scatter(x, (given(REPEATED),), (3,))
    assert_array_equal(out.data, np.bincount(plainly(given(REPEATED)).ravel() % 3, minlength=3))
    (out**2).sum().backward()
    assert_array_equal(x.grad, 2 * out.data[plainly(given(REPEATED))])


def test_a_place_that_is_no_whole_number_is_refused():
    t = Tensor(T, requires_grad=True)
    for wrong in ([0.5], (1.0,), np.array([1.5]), ["a"], {0}, object()):
        with pytest.raises((IndexError, TypeError)):
            t[wrong]
        with pytest.raises(TypeError, match="take: needs whole numbers as indices"):
            take(t, wrong)


@pytest.mark.parametrize("container", FLAT)
def test_repeat_takes_its_counts_from_any_container(container):
    t = Tensor(T[0], requires_grad=True)
    autograd.repeat(t, CONTAINERS[container]((2, 0, 1))).sum().backward()
    assert t.grad.tolist() == [2.0, 0.0, 1.0]
