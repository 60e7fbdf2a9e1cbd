"""JavaScript: a program's forward and backward pass as one function, for a page or for Node.

Called without arguments the function makes the arrays and gives them back with `forward` and
`backward`; README.md says how it is used. Five neurons' `dot(W, x)` is

    for (let i = 0; i < 5; i++) {
        let sum = 0;
        for (let j = 0; j < 2; j++)
            sum += W[2 * i + j] * x[j];
        v0[i] = sum;
    }
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd.compiler.native.loops import Apply, Memory, memories_of
from autograd.compiler.native.prepared import Prepared
from autograd.compiler.native.text import Text, nested
from autograd.errors import CompileError

ARRAYS = {"f8": "Float64Array", "f4": "Float32Array", "i8": "Int32Array", "i4": "Int32Array",
          "u1": "Uint8Array", "b1": "Uint8Array"}  # fmt: skip

_MATH = {
    "absolute": "abs", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    **{name: name for name in ("sqrt", "cbrt", "exp", "expm1", "log", "log2", "log10", "log1p",
                               "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil",
                               "trunc", "hypot")},
}  # fmt: skip

HELPERS = {
    "maximum": "(a, b) => a > b || a !== a ? a : b",
    "minimum": "(a, b) => a < b || a !== a ? a : b",
    "square": "a => a * a",
    "sign": "a => a !== a ? a : (a > 0) - (a < 0)",
    "exp2": "a => 2 ** a",
    "rint": "a => { const b = Math.round(a); return b - a === 0.5 && b % 2 ? b - 1 : b; }",
    "power": "(a, b) => a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b",
    "isinf": "a => Math.abs(a) === Infinity",
    "copysign": "(a, b) => (b < 0 || 1 / b < 0 ? -1 : 1) * Math.abs(a)",
    "remainder": "(a, b) => { const c = a % b; return c ? (c < 0 !== b < 0 ? c + b : c) : "
    "c === 0 && b < 0 ? -0 : Math.abs(c); }",
}
"""Functions that JavaScript does not have, or has otherwise: 1 ** NaN is 1 elsewhere."""


class JavaScript(Text):
    """Nests as JavaScript."""

    loop = "for (let {i} = 0; {i} < {n}; {i}++)"
    down = "for (let {i} = {last}; {i} >= 0; {i}--)"
    note = "// {}"
    declare = "let"
    stop = 'throw new RangeError("a place that is not there");'
    functions: ClassVar[Mapping[str, str]] = {
        **Text.functions,
        "equal": "{0} === {1}", "not_equal": "{0} !== {1}", "isnan": "Number.isNaN({0})",
        "isfinite": "Number.isFinite({0})",
        **{name: f"Math.{theirs}({{0}})" for name, theirs in _MATH.items()},
        "arctan2": "Math.atan2({0}, {1})", "hypot": "Math.hypot({0}, {1})",
    }  # fmt: skip

    def __init__(self) -> None:
        self.helpers: dict[str, str] = {}

    def type(self, dtype: np.dtype[Any]) -> str:
        """Nothing: a variable has no type."""
        return ""

    def number(self, value: float, dtype: np.dtype[Any]) -> str:
        """A number as it is written in the code."""
        if dtype.kind != "f":
            return str(int(value))
        if not math.isfinite(value):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return repr(float(value)).removesuffix(".0")

    def cast(self, x: str, source: np.dtype[Any], to: np.dtype[Any]) -> str:
        """A number as one of another type."""
        if source.kind == "f" and to.kind in "iu":
            return f"Math.trunc({x})"
        return x  # of truth values, too, which count as 1 and 0

    def template(self, code: Apply) -> str:
        """How a function is written; with the helper that it needs."""
        name = code.function
        if name in HELPERS:
            self.helpers[name] = f"const {name} = {HELPERS[name]};"
            return name + ("({0}, {1})" if len(code.args) == 2 else "({0})")
        return super().template(code)

    def clipped(self, place: str, count: int) -> str:
        """A place, or the nearest one of so many."""
        return f"Math.min(Math.max({place}, 0), {count - 1})"


def source(prepared: Prepared, name: str) -> str:
    """A program's forward pass and, if it has one, its backward pass as a function."""
    js = JavaScript()
    steps = [*prepared.forward, *prepared.backward]
    js.read(steps)
    first, last = _settings(prepared)
    bodies = {
        "step" if prepared.is_step else "forward": [
            *first, *js.lines(prepared.forward, " " * 12), *last,
        ],
        "backward": [*js.lines(prepared.backward, " " * 12)],
    }  # fmt: skip
    memories = {id(m): m for m in (*prepared.arguments, *prepared.results, *memories_of(steps))}
    memories.update({id(m): m for m in (*(m for m, _ in prepared.filled), *prepared.kept)})
    for numbers, grad in prepared.leaves.values():
        memories.update({id(m): m for m, *_ in (numbers, *((grad,) if grad else ()))})
    lines = [
        f"/* {name}: written by glassgrad from the program that Python ran. */",
        f"function {name}() {{",
        *(f"    {text}" for text in js.helpers.values()),
        *(f"    {_declared(js, m)}" for m in memories.values()),
        *([f"    const settings = {_first_settings(js, prepared)};"] if first or last else []),
        "    return {",
        f"        arguments: {_listed((m.name, m, 0, m.shape) for m in prepared.arguments)},",
        f"        results: {_listed((m.name, m, 0, m.shape) for m in prepared.results)},",
        f"        parameters: {_listed((k, *x) for k, (x, _) in prepared.leaves.items())},",
        f"        gradients: {_listed((k, *g) for k, (_, g) in prepared.leaves.items() if g)},",
    ]
    if prepared.kept:
        lines.append(f"        kept: {_listed((m.name, m, 0, m.shape) for m in prepared.kept)},")
    lines += ["        settings,"] if first or last else []
    for which, body in bodies.items():
        if body:
            lines += [f"        {which}() {{", *body, "        },"]
    return "\n".join([*lines, "    };", "}", ""])


def _settings(prepared: Prepared) -> tuple[list[str], list[str]]:
    """What a step does first and last with the numbers that an optimizer reads."""
    indent = " " * 12
    first = [
        line
        for text, outcome in prepared.settings.checks
        for line in (
            f"{indent}if ({_expression(text)} !== {str(outcome).lower()})",
            f'{indent}    throw new RangeError("settings for which this is not the step");',
        )
    ]
    first += [f"{indent}{m.name}[0] = {_expression(text)};" for m, text in prepared.filled]
    numbers = prepared.settings.numbers.items()
    return first, [f"{indent}settings.{name} += {by};" for name, (_, by) in numbers if by]


def _first_settings(js: JavaScript, prepared: Prepared) -> str:
    numbers = prepared.settings.numbers.items()
    found = (f"{name}: {js.number(x, np.dtype(float))}" for name, (x, _) in numbers)
    return f"{{ {', '.join(found)} }}"


def _expression(text: str) -> str:
    """What Python computes of settings, in JavaScript; of a sum in brackets without them."""
    if "//" in text or "%" in text:
        raise CompileError(f"source: {text} cannot be written in this language.")
    for word, theirs in (
        ("True", "true"),
        ("False", "false"),
        ("inf", "Infinity"),
        ("nan", "NaN"),
        ("bool", "Boolean"),
    ):
        text = re.sub(rf"(?<![\w.]){word}\b", theirs, text)
    return text


def _declared(js: JavaScript, memory: Memory) -> str:
    kind, array = ARRAYS[memory.dtype.str[1:]], memory.array
    if array is None or not (array.any() or np.signbit(array).any()):
        return f"const {memory.name} = new {kind}({memory.size});"
    values = nested(array, (memory.size,), lambda x: js.number(x, memory.dtype), "[]").replace(
        "\n", "\n    "
    )
    return f"const {memory.name} = new {kind}({values});"


def _listed(entries: Iterator[Any]) -> str:
    """Arrays by name, each with its shape."""
    found = []
    for name, memory, begin, shape in entries:
        size = math.prod(shape)
        whole = begin == 0 and size == memory.size
        part = memory.name if whole else f"{memory.name}.subarray({begin}, {begin + size})"
        # In a literal "__proto__" is no entry; in square brackets it is one.
        key = json.dumps(name) if name != "__proto__" else f"[{json.dumps(name)}]"
        found.append(f"{key}: {{ numbers: {part}, shape: {json.dumps(list(shape))} }}")
    inside = ",\n            ".join(found)
    return f"{{\n            {inside},\n        }}" if found else "{}"
