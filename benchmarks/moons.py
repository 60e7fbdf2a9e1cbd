"""One training step on arrays: a small network on the two moons, beside PyTorch."""

import json
import sys
import time

import numpy as np

from benchmarks.sides import OURS, TORCH, peer_name, print_table, row, take_turns

TITLE = (
    "Training step (forward, loss, backward, SGD) of the 2-16-16-1 network with ReLU on the 100\n"
    "points of the moons, hinge loss, on arrays: the same program for both sides. Glassgrad is in\n"
    "float64; PyTorch is eager, in either, with 1 or 2 threads, whichever is faster. A penalty of\n"
    "1e-4 * sum((p * p).sum() for p in model.parameters()) is added to the loss, on one thread."
)


def report(rounds):
    figures = take_turns("moons", rounds, (OURS, TORCH))
    rows = [
        row("training step", "µs", figures, "float64", 1e6),
        row("training step, PyTorch in float32", "µs", figures, "float32", 1e6),
        row("training step with an L2 penalty", "µs", figures, "penalty", 1e6),
    ]
    print_table(TITLE, rows, peer_name(TORCH))


def train(model, optimizer, points, labels):
    return step((1 - labels * model(points)).relu().mean(), optimizer)


def train_penalized(model, optimizer, points, labels):
    loss = (1 - labels * model(points)).relu().mean()
    return step(loss + 1e-4 * sum((p * p).sum() for p in model.parameters()), optimizer)


def step(loss, optimizer):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def data():
    from nn.datasets import moons

    points, classes = moons(100, noise=0.1, seed=1337)
    return points, np.where(classes, 1.0, -1.0).reshape(-1, 1)


def seconds_per_step(*training, train=train, steps=10):
    """The best of many short runs, since other work on the machine only adds to it."""
    times = []
    for _ in range(240):
        start = time.perf_counter()
        for _ in range(steps):
            train(*training)
        times.append((time.perf_counter() - start) / steps)
    return min(times)


def training_of_ours():
    """What `train` needs."""
    import nn
    from autograd import Tensor
    from optim import SGD

    model = nn.MLP(2, [16, 16], 1)
    return model, SGD(model.parameters(), lr=0.1), *map(Tensor, data())


def of_ours():
    seconds = seconds_per_step(*training_of_ours())
    penalized = seconds_per_step(*training_of_ours(), train=train_penalized)
    return {"float64": seconds, "float32": seconds, "penalty": penalized}


def of_torch():
    import torch
    from torch.nn import Linear, ReLU, Sequential

    figures = {}
    for name in ("float64", "float32"):
        torch.set_default_dtype(getattr(torch, name))
        points, labels = (torch.tensor(x, dtype=getattr(torch, name)) for x in data())
        for threads in (1, 2):
            torch.set_num_threads(threads)
            model = Sequential(Linear(2, 16), ReLU(), Linear(16, 16), ReLU(), Linear(16, 1))
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            training = model, optimizer, points, labels
            seconds = seconds_per_step(*training)
            figures[name] = min(seconds, figures.get(name, seconds))
            if (name, threads) == ("float64", 1):
                figures["penalty"] = seconds_per_step(*training, train=train_penalized)
    return figures


if __name__ == "__main__":
    print(json.dumps({OURS: of_ours, TORCH: of_torch}[sys.argv[1]]()))
