"""What a schedule is: a rate for every epoch, which can be combined with others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from autograd.checks import check_int, check_number
from optim.states import taken_counts, taken_list


class Schedule:
    """A rate for every epoch: a function with a name, which can be combined with others.

    Args:
        rate: A function of the epoch. A schedule can be pickled if it can: a function that a file
            defines can, a lambda cannot.
        name: What pictures and errors call it.
        first: The first epoch it has a rate for; `attach` starts to count there.
        parts: The schedules it is made of.

    Attributes:
        by_batch: Whether `nn.fit` sets the rate before every batch; see `each_batch`.

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
        self.by_batch: bool = any(part.by_batch for part in parts)

    def __call__(self, epoch: float) -> float:
        """The rate in this epoch.

        Raises:
            ValueError: epoch lies before `first`.
        """
        if not epoch >= self.first:
            raise ValueError(f"{self.name}: needs an epoch >= {self.first}, but got {epoch}.")
        return float(self._rate(epoch))

    def __mul__(self, factor: float) -> Schedule:
        """The schedule with all its rates multiplied by a number."""
        factor = check_number("Schedule", "factor", factor, ">= 0")
        name = f"{factor:g} · ({self.name})"
        return Schedule(partial(_times, factor, self), name, first=self.first, parts=(self,))

    __rmul__ = __mul__

    def then(self, other: Schedule | float, at: int) -> Schedule:
        """This one up to the epoch `at`, and from there on the other from its own beginning.

        Example:
            >>> from optim.schedules import exponential
            >>> schedule = constant(0.1).then(exponential(0.1, t=0.5), at=3)
            >>> [schedule(epoch) for epoch in range(6)]
            [0.1, 0.1, 0.1, 0.1, 0.05, 0.025]
        """
        return SequentialSchedule(self, as_schedule(other), whole_epochs("then", "at", at))

    def each_batch(self) -> Schedule:
        """The same, but `nn.fit` sets the rate before every batch, not only before every epoch.

        A batch in the middle of epoch 3 then gets the rate of 3.5.

        Example:
            >>> from optim.schedules import cosine
            >>> cosine(0.1, epochs=10).each_batch().by_batch
            True
        """
        same = Schedule(self, self.name, first=self.first, parts=(self,))
        same.by_batch = True
        return same

    @property
    def warm_up_epochs(self) -> int:
        """How many epochs pass before the rates are those that it was made for."""
        return max((part.warm_up_epochs for part in self.parts), default=0)

    def reset(self) -> None:
        """Forget the losses, for another training; `attach` does so first."""
        for part in self.parts:
            part.reset()

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
        """Take over what was saved.

        Raises:
            ValueError: It is of another schedule. Nothing is changed then.
        """
        load_states(self.name, self.parts, state)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class SequentialSchedule(Schedule):
    """One schedule up to an epoch, then another from its own beginning; `then` makes it."""

    def __init__(self, before: Schedule, after: Schedule, at: int, *, warm_up: bool = False):
        name = f"{before.name} until {at}, then {after.name}"
        super().__init__(self._in_turn, name, first=before.first, parts=(before, after))
        self.at = at
        self.warm_up = warm_up
        self._epoch = before.first

    def _in_turn(self, epoch: float) -> float:
        before, after = self.parts
        return before(epoch) if epoch < self.at else after(epoch - self.at + after.first)

    @property
    def warm_up_epochs(self) -> int:
        """How many epochs pass before the rates are those that it was made for."""
        before, after = self.parts
        later = self.at + after.warm_up_epochs
        return later if self.warm_up or after.warm_up_epochs else before.warm_up_epochs

    def reset(self) -> None:
        """Forget the losses, for another training; `attach` does so first."""
        super().reset()
        self._epoch = self.first

    def observe(self, loss: float) -> None:
        """Hear of the loss after an epoch: only the schedule whose epoch it was does."""
        self.parts[self._epoch >= self.at].observe(loss)
        self._epoch += 1

    def state(self) -> list[Any]:
        """What it has learnt from losses, to be saved."""
        return [self._epoch, super().state()]

    def load_state(self, state: list[Any]) -> None:
        """Take over what was saved.

        Raises:
            ValueError: It is of another schedule. Nothing is changed then.
        """
        epoch, parts = taken_list(self.name, "its state", state, 2)
        if isinstance(epoch, list):  # as 0.1 saved it, who did not count
            epoch, parts = self._epoch, state
        (epoch,) = taken_counts(self.name, "its epoch", [epoch], 1).tolist()
        super().load_state(parts)
        self._epoch = epoch


def load_states(who: str, schedules: Sequence[Schedule], states: object) -> None:
    """Give each schedule its saved state; where one refuses it, all stay as they were."""
    saved = taken_list(who, "schedules", states, len(schedules))
    with all_or_none(schedules):
        for schedule, state in zip(schedules, saved, strict=True):
            schedule.load_state(state)


@contextmanager
def all_or_none(schedules: Iterable[Schedule]) -> Iterator[None]:
    """What ends with an error leaves the schedules as they were."""
    before = [(schedule, schedule.state()) for schedule in schedules]
    try:
        yield
    except Exception:
        for schedule, state in before:
            schedule.load_state(state)
        raise


def constant(lr: float) -> Schedule:
    """The same rate always.

    Raises:
        ValueError: lr is not > 0.

    Example:
        >>> constant(0.1)(1000)
        0.1
    """
    lr = check_number("constant", "lr", lr, "> 0")
    return Schedule(partial(_constant, lr), f"{lr:g}")


def _constant(lr: float, _epoch: float) -> float:
    return lr


def _times(factor: float, schedule: Schedule, epoch: float) -> float:
    return factor * schedule(epoch)


def as_schedule(schedule: Schedule | float) -> Schedule:
    """A schedule, or one rate for always."""
    return schedule if isinstance(schedule, Schedule) else constant(schedule)


def whole_epochs(who: str, name: str, value: float) -> int:
    """How many epochs, at least 1; 10.0 counts as 10."""
    given: Any = value
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return check_int(who, name, given, least=1)
