"""The chain rule for arrays as a formula: the rulebook's rule, run on symbols that have a shape.

dL/dW += Xᵀ · dL/dV                 (2×3 += 2×4 · 4×3)
dL/db += Σ over axis 0 of dL/dV     (3 += 4×3)
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from autograd.op import RULEBOOK, Elementwise, Op, unbroadcast
from autograd.viz.matrices import SMALL, Factors
from autograd.viz.notation import Derivative
from autograd.viz.symbols import Symbol, _argument_text
from autograd.viz.text import shape_text

LONGEST = 80
"""A formula of more columns explains nothing; the operation is named instead."""


class _ArrayStep(Protocol):
    """What a rule is written from: a step of the backward pass."""

    @property
    def node(self) -> Any: ...
    @property
    def position(self) -> int: ...
    @property
    def out_grad(self) -> Any: ...
    @property
    def local(self) -> Any: ...
    @property
    def contribution(self) -> Any: ...
    @property
    def node_name(self) -> str: ...
    @property
    def operands(self) -> tuple[str | float, ...]: ...
    @property
    def op(self) -> Op: ...
    @property
    def formula(self) -> Symbol | None: ...
    @property
    def upstream(self) -> Derivative | None: ...


class ArraySymbol(Symbol):
    """A symbol that holds an array, so that rules can ask for its shape and go on computing.

    Example:
        >>> x = ArraySymbol.of_array("X", np.ones((2, 3)))
        >>> (x @ x.T).text, (x @ x.T).shape
        ('X · Xᵀ', (2, 2))
        >>> x.sum(axis=0).text, (x * x.reshape((3, 2)).T).text
        ('Σ over axis 0 of X', 'X ⊙ (X as 3×2)ᵀ')
    """

    __slots__ = ("_data",)
    _rank: ClassVar[int] = 4
    _data: Any

    @classmethod
    def of_array(cls, leaf: Any, array: Any) -> ArraySymbol:
        """An array with a name, or a derivative."""
        out = cls(leaf)
        out._data = np.asarray(array)
        return out

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Any, ...], params: dict[str, Any]) -> ArraySymbol:
        inputs = [x._data if isinstance(x, ArraySymbol) else x for x in operands]
        data = np.asarray(op.compute(inputs, params))
        first = operands[0]
        if op.name == "multiply" and (kept := _without_ones(operands, data)) is not None:
            return kept
        if op.name == "reshape" and isinstance(first, ArraySymbol):
            if first.shape == data.shape:
                return first
            if first.op is not None and first.op.name == "sum":  # as `unbroadcast` sums
                first._data, first.params = data, {**first.params, "keepdims": False}
                return first
        simple = super()._apply(op, tuple(map(_symbol, operands)), params)
        out = cls("")
        out.name, out.number, out.derivative = simple.name, simple.number, simple.derivative
        out.op, out.operands, out.params = simple.op, simple.operands, simple.params
        out._data = data
        return out

    @property
    def is_array(self) -> bool:
        """Whether it has more than one element."""
        return self._data.size > 1  # type: ignore[no-any-return]

    @property
    def words(self) -> tuple[str, str] | None:
        """What is written before and behind the operand where words say it best."""
        name = self.op.name if self.op else ""
        if name == "scatter":
            index = self.params.get("index")
            return "", f" put at [{_argument_text(index).strip('()')}] of zeros"
        if name == "sum":
            return _summed(self.params.get("axis"), self.operands[0]), ""
        if name == "broadcast_to":
            return "", f" repeated to {shape_text(self.shape)}"
        return ("", f" as {shape_text(self.shape)}") if name == "reshape" else None

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
        return RULEBOOK["getitem"](self, index)


def _without_ones(operands: tuple[Any, ...], data: Any) -> ArraySymbol | None:
    """Of an array times ones that only fix the shape, the array."""
    for one, other in (operands, operands[::-1]):
        plain = isinstance(other, np.ndarray) and np.all(other == 1)
        if isinstance(one, ArraySymbol) and plain and one.shape == data.shape:
            return one
    return None


def _summed(axis: Any, of: Any) -> str:
    axes = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
    if not axes or len(axes) == getattr(of, "ndim", 0):
        return "Σ of "
    return f"Σ over {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))} of "


def _symbol(x: Any) -> Symbol:
    if isinstance(x, Symbol):
        return x
    if np.ndim(x) == 0:
        return Symbol(float(x))
    return ArraySymbol.of_array(_constant_name(np.asarray(x)), x)


def _constant_name(x: Any) -> str:
    """What a constant of a rule is called: what lectures call it, or its shape."""
    if x.dtype == bool and x.ndim and np.all(x.sum(axis=-1) == 1):
        return "onehot"
    return f"{'mask' if np.all((x >= 0) & (x <= 1)) else 'constant'}[{shape_text(x.shape)}]"


def rule_of(step: _ArrayStep) -> ArraySymbol | None:
    """What a step on arrays adds, as a formula; None where the rule cannot be written down."""
    node: Any = step.node
    upstream = step.upstream if step.upstream is not None else 1.0
    out_grad = ArraySymbol.of_array(upstream, step.out_grad)
    inputs = tuple(
        ArraySymbol.of_array(name, array)
        for name, array in zip(step.operands, getattr(node, "_inputs", ()), strict=False)
    )
    out = ArraySymbol.of_array(step.node_name, node._data)
    if isinstance(step.op, Elementwise):
        return _elementwise_rule(step, out_grad)
    try:
        with np.errstate(all="ignore"):
            formula = step.op.pullback(step.position, out_grad, out, inputs, node.params)  # type: ignore[attr-defined]
    except (AttributeError, TypeError, ValueError, IndexError):
        return None  # a rule that does with its arrays what cannot be written down
    return formula if isinstance(formula, ArraySymbol) and len(formula.text) <= LONGEST else None


def _elementwise_rule(step: _ArrayStep, out_grad: ArraySymbol) -> ArraySymbol:
    formula = step.formula
    assert formula is not None
    local = ArraySymbol("")
    local.name, local.number, local.derivative = formula.name, formula.number, None
    local.op, local.operands, local.params = formula.op, formula.operands, formula.params
    local._data = np.broadcast_to(step.local, np.shape(step.out_grad))
    product: Any = out_grad
    if out_grad.number == 1:
        product = local
    elif formula.number != 1:  # as it stands: parts of the formula have no arrays to compute with
        product = ArraySymbol("")
        product.name, product.number, product.op = "", None, RULEBOOK["multiply"]
        product.operands, product._data = (out_grad, local), out_grad._data * local._data
    return unbroadcast(product, np.shape(step.contribution))  # type: ignore[no-any-return]


def factors_of(step: _ArrayStep, formula: ArraySymbol | None, received: str) -> Factors | None:
    """What a step adds, if it is a product of two matrices small enough to be written out."""
    if formula is None or formula.op is None or formula.op.name != "matmul":
        return None
    left, right = formula.operands
    arrays = (step.contribution, *(getattr(x, "_data", None) for x in (left, right)))
    if any(np.ndim(x) != 2 or not 0 < np.size(x) <= SMALL for x in arrays):
        return None
    return Factors((received, left.text, right.text), arrays)


def shapes_of(step: _ArrayStep, formula: ArraySymbol) -> str:
    """The shapes that a formula joins: `2×3 += 2×4 · 4×3`."""
    factors: list[Any] = [step.out_grad]
    if formula.op is not None and formula.op.name == "matmul":
        factors = list(formula.operands)
    parts = " · ".join(shape_text(getattr(x, "shape", ())) for x in factors)
    return f"{shape_text(np.shape(step.contribution))} += {parts}"


def summed_axes(step: _ArrayStep) -> tuple[int, ...]:
    """The axes along which an operand was repeated (broadcast), so that its gradient is a sum."""
    wide, narrow = np.shape(step.out_grad), np.shape(step.contribution)
    if not isinstance(step.op, Elementwise) or wide == narrow:
        return ()
    extra = len(wide) - len(narrow)
    return tuple(i for i in range(len(wide)) if i < extra or narrow[i - extra] != wide[i])
