"""C: a program's forward pass as one file of C99, to read or to run on a microcontroller.

No memory is allocated, nothing but C's own library is used, and each step is a loop that reads like
the formula: five neurons' `dot(W, x)` is

    for (int i = 0; i < 5; i++) {
        double sum = 0.0;
        for (int j = 0; j < 2; j++)
            sum += W[i][j] * x[j];
        v0[i] = sum;
    }
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd.compiler.native.loops import FIXED, LEAF, Apply, Memory, every_nest, memories_of
from autograd.compiler.native.prepared import Prepared
from autograd.compiler.native.text import Text, nested
from autograd.errors import CompileError

TYPES = {
    "f8": "double",
    "f4": "float",
    "i8": "int",
    "i4": "int",
    "u1": "unsigned char",
    "b1": "bool",
}

_MATH = (
    "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan",
    "sinh", "cosh", "tanh", "floor", "ceil", "trunc", "rint", "hypot", "copysign",
)  # fmt: skip

_NAMED = {
    "absolute": "fabs", "power": "pow", "arctan2": "atan2", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    **{name: name for name in _MATH},
}  # fmt: skip

HELPERS = {
    "maximum": "return a > b || a != a ? a : b;",
    "minimum": "return a < b || a != a ? a : b;",
    "sign": "return a != a ? a : (a > 0) - (a < 0);",
    "square": "return a * a;",
}
"""Functions that C does not have; like NumPy's, the first two give nan where one of two is nan."""


_CLIPPED = """static inline int clipped(int i, int n) {
    return i < 0 ? 0 : i < n ? i : n - 1;
}"""


class C(Text):
    """Nests as C.

    Args:
        single: Whether all numbers are float, also those that are double in Python.
    """

    loop = "for (int {i} = 0; {i} < {n}; {i}++)"
    down = "for (int {i} = {last}; {i} >= 0; {i}--)"
    note = "/* {} */"
    declare = "{type}"
    deep = True
    functions: ClassVar[Mapping[str, str]] = {
        **Text.functions,
        "isnan": "isnan({0})", "isinf": "isinf({0})", "isfinite": "isfinite({0})",
    }  # fmt: skip

    def __init__(self, single: bool = False) -> None:
        self.types = {**TYPES, **({"f8": "float"} if single else {})}
        self.helpers: dict[str, str] = {}

    def type(self, dtype: np.dtype[Any]) -> str:
        """The name of a type."""
        return self.types[dtype.str[1:]]

    def number(self, value: Any, dtype: np.dtype[Any]) -> str:
        """A number as it is written in the code."""
        if dtype.kind != "f":
            return str(int(value))
        suffix = "f" if self.type(dtype) == "float" else ""
        if not math.isfinite(value):
            return "NAN" if value != value else "INFINITY" if value > 0 else "-INFINITY"
        if suffix:
            value = np.float32(value)
            return "0.0f" if not value and not np.signbit(value) else f"{_digits(value)}f"
        return _digits(float(value))

    def cast(self, x: str, source: np.dtype[Any], to: np.dtype[Any]) -> str:
        """A number as one of another type."""
        return f"({self.type(to)}){x if x.isidentifier() else f'({x})'}"

    def template(self, code: Apply) -> str:
        """How a function is written; with the helper that it needs."""
        name, kind = code.function, self.type(code.args[0].dtype)
        end = "f" if kind == "float" else ""
        if name in HELPERS:
            call = f"{name}{end}"
            operands = ", ".join(f"{kind} {x}" for x in "ab"[: len(code.args)])
            text = f"static inline {kind} {call}({operands}) {{\n    {HELPERS[name]}\n}}"
            self.helpers[call] = text
            return call + ("({0}, {1})" if len(code.args) == 2 else "({0})")
        if name in _NAMED and code.args[0].dtype.kind == "f":
            return _NAMED[name] + end + ("({0}, {1})" if len(code.args) == 2 else "({0})")
        return super().template(code)

    def clipped(self, place: str, count: int) -> str:
        """A place, or the nearest one of so many."""
        self.helpers["clipped"] = _CLIPPED
        return f"clipped({place}, {count})"


def _digits(x: object) -> str:
    text = str(x) if isinstance(x, np.floating) else repr(x)
    return text if any(c in text for c in ".en") else text + ".0"


def source(prepared: Prepared, name: str, single: bool = False) -> tuple[str, str]:
    """A program's forward pass as C.

    Args:
        prepared: The program.
        name: What the function is called, and the file.
        single: Whether to compute with float.

    Returns:
        The file and its header.
    """
    c = C(single)
    c.read(prepared.forward)
    stops = any(nest.stops for nest in every_nest(prepared.forward))
    if stops:
        c.stop = "goto none;"
    head = _signature(c, prepared, name)
    body = [*c.lines(prepared.forward, "    ")]
    outside = {id(m) for m in (*prepared.arguments, *prepared.results)}
    memories = [m for m in memories_of(prepared.forward) if id(m) not in outside]
    parts = [
        f"/* {name}: written by glassgrad from the program that Python ran.\n"
        f"   To try it: cc -std=c99 -D{name.upper()}_MAIN {name}.c -lm -o {name} */",
        f'#include <math.h>\n#include "{name}.h"',
        *c.helpers.values(),
        "\n".join(_declared(c, m) for m in memories),
        f"{head} {{\n" + "\n".join([*body, *(_none(c, prepared) if stops else ())]) + "\n}",
        _main(c, prepared, name),
    ]
    guard = f"{name.upper()}_H"
    shapes = ", ".join(f"{m.name} of shape {m.shape}" for m in prepared.results)
    header = [
        f"#ifndef {guard}\n#define {guard}\n",
        "#include <stdbool.h>\n#include <stdint.h>\n",
        f"/* Fills {shapes}.",
        "   It keeps numbers in memory of its own, so one call at a time. */",
        f"{head};\n\n#endif\n",
    ]
    return "\n\n".join(part for part in parts if part) + "\n", "\n".join(header)


def _none(c: C, prepared: Prepared) -> Iterator[str]:
    """What a call does that looks something up at a place that is not there."""
    yield from ("    return;", "none: /* a place that is not there: no numbers */")
    for memory in prepared.results:
        if memory.dtype.kind != "f":
            raise CompileError(
                f"{prepared.who}: needs results that are floats where something is looked up, as "
                "they are nan where there is no such place. Return 1.0 * it."
            )
        name = f"(({c.type(memory.dtype)} *){memory.name})"
        yield f"    for (int i = 0; i < {memory.size}; i++)"
        yield f"        {name}[i] = NAN;"


def _signature(c: C, prepared: Prepared, name: str) -> str:
    given = [_parameter(c, m, const=len(c.lengths(m)) == 1) for m in prepared.arguments]
    made = [_parameter(c, m) for m in prepared.results]
    return f"void {name}({', '.join([*given, *made]) or 'void'})"


def _parameter(c: C, memory: Memory, const: bool = False) -> str:
    return f"{'const ' * const}{c.type(memory.dtype)} {_shaped(c, memory)}"


def _shaped(c: C, memory: Memory) -> str:
    return memory.name + "".join(f"[{n}]" for n in c.lengths(memory))


def _declared(c: C, memory: Memory) -> str:
    const = memory.role in (FIXED, LEAF)
    head = f"static {'const ' * const}{c.type(memory.dtype)} {_shaped(c, memory)}"
    if not const and (memory.array is None or not memory.array.any()):
        return f"{head};"
    values = nested(memory.array, c.lengths(memory), lambda x: c.number(x, memory.dtype))
    return f"{head} = {values};"


def _main(c: C, prepared: Prepared, name: str) -> str:
    """Reads the arguments' numbers and prints the results'."""
    lines = [f"#ifdef {name.upper()}_MAIN", "#include <stdio.h>", "", "int main(void) {"]
    for m in (*prepared.arguments, *prepared.results):
        lines.append(f"    static {c.type(m.dtype)} {_shaped(c, m)};")
    lines.append("    double number;")
    for m in prepared.arguments:
        kind = c.type(m.dtype)
        lines += [
            f"    for (int i = 0; i < {m.size}; i++) {{",
            '        if (scanf("%lf", &number) != 1)',
            "            return 1;",
            f"        (({kind} *){m.name})[i] = ({kind})number;",
            "    }",
        ]
    if not prepared.arguments:
        lines.remove("    double number;")
    lines.append(
        f"    {name}({', '.join(m.name for m in (*prepared.arguments, *prepared.results))});"
    )
    for m in prepared.results:
        lines += [
            f"    for (int i = 0; i < {m.size}; i++)",
            f'        printf("%.17g\\n", (double)((const {c.type(m.dtype)} *){m.name})[i]);',
        ]
    return "\n".join([*lines, "    return 0;", "}", "#endif"])
