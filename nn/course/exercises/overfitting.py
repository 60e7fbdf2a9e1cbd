"""The exercises of the notebook on over-fitting."""

import math

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "overfitting 1",
        right=lambda: 3 + 2,
        answer="my_epoch",
        mistakes=(
            Mistake(lambda: 3, "That is the best epoch. But it takes two more to know it."),
            Mistake(lambda: 4, "One epoch that is not better is forgiven: the patience is 2."),
            Mistake(
                lambda: 6,
                "In epoch 5 the second one in a row was not better than 0.5. "
                "That 0.52 is below 0.55 does not count.",
            ),
            Mistake(lambda: 2, "That is the patience itself."),
        ),
        hints=("Epoch 3 is the best.", "Patience 2: two epochs in a row that are not better."),
        praise="And it takes back the weights of epoch 3.",
    ),
    Exercise(
        "overfitting 2",
        right=lambda: [0.1 * (3 + 0 + 4), 0.1 * (9 + 0 + 16)],
        answer="(my_l1, my_l2)",
        mistakes=(
            Mistake(lambda: [0.7, 0.5], "L1 is right. For L2 no root is taken."),
            Mistake(lambda: [7, 25], "Both sums are right. Where is λ = 0.1?"),
            Mistake(lambda: [-0.1, 2.5], "L2 is right. L1 takes the absolute values, 3 + 0 + 4."),
            Mistake(lambda: [0.7, 1.25], "L1 is right. L2 is asked for without the one half."),
            Mistake(lambda: [0.7 / 3, 2.5 / 3], "A penalty adds up; it takes no mean.", Belief.SUM),
            Mistake(lambda: [2.5, 0.7], "These are swapped: L1 first."),
        ),
        hints=(
            "L1: add the absolute values; L2: add the squares. Then a tenth of each.",
            "0.1 · (3 + 0 + 4) and 0.1 · (9 + 0 + 16)",
        ),
    ),
    Exercise(
        "overfitting 3",
        right=lambda: 1 / (1 - 0.8),
        answer="my_factor",
        mistakes=(
            Mistake(lambda: 1 / 0.8, "0.8 are switched off. How many stay on?"),
            Mistake(lambda: 1 - 0.8, "That is how many stay on. Make up for it: divide by it."),
            Mistake(lambda: 2.0, "That holds for p = 0.5."),
            Mistake(lambda: 1.0, "Then the sums would shrink to a fifth in training."),
        ),
        hints=("Only 1 − 0.8 = 0.2 of them stay on: one in five.", "One divided by 0.2."),
    ),
    Exercise(
        "overfitting 4",
        right=lambda: [(x - 4) / math.sqrt(8 / 3) for x in (2, 4, 6)],
        answer="my_normalised",
        mistakes=(
            Mistake(
                lambda: [-1, 0, 1],
                "That divides by the root of 8/2. Batch norm takes the mean of the squares, 8/3.",
                Belief.SUM,
            ),
            Mistake(
                lambda: [x / math.sqrt(8 / 3) for x in (2, 4, 6)],
                "The mean, 4, has to be taken off first.",
            ),
            Mistake(
                lambda: [(x - 4) / (8 / 3) for x in (2, 4, 6)],
                "That divides by the variance. Take its root.",
            ),
            Mistake(lambda: [-2, 0, 2], "The mean is gone. Now divide by the typical distance."),
        ),
        hints=("Mean 4; the squared distances are 4, 0 and 4.", "Divide −2, 0, 2 by √(8/3)."),
    ),
    Exercise(
        "overfitting 5",
        right=lambda: "model.eval()",
        choices=("model.eval()", "model.zero_grad()", "optimizer.step()"),
        answer="my_line",
        mistakes=(
            Mistake(
                lambda: "model.zero_grad()",
                "Gradients do not take part in a prediction, old ones neither.",
                Belief.OVERWRITING,
            ),
            Mistake(
                lambda: "optimizer.step()",
                "That would learn from the test part. No weight has changed between the calls.",
                Belief.LEARNING,
            ),
        ),
        hints=("What in the network draws random numbers?", "Dropout has two modes."),
        praise="Batch norm needs it as well: in training it looks at the other examples.",
    ),
)
