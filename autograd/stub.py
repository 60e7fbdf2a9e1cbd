"""Write `methods.pyi`, the operations as type checkers see them: `python -m autograd.stub`."""

from __future__ import annotations

import pathlib

from autograd.op import RULEBOOK, Elementwise


def stub() -> str:
    """The text of `methods.pyi`, made from the rulebook."""
    lines = [
        '"""Generated from the rulebook by `python -m autograd.stub`; do not edit."""',
        "",
        "from typing import Any, Self",
        "",
        "class Operations:",
        "    __slots__ = ()",
    ]
    for op in RULEBOOK.values():
        if isinstance(op, Elementwise):
            optional = " = ..." if op.defaults else ""
            operand = f", other: Any{optional}" if op.arity == 2 else ""
            lines.append(f"    def {op.name}(self{operand}) -> Self: ...")
        else:
            lines.append(f"    def {op.name}(self, *args: Any, **params: Any) -> Self: ...")
        if op.operator:
            operand = ", other: Any" if op.arity == 2 else ""
            lines.append(f"    def __{op.operator}__(self{operand}) -> Self: ...")
            if op.arity == 2:
                lines.append(f"    def __r{op.operator}__(self, other: Any) -> Self: ...")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("methods.pyi").write_text(stub(), encoding="utf-8")
