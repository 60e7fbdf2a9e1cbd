"""The pictures in the player: those of a trace, with room for numbers that change.

A graph with closed boxes has a picture for each box that can be opened, in which that box and those
around it are open and no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from autograd.viz import exercise
from autograd.viz.drawn import Drawn, Folding, drawn, folded, rows_of
from autograd.viz.graph import DrawnNode
from autograd.viz.notation import how_to_read
from autograd.viz.outline import Outline
from autograd.viz.scene import Scene, scene
from autograd.viz.steps import Pass
from autograd.viz.text import NOT_REACHED, array_text
from autograd.viz.trace import Box, Node
from autograd.viz.tree import Tree
from autograd.viz.views import MOST_DRAWN

if TYPE_CHECKING:
    from autograd.arrays import Number


def picture_of(steps: Pass, folding: Folding | None = None) -> Drawn:
    """Draw the graph of a pass, folded as is best or as is said."""
    folding = folding or folded(steps, MOST_DRAWN, steps.depth)
    return drawn(steps, folding, how_to_read(steps.top))


# --- one picture for each step: for a film, for slides and for papers ---------------------------


class Frame(NamedTuple):
    """A picture with what is said below it.

    Attributes:
        scene: The picture.
        caption: What happens, as text.
        formula: The same as a tree, where it is a step of the backward pass.
    """

    scene: Scene
    caption: str
    formula: Tree | None = None


def frames(steps: Pass, picture: Drawn, forward: bool = False) -> Iterator[Frame]:
    """The picture at the start of the pass and after each step between nodes that are drawn.

    What happens inside of a closed box is one step.

    Args:
        steps: The pass.
        picture: What is drawn of it.
        forward: Whether the computation comes first, node by node.
    """
    ids = {node: f"n{i}" for i, node in enumerate(steps.nodes)} | dict(picture.boxes)
    totals: dict[Node, Number] = {}
    known = {id_ for id_, node in picture.stands.items() if not node.parents}

    def shown(box: str, arrow: str = "") -> Scene:
        """The picture with the numbers so far, and with what just happened marked."""
        nodes = tuple(
            replace(node, rows=_rows(node, known, totals, picture), marked=node.id == box)
            for node in picture.graph.nodes
        )
        edges = tuple(replace(edge, marked=edge.id == arrow) for edge in picture.graph.edges)
        return scene(replace(picture.graph, nodes=nodes, edges=edges), picture.layout)

    for box in picture.graph.nodes if forward else ():
        node = picture.stands.get(box.id)
        if node is not None and node.parents:
            known.add(box.id)
            value, name = array_text(steps.values[node]), exercise.name_text(steps.names[node])
            made = box.symbol if box.folded else steps.formula(node)
            yield Frame(shown(box.id), f"Forward: {name} = {made} = {value}")
    known |= picture.stands.keys()
    totals[steps.root] = steps.seed
    yield Frame(shown(ids[steps.root]), f"Backward, from {exercise.start(steps)}")
    drawn = {*picture.stands.values(), *picture.boxes}
    outline = Outline(steps, picture.folding.boxes)
    for j, (_, to, numbers) in enumerate(outline.order):
        node, position, into = steps.ends_of(numbers[0])
        if not {node, into} <= drawn:
            continue
        step = outline[j]
        if not isinstance(to, Box):
            totals[to] = step.after
        arrow = picture.arrows.get((node, position), f"{ids[node]}.{position}")
        yield Frame(shown(ids[into], arrow), step.line, step.tree)


def _rows(
    node: DrawnNode, known: set[str], totals: Mapping[Node, Number], picture: Drawn
) -> tuple[tuple[str, str], ...]:
    """The rows of a box: numbers that are not known yet are hidden."""
    rows = list(node.rows)
    names = [what for what, _ in rows]
    if "grad" in names:
        at = names.index("grad")
        rows[at:] = rows_of("grad", totals.get(picture.stands[node.id]))
        names = names[:at]
    if "data" in names and node.id.split("~")[0] not in known:
        at = names.index("data")
        hidden = [(what, "" if k else NOT_REACHED) for k, what in enumerate(names[at:])]
        rows[at : len(names)] = hidden
    return tuple(rows)
