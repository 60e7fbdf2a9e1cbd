"""What the files that record.py imports know of the recording that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from autograd.compiler import recorded_value

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from autograd.arrays import Array, IndexArray
    from autograd.compiler.graph import Graph
    from autograd.compiler.recorded_value import RecordedValue
    from autograd.compiler.tape import Tape
    from autograd.compiler.traced import Step, Traced
    from autograd.errors import CompileError
    from autograd.tensor import Tensor
    from autograd.value import Value


class Changes(Protocol):
    """What single Values ask of a recording's effects."""

    own: set[Traced]


class Recording(recorded_value.Recording, Protocol):
    """What is asked of record.py's recording; it says there what everything is."""

    graph: Graph
    tape: Tape
    kind: type[RecordedValue]
    rows: dict[Hashable, int]
    values: dict[Hashable, tuple[IndexArray, Tensor]]
    blocks: dict[Traced, int]
    indices: dict[Traced, int]
    arguments: dict[Traced, None]
    early_already: set[Step]
    late: dict[int, IndexArray]
    floats: list[float]
    compared_data: CompileError | None

    @property
    def effects(self) -> Changes:
        """What is changed outside."""
        raise NotImplementedError

    @property
    def tensors(self) -> Mapping[int, tuple[Tensor, Any]]:
        """Tensors from outside, and what stands for each inside."""
        raise NotImplementedError

    def row(self, value: Value) -> int:
        """The row of any Value."""
        raise NotImplementedError

    def constant_row(self, number: float) -> int:
        """The row of a number written in the code."""
        raise NotImplementedError

    def at(self, row: int, number: float) -> RecordedValue:
        """A Value that stands for a row."""
        raise NotImplementedError

    def value(self, code: int, left: int, number: float, right: int = -1) -> RecordedValue:
        """A new Value with a row of its own."""
        raise NotImplementedError

    def datum(self, place: int, number: float) -> RecordedValue:
        """The number at a place of the data."""
        raise NotImplementedError

    def given_number(self, row: int) -> Any:
        """A number from outside."""
        raise NotImplementedError

    def choices(self, rows: Array) -> int:
        """The number of the candidates of a lookup."""
        raise NotImplementedError

    def taken(self, blocks: dict[Traced, int], base: Traced) -> int:
        """Take the next places of the data, or of the indices; the answer is the first."""
        raise NotImplementedError

    def objects(self, traced: Traced) -> Array:
        """The elements of an array as numbers, in an object array."""
        raise NotImplementedError

    def traced(self, x: object) -> Traced:
        """Any numbers as a traced array."""
        raise NotImplementedError

    def leaf(self, node: Any) -> Any:
        """What stands for a leaf, on the tape or among the rows."""
        raise NotImplementedError

    def lift_rows(self, rows: Array, numbers: Array) -> Tensor:
        """Numbers of rows as an array that is computed with."""
        raise NotImplementedError
