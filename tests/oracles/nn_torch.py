"""Ask PyTorch for layers, activations, losses and three steps of SGD; writes nn_torch.json.

Run with PyTorch 2.13.0 (CPU) and safetensors 0.8.0: `python tests/oracles/nn_torch.py`. The figures
are stored, so tests need neither. Everything is float64, but for the model in nn_torch.safetensors.
"""

import json
import pathlib

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20240607)

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
    "hardtanh": F.hardtanh,
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
}


def differentiated(function, x, weights=None):
    """The value of `function` and the gradient of its sum weighted with `weights`."""
    x = torch.tensor(x, requires_grad=True)
    out = function(x)
    (out if weights is None else (out * torch.tensor(weights)).sum()).sum().backward()
    return {"out": out.tolist(), "grad": x.grad.tolist()}


def linear():
    x, weight, bias, upstream = (rng.normal(size=s) for s in ((5, 3), (2, 3), (2,), (5, 2)))
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    out = F.linear(*tensors)
    (out * torch.tensor(upstream)).sum().backward()
    return {
        "x": x.tolist(),
        "weight": weight.tolist(),
        "bias": bias.tolist(),
        "upstream": upstream.tolist(),
        "out": out.tolist(),
        "grads": [t.grad.tolist() for t in tensors],
    }


def activations():
    x = rng.normal(scale=3, size=(4, 5))
    x[0, :2] = 1e4, -1e4
    upstream = rng.normal(size=(4, 5))
    figures = {name: differentiated(f, x, upstream) for name, f in ACTIVATIONS.items()}
    return {"x": x.tolist(), "upstream": upstream.tolist(), "figures": figures}


def losses():
    real, other = rng.normal(scale=2, size=(2, 6, 3))
    unit = rng.uniform(0.01, 0.99, size=(6, 3))
    bits = rng.integers(0, 2, size=(6, 3)).astype(float)
    signs = 2 * bits - 1
    classes = rng.integers(0, 3, size=6)
    rows = rng.dirichlet([1, 1, 1], size=6)
    log_rows = np.log(rng.dirichlet([1, 1, 1], size=6))
    logits = real.copy()
    logits[0] = 1e4, -1e4, 40

    # max(0, -y (s - 0) + margin) is the hinge loss with margin 1, the perceptron's with margin 0.
    def margin(width):
        return lambda s, y, reduction: F.margin_ranking_loss(
            s, torch.zeros_like(s), y, width, reduction=reduction
        )

    # PyTorch's mean and none of kl_div are over all N C numbers.
    def kl_div(log_q, p, reduction):
        each = F.kl_div(log_q, p, reduction="none").sum(-1)
        return each if reduction == "none" else getattr(each, reduction)()

    weight = [0.5, 2.0, 1.25]
    cases = {
        "mse_loss": (F.mse_loss, real, other, {}),
        "l1_loss": (F.l1_loss, real, other, {}),
        "smooth_l1_loss": (F.smooth_l1_loss, real, other, {}),
        "smooth_l1_loss with beta": (F.smooth_l1_loss, real, other, {"beta": 2.5}),
        "huber_loss": (F.huber_loss, real, other, {}),
        "huber_loss with delta": (F.huber_loss, real, other, {"delta": 0.75}),
        "binary_cross_entropy": (F.binary_cross_entropy, unit, bits, {}),
        "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, logits, bits, {}),
        "cross_entropy": (F.cross_entropy, logits, classes, {}),
        "cross_entropy with weight": (F.cross_entropy, logits, classes, {"weight": weight}),
        "cross_entropy smoothed": (F.cross_entropy, real, classes, {"label_smoothing": 0.1}),
        "cross_entropy with both": (
            F.cross_entropy, real, classes, {"weight": weight, "label_smoothing": 0.3}
        ),
        "cross_entropy of probabilities": (F.cross_entropy, logits, rows, {}),
        "cross_entropy of probabilities with both": (
            F.cross_entropy, real, rows, {"weight": weight, "label_smoothing": 0.3}
        ),
        "cross_entropy without a class": (F.cross_entropy, logits, classes, {"ignore_index": 1}),
        "cross_entropy without a class, with both": (
            F.cross_entropy, real, classes,
            {"weight": weight, "label_smoothing": 0.3, "ignore_index": 2},
        ),
        "binary_cross_entropy_with_logits with pos_weight": (
            F.binary_cross_entropy_with_logits, logits, bits, {"pos_weight": [2.5, 1.0, 0.25]}
        ),
        "nll_loss": (F.nll_loss, log_rows, classes, {}),
        "nll_loss with weight": (F.nll_loss, log_rows, classes, {"weight": weight}),
        "nll_loss without a class, with weight": (
            F.nll_loss, log_rows, classes, {"weight": weight, "ignore_index": 0}
        ),
        "kl_div": (kl_div, log_rows, rows, {}),
        "hinge_loss": (margin(1.0), real, signs, {}),
        "perceptron_loss": (margin(0.0), real, signs, {}),
    }  # fmt: skip

    def with_tensors(options):
        return {k: torch.tensor(v) if isinstance(v, list) else v for k, v in options.items()}

    return {
        name: {
            "prediction": prediction.tolist(),
            "target": target.tolist(),
            "options": options,
            **{
                reduction: differentiated(
                    lambda p, f=f, t=target, r=reduction, o=options: f(
                        p, torch.tensor(t), reduction=r, **with_tensors(o)
                    ),
                    prediction,
                )
                for reduction in ("mean", "sum", "none")
            },
        }
        for name, (f, prediction, target, options) in cases.items()
    }


def layers():
    """Layers with numbers in their parameters: outputs and gradients, twice for BatchNorm1d."""
    x = rng.normal(size=(6, 4), loc=1.0, scale=2.0)
    upstream, index = rng.normal(size=(6, 4)), rng.integers(0, 3, size=6)
    figures = {}
    for name, layer in {
        "LayerNorm": torch.nn.LayerNorm(4),
        "BatchNorm1d": torch.nn.BatchNorm1d(4),
        "Embedding": torch.nn.Embedding(3, 4),
    }.items():
        for p in layer.parameters():
            p.data = torch.tensor(rng.normal(size=p.shape))
        start = {key: value.tolist() for key, value in layer.state_dict().items()}
        runs = []
        for mode in (True, True, False):
            layer.train(mode).zero_grad()
            given = torch.tensor(index if name == "Embedding" else x)
            given.requires_grad = name != "Embedding"
            out = layer(given)
            (out * torch.tensor(upstream)).sum().backward()
            grads = {key: p.grad.tolist() for key, p in layer.named_parameters()}
            if name != "Embedding":
                grads["x"] = given.grad.tolist()
            runs.append({"training": mode, "out": out.tolist(), "grads": grads})
        end = {key: value.tolist() for key, value in layer.state_dict().items()}
        given = index.tolist() if name == "Embedding" else x.tolist()
        figures[name] = {"x": given, "start": start, "runs": runs, "end": end}
    return {"upstream": upstream.tolist(), "figures": figures}


def stored_model():
    """A float32 model in a file as PyTorch's users write it, and what it answers."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Linear(4, 2)
    ).float()
    path = pathlib.Path(__file__).with_suffix(".safetensors")
    safetensors.torch.save_file(model.state_dict(), path)
    x = torch.tensor(rng.normal(size=(5, 3)), dtype=torch.float32)
    return {"x": x.tolist(), "out": model.eval()(x).tolist()}


def training():
    """Three steps of SGD on a small network."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    x, y = rng.normal(size=(8, 3)), rng.integers(0, 2, size=8)
    start = rng.normal(size=sum(p.numel() for p in model.parameters()))
    torch.nn.utils.vector_to_parameters(torch.tensor(start), model.parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    losses, numbers = [], []
    for _ in range(3):
        loss = F.cross_entropy(model(torch.tensor(x)), torch.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        numbers.append(torch.nn.utils.parameters_to_vector(model.parameters()).tolist())
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "start": start.tolist(),
        "losses": losses,
        "numbers": numbers,
    }


if __name__ == "__main__":
    figures = {
        "made with": f"PyTorch {torch.__version__}, NumPy {np.__version__}",
        "linear": linear(),
        "activations": activations(),
        "losses": losses(),
        "training": training(),
        "layers": layers(),
        "stored model": stored_model(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(figures) + "\n", encoding="utf-8")
