"""Optimizer: the base class of everything that changes parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from autograd import Tensor, Value
from autograd.checks import came, refuse
from autograd.spellings import called_as, refuse_set_to_none

if TYPE_CHECKING:
    from autograd.arrays import Array

Params: TypeAlias = "Iterable[Tensor | Value] | Iterable[tuple[str, Tensor | Value]]"


def _call(rule: type) -> str:
    """How a rule is made.

    Example:
        >>> from optim import Newton
        >>> _call(Newton)
        'Newton(params, line_search=None, least_curvature=1e-08, gradient_tolerance=1e-08)'
    """
    given = inspect.signature(rule).parameters.values()
    words = [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in given]
    return f"{rule.__name__}({', '.join(words)})"


def _changes_in_place(array: Array) -> bool:
    """Whether `array += 1` writes where the array is; Dask's makes another one."""
    if isinstance(array, np.ndarray):
        return True
    changed = empty = array.reshape(-1)[:0]
    changed += 1
    return changed is empty


class Names(list[str]):
    """What errors call the parameters.

    Attributes:
        read_at_each_call: A compiled step does not look whether they change: errors alone read it.
    """

    read_at_each_call: ClassVar[bool] = True


class Optimizer:
    """What every update rule shares: which parameters it changes.

    Args:
        params: A model's `parameters()` or `named_parameters()`, or any Tensors or Values. Not
            results of operations.

    Attributes:
        params: The parameters, as a tuple.
        names: What errors call them: the name they came with, else their label, else a number.

    Raises:
        TypeError: params, or one of them, is something else.
        ValueError: no parameters, one of them twice, or none that requires a gradient.

    Example:
        >>> from optim import SGD
        >>> rule = SGD([("w", Value(2.0)), ("b", Value(0.5))], lr=0.1)
        >>> isinstance(rule, Optimizer), rule.names
        (True, ["'w'", "'b'"])
    """

    def __init_subclass__(cls, **named: Any) -> None:
        """Arguments that do not fit are answered with those that do."""
        super().__init_subclass__(**named)
        if "__init__" in vars(cls):
            cls.__init__ = called_as(functools.partial(_call, cls))(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, params: Params) -> None:
        self.params: tuple[Tensor | Value, ...] = ()
        self.names: list[str] = Names()
        self._take(params)

    def _take(self, given: Params) -> list[Tensor | Value]:
        """Check further parameters, and add them."""
        who = type(self).__name__
        params, names = [], []
        for i, item in enumerate(_as_list(who, given), start=len(self.params)):
            name, p = item if isinstance(item, tuple) and len(item) == 2 else ("", item)
            if not isinstance(p, (Tensor, Value)):
                refuse(who, f"parameter {i}", "a Tensor or a Value", p, TypeError)
            if p.op is not None:
                raise ValueError(
                    f"{who}: parameter {i} is the result of {p.op.name}. Pass what it was made "
                    "from."
                )
            if isinstance(p, Tensor) and not _changes_in_place(p._data):
                raise TypeError(
                    f"{who}: parameter {i} holds {came(p._data)}, which cannot be changed in "
                    "place. Keep parameters in NumPy's arrays (data may be others), or take steps "
                    "by hand: t.data = t.data - rate * t.grad."
                )
            label = f" ({p.label!r})" if p.label else ""
            params.append(p)
            names.append(repr(name) if name else f"parameter {i}{label}")
        twice = len(self.params) + len(params) - len({id(p) for p in (*self.params, *params)})
        if twice:
            raise ValueError(f"{who}: needs each parameter once, but {twice} came again.")
        if not any(p.requires_grad for p in params):
            raise ValueError(f"{who}: needs a parameter that requires a gradient, but none does.")
        self.params += tuple(params)
        self.names += names
        return params

    def __repr__(self) -> str:
        """One line: its settings, and how much it changes.

        Example:
            >>> from optim import SGD
            >>> SGD([Value(1.0), Value(2.0)], lr=0.1, momentum=0.9)
            SGD(lr=0.1, momentum=0.9; 2 parameters with 2 numbers)
        """
        count = sum(getattr(p, "size", 1) for p in self.params)
        several = "s" * (len(self.params) != 1)
        held = f"{len(self.params)} parameter{several} with {count:,} number{'s' * (count != 1)}"
        return f"{type(self).__name__}({'; '.join(filter(None, (self._settings_text(), held)))})"

    def _settings_text(self) -> str:
        """The settings that its repr shows."""
        return ""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once; every rule writes its own."""
        raise NotImplementedError(f"{type(self).__name__}: needs a method step(self).")

    def zero_grad(self, **options: Any) -> None:
        """Forget the gradients of all parameters: they are None, as before any backward pass."""
        if options:
            refuse_set_to_none(options)
        for p in self.params:
            p.zero_grad()

    def without_gradient(self) -> list[str]:
        """The names of the parameters that no gradient has reached: a step skips these.

        Example:
            >>> from optim import SGD
            >>> used, forgotten = Value(1.0, label="used"), Value(2.0, label="forgotten")
            >>> optimizer = SGD([used, forgotten], lr=0.1)
            >>> (used * used).backward()
            >>> optimizer.without_gradient()
            ["parameter 1 ('forgotten')"]
        """
        return [name for name, p in zip(self.names, self.params, strict=True) if p._grad is None]


def _as_list(who: str, given: object) -> list[object]:
    if isinstance(given, (Tensor, Value)):
        raise TypeError(f"{who}: needs a list of parameters, but got one. Pass it as [p].")
    if hasattr(given, "parameters"):
        raise TypeError(f"{who}: needs parameters, but got a model. Pass model.parameters().")
    if not isinstance(given, Iterable):
        if callable(given):
            raise TypeError(
                f"{who}: needs a list of parameters, but got a function. Call it, as in "
                "model.parameters()."
            )
        raise TypeError(f"{who}: needs a list of parameters, but got {came(given)}.")
    found = list(given)
    if not found:
        raise ValueError(f"{who}: needs at least one parameter, but got none.")
    return found
