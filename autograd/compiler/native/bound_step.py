"""Bound step: what a training step reads and changes outside of itself, as calls on arrays.

For five neurons and Adam: their parameters and its averages are arrays that stay from step to step;
what is computed of them is copied there at the end of each. Its rate and its count of steps are
numbers by name, and the rate that is corrected for the count is a text made of those names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.effects import BRING, FORGET
from autograd.compiler.gather import taken
from autograd.compiler.numpy_calls import Call
from autograd.errors import CompileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd.arrays import Array, IntArray
    from autograd.compiler.bound_effects import BoundEffects
    from autograd.compiler.program import Program, Workspace

Calls = list[Call]

_NUMBER = re.compile(r"v\[(\d+)\]")


@dataclass
class Settings:
    """The plain numbers of an optimizer, by name.

    Attributes:
        numbers: Each with what it is at the next step, and by how much more at each one after it.
        filled: Arrays of one number each, and the text of what they become.
        checks: Texts of comparisons, and how each came out when the step was recorded.
    """

    numbers: dict[str, tuple[float, float]] = field(default_factory=dict)
    filled: list[tuple[Array, str]] = field(default_factory=list)
    checks: list[tuple[str, bool]] = field(default_factory=list)


def _bound(space: Workspace) -> BoundEffects:
    assert space.effects is not None, "only a step is asked"
    return space.effects


def check_draws(who: str, program: Program) -> None:
    """Refuse what draws random numbers."""
    if program.effects.draws:
        raise CompileError(
            f"{who}: needs a function that draws no random numbers, but this one does, as dropout "
            "in training. Turn it off with eval(), or print the program without it."
        )


def check_repeats(who: str, program: Program) -> None:
    """Refuse a step whose next one would not be the same program, or could not be written down."""
    effects = program.effects
    left = {k for k, grad in effects.grads if grad is not None}
    given = [pairs for (method, _), pairs in effects.of_values.items() if method is BRING]
    left |= {k for pairs in given for k, _ in pairs}
    asked = [(k, grad is None) for k, grad in effects.asked]
    asked += [(k, is_none) for k, _, is_none in effects.olds]
    if any(not is_none or k in left for k, is_none in asked):
        raise CompileError(
            f"{who}: needs a step that begins with gradients of its own, but this one adds to "
            "those of the step before. Call zero_grad() before backward()."
        )
    if any(k < program.tensor_count for k, _ in (*effects.data, *effects.grads)):
        raise CompileError(
            f"{who}: needs a function that changes nothing that it is given, but this one writes "
            "to an argument. Use the Tensor from outside."
        )


def settings(who: str, program: Program, space: Workspace) -> Settings:
    """The settings that a step reads.

    Raises:
        CompileError: the next step is another program than the one that was recorded.
    """
    effects = program.effects
    host = effects.run.host
    if effects.compute() is None:
        raise CompileError(
            f"{who}: needs a recording like the step to come, but the newest is of an earlier one, "
            "as a first step may be. Call the function once more."
        )
    now = [x for read, _ in host.reads for x in read()]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in effects.ends]
    try:
        for owner, name, value in effects.ends:
            setattr(owner, name, value())
        after = [x for read, _ in host.reads for x in read() or ()]
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
    texts = [text for text, _ in host.used]
    used = {int(k) for text in (*texts, *host.checks) for k in _NUMBER.findall(text)}
    names: dict[Any, str] = {}
    keys: dict[int, Any] = {}
    for k in sorted(used):
        grows = after[k] - now[k]
        keys[k] = host.names[k] if not grows else k  # a rate that two steps read is one number
        if keys[k] not in names:
            name, count = host.names[k][0], 2
            while name in names.values():
                name, count = f"{host.names[k][0]}_{count}", count + 1
            names[keys[k]] = name

    def named(text: str) -> str:
        return _NUMBER.sub(lambda found: f"settings.{names[keys[int(found[1])]]}", text)

    filled = zip(_bound(space).numbers, map(named, texts), strict=True)
    return Settings(
        {names[key]: (now[k], after[k] - now[k]) for k, key in keys.items()},
        [(array, text) for array, text in filled if array is not None],
        [(named(text), outcome) for text, outcome in host.checks.items()],
    )


def taken_over(program: Program, space: Workspace) -> Calls:
    """What puts the numbers that stay from call to call where the program computes with them."""
    calls: Calls = [partial(np.positive, owner._data, place) for owner, place in space.moving]
    calls += [
        partial(np.positive, program.tensors[k][0]._data, place)
        for k, place in space.tensor_places
        if k >= program.tensor_count
    ]
    return calls


def writes(who: str, program: Program, space: Workspace) -> tuple[Calls, dict[int, Array]]:
    """What copies new numbers to where they stay; and new gradients, by whose they are."""
    effects, bound, tensors = program.effects, _bound(space), program.tensors
    calls: Calls = [
        partial(np.positive, bound.new(x), tensors[k][0]._data) for k, x in effects.data
    ]
    grads = {id(tensors[k][0]): bound.new(x) for k, x in effects.grads if x is not None}
    places = {leaf: place for place, leaf in enumerate(program.order)}
    for (method, array), those in effects.of_values.items():
        if method is FORGET:
            continue
        pairs, numbers, where = bound.found(array, those)
        if not all(leaf in places for leaf, _ in pairs):
            raise CompileError(
                f"{who}: needs a function that reads each Value that it changes. Leave the others "
                "out."
            )
        target = space.leaf_numbers
        if method is BRING:
            target = grads.setdefault(id(space), np.zeros_like(target))
        there, here = np.array([places[leaf] for leaf, _ in pairs]), np.arange(numbers.size)[where]
        order = np.argsort(there)
        calls += _put(numbers.reshape(-1), here[order], target, there[order])
    kept = zip(bound.kept, effects.arrays_kept(), strict=True)
    return [*bound.ahead, *calls, *(partial(np.positive, new, now) for new, now in kept)], grads


def _put(source: Array, here: IntArray, target: Array, there: IntArray) -> Iterator[Any]:
    """The calls that take each number to its place; those come in order."""
    breaks = np.flatnonzero(np.diff(there) != 1) + 1
    for to, at in zip(np.split(there, breaks), np.split(here, breaks), strict=True):
        out = target[to[0] : to[-1] + 1]
        if (np.diff(at) == 1).all():
            yield partial(np.positive, source[at[0] : at[-1] + 1], out)
        else:
            yield partial(taken, source, at, out=out)
