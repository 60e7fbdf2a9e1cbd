"""The chain rule for arrays as a formula: the rulebook's rule, run on symbols that have a shape.

dL/dW += Xᵀ · dL/dV                 (2×3 += 2×4 · 4×3)
dL/db += Σ over axis 0 of dL/dV     (3 += 4×3)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autograd.op import RULEBOOK, Op, unbroadcast
from autograd.tensor import Tensor
from autograd.viz.symbols import Symbol, index_text
from autograd.viz.text import shape_text

if TYPE_CHECKING:
    from autograd.arrays import Array, Number
    from autograd.node import Node
    from autograd.viz.notation import Derivative

    Operand = Symbol | Number

UNWRITTEN = (AttributeError, TypeError, ValueError, IndexError)
"""What a rule raises that does with its arrays what cannot be written down."""

LONGEST = 80
"""A formula of more columns explains nothing; the operation is named instead."""


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
    _data: Array

    @classmethod
    def of_array(cls, leaf: float | Derivative | str | Symbol, array: Number) -> ArraySymbol:
        """An array with a name, a derivative, or a formula."""
        out = cls("" if isinstance(leaf, Symbol) else leaf)
        if isinstance(leaf, Symbol):
            for part in Symbol.__slots__:
                setattr(out, part, getattr(leaf, part))
        out._data = np.asarray(array)
        return out

    @classmethod
    def _apply(cls, op: Op, operands: tuple[Operand, ...], params: dict[str, Any]) -> ArraySymbol:
        inputs = [getattr(x, "_data", getattr(x, "number", x)) for x in operands]
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
        return cls.of_array(super()._apply(op, tuple(map(_symbol, operands)), params), data)

    @property
    def is_array(self) -> bool:
        """Whether it has more than one element."""
        return self.size > 1

    @property
    def words(self) -> tuple[str, str] | None:
        """What is written before and behind the operand where words say it best."""
        name = self.op.name if self.op else ""
        if name == "scatter":
            index = self.params.get("index")
            return "", f" put at [{index_text(index)}] of zeros"
        if name == "sum":
            return summed(self.params.get("axis"), getattr(self.operands[0], "ndim", 0)), ""
        if name == "broadcast_to":
            return "", f" repeated to {shape_text(self.shape)}"
        return ("", f" as {shape_text(self.shape)}") if name == "reshape" else None

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's; so are the others."""
        return np.shape(self._data)

    @property
    def ndim(self) -> int:  # noqa: D102
        return np.ndim(self._data)

    @property
    def size(self) -> int:  # noqa: D102
        return np.size(self._data)

    @property
    def dtype(self) -> np.dtype[Any]:  # noqa: D102
        return self._data.dtype

    @property
    def T(self) -> ArraySymbol:  # noqa: D102
        found: ArraySymbol = RULEBOOK["transpose"](self)
        return found

    def __getitem__(self, index: object) -> ArraySymbol:
        found: ArraySymbol = RULEBOOK["getitem"](self, index)
        return found


def _without_ones(operands: tuple[Operand, ...], data: Array) -> ArraySymbol | None:
    """The array without a factor of ones that only fixes its shape."""
    for one, other in (operands, operands[::-1]):
        plain = isinstance(other, np.ndarray) and np.all(other == 1)
        if isinstance(one, ArraySymbol) and plain and one.shape == data.shape:
            return one
    return None


def summed(axis: object, ndim: int) -> str:
    """What stands before an array of so many axes that is summed over this one, or over several."""
    axes: tuple[object, ...] = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
    if not axes or len(axes) == ndim:
        return "Σ of "
    return f"Σ over {'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))} of "


def _symbol(x: Operand) -> Symbol:
    if isinstance(x, Symbol):
        return x
    return _leaf(x) if np.ndim(x) else Symbol(float(x))


def _leaf(x: Number, name: str | None = None) -> ArraySymbol:
    """An array with a name, or with what it is called as a constant of a rule; or a number."""
    named = name or _constant_name(np.asarray(x))
    return ArraySymbol.of_array(named if np.ndim(x) else float(x), x)


def _constant_name(x: Array) -> str:
    """What a constant of a rule is called: what lectures call it, or its shape."""
    if x.dtype == bool and x.ndim and np.all(x.sum(axis=-1) == 1):
        return "onehot"
    return f"{'mask' if np.all((x >= 0) & (x <= 1)) else 'constant'}[{shape_text(x.shape)}]"


def structural_rule(
    node: Node, i: int, out_grad: ArraySymbol, names: Sequence[float | Derivative | str]
) -> ArraySymbol | None:
    """The rule of an operation on whole arrays, as a formula; None where it cannot be written down.

    Args:
        node: What the operation made.
        i: By which operand it is differentiated.
        out_grad: The gradient with respect to the node.
        names: What its operands are called, and last what it is called itself.
    """
    if not isinstance(node, Tensor):
        return None  # a number with a gradient of its own
    arrays = (*node._inputs, node._data)
    *inputs, out = (ArraySymbol.of_array(x, y) for x, y in zip(names, arrays, strict=False))
    op: Any = node.op
    formula: object = None
    with np.errstate(all="ignore"), suppress(*UNWRITTEN):
        formula = op.pullback(i, out_grad, out, tuple(inputs), node.params)
    return formula if isinstance(formula, ArraySymbol) and len(formula.text) <= LONGEST else None


def elementwise_rule(
    out_grad: ArraySymbol, formula: Symbol, local: Number, shape: tuple[int, ...]
) -> ArraySymbol:
    """The gradient times the local derivatives, summed to the shape of the operand."""
    factor = ArraySymbol.of_array(formula, np.broadcast_to(local, out_grad.shape))
    product = out_grad
    if out_grad.number == 1:
        product = factor
    elif formula.number != 1:  # as it stands: parts of the formula have no arrays to compute with
        written = Symbol.of(RULEBOOK["multiply"], (out_grad, factor))
        product = ArraySymbol.of_array(written, out_grad._data * factor._data)
    summed: ArraySymbol = unbroadcast(product, shape)
    return summed


def composed_rules(
    nodes: Sequence[Node], out_grad: ArraySymbol, names: Mapping[Node, str]
) -> dict[Node, ArraySymbol]:
    """What a part of a graph hands back to each node, as formulas: its rules one after another.

    Args:
        nodes: The part, each node after its operands; it results in the last.
        out_grad: The gradient with respect to that.
        names: What the nodes outside are called, and the last; what is inside is its formula.

    Returns:
        For each node its formula; {} where the rules cannot be written down.
    """
    known: dict[Node, ArraySymbol] = {}
    operands: dict[Node, tuple[ArraySymbol, ...]] = {}
    arrived = {nodes[-1]: out_grad}
    written: dict[Node, ArraySymbol] = {}
    made: list[Any] = [node for node in nodes if isinstance(node, Tensor) and node.op is not None]
    with np.errstate(all="ignore"), suppress(*UNWRITTEN):
        for node in made:
            given = zip(node.parents, node._inputs, strict=True)
            operands[node] = tuple(known.setdefault(p, _leaf(x, names.get(p))) for p, x in given)
            known[node] = ArraySymbol._apply(node.op, operands[node], node.params)
        known[nodes[-1]] = ArraySymbol.of_array(names[nodes[-1]], nodes[-1].data)
        for node in (node for node in reversed(made) if node in arrived):
            for i, parent in enumerate(node.parents):
                so_far = arrived[node], known[node], operands[node]
                grad = node.op.pullback(i, *so_far, node.params)
                arrived[parent] = arrived[parent] + grad if parent in arrived else grad
        written = arrived
    return {node: rule for node, rule in written.items() if len(rule.text) <= LONGEST}
