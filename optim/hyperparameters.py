"""The settings of a group of parameters, and what they may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

# What a setting of each name must be: in words, and as a test.
_RANGES: dict[str, tuple[str, Callable[[float], bool]]] = {
    "lr": (">= 0", lambda x: x >= 0),
    "momentum": ("in [0, 1)", lambda x: 0 <= x < 1),
    "dampening": ("in [0, 1)", lambda x: 0 <= x < 1),
    "rho": ("in [0, 1)", lambda x: 0 <= x < 1),
    "alpha": ("in [0, 1)", lambda x: 0 <= x < 1),
    "betas": ("in [0, 1)", lambda x: 0 <= x < 1),
    "weight_decay": (">= 0", lambda x: x >= 0),
    "lr_decay": (">= 0", lambda x: x >= 0),
    "momentum_decay": (">= 0", lambda x: x >= 0),
    "initial_accumulator_value": (">= 0", lambda x: x >= 0),
    "eps": (">= 0", lambda x: x >= 0),
}
_SWITCHES = {"nesterov", "centered", "amsgrad", "maximize"}


class Settings(dict[str, Any]):
    """What a rule reads in each step: a dict that refuses what no rule could work with.

    Args:
        who: The rule; errors begin with it.
        settings: All of them. Others cannot be added later.
        fixed: The names of those that cannot be changed later.

    Raises:
        TypeError: A setting is no number (or not two, or no bool), or there is no such setting.
        ValueError: A setting lies outside its range.

    Example:
        >>> settings = Settings("SGD", {"lr": 0.1})
        >>> settings["lr"] = -1
        Traceback (most recent call last):
        ...
        ValueError: SGD: lr must be >= 0, but got -1.
    """

    def __init__(
        self, who: str, settings: dict[str, Any], fixed: frozenset[str] = frozenset()
    ) -> None:
        super().__init__({name: _checked(who, name, x) for name, x in settings.items()})
        self.who = who
        self.fixed = fixed

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            known = ", ".join(self)
            raise TypeError(f"{self.who}: has no setting {name!r}, only {known}.")
        value = _checked(self.who, name, value)
        if name in self.fixed and value != self[name]:
            raise ValueError(
                f"{self.who}: {name} cannot be changed from {self[name]} to {value}, because what "
                "is kept from earlier steps is in units of it. Make a new optimizer."
            )
        super().__setitem__(name, value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Change several settings, each as if assigned."""
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    def __reduce__(self) -> Any:
        return Settings, (self.who, dict(self), self.fixed)


def check_rate(who: str, lr: Any) -> None:
    """Refuse a rate that could never move anything; only a schedule may bring a rate down to 0."""
    if isinstance(lr, Real) and not float(lr) > 0:
        raise ValueError(f"{who}: lr must be > 0, but got {lr}.")


def _checked(who: str, name: str, value: Any) -> Any:
    if name in _SWITCHES:
        if not isinstance(value, bool):
            raise TypeError(f"{who}: {name} must be True or False, but got {value!r}.")
        return value
    if name == "betas":
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise TypeError(f"{who}: betas must be two numbers, but got {value!r}.")
        betas = tuple(_number(who, name, beta) for beta in value)
        if len(betas) != 2:
            raise TypeError(f"{who}: betas must be two numbers, but got {value!r}.")
        return betas
    return _number(who, name, value) if name in _RANGES else value


def _number(who: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{who}: {name} must be a number, but got {value!r}.")
    number = float(value)  # a NumPy scalar would widen float32 arrays
    needed, holds = _RANGES[name]
    if not (math.isfinite(number) and holds(number)):
        raise ValueError(f"{who}: {name} must be {needed}, but got {value}.")
    return number
