"""Ask PyTorch for every case of tests/nn/functional/function_cases.py; writes functions_torch.npz.

Run with PyTorch 2.13.0 (CPU): `python -m tests.oracles.functions_torch`. The figures are stored, so
tests do not need PyTorch. Everything is float64. Of each case, one after the other: the values, the
gradient of their weighted sum, and the gradient of that gradient's weighted sum.
"""

import pathlib

import numpy as np
import torch
import torch.nn.functional as F

from tests.nn.functional.function_cases import CASES, spread

torch.set_default_dtype(torch.float64)


def gradient(total, xs, create_graph):
    """Zeros where the second derivative is none, as of a pooling."""
    if not total.requires_grad:
        return [torch.zeros_like(x) for x in xs]
    grads = torch.autograd.grad(total, xs, create_graph=create_graph, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(grads, xs)]


def weighted_sum(outs, seed):
    return sum((torch.tensor(spread(out.shape, seed)) * out).sum() for out in outs)


def figures(case):
    xs = [torch.tensor(x, requires_grad=True) for x in case.inputs()]
    out = case.run(F, xs)
    # The square, so that pooling has a second derivative, too.
    first = gradient(weighted_sum([out * out], 1000), xs, create_graph=True)
    second = gradient(weighted_sum(first, 2000), xs, create_graph=False)
    return [a.numpy(force=True).ravel() for a in (out, *first, *second)]


if __name__ == "__main__":
    answers = [np.concatenate(figures(case)) for case in CASES]
    np.savez_compressed(
        pathlib.Path(__file__).with_name("functions_torch.npz"),
        cases=np.array([str(case) for case in CASES]),
        ends=np.cumsum([len(answer) for answer in answers]),
        figures=np.concatenate(answers),
    )
