"""Text: what the printers of C and JavaScript share: loops, brackets and places in arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.compiler.native.loops import (
    Apply,
    Code,
    Loop,
    Memory,
    Nest,
    Number,
    Ref,
    Step,
    indices,
    mapped,
    refs_in,
    start_of,
)
from autograd.errors import CompileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.arrays import Array

Names = Sequence[str]
"""What the index of each axis is called."""

ROUND_NAME = "t"
INDEX_NAMES = (*"ijklmnop", *(f"i{k}" for k in range(8, 64)))  # NumPy has at most 64 axes


class Text:
    """Nests as text in a language like C.

    Attributes:
        functions: For each function of numbers how it is written, with {0} and {1}; here those that
            C and JavaScript share.
        loop, down: How a loop begins, with {i} and {n}, and one that goes down from {last}.
        note: How a comment is written.
        deep: Whether arrays have an index along each axis.
        stop: What is done where a place that is looked up is not there.
    """

    functions: ClassVar[Mapping[str, str]] = {
        "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}",
        "divide": "{0} / {1}", "negative": "-{0}", "reciprocal": "1 / {0}",
        "greater": "{0} > {1}", "greater_equal": "{0} >= {1}", "less": "{0} < {1}",
        "less_equal": "{0} <= {1}", "equal": "{0} == {1}", "not_equal": "{0} != {1}",
        "logical_and": "{0} && {1}", "logical_or": "{0} || {1}", "logical_not": "!{0}",
        "where": "{0} ? {1} : {2}",
    }  # fmt: skip
    loop = down = stop = note = ""
    declare = ""
    deep = False

    def read(self, steps: Iterable[Step]) -> None:
        """Look which memories are to be written with one index alone."""
        self.flat: set[int] = set()
        for nest in (x for step in steps for x in _nests(step)):
            for ref in (*nest.refs, *refs_in(nest.out)):
                if indices(ref, nest.axes) is None:
                    self.flat.add(id(ref.memory))

    def lines(self, steps: Iterable[Step], indent: str) -> Iterator[str]:
        """The lines of nests and loops, each after what it does."""
        for step in steps:
            rounds = isinstance(step, Loop)
            if isinstance(step, Loop):
                loop = self.down if _is_downward(step) else self.loop
                head = loop.format(i=ROUND_NAME, n=step.times, last=step.times - 1)
                yield f"{indent}{head} {{"
            inner = indent + "    " * rounds
            for nest in _nests(step):
                if nest.comment:
                    yield inner + self.note.format(nest.comment)
                yield from self.nest(nest, inner, int(rounds))
            if rounds:
                yield indent + "}"

    def lengths(self, memory: Memory) -> tuple[int, ...]:
        """The shape in which a memory is written."""
        return (memory.size,) if id(memory) in self.flat else memory.lengths

    def number(self, value: Any, dtype: np.dtype[Any]) -> str:
        """A number as it is written in the code."""
        raise NotImplementedError

    def cast(self, x: str, source: np.dtype[Any], to: np.dtype[Any]) -> str:
        """A number as one of another type."""
        raise NotImplementedError

    def clipped(self, place: str, count: int) -> str:
        """A place, or the nearest one of so many."""
        raise NotImplementedError

    def place(self, ref: Ref, axes: tuple[int, ...], names: Names) -> str:
        """A number in a memory."""
        where = "" if ref.place is None else self.code(ref.place, axes, names)
        if ref.count:
            where = self.clipped(where, ref.count)
        return indexed(ref, axes, names, self.deep and id(ref.memory) not in self.flat, where)

    def code(self, code: Code, axes: tuple[int, ...], names: Names) -> str:
        """An expression."""
        if isinstance(code, Number):
            return self.number(code.value, code.dtype)
        if isinstance(code, Ref):
            return self.place(code, axes, names)
        parts = [self.code(x, axes, names) for x in code.args]
        if code.function == "cast":
            return self.cast(parts[0], code.args[0].dtype, code.dtype)
        template = self.template(code)
        if not template.endswith(")"):  # no call, but an operator
            parts = [bracketed(x) for x in parts]
        return template.format(*parts)

    def template(self, code: Apply) -> str:
        """How a function is written."""
        if code.function not in self.functions:
            raise CompileError(f"source: {code.function} cannot be written in this language.")
        return self.functions[code.function]

    def nest(self, nest: Nest, indent: str, opened: int = 0) -> Iterator[str]:
        """The lines of a nest, of whose loops so many are there already."""
        names, axes = (ROUND_NAME,) * opened + INDEX_NAMES, nest.axes
        if not nest.rounds and not nest.fold:
            return
        depth = indent
        for k in range(opened, nest.kept):
            yield depth + self.loop.format(i=names[k], n=axes[k]) + " {"
            depth += "    "
        around = nest.kept - opened
        if nest.fold and not around:
            yield depth + "{"
            depth, around = depth + "    ", 1
        target = self.place(nest.out, axes[: nest.kept], names)
        sign = "+=" if nest.adds else "="
        code = self.code(nest.code, axes, names)
        if nest.fold:
            yield from self.folded(nest, depth, code, names)
            code = "sum" if nest.fold == "add" else "all"
        yield f"{depth}{target} {sign} {code};"
        for k in range(around - 1, -1, -1):
            yield indent + "    " * k + "}"
        if nest.stops:
            yield f"{indent}if ({target})"
            yield f"{indent}    {self.stop}"

    def folded(self, nest: Nest, depth: str, code: str, names: Names) -> Iterator[str]:
        """The lines that fold numbers into one."""
        name, axes = "sum" if nest.fold == "add" else "all", nest.axes
        first = start_of(nest)
        if nest.code.dtype.kind == "i":  # an int of four bytes here
            first = min(max(first, -(1 << 31)), (1 << 31) - 1)
        start = self.number(first, nest.code.dtype)
        yield f"{depth}{self.declare.format(type=self.type(nest.code.dtype))} {name} = {start};"
        inner = depth
        for k in range(nest.kept, len(axes)):
            yield inner + self.loop.format(i=names[k], n=axes[k])
            inner += "    "
        if nest.fold == "add":
            yield f"{inner}sum += {code};"
        else:
            form = self.template(Apply(nest.fold, (nest.code, nest.code), nest.code.dtype))
            joined = form.format("all", code if form.endswith(")") else bracketed(code))
            yield f"{inner}all = {joined};"

    def type(self, dtype: np.dtype[Any]) -> str:
        """The name of a type."""
        raise NotImplementedError


def _nests(step: Step) -> Iterator[Nest]:
    """A nest; of a loop those of its body, the rounds as their first axis."""
    if isinstance(step, Nest):
        yield step
        return
    last = (step.times - 1) * _is_downward(step)

    def one(ref: Ref) -> Ref:
        place = None if ref.place is None else one(ref.place)
        turn = -ref.turn if last else ref.turn
        return Ref(ref.memory, ref.offset + last * ref.turn, (turn, *ref.steps), place, ref.count)

    for nest in step.body:
        yield replace(
            nest,
            axes=(step.times, *nest.axes),
            kept=nest.kept + 1,
            code=mapped(nest.code, one),
            out=one(nest.out),
        )


def _is_downward(loop: Loop) -> bool:
    """Whether most of what a loop reads and writes is farther on the earlier the round."""
    refs = [ref for nest in loop.body for ref in (*nest.refs, nest.out)]
    return sum((ref.turn > 0) - (ref.turn < 0) for ref in refs) < 0


def bracketed(x: str) -> str:
    """An expression in brackets, if it needs them.

    Example:
        >>> bracketed("a + b"), bracketed("f(a + b)"), bracketed("-a")
        ('(a + b)', 'f(a + b)', '(-a)')
    """
    depth = 0
    for letter in x:
        depth += (letter in "([") - (letter in ")]")
        if letter == " " and not depth:
            return f"({x})"
    return f"({x})" if x.startswith(("-", "!")) else x


def indexed(ref: Ref, axes: tuple[int, ...], names: Names, deep: bool, where: str = "") -> str:
    """A place in an array: along each axis if the language has those (`deep`), or in a row.

    `where` is added to it, as it is looked up.
    """
    found = indices(ref, axes) if deep else None
    name = ref.memory.name
    if found is not None:
        return name + "".join(f"[{_sum(begin, parts, names)}]" for begin, parts in found)
    parts = [(k, step) for k, step in enumerate(ref.steps) if step]
    place = _sum(ref.offset, parts, names)
    if where:
        place = where if place == "0" else f"{where} + {place}"
    return f"{name}[{place}]"


def _sum(begin: int, parts: list[tuple[int, int]], names: Names) -> str:
    """`3 * i + j + 2`."""
    terms = [names[k] if f == 1 else f"{f} * {names[k]}" for k, f in parts]
    text = " + ".join(terms).replace("+ -", "- ")
    if not terms:
        return str(begin)
    return text if not begin else f"{text} {'+' if begin > 0 else '-'} {abs(begin)}"


def nested(
    values: Array, shape: tuple[int, ...], show: Callable[..., Any], brackets: str = "{}"
) -> str:
    """Numbers as a literal with brackets for each axis, lines of at most 100 letters."""
    return "\n".join(_rows(values, shape, show, brackets, "    ")).lstrip()


def _rows(
    values: Array, shape: tuple[int, ...], show: Callable[..., Any], brackets: str, indent: str
) -> list[str]:
    left, right = brackets[0], brackets[1]
    if len(shape) > 1:
        parts = np.reshape(values, (shape[0], math.prod(shape[1:])))
        inner = [_rows(x, shape[1:], show, brackets, indent + "    ") for x in parts]
        lines = [line for rows in inner for line in [*rows[:-1], rows[-1] + ","]]
        lines[-1] = lines[-1][:-1]
        return [indent[4:] + left, *lines, indent[4:] + right]
    words = [show(x) for x in np.ravel(values).tolist()]
    lines, line = [], ""
    for word in words:
        if line and len(indent) + len(line) + len(word) > 96:
            lines.append(line.rstrip())
            line = ""
        line += word + ", "
    lines.append(line.rstrip(", "))
    if len(lines) == 1 and len(lines[0]) < 80:
        return [f"{indent[4:]}{left}{lines[0]}{right}"]
    return [indent[4:] + left, *(indent + x for x in lines), indent[4:] + right]
