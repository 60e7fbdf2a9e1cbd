"""Symbols: operands on which the rulebook's functions give formulas.

The rule of an operation, run on symbols instead of numbers, is the caption of its local derivative,
so no second table of derivatives exists:

>>> symbolic_partial(RULEBOOK["tanh"], 0, ["z"], "y")
1 - y²
>>> symbolic_partial(RULEBOOK["power"], 0, ["x", 3.0], "y")
3·x²

A formula is a tree. A leaf has a `name`, a `number` or a `derivative`; any other symbol has an `op`
and its `operands`. It is written as text, and as the tree of elements that `tree.py` writes as
LaTeX and as MathML.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.declarations import on_every_operation
from autograd.expression import Reader
from autograd.methods import Operations
from autograd.op import OF_USERS, RENAMED, RULEBOOK, Elementwise, Op
from autograd.rules.powers import LN2, LN10
from autograd.viz import notation
from autograd.viz.notation import Derivative
from autograd.viz.text import SUPERSCRIPTS, Rounded, constant
from autograd.viz.tree import SLOTS, Tree, Typeset, brackets, number_tree, read

if TYPE_CHECKING:
    from autograd.arrays import Array


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison as a symbol's operation: 1 where it holds, 0 elsewhere.

    It has what the printers and walkers read of an `Op`, and no derivative.
    """

    compare: np.ufunc
    symbol: str
    latex: str
    operator: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """As NumPy calls it."""
        return self.compare.__name__

    def compute(self, operands: Sequence[Any], params: object) -> Any:
        """Where it holds."""
        return self.compare(*operands)


GREATER = Comparison(np.greater, ">", r"\left[{0} > {1}\right]")
GREATER_EQUAL = Comparison(np.greater_equal, "≥", r"\left[{0} \ge {1}\right]")
LESS = Comparison(np.less, "<", r"\left[{0} < {1}\right]")
LESS_EQUAL = Comparison(np.less_equal, "≤", r"\left[{0} \le {1}\right]")
EQUAL = Comparison(np.equal, "=", r"\left[{0} = {1}\right]")
COMPARISONS = {of.compare: of for of in (GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL)}


class Symbol(Operations, Typeset):
    r"""A formula: a name, a number, or an operation on formulas.

    Operations on symbols give symbols. They are simplified lightly, as one would in writing:
    `1 * x` is x, `x + 0` is x, `-(-x)` is x, `x * x` is x².

    Args:
        leaf: The name of a variable, any text; a number; or a derivative.

    Example:
        >>> x = Symbol("x")
        >>> (1 + x * x) / (x - 1)
        (1 + x²)/(x - 1)
        >>> (x > 0).latex
        '\\left[x > 0\\right]'
    """

    __slots__ = ("derivative", "name", "number", "op", "operands", "params")
    _rank: ClassVar[int] = 3

    def __init__(self, leaf: str | float | Derivative) -> None:
        self.name = leaf if isinstance(leaf, str) else ""
        self.derivative = leaf if isinstance(leaf, Derivative) else None
        self.number: float | None = None
        if not isinstance(leaf, (str, Derivative)):
            self.number = leaf if isinstance(leaf, Rounded) else float(leaf)
        self.op: Op | Comparison | None = None
        self.operands: tuple[Symbol, ...] = ()
        self.params: Mapping[str, Any] = {}

    @classmethod
    def of(
        cls, op: Op | Comparison, operands: Sequence[Any], params: Mapping[str, Any] | None = None
    ) -> Symbol:
        """The operation on these operands as it stands, without simplification.

        Example:
            >>> Symbol.of(RULEBOOK["multiply"], [1.0, "x"])
            1·x
        """
        out = cls("")
        out.op = op
        out.operands = tuple(x if isinstance(x, Symbol) else cls(x) for x in operands)
        out.params = params or {}
        return out

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> Symbol:
        out = cls.of(op, operands, params)
        if op.name in _EXACT and all(x.number is not None for x in out.operands):
            return cls(RULEBOOK[op.name](*(x.number for x in out.operands)))
        return _simplified(out, op.name)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """`np.float64(2) * x` and, in a rule that is written with it, `np.cos(x)`."""
        if ufunc in COMPARISONS:
            return Symbol.of(COMPARISONS[ufunc], inputs)
        name = RENAMED.get(ufunc.__name__, ufunc.__name__)
        op = RULEBOOK.get(name) or OF_USERS.get(name)
        return NotImplemented if op is None or method != "__call__" or kwargs else op(*inputs)

    def __gt__(self, other: Any) -> Symbol:
        return Symbol.of(GREATER, (self, other))

    def __ge__(self, other: Any) -> Symbol:
        return Symbol.of(GREATER_EQUAL, (self, other))

    def __lt__(self, other: Any) -> Symbol:
        return Symbol.of(LESS, (self, other))

    def __le__(self, other: Any) -> Symbol:
        return Symbol.of(LESS_EQUAL, (self, other))

    def __bool__(self) -> bool:
        raise TypeError(
            f"Symbol: {self} has no truth value, so a rule cannot branch on it. "
            "A comparison counts as 1 or 0: write (x > 0) * a + (x <= 0) * b."
        )

    @property
    def text(self) -> str:
        """The formula as plain text."""
        return _text(self)[0]

    @property
    def template(self) -> tuple[str, int, Sequence[int]]:
        """How an operation is written: with places, how firmly, and what each place needs."""
        op = self.op
        assert op is not None
        if self.words is not None:
            # of `A · B as 2×3` nobody knows what it is that is 2×3
            return "{0}".join(self.words), NEGATIVE, (POWER if self.words[1] else PRODUCT,)
        if isinstance(op, Comparison):
            return f"[{{0}} {op.symbol} {{1}}]", ATOM, (NEGATIVE, NEGATIVE)
        if op.name == "square":
            return "{0}²", POWER, (ATOM,)
        if op.name == "reciprocal":
            return "1/{0}", PRODUCT, (POWER,)
        if op.operator == "pow" and (exponent := str(self.operands[1])) in SUPERSCRIPTS:
            return "{0}" + SUPERSCRIPTS[exponent], POWER, (ATOM, NEGATIVE)
        if op.operator in OPERATORS:
            if op.operator == "mul" and all(y.is_array for y in self.operands):
                return "{0} ⊙ {1}", PRODUCT, (POWER, POWER)  # not to be taken for a matrix product
            return OPERATORS[op.operator]
        if op.name == "transpose" and self.params.get("axes") is None:
            return "{0}ᵀ", POWER, (ATOM,)
        if op.name == "getitem":
            return f"{{0}}[{index_text(self.params.get('index'))}]", ATOM, (POWER,)
        return _call_template(self, op), ATOM, (NEGATIVE,) * len(self.operands)

    @property
    def factor(self) -> str:
        """The formula as plain text, in brackets if it needs them in a product."""
        return _bracketed(_text(self), PRODUCT, "({})")

    @property
    def factor_tree(self) -> Tree:
        """The tree, in brackets if it needs them in a product."""
        return tree_of(self, PRODUCT)

    @property
    def is_array(self) -> bool:
        """Whether it stands for an array, whose product by elements is written ⊙."""
        return False

    @property
    def words(self) -> tuple[str, str] | None:
        """What is written before and behind the operand where words say it best."""
        return None

    @property
    def tree(self) -> Tree:
        """The formula as a tree, of which LaTeX and MathML are written."""
        return tree_of(self)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"


def symbolic_partial(
    op: Op, i: int, operands: Sequence[str | float], out: str | None = None
) -> Symbol:
    """The formula of d out / d operand i: the rule of the operation, run on symbols.

    Args:
        op: An elementwise operation of the rulebook.
        i: Which operand.
        operands: What the operands are called; a number stands for itself.
        out: What the result is called; if left out, it is written in terms of the operands.

    Raises:
        TypeError: op is structural: its derivative is not a formula for one element.

    Example:
        >>> symbolic_partial(RULEBOOK["sigmoid"], 0, ["z"], "y")
        y·(1 - y)
        >>> symbolic_partial(RULEBOOK["sigmoid"], 0, ["z"])
        σ(z)·(1 - σ(z))
    """
    if not isinstance(op, Elementwise):
        raise TypeError(
            f"{op.name}: works on whole arrays, so it has a vector-Jacobian product and no formula "
            "for one element."
        )
    symbols = [Symbol(x) for x in operands]
    result = Symbol.of(op, symbols) if out is None else Symbol(out)
    try:
        partial = op.partials[i](*symbols, result)
    except (TypeError, ValueError, AttributeError):
        if RULEBOOK.get(op.name) is op:
            raise
        # A rule of somebody's own that branches, or calls what knows no symbols, has no formula.
        return Symbol(Derivative(op.name, op.operand_names[i], "∂"))
    return partial if isinstance(partial, Symbol) else Symbol(partial)


_TINY = 1e-30


def for_reading(x: Symbol) -> Symbol:
    """A formula without the bounds that only keep it finite: max(p, 3.7e-44) is p.

    Example:
        >>> p = Symbol("p")
        >>> for_reading((p > 1e-44) / RULEBOOK["maximum"](p, 1e-44))
        1/p
    """
    if x.op is None:
        return x
    operands = [for_reading(y) for y in x.operands]
    last = operands[-1].number
    if last is not None and 0 < last < _TINY and (x.op is GREATER or x.op.name == "maximum"):
        return Symbol(1) if x.op is GREATER else operands[0]
    same = all(y is z for y, z in zip(operands, x.operands, strict=True))
    return x if same or isinstance(x.op, Comparison) else x.op(*operands, **x.params)


@functools.cache
def without_bounds(op: Elementwise, i: int) -> Symbol | None:
    """A local derivative for reading, of x, y and the result o; None where it has no bounds."""
    formula = symbolic_partial(op, i, ("x", "y")[: op.arity], "o")
    plain = for_reading(formula)
    return None if plain is formula else plain


def value_of(x: Symbol, values: Mapping[str, Any]) -> Any:
    """What a formula gives with numbers, or arrays, for its names.

    Example:
        >>> value_of(2 * Symbol("x") + 1, {"x": np.array([1.0, 2.0])}).tolist()
        [3.0, 5.0]
    """
    if x.op is None:
        return values[x.name] if x.number is None else np.float64(x.number)
    return x.op.compute([value_of(y, values) for y in x.operands], dict(x.params))


# --- light simplification ---------------------------------------------------------------------


def _minus(x: Symbol) -> Symbol | None:
    """The y of which x is -y, if x is written as a negative."""
    if x.number is not None:
        return Symbol(-x.number) if x.number < 0 else None
    return x.operands[0] if x.op is RULEBOOK["negative"] else None


def _same(x: Symbol, y: Symbol) -> bool:
    """Whether two formulas are written alike."""
    parts = [(z.name, z.number, z.derivative, z.op) for z in (x, y)]
    return x is y or (parts[0] == parts[1] and all(map(_same, x.operands, y.operands)))


_EXACT = {"add", "subtract", "multiply", "negative"}  # of two numbers: computed, not written out

SIMPLER = (
    "x + 0 = x", "0 + x = x", "x + -y = x - y", "x - 0 = x", "0 - x = -x", "x - -y = x + y",
    "0*x = 0", "1*x = x", "-x*y = -(x*y)", "x*0 = 0", "x*1 = x", "x*-y = -(x*y)",
    "x*x = square(x)", "x/1 = x", "0/x = 0", "-x/y = -(x/y)", "x/-y = -(x/y)", "--x = x",
    "x**0 = 1", "x**1 = x", "greater_equal*less_equal = equal",
    "0.5*greater + 0.5*greater_equal = greater + 0.5*equal",
    "0.5*less + 0.5*less_equal = less + 0.5*equal",
)  # fmt: skip
"""What is written otherwise, here and in the page; a negative number is a -x, too.

`greater` is [x > y], and so on: a rule has no other way to ask whether two nodes are equal.
"""


@functools.cache
def simpler() -> dict[str, list[tuple[Symbol, Symbol]]]:
    """By the operation that comes last, what is written otherwise, and how, in order."""
    found: dict[str, list[tuple[Symbol, Symbol]]] = {}
    compared: dict[str | float, Symbol] = {
        of.name: Symbol.of(of, ("x", "y")) for of in COMPARISONS.values()
    }

    def leaf(x: str | float) -> Symbol:
        return compared[x] if x in compared else Symbol(x)

    for rule in SIMPLER:
        one, other = (Reader(x).computed(leaf, Symbol.of) for x in rule.split(" = "))
        found.setdefault(one.op.name, []).append((one, other))
    return found


def _simplified(x: Symbol, name: str) -> Symbol:
    for pattern, other in simpler().get(name, ()):
        bound: dict[str, Symbol] = {}
        if all(map(functools.partial(_fits, bound), pattern.operands, x.operands)):
            return _filled_in(other, bound)
    return x


def _fits(bound: dict[str, Symbol], pattern: Symbol, x: Symbol) -> bool:
    """Whether x has a form, in which a name stands for one formula."""
    if pattern.number is not None:
        return x.number == pattern.number
    if pattern.op is None:
        return _same(bound.setdefault(pattern.name, x), x)
    if pattern.op is not RULEBOOK["negative"]:
        parts = zip(pattern.operands, x.operands, strict=True)
        return x.op is pattern.op and all(_fits(bound, one, other) for one, other in parts)
    positive = _minus(x)
    return positive is not None and _fits(bound, pattern.operands[0], positive)


def _filled_in(x: Symbol, bound: dict[str, Symbol]) -> Symbol:
    if x.op is None:
        return bound.get(x.name, x)
    operands = [_filled_in(y, bound) for y in x.operands]
    return Symbol.of(x.op, operands) if isinstance(x.op, Comparison) else x.op(*operands)


# --- text -------------------------------------------------------------------------------------

# How firmly a formula holds together; an operand that holds less firmly than its place needs is
# put in brackets.
NEGATIVE, SUM, PRODUCT, POWER, ATOM = range(5)

# How Python's operators are written, how firmly the result holds, and what each place needs.
OPERATORS = {
    "add": ("{0} + {1}", SUM, (NEGATIVE, SUM)),
    "sub": ("{0} - {1}", SUM, (NEGATIVE, PRODUCT)),
    "mul": ("{0}·{1}", PRODUCT, (PRODUCT, PRODUCT)),
    "truediv": ("{0}/{1}", PRODUCT, (PRODUCT, POWER)),
    "floordiv": ("{0} // {1}", SUM, (PRODUCT, POWER)),
    "mod": ("{0} % {1}", SUM, (PRODUCT, POWER)),
    "matmul": ("{0} · {1}", PRODUCT, (POWER, POWER)),
    "pow": ("{0}^{1}", POWER, (ATOM, ATOM)),
    "neg": ("-{0}", NEGATIVE, (PRODUCT,)),
    "abs": ("|{0}|", ATOM, (NEGATIVE,)),
}
KNOWN_NUMBERS = {LN2: "log(2)", LN10: "log(10)"}


def _bracketed(written: tuple[str, int], needed: int, brackets: str) -> str:
    text, firmness = written
    return text if firmness >= needed else brackets.format(text)


def _text(x: Symbol) -> tuple[str, int]:
    """The text of a formula, and how firmly it holds together."""
    if x.op is None:
        return _leaf_text(x)
    template, firmness, needs = x.template
    if x.words is not None or any(sign in template for sign in "·⊙["):
        # there dL/dv is read as one thing
        needs = [PRODUCT if y.derivative else n for y, n in zip(x.operands, needs, strict=True)]
    pairs = zip(x.operands, needs, strict=True)
    return filled(template, [_bracketed(_text(y), n, "({})") for y, n in pairs]), firmness


def _call_template(x: Symbol, op: Op) -> str:
    """`tanh({0})`; of an operation on arrays also the arguments that are not the default."""
    operands = [f"{{{i}}}" for i in range(len(x.operands))]
    if isinstance(op, Elementwise):
        return f"{op.symbol}({', '.join(operands)})"
    is_word = op.symbol.islower() and op.symbol.isascii() and op.symbol.isalpha()
    name = op.symbol if is_word else op.name
    return f"{name}({', '.join([*operands, *_arguments(x, op)])})"


def _arguments(x: Symbol, op: Op) -> list[str]:
    """The arguments of an operation on arrays that are not the default."""
    defaults = getattr(op, "params", {})
    return [
        f"{name}={_argument_text(argument)}"
        for name, argument in x.params.items()
        if repr(argument) != repr(defaults.get(name)) and not _is_usual(name, argument)
    ]


def _is_usual(name: str, argument: Array | tuple[Any, ...]) -> bool:
    """Whether an argument changes nothing: a stride of 1, a padding of 0."""
    usual = {"stride": 1, "dilation": 1, "padding": 0, "groups": 1}.get(name)
    return usual is not None and bool(np.all(np.asarray(argument) == usual))


def _argument_text(argument: Array | tuple[int, ...]) -> str:
    text = repr(argument)
    return text if len(text) <= 12 else "…"


def index_text(index: Any) -> str:
    """An index as it stands between square brackets in code; … for what is long.

    Example:
        >>> index_text((slice(0, 4), -1, slice(None, None, 2))), index_text((0,))
        ('0:4, -1, ::2', '0')
    """
    parts = index if isinstance(index, tuple) else (index,)
    text = ", ".join(_slice_text(x) if isinstance(x, slice) else _entry_text(x) for x in parts)
    return text if len(text) <= 24 else "…"


def _slice_text(x: slice) -> str:
    start, stop, step = ("" if n is None else str(n) for n in (x.start, x.stop, x.step))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _entry_text(x: Any) -> str:
    return "..." if x is Ellipsis else str(x.tolist()) if isinstance(x, np.ndarray) else str(x)


def _leaf_text(x: Symbol) -> tuple[str, int]:
    if x.number is not None:
        text = KNOWN_NUMBERS.get(x.number) or constant(x.number)
        # 1e-12² would be read as a power of the exponent
        return text, NEGATIVE if x.number < 0 else POWER if re.search(r"\de", text) else ATOM
    if x.derivative is not None:
        return x.derivative.text, PRODUCT
    # A name may be any text, such as "x1*w1 + x2*w2".
    text = notation.name(x.name).text
    word = r"[^\s*+/^·-]+"
    if re.fullmatch(word, text):
        return text, ATOM
    return text, PRODUCT if re.fullmatch(rf"{word}(\*{word})+", text) else NEGATIVE


# --- trees ------------------------------------------------------------------------------------


def tree_of(x: Symbol, needed: int = NEGATIVE) -> Tree:
    """A formula as a tree, in brackets if it holds together less firmly than `needed`."""
    tree, firmness = _tree(x)
    return tree if firmness >= needed else brackets(tree)


_PARTS = re.compile(
    r"(\{\d\}"  # what stands in a template for an operand,
    r"|\((?=\{)"  # the bracket before the first,
    r"|(?<=\})\["  # the one behind it, in which its index stands,
    r"|[])]$)"  # and the last bracket
)


def _tree(x: Symbol) -> tuple[Tree, int]:
    """The tree of a formula, and how firmly it holds together."""
    if x.op is None:
        return _leaf_tree(x)
    if not isinstance(x.op, (Elementwise, Comparison)) and (x.words or _arguments(x, x.op)):
        # The template has no place for an argument: a transpose with axes is no Xᵀ.
        template, firmness, needs = x.template
        operands = [tree_of(y, n) for y, n in zip(x.operands, needs, strict=True)]
        trees: list[Tree] = []
        for part in _PARTS.split(template):
            if part[:1] == "{":
                trees.append(operands[int(part[1:-1])])
            elif part:
                name = not trees and part.isidentifier()
                kind = "mo" if part in "[]()" else "mi" if name else "mtext"
                trees.append((kind, part.replace(" ", "\u00a0")))
        return ("mrow", *trees), firmness
    if "{0}" not in x.op.latex:
        commas = [part for y in x.operands for part in (("mo", ","), tree_of(y))]
        return ("mrow", read(x.op.latex), ("mo", "("), *commas[1:], ("mo", ")")), ATOM
    firmness, needs = places_of(x.op)
    operands = [tree_of(y, n) for y, n in zip(x.operands, needs, strict=False)]
    if x.op.operator == "mul" and all(y.is_array for y in x.operands):
        return ("mrow", operands[0], ("mo", "⊙"), operands[1]), PRODUCT
    return _replaced(read(filled(x.op.latex, SLOTS)), operands), firmness


def _leaf_tree(x: Symbol) -> tuple[Tree, int]:
    text, firmness = _leaf_text(x)
    if x.number in KNOWN_NUMBERS:
        return ("mrow", ("mi", "ln"), ("mn", text[4:-1])), firmness
    if x.number is not None:
        return number_tree(text), firmness
    return (x.derivative.tree, POWER) if x.derivative else (notation.name(x.name).tree, firmness)


def as_written(x: float) -> float:
    """The number of a formula as it is written there; log(2) is that."""
    return x if x in KNOWN_NUMBERS else float(constant(x))


def _replaced(tree: Tree, operands: Sequence[Tree]) -> Tree:
    if tree[0] == "slot":
        slot: int = tree[1]
        return operands[slot]
    return tree[0], *(x if isinstance(x, str) else _replaced(x, operands) for x in tree[1:])


def filled(template: str, operands: Sequence[str]) -> str:
    """`template.format(*operands)`, but a brace that stands for itself need not be doubled."""
    return re.sub(
        r"\{(\d+)\}|([{}])\2?",
        lambda found: operands[int(found[1])] if found[1] else found[2],
        template,
    )


def places_of(op: Op | Comparison) -> tuple[int, list[int]]:
    """How firmly the LaTeX of an operation holds together, and what each of its places needs.

    Inside the template's own brackets or braces anything may stand; elsewhere only an atom, or what
    the operator allows.
    """
    plain = re.sub(r"\\right.", ")", re.sub(r"\\left.", "(", filled(op.latex, "\0\1\2")))
    depth, firmness, needs = 0, ATOM, {}
    for i, character in enumerate(plain):
        depth += (character in "({[") - (character in ")}]")
        if character in "\0\1\2":
            needs[character] = NEGATIVE if depth and plain[i + 1 : i + 2] != "^" else ATOM
        elif depth == 0 and (character == "^" or plain[i : i + 3] in (" + ", " - ")):
            firmness = min(firmness, POWER if character == "^" else SUM)
    found = [needs[character] for character in sorted(needs)]
    if op.operator not in OPERATORS:
        return firmness, found
    _, by_sign, by_operator = OPERATORS[op.operator]
    firmness = firmness if plain.startswith(r"\lfloor") else by_sign
    return firmness, [n and m for n, m in zip(found, by_operator, strict=True)]


def _install(op: Op) -> None:
    """Give symbols the method of an operation and its operator, as the nodes have them."""

    def method(self: Symbol, *operands: Any, **params: Any) -> Any:
        return op(self, *operands, **params)

    def reflected(self: Symbol, other: float) -> Any:
        return op(other, self)

    method.__name__, method.__doc__ = op.name, (op.__doc__ or "").partition("\n")[0]
    setattr(Symbol, op.name, method)
    if op.operator:
        setattr(Symbol, f"__{op.operator}__", method)
        if op.arity == 2:
            setattr(Symbol, f"__r{op.operator}__", reflected)


on_every_operation(_install)
