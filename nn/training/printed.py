"""A training step as JavaScript: the user's own loss, model and update rule, for any batch size.

The compiler prints a program for the sizes it ran with. Printed twice for batches of two sizes,
every number in which the two texts differ is a multiple of the size, a sum with one, or a share of
it; that is written in its place, and the text is held against a third that is printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import autograd
from autograd import Tensor
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
    from nn.module import Module
    from nn.operands import Operand
    from nn.training.evaluation import Loss

_SIZES = (17, 19, 23)
_MEMORY = re.compile(r"\b[act]\d+\b")
_SETTINGS = re.compile(r"const settings = (\{.*\});")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")


@dataclass(frozen=True)
class PrintedStep:
    """A training step as JavaScript.

    Attributes:
        text: A function `program(B)` for B examples; its settings are empty.
        settings: The numbers that its optimizer reads, in JavaScript, as they are at first.
    """

    text: str
    settings: str


def printed_step(
    who: str, model: Module, loss: Loss, optimizer: UpdateRule, x: AnyArray, y: AnyArray
) -> PrintedStep:
    """A step that lowers loss(model(x), y), from where model and optimizer are, which stay there.

    Raises:
        CompileError: it cannot be printed, or not for all sizes alike, or the steps after it are
            other ones.
    """
    leaves = _learning(model, loss(model(x), y))

    def step(x: AnyArray, y: AnyArray) -> Operand:
        def closure() -> Node:
            for leaf in leaves:
                leaf.grad = None
            total: Node = loss(model(x), y)
            total.backward()
            return total

        found: Operand = optimizer.step(closure)
        return found

    texts = []
    for size in _SIZES:
        rows = np.arange(size) % len(x)
        compiled: Compiled = autograd.compile(step)
        with known_to_fit(), _put_back(leaves, optimizer):
            compiled(x[rows], y[rows])
        texts.append(_in_order(_renamed(compiled.source("js"), "program", "B")))
    with known_to_fit(), _put_back(leaves, optimizer):
        compiled(x[rows], y[rows])
        _check_goes_on(who, compiled, optimizer)
    general = _for_any_size(texts[0], texts[1])
    if _for_size(general, _SIZES[2]) != _for_size(texts[2], _SIZES[2]):
        raise CompileError("playground: the step is not the same program for every batch size.")
    found = _SETTINGS.search(general)
    return PrintedStep(_SETTINGS.sub("const settings = {};", general), found[1] if found else "{}")


def _check_goes_on(who: str, compiled: Compiled, optimizer: UpdateRule) -> None:
    """Refuse a step after which the next one would be another program."""
    try:
        compiled.source("js")
    except CompileError:
        raise CompileError(
            f"{who}: the first step of {type(optimizer).__name__} is another formula than those "
            "after it. Take one step of the training before; or nn.watch films it."
        ) from None


def _learning(model: Module, total: Node) -> list[Tensor]:
    """What gets a gradient in a step: the parameters, and those of the loss that nobody trains."""
    reached = [x for x in topological(total) if isinstance(x, Tensor) and x.op is None]
    more = {id(x): x for x in (*model.parameters(), *reached) if x.requires_grad}
    return list(more.values())


@contextmanager
def _put_back(leaves: list[Tensor], optimizer: UpdateRule) -> Iterator[None]:
    """Afterwards all is as before that a training step changes."""
    before = [(leaf, leaf.data.copy(), copy(leaf.grad)) for leaf in leaves]
    state = optimizer.state_dict()
    try:
        yield
    finally:
        optimizer.load_state_dict(state)
        for leaf, numbers, grad in before:
            leaf.data, leaf.grad = numbers, grad


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
