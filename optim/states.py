"""Saved states of optimizers: all of one is checked before anything is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import came, refuse_masked

if TYPE_CHECKING:
    from autograd.arrays import FloatArray, IndexArray


def check_parts(
    who: str, state: object, needed: Collection[str], optional: Collection[str] = ()
) -> None:
    """Refuse what is no dict with these parts, and no others."""
    needs = f"{who}: needs what state_dict() returned, a dict with {', '.join(needed)}"
    if not isinstance(state, dict):
        raise ValueError(f"{needs}, but got {came(state)}.")
    missing = [name for name in needed if name not in state]
    extra = [name for name in state if name not in needed and name not in optional]
    if missing or extra:
        said = [f"no {', '.join(missing)}"] * bool(missing)
        said += [f"also {came(extra)}"] * bool(extra)
        raise ValueError(f"{needs}, but got one with {' and '.join(said)}. Nothing was changed.")


def check_origin(who: str, state: dict[str, Any]) -> None:
    """Refuse the state of another rule. One that version 0.1 saved does not say whose it is."""
    if state.get("optimizer", who) != who:
        raise ValueError(
            f"{who}: cannot go on from a state of {came(state['optimizer'])}. Nothing was changed."
        )


def shapes(params: Iterable[object]) -> list[list[int]]:
    """The shape of each parameter, [] of a single number, to be saved."""
    return [list(getattr(p, "shape", ())) for p in params]


def check_shapes(
    who: str, names: Sequence[str], params: Sequence[object], state: dict[str, Any]
) -> None:
    """Refuse the state of other parameters. One that version 0.1 saved knows only their sizes."""
    kind = "sizes" if "sizes" in state and "shapes" not in state else "shapes"
    own_shapes = shapes(params)
    sizes = [int(np.prod(shape, dtype=np.intp)) for shape in own_shapes]
    ours: Sequence[object] = sizes if kind == "sizes" else own_shapes
    theirs: object = state.get(kind)
    if not isinstance(theirs, (list, tuple)) or len(theirs) != len(ours):
        got = f"of {len(theirs)}" if isinstance(theirs, (list, tuple)) else "without their shapes"
        raise ValueError(
            f"{who}: has {len(ours)} parameters in a group, but the state is {got}. Nothing was "
            "changed."
        )
    for name, own, other in zip(names, ours, theirs, strict=True):
        if own != (list(other) if isinstance(other, tuple) else other):
            raise ValueError(
                f"{who}: has {name} of {kind[:-1]} {own}, but the state is of {kind[:-1]} "
                f"{came(other)}. Nothing was changed."
            )


def taken_array(who: str, name: str, array: object, shape: tuple[int, ...]) -> FloatArray:
    """A copy of a saved array, which must be of floats and have this shape."""
    refuse_masked(who, array)
    try:
        taken = np.array(array)
    except ValueError:  # of lists that differ in length
        taken = np.array(None)
    if taken.shape != shape or taken.dtype.kind != "f":
        raise ValueError(
            f"{who}: needs {name!r} of shape {shape} and floats, but the state has it of shape "
            f"{taken.shape} and {taken.dtype}. Nothing was changed."
        )
    return taken


def taken_list(who: str, name: str, things: object, length: int) -> Sequence[Any]:
    """A saved list of this length."""
    if not isinstance(things, (list, tuple)) or len(things) != length:
        got = f"one of {len(things)}" if isinstance(things, (list, tuple)) else came(things)
        raise ValueError(
            f"{who}: needs {name!r} as a list of {length}, but the state has {got}. Nothing was "
            "changed."
        )
    return things


def taken_counts(who: str, name: str, given: object, length: int) -> IndexArray:
    """Saved whole numbers >= 0, so many of them."""
    counts: Sequence[object] = taken_list(who, name, given, length)
    if not all(type(n) is not bool and isinstance(n, Integral) and int(n) >= 0 for n in counts):
        raise ValueError(
            f"{who}: needs {name!r} as {length} whole numbers >= 0, but the state has "
            f"{came(counts)}. Nothing was changed."
        )
    return np.array(counts, dtype=np.intp)
