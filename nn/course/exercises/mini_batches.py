"""The exercises of the notebook on mini-batches."""

import math

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "mini-batches 1",
        right=lambda: 3 * math.ceil(1000 / 64),
        answer="my_iterations",
        mistakes=(
            Mistake(
                lambda: 3 * (1000 // 64),
                "15 batches of 64 hold 960 examples. What about the other 40?",
            ),
            Mistake(lambda: math.ceil(1000 / 64), "That is one epoch. There are three."),
            Mistake(
                lambda: math.ceil(3 * 1000 / 64),
                "Every epoch ends with a short batch of its own: round up first, then times 3.",
            ),
            Mistake(lambda: 3 * 1000 / 64, "An iteration is a whole step, also with 40 examples."),
            Mistake(lambda: 3 * 1000, "That would be batches of one example."),
        ),
        hints=("How many batches are in one epoch, with the short one?", "15 full ones and 1."),
        praise="16 in each epoch.",
    ),
    Exercise(
        "mini-batches 2",
        right=lambda: 0.6 / math.sqrt(72 / 8),
        answer="my_deviation",
        mistakes=(
            Mistake(lambda: 0.6 / 9, "That is the whole factor 9. Take its square root."),
            Mistake(lambda: 0.6 * 3, "The factor 3 is right; but more examples mean less noise."),
            Mistake(lambda: 0.6, "Larger batches are less noisy. How much?"),
            Mistake(lambda: 0.6 / math.sqrt(72), "How many times as many are 72 as 8?"),
        ),
        hints=("72 is 9 times 8.", "The deviation falls with the square root of that, 3."),
    ),
    Exercise(
        "mini-batches 3",
        right=lambda: (6 - 2 + 5) / 3,
        answer="my_gradient",
        mistakes=(
            Mistake(
                lambda: 6 - 2 + 5,
                "That is the sum. The batch's loss is a mean, so its gradient is the mean, too.",
                Belief.SUM,
            ),
            Mistake(lambda: (6 + 2 + 5) / 3, "The −2 keeps its sign: gradients may cancel."),
            Mistake(lambda: 6, "All three count, not only the largest.", Belief.IMPORTANCE),
            Mistake(lambda: 5, "The last one does not replace the others.", Belief.OVERWRITING),
        ),
        hints=("The gradient of a mean is the mean of the gradients.", "(6 − 2 + 5) / 3"),
    ),
    Exercise(
        "mini-batches 4",
        right=lambda: 0.1 / 32,
        answer="my_rate",
        mistakes=(
            Mistake(
                lambda: 0.1,
                "The gradient of the sum is 32 times that of the mean, so the same rate takes "
                "steps that are 32 times as long.",
                Belief.SUM,
            ),
            Mistake(lambda: 0.1 * 32, "The sum is larger, so the rate has to be smaller."),
            Mistake(
                lambda: 0.1 / math.sqrt(32),
                "The root belongs to the noise. The gradient itself grows 32 times.",
            ),
        ),
        hints=("How much larger is the sum of 32 losses than their mean?", "0.1 / 32"),
        praise="That is why frameworks average: the rate need not follow the batch size.",
    ),
    Exercise(
        "mini-batches 5",
        right=lambda: "b",
        choices=("a", "b", "c"),
        answer="my_effect",
        mistakes=(
            Mistake(
                lambda: "a",
                "backward() adds to what is in .grad. Who clears it between two batches here?",
                Belief.OVERWRITING,
            ),
            Mistake(
                lambda: "c",
                "It runs without a word. That is what makes this bug so common.",
            ),
        ),
        hints=("Compare with the four steps of notebook 3.", "Which of the four is missing?"),
        praise="The steps become longer and longer, and point to where they should have gone.",
    ),
)
