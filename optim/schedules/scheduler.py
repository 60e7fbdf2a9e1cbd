"""A scheduler: an optimizer whose rates follow schedules."""

from __future__ import annotations

from numbers import Real
from typing import Any

from autograd.checks import check_number, refuse
from optim.schedules.schedule import Schedule, all_or_none, as_schedule, load_states
from optim.states import check_parts, taken_counts
from optim.update_rule import Group, UpdateRule, check_rule


class Scheduler:
    """An optimizer whose rates follow schedules; `attach` makes it.

    Attributes:
        optimizer: It.
        schedules: One for each of its groups.
        epoch: The epoch now.

    Example:
        >>> from autograd import Value
        >>> from optim import SGD
        >>> from optim.schedules import step_decay
        >>> scheduler = attach(SGD([Value(1.0)]), step_decay(0.1, 0.5, every=1))
        >>> scheduler.step()
        >>> scheduler.epoch, scheduler.optimizer.lr
        (1, 0.05)
    """

    def __init__(self, optimizer: UpdateRule, schedules: list[Schedule]) -> None:
        self.optimizer = optimizer
        self.schedules = schedules
        self._begin(max(schedule.first for schedule in schedules))

    def step(self, loss: float | None = None) -> None:
        """An epoch is over: set the rates for the next.

        Args:
            loss: That of the epoch, for schedules that go by it (`ReduceOnPlateau`).

        Raises:
            TypeError: A schedule needs the loss, and there is none. Nothing is changed then.
            ValueError: A rate is not >= 0, or the optimizer has got further groups. Nothing is
                changed then.
        """
        schedules = dict.fromkeys(self.schedules)  # one that several groups share, once
        with all_or_none(schedules):
            for schedule in schedules:
                if loss is not None:
                    schedule.observe(loss)
                elif schedule.needs_loss:
                    raise TypeError(f"step: {schedule.name} goes by the loss. Pass step(loss).")
            self._begin(self.epoch + 1)

    def within(self, done: float) -> None:
        """In the middle of an epoch: set the rates of the schedules that go by batches.

        Args:
            done: What part of the epoch is over, in [0, 1).
        """
        for group, schedule in self._pairs():
            if schedule.by_batch:
                group["lr"] = schedule(self.epoch + done)

    @property
    def by_batch(self) -> bool:
        """Whether one of them goes by batches."""
        return any(schedule.by_batch for schedule in self.schedules)

    def __repr__(self) -> str:
        names = ", ".join(schedule.name for schedule in dict.fromkeys(self.schedules))
        return f"Scheduler({names}; epoch {self.epoch})"

    def _pairs(self) -> list[tuple[Group, Schedule]]:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.schedules):
            raise ValueError(
                f"Scheduler: has schedules for {len(self.schedules)} groups, but the optimizer has "
                f"{len(groups)}. Call attach after add_param_group."
            )
        return list(zip(groups, self.schedules, strict=True))

    def _begin(self, epoch: int) -> None:
        """Set the rates of an epoch: all of them, or none."""
        pairs = self._pairs()
        rates = [check_number(s.name, "the rate", s(epoch), ">= 0") for _, s in pairs]
        for (group, _), rate in zip(pairs, rates, strict=True):
            group["lr"] = rate
        self.epoch = epoch

    def state_dict(self) -> dict[str, int | list[Any]]:
        """The epoch, and what schedules have learnt from losses, to be saved."""
        return {"epoch": self.epoch, "schedules": [s.state() for s in self.schedules]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another with the same schedules was.

        Raises:
            ValueError: A part is missing, or there is one too many, or it is of other schedules.
                Nothing is changed then.
        """
        check_parts("Scheduler", state_dict, ("epoch", "schedules"))
        epoch = taken_counts("Scheduler", "epoch", [state_dict["epoch"]], 1)
        with all_or_none(self.schedules):
            load_states("Scheduler", self.schedules, state_dict["schedules"])
            self._begin(int(epoch[0]))


def attach(optimizer: UpdateRule, *schedules: Schedule | float) -> Scheduler:
    """Let an optimizer follow a schedule, from its first epoch on.

    What the schedule has learnt from the losses of another training is forgotten.

    Args:
        optimizer: Any rule of first order.
        schedules: One, or one for each of the optimizer's groups if these have different rates. A
            number is a constant rate.

    Returns:
        What is told of the end of each epoch: `scheduler.step()`.

    Raises:
        TypeError: optimizer is no rule of first order, or a schedule is something else.
        ValueError: There are other numbers of schedules and of groups, or one schedule would make
            the different rates of groups the same.

    Example:
        >>> from autograd import Value
        >>> from optim import SGD, schedules
        >>> optimizer = SGD([Value(1.0)])
        >>> scheduler = attach(optimizer, schedules.exponential(0.8, t=0.5))
        >>> for epoch in range(3):
        ...     print(optimizer.lr)
        ...     scheduler.step()
        0.8
        0.4
        0.2
    """
    check_rule("attach", optimizer)
    for schedule in schedules:
        if not isinstance(schedule, (Schedule, Real)):
            refuse("attach", "schedule", "a rate, or such as cosine(0.1, 20)", schedule, TypeError)
    groups = optimizer.param_groups
    each = [as_schedule(schedule) for schedule in schedules]
    if len(each) == 1 < len(groups):
        rates = [group["lr"] for group in groups]
        if len(set(rates)) > 1:
            raise ValueError(
                f"attach: the groups have different rates, {rates}. Pass {len(groups)} schedules."
            )
        each *= len(groups)
    if len(each) != len(groups):
        raise ValueError(
            f"attach: needs 1 schedule or {len(groups)}, one for each group, but got {len(each)}."
        )
    for schedule in each:
        schedule.reset()
    return Scheduler(optimizer, each)
