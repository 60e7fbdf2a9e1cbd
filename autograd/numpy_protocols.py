"""NumPy's functions on a Tensor: `np.mean(t, axis=0)` is `autograd.mean(t, axis=0)`.

A function of NumPy that the rulebook knows records; one whose result is not differentiable
(`np.argmax`, comparisons) gives a plain array; any other is refused by name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.declarations import on_every_operation
from autograd.op import COMPOSITIONS, OF_USERS, RULEBOOK, Op, plain

RENAMED = {"absolute": "abs", "fabs": "abs", "amax": "max", "amin": "min", "true_divide": "divide"}

_OF_LINALG = {
    np.linalg.cholesky, np.linalg.det, np.linalg.inv, np.linalg.multi_dot, np.linalg.norm,
    np.linalg.slogdet, np.linalg.solve,
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
    np.may_share_memory, np.save,
}  # fmt: skip
"""Their results are positions, truth values or descriptions: plain arrays."""


def ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a Tensor does with a universal function of NumPy."""
    for name in options:
        raise TypeError(f"np.{ufunc.__name__}: {name}= is not supported on a Tensor.")
    if method != "__call__":
        raise TypeError(f"np.{ufunc.__name__}.{method}: is not supported on a Tensor.")
    return _of_ufunc(ufunc)(*inputs)


def function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a Tensor does with any other function of NumPy."""
    name = f"{func.__module__.replace('numpy', 'np', 1)}.{func.__name__}"
    if func in PLAIN_FUNCTIONS:
        for option in kwargs.keys() & {"out", "where"}:
            raise TypeError(f"{name}: {option}= is not supported on a Tensor.")
        return func(*map(plain, args), **{name: plain(x) for name, x in kwargs.items()})
    ours = _ours(name, func.__name__ if _same_in_ours(func) else "")
    signature = _signature(func)
    if signature is None or ours is COMPOSITIONS["einsum"]:
        given, named = list(args), kwargs
    else:
        bound = signature.bind(*args, **kwargs).arguments
        bound.update(bound.pop("kwargs", {}))  # what np.pad has instead of named options
        arguments = list(bound.items())
        given = [x for _, x in arguments[: _operands(ours)]]
        named = dict(arguments[_operands(ours) :])
        named |= named.pop("kwargs", {})  # what NumPy itself takes as **kwargs
        if "newshape" in named:
            named["shape"] = named.pop("newshape")  # as NumPy 2.0 calls it
    for option in named.keys() - _parameters(ours):
        raise TypeError(f"{name}: {option}= is not supported on a Tensor.")
    return ours(*given, **named)


@functools.cache
def _of_ufunc(ufunc: np.ufunc) -> Callable[..., Any]:
    if ufunc in PLAIN_UFUNCS:
        return lambda *inputs: ufunc(*map(plain, inputs))
    if ufunc is np.divmod:
        return lambda x, y: (RULEBOOK["floor_divide"](x, y), RULEBOOK["remainder"](x, y))
    return _ours(f"np.{ufunc.__name__}", ufunc.__name__)


on_every_operation(lambda op: _of_ufunc.cache_clear())  # it may have a function's name


def _same_in_ours(func: Callable[..., Any]) -> bool:
    """Whether ours of that name means the same: np.linalg.trace has other axes than np.trace."""
    name = func.__name__
    return func is getattr(np, name, None) or func in _OF_LINALG


def _ours(full_name: str, name: str) -> Callable[..., Any]:
    name = RENAMED.get(name, name)
    ours = COMPOSITIONS.get(name) or RULEBOOK.get(name) or OF_USERS.get(name)
    if ours is None:
        raise TypeError(
            f"{full_name}: has no derivative here. Use .detach().numpy() if none is needed."
        )
    return ours


@functools.cache
def _signature(func: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(func)
    except ValueError:  # written in C: NumPy before 2.4 does not tell
        return None


@functools.cache
def _parameters(ours: Callable[..., Any]) -> frozenset[str]:
    signature = inspect.signature(ours.forward if isinstance(ours, Op) else ours)
    return frozenset(signature.parameters)


def _operands(ours: Callable[..., Any]) -> int:
    return ours.arity if isinstance(ours, Op) else 1
