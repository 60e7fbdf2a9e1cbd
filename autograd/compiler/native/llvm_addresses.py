"""Addresses: where the numbers of a nest are, at an index along each of its axes.

In a nest over W[i, k] with three columns, one round further along i is `getelementptr` by 3.
"""

from __future__ import annotations

from autograd.compiler.native.llvm_axes import step
from autograd.compiler.native.llvm_function import Function
from autograd.compiler.native.loops import Ref


class Addresses:
    """Where refs are in the tiles of a nest.

    Attributes:
        width: How many numbers a vector has.
        v, row, column: The axes of a tile; None where it has none.
        columns: How many columns a tile has now.
    """

    def __init__(
        self, function: Function, width: int, v: int | None, row: int | None, column: int | None
    ) -> None:
        self.function, self.numbers, self.width = function, function.numbers, width
        self.v, self.row, self.column = v, row, column
        self.columns = 1

    def moved(self, place: str, ref: Ref, by: str) -> str:
        """A place, so many numbers further."""
        kind = self.memory_type(ref)
        return self.function.emit(f"getelementptr {kind}, ptr {place}, i64 {by}")

    def memory_type(self, ref: Ref) -> str:
        """How the numbers of a ref are kept: a truth value is a byte."""
        return "i8" if ref.dtype.kind == "b" else self.numbers.type(ref.dtype, 1)

    def along(self, places: dict[Ref, str], axis: int | None, index: str) -> dict[Ref, str]:
        """Where everything is, at an index along an axis."""
        if not index or axis is None:
            return places
        moved = dict(places)
        multiples: dict[int, str] = {1: index}
        for ref, place in places.items():
            by = step(ref, axis)
            if not by:
                continue
            if by not in multiples:
                multiples[by] = self.function.emit(f"mul i64 {index}, {by}")
            moved[ref] = self.moved(place, ref, multiples[by])
        return moved

    def shifted(self, places: dict[Ref, str], axis: int | None, by: int) -> dict[Ref, str]:
        """Where everything is, so many numbers further along an axis."""
        if not by or axis is None:
            return places
        moved = dict(places)
        for ref, place in places.items():
            if further := step(ref, axis):
                moved[ref] = self.moved(place, ref, str(further * by))
        return moved

    def spot(self, ref: Ref, place: str, r: int, s: int, lanes: int, lane: int = 0) -> str:
        """The address of a ref in a spot of the tile."""
        row, column = divmod(r, self.columns)
        by = row * step(ref, self.row) + column * step(ref, self.column)
        by += (s * self.width + lane) * step(ref, self.v)
        return self.moved(place, ref, str(by)) if by else place

    def looked_up(
        self, ref: Ref, places: dict[Ref, str], at: str, r: int, s: int, lane: int
    ) -> str:
        """The address, further by what is looked up."""
        if ref.place is None:
            return at
        emit, index = self.function.emit, ref.place
        where = self.spot(index, places[index], r, s, 1, lane)
        kind = self.numbers.type(index.dtype, 1)
        found = emit(f"load {kind}, ptr {where}, align {index.dtype.itemsize}")
        if kind != "i64":
            found = emit(f"sext {kind} {found} to i64")
        if ref.count:
            test = emit(f"icmp slt i64 {found}, 0")
            found = emit(f"select i1 {test}, i64 0, i64 {found}")
            test = emit(f"icmp sge i64 {found}, {ref.count}")
            found = emit(f"select i1 {test}, i64 {ref.count - 1}, i64 {found}")
        return self.moved(at, ref, found)
