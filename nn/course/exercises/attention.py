"""The exercises of the notebook on attention."""

import math

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "attention 1",
        right=lambda: (1 * 3 + 2 * 1) / math.sqrt(2),
        answer="my_score",
        mistakes=(
            Mistake(lambda: 1 * 3 + 2 * 1, "The sum is right. Divide it by the root of the width."),
            Mistake(lambda: (1 * 3 + 2 * 1) / 2, "Divide by the root of the width, not by it."),
            Mistake(lambda: (1 * 3 + 2 * 1) * math.sqrt(2), "The root makes scores smaller."),
            Mistake(lambda: (1 + 2) * (3 + 1) / math.sqrt(2), "Each number meets its own partner."),
        ),
        hints=("Multiply number by number and add up: 1·3 + 2·1.", "The width is 2."),
    ),
    Exercise(
        "attention 2",
        right=lambda: [1 / (1 + 3), 3 / (1 + 3)],
        answer="my_shares",
        mistakes=(
            Mistake(lambda: [0, 1], "That divides the scores themselves. Take their exponentials."),
            Mistake(lambda: [1, 3], "These are the exponentials. Shares together make 1."),
            Mistake(lambda: [1 / 2, 1 / 2], "Equal shares need equal scores."),
        ),
        hints=("e⁰ = 1, and e to the ln 3 is 3.", "1 and 3, divided by their sum."),
    ),
    Exercise(
        "attention 3",
        right=lambda: [0.25 * 4 + 0.75 * 0, 0.25 * 0 + 0.75 * 8],
        answer="my_mixture",
        mistakes=(
            Mistake(lambda: [2, 4], "That is the plain mean. Weigh each value by its share."),
            Mistake(lambda: [4, 8], "That is the sum. Each counts with its share.", Belief.SUM),
            Mistake(
                lambda: [0, 8],
                "That takes the value with the largest share alone. Softmax mixes; if it chose, no "
                "gradient would reach the shares.",
                Belief.KINKS,
            ),
            Mistake(lambda: [3, 2], "The shares are swapped: the first value has a quarter."),
        ),
        hints=("A quarter of the first value, three quarters of the second.", "0.25·4 and 0.75·8"),
    ),
    Exercise(
        "attention 4",
        right=lambda: 5 + 4 + 3 + 2 + 1,
        answer="my_count",
        mistakes=(
            Mistake(lambda: 25, "That is without a mask: everybody sees everybody."),
            Mistake(lambda: 10, "Each position sees itself, too."),
            Mistake(lambda: 20, "The last one sees all five; but the first sees itself alone."),
            Mistake(lambda: 5, "That is the diagonal: each sees itself, and all before it."),
        ),
        hints=("The first sees one, the second two, …", "1 + 2 + 3 + 4 + 5"),
    ),
    Exercise(
        "attention 5",
        right=lambda: [0.75 * 2, 0.75 * -4],
        answer="my_gradient",
        mistakes=(
            Mistake(
                lambda: [2, -4],
                "That would be a plain sum, which hands on everything. Here each value is "
                "multiplied by its share before, and a product swaps.",
            ),
            Mistake(lambda: [0.25 * 2, 0.25 * -4], "That arrives at the first value."),
            Mistake(
                lambda: [2 / 0.75, -4 / 0.75],
                "Backwards one multiplies by the local derivative as well; nothing is divided.",
                Belief.WRONG_POINT,
            ),
            Mistake(lambda: [-1.5, 3], "The sign stays as it is.", Belief.UPHILL),
        ),
        hints=("The mixture is 0.25·v₁ + 0.75·v₂.", "What arrives, times the share of v₂."),
        praise="Who was looked at most learns most.",
    ),
    Exercise(
        "attention 6",
        right=lambda: "rows",
        choices=("rows", "columns", "neither"),
        answer="my_axis",
        mistakes=(
            Mistake(
                lambda: "columns",
                "Then all who look would share out one whole among them. But each of them has "
                "a whole to give away: its own.",
                Belief.SHAPE,
            ),
            Mistake(lambda: "neither", "Softmax makes shares, and shares of something make 1."),
        ),
        hints=(
            "Who shares out attention: who looks, or who is looked at?",
            "softmax(axis=-1)",
        ),
        praise="In the code, axis=-1: along the keys.",
    ),
)
