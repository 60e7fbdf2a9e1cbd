"""Formulas: every caption evaluated at numbers equals the derivative found without the engine."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from autograd import Value, backprop, draw
from autograd.op import RULEBOOK
from autograd.viz import notation
from autograd.viz.symbols import Comparison, Symbol, symbolic_partial
from tests.autograd.reference import (
    ELEMENTWISE,
    STRUCTURAL,
    central_difference,
    complex_step,
    inside_domain,
)
from tests.each import each

NAMES = ("x", "y")
every_operand = each(("op", "i"), [(op, i) for op in ELEMENTWISE for i in range(op.arity)])

x, y, z = Symbol("x"), Symbol("y"), Symbol("z")


def evaluated(formula, numbers):
    """Walk the tree of a formula, with a number for each name."""
    if formula.op is None:
        return numbers[formula.name] if formula.number is None else formula.number
    parts = [evaluated(part, numbers) for part in formula.operands]
    if isinstance(formula.op, Comparison):
        return float(formula.op.compare(*parts))
    return formula.op.on_floats(*parts)


def as_python(text):
    """The text of a formula, rewritten as a Python expression."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]", lambda digit: f"**{'⁰¹²³⁴⁵⁶⁷⁸⁹'.index(digit.group())}", text)
    return text.replace("·", "*").replace("^", "**")


def operation(name, *operands):
    return Symbol.of(RULEBOOK[name], operands)


# --- captions ---------------------------------------------------------------------------------


@each("written_out", [False, True], ids=["result named", "result written out"])
@every_operand
def test_the_caption_evaluated_at_numbers_is_the_derivative(op, i, written_out):
    for seed in range(3):
        xs = [x.item() for x in inside_domain(op, (), seed)]
        found = complex_step if op.smooth else central_difference
        expected = found(op.forward, xs, i)
        caption = symbolic_partial(op, i, NAMES[: op.arity], None if written_out else "t")
        numbers = dict(zip(NAMES, xs), t=float(op.forward(*map(np.float64, xs))))
        tolerance = 1e-12 if op.smooth else 1e-8
        assert_allclose(evaluated(caption, numbers), expected, rtol=tolerance, atol=tolerance)


@every_operand
def test_a_caption_has_a_text_and_a_latex_with_all_brackets_closed(op, i):
    caption = symbolic_partial(op, i, NAMES[: op.arity], "t")
    assert str(caption) == caption.text != ""
    for written in (caption.text, caption.latex):
        for opening, closing in ("()", "[]", "{}"):
            assert written.count(opening) == written.count(closing)
    assert caption._repr_latex_() == f"$\\displaystyle {caption.latex}$"


@each("op", RULEBOOK.values(), ids=lambda op: op.name)
def test_every_operation_itself_has_a_text_and_a_latex_that_name_its_operands(op):
    formula = Symbol.of(op, ["u", "v", "w"][: op.arity])
    for written in (formula.text, formula.latex):
        for opening, closing in ("()", "[]", "{}"):
            assert written.count(opening) == written.count(closing)
        assert all(name in written for name in ["u", "v", "w"][: op.arity])
    assert not re.search("[a-z]_[a-z]", formula.latex)  # LaTeX would print an index


@each(
    ("name", "i", "text", "latex"),
    [
        ("add", 0, "1", "1"),
        ("subtract", 1, "-1", "-1"),
        ("multiply", 0, "y", "y"),
        ("divide", 0, "1/y", r"\frac{1}{y}"),
        ("divide", 1, "-t/y", r"-\frac{t}{y}"),
        ("power", 0, "y·x^(y - 1)", r"y \cdot x^{y - 1}"),
        ("power", 1, "t·log(x)", r"t \cdot \ln\left(x\right)"),
        ("square", 0, "2·x", r"2 \cdot x"),
        ("sqrt", 0, "0.5/t", r"\frac{0.5}{t}"),
        ("exp", 0, "t", "t"),
        ("exp2", 0, "log(2)·t", r"\ln 2 \cdot t"),
        ("log10", 0, "1/(log(10)·x)", r"\frac{1}{\ln 10 \cdot x}"),
        ("cos", 0, "-sin(x)", r"-\sin\left(x\right)"),
        ("arccos", 0, "-1/sqrt(1 - x²)", r"-\frac{1}{\sqrt{1 - x^2}}"),
        ("tanh", 0, "1 - t²", "1 - t^2"),
        ("sigmoid", 0, "t·(1 - t)", r"t \cdot \left(1 - t\right)"),
        ("relu", 0, "[x > 0]", r"\left[x > 0\right]"),
        ("leaky_relu", 1, "min(x, 0)", r"\min\left(x, 0\right)"),
        ("cbrt", 0, "1/(3·t²)", r"\frac{1}{3 \cdot t^2}"),
        (
            "maximum",
            0,
            "[x > y] + 0.5·[x = y]",
            r"\left[x > y\right] + 0.5 \cdot \left[x = y\right]",
        ),
        (
            "minimum",
            1,
            "[y < x] + 0.5·[y = x]",
            r"\left[y < x\right] + 0.5 \cdot \left[y = x\right]",
        ),
        (
            "fmax",
            0,
            "[x = t] - 0.5·[x = y]",
            r"\left[x = t\right] - 0.5 \cdot \left[x = y\right]",
        ),
        ("remainder", 1, "-(x // y)", r"-\lfloor x / y \rfloor"),
    ],
)
def test_captions_read_as_in_a_textbook(name, i, text, latex):
    op = RULEBOOK[name]
    caption = symbolic_partial(op, i, NAMES[: op.arity], "t")
    assert (caption.text, caption.latex) == (text, latex)


@each("name", ["maximum", "minimum", "fmax", "fmin", "at_least", "at_most", "relu", "abs"])
@each(("a", "b"), [(2.0, 3.0), (3.0, 2.0), (2.0, 2.0), (0.0, 0.0), (math.inf, math.inf)])
def test_a_caption_is_the_derivative_of_the_engine_at_a_tie_too(name, a, b):
    op = RULEBOOK[name]
    operands = [Value(a), Value(b)][: op.arity]
    out = op(*operands)
    numbers = dict(zip(NAMES, (a, b)), t=out.data)
    for i in range(op.arity):
        caption = symbolic_partial(op, i, NAMES[: op.arity], "t")
        assert evaluated(caption, numbers) == out.local_derivative(i)
        assert "·[x ≥" not in caption.text


def test_a_caption_with_the_result_written_out_names_only_the_operands():
    assert str(symbolic_partial(RULEBOOK["sigmoid"], 0, ["z"])) == "σ(z)·(1 - σ(z))"
    assert str(symbolic_partial(RULEBOOK["tanh"], 0, ["z"])) == "1 - tanh(z)²"


@pytest.mark.parametrize(
    ("exponent", "text"), [(1, "1"), (2, "2·x"), (3, "3·x²"), (0.5, "0.5·x^(-0.5)")]
)
def test_a_number_as_operand_stands_for_itself_in_a_caption(exponent, text):
    assert str(symbolic_partial(RULEBOOK["power"], 0, ["x", exponent], "t")) == text


@each("op", STRUCTURAL, ids=lambda op: op.name)
def test_an_operation_on_whole_arrays_has_no_caption_and_says_so(op):
    with pytest.raises(TypeError, match=f"{op.name}: .*vector-Jacobian product"):
        symbolic_partial(op, 0, NAMES[: op.arity], "t")


# --- simplification and brackets --------------------------------------------------------------


@each(
    ("formula", "text"),
    [
        (1 * x, "x"),
        (x * 1, "x"),
        (0 * x, "0"),
        (x + 0, "x"),
        (0 + x, "x"),
        (x - 0, "x"),
        (0 - x, "-x"),
        (-Symbol.of(RULEBOOK["negative"], [x]), "x"),
        (x + (-y), "x - y"),
        (x - (-y), "x + y"),
        ((-x) * y, "-x·y"),
        (x * -2, "-x·2"),
        (x / -y, "-x/y"),
        (x / 1, "x"),
        (0 / x, "0"),
        (x * x, "x²"),
        ((x + y) * (x + y), "(x + y)²"),
        (x**1, "x"),
        (x**0, "1"),
        (2 * (x - x), "2·(x - x)"),
        (Symbol(2) * Symbol(3), "6"),
        (Symbol(1) / Symbol(3), "1/3"),
    ],
)
def test_formulas_are_simplified_lightly(formula, text):
    assert str(formula) == text


@each(
    ("formula", "text", "latex"),
    [
        (operation("subtract", x, y - z), "x - (y - z)", r"x - \left(y - z\right)"),
        (operation("divide", x, y * z), "x/(y·z)", r"\frac{x}{y \cdot z}"),
        (operation("power", -x, 2.0), "(-x)²", r"\left(-x\right)^2"),
        (operation("power", x, y / z), "x^(y/z)", r"x^{\frac{y}{z}}"),
        (operation("power", x.tanh(), 2.0), "tanh(x)²", r"\tanh\left(x\right)^2"),
        (operation("square", x + y), "(x + y)²", r"\left(x + y\right)^2"),
        (operation("multiply", 3.0, -1.0), "3·(-1)", r"3 \cdot \left(-1\right)"),
        (operation("multiply", 2.0, x.expm1()), "2·expm1(x)", r"2 \cdot \left(e^x - 1\right)"),
        (operation("abs", x + y), "|x + y|", r"\left|x + y\right|"),
        (operation("maximum", x + y, 0.0), "max(x + y, 0)", r"\max\left(x + y, 0\right)"),
        (operation("remainder", x, y * z), "x % (y·z)", r"x \bmod \left(y \cdot z\right)"),
        (operation("floor_divide", x, 2.0), "x // 2", r"\lfloor x / 2 \rfloor"),
        (-operation("floor_divide", x, y), "-(x // y)", r"-\lfloor x / y \rfloor"),
        (operation("euclidean_norm", "x"), "euclidean_norm(x)", r"\left\|x\right\|"),
        (z * operation("remainder", x, y), "z·(x % y)", r"z \cdot \left(x \bmod y\right)"),
        (operation("matmul", "X", "W"), "X · W", "X W"),
        (operation("add", "a*b", "c*d"), "a*b + c*d", r"\text{a*b} + \text{c*d}"),
        (operation("divide", 1.0, "c*d"), "1/(c*d)", r"\frac{1}{\text{c*d}}"),
        (operation("multiply", "a + b", 2.0), "(a + b)·2", r"\left(\text{a + b}\right) \cdot 2"),
    ],
)
def test_brackets_stand_where_they_are_needed(formula, text, latex):
    assert (formula.text, formula.latex) == (text, latex)


LEAVES = {"a": 1.75, "b": 0.625, "c": 2.5}
OPERATORS = ["add", "subtract", "multiply", "divide", "power", "negative"]


@st.composite
def trees(draw, depth=4):
    """The same tree twice: as it stands, and built by operators that simplify."""
    name = draw(st.sampled_from(OPERATORS)) if depth and draw(st.booleans()) else ""
    if not name:
        leaf = draw(st.sampled_from([*LEAVES, 0.0, 1.0, 2.0, 3.0, -1.0, -2.0]))
        return Symbol(leaf), Symbol(leaf)
    op = RULEBOOK[name]
    parts = [draw(trees(depth - 1)) for _ in range(op.arity)]
    return Symbol.of(op, [plain for plain, _ in parts]), op(*(simple for _, simple in parts))


@given(trees())
def test_text_and_simplified_formula_have_the_value_of_the_tree(both):
    plain, simple = both
    try:
        expected = eval(fully_bracketed(plain), dict(LEAVES))
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assume(isinstance(expected, float | int) and abs(expected) < 1e9)
    assert_allclose(eval(as_python(str(plain)), dict(LEAVES)), expected, rtol=1e-9, atol=1e-9)
    assert_allclose(eval(as_python(str(simple)), dict(LEAVES)), expected, rtol=1e-9, atol=1e-9)


def fully_bracketed(formula):
    """A formula as Python with every bracket, written without the printer under test."""
    if formula.op is None:
        return formula.name or f"({formula.number})"
    signs = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**"}
    parts = [fully_bracketed(part) for part in formula.operands]
    if formula.op.name == "negative":
        return f"(-{parts[0]})"
    if formula.op.name == "square":
        return f"({parts[0]}**2)"
    return f"({parts[0]} {signs[formula.op.name]} {parts[1]})"


# --- symbols ----------------------------------------------------------------------------------


def test_a_formula_is_a_tree_of_operations_names_and_numbers():
    formula = 2 * x.tanh()
    assert formula.op is RULEBOOK["multiply"]
    two, tanh = formula.operands
    assert (two.number, two.name, two.op, two.operands) == (2.0, "", None, ())
    assert tanh.op is RULEBOOK["tanh"]
    assert tanh.operands == (x,)
    assert (x.name, x.number) == ("x", None)


@pytest.mark.parametrize(
    ("comparison", "text", "number"),
    [
        (x > 1, "[x > 1]", 1),
        (x >= 3, "[x ≥ 3]", 0),
        (x < 2, "[x < 2]", 0),
        (x <= 2, "[x ≤ 2]", 1),
        ((x >= 2) * (x <= 2), "[x = 2]", 1),
        ((x >= y) * (x <= z), "[x ≥ y]·[x ≤ z]", 0),
    ],
)
def test_a_comparison_is_an_indicator_that_is_1_or_0(comparison, text, number):
    assert str(comparison) == text
    assert evaluated(comparison, {"x": 2.0, "y": 1.0, "z": 1.0}) == number


def test_a_rule_that_branches_on_a_symbol_is_told_how_to_write_it():
    with pytest.raises(TypeError, match=r"\[x > 0\] has no truth value"):
        _ = 1 if x > 0 else 2


def test_a_numpy_number_times_a_symbol_is_a_symbol():
    assert str(np.float64(2) * x) == "2·x"


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"),
        ("w1", "w_{1}"),
        ("w_12", "w_{12}"),
        ("ŷ", r"\hat{y}"),
        ("y_hat", r"\hat{y}"),
        ("theta_0", r"\theta_{0}"),
        (r"\theta_0", r"\theta_{0}"),
        ("w[1][2]", "w_{12}"),
        (r"a\b", r"\text{a}\backslash\text{b}"),
        ("loss", r"\mathrm{loss}"),
        ("my_loss", r"\mathrm{my\_loss}"),
        ("50% {a}", r"\text{50\% \{a\}}"),
    ],
)
def test_names_become_latex(name, latex):
    assert notation.name(name).latex == Symbol(name).latex == latex


@pytest.mark.parametrize(
    ("number", "latex"),
    [(1e-7, r"1 \times 10^{-7}"), (math.inf, r"\infty"), (-math.inf, r"-\infty"), (0.25, "0.25")],
)
def test_numbers_become_latex(number, latex):
    assert Symbol(number).latex == latex


def test_arguments_of_an_operation_on_arrays_are_shown_unless_they_are_the_default():
    op = RULEBOOK["sum"]
    assert str(Symbol.of(op, ["x"], {"axis": 0, "keepdims": False})) == "sum(x, axis=0)"
    assert str(Symbol.of(RULEBOOK["getitem"], ["x"], {"index": 3})) == "x[3]"
    assert str(Symbol.of(RULEBOOK["getitem"], ["x"], {"index": list(range(9))})) == "x[…]"
    product = Symbol.of(RULEBOOK["multiply"], ["x", "y"])
    assert str(Symbol.of(RULEBOOK["getitem"], [product], {"index": 3})) == "(x·y)[3]"
    assert str(Symbol.of(RULEBOOK["concatenate"], ["x", "y"], {"axis": 1})) == (
        "concatenate(x, y, axis=1)"
    )


# --- constants ---------------------------------------------------------------------------------


@pytest.mark.parametrize("constant", [1.0001, 0.9999, 1.00001, 12345.5, -2.00005, 1 + 1e-9])
def test_a_constant_is_written_so_that_the_formula_is_true(constant):
    x = Value(2.0, label="x")
    step = backprop(x * constant)[0]
    assert float(step.formula.text) == constant
    y = x * constant
    y.label = "y"
    written = str(backprop(y)).partition("= x·")[2].split()[0].strip("()")
    assert float(written) == constant
    assert f">{step.formula.text}<" in draw(y).svg


def test_a_number_that_was_computed_keeps_4_digits():
    x = Value(1 / 3, label="x")
    assert "= 0.3333·2" in str(backprop(x * 2.0))
    assert str(Symbol("x") * (1 / 3)) == "x·0.3333"
