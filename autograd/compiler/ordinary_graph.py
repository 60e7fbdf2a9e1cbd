"""Ordinary graph: the nodes that a compiled result has behind it when it is copied.

A call of a compiled function cannot be copied: it is memory and calls of NumPy. What it computed on
single numbers can be written down once more as ordinary nodes over the same leaves, with the
numbers of the call, and these are copied and pickled as ever:

    y = g(2.0)                    one call between y and w
    copy.deepcopy(y).parents      those of w * x + b
"""

from __future__ import annotations

from typing import Any

from autograd.compiler.graph import LEAF
from autograd.compiler.nan_gradients import ordinary_nodes
from autograd.compiler.passes import without_modes
from autograd.errors import GraphError


def ordinary(call: Any) -> list[Any]:
    """For each row of the recording of a call an ordinary node; None where nothing needs it.

    Raises:
        GraphError: it computes with arrays, too.
    """
    space, program = call.space, call.space.program
    if program.tensors or program.lifted or program.early:
        raise GraphError(
            "copy: the graph goes through a call of a compiled function that computes with "
            "arrays, whose memory cannot be copied. Copy the result without its graph "
            "(.detach()), or run the function itself."
        )
    nodes: list[Any] = without_modes(ordinary_nodes, space)
    given = dict(zip(program.order, call.leaves, strict=True))
    rows = enumerate(zip(program.graph.code, program.graph.left, strict=True))
    leaves = {
        id(nodes[row]): given.get(place, program.graph.leaves[place])
        for row, (code, place) in rows
        if code == LEAF
    }
    for node in nodes:
        if node is not None and node.op is not None:
            node._left = leaves.get(id(node._left), node._left)
            node._right = leaves.get(id(node._right), node._right)
    return nodes
