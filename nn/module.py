"""Module: the base class of everything that has parameters or is made of such things."""

from __future__ import annotations

import copy
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import autograd
from autograd import ShapeError, Tensor, Value
from autograd.checks import came, kind
from autograd.spellings import refuse_set_to_none
from nn.operands import as_operand, listed, numbers, shown
from nn.parameter import Buffer, Element, Flat, Parameter
from nn.pictures.pictured import Pictured
from nn.summary import Table, summary

if TYPE_CHECKING:
    import os
    from typing import TypeAlias, TypeGuard

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from autograd.arrays import Array

    Leaf: TypeAlias = Parameter | Buffer | Array  # an array of Values: a close-up's Parameter
    Member: TypeAlias = "Module | Leaf"

__all__ = ["Buffer", "Module", "Parameter"]

_SETTINGS = {bool, int, float, str, type(None)}  # in which nothing needs to be looked for


class Module(Pictured):
    """A function with parameters. Subclass it, assign what it is made of, write `forward`.

    Every `Parameter`, `Buffer` and `Module` assigned to an attribute belongs to it, also inside
    lists, tuples and dicts. There is no `__init__` that a subclass would have to call.

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

    def _items(self) -> Iterable[tuple[str, object]]:
        """Names and things to look for parameters and modules in."""
        return vars(self).items()

    def _members(self) -> Iterator[tuple[str, Member]]:
        """Its own parameters, buffers and modules, in the order of assignment."""
        for name, thing in self._items():
            if type(thing) not in _SETTINGS:
                yield from _found(name, thing)

    def _leaves(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, Leaf]]:
        """The parameters, buffers and close-ups of parameters in it and below, each once."""
        for name, member in self._members():
            if id(member) in seen:
                continue
            seen.add(id(member))
            if isinstance(member, Module):
                yield from member._leaves(f"{prefix}{name}.", seen)
            elif forgotten := _forgotten(member):
                raise TypeError(
                    f"{type(self).__name__}: {name} is {forgotten}, which no optimizer would get "
                    "and no file would keep. Make it of nn.Parameter and layers of nn "
                    "(model.scalars() shows their numbers as Values), in lists, tuples or dicts; "
                    "or write parameters() and state_dict() that know of it."
                )
            else:
                yield prefix + name, member

    def export(
        self, path: str | os.PathLike[str], *example: object, dtype: DTypeLike | None = None
    ) -> None:
        """Write what calling it computes as one file of C99, with its header beside it.

        The file holds the numbers of the parameters as they are now, allocates no memory and needs
        nothing but C's own library: a microcontroller can run it.

        Args:
            path: Where to, such as "net.c": there will be a function `net`, and "net.h".
            *example: Arguments of the shapes that it is for, such as one row of features.
            dtype: float32 to compute with `float` whatever Python computes with; None as Python.

        Raises:
            CompileError: it draws random numbers (call `eval()` first), compares numbers, or holds
                a step that is not known as loops.
            ValueError: the path is none of a C file, or the dtype none of these.
            OSError: the file cannot be written.

        Example:
            >>> import os, tempfile, nn
            >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh())
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     model.export(f"{folder}/net.c", Tensor([[1.0, 2.0]]))
            ...     sorted(os.listdir(folder))
            ['net.c', 'net.h']
        """
        named = self.named_parameters()
        names = {f"model.{name}": p for name, p in named if isinstance(p, Parameter)}
        compiled = autograd.compile(self.forward)
        compiled.export(path, *example, dtype=dtype, names=names)

    def named_parameters(self) -> list[tuple[str, Parameter | Any]]:
        """Every parameter with its name, such as "0.weight"; a shared one once, by its first name.

        Returns:
            Pairs of a name and a `Parameter`; in a close-up (`scalars`), a name and a `Value`.
        """
        found: list[tuple[str, Parameter | Any]] = []
        for name, leaf in self._leaves("", {id(self)}):
            if isinstance(leaf, Parameter):
                found.append((name, leaf))
            elif not isinstance(leaf, Buffer):
                found += ((element.label, element) for element in leaf.flat)
        return found

    def parameters(self) -> list[Parameter | Any]:
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

    def zero_grad(self, **options: Any) -> None:
        """Forget the gradients of all parameters: they are None, as before any backward pass."""
        if options:
            refuse_set_to_none(options)
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
            array([Value(data=22.0)], dtype=object)
            >>> y[0].backward()
            >>> layer.weight.grad
            array([[5., 7.]])
        """
        memo = {
            id(p): p.scalars(name) if isinstance(p, Parameter) else p
            for name, p in self.named_parameters()
        }
        return copy.deepcopy(self, memo)  # a copy takes what the memo has for a thing

    def astype(self, dtype: DTypeLike) -> Self:
        """A copy whose parameters and buffers are of another type of float, such as "float32".

        Make the optimizer of the copy. Inputs keep their own type, and NumPy computes in the larger
        one: convert them, too. Buffers of whole numbers stay as they are.

        Args:
            dtype: float16, float32 or float64, as in NumPy.

        Raises:
            TypeError: dtype is no float, or it is a close-up.

        Example:
            >>> from nn import Linear
            >>> model = Linear(2, 1).astype("float32")
            >>> model(np.ones((1, 2), np.float32)).dtype
            dtype('float32')
        """
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"astype: needs a type of float, but got {np.dtype(dtype)}.")
        leaves = self._state("astype").values()
        memo: dict[int, object] = {id(leaf): leaf.cast(dtype) for leaf in leaves}
        return copy.deepcopy(self, memo)  # a copy takes what the memo has for a thing

    # --- its numbers, by name

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Every number that makes it what it is: the name and a copy of each parameter and buffer.

        The names are PyTorch's where the modules are; a shared parameter comes once, by its first.

        Raises:
            TypeError: it is a close-up.
            ValueError: two parameters have the same name, as of the keys 0 and "0" in a dict.

        Example:
            >>> from nn import Linear
            >>> {name: array.shape for name, array in Linear(3, 2).state_dict().items()}
            {'weight': (2, 3), 'bias': (2,)}
        """
        return {name: np.array(tensor.data) for name, tensor in self._state("state_dict").items()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Take over the numbers of another model of the same build: all of them, or none.

        Args:
            state: What `state_dict` returned; PyTorch's does too, but for a parameter in two
                places, which has both names there and the first here. Numbers of another type are
                converted to what the parameter has.

        Raises:
            ValueError: a name is missing, or one too many; or a number cannot be had in the type
                that the parameter has: 1e300 in float32, 0.5 where numbers are whole.
            ShapeError: an array has another shape.
            TypeError: an array is not of real numbers, or masks some; state is no mapping; or it is
                a close-up.

        Example:
            >>> from nn import Linear
            >>> ours, theirs = Linear(3, 2), Linear(3, 2)
            >>> ours.load_state_dict(theirs.state_dict())
            >>> bool((ours.weight.data == theirs.weight.data).all())
            True
        """
        pairs = self._with_numbers(state)
        # Copied before the first is written: they may be windows on the parameters themselves.
        arrays = [array.astype(tensor.dtype) for tensor, array in pairs]
        for (tensor, _), array in zip(pairs, arrays, strict=True):
            tensor.data = array

    def _with_numbers(
        self, state: Mapping[str, ArrayLike]
    ) -> list[tuple[Parameter | Buffer, Array]]:
        """Each parameter and buffer with the array that it is to be loaded from; all is checked."""
        who = f"load_state_dict: {type(self).__name__}"
        if not isinstance(state, Mapping):
            raise TypeError(f"{who} needs what state_dict() returned, but got {came(state)}.")
        own = self._state("load_state_dict")
        missing = [name for name in own if name not in state]
        extra = [name for name in state if name not in own]
        if missing or extra:
            said = [f"misses {listed(missing)}"] * bool(missing)
            said += [f"has no place for {listed(extra)}"] * bool(extra)
            raise ValueError(f"{who} {' and '.join(said)}. Nothing was changed.")
        given = {name: as_operand(f"{who}: {name!r}", state[name]) for name in own}
        pairs = [(tensor, numbers(given[name])) for name, tensor in own.items()]
        for name, (tensor, array) in zip(own, pairs, strict=True):
            if array.dtype.kind not in "biuf":
                raise TypeError(f"{who} needs real numbers, but {name!r} is of {array.dtype}.")
            if array.shape != tensor.shape:
                raise ShapeError(
                    f"{who} needs {name!r} of shape {tensor.shape}, but got {array.shape}. "
                    "Nothing was changed."
                )
            if not _can_become(array, tensor.dtype):
                raise ValueError(
                    f"{who} needs {name!r} in {tensor.dtype}, but it has a number that this cannot "
                    "hold. Nothing was changed."
                )
        return pairs

    def _state(self, who: str) -> dict[str, Parameter | Buffer]:
        leaves: dict[str, Parameter | Buffer] = {}
        for name, leaf in self._leaves("", {id(self)}):
            if not isinstance(leaf, Tensor):
                raise TypeError(f"{who}: this is a close-up. Ask the model that it shows.")
            if name in leaves:  # one of them would be lost
                raise ValueError(
                    f"{who}: {type(self).__name__} has two different parameters or buffers of the "
                    f"name {shown(name)}. Rename an attribute or a key."
                )
            leaves[name] = leaf
        return leaves

    def _arguments(self) -> dict[str, Any] | None:
        """What makes another like it, as its class is called, but for the numbers; for `nn.save`.

        Numbers, texts, truth values and modules; None where these cannot say it.
        """
        return None

    def __setattr__(self, name: str, value: object) -> None:
        # `layer.weight = layer.weight - rate * gradient` would end the training without a word.
        had = vars(self).get(name)
        if isinstance(had, (Parameter, Buffer)) and not isinstance(value, (type(had), type(None))):
            needed = type(had).__name__
            raise TypeError(
                f"{type(self).__name__}: {name} is a {needed} and needs a {needed} or None, but "
                f"got {kind(value)}. To change its numbers, assign to {name}.data."
            )
        if isinstance(had, Parameter) and value is not had:
            had._successor = value if isinstance(value, Parameter) else None
        if isinstance(value, Parameter):
            value._successor = None
        super().__setattr__(name, value)

    # --- printing

    def summary(self, *inputs: object) -> Table:
        """A table of its layers, with the shape of what each returns and its parameters.

        Args:
            *inputs: What to call it with, for the shapes; without, that column is left out. The
                call is made in `eval()` mode and recorded by no graph.

        Returns:
            A text; a notebook shows it as a table.

        Example:
            >>> from nn import MLP
            >>> print(MLP(4, [16], 3).summary([[5.1, 3.5, 1.4, 0.2]]))
            layer                 output shape  parameters
            ----------------------------------------------
            MLP                   (1, 3)               131
              0: Linear(4 -> 16)  (1, 16)               80
              1: ReLU()           (1, 16)                0
              2: Linear(16 -> 3)  (1, 3)                51
        """
        return summary(self, inputs)

    def _named(self) -> str:
        """What its repr calls it."""
        return type(self).__name__

    def _details(self) -> str:
        """What its repr says in parentheses."""
        return ""

    @reprlib.recursive_repr()  # a part may know its owner
    def __repr__(self) -> str:
        name = self._named()
        children = [f"{label}: {m!r}" for label, m in self._members() if isinstance(m, Module)]
        if not children:
            return f"{name}({self._details()})"
        inner = "\n".join(children).replace("\n", "\n  ")
        return f"{name}({self._details()}\n  {inner}\n)"


def buffers_of(module: Module) -> list[Buffer]:
    """Its own buffers, without those of the modules below."""
    return [member for _, member in module._members() if isinstance(member, Buffer)]


def _can_become(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether the type can hold the numbers: as they are if they are whole, or else rounded."""
    if dtype.kind != "f":
        with np.errstate(invalid="ignore"):
            return array.dtype == dtype or bool((array.astype(dtype) == array).all())
    if not array.size or array.dtype.itemsize <= dtype.itemsize:
        return True
    bound = float(np.finfo(dtype).max)
    if -bound <= array.min() and array.max() <= bound:
        return True
    finite = array[np.isfinite(array)]  # inf and nan are the same in every type
    return not (abs(finite) > bound).any()


def _found(name: str, thing: Member | Any) -> Iterator[tuple[str, Member]]:
    """The parameters, buffers and modules in `thing`, with their names."""
    if isinstance(thing, (Module, Parameter, Buffer)) or _is_close_up(thing) or _forgotten(thing):
        yield name, thing
    elif isinstance(thing, (list, tuple)):
        for i, part in enumerate(thing):
            if type(part) not in _SETTINGS:
                yield from _found(f"{name}.{i}", part)
    elif isinstance(thing, dict):
        for key, part in thing.items():
            if type(part) not in _SETTINGS:
                yield from _found(f"{name}.{key}", part)


def _forgotten(thing: object) -> str:
    """What asks for a gradient, but is nothing that a Module learns, in words; "" for the rest."""
    if isinstance(thing, (Value, Tensor)):
        learns = thing.op is None and thing.requires_grad and not isinstance(thing, Parameter)
        return kind(thing) if learns else ""
    if isinstance(thing, np.ndarray):
        learns = thing.dtype == object and not _is_close_up(thing) and _any_learns(thing.flat)
        return "an array of Values" if learns else ""
    if isinstance(thing, (set, frozenset)):
        return "a set" if _any_learns(thing) else ""
    of = type(thing)
    if callable(getattr(of, "parameters", None)) and not isinstance(thing, Module):
        return f"a {of.__module__}.{of.__qualname__}"  # of nn.scalar, or of PyTorch
    return ""


def _any_learns(things: Iterable[object]) -> bool:
    return any(isinstance(thing, (Module, Parameter)) or _forgotten(thing) for thing in things)


def _is_close_up(thing: object) -> TypeGuard[Array]:
    """Whether it is what `scalars()` put in the place of a Parameter."""
    return (
        isinstance(thing, np.ndarray)
        and thing.dtype == object
        and thing.size > 0
        and isinstance(thing.flat[0], Element)
    )
