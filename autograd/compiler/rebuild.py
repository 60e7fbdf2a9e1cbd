"""Rebuild: the ordinary graph behind a call, for gradients that come out as nan.

The compiled backward pass goes through all that was computed. Some of it the ordinary pass does not
reach: numbers that were only compared, what a lookup did not choose, results that nobody asks the
gradient of. Compiled, their slopes are 0, which adds nothing to any gradient, unless a derivative
is infinite or nan:

    loss, root = g(w, [3.0, 0.0])       w * x[0] and sqrt(w * x[1])
    loss.backward()                     w: 3 + 0 * inf = nan, where 3 is right

So a nan may be the function's own or not. Which it is, the ordinary pass says. It takes as long as
without compiling, but only where a gradient is nan.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

import numpy as np

from autograd import modes
from autograd.compiler.graph import DETACH, LEAF, PICK
from autograd.compiler.program import Ends, Workspace
from autograd.node import gradients
from autograd.value import Constant, Value


def slopes_as_written(space: Workspace, seeds: dict[int, float], with_arrays: bool) -> None:
    """Find the slopes of the leaves by the ordinary backward pass.

    Args:
        space: Where the numbers of the call are, and the slopes go.
        seeds: The gradients of the rows that are results.
        with_arrays: Whether gradients also come from array calls that took rows in.
    """
    program = space.program
    rows, slopes = list(seeds), list(seeds.values())
    for (lifted, _), (_, slope) in zip(program.value_slopes, space.value_slopes, strict=True):
        if with_arrays:
            rows += lifted.ravel().tolist()
            slopes += slope.ravel().tolist()
    context = copy_context()
    context.run(modes._active.set, ())  # the graph is needed under no_grad(), too
    nodes = context.run(_nodes, space)
    leaves = np.flatnonzero((np.array(program.graph.code) == LEAF) & program.raised.alive)
    ends, wrt = Ends([nodes[row] for row in rows]), [nodes[row] for row in leaves]
    found = context.run(gradients, ends, wrt, slopes)
    space.slopes[program.placement.at[leaves]] = [slope or 0.0 for slope in found]


def _nodes(space: Workspace) -> list[Any]:
    """Of each row the Value that it is in the ordinary graph; None where nothing needs it."""
    graph, at, alive = space.program.graph, space.program.placement.at, space.program.raised.alive
    nodes: list[Any] = []
    with np.errstate(all="ignore"):  # the call has warned
        for row, (code, left) in enumerate(zip(graph.code, graph.left, strict=True)):
            node: Any = None
            if not alive[row]:
                pass
            elif code >= 0:
                node = graph.ops[code](*(nodes[i] for i in graph.operands(row)))
            elif code == DETACH:
                node = nodes[left].detach()
            elif code == PICK:
                table, column, place = graph.picks[left]
                node = nodes[graph.tables[table][space.indices[place], column]]
            else:
                node = (Value if code == LEAF else Constant)(space.numbers.item(at[row]))
            nodes.append(node)
    return nodes
