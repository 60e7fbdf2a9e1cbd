"""The backward pass as a picture that moves: SVG with a style sheet, and no script.

It plays wherever an `<img>` shows SVG: in a README, on slides, in a notebook that is not trusted.
Whoever asked their system for less motion sees the end of the pass.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from autograd.viz.drawn import Drawn
from autograd.viz.player.picture import frames
from autograd.viz.scene import INK, Group, Scene, Text
from autograd.viz.steps import Pass
from autograd.viz.svg import group_text, to_svg
from autograd.viz.text import printable

SECONDS = 1.3
"""How long each step is shown."""

_REST = 3  # how many steps long the end is shown
_STYLE = """\
.glassgrad-a{{animation-duration:{seconds:.1f}s;animation-timing-function:step-end;\
animation-iteration-count:infinite}}
@media (prefers-reduced-motion:reduce){{.glassgrad-a{{animation:none!important}}}}
"""


def animation(steps: Pass, picture: Drawn) -> str:
    """The animation of a pass as SVG: each part of the picture is there while it is the same."""
    scenes = [
        _with_caption(frame.scene, frame.caption) for frame in frames(steps, picture, forward=True)
    ]
    length = len(scenes) - 1 + _REST
    intervals: dict[tuple[int, int], None] = {}
    parts: list[str] = []
    for versions in zip(*(scene.parts for scene in scenes), strict=True):
        end = 0
        for group, same in groupby(versions):
            start, end = end, end + len([*same])
            stop = length if end == len(scenes) else end
            shown = "" if (start, stop) == (0, length) else f"glassgrad-a glassgrad-{start}-{stop}"
            parts.append(group_text(group, shown))
            if shown:
                intervals[start, stop] = None
    style = _STYLE.format(seconds=length * SECONDS)
    style += "".join(_keyframes(start, stop, length) for start, stop in intervals)
    return to_svg(scenes[-1], picture.graph.sentence, True, style, parts)


def _with_caption(scene: Scene, caption: str) -> Scene:
    size = max(13.0, scene.width / 85)  # wide pictures are shown smaller
    below = scene.y + scene.height + size
    text = Text(scene.x + 14, below, printable(caption), size, INK, mono=False)
    groups = (*scene.groups, Group("", shapes=(text,)))
    return replace(scene, height=scene.height + 2 * size, groups=groups)


def _keyframes(start: int, stop: int, length: int) -> str:
    def at(time: int) -> str:
        return f"{100 * time / length:.3f}%"

    last = "" if stop >= length else f"{at(stop)}{{visibility:hidden}}"
    first = "" if start == 0 else "0%{visibility:hidden}"
    return (
        f"@keyframes glassgrad-{start}-{stop}{{{first}{at(start)}{{visibility:visible}}{last}}}"
        f".glassgrad-{start}-{stop}{{animation-name:glassgrad-{start}-{stop};"
        f"visibility:{'visible' if stop >= length else 'hidden'}}}\n"
    )
