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

import builtins
import dis
import functools
import gc
import operator
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

from autograd.compiler.conditions import Conditions
from autograd.node import Node
from autograd.tensor import Tensor
from autograd.value import Constant

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.instructions import Group
    from autograd.compiler.native.loops import Memory

    Generator = random.Random | np.random.Generator | np.random.RandomState

_NAMES = ("autograd", "nn", "optim")
LIBRARIES = {*_NAMES, "numpy", *sys.stdlib_module_names} - {"__main__"}
_HERE = pathlib.Path(__file__).parents[2]
_IMPORT = dis.opmap["IMPORT_NAME"]
_INSTALLED = ("site-packages", "dist-packages")
OURS = tuple(f"{_HERE / name}{os.sep}" for name in _NAMES)
"""Functions that belong to a library do not change between two calls."""


class Watch(Conditions):
    """What functions, or whatever else is given, find around them, as of now.

    What is `apart` may change.

    Example:
        >>> numbers = [1.0, 2.0]
        >>> watch = Watch(lambda x: x * numbers[0])
        >>> watch.hold()
        True
        >>> numbers[0] = 3.0
        >>> watch.hold()
        False
    """

    def __init__(self, *roots: object, apart: Iterable[Group | Memory] = ()) -> None:
        super().__init__()
        self.names |= {"same": _same, "content_of": _content_of, "contents_of": _contents_of}
        self.arrays: dict[int, tuple[Array, str]] = {}  # and the text on their numbers
        self.tensors: list[Tensor] = []
        self.generators: list[tuple[Generator, str]] = []
        self.seen: dict[int, object] = {id(x): x for x in apart}
        self.numbers: set[float] = set()  # as they stand in the code, and around it
        self.taken: dict[int, set[str]] = {}  # of Python's own names those that each module uses
        self.unseen: list[str] = []
        pending = list(roots)
        while pending:
            pending += self._look(pending.pop())

    def _look(self, x: object) -> Iterator[object]:
        """Watch one thing, and give what else to look at."""
        if isinstance(x, float):
            self.numbers.add(x)
        if isinstance(x, Constant):
            self._ask(f"{self.name(x)}._data", x._data, "a number")
        if isinstance(x, Tensor):
            self.tensors.append(x)
        kind = type(x)
        is_own = not _library(kind.__module__)  # of a class of the user's, even if it is a list
        if x is None or (isinstance(x, (*PLAIN, Node, types.ModuleType)) and not is_own):
            return
        if getattr(kind, "read_at_each_call", False):
            return
        if id(x) in self.seen:
            return
        self.seen[id(x)] = x  # kept alive, so that its id stays its own
        if is_own:
            yield from self._look_at_object(x)
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
            if kind not in EXACT:  # else where it was found it has been compared
                self._remembered(x, _is_ours(x))
            yield from x.values() if isinstance(x, dict) else x
        elif isinstance(x, np.ndarray):
            self._look_at_array(x)
            if x.dtype == object:
                self.seen[id(x)] = x, x.copy()  # its objects are compared by their addresses, too
                yield from map(self._found, x.flat)
        elif isinstance(x, (*BUFFERS, *VIEWS)):
            found = _contents_of(x)
            self._ask(f"contents_of({self.name(x)})", found, f"a {kind.__name__}")
            yield from found if isinstance(found, list) else ()
        elif isinstance(x, (weakref.ref, ContextVar)):
            now, ask = (x.get(None), ".get(None)") if isinstance(x, ContextVar) else (x(), "()")
            yield self._ask(f"{self.name(x)}{ask}", now, f"a {kind.__name__}")
        elif isinstance(x, (random.Random, np.random.Generator, np.random.RandomState)):
            self.generators.append((x, _state(x)))
        elif isinstance(x, type):
            yield from self._look_at_class(x)
        elif isinstance(x, np.ufunc):
            yield from gc.get_referents(x)  # of `np.frompyfunc(f, 1, 1)` f
        elif kind.__module__.startswith("autograd."):
            yield getattr(x, "__wrapped__", None)  # compiled, too
        elif not is_own and kind.__module__ != "builtins":
            yield from self._look_at_object(x)

    def _ask(self, text: str, now: object, name: str) -> object:
        """What a text gives now, which is compared from now on."""
        before = self.name(_copied(now))
        if type(now) in EXACT:
            if terms := [*self._alone("v", now)]:
                self.add(" and ".join([f"(v := {text}) is not None", *terms]), lambda: name)
            text = f"same({text}, {before})"
        elif isinstance(now, PLAIN):
            text = f"({text} is {before} or same({text}, {before}))"
        else:
            text = f"{text} is {before}"
        self.add(text, lambda: name)
        return now

    def _remembered(self, x: Any, ours: bool = False, ordered: bool = True) -> Any:
        """x, whose contents are compared from now on."""
        if x is not None:
            before = _contents_of(x)
            if not isinstance(x, (set, frozenset)):
                for term in self._alone(self.name(x), x, not ours, ordered):
                    self.add(term, lambda: _part_of(x, before))
            self.add(f"{self.name(before)} == {self.name(x)}", lambda: _part_of(x, before))
        return x

    def _alone(
        self,
        place: str,
        x: Any,
        with_types: bool = True,
        ordered: bool = True,
        inside: tuple[int, ...] = (),
    ) -> Iterator[str]:
        """What to ask of a container besides whether it is equal to what it was.

        What is equal to others by its contents has to be the same, for an equal one is another one.
        Of dicts and attributes, where settings are, the types of numbers count, too, and of dicts
        the order; lists, where data is, are too long to ask for that, and so for the dicts in them.
        """
        inside = (*inside, id(x))  # it may contain itself
        is_dict = isinstance(x, dict)
        if is_dict and with_types and ordered and len(x) > 1:
            yield f"[*{place}] == {self.name([*x])}"
        for key, part in x.items() if is_dict else enumerate(x):
            at = repr(key) if type(key) in (int, str) else self.name(key)
            where = f"{place}[{at}]"
            if type(part) in EXACT:
                if id(part) not in inside:
                    yield from self._alone(where, part, with_types and is_dict, inside=inside)
            elif _is_alone(part) or (is_dict and with_types and isinstance(part, bool)):
                yield f"{where} is {self.name(part)}"
            elif is_dict and with_types and isinstance(part, (int, float, np.generic)):
                now = self.name(part)
                yield f"({where} is {now} or same({where}, {now}))"

    def _look_at_array(self, x: Array) -> None:
        name = self.name(x)
        numbers = f"{name}.tobytes() == {self.name(x.tobytes())}"
        self.arrays[id(x)] = x, numbers
        form = f"{name}.shape == {x.shape}", f"{name}.dtype is {self.name(x.dtype)}"
        for text in (numbers, *form):
            self.add(text, lambda: "an array")

    def _found(self, x: object) -> object:
        """x, found where its contents are not compared."""
        return self._remembered(x) if type(x) in EXACT else x

    def _attributes(self, x: object) -> dict[str, object]:
        """What is in `x.__dict__`, for which another dict may be put."""
        self.add(f"{self.name(x)}.__dict__ is {self.name(vars(x))}", lambda: "__dict__")
        found: dict[str, object] = self._remembered(vars(x), _is_ours(x), ordered=False)
        return found

    def _look_at_object(self, x: object) -> Iterator[object]:
        # a notebook's autoreload gives it the new class of this name
        self.add(f"type({self.name(x)}) is {self.name(type(x))}", lambda: type(x).__name__)
        if isinstance(getattr(x, "__dict__", None), dict):
            yield self._attributes(x)
        for kind in type(x).__mro__:
            members = {} if _library(kind.__module__) else vars(kind)
            for name, part in members.items():
                if not isinstance(part, types.MemberDescriptorType):  # of `__slots__`
                    continue
                if hasattr(x, name):
                    text = f"getattr({self.name(x)}, {name!r})"
                    yield self._ask(text, getattr(x, name), repr(name))
                else:
                    self.add(
                        f"not hasattr({self.name(x)}, {name!r})", functools.partial(repr, name)
                    )
        yield type(x)

    def _look_at_class(self, x: type) -> Iterator[object]:
        if _library(x.__module__):
            return
        space = vars(x)
        # one more may hide what a class above it has
        self.add(f"len({self.name(space)}) == {len(space)}", lambda: repr(x.__name__))
        for name, part in space.items():
            if isinstance(part, types.FunctionType) or not name.startswith("__"):
                self._ask(f"{self.name(space)}[{name!r}]", part, repr(name))
                # what a property, a static method or a class method calls
                inside = [a for a in ("fget", "__func__", "func") if hasattr(part, a)]
                yield getattr(part, inside[0]) if inside else part
        yield from (*x.__bases__, type(x))

    def _look_at_function(self, f: types.FunctionType) -> Iterator[object]:
        module = f.__globals__.get("__name__") or ""  # its own, not that of what it wraps
        if f.__code__.co_filename.startswith(OURS) or (
            _library(module) and not module.startswith("autograd")
        ):
            yield vars(f)  # `__wrapped__` is there, as of `grad(f)` and of a `contextmanager`
            return
        self.unseen += _unseen(f.__code__)
        self.numbers |= _numbers(f.__code__)
        yield self._attributes(f)
        for name in ("__code__", "__defaults__", "__kwdefaults__"):  # as a notebook's autoreload
            part = getattr(f, name)  # puts others in its place
            if part is not None:
                self.add(
                    f"{self.name(f)}.{name} is {self.name(part)}",
                    functools.partial(repr, f.__name__),
                )
            yield self._remembered(part) if type(part) in EXACT else None
        spaces = [f.__globals__]
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            content, text = _content_of(cell), f"{self.name(cell)}.cell_contents"
            if content is None:  # it may have no value yet
                text = f"content_of({self.name(cell)})"
            yield self._ask(text, content, repr(name))
            spaces += _space(content)
        names = _names(f.__code__)
        for space in spaces:
            for name in names.intersection(space):
                yield self._ask(f"{self.name(space)}[{name!r}]", space[name], repr(name))
                spaces += (s for s in _space(space[name]) if all(s is not t for t in spaces))
        # Python's own names, such as `sum`, until the module gives them to something else
        if own := names & vars(builtins).keys() - f.__globals__.keys():
            known = self.taken.setdefault(id(f.__globals__), set())
            known |= own
            self.add(
                f"{self.name(f.__globals__)}.keys().isdisjoint({self.name(known)})",
                lambda: repr(min(known & f.__globals__.keys())),
            )

    def leave_out(self, arrays: set[int]) -> None:
        """Of large arrays with these ids only the form is compared: each call reads the numbers."""
        for key in arrays & self.arrays.keys():
            if self.arrays[key][0].nbytes > LARGE:
                self.drop(self.arrays.pop(key)[1])

    def drawn(self) -> bool:
        """Whether random numbers were drawn."""
        return any(_state(x) != before for x, before in self.generators)


LARGE = 1 << 14
"""So many bytes of an array take longer to compare than a call takes."""

PLAIN = (float, int, str, bytes)
_BY_VALUE = (*PLAIN, np.generic)
EXACT = (list, tuple, dict)
BUFFERS = (array, bytearray, memoryview)
VIEWS = (types.MappingProxyType, MappingView)
"""What shows the contents of a dict."""


def _is_alone(x: object) -> bool:
    """Whether something is equal to others by its contents, and yet not to be taken for them."""
    compared: object = type(x).__eq__
    return compared is not object.__eq__ and x is not None and not isinstance(x, _BY_VALUE)


def _copied(x: object, inside: tuple[int, ...] = ()) -> object:
    """Lists, tuples and dicts as they are now; neither what is in them nor what cannot change."""
    if type(x) not in EXACT or id(x) in inside:  # it may contain itself
        return x
    inside = (*inside, id(x))
    if isinstance(x, dict):
        return {key: _copied(part, inside) for key, part in x.items()}
    assert isinstance(x, (list, tuple))
    parts = [_copied(part, inside) for part in x]
    return x if type(x) is tuple and all(map(operator.is_, parts, x)) else type(x)(parts)


def _contents_of(x: object) -> object:
    """What a container has in it, to compare it with later."""
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


def _same(now: object, before: object) -> bool:
    """Whether plain things, or containers of such, are of one type and equal."""
    try:
        return type(now) is type(before) and bool(before == now)
    except ValueError:  # there are arrays in them
        return False


def _part_of(x: object, before: object) -> str:
    """What is another one in a container, for a message."""
    if isinstance(x, dict) and isinstance(before, dict):
        for key in (*x.keys(), *before.keys()):
            if key not in x or key not in before:
                return repr(key)
            now, part = x[key], before[key]
            is_alone = type(now) not in EXACT and _is_alone(now)
            if now is not part and (is_alone or not _same(now, part)):
                return repr(key)
    return f"a {type(x).__name__}"


def _is_ours(x: object) -> bool:
    return type(x).__module__.partition(".")[0] in _NAMES


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
    return found | {name: _content_of(cell) for name, cell in cells}


def _content_of(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None
