"""A product of small matrices, written out with the row and the column that make one entry.

dL/dW               Xᵀ              dL/dv₁
↓                                   ↓
[-0.226  0.028]     [0.1 -0.1]      [-1.23 0.01]
→ [ -1.15  0.114]   → [0.6  0.4]      [-1.03 0.27]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.viz.text import columns, number


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
        height = max(map(len, blocks))
        widths = [max(map(columns, block)) for block in blocks]
        lines = []
        for k in range(height):
            cells = [block[k] if k < len(block) else "" for block in blocks]
            line = "   ".join(
                cell + " " * (n - columns(cell)) for cell, n in zip(cells, widths, strict=True)
            )
            lines.append(line.rstrip())
        return "\n".join(lines)


def _block(name: str, rows: list[list[str]], row: int | None, column: int | None) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    at = "" if column is None else " " * (sum(widths[: column + 1]) + column + 2) + "↓"
    lines = []
    for k, cells in enumerate(rows):
        texts = " ".join(x.rjust(n) for x, n in zip(cells, widths, strict=True))
        lines.append(f"{'→' if k == row else ' '} [{texts}]")
    return [f"  {name}", at, *lines]
