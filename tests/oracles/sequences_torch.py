"""Ask PyTorch for attention, embeddings, recurrent layers and cross-entropy of more dimensions.

Writes sequences_torch.json. Run with PyTorch 2.13.0 (CPU):
`python -m tests.oracles.sequences_torch`. The figures are stored, so tests do not need PyTorch.
Everything is float64. Each case draws its numbers from a generator of its own, seeded by its name.

Of every case: outputs, the gradients of their sum weighted with `upstream`, and the gradients of
these gradients' sum weighted with `directions`, which are the second derivatives.
"""

import json
import pathlib
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

torch.set_default_dtype(torch.float64)


def drawn(rng, shape):
    return rng.normal(size=shape).round(3)


def figures(rng, call, leaves):
    """Outputs, gradients and second derivatives of `call()` by these leaves, by name."""
    outs = [out for out in call() if out is not None]
    upstream = [drawn(rng, tuple(out.shape)) for out in outs]
    total = sum((out * torch.tensor(up)).sum() for out, up in zip(outs, upstream))
    grads = torch.autograd.grad(total, list(leaves.values()), create_graph=True)
    directions = {name: drawn(rng, tuple(leaf.shape)) for name, leaf in leaves.items()}
    again = sum((g * torch.tensor(d)).sum() for g, d in zip(grads, directions.values()))
    second = [None] * len(leaves)
    if again.requires_grad:
        second = torch.autograd.grad(again, list(leaves.values()), allow_unused=True)
    return {
        "upstream": [up.tolist() for up in upstream],
        "outs": [out.tolist() for out in outs],
        "grads": {name: g.tolist() for name, g in zip(leaves, grads)},
        "directions": {name: d.tolist() for name, d in directions.items()},
        "second": {
            name: (torch.zeros_like(leaf) if s is None else s).tolist()
            for (name, leaf), s in zip(leaves.items(), second)
        },
    }


# --- functions ------------------------------------------------------------------------------------

MASK = [[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 0]]
FUNCTIONS = {
    # name: (function, shapes of the differentiated arguments, other arguments)
    **{
        f"cross_entropy {name}": ("cross_entropy", {"logits": shape}, options)
        for name, shape, options in [
            ("of a row of places", (2, 3, 4), {"classes": (2, 4)}),
            ("of pictures", (2, 3, 2, 2), {"classes": (2, 2, 2)}),
            ("of pictures, smoothed", (2, 3, 2, 2), {"classes": (2, 2, 2), "label_smoothing": 0.2}),
            ("of three axes", (1, 2, 2, 1, 3), {"classes": (1, 2, 1, 3)}),
            ("weighted", (2, 3, 4), {"classes": (2, 4), "weight": [0.5, 2.0, 1.25]}),
            ("with padding", (3, 4, 5), {"classes": (3, 5), "ignore_index": 2}),
            (
                "with everything",
                (3, 3, 4),
                {
                    "classes": (3, 4),
                    "ignore_index": 0,
                    "weight": [0.5, 2.0, 1.25],
                    "label_smoothing": 0.3,
                },
            ),
            ("of rows of probabilities", (2, 3, 4), {"rows": (2, 3, 4)}),
            (
                "of rows of probabilities, weighted and smoothed",
                (2, 3, 2, 2),
                {"rows": (2, 3, 2, 2), "weight": [0.5, 2.0, 1.25], "label_smoothing": 0.3},
            ),
        ]
    },
    "nll_loss of pictures": ("nll_loss", {"logits": (2, 3, 2, 2)}, {"classes": (2, 2, 2)}),
    "nll_loss with padding, weighted": (
        "nll_loss",
        {"logits": (3, 4, 5)},
        {"classes": (3, 5), "ignore_index": 1, "weight": [0.5, 2.0, 1.25, 1.0]},
    ),
    "embedding": ("embedding", {"weight": (4, 3)}, {"input": [[2, 0], [0, 3], [1, 1]]}),
    "embedding with padding": (
        "embedding",
        {"weight": (4, 3)},
        {"input": [[2, 0], [0, 3], [1, 1]], "padding_idx": 0},
    ),
    "embedding with padding from the end": (
        "embedding",
        {"weight": (4, 3)},
        {"input": [3, 1, 3], "padding_idx": -1},
    ),
    **{
        f"attention {name}": ("scaled_dot_product_attention", shapes, options)
        for name, shapes, options in [
            ("of one sequence", {"query": (3, 2), "key": (4, 2), "value": (4, 5)}, {}),
            ("of a batch", {"query": (2, 3, 2), "key": (2, 4, 2), "value": (2, 4, 3)}, {}),
            ("of heads", {"query": (2, 2, 3, 2), "key": (2, 2, 4, 2), "value": (2, 2, 4, 2)}, {}),
            ("of one place", {"query": (1, 1), "key": (1, 1), "value": (1, 1)}, {}),
            ("with a scale", {"query": (3, 2), "key": (4, 2), "value": (4, 2)}, {"scale": 0.3}),
            (
                "that is causal",
                {"query": (2, 3, 2), "key": (2, 3, 2), "value": (2, 3, 2)},
                {"is_causal": True},
            ),
            (
                "that is causal, with fewer keys",
                {"query": (4, 2), "key": (3, 2), "value": (3, 2)},
                {"is_causal": True},
            ),
            (
                "with a mask, one row of which is empty",
                {"query": (2, 3, 2), "key": (2, 4, 2), "value": (2, 4, 2)},
                {"mask": MASK},
            ),
            (
                "with numbers added, one row of them -inf",
                {"query": (2, 3, 2), "key": (2, 4, 2), "value": (2, 4, 2)},
                {"attn_mask": np.where(MASK, [0.5, -1.0, 0.0, 2.0], -np.inf).tolist()},
            ),
            (
                "with numbers added that are learnt",
                {"query": (2, 3, 2), "key": (2, 4, 2), "value": (2, 4, 2), "attn_mask": (3, 4)},
                {},
            ),
        ]
    },
}


def options_of(rng, shapes, options):
    """The arguments that nobody differentiates, as stored: lists and numbers."""
    options = dict(options)
    count = next(iter(shapes.values()))[1:2]
    if "classes" in options:
        options["target"] = rng.integers(0, count[0], size=options.pop("classes")).tolist()
    if "rows" in options:
        rows = rng.uniform(0.1, 1, size=options.pop("rows"))
        options["target"] = (rows / rows.sum(axis=1, keepdims=True)).tolist()
    return options


def as_torch(name, value):
    if name == "mask":
        return "attn_mask", torch.tensor(value, dtype=torch.bool)
    return name, torch.tensor(value) if isinstance(value, list) else value


def function_case(name):
    who, shapes, options = FUNCTIONS[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    options = options_of(rng, shapes, options)
    numbers = {key: drawn(rng, shape) for key, shape in shapes.items()}
    if who == "nll_loss":
        numbers["logits"] = -abs(numbers["logits"]) - 0.1
    leaves = {key: torch.tensor(x, requires_grad=True) for key, x in numbers.items()}
    named = {"input" if k == "logits" else k: leaf for k, leaf in leaves.items()}
    others = dict(as_torch(*item) for item in options.items())
    reductions = ("mean", "sum", "none") if "logits" in shapes else (None,)
    runs = {}
    for reduction in reductions:
        extra = {"reduction": reduction} if reduction else {}

        def call(extra=extra):
            return [getattr(F, who)(**named, **others, **extra)]

        runs[str(reduction)] = figures(rng, call, leaves)
    inputs = {key: x.tolist() for key, x in numbers.items()}
    return {"function": who, "inputs": inputs, "options": options, "runs": runs}


if __name__ == "__main__":
    with sdpa_kernel(SDPBackend.MATH):  # the other ones have no second derivatives
        stored = {
            "made with": f"PyTorch {torch.__version__}, NumPy {np.__version__}",
            "functions": {name: function_case(name) for name in FUNCTIONS},
        }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(stored) + "\n", encoding="utf-8")
