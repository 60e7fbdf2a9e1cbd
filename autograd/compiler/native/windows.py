"""Windows: convolutions and pooling as nests of loops.

A convolution adds up x · weight for every place of its result, over the channels and the places of
the kernel. As x is gone through with fixed steps, that is a product like that of matrices:

    out[n, m, p] = sum(x[n, c, p * stride + k * dilation] * weight[m, c, k] for c, k)

So nothing is copied but for padding: then x is put in the middle of a larger memory before. The
examples are the innermost loop of what is kept, as the rulebook has them side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.native.loops import FIXED, MADE, Apply, Code, Memory, Nest, Number, Ref
from autograd.compiler.native.memories import Memories, UnknownStep
from autograd.rules.windows import size_of

if TYPE_CHECKING:
    from autograd.arrays import Array

FEW, PAGE = 4, 4096
"""More channels than that should not lie a multiple of so many bytes apart: the nearest memory has
few places for numbers whose addresses end alike."""

Lengths = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

MANY = 16
"""Of windows with more places no choice is written down: it would be that many steps deep."""


@dataclass(frozen=True)
class Block:
    """Where an array (n, c, *size) is: its first number, and how far to the next along each."""

    memory: Memory
    begin: int
    n: int
    c: int
    size: Lengths

    def moved(self, starts: Lengths) -> Block:
        """The part that begins at these places."""
        by = sum(a * step for a, step in zip(starts, self.size, strict=True))
        return replace(self, begin=self.begin + by)

    def ref(self, *steps: int) -> Ref:
        """A number of it in a nest whose axes have these steps."""
        return Ref(self.memory, self.begin, steps)

    def met(self, stride: Lengths, dilation: Lengths) -> tuple[Lengths, Lengths]:
        """The steps along the places of windows, and along those within one."""
        along = tuple(s * step for s, step in zip(stride, self.size, strict=True))
        return along, tuple(d * step for d, step in zip(dilation, self.size, strict=True))


def _block(memories: Memories, x: Array) -> Block:
    ref = memories.target(x)
    n, c, *size = (s // x.itemsize for s in x.strides)
    return Block(ref.memory, ref.offset, n, c, tuple(size))


def _own_block(
    memories: Memories,
    name: str,
    channels: int,
    size: Lengths,
    n: int,
    number: float,
    dtype: np.dtype[Any],
) -> tuple[Block, Memory]:
    """A memory of its own for (n, channels, *size), with the examples side by side."""
    if channels > FEW and math.prod(size) * n * dtype.itemsize % PAGE == 0:
        size = (size[0] + 1, *size[1:])
    whole = np.full((channels, *size, n), number, dtype)
    memory = memories.more(name, whole, MADE)
    c, *along, _ = (s // whole.itemsize for s in whole.strides)
    return Block(memory, 0, 1, c, tuple(along)), memory


def _copied(memories: Memories, x: Array, to: Block, back: bool = False) -> Nest:
    """The nest that puts an array into a block, or what is there into the array."""
    axes = (x.shape[1], *x.shape[2:], x.shape[0])
    mine = _block(memories, x)
    one, other = (block.ref(block.c, *block.size, block.n) for block in (mine, to))
    return Nest(axes, len(axes), *((other, one) if back else (one, other)))


def _padded(
    memories: Memories, x: Array, padding: Pairs, number: float
) -> tuple[list[Nest], Block]:
    """The nests that put an array between so many numbers, and where it is then."""
    kept = [slice(-min(a, 0), n + min(b, 0)) for n, (a, b) in zip(x.shape[2:], padding)]  # noqa: B905
    x = x[(slice(None), slice(None), *kept)]
    before = tuple(max(a, 0) for a, _ in padding)
    size = tuple(n + a + max(b, 0) for n, a, (_, b) in zip(x.shape[2:], before, padding))  # noqa: B905
    apart = x.shape[1] > FEW and x.strides[1] % PAGE == 0
    if size == x.shape[2:] and not apart:
        return [], _block(memories, x)
    block, _ = _own_block(memories, "padded", x.shape[1], size, len(x), number, x.dtype)
    return [_copied(memories, x, block.moved(before))], block


def _spread(
    memories: Memories, target: Array, places: Lengths, kernel: Lengths, stride: Lengths,
    padding: Pairs, dilation: Lengths, write: Callable[[Block, bool], Nest],
) -> list[Nest]:  # fmt: skip
    """The nests around one that adds something to all places of windows.

    The target is the windows without their padding; `write` gives the nest, told where the windows
    are, and whether it is to add.
    """
    if any(before < 0 for before, _ in padding):
        raise UnknownStep("padding that takes elements away in front")
    memories.written(target)
    size = size_of(places, kernel, stride, ((0, 0),) * len(kernel), dilation)
    clear: list[Nest] = []
    if not any(map(any, padding)):
        block = _block(memories, target)
        if size == tuple(p * k for p, k in zip(places, kernel, strict=True)):
            return [write(block, False)]  # each number is in just one window
        return [_cleared(memories, target), write(block, True)]
    block, memory = _own_block(
        memories, "spread", target.shape[1], size, len(target), 0.0, target.dtype
    )
    clear.append(Nest((memory.size,), 1, Number(0.0, target.dtype), Ref(memory, 0, (1,))))
    if any(behind < 0 for _, behind in padding):  # nothing comes where elements were taken away
        clear.append(_cleared(memories, target))
        ends = zip(target.shape[2:], padding, strict=True)
        inside = [slice(n + min(behind, 0)) for n, (_, behind) in ends]
        target = target[(slice(None), slice(None), *inside)]
    before = tuple(a for a, _ in padding)
    return [*clear, write(block, True), _copied(memories, target, block.moved(before), back=True)]


def _cleared(memories: Memories, target: Array) -> Nest:
    return Nest(target.shape, target.ndim, Number(0.0, target.dtype), memories.target(target))


def _check(*arrays: Array) -> None:
    *given, target = arrays
    if any(np.may_share_memory(x, target) for x in given):
        raise UnknownStep("a call that reads what it writes")
    if len({x.dtype for x in arrays}) > 1 or not all(x.size for x in arrays):
        raise UnknownStep("a convolution in several types")


def _times(x: Code, y: Code) -> Code:
    return Apply("multiply", (x, y), x.dtype)


# --- convolutions


def convolved(
    memories: Memories, target: Array, x: Array, weight: Array, stride: Lengths, padding: Pairs,
    dilation: Lengths, groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `convolution`: axes group, channel out, places, n | channel in, kernel."""
    _check(x, weight, target)
    before, block = _padded(memories, x, padding, 0.0)
    places, kernel = target.shape[2:], weight.shape[2:]
    along, within = block.met(stride, dilation)
    m, c = len(weight) // groups, weight.shape[1]
    w, out, none = _block(memories, weight), _block(memories, target), (0,) * len(places)
    taken = block.ref(c * block.c, 0, *along, block.n, block.c, *within)
    by = w.ref(m * w.n, w.n, *none, 0, w.c, *w.size)
    to = out.ref(m * out.c, out.c, *out.size, out.n)
    axes = (groups, m, *places, len(x), c, *kernel)
    memories.written(target)
    return [*before, Nest(axes, 3 + len(places), _times(taken, by), to, fold="add")]


def correlated(
    memories: Memories, target: Array, x: Array, y: Array, stride: Lengths, padding: Pairs,
    dilation: Lengths, groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `kernel_correlation`: axes group, channels, kernel | places, n."""
    _check(x, y, target)
    before, block = _padded(memories, x, padding, 0.0)
    places, kernel = y.shape[2:], target.shape[2:]
    along, within = block.met(stride, dilation)
    m, c = len(target) // groups, target.shape[1]
    copied, g = _padded(memories, y, ((0, 0),) * len(kernel), 0.0)
    out, none = _block(memories, target), (0,) * len(kernel)
    taken = block.ref(c * block.c, 0, block.c, *within, *along, block.n)
    by = g.ref(m * g.c, g.c, 0, *none, *g.size, g.n)
    to = out.ref(m * out.n, out.n, out.c, *out.size)
    axes = (groups, m, c, *kernel, *places, len(x))
    memories.written(target)
    return [*before, *copied, Nest(axes, 3 + len(kernel), _times(taken, by), to, fold="add")]


def spread_out(
    memories: Memories, target: Array, y: Array, weight: Array, stride: Lengths, padding: Pairs,
    dilation: Lengths, groups: int,
) -> list[Nest]:  # fmt: skip
    """The nests of `transposed_convolution`.

    For each place in the kernel what belongs there is added: axes kernel, group, channel in,
    places, n | channel out.
    """
    _check(y, weight, target)
    places, kernel = y.shape[2:], weight.shape[2:]
    m, c = len(weight) // groups, weight.shape[1]
    copied, g = _padded(memories, y, ((0, 0),) * len(places), 0.0)
    w, none = _block(memories, weight), (0,) * len(places)
    axes = (*kernel, groups, c, *places, len(y), m)
    given = g.ref(*none, m * g.c, 0, *g.size, g.n, g.c)
    by = w.ref(*w.size, m * w.n, w.c, *none, 0, w.n)

    def write(block: Block, adds: bool) -> Nest:
        along, within = block.met(stride, dilation)
        to = block.ref(*within, c * block.c, block.c, *along, block.n)
        return Nest(axes, len(axes) - 1, _times(given, by), to, fold="add", adds=adds)

    return copied + _spread(memories, target, places, kernel, stride, padding, dilation, write)


# --- pooling


def pooled(
    memories: Memories, target: Array, x: Array, kernel: Lengths, stride: Lengths, padding: Pairs,
    dilation: Lengths | None = None, fold: str = "add",
) -> list[Nest]:  # fmt: skip
    """The nests of the largest number of each window, or of their sum."""
    _check(x, target)
    before, block = _padded(memories, x, padding, 0.0 if fold == "add" else -np.inf)
    places = target.shape[2:]
    along, within = block.met(stride, dilation or (1,) * len(places))
    taken, out = block.ref(block.c, *along, block.n, *within), _block(memories, target)
    to = out.ref(out.c, *out.size, out.n)
    memories.written(target)
    axes = (target.shape[1], *places, len(x), *kernel)
    return [*before, Nest(axes, 2 + len(places), taken, to, fold=fold)]


def _each(kernel: Lengths, block: Block, places: Lengths, *how: Lengths) -> Iterator[Code]:
    """What a window has at each place, in a nest over channels, windows and examples."""
    if math.prod(kernel) > MANY:
        raise UnknownStep("a choice among many")
    along, within = block.met(*how)
    for place in np.ndindex(*kernel):
        by = sum(i * step for i, step in zip(place, within, strict=True))
        yield Ref(block.memory, block.begin + by, (block.c, *along, block.n))


def _over_windows(memories: Memories, array: Array) -> Ref:
    """A number for each window, in such a nest."""
    one = _block(memories, array)
    return one.ref(one.c, *one.size, one.n)


def _chosen(code: Code, place: Code) -> Code:
    return Apply("equal", (code, place), np.dtype(bool))


def places_of_largest(
    memories: Memories, target: Array, x: Array, largest: Array, kernel: Lengths, stride: Lengths,
    padding: Pairs, dilation: Lengths,
) -> list[Nest]:  # fmt: skip
    """The nests of `largest_in_windows`: the first that is the largest, or is nan."""
    _check(x, largest, np.empty(target.shape, x.dtype))
    before, block = _padded(memories, x, padding, -np.inf)
    places, most = target.shape[2:], _over_windows(memories, largest)
    numbers = list(_each(kernel, block, places, stride, dilation))
    code: Code = Number(len(numbers) - 1, target.dtype)
    for k, number in reversed(list(enumerate(numbers[:-1]))):
        nan = Apply("isnan", (number,), np.dtype(bool))
        test = Apply("logical_or", (_chosen(number, most), nan), np.dtype(bool))
        code = Apply("where", (test, Number(k, target.dtype), code), target.dtype)
    memories.written(target)
    axes = (target.shape[1], *places, len(x))
    return [*before, Nest(axes, len(axes), code, _over_windows(memories, target))]


def taken_from_windows(
    memories: Memories, target: Array, x: Array, chosen: Array, kernel: Lengths, stride: Lengths,
    padding: Pairs, dilation: Lengths,
) -> list[Nest]:  # fmt: skip
    """The nests of `from_windows`: of each window the number at the place that was chosen."""
    _check(x, target)
    before, block = _padded(memories, x, padding, 0.0)
    places, which = target.shape[2:], _over_windows(memories, chosen)
    code, *others = _each(kernel, block, places, stride, dilation)
    for k, number in enumerate(others, 1):
        code = Apply("where", (_chosen(which, Number(k, chosen.dtype)), number, code), x.dtype)
    memories.written(target)
    axes = (target.shape[1], *places, len(x))
    return [*before, Nest(axes, len(axes), code, _over_windows(memories, target))]


def put_into_windows(
    memories: Memories, target: Array, y: Array, chosen: Array | None, kernel: Lengths,
    stride: Lengths, padding: Pairs, dilation: Lengths,
) -> list[Nest]:  # fmt: skip
    """The nests of `to_windows`: axes channels, windows, kernel, n.

    At each place of a window, its number if that place was chosen; everywhere if nobody chose.
    """
    _check(y, target)
    places, none = y.shape[2:], (0,) * len(kernel)

    def ref(array: Array) -> Ref:
        one = _block(memories, array)
        return one.ref(one.c, *one.size, *none, one.n)

    code: Code = ref(y)
    if chosen is not None:
        numbers = np.arange(math.prod(kernel), dtype=chosen.dtype).reshape(kernel)
        place = memories.place_of(numbers, memories.more("places", numbers, FIXED), 0)
        place = replace(place, steps=(0, *none, *place.steps, 0))
        test = _chosen(ref(chosen), place)
        code = Apply("where", (test, code, Number(0.0, y.dtype)), y.dtype)
    axes = (y.shape[1], *places, *kernel, len(y))

    def write(block: Block, adds: bool) -> Nest:
        along, within = block.met(stride, dilation)
        return Nest(axes, len(axes), code, block.ref(block.c, *along, *within, block.n), adds=adds)

    return _spread(memories, target, places, kernel, stride, padding, dilation, write)


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
