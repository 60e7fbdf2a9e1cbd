"""The record of a pass that the page plays: plain lists, dicts, numbers and texts.

It is made from what the engine's own pass left behind, and is the same on every run: no addresses,
no times. What is written of the pass is written here, with holes: the page puts in names and
numbers. The keys are short because each notebook output carries a record:

    nodes   name (as text, tree and LaTeX; firm, with brackets; and code, if that is another),
            operands (in), value, text of a constant number, form, whether it is a leaf, line, the
            innermost group it is in
    forms   how nodes are made: operation, text with holes, how firmly that holds and what
            its places need, tree and LaTeX, and the rules, for each operand its local derivative in
            text and in LaTeX, and 1 for a number, 2 more where a factor of it needs brackets
    steps   [consumer, operand, upstream, local, contribution], and of arrays words: the equation,
            as a tree and LaTeX, and what was computed with it
    groups  the boxes: README.md
    views   the picture, and where there are boxes one for each that is opened: README.md
    named   the steps along named variables: README.md
    windows of convolutions, pooling and kernels, the numbers to choose from and what each shows
    root, seed, earlier gradients, notes, and whether the page can recompute the numbers
    read and remarks: sentences, with holes

In the tree of a form a number i stands for the name of operand i.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.value import Value
from autograd.viz import exercise, notation
from autograd.viz.boxes import MOST_RECORDED, is_operation
from autograd.viz.drawn import Drawn
from autograd.viz.outline import BoxStep, NamedSteps, Outline
from autograd.viz.player.forms import Forms
from autograd.viz.player.picture import picture_of
from autograd.viz.player.rules_js import can_compute
from autograd.viz.steps import Pass, Step
from autograd.viz.text import (
    FEW,
    FROM_THE_RIGHT,
    LEFT_TO_RIGHT_MARK,
    array_text,
    constant,
    number,
    numbers,
    printable,
    shape_text,
)
from autograd.viz.trace import REMARKS, SMALL, Box, Node, is_array
from autograd.viz.tree import latex
from autograd.viz.views import boxes_record, views_of
from autograd.viz.windows import is_of_one_example, kernels_in, window_texts

if TYPE_CHECKING:
    from autograd.arrays import Array

MOST_NAMED = 100
"""Along more named variables nobody steps; there the page steps through boxes."""

MOST_CHOSEN = 144
"""So many numbers of an array can be chosen, of a larger one whole images, the first of them."""

LARGEST = 20_000
"""Of larger operands no windows are shown, so that a page is made at once."""

Record = dict[str, Any]


def trace_of(steps: Pass, picture: Drawn) -> Record:
    """The record of a pass, ready for `to_json`."""
    whole = len(steps.nodes) <= MOST_RECORDED
    drawn = set(picture.stands.values())
    kept = [node for node in steps.nodes if whole or node in drawn]
    index = {node: i for i, node in enumerate(kept)}
    box = {node: f"n{i}" for i, node in enumerate(steps.nodes)} | dict(picture.boxes)
    played = [
        k
        for k in range(len(steps))
        if whole or (steps.ends_of(k)[0] in index and steps.ends_of(k)[2] in index)
    ]
    forms = Forms(steps, played)
    trace: Record = {
        "nodes": [_node(steps, node, index, box, forms) for node in kept],
        "forms": forms.all,
        "steps": [_step(steps, k, index) for k in played],
        "root": index[steps.root],
        "seed": value(steps.seed),
        "start": exercise.start(steps),
        "read": notation.how_to_read(steps.top),
        "remarks": REMARKS,
        "earlier": [
            [index[leaf], value(grad), value(grad + steps.gradients[leaf])]
            for leaf, grad in steps.earlier.items()
            if leaf in index and leaf in steps.gradients
        ],
        "live": whole and can_recompute(steps),
        "notes": _notes(steps, len(played)),
        "views": [{"open": [], **_drawn(picture, index)}],
    }
    if steps.top != steps.names[steps.root]:
        trace["top"] = _name(steps.top)
    if whole:
        add_boxes(trace, steps, picture, index)
        if named := _named(steps, index):
            trace["named"] = named
    if windows := windows_of(steps, index):
        trace["windows"] = windows
    return trace


def _named(steps: Pass, index: dict[Node, int]) -> list[Any]:
    """The pass along named variables; none where every step is between such."""
    named = NamedSteps(steps)
    if len(named) >= len(steps) or len(named) > MOST_NAMED:
        return []
    last = {steps.ends_of(k)[2]: k for k in range(len(steps))}
    return [
        [index[s.box.results[0]], index[s.parent], last[s.parent], s.equation, latex(s.tree)]
        for s in named
        if isinstance(s.parent, Node)  # as of numbers it always is
    ]


def can_recompute(steps: Pass) -> bool:
    """Whether a page can compute the pass anew from other leaves."""
    return not steps.stale() and all(
        isinstance(node, Value) and (node.op is None or can_compute(node.op))
        for node in steps.nodes
    )


def _node(
    steps: Pass, node: Node, index: dict[Node, int], box: dict[Node, str], forms: Forms
) -> Record:
    code = steps.names.get(node)
    record: Record = {
        "in": [index.get(parent, -1) for parent in node.parents],
        "value": value(steps.values[node]),
        "box": box[node],
    }
    if node.parents:
        record["form"] = forms.of(node)
    if steps.kind(node) == "leaf":
        record["leaf"] = 1
    if code is not None:
        record |= _name(code)
        full = steps.abbreviated.get(code, code)
        if full != record["name"].removesuffix(LEFT_TO_RIGHT_MARK):
            record["code"] = printable(full)
    elif isinstance(number := steps.values[node], float):
        record["text"] = constant(number)
    if node in steps.lines:
        record["line"] = printable(steps.lines[node])
    return record


def _name(code: str) -> Record:
    """A name as text, as a tree and as LaTeX.

    After one that is written from the right stands a mark without width: what follows it in an
    equation, = 0.5, would else be shown before it.
    """
    name = notation.name(code)
    mark = LEFT_TO_RIGHT_MARK if FROM_THE_RIGHT.search(name.text) else ""
    record = {"name": name.text + mark, "tree": name.tree, "latex": name.latex}
    return record if name.is_word else record | {"firm": name.firm + mark}


def _step(steps: Pass, k: int, index: dict[Node, int]) -> list[Any]:
    """Where a step leads and its numbers; of arrays and rules without a formula, words for it."""
    node, position, _ = steps.ends_of(k)
    record = [index[node], position, *map(value, steps.numbers_of(k))]
    if is_array(node) or not steps.is_by_elements(node):
        record.append(_array_words(steps[k]))
    return record


def _array_words(step: Step) -> Record:
    """What the page cannot compute of a step: that on arrays, or by a rule of somebody's own."""
    words: Record = {"before": value(step.before), "after": value(step.after)}
    words |= {"tree": step.tree, "latex": latex(step.tree)}
    if step.remark:
        words["remark"] = step.remark
    if step.formula is not None:
        if axes := step.summed_axes:
            words |= {"whole": value(np.asarray(step.out_grad) * step.local)}
            words["axes"] = ", ".join(map(str, axes))
    elif (rule := step.rule) is not None:
        words |= {"ruleText": rule.text, "shapes": step.shapes}
        if step.matrices is not None:
            words["matrices"] = step.matrices.marked(0, 0)
    return words


# --- notes ------------------------------------------------------------------------------------


def _notes(steps: Pass, played: int) -> list[str]:
    notes = []
    if stale := steps.stale():
        names = ", ".join(
            notation.name(steps.names.get(node, "a constant")).text for node in stale[:5]
        )
        notes.append(
            f"{names}: changed after the graph was recorded. The pass uses the numbers of then."
        )
    if np.ndim(steps.root.data):
        notes.append("The root has several elements; the pass starts from the gradient given.")
    if played < len(steps):
        notes.append(
            f"{played:,} of {len(steps):,} steps are played here; backprop(…) itself holds them "
            "all: print it, or index it."
        )
    return notes


# --- boxes, and the pictures in which they are closed or open: see README.md --------------------


def add_boxes(trace: Record, steps: Pass, picture: Drawn, index: dict[Node, int]) -> None:
    """Add the boxes of a pass and the pictures in which they are closed or open."""
    if not steps.boxes:
        return
    views = list(views_of(steps, picture.folding))
    others = [picture_of(steps, folding) for _, folding in views[1:]]
    boxes, record = boxes_record(steps, views)
    trace |= record
    places = {box: g for g, box in enumerate(boxes)}
    around = {inner: places[box] for box in boxes for inner in box.inner}
    leaving: dict[Node, list[int]] = {}
    for k in range(len(steps)):
        leaving.setdefault(steps.ends_of(k)[0], []).append(k)
    for box, group in zip(boxes, trace["groups"], strict=True):
        passed_on = [k for node in reversed(box.nodes) for k in leaving.get(node, ())]
        group |= {
            "shows": index[box.results[0]] if is_operation(box) else -1,
            "in": around.get(box, -1),
            "out": [index[node] for node in box.results],
            "size": f"{len(box.nodes):,}",
            "passes": [_pass(step, index) for step in Outline(steps, [box], passed_on)],
        }
        for node in box.nodes:
            trace["nodes"][index[node]]["group"] = places[box]  # the inner ones come later
    for view, one in zip(trace["views"], [picture, *others], strict=True):
        view.update(_view(steps, one, places, index))
    trace["pictures"] = [one.svg for one in others]


def _pass(step: Step | BoxStep, index: dict[Node, int]) -> list[Any]:
    local, to = step.local, step.parent
    return [
        index[to] if isinstance(to, Node) else -1,
        None if local is None else value(local),
        value(step.contribution),
        step.equation,
    ]


def _view(steps: Pass, picture: Drawn, places: dict[Box, int], index: dict[Node, int]) -> Record:
    """A picture with the order of what happens in it."""
    ids = {f"n{i}": index[node] for i, node in enumerate(steps.nodes)}
    ids |= {box.id: -1 - places[box] for box in picture.folding.boxes}
    made = (node.id for node in picture.graph.nodes if node.kind == "operation")
    return {
        "forward": [ids[id_] for id_ in made if "~" not in id_],
        "play": [
            numbers[0]
            if box is None
            else [places[box], ids[to.id] if isinstance(to, Box) else index[to], numbers]
            for box, to, numbers in Outline(steps, picture.folding.boxes).order
        ],
        **_drawn(picture, index),
    }


def _drawn(picture: Drawn, index: dict[Node, int]) -> Record:
    """For each operand whose arrow has another id than "n7.0", that id; and what is left out."""
    ids = picture.arrows.items()
    arrows = {f"{index[node]}.{k}": arrow for (node, k), arrow in ids if node in index}
    return {"arrows": arrows, "note": picture.graph.note}


# --- windows ------------------------------------------------------------------------------------


def windows_of(steps: Pass, index: Mapping[Node, int]) -> dict[int, Record]:
    """For each array whose numbers can be chosen, what asks for one, the numbers, and the texts.

    Args:
        steps: A pass.
        index: The nodes that the page knows, and their numbers.
    """
    kernels = kernels_in(steps.nodes)
    found = {}
    for node, i in index.items():
        numbers = kernels.get(node, node.data)
        if record := _choice(steps, node, numbers):
            of = "where its gradient comes from" if node in kernels else "what it is made of"
            found[i] = {"asks": f"Choose a number: {of}.", **record}
    return found


def _choice(steps: Pass, array: Node, numbers: float | Array) -> Record:
    made = array.parents[0] if is_of_one_example(array) else array
    operands = [array, *made.parents, *(p for parent in made.parents for p in parent.parents)]
    shape = np.shape(numbers)
    image = int(np.prod(shape[-2:]))
    if (
        len(shape) < 2
        or not 0 < image <= MOST_CHOSEN
        or max(np.size(n.data) for n in operands) > LARGEST
    ):
        return {}
    count = min(np.size(numbers), MOST_CHOSEN) // image
    texts = []
    for k in range(count * image):
        place = tuple(map(int, np.unravel_index(k, shape)))
        texts.append("\n\n".join(window_texts(steps, array, place)))
        if not texts[-1]:
            return {}
    images = np.reshape(numbers, (-1, *shape[-2:]))
    more = len(images) - count
    return {
        "rows": rows_of(images[:count]),
        "texts": texts,
        **({"more": f"… and {more} more images; explain(…) shows each number."} if more else {}),
    }


# --- numbers and arrays -----------------------------------------------------------------------


def value(x: Any) -> Record | float | str | None:
    """A number or an array for the record; JSON has no infinities, so they are texts.

    An array is what is written of it: its size, itself in a line of text, in the lines of a box,
    and, if it is small, by its rows; images and heads one below another, an empty row between.

    Example:
        >>> value(0.5), value(float("inf"))
        (0.5, 'inf')
        >>> value(np.array([[1.0, 2.0]]))
        {'size': '1×2', 'text': '[[1, 2]]', 'lines': ('[1 2]',)}
    """
    if x is None:
        return None
    if isinstance(x, tuple):  # the shape of a large array, from `steps`
        return {"size": shape_text(x), "text": array_text(x), "lines": [getattr(x, "summary", "…")]}
    if isinstance(x, float) or np.ndim(x) == 0:
        return _number(float(x))
    known = isinstance(x, np.ndarray)  # a Dask array: its numbers may not exist yet
    array: Record = {"size": shape_text(x.shape), "text": array_text(x), "lines": numbers(x)}
    if known and FEW < x.size <= SMALL:
        array["rows"] = rows_of(x)
    return array


def rows_of(x: Array) -> list[list[str]]:
    """The rows of an array, those of images one below another, an empty one between."""
    matrices = x.reshape((-1, *(1, *x.shape)[-2:])).tolist()
    rows = [row for matrix in matrices for row in ([], *matrix)][1:]
    return [[number(y) for y in row] for row in rows]


def _number(x: float) -> float | str:
    return x if math.isfinite(x) else "nan" if x != x else "inf" if x > 0 else "-inf"
