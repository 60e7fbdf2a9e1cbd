"""The lectures' schedules, and those that newer papers use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from autograd.checks import check_number
from optim.schedules.schedule import Schedule, SequentialSchedule, as_schedule, whole_epochs


def inverse_time(lr: float, t: float = 1.0) -> Schedule:
    r"""Decay with the epochs: :math:`\alpha = \alpha_0 / (1 + t \cdot epoch)`.

    Args:
        lr: α₀ > 0.
        t: How fast it falls, >= 0.

    Raises:
        ValueError: one of them is out of its range.
        TypeError: one of them is no number.

    Example:
        >>> [inverse_time(0.1, t=1)(epoch) for epoch in (0, 1, 3)]
        [0.1, 0.05, 0.025]
    """
    lr = check_number("inverse_time", "lr", lr, "> 0")
    t = check_number("inverse_time", "t", t, ">= 0")
    return Schedule(partial(_inverse_time, lr, t), f"{lr:g}/(1 + {t:g}·epoch)")


def _inverse_time(lr: float, t: float, epoch: float) -> float:
    return lr / (1 + t * epoch)


def step_decay(lr: float, t: float = 0.5, every: int = 10) -> Schedule:
    r"""Stairs: every n epochs :math:`\alpha \leftarrow \alpha - t \alpha`.

    PyTorch's StepLR has gamma = 1 - t.

    Args:
        lr: The rate at first, > 0.
        t: What part of it goes, in [0, 1).
        every: n >= 1.

    Raises:
        ValueError: one of them is out of its range.
        TypeError: one of them is no number.

    Example:
        >>> [step_decay(0.8, t=0.5, every=2)(epoch) for epoch in range(5)]
        [0.8, 0.8, 0.4, 0.4, 0.2]
    """
    lr = check_number("step_decay", "lr", lr, "> 0")
    every = whole_epochs("step_decay", "every", every)
    t = check_number("step_decay", "t", t, "in [0, 1)")
    return Schedule(partial(_step_decay, lr, t, every), f"{lr:g}, -{100 * t:g} % every {every}")


def _step_decay(lr: float, t: float, every: int, epoch: float) -> float:
    return lr * math.pow(1 - t, epoch // every)


def exponential(lr: float, t: float = 0.95) -> Schedule:
    r"""Decay by the same factor in every epoch: :math:`\alpha = t^{epoch} \alpha_0`.

    Args:
        lr: α₀ > 0.
        t: The factor, in (0, 1].

    Raises:
        ValueError: one of them is out of its range.
        TypeError: one of them is no number.

    Example:
        >>> [exponential(0.8, t=0.5)(epoch) for epoch in range(3)]
        [0.8, 0.4, 0.2]
    """
    lr = check_number("exponential", "lr", lr, "> 0")
    t = check_number("exponential", "t", t, "in (0, 1]")
    return Schedule(partial(_exponential, lr, t), f"{t:g}^epoch · {lr:g}")


def _exponential(lr: float, t: float, epoch: float) -> float:
    return lr * math.pow(t, epoch)


def inverse_sqrt(t: float) -> Schedule:
    r"""Decay with the root of the epochs: :math:`\alpha = t / \sqrt{epoch}`, from epoch 1 on.

    Args:
        t: The rate in epoch 1, > 0.

    Raises:
        ValueError: t is not > 0.
        TypeError: t is no number.

    Example:
        >>> [inverse_sqrt(0.1)(epoch) for epoch in (1, 4, 100)]
        [0.1, 0.05, 0.01]
    """
    t = check_number("inverse_sqrt", "t", t, "> 0")
    return Schedule(partial(_inverse_sqrt, t), f"{t:g}/√epoch", first=1)


def _inverse_sqrt(t: float, epoch: float) -> float:
    return t / math.sqrt(epoch)


def by_hand(rates: Mapping[int, float]) -> Schedule:
    """Rates that somebody chose, each from its epoch on.

    Args:
        rates: Epochs and rates; one for epoch 0 among them.

    Raises:
        ValueError: there is no rate for epoch 0, one is below 0, or an epoch is.
        TypeError: an epoch or a rate is no number.

    Example:
        >>> schedule = by_hand({0: 0.1, 30: 0.01, 40: 0.05})
        >>> [schedule(epoch) for epoch in (0, 29, 30, 45)]
        [0.1, 0.1, 0.01, 0.05]
    """
    if 0 not in rates:
        raise ValueError(f"by_hand: needs a rate for epoch 0, as in {{0: 0.1}}, but got {rates}.")
    stairs = sorted(
        (
            check_number("by_hand", "epoch", epoch, ">= 0"),
            check_number("by_hand", "rate", r, ">= 0"),
        )
        for epoch, r in rates.items()
    )
    name = "by hand: " + ", ".join(f"{r:g} from {epoch:g}" for epoch, r in stairs)
    return Schedule(partial(_by_hand, stairs), name)


def _by_hand(stairs: list[tuple[float, float]], epoch: float) -> float:
    return max(stair for stair in stairs if stair[0] <= epoch)[1]


def cosine(lr: float, epochs: int, lr_min: float = 0.0) -> Schedule:
    r"""Half a cosine down from `lr` to `lr_min`, which is reached after `epochs` and then kept.

    .. math:: \alpha = \alpha_{min} + \tfrac12 (\alpha_0 - \alpha_{min})
        \left(1 + \cos \frac{\pi \cdot epoch}{epochs}\right)

    Args:
        lr: α₀ > 0.
        epochs: How long it takes, >= 1.
        lr_min: α_min in [0, α₀].

    Raises:
        ValueError: one of them is out of its range.
        TypeError: one of them is no number.

    Source:
        I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
        equation 5, without restarts.

    Example:
        >>> [round(cosine(0.1, epochs=4)(epoch), 4) for epoch in (0, 1, 2, 4, 9)]
        [0.1, 0.0854, 0.05, 0.0, 0.0]
    """
    lr, epochs = check_number("cosine", "lr", lr, "> 0"), whole_epochs("cosine", "epochs", epochs)
    lr_min = check_number("cosine", "lr_min", lr_min, f"in [0, {lr}]")
    name = f"cosine from {lr:g} to {lr_min:g} in {epochs}"
    return Schedule(partial(_cosine, lr, epochs, lr_min), name)


def _cosine(lr: float, epochs: float, lr_min: float, epoch: float) -> float:
    done = min(epoch / epochs, 1)
    return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * done)) / 2


def one_cycle(
    lr: float,
    epochs: int,
    rise: float = 0.3,
    *,
    lr_first: float | None = None,
    lr_last: float | None = None,
) -> Schedule:
    r"""Half a cosine up to `lr`, then half a cosine down to nearly 0: one cycle of `epochs`.

    `nn.fit` sets it before every batch. PyTorch's OneCycleLR has this course (its pct_start is
    `rise`, its div_factor 25, its final_div_factor 10⁴), but counts batches and comes to its ends
    one batch earlier; it also turns the momentum down and up again, which is not done here.

    Args:
        lr: The highest rate, > 0.
        epochs: How long the cycle takes, >= 1. Afterwards the rate stays.
        rise: What part of it goes up, in (0, 1).
        lr_first: Where it starts, in (0, lr]; lr/25 by default.
        lr_last: Where it ends, in [0, lr]; lr_first/10⁴ by default.

    Raises:
        ValueError: one of them is out of its range.
        TypeError: one of them is no number.

    Source:
        L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large
        learning rates", arXiv:1708.07120 (2017), there with straight lines.

    Example:
        >>> schedule = one_cycle(1.0, epochs=10, rise=0.5, lr_first=0.2, lr_last=0.0)
        >>> [round(schedule(epoch), 4) for epoch in (0, 2.5, 5, 7.5, 10)]
        [0.2, 0.6, 1.0, 0.5, 0.0]
    """
    who = "one_cycle"
    lr, epochs = check_number(who, "lr", lr, "> 0"), whole_epochs(who, "epochs", epochs)
    top = epochs * check_number(who, "rise", rise, "in (0, 1)")
    first = lr / 25 if lr_first is None else lr_first
    check_number(who, "lr_first", first, f"in (0, {lr}]")
    last = first / 1e4 if lr_last is None else lr_last
    check_number(who, "lr_last", last, f"in [0, {lr}]")
    course = partial(_one_cycle, lr, top, epochs, first, last)
    return Schedule(course, f"one cycle to {lr:g} in {epochs}").each_batch()


def _one_cycle(
    lr: float, top: float, epochs: int, first: float, last: float, epoch: float
) -> float:
    if epoch < top:
        return _cosine(first, top, lr, epoch)
    return _cosine(lr, epochs - top, last, epoch - top)


def warm_up(schedule: Schedule | float, epochs: int) -> Schedule:
    """Rise evenly to the first rate of a schedule, then follow it from its beginning.

    What goes by the loss (`ReduceOnPlateau`) does not count the epochs of the rise.

    Args:
        schedule: What comes afterwards, or one rate for always.
        epochs: How long the rise takes, >= 1. It does not start at 0, where nothing would move.

    Raises:
        ValueError: epochs < 1, or a rate that is not > 0.

    Source:
        P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour",
        arXiv:1706.02677 (2017), section 2.2.

    Example:
        >>> [round(warm_up(0.4, epochs=3)(epoch), 4) for epoch in range(5)]
        [0.1, 0.2, 0.3, 0.4, 0.4]
    """
    after, epochs = as_schedule(schedule), whole_epochs("warm_up", "epochs", epochs)
    top = after(after.first)
    rise = Schedule(partial(_warm_up, top, epochs), "warm-up")
    return SequentialSchedule(rise, after, epochs, warm_up=True)


def _warm_up(top: float, epochs: int, epoch: float) -> float:
    return top * (epoch + 1) / (epochs + 1)
