"""A convolutional network beside a dense one on the handwritten digits: how many they get right.

`python -m benchmarks.accuracy` takes a few minutes. It is no race of libraries, so it is not among
the tables of `python -m benchmarks`.
"""

import sys
import time

import numpy as np

import nn
from benchmarks.sides import print_markdown
from optim import Adam

SEEDS = range(5)
TITLE = """\
Of the 1,797 digits, 8 by 8, a fifth is held out, with its share of every class: the part of them
that is recognised, with five splits. Adam (lr=0.003), batches of 64, 30 epochs, nothing else."""


def convolutional(rng, channels=(16, 32)):
    """Two layers of kernels 3 by 3, the largest of 2 by 2, and a dense layer: 9,930 numbers."""
    first, second = channels
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.Conv2d(first, second, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.25, rng=rng),
        nn.Linear(16 * second, 10, rng=rng),
    )


def dense(rng):
    """One hidden layer, with as many numbers."""
    return nn.Sequential(nn.Flatten(), nn.MLP(64, [128], 10, rng=rng))


NETWORKS = {"dense": dense, "convolutional": convolutional}


def recognised(make, seed, epochs=30, parts=(0.8, 0.2), batch=64):
    """The part of the held-out digits, and the seconds of training."""
    nn.manual_seed(seed)  # for the batches
    x, y = nn.datasets.digits()
    images = x.reshape(-1, 1, 8, 8) / 16
    train, test = nn.data.split((images, y), parts, stratify=True, seed=seed)
    model = make(np.random.default_rng(seed))
    optimizer = Adam(model.parameters(), lr=0.003)
    start = time.perf_counter()
    nn.fit(
        model,
        nn.CrossEntropyLoss(),
        nn.data.Batches(train, batch),
        optimizer,
        epochs=epochs,
        progress=False,
    )
    return nn.accuracy(model, test), time.perf_counter() - start


def report():
    rows = [["", "numbers", *(f"seed {seed}" for seed in SEEDS), "mean", "time of one"]]
    for name, make in NETWORKS.items():
        count = sum(p.size for p in make(None).parameters())
        found, seconds = zip(*(recognised(make, seed) for seed in SEEDS), strict=True)
        parts = [f"{100 * part:.1f} %" for part in found]
        mean = f"{100 * np.mean(found):.2f} %"
        rows.append([name, f"{count:,}", *parts, mean, f"{np.median(seconds):.1f} s"])
        print(f"{name}: {mean}", file=sys.stderr)
    print_markdown(TITLE, rows)


if __name__ == "__main__":
    report()
