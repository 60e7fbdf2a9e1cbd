"""Ordinary graph: the nodes that a compiled result has behind it when it is copied.

A call of a compiled function cannot be copied: it is memory and calls of NumPy. What it computed on
single numbers can be written down once more as ordinary nodes over the same leaves, with the
numbers of the call, and these are copied and pickled as ever:

    y = g(2.0)                    one call between y and w
    copy.deepcopy(y).parents      those of w * x + b
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import DETACH, GATHER, LEAF, Graph
from autograd.compiler.passes import without_modes
from autograd.errors import GraphError
from autograd.value import Constant, Value

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized
    from functools import cached_property
    from typing import Protocol

    from autograd.arrays import BoolArray, FloatArray, IntArray
    from autograd.compiler.instructions import Raised
    from autograd.compiler.place import Placement
    from autograd.compiler.traced import Traced

    class Program(Protocol):
        """What the ordinary graph knows of program.py's program."""

        graph: Graph
        raised: Raised
        placement: Placement
        order: list[int]

        @property
        def tensors(self) -> Sized:
            """Tensors from outside, and what stands for each."""
            raise NotImplementedError

        @property
        def lifted(self) -> Sized:
            """Rows that array calls need, and the tensors of them."""
            raise NotImplementedError

        @cached_property
        def early(self) -> list[Traced]:
            """The arrays whose numbers rows need."""
            raise NotImplementedError

    class Workspace(Protocol):
        """What the ordinary graph knows of a call's memory, whose file imports who imports this."""

        @property
        def program(self) -> Program:
            """What is computed."""
            raise NotImplementedError

        @property
        def numbers(self) -> FloatArray:
            """All numbers, as they lie in memory."""
            raise NotImplementedError

        @property
        def indices(self) -> IntArray:
            """What lookups use."""
            raise NotImplementedError

    class Call(Protocol):
        """What the ordinary graph knows of a call of a compiled function."""

        @property
        def space(self) -> Workspace:
            """Its memory."""
            raise NotImplementedError

        @property
        def leaves(self) -> Sequence[Value]:
            """The leaves that it was given, in the order of their positions."""
            raise NotImplementedError


def ordinary_nodes(
    graph: Graph,
    number: Callable[[int], float],
    index: Callable[[int], int],
    alive: BoolArray | None = None,
) -> list[Any]:
    """Of each row the Value that it is in the ordinary graph; None where nothing needs it.

    Args:
        graph: The rows.
        number: Gives the number of a row that is not computed.
        index: Gives an index that lookups use, by its place.
        alive: Which rows somebody needs; None: all.
    """
    nodes: list[Any] = []
    with np.errstate(all="ignore"):  # who computed it first has warned
        for row, (code, left) in enumerate(zip(graph.code, graph.left, strict=True)):
            node: Any = None
            if alive is not None and not alive[row]:
                pass
            elif code >= 0:
                node = graph.ops[code](*(nodes[i] for i in graph.operands(row)))
            elif code == DETACH:
                node = nodes[left].detach()
            elif code == GATHER:
                candidates = graph.operands(row)
                node = nodes[candidates[index(graph.right[row]) % len(candidates)]]  # -1: the last
            else:
                node = (Value if code == LEAF else Constant)(number(row))
            nodes.append(node)
    return nodes


def ordinary_nodes_of(space: Workspace) -> list[Any]:
    """Those of a call, with its numbers."""
    program, numbers = space.program, space.numbers
    at, alive = program.placement.at, program.raised.alive
    indices = space.indices
    return ordinary_nodes(
        program.graph, lambda row: numbers.item(at[row]), lambda k: int(indices[k]), alive
    )


def ordinary(call: Call) -> list[Any]:
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
    nodes: list[Any] = without_modes(ordinary_nodes_of, space)
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
