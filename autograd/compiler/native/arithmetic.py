"""Arithmetic: NumPy's functions of numbers, sums and products of matrices, as nests of loops.

Five neurons' `add(t0, b, out=t1)` is one nest with an axis of five numbers; `dot(W, x, out=t0)` is
a multiplication with two axes, of which the second is added up.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.native.loops import FOLDS, Apply, Code, Nest, Number
from autograd.compiler.native.memories import KINDS, Memories, UnknownStep
from autograd.compiler.tape import begin_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.arrays import Array

    Axes = int | tuple[int, ...] | None
    Kind = np.dtype[Any] | type[int] | type[float]
    """The type of an operand for NumPy's choice of a result's: a Python number's is weak."""

UNARY = (
    "negative", "positive", "absolute", "sign", "square", "reciprocal", "sqrt", "cbrt", "exp",
    "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos",
    "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "floor", "ceil", "trunc",
    "rint", "isnan", "isinf", "isfinite", "logical_not", "invert",
)  # fmt: skip
BINARY = (
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "arctan2", "hypot",
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and",
    "logical_or", "bitwise_and", "bitwise_or", "copysign", "remainder",
)  # fmt: skip
KNOWN = frozenset(UNARY + BINARY)
"""NumPy's functions of one or two numbers that the printers may know."""

BOOLEAN = {"invert": "logical_not", "bitwise_and": "logical_and", "bitwise_or": "logical_or",
           "add": "logical_or", "multiply": "logical_and", "maximum": "logical_or",
           "minimum": "logical_and"}  # fmt: skip
"""What functions of integers and numbers are on truth values."""


# --- number by number


def typed(code: Code, dtype: np.dtype[Any]) -> Code:
    """The number as one of this type."""
    if code.dtype == dtype:
        return code
    if isinstance(code, Number):
        return Number(dtype.type(code.value).item(), dtype)
    return Apply("cast", (code,), dtype)


def applied(ufunc: np.ufunc, operands: list[Code], kinds: list[Kind], to: np.dtype[Any]) -> Code:
    """The code of a universal function, with NumPy's own choice of types."""
    if ufunc.__name__ not in KNOWN:
        raise UnknownStep(ufunc.__name__)
    *types, result = ufunc.resolve_dtypes((*kinds, None))
    if any(t.str[1:] not in KINDS for t in (*types, result)):
        raise UnknownStep(f"{ufunc.__name__} of numbers of type {types[0]}")
    name = ufunc.__name__
    if types[0].kind == "b":
        name = BOOLEAN.get(name, name)
    if name not in _WRITTEN_OF.get(types[0].kind, KNOWN):
        raise UnknownStep(f"{name} of numbers of type {types[0]}")
    operands = [typed(x, t) for x, t in zip(operands, types, strict=True)]
    if name == "positive":
        code = operands[0]
    elif name == "multiply" and any(map(_is_one, operands)):
        code = next((x for x in operands if not _is_one(x)), operands[0])
    else:
        code = Apply(name, tuple(operands), result)
    return typed(code, to)


_COMPARISONS = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal"}
_WRITTEN_OF: dict[str, set[str]] = {
    "b": {"logical_and", "logical_or", "logical_not", *_COMPARISONS},
    "i": {
        "add", "subtract", "multiply", "negative", "positive", "maximum", "minimum", *_COMPARISONS,
    },
    "u": set(),
}  # fmt: skip
"""What is written down of numbers that are no floats, by their kind."""


def _is_one(x: Code) -> bool:
    return isinstance(x, Number) and x.value == 1


def operand(memories: Memories, x: object, shape: tuple[int, ...]) -> tuple[Code, Kind]:
    """An operand as code, and its type for NumPy's choice: a Python number's is weak."""
    if isinstance(x, np.ndarray):
        if x.ndim > len(shape):  # as `np.add(a, b, out)` with an out that lacks an axis is an error
            raise UnknownStep("an operand with more axes than the result")
        return memories.ref(np.broadcast_to(x, shape)), x.dtype
    if isinstance(x, np.generic):
        return Number(x.item(), x.dtype), x.dtype
    if isinstance(x, (bool, int, float)):
        return Number(x, np.dtype(type(x))), type(x) if type(x) is not bool else np.dtype(bool)
    raise UnknownStep(f"an operand of type {type(x).__name__}")


def apart(target: Array, *operands: object) -> None:
    """See to it that what is read is not written meanwhile, but for the very same number."""
    for x in operands:
        if not isinstance(x, np.ndarray) or not np.may_share_memory(x, target):
            continue
        same = begin_of(x) == begin_of(target)
        if not (same and x.shape == target.shape and x.strides == target.strides):
            raise UnknownStep("a call that reads what it writes")


def assigned(memories: Memories, code: Code, target: Array, adds: bool = False) -> list[Nest]:
    """A nest that writes a code's numbers into an array."""
    if not target.size:
        return []
    memories.written(target)
    return [Nest(target.shape, target.ndim, code, memories.target(target), adds=adds)]


def elementwise(
    memories: Memories,
    ufunc: np.ufunc,
    args: Sequence[Array | float],
    options: Mapping[str, Array | tuple[Array]],
) -> list[Nest]:
    """The nest of a universal function, called with its arrays and the one it writes into."""
    options = dict(options)
    (target,) = out if isinstance(out := options.pop("out", None), tuple) else (out,)
    if options or ufunc.nout != 1:
        raise UnknownStep(f"{ufunc.__name__} with options")
    if target is None:
        *args, last = args
        target = last if isinstance(last, np.ndarray) else None
    if target is None:
        raise UnknownStep(f"{ufunc.__name__} of numbers alone")
    if not target.size:
        return []
    apart(target, *args)
    pairs = [operand(memories, x, target.shape) for x in args]
    code = applied(ufunc, [x for x, _ in pairs], [kind for _, kind in pairs], target.dtype)
    return assigned(memories, code, target)


# --- folded


def folded(
    memories: Memories, fold: str, code: Code, axes: tuple[int, ...], target: Array,
    adds: bool = False,
) -> list[Nest]:  # fmt: skip
    """A nest whose first axes are the target's, and whose others are folded."""
    if not target.size:
        return []
    if not code.dtype == target.dtype:
        raise UnknownStep("a sum in another type")
    if fold not in FOLDS or (0 in axes and fold not in ("add", "multiply")):
        raise UnknownStep(f"{fold}.reduce of nothing")
    if 0 in axes:
        return assigned(memories, Number(float(fold == "multiply"), target.dtype), target)
    memories.written(target)
    return [Nest(axes, target.ndim, code, memories.target(target), fold, adds)]


def reduction(
    memories: Memories, ufunc: np.ufunc, x: object, axis: Axes = 0, dtype: object = None,
    out: Array | tuple[Array] | None = None, keepdims: bool = False, **more: object,
) -> list[Nest]:  # fmt: skip
    """The nest of a universal function's `reduce`."""
    (target,) = out if isinstance(out, tuple) else (out,)
    if more or target is None or not isinstance(x, np.ndarray):
        raise UnknownStep(f"{ufunc.__name__}.reduce with options")
    if dtype is not None and dtype != target.dtype:
        raise UnknownStep(f"{ufunc.__name__}.reduce with options")
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = sorted(i % x.ndim for i in axes)
    kept = [i for i in range(x.ndim) if i not in gone]
    if keepdims:
        target = target.reshape([x.shape[i] for i in kept])
    if np.may_share_memory(x, target):
        raise UnknownStep("a call that reads what it writes")
    name = ufunc.__name__
    if x.dtype == target.dtype == bool:
        name = BOOLEAN.get(name, name)
    if 0 in x.shape and target.size:
        return folded(memories, name, Number(0.0, target.dtype), (*target.shape, 0), target)
    if not target.size:
        return []
    x = x.transpose([*kept, *gone])
    code: Code = memories.ref(x)
    if x.dtype != target.dtype:
        if name not in ("add", "multiply") or x.dtype.kind == "f":
            raise UnknownStep("a sum in another type")
        code = typed(code, target.dtype)
    return folded(memories, name, code, x.shape, target)


def product(memories: Memories, left: Array, right: Array, out: Array) -> list[Nest]:
    """A product of matrices, of stacks of them, or with vectors."""
    if np.may_share_memory(left, out) or np.may_share_memory(right, out):
        raise UnknownStep("a call that reads what it writes")
    if not left.ndim or not right.ndim:
        return elementwise(memories, np.multiply, (left, right, out), {})
    target = out
    left = left[None] if left.ndim == 1 else left
    if right.ndim == 1:
        right, target = right[:, None], target[..., None]
    if target.ndim < max(left.ndim, right.ndim):
        target = np.expand_dims(target, -2)
    if not left.dtype == right.dtype == target.dtype or target.dtype.kind != "f":
        raise UnknownStep("a product in several types")
    if not target.size:
        return []
    axes = (*target.shape, left.shape[-1])
    if 0 in axes:
        return folded(memories, "add", Number(0.0, target.dtype), axes, target)
    wide = np.broadcast_to(left[..., :, None, :], axes)
    high = np.broadcast_to(right.swapaxes(-1, -2)[..., None, :, :], axes)
    code = applied(
        np.multiply, [memories.ref(wide), memories.ref(high)], [left.dtype] * 2, target.dtype
    )
    return folded(memories, "add", code, axes, target)


def contracted(memories: Memories, how: str, *arrays: Array, adds: bool = False) -> list[Nest]:
    """The nest of `einsum`: products, summed over the letters that the result, the last, lacks."""
    *factors, target = arrays
    given, out = how.split("->")
    words = given.split(",")
    lengths: dict[str, int] = dict(zip(out, target.shape, strict=True))
    for word, x in zip(words, factors, strict=True):
        if len(set(word)) < len(word) or x.dtype != target.dtype:
            raise UnknownStep("einsum")
        lengths.update(zip(word, x.shape, strict=True))
    axes = tuple(lengths.values())
    codes: list[Code] = []
    for word, x in zip(words, factors, strict=True):
        missing = tuple(k for k, c in enumerate(lengths) if c not in word)
        shown = np.expand_dims(x.transpose([word.index(c) for c in lengths if c in word]), missing)
        codes.append(memories.ref(np.broadcast_to(shown, axes)))
    code = reduce(lambda x, y: Apply("multiply", (x, y), target.dtype), codes)
    if len(axes) == target.ndim:
        return assigned(memories, code, target, adds)
    return folded(memories, "add", code, axes, target, adds)
