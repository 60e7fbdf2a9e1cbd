"""RecordedValue: a Value of a function that is being recorded, and what it does in its own way.

It is a Value like any other, so the rulebook computes with it. But some Values are there only while
a function is recorded: uncompiled they are floats. These are compared, ordered, joined with arrays
and handed to NumPy as floats are; and what nobody could repeat with other numbers is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn, Protocol

import numpy as np

from autograd.compiler.traced import asked_by_user
from autograd.errors import CompileError
from autograd.numpy_protocols import PLAIN_UFUNCS, boxed_parts, unboxed_parts
from autograd.op import OF_USERS, RENAMED, RULEBOOK, Elementwise, Op
from autograd.tracing import tracer
from autograd.value import COMPARISONS, Constant, Value

OURS = ("autograd.", "nn.", "optim.")


class Recording(Protocol):
    """What recorded Values ask of record.py's recording, which imports this file."""

    def _is_plain(self, x: object) -> bool:
        raise NotImplementedError

    def differentiates(self, rows: list[int]) -> bool:
        """Whether a function is being differentiated for what leads to one of these rows."""
        raise NotImplementedError

    def refuse(self, what: str, remedy: str = "") -> NoReturn:
        """Say what was done where, and what to do instead."""
        raise NotImplementedError

    def stand_in(self, fresh: Value, row: int, number: float) -> None:
        """`Value(x)` of a recorded x."""

    def plain_operands(self, operands: Sequence[Any], elementwise: bool = True) -> tuple[Any, ...]:
        """The operands, with recorded floats as arrays where there are arrays with them."""
        raise NotImplementedError

    def plain_array(self, x: object) -> Any:
        """A recorded number that uncompiled is a float, ready for arithmetic with arrays."""
        raise NotImplementedError

    def equal(self, x: RecordedValue, other: object) -> Any:
        """Whether a recorded number equals something."""
        raise NotImplementedError

    def check_order(self, *sides: object) -> None:
        """See to it that NumPy does not order floats that are nan."""

    def backward(self, root: RecordedValue) -> None:
        """Run a backward pass inside the function."""


class RecordedValue(Value):
    """A Value of a function that is being recorded; each recording has its own subclass.

    Attributes:
        index: Its row in the recording.
    """

    __slots__ = ("index",)
    index: int
    recording: ClassVar[Recording]

    @property
    def _is_float(self) -> bool:  # type: ignore[override]
        seen = self.recording
        return seen._is_plain(self) and not seen.differentiates([self.index])

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What it is uncompiled, for who asks `isinstance(x, float)`."""
        return float if asked_by_user(OURS) and self._is_float else type(self)

    @property
    def requires_grad(self) -> bool:  # type: ignore[override]
        """Whether gradients flow to it: nobody but the engine may ask it of a float."""
        if asked_by_user(OURS) and self._is_float:
            self.recording.refuse("requires_grad")
        return True

    def stand_in(self, fresh: Value) -> None:
        """`Value(x)` of a recorded x: the new Value is x's row."""
        self.recording.stand_in(fresh, self.index, self._data)

    # --- with arrays and NumPy

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        elementwise = isinstance(op, Elementwise)
        if not (elementwise and all(isinstance(x, (Value, float, int)) for x in operands)):
            operands = cls.recording.plain_operands(operands, elementwise)
            if not any(isinstance(x, Value) for x in operands):
                return op(*((operands,) if getattr(op, "variadic", False) else operands), **params)
        return super()._apply(op, operands, params)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """As of a float, where it is one uncompiled."""
        seen = self.recording
        if method != "__call__" or kwargs:
            return NotImplemented
        inputs = seen.plain_operands(inputs)
        if not any(isinstance(x, Value) for x in inputs):
            return ufunc(*inputs)
        if any(isinstance(x, np.ndarray) or getattr(x, "ndim", 0) for x in inputs):
            return super().__array_ufunc__(ufunc, method, *inputs)
        if ufunc in COMPARISONS:
            x, y = (x if isinstance(x, Value) else Constant(x) for x in inputs)
            return np.bool(COMPARISONS[ufunc](x, y))
        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        if name in RULEBOOK or name in OF_USERS or ufunc in (np.equal, np.not_equal):
            return super().__array_ufunc__(ufunc, method, *inputs)
        arrays = [seen.plain_array(x) for x in inputs]
        if not any(isinstance(x, Value) for x in arrays):
            return ufunc(*arrays)
        if ufunc in PLAIN_UFUNCS:
            seen.refuse(f"np.{ufunc.__name__}")
        return super().__array_ufunc__(ufunc, method, *inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """As an array of no axes that holds it."""
        if any(getattr(kind, "_rank", 0) > 1 for kind in types):
            return NotImplemented  # a Tensor takes a Value in
        return unboxed_parts(func(*boxed_parts(args), **boxed_parts(kwargs)))

    # --- compared

    def __eq__(self, other: object) -> Any:
        """As of floats where uncompiled these are floats (a guard), else as of Values."""
        return self.recording.equal(self, other)

    def __hash__(self) -> int:
        if asked_by_user() and self._is_float:  # a Value's goes by identity
            self.recording.refuse("looking a number up in a set or dict")
        return object.__hash__(self)

    def __lt__(self, other: object) -> bool:
        if isinstance(other, np.ndarray):
            return NotImplemented
        self.recording.check_order(self, other)
        return super().__lt__(other)

    def __le__(self, other: object) -> bool:
        if isinstance(other, np.ndarray):
            return NotImplemented
        self.recording.check_order(self, other)
        return super().__le__(other)

    def __gt__(self, other: object) -> bool:
        if isinstance(other, np.ndarray):
            return NotImplemented
        self.recording.check_order(self, other)
        return super().__gt__(other)

    def __ge__(self, other: object) -> bool:
        if isinstance(other, np.ndarray):
            return NotImplemented
        self.recording.check_order(self, other)
        return super().__ge__(other)

    # --- read

    def __round__(self, digits: int = 0) -> NoReturn:
        self.recording.refuse("round()")

    def __trunc__(self) -> NoReturn:
        self.recording.refuse("int()")

    def is_integer(self) -> NoReturn:
        """Not while recording."""
        self.recording.refuse("is_integer()")

    def __repr__(self) -> str:  # for the messages of errors, too
        return "<recorded Value>"

    def __str__(self) -> str:
        return self.recording.refuse("printing it")

    # --- differentiated

    def backward(self) -> None:
        """An effect: it brings gradients to the leaves."""
        self.recording.backward(self)

    def _contributions(self, out_grad: Any) -> Any:
        running: object = tracer()
        if running is not self.recording:
            raise CompileError(
                "compile: a Value that was made inside a compiled function was used outside it, "
                "where it has no gradient. Return it from the function."
            )
        return self._graph_contributions(out_grad)  # so that the pass is recorded

    def _receive(self, grad: float) -> None:
        self._contributions(grad)
