"""The checks that all packages share say one sentence, and hold exactly what it says."""

import decimal
import fractions
import math

import numpy as np
import pytest

from autograd.checks import came, check_bool, check_choice, check_int, check_number, kind
from tests.each import each

NUMBERS = [-math.inf, -1.0, -1e-300, 0.0, 1e-300, 0.5, 1.0 - 1e-16, 1.0, 2.0, math.inf, math.nan]
RANGES = {
    "> 0": lambda x: x > 0,
    ">= 0": lambda x: x >= 0,
    "> -1.5": lambda x: x > -1.5,
    "in [0, 1)": lambda x: 0 <= x < 1,
    "in (0, 1]": lambda x: 0 < x <= 1,
    "in (0, 1)": lambda x: 0 < x < 1,
    "in [0, 1]": lambda x: 0 <= x <= 1,
    "in (1e-300, 0.5]": lambda x: 1e-300 < x <= 0.5,
}


@each("needed", RANGES)
@each("x", NUMBERS)
def test_a_range_holds_the_numbers_its_words_say(needed, x):
    if RANGES[needed](x) and math.isfinite(x):
        assert check_number("demo", "x", x, needed) == x
        return
    said = f"finite and {needed}" if RANGES[needed](x) else needed
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        check_number("demo", "x", x, needed)
    assert str(caught.value) == f"demo: x must be {said}, but got {x}."


def test_infinity_is_in_a_range_where_it_makes_sense():
    assert check_number("clip", "max_norm", math.inf, "> 0", finite=False) == math.inf
    with pytest.raises(ValueError, match="max_norm must be > 0, but got nan"):
        check_number("clip", "max_norm", math.nan, "> 0", finite=False)


@pytest.mark.parametrize("x", [np.float32(0.5), np.float64(0.5), fractions.Fraction(1, 2)])
def test_every_real_number_becomes_a_float(x):
    assert type(check_number("demo", "x", x, "> 0")) is float


@pytest.mark.parametrize("x", [True, "0.5", None, 1j, decimal.Decimal("0.5"), [0.5], np.ones(1)])
def test_what_is_no_real_number_is_refused(x):
    with pytest.raises(TypeError, match="demo: x must be a number, but got"):
        check_number("demo", "x", x)


@pytest.mark.parametrize("x", [3, np.int32(3), np.uint8(3), np.intp(3)])
def test_every_integer_becomes_an_int(x):
    assert type(check_int("demo", "n", x, least=3)) is int
    with pytest.raises(ValueError, match=r"^demo: n must be >= 4, but got 3\.$"):
        check_int("demo", "n", x, least=4)


@pytest.mark.parametrize("x", [True, 3.0, "3", None, np.ones(1, int), np.bool_(True)])
def test_what_is_no_integer_is_refused(x):
    with pytest.raises(TypeError, match=r"^demo: n must be an int, but got"):
        check_int("demo", "n", x)


@pytest.mark.parametrize("x", [0, 1, None, "yes", np.bool_(True)])
def test_what_only_counts_as_true_is_no_bool(x):
    assert check_bool("demo", "on", True)
    with pytest.raises(TypeError, match="demo: on must be True or False, but got"):
        check_bool("demo", "on", x)


@pytest.mark.parametrize("x", ["avg", "", None, 3, ["sum"]])
def test_a_choice_names_all_there_are(x):
    check_choice("demo", "reduction", "sum", ("mean", "sum", "none"))
    with pytest.raises(ValueError, match=r"must be 'mean', 'sum' or 'none', but got"):
        check_choice("demo", "reduction", x, ("mean", "sum", "none"))


def test_what_came_is_told_in_a_few_words():
    assert came(np.float64(0.5)) == "0.5"
    assert came("adam") == "'adam'"
    assert came([0.1] * 100) == "a list"
    assert came(np.ones(1000)) == "an array of shape (1000,), dtype float64"
    assert came(math.sin) == "a builtin_function_or_method"
    assert kind(1) == "an int"
    assert kind(ValueError) == "the class ValueError"
