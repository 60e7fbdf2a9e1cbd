"""What is checked of an operation that is declared outside the library.

First the declaration: the derivatives, their number and their parameters, the name, the template.
Then, whenever its functions run, what they return. The rulebook's own operations are spared both,
since tests check them once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import came, kind, refuse
from autograd.errors import ShapeError
from autograd.op import Elementwise, Op, Structural, shape_of

if TYPE_CHECKING:
    from types import CodeType

    from autograd.arrays import Array

# --- the declaration --------------------------------------------------------------------------


def check_forward(forward: Callable[..., Any], who: str) -> None:
    """Refuse what is not a function in Python with a name and plain parameters."""
    code: CodeType | None = getattr(forward, "__code__", None)
    if code is None:
        raise TypeError(
            f"{who}: needs a function written in Python (def name(x): …), but got {forward!r}. "
            "Call it in such a function."
        )
    name: str = forward.__name__
    if not name.isidentifier():
        raise TypeError(f"{who}: needs a function with a name (def name(x): …), but got a lambda.")
    if code.co_flags & 0x0C or code.co_kwonlyargcount:  # *args, **kwargs
        raise TypeError(
            f"{name}: needs its operands as plain parameters, such as (x, y), but takes "
            f"{_parameters(forward)}. Name each of them, without *."
        )


def _parameters(function: Callable[..., Any]) -> str:
    """The parameters of a function as they are written: "(x, *rest)"."""
    import inspect

    return str(inspect.signature(function))


def _check_takes(who: str, what: str, function: Callable[..., Any], names: Sequence[str]) -> None:
    """Refuse a function that cannot be called with these arguments by position."""
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None:  # of C, or with a __call__: it will tell
        return
    count = code.co_argcount - (hasattr(function, "__self__"))
    least = count - len(function.__defaults__ or ())
    if len(names) < least or (len(names) > count and not code.co_flags & 0x04):
        raise TypeError(
            f"{who}: needs {what} to take ({', '.join(names)}), but it takes "
            f"{_parameters(function)}."
        )


def check_elementwise(
    forward: Callable[..., Any],
    partials: object,
    scalar: object,
    domain: Sequence[object],
) -> None:
    """Refuse derivatives, a `scalar` and a domain that do not fit the operands."""
    code: CodeType = forward.__code__
    who, names = forward.__name__, code.co_varnames[: code.co_argcount]
    if not isinstance(partials, (list, tuple)):
        raise TypeError(
            f"{who}: needs partials=[…], a list with a derivative for each operand, but got "
            f"{partials!r}."
        )
    if not 1 <= len(names) <= 2:
        raise TypeError(
            f"{who}: needs one or two operands, but takes {len(names)}. With more, "
            "write an ordinary function of operations, or a `structural` one."
        )
    if len(partials) != len(names):
        raise TypeError(
            f"{who}: needs a partial derivative for each of its operands, {', '.join(names)}, but "
            f"got {len(partials)}."
        )
    for i, partial in enumerate(partials):
        if callable(partial):
            _check_takes(who, f"partials[{i}]", partial, (*names, "out"))
        elif not isinstance(partial, (float, int)):
            needed = f"a function ({', '.join(names)}, out) or a number"
            refuse(who, f"partials[{i}]", needed, partial, TypeError)
    if scalar is not None:
        if not callable(scalar):
            refuse(who, "scalar", "a function", scalar, TypeError)
        _check_takes(who, "scalar", scalar, names)
    if domain:
        _check_domain(who, names, domain)


def _check_domain(who: str, names: Sequence[str], domain: Sequence[Any]) -> None:
    try:
        fits = len(domain) == len(names) and all(low < high for low, high in domain)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise TypeError(
            f"{who}: needs domain= with an interval (low, high) for each operand, such as "
            f"{((0.0, 1.0),) * len(names)}, but got {domain!r}."
        )


def check_structural(forward: Callable[..., Any], vjps: object) -> None:
    """Refuse vector-Jacobian products that do not fit the parameters."""
    code: CodeType = forward.__code__
    who, names = forward.__name__, code.co_varnames[: code.co_argcount]
    if callable(vjps):
        if not names:
            raise TypeError(f"{who}: needs a sequence of arrays to work on, but takes ().")
        _check_vjp(who, "vjps", vjps, ("i", "out_grad", "out", names[0]), names[1:])
        return
    if not isinstance(vjps, (list, tuple)) or not vjps:
        raise TypeError(
            f"{who}: needs vjps=[…], a list with a function for each operand that is "
            f"differentiated, but got {came(vjps)}."
        )
    if len(vjps) > len(names):
        raise TypeError(
            f"{who}: needs at most a vjp for each of its parameters, {', '.join(names)}, but got "
            f"{len(vjps)}."
        )
    for i, rule in enumerate(vjps):
        if not callable(rule):
            refuse(who, f"vjps[{i}]", "a function", rule, TypeError)
        operands, others = names[: len(vjps)], names[len(vjps) :]
        _check_vjp(who, f"vjps[{i}]", rule, ("out_grad", "out", *operands), others)


def _check_vjp(
    who: str, what: str, rule: Callable[..., Any], first: Sequence[str], others: Sequence[str]
) -> None:
    """The others are passed by name."""
    code: CodeType | None = getattr(rule, "__code__", None)
    if code is None:
        return
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    missing = [name for name in others if name not in names[len(first) :]]
    count = len(names) - (hasattr(rule, "__self__"))
    fits = code.co_flags & 0x04 or count >= len(first)
    surplus = count - len(first) - len(others) - len(rule.__defaults__ or ())
    if not fits or (missing and not code.co_flags & 0x08) or surplus > 0:
        raise TypeError(
            f"{who}: needs {what} to take ({', '.join([*first, *others])}), but it takes "
            f"{_parameters(rule)}."
        )


def check_writing(
    forward: Callable[..., Any], arity: int, symbol: str, latex: str, operator: str
) -> None:
    """Refuse what a picture could not write."""
    who = forward.__name__
    for name, text in (("symbol", symbol), ("latex", latex)):
        if not isinstance(text, str):
            refuse(who, name, "text", text, TypeError)
    if operator:
        raise TypeError(
            f"{who}: got operator={operator!r}, but Python's operators are those of the library. "
            "Leave it out, and call the operation by its name."
        )
    if "{0}" in latex:
        try:
            latex.format(*"xy"[:arity].ljust(arity, "z"))
        except (IndexError, KeyError, ValueError) as err:
            raise TypeError(
                f"{who}: needs latex= with a place {{0}} for each of {arity} operand(s), and other "
                f"braces doubled, but got {latex!r} ({err})."
            ) from err


# --- what its functions return ----------------------------------------------------------------


def watched_elementwise(op: Elementwise, scalar: Callable[..., float] | None) -> Elementwise:
    """The same operation with functions that look at what they return."""
    op.scalar = _checked_scalar(op, scalar)
    op.forward = _checked_forward(op)
    op.partials = tuple(_checked_partial(op, i) for i in range(op.arity))
    return op


def watched_structural(op: Structural) -> Structural:
    """The same operation with functions that look at what they return."""
    op.forward = _checked_forward(op)
    if op.variadic:
        op.vjps = _checked_vjp(op, op.vjps)
    else:
        op.vjps = tuple(_checked_vjp(op, rule, i) for i, rule in enumerate(op.vjps))
    return op


def _checked_scalar(op: Elementwise, scalar: Callable[..., Any] | None) -> Callable[..., float]:
    if scalar is None:
        given, what = op.forward, "its function"

        def compute(*numbers: float) -> object:
            return given(*map(np.array, numbers))  # which may be written as for arrays
    else:
        compute, what = scalar, "scalar"

    @functools.wraps(scalar or op.forward)
    def on_floats(*numbers: float) -> float:
        out = compute(*numbers)
        if type(out) is float:
            return out
        array = _as_numbers(op, what, out, ())
        if array.shape != ():
            raise _wrong_shape(op, what, (), array.shape)
        return float(array)

    return on_floats


def _run(
    op: Op,
    what: str,
    function: Callable[..., object],
    arguments: Iterable[object],
    /,
    **params: object,
) -> object:
    """Call a function of the user's, which may only read the arrays it is given."""
    try:
        return function(*map(_read_only, arguments), **params)
    except ValueError as err:
        if "read-only" not in str(err):
            raise
        raise TypeError(
            f"{op.name}: {what} writes into an array that it is given, which others use, too. "
            "Write to a copy: x = x.copy()."
        ) from err


def _read_only(x: Any) -> object:
    if type(x) is np.ndarray:
        x = x.view()
        x.flags.writeable = False
    return x


def _as_numbers(op: Op, what: str, given: object, inputs: Sequence[Any]) -> Array:
    """What a function of the user's returned, as an array of real numbers."""
    if given is None:
        raise TypeError(f"{op.name}: {what} returned None. Is a `return` missing?")
    if hasattr(type(given), "_apply"):
        raise TypeError(
            f"{op.name}: {what} returned {kind(given)}, but it computes on plain arrays. "
            "Write it with NumPy."
        )
    found: Any = given
    out: Array = found if hasattr(given, "__array_function__") else np.asarray(given)
    wanted: list[np.dtype[Any]] = [x.dtype for x in inputs if hasattr(x, "dtype")]
    if out.dtype.kind in "bui" and any(dtype.kind == "f" for dtype in wanted):
        return out.astype(np.result_type(*wanted))  # truth values count as 1 and 0
    if out.dtype.kind not in "biuf" and out.dtype not in wanted:
        raise TypeError(
            f"{op.name}: {what} has to return real numbers, but returned dtype {out.dtype}."
        )
    return out


def _wrong_shape(op: Op, what: str, needed: object, came: object) -> ShapeError:
    return ShapeError(f"{op.name}: {what} has to return shape {needed}, but returned {came}.")


def _checked_forward(op: Op) -> Callable[..., Any]:
    given, what = op.forward, "its function"

    @functools.wraps(given)
    def forward(*operands: object, **params: object) -> Array:
        out = _as_numbers(op, what, _run(op, what, given, operands, **params), operands)
        if isinstance(op, Elementwise):
            needed = np.broadcast_shapes(*map(shape_of, operands))
            if out.shape != needed:
                raise _wrong_shape(op, what, needed, out.shape)
        return out

    return forward


def _checked_partial(op: Elementwise, i: int) -> Callable[..., Any]:
    given, what = op.partials[i], f"partials[{i}]"

    def partial(*operands_and_out: object) -> object:
        result = _run(op, what, given, operands_and_out)
        if result is None:
            raise TypeError(f"{op.name}: {what} returned None. Is a `return` missing?")
        shape, needed = shape_of(result), shape_of(operands_and_out[-1])
        if shape != needed and (
            len(shape) > len(needed) or np.broadcast_shapes(shape, needed) != needed
        ):
            raise _wrong_shape(op, what, needed, shape)
        if isinstance(result, (np.generic, np.ndarray)) and not shape and not needed:
            number: float = result.item()
            return number
        return result

    return partial


def _checked_vjp(op: Structural, given: Callable[..., Any], i: int = 0) -> Callable[..., Any]:
    what = "vjps" if op.variadic else f"vjps[{i}]"

    @functools.wraps(given)
    def vjp(*arguments: Any, **params: object) -> object:
        if op.variadic:
            arguments = *arguments[:3], [*map(_read_only, arguments[3])]
        operand = arguments[3][arguments[0]] if op.variadic else arguments[2 + i]
        grad: Any = _run(op, what, given, arguments, **params)
        if grad is None:
            raise TypeError(f"{op.name}: {what} returned None. Is a `return` missing?")
        if not hasattr(grad, "dtype"):
            grad = np.asarray(grad)
        if grad.shape != shape_of(operand):
            raise _wrong_shape(op, what, shape_of(operand), grad.shape)
        return grad

    return vjp
