"""Repeated calls: the same calls again and again, on other arrays, as a loop of Python.

    dot(w, x0, t0)   tanh(t0, s0)   dot(w, x1, t1)   tanh(t1, s1)   …

of a recurrent network become, with a column for each argument that is another one in each round,

    for a0, a1, a2 in zip(*columns):
        dot(w, a0, a1)
        tanh(a1, a2)

which takes less time and memory than a list of all calls, and is filled with other arrays at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

Call = partial[Any]


class Repeat:
    """Calls to be made in every round, or to be had one by one.

    Args:
        steps: Of each its function, and its arguments as they are written: "c0", "c1", … for what
            is the same in all rounds, "a0", "a1", … for columns.
        same, columns: How many there are of these.

    Example:
        >>> import numpy as np
        >>> double = Repeat((("c0", "a0, a1"), ("c0", "a1, a1")), 1, 2)
        >>> rows = np.arange(6.0).reshape(3, 2)
        >>> double([np.negative], [list(rows), list(rows)])
        >>> rows.tolist()
        [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    """

    def __init__(self, steps: tuple[tuple[str, str], ...], same: int, columns: int) -> None:
        text = []
        for name, form in (("run", "{}({})"), ("calls", "yield partial({}, {})")):
            text += [f"def {name}(same, columns):", f"    {_names('c', same)} = same"]
            text += [f"    for {_names('a', columns)} in zip(*columns):"]
            text += ["        " + form.format(*step) for step in steps]
        space: dict[str, Any] = {"partial": partial}
        exec(compile("\n".join(text), "<repeated calls>", "exec"), space)
        self.run: Callable[..., None] = space["run"]
        self.calls: Callable[..., Iterator[Call]] = space["calls"]

    def __call__(self, same: Sequence[object], columns: Sequence[Sequence[object]]) -> None:
        """Make them, in order."""
        self.run(same, columns)


def _names(letter: str, count: int) -> str:
    return "".join(f"{letter}{k}, " for k in range(count))


_repeat = lru_cache(256)(Repeat)


def repeated(
    calls: Sequence[Call], rounds: Callable[[object], list[Any] | None], some: range
) -> list[Call]:
    """Calls in some rounds, one after another, as one call.

    Args:
        calls: Those of one round.
        rounds: Says what an argument is in each round; None if it is the same in all.
        some: The rounds.
    """
    same: dict[int, tuple[str, Any]] = {}
    columns: dict[int, tuple[str, list[Any]]] = {}

    def name(x: object) -> str:
        found = rounds(x)
        if found is None:
            return same.setdefault(id(x), (f"c{len(same)}", x))[0]
        return columns.setdefault(id(found), (f"a{len(columns)}", found))[0]

    def step(call: Call) -> tuple[str, str]:
        named = (f"{key}={name(x)}" for key, x in call.keywords.items())
        return name(call.func), ", ".join([*map(name, call.args), *named])

    steps = tuple(map(step, calls))
    if not columns:
        return [*calls] * len(some)
    repeat = _repeat(steps, len(same), len(columns))
    every = [[found[k] for k in some] for _, found in columns.values()]
    return [partial(repeat, [x for _, x in same.values()], every)] if some else []


def unrolled(calls: Iterable[Call]) -> list[Call]:
    """The calls, of loops those that they make."""
    found: list[Call] = []
    for call in calls:
        inner = getattr(call.func, "calls", None)
        found += [call] if inner is None else unrolled(inner(*call.args))
    return found
