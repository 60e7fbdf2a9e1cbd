"""The modules and tensors of PyTorch's that a function uses without being given them."""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from nn.interop.torch_protocols import Torch, TorchNet, TorchTensor

MOST_LOOKED_AT = 10_000
"""How many things are looked at: a data set among the variables is not searched to its end."""


def captured(torch: Torch, function: object) -> dict[str, TorchNet | TorchTensor]:
    """The modules, and the tensors that require a gradient, by the name of their variable.

    What lies in a list or a dict is called "params.0"; what another function uses that this one
    calls is found, too. Each is found once, by its first name.

    Args:
        torch: The package.
        function: A function, a method of an object, or a `functools.partial`.
    """
    found: dict[str, TorchNet | TorchTensor] = {}
    seen: set[int] = set()
    queue: list[tuple[str, object]] = [("", function)]
    while queue and len(seen) < MOST_LOOKED_AT:
        name, thing = queue.pop(0)
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if _is_kept(thing, torch):
            found[_unused(name or type(thing).__name__, found)] = thing
        else:
            queue += _parts(name, thing)
    return found


def _is_kept(thing: object, torch: Torch) -> TypeGuard[TorchNet | TorchTensor]:
    learns = isinstance(thing, torch.Tensor) and thing.requires_grad
    return learns or isinstance(thing, torch.nn.Module)


def _unused(name: str, taken: Mapping[str, object]) -> str:
    """A name that is not taken: two functions may have variables of one name."""
    others = (f"{name}_{i}" for i in range(2, len(taken) + 3))
    return name if name not in taken else next(n for n in others if n not in taken)


def _parts(name: str, thing: object) -> Iterator[tuple[str, object]]:
    """What there is to look at in a thing, with its name."""
    if isinstance(thing, functools.partial):
        yield from ((name, part) for part in (thing.func, thing.args, thing.keywords))
    elif isinstance(thing, MethodType):
        yield name, thing.__func__
        yield from vars(thing.__self__).items() if hasattr(thing.__self__, "__dict__") else ()
    elif isinstance(thing, FunctionType):
        if not thing.__module__ or thing.__module__.split(".")[0] not in ("torch", "numpy"):
            yield from _variables(thing)
    elif isinstance(thing, (list, tuple)):
        yield from ((_joined(name, i), part) for i, part in enumerate(thing))
    elif isinstance(thing, dict):
        yield from ((_joined(name, key), part) for key, part in thing.items())


def _joined(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def _variables(function: FunctionType) -> Iterator[tuple[str, object]]:
    """The variables of its surroundings that a function's code reads, in that order."""
    around = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    yield from ((n, around[n]) for n in dict.fromkeys(_names(function.__code__)) if n in around)


def _names(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")):
            yield instruction.argval
        elif isinstance(instruction.argval, CodeType):
            yield from _names(instruction.argval)
