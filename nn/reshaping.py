"""Layers without parameters that give what passes through another shape or size."""

from __future__ import annotations

import math
from typing import Any

import autograd
from autograd import ShapeError
from autograd.checks import check_int, refuse
from nn.functional.resizing import INTERPOLATION, factors_of, resized
from nn.functional.windows import per_axis, with_examples, without_examples
from nn.module import Module
from nn.operands import Operand, Sizes, as_operand, refuse_options, shape_of


class Flatten(Module):
    """Every example as one row, such as images (N, 8, 8) as (N, 64).

    Args:
        start_dim: The first of the axes that become one.
        end_dim: The last of them.

    Raises:
        TypeError: one is no whole number.

    Example:
        >>> import numpy as np
        >>> Flatten()(np.zeros((5, 8, 8))).shape
        (5, 64)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = check_int("Flatten", "start_dim", start_dim)
        self.end_dim = check_int("Flatten", "end_dim", end_dim)

    def forward(self, x: Operand) -> Operand:
        """(N, ...) to (N, product of the other axes).

        Raises:
            ShapeError: x has no axes, or not those that are to become one.
        """
        x = as_operand("Flatten", x)
        shape = shape_of(x)
        if not shape:
            raise ShapeError("Flatten: needs input of shape (N, ...), but got a single number.")
        if (self.start_dim, self.end_dim) == (1, -1):
            return x.reshape((shape[0], math.prod(shape[1:])))
        first, last = self.start_dim % len(shape), self.end_dim % len(shape)
        for axis in (self.start_dim, self.end_dim):
            if not -len(shape) <= axis < len(shape) or first > last:
                raise ShapeError(f"{self!r}: needs input with these axes, but got {shape}.")
        return x.reshape((*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))

    def _details(self) -> str:
        usual = (self.start_dim, self.end_dim) == (1, -1)
        return "" if usual else f"start_dim={self.start_dim}, end_dim={self.end_dim}"

    def _arguments(self) -> dict[str, Any]:
        return {"start_dim": self.start_dim, "end_dim": self.end_dim}


class Unflatten(Module):
    """One axis as several, the reverse of `Flatten`: rows (N, 64) as images (N, 1, 8, 8).

    Args:
        dim: Which axis.
        unflattened_size: The lengths of the axes that it becomes; one may be -1.

    Raises:
        TypeError: one is no whole number.

    Example:
        >>> import numpy as np
        >>> Unflatten(1, (1, 8, 8))(np.zeros((5, 64))).shape
        (5, 1, 8, 8)
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        self.dim = check_int("Unflatten", "dim", dim)
        if not isinstance(unflattened_size, (tuple, list)):
            refuse("Unflatten", "unflattened_size", "a tuple of ints", unflattened_size, TypeError)
        self.unflattened_size = tuple(
            check_int("Unflatten", "unflattened_size", n, least=-1) for n in unflattened_size
        )

    def forward(self, x: Operand) -> Operand:
        """(..., n, ...) to (..., *unflattened_size, ...).

        Raises:
            ShapeError: x has no such axis, or n is not the product of the lengths.
        """
        x = as_operand("Unflatten", x)
        shape = shape_of(x)
        if not -len(shape) <= self.dim < len(shape):
            raise ShapeError(f"{self!r}: needs input with that axis, but got shape {shape}.")
        at = self.dim % len(shape)
        known = math.prod(n for n in self.unflattened_size if n != -1)
        several = self.unflattened_size.count(-1)
        fits = shape[at] == known if not several else known and shape[at] % known == 0
        if several > 1 or not fits:
            raise ShapeError(
                f"{self!r}: needs an axis as long as these together, but got {shape[at]} in "
                f"shape {shape}."
            )
        new = tuple(shape[at] // known if n == -1 else n for n in self.unflattened_size)
        return x.reshape((*shape[:at], *new, *shape[at + 1 :]))

    def _details(self) -> str:
        return f"{self.dim}, {self.unflattened_size}"

    def _arguments(self) -> dict[str, Any]:
        return {"dim": self.dim, "unflattened_size": self.unflattened_size}


class ZeroPad2d(Module):
    """Zeros around an image.

    Args:
        padding: How many on each side, or (left, right, top, bottom), in PyTorch's order.

    Raises:
        ValueError: padding < 0.

    Example:
        >>> ZeroPad2d((1, 0, 0, 1))([[[5.0]]]).tolist()
        [[[0.0, 5.0], [0.0, 0.0]]]
    """

    def __init__(self, padding: Sizes) -> None:
        self.padding = per_axis("ZeroPad2d", "padding", padding, 4, least=0)

    def forward(self, x: Operand) -> Operand:
        """(N, C, H, W) or (C, H, W) to the same with more rows and columns.

        Raises:
            ShapeError: x has other axes.
        """
        x, single = with_examples(self, x, 2)
        left, right, top, bottom = self.padding
        out = autograd.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
        return without_examples(out, single)

    def _details(self) -> str:
        return f"{self.padding}"

    def _arguments(self) -> dict[str, Any]:
        return {"padding": self.padding}


class Upsample(Module):
    """Each number repeated along both axes, so that an image becomes larger: the nearest ones.

    Which number goes where, `nn.functional.interpolate` says.

    Args:
        size: The new size; an int, or one for each axis.
        scale_factor: In place of it, how many times the size; a number, or one for each axis.
        **refused: PyTorch's mode, align_corners and recompute_scale_factor, unless they have their
            defaults.

    Raises:
        TypeError: another mode than "nearest".
        ValueError: both or neither of size and scale_factor.

    Example:
        >>> Upsample(scale_factor=2)([[[[1.0, 2.0]]]]).tolist()
        [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """

    def __init__(self, size: Any = None, scale_factor: Any = None, **refused: object) -> None:
        refuse_options("Upsample", refused, INTERPOLATION)
        if (size is None) == (scale_factor is None):
            raise ValueError("Upsample: needs size or scale_factor, one of them.")
        self.size = size if size is None else _checked_size(size)
        self.scale_factor: Any = None
        if scale_factor is not None:
            axes = len(scale_factor) if isinstance(scale_factor, (tuple, list)) else 1
            factors = tuple(factors_of("Upsample", scale_factor, axes))
            self.scale_factor = factors if isinstance(scale_factor, (tuple, list)) else factors[0]

    def forward(self, x: Operand) -> Operand:
        """(N, C, L) or (N, C, H, W) to (N, C, *size).

        Raises:
            ShapeError: x has other axes, or no numbers.
        """
        return resized(self, x, self.size, self.scale_factor, {})

    def _details(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self._arguments().items())

    def _arguments(self) -> dict[Any, Any]:
        given = {"size": self.size, "scale_factor": self.scale_factor}
        return {name: value for name, value in given.items() if value is not None}


def _checked_size(size: tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(size, (tuple, list)):
        return check_int("Upsample", "size", size, least=1)
    return per_axis("Upsample", "size", size, len(size), least=1)
