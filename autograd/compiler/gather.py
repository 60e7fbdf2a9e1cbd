"""Gather and Scatter: numbers are taken out of an array, or put where they belong and added up.

Five neurons whose weights lie in one row w of fifteen numbers, biases last:

    W = gather(w, 10 numbers from the first on, as 5x2)      b = gather(w, 5 numbers from the tenth)

Each is the other's derivative: the gradient of w is scatter([that of W, that of b], at the same
places). A scatter is also what puts numbers of several arrays side by side, and a sum of terms: its
parts are added where they meet. So whatever is rearranged, forward and backward, is one of the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.places import Positions, View, layout
from autograd.compiler.tape import TAKE_OUT, Traced, shows
from autograd.node import Parts
from autograd.op import Structural
from autograd.tensor import Tensor

if TYPE_CHECKING:
    from autograd.arrays import Array, IntArray
    from autograd.compiler.tape import Where


def gather(x: Tensor, where: Where) -> Tensor:
    """The numbers at some places of an array, in the shape of `where`."""
    return Tensor._apply(_GATHER, (x,), {"where": where})


def scatter(
    parts: Sequence[Tensor],
    wheres: Sequence[Where],
    shape: tuple[int, ...],
    shown: Traced | None = None,
) -> Tensor:
    """An array of this shape, 0 but for the parts, each added at its places.

    Args:
        parts: The parts.
        wheres: Where each belongs.
        shape: The shape.
        shown: That very array, if it is there already.
    """
    params = {"wheres": tuple(wheres), "shape": shape, "shown": shown}
    return Tensor._apply(_SCATTER, tuple(parts), params)


def gathered(x: Traced, where: Where) -> Traced:
    """`gather` of a traced array."""
    if isinstance(where, View):
        if where.in_order and where.shape == x.shape:
            return x
        if not x.array.flags.c_contiguous:  # such as one number seen everywhere
            if where.in_order and _can_be_shown(x, where.shape):
                return x.tape.call(np.reshape, (x, where.shape))
            x = x.copy()
        return x.tape.call(View.of, (where, x))
    places = where.positions if isinstance(where, Positions) else where
    return x.tape.call(taken, (x, places))


def scattered(
    parts: Sequence[Traced],
    wheres: Sequence[Where],
    shape: tuple[int, ...],
    shown: Traced | None = None,
) -> Traced:
    """`scatter` of traced arrays."""
    if shown is not None:
        return shown
    pairs = [_unique(part, where) for part, where in zip(parts, wheres, strict=True)]
    (part, where), tape = pairs[0], pairs[0][0].tape
    if len(pairs) == 1 and isinstance(where, View) and where.in_order:
        if part.shape == shape:
            return part
        if _can_be_shown(part, shape):
            return tape.call(np.reshape, (part, shape))
    return tape.scatter([part for part, _ in pairs], [where for _, where in pairs], shape)


def _can_be_shown(x: Traced, shape: tuple[int, ...]) -> bool:
    """Whether an array can be seen in another shape without a copy, which would go stale."""
    return x.size == math.prod(shape) and shows(x.array.reshape(shape), x.array)


def _unique(part: Traced, where: Where | tuple[()]) -> tuple[Traced, Where]:
    """Add up within a part what goes to one place."""
    tape = part.tape
    if isinstance(where, Traced):
        return part, where
    if isinstance(where, tuple):
        return part, View.all(part.shape)
    if isinstance(where, View):
        if where.repeated:  # one number was used again and again
            part = tape.call(np.add.reduce, (part,), {"axis": where.repeated})
            where = where.without(where.repeated)
        if len(where.shape) < 2 or len(np.unique(where.positions)) == where.size:
            return part, where
    flat = where.positions.ravel()
    order = np.argsort(flat, kind="stable")
    places, starts = np.unique(flat[order], return_index=True)
    if len(places) == len(flat):
        return part, where
    row = tape.call(np.reshape, (part, (-1,)))
    if not np.array_equal(order, np.arange(len(order))):
        row = tape.call(taken, (row, order))
    return tape.call(np.add.reduceat, (row, starts)), layout(places)


def taken(source: Array, positions: IntArray, out: Array | None = None) -> Array:
    """The numbers at these positions, all of which there are."""
    return source.take(positions, out=out, mode="clip")  # which lets NumPy write into `out`


def choose(
    indices: IntArray,
    places: IntArray,
    table: IntArray,
    which: IntArray,
    out: IntArray | None = None,
) -> IntArray:
    """Where what lookups choose lies, by the indices at these places, or by lines of them.

    Args:
        indices: The indices.
        places: Which of them each lookup reads.
        table: A column for each set of candidates: where they lie.
        which: The column of each lookup.
        out: Where to write that.
    """
    found: IntArray = table[indices.take(places, -1), which]
    if out is None:
        return found
    out[...] = found
    return out


TAKE_OUT.update((taken, choose))


def _part(
    i: int, out_grad: Traced, out: Traced, inputs: list[Traced], params: dict[str, Any]
) -> Parts:
    return Parts(out_grad, params["where"], inputs[i].shape, None, scattered)


_GATHER = Structural(gathered, vjps=[lambda g, out, x, where: scattered([g], [where], x.shape)])
_GATHER.contribution = _part
_SCATTER = Structural(
    scattered, vjps=lambda i, g, out, parts, wheres, shape, shown: gathered(g, wheres[i])
)
