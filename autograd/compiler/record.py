"""Record: run a function once, and write down what it computed.

A `Recording` is what the engine reports to while the function runs: each operation on single
numbers becomes a row of a graph (recorded_rows.py), each call on arrays a step of a tape
(recorded_array.py), and where the two meet is written down in crossing.py. Here is what it answers
when a number is read, or something is changed that stays when the function has run (effects.py).

What could not be repeated, such as `float(v)`, is refused with the line that did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.compiler.effects import Effects, StandIn
from autograd.compiler.graph import DETACH
from autograd.compiler.recorded_array import RecordedTape
from autograd.compiler.recorded_rows import RecordedValue
from autograd.compiler.tape import Traced
from autograd.modes import active, differentiated
from autograd.tensor import Tensor
from autograd.tracing import Tracer
from autograd.value import Constant


class Recording(Effects, Tracer):
    """One run of a function, on its way to a program.

    Attributes:
        tensor_count: How many of the Tensors from outside are arguments.
    """

    def __init__(self) -> None:
        super().__init__(RecordedTape)
        self.tensor_count = 0

    def begin(self) -> None:
        """All arguments are known: what comes now is from outside."""
        self.graph.value_count, self.tensor_count = len(self.graph.leaves), len(self.tensors)

    def __enter__(self) -> Recording:
        super().__enter__()
        self.inside, self.around = len(active()), differentiated.get()
        return self

    def read(self, node: Any, what: str) -> Any:
        """The numbers of a node are recorded, too, where they may go on as a node."""
        if what not in (".data", ".detach()"):
            self.refuse(what)
        if isinstance(node, Tensor):
            data = self.lifted(node)._data
            return self.tape.call(np.ndarray.copy, (data, "C")) if data.number else data
        if (leaf := self.known(node)) is not None:
            return leaf.data if what == ".data" else self.current(node).detach()
        if (what == ".data" and self.is_plain(node)) or node.__class__ is Constant:
            return node if isinstance(node, RecordedValue) else node._data
        out = self.value(DETACH, self.row(node), node._data)
        if what == ".data":
            self.plain.read.add(out.index)
        return out

    # --- what is changed

    def leaf(self, node: Any) -> Any:
        """What stands for a leaf, on the tape or among the rows."""
        if not isinstance(node, Tensor):
            return self.leaf_row(node)
        if isinstance(node._data, Traced):
            return self.lifted(node)
        if id(node) not in self.tensors:
            self.tensors[id(node)] = (node, StandIn.of(self, node, node._data))
        return self.tensors[id(node)][1]

    def written(self, what: str) -> None:
        """No replay would do that."""
        self.refuse(what)

    def argument_tensor(self, given: Tensor) -> Tensor:
        """A Tensor among the arguments."""
        stand_in = StandIn.of(self, given, np.asarray(given._data, order="C"))
        self.tensors[-len(self.tensors) - 1] = (given, stand_in)
        return stand_in

    def lift(self, operands: Any) -> tuple[float | Tensor | StandIn | Traced, ...]:
        """The operands of an array operation as those of this recording."""
        return tuple(self.lifted(self.beside(x, operands)) for x in operands)

    def settle(self, outside: Mapping[int, object], numbers: set[float]) -> set[int]:
        """See what arrays from outside may be read where they lie: see outside_arrays.py."""
        used = [*outside.values(), *(x for x, _ in self.outside.used)]
        used += [x.array for x in self.arguments]
        self.check_apart(used)
        return self.outside.settle(outside, numbers, self.graph.constants)

    def returned(self, x: Any) -> Any:
        """A result as it is at the end."""
        if isinstance(x, Traced):
            return self.aliases.current(x)
        if isinstance(x, Tensor) and isinstance(x._data, Traced) and not isinstance(x, StandIn):
            x._data = self.aliases.current(x._data)
        return x
