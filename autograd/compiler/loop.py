"""Loops: stretches of a program that do the same again and again, each round after the one before.

A recurrence over fifty numbers, `s = [tanh(w * v + b) for v, b in zip(s, bs)]` a thousand times,
has a thousand levels of products, of sums and of tanh's, and each waits for the one before. Three
thousand instructions would take longer to write down than to run. So such a stretch is one
instruction: a body, raised, placed and emitted as a program of its own on small buffers,

    given   0..49  the s of before     50  w     51..100  b
    made    101..150  w s              151..200  w s + b     201..250  tanh

and for each round the places that its inputs come from and its results go to. Its calls are filled
in for each round anew: they read and write what the round's numbers are in the program's memory.
What of a round's inputs does not lie side by side there (the state, but among a hundred b's) is
collected before. repeats.py finds such stretches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import DATA, LEAF

if TYPE_CHECKING:
    from autograd.arrays import Array


@dataclass
class Body:
    """What loops repeat; those that do the same share it.

    Attributes:
        raised: The instructions of one round, raised from a graph of their own.
        made: The rows of that graph that are results.
        same: The rows that come from outside and are the same in all rounds.
        exposed: Of each result whether anything but its own round uses it.
        shared: The operands whose gradients are found after the loop, see loop_gradients.py.
        placement: Where they lie in the body's buffers.
        emitted: The calls, on a tape of their own.
        ends: For each array of results that has a gradient its seeds, if any come from outside of
            the round; its gradient; and where it begins.
    """

    raised: Any
    made: Any
    same: Any
    exposed: Any
    shared: list[tuple[Any, int]] = field(default_factory=list)
    placement: Any = None
    emitted: Any = None
    ends: list[Any] = field(default_factory=list)

    @cached_property
    def given(self) -> Any:
        """The rows that come from outside, in the order in which they lie in the buffers."""
        rows = np.flatnonzero(np.isin(np.array(self.raised.graph.code), (LEAF, DATA)))
        return rows[np.argsort(self.placement.at[rows])]

    @cached_property
    def moving(self) -> Any:
        """Of each of these whether it may be another in each round."""
        return ~np.isin(self.given, self.same)

    @property
    def results(self) -> int:
        """How many numbers each round leaves behind."""
        return int(self.placement.size - self.placement.one_at - 1)


@dataclass
class Loop:
    """A stretch of rounds.

    Attributes:
        body: What each round does.
        inputs: For each round, which rows the first rows of the body stand for.
        indices: For each round, which indices its lookups use.
        out: For each round, the rows that come out: (rounds, made).
    """

    body: Body
    inputs: Any
    indices: Any
    out: Any

    @cached_property
    def outside(self) -> Array:
        """The rows from outside, each once."""
        return np.unique(self.inputs[~np.isin(self.inputs, self.out)])


class Repeated:
    """A loop on one array: first what comes from outside, then the results of all rounds.

    Attributes:
        loop: What is repeated.
        inputs: For each round, where in the array the first rows of the body lie.
        start: Where the results of the first round begin; those of the others follow.
        size: The length of the array.
        needing: Which of the numbers that go in every round has slopes for.
    """

    def __init__(self, loop: Loop, inputs: Array, needed: Any) -> None:
        self.loop, self.inputs, self.start = loop, inputs.astype(np.int32), len(needed)
        self.body = body = loop.body
        self.size = self.start + len(inputs) * body.results
        wanted = np.append(needed, True)[np.minimum(inputs[:, body.given], self.start)]
        self.needing = np.flatnonzero(body.raised.needs[body.given] & wanted.any(axis=0))

    def places(self, given: Any) -> Any:
        """For each round, where in the array some of what goes in lies."""
        return self.inputs[:, self.body.given[given]].astype(np.intp)

    def rows(self, array: Any) -> Any:
        """The results of each round, or their slopes, in an array."""
        return array[self.start :].reshape(len(self.inputs), -1)
