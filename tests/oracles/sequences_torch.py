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


# --- layers ---------------------------------------------------------------------------------------

PADDING = [[False, False, True, False], [False, True, False, False]]
CAUSAL = np.triu(np.full((3, 3), True), 1).tolist()
SELF = {"query": (3, 2, 4), "key": "query", "value": "query"}
OTHERS = {"query": (2, 3, 4), "key": (2, 4, 4), "value": (2, 4, 4)}
BATCH = {"batch_first": True}
BLOCK = {"d_model": 4, "nhead": 2, "dim_feedforward": 5, "dropout": 0.0, "activation": "gelu"}

LAYERS = {
    # name: (class, its arguments, shapes of the inputs, further arguments of the call)
    **{
        f"MultiheadAttention {name}": (
            "MultiheadAttention",
            {"embed_dim": 4, "num_heads": 2, **arguments},
            shapes,
            options,
        )
        for name, arguments, shapes, options in [
            ("to itself", {}, SELF, {}),
            ("without biases", {"bias": False}, SELF, {}),
            ("of a single sequence", {}, {"query": (3, 4), "key": (2, 4), "value": (2, 4)}, {}),
            ("of one head and place", {"num_heads": 1}, {**SELF, "query": (1, 1, 4)}, {}),
            ("to others", BATCH, OTHERS, {"average_attn_weights": False}),
            ("without weights", BATCH, OTHERS, {"need_weights": False}),
            ("with padding", BATCH, OTHERS, {"key_padding_mask": PADDING}),
            (
                "with padding added",
                BATCH,
                OTHERS,
                {"key_padding_mask": [[0.5, -1.0, 0.0, 2.0], [0.0, 0.0, -3.0, 1.0]]},
            ),
            (
                "with padding and a mask for each head",
                BATCH,
                OTHERS,
                {
                    "key_padding_mask": PADDING,
                    "attn_mask": (np.arange(48).reshape(4, 3, 4) % 5 == 0).tolist(),
                },
            ),
            (
                "with a mask that leaves a query nothing, without weights",
                BATCH,
                OTHERS,
                {"attn_mask": np.logical_not(MASK).tolist(), "need_weights": False},
            ),
            ("that is causal", {}, SELF, {"attn_mask": CAUSAL, "is_causal": True}),
            (
                "to other widths",
                {"kdim": 3, "vdim": 5, **BATCH},
                {"query": (2, 3, 4), "key": (2, 4, 3), "value": (2, 4, 5)},
                {},
            ),
        ]
    },
    **{
        f"TransformerEncoderLayer {name}": (
            "TransformerEncoderLayer", {**BLOCK, **arguments}, {"src": shape}, options
        )
        for name, arguments, shape, options in [
            ("as it comes", {}, (3, 2, 4), {}),
            ("of a batch, norm first", {"norm_first": True, **BATCH}, (2, 3, 4), {}),
            (
                "with masks",
                {"activation": "relu", **BATCH},
                (2, 4, 4),
                {
                    "src_mask": np.triu(np.full((4, 4), True), 1).tolist(),
                    "src_key_padding_mask": PADDING,
                },
            ),
            ("of a single sequence", {"layer_norm_eps": 0.1}, (3, 4), {}),
        ]
    },
    **{
        f"{kind} {name}": (
            kind,
            {"input_size": 3, "hidden_size": 2, **arguments},
            {"input": shape} | ({"hx": state if kind == "LSTM" else state[0]} if state else {}),
            {},
        )
        for kind in ("RNN", "LSTM", "GRU")
        for name, arguments, shape, state in [
            ("as it comes", {}, (4, 2, 3), None),
            ("of a batch, from a state", BATCH, (2, 4, 3), [(1, 2, 2), (1, 2, 2)]),
            ("of a single sequence, without biases", {"bias": False}, (4, 3), [(1, 2), (1, 2)]),
            ("of one step", {"num_layers": 2}, (1, 1, 3), None),
            (
                "in both directions and two layers",
                {"num_layers": 2, "bidirectional": True},
                (3, 2, 3),
                [(4, 2, 2), (4, 2, 2)],
            ),
            ("in both directions of one sequence", {"bidirectional": True, **BATCH}, (3, 3), None),
        ]
    },
    "RNN with relu": (
        "RNN",
        {"input_size": 3, "hidden_size": 2, "num_layers": 2, "nonlinearity": "relu"},
        {"input": (4, 2, 3)},
        {},
    ),
    **{
        f"{kind}Cell {name}": (
            f"{kind}Cell",
            {"input_size": 3, "hidden_size": 2, **arguments},
            {"input": shape} | ({"hx": state if kind == "LSTM" else state[0]} if state else {}),
            {},
        )
        for kind in ("RNN", "LSTM", "GRU")
        for name, arguments, shape, state in [
            ("from a state", {}, (4, 3), [(4, 2), (4, 2)]),
            ("of one sequence, without biases", {"bias": False}, (3,), None),
        ]
    },
    "RNNCell with relu": (
        "RNNCell",
        {"input_size": 3, "hidden_size": 2, "nonlinearity": "relu"},
        {"input": (4, 3), "hx": (4, 2)},
        {},
    ),
}  # fmt: skip


def layer_case(name):
    kind, arguments, shapes, options = LAYERS[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    layer = getattr(torch.nn, kind)(**arguments)
    for parameter in layer.parameters():
        parameter.data = torch.tensor(drawn(rng, tuple(parameter.shape)))
    leaves, inputs = {}, {}
    for key, shape in shapes.items():
        if isinstance(shape, str):  # the same as another
            inputs[key] = inputs[shape]
        elif isinstance(shape, list):  # several together, as the states of an LSTM
            names = [f"{key}.{i}" for i in range(len(shape))]
            leaves |= {n: torch.tensor(drawn(rng, s)) for n, s in zip(names, shape)}
            inputs[key] = tuple(leaves[n] for n in names)
        else:
            leaves[key] = inputs[key] = torch.tensor(drawn(rng, shape))
    for leaf in leaves.values():
        leaf.requires_grad = True
    named = dict(layer.named_parameters())
    others = dict(map(as_torch, *zip(*options.items()))) if options else {}
    return {
        "class": kind,
        "arguments": arguments,
        "inputs": {key: x.tolist() for key, x in leaves.items()},
        "shared": {key: of for key, of in shapes.items() if isinstance(of, str)},
        "options": options,
        "state": {key: p.tolist() for key, p in layer.state_dict().items()},
        **figures(rng, lambda: flattened(layer(**inputs, **others)), {**leaves, **named}),
    }


def flattened(outs):
    """Results as one list, those within results too."""
    if not isinstance(outs, (list, tuple)):
        return [outs]
    return [out for several in outs for out in flattened(several)]


if __name__ == "__main__":
    with sdpa_kernel(SDPBackend.MATH):  # the other ones have no second derivatives
        stored = {
            "made with": f"PyTorch {torch.__version__}, NumPy {np.__version__}",
            "functions": {name: function_case(name) for name in FUNCTIONS},
            "layers": {name: layer_case(name) for name in LAYERS},
        }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(stored) + "\n", encoding="utf-8")
