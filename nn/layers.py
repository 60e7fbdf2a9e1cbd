"""Layers: `Linear` (`Dense`), `Embedding`, `Dropout`, `Dropout2d`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor, Value
from autograd.checks import check_int, check_number
from autograd.spellings import called_as
from nn import init
from nn.functional.linear import affine
from nn.functional.lookup import EMBEDDING_OPTIONS, looked_up, padding_row
from nn.functional.regularisation import without_some
from nn.generators import generator
from nn.module import Module, Parameter
from nn.operands import Operand, as_operand, holds_values, refuse_options, shape_of, shape_or_type
from nn.parameter import filled, is_unfilled


class Linear(Module):
    """A fully connected layer, y = x Wᵀ + b: every output is a weighted sum of all inputs.

    Both parameters start evenly spread over ±1/√in_features, PyTorch's default.

    Args:
        in_features: How many numbers go in.
        out_features: How many come out.
        bias: Whether b is added.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.

    Attributes:
        weight: (out_features, in_features) float64 Parameter; row j holds output j's weights.
        bias: (out_features,) float64 Parameter, or None.

    Raises:
        ValueError: in_features or out_features < 1.

    Example:
        >>> layer = Linear(2, 1)
        >>> layer.weight.data, layer.bias.data = [[3.0, -2.0]], [1.0]
        >>> layer([[-1.0, 2.0], [1.0, 1.0]]).data.tolist()
        [[-6.0], [2.0]]
    """

    @called_as("nn.Linear(in_features, out_features), and activations as layers: nn.ReLU()")
    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features = check_int("Linear", "in_features", in_features, least=1)
        self.out_features = check_int("Linear", "out_features", out_features, least=1)
        bound = 1 / math.sqrt(in_features)
        self.weight = drawn((out_features, in_features), bound, "weight", rng)
        self.bias = drawn((out_features,), bound, "bias", rng) if bias else None

    def forward(self, x: Operand) -> Operand:
        """(..., in_features) to (..., out_features).

        Raises:
            ShapeError: the last axis of x is not in_features long.
        """
        x = features(self, x, self.weight, self.in_features)
        return affine(x, self.weight, self.bias)

    def _details(self) -> str:
        arrow = f"{self.in_features} -> {self.out_features}"
        return arrow if self.bias is not None else f"{arrow}, bias=False"

    def _arguments(self) -> dict[str, Any]:
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "bias": self.bias is not None,
        }


Dense = Linear


class Embedding(Module):
    """A vector for each of so many things (words, users): numbers in, rows of a table out.

    The vectors start from the normal distribution N(0, 1), PyTorch's default.

    Args:
        num_embeddings: How many things there are, n.
        embedding_dim: How long each vector is, d.
        padding_idx: The thing that fills up short sequences, in [-n, n), or None: its vector starts
            as zeros and gets no gradient where it is looked up.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.
        **refused: PyTorch's max_norm, norm_type, scale_grad_by_freq and sparse, unless they have
            their defaults.

    Attributes:
        weight: (n, d) float64 Parameter; row i is the vector of thing i.

    Raises:
        ValueError: num_embeddings or embedding_dim < 1, or padding_idx outside [-n, n).
        TypeError: max_norm or its like is given.

    Example:
        >>> table = Embedding(3, 2)
        >>> table.weight.data = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
        >>> table([2, 0, 2]).data.tolist()
        [[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]]
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: np.random.Generator | None = None,
        **refused: object,
    ) -> None:
        refuse_options("Embedding", refused, EMBEDDING_OPTIONS)
        self.num_embeddings = check_int("Embedding", "num_embeddings", num_embeddings, least=1)
        self.embedding_dim = check_int("Embedding", "embedding_dim", embedding_dim, least=1)
        self.padding_idx = padding_row("Embedding", padding_idx, num_embeddings)
        zeros = filled(Parameter, (num_embeddings, embedding_dim), 0.0, label="weight")
        self.weight = init.normal_(zeros, rng=rng)
        if self.padding_idx is not None and not is_unfilled(self.weight):
            self.weight.data[self.padding_idx] = 0.0

    def forward(self, index: Operand) -> Operand:
        """Whole numbers (...), each in [0, n), to their vectors, (..., d).

        Raises:
            TypeError: index is not of whole numbers.
            ValueError: one lies outside [0, n). Negative ones are refused, not counted from the
                end.
        """
        return looked_up(repr(self), index, self.weight, self.padding_idx)

    def _details(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"

    def _arguments(self) -> dict[str, Any]:
        arguments = {"num_embeddings": self.num_embeddings, "embedding_dim": self.embedding_dim}
        if self.padding_idx is not None:
            arguments["padding_idx"] = self.padding_idx
        return arguments


class Dropout(Module):
    """In training, each number is set to 0 with probability p and else divided by 1 - p.

    The division keeps the mean, so that nothing need be done in `eval()` mode, where it returns
    what it gets ("inverted" dropout, as in PyTorch).

    Args:
        p: The probability, in [0, 1).
        rng: Where the choices come from; by default what `nn.manual_seed` seeds. A close-up
            (`scalars`) gets a copy, and so makes the same choices as the model would.

    Raises:
        ValueError: p outside [0, 1).
        TypeError: rng is something else, such as a seed.

    Source:
        N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
        Journal of Machine Learning Research 15 (2014) 1929-1958.

    Example:
        >>> layer = Dropout(0.5, rng=np.random.default_rng(0))
        >>> layer(np.ones(6)).tolist()
        [2.0, 0.0, 0.0, 0.0, 2.0, 2.0]
        >>> layer.eval()(np.ones(6)).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """

    _whole_channels = False

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = check_number(type(self).__name__, "p", p, "in [0, 1)")
        generator(rng)  # refuses what is none
        self.rng = rng

    def forward(self, x: Operand) -> Operand:
        """x, with some numbers 0 and the others larger in training; any shape."""
        return without_some(
            type(self).__name__, x, self.p, self.training, self.rng, self._whole_channels
        )

    def _details(self) -> str:
        return f"p={self.p}"

    def _arguments(self) -> dict[str, Any]:
        return {"p": self.p}


class Dropout2d(Dropout):
    """In training, each channel of an image is set to 0 with probability p, all pixels of it.

    Neighbouring pixels say much the same, so single ones would hardly be missed. The arguments and
    errors are those of `Dropout`; images are (N, C, H, W).

    Source:
        J. Tompson et al., "Efficient object localization using convolutional networks", CVPR
        (2015).

    Example:
        >>> layer = Dropout2d(0.5, rng=np.random.default_rng(0))
        >>> layer(np.ones((1, 4, 1, 2))).tolist()
        [[[[2.0, 2.0]], [[0.0, 0.0]], [[0.0, 0.0]], [[0.0, 0.0]]]]
    """

    _whole_channels = True


def drawn(
    shape: tuple[int, ...], bound: float, label: str, rng: np.random.Generator | None
) -> Parameter:
    """A Parameter with numbers evenly spread over ±bound."""
    zeros = filled(Parameter, shape, 0.0, label=label)
    return init.uniform_(zeros, -bound, bound, rng=rng)


def features(layer: Module, x: Operand, weight: Operand, count: int) -> Operand:
    """x ready to be multiplied with the layer's weights, which are a Tensor or, in a close-up, not.

    Raises:
        ShapeError: the last axis of x is not `count` long.
        TypeError: Values for a model of tensors, or a recorded Tensor for a close-up.
    """
    if isinstance(x, (list, tuple)):
        x = as_operand(repr(layer), x)
    shape = shape_of(x)
    if not shape or shape[-1] != count:
        raise ShapeError(
            f"{layer!r}: needs input of shape (..., {count}), but got {shape_or_type(x)}."
        )
    return operand_for(layer, x, weight)


def operand_for(layer: Module, x: Operand, weight: Operand) -> Operand:
    """x, which is to meet the layer's weights, if there are any; see `features`."""
    if isinstance(x, (list, tuple)):
        x = as_operand(repr(layer), x)
    if weight is None:
        return x
    if isinstance(x, Tensor):
        if isinstance(weight, Tensor):
            return x
        if x.requires_grad:
            raise TypeError(
                f"{layer!r}: is a close-up and takes numbers or Values, but got a Tensor that "
                "requires a gradient."
            )
        return x.data
    if isinstance(weight, Tensor) and holds_values(x):
        if not any(isinstance(number, Value) for number in np.asarray(x, object).flat):
            raise TypeError(
                f"{layer!r}: needs numbers, but got an array of objects. Make floats of it: "
                "x.astype(float)."
            )
        raise TypeError(
            f"{layer!r}: is made of tensors, but got Values. Ask model.scalars() for the model "
            "over Values; pass a compiled function arrays, as numbers in a list are Values there."
        )
    return x
