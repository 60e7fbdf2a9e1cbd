"""Vector-Jacobian products as formulas: the rulebook's rule, run on symbols that have a shape."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.op import Elementwise, Op
from autograd.viz.symbols import Symbol
from autograd.viz.text import printable

if TYPE_CHECKING:
    from autograd.viz.steps import Step


class ArraySymbol(Symbol):
    """A symbol that holds an array, so that rules can ask for its shape and go on computing.

    Example:
        >>> x = ArraySymbol.named("X", np.ones((2, 3)))
        >>> (x @ x.T).text, (x @ x.T).shape
        ('X @ Xᵀ', (2, 2))
    """

    __slots__ = ("_data",)
    _rank: ClassVar[int] = 4
    _data: Any

    @classmethod
    def named(cls, name: str, array: Any) -> ArraySymbol:
        """An array with a name."""
        out = cls(name)
        out._data = np.asarray(array)
        return out

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> ArraySymbol:
        out = cls("")
        out.op = op
        out.operands = tuple(x if isinstance(x, Symbol) else _constant(x) for x in operands)
        out.params = params
        inputs = [x._data if isinstance(x, ArraySymbol) else x for x in operands]
        out._data = np.asarray(op.compute(inputs, params))
        return out

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's; so are the others."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:  # noqa: D102
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:  # noqa: D102
        return self._data.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:  # noqa: D102
        return self._data.dtype

    @property
    def T(self) -> Any:  # noqa: D102
        return self.transpose()  # type: ignore[attr-defined]

    def __getitem__(self, index: Any) -> Any:
        from autograd.op import RULEBOOK

        return RULEBOOK["getitem"](self, index)


def _constant(x: Any) -> Symbol:
    if np.ndim(x) == 0:
        return Symbol(float(x))
    return ArraySymbol.named("×".join(map(str, np.shape(x))), x)


def bar(name: str) -> str:
    """How the gradient of the root with respect to an array is written: X̄, or ∂/∂name.

    Example:
        >>> bar("X"), bar("W1"), bar("hidden")
        ('X̄', 'W̄1', 'grad(hidden)')
    """
    letter = name[:1]
    if letter.isalpha() and (len(name) == 1 or name[1:].isdigit()):
        return unicodedata.normalize("NFC", f"{letter}\u0304{name[1:]}")
    return f"grad({name})"


def vjp_text(step: Step) -> str:
    """The vector-Jacobian product of a step in symbols, and its shapes; "" if it has no formula.

    `X̄ += Ȳ @ Wᵀ   (2×3 = 2×4 @ 4×3)`
    """
    if isinstance(step.op, Elementwise):
        return ""
    formula = _rule_on_symbols(step)
    if formula is None:
        return ""
    text = _as_written(formula)
    if len(text) > 80:
        return ""
    shapes = _with_shapes(formula)
    return printable(f"{bar(step.parent_name)} += {text}" + (f"   ({shapes})" if shapes else ""))


def _rule_on_symbols(step: Step) -> ArraySymbol | None:
    node: Any = step.node
    arrays = getattr(node, "_inputs", ())
    inputs = tuple(
        ArraySymbol.named(str(name), array)
        for name, array in zip(step.operands, arrays, strict=False)
    )
    out_grad = ArraySymbol.named(bar(step.node_name), step.out_grad)
    out = ArraySymbol.named(step.node_name, node._data)
    try:
        with np.errstate(all="ignore"):
            formula = step.op.pullback(step.position, out_grad, out, inputs, node.params)  # type: ignore[attr-defined]
    except (AttributeError, TypeError, ValueError, IndexError):
        return None  # a rule that does with its arrays what cannot be written down
    return formula if isinstance(formula, ArraySymbol) else None


def _as_written(formula: Symbol) -> str:
    return formula.text.replace(" @ ", " · ")


def _with_shapes(formula: ArraySymbol) -> str:
    """`2×3 = 2×4 · 4×3` for a product of two; else the shape of the result."""
    result = "×".join(map(str, formula.shape)) or "a number"
    assert formula.op is not None or formula.name
    if formula.op is not None and formula.op.name == "matmul":
        factors = [
            "×".join(map(str, x.shape)) if isinstance(x, ArraySymbol) else ""
            for x in formula.operands
        ]
        if all(factors):
            return f"{' · '.join(factors)} → {result}"
    return f"→ {result}"
