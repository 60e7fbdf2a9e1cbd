"""Python source of what rules compute: they are run on variables, and what they do is written down.

>>> x = Variable("x", {})
>>> 1 - x * x
(1.0 - (x * x))
>>> RULEBOOK["tanh"](x)
tanh0(x)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.op import OF_USERS, RENAMED, RULEBOOK

if TYPE_CHECKING:
    from autograd.op import Op

    Function = Op | tuple[Op, int]
    """An operation, or its derivative by one of its operands."""

_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
_COMPARISONS: dict[np.ufunc, str] = {
    np.greater: ">", np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "==",
}  # fmt: skip


class Variable:
    """A number by how it is written.

    Attributes:
        text: That.
        functions: What is called in the text, and under which name.
    """

    __slots__ = ("functions", "text")
    _rank: ClassVar[int] = 3

    def __init__(self, text: str, functions: dict[Function, str]) -> None:
        self.text, self.functions = text, functions

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Variable:
        names = [text_of(x) for x in operands]
        functions = next(x.functions for x in operands if isinstance(x, Variable))
        if op.name in _INFIX:
            return cls(f"({names[0]} {_INFIX[op.name]} {names[1]})", functions)
        if op.name == "negative":
            return cls(f"(-{names[0]})", functions)
        return called(op, op.name, names, functions)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """In a rule that is written with it, `np.cos(x)`."""
        if ufunc in _COMPARISONS:
            return _compared(ufunc)(*inputs)
        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        op = RULEBOOK.get(name) or OF_USERS.get(name)
        return NotImplemented if op is None or method != "__call__" or kwargs else op(*inputs)

    def __repr__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        raise TypeError("a rule that branches is called as it is")


def called(
    function: Function, name: str, names: list[str], functions: dict[Function, str]
) -> Variable:
    """A call of a function, which is given a name of its own."""
    known = functions.setdefault(function, f"{name}{len(functions)}")
    return Variable(f"{known}({', '.join(names)})", functions)


def text_of(x: float | Variable) -> str:
    """How a variable or a number is written."""
    return x.text if isinstance(x, Variable) else repr(float(x))


def _compared(ufunc: np.ufunc) -> Callable[..., Variable]:
    """What writes a comparison down."""

    def method(x: Any, y: Any) -> Variable:
        functions = (x if isinstance(x, Variable) else y).functions
        return Variable(f"({text_of(x)} {_COMPARISONS[ufunc]} {text_of(y)})", functions)

    return method


def _install(operator: str, op: Op) -> None:
    """Make an operation an operator of variables."""

    def method(*operands: Any) -> Any:
        return op(*operands)

    setattr(Variable, f"__{operator}__", method)
    setattr(Variable, f"__r{operator}__", lambda x, y: op(y, x))


for _op in RULEBOOK.values():
    if _op.operator:
        _install(_op.operator, _op)
for _ufunc, _name in zip(_COMPARISONS, ("gt", "ge", "lt", "le", "eq"), strict=True):
    setattr(Variable, f"__{_name}__", _compared(_ufunc))
