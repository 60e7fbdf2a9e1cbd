"""Write `methods.pyi`, the operations as type checkers see them: `python -m autograd.stub`."""

from __future__ import annotations

import inspect
import pathlib

import numpy as np

from autograd.op import COMPOSITIONS, RULEBOOK, Elementwise, Op

_HEAD = '''"""Generated from the rulebook by `python -m autograd.stub`; do not edit."""

from typing import Any, Self

class Operations:
    __slots__ = ()
'''


def stub() -> str:
    """The text of `methods.pyi`, made from the rulebook."""
    simple = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]
    arrays = [op for op in RULEBOOK.values() if not isinstance(op, Elementwise)]
    lines = [line for op in simple for line in _lines(op, _operands(op))]
    lines += ["", "class ArrayOperations(Operations):", "    __slots__ = ()"]
    lines += [line for op in arrays for line in _lines(op, ", *args: Any, **params: Any")]
    for name, function in COMPOSITIONS.items():
        if hasattr(np.ndarray, name):
            rest = list(inspect.signature(function).parameters)[1:]
            given = ", *args: Any, **params: Any" if rest else ""
            result = "Any" if name in ("any", "all", "argmax", "argmin") else "Self"
            lines.append(f"    def {name}(self{given}) -> {result}: ...")
    return _HEAD + "\n".join(lines) + "\n"


def _operands(op: Elementwise) -> str:
    if op.arity == 1:
        return ""
    return f", {op.operand_names[1]}: Any" + (" = ..." if op.defaults else "")


def _lines(op: Op, operands: str) -> list[str]:
    lines = [f"    def {op.name}(self{operands}) -> Self: ..."]
    if op.operator:
        other = ", other: Any" if op.arity == 2 else ""
        lines.append(f"    def __{op.operator}__(self{other}) -> Self: ...")
        if other:
            lines.append(f"    def __r{op.operator}__(self, other: Any) -> Self: ...")
    return lines


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("methods.pyi").write_text(stub(), encoding="utf-8")
