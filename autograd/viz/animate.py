"""The backward pass as a picture that moves: SVG with a style sheet, and no script.

It plays wherever an `<img>` shows SVG: in a README, on slides, in a notebook that is not trusted.
Whoever asked their system for less motion sees the end of the pass.
"""

from __future__ import annotations

import copy
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import numpy as np

from autograd.atomic_write import write_atomically
from autograd.viz import exercise
from autograd.viz.player.picture import Picture, picture_of
from autograd.viz.scene import SANS
from autograd.viz.steps import Pass, array_text
from autograd.viz.svg import DARK_STYLE
from autograd.viz.text import NOT_REACHED, printable
from autograd.viz.trace import Node

SECONDS = 1.3
"""How long each step is shown."""

_REST = 3  # how many steps long the end is shown
_HOT, _INK = "#b8400e", "#1d2530"
_SVG = "{http://www.w3.org/2000/svg}"
_STYLE = """\
.glassgrad-a{{animation-duration:{seconds:.1f}s;animation-timing-function:step-end;\
animation-iteration-count:infinite}}
@media (prefers-reduced-motion:reduce){{.glassgrad-a{{animation:none!important}}}}
"""


def write_animation(steps: Pass, path: str | os.PathLike[str]) -> None:
    """Write the animation of a pass to a file."""
    with np.errstate(all="ignore"):
        text = animation(steps)
    write_atomically(path, text.encode())


def animation(steps: Pass) -> str:
    """The animation of a pass as SVG."""
    return _Film(steps, picture_of(steps)).text()


class _Film:
    """A picture whose parts appear and disappear; times are counted in steps."""

    def __init__(self, steps: Pass, picture: Picture) -> None:
        self.steps = steps
        self.picture = picture
        ET.register_namespace("", "http://www.w3.org/2000/svg")
        self.svg = ET.fromstring(picture.svg)
        self.boxes: dict[str, list[ET.Element]] = {}
        for group in self.svg.iter(f"{_SVG}g"):
            if box := group.get("data-node"):
                self.boxes.setdefault(box.split("~")[0], []).append(group)
        self.arrows = {group.get("data-edge"): group for group in self.svg.iter(f"{_SVG}g")}
        self.ids = {node: f"n{i}" for i, node in enumerate(steps.nodes)} | dict(picture.boxes)
        shown = picture.shown
        stands = set(picture.stands.values())
        self.computed = [node for node in steps.nodes if node.parents and node in stands]
        self.played = [
            k
            for k in range(len(steps))
            if {steps.ends_of(k)[0], steps.ends_of(k)[2]} <= shown | set(picture.boxes)
        ]
        self.begin = len(self.computed)  # when the backward pass begins
        self.end = self.begin + 1 + len(self.played)
        self.length = self.end + _REST
        self.intervals: dict[tuple[int, int], None] = {}

    def text(self) -> str:
        """The SVG."""
        self._make_room()
        self._values()
        self._gradients()
        for at, caption in enumerate(self._captions()):
            self._caption(caption, at, at + 1 if at + 1 < self.end else self.length)
        for at, k in enumerate(self.played):
            self._light_up(k, self.begin + 1 + at)
        style = ET.Element(f"{_SVG}style")
        style.text = _STYLE.format(seconds=self.length * SECONDS) + "".join(
            self._keyframes(start, stop) for start, stop in self.intervals
        )
        style.text += DARK_STYLE
        self.svg.insert(0, style)
        return ET.tostring(self.svg, encoding="unicode") + "\n"

    def _make_room(self) -> None:
        x, y, width, height = map(float, (self.svg.get("viewBox") or "").split())
        self.caption_size = max(13.0, width / 85)  # wide pictures are shown smaller
        self.caption_at = (x + 14, y + height + self.caption_size)
        height += 2 * self.caption_size
        self.svg.set("viewBox", f"{x:g} {y:g} {width:g} {height:g}")
        self.svg.set("height", f"{height:g}")
        page = self.svg.find(f".//{_SVG}rect[@data-part='page']")
        assert page is not None
        page.set("height", f"{height:g}")

    def _keyframes(self, start: int, stop: int) -> str:
        def at(time: int) -> str:
            return f"{100 * time / self.length:.3f}%"

        last = "" if stop >= self.length else f"{at(stop)}{{visibility:hidden}}"
        first = "" if start == 0 else "0%{visibility:hidden}"
        return (
            f"@keyframes glassgrad-{start}-{stop}{{{first}{at(start)}{{visibility:visible}}{last}}}"
            f".glassgrad-{start}-{stop}{{animation-name:glassgrad-{start}-{stop};"
            f"visibility:{'visible' if stop >= self.length else 'hidden'}}}\n"
        )

    def _show(self, element: ET.Element, start: int, stop: int) -> None:
        """Let an element be seen from one time to another."""
        if (start, stop) != (0, self.length):
            self.intervals[start, stop] = None
            element.set("class", f"glassgrad-a glassgrad-{start}-{stop}")

    def _values(self) -> None:
        for at, node in enumerate(self.computed):
            for group in self._groups(node):
                for text in self._texts(group, "data"):
                    self._show(text, at, self.length)

    def _gradients(self) -> None:
        """For each total that a gradient goes through, a text of its own."""
        totals: dict[Node, list[tuple[int, str]]] = {self.steps.root: []}
        totals[self.steps.root].append((self.begin, array_text(self.steps.seed)))
        for at, k in enumerate(self.played):
            step = self.steps[k]
            total = (self.begin + 1 + at, array_text(step.after))
            totals.setdefault(step.parent, []).append(total)
        for node, changes in totals.items():
            for group in self._groups(node):
                self._replace(group, [(0, NOT_REACHED), *changes])

    def _replace(self, group: ET.Element, changes: list[tuple[int, str]]) -> None:
        texts = self._texts(group, "grad")
        if not texts:
            return
        for text in texts[1:]:  # the lines of an array: they appear when it is complete
            self._show(text, changes[-1][0], self.length)
        original = texts[0]
        for i, (start, words) in enumerate(changes):
            last = i + 1 == len(changes)
            text = original if last else copy.deepcopy(original)
            if not last:
                text.text = words
                group.append(text)
            self._show(text, start, self.length if last else changes[i + 1][0])

    def _groups(self, node: Node) -> list[ET.Element]:
        """Where the number and the gradient of a node are shown."""
        id_ = self.ids[node]
        return self.boxes.get(id_, []) if self.picture.stands.get(id_) is node else []

    def _texts(self, group: ET.Element, part: str) -> list[ET.Element]:
        return [text for text in group if text.get("data-part") == part]

    def _light_up(self, k: int, at: int) -> None:
        """Draw the arrow of a step and the box that receives over what is there."""
        node, position, parent = self.steps.ends_of(k)
        arrow = self.picture.arrows.get((node, position), "")
        if not arrow and self.ids[node].startswith("n"):  # else it is inside of a folded box
            arrow = f"{self.ids[node]}.{position}"
        parts = [
            e for e in self.arrows.get(arrow, ()) if e.tag in (f"{_SVG}path", f"{_SVG}polygon")
        ]
        groups = self.boxes.get(self.ids[parent], [])
        mine = [g for g in groups if (g.get("data-node") or "").endswith(f"~{arrow}")]
        parts += [e for g in (mine or groups)[:1] for e in g if e.get("data-part") == "box"]
        for part in map(copy.deepcopy, parts):
            part.attrib.pop("data-part", None)
            if part.tag == f"{_SVG}polygon":
                part.set("fill", _HOT)
            else:
                part.attrib |= {"fill": "none", "stroke": _HOT, "stroke-width": "3.5"}
            self._show(part, at, at + 1)
            self.svg.append(part)

    def _captions(self) -> Iterator[str]:
        steps = self.steps
        for node in self.computed:
            value = array_text(steps.values[node])
            name = exercise.name_text(steps.names[node])
            yield f"Forward: {name} = {steps.formula(node)} = {value}"
        yield f"Backward, from {exercise.start(steps)}"
        for k in self.played:
            yield str(steps[k])

    def _caption(self, words: str, start: int, stop: int) -> None:
        x, y = self.caption_at
        attributes = {
            "x": f"{x:g}",
            "y": f"{y:g}",
            "font-size": f"{self.caption_size:.0f}",
            "fill": _INK,
        }
        text = ET.Element(f"{_SVG}text", attributes | {"font-family": SANS})
        text.text = printable(words)
        self._show(text, start, stop)
        self.svg.append(text)
