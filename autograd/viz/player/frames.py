"""A pass as one picture for each step: for a film, for slides and for papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from autograd.viz import exercise
from autograd.viz.drawn import rows_of
from autograd.viz.graph import DrawnNode
from autograd.viz.outline import Outline
from autograd.viz.player.picture import Picture
from autograd.viz.scene import Scene, scene
from autograd.viz.steps import Pass
from autograd.viz.text import NOT_REACHED, array_text
from autograd.viz.trace import Box, Node
from autograd.viz.tree import Tree

if TYPE_CHECKING:
    from autograd.arrays import Number


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


def frames(steps: Pass, picture: Picture, forward: bool = False) -> Iterator[Frame]:
    """The picture at the start of the pass and after each step between nodes that are drawn.

    What happens inside of a closed box is one step.

    Args:
        steps: The pass.
        picture: What is drawn of it.
        forward: Whether the computation comes first, node by node.
    """
    frame = _Frames(steps, picture)
    if forward:
        yield from frame.forward()
    frame.known |= picture.stands.keys()
    frame.totals[steps.root] = steps.seed
    root = frame.ids[steps.root]
    yield Frame(frame.scene(root, ""), f"Backward, from {exercise.start(steps)}")
    yield from frame.backward()


class _Frames:
    def __init__(self, steps: Pass, picture: Picture) -> None:
        self.steps, self.picture = steps, picture
        self.ids = {node: f"n{i}" for i, node in enumerate(steps.nodes)} | dict(picture.boxes)
        self.totals: dict[Node, Number] = {}
        self.known = {id_ for id_, node in picture.stands.items() if not node.parents}

    def forward(self) -> Iterator[Frame]:
        """Each result of an operation, as it is computed."""
        steps = self.steps
        for box in self.picture.graph.nodes:
            node = self.picture.stands.get(box.id)
            if node is not None and node.parents:
                self.known.add(box.id)
                value, name = array_text(steps.values[node]), exercise.name_text(steps.names[node])
                made = box.symbol if box.folded else steps.formula(node)
                yield Frame(self.scene(box.id, ""), f"Forward: {name} = {made} = {value}")

    def backward(self) -> Iterator[Frame]:
        """Each step of the pass."""
        drawn = self.picture.shown | set(self.picture.boxes)
        outline = Outline(self.steps, self.picture.folding.boxes)
        for place, at in enumerate(outline.order):
            k = at if isinstance(at, int) else outline.joined[at][0]
            node, position, into = self.steps.ends_of(k)
            if not {node, into} <= drawn:
                continue
            step, parent = outline[place], outline.parent_of(at)
            if not isinstance(parent, Box):
                self.totals[parent] = step.after
            own = f"{self.ids[node]}.{position}"
            arrow = self.picture.arrows.get((node, position), own)
            yield Frame(self.scene(self.ids[into], arrow), str(step), step.tree)

    def scene(self, box: str, arrow: str) -> Scene:
        """The picture with the numbers so far, and with what just happened marked."""
        nodes = [
            replace(self._rows(node), marked=node.id == box) for node in self.picture.graph.nodes
        ]
        edges = tuple(replace(edge, marked=edge.id == arrow) for edge in self.picture.graph.edges)
        graph = replace(self.picture.graph, nodes=tuple(nodes), edges=edges)
        return scene(graph, self.picture.layout)

    def _rows(self, node: DrawnNode) -> DrawnNode:
        rows = list(node.rows)
        names = [what for what, _ in rows]
        if "grad" in names:
            at = names.index("grad")
            rows[at:] = rows_of("grad", self.totals.get(self.picture.stands[node.id]))
            names = names[:at]
        if "data" in names and node.id.split("~")[0] not in self.known:
            at = names.index("data")
            hidden = [(what, "" if k else NOT_REACHED) for k, what in enumerate(names[at:])]
            rows[at : len(names)] = hidden
        return replace(node, rows=tuple(rows))
