"""A training step of attention and of recurrent layers on teaching sizes, beside PyTorch."""

import json
import os
import sys
import time

from benchmarks.sides import OURS, TORCH, peer_name, print_markdown, take_turns

TITLE = """\
Forward, mean square of the output, backward; parameters and inputs in the type above, one thread
on each side, processor time. N sequences of L steps of E numbers. PyTorch is eager."""

# name: (N, L, E)
SIZES = {
    "multi-head attention, 4 heads, 32 × 16 × 32": ("attention", 32, 16, 32),
    "the same, causal, 16 × 64 × 64": ("causal", 16, 64, 64),
    "encoder layer, 4 heads, 32 × 16 × 32": ("encoder", 32, 16, 32),
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
    step(), step()
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


def of_ours():
    import numpy as np

    import autograd
    import nn

    figures = {}
    for name, (kind, *shape) in SIZES.items():
        for dtype in DTYPES:
            layer = layer_of(nn, kind, shape[-1]).astype(dtype)
            layer.flat()
            x = np.random.default_rng(0).normal(size=shape).astype(dtype)
            mask = np.triu(np.full((shape[1],) * 2, True), 1) if kind == "causal" else None

            def loss_of(x, layer=layer, kind=kind, mask=mask):
                return (output(layer, kind, x, mask) ** 2).mean()

            for suffix, function in (("", loss_of), (" compiled", autograd.compile(loss_of))):

                def step(function=function, layer=layer, x=x):
                    layer.zero_grad()
                    function(x).backward()

                figures[f"{name} {dtype}{suffix}"] = best_of(step)
    return figures


def of_torch():
    import numpy as np
    import torch

    torch.set_num_threads(1)
    figures = {}
    for name, (kind, *shape) in SIZES.items():
        for dtype in DTYPES:
            layer = layer_of(torch.nn, kind, shape[-1]).to(getattr(torch, dtype))
            x = torch.tensor(np.random.default_rng(0).normal(size=shape).astype(dtype))
            mask = torch.full((shape[1],) * 2, True).triu(1) if kind == "causal" else None

            def step(layer=layer, kind=kind, x=x, mask=mask):
                layer.zero_grad()
                (output(layer, kind, x, mask) ** 2).mean().backward()

            figures[f"{name} {dtype}"] = best_of(step)
    return figures


if __name__ == "__main__":
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    print(json.dumps({OURS: of_ours, TORCH: of_torch}[sys.argv[1]]()))
