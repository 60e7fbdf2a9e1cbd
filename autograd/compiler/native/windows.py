"""Windows: convolutions and pooling as nests of loops.

A convolution adds up x · weight for every place of its result, over the channels and the places of
the kernel. The windows of x are a view of it, an axis for each of these:

    out[m, p, n] = sum(x[c, p * stride + k * dilation, n] * weight[m, c, k] for c, k)

So nothing is copied but for padding: then x is put in the middle of a larger memory before. The
examples are the last axis of what is kept, as the rulebook has them side by side.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.compiler.native.arithmetic import assigned, contracted, folded
from autograd.compiler.native.loops import FIXED, MADE, Apply, Code, Nest, Number
from autograd.compiler.native.memories import Memories, UnknownStep
from autograd.rules.windows import examples_last, size_of

if TYPE_CHECKING:
    from autograd.arrays import Array

FEW, PAGE = 4, 4096
"""More channels than that should not lie a multiple of so many bytes apart: the nearest memory has
few places for numbers whose addresses end alike."""

Lengths = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

MANY = 16
"""Of windows with more places no choice is written down: it would be that many steps deep."""

ALONG, WITHIN = "ABCDEFGHIJKLM", "NOPQRSTUVWXYZ"
"""Letters for the places of windows along each axis, and for those within a window."""


def _windows(
    x: Array, places: Lengths, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> Array:
    """What the windows of (c, *size, n) show: (c, *places, n, *kernel)."""
    c, *size, n = x.strides
    along = [s * step for s, step in zip(stride, size, strict=True)]
    within = [d * step for d, step in zip(dilation, size, strict=True)]
    shape = (len(x), *places, x.shape[-1], *kernel)
    return as_strided(x, shape, (c, *along, n, *within))


def _grouped(x: Array, groups: int) -> Array:
    """An array whose first axis is in groups: of it they are a view, as an axis becomes two."""
    return x.reshape(groups, len(x) // groups, *x.shape[1:])


def _own(memories: Memories, name: str, shape: Lengths, number: float, x: Array) -> Array:
    """A memory of its own for (c, *size, n), filled with a number of the type of x."""
    c, first, *size = shape
    apart = c > FEW and math.prod(shape[1:]) * x.itemsize % PAGE == 0
    whole = np.full((c, first + apart, *size), number, x.dtype)
    memories.more(name, whole, MADE)
    return whole[:, :first]


def _kept(x: Array, padding: Pairs) -> Array:
    """(c, *size, n) without what negative padding takes away behind."""
    ends = zip(x.shape[1:-1], padding, strict=True)
    return x[(slice(None), *(slice(n + min(behind, 0)) for n, (_, behind) in ends))]


def _inside(x: Array, of: Array, padding: Pairs) -> Array:
    """Where in a padded array another one lies."""
    ends = zip(of.shape[1:-1], padding, strict=True)
    return x[(slice(None), *(slice(before, before + n) for n, (before, _) in ends))]


def _padded(
    memories: Memories, x: Array, padding: Pairs, number: float = 0.0
) -> tuple[list[Nest], Array]:
    """(n, c, *size) as (c, *size, n) with so many numbers around; and the nests that put it so."""
    x = _kept(examples_last(x), padding)
    size = (n + a + max(b, 0) for n, (a, b) in zip(x.shape[1:-1], padding, strict=True))
    shape = (len(x), *size, x.shape[-1])
    if shape == x.shape and not (len(x) > FEW and x.strides[0] % PAGE == 0):
        return [], x
    block = _own(memories, "padded", shape, number, x)
    return assigned(memories, memories.ref(x), _inside(block, x, padding)), block


def _spread(
    memories: Memories, target: Array, places: Lengths, kernel: Lengths, stride: Lengths,
    padding: Pairs, dilation: Lengths, write: Callable[[Array, bool], list[Nest]],
) -> list[Nest]:  # fmt: skip
    """The nests around some that add something to all places of windows.

    The target is the windows without their padding; `write` gives the nests, told where the windows
    are, and whether they are to add.
    """
    size = size_of(places, kernel, stride, ((0, 0),) * len(kernel), dilation)
    target = block = examples_last(target)
    zero, copy = Number(0.0, target.dtype), list[Nest]()
    clear = list[Nest]()
    if any(map(any, padding)):
        block = _own(memories, "spread", (len(target), *size, target.shape[-1]), 0.0, target)
        inside = _kept(target, padding)
        copy = assigned(memories, memories.target(_inside(block, inside, padding)), inside)
        clear += assigned(memories, zero, block)
    adds = block is not target or size != tuple(map(operator.mul, places, kernel))
    if any(behind < 0 for _, behind in padding) or (adds and block is target):
        clear += assigned(memories, zero, target)
    seen = _windows(block, places, kernel, stride, dilation)
    return [*clear, *write(seen, adds), *copy]


def _check(*arrays: Array) -> None:
    *given, target = arrays
    if any(np.may_share_memory(x, target) for x in given):
        raise UnknownStep("a call that reads what it writes")
    if len({x.dtype for x in arrays}) > 1 or not all(x.size for x in arrays):
        raise UnknownStep("a convolution in several types")


# --- convolutions: for groups g, channels c in and m out, and n examples


def convolved(
    memories: Memories, target: Array, x: Array, weight: Array, stride: Lengths, padding: Pairs,
    dilation: Lengths, groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `convolution`."""
    _check(x, weight, target)
    before, x = _padded(memories, x, padding)
    kernel = weight.shape[2:]
    p, k = ALONG[: len(kernel)], WITHIN[: len(kernel)]
    seen = _windows(x, target.shape[2:], kernel, stride, dilation)
    arrays = (_grouped(x, groups) for x in (seen, weight, examples_last(target)))
    return [*before, *contracted(memories, f"gc{p}n{k},gmc{k}->gm{p}n", *arrays)]


def correlated(
    memories: Memories, target: Array, x: Array, y: Array, stride: Lengths, padding: Pairs,
    dilation: Lengths, groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `kernel_correlation`."""
    _check(x, y, target)
    before, x = _padded(memories, x, padding)
    places, kernel = y.shape[2:], target.shape[2:]
    copied, y = _padded(memories, y, ((0, 0),) * len(kernel))
    p, k = ALONG[: len(kernel)], WITHIN[: len(kernel)]
    seen = _windows(x, places, kernel, stride, dilation)
    arrays = (_grouped(x, groups) for x in (seen, y, target))
    return [*before, *copied, *contracted(memories, f"gc{p}n{k},gm{p}n->gmc{k}", *arrays)]


def spread_out(
    memories: Memories, target: Array, y: Array, weight: Array, stride: Lengths, padding: Pairs,
    dilation: Lengths, groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `transposed_convolution`: at each place in the kernel what belongs there."""
    _check(y, weight, target)
    places, kernel = y.shape[2:], weight.shape[2:]
    copied, y = _padded(memories, y, ((0, 0),) * len(kernel))
    p, k = ALONG[: len(kernel)], WITHIN[: len(kernel)]

    def write(seen: Array, adds: bool) -> list[Nest]:
        arrays = [_grouped(x, groups) for x in (y, weight, seen)]
        first = range(arrays[-1].ndim - len(kernel), arrays[-1].ndim)
        arrays[-1] = np.moveaxis(arrays[-1], first, range(len(kernel)))
        return contracted(memories, f"gm{p}n,gmc{k}->{k}gc{p}n", *arrays, adds=adds)

    return copied + _spread(memories, target, places, kernel, stride, padding, dilation, write)


# --- pooling


def pooled(
    memories: Memories, target: Array, x: Array, kernel: Lengths, stride: Lengths, padding: Pairs,
    dilation: Lengths | None = None, fold: str = "add",
) -> list[Nest]:  # fmt: skip
    """The nests of the largest number of each window, or of their sum."""
    _check(x, target)
    before, x = _padded(memories, x, padding, 0.0 if fold == "add" else -np.inf)
    seen = _windows(x, target.shape[2:], kernel, stride, dilation or (1,) * len(kernel))
    to = examples_last(target)
    return [*before, *folded(memories, fold, memories.ref(seen), seen.shape, to)]


def _each(memories: Memories, seen: Array, kernel: Lengths) -> Iterator[Code]:
    """What a window has at each place."""
    if math.prod(kernel) > MANY:
        raise UnknownStep("a choice among many")
    return (memories.ref(seen[(..., *place)]) for place in np.ndindex(*kernel))


def _is(code: Code, place: Code) -> Code:
    return Apply("equal", (code, place), np.dtype(bool))


def places_of_largest(
    memories: Memories, target: Array, x: Array, largest: Array, kernel: Lengths, stride: Lengths,
    padding: Pairs, dilation: Lengths,
) -> list[Nest]:  # fmt: skip
    """The nests of `largest_in_windows`: the first that is the largest, or is nan."""
    _check(x, largest, np.empty(target.shape, x.dtype))
    before, x = _padded(memories, x, padding, -np.inf)
    most = memories.ref(examples_last(largest))
    seen = _windows(x, target.shape[2:], kernel, stride, dilation)
    numbers = list(_each(memories, seen, kernel))
    code: Code = Number(len(numbers) - 1, target.dtype)
    for k, number in reversed(list(enumerate(numbers[:-1]))):
        nan = Apply("isnan", (number,), np.dtype(bool))
        test = Apply("logical_or", (_is(number, most), nan), np.dtype(bool))
        code = Apply("where", (test, Number(k, target.dtype), code), target.dtype)
    return [*before, *assigned(memories, code, examples_last(target))]


def taken_from_windows(
    memories: Memories, target: Array, x: Array, chosen: Array, kernel: Lengths, stride: Lengths,
    padding: Pairs, dilation: Lengths,
) -> list[Nest]:  # fmt: skip
    """The nests of `from_windows`: of each window the number at the place that was chosen."""
    _check(x, target)
    before, x = _padded(memories, x, padding)
    which = memories.ref(examples_last(chosen))
    seen = _windows(x, target.shape[2:], kernel, stride, dilation)
    code, *others = _each(memories, seen, kernel)
    for k, number in enumerate(others, 1):
        code = Apply("where", (_is(which, Number(k, chosen.dtype)), number, code), x.dtype)
    return [*before, *assigned(memories, code, examples_last(target))]


def put_into_windows(
    memories: Memories, target: Array, y: Array, chosen: Array | None, kernel: Lengths,
    stride: Lengths, padding: Pairs, dilation: Lengths,
) -> list[Nest]:  # fmt: skip
    """The nests of `to_windows`: axes channels, windows, kernel, n.

    At each place of a window, its number if that place was chosen; everywhere if nobody chose.
    """
    _check(y, target)

    def write(seen: Array, adds: bool) -> list[Nest]:
        seen = np.moveaxis(seen, len(seen.shape) - len(kernel) - 1, -1)

        def ref(x: Array) -> Code:
            one = np.expand_dims(examples_last(x), tuple(range(x.ndim - 1, seen.ndim - 1)))
            return memories.ref(np.broadcast_to(one, seen.shape))

        code = ref(y)
        if chosen is not None:
            numbers = np.arange(math.prod(kernel), dtype=chosen.dtype).reshape(kernel)
            memories.more("places", numbers, FIXED)
            place = memories.ref(np.broadcast_to(numbers[..., None], seen.shape))
            code = Apply("where", (_is(ref(chosen), place), code, Number(0.0, y.dtype)), y.dtype)
        return assigned(memories, code, seen, adds)

    return _spread(memories, target, y.shape[2:], kernel, stride, padding, dilation, write)


def put_everywhere(
    memories: Memories, target: Array, y: Array, kernel: Lengths, stride: Lengths, padding: Pairs
) -> list[Nest]:
    """The nests of `over_windows`: each number at all places of its window."""
    how = kernel, stride, padding, (1,) * len(kernel)
    return put_into_windows(memories, target, y, None, *how)


WINDOWS: dict[str, Callable[..., list[Nest]]] = {
    "_convolved": convolved,
    "_correlated": correlated,
    "_spread_out": spread_out,
    "_largest": partial(pooled, fold="maximum"),
    "_sums": pooled,
    "largest_in_windows": places_of_largest,
    "_taken": taken_from_windows,
    "_put": put_into_windows,
    "_everywhere": put_everywhere,
}
"""By the name of the rulebook's function of arrays."""
