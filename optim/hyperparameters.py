"""The settings of a group of parameters, and what they may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from autograd.checks import check_bool, check_number, refuse
from autograd.modes import active
from autograd.tracing import written

if TYPE_CHECKING:
    from typing import Literal, overload

# What a setting of each name must be.
_RANGES = {
    "lr": ">= 0",
    "momentum": "in [0, 1)",
    "dampening": "in [0, 1)",
    "rho": "in [0, 1)",
    "alpha": "in [0, 1)",
    "betas": "in [0, 1)",
    "weight_decay": ">= 0",
    "lr_decay": ">= 0",
    "momentum_decay": ">= 0",
    "initial_accumulator_value": ">= 0",
    "eps": ">= 0",
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

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, name: Literal["betas"], /) -> tuple[float, float]: ...
        @overload
        def __getitem__(
            self, name: Literal["nesterov", "centered", "amsgrad", "maximize"], /
        ) -> bool: ...
        @overload
        def __getitem__(
            self,
            name: Literal[
                "lr", "momentum", "dampening", "rho", "alpha", "weight_decay", "lr_decay",
                "momentum_decay", "initial_accumulator_value", "eps",
            ],
            /,
        ) -> float: ...  # fmt: skip
        @overload
        def __getitem__(self, name: str, /) -> Any: ...

        def __getitem__(self, name: str, /) -> Any:
            """What a setting is."""
            return super().__getitem__(name)

    def __setitem__(self, name: str, value: object) -> None:
        if active():
            written("changing a setting of an optimizer")
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

    def __ior__(self, others: Any) -> Self:  # type: ignore[override,misc]
        self.update(others)
        return self

    def __reduce__(self) -> Any:
        return Settings, (self.who, dict(self), self.fixed)


def check_rate(who: str, lr: object) -> None:
    """Refuse a rate that could never move anything; only a schedule may bring a rate down to 0."""
    if lr is not None:
        check_number(who, "lr", lr, "> 0")


def _checked(who: str, name: str, value: object) -> Any:
    if name in _SWITCHES:
        return check_bool(who, name, value)
    if name == "betas":
        numbers = () if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
        if len(numbers) != 2:
            refuse(who, name, "two numbers", value, TypeError)
        return tuple(check_number(who, name, beta, _RANGES[name]) for beta in numbers)
    return check_number(who, name, value, _RANGES[name]) if name in _RANGES else value
