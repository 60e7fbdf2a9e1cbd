"""Nested lists, tuples and dicts of numbers and arrays, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of a tree from left to right, and the function that puts others in their places.

    Example:
        >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
        >>> leaves
        [1.0, 2.0, 3.0]
        >>> rebuild([10.0, 20.0, 30.0])
        {'w': [10.0, 20.0], 'b': 30.0}
    """
    leaves: list[Any] = []
    return leaves, _take_apart(tree, leaves)


def _take_apart(tree: Any, leaves: list[Any]) -> Callable[[list[Any]], Any]:
    if isinstance(tree, dict):
        inner = {key: _take_apart(branch, leaves) for key, branch in tree.items()}
        return lambda new: {key: rebuild(new) for key, rebuild in inner.items()}
    if isinstance(tree, (list, tuple)):
        rebuilds = [_take_apart(branch, leaves) for branch in tree]
        if hasattr(tree, "_fields"):  # a named tuple takes its parts one by one
            return lambda new: type(tree)(*(rebuild(new) for rebuild in rebuilds))
        return lambda new: type(tree)(rebuild(new) for rebuild in rebuilds)
    place = len(leaves)
    leaves.append(tree)
    return lambda new: new[place]


def leaves_like(form: Any, tree: Any) -> list[Any] | None:
    """The leaves of a tree in the order of those of `form`; None if it has another form.

    Dicts need the same keys in any order; lists and tuples of the same length count as the same.

    Example:
        >>> leaves_like({"w": [0, 0], "b": 0}, {"b": 3.0, "w": (1.0, 2.0)})
        [1.0, 2.0, 3.0]
    """
    if isinstance(form, dict):
        if not isinstance(tree, dict) or tree.keys() != form.keys():
            return None
        pairs = [(branch, tree[key]) for key, branch in form.items()]
    elif isinstance(form, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(form):
            return None
        pairs = list(zip(form, tree, strict=True))
    else:
        return None if isinstance(tree, (dict, list, tuple)) else [tree]
    found = [leaves_like(*pair) for pair in pairs]
    return None if None in found else [leaf for leaves in found for leaf in leaves or ()]


def tree_map(function: Callable[..., Any], tree: Any) -> Any:
    """The same tree with `function` of every leaf."""
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])
