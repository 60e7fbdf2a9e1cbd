"""Compiled training steps beside others; on their own: `python -m benchmarks.compiled`.

A step is loss, backward and update. All sides of a row begin with the same numbers, get the same
data, and must show the same losses. Each measurement is a fresh process, so that no side's threads
get in another's way; the sides take turns, and the table shows medians. A peer that is not
installed is left out.
"""

import argparse
import importlib.util
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time

import numpy as np

import autograd
import nn
import optim
from autograd import Value
from benchmarks import gpt, peers, recurrent
from benchmarks.scalars import loss as moons_loss


def installed(name):
    return importlib.util.find_spec(name) is not None


# --- models and data, the same for all sides ------------------------------------------------------


def moons():
    from nn.datasets import moons

    points, classes = moons(100, noise=0.1, seed=1337)
    return np.asarray(points, dtype=float), np.where(np.asarray(classes) == 1, 1.0, -1.0)


def layers(*sizes):
    """First numbers: (out, in) weights and biases."""
    rng = np.random.default_rng(0)
    pairs = itertools.pairwise(sizes)
    return [(rng.uniform(-1, 1, (m, n)) / n**0.5, rng.uniform(-1, 1, m) / n**0.5) for n, m in pairs]


def network(weights, dtype=np.float64):
    """The same numbers in an nn model with ReLUs between the layers."""
    parts = []
    for w, b in weights:
        linear = nn.Linear(w.shape[1], w.shape[0])
        linear.weight = nn.Parameter(w.astype(dtype), label="weight")
        linear.bias = nn.Parameter(b.astype(dtype), label="bias")
        parts += [linear, nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def trainer(loss, optimizer, whole=False):
    """The three lines around a compiled loss, or (`whole`) all of it as one program."""
    inner = loss if whole else autograd.compile(loss)

    def lines(*data):
        total = inner(*data)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return total

    lines = autograd.compile(lines) if whole else lines
    return lambda *data: float(lines(*data).data)


# --- our sides --------------------------------------------------------------------------------


class Lecture:
    """The close-up of a model under the names that the lecture's loss uses."""

    def __init__(self, close):
        self.close, self.all = close, close.parameters()

    def __call__(self, x):
        return self.close(x)[0]

    def parameters(self):
        return self.all


def moons_in_scalars(weights, whole=False):
    model = network(weights)
    lecture = Lecture(model.scalars())

    def loss(xs, ys):
        return moons_loss(Value, lecture, xs, ys)

    return trainer(loss, optim.SGD(model.parameters(), lr=0.1), whole)


def moons_in_single_values(weights, whole=False):
    """As in a lecture: 337 Values, each an object of its own."""
    from nn.scalar import MLP

    model = MLP(2, [16, 16, 1])
    peers.set_numbers(model, weights)

    def loss(xs, ys):
        return moons_loss(Value, model, xs, ys)

    return trainer(loss, optim.SGD(model.parameters(), lr=0.1), whole)


def moons_in_one_loop_body(weights):
    """micrograd's own loop body, compiled as it is written."""
    from nn.scalar import MLP

    model = MLP(2, [16, 16, 1])
    peers.set_numbers(model, weights)

    @autograd.compile
    def body(xs, ys, rate):
        total = moons_loss(Value, model, xs, ys)
        for p in model.parameters():
            p.grad = 0.0
        total.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        return total

    return lambda xs, ys: float(body(xs, ys, 0.1).data)


def moons_in_tensors(weights, whole=False):
    model = network(weights)
    params = model.parameters()

    def loss(xs, ys):
        scores = model(xs).reshape(-1)
        return (1 - ys * scores).relu().mean() + 1e-4 * sum((p * p).sum() for p in params)

    return trainer(loss, optim.SGD(params, lr=0.1), whole)


def classifier(weights, dtype, whole=False):
    model, cross_entropy = network(weights, dtype), nn.CrossEntropyLoss()

    def loss(x, y):
        return cross_entropy(model(x), y)

    return trainer(loss, optim.Adam(model.parameters(), lr=1e-3), whole)


# --- rows -------------------------------------------------------------------------------------


def moons_sides():
    weights = layers(2, 16, 16, 1)
    sides = {
        "scalars": lambda: moons_in_scalars(weights),
        "scalars, whole step": lambda: moons_in_scalars(weights, True),
        "single Values": lambda: moons_in_single_values(weights),
        "single Values, whole step": lambda: moons_in_single_values(weights, True),
        "micrograd's loop body": lambda: moons_in_one_loop_body(weights),
        "tensors": lambda: moons_in_tensors(weights),
        "tensors, whole step": lambda: moons_in_tensors(weights, True),
        "NumPy by hand": lambda: peers.numpy_moons(weights),
        "micrograd": lambda: peers.micrograd_moons(weights),
        "PyTorch": lambda: peers.torch_moons(weights),
        "PyTorch, 1 thread": lambda: peers.torch_moons(weights),
        "JAX jit": lambda: peers.jax_moons(weights),
    }
    return sides, [moons()]


def classifier_sides(sizes, dtype):
    rng = np.random.default_rng(0)
    weights = layers(*sizes)
    data = [
        (rng.normal(size=(64, sizes[0])).astype(dtype), rng.integers(0, 10, size=64))
        for _ in range(8)
    ]
    sides = {
        "tensors": lambda: classifier(weights, dtype),
        "tensors, whole step": lambda: classifier(weights, dtype, True),
        "NumPy by hand": lambda: peers.numpy_classifier(weights, dtype),
        "PyTorch": lambda: peers.torch_classifier(weights, dtype),
        "PyTorch, 1 thread": lambda: peers.torch_classifier(weights, dtype),
        "JAX jit": lambda: peers.jax_classifier(weights),
    }
    if dtype == np.float32:
        del sides["JAX jit"]  # written for float64 here
    return sides, data


def gpt_sides():
    sides = {
        "scalars": gpt.compiled,
        "scalars, whole step": lambda: gpt.compiled(True),
        "single Values, whole step": lambda: gpt.compiled(True, single=True),
        "plain Python": gpt.plain,
        "PyTorch": gpt.pytorch,
        "PyTorch, 1 thread": gpt.pytorch,
    }
    return sides, [(word,) for word in gpt.words(16)]


def recurrent_sides():
    sides = {
        "single Values": recurrent.in_single_numbers,
        "single Values, whole step": lambda: recurrent.in_single_numbers(whole=autograd.compile),
        "as written": recurrent.as_written,
        "NumPy by hand": recurrent.by_hand,
        "PyTorch": recurrent.pytorch,
        "PyTorch, 1 thread": recurrent.pytorch,
        "JAX jit": recurrent.jax_scan,
    }
    return sides, [(wave,) for wave in recurrent.waves(16)]


def one_number_sides():
    sides = {
        "single Values": recurrent.over_one_number,
        "single Values, whole step": lambda: recurrent.over_one_number(whole=autograd.compile),
        "as written": lambda: recurrent.over_one_number(lambda f: f),
        "Python by hand": recurrent.over_one_number_by_hand,
    }
    return sides, [(np.linspace(-1, 1, recurrent.LONG).tolist(),)]


ROWS = {
    "two moons: 100 points, 2-16-16-1, SGD": moons_sides,
    "digits: 64-64-10, batch 64, Adam": lambda: classifier_sides((64, 64, 10), np.float64),
    "784-128-64-10, batch 64, float32, Adam (PyTorch: fused)": lambda: classifier_sides(
        (784, 128, 64, 10), np.float32
    ),
    "scalar GPT: 4,192 parameters, words of 3 to 8 letters, Adam": gpt_sides,
    "recurrent network of 8 neurons reading 120 numbers, SGD": recurrent_sides,
    "recurrence of 1,000 steps over one number, SGD": one_number_sides,
}
NEEDS = {
    "micrograd": "micrograd",
    "PyTorch": "torch",
    "PyTorch, 1 thread": "torch",
    "JAX jit": "jax",
}
SLOW = {"micrograd", "plain Python", "as written"}


def one_side(row, side):
    """In a process of its own: the losses of the first steps, and the seconds per step."""
    sides, data = ROWS[row]()
    if side == "PyTorch, 1 thread":
        import torch

        torch.set_num_threads(1)
    step = sides[side]()
    losses = [step(*data[i % len(data)]) for i in range(4)]
    if side in SLOW:
        repeats = 1 if side == "micrograd" else 8
    else:
        repeats = 400
        for i in range(60 * len(data)):  # whatever is compiled is compiled now
            step(*data[i % len(data)])
        for thread in threading.enumerate():  # our native code, in the background
            if thread.name == "compile":
                thread.join()
        for i in range(2 * len(data)):
            step(*data[i % len(data)])
    seconds = []
    for i in range(repeats):
        start = time.perf_counter()
        step(*data[i % len(data)])
        seconds.append(time.perf_counter() - start)
    return {"losses": losses, "seconds": statistics.median(seconds)}


def ask(row, side, **settings):
    """What a process of its own finds, in an environment with these settings."""
    command = [sys.executable, "-m", "benchmarks.compiled", "--row", row, "--side", side]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **settings}
    )
    return json.loads(done.stdout)


def measure(row, rounds):
    """Median seconds per step of each side, which take turns; their losses must agree."""
    sides = [s for s in ROWS[row]()[0] if s not in NEEDS or installed(NEEDS[s])]
    found = {side: [] for side in sides}
    for r in range(rounds):
        for side in sides:
            if r == 0 or side not in SLOW:
                found[side].append(ask(row, side))
    reference = found[sides[0]][0]["losses"]
    for side, answers in found.items():
        if not np.allclose(
            answers[0]["losses"], reference, rtol=1e-3 if "float32" in row else 1e-8
        ):
            raise SystemExit(f"{row}: the losses of {side} differ: {answers[0]}, {reference}")
    return {s: statistics.median(a["seconds"] for a in answers) for s, answers in found.items()}


def report(rounds):
    for row in ROWS:
        found = measure(row, rounds)
        print(f"\n{row}\n")
        ours = [side for side in ("scalars", "single Values", "tensors") if side in found]
        print("| | time per step |" + "".join(f" of our {side} |" for side in ours))
        print("|---|---|" + "---|" * len(ours))
        for side, seconds in found.items():
            ratios = "".join(f" {seconds / found[mine]:,.2f}× |" for mine in ours)
            print(f"| {side} | {seconds * 1e6:,.0f} µs |{ratios}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--row", choices=ROWS, help="measure one row here, with --side")
    parser.add_argument("--side")
    given = parser.parse_args()
    if given.side:
        print(json.dumps(one_side(given.row, given.side)))
        return
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} CPUs, "
        f"{platform.system()} {platform.machine()}. Medians of {given.rounds} rounds."
    )
    report(given.rounds)


if __name__ == "__main__":
    main()
