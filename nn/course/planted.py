"""Three backward passes with a bug in each, to be found by comparing them with the player.

They take the order and the local derivatives from the library's pass; what they make of them is
wrong, on purpose. No gradient of a node is touched but by `backprop` itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import backprop
from autograd.viz.steps import Step

if TYPE_CHECKING:
    from autograd.arrays import Number


def overwriting(result: Any) -> list[str]:
    """Sets a gradient where it should add to it.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> overwriting(x * x)
        ['step 1: x gets 3, and is then 3', 'step 2: x gets 3, and is then 3']
    """
    grads = {id(result): 1.0}
    lines: list[str] = []
    for step in backprop(result):
        given = grads[id(step.node)] * float(step.local)
        grads[id(step.parent)] = given  # the bug: = for +=
        lines.append(_line(len(lines) + 1, step, given, given))
    return lines


def impatient(result: Any) -> list[str]:
    """Hands a gradient on before all of it has arrived.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> impatient(x * x)[-1]
        'step 2: x gets 3, and is then 6'
    """
    steps = list(backprop(result))
    leaving = {id(step.node): [s for s in steps if s.node is step.node] for step in steps}
    grads = {id(result): 1.0}
    lines: list[str] = []
    waiting = list(reversed(leaving.get(id(result), [])))
    while waiting:
        step = waiting.pop()
        given = grads[id(step.node)] * float(step.local)
        after = grads[id(step.parent)] = grads.get(id(step.parent), 0.0) + given
        lines.append(_line(len(lines) + 1, step, given, after))
        waiting += reversed(leaving.get(id(step.parent), []))  # the bug: at once
    return lines


def forgetful(result: Any) -> list[str]:
    """The second of two passes, with the gradients of the first one still in the leaves.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> forgetful(2.0 * x)
        ['step 1: x gets 2, and is then 4']
    """
    steps = list(backprop(result))
    left = {id(s.parent): float(s.after) for s in steps if not s.parent.parents}  # the bug
    lines: list[str] = []
    for step in steps:
        after = float(step.after) + left.get(id(step.parent), 0.0)
        lines.append(_line(len(lines) + 1, step, float(step.contribution), after))
    return lines


def sound(result: Any) -> list[str]:
    """The library's own pass, in the same words.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> sound(x * x)[-1]
        'step 2: x gets 3, and is then 6'
    """
    steps = backprop(result)
    return [_line(step.number, step, step.contribution, step.after) for step in steps]


def _line(number: int, step: Step, given: Number, after: Number) -> str:
    gets, then = float(given), float(after)
    return f"step {number}: {step.parent_name} gets {gets:g}, and is then {then:g}"
