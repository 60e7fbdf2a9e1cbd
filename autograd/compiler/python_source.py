"""Python source that is written while rules are computed: its lines, and its variables.

A rule of the rulebook is computed on variables as on floats, and what it does is written down:

>>> source = PythonSource({})
>>> x = Variable(source, "x")
>>> 1 - x * x
t1
>>> source.text
['t0 = x * x', 't1 = 1.0 - t0']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.op import OF_USERS, RENAMED, RULEBOOK

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.op import Op

_INFIX = {
    "add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}",
    "negative": "-{}",
}  # fmt: skip
_COMPARISONS = {
    np.greater: "{} > {}", np.greater_equal: "{} >= {}", np.less: "{} < {}",
    np.less_equal: "{} <= {}",
}  # fmt: skip


class PythonSource:
    """The text of a round, and the functions that it calls.

    Attributes:
        text: The lines.
        functions: By its name in the text, a function of Python's floats and one of NumPy's.
    """

    def __init__(self, functions: dict[str, tuple[Any, Any]]) -> None:
        self.text: list[str] = []
        self.functions = functions

    def assigned(self, expression: str) -> Variable:
        """A new name for what an expression gives."""
        name = f"t{len(self.text)}"
        self.text.append(f"{name} = {expression}")
        return Variable(self, name)

    def applied(self, op: Any, operands: Sequence[Any]) -> Variable:
        """An operation on variables and numbers."""
        names = [text_of(x) for x in operands]
        if op.name == "multiply" and "1.0" in names:
            other: Variable = operands[1 - names.index("1.0")]
            return other
        if op.name in _INFIX:
            return self.assigned(_INFIX[op.name].format(*names))
        return self.call(op.name, op.scalar, op.forward, names)

    def call(
        self,
        name: str,
        of_floats: Callable[..., Any],
        of_numpys: Callable[..., Any],
        names: Sequence[str],
    ) -> Variable:
        """A call of a function."""
        self.functions[f"{name}_"] = of_floats, of_numpys
        return self.assigned(f"{name}_({', '.join(names)})")


class Variable:
    """A number by its name in the text that is written."""

    __slots__ = ("name", "source")
    _rank: ClassVar[int] = 3

    def __init__(self, source: PythonSource, name: str) -> None:
        self.source, self.name = source, name

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Variable:
        source = next(x.source for x in operands if isinstance(x, Variable))
        return source.applied(op, operands)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """In a rule that is written with it, `np.cos(x)`."""
        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        op = RULEBOOK.get(name) or OF_USERS.get(name)
        if method != "__call__" or kwargs or (op is None and ufunc not in _COMPARISONS):
            return NotImplemented
        return op(*inputs) if op else self.source.assigned(_compared(ufunc, *inputs))

    def __gt__(self, other: Any) -> Variable:
        return self.source.assigned(_compared(np.greater, self, other))

    def __ge__(self, other: Any) -> Variable:
        return self.source.assigned(_compared(np.greater_equal, self, other))

    def __lt__(self, other: Any) -> Variable:
        return self.source.assigned(_compared(np.less, self, other))

    def __le__(self, other: Any) -> Variable:
        return self.source.assigned(_compared(np.less_equal, self, other))

    def __repr__(self) -> str:
        return self.name

    def __bool__(self) -> bool:
        raise TypeError("a rule that branches is called as it is")


def _install(op: Op) -> None:
    """Make an operation a method of variables, and its operator theirs."""

    def method(*operands: Any) -> Any:
        return op(*operands)

    method.__name__, method.__doc__ = op.name, (op.__doc__ or "").partition("\n")[0]
    setattr(Variable, op.name, method)
    if op.operator:
        setattr(Variable, f"__{op.operator}__", method)
        setattr(Variable, f"__r{op.operator}__", lambda x, y: op(y, x))


for _op in RULEBOOK.values():
    _install(_op)


def text_of(x: float | Variable) -> str:
    """A variable's name, or how a number is written."""
    return x.name if isinstance(x, Variable) else repr(float(x))


def _compared(relation: Any, x: Any, y: Any) -> str:
    return _COMPARISONS[relation].format(text_of(x), text_of(y))
