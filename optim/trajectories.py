"""Trajectories: the path a rule takes over a function of two numbers, recorded and drawn.

>>> from optim import SGD, trajectories
>>> from optim.landscapes import bowl
>>> path = trajectories.record(bowl, lambda params: SGD(params, lr=0.02), steps=3)
>>> path.points.round(3).tolist()
[[-4.0, 1.0], [-3.92, 0.5], [-3.842, 0.25], [-3.765, 0.125]]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, Value
from autograd.checks import check_int, refuse
from optim.drawing import axes_for, line_styles, row_of_axes
from optim.landscapes import Landscape
from optim.optimizer import Optimizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd.arrays import FloatArray

Function = Callable[[Any, Any], Any]
MakeRule = Callable[[list[Any]], Optimizer]


@dataclass(frozen=True)
class Trajectory:
    """Where a rule has been.

    Attributes:
        points: (n + 1, 2) floats: the start, and the place after each of n steps.
        losses: (n + 1,) floats: the function there.
        label: Its name in pictures.

    Example:
        >>> from optim import SGD, landscapes
        >>> steps = record(landscapes.bowl, lambda params: SGD(params, lr=0.01), steps=3)
        >>> steps.points.shape, bool(steps.losses[-1] < steps.losses[0])
        ((4, 2), True)
    """

    points: FloatArray
    losses: FloatArray
    label: str = ""


def record(
    function: Function,
    rule: MakeRule,
    start: tuple[float, float] | None = None,
    *,
    steps: int = 50,
    label: str = "",
) -> Trajectory:
    """Let a rule take some steps.

    Args:
        function: A function of two Values, x and y; such as those in `optim.landscapes`. For
            `GaussNewton` and `LevenbergMarquardt` it returns a list of residuals.
        rule: What makes the optimizer, given its parameters:
            `lambda params: Adam(params, lr=0.1)`, or the class if its defaults will do.
        start: Where to begin; by default where the landscape says.
        steps: How many, >= 1. A run ends earlier where numbers become infinite.
        label: Its name in pictures.

    Raises:
        ValueError: There is no start, or it is no pair of numbers, or steps < 1.

    Example:
        >>> from optim import SGD
        >>> steps = record(
        ...     lambda x, y: x * x + y * y, lambda p: SGD(p, lr=0.25), (4.0, 8.0), steps=2
        ... )
        >>> steps.points.tolist()
        [[4.0, 8.0], [2.0, 4.0], [1.0, 2.0]]
    """
    if start is None:
        if not isinstance(function, Landscape):
            raise ValueError("record: needs a start, as in start=(-1.2, 1.0), but got none.")
        start = function.start
    if np.shape(start) != (2,):
        refuse("record", "start", "two numbers, x and y", start, ValueError)
    check_int("record", "steps", steps, least=1)
    x, y = Value(start[0], label="x"), Value(start[1], label="y")
    optimizer = rule([x, y])
    points, losses = [(x.data, y.data)], [float(_loss(function(x, y)))]
    with np.errstate(all="ignore"):  # a rate too large ends in infinities: that is the lesson
        for _ in range(steps):
            optimizer.step(lambda: function(x, y))
            loss = float(_loss(function(x, y)))
            if not np.isfinite([x.data, y.data, loss]).all():
                break
            points.append((x.data, y.data))
            losses.append(loss)
    return Trajectory(np.array(points), np.array(losses), label)


def race(
    function: Function,
    rules: Mapping[str, MakeRule],
    start: tuple[float, float] | None = None,
    *,
    steps: int = 50,
) -> list[Trajectory]:
    """`record` for several rules from the same start; the names become the labels.

    Example:
        >>> from optim import SGD, Adam
        >>> from optim.landscapes import bowl
        >>> rules = {"SGD": lambda p: SGD(p, lr=0.05), "Adam": lambda p: Adam(p, lr=0.5)}
        >>> [path.label for path in race(bowl, rules, steps=5)]
        ['SGD', 'Adam']
    """
    return [record(function, rules[name], start, steps=steps, label=name) for name in rules]


def draw(
    function: Function,
    *trajectories: Trajectory,
    ax: Axes | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Axes:
    """Draw trajectories over the contour lines of their function, all in one picture.

    Args:
        function: Of x and y.
        trajectories: Any number of them; each is drawn with dashes and markers of its own, and ends
            with a large one.
        ax: Where to draw; on a new figure by default.
        xlim: From where to where; by default as the landscape says, or around the trajectories.
        ylim: The same for y.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from optim import SGD
        >>> from optim.landscapes import bowl
        >>> path = record(bowl, lambda p: SGD(p, lr=0.07), steps=20, label="SGD, rate 0.07")
        >>> draw(bowl, path, ax=Figure().subplots()).get_label()
        'Contours of an ill-conditioned bowl. SGD, rate 0.07: 20 steps, from 20.5 to 0.439.'
    """
    ax = axes_for("trajectories.draw", ax)
    xs: tuple[float, float] = xlim or getattr(function, "xlim", None) or _around(trajectories, 0)
    ys: tuple[float, float] = ylim or getattr(function, "ylim", None) or _around(trajectories, 1)
    _draw_contours(function, ax, xs, ys)
    name = getattr(function, "name", getattr(function, "__name__", "a function"))
    said = f"Contours of {name}."
    for path, style in zip(trajectories, line_styles(), strict=False):
        every = max(1, len(path.points) // 25)
        ax.plot(*path.points.T, label=path.label or None, markevery=every, **style)
        ax.plot(*path.points[-1], **style | {"markersize": 9, "markeredgecolor": "white"})
        said += (
            f" {path.label or 'A trajectory'}: {len(path.points) - 1} steps, from "
            f"{path.losses[0]:.3g} to {path.losses[-1]:.3g}."
        )
    minimum = getattr(function, "minimum", None)
    if minimum is not None:
        ax.plot(*minimum, "*", color="white", markeredgecolor="black", markersize=14, zorder=5)
    ax.set(xlim=xs, ylim=ys, xlabel="x", ylabel="y")
    if any(path.label for path in trajectories):
        ax.legend(loc="best", fontsize="small", framealpha=0.9)
    ax.set_label(said)
    return ax


def draw_side_by_side(
    function: Function,
    *trajectories: Trajectory,
    axes: Any = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Any:
    """Draw a picture for each trajectory, side by side: small, large and stable rates.

    Args:
        function: Of x and y.
        trajectories: At least one.
        axes: Where to draw, as many as there are trajectories; a row of new ones by default.
        xlim: As in `draw`.
        ylim: As in `draw`.

    Returns:
        The axes, (n,) array.

    Raises:
        ValueError: There are more trajectories than axes, or none.
        ImportError: matplotlib is not installed.

    Example:
        >>> from optim import SGD, landscapes
        >>> rates = 0.1, 0.5
        >>> runs = [record(landscapes.bowl, lambda p: SGD(p, lr=rate)) for rate in rates]
        >>> len(draw_side_by_side(landscapes.bowl, *runs))
        2
    """
    n = len(trajectories)
    if not n:
        raise ValueError("draw_side_by_side: needs at least one trajectory, but got none.")
    given: Any = row_of_axes("draw_side_by_side", n) if axes is None else axes
    row = np.ravel(given)
    if row.size < n:
        raise ValueError(f"draw_side_by_side: needs {n} axes, but got {row.size}.")
    xlim = xlim or getattr(function, "xlim", None) or _around(trajectories, 0)
    ylim = ylim or getattr(function, "ylim", None) or _around(trajectories, 1)
    for path, ax in zip(trajectories, row, strict=False):
        draw(function, path, ax=ax, xlim=xlim, ylim=ylim)
        ax.set_title(path.label, fontsize="medium")
        if ax.get_legend():
            ax.get_legend().remove()
    return row


def _draw_contours(
    function: Function, ax: Axes, xlim: tuple[float, float], ylim: tuple[float, float]
) -> None:
    xs, ys = np.linspace(*xlim, 200), np.linspace(*ylim, 200)
    grid = np.meshgrid(xs, ys)
    with np.errstate(all="ignore"):
        heights = np.broadcast_to(_loss(function(*map(Tensor, grid))), grid[0].shape)
    finite = heights[np.isfinite(heights)]
    # Levels that part the picture's area, finer towards the bottom: a valley shows on every scale.
    levels: Any = (
        np.unique(np.quantile(finite, np.linspace(0, 1, 16) ** 1.5)) if finite.size else []
    )
    if len(levels) < 2:  # flat: no line to draw
        return
    shades = ax.contourf(xs, ys, heights, levels=levels, cmap="Greys", alpha=0.35)
    ax.contour(shades, colors="grey", linewidths=0.5)


def _loss(value: Any) -> Any:
    """The numbers of a loss; of residuals, in a list, half the sum of their squares."""
    if isinstance(value, (list, tuple)):
        value = 0.5 * sum(r * r for r in value)
    return getattr(value, "data", value)


def _around(trajectories: tuple[Trajectory, ...], axis: int) -> tuple[float, float]:
    """From a little below the least to a little above the largest coordinate."""
    if not trajectories:
        return (-1.0, 1.0)
    xs = np.concatenate([path.points[:, axis] for path in trajectories])
    margin = 0.15 * float(np.ptp(xs)) or 1.0
    return float(xs.min()) - margin, float(xs.max()) + margin
