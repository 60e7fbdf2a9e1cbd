"""`draw`: a picture of the graph behind a value."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, get_args
from warnings import warn

from autograd.checks import came, check_choice, check_int
from autograd.viz.dot import place_with_dot, run_dot, to_dot
from autograd.viz.drawn import Folding, drawn, folded, with_paths
from autograd.viz.graph import DrawnGraph
from autograd.viz.layout import Direction, Layout, place
from autograd.viz.player.drawing import Boxes, drawing_page, for_notebooks
from autograd.viz.saving import Shown, Writers
from autograd.viz.scene import INK, Group, Scene, Text, scene, sizes
from autograd.viz.tikz import to_mermaid
from autograd.viz.trace import Node, Trace, is_node
from autograd.viz.views import boxes_record, views_of

Engine = Literal["own", "dot"]


def draw(
    root: Node,
    names: Mapping[str, Any] | None = None,
    *,
    direction: Direction = "LR",
    max_nodes: int = 300,
    layout: Engine = "own",
    depth: int | None = None,
    paths_from: Node | None = None,
    way: Node | None = None,
) -> Drawing:
    """Draw the graph behind `root`: every number, what was made of it, and the gradients so far.

    Each node is drawn once, with its symbol, name, data and gradient; each operand is one arrow
    with the local derivative (`x * x` has two). A gradient that no backward pass has reached yet
    is shown as "—", which is not 0. The picture holds what is true when `draw` is called.

    Names. A node is called, in this order of preference,

    1. what `names` calls it,
    2. its own `label` (of a parameter that its layer labelled "weight", the whole name,
       "model.0.weight", if there is a variable `model`),
    3. what the variables of the code that calls `draw` call it: first the variables of the
       function, then those of its module; of several names, the one defined first. Variables count
       whose name does not begin with an underscore, and what they contain: lists, tuples, dicts
       and object arrays (`w[0]`), the `named_parameters()` of a model, and the attributes of an
       object that has `parameters()`. Of one variable, 10,000 entries are looked at.

    Args:
        root: A Value or a Tensor, the output.
        names: Variables by name, such as `{"w": w}`; lists and models as above.
        direction: "LR", from left to right, or "TB", from top to bottom.
        max_nodes: A graph with more nodes (a box such as `LSTM step`, or a long sum, counts as
            one) is folded: only its part nearest to `root` is drawn, of a size that can be read (60
            nodes or fewer), and the picture says what it leaves out. Where names tell modules, each
            layer is one box from 60 nodes on, and where more than 16 would stand in a row.
        layout: What places the nodes: our "own" layout, which is the same on every machine, or the
            program "dot" of Graphviz. A weight that is used in 75 steps is enough to keep `dot`
            busy for minutes; after 5 seconds it is stopped, and the layout is our own.
        depth: Draw each module as one box, to so many parts of its name: of "model.0.weight", 1
            draws `model` as one box, and 2 draws `model.0`. What is computed with a module's
            parameters counts as its part, until those of another come in, results of two modules
            meet, or a loss begins. 0 opens every box, compositions such as softmax and sums of many
            terms, too, which are boxes otherwise.
        paths_from: A node from which all paths to `root` stand out.
        way: What `paths_from` was called in version 0.1.

    Raises:
        TypeError: root or paths_from is not a node, or names is not a dict.
        ValueError: direction or layout is none of the above, max_nodes is less than 1, depth is
            negative, or paths_from does not lead to root.
        RuntimeError: layout is "dot", and there is no such program.

    Example:
        >>> from autograd import Value
        >>> x = Value(3.0, label="x")
        >>> y = x * x
        >>> y.backward()
        >>> draw(y)
        Computation graph of 2 nodes (1 leaf, 1 operation). Leaves: x.
        Output: y = *, data 9, grad 1.
    """
    if not is_node(root):
        hint = " Draw one of its elements." if isinstance(root, (list, tuple)) else ""
        if callable(root):
            hint = " Call it and draw the result: draw(model(x))."
        raise TypeError(f"draw: needs a Value or a Tensor, but got {came(root)}.{hint}")
    if names is not None and not isinstance(names, Mapping):
        raise TypeError(f"draw: names needs a dict such as {{'w': w}}, but got {came(names)}.")
    check_choice("draw", "direction", direction, get_args(Direction))
    check_choice("draw", "layout", layout, get_args(Engine))
    check_int("draw", "max_nodes", max_nodes, least=1)
    if depth is not None:
        check_int("draw", "depth", depth, least=0)
    if way is not None:
        warn("draw: way= is called paths_from= now.", DeprecationWarning, stacklevel=2)
        paths_from = way
    if paths_from is not None and not is_node(paths_from):
        raise TypeError(f"draw: paths_from needs a Value or a Tensor, but got {came(paths_from)}.")
    trace = Trace(root, sys._getframe(1), names)
    folding = folded(trace, max_nodes, depth)

    def graph_of(one: Folding) -> DrawnGraph:
        graph = drawn(trace, one).graph
        return graph if paths_from is None else with_paths(graph, trace, paths_from)

    views = list(views_of(trace, folding))
    first, *others = (graph_of(one) for _, one in views)
    return Drawing(first, direction, layout, others, boxes_record(trace, views)[1])


class Drawing(Shown):
    """A picture of a graph; a notebook shows it, `save` writes it to a file.

    Its `repr` is the picture in words.

    Attributes:
        graph: What is drawn.
        source: The picture in the DOT language.
        svg: The picture as SVG.

    Example:
        >>> from autograd import Value
        >>> picture = draw(Value(1.0, label="a") + Value(2.0, label="b"))
        >>> "n0 -> n2" in picture.source, picture.svg.startswith("<svg")
        (True, True)
    """

    def __init__(
        self,
        graph: DrawnGraph,
        direction: Direction = "LR",
        layout: Engine = "own",
        others: Sequence[DrawnGraph] = (),
        boxes: Boxes | None = None,
    ):
        self.graph = graph
        self._others, self._record = others, boxes or {}
        self._direction: Direction = direction
        self._engine: Engine = layout
        if layout == "dot" and run_dot("digraph {}", "dot") is None:
            raise RuntimeError(
                'draw: layout="dot" needs the program `dot` on the PATH (install Graphviz, '
                'https://graphviz.org). layout="own" needs nothing.'
            )

    @cached_property
    def source(self) -> str:
        """The picture in the DOT language."""
        return to_dot(self.graph, self._direction)

    @cached_property
    def layout(self) -> Layout:
        """Where everything is."""
        by_dot = place_with_dot(self.source) if self._engine == "dot" else None
        return by_dot or place(self.graph, *sizes(self.graph), self._direction)

    @cached_property
    def _boxes(self) -> Boxes:
        """The boxes that can be opened and closed, with a picture for each."""
        others = (Drawing(graph, self._direction, self._engine) for graph in self._others)
        return {**self._record, "pictures": [drawing.svg for drawing in others]}

    @property
    def _scene(self) -> Scene:
        return scene(self.graph, self.layout)

    def writers(self) -> Writers:
        """What gives the contents of a file, for each ending."""
        return super().writers() | {
            ".dot": lambda: self.source,
            ".html": lambda: drawing_page(self.svg, repr(self), self.graph.title, self._boxes),
            ".md": lambda: to_mermaid(self.graph, self._direction),
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: the picture, or the sentence where it cannot show pictures."""
        return for_notebooks(self.svg, repr(self), self._boxes)

    def __repr__(self) -> str:
        return self.graph.sentence


class SideBySide(Shown):
    """Pictures beside each other: a compiled function as it is written, and as it is run.

    Args:
        drawings: The pictures by their headings.
        sentence: What they show, in words.
    """

    def __init__(self, drawings: Mapping[str, Drawing], sentence: str) -> None:
        self._drawings, self._sentence = drawings, sentence

    @cached_property
    def _scene(self) -> Scene:
        gap, head, placed = 24.0, 26.0, []
        width, height = -gap, 0.0
        for heading, drawing in self._drawings.items():
            one = drawing._scene
            title = Text(one.x + 14, one.y - 7, heading, 15, INK, bold=True, mono=False)
            titled = replace(one, groups=(*one.groups, Group("", shapes=(title,))))
            placed.append((titled, width + gap - one.x, head - one.y))
            width, height = width + gap + one.width, max(height, head + one.height)
        return Scene(0, 0, width, height, (), tuple(placed))

    def __repr__(self) -> str:
        return self._sentence
