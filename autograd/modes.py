"""Modes: what is done with a result besides computing it, in this thread or task.

The active modes are a tuple in a context variable, empty almost always, so that the check costs
next to nothing. Threads and async tasks have contexts of their own and do not see each other's
modes. A mode that a generator switches on holds only while that generator is running, though
Python's context variables would show it to whoever resumes the generator.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Generator
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from typing import TypeVar

    F = TypeVar("F", bound=Callable[..., Any])
    Step = TypeVar("Step", bound=tuple[Any, ...])

_active: ContextVar[tuple[Entry, ...]] = ContextVar("active modes", default=())

active = _active.get
"""The entries of the modes that are switched on here; () almost always."""


def leave_all() -> None:
    """Switch every mode off, in this context."""
    _active.set(())


differentiated: ContextVar[tuple[list[Any], ...]] = ContextVar(
    "the variables of the transforms that are running", default=()
)


class Entry:
    """One switching-on of a mode."""

    def __init__(self, mode: Mode, frame: FrameType) -> None:
        self.mode = mode
        self.generator = _generator(frame)
        # One that `@contextmanager` made has been started by contextlib, and stands for a block.
        starter = frame.f_back
        self.is_block = starter is not None and starter.f_code.co_filename == contextlib.__file__

    def holds(self) -> bool:
        """Whether this code runs inside; not if a generator that is now paused switched it on."""
        if self.generator is None or self.is_block:
            return True
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame is not self.generator:
            frame = frame.f_back
        return frame is not None


def _generator(frame: FrameType) -> FrameType | None:
    """The frame if it is of a generator, else None."""
    flags = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
    return frame if frame.f_code.co_flags & flags else None


class Mode:
    """A context manager that is also a decorator, of functions, generators and coroutines."""

    def __enter__(self) -> Self:
        _active.set((*active(), Entry(self, sys._getframe(1))))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        # The last entry of this mode, not of all, and in this generator if it entered there:
        # generators may leave in another order. In this context alone: threads may share a mode.
        generator = _generator(sys._getframe(1))
        ours = [e for e in active() if e.mode is self]
        leaving = ([e for e in ours if e.generator is generator] or ours)[-1:]
        _active.set(tuple(e for e in active() if e not in leaving))

    def made(self, op: Any, out: Any, operands: tuple[Any, ...]) -> None:
        """An operation made a result, here where the mode is on. Most modes do not mind."""

    def multiplied(
        self, node: Any, position: int, parent: Any, out_grad: Any, product: Any, /
    ) -> None:
        """The backward pass made a product of the chain rule, here where the mode is on."""

    def __call__(self, function: F) -> F:
        """Decorate: the mode is on while the function runs."""
        run = _inside(type(self), function)
        return functools.wraps(function)(run)  # type: ignore[return-value]


def _inside(mode: type[Mode], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with a mode of its own on, whatever kind of function it is."""

    def plain(*args: object, **kwargs: object) -> object:
        with mode():
            return function(*args, **kwargs)

    def generator(*args: object, **kwargs: object) -> Generator[Any, Any, Any]:
        with mode():
            return (yield from function(*args, **kwargs))

    async def coroutine(*args: object, **kwargs: object) -> object:
        with mode():
            return await function(*args, **kwargs)

    async def async_generator(*args: object, **kwargs: object) -> AsyncIterator[object]:
        with mode(), contextlib.suppress(StopAsyncIteration):
            inner = function(*args, **kwargs)
            async with contextlib.aclosing(inner):  # `yield from` is for plain ones only
                item = await anext(inner)
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 (handed on)
                        item = await inner.athrow(error)
                    else:
                        item = await inner.asend(sent)

    if inspect.isgeneratorfunction(function):
        return generator
    if inspect.isasyncgenfunction(function):
        return async_generator
    return coroutine if inspect.iscoroutinefunction(function) else plain


class no_grad(Mode):
    """Compute without recording: results are constants, with no graph behind them.

    Works as a context manager and as a decorator.

    Example:
        >>> from autograd import Value, no_grad
        >>> x = Value(3.0)
        >>> with no_grad():
        ...     y = x * x
        >>> y.data, y.parents
        (9.0, ())
    """


class force_grad(Mode):
    """Record, even inside `no_grad()`: a transform needs the graph of the function it runs."""


def recording() -> bool:
    """Whether operations are being recorded here: the innermost mode that has a say decides."""
    for entry in reversed(active()):
        if isinstance(entry.mode, (no_grad, force_grad)) and entry.holds():
            return isinstance(entry.mode, force_grad)
    return True


def watch_result(op: object, out: object, operands: tuple[object, ...]) -> None:
    """Show a result to the modes that are on here."""
    for entry in active():
        if entry.holds():
            entry.mode.made(op, out, operands)


def watch_product(step: Step) -> Step:
    """Show a product of the chain rule to the modes that are on here, and hand it on."""
    for entry in active():
        if entry.holds():
            entry.mode.multiplied(*step)
    return step
