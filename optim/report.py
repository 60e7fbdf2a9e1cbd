"""Report: what came of a step or of a whole minimisation, said rather than left to be guessed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """How a rule that asks for the loss itself got on.

    Attributes:
        converged: Whether the rule's own test of a minimum holds where the parameters are now.
        reason: Why it ended there, as a sentence.
        loss: The loss there.
        gradient_norm: The largest absolute entry of the gradient there.
        iterations: How many times the parameters have moved; 0 where nothing better was found.
        evaluations: How many times the closure was called.
        gradients: How many times a gradient (or a Jacobian of residuals) was computed.

    Example:
        >>> from autograd import Value
        >>> from optim import BFGS
        >>> x = Value(3.0)
        >>> report = BFGS([x]).minimize(lambda: (x - 1) * (x - 1))
        >>> report.converged, report.reason
        (True, 'gradient_norm <= gradient_tolerance = 1e-05')
        >>> print(report)
        converged after 2 iterations, 3 evaluations: gradient_norm <= gradient_tolerance = 1e-05
        loss 0, gradient_norm 0
    """

    converged: bool
    reason: str
    loss: float
    gradient_norm: float
    iterations: int
    evaluations: int
    gradients: int

    def __str__(self) -> str:
        what = "converged" if self.converged else "not converged"
        return (
            f"{what} after {self.iterations} iterations, {self.evaluations} evaluations: "
            f"{self.reason}\nloss {self.loss:.6g}, gradient_norm {self.gradient_norm:.3g}"
        )
