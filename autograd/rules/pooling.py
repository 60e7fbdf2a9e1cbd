"""The rulebook: pooling, which makes one number of each window of an array.

Windows are told as kernels are (see convolutions.py): x is (n, c, *size), and there is a `kernel`,
a `stride`, exact `padding` and a `dilation`, each with an entry for each axis. `nn.functional` has
`max_pool2d` and its like, which take PyTorch's arguments.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.declarations import structural
from autograd.op import RULEBOOK, call, plain
from autograd.rules.convolutions import (
    Lengths,
    Pairs,
    cropped,
    examples_first,
    examples_last,
    padded,
    places_of,
    size_of,
    taps,
)
from autograd.rules.matrices import one_array

# --- the largest ------------------------------------------------------------------------------


def _max_pool_vjp(
    g: Any, out: Any, x: Any, kernel: Lengths, stride: Lengths, padding: Pairs, dilation: Lengths
) -> Any:
    chosen = largest_in_windows(plain(x), plain(out), kernel, stride, padding, dilation)
    return to_windows(g, chosen, kernel, stride, padding, dilation)


@structural(
    symbol="max pool",
    latex=r"\operatorname{{max\,pool}}",
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


# --- the way of the chosen ones ---------------------------------------------------------------


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


# --- the mean ---------------------------------------------------------------------------------


@structural(
    symbol="avg pool",
    latex=r"\operatorname{{avg\,pool}}",
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
        >>> how = dict(kernel=(2,), stride=(2,), padding=((0, 0),), divisor=2.0)
        >>> avg_pool(np.array([[[1.0, 5.0, 2.0, 4.0]]]), **how).tolist()
        [[[3.0, 3.0]]]
    """
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
