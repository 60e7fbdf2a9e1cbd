"""Modes: what recording does just now, in this thread or task.

A mode lives in a context variable, so threads and async tasks do not see each other's.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar, Token

_recording: ContextVar[bool] = ContextVar("recording", default=True)

recording = _recording.get
"""Whether operations are being recorded."""


class no_grad(ContextDecorator):
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

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> no_grad:
        self._tokens.append(_recording.set(False))
        return self

    def __exit__(self, *_: object) -> None:
        _recording.reset(self._tokens.pop())

    def _recreate_cm(self) -> no_grad:
        return no_grad()  # one set of tokens per call of a decorated function
