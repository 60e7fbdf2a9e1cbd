"""Which line of the user's code did something: for errors, warnings and the step player."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from autograd.modes import Mode
from autograd.node import Node


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
        self.lines: dict[Node, str] = {}

    def made(self, op: Any, out: Node, operands: tuple[Any, ...]) -> None:
        """Remember the line that made a result."""
        self.lines[out] = users_line()

    def __getitem__(self, node: Node) -> str:
        return self.lines[node]


def users_line() -> str:
    """The innermost line that is neither ours nor NumPy's: 'file.py, line 3: y = log(x)'."""
    ours = not_the_users()
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
    users = [line for line in lines if not line[0].startswith(not_the_users())]
    return _shown_line(*users[-1]) if users else "an unknown line"


def not_the_users() -> tuple[str, ...]:
    """Where our files lie, and NumPy's."""
    import os

    library = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = tuple(os.path.join(library, package, "") for package in ("autograd", "nn", "optim"))
    return (*ours, os.path.join(os.path.dirname(np.__file__), ""))


def _shown_line(name: str, number: int) -> str:
    import linecache

    source = linecache.getline(name, number).strip()
    return f"{name}, line {number}" + (f": {source}" if source else "")
