"""The exercises of the notebook on backpropagation."""

from collections.abc import Callable
from typing import Any

from autograd import Value, backprop
from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief


def _gradient_and_uses(function: Callable[[Any], Any]) -> list[float]:
    """The gradient of the function at 2, and whether x is used once (1) or more often (2)."""
    x = Value(2.0)
    result = function(x)
    if not isinstance(result, Value) or not result.requires_grad:
        return [0.0, 0.0]
    steps = backprop(result)
    uses = sum(step.parent is x for step in steps)
    return [x.grad, float(min(uses, 2))]


def _arrivals() -> list[float]:
    """What arrives at t in u = t·t, v = u + t, in the order of the engine's own pass."""
    t = Value(3.0)
    u = t * t
    return [float(step.contribution) for step in backprop(u + t) if step.parent is t]


EXERCISES = (
    Exercise(
        "backpropagation 1",
        right=lambda: 3 * (2 * 1 + 1) ** 2 * 2,
        answer="my_slope",
        mistakes=(
            Mistake(
                lambda: 3 * (2 * 1 + 1) ** 2,
                "That is the outer derivative alone (or z itself). The inner one, 2, has to be "
                "multiplied in.",
            ),
            Mistake(
                lambda: 3 * 1**2 * 2,
                "The outer derivative 3·u² has been taken at x = 1. It belongs at u = 2x + 1 = 3.",
                Belief.WRONG_POINT,
            ),
            Mistake(
                lambda: 3 * (2 * 1 + 1) * 2, "In the outer derivative the square is missing: 3·u²."
            ),
            Mistake(lambda: 3 * 3**2 + 2, "Derivatives in a row are multiplied, not added."),
            Mistake(
                lambda: 3 * 27**2 * 2,
                "The outer derivative belongs at u = 3, not at z = 27.",
                Belief.WRONG_POINT,
            ),
        ),
        hints=("With u = 2x + 1: z = u³. Both have a derivative.", "3·u² at u = 3, times 2."),
    ),
    Exercise(
        "backpropagation 2",
        right=lambda: [2 * 2, 2 * 2, 2 * 2],
        answer="my_paths",
        mistakes=(
            Mistake(lambda: [2, 2, 2], "On each path two other factors are held, not one: 2·2."),
            Mistake(lambda: [12, 12, 12], "12 is what all three bring together. Each brings less."),
            Mistake(lambda: [8, 8, 8], "8 is x·x·x itself. Leave one x free, hold the other two."),
            Mistake(
                lambda: [12, 0, 0],
                "All three paths lead to x, and what arrives on them is added.",
                Belief.ONE_PATH,
            ),
            Mistake(lambda: [1, 1, 1], "x grows by 1 for each 1 of x; but the product grows more."),
        ),
        hints=(
            "Leave one x free and hold the other two at 2.",
            "Their product is what this path brings.",
        ),
        praise="Together they are 3x² = 12.",
    ),
    Exercise(
        "backpropagation 3",
        right=lambda: 0.8 - 0,
        answer="my_dL_ds",
        mistakes=(
            Mistake(lambda: -0.8, "That is y − z. The gradient is z − y.", Belief.UPHILL),
            Mistake(lambda: 0.8 - 1, "That holds for y = 1. Here the truth is 0."),
            Mistake(
                lambda: 1 / (1 - 0.8),
                "That is ∂L/∂z. On the way to s it is still multiplied by the derivative of the "
                "sigmoid, z·(1 − z).",
                Belief.FUSED,
            ),
            Mistake(lambda: 0.8 * (1 - 0.8), "That is the derivative of the sigmoid alone."),
        ),
        hints=("The first of the four short formulas.", "z − y, with z = 0.8 and y = 0."),
        praise="It is positive, so the step makes s smaller.",
    ),
    Exercise(
        "backpropagation 4",
        right=lambda: [10.0, 2.0],
        example=lambda: lambda x: x * x + 6 * x,
        seen=_gradient_and_uses,
        answer="my_function",
        mistakes=(
            Mistake(
                lambda: lambda x: 10 * x,
                "Its gradient is 10. But x is used only once: let two paths lead from it to y.",
            ),
            Mistake(
                lambda: lambda x: x * x,
                "x·x brings 4, and a constant nothing. What could bring the other 6?",
            ),
            Mistake(
                lambda: lambda x: 5 * x * x,
                "Its gradient at 2 is 20: both paths bring 10 each, and they are added.",
                Belief.ONE_PATH,
            ),
            Mistake(lambda: lambda x: 10.0, "That does not depend on x, so its gradient is 0."),
        ),
        hints=("x·x brings 4 at x = 2.", "6·x brings 6 anywhere. Add the two."),
        praise="There are many more.",
    ),
    Exercise(
        "backpropagation 5",
        right=_arrivals,
        answer="my_arrivals",
        mistakes=(
            Mistake(
                lambda: [3, 3, 1],
                "All three are right. But v's own arrows come first: the "
                "pass begins at the result.",
            ),
            Mistake(lambda: [6, 6, 1], "Each of the two arrows of t·t carries 3; 6 is both."),
            Mistake(lambda: [1, 1, 1], "The arrows of t·t carry the other factor, which is 3."),
            Mistake(
                lambda: [1, 3, 6],
                "These are not running totals. Say what each step adds.",
                Belief.OVERWRITING,
            ),
            Mistake(lambda: [3, 3, 3], "v = u + t: this way t has no factor; it arrives as it is."),
        ),
        hints=(
            "First the arrows into v, then those into u.",
            "Run backprop(v) in a cell of its own, press play, and watch the box t.",
        ),
        praise="Three products for one number, and t.grad is their sum, 7.",
    ),
    Exercise(
        "backpropagation 6",
        right=lambda: [2, 2, 8, 6, 0, 2],
        answer="my_gates",
        mistakes=(
            Mistake(
                lambda: [2, 2, 6, 8, 0, 2],
                "Sum and maximum are right. A product swaps: each factor gets what arrives times "
                "the other factor.",
                Belief.WRONG_POINT,
            ),
            Mistake(
                lambda: [1, 1, 8, 6, 0, 2],
                "Product and maximum are right. A sum does not share: both terms get all of it.",
            ),
            Mistake(
                lambda: [2, 2, 8, 6, 2, 2],
                "Sum and product are right. The smaller number is not heard: moving it a little "
                "leaves the maximum as it is.",
                Belief.KINKS,
            ),
            Mistake(
                lambda: [2, 2, 8, 6, 0, 8],
                "Sum and product are right. A maximum passes on what arrives, and multiplies "
                "nothing.",
            ),
            Mistake(
                lambda: [1, 1, 4, 3, 0, 1],
                "These are the local derivatives. 2 arrives: multiply by it.",
            ),
        ),
        hints=(
            "A sum hands on, a product swaps, a maximum chooses.",
            "Each times the 2 that comes.",
        ),
        praise="Most of a network is these three gates.",
    ),
)
