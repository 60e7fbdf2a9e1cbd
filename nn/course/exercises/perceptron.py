"""The exercises of the notebook on the perceptron and its line."""

from typing import Any

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


def _answers(weights: Any) -> list[int]:
    """What a step neuron with these weights (w0, w1, w2) says at the four corners."""
    w0, w1, w2 = weights
    return [int(w0 + w1 * p + w2 * q >= 0) for p, q in CORNERS]


EXERCISES = (
    Exercise(
        "perceptron 1",
        right=lambda: 1 + 3 * 2 + (-2) * 1,
        answer="my_z",
        mistakes=(
            Mistake(lambda: 3 * 2 + (-2) * 1, "That is the sum without the bias w0 = 1."),
            Mistake(lambda: 1 + 3 * 2 + 2 * 1, "The minus sign of w2 = −2 has been lost."),
            Mistake(lambda: 1 + 3 * 1 + (-2) * 2, "x1 and x2 are swapped: w1 belongs to x1 = 2."),
            Mistake(lambda: 1 + 3 + (-2), "These are bias and weights alone. Where is the point?"),
        ),
        hints=("Each weight times its input, and the bias by itself.", "1 + 3·2 + (−2)·1"),
    ),
    Exercise(
        "perceptron 2",
        right=lambda: (1 + 3 * 3) / 2,
        answer="my_x2",
        mistakes=(
            Mistake(lambda: 3 * 3 / 2, "That line goes through 0: the bias is missing."),
            Mistake(lambda: (3 * 3 - 1) / 2, "The bias has changed its sign on the way."),
            Mistake(
                lambda: -(1 + 3 * 3) / 2, "Mind the sign: 2·x2 stands alone on the other side."
            ),
            Mistake(lambda: 1 + 3 * 3, "That is 2·x2. What is x2 itself?"),
        ),
        hints=("On the line z = 0: put x1 = 3 in.", "1 + 3·3 − 2·x2 = 0; solve it for x2."),
        praise="On the line the sigmoid neuron says 0.5.",
    ),
    Exercise(
        "perceptron 3",
        right=lambda: [1, 1, 1, 0],
        example=lambda: (1.5, -1, -1),
        reads=(3,),
        seen=_answers,
        answer="my_weights",
        mistakes=(
            Mistake(lambda: (-1.5, 1, 1), "That neuron computes AND. NAND says the opposite."),
            Mistake(lambda: (-0.5, 1, 1), "That neuron computes OR."),
            Mistake(lambda: (0.5, -1, -1), "That is NOR: it says no if a single input is true."),
            Mistake(lambda: (1.5, 1, 1), "It says yes everywhere. Turning the bias is not enough."),
            Mistake(lambda: (-1.5, -1, -1), "It says no everywhere. The bias has to turn, too."),
        ),
        hints=(
            "Begin with AND, whose sum is −1.5 + x1 + x2, and turn it round.",
            "Turning round means: every one of the three numbers changes its sign.",
        ),
        praise="Every other gate can be built from this one.",
    ),
    Exercise(
        "perceptron 4",
        right=lambda: 5,
        answer="my_slope",
        mistakes=(
            Mistake(
                lambda: -5,
                "The size is right. But the derivative is −y·x2 with y = −1: it points uphill, and "
                "the step goes against it.",
                Belief.UPHILL,
            ),
            Mistake(
                lambda: 1,
                "That is −y alone. How much s changes with w2 depends on the input x2.",
                Belief.NO_INPUT,
            ),
            Mistake(lambda: 0, "It would be 0 if the neuron were right. Is it?"),
            Mistake(lambda: 2, "That is the derivative with respect to w1. w2 belongs to x2 = 5."),
        ),
        hints=(
            "Score and class differ in sign, so the neuron is wrong.",
            "The derivative is −y·x2, with y = −1 and x2 = 5.",
        ),
        praise="The step goes against it: w2 becomes smaller.",
    ),
    Exercise(
        "perceptron 5",
        right=lambda: "b",
        choices=("a", "b", "c"),
        answer="my_change",
        mistakes=(
            Mistake(
                lambda: "a",
                "backward() only finds gradients. The weights move in the line after it, "
                "w.data -= learning_rate * w.grad, and that line did not run.",
                Belief.LEARNING,
            ),
            Mistake(
                lambda: "c",
                "The line in the picture is drawn from the weights, and nobody moved them.",
                Belief.LEARNING,
            ),
        ),
        hints=("Look at show_and_learn: which line writes to w.data?", "It is not backward()."),
        praise="Finding gradients and taking a step are two things.",
    ),
)
