"""Module: the base class of everything that has parameters or is made of such things."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from autograd import Tensor
from nn.parameter import Element, Flat, Parameter

__all__ = ["Module", "Parameter"]


class Module:
    """A function with parameters. Subclass it, assign what it is made of, write `forward`.

    Every `Parameter` and `Module` assigned to an attribute belongs to it, also inside lists,
    tuples and dicts. There is no `__init__` that a subclass would have to call.

    Attributes:
        training: Whether it is being trained, for layers that act differently then.

    Example:
        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.slope = Parameter(2.0)
        ...         self.height = Parameter(1.0)
        ...
        ...     def forward(self, x):
        ...         return self.slope * x + self.height
        >>> line = Line()
        >>> line(3.0).item()
        7.0
        >>> [name for name, _ in line.named_parameters()]
        ['slope', 'height']
    """

    training: bool = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes; every subclass writes its own."""
        raise NotImplementedError(f"{type(self).__name__}: needs a method forward(self, …).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward` of the same arguments."""
        return self.forward(*args, **kwargs)

    # --- what it is made of

    def _items(self) -> Iterable[tuple[str, Any]]:
        """Names and things to look for parameters and modules in."""
        return vars(self).items()

    def _members(self) -> Iterator[tuple[str, Any]]:
        """Its own parameters and modules, in the order of assignment."""
        for name, thing in self._items():
            yield from _found(name, thing)

    def _leaves(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
        for name, member in self._members():
            if id(member) in seen:
                continue
            seen.add(id(member))
            if isinstance(member, Module):
                yield from member._leaves(f"{prefix}{name}.", seen)
            elif isinstance(member, Parameter):
                yield prefix + name, member
            else:
                yield from ((element.label, element) for element in member.flat)

    def named_parameters(self) -> list[tuple[str, Any]]:
        """Every parameter with its name, such as "0.weight"; a shared one once, by its first name.

        Returns:
            Pairs of a name and a `Parameter`; in a close-up (`scalars`), a name and a `Value`.
        """
        return list(self._leaves("", {id(self)}))

    def parameters(self) -> list[Any]:
        """Every parameter, each once: `Parameter`s, or the `Value`s of a close-up."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_children(self) -> list[tuple[str, Module]]:
        """The modules it is directly made of, each once, with their names."""
        found: dict[int, tuple[str, Module]] = {}
        for name, member in self._members():
            if isinstance(member, Module):
                found.setdefault(id(member), (name, member))
        return list(found.values())

    def children(self) -> list[Module]:
        """The modules it is directly made of, each once."""
        return [child for _, child in self.named_children()]

    def modules(self) -> list[Module]:
        """Itself and every module below it, each once."""
        found: dict[int, Module] = {}
        pending: list[Module] = [self]
        while pending:
            module = pending.pop()
            if id(module) not in found:
                found[id(module)] = module
                pending.extend(reversed(module.children()))
        return list(found.values())

    # --- training

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in every module below; returns the module itself."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """`train(False)`."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def flat(self) -> Flat:
        """All parameters as one array, and their gradients as another.

        The first call moves the parameters together; later ones find them there. An array taken
        from a parameter's `.data` before that is a copy afterwards.

        Returns:
            An object with `.data` and `.grad`, both (n,); assigning to `.data` changes them all.

        Raises:
            TypeError: it is a close-up, or its parameters have different dtypes.
            ValueError: it has no parameters.

        Example:
            >>> from nn import Linear
            >>> layer = Linear(2, 1)
            >>> layer.flat().data = [1.0, 2.0, 3.0]
            >>> layer.weight, layer.bias
            (Parameter([[1., 2.]], label='weight'), Parameter([3.], label='bias'))
        """
        return Parameter.gather(self.parameters())

    def scalars(self) -> Self:
        """The close-up: the same model over single numbers, where every add and multiply is a node.

        Each number of each parameter becomes a `Value` that shares it, and its gradient, with the
        tensor: `backward()` on either side fills the gradients an optimizer of either side uses.
        It takes numbers, arrays and lists, of floats or of Values, and returns object arrays of
        Values. What is no parameter (a dropout rate) is copied as it is now.

        Example:
            >>> from nn import Linear
            >>> layer = Linear(2, 1)
            >>> layer.flat().data = [1.0, 2.0, 3.0]
            >>> y = layer.scalars()([5.0, 7.0])
            >>> y
            array([Value(data=22.0, grad=0.0)], dtype=object)
            >>> y[0].backward()
            >>> layer.weight.grad
            array([[5., 7.]])
        """
        memo: dict[int, Any] = {
            id(p): p.scalars(name) if isinstance(p, Parameter) else p
            for name, p in self.named_parameters()
        }
        return copy.deepcopy(self, memo)  # a copy takes what the memo has for a thing

    def __setattr__(self, name: str, value: Any) -> None:
        # `layer.weight = layer.weight - rate * gradient` would end the training without a word.
        if isinstance(vars(self).get(name), Parameter) and not (
            value is None or isinstance(value, Parameter)
        ):
            came = "Tensor" if isinstance(value, Tensor) else type(value).__name__
            raise TypeError(
                f"{type(self).__name__}: {name} is a Parameter and needs a Parameter or None, but "
                f"got a {came}. To change its numbers, assign to {name}.data."
            )
        super().__setattr__(name, value)

    # --- printing

    def _details(self) -> str:
        """What its repr says in parentheses."""
        return ""

    def __repr__(self) -> str:
        name = type(self).__name__
        children = [f"{label}: {m!r}" for label, m in self._members() if isinstance(m, Module)]
        if not children:
            return f"{name}({self._details()})"
        inner = "\n".join(children).replace("\n", "\n  ")
        return f"{name}({self._details()}\n  {inner}\n)"


def _found(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """The parameters and modules in `thing`, with their names."""
    if isinstance(thing, (Module, Parameter)) or _is_close_up(thing):
        yield name, thing
    elif isinstance(thing, (list, tuple)):
        for i, part in enumerate(thing):
            yield from _found(f"{name}.{i}", part)
    elif isinstance(thing, dict):
        for key, part in thing.items():
            yield from _found(f"{name}.{key}", part)


def _is_close_up(thing: Any) -> bool:
    """Whether it is what `scalars()` put in the place of a Parameter."""
    return (
        isinstance(thing, np.ndarray)
        and thing.dtype == object
        and thing.size > 0
        and isinstance(thing.flat[0], Element)
    )
