"""The exercises of the notebook on losses."""

import math

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "losses 1",
        right=lambda: ((1 - 1) ** 2 + (2 - 4) ** 2 + (4 - 4) ** 2) / 3,
        answer="my_mse",
        mistakes=(
            Mistake(
                lambda: 4,
                "That is the sum of the squared errors. The loss is their mean: divide by three.",
                Belief.SUM,
            ),
            Mistake(lambda: 2 / 3, "That is the mean absolute error (or half of it squared)."),
            Mistake(lambda: math.sqrt(4 / 3), "The root is not taken: it is the mean square."),
            Mistake(lambda: 4 / 2, "Divided by two. There are three examples, two of them right."),
        ),
        hints=("Square the three differences, then take their mean.", "(0 + 4 + 0) / 3"),
    ),
    Exercise(
        "losses 2",
        right=lambda: -math.log(1 / 10),
        answer="my_loss",
        mistakes=(
            Mistake(lambda: 1 / 10, "That is the probability. Take minus its logarithm."),
            Mistake(lambda: math.log(1 / 10), "Mind the minus sign: a loss is not negative."),
            Mistake(lambda: -math.log10(1 / 10), "That is the logarithm to base 10. np.log is ln."),
            Mistake(lambda: -math.log(1 / 2), "That holds for two classes. Here are ten."),
            Mistake(lambda: -0.1 * math.log(0.1), "No weighting by 1/10: one class is the truth."),
        ),
        hints=("Each class has probability 1/10.", "-np.log(1 / 10)"),
        praise="Every untrained network should begin near this number.",
    ),
    Exercise(
        "losses 3",
        right=lambda: [0.7, 0.2 - 1, 0.1],
        answer="my_slopes",
        mistakes=(
            Mistake(lambda: [0.7, 0.2, 0.1], "These are the probabilities. Take the truth off."),
            Mistake(
                lambda: [-0.7, 0.8, -0.1],
                "That is truth minus probability: the way down. The gradient points up.",
                Belief.UPHILL,
            ),
            Mistake(
                lambda: [0, -1 / 0.2, 0],
                "That is the gradient with respect to the probabilities. The scores come before "
                "softmax, and softmax mixes all three.",
                Belief.FUSED,
            ),
            Mistake(
                lambda: [0.7 - 1, 0.2, 0.1], "Classes are counted from 0: class 1 is in the middle."
            ),
        ),
        hints=(
            "Probability minus truth, for every score.",
            "The truth is 1 for class 1, in the middle, and 0 for the others.",
        ),
        praise="The three make 0 together: what one score gains, others lose.",
    ),
    Exercise(
        "losses 4",
        right=lambda: [0.1 / 4, 1 - 0.1 + 0.1 / 4, 0.1 / 4, 0.1 / 4],
        answer="my_target",
        mistakes=(
            Mistake(lambda: [0, 1, 0, 0], "That is the truth before it was softened."),
            Mistake(
                lambda: [0.1 / 3, 0.9, 0.1 / 3, 0.1 / 3],
                "The 0.1 is spread over all four classes, the true one as well.",
            ),
            Mistake(lambda: [0.1, 0.9, 0.1, 0.1], "Together these are more than 1: share the 0.1."),
            Mistake(lambda: [0.1, 0.7, 0.1, 0.1], "0.1 is for all four together, not for each."),
        ),
        hints=(
            "Nine tenths of the one-hot row, and one tenth of (1/4, 1/4, 1/4, 1/4).",
            "A wrong class gets 0.1 / 4, the true one 0.9 + 0.1 / 4.",
        ),
        praise="No score needs to run to infinity any more.",
    ),
    Exercise(
        "losses 5",
        right=lambda: 1000 / (2 * 10),
        answer="my_weight",
        mistakes=(
            Mistake(lambda: 1000 / 10, "The two classes share the weight: divide by two as well."),
            Mistake(lambda: 1000 / (2 * 990), "That is the weight of the healthy, who are many."),
            Mistake(lambda: 10 / 1000, "That is how frequent the class is. Rare ones weigh more."),
            Mistake(
                lambda: 990 / 10,
                "That is how much more an ill one must count than a healthy "
                "one. Healthy ones count 1000 / (2 · 990) here, not 1.",
            ),
        ),
        hints=(
            "All examples over (classes times examples of this class).",
            "1000 / (2 · 10)",
        ),
        praise="Both classes now count the same in all: 10 · 50 and 990 · 0.505.",
    ),
    Exercise(
        "losses 6",
        right=lambda: "cross-entropy",
        choices=("cross-entropy", "squared error", "equal"),
        answer="my_loss_name",
        mistakes=(
            Mistake(
                lambda: "squared error",
                "Its derivative at p is 2·(p − y), the larger one. But on the way to s it is "
                "multiplied by p·(1 − p), and there the sigmoid is flat: hardly anything is left.",
                Belief.ZERO,
            ),
            Mistake(
                lambda: "equal",
                "p − y is the derivative with respect to s only where sigmoid and cross-entropy "
                "stand together.",
                Belief.FUSED,
            ),
        ),
        hints=("With cross-entropy the derivative at s is p − y.", "p·(1 − p) is 0.001 here."),
        praise="0.999 against 0.002: the squared error is silent where it is most wrong.",
    ),
)
