"""The seam for whoever wants to watch operations being made: the compiler.

A tracer is a mode. The engine asks for it only where `active()` says that some mode is on, and at
these places only: a result is made, a number is read, two numbers are compared; operands are lifted
where they become arrays; a leaf's number or gradient is read or written, and what an optimizer
keeps; a node is copied. All else that a traced node does in another way than a node it does itself:
it is of a class of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.modes import active, force_grad

if TYPE_CHECKING:
    from typing import Protocol, TypeVar

    import numpy as np

    from autograd.arrays import Array

    T = TypeVar("T")
    T_co = TypeVar("T_co", covariant=True)

    class Holding(Protocol[T_co]):
        """A node, by what it holds."""

        @property
        def _data(self) -> T_co:
            raise NotImplementedError


class AsWritten(BaseException):
    """This call has to be run as it is written; of no class that the user's code catches."""


class Tracer(force_grad):
    """Sees what is computed: what `compile` is inside while it runs a function to record.

    The engine reports to the innermost one; autograd/compiler/record.py says what is done with it.

    Attributes:
        twins: What stands for objects while it sees what happens, by their `id`.
    """

    twins: dict[int, Any]

    def made(self, op: Any, out: Any, operands: tuple[Any, ...]) -> Any:
        """An operation was computed; the answer is its result, as the user gets it."""
        return out

    def read(self, node: Any, what: str) -> Any:
        """The plain number or array of a node was asked for, by `what`."""
        return node._data

    def compared(
        self, relation: Callable[[float, float], bool], left: Any, right: Any, outcome: bool
    ) -> bool:
        """Two Values were compared; the answer is how that comes out."""
        return outcome

    def lift(self, operands: tuple[Any, ...], joined: bool) -> tuple[Any, ...]:
        """Operands of an operation on arrays were given; the answer is what it computes with."""
        return operands

    def leaf(self, node: Any) -> Any:
        """What the number and the gradient of a leaf are read from and written to."""
        raise NotImplementedError

    def held(self, holder: Callable[[], dict[str, Any]], name: str, first: Any) -> Any:
        """What stands for an array that is written to, and kept until the next call.

        Args:
            holder: Gives the dict that has it.
            name: Its name there.
            first: What it is where it is not there yet.
        """
        raise NotImplementedError

    def numbers_of(
        self, read: Callable[[], Sequence[float] | None], owner: object, names: Sequence[str]
    ) -> list[Any]:
        """What stands for plain numbers that are read anew at every call.

        Args:
            read: Gives them; None where what is recorded would not do.
            owner: Whose they are: it is expected to change.
            names: What each is called.
        """
        raise NotImplementedError

    def drawn(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """What stands for numbers in [0, 1) that a generator draws at each call."""
        raise NotImplementedError

    def ends_as(self, owner: object, name: str, value: Callable[[], object]) -> None:
        """An attribute that is another one after each call."""
        raise NotImplementedError

    def written(self, what: str, /) -> None:
        """Something that stays when all is computed is about to happen, and is not recorded."""
        raise NotImplementedError


def tracer() -> Tracer | None:
    """The innermost tracer that this code runs inside."""
    entries = active()
    if not entries:
        return None
    last = entries[-1]
    mode = last.mode
    if isinstance(mode, Tracer) and last.generator is None:  # quick, as it is asked often
        return mode
    for entry in reversed(entries):
        if isinstance(entry.mode, Tracer) and entry.holds():
            return entry.mode
    return None


def read(node: Holding[T], what: str) -> T:
    """A node's number or array, for who asks for it by `what`; a tracer may have another answer."""
    watching = tracer()
    return node._data if watching is None else watching.read(node, what)


def lifted(*operands: T, joined: bool = False) -> tuple[T, ...]:
    """What an operation on arrays computes with: these operands, or what a tracer makes of them.

    Args:
        *operands: Nodes, arrays and numbers.
        joined: Whether the operation makes an array of each, as `stack` does: then a number is a
            float64, and does not take the type of the arrays beside it.
    """
    watching = tracer()
    return operands if watching is None else watching.lift(operands, joined)


def as_traced(node: T) -> T:
    """A leaf, or what a tracer has for it: there its number and gradient are read and written."""
    watching = tracer()
    return node if watching is None else watching.leaf(node)


def drawn(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers in [0, 1) that a generator draws, or what a tracer has for them."""
    watching = tracer()
    return generator.random(shape) if watching is None else watching.drawn(generator, shape)


def written(what: str) -> None:
    """Tell a tracer what is about to happen to a leaf, by the name of who does it."""
    if active() and (watching := tracer()) is not None:
        watching.written(what)
