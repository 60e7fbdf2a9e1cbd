"""A function of plain numbers, called with nodes, and what its variables were when it returned."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from autograd.checks import came
from autograd.errors import GraphError
from autograd.node import Node
from autograd.source_lines import record_lines
from autograd.tensor import Tensor
from autograd.trees import flatten
from autograd.value import Value


def run(
    function: Callable[..., Any], inputs: tuple[Any, ...], lines: Any, asking: FrameType
) -> tuple[Node, FrameType, Any]:
    """Call a function with floats made Values, and arrays of floats made Tensors.

    Args:
        function: What is called.
        inputs: Its arguments.
        lines: Where to note which line made a node; None for a record of its own.
        asking: The frame whose variables count where the function has none, as NumPy's have.

    Returns:
        Its result, the frame that has its variables, and the record of lines.

    Raises:
        TypeError: it returns something else than one node.
        GraphError: nothing among the inputs is a float.
    """
    nodes = _as_nodes(function, inputs)
    lines = record_lines() if lines is None else lines
    with lines, _last_frame(function) as frames:
        root = function(*nodes)
    name = getattr(function, "__name__", type(function).__name__)
    if not isinstance(root, Node):
        raise TypeError(
            f"backprop: needs a function that returns one number or array, but {name} returned "
            f"{came(root)}. It computes with NumPy's functions or ours: np.sin(x), not math.sin(x)."
        )
    if not root.requires_grad:
        raise GraphError(
            f"backprop: {name} was given no float, or returned what depends on none, so there is "
            f"nothing to differentiate. Whole numbers are constants: say {name}(3.0), not 3."
        )
    return root, (frames or [asking])[-1], lines


def _as_nodes(function: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Any]:
    """The arguments with nodes in the place of floats, called as the function calls them."""
    made: list[Any] = []
    for name, argument in zip(_names(function, len(inputs)), inputs, strict=True):
        leaves, rebuild = flatten(argument)
        label = name if len(leaves) == 1 and leaves[0] is argument else ""
        made.append(rebuild([_as_node(leaf, label) for leaf in leaves]))
    return made


def _as_node(x: Any, label: str) -> Any:
    if isinstance(x, (float, np.floating)):
        return Value(float(x), label=label)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return Tensor(x, requires_grad=True, label=label)
    return x


def _names(function: Callable[..., Any], count: int) -> list[str]:
    """What a function calls its arguments; "" for what it does not name one by one."""
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):  # of a function written in C
        parameters = []
    single = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in single]
    return [*names, *[""] * count][:count]


@contextmanager
def _last_frame(function: Callable[..., Any]) -> Iterator[list[FrameType]]:
    """The frame of the function as it returns, which goes on to hold its variables."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames: list[FrameType] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code is code:
            frames[:] = [frame]

    before = sys.getprofile()
    sys.setprofile(watch if code is not None else before)
    try:
        yield frames
    finally:
        sys.setprofile(before)
