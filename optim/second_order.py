"""Rules that ask the graph for second derivatives, or for a Jacobian of residuals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import check_int, check_number
from optim.line_search import Armijo, LineSearch
from optim.minimizer import Minimizer, SearchingMinimizer, steepest
from optim.objective import LeastSquares, LeastSquaresPoint, Point
from optim.optimizer import Params
from optim.states import taken_array

if TYPE_CHECKING:
    from autograd.arrays import FloatArray


class Newton(SearchingMinimizer):
    r"""Newton's method: go to the minimum of the parabola that touches the loss here.

    .. math:: p = -H^{-1} \nabla L(\theta), \qquad \theta \leftarrow \theta + \alpha p

    H is the Hessian of the loss. The line search damps: α is 1 where the parabola is a good
    picture, and less far from a minimum. Where H is not positive definite, p would lead up to a
    saddle or a maximum. There, with the eigenvalues λ and eigenvectors Q of H,

    .. math:: p = -Q \,\mathrm{diag}(1 / \max(|\lambda|, \delta |\lambda|_{max}))\, Q^T \nabla L,

    which leads downhill always and away from them. (Others add a multiple of I to H; Nocedal &
    Wright compare in section 3.4.) Where the search fails along p, the gradient is tried. A point
    with ∇L = 0 and λ < 0 is reported as the saddle it is, not as converged.

    H costs n backward passes and n² numbers for n parameters.

    Args:
        params: A model's `parameters()`, or any Tensors or Values: θ.
        line_search: Finds α, the first trial being 1; `Armijo()` if not given. `FixedRate(1.0)`
            takes the whole step always, as lectures write it.
        least_curvature: δ in (0, 1): a |λ| of less than δ times the largest counts as that much.
        gradient_tolerance: Converged where no entry of ∇L is larger and no λ is negative, >= 0.

    Raises:
        TypeError: params or line_search are something else.
        ValueError: a number lies outside its range, no parameters, or one of them twice.

    Source:
        J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed. (2006), algorithm 3.2 with the
        eigenvalue modification of section 3.4.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> newton = Newton([x])
        >>> for _ in range(4):  # the digits that are right double in each step
        ...     report = newton.step(lambda: x.exp() - 2 * x)
        ...     print(f"{abs(x.data - np.log(2)):.1e}")
        4.3e-02
        9.0e-04
        4.0e-07
        8.0e-14
    """

    _search = Armijo()
    _settings = ("line_search", "least_curvature", "gradient_tolerance")

    def __init__(
        self,
        params: Params,
        line_search: LineSearch | None = None,
        least_curvature: float = 1e-8,
        gradient_tolerance: float = 1e-8,
    ) -> None:
        super().__init__(params, line_search, gradient_tolerance)
        check_number("Newton", "least_curvature", least_curvature, "in (0, 1)")
        self.least_curvature = least_curvature

    def _directions(self, here: Point) -> Iterator[tuple[FloatArray, float]]:
        if np.isfinite(here.hessian).all() and here.hessian.any():
            yield self._direction(here.hessian, here.gradient), 1.0
        yield steepest(here)

    def _direction(self, hessian: FloatArray, gradient: FloatArray) -> FloatArray:
        try:
            np.linalg.cholesky(hessian)  # the test of positive definiteness
            step = -np.asarray(np.linalg.solve(hessian, gradient), np.float64)
        except np.linalg.LinAlgError:
            curvatures, axes = np.linalg.eigh(hessian)
            sizes = np.abs(curvatures)
            sizes = np.maximum(sizes, self.least_curvature * sizes.max())
            step = -axes @ (axes.T @ gradient / sizes)
        return step

    def _converged(self, here: Point) -> str:
        reason = super()._converged(here)
        return "" if reason and self._has_way_down(here) else reason

    def _has_way_down(self, here: Point) -> bool:
        if not np.isfinite(here.hessian).all():
            return False
        curvatures = np.linalg.eigvalsh(here.hessian)
        return bool(curvatures[0] < -self.least_curvature * np.abs(curvatures).max())

    def _why_not(self, here: Point, iterations: int, max_iterations: int) -> str:
        if here.gradient_norm <= self.gradient_tolerance:
            return "a saddle or a maximum: the gradient is 0, the Hessian not positive definite"
        return super()._why_not(here, iterations, max_iterations)


class GaussNewton(SearchingMinimizer):
    r"""Gauss-Newton: for a loss that is a sum of squared residuals, L(θ) = ½‖r(θ)‖².

    .. math:: p = \arg\min_p \tfrac12 \|r + J p\|^2 = -(J^T J)^{-1} J^T r, \qquad
              \theta \leftarrow \theta + \alpha p

    J is the Jacobian of the residuals; JᵀJ is Newton's H without the part that the residuals' own
    curvature adds, so it takes first derivatives only, and suits residuals that are small or nearly
    linear. p is found from J itself, not JᵀJ; where its columns depend on one another it is the
    shortest of the many. The closure returns the residuals (m,), not their loss.

    Note the half: ∇L = Jᵀr. (A mean of squares has the same minimum and the same p.)

    Args:
        params: A model's `parameters()`, or any Tensors or Values: θ.
        line_search: Finds α, the first trial being 1; `Armijo()` if not given. `FixedRate(1.0)`
            takes the whole step always, as lectures write it.
        gradient_tolerance: Converged where no entry of ∇L is larger, >= 0.
        loss_tolerance: Also converged where ½‖r + Jp‖² is lower than the loss by no larger share
            of it, >= 0; this does not depend on the units of anything.

    Raises:
        TypeError: params or line_search are something else.
        ValueError: a tolerance < 0, no parameters, or one of them twice.

    Source:
        J. Nocedal, S. Wright, "Numerical Optimization", 2nd ed. (2006), section 10.3; for
        loss_tolerance D. Bates, D. Watts, "A relative offset orthogonality convergence criterion
        for nonlinear least squares", Technometrics 23 (1981) 179-183.

    Example:
        >>> from autograd import Value
        >>> a, b = Value(0.0), Value(0.0)
        >>> points = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]
        >>> GaussNewton([a, b]).step(lambda: [a * x + b - y for x, y in points]).iterations
        1
        >>> round(a.data, 12), round(b.data, 12)  # a line is fitted in one step
        (2.0, 1.0)
    """

    _kind = LeastSquares
    _search = Armijo()
    _settings = ("line_search", "gradient_tolerance", "loss_tolerance")

    def __init__(
        self,
        params: Params,
        line_search: LineSearch | None = None,
        gradient_tolerance: float = 1e-8,
        loss_tolerance: float = 1e-10,
    ) -> None:
        super().__init__(params, line_search, gradient_tolerance)
        check_number("GaussNewton", "loss_tolerance", loss_tolerance, ">= 0", finite=False)
        self.loss_tolerance = loss_tolerance

    def _directions(self, here: LeastSquaresPoint) -> Iterator[tuple[FloatArray, float]]:
        yield here.linear_step, 1.0
        yield steepest(here)

    def _converged(self, here: LeastSquaresPoint) -> str:
        # ½‖r‖² - ½‖r + Jp‖² = -½ ∇Lᵀp for this p.
        promised = -0.5 * (here.gradient @ here.linear_step)
        settled = promised <= self.loss_tolerance * here.loss
        return super()._converged(here) or (_settled(self.loss_tolerance) if settled else "")


class LevenbergMarquardt(Minimizer):
    r"""Levenberg-Marquardt: Gauss-Newton steps, kept short by a damping that adapts itself.

    .. math:: (J^T J + \lambda D^2)\, p = -J^T r, \qquad \theta \leftarrow \theta + p
              \text{ if the loss } L = \tfrac12 \|r\|^2 \text{ falls}

    A large λ gives a short step down the (scaled) gradient, λ = 0 the Gauss-Newton step. With the
    gain ϱ = (fall of the loss) / (fall that the linear model promised),

    .. math:: \varrho > 0: \quad \lambda \leftarrow
              \lambda \max(\tfrac13, 1 - (2\varrho - 1)^3); \qquad
              \text{else } \lambda \leftarrow \nu \lambda, \; \nu \leftarrow 2\nu
              \text{ and again, with } \nu = 2 \text{ at first.}

    D is diagonal, with the largest length that each column of J has had, so that the units of a
    parameter do not matter. Levenberg had D = I, Marquardt the present lengths and λ times or over
    10; MINPACK (SciPy) bounds ‖Dp‖ and finds λ from that. The closure returns the residuals (m,),
    not their loss. Note the half: ∇L = Jᵀr.

    Args:
        params: A model's `parameters()`, or any Tensors or Values: θ.
        damping: The first λ, > 0: small if the start is good.
        max_evaluations: How many λ one step may try, at least 1.
        gradient_tolerance: Converged where no entry of ∇L is larger, >= 0.
        loss_tolerance: Also converged where a trial was promised to lower the loss by no larger
            share of it, and changed it by no larger share, >= 0; independent of units.

    Attributes:
        damping: The present λ.
        lengths: The diagonal of D, (n,); None before the first step.

    Raises:
        TypeError: params are something else.
        ValueError: a number lies outside its range, no parameters, or one of them twice.

    Source:
        K. Levenberg, "A method for the solution of certain non-linear problems in least squares",
        Quarterly of Applied Mathematics 2 (1944) 164-168; D. Marquardt, "An algorithm for
        least-squares estimation of nonlinear parameters", SIAM Journal 11 (1963) 431-441; λ: H. B.
        Nielsen, "Damping parameter in Marquardt's method", IMM-REP-1999-05, Technical University of
        Denmark; D: J. Moré, "The Levenberg-Marquardt algorithm: implementation and theory" (1978).

    Example:
        >>> from autograd import Value
        >>> a, k = Value(1.0), Value(0.0)
        >>> points = [(0.0, 2.0), (1.0, 1.0), (2.0, 0.5), (3.0, 0.25)]
        >>> fit = LevenbergMarquardt([a, k])
        >>> report = fit.minimize(lambda: [a * (k * t).exp() - y for t, y in points])
        >>> report.converged, round(a.data, 6), round(k.data, 6)  # 2 exp(-t ln 2)
        (True, 2.0, -0.693147)
    """

    _kind = LeastSquares
    _settings = ("max_evaluations", "gradient_tolerance", "loss_tolerance")
    _learnt = ("damping", "lengths")

    def __init__(
        self,
        params: Params,
        damping: float = 1e-2,
        max_evaluations: int = 20,
        gradient_tolerance: float = 1e-8,
        loss_tolerance: float = 1e-10,
    ) -> None:
        super().__init__(params, gradient_tolerance)
        check_number("LevenbergMarquardt", "damping", damping, "> 0")
        check_int("LevenbergMarquardt", "max_evaluations", max_evaluations, least=1)
        check_number("LevenbergMarquardt", "loss_tolerance", loss_tolerance, ">= 0", finite=False)
        self.damping = damping
        self.max_evaluations = max_evaluations
        self.loss_tolerance = loss_tolerance
        self.lengths: FloatArray | None = None

    def _learn_from(self, state: dict[str, Any]) -> None:
        self.damping = check_number("LevenbergMarquardt", "damping", state["damping"], "> 0")
        lengths, n = state["lengths"], sum(np.size(p.data) for p in self.params)
        if lengths is not None:
            self.lengths = taken_array("LevenbergMarquardt", "lengths", lengths, (n,))

    def _converged(self, here: LeastSquaresPoint) -> str:
        reason = super()._converged(here)
        return reason or (_settled(self.loss_tolerance) if here.settled else "")

    def _advance(self, here: LeastSquaresPoint) -> LeastSquaresPoint | None:
        lengths = np.linalg.norm(here.jacobian, axis=0)
        if self.lengths is not None:
            lengths = np.maximum(lengths, self.lengths)
        self.lengths = lengths
        solve = _damped_solver(here, np.where(lengths > 0, lengths, 1.0))
        damping, growth = self.damping, 2.0
        for _ in range(min(self.max_evaluations, here.objective.left)):
            step, promised = solve(damping)
            there = here.objective.at(here.theta + step)
            assert isinstance(there, LeastSquaresPoint)
            fall = here.loss - there.loss
            small = self.loss_tolerance * here.loss
            if fall > 0 and np.isfinite(there.jacobian).all():
                there.settled = bool(promised <= small and fall <= small)
                gain = float(fall / promised)
                change = max(1 / 3, 1 - (2 * gain - 1) ** 3)
                self.damping = float(max(damping * change, np.finfo(float).tiny))
                return there
            if promised <= small and abs(fall) <= small:
                here.settled = True
                return None
            damping, growth = damping * growth, growth * 2
        return None


def _damped_solver(
    here: LeastSquaresPoint, lengths: FloatArray
) -> Callable[[float], tuple[FloatArray, np.floating[Any]]]:
    """The function from λ to the step p and the fall of the loss that the linear model promises.

    By singular values, J D⁻¹ = U S Vᵀ, so that another λ costs next to nothing and JᵀJ, which would
    square rounding errors, is never formed.
    """
    u, sizes, vt = np.linalg.svd(here.jacobian / lengths, full_matrices=False)
    shares = u.T @ here.residuals

    def solve(damping: float) -> tuple[FloatArray, Any]:
        scaled = -(vt.T @ (sizes / (sizes**2 + damping) * shares))
        step = scaled / lengths
        promised = 0.5 * (damping * (scaled @ scaled) - here.gradient @ step)
        return step, promised

    return solve


def _settled(loss_tolerance: float) -> str:
    return f"the linear model promises to lower the loss by <= loss_tolerance = {loss_tolerance:g}"
