"""Tiles: how one nest becomes loops with vectors in them.

One axis is gone through several numbers at a time, and of what is added up four rows at once, so
that what they share is read once: the sums of a tile, rows times vectors, stay in registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from typing import Any

from autograd.compiler.native.llvm_axes import (
    at_once,
    column_axis,
    is_repeatable,
    lanes_of,
    row_axis,
    step,
    vector_axis,
)
from autograd.compiler.native.llvm_function import Function
from autograd.compiler.native.loops import Apply, Code, Nest, Number, Ref, refs_in, start_of

Spot = tuple[int, int, int]
"""A row of a tile, a column, and of its vectors the first number."""


class Tiles:
    """One nest, or some that are fused: which axis goes in vectors, which in rows of four.

    Attributes:
        v: The axis of the vectors; None if numbers are computed one by one.
        row: The axis of which several are computed at once, so that what they share is read once.
        column: Likewise, where all is added up along vectors.
        lanes: How many numbers a vector has.
        sizes: Of how many numbers along each of these axes there is a sum at once.
        refs: What is read and written.
    """

    def __init__(self, function: Function, nests: list[Nest]) -> None:
        self.function, self.numbers = function, function.numbers
        self.nest = nest = nests[0]
        self.nests = nests
        read = list(dict.fromkeys(ref for nest in nests for ref in nest.refs))
        written = (ref for nest in nests for ref in refs_in(nest.out))
        self.refs = list(dict.fromkeys([*read, *written]))
        kinds = [ref.dtype.itemsize for ref in self.refs if ref.dtype.kind == "f"]
        width = function.machine.vector // max(kinds, default=8)
        self.v = vector_axis(nests, read, width)
        self.folds_v = self.v is not None and self.v >= nest.kept
        self.row = row_axis(nest, read, self.v)
        self.column = column_axis(nest, self.v, self.row)
        self.lanes = 1 if self.v is None else lanes_of(nest.axes[self.v], width)
        self.again = is_repeatable(nests)
        self.sizes = at_once(nest, self.v, self.row, self.column, self.lanes, self.again)

    def write(self, bases: dict[Ref, str]) -> None:
        """Write the loops, given where each ref begins."""
        inner = [self.row, None if self.folds_v else self.v, self.column]
        outer = [k for k in range(self.nest.kept) if k not in inner]
        self._loops([k for k in (*outer, *inner) if k is not None], bases, {}, self.lanes)

    def _loops(
        self, axes: list[int], places: dict[Ref, str], tile: dict[int | None, list[int]], lanes: int
    ) -> None:
        """Loops over some axes; `tile` has the numbers that are at once of each of those around.

        What does not come out even ends with numbers that have been computed already, so that
        there is one text for all; where that must not be, they are computed one by one.
        """
        if not axes:
            self._tile(places, tile, lanes)
            return
        axis, *rest = axes
        n, size = self.nest.axes[axis], self.sizes.get(axis, 1)
        whole = n if self.again else n - n % size
        for begin, end, many in [(0, whole, size), (whole, n, 1)]:
            if begin == end:
                continue
            wide = min(lanes, many) if axis == self.v else lanes
            every = wide if axis == self.v else 1
            numbers = [min(k, many - every) for k in range(0, many, every)]
            moved = {x: self.further(at, x, begin * step(x, axis)) for x, at in places.items()}

            def body(
                index: str, _: list[str], moved: Any = moved, end: int = end - begin,
                many: int = many, numbers: list[int] = numbers, wide: int = wide,
            ) -> list[str]:  # fmt: skip
                if index and end % many:
                    index = self.numbers.least(index, end - many)
                here = self._along(moved, axis, index)
                self._loops(rest, here, {**tile, axis: numbers}, wide)
                return []

            self.function.loop(end - begin, many, body, [], [])

    # --- where numbers are

    def _along(self, places: dict[Ref, str], axis: int, index: str) -> dict[Ref, str]:
        """Where everything is, at an index along an axis."""
        if not index:
            return places
        return {x: self.further(at, x, step(x, axis), index) for x, at in places.items()}

    def further(self, place: str, ref: Ref, by: int, index: str = "1") -> str:
        """A place, so many numbers further for each round."""
        if not by:
            return place
        kind = self._kept_as(ref)
        if index == "1":
            index = str(by)
        elif by < 0:
            index = self.function.emit(f"mul i64 {index}, {by}")
        elif by > 1:
            kind = f"[{by} x {kind}]"
        return self.function.emit(f"getelementptr {kind}, ptr {place}, i64 {index}")

    def _kept_as(self, ref: Ref) -> str:
        """How the numbers of a ref are kept: a truth value is a byte."""
        return "i8" if ref.dtype.kind == "b" else self.numbers.type(ref.dtype, 1)

    def address(self, ref: Ref, places: dict[Ref, str], spot: Spot, lane: int = 0) -> str:
        """The address of a ref in a spot of the tile, further by what is looked up."""
        row, column, at = spot
        by = row * step(ref, self.row) + column * step(ref, self.column)
        by += (at + lane) * step(ref, self.v)
        found = self.further(places[ref], ref, by)
        if ref.place is None:
            return found
        emit, index = self.function.emit, ref.place
        kind = self.numbers.type(index.dtype, 1)
        where = self.address(index, places, spot, lane)
        further = emit(f"load {kind}, ptr {where}, align {index.dtype.itemsize}")
        if kind != "i64":
            further = emit(f"sext {kind} {further} to i64")
        if ref.count:
            test = emit(f"icmp slt i64 {further}, 0")
            further = emit(f"select i1 {test}, i64 0, i64 {further}")
            test = emit(f"icmp sge i64 {further}, {ref.count}")
            further = emit(f"select i1 {test}, i64 {ref.count - 1}, i64 {further}")
        return emit(f"getelementptr {self._kept_as(ref)}, ptr {found}, i64 {further}")

    # --- one tile: rows times columns times vectors

    def _tile(self, places: dict[Ref, str], tile: dict[int | None, list[int]], lanes: int) -> None:
        nest = self.nest
        rows, columns = tile.get(self.row, [0]), tile.get(self.column, [0])
        vectors = [0] if self.folds_v else tile.get(self.v, [0])
        spots = [(r, c, at) for r in rows for c in columns for at in vectors]
        if not nest.fold:
            cell = Cell(self, places, lanes)
            last = {nest.out: nest for nest in self.nests}
            for nest in self.nests:
                for spot in spots:
                    value = cell.value(nest.code, spot)
                    if last[nest.out] is nest:  # else it is written again before anybody reads it
                        self._store(nest.out, places, value, spot, lanes)
                    cell.written(nest.out, value, spot)
            return
        if self.folds_v:
            found, lanes = self._folded_in_vectors(places, spots), 1
        else:
            kind = self.numbers.type(nest.code.dtype, lanes)
            start = self.numbers.constant(start_of(nest), nest.code.dtype, lanes)
            folded = list(range(nest.kept, len(nest.axes)))
            found = self._fold(
                places, folded, spots, lanes, [start] * len(spots), [kind] * len(spots)
            )
        for spot, value in zip(spots, found, strict=True):
            self._store(nest.out, places, value, spot, lanes)

    def _fold(
        self, places: dict[Ref, str], axes: list[int], spots: list[Spot], lanes: int,
        sums: list[str], kinds: list[str],
    ) -> list[str]:  # fmt: skip
        """Loops over folded axes that hand on a sum for each spot of the tile."""
        if not axes:
            cell = Cell(self, places, lanes)
            return [
                self._joined(total, cell, spot, lanes)
                for spot, total in zip(spots, sums, strict=True)
            ]
        axis, *rest = axes

        def body(index: str, carried: list[str]) -> list[str]:
            here = self._along(places, axis, index)
            return self._fold(here, rest, spots, lanes, carried, kinds)

        return self.function.loop(self.nest.axes[axis], 1, body, sums, kinds)

    def _joined(self, total: str, cell: Cell, spot: Spot, lanes: int) -> str:
        """A sum with one more term; a product is added in one step if the machine can."""
        nest, code = self.nest, self.nest.code
        if nest.fold == "add" and isinstance(code, Apply) and code.function == "multiply" and (
            code.dtype.kind == "f"):  # fmt: skip
            x, y = (cell.value(part, spot) for part in code.args)
            return self.numbers.fma(x, y, total, code.dtype, lanes)
        value = cell.value(code, spot)
        return self.numbers.apply(nest.fold, [total, value], [code.dtype] * 2, code.dtype, lanes)

    def _folded_in_vectors(self, places: dict[Ref, str], ends: list[Spot]) -> list[str]:
        """The sums of some spots where a folded axis is gone through in vectors."""
        nest, dtype, axis, lanes = self.nest, self.nest.code.dtype, self.v, self.lanes
        assert axis is not None
        n = nest.axes[axis]
        others = [k for k in range(nest.kept, len(nest.axes)) if k != axis]
        many = 1 if len(ends) > 1 or n < 4 * lanes else 4
        size = lanes * many
        kind = self.numbers.type(dtype, lanes)
        first = self.numbers.constant(start_of(nest), dtype, lanes)

        def further(
            index: str, carried: list[str], at: Sequence[int] = range(0, size, lanes)
        ) -> list[str]:
            spots = [(row, column, k) for row, column, _ in ends for k in at]
            here = self._along(places, axis, index)
            return self._fold(here, others, spots, lanes, carried, [kind] * len(spots))

        sums = self.function.loop(
            n - n % size, size, further, [first] * many * len(ends), [kind] * many * len(ends)
        )
        for k, begin in enumerate(range(n - n % size, n, lanes)):
            before = sums[k::many]
            sums[k::many] = further("", before, [min(begin, n - lanes)])
            if (over := begin + lanes - n) > 0:  # so many numbers have been there already
                sums[k::many] = [
                    self.numbers.after(over, x, y, dtype, lanes)
                    for x, y in zip(sums[k::many], before, strict=True)
                ]
        together = partial(self._two, lanes=lanes)
        return self._within(
            [reduce(together, sums[k : k + many]) for k in range(0, len(sums), many)], lanes
        )

    def _two(self, x: str, y: str, lanes: int) -> str:
        dtype = self.nest.code.dtype
        return self.numbers.apply(self.nest.fold, [x, y], [dtype, dtype], dtype, lanes)

    def _within(self, vectors: list[str], lanes: int) -> list[str]:
        """What is in each vector, put together: halves with halves, two vectors' in one."""
        many = len(vectors)
        if many & (many - 1):
            return [x for vector in vectors for x in self._within([vector], lanes)]
        size = lanes  # of a vector; so many numbers of it belong together:
        while lanes > 1:
            pairs = [vectors[k : k + 2] for k in range(0, len(vectors), 2)]
            begins = range(0, size * len(pairs[0]), lanes)
            lanes //= 2
            low = [begin + k for begin in begins for k in range(lanes)]
            high = [place + lanes for place in low]
            halves = [(self._chosen(x, low, size), self._chosen(x, high, size)) for x in pairs]
            size = len(low)
            vectors = [self._two(*x, size) for x in halves]
        return [self._chosen([x], [k], size) for x in vectors for k in range(size)]

    def _chosen(self, vectors: list[str], places: list[int], size: int) -> str:
        """Some numbers of one or two vectors of a size."""
        kind, (x, y) = self.numbers.type(self.nest.code.dtype, size), [*vectors, "poison"][:2]
        if size == 1:
            return x
        if len(places) == 1:
            return self.function.emit(f"extractelement {kind} {x}, i32 {places[0]}")
        mask = ", ".join(f"i32 {place}" for place in places)
        return self.function.emit(
            f"shufflevector {kind} {x}, {kind} {y}, <{len(places)} x i32> <{mask}>"
        )

    def _store(self, out: Ref, places: dict[Ref, str], x: str, spot: Spot, lanes: int) -> None:
        numbers, emit, dtype = self.numbers, self.function.emit, out.dtype
        if dtype.kind == "b":
            x = emit(f"zext {numbers.type('i1', lanes)} {x} to {numbers.type('i8', lanes)}")
        kind, align = self._kept_as(out), dtype.itemsize
        if lanes > 1 and step(out, self.v) != 1:  # apart
            wide = numbers.type(kind, lanes)
            parts = [emit(f"extractelement {wide} {x}, i32 {k}") for k in range(lanes)]
            lanes = 1
        else:
            parts = [x]
        wide = numbers.type(kind, lanes)
        for lane, part in enumerate(parts):
            at = self.address(out, places, spot, lane)
            if self.nest.adds:
                before = emit(f"load {wide}, ptr {at}, align {align}")
                part = numbers.apply("add", [before, part], [dtype] * 2, dtype, lanes)  # noqa: PLW2901
            self.function.lines.append(f"  store {wide} {part}, ptr {at}, align {align}")


class Cell:
    """The values of a code in the spots of a tile: what several spots share is computed once."""

    def __init__(self, tiles: Tiles, places: dict[Ref, str], lanes: int) -> None:
        self.tiles, self.places, self.lanes = tiles, places, lanes
        self.known: dict[tuple[Code, Spot], str] = {}

    def value(self, code: Code, spot: Spot) -> str:
        """A code's value."""
        numbers, lanes = self.tiles.numbers, self.lanes
        if isinstance(code, Number):
            return numbers.constant(code.value, code.dtype, lanes)
        _, spot = key = self._key(code, spot)
        if key not in self.known:
            if isinstance(code, Ref):
                self.known[key] = self._load(code, spot)
            else:
                args = [self.value(x, spot) for x in code.args]
                dtypes = [x.dtype for x in code.args]
                self.known[key] = numbers.apply(code.function, args, dtypes, code.dtype, lanes)
        return self.known[key]

    def _key(self, code: Code, spot: Spot) -> tuple[Code, Spot]:
        """A code, and of a spot what it depends on."""
        tiles, refs, (row, column, at) = self.tiles, list(refs_in(code)), spot
        row *= any(step(ref, tiles.row) for ref in refs)
        column *= any(step(ref, tiles.column) for ref in refs)
        at *= any(step(ref, tiles.v) for ref in refs)
        return code, (row, column, at)

    def written(self, out: Ref, value: str, spot: Spot) -> None:
        """A number was written: what was read there before is old, and this is what is there.

        Of nests that are fused all others are apart from it, see fusing.py.
        """
        if len(self.tiles.nests) > 1:
            for key in [key for key in self.known if out in refs_in(key[0])]:
                del self.known[key]
            self.known[self._key(out, spot)] = value

    def _load(self, ref: Ref, spot: Spot) -> str:
        tiles, lanes, emit = self.tiles, self.lanes, self.tiles.function.emit
        along = step(ref, tiles.v)
        varies = ref.place is not None and step(ref.place, tiles.v)

        def some(many: int, lane: int = 0) -> str:
            """So many that lie side by side."""
            at = tiles.address(ref, self.places, spot, lane)
            is_truth = ref.dtype.kind == "b"
            kind = tiles.numbers.type("i8" if is_truth else ref.dtype, many)
            found = emit(f"load {kind}, ptr {at}, align {ref.dtype.itemsize}")
            zero = tiles.numbers.constant(0, "i8", many)
            return emit(f"icmp ne {kind} {found}, {zero}") if is_truth else found

        if lanes == 1 or (along == 1 and not varies):
            return some(lanes)
        if not along and not varies:
            return tiles.numbers.splat(some(1), ref.dtype, lanes)
        wide, found = tiles.numbers.type(ref.dtype, lanes), "poison"
        kind = tiles.numbers.type(ref.dtype, 1)
        for lane in range(lanes):
            found = emit(f"insertelement {wide} {found}, {kind} {some(1, lane)}, i32 {lane}")
        return found
