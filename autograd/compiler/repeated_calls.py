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

Step = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]
"""The names of a function, of its arguments, and of those given by name."""


class Repeat:
    """Calls to be made in every round.

    Args:
        steps: Of each its function, its arguments and those given by name: "c0", "c1", … for what
            is the same in all rounds, "a0", "a1", … for columns.

    Example:
        >>> import numpy as np
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


def repeated(
    calls: Sequence[Call], rounds: Callable[[object], list[Any] | None], some: range
) -> list[Call]:
    """Calls in some rounds, one after another, as one call.

    Args:
        calls: Those of one round.
        rounds: Says what an argument is in each round; None if it is the same in all.
        some: The rounds.
    """
    names: dict[int, tuple[str, object]] = {}
    same: list[object] = []
    columns: list[list[object]] = []

    def name(x: object) -> str:
        found = rounds(x)
        if found is None:
            if id(x) not in names:
                names[id(x)] = f"c{len(same)}", x
                same.append(x)
            return names[id(x)][0]
        if id(found) not in names:
            names[id(found)] = f"a{len(columns)}", found
            columns.append([found[k] for k in some])
        return names[id(found)][0]

    steps = [
        (name(x.func), tuple(map(name, x.args)), tuple((k, name(y)) for k, y in x.keywords.items()))
        for x in calls
    ]
    if columns:
        return [partial(_repeat(tuple(steps)), same, columns)] if some else []
    return [*calls] * len(some)


def unrolled(calls: Iterable[Call]) -> Iterator[Call]:
    """The calls, of loops those that they make."""
    for call in calls:
        if isinstance(call.func, Repeat):
            yield from unrolled(call.func.calls(*call.args))
        else:
            yield call
