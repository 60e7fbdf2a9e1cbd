"""Which line of the user's code did something: for errors, warnings and the step player."""

from __future__ import annotations

import contextlib
import functools
import sys
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.modes import Mode

if TYPE_CHECKING:
    from autograd.op import Op


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
        '<doctest autograd.source_lines.record_lines[1]>, line 2: y = Value(3.0) * 2'
    """

    def __init__(self) -> None:
        self.lines: dict[Any, str] = {}

    def made(self, op: Op, out: Any, operands: tuple[Any, ...]) -> None:
        """Remember the line that made a result."""
        self.lines[out] = users_line()

    def __getitem__(self, node: Any) -> str:
        return self.lines[node]


def warn_user(message: str, category: type[Warning], asking: FrameType | None = None) -> None:
    """Warn at the line of the user's own code that the code of a frame was called from.

    Args:
        message: What to say.
        category: A warning of ours.
        asking: The frame; by default the caller's.
    """
    users = users_frame(asking or sys._getframe(1))
    where = users.f_code.co_filename, users.f_lineno or 1
    module = users.f_globals.get("__name__") or "<unknown>"
    registry = users.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, *where, module, registry)


def users_frame(frame: FrameType) -> FrameType:
    """The innermost frame of the user's own code; where there is none, the frame itself."""
    others = (*_not_the_users(), *_installed())
    found: FrameType | None = frame
    while found is not None and found.f_code.co_filename.startswith(others):
        found = found.f_back
    return found or frame


_line: ContextVar[str | None] = ContextVar("the line that is running", default=None)


@contextlib.contextmanager
def at_line(line: str) -> Iterator[None]:
    """Inside, operations count as made by this line: that of a program which another one runs.

    Example:
        >>> from autograd import Value
        >>> with record_lines() as lines, at_line("net.py, line 7: y = 2 * x"):
        ...     y = Value(3.0) * 2
        >>> lines[y]
        'net.py, line 7: y = 2 * x'
    """
    token = _line.set(line)
    try:
        yield
    finally:
        _line.reset(token)


def users_line() -> str:
    """The innermost line that is neither ours nor NumPy's: 'file.py, line 3: y = log(x)'."""
    if (running := _line.get()) is not None:
        return running
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


@functools.cache
def _not_the_users() -> tuple[str, ...]:
    """Where our files lie, and NumPy's, and that of `copy.deepcopy`."""
    import copy
    import os

    library = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = tuple(os.path.join(library, package, "") for package in ("autograd", "nn", "optim"))
    return (*ours, os.path.join(os.path.dirname(np.__file__), ""), copy.__file__)


@functools.cache
def _installed() -> tuple[str, ...]:
    """Where Python's own modules lie, and those that were installed."""
    import sysconfig  # not before it is needed: the import of autograd stays quick

    paths = sysconfig.get_paths()
    return tuple({paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def _shown_line(name: str, number: int) -> str:
    import linecache

    source = linecache.getline(name, number).strip()
    return f"{name}, line {number}" + (f": {source}" if source else "")
