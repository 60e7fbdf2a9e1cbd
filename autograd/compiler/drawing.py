"""Drawing: the graph of single numbers beside the program that was made of it.

Five neurons of two inputs are 25 boxes on the left, one for each operation; on the right they are

    leaves 5×2 ─┐
    data 2×1 ───┴→ v0 = a 5×2 by 2×1 matrix product ──→ v1 = tanh(v0)

and each box on the left says which of these computes it. A graph too large to be looked at is
represented by one number of its largest matrix product.

The program keeps no object for a number, only its row in the recording; so the boxes on the left
show operations and names, and the arguments' numbers, which no row has, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import CONSTANT, DATA, DETACH, GATHER, GRADIENT, LEAF
from autograd.compiler.instructions import Loop, Product, operands_of
from autograd.compiler.listing import FindNames, Line, Names
from autograd.compiler.program import Program
from autograd.compiler.tape import SOURCE, Traced, traced_in
from autograd.tensor import Tensor
from autograd.value import Value
from autograd.viz.draw import Drawing, SideBySide
from autograd.viz.graph import FOLDED_TO, DrawnEdge, DrawnGraph, DrawnNode, nearest, operands_first
from autograd.viz.text import lines_of, number, printable

if TYPE_CHECKING:
    from autograd.arrays import Array, IntArray
    from autograd.compiler.instructions import Instruction

WHOLE = 100
"""How many rows are drawn one by one; of more, a part is."""

RESULTS = -1
"""Stands for the row of all results at once, where there are several."""


def picture(program: Program, find_names: FindNames) -> Drawing | SideBySide:
    """The two graphs beside each other; of code without single numbers, the program alone.

    Args:
        program: What is drawn.
        find_names: Gives the names of those nodes that have one.
    """
    drawn = Instructions(program, find_names)
    if not drawn.operations.any():
        return Drawing(drawn.graph("", ""), "TB")
    rows = _Rows(drawn)
    before, total = rows.graph(), int(drawn.operations.sum())
    legend = "“for”: how many operations on single numbers a box stands for."
    after = drawn.graph(rows.shown_in, f"{drawn.remark()} {legend}".strip())
    parts = [f"{total:,} operations on single numbers.", drawn.remark(), before.remark]
    sentence = " ".join(filter(None, parts))
    drawings = {"as it is written": Drawing(before), "as it is run": Drawing(after, "TB")}
    return SideBySide(drawings, sentence)


class Instructions:
    """The program's boxes: the instructions on single numbers, the calls on arrays, what goes in.

    Attributes:
        owner: Of each row the number of the instruction that computes it; -1 for what is given.
        operations: For each instruction, how many operations on single numbers it stands for.
    """

    def __init__(self, program: Program, find_names: FindNames) -> None:
        self.program, self.names = program, Names(program, find_names)
        self.instructions = program.raised.instructions
        self.lines = [text for text, _ in self.names.scalar_lines()]
        self.owner = self._owners()
        computed = program.raised.alive & (self.names.code >= 0) & (self.owner >= 0)
        self.operations = np.bincount(self.owner[computed], minlength=len(self.instructions))
        self.needs = self._needs()
        self.nodes: list[DrawnNode] = []
        self.edges: list[DrawnEdge] = []
        self.given: dict[tuple[int, bytes], str] = {}
        self.data: list[tuple[IntArray, str]] = []

    def _owners(self) -> Array:
        """An addition or a product inside a sum belongs to the instruction that uses it."""
        graph, owner = self.program.graph, self.names.made.tolist()
        alive = self.program.raised.alive.tolist()
        for row in range(len(owner) - 1, -1, -1):
            if alive[row] and graph.code[row] >= 0:
                for operand in (graph.left[row], graph.right[row]):
                    if operand >= 0 and owner[operand] < 0 and graph.code[operand] >= 0:
                        owner[operand] = owner[row]
        return np.array(owner, dtype=np.intp)

    def _needs(self) -> list[bool]:
        """Whether a gradient flows to a row: to additions inside a sum, too."""
        graph, needs = self.program.graph, self.program.raised.needs.tolist()
        for row in np.flatnonzero(self.owner >= 0).tolist():
            if graph.code[row] >= 0 and not needs[row]:
                needs[row] = any(needs[i] for i in (graph.left[row], graph.right[row]) if i >= 0)
        return needs  # type: ignore[no-any-return]

    def largest(self) -> int:
        """The instruction to look at: the matrix product with most results, if there is one.

        Of equally large ones the first, whose operands nothing has computed.
        """
        return max(
            range(len(self.instructions)),
            key=lambda k: (isinstance(x := self.instructions[k], Product), x.out.size),
        )

    def remark(self) -> str:
        """What the largest matrix product has made of how much."""
        k = self.largest()
        x = self.instructions[k]
        if not isinstance(x, Product):
            return ""
        terms = f"of {x.left.shape[-1]:,} products"
        sums = f"{x.out.size:,} sums {terms} are" if x.out.size > 1 else f"1 sum {terms} is"
        stack = f"{len(x.out)} matrix products" if len(x.out) > 1 else "one matrix product"
        return f"v{k}: {sums} {stack}, {_matrices(x)}."

    def graph(self, marked: str, remark: str) -> DrawnGraph:
        """The boxes and arrows; the box with the id `marked` stands out."""
        early, late = self.names.calls()
        ids: dict[int, str] = {}
        self._add_calls(ids, early)  # operands come first
        for k, x in enumerate(self.instructions):
            self._add_instruction(k, x)
        self._add_calls(ids, late)
        self._join_early(ids)
        self._finish(list(dict.fromkeys(self._ends(ids))))
        nodes = tuple(replace(n, marked=n.id == marked) for n in self.nodes)
        return DrawnGraph(nodes, tuple(self.edges), len(nodes), remark)

    def _add_instruction(self, k: int, x: Instruction) -> None:
        title, _, _ = self.lines[k].partition("  [")
        count = int(self.operations[k])
        rows = [("shape", _shape(x))]
        if count:
            rows.append(("for", f"{count:,} operation{'s' if count > 1 else ''}"))
        tails = [tail for operand in operands_of(x) for tail in self._tails(operand)]
        self.nodes.append(DrawnNode(f"v{k}", "operation", "", lines_of(title), tuple(rows)))
        self._arrows(tails, f"v{k}", bool(self.program.raised.needs[x.out].any()))

    def _tails(self, rows: IntArray) -> Iterator[str]:
        """The boxes that an operand comes from; what is given gets one now."""
        for k in np.unique(self.owner[rows]):
            if k >= 0:
                yield f"v{k}"
        for code in (LEAF, DATA, GRADIENT):
            mine = np.unique(rows[self.names.code[rows] == code])
            key = code, mine.tobytes()
            if mine.size and key not in self.given:
                self.given[key] = f"s{len(self.given)}"
                shape: tuple[tuple[str, str], ...] = ()
                if rows.ndim > 1 and mine.size == rows[0].size:  # a matrix, no number of it twice
                    shape = (("shape", "×".join(map(str, rows.shape[-2:]))),)
                kind: Any = "leaf" if code == LEAF else "constant"
                name = self.names.operand(mine)
                self.data += [(mine, self.given[key])] * (code == DATA)
                self.nodes.append(DrawnNode(self.given[key], kind, "", (name,), shape))
            if mine.size:
                yield self.given[key]

    def _add_calls(self, ids: dict[int, str], calls: list[Line]) -> None:
        """Calls on arrays; `ids` says which box an array is in."""
        program = self.program
        lifted = {id(x._data): (rows, x.requires_grad) for rows, x in program.lifted}
        graded = {id(x.first) for _, x in program.tensors if x.requires_grad}
        graded |= {key for key, (_, needs) in lifted.items() if needs}
        for step, text, shape in calls:
            key, source = id(step.out), step.kind == SOURCE
            tails = [ids[id(x)] for x in traced_in((step.args, step.options)) if id(x) in ids]
            if source and key in lifted and (self.owner[lifted[key][0]] >= 0).any():
                tails = list(self._tails(lifted[key][0]))
                if len(tails) == 1:  # all numbers of one instruction: its box stands for them
                    ids[key] = tails[0]
                    continue
            ids[key] = f"t{len(self.nodes)}"
            given = "leaf" if key in graded else "constant"
            kind: Any = given if source else "operation"
            node = DrawnNode(ids[key], kind, "", lines_of(text), (("shape", shape),))
            self.nodes.append(node)
            self._arrows(tails, ids[key], True)

    def _ends(self, ids: dict[int, str]) -> list[str]:
        """The boxes of the function's results."""
        found = []
        for x in self.program.outputs:
            data = x._data if isinstance(x, Tensor) else x
            if isinstance(data, Traced) and id(data) in ids:
                found.append(ids[id(data)])
            elif type(x) is int and self.owner[x] >= 0:
                found.append(f"v{self.owner[x]}")
        return found

    def _join_early(self, ids: dict[int, str]) -> None:
        """Arrows from arrays to the data that is made of them."""
        blocks = self.program.recording.blocks
        for rows, id_ in self.data:
            places, tails = self.names.number[rows], []
            for traced in self.program.early:
                inside = places - blocks.get(traced, np.inf)
                if np.any((inside >= 0) & (inside < traced.size)):
                    tails.append(ids[id(traced)])
            self._arrows(tails, id_, False)

    def _finish(self, ends: list[str]) -> None:
        """The output comes last; several get a box that collects them."""
        used = {edge.tail for edge in self.edges}
        if len(ends) == 1 and ends[0] not in used:
            output = next(node for node in self.nodes if node.id == ends[0])
            self.nodes.remove(output)
        else:
            output = DrawnNode("results", "operation", "", (f"{len(ends)} results",), ())
            self._arrows(ends, "results", True)
        self.nodes.append(replace(output, output=True))

    def _arrows(self, tails: list[str], head: str, flows: bool) -> None:
        self.edges += [
            DrawnEdge(tail, head, k, "", flows and self._has_gradient(tail))
            for k, tail in enumerate(tails)
        ]

    def _has_gradient(self, id_: str) -> bool:
        return next(node.kind for node in self.nodes if node.id == id_) != "constant"


class _Rows:
    """The graph of single numbers: whole, or where that is too much, one number of it."""

    def __init__(self, drawn: Instructions) -> None:
        self.drawn, self.recorded = drawn, drawn.program.graph
        self.alive = drawn.program.raised.alive
        self.whole = int(self.alive.sum()) <= WHOLE
        self.largest = drawn.largest()
        self.shown_in = "" if self.whole else f"v{self.largest}"

    def operands(self, row: int) -> list[int]:
        """The rows that a row is made of, as far as they are drawn."""
        graph = self.recorded
        if row == RESULTS:
            return graph.outputs
        if not self.whole and self.drawn.owner[row] != self.largest:
            return []
        return graph.operands(row)

    def graph(self) -> DrawnGraph:
        """The boxes and arrows."""
        outputs, names = self.recorded.outputs, self.drawn.names.known
        root, folded = outputs[0] if len(outputs) == 1 else RESULTS, set[int]()
        if not self.whole:
            root = int(self.drawn.instructions[self.largest].out.flat[0])
            _, folded = nearest(root, FOLDED_TO, self.operands)
        rows = operands_first([root], lambda x: () if x in folded else self.operands(x))
        nodes = [self._box(x, names, x == root, x in folded) for x in rows]
        edges = [
            DrawnEdge(f"n{i}", f"n{x}", k, "", self.drawn.needs[i])
            for x in rows
            if x not in folded
            for k, i in enumerate(self.operands(x))
        ]
        cut = any(node.folded for node in nodes)
        # what is left out is told by the remark, in terms of the program
        return DrawnGraph(tuple(nodes), tuple(edges), len(nodes), self._remark(cut))

    def _remark(self, cut: bool) -> str:
        if self.whole:
            return "A box's last line says which instruction computes it."
        count = self.drawn.instructions[self.largest].out.size
        which = f"one of the {count:,} numbers" if count > 1 else "the number"
        total = int(self.drawn.operations.sum())
        more = " Boxes marked ⋯ are made of what is left out." if cut else ""
        return (
            f"Of {total:,} operations only those of {which} that v{self.largest} computes are "
            f"drawn.{more}"
        )

    def _box(self, row: int, names: dict[Value, str], output: bool, folded: bool) -> DrawnNode:
        graph, id_ = self.recorded, f"n{row}"
        if row == RESULTS:
            title = f"{len(graph.outputs)} results"
            return DrawnNode(id_, "operation", "", (title,), (), output=True)
        code, place = graph.code[row], graph.left[row]
        if code == CONSTANT:
            return DrawnNode(id_, "constant", "", (), (("data", number(graph.constants[place])),))
        if code in (DATA, GRADIENT):
            name = "argument" if code == DATA else "gradient"
            return DrawnNode(id_, "constant", "", (name,), ())
        if code == LEAF:
            return DrawnNode(id_, "leaf", "", lines_of(names.get(graph.leaves[place], "leaf")), ())
        symbol = {DETACH: "detach", GATHER: "take"}.get(code) or printable(graph.ops[code].symbol)
        own = ("in", f"v{self.drawn.owner[row]}")
        cut = not self.whole and self.drawn.owner[row] != self.largest
        return DrawnNode(id_, "operation", symbol, (), (own,), output=output, folded=folded or cut)


def _matrices(x: Product) -> str:
    _, rows, columns = x.out.shape
    terms = x.left.shape[-1]
    return f"{rows}×{terms} by {terms}×{columns}"


def _shape(x: Instruction) -> str:
    if isinstance(x, Product):
        return f"{len(x.out)} × {_matrices(x)}" if len(x.out) > 1 else _matrices(x)
    if isinstance(x, Loop):
        return f"{len(x.out):,} × {x.out[0].size:,}"
    return f"{x.out.size:,}"
