"""Watch: notice when what a function uses from outside has been changed.

A number that a function finds in a variable of its surroundings, in a list or in an attribute is
written into the program when it is recorded. So a compiled function remembers what was there:

    rate = 0.1
    g = compile(lambda x: rate * w * x)     # watches `rate` and `w`, by name

and before each replay compares. Looked at are the
variables that the function's code names, of other functions written beside it too, and from there
lists, tuples, dicts and attributes. Values, Tensors and arrays count as themselves: their numbers
are read at every call anyway.
"""

from __future__ import annotations

import functools
import operator
import os
import pathlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd.node import Node
from autograd.value import Constant

LIBRARIES = {"autograd", "nn", "optim", "numpy", *sys.stdlib_module_names} - {"__main__"}
_HERE = pathlib.Path(__file__).parents[2]
OURS = tuple(f"{_HERE / name}{os.sep}" for name in ("autograd", "nn", "optim"))
"""Functions that belong to a library do not change between two calls."""


class Watch:
    """What a function finds around it, as of now.

    Example:
        >>> numbers = [1.0, 2.0]
        >>> watch = Watch(lambda x: x * numbers[0])
        >>> watch.changed()
        False
        >>> numbers[0] = 3.0
        >>> watch.changed()
        True
    """

    def __init__(self, function: Callable[..., Any], arrays: bool = False) -> None:
        self.dicts: list[dict[Any, Any]] = []
        self.dicts_before: list[dict[Any, Any]] = []
        self.names: list[tuple[dict[str, Any], str, Any]] = []
        self.cells: list[tuple[Any, Any]] = []
        self.arrays: list[tuple[Any, Any]] = []
        self.constants: list[tuple[Constant, float]] = []
        self.with_arrays = arrays
        self.seen: dict[int, Any] = {}
        pending: list[Any] = [function]
        while pending:
            pending += self._look(pending.pop())

    def _look(self, x: Any) -> Iterator[Any]:
        """Watch one thing, and give what else to look at."""
        if isinstance(x, Constant):
            self.constants.append((x, x._data))
        if x is None or isinstance(x, (*PLAIN, Node, type, types.ModuleType)):
            return
        if id(x) in self.seen:
            return
        self.seen[id(x)] = x  # kept alive, so that its id stays its own
        if isinstance(x, types.MethodType):
            yield x.__self__
            yield x.__func__
        elif isinstance(x, types.FunctionType):
            yield from self._look_at_function(x)
        elif isinstance(x, functools.partial):
            yield from (x.func, x.args, x.keywords)
        elif isinstance(x, dict):
            yield from x.values()
        elif isinstance(x, (list, tuple)):
            yield from x
        elif isinstance(x, np.ndarray):
            if self.with_arrays or x.dtype == object:
                self.arrays.append((x, x.copy()))
        elif type(x).__module__.partition(".")[0] != "builtins":
            yield from self._look_at_object(x)

    def _look_at_object(self, x: Any) -> Iterator[Any]:
        if isinstance(getattr(x, "__dict__", None), dict):
            self.dicts.append(vars(x))
            self.dicts_before.append(_copied(vars(x)))
            yield vars(x)
        for kind in type(x).__mro__:
            if not _library(kind.__module__):
                yield from (f for f in vars(kind).values() if isinstance(f, types.FunctionType))

    def _look_at_function(self, f: types.FunctionType) -> Iterator[Any]:
        if f.__code__.co_filename.startswith(OURS):
            return
        if _library(f.__module__) and not (f.__module__ or "").startswith("autograd"):
            return
        yield f.__defaults__
        yield f.__kwdefaults__
        for cell in f.__closure__ or ():
            self.cells.append((cell, _copied(_contents(cell))))
            yield _contents(cell)
        for name in _names(f.__code__):
            if name in f.__globals__:
                self.names.append((f.__globals__, name, _copied(f.__globals__[name])))
                yield f.__globals__[name]

    def changed(self) -> bool:
        """Whether something is not as it was; a number that is equal is the same."""
        try:
            return (
                self.dicts != self.dicts_before
                or any(_differs(_contents(cell), before) for cell, before in self.cells)
                or any(_differs(names.get(name), before) for names, name, before in self.names)
                or any(constant._data != before for constant, before in self.constants)
                or any(_arrays_differ(array, before) for array, before in self.arrays)
            )
        except ValueError:  # two different arrays were compared: one has taken the other's place
            return True


PLAIN = (float, int, str, bytes)


def _copied(x: Any, inside: tuple[int, ...] = ()) -> Any:
    """Lists, tuples and dicts as they are now; what is in them is not copied."""
    if id(x) in inside:
        return x  # it contains itself
    inside = (*inside, id(x))
    if type(x) in (list, tuple):
        return type(x)([_copied(part, inside) for part in x])
    if type(x) is dict:
        return {key: _copied(part, inside) for key, part in x.items()}
    return x


def _differs(now: Any, before: Any) -> bool:
    # Python compares containers in C, and looks first whether two things are the same one.
    if isinstance(before, (list, tuple, dict, *PLAIN)):
        return type(now) is not type(before) or bool(now != before)
    return now is not before


def _arrays_differ(now: Any, before: Any) -> bool:
    if now.dtype == object:
        return now.shape != before.shape or not all(map(operator.is_, now.flat, before.flat))
    return not np.array_equal(now, before, equal_nan=now.dtype.kind == "f")


def _library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in LIBRARIES


def _names(code: types.CodeType) -> set[str]:
    """The names that a function's code may look up, those of functions inside it too."""
    inner = (_names(c) for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*inner)


def variables(f: Any) -> dict[str, Any]:
    """The variables that a function uses from around it, by name."""
    if isinstance(f, types.MethodType):
        return {"self": f.__self__, **variables(f.__func__)}
    if not isinstance(f, types.FunctionType):
        return {}
    found = {name: f.__globals__[name] for name in _names(f.__code__) if name in f.__globals__}
    cells = zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)
    return found | {name: _contents(cell) for name, cell in cells}


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None
