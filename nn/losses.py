"""Losses as modules; `nn.functional` has them as functions, and says what each computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from nn import functional
from nn.checks import check_reduction
from nn.module import Module


class Loss(Module):
    """What all losses share: called with predictions and targets, it gives what is to become small.

    Args:
        reduction: "mean" over the examples, "sum", or "none" for each one's own.

    Raises:
        ValueError: an unknown reduction.
    """

    function: ClassVar[Callable[[Any, Any, str], Any]]

    def __init__(self, *, reduction: str = "mean") -> None:
        check_reduction(type(self).__name__, reduction)
        self.reduction = reduction

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss; shapes and errors are those of the function of the same name."""
        return type(self).function(prediction, target, self.reduction)

    def _details(self) -> str:
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class MSELoss(Loss):
    """Mean squared error; see `nn.functional.mse_loss`.

    Example:
        >>> from autograd import Tensor
        >>> prediction = Tensor([1.0, 2.0], requires_grad=True)
        >>> MSELoss()(prediction, [1.0, 4.0]).backward()
        >>> prediction.grad.tolist()
        [0.0, -2.0]
    """

    function = staticmethod(functional.mse_loss)


class L1Loss(Loss):
    """Mean absolute error; see `nn.functional.l1_loss`."""

    function = staticmethod(functional.l1_loss)


class BCELoss(Loss):
    """Binary cross-entropy on probabilities; see `nn.functional.binary_cross_entropy`.

    As in PyTorch no logarithm counts for less than -100.
    """

    function = staticmethod(functional.binary_cross_entropy)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy on logits; see `nn.functional.binary_cross_entropy_with_logits`."""

    function = staticmethod(functional.binary_cross_entropy_with_logits)


class CrossEntropyLoss(Loss):
    """Softmax cross-entropy on logits; see `nn.functional.cross_entropy`.

    Example:
        >>> from autograd import Tensor
        >>> logits = Tensor([[0.0, 0.0]], requires_grad=True)
        >>> CrossEntropyLoss()(logits, [1]).backward()
        >>> logits.grad.tolist()
        [[0.5, -0.5]]
    """

    function = staticmethod(functional.cross_entropy)


class NLLLoss(Loss):
    """Negative log-likelihood, on log-probabilities; see `nn.functional.nll_loss`."""

    function = staticmethod(functional.nll_loss)


class HingeLoss(Loss):
    """max(0, 1 - y s) for targets -1 and +1; see `nn.functional.hinge_loss`. PyTorch has none."""

    function = staticmethod(functional.hinge_loss)


class PerceptronLoss(Loss):
    """max(0, -y s) for targets -1 and +1; see `nn.functional.perceptron_loss`. PyTorch has none."""

    function = staticmethod(functional.perceptron_loss)
