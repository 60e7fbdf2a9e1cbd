"""Expressions in a string: "sigmoid(w0 + w1*x1)" becomes a graph.

The grammar is that of a pocket calculator, with Python's operators and their precedence; nothing is
ever run as Python. What does not belong is refused, with a caret under it. The page in which
expressions are typed reads them in the same way (viz/player/expression.js).
"""

from __future__ import annotations

import keyword
import math
import re
import reprlib
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from autograd.op import RULEBOOK, Elementwise
from autograd.value import Constant, Value
from autograd.viz.text import columns, printable

LONGEST, DEEPEST = 2000, 100
"""How many characters an expression may have, and how many brackets within brackets."""

WIDTH = 90

_SUM, _PRODUCT, _SIGN, _POWER = range(1, 5)
_OPERATORS = {
    "+": ("add", _SUM), "-": ("subtract", _SUM), "*": ("multiply", _PRODUCT),
    "/": ("divide", _PRODUCT), "**": ("power", _POWER),
}  # fmt: skip
ALIASES = {"ln": "log", "pow": "power", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
ALIASES |= {"sigma": "sigmoid"}
_CONSTANTS = {"pi": math.pi, "e": math.e}

FUNCTIONS: dict[str, Elementwise] = {}
"""The functions an expression may call, by every name they have in it."""

for _op in RULEBOOK.values():
    if isinstance(_op, Elementwise):
        FUNCTIONS[_op.name] = _op
        if _op.symbol.isidentifier():  # max, min, ReLU, σ
            FUNCTIONS[_op.symbol] = _op
FUNCTIONS |= {alias: FUNCTIONS[name] for alias, name in ALIASES.items()}

ALLOWED = (
    "Allowed are numbers, names, + - * / ** and brackets, pi and e, and functions such as sigmoid, "
    "tanh, exp, log, max (`glassgrad steps --help` lists them)."
)

_REFUSED = re.compile(rf"\b(?:{'|'.join(keyword.kwlist)})\b|[^\w\s.,+\-*/()]|[²³]|//")
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_NO_FRACTION = re.compile(r"[+-]?(inf(inity)?|nan)", re.IGNORECASE)
HINTS = {
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
    reader = Reader(text)
    leaves = reader.leaves(values)
    out = reader.computed(lambda x: leaves.get(x, x), lambda op, of: op(*of))
    return out if isinstance(out, Value) else Constant(out)


class _Token(NamedTuple):
    """A number, a name or a sign, and where it begins; the end is a sign without text."""

    kind: Literal["number", "imaginary", "name", "sign"]
    text: str
    place: int


_NUMBER = re.compile(
    r"(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eE][+-]?[0-9](?:_?[0-9])*)?"
)
REFUSALS = {
    "empty": 'is empty; write for example "tanh(w*x + b)".',
    "long": f"needs at most {LONGEST:,} characters, but got {{0}}.",
    "valueless": "needs a value for {0}.",
    "hinted": "{0} is not allowed; {1}.",
    "unknown": "{0} is not a function.",
    "meant": "{0} is not a function. Did you mean {1}?",
    "bare": "{0} is a function, as in {0}(x).",
    "misfit": "this does not fit what is before it; is an operator such as * missing?",
    "runs": "a number runs into a name; a product is written 2*x.",
    "sign": "{0} is not allowed.",
    "deep": f"is nested more than {DEEPEST} deep.",
    "open": "this bracket is never closed.",
    "missing": "something is missing at the end.",
    "partner": "this bracket has no partner.",
    "one": "{0} needs 1 argument, but got {1}.",
    "many": "{0} needs {3} arguments, but got {1}.",
    "some": "{0} needs {2} to {3} arguments, but got {1}.",
    "list": "a list is not allowed.",
    "imaginary": "an imaginary number is not allowed.",
    "*": "a starred argument is not allowed.",
    "**": "** is not allowed here.",
    "called": "this is not a function.",
    "dot": ". is not allowed between names.",
}
"""What is said of what does not fit, here and in the page in which expressions are typed."""

HELPLESS = ["unknown", "sign", "list", "imaginary", "*", "**", "called", "dot"]
"""What is said without a hint; then what is allowed follows."""


class Reader:
    """An expression, read into a program in postfix order: operands before their operation.

    Source:
        Precedence climbing: M. Richards and C. Whitby-Strevens, "BCPL: The Language and Its
        Compiler" (1979).
    """

    def __init__(self, text: str) -> None:
        # One line, so that a place in it is a column; and ŷ as one character.
        self.text = unicodedata.normalize("NFC", " ".join(text.split()))
        self.program: list[Instruction] = []
        self.names: dict[str, int] = {}  # where each name is first
        self._at = self._deep = 0
        self._start = 0  # where the last operand begins
        self._opened = -1  # where the bracket begins that is around it
        self._check()
        self._tokens = [*self._split(), _Token("sign", "", len(self.text))]
        self._operands("", 0)

    def _check(self) -> None:
        if not self.text:
            raise self._refusal("empty")
        if len(self.text) > LONGEST:
            raise self._refusal("long", None, f"{len(self.text):,}")
        for refused in _REFUSED.finditer(self.text):
            found = refused.group()
            if unicodedata.category(found[0])[0] == "M":  # the bar of x̄, or a vowel of a script's
                continue
            why = "hinted" if found in HINTS else "sign"
            raise self._refusal(why, refused.start(), found, HINTS.get(found))

    def _split(self) -> Iterator[_Token]:
        text, at = self.text, 0
        while at < len(text):
            start = at
            if text[at] == " ":
                at += 1
                continue
            if number := _NUMBER.match(text, at):
                at = self._word_end(number.end())
                rest = text[number.end() : at]
                if rest and rest not in "jJ":
                    raise self._refusal("runs", start)
                yield _Token("imaginary" if rest else "number", number.group(), start)
            elif text[at].isidentifier():
                at = self._word_end(at)
                # Names are equal as Python's are.
                yield _Token("name", unicodedata.normalize("NFKC", text[start:at]), start)
            elif text[at] in "+-*/(),.":
                at += 2 if text.startswith("**", at) else 1
                yield _Token("sign", text[start:at], start)
            else:
                raise self._refusal("sign", at, text[at])

    def _word_end(self, at: int) -> int:
        while at < len(self.text) and f"a{self.text[at]}".isidentifier():
            at += 1
        return at

    @property
    def _sign(self) -> str:
        return self._tokens[self._at].text

    def _operands(self, close: str, place: int, call: bool = False) -> int:
        """Read what stands before `close`, a bracket or the end; returns how many operands.

        Args:
            close: What follows.
            place: Where it begins; of a call, where the function's name does.
            call: Whether there may be several operands, or none.
        """
        outer, count = self._opened, 0
        if close:
            self._opened = self._tokens[self._at].place
            self._at += 1
        while not (call and self._sign == ")"):
            if self._sign == ")":
                raise self._refusal("list", place) if close else self._unfit("partner")
            if call and self._sign in ("*", "**"):
                raise self._unfit(self._sign)
            self._climb(_SUM)
            count += 1
            if self._sign != ",":
                break
            if not call:
                raise self._refusal("list", place)
            self._at += 1
        if self._sign == "(":
            raise self._refusal("called", self._start)
        if self._sign != close:
            raise self._unfit({".": "dot", ")": "partner"}.get(self._sign, "misfit"))
        self._at += 1
        self._start, self._opened = place, outer
        return count

    def _climb(self, least: int) -> None:
        """Read an operand, and the operators behind it that bind at least so firmly."""
        self._operand()
        while (found := _OPERATORS.get(self._sign)) and found[1] >= least:
            name, rank = found
            place = self._tokens[self._at].place
            self._at += 1
            if rank < _POWER:
                self._climb(rank + 1)
            else:
                self._deeper(place)
                self._climb(_POWER)  # of several powers, the last comes first
                self._deep -= 1
            self.program.append((FUNCTIONS[name], 2))

    def _operand(self) -> None:
        kind, text, self._start = token = self._tokens[self._at]
        if text in ("(", "+", "-"):
            self._deeper(token.place)
            if text == "(":
                self._operands(")", token.place)
            else:
                self._at += 1
                self._climb(_SIGN)
            self._deep -= 1
            if text == "-":
                self.program.append((FUNCTIONS["negative"], 1))
        elif kind == "name" and self._tokens[self._at + 1].text == "(":
            self._call(token)
        elif kind == "imaginary":
            raise self._unfit("imaginary")
        elif kind == "sign":
            raise self._unfit()
        else:
            if kind == "name":
                self.names.setdefault(text, token.place)
            self.program.append(text if kind == "name" else float(text))
            self._at += 1

    def _call(self, token: _Token) -> None:
        op = self._function(token)
        self._at += 1
        self._deeper(token.place)
        most, count = op.arity, self._operands(")", token.place, call=True)
        self._deep -= 1
        least = most - len(op.defaults)
        if not least <= count <= most:
            why = "some" if least < most else "many" if most > 1 else "one"
            raise self._refusal(why, token.place, token.text, count, least, most)
        self.program.append((op, count))

    def _function(self, token: _Token) -> Elementwise:
        if token.text in FUNCTIONS:
            return FUNCTIONS[token.text]
        likely = closest(token.text)
        why, meant = "meant" if likely else "unknown", ALIASES.get(likely, likely)
        raise self._refusal(why, token.place, token.text, meant)

    def _deeper(self, place: int) -> None:
        self._deep += 1
        if self._deep > DEEPEST:
            raise self._refusal("deep", place)

    def _unfit(self, why: str = "misfit") -> ExpressionError:
        """The error of what stands here; at the end, of what is not there."""
        if self._sign:
            return self._refusal(why, self._tokens[self._at].place)
        if self._opened < 0:
            return self._refusal("missing", len(self.text))
        return self._refusal("open", self._opened)

    def computed(
        self, leaf: Callable[[Any], Any], apply: Callable[[Elementwise, list[Any]], Any]
    ) -> Any:
        """What the program gives: `leaf` of each name and number, `apply` of each operation."""
        stack: list[Any] = []
        for instruction in self.program:
            if isinstance(instruction, tuple):
                op, count = instruction
                stack[-count:] = [apply(op, stack[-count:])]
            else:
                stack.append(leaf(instruction))
        return stack[0]

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
                raise self._refusal("bare", self.names[name], name)
        if missing:
            raise self._refusal("valueless", None, ", ".join(missing))
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

    def _refusal(self, why: str, place: int | None = None, *details: object) -> ExpressionError:
        """An error that shows the place in the expression, if one is meant, with a caret."""
        problem = f"expression: {REFUSALS[why].format(*details)}"
        if place is None:
            return ExpressionError(problem)
        start = max(0, place - WIDTH // 2)
        shown = self.text[start : start + WIDTH]
        before = "… " if start else ""
        after = " …" if start + WIDTH < len(self.text) else ""
        caret = " " * columns(before + self.text[start:place]) + "^"
        lines = [problem, f"  {before}{shown}{after}", f"  {caret}"]
        allowed = textwrap.wrap(ALLOWED, WIDTH) if why in HELPLESS else []
        return ExpressionError(printable("\n".join([*lines, *allowed])))


def number_typed(text: str) -> float | None:
    """The number of a leaf as it is typed, a fraction or with a decimal comma too; None for none.

    The player's pages read it in the same way (viz/player/number_text.js).

    Example:
        >>> number_typed("0,5"), number_typed("−3/4"), number_typed("1/0")
        (0.5, -0.75, None)
    """
    given = text.strip().replace("−", "-").replace(",", ".")
    if _NO_FRACTION.fullmatch(given):
        return float(given)
    parts = [part.strip() for part in given.split("/")]
    if len(parts) > 2 or not all(map(_PLAIN.fullmatch, parts)):
        return None
    over, under = float(parts[0]), float(parts[-1]) if parts[1:] else 1.0
    return over / under if under else None


def closest(word: str) -> str:
    """The function whose name is nearest to a word, by slips of the pen; "" if none is near."""
    most = min(max(1, len(word) // 3), len(word) - 1)  # one letter at least is right
    near = {name: _slips(word, name) for name in FUNCTIONS if abs(len(name) - len(word)) <= most}
    best = min(near, key=near.__getitem__, default="")
    return best if best and near[best] <= most else ""


def _slips(word: str, other: str) -> int:
    """How many letters are missing, too many, wrong, or exchanged with the next."""
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, x in enumerate(word, start=1):
        now = [i]
        for j, y in enumerate(other, start=1):
            least = min(now[j - 1] + 1, row[j] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == other[j - 2] and word[i - 2] == y:
                least = min(least, before[j - 2] + 1)
            now.append(least)
        before, row = row, now
    return row[-1]
