"""Formulas as trees: MathML is well formed, LaTeX has its brackets, and names stay text."""

import re
import xml.etree.ElementTree as ET

import pytest

from autograd import RULEBOOK
from autograd.op import Elementwise
from autograd.viz import notation
from autograd.viz.symbols import Symbol, filled, symbolic_partial
from autograd.viz.tree import FUNCTIONS, SLOTS, latex, math_element, number_tree, read
from tests.each import each

MATHML = "{http://www.w3.org/1998/Math/MathML}"
KNOWN = {"math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msqrt", "mroot", "msup", "msub"}
COUNTS = {"mfrac": 2, "msup": 2, "msub": 2, "mroot": 2}


def mathml(formula):
    return math_element(formula.tree)


def checked(text):
    root = ET.fromstring(text)
    for element in root.iter():
        tag = element.tag.removeprefix(MATHML)
        assert tag in KNOWN
        assert len(element) == COUNTS.get(tag, len(element))
        if tag in ("mi", "mn", "mo", "mtext"):
            assert element.text
            assert "\\" not in element.text
    return "".join(root.itertext())


def words_of(tree):
    if tree[0] == "mi":
        yield tree[1]
    elif tree[0] not in ("mo", "mn", "mtext", "slot"):
        for part in tree[1:]:
            yield from words_of(part)


@each("op", RULEBOOK.values(), ids=lambda op: op.name)
def test_every_command_of_a_template_is_a_sign_or_a_function(op):
    template = filled(op.latex, SLOTS) if "{0}" in op.latex else op.latex
    words = {*words_of(read(template))} & {*re.findall(r"\\([A-Za-z]+)", template)}
    assert words <= FUNCTIONS


@each("op", RULEBOOK.values(), ids=lambda op: op.name)
def test_every_operation_is_written(op):
    operands = [Symbol("a") + Symbol("b"), "y", "z"][: op.arity]
    text = checked(mathml(Symbol.of(op, operands)))
    assert "a+b" in text
    for i in range(op.arity if isinstance(op, Elementwise) else 0):
        checked(mathml(symbolic_partial(op, i, ["x", "y"][: op.arity], "o")))


def test_brackets_stand_where_text_has_them():
    x, y = Symbol("x"), Symbol("y")
    assert checked(mathml((x + y) * x)) == "(x+y)·x"
    assert checked(mathml(x * y + x)) == "x·y+x"
    assert checked(mathml((x + y) ** 2)) == "(x+y)2"
    assert checked(mathml(Symbol.of(RULEBOOK["hypot"], [x + y, y]))) == "(x+y)2+y2"
    assert checked(mathml(1 / (x + y))) == "1x+y"  # a fraction needs none


def test_a_power_of_a_sum_is_a_superscript():
    assert (Symbol("x") ** 2).tree == ("msup", ("mi", "x"), ("mn", "2"))


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("w", ("mi", "w")),
        ("w_3", ("msub", ("mi", "w"), ("mn", "3"))),
        ("loss", ("mi", "loss")),
        ("a*b", ("mtext", "a*b")),
        ("σ", ("mi", "σ")),
    ],
)
def test_names_are_written_as_in_a_book(name, tree):
    assert notation.name(name).tree == tree


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-1.5e-7", "0", "1e6", "12345"])
def test_numbers_are_written(text):
    assert number_tree(text)[0] in ("mn", "mi", "mrow")


@pytest.mark.parametrize(
    "name", ["<mi>x</mi>", "&amp;", "</math><script>alert(1)</script>", "]]>", "\x0b"]
)
def test_hostile_names_are_text(name):
    assert "script" not in {e.tag for e in ET.fromstring(mathml(Symbol(name) * 2)).iter()}
    checked(mathml(Symbol(name) * 2))


@pytest.mark.parametrize(
    ("template", "written"),
    [
        (r"\frac{a}{b} + c", r"\frac{a}{b} + c"),
        (r"\left(a + b\right) \cdot c", r"\left(a + b\right) \cdot c"),
        (r"-\sqrt[3]{x}", r"-\sqrt[3]{x}"),
        (r"\left|a - b\right| \odot c", r"\left|a - b\right| \odot c"),
        (r"\ln\left|\det A\right|", r"\ln\left|\det A\right|"),
        (r"\sigma_{12}^{n + 1}", r"\sigma_{12}^{n + 1}"),
        (r"e^{-x} - 1", r"e^{-x} - 1"),
    ],
)
def test_what_is_read_as_latex_is_written_as_latex(template, written):
    assert latex(read(template)) == written
