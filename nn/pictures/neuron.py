"""The operations of one neuron of a network: its products, their sum, its activation, as numbers.

They are the operations that ran: of a network of single numbers those of the example itself, of a
model of arrays those of its close-up. What a picture of them shows is read as `draw` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Value
from autograd.node import topological
from nn.pictures.columns import Reading, as_read, column_nodes, is_module, same_gradients

if TYPE_CHECKING:
    from autograd.arrays import FloatArray
    from autograd.viz.draw import Drawing
    from autograd.viz.trace import Trace
    from nn.operands import Operand
    from nn.pictures.columns import Learner, Model

MOST_INPUTS = 16
"""A neuron with more inputs has a graph that nobody reads."""

MOST_PARAMETERS = 5_000

Nodes = Sequence[Sequence[Value]]


def neuron_nodes(model: Learner, reading: Reading) -> Nodes:
    """For each column, the nodes that hold what its neurons hand on for the one example.

    Raises:
        ValueError: there are several examples; or the close-up has no such nodes.
    """
    if len(reading.columns[0].values) != 1:
        raise ValueError(
            "picture: the operations of a neuron are those of one example, but got "
            f"{len(reading.columns[0].values)}."
        )
    count = sum(np.size(p.data) for p in model.parameters())
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"picture: shows the operations of neurons of models of {MOST_PARAMETERS:,} parameters "
            f"at most, but got {count:,}."
        )
    try:
        nodes = _of_close_up(model, reading) if is_module(model) else reading.nodes
    except (AttributeError, TypeError, ValueError) as err:
        raise ValueError(
            f"picture: finds no neurons in the close-up of {type(model).__name__}: {err}"
        ) from err
    for k, column in enumerate(nodes):
        for j, node in enumerate(column):
            if k or not node.label:
                last = k == len(nodes) - 1
                node.label = f"x{j + 1}" if not k else f"y{j + 1}" if last else f"h{k}_{j + 1}"
    return nodes


def _of_close_up(model: Model, reading: Reading) -> Nodes:
    """The nodes of the same model over single numbers, which went backwards, too."""
    names = {id(p): name for name, p in model.named_parameters()}
    columns = reading.columns
    with same_gradients(model.parameters()):
        close_up = model.scalars().eval()
        given = [Value(float(x), label=f"x{i + 1}") for i, x in enumerate(columns[0].values[0])]
        row = np.empty((1, len(given)), object)
        row[0, :] = given
        out = list(np.ravel(close_up(row)))
        if reading.loss is not None and columns[-1].grads is not None:
            # With dL/dy at hand, whatever the loss is, the rest is the derivative of this sum.
            grads: list[float] = columns[-1].grads[0].tolist()
            total: Operand = sum(g * y for g, y in zip(grads, out, strict=True))
            total.backward()
    products = _partners(out)
    found: list[list[Value | Any]] = [given]
    for _, weights, _ in column_nodes(reading.output)[1:]:
        p: Operand | None = next((p for p in topological(weights) if id(p) in names), None)
        if p is not None:
            place = "[{}]" if p.ndim == 1 else "[0,{}]" if weights is p else "[{},0]"
            labels = [names[id(p)] + place.format(i) for i in range(weights.shape[1])]
            found.append([products.get(label) for label in labels])
    found.append(out)
    if len(found) != len(columns) or not all(map(_hold, found, (c.values[0] for c in columns))):
        raise ValueError("its layers are no products with its parameters, number by number.")
    return found


def _partners(out: Sequence[Value]) -> dict[str, Value | Any]:
    """What each labelled number, such as a weight, is multiplied with."""
    found: dict[str, Value | Any] = {}
    for root in out:
        for node in topological(root):
            if node.op is not None and node.op.name == "multiply":
                a, b = node.parents
                found |= {one.label: other for one, other in ((a, b), (b, a)) if one.label}
    return found


def _hold(nodes: Sequence[Value | None], values: FloatArray) -> bool:
    return len(nodes) == len(values) and all(
        node is not None and np.isclose(node.data, x, rtol=1e-6, atol=1e-9, equal_nan=True)
        for node, x in zip(nodes, values.tolist(), strict=True)
    )


def neuron_drawing(
    model: Learner, reading: Reading, nodes: Nodes, layer: int, number: int
) -> Drawing:
    """The picture of a neuron's operations, from what the column before hands on."""
    from autograd.viz.draw import Drawing
    from autograd.viz.drawn import Folding, drawn

    before = nodes[layer - 1]
    if len(before) > MOST_INPUTS:
        raise ValueError(
            f"picture: draws the operations of neurons with {MOST_INPUTS} inputs at most, but "
            f"neuron {number} of layer {layer} has {len(before)}."
        )
    root = nodes[layer][number - 1]
    with as_read(model, reading):
        trace = _trace(root, {"model": model})
        beyond = frozenset(trace.nodes).difference(topological(root, frozenset(before)))
        remark = f"What makes neuron {number} of layer {layer}."
        if beyond:
            remark += " What led to the nodes marked ⋯ is left out."
        graph = drawn(trace, Folding((), beyond, remark)).graph
        return Drawing(replace(graph, total=len(graph.nodes)))


def _trace(_root: Value, _given: dict[str, object]) -> Trace:
    """A trace that takes names from nothing here."""
    from autograd.viz.trace import Trace

    return Trace(_root, None, _given)
