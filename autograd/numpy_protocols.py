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

from autograd.op import COMPOSITIONS, RULEBOOK, Op, plain

_RENAMED = {"absolute": "abs", "fabs": "abs", "amax": "max", "amin": "min", "true_divide": "divide"}

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
    np.can_cast, np.isin, np.searchsorted, np.argwhere, np.flatnonzero, np.unique, np.shares_memory,
    np.may_share_memory, np.copyto, np.save, np.histogram,
}  # fmt: skip
"""Their results are positions, truth values or descriptions: plain arrays."""


def ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a Tensor does with a universal function of NumPy."""
    if ufunc in PLAIN_UFUNCS:
        return getattr(ufunc, method)(*map(plain, inputs), **options)
    if method != "__call__":
        raise TypeError(f"np.{ufunc.__name__}.{method}: is not supported on a Tensor.")
    for name in options:
        raise TypeError(f"np.{ufunc.__name__}: {name}= is not supported on a Tensor.")
    return _ours(f"np.{ufunc.__name__}", ufunc.__name__)(*inputs)


def function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a Tensor does with any other function of NumPy."""
    if func in PLAIN_FUNCTIONS:
        return func(*map(plain, args), **{name: plain(x) for name, x in kwargs.items()})
    name = f"{func.__module__.replace('numpy', 'np', 1)}.{func.__name__}"
    ours = _ours(name, func.__name__)
    if func.__name__ in ("einsum", "where"):  # their operands have no names
        return ours(*args, **kwargs)
    known = _parameters(ours)
    arguments = _signature(func).bind(*args, **kwargs).arguments
    arguments.update(arguments.pop("kwargs", {}))  # what np.pad has instead of named options
    given = list(arguments.items())
    operands = [x for _, x in given[: _operands(ours)]]
    options = dict(given[_operands(ours) :])
    for option in options:
        if option not in known:
            raise TypeError(f"{name}: {option}= is not supported on a Tensor.")
    return ours(*operands, **options)


def _ours(full_name: str, name: str) -> Callable[..., Any]:
    name = _RENAMED.get(name, name)
    ours = COMPOSITIONS.get(name) or RULEBOOK.get(name)
    if ours is None:
        raise TypeError(
            f"{full_name}: has no derivative here. Use .detach().numpy() if none is needed."
        )
    return ours


@functools.cache
def _signature(func: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(func)


@functools.cache
def _parameters(ours: Callable[..., Any]) -> frozenset[str]:
    signature = inspect.signature(ours.forward if isinstance(ours, Op) else ours)
    return frozenset(signature.parameters)


def _operands(ours: Callable[..., Any]) -> int:
    return ours.arity if isinstance(ours, Op) else 1
