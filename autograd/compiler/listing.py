"""Listing: a program as text, one line for each instruction.

Five neurons with two inputs read:

    v0 = matrix product 5×2 by 2×1, plus 5×1     5 sums of 2 products
    v1 = tanh(v0)                                5 numbers
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.compiler.program import Program
from autograd.compiler.raising import Group, Picks, Product
from autograd.compiler.record import CONSTANT, DATA, LEAF
from autograd.compiler.tape import SOURCE, VIEW, Step, Traced


def listing(program: Program) -> str:
    """Every instruction of a program, what it works on and how many numbers it makes."""
    calls = [line for line in array_lines(program) if line[0].kind != SOURCE]
    early = dict(zip(program.tape.steps, program.tape.live(program.early), strict=True))
    lines = [(text, shape) for step, text, shape in calls if early[step]]
    lines += Names(program).scalar_lines()
    lines += [(text, shape) for step, text, shape in calls if not early[step]]
    width = max((len(left) for left, _ in lines), default=0)
    return "\n".join(f"{left.ljust(width)}  # {right}" for left, right in lines)


class Names:
    """Names for the instructions' results, and for operands made of them."""

    def __init__(self, program: Program) -> None:
        self.program, self.graph = program, program.graph
        self.code, self.number = np.array(self.graph.code), np.array(self.graph.left)
        self.made = np.full(len(self.graph), -1)

    def scalar_lines(self) -> list[tuple[str, str]]:
        """A line for each instruction on single numbers."""
        lines = []
        for k, instruction in enumerate(self.program.raised.instructions):
            lines.append((f"v{k} = {self._right_side(instruction)}", _counted(instruction)))
            self.made[instruction.out.ravel()] = k
        return lines

    def _right_side(self, x: Any) -> str:
        if isinstance(x, Product):
            stack = f"{len(x.out)} × " if len(x.out) > 1 else ""
            _, rows, columns = x.out.shape
            terms = x.left.shape[-1]
            left, right = self.operand(x.left), self.operand(x.right)
            more = "".join(f" + {self.operand(extra)}" for extra in x.plain)
            return f"{left} @ {right}{more}  [{stack}{rows}×{terms} by {terms}×{columns}]"
        if isinstance(x, Group):
            name = x.op.name if x.op is not None else "constant"
            return f"{name}({', '.join(map(self.operand, x.operands))})"
        if isinstance(x, Picks):
            return f"take({self.operand(x.table)}, indices)"
        paired = x.right >= 0
        if not paired.any():
            return f"sum of {self.operand(x.left)}"
        return f"sum of {self.operand(x.left)} * {self.operand(x.right[paired])}"

    def operand(self, rows: Any) -> str:
        """What rows are: leaves, data, constants, results of instructions before."""
        rows = np.unique(rows)
        kinds = []
        for code, name in ((LEAF, "leaves"), (DATA, "data"), (CONSTANT, "constants")):
            count = int((self.code[rows] == code).sum())
            if count == 1 and code == CONSTANT:
                row = rows[self.code[rows] == code][0]
                kinds.append(f"{self.graph.constants[self.graph.left[row]]:g}")
            elif count:
                kinds.append(f"{count} {name}" if name != "leaves" or count > 1 else "1 leaf")
        kinds += [f"v{k}" for k in np.unique(self.made[rows]) if k >= 0]
        return "{" + ", ".join(kinds) + "}" if len(kinds) > 1 else "".join(kinds)


def _counted(x: Any) -> str:
    count = x.out.size
    if isinstance(x, Product):
        return f"{_numbers(count, 'sum')} of {_numbers(x.left.shape[-1], 'product')}"
    if isinstance(x, Group):
        return _numbers(count, "number")
    if isinstance(x, Picks):
        return _numbers(count, "lookup")
    return f"{_numbers(count, 'sum')} of {_numbers(len(x.left), 'term')} in all"


def _numbers(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' if count != 1 else ''}"


def array_lines(program: Program) -> Iterator[tuple[Step, str, str]]:
    """Each array from outside with its name, each forward call with its line; and their shapes."""
    names: dict[int, str] = {}
    tensors = {id(x._data): tensor for tensor, x in program.tensors}
    end = program.tape.sections[1] if len(program.tape.sections) > 1 else len(program.tape.steps)
    alive = program.tape.live(program.wanted)
    for step in (s for s, kept in zip(program.tape.steps[:end], alive, strict=False) if kept):
        key, shape = id(step.out), str(step.out.shape)
        if step.kind == SOURCE:
            label = getattr(tensors.get(key), "label", "")
            names[key] = label or f"a{len(names)}"
            yield step, names[key], shape
            continue
        given = ", ".join(_shown(x, names) for x in step.args)
        names.setdefault(key, f"a{len(names)}")
        function = getattr(step.function, "__name__", str(step.function)).strip("_")
        seen = " (a view)" if step.kind == VIEW else ""
        yield step, f"{names[key]} = {function}({given})", shape + seen


def _shown(x: Any, names: dict[int, str]) -> str:
    if isinstance(x, Traced):
        return names.get(id(x), "?")
    if isinstance(x, (tuple, list)):
        inner = ", ".join(_shown(part, names) for part in x)
        return f"({inner})"
    return "array" if isinstance(x, np.ndarray) else repr(x)
