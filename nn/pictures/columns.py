"""Columns of neurons, read off the graph of what a model computed.

Nothing here asks what a model is made of. A weighted sum of the layer before (`linear`, or a matrix
product with a parameter) is a column, whoever wrote it: `nn.Linear`, a `forward` of one's own, or a
model of PyTorch's. What a network of single numbers (`nn.scalar`) is made of is plain to see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd import Tensor, Value, no_grad
from autograd.checks import kind
from autograd.modes import force_grad
from autograd.node import Node, topological
from nn.eval_mode import in_eval_mode
from nn.operands import Operand, check_one_number, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import TypeIs

    from autograd.arrays import Number
    from nn.eval_mode import Switched

    Array = NDArray[np.float64]
    Loss = Callable[[Any, Any], Operand]

    class Learner(Protocol):
        """What is asked of a network of `nn.scalar`, and of a `nn.Module`."""

        def parameters(self) -> Sequence[Operand]:
            """Tensors, or Values."""
            ...

    class Model(Learner, Switched, Protocol):
        """What is asked of a `nn.Module`, whose file imports this one."""

        def __call__(self, x: Any, /) -> Any:
            """What it makes of x."""
            ...

        def named_parameters(self) -> Sequence[tuple[str, Operand]]:
            """They and their names."""
            ...

        def eval(self) -> Model:
            """It, to be used and not trained."""
            ...

        def scalars(self) -> Model:
            """Its close-up."""
            ...

    class Neuron(Protocol):
        """What is asked of a neuron of `nn.scalar`."""

        nonlin: bool
        w: Sequence[Value]
        b: Value

        def __call__(self, x: Sequence[Value], /) -> Value:
            """What it hands on."""
            ...


MOST_EXAMPLES = 10_000
"""A picture shows the mean over so many examples at most."""


class NotColumnsError(ValueError):
    """A model is no row of columns, each a weighted sum of the one before."""


@dataclass(frozen=True)
class Column:
    """Neurons side by side, for N examples.

    Attributes:
        values: (N, n), what they hand on: after the activation.
        activation: Its symbol, such as "tanh"; "" for none, "g" for a function of several parts.
        weights: (n, neurons before), or None for the inputs.
        bias: (n,), or None where there is none.
        grads: (N, n), how the loss changes with the values; None if nobody asked.
        weight_grads: Like weights.
    """

    values: Array
    activation: str = ""
    weights: Array | None = None
    bias: Array | None = None
    grads: Array | None = None
    weight_grads: Array | None = None

    @property
    def width(self) -> int:
        """How many neurons it has."""
        return int(self.values.shape[1])


@dataclass(frozen=True)
class Reading:
    """What a model computed.

    Attributes:
        columns: The inputs, each hidden layer, and the outputs.
        output: What the model returned.
        loss: The loss as a node, if one was asked for.
        gradients: What the loss brought to each parameter.
        nodes: Of a network of single numbers and one example, the nodes of each column.
    """

    columns: Sequence[Column]
    output: Operand
    loss: Operand | None = None
    gradients: Sequence[Number | None] = ()
    nodes: Sequence[Sequence[Value]] = ()


def read(model: Learner, x: ArrayLike, y: object = None, loss: Loss | None = None) -> Reading:
    """Run a model on examples x (N, inputs) and read its columns; with a loss, go backward, too.

    It runs in `eval()` mode, and gradients are afterwards what they were.

    Raises:
        NotColumnsError: two ways join, or a layer is no weighted sum of the one before.
        TypeError: model is neither a Module nor of `nn.scalar`, or it is a close-up.
    """
    if not hasattr(model, "parameters"):
        raise TypeError(f"picture: needs a model, but got {kind(model)}.")
    if not is_module(model):
        return _read_scalar(model, np.asarray(x, np.float64), y, loss)
    learnt = model.parameters() if loss is not None else []
    with force_grad(), in_eval_mode(model), same_gradients(learnt):
        given = Tensor(np.asarray(x, np.float64), requires_grad=loss is not None)
        out = model(given)
        if not isinstance(out, Tensor):
            what = "a close-up; ask the model that it shows" if _has_values(out) else kind(out)
            raise TypeError(f"picture: needs a model that returns a Tensor, but got {what}.")
        chain = _chain(out)
        total = None
        if loss is not None:
            total = loss(out, y)
            check_one_number("picture", total)
            total.backward()
        columns = _columns(chain, with_grads=loss is not None)
        return Reading(columns, out, total, _gradients(learnt))


def outputs(model: Learner, x: Array) -> Array:
    """What a model makes of examples (N, …), as numbers (N, outputs)."""
    if not is_module(model):
        return _forward(model, x)[-1]
    with no_grad(), in_eval_mode(model):
        return _rows(numbers(model(x)))


def surfaces(model: Learner, x: Array) -> list[Array]:
    """What every column hands on for examples x (N, inputs): arrays (N, n), the last the output's.

    Raises:
        NotColumnsError: as in `read`.
    """
    if not is_module(model):
        return _forward(model, x)
    with force_grad(), in_eval_mode(model):
        out = model(x)
        return [column.values for column in _columns(_chain(out), with_grads=False)]


def column_nodes(out: Tensor) -> list[tuple[Operand, Operand, Operand | None]]:
    """The columns after the inputs behind an output, as nodes.

    Returns:
        Of each what it hands on (N, …); its weights (n, neurons before); its bias (n,), or None.

    Raises:
        NotColumnsError: as in `read`.
    """
    return [(end, _matrix(node.parents[1], node), _bias(node, end)) for node, end in _chain(out)]


# --- on arrays --------------------------------------------------------------------------------


def _chain(out: Tensor) -> list[tuple[Operand, Operand]]:
    """The weighted sums behind an output, the first one first, each with what is handed on."""
    order = topological(out)
    sums: list[Operand] = [node for node in order if _weight_of(node) is not None]
    if not sums:
        raise NotColumnsError("no weighted sum of the inputs leads to the output")
    chain = [*zip(sums, [*(node.parents[0] for node in sums[1:]), out], strict=True)]
    for node, end in chain:
        met = {other for other in topological(end, frozenset(sums)) if other in set(sums)}
        # What a layer is fed with comes from the layer before, neuron by neuron, and by no other
        # way: a residual connection, or an input that joins later, is no column.
        if met != {node} or _inputs_beside(end, frozenset(sums)) or _width(end) != _width(node):
            raise NotColumnsError(
                "a layer is more than a function of the layer before, each number"
            )
    return chain


def _weight_of(node: Operand) -> Operand | None:
    """The weights of a weighted sum, (outputs, inputs) or, of a product, transposed."""
    if _op(node) not in ("linear", "matmul") or node.parents[0].data.ndim != 2:
        return None
    weight: Operand = node.parents[1]
    return weight if _only_learnt(weight) and weight.data.ndim <= 2 else None


def _op(node: Operand) -> str:
    """The name of the operation that made a node; "" of a leaf."""
    return node.op.name if node.op is not None else ""


def _only_learnt(node: Operand) -> bool:
    return all(leaf.requires_grad for leaf in topological(node) if not leaf.parents)


def _inputs_beside(end: Node, sums: frozenset[Operand]) -> bool:
    """Whether something other than parameters and small constants flows in after the sums."""
    rows = np.shape(end.data)[0]
    return any(
        not node.parents and not node.requires_grad and np.ndim(node.data) == 2 and rows > 1
        and np.shape(node.data)[0] == rows
        for node in topological(end, sums)
    )  # fmt: skip


def _width(node: Operand) -> int:
    data = node.data
    return 1 if data.ndim == 1 else int(data.reshape(len(data), -1).shape[1])


def _columns(chain: Sequence[tuple[Operand, Operand]], with_grads: bool) -> list[Column]:
    inputs = chain[0][0].parents[0]
    found = [Column(_rows(inputs.data), grads=_grads(inputs) if with_grads else None)]
    for node, end in chain:
        weight, bias = node.parents[1], _bias(node, end)
        weights = np.array(numbers(_matrix(weight.data, node)), np.float64)
        grad = weight.grad if with_grads else None
        found.append(
            Column(
                _rows(end.data),
                _activation(node, end),
                weights,
                None if bias is None else np.ravel(numbers(bias.data)),
                _grads(end) if with_grads else None,
                None if grad is None else np.array(numbers(_matrix(grad, node)), np.float64),
            )
        )
    return found


def _rows(data: Array) -> Array:
    array: Array = numbers(data)
    return array.reshape(len(array), -1)


def _grads(node: Operand) -> Array | None:
    return None if node.grad is None else _rows(node.grad)


def _matrix(weight: Any, node: Operand) -> Any:
    """The weights of a sum, or their gradient, as (outputs, inputs)."""
    if weight.ndim == 1:
        return weight.reshape(1, -1)
    return weight.T if _op(node) == "matmul" else weight


def _activation(node: Operand, end: Operand) -> str:
    """The symbol of what happens between a sum and what is handed on; of several things, "g"."""
    between = topological(end, frozenset([node]))
    symbols = [
        part.op.symbol
        for part in between
        if part.op is not None and part is not node and part.op.name not in ("reshape", "squeeze")
    ]
    if _op(node) == "matmul" and symbols[:1] == ["+"]:
        del symbols[0]  # the bias
    return symbols[0] if len(symbols) == 1 else "g" if symbols else ""


def _bias(node: Operand, end: Operand) -> Operand | None:
    """What is learnt and added to a weighted sum, as a node, or None."""
    if _op(node) == "linear":
        return node.parents[2] if len(node.parents) > 2 else None
    for part in topological(end, frozenset([node])):
        if _op(part) == "add":
            # Not `node in part.parents`, which would compare arrays by their numbers.
            others = [p for p in part.parents if p is not node]
            other = others[0] if len(others) == 1 else None
            if other is not None and _only_learnt(other):
                return other
    return None


def _gradients(parameters: Sequence[Operand]) -> list[Number | None]:
    return [np.copy(p.grad) if isinstance(p.grad, np.ndarray) else p.grad for p in parameters]


@contextmanager
def same_gradients(parameters: Sequence[Operand]) -> Iterator[None]:
    """Gradients are none inside, and afterwards what they were before."""
    before = _gradients(parameters)
    for p in parameters:
        p.zero_grad()
    try:
        yield
    finally:
        for p, grad in zip(parameters, before, strict=True):
            p.grad = grad


@contextmanager
def as_read(model: Learner, reading: Reading) -> Iterator[None]:
    """The parameters have the gradients inside that the reading's loss brought them."""
    learnt = model.parameters() if reading.loss is not None else []
    with same_gradients(learnt):
        for p, grad in zip(learnt, reading.gradients, strict=True):
            p.grad = grad
        yield


def _has_values(out: object) -> bool:
    return isinstance(out, Value) or (isinstance(out, np.ndarray) and out.dtype == object)


# --- on single numbers ------------------------------------------------------------------------


def is_module(model: Learner) -> TypeIs[Model]:
    """Whether it is a Module, and not a network of nn.scalar."""
    return hasattr(model, "modules")


def _layers(model: Any) -> list[Sequence[Neuron]]:
    """The neurons of each layer of a network of nn.scalar."""
    if hasattr(model, "nonlin"):
        return [[model]]
    if hasattr(model, "neurons"):
        return [model.neurons]
    if hasattr(model, "layers"):
        return [layer.neurons for layer in model.layers]
    raise NotColumnsError(
        f"{type(model).__name__} is none of nn.scalar's Neuron, Layer and MLP, so nobody knows "
        "which of its numbers are neurons"
    )


def _weights(neurons: Sequence[Neuron], of: str = "data") -> tuple[Array, Array]:
    rows = [[getattr(w, of) for w in neuron.w] for neuron in neurons]
    return np.array(rows), np.array([getattr(neuron.b, of) for neuron in neurons])


def _forward(model: object, x: Array) -> list[Array]:
    """The same numbers with arrays: thousands of points would take a graph each."""
    found = [np.asarray(x, np.float64)]
    for neurons in _layers(model):
        weights, bias = _weights(neurons)
        sums = found[-1] @ weights.T + bias
        bent = [neuron.nonlin for neuron in neurons]
        found.append(np.where(bent, np.maximum(sums, 0.0), sums))
    return found


def _read_scalar(model: Learner, x: Array, y: object, loss: Loss | None) -> Reading:
    layers, rows = _layers(model), x.reshape(-1, x.shape[-1])
    learnt = model.parameters() if loss is not None else []
    with same_gradients(learnt):
        held: list[list[list[Value]]] = [[] for _ in range(len(layers) + 1)]
        for row in rows:
            values = [Value(float(number)) for number in row]
            held[0].append(values)
            for k, neurons in enumerate(layers):
                values = [neuron(values) for neuron in neurons]
                held[k + 1].append(values)
        outs = [some[0] if len(some) == 1 else some for some in held[-1]]
        out = outs if len(rows) > 1 else outs[0]
        total = None
        if loss is not None:
            total = loss(out, y)
            check_one_number("picture", total)
            total.backward()
        columns = [Column(_held(held[0], "data"), grads=_held(held[0], "grad") if loss else None)]
        for neurons, column in zip(layers, held[1:], strict=True):
            weights, bias = _weights(neurons)
            columns.append(
                Column(
                    _held(column, "data"),
                    "relu" if neurons[0].nonlin else "",
                    weights,
                    bias,
                    _held(column, "grad") if loss else None,
                    _weights(neurons, "grad")[0] if loss else None,
                )
            )
        nodes = [values[0] for values in held] if len(rows) == 1 else ()
        return Reading(columns, out, total, _gradients(learnt), nodes)


def _held(values: Sequence[Sequence[Value]], of: str) -> Array:
    return np.array([[getattr(value, of) for value in row] for row in values], np.float64)
