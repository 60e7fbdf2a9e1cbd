"""Lowering: what a call of NumPy does, as nests of loops.

Five neurons' `add(t0, b, out=t1)` is one nest, `dot(W, x, out=t0)` is one with an axis that is
added up. The calls come with their arrays filled in (see numpy_calls.py), so each array is a place
in some memory and a step along each axis; nothing is known or asked about what they are for. What
is not known here raises UnknownStep, and stays a call of NumPy's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.compiler.float_chains import FloatChain
from autograd.compiler.native import chains
from autograd.compiler.native.arithmetic import assigned, elementwise, product, reduction
from autograd.compiler.native.lookups import added_at
from autograd.compiler.native.loops import Nest, Number, simplified
from autograd.compiler.native.memories import Memories, UnknownStep
from autograd.compiler.native.moves import MOVES
from autograd.compiler.numpy_calls import DOT, Call
from autograd.compiler.relocation import arrays_in


def lowered(call: Call, memories: Memories) -> list[Nest]:
    """The nests that do what a call of NumPy does.

    Raises:
        UnknownStep: nobody knows.
    """
    function = call.func
    name = getattr(function, "__name__", "")
    owner = getattr(function, "__self__", None)
    found: list[Nest]
    if function in (DOT, np.matmul):
        found = product(memories, *call.args, **call.keywords)
    elif isinstance(function, np.ufunc) and function.signature is None:
        found = elementwise(memories, function, call.args, call.keywords)
    elif isinstance(owner, np.ufunc) and name == "reduce":
        found = reduction(memories, owner, *call.args, **call.keywords)
    elif isinstance(owner, np.ufunc) and name == "reduceat" and len(call.args) == 5:
        row, starts, _, dtype, out = call.args  # parts of one length, see numpy_calls.py
        found = reduction(memories, owner, row.reshape(len(starts), -1), 1, dtype, out)
    elif isinstance(owner, np.ndarray) and name == "fill":
        (number,) = call.args
        found = assigned(memories, Number(float(number), owner.dtype), owner)
    elif isinstance(owner, np.ndarray) and name == "__setitem__":
        found = MOVES["set_item"](memories, owner, *call.args)
    elif isinstance(owner, np.ndarray) and name == "take":
        found = MOVES["taken"](memories, owner, *call.args, out=call.keywords["out"])
    elif owner is np.add and name == "at":
        found = added_at(memories, *call.args)
    elif isinstance(owner, FloatChain):
        way: Any = chains.backward if name == "run_back" else chains.forward
        *given, _ = call.args  # the last are indices for lookups
        found = way(memories, lowered, owner, *given, call.keywords["out"])
    elif name == "reduceat" and owner is not np.add:
        raise UnknownStep("reduceat of no sums")
    elif name in MOVES:
        found = MOVES[name](memories, *call.args, **call.keywords)
    else:
        raise UnknownStep(name or "a call")
    return [simplified(nest, joined=False) for nest in found]


def comment_on(call: Call, memories: Memories) -> str:
    """What a call does, in a line."""
    function, arrays = call.func, list(arrays_in(call))
    if getattr(function, "__name__", "") == "store":
        function, arrays = call.args[1], [*arrays[1:], arrays[0]]
    name = getattr(function, "__name__", "call").strip("_")
    name = {"dot": "matmul", "positive": "copy", "setitem": "copy"}.get(name, name)
    if name == "reduce":
        folded = getattr(function, "__self__", function).__name__
        name = {"add": "sum", "maximum": "max", "minimum": "min"}.get(folded, name)
    names = [memories.of(x)[0].name for x in arrays if x.size]
    if name == "fill":
        return f"{names[-1]} = {call.args[0]}"
    if name == "take":
        names = [names[-1], *names[:-1]]
    return f"{names[-1]} = {name}({', '.join(names[:-1])})"
