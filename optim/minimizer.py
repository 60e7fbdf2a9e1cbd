"""Minimizer: the base class of the rules that ask for the loss themselves, through a closure."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import check_int, check_number
from optim.line_search import LineSearch, Ray, StrongWolfe, check_line_search
from optim.objective import Objective, Point
from optim.optimizer import Optimizer, Params
from optim.report import Report
from optim.states import check_origin, check_parts, check_shapes, shapes

if TYPE_CHECKING:
    from autograd.arrays import FloatArray
    from optim.objective import LeastSquaresPoint


class Minimizer(Optimizer):
    """What the rules with `step(closure)` share.

    The closure is a function without arguments that computes the loss (or the residuals) from the
    parameters and returns it as a node. It is called wherever the rule wants to know the loss, and
    the graph it made is differentiated: no `.grad` is read, changed or needed. (A closure written
    for PyTorch, which also calls `zero_grad()` and `backward()`, gives the same steps.)

    Args:
        params: A model's `parameters()`, or any Tensors or Values.
        gradient_tolerance: The parameters are taken for a minimum where no entry of the gradient
            is larger, >= 0.
    """

    _kind: type[Objective] = Objective
    _settings: tuple[str, ...] = ()  # the attributes that were chosen
    _learnt: tuple[str, ...] = ()  # the attributes that the steps change

    def __init__(self, params: Params, gradient_tolerance: float) -> None:
        super().__init__(params)
        who = type(self).__name__
        check_number(who, "gradient_tolerance", gradient_tolerance, ">= 0", finite=False)
        self.gradient_tolerance = gradient_tolerance

    def step(self, closure: Callable[[], Any] | None = None) -> Report:
        """Move the parameters once, to a lower loss; or not at all, and say why.

        Args:
            closure: Computes and returns the loss (see the class for which).

        Returns:
            What came of it; `report.iterations` is 0 where the parameters stayed.

        Raises:
            TypeError: the closure is none, or returns something else.
            ValueError: the loss or its gradient is not finite where the parameters are.
            GraphError: the loss does not depend on the parameters.
        """
        return self.minimize(closure, max_iterations=1)

    def minimize(
        self,
        closure: Callable[[], Any] | None,
        *,
        max_iterations: int = 1000,
        max_evaluations: int = 10_000,
    ) -> Report:
        """Step until the parameters are at a minimum, or no further step helps.

        The same as calling `step` as often, but for one evaluation less each time: here the
        closure must be the same function throughout (no new mini-batch at each call).

        Args:
            closure: As for `step`.
            max_iterations: How often the parameters may move, at least 0.
            max_evaluations: How often the closure may be called, at least 1.

        Returns:
            Where and why it ended.

        Raises:
            TypeError, ValueError, GraphError: as for `step`.
        """
        who = type(self).__name__
        check_int(who, "max_iterations", max_iterations, least=0)
        check_int(who, "max_evaluations", max_evaluations, least=1)
        objective = self._kind(who, self, closure, max_evaluations)
        here = objective.start()
        iterations = 0
        try:
            # A trial may leave the domain of the loss; it is then taken back, so no warnings.
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                while iterations < max_iterations and not self._converged(here):
                    there = self._advance(here)
                    if there is None:
                        break
                    here = there
                    iterations += 1
        finally:  # also where the closure raised at a trial
            if objective.last is not here:
                objective.move_to(here.theta)
        converged = self._converged(here)
        reason = converged or self._why_not(here, iterations, max_iterations)
        return Report(
            bool(converged),
            reason,
            here.loss,
            here.gradient_norm,
            iterations,
            objective.evaluations,
            objective.gradients,
        )

    def _advance(self, here: Any) -> Any:
        """One step: the place to go, at which the objective was evaluated last; None if none."""
        raise NotImplementedError(f"{type(self).__name__}: needs a method _advance.")

    def _converged(self, here: Any) -> str:
        """Why this is taken for a minimum; empty if it is not."""
        if here.gradient_norm <= self.gradient_tolerance:
            return f"gradient_norm <= gradient_tolerance = {self.gradient_tolerance:g}"
        return ""

    def _why_not(self, here: Point, iterations: int, max_iterations: int) -> str:
        if iterations == max_iterations:
            one = max_iterations == 1
            return "one step taken" if one else f"max_iterations = {max_iterations} reached"
        if not here.objective.left:
            return f"max_evaluations = {here.objective.max_evaluations} reached"
        return (
            "no trial lowered the loss enough: it may be flat to rounding here, have a kink, or "
            "fall without end"
        )

    def state_dict(self) -> dict[str, Any]:
        """Settings and what was learnt, as copies, to be saved.

        Returns:
            {"optimizer": its name, "settings": by name, "state": the "shapes" of the parameters and
            what was learnt, by name}.

        Example:
            >>> from autograd import Value
            >>> from optim import BFGS
            >>> BFGS([Value(1.0)]).state_dict()["state"]
            {'shapes': [[]], 'inverse': None}
        """
        state = {"shapes": shapes(self.params)}
        state |= {name: getattr(self, name) for name in self._learnt}
        settings = {name: getattr(self, name) for name in self._settings}
        name = type(self).__name__
        return copy.deepcopy({"optimizer": name, "settings": settings, "state": state})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another optimizer of the same kind, for the same parameters, was.

        Args:
            state_dict: What its `state_dict()` returned.

        Raises:
            ValueError: A part is missing, or there is one too many; it is of another kind, or of
                parameters of other shapes; an array has another shape, or is not of floats; or a
                setting is out of range. Nothing is changed then.
            TypeError: A setting is something else. Nothing is changed then.
        """
        who = type(self).__name__
        check_parts(who, state_dict, ("settings", "state"), optional=("optimizer",))
        check_origin(who, state_dict)
        settings, state = state_dict["settings"], state_dict["state"]
        check_parts(who, settings, self._settings)
        check_parts(who, state, self._learnt, optional=("shapes", "sizes"))
        check_shapes(who, self.names, self.params, state)
        saved = type(self)(self.params, **copy.deepcopy(settings))  # refuses what is out of range
        saved._learn_from(state)
        for name in (*self._settings, *self._learnt):
            setattr(self, name, getattr(saved, name))

    def _learn_from(self, state: dict[str, Any]) -> None:
        """Take over what was saved of what is learnt, if it is of the right shapes and types."""
        for name in self._learnt:
            setattr(self, name, copy.deepcopy(state[name]))


class SearchingMinimizer(Minimizer):
    """What the rules that choose a direction and search along it share.

    Args:
        params: A model's `parameters()`, or any Tensors or Values.
        line_search: How far to go; the rule's own choice if not given.
        gradient_tolerance: As in `Minimizer`.
    """

    _search: LineSearch = StrongWolfe()

    def __init__(
        self,
        params: Params,
        line_search: LineSearch | None,
        gradient_tolerance: float,
    ) -> None:
        super().__init__(params, gradient_tolerance)
        if line_search is None:
            line_search = self._search
        check_line_search(type(self).__name__, line_search)
        self.line_search = line_search

    def _directions(self, here: Any) -> Iterator[tuple[FloatArray, float]]:
        """Directions to search along, each with the rate to try first; the next if one fails."""
        raise NotImplementedError(f"{type(self).__name__}: needs a method _directions.")

    def _learn(self, here: LeastSquaresPoint | Point, there: LeastSquaresPoint | Point) -> None:
        """Draw conclusions from a step."""

    def _advance(self, here: Any) -> LeastSquaresPoint | Point | None:
        for direction, rate in self._directions(here):
            if not direction @ here.gradient < 0:
                continue
            ray = Ray(here, direction, self.line_search.max_evaluations)
            found = self.line_search.search(ray, rate)
            # A rate may be so small that the loss is the same because the place is.
            if found is not None and not np.array_equal(found.point.theta, here.theta):
                self._learn(here, found.point)
                return found.point
        return None


def steepest(here: Point) -> tuple[FloatArray, float]:
    """The steepest way down, and a rate that goes no further than 1 to begin with."""
    length = float(np.linalg.norm(here.gradient))
    return -here.gradient, min(1.0, 1.0 / length) if length else 1.0
