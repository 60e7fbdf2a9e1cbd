"""Axes: along which axis of a nest there are vectors, and of which others several rounds at once.

Of five neurons' `dot(W, x)` with 64 examples the examples come in vectors, and four neurons at once
share what is read of x.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.compiler.native.loops import Nest, Ref

ROWS = COLUMNS = 4
"""So many rows of a product are computed at once at most; of a large one, that is added up along
vectors, also so many columns."""

SUMS = 8
"""So many vectors of sums are computed at once: the machine adds to one while others are on their
way. With half as many more all that is added up still stays in its registers."""

MANY = 1 << 16
"""So many multiplications make a product large: for smaller ones a short text is the better."""


def step(ref: Ref, axis: int | None) -> int:
    """How far a ref goes along an axis."""
    return ref.steps[axis] if axis is not None and axis < len(ref.steps) else 0


def vector_axis(nests: Sequence[Nest], read: Sequence[Ref], width: int) -> int | None:
    """The axis that is gone through several numbers at a time; None if that gains nothing."""
    nest = nests[0]
    if width < 2:
        return None
    looked_up = nest.out.place.steps if nest.out.place is not None else ()
    best, found = 0.0, None
    for axis, n in enumerate(nest.axes):
        kept = axis < nest.kept
        if n < 2 or (nest.adds and kept and not nest.out.steps[axis]):
            continue
        if kept and looked_up and looked_up[axis]:  # two places may be the same
            continue
        if not kept and nest.fold not in ("add", "maximum", "minimum"):
            continue
        strided = sum(ref.steps[axis] not in (0, 1) for ref in read)
        strided += sum(bool(ref.place is not None and step(ref.place, axis)) for ref in read)
        gain = n / -(-n // lanes_of(n, width))  # numbers in each vector
        cost = 1.0 + 2.0 * strided
        if kept and any(nest.out.steps[axis] != 1 for nest in nests):
            cost += 2.0 / max(1, nest.rounds // max(1, math.prod(nest.axes[: nest.kept])))
        if not kept:
            cost *= 1.3  # the sums have to be added up in the end
        if gain / cost > best:
            best, found = gain / cost, axis
    return found if best > 1.0 else None


def row_axis(nest: Nest, read: Sequence[Ref], v: int | None) -> int | None:
    """The axis of a product whose rounds share most of the vectors that are read."""
    if not nest.fold:
        return None
    axes = [k for k in range(nest.kept) if k != v]

    def gain(axis: int) -> tuple[int, int]:
        shared = sum(not step(ref, axis) for ref in read if step(ref, v))
        return min(nest.axes[axis], ROWS) * (1 + shared), shared

    return max(axes, key=gain, default=None)


def column_axis(nest: Nest, v: int | None, row: int | None) -> int | None:
    """Of a large product that is added up along vectors, another axis like that."""
    if v is None or v < nest.kept or nest.rounds < MANY:
        return None
    axes = [k for k in range(nest.kept) if k != row]
    return max(axes, key=lambda k: min(nest.axes[k], COLUMNS), default=None)


def lanes_of(n: int, width: int) -> int:
    """How many numbers vectors have: no more than there are, and a power of 2."""
    return 1 << (min(n, width).bit_length() - 1)


def is_repeatable(nests: Sequence[Nest]) -> bool:
    """Whether numbers may be computed again: nothing that is read at first is written later."""
    outs = {nest.out: nest.out.memory for nest in nests}
    written: set[Ref] = set()
    for nest in nests:
        if nest.adds or nest.out.place is not None:
            return False
        for ref in nest.refs:
            if ref in outs and ref not in written:
                return False
            if ref.place is not None and ref.memory in outs.values():
                return False
        written.add(nest.out)
    return True


def at_once(
    nest: Nest, v: int | None, row: int | None, column: int | None, lanes: int, again: bool
) -> dict[int | None, int]:
    """How many numbers along each of these axes are computed at once."""
    sizes: dict[int | None, int] = {v: lanes}
    for axis, most in ((row, ROWS), (column, COLUMNS)):
        if axis is not None:
            n = nest.axes[axis]
            whole = not again or (v is not None and v >= nest.kept)  # in vectors it is 2 or 4
            sizes[axis] = min(n, most) if whole else -(-n // -(-n // most))
    if nest.fold and again and v is not None and v < nest.kept:
        rows, vectors = sizes.get(row, 1), -(-nest.axes[v] // lanes)
        more = vectors if vectors * rows <= SUMS * 1.5 else SUMS // max(rows, 2)
        sizes[v] = min(nest.axes[v], lanes * more)
    return sizes
