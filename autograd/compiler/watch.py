"""Watch: notice when what a function uses from outside has been changed.

A number that a function finds in a variable of its surroundings, in a list or in an attribute is
written into the program when it is recorded. So a compiled function remembers what was there:

    rate = 0.1
    g = compile(lambda x: rate * w * x)     # watches `rate` and `w`, by name

and before each replay compares. Looked at are the variables that the function's code names, of
other functions written beside it too, and what is passed to it besides data, such as a model. From
there it goes to lists and other containers, attributes and classes, and the numbers in arrays.
Values and Tensors count as themselves: their numbers are read at every call anyway.

What has changed while the function was recorded, the function itself has changed, and no replay
would do that: it is refused.
"""

from __future__ import annotations

import dis
import functools
import os
import pathlib
import random
import sys
import types
import weakref
from array import array
from collections import deque
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    MappingView,
)
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.node import Node
from autograd.tensor import Tensor
from autograd.value import Constant

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.instructions import Group
    from autograd.compiler.native.loops import Memory

    Generator = random.Random | np.random.Generator | np.random.RandomState

LIBRARIES = {"autograd", "nn", "optim", "numpy", *sys.stdlib_module_names} - {"__main__"}
_HERE = pathlib.Path(__file__).parents[2]
_IMPORT = dis.opmap["IMPORT_NAME"]
_INSTALLED = ("site-packages", "dist-packages")
OURS = tuple(f"{_HERE / name}{os.sep}" for name in ("autograd", "nn", "optim"))
"""Functions that belong to a library do not change between two calls."""


class Watch:
    """What functions, or whatever else is given, find around them, as of now.

    What is `apart` may change.

    Example:
        >>> numbers = [1.0, 2.0]
        >>> watch = Watch(lambda x: x * numbers[0])
        >>> watch.changed()
        False
        >>> numbers[0] = 3.0
        >>> watch.changed()
        True
    """

    def __init__(self, *roots: object, apart: Iterable[Group | Memory] = ()) -> None:
        self.containers: list[object] = []
        self.containers_before: list[object] = []
        self.asked: list[tuple[Callable[[], object], str, object]] = []
        self.arrays: list[tuple[Array, tuple[tuple[int, ...], object, bytes]]] = []
        self.tensors: list[Tensor] = []
        self.generators: list[tuple[Generator, str]] = []
        self.seen: dict[int, object] = {id(x): x for x in apart}
        self.numbers: set[float] = set()  # as they stand in the code, and around it
        self.unseen: list[str] = []
        pending = list(roots)
        while pending:
            pending += self._look(pending.pop())

    def _look(self, x: object) -> Iterator[object]:
        """Watch one thing, and give what else to look at."""
        if isinstance(x, float):
            self.numbers.add(x)
        if isinstance(x, Constant):
            self._ask(functools.partial(getattr, x, "_data"), "a number")
        if isinstance(x, Tensor):
            self.tensors.append(x)
        if x is None or isinstance(x, (*PLAIN, Node, types.ModuleType)):
            return
        if getattr(type(x), "read_at_each_call", False):
            return
        if id(x) in self.seen:
            return
        self.seen[id(x)] = x  # kept alive, so that its id stays its own
        if isinstance(x, types.MethodType):
            yield x.__self__
            yield x.__func__
        elif isinstance(x, (types.BuiltinMethodType, types.MethodWrapperType)):
            yield self._found(x.__self__)  # of `numbers.get` the dict
        elif isinstance(x, types.FunctionType):
            yield from self._look_at_function(x)
        elif isinstance(x, functools.partial):
            yield from (x.func, self._remembered(x.args), self._remembered(x.keywords))
        elif isinstance(x, (dict, list, tuple, set, frozenset, deque)):
            if type(x) not in EXACT:  # else where it was found it has been compared
                self._remembered(x)
            yield from x.values() if isinstance(x, dict) else x
        elif isinstance(x, np.ndarray):
            self.arrays.append((x, _form_and_bytes(x)))
            if x.dtype == object:
                self.seen[id(x)] = x, x.copy()  # its objects are compared by their addresses, too
                yield from map(self._found, x.flat)
        elif isinstance(x, (*BUFFERS, *VIEWS)):
            found = self._ask(functools.partial(_contents_of, x), f"a {type(x).__name__}")
            yield from found if isinstance(found, list) else ()
        elif isinstance(x, (weakref.ref, ContextVar)):
            ask = functools.partial(x.get, None) if isinstance(x, ContextVar) else x
            yield self._ask(ask, f"a {type(x).__name__}")
        elif isinstance(x, (random.Random, np.random.Generator, np.random.RandomState)):
            self.generators.append((x, _state(x)))
        elif isinstance(x, type):
            yield from self._look_at_class(x)
        elif type(x).__module__.startswith("autograd."):
            yield getattr(x, "__wrapped__", None)  # compiled, too
        elif type(x).__module__ != "builtins":
            yield from self._look_at_object(x)

    def _ask(self, ask: Callable[[], object], name: str) -> object:
        """What there is, which is asked for and compared from now on."""
        now = ask()
        self.asked.append((ask, name, _form_of(now)))
        return now

    def _remembered(self, x: object) -> object:
        """x, whose contents are compared from now on."""
        if x is not None:
            self.containers.append(x)
            self.containers_before.append(_contents_of(x))
        return x

    def _found(self, x: object) -> object:
        """x, found where its contents are not compared."""
        return self._remembered(x) if type(x) in EXACT else x

    def _look_at_object(self, x: object) -> Iterator[object]:
        if isinstance(getattr(x, "__dict__", None), dict):
            yield self._remembered(vars(x))
        for kind in type(x).__mro__:
            slots = () if _library(kind.__module__) else vars(kind).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if name != "__dict__" and hasattr(x, name):
                    yield self._ask(functools.partial(getattr, x, name, None), repr(name))
        yield type(x)

    def _look_at_class(self, x: type) -> Iterator[object]:
        if _library(x.__module__):
            return
        for name, part in vars(x).items():
            if isinstance(part, types.FunctionType) or not name.startswith("__"):
                self._ask(functools.partial(vars(x).get, name), repr(name))
                # what a property, a static method or a class method calls
                inside = [a for a in ("fget", "__func__", "func") if hasattr(part, a)]
                yield getattr(part, inside[0]) if inside else part
        yield from (*x.__bases__, type(x))

    def _look_at_function(self, f: types.FunctionType) -> Iterator[object]:
        if f.__code__.co_filename.startswith(OURS):
            yield getattr(f, "__wrapped__", None)  # as of `grad(f)`
            return
        module = f.__globals__.get("__name__") or ""  # its own, not that of what it wraps
        if _library(module) and not module.startswith("autograd"):
            return
        self.unseen += _unseen(f.__code__)
        self.numbers |= _numbers(f.__code__)
        yield self._remembered(vars(f))
        yield self._remembered(f.__defaults__)
        yield self._remembered(f.__kwdefaults__)
        spaces = [f.__globals__]
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            known = _contents(cell) is not None  # else it may have no value yet
            ask = functools.partial(getattr if known else _contents, cell, *_CONTENTS[:known])
            content = self._ask(ask, repr(name))
            yield content
            spaces += _space(content)
        names = _names(f.__code__)
        for space in spaces:
            for name in names.intersection(space):
                yield self._ask(functools.partial(space.get, name), repr(name))
                spaces += (s for s in _space(space[name]) if all(s is not t for t in spaces))

    def changed(self) -> bool:
        """Whether something is not as it was; a number that is equal is the same."""
        # Asked at every call, so what is still the same thing is passed by without another call.
        try:
            if self.containers_before != self.containers:  # in this order a `_Same` is asked
                return True
            for ask, _, before in self.asked:
                if (now := ask()) is not before and _differs(now, before):
                    return True
            for array, (shape, dtype, before) in self.arrays:
                if array.tobytes() != before or array.shape != shape or array.dtype is not dtype:
                    return True
            return False
        except ValueError:  # a variable was deleted, or one array has taken another's place
            return True

    def leave_out(self, arrays: set[int]) -> None:
        """Of large arrays with these ids only the form is compared: each call reads the numbers."""
        large = {id(x): x for x, _ in self.arrays if id(x) in arrays and x.nbytes > LARGE}
        self.arrays = [pair for pair in self.arrays if id(pair[0]) not in large]
        for x in large.values():
            for name in _FORM:
                self._ask(functools.partial(getattr, x, name), "an array")

    def drawn(self) -> bool:
        """Whether random numbers were drawn."""
        return any(_state(x) != before for x, before in self.generators)

    def culprit(self) -> str:
        """The name of something that has changed, for a message."""
        for ask, name, before in self.asked:
            try:
                differs = _differs(ask(), before)
            except ValueError:  # a variable was deleted
                differs = True
            if differs:
                return name
        for x, before in zip(self.containers, self.containers_before, strict=True):
            if isinstance(before, dict) and isinstance(x, dict):
                for key in (*x.keys(), *before.keys()):
                    if key not in x or key not in before or _differs(x[key], before[key]):
                        return repr(key)
            elif before != x:
                return f"a {type(x).__name__}"
        return "an array"


LARGE = 1 << 14
"""So many bytes of an array take longer to compare than a call takes."""

_FORM = ("shape", "dtype")
_CONTENTS = ("cell_contents",)
PLAIN = (float, int, str, bytes)
EXACT = (list, tuple, dict)
BUFFERS = (array, bytearray, memoryview)
VIEWS = (types.MappingProxyType, MappingView)
"""What shows the contents of a dict."""


class _Same:
    """Stands for something that is equal to others by their contents, and only to itself."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, of: object) -> None:
        self.of = of

    def __eq__(self, other: object) -> bool:
        return self.of is other


def _form_of(x: object) -> object:
    """What to compare something with later: a list with what was in it, other things themselves."""
    return _copied(x) if type(x) in EXACT else x


def _copied(x: object, inside: tuple[int, ...] = ()) -> object:
    """Lists, tuples and dicts as they are now; what is in them is not copied."""
    if type(x) in EXACT:
        if id(x) in inside:
            return x  # it contains itself
        inside = (*inside, id(x))
        if isinstance(x, dict):
            return {key: _copied(part, inside) for key, part in x.items()}
        if isinstance(x, (list, tuple)):
            return type(x)([_copied(part, inside) for part in x])
    compared: object = type(x).__eq__
    if compared is object.__eq__ or x is None or isinstance(x, (*PLAIN, np.generic)):
        return x
    return _Same(x)  # an equal one in its place is not the one that is watched


def _form_and_bytes(x: Array) -> tuple[tuple[int, ...], object, bytes]:
    return x.shape, x.dtype, x.tobytes()  # of an array of objects, their addresses


def _contents_of(x: object) -> object:
    """What a container or an array has in it, to compare it with later."""
    if isinstance(x, np.ndarray):
        return _form_and_bytes(x)
    if isinstance(x, BUFFERS):
        return bytes(x)
    if isinstance(x, types.MappingProxyType):
        x = x.items()
    if isinstance(x, dict):
        return {key: _copied(part) for key, part in x.items()}
    if isinstance(x, (set, frozenset)):
        return set(x)
    if isinstance(x, deque):
        return deque(map(_copied, x))
    assert isinstance(x, Iterable)
    return (tuple if isinstance(x, tuple) else list)(map(_copied, x))


def _state(x: Generator) -> str:
    """Where a generator of random numbers is."""
    if isinstance(x, np.random.Generator):
        return repr(x.bit_generator.state)
    return repr(x.getstate() if isinstance(x, random.Random) else x.get_state())


def _space(x: object) -> list[dict[str, object]]:
    """The names in a module of the user's own."""
    own = isinstance(x, types.ModuleType) and not _library(x.__name__)
    return [vars(x)] if own else []


def _differs(now: object, before: object) -> bool:
    # Python compares containers in C, and looks first whether two things are the same one.
    if now is before:  # as may be a nan, which is not equal to itself
        return False
    if type(before) in EXACT or isinstance(before, PLAIN):
        return type(now) is not type(before) or bool(before != now)
    return now is not before


def _library(module: object) -> bool:
    """Whether a module is a library's: the standard library's, or of a package that is installed.

    What such a module holds is not compared at each call; an object of its classes is.
    """
    top = module.partition(".")[0] if isinstance(module, str) else ""
    return top in LIBRARIES or _is_installed(top)


@functools.cache
def _is_installed(package: str) -> bool:
    spec = getattr(sys.modules.get(package), "__spec__", None)
    places = [
        getattr(spec, "origin", None) or "",
        *(getattr(spec, "submodule_search_locations", None) or ()),
    ]
    return any(f"{os.sep}{folder}{os.sep}" in place for place in places for folder in _INSTALLED)


def _names(code: types.CodeType) -> set[str]:
    """The names that a function's code may look up, those of functions inside it too."""
    inner = (_names(c) for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*inner)


def _numbers(code: types.CodeType) -> set[float]:
    """The floats that stand in a function's code, those of functions inside it too."""
    inner = (_numbers(c) for c in code.co_consts if isinstance(c, types.CodeType))
    return {x for x in code.co_consts if isinstance(x, float)}.union(*inner)


_ASIDE = {"environ", "eval", "exec", "getenv", "globals", "input", "open"}
"""By these a function gets at what its names do not show."""


def _unseen(code: types.CodeType) -> Iterator[str]:
    """What a function's code reads from where nobody can watch, in words."""
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _unseen(inner)
    if _ASIDE.isdisjoint(code.co_names) and _IMPORT not in code.co_code[::2]:
        return
    for step in dis.get_instructions(code):
        name = str(step.argval)
        if step.opname == "IMPORT_NAME" and not _library(name):
            yield f"the module {name}, which it imports"
        elif name in ("environ", "getenv"):
            yield "os.environ"
        elif name in _ASIDE and step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield f"{name}()"


def variables(f: Callable[..., Any]) -> dict[str, object]:
    """The variables that a function uses from around it, by name."""
    if isinstance(f, types.MethodType):
        return {"self": f.__self__, **variables(f.__func__)}
    if not isinstance(f, types.FunctionType):
        return {}
    found = {name: f.__globals__[name] for name in _names(f.__code__) if name in f.__globals__}
    cells = zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)
    return found | {name: _contents(cell) for name, cell in cells}


def _contents(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None
