"""A film of pictures that change: a page with a slider, keys and buttons, and no kernel.

What stays the same from frame to frame is there once. Of what changes, all its states stand side by
side, which packs well: so an hour of training fits into two megabytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograd.viz.player.embed import embedded, page, script_of, still_image
from autograd.viz.scene import Scene
from autograd.viz.svg import dark_rules, group_text, to_svg

_SCRIPTS = (
    "view.css", "film.css", "elements.js", "view.js", "going.js", "panel.js", "film.js",
)  # fmt: skip


@dataclass(frozen=True)
class Film:
    """Pictures side by side that change together.

    Attributes:
        title: What it shows, in words.
        panels: The pictures: what each shows, in words, and its scenes, one for each frame, all of
            as many groups.
        captions: What to say at each frame.
        still: The last frame in one picture, for where no script runs.
    """

    title: str
    panels: Sequence[tuple[str, Sequence[Scene]]]
    captions: Sequence[str]
    still: str

    @cached_property
    def packed(self) -> str:
        """The script with the pictures, compressed: nearly all that there is to a page."""
        panels = [_panel(*panel) for panel in self.panels]
        given = {"title": self.title, "captions": list(self.captions), "panels": panels}
        dark = dark_rules(":host([data-theme=dark]) ")
        return script_of(_SCRIPTS, "film", given, style=dark)

    def page(self) -> str:
        """A page of its own."""
        return page(self.title, self.fragment(notebook=False))

    def fragment(self, notebook: bool = True) -> str:
        """A piece of HTML, for a notebook or a page."""
        fallback = still_image(self.still, f"{self.title}. {self.captions[-1]}", notebook)
        return embedded(fallback, self.packed)


def _panel(title: str, scenes: Sequence[Scene]) -> dict[str, Any]:
    """The picture with places for what changes, and the states of that."""
    columns = zip(*(map(group_text, scene.parts) for scene in scenes), strict=True)
    parts, moving = [], []
    for states in columns:
        if len(set(states)) == 1:
            parts.append(states[0])
        else:
            parts.append("<g data-moving=''></g>")
            moving.append(states)
    return {"svg": to_svg(scenes[-1], title, parts=parts), "moving": moving}
