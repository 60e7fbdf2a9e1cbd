"""Twice: whether a function did the same when it was run a second time.

A function is recorded twice on the same arguments. What differs then would differ at every replay:
it draws random numbers, counts its calls, or uses up an iterator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.outputs import Passed
from autograd.compiler.record import Recording
from autograd.compiler.traced import Traced
from autograd.tensor import Tensor
from autograd.value import Constant, Value


def same_runs(one: Recording, other: Recording) -> bool:
    """Whether two runs of a function computed the same: the same operations and constants."""
    a, b = one.graph, other.graph
    if (a.code, a.left, a.right) != (b.code, b.left, b.right) or a.guards != b.guards:
        return False
    if not np.array_equal(a.constants, b.constants, equal_nan=True):
        return False
    if (a.candidates, a.begins) != (b.candidates, b.begins):
        return False
    outside = slice(a.value_count, None)
    if not _same_leaves(a.leaves[outside], b.leaves[outside]):
        return False
    return _same_steps(one.tape.steps, other.tape.steps)


def _same_leaves(one: list[Any], other: list[Any]) -> bool:
    """Whether the leaves are the same, or both made inside with the same number."""
    known = set(map(id, one))
    return all(
        x is y or (str(x._data) == str(y._data) and id(y) not in known)
        for x, y in zip(one, other, strict=True)
    )


def _same_steps(one: Sequence[Any], other: Sequence[Any]) -> bool:
    if len(one) != len(other):
        return False
    for s, t in zip(one, other, strict=True):
        if s.kind != t.kind or s.out.shape != t.out.shape:
            return False
        if not np.array_equal(s.out.array, t.out.array, equal_nan=s.out.dtype.kind == "f"):
            return False
    return True


def same_results(one: Recording, x: list[Any], other: Recording, y: list[Any]) -> bool:
    """Whether two runs returned the same of what they computed."""
    return len(x) == len(y) and all(
        _identified(a, one) == _identified(b, other) for a, b in zip(x, y, strict=True)
    )


def _identified(x: Any, run: Recording) -> Any:
    """What stands for a result when two runs are compared."""
    if isinstance(x, Passed):
        what = x.what
        if isinstance(what, np.ndarray):
            return what.shape, what.tobytes()
        if isinstance(what, (float, Constant)):
            return type(what), str(getattr(what, "_data", what))  # nan is nan
        return x.kind, what if isinstance(what, (int, str, bytes, Value)) else type(what)
    traced = x._data if isinstance(x, Tensor) else x
    if isinstance(traced, Traced):
        return "step", [step.out is traced for step in run.tape.steps].index(True)
    return x
