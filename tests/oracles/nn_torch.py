"""Ask PyTorch for layers, activations, losses and three steps of SGD; writes nn_torch.json.

Run with PyTorch 2.13.0 (CPU): `python tests/oracles/nn_torch.py`. The figures are stored, so tests
do not need PyTorch. Everything is float64.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20240607)

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "softplus": F.softplus,
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

    cases = {
        "mse_loss": (F.mse_loss, real, other),
        "l1_loss": (F.l1_loss, real, other),
        "binary_cross_entropy": (F.binary_cross_entropy, unit, bits),
        "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, logits, bits),
        "cross_entropy": (F.cross_entropy, logits, classes),
        "cross_entropy of probabilities": (F.cross_entropy, logits, rows),
        "nll_loss": (F.nll_loss, log_rows, classes),
        "hinge_loss": (margin(1.0), real, signs),
        "perceptron_loss": (margin(0.0), real, signs),
    }
    return {
        name: {
            "prediction": prediction.tolist(),
            "target": target.tolist(),
            **{
                reduction: differentiated(
                    lambda p, f=f, t=target, r=reduction: f(p, torch.tensor(t), reduction=r),
                    prediction,
                )
                for reduction in ("mean", "sum", "none")
            },
        }
        for name, (f, prediction, target) in cases.items()
    }


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
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(figures) + "\n", encoding="utf-8")
