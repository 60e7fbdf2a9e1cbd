"""Pictures made of points: numbers become colours of a palette, and those a PNG.

A palette's middle is clear, so that such a picture is at home on white and on dark paper.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLUE, ORANGE = (47, 127, 209), (224, 110, 40)
"""Less than the middle, and more."""

LEVELS = 16
"""Shades on either side of the middle; more would only make files larger."""

_DENSEST = 215  # of 255; the clearest is 0


def png(points: NDArray[np.uint8], palette: Sequence[tuple[int, int, int, int]]) -> bytes:
    r"""A picture as PNG.

    Args:
        points: (height, width), the number of each point's colour, the upper row first.
        palette: Red, green, blue and opacity of each colour, in [0, 255].

    Example:
        >>> png(np.zeros((1, 1), np.uint8), [(255, 0, 0, 255)])[:4]
        b'\x89PNG'
    """
    height, width = points.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter, none
    rows[:, 1:] = points
    colors = np.array(palette, np.uint8)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", colors[:, :3].tobytes()),
        (b"tRNS", colors[:, 3].tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def signed(numbers: NDArray[np.float64]) -> bytes:
    """Numbers in [-1, 1] as PNG: blue below 0, orange above, the denser the further from it.

    What is no number is clear, as 0 is.

    Args:
        numbers: (height, width), the upper row first.
    """
    return shares(numbers > 0, np.abs(numbers), (BLUE, ORANGE))


def shares(
    kinds: NDArray[np.intp] | NDArray[np.bool_],
    certain: NDArray[np.float64],
    colors: Sequence[tuple[int, int, int]],
) -> bytes:
    """Kinds as PNG, each in its colour, the denser the more certain.

    Args:
        kinds: (height, width), in [0, C), the upper row first.
        certain: (height, width), in [0, 1].
        colors: C of them.
    """
    dense = [round(_DENSEST * k / LEVELS) for k in range(LEVELS + 1)]
    palette = [(*color, opacity) for color in colors for opacity in dense]
    levels = np.rint(np.nan_to_num(np.clip(certain, 0, 1)) * LEVELS)
    return png((kinds * (LEVELS + 1) + levels).astype(np.uint8), palette)
