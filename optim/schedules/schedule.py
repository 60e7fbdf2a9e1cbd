"""What a schedule is: a rate for every epoch, which can be combined with others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.checks import check_int, check_number


class Schedule:
    """A rate for every epoch: a function with a name, which can be combined with others.

    Args:
        rate: A function of the epoch.
        name: What pictures and errors call it.
        first: The first epoch it has a rate for; `attach` starts to count there.
        parts: The schedules it is made of.

    Example:
        >>> halved = 0.5 * Schedule(lambda epoch: 0.1 / (epoch + 1), "0.1 / (epoch + 1)")
        >>> halved(1), halved
        (0.025, Schedule('0.5 · (0.1 / (epoch + 1))'))
    """

    def __init__(
        self,
        rate: Callable[[float], float],
        name: str,
        *,
        first: int = 0,
        parts: tuple[Schedule, ...] = (),
    ) -> None:
        self._rate = rate
        self.name = name
        self.first = first
        self.parts = parts

    def __call__(self, epoch: float) -> float:
        """The rate in this epoch.

        Raises:
            ValueError: epoch lies before `first`.
        """
        if not epoch >= self.first:
            raise ValueError(f"{self.name}: needs an epoch >= {self.first}, but got {epoch}.")
        return float(self._rate(epoch))

    def __mul__(self, factor: float) -> Schedule:
        """The same course, at another height."""
        factor = check_number("Schedule", "factor", factor, ">= 0")
        return Schedule(
            lambda epoch: factor * self(epoch),
            f"{factor:g} · ({self.name})",
            first=self.first,
            parts=(self,),
        )

    __rmul__ = __mul__

    def then(self, other: Schedule | float, at: int) -> Schedule:
        """This one up to the epoch `at`, and from there on the other from its own beginning.

        Example:
            >>> from optim.schedules import exponential
            >>> schedule = constant(0.1).then(exponential(0.1, t=0.5), at=3)
            >>> [schedule(epoch) for epoch in range(6)]
            [0.1, 0.1, 0.1, 0.1, 0.05, 0.025]
        """
        at, after = whole_epochs("then", "at", at), as_schedule(other)

        def rate(epoch: float) -> float:
            return self(epoch) if epoch < at else after(epoch - at + after.first)

        name = f"{self.name} until {at}, then {after.name}"
        return Schedule(rate, name, first=self.first, parts=(self, after))

    def observe(self, loss: float) -> None:
        """Hear of the loss after an epoch; what goes by epochs alone does not mind it."""
        for part in self.parts:
            part.observe(loss)

    @property
    def needs_loss(self) -> bool:
        """Whether it goes by the loss."""
        return any(part.needs_loss for part in self.parts)

    def state(self) -> list[Any]:
        """What it has learnt from losses, to be saved."""
        return [part.state() for part in self.parts]

    def load_state(self, state: list[Any]) -> None:
        """Take over what was saved."""
        for part, of_part in zip(self.parts, state, strict=True):
            part.load_state(of_part)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def constant(lr: float) -> Schedule:
    """The same rate always.

    Example:
        >>> constant(0.1)(1000)
        0.1
    """
    lr = check_number("constant", "lr", lr, "> 0")
    return Schedule(lambda epoch: lr, f"{lr:g}")


def as_schedule(schedule: Schedule | float) -> Schedule:
    """A schedule, or one rate for always."""
    return schedule if isinstance(schedule, Schedule) else constant(schedule)


def whole_epochs(who: str, name: str, value: float) -> int:
    """How many epochs, at least 1; 10.0 counts as 10."""
    given: Any = value
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return check_int(who, name, given, least=1)
