"""What the pictures here have in common: they are drawn on axes given or new, and need no colour.

The label of the axes, `ax.get_label()`, describes a picture in words: an alternative text for those
who do not see it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Dark colours of different hue; dashes and markers tell the lines apart in greyscale.
_COLORS = ("#1b3a5b", "#b5451b", "#2a7a4b", "#7b3294", "#8c6d1f", "#333333")
_DASHES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (1, 1)))
_MARKERS = "osD^vX"


def line_styles() -> Iterator[dict[str, Any]]:
    """For one line after the other: colour, dashes and marker. No two of the first 36 are equal."""
    for i in itertools.count():
        yield {
            "color": _COLORS[i % 6],
            "linestyle": _DASHES[i % 6],
            "marker": _MARKERS[(i + i // 6) % 6],
            "markersize": 4.5,
            "linewidth": 1.5,
        }


def axes_for(who: str, ax: Axes | None) -> Axes:
    """The axes that were given, or those of a new figure.

    A notebook shows their figure and does not print them above it, as it prints what else a cell
    ends with.
    """
    axes = row_of_axes(who, 1)[0] if ax is None else ax
    vars(axes)["_ipython_display_"] = _shown_by_its_figure
    return axes


def _shown_by_its_figure() -> None:
    """IPython calls this in the place of printing."""


def row_of_axes(who: str, columns: int) -> list[Axes]:
    """The axes of a new figure, side by side."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as err:
        raise ImportError(f'{who}: needs matplotlib (pip install "glassgrad[notebook]").') from err
    size = (4.2 * columns, 4.2) if columns > 1 else None
    row = plt.subplots(ncols=columns, figsize=size, layout="constrained", squeeze=False)[1][0]
    return list(row)
