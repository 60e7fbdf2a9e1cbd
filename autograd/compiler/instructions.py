"""Instructions: what the rows of a graph are raised to, before they are placed and emitted.

Of five neurons these are a `Product`, 5x2 by 2x1, to which b is added, and a `Group`, of tanh.
raising.py finds them. A stretch that does the same again and again, or little at a time, is a
`Scan`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from autograd.compiler.graph import DATA, LEAF, Graph

if TYPE_CHECKING:
    from autograd.arrays import Array, BoolArray, FloatArray, IntArray
    from autograd.compiler.tape import Tape, Traced
    from autograd.op import Elementwise


@dataclass
class Group:
    """Rows with the same operation: `out[k]` is the operation on `operands[…][k]`."""

    op: Elementwise | None  # None copies, without a gradient
    operands: list[IntArray]
    out: IntArray


@dataclass
class Product:
    """A matrix product, or a stack of them.

    `out[b, i, j]` is Σₖ left[b, i, k] right[b, j, k], plus `plain[…][b, i, j]`.
    """

    left: IntArray
    right: IntArray
    plain: list[IntArray]
    out: IntArray

    @property
    def bias(self) -> int | None:
        """Which plain term is the same in all columns, where there are several; None if none is."""
        if len(self.out) == 1 and self.out.shape[2] > 1:
            for k, rows in enumerate(self.plain):
                if (rows == rows[:, :, :1]).all():
                    return k
        return None


@dataclass
class Sums:
    """Sums of different lengths: `out[k]` adds what lies from `starts[k]` on.

    Each is a product of a left and a right row, or where `right` is -1 the left row alone.
    """

    left: IntArray
    right: IntArray
    starts: IntArray
    out: IntArray


@dataclass
class Gather:
    """`out[k]` is row `table[index, which[k]]` for the index at `places[k]` of the arguments."""

    table: IntArray
    which: IntArray
    places: IntArray
    out: IntArray


@dataclass
class Body:
    """What loops repeat; those that do the same share it.

    Attributes:
        raised: The instructions of one round, raised from a graph of their own.
        made: The rows of that graph that are results.
        same: The rows that come from outside and are the same in all rounds.
        exposed: Of each result whether anything but its own round uses it.
        placement: Where they lie in the body's buffers.
        shared: The operands whose gradients are found after the loop, see loop_gradients.py.
        emitted: The calls, on a tape of their own.
        ends: For each array of results that has a gradient its seeds, if any come from outside of
            the round; its gradient; and where it begins.
    """

    raised: Raised
    made: IntArray
    same: IntArray
    exposed: BoolArray
    placement: Placed
    shared: list[tuple[Group | Product, int]] = field(default_factory=list)
    emitted: EmittedBody | None = None
    ends: list[tuple[Traced | None, Traced, int]] = field(default_factory=list)

    @cached_property
    def given(self) -> IntArray:
        """The rows that come from outside, in the order in which they lie in the buffers."""
        rows = np.flatnonzero(np.isin(np.array(self.raised.graph.code), (LEAF, DATA)))
        return rows[np.argsort(self.placement.at[rows])]

    @property
    def results(self) -> int:
        """How many numbers each round leaves behind."""
        return self.placement.size - self.placement.one_at - 1


@dataclass
class Scan:
    """A stretch of rounds, each after the one before.

    Attributes:
        inputs: For each round, which rows the first rows of its graph stand for.
        indices: For each round, which indices its lookups use.
        out: For each round, the rows that come out: (rounds, made).
    """

    inputs: IntArray
    indices: IntArray
    out: IntArray

    @cached_property
    def outside(self) -> IntArray:
        """The rows from outside, each once."""
        return np.unique(self.inputs[~np.isin(self.inputs, self.out)])


@dataclass
class Loop(Scan):
    """Rounds of calls on arrays, see loop.py.

    Attributes:
        body: What each round does.
    """

    body: Body


@dataclass
class Chain(Scan):
    """A narrow stretch, whose rows are computed one after another on floats, see float_chains.py.

    Attributes:
        graph: It, as one round; which rounds there are in that, is found when it is written down.
        flows: Of each row whether gradients flow to the left (1), to the right (2), to both (3), to
            none (0).
    """

    graph: Graph
    flows: IntArray


Instruction = Group | Product | Sums | Gather | Chain | Loop


@dataclass
class Raised:
    """The instructions in an order in which they can run.

    Attributes:
        graph: What they were made from.
        needs: For each row whether a gradient flows to it.
        alive: For each row whether an output depends on it.
        late: For each row whether it is computed after the backward pass.
    """

    graph: Graph
    needs: BoolArray
    alive: BoolArray
    late: BoolArray
    instructions: list[Instruction] = field(default_factory=list)


class Placed(Protocol):
    """What is read of place.py's Placement."""

    graph: Graph
    at: IntArray
    size: int
    begins: list[int]
    leaf_order: list[int]
    constant_order: list[int]
    constants_at: int
    one_at: int
    gradients_at: int
    ones: dict[int, int]

    def constants(self) -> FloatArray:
        """The numbers of all constants."""
        raise NotImplementedError


class EmittedBody(Protocol):
    """What a loop knows of emit.py's calls of its body."""

    tape: Tape
    indices: Traced
    lookups: list[tuple[Traced, tuple[IntArray, IntArray, IntArray]]]
    kept: list[tuple[Traced, int]]
    gradient: Traced | None

    def within(self, numbers: FloatArray) -> dict[int, Array]:
        """The arrays of all rows as parts of one, for `bind`."""
        raise NotImplementedError


def operands_of(x: Instruction) -> list[IntArray]:
    """The operands of an instruction, each an array of rows."""
    if isinstance(x, Product):
        return [x.left, x.right.swapaxes(-1, -2), *x.plain]
    if isinstance(x, Group):
        return x.operands
    if isinstance(x, Gather):
        return [x.table]
    if isinstance(x, Scan):
        return [x.outside]
    paired = x.right >= 0
    return [x.left, x.right[paired]] if paired.any() else [x.left]
