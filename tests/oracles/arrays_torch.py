"""Ask PyTorch for every case of tests/autograd/array_cases.py; writes arrays_torch.npz.

Run with PyTorch 2.13.0 (CPU): `python -m tests.oracles.arrays_torch`. The figures are stored, so
tests do not need PyTorch. Everything is float64. Of each case, one after the other: the values, the
gradient of their weighted sum, and the gradient of that gradient's weighted sum.
"""

import pathlib
import types

import numpy as np
import torch
import torch.nn.functional as F

from autograd.op import RULEBOOK
from tests.autograd.array_cases import CASES, weights

torch.set_default_dtype(torch.float64)


def as_tensor(x):
    return x if isinstance(x, torch.Tensor) else torch.tensor(x)


def dims(x, axis):
    if axis is None:
        return tuple(range(x.ndim))
    return axis if isinstance(axis, tuple) else (axis,)


def reduction(f):
    """NumPy's axes for a function that reduces the last one."""

    def of_axes(x, axis=None, keepdims=False, **options):
        axes = [i % x.ndim for i in dims(x, axis)]
        rest = [i for i in range(x.ndim) if i not in axes]
        rows = x.permute(rest + axes).flatten(len(rest)) if axes else x[..., None]
        out = f(rows, **options)
        kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
        return out.reshape(kept) if keepdims else out

    return of_axes


def norm(x, ord=None, axis=None, keepdims=False):
    if ord in (None, "fro") or (ord == 2 and not isinstance(axis, tuple) and x.ndim == 1):
        return torch.linalg.vector_norm(x, 2, dims(x, axis), keepdims)
    if isinstance(axis, tuple) or (axis is None and x.ndim == 2):
        return torch.linalg.matrix_norm(x, ord, dims(x, axis), keepdims)
    return torch.linalg.vector_norm(x, ord, axis, keepdims)


def median(rows):
    n = rows.shape[-1]
    return torch.sort(rows, -1).values[..., (n - 1) // 2 : n // 2 + 1].mean(-1)


def running(f):
    return lambda x, axis=None: f(x.reshape(-1), 0) if axis is None else f(x, axis)


def getitem(x, index):
    return moved(lambda places: places[index])(x)


def moved(f):
    """A function that only moves elements: NumPy says where to, PyTorch takes them there."""

    def of_tensor(x, *args, **kwargs):
        places = f(np.arange(x.numel()).reshape(x.shape), *args, **kwargs)
        if isinstance(places, list):
            return [x.reshape(-1)[torch.from_numpy(p.copy())] for p in places]
        return x.reshape(-1)[torch.from_numpy(np.array(places))]

    return of_tensor


def pad(x, width, constant_values=0.0):
    pairs = np.broadcast_to(width, (x.ndim, 2))[::-1].ravel().tolist()
    return F.pad(x, pairs, value=constant_values)


def concatenate(arrays, axis=0):
    return torch.cat([a.reshape(-1) for a in arrays] if axis is None else list(arrays), axis or 0)


def dot(a, b):
    if not a.ndim or not b.ndim:
        return a * b
    return torch.tensordot(a, b, ([a.ndim - 1], [max(b.ndim - 2, 0)]))


def inner(a, b):
    return a * b if not a.ndim or not b.ndim else torch.tensordot(a, b, ([-1], [-1]))


def tensordot(a, b, axes):
    if not isinstance(axes, int):
        axes = [[int(i) for i in np.atleast_1d(side)] for side in axes]
    return torch.tensordot(a, b, axes)


def solve(a, b):
    if b.ndim == 1:
        return torch.linalg.solve(a, b)
    stack = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])  # else (n, n) could be n vectors
    return torch.linalg.solve(a, b.broadcast_to(*stack, *b.shape[-2:]))


def clip(x, low, high):
    low, high = (None if limit is None else as_tensor(limit) for limit in (low, high))
    return torch.clamp(x, low, high)


def singular_vectors(x):
    u, _, vt = torch.linalg.svd(x, full_matrices=False)
    return torch.cat([u, vt.mT], -2)


SAME = """
    abs sign square reciprocal sqrt floor ceil exp exp2 expm1 log log2 log10 log1p sin cos tan
    arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh sigmoid relu erf sinc negative
    nan_to_num add subtract multiply divide remainder maximum minimum fmax fmin hypot arctan2
    logaddexp logaddexp2 trunc fmod copysign deg2rad rad2deg ravel swapaxes moveaxis
    broadcast_to hstack vstack diag tril triu matmul kron einsum
"""
LINALG = "inv det slogdet cholesky multi_dot eigvalsh svdvals"
TORCH = types.SimpleNamespace(
    **{name: getattr(torch, name) for name in SAME.split()},
    **{name: getattr(torch.linalg, name) for name in LINALG.split()},
    eigenvectors=lambda a: torch.linalg.eigh(a)[1], singular_vectors=singular_vectors,
    power=torch.pow, rint=torch.round, floor_divide=lambda x, y: torch.floor(x / y),
    softplus=F.softplus,
    leaky_relu=lambda x, slope: torch.where(x > 0, x, slope * x),
    at_least=lambda x, y: torch.clamp(x, min=y), at_most=lambda x, y: torch.clamp(x, max=y),
    cbrt=lambda x: x ** (1 / 3), step=lambda x: (x >= 0) * 1.0 + 0 * x,
    clip=clip, where=lambda c, x, y: torch.where(as_tensor(c), as_tensor(x), as_tensor(y)),
    sum=reduction(lambda rows: rows.sum(-1)),
    mean=reduction(lambda rows: rows.mean(-1)), prod=reduction(lambda rows: rows.prod(-1)),
    max=reduction(lambda rows: rows.amax(-1)), min=reduction(lambda rows: rows.amin(-1)),
    amax=reduction(lambda rows: rows.amax(-1)), amin=reduction(lambda rows: rows.amin(-1)),
    var=reduction(lambda rows, ddof=0: torch.var(rows, -1, correction=ddof)),
    std=reduction(lambda rows, ddof=0: torch.std(rows, -1, correction=ddof)),
    median=reduction(median), logsumexp=reduction(lambda rows: torch.logsumexp(rows, -1)),
    norm=norm, solve=solve, cumsum=running(torch.cumsum), cumprod=running(torch.cumprod),
    reshape=lambda x, shape: x.reshape(shape), flatten=lambda x: x.reshape(-1),
    transpose=lambda x, axes=None: x.permute(tuple(range(x.ndim))[::-1] if axes is None else axes),
    expand_dims=moved(np.expand_dims),
    squeeze=moved(np.squeeze), concatenate=concatenate,
    stack=lambda arrays, axis=0: torch.stack(tuple(arrays), axis), split=moved(np.split),
    array_split=moved(np.array_split),
    flip=lambda x, axis=None: torch.flip(x, dims(x, axis)), roll=moved(np.roll),
    repeat=moved(np.repeat), tile=moved(np.tile), pad=pad,
    diagonal=lambda x, k=0, a=0, b=1: moved(np.diagonal)(x, k, a, b),
    trace=lambda x, k=0, a=0, b=1: moved(np.diagonal)(x, k, a, b).sum(-1),
    sort=lambda x, axis=-1: torch.sort(x.reshape(-1) if axis is None else x, axis or 0).values
    if x.ndim else x.reshape(-1),
    take=moved(np.take), take_along_axis=moved(np.take_along_axis), getitem=getitem,
    dot=dot, inner=inner, vdot=lambda a, b: torch.dot(a.reshape(-1), b.reshape(-1)),
    tensordot=tensordot, logabsdet=lambda a: torch.linalg.slogdet(a)[1],
    linear=F.linear, eye=torch.eye, np=np, s_=np.s_,
    outer=lambda a, b: torch.outer(a.reshape(-1), b.reshape(-1)),
)  # fmt: skip


def weighted_sum(outs, seed):
    ws = weights(outs, seed)
    return sum((torch.as_tensor(w) * out).sum() for w, out in zip(ws, outs))


def gradient(total, xs, create_graph):
    """Zeros where there is no derivative, which torch says in three ways."""
    if not (isinstance(total, torch.Tensor) and total.requires_grad):
        return [torch.zeros_like(x) for x in xs]
    grads = torch.autograd.grad(total, xs, create_graph=create_graph, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(grads, xs)]


def figures(case):
    xs = [torch.tensor(x, requires_grad=True) for x in case.inputs()]
    outs = case.run(TORCH, xs)
    first = gradient(weighted_sum(outs, 1), xs, create_graph=True)
    second = gradient(weighted_sum(first, 2), xs, create_graph=False)
    return [a.numpy(force=True).ravel() for a in (*outs, *first, *second)]


if __name__ == "__main__":
    answers = []
    cases = [c for c in CASES if c.name not in RULEBOOK or hasattr(TORCH, c.name)]
    for case in cases:
        try:
            answers.append(np.concatenate(figures(case)))
        except Exception as err:
            raise SystemExit(f"{case}: {err}") from err
    np.savez_compressed(
        pathlib.Path(__file__).with_name("arrays_torch.npz"),
        cases=np.array([str(case) for case in cases]),
        ends=np.cumsum([len(answer) for answer in answers]),
        figures=np.concatenate(answers),
    )
