"""The exercises of the notebook on gradient descent."""

from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief

EXERCISES = (
    Exercise(
        "gradient-descent 1",
        right=lambda: 5 - 0.1 * 2 * 5,
        answer="my_w",
        mistakes=(
            Mistake(lambda: 5 - 0.1 * 5, "The derivative of w² at 5 is 2·5, not 5."),
            Mistake(
                lambda: 5 + 0.1 * 2 * 5,
                "That step goes up. The gradient points uphill, so it is taken off.",
                Belief.UPHILL,
            ),
            Mistake(lambda: 5 - 2 * 5, "Where is the learning rate, 0.1?"),
            Mistake(
                lambda: 2 * 5,
                "That is the gradient. It changes no weight by itself; the step does.",
                Belief.LEARNING,
            ),
            Mistake(lambda: 0.1 * 2 * 5, "That is the length of the step. Where does it end?"),
            Mistake(
                lambda: 5 - 0.1 * 5**2, "Take the derivative of the loss, not the loss itself."
            ),
        ),
        hints=("The derivative of w² at 5 is 2·5.", "Take the learning rate times that off 5."),
    ),
    Exercise(
        "gradient-descent 2",
        right=lambda: 1 / 2,
        answer="my_rate",
        mistakes=(
            Mistake(lambda: 1.0, "With 1 the step from 5 lands at −5, just as far away."),
            Mistake(lambda: 2.0, "That is the second derivative. The rate is one divided by it."),
            Mistake(lambda: 5.0, "From any start: the distance must fall out."),
            Mistake(lambda: 0.1, "With 0.1 the step from 5 ends at 4."),
        ),
        hints=("Solve w − η·2w = 0 for η.", "1 − 2η = 0"),
        praise="One divided by the second derivative: notebook 13 makes a method of it.",
    ),
    Exercise(
        "gradient-descent 3",
        right=lambda: 1.0,
        answer="my_limit",
        mistakes=(
            Mistake(lambda: 0.5, "That is the best rate: it lands on 0. Go on from there."),
            Mistake(lambda: 2.0, "With 2 the step from 5 lands at −15: it diverges long before."),
            Mistake(
                lambda: 0.0,
                "With 0 nothing moves, so the distance does not shrink either. But the question "
                "is from which rate on it diverges.",
            ),
        ),
        hints=(
            "At the limit the step from 5 lands just as far away on the other side.",
            "5 − η·10 = −5",
        ),
        praise="Above it, every step leads further away.",
    ),
    Exercise(
        "gradient-descent 4",
        right=lambda: "b",
        choices=("a", "b", "c"),
        answer="my_reason",
        mistakes=(
            Mistake(
                lambda: "a",
                "In a local minimum the loss stays where it is. Here it rises with every step.",
                Belief.RATE,
            ),
            Mistake(
                lambda: "c",
                "The gradient does point uphill. That is why the step is taken against it.",
                Belief.UPHILL,
            ),
        ),
        hints=("Look at the third of the three pictures.", "Where does each step land there?"),
        praise="The first thing to try is a smaller rate.",
    ),
    Exercise(
        "gradient-descent 5",
        right=lambda: "B",
        choices=("A", "B", "neither"),
        answer="my_nearer",
        mistakes=(
            Mistake(
                lambda: "A",
                "A's gradient is smaller, 10 against 20. But A is 5 away from its minimum, and B "
                "only 0.4: a gradient says how steep it is, not how far.",
                Belief.DISTANCE,
            ),
            Mistake(
                lambda: "neither",
                "Both have their minimum at w = 0. Compare the distances, 5 and 0.4.",
            ),
        ),
        hints=("Both minima are at w = 0.", "How far is 5 from 0, and how far 0.4?"),
        praise="Steep and near, against flat and far: only the curvature knows the distance.",
    ),
)
