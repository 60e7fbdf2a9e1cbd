"""The seam for whoever wants to watch operations being made: the compiler.

A recording is a mode. The engine asks `recorder()` only where `active()` says that some mode is on.
"""

from __future__ import annotations

from typing import Any, NoReturn

from autograd.modes import active, force_grad


class Recorder(force_grad):
    """Write down what is computed: what `compile` is inside while it runs a function to record.

    The engine reports to the innermost one; autograd/compiler/record.py says what is done with it.
    """

    def scalar(self, out: Any) -> Any:
        """An operation on Values was computed; the answer is its result."""
        raise NotImplementedError

    def compared(self, relation: Any, left: Any, right: Any, outcome: bool) -> bool:
        """Two Values were compared."""
        raise NotImplementedError

    def number(self, value: Any, what: str) -> Any:
        """The plain number of a Value was asked for."""
        raise NotImplementedError

    def array(self, tensor: Any) -> Any:
        """The plain array of a Tensor was asked for."""
        raise NotImplementedError

    def lifted(self, operands: Any) -> tuple[Any, ...]:
        """The operands of an operation on Tensors, as those of this recording."""
        raise NotImplementedError

    def chosen(self, array: Any, index: Any) -> Any:
        """Elements of an array were taken, where it or their places may be data."""
        raise NotImplementedError

    def numbers(self, values: Any) -> Any:
        """The numbers of an array of Values were asked for, as an array."""
        raise NotImplementedError

    def plain_operands(self, operands: Any, elementwise: bool = True) -> tuple[Any, ...]:
        """Operands, some of them Values: those that uncompiled are floats may meet arrays."""
        raise NotImplementedError

    def plain_array(self, x: Any) -> Any:
        """A recorded number that uncompiled is a float, as an array; anything else as it is."""
        raise NotImplementedError

    def are_floats(self, array: Any) -> bool:
        """Whether uncompiled an array of objects holds floats alone."""
        raise NotImplementedError

    def transformed(self, nodes: Any, variables: Any) -> bool:
        """A function is differentiated at some nodes, each of which has become a variable of its.

        The answer is whether uncompiled these nodes are all floats.
        """
        raise NotImplementedError

    def made_array(self, data: Any) -> Any:
        """An array is made of what may contain numbers of this recording."""
        raise NotImplementedError

    def refuse(self, what: str, remedy: str = "") -> NoReturn:
        """Something was done that cannot be replayed."""
        raise NotImplementedError


def recorder() -> Recorder | None:
    """The innermost recording that this code runs inside."""
    entries = active()
    if not entries:
        return None
    last = entries[-1]
    mode = last.mode
    if isinstance(mode, Recorder) and last.generator is None:  # quick, as it is asked often
        return mode
    for entry in reversed(entries):
        if isinstance(entry.mode, Recorder) and entry.holds():
            return entry.mode
    return None


def written(what: str) -> None:
    """A leaf's number or gradient is about to be written: no replay would do that."""
    if active() and (mode := recorder()) is not None:
        mode.refuse(what)
