"""Lists of floats that native code reads: what it takes, and what it leaves to Python."""

import itertools
import os
import random
from array import array

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.compiler import arguments
from autograd.compiler.arguments import Given
from tests.each import each

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")


class Other(float):
    """A float that may compute in another way."""


class Row(list):
    """A list that may be read in another way."""


@pytest.fixture(scope="module", autouse=True)
def natively():
    # here and not above: it needs llvmlite
    from autograd.compiler.native import reading

    reading.read_natively()
    assert Given.reading[1] is not arguments.read, "the examples came out otherwise"


FLAT = [0.5, -0.0, float("nan"), float("inf"), 5e-324, *map(float, range(20))]
ROWS = [[x, -x] for x in FLAT]
LISTS = {
    "floats": FLAT,
    "a tuple": tuple(FLAT),
    "rows": ROWS,
    "rows that are tuples": [*map(tuple, ROWS)],
    "a tuple of rows": tuple(ROWS),
    "long rows": [FLAT] * 20,
    "no numbers": [[]] * 20,
}
OTHERS = {
    **{type(x).__name__: x for x in (1, True, None, "0.5", 0.5j, np.float64(0.5), Other(0.5))},
    "Value": Value(0.5),
    "a list in a row": [0.5],
    "an array of no axes": np.array(0.5),
}
ODD_ROWS = {
    "longer": [0.5] * 3, "shorter": [0.5], "empty": [], "of another kind": (0.5, 0.5),
    "of a kind of its own": Row([0.5, 0.5]), "no row": 0.5, "an array": np.zeros(2),
}  # fmt: skip


def check(x):
    found, expected = array("d", [7.0]), array("d", [7.0])
    assert Given.reading[1](x, found) == arguments.read(x, expected)
    assert found.tobytes() == expected.tobytes()
    return found


@each("x", LISTS.values(), LISTS)
def test_as_python_reads_it(x):
    assert len(check(x)) == 1 + np.size(x)


@each("x", OTHERS.values(), OTHERS)
@pytest.mark.parametrize("place", [0, 1, 16, -1])
def test_an_element_of_another_type_is_left_to_python(x, place):
    flat, rows = [*FLAT], [[*row] for row in ROWS]
    flat[place] = rows[place][-1] = x
    for example in flat, rows, [FLAT, flat] * 10:
        assert len(check(example)) == 1


@each("row", ODD_ROWS.values(), ODD_ROWS)
@pytest.mark.parametrize("place", [0, 1, 16, -1])
def test_a_row_of_another_form_is_left_to_python(row, place):
    example = [*ROWS]
    example[place] = row
    assert len(check(example)) == 1


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_compiled_function_is_as_written_whatever_is_in_the_lists(backend):
    w = [Value(0.5), Value(-1.5)]

    def loss(points, targets, last):
        total = Value(0.0)
        for (x, y), target in zip(points, targets, strict=True):
            total += (w[0] * x + w[1] * y - target) ** 2 * last
        return total

    def results(f, *data):
        for x in w:
            x.grad = 0.0
        y = f(*data)
        y.backward()
        return y.data, w[0].grad, w[1].grad

    compiled, rng = autograd.compile(loss, backend=backend), random.Random(0)
    kinds = itertools.cycle([float, float, int, np.float64, Other])
    for kind in itertools.islice(kinds, 12):
        points = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(30)]
        targets = [rng.gauss(0, 1) for _ in range(30)]
        points[rng.randrange(30)][1] = kind(3)
        if rng.random() < 0.3:
            points = [*map(tuple, points)]
        expected = results(loss, points, targets, 2.0)
        assert results(compiled, points, targets, 2.0) == pytest.approx(expected, rel=1e-12)


def test_python_reads_where_objects_lie_otherwise(monkeypatch):
    from autograd.compiler.native import reading

    monkeypatch.setattr(reading, "_TEXT", reading._TEXT.replace("double %number,", "double 1.0,"))
    monkeypatch.setattr(Given, "reading", (list, arguments.read))
    reading.read_natively.__wrapped__()
    assert Given.reading == (list, arguments.read)
