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


def tree_map(function: Callable[..., Any], tree: Any) -> Any:
    """The same tree with `function` of every leaf."""
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])
