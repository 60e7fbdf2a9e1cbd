"""Tiles: how one nest becomes loops with vectors in them.

One axis is gone through several numbers at a time, and of what is added up four rows at once, so
that what they share is read once: the sums of a tile, rows times vectors, stay in registers.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import Any

from autograd.compiler.native.llvm_addresses import Addresses
from autograd.compiler.native.llvm_axes import (
    COLUMNS,
    ROWS,
    column_axis,
    row_axis,
    step,
    vector_axis,
)
from autograd.compiler.native.llvm_function import Function, pieces, sizes
from autograd.compiler.native.loops import Apply, Code, Nest, Number, Ref, refs_in, start_of


class Tiles:
    """One nest, or some that are fused: which axis goes in vectors, which in rows of four.

    Attributes:
        v: The axis of the vectors; None if numbers are computed one by one.
        row: The axis of which several are computed at once, so that what they share is read once.
    """

    def __init__(self, function: Function, nests: list[Nest], turn: str = "") -> None:
        self.turn = turn  # the index of the round of a loop around them
        self.function, self.numbers = function, function.numbers
        self.nest, self.nests = nests[0], nests
        self.read = list(dict.fromkeys(ref for nest in nests for ref in nest.refs))
        written = (ref for nest in nests for ref in refs_in(nest.out))
        self.refs = list(dict.fromkeys([*self.read, *written]))
        kinds = [ref.dtype.itemsize for ref in self.refs if ref.dtype.kind == "f"]
        self.width = function.machine.vector // max(kinds, default=8)
        self.v = vector_axis(nests, self.read, self.width)
        self.folds_v = self.v is not None and self.v >= self.nest.kept
        self.row = row_axis(self.nest, self.read, self.v)
        self.column = column_axis(self.nest, self.v, self.row)
        self.addresses = Addresses(function, self.width, self.v, self.row, self.column)

    def write(self) -> None:
        """Write the loops."""
        nest = self.nest
        bases = {}
        for ref in self.refs:
            base = self.function.bases[ref.memory]
            bases[ref] = self.addresses.moved(base, ref, str(ref.offset)) if ref.offset else base
            if ref.turn and self.turn:
                by = self.function.emit(f"mul i64 {self.turn}, {ref.turn}")
                bases[ref] = self.addresses.moved(bases[ref], ref, by)
        outer = [k for k in range(nest.kept) if k not in (self.v, self.row, self.column)]
        self._outer(outer, bases)

    def _outer(self, axes: list[int], places: dict[Ref, str]) -> None:
        """Loops over the axes that are gone through one by one."""
        if not axes:
            self._rows(places)
            return
        axis, *rest = axes

        def body(index: str, _: list[str]) -> list[str]:
            self._outer(rest, self.addresses.along(places, axis, index))
            return []

        self.function.loop(self.nest.axes[axis], 1, body, [], [])

    def _rows(self, places: dict[Ref, str]) -> None:
        """The rows, four at a time, and those that are left."""
        if self.row is None:
            self._segments(places, 1)
            return
        n = self.nest.axes[self.row]
        for begin, end, rows in pieces(n, ROWS):
            moved = self.addresses.shifted(places, self.row, begin)

            def body(
                index: str, _: list[str], moved: dict[Ref, str] = moved, rows: int = rows
            ) -> list[str]:
                self._segments(self.addresses.along(moved, self.row, index), rows)
                return []

            self.function.loop(end - begin, rows, body, [], [])

    def _segments(self, places: dict[Ref, str], rows: int) -> None:
        """The vectors, two at a time where rows share them, and what is left."""
        if self.v is None or self.folds_v:
            self._columns(places, rows)
            return
        n, width = self.nest.axes[self.v], self.width
        some = 2 if self.nest.fold and n >= 2 * width and rows > 1 else 1
        done = 0
        for size, count in sizes(n, width, some):
            moved = self.addresses.shifted(places, self.v, done)
            many = max(1, size // width)
            lanes = min(size, width)

            def body(
                index: str,
                _: list[str],
                moved: dict[Ref, str] = moved,
                many: int = many,
                lanes: int = lanes,
            ) -> list[str]:
                self._tile(self.addresses.along(moved, self.v, index), rows, many, lanes)
                return []

            self.function.loop(size * count, size, body, [], [])
            done += size * count

    def _columns(self, places: dict[Ref, str], rows: int) -> None:
        """Some columns at a time, where there are any."""
        if self.column is None:
            self._tile(places, rows, 1, 1)
            return
        n = self.nest.axes[self.column]
        for begin, end, columns in pieces(n, COLUMNS):
            moved = self.addresses.shifted(places, self.column, begin)

            def body(
                index: str, _: list[str], moved: dict[Ref, str] = moved, many: int = columns
            ) -> list[str]:
                self.addresses.columns = many
                self._tile(self.addresses.along(moved, self.column, index), rows * many, 1, 1)
                return []

            self.function.loop(end - begin, columns, body, [], [])
        self.addresses.columns = 1

    # --- one tile: rows times vectors

    def _tile(self, places: dict[Ref, str], rows: int, many: int, lanes: int) -> None:
        nest = self.nest
        spots = [(r, s) for r in range(rows) for s in range(many)]
        if not nest.fold:
            cell = Cell(self, places, lanes)
            for nest in self.nests:
                for r, s in spots:
                    value = cell.value(nest.code, r, s)
                    self._store(nest.out, places, value, r, s, lanes)
                    cell.written(nest.out, value, r, s)
            return
        if self.folds_v:
            found = self._folded_in_vectors(places, rows)
        else:
            kind = self.numbers.type(nest.code.dtype, lanes)
            start = self.numbers.constant(start_of(nest), nest.code.dtype, lanes)
            folded = list(range(nest.kept, len(nest.axes)))
            found = self._fold(
                places, folded, spots, lanes, [start] * len(spots), [kind] * len(spots)
            )
        for (r, s), value in zip(spots, found, strict=True):
            self._store(nest.out, places, value, r, s, lanes)

    def _fold(
        self, places: dict[Ref, str], axes: list[int], spots: list[tuple[int, int]], lanes: int,
        sums: list[str], kinds: list[str],
    ) -> list[str]:  # fmt: skip
        """Loops over folded axes that hand on a sum for each spot of the tile."""
        if not axes:
            cell = Cell(self, places, lanes)
            return [
                self._joined(total, cell, r, s, lanes)
                for (r, s), total in zip(spots, sums, strict=True)
            ]
        axis, *rest = axes

        def body(index: str, carried: list[str]) -> list[str]:
            return self._fold(
                self.addresses.along(places, axis, index), rest, spots, lanes, carried, kinds
            )

        return self.function.loop(self.nest.axes[axis], 1, body, sums, kinds)

    def _joined(self, total: str, cell: Cell, r: int, s: int, lanes: int) -> str:
        """A sum with one more term; a product is added in one step if the machine can."""
        nest, code = self.nest, self.nest.code
        if nest.fold == "add" and isinstance(code, Apply) and code.function == "multiply" and (
            code.dtype.kind == "f"):  # fmt: skip
            x, y = (cell.value(part, r, s) for part in code.args)
            return self.numbers.fma(x, y, total, code.dtype, lanes)
        value = cell.value(code, r, s)
        return self.numbers.apply(nest.fold, [total, value], [code.dtype] * 2, code.dtype, lanes)

    def _folded_in_vectors(self, places: dict[Ref, str], rows: int) -> list[str]:
        """The sums of some rows where a folded axis is gone through in vectors."""
        nest, width, dtype = self.nest, self.width, self.nest.code.dtype
        n = nest.axes[self.v]  # type: ignore[index]
        others = [k for k in range(nest.kept, len(nest.axes)) if k != self.v]
        many = 1 if rows > 1 or n < 4 * width else 4
        totals: list[str] = []
        done = 0
        for size, count in sizes(n, width, many):
            each, lanes = max(1, size // width), min(size, width)
            spots = [(r, s) for r in range(rows) for s in range(each)]
            kinds = [self.numbers.type(dtype, lanes)] * len(spots)
            start = self.numbers.constant(start_of(nest), dtype, lanes)

            moved = self.addresses.shifted(places, self.v, done)

            def body(
                index: str, carried: list[str], moved: Any = moved, spots: Any = spots,
                lanes: int = lanes, kinds: Any = kinds,
            ) -> list[str]:  # fmt: skip
                here = self.addresses.along(moved, self.v, index)
                return self._fold(here, others, spots, lanes, carried, kinds)

            first = [start] * len(spots)
            found = self.function.loop(size * count, size, body, first, kinds)
            together = partial(self._two, lanes=lanes)
            vectors = [reduce(together, found[r * each : (r + 1) * each]) for r in range(rows)]
            parts = self._within(vectors, lanes)
            totals = [*map(partial(self._two, lanes=1), totals, parts)] if totals else parts
            done += size * count
        return totals

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

    def _store(self, out: Ref, places: dict[Ref, str], x: str, r: int, s: int, lanes: int) -> None:
        nest, numbers, emit = self.nest, self.numbers, self.function.emit
        dtype, kind = out.dtype, self.addresses.memory_type(out)
        along = step(out, self.v) if lanes > 1 else 1
        at = self.addresses.looked_up(
            out, places, self.addresses.spot(out, places[out], r, s, lanes), r, s, 0
        )
        if dtype.kind == "b":
            x = emit(f"zext {numbers.type('i1', lanes)} {x} to {numbers.type('i8', lanes)}")
        align = 1 if dtype.kind == "b" else dtype.itemsize
        wide = kind if lanes == 1 else f"<{lanes} x {kind}>"
        if along == 1 or lanes == 1:
            if nest.adds:
                before = emit(f"load {wide}, ptr {at}, align {align}")
                x = numbers.apply("add", [before, x], [dtype] * 2, dtype, lanes)
            self.function.lines.append(f"  store {wide} {x}, ptr {at}, align {align}")
            return
        for lane in range(lanes):
            at = self.addresses.spot(out, places[out], r, s, lanes, lane)
            at = self.addresses.looked_up(out, places, at, r, s, lane)
            one = emit(f"extractelement {wide} {x}, i32 {lane}")
            if nest.adds:
                before = emit(f"load {kind}, ptr {at}, align {align}")
                one = numbers.apply("add", [before, one], [dtype] * 2, dtype, 1)
            self.function.lines.append(f"  store {kind} {one}, ptr {at}, align {align}")


class Cell:
    """The values of a code in the spots of a tile: what several spots share is computed once."""

    def __init__(self, tiles: Tiles, places: dict[Ref, str], lanes: int) -> None:
        self.tiles, self.places, self.lanes = tiles, places, lanes
        self.known: dict[tuple[Code, int, int], str] = {}

    def value(self, code: Code, r: int, s: int) -> str:
        """A code's value."""
        tiles, lanes = self.tiles, self.lanes
        if isinstance(code, Number):
            return tiles.numbers.constant(code.value, code.dtype, lanes)
        key = self._key(code, r, s)
        if key not in self.known:
            if isinstance(code, Ref):
                self.known[key] = self._load(code, key[1], key[2])
            else:
                args = [self.value(x, r, s) for x in code.args]
                dtypes = [x.dtype for x in code.args]
                self.known[key] = tiles.numbers.apply(
                    code.function, args, dtypes, code.dtype, lanes
                )
        return self.known[key]

    def _key(self, code: Code, r: int, s: int) -> tuple[Code, int, int]:
        tiles, refs = self.tiles, list(refs_in(code))
        row, column = divmod(r, tiles.addresses.columns)
        row *= any(step(ref, tiles.row) for ref in refs)
        column *= any(step(ref, tiles.column) for ref in refs)
        by_vector = any(step(ref, tiles.v) for ref in refs)
        return code, row * tiles.addresses.columns + column, s if by_vector else 0

    def written(self, out: Ref, value: str, r: int, s: int) -> None:
        """A number was written: what was read there before is old, and this is what is there."""
        if len(self.tiles.nests) > 1:
            stale = [k for k in self.known if any(x.memory is out.memory for x in refs_in(k[0]))]
            for key in stale:
                del self.known[key]
            if out.place is None:
                self.known[self._key(out, r, s)] = value

    def _load(self, ref: Ref, r: int, s: int) -> str:
        tiles, lanes, emit = self.tiles, self.lanes, self.tiles.function.emit
        kind, align = tiles.addresses.memory_type(ref), max(1, ref.dtype.itemsize)
        place, along = self.places[ref], step(ref, tiles.v)
        varies = ref.place is not None and step(ref.place, tiles.v)

        def one(lane: int) -> str:
            at = tiles.addresses.spot(ref, place, r, s, lanes, lane)
            at = tiles.addresses.looked_up(ref, self.places, at, r, s, lane)
            found = emit(f"load {kind}, ptr {at}, align {align}")
            return emit(f"icmp ne i8 {found}, 0") if ref.dtype.kind == "b" else found

        if lanes == 1:
            return one(0)
        if not along and not varies:
            return tiles.numbers.splat(one(0), ref.dtype, lanes)
        if along == 1 and not varies:
            at = tiles.addresses.spot(ref, place, r, s, lanes)
            at = tiles.addresses.looked_up(ref, self.places, at, r, s, 0)
            found = emit(f"load <{lanes} x {kind}>, ptr {at}, align {align}")
            if ref.dtype.kind == "b":
                zero = tiles.numbers.constant(0, "i8", lanes)
                found = emit(f"icmp ne <{lanes} x i8> {found}, {zero}")
            return found
        wide, found = tiles.numbers.type(ref.dtype, lanes), "poison"
        for lane in range(lanes):
            kind_of = tiles.numbers.type(ref.dtype, 1)
            found = emit(f"insertelement {wide} {found}, {kind_of} {one(lane)}, i32 {lane}")
        return found
