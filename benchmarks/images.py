"""Convolutions and pooling on images of teaching size, beside PyTorch.

`python -m benchmarks.images` prints this table alone.

The same lines run on both sides: the layers and functions have PyTorch's names and arguments.
"""

import importlib.util
import json
import os
import sys

if __name__ == "__main__":  # before NumPy is imported
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np

from benchmarks.rows import timed
from benchmarks.sides import OURS, TORCH, peer_name, print_markdown, take_turns

TITLE = """\
Images 8 by 8 in batches of 64, on one thread each: forward and backward, processor time. The first
rows are whole training steps of the digits' network, Conv(16)-ReLU-Conv(32)-ReLU-MaxPool-Linear
with kernels 3 by 3, softmax cross-entropy and Adam, and the same compiled; PyTorch is eager, its
Adam fused."""
DTYPES = "float64", "float32"
COMPILED = ", compiled"

OPERATIONS = {
    "conv2d, 1 to 16 channels": ("conv2d", [(64, 1, 8, 8), (16, 1, 3, 3), (16,)], {"padding": 1}),
    "conv2d, 16 to 32": ("conv2d", [(64, 16, 8, 8), (32, 16, 3, 3), (32,)], {"padding": 1}),
    "conv2d, 32, each of its own": (
        "conv2d", [(64, 32, 8, 8), (32, 1, 3, 3)], {"padding": 1, "groups": 32}
    ),
    "conv_transpose2d, 16 to 8, stride 2": (
        "conv_transpose2d", [(64, 16, 4, 4), (16, 8, 4, 4)], {"padding": 1, "stride": 2}
    ),
    "conv1d, 8 to 16, of 64": ("conv1d", [(64, 8, 64), (16, 8, 5), (16,)], {"padding": 2}),
    "max_pool2d, 2 by 2": ("max_pool2d", [(64, 32, 8, 8)], {"kernel_size": 2}),
    "avg_pool2d, 2 by 2": ("avg_pool2d", [(64, 32, 8, 8)], {"kernel_size": 2}),
}  # fmt: skip


def report(rounds):
    ours, torch = take_turns("images", rounds, [OURS, TORCH])
    rows = [["", OURS, peer_name(TORCH), "times PyTorch's"]]
    for name, seconds in ours.items():
        cells = [f"{1e3 * seconds:.2f} ms", "", ""]
        if "missing" not in torch:
            theirs = torch[name.removesuffix(COMPILED)]
            cells[1:] = f"{1e3 * theirs:.2f} ms", f"{seconds / theirs:.2f}×"
        rows.append([name, *cells])
    print_markdown(TITLE, rows)


def network(nn, **options):
    """The digits' network, of our layers or PyTorch's."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, **options),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, **options),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 10, **options),
    )


def training_step(model, loss_of, optimizer, x, y):
    def step():
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def of_ours(dtype):
    """A training step, the functions, and how an array becomes an operand."""
    import nn
    from autograd import Tensor
    from nn.datasets import digits
    from optim import Adam

    x, y = digits()
    images = x[:64].reshape(-1, 1, 8, 8).astype(dtype) / 16
    model = network(nn).astype(dtype)
    optimizer = Adam(model.parameters(), lr=1e-3)
    step = training_step(model, nn.CrossEntropyLoss(), optimizer, images, y[:64])
    return step, nn.functional, lambda a: Tensor(a, requires_grad=True), np.asarray


def compiled_step(dtype):
    """A whole training step of ours, compiled, natively where that is installed."""
    import autograd

    native = "native" if importlib.util.find_spec("llvmlite") else None  # waits for the code
    step = autograd.compile(of_ours(dtype)[0], backend=native)
    for _ in range(5):
        step()
    return step


def of_torch(dtype):
    import torch

    from nn.datasets import digits

    torch.set_num_threads(1)
    x, y = digits()
    images = torch.tensor(x[:64].reshape(-1, 1, 8, 8) / 16, dtype=getattr(torch, dtype))
    model = network(torch.nn, dtype=images.dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of = torch.nn.CrossEntropyLoss()
    step = training_step(model, loss_of, optimizer, images, torch.tensor(y[:64]))
    functional = torch.nn.functional
    return step, functional, lambda a: torch.tensor(a, requires_grad=True), torch.tensor


def figures(side):
    """Seconds of each row."""
    found = {}
    sides = {dtype: {OURS: of_ours, TORCH: of_torch}[side](dtype) for dtype in DTYPES}
    for dtype, (step, *_) in sides.items():
        found[f"training step, {dtype}"] = timed(step)()
        if side == OURS:
            found[f"training step, {dtype}{COMPILED}"] = timed(compiled_step(dtype))()
    rng = np.random.default_rng(0)
    for name, (function, shapes, options) in OPERATIONS.items():
        arrays = [rng.normal(size=shape) for shape in shapes]
        for dtype, (_, functional, operand, constant) in sides.items():
            xs = [operand(a.astype(dtype)) for a in arrays]
            call = getattr(functional, function)
            weights = constant(rng.normal(size=tuple(call(*xs, **options).shape)).astype(dtype))

            def both(xs=xs, call=call, options=options, weights=weights):
                for x in xs:
                    x.grad = None
                call(*xs, **options).backward(weights)

            found[f"{name}, {dtype}"] = timed(both)()
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(figures(sys.argv[1])))
    else:
        report(5)
