"""Layers that look elsewhere in a sequence: multi-head attention and the transformer's encoder."""

from __future__ import annotations

import copy
import functools
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd
from autograd import ShapeError
from autograd.checks import check_bool, check_int, check_number, refuse
from autograd.op import named
from nn import init
from nn.activations import ActivationLike, as_activation
from nn.functional.attention import attention_weights, causal_mask, is_of_truths
from nn.functional.linear import affine
from nn.functional.regularisation import dropout as drop
from nn.functional.targets import cast_like
from nn.layers import Dropout, Linear, features
from nn.module import Module, Parameter
from nn.normalisation import LayerNorm
from nn.operands import Operand, all_values, as_operand, refuse_options, shape_of, shape_or_type
from nn.parameter import filled

if TYPE_CHECKING:
    from autograd.tensor import Tensor

_MISSING = {
    "add_bias_kv": (False, "Join a row to key and value before the call."),
    "add_zero_attn": (False, "Join a row of zeros to key and value before the call."),
}


def _in_heads(x: Operand, weight: Operand, bias: Operand, heads: int) -> Operand:
    """(N, L, …) projected and cut into heads, (N, H, L, D)."""
    n, length, _ = shape_of(x)
    width = shape_of(weight)[0] // heads
    cut = affine(x, weight, bias).reshape((n, length, heads, width))
    return autograd.transpose(cut, (0, 2, 1, 3))


def _side_by_side(heads: Operand) -> Operand:
    """(N, H, L, D) as (N, L, H · D)."""
    n, count, length, width = shape_of(heads)
    return autograd.transpose(heads, (0, 2, 1, 3)).reshape((n, length, count * width))


named("into heads", shapes=lambda n: [(n - 1, n + 1, n), (2 * n, n), (2 * n,)])(
    lambda x, weight, bias: _in_heads(x, weight, bias, len(bias) // 2)
)
named("heads joined", shapes=lambda n: [(n - 1, n, n + 1, 2), (n, 2 * n), (n,)])(
    lambda heads, weight, bias: affine(_side_by_side(heads), weight, bias)
)


def _each_once(inputs: Sequence[Operand], change: Callable[[Operand], Operand]) -> list[Operand]:
    """The inputs, changed; one that is given several times is changed once."""
    made: dict[int, Operand] = {}
    for x in inputs:
        if id(x) not in made:
            made[id(x)] = change(x)
    return [made[id(x)] for x in inputs]


class MultiheadAttention(Module):
    r"""Attention of several heads at once, each with queries, keys and values of its own.

    .. math:: Y = [Y_1 \dots Y_H] W_O^\top + b_O, \qquad
        Y_h = \mathrm{softmax}\!\left(\frac{Q_h K_h^\top}{\sqrt D} + M\right) V_h

    with :math:`Q = X_q W_Q^\top + b_Q`, and K and V likewise, each cut into H heads of
    D = embed_dim / H numbers. W_Q, W_K, W_V lie below one another in `in_proj_weight`.

    Args:
        embed_dim: How many numbers a query and an output have, E.
        num_heads: H, which divides E.
        dropout: The part of the weights that is set to 0 in training.
        bias: Whether there are b_Q, b_K, b_V and b_O.
        kdim: How many numbers a key has; None for E.
        vdim: How many a value has; None for E.
        batch_first: Whether inputs are (N, L, E), and not (L, N, E).
        rng: Where the first numbers and dropout's choices come from; by default what
            `nn.manual_seed` seeds.
        **refused: PyTorch's add_bias_kv and add_zero_attn, unless they are False.

    Attributes:
        in_proj_weight: (3E, E) Parameter. With other kdim or vdim there are q_proj_weight (E, E),
            k_proj_weight (E, kdim) and v_proj_weight (E, vdim) instead, and it is None. They start
            evenly spread, as `nn.init.xavier_uniform_` does it.
        in_proj_bias: (3E,) Parameter, which starts as zeros, or None.
        out_proj: Linear, W_O and b_O; its bias starts as zeros.

    Raises:
        ValueError: embed_dim, num_heads, kdim or vdim < 1; num_heads does not divide embed_dim; or
            dropout outside [0, 1).
        TypeError: add_bias_kv or its like is asked for.

    Source:
        A. Vaswani et al., "Attention is all you need", NeurIPS (2017), section 3.2.2.

    Example:
        >>> layer = MultiheadAttention(4, 2, batch_first=True)
        >>> x = np.ones((5, 3, 4))
        >>> y, weights = layer(x, x, x)
        >>> y.shape, weights.shape
        ((5, 3, 4), (5, 3, 3))
        >>> weights.data[0, 0].round(4).tolist()
        [0.3333, 0.3333, 0.3333]
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rng: np.random.Generator | None = None,
        **refused: object,
    ) -> None:
        who = "MultiheadAttention"
        refuse_options(who, refused, _MISSING)
        self.embed_dim = check_int(who, "embed_dim", embed_dim, least=1)
        self.num_heads = check_int(who, "num_heads", num_heads, least=1)
        if embed_dim % num_heads:
            raise ValueError(
                f"{who}: needs num_heads that divides embed_dim, but got {num_heads} and "
                f"{embed_dim}."
            )
        self.dropout = check_number(who, "dropout", dropout, "in [0, 1)")
        self.kdim = embed_dim if kdim is None else check_int(who, "kdim", kdim, least=1)
        self.vdim = embed_dim if vdim is None else check_int(who, "vdim", vdim, least=1)
        self.batch_first = check_bool(who, "batch_first", batch_first)
        self.rng = rng
        e = self.embed_dim
        self.in_proj_weight = self.q_proj_weight = self.k_proj_weight = self.v_proj_weight = None
        if self.kdim == self.vdim == e:
            self.in_proj_weight = _xavier((3 * e, e), "in_proj_weight", rng)
        else:
            self.q_proj_weight = _xavier((e, e), "q_proj_weight", rng)
            self.k_proj_weight = _xavier((e, self.kdim), "k_proj_weight", rng)
            self.v_proj_weight = _xavier((e, self.vdim), "v_proj_weight", rng)
        self.in_proj_bias = filled(Parameter, 3 * e, 0.0, label="in_proj_bias") if bias else None
        self.out_proj = Linear(e, e, bias, rng=rng)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Operand,
        key: Operand,
        value: Operand,
        key_padding_mask: Operand | None = None,
        need_weights: bool = True,
        attn_mask: Operand | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Operand, Operand]:
        """A mean of values for each query, and how much each of them weighed.

        Masks are of truth values, True where **not** to look (the reverse of
        `scaled_dot_product_attention`, as in PyTorch), or numbers that are added to the scores.

        Args:
            query: (L, N, E), or (N, L, E) if batch_first; (L, E) for one sequence.
            key: (S, N, kdim), (N, S, kdim) or (S, kdim).
            value: (S, N, vdim), (N, S, vdim) or (S, vdim).
            key_padding_mask: (N, S), or (S,) for one sequence: the keys that fill up.
            need_weights: Whether the weights are returned. A query that may look at no key gets nan
                then, and 0 if not, as in PyTorch.
            attn_mask: (L, S) for all, or (N · H, L, S).
            average_attn_weights: Whether the weights are the mean of the heads'.
            is_causal: Whether query i sees keys up to i alone, whatever attn_mask allows. (In
                PyTorch a mere hint that the mask is such a one.)

        Returns:
            (output of query's shape, weights), the weights (N, L, S), or (N, H, L, S) if they are
            not averaged, without N for one sequence; None if they are not needed.

        Raises:
            ShapeError: the shapes do not fit.
            TypeError: a mask is of whole numbers.
        """
        inputs = self._checked(query, key, value)
        batched = len(shape_of(inputs[0])) == 3
        if not batched:
            inputs = _each_once(inputs, lambda x: autograd.expand_dims(x, 0))
        elif not self.batch_first:
            inputs = _each_once(inputs, lambda x: autograd.swapaxes(x, 0, 1))
        projected = zip(inputs, self._projections(), strict=True)
        q, k, v = (_in_heads(x, *projection, self.num_heads) for x, projection in projected)
        n, _, length, _ = shape_of(q)
        mask = self._mask((n, length, shape_of(k)[2]), key_padding_mask, attn_mask, is_causal)
        softmax = autograd.softmax if need_weights else autograd.safe_softmax
        weights = attention_weights(repr(self), q, k, mask, softmax=softmax)
        weights = drop(weights, self.dropout, self.training, rng=self.rng)
        out = self.out_proj(_side_by_side(autograd.matmul(weights, v)))
        if need_weights and average_attn_weights:
            weights = autograd.mean(weights, axis=1)
        if not batched:
            out, weights = out[0], weights[0]
        elif not self.batch_first:
            out = autograd.swapaxes(out, 0, 1)
        return out, weights if need_weights else None

    def _checked(self, query: Operand, key: Operand, value: Operand) -> list[Operand]:
        """The inputs, ready to be multiplied with the weights."""
        sizes = (self.embed_dim, self.kdim, self.vdim)
        pairs = zip((query, key, value), sizes, strict=True)
        inputs = [features(self, x, self.out_proj.weight, size) for x, size in pairs]
        q, k, v = map(shape_of, inputs)
        axis = 0 if self.batch_first or len(q) == 2 else 1  # that of N
        fits = len(q) == len(k) == len(v) and len(q) in (2, 3) and k[:-1] == v[:-1]
        if not fits or (len(q) == 3 and q[axis] != k[axis]):
            layout = "(N, {}, {})" if self.batch_first else "({}, N, {})"
            needed = [layout.format(*pair) for pair in zip("LSS", sizes, strict=True)]
            raise ShapeError(
                f"{self!r}: needs query {needed[0]}, key {needed[1]} and value {needed[2]}, or all "
                f"without N, but got {q}, {k} and {v}."
            )
        return inputs

    def _projections(self) -> list[tuple[Any, Any]]:
        """The weight and the bias that make queries, keys and values."""
        e = self.embed_dim
        parts = [slice(i * e, (i + 1) * e) for i in range(3)]
        weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        if self.in_proj_weight is not None:
            weights = [self.in_proj_weight[part] for part in parts]
        bias = self.in_proj_bias
        return [(w, None if bias is None else bias[p]) for w, p in zip(weights, parts, strict=True)]

    def _mask(
        self,
        sizes: tuple[int, ...],
        padding: Operand | None,
        attention: Operand | None,
        causal: bool,
    ) -> Operand | None:
        """All masks as one, as `attention_weights` takes them; None if there is none."""
        n, length, keys = sizes
        masks: list[Operand] = [causal_mask(length, keys)] if causal else []
        if padding is not None:
            needed = [(n, keys), (keys,)] if n == 1 else [(n, keys)]
            masks.append(self._allowed("key_padding_mask", padding, needed, (n, 1, 1, keys)))
        if attention is not None:
            heads = (n * self.num_heads, length, keys)
            shape = (n if len(shape_of(attention)) == 3 else 1, -1, length, keys)
            masks.append(self._allowed("attn_mask", attention, [(length, keys), heads], shape))
        truths = [is_of_truths(repr(self), mask) for mask in masks]
        if all(truths):
            return functools.reduce(np.logical_and, masks) if masks else None
        added = masks[truths.index(False)]  # of whose type the other numbers are to be
        return functools.reduce(
            operator.add,
            [
                cast_like(added, np.where(mask, 0.0, -np.inf)) if of_truths else mask
                for mask, of_truths in zip(masks, truths, strict=True)
            ],
        )

    def _allowed(
        self, name: str, mask: Operand, needed: Sequence[tuple[int, ...]], shape: tuple[int, ...]
    ) -> Operand:
        """A mask in the shape of the scores, True where to look."""
        mask = all_values(as_operand(repr(self), mask))
        if shape_of(mask) not in needed:
            raise ShapeError(
                f"{self!r}: needs {name} of shape {' or '.join(map(str, needed))}, but got "
                f"{shape_or_type(mask)}."
            )
        mask = mask.reshape(shape)
        return np.logical_not(mask) if is_of_truths(f"{self!r}: {name}", mask) else mask

    def _details(self) -> str:
        return f"{self.embed_dim}, num_heads={self.num_heads}"

    def __repr__(self) -> str:
        return f"MultiheadAttention({self._details()})"  # in one line, as errors need it

    def _arguments(self) -> dict[str, Any]:
        return {
            "embed_dim": self.embed_dim,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "bias": self.in_proj_bias is not None,
            "kdim": self.kdim,
            "vdim": self.vdim,
            "batch_first": self.batch_first,
        }


class TransformerEncoderLayer(Module):
    r"""Self-attention, then two linear layers at each place, each beside a way round and a norm.

    .. math:: x' = \mathrm{norm}_1(x + \mathrm{attention}(x)), \qquad
        y = \mathrm{norm}_2(x' + W_2\, \varphi(W_1 x' + b_1) + b_2)

    or with norm_first :math:`x' = x + \mathrm{attention}(\mathrm{norm}_1(x))`, and y likewise. In
    training there is dropout on the weights of the attention, after φ and on both sums' right.

    Args:
        d_model: How many numbers each place has, E.
        nhead: The heads of the attention.
        dim_feedforward: How many the first linear layer makes of them.
        dropout: The probability of each dropout.
        activation: φ: "relu", "gelu" or another name, a module, or a function.
        layer_norm_eps: ε of both norms.
        batch_first: Whether inputs are (N, L, E), and not (L, N, E).
        norm_first: Whether each norm comes before what it is for, and not after the sum.
        bias: Whether there are biases, those of the norms too.
        rng: Where the first numbers and dropout's choices come from; by default what
            `nn.manual_seed` seeds.

    Attributes:
        self_attn: MultiheadAttention.
        linear1: Linear, (E -> dim_feedforward).
        linear2: Linear, back again.
        norm1: LayerNorm beside the attention.
        norm2: LayerNorm beside the linear layers.

    Raises:
        ValueError: as `MultiheadAttention`, `Linear` and `LayerNorm`.

    Source:
        A. Vaswani et al., "Attention is all you need", NeurIPS (2017), section 3.1; the norm first:
        R. Xiong et al., "On layer normalization in the transformer architecture", ICML (2020).

    Example:
        >>> layer = TransformerEncoderLayer(4, 2, 8, batch_first=True)
        >>> layer(np.ones((5, 3, 4))).shape
        (5, 3, 4)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: ActivationLike = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        who = "TransformerEncoderLayer"
        self.norm_first = check_bool(who, "norm_first", norm_first)
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.activation = as_activation(who, activation)
        self.dropout = Dropout(dropout, rng=rng)

    def forward(
        self,
        src: Operand,
        src_mask: Operand | None = None,
        src_key_padding_mask: Operand | None = None,
        is_causal: bool = False,
    ) -> Operand:
        """(L, N, E), or (N, L, E) if batch_first, or (L, E), to the same shape.

        Args:
            src: The sequences.
            src_mask: As attn_mask of `MultiheadAttention`.
            src_key_padding_mask: As its key_padding_mask.
            is_causal: As its is_causal.

        Raises:
            ShapeError: the shapes do not fit.
        """
        masks = (src_key_padding_mask, src_mask, is_causal)
        if self.norm_first:
            x = src + self._attended(self.norm1(src), *masks)
            return x + self._fed_forward(self.norm2(x))
        x = self.norm1(src + self._attended(src, *masks))
        return self.norm2(x + self._fed_forward(x))

    def _attended(self, x: Tensor, padding: Any, mask: Operand, is_causal: bool) -> Operand:
        out, _ = self.self_attn(
            x, x, x, padding, need_weights=False, attn_mask=mask, is_causal=is_causal
        )
        return self.dropout(out)

    def _fed_forward(self, x: Tensor) -> Operand:
        hidden = self.dropout(self.activation(self.linear1(x)))
        return self.dropout(self.linear2(hidden))

    def _arguments(self) -> dict[str, Any]:
        return {
            "d_model": self.linear1.in_features,
            "nhead": self.self_attn.num_heads,
            "dim_feedforward": self.linear1.out_features,
            "dropout": self.dropout.p,
            "activation": self.activation,
            "layer_norm_eps": self.norm1.eps,
            "batch_first": self.self_attn.batch_first,
            "norm_first": self.norm_first,
            "bias": self.linear1.bias is not None,
        }


class TransformerEncoder(Module):
    """Copies of an encoder layer one after another, each with numbers of its own from now on.

    Args:
        encoder_layer: What is copied, with the numbers it has: as in PyTorch all start equal.
        num_layers: How many copies.
        norm: A module that the last one's output goes through, mostly a LayerNorm.
        **refused: PyTorch's enable_nested_tensor and mask_check, which change nothing here; there
            the first makes 0 of what comes out at padded places, in eval().

    Attributes:
        layers: The copies.

    Raises:
        ValueError: num_layers < 1.
        TypeError: encoder_layer is no Module.

    Example:
        >>> layer = TransformerEncoderLayer(4, 2, 8, batch_first=True)
        >>> TransformerEncoder(layer, 3)(np.ones((5, 2, 4))).shape
        (5, 2, 4)
    """

    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None, **refused: object
    ) -> None:
        who = "TransformerEncoder"
        for name in refused.keys() - {"enable_nested_tensor", "mask_check"}:
            raise TypeError(f"{who}: got an unknown keyword {name!r}.")
        if not isinstance(encoder_layer, Module):
            refuse(who, "encoder_layer", "a layer", encoder_layer, TypeError)
        count = check_int(who, "num_layers", num_layers, least=1)
        self.layers = [copy.deepcopy(encoder_layer) for _ in range(count)]
        self.norm = norm

    def forward(
        self,
        src: Operand,
        mask: Operand | None = None,
        src_key_padding_mask: Operand | None = None,
        is_causal: bool = False,
    ) -> Operand:
        """What the last layer, or the norm, returns; arguments are those of each layer."""
        x = src
        for layer in self.layers:
            x = layer(x, mask, src_key_padding_mask, is_causal)
        return x if self.norm is None else self.norm(x)


def _xavier(shape: tuple[int, int], label: str, rng: np.random.Generator | None) -> Parameter:
    return init.xavier_uniform_(filled(Parameter, shape, 0.0, label=label), rng=rng)
