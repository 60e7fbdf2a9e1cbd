"""Expressions in a string: "sigmoid(w0 + w1*x1)" becomes a graph.

The string is read as Python would read it, but nothing in it is ever run as Python: each part is
looked up in a short list of what is allowed, and everything else is refused, with a caret under it.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import re
import reprlib
import textwrap
import unicodedata
import warnings
from collections.abc import Mapping
from typing import Any

from autograd.op import RULEBOOK, Elementwise
from autograd.value import Constant, Value
from autograd.viz.text import columns, printable

LONGEST, DEEPEST = 2000, 100
"""How many characters an expression may have, and how many brackets within brackets."""

WIDTH = 90

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.USub: "negative",
}
_ALIASES = {"ln": "log", "pow": "power", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_ALIASES |= {"sigma": "sigmoid"}
_CONSTANTS = {"pi": math.pi, "e": math.e}

FUNCTIONS: dict[str, Elementwise] = {}
"""The functions an expression may call, by every name they have in it."""

for _op in RULEBOOK.values():
    if isinstance(_op, Elementwise):
        FUNCTIONS[_op.name] = _op
        if _op.symbol.isidentifier():  # max, min, ReLU, σ
            FUNCTIONS[_op.symbol] = _op
FUNCTIONS |= {alias: FUNCTIONS[name] for alias, name in _ALIASES.items()}

ALLOWED = (
    "Allowed are numbers, names, + - * / ** and brackets, pi and e, and functions such as sigmoid, "
    "tanh, exp, log, max (`glassgrad steps --help` lists them)."
)

_REFUSED = re.compile(rf"\b(?:{'|'.join(keyword.kwlist)})\b|[^\w\s.,+\-*/()]|[²³]|//")
_HINTS = {
    "^": "a power is written **",
    "²": "a power is written **",
    "³": "a power is written **",
    "·": "a product is written *",
    "×": "a product is written *",
    "−": "a minus is written -",
    "÷": "a quotient is written /",
    "//": "a quotient is written /",
    "[": "brackets are ( )",
    "{": "brackets are ( )",
    "=": "only what is on the right of an equation is",
}

Instruction = tuple[Elementwise, int] | str | float
"""An operation with its number of operands, a name, or a number."""


class ExpressionError(ValueError):
    """An expression that cannot be read, or values that do not fit it."""


def parse(text: str, values: Mapping[str, float]) -> Value:
    """Compute an expression and record its graph, with the given names as labelled leaves.

    Allowed are numbers, names, `+ - * / **`, brackets, and the rulebook's elementwise functions by
    name: `tanh(x)`, `max(a, b)`, `ln(x)`. `pi` and `e` are the constants unless given as names.
    Numbers are floats in IEEE arithmetic: `1/0` is an infinity, with NumPy's warning.

    Args:
        text: The expression.
        values: The number of each name in it.

    Raises:
        ExpressionError: the expression holds something else, or is too long or nested too deeply;
            a name has no value, or the expression has no such name; a value is not a number.

    Example:
        >>> y = parse("tanh(w*x + b)", {"w": 2, "x": 0.5, "b": -1})
        >>> y.data, y.parents[0].parents[1].label
        (0.0, 'b')
        >>> parse("x(2)", {"x": 3})
        Traceback (most recent call last):
        autograd.expression.ExpressionError: expression: x is not a function.
          x(2)
          ^
        ...
    """
    reader = _Reader(text)
    leaves = reader.leaves(values)
    stack: list[Any] = []
    for instruction in reader.program:
        if isinstance(instruction, tuple):
            op, count = instruction
            stack[-count:] = [op(*stack[-count:])]
        else:
            stack.append(leaves[instruction] if isinstance(instruction, str) else instruction)
    (out,) = stack
    return out if isinstance(out, Value) else Constant(out)


class _Reader:
    """An expression, read into a program in postfix order: operands before their operation."""

    def __init__(self, text: str) -> None:
        # One line, so that a place in it is a column; and ŷ as one character.
        self.text = unicodedata.normalize("NFC", " ".join(text.split()))
        self.program: list[Instruction] = []
        self.names: dict[str, int] = {}  # where each name is first
        self._read(self._tree(), 0)

    def _tree(self) -> ast.expr:
        if not self.text:
            raise ExpressionError('expression: is empty; write for example "tanh(w*x + b)".')
        if len(self.text) > LONGEST:
            raise ExpressionError(
                f"expression: needs at most {LONGEST:,} characters, but got {len(self.text):,}."
            )
        for refused in _REFUSED.finditer(self.text):
            found = refused.group()
            if unicodedata.combining(found[0]):  # the bar of x̄, which has no character of its own
                continue
            hint = f"; {_HINTS[found]}" if found in _HINTS else ""
            allowed = "" if hint else ALLOWED
            raise self._refusal(f"{found} is not allowed{hint}.", refused.start(), allowed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's opinion of "1and", an error anyway
                return ast.parse(self.text, mode="eval").body
        except SyntaxError as err:
            raise self._misread(err) from None
        except (RecursionError, MemoryError):
            raise self._too_deep(0) from None

    def _read(self, node: ast.expr, depth: int) -> None:
        """Append the program of one part of the tree."""
        if depth > DEEPEST:
            raise self._too_deep(self._place(node))
        match node:
            case ast.BinOp():
                self._read_chain(node, depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                self._read(node.operand, depth + 1)
                if isinstance(node.op, ast.USub):
                    self.program.append((FUNCTIONS["negative"], 1))
            case ast.Call():
                self._read_call(node, depth)
            case ast.Name():
                self.names.setdefault(node.id, self._place(node))
                self.program.append(node.id)
            case ast.Constant(value=int() | float() as number):
                self.program.append(_as_float(number))
            case ast.Attribute():
                dot = self.text.index(".", self._end(node.value))
                raise self._refusal(". is not allowed between names.", dot, ALLOWED)
            case _:
                what = _PARTS.get(type(node), "this")
                raise self._refusal(f"{what} is not allowed.", self._place(node), ALLOWED)

    def _read_chain(self, node: ast.BinOp, depth: int) -> None:
        """A sum of many terms is a tree as deep as it is long, to the left: walked in a loop."""
        chain: list[ast.BinOp] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            chain.append(first)
            first = first.left
        self._read(first, depth + 1)
        for part in reversed(chain):
            self._read(part.right, depth + 1)
            self.program.append((FUNCTIONS[_OPERATORS[type(part.op)]], 2))

    def _read_call(self, node: ast.Call, depth: int) -> None:
        place = self._place(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            likely = difflib.get_close_matches(name, FUNCTIONS, 1)
            hint = f" Did you mean {_ALIASES.get(likely[0], likely[0])}?" if likely else ""
            problem = f"{name or 'this'} is not a function.{hint}"
            raise self._refusal(problem, place, "" if hint else ALLOWED)
        if node.keywords:  # not name=…, which was refused for its =
            raise self._refusal("** is not allowed here.", self._place(node.keywords[0]), ALLOWED)
        op = FUNCTIONS[name]
        most, given = op.arity, len(node.args)
        least = most - len(op.defaults)
        if not least <= given <= most:
            needed = (
                f"{most} argument{'s' * (most > 1)}"
                if least == most
                else f"{least} to {most} arguments"
            )
            raise self._refusal(f"{name} needs {needed}, but got {given}.", place)
        for argument in node.args:
            self._read(argument, depth + 1)
        self.program.append((op, given))

    def leaves(self, values: Mapping[str, float]) -> dict[str, Any]:
        """A Value for each name, or the constant it stands for.

        Raises:
            ExpressionError: a name has no value, a value no name, or a value is not a number.
        """
        # Python reads names in this normal form.
        given = {unicodedata.normalize("NFKC", name): x for name, x in values.items()}
        missing = [name for name in self.names if name not in given and name not in _CONSTANTS]
        for name in missing:
            if name in FUNCTIONS:
                raise self._refusal(f"{name} is a function, as in {name}(x).", self.names[name])
        if missing:
            raise ExpressionError(f"expression: needs a value for {', '.join(missing)}.")
        if extra := [name for name in given if name not in self.names]:
            needed = [name for name in self.names if name in given or name not in _CONSTANTS]
            names = f"its names are {', '.join(needed)}" if needed else "it has no names"
            raise ExpressionError(f"expression: has no {', '.join(extra)}; {names}.")
        leaves: dict[str, Any] = dict(_CONSTANTS)
        for name, x in given.items():
            try:
                leaves[name] = Value(x, label=name)
            except (TypeError, OverflowError) as err:
                raise ExpressionError(
                    f"expression: {name} needs a number, but got {reprlib.repr(x)}."
                ) from err
        return leaves

    def _place(self, node: ast.expr | ast.keyword) -> int:
        """The character at which a part begins; `ast` counts bytes of UTF-8."""
        return len(self.text.encode()[: node.col_offset].decode())

    def _end(self, node: ast.expr) -> int:
        """The character after a part."""
        return len(self.text.encode()[: node.end_col_offset].decode())

    def _misread(self, err: SyntaxError) -> ExpressionError:
        place = err.offset - 1 if err.offset else len(self.text)
        if "too many nested" in err.msg:
            return self._too_deep(place)
        if "never closed" in err.msg:
            problem = "this bracket is never closed."
        elif "match" in err.msg:  # "unmatched", "does not match"
            problem = "this bracket has no partner."
        elif "literal" in err.msg:
            problem = "a number runs into a name; a product is written 2*x."
        elif place >= len(self.text):
            problem = "something is missing at the end."
        else:
            problem = "this does not fit what is before it; is an operator such as * missing?"
        return self._refusal(problem, place)

    def _too_deep(self, place: int) -> ExpressionError:
        return self._refusal(f"is nested more than {DEEPEST} deep.", place)

    def _refusal(self, problem: str, place: int, allowed: str = "") -> ExpressionError:
        """An error that shows the place in the expression with a caret under it."""
        start = max(0, place - WIDTH // 2)
        shown = self.text[start : start + WIDTH]
        before = "… " if start else ""
        after = " …" if start + WIDTH < len(self.text) else ""
        caret = " " * columns(before + self.text[start:place]) + "^"
        lines = [f"expression: {problem}", f"  {before}{shown}{after}", f"  {caret}"]
        return ExpressionError(printable("\n".join([*lines, *textwrap.wrap(allowed, WIDTH)])))


_PARTS: dict[type[ast.AST], str] = {
    ast.Tuple: "a list",
    ast.Starred: "a starred argument",
    ast.Constant: "an imaginary number",
}


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number with more than 308 digits
        return math.inf
