"""What a function may change besides its result, kept as it is now, to be put back."""

from __future__ import annotations

import collections
import copy
import functools
import random
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, Value

if TYPE_CHECKING:
    from autograd.arrays import Array

# What these define is not followed: they keep no state of a model, or are followed by their names.
_LIBRARIES = {"autograd", "graphviz", "matplotlib", "numpy", "tqdm"}
_FOREIGN = _LIBRARIES | sys.stdlib_module_names


class Snapshot:
    """Everything that a function reaches and that may differ after a call of it.

    These are the numbers of Tensors and Values that no operation made (parameters, and buffers such
    as running averages), the attributes of models with the arrays, lists and dicts in them, and the
    states of random generators, also those that Python and NumPy have for everybody. It reaches
    what it names: variables around it and of its file, the functions it calls, the attributes of
    objects, what is in lists, tuples, sets, deques and dicts.

    Args:
        function: Called without arguments.
        more: What else to keep.

    Example:
        >>> x = Tensor([1.0, 2.0])
        >>> def halve():
        ...     x.data /= 2
        >>> snapshot = Snapshot(halve)
        >>> halve()
        >>> snapshot.restore()
        >>> x
        Tensor([1., 2.])
    """

    def __init__(self, function: Callable[[], Any], more: Iterable[object] = ()) -> None:
        self._undo: list[Callable[[], None]] = []
        seen: dict[int, object] = {}  # what was met is kept: the id of what is gone can come again
        pending: list[object] = [*more, function]
        while pending:
            thing = pending.pop()
            if id(thing) not in seen:
                seen[id(thing)] = thing
                self._keep(thing)
                pending.extend(_parts(thing))
        self._undo.append(functools.partial(random.setstate, random.getstate()))
        everybodys = np.random.get_state()  # noqa: NPY002 (somebody may use it)
        self._undo.append(functools.partial(np.random.set_state, everybodys))

    def _keep(self, thing: object) -> None:
        if isinstance(thing, (Tensor, Value)):
            if thing.op is None:
                self._undo.append(functools.partial(_set_data, thing, copy.copy(thing.data)))
        elif isinstance(thing, np.random.Generator):
            bits = thing.bit_generator
            self._undo.append(functools.partial(setattr, bits, "state", bits.state))
        elif isinstance(thing, random.Random):
            self._undo.append(functools.partial(thing.setstate, thing.getstate()))
        elif isinstance(thing, np.random.RandomState):
            self._undo.append(functools.partial(thing.set_state, thing.get_state()))
        elif hasattr(type(thing), "state_dict") and hasattr(thing, "__dict__"):
            self._keep_inside(vars(thing))

    def _keep_inside(self, attributes: dict[str, object]) -> None:
        """Keep what a model is by its attributes: which they are, and what is in each of them."""
        containers: dict[int, object] = {id(attributes): attributes}
        pending: list[dict[str, object] | list[object] | tuple[object, ...] | Array] = [attributes]
        for part in pending:
            inner: Iterable[object] = ()
            if isinstance(part, dict):
                self._undo.append(functools.partial(_set_items, part, dict(part)))
                inner = part.values()
            elif isinstance(part, list):
                self._undo.append(functools.partial(part.__setitem__, slice(None), part[:]))
                inner = part
            elif isinstance(part, tuple):
                inner = part
            elif part.flags.writeable:
                self._undo.append(functools.partial(np.copyto, part, part.copy()))
            for thing in inner:
                if (
                    isinstance(thing, (dict, list, tuple, np.ndarray))
                    and id(thing) not in containers
                ):
                    containers[id(thing)] = thing
                    pending.append(thing)

    def restore(self) -> None:
        """Put everything back; as often as one likes."""
        for undo in self._undo:
            undo()


def _set_data(node: Tensor | Value, data: Any) -> None:
    node.data = copy.copy(data)  # an array of another library stays one


def _set_items(space: dict[Any, Any], items: dict[Any, Any]) -> None:
    space.clear()
    space.update(items)


def _parts(thing: object) -> Iterator[object]:
    """What a thing leads to in one step."""
    if isinstance(thing, types.FunctionType):
        if not _is_foreign(thing.__module__):
            yield from _named(thing)
            yield from (cell.cell_contents for cell in thing.__closure__ or () if _filled(cell))
            yield from (thing.__defaults__ or (), thing.__kwdefaults__ or {}, vars(thing))
    elif isinstance(thing, types.MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, functools.partial):
        yield from (thing.func, thing.args, thing.keywords)
    elif isinstance(thing, dict):
        yield from thing.values()
    elif isinstance(thing, (list, tuple, set, frozenset, collections.deque)):
        yield from thing
    elif isinstance(thing, np.ndarray):
        yield from thing.flat if thing.dtype == object else ()
    elif isinstance(thing, (Tensor, Value, type, types.ModuleType)):
        return
    elif _is_foreign(type(thing).__module__, _LIBRARIES):
        yield getattr(thing, "function", None)  # of a compiled one
    else:
        yield getattr(thing, "__dict__", {})
        for kind in type(thing).__mro__:
            own = not _is_foreign(kind.__module__)
            yield from (
                getattr(thing, name, None) if isinstance(f, types.MemberDescriptorType) else f
                for name, f in vars(kind).items()
                if own and isinstance(f, (types.FunctionType, types.MemberDescriptorType))
            )


def _named(function: types.FunctionType) -> Iterator[object]:
    """The globals that a function's code names; of modules, what it names of them."""
    codes: list[types.CodeType] = [function.__code__]
    names: set[str] = set()
    for code in codes:
        names.update(code.co_names)
        codes.extend(part for part in code.co_consts if isinstance(part, types.CodeType))
    spaces = [function.__globals__]
    for space in spaces:
        for thing in [space[name] for name in names & space.keys()]:
            if not isinstance(thing, types.ModuleType):
                yield thing
            elif not _is_foreign(thing.__name__) and not any(vars(thing) is s for s in spaces):
                spaces.append(vars(thing))


def _is_foreign(module: str | None, packages: Set[str] = _FOREIGN) -> bool:
    return (module or "").partition(".")[0] in packages


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:  # a variable that has no value yet
        return False
    return True
