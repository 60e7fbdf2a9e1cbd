"""How an operation is declared, in the rulebook or in a file of your own.

`elementwise` and `structural` are decorators of the forward computation. What they make is an `Op`;
from then on it is a function, a method, NumPy's function of that name on a node, and what pictures
call it. Every kind of node hears of each operation by `on_every_operation`.

A declaration outside the library is checked before anything is known of it, and what its functions
return is checked whenever they run: in the rulebook tests do that, once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.op import OF_USERS, RULEBOOK, Call, Elementwise, Op, Structural

if TYPE_CHECKING:
    from types import ModuleType
    from typing import TypeVar

    AnyOp = TypeVar("AnyOp", bound=Op)

_RULES = "autograd.rules."


def elementwise(
    forward: None = None,
    /,
    *,
    partials: Sequence[Callable[..., Any] | float] = (),
    scalar: Callable[..., float] | None = None,
    symbol: str = "",
    latex: str = "",
    operator: str = "",
    smooth: bool = True,
    domain: tuple[tuple[float, float], ...] = (),
) -> Callable[[Callable[..., Any]], Elementwise]:
    r"""Declare a function of one or two numbers, which arrays are computed with element by element.

    The decorated function is the forward computation on NumPy arrays. What it becomes works on
    numbers, arrays, Values and Tensors, and is a method of both kinds of node; a function of NumPy
    or SciPy that has its name uses it on them.

    Args:
        forward: Nothing: the decorator is written with its arguments.
        partials: The local derivative by each operand: a function `(*operands, out)`, or a number
            where it is constant. Written with Python's operators and operations of `autograd`, so
            that it can be differentiated again and be shown as a formula.
        scalar: The computation on Python floats, where that is quicker; else `forward` is used.
        symbol: How a picture labels it; its name, unless said.
        latex: How it is written: a template such as r"\sqrt{{{0}}}", or a function's name.
        operator: The Python operator it is. For the rulebook alone.
        smooth: False if a derivative jumps somewhere.
        domain: For each operand, the open interval in which the derivative exists.

    Raises:
        TypeError: the declaration does not fit together, or what its functions return, later.
        ValueError: the name is taken, by the library or by an operation declared elsewhere. The
            same function declared again (a cell run twice) takes its own place.

    Example:
        >>> import numpy as np
        >>> from autograd import Value, elementwise
        >>> @elementwise(partials=[lambda x, out: -2 * x * out])
        ... def bell(x):
        ...     return np.exp(-x * x)
        >>> x = Value(0.5)
        >>> x.bell().backward()
        >>> round(x.grad, 4)
        -0.7788
    """

    def declare(forward: Callable[..., Any]) -> Elementwise:
        checks = None if _is_ours(forward) else _checks()
        if checks is not None:
            checks.check_forward(forward, "elementwise")
            checks.check_elementwise(forward, partials, scalar, domain)
            checks.check_writing(forward, len(partials), symbol, latex, operator)
        op = Elementwise(
            forward,
            partials=partials,
            scalar=scalar,
            symbol=symbol,
            latex=latex,
            operator=operator,
            smooth=smooth,
            domain=tuple(domain),
        )
        if checks is None:
            return _of_the_library(op)
        watched: Elementwise = checks.watched_elementwise(op, scalar)
        return _of_a_user(watched)

    _refuse_alone("elementwise", "partials=[…]", forward)
    return declare


def structural(
    forward: None = None,
    /,
    *,
    vjps: Sequence[Callable[..., Any]] | Callable[..., Any] = (),
    symbol: str = "",
    latex: str = "",
    operator: str = "",
    examples: Sequence[Call] = (),
) -> Callable[[Callable[..., Any]], Structural]:
    """Declare a function of whole arrays: a reduction, a matrix function, a change of shape.

    The first parameters of the decorated function, one for each of `vjps`, are the operands that
    are differentiated; the others (an axis, a shape) are not.

    Args:
        forward: Nothing: the decorator is written with its arguments.
        vjps: For each operand the function `(out_grad, out, *operands, **others)` that gives its
            gradient, an array of the operand's shape. Written with Python's operators and
            operations of `autograd`, so that it can be differentiated again. An operation on one
            sequence of arrays has one function `(i, out_grad, out, operands, **others)` instead.
        symbol: How a picture labels it; its name, unless said.
        latex: How it is written: a template such as "{0}^T", or a function's name.
        operator: The Python operator it is. For the rulebook alone.
        examples: Calls to test it with. The tests of the rulebook need some.

    Raises:
        TypeError: as for `elementwise`.
        ValueError: as for `elementwise`.

    Example:
        >>> from autograd import Tensor, structural
        >>> @structural(vjps=[lambda out_grad, out, x: out_grad * 2 * x])
        ... def energy(x):
        ...     return (x * x).sum()
        >>> t = Tensor([1.0, 2.0], requires_grad=True)
        >>> t.energy().backward()
        >>> t.grad.tolist()
        [2.0, 4.0]
    """

    def declare(forward: Callable[..., Any]) -> Structural:
        checks = None if _is_ours(forward) else _checks()
        if checks is not None:
            checks.check_forward(forward, "structural")
            checks.check_structural(forward, vjps)
            operands = 1 if callable(vjps) else len(vjps)
            checks.check_writing(forward, operands, symbol, latex, operator)
        op = Structural(
            forward,
            vjps=vjps,
            symbol=symbol,
            latex=latex,
            operator=operator,
            examples=examples,
        )
        if checks is None:
            return _of_the_library(op)
        watched: Structural = checks.watched_structural(op)
        return _of_a_user(watched)

    _refuse_alone("structural", "vjps=[…]", forward)
    return declare


def _refuse_alone(who: str, needed: str, misplaced: Any) -> None:
    if misplaced is not None:
        raise TypeError(
            f"{who}: needs its derivatives, @{who}({needed}), but stands alone above "
            f"{getattr(misplaced, '__name__', repr(misplaced))}."
        )


# --- who knows of it --------------------------------------------------------------------------

_listeners: list[tuple[type | None, Callable[[Op], None]]] = []


def on_every_operation(install: Callable[[Op], None], kind: type | None = None) -> None:
    """Call `install` with every operation that there is, and with each that will be declared.

    Args:
        install: Takes the operation up: makes a method of it, for example.
        kind: The class that gets a method. Its own attributes are no names for operations.
    """
    for op in (*RULEBOOK.values(), *OF_USERS.values()):
        install(op)
    _listeners.append((kind, install))


def _checks() -> ModuleType:
    """What is checked outside the library: it is loaded for the first declaration there."""
    from autograd import declaration_checks

    return declaration_checks


def _is_ours(forward: Callable[..., Any]) -> bool:
    return str(getattr(forward, "__module__", "")).startswith(_RULES)


def _of_the_library(op: AnyOp) -> AnyOp:
    RULEBOOK[op.name] = op
    return op


def _of_a_user(op: AnyOp) -> AnyOp:
    _check_name(op)
    OF_USERS[op.name] = op
    for _, install in _listeners:
        install(op)
    return op


def _check_name(op: Op) -> None:
    name = op.name
    before = OF_USERS.get(name)
    if before is not None:
        if (before.__module__, before.__qualname__) == (op.__module__, op.__qualname__):
            return  # the same, declared again
        raise ValueError(
            f"{name}: an operation of this name is declared in {_place(before)} already, and a "
            f"method can have one meaning. Choose another name in {_place(op)}."
        )
    library = sys.modules.get("autograd")
    if callable(getattr(library, name, None)):
        raise ValueError(
            f"{name}: is a name of the library already (autograd.{name}). Choose another name in "
            f"{_place(op)}."
        )
    for kind, _ in _listeners:
        if kind is not None and hasattr(kind, name):
            raise ValueError(
                f"{name}: is an attribute of {kind.__name__} already. Choose another name in "
                f"{_place(op)}."
            )


def _place(op: Op) -> str:
    """The module and the qualified name under which an operation is declared."""
    import inspect

    code = inspect.unwrap(op.forward).__code__
    return f"{code.co_filename}, line {code.co_firstlineno}"
