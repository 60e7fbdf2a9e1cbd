"""Listing: a program as text, one line for each instruction.

Five neurons with two inputs read:

    v0 = 10 leaves @ 2 data + 5 leaves  [5×2 by 2×1]  # 5 sums of 2 products
    v1 = tanh(v0)                                     # 5 numbers

Tensors and the parameters of a close-up are called by their names: `model.0.weight`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import CONSTANT, DATA, DETACH, GATHER, GRADIENT, LEAF
from autograd.compiler.instructions import Chain, Gather, Group, Loop, Product, Raised
from autograd.compiler.program import Program
from autograd.compiler.tape import SOURCE, VIEW, Step, Traced

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.instructions import Instruction

FindNames = Callable[[set[Any]], dict[Any, str]]
"""Gives the names of those nodes that have one."""

Line = tuple[Step, str, str]
"""A call on arrays, how it is written, and its shape."""


def listing(program: Program, find_names: FindNames) -> str:
    """Every instruction of a program, what it works on and how many numbers it makes."""
    names = Names(program, find_names)
    early, late = (
        [(text, shape) for step, text, shape in calls if step.kind != SOURCE]
        for calls in names.calls()
    )
    lines = [*early, *_nested(names), *late]
    width = max((len(left) for left, _ in lines), default=0)
    return "\n".join(f"{left.ljust(width)}  # {right}" for left, right in lines)


class Names:
    """Names for the instructions' results, and for operands made of them."""

    def __init__(self, program: Program, find_names: FindNames) -> None:
        self.program = program
        nodes = {*program.graph.leaves, *(tensor for tensor, _ in program.tensors)}
        self.known = find_names(nodes)
        self.owners: dict[str, Any] = {}
        self._read("v", program.raised)

    def _read(self, prefix: str, raised: Raised) -> None:
        self.prefix, self.graph, self.instructions = prefix, raised.graph, raised.instructions
        self.code, self.number = np.array(self.graph.code), np.array(self.graph.left)
        self.made = np.full(len(self.graph), -1)

    def scalar_lines(self) -> list[tuple[str, str]]:
        """A line for each instruction on single numbers."""
        lines = []
        for k, x in enumerate(self.instructions):
            text, count = self._described(x)
            lines.append((f"{self.prefix}{k} = {text}", count))
            self.made[x.out.ravel()] = k
        return lines

    def body_lines(self, k: int) -> list[tuple[str, str]]:
        """If the k-th instruction is a loop, a line for each instruction of a round."""
        loop = self.instructions[k]
        if not isinstance(loop, Loop):
            return []
        inner = _Round(self, f"{self.prefix}{k}.", loop)
        return [("    " + text, count) for text, count in _nested(inner)]

    def _described(self, x: Instruction) -> tuple[str, str]:
        """What an instruction computes of what, and how much that is."""
        count = x.out.size
        if isinstance(x, Product):
            stack = f"{len(x.out)} × " if len(x.out) > 1 else ""
            _, rows, columns = x.out.shape
            terms = x.left.shape[-1]
            left, right = self.operand(x.left), self.operand(x.right)
            more = "".join(f" + {self.operand(extra)}" for extra in x.plain)
            text = f"{left} @ {right}{more}  [{stack}{rows}×{terms} by {terms}×{columns}]"
            return text, f"{_numbers(count, 'sum')} of {_numbers(terms, 'product')}"
        if isinstance(x, Group):
            text = f"{_kind(x)}({', '.join(map(self.operand, x.operands))})"
            return text, _numbers(count, "number")
        if isinstance(x, Chain):
            codes = np.unique(np.array(x.graph.code)[x.inputs.size :])
            names = ["take" if k == GATHER else x.graph.ops[k].name for k in codes if k != DETACH]
            text = f"one by one from {self.operand(x.outside)}: {', '.join(names)}"
            return text, _numbers(count, "operation")
        if isinstance(x, Loop):
            each = sum(code >= 0 for code in x.body.raised.graph.code)
            kinds = ", ".join(map(_kind, x.body.raised.instructions))
            return f"{len(x.out):,} rounds of {kinds}", _numbers(each * len(x.out), "operation")
        if isinstance(x, Gather):
            return f"take({self.operand(x.table)}, indices)", _numbers(count, "lookup")
        paired = x.right >= 0
        factors = f" * {self.operand(x.right[paired])}" if paired.any() else ""
        text = f"sum of {self.operand(x.left)}{factors}"
        return text, f"{_numbers(count, 'sum')} of {_numbers(len(x.left), 'term')} in all"

    def operand(self, rows: Array) -> str:
        """What rows are: leaves, data, constants, results of instructions before."""
        kinds = self._parts(np.unique(rows))
        return "{" + ", ".join(kinds) + "}" if len(kinds) > 1 else "".join(kinds)

    def _parts(self, rows: Array) -> list[str]:
        constants = rows[self.code[rows] == CONSTANT]
        parts = self._given(rows)
        if len(constants) == 1:
            parts.append(f"{self.graph.constants[self.number[constants[0]]]:g}")
        elif len(constants):
            parts.append(f"{len(constants)} constants")
        return parts + [f"{self.prefix}{k}" for k in np.unique(self.made[rows]) if k >= 0]

    def _given(self, rows: Array) -> list[str]:
        """What comes from outside: leaves and data; and gradients."""
        code = self.code[rows]
        data, grads = int((code == DATA).sum()), int((code == GRADIENT).sum())
        parts = self._leaves(rows[code == LEAF]) + [f"{data} data"] * bool(data)
        return parts + [_numbers(grads, "gradient")] * bool(grads)

    def _leaves(self, rows: Array) -> list[str]:
        """Leaves that are elements of arrays by the arrays' names, others by their number."""
        counts: dict[int, tuple[Any, int]] = {}
        alone = 0
        for place in self.number[rows].tolist():
            leaf = self.graph.leaves[place]
            home = leaf.home
            if home is None or not (self.known.get(leaf) or leaf.label):
                alone += 1
            else:
                key = id(home.holder)
                counts[key] = leaf, counts.get(key, (leaf, 0))[1] + 1
        named = []
        for leaf, count in counts.values():
            home, name = leaf.home, self.known.get(leaf) or leaf.label
            name = self.own(name.rpartition("[")[0] if home.index else name, home.holder)
            named.append(name if count == home.holder.size else f"{count} of {name}")
        return named + [f"{alone} leaves" if alone > 1 else "1 leaf"] * bool(alone)

    def own(self, name: str, owner: Any) -> str:
        """A name that nothing else has: of two layers' "weight" the second is "weight_2"."""
        k, own = 1, name
        while self.owners.setdefault(own, owner) is not owner:
            k += 1
            own = f"{name}_{k}"
        return own

    def calls(self) -> tuple[list[Line], list[Line]]:
        """The calls on arrays that come before the single numbers, and those after them."""
        tape, lines = self.program.tape, list(self.array_lines())
        early = dict(zip(tape.steps, tape.live(self.program.early), strict=True))
        return [x for x in lines if early[x[0]]], [x for x in lines if not early[x[0]]]

    def array_lines(self) -> Iterator[Line]:
        """Each array from outside with its name, each call with its line; and their shapes."""
        program, names = self.program, dict[int, str]()
        tensors = {id(x.first): tensor for tensor, x in program.tensors}
        sections = program.tape.sections
        end = sections[1] if len(sections) > 1 else len(program.tape.steps)
        alive = program.tape.live(program.wanted)
        for step in (s for s, kept in zip(program.tape.steps[:end], alive, strict=False) if kept):
            key, shape = id(step.out), str(step.out.shape)
            if step.kind == SOURCE:
                tensor = tensors.get(key)
                name = self.known.get(tensor, "") if tensor is not None else ""
                names[key] = self.own(name, tensor) if name else f"a{len(names)}"
                yield step, names[key], shape
                continue
            given = ", ".join(_shown(x, names) for x in step.args)
            names.setdefault(key, f"a{len(names)}")
            function = getattr(step.function, "__name__", str(step.function)).strip("_")
            seen = " (a view)" if step.kind == VIEW else ""
            yield step, f"{names[key]} = {function}({given})", shape + seen


class _Round(Names):
    """Names within one round of a loop, in which what goes in is named as it is outside."""

    def __init__(self, outer: Names, prefix: str, loop: Loop) -> None:
        self.outer, self.loop = outer, loop
        self._read(prefix, loop.body.raised)

    def _given(self, rows: Array) -> list[str]:
        inputs = self.loop.inputs[:, rows[np.isin(rows, self.loop.body.given)]]
        return self.outer._parts(np.unique(inputs))


def _nested(names: Names) -> Iterator[tuple[str, str]]:
    """Each instruction's line, and below that of a loop those of its round."""
    for k, line in enumerate(names.scalar_lines()):
        yield line
        yield from names.body_lines(k)


def _kind(x: Instruction) -> str:
    """What an instruction does, in a word or two."""
    if isinstance(x, Group):
        return x.op.name if x.op is not None else "constant"
    kinds = {Product: "matrix product", Gather: "take", Chain: "one by one", Loop: "rounds"}
    return kinds.get(type(x), "sum")


def _numbers(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' if count != 1 else ''}"


def _shown(x: Any, names: dict[int, str]) -> str:
    if isinstance(x, Traced):
        return names.get(id(x), "?")
    if isinstance(x, (tuple, list)):
        inner = ", ".join(_shown(part, names) for part in x)
        return f"({inner})"
    return "array" if isinstance(x, np.ndarray) else repr(x)
