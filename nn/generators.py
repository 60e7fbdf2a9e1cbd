"""Random generators: the default one, which `manual_seed` seeds, and those made of seeds."""

from __future__ import annotations

from numbers import Integral
from typing import TypeAlias

import numpy as np

from autograd.checks import came, check_int

Seed: TypeAlias = int | np.random.Generator

# Of the process, not of a context: a notebook runs every cell in a context of its own, so a seed
# kept there would be forgotten by the next cell. Threads that need their own pass rng=.
_shared = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Make what comes out of the default random generator repeat.

    Args:
        seed: An int >= 0.

    Raises:
        ValueError: seed < 0.
        TypeError: seed is no int.

    Example:
        >>> import nn
        >>> nn.manual_seed(0)
        >>> first = nn.Linear(2, 2)
        >>> nn.manual_seed(0)
        >>> second = nn.Linear(2, 2)
        >>> bool((first.weight.data == second.weight.data).all())
        True
    """
    seed = check_int("manual_seed", "seed", seed, least=0)
    _shared.bit_generator.state = np.random.default_rng(seed).bit_generator.state


def generator(rng: np.random.Generator | None = None) -> np.random.Generator:
    """`rng`, or the default generator, which `manual_seed` seeds.

    Where it is can be saved and restored: `nn.init.generator().bit_generator.state`.

    Raises:
        TypeError: rng is something else, such as a seed.
    """
    if rng is None:
        return _shared
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng: needs a NumPy Generator such as np.random.default_rng(0), but got {rng!r}."
        )
    return rng


def spawned() -> np.random.Generator:
    """Another generator, seeded by what comes out of the default one."""
    return np.random.default_rng(int(_shared.integers(2**63, dtype=np.uint64)))


def seeded(who: str, seed: Seed) -> np.random.Generator:
    """The generator that `seed` stands for; a Generator stands for itself and moves on.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> seeded("moons", rng) is rng
        True
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if not isinstance(seed, Integral):
        # None would mean a different dataset on every call: allowed, but only when asked for.
        raise TypeError(
            f"{who}: seed must be an int >= 0 or a numpy Generator, but got {came(seed)}. "
            f"For a fresh draw on every call pass np.random.default_rng()."
        )
    return np.random.default_rng(check_int(who, "seed", seed, least=0))
