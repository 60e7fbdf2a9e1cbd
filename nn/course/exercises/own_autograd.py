"""The exercises of the notebook in which a reader writes an autograd."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import Value
from nn.course import planted
from nn.course.exercise import Exercise, Mistake
from nn.course.misconceptions import Misconception as Belief
from nn.course.reading import NotReadableError

# --- the engine that the reader is led to, and the wrong ones -------------------------------------


class Node:
    """A number that remembers what it was made of: the answer to the first question."""

    def __init__(
        self, data: float, parents: tuple[Node, ...] = (), local_derivatives: tuple[float, ...] = ()
    ) -> None:
        self.data, self.grad = data, 0.0
        self.parents, self.local_derivatives = parents, local_derivatives


class NodeThatForgets(Node):
    """Loses its parents."""

    def __init__(self, data: float, parents: object = (), local_derivatives: object = ()) -> None:
        super().__init__(data)


class NodeOfOne(Node):
    """Begins with the gradient 1."""

    def __init__(
        self, data: float, parents: tuple[Node, ...] = (), local_derivatives: tuple[float, ...] = ()
    ) -> None:
        super().__init__(data, parents, local_derivatives)
        self.grad = 1.0


MakesNodes = Callable[..., Node]
"""The reader's `MyValue`, whose nodes have what `Node` has."""


def _engine() -> Mapping[str, MakesNodes]:
    return {"MyValue": Node}


def _remembers(kind: MakesNodes) -> list[float]:
    """Value, gradient, found parents, number of local derivatives: of a leaf and of a sum."""
    leaf = kind(3.0)
    found: list[float] = []
    for n in (leaf, kind(6.0, (leaf, leaf), (1.0, 1.0))):
        parents = sum(parent is leaf for parent in n.parents)
        found += [n.data, n.grad, parents, len(n.local_derivatives)]
    return [float(x) for x in found]


def _made(node: Node | Any, *operands: Node) -> list[float]:
    """The value of what a learner's operation returns, and the local derivative by each operand."""
    if not (hasattr(node, "parents") and hasattr(node, "local_derivatives")):
        raise NotReadableError(
            f"It returns {type(node).__name__} ({str(node)[:60]}), which remembers nothing. Return "
            "a MyValue with the result, its parents and its local derivatives."
        )
    try:
        pairs = list(zip(node.parents, node.local_derivatives, strict=True))
    except (TypeError, ValueError):
        raise NotReadableError(
            "Its parents and its local derivatives need to be two tuples of the same length: "
            "(a, b) of two, and (a,) of one."
        ) from None
    derivatives = [sum(local for parent, local in pairs if parent is x) for x in operands]
    return [float(x) for x in (node.data, *derivatives)]


def _sum_and_product(functions: Iterable[MakesNodes], MyValue: MakesNodes) -> list[float]:
    """What 3 + 4 and 3 · 4 are, and both local derivatives of each."""
    a, b = MyValue(3.0), MyValue(4.0)
    return [x for function in functions for x in _made(function(a, b), a, b)]


def _diamond(MyValue: MakesNodes) -> list[Node]:
    """x, a = x·x, b = a + x, c = a·b: a is used by two others."""
    x = MyValue(2.0)
    a = MyValue(4.0, (x, x), (2.0, 2.0))
    b = MyValue(6.0, (a, x), (1.0, 1.0))
    c = MyValue(24.0, (a, b), (6.0, 4.0))
    return [x, a, b, c]


def _places(order: Callable[[Node], Iterable[Node]], MyValue: MakesNodes) -> list[float]:
    """Whether the order holds each of four nodes once, ends with c, and has a before b before c.

    It is asked twice, as an order is that begins with the nodes of the time before.
    """
    order(_diamond(MyValue)[-1])
    nodes = _diamond(MyValue)
    found = [id(node) for node in order(nodes[-1])]
    if sorted(found) != sorted(map(id, nodes)):
        return [float(len(found)), 0.0, 0.0, 0.0]
    x, a, b, c = (found.index(id(node)) for node in nodes)
    return [4.0, float(x < a), float(a < b), float(b < c)]


def _gradients(backward: Callable[[Node], object], MyValue: MakesNodes) -> list[float]:
    """The gradients of x, a, b and c after the pass."""
    nodes = _diamond(MyValue)
    backward(nodes[-1])
    return [float(node.grad) for node in nodes]


def _curves(functions: Iterable[MakesNodes], MyValue: MakesNodes) -> list[float]:
    """tanh at 0.5 and a fourth power at 3, with their derivatives."""
    tanh, power = functions
    a, b = MyValue(0.5), MyValue(3.0)
    return [*_made(tanh(a), a), *_made(power(b, 4), b)]


def _three_steps(step: Callable[..., object], MyValue: MakesNodes) -> list[float]:
    """Where w and v stand after each of three steps on (w − 3)² + v², from 1 and 2."""
    w, v = MyValue(1.0), MyValue(2.0)

    def loss_of() -> Node:
        return MyValue((w.data - 3) ** 2 + v.data**2, (w, v), (2 * (w.data - 3), 2 * v.data))

    visited = []
    for _ in range(3):
        step([w, v], loss_of)
        visited += [float(w.data), float(v.data)]
    return visited


def _order(result: Node) -> list[Node]:
    done: list[Node] = []

    def visit(node: Node) -> None:
        if all(node is not other for other in done):
            for parent in node.parents:
                visit(parent)
            done.append(node)

    visit(result)
    return done


def _order_before_its_parents(result: Node) -> list[Node]:
    return list(reversed(_order(result)))


def _order_with_repeats(result: Node) -> list[Node]:
    return [node for parent in result.parents for node in _order_with_repeats(parent)] + [result]


def _order_of_parents_only(result: Node) -> list[Node]:
    return _order(result)[:-1]


def _order_that_goes_on(done: list[Node]) -> Callable[[Node], list[Node]]:
    def order(result: Node) -> list[Node]:
        done.extend(_order(result))
        return done

    return order


def _backward(
    result: Node, *, adds: bool = True, backwards: bool = True, seed: float = 1.0
) -> None:
    result.grad = seed
    order = _order(result)
    for node in reversed(order) if backwards else order:
        for parent, local in zip(node.parents, node.local_derivatives, strict=True):
            parent.grad = (parent.grad if adds else 0.0) + node.grad * local


def _backward_without_upstream(result: Node) -> None:
    result.grad = 1.0
    for node in reversed(_order(result)):
        for parent, local in zip(node.parents, node.local_derivatives, strict=True):
            parent.grad += local


def _step(
    parameters: Iterable[Node],
    loss_of: Callable[[], Node],
    *,
    clears: bool = True,
    sign: float = -1.0,
) -> None:
    loss = loss_of()
    for p in parameters:
        p.grad = 0.0 if clears else p.grad
    _backward(loss)
    for p in parameters:
        p.data += sign * 0.1 * p.grad


def _step_that_only_looks(parameters: object, loss_of: Callable[[], Node]) -> None:
    _backward(loss_of())


# --- the three bugs -------------------------------------------------------------------------------


def _twice_used() -> Value:
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    return x * y + x


def _two_ways() -> Value:
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    a = x * y
    return a * (a + 2.0)


def _small_loss() -> Value:
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(1.0, label="b")
    return (w * x + b - 1.0) ** 2


def first_difference(result: Value, broken: Callable[[Any], list[str]]) -> int:
    """The number of the first step in which a broken pass differs from the library's."""
    pairs = zip(planted.sound(result), broken(result), strict=False)
    return next(k for k, (good, bad) in enumerate(pairs, start=1) if good != bad)


EXERCISES = (
    Exercise(
        "own-autograd 1",
        right=lambda: [3.0, 0.0, 0.0, 0.0, 6.0, 0.0, 2.0, 2.0],
        example=lambda: Node,
        seen=_remembers,
        answer="MyValue",
        mistakes=(
            Mistake(
                lambda: NodeThatForgets,
                "It forgets what it was made of: keep parents and local derivatives.",
            ),
            Mistake(
                lambda: NodeOfOne,
                "Every number begins with the gradient 1. Only the result will have 1; the others "
                "add up from 0.",
            ),
        ),
        hints=("Four things to keep: data, grad, parents, local_derivatives.", "self.grad = 0.0"),
        praise="That is all a node is.",
    ),
    Exercise(
        "own-autograd 2",
        right=lambda MyValue: [7.0, 1.0, 1.0, 12.0, 4.0, 3.0],
        example=lambda MyValue: (
            lambda a, b: MyValue(a.data + b.data, (a, b), (1.0, 1.0)),
            lambda a, b: MyValue(a.data * b.data, (a, b), (b.data, a.data)),
        ),
        given=_engine,
        seen=_sum_and_product,
        answer="(my_add, my_multiply)",
        mistakes=(
            Mistake(
                lambda MyValue: (
                    lambda a, b: MyValue(a.data + b.data, (a, b), (1.0, 1.0)),
                    lambda a, b: MyValue(a.data * b.data, (a, b), (a.data, b.data)),
                ),
                "The sum is right. A product swaps: the derivative for a is b, and for b it is a.",
                Belief.WRONG_POINT,
            ),
            Mistake(
                lambda MyValue: (
                    lambda a, b: MyValue(a.data + b.data, (a, b), (a.data, b.data)),
                    lambda a, b: MyValue(a.data * b.data, (a, b), (b.data, a.data)),
                ),
                "The product is right. If a grows by 1, a + b grows by 1, whatever a is.",
            ),
            Mistake(
                lambda MyValue: (
                    lambda a, b: MyValue(a.data + b.data, (), ()),
                    lambda a, b: MyValue(a.data * b.data, (), ()),
                ),
                "The numbers are right, but the results do not know their two parents.",
            ),
        ),
        hints=("A sum has the derivatives 1 and 1.", "MyValue(a.data * b.data, (a, b), (…, …))"),
        praise="Each operation knows its own derivatives, and nothing of the others.",
    ),
    Exercise(
        "own-autograd 3",
        right=lambda MyValue: [4.0, 1.0, 1.0, 1.0],
        example=lambda MyValue: _order,
        given=_engine,
        seen=_places,
        answer="my_order",
        mistakes=(
            Mistake(
                lambda MyValue: _order_before_its_parents,
                "Every node is there once, but results come before what they are made of. Add a "
                "node to the list after its parents.",
            ),
            Mistake(
                lambda MyValue: _order_with_repeats,
                "A node that is used twice stands in the list several times. Has it been visited?",
                Belief.ONE_PATH,
            ),
            Mistake(lambda MyValue: _order_of_parents_only, "The result itself belongs to it."),
            Mistake(
                lambda MyValue: _order_that_goes_on([]),
                "The second time it is called it still has the nodes of the first: make a new list "
                "each time.",
            ),
        ),
        hints=(
            "Visit a node's parents first, then add the node, unless it is there already.",
            "A function inside calls itself for every parent.",
        ),
        praise="A node comes after everything that it is made of.",
    ),
    Exercise(
        "own-autograd 4",
        right=lambda MyValue: [44.0, 10.0, 4.0, 1.0],
        example=lambda MyValue: _backward,
        given=_engine,
        seen=_gradients,
        answer="my_backward",
        mistakes=(
            Mistake(
                lambda MyValue: lambda result: _backward(result, adds=False),
                "A node that is used twice keeps only the last that arrives: add to it, with +=.",
                Belief.ONE_PATH,
            ),
            Mistake(
                lambda MyValue: lambda result: _backward(result, backwards=False),
                "It runs from the leaves to the result. Nothing has arrived there yet.",
            ),
            Mistake(
                lambda MyValue: lambda result: _backward(result, seed=0.0),
                "All gradients are 0: the pass needs a start. How does the result change with "
                "itself?",
                Belief.ZERO,
            ),
            Mistake(
                lambda MyValue: _backward_without_upstream,
                "Only local derivatives arrive. Multiply each by the gradient of the node above.",
                Belief.WRONG_POINT,
            ),
        ),
        hints=(
            "Set result.grad = 1.0, then go through the order backwards.",
            "parent.grad += node.grad * local_derivative, for each parent.",
        ),
        praise="That is backpropagation, the whole of it.",
    ),
    Exercise(
        "own-autograd 5",
        right=lambda MyValue: [math.tanh(0.5), 1 - math.tanh(0.5) ** 2, 81.0, 108.0],
        example=lambda MyValue: (
            lambda a: MyValue(math.tanh(a.data), (a,), (1 - math.tanh(a.data) ** 2,)),
            lambda a, n: MyValue(a.data**n, (a,), (n * a.data ** (n - 1),)),
        ),
        given=_engine,
        seen=_curves,
        answer="(my_tanh, my_power)",
        mistakes=(
            Mistake(
                lambda MyValue: (
                    lambda a: MyValue(math.tanh(a.data), (a,), (1 - a.data**2,)),
                    lambda a, n: MyValue(a.data**n, (a,), (n * a.data ** (n - 1),)),
                ),
                "The power is right. The derivative of tanh is 1 − tanh², with the result in it.",
                Belief.WRONG_POINT,
            ),
            Mistake(
                lambda MyValue: (
                    lambda a: MyValue(math.tanh(a.data), (a,), (1 - math.tanh(a.data) ** 2,)),
                    lambda a, n: MyValue(a.data**n, (a,), (n * a.data**n,)),
                ),
                "tanh is right. In the derivative of a power the exponent falls by one.",
            ),
            Mistake(
                lambda MyValue: (
                    lambda a: MyValue(math.tanh(a.data), (a,), (1 - math.tanh(a.data) ** 2,)),
                    lambda a, n: MyValue(a.data**n, (a,), (a.data ** (n - 1),)),
                ),
                "tanh is right. In the derivative of a power the exponent comes down as a factor.",
            ),
        ),
        hints=("The derivative of tanh is 1 − tanh², that of aⁿ is n·aⁿ⁻¹.", "math.tanh(a.data)"),
        praise="An operation more is two lines: its value and its derivative.",
    ),
    Exercise(
        "own-autograd 6",
        right=lambda MyValue: _three_steps(_step, MyValue),
        example=lambda MyValue: _step,
        given=_engine,
        seen=_three_steps,
        answer="my_step",
        mistakes=(
            Mistake(
                lambda MyValue: lambda ps, loss_of: _step(ps, loss_of, clears=False),
                "The first step is right. Then the old gradients are still there: clear them.",
                Belief.OVERWRITING,
            ),
            Mistake(
                lambda MyValue: lambda ps, loss_of: _step(ps, loss_of, sign=1.0),
                "The numbers run away from the minimum. The gradient points uphill.",
                Belief.UPHILL,
            ),
            Mistake(
                lambda MyValue: _step_that_only_looks,
                "The gradients are found, but no number moves.",
                Belief.LEARNING,
            ),
        ),
        hints=("Loss, clear, my_backward, move: the four steps of notebook 3.", "p.data -= …"),
        praise="Your own engine learns.",
    ),
    Exercise(
        "own-autograd 7",
        right=lambda: first_difference(_twice_used(), planted.overwriting),
        answer="my_first_bug",
        mistakes=(
            Mistake(lambda: 2, "In step 2 both say that x gets 1 and is then 1. Go on."),
            Mistake(lambda: 4, "Earlier: one step before, x is no longer what the player says."),
            Mistake(lambda: 1, "In step 1 both say the same."),
        ),
        hints=("Play a step, read a line; what is x at that moment?", "x gets something twice."),
        praise="It sets the gradient (=) where it should add to it (+=).",
    ),
    Exercise(
        "own-autograd 8",
        right=lambda: first_difference(_two_ways(), planted.impatient),
        answer="my_second_bug",
        mistakes=(
            Mistake(lambda: 1, "In step 1 both give the same to the product."),
            Mistake(lambda: 3, "Earlier. Which box does it give something to in the step before?"),
            Mistake(lambda: 4, "Earlier: it has gone astray some steps before."),
        ),
        hints=("Watch the order in which boxes get something.", "Who is served too early?"),
        praise="It hands a gradient on before all of it has arrived: a wrong order.",
    ),
    Exercise(
        "own-autograd 9",
        right=lambda: first_difference(_small_loss(), planted.forgetful),
        answer="my_third_bug",
        mistakes=(
            Mistake(lambda: 1, "No leaf gets anything in step 1, and both say the same."),
            Mistake(lambda: 5, "Earlier: another leaf comes before w, and it is wrong already."),
            Mistake(lambda: 3, "In step 3 both say the same: only leaves have kept something."),
        ),
        hints=(
            "Which leaf gets something first?",
            "What it gets is right. What it is then, is not.",
        ),
        praise="The gradients of the pass before were not cleared: zero_grad was forgotten.",
    ),
)
