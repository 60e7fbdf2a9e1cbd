"""Windows written out: what makes one number of a convolution, a pooling, a kernel's gradient.

y₀,₀,₁,₁ = Σ x ⊙ w, of what the kernel meets:
[0.5 0.6]   [  1 -1]   [ 0.5 -0.6]
[0.9   1] ⊙ [0.5  2] = [0.45    2]   Σ = 2.35
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from autograd.node import Node
from autograd.op import shape_of
from autograd.rules.windows import padded, taps
from autograd.tensor import Tensor
from autograd.viz import notation
from autograd.viz.equation import outcome
from autograd.viz.notation import Derivative
from autograd.viz.text import aligned, matrix_lines, number, rounded
from autograd.viz.trace import SMALL

if TYPE_CHECKING:
    from autograd.arrays import Array, FloatArray
    from autograd.viz.steps import Pass

MOST = 3
"""Of so many channels or examples the windows are written; the others are counted."""

POOLING = {"max_pool": "the largest of", "avg_pool": "the mean of"}

Index = tuple[int, ...]
Names = Mapping["Node", str]


def window_texts(steps: Pass, array: Node, index: Index) -> Iterator[str]:
    """What there is to see of a number: its window, and where it met others as one of a kernel.

    Args:
        steps: A pass.
        array: The array that the number is in.
        index: Its place.
    """
    if isinstance(array, Tensor) and (text := window_text(steps.names, array, index)) is not None:
        yield text
    for node, position in steps.uses.get(array, ()):
        upstream = Derivative(steps.top, steps.names.get(node, "constant"))
        if text := kernel_text(steps, node, position, index, upstream):
            yield text


def kernels_in(nodes: Iterable[Node]) -> dict[Node, Array]:
    """The kernels whose gradient is asked for, and the numbers they had in the convolution."""
    return {
        node.parents[1]: node._inputs[1]
        for node in nodes
        if isinstance(node, Tensor) and _meets_kernel(node, 1)
    }


def _meets_kernel(node: Node, position: int) -> bool:
    """Whether a node is a convolution, and this operand its kernel, whose gradient is asked for."""
    return _made_by(node) == "convolution" and position == 1 and node.parents[1].requires_grad


def is_of_one_example(node: Node) -> bool:
    """Whether an array is a batch of one without its first axis: what is made of (C, L) alone."""
    return _made_by(node) == "reshape" and shape_of(node.parents[0]) == (1, *shape_of(node))


def window_text(names: Names, node: Tensor, index: Index) -> str | None:
    """The window and the kernel that make one number of a convolution, or the window of a pooling.

    Args:
        names: What nodes are called.
        node: The array that the number is in.
        index: Its place.

    Returns:
        Some lines; None if the array is made otherwise, or of windows too large to read.
    """
    name, bias = _called(names, node, index), None
    if is_of_one_example(node):
        node, index = node.parents[0], (0, *index)
    if _made_by(node) == "add" and _made_by(node.parents[0]) == "convolution":
        bias = np.broadcast_to(node._inputs[1], node.shape)[index]
        node = node.parents[0]
    if not _is_numpys(node):
        return None
    if _made_by(node) == "convolution" and _is_small(node._inputs[1].shape[2:]):
        return _convolved(names, node, index, name, bias)
    if _made_by(node) in POOLING and _is_small(node.params["kernel"]):
        return _pooled(names, node, index, name)
    return None


def kernel_text(
    steps: Pass, node: Node, position: int, index: Index, upstream: Derivative
) -> str | None:
    """What one number of a kernel met at every place, beside the gradient that arrived there.

    Args:
        steps: The pass.
        node: What an array was used in.
        position: As which operand.
        index: The number's place in the array.
        upstream: How the gradient of the node is written.

    Returns:
        Some lines; None if the array is no kernel, or there are too many places to read.
    """
    out_grad = steps.gradient(node)
    if not isinstance(node, Tensor) or not _meets_kernel(node, position) or out_grad is None:
        return None
    if not _is_small(node.shape[2:]) or not _is_numpys(node):
        return None
    x, weight = node._inputs
    m, c, *at = index
    channel = m // (len(weight) // node.params["groups"]) * weight.shape[1] + c
    met = list(_taps(node, weight.shape[2:]))[np.ravel_multi_index(at, weight.shape[2:])]
    block = padded(x, node.params["padding"])
    data, kernel = node.parents
    entry = steps.names.get(kernel, "constant") + "".join(f"[{i}]" for i in index)
    made = f"Σ {upstream.text} ⊙ {_called(steps.names, data)}"
    title = f"{Derivative(steps.top, entry).text} = {made}, where the weight met it:"
    pairs = [(np.asarray(out_grad)[n, m], block[(channel, *met)][..., n]) for n in range(len(x))]
    lines, total = _products(pairs, "examples")
    return "\n".join([title, *lines, f"Σ = {number(total)}"])


def _convolved(names: Names, node: Tensor, index: Index, name: str, bias: FloatArray | None) -> str:
    weight, m = node._inputs[1], index[1]
    per_group = weight.shape[1]
    first = m // (len(weight) // node.params["groups"]) * per_group
    window = _window(node, index, weight.shape[2:])
    kernel = weight[m]
    parents = (_called(names, parent) for parent in node.parents)
    title = f"{name} = Σ {' ⊙ '.join(parents)}, of what the kernel meets:"
    pairs = zip(window[first : first + per_group], kernel, strict=True)
    lines, total = _products(pairs, "channels")
    last = f"Σ = {number(total)}"
    if bias is not None:
        added = float(bias)
        result = outcome(rounded(total) + rounded(added), total + added)
        last += f", and {number(added)} added {result}"
    return "\n".join([title, *lines, last])


def _pooled(names: Names, node: Tensor, index: Index, name: str) -> str:
    of_largest = _made_by(node) == "max_pool"
    number_around = -np.inf if of_largest else 0.0
    window = _window(node, index, node.params["kernel"], number_around)[index[1]]
    title = f"{name} = {POOLING[_made_by(node)]} its window of {_called(names, node.parents[0])}:"
    chosen = int(np.argmax(window)) if of_largest else None
    lines = _matrix(window, chosen)
    if of_largest:
        lines[-1] += "   the gradient goes to the number marked, the first of equals"
    else:
        divisor = float(np.broadcast_to(node.params["divisor"], node.shape[2:])[index[2:]])
        lines[-1] += f"   Σ / {number(divisor)} = {number(float(window.sum()) / divisor)}"
    return "\n".join([title, *lines])


def _taps(node: Tensor, kernel: Index) -> Iterator[Index]:
    dilation = node.params.get("dilation", (1,) * len(kernel))
    return taps(kernel, node.params["stride"], dilation, node.shape[2:])


def _window(node: Tensor, index: Index, kernel: Index, around: float = 0.0) -> FloatArray:
    """What every channel has in the window at a place: (c, *kernel)."""
    n, _, *place = index
    block = padded(node._inputs[0], node.params["padding"], around)[..., n]
    met = [block[(slice(None), *tap)][(slice(None), *place)] for tap in _taps(node, kernel)]
    return np.stack(met, axis=-1).reshape(-1, *kernel)


def _made_by(node: object) -> str:
    return node.op.name if isinstance(node, Node) and node.op is not None else ""


def _is_small(lengths: Index) -> bool:
    return 0 < len(lengths) <= 2 and 0 < int(np.prod(lengths)) <= SMALL


def _is_numpys(node: Tensor) -> bool:
    """Whether the numbers are there: those of a Dask array may not exist yet."""
    return all(isinstance(x, np.ndarray) for x in node._inputs)


def _called(names: Names, node: Node, index: Index = ()) -> str:
    code = names.get(node, "input") + "".join(f"[{i}]" for i in index)
    return notation.name(code).text


def _matrix(array: Array, marked: int | None = None) -> list[str]:
    """A row or some rows of numbers, one of them in a frame."""
    rows = np.atleast_2d(array)
    texts = [[number(x) for x in row] for row in rows.tolist()]
    if marked is not None:
        i, j = divmod(marked, rows.shape[1])
        texts[i][j] = f"‹{texts[i][j]}›"
    return matrix_lines(texts)


def _beside(*parts: str | Array) -> list[str]:
    """Matrices and the signs between them, side by side; the signs stand in the last row."""
    blocks = [[part] if isinstance(part, str) else _matrix(part) for part in parts]
    height = max(map(len, blocks))
    lowered = [[""] * (height - len(block)) + block for block in blocks]
    return [" ".join(cells).rstrip() for cells in aligned(zip(*lowered, strict=True))]


def _products(pairs: Iterable[tuple[Array, Array]], what: str) -> tuple[list[str], float]:
    """Pairs of matrices multiplied number by number, and what all products come to."""
    made = [(one, other, one * other) for one, other in pairs]
    rows = [_beside(one, "⊙", other, "=", product) for one, other, product in made]
    return _first(rows, what), float(np.sum([product for *_, product in made]))


def _first(blocks: list[list[str]], what: str) -> list[str]:
    """The lines of the first few, and how many more there are."""
    more = len(blocks) - MOST
    # Without a line between them, high matrices below each other are read as one.
    gap = [""] if len(blocks[0]) > 2 else []
    lines = [line for block in blocks[:MOST] for line in (*gap, *block)][len(gap) :]
    return lines if more <= 0 else [*lines, f"… and {more} more {what}"]
