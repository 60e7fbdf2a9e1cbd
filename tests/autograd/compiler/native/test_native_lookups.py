"""Lookups by arguments natively: NumPy's numbers, and its error where there is no such place."""

import os
from functools import partial

import numpy as np
import pytest

import autograd
from autograd import Tensor
from autograd.compiler.binding import store
from autograd.compiler.native.llvm_function import Machine
from autograd.compiler.native.machine import this_machine
from autograd.compiler.tape import item, set_item
from tests.autograd.compiler.native.calls import names_of_numpys, numbers, run_natively

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")


def random_index(rng, shape):
    """Arrays of places, slices, numbers and new axes, at least one of them an array."""
    common = tuple(rng.integers(1, 5, rng.integers(0, 3)).tolist())
    parts = []
    for n in shape:
        kind = rng.integers(5)
        if kind < 2:
            mine = tuple(1 if rng.integers(4) == 0 else k for k in common)
            parts.append(rng.integers(-n, n, mine).astype(rng.choice(["i8", "i4"])))
        elif kind == 2:
            parts.append(int(rng.integers(-n, n)))
        elif kind == 3:
            parts.append(slice(None, None, int(rng.choice([1, 2, -1]))))
        else:
            parts.append([int(rng.integers(-n, n))])
    if rng.integers(3) == 0:
        parts.insert(int(rng.integers(len(parts) + 1)), None)
    if rng.integers(3) == 0 and isinstance(parts[-1], slice):
        parts[-1] = Ellipsis
    if not any(isinstance(part, np.ndarray) for part in parts):
        return random_index(rng, shape)
    return tuple(parts)


def random_lookup(rng, dtype):
    shape = tuple(rng.integers(1, 7, rng.integers(1, 4)).tolist())
    index = random_index(rng, shape)
    x = numbers(rng, *shape, special=True).astype(dtype)
    if rng.integers(2):
        x = np.array(x.T).T
    y = numbers(rng, *x[index].shape).astype(dtype)
    kind = rng.integers(3)
    if kind == 0:
        target = np.zeros_like(x[index])
        return partial(store, target, item, (x, index), {}), target
    if kind == 1:
        return partial(np.add.at, x, index, y), x
    return partial(set_item, x, index, y), x


@pytest.mark.parametrize("machine", [Machine(8), Machine(16), Machine(32, True), Machine(64, True)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_any_index_with_arrays_in_it_is_numpys(machine, dtype):
    machine = Machine(min(machine.vector, this_machine().vector), machine.fused)
    rng = np.random.default_rng(machine.vector)
    for _ in range(12):
        with np.errstate(all="ignore"):
            call, target = random_lookup(rng, dtype)
            before = target.copy()
            call()
            expected = target.copy()
            target[...] = before
            assert run_natively([call], machine) == 0
        np.testing.assert_array_equal(target, expected)
        np.testing.assert_array_equal(np.signbit(target), np.signbit(expected))


@pytest.mark.parametrize("place", [5, -6, 2**40, -(2**63)])
@pytest.mark.parametrize("function", [item, set_item, np.add.at])
def test_where_there_is_no_such_place_nothing_is_read_or_written(place, function):
    x, places, after = np.arange(5.0), np.array([1, place]), np.zeros(5)
    if function is item:
        call = partial(store, np.full(2, 7.0), item, (x, (places,)), {})
    else:
        call = partial(function, x, (places,), np.ones(2))
    assert run_natively([call, partial(np.exp, x, after)]) == 1
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert after.tolist() == [0.0] * 5


def test_a_place_that_is_not_there_is_numpys_error_and_changes_nothing():
    w = Tensor(np.arange(10.0).reshape(5, 2), requires_grad=True)
    before = w.data.copy()

    @partial(autograd.compile, backend="native")
    def step(i):
        loss = (w * 2.0)[i].tanh().sum()
        w.zero_grad()
        loss.backward()
        w.data -= 0.1 * w.grad
        return loss

    step(np.array([4, -5]))
    after = w.data.copy()
    assert (after != before).any(axis=1).tolist() == [True, False, False, False, True]
    for wrong in ([0, 5], [-6, 0]):
        with pytest.raises(IndexError, match="out of bounds for axis 0 with size 5"):
            step(np.array(wrong))
    np.testing.assert_array_equal(w.data, after)
    assert step(np.array([1, -2])).item() == pytest.approx(np.tanh(2 * after[[1, 3]]).sum())
    assert names_of_numpys(step) == []
