"""A product of small matrices, written out with the row and the column that make one entry.

dL/dW               Xᵀ              dL/dv₁
↓                                   ↓
[-0.226  0.028]     [0.1 -0.1]      [-1.23 0.01]
→ [ -1.15  0.114]   → [0.6  0.4]      [-1.03 0.27]
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from autograd.viz.text import aligned, matrix_lines, number


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
