"""What an import from PyTorch that fails says: the line of the model, the reason, the remedy."""

from __future__ import annotations

import importlib
import linecache
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn.interop.torch_protocols import GraphNode


class ExportError(ValueError):
    """A model of PyTorch's that cannot be imported, or not for these inputs."""


def said(err: BaseException) -> str:
    """The first line of an error of PyTorch's, as a sentence."""
    line = str(err).strip().split("\n")[0] or type(err).__name__
    if "data-dependent" in line:
        return "the model decides by the numbers of a tensor."
    return line if line.endswith(".") else f"{line}."


def advice(err: BaseException) -> str:
    """What to do about an error of PyTorch's."""
    said = str(err)
    if "data-dependent" in said:
        return (
            "Compute both sides and choose with torch.where, or import the two sides as models of "
            "their own."
        )
    if ".numpy()" in said or "fake tensor" in said:
        return (
            "The model leaves PyTorch on its way (.numpy(), .data, .item()): stay with tensors, "
            ".detach() for a constant."
        )
    if "not a known type" in said or "register a pytree" in said:
        return (
            "Return tensors, or tuples and dicts of them; a dataclass after "
            "torch.export.register_dataclass(TheClass)."
        )
    if "assigned during export" in said:  # PyTorch 2.6 to 2.9
        return (
            "This PyTorch exports a recurrent layer only as part of a model: make it an attribute "
            "of a torch.nn.Module and call it there, or take a newer PyTorch."
        )
    if "derivative for" in said:
        return "Without a gradient it can be had: .detach() what it is computed from."
    if "required argument" in said:
        return "Say what the model is called with: from_torch(model, x)."
    if "must be Tensor, not" in said:
        return "Pass arrays: a list is a list of arguments, np.array(list) is an array."
    if "dtype" in said or "scalar type" in said:
        return (
            "Numbers of another type came than the model takes: whole numbers where it computes "
            "(x.astype(float)), or floats where it looks up (i.astype(int))."
        )
    return "It must run in PyTorch as it is called here: model(*inputs)."


# --- whose line it was --------------------------------------------------------------------------


def where(node: GraphNode) -> str:
    """The line of the user's model that a node comes from: 'net.py, line 12: x = x.relu()'.

    Where it comes from a layer of PyTorch's that no code of the user's calls, as in a Sequential,
    the layer.
    """
    trace = re.findall(r'File "(.+?)", line (\d+)', node.meta.get("stack_trace") or "")
    lines = [(file, int(line)) for file, line in trace]
    ours = [i for i, (file, _) in enumerate(lines) if file.startswith(_HERE)]
    if line := _shown(lines[ours[-1] + 1 :] if ours else lines):
        return line
    path, of = list((node.meta.get("nn_module_stack") or {"": ("", "")}).values())[-1]
    of = getattr(of, "__name__", str(of).rpartition(".")[2])
    return f"layer {path}, a {of}" if path else f"the {of} itself" if of else "an unknown line"


def line_of(error: BaseException) -> str:
    """The innermost line of the user's own code that an error came through."""
    lines: list[tuple[str, int]] = []
    step = error.__traceback__
    while step is not None:
        lines.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
        step = step.tb_next
    return _shown(lines) or NO_LINE


NO_LINE = "in no line of the model's"


_HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")


def _shown(lines: Sequence[tuple[str, int]]) -> str:
    """The innermost line that is neither ours, PyTorch's nor Python's; "" if there is none."""
    others = (
        os.path.dirname(str(importlib.import_module("torch").__file__)),
        _HERE,
        os.path.dirname(os.__file__),
        "<frozen",
        "<string",
    )
    for file, line in reversed(lines):
        if not file.startswith(others) and "site-packages" not in file and "<eval_" not in file:
            source = linecache.getline(file, line).strip()
            name = "a cell" if "ipykernel_" in file else os.path.basename(file)
            return f"{name}, line {line}" + (f": {source}" if source else "")
    return ""
