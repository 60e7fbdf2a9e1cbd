"""NumPy's functions on Tensors and Values: `np.mean(t, axis=0)` is `autograd.mean(t, axis=0)`.

A function of NumPy that the rulebook knows records; one whose result is not differentiable
(`np.argmax`, comparisons) gives a plain array; any other is refused by name.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.declarations import on_every_operation
from autograd.op import (
    COMPOSITIONS,
    OF_USERS,
    RENAMED,
    RULEBOOK,
    Op,
    as_floats,
    boxed,
    plain,
    unboxed,
)

_OF_LINALG = {
    np.linalg.cholesky, np.linalg.cross, np.linalg.det, np.linalg.eigh, np.linalg.eigvalsh,
    np.linalg.inv, np.linalg.matmul, np.linalg.matrix_power, np.linalg.multi_dot,
    np.linalg.norm, np.linalg.outer,
    np.linalg.slogdet, np.linalg.solve, np.linalg.svdvals, np.linalg.tensordot,
}  # fmt: skip

PLAIN_UFUNCS = {
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.isnan, np.isinf, np.isfinite, np.signbit,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
}  # fmt: skip
"""Their results are True or False, so there is nothing to differentiate."""

PLAIN_FUNCTIONS = {
    np.all, np.any, np.argmax, np.argmin, np.argsort, np.count_nonzero, np.nonzero, np.isclose,
    np.allclose, np.array_equal, np.array_repr, np.array_str, np.array2string, np.shape, np.ndim,
    np.size, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.result_type,
    np.can_cast, np.isin, np.searchsorted, np.argwhere, np.flatnonzero, np.shares_memory,
    np.may_share_memory, np.save, np.savetxt, np.savez, np.savez_compressed, np.array_equiv,
    np.argpartition, np.common_type, np.digitize, np.min_scalar_type,
    np.isreal, np.isrealobj, np.iscomplex, np.iscomplexobj,
    np.isposinf, np.isneginf, np.lexsort, np.linalg.matrix_rank, np.nanargmax, np.nanargmin,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from,
}  # fmt: skip
"""Their results are positions, truth values or descriptions: plain arrays."""

_BY_PLACE = ("atleast_1d", "atleast_2d", "atleast_3d", "einsum", "meshgrid")
"""They take any number of operands."""


INSTEAD = {
    "angle": "where(x < 0, np.pi, 0.0)",
    "apply_along_axis": "whole arrays with axis=",
    "apply_over_axes": "whole arrays with axis=, keepdims=",
    "bincount": "one-hot rows, (x.data[:, None] == np.arange(k)).T @ weights",
    "block": "concatenate, or vstack of hstack",
    "broadcast_arrays": "broadcast_to of each",
    "choose": "select, or where",
    "compress": "x[mask]",
    "cond": "svdvals: the largest over the smallest",
    "convolve": "matmul with windows of x, x[np.arange(n)[:, None] + np.arange(k)]",
    "copyto": "where(mask, number, x)",
    "corrcoef": "mean, std and @",
    "correlate": "matmul with windows of x, x[np.arange(n)[:, None] + np.arange(k)]",
    "cov": "(x - mean(x, axis=1, keepdims=True)) @ its transpose",
    "cumulative_prod": "cumprod",
    "cumulative_sum": "cumsum",
    "delete": "an index of what stays, x[mask]",
    "diagflat": "diag(ravel(x))",
    "diagonal": "diagonal(x, axis1=-2, axis2=-1)",
    "dsplit": "split(x, parts, axis=2)",
    "ediff1d": "diff",
    "eig": "eigh, of symmetric matrices",
    "eigvals": "eigvalsh, of symmetric matrices",
    "extract": "x[mask]",
    "fill_diagonal": "where(np.eye(n, dtype=bool), number, x)",
    "frexp": "log2",
    "geomspace": "exp of start + (stop - start) * steps",
    "gradient": "diff",
    "heaviside": "step",
    "histogram": "counts of x.data: they have no derivative",
    "histogram2d": "counts of x.data: they have no derivative",
    "histogram_bin_edges": "linspace over min(x) and max(x)",
    "histogramdd": "counts of x.data: they have no derivative",
    "hsplit": "split(x, parts, axis=1)",
    "i0": "a series, or mean(exp(x * cos(angles)))",
    "imag": "0.0 * x",
    "insert": "concatenate",
    "ldexp": "x * 2.0**n",
    "linspace": "start + (stop - start) * np.linspace(0, 1, n)",
    "logspace": "10.0 ** (start + (stop - start) * np.linspace(0, 1, n))",
    "lstsq": "solve(x.T @ x, x.T @ y)",
    "matrix_norm": "norm(x, ord, axis=(-2, -1))",
    "matrix_transpose": "swapaxes(x, -1, -2)",
    "matvec": "@",
    "modf": "trunc",
    "nancumprod": "cumprod(where(np.isnan(x), 1.0, x))",
    "nanmedian": "median(x[mask])",
    "nanpercentile": "sort(x[mask]), and an index",
    "nanquantile": "sort(x[mask]), and an index",
    "partition": "sort",
    "percentile": "sort, and an index",
    "piecewise": "select, or where",
    "pinv": "solve(x.T @ x, x.T), or inv",
    "place": "where(mask, number, x)",
    "poly": "products of (x - root)",
    "polyadd": "x + y of coefficients of one length",
    "polyder": "x[:-1] * np.arange(n - 1, 0, -1)",
    "polyfit": "solve(v.T @ v, v.T @ y), with v = x[:, None] ** np.arange(n)",
    "polyint": "append(x / np.arange(n, 0, -1), 0.0)",
    "polymul": "matmul with windows of x, x[np.arange(n)[:, None] + np.arange(k)]",
    "polysub": "x - y of coefficients of one length",
    "put": "where(mask, number, x)",
    "put_along_axis": "where(mask, number, x)",
    "putmask": "where(mask, number, x)",
    "qr": "cholesky(x.T @ x)",
    "quantile": "sort, and an index",
    "real": "x",
    "real_if_close": "x",
    "resize": "reshape, or tile",
    "rollaxis": "moveaxis",
    "sort_complex": "sort",
    "svd": "svdvals, or eigh(x.T @ x)",
    "tensorinv": "inv of a reshaped x",
    "tensorsolve": "solve with a reshaped x",
    "trace": "trace(x, axis1=-2, axis2=-1)",
    "trim_zeros": "a slice",
    "unique": "np.unique(x.data, return_index=True), and x[those places]",
    "unique_values": "np.unique(x.data, return_index=True), and x[those places]",
    "unstack": "list(x)",
    "unwrap": "x + 2 * np.pi * turns, with turns found from x.data",
    "vander": "x[:, None] ** np.arange(n)",
    "vecdot": "sum(x * y, axis=-1)",
    "vecmat": "@",
    "vector_norm": "norm(x, ord, axis)",
    "vsplit": "split(x, parts, axis=0)",
}
"""Of functions that are not differentiated: what can be written in their place."""


def ufunc(
    ufunc: np.ufunc,
    method: str,
    inputs: tuple[Any, ...],
    options: dict[str, Any],
    kind: str = "Tensor",
) -> Any:
    """What a Tensor, or a Value, does with a universal function of NumPy."""
    for name in options:
        raise TypeError(f"np.{ufunc.__name__}: {name}= is not supported on a {kind}.")
    if method != "__call__":
        raise TypeError(f"np.{ufunc.__name__}.{method}: is not supported on a {kind}.")
    return _of_ufunc(ufunc)(*inputs)


def function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a Tensor does with any other function of NumPy."""
    name = full_name(func)
    if func in PLAIN_FUNCTIONS:
        if kwargs.get("out") is not None:
            raise TypeError(f"{name}: out= is not supported on a Tensor.")
        return func(*map(plain, args), **{name: plain(x) for name, x in kwargs.items()})
    ours = _ours(name, func.__name__ if _same_in_ours(func) else "")
    given, named = _arguments(func, ours, args, kwargs)
    if named.get("out", name) is None:
        del named["out"]
    for option in named.keys() - _parameters(ours):
        raise TypeError(f"{name}: {option}= is not supported on a Tensor.")
    return ours(*given, **named)


def _arguments(
    func: Callable[..., Any],
    ours: Callable[..., Any] | Op,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[list[Any], dict[str, Any]]:
    """The operands and the options of a call, as ours take them."""
    signature = _signature(func)
    if signature is None or ours in map(_known, _BY_PLACE):
        return list(args), dict(kwargs)
    bound = signature.bind(*args, **kwargs).arguments
    bound.update(bound.pop("kwargs", {}))  # what np.pad has instead of named options
    names = list(signature.parameters)[: _operands(ours)]
    given = [bound.pop(name) for name in itertools.takewhile(bound.__contains__, names)]
    named = dict(bound)
    if "newshape" in named:
        named["shape"] = named.pop("newshape")  # as NumPy 2.0 calls it
    return given, named


def function_of_values(
    func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What a Value does with a function of NumPy: it is an array of no axes that holds it.

    What NumPy computes itself on arrays of Values is right as long as it stays with them; numbers
    that it made of them, and so lost how they were computed, are refused.
    """
    if any(getattr(kind, "_rank", 0) > 1 for kind in types):
        return NotImplemented  # a Tensor takes a Value in
    if func in PLAIN_FUNCTIONS or (_same_in_ours(func) and _known(func.__name__)):
        return function(func, args, kwargs)
    return unboxed_parts(_of_boxed(func, args, kwargs))


def unboxed_parts(out: Any) -> Any:
    """A result of NumPy's on boxed Values; where that is several, of each."""
    return type(out)(map(unboxed, out)) if type(out) in (list, tuple) else unboxed(out)


def _of_boxed(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    message = _no_derivative(full_name(func), func.__name__, ".data")
    try:
        out = func(*boxed_parts(args), **boxed_parts(kwargs))
    except (TypeError, AttributeError) as err:  # a method that numbers have and Values have not
        raise TypeError(message) from err
    if any(getattr(x, "dtype", None) in _FLOATS for x in _parts(out)):
        raise TypeError(message)
    return out


def of_single_values(op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """An operation on arrays of single Values: each is an array of no axes.

    Raises:
        TypeError: the operation needs axes.
    """
    try:
        return unboxed(op.compute(tuple(map(boxed, operands)), params))
    except (AttributeError, TypeError, ValueError, IndexError) as err:
        raise TypeError(
            f"{op.name}: needs an array or a Tensor, but got a Value, which is a single number."
        ) from err


_FLOATS = (np.float16, np.float32, np.float64)


def boxed_parts(tree: Any) -> Any:
    """Arguments of one of NumPy's functions with arrays of no axes for Values."""
    if isinstance(tree, (list, tuple)):
        return type(tree)(map(boxed_parts, tree))
    if isinstance(tree, dict):
        return {name: boxed_parts(x) for name, x in tree.items()}
    return boxed(tree)


def _parts(out: Any) -> Any:
    return out if isinstance(out, (list, tuple)) else (out,)


def full_name(func: Callable[..., Any]) -> str:
    """A function of NumPy as it is called: `np.linalg.norm`."""
    return f"{func.__module__.replace('numpy', 'np', 1)}.{func.__name__}"


@functools.cache
def _of_ufunc(ufunc: np.ufunc) -> Callable[..., Any]:
    if ufunc in PLAIN_UFUNCS:
        return lambda *inputs: ufunc(*map(plain, inputs))
    if ufunc is np.divmod:
        return lambda x, y: (RULEBOOK["floor_divide"](x, y), RULEBOOK["remainder"](x, y))
    if ufunc in (np.positive, np.conjugate):
        return lambda x: x
    if ufunc is np.fabs:  # abs, but of floats: in int8 there is no 128
        return lambda x: RULEBOOK["abs"](as_floats(x))
    return _ours(f"np.{ufunc.__name__}", ufunc.__name__)


on_every_operation(lambda op: _of_ufunc.cache_clear())  # it may have a function's name


def _same_in_ours(func: Callable[..., Any]) -> bool:
    """Whether ours of that name means the same: np.linalg.trace has other axes than np.trace."""
    name = func.__name__
    return func is getattr(np, name, None) or func in _OF_LINALG


def _known(name: str) -> Callable[..., Any] | Op | None:
    """Our function of that name of NumPy's; None if there is none."""
    name = RENAMED.get(name, name)
    return COMPOSITIONS.get(name) or RULEBOOK.get(name) or OF_USERS.get(name)


def _ours(full_name: str, name: str) -> Callable[..., Any]:
    ours: Callable[..., Any] | None = _known(name)
    if ours is None:
        raise TypeError(_no_derivative(full_name, full_name.split(".")[-1], ".detach().numpy()"))
    return ours


def _no_derivative(full_name: str, name: str, plain_way: str) -> str:
    instead = f" Otherwise: {INSTEAD[name]}." if name in INSTEAD else ""
    return f"{full_name}: has no derivative here. Use {plain_way} if none is needed.{instead}"


def coverage() -> list[tuple[str, str]]:
    """Every function of NumPy that arrays can take over, and what nodes do with it.

    Returns:
        Pairs of a name and "derivative", "plain" (truth values, places and the like) or "none".

    Example:
        >>> answers = dict(coverage())
        >>> answers["np.tanh"], answers["np.argmax"], answers["np.linalg.svd"]
        ('derivative', 'plain', 'none')
    """
    found: dict[str, str] = {}
    for home, prefix in ((np, "np"), (np.linalg, "np.linalg")):
        for name in dir(home):
            func = getattr(home, name)
            if name.startswith("_") or not callable(func):
                continue
            if isinstance(func, np.ufunc):
                found[f"{prefix}.{name}"] = _answer_of_ufunc(func)
            elif hasattr(func, "_implementation"):  # it asks its arguments: NumPy's NEP 18
                ours = _same_in_ours(func) and _known(func.__name__)
                kind = "derivative" if ours else "none"
                found[f"{prefix}.{name}"] = "plain" if func in PLAIN_FUNCTIONS else kind
    return sorted(found.items())


def _answer_of_ufunc(func: np.ufunc) -> str:
    if func in PLAIN_UFUNCS:
        return "plain"
    has_rule = func in (np.divmod, np.positive, np.conjugate) or _known(func.__name__)
    return "derivative" if has_rule else "none"


@functools.cache
def _signature(func: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(func)
    except ValueError:  # written in C: NumPy before 2.4 does not tell
        return None


@functools.cache
def _parameters(ours: Callable[..., Any]) -> frozenset[str]:
    signature = inspect.signature(ours.forward if isinstance(ours, Op) else ours)
    further = getattr(getattr(ours, "fuller", None), "__kwdefaults__", None) or {}
    return frozenset(signature.parameters) | further.keys()


@functools.cache
def _operands(ours: Callable[..., Any]) -> int:
    """How many arguments are operands, which are given by place: NumPy may call them otherwise."""
    if isinstance(ours, Op):
        return ours.arity
    kinds = list(inspect.unwrap(ours).__annotations__.values())
    return max(1, next((i for i, kind in enumerate(kinds) if kind != "Operand"), len(kinds)))
