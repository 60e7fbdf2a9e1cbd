"""Formulas as MathML, which browsers show without anything to load.

A formula is a tree of plain tuples, `("mfrac", numerator, denominator)`, whose leaves hold text,
`("mi", "x")`. `markup` writes a tree down; the step player gets trees as they are (as JSON) and
makes elements of them, so that no name a user chose is ever read as markup.

How an operation is written is said once, in the rulebook's LaTeX template; this file reads the
small part of LaTeX that the templates use.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from html import escape

from autograd.viz import notation
from autograd.viz.notation import Tree
from autograd.viz.symbols import (
    _OPERATORS,
    ATOM,
    NEGATIVE,
    POWER,
    PRODUCT,
    Comparison,
    Symbol,
    _filled,
    _leaf_text,
    _places,
)
from autograd.viz.text import printable


def mathml(formula: Symbol) -> str:
    """A formula as a `<math>` element.

    Example:
        >>> mathml(Symbol("x") / Symbol("w1"))  # doctest: +NORMALIZE_WHITESPACE
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mfrac><mi>x</mi><msub><mi>w</mi><mn>1</mn></msub></mfrac></math>'
    """  # noqa: E501
    return math_element(tree_of(formula))


def math_element(*trees: Tree) -> str:
    """Trees side by side as a `<math>` element."""
    inner = "".join(map(markup, trees))
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{inner}</math>'


def markup(tree: Tree | str) -> str:
    """A tree as text.

    Example:
        >>> markup(("mtext", "a < b"))
        '<mtext>a &lt; b</mtext>'
    """
    if isinstance(tree, str):
        return escape(printable(tree), quote=False)
    name, *children = tree
    return f"<{name}>{''.join(map(markup, children))}</{name}>"


def tree_of(formula: Symbol, needed: int = NEGATIVE) -> Tree:
    """A formula as a tree, in brackets if it holds together less firmly than `needed`."""
    tree, firmness = _tree(formula)
    return tree if firmness >= needed else ("mrow", ("mo", "("), tree, ("mo", ")"))


def number_tree(text: str) -> Tree:
    """A number as it is written in text: "-1.5e-7" with a power of ten.

    Example:
        >>> number_tree("-3"), number_tree("0.5")
        (('mrow', ('mo', '−'), ('mn', '3')), ('mn', '0.5'))
    """
    if text.startswith("-"):
        return "mrow", ("mo", "−"), number_tree(text[1:])
    mantissa, e, exponent = text.partition("e")
    if e and mantissa:
        power = ("msup", ("mn", "10"), number_tree(exponent))
        return "mrow", ("mn", mantissa), ("mo", "×"), power
    return ("mi", "∞") if text == "inf" else ("mn", text)


# --- formulas ---------------------------------------------------------------------------------


def _tree(x: Symbol) -> tuple[Tree, int]:
    """The tree of a formula, and how firmly it holds together; the rules are those of LaTeX."""
    if x.op is None:
        text, firmness = _leaf_text(x)
        if x.number is not None:
            return ("mtext", text) if "(" in text else number_tree(text), firmness
        if x.derivative is not None:
            return x.derivative.tree, POWER
        return notation.name(x.name).tree, firmness
    if x.words is not None:
        before, behind = (("mtext", text.replace(" ", "\u00a0")) for text in x.words)
        return ("mrow", before, tree_of(x.operands[0], PRODUCT), behind), NEGATIVE
    if isinstance(x.op, Comparison):
        left, right = map(tree_of, x.operands)
        inner: Tree = ("mrow", ("mo", "["), left, ("mo", x.op.symbol), right, ("mo", "]"))
        return inner, ATOM
    if x.op.name == "getitem":  # its template has a stand-in for the index
        return ("mrow", tree_of(x.operands[0], ATOM), ("mo", "["), ("mi", "…"), ("mo", "]")), ATOM
    if "{0}" not in x.op.latex:
        return ("mrow", read(x.op.latex), *_arguments(x.operands)), ATOM
    firmness, needs = _places(x.op.latex)
    if x.op.operator in _OPERATORS:
        _, firmness, by_operator = _OPERATORS[x.op.operator]
        needs = [n and m for n, m in zip(needs, by_operator, strict=True)]
    operands = [tree_of(y, n) for y, n in zip(x.operands, needs, strict=False)]
    if x.op.operator == "mul" and all(y.is_array for y in x.operands):
        return ("mrow", operands[0], ("mo", "⊙"), operands[1]), PRODUCT
    return _replaced(read(_filled(x.op.latex, _SLOTS)), operands), firmness


def _arguments(operands: Sequence[Symbol]) -> tuple[Tree, ...]:
    commas: list[Tree] = []
    for operand in operands:
        commas += [("mo", ","), tree_of(operand)]
    return ("mo", "("), *commas[1:], ("mo", ")")


def _replaced(tree: Tree, operands: Sequence[Tree]) -> Tree:
    if tree[0] == "slot":
        return operands[tree[1]]
    return tree[0], *(x if isinstance(x, str) else _replaced(x, operands) for x in tree[1:])


# --- the LaTeX of the templates ---------------------------------------------------------------

_SLOTS = ("\0", "\1", "\2")  # stand for the operands
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
_SIGNS = {
    "cdot": "·", "times": "×", "ge": "≥", "le": "≤", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈",
    "rceil": "⌉", "lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "bmod": "mod",
    "sum": "∑", "prod": "∏", "partial": "∂", "circ": "∘", "odot": "⊙", "otimes": "⊗",
}  # fmt: skip
_LETTERS = {"sigma": "σ", "pi": "π", "infty": "∞", "mu": "μ", "alpha": "α", "beta": "β"}


@functools.cache
def read(latex: str) -> Tree:
    r"""Read the LaTeX of a template.

    Example:
        >>> read(r"e^{x} - 1")
        ('mrow', ('msup', ('mi', 'e'), ('mi', 'x')), ('mo', '−'), ('mn', '1'))
    """
    tokens = _TOKEN.findall(latex)[::-1]
    return _row(tokens, until="")


def _row(tokens: list[str], until: str) -> Tree:
    items: list[Tree] = []
    while tokens and (token := tokens.pop()) != until:
        if token in "^_" and items:
            base = items.pop()
            items.append(("msup" if token == "^" else "msub", base, _group(tokens)))
        else:
            items.append(_atom(token, tokens))
    return items[0] if len(items) == 1 else ("mrow", *items)


def _group(tokens: list[str]) -> Tree:
    token = tokens.pop()
    return _row(tokens, "}") if token == "{" else _atom(token, tokens)


def _atom(token: str, tokens: list[str]) -> Tree:
    if token in _SLOTS:
        return "slot", _SLOTS.index(token)
    if token == "{":
        return _row(tokens, "}")
    if not token.startswith("\\"):
        if token[0].isdigit():
            return "mn", token
        return ("mi", token) if token.isalpha() else ("mo", "−" if token == "-" else token)
    command = token[1:]
    match command:
        case "frac":
            return "mfrac", _group(tokens), _group(tokens)
        case "sqrt" if tokens[-1] == "[":
            tokens.pop()
            index = _row(tokens, "]")
            return "mroot", _group(tokens), index
        case "sqrt":
            return "msqrt", _group(tokens)
        case "left" | "right":
            return "mo", tokens.pop()
        case "operatorname" | "mathrm" | "text":
            return "mi", _words(tokens)
    if command in _SIGNS:
        return "mo", _SIGNS[command]
    return "mi", _LETTERS.get(command, command)


def _words(tokens: list[str]) -> str:
    """The text in the braces that follow."""
    words, depth = [], 0
    while tokens:
        token = tokens.pop()
        depth += (token == "{") - (token == "}")
        if depth == 0:
            break
        words.append(token.removeprefix("\\") if token not in "{}" else "")
    return "".join(words)
