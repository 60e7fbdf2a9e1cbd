"""Writing a scene down as PNG or PDF with matplotlib."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autograd.viz.dot import run_dot
from autograd.viz.scene import Curve, Polygon, Polyline, Raster, Rectangle, Scene, Text

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_PIXELS_PER_INCH = 96.0
_POINTS = 72.0 / _PIXELS_PER_INCH  # in a pixel
_LARGEST_INCHES = 300.0  # on a side; a longer picture is scaled down


def to_paper(scene: Scene, file_format: str, source: str = "") -> bytes:
    """Write a scene down as "png" or "pdf".

    Args:
        scene: What is drawn.
        file_format: As what.
        source: The same in the DOT language, if it is a graph: for the program `dot` where there is
            no matplotlib.

    Raises:
        RuntimeError: matplotlib is not installed, and `dot` does not make it.
    """
    try:
        from matplotlib.figure import Figure  # not pyplot: no window, no global figure
    except ImportError as err:
        if source and (made := run_dot(source, file_format, "-Gdpi=144")):
            return made
        program = " or the program `dot` (install Graphviz, https://graphviz.org)" * bool(source)
        raise RuntimeError(
            f"save: .{file_format} needs matplotlib (pip install matplotlib){program}. .svg needs "
            "no program."
        ) from err
    from matplotlib.transforms import Affine2D

    scale = min(1.0, _LARGEST_INCHES * _PIXELS_PER_INCH / max(scene.width, scene.height))
    inches = (scene.width * scale / _PIXELS_PER_INCH, scene.height * scale / _PIXELS_PER_INCH)
    figure = Figure(figsize=inches, facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(scene.x, scene.x + scene.width)
    axes.set_ylim(scene.y + scene.height, scene.y)
    axes.set_axis_off()
    for one, x, y in scene.all:
        place = Affine2D().translate(x, y) + axes.transData
        for shape in (shape for group in one.parts for shape in group.shapes):
            if isinstance(shape, Raster):
                _add_raster(axes, replace(shape, x=shape.x + x, y=shape.y + y))
            else:
                artist = _artist(shape, scale)
                artist.set_transform(place)
                axes.add_artist(artist)
    # the same picture is the same bytes
    undated = {"CreationDate": None} if file_format == "pdf" else None
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # drawn as an empty box
        figure.savefig(file, format=file_format, dpi=2 * _PIXELS_PER_INCH, metadata=undated)
    return file.getvalue()


def _add_raster(axes: Axes, shape: Raster) -> None:
    from matplotlib.image import imread

    left, right, top, bottom = axes.get_xlim() + axes.get_ylim()[::-1]
    axes.imshow(
        imread(io.BytesIO(shape.png), format="png"),
        extent=(shape.x, shape.x + shape.width, shape.y + shape.height, shape.y),
        interpolation="bilinear" if shape.smooth else "nearest",
        aspect="auto",
        zorder=1,  # in its turn, not below everything
    )
    axes.set(xlim=(left, right), ylim=(bottom, top))  # which a new image would change


def _artist(shape: Rectangle | Curve | Polygon | Text, scale: float) -> Artist:
    from matplotlib import patches, text
    from matplotlib.colors import to_rgba
    from matplotlib.path import Path

    match shape:
        case Rectangle():
            return patches.FancyBboxPatch(
                (shape.x, shape.y),
                shape.width,
                shape.height,
                boxstyle=f"round,pad=0,rounding_size={min(shape.radius, shape.height / 2)}",
                facecolor=to_rgba(shape.fill, shape.opacity),
                edgecolor=shape.stroke or "none",
                **_pen(shape.thickness, shape.dashes, scale),
            )
        case Curve():
            kind = Path.LINETO if isinstance(shape, Polyline) else Path.CURVE4
            codes = [Path.MOVETO, *[kind] * (len(shape.points) - 1)]
            return patches.PathPatch(
                Path(shape.points, codes),
                facecolor="none",
                edgecolor=shape.stroke,
                **_pen(shape.thickness, shape.dashes, scale),
            )
        case Polygon():
            return patches.Polygon(shape.points, facecolor=shape.fill, edgecolor="none")
        case Text():
            return text.Text(
                shape.x,
                shape.y,
                shape.text,
                fontsize=shape.size * _POINTS * scale,
                color=shape.fill,
                family="monospace" if shape.mono else "sans-serif",
                weight="bold" if shape.bold else "normal",
                ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor],
                va="baseline",
                parse_math=False,  # a label may hold dollar signs
            )


def _pen(thickness: float, dashes: tuple[float, ...], scale: float) -> dict[str, Any]:
    width = thickness * _POINTS * scale
    style = (0.0, tuple(d / thickness for d in dashes)) if dashes else "solid"
    return {"linewidth": width, "linestyle": style}
