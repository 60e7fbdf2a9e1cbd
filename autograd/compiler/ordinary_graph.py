"""Ordinary graph: the nodes that a compiled result has behind it when it is copied.

A call of a compiled function cannot be copied: it is memory and calls of NumPy. What it computed on
single numbers can be written down once more as ordinary nodes over the same leaves, with the
numbers of the call, and these are copied and pickled as ever:

    y = g(2.0)                    one call between y and w
    copy.deepcopy(y).parents      those of w * x + b
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import LEAF
from autograd.compiler.passes import without_modes
from autograd.errors import GraphError
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.compiler.program import Workspace


def ordinary_nodes(space: Workspace) -> dict[int, Any]:
    """Of each row that somebody needs the Value that it is, over leaves with a call's numbers."""
    graph, placement = space.program.graph, space.program.placement

    def given(row: int) -> Value:
        kind = Value if graph.code[row] == LEAF else Constant
        return kind(space.numbers.item(placement.at[row]))

    alive = np.flatnonzero(space.program.raised.alive).tolist()
    nodes: dict[int, Any] = without_modes(graph.computed, alive, given, space.indices.item)
    return nodes


def ordinary(space: Workspace, given: Sequence[Value]) -> dict[int, Any]:
    """Of each row of a call's recording that somebody needs an ordinary node.

    Args:
        space: The call's memory.
        given: The leaves that it was given, in the order of their positions.

    Raises:
        GraphError: it computes with arrays, too.
    """
    program = space.program
    if program.tensors or program.lifted or program.early:
        raise GraphError(
            "copy: the graph goes through a call of a compiled function that computes with "
            "arrays, whose memory cannot be copied. Copy the result without its graph "
            "(.detach()), or run the function itself."
        )
    graph, nodes = program.graph, ordinary_nodes(space)
    of_place = dict(zip(program.order, given, strict=True))
    places = {row: graph.left[row] for row in nodes if graph.code[row] == LEAF}
    leaves = {id(nodes[row]): of_place.get(k, graph.leaves[k]) for row, k in places.items()}
    for node in nodes.values():
        if node.op is not None:
            node._left = leaves.get(id(node._left), node._left)
            node._right = leaves.get(id(node._right), node._right)
    return nodes
