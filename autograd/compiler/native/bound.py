"""Bound: a compiled program as calls on arrays that have names.

This is the one place here that knows how the compiler keeps a program. For five neurons it tells:
the argument x is this array of two numbers, the leaves are those fifteen, the forward pass is these
calls, its result lies there, and after the backward pass the leaves' gradients lie there.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.gather import taken
from autograd.compiler.listing import Names
from autograd.compiler.native.bound_step import (
    Settings,
    check_draws,
    check_repeats,
    settings,
    taken_over,
    writes,
)
from autograd.compiler.native.loops import FIXED, GIVEN, LEAF, MADE
from autograd.compiler.numpy_calls import Call
from autograd.compiler.outputs import Passed
from autograd.compiler.program import Program, Workspace
from autograd.compiler.repeated_calls import unrolled
from autograd.compiler.tape import SOURCE, VIEW, Traced
from autograd.errors import CompileError
from autograd.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.arrays import Array

Calls = list[Call]


@dataclass
class BoundProgram:
    """A program as calls on arrays.

    Attributes:
        named: Arrays that have a name, with what they hold.
        arguments: Each argument's name, and the places where its numbers go.
        leaves: What gets a gradient: its name, its numbers, and the gradient's.
        results: Each result's name and where it lies.
        forward, backward: The calls; of a training step, forward is all that it computes.
        writes: What copies new numbers to where they stay, after all else.
        kept: What stays from step to step beside the leaves, such as an optimizer's averages.
        settings: The numbers that an optimizer reads.
        is_step: Whether it is one, so that its results are constants.
    """

    named: list[tuple[Any, str, str]] = field(default_factory=list)
    arguments: list[tuple[str, list[Any]]] = field(default_factory=list)
    leaves: list[tuple[str, Any, Any]] = field(default_factory=list)
    results: list[tuple[str, Any]] = field(default_factory=list)
    forward: Calls = field(default_factory=list)
    backward: Calls = field(default_factory=list)
    writes: Calls = field(default_factory=list)
    kept: list[Array] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)
    is_step: bool = False


def bound(
    who: str,
    program: Program,
    find_names: Callable[..., Any],
    function: Callable[..., Any],
    changes: bool = True,
) -> BoundProgram:
    """A program with a memory of its own, its leaves' numbers filled in.

    Args:
        who: Who says so if it cannot be done.
        program: It.
        find_names: Gives nodes their names.
        function: What was recorded.
        changes: Whether it may change something outside of itself, as a training step does.

    Raises:
        CompileError: it goes by comparisons of numbers, or has Values among its arguments; or what
            it changes cannot be written down.
    """
    if program.guarded:
        raise CompileError(
            f"{who}: needs a function that does not compare numbers (`if v > 0`, `max`, `sorted`, "
            "or a check of targets and places that are arguments), as another call could take "
            "another path. Use where, maximum, minimum or clip; for an embedding weight[i], for "
            "cross_entropy (logsumexp(z, axis=1) - z[np.arange(len(y)), y]).mean()."
        )
    if program.effects:
        check_draws(who, program)
        if not changes:
            raise CompileError(
                f"{who}: needs a function that changes nothing outside of itself, but this one "
                "writes to parameters, gradients, an optimizer or running statistics. Leave the "
                "update out: compile the loss, after eval() if there is batch norm."
            )
        check_repeats(who, program)
    if program.value_count:
        raise CompileError(
            f"{who}: needs arguments that are numbers, arrays or Tensors, but got a Value. Pass a "
            "float, or use the Value from outside."
        )
    if program.tensor_count and program.array_arguments:
        raise CompileError(
            f"{who}: needs arguments of one kind, but got arrays and Tensors. Pass Tensors "
            "alone, or arrays alone."
        )
    program.fits_anew()
    space, out = Workspace(program, []), BoundProgram()
    program.gathered.take(space.leaf_numbers)
    _name_arguments(out, program, space, _parameters(function))
    grads: dict[int, Array] | None = None
    if program.effects:
        out.settings = settings(who, program, space)
        out.named += [(x, f"rate{k}", GIVEN) for k, (x, _) in enumerate(out.settings.filled)]
        out.kept = program.effects.arrays_kept()
        out.named += [(x, f"kept{k}", MADE) for k, x in enumerate(out.kept)]
        out.writes, found = writes(who, program, space)
        grads = found if program.is_step else None
    _name_leaves(out, program, space, Names(program, find_names), grads)
    copying = set() if space.effects is None else set(map(id, space.effects.copying))
    calls = [
        call for call in space.forward if id(call) not in copying and not _takes_leaves(call, space)
    ]
    out.forward = [*taken_over(program, space), *unrolled(calls)]
    out.results = _results(who, program, space)
    parts = [(name, places[0]) for name, places in out.arguments]
    _check_numbers(who, [*parts, *out.results, *((name, x) for name, x, _ in out.leaves)])
    out.is_step = program.is_step
    if not out.is_step:
        _backward(out, program, space)
    return out


def _check_numbers(who: str, parts: list[tuple[str, Array]]) -> None:
    """Refuse arrays without numbers: C has none, and what is written is for one shape."""
    for name, array in parts:
        if not array.size:
            raise CompileError(
                f"{who}: needs arrays with numbers in them, but {name} has shape {array.shape}. "
                "Call the function with an example first."
            )


def _takes_leaves(call: Any, space: Workspace) -> bool:
    """Whether a call puts single Values into the memory, which is where they are here."""
    target = getattr(call.func, "__self__", None)
    return isinstance(target, np.ndarray) and (
        call.func.__name__ == "__setitem__" and np.may_share_memory(target, space.leaf_numbers)
    )


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        kinds = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [x.name for x in kinds if x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD)]


def _name_arguments(
    out: BoundProgram, program: Program, space: Workspace, parameters: list[str]
) -> None:
    """The arguments in the order of the call, named as the function names them where that fits."""
    count = len(program.recording.floats)
    found: list[tuple[str, list[Any]]] = []
    if count:
        found.append(("data", [space.numbers[:count]]))
    tensors = [pair for pair in space.tensor_places if pair[0] < program.tensor_count]
    for pairs in (space.array_places, tensors):
        grouped: dict[int, list[Any]] = {}
        for k, place in pairs:
            grouped.setdefault(k, []).append(place)
        found += [("a", those) for those in grouped.values()]
    same = len(parameters) == len(found) and not (count and len(found) > 1)
    for k, (name, places) in enumerate(found):
        label = parameters[k] if same else name if name == "data" else f"a{k}"
        out.arguments.append((label, places))
        out.named += [(place, label, GIVEN) for place in places]


def _name_leaves(
    out: BoundProgram, program: Program, space: Workspace, names: Names,
    grads: dict[int, Array] | None,
) -> None:  # fmt: skip
    """The leaves and what is computed, named as in the listing.

    Of what changes, the numbers are where they stay; `grads` are a step's, by whose they are.
    """
    for k, begin in enumerate(program.placement.begins):
        shape = program.raised.instructions[k].out.shape
        size = int(np.prod(shape))
        if hasattr(program.raised.instructions[k], "body"):
            continue
        part = space.numbers[begin : begin + size]
        shape = shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
        out.named.append((part.reshape(shape), f"v{k}", MADE))
    leaf_of = {id(x.home.holder): x for x in program.graph.leaves if x.home is not None}
    known: set[int] = set()
    for owner, _, grad in space.windows:
        leaf = leaf_of.get(id(owner))
        label = names.known.get(owner) or names.known.get(leaf) or owner.label
        label = label.rpartition("[")[0] if label.endswith("]") else label
        known.add(id(owner))
        gradient = grad if grads is None else grads.get(id(owner))
        _add_leaf(out, names.own(label or "w", owner), owner._data, gradient)
    if len(space.leaf_numbers):
        gradient = space.leaf_grads if grads is None else grads.get(id(space))
        _add_leaf(out, "leaves", space.leaf_numbers, gradient)
    gradients = dict(space.gradients)
    written = {k for k, _ in program.effects.data}
    for k, (tensor, stand_in) in enumerate(program.tensors):
        is_read = stand_in.first in space.arrays
        if k < program.tensor_count or id(tensor) in known or not (is_read or k in written):
            continue
        label = names.own(names.known.get(tensor) or tensor.label or f"w{k}", tensor)
        array = tensor._data
        if tensor.requires_grad or k in written:
            _add_leaf(
                out, label, array, gradients.get(k) if grads is None else grads.get(id(tensor))
            )
        else:
            out.named.append((array, label, FIXED))
    for step, line, _ in names.array_lines():
        if step.kind not in (SOURCE, VIEW) and step.out in space.arrays:
            out.named.append((space.arrays[step.out], line.split(" ", 1)[0], MADE))


def _add_leaf(out: BoundProgram, label: str, numbers: Array, grad: Any) -> None:
    out.leaves.append((label, numbers, grad))
    out.named.append((numbers, label, LEAF))
    if grad is not None:
        out.named.append((grad, f"d_{label}", MADE))


def _results(who: str, program: Program, space: Workspace) -> list[tuple[str, Any]]:
    """Where the results lie; single numbers side by side as one. A step may have none."""
    found: list[Any] = []
    for x in program.outputs:
        if x.__class__ is int:
            at = int(program.placement.at[x])
            found.append(space.numbers[at : at + 1])
        elif isinstance(x, Tensor) and isinstance(x._data, Traced):
            found.append(space.arrays[x._data])
        elif isinstance(x, Traced):
            found.append(space.arrays[x])
        elif not (program.is_step and isinstance(x, Passed) and x.what is None):
            raise CompileError(
                f"{who}: needs results that are computed, but one is an argument, a parameter or a "
                "constant itself. Leave it out, or return 1.0 * it."
            )
    return [(f"out{k}" if len(found) > 1 else "out", x) for k, x in enumerate(found)]


def _backward(out: BoundProgram, program: Program, space: Workspace) -> None:
    """The calls of the backward pass, from a gradient of 1 of every result that has one."""
    if program.seeds:
        for k, seed in enumerate(program.seeds):
            array = space.arrays[seed]
            array[...] = 1.0
            out.named.append((array, f"seed{k}", GIVEN))
        out.backward += space.arrays.sections[1]
    if program.emitted.gradient is None:
        return
    first = np.zeros(len(space.seeds))
    first[space.result_seeds] = 1.0
    if not space.value_grads:
        space.seeds[:] = first
        out.named.append((space.seeds, "seed", GIVEN))
    else:
        out.backward.append(partial(np.positive, first, space.seeds))
    for places, grad, flowing in space.value_grads:
        row = np.zeros(len(places))
        out.backward.append(partial(taken, grad.reshape(-1), np.flatnonzero(flowing), out=row))
        out.backward.append(partial(np.add.at, space.seeds, places, row))
    out.backward += unrolled(space.scalars.sections[1])
