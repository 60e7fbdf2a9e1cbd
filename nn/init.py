"""What parameters start as, and where the random numbers come from.

Every function fills a parameter in place and returns it; as in PyTorch, the underscore says so.
A whole model starts from N(0, σ²) with its biases at 0 like this:

>>> from nn import MLP, init
>>> model = MLP(4, [16], 3)
>>> for name, p in model.named_parameters():
...     _ = init.zeros_(p) if name.endswith("bias") else init.normal_(p, std=0.1)

In a weight (out, in, ...), as `Linear` has it, `fan_in` numbers meet in an output and an input goes
into `fan_out` of them.
"""

from __future__ import annotations

import math

import numpy as np

from autograd import ShapeError, Tensor
from autograd.checks import check_number, refuse
from nn.generators import generator as generator
from nn.generators import manual_seed as manual_seed
from nn.parameter import Parameter, is_unfilled


def zeros_(parameter: Parameter) -> Parameter:
    """All 0: for biases. Weights need to differ, or all neurons of a layer stay the same for good.

    Example:
        >>> zeros_(Parameter([1.0, 2.0]))
        Parameter([0., 0.])
    """
    if not is_unfilled(_checked("zeros_", parameter)):
        parameter.data = np.zeros(parameter.shape)
    return parameter


def uniform_(
    parameter: Parameter,
    a: float = 0.0,
    b: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
) -> Parameter:
    """Numbers drawn evenly from [a, b).

    Args:
        parameter: Of any shape.
        a: The lower end.
        b: The upper end, > a.
        rng: Where they come from; by default what `manual_seed` seeds.

    Raises:
        TypeError: parameter is none.
        ValueError: b <= a, or b - a is infinite.

    Example:
        >>> p = uniform_(Parameter(np.zeros((2, 3))), -0.1, 0.1)
        >>> bool((abs(p.data) <= 0.1).all())
        True
    """
    if not 0 < b - a < math.inf:
        raise ValueError(f"uniform_: needs a < b, but got {a} and {b}.")
    if not is_unfilled(_checked("uniform_", parameter)):
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

    Args:
        parameter: Of any shape.
        mean: The middle.
        std: σ, the standard deviation, >= 0.
        rng: Where they come from; by default what `manual_seed` seeds.

    Raises:
        TypeError: parameter is none.
        ValueError: std < 0.

    Example:
        >>> p = normal_(Parameter(np.zeros(1000)), std=0.1)
        >>> bool(0.08 < p.data.std() < 0.12)
        True
    """
    check_number("normal_", "std", std, ">= 0")
    if not is_unfilled(_checked("normal_", parameter)):
        parameter.data = generator(rng).normal(mean, std, parameter.shape)
    return parameter


def xavier_uniform_(
    parameter: Parameter, gain: float = 1.0, *, rng: np.random.Generator | None = None
) -> Parameter:
    """Even numbers of variance gain² · 2 / (fan_in + fan_out): for tanh and sigmoid layers.

    Forwards and backwards, signals keep about their size through such layers.

    Args:
        parameter: (out, in) or (in,), the weight of one neuron.
        gain: What the activation takes away; 5/3 is usual for tanh.
        rng: Where they come from; by default what `manual_seed` seeds.

    Raises:
        ShapeError: parameter is a single number.

    Source:
        X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS (2010), equation 16.

    Example:
        >>> p = xavier_uniform_(Parameter(np.zeros((2, 4))))
        >>> bool((abs(p.data) <= 1).all())
        True
    """
    bound = gain * math.sqrt(6 / sum(_fans("xavier_uniform_", parameter)))
    return uniform_(parameter, -bound, bound, rng=rng)


def xavier_normal_(
    parameter: Parameter, gain: float = 1.0, *, rng: np.random.Generator | None = None
) -> Parameter:
    """Normal numbers of variance gain² · 2 / (fan_in + fan_out); otherwise as `xavier_uniform_`.

    Example:
        >>> p = xavier_normal_(Parameter(np.zeros((100, 100))))
        >>> bool(0.09 < p.data.std() < 0.11)
        True
    """
    std = gain * math.sqrt(2 / sum(_fans("xavier_normal_", parameter)))
    return normal_(parameter, std=std, rng=rng)


def he_uniform_(parameter: Parameter, *, rng: np.random.Generator | None = None) -> Parameter:
    """Even numbers of variance 2 / fan_in: for ReLU layers, which take away half.

    PyTorch calls it kaiming_uniform_, after He's first name; so may you.

    Args:
        parameter: (out, in) or (in,), the weight of one neuron.
        rng: Where they come from; by default what `manual_seed` seeds.

    Raises:
        ShapeError: parameter is a single number.

    Source:
        K. He et al., "Delving deep into rectifiers", ICCV (2015), equation 10.

    Example:
        >>> p = he_uniform_(Parameter(np.zeros((2, 6))))
        >>> bool((abs(p.data) <= 1).all())
        True
    """
    bound = math.sqrt(6 / _fans("he_uniform_", parameter)[0])
    return uniform_(parameter, -bound, bound, rng=rng)


def he_normal_(parameter: Parameter, *, rng: np.random.Generator | None = None) -> Parameter:
    """Normal numbers of variance 2 / fan_in; otherwise as `he_uniform_`.

    Example:
        >>> p = he_normal_(Parameter(np.zeros((100, 200))))
        >>> bool(0.09 < p.data.std() < 0.11)
        True
    """
    return normal_(parameter, std=math.sqrt(2 / _fans("he_normal_", parameter)[0]), rng=rng)


kaiming_uniform_, kaiming_normal_ = he_uniform_, he_normal_


def _fans(who: str, parameter: Parameter) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, ...), or (in,) of one neuron."""
    shape = _checked(who, parameter).shape
    if not shape:
        raise ShapeError(f"{who}: needs a weight of shape (out, in) or (in,), but got ().")
    if len(shape) == 1:
        shape = (1, *shape)
    area = math.prod(shape[2:])
    return max(1, shape[1] * area), max(1, shape[0] * area)  # 0: there is nothing to fill


def _checked(who: str, parameter: Parameter) -> Parameter:
    given: object = parameter
    if not isinstance(given, Tensor):
        refuse(who, "parameter", "a Parameter, such as layer.weight", given, TypeError)
    return parameter
