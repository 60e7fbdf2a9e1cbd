"""Aliases: arrays that show one memory uncompiled, such as `a = p.data` and p itself.

A traced array never changes: `p.data -= step` makes another one. But uncompiled, who kept `a` sees
the new numbers where p's memory is written to (`p.data -= …`, an optimizer of Parameters, a
gradient that arrives in one), and the old ones where p gets an array of its own (`t.data = …` of
a Tensor). So memory has a name here, the first array that shows it, and whoever uses an array gets
what its memory holds by then.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from autograd.compiler.refusals import refusal
from autograd.compiler.tape import Traced, traced_in

if TYPE_CHECKING:
    from typing import Protocol

    from autograd.arrays import Array
    from autograd.compiler.tape import Tape

    class Leaf(Protocol):
        """What is known here of record.py's StandIn, whose file imports this one."""

        def settle(self) -> None:
            """Have what its single numbers were given."""

        def was_written(self, memory: Traced) -> None:
            """Note that some memory has other numbers, which may be its own."""


class Aliases:
    """What the memory of leaves holds.

    Attributes:
        apart: Whether single numbers of an array were given others, or gradients.
        leaves: By the names of memory that leaves have or had, the leaf.
        now: What memory that was written to holds.
        memory: Of an array that memory holds or held, the name of that memory.
        doubtful: Gradients that a condition decides on: nobody knows whether they are others.
        shared: By the name of memory, the plain array that has it, too, while anybody keeps it.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.apart = False
        self.leaves: dict[Traced, Leaf] = {}
        self.now: dict[Traced, Traced] = {}
        self.memory: dict[Traced, Traced] = {}
        self.doubtful: set[Traced] = set()
        self.shared: dict[Traced, weakref.ref[Array]] = {}

    def _origin(self, x: Traced) -> Traced:
        """What x shows: memory, or what some memory holds or held. A number shows nothing."""
        while x not in self.memory and x.base is not x and not x.number and x.maker is not None:
            given = traced_in((x.maker.args, x.maker.options))
            x = next(y for y in given if y.base is x.base)
        return x

    def name_of(self, x: Traced) -> Traced:
        """The memory that an array shows, all of it or a part."""
        origin = self._origin(x)
        return self.memory.get(origin, origin)

    def whole(self, x: Traced) -> Traced:
        """The memory that an array shows, if it shows all of it as it is; else the array."""
        return self.memory.get(x, x)

    def is_of_leaf(self, x: Traced) -> bool:
        """Whether an array shows what a leaf has or had."""
        return self.name_of(x) in self.leaves

    def current(self, x: Traced) -> Traced:
        """The array that shows what x shows uncompiled by now, for who uses it."""
        if self.apart and (leaf := self.leaves.get(self.name_of(x))) is not None:
            leaf.settle()
        return self.held(x)

    def held(self, x: Traced) -> Traced:
        """Likewise where single numbers are as the array has them."""
        if not self.now:
            return x
        origin = self._origin(x)
        now = self.now.get(self.memory.get(origin, origin), origin)
        if now is origin:
            return x
        step = x.maker
        if origin is x or step is None:
            return now
        return self.tape.call(step.function, step.args, step.options)

    def own(self, x: Traced) -> Traced:
        """New memory with the numbers of an array."""
        made = self.tape.again(self.current(x))
        self.memory[made] = made
        return made

    def write(self, memory: Traced, array: Traced) -> None:
        """Let memory hold the numbers of an array."""
        if self.whole(array) is not memory:
            held = self.own(array)
            self.memory[held], self.now[memory] = memory, held

    def copied(self, x: Traced) -> Traced:
        """What x shows, in a copy of its memory, which may be written to once."""
        memory = self.name_of(x)
        if memory in self.doubtful:
            raise refusal("writing to a gradient that was clipped, or chosen by np.where,")
        if memory in self.shared and self.shared[memory]() is not None:
            raise refusal("writing to a gradient that is an array with a name of its own")
        self.write(memory, self.current(memory).copy())
        self.leaves[memory].was_written(memory)
        return self.held(x)
