"""Gather and scatter on a tape: what is put together, and where it is computed."""

import numpy as np

from autograd.compiler.binding import Bound
from autograd.compiler.gather import gather, scatter
from autograd.compiler.passes import Ends
from autograd.compiler.places import Positions, View, layout, spaced
from autograd.compiler.tape import Tape
from autograd.node import Parts, gradients
from autograd.tensor import Tensor
from tests.each import each, in_ci


def on(tape, size):
    """A Tensor that stands for so many numbers from outside."""
    out = Tensor(np.zeros(size), requires_grad=True)
    out._data = tape.source(np.zeros(size))
    return out


def places_in(rng, size):
    """Random places in an array of so many numbers: blocks, columns, repeated, in no order."""
    kind = rng.integers(5)
    if kind == 0:
        begin = int(rng.integers(size))
        return layout(np.arange(begin, int(rng.integers(begin, size)) + 1))
    if kind == 1:  # columns of a matrix
        width = int(rng.integers(1, 5))
        rows = max(1, size // width)
        columns = np.arange(int(rng.integers(1, width + 1)))
        return layout((np.arange(rows)[:, None] * width + columns) % size)
    if kind == 2:  # one number again and again
        shape = rng.integers(1, 5, 2)
        return layout(np.broadcast_to(rng.integers(size, size=(shape[0], 1)), shape))
    if kind == 3:
        return spaced(rng.permutation(size)[: int(rng.integers(1, size + 1))])
    return layout(rng.integers(size, size=tuple(rng.integers(1, 6, int(rng.integers(1, 3))))))


class Program:
    """A random program of gathers, scatters and products, and the same in plain NumPy."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.tape = Tape()
        self.sources = [on(self.tape, int(n)) for n in rng.integers(1, 30, 3)]
        self.made, self.plain = [*self.sources], [lambda xs, k=k: xs[k] for k in range(3)]
        for _ in range(int(rng.integers(3, 9))):
            (self.gather if rng.random() < 0.5 else self.scatter)(rng)
        self.ends = [self.made[int(k)] for k in rng.integers(3, len(self.made), 2)]
        self.which = [next(k for k, x in enumerate(self.made) if x is end) for end in self.ends]

    def gather(self, rng):
        k = int(rng.integers(len(self.made)))
        where, inner = places_in(rng, self.made[k].size), self.plain[k]
        found = gather(self.made[k], where)
        square = rng.random() < 0.5
        self.made.append(found * found if square else found)
        self.plain.append(
            lambda xs: inner(xs).ravel()[where.positions].reshape(where.shape) ** (1 + square)
        )

    def scatter(self, rng):
        size, parts, wheres, inner = int(rng.integers(1, 40)), [], [], []
        for _ in range(int(rng.integers(1, 5))):
            k, where = int(rng.integers(len(self.made))), places_in(rng, size)
            from_where = rng.integers(self.made[k].size, size=where.shape)
            factor = float(rng.uniform(0.5, 2))
            parts.append(gather(self.made[k], layout(from_where)) * factor)
            wheres.append(where)
            inner.append(
                lambda xs, f=self.plain[k], at=from_where, by=factor: f(xs).ravel()[at] * by
            )
        self.made.append(scatter(parts, wheres, (size,)))

        def plain(xs):
            out = np.zeros(size, xs[0].dtype)
            for part, where in zip(inner, wheres):
                np.add.at(out, where.positions, part(xs))
            return out

        self.plain.append(plain)

    def numbers(self, xs):
        return [self.plain[k](xs) for k in self.which]


@each("seed", range(in_ci(100, 20)))
def test_random_programs_give_the_same_at_every_run(seed):
    program, rng = Program(seed), np.random.default_rng(seed + 1000)
    tape = program.tape
    tape.section()
    seeds = [tape.source(np.zeros(end.shape)) for end in program.ends]
    found = gradients(Ends(program.ends), program.sources, seeds)
    slopes = [x for x in found if x is not None]
    wanted = [*(x._data for x in (*program.sources, *program.ends)), *seeds, *slopes]
    bound = Bound(tape, wanted)
    for _ in range(2):  # nothing of one run is left over in the next
        xs = [rng.uniform(-1, 1, source.size) for source in program.sources]
        weights = [rng.uniform(-1, 1, end.shape) for end in program.ends]
        for source, x in zip(program.sources, xs):
            bound[source._data][...] = x
        bound.run(0)
        for end, expected in zip(program.ends, program.numbers(xs)):
            np.testing.assert_allclose(bound[end._data], expected, rtol=1e-13, atol=1e-13)
        for place, weight in zip(seeds, weights):
            bound[place][...] = weight
        bound.run(1)
        for k, (source, slope) in enumerate(zip(program.sources, found)):
            ours = np.zeros(source.size) if slope is None else bound[slope].ravel()
            np.testing.assert_allclose(ours, by_complex_step(program, xs, weights, k), atol=1e-12)


def by_complex_step(program, xs, weights, k):
    slopes = np.zeros(xs[k].size)
    for i in range(xs[k].size):
        moved = [x.astype(complex) for x in xs]
        moved[k][i] += 1e-20j
        ends = program.numbers(moved)
        slopes[i] = sum((w * end).sum().imag for w, end in zip(weights, ends)) / 1e-20
    return slopes


def calls(parts, size):
    """The calls that put parts together: for each where it belongs, computed from two numbers."""
    tape = Tape()
    made = [tape.call(np.multiply, (tape.source(np.zeros(w.shape)), 2.0)) for w in parts]
    out = tape.scatter(made, parts, (size,))
    bound = Bound(tape, [out])
    return len(bound.sections[0]) - len(parts)


def test_parts_beside_each_other_are_computed_where_they_belong():
    weights, biases = layout(np.arange(10).reshape(5, 2)), layout(np.arange(10, 15))
    assert calls([weights, biases], 15) == 0
    assert calls([layout(np.arange(10).reshape(2, 5).T), biases], 15) == 0
    everything = layout(np.arange(15))
    assert calls([weights, everything, biases], 15) == 1  # one +=
    assert calls([everything, biases, biases], 15) == 2
    assert calls([weights], 15) == 0  # what no part comes to stays 0
    some = layout(np.arange(5, 15))
    assert calls([weights, some], 15) == 1 + 2  # they meet in part: first all is 0
    assert calls([Positions(np.array([3, 1, 2, 7]))], 15) == 1


def test_a_scatter_into_a_scatter_that_others_add_to_begins_anew_each_time():
    tape = Tape()
    x = tape.source(np.zeros(4))
    inner = tape.scatter([tape.call(np.multiply, (x, 2.0))], [View(0, (4,), (2,))], (8,))
    dense = tape.call(np.multiply, (tape.source(np.ones(8), fixed=True), 3.0))
    outer = tape.scatter([inner, dense], [View.all((8,)), View.all((8,))], (8,))
    bound = Bound(tape, [x, outer])
    for _ in range(3):
        bound[x][...] = 1.0
        bound.run()
        assert bound[outer].tolist() == [5.0, 3.0] * 4


def test_gradients_in_several_parts_are_added_up_in_the_order_in_which_they_came():
    def part(k):
        return Parts(np.full(2, float(k)), k, (4,), None, lambda grads, indices, _: indices)

    several = part(2) + part(3) + part(4)
    assert (part(0) + part(1) + several + part(5)).whole() == (0, 1, 2, 3, 4, 5)
