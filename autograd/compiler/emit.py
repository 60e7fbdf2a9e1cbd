"""Emit: write the instructions down as expressions of Tensors, whose derivative the engine finds.

The Tensors hold traced arrays, so that what computes them becomes calls on a tape (tape.py). Five
neurons, with the leaves w in one row, as place.py has ordered them, are

    v0 = gather(w, 5x2) @ gather(data, 2x1) + gather(w, 5x1)        v1 = tanh(v0)

and their backward pass is `node.gradients` of v1 by w: the engine's own, on traced arrays. Where an
operand has numbers of several arrays, a scatter puts them side by side (gather.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from autograd.compiler.columns import in_turn
from autograd.compiler.float_chains import FloatChain
from autograd.compiler.gather import choose, gather, gathered, scatter
from autograd.compiler.graph import GRADIENT
from autograd.compiler.instructions import Chain, Gather, Group, Loop, Placed, Product, Raised, Sums
from autograd.compiler.loop import Repeated
from autograd.compiler.loop_calls import Backward, Forward
from autograd.compiler.loop_gradients import of_given, take_out
from autograd.compiler.passes import Ends, node_of
from autograd.compiler.places import Positions, View, factored, layout, spaced
from autograd.compiler.tape import Tape, Traced
from autograd.node import Node, chain_rule, gradients, topological
from autograd.op import RULEBOOK, Structural
from autograd.tensor import Tensor

if TYPE_CHECKING:
    from autograd.arrays import Array, FloatArray, IntArray
    from autograd.compiler.instructions import Instruction


class Emitted:
    """A scalar program on a tape.

    Attributes:
        tape: Its calls, forward and (in a second section) backward.
        data, leaves, constants, indices: What goes in.
        lookups: In a loop's body, where what each lookup chooses lies, which a round is given; and
            what `choose` finds that by.
        kept: The arrays of what goes in and of the instructions' results, each with its begin.
        seeds: The gradients of rows that somebody outside needs.
        gradient: That of the leaves; None where no gradient flows.
    """

    def __init__(self, raised: Raised, placement: Placed, indices: int, body: bool = False) -> None:
        self.tape = tape = Tape()
        self.raised, self.placement, self.at = raised, placement, placement.at
        self.body = body
        self.early = sum(not raised.late[x.out.flat[0]] for x in raised.instructions)
        sizes = np.diff([0, placement.graph.data_size, placement.constants_at])
        self.data, self.leaves = (tape.source(np.zeros(n)) for n in sizes)
        self.constants = tape.source(placement.constants(), fixed=True)
        self.indices = tape.source(np.zeros(indices, dtype=np.intp))
        given = 0, sizes[0], placement.constants_at, placement.gradients_at
        self.begins = np.array([*given, *placement.begins])
        self.needed = np.zeros(placement.size, dtype=bool)
        rows = np.flatnonzero((self.at >= 0) & raised.needs)
        self.needed[self.at[rows]] = True
        self.leaf = node_of(self.leaves, True)
        self.arrays = [node_of(self.data), self.leaf, node_of(self.constants)]
        self.arrays.append(self.arrays[0])  # where the gradient comes
        self.kept = [(self.data, 0), (self.leaves, int(sizes[0]))]
        self.kept.append((self.constants, placement.constants_at))
        ones = {begin: tape.source(np.ones(n), fixed=True) for begin, n in placement.ones.items()}
        self.kept += [(x, begin) for begin, x in ones.items()]
        self.owned = {id(x) for x, _ in self.kept}
        self.views: dict[tuple[int, View, bool], Tensor] = {}
        self.memory = tape.source(tape.blank((placement.size,)))  # where all these arrays lie
        self.lookups: list[tuple[Traced, tuple[IntArray, IntArray, IntArray]]] = []
        self.seeds: Traced  # there is one where there is a gradient
        self.gradient: Traced | None = None

    def forward(self) -> None:
        """Write down the calls that compute every row."""
        with np.errstate(all="ignore"):  # these are not the numbers of any run
            for k in range(self.early):
                self._emit(k)
        self.tape.section()

    def _emit(self, k: int) -> None:
        """Write down the k-th instruction."""
        instruction = self.raised.instructions[k]
        out: Tensor = getattr(self, f"_{type(instruction).__name__.lower()}")(instruction)
        self._keep(out, self.placement.begins[k])

    def backward(self, rows: IntArray) -> None:
        """Write down the calls that carry the gradients of some rows to the leaves.

        After them, in a section of their own, come the calls that compute rows of those gradients.
        """
        root = self.operand(self.at[rows]) if len(rows) else self.arrays[0]
        if not root.requires_grad:
            return
        with np.errstate(all="ignore"):
            self.seeds = self.tape.source(np.zeros(len(rows)))
            found: Traced
            (found,) = gradients(root, [self.leaf], self.seeds)
            mine = found.base is found and found is not self.seeds
            self.gradient = found if mine and id(found) not in self.owned else _copy(found)
            if GRADIENT not in self.placement.graph.code:
                return
            self.owned.add(id(self.gradient))
            self.kept.append((self.gradient, self.placement.gradients_at))
            self.arrays[3] = node_of(self.gradient)
            self.tape.section()
            for k in range(self.early, len(self.raised.instructions)):
                self._emit(k)

    def backward_from_all(
        self, exposed: IntArray, asked: Sequence[Instruction]
    ) -> list[tuple[Traced | None, Traced, int]]:
        """Likewise of all rows at once, as in a loop's body.

        Args:
            exposed: The positions of rows to which gradients come from outside.
            asked: Instructions of which somebody needs the gradients of their results.

        Returns:
            For each array of results: its seeds or None, its gradient in the end, and where it
            begins.
        """
        found: dict[Node, Traced | None] = {self.leaf: None}
        ends: list[tuple[Traced | None, Traced, int]] = []
        seeds: dict[Node, Traced] = {}
        pairs = zip(self.arrays[4:], self.placement.begins, self.raised.instructions, strict=True)
        results = [(x, begin, instruction) for x, begin, instruction in pairs if x.requires_grad]
        for x, begin, _ in results:
            if ((begin <= exposed) & (exposed < begin + x.size)).any():
                seeds[x] = self.tape.source(np.zeros(x.shape))
        with np.errstate(all="ignore"):
            root = Ends([*seeds])
            deque(chain_rule(topological(root), [*seeds.values()], found.update), maxlen=0)
            self.gradient = found[self.leaf]
            owned = {id(x) for x in (self.gradient, *seeds.values(), *(found[x] for x in seeds))}
            for x, begin, instruction in results:
                total = found.get(x)
                if x not in seeds:
                    if total is None or not any(instruction is y for y in asked):
                        continue
                    while total.maker is not None and total.maker.function is np.reshape:
                        total = total.maker.args[0]  # that is computed at its place
                    if id(total) in owned or total.base is not total:
                        total = self.tape.later(total.shape, np.positive, total)
                assert total is not None  # where a seed comes in there is a gradient
                owned.add(id(total))
                ends.append((seeds.get(x), total, begin))
        return ends

    def within(self, numbers: FloatArray) -> dict[int, Array]:
        """The arrays of all rows as parts of one, for `bind`."""
        parts = ((x, numbers[begin : begin + x.size].reshape(x.shape)) for x, begin in self.kept)
        return {id(self.memory): numbers, **{id(x): part for x, part in parts}}

    # --- operands

    def operand(self, positions: IntArray) -> Tensor:
        """The numbers at some positions."""
        owner = np.searchsorted(self.begins, positions, side="right") - 1
        first = int(owner.flat[0])
        if (owner == first).all():
            return self._read(first, positions)
        same = tuple(
            axis
            for axis, n in enumerate(positions.shape)
            if n > 1 and (positions == positions.take([0], axis)).all()
        )
        if same:  # one number is used again and again: once is enough
            once = positions[tuple(0 if i in same else slice(None) for i in range(positions.ndim))]
            steps = iter(View.all(once.shape).steps)
            spread = tuple(0 if i in same else next(steps) for i in range(positions.ndim))
            return gather(self.operand(once), View(0, positions.shape, spread))
        where = layout(positions)  # side by side already, as the arrays lie in one memory?
        shown = None
        if isinstance(where, View) and not self.body:  # a round's are in several memories
            shown = gathered(self.memory, where)
        flat, owner = positions.ravel(), owner.ravel()
        parts, wheres = [], []
        for k in in_turn(np.unique(owner)):
            places = np.flatnonzero(owner == k)
            wheres.append(spaced(places))
            parts.append(self._read(k, flat[places].reshape(wheres[-1].shape)))
        return scatter(parts, wheres, positions.shape, shown)

    def _read(self, k: int, positions: IntArray) -> Tensor:
        """Numbers of the k-th array; as constants where no gradient is asked for."""
        where, needed = layout(positions - self.begins[k]), bool(self.needed[positions].any())
        if isinstance(where, View) and (k, where, needed) in self.views:
            return self.views[k, where, needed]
        array = self.arrays[k]
        if k == 2 and isinstance(where, Positions):  # numbers written in the code, put in order
            return node_of(self.tape.source(self.constants.array[where.positions], fixed=True))
        found = gather(array if needed else node_of(_traced(array)), where)
        if isinstance(where, View):
            self.views[k, where, needed] = found
        return found

    def _number(self, positions: IntArray) -> float | None:
        """The number, where an operand is one that is written in the code; else None."""
        at = int(positions.flat[0])
        k = at - self.placement.constants_at
        if 0 <= k < len(self.placement.constant_order) and (positions == at).all():
            return np.float64(self.constants.array[k])  # divides by zero without an error
        return None

    def _keep(self, out: Tensor, begin: int) -> None:
        """Keep the results of an instruction, in an array of their own."""
        data = _traced(out)
        mine = id(data.base) not in self.owned and data.base.array.flags.c_contiguous
        if not mine or data.base.size != data.size or data.dtype != np.float64:
            out = Tensor._apply(_COPY, (out,), {})
            data = _traced(out)
        self.owned.add(id(data.base))
        self.kept.append((data.base, begin))
        if not out.requires_grad and self.needed[begin : begin + data.size].any():
            out = node_of(data, True)  # its operands' gradients wait for the end of the loop
        self.arrays.append(out)

    # --- instructions

    def _group(self, group: Group) -> Tensor:
        positions = [self.at[rows] for rows in group.operands]
        shapes = {factored(p) for p in positions} | {(len(group.out),)}
        found = [(shape, [layout(p.reshape(shape)) for p in positions]) for shape in shapes]
        shape, _ = min(
            found, key=lambda x: (sum(isinstance(y, Positions) for y in x[1]), len(x[0]))
        )
        if group.op is None:  # a copy, which no gradient passes
            return node_of(_traced(self.operand(positions[0].reshape(shape))))
        numbers = [self._number(p) for p in positions]
        if all(x is not None for x in numbers):
            numbers[0] = None
        operands = [
            self.operand(p.reshape(shape)) if x is None else x
            for x, p in zip(numbers, positions, strict=True)
        ]
        return Tensor._apply(group.op, tuple(operands), {})

    def _product(self, product: Product) -> Tensor:
        left, right, shape = product.left, product.right.swapaxes(-1, -2), product.out.shape
        if len(left) == 1:
            left, right, shape = left[0], right[0], shape[1:]
        if product.out.size == 1:  # one vector by one, of which either may be the other, too
            left, right, shape = left[0], right[:, 0], ()
        sides, bias = self._with_bias(left, right, product), product.bias
        if sides is None:
            sides, bias = (self.operand(self.at[left]), self.operand(self.at[right])), None
        out = Tensor._apply(RULEBOOK["matmul"], sides, {})
        for rows in (x for k, x in enumerate(product.plain) if k != bias):
            more = self.operand(self.at[rows].reshape(shape))
            out = Tensor._apply(RULEBOOK["add"], (out, more), {})
        if not shape:
            _traced(out).number = False  # an array of no axes, which can be seen as a row of one
            out = Tensor._apply(RULEBOOK["reshape"], (out,), {"shape": (1,)})
        return out

    def _with_bias(
        self, left: IntArray, right: IntArray, product: Product
    ) -> tuple[Tensor, Tensor] | None:
        """A product's sides with its bias as one more column, and with 1s below; if that is less.

        W x + b is [W b] @ [x 1]: one call less forward, and one less for the gradients. What does
        not lie so in memory is copied, in half the time that it takes to add b to as many numbers.
        """
        if product.bias is None or self.body:
            return None
        bias = product.plain[product.bias][0, :, :1]
        at, places = self.at[np.append(left, bias, axis=1)], self.at[right]
        (height, width), (count, size) = at.shape, places.shape
        within, behind = View(0, places.shape, (size, 1)), View(count * size, (1, size), (size, 1))
        begin, shown, copied = int(places[0, 0]), None, places.size
        follow = self.placement.ones.get(begin + places.size) == size
        if follow and layout(places) == replace(within, start=begin):
            shown, copied = gathered(self.memory, View(begin, (count + 1, size), (size, 1))), 0
        is_there = isinstance(layout(at), View)
        if copied + (0 if is_there else at.size) >= product.out.size:
            return None
        if is_there:
            wide = self.operand(at)
        else:
            columns = View(0, (height, count), (width, 1)), View(count, (height, 1), (width, 1))
            wide = scatter([self.operand(at[:, :-1]), self.operand(at[:, -1:])], columns, at.shape)
        parts = [self.operand(places), node_of(self.tape.source(np.ones((1, size)), fixed=True))]
        return wide, scatter(parts, [within, behind], (count + 1, size), shown)

    def _sums(self, sums: Sums) -> Tensor:
        lengths = np.diff([*sums.starts.tolist(), len(sums.left)])
        count, owner = len(lengths), np.repeat(np.arange(len(lengths)), lengths)
        even = len(set(lengths.tolist())) == 1
        where = layout(owner.reshape(count, -1) if even else owner)
        terms = self.operand(self.at[sums.left].reshape(where.shape))
        paired = sums.right >= 0
        if paired.any():  # then a term without a second factor is multiplied by 1
            places = np.where(paired, self.at[sums.right], self.placement.one_at)
            factors = self.operand(places.reshape(where.shape))
            terms = Tensor._apply(RULEBOOK["multiply"], (terms, factors), {})
        return scatter([terms], [where], (count,))

    def _chain(self, chain: Chain) -> Tensor:
        params = {"chain": FloatChain(chain), "indices": self.indices}
        return Tensor._apply(_CHAIN, (self.operand(self.at[chain.inputs[0]]),), params)

    def _loop(self, loop: Loop) -> Tensor:
        body = loop.body
        if body.emitted is None:
            body.shared = take_out(body.raised, body.same)
            indices = loop.indices.shape[1]
            body.emitted = emitted = Emitted(body.raised, body.placement, indices, body=True)
            emitted.forward()
            exposed = body.placement.at[body.made[body.exposed]]
            body.ends = emitted.backward_from_all(exposed, [x for x, _ in body.shared])
        places = np.sort(self.at[loop.outside])
        begin = int(self.at[loop.out[0, 0]]) - int(body.placement.at[body.made[0]])
        begin += body.placement.one_at + 1 - len(places)
        inputs = self.at[loop.inputs]
        inputs = np.where(
            np.isin(loop.inputs, loop.out), inputs - begin, places.searchsorted(inputs)
        )
        repeated = Repeated(loop, body.emitted, inputs, self.needed[places])
        params = {"loop": repeated, "indices": self.indices}
        return Tensor._apply(_LOOP, (self.operand(places),), params)

    # --- lookups

    def _table(self, x: Gather) -> tuple[IntArray, IntArray]:
        """The positions that a lookup reads, and where among those each choice is."""
        positions = self.at[x.table]
        owner = np.searchsorted(self.begins, positions, side="right") - 1
        if (owner != owner[0, 0]).any():  # of several arrays, which are joined
            return positions, np.arange(positions.size).reshape(positions.shape)
        first = int(positions.min())
        return np.arange(first, int(positions.max()) + 1), positions - first

    def _gather(self, x: Gather) -> Tensor:
        array, table = self._table(x)
        told = x.places, table, x.which
        if self.body:
            self.lookups.append((self.tape.source(np.zeros(len(x.out), dtype=np.intp)), told))
            return gather(self.operand(array), self.lookups[-1][0])
        return gather(self.operand(array), self.tape.call(choose, (self.indices, *told)))


def _traced(x: Tensor) -> Traced:
    data: Traced = x._data
    return data


def _copy(x: Traced) -> Traced:
    floats = x if x.dtype == np.float64 else x.astype(np.float64)
    return x.tape.later(x.shape, np.positive, floats)  # another one each time, unlike `x.copy()`


def _chained(x: Traced, chain: FloatChain, indices: Traced) -> Traced:
    return x.tape.later((chain.size,), chain.run, x, indices)


def _chain_back(g: Traced, out: Traced, x: Traced, chain: FloatChain, indices: Traced) -> Traced:
    return x.tape.later(x.shape, chain.run_back, x, out, g, indices)


def _looped(x: Traced, loop: Repeated, indices: Traced) -> Traced:
    return x.tape.later((loop.size,), Forward(loop), x, indices)


def _loop_back(g: Traced, out: Traced, x: Traced, loop: Repeated, indices: Traced) -> Traced:
    grads = out.tape.later(out.shape, Backward(loop), out, g, indices)
    return of_given(loop, out, grads)


_COPY = Structural(_copy, vjps=[lambda g, out, x: g])
_CHAIN = Structural(_chained, vjps=[_chain_back])
_LOOP = Structural(_looped, vjps=[_loop_back])
