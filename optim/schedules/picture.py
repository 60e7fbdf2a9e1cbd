"""Schedules drawn over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.checks import check_int
from optim.drawing import axes_for, line_styles
from optim.schedules.schedule import Schedule, as_schedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(*schedules: Schedule | float, epochs: int = 100, ax: Axes | None = None) -> Axes:
    """Draw schedules over the epochs, distinguishable without colours.

    Args:
        schedules: At least one; a number is a constant rate.
        epochs: The last epoch to draw.
        ax: Where to draw; on a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: There are no schedules, or no epoch to draw of one of them.
        ImportError: matplotlib is not installed.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from optim.schedules import exponential
        >>> plot(exponential(0.1, t=0.9), epochs=50, ax=Figure().subplots()).get_label()
        'Learning rates from epoch 0 to 50. 0.9^epoch · 0.1: from 0.1 to 0.000515.'
    """
    if not schedules:
        raise ValueError("plot: needs at least one schedule, but got none.")
    drawn = [as_schedule(schedule) for schedule in schedules]
    check_int("plot", "epochs", epochs, least=max(schedule.first for schedule in drawn))
    ax = axes_for("schedules.plot", ax)
    said = f"Learning rates from epoch {min(s.first for s in drawn)} to {epochs}."
    for schedule, style in zip(drawn, line_styles(), strict=False):
        xs = range(schedule.first, epochs + 1)
        rates = [schedule(x) for x in xs]
        ax.plot(xs, rates, label=schedule.name, markevery=max(1, epochs // 10), **style)
        said += f" {schedule.name}: from {rates[0]:.3g} to {rates[-1]:.3g}."
    ax.set(xlabel="epoch", ylabel="learning rate")
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.3)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small", frameon=False)
    ax.set_label(said)
    return ax
