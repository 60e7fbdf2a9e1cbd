"""Replay: one call of a program, from its arguments to its results.

For five neurons a call copies the weights, the biases and the two inputs into a buffer, makes the
three NumPy calls, and reads five numbers out of it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd.adopted_values import GatheredValues
from autograd.compiler.arguments import Given
from autograd.compiler.binding import OtherShape
from autograd.compiler.outputs import Passed
from autograd.compiler.passes import node_of
from autograd.compiler.program import Program, Workspace
from autograd.compiler.results import Call, ResultTensor, ResultValue
from autograd.modes import active, recording
from autograd.tensor import Tensor
from autograd.transforms import running
from autograd.value import Constant


class Unfit(Exception):
    """What an optimizer or a leaf has is not what the program is for."""


MISS = object()
"""What a replay gives where the program does not fit the call."""


def run(program: Program, given: Given, spaces: list[Workspace] | None = None) -> Any:
    """One replay: what is returned, or MISS if no guard holds; its memory goes to `spaces`."""
    if not program.conditions.hold() and not program.fits_anew():
        return MISS
    if program.outside and program.is_there_twice(given.values, given.tensors):
        return MISS
    if program.recording.transforms and program.running != running():
        return MISS
    under_grad = recording() if active() else True
    if program.is_step and program.under_grad != under_grad:
        return MISS  # no loss has a backward pass under no_grad()
    leaves = program.leaves_of(given) if program.value_count else program.gathered
    tensors = program.tensors_of(given) if program.tensor_count else program.closed_tensors
    space = program.workspace()
    try:
        go = _run_guarded if program.guarded else _fill_and_run
        go(program, space, given, leaves, tensors)
    except (OtherShape, Unfit):
        program.release(space)
        return MISS
    if spaces is not None:
        spaces.append(space)
    graded = under_grad and not program.is_step
    call = Call(space, leaves.values, tensors) if graded else None  # who has the memory back
    # one node that is returned twice stays one
    found = [_result(space, k, program.outputs[k], call, given, tensors) for k in program.own]
    if program.places is not None:
        found = [found[k] for k in program.places]
    if space.effects is not None:
        space.effects.write(tensors, given)
    if call is None:
        program.release(space)
    return program.rebuild(found)


def _run_guarded(program: Program, space: Workspace, *given: Any) -> None:
    """Run and check the guards; warnings and draws count only if it was the right path."""
    kinds: set[str] = set()
    states = [(x, x.bit_generator.state) for x in program.effects.generators]
    try:
        with np.errstate(all="call", call=lambda kind, flag: kinds.add(kind), under="ignore"):
            _fill_and_run(program, space, *given)
        fits = program.guards_hold(space)
    except (IndexError, ValueError):
        fits = False  # as may happen on a wrong path; on the right one, recording it shows it
    if not fits:
        for generator, state in states:
            generator.bit_generator.state = state
        raise Unfit
    if kinds:
        _warn_of(kinds)


def _fill_and_run(
    program: Program, space: Workspace, given: Given, leaves: GatheredValues, tensors: list[Tensor]
) -> None:
    """Put the numbers of this call in their places, and run forward."""
    if given.floats:
        if type(given.floats) is list:
            program.packing.pack_into(space.bytes, 0, *given.floats)
        else:  # read natively
            space.given[:] = given.floats
    if program.order and not space.homes:
        leaves.take(space.leaf_numbers)
    for owner, window in space.moving:
        window[...] = owner._data
    for k, place in space.array_places:
        place[...] = given.arrays[k]
    for k, place in space.tensor_places:
        place[...] = tensors[k]._data
    if space.effects is not None and not space.effects.fill(tensors, given):
        raise Unfit
    native = program.native
    if native is not None and (space.native is None or space.native is not native.state):
        native.prepare(space)  # now that the numbers are there on which it is tried
    for call in space.forward:
        call()


def _result(
    space: Workspace, place: int, x: Any, call: Call | None, given: Given, tensors: list[Tensor]
) -> Any:
    if x.__class__ is int:  # a row
        number_now, needs, is_plain = space.returned[place]
        number: float = number_now()
        if call is not None and needs:
            return ResultValue(number, call, place)
        return number if is_plain else Constant(number)
    if isinstance(x, Passed):
        if x.kind == "leaf":
            return space.program.graph.leaf(x.what, given.values)
        return tensors[x.what] if x.kind == "tensor" else x.what
    if isinstance(x, Tensor):
        array = space.returned[place].copy()
        if call is not None and x.requires_grad:
            return ResultTensor(array, call, place)
        return node_of(array)
    array = space.returned[place].copy()
    return array[()] if x.number else array  # NumPy gives its scalar, a Tensor an array


_SETTINGS = {"divide by zero": "divide", "overflow": "over", "invalid value": "invalid"}


def _warn_of(kinds: set[str]) -> None:
    """NumPy's warnings of a run that turned out to be the right one."""
    for kind in sorted(x for x in kinds if dict(np.geterr())[_SETTINGS[x]] != "ignore"):
        warnings.warn(f"{kind} encountered in a compiled function", RuntimeWarning, stacklevel=4)
