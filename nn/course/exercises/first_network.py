"""The exercises of the notebook on a first network."""

import math
from collections import Counter
from collections.abc import Callable

from autograd import Value, backprop
from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief


def _after_two_steps(step: Callable[[Value, Value], object]) -> float:
    """Where w stands after two training steps on (w − 1)² from 3, with what `step` does."""
    w = Value(3.0)
    for _ in range(2):
        step(w, (w - 1) ** 2)
    return w.data


def _drawn(graph: object) -> list[float]:
    """The result, how many boxes nothing goes into, how many arrows leave the busiest, and tanh."""
    if not isinstance(graph, Value) or not graph.requires_grad:
        return [0.0, 0.0, 0.0, 0.0]
    uses = Counter(id(step.parent) for step in backprop(graph) if not step.parent.parents)
    is_tanh = graph.op is not None and graph.op.name == "tanh"
    return [graph.data, float(len(uses)), float(max(uses.values(), default=0)), float(is_tanh)]


def _neuron(*, shared: bool = True, factored: bool = False, bent: bool = True) -> Value:
    """A neuron without a bias whose two inputs share a weight, as asked for or not quite."""
    w, x1, x2 = Value(0.5), Value(1.0), Value(-2.0)
    other = w if shared else Value(0.5)
    total = w * (x1 + x2) if factored else w * x1 + other * x2
    return total.tanh() if bent else total


def _neuron_of_constants() -> Value:
    return (Value(0.5) * 1.0 + Value(0.5) * -2.0).tanh()


def _right_step(w: Value, loss: Value) -> None:
    w.zero_grad()
    loss.backward()
    w.data -= 0.1 * w.grad


def _uphill(w: Value, loss: Value) -> None:
    w.zero_grad()
    loss.backward()
    w.data += 0.1 * w.grad


def _never_forgets(w: Value, loss: Value) -> None:
    loss.backward()
    w.data -= 0.1 * w.grad


def _forgets_too_late(w: Value, loss: Value) -> None:
    loss.backward()
    w.zero_grad()
    w.data -= 0.1 * w.grad


def _replaces(w: Value, loss: Value) -> None:
    w.zero_grad()
    loss.backward()
    w.data = -0.1 * w.grad


EXERCISES = (
    Exercise(
        "first-network 1",
        right=lambda: 5 * (3 + 1) + 2 * (5 + 1),
        answer="my_count",
        mistakes=(
            Mistake(lambda: 5 * 3 + 2 * 5, "These are the weights. Every neuron has a bias, too."),
            Mistake(lambda: 5 * (3 + 1) + 2 * 5, "The two output neurons have a bias each, too."),
            Mistake(lambda: 5 * (3 + 1), "That is the hidden layer. Now the output layer."),
            Mistake(lambda: 3 + 5 + 2, "That counts inputs and neurons. Count weights and biases."),
        ),
        hints=(
            "Hidden layer: 5 neurons with 3 weights and a bias each.",
            "The output layer in the same way: 2 neurons with 5 weights and a bias each.",
        ),
    ),
    Exercise(
        "first-network 2",
        right=lambda: -math.log(0.5),
        answer="my_loss",
        mistakes=(
            Mistake(lambda: 0.5, "That is the probability. The loss is minus its logarithm."),
            Mistake(lambda: math.log(0.5), "A loss is not negative: minus the logarithm."),
            Mistake(lambda: -math.log10(0.5), "That is the logarithm to base 10. np.log is ln."),
            Mistake(lambda: -math.log2(0.5), "That is the logarithm to base 2. np.log is ln."),
        ),
        hints=("Every student costs −ln(0.5), so the mean is the same.", "-np.log(0.5)"),
        praise="A loss above this is worse than knowing nothing.",
    ),
    Exercise(
        "first-network 3",
        right=lambda: 6.0 + 6.0,
        answer="my_guess",
        mistakes=(
            Mistake(
                lambda: 6.0,
                "That is the gradient of one pass. The second one adds to what the first one left.",
                Belief.OVERWRITING,
            ),
            Mistake(lambda: 6.0 * 6.0, "The passes are not multiplied: the second one adds."),
            Mistake(
                lambda: 3.0,
                "That is one way only: number stands twice in number * number.",
                Belief.ONE_PATH,
            ),
            Mistake(lambda: 0.0, "Nobody has called zero_grad(), so nothing was cleared."),
        ),
        hints=("The derivative of x·x at 3 is 6.", "Leaves add up what every pass brings."),
        praise="Gradients add up until they are forgotten.",
    ),
    Exercise(
        "first-network 4",
        right=lambda: _after_two_steps(_right_step),
        example=lambda: _right_step,
        seen=_after_two_steps,
        answer="my_step",
        mistakes=(
            Mistake(
                lambda: _uphill,
                "The old gradients are forgotten now. But the weight runs away from 1: the "
                "gradient points uphill, so the step must go against it.",
                Belief.UPHILL,
            ),
            Mistake(
                lambda: _never_forgets,
                "The direction is right now. But in the second step the gradient of the first one "
                "is still there.",
                Belief.OVERWRITING,
            ),
            Mistake(
                lambda: _forgets_too_late,
                "The gradients are forgotten between finding and using them, so w never moves.",
                Belief.LEARNING,
            ),
            Mistake(lambda: _replaces, "The step replaces the weight. Take it off the old weight."),
        ),
        hints=(
            "There are two bugs: one in the order of the four steps, one in a sign.",
            "Compare with the training loop above: forget, backward, then minus.",
        ),
        praise="Two of the commonest bugs there are, and neither stops the program.",
    ),
    Exercise(
        "first-network 5",
        right=lambda: [math.tanh(0.5 * 1 + 0.5 * -2), 3.0, 2.0, 1.0],
        example=_neuron,
        seen=_drawn,
        answer="my_graph",
        mistakes=(
            Mistake(
                lambda: _neuron(shared=False),
                "The number is right. But the picture has two boxes with 0.5: make one Value and "
                "use it twice, else each gets only its own part of the gradient.",
                Belief.ONE_PATH,
            ),
            Mistake(
                lambda: _neuron(factored=True),
                "The number is right, and w is one box. But one arrow only leaves it: multiply "
                "each input by w, then add.",
            ),
            Mistake(lambda: _neuron(bent=False), "That is the sum. The activation is missing."),
            Mistake(
                _neuron_of_constants,
                "Only the weights are boxes of this picture. Make a Value of each input, too.",
            ),
        ),
        hints=(
            "One Value for w, one for each input; w * x1 + w * x2, then tanh.",
            "draw(my_graph), and count the arrows that leave the box of w.",
        ),
        praise="Two arrows leave one box, so two products will arrive at it and be added.",
    ),
)
