"""A schedule that goes by the loss."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from autograd.checks import came, check_bool, check_number
from autograd.op import plain
from optim.schedules.schedule import Schedule, as_schedule
from optim.states import taken_counts, taken_list


class ReduceOnPlateau(Schedule):
    """Reduce the rate whenever the loss has stopped falling.

    After `patience` epochs in a row without a loss better than the best so far, the next such epoch
    multiplies the rate by `factor`. Better means smaller by the part `threshold` of the best. The
    counting is PyTorch's ReduceLROnPlateau's, whose defaults these are; but where the best is below
    0, PyTorch counts a loss as better that is larger by less than that part. The epochs of a
    `warm_up`, around it or in it, are not counted.

    Args:
        schedule: What is reduced: another schedule, or one rate.
        factor: In (0, 1).
        patience: >= 0.
        threshold: >= 0.
        lr_min: The rate does not fall below it, >= 0.
        maximize: Whether what is observed shall grow (an accuracy) rather than fall.

    Raises:
        ValueError: one of the settings is out of its range.

    Example:
        >>> schedule = ReduceOnPlateau(0.1, factor=0.5, patience=1)
        >>> for loss in (3.0, 2.0, 2.0, 2.0):
        ...     schedule.observe(loss)
        >>> schedule(4)
        0.05
    """

    def __init__(
        self,
        schedule: Schedule | float,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        lr_min: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        who = "ReduceOnPlateau"
        of = as_schedule(schedule)
        self.factor = check_number(who, "factor", factor, "in (0, 1)")
        self.patience = check_number(who, "patience", patience, ">= 0")
        self.threshold = check_number(who, "threshold", threshold, ">= 0")
        self.lr_min = check_number(who, "lr_min", lr_min, ">= 0")
        self.maximize = check_bool(who, "maximize", maximize)
        self._begin()
        name = f"{of.name}, times {factor:g} on a plateau"
        super().__init__(self._reduced, name, first=of.first, parts=(of,))

    def _begin(self) -> None:
        self._reduction, self._best, self._bad_epochs, self._epochs = 1.0, math.inf, 0, 0

    def _reduced(self, epoch: float) -> float:
        rate = self.parts[0](epoch)
        return max(self._reduction * rate, min(self.lr_min, rate))

    def reset(self) -> None:
        """Forget the losses, for another training; `attach` does so first."""
        super().reset()
        self._begin()

    def observe(self, loss: float) -> None:
        """Hear of the loss after an epoch; nan is no better than any other."""
        super().observe(loss)
        self._epochs += 1
        if self._epochs <= self.parts[0].warm_up_epochs:
            return
        number = float(plain(loss))
        loss = -number if self.maximize else number
        best = self._best
        if loss < (best if math.isinf(best) else best - self.threshold * abs(best)):
            self._best, self._bad_epochs = loss, 0
            return
        self._bad_epochs += 1
        if self._bad_epochs > self.patience:
            self._reduction, self._bad_epochs = self._reduction * self.factor, 0

    @property
    def needs_loss(self) -> bool:
        """True: it goes by the loss."""
        return True

    def state(self) -> list[Any]:
        """What it has learnt from losses, to be saved."""
        return [self._reduction, self._best, self._bad_epochs, super().state(), self._epochs]

    def load_state(self, state: list[Any]) -> None:
        """Take over what was saved.

        Raises:
            ValueError: It is of another schedule. Nothing is changed then.
        """
        given: Any = state
        if isinstance(given, (list, tuple)) and len(given) == 4:  # as 0.1 saved it: no epochs
            given = [*given, self.parts[0].warm_up_epochs]
        reduction, best, *counts, parts, epochs = taken_list(self.name, "its state", given, 5)
        for number in (reduction, best):
            if isinstance(number, bool) or not isinstance(number, Real) or math.isnan(number):
                raise ValueError(f"{self.name}: needs numbers, but the state has {came(number)}.")
        if not 0 < reduction <= 1:
            raise ValueError(f"{self.name}: needs a part in (0, 1], but the state has {reduction}.")
        counts = taken_counts(self.name, "its counts of epochs", [*counts, epochs], 2).tolist()
        super().load_state(parts)
        self._reduction, self._best = float(reduction), float(best)
        self._bad_epochs, self._epochs = counts
