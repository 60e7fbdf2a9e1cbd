"""Ask PyTorch for values and derivatives at zeros, infinities and ends of ranges.

Writes special_points_torch.json. Run with PyTorch 2.13.0 (CPU):
`python -m tests.oracles.special_points_torch`. The figures are stored, so tests do not need
PyTorch. Everything is float64. Of each function a list: operands, value, derivatives.
"""

import itertools
import json
import pathlib

import torch
import torch.nn.functional as F

INF = float("inf")
POINTS = [-INF, -1e200, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 1e200, INF]
ONE = """
    abs sign square reciprocal sqrt floor ceil exp exp2 expm1 log log2 log10 log1p sin cos tan
    arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh sigmoid relu erf sinc negative
"""
TWO = "add subtract multiply divide remainder maximum minimum hypot logaddexp logaddexp2"
OF_ONE = {name: getattr(torch, name) for name in ONE.split()}
OF_TWO = {name: getattr(torch, name) for name in TWO.split()}
OF_TWO |= {
    "power": torch.pow,
    "at_least": lambda x, y: torch.clamp(x, min=y),
    "at_most": lambda x, y: torch.clamp(x, max=y),
}
ACTIVATIONS = ["relu", "elu", "selu", "gelu", "silu", "softplus", "hardtanh", "sigmoid", "tanh"]
FUNCTIONAL = {name: getattr(F, name) for name in ACTIVATIONS}
FUNCTIONAL["clip"] = lambda x: torch.clamp(x, -1.0, 2.0)


def rows(function, arity):
    for point in itertools.product(POINTS, repeat=arity):
        xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        out = function(*xs)
        grads = torch.autograd.grad(out, xs, allow_unused=True)
        yield point, out.item(), [0.0 if g is None else g.item() for g in grads]


if __name__ == "__main__":
    figures = {
        "autograd": {
            name: list(rows(function, arity))
            for functions, arity in [(OF_ONE, 1), (OF_TWO, 2)]
            for name, function in functions.items()
        },
        "nn.functional": {name: list(rows(function, 1)) for name, function in FUNCTIONAL.items()},
    }
    path = pathlib.Path(__file__).with_name("special_points_torch.json")
    path.write_text(json.dumps(figures) + "\n", encoding="utf-8")
