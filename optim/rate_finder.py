"""The learning-rate finder: try lots of rates and see."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd.checks import check_int
from optim.drawing import axes_for, line_styles
from optim.snapshot import Snapshot
from optim.update_rule import UpdateRule, check_rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class RateSweep:
    """What came of each rate.

    Attributes:
        rates: (n,) floats, rising.
        losses: (n,) floats: the loss after some steps with each; nan or infinite where it diverged.
        start: The loss before.
        steps: How many steps there were.

    Example:
        >>> sweep = RateSweep(np.array([0.1, 0.5, 2.0]), np.array([4.0, 0.5, np.inf]), 9.0, 2)
        >>> sweep.best
        0.5
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    start: float
    steps: int

    @property
    def best(self) -> float:
        """The rate with the lowest loss, among the longest stretch of rates that lower it.

        So a rate that was lucky between two that were not is not taken.

        Raises:
            ValueError: There is none: with every rate the loss has grown.
        """
        lower = np.concatenate([[False], self.losses < self.start, [False]])
        if not lower.any():
            raise ValueError(
                f"best: with no rate is the loss smaller than {self.start:.6g}, where it started. "
                "Try smaller rates."
            )
        begins, ends = np.flatnonzero(np.diff(lower)).reshape(-1, 2).T
        longest = (ends - begins).argmax()
        begin = begins[longest]
        return float(self.rates[begin + self.losses[begin : ends[longest]].argmin()])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the loss over the rate; crosses at the top are rates with which it diverged.

        Args:
            ax: Where to draw; on a new figure by default.

        Returns:
            The axes.

        Raises:
            ImportError: matplotlib is not installed.
        """
        ax = axes_for("RateSweep.plot", ax)
        diverged = ~(self.losses < 10 * max(abs(self.start), 1e-300))  # nan too
        fine = ~diverged
        style = next(line_styles())
        label = f"loss after {self.steps} steps"
        ax.plot(self.rates[fine], self.losses[fine], label=label, **style)
        ax.axhline(self.start, color="grey", linestyle=":", label="loss at the start")
        said = f"Loss after {self.steps} steps over the rate, from {self.rates[0]:.3g} to "
        said += f"{self.rates[-1]:.3g}."
        if (self.losses < self.start).any():
            ax.axvline(self.best, color="black", linestyle="--", label=f"best: {self.best:.3g}")
            said += f" Lowest at {self.best:.3g}."
        if diverged.any():
            top = np.ones(int(diverged.sum()))
            over = ax.get_xaxis_transform()
            ax.plot(
                self.rates[diverged], top, "kx", transform=over, label="diverged", clip_on=False
            )
            said += f" Diverged from {self.rates[diverged].min():.3g} on."
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
        ax.grid(alpha=0.3)
        ax.legend(framealpha=0.9)
        ax.set_label(said)
        return ax


def sweep_rates(
    optimizer: UpdateRule,
    closure: Callable[[], Any],
    rates: Iterable[float] | None = None,
    *,
    steps: int = 10,
) -> RateSweep:
    """Take some steps with each of many rates, always from where everything is now.

    Every rate begins with the same parameters, buffers (the running averages of a model) and random
    numbers, and afterwards these, the optimizer and its rates are what they were; gradients are
    forgotten. That holds for what the closure reaches by names: variables, functions, attributes,
    what is in lists, tuples and dicts. What it prints stays, or appends to what is no model's.

    Args:
        optimizer: Any rule of first order. All its groups get the same rate meanwhile.
        closure: A function without arguments that computes and returns the loss, as for `step`. On
            mini-batches the loss is noisy: let it go over the same ones every time.
        rates: Any number of them, > 0; by default 25 from 10⁻⁵ to 10.
        steps: How many steps with each, >= 1.

    Returns:
        The rates, the losses, the best of them, and a picture: `.plot()`.

    Raises:
        TypeError: optimizer is no rule of first order, or steps is no whole number.
        ValueError: steps < 1, no rates, or one that is not positive.

    Example:
        >>> from autograd import Value
        >>> from optim import SGD
        >>> x = Value(3.0)  # x ← x - 2·rate·x: with a rate of 0.5 it is there at once
        >>> sweep = sweep_rates(SGD([x]), lambda: x * x, [0.1, 0.5, 2.0], steps=2)
        >>> sweep.losses.round(3).tolist(), sweep.best, x.data
        ([3.686, 0.0, 729.0], 0.5, 3.0)
    """
    check_rule("sweep_rates", optimizer)
    given = np.geomspace(1e-5, 10, 25) if rates is None else np.sort(list(rates))
    if not given.size or not given[0] > 0:
        raise ValueError(f"sweep_rates: needs rates > 0, but got {given.tolist()}.")
    check_int("sweep_rates", "steps", steps, least=1)
    snapshot = Snapshot(closure, optimizer.params)
    state, refuses = optimizer.state_dict(), optimizer._finite_only
    losses, start = [], math.nan
    try:
        optimizer.refuse_nonfinite(False)  # rates too large are a part of it
        for rate in given:
            snapshot.restore()
            optimizer.load_state_dict(state)
            optimizer.lr = rate
            start, loss = _descend(optimizer, closure, steps)
            losses.append(loss)
    finally:
        snapshot.restore()
        optimizer.load_state_dict(state)
        optimizer.refuse_nonfinite(refuses)
        optimizer.zero_grad()
    return RateSweep(given, np.array(losses), start, steps)


def _descend(optimizer: UpdateRule, closure: Callable[[], Any], steps: int) -> tuple[float, float]:
    """The loss before the first step and after the last."""
    losses: list[float] = []
    with np.errstate(all="ignore"):  # a rate too large ends in infinities: that is found out here
        for _ in range(steps + 1):  # a step returns the loss before it
            losses.append(float(optimizer.step(closure).data))
            if not math.isfinite(losses[-1]):
                break
    return losses[0], losses[-1]
