"""Quasi-Newton rules: they learn the curvature from how the gradient changed, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import check_int
from optim.line_search import LineSearch
from optim.minimizer import SearchingMinimizer, steepest
from optim.objective import Point
from optim.optimizer import Params
from optim.states import taken_array, taken_list

if TYPE_CHECKING:
    from autograd.arrays import FloatArray


class BFGS(SearchingMinimizer):
    r"""Broyden, Fletcher, Goldfarb, Shanno: keep an estimate H of the inverse Hessian.

    .. math:: p = -H \nabla L(\theta), \qquad \theta \leftarrow \theta + \alpha p, \qquad
              H \leftarrow (I - \rho s y^T) H (I - \rho y s^T) + \rho s s^T

    with α from the line search, s the step in θ, y the change of ∇L over it and ρ = 1 / yᵀs. The
    new H is the nearest to the old that explains this change (Hy = s). The first step goes down the
    gradient, no further than 1; before the first update H is (sᵀy / yᵀy) I (SciPy starts from I).
    A step with yᵀs <= 0, which only a search without a curvature condition can make, teaches
    nothing. Where the search fails along p, H is forgotten and the gradient tried.

    H has n² numbers for n parameters: for more than a few thousand take `LBFGS`.

    Args:
        params: A model's `parameters()`, or any Tensors or Values: θ.
        line_search: Finds α, the first trial being 1; `StrongWolfe()` if not given.
        gradient_tolerance: Converged where no entry of ∇L is larger, >= 0.

    Attributes:
        inverse: H, (n, n); None before the first update.

    Raises:
        TypeError: params or line_search are something else.
        ValueError: gradient_tolerance < 0, no parameters, or one of them twice.

    Source:
        J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed. (2006), algorithm 6.1 with (6.17)
        and (6.20).

    Example:
        >>> from autograd import Value
        >>> x, y = Value(-1.2), Value(1.0)
        >>> report = BFGS([x, y]).minimize(lambda: 100 * (y - x * x) ** 2 + (1 - x) ** 2)
        >>> report.converged, round(x.data, 4), round(y.data, 4)
        (True, 1.0, 1.0)
    """

    _settings = ("line_search", "gradient_tolerance")
    _learnt = ("inverse",)

    def __init__(
        self,
        params: Params,
        line_search: LineSearch | None = None,
        gradient_tolerance: float = 1e-5,
    ) -> None:
        super().__init__(params, line_search, gradient_tolerance)
        self.inverse: FloatArray | None = None

    def _learn_from(self, state: dict[str, Any]) -> None:
        inverse, n = state["inverse"], sum(np.size(p.data) for p in self.params)
        if inverse is not None:
            self.inverse = taken_array("BFGS", "inverse", inverse, (n, n))

    def _directions(self, here: Point) -> Iterator[tuple[FloatArray, float]]:
        if self.inverse is not None:
            yield -self.inverse @ here.gradient, 1.0
            self.inverse = None  # it led nowhere
        yield steepest(here)

    def _learn(self, here: Point, there: Point) -> None:
        s, y = there.theta - here.theta, there.gradient - here.gradient
        if not _curves_up(s, y):
            return
        if self.inverse is None:
            self.inverse = (s @ y) / (y @ y) * np.eye(s.size)
        # The product above, multiplied out: two corrections of rank one or two, in n² operations.
        rho = 1 / (s @ y)
        Hy = self.inverse @ y
        self.inverse = (
            self.inverse
            - rho * (np.outer(Hy, s) + np.outer(s, Hy))
            + rho * (1 + rho * (y @ Hy)) * np.outer(s, s)
        )


class LBFGS(SearchingMinimizer):
    r"""BFGS with limited memory: H is never stored, only the last m steps it would be made from.

    .. math:: p = -H_m \nabla L(\theta), \qquad \theta \leftarrow \theta + \alpha p

    where H_m is what the m last pairs (s, y) make of (sᵀy / yᵀy) I by the update of `BFGS`; its
    product with the gradient takes two loops over the pairs. s, y, α and the first step are as
    there.

    Unlike `torch.optim.LBFGS` it searches by default, and a `step` is one step, not up to 20.

    Args:
        params: A model's `parameters()`, or any Tensors or Values: θ.
        memory: m >= 1, how many pairs to keep (PyTorch: history_size).
        line_search: Finds α, the first trial being 1; `StrongWolfe()` if not given.
        gradient_tolerance: Converged where no entry of ∇L is larger, >= 0.

    Attributes:
        pairs: The pairs (s, y), each (n,), oldest first.

    Raises:
        TypeError: params or line_search are something else.
        ValueError: memory < 1, gradient_tolerance < 0, no parameters, or one of them twice.

    Source:
        D. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization",
        Mathematical Programming 45 (1989) 503-528; Nocedal & Wright, "Numerical Optimization",
        2nd ed. (2006), algorithms 7.4 and 7.5.

    Example:
        >>> from autograd import Tensor
        >>> w = Tensor([2.0, -1.0, 3.0], requires_grad=True)
        >>> report = LBFGS([w]).minimize(lambda: (w**4 + w**2).sum())
        >>> report.converged, bool(abs(w.data).max() < 1e-5)
        (True, True)
    """

    _settings = ("memory", "line_search", "gradient_tolerance")
    _learnt = ("pairs",)

    def __init__(
        self,
        params: Params,
        memory: int = 10,
        line_search: LineSearch | None = None,
        gradient_tolerance: float = 1e-5,
    ) -> None:
        super().__init__(params, line_search, gradient_tolerance)
        check_int("LBFGS", "memory", memory, least=1)
        self.memory = memory
        self.pairs: list[tuple[FloatArray, FloatArray]] = []

    def _learn_from(self, state: dict[str, Any]) -> None:
        pairs, n = state["pairs"], sum(np.size(p.data) for p in self.params)
        kept = min(self.memory, len(pairs) if isinstance(pairs, (list, tuple)) else 0)
        pairs = taken_list("LBFGS", "pairs", pairs, kept)
        for pair in pairs:
            s, y = taken_list("LBFGS", "a pair", pair, 2)
            s, y = (taken_array("LBFGS", name, x, (n,)) for name, x in (("s", s), ("y", y)))
            self.pairs.append((s, y))

    def _directions(self, here: Point) -> Iterator[tuple[FloatArray, float]]:
        if self.pairs:
            yield -self._times_inverse(here.gradient), 1.0
            self.pairs = []  # they led nowhere
        yield steepest(here)

    def _times_inverse(self, gradient: FloatArray) -> FloatArray:
        """H times the gradient."""
        q = gradient.copy()
        shares = []
        for s, y in reversed(self.pairs):
            shares.append((s @ q) / (s @ y))
            q -= shares[-1] * y
        s, y = self.pairs[-1]
        q *= (s @ y) / (y @ y)
        for (s, y), share in zip(self.pairs, reversed(shares), strict=True):
            q += (share - (y @ q) / (s @ y)) * s
        return q

    def _learn(self, here: Point, there: Point) -> None:
        s, y = there.theta - here.theta, there.gradient - here.gradient
        if _curves_up(s, y):
            self.pairs = [*self.pairs, (s, y)][-self.memory :]


def _curves_up(s: FloatArray, y: FloatArray) -> bool:
    """Whether the loss curves upwards along the step s, by more than rounding."""
    return bool(s @ y > np.finfo(float).eps * np.linalg.norm(s) * np.linalg.norm(y))
