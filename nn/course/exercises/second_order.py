"""The exercises of the notebook on second order."""

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "second-order 1",
        right=lambda: 10 - (6 * 10 - 12) / 6,
        answer="my_x",
        mistakes=(
            Mistake(
                lambda: 10 - (6 * 10 - 12),
                "The slope has not been divided by the curvature.",
                Belief.DISTANCE,
            ),
            Mistake(
                lambda: 10 + (6 * 10 - 12) / 6, "The step goes against the slope.", Belief.UPHILL
            ),
            Mistake(lambda: (6 * 10 - 12) / 6, "That is the length of the step. Take it off 10."),
            Mistake(
                lambda: 10 - (3 * 10**2 - 12 * 10 + 7) / (6 * 10 - 12),
                "That is Newton's method for a zero of f. Here we look for a zero of its slope.",
            ),
        ),
        hints=("Slope at 10: 6·10 − 12. Curvature: 6.", "Divide, then take it off 10."),
        praise="And from any other start it is the same point.",
    ),
    Exercise(
        "second-order 2",
        right=lambda: [[2 * 2, 2 * 1], [2 * 1, 0]],
        answer="my_hessian",
        mistakes=(
            Mistake(lambda: [[4, 2], [2, 1]], "Nearly. x² does not change with y: the last is 0."),
            Mistake(lambda: [[4, 0], [0, 0]], "The slope along x changes with y, too."),
            Mistake(lambda: [[2, 4], [4, 0]], "x = 1 and y = 2 are swapped.", Belief.WRONG_POINT),
            Mistake(lambda: [[4, 1], [1, 0]], "The slope of x² along x is 2x."),
        ),
        hints=(
            "The slopes are 2xy and x².",
            "Take the slopes of these two again, along x and along y.",
        ),
        praise="It is symmetric, always.",
    ),
    Exercise(
        "second-order 3",
        right=lambda: "uphill",
        choices=("uphill", "downhill", "nowhere"),
        answer="my_direction",
        mistakes=(
            Mistake(
                lambda: "downhill",
                "The step is −1/(−6) = +1/6, and the slope is positive. Which way is up?",
                Belief.UPHILL,
            ),
            Mistake(
                lambda: "nowhere",
                "Newton's step is 0 only where the slope is. Here the slope is 1.",
                Belief.ZERO,
            ),
        ),
        hints=("The slope is 1 and the curvature −6.", "The step is −1/(−6) = +1/6."),
        praise="It runs to the top of the parabola. optim.Newton notices and turns round.",
    ),
)
