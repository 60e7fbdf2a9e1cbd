"""Checks that the generators share; each names the function that was called."""

import math
from numbers import Integral, Real
from typing import TypeAlias

import numpy as np

Seed: TypeAlias = int | np.random.Generator


def need_int(who: str, name: str, value: int, *, least: int) -> None:
    """Refuse anything but an int of at least `least`.

    Example:
        >>> need_int("moons", "n", 1, least=2)
        Traceback (most recent call last):
        ValueError: moons: n must be >= 2, but got 1.
    """
    if not isinstance(value, Integral):
        raise TypeError(f"{who}: {name} must be an int, but got {value!r}.")
    if value < least:
        raise ValueError(f"{who}: {name} must be >= {least}, but got {value}.")


def need_nonnegative(who: str, name: str, value: float) -> None:
    """Refuse anything but a finite number of at least 0.

    Example:
        >>> need_nonnegative("moons", "noise", -0.1)
        Traceback (most recent call last):
        ValueError: moons: noise must be finite and >= 0, but got -0.1.
    """
    if not isinstance(value, Real):
        raise TypeError(f"{who}: {name} must be a number, but got {value!r}.")
    if not 0 <= value < math.inf:
        raise ValueError(f"{who}: {name} must be finite and >= 0, but got {value}.")


def generator(who: str, seed: Seed) -> np.random.Generator:
    """The generator that `seed` stands for; a Generator stands for itself and moves on.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> generator("moons", rng) is rng
        True
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if not isinstance(seed, Integral):
        # None would mean a different dataset on every call: allowed, but only when asked for.
        raise TypeError(
            f"{who}: seed must be an int >= 0 or a numpy Generator, but got {seed!r}. "
            f"For a fresh draw on every call pass np.random.default_rng()."
        )
    need_int(who, "seed", seed, least=0)
    return np.random.default_rng(seed)
