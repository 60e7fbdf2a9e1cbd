"""What parameters start as, and where the random numbers come from.

Every function fills a parameter in place and returns it; as in PyTorch, the underscore says so.
"""

from __future__ import annotations

import numpy as np

from nn.parameter import Parameter

# Of the process, not of a context: a notebook runs every cell in a context of its own, so a seed
# kept there would be forgotten by the next cell. Threads that need their own pass rng=.
_shared = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Make what comes out of the default random generator repeat.

    Args:
        seed: An int >= 0.

    Raises:
        ValueError: seed < 0.

    Example:
        >>> import nn
        >>> nn.manual_seed(0)
        >>> first = nn.Linear(2, 2)
        >>> nn.manual_seed(0)
        >>> second = nn.Linear(2, 2)
        >>> bool((first.weight.data == second.weight.data).all())
        True
    """
    _shared.bit_generator.state = np.random.default_rng(seed).bit_generator.state


def generator(rng: np.random.Generator | None) -> np.random.Generator:
    """`rng`, or the default generator, which `manual_seed` seeds.

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


def uniform_(
    parameter: Parameter,
    a: float = 0.0,
    b: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
) -> Parameter:
    """Numbers drawn evenly from [a, b).

    Example:
        >>> p = uniform_(Parameter(np.zeros((2, 3))), -0.1, 0.1)
        >>> bool((abs(p.data) <= 0.1).all())
        True
    """
    parameter.data = generator(rng).uniform(a, b, parameter.shape)
    return parameter


def normal_(
    parameter: Parameter,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
) -> Parameter:
    """Numbers drawn from the normal distribution N(mean, std²).

    Example:
        >>> p = normal_(Parameter(np.zeros(1000)), std=0.1)
        >>> bool(0.08 < p.data.std() < 0.12)
        True
    """
    parameter.data = generator(rng).normal(mean, std, parameter.shape)
    return parameter
