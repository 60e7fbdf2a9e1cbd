"""What hinders a network from learning its examples by heart."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.checks import check_number
from autograd.tracing import recorder
from nn.generators import generator
from nn.operands import as_operand, shape_of


def dropout(
    x: Any, p: float = 0.5, training: bool = True, *, rng: np.random.Generator | None = None
) -> Any:
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
    p = check_number("dropout", "p", p, "in [0, 1)")
    if not training or not p:
        return x
    x = as_operand("dropout", x)
    mode = recorder()
    if mode is not None:  # a compiled function
        mode.refuse(
            "the random mask of Dropout",
            "Call model.eval() first, or multiply by a mask that is passed as an argument.",
        )
    kept = generator(rng).random(shape_of(x)) >= p
    return x * (np.asarray(kept, getattr(x, "dtype", float)) / (1 - p))
