"""Checks of what the rules with closures and the line searches are given."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any


def check_between(who: str, name: str, number: Any, low: float, high: float = math.inf) -> None:
    """Refuse what is no number in the open interval from `low` to `high`."""
    check_real(who, name, number)
    if not low < number < high:
        needed = f"> {low}" if high == math.inf else f"in ({low}, {high})"
        raise ValueError(f"{who}: {name} must be {needed}, but got {number}.")


def check_tolerance(who: str, name: str, number: Any) -> None:
    """Refuse what is no number >= 0."""
    check_real(who, name, number)
    if not number >= 0:
        raise ValueError(f"{who}: {name} must be >= 0, but got {number}.")


def check_count(who: str, name: str, number: Any, least: int) -> None:
    """Refuse what is no whole number >= `least`."""
    if isinstance(number, bool) or not isinstance(number, Integral):
        raise TypeError(f"{who}: {name} must be a whole number, but got {number!r}.")
    if number < least:
        raise ValueError(f"{who}: {name} must be >= {least}, but got {number}.")


def check_state(who: str, state: Any, *names: str) -> None:
    """Refuse what no `state_dict()` has returned."""
    if not isinstance(state, dict) or not state.keys() >= set(names):
        came = f"a dict with {', '.join(map(str, state))}" if isinstance(state, dict) else state
        raise ValueError(
            f"{who}: needs what state_dict() returned, a dict with {', '.join(names)}, but got "
            f"{came}."
        )


def check_line_search(who: str, line_search: Any) -> None:
    """Refuse what is no line search."""
    if isinstance(line_search, type) or not callable(getattr(line_search, "search", None)):
        raise TypeError(
            f"{who}: line_search must be a line search such as StrongWolfe() or Armijo(), but got "
            f"{line_search!r}."
        )


def check_real(who: str, name: str, number: Any) -> None:
    """Refuse what is no number."""
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"{who}: {name} must be a number, but got {number!r}.")
