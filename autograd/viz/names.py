"""The names that the caller's own variables give to the nodes of a graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from itertools import islice
from types import FrameType
from typing import Any

import numpy as np

from autograd.node import Node

MOST_LOOKED_AT = 10_000
"""How many entries of one variable are looked at: a data set is not searched to its end."""

_NOTEBOOK_HISTORY = {"In", "Out"}


def names_of(
    wanted: Collection[Node],
    frame: FrameType,
    given: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[Node, str]:
    """Choose a name for every node that has one: the given one, its label, a variable's.

    Variables whose name begins with an underscore are private (or a notebook's memory of earlier
    results), and are passed over. A label that is only the last part of a variable's name, as a
    layer's "weight" is of "model.0.weight", gives way to the whole name.

    Args:
        wanted: The nodes that need a name.
        frame: The running function whose variables count, then those of its module.
        given: Variables by name that count before everything else.
        more: Variables by name that count after those of the function.
    """
    names = names_in(more or {}, wanted)
    of_module = {} if frame.f_locals is frame.f_globals else frame.f_globals
    for scope in (of_module, frame.f_locals):  # the function's count more
        names |= names_in({x: thing for x, thing in [*scope.items()] if _is_public(x)}, wanted)
    for node in wanted:
        if not node.label:
            continue
        label = str(node.label)
        if not names.get(node, "").endswith(f".{label}"):
            names[node] = label
    return names | names_in(given or {}, wanted)


def names_in(scope: Mapping[str, Any], wanted: Container[Node]) -> dict[Node, str]:
    """Find the names of nodes in a dict of variables.

    A name is a variable or a way from one: through lists, tuples, dicts and object arrays
    (`w[0]`), through `named_parameters()`, and through the attributes of an object that has
    `parameters()`. Where several names lead to one node, the variable defined first wins, and
    within one variable the shortest way.

    Args:
        scope: Variables by name.
        wanted: The nodes that need a name.

    Example:
        >>> from autograd import Value
        >>> a, b = Value(1.0), Value(2.0)
        >>> list(names_in({"w": [a, b], "bias": b}, {a, b}).values())
        ['w[0]', 'w[1]']
    """
    names: dict[Node, str] = {}
    for variable, thing in scope.items():
        for node, path in _nodes_in(thing, variable):
            if node in wanted:
                names.setdefault(node, path)
    return names


def _is_public(name: str) -> bool:
    # `.0` and `@py_assert1` are variables that Python and pytest make for themselves.
    return name.isidentifier() and not name.startswith("_") and name not in _NOTEBOOK_HISTORY


def _nodes_in(thing: Any, path: str) -> Iterator[tuple[Node, str]]:
    """Walk breadth first, so that short paths come before long ones."""
    queue = deque([(thing, path)])
    seen = set()  # a list may contain itself
    looked_at = 0
    while queue:
        thing, path = queue.popleft()
        if isinstance(thing, Node):
            yield thing, path
        elif id(thing) not in seen and looked_at < MOST_LOOKED_AT:
            entries = _entries(thing, path)
            if entries is not None:
                seen.add(id(thing))
                found = _taken(entries, MOST_LOOKED_AT - looked_at)
                looked_at += len(found)
                queue.extend(found)


def _entries(thing: Any, path: str) -> Iterable[tuple[Any, str]] | None:
    # Looked up on the class: an object that invents attributes when asked does not take part.
    kind = type(thing)
    if isinstance(thing, (list, tuple)):
        return ((x, f"{path}[{i}]") for i, x in enumerate(thing))
    if isinstance(thing, dict):
        return ((x, f"{path}[{key!r}]") for key, x in thing.items() if isinstance(key, (str, int)))
    if isinstance(thing, np.ndarray) and thing.dtype == object:
        return ((x, f"{path}[{','.join(map(str, i))}]") for i, x in np.ndenumerate(thing))
    if callable(getattr(kind, "named_parameters", None)):
        return _parameters(thing, path)
    if callable(getattr(kind, "parameters", None)) and hasattr(thing, "__dict__"):
        return ((x, f"{path}.{name}") for name, x in vars(thing).items())
    return None


def _parameters(model: Any, path: str) -> Iterator[tuple[Any, str]]:
    for name, parameter in model.named_parameters():
        yield parameter, f"{path}.{name}"


def _taken(entries: Iterable[tuple[Any, str]], most: int) -> list[tuple[Any, str]]:
    try:
        return list(islice(entries, most))
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return []  # some other object of the caller's, half built, must not spoil the picture
