"""The rulebook: convolutions and pooling, along as many axes as the kernel has.

A convolution adds up x · weight for every place of its result. Weighted with y and summed over all
places this is one number, linear in each of three arrays:

- x, (n, c, *size): n examples of c channels;
- weight, (m, c / groups, *kernel);
- y, (n, m, *places): a weight for each number of the result.

Its derivative by y is the `convolution` of x, that by x the `transposed_convolution` of y, that by
the weight the `kernel_correlation` of both. So each of the three has the other two as derivatives,
and there are derivatives of every order.

They are called with exact `padding`: a pair for each axis, how many zeros stand before and behind
(a negative number takes elements away), such that the last place ends where the padded axis does.
Pooling makes one number of each window of x, and tells windows in the same way. `nn.functional` has
`conv2d`, `max_pool2d` and their like, which take PyTorch's arguments.

Inside, the examples stand on the last axis, so what a place in the kernel meets is a few long runs
of memory, and a product of matrices does the rest.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.declarations import structural
from autograd.errors import ShapeError
from autograd.op import RULEBOOK, as_floats, call, dtype_of_sums, plain
from autograd.rules.matrices import one_array

Lengths = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def taps(kernel: Lengths, stride: Lengths, dilation: Lengths, places: Lengths) -> Iterator[Any]:
    """For each place in the kernel, the elements of the padded axes that it meets: slices.

    Example:
        >>> list(taps((2,), (1,), (3,), (5,)))
        [(slice(0, 5, 1),), (slice(3, 8, 1),)]
    """
    for position in np.ndindex(*kernel):
        starts = [i * d for i, d in zip(position, dilation, strict=True)]
        yield tuple(
            slice(start, start + (n - 1) * s + 1, s)
            for start, n, s in zip(starts, places, stride, strict=True)
        )


def places_of(
    who: str, size: Lengths, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Lengths:
    """At how many places along each axis a kernel fits.

    Raises:
        ShapeError: it fits at none, or the last place does not end where the padded axis does.
    """
    places = []
    for n, k, s, (before, behind), d in zip(size, kernel, stride, padding, dilation, strict=True):
        room = n + before + behind - (d * (k - 1) + 1)
        if room < 0 or room % s:
            raise ShapeError(
                f"{who}: needs padding with which kernels of length {k} (stride {s}, dilation {d}) "
                f"fill the axis, but got length {n} padded by {before} and {behind}."
            )
        places.append(room // s + 1)
    return tuple(places)


def size_of(
    places: Lengths, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Lengths:
    """How long the axes are on which a kernel has so many places."""
    return tuple(
        (n - 1) * s + d * (k - 1) + 1 - before - behind
        for n, k, s, (before, behind), d in zip(
            places, kernel, stride, padding, dilation, strict=True
        )
    )


def examples_last(x: Any) -> Any:
    """(n, c, *size) with the examples behind, (c, *size, n)."""
    return x.transpose((*range(1, x.ndim), 0))


def examples_first(x: Any) -> Any:
    """The reverse."""
    return x.transpose((x.ndim - 1, *range(x.ndim - 1)))


def padded(x: Any, padding: Pairs, number: float = 0.0) -> Any:
    """(n, c, *size) as one block of memory, (c, *padded size, n), with a number around it."""
    x = examples_last(x)
    if not any(map(any, padding)):
        return _in_one_block(x)
    size = x.shape[1:-1]
    lengths = [n + before + behind for n, (before, behind) in zip(size, padding, strict=True)]
    block = np.full((len(x), *lengths, x.shape[-1]), number, x.dtype)
    inside, kept = _inside(size, padding)
    _copy(x[kept], block[inside])
    return block


def _in_one_block(x: Any) -> Any:
    """An array with the examples last, in one block of memory: itself, if it is."""
    if x.flags.c_contiguous:
        return x
    block = np.empty(x.shape, x.dtype)
    _copy(x, block)
    return block


def _copy(x: Any, to: Any) -> None:
    """Copy an array with the examples last; where they lie far apart, eight at a time.

    That is a line of the cache, and takes a third of the time that NumPy does.
    """
    if not x.size or x.strides[-1] == x.itemsize:
        to[...] = x
        return
    for i in range(0, x.shape[-1], 8):
        to[..., i : i + 8] = x[..., i : i + 8]


def cropped(block: Any, padding: Pairs) -> Any:
    """The reverse: what stands around is taken off, and zeros come where elements were taken."""
    pairs = zip(block.shape[1:-1], padding, strict=True)
    size = tuple(n - before - behind for n, (before, behind) in pairs)
    inside, kept = _inside(size, padding)
    if all(behind >= 0 for _, behind in padding):
        return examples_first(block[inside])
    x = np.zeros((len(block), *size, block.shape[-1]), block.dtype)
    x[kept] = block[inside]
    return examples_first(x)


def _inside(size: Lengths, padding: Pairs) -> tuple[Any, Any]:
    """Where in a padded block an array lies, and what of the array lies there."""
    kept = [n + min(behind, 0) for n, (_, behind) in zip(size, padding, strict=True)]
    starts = [before for before, _ in padding]
    inside = [slice(start, start + n) for start, n in zip(starts, kept, strict=True)]
    return (slice(None), *inside), (slice(None), *map(slice, kept))


def _bands(met: int, places: Lengths, n: int) -> Iterator[tuple[int, Lengths]]:
    """The first axis of the places in parts: where each begins, and what places it has.

    Of each place and example the kernel meets so many numbers. All of them together would take more
    memory than is quick to get, and more than a small machine has for a large image.
    """
    row = max(1, met * math.prod(places[1:]) * n)
    step = max(1, _BAND // row)
    for start in range(0, places[0], step):
        yield start, (min(step, places[0] - start), *places[1:])


_BAND = 1 << 20  # numbers


@functools.cache
def _keep_memory() -> None:
    """Ask once for a block of memory and free it untouched, so that later ones are kept.

    The C library of Linux gives memory back to the system as soon as twice the largest block that
    was ever freed lies idle, and images then wait for fresh memory at every step: 1.6 times the
    time of training.
    """
    np.empty(31 << 20, np.uint8)


def _columns(
    block: Any, kernel: Lengths, stride: Lengths, dilation: Lengths, places: Lengths, groups: int
) -> Any:
    """What the kernel meets at each place: (groups, numbers it meets, places and examples)."""
    _keep_memory()
    n = block.shape[-1]
    columns = np.empty((len(block), math.prod(kernel), *places, n), block.dtype)
    for k, tap in enumerate(taps(kernel, stride, dilation, places)):
        columns[:, k] = block[(slice(None), *tap)]
    met = len(block) // groups * columns.shape[1]
    return columns.reshape(groups, met, math.prod(places) * n)


def _as_rows(weight: Any, groups: int) -> Any:
    """(m, c / groups, *kernel) as (groups, m / groups, numbers it meets)."""
    return weight.reshape(groups, len(weight) // groups, math.prod(weight.shape[1:]))


def _band_of(y: Any, start: int, places: Lengths, groups: int) -> Any:
    """A band of (m, *places, n) as (groups, m / groups, places and examples)."""
    band = y[:, start : start + places[0]]
    return band.reshape(groups, len(y) // groups, math.prod(places) * y.shape[-1])


@structural(
    symbol="conv",
    latex=r"{0} \ast {1}",
    vjps=(
        lambda g, out, x, weight, **how: RULEBOOK["transposed_convolution"](g, weight, **how),
        lambda g, out, x, weight, **how: RULEBOOK["kernel_correlation"](x, g, **how),
    ),
    examples=[
        call((2, 3, 5), (4, 3, 3), stride=(1,), padding=((1, 1),), dilation=(1,), groups=1),
        call((1, 4, 7), (2, 2, 2), stride=(2,), padding=((0, 0),), dilation=(2,), groups=2),
        call(
            (2, 1, 4, 5), (2, 1, 2, 3), stride=(2, 1), padding=((0, 0), (2, -1)), dilation=(1, 2),
            groups=1,
        ),
        call((0, 1, 3), (1, 1, 2), stride=(1,), padding=((0, 0),), dilation=(1,), groups=1),
    ],
)  # fmt: skip
def convolution(
    x: Any, weight: Any, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int = 1
) -> Any:
    """The sums of x by the weight at each place: (n, c, *size), (m, c / groups, *kernel).

    Example:
        >>> import numpy as np
        >>> from autograd import convolution
        >>> how = dict(stride=(1,), padding=((0, 0),), dilation=(1,), groups=1)
        >>> convolution(
        ...     np.array([[[1.0, 2.0, 4.0, 8.0]]]), np.array([[[1.0, -1.0]]]), **how
        ... ).tolist()
        [[[-1.0, -2.0, -4.0]]]
    """
    return _convolved(x, weight, stride, padding, dilation, groups)


@one_array
def _convolved(x: Any, weight: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Any:
    kernel, rows = weight.shape[2:], _as_rows(weight, groups)
    places = places_of("convolution", x.shape[2:], kernel, stride, padding, dilation)
    block, m, n = padded(x, padding), len(weight), len(x)
    out = np.empty((m, *places, n), dtype_of_sums(np.result_type(x, weight)))
    rows = rows.astype(out.dtype, copy=False)
    for start, band in _bands(len(block) * math.prod(kernel), places, n):
        columns = _columns(block[:, start * stride[0] :], kernel, stride, dilation, band, groups)
        out[:, start : start + band[0]] = (rows @ columns).reshape(m, *band, n)
    return examples_first(out)


@structural(
    symbol="convᵀ",
    latex=r"{0} \ast^T {1}",
    vjps=(
        lambda g, out, y, weight, **how: convolution(g, weight, **how),
        lambda g, out, y, weight, **how: RULEBOOK["kernel_correlation"](g, y, **how),
    ),
    examples=[
        call((2, 4, 5), (4, 3, 3), stride=(1,), padding=((1, 1),), dilation=(1,), groups=1),
        call((1, 2, 3), (2, 2, 2), stride=(2,), padding=((0, 0),), dilation=(2,), groups=2),
        call(
            (2, 2, 2, 3), (2, 1, 2, 3), stride=(2, 1), padding=((0, 0), (2, -1)), dilation=(1, 2),
            groups=1,
        ),
    ],
)  # fmt: skip
def transposed_convolution(
    y: Any, weight: Any, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int = 1
) -> Any:
    """Each number of y times the weight, added up where `convolution` would have met them.

    Example:
        >>> import numpy as np
        >>> from autograd import transposed_convolution
        >>> how = dict(stride=(1,), padding=((0, 0),), dilation=(1,), groups=1)
        >>> transposed_convolution(
        ...     np.array([[[1.0, 2.0]]]), np.array([[[1.0, -1.0]]]), **how
        ... ).tolist()
        [[[1.0, 1.0, -2.0]]]
    """
    return _spread_out(y, weight, stride, padding, dilation, groups)


@one_array
def _spread_out(y: Any, weight: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Any:
    kernel, rows = weight.shape[2:], _as_rows(weight, groups).transpose(0, 2, 1)
    places, c, n = y.shape[2:], groups * weight.shape[1], len(y)
    y = _in_one_block(examples_last(y))
    size = size_of(places, kernel, stride, ((0, 0),) * len(kernel), dilation)
    block = np.zeros((c, *size, n), dtype_of_sums(np.result_type(y, weight)))
    rows = rows.astype(block.dtype, copy=False)
    for start, band in _bands(c * math.prod(kernel), places, n):
        columns = rows @ _band_of(y, start, band, groups)
        columns = columns.reshape(c, math.prod(kernel), *band, n)
        part = block[:, start * stride[0] :]
        for k, tap in enumerate(taps(kernel, stride, dilation, band)):
            part[(slice(None), *tap)] += columns[:, k]
    return cropped(block, padding)


@structural(
    symbol="corr",
    latex=r"{0} \star {1}",
    vjps=(
        lambda g, out, x, y, **how: transposed_convolution(y, g, **how),
        lambda g, out, x, y, **how: convolution(x, g, **how),
    ),
    examples=[
        call((2, 3, 5), (2, 4, 5), stride=(1,), padding=((1, 1),), dilation=(1,), groups=1),
        call((1, 4, 7), (1, 2, 3), stride=(2,), padding=((0, 0),), dilation=(2,), groups=2),
    ],
)
def kernel_correlation(
    x: Any, y: Any, stride: Lengths, padding: Pairs, dilation: Lengths, groups: int = 1
) -> Any:
    """What each place in a kernel met, times y: the gradient of a convolution's weight.

    Example:
        >>> import numpy as np
        >>> from autograd import kernel_correlation
        >>> how = dict(stride=(1,), padding=((0, 0),), dilation=(1,), groups=1)
        >>> kernel_correlation(np.array([[[1.0, 2.0, 4.0]]]), np.ones((1, 1, 2)), **how).tolist()
        [[[3.0, 6.0]]]
    """
    return _correlated(x, y, stride, padding, dilation, groups)


@one_array
def _correlated(x: Any, y: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Any:
    places, m, n = y.shape[2:], y.shape[1], len(y)
    kernel = _kernel_of(x.shape[2:], places, stride, padding, dilation)
    places_of("kernel_correlation", x.shape[2:], kernel, stride, padding, dilation)
    block, y = padded(x, padding), _in_one_block(examples_last(y))
    met = len(block) // groups * math.prod(kernel)
    grad = np.zeros((groups, m // groups, met), dtype_of_sums(np.result_type(x, y)))
    y = y.astype(grad.dtype, copy=False)
    for start, band in _bands(len(block) * math.prod(kernel), places, n):
        columns = _columns(block[:, start * stride[0] :], kernel, stride, dilation, band, groups)
        grad += _band_of(y, start, band, groups) @ columns.transpose(0, 2, 1)
    return grad.reshape(m, len(block) // groups, *kernel)


def _kernel_of(
    size: Lengths, places: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Lengths:
    """How long a kernel is that has so many places."""
    return tuple(
        (n + before + behind - (p - 1) * s - 1) // d + 1
        for n, p, s, (before, behind), d in zip(
            size, places, stride, padding, dilation, strict=True
        )
    )


# --- pooling: the largest ---------------------------------------------------------------------


def _max_pool_vjp(
    g: Any, out: Any, x: Any, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Any:
    chosen = largest_in_windows(plain(x), plain(out), kernel, stride, padding, dilation)
    return to_windows(g, chosen, kernel, stride, padding, dilation)


@structural(
    symbol="max pool",
    latex=r"\operatorname{{max\_pool}}",
    vjps=(_max_pool_vjp,),
    examples=[
        call((2, 3, 6), kernel=(2,), stride=(2,), padding=((0, 0),), dilation=(1,)),
        call((1, 2, 5), kernel=(3,), stride=(1,), padding=((1, 1),), dilation=(2,)),
        call(
            (2, 1, 4, 5), kernel=(2, 3), stride=(2, 1), padding=((0, 0), (1, -1)), dilation=(1, 1)
        ),
        call((0, 1, 4), kernel=(2,), stride=(2,), padding=((0, 0),), dilation=(1,)),
    ],
)  # fmt: skip
def max_pool(x: Any, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths) -> Any:
    """The largest number of each window. The first of equals gets the gradient, as in PyTorch.

    Example:
        >>> import numpy as np
        >>> from autograd import max_pool
        >>> how = dict(kernel=(2,), stride=(2,), padding=((0, 0),), dilation=(1,))
        >>> max_pool(np.array([[[1.0, 5.0, 2.0, 3.0]]]), **how).tolist()
        [[[5.0, 3.0]]]
    """
    return _largest(x, kernel, stride, padding, dilation)


@one_array
def _largest(x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    block, windows = _windows("max_pool", x, kernel, stride, padding, dilation, _lowest(x.dtype))
    out = block[windows[0]].copy()
    for window in windows[1:]:
        np.maximum(out, block[window], out=out)
    return examples_first(out)


@one_array
def largest_in_windows(
    x: Any, largest: Any, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> Any:
    """Which number of each window is the largest, the first of equals or the first nan: its place.

    The places of a window are counted row by row.

    Example:
        >>> x, largest = np.array([[[1.0, 3.0, 3.0, 2.0]]]), np.array([[[3.0, 3.0]]])
        >>> largest_in_windows(x, largest, (2,), (2,), ((0, 0),), (1,)).tolist()
        [[[1, 0]]]
    """
    if x.dtype.kind == "f" and any(map(any, padding)) and (largest == -np.inf).any():
        # What is put around comes before no -inf of x, whose gradient would go nowhere.
        x, largest = (np.maximum(a, np.finfo(x.dtype).min) for a in (x, largest))
    block, windows = _windows("max_pool", x, kernel, stride, padding, dilation, _lowest(x.dtype))
    largest = examples_last(largest)
    # What comes before the first is counted: a fraction of the time of choosing by masks.
    missed = np.ones(largest.shape, bool)
    place = np.zeros(largest.shape, np.min_scalar_type(len(windows)))
    for window in windows[:-1]:
        number = block[window]
        missed &= (number != largest) & (number == number)
        place += missed
    return examples_first(place)


def _windows(
    who: str, x: Any, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths,
    number: float,
) -> tuple[Any, list[Any]]:  # fmt: skip
    """x padded with a number, and for each place in a window what is there in all windows."""
    places = places_of(who, x.shape[2:], kernel, stride, padding, dilation)
    block = padded(x, padding, number)
    return block, [(slice(None), *tap) for tap in taps(kernel, stride, dilation, places)]


def _lowest(dtype: Any) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -math.inf


# --- pooling: the way of the chosen ones ------------------------------------------------------


@structural(
    symbol="unpool",
    latex=r"\operatorname{{unpool}}",
    vjps=(lambda g, out, y, chosen, **how: RULEBOOK["from_windows"](g, chosen, **how),),
    examples=[
        call(
            (1, 1, 2), chosen=np.array([[[1, 0]]]), kernel=(2,), stride=(2,), padding=((0, 0),),
            dilation=(1,),
        ),
        call(
            (1, 2, 3), chosen=np.array([[[2, 1, 0], [1, 1, 1]]]), kernel=(3,), stride=(1,),
            padding=((1, 1),), dilation=(1,),
        ),
    ],
)  # fmt: skip
def to_windows(
    y: Any, chosen: Any, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Any:
    """Zeros, with each number of y added at the place of its window that was chosen.

    Example:
        >>> import numpy as np
        >>> from autograd import to_windows
        >>> how = dict(kernel=(2,), stride=(2,), padding=((0, 0),), dilation=(1,))
        >>> to_windows(np.array([[[7.0, 8.0]]]), np.array([[[1, 0]]]), **how).tolist()
        [[[0.0, 7.0, 8.0, 0.0]]]
    """
    return _put(y, chosen, kernel, stride, padding, dilation)


@one_array
def _put(y: Any, chosen: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    block, windows = _empty_windows(y, kernel, stride, dilation)
    y, chosen = examples_last(y), examples_last(chosen)
    # The product takes a third of the time; but 0 times an infinite number is nan.
    quick = y.dtype.kind == "f" and np.isfinite(y).all()
    for place, window in enumerate(windows):
        here = chosen == place
        block[window] += y * here if quick else np.where(here, y, np.zeros((), y.dtype))
    return cropped(block, padding)


def _empty_windows(
    y: Any, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> tuple[Any, list[Any]]:
    """Zeros on which there are as many windows as y has numbers, and what `_windows` gives."""
    places, no_padding = y.shape[2:], ((0, 0),) * len(kernel)
    size = size_of(places, kernel, stride, no_padding, dilation)
    block = np.zeros((y.shape[1], *size, len(y)), y.dtype)
    return block, [(slice(None), *tap) for tap in taps(kernel, stride, dilation, places)]


@structural(
    symbol="at",
    vjps=(lambda g, out, x, chosen, **how: to_windows(g, chosen, **how),),
    examples=[
        call(
            (1, 1, 4), chosen=np.array([[[1, 0]]]), kernel=(2,), stride=(2,), padding=((0, 0),),
            dilation=(1,),
        ),
    ],
)  # fmt: skip
def from_windows(
    x: Any, chosen: Any, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Any:
    """Of each window the number at the place that was chosen.

    Example:
        >>> import numpy as np
        >>> from autograd import from_windows
        >>> how = dict(kernel=(2,), stride=(2,), padding=((0, 0),), dilation=(1,))
        >>> from_windows(np.array([[[1.0, 5.0, 2.0, 3.0]]]), np.array([[[1, 0]]]), **how).tolist()
        [[[5.0, 2.0]]]
    """
    return _taken(x, chosen, kernel, stride, padding, dilation)


@one_array
def _taken(x: Any, chosen: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    block, windows = _windows("from_windows", x, kernel, stride, padding, dilation, 0.0)
    out, chosen = block[windows[0]].copy(), examples_last(chosen)
    for place, window in enumerate(windows):
        np.copyto(out, block[window], where=chosen == place)
    return examples_first(out)


# --- pooling: the mean ------------------------------------------------------------------------


@structural(
    symbol="avg pool",
    latex=r"\operatorname{{avg\_pool}}",
    vjps=(
        lambda g, out, x, divisor, **how: RULEBOOK["over_windows"](g / _alike(divisor, g), **how),
    ),
    examples=[
        call((2, 3, 6), kernel=(2,), stride=(2,), padding=((0, 0),), divisor=2.0),
        call(
            (1, 2, 3), kernel=(3,), stride=(1,), padding=((1, 1),), divisor=np.array([2.0, 3, 2])
        ),
        call((2, 1, 4, 5), kernel=(2, 3), stride=(2, 1), padding=((0, 0), (1, -1)), divisor=6.0),
    ],
)  # fmt: skip
def avg_pool(x: Any, kernel: Lengths, stride: Lengths, padding: Pairs, divisor: Any) -> Any:
    """The sum of each window over a divisor, which is a number or an array for the places.

    Example:
        >>> import numpy as np
        >>> from autograd import avg_pool
        >>> how = dict(kernel=(2,), stride=(2,), padding=((0, 0),), divisor=2.0)
        >>> avg_pool(np.array([[[1.0, 5.0, 2.0, 4.0]]]), **how).tolist()
        [[[3.0, 3.0]]]
    """
    if x.dtype == np.float16:  # in which the sum of a window may be infinite
        wide = avg_pool.forward(x.astype(np.float32), kernel, stride, padding, divisor)
        return wide.astype(x.dtype)
    x = as_floats(x)
    return _sums(x, kernel, stride, padding) / _alike(divisor, x)


def _alike(divisor: Any, x: Any) -> Any:
    """In the type of x: an array of float64 would widen float32."""
    return divisor if isinstance(divisor, (int, float)) else divisor.astype(x.dtype)


@one_array
def _sums(x: Any, kernel: Any, stride: Any, padding: Any) -> Any:
    block, windows = _windows("avg_pool", x, kernel, stride, padding, (1,) * len(kernel), 0.0)
    out = block[windows[0]].copy()
    for window in windows[1:]:
        out += block[window]
    return examples_first(out)


@structural(
    symbol="unpool",
    latex=r"\operatorname{{unpool}}",
    vjps=(lambda g, out, y, **how: avg_pool(g, **how, divisor=1.0),),
    examples=[
        call((2, 3, 2), kernel=(2,), stride=(2,), padding=((0, 0),)),
        call((1, 2, 4), kernel=(3,), stride=(1,), padding=((1, 0),)),
    ],
)
def over_windows(y: Any, kernel: Lengths, stride: Lengths, padding: Pairs) -> Any:
    """Each number of y added at all places of its window.

    Example:
        >>> import numpy as np
        >>> from autograd import over_windows
        >>> how = dict(kernel=(2,), stride=(2,), padding=((0, 0),))
        >>> over_windows(np.array([[[7.0, 8.0]]]), **how).tolist()
        [[[7.0, 7.0, 8.0, 8.0]]]
    """
    return _everywhere(y, kernel, stride, padding)


@one_array
def _everywhere(y: Any, kernel: Any, stride: Any, padding: Any) -> Any:
    block, windows = _empty_windows(y, kernel, stride, (1,) * len(kernel))
    y, alone = examples_last(y), all(s >= k for s, k in zip(stride, kernel, strict=True))
    for window in windows:
        if alone:  # no number is in two windows
            block[window] = y
        else:
            block[window] += y
    return cropped(block, padding)
