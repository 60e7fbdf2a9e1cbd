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
from autograd.compiler.native.loops import FIXED, GIVEN, LEAF, MADE
from autograd.compiler.native.lowering import expanded
from autograd.compiler.program import Program, Workspace
from autograd.compiler.tape import SOURCE, VIEW
from autograd.compiler.traced import Traced
from autograd.errors import CompileError
from autograd.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.arrays import Array

Calls = list[Any]


@dataclass
class BoundProgram:
    """A program as calls on arrays.

    Attributes:
        named: Arrays that have a name, with what they hold.
        arguments: Each argument's name, and the places where its numbers go.
        leaves: What gets a gradient: its name, its numbers, and the gradient's.
        results: Each result's name and where it lies.
        seeds: The gradients of the results, from which the backward pass begins.
        forward, backward: The calls.
    """

    named: list[tuple[Any, str, str]] = field(default_factory=list)
    arguments: list[tuple[str, list[Any]]] = field(default_factory=list)
    leaves: list[tuple[str, Any, Any]] = field(default_factory=list)
    results: list[tuple[str, Any]] = field(default_factory=list)
    seeds: list[Any] = field(default_factory=list)
    forward: Calls = field(default_factory=list)
    backward: Calls = field(default_factory=list)


def bound(
    who: str, program: Program, find_names: Callable[..., Any], function: Callable[..., Any]
) -> BoundProgram:
    """A program with a memory of its own, its leaves' numbers filled in.

    Raises:
        CompileError: it goes by comparisons of numbers, or has Values among its arguments.
    """
    if program.guarded:
        raise CompileError(
            f"{who}: needs a function that does not compare numbers (`if v > 0`, `max`, `sorted`), "
            "as another call could take another path. Use where, maximum, minimum or clip."
        )
    if program.effects is not None:
        raise CompileError(
            f"{who}: needs a function that changes nothing outside of itself, but this one writes "
            "to parameters, gradients or an optimizer. Leave the update out: compile the loss."
        )
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
    space, out = Workspace(program, []), BoundProgram()
    _fill_leaves(program, space)
    _name_arguments(out, program, space, _parameters(function))
    _name_leaves(out, program, space, Names(program, find_names))
    out.forward = _forward(program, space)
    out.results = _results(who, program, space)
    _backward(out, program, space)
    return out


def _fill_leaves(program: Program, space: Workspace) -> None:
    program.gathered.take(space.leaf_numbers)
    for owner, window, _ in space.windows:
        window[...] = owner._data
    for k, place in space.tensor_places:
        place[...] = program.tensors[k][0]._data


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
    found += [("a", places) for places in space.array_places if places]
    tensors = [[x for j, x in space.tensor_places if j == k] for k in range(program.tensor_count)]
    found += [("a", places) for places in tensors if places]
    same = len(parameters) == len(found) and not (count and len(found) > 1)
    for k, (name, places) in enumerate(found):
        label = parameters[k] if same else name if name == "data" else f"a{k}"
        out.arguments.append((label, places))
        out.named += [(place, label, GIVEN) for place in places]


def _name_leaves(out: BoundProgram, program: Program, space: Workspace, names: Names) -> None:
    """The leaves and what is computed, named as in the listing."""
    for k, begin in enumerate(program.placement.begins):
        shape = program.raised.instructions[k].out.shape
        size = int(np.prod(shape))
        if hasattr(program.raised.instructions[k], "body"):
            continue
        part = space.numbers[begin : begin + size]
        shape = shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
        out.named.append((part.reshape(shape), f"v{k}", MADE))
    leaf_of = {id(x.home.holder): x for x in program.graph.leaves if x.home is not None}
    for owner, window, grad in space.windows:
        leaf = leaf_of.get(id(owner))
        label = names.known.get(owner) or names.known.get(leaf) or owner.label
        label = label.rpartition("[")[0] if label.endswith("]") else label
        _add_leaf(out, names.own(label or "w", owner), window, grad)
    if len(space.leaf_numbers):
        _add_leaf(out, "leaves", space.leaf_numbers, space.leaf_slopes)
    slopes = dict(space.gradients)
    for k, (tensor, stand_in) in enumerate(program.tensors):
        if k < program.tensor_count or stand_in.first not in space.arrays:
            continue
        label = names.own(names.known.get(tensor) or tensor.label or f"w{k}", tensor)
        array = space.arrays[stand_in.first]
        if tensor.requires_grad:
            _add_leaf(out, label, array, slopes.get(k))
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


def _forward(program: Program, space: Workspace) -> Calls:
    """What replay.py does between the arguments and the results."""
    numbers = space.numbers
    calls: Calls = [_collect(numbers, at, place) for at, place in space.given_places]
    calls += space.arrays.early
    calls += [partial(np.positive, array, place) for place, array in space.early_places]
    calls += expanded(space.scalars.sections[0])
    if program.uses_arrays:
        calls += [_collect(numbers, at, place) for at, place in space.value_places]
        calls += space.arrays.sections[0]
    return calls


def _collect(numbers: Array, positions: Any, out: Array) -> Callable[..., Any]:
    return partial(taken, numbers, np.asarray(positions, np.intp), out=out)


def _results(who: str, program: Program, space: Workspace) -> list[tuple[str, Any]]:
    """Where the results lie; single numbers side by side as one."""
    found: list[Any] = []
    for x in program.outputs:
        if x.__class__ is int:
            at = int(program.placement.at[x])
            found.append(space.numbers[at : at + 1])
        elif isinstance(x, Tensor) and isinstance(x._data, Traced):
            found.append(space.arrays[x._data])
        elif isinstance(x, Traced):
            found.append(space.arrays[x])
        else:
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
            out.seeds.append(array)
            out.named.append((array, f"seed{k}", GIVEN))
        out.backward += space.arrays.sections[1]
    if program.emitted.gradient is None:
        return
    first = np.zeros(len(space.seeds))
    first[space.result_seeds] = 1.0
    if not space.value_slopes:
        space.seeds[:] = first
        out.seeds.append(space.seeds)
        out.named.append((space.seeds, "seed", GIVEN))
    else:
        out.backward.append(partial(np.positive, first, space.seeds))
    for places, slope, flowing in space.value_slopes:
        row = np.zeros(len(places))
        out.backward.append(_collect(slope.reshape(-1), np.flatnonzero(flowing), row))
        out.backward.append(partial(np.add.at, space.seeds, places, row))
    out.backward += expanded(space.scalars.sections[1])
