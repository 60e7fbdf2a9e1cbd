"""The exercises of the notebook on practice."""

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "practice 1",
        right=lambda: 5000 * 10 // 100,
        answer="my_count",
        mistakes=(
            Mistake(lambda: 1000, "That is validation and test together. Each has 10 per cent."),
            Mistake(lambda: 4000, "That is the training part."),
            Mistake(lambda: 10, "That is the share in per cent. How many examples are that?"),
        ),
        hints=("The last 10 is the share of the test part, in per cent.", "5000 · 10 / 100"),
    ),
    Exercise(
        "practice 2",
        right=lambda: 4 * 3 * 2 * 5,
        answer="my_trainings",
        mistakes=(
            Mistake(
                lambda: 4 * 3 * 2, "These are the combinations. Each is trained once per fold."
            ),
            Mistake(lambda: (4 + 3 + 2) * 5, "A grid tries every combination: multiply, not add."),
            Mistake(lambda: 4 * 3 * 2 * 4, "Each of the 5 folds is left out once: 5 trainings."),
        ),
        hints=("How many combinations are there?", "Each is trained once for each of the 5 folds."),
        praise="Grids become expensive quickly.",
    ),
    Exercise(
        "practice 3",
        right=lambda: "training",
        choices=("training", "validation", "test"),
        answer="my_part",
        mistakes=(
            Mistake(lambda: "test", "Nothing of the test part may be known before the end."),
            Mistake(
                lambda: "validation",
                "Then validation would not be unseen any more, and its result too good.",
            ),
        ),
        hints=(
            "Which part may be looked at as often as one likes?",
            "The one that is learnt from.",
        ),
        praise="Standardizer(train.x) does that.",
    ),
    Exercise(
        "practice 4",
        right=lambda: "c",
        choices=("a", "b", "c"),
        answer="my_choice",
        mistakes=(
            Mistake(
                lambda: "a",
                "Adam's means of the gradients would start anew, and its steps be other ones.",
                Belief.LEARNING,
            ),
            Mistake(
                lambda: "b",
                "The order of the examples would begin again, and its steps be other ones.",
            ),
        ),
        hints=("What remembers something from one step to the next?", "Adam does. What else?"),
        praise="And of a schedule its epoch, and of Dropout its generator.",
    ),
    Exercise(
        "practice 5",
        right=lambda: 1_000_000 * 4 * (1 + 1 + 2) / 1e6,
        answer="my_megabytes",
        mistakes=(
            Mistake(
                lambda: 4.0,
                "These are the weights alone. Gradients and Adam's two means have "
                "the same shape each.",
            ),
            Mistake(lambda: 8.0, "These are weights and gradients. Adam keeps two means as well."),
            Mistake(
                lambda: 12.0,
                "One of the four has been forgotten: weights, gradients, and Adam's two means.",
            ),
            Mistake(lambda: 32.0, "That is float64, with 8 bytes to a number. float32 has 4."),
        ),
        hints=("float32: 4 bytes to a number.", "Four arrays of a million numbers each."),
        praise="float64 would need twice that.",
    ),
)
