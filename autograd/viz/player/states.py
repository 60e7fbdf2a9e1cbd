"""Pictures of one thing that take turns, each with a button: such as forwards and backwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from autograd.viz.player.embed import embedded, page, script_of, still_image
from autograd.viz.svg import dark_rules

_SCRIPTS = ("view.css", "elements.js", "view.js", "states.js")


Parts = Mapping[str, tuple[str, str]]
NONE: Parts = MappingProxyType({})


@dataclass(frozen=True)
class State:
    """A picture.

    Attributes:
        name: What stands on its button.
        sentence: What it shows, in words.
        svg: The picture.
    """

    name: str
    sentence: str
    svg: str


def states_fragment(states: Sequence[State], parts: Parts = NONE) -> str:
    """A piece of HTML: the first picture, and where scripts run the others, too.

    Args:
        states: The pictures.
        parts: What a click on a part of a picture shows, by the part's id: in words, and as SVG.
    """
    first = states[0]
    given = {
        "names": [state.name for state in states],
        "sentences": [state.sentence for state in states],
        "pictures": [state.svg for state in states],
        "parts": dict(parts),
    }
    script = script_of(_SCRIPTS, "given", given, style=dark_rules(":host([data-theme=dark]) "))
    return embedded(still_image(first.svg, first.sentence), script)


def states_page(title: str, states: Sequence[State], parts: Parts = NONE) -> str:
    """A page with nothing else."""
    return page(title, states_fragment(states, parts))
