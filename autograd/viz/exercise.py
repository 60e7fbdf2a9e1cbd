"""A backward pass as text that reads like a worked exercise."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from autograd.viz import notation
from autograd.viz.boxes import closed_in_words, in_order, is_operation
from autograd.viz.equation import equals, outcome
from autograd.viz.notation import Derivative
from autograd.viz.outline import BoxStep, Outline
from autograd.viz.steps import Pass, Step
from autograd.viz.text import (
    NOT_REACHED,
    aligned,
    array_text,
    as_printed,
    bracketed,
    columns,
    constant,
    counted,
    is_short,
    rounded,
    shape_text,
)
from autograd.viz.trace import Box, Node, Trace
from autograd.viz.windows import kernel_text

T = TypeVar("T")

WIDTH, INDENT = 100, 2
WIDEST_CELL = 26
"""A wider cell does not set the width of its column."""

LEAVES_NAMED = 8
"""How many leaves a sentence names."""

FIRST, LAST = 60, 20
"""Of a long list, how many lines are shown at its beginning and at its end."""


def whole_text(steps: Pass) -> str:
    """The forward values, every step, and the gradients of the leaves."""
    root = steps.names[steps.root]
    boxes = closed_in_words(steps.boxes, steps.depth)
    shut = {node: box for box in boxes for node in box.nodes}
    outline: Sequence[Step | BoxStep] = Outline(steps, boxes) if boxes else steps
    through = counted(len(steps.nodes) - len(shut), "node")
    if boxes:
        through += f" and {counted(len(boxes), 'box')}"
    title = (
        f"Backpropagation of {name_text(root)}: {counted(len(outline), 'step')} through {through}"
    )
    inside = {steps.names.get(node) for node in shut}
    abbreviated = [item for item in steps.abbreviated.items() if item[0] not in inside]
    sections = {
        title: _earlier(steps),
        "Names": _table(abbreviated, lambda item: [name_text(item[0]), f"= {item[1]}"]),
        "Forward": _forward(steps, shut),
        f"Backward, from {start(steps)}": _backward(steps, outline),
        "Gradients": _gradients(steps, shut),
    }
    if not abbreviated:
        del sections["Names"]
    return "\n\n".join(
        "\n".join([heading, *(f"  {line}".rstrip() for line in lines)])
        for heading, lines in sections.items()
    )


def start(steps: Pass) -> str:
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


# --- the sections -----------------------------------------------------------------------------


def _earlier(steps: Pass) -> Iterator[str]:
    if steps.earlier:
        first = [name_text(steps.names[leaf]) for leaf in [*steps.earlier][:LEAVES_NAMED]]
        others = len(steps.earlier) - len(first)
        names = ", ".join(first) + (f" and {others:,} more" if others else "")
        yield from textwrap.wrap(
            f"An earlier backward() left a gradient in {names}. Leaves add what this pass brings; "
            "the nodes in between start anew.",
            WIDTH - INDENT,
        )


def _forward(steps: Pass, shut: Mapping[Node, Box]) -> Iterator[str]:
    outside = [node for node in steps.nodes if node not in shut]
    # by name, for equal constants share theirs
    leaves = {steps.names[x]: x for x in outside if not x.parents and x in steps.names}
    shown, left_out = _ends([*leaves.values()])
    given = [f"{name_text(steps.names[x])} = {array_text(steps.values[x])}" for x in shown]
    if left_out:
        given.insert(FIRST, f"… {left_out:,} more …")
    # A line is broken between leaves only.
    text = "   ".join(one.replace(" ", "\0") for one in given)
    for line in textwrap.wrap(text, WIDTH - INDENT, break_on_hyphens=False):
        yield line.replace("\0", " ")
    order = in_order(steps.nodes, shut)
    results = [x for x in order if isinstance(x, Box) or x.parents]
    yield from _table(results, lambda result: result_cells(steps, result))


def result_cells(steps: Pass, at: Node | Box) -> list[str]:
    """What is computed: its name, how it is made, that with numbers ("" for none), its number."""
    formula = box_text(steps, at) if isinstance(at, Box) else steps.formula(at)
    if isinstance(at, Box) and not is_operation(at):
        names = [name_text(steps.names[x]) for x in at.results[:3] if x in steps.names]
        names += ["…"] if len(at.results) > 3 else []
        return [", ".join(names), f"= {formula}", "", f"({counted(len(at.nodes), 'node')})"]
    node = at.results[0] if isinstance(at, Box) else at
    inputs = [steps.values[parent] for parent in node.parents]
    numbers, sign = "", "="
    if node is at and steps.is_by_elements(node) and all(np.ndim(x) == 0 for x in inputs):
        operands = zip(node.parents, map(float, inputs), strict=True)
        given = [rounded(x) if parent in steps.names else x for parent, x in operands]
        numbers = f"= {steps.formula(node, given)}"
        made = steps.result_of(node, [float(constant(x)) for x in given])
        sign = equals(made, float(steps.values[node]))
    name, value = name_text(steps.names[node]), array_text(steps.values[node])
    return [name, f"= {formula}", numbers, f"{sign} {value}"]


def box_text(trace: Trace, box: Box) -> str:
    """What a box computes, and of what: `softmax of z₀, z₁, …, z₉`."""
    operands = [name_text(trace.names[x]) for x in box.operands if x in trace.names]
    if len(operands) > 3:
        operands = [*operands[:2], "…", operands[-1]]
    of = ":" if box.kind == "sum" else " of"
    return f"{box.name}{of} {', '.join(operands)}" if operands else box.name


def _backward(steps: Pass, outline: Sequence[Step | BoxStep]) -> Iterator[str]:
    digits = len(str(len(outline)))
    several = False

    def cells_of(k: int) -> list[str]:
        nonlocal several
        step = outline[k]
        several = several or step.expected > 1
        total = f"  ({step.running_total})" if step.expected > 1 else ""
        return [f"{k + 1:>{digits}} ", *step.cells, total]

    yield from _table(range(len(outline)), cells_of, lambda k: _more_lines(outline[k]))
    if len(outline):
        yield ""
        yield from textwrap.wrap(notation.how_to_read(steps.top), WIDTH - INDENT)
    if several:
        yield (
            f"(1 of 2 arrived: {NOT_REACHED} → a): the sum so far; {NOT_REACHED} where nothing has "
            "arrived."
        )


def _more_lines(step: Step | BoxStep) -> Iterator[str]:
    """What is said below a step: of arrays a sum over axes, and matrices that are small."""
    yield from textwrap.wrap(step.remark, WIDTH - INDENT - 7)
    if isinstance(step, Step) and (axes := step.summed_axes):
        over = f"ax{'is' if len(axes) == 1 else 'es'} {', '.join(map(str, axes))}"
        wide, narrow = (shape_text(np.shape(x)) for x in (step.out_grad, step.contribution))
        name = name_text(step.parent_name)
        yield f"sum over {over}: {wide} → {narrow}, for {name} was repeated along it (broadcast)"
    if isinstance(step, Step) and step.matrices is not None:
        lines = step.matrices.marked(0, 0).split("\n")
        if max(map(columns, lines)) <= WIDTH:  # a broken line of a matrix is read by nobody
            yield from lines
    inner, upstream = step, step.upstream
    if isinstance(step, BoxStep) and len(step.steps) == 1:  # of a box of a convolution with a bias
        inner = step.trace[step.steps[0]]
        passed_on = np.array_equal(inner.out_grad, step.out_grad)
        upstream = step.upstream if passed_on else inner.upstream
    if isinstance(inner, Step) and upstream is not None:
        first = (0,) * np.ndim(inner.parent.data)
        text = kernel_text(inner.trace, inner.node, inner.position, first, upstream)
        yield from text.split("\n") if text else ()


def _gradients(steps: Pass, shut: Mapping[Node, Box]) -> Iterator[str]:
    def cells_of(leaf: Node) -> list[str]:
        name, gradient = steps.names[leaf], steps.gradients[leaf]
        cells = [Derivative(steps.top, name).text, f"= {array_text(gradient)}"]
        if leaf in steps.earlier:
            before = steps.earlier[leaf]
            sum_ = f"{array_text(before)} + {bracketed(array_text(gradient))}"
            printed = [as_printed(x) for x in (before, gradient) if is_short(x)]
            total = outcome(sum(printed) if printed[1:] else None, before + gradient)
            cells += [f"  {name_text(name)}.grad", f"= {sum_}", total]
        return cells + [""] * (5 - len(cells))

    yield from _table([leaf for leaf in steps.gradients if leaf not in shut], cells_of)
    if inside := sum(leaf in shut for leaf in steps.gradients):
        yield f"and of {counted(inside, 'leaf')} inside of boxes"


# --- aligned columns --------------------------------------------------------------------------


def _ends(items: Sequence[T]) -> tuple[list[T], int]:
    """The beginning and the end of a long list, and how many items are left out between them."""
    left_out = len(items) - FIRST - LAST
    if left_out < 2:  # a line that says so takes as much room as the one it stands for
        return [*items], 0
    return [*items[:FIRST], *items[FIRST + left_out :]], left_out


def _table(
    items: Sequence[T],
    cells_of: Callable[[T], list[str]],
    more: Callable[[T], Iterable[str]] = lambda item: (),
) -> Iterator[str]:
    """The items as lines with aligned columns; a cell that is too wide for that pushes its line.

    Below each stands what `more` gives.
    """
    shown, left_out = _ends(items)
    rows = [cells_of(item) for item in shown]
    room, indent = WIDTH - INDENT, " " * 7
    for k, (item, row, cells) in enumerate(
        zip(shown, rows, aligned(rows, WIDEST_CELL), strict=True)
    ):
        if left_out and k == FIRST:
            yield f"… {left_out:,} more …"
        line, note = " ".join(filter(None, cells)).rstrip(), ""
        if columns(line) > room and row[-1].startswith("  ("):  # below, and the columns stay
            line, note = " ".join(filter(None, cells[:-1])).rstrip(), row[-1].strip()
        if columns(line) > room:  # without the columns, if it fits then
            line, note = " ".join(cell for cell in row if cell).rstrip(), ""
        if columns(line) <= room:
            yield line
            if note:
                yield indent + note
        else:
            whole = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", "\0"), line)
            whole = re.sub(r"(?<= )([·⊙+=≈]|\+=) ", "\\1\0", whole)  # a line may begin with a sign
            for part in textwrap.wrap(whole, room, subsequent_indent=indent):
                yield part.replace("\0", " ")
        yield from (f"{indent}{line}" for line in more(item))
