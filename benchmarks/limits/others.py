"""What else there is a limit for: compiling, a thousand steps on names, Adam beside PyTorch's."""

import importlib.util
import itertools
import pathlib
import resource
import statistics
import subprocess
import time

import numpy as np

import autograd
import nn
import optim
from autograd import Value
from autograd.compiler.native.backend import Native
from autograd.compiler.program import Workspace
from benchmarks import gpt
from benchmarks.scalars import loss as moons_loss


def report(folder):
    print("\n| to compile, ms of a processor | cc -O2 | ours | ratio |\n|---|---|---|---|")
    for name, (c, native) in compiling(folder).items():
        print(f"| {name} | {c:.0f} | {native:.0f} | {native / c:.2f} |")
    print(f"\n1,000 steps of the scalar GPT on names of all lengths: {names():.3f} s")
    if importlib.util.find_spec("torch"):
        ours, torchs = updates()
        print(
            f"Adam's step() alone, 109,386 float32, one thread: {ours:.1f} µs, "
            f"PyTorch's fused=True {torchs:.1f} µs, ratio {ours / torchs:.2f}"
        )


# --- compiling ------------------------------------------------------------------------------------


def losses():
    nn.manual_seed(0)
    x, classes = nn.datasets.moons(100, noise=0.1, seed=1337)
    y = np.where(classes, 1.0, -1.0)
    model = nn.scalar.MLP(2, [16, 16, 1])
    yield "moons in scalars", lambda x, y: moons_loss(Value, model, x, y), (x.tolist(), y.tolist())
    tensors = nn.MLP(2, [16, 16], 1)
    margins = lambda x, y: (1 - y * tensors(x).reshape(-1)).relu().mean()  # noqa: E731
    yield "moons on Tensors", margins, (x, y)
    images = np.random.default_rng(0).normal(size=(16, 1, 8, 8))
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 10)
    )
    yield "a convolution", lambda x: (network(x) ** 2).mean(), (images,)
    layer = nn.TransformerEncoderLayer(16, 4, 64, dropout=0.0)
    attention = np.random.default_rng(0).normal(size=(2, 8, 16))
    yield "attention", lambda x: (layer(x) ** 2).mean(), (attention,)


def compiling(folder):
    """Of a loss in C by `cc`; of the loss and its gradient by us, from the calls of NumPy on."""
    found = {}
    for name, f, example in losses():
        g = autograd.compile(f, backend="numpy")
        path = pathlib.Path(folder, "loss_in_c.c")
        g.export(path, *example)
        space = Workspace(g._newest, [])
        Native(name, True)._compile(space)  # llvmlite is loaded, and all this
        start = time.process_time()
        Native(name, True)._compile(space)
        ours = time.process_time() - start
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["cc", "-std=c99", "-O2", "-c", path, "-o", f"{folder}/loss.o"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        c = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found[name] = 1e3 * c, 1e3 * ours
    return found


# --- names, and the update ------------------------------------------------------------------------


def names():
    """Seconds of a processor for 1,000 steps, once each length is compiled."""
    step, turn = gpt.compiled(True, single=True, backend="native"), itertools.cycle(gpt.words(64))
    for _ in range(64):
        step(next(turn))
    times = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(1000):
            step(next(turn))
        times.append(time.process_time() - start)
    return statistics.median(times)


def updates():
    """µs of Adam's step(), ours and PyTorch's, which take turns on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    model = nn.MLP(784, [128, 64], 10).astype(np.float32)
    theirs = []
    for p in model.parameters():
        p.grad = rng.normal(size=p.shape).astype(np.float32)
        theirs.append(torch.tensor(p.data, requires_grad=True))
        theirs[-1].grad = torch.tensor(p.grad)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    optimizer.backend = "native"
    steps = optimizer.step, torch.optim.Adam(theirs, lr=1e-3, fused=True).step
    times = [], []
    for _ in range(42):
        for step, found in zip(steps, times):
            start = time.process_time()
            for _ in range(100):
                step()
            found.append(1e4 * (time.process_time() - start))
    for ours, tensor in zip(model.parameters(), theirs):
        np.testing.assert_allclose(ours.data, tensor.detach().numpy(), rtol=1e-3, atol=1e-5)
    torch.set_num_threads(threads)
    return tuple(statistics.median(found[2:]) for found in times)
