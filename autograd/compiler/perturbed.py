"""Perturbed: a program run with what goes in changed in its last digits.

Two ways to add up the same numbers differ in the last digits, and some functions make much of that:

    1 / (0.1 + 0.2 - 0.3)      1.8e16; inf if the sum is added up from the other end

How much, a program tells when it is run on other numbers that are the same but for rounding. They
are put in memory of its own: what other threads may be using stays as it is.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np

from autograd.compiler.arguments import Given
from autograd.compiler.program import Program
from autograd.compiler.replay import run


def perturbed(program: Program, given: Given, seed: int | None) -> Any:
    """What is returned; MISS if that takes another path.

    Args:
        program: What is run.
        given: The arguments.
        seed: Which digits change; None: none of them.
    """
    rng = np.random.default_rng(seed)

    def near(x: Any) -> Any:
        """A number or an array with each float changed by rounding."""
        if isinstance(x, float):
            return float(x * (1 + 4e-16 * rng.integers(-1, 2)))
        if x.dtype.kind != "f":
            return x
        noise = rng.integers(-1, 2, x.shape) * 2 * np.finfo(x.dtype).eps
        return np.asarray(x * (1 + noise).astype(x.dtype))

    def perturb() -> None:
        """Change the numbers of leaves, which are copied before this, and used after."""
        windows = [window for _, window in space.moving]
        for array in (space.leaf_numbers, *windows, *(place for _, place in space.tensor_places)):
            array[...] = near(array)

    arguments, other = copy.copy(given), copy.copy(program)
    other.native = None
    other.bind({}, program.kept)
    space = other.workspace()
    if seed is not None:
        arguments.floats, arguments.arrays = ([*map(near, x)] for x in (given.floats, given.arrays))
        space.forward.insert(len(space.homes), partial(perturb))
    other.free.append(space)
    with np.errstate(all="ignore"):
        return run(other, arguments)
