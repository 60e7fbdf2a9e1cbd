"""Weighted sums: what dense layers, attention and recurrent cells have in common."""

from __future__ import annotations

import autograd
from nn.operands import Operand, all_values, as_operand


def linear(input: Operand, weight: Operand, bias: Operand | None = None) -> Operand:
    r"""Every output is a weighted sum of all inputs, :math:`y = x W^\top + b`.

    Args:
        input: (..., k), x.
        weight: (m, k), W; row j holds output j's weights.
        bias: (m,), b, or None.

    Returns:
        (..., m).

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> linear([[-1.0, 2.0], [1.0, 1.0]], [[3.0, -2.0]], [1.0]).tolist()
        [[-6.0], [2.0]]
    """
    input, weight, bias = (all_values(as_operand("linear", x)) for x in (input, weight, bias))
    return affine(input, weight, bias)


def affine(x: Operand, weight: Operand, bias: Operand) -> Operand:
    """`linear` of what has been checked."""
    if bias is None:
        return autograd.matmul(x, weight.T)
    # One node on Tensors. Of a close-up these are object arrays, on which NumPy multiplies and
    # adds the Values one by one.
    return autograd.linear(x, weight, bias)
