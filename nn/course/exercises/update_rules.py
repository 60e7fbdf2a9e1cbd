"""The exercises of the notebook on update rules."""

import math

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "update-rules 1",
        right=lambda: 0.5 * (0.5 * 0 - 4) - 4,
        answer="my_velocity",
        mistakes=(
            Mistake(lambda: -4 - 4, "Friction is missing: of the first −4 only half is left."),
            Mistake(
                lambda: -4.0,
                "That is v after the first step. Half of it stays, and the second is added.",
                Belief.OVERWRITING,
            ),
            Mistake(
                lambda: 0.5 * 4 + 4,
                "The velocity goes against the gradient, so it is negative.",
                Belief.UPHILL,
            ),
        ),
        hints=("First v = −4.", "Then half of that stays, and −4 is added."),
    ),
    Exercise(
        "update-rules 2",
        right=lambda: -4 / (1 - 0.5),
        answer="my_limit",
        mistakes=(
            Mistake(lambda: -4.0, "That is a single step. What is left of earlier ones is added."),
            Mistake(
                lambda: 4 / (1 - 0.5),
                "The size is right; it runs against the gradient.",
                Belief.UPHILL,
            ),
            Mistake(lambda: -4 * (1 - 0.5), "Divide by 1 − β: momentum makes steps longer."),
            Mistake(
                lambda: 0.0,
                "At rest means that v does not change any more, not that it is 0.",
                Belief.ZERO,
            ),
        ),
        hints=("At rest v = 0.5·v − 4.", "Bring 0.5·v to the other side and solve for v."),
        praise="1/(1 − β) times the plain step.",
    ),
    Exercise(
        "update-rules 3",
        right=lambda: math.sqrt(3**2 + 4**2),
        answer="my_divisor",
        mistakes=(
            Mistake(lambda: 3 + 4, "Adagrad adds up the squares, and takes the root of the sum."),
            Mistake(lambda: 3**2 + 4**2, "That is the sum of the squares. Now take the root."),
            Mistake(
                lambda: 4,
                "The first gradient still counts: Adagrad never forgets.",
                Belief.OVERWRITING,
            ),
            Mistake(
                lambda: math.sqrt((3**2 + 4**2) / 2),
                "Adagrad takes the sum of the squares; RMSProp takes a mean.",
            ),
        ),
        hints=("Add up the squares, 9 + 16.", "The root of 25."),
    ),
    Exercise(
        "update-rules 4",
        right=lambda: 0.8 * 0.5 * 0.5,
        answer="my_rate",
        mistakes=(
            Mistake(lambda: 0.8 * 0.5**3, "At epoch 30 it is halved for the third time, not yet."),
            Mistake(lambda: 0.8 * 0.5, "It has been halved at 10 and at 20."),
            Mistake(lambda: 0.8 * 0.5**2.5, "Stairs are flat between their steps."),
            Mistake(lambda: 0.8 - 2 * 0.4, "Half of what is left is lost, not half of 0.8."),
        ),
        hints=("How many times has it been halved up to epoch 25?", "0.8 · 0.5 · 0.5"),
    ),
    Exercise(
        "update-rules 5",
        right=lambda: [3 / 5, 4 / 5],
        answer="my_clipped",
        mistakes=(
            Mistake(lambda: [1, 1], "That cuts each number by itself, and the direction changes."),
            Mistake(lambda: [3 / 7, 4 / 7], "The length is the root of 9 + 16, not 3 + 4."),
            Mistake(lambda: [3, 4], "It is longer than 1: its length is 5."),
            Mistake(lambda: [3 / 4, 1], "Divided by the largest number. Divide by the length, 5."),
            Mistake(lambda: [3 / 25, 4 / 25], "The length is the root of 25."),
        ),
        hints=("How long is (3, 4)?", "Divide both by 5, and the direction stays."),
        praise="Shorter, and in the same direction.",
    ),
    Exercise(
        "update-rules 6",
        right=lambda: "neither",
        choices=("a", "b", "neither"),
        answer="my_guess",
        mistakes=(
            Mistake(
                lambda: "b",
                "With plain descent it would. Adam divides by the size of the gradient.",
                Belief.DISTANCE,
            ),
            Mistake(
                lambda: "a",
                "A small gradient does not get a longer step either: both are divided by their own "
                "size.",
                Belief.IMPORTANCE,
            ),
        ),
        hints=("What is m̂ / √v̂ after a single gradient g?", "g / √(g²)"),
        praise="Both move by the learning rate.",
    ),
)
