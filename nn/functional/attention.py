"""Attention: for each query, a mean of values, weighted by how well their keys fit it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

import autograd
from autograd import ShapeError
from autograd.checks import check_number
from autograd.op import named
from autograd.rules.matrices import matrix_transpose
from nn.functional.regularisation import dropout
from nn.functional.targets import cast_like
from nn.operands import (
    Operand,
    all_values,
    as_operand,
    holds_values,
    numbers,
    refuse_options,
    shape_of,
    shape_or_type,
)

if TYPE_CHECKING:
    from autograd.arrays import Array

_MISSING = {"enable_gqa": (False, "Repeat the heads of key and value: key.repeat(n, axis=-3).")}


def _shapes(e: int) -> list[tuple[int, ...]]:
    """Shapes of query, key and value, by which a call of e axes is known in a graph."""
    return [(2,) * (e - 3) + shape for shape in ((e - 1, e), (e, e), (e, 3))]


@named("attention", shapes=_shapes)
def scaled_dot_product_attention(
    query: Operand,
    key: Operand,
    value: Operand,
    attn_mask: Operand | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    rng: np.random.Generator | None = None,
    **refused: object,
) -> Operand:
    r"""For each query a weighted mean of the values; keys that point its way weigh more.

    .. math:: Y = \mathrm{softmax}(s\, Q K^\top + M)\, V, \qquad s = 1 / \sqrt E

    The softmax is along the S keys. A query that may look at no key gets 0, as in PyTorch.

    Args:
        query: (..., L, E), Q.
        key: (..., S, E), K.
        value: (..., S, D), V.
        attn_mask: (L, S), or what broadcasts to (..., L, S): truth values, True where a query may
            look at a key; or numbers M, which are added, and may be learnt.
        dropout_p: The part of the weights that is set to 0, whatever mode a model is in.
        is_causal: Whether query i sees keys up to i alone; instead of attn_mask.
        scale: s; None for 1/√E.
        rng: Where dropout's choices come from; by default what `nn.manual_seed` seeds.
        **refused: PyTorch's enable_gqa, unless it is False.

    Returns:
        (..., L, D).

    Raises:
        ShapeError: the shapes do not fit.
        ValueError: both attn_mask and is_causal, or dropout_p outside [0, 1).
        TypeError: attn_mask is of whole numbers.

    Source:
        A. Vaswani et al., "Attention is all you need", NeurIPS (2017), section 3.2.1.

    Example:
        >>> query, key = [[10.0, 0.0]], [[10.0, 0.0], [0.0, 10.0]]
        >>> scaled_dot_product_attention(query, key, [[1.0], [2.0]]).round(4).tolist()
        [[1.0]]
        >>> scaled_dot_product_attention(query, key, [[1.0], [2.0]], [[False, True]]).tolist()
        [[2.0]]
    """
    who = "scaled_dot_product_attention"
    refuse_options(who, refused, _MISSING)
    query, key, value = (all_values(as_operand(who, x)) for x in (query, key, value))
    check_attention(who, query, key, value)
    if is_causal and attn_mask is not None:
        raise ValueError(f"{who}: needs attn_mask or is_causal, but got both. Pass a mask of both.")
    mask = as_operand(who, attn_mask)
    if is_causal:
        mask = causal_mask(shape_of(query)[-2], shape_of(key)[-2])
    weights = attention_weights(who, query, key, mask, scale)
    return autograd.matmul(dropout(weights, dropout_p, rng=rng), value)


named("attention with a mask", shapes=_shapes)(
    functools.partial(scaled_dot_product_attention, is_causal=True)
)


def attention_weights(
    who: str,
    query: Operand,
    key: Operand,
    mask: Operand | None = None,
    scale: float | None = None,
    softmax: Callable[[Operand], Operand] = autograd.safe_softmax,
) -> Operand:
    """How much each query (..., L, E) looks at each key (..., S, E): (..., L, S), rows of sum 1."""
    scale = (
        1 / math.sqrt(shape_of(query)[-1]) if scale is None else check_number(who, "scale", scale)
    )
    # The queries are fewer numbers than the scores, and so quicker to scale.
    scores = autograd.matmul(query * scale, matrix_transpose(key))
    if mask is not None:
        scores = _masked(who, scores, mask)
    return softmax(all_values(scores))


def _masked(who: str, scores: Operand, mask: Operand) -> Operand:
    shape, of_truths = shape_of(scores), is_of_truths(who, mask)
    try:
        fits = np.broadcast_shapes(shape_of(mask), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{who}: needs a mask that broadcasts to the scores' shape {shape}, but got "
            f"{shape_of(mask)}."
        )
    if of_truths and holds_values(scores):
        return autograd.where(mask, scores, -np.inf)  # without a node for each place
    # Added, a mask costs nothing on the way back: softmax's gradient is 0 where its number is -inf.
    return scores + cast_like(scores, np.where(mask, 0.0, -np.inf) if of_truths else mask)


def is_of_truths(who: str, mask: Operand) -> bool:
    """Whether a mask is of truth values, and not of numbers to be added; refused if of neither."""
    dtype = numbers(mask).dtype
    if dtype.kind not in "bf":
        raise TypeError(
            f"{who}: needs a mask of truth values or floats, but got dtype {dtype}. "
            "mask.astype(bool) makes truth values of 0 and 1."
        )
    return bool(dtype.kind == "b")


def causal_mask(length: int, keys: int) -> Array:
    """(length, keys) truth values: True where the key is not later than the query.

    Example:
        >>> causal_mask(2, 3).astype(int).tolist()
        [[1, 0, 0], [1, 1, 0]]
    """
    return np.tri(length, keys, dtype=bool)


def check_attention(who: str, query: Operand, key: Operand, value: Operand) -> None:
    """Refuse queries, keys and values whose shapes do not fit."""
    shapes = shape_of(query), shape_of(key), shape_of(value)
    q, k, v = shapes
    fits = min(map(len, shapes)) >= 2 and q[-1] == k[-1] and k[-2] == v[-2] and q[-1] * k[-2] > 0
    try:
        np.broadcast_shapes(q[:-2], k[:-2], v[:-2])
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{who}: needs query (..., L, E), key (..., S, E) and value (..., S, D), but got "
            f"{shape_or_type(query)}, {shape_or_type(key)} and {shape_or_type(value)}."
        )


named("attention with weights", shapes=_shapes)(
    lambda query, key, value: autograd.matmul(
        attention_weights("attention", query, key, softmax=autograd.softmax), value
    )
)
