"""Layers that bring what passes through them to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import autograd
from autograd import ShapeError
from autograd.checks import check_int, check_number
from nn.layers import features
from nn.module import Buffer, Module, Parameter
from nn.operands import numbers, shape_of
from nn.parameter import filled


class LayerNorm(Module):
    r"""Each example to mean 0 and variance 1 over its features, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    The variance divides by the number of features, not by one less.

    Args:
        normalized_shape: How many features, the length of the last axis. (PyTorch's can be several
            axes.)
        eps: ε > 0, inside the root, so that equal features do not divide by 0.

    Attributes:
        weight: (normalized_shape,) float64 Parameter w, which starts as ones.
        bias: (normalized_shape,) float64 Parameter b, which starts as zeros.

    Raises:
        ValueError: normalized_shape < 1, or eps <= 0.

    Source:
        J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).

    Example:
        >>> LayerNorm(3)([[1.0, 2.0, 3.0]]).data.round(3).tolist()
        [[-1.225, 0.0, 1.225]]
    """

    def __init__(self, normalized_shape: int, eps: float = 1e-5) -> None:
        self.normalized_shape = check_int(
            "LayerNorm", "normalized_shape", normalized_shape, least=1
        )
        self.eps = check_number("LayerNorm", "eps", eps, "> 0")
        self.weight = filled(Parameter, normalized_shape, 1.0, label="weight")
        self.bias = filled(Parameter, normalized_shape, 0.0, label="bias")

    def forward(self, x: Any) -> Any:
        """(..., normalized_shape) to the same shape.

        Raises:
            ShapeError: the last axis of x has another length.
        """
        x = features(self, x, self.weight, self.normalized_shape)
        x = x - autograd.mean(x, axis=-1, keepdims=True)
        variance = autograd.mean(x * x, axis=-1, keepdims=True)
        return x / autograd.sqrt(variance + self.eps) * self.weight + self.bias

    def _details(self) -> str:
        return f"{self.normalized_shape}"

    def _arguments(self) -> dict[str, Any]:
        return {"normalized_shape": self.normalized_shape, "eps": self.eps}


class BatchNorm1d(Module):
    r"""Each feature to mean 0 and variance 1 over the batch, then a scale and a shift.

    .. math:: y = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} w + b

    In training mean and variance are those of the batch, and running averages of both are kept; in
    `eval()` mode the averages are used. As in PyTorch the variance of the batch divides by N, that
    which the average takes in by N - 1.

    Args:
        num_features: How many features, C.
        eps: ε > 0, inside the root, so that equal numbers do not divide by 0.
        momentum: The part of a new batch in the running averages, in (0, 1].

    Attributes:
        weight: (C,) float64 Parameter w, which starts as ones.
        bias: (C,) float64 Parameter b, which starts as zeros.
        running_mean: (C,) Buffer, which starts as zeros.
        running_var: (C,) Buffer, which starts as ones.
        num_batches_tracked: () Buffer, how many batches they have seen.

    Raises:
        ValueError: num_features < 1, eps <= 0, or momentum outside (0, 1].

    Source:
        S. Ioffe, C. Szegedy, "Batch normalization", ICML (2015), algorithms 1 and 2.

    Example:
        >>> layer = BatchNorm1d(1)
        >>> layer([[1.0], [3.0]]).data.round(3).tolist()
        [[-1.0], [1.0]]
        >>> layer.running_mean, layer.running_var
        (Buffer([0.2]), Buffer([1.1]))
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.num_features = check_int("BatchNorm1d", "num_features", num_features, least=1)
        self.eps = check_number("BatchNorm1d", "eps", eps, "> 0")
        self.momentum = check_number("BatchNorm1d", "momentum", momentum, "in (0, 1]")
        self.weight = filled(Parameter, num_features, 1.0, label="weight")
        self.bias = filled(Parameter, num_features, 0.0, label="bias")
        self.running_mean = filled(Buffer, num_features, 0.0)
        self.running_var = filled(Buffer, num_features, 1.0)
        self.num_batches_tracked = Buffer(0)

    def forward(self, x: Any) -> Any:
        """(N, num_features) to the same shape.

        Raises:
            ShapeError: x has another shape.
            ValueError: N < 2 in training, where one example has no variance.
        """
        x = features(self, x, self.weight, self.num_features)
        if len(shape_of(x)) != 2:
            raise ShapeError(
                f"{self!r}: needs input of shape (N, {self.num_features}), but got {shape_of(x)}."
            )
        mean, variance = self._of_batch(x) if self.training else self._running()
        return (x - mean) / autograd.sqrt(variance + self.eps) * self.weight + self.bias

    def _of_batch(self, x: Any) -> tuple[Any, Any]:
        n = shape_of(x)[0]
        if n < 2:
            raise ValueError(
                f"{self!r}: needs at least 2 examples in training, but got {n}. "
                "Call eval() to predict one."
            )
        mean = autograd.mean(x, axis=0)
        variance = autograd.mean(autograd.square(x - mean), axis=0)
        old, m = self._running(), self.momentum
        self.running_mean.data = (1 - m) * old[0] + m * numbers(mean)
        self.running_var.data = (1 - m) * old[1] + m * numbers(variance) * (n / (n - 1))
        self.num_batches_tracked.data += 1
        return mean, variance

    def _running(self) -> tuple[Any, Any]:
        return self.running_mean.data, self.running_var.data

    def _details(self) -> str:
        return f"{self.num_features}"

    def _arguments(self) -> dict[str, Any]:
        return {"num_features": self.num_features, "eps": self.eps, "momentum": self.momentum}
