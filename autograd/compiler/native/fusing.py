"""Fusing: nests that follow one another and go through the same rounds become one.

Adam's update of five neurons' parameters is a dozen calls on rows of fifteen numbers. As one loop
it reads each parameter once, and what one call hands to the next stays in a register. Every result
is still written: somebody may want it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd.compiler.native.loops import Column, Memory, Nest, Ref

MOST = 24
"""So many nests at most become one loop."""


def fused(nests: Sequence[Nest], times: int = 1) -> list[list[Nest]]:
    """The nests in groups; those of a group are gone through in one loop, in each round in order.

    Args:
        nests: The nests.
        times: How often all of them are made, one after the other.

    Example:
        >>> import numpy as np
        >>> from autograd.compiler.native.loops import Memory
        >>> a, b, c = (Ref(Memory(x, (5,), np.dtype(float), None), 0, (1,)) for x in "abc")
        >>> first, second = Nest((5,), 1, a, b), Nest((5,), 1, b, c)
        >>> [len(group) for group in fused([first, second])]
        [2]
    """
    groups: list[list[Nest]] = []
    for nest in nests:
        if groups and _follows(nest, groups[-1], times):
            groups[-1].append(nest)
        else:
            groups.append([nest])
    return groups


def _follows(nest: Nest, group: list[Nest], times: int) -> bool:
    """Whether a nest can be part of the loop of those before it."""
    if len(group) >= MOST or nest.axes != group[0].axes:
        return False
    if not _is_plain(nest) or not all(map(_is_plain, group)):
        return False
    axes = nest.axes
    for other in group:
        if not all(_same_or_apart(ref, other.out, axes, times) for ref in (*nest.refs, nest.out)):
            return False
        if not all(_same_or_apart(nest.out, ref, axes, times) for ref in other.refs):
            return False
    return True


def _is_plain(nest: Nest) -> bool:
    """Whether each round computes one number from those of the same round."""
    if nest.fold or nest.adds or nest.stops:
        return False
    distinct = all(step or n == 1 for step, n in zip(nest.out.steps, nest.axes, strict=True))
    return distinct and all(ref.place is None for ref in (*nest.refs, nest.out))


def _same_or_apart(x: Ref, y: Ref, axes: Sequence[int], times: int) -> bool:
    """Whether two refs are the same number in each round, or never in any."""
    if x == y:
        return True
    (low, high), (begin, end) = _span(x, axes), _span(y, axes)
    pairs = zip(_places(x, times), _places(y, times), strict=True)
    return all(
        memory is not other or high + at < begin + there or end + there < low + at
        for (memory, at), (other, there) in pairs
    )


def _places(ref: Ref, times: int) -> Sequence[tuple[Memory, int]]:
    """For each round the memory, and by how far the ref is further there."""
    if isinstance(ref.memory, Column):
        return ref.memory.members
    return [(ref.memory, ref.turn * k) for k in range(times)]


def _span(ref: Ref, axes: Iterable[int]) -> tuple[int, int]:
    """The first and the last place that a ref goes to."""
    ways = [step * (n - 1) for step, n in zip(ref.steps, axes, strict=True)]
    return ref.offset + sum(min(w, 0) for w in ways), ref.offset + sum(max(w, 0) for w in ways)
