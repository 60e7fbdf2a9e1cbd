"""Chains of single numbers as Python that is written for them, forward and backward.

A recurrence over one number, `x = sin(w * x + b)` a thousand times, has no groups and no matrices:
each operation waits for the one before, and a call of NumPy on one number takes as long as ten
operations of Python. It is three rows that repeat themselves. Forward they become

    for _ in columns:                       values: w, b, x and all results so far
        x0 = values[-1]
        t0 = s0 * x0
        t1 = t0 + s1
        t2 = sin(t1)
        values += (t0, t1, t2)

and backward a loop that takes the results off again, with the gradients beside them. What stands in
it are the rulebook's own derivatives, written down as they are computed (python_source.py). Rows
without a pattern are rounds of one row each, of several kinds.

Where Python has an error for what NumPy has a number, such as 1 / 0, the same text is run once more
on NumPy's numbers, with its warnings.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.graph import CONSTANT, GATHER
from autograd.compiler.python_source import Variable, applied, text_of
from autograd.compiler.repeats import LONGEST, ROUNDS, repeats
from autograd.value import derivative

if TYPE_CHECKING:
    from autograd.arrays import Array, IntArray
    from autograd.compiler.instructions import Chain
    from autograd.op import Elementwise

Operand = tuple[str, float]
"""Where an operand is: ("t", k) the k-th row of the round; ("b", d) the d-th number before it;
("s", p) at the same place in all rounds; ("m", c) at that which the c-th column says; ("c", x) the
number x."""


class Round:
    """What is done in a round, as lines.

    Args:
        rows: Of each row its operation (None copies), to which operands gradients flow (1: left,
            2: right, 3: both), and its operands.
        functions: What the lines call, and under which names.
    """

    def __init__(
        self, rows: list[tuple[Any, int, list[Operand]]], functions: dict[Any, str]
    ) -> None:
        self.rows, self.functions = rows, functions
        self.places = dict.fromkeys(x for _, _, operands in rows for x in operands if x[0] in "bsm")

    def forward(self) -> list[str]:
        """The lines that compute the rows and append them to `values`."""
        text = self._read()
        for k, (op, _, operands) in enumerate(self.rows):
            given = [self._operand(x, "t") for x in operands]
            text.append(f"t{k} = {text_of(op(*given) if op else given[0])}")
        names = [f"t{k}" for k in range(len(self.rows))]
        return [*text, f"values += ({', '.join(names)})" if names[1:] else "keep(t0)"]

    def backward(self) -> list[str]:
        """The lines that take the rows' results and gradients off, and carry these further."""
        text = []
        last = range(len(self.rows) - 1, -1, -1)
        for k in last:
            op, flows, operands = self.rows[k]
            grad, out = self._variable(f"g{k}"), self._variable(f"y{k}")
            given = [self._operand(x, "y") for x in operands]
            for side, x in enumerate(operands):
                if not flows >> side & 1 or (op is not None and op.is_flat):
                    continue
                partial = 1.0 if op is None else _partial(op, side, [*given, out])
                one = op is None or op.is_one[side]
                text.append(f"{_gradient(x)} += {text_of(grad if one else grad * partial)}")
        needed = set(re.findall(r"\w+", " ".join(text)))
        pairs = [*((f"y{k}", "pop()") for k in last), *((f"g{k}", "take()") for k in last)]
        taken = [f"{name} = {call}" if name in needed else call for name, call in pairs]
        return [*taken, *(x for x in self._read() if x.split()[0] in needed), *text]

    def _read(self) -> list[str]:
        """The lines that read operands from before the round, but for what is always the same."""
        return [f"{_name(x)} = values[{_index(x)}]" for x in self.places if x[0] != "s"]

    def _operand(self, x: Operand, made: str) -> Any:
        if x[0] == "c":
            return x[1]
        return self._variable(f"{made}{x[1]}" if x[0] == "t" else _name(x))

    def _variable(self, name: str) -> Any:
        return Variable(name, self.functions)


def _name(x: Operand) -> str:
    """What an operand from before the round is called in it."""
    return f"s{x[1]}" if x[0] == "s" else f"x{x[0]}{x[1]}"


def _index(x: Operand) -> str:
    return f"-{x[1]}" if x[0] == "b" else f"m{x[1]}"


def _gradient(x: Operand) -> str:
    """What an operand's gradient is added to."""
    if x[0] == "t":
        return f"g{x[1]}"
    return f"a{x[1]}" if x[0] == "s" else f"grads[{_index(x)}]"


def _partial(op: Elementwise, side: int, given: list[Any]) -> Any:
    """An operation's derivative, written down; of one that asks for numbers, a call."""
    try:
        return op.partials[side](*given)
    except (TypeError, ValueError, AttributeError):
        return applied(f"{op.name}_{side}_", (op, side), given)


def _both(function: Any) -> tuple[Any, Any]:
    """What a line calls: of Python's floats, and of NumPy's numbers."""
    if not isinstance(function, tuple):
        return function.scalar, function.forward
    op, side = function
    return op.partials[side], lambda *x: np.float64(derivative(op, side, tuple(map(float, x))))


class Stretch:
    """Some rows of a chain: rounds that do the same, or single rows of several kinds.

    Args:
        chain: The chain.
        begin: The first row.
        size: How many rows a round has.
        times: How many rounds there are.
        alike: Whether all rounds do the same; else they are single rows of any kind.
        known: What has been compiled for rounds of the chain already.
    """

    def __init__(
        self,
        chain: FloatChain,
        begin: int,
        size: int,
        times: int,
        alike: bool,
        known: dict[str, Any],
    ) -> None:
        self.rows, self.size = slice(begin, begin + size * times), size
        self.kinds: array[int] | None = None
        self.moving: list[tuple[int, int]] = []  # of which row of a round which operand moves
        if alike:
            kinds = [self._round(chain)]
        else:
            self.moving, kinds = [(0, 0), (0, 1)], [[row] for row in self._by_kinds(chain)]
        key = repr((alike, [[(id(op), *more) for op, *more in rows] for rows in kinds]))
        if key not in known:
            known[key] = self._compiled(kinds)
        self.loops = known[key]

    def _by_kinds(self, chain: FloatChain) -> Iterator[Any]:
        """A row of each kind; its operands are anywhere."""
        columns = (chain.code, chain.flows, chain.right)
        code, flows, right = (x[self.rows].astype(np.int32) for x in columns)
        keys, kinds, counts = np.unique(
            code * 8 + flows * 2 + (right >= 0), return_inverse=True, return_counts=True
        )
        order = np.argsort(-counts)  # what there is most of is asked for first
        kinds = np.argsort(order).astype(np.int16)[kinds]
        self.kinds = array("h", kinds.tobytes())
        operands: list[Operand] = [("m", 0), ("m", 1)]
        for key in keys[order].tolist():
            yield chain.op(key // 8), key // 2 % 4, operands[: 1 + key % 2]

    def _round(self, chain: FloatChain) -> list[Any]:
        """The rows of any of the rounds."""
        first, size = self.rows.start, self.size
        rows = []
        for k in range(first, first + size):
            operands = []
            for side, places in enumerate((chain.left, chain.right)):
                column = places[k : self.rows.stop : size]
                if column[0] >= 0:
                    operands.append(self._where(chain, column, k - first, side))
            rows.append((chain.op(chain.code[k]), int(chain.flows[k]), operands))
        return rows

    def _where(self, chain: FloatChain, column: Array, k: int, side: int) -> Operand:
        """Where an operand of the k-th row of each round is."""
        place, count = int(column[0]), chain.count
        if place < count:
            if (column == place).all():
                return ("c", chain.constants[place]) if place in chain.constants else ("s", place)
            self.moving.append((k, side))
            return "m", len(self.moving) - 1
        back = count + self.rows.start - place  # the same in all rounds
        return ("b", back) if back > 0 else ("t", -back)

    def columns(self, chain: FloatChain, left: IntArray) -> list[Any]:
        """For each round which kind it is of, and the places of its operands that move."""
        sides = left.data, chain.right.data
        found = [sides[side][self.rows][k :: self.size] for k, side in self.moving]
        return found if self.kinds is None else [self.kinds, *found]

    @property
    def times(self) -> int:
        """How many rounds there are."""
        return (self.rows.stop - self.rows.start) // self.size

    def _compiled(self, kinds: list[list[Any]]) -> list[tuple[Any, Any]]:
        """The two functions for rounds of some kinds: of Python's floats, and of NumPy's."""
        functions: dict[Any, str] = {}
        rounds = [Round(rows, functions) for rows in kinds]
        names = ["kind"] * (self.kinds is not None) + [f"m{c}" for c in range(len(self.moving))]
        loop = f"    for {', '.join(names)}, in columns:" if names else "    for _ in columns:"
        same = sorted({p for x in rounds for kind, p in x.places if kind == "s"})
        text = ["def forward(values, columns):", "    keep = values.append"]
        text += [f"    s{p} = values[{p}]" for p in same] + [loop]
        text += self._branches([x.forward() for x in rounds])
        text += ["def backward(values, grads, columns):", "    pop, take = values.pop, grads.pop"]
        text += [f"    s{p} = values[{p}]; a{p} = 0.0" for p in same] + [loop]
        text += self._branches([x.backward() for x in rounds])
        text += [f"    grads[{p}] += a{p}" for p in same]
        code, loops = compile("\n".join(text), "<rounds>", "exec"), []
        for which in (0, 1):
            space = {name: _both(x)[which] for x, name in functions.items()}
            exec(code, space := {**space, "inf": math.inf, "nan": math.nan})
            loops.append((space["forward"], space["backward"]))
        return loops

    def _branches(self, found: list[list[str]]) -> Iterator[str]:
        for k, lines in enumerate(found):
            if len(found) == 1:
                yield from ("        " + line for line in lines)
                continue
            yield f"        {'el' * (k > 0)}if kind == {k}:"
            yield from ("            " + line for line in lines)


class FloatChain:
    """A chain as Python.

    Attributes:
        count, size: How many numbers come from outside, and how many are computed.
        code: Of each row its operation, as in the graph.
        left, right: Its operands, as places in the numbers from outside followed by the rows'
            results; -1 for no right one, and for the left one of a lookup.
        flows: As in the chain.
        constants: The numbers written in the code, by their places.
        lookups: Which rows are copies of one of several numbers, as an index says.
    """

    def __init__(self, chain: Chain) -> None:
        self.graph = graph = chain.graph
        self.count, self.size = chain.inputs.size, chain.out.size
        columns = np.array(graph.code), np.array(graph.left), np.array(graph.right)
        self.code, self.left, self.right = (x[self.count :] for x in columns)
        self.flows = chain.flows
        written = np.flatnonzero(columns[0][: self.count] == CONSTANT).tolist()
        self.constants = {k: graph.constants[graph.left[k]] for k in written}
        self.lookups = np.flatnonzero(self.code == GATHER)
        self._lots = self.left[self.lookups]
        self._indices = chain.indices[0][self.right[self.lookups]]
        self.left[self.lookups] = self.right[self.lookups] = -1
        self.stretches = [*_stretches(self)]
        self.fixed = None if self.lookups.size else self._columns(self.left)

    def op(self, code: int) -> Any:
        """The operation that a row's code stands for; None copies."""
        return self.graph.ops[code] if code >= 0 else None

    def _operands(self, indices: Array) -> Any:
        """The left operands; of a lookup, what the indices choose."""
        begins = np.array(self.graph.begins)
        first, index = begins[self._lots], indices[self._indices]
        counts = begins[self._lots + 1] - first
        wrong = (index < -counts) | (index >= counts)
        if wrong.any():  # in NumPy's words, as where lookups are not part of a chain
            raise IndexError(
                f"index {index[wrong][0]} is out of bounds for axis 0 with size {counts[wrong][0]}"
            )
        left = self.left.copy()
        left[self.lookups] = np.array(self.graph.candidates)[first + index % counts]
        return left

    def _columns(self, left: IntArray) -> list[list[Sequence[int]]]:
        return [x.columns(self, left) for x in self.stretches]

    def run(self, outside: Array, indices: Array, out: Array) -> None:
        """Compute the rows: their results go into `out`."""
        out[:] = self._through(0, indices, outside)[self.count :]

    def run_back(
        self, outside: Array, results: Array, out_grads: Array, indices: Array, out: Array
    ) -> None:
        """Carry the gradients of the rows back to the numbers from outside, into `out`."""
        grads = np.concatenate([np.zeros(self.count), out_grads])
        out[:] = self._through(1, indices, np.concatenate([outside, results]), grads)

    def _through(self, way: int, indices: Array, *arrays: Array) -> list[float]:
        """Run all rounds forward (0) or backward (1) on lists of the arrays' numbers.

        Returns:
            The last of the lists.
        """
        columns = self.fixed or self._columns(self._operands(indices))
        turned = slice(None, None, -1 if way else 1)
        for attempt in (0, 1):  # on Python's floats, or else on NumPy's
            lists: list[list[float]] = [[*x] if attempt else x.tolist() for x in arrays]
            try:
                for stretch, sides in [*zip(self.stretches, columns, strict=True)][turned]:
                    rounds = zip(*(x[turned] for x in sides), strict=True)
                    stretch.loops[attempt][way](*lists, rounds if sides else range(stretch.times))
                break
            except (ArithmeticError, ValueError):
                if attempt:
                    raise
        return lists[-1]


def _stretches(chain: FloatChain) -> Iterator[Stretch]:
    """A chain's rows, as rounds where they repeat themselves."""
    columns = (chain.code, chain.flows, chain.left, chain.right)
    code, flows, *sides = (x.astype(np.int64) for x in columns)
    count, end = chain.count, len(code)
    here = count + np.arange(end)
    near = [np.where(side < count, np.minimum(side, 0), here - side) for side in sides]
    near[0][chain.lookups] = -2 - chain.lookups  # each on its own: it may choose from its round
    factors = np.random.default_rng(0).integers(1 << 62, size=4)
    marks: IntArray = (np.stack([code, flows, *near]) * factors[:, None]).sum(axis=0)
    begin, known = 0, dict[Any, Any]()
    for first, size, times in repeats(marks, _periods(marks)):
        if size * times < MANY:
            continue
        if begin < first:
            yield Stretch(chain, begin, 1, first - begin, False, known)
        yield Stretch(chain, first, size, times, True, known)
        begin = first + size * times
    if begin < end:
        yield Stretch(chain, begin, 1, end - begin, False, known)


MANY = 300
"""So many rows at least are worth text of their own."""


def _periods(marks: IntArray) -> list[int]:
    """After how many rows something may be as it was: what a sample of the rows says."""
    most = min(LONGEST, len(marks) // ROUNDS, len(marks) - 4)
    if most < 1:
        return []
    sample = np.linspace(0, len(marks) - 4 - most, 32).astype(int)
    steps, same = np.arange(1, most + 1), np.ones((32, most), dtype=bool)
    for k in range(4):  # some rows one after the other: one alone says little
        same &= marks[sample[:, None] + steps + k] == marks[sample + k][:, None]
    repeated: list[int] = steps[same.any(axis=0)].tolist()
    return repeated
