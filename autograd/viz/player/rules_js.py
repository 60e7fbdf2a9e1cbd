"""The rules a page needs to compute with, generated from the rulebook.

Nothing is declared here for single operations that are made of others: the rulebook's own functions
are run on names of numbers, and what they do is written down. The others, such as tanh, are written
as the compiler writes them in JavaScript.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.native.javascript import HELPERS, JavaScript
from autograd.compiler.python_source import Variable, text_of
from autograd.op import RULEBOOK, Elementwise, Op

if TYPE_CHECKING:
    from autograd.compiler.python_source import Function

_FUNCTIONS = HELPERS | {
    "fmax": "(a, b) => a >= b || b !== b ? a : b",
    "fmin": "(a, b) => a <= b || b !== b ? a : b",
    "fmod": "(a, b) => a % b",
    # As Python's: a whole number of times, also where a / b is rounded up to it.
    "floor_divide": "(a, b) => { let m = a % b, d = (a - m) / b; if (!b) return a / b; "
    "if (m && m < 0 !== b < 0) d -= 1; return d ? Math.round(d) : a / b * 0; }",
    "logaddexp": "(a, b) => a === b ? a + Math.LN2 : "
    "Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))",
    "logaddexp2": "(a, b) => a === b ? a + 1 : "
    "Math.max(a, b) + Math.log1p(2 ** -Math.abs(a - b)) / Math.LN2",
    # Its series; further out the continued fraction of what is missing to 1 (Abramowitz & Stegun,
    # "Handbook of Mathematical Functions" (1964), 7.1.5 and 7.1.14).
    "erf": "x => { let a = Math.abs(x), s = a, t = a, n = 0; if (!(a < 6)) return a > 5 ? "
    "Math.sign(x) : x; if (a < 2.5) { for (; n < 90;) t *= -a * a / ++n, s += t / (2 * n + 1); "
    "s *= 2 / Math.sqrt(Math.PI); } else { for (s = 0, n = 60; n; n--) s = n / 2 / (a + s); "
    "s = 1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + s); } return x < 0 ? -s : s; }",
}
"""What `Math` has not, or has otherwise."""


class _Number(Variable):
    """A number by how it is written in JavaScript, where the truth counts as 1 in a sum, too."""

    __slots__ = ()
    dtype = np.dtype(float)

    def astype(self, dtype: object) -> Variable:
        """A truth value as a number."""
        return _Number(f"(+{self.text})", self.functions)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """`np.where(x > 0, x, 0)`."""
        if function is not np.where:
            return NotImplemented
        condition, x, y = map(text_of, args)
        return _Number(f"({condition} ? {x} : {y})", self.functions)


def can_compute(op: Op) -> bool:
    """Whether a page can compute this operation and its derivatives."""
    return isinstance(op, Elementwise) and RULEBOOK.get(op.name) is op


def rules_js(names: Iterable[str]) -> str:
    """The rules of some operations as a JavaScript object: name to [forward, [derivatives]].

    Example:
        >>> print(rules_js(["tanh", "relu"]))
        (() => {
        const maximum0 = (a, b) => a > b || a !== a ? a : b;
        return {"tanh":[(x) => Math.tanh(x),[(x,o) => (1.0 - (o * o))]],
        "relu":[(x) => maximum0(x, 0.0),[(x,o) => (x > 0.0)]]};})()
    """
    called: dict[Function, str] = {}
    rules = ",\n".join([_rule(name, called) for name in names])
    written: dict[Op, str] = {}
    while left := [op for op in called if isinstance(op, Op) and op not in written]:
        for op in left:  # which may call others
            written[op] = f"const {called[op]} = {_forward(op.name, called)};\n"
    return f"(() => {{\n{''.join(written.values())}return {{{rules}}};}})()"


def computable(names: Iterable[str]) -> list[str]:
    """Operations that a page can compute, what their derivatives are written with, and signs.

    Example:
        >>> computable(["sin", "matmul"])
        ['sin', 'cos', 'add', 'subtract', 'multiply', 'divide', 'power', 'negative', 'square']
    """
    called: dict[Function, str] = {}
    found = [name for name in names if name in RULEBOOK and can_compute(RULEBOOK[name])]
    for name in found:
        _derivatives(RULEBOOK[name], called)
    signs = ("add", "subtract", "multiply", "divide", "power", "negative", "square")
    return list(dict.fromkeys([*found, *(op.name for op in called if isinstance(op, Op)), *signs]))


def _rule(name: str, called: dict[Function, str]) -> str:
    op: Any = RULEBOOK[name]
    operands = ",".join(["x", "y"][: op.arity])
    partials = [f"({operands},o) => {text}" for text in _derivatives(op, called)]
    flat = ",1" if op.is_flat else ""  # no gradient passes, not even an infinite one
    return f"{json.dumps(name)}:[{_forward(name, called)},[{','.join(partials)}]{flat}]"


def _derivatives(op: Any, called: dict[Function, str]) -> list[str]:
    numbers = [_Number(x, called) for x in (*["x", "y"][: op.arity], "o")]
    return [text_of(partial(*numbers)) for partial in op.partials]


def _forward(name: str, called: dict[Function, str]) -> str:
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    op: Any = RULEBOOK[name]
    names = ["x", "y"][: op.arity]
    known = JavaScript.functions.get("absolute" if name == "abs" else name)
    text = known and known.format(*names)
    text = text or text_of(op.forward(*(_Number(x, called) for x in names)))
    needed = op.arity - len(op.defaults)
    given = [f"{x}={y}" for x, y in zip(names[needed:], op.defaults, strict=True)]
    return f"({','.join([*names[:needed], *given])}) => {text}"
