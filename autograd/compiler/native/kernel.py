"""Kernel: a function that changes arrays in place, such as an update rule, as one native call.

    def sgd(arrays, numbers):
        theta, g = arrays
        theta -= numbers[0] * g

The function is run once on traced arrays, which makes the calls of NumPy that it comes to; those
become one loop. The plain numbers, such as a rate, are read before each call, and so is what the
function computes of them in Python.
"""

from __future__ import annotations

import contextlib
import operator
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.binding import Bound
from autograd.compiler.host_numbers import HostNumbers
from autograd.compiler.native.agreement import are_alike
from autograd.compiler.native.backend import Run, given_up, pieces_of
from autograd.compiler.native.llvm import address_of, printed, table_of
from autograd.compiler.native.machine import Compiled, Ending, this_machine
from autograd.compiler.native.memories import UnknownStep
from autograd.compiler.tape import Tape

if TYPE_CHECKING:
    from autograd.arrays import Array

Change = Callable[[Sequence[Any], Sequence[Any]], Any]


class Kernel:
    """A change of some arrays, of one length and type each, as native code.

    Args:
        who: Whose it is; warnings begin with it.
        change: Makes it, given the arrays and the numbers.
        arrays: Like those that it will be made of.
        numbers: Like those that it will be given.
        wait: Whether to wait until it is compiled, rather than to do so in the background.
    """

    def __init__(
        self, who: str, change: Change, arrays: Sequence[Array], numbers: list[float], wait: bool
    ) -> None:
        self.who = who
        self.kinds = [(x.dtype, x.shape) for x in arrays]
        self.arrays: Sequence[Any] = ()
        self.numbers = [numbers]
        self.function: Any = None  # there is none yet, or there will never be one
        if wait:
            self._compile(change)
            return
        # an error where there is no more thread, or the interpreter is about to end
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=self._compile, args=(change,), name="compile").start()

    def __reduce__(self) -> Any:
        return type(None), ()  # machine code cannot be copied

    def run(self, arrays: Sequence[Any], numbers: list[float]) -> bool:
        """Change these arrays; False where nothing was done, as the code is not for this."""
        return self.function is not None and self._called(self.function, arrays, numbers)

    def _called(self, function: Any, arrays: Sequence[Array], numbers: list[float]) -> bool:
        self.numbers[0] = numbers
        if (found := self.compute()) is None:
            return False
        known = self.arrays
        same = len(known) == len(arrays) and all(map(operator.is_, arrays, known))
        if not same and not self._point_to(arrays):
            return False
        for array, number in zip(self.filled, found, strict=True):
            if array is not None:
                array.fill(number)
        function(self.table_at)
        return True

    def _point_to(self, arrays: Sequence[Any]) -> bool:
        """Let the code work on these arrays, if it can."""
        if len(arrays) != len(self.kinds):
            return False
        for x, kind in zip(arrays, self.kinds, strict=True):
            if not (isinstance(x, np.ndarray) and kind == (x.dtype, x.shape)):
                return False
            if not (x.flags.c_contiguous and x.flags.aligned and x.flags.writeable):
                return False
        for place, k, begin in self.slots:
            self.table[place] = address_of(arrays[k]) + begin
        self.arrays = arrays
        return True

    def _compile(self, change: Change) -> None:
        """Make the code, and try it; where that fails, leave everything to NumPy."""
        code = f"{self.who}: its native code"
        try:
            function = self._made(change)
        except (Ending, UnknownStep, TypeError):  # the last of what a traced array cannot do
            return
        except Exception as err:  # noqa: BLE001 (whatever goes wrong, NumPy has the right numbers)
            given_up(code, f"could not be compiled ({type(err).__name__}: {err})")
            return
        if function is None:
            return
        if not self._is_right(function, change):
            given_up(code, "came out otherwise than with NumPy when it was tried")
        else:
            self.function = function

    def _made(self, change: Change) -> Any:
        """The function of the machine; None where some of it stays NumPy's."""
        tape = Tape()
        host = HostNumbers(tape)
        given = self.numbers
        numbers = host.read(lambda: given[0])
        arrays = [np.zeros(shape, dtype) for dtype, shape in self.kinds]
        traced = [tape.source(x) for x in arrays]
        with np.errstate(all="ignore"):
            change(traced, numbers)
        places = {id(x): array for x, array in zip(traced, arrays, strict=True)}
        bound = Bound(tape, traced, places)
        (calls,) = bound.sections
        pieces = pieces_of(calls)
        if len(pieces) != 1 or not isinstance(pieces[0], Run):
            return None
        (units,) = pieces[0].parts
        if pieces[0].stops:
            return None
        self.compute = host.computed()
        self.filled = [bound.arrays.get(id(x)) for x in host.used.values()]
        self.table, (self.table_at,) = table_of([units])
        begins = [(address_of(x), x.nbytes) for x in arrays]
        self.slots = [
            (place, k, at - begin)
            for place, at in enumerate(self.table.tolist())
            for k, (begin, size) in enumerate(begins)
            if begin <= at < begin + size
        ]
        used = (memory.array for unit in units for memory, _ in unit.table)
        theirs = {begin for begin, _ in begins}
        self.own = [x for x in used if address_of(x) not in theirs]  # kept for it
        self.code = Compiled([printed([units], this_machine())])
        return self.code.functions[0]

    def _is_right(self, function: Any, change: Change) -> bool:
        """Whether the change as it is written makes the same of some numbers."""
        numbers = self.numbers[0]
        rng = np.random.default_rng(0)
        ours = [(0.5 + rng.random(shape)).astype(dtype) for dtype, shape in self.kinds]
        theirs = [x.copy() for x in ours]
        with np.errstate(all="ignore"):
            done = self._called(function, ours, numbers)
            change(theirs, numbers)
        close = 1e-5 if any(dtype == np.float32 for dtype, _ in self.kinds) else 1e-12
        return done and all(are_alike(x, y, 1.0, close) for x, y in zip(ours, theirs, strict=True))
