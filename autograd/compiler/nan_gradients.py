"""Rebuild: the ordinary graph behind a call, for gradients that come out as nan.

The compiled backward pass goes through all that was computed. Some of it the ordinary pass does not
reach: numbers that were only compared, what a lookup did not choose, results that nobody asks the
gradient of. Compiled, their gradients are 0, which adds nothing to any other, unless a derivative
is infinite or nan:

    loss, root = g(w, [3.0, 0.0])       w * x[0] and sqrt(w * x[1])
    loss.backward()                     w: 3 + 0 * inf = nan, where 3 is right

So a nan may be the function's own or not. Which it is, the ordinary pass says. It takes as long as
without compiling, but only where a gradient is nan.
"""

from __future__ import annotations

import numpy as np

from autograd.arrays import Array
from autograd.compiler.binding import Bound
from autograd.compiler.graph import LEAF
from autograd.compiler.ordinary_graph import ordinary_nodes
from autograd.compiler.passes import Ends, without_modes
from autograd.compiler.program import Workspace
from autograd.node import gradients


def ordinary_pass(space: Workspace, rows: dict[int, float | Array], ends: tuple[int, ...]) -> None:
    """Find the gradients anew, from the numbers of the call.

    Args:
        space: Where the numbers of the call and the gradients of its results are.
        rows: The gradients of rows that are results.
        ends: Which of the results that are Tensors have a gradient.
    """
    program = space.program
    with program.lock, np.errstate(all="ignore"):
        section, found = without_modes(program.array_pass, ends)
        bound = Bound(program.tape, [x for x in found if x is not None], space.arrays.arrays)
    bound.run(section)
    for place, grad in space.gradients:
        traced = found[place]
        grad[...] = 0.0 if traced is None else bound[traced]
    seeds = list(rows.items())
    for (lifted, _), traced in zip(program.lifted, found[len(program.tensors) :], strict=True):
        if traced is not None:
            seeds += zip(lifted.ravel().tolist(), bound[traced].ravel().tolist(), strict=True)
    nodes = ordinary_nodes(space)
    leaves = np.flatnonzero((np.array(program.graph.code) == LEAF) & program.raised.alive)
    root, wrt = Ends([nodes[row] for row, _ in seeds]), [nodes[row] for row in leaves.tolist()]
    grads = without_modes(gradients, root, wrt, [seed for _, seed in seeds])
    places = program.placement.at[leaves] - program.graph.data_size
    space.grads.reshape(-1)[places] = [grad or 0.0 for grad in grads]
