"""Moves: calls that take numbers from one place to another, as nests of loops.

Copies, transposes that have to be written down, what is put side by side. Where the places
are known, they are steps along axes if they can be, and a table of places else.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.native.arithmetic import (
    apart,
    assigned,
    contracted,
    elementwise,
    folded,
    operand,
    reduction,
    typed,
)
from autograd.compiler.native.lookups import added_at, added_some, chosen, item, put, taken
from autograd.compiler.native.loops import Apply, Nest, Number, Ref
from autograd.compiler.native.memories import KINDS, Memories, UnknownStep
from autograd.compiler.native.windows import WINDOWS

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.native.arithmetic import Axes


def _stored(
    memories: Memories,
    target: Array,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> list[Nest]:
    """A call whose result is copied into its place."""
    name = getattr(function, "__name__", "")
    if not target.size:
        return []
    if function is np.where and len(args) == 3 and not options:
        apart(target, *args)
        parts, kinds = zip(*(operand(memories, x, target.shape) for x in args), strict=True)
        kind = np.result_type(*(k if isinstance(k, np.dtype) else k(0) for k in kinds[1:]))
        if kind.str[1:] not in KINDS:
            raise UnknownStep(f"where of {kind}")
        test = parts[0]
        if test.dtype != bool:
            test = Apply("not_equal", (test, Number(0, test.dtype)), np.dtype(bool))
        code = Apply("where", (test, typed(parts[1], kind), typed(parts[2], kind)), kind)
        return assigned(memories, typed(code, target.dtype), target)
    if name in ("zeros_like", "ones_like") and len(args) == 1:
        return assigned(memories, Number(float(name == "ones_like"), target.dtype), target)
    if name == "item" and any(isinstance(y, np.ndarray) for y in _leaves(args[1])):
        return item(memories, target, *args)
    if name in ("copy", "astype", "reshape", "ravel", "transpose", "item", "broadcast_to"):
        return _shown(memories, target, function, args, options)
    if name in WINDOWS:
        return WINDOWS[name](memories, target, *args, **options)
    if function is np.linalg.norm and len(args) == 2 and not options:
        return _norm(memories, target, *args)
    if function is np.clip and len(args) == 3 and not options:
        return _clip(memories, target, *args)
    if function is np.einsum:
        return _einsum(memories, target, *args, **options)
    if name in _FOLDS:
        options = {
            "axis": None,
            **dict(zip(("axis", "dtype", "out", "keepdims"), args[1:], strict=False)),
            **options,
        }
        return reduction(memories, _FOLDS[name], args[0], **{**options, "out": target})
    raise UnknownStep(name or "a call")


_FOLDS = {"any": np.logical_or, "all": np.logical_and, "prod": np.multiply, "sum": np.add}


def _norm(memories: Memories, target: Array, x: Array, order: object) -> list[Nest]:
    """`np.linalg.norm` of a vector: the square root of a sum of squares, or what else it is."""
    if x.ndim != 1 or order not in _NORMS or x.dtype != target.dtype or x.dtype.kind != "f":
        raise UnknownStep("norm")
    if np.may_share_memory(x, target):
        raise UnknownStep("a call that reads what it writes")
    of_each, fold = _NORMS[order]
    found = folded(memories, fold, Apply(of_each, (memories.ref(x),), x.dtype), x.shape, target)
    last = elementwise(memories, np.sqrt, (target, target), {}) if order == 2 else []
    return [*found, *last]


_NORMS: dict[object, tuple[str, str]] = {
    1: ("absolute", "add"), 2: ("square", "add"), np.inf: ("absolute", "maximum"),
}  # fmt: skip


def _clip(memories: Memories, target: Array, x: Array, *bounds: object) -> list[Nest]:
    """`np.clip` of floats between two numbers."""
    if any(type(b) is not float for b in bounds) or x.dtype != target.dtype or x.dtype.kind != "f":
        raise UnknownStep("clip between arrays")
    apart(target, x)
    code, _ = operand(memories, x, target.shape)
    for function, bound in zip(("maximum", "minimum"), bounds, strict=True):
        # The bound comes first: of 0.0 and -0.0, NumPy's clip keeps the number.
        code = Apply(function, (typed(Number(bound, np.dtype(float)), x.dtype), code), x.dtype)
    return assigned(memories, code, target)


def _einsum(
    memories: Memories, target: Array, how: object, *arrays: Array, **options: object
) -> list[Nest]:
    """Products summed over the letters that the result does not have."""
    if options or not isinstance(how, str) or "->" not in how or "." in how:
        raise UnknownStep("einsum")
    if any(np.may_share_memory(x, target) for x in arrays):
        raise UnknownStep("einsum")
    return contracted(memories, how.replace(" ", ""), *arrays, target)


def _shown(
    memories: Memories,
    target: Array,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> list[Nest]:
    """Numbers of an array in another order: found by asking NumPy where each of them comes from."""
    x = args[0]
    if not isinstance(x, np.ndarray) or any(isinstance(y, np.ndarray) for y in _leaves(args[1:])):
        raise UnknownStep(f"{function.__name__} by an array")
    if np.may_share_memory(x, target):
        raise UnknownStep("a call that reads what it writes")
    if function.__name__ not in ("copy", "astype"):
        memory, begin = memories.of(x)
        places = np.zeros(x.shape, np.intp)
        for axis, step in enumerate(x.strides):
            along = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (x.ndim - axis - 1))
            places = places + along * (step // x.itemsize)
        found = function(places, *args[1:], **options)
        if found.shape != target.shape:
            raise UnknownStep("numbers of an array in another shape")
        code = Ref(memory, begin, (0,) * target.ndim, memories.table(found))
        return assigned(memories, typed(code, target.dtype), target)
    if x.dtype.kind == "c" or target.dtype.kind not in ("f", x.dtype.kind):
        raise UnknownStep(f"numbers of type {x.dtype} as {target.dtype}")
    return assigned(memories, typed(memories.ref(x), target.dtype), target)


def _leaves(tree: object) -> list[object]:
    if isinstance(tree, (tuple, list)):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [tree]


def _added_up(memories: Memories, row: Array, starts: Array, out: Array) -> list[Nest]:
    """`np.add.reduceat`: sums of parts of a row, one after the other."""
    starts = np.asarray(starts)
    if row.ndim != 1 or (np.diff(starts) <= 0).any() or np.may_share_memory(row, out):
        raise UnknownStep("add.reduceat")
    if not memories.is_fixed(starts) or row.dtype != out.dtype:
        raise UnknownStep("add.reduceat")
    ends = np.append(starts[1:], len(row))
    owner = np.repeat(np.arange(len(starts)), ends - starts)
    first = assigned(memories, Number(0.0, out.dtype), out)
    memory, begin = memories.of(out)
    step = out.strides[0] // out.itemsize
    to = Ref(memory, begin, (0,), memories.table(owner * step))
    code = memories.ref(row[starts[0] :])
    return [*first, Nest(owner.shape, 1, code, to, adds=True)]


def _side_by_side(
    memories: Memories,
    arrays: list[Array],
    axis: int | None = 0,
    *,
    out: Array,
    stacked: bool = False,
) -> list[Nest]:
    """`np.concatenate` and `np.stack`: each part is copied to its place."""
    if axis is None:
        raise UnknownStep("concatenate")
    found: list[Nest] = []
    begin, axis = 0, axis % out.ndim
    for part in arrays:
        if not isinstance(part, np.ndarray):
            raise UnknownStep("concatenate")
        x = np.expand_dims(part, axis) if stacked else part
        place = out[(slice(None),) * axis + (slice(begin, begin + x.shape[axis]),)]
        begin += x.shape[axis]
        found += (
            elementwise(memories, np.positive, (x, place), {})
            if x.dtype != bool
            else assigned(memories, typed(memories.ref(x), out.dtype), place)
        )
    return found


def _mean(
    memories: Memories, x: Array, axis: Axes = None, dtype: object = None,
    out: Array | None = None,
    keepdims: bool = False, **more: object,
) -> list[Nest]:  # fmt: skip
    """`np.mean`: a sum, divided."""
    if more or out is None or not out.size or not x.size:
        raise UnknownStep("mean")
    count = x.size // out.size
    total = reduction(memories, np.add, x, axis, dtype, out, keepdims)
    return [*total, *elementwise(memories, np.divide, (out, float(count), out), {})]


def _set(memories: Memories, x: Array, index: Any, value: Array) -> list[Nest]:
    """`x[index] = value`, for slices and single numbers."""
    if any(isinstance(y, np.ndarray) for y in _leaves(index)):
        return put(memories, x, index, value)
    along = index if isinstance(index, tuple) else (index,)
    target = x[along if ... in along else (*along, ...)]  # of one number an array, too
    if not target.size:
        return []
    if not np.may_share_memory(target, x):
        raise UnknownStep("an assignment to a number")
    apart(target, value)
    code, _ = operand(memories, value, target.shape)
    return assigned(memories, typed(code, target.dtype), target)


MOVES: dict[str, Callable[..., list[Nest]]] = {
    "store": _stored,
    "taken": taken,
    "choose": chosen,
    "_put": put,
    "_add": added_at,
    "_add_at": added_some,
    "reduceat": _added_up,
    "concatenate": _side_by_side,
    "stack": partial(_side_by_side, stacked=True),
    "mean": _mean,
    "set_item": _set,
}
"""By the name of NumPy's or the compiler's function."""
