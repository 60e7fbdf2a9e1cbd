"""How numbers, arrays and labels are written in pictures."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

SUPERSCRIPTS = dict(zip("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", strict=True))
SUBSCRIPTS = dict(zip("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋", strict=True))

_RIGHT = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]"
FROM_THE_RIGHT = re.compile(f"{_RIGHT}(?:[{_RIGHT[1:-1]} ]*{_RIGHT})?")
LEFT_TO_RIGHT_MARK = "\u200e"
"""After what is written from the right it has no width; what follows, = 0.5, would else be shown
before it."""

NOT_REACHED = "—"
"""Stands where a gradient would be, as long as no backward pass has reached the node."""

_MOST_ROWS, _MOST_COLUMNS, _MOST_CHARACTERS = 4, 4, 60


FEW = 4
"""Arrays of at most so many elements are written out among other things."""

_NOISE = 2e-7
"""What is nearer to a short number than this part of it is that number, in float32 too."""


def number(x: float) -> str:
    """Write a number with 4 significant digits; whole numbers below a million in full.

    Zeros at the end are left out, but where nothing else is behind the point, or a single digit
    would be left, only if the number is that.

    Example:
        >>> [number(x) for x in (1.2000000000000002, -3.0, 12345.0, 1234567.0, 1.5e-07)]
        ['1.2', '-3', '12345', '1.235e6', '1.5e-7']
        >>> [number(x) for x in (1.0001, 1 + 1e-15, 123.01, 0.30001, 0.25001)]
        ['1.000', '1', '123.0', '0.3000', '0.25']
    """
    if abs(x) < 1e6 and x == int(x):
        return str(int(x))
    text = f"{x:.4g}"
    mantissa, e, exponent = text.partition("e")
    shown = len(mantissa.lstrip("-0.").replace(".", ""))
    if shown < 2 + 2 * ("." not in mantissa) and abs(x - float(text)) > _NOISE * abs(x):
        mantissa = f"{x:#.4g}".partition("e")[0]
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def constant(x: float) -> str:
    """Write a number of a formula: in full where `number` would hide what tells it from another.

    Example:
        >>> [constant(x) for x in (1.0001, 0.1 + 0.2, 2 / 3, 1 + 1e-9)]
        ['1.0001', '0.3', '0.6667', '1.000000001']
    """
    if isinstance(x, Rounded):
        return x.text
    text = number(x)
    if float(text) == x or not 1e-4 <= abs(x) < 1e7:
        return text
    if float(longer := f"{x:.7g}") == x:
        return longer
    near = float(text)
    return text if near != int(near) or abs(x - near) < 1e-12 * abs(x) else repr(x)


class Rounded(float):
    """A number as `number` writes it, which a formula repeats: 7.034e5 is not known as 703400."""

    text: str


def rounded(x: float) -> Rounded:
    """The number that `number` writes.

    Example:
        >>> rounded(0.76159415), constant(rounded(703367.5)), constant(703400.0)
        (0.7616, '7.034e5', '703400')
    """
    out = Rounded(text := number(x))
    out.text = text
    return out


def numbers(data: Any) -> tuple[str, ...]:
    """Write a number or an array: a small array line by line, else its smallest and largest number.

    Example:
        >>> numbers(np.array([[1.0, -2.5], [10.0, 0.0]]))
        ('[ 1 -2.5]', '[10    0]')
        >>> numbers(np.arange(100)), numbers(0.5)
        (('0 … 99',), ('0.5',))
    """
    if isinstance(data, (float, int)):
        return (number(data),)
    if not isinstance(data, np.ndarray):  # a Dask array: its numbers may not exist yet
        return (f"({type(data).__module__.partition('.')[0]})",)
    if data.size == 0:
        return ("[]",)
    if data.ndim == 0:
        return (number(data.item()),)
    rows = data.reshape(1, -1) if data.ndim == 1 else data
    if rows.ndim == 2 and len(rows) <= _MOST_ROWS and rows.shape[1] <= _MOST_COLUMNS:
        return tuple(matrix_lines([[number(x) for x in row] for row in rows.tolist()]))
    with np.errstate(all="ignore"):
        least, most = data.min().item(), data.max().item()
    return (f"all {number(least)}" if least == most else f"{number(least)} … {number(most)}",)


def array_text(x: Any) -> str:
    """A number, a few numbers, or what shape of array.

    Example:
        >>> array_text(0.5), array_text(np.array([1.0, 0.25])), array_text(np.zeros((3, 4)))
        ('0.5', '[1, 0.25]', 'array 3×4')
    """
    if not is_short(x):
        return f"array {shape_text(x if isinstance(x, tuple) else np.shape(x))}"
    if np.ndim(x) == 0:
        return number(float(x))
    return f"[{', '.join(array_text(row) for row in x)}]"


def is_short(x: Any) -> bool:
    """Whether an array is written out."""
    return not isinstance(x, tuple) and 0 < np.size(x) <= FEW


def bracketed(text: str) -> str:
    """A number as a factor: in brackets if it is negative."""
    return f"({text})" if text.startswith("-") else text


def as_printed(x: Any) -> Any:
    """The number or the array that `array_text` writes.

    Example:
        >>> as_printed(np.array([2 / 3, 1.0]))
        array([0.6667, 1.    ])
    """
    return np.reshape([rounded(y) for y in np.ravel(x).tolist()], np.shape(x))


def shape_text(shape: tuple[int, ...]) -> str:
    """Write a shape.

    Example:
        >>> shape_text((2, 3)), shape_text(())
        ('2×3', '1')
    """
    return "×".join(map(str, shape)) or "1"


def counted(many: int, what: str) -> str:
    """How many there are of something.

    Example:
        >>> counted(1, "leaf"), counted(2_000, "box")
        ('1 leaf', '2,000 boxes')
    """
    plural = {"leaf": "leaves", "box": "boxes"}.get(what, f"{what}s")
    return f"{many:,} {what if many == 1 else plural}"


def printable(label: str) -> str:
    r"""Replace what cannot be shown by a sign for it, so that every label can be seen.

    Control characters become their pictures in Unicode; what turns the direction of writing, or is
    no character at all (half of a surrogate pair), becomes the replacement sign. Newlines stay.

    Example:
        >>> printable("bell\a"), printable("<b> \\n")
        ('bell␇', '<b> \\n')
    """
    return "".join(map(_shown, label))


def lines_of(label: str) -> tuple[str, ...]:
    """Split a label into its printable lines, cutting off what is too much for a picture."""
    lines = printable(label).split("\n") if label else []
    if len(lines) > _MOST_ROWS:
        lines = [*lines[: _MOST_ROWS - 1], "…"]
    return tuple(
        line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"
        for line in lines
    )


@functools.lru_cache(maxsize=4096)
def columns(text: str) -> int:
    """Count the columns that text takes in a font of equal width; a wide character takes two."""
    if text.isascii():  # most text
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def aligned(rows: Iterable[Sequence[str]], widest: int = 1_000) -> list[list[str]]:
    """The cells of a table, each but the last of a row filled up to the width of its column.

    A cell that is wider than `widest` does not set the width of its column.

    Example:
        >>> aligned([["x", "= 3"], ["loss", "= 12"]])
        [['x   ', '= 3'], ['loss', '= 12']]
    """
    table = [list(row) for row in rows]
    for k in range(max(map(len, table), default=0) - 1):
        sizes = [columns(row[k]) for row in table]
        width = max((n for n in sizes if n <= widest), default=0)
        for row, n in zip(table, sizes, strict=True):
            row[k] += " " * (width - n)
    return table


def matrix_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of numbers as lines in square brackets, the numbers below one another.

    Example:
        >>> matrix_lines([["1", "-2.5"], ["10", "0"]])
        ['[ 1 -2.5]', '[10    0]']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    pairs = [zip(row, widths, strict=True) for row in rows]
    return [f"[{' '.join(x.rjust(width) for x, width in row)}]" for row in pairs]


def _shown(character: str) -> str:
    code = ord(character)
    if character == "\n" or 0x20 <= code < 0x7F:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    turning = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    if turning or unicodedata.category(character) in ("Cc", "Cs") or code & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return character
