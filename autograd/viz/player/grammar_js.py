"""What the page in which expressions are typed must know, from the grammar and the rulebook.

How an operation is written in text, LaTeX and MathML, and the formulas of its derivatives, are
those of `autograd.viz.symbols`, so that the page declares nothing of its own.
"""

from __future__ import annotations

import functools
import keyword
import math
from typing import Any

from autograd import expression
from autograd.op import RULEBOOK, Elementwise, Op
from autograd.viz.symbols import (
    COMPARISONS,
    KNOWN_NUMBERS,
    Symbol,
    filled,
    places_of,
    symbolic_partial,
)
from autograd.viz.tree import BINARY, COMMANDS, FUNCTIONS, GREEK, SLOTS, read
from autograd.viz.views import MOST_DRAWN


@functools.cache
def grammar() -> dict[str, Any]:
    """Functions, operations and words, ready for JSON."""
    ops = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]
    return {
        "functions": {name: op.name for name, op in expression.FUNCTIONS.items()},
        "aliases": expression.ALIASES,
        "ops": {op.name: _operation(op) for op in ops},
        "comparisons": {of.name: of.symbol for of in COMPARISONS.values()},
        "known": [*KNOWN_NUMBERS.items()],
        "commands": COMMANDS,
        "words": sorted(FUNCTIONS),
        "binary": [*BINARY, ","],
        "greek": GREEK,
        "keywords": keyword.kwlist,
        "hints": expression.HINTS,
        "allowed": expression.ALLOWED,
        "longest": expression.LONGEST,
        "deepest": expression.DEEPEST,
        "drawn": MOST_DRAWN,
    }


def _operation(op: Elementwise) -> dict[str, Any]:
    operands = ["x", "y"][: op.arity]
    places = places_of(op) if "{0}" in op.latex else None
    return {
        "arity": op.arity,
        "defaults": op.defaults,
        "symbol": op.symbol,
        "operator": op.operator,
        "text": Symbol.of(op, operands).template,
        "places": places,
        "tree": read(filled(op.latex, SLOTS) if places else op.latex),
        "partials": [_plain(symbolic_partial(op, i, operands, "o")) for i in range(op.arity)],
    }


def _plain(x: Symbol) -> Any:
    """A formula as lists of texts and numbers."""
    if x.number is not None:
        return x.number if math.isfinite(x.number) else str(x.number)
    if x.op is None:
        return x.name
    assert isinstance(x.op, Op) or x.op in COMPARISONS.values()
    return [x.op.name, *map(_plain, x.operands)]
