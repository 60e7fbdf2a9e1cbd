"""Audit: whether a program computes what its function computes as it is written.

A program repeats what the function did, with other numbers. What the function does depends on more
than anybody can watch, so now and then it is also run as it is written, on the same arguments, and
the results and the gradients of all that went in are compared:

    call 1    is recorded; results and gradients are compared, of a long function (20,000 numbers)
              the results with those of the recorded run alone
    call 2    results and gradients are compared
    later     again, whenever twice as many calls have been made and less than a tenth of the time
              that they took is spent on it

With `audit=False` only the first call is.

Sums are added up in another order by a program. So numbers count as the same if they agree but for
rounding, or if the program differs as much from itself when what goes in is changed by rounding:
then it is too sensitive to tell. Some functions make much of the last digits:

    1 / (0.1 + 0.2 - 0.3)      1.8e16; inf if the sum is added up from the other end
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.passes import Ends
from autograd.compiler.replay import MISS, run
from autograd.node import Node, gradients, topological
from autograd.tensor import Tensor
from autograd.trees import flatten
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.arrays import Array
    from autograd.compiler.arguments import Given
    from autograd.compiler.effects import State
    from autograd.compiler.program import Program, Workspace
    from autograd.compiler.results import ResultTensor, ResultValue

TOLERANCES = {8: (1e-9, 1e-12), 4: (1e-4, 1e-6), 2: (3e-2, 1e-3)}
"""By the bytes of a float: what may differ of a number, and of the sum of all that went in."""

GRADIENT = "the gradient of "

CLOSE = 100.0
"""How many times as much as it differs from itself a program may differ from its function."""


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
        of_type: Whether only the types of floats differ, and not what they are.
    """

    def __init__(self, message: str, stable: bool = True, of_type: bool = False) -> None:
        super().__init__(message)
        self.stable, self.of_type = stable, of_type


class Audit:
    """A replay that is compared with its function as it is written.

    Args:
        program: What was run.
        given: The arguments.
        function: Runs the function on them as it is written.
        trace: Records it on them once more; the recording comes first.
        results: What the replay gave.
        space: Its memory.
        before: What it changes, as that was before.
        graded: Whether to compare gradients, too.
    """

    def __init__(
        self, program: Program, given: Given, function: Callable[[], object],
        trace: Callable[[], tuple[Any, ...]], results: Any, space: Workspace, before: State,
        graded: bool,
    ) -> None:  # fmt: skip
        self.program, self.given, self.space, self.before = program, given, space, before
        self.function, self.trace, self.results = function, trace, results
        self.graded = graded and not program.is_step  # else results are constants
        leaves = program.graph.leaves[program.value_count :]
        around = [x for x, _ in (*program.placement.arrays, *program.closed)]
        nodes = [*leaves, *given.values, *given.tensors, *around]
        self.nodes: list[Any] = [*{id(x): x for x in nodes}.values()]

    def compare(self) -> None:
        """Run the function as it is written, and compare; all is as before the replay then.

        Raises:
            Difference: they differ by more than rounding.
        """
        state = self.program.state(self.given).numbers()
        try:
            self._compare(state)
        finally:
            self.before.restore()

    def _compare(self, state: dict[str, Any]) -> None:
        ours, theirs = self._numbers(self.results) | state, self._as_written()
        for one, other in ((ours, theirs), (theirs, ours)):
            for name in other.keys() - one.keys():
                if name.startswith("result"):
                    sides = [[x for x in y if x.startswith("result")] for y in (theirs, ours)]
                    written, compiled = (", ".join(x) or "nothing" for x in sides)
                    raise Difference(f"it returns {written}, and compiled {compiled}")
                one[name] = 0.0 * other[name]  # where none has arrived
        total = _sum_of_sizes(self.space.terms())
        wrong = _differing(ours, theirs, total)
        wrong = [x for x in wrong if not _agree(ours[x], theirs[x], total, self._size(x))]
        if not wrong:
            return
        kept = self._not_made_inside()
        if len(kept) < len(self.nodes):
            self.nodes = kept
            return self._compare(state)
        again = [self._as_written() for _ in range(2)]
        stable = all(x in run and _agree(run[x], theirs[x], total) for run in again for x in wrong)
        if stable and self._is_undecided(TOLERANCES[8][1] * total):
            return
        if stable:
            runs = [self._perturbed(seed) for seed in (None, 0, 1, 2)]
            wrong = [x for x in wrong if not _is_sensitive(x, ours[x], theirs[x], runs, total)]
        if wrong:
            name = wrong[0]
            message = f"{name} is {_shown(theirs[name])}, and compiled {_shown(ours[name])}"
            pairs = [(np.asarray(ours[x]), np.asarray(theirs[x])) for x in wrong]
            raise Difference(message, stable, all(_differ_in_type(x, y, total) for x, y in pairs))

    def _as_written(self) -> dict[str, Any]:
        self.before.restore()
        return self._found(self.function())

    def _found(self, results: object) -> dict[str, Any]:
        """Results, the gradients of the nodes, and what has changed."""
        return self._numbers(results) | self.program.state(self.given).numbers()

    def _numbers(self, results: object) -> dict[str, float | Array]:
        """What was returned, and the gradients of the nodes, by what to call it in a message."""
        leaves, _ = flatten(results, objects=lambda array: array)
        found: dict[str, float | Array] = {
            f"result {k} ({_kind(x)})": getattr(x, "_data", x) for k, x in enumerate(leaves)
        }
        ends = {k: x for k, x in enumerate(leaves) if isinstance(x, Node) and x.requires_grad}
        if self.graded and ends:
            root, seeds = Ends(list(ends.values())), [_seed(x._data, k) for k, x in ends.items()]
            nodes = self.nodes
            if self.program.placement.arrays:  # whose single numbers f may ask for anew in each run
                nodes = [*dict.fromkeys([*nodes, *(x for x in topological(root) if x.home)])]
            with np.errstate(all="ignore"):
                grads = gradients(root, nodes, seeds)
            for node, grad in zip(nodes, grads, strict=True):
                holder, index = (node.home.holder, node.home.index) if node.home else (node, ())
                if grad is None or not holder.requires_grad:  # numbers of a frozen array get none
                    continue
                name = f"{GRADIENT}{holder.label or type(holder).__name__} ({id(holder)})"
                if isinstance(holder, Tensor):
                    total = found.setdefault(name, np.zeros(holder.shape, np.asarray(grad).dtype))
                    np.asarray(total)[index] += grad
                else:
                    found[name] = grad
        return found

    def _perturbed(self, seed: int | None) -> dict[str, Any]:
        """What the program gives in other memory, with what goes in changed in its last digits.

        A number says which ones, None: none of them. Nothing if that takes another path. What other
        threads may be using stays as it is.
        """
        rng = np.random.default_rng(seed)

        def near(x: Any) -> Any:
            """A number or an array with each float changed by rounding."""
            if isinstance(x, float):
                return float(x * (1 + 4e-16 * rng.integers(-1, 2)))
            if x.dtype.kind != "f":
                return x
            noise = rng.integers(-1, 2, x.shape) * 2 * np.finfo(x.dtype).eps
            return np.asarray(x * (1 + noise).astype(x.dtype))

        def perturb() -> None:
            """Change the numbers of leaves, which are copied before this, and used after."""
            places = [place for _, place in (*space.moving, *space.tensor_places)]
            for array in (space.leaf_numbers, *places):
                array[...] = near(array)

        self.before.restore()
        given, other = copy.copy(self.given), copy.copy(self.program)
        other.native = None
        other.bind({}, other.kept)
        space = other.workspace()
        if seed is not None:
            given.floats, given.arrays = ([*map(near, x)] for x in (given.floats, given.arrays))
            space.forward.insert(len(space.homes), partial(perturb))
        other.free.append(space)
        with np.errstate(all="ignore"):
            found = run(other, given)
        return {} if found is MISS else self._found(found)

    def _size(self, name: str) -> int:
        """The bytes of the smallest floats that a result or a gradient is made of."""
        return self.program.float_size(int(name.split()[1]) if name.startswith("result") else None)

    def _not_made_inside(self) -> list[Any]:
        """The nodes without those that the function makes anew in each run."""
        there = set(map(id, self.trace()[0].graph.leaves))
        leaves = set(map(id, self.program.graph.leaves[self.program.value_count :]))
        return [x for x in self.nodes if id(x) not in leaves or id(x) in there]

    def _is_undecided(self, close: float) -> bool:
        """Whether as it is written the function takes another path, from close numbers on."""
        there = self.trace()[0].graph.guards
        for relation, left, right, outcomes in self.space.guards:
            found = np.array(there.get(relation, ([], b""))[1], dtype=bool)[: len(outcomes)]
            other = np.flatnonzero(found != outcomes[: len(found)])
            if other.size:
                return bool(abs(left()[other[0]] - right()[other[0]]) <= close)
        return False


def same(results: object, numbers: Sequence[Any]) -> bool:
    """Whether results are these numbers and arrays but for rounding."""
    leaves, _ = flatten(results, objects=lambda array: array)
    ours = {str(k): getattr(x, "_data", x) for k, x in enumerate(leaves)}
    theirs = {str(k): x for k, x in enumerate(numbers)}
    single = [x for x in (*ours.values(), *theirs.values()) if type(x) is float]
    return not _differing(ours, theirs, _sum_of_sizes([np.array(single)]))


def _sum_of_sizes(terms: Sequence[Array]) -> float:
    """Without infinities, nor the largest numbers there are, which stand for such."""
    sizes = [np.abs(x) for x in terms]
    largest = [np.finfo(x.dtype).max if x.dtype.kind == "f" else np.inf for x in sizes]
    with np.errstate(over="ignore"):
        found = sum(float(x[x < most].sum()) for x, most in zip(sizes, largest, strict=True))
    return min(found, float(np.finfo(float).max))


def _differing(
    ours: dict[str, float | Array], theirs: dict[str, float | Array], total: float
) -> list[str]:
    """The names of what differs; the many numbers that a function may return are one array."""
    single = {x: (y, theirs[x]) for x, y in ours.items() if type(y) is type(theirs[x]) is float}
    x, y = np.array(list(single.values())).reshape(-1, 2).T
    if not _agree(x, y, total):
        single = {}
    others = [name for name in ours if name not in single]
    return [name for name in others if not _agree(ours[name], theirs[name], total)]


def _is_sensitive(
    name: str,
    ours: float | Array,
    theirs: float | Array,
    runs: Sequence[dict[str, float | Array]],
    total: float,
) -> bool:
    """Whether rounding alone makes a difference as large as this one."""
    same, *moved = (run.get(name, 0.0 * ours) for run in runs)
    if np.asarray(theirs).dtype != np.asarray(ours).dtype:
        return False  # rounding changes no type
    for x in moved:
        if not _agree(x, same, total) and np.shape(theirs) == np.shape(x) == np.shape(same):
            with np.errstate(all="ignore"):
                off, own = (np.abs(np.subtract(a, same, dtype=float)) for a in (theirs, x))
            if not np.nanmax(off) > CLOSE * np.nanmax(own):  # inf by inf is nan, and as large
                return True
    return False


def _kind(x: float | Node | ResultTensor | ResultValue) -> str:
    if isinstance(x, Tensor):
        return "Tensor"
    if isinstance(x, np.ndarray):
        return "array"  # a parameter's data is of a class of its own
    # What np.where chooses from Values and numbers may be either.
    return "number" if isinstance(x, (Value, Real, np.generic)) else type(x).__name__


def _seed(data: float | Array, k: int) -> float | Array:
    """A weight for each number of the k-th result."""
    weights = 1.0 + 0.1 * k + 0.01 * np.arange(np.size(data)).reshape(np.shape(data))
    return weights.astype(data.dtype) if isinstance(data, np.ndarray) else float(weights)


def _agree(x: Any, y: Any, total: float, size: int = 8) -> bool:
    """Whether they are the same but for rounding of floats of some bytes, or of their own."""
    if not isinstance(x, (int, float, np.generic, np.ndarray)) or np.asarray(x).dtype == object:
        return x is y or type(x) is type(y)
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if x.dtype.kind != "f":
        return np.array_equal(x, y)
    relative, absolute = TOLERANCES.get(min(x.itemsize, size), TOLERANCES[8])
    x, y = x.astype(float), y.astype(float)
    return np.allclose(x, y, rtol=relative, atol=absolute * total, equal_nan=True)


def _differ_in_type(x: Array, y: Array, total: float) -> bool:
    """Whether two arrays are of floats of different sizes, and the same but for rounding."""
    if x.dtype == y.dtype or x.dtype.kind != "f" or y.dtype.kind != "f":
        return False
    return _agree(x.astype(float), y.astype(float), total, min(x.itemsize, y.itemsize))


def _shown(x: object) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else text[:57] + "…"
