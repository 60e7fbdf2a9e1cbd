"""The array of a Tensor as its user gets it: written to only with the graph's knowledge.

A recorded operation keeps the arrays it needs for its derivative. If one is overwritten before
`backward()`, the gradient would be wrong without a word. So a Tensor hands out its array as a
`GuardedArray`, which notes every write on a clock that the recorded operations compare with.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Clock = list[int]
"""When an array was last written to: one number, shared by all tensors that show its memory."""

now: Clock = [0]
"""How many writes there have been; a recorded operation remembers this."""

NEVER: Clock = [0]
"""The clock of arrays that nobody can write to."""


def note_write(*clocks: Clock) -> None:
    """Note that the arrays of these clocks have just been written to."""
    now[0] += 1
    for clock in clocks:
        clock[0] = now[0]


class GuardedArray(np.ndarray[Any, Any]):
    """A view of a Tensor's array that reads like any array and notes what is written through it.

    `t.data[0] = 1.0`, `t.data -= step` and views (`t.data[1:] *= 2`) are noted. NumPy itself sees
    a read-only array, so no other way of writing goes unseen: it is refused.

    Example:
        >>> from autograd import Tensor
        >>> t = Tensor([1.0, 2.0])
        >>> t.data[0] = 5.0
        >>> t.data
        array([5., 2.])
    """

    _clock: Clock | None

    def __array_finalize__(self, source: Any) -> None:
        # A copy has memory of its own, which no graph looks at.
        self._clock = getattr(source, "_clock", None) if self.base is not None else None

    def __setitem__(self, index: Any, value: Any) -> None:
        self._writable()[index] = value

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        """Compute on plain arrays; `t.data -= step` arrives here with `out` being this array."""
        plain = [x.view(np.ndarray) if isinstance(x, GuardedArray) else x for x in inputs]
        if method == "at" and isinstance(inputs[0], GuardedArray):  # writes into its first operand
            plain[0] = inputs[0]._writable()
        if out is None:
            return getattr(ufunc, method)(*plain, **kwargs)
        targets = tuple(x._writable() if isinstance(x, GuardedArray) else x for x in out)
        getattr(ufunc, method)(*plain, out=targets, **kwargs)
        return out[0] if len(out) == 1 else out

    def _writable(self) -> np.ndarray[Any, Any]:
        array = self.view(np.ndarray)
        if self._clock is NEVER:
            raise ValueError(
                "data: this array is the result of an operation, which the graph still needs. "
                "Write to a copy instead (.data.copy())."
            )
        if self._clock is not None:
            note_write(self._clock)
            array.flags.writeable = True
        return array

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).copy().__reduce__()


def guarded(array: Any, clock: Clock) -> Any:
    """The array as its user gets it; an array that is not NumPy's is handed out as it is."""
    if type(array) is not np.ndarray:
        return array
    view = array.view(GuardedArray)
    view._clock = clock
    view.flags.writeable = False
    return view
