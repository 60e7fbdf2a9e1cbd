"""What hinders a network from learning its examples by heart."""

from __future__ import annotations

import numpy as np

from autograd import ShapeError
from autograd.checks import check_number
from autograd.tracing import drawn
from nn.generators import generator
from nn.operands import Operand, as_operand, shape_of


def dropout(
    x: Operand, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None
) -> Operand:
    """In training, each number is set to 0 with probability p and else divided by 1 - p.

    `nn.Dropout` is the layer, and has the source.

    Args:
        x: Any shape.
        p: The probability, in [0, 1).
        training: Whether anything happens at all.
        rng: Where the choices come from; by default what `nn.manual_seed` seeds.

    Returns:
        x's shape and dtype; x itself if nothing happens.

    Raises:
        ValueError: p outside [0, 1).
        TypeError: rng is something else, such as a seed.

    Example:
        >>> dropout(np.ones(6), rng=np.random.default_rng(0)).tolist()
        [2.0, 0.0, 0.0, 0.0, 2.0, 2.0]
    """
    return without_some("dropout", x, p, training, rng, whole_channels=False)


def dropout2d(
    input: Operand, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None
) -> Operand:
    """In training, whole channels are set to 0 with probability p and else divided by 1 - p.

    Args:
        input: (N, C, H, W).
        p: The probability, in [0, 1).
        training: Whether anything happens at all.
        rng: Where the choices come from; by default what `nn.manual_seed` seeds.

    Returns:
        input's shape and dtype; input itself if nothing happens.

    Raises:
        ShapeError: input has other axes.
        ValueError: p outside [0, 1).

    Example:
        >>> dropout2d(np.ones((1, 4, 1, 2)), rng=np.random.default_rng(0)).tolist()
        [[[[2.0, 2.0]], [[0.0, 0.0]], [[0.0, 0.0]], [[0.0, 0.0]]]]
    """
    return without_some("dropout2d", input, p, training, rng, whole_channels=True)


def without_some(
    who: str,
    x: Operand,
    p: float,
    training: bool,
    rng: np.random.Generator | None,
    whole_channels: bool,
) -> Operand:
    """x, with some numbers or channels 0 and the others larger in training."""
    p = check_number(who, "p", p, "in [0, 1)")
    if not training or not p:
        return x
    x = as_operand(who, x)
    shape = shape_of(x)
    if whole_channels:
        if len(shape) != 4:
            raise ShapeError(f"{who}: needs input of shape (N, C, H, W), but got {shape}.")
        shape = (*shape[:2], 1, 1)
    kept = drawn(generator(rng), shape) >= p
    kind = getattr(x, "dtype", np.dtype(float))
    return x * (kept.astype(float if kind.kind == "O" else kind) / (1 - p))
