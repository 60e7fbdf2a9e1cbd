"""Audit: whether a program computes what its function computes as it is written.

A program repeats what the function did, with other numbers. What the function does depends on more
than anybody can watch, so now and then it is also run as it is written, on the same arguments, and
the results and the gradients of all that went in are compared:

    call 1    is recorded; the results are compared
    call 2    results and gradients are compared
    later     again, whenever twice as many calls have been made and less than a tenth of the time
              that they took is spent on it

With `audit=False` only the first call is.

Sums are added up in another order by a program. So numbers count as the same if they agree but for
rounding, or if the function as it is written differs as much from itself when what goes in is
changed by rounding: then it is too sensitive to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np

from autograd.compiler.program import Ends
from autograd.node import Node, gradients
from autograd.tensor import Tensor
from autograd.trees import flatten, tree_map
from autograd.value import Value

TOLERANCES = {8: (1e-9, 1e-12), 4: (1e-4, 1e-6), 2: (3e-2, 1e-3)}
"""By the bytes of a float: what may differ of a number, and of the sum of all that went in."""

GRADIENT = "the gradient of "

Run = Callable[[Any], Any]


class Schedule:
    """Which calls of what was recorded are audited: the `first` one, and some later ones."""

    def __init__(self, first: float = 2) -> None:
        self.calls = 0
        self.next = first

    def is_due(self) -> bool:
        """Whether the call that comes now is one of them."""
        return self.calls + 1 >= self.next

    def took(self, audit: float, replay: float) -> None:
        """Put off the next one, for as long as the seconds of this one and of a replay say."""
        now = self.calls + 1
        self.next = max(2 * now, now + int(10 * audit / max(replay, 1e-9)))


class Difference(Exception):
    """What a program and its function do differs, as the message says.

    Attributes:
        stable: Whether the function gives the same as it is written, however often it is run.
    """

    def __init__(self, message: str, stable: bool = True) -> None:
        super().__init__(message)
        self.stable = stable


def compare(
    results: Any,
    run: Run,
    nodes: Sequence[Any],
    arguments: Any,
    terms: Callable[[], list[Any]],
    made_inside: Callable[[], list[Any]],
    graded: bool,
) -> None:
    """Run a function as it is written, and compare that with a replay.

    Args:
        results: What the replay gave.
        run: Runs the function on arguments like these.
        nodes: The Values and Tensors that it uses.
        arguments: Those of the call.
        terms: Gives every number that the replay has computed so far, in arrays.
        made_inside: Gives those of the nodes that the function makes anew in each run.
        graded: Whether to compare gradients, too.

    Raises:
        Difference: they differ by more than rounding.
    """
    ours, theirs = (_numbers(x, nodes, graded) for x in (results, run(arguments)))
    for one, other in ((ours, theirs), (theirs, ours)):
        for name in other.keys() - one.keys():
            if not name.startswith(GRADIENT):
                raise Difference(f"as it is written {', '.join(theirs)} are returned")
            one[name] = 0.0 * other[name]  # where none has arrived
    size = min((x.itemsize for x in _floats(ours, theirs)), default=8)
    relative, absolute = TOLERANCES.get(size, TOLERANCES[8])
    absolute *= sum(float(np.abs(x[np.isfinite(x)]).sum()) for x in terms())

    def off(name: str, x: Any, y: Any) -> bool:
        return not _agree(x[name], y[name], relative, absolute)

    wrong = [name for name in ours if off(name, ours, theirs)]
    if not wrong:
        return
    fresh = {id(x) for x in made_inside()}
    if fresh:
        kept = [x for x in nodes if id(x) not in fresh]
        return compare(results, run, kept, arguments, terms, list, graded)
    again = [_numbers(run(arguments), nodes, graded) for _ in range(2)]
    stable = all(name in x and not off(name, x, theirs) for x in again for name in wrong)
    if stable:
        for seed in range(3):
            moved = _numbers(_moved(run, nodes, arguments, seed), nodes, graded)
            wrong = [name for name in wrong if name in moved and not off(name, moved, theirs)]
    if wrong:
        name = wrong[0]
        message = f"{name} is {_shown(theirs[name])}, and compiled {_shown(ours[name])}"
        raise Difference(message, stable)


def _numbers(results: Any, nodes: Sequence[Any], graded: bool) -> dict[str, Any]:
    """What was returned, and the gradients of the nodes, by what to call it in a message."""
    leaves, _ = flatten(results, objects=lambda array: array)
    found = {f"result {k} ({_kind(x)})": getattr(x, "_data", x) for k, x in enumerate(leaves)}
    ends: dict[int, Any] = {
        k: x for k, x in enumerate(leaves) if isinstance(x, Node) and x.requires_grad
    }
    if graded and ends:
        seeds = [_seed(x._data, k) for k, x in ends.items()]
        with np.errstate(all="ignore"):
            grads = gradients(Ends(list(ends.values())), nodes, seeds)
        for node, grad in zip(nodes, grads, strict=True):
            if grad is None:
                continue
            holder, index = (node.home.holder, node.home.index) if node.home else (node, ())
            name = f"{GRADIENT}{holder.label or type(holder).__name__} ({id(holder)})"
            if isinstance(holder, Tensor):
                total = found.setdefault(name, np.zeros(holder.shape))
                total[index] += grad
            else:
                found[name] = grad
    return found


def _kind(x: Any) -> str:
    if isinstance(x, Tensor):
        return "Tensor"
    # What np.where chooses from Values and numbers may be either.
    return "number" if isinstance(x, (Value, Real, np.generic)) else type(x).__name__


def _seed(data: Any, k: int) -> Any:
    """A weight for each number of the k-th result."""
    weights = 1.0 + 0.1 * k + 0.01 * np.arange(np.size(data)).reshape(np.shape(data))
    return weights.astype(data.dtype) if isinstance(data, np.ndarray) else float(weights)


def _floats(*found: dict[str, Any]) -> Iterator[Any]:
    for of_side in found:
        yield from (x for x in of_side.values() if getattr(x, "dtype", np.dtype(int)).kind == "f")


def _agree(x: Any, y: Any, relative: float, absolute: float) -> bool:
    if not isinstance(x, (int, float, np.generic, np.ndarray)) or np.asarray(x).dtype == object:
        return x is y or type(x) is type(y)
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if x.dtype.kind != "f":
        return np.array_equal(x, y)
    x, y = x.astype(float), y.astype(float)
    return np.allclose(x, y, rtol=relative, atol=absolute, equal_nan=True)


def _moved(run: Run, nodes: Sequence[Any], arguments: Any, seed: int) -> Any:
    """What the function gives when everything that goes in is changed in its last digits."""
    rng = np.random.default_rng(seed)

    def near(x: Any) -> Any:
        if isinstance(x, float):
            return float(x * (1 + 4e-16 * rng.integers(-1, 2)))
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            noise = rng.integers(-1, 2, x.shape) * 2 * np.finfo(x.dtype).eps
            return np.asarray(x * (1 + noise).astype(x.dtype))
        return x

    before = [(x, x._data) for x in nodes]
    try:
        for x, data in before:
            x._data = near(data)
        return run(tree_map(near, arguments))
    finally:
        for x, data in before:
            x._data = data


def _shown(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else text[:57] + "…"
