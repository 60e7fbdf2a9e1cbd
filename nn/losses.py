"""Losses as modules; `nn.functional` has them as functions, and says what each computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd.spellings import called_as
from nn import functional
from nn.functional.targets import check_reduction
from nn.module import Module
from nn.operands import Operand, as_operand


def _weights(who: str, given: Operand | None) -> Operand | None:
    """How much each class counts, if that is said."""
    return None if given is None else as_operand(who, given)


class Loss(Module):
    """What all losses share: called with predictions and targets, it gives what is to become small.

    Args:
        reduction: "mean" over the examples, "sum", or "none" for each one's own.

    Raises:
        ValueError: an unknown reduction.
    """

    function: ClassVar[Callable[..., Any]]
    options: ClassVar[tuple[str, ...]] = ()  # the attributes that are arguments of the function

    @called_as("loss = nn.MSELoss(), or another, and call it: loss(predictions, targets)")
    def __init__(self, *, reduction: str = "mean") -> None:
        check_reduction(type(self).__name__, reduction)
        self.reduction = reduction

    def forward(self, prediction: Operand, target: Operand) -> Operand:
        """The loss; shapes and errors are those of the function of the same name."""
        options = {name: getattr(self, name) for name in self.options}
        return type(self).function(prediction, target, self.reduction, **options)

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
    """Mean absolute error; see `nn.functional.l1_loss`.

    Example:
        >>> L1Loss()([1.0, 2.0], [1.0, 4.0]).item()
        1.0
    """

    function = staticmethod(functional.l1_loss)


class SmoothL1Loss(Loss):
    """The absolute error with its kink made a parabola; see `nn.functional.smooth_l1_loss`.

    Args:
        reduction: As for every loss.
        beta: β > 0, where the parabola ends.

    Raises:
        ValueError: an unknown reduction; when called, beta <= 0.

    Example:
        >>> SmoothL1Loss(reduction="none")([0.0, 0.0], [0.5, 3.0]).tolist()
        [0.125, 2.5]
    """

    function = staticmethod(functional.smooth_l1_loss)
    options = ("beta",)

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta


class HuberLoss(Loss):
    """`SmoothL1Loss` times δ; see `nn.functional.huber_loss`.

    Args:
        reduction: As for every loss.
        delta: δ > 0, where the parabola ends.

    Raises:
        ValueError: an unknown reduction; when called, delta <= 0.

    Example:
        >>> HuberLoss(reduction="none", delta=2.0)([0.0, 0.0], [0.5, 3.0]).tolist()
        [0.125, 4.0]
    """

    function = staticmethod(functional.huber_loss)
    options = ("delta",)

    def __init__(self, *, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta


class BCELoss(Loss):
    """Binary cross-entropy on probabilities; see `nn.functional.binary_cross_entropy`.

    As in PyTorch no logarithm counts for less than -100.

    Example:
        >>> round(BCELoss()([0.25, 0.5], [1.0, 0.0]).item(), 4)  # the mean of ln 4 and ln 2
        1.0397
    """

    function = staticmethod(functional.binary_cross_entropy)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy on logits; see `nn.functional.binary_cross_entropy_with_logits`.

    Args:
        reduction: As for every loss.
        pos_weight: How much class 1 counts beside class 0, a number or (C,) of them; None for as
            much.

    Raises:
        ValueError: an unknown reduction; when called, what the function refuses.

    Example:
        >>> round(BCEWithLogitsLoss()([0.0, 0.0], [1.0, 0.0]).item(), 4)  # ln 2
        0.6931
    """

    function = staticmethod(functional.binary_cross_entropy_with_logits)
    options = ("pos_weight",)

    def __init__(self, *, reduction: str = "mean", pos_weight: Operand | None = None) -> None:
        super().__init__(reduction=reduction)
        self.pos_weight = _weights("BCEWithLogitsLoss", pos_weight)


class CrossEntropyLoss(Loss):
    """Softmax cross-entropy on logits; see `nn.functional.cross_entropy`.

    Args:
        weight: (C,) numbers >= 0, how much each class counts; None for all the same.
        reduction: As for every loss.
        label_smoothing: ε in [0, 1], how much of each target is spread over all classes.
        ignore_index: The class whose examples are left out; None for none. PyTorch's is -100.

    Raises:
        ValueError: an unknown reduction; when called, what the function refuses.

    Example:
        >>> from autograd import Tensor
        >>> logits = Tensor([[0.0, 0.0]], requires_grad=True)
        >>> CrossEntropyLoss()(logits, [1]).backward()
        >>> logits.grad.tolist()
        [[0.5, -0.5]]
    """

    function = staticmethod(functional.cross_entropy)
    options = ("weight", "label_smoothing", "ignore_index")

    @called_as("loss = nn.CrossEntropyLoss(), and call it: loss(scores, classes)")
    def __init__(
        self,
        weight: Operand | None = None,
        *,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = _weights("CrossEntropyLoss", weight)
        self.label_smoothing = label_smoothing
        self.ignore_index = ignore_index


class NLLLoss(Loss):
    """Negative log-likelihood, on log-probabilities; see `nn.functional.nll_loss`.

    Args:
        weight: (C,) numbers >= 0, how much each class counts; None for all the same.
        reduction: As for every loss.
        ignore_index: The class whose examples are left out; None for none. PyTorch's is -100.

    Raises:
        ValueError: an unknown reduction; when called, what the function refuses.

    Example:
        >>> NLLLoss()([[-1.0, -2.0], [-3.0, -4.0]], [0, 1]).item()
        2.5
    """

    function = staticmethod(functional.nll_loss)
    options = ("weight", "ignore_index")

    def __init__(
        self,
        weight: Operand | None = None,
        *,
        reduction: str = "mean",
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = _weights("NLLLoss", weight)
        self.ignore_index = ignore_index


class KLDivLoss(Loss):
    """Kullback-Leibler divergence, on log-probabilities; see `nn.functional.kl_div`.

    "mean" is over the examples: PyTorch's "batchmean".

    Example:
        >>> import numpy as np
        >>> log_q = np.log([[0.5, 0.5]])
        >>> round(KLDivLoss()(log_q, [[1.0, 0.0]]).item(), 4)  # ln 2
        0.6931
    """

    function = staticmethod(functional.kl_div)


class HingeLoss(Loss):
    """max(0, 1 - y s) for targets -1 and +1; see `nn.functional.hinge_loss`. PyTorch has none.

    Example:
        >>> HingeLoss(reduction="none")([2.0, -0.5], [1, 1]).tolist()
        [0.0, 1.5]
    """

    function = staticmethod(functional.hinge_loss)


class PerceptronLoss(Loss):
    """max(0, -y s) for targets -1 and +1; see `nn.functional.perceptron_loss`. PyTorch has none.

    Example:
        >>> PerceptronLoss(reduction="none")([2.0, -0.5], [1, 1]).tolist()
        [0.0, 0.5]
    """

    function = staticmethod(functional.perceptron_loss)
