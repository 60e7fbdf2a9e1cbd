"""Ordinary graph: the nodes that the engine itself would have behind a compiled result.

A call of a compiled function is memory and calls of NumPy. What it computed on single numbers can
be written down once more as ordinary nodes, with the numbers of the call. Two things need that.

A call cannot be copied; these nodes are copied and pickled as ever:

    y = g(2.0)                    one call between y and w
    copy.deepcopy(y).parents      those of w * x + b

And the compiled backward pass goes through all that was computed. Some of it the ordinary pass does
not reach: numbers that were only compared, what a lookup did not choose, results that nobody asks
the gradient of. Compiled, their gradients are 0, which adds nothing to any other, unless a
derivative is infinite or nan:

    loss, root = g(w, [3.0, 0.0])       w * x[0] and sqrt(w * x[1])
    loss.backward()                     w: 3 + 0 * inf = nan, where 3 is right

So a nan may be the function's own or not. Which it is, the ordinary pass says. It takes as long as
without compiling, but only where a gradient is nan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.binding import Bound
from autograd.compiler.graph import LEAF
from autograd.compiler.passes import Ends, without_modes
from autograd.errors import GraphError
from autograd.node import gradients
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.arrays import Array
    from autograd.compiler.program import Workspace
    from autograd.tensor import Tensor

    Grads = dict[int | Tensor, float | Array]
    """The gradients of results, by what a program has for these: rows and Tensors."""


def _nodes(space: Workspace) -> tuple[dict[int, Any], list[int]]:
    """Of each row that somebody needs the Value that it is; and which are leaves."""
    graph, placement = space.program.graph, space.program.placement

    def given(row: int) -> Value:
        kind = Value if graph.code[row] == LEAF else Constant
        return kind(space.numbers.item(placement.at[row]))

    alive = np.flatnonzero(space.program.raised.alive).tolist()
    nodes: dict[int, Any] = without_modes(graph.computed, alive, given, space.indices.item)
    return nodes, [row for row in alive if graph.code[row] == LEAF]


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
    graph, (nodes, rows) = program.graph, _nodes(space)
    of_place = dict(zip(program.order, given, strict=True))
    places = {row: graph.left[row] for row in rows}
    leaves = {id(nodes[row]): of_place.get(k, graph.leaves[k]) for row, k in places.items()}
    for node in nodes.values():
        if node.op is not None:
            node._left = leaves.get(id(node._left), node._left)
            node._right = leaves.get(id(node._right), node._right)
    return nodes


def ordinary_pass(space: Workspace, given: Grads) -> None:
    """Find the gradients anew, from the numbers of the call and the gradients of its results.

    Those of results that are Tensors are in its memory already.
    """
    program = space.program
    ends = tuple(i for i, x in enumerate(program.differentiable) if x in given)
    with program.lock, np.errstate(all="ignore"):
        section, found = without_modes(program.array_pass, ends)
        bound = Bound(program.tape, [x for x in found if x is not None], space.arrays.arrays)
    bound.run(section)
    for place, grad in space.gradients:
        traced = found[place]
        grad[...] = 0.0 if traced is None else bound[traced]
    seeds = [(row, seed) for row, seed in given.items() if isinstance(row, int)]
    for (lifted, _), traced in zip(program.lifted, found[len(program.tensors) :], strict=True):
        if traced is not None:
            seeds += zip(lifted.ravel().tolist(), bound[traced].ravel().tolist(), strict=True)
    nodes, leaves = _nodes(space)
    root, wrt = Ends([nodes[row] for row, _ in seeds]), [nodes[row] for row in leaves]
    grads = without_modes(gradients, root, wrt, [seed for _, seed in seeds])
    places = program.placement.at[leaves] - program.graph.data_size
    space.grads.reshape(-1)[places] = [grad or 0.0 for grad in grads]
