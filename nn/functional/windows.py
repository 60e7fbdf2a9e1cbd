"""What convolutions and pooling share: arguments for each axis, and windows that fit an array."""

from __future__ import annotations

from autograd import ShapeError
from autograd.checks import check_int, refuse
from nn.operands import Operand, as_operand, shape_of, shape_or_type

Lengths = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

AXES = {1: "L", 2: "H, W"}
"""What an error calls the axes that a window moves along."""


def per_axis(who: object, name: str, value: object, axes: int, least: int) -> Lengths:
    """One number for each axis: a single one is meant for all.

    Raises:
        TypeError: value is neither a whole number nor a tuple or list of as many as there are axes.
        ValueError: one is smaller than `least`.

    Example:
        >>> per_axis("conv2d", "stride", 2, 2, least=1)
        (2, 2)
    """
    if type(value) is tuple and len(value) == axes and _checked(value, least):
        return value  # as layers keep them: errors alone need the text of `who`
    if isinstance(value, (tuple, list)):
        if len(value) != axes:
            refuse(str(who), name, f"an int or {axes} of them", value, TypeError)
        return tuple([check_int(str(who), name, n, least) for n in value])
    return (check_int(str(who), name, value, least),) * axes


def _checked(lengths: tuple[int, ...], least: int) -> bool:
    return all(type(n) is int and n >= least for n in lengths)


def with_examples(
    who: object, x: Operand, axes: int, channels: int | None = None
) -> tuple[Operand, bool]:
    """x as (N, C, *size), and whether it came as a single example without the first axis.

    Raises:
        ShapeError: x has other axes, or not so many channels.
    """
    if isinstance(x, (list, tuple)):
        x = as_operand(str(who), x)
    shape = shape_of(x)
    single = len(shape) == axes + 1
    if (not single and len(shape) != axes + 2) or channels not in (None, shape[-axes - 1]):
        rest = f"{'C' if channels is None else channels}, {AXES[axes]}"
        raise ShapeError(
            f"{who}: needs input of shape (N, {rest}) or ({rest}), but got {shape_or_type(x)}."
        )
    return (x.reshape((1, *shape)) if single else x), single


def without_examples(out: Operand, single: bool) -> Operand:
    """The result in the form that the input came in."""
    return out.reshape(shape_of(out)[1:]) if single else out


def fitted(
    who: object,
    size: Lengths,
    kernel: Lengths,
    stride: Lengths,
    padding: Pairs,
    dilation: Lengths,
    ceil_mode: bool = False,
) -> Pairs:
    """The padding with which the last window ends where the axis does, as the rulebook needs it.

    Args:
        who: Who asks.
        size: The lengths of the axes.
        kernel: The lengths of a window.
        stride: How far windows are apart.
        padding: What stands before and behind each axis.
        dilation: How far the elements of a window are apart.
        ceil_mode: Whether a last window that is not full counts, if it begins inside.

    Raises:
        ShapeError: a window is longer than an axis with its padding.

    Example:
        >>> fitted("conv1d", (6,), (3,), (2,), ((0, 0),), (1,))
        ((0, -1),)
    """
    pairs = []
    for n, k, s, (before, behind), d in zip(size, kernel, stride, padding, dilation, strict=True):
        extent = d * (k - 1) + 1
        room = n + before + behind - extent
        if room < 0:
            raise ShapeError(
                f"{who}: needs axes of at least the {extent} that a window is long, but got "
                f"input of size {size}, padded by {before + behind}."
            )
        last = room // s * s
        if ceil_mode and last < room and last + s < n + before:
            last += s
        pairs.append((before, last + extent - n - before))
    return tuple(pairs)
