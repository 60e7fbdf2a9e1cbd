"""RecordedArray: an array of a function that is being recorded, and what it does in its own way.

Like any traced array it notes on its tape what is computed of it. But it may meet Values, and
floats that are Values while a function is recorded: what is made of both are Values (crossing.py).
A number that the function looks at is checked at every replay; what nobody could repeat with other
numbers is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd.compiler.crossing import Crossing, has_values
from autograd.compiler.refusals import refusal
from autograd.compiler.tape import (
    Tape,
    Traced,
    arrays_of,
    asked_by_user,
    traced_in,
    with_arrays,
    writes,
)

if TYPE_CHECKING:
    from autograd.arrays import Array


class RecordedArray(Traced):
    """An array that a function computes with while it is recorded."""

    __slots__ = ()
    tape: RecordedTape

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """What it is uncompiled, for who asks `isinstance(x, np.ndarray)`."""
        if not asked_by_user():
            return RecordedArray
        return self.dtype.type if self.number else np.ndarray

    def __getitem__(self, index: Any) -> Any:
        # An element of an argument is a number to compute with.
        parts = index if isinstance(index, tuple) else (index,)
        if len(parts) == self.ndim and all(type(i) is int for i in parts):
            number = self.tape.run.element(self, parts)
            if number is not None:
                return number
        out = self.taken(parts)
        number = self.tape.run.element(out, ()) if out.number else None
        return out if number is None else number

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, self.tape.run.plain_array(value))

    def taken_from(self, array: Array, index: Array | Traced | int | slice[Any, Any, Any]) -> Any:
        """`array[index]`, where this array is one or the other."""
        return self.tape.run.chosen(array, index)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with a universal function, and note it."""
        run, inputs = self.tape.run, with_arrays(inputs)
        if method == "__call__":  # others take indices
            inputs = tuple(map(_of_numbers, inputs))
        if any(isinstance(x, np.ndarray) and x.dtype == object for x in inputs):
            options.pop("out", None)
            return run.on_objects(getattr(ufunc, method), inputs, options)
        if any(hasattr(type(x), "_apply") for x in inputs):
            inputs = run.as_arrays(inputs)
            if any(hasattr(type(x), "_apply") for x in inputs):
                return NotImplemented  # a node takes an array in, not the reverse
        return super().__array_ufunc__(ufunc, method, *inputs, **options)

    def __array_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Compute with any other function of NumPy, and note it."""
        run, nodes = self.tape.run, any(hasattr(kind, "_apply") for kind in types)
        if func in (np.shape, np.ndim, np.size):
            return super().__array_function__(func, types, args, kwargs)
        if func is np.empty_like:
            return run.scratch(self, **kwargs)
        if not writes(func, kwargs) and has_values((args, kwargs)):
            given, named = run.as_arrays(args), run.as_arrays(kwargs)
            if not has_values((given, named)):  # they are floats uncompiled
                return func(*given, **named)
            if not nodes:
                return run.on_objects(func, args, kwargs)
        if nodes:
            return NotImplemented  # a node takes an array in, not the reverse
        return super().__array_function__(func, types, args, kwargs)

    @property
    def stand_in(self) -> Any:
        """What makes of a new Value this number, `Value(x)`: of one number, not of an array."""
        if self.array.ndim:
            raise AttributeError("stand_in")
        return self.tape.run.objects(self).item().stand_in

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if not self.ndim and dtype in (None, object):  # in a list with others
            if self.dtype == np.float64:
                return self.tape.run.objects(self)
            out = np.empty((), dtype=object)  # where its type is not lost
            out[()] = self
            return out
        return super().__array__(dtype, copy)

    def __bool__(self) -> bool:
        return self.tape.run.truth(self)

    def __hash__(self) -> int:
        if self.number and asked_by_user():
            self.tape.refuse("looking a number up in a set or dict")
        return object.__hash__(self)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: object) -> Any:
        return self.copy()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        self.tape.refuse("a copy or a pickle")

    def __rmul__(self, other: Any) -> Any:
        if isinstance(other, (list, tuple, str, bytes)) and self.number and self.dtype.kind in "iu":
            self.tape.refuse("a count")
        return super().__rmul__(other)

    def __str__(self) -> str:
        return self.tape.refuse("printing it")


def _of_numbers(x: Any) -> Any:
    """A list of single numbers as an array, as NumPy takes it; anything else as it is."""
    numbers = type(x) in (list, tuple) and not any(given.ndim for given in traced_in(x))
    return np.asarray(x) if numbers else x


class RecordedTape(Tape):
    """The tape of a function that is recorded: of one run, whose numbers it has."""

    def __init__(self, run: Crossing) -> None:
        super().__init__(by_rows=False)
        self.run = run

    def _traced(self, array: Array) -> RecordedArray:
        return RecordedArray(self, array)

    def _owned(
        self, args: Sequence[Any], options: dict[str, Any] | None
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(map(self._own, args)), {k: self._own(x) for k, x in (options or {}).items()}

    def _own(self, tree: Any) -> Any:
        """Nested arguments, with copies of the lists and arrays that may be written to later."""
        if type(tree) is RecordedArray:
            return self.run.aliases.current(tree)
        if tree.__class__ in (int, float, str, type(None)):
            return tree
        if isinstance(tree, np.ndarray) and tree.dtype != object:
            return self.run.outside.keep(tree)
        if isinstance(tree, (tuple, list)):
            return type(tree)([self._own(x) for x in tree])
        return {key: self._own(x) for key, x in tree.items()} if isinstance(tree, dict) else tree

    def change(
        self,
        out: Traced,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: dict[str, Any] | None = None,
    ) -> None:
        """Note a call that changes `out`, which is one of its arguments, and make it now."""
        out = self.run.changing(out)
        args, named = self._owned(args, options)
        function(*arrays_of(args), **arrays_of(named))
        self.known.clear()
        super().change(out, function, args, named)

    def refuse(self, what: str) -> NoReturn:
        """Say that something cannot be replayed."""
        raise refusal(what)
