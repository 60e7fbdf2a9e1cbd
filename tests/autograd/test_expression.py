"""Expressions in a string: what they compute, and that everything else is refused at its place."""

import math
import re
import sys
import threading
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from autograd import RULEBOOK, Value
from autograd.expression import ALLOWED, DEEPEST, FUNCTIONS, LONGEST, ExpressionError, parse
from autograd.node import topological
from autograd.viz.text import columns
from tests.autograd.reference import ELEMENTWISE, inside_domain
from tests.each import each


def refusal(text, values=None):
    with pytest.raises(ExpressionError, match=r"^expression: ") as caught:
        parse(text, values or {})
    return str(caught.value)


def leaf(root, name):
    return next(node for node in topological(root) if node.label == name)


# --- what is computed -------------------------------------------------------------------------


def test_the_perceptron_of_the_lectures_is_an_expression():
    values = {"w0": 1, "w1": 3, "w2": -2, "x1": -1, "x2": 2}
    y = parse("sigmoid(w0 + w1*x1 + w2*x2)", values)
    y.backward()
    assert y.parents[0].data == -6.0
    assert_allclose(y.data, 0.00247, atol=5e-6)
    slope = y.data * (1 - y.data)
    assert_allclose([leaf(y, name).grad for name in values], slope * np.array([1, -1, 2, 3, -2]))


@each(
    ("text", "expected"),
    [
        ("x + y*3 - 2/x", 2 + 0.5 * 3 - 2 / 2),
        ("-x**2", -4),
        ("(-x)**2", 4),
        ("2**-x", 0.25),
        ("x**y**x", 2 ** (0.5**2)),
        ("x - y - 1", 0.5),
        ("x / y / 4", 1),
        ("+x", 2),
        ("ln(e**x)", 2),
        ("cos(pi) * x", -2),
        ("max(x, y) + min(x, y)", 2.5),
        ("ReLU(-x) + σ(0*x)", 0.5),
        ("atan(x)", math.atan(2)),
        ("pow(x, 3)", 8),
        ("leaky_relu(-x) + leaky_relu(-x, 0.5)", -1.02),
        ("1_000*x + 1e-3", 2000.001),
        ("  x\n +\ty ", 2.5),
        ("2**-x*y", 0.125),
        ("-x**-y**2", -(2**-0.25)),
        ("--x - +y", 1.5),
        ("max(x, y,)", 2),
        ("x*(y + 1)/3", 1),
    ],
)
def test_expressions_compute_what_python_would(text, expected):
    values = {name: x for name, x in {"x": 2, "y": 0.5}.items() if re.search(rf"\b{name}\b", text)}
    assert_allclose(parse(text, values).data, expected, rtol=1e-14)


@each("op", ELEMENTWISE, ids=lambda op: op.name)
def test_every_elementwise_operation_can_be_called_by_name(op):
    xs = [x.item() for x in inside_domain(op, ())]
    names = ["x", "y"][: op.arity]
    y = parse(f"{op.name}({', '.join(names)})", dict(zip(names, xs)))
    assert y.op is op
    assert_allclose(y.data, op.forward(*map(np.float64, xs)), rtol=1e-14)


def test_a_name_used_twice_is_one_leaf_with_its_label():
    y = parse("x*x + x", {"x": 3})
    y.backward()
    assert leaf(y, "x").grad == 7.0
    assert len(topological(y)) == 3


def test_pi_and_e_are_constants_unless_they_are_given():
    assert parse("e*x", {"x": 1}).data == math.e
    assert parse("e*x", {"x": 1, "e": 2}).data == 2.0


def test_an_expression_without_names_is_a_constant():
    assert not parse("2 + 3", {}).requires_grad


@pytest.mark.parametrize("text", ["10**10**10", "9" * 400, "1e999", "2.0**9999*9"])
def test_numbers_too_large_for_a_float_are_infinite_at_once(text):
    with np.errstate(over="ignore"):
        assert parse(text, {}).data == math.inf


def test_division_by_zero_is_ieee_with_numpys_warning():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert parse("x/0", {"x": 1}).data == math.inf


def test_a_long_sum_is_not_deep():
    text = "+".join(["x"] * 900)
    assert parse(text, {"x": 2}).data == 1800.0


def test_names_are_compared_in_pythons_normal_form():
    assert (
        parse("2*x\u0304", {"x\u0304": 3}).data == 6.0
    )  # x̄, which only a combining mark can write
    assert parse("2*कि", {"कि": 3}).data == 6.0  # and so is a vowel sign of Devanagari
    decomposed = "y\u0302"
    assert parse(f"2*{decomposed}", {"ŷ": 3}).data == parse("2*ŷ", {decomposed: 3}).data == 6.0


# --- what is refused, and where the caret stands ----------------------------------------------


@each(
    ("text", "under", "message"),
    [
        ("2 ^ x", "^", "a power is written **"),
        ("3 * x²", "²", "a power is written **"),
        ("w·x", "·", "a product is written *"),
        ("a − b", "−", "a minus is written -"),
        ("x // 2", "//", "a quotient is written /"),
        ("x > 0", ">", "> is not allowed"),
        ("x == 0", "==", "= is not allowed"),
        ("f = x", "=", "= is not allowed"),
        ("tanh(x=1)", "=1", "= is not allowed"),
        ("[x]", "[", "brackets are ( )"),
        ("2 + 'x'", "'x", "' is not allowed"),
        ("lambda x: x", "lambda", "lambda is not allowed"),
        ("1 if x else 2", "if", "if is not allowed"),
        ("x and y", "and", "and is not allowed"),
        ("x + True", "True", "True is not allowed"),
        ("x @ y", "@", "@ is not allowed"),
        ("x := 2", ":", ": is not allowed"),
        ("x.real", ".", ". is not allowed between names"),
        ("(x + 1) .real", ".", ". is not allowed between names"),
        ("2 + 3j", "3j", "an imaginary number is not allowed"),
        ("x, y", "x", "a list is not allowed"),
        ("tanh(*x)", "*x", "a starred argument is not allowed"),
        ("max(x, y, **z)", "**z", r"** is not allowed here"),
        ("x(2)", "x", "x is not a function"),
        ("sin(x)(2)", "sin", "this is not a function"),
        ("1 + sigmod(x)", "sigmod", "Did you mean sigmoid?"),
        ("sum(x)", "sum", "sum is not a function"),
        ("__import__(x)", "__", "__import__ is not a function"),
    ],
)
def test_anything_else_is_refused_with_a_caret_under_it_and_what_is_allowed(text, under, message):
    first, shown, caret, *allowed = refusal(text).splitlines()
    assert message in first
    assert shown == f"  {text}"
    assert caret.strip() == "^"
    assert shown[len(caret) - 1 :].startswith(under)
    hint = "Did you mean" in first or "; " in first
    assert " ".join(allowed) == ("" if hint else ALLOWED)


@each(
    ("text", "place", "message"),
    [
        ("2x", 0, "a product is written 2*x"),
        ("x y", 2, "is an operator such as * missing?"),
        ("x + (y - ", 4, "this bracket is never closed"),
        ("1 + (x,)", 4, "a list is not allowed"),
        ("x + ()", 4, "a list is not allowed"),
        ("max(x, , y)", 7, "does not fit what is before it"),
        ("x * / y", 4, "does not fit what is before it"),
        ("(x + ) * y", 5, "does not fit what is before it"),
        ("2 + 3(x)", 4, "this is not a function"),
        ("1__0", 0, "a product is written 2*x"),
        ("sgima(x)", 0, "Did you mean sigmoid?"),
        ("tanh(x", 4, "this bracket is never closed"),
        ("x) + 1", 1, "this bracket has no partner"),
        ("x + ", 3, "something is missing at the end"),
        ("max(x)", 0, "max needs 2 arguments, but got 1"),
        ("1 + tanh(x, x)", 4, "tanh needs 1 argument, but got 2"),
        ("leaky_relu()", 0, "leaky_relu needs 1 to 2 arguments, but got 0"),
        ("1 + sin", 4, "sin is a function, as in sin(x)"),
    ],
)
def test_a_slip_is_shown_with_a_caret_under_it(text, place, message):
    first, _, caret, *_ = refusal(text).splitlines()
    assert message in first
    assert caret == " " * (2 + place) + "^"


@pytest.mark.parametrize("before", ["é + ŷ", "日本 * 語", "σ(y\u0302) + x\u0304"])
def test_the_caret_stands_under_the_right_character_of_any_script(before):
    for text in (f"{before} ^ 2", f"{before}.real", f"{before} + f(1)"):
        _, shown, caret = refusal(text).splitlines()[:3]
        place = next(text.rindex(c) for c in ("^", ".", "f(") if c in text)
        assert columns(caret) - 1 == columns(f"  {text[:place]}")
        assert shown.strip() == unicodedata.normalize("NFC", text)


def test_of_a_long_expression_the_part_around_the_mistake_is_shown():
    text = "x + " * 200 + "^ + " + "x + " * 200 + "x"
    _, shown, caret = refusal(text).splitlines()[:3]
    assert len(shown) < 100
    assert shown[len(caret) - 1] == "^"
    assert shown.strip().startswith("… ")
    assert shown.endswith(" …")


@pytest.mark.parametrize("text", ["x\0", "\ud800", "x\x1b[31m"])
def test_what_cannot_be_shown_is_replaced_in_the_error(text):
    assert refusal(text).isprintable() or "\x1b" not in refusal(text)
    refusal(text).encode()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + "x" + ")" * 400,
        "-" * 1900 + "x",
        "**".join(["x"] * 600),
        "sin(" * 150 + "x" + ")" * 150,
    ],
    ids=["brackets", "minus", "powers", "calls"],
)
def test_deep_nesting_is_refused(text):
    assert f"is nested more than {DEEPEST} deep" in refusal(text, {"x": 1})


def test_deep_nesting_is_refused_where_the_stack_is_almost_full():
    def at_depth(n):
        return at_depth(n - 1) if n else refusal("-" * 1900 + "x", {"x": 1})

    found = []
    thread = threading.Thread(target=lambda: found.append(at_depth(700)))
    thread.start()
    thread.join()
    assert "is nested more than" in found[0]


def test_an_endless_expression_is_refused_at_once():
    assert refusal("x+" * 10**6) == (
        f"expression: needs at most {LONGEST:,} characters, but got 2,000,000."
    )


@pytest.mark.slow
# By default hypothesis takes 200 MB to find out which characters can be encoded.
@given(st.text(st.characters(max_codepoint=sys.maxunicode), max_size=40))
def test_any_text_is_computed_or_refused(text):
    try:
        with np.errstate(all="ignore"):
            assert isinstance(parse(text, {}), Value)
    except ExpressionError as err:
        assert str(err).startswith("expression: ")  # noqa: PT017


@given(st.text(alphabet="xy12.e+-*/(),ins ", max_size=30))
def test_any_almost_expression_is_computed_or_refused(text):
    try:
        with np.errstate(all="ignore"):
            parse(text, {"x": 1.0})
    except ExpressionError as err:
        assert str(err).startswith("expression: ")  # noqa: PT017


def test_an_empty_expression_gets_an_example():
    assert "write for example" in refusal("  \n ")


# --- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "expression: needs a value for x, w."),
        ({"x": 1}, "expression: needs a value for w."),
        ({"x": 1, "w": 2, "v": 3, "u": 4}, "expression: has no v, u; its names are x, w."),
        ({"x": 1, "w": "2"}, "expression: w needs a number, but got '2'."),
        ({"x": 1, "w": None}, "expression: w needs a number, but got None."),
        ({"x": 1, "w": 2j}, "expression: w needs a number, but got 2j."),
        ({"x": 1, "w": [2]}, "expression: w needs a number, but got [2]."),
    ],
)
def test_values_that_do_not_fit_are_named_in_one_line(values, message):
    assert refusal("x*w", values) == message


def test_a_value_for_an_expression_without_names_is_one_too_many():
    assert refusal("2*pi", {"x": 1}) == "expression: has no x; it has no names."


def test_every_function_belongs_to_the_rulebook():
    assert set(FUNCTIONS.values()) == set(ELEMENTWISE)
    assert {"ln", "max", "min", "asin"} <= set(FUNCTIONS)
    assert all(RULEBOOK[op.name] is op for op in FUNCTIONS.values())
