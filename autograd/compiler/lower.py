"""Lower: write the placed instructions down as NumPy calls on one buffer, forward and backward.

There are two buffers of one layout: `numbers` holds the value of every row, `slopes` the gradient
of the output with respect to it. Five neurons, with the positions from place.py, forward:

    matmul(numbers[0:10] as 5x2, numbers[10:12] as 2x1, out=numbers[17:22]); add b; tanh

and backward the same instructions in reverse, each adding to the slopes of its operands what the
chain rule gives. What a tanh's derivative is, the rulebook says: its partials run here on traced
arrays. Only sums of products have rules of their own, as they are not in the rulebook: for a matrix
product the two other matrix products, for a sum the slope of the sum, again and again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.compiler.chain import Chain, run, run_back
from autograd.compiler.graph import CONSTANT
from autograd.compiler.loop import Body, Loop, Repeated
from autograd.compiler.loop_gradients import add_shared, take_out
from autograd.compiler.place import Gather, Layout, Placement, View, factored, layout
from autograd.compiler.raising import Group, Picks, Product, Raised, Sums
from autograd.compiler.tape import INTO, STORE, TAKE_OUT, Tape
from autograd.compiler.traced import Traced


class Lowered:
    """A scalar program on a tape.

    Attributes:
        numbers: The buffer of values.
        slopes: The buffer of gradients.
        indices: The integers among the arguments that lookups use.
        chosen: Where what the lookups choose lies; in a loop's body each round is given that.
        zeroed: Whether the slopes must be 0 before the backward pass begins.
        listing: For each instruction a line to read.
    """

    def __init__(
        self, tape: Tape, raised: Raised, placement: Placement, indices: int, body: bool = False
    ) -> None:
        self.tape, self.raised, self.placement = tape, raised, placement
        self.at, self.one = placement.at, placement.one_at
        self.numbers = tape.source(np.zeros(placement.size))
        self.slopes = tape.source(np.zeros(placement.size))
        self.indices = tape.source(np.zeros(indices, dtype=np.int64))
        self.lookups = [x for x in raised.instructions if isinstance(x, Picks)]
        places = self.choose(self.indices.array)
        self.chosen = tape.source(places) if body else tape.call(self.choose, (self.indices,))
        self.looked_up = 0  # so many lookups have been written down
        self.reached = np.zeros(placement.size, dtype=bool)
        self.zeroed = False
        self.inputs: dict[int, Any] = {}
        self.views: dict[tuple[int, View], Traced] = {}  # most results are operands of what follows

    def choose(self, indices: Any) -> Any:
        """Where what the lookups choose lies, for indices or for lines of them."""
        found = [self.at[x.table][indices[..., x.places], x.which] for x in self.lookups]
        none = np.zeros((*indices.shape[:-1], 0), dtype=np.int64)
        return np.concatenate([none, *found], axis=-1)

    def forward(self) -> None:
        """Write down the calls that compute every row."""
        with np.errstate(all="ignore"):  # these are not the numbers of any run
            for k, instruction in enumerate(self.raised.instructions):
                self.inputs[k] = getattr(self, f"_{type(instruction).__name__.lower()}")(
                    instruction
                )

    def backward(self, outputs: Any) -> None:
        """Write down the calls that carry the slopes from the outputs back to the leaves."""
        self.reached[self.at[outputs]] = True
        with np.errstate(all="ignore"):
            for k in range(len(self.raised.instructions) - 1, -1, -1):
                instruction = self.raised.instructions[k]
                if self.raised.needs[instruction.out].any():
                    name = f"_{type(instruction).__name__.lower()}_back"
                    getattr(self, name)(instruction, *self.inputs[k])

    # --- reading and writing parts of the buffers

    def _view(self, buffer: Traced, where: View) -> Traced:
        key = id(buffer), where
        if key not in self.views:
            self.views[key] = self.tape.call(View.of, (where, buffer))
        return self.views[key]

    def read(self, where: Layout) -> Traced:
        """The numbers at some places."""
        return self.part(self.numbers, where)

    def part(self, buffer: Traced, where: Layout) -> Traced:
        """What a buffer has at some places."""
        if isinstance(where, View):
            return self._view(buffer, where)
        return self._collected(buffer, where.positions)

    def _constant(self, rows: Any, where: Layout) -> Any:
        """An operand: where it is one number written in the code, that number."""
        graph, row = self.raised.graph, int(rows[0])
        if graph.code[row] == CONSTANT and not any(where.steps if isinstance(where, View) else [1]):
            return np.float64(graph.constants[graph.left[row]])  # divides by zero without an error
        return self.read(where)

    def _collected(self, buffer: Traced, positions: Any) -> Traced:
        # mode "clip" lets NumPy write into `out` directly; the positions are all inside anyway
        return self.tape.call(_taken, (buffer, positions))  # type: ignore[no-any-return]

    def _results(self, rows: Any, shape: tuple[int, ...]) -> View:
        start = int(self.at[rows.flat[0]])
        steps = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
        return View(start, shape, tuple(steps))

    def _slope(self, where: View) -> Traced:
        """The slopes of an instruction's results; by now all that use them have had their turn."""
        self.zeroed |= not where.of(self.reached).all()
        return self._view(self.slopes, where)

    def _store(self, buffer: Traced, where: View, result: Traced) -> Traced:
        """Put a result into a part of a buffer: where it was just computed, straight away."""
        last = self.tape.steps[-1]
        fits = result.shape == where.shape and result.dtype == buffer.dtype
        own = last.out is result and result.base is result  # and not part of a buffer itself
        if own and last.kind in (INTO, STORE) and fits:
            self.tape.steps.pop()
            last.out = self._view(buffer, where)
            self.tape.steps.append(last)
            return last.out
        return self.tape.into(self._view(buffer, where), np.positive, result)

    def add(self, where: Layout, slope: Traced) -> None:
        """Add to the slopes at some places."""
        if isinstance(where, Gather):
            self._scatter(where.positions, slope)
            return
        if where.repeated:  # one number was used again and again
            slope = self.tape.call(np.add.reduce, (slope,), {"axis": where.repeated})
            axes = [i for i in range(len(where.shape)) if i not in where.repeated]
            where = View(
                where.start,
                tuple(where.shape[i] for i in axes),
                tuple(where.steps[i] for i in axes),
            )
        if len(where.shape) > 1:
            positions = where.positions
            if len(np.unique(positions)) < positions.size:  # overlapping windows
                self._scatter(positions, slope)
                return
        reached = where.of(self.reached)
        if reached.any():
            self.zeroed |= not reached.all()
            target = self._view(self.slopes, where)
            self.tape.into(target, np.add, target, slope)
        else:  # the first to come need not add
            self._store(self.slopes, where, slope)
        reached[...] = True

    def _scatter(self, positions: Any, slope: Traced) -> None:
        self.zeroed |= not self.reached[positions].all()
        self.reached[positions] = True
        flat = positions.ravel()
        order = np.argsort(flat, kind="stable")
        places, starts = np.unique(flat[order], return_index=True)
        row = self.tape.call(np.reshape, (slope, (-1,)))
        if len(places) < len(flat):
            row = self.tape.call(_taken, (row, order))
            row = self.tape.call(np.add.reduceat, (row, starts))
        elif not np.array_equal(order, np.arange(len(order))):
            row = self.tape.call(_taken, (row, order))
        self.tape.change(self.slopes, _add_at, (self.slopes, places, row))

    # --- groups of one operation

    def _group(self, group: Group) -> tuple[Any, ...]:
        """The views of the operands, the shape that suits most of them, and the results."""
        positions = [self.at[rows] for rows in group.operands]
        shapes = {factored(p) for p in positions} | {(len(group.out),)}
        found = [(shape, [layout(p.reshape(shape)) for p in positions]) for shape in shapes]
        shape, layouts = min(
            found, key=lambda x: (sum(isinstance(y, Gather) for y in x[1]), len(x[0]))
        )
        arrays = [self._constant(rows, x) for rows, x in zip(group.operands, layouts, strict=True)]
        if not any(isinstance(x, Traced) for x in arrays):
            arrays[0] = self.read(layouts[0])
        where = self._results(group.out, shape)
        result = arrays[0] if group.op is None else group.op.forward(*arrays)
        return layouts, arrays, where, self._store(self.numbers, where, result)

    def _group_back(
        self, group: Group, layouts: Any, arrays: Any, where: View, result: Traced
    ) -> None:
        if group.op is None:
            return
        slope = self._slope(where)
        for i, (rows, layout_) in enumerate(zip(group.operands, layouts, strict=True)):
            if self.raised.needs[rows].any():
                contribution = slope
                if not group.op.is_one[i]:
                    contribution = slope * group.op.partials[i](*arrays, result)
                self.add(layout_, contribution)

    # --- sums of products

    def _product(self, product: Product) -> tuple[Any, ...]:
        sides = [
            layout(self.at[x] if len(x) > 1 else self.at[x[0]])
            for x in (product.left, product.right)
        ]
        left, right = map(self.read, sides)
        shape = product.out.shape if len(product.out) > 1 else product.out.shape[1:]
        where = self._results(product.out, shape)
        target = self._view(self.numbers, where)
        self.tape.into(target, np.matmul, left, _turned(right))
        extra = [layout(self.at[x].reshape(shape)) for x in product.plain]
        for more in extra:
            self.tape.into(target, np.add, target, self.read(more))
        return sides, extra, left, right, where

    def _product_back(
        self, product: Product, sides: Any, extra: Any, left: Traced, right: Traced, where: View
    ) -> None:
        slope, needs = self._slope(where), self.raised.needs
        if needs[product.left].any():
            self.add(sides[0], self.tape.call(np.matmul, (slope, right)))
        if needs[product.right].any():
            turned = _turned(slope)
            self.add(sides[1], self.tape.call(np.matmul, (turned, left)))
        for rows, more in zip(product.plain, extra, strict=True):
            if needs[rows].any():
                self.add(more, slope)

    def _sums(self, sums: Sums) -> tuple[Any, ...]:
        lengths = np.diff([*sums.starts.tolist(), len(sums.left)])
        even = len(set(lengths.tolist())) == 1
        shape = (len(lengths), int(lengths[0])) if even else (len(sums.left),)
        left, right, factor = layout(self.at[sums.left].reshape(shape)), None, None
        terms = product = self.read(left)
        paired = sums.right >= 0
        if paired.any():  # then a term without a second factor is multiplied by 1
            places = np.where(paired, self.at[sums.right], self.one)
            right = layout(places.reshape(shape))
            factor = self.read(right)
            product = self.tape.call(np.multiply, (terms, factor))
        where = self._results(sums.out, sums.out.shape)
        target = self._view(self.numbers, where)
        if even:
            self.tape.into(target, np.add.reduce, product, axis=1)
        else:
            self.tape.into(target, np.add.reduceat, product, sums.starts)
        return left, terms, right, factor, where, lengths

    def _sums_back(
        self,
        sums: Sums,
        left: Layout,
        terms: Any,
        right: Any,
        factor: Any,
        where: View,
        lengths: Any,
    ) -> None:
        slope, needs = self._slope(where), self.raised.needs
        if len(left.shape) == 2:
            slope = self.tape.call(_repeated, (slope, left.shape))
        else:
            slope = self._collected(slope, np.repeat(np.arange(len(lengths)), lengths))
        if right is None:
            self.add(left, slope)
            return
        if needs[sums.left].any():
            self.add(left, slope * factor)
        paired = sums.right >= 0
        if needs[sums.right[paired]].any():
            self.add(right, slope * terms)

    # --- chains

    def _chain(self, chain: Chain) -> tuple[Any, ...]:
        outside, start = self.at[chain.outside], int(self.at[chain.out[0]])
        self.tape.change(self.numbers, run, (chain, self.numbers, self.indices, outside, start))
        return outside, start

    def _chain_back(self, chain: Chain, outside: Any, start: int) -> None:
        here = View(start, (len(chain.out),), (1,))
        self._slope(here)
        self.zeroed |= not self.reached[outside].all()
        self.reached[outside] = True
        buffers = self.numbers, self.slopes, self.indices
        self.tape.change(self.slopes, run_back, (chain, *buffers, outside, start))

    # --- loops

    def _loop(self, loop: Loop) -> tuple[Any, ...]:
        body = loop.body
        body.lowered = body.lowered or self._lowered(body, loop.indices.shape[1])
        inside = body.placement.at[body.made[0]] - body.placement.one_at - 1
        start = int(self.at[loop.out[0, 0]] - inside)
        repeated = Repeated(body, self.at[loop.inputs[:, body.given]], loop.indices, start)
        self.tape.change(self.numbers, repeated.forward, (self.numbers, self.indices))
        return (repeated,)

    @staticmethod
    def _lowered(body: Body, indices: int) -> Lowered:
        lowered = Lowered(Tape(), body.raised, body.placement, indices, body=True)
        lowered.forward()
        lowered.tape.section()
        body.shared = take_out(body.raised, body.same)
        lowered.backward(body.made)
        return lowered

    def _loop_back(self, loop: Loop, repeated: Repeated) -> None:
        self.zeroed = True
        self.reached[repeated.needing] = True
        buffers = self.numbers, self.slopes, self.indices
        self.tape.change(self.slopes, repeated.backward, buffers)
        add_shared(self, loop, repeated.start)

    # --- lookups

    def _picks(self, picks: Picks) -> tuple[Any, ...]:
        where = self._results(picks.out, picks.out.shape)
        places = self._view(self.chosen, View(self.looked_up, where.shape, (1,)))
        self.looked_up += len(picks.out)
        self.tape.into(self._view(self.numbers, where), _taken, self.numbers, places)
        return where, places

    def _picks_back(self, picks: Picks, where: View, places: Traced) -> None:
        slope = self._slope(where)
        self.zeroed = True
        self.reached[self.at[picks.table]] = True
        self.tape.change(self.slopes, np.add.at, (self.slopes, places, slope))


def _turned(x: Traced) -> Traced:
    return x.tape.call(np.swapaxes, (x, -1, -2))  # type: ignore[no-any-return]


def _taken(source: Any, positions: Any, out: Any = None) -> Any:
    return source.take(positions, out=out, mode="clip")


TAKE_OUT.add(_taken)


def _repeated(slope: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(slope[:, None], shape)


def _add_at(slopes: Any, places: Any, row: Any) -> None:
    slopes[places] += row
