"""The exercises of the notebook on activations."""

import math
from collections.abc import Callable
from typing import Any

from autograd import sigmoid
from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief
from nn.course.reading import NotReadableError

POINTS = (-1.3, 0.4, 2.0)


def _at_points(function: Callable[[float], Any]) -> list[Any]:
    """What the function makes of some points; it must not ask for tanh itself."""
    code = getattr(function, "__code__", None)
    if code is None or "tanh" in code.co_names:
        raise NotReadableError("That asks the library for tanh. Write it with sigmoid alone.")
    return [function(x) for x in POINTS]


EXERCISES = (
    Exercise(
        "activations 1",
        right=lambda: 0.5 * (1 - 0.5),
        answer="my_largest",
        mistakes=(
            Mistake(
                lambda: 0.5,
                "That is σ(0) itself. The slope there is σ·(1 − σ).",
                Belief.WRONG_POINT,
            ),
            Mistake(lambda: 1.0, "That is the largest slope of tanh. Sigmoid is flatter."),
            Mistake(lambda: 0.0, "0 is the smallest slope, far out on both sides."),
        ),
        hints=(
            "The slope is largest at x = 0, where σ is one half.",
            "Put σ = 0.5 into σ·(1 − σ).",
        ),
        praise="Ten sigmoids in a row multiply the gradient by at most 0.25¹⁰, about a millionth.",
    ),
    Exercise(
        "activations 2",
        right=lambda: 1 / 4,
        answer="my_probability",
        mistakes=(
            Mistake(lambda: 1, "That would be the probability of all four together."),
            Mistake(lambda: 1 / 2, "That holds for two classes. Here are four."),
            Mistake(lambda: 0, "No probability of softmax is ever 0: the exponential is positive."),
        ),
        hints=("Equal scores give equal probabilities.", "Four equal shares make 1 together."),
        praise="Whatever the score is.",
    ),
    Exercise(
        "activations 3",
        right=lambda: [math.tanh(x) for x in POINTS],
        example=lambda: lambda x: 2 * sigmoid(2 * x) - 1,
        seen=_at_points,
        answer="my_tanh",
        mistakes=(
            Mistake(
                lambda: lambda x: 2 * sigmoid(x) - 1,
                "Its height is right, but it is too wide: at 1 it says 0.46, and tanh 0.76. "
                "Squeeze it to half its width.",
            ),
            Mistake(
                lambda: lambda x: sigmoid(2 * x),
                "Its width is right, but it goes from 0 to 1. tanh goes from −1 to 1.",
            ),
            Mistake(lambda: lambda x: 2 * sigmoid(2 * x), "It goes from 0 to 2. Shift it down."),
            Mistake(
                lambda: lambda x: 2 * sigmoid(x / 2) - 1,
                "Half the width means that x counts twice, not half.",
            ),
            Mistake(lambda: lambda x: 1 - sigmoid(x) ** 2, "That is close to the slope of tanh."),
        ),
        hints=(
            "The sigmoid is stretched to twice its height and squeezed to half its width.",
            "The notebook has compared tanh with 2·σ(2x) − 1.",
        ),
        praise="And its slope at 0 is 1.",
    ),
    Exercise(
        "activations 4",
        right=lambda: [3 * 2, 3 * 1 - 4],
        answer="my_a_and_b",
        mistakes=(
            Mistake(lambda: [6, 3], "a is right. In b, the −4 of the second layer is missing."),
            Mistake(
                lambda: [6, 1 - 4],
                "a is right. In b, the 1 of the first layer goes through the second one, too: "
                "it is multiplied by 3.",
            ),
            Mistake(lambda: [3 + 2, 3 * 1 - 4], "b is right. Layers in a row multiply: a = 3·2."),
            Mistake(lambda: [6, 1], "a is right. b is what y is at x = 0: 3·1 − 4."),
        ),
        hints=("How much does y grow if x grows by 1? And what is y at x = 0?", "3·(2x + 1) − 4"),
    ),
    Exercise(
        "activations 5",
        right=lambda: "b",
        choices=("a", "b", "c"),
        answer="my_reason",
        mistakes=(
            Mistake(
                lambda: "a",
                "A gradient of 0 says only that a small step changes nothing. A dead ReLU is flat "
                "and may be as wrong as can be.",
                Belief.ZERO,
            ),
            Mistake(
                lambda: "c",
                "The rate multiplies the gradient, and any rate times 0 is 0.",
                Belief.RATE,
            ),
        ),
        hints=("What is the slope of ReLU at −3?", "What arrives is multiplied by that slope."),
        praise="One calls it a dead ReLU. It may wake up when the layers before it move.",
    ),
)
