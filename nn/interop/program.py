"""A model of PyTorch's as a list of calls of our functions, which runs without PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.modes import active
from autograd.source_lines import at_line
from nn.interop.aten_operands import Counterpart

if TYPE_CHECKING:
    from autograd.arrays import Array


class Ref(NamedTuple):
    """In the arguments of a call: the result of another, or an input."""

    place: int


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of the model.

    Attributes:
        function: The function of ours.
        args: Its arguments, with a `Ref` for everything that is computed.
        kwargs: The named ones.
        place: Where its result goes.
        name: What PyTorch calls it, such as "aten.softmax".
        line: The line of the user's model that it comes from.
    """

    function: Counterpart
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    place: int
    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Program:
    """A model for inputs of given shapes, in one mode.

    Attributes:
        size: How many results and inputs there are.
        calls: In the order in which they run.
        stored: The places of parameters and buffers, with their names.
        constants: The places of arrays that never change.
        inputs: The places of the leaves of the arguments; None for one that is not used.
        names: What the model calls these leaves.
        outputs: The leaves of the result.
        written: The buffers that are set to a result, by name.
        rebuild: Puts the leaves of the result into its form.
        precision: That of the coarsest floats it computes with: 2.2e-16 in float64.
    """

    size: int
    calls: tuple[Call, ...]
    stored: tuple[tuple[int, str], ...]
    constants: tuple[tuple[int, Array], ...]
    inputs: tuple[int | None, ...]
    names: tuple[str, ...]
    outputs: tuple[object, ...]
    written: tuple[tuple[str, object], ...]
    rebuild: Callable[[Sequence[object]], Any]
    precision: float

    def run(
        self, find: Callable[[str], object], leaves: Sequence[object]
    ) -> tuple[Any, dict[str, Any]]:
        """The model's result, and what its buffers are to become.

        Args:
            find: Gives the parameter or buffer of a name.
            leaves: Those of the arguments.
        """
        results: list[object] = [None] * self.size
        for place, name in self.stored:
            results[place] = find(name)
        for place, array in self.constants:
            results[place] = array
        for at, leaf in zip(self.inputs, leaves, strict=True):
            if at is not None:
                results[at] = leaf
        watched = active()
        for call in self.calls:
            args = [_filled(x, results) for x in call.args]
            kwargs = {key: _filled(x, results) for key, x in call.kwargs.items()}
            try:
                if watched:
                    with at_line(call.line):
                        results[call.place] = call.function(*args, **kwargs)
                else:
                    results[call.place] = call.function(*args, **kwargs)
            except Exception as err:
                err.add_note(f"In {call.name} of the PyTorch model, {call.line}")
                raise
        written = {name: _filled(x, results) for name, x in self.written}
        return self.rebuild(_filled(list(self.outputs), results)), written


def _filled(x: object, results: Sequence[object]) -> Any:
    """Arguments with the results in their places."""
    if isinstance(x, Ref):
        return results[x.place]
    if isinstance(x, tuple):
        return tuple([_filled(part, results) for part in x])
    if isinstance(x, list):
        return [_filled(part, results) for part in x]
    if isinstance(x, dict):
        return {key: _filled(part, results) for key, part in x.items()}
    return x
