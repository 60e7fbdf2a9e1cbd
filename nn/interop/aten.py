"""PyTorch's operations, each as one expression of functions of ours: what `from_torch` runs.

`COUNTERPARTS` is the whole mapping. A key is the name of an ATen operation as `torch.export` gives
it ("softmax", or "max.dim" where the overloads differ); its parameters are those of PyTorch's
schema. There is no derivative here: the functions bring their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd as ag
from nn import functional as F
from nn.interop.aten_indexing import (
    at_place,
    chosen,
    expanded,
    flat,
    gathered,
    index_put,
    indexed,
    joinable,
    middle,
    padded,
    pieces,
    ranked,
    scattered,
    select_scatter,
    slice_scatter,
    squeezed,
    unwritten,
)
from nn.interop.aten_operands import (
    Counterpart,
    alike,
    as_type,
    both,
    detached,
    dtype_of,
    only,
    truths,
)
from nn.operands import Operand, numbers, shape_of
from nn.recurrent import GRU, LSTM, RNN
from nn.recurrent_steps import ELMAN_STEPS, gru_step, lstm_step

Axes = int | Sequence[int] | None
"""One axis, several, or all."""

REDUCTIONS = ("none", "mean", "sum")
"""What PyTorch's operations call 0, 1 and 2."""


# --- layers that PyTorch hands over with all their settings ------------------------------------


def _summed_bags(
    weight: Operand,
    index: Operand,
    offsets: Operand,
    scale: bool = False,
    mode: int = 0,
    sparse: bool = False,
    shares: Operand | None = None,
    last: bool = False,
    padding_idx: int = -1,
) -> Operand:
    """The rows of every bag summed, or their mean; a bag begins at each of the offsets."""
    index, offsets = numbers(index), numbers(offsets)
    rows, count = ag.take(weight, index, 0), len(offsets) - last
    rows = rows if shares is None else rows * ag.expand_dims(shares, -1)
    bags = np.searchsorted(offsets[:count], np.arange(len(index)), "right") - 1
    kept = np.flatnonzero(index != padding_idx)
    sums = ag.scatter(rows[kept], bags[kept], (count, *shape_of(rows)[1:]))
    if mode:
        lengths = np.maximum(np.bincount(bags[kept], minlength=count), 1)
        sums = sums / lengths[:, None].astype(sums.dtype)
    return sums, None, None, None


def _recurrent(layer: type[LSTM] | type[GRU] | type[RNN], **options: object) -> Counterpart:
    """A recurrent layer of ours, with the weights of PyTorch's."""

    def run(
        x: Operand, hx: Operand, weights: Sequence[Operand], bias: bool, num_layers: int,
        dropout: float, training: bool, bidirectional: bool, batch_first: bool,
    ) -> Operand:  # fmt: skip
        made = layer.made_of(
            weights, bias=bias, num_layers=num_layers, dropout=dropout, training=training,
            bidirectional=bidirectional, batch_first=batch_first, **options,
        )  # fmt: skip
        out, ends = made.forward(x, hx)
        return (out, *ends) if isinstance(ends, tuple) else (out, ends)

    def applies(
        x: Operand,
        hx: Operand,
        weights: Sequence[Operand],
        bias: bool,
        num_layers: int,
        *rest: float,
    ) -> bool:
        cells = num_layers * (1 + rest[2])
        return bool(len(weights) == cells * (4 if bias else 2))  # proj_size has more

    vars(run)["applies"] = applies
    return run


# --- sums and the like ------------------------------------------------------------------------


def _axes(dim: Axes) -> int | tuple[int, ...] | None:
    """An axis, several, or None for all, which PyTorch also spells []."""
    if dim is None or isinstance(dim, int):
        return dim
    return tuple(dim) or None


def _over(function: Counterpart) -> Counterpart:
    """A reduction along axes."""

    def reduced(
        x: Operand, dim: Axes = None, keepdim: bool = False, dtype: object = None
    ) -> Operand:
        return function(as_type(x, dtype), axis=_axes(dim), keepdims=keepdim)

    return reduced


def _ddof(unbiased: bool | None, correction: float | None) -> float:
    given = 1 if unbiased is None or unbiased else 0
    return given if correction is None else correction


def _spread(function: Counterpart) -> Counterpart:
    """The variance and its root, which divide by N - 1 unless told otherwise."""

    def reduced(
        x: Operand,
        dim: Axes = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        correction: float | None = None,
    ) -> Operand:
        if isinstance(dim, bool):  # of all axes, and unbiased or not
            dim, unbiased = None, dim
        ddof = _ddof(unbiased, correction)
        return function(x, axis=_axes(dim), keepdims=keepdim, ddof=ddof)

    return reduced


def _vector_norm(
    x: Operand,
    ord: float = 2,
    dim: Axes = None,
    keepdim: bool = False,
    dtype: object = None,
) -> Operand:
    """The norm of all that lies along the axes together; ours of two axes is that of matrices."""
    x, shape, dims = as_type(x, dtype), shape_of(x), _axes(dim)
    if ord < 1:  # there PyTorch's gradient is 0 where x is, and not infinite
        x = ag.where(numbers(x) == 0, numbers(x), x)
    every = range(len(shape))
    axes = every if dims is None else [d % len(shape) for d in np.ravel(dims).tolist()]
    kept = [i for i in every if i not in axes]
    if len(axes) > 1:
        x = ag.transpose(x, (*kept, *axes))
    rows = x if len(axes) == 1 else flat(x, len(kept))
    out = ag.norm(rows, ord, axes[0] if len(axes) == 1 else -1)
    return out.reshape([1 if i in axes else n for i, n in enumerate(shape)]) if keepdim else out


def _var_mean(
    x: Operand, dim: Axes = None, correction: float | None = None, keepdim: bool = False
) -> Operand:
    variance = ag.var(x, axis=_axes(dim), keepdims=keepdim, ddof=_ddof(None, correction))
    return variance, ag.mean(x, axis=_axes(dim), keepdims=keepdim)


def _softplus(x: Operand, beta: float = 1, threshold: float = 20) -> Operand:
    """Straight above the threshold; at 20 that is rounding, 2e-9, and left out."""
    smooth = F.softplus(x) if beta == 1 else F.softplus(beta * x) / beta
    return smooth if threshold >= 20 else ag.where(beta * numbers(x) > threshold, x, smooth)


def _angle(y: Operand, x: Operand) -> Operand:
    """The angle of (x, y), which has no gradient at the origin."""
    origin = (numbers(x) == 0) & (numbers(y) == 0)
    return ag.arctan2(ag.where(origin, numbers(y), y), ag.where(origin, numbers(x), x))


def _x_log_y(x: Operand, y: Operand) -> Operand:
    """x · log y, and 0 where x is, of whatever y but nan."""
    nothing = (numbers(x) == 0) & ((numbers(y) <= 0) | np.isposinf(numbers(y)))
    return ag.where(nothing, 0.0, x * ag.log(ag.where(nothing, 1.0, y)))


def _median(x: Operand) -> Operand:
    """The lower median of all; those that are equal to it share its gradient."""
    x = flat(x)
    data = numbers(x)
    found = data[middle(data, 0)]
    return ag.max(x[np.isnan(data) if np.isnan(found) else data == found])


def _along_channels(weight: Operand, x: Operand) -> Operand:
    """(C,) numbers, or one, ready to meet (N, C, …)."""
    return weight.reshape((-1, *(1,) * max(0, len(shape_of(x)) - 2)))


def _linear(x: Operand, weight: Operand, bias: Operand | None = None) -> Operand:
    return x @ weight.T if bias is None else ag.linear(x, weight, bias)


def _scaled(x: Operand, factor: float) -> Operand:
    return x if factor == 1 else factor * x


def _matrices_plus(
    b: Operand, x: Operand, y: Operand, beta: float = 1, alpha: float = 1
) -> Operand:
    product = _scaled(x @ y, alpha)
    return _scaled(b, beta) + product if beta else product  # what is not taken may be nan


def _cross_entropy(
    x: Operand,
    y: Operand,
    weight: Operand | None = None,
    reduction: int = 1,
    ignore: int = -100,
    smoothing: float = 0,
) -> Operand:
    options: dict[str, Any] = {"weight": weight, "label_smoothing": smoothing}
    if numbers(y).dtype.kind in "iu" and np.any(numbers(y) == ignore):
        options["ignore_index"] = ignore
    return F.cross_entropy(x, y, REDUCTIONS[reduction], **options)


def _nll(
    x: Operand, y: Operand, weight: Operand | None = None, reduction: int = 1, ignore: int = -100
) -> Operand:
    options = {"ignore_index": ignore} if np.any(numbers(y) == ignore) else {}
    return F.nll_loss(x, y, REDUCTIONS[reduction], weight=weight, **options)


def _pooling(function: Counterpart) -> Counterpart:
    """Pooling, whose stride is [] where it is the window's own length."""
    return lambda x, kernel, stride=(), *rest: function(x, kernel, stride or None, *rest)


# --- the table ----------------------------------------------------------------------------------

_ARC = {f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}

COUNTERPARTS: dict[str, Counterpart] = {
    # sums and products
    "add": lambda x, y, alpha=1: ag.add(*alike(x, _scaled(y, alpha))),
    "sub": lambda x, y, alpha=1: ag.subtract(*alike(x, _scaled(y, alpha))),
    "rsub": lambda x, y, alpha=1: ag.subtract(*alike(y, _scaled(x, alpha))),
    "mul": both(ag.multiply),
    "div": both(ag.divide),
    "pow": both(ag.power),
    "neg": ag.negative,
    "rsqrt": lambda x: 1 / ag.sqrt(x),
    "linear": _linear,
    "matmul": both(ag.matmul),
    "mm": both(ag.matmul),
    "bmm": both(ag.matmul),
    "mv": both(ag.matmul),
    "dot": both(ag.matmul),
    "outer": both(ag.outer),
    "addmm": _matrices_plus,
    "baddbmm": _matrices_plus,
    "einsum": lambda equation, operands, path=None: ag.einsum(equation, *operands),
    # functions of every element; `SAME` adds those of the same name
    **{torchs: getattr(ag, ours) for torchs, ours in _ARC.items()},
    "atan2": both(_angle),
    "xlogy": both(_x_log_y),
    "maximum": both(ag.maximum),
    "minimum": both(ag.minimum),
    "clamp": lambda x, min=None, max=None: ag.clip(x, min, max),
    "clamp_min": lambda x, min: ag.clip(x, min, None),
    "clamp_max": lambda x, max: ag.clip(x, None, max),
    "sgn": ag.sign,
    "round": lambda x, decimals=0: ag.round(x, decimals),
    "remainder": both(ag.remainder),
    "floor_divide": both(ag.floor_divide),
    "hypot": both(ag.hypot),
    "logaddexp": both(ag.logaddexp),
    "fmod": both(ag.fmod),
    # In a tie the first has the gradient, where ours share it.
    "fmax": both(lambda x, y: ag.where((numbers(x) >= numbers(y)) | np.isnan(numbers(y)), x, y)),
    "fmin": both(lambda x, y: ag.where((numbers(x) <= numbers(y)) | np.isnan(numbers(y)), x, y)),
    # activations
    "leaky_relu": F.leaky_relu,
    "prelu": lambda x, weight: F.leaky_relu(x, _along_channels(weight, x)),
    "elu": only(lambda x, alpha=1, scale=1, input=1: F.elu(x, alpha), scale=1, input=1),
    "selu": F.selu,
    "gelu": only(lambda x, approximate="none": F.gelu(x), approximate="none"),
    "silu": F.silu,
    "softplus": _softplus,
    "log_sigmoid": lambda x: -F.softplus(-x),
    "hardtanh": F.hardtanh,
    "hardsigmoid": lambda x: (F.hardtanh(x, -3, 3) + 3) / 6,
    "hardswish": lambda x: x * ((F.hardtanh(x, -3, 3) + 3) / 6),
    "celu": lambda x, alpha=1: alpha * F.elu(x / alpha),
    "softmax": lambda x, dim, dtype=None: F.softmax(as_type(x, dtype), dim),
    "log_softmax": lambda x, dim, dtype=None: F.log_softmax(as_type(x, dtype), dim),
    "dropout": F.dropout,
    "native_dropout": lambda x, p, train=None: (F.dropout(x, p, train is not False), None),
    # losses
    "cross_entropy_loss": _cross_entropy,
    "nll_loss": _nll,
    "nll_loss_nd": _nll,
    "mse_loss": lambda x, y, reduction=1: F.mse_loss(x, y, REDUCTIONS[reduction]),
    "l1_loss": lambda x, y, reduction=1: F.l1_loss(x, y, REDUCTIONS[reduction]),
    "smooth_l1_loss": lambda x, y, reduction=1, beta=1.0: F.smooth_l1_loss(
        x, y, REDUCTIONS[reduction], beta=beta
    ),
    "huber_loss": lambda x, y, reduction=1, delta=1.0: F.huber_loss(
        x, y, REDUCTIONS[reduction], delta=delta
    ),
    "binary_cross_entropy": only(
        lambda x, y, weight=None, reduction=1: F.binary_cross_entropy(x, y, REDUCTIONS[reduction]),
        weight=None,
    ),
    "binary_cross_entropy_with_logits": only(
        lambda x, y, weight=None, pos_weight=None, reduction=1: F.binary_cross_entropy_with_logits(
            x, y, REDUCTIONS[reduction], pos_weight=pos_weight
        ),
        weight=None,
    ),
    # layers
    "conv1d": F.conv1d,
    "conv2d": F.conv2d,
    "conv_transpose1d": F.conv_transpose1d,
    "conv_transpose2d": F.conv_transpose2d,
    "max_pool1d": _pooling(F.max_pool1d),
    "max_pool2d": _pooling(F.max_pool2d),
    "avg_pool1d": _pooling(F.avg_pool1d),
    "avg_pool2d": _pooling(F.avg_pool2d),
    "adaptive_avg_pool1d": F.adaptive_avg_pool1d,
    "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "adaptive_max_pool1d": lambda x, size: (F.adaptive_max_pool1d(x, size), None),
    "adaptive_max_pool2d": lambda x, size: (F.adaptive_max_pool2d(x, size), None),
    "layer_norm": lambda x, shape, w=None, b=None, eps=1e-5, *_: F.layer_norm(x, shape, w, b, eps),
    "rms_norm": F.rms_norm,
    "group_norm": lambda x, n, w=None, b=None, eps=1e-5, *_: F.group_norm(x, n, w, b, eps),
    # PyTorch's give what else their gradients need, and the running averages that F's writes to.
    "_native_batch_norm_legit_functional": lambda x, w, b, mean, var, training, momentum, eps: (
        F.batch_norm(x, mean, var, w, b, training, momentum, eps), None, None, mean, var,
    ),
    "_native_batch_norm_legit_no_training": lambda x, w, b, mean, var, momentum, eps: (
        F.batch_norm(x, mean, var, w, b, False, eps=eps), None, None,
    ),
    "_native_batch_norm_legit.no_stats": lambda x, w, b, training, momentum, eps: (
        F.batch_norm(x, None, None, w, b, True, eps=eps), None, None,
    ),
    "scaled_dot_product_attention": only(
        lambda q, k, v, mask=None, p=0.0, causal=False, scale=None, enable_gqa=False: (
            F.scaled_dot_product_attention(q, k, v, mask, p, causal, scale)
        ),
        enable_gqa=False,
    ),
    "lstm.input": _recurrent(LSTM),
    "gru.input": _recurrent(GRU),
    "rnn_tanh.input": _recurrent(RNN, nonlinearity="tanh"),
    "rnn_relu.input": _recurrent(RNN, nonlinearity="relu"),
    "lstm_cell": lambda x, s, w, u, b=None, c=None: lstm_step(x, s[0], s[1], w, u, b, c),
    "gru_cell": lambda x, h, w, u, b=None, c=None: gru_step(x, h, w, u, b, c),
    "rnn_tanh_cell": lambda x, h, w, u, b=None, c=None: ELMAN_STEPS["tanh"](x, h, w, u, b, c),
    "rnn_relu_cell": lambda x, h, w, u, b=None, c=None: ELMAN_STEPS["relu"](x, h, w, u, b, c),
    # along axes
    "sum": _over(ag.sum),
    "mean": _over(ag.mean),
    "prod": _over(ag.prod),
    "amax": _over(ag.max),
    "amin": _over(ag.min),
    "max": ag.max,
    "min": ag.min,
    "max.other": both(ag.maximum),
    "min.other": both(ag.minimum),
    "max.dim": lambda x, dim, keepdim=False: chosen(x, ag.argmax(x, dim), dim, keepdim),
    "min.dim": lambda x, dim, keepdim=False: chosen(x, ag.argmin(x, dim), dim, keepdim),
    "argmax": lambda x, dim=None, keepdim=False: ag.argmax(x, dim, keepdim),
    "argmin": lambda x, dim=None, keepdim=False: ag.argmin(x, dim, keepdim),
    "any": lambda x, dim=None, keepdim=False: ag.any(x, _axes(dim), keepdim),
    "all": lambda x, dim=None, keepdim=False: ag.all(x, _axes(dim), keepdim),
    "logsumexp": _over(ag.logsumexp),
    "cumsum": lambda x, dim, dtype=None: ag.cumsum(as_type(x, dtype), axis=dim),
    "cumprod": lambda x, dim, dtype=None: ag.cumprod(as_type(x, dtype), axis=dim),
    "var": _spread(ag.var),
    "std": _spread(ag.std),
    "var_mean": _var_mean,
    "linalg_vector_norm": _vector_norm,
    "sort": lambda x, dim=-1, descending=False: ranked(x, dim, descending),
    "topk": lambda x, k, dim=-1, largest=True, sorted=True: ranked(x, dim, largest, k),
    "median": _median,
    "median.dim": lambda x, dim, keepdim=False: chosen(x, middle(x, dim), dim, keepdim),
    "_cdist_forward": lambda x, y, p, mode=None: ag.norm(
        ag.expand_dims(x, -2) - ag.expand_dims(y, -3), p, -1
    ),
    "argsort": lambda x, dim=-1, descending=False: ranked(x, dim, descending)[1],
    # shapes
    "view": lambda x, size: x.reshape(tuple(size)),
    "reshape": lambda x, size: x.reshape(tuple(size)),
    "_unsafe_view": lambda x, size: x.reshape(tuple(size)),
    "flatten": flat,
    "permute": lambda x, dims: ag.transpose(x, tuple(d % len(dims) for d in dims)),
    "transpose": ag.swapaxes,
    "t": ag.transpose,
    "squeeze": squeezed,
    "unsqueeze": ag.expand_dims,
    "expand": lambda x, size, implicit=False: expanded(x, size),
    "broadcast_tensors": lambda xs: [
        ag.broadcast_to(x, np.broadcast_shapes(*map(shape_of, xs))) for x in xs
    ],
    "repeat": lambda x, repeats: ag.tile(x, tuple(repeats)),
    "repeat_interleave": lambda x, repeats, dim=None: ag.repeat(x, numbers(repeats), dim),
    "cat": lambda tensors, dim=0: ag.concatenate(joinable(tensors), dim),
    "stack": lambda tensors, dim=0: ag.stack(joinable(tensors), dim),
    "split": pieces,
    "split_with_sizes": pieces,
    "chunk": lambda x, n, dim=0: pieces(x, math.ceil(shape_of(x)[dim] / n) or 1, dim),
    "unbind": lambda x, dim=0: [at_place(x, dim, i) for i in range(shape_of(x)[dim])],
    "select": at_place,
    "slice": lambda x, dim=0, start=None, end=None, step=1: at_place(
        x, dim, slice(start, end, step)
    ),
    "select_scatter": select_scatter,
    "slice_scatter": only(slice_scatter, step=1),
    "index": indexed,
    "index_select": lambda x, dim, index: ag.take(x, numbers(index), dim),
    "index_put": index_put,
    "scatter": scattered,
    "scatter_add": lambda x, dim, index, src: scattered(x, dim, index, src, True),
    "copy": lambda x, source, non_blocking=False: expanded(source, shape_of(x)),
    "gather": gathered,
    "embedding": only(
        lambda weight, i, padding_idx=-1, scale=False, sparse=False: F.embedding(
            i, weight, None if padding_idx < 0 else padding_idx
        ),
        scale=False,
    ),
    **dict.fromkeys(
        ("_embedding_bag", "_embedding_bag_forward_only"),  # what no gradient is asked of
        only(_summed_bags, scale=False, mode=(0, 1)),  # 2 takes the largest
    ),
    "pad": only(
        lambda x, pad, mode="constant", value=None: padded(x, pad, value), mode="constant"
    ),
    "constant_pad_nd": padded,
    "flip": lambda x, dims: ag.flip(x, tuple(dims)),
    "roll": lambda x, shifts, dims=(): ag.roll(x, tuple(shifts), _axes(dims)),
    "tril": ag.tril,
    "triu": ag.triu,
    "diagonal": ag.diagonal,
    "clone": lambda x, memory_format=None: x,
    "contiguous": lambda x, memory_format=None: x,
    "alias": lambda x: x,
    "lift_fresh_copy": lambda x: x,
    "detach": detached,
    "to": lambda x, dtype=None, *_: as_type(x, dtype),
    "_to_copy": lambda x, dtype=None, **_: as_type(x, dtype),
    "_assert_tensor_metadata": lambda *_, **__: None,  # of types that have been seen to
    # choices
    "where": lambda condition, x, y: ag.where(numbers(condition), *alike(x, y)),
    "masked_fill": lambda x, mask, value: ag.where(numbers(mask), *alike(value, x)),
    "eq": truths(np.equal),
    "ne": truths(np.not_equal),
    "lt": truths(np.less),
    "le": truths(np.less_equal),
    "gt": truths(np.greater),
    "ge": truths(np.greater_equal),
    "logical_and": truths(np.logical_and),
    "logical_or": truths(np.logical_or),
    "logical_xor": truths(np.logical_xor),
    "logical_not": truths(np.logical_not),
    "bitwise_and": truths(np.bitwise_and),
    "bitwise_or": truths(np.bitwise_or),
    "bitwise_xor": truths(np.bitwise_xor),
    "bitwise_not": truths(np.invert),
    "isnan": truths(np.isnan),
    "isinf": truths(np.isinf),
    "isfinite": truths(np.isfinite),
    "one_hot": lambda x, n: np.eye(n, dtype=np.int64)[numbers(x)],
    # made of nothing
    "zeros": lambda size, dtype, **_: np.zeros(size, dtype_of(dtype)),
    "ones": lambda size, dtype, **_: np.ones(size, dtype_of(dtype)),
    "full": lambda size, value, dtype, **_: np.full(size, value, dtype_of(dtype)),
    "empty": lambda size, dtype, **_: unwritten(size, dtype),
    "empty_permuted": lambda size, order, dtype, **_: unwritten(size, dtype),
    "empty_like": lambda x, dtype, **_: unwritten(shape_of(x), dtype),
    "new_empty": lambda x, size, dtype, **_: unwritten(size, dtype),
    "zeros_like": lambda x, dtype, **_: np.zeros(shape_of(x), dtype_of(dtype)),
    "ones_like": lambda x, dtype, **_: np.ones(shape_of(x), dtype_of(dtype)),
    "full_like": lambda x, value, dtype, **_: np.full(shape_of(x), value, dtype_of(dtype)),
    "new_zeros": lambda x, size, dtype, **_: np.zeros(size, dtype_of(dtype)),
    "new_ones": lambda x, size, dtype, **_: np.ones(size, dtype_of(dtype)),
    "new_full": lambda x, size, value, dtype, **_: np.full(size, value, dtype_of(dtype)),
    "fill": lambda x, value: ag.broadcast_to(alike(value, x)[0], shape_of(x)),
    "scalar_tensor": lambda value, dtype, **_: np.asarray(value, dtype_of(dtype)),
    "arange": lambda *ends, dtype, **_: np.arange(*ends, dtype=dtype_of(dtype)),
    "linspace": lambda start, end, steps, dtype, **_: np.linspace(
        start, end, steps, dtype=dtype_of(dtype)
    ),
    "eye": lambda n, m=None, *, dtype, **_: np.eye(n, m, dtype=dtype_of(dtype)),
}  # fmt: skip

SAME = (
    "abs", "ceil", "cos", "cosh", "erf", "exp", "exp2", "expm1", "floor", "log", "log10", "log1p",
    "log2", "reciprocal", "relu", "sigmoid", "sign", "sin", "sinc", "sinh", "sqrt", "square", "tan",
    "tanh", "trunc",
)  # fmt: skip
"""The operations that are called the same here, and take the same operands."""
COUNTERPARTS |= {name: getattr(ag, name) for name in SAME}

MADE_OF_NOTHING = frozenset({
    "zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones",
    "new_full", "scalar_tensor", "arange", "empty", "empty_permuted", "empty_like", "new_empty",
    "linspace", "eye",
})  # fmt: skip
"""The operations that are told the type of their numbers, which PyTorch leaves out if it can."""

NOT_IN_PARTS = frozenset({
    "embedding", "ldexp", "multi_margin_loss", "multilabel_margin_loss", "special_xlog1py",
})  # fmt: skip
"""The operations whose parts, as PyTorch takes them apart, have another gradient than they have."""
