"""A backward pass as text that reads like a worked exercise."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.op import Elementwise
from autograd.viz import notation
from autograd.viz.array_rules import array_rule, shapes_of, summed_axes
from autograd.viz.notation import Derivative
from autograd.viz.symbols import Symbol
from autograd.viz.text import NOT_REACHED, columns, number, shape_text

if TYPE_CHECKING:
    from autograd.node import Node
    from autograd.viz.steps import Backprop, Step

WIDTH, INDENT = 100, 2
FEW = 4
"""Arrays of at most so many elements are written out."""

WIDEST_CELL = 26
"""A wider cell does not set the width of its column."""

FIRST, LAST = 60, 20
"""Of a long list, how many lines are shown at its beginning and at its end."""


def whole_text(steps: Backprop) -> str:
    """The forward values, every step, and the gradients of the leaves."""
    root = steps.names[steps.root]
    title = (
        f"Backpropagation of {name_text(root)}: {_count(len(steps), 'step')} through "
        f"{_count(len(steps.nodes), 'node')}"
    )
    abbreviated = list(steps.abbreviated.items())
    sections = {
        title: _earlier(steps),
        "Names": _table(abbreviated, lambda item: [name_text(item[0]), f"= {item[1]}"]),
        "Forward": _forward(steps),
        f"Backward, from {start(steps)}": _backward(steps),
        "Gradients": _gradients(steps),
    }
    if not abbreviated:
        del sections["Names"]
    return "\n\n".join(
        "\n".join([heading, *(f"  {line}".rstrip() for line in lines)])
        for heading, lines in sections.items()
    )


def start(steps: Backprop) -> str:
    """Where the pass starts: `dL/dL = 1`."""
    root = steps.names[steps.root]
    text = f"{Derivative(steps.top, root).text} = {array_text(steps.seed)}"
    if steps.top == root:
        return text
    top = name_text(steps.top)
    return f"{text}, as given ({top}: the sum of {name_text(root)}, weighted by it)"


def name_text(code: str) -> str:
    """A name as it is written."""
    return notation.name(code).text


def step_line(step: Step) -> str:
    """One step on one line."""
    return f"step {step.number} of {step.total}   {equation(step)}   ({_running_total(step)})"


def equation(step: Step) -> str:
    """What a step adds: `dz/dx += dz/dv₁ · ∂v₁/∂x = 1 · y = 1 · 2 = 2`."""
    return " ".join(cell for cell in [*_chain_rule(step), *_numbers(step)] if cell)


def _chain_rule(step: Step) -> list[str]:
    """What is added to what, in symbols."""
    return [step.received.text, "+=", _product(step)]


def _product(step: Step) -> str:
    """Upstream times local; on whole arrays, the rule."""
    upstream = step.upstream.text if step.upstream else "1"
    if not isinstance(step.op, Elementwise):
        rule = array_rule(step)
        return rule.text if rule is not None else f"the rule of {step.op.name}"
    axes = summed_axes(step)
    over = f"Σ over {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))} of "
    times = "·" if np.size(step.out_grad) == 1 else "⊙"
    if axes and np.ndim(step.contribution) == 0:
        over = "Σ of "
    if step.formula is not None and step.formula.number == 1 and np.ndim(step.out_grad):
        return f"{over if axes else ''}{upstream}"
    return f"{over if axes else ''}{upstream} {times} {step.partial.text}"


def _numbers(step: Step) -> list[str]:
    """The same with the local derivative as a formula, then as a number, then multiplied."""
    upstream, contribution = array_text(step.out_grad), array_text(step.contribution)
    shapes = _shapes(step)
    formula = step.formula
    if formula is None:
        return [shapes, "", f"= {contribution}" if _is_short(step.contribution) else ""]
    times = "·" if np.size(step.out_grad) == 1 else "⊙"
    if not _is_short(step.out_grad) and step.upstream is not None:
        upstream = step.upstream.text
    over = "Σ of " if summed_axes(step) else ""
    symbols, numbers = f"= {over}{upstream} {times} {formula.factor}", ""
    if formula.number is not None and _is_short(step.out_grad):
        symbols, numbers = "", symbols
    elif formula.number is None and _is_short(step.local) and _is_short(step.out_grad):
        numbers = f"= {over}{upstream} {times} {_factor(array_text(step.local))}"
    elif formula.number == 1:
        symbols = ""
    result = f"= {contribution}" if _is_short(step.contribution) else ""
    return [symbols, numbers, " ".join(filter(None, [result, shapes]))]


def _shapes(step: Step) -> str:
    """The shapes of a step on arrays, in brackets."""
    if np.size(step.out_grad) == np.size(step.contribution) == 1:
        return ""
    rule = None if isinstance(step.op, Elementwise) else array_rule(step)
    if rule is not None:
        return f"({shapes_of(step, rule)})"
    wide, narrow = (shape_text(np.shape(x)) for x in (step.out_grad, step.contribution))
    return f"({narrow} += {wide})"


def array_text(x: Any) -> str:
    """A number, a few numbers, or what shape of array.

    Example:
        >>> array_text(0.5), array_text(np.array([1.0, 0.25])), array_text(np.zeros((3, 4)))
        ('0.5', '[1, 0.25]', 'array 3×4')
    """
    if not _is_short(x):
        return f"array {shape_text(x if isinstance(x, tuple) else np.shape(x))}"
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
    return f"{step.arrived} of {step.expected} arrived: {before} → {array_text(step.after)}"


# --- the sections -----------------------------------------------------------------------------


def _earlier(steps: Backprop) -> Iterator[str]:
    if steps.earlier:
        names = ", ".join(name_text(steps.names[leaf]) for leaf in steps.earlier)
        yield from textwrap.wrap(
            f"An earlier backward() left a gradient in {names}. Leaves add what this pass brings; "
            "the nodes in between start anew.",
            WIDTH - INDENT,
        )


def _forward(steps: Backprop) -> Iterator[str]:
    leaves = [node for node in steps.nodes if node.op is None and node in steps.names]
    shown, left_out = _ends(leaves)
    given = [f"{name_text(steps.names[x])} = {array_text(steps.values[x])}" for x in shown]
    if left_out:
        given.insert(FIRST, f"… {left_out:,} more …")
    # A line is broken between leaves only.
    text = "   ".join(one.replace(" ", "\0") for one in given)
    for line in textwrap.wrap(text, WIDTH - INDENT, break_on_hyphens=False):
        yield line.replace("\0", " ")
    results = [node for node in steps.nodes if node.op is not None]
    yield from _table(results, lambda node: _result_cells(steps, node))


def _result_cells(steps: Backprop, node: Node) -> list[str]:
    op, params = node.op, getattr(node, "params", {})
    assert op is not None
    formula = Symbol.of(op, steps.operands(node), params)
    inputs = [steps.values[parent] for parent in node.parents]
    numbers = ""
    if isinstance(op, Elementwise) and all(np.ndim(x) == 0 for x in inputs):
        numbers = f"= {Symbol.of(op, [float(x) for x in inputs])}"
    name, value = name_text(steps.names[node]), array_text(steps.values[node])
    return [name, f"= {formula}", numbers, f"= {value}"]


def _backward(steps: Backprop) -> Iterator[str]:
    digits = len(str(len(steps)))

    def cells_of(k: int) -> list[str]:
        step = steps[k]
        total = f"  ({_running_total(step)})" if step.expected > 1 else ""
        return [f"{k + 1:>{digits}} ", *_chain_rule(step), *_numbers(step), total]

    yield from _table(range(len(steps)), cells_of)
    if len(steps):
        yield ""
        yield from textwrap.wrap(notation.how_to_read(steps.top), WIDTH - INDENT)
    if any(n > 1 for n in steps.expected.values()):
        yield (
            f"(1 of 2 arrived: {NOT_REACHED} → a): the sum so far; {NOT_REACHED} where nothing has "
            "arrived."
        )


def _gradients(steps: Backprop) -> Iterator[str]:
    def cells_of(leaf: Node) -> list[str]:
        name, gradient = steps.names[leaf], steps.gradients[leaf]
        cells = [Derivative(steps.top, name).text, f"= {array_text(gradient)}"]
        if leaf in steps.earlier:
            before = steps.earlier[leaf]
            sum_ = f"{array_text(before)} + {_factor(array_text(gradient))}"
            cells += [
                f"  {name_text(name)}.grad",
                f"= {sum_}",
                f"= {array_text(before + gradient)}",
            ]
        return cells + [""] * (5 - len(cells))

    return _table(list(steps.gradients), cells_of)


# --- aligned columns --------------------------------------------------------------------------


def _ends(items: Sequence[Any]) -> tuple[list[Any], int]:
    """Of a long list its beginning and its end, and how many items are left out between them."""
    left_out = max(0, len(items) - FIRST - LAST)
    return [*items[:FIRST], *items[FIRST + left_out :]] if left_out else [*items], left_out


def _table(items: Sequence[Any], cells_of: Callable[[Any], list[str]]) -> Iterator[str]:
    """The items as lines with aligned columns; a cell that is too wide for that pushes its line."""
    shown, left_out = _ends(items)
    rows = [cells_of(item) for item in shown]
    widths = [
        max((n for n in map(columns, column) if n <= WIDEST_CELL), default=0)
        for column in zip(*rows, strict=True)
    ]
    room, indent = WIDTH - INDENT, " " * 7
    for k, row in enumerate(rows):
        if left_out and k == FIRST:
            yield f"… {left_out:,} more …"
        cells = [_padded(x, width) for x, width in zip(row, widths, strict=True) if x or width]
        line = " ".join(cells).rstrip()
        if columns(line) > room:  # without the columns, if it fits then
            line = " ".join(cell for cell in row if cell).rstrip()
        if columns(line) <= room:
            yield line
        else:
            whole = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", "\0"), line)
            for part in textwrap.wrap(whole, room, subsequent_indent=indent):
                yield part.replace("\0", " ")


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))
