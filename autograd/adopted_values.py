"""Adopted Values: single numbers that live side by side in one array, and are Values as before.

A training step on 337 Values would spend most of its time on carrying their numbers into an array
and back. So who computes with all of them at once lets them move there together: each is then a
window on two places of a `Store`, one for its number and one for its gradient.

    w.data         the number at its place: 0.5
    w.data = 2.0   is written there, and whoever has the array sees it

What a Value is to its user stays: the same object, its label, its copies (which live on their own).
`GatheredValues` are some Values as one array, whether they live side by side or each for itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.node import adding
from autograd.value import Value
from autograd.versions import Version

if TYPE_CHECKING:
    from autograd.arrays import Array, FloatArray, IndexArray

    Places = slice[int, int, None] | IndexArray
    Part = tuple["Store", Places, Places]


class Store:
    """Where Values live: an array of their numbers and one of their gradients.

    Attributes:
        data: The numbers.
        grad: The gradients, where there are any.
        reached: Where there are.
    """

    def __init__(self, size: int) -> None:
        self.data = np.zeros(size)
        self.grad = np.zeros(size)
        self.reached = np.zeros(size, dtype=bool)


class AdoptedValue(Value):
    """A Value that lives in a store; a leaf has no operands, so their slots say where."""

    __slots__ = ()
    _x: Any  # the store
    _y: Any  # the place there

    @property
    def _data(self) -> float:
        number: float = self._x.data.item(self._y)
        return number

    @_data.setter
    def _data(self, number: float) -> None:
        store, place = self._place()
        store.data[place] = number

    @property
    def _grad(self) -> float | None:
        store, place = self._place()
        return store.grad.item(place) if store.reached[place] else None

    @_grad.setter
    def _grad(self, number: float | None) -> None:
        store, place = self._place()
        store.reached[place] = number is not None
        if number is not None:
            store.grad[place] = number

    def _place(self) -> tuple[Store, int]:
        return self._x, self._y

    def __reduce_ex__(self, protocol: object) -> tuple[Callable[..., Value], tuple[object, ...]]:
        """Its copy lives on its own."""
        return _alone, (self._data, self._grad, self.label)

    @staticmethod
    def gather(values: Sequence[Value]) -> GatheredValues:
        """These Values as one array, for an optimizer."""
        return GatheredValues(values)


AdoptedValue.__name__ = AdoptedValue.__qualname__ = "Value"  # as messages call it

adoptions = Version()
"""How many there have been."""


def adopt(values: Sequence[Value]) -> None:
    """Let those of some Values that live on their own move into one array, in this order.

    Results, and Values of a class of their own, stay where they are.

    Example:
        >>> x, y = Value(1.0), Value(2.0, label="y")
        >>> adopt([x, y])
        >>> both = GatheredValues([x, y])
        >>> both.put(both.take() * 10)
        >>> x.data, y
        (10.0, Value(data=20.0, label='y'))
    """
    moving = [v for v in values if type(v) is Value and v.op is None]
    store = Store(len(moving))
    with adding:  # nobody brings a gradient meanwhile
        for place, v in enumerate(moving):
            grad = v._grad
            store.data[place], store.reached[place] = v._data, grad is not None
            store.grad[place] = 0.0 if grad is None else grad
            window: Any = v
            window._x, window._y = store, place
            v.__class__ = AdoptedValue  # which has the same slots; who reads meanwhile finds either
        adoptions.number += 1


def _alone(number: float, grad: float | None, label: str) -> Value:
    out = Value(number, label=label)
    out._grad = grad
    return out


class GatheredValues:
    """Values as one array of numbers and one of gradients: what an optimizer asks for.

    Args:
        values: They; each once.
    """

    def __init__(self, values: Sequence[Value]) -> None:
        self.values = values
        self.sizes = [1] * len(values)
        self._packing: Any = struct.Struct(f"{len(values)}d")  # three times as fast as np.array
        self._found = self._find()

    def __reduce__(self) -> tuple[type, tuple[Sequence[Value]]]:
        return type(self), (self.values,)  # where they live is found anew

    def _find(self) -> tuple[int, list[Part], Sequence[Value], Places]:
        seen = adoptions.number
        places: dict[int, tuple[Store, list[int], list[int]]] = {}
        alone: list[int] = []
        for k, v in enumerate(self.values if seen else ()):
            if type(v) is AdoptedValue:
                store, place = v._place()
                known = places.setdefault(id(store), (store, [], []))
                known[1].append(k)
                known[2].append(place)
            else:
                alone.append(k)
        if not places:
            return seen, [], self.values, slice(None)
        parts = [(s, span(here), span(there)) for s, here, there in places.values()]
        return seen, parts, [self.values[k] for k in alone], np.array(alone, dtype=np.intp)

    def _where(self) -> tuple[list[Part], Sequence[Value], Places]:
        """Of each store: it, where they are here, and there; those that live alone, and where."""
        if self._found[0] != adoptions.number:
            self._found = self._find()
        return self._found[1:]

    def homes(self) -> list[tuple[Places, Store, Places]] | None:
        """The stores in which all of them live, for good: where they are here, it, and where there.

        None where some live alone, or are not side by side here.
        """
        parts, alone, _ = self._where()
        pieces = not all(isinstance(here, slice) for _, here, _ in parts)
        return None if alone or pieces else [(here, store, there) for store, here, there in parts]

    def is_current(self) -> bool:
        """True: they are found again when they have moved."""
        return True

    def take(self, out: FloatArray | None = None) -> FloatArray:
        """A copy of every number, (n,), if wanted in an array that is there."""
        parts, alone, here = self._where()
        out = np.empty(len(self.values)) if out is None else out
        if not parts:
            self._packing.pack_into(out, 0, *[v._data for v in alone])
            return out
        if alone:
            out[here] = [v._data for v in alone]
        for store, here, there in parts:
            out[here] = store.data[there]
        return out

    def put(self, theta: Array) -> None:
        """Change them to these numbers."""
        parts, alone, here = self._where()
        if alone:
            for v, number in zip(alone, theta[here].tolist(), strict=True):
                v._data = number
        for store, here, there in parts:
            store.data[there] = theta[here]

    def gradient(self) -> tuple[FloatArray, list[bool] | None]:
        """A copy of the gradient, (n,), 0 where none has come; and where one has, if not to all."""
        parts, alone, here = self._where()
        grad = np.empty(len(self.values))
        reached = np.ones(len(self.values), dtype=bool)
        if alone:
            found = [v._grad for v in alone]
            if None not in found and not parts:
                self._packing.pack_into(grad, 0, *found)
            else:
                grad[here] = [0.0 if x is None else x for x in found]
                reached[here] = [x is not None for x in found]
        for store, here, there in parts:
            grad[here], reached[here] = store.grad[there], store.reached[there]
        if reached.all():
            return grad, None
        grad[~reached] = 0.0
        return grad, reached.tolist()

    def set_gradient(self, grad: Array) -> None:
        """Let these be their gradients."""
        parts, alone, here = self._where()
        if alone:
            for v, number in zip(alone, grad[here].tolist(), strict=True):
                v._grad = number
        for store, here, there in parts:
            store.grad[there] = grad[here]
            store.reached[there] = True

    def zero_grad(self) -> None:
        """Forget their gradients."""
        parts, alone, _ = self._where()
        for v in alone:
            v._grad = None
        for store, _, there in parts:
            store.reached[there] = False


def span(places: list[int]) -> Places:
    """Places as a slice where they follow one another, which is quicker."""
    first, count = places[0], len(places)
    if places == list(range(first, first + count)):
        return slice(first, first + count)
    return np.array(places, dtype=np.intp)
