"""Perturbed: a program run with what goes in changed in its last digits.

Two ways to add up the same numbers differ in the last digits, and some functions make much of that:

    1 / (0.1 + 0.2 - 0.3)      1.8e16; inf if the sum is added up from the other end

How much, a program tells when it is run on other numbers that are the same but for rounding. They
are put in memory of its own: what other threads may be using stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.arguments import Given
from autograd.compiler.effects import State
from autograd.compiler.program import Program
from autograd.compiler.replay import MISS, run
from autograd.compiler.results import CompiledOp
from autograd.tensor import Tensor
from autograd.value import Constant, Value


class Perturbed:
    """Numbers, arrays and nodes that are near others, each other one the same near one."""

    def __init__(self, seed: int | None) -> None:
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.nodes: dict[int, Any] = {}

    def near(self, x: Any) -> Any:
        """A number or an array with each float changed by rounding."""
        if self.rng is None:
            return x
        if isinstance(x, float):
            return float(x * (1 + 4e-16 * self.rng.integers(-1, 2)))
        if x.dtype.kind != "f":
            return x
        noise = self.rng.integers(-1, 2, x.shape) * 2 * np.finfo(x.dtype).eps
        return np.asarray(x * (1 + noise).astype(x.dtype))

    def node(self, x: Any) -> Any:
        """What stands for a node, unless that is an element of an array that is one itself."""
        if x.home is not None:
            return x
        if id(x) not in self.nodes:
            data = self.near(x._data)
            if isinstance(x, Tensor):
                self.nodes[id(x)] = Tensor(data, requires_grad=x.requires_grad)
            else:
                self.nodes[id(x)] = (Value if x.requires_grad else Constant)(data)
        return self.nodes[id(x)]


def perturbed(
    program: Program,
    given: Given,
    op: CompiledOp,
    nodes: Sequence[Any],
    seed: int | None,
    state: State,
) -> tuple[list[Any], list[Any]] | None:
    """The results, and what stands for some nodes; None if that takes another path.

    Args:
        program: What is run, in memory of its own.
        given: The arguments.
        op: What the results name as their operation.
        nodes: The nodes.
        seed: Which digits change; None: none of them.
        state: What the program changes, which is changed in its last digits, too.
    """
    by, arguments = Perturbed(seed), copy.copy(given)
    if program.effects is not None:  # which are on the nodes themselves
        for array in state.arrays.values():
            array[...] = by.near(array)
        for leaf, number, _ in state.values:
            leaf._data = by.near(number)
        arguments.floats = [*map(by.near, given.floats)]
        arguments.arrays = [*map(by.near, given.arrays)]
        found = run(program, arguments, op)
        return None if found is MISS else (found, [*nodes])
    other = copy.copy(program)
    other.graph, other.placement = copy.copy(program.graph), copy.copy(program.placement)
    other.graph.leaves = [*map(by.node, program.graph.leaves)]
    other.placement.arrays = [(by.node(x), start) for x, start in program.placement.arrays]
    other.tensors = [(by.node(x), stand_in) for x, stand_in in program.tensors]
    other.closed, other.bound, other.free = [], {}, []
    other._reached = {}
    for name in ("gathered", "closed_tensors"):
        vars(other).pop(name, None)
    for near, names in ((by.near, ("floats", "arrays")), (by.node, ("values", "tensors"))):
        for name in names:
            setattr(arguments, name, [*map(near, getattr(given, name))])
    with np.errstate(all="ignore"):
        found = run(other, arguments, op)
    return None if found is MISS else (found, [*map(by.node, nodes)])
