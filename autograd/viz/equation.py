"""Sums of products as they are printed: in symbols, in numbers, and what these come to.

>>> x, y = Symbol("x"), Symbol("y")
>>> total = Sum([([x, y], [2.0, -1.5]), ([y], [-1.5])], -4.5)
>>> print(total.symbols.text, "=", total.numbers.text, total.outcome.text)
x · y + y = 2 · (-1.5) + (-1.5) = -4.5
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.viz.notation import Derivative
from autograd.viz.symbols import NEGATIVE, PRODUCT, Symbol, tree_of
from autograd.viz.text import aligned, array_text, matrix_lines, number, rounded
from autograd.viz.tree import Tree, number_tree

if TYPE_CHECKING:
    from autograd.arrays import Array, Number

LONGEST = 8
"""Of a longer product, the factors in its middle are left out."""


def shortened(items: Sequence[Any], longest: int, more: Any) -> list[Any]:
    """The items, or `more` in the place of those in the middle, where they are too many."""
    half = longest // 2
    return [*items] if len(items) <= longest else [*items[:half], more, *items[-half:]]


class Part(NamedTuple):
    """What stands in an equation, as text and as a tree, which is made when it is asked for."""

    text: str
    made: Callable[[], Tree]

    @property
    def tree(self) -> Tree:
        """It as a tree."""
        return self.made()


def joined(parts: Sequence[Part], sign: str) -> Part:
    """Parts with a sign between them."""

    def made() -> Tree:
        return "mrow", *[tree for part in parts for tree in (("mo", sign), part.tree)][1:]

    return Part(f" {sign} ".join([part.text for part in parts]), made)


def product(factors: Sequence[Any], first: bool = False) -> Part:
    """Factors with signs between them; the first of an equation needs no brackets.

    Example:
        >>> product([Symbol(-1.0), Symbol(-2.0)], first=True).text
        '-1 · (-2)'
    """
    parts = []
    more = Part(f"… {len(factors) - LONGEST} more …", lambda: ("mo", "⋯"))
    for factor in shortened(factors, LONGEST, more):
        if isinstance(factor, Part):
            parts.append(factor)
            continue
        leaf = rounded(factor) if isinstance(factor, float) else factor
        x = leaf if isinstance(leaf, Symbol) else Symbol(leaf)
        bare = first and not parts and (len(factors) == 1 or x.number is not None)
        made = partial(tree_of, x, NEGATIVE if bare else PRODUCT)
        parts.append(Part(x.text if bare else x.factor, made))
    return joined(parts, "·")


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A sum of products and what it comes to.

    Attributes:
        products: Of each its factors (formulas, derivatives or numbers), and their numbers.
        total: What all come to, those that are left out, too.
        more: What stands for products that are left out, in words.
    """

    products: Sequence[tuple[Sequence[Any], Sequence[float]]]
    total: float
    more: str = ""

    @property
    def symbols(self) -> Part:
        """The sum in symbols: "1 · ∂y/∂x + dy/dv · ∂v/∂x"."""
        return self._side(0)

    @property
    def numbers(self) -> Part:
        """The same in numbers: "1 · 2 + 3 · (-4)"."""
        return self._side(1)

    def _side(self, which: int) -> Part:
        parts = [product(pair[which], first=not k) for k, pair in enumerate(self.products)]
        if self.more:
            parts.append(Part(self.more, lambda: ("mtext", self.more)))
        return joined(parts, "+")

    @property
    def outcome(self) -> Part:
        """What it comes to: "= 3", or "≈ 3" where that is not what the printed numbers are."""
        sign, total = "=", number(self.total)
        if not self.more and all(len(numbers) <= LONGEST for _, numbers in self.products):
            printed = [math.prod(map(rounded, numbers)) for _, numbers in self.products]
            sign = equals(sum(printed), self.total)
        return Part(f"{sign} {total}", lambda: ("mrow", ("mo", sign), number_tree(total)))

    def lines_with(self, *formulas: Part) -> list[list[Tree]]:
        """Symbols, formulas, numbers and outcome, each once and with its sign before it."""
        sides = {side.text: side for side in (self.symbols, *formulas, self.numbers)}
        lines = [[("mo", "="), *side.tree[1:]] for side in sides.values()]
        outcome = self.outcome
        return lines if outcome.text[2:] in sides else [*lines, [*outcome.tree[1:]]]

    def text(self, left: Derivative) -> str:
        """The whole equation, with what it is of."""
        sides = f"{self.symbols.text} = {self.numbers.text} {self.outcome.text}"
        return f"{left.text} = {sides}"

    def tree(self, left: Derivative, before: str = "=") -> Tree:
        """The same as a tree, with the sign `before` the sum."""
        (_, *symbols), *lines = self.lines_with()
        rest = [part for line in lines for part in line]
        return ("mrow", left.tree, ("mo", before), *symbols, *rest)


def equals(printed: Number | None, x: Number) -> str:
    """Whether printed numbers come to what stands behind the sign: =, or ≈ where digits differ.

    Args:
        printed: What they are; None where not only numbers stand there.
        x: What it is: a number, or a small array.

    Example:
        >>> equals(2 * -1.5 + 1, -2.0), equals(0.3333 * 3, 1.0), equals(100_000, 1e5 - 1e-9)
        ('=', '≈', '=')
    """
    if printed is None or np.size(printed) != np.size(x):
        return "="
    pairs = zip(np.ravel(printed).tolist(), np.ravel(x).tolist(), strict=True)
    return "=" if all(_alike(one, other) for one, other in pairs) else "≈"


def _alike(x: float, y: float) -> bool:
    """Whether what printed numbers come to is the result: 3 is 3.000, but 3.000 is not 3."""
    one, other = number(x), number(y)
    return one == other or (("." in one) <= ("." in other) and float(one) == float(other))


def outcome(printed: Number | None, x: Number) -> str:
    """What numbers come to, with the sign before it.

    Example:
        >>> outcome(np.array([3.0, 0.9999]), np.array([3.0, 1.0]))
        '≈ [3, 1]'
    """
    return f"{equals(printed, x)} {array_text(x)}"


# --- products of matrices ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """A matrix product: what it is added to and its two factors, by name, and what they hold.

    Example:
        >>> a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])
        >>> print(Factors(("C", "A", "B"), (a @ b, a, b)).marked(1, 0))
          C     += A       · B
            ↓                  ↓
          [17]     [1 2]     [5]
        → [39]   → [3 4]     [6]
    """

    names: tuple[str, str, str]
    arrays: tuple[Any, Any, Any]

    def marked(self, i: int, j: int) -> str:
        """The matrices with the row i and the column j marked that make entry i, j."""
        signs = zip(("  ", "+= ", "· "), self.names, strict=True)
        titles = [f"{sign}{name}" for sign, name in signs]
        marks = zip(titles, self.arrays, (i, i, None), (j, None, j), strict=True)
        lines = aligned(zip_longest(*(_block(*marked) for marked in marks), fillvalue=""))
        return "\n".join("   ".join(cells).rstrip() for cells in lines)


def _block(title: str, array: Array, row: int | None, column: int | None) -> list[str]:
    rows = [[number(x) for x in cells] for cells in array.tolist()]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    at = "" if column is None else " " * (sum(widths[: column + 1]) + column + 2) + "↓"
    lines = [f"{'→' if k == row else ' '} {line}" for k, line in enumerate(matrix_lines(rows))]
    return [title, at, *lines]
