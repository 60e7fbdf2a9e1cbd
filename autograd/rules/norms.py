"""The rulebook: the lengths of vectors and the sizes of matrices. All are compositions."""

from __future__ import annotations

import math
from typing import Any

from numpy.lib.array_utils import normalize_axis_tuple

from autograd.op import Operand, composition, numbers
from autograd.rules.choices import where
from autograd.rules.elementwise import abs as absolute
from autograd.rules.reductions import euclidean_norm, max, min, sum
from autograd.rules.shapes import Axes, astype, expand_dims, moveaxis
from autograd.rules.spectra import svdvals


@composition
def norm(x: Operand, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Any:
    """The length of a vector, or of the vectors along an axis; of a matrix, Frobenius' norm.

    Args:
        x: A Tensor, an array, or Values.
        ord: Of vectors a number p, for the p-th root of the sum of |x|**p: 2 (and None) is the
            Euclidean length, 1 the sum of absolute values, inf the largest and -inf the smallest
            of them; 0 counts what is not zero (plain, it has no derivative). Of matrices: "fro"
            (and None) the root of the sum of squares, "nuc" the sum of the singular values, 2 and
            -2 the largest and smallest of them, 1 and -1 the largest and smallest column sum of
            |x|, inf and -inf those of the rows.
        axis: The axis of the vectors, or the two of the matrices; None for all of x.
        keepdims: Leave the axes with length 1.
    Returns:
        Where all of a vector is 0 the derivative is 0.
    Raises:
        ValueError: there is no norm of that ord, or there are more than two axes and an ord.

    Example:
        >>> from autograd import Tensor, norm
        >>> norm(Tensor([3.0, -4.0])).item(), norm(Tensor([3.0, -4.0]), 1).item()
        (5.0, 7.0)
    """
    if x.dtype.kind in "bui":
        x = astype(x, float)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, "norm")
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if len(axes) == 2:
        return _of_matrices(x, ord, axes, keepdims)
    if len(axes) != 1 or isinstance(ord, str):
        raise ValueError(
            "norm: needs a number as the ord of vectors, and of matrices 1, 2, inf, their "
            f"negatives, 'fro' or 'nuc', but got {ord!r} along {len(axes)} axes."
        )
    return _of_vectors(x, ord, axes[0], keepdims)


def _of_vectors(x: Any, ord: float, axis: int, keepdims: bool) -> Any:
    if ord == 0:
        data = numbers(x)
        return (data != 0).astype(data.dtype).sum(axis=axis, keepdims=keepdims)
    size = absolute(x)
    if ord in (math.inf, -math.inf):
        return (max if ord > 0 else min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    total = sum(size**ord, axis=axis, keepdims=keepdims)
    if ord < 0:
        return total ** (1 / ord)
    is_zero = numbers(total) == 0
    return where(is_zero, 0.0, where(is_zero, 1.0, total) ** (1 / ord))


def _of_matrices(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axes
    if ord in (1, -1, math.inf, -math.inf):
        summed, rest = (rows, columns) if ord in (1, -1) else (columns, rows)
        found = sum(absolute(x), axis=summed, keepdims=True)
        found = (max if ord > 0 else min)(found, axis=rest, keepdims=True)
        kept = tuple(n for i, n in enumerate(found.shape) if i not in axes)
        return found if keepdims else found.reshape(kept)
    of_singular_values = {"nuc": sum, 2: max, -2: min}
    if ord not in of_singular_values:
        raise ValueError(
            "norm: needs ord 1, 2, inf, their negatives, 'fro' or 'nuc' of matrices, but got "
            f"{ord!r} along 2 axes."
        )
    found = of_singular_values[ord](svdvals(moveaxis(x, axes, (-2, -1))), axis=-1)
    return expand_dims(found, tuple(sorted(axes))) if keepdims else found
