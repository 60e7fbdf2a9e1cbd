"""Attention and recurrent layers on teaching sizes, beside PyTorch.

`python -m benchmarks.sequences` prints this table alone.

The same lines run on both sides: the layers have PyTorch's names and arguments.
"""

import functools
import importlib.util
import json
import os
import sys
import time

if __name__ == "__main__":  # before NumPy is imported
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from benchmarks.sides import OURS, TORCH, peer_name, print_markdown, take_turns

TITLE = """\
Attention and recurrence on one thread each, processor time. The first rows are whole training steps
of a small GPT: 64 texts of 16 letters, a table of letters and one of places with 32 numbers each, a
transformer block of 4 heads (norm first, GELU, causal), a norm, a linear layer, cross-entropy and
Adam. The others are forward, mean square of the output, backward, for N sequences of L steps of E
numbers. PyTorch is eager, its Adam fused; compiled is native where that is installed."""

LETTERS = 27
# name: (N, L, E)
SIZES = {
    "training step of a GPT, 64 × 16 × 32": ("gpt", 64, 16, 32),
    "multi-head attention, 4 heads, 64 × 16 × 32": ("attention", 64, 16, 32),
    "the same, causal, 16 × 64 × 64": ("causal", 16, 64, 64),
    "encoder layer, 4 heads, 64 × 16 × 32": ("encoder", 64, 16, 32),
    "RNN, 32 × 16 × 32": ("RNN", 32, 16, 32),
    "LSTM, 32 × 16 × 32": ("LSTM", 32, 16, 32),
    "GRU, 32 × 16 × 32": ("GRU", 32, 16, 32),
}
DTYPES = ("float64", "float32")


def report(rounds):
    ours, theirs = take_turns("sequences", rounds, (OURS, TORCH))
    rows = [["", "type", OURS, "compiled", peer_name(TORCH), "ours / PyTorch's", "compiled"]]
    for name in SIZES:
        for dtype in DTYPES:
            key = f"{name} {dtype}"
            found = [ours[key], ours[f"{key} compiled"], theirs.get(key)]
            cells = ["" if x is None else f"{1e3 * x:.2f} ms" for x in found]
            ratios = ["" if found[2] is None else f"{x / found[2]:.2f}" for x in found[:2]]
            rows.append([name, dtype, *cells, *ratios])
    print_markdown(TITLE, rows)


def layer_of(library, kind, size):
    if kind in ("attention", "causal"):
        return library.MultiheadAttention(size, 4, batch_first=True)
    if kind == "encoder":
        return library.TransformerEncoderLayer(size, 4, 4 * size, dropout=0.0, batch_first=True)
    return getattr(library, kind)(size, size, batch_first=True)


def output(layer, kind, x, mask):
    if kind in ("attention", "causal"):
        return layer(x, x, x, attn_mask=mask, need_weights=False)[0]
    return layer(x) if kind == "encoder" else layer(x)[0]


def best_of(step, part=0.05, parts=5):
    """Processor seconds of a step: the best of some short runs."""
    for _ in range(4):  # whatever is compiled on the first calls is compiled now
        step()
    start, count = time.process_time(), 0
    while time.process_time() - start < part:
        step()
        count += 1
    best = float("inf")
    for _ in range(parts):
        start = time.process_time()
        for _ in range(count):
            step()
        best = min(best, (time.process_time() - start) / count)
    return best


def gpt(library, length, size, integers):
    """A small GPT of our layers or PyTorch's; `integers` makes 0, 1, 2, … and masks."""

    class GPT(library.Module):
        def __init__(self):
            super().__init__()
            self.letters = library.Embedding(LETTERS, size)
            self.places = library.Embedding(length, size)
            self.block = library.TransformerEncoderLayer(
                size, 4, 4 * size, 0.0, "gelu", batch_first=True, norm_first=True
            )
            self.norm = library.LayerNorm(size)
            self.head = library.Linear(size, LETTERS)

        def forward(self, text):
            places = integers(range(length))
            later = places[None, :] > places[:, None]
            x = self.letters(text) + self.places(places)
            return self.head(self.norm(self.block(x, later, is_causal=True)))

    return GPT()


def training_step(model, loss_of, optimizer, text, following):
    def step():
        loss = loss_of(model(text).reshape(-1, LETTERS), following)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def backward_of_squares(run, layer, x):
    def step():
        layer.zero_grad()
        run(x).backward()

    return step


def texts(n, length):
    import numpy as np

    text = np.random.default_rng(0).integers(0, LETTERS, size=(n, length + 1))
    return text[:, :-1], text[:, 1:].ravel()


def steps_of_ours(kind, shape, dtype):
    """A step as it is written, and the same compiled."""
    import numpy as np

    import autograd
    import nn
    from optim import Adam

    native = "native" if importlib.util.find_spec("llvmlite") else None  # waits for the code
    if kind == "gpt":
        n, *sizes = shape
        given = texts(n, sizes[0])
        for wrap in (lambda step: step, functools.partial(autograd.compile, backend=native)):
            model = gpt(nn, *sizes, np.array).astype(dtype)
            optimizer = Adam(model.parameters())
            yield wrap(training_step(model, nn.CrossEntropyLoss(), optimizer, *given))
        return
    layer = layer_of(nn, kind, shape[-1]).astype(dtype)
    layer.flat()
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    mask = np.triu(np.full((shape[1],) * 2, True), 1) if kind == "causal" else None

    def loss_of(x):
        return (output(layer, kind, x, mask) ** 2).mean()

    yield backward_of_squares(loss_of, layer, x)
    yield backward_of_squares(autograd.compile(loss_of, backend=native), layer, x)


def step_of_torch(kind, shape, dtype):
    import numpy as np
    import torch

    floats = getattr(torch, dtype)
    if kind == "gpt":
        n, *sizes = shape
        model = gpt(torch.nn, *sizes, torch.tensor).to(floats)
        optimizer = torch.optim.Adam(model.parameters(), fused=True)
        given = map(torch.tensor, texts(n, sizes[0]))
        return training_step(model, torch.nn.CrossEntropyLoss(), optimizer, *given)
    layer = layer_of(torch.nn, kind, shape[-1]).to(floats)
    x = torch.tensor(np.random.default_rng(0).normal(size=shape).astype(dtype))
    mask = torch.full((shape[1],) * 2, True).triu(1) if kind == "causal" else None
    return backward_of_squares(lambda x: (output(layer, kind, x, mask) ** 2).mean(), layer, x)


def figures(side):
    """Seconds of each row."""
    if side == TORCH:
        import torch

        torch.set_num_threads(1)
    found = {}
    for name, (kind, *shape) in SIZES.items():
        for dtype in DTYPES:
            key = f"{name} {dtype}"
            if side == TORCH:
                found[key] = best_of(step_of_torch(kind, shape, dtype))
            else:
                steps = steps_of_ours(kind, shape, dtype)
                found[key], found[f"{key} compiled"] = map(best_of, steps)
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(figures(sys.argv[1])))
    else:
        report(5)
