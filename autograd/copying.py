"""Copies and pickles of nodes, of any depth: `copy.deepcopy(loss)`, `pickle.dumps(loss)`.

A result holds its operands, those theirs, and so on: Python's own way of copying would follow them
one inside the other and meet its recursion limit. So a result brings the whole graph behind it as
one list, each node after its operands. Whoever copies it finds these done already when it comes to
what they went into. A node that is met in several places is copied once, as ever.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakValueDictionary

from autograd.errors import GraphError
from autograd.node import Node, topological
from autograd.reading import is_differentiated
from autograd.tracing import written
from autograd.versions import latest

State = tuple[dict[str, Any] | None, dict[str, Any]]
"""What a node holds: its attributes, if it has any beside its slots, and these."""


def reduced(node: Node) -> str | tuple[object, ...]:
    """How to make another one of a node: by the graph behind it.

    Raises:
        GraphError: the node depends on what is being differentiated, and its copy would not.
    """
    if is_differentiated(node):
        raise GraphError(
            f"copy: the copy of a {type(node).__name__} inside a function that is being "
            "differentiated would have the gradient 0. Use it as it is, since nothing changes it; "
            "copy what holds it by dict(p) or list(p); or say .detach() if a constant is meant."
        )
    written("a copy or a pickle")
    if node.op is None:
        return object.__reduce_ex__(node, 2)
    return _root, ([_entry(x) for x in _graph(node) if x.op is not None],)


def restore(node: Node, state: State) -> None:
    """Let a node take over what another one held."""
    own, slots = state
    for name, value in {**(own or {}), **slots}.items():
        setattr(node, name, value)
    # Writes are numbered from 0 in every process, and this one may come from another.
    latest.number = max(latest.number, slots.get("_seen", 0))


class _Entry:
    """A result as one entry of such a list; it becomes the node itself."""

    __slots__ = ("__weakref__", "node")

    def __init__(self, node: Node) -> None:
        self.node = node

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        node = self.node
        arguments, (own, slots) = _held(node)
        for name in ("_left", "_right", "parents"):
            if name in slots:
                slots[name] = _operand(slots[name])
        if any(p._version.number > slots.get("_seen", p._version.number) for p in node.parents):
            slots["_seen"] = -1  # written to since: the copy has no derivative either
        return _blank, arguments, (own, slots)


def _held(node: Node) -> tuple[tuple[type[Any], ...], State]:
    """The class of a node, and what is in its attributes and slots, as Python would copy it."""
    found: Any = object.__reduce_ex__(node, 2)
    return found[1], found[2]


def _blank(kind: type[Any], *arguments: object) -> Any:
    return kind.__new__(kind, *arguments)


def _operand(x: Any) -> object:
    """An operand as an entry, unless it is a leaf; likewise several, in a tuple."""
    if isinstance(x, tuple):
        return tuple(map(_operand, x))
    return x if x is None or x.op is None else _entry(x.copied_as())


def _graph(root: Node) -> Iterator[Node]:
    """The nodes behind one, each after its operands, as they are copied."""
    for node in topological(root):
        stand = _stand(node)
        if stand is node:
            yield node
        elif stand is not None:  # what went into it has been there before, if it has a stand, too
            yield from (x for x in topological(stand) if _stand(x) is x)


def _stand(node: Node) -> Node | None:
    """The node that is copied in its place; None for the call of a compiled function."""
    copied_as = getattr(node, "copied_as", None)
    return copied_as and copied_as()


_entries: WeakValueDictionary[int, _Entry] = WeakValueDictionary()
_finding = allocate_lock()


def _entry(node: Node) -> _Entry:
    """The entry of a node: the same one for as long as somebody who copies it remembers it."""
    with _finding:
        found = _entries.get(id(node))
        if found is None:
            found = _entries[id(node)] = _Entry(node)
        return found


def _root(entries: Sequence[object]) -> object:
    """The last of a list of nodes."""
    root = entries[-1]
    if not isinstance(root, _Entry):
        return root
    arguments, state = _held(root.node)  # copy.copy: shares operands
    out = _blank(*arguments)
    out.__setstate__(state)
    return out
