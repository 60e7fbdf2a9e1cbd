"""How names and derivatives are written: in text, in LaTeX and in MathML.

A name in code is not yet a name in mathematics: `w_12` and `w[1][2]` are written w₁₂, `theta_0` is
θ₀, `y_hat` is ŷ. There are two kinds of derivative, and each has a sign of its own:

    dL/dx   the total derivative: how L changes with x, along all paths. `.grad` holds it.
    ∂v/∂x   the local derivative: how v changes with x alone, the other operands held.

Where a node is an operand twice, as in `v = x * x`, ∂v/∂x⁽¹⁾ is by its first place and ∂v/∂x⁽²⁾
by its second. So every equation that is printed is true as it stands.

Source:
    The two signs are those of M. P. Deisenroth, A. A. Faisal, C. S. Ong, "Mathematics for Machine
    Learning" (2020), chapter 5, and of every text on total derivatives.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from autograd.viz.text import SUBSCRIPTS, SUPERSCRIPTS, printable
from autograd.viz.tree import ACCENTS, GREEK, Tree, Typeset

MARKS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}
_GIVEN = re.compile(
    r"(?P<base>\\?[^\W\d_](?:\w*\.[^\W\d_])*\w*?)(?:_(?P<accent>hat|bar|tilde|dot))?"
    r"(?P<index>_?\d+|_\{\d+\}|(?:_\d+){2,}|(?:\[-?\d+(?:, ?-?\d+)*\])+)?"
)

# A label that would be read as a number, so that 1 = 2 would be printed; it is quoted.
_NUMERIC = re.compile(r"[-+−(]*(?:[\d.][\d.,()/*+−e -]*|inf|nan)")


@dataclass(frozen=True)
class Name(Typeset):
    """A name, taken apart.

    Attributes:
        base: A letter, a word, or any text.
        accent: "hat", "bar", "tilde", "dot" or "".
        index: Its indices, such as ("1", "2") for w[1][2].
        plain: The base is a single letter or a word; otherwise it is any text.
        entry: The first index is a part of the array's own name, as in w₁,₂ for w1[2].
    """

    base: str
    accent: str = ""
    index: tuple[str, ...] = ()
    plain: bool = True
    entry: bool = False

    @functools.cached_property
    def text(self) -> str:
        """The name as text: "w₁₂"; indices of more digits, and more than two, stand apart."""
        base = unicodedata.normalize("NFC", self.base + MARKS.get(self.accent, ""))
        return base + "".join(SUBSCRIPTS.get(x, x) for x in self._index)

    @functools.cached_property
    def firm(self) -> str:
        """The name as text, in brackets if it is more than a word."""
        torn = not self.plain and re.search(r"[\s*+/^·-]", self.text)
        return f"({self.text})" if torn else self.text

    @property
    def is_word(self) -> bool:
        """Whether it needs no brackets anywhere."""
        return self.plain or self.firm == self.text

    @property
    def tree(self) -> Tree:
        """The name as a tree."""
        if not self.plain:
            return ("mtext", self.base)
        base: Tree = ("mi", self.base)
        if self.accent:
            base = ("mover", base, ("mo", ACCENTS[self.accent]))
        return ("msub", base, ("mn", self._index)) if self.index else base

    @property
    def _index(self) -> str:
        apart = self.entry or len(self.index) > 2 or any(len(x) > 1 for x in self.index)
        return ("," if apart else "").join(self.index)


@functools.lru_cache(maxsize=4096)
def name(code: str) -> Name:
    r"""A name in code as it is written in mathematics.

    Example:
        >>> [name(code).text for code in ("w1", "w_12", "w[1][2]", "theta_0", r"\theta_0", "y_hat")]
        ['w₁', 'w₁₂', 'w₁₂', 'θ₀', 'θ₀', 'ŷ']
        >>> [name(code).text for code in ("r[0]", "v[3, 12]", "w[0][2][1]", "my_loss2", "a*b")]
        ['r₀', 'v₃,₁₂', 'w₀,₂,₁', 'my_loss2', 'a*b']
        >>> name("1").text  # a label that would be read as a number
        '“1”'
    """
    if entry := re.fullmatch(r"([^\W\d_])_?(\d+)((?:\[\d+\])+)", code):  # of w1: w₁,₂
        indices = re.findall(r"\d+", entry[3])
        return Name(name(entry[1]).base, "", (entry[2], *indices), entry=True)
    if _NUMERIC.fullmatch(code):
        return Name(f"“{code}”", plain=False)
    found = _GIVEN.fullmatch(code)
    if not found:
        return Name(printable(code), plain=False)
    base, accent, index = found["base"], found["accent"] or "", found["index"] or ""
    letter = GREEK.get(base.removeprefix("\\"), base)
    decomposed = unicodedata.normalize("NFD", letter)
    if len(decomposed) == 2 and not accent:  # a letter that brings its accent along, such as ŷ
        accent = next((a for a, mark in MARKS.items() if mark == decomposed[1]), "")
        letter = decomposed[0] if accent else letter
    if letter.startswith("\\"):  # the backslash of no letter we know
        return Name(code, plain=False)
    if len(letter) > 1 and (accent or (index and not index.startswith("["))):
        return Name(code)  # of a word, digits at the end are a part: layer2
    return Name(letter, accent, tuple(re.findall(r"-?\d+", index)))


@dataclass(frozen=True, slots=True)
class Derivative(Typeset):
    r"""A derivative of one node by another.

    Attributes:
        top: What changes, as it is called in code.
        bottom: What it changes with.
        sign: "d", the total derivative, or "∂", the local one.
        place: Of a local derivative by one of several equal operands, which: from 1; else 0.

    Example:
        >>> Derivative("L", "w1").text, Derivative("y", "x", "∂", 2).text
        ('dL/dw₁', '∂y/∂x⁽²⁾')
        >>> print(Derivative("y", "x", "∂", 2).latex)
        \frac{\partial y}{\partial x^{(2)}}
    """

    top: str
    bottom: str
    sign: Literal["d", "∂"] = "d"
    place: int = 0

    @property
    def text(self) -> str:
        """As text, with brackets around a name that is more than a word."""
        top, bottom = (name(code).firm for code in (self.top, self.bottom))
        place = "".join(SUPERSCRIPTS[x] for x in str(self.place))
        return f"{self.sign}{top}/{self.sign}{bottom}" + (f"⁽{place}⁾" if self.place else "")

    @property
    def tree(self) -> Tree:
        """As a tree; the d of the total derivative is upright."""
        sign = ("mtext", "d") if self.sign == "d" else ("mo", "∂")
        bottom = name(self.bottom).tree
        if self.place:
            bottom = ("msup", bottom, ("mrow", ("mo", "("), ("mn", str(self.place)), ("mo", ")")))
        return "mfrac", ("mrow", sign, name(self.top).tree), ("mrow", sign, bottom)


def how_to_read(root: str) -> str:
    """What the two kinds of derivative are, said once with each picture.

    Example:
        >>> how_to_read("L")
        'dL/dx: how L changes with x, along all paths. ∂v/∂x: how v changes with x alone.'
    """
    top = name(root).text
    total = Derivative(root, "x").text
    return f"{total}: how {top} changes with x, along all paths. ∂v/∂x: how v changes with x alone."
