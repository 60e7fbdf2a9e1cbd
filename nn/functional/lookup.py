"""Rows of a table, found by their numbers."""

from __future__ import annotations

import autograd
from autograd import ShapeError
from autograd.checks import check_int, refuse
from nn.operands import (
    Operand,
    all_values,
    as_operand,
    numbers,
    refuse_options,
    shape_of,
    shape_or_type,
)

EMBEDDING_OPTIONS = {
    "max_norm": (None, "Divide the rows of weight.data by their norms after each step."),
    "norm_type": (2.0, "It belongs to max_norm, which is not to be had either."),
    "scale_grad_by_freq": (False, "Weight the loss by how often each thing comes."),
    "sparse": (False, "Gradients are whole arrays here."),
}
"""What PyTorch's has beyond ours: the default, and what to do without."""


def embedding(
    input: Operand, weight: Operand, padding_idx: int | None = None, **refused: object
) -> Operand:
    r"""Row :math:`i` of the weight for each number i of the input.

    .. math:: y_{jk} = W_{i_j k}, \qquad
        \frac{\partial L}{\partial W_{ik}} = \sum_{j:\, i_j = i} \frac{\partial L}{\partial y_{jk}}

    Args:
        input: (...) whole numbers, each in [0, n).
        weight: (n, d), the table.
        padding_idx: A row, in [-n, n), that gets no gradient where it is looked up.
        **refused: PyTorch's max_norm, norm_type, scale_grad_by_freq and sparse, unless they have
            their defaults.

    Returns:
        (..., d), of weight's dtype.

    Raises:
        TypeError: input is not of whole numbers, or max_norm or its like is given.
        ValueError: a number outside [0, n), or padding_idx outside [-n, n).
        ShapeError: weight is not a matrix.

    Example:
        >>> embedding([2, 0], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).tolist()
        [[5.0, 6.0], [1.0, 2.0]]
    """
    refuse_options("embedding", refused, EMBEDDING_OPTIONS)
    weight = all_values(as_operand("embedding", weight))
    if len(shape_of(weight)) != 2:
        raise ShapeError(
            f"embedding: needs weight of shape (n, d), but got {shape_or_type(weight)}. First the "
            "numbers, then the table."
        )
    padding = padding_row("embedding", padding_idx, shape_of(weight)[0])
    return looked_up("embedding", input, weight, padding)


def padding_row(who: str, padding_idx: int | None, count: int) -> int | None:
    """The row that padding_idx stands for; a negative one counts from the end, as in PyTorch."""
    if padding_idx is None:
        return None
    row = check_int(who, "padding_idx", padding_idx)
    if not -count <= row < count:
        refuse(who, "padding_idx", f"in [-{count}, {count})", padding_idx, ValueError)
    return row % count


def looked_up(who: str, index: Operand, weight: Operand, padding: int | None) -> Operand:
    """The rows of these numbers, checked; no gradient goes to the row `padding`."""
    index = numbers(as_operand(who, index))
    if index.dtype.kind not in "iu":
        raise TypeError(f"{who}: needs whole numbers, but got dtype {index.dtype}.")
    count = shape_of(weight)[0]
    if index.size and (index.min() < 0 or index.max() >= count):
        wrong = index[(index < 0) | (index >= count)].flat[0]
        raise ValueError(f"{who}: needs every number in [0, {count}), but got {wrong}.")
    rows = autograd.getitem(weight, index)
    if padding is None:
        return rows
    constant = numbers(weight)[padding]
    return all_values(autograd.where((index == padding)[..., None], constant, rows))
