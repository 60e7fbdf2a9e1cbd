"""A training step as JavaScript: the user's own loss, model and update rule, for any batch size.

The compiler prints a program for the sizes it ran with. Printed twice for batches of two sizes,
every number in which the two texts differ is a multiple of the size, a sum with one, or a share of
it; that is written in its place, and the text is held against a third that is printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from autograd.errors import CompileError
from autograd.node import topological
from nn.functional.targets import known_to_fit
from nn.pictures.columns import column_nodes
from nn.pictures.plane import Plane
from optim import UpdateRule

if TYPE_CHECKING:
    from autograd.arrays import Array as AnyArray
    from autograd.arrays import FloatArray as Array
    from autograd.compiler.function import Compiled
    from autograd.node import Node
    from nn.module import Module, Parameter
    from nn.operands import Operand
    from nn.training.evaluation import Loss
    from optim.update_rule import Group

_SIZES = (17, 19, 23)
_MEMORY = re.compile(r"\b[act]\d+\b")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")


def printed_step(model: Module, loss: Loss, x: AnyArray, y: AnyArray) -> str:
    """A function `program(B)` with the forward and backward pass of loss(model(x), y).

    Raises:
        CompileError: it cannot be printed, or not for all sizes alike.
    """

    def step(x: AnyArray, y: AnyArray) -> Operand:
        return loss(model(x), y)

    texts = []
    for size in _SIZES:
        rows = np.arange(size) % len(x)
        with known_to_fit():
            compiled: Compiled = autograd.compile(step)
            compiled(x[rows], y[rows])
            texts.append(_in_order(_renamed(compiled.source("js"), "program", "B")))
    general = _for_any_size(texts[0], texts[1])
    if _for_size(general, _SIZES[2]) != _for_size(texts[2], _SIZES[2]):
        raise CompileError("playground: the step is not the same program for every batch size.")
    return general


@dataclass(frozen=True)
class PrintedGroup:
    """What a group of an optimizer does, as JavaScript, and from where it goes on.

    Attributes:
        formula: A function `update()`.
        floats: The names of the numbers that it is given at each step.
        lr: Its rate.
        names: Which of the step's parameters it changes.
        steps: How many steps it has taken.
        kept: What it keeps of each number.
    """

    formula: str
    floats: list[str]
    lr: float
    names: list[str]
    steps: int
    kept: list[list[float]]


def printed_groups(
    optimizer: UpdateRule, model: Module, total: Node, who: str = "playground"
) -> list[PrintedGroup]:
    """The groups of an optimizer that change something in a step.

    Args:
        optimizer: Of the parameters of the model.
        model: What it trains.
        total: A loss of the model: parameters on which it does not depend are not printed.
        who: Who says so if it cannot be done.

    Raises:
        CompileError: the rule has no formula of a gradient, or settings that change between steps;
            parameters have taken different numbers of steps; or what is kept is no multiple of what
            the formula keeps.
    """
    reached = {id(node) for node in topological(total)}
    names = {id(p): f"model.{name}" for name, p in model.named_parameters() if id(p) in reached}
    found = []
    states: Any = optimizer.state_dict()["state"]
    for group, state in zip(optimizer.param_groups, states, strict=True):
        learnt = [p for p in group["params"] if id(p) in names]
        if not learnt:
            continue
        formula, floats = _printed_update(optimizer, group, sum(p.size for p in learnt), who)
        steps, kept = _carried_state(optimizer, group, state, learnt, who)
        own = [names[id(p)] for p in learnt]
        found.append(PrintedGroup(formula, floats, float(group["lr"]), own, steps, kept))
    if len({one.steps for one in found}) > 1:
        raise _not_in_step(who)
    return found


def _not_in_step(who: str) -> CompileError:
    return CompileError(
        f"{who}: goes on from a step that all parameters have reached, but some have taken fewer. "
        "nn.watch films the training."
    )


def _printed_update(
    optimizer: UpdateRule, group: Group, count: int, who: str
) -> tuple[str, list[str]]:
    """A function `update()` with a group's formula for `count` numbers, and its floats."""
    name = type(optimizer).__name__
    if type(optimizer).step is not UpdateRule.step:
        raise CompileError(f"{who}: {name} has a step of its own, which cannot be printed.")
    kept = list(optimizer.starts(group))
    decay = 0.0 if optimizer.decoupled else group.get("weight_decay", 0.0)

    def rule(theta: Array, g: Array, lr: float, t: int, *states: Array) -> tuple[Array, ...]:
        now = dict(zip(kept, states, strict=True))
        settings: Group | Any = {**group, "lr": lr}
        if group.get("maximize"):
            g = -g
        if decay:
            g = g + decay * theta
        theta, after = optimizer.update(theta, g, t, now, settings)
        return (theta, *(after[name] for name in kept))

    starts = [np.full(count, 0.5) for _ in kept]
    for t in (2.0, 2):  # a rule that only asks whether it is the first step has the rest alike
        compiled: Compiled = autograd.compile(rule)
        try:
            compiled(np.ones(count), np.ones(count), 0.1, t, *starts)
            text = _renamed(compiled.source("js"), "update", "")
        except (CompileError, NotImplementedError, AttributeError):
            continue
        if t == 2.0 and isinstance(t, int) and not _first_step_is_alike(optimizer, group, kept):
            break
        return text, ["lr", "t"] if isinstance(t, float) else ["lr"]
    raise CompileError(f"{who}: the rule of {name} cannot be printed as JavaScript.")


def _carried_state(
    optimizer: UpdateRule,
    group: Group,
    state: Mapping[str, Any],
    printed: list[Parameter | Any],
    who: str,
) -> tuple[int, list[list[float]]]:
    """How many steps a group has taken, and what it keeps of the printed parameters."""
    starts = optimizer.starts(group)
    ends = np.cumsum([p.size for p in group["params"]])
    places = {id(p): slice(end - p.size, end) for p, end in zip(group["params"], ends, strict=True)}
    steps = {id(p): count for p, count in zip(group["params"], state["steps"], strict=True)}
    if not any(steps.values()):
        return 0, [[start] * sum(p.size for p in printed) for start in starts.values()]
    counts = {steps[id(p)] for p in printed}
    if len(counts) != 1:
        raise _not_in_step(who)
    multiples = _multiples(optimizer, group, starts, who)
    kept = [
        np.concatenate([multiples[name] * state["kept"][name][places[id(p)]] for p in printed])
        for name in starts
    ]
    return counts.pop(), [array.tolist() for array in kept]


def _multiples(
    optimizer: UpdateRule, group: Group, starts: dict[str, float], who: str
) -> dict[str, float]:
    """By which factors `update` keeps what a step keeps: see `UpdateRule.update_in_place`."""
    g = np.array([1.5, 0.25])
    theta = np.array([0.3, -2.0])
    there = theta.copy()
    kept: dict[str, Array] = {name: np.full(2, x) for name, x in starts.items()}
    held: dict[str, Array] = {name: np.full(2, x) for name, x in starts.items()}
    for t in (1, 2):
        theta, kept = optimizer.update(theta, g, t, kept, group)
        scratch = [np.empty(2) for _ in range(optimizer.scratch)]
        optimizer.update_in_place(there, g.copy(), t, held, group, scratch)
    found = {}
    for name in starts:
        ratio = kept[name][0] / held[name][0] if held[name][0] else 1.0
        if not np.allclose(ratio * held[name], kept[name], rtol=1e-12, atol=0.0):
            raise CompileError(
                f"{who}: what {type(optimizer).__name__} keeps as {name} is no multiple of what "
                "its formula keeps, so that the page cannot go on from it."
            )
        found[name] = float(ratio)
    return found


def printed_outputs(model: Module, points: Array, plane: Plane | None, columns: bool) -> str:
    """A function `outputs()` with what there is to see of a model, for fixed examples.

    Its results are, of a plane, what the model says: probabilities, or where a number lies between
    the least and the largest example. Then, of each column, what it hands on, its weights and its
    biases, if it has some.

    Args:
        model: Of which there is something to see.
        points: (N, …), the examples.
        plane: What the outputs mean, if they are shown in the plane.
        columns: Whether the model is a row of columns.
    """

    def said(out: Operand) -> Operand:
        assert plane is not None
        if plane.meaning == "value":
            least = float(plane.y.min())
            return (out.reshape(len(points), -1)[:, 0] - least) / (float(np.ptp(plane.y)) or 1.0)
        if plane.meaning == "score":
            return autograd.sigmoid(out)
        if plane.meaning == "logits":
            return autograd.softmax(out, axis=-1)
        return autograd.exp(out) if plane.meaning == "log probabilities" else out

    def seen(x: Array) -> tuple[Operand, ...]:
        out: Operand = model(x)
        parts = [part for column in column_nodes(out) for part in column] if columns else []
        shown = [*([] if plane is None else [said(out)]), *parts]
        return tuple(1.0 * part for part in shown if part is not None)  # a parameter itself is none

    compiled: Compiled = autograd.compile(seen)
    compiled(points)
    return _renamed(compiled.source("js"), "outputs", "")


def _first_step_is_alike(optimizer: UpdateRule, group: Group, kept: list[str]) -> bool:
    """Whether the step from the start is the same formula as those after it."""
    theta, g, start = np.array([0.3, -2.0]), np.array([1.5, 0.25]), optimizer.starts(group)
    results = [
        optimizer.update(theta, g, t, {k: np.full(2, start[k]) for k in kept}, group)
        for t in (1, 2)
    ]
    (one, states), (other, others) = results
    return bool(np.array_equal(one, other)) and all(
        np.array_equal(states[k], others[k]) for k in kept
    )


def _renamed(text: str, name: str, argument: str) -> str:
    return re.sub(r"function \w+\(\)", f"function {name}({argument})", text, count=1)


def _in_order(text: str) -> str:
    """The text with its unnamed memories numbered as they are used, and without comments.

    How the compiler numbers them may differ from one recording to the next.
    """
    text = re.sub(r"(?m)^ *(//.*|/\*.*\*/)\n", "", text)
    head, body = text.split("    return {\n", 1)
    opening, rest = head.split("\n", 1)
    order = dict.fromkeys(_MEMORY.findall(body))
    names = {name: f"m{k}" for k, name in enumerate(order)}
    declared = re.findall(r"    const .*?;\n", rest, re.S)
    renamed = [_MEMORY.sub(lambda f: names.get(f[0], f[0]), line) for line in declared]
    body = _MEMORY.sub(lambda f: names[f[0]], body)
    return f"{opening}\n{''.join(sorted(renamed))}    return {{\n{body}"


def _for_any_size(one: str, other: str) -> str:
    """The text of two sizes, with the size in the place of what differs."""
    pieces, rest = _NUMBER.split(one), _NUMBER.split(other)
    if pieces != rest:
        raise CompileError("playground: the step is not the same program for every batch size.")
    numbers = [
        _general(a, b) for a, b in zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    ]
    return "".join(p + n for p, n in zip(pieces, [*numbers, ""], strict=True))


def _general(a: str, b: str) -> str:
    if a == b:
        return a
    first, second = _SIZES[:2]
    if a.isdigit() and b.isdigit():
        factor, left = divmod(int(b) - int(a), second - first)
        offset = int(a) - factor * first
        if not left:
            return f"({factor} * B + {offset})" if offset else f"({factor} * B)"
    share = round(float(a) * first)
    if share and share / first == float(a) and share / second == float(b):
        return f"({share} / B)"
    raise CompileError("playground: the step is not the same program for every batch size.")


def _for_size(text: str, size: int) -> str:
    """The text for one size, its numbers written as they are printed."""
    text = re.sub(r"\((\d+) / B\)", lambda f: repr(int(f[1]) / size).removesuffix(".0"), text)
    return re.sub(
        r"\((\d+) \* B(?: \+ (-?\d+))?\)", lambda f: str(int(f[1]) * size + int(f[2] or 0)), text
    )
