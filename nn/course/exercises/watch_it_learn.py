"""The exercises of the notebook in which networks are watched while they learn."""

from collections.abc import Callable

from autograd import Tensor
from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief
from nn.course.reading import NotReadableError
from nn.layers import Linear
from nn.losses import MSELoss
from nn.operands import Operand

RATE = 0.1

Loss = Callable[[Operand, Operand], Tensor]
Rows = list[list[float]]


class _Descent:
    """Gradient descent, by the names that an optimizer has."""

    def __init__(self, model: Linear) -> None:
        self.parameters = model.parameters()

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.zero_grad()

    def step(self) -> None:
        for p in self.parameters:
            if p.grad is not None:
                p.data = p.data - RATE * p.grad


class _Frames:
    """Stands for `nn.watch`: remembers the losses that it is told."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def frame(self, loss: Operand = None) -> None:
        self.losses.append(float(getattr(loss, "data", loss)))


def _two_steps(step: Callable[..., object]) -> list[float]:
    """Weight, bias, frames and last loss after two steps from weight 1 and bias 0."""
    w, model = _Frames(), Linear(1, 1)
    assert model.bias is not None
    model.weight.data, model.bias.data = [[1.0]], [0.0]
    optimizer = _Descent(model)
    for _ in range(2):
        step(model, MSELoss(), [[1.0]], [[0.0]], optimizer, w)
    if len(w.losses) != 2:
        raise NotReadableError(
            f"Two steps told w of {len(w.losses)} frames. Call w.frame(total) once in each."
        )
    return [model.weight.sum().item(), model.bias.sum().item(), 2.0, w.losses[-1]]


def _right(model: Linear, loss: Loss, x: Rows, y: Rows, optimizer: _Descent, w: _Frames) -> None:
    total = loss(model(x), y)
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    w.frame(total)


def _never_cleared(
    model: Linear, loss: Loss, x: Rows, y: Rows, optimizer: _Descent, w: _Frames
) -> None:
    total = loss(model(x), y)
    total.backward()
    optimizer.step()
    w.frame(total)


def _no_step(model: Linear, loss: Loss, x: Rows, y: Rows, optimizer: _Descent, w: _Frames) -> None:
    total = loss(model(x), y)
    optimizer.zero_grad()
    total.backward()
    w.frame(total)


EXERCISES = (
    Exercise(
        "watch-it-learn 1",
        right=lambda: 0.5 - RATE * -3,
        answer="my_weight",
        mistakes=(
            Mistake(
                lambda: 0.5 + RATE * -3,
                "That goes along the gradient, and the gradient points uphill. A step goes "
                "against it.",
                Belief.UPHILL,
            ),
            Mistake(lambda: 0.5 + 3, "That is the whole gradient. A step is its tenth: the rate."),
            Mistake(
                lambda: 0.5,
                "Before the step, yes. The step itself moves the weight.",
                Belief.LEARNING,
            ),
            Mistake(lambda: 0.3, "That is how far it moves. Where does it come to be?"),
        ),
        hints=("weight − rate · gradient", "0.5 − 0.1 · (−3)"),
        praise="The line stays orange and becomes thicker.",
    ),
    Exercise(
        "watch-it-learn 2",
        right=lambda: 3,
        answer="my_folds",
        mistakes=(
            Mistake(lambda: 1, "One straight line is what a single neuron has. Here are three."),
            Mistake(lambda: 2, "Two is the number of inputs. Which column bends the plane?"),
            Mistake(lambda: 4, "The output adds up what it gets; it has no kink of its own."),
            Mistake(
                lambda: 6, "There are six lines into the hidden layer, but a circle has one fold."
            ),
        ),
        hints=(
            "Look into a circle of the hidden layer: where does its colour begin?",
            "Each hidden neuron is 0 on one side of a straight line of its own.",
        ),
    ),
    Exercise(
        "watch-it-learn 3",
        right=lambda: "b",
        choices=("a", "b", "c"),
        answer="my_reason",
        mistakes=(
            Mistake(
                lambda: "a",
                "Half of the points are on the wrong side: look at the map. A gradient of 0 does "
                "not say that something is good.",
                Belief.ZERO,
            ),
            Mistake(
                lambda: "c",
                "A larger rate times 0 is still 0. Look at what the circles hand on.",
                Belief.RATE,
            ),
        ),
        hints=(
            "What does a ReLU hand on, and what does it hand back, where its sum is negative?",
            "The bias of each hidden neuron is −20. Is its sum positive for any point?",
        ),
        praise="Such neurons are called dead. Nothing that is learnt downstream wakes them.",
    ),
    Exercise(
        "watch-it-learn 4",
        right=lambda: [0.68, -0.32, 2.0, 0.36],
        example=lambda: _right,
        seen=_two_steps,
        answer="my_step",
        mistakes=(
            Mistake(
                lambda: _never_cleared,
                "The second step is too long: it still has the gradient of the first in it.",
                Belief.OVERWRITING,
            ),
            Mistake(
                lambda: _no_step,
                "The picture would stand still: backward() finds gradients, and nobody moves the "
                "weights.",
                Belief.LEARNING,
            ),
        ),
        hints=(
            "Loss, clear, backward, step; then the frame.",
            "total = loss(model(x), y), and it is total that goes backward and into w.frame.",
        ),
        praise="These are the four steps of notebook 3, and one line for whoever watches.",
    ),
    Exercise(
        "watch-it-learn 5",
        right=lambda: "rate",
        choices=("rate", "minimum", "neurons"),
        answer="my_cause",
        mistakes=(
            Mistake(
                lambda: "minimum",
                "In a local minimum everything would rest. This jumps from side to side.",
                Belief.RATE,
            ),
            Mistake(
                lambda: "neurons",
                "The same network learnt the moons before, with another setting.",
            ),
        ),
        hints=(
            "What makes each step as long as it is?",
            "Compare the three maps: only one number differs.",
        ),
    ),
)
