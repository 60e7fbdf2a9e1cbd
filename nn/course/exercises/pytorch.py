"""The exercises of the notebook on PyTorch models. They need no PyTorch."""

import math
from collections.abc import Callable
from typing import Any

from autograd import Tensor
from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief
from nn.course.reading import NotReadableError

TABLE = [[1.0, 2.0, 6.0], [4.0, 0.0, -1.0]]
ARRIVING = [[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]]


def _result_and_gradient(normalise: Callable[[Tensor], Any]) -> list[float]:
    """What a learner's function makes of a table, and the gradient that it hands back."""
    x = Tensor(TABLE, requires_grad=True)
    try:
        result = normalise(x)
    except TypeError as err:
        if "must be Tensor, not Tensor" not in str(err):
            raise
        raise NotReadableError(
            "x comes as a tensor of this library, which PyTorch's own functions do not take. "
            "Compute with x.mean and with arithmetic."
        ) from err
    if not isinstance(result, Tensor) or result.shape != x.shape:
        came = getattr(result, "shape", type(result).__name__)
        raise NotReadableError(f"Of a table of shape {x.shape} it makes no such table, but {came}.")
    (result * ARRIVING).sum().backward()
    if x.grad is None:
        raise NotReadableError("No gradient comes back to x. Compute with x itself.")
    return [*result.data.ravel().tolist(), *x.grad.ravel().tolist()]


def _normalised(
    x: Tensor, axis: int | None = 1, cut: bool = False, cut_spread: bool = False, divisor: int = 3
) -> Tensor:
    mean = x.mean(axis=axis, keepdims=True)
    spread = (((x - mean) ** 2).sum(axis=axis, keepdims=True) / divisor) ** 0.5
    return (x - (mean.detach() if cut else mean)) / (spread.detach() if cut_spread else spread)


def _unrooted(x: Tensor) -> Tensor:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / (centred**2).mean(axis=1, keepdims=True)


EXERCISES = (
    Exercise(
        "pytorch 1",
        right=lambda: [-2, 0, 0.5],
        answer="my_passed",
        mistakes=(
            Mistake(
                lambda: [-2, -1, 0.5],
                "That passes everything. Where its input was negative, a ReLU is flat.",
                Belief.KINKS,
            ),
            Mistake(
                lambda: [0, 0, 0.5],
                "That looks at the sign of the gradient. What counts is the sign of the input: "
                "a negative gradient passes, too.",
            ),
            Mistake(
                lambda: [-0.6, 0, 0.75],
                "That multiplies by the input. The local derivative is 1 where it is positive.",
                Belief.WRONG_POINT,
            ),
            Mistake(lambda: [0.3, 0, 1.5], "That is what it hands on forwards."),
            Mistake(lambda: [2, 0, -0.5], "The sign stays as it is.", Belief.UPHILL),
        ),
        hints=(
            "Each number meets the local derivative of its own unit, which is 1 or 0.",
            "The second unit had a negative input: it passes nothing.",
        ),
        praise="A unit that gets 0 for every example is dead.",
    ),
    Exercise(
        "pytorch 2",
        right=lambda: ((0.6 - 1) + (0.8 - 1)) / 2,
        answer="my_bias_grad",
        mistakes=(
            Mistake(
                lambda: (0.6 - 1) + (0.8 - 1),
                "That is the sum. F.cross_entropy takes the mean over the batch.",
                Belief.SUM,
            ),
            Mistake(
                lambda: (0.4 + 0.2) / 2,
                "Truth minus probability is the way downhill. The gradient points uphill.",
                Belief.UPHILL,
            ),
            Mistake(lambda: (0.6 + 0.8) / 2, "The truth is missing: probability minus truth."),
            Mistake(
                lambda: -(1 / 0.6 + 1 / 0.8) / 2,
                "That is with respect to the probability. The bias is added to the score, before "
                "the softmax.",
                Belief.FUSED,
            ),
            Mistake(
                lambda: 0.0,
                "Both points are classified right, but not with certainty, so they still pull.",
                Belief.ZERO,
            ),
        ),
        hints=(
            "For each point: probability minus truth. The bias is added once to each.",
            "The mean of 0.6 − 1 and 0.8 − 1.",
        ),
    ),
    Exercise(
        "pytorch 3",
        right=lambda: _result_and_gradient(_normalised),
        example=lambda: _normalised,
        seen=_result_and_gradient,
        answer="my_layer_norm",
        mistakes=(
            Mistake(
                lambda: lambda x: _normalised(x, cut=True),
                "The numbers are right, the gradient is not: the mean depends on x, too, and its "
                "path is cut off.",
                Belief.ONE_PATH,
            ),
            Mistake(
                lambda: lambda x: _normalised(x, cut_spread=True),
                "The numbers are right, the gradient is not: the spread depends on x, too, and its "
                "path is cut off.",
                Belief.ONE_PATH,
            ),
            Mistake(
                lambda: lambda x: _normalised(x, cut=True, cut_spread=True),
                "The numbers are right, the gradient is not: mean and spread depend on x, too, and "
                "their paths are cut off.",
                Belief.ONE_PATH,
            ),
            Mistake(
                lambda: lambda x: _normalised(x, axis=0),
                "That normalises each column, as batch norm does. Here it is each row.",
                Belief.SHAPE,
            ),
            Mistake(
                lambda: lambda x: _normalised(x, axis=None, divisor=6),
                "That takes one mean and one spread of the whole table. Each row has its own.",
                Belief.SHAPE,
            ),
            Mistake(
                lambda: lambda x: _normalised(x, divisor=2),
                "Divide the squares by how many there are, not by one less.",
            ),
            Mistake(lambda: _unrooted, "That is divided by the variance. Take its root."),
        ),
        hints=(
            "The function above with axis=0 takes columns. Rows are axis=1, with keepdims=True.",
            "mean = x.mean(axis=1, keepdims=True), and spread in the same way; detach nothing.",
        ),
        praise="PyTorch's own function has the same numbers and the same gradient.",
    ),
    Exercise(
        "pytorch 4",
        right=lambda: math.log(1 + math.exp(-1)),
        answer="my_lowest",
        mistakes=(
            Mistake(
                lambda: 0.0,
                "So it would be with scores. But cross-entropy takes the softmax of what it is "
                "given, and here that lies between 0 and 1.",
                Belief.FUSED,
            ),
            Mistake(lambda: math.log(2), "That is what guessing costs. It can do a little better."),
            Mistake(
                lambda: math.log(1 + math.e), "That is the highest loss: sure of the wrong class."
            ),
            Mistake(
                lambda: math.e / (1 + math.e), "That is the probability. The loss is −ln of it."
            ),
            Mistake(
                lambda: -math.log(1 + math.exp(-1)),
                "The logarithm of a probability is negative. The loss is minus that.",
            ),
        ),
        hints=(
            "At best the model hands on (1, 0). What does the softmax inside the loss make of it?",
            "e¹ / (e¹ + e⁰) = 0.73, and −ln of that.",
        ),
        praise="A loss that stops near 0.31 with two classes is the sign of a softmax too many.",
    ),
    Exercise(
        "pytorch 5",
        right=lambda: "b",
        choices=("a", "b", "c"),
        answer="my_refused",
        mistakes=(
            Mistake(
                lambda: "a",
                "This loop runs over layers, and is the same whatever the numbers are. In the "
                "picture each round is there.",
            ),
            Mistake(
                lambda: "c",
                "training is a setting of the model, not a number of the run. The picture is of "
                "the side that is taken.",
            ),
        ),
        hints=(
            "The picture is of one run. Which line could take another way for another batch?",
            "Look for a condition that depends on the numbers in x.",
        ),
        praise="torch.where computes both sides, and can be drawn.",
    ),
)
