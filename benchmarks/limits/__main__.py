"""Whole training steps beside C written by hand: `python -m benchmarks.limits`.

The C is compiled with `cc -O3 -march=native -fno-math-errno`; ours replays with NumPy, and
natively, which needs llvmlite. All sides of a row begin with the same numbers, must show the same
losses, and take turns in one process; the figures are medians of the processor time of one step.
Ratios are to C's. `--only` takes beginnings of rows' names. Then the figures of others.py.
"""

import argparse
import ctypes
import itertools
import pathlib
import statistics
import subprocess
import tempfile
import time
from functools import partial

import numpy as np

import autograd
import nn
import optim
from autograd import Tensor, Value, tanh
from benchmarks import gpt, peers
from benchmarks.limits import others

HERE = pathlib.Path(__file__).parent


def by_hand(folder, name, arrays=3, returns=ctypes.c_double):
    """A function of a C file in this folder: of so many arrays, and a rate."""
    library = f"{folder}/{name}.so"
    flags = ["-std=c99", "-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, HERE / f"{name}.c", "-lm", "-o", library], check=True)
    function = getattr(ctypes.CDLL(library), name)
    function.argtypes, function.restype = [ctypes.c_void_p] * arrays + [ctypes.c_double], returns
    return function


def pointers(*arrays):
    """What C is given, made once; they keep the arrays."""
    return [x.ctypes.data_as(ctypes.c_void_p) for x in arrays]


def network(*sizes, dtype=np.float64):
    nn.manual_seed(0)
    model = nn.MLP(sizes[0], list(sizes[1:-1]), sizes[-1]).astype(dtype)
    return model, np.concatenate([p.data.ravel() for p in model.parameters()])


def trained(loss, optimizer, *data):
    """One step of training as it is written, for each way to replay it."""

    def step(*data):
        optimizer.zero_grad()
        total = loss(*data)
        total.backward()
        optimizer.step()
        return total

    return step


def moons(folder, written="tensors"):
    """On Tensors, in a model's close-up, or in 337 Values, each an object of its own."""
    x, classes = nn.datasets.moons(100, noise=0.1, seed=1337)
    y = np.where(classes, 1.0, -1.0)
    numbers = network(2, 16, 16, 1)[1]

    def ours(backend):
        model, _ = network(2, 16, 16, 1)
        parameters = list(model.parameters())

        def on_tensors(x, y):
            penalty = sum((p * p).sum() for p in parameters)
            return (1 - y * model(x).reshape(-1)).relu().mean() + 1e-4 * penalty

        def in_scalars(xs, ys):
            losses = [(1 - y * scalars(x)).relu() for x, y in zip(xs, ys)]
            penalty = sum(p * p for p in scalars.parameters())
            return sum(losses) * (1 / len(losses)) + 1e-4 * penalty

        if written == "tensors":
            loss, data = on_tensors, (x, y)
        elif written == "close-up":
            loss, data, scalars = in_scalars, (x.tolist(), y.tolist()), CloseUp(model)
        else:
            loss, data, scalars = in_scalars, (x.tolist(), y.tolist()), values(2, 16, 16, 1)
            parameters = scalars.parameters()
        step = trained(loss, optim.SGD(parameters, lr=0.1))
        g = autograd.compile(step, backend=backend, audit=False)
        return lambda: float(g(*data).data)

    function, given = by_hand(folder, "moons"), pointers(numbers, x, y)
    return ours, lambda: function(*given, 0.1)


class CloseUp:
    def __init__(self, model):
        self.model = model.scalars()

    def __call__(self, x):
        return self.model(x)[0]

    def parameters(self):
        return self.model.parameters()


def values(*sizes):
    """nn.scalar's MLP with the numbers of the network above."""
    model, _ = network(*sizes)
    peers.set_numbers(
        scalars := nn.scalar.MLP(sizes[0], list(sizes[1:])),
        [(x.weight.data, x.bias.data) for x in model if hasattr(x, "weight")],
    )
    return scalars


def digits(folder):
    x, y = nn.datasets.digits()
    x, y = np.ascontiguousarray(x[:64] / 16), y[:64]

    def ours(backend):
        model, _ = network(64, 64, 10)
        step = trained(
            lambda x: nn.functional.cross_entropy(model(x), y),
            optim.Adam(model.parameters(), lr=0.001),
        )
        g = autograd.compile(step, backend=backend, audit=False)
        return lambda: g(x).item()

    function, numbers = by_hand(folder, "digits"), network(64, 64, 10)[1]
    given = pointers(numbers, x, y.astype(np.int32))
    return ours, lambda: function(*given, 0.001)


def recurrent(folder, in_scalars=False):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=120), rng.normal(size=120)
    numbers = rng.normal(size=64 + 8 + 8 + 8 + 1) * 0.3

    def on_tensors(parts):
        w, u, b, o, c = parts

        def loss(x, y):
            h, total = np.zeros(8), 0.0
            for t in range(120):
                h = tanh(w @ h + u * x[t] + b)
                total = total + ((o @ h + c - y[t]) ** 2).sum()
            return total / 120

        return loss, parts

    def on_values(parts):
        w, u, b, o, (c,) = ([Value(z) for z in np.ravel(part.data).tolist()] for part in parts)
        rows = [w[8 * i : 8 * i + 8] for i in range(8)]

        def loss(x, y):
            h, total = [0.0] * 8, 0.0
            for z, coming in zip(x, y):
                h = [
                    (sum(a * s for a, s in zip(row, h)) + ui * z + bi).tanh()
                    for row, ui, bi in zip(rows, u, b)
                ]
                total = total + (sum(a * s for a, s in zip(o, h)) + c - coming) ** 2
            return total / 120

        return loss, [*w, *u, *b, *o, c]

    def ours(backend):
        sizes = np.cumsum([64, 8, 8, 8])
        arrays = [a.copy() for a in np.split(numbers, sizes)]
        arrays[0] = arrays[0].reshape(8, 8)
        parts = [Tensor(a, requires_grad=True) for a in arrays]
        loss, parameters = (on_values if in_scalars else on_tensors)(parts)
        data = (x.tolist(), y.tolist()) if in_scalars else (x, y)
        step = trained(loss, optim.SGD(parameters, lr=0.01))
        g = autograd.compile(step, backend=backend, audit=False)
        return lambda: float(g(*data).data)

    function, given = by_hand(folder, "recurrent"), pointers(numbers.copy(), x, y)
    return ours, lambda: function(*given, 0.01)


def small_gpt(folder):
    """Names of all lengths in turn: a program for each of them."""
    words = gpt.words(16)

    def ours(backend):
        step, turn = gpt.compiled(True, backend=backend), itertools.cycle(words)
        return lambda: step(next(turn))

    function = by_hand(folder, "gpt")
    numbers = np.concatenate([x.ravel() for x in gpt.first_numbers().values()])
    given = [pointers(numbers, w.astype(np.int32), np.array([len(w)], np.int32)) for w in words]
    turn = itertools.cycle(given)
    return ours, lambda: function(*next(turn), 0.01)


def update(folder):
    rng = np.random.default_rng(0)

    def ours(backend):
        model, _ = network(784, 128, 64, 10, dtype=np.float32)
        optimizer = optim.Adam(model.parameters(), lr=0.001)
        optimizer.backend = backend
        for p in model.parameters():
            p.grad = rng.normal(size=p.shape).astype(np.float32)

        def step():
            optimizer.step()
            return 0.0

        return step

    function = by_hand(folder, "update", arrays=2, returns=None)
    numbers = network(784, 128, 64, 10, dtype=np.float32)[1]
    given = pointers(numbers, rng.normal(size=numbers.size).astype(np.float32))
    return ours, lambda: function(*given, 0.001) or 0.0


ROWS = {
    "moons 2-16-16-1, L2, SGD": moons,
    "the same in a close-up": partial(moons, written="close-up"),
    "the same in 337 Values": partial(moons, written="values"),
    "digits 64-64-10, Adam": digits,
    "recurrent 8 × 120 on Tensors, SGD": recurrent,
    "the same in scalars": partial(recurrent, in_scalars=True),
    "scalar GPT, 4,192 parameters, Adam": small_gpt,
    "Adam's step() alone, 109,386 float32": update,
}
BACKENDS = "numpy", "native"


def measured(sides, turns=15, part=0.1):
    """The median processor time of a step of each side, in µs.

    Each has its turn as long as training would: what the first steps must bring back into the
    processor's nearest memory, after the others have been there, should not be what is measured.
    """
    times = {name: [] for name in sides}
    for _ in range(turns):
        for name, step in sides.items():
            count, start = 0, time.process_time()
            while (took := time.process_time() - start) < part:
                for _ in range(16):
                    step()
                count += 16
            times[name].append(1e6 * took / count)
    return {name: statistics.median(found) for name, found in times.items()}


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--only", metavar="ROW", nargs="+", default=[""])
    only = tuple(parser.parse_args().only)
    print("| whole step, µs | C by hand | ours | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for title, make in ROWS.items():
            if not title.startswith(only):
                continue
            ours, c = make(folder)
            sides = {"C": c, **{backend: ours(backend) for backend in BACKENDS}}
            losses = {name: [step() for _ in range(16)] for name, step in sides.items()}
            for name, found in losses.items():
                np.testing.assert_allclose(
                    found, losses["C"], rtol=1e-9, err_msg=f"{title}: {name}"
                )
            figures = measured(sides)
            for name in BACKENDS:
                ratio = figures[name] / figures["C"]
                print(
                    f"| {title}, {name} | {figures['C']:.1f} | {figures[name]:.1f} | {ratio:.2f} |",
                    flush=True,
                )
        if only == ("",):
            others.report(folder)


if __name__ == "__main__":
    main()
