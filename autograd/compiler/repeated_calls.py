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
from itertools import groupby
from typing import Any

import numpy as np

Call = partial[Any]
Rounds = Sequence[Sequence[Call]]

Step = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]
"""The names of a function, of its arguments, and of those given by name."""

LEAST = 4
"""So many rounds at least are worth a loop."""


class Repeat:
    """Calls to be made in every round.

    Args:
        steps: Of each its function, its arguments and those given by name: "c0", "c1", … for what
            is the same in all rounds, "a0", "a1", … for columns.

    Example:
        >>> double = Repeat((("c0", ("a0", "a1"), ()), ("c0", ("a1", "a1"), ())))
        >>> rows = np.arange(6.0).reshape(3, 2)
        >>> double([np.negative], [list(rows), list(rows)])
        >>> rows.tolist()
        [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    """

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self.steps = steps
        names = {x for f, args, named in steps for x in (f, *args, *(x for _, x in named))}
        same, columns = (
            [f"{kind}{k}" for k in range(sum(x[0] == kind for x in names))] for kind in "ca"
        )
        lines = [
            f"        {f}({', '.join([*args, *(f'{key}={x}' for key, x in named)])})"
            for f, args, named in steps
        ]
        text = ["def run(same, columns):", f"    {', '.join(same)}, = same"]
        text += [f"    for {', '.join(columns)}, in zip(*columns):", *lines]
        space: dict[str, Any] = {}
        exec(compile("\n".join(text), "<repeated calls>", "exec"), space)
        self.run: Callable[..., None] = space["run"]

    def __call__(self, same: Sequence[object], columns: Sequence[Sequence[object]]) -> None:
        """Make them, in order."""
        self.run(same, columns)

    def calls(self, same: Sequence[object], columns: Sequence[Sequence[object]]) -> Iterator[Call]:
        """The calls one by one."""
        for row in zip(*columns, strict=True):
            known: dict[str, Any] = {f"c{k}": x for k, x in enumerate(same)}
            known |= {f"a{k}": x for k, x in enumerate(row)}
            for f, args, named in self.steps:
                yield partial(
                    known[f], *(known[x] for x in args), **{key: known[x] for key, x in named}
                )


_repeat = lru_cache(256)(Repeat)


def rolled(rounds: Rounds) -> Iterator[Call]:
    """The calls of some rounds, where these do the same as loops."""
    for _, group in groupby(rounds, _kind):
        alike = list(group)
        loop = _loop(alike) if len(alike) >= LEAST and alike[0] else None
        if loop is None:
            yield from (call for calls in alike for call in calls)
        else:
            yield loop


def unrolled(calls: Iterable[Call]) -> Iterator[Call]:
    """The calls, of loops those that they make."""
    for call in calls:
        if isinstance(call.func, Repeat):
            yield from unrolled(call.func.calls(*call.args))
        else:
            yield call


def _kind(calls: Sequence[Call]) -> list[object]:
    """What rounds have in common that do the same."""

    def of(function: Callable[..., Any]) -> object:
        return (
            getattr(function, "__name__", "")
            if isinstance(_owner(function), np.ndarray)
            else function
        )

    return [(of(call.func), len(call.args), [*call.keywords]) for call in calls]


def _owner(function: object) -> object:
    return getattr(function, "__self__", None)


def _loop(rounds: Rounds) -> Call | None:
    """Rounds that do the same as one call; None if they do it to the same arrays."""
    same: dict[int, tuple[str, object]] = {}
    columns: dict[tuple[int, ...], tuple[str, list[object]]] = {}

    def name(values: Sequence[object]) -> str:
        first = values[0]
        of_one = callable(first) and not isinstance(_owner(first), np.ndarray)
        if of_one or all(x is first for x in values):
            return same.setdefault(id(first), (f"c{len(same)}", first))[0]
        return columns.setdefault(tuple(map(id, values)), (f"a{len(columns)}", [*values]))[0]

    steps = []
    for calls in zip(*rounds, strict=True):
        function = name([call.func for call in calls])
        args = tuple(map(name, zip(*(call.args for call in calls), strict=True)))
        keys = calls[0].keywords
        steps.append(
            (function, args, tuple((x, name([c.keywords[x] for c in calls])) for x in keys))
        )
    if not columns:
        return None
    arguments = [x for _, x in same.values()], [x for _, x in columns.values()]
    return partial(_repeat(tuple(steps)), *arguments)
