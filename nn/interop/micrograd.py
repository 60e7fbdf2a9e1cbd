"""micrograd's names as its programs use them, on this engine: pictures and the player included.

`autograd.Value` and `nn.scalar` run programs that call operations and `backward()`. This module
runs those, too, that reach inside: that go backward by hand (`o._backward()`), declare operations
by closures (`out._backward = f`), extend the class or keep things of their own on a parameter.

>>> from nn.interop.micrograd import Value
>>> import math
>>> def sin(self):
...     out = Value(math.sin(self.data), (self,), "sin")
...
...     def _backward():
...         self.grad += math.cos(self.data) * out.grad
...
...     out._backward = _backward
...     return out
>>> Value.sin = sin
>>> x = Value(0.0)
>>> y = 3 * x.sin()
>>> y.backward()
>>> x.grad
3.0
>>> del Value.sin  # what other programs find is again what was there before
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from typing import Any, ClassVar, NoReturn

import numpy as np

import autograd
from autograd.errors import GraphError
from autograd.node import Contribution
from autograd.op import RULEBOOK, Elementwise
from autograd.value import Constant
from nn import scalar

__all__ = ["Layer", "MLP", "Module", "Neuron", "Value"]

Module = scalar.Module


class Value(autograd.Value):
    """A Value with micrograd's inside: `_backward`, `_prev`, `_op`, and attributes of one's own.

    Results are of the class of their operands, so a subclass stays one.

    Args:
        data: A real number.
        _children: The operands, if this is the result of an operation made by hand; assign
            `_backward` then, a function that adds to their `.grad` what `self.grad` brings.
        _op: How a picture labels that operation.
        label: Its name in pictures.

    Raises:
        TypeError: data is not one real number.
        GraphError: on the way back, an operation made by hand has no `_backward`.

    Source:
        A. Karpathy, "micrograd" (2020), engine.py.

    Example:
        >>> a, b = Value(2.0), Value(-3.0)
        >>> c = a * b
        >>> c.grad = 1.0
        >>> c._backward()
        >>> a.grad, b.grad
        (-3.0, 2.0)
    """

    requires_grad: bool = True
    _children: tuple[Any, ...] = ()  # of an operation made by hand
    _symbol = ""

    def __init__(
        self, data: float, _children: Iterable[Any] = (), _op: str = "", label: str = ""
    ) -> None:
        super().__init__(data, label=label)
        self._op = _op
        self._prev = _children

    # --- what a program may set ---------------------------------------------------------------

    @property
    def parents(self) -> tuple[Any, ...]:
        """The operands; of an operation made by hand, each once."""
        return self._children or super().parents

    @property
    def _prev(self) -> set[Any]:
        return set(self.parents)

    @_prev.setter
    def _prev(self, children: Iterable[Any]) -> None:
        if children := tuple(dict.fromkeys(children)):
            self._children, self.op = children, ByHand(self._symbol, len(children))

    @property
    def _op(self) -> str:
        return self.op.symbol if self.op else self._symbol

    @_op.setter
    def _op(self, symbol: str) -> None:
        self._symbol = symbol
        if self._children:
            self.op = ByHand(symbol, len(self._children))

    @property
    def grad(self) -> float:
        """The gradient that has arrived, 0.0 where none has; None may be assigned for none."""
        return super().grad

    @grad.setter
    def grad(self, number: float | None) -> None:
        if number is None:
            self.zero_grad()
        else:
            autograd.Value.grad.fset(self, number)  # type: ignore[attr-defined]

    # --- backward -----------------------------------------------------------------------------

    def _backward(self) -> None:
        """Add to the operands' gradients what this node's gradient brings them."""
        for _, i, _, _, contribution in self._contributions(self.grad):
            self.parents[i].grad += contribution

    @property
    def _has_closure(self) -> bool:
        return "_backward" in self.__dict__

    @property
    def _closure_holds_nodes(self) -> bool:
        """Whether there is more to `_backward` than to a `lambda: None`."""
        closure = self.__dict__.get("_backward")
        return bool(getattr(closure, "__closure__", closure))

    def _contributions(self, out_grad: float) -> tuple[Contribution, ...]:
        shares = self._shares(out_grad)
        return tuple(
            (self, i, parent, out_grad, share)
            for i, (parent, share) in enumerate(zip(self.parents, shares, strict=True))
            if parent.requires_grad
        )

    def _shares(self, out_grad: float) -> Iterator[float]:
        """For each operand, what its gradient gets from that of the result."""
        if self._has_closure:
            yield from self._shares_by_closure(out_grad)
            return
        for i, parent in enumerate(self.parents):
            yield out_grad * self.local_derivative(i) if parent.requires_grad else 0.0

    def _shares_by_closure(self, out_grad: float) -> list[float]:
        """Let `_backward` add to gradients that begin at nothing, and give back the old ones."""
        touched = dict.fromkeys((*self.parents, self))
        for node in touched:
            touched[node], node._grad = node._grad, None
        self._grad = out_grad
        try:
            self.__dict__["_backward"]()
            brought = {node: node._grad for node in touched}
        finally:
            for node, grad in touched.items():
                node._grad = grad
        return [brought.pop(parent, None) or 0.0 for parent in self.parents]  # of x * x at once

    def local_derivative(self, i: int) -> float:
        """d self / d parents[i]; of an operation made by hand, what `_backward` makes of 1."""
        if self._has_closure:
            return self._shares_by_closure(1.0)[i]
        if isinstance(self.op, ByHand):
            raise GraphError(
                f"backward: the operation {self._symbol!r} that was made by hand has no way back. "
                "Assign its result `_backward`, a function that adds to the operands' .grad."
            )
        return super().local_derivative(i)

    def _graph_contributions(self, out_grad: Any) -> Iterator[Contribution]:
        if self._has_closure or self._children:
            raise GraphError(
                f"backward: the operation {self._op!r} that was made by hand knows numbers only, "
                "so its gradient cannot be differentiated again."
            )
        return super()._graph_contributions(out_grad)

    def _receive(self, grad: float) -> None:
        if self.op is None and self._closure_holds_nodes:
            raise GraphError(
                "backward: a Value with `_backward` has no operands, so the way back ends there. "
                "Say what it was made from: Value(data, (a, b), 'name')."
            )
        super()._receive(grad)

    def __getstate__(self) -> Any:
        if self._closure_holds_nodes:
            raise GraphError(
                f"copy: `_backward` of the operation {self._op!r} that was made by hand holds "
                "these very nodes, so a copy would bring gradients here. Run the program again."
            )
        return super().__getstate__()

    # --- results ------------------------------------------------------------------------------

    @classmethod
    def _own(cls, out: Any) -> Any:
        """A result of the engine as one of this class."""
        if type(out) is Constant:  # under no_grad
            return _Number(out._data)
        if type(out) is not autograd.Value:
            return out
        own = cls.__new__(cls)
        if cls.__init__ is not Value.__init__:  # as micrograd would call it
            cls.__init__(own, out._data, out.parents, out.op.symbol)
            for name in ("_backward", "_children", "_symbol"):
                own.__dict__.pop(name, None)
        for slot in autograd.Value.__slots__:
            if hasattr(out, slot):
                setattr(own, slot, getattr(out, slot))
        return own

    @classmethod
    def _apply(cls, op: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return cls._own(super()._apply(op, tuple(map(_operand, operands)), params))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Arrays of numbers become arrays of Values, as they do with micrograd."""
        boxed = [x.astype(object) if isinstance(x, np.ndarray) else x for x in inputs]
        return super().__array_ufunc__(ufunc, method, *boxed, **kwargs)


class _Number(Value):
    """A number among the operands: no gradient flows to it, but a program may meet it."""

    requires_grad: bool = False

    @classmethod
    def _own(cls, out: Any) -> Any:
        return Value._own(out)


class ByHand(Elementwise):
    """What pictures show as the operation of `Value(data, children, symbol)`: it has no formula."""

    def __init__(self, symbol: str, arity: int) -> None:  # not declared: the rulebook lacks it
        self.name = self.symbol = symbol or "by hand"
        self.latex = rf"\operatorname{{{self.symbol}}}"
        self.operator, self.arity = "", arity
        self.operand_names = ("x", "y") if arity <= 2 else tuple(f"x{i + 1}" for i in range(arity))
        self.partials = (_no_formula,) * arity


def _no_formula(*_: Any) -> NoReturn:
    raise TypeError("an operation made by hand has no formula of its derivative.")


def _operand(x: Any) -> Any:
    return _Number(float(x)) if isinstance(x, (Real, np.bool)) else x


def _method(name: str) -> Callable[..., Any]:
    of_engine = getattr(autograd.Value, name)

    @functools.wraps(of_engine)
    def method(self: Value, *operands: Any, **named: Any) -> Any:
        return self._own(of_engine(self, *map(_operand, operands), **named))

    return method


def _reflected(name: str) -> Callable[[Value, Any], Any]:
    of_engine = getattr(autograd.Value, name)

    def reflected(self: Value, other: Any) -> Any:
        other = _operand(other)
        if not isinstance(other, autograd.Value):
            return NotImplemented
        return self._own(of_engine(other, self))

    return reflected


for _op in RULEBOOK.values():
    if isinstance(_op, Elementwise):
        setattr(Value, _op.name, _method(_op.name))
        if _op.operator:
            setattr(Value, f"__{_op.operator}__", _method(f"__{_op.operator}__"))
            if _op.arity == 2:
                setattr(Value, f"__r{_op.operator}__", _reflected(f"__{_op.operator}__"))


class Neuron(scalar.Neuron):
    """`nn.scalar.Neuron`, made of these Values."""

    value: ClassVar[Any] = Value


class Layer(scalar.Layer):
    """`nn.scalar.Layer`, made of these Values."""

    neuron: ClassVar[Any] = Neuron


class MLP(scalar.MLP):
    """`nn.scalar.MLP`, made of these Values."""

    layer: ClassVar[Any] = Layer
