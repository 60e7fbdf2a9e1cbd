"""What is asked of a model: its predictions, its loss and its accuracy on examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import ShapeError, no_grad
from autograd.checks import came, kind, refuse
from autograd.spellings import called_as
from nn.data import pair
from nn.datasets.dataset import Dataset
from nn.eval_mode import in_eval_mode
from nn.functional.targets import check_some
from nn.module import Module
from nn.operands import Operand, numbers

Data = Dataset | tuple[Any, Any]
Loss = Callable[[Any, Any], Any]


def evaluate(model: Module, loss: Loss, data: Data) -> float:
    """The loss on examples that are not learnt from: in `eval()` mode, recording nothing.

    Args:
        model: Called with all the inputs x at once. Afterwards it is in the mode it was in.
        loss: Called as loss(model(x), y).
        data: A pair ``(x, y)`` or a Dataset.

    Raises:
        ShapeError: the loss is not a single number.

    Example:
        >>> import nn
        >>> evaluate(nn.Identity(), nn.MSELoss(), ([1.0, 2.0], [1.0, 4.0]))
        2.0
    """
    x, y = pair("evaluate", data)
    total = loss(predict(model, x), y)
    number = numbers(total)
    if number.size != 1 or number.dtype.kind not in "biuf":
        raise ShapeError(
            "evaluate: needs a loss that returns one number, such as a mean over the examples, "
            f"but got {came(total)}."
        )
    return float(number.reshape(()))


@called_as("nn.accuracy(model, (inputs, labels))")
def accuracy(model: Module, data: Data) -> float:
    """The part of the examples, in [0, 1], whose own class gets the highest score.

    Args:
        model: From inputs (N, …) to scores (N, C), one per class; probabilities do as well.
        data: A pair ``(x, y)`` or a Dataset, with classes y (N,), in [0, C).

    Raises:
        ShapeError: the scores are not (N, C), C > 1, or y is not (N,). For a single score per
            example compare it with your threshold: `((model(x).data > 0) == y).mean()`.
        ValueError: another class than these, a score that is nan, or no examples.

    Example:
        >>> import nn
        >>> accuracy(nn.Identity(), ([[2.0, 1.0], [0.5, 0.1]], [0, 1]))
        0.5
    """
    x, y = pair("accuracy", data)
    scores = numbers(predict(model, x))
    if scores.ndim != 2 or scores.shape[1] < 2 or y.shape != scores.shape[:1]:
        raise ShapeError(
            f"accuracy: needs scores of shape (N, C), C > 1, and classes of shape (N,), "
            f"but got {scores.shape} and {y.shape}."
        )
    check_some("accuracy", scores)
    labels = numbers(y)
    strange = ~np.isin(labels, np.arange(scores.shape[1]))
    if strange.any():
        first = np.asarray(labels[strange]).tolist()[0]
        refuse("accuracy", "y", f"classes in [0, {scores.shape[1]})", first, ValueError)
    if np.isnan(scores).any():
        raise ValueError("accuracy: nan is among the scores, so that none is the highest.")
    return float((scores.argmax(axis=1) == labels).mean())


def predict(model: Module, x: Operand) -> Operand:
    """What the model makes of x in `eval()` mode, recording nothing.

    Afterwards each of its modules is in the mode it was in.

    Raises:
        TypeError: the first of the two is no Module.

    Example:
        >>> import nn
        >>> predict(nn.Sequential(nn.ReLU()), [-1.0, 2.0]).tolist()
        [0.0, 2.0]
    """
    if not isinstance(model, Module):
        raise TypeError(f"predict: needs a model, then the inputs, but got {kind(model)} first.")
    with no_grad(), in_eval_mode(model):
        return model(x)
