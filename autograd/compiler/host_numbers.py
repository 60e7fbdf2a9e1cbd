"""Host numbers: what an optimizer computes in Python, such as its rate, as an expression.

A rate and a count of steps are other numbers at each call, so they cannot be written into a
program. While a step is recorded they are of a kind that notes how it was computed with:

    group["lr"] / (1 - 0.9**t)      the text "(v[0] / (1 - (0.9 ** v[1])))"

Where such a number meets arrays it is an array of no axes, which each call fills in; one function
that is made of the texts computes them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from autograd.compiler.tape import Tape


class HostNumber:
    """A plain number that each call reads anew, or what was computed of some."""

    __slots__ = ("now", "owner", "text")

    def __init__(self, owner: HostNumbers, text: str, now: float) -> None:
        self.owner, self.text, self.now = owner, text, now

    def beside(self, operands: Iterable[Any]) -> object:
        """The number as an array of the type that it takes beside the arrays among some."""
        kinds = [x.dtype for x in operands if hasattr(x, "dtype")]
        kind = np.result_type(*kinds) if kinds else np.dtype(float)
        return self.owner.array(self, kind if kind.kind == "f" else np.dtype(float))

    def _is(self, text: str, outcome: bool) -> bool:
        self.owner.checks[text] = outcome
        return outcome

    def __bool__(self) -> bool:
        return self._is(f"bool({self.text})", bool(self.now))

    def __float__(self) -> float:
        self.owner.tape.refuse("float()")

    def __neg__(self) -> HostNumber:
        return HostNumber(self.owner, f"(-{self.text})", -self.now)

    __int__ = __index__ = __float__
    __hash__ = object.__hash__


def _operator(sign: str, swapped: bool = False, compares: bool = False) -> Callable[..., Any]:
    calculate: Any = eval(f"lambda x, y: x {sign} y")

    def method(self: HostNumber, other: Any) -> Any:
        if isinstance(other, (bool, int, float)):
            shown, now = f"({other!r})" if repr(other)[0] == "-" else repr(other), other
        elif isinstance(other, HostNumber):
            shown, now = other.text, other.now
        else:
            return NotImplemented
        sides = [(self.text, self.now), (shown, now)][:: -1 if swapped else 1]
        (x, x_now), (y, y_now) = sides
        text, found = f"({x} {sign} {y})", calculate(x_now, y_now)
        return self._is(text, found) if compares else HostNumber(self.owner, text, found)

    return method


_ARITHMETIC = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
}  # fmt: skip
_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
for _name, _sign in _ARITHMETIC.items():
    setattr(HostNumber, f"__{_name}__", _operator(_sign))
    setattr(HostNumber, f"__r{_name}__", _operator(_sign, swapped=True))
for _name, _sign in _COMPARISONS.items():
    setattr(HostNumber, f"__{_name}__", _operator(_sign, compares=True))


class HostNumbers:
    """All such numbers of a recording.

    Attributes:
        reads: Give the numbers that come from outside.
        names: What each of them is called, and the `id` of whose it is.
        checks: Texts of comparisons, and how they came out.
        used: The arrays that calls fill in, by text and type.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.reads: list[tuple[Callable[[], Any], int]] = []
        self.names: list[tuple[str, int]] = []
        self.checks: dict[str, bool] = {}
        self.used: dict[tuple[str, str], object] = {}
        self._count = 0

    def read(
        self, read: Callable[[], Any], names: Sequence[str] = (), owner: object = None
    ) -> list[HostNumber]:
        """The numbers that `read` gives at each call."""
        now = read()
        self.names += [(name, id(owner)) for name in names or ["v"] * len(now)]
        self.reads.append((read, len(now)))
        self._count += len(now)
        begin = self._count - len(now)
        return [HostNumber(self, f"v[{begin + i}]", x) for i, x in enumerate(now)]

    def array(self, number: HostNumber, kind: np.dtype[Any]) -> object:
        """The array of no axes that each call fills in with a number."""
        key = number.text, kind.char
        if key not in self.used:
            self.used[key] = self.tape.source(np.array(number.now, kind))
        return self.used[key]

    def computed(self) -> Callable[[], Any]:
        """What gives the numbers of a call, for `used`; None where a comparison is another one."""
        texts = "".join(f"{text}, " for text, _ in self.used)
        checks = " and ".join(f"({text}) == {outcome}" for text, outcome in self.checks.items())
        names: dict[str, Any] = {"inf": float("inf"), "nan": float("nan")}
        function = eval(f"lambda v: ({texts}) if {checks or True} else None", names)

        def compute() -> tuple[float, ...] | None:
            given: list[Any] = []
            for read, count in self.reads:
                numbers = read()
                if numbers is None or len(numbers) != count:
                    return None
                given += numbers
            found: tuple[float, ...] | None = function(given)
            return found

        return compute
