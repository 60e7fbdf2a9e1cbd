"""Outputs: what a program keeps of what its function returned."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np

from autograd.checks import kind
from autograd.compiler.graph import LEAF
from autograd.compiler.record import Recording
from autograd.compiler.recorded_rows import RecordedValue
from autograd.compiler.tape import Traced
from autograd.errors import CompileError
from autograd.node import Node
from autograd.tensor import Tensor
from autograd.value import Value


class CompiledOp:
    """What pictures show as the operation of a call and of its results."""

    def __init__(self, name: str) -> None:
        self.name = self.symbol = name
        self.latex = rf"\operatorname{{{name}}}"


class Passed:
    """A result that is not computed: the leaf or the tensor of that number, or the thing itself."""

    def __init__(self, kind: str, what: Any) -> None:
        self.kind, self.what = kind, what


_RESULTS = (Node, np.ndarray, np.generic, Traced, int, float, complex, str, bytes, type(None), type)


def output(x: Any, run: Recording) -> Tensor | Passed | Traced | int:
    """A result as the program keeps it: a row, a tensor, a traced array, or as it was passed."""
    if isinstance(x, Value) and (isinstance(x, RecordedValue) or x in run.rows):
        row = run.row(x)
        return row if run.graph.code[row] != LEAF else Passed("leaf", run.graph.left[row])
    if not isinstance(x, (*_RESULTS, Enum)):
        raise CompileError(
            f"compile: the function returned {kind(x)}, in which replays would not find "
            "the results. Return them in lists, tuples or dicts."
        )
    if isinstance(x, Traced):
        return x
    if isinstance(x, Tensor) and isinstance(x._data, Traced):
        for place, (_, stand_in) in enumerate(run.tensors.values()):
            if x is stand_in:
                return Passed("tensor", place)
        for rows, lifted in run.values.values():
            if x is lifted and not rows.ndim:
                return int(rows)
        return x
    return Passed("thing", x)


def number_of(x: Any) -> Any:
    """The number or array of a result in the run that was recorded."""
    data = getattr(x, "_data", x)
    if not isinstance(data, Traced):
        return data
    return data.array[()] if data.number and data is x else data.array
