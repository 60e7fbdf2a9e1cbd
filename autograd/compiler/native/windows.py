"""Windows: convolutions and pooling as nests of loops.

A convolution adds up x · weight for every place of its result, over the channels and the places of
the kernel. As x is gone through with fixed steps, that is a product like that of matrices:

    out[n, m, p] = sum(x[n, c, p * stride + k * dilation] * weight[m, c, k] for c, k)

Where x is padded, it is copied into the middle of a larger memory before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd.compiler.native.loops import MADE, Apply, Code, Memory, Nest, Number, Ref
from autograd.compiler.native.memories import Memories, UnknownStep

Pairs = tuple[tuple[int, int], ...]


class Block:
    """An array (n, c, *size) with what stands around it: where its first number is, and steps."""

    def __init__(self, memory: Memory, begin: int, steps: tuple[int, ...]) -> None:
        self.memory, self.begin, self.steps = memory, begin, steps


def _padded(memories: Memories, x: Any, padding: Pairs, number: float) -> tuple[list[Nest], Block]:
    """The nests that put an array between so many numbers, and where it is then."""
    inside = [slice(-min(a, 0), n + min(b, 0)) for n, (a, b) in zip(x.shape[2:], padding)]  # noqa: B905
    x = x[(slice(None), slice(None), *inside)]
    around = [(max(a, 0), max(b, 0)) for a, b in padding]
    if not any(map(any, around)):
        ref = memories.target(x)
        steps = tuple(s // x.itemsize for s in x.strides)
        return [], Block(ref.memory, ref.offset, steps)
    lengths = [n + a + b for n, (a, b) in zip(x.shape[2:], around)]  # noqa: B905
    block = np.full((*x.shape[:2], *lengths), number, x.dtype)
    memory = memories.more("padded", block, MADE)
    there = tuple(slice(a, a + n) for n, (a, _) in zip(x.shape[2:], around))  # noqa: B905
    place = block[(slice(None), slice(None), *there)]
    begin = place.__array_interface__["data"][0] - block.__array_interface__["data"][0]
    out = memories.place_of(place, memory, begin // x.itemsize)
    around_it = tuple(s // x.itemsize for s in block.strides)
    return [Nest(x.shape, x.ndim, memories.ref(x), out)], Block(memory, 0, around_it)


def _check(*arrays: Any) -> None:
    *given, target = arrays
    if any(np.may_share_memory(x, target) for x in given):
        raise UnknownStep("a call that reads what it writes")
    if len({x.dtype for x in arrays}) > 1 or not all(x.size for x in arrays):
        raise UnknownStep("a convolution in several types")


def _times(x: Code, y: Code) -> Code:
    return Apply("multiply", (x, y), x.dtype)


def _met(block: Block, places: int, stride: Any, dilation: Any) -> tuple[tuple[int, ...], ...]:
    """The steps through a block along the places of the result, and along the kernel's."""
    steps = block.steps[2:]
    along = tuple(s * step for s, step in zip(stride, steps, strict=True))
    within = tuple(d * step for d, step in zip(dilation, steps, strict=True))
    return along, within


def convolved(
    memories: Memories, target: Any, x: Any, weight: Any, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `convolution`: axes n, group, channel out, places | channel in, kernel."""
    _check(x, weight, target)
    before, block = _padded(memories, x, padding, 0.0)
    places, kernel = target.shape[2:], weight.shape[2:]
    along, within = _met(block, len(places), stride, dilation)
    n, m, c = len(x), len(weight), weight.shape[1]
    axes = (n, groups, m // groups, *places, c, *kernel)
    apart = block.steps[1]
    taken = Ref(block.memory, block.begin, (block.steps[0], c * apart, 0, *along, apart, *within))
    w = memories.target(weight)
    none = (0,) * len(places)
    row = w.steps[0]
    by = Ref(w.memory, w.offset, (0, m // groups * row, row, *none, *w.steps[1:]))
    out = memories.target(target)
    step = out.steps[1]
    to = Ref(out.memory, out.offset, (out.steps[0], m // groups * step, step, *out.steps[2:]))
    memories.written(target)
    return [*before, Nest(axes, 3 + len(places), _times(taken, by), to, fold="add")]


def correlated(
    memories: Memories, target: Any, x: Any, y: Any, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `kernel_correlation`: axes group, channels, kernel | n, places."""
    _check(x, y, target)
    before, block = _padded(memories, x, padding, 0.0)
    places, kernel = y.shape[2:], target.shape[2:]
    along, within = _met(block, len(places), stride, dilation)
    m, c = target.shape[:2]
    axes = (groups, m // groups, c, *kernel, len(x), *places)
    apart = block.steps[1]
    taken = Ref(block.memory, block.begin, (c * apart, 0, apart, *within, block.steps[0], *along))
    g, none = memories.target(y), (0,) * len(kernel)
    channel = g.steps[1]
    by = Ref(
        g.memory, g.offset, (m // groups * channel, channel, 0, *none, g.steps[0], *g.steps[2:])
    )
    out = memories.target(target)
    to = Ref(out.memory, out.offset, (m // groups * out.steps[0], *out.steps))
    memories.written(target)
    return [*before, Nest(axes, 3 + len(kernel), _times(taken, by), to, fold="add")]


def spread_out(
    memories: Memories, target: Any, y: Any, weight: Any, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `transposed_convolution`: each product is added where it belongs."""
    _check(y, weight, target)
    if any(a < 0 or b < 0 for a, b in padding):
        raise UnknownStep("a convolution that takes elements away")
    places, kernel = y.shape[2:], weight.shape[2:]
    lengths = [n + a + b for n, (a, b) in zip(target.shape[2:], padding, strict=True)]
    whole = np.zeros((*target.shape[:2], *lengths), target.dtype)
    memory = memories.more("spread", whole, MADE)
    block = Block(memory, 0, tuple(s // whole.itemsize for s in whole.strides))
    along, within = _met(block, len(places), stride, dilation)
    n, m, c = len(y), len(weight), weight.shape[1]
    axes = (n, groups, m // groups, *places, c, *kernel)
    apart = block.steps[1]
    to = Ref(memory, 0, (block.steps[0], c * apart, 0, *along, apart, *within))
    g, w = memories.target(y), memories.target(weight)
    none, row, channel = (0,) * len(places), w.steps[0], g.steps[1]
    by = Ref(w.memory, w.offset, (0, m // groups * row, row, *none, *w.steps[1:]))
    zero = (0,) * (1 + len(kernel))
    given = Ref(
        g.memory, g.offset, (g.steps[0], m // groups * channel, channel, *g.steps[2:], *zero)
    )
    clear = Nest(
        whole.shape, whole.ndim, Number(0.0, whole.dtype), memories.place_of(whole, memory, 0)
    )
    inside = tuple(slice(a, a + n) for n, (a, _) in zip(target.shape[2:], padding, strict=True))
    kept = whole[(slice(None), slice(None), *inside)]
    begin = kept.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    memories.written(target)
    return [
        clear,
        Nest(axes, len(axes), _times(given, by), to, adds=True),
        Nest(
            kept.shape, kept.ndim, memories.place_of(kept, memory, begin // whole.itemsize),
            memories.target(target),
        ),
    ]  # fmt: skip


def pooled(
    memories: Memories, target: Any, x: Any, kernel: Any, stride: Any, padding: Any,
    dilation: Any = None, fold: str = "add",
) -> list[Nest]:  # fmt: skip
    """The nests of the largest number of each window, or of their sum."""
    _check(x, target)
    lowest = 0.0 if fold == "add" else -np.inf
    before, block = _padded(memories, x, padding, lowest)
    places = target.shape[2:]
    along, within = _met(block, len(places), stride, dilation or (1,) * len(places))
    taken = Ref(block.memory, block.begin, (*block.steps[:2], *along, *within))
    axes = (*target.shape, *kernel)
    memories.written(target)
    return [*before, Nest(axes, target.ndim, taken, memories.target(target), fold=fold)]


WINDOWS: dict[str, Callable[..., list[Nest]]] = {
    "_convolved": convolved,
    "_correlated": correlated,
    "_spread_out": spread_out,
    "_largest": partial(pooled, fold="maximum"),
    "_sums": pooled,
}
"""By the name of the rulebook's function of arrays."""
