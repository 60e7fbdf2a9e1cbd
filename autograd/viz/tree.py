r"""Formulas set in type: one tree, written as LaTeX and as MathML.

A tree is a plain tuple, the name of an element of MathML and then its children, which are trees or
texts: `("mfrac", ("mi", "x"), ("mn", "2"))`. The step player gets trees as they are (as JSON) and
makes elements of them, so that no name a user chose is ever read as markup. The templates in which
the rulebook says how an operation is written become trees by `read`.

>>> half = ("mfrac", ("mi", "x"), ("mn", "2"))
>>> print(latex(half), markup(half))
\frac{x}{2} <mfrac><mi>x</mi><mn>2</mn></mfrac>
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from autograd.viz.text import printable

Tree = tuple[Any, ...]

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
ACCENTS = {"hat": "^", "bar": "‾", "tilde": "~", "dot": "˙"}
_SIGNS = {
    "cdot": "·", "times": "×", "ge": "≥", "le": "≤", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈",
    "rceil": "⌉", "bmod": "mod", "sum": "∑", "prod": "∏", "partial": "∂", "odot": "⊙",
    "otimes": "⊗", "ast": "∗", "star": "⋆", "cdots": "⋯", "approx": "≈",
}  # fmt: skip
_BARS = {"lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|"}
FUNCTIONS = {
    "ln", "log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan",
    "max", "min", "det",
}  # fmt: skip


def brackets(tree: Tree) -> Tree:
    """A tree in round brackets."""
    return "mrow", ("mo", "("), tree, ("mo", ")")


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


def aligned_rows(rows: list[tuple[Tree, list[Tree]]]) -> Tree:
    """Equations below each other: of each what stands before its first sign, and the rest."""
    return "mtable", *(("mtr", ("mtd", left), ("mtd", *right)) for left, right in rows)


def remark_rows(remarks: Sequence[str]) -> list[tuple[Tree, list[Tree]]]:
    """Rows of words below equations."""
    return [(("mrow",), [("mtext", remark.replace("-", "−"))]) for remark in remarks]


# --- MathML -----------------------------------------------------------------------------------


def markup(tree: Tree | str) -> str:
    """A tree as MathML.

    Example:
        >>> markup(("mtext", "a < b"))
        '<mtext>a &lt; b</mtext>'
    """
    if isinstance(tree, str):
        return escape(printable(tree), quote=False)
    name, *children = tree
    style = {"mtable": ' displaystyle="true"', "mtd": ' style="text-align:left"'}.get(name, "")
    return f"<{name}{style}>{''.join(map(markup, children))}</{name}>"


def math_element(tree: Tree) -> str:
    """A tree as a `<math>` element."""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{markup(tree)}</math>'


# --- LaTeX ------------------------------------------------------------------------------------

COMMANDS = {sign: f"\\{word}" for word, sign in (_SIGNS | GREEK).items()}
COMMANDS |= {"−": "-", "∞": r"\infty", "‖": r"\|", "+=": r"\mathrel{+}="}


COMPOSED = {
    "mfrac": r"\frac{{{0}}}{{{1}}}", "mroot": r"\sqrt[{1}]{{{0}}}", "msqrt": r"\sqrt{{{0}}}",
    "msub": "{0}_{{{1}}}",
}  # fmt: skip


@functools.lru_cache(maxsize=4096)
def latex(tree: Tree) -> str:
    """A tree as LaTeX."""
    kind, *parts = tree
    if kind in COMPOSED:
        return COMPOSED[kind].format(*map(latex, parts))
    match kind:
        case "mrow" | "mtd" | "math":
            return _row(parts)
        case "msup":
            base, raised = map(latex, parts)
            base = f"{{{base}}}" if parts[0][0] == "msup" else base
            return f"{base}^{raised}" if len(raised) == 1 else f"{base}^{{{raised}}}"
        case "mi":
            return _word(parts[0])
        case "mn":
            return r"\text{nan}" if parts[0] == "nan" else str(parts[0])
        case "mo":
            return COMMANDS.get(parts[0]) or str(parts[0])
        case "mtext":
            return r"\mathrm{d}" if parts[0] == "d" else text_latex(parts[0].replace("\u00a0", " "))
        case "mover":
            accent = next(word for word, sign in ACCENTS.items() if sign == parts[1][1])
            return rf"\{accent}{{{latex(parts[0])}}}"
        case "mtable":
            rows = " \\\\\n".join(map(latex, parts))
            return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"
        case "mtr":
            return " &".join(map(latex, parts)).lstrip()
    raise ValueError(kind)


def _word(word: str) -> str:
    if word in COMMANDS:
        return COMMANDS[word]
    if word in FUNCTIONS:
        return f"\\{word}"
    return word if len(word) == 1 else rf"\mathrm{{{word.replace('_', chr(92) + '_')}}}"


BINARY = ("+", "-", "=", ">", "<", *(COMMANDS[sign] for sign in "·×⊙⊗≥≤≈"), r"\bmod")


def _row(parts: list[Tree]) -> str:
    if len(parts) == 3 and parts[0] == ("mo", "(") and parts[1][0] == "mn":
        return f"({parts[1][1]})"
    written, last, bars, opens = "", "", 0, False
    for part in parts:
        one, after_opening = latex(part), opens
        opens = False
        if part[0] == "mo" and part[1] in "()[]|‖":
            bars += part[1] in "|‖"
            opens = part[1] in "([" or (part[1] in "|‖" and bars % 2 == 1)
            one = (r"\left" if opens else r"\right") + one
        # A sign at the beginning belongs to what follows, as do the d and ∂ of a derivative.
        tight = last in ("", r"\mathrm{d}", r"\partial") or written == "-"
        tight = tight or after_opening or one == ","
        tight = tight or (one.startswith((r"\left", r"\right")) and last not in (*BINARY, ","))
        space = " " if last == r"\partial" else "" if tight else " "
        written, last = written + space + one, one
    return written


def text_latex(text: str) -> str:
    r"""Any text in LaTeX: `\text{…}`, with signs where that has none.

    Example:
        >>> print(text_latex(r"50% of a\b"))
        \text{50\% of a}\backslash\text{b}
    """
    parts = re.split(r"([\\^~])", text)
    signs = {"\\": r"\backslash", "^": r"\wedge", "~": r"\sim"}
    escaped = [re.sub(r"([{}$&#%_])", r"\\\1", part) for part in parts if part]
    return "".join(signs.get(part) or rf"\text{{{part}}}" for part in escaped) or r"\text{}"


class Typeset:
    """What is written as LaTeX and as MathML, from one tree."""

    __slots__ = ()

    @property
    def tree(self) -> Tree:
        """It as a tree."""
        raise NotImplementedError

    @property
    def latex(self) -> str:
        """It as LaTeX."""
        return latex(self.tree)


# --- the LaTeX of the templates ---------------------------------------------------------------

SLOTS = ("\0", "\1", "\2")
"""They stand for the operands."""

_TOKEN = re.compile(
    r"\\(?:operatorname|mathrm|text)\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S"
)


@functools.cache
def read(template: str) -> Tree:
    r"""Read the LaTeX of a template: the small part of LaTeX that templates use.

    Example:
        >>> read(r"e^{x} - 1")
        ('mrow', ('msup', ('mi', 'e'), ('mi', 'x')), ('mo', '−'), ('mn', '1'))
    """
    return _read_row(_TOKEN.findall(template)[::-1], until="")


def _read_row(tokens: list[str], until: str) -> Tree:
    items: list[Tree] = []
    while tokens and (token := tokens.pop()) != until:
        if token in "^_" and items:
            base = items.pop()
            items.append(("msup" if token == "^" else "msub", base, _read_group(tokens)))
        else:
            items.append(_read_atom(token, tokens))
    return items[0] if len(items) == 1 else ("mrow", *items)


def _read_group(tokens: list[str]) -> Tree:
    token = tokens.pop()
    return _read_row(tokens, "}") if token == "{" else _read_atom(token, tokens)


def _read_atom(token: str, tokens: list[str]) -> Tree:
    if token in SLOTS:
        return "slot", SLOTS.index(token)
    if token == "{":
        return _read_row(tokens, "}")
    if not token.startswith("\\"):
        if token[0].isdigit():
            return "mn", token
        return ("mi", token) if token.isalpha() else ("mo", "−" if token == "-" else token)
    command = token[1:]
    if "{" in command[1:]:  # a word in its braces
        return "mi", re.sub(r"[\\{}\s]", "", command.partition("{")[2])
    match command:
        case "frac":
            return "mfrac", _read_group(tokens), _read_group(tokens)
        case "sqrt" if tokens[-1] == "[":
            tokens.pop()
            index = _read_row(tokens, "]")
            return "mroot", _read_group(tokens), index
        case "sqrt":
            return "msqrt", _read_group(tokens)
        case "left" | "right":
            return "mo", tokens.pop()
    if sign := (_SIGNS | _BARS).get(command):
        return "mo", sign
    return "mi", GREEK.get(command, "∞" if command == "infty" else command)
