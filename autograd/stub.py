"""Write what type checkers know of the operations: `python -m autograd.stub`.

Functions and methods come from the rulebook when Python runs; a checker does not run it, so it
reads two files made from the rulebook: `methods.pyi` and `rules/__init__.pyi`. The build writes
them (`hatch_build.py`), so an installed copy always has those of its rulebook.
"""

from __future__ import annotations

import inspect
import pathlib

import numpy as np

from autograd import rules
from autograd.op import COMPOSITIONS, RULEBOOK, Elementwise, Op

_HEAD = '"""Generated from the rulebook by `python -m autograd.stub`; do not edit."""\n\n'

_METHODS = """from collections.abc import Sequence
from typing import Any, Self, SupportsFloat

from numpy.typing import ArrayLike

class Operations:
    __slots__ = ()
"""


_OPERAND = """
# What an operator or an operation takes beside a node.
OperandLike = Operations | ArrayLike | SupportsFloat | Sequence[Operations | float]
"""


def stubs() -> dict[str, str]:
    """The text of each generated file, by its path in the package."""
    return {"methods.pyi": _HEAD + _methods(), "rules/__init__.pyi": _HEAD + _functions()}


def _functions() -> str:
    names = sorted(vars(rules)["__all__"])
    found = {name: getattr(rules, name) for name in names}
    lines = (
        f"from {function.__module__} import {function.__name__} as {name}\n"
        for name, function in found.items()
    )
    listed = "".join(f'    "{name}",\n' for name in names)
    return "# ruff: noqa: I001\n\n" + "".join(sorted(lines)) + f"\n__all__ = [\n{listed}]\n"


def _methods() -> str:
    simple = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]
    arrays = [op for op in RULEBOOK.values() if not isinstance(op, Elementwise)]
    lines = [line for op in simple for line in _lines(op, _operands(op))]
    lines += ["", "class ArrayOperations(Operations):", "    __slots__ = ()"]
    lines += [line for op in arrays for line in _lines(op, ", *args: Any, **params: Any")]
    for name, function in COMPOSITIONS.items():
        if hasattr(np.empty(0), name):  # older ones say of ptp that it is gone
            rest = list(inspect.signature(function).parameters)[1:]
            given = ", *args: Any, **params: Any" if rest else ""
            result = "Any" if name in ("any", "all", "argmax", "argmin") else "Self"
            lines.append(f"    def {name}(self{given}) -> {result}: ...")
    return _METHODS + "\n".join(lines) + "\n" + _OPERAND


def _operands(op: Elementwise) -> str:
    if op.arity == 1:
        return ""
    return f", {op.operand_names[1]}: OperandLike" + (" = ..." if op.defaults else "")


def _lines(op: Op, operands: str) -> list[str]:
    lines = [f"    def {op.name}(self{operands}) -> Self: ..."]
    if op.operator:
        other = ", other: OperandLike" if op.arity == 2 else ""
        lines.append(f"    def __{op.operator}__(self{other}) -> Self: ...")
        if other:
            lines.append(f"    def __r{op.operator}__(self, other: OperandLike) -> Self: ...")
    return lines


if __name__ == "__main__":
    for path, text in stubs().items():
        file = pathlib.Path(__file__).parent / path
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8", newline="\n")
