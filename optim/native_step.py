"""Native steps: the lines of our own update rules as one loop in machine code.

With llvmlite (the extra `native`) an optimizer whose parameters are one array, as a model's are,
goes on natively after some steps: `update_in_place` is run once on arrays that note what is
computed, and what comes of it is compiled in the background. Adam reads and writes each of its
arrays once then, rather than in ten calls of NumPy. Rates and other settings are read at every
step. A step that is another one, as no gradient has reached some parameter, remains NumPy's, and so
do rules of one's own: what they read cannot be known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from autograd.arrays import FloatArray, IndexArray
    from optim.hyperparameters import Settings
    from optim.parameter_arrays import Numbers

START = 50
"""So many steps are made with NumPy before native code is compiled."""


class Rule(Protocol):
    """The UpdateRule of update_rule.py, which imports this file, as far as it is known here."""

    @property
    def backend(self) -> str | None:
        """Where its steps are computed."""
        raise NotImplementedError

    def update(self, *args: Any, **named: Any) -> Any:
        """One step, as a paper writes it."""

    def update_in_place(self, *args: Any, **named: Any) -> None:
        """The same step, which writes into θ and what is kept."""

    def change(self, *args: Any, **named: Any) -> None:
        """What a step does to the numbers of a group."""


class Memory(Protocol):
    """The Memory of memory.py, likewise."""

    kept: dict[str, FloatArray]
    scratch: list[FloatArray]
    _steps: int | IndexArray

    def numbers(self) -> Numbers:
        """The numbers, where they are now."""
        raise NotImplementedError


class NativeStep:
    """The step of a group of parameters as native code."""

    def __init__(
        self, rule: Rule, group: Settings, memory: Memory, arrays: Sequence[FloatArray]
    ) -> None:
        # here and not above: without the extra nobody needs it
        from autograd.compiler.native.kernel import Kernel

        kind = type(rule)
        self.lines = kind.update_in_place, kind.update
        kept = self.kept = list(memory.kept)
        names, others, self.read = plain_numbers(group)

        def change(arrays: Sequence[FloatArray], numbers: Sequence[float]) -> None:
            settings = others | dict(zip(names, numbers[:-1], strict=True))
            theta, grad, *more = arrays
            here = dict(zip(kept, more, strict=False))
            rule.change(theta, grad, numbers[-1], here, settings, more[len(kept) :])

        numbers = [*(self.read() or ()), memory._steps + 1]
        self.kernel = Kernel(kind.__name__, change, arrays, numbers, rule.backend == "native")

    def run(self, rule: Rule, memory: Memory, theta: FloatArray, grad: FloatArray) -> bool:
        """Make a step; False where nothing was done, as it has to be NumPy's."""
        kind, steps, numbers = type(rule), memory._steps, self.read()
        if numbers is None or not isinstance(steps, int):
            return False
        if (kind.update_in_place, kind.update) != self.lines:  # somebody has put in another one
            return False
        arrays = [theta, grad, *map(memory.kept.get, self.kept), *memory.scratch]
        if not self.kernel.run(arrays, [*numbers, steps + 1]):
            return False
        memory._steps = steps + 1
        return True


def native_step(rule: Rule, group: Settings, memory: Memory) -> NativeStep | None:
    """A rule's step natively, where it can be and is asked for."""
    from autograd.compiler.native import is_wanted  # as above

    if type(rule).__module__.partition(".")[0] != __package__ or not is_wanted(rule.backend):
        return None
    numbers = memory.numbers()
    theta, grad = numbers.take(), numbers.gradient()[0]
    if numbers.take() is not theta or theta.dtype.char not in "fd":
        return None  # copies, made at each step; or another type than is computed in
    if not isinstance(memory._steps, int):  # those of each parameter
        return None
    return NativeStep(rule, group, memory, [theta, grad, *memory.kept.values(), *memory.scratch])


def plain_numbers(
    group: Settings,
) -> tuple[list[str], dict[str, object], Callable[[], list[float] | None]]:
    """Which settings are plain numbers, the others, and what gives the numbers as they are now.

    That gives None where one of the others has changed.
    """
    names = [name for name, x in group.items() if isinstance(x, (int, float))]
    names = [name for name in names if not isinstance(group[name], bool)]
    others = {name: x for name, x in group.items() if name not in names}
    numbers = ", ".join(f"group[{name!r}]" for name in names)
    same = " and ".join(f"group[{name!r}] == others[{name!r}]" for name in others) or True
    text = f"lambda: [{numbers}] if {same} else None"  # the quickest, as each step asks
    read: Callable[[], list[float] | None] = eval(text, {"group": group, "others": others})
    return names, others, read
