"""Line searches: how far to go along a direction.

Along a direction p the loss is a function of one number, the rate: φ(α) = L(θ + αp). A line search
tries rates until φ has fallen enough. The rules of second order take one as an argument; with
`find_rate` it chooses the rate of plain gradient descent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd.checks import check_int, check_number, refuse
from optim.objective import Objective, Point
from optim.optimizer import Optimizer, Params

if TYPE_CHECKING:
    from autograd.arrays import FloatArray


class Trial:
    """One rate tried.

    Attributes:
        rate: α.
        point: The place θ + αp.
        loss: φ(α).
    """

    def __init__(self, rate: float, point: Point, direction: FloatArray) -> None:
        self.rate = rate
        self.point = point
        self.loss = point.loss
        self._direction = direction

    @cached_property
    def slope(self) -> float:
        """φ'(α), the gradient along the direction."""
        return float(self.point.gradient @ self._direction)


class Ray:
    """The loss along a direction.

    Args:
        start: Where it begins, α = 0.
        direction: p, (n,), downhill from there.
        max_evaluations: How many rates may be tried, if the objective's own limit allows as many.

    Attributes:
        start: The trial with α = 0.
        left: How many rates may still be tried.
    """

    def __init__(self, start: Point, direction: FloatArray, max_evaluations: int) -> None:
        self.start = Trial(0.0, start, direction)
        self.left = min(max_evaluations, start.objective.left)
        self._direction = direction

    def at(self, rate: float) -> Trial:
        """Try a rate."""
        self.left -= 1
        start = self.start.point
        point = start.objective.at(start.theta + rate * self._direction)
        return Trial(rate, point, self._direction)


class LineSearch(Protocol):
    """What a rule needs of a line search."""

    @property
    def max_evaluations(self) -> int:
        """How many rates one search may try."""
        raise NotImplementedError

    def search(self, ray: Ray, rate: float) -> Trial | None:
        """The trial to accept, the last one made; None if no rate lowers the loss."""


@dataclass(frozen=True)
class FixedRate:
    """No search: the same rate always, whatever becomes of the loss. Only nan and inf are refused.

    Args:
        rate: α > 0; 1 is the pure Newton or Gauss-Newton step, less than 1 the damped one.

    Raises:
        ValueError: rate is not > 0.

    Example:
        >>> from autograd import Value
        >>> from optim import Newton
        >>> x = Value(1.0)
        >>> report = Newton([x], line_search=FixedRate(0.5)).step(lambda: x * x)
        >>> x.data
        0.5
    """

    rate: float = 1.0
    max_evaluations = 1

    def __post_init__(self) -> None:
        check_number("FixedRate", "rate", self.rate, "> 0")

    def search(self, ray: Ray, rate: float) -> Trial | None:
        """The trial with the fixed rate; None if its loss is not finite."""
        if not ray.left:
            return None
        trial = ray.at(self.rate)
        return trial if math.isfinite(trial.loss + trial.slope) else None


@dataclass(frozen=True)
class Armijo:
    r"""Backtracking: shrink the rate until the loss has fallen enough.

    .. math:: \varphi(\alpha) \le \varphi(0) + c_1 \alpha \varphi'(0), \qquad
              \alpha \leftarrow \rho \alpha \text{ until then}

    A rate at which the loss or its gradient is nan or infinite is too large. Gradients are
    computed only where the loss has fallen enough.

    Args:
        decrease: c₁ in (0, 1), the share of the decrease that the slope promises.
        shrink: ρ in (0, 1).
        max_evaluations: How many rates one search may try, at least 1.

    Raises:
        ValueError: a number lies outside its range.

    Source:
        L. Armijo, "Minimization of functions having Lipschitz continuous first partial
        derivatives", Pacific Journal of Mathematics 16 (1966) 1-3; J. Nocedal, S. Wright,
        "Numerical Optimization", 2nd ed. (2006), algorithm 3.1.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> find_rate(lambda: 4 * x * x, [x], Armijo())  # 1 and 0.5 overshoot, 0.25 does not
        0.125
    """

    decrease: float = 1e-4
    shrink: float = 0.5
    max_evaluations: int = 20

    def __post_init__(self) -> None:
        check_number("Armijo", "decrease", self.decrease, "in (0, 1)")
        check_number("Armijo", "shrink", self.shrink, "in (0, 1)")
        check_int("Armijo", "max_evaluations", self.max_evaluations, least=1)

    def search(self, ray: Ray, rate: float) -> Trial | None:
        """The first trial that has fallen enough; None if none has."""
        while ray.left:
            trial = ray.at(rate)
            if _has_fallen(ray.start, trial, self.decrease) and math.isfinite(trial.slope):
                return trial
            rate *= self.shrink
        return None


@dataclass(frozen=True)
class StrongWolfe:
    r"""Find a rate where the loss has fallen enough and its slope has flattened enough.

    .. math:: \varphi(\alpha) \le \varphi(0) + c_1 \alpha \varphi'(0), \qquad
              |\varphi'(\alpha)| \le c_2 |\varphi'(0)|

    The second condition excludes rates that are too small, and makes the curvature along the step
    positive, which the BFGS update needs. A bracket [low, high] is widened until it must hold such
    a rate, then narrowed; new rates are the minima of cubics through losses and slopes at its two
    ends, kept away from those ends. Where the evaluations run out, the lowest rate that meets the
    first condition is taken; `accepts` tells.

    Args:
        decrease: c₁ in (0, 1).
        curvature: c₂ in (decrease, 1); 0.9 for Newton-like directions, smaller for a closer search.
        max_evaluations: How many rates one search may try, at least 1.

    Raises:
        ValueError: a number lies outside its range.

    Source:
        P. Wolfe, "Convergence conditions for ascent methods", SIAM Review 11 (1969) 226-235;
        J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed. (2006), algorithms 3.5 and 3.6,
        with the interpolation (3.59). SciPy and L-BFGS-B search by Moré and Thuente (1994).

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> find_rate(lambda: 4 * x * x, [x], StrongWolfe())
        0.125
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    max_evaluations: int = 20

    def __post_init__(self) -> None:
        check_number("StrongWolfe", "decrease", self.decrease, "in (0, 1)")
        check_number("StrongWolfe", "curvature", self.curvature, f"in ({self.decrease}, 1)")
        check_int("StrongWolfe", "max_evaluations", self.max_evaluations, least=1)

    def accepts(self, start: Trial, trial: Trial) -> bool:
        """Whether both conditions hold."""
        return (
            _has_fallen(start, trial, self.decrease)
            and abs(trial.slope) <= -self.curvature * start.slope
        )

    def search(self, ray: Ray, rate: float) -> Trial | None:
        """A trial that meets both conditions; else the lowest that fell enough; else None."""
        # `low` is the lowest trial that has fallen enough; `high` is the other end of the bracket,
        # None while there is none. So algorithms 3.5 (widening) and 3.6 (narrowing) are one loop.
        start = low = previous = ray.start
        high: Trial | None = None
        while ray.left:
            trial = ray.at(rate)
            if (
                not _has_fallen(start, trial, self.decrease)
                or trial.loss >= low.loss
                or not math.isfinite(trial.slope)
            ):
                high = trial
            elif self.accepts(start, trial):
                return trial
            else:
                beyond = math.inf if high is None else high.rate
                if trial.slope * (beyond - low.rate) >= 0:  # uphill towards that end: turn round
                    high = low
                previous, low = low, trial
            if ray.left <= 1 and low is not start:  # what is accepted is what was evaluated last
                return low if low is trial else ray.at(low.rate)
            if high is None:
                rate = _beyond(previous, low)
            else:
                rate = _between(low, high)
                if rate in (low.rate, high.rate):  # nothing is left between them
                    return None if low is start else ray.at(low.rate)
        return None


def find_rate(
    closure: Callable[[], Any],
    params: Params,
    line_search: LineSearch | None = None,
    rate: float = 1.0,
) -> float:
    """The rate for one step of gradient descent, found by a line search along -∇L.

    The parameters are left as they were, and no `.grad` is touched.

    Args:
        closure: A function without arguments that computes and returns the loss.
        params: The parameters, as an optimizer takes them.
        line_search: `Armijo()` if not given, or `StrongWolfe()`.
        rate: The rate to try first, > 0.

    Returns:
        A rate > 0.

    Raises:
        ValueError: no rate was found that lowers the loss, or the loss is not finite here.

    Example:
        >>> from autograd import Value
        >>> from optim import SGD
        >>> x, y = Value(-1.0), Value(1.0)
        >>> closure = lambda: x * x + 10 * y * y
        >>> optimizer = SGD([x, y], lr=1.0)
        >>> for _ in range(20):
        ...     optimizer.lr = find_rate(closure, optimizer.params)
        ...     optimizer.zero_grad()
        ...     closure().backward()
        ...     optimizer.step()
        >>> closure().data < 1e-3
        True
    """
    check_number("find_rate", "rate", rate, "> 0")
    line_search = Armijo() if line_search is None else line_search
    check_line_search("find_rate", line_search)
    objective = Objective("find_rate", Optimizer(params), closure, 1 + line_search.max_evaluations)
    start = objective.start()
    try:
        ray = Ray(start, -start.gradient, line_search.max_evaluations)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            found = line_search.search(ray, rate) if start.gradient.any() else None
    finally:
        objective.move_to(start.theta)
    if found is None:
        raise ValueError(
            f"find_rate: found no rate up to {rate} that lowers the loss, in "
            f"{objective.evaluations} evaluations. The gradient's largest entry is "
            f"{start.gradient_norm:.3g}: is this a minimum, or a loss with jumps?"
        )
    return found.rate


def _has_fallen(start: Trial, trial: Trial, decrease: float) -> bool:
    # So written, it is False for nan. Where the loss is -inf, its slope gives it away.
    return trial.loss <= start.loss + decrease * trial.rate * start.slope


def _between(low: Trial, high: Trial) -> float:
    """A rate inside the bracket, at least a tenth of its width away from both ends."""
    width = high.rate - low.rate
    if not width:  # the first rate was 0: of a gradient whose length is infinite
        return low.rate
    share = (_cubic_minimum(low, high) - low.rate) / width
    if not math.isfinite(share):
        share = 0.5
    return low.rate + min(max(share, 0.1), 0.9) * width


def _beyond(previous: Trial, last: Trial) -> float:
    """A rate past the last one, by at least as much as it was past the one before."""
    width = last.rate - previous.rate
    share = (_cubic_minimum(previous, last) - last.rate) / width
    if not share > 0:  # the cubic falls for ever, or has no minimum: nan
        share = 4.0
    return last.rate + min(max(share, 1.0), 4.0) * width


def _cubic_minimum(a: Trial, b: Trial) -> float:
    """Where the cubic with the losses and slopes of two trials has its minimum; nan if nowhere."""
    if not (math.isfinite(a.loss + b.loss) and math.isfinite(a.slope + b.slope)):
        return math.nan
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.rate - b.rate)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:
        return math.nan
    d2 = math.copysign(math.sqrt(square), b.rate - a.rate)
    bottom = b.slope - a.slope + 2 * d2
    return b.rate - (b.rate - a.rate) * (b.slope + d2 - d1) / bottom if bottom else math.nan


def check_line_search(who: str, line_search: Any) -> None:
    """Refuse what is no line search."""
    if isinstance(line_search, type) or not callable(getattr(line_search, "search", None)):
        needed = "a line search such as StrongWolfe() or Armijo()"
        refuse(who, "line_search", needed, line_search, TypeError)
