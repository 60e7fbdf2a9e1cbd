"""Sums of products as they are printed: in symbols, in numbers, and what these come to.

>>> x, y = Symbol("x"), Symbol("y")
>>> total = Sum([([x, y], [2.0, -1.5]), ([y], [-1.5])], -4.5)
>>> print(total.symbols, "=", total.numbers, total.outcome)
x · y + y = 2 · (-1.5) + (-1.5) = -4.5
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.viz.notation import Derivative
from autograd.viz.symbols import Symbol
from autograd.viz.text import aligned, array_text, matrix_lines, number, rounded
from autograd.viz.tree import Tree, number_tree

if TYPE_CHECKING:
    from autograd.arrays import Number

LONGEST = 8
"""Of a longer product, the factors in its middle are left out."""


def shortened(items: Sequence[Any], longest: int, more: Any) -> list[Any]:
    """The items, or `more` in the place of those in the middle, where they are too many."""
    half = longest // 2
    return [*items] if len(items) <= longest else [*items[:half], more, *items[-half:]]


def product(factors: Sequence[Any], first: bool = False) -> str:
    """Factors with signs between them; the first of an equation needs no brackets.

    Example:
        >>> product([Symbol(-1.0), Symbol(-2.0)], first=True)
        '-1 · (-2)'
    """
    return " · ".join(
        x if isinstance(x, str) else x.text if bare else x.factor
        for x, bare in _shown(factors, first)
    )


def _product_tree(factors: Sequence[Any], first: bool) -> Tree:
    trees = [
        ("mo", "⋯") if isinstance(x, str) else x.tree if bare else x.factor_tree
        for x, bare in _shown(factors, first)
    ]
    return ("mrow", *_joined(trees, "·"))


def _shown(factors: Sequence[Any], first: bool) -> list[tuple[Symbol | str, bool]]:
    """Those factors that are shown, and whether each goes without brackets."""
    more = f"… {len(factors) - LONGEST} more …"
    shown = [
        x if isinstance(x, (str, Symbol)) else Symbol(rounded(x) if isinstance(x, float) else x)
        for x in shortened(factors, LONGEST, more)
    ]
    start = shown[0]
    bare = first and isinstance(start, Symbol) and (len(shown) == 1 or start.number is not None)
    return [(x, bare and not k) for k, x in enumerate(shown)]


def _joined(parts: Sequence[Tree], sign: str) -> list[Tree]:
    return [x for part in parts for x in (("mo", sign), part)][1:]


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
    def symbols(self) -> str:
        """The sum in symbols: "1 · ∂y/∂x + dy/dv · ∂v/∂x"."""
        return self._text(0)

    @property
    def numbers(self) -> str:
        """The same in numbers: "1 · 2 + 3 · (-4)"."""
        return self._text(1)

    def _text(self, which: int) -> str:
        texts = [product(pair[which], first=not k) for k, pair in enumerate(self.products)]
        return " + ".join([*texts, self.more] if self.more else texts)

    @property
    def _sign(self) -> str:
        """≈ where the numbers, rounded as they are, come to something else."""
        if self.more or any(len(numbers) > LONGEST for _, numbers in self.products):
            return "="
        printed = [math.prod(map(rounded, numbers)) for _, numbers in self.products]
        return equals(sum(printed), self.total)

    @property
    def outcome(self) -> str:
        """What it comes to: "= 3", or "≈ 3" where that is not what the printed numbers are."""
        return f"{self._sign} {number(self.total)}"

    @property
    def lines(self) -> list[list[Tree]]:
        """Symbols, numbers and outcome as trees, each with its sign before it."""
        more = [("mtext", self.more)] if self.more else []
        lines: list[list[Tree]] = []
        for which in (0, 1):
            rows = [_product_tree(pair[which], not k) for k, pair in enumerate(self.products)]
            lines.append([("mo", "="), *_joined([*rows, *more], "+")])
        return [*lines, [("mo", self._sign), number_tree(number(self.total))]]

    def text(self, left: Derivative, before: str = "=") -> str:
        """The whole equation, with what it is of and the sign behind that."""
        return f"{left.text} {before} {self.symbols} = {self.numbers} {self.outcome}"

    def tree(self, left: Derivative, before: str = "=") -> Tree:
        """The same as a tree."""
        (_, *symbols), numbers, outcome = self.lines
        return ("mrow", left.tree, ("mo", before), *symbols, *numbers, *outcome)


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
    """A matrix product: how its result and its two factors are written, and what they hold.

    Example:
        >>> a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])
        >>> print(Factors(("C", "A", "B"), (a @ b, a, b)).marked(1, 0))
          C        A         B
            ↓                  ↓
          [17]     [1 2]     [5]
        → [39]   → [3 4]     [6]
    """

    names: tuple[str, str, str]
    arrays: tuple[Any, Any, Any]

    @property
    def rows(self) -> list[list[list[str]]]:
        """The numbers of the three matrices as they are written."""
        return [[[number(x) for x in row] for row in np.asarray(a).tolist()] for a in self.arrays]

    def marked(self, i: int, j: int) -> str:
        """The matrices with the row i and the column j marked that make entry i, j."""
        blocks = [
            _block(name, rows, row, column)
            for name, rows, row, column in zip(
                self.names, self.rows, (i, i, None), (j, None, j), strict=True
            )
        ]
        lines = aligned(zip_longest(*blocks, fillvalue=""))
        return "\n".join("   ".join(cells).rstrip() for cells in lines)


def _block(name: str, rows: list[list[str]], row: int | None, column: int | None) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    at = "" if column is None else " " * (sum(widths[: column + 1]) + column + 2) + "↓"
    lines = [f"{'→' if k == row else ' '} {line}" for k, line in enumerate(matrix_lines(rows))]
    return [f"  {name}", at, *lines]
