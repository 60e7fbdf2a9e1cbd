"""Nested lists, tuples and dicts of numbers and arrays, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from typing import TypeGuard

    from autograd.arrays import Array

    Form = tuple[Callable[[list[object]], object], tuple["Form | None", ...]]


def flatten(
    tree: object, objects: Callable[[Array], object] | None = None
) -> tuple[list[Any], Callable[[Sequence[object]], Any]]:
    """The leaves of a tree from left to right, and the function that puts others in their places.

    Args:
        tree: Nested lists, tuples and dicts.
        objects: What is taken apart in the place of an array of objects: another such array, or
            anything else. Without it such an array is a leaf.

    Example:
        >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
        >>> leaves
        [1.0, 2.0, 3.0]
        >>> rebuild([10.0, 20.0, 30.0])
        {'w': [10.0, 20.0], 'b': 30.0}
    """
    leaves: list[Any] = []
    form = _take_apart(tree, leaves, objects, {})
    if form is None:
        return leaves, itemgetter(0)
    return leaves, lambda new: _put_together(form, iter(new))


def _take_apart(
    tree: object,
    leaves: list[Any],
    objects: Callable[[Array], object] | None,
    known: dict[Form, Form],
) -> Form | None:
    """The form of a tree: what makes it, and the forms of what it is made of; of a leaf None."""
    make: Callable[[list[object]], object]
    branches: Iterable[object]
    if objects is not None and _is_of_objects(tree):
        tree = objects(tree)
    if isinstance(tree, dict):
        make, branches = partial(_dict, tuple(tree)), tree.values()
    elif isinstance(tree, (list, tuple)):
        make, branches = getattr(tree, "_make", type(tree)), tree  # a named tuple has a `_make`
    elif objects is not None and _is_of_objects(tree):
        make, branches = partial(_array, tree.shape), tree.ravel().tolist()
    else:
        leaves.append(tree)
        return None
    form = make, tuple([_take_apart(branch, leaves, objects, known) for branch in branches])
    return known.setdefault(form, form)  # there may be many of one form


def _put_together(form: Form | None, leaves: Iterator[object]) -> object:
    if form is None:
        return next(leaves)
    make, branches = form
    return make([_put_together(branch, leaves) for branch in branches])


def _is_of_objects(x: object) -> TypeGuard[Array]:
    return isinstance(x, np.ndarray) and x.dtype == object


def _dict(keys: tuple[Hashable, ...], items: list[object]) -> dict[Hashable, object]:
    return dict(zip(keys, items, strict=True))


def _array(shape: tuple[int, ...], items: list[object]) -> Array:
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # one by one, as some may be lists
        out[i] = item
    return out.reshape(shape)


def leaves_like(form: object, tree: object) -> list[Any] | None:
    """The leaves of a tree in the order of those of `form`; None if it has another form.

    Dicts need the same keys in any order; lists and tuples of the same length count as the same.

    Example:
        >>> leaves_like({"w": [0, 0], "b": 0}, {"b": 3.0, "w": (1.0, 2.0)})
        [1.0, 2.0, 3.0]
    """
    pairs: list[tuple[object, object]]
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


def tree_map(function: Callable[[Any], object], tree: object) -> Any:
    """The same tree with `function` of every leaf."""
    leaves, rebuild = flatten(tree)
    return rebuild([function(leaf) for leaf in leaves])
