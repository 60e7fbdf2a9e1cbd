"""What a learner typed, as numbers or words: strings, lists, nodes, rounded numbers."""

from __future__ import annotations

import math
import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import Tensor, Value

Array = npt.NDArray[np.float64]

CLOSE = 2e-6
"""Relative difference of two numbers that count as the same: float32 is welcome."""

NEAR = 5e-3
"""The same where the right number is not a short one: intermediate results may be rounded."""


class NotReadableError(ValueError):
    """What was typed is not what the exercise asks for; the message says what is."""


def is_empty(answer: Any) -> bool:
    """Whether the dots of the answer cell are still there.

    Example:
        >>> is_empty(...), is_empty((1, ...)), is_empty("..."), is_empty(0)
        (True, True, True, False)
    """
    if answer is ... or answer is None:
        return True
    if isinstance(answer, str):
        return answer.strip() in ("", "...", "…")
    return isinstance(answer, (list, tuple)) and any(is_empty(part) for part in answer)


def number(text: str) -> float:
    """A number as people write it: a decimal comma, a fraction and per cent are understood.

    Raises:
        NotReadableError: it is no number.
    Example:
        >>> number("0,69"), number("−2/4"), number("50 %")
        (0.69, -0.5, 0.5)
    """
    plain = text.strip().strip("'\"").replace("−", "-").replace(" ", "")
    percent = plain.endswith("%")
    over, slash, under = plain.rstrip("%").replace(",", ".").partition("/")
    try:
        value = float(over) / (float(under) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        raise NotReadableError(
            f"This needs a number, such as 0.5 or 1/3, but got {text.strip()!r}."
        ) from None
    return value / 100 if percent else value


def numbers(answer: Any, shape: tuple[int, ...]) -> Array:
    """The answer as an array of this shape, () for one number.

    Raises:
        NotReadableError: there are too few or too many numbers, or something else.
    Example:
        >>> numbers("4, 4, 4", (3,)).tolist()
        [4.0, 4.0, 4.0]
        >>> numbers([1, 2], (3,))
        Traceback (most recent call last):
        ...
        nn.course.reading.NotReadableError: This needs 3 numbers, but got 2.
    """
    count = math.prod(shape)
    found = np.asarray(_plain(answer, count), dtype=np.float64)
    if found.size != count:
        needed = "one number" if not shape else f"{count} numbers"
        raise NotReadableError(f"This needs {needed}, but got {found.size}.")
    if len(shape) > 1 and found.ndim > 1 and found.shape != shape:
        rows, columns = shape
        raise NotReadableError(
            f"This needs a table of {rows} rows and {columns} columns, but got one of shape "
            f"{found.shape}. Are rows and columns swapped?"
        )
    return found.reshape(shape)


def _plain(answer: Any, count: int = 1) -> Any:
    """Floats in nested lists, or one float; `count` is how many a text should hold."""
    if isinstance(answer, str):
        if count == 1:
            return number(answer.strip("[]() "))
        parts = re.findall(r"[^\s;,\[\]()]+", answer)
        if len(parts) != count and ";" in answer:  # the commas are decimal ones: 0,6; 0,8
            parts = re.findall(r"[^\s;\[\]()]+", answer)
        return [number(part) for part in parts]
    if isinstance(answer, (Value, Tensor)):
        answer = answer.data
    if isinstance(answer, (list, tuple, range)) or (isinstance(answer, np.ndarray) and answer.ndim):
        rows = [_plain(part) for part in answer]  # a learner's list may be ragged
        try:
            return np.asarray(rows, dtype=np.float64)
        except ValueError:
            raise NotReadableError("The rows of the answer have different lengths.") from None
    try:
        return float(answer)
    except (OverflowError, TypeError, ValueError):
        kind = type(answer).__name__
        raise NotReadableError(
            f"This needs a number, but got {kind} ({str(answer)[:60]})."
        ) from None


def word(answer: Any, choices: tuple[str, ...]) -> str:
    """The choice that is meant: upper case, quotes and unique beginnings do not matter.

    Raises:
        NotReadableError: none of the choices is meant.
    Example:
        >>> word(" Train", ("training", "test"))
        'training'
    """
    typed = str(answer).strip().strip("'\"().").lower()
    meant = [choice for choice in choices if choice.lower() == typed]
    meant = meant or [choice for choice in choices if typed and choice.lower().startswith(typed)]
    if len(meant) != 1:
        listed = ", ".join(repr(choice) for choice in choices)
        got = repr(answer)[:60]
        quotes = "" if isinstance(answer, str) else ", in quotes"
        raise NotReadableError(f"This needs one of {listed}{quotes}, but got {got}.")
    return meant[0]


def same(given: float, right: float) -> bool:
    """Whether a number is the right one, in full or rounded to two digits or more.

    Example:
        >>> same(0.69, 0.693147), same(0.7, 0.693147), same(0.66, 2 / 3), same(5.9, 6.0)
        (True, False, True, False)
    """
    if not (math.isfinite(given) and math.isfinite(right)):
        return given == right
    if math.isclose(given, right, rel_tol=CLOSE, abs_tol=1e-7 if right == 0 else 0.0):
        return True
    if right == 0:
        return False
    typed, exact = Decimal(repr(given)).normalize(), Decimal(repr(right)).normalize()
    if len(exact.as_tuple().digits) > 3 and abs(given - right) <= NEAR * abs(right):
        return True
    return len(typed.as_tuple().digits) > 1 and _is_rounded(typed, exact)


def too_round(given: float, right: float) -> bool:
    """Whether the right number was rounded to a single digit.

    Example:
        >>> too_round(0.7, 0.693147), too_round(0.5, 0.693147)
        (True, False)
    """
    if not (math.isfinite(given) and math.isfinite(right)) or given == 0:
        return False
    typed, exact = Decimal(repr(given)).normalize(), Decimal(repr(right)).normalize()
    return len(exact.as_tuple().digits) > 1 and _is_rounded(typed, exact)


def _is_rounded(typed: Decimal, exact: Decimal) -> bool:
    unit = Decimal(1).scaleb(int(typed.as_tuple().exponent))
    roundings = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
    return unit > Decimal("1e-20") and any(
        exact.quantize(unit, rounding=rounding) == typed for rounding in roundings
    )
