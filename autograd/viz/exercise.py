"""A backward pass as text that reads like a worked exercise."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.op import Elementwise
from autograd.viz.symbols import Symbol, symbolic_partial
from autograd.viz.text import NOT_REACHED, columns, number

if TYPE_CHECKING:
    from autograd.node import Node
    from autograd.viz.steps import Backprop, Step

WIDTH, INDENT = 100, 2
FEW = 4
"""Arrays of at most so many elements are written out."""

FIRST, LAST = 60, 20
"""Of a long list, how many lines are shown at its beginning and at its end."""


def whole_text(steps: Backprop) -> str:
    """The forward values, every step, and the gradients of the leaves."""
    root = steps.names[steps.root]
    title = (
        f"Backpropagation of {root}: {_count(len(steps), 'step')} through "
        f"{_count(len(steps.nodes), 'node')}"
    )
    abbreviated = list(steps.abbreviated.items())
    sections = {
        title: _earlier(steps),
        "Names": _table(abbreviated, lambda item: [[item[0], f"= {item[1]}"]]),
        "Forward": _forward(steps),
        f"Backward, from {derivative(root, root)} = {array_text(steps.seed)}": _backward(steps),
        "Gradients": _gradients(steps),
    }
    if not abbreviated:
        del sections["Names"]
    return "\n\n".join(
        "\n".join([heading, *(f"  {line}" for line in lines)])
        for heading, lines in sections.items()
    )


def step_line(step: Step) -> str:
    """One step on one line."""
    cells = [cell for cell in [*_chain_rule(step), *_numbers(step)] if cell]
    return f"step {step.number} of {step.total}   {' '.join(cells)}   ({_running_total(step)})"


def _chain_rule(step: Step) -> list[str]:
    """What is added to what, in symbols."""
    root, node, parent = step.root_name, step.node_name, step.parent_name
    return [
        derivative(root, parent),
        "+=",
        f"{derivative(root, node)} · {derivative(node, parent)}",
    ]


def _numbers(step: Step) -> list[str]:
    """The same with the local derivative as a formula, then as a number, then multiplied."""
    upstream, contribution = array_text(step.out_grad), array_text(step.contribution)
    if not isinstance(step.op, Elementwise):
        return [f"= vector-Jacobian product of {step.op.name}", "", f"= {contribution}"]
    formula = symbolic_partial(step.op, step.position, step.operands, step.node_name)
    symbols, numbers = f"= {upstream} · {formula.factor}", ""
    if formula.number is not None and _is_short(step.out_grad):
        symbols, numbers = "", symbols
    elif formula.number is None and _is_short(step.local):
        numbers = f"= {upstream} · {_factor(array_text(step.local))}"
    summed = " summed" if np.shape(step.contribution) != np.shape(step.out_grad) else ""
    return [symbols, numbers, f"= {contribution}{summed}"]


def derivative(top: str, bottom: str) -> str:
    """`∂L/∂x`, with brackets around a name that is more than a word.

    Example:
        >>> derivative("L", "a*b")
        '∂L/∂(a*b)'
    """
    return f"∂{Symbol(top).firm}/∂{Symbol(bottom).firm}"


def array_text(x: Any) -> str:
    """A number, a few numbers, or what shape of array.

    Example:
        >>> array_text(0.5), array_text(np.array([1.0, 0.25])), array_text(np.zeros((3, 4)))
        ('0.5', '[1, 0.25]', 'array (3, 4)')
    """
    if not _is_short(x):
        return f"array {x if isinstance(x, tuple) else np.shape(x)}"
    if np.ndim(x) == 0:
        return number(float(x))
    return f"[{', '.join(array_text(row) for row in x)}]"


def _is_short(x: Any) -> bool:
    return not isinstance(x, tuple) and 0 < np.size(x) <= FEW


def _factor(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _running_total(step: Step) -> str:
    before = NOT_REACHED if step.before is None else array_text(step.before)
    return f"{step.arrived} of {step.expected}: {before} → {array_text(step.after)}"


# --- the sections -----------------------------------------------------------------------------


def _earlier(steps: Backprop) -> Iterator[str]:
    if steps.earlier:
        names = ", ".join(steps.names[leaf] for leaf in steps.earlier)
        yield from textwrap.wrap(
            f"An earlier backward() left a gradient in {names}. Leaves add what this pass brings; "
            "the nodes in between start anew.",
            WIDTH - INDENT,
        )


def _forward(steps: Backprop) -> Iterator[str]:
    leaves = [node for node in steps.nodes if node.op is None and node in steps.names]
    shown, left_out = _ends(leaves)
    given = [f"{steps.names[x]} = {array_text(steps.values[x])}" for x in shown]
    if left_out:
        given.insert(FIRST, f"… {left_out:,} more …")
    # A line is broken between leaves only.
    text = "   ".join(one.replace(" ", "\0") for one in given)
    for line in textwrap.wrap(text, WIDTH - INDENT, break_on_hyphens=False):
        yield line.replace("\0", " ")
    results = [node for node in steps.nodes if node.op is not None]
    yield from _table(results, lambda node: [_result_cells(steps, node)])


def _result_cells(steps: Backprop, node: Node) -> list[str]:
    op, params = node.op, getattr(node, "params", {})
    assert op is not None
    formula = Symbol.of(op, steps.operands(node), params)
    inputs = [steps.values[parent] for parent in node.parents]
    numbers = ""
    if isinstance(op, Elementwise) and all(np.ndim(x) == 0 for x in inputs):
        numbers = f"= {Symbol.of(op, [float(x) for x in inputs])}"
    name, value = steps.names[node], array_text(steps.values[node])
    return [name, f"= {formula}", numbers, f"= {value}"]


def _backward(steps: Backprop) -> Iterator[str]:
    digits = len(str(len(steps)))

    def cells_of(k: int) -> list[list[str]]:
        step = steps[k]
        total = f"  ({_running_total(step)})" if step.expected > 1 else ""
        return [[f"{k + 1:>{digits}} ", *_chain_rule(step)], [*_numbers(step), total]]

    yield from _table(range(len(steps)), cells_of)
    if any(n > 1 for n in steps.expected.values()):
        yield "(1 of 2: a → b): the first of 2 contributions to a gradient, which goes from a to b;"
        yield f"{NOT_REACHED} is a gradient that nothing has reached yet."


def _gradients(steps: Backprop) -> Iterator[str]:
    root = steps.names[steps.root]

    def cells_of(leaf: Node) -> list[list[str]]:
        name, gradient = steps.names[leaf], steps.gradients[leaf]
        cells = [derivative(root, name), f"= {array_text(gradient)}"]
        if leaf in steps.earlier:
            before = steps.earlier[leaf]
            sum_ = f"{array_text(before)} + {_factor(array_text(gradient))}"
            cells += [f"  {name}.grad", f"= {sum_}", f"= {array_text(before + gradient)}"]
        return [cells + [""] * (5 - len(cells))]

    return _table(list(steps.gradients), cells_of)


# --- aligned columns --------------------------------------------------------------------------


def _ends(items: Sequence[Any]) -> tuple[list[Any], int]:
    """Of a long list its beginning and its end, and how many items are left out between them."""
    left_out = max(0, len(items) - FIRST - LAST)
    return [*items[:FIRST], *items[FIRST + left_out :]] if left_out else [*items], left_out


def _table(items: Sequence[Any], cells_of: Callable[[Any], list[list[str]]]) -> Iterator[str]:
    """The items as lines with aligned columns; parts that do not fit on one line take two."""
    shown, left_out = _ends(items)
    lines = list(zip(*map(_aligned, zip(*map(cells_of, shown), strict=True)), strict=True))
    room = WIDTH - INDENT
    on_one_line = all(columns(" ".join(parts).rstrip()) <= room for parts in lines)
    for k, parts in enumerate(lines):
        if left_out and k == FIRST:
            yield f"… {left_out:,} more …"
        if on_one_line:
            yield " ".join(parts).rstrip()
            continue
        for part, indent in zip(parts, ("", " " * 7), strict=False):
            line = indent + part.rstrip()
            yield from (
                [line]
                if columns(line) <= room
                else textwrap.wrap(line, room, initial_indent=indent, subsequent_indent=" " * 7)
            )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return [
        " ".join(
            x + " " * (width - columns(x)) for x, width in zip(row, widths, strict=True) if width
        )
        for row in rows
    ]
