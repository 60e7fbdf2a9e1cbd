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
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

import numpy as np

from autograd.errors import AnomalyError

if TYPE_CHECKING:
    from autograd.node import Node
    from autograd.op import Op

F = TypeVar("F", bound=Callable[..., Any])

_active: ContextVar[tuple[Entry, ...]] = ContextVar("active modes", default=())

active = _active.get
"""The entries of the modes that are switched on here; () almost always."""


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

    def __call__(self, function: F) -> F:
        """Decorate: the mode is on while the function runs."""
        cls = type(self)
        wrapper: Any
        if inspect.isgeneratorfunction(function):

            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with cls():
                    return (yield from function(*args, **kwargs))

        elif inspect.isasyncgenfunction(function):

            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with cls(), contextlib.suppress(StopAsyncIteration):
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

        elif inspect.iscoroutinefunction(function):

            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with cls():
                    return await function(*args, **kwargs)

        else:

            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with cls():
                    return function(*args, **kwargs)

        return functools.wraps(function)(wrapper)  # type: ignore[return-value]


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


class detect_anomaly(Mode):
    """Raise where the first nan or infinity is made, forward or backward.

    The error names the operation, its inputs, and the line of your code that called it. Every
    result is checked, so this is for finding a mistake, not for training.

    Raises:
        AnomalyError: a result or gradient is nan or infinite, and what it was made from is not;
            or it is nan, and what it was made from was infinite at worst.

    Example:
        >>> from autograd import Value, detect_anomaly
        >>> with detect_anomaly():
        ...     y = Value(1e200, label="x") * 1e200
        Traceback (most recent call last):
        ...
        autograd.errors.AnomalyError: multiply: made inf from x = 1e+200, 1e+200, at <doctest ...
    """

    def __init__(self) -> None:
        self.lines: dict[Node, str] = {}


class record_lines(Mode):
    """Remember which line of your code made each node, for `backprop(loss, lines=...)` to show.

    Looking the line up takes longer than the operation, so nothing is remembered unless asked for.

    Attributes:
        lines: For each node made so far, "file, line number: source".

    Example:
        >>> from autograd import Value, record_lines
        >>> with record_lines() as lines:
        ...     y = Value(3.0) * 2
        >>> lines[y]
        '<doctest autograd.modes.record_lines[1]>, line 2: y = Value(3.0) * 2'
    """

    def __init__(self) -> None:
        self.lines: dict[Node, str] = {}

    def __getitem__(self, node: Node) -> str:
        return self.lines[node]


class force_grad(Mode):
    """Record, even inside `no_grad()`: a transform needs the graph of the function it runs."""


class Recorder(force_grad):
    """Write down what is computed: what `compile` is inside while it runs a function to record.

    The engine reports to the innermost one; autograd/compiler/record.py says what is done with it.
    """

    def scalar(self, out: Any) -> Any:
        """An operation on Values was computed; the answer is its result."""
        raise NotImplementedError

    def compared(self, relation: Any, left: Any, right: Any, outcome: bool) -> bool:
        """Two Values were compared."""
        raise NotImplementedError

    def number(self, value: Any, what: str) -> Any:
        """The plain number of a Value was asked for."""
        raise NotImplementedError

    def array(self, tensor: Any) -> Any:
        """The plain array of a Tensor was asked for."""
        raise NotImplementedError

    def lifted(self, operands: Any) -> tuple[Any, ...]:
        """The operands of an operation on Tensors, as those of this recording."""
        raise NotImplementedError

    def chosen(self, array: Any, index: Any) -> Any:
        """Elements of an array were taken at places that are data."""
        raise NotImplementedError

    def numbers(self, values: Any) -> Any:
        """The numbers of an array of Values were asked for, as an array."""
        raise NotImplementedError

    def plain_operands(self, operands: Any, elementwise: bool = True) -> tuple[Any, ...]:
        """Operands, some of them Values: those that uncompiled are floats may meet arrays."""
        raise NotImplementedError

    def plain_array(self, x: Any) -> Any:
        """A recorded number that uncompiled is a float, as an array; anything else as it is."""
        raise NotImplementedError

    def are_floats(self, array: Any) -> bool:
        """Whether uncompiled an array of objects holds floats alone."""
        raise NotImplementedError

    def transformed(self, nodes: Any, variables: Any) -> bool:
        """A function is differentiated at some nodes, each of which has become a variable of its.

        The answer is whether uncompiled these nodes are all floats.
        """
        raise NotImplementedError

    def made_array(self, data: Any) -> Any:
        """An array is made of what may contain numbers of this recording."""
        raise NotImplementedError

    def refuse(self, what: str, remedy: str = "") -> NoReturn:
        """Something was done that cannot be replayed."""
        raise NotImplementedError


def recorder() -> Recorder | None:
    """The innermost recording that this code runs inside."""
    entries = active()
    if not entries:
        return None
    last = entries[-1]
    mode = last.mode
    if isinstance(mode, Recorder) and last.generator is None:  # quick, as it is asked often
        return mode
    for entry in reversed(entries):
        if isinstance(entry.mode, Recorder) and entry.holds():
            return entry.mode
    return None


def recording() -> bool:
    """Whether operations are being recorded here: the innermost mode that has a say decides."""
    for entry in reversed(active()):
        if isinstance(entry.mode, (no_grad, force_grad)) and entry.holds():
            return isinstance(entry.mode, force_grad)
    return True


def anomaly_mode() -> detect_anomaly | None:
    """The innermost `detect_anomaly()` that is on here."""
    for entry in reversed(active()):
        if isinstance(entry.mode, detect_anomaly) and entry.holds():
            return entry.mode
    return None


def check_forward(op: Op, out: Node, operands: tuple[Any, ...]) -> None:
    """Remember where `out` was made, and raise if it is not finite, under the modes for that."""
    keepers = [e.mode for e in active() if isinstance(e.mode, record_lines) and e.holds()]
    mode = anomaly_mode()
    if mode is None and not keepers:
        return
    line = _users_line()
    for keeper in keepers:
        keeper.lines[out] = line
    if mode is None:
        return
    mode.lines[out] = line
    inputs = [x.data if hasattr(x, "data") else x for x in operands]
    if _harm(out.data) > max(map(_harm, inputs), default=0):
        came = ", ".join(map(_describe, operands, inputs))
        raise AnomalyError(f"{op.name}: made {_first(out.data)} from {came}, at {line}.")


def check_backward(
    node: Node, position: int, parent: Node, out_grad: Any, contribution: Any
) -> None:
    """Under `detect_anomaly()`: raise if a product of the chain rule is the first not finite."""
    mode = anomaly_mode()
    if mode is None or _harm(contribution) <= _harm(out_grad):
        return
    inputs = ", ".join(_describe(p, p.data) for p in node.parents)
    line = mode.lines.get(node, "an unknown place: record it under detect_anomaly() too")
    name = node.op.name if node.op else "leaf"
    raise AnomalyError(
        f"{name}: its derivative with respect to operand {position} made {_first(contribution)} "
        f"from {inputs}; the operation was recorded at {line}."
    )


def _harm(x: Any) -> int:
    """0 where every number is finite, 1 where one is infinite, 2 where one is nan."""
    array = getattr(x, "data", x) if not isinstance(x, np.ndarray) else x
    return 0 if np.isfinite(array).all() else 1 + int(np.isnan(array).any())


def _first(x: Any) -> str:
    """The first nan, or if there is none the first infinity."""
    array = np.asarray(getattr(x, "data", x) if not isinstance(x, np.ndarray) else x)
    wrong = np.isnan(array) if np.isnan(array).any() else ~np.isfinite(array)
    return str(array[wrong].flat[0])


def _describe(operand: Any, data: Any) -> str:
    label = getattr(operand, "label", "")
    array = np.asarray(data)
    shown = str(array.tolist()) if array.size <= 4 else f"an array of shape {array.shape}"
    return f"{label} = {shown}" if label else shown


def _users_line() -> str:
    """The innermost line that is neither ours nor NumPy's: 'file.py, line 3: y = log(x)'."""
    ours = _not_the_users()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(ours):
        frame = frame.f_back
    if frame is None:
        return "an unknown line"
    return _shown_line(frame.f_code.co_filename, frame.f_lineno)


def line_of(error: BaseException) -> str:
    """The innermost line that is neither ours nor NumPy's of those that an error came through."""
    import traceback

    lines = [(f.filename, f.lineno or 0) for f in traceback.extract_tb(error.__traceback__)]
    users = [line for line in lines if not line[0].startswith(_not_the_users())]
    return _shown_line(*users[-1]) if users else "an unknown line"


def _not_the_users() -> tuple[str, ...]:
    """Where our files lie, and NumPy's."""
    import os

    library = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = tuple(os.path.join(library, package, "") for package in ("autograd", "nn", "optim"))
    return (*ours, os.path.join(os.path.dirname(np.__file__), ""))


def _shown_line(name: str, number: int) -> str:
    import linecache

    source = linecache.getline(name, number).strip()
    return f"{name}, line {number}" + (f": {source}" if source else "")
