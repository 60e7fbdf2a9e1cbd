"""Python source of what rules compute: they are run on variables, and what they do is written down.

>>> x = Variable("x", {})
>>> 1 - x * x
(1.0 - (x * x))
>>> RULEBOOK["tanh"](x)
tanh0(x)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from autograd.op import OF_USERS, RENAMED, RULEBOOK

if TYPE_CHECKING:
    from autograd.op import Op

    Function = Op | tuple[Op, int]
    """An operation, or its derivative by one of its operands."""

_SIGNS = {
    "add": "({} + {})", "subtract": "({} - {})", "multiply": "({} * {})", "divide": "({} / {})",
    "negative": "(-{})", "equal": "({} == {})", "greater": "({} > {})", "less": "({} < {})",
    "greater_equal": "({} >= {})", "less_equal": "({} <= {})",
}  # fmt: skip


class Variable(NDArrayOperatorsMixin):
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
        return applied(op.name, op, operands)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Of an operator, and of `np.cos(x)` in a rule that is written with it."""
        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        op: Any = RULEBOOK.get(name) if name in _SIGNS else (RULEBOOK | OF_USERS).get(name)
        if method != "__call__" or kwargs or (op is None and name not in _SIGNS):
            return NotImplemented
        return applied(name, op, inputs)

    def __repr__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        raise TypeError("a rule that branches is called as it is")


def applied(name: str, function: Function | None, operands: Sequence[Any]) -> Variable:
    """What a function, or a comparison (None), gives of variables and numbers: a sign or a call."""
    texts = [text_of(x) for x in operands]
    first = next(x for x in operands if isinstance(x, Variable))
    if name in _SIGNS and function is RULEBOOK.get(name):
        return type(first)(_SIGNS[name].format(*texts), first.functions)
    assert function is not None
    known = first.functions.setdefault(function, f"{name}{len(first.functions)}")
    return type(first)(f"{known}({', '.join(texts)})", first.functions)


def text_of(x: float | Variable) -> str:
    """How a variable or a number is written."""
    return x.text if isinstance(x, Variable) else repr(float(x))
