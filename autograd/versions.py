"""The array of a Tensor as its user gets it: written to only with the graph's knowledge.

A recorded operation keeps the arrays it needs for its derivative. If one is overwritten before
`backward()`, the gradient would be wrong without a word. So a Tensor hands out its array as a
`VersionedArray`, which gives every write a number, the version of the memory that was written to.
A recorded operation knows how many writes there had been, and so whether one came later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.tracing import written

if TYPE_CHECKING:
    from autograd.arrays import Array


class Version:
    """The number of the last write into some memory; all tensors that show the memory share it."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def __reduce_ex__(self, protocol: Any) -> Any:
        return "FIXED" if self is FIXED else object.__reduce_ex__(self, 2)


latest = Version()
"""That of the last write into any array: how many there have been."""

FIXED = Version()
"""The version of arrays that nobody can write to."""


def note_write(*versions: Version) -> None:
    """Note that the arrays of these versions are about to be written to, or just have been."""
    written("writing to .data")
    latest.number = number = latest.number + 1
    for version in versions:
        version.number = number


class VersionedArray(np.ndarray[Any, Any]):
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

    _version: Version | None

    def __array_finalize__(self, source: Any) -> None:
        # A copy has memory of its own, which no graph looks at.
        self._version = getattr(source, "_version", None) if self.base is not None else None

    def __setitem__(self, index: Any, value: Any) -> None:
        self._writable()[index] = value

    def __array_ufunc__(
        self,
        ufunc: np.ufunc,
        method: str,
        *inputs: Any,
        out: tuple[Array, ...] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Compute on plain arrays; `t.data -= step` arrives here with `out` being this array."""
        plain = [x.view(np.ndarray) if isinstance(x, VersionedArray) else x for x in inputs]
        if method == "at" and isinstance(
            inputs[0], VersionedArray
        ):  # writes into its first operand
            plain[0] = inputs[0]._writable()
        if out is None:
            return getattr(ufunc, method)(*plain, **kwargs)
        targets = tuple(x._writable() if isinstance(x, VersionedArray) else x for x in out)
        getattr(ufunc, method)(*plain, out=targets, **kwargs)
        return out[0] if len(out) == 1 else out

    def _writable(self) -> np.ndarray[Any, Any]:
        array = self.view(np.ndarray)
        if self._version is FIXED:
            raise ValueError(
                "data: this array is the result of an operation, which the graph still needs. "
                "Write to a copy instead (.data.copy())."
            )
        if self._version is not None:
            note_write(self._version)
            array.flags.writeable = True
        return array

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).copy().__reduce__()


def versioned(array: Array, version: Version) -> Array:
    """The array as its user gets it; an array that is not NumPy's is handed out as it is."""
    if type(array) is not np.ndarray:
        return array
    view = array.view(VersionedArray)
    view._version = version
    view.flags.writeable = False
    return view
