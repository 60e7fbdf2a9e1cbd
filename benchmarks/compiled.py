"""Compiled training steps beside the same step by other means: `python -m benchmarks.compiled`.

A step is loss, backward and update. All sides of a row begin with the same numbers, get the same
data, and must show the same losses. They take turns within one process, a few steps each, and the
table shows the median over the rounds of the time per step. A peer that is not installed is left
out; PyTorch is measured with one and with two threads, and the faster counts.
"""

import argparse
import importlib.util
import os
import platform
import random
import statistics
import time

import numpy as np

import autograd
import nn
import optim
from autograd import Value
from benchmarks import gpt, peers
from benchmarks.scalars import loss as moons_loss


def installed(name):
    return importlib.util.find_spec(name) is not None


# --- models and data, the same for all sides ------------------------------------------------------


def moons():
    from nn.datasets import moons

    points, classes = moons(100, noise=0.1, seed=1337)
    return np.asarray(points, dtype=float), np.where(np.asarray(classes) == 1, 1.0, -1.0)


def layers(*sizes, dtype=np.float64):
    """First numbers: (out, in) weights and biases."""
    rng = np.random.default_rng(0)
    pairs = zip(sizes, sizes[1:])
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


def trainer(loss, optimizer):
    def step(*data):
        total = loss(*data)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        return float(total.data)

    return step


# --- our sides --------------------------------------------------------------------------------


class Lecture:
    """The close-up of a model under the names that the lecture's loss uses."""

    def __init__(self, close):
        self.close, self.all = close, close.parameters()

    def __call__(self, x):
        return self.close(x)[0]

    def parameters(self):
        return self.all


def moons_in_scalars(weights):
    model = network(weights)
    lecture = Lecture(model.scalars())
    loss = autograd.compile(lambda xs, ys: moons_loss(Value, lecture, xs, ys))
    return trainer(loss, optim.SGD(model.parameters(), lr=0.1))


def moons_in_single_values(weights):
    """As in a lecture: 337 Values, each updated on its own."""
    from nn.scalar import MLP

    random.seed(0)
    model = MLP(2, [16, 16, 1])
    for layer, (w, b) in zip(model.layers, weights):
        for neuron, row, bias in zip(layer.neurons, w.tolist(), b.tolist()):
            neuron.b.data = bias
            for p, number in zip(neuron.w, row):
                p.data = number
    loss = autograd.compile(lambda xs, ys: moons_loss(Value, model, xs, ys))
    params = model.parameters()

    def step(xs, ys):
        total = loss(xs, ys)
        for p in params:
            p.grad = 0.0
        total.backward()
        for p in params:
            p.data -= 0.1 * p.grad
        return total.data

    return step


def moons_in_tensors(weights):
    model = network(weights)
    params = model.parameters()

    def loss(xs, ys):
        scores = model(xs).reshape(-1)
        return (1 - ys * scores).relu().mean() + 1e-4 * sum((p * p).sum() for p in params)

    return trainer(autograd.compile(loss), optim.SGD(params, lr=0.1))


def classifier(weights, dtype):
    model, cross_entropy = network(weights, dtype), nn.CrossEntropyLoss()
    loss = autograd.compile(lambda x, y: cross_entropy(model(x), y))
    return trainer(loss, optim.Adam(model.parameters(), lr=1e-3))


# --- rows -------------------------------------------------------------------------------------


def moons_rows():
    weights, data = layers(2, 16, 16, 1), moons()
    sides = {
        "scalars": moons_in_scalars(weights),
        "single Values": moons_in_single_values(weights),
        "tensors": moons_in_tensors(weights),
        "NumPy by hand": peers.numpy_moons(weights),
    }
    if installed("micrograd"):
        sides["micrograd"] = peers.micrograd_moons(weights)
    if installed("torch"):
        sides["PyTorch"] = peers.torch_moons(weights)
    if installed("jax"):
        sides["JAX jit"] = peers.jax_moons(weights)
    return "two moons, 100 points, 2-16-16-1, SGD", sides, [data]


def classifier_rows(sizes, dtype, name):
    rng = np.random.default_rng(0)
    weights = layers(*sizes)
    data = [
        (rng.normal(size=(64, sizes[0])).astype(dtype), rng.integers(0, 10, size=64))
        for _ in range(8)
    ]
    sides = {
        "tensors": classifier(weights, dtype),
        "NumPy by hand": peers.numpy_classifier(weights, dtype),
    }
    if installed("torch"):
        sides["PyTorch"] = peers.torch_classifier(weights, dtype)
    if installed("jax") and dtype == np.float64:
        sides["JAX jit"] = peers.jax_classifier(weights)
    return name, sides, data


def gpt_rows():
    sides = {"scalars": gpt.compiled(), "plain Python": gpt.plain()}
    if installed("torch"):
        sides["PyTorch"] = gpt.pytorch()
    data = [(word,) for word in gpt.words(16)]
    return "scalar GPT, 4,192 parameters, words of 3 to 8 letters, Adam", sides, data


SLOW = {"micrograd", "plain Python"}


def measure(name, sides, data, rounds):
    """Median seconds per step of each side; the losses of the first steps must agree."""
    losses = {side: [step(*d) for d in data[:8]] for side, step in sides.items()}
    reference = next(iter(losses.values()))
    tolerance = 1e-3 if data[0][0].dtype == np.float32 else 1e-8
    for side, found in losses.items():
        if not np.allclose(found, reference, rtol=tolerance):
            raise SystemExit(f"{name}: the losses of {side} differ: {found}, {reference}")
    for side, step in sides.items():  # whatever is compiled is compiled now
        for d in data if side not in SLOW else ():
            step(*d)
    seconds = {side: [] for side in sides}
    for r in range(rounds):
        for side, step in sides.items():
            if side in SLOW and r >= 3:
                continue
            threads = (1, 2) if side == "PyTorch" else (0,)
            seconds[side].append(min(timed(step, data, side, n) for n in threads))
    return {side: statistics.median(found) for side, found in seconds.items()}


def timed(step, data, side, threads):
    if threads:
        import torch

        torch.set_num_threads(threads)
    steps = 1 if side == "micrograd" else len(data) if side in SLOW else max(len(data), 24)
    start = time.perf_counter()
    for i in range(steps):
        step(*data[i % len(data)])
    return (time.perf_counter() - start) / steps


def report(rounds):
    digits = classifier_rows((64, 64, 10), np.float64, "digits 64-64-10, batch 64, Adam")
    large = classifier_rows(
        (784, 128, 64, 10), np.float32, "784-128-64-10, batch 64, float32, Adam (PyTorch: fused)"
    )
    for name, sides, data in (moons_rows(), digits, large, gpt_rows()):
        found = measure(name, sides, data, rounds)
        print(f"\n{name}\n")
        ours = [side for side in ("scalars", "single Values", "tensors") if side in found]
        print("| | time per step |" + "".join(f" of our {side} |" for side in ours))
        print("|---|---|" + "---|" * len(ours))
        for side, seconds in found.items():
            ratios = "".join(f" {seconds / found[mine]:,.2f}× |" for mine in ours)
            print(f"| {side} | {seconds * 1e6:,.0f} µs |{ratios}", flush=True)
    compile_times()


def compile_times():
    """What recording and compiling cost per operation, from small to large."""
    import tracemalloc

    from nn.scalar import MLP

    print("\nCompiling the two-moons step (processor time, with both recordings)\n")
    print("| operations | time | memory at the peak |")
    print("|---|---|---|")
    for points, width in ((100, 16), (200, 50)):
        random.seed(0)
        model = MLP(2, [width, width, 1])
        rng = np.random.default_rng(0)
        data = rng.normal(size=(points, 2)), rng.choice([-1.0, 1.0], size=points)
        costs = []
        for traced in (False, True):
            g = autograd.compile(lambda xs, ys: moons_loss(Value, model, xs, ys))
            if traced:
                tracemalloc.start()
            start = time.process_time()
            g(*data)
            costs.append(tracemalloc.get_traced_memory()[1] if traced else time.process_time() - start)
            tracemalloc.stop()
        rows = g.recorded()
        print(f"| {rows:,} | {costs[0] / rows * 1e6:.1f} µs each | {costs[1] / rows:.0f} B each |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} CPUs, "
        f"{platform.system()} {platform.machine()}."
    )
    report(parser.parse_args().rounds)
