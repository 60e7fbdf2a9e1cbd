"""Who computes a program: autograd in several ways, PyTorch, JAX; each by NumPy's names."""

import types

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np
import torch
import torch.nn.functional as TF

import autograd
from autograd import Tensor, Value
from tests.fuzz.ours import ACTIVATIONS, LOSSES, OURS
from tests.oracles import arrays_torch

jax.config.update("jax_enable_x64", True)
# --- PyTorch --------------------------------------------------------------------------------------


def _torchs(loss):
    """NumPy's arrays and lists among the arguments become tensors."""

    def of_tensors(x, y, reduction, **options):
        y = y if isinstance(y, torch.Tensor) else torch.as_tensor(np.asarray(y))
        if "weight" in options:
            options["weight"] = torch.tensor(options["weight"], dtype=x.dtype)
        return loss(x, y, reduction=reduction, **options)

    return of_tensors


TORCH = types.SimpleNamespace(**{
    **vars(arrays_torch.TORCH),
    **{name: getattr(TF, name) for name in ACTIVATIONS},
    **{name: _torchs(getattr(TF, name)) for name in LOSSES},
    "fmax": torch.maximum, "fmin": torch.minimum,  # whose ties are ours
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    "softmax": torch.softmax, "log_softmax": torch.log_softmax, "inf": np.inf,
    "leaky_relu": TF.leaky_relu, "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "finished": lambda x: x,
})  # fmt: skip


def by_torch(program, weigh, dtype):
    """The result, the gradients of its weighted sum and of theirs, as arrays."""
    xs = {k: torch.tensor(x.astype(dtype), requires_grad=True) for k, x in program.inputs.items()}
    out = program.run(TORCH, xs)

    def gradients(outs, seed, create_graph):
        total = sum((torch.as_tensor(w) * o).sum() for w, o in zip(weigh(outs, seed), outs))
        if not (isinstance(total, torch.Tensor) and total.requires_grad):
            return [torch.zeros_like(x) for x in xs.values()]
        found = torch.autograd.grad(
            total, list(xs.values()), create_graph=create_graph, allow_unused=True
        )
        return [torch.zeros_like(x) if g is None else g for g, x in zip(found, xs.values())]

    first = gradients([out], 1, True)
    second = gradients(first, 2, False)
    return [x.numpy(force=True) for x in (out, *first, *second)]


# --- JAX ------------------------------------------------------------------------------------------


def _jax_cross_entropy(x, y, reduction, weight=None, label_smoothing=0.0):
    n = x.shape[-1]
    rows = y if y.shape == x.shape else jax.nn.one_hot(y, n)
    rows = (1 - label_smoothing) * rows + label_smoothing / n
    w = jnp.ones(n) if weight is None else jnp.array(weight, float)
    losses = -(rows * w * jax.nn.log_softmax(x)).sum(-1)
    if reduction == "none":
        return losses
    total = w[y].sum() if y.shape != x.shape else losses.size
    return losses.sum() if reduction == "sum" else losses.sum() / total


def _jax_loss(of_element):
    def loss(x, y, reduction, **options):
        losses = of_element(x, y, **options)
        return losses if reduction == "none" else getattr(losses, reduction)()

    return loss


def _jax_huber(x, y, delta):
    d = jnp.abs(x - y)
    return jnp.where(d < delta, (x - y) ** 2 / 2, delta * (d - delta / 2))


MATRICES = "inv det cholesky solve multi_dot norm"
JAX_NN = "sigmoid softplus elu selu silu leaky_relu softmax log_softmax"
JAX = types.SimpleNamespace(**{
    **{name: getattr(jnp, name) for name in dir(jnp) if not name.startswith("_")},
    **{name: getattr(jnp.linalg, name) for name in MATRICES.split()},
    **{name: getattr(jax.nn, name) for name in JAX_NN.split()},
    "fmax": jnp.maximum, "fmin": jnp.minimum,
    "at_least": lambda x, y: jnp.where(x >= y, x, y),
    "at_most": lambda x, y: jnp.where(x <= y, x, y),
    "relu": lambda x: jnp.where(x > 0, x, 0.0),
    "gelu": lambda x: jax.nn.gelu(x, approximate=False), "hardtanh": jax.nn.hard_tanh,
    "erf": jax.scipy.special.erf,
    "logsumexp": jax.scipy.special.logsumexp, "step": lambda x: (x >= 0) * 1.0 + 0 * x,
    "logabsdet": lambda a: jnp.linalg.slogdet(a)[1], "s_": np.s_, "inf": np.inf,
    "getitem": lambda x, i: x[jax.tree.map(
        lambda p: np.asarray(p) if isinstance(p, (list, tuple, np.ndarray)) else p, i,
        is_leaf=lambda p: not isinstance(p, tuple) or p is not i)],
    "take": lambda x, i, axis=None: jnp.take(x, np.asarray(i), axis=axis),
    "mse_loss": _jax_loss(lambda x, y: (x - y) ** 2),
    "l1_loss": _jax_loss(lambda x, y: jnp.abs(x - y)),
    "huber_loss": _jax_loss(_jax_huber),
    "smooth_l1_loss": _jax_loss(lambda x, y, beta: _jax_huber(x, y, beta) / beta),
    "nll_loss": _jax_loss(lambda x, y: -jnp.take_along_axis(x, y[..., None], -1)[..., 0]),
    "cross_entropy": _jax_cross_entropy, "finished": lambda x: x,
})  # fmt: skip


def by_jax(program, weigh, dtype):
    """As `by_torch`."""
    names = list(program.inputs)
    xs = [jnp.array(x.astype(dtype)) for x in program.inputs.values()]
    every = tuple(range(len(xs)))

    def total(outs, seed):
        return sum((w * o).sum() for w, o in zip(weigh(outs, seed), outs))

    def out(*xs):
        return program.run(JAX, dict(zip(names, xs)))

    first = jax.grad(lambda *xs: total([out(*xs)], 1), every)
    second = jax.grad(lambda *xs: total(first(*xs), 2), every)
    return [np.asarray(x) for x in (out(*xs), *first(*xs), *second(*xs))]


# --- ours -----------------------------------------------------------------------------------------


def by_backward(program, weigh, dtype):
    """The result and the gradients, by `backward()`."""
    xs = {k: Tensor(x, dtype=dtype, requires_grad=True) for k, x in program.inputs.items()}
    out = program.run(OURS, xs)
    total = (weigh([out], 1)[0] * out).sum()
    if isinstance(total, Tensor) and total.requires_grad:
        total.backward()
    grads = [np.zeros(x.shape, x.dtype) if x.grad is None else x.grad for x in xs.values()]
    return [np.asarray(out.data), *grads]


def has_infinite_derivative(program):
    """Whether a local derivative is infinite: times a 0 from elsewhere it is nan, by IEEE's rules.

    PyTorch and JAX have 0 in some such places, where a derivative of 0 is a choice and no product.
    """
    xs = {k: Tensor(x, requires_grad=True) for k, x in program.inputs.items()}
    out = program.run(OURS, xs)
    if not isinstance(out, Tensor) or not out.requires_grad:
        return False
    out.backward(np.ones(out.shape))
    seen, ahead = set(), [out]
    while ahead:
        node = ahead.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        ahead += node.parents
        derivatives = [node.local_derivative(i) for i in range(len(node.parents))]
        derivatives += [node.grad] * node.requires_grad
        if not all(np.isfinite(s).all() for s in derivatives if s is not None):
            return True
    return False


def by_transforms(program, weigh, dtype):
    """As `by_torch`, by `grad` of `grad`."""
    names = list(program.inputs)
    xs = [x.astype(dtype) for x in program.inputs.values()]
    every = tuple(range(len(xs)))

    def total(outs, seed):
        return sum((w * o).sum() for w, o in zip(weigh(outs, seed), outs))

    def out(*xs):
        return program.run(OURS, dict(zip(names, xs)))

    first = autograd.grad(lambda *xs: total([out(*xs)], 1), every)
    second = autograd.grad(lambda *xs: total(first(*xs), 2), every)
    return [np.asarray(x) for x in (out(*xs), *first(*xs), *second(*xs))]


def by_jvp(program, weigh, dtype):
    """The derivative of the weighted sum in the direction of ones, forward and backward."""
    names = list(program.inputs)
    xs = tuple(x.astype(dtype) for x in program.inputs.values())
    ones = tuple(map(np.ones_like, xs))

    def total(*xs):
        out = program.run(OURS, dict(zip(names, xs)))
        return (weigh([out], 1)[0] * out).sum()

    return np.asarray(autograd.jvp(total, xs, ones)[1])


def by_values(program, weigh):
    """The result and the gradients on single numbers: every input an array of Values."""
    xs = {k: np.frompyfunc(Value, 1, 1)(x) for k, x in program.inputs.items()}
    boxed = {k: np.asarray(x, dtype=object) for k, x in xs.items()}
    given = {k: x if x.ndim else x.item() for k, x in boxed.items()}
    out = np.asarray(program.run(OURS, given), dtype=object)
    total = sum(w * v for w, v in zip(weigh([np.zeros(out.shape)], 1)[0].flat, out.flat))
    if isinstance(total, Value) and total.requires_grad:
        total.backward()
    number = np.frompyfunc(lambda v: getattr(v, "data", v), 1, 1)
    grads = [np.frompyfunc(lambda v: v.grad, 1, 1)(x) for x in boxed.values()]
    return [np.asarray(a, dtype=float) for a in (number(out), *grads)]
