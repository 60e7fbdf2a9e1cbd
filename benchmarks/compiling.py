"""What compiling costs: `python -m benchmarks.compiling`.

A function is compiled on its first call: it is recorded, twice so that the two runs can be
compared, and what was recorded is made into a program. The table says how much processor time both
take for each operation on single numbers, without the two runs, and how much memory at the peak.
"""

import functools
import itertools
import random
import time
import tracemalloc

import numpy as np

import autograd
from autograd import Value
from benchmarks.scalars import loss as moons_loss


def moons_step(points, width):
    from nn.scalar import MLP

    random.seed(0)
    model = MLP(2, [width, width, 1])
    rng = np.random.default_rng(0)
    data = rng.normal(size=(points, 2)), rng.choice([-1.0, 1.0], size=points)
    return functools.partial(moons_loss, Value, model), data


def deep(levels, width):
    """Numbers that pass through one layer after another, each on its own."""
    weight, biases = Value(0.9), [Value(0.01 * i) for i in range(width)]

    def run(xs):
        for _ in range(levels):
            xs = [(x * weight + b).tanh() for x, b in zip(xs, biases)]
        return sum(xs)

    return run, ([0.1 * i for i in range(width)],)


def reading(steps, neurons):
    """A recurrent network that reads numbers one after another."""
    rng = np.random.default_rng(0)
    shape = neurons, neurons + 1
    weights = [[Value(x) for x in row] for row in rng.uniform(-0.3, 0.3, shape).tolist()]

    def run(xs):
        state = [0.0] * neurons
        for x in xs:
            given = [*state, x]
            state = [sum(w * v for w, v in zip(row, given)).tanh() for row in weights]
        return sum(state)

    return run, (rng.normal(size=steps).tolist(),)


def irregular(levels, width):
    """Numbers each of which is computed from two numbers anywhere in the level before."""
    weights = [Value(0.01 * i) for i in range(width)]
    places = np.random.default_rng(0).integers(width, size=(levels, width, 2))

    def run(xs):
        for pairs in places.tolist():
            xs = [(xs[i] * w + xs[j]).tanh() for (i, j), w in zip(pairs, weights)]
        return sum(xs)

    return run, ([0.1 * i for i in range(width)],)


def many(count):
    """As many results."""
    weight, bias = Value(0.9), Value(0.1)
    return lambda xs: [(x * weight + bias).tanh() for x in xs], (
        np.linspace(-1, 1, count).tolist(),
    )


def numbers(count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, count).tolist()


def compared(length):
    """The edit distance of two rows of numbers, a table filled in cell by cell."""
    gap, change = Value(0.7), Value(1.3)

    def run(xs, ys):
        above = [gap * float(k) for k in range(len(ys) + 1)]
        for k, x in enumerate(xs, 1):
            row = [gap * float(k)]
            for y, (corner, up) in zip(ys, itertools.pairwise(above)):
                best = autograd.minimum(up + gap, row[-1] + gap)
                row.append(autograd.minimum(best, corner + (x - y) ** 2 * change))
            above = row
        return above[-1]

    return run, (numbers(length), numbers(length, 1))


def best_path(steps, states):
    """Viterbi: the best way to each state, by way of the best of those before."""
    moves = [[Value(w) for w in numbers(states, seed)] for seed in range(states)]

    def run(xs):
        scores = moves[0]
        for x in xs:
            ways = [[s + w for s, w in zip(scores, row)] for row in moves]
            scores = [functools.reduce(autograd.maximum, way) + x for way in ways]
        return functools.reduce(autograd.maximum, scores)

    return run, (numbers(steps),)


def looking_up(steps, cells):
    """In every step a table is computed, and one of its rows is chosen by an argument."""
    weights = [[Value(w) for w in numbers(cells, seed)] for seed in range(cells)]

    def run(places):
        state = weights[0]
        for place in places:
            new = [sum(w * v for w, v in zip(row, state)).tanh() for row in weights]
            scale, shift = autograd.take([[v, v * v] for v in new], place)
            state = [v * scale + shift for v in new]
        return sum(state)

    return run, (np.random.default_rng(0).integers(cells, size=steps),)


SHAPES = {
    "two moons, 100 points": moons_step(100, 16),
    "two moons, 200 points, wider": moons_step(200, 50),
    "a recurrence of 30,000 steps over one number": deep(30_000, 1),
    "2,000 layers of 30 numbers": deep(2_000, 30),
    "a recurrent network of 8 neurons, 300 numbers": reading(300, 8),
    "a table computed and looked up in each of 500 steps": looking_up(500, 8),
    "the edit distance of 100 and 100 numbers": compared(100),
    "Viterbi, 500 steps through 10 states": best_path(500, 10),
    "1,000 layers of 30 numbers, wired anyhow": irregular(1_000, 30),
    "300 layers of 100 numbers, wired anyhow": irregular(300, 100),
    "100 layers of 300 numbers, wired anyhow": irregular(100, 300),
    "50,000 results": many(50_000),
}


def recording(function, data):
    """The seconds that one recorded run takes."""
    from autograd.compiler.arguments import recorded
    from autograd.compiler.record import Recording

    run = Recording()
    given = recorded(data, run)
    run.begin()
    with run:
        start = time.process_time()
        function(*given)
        return time.process_time() - start


def report(rounds):
    print("\nCompiling, for each operation on single numbers\n")
    print("| | operations | in all | but for the two runs | memory at the peak |")
    print("|---|---|---|---|---|")
    for name, (function, data) in SHAPES.items():
        seconds, runs = [], []
        for _ in range(rounds):
            g = autograd.compile(functools.partial(function))
            start = time.process_time()
            g(*data)
            seconds.append(time.process_time() - start)
            runs.append(2 * recording(function, data))
        g = autograd.compile(functools.partial(function))
        tracemalloc.start()
        g(*data)
        peak = tracemalloc.get_traced_memory()[1] / g.recorded()
        tracemalloc.stop()
        both, run = (np.median(x) / g.recorded() * 1e6 for x in (seconds, runs))
        print(
            f"| {name} | {g.recorded():,} | {both:.1f} µs | {both - run:.1f} µs | {peak:.0f} B |",
            flush=True,
        )


if __name__ == "__main__":
    report(5)
