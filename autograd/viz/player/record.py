"""The record of a pass that the page plays: plain lists, dicts, numbers and texts.

It is made from what the engine's own pass left behind, and is the same on every run: no addresses,
no times. Its keys are short because each notebook output carries one:

    nodes   name (as written, and in code), symbol, operation, operands, value, kind, formula, line
    steps   consumer, operand, upstream, local, contribution, formula; more if no product of numbers
    top     what is differentiated, if that is not the root itself
    root, seed, earlier gradients, notes, and whether the page can recompute the numbers
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from autograd.viz import exercise, notation
from autograd.viz.array_rules import shapes_of, summed_axes
from autograd.viz.mathml import tree_of
from autograd.viz.player.picture import Picture
from autograd.viz.player.rules_js import can_compute
from autograd.viz.steps import Pass, Step
from autograd.viz.text import numbers, printable
from autograd.viz.trace import Node, is_array

MOST_RECORDED = 2_000
"""Of a larger graph, the page plays only the steps between nodes that are drawn."""

Record = dict[str, Any]


def trace_of(steps: Pass, picture: Picture) -> Record:
    """The record of a pass, ready for `to_json`."""
    whole = len(steps.nodes) <= MOST_RECORDED
    kept = [node for node in steps.nodes if whole or node in picture.shown]
    index = {node: i for i, node in enumerate(kept)}
    box = {node: f"n{i}" for i, node in enumerate(steps.nodes)} | dict(picture.boxes)
    played = [
        k
        for k in range(len(steps))
        if whole or (steps.ends_of(k)[0] in index and steps.ends_of(k)[2] in index)
    ]
    trace: Record = {
        "nodes": [_node(steps, node, index, box) for node in kept],
        "steps": [_step(steps[k], index) for k in played],
        "arrows": {
            f"{index[node]}.{k}": arrow
            for (node, k), arrow in picture.arrows.items()
            if node in index
        },
        "root": index[steps.root],
        "seed": value(steps.seed),
        "start": exercise.start(steps),
        "read": notation.how_to_read(steps.top),
        "earlier": [
            [index[leaf], value(grad), value(grad + steps.gradients[leaf])]
            for leaf, grad in steps.earlier.items()
            if leaf in index and leaf in steps.gradients
        ],
        "live": whole and can_recompute(steps),
        "notes": [note for note in (picture.note, *_notes(steps, len(played))) if note],
    }
    if steps.top != steps.names[steps.root]:
        trace["top"] = _name(steps.top)
    return trace


def _name(code: str) -> Record:
    """A name: as text, as the text in a derivative where that has brackets, and as a tree."""
    name = notation.name(code)
    record: Record = {"name": name.text, "tree": name.tree}
    if name.firm != name.text:
        record["firm"] = name.firm
    return record


def can_recompute(steps: Pass) -> bool:
    """Whether a page can compute the pass anew from other leaves."""
    return not steps.stale() and all(steps.can_compute(node, can_compute) for node in steps.nodes)


def to_json(trace: Record) -> str:
    r"""The record as JSON that can stand inside a script: no `<`, nothing but ASCII.

    Example:
        >>> to_json({"name": "</script>"})
        '{"name":"\\u003c/script>"}'
    """
    text = json.dumps(trace, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def value(x: Any) -> Any:
    """A number or an array for the record; JSON has no infinities, so they are texts.

    Example:
        >>> value(0.5), value(float("inf"))
        (0.5, 'inf')
        >>> value(np.array([[1.0, 2.0]]))
        {'shape': [1, 2], 'rows': [[1.0, 2.0]]}
    """
    if x is None:
        return None
    if isinstance(x, tuple):  # the shape of a large array, from `steps`
        return {"shape": list(x), "text": getattr(x, "summary", "")}
    if not isinstance(x, np.ndarray):
        return _number(float(x)) if np.ndim(x) == 0 else {"shape": list(x.shape), "text": ""}
    if x.ndim == 0:
        return _number(float(x))
    shape = list(x.shape)
    if x.size > 36 or x.ndim > 2 or x.size == 0:
        return {"shape": shape, "text": " ".join(numbers(x.reshape(-1)) if x.size else ("empty",))}
    rows = x.reshape(1, -1) if x.ndim == 1 else x
    return {"shape": shape, "rows": [[_number(float(y)) for y in row] for row in rows]}


def _number(x: float) -> float | str:
    return x if math.isfinite(x) else "nan" if x != x else "inf" if x > 0 else "-inf"


def _node(steps: Pass, node: Node, index: dict[Node, int], box: dict[Node, str]) -> Record:
    name = steps.names.get(node)
    record: Record = {
        "in": [index.get(parent, -1) for parent in node.parents],
        "value": value(steps.values[node]),
        "kind": {"operation": "op", "leaf": "leaf", "constant": "const"}[steps.kind(node)],
        "box": box[node],
    }
    if name is not None:
        record |= _name(name)
        code = steps.abbreviated.get(name, name)
        if code != record["name"]:
            record["code"] = printable(code)
    if node in steps.lines:
        record["line"] = printable(steps.lines[node])
    if node.parents:
        formula = steps.formula(node)
        record |= {
            "op": steps.operation(node),
            "sym": steps.sign(node),
            "math": tree_of(formula),
            "text": printable(formula.text),
        }
        if not is_array(node):
            record["fill"] = steps.formula(node, ["\ue000", "\ue001"][: len(node.parents)]).text
    return record


def _step(step: Step, index: dict[Node, int]) -> list[Any]:
    formula = step.formula
    is_product = not is_array(step.node) and formula is not None
    record = [
        index[step.node],
        step.position,
        value(step.out_grad),
        value(step.local) if step.local is not None else None,
        value(step.contribution),
        None
        if formula is None
        else [tree_of(formula, 2), formula.factor, int(formula.number is not None)],
    ]
    return record if is_product else [*record, _tensor_part(step)]


def _tensor_part(step: Step) -> Record:
    part: Record = {
        "before": value(step.before),
        "after": value(step.after),
        "text": step.equation,
    }
    if step.formula is not None:
        if axes := summed_axes(step):
            part |= {"product": value(np.asarray(step.out_grad) * step.local), "axes": list(axes)}
    elif (rule := step.rule) is not None:
        part |= {"rule": tree_of(rule), "ruleText": rule.text, "shapes": shapes_of(step, rule)}
    return part


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
