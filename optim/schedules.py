"""Schedules: the learning rate as a function of the epoch.

A schedule is called with an epoch, 0, 1, 2, …, and gives the rate. It can be combined with others,
drawn (`plot`), and attached to an optimizer (`attach`), which then follows it.

>>> from autograd import Value
>>> from optim import SGD, schedules
>>> schedule = schedules.warm_up(schedules.cosine(0.1, epochs=10), epochs=2)
>>> [round(schedule(epoch), 3) for epoch in (0, 1, 2, 7, 12)]
[0.033, 0.067, 0.1, 0.05, 0.0]
>>> optimizer = SGD([Value(1.0)])
>>> following = schedules.attach(optimizer, schedule)
>>> following.step()  # at the end of an epoch
>>> round(optimizer.lr, 3)
0.067
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from optim.checks import check_real
from optim.following import Following, attach, plot

__all__ = [
    "Following",
    "ReduceOnPlateau",
    "Schedule",
    "attach",
    "by_hand",
    "constant",
    "cosine",
    "exponential",
    "inverse_sqrt",
    "inverse_time",
    "plot",
    "step_decay",
    "warm_up",
]


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
        factor = _at_least(0, "Schedule", factor=factor)
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
            >>> schedule = constant(0.1).then(exponential(0.1, t=0.5), at=3)
            >>> [schedule(epoch) for epoch in range(6)]
            [0.1, 0.1, 0.1, 0.1, 0.05, 0.025]
        """
        at, after = _epochs("then", at=at), _as_schedule(other)

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


# --- the lectures' schedules ----------------------------------------------------------------------


def constant(lr: float) -> Schedule:
    """The same rate always.

    Example:
        >>> constant(0.1)(1000)
        0.1
    """
    lr = _above(0, "constant", lr=lr)
    return Schedule(lambda epoch: lr, f"{lr:g}")


def inverse_time(lr: float, t: float = 1.0) -> Schedule:
    r"""Decay with the epochs: :math:`\alpha = \alpha_0 / (1 + t \cdot epoch)`.

    Args:
        lr: α₀ > 0.
        t: How fast it falls, >= 0.

    Example:
        >>> [inverse_time(0.1, t=1)(epoch) for epoch in (0, 1, 3)]
        [0.1, 0.05, 0.025]
    """
    lr, t = _above(0, "inverse_time", lr=lr), _at_least(0, "inverse_time", t=t)
    return Schedule(lambda epoch: lr / (1 + t * epoch), f"{lr:g}/(1 + {t:g}·epoch)")


def step_decay(lr: float, t: float = 0.5, every: int = 10) -> Schedule:
    r"""Stairs: every n epochs :math:`\alpha \leftarrow \alpha - t \alpha`.

    PyTorch's StepLR has gamma = 1 - t.

    Args:
        lr: The rate at first, > 0.
        t: What part of it goes, in [0, 1).
        every: n >= 1.

    Example:
        >>> [step_decay(0.8, t=0.5, every=2)(epoch) for epoch in range(5)]
        [0.8, 0.8, 0.4, 0.4, 0.2]
    """
    lr, every = _above(0, "step_decay", lr=lr), _epochs("step_decay", every=every)
    if not 0 <= t < 1:
        raise ValueError(f"step_decay: t must be in [0, 1), but got {t}.")
    return Schedule(
        lambda epoch: lr * (1 - t) ** (epoch // every), f"{lr:g}, -{100 * t:g} % every {every}"
    )


def exponential(lr: float, t: float = 0.95) -> Schedule:
    r"""Decay by the same factor in every epoch: :math:`\alpha = t^{epoch} \alpha_0`.

    Args:
        lr: α₀ > 0.
        t: The factor, in (0, 1].

    Example:
        >>> [exponential(0.8, t=0.5)(epoch) for epoch in range(3)]
        [0.8, 0.4, 0.2]
    """
    lr = _above(0, "exponential", lr=lr)
    if not 0 < t <= 1:
        raise ValueError(f"exponential: t must be in (0, 1], but got {t}.")
    return Schedule(lambda epoch: lr * t**epoch, f"{t:g}^epoch · {lr:g}")


def inverse_sqrt(t: float) -> Schedule:
    r"""Decay with the root of the epochs: :math:`\alpha = t / \sqrt{epoch}`, from epoch 1 on.

    Args:
        t: The rate in epoch 1, > 0.

    Example:
        >>> [inverse_sqrt(0.1)(epoch) for epoch in (1, 4, 100)]
        [0.1, 0.05, 0.01]
    """
    t = _above(0, "inverse_sqrt", t=t)
    return Schedule(lambda epoch: t / math.sqrt(epoch), f"{t:g}/√epoch", first=1)


def by_hand(rates: Mapping[int, float]) -> Schedule:
    """Rates that somebody chose, each from its epoch on.

    Args:
        rates: Epochs and rates; one for epoch 0 among them.

    Example:
        >>> schedule = by_hand({0: 0.1, 30: 0.01, 40: 0.05})
        >>> [schedule(epoch) for epoch in (0, 29, 30, 45)]
        [0.1, 0.1, 0.01, 0.05]
    """
    if 0 not in rates:
        raise ValueError(f"by_hand: needs a rate for epoch 0, as in {{0: 0.1}}, but got {rates}.")
    stairs = sorted((epoch, _at_least(0, "by_hand", rate=r)) for epoch, r in rates.items())
    if stairs[0][0] < 0:
        raise ValueError(f"by_hand: needs epochs >= 0, but got {stairs[0][0]}.")

    def rate(epoch: float) -> float:
        return max(stair for stair in stairs if stair[0] <= epoch)[1]

    return Schedule(rate, "by hand: " + ", ".join(f"{r:g} from {epoch}" for epoch, r in stairs))


def cosine(lr: float, epochs: int, lr_min: float = 0.0) -> Schedule:
    r"""Half a cosine down from `lr` to `lr_min`, which is reached after `epochs` and then kept.

    .. math:: \alpha = \alpha_{min} + \tfrac12 (\alpha_0 - \alpha_{min})
        \left(1 + \cos \frac{\pi \cdot epoch}{epochs}\right)

    Args:
        lr: α₀ > 0.
        epochs: How long it takes, >= 1.
        lr_min: α_min in [0, α₀].

    Source:
        I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
        equation 5, without restarts.

    Example:
        >>> [round(cosine(0.1, epochs=4)(epoch), 4) for epoch in (0, 1, 2, 4, 9)]
        [0.1, 0.0854, 0.05, 0.0, 0.0]
    """
    lr, epochs = _above(0, "cosine", lr=lr), _epochs("cosine", epochs=epochs)
    if not 0 <= lr_min <= lr:
        raise ValueError(f"cosine: lr_min must be in [0, lr], but got {lr_min} with lr = {lr}.")

    def rate(epoch: float) -> float:
        done = min(epoch / epochs, 1)
        return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * done)) / 2

    return Schedule(rate, f"cosine from {lr:g} to {lr_min:g} in {epochs}")


def warm_up(schedule: Schedule | float, epochs: int) -> Schedule:
    """Rise evenly to the first rate of a schedule, then follow it from its beginning.

    Args:
        schedule: What comes afterwards, or one rate for always.
        epochs: How long the rise takes, >= 1. It does not start at 0, where nothing would move.

    Source:
        P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour",
        arXiv:1706.02677 (2017), section 2.2.

    Example:
        >>> [round(warm_up(0.4, epochs=3)(epoch), 4) for epoch in range(5)]
        [0.1, 0.2, 0.3, 0.4, 0.4]
    """
    after, epochs = _as_schedule(schedule), _epochs("warm_up", epochs=epochs)
    top = after(after.first)
    rise = Schedule(lambda epoch: top * (epoch + 1) / (epochs + 1), "warm-up")
    return rise.then(after, at=epochs)


class ReduceOnPlateau(Schedule):
    """Reduce the rate whenever the loss has stopped falling.

    After `patience` epochs in a row without a loss better than the best so far, the next such epoch
    multiplies the rate by `factor`. Better means smaller by the part `threshold` of the best. The
    counting is PyTorch's ReduceLROnPlateau's, whose defaults these are; but where the best is below
    0, PyTorch counts a loss as better that is larger by less than that part.

    Args:
        schedule: What is reduced: another schedule, or one rate.
        factor: In (0, 1).
        patience: >= 0.
        threshold: >= 0.
        lr_min: The rate does not fall below it, >= 0.
        maximize: Whether what is observed shall grow (an accuracy) rather than fall.

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
        of = _as_schedule(schedule)
        if not 0 < factor < 1:
            raise ValueError(f"{who}: factor must be in (0, 1), but got {factor}.")
        self.factor = factor
        self.patience = _at_least(0, who, patience=patience)
        self.threshold = _at_least(0, who, threshold=threshold)
        self.lr_min = _at_least(0, who, lr_min=lr_min)
        self.maximize = maximize
        self._reduction, self._best, self._bad_epochs = 1.0, math.inf, 0
        name = f"{of.name}, times {factor:g} on a plateau"
        super().__init__(self._reduced, name, first=of.first, parts=(of,))

    def _reduced(self, epoch: float) -> float:
        rate = self.parts[0](epoch)
        return max(self._reduction * rate, min(self.lr_min, rate))

    def observe(self, loss: float) -> None:
        """Hear of the loss after an epoch."""
        super().observe(loss)
        loss = -float(loss) if self.maximize else float(loss)
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
        return [self._reduction, self._best, self._bad_epochs, super().state()]

    def load_state(self, state: list[Any]) -> None:
        """Take over what was saved."""
        self._reduction, self._best, self._bad_epochs, parts = state
        super().load_state(parts)


# --- what arguments may be ------------------------------------------------------------------------


def _as_schedule(schedule: Schedule | float) -> Schedule:
    return schedule if isinstance(schedule, Schedule) else constant(schedule)


def _above(bound: float, who: str, **setting: float) -> float:
    ((name, value),) = setting.items()
    check_real(who, name, value)
    if not bound < value < math.inf:
        raise ValueError(f"{who}: {name} must be > {bound}, but got {value}.")
    return float(value)


def _at_least(bound: float, who: str, **setting: float) -> float:
    ((name, value),) = setting.items()
    check_real(who, name, value)
    if not bound <= value < math.inf:
        raise ValueError(f"{who}: {name} must be >= {bound}, but got {value}.")
    return float(value)


def _epochs(who: str, **setting: int) -> int:
    ((name, value),) = setting.items()
    check_real(who, name, value)
    if not math.isfinite(value) or value != int(value) or value < 1:
        raise ValueError(f"{who}: {name} must be a whole number >= 1, but got {value}.")
    return int(value)
