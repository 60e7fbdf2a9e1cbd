"""The perceptron: one neuron, and the rule it first learnt by."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError
from autograd.checks import check_int, check_number
from nn.activations import ActivationLike, Sign, Step, as_activation
from nn.functional.targets import check_some
from nn.layers import drawn, features
from nn.module import Module, Parameter
from nn.operands import Operand, as_operand, numbers

if TYPE_CHECKING:
    from autograd.arrays import Array, FloatArray


class Perceptron(Module):
    """One neuron, y = g(w0 + Σ xᵢ wᵢ).

    The weights and the bias w0 start evenly spread over ±1/√in_features, as `Linear`'s do.

    Args:
        in_features: How many numbers go in.
        activation: g: "sigmoid", "step" for classes 0 and 1, "sign" for -1 and +1, or any other
            that `MLP` takes.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.

    Attributes:
        weight: (in_features,) float64 Parameter, the wᵢ.
        bias: () float64 Parameter, w0.
        activation: g as a module.

    Raises:
        ValueError: in_features < 1, or an unknown activation.

    Source:
        F. Rosenblatt, "The perceptron", Psychological Review 65 (1958) 386-408, with step.

    Example:
        >>> neuron = Perceptron(2)
        >>> neuron.bias.data, neuron.weight.data = 1.0, [3.0, -2.0]
        >>> x = [-1.0, 2.0]
        >>> neuron.preactivation(x).item(), round(neuron(x).item(), 5)
        (-6.0, 0.00247)
    """

    def __init__(
        self,
        in_features: int,
        activation: ActivationLike = "sigmoid",
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features = check_int("Perceptron", "in_features", in_features, least=1)
        bound = 1 / math.sqrt(in_features)
        self.weight = drawn((in_features,), bound, "weight", rng)
        self.bias = drawn((), bound, "bias", rng)
        self.activation = as_activation("Perceptron", activation)

    def preactivation(self, x: Operand) -> Operand:
        """w0 + Σ xᵢ wᵢ, from (..., in_features) to (...).

        Raises:
            ShapeError: the last axis of x is not in_features long.
        """
        return features(self, x, self.weight, self.in_features) @ self.weight + self.bias

    def forward(self, x: Operand) -> Operand:
        """g(w0 + Σ xᵢ wᵢ), from (..., in_features) to (...); errors as in `preactivation`."""
        return self.activation(self.preactivation(x))

    def __repr__(self) -> str:
        return f"Perceptron({self.in_features}, {self.activation!r})"

    def fit(self, x: Operand, y: Operand, *, lr: float = 0.1, max_epochs: int = 100) -> list[int]:
        """Learn by the perceptron rule: w ← w + η y x for every point that is on the wrong side.

        It visits the points one by one, in order, and ends after the first epoch without a mistake.
        That comes if and only if a line separates the classes. As a loss, this descends
        `PerceptronLoss`; but here a point of the lower class on the line itself counts as wrong.

        Args:
            x: (N, in_features), the points.
            y: (N,), their classes: 0 and 1 for the activation "step", -1 and +1 for "sign".
            lr: η > 0.
            max_epochs: Where to give up, with a warning.

        Returns:
            How many points each epoch found on the wrong side; the last is 0 if it converged.

        Raises:
            TypeError: it is a close-up, or x is not of real numbers.
            ShapeError: x or y has another shape.
            ValueError: another activation or other classes, no points, lr <= 0, or max_epochs < 1.

        Source:
            F. Rosenblatt, "Principles of neurodynamics" (1962), and A. Novikoff, "On convergence
            proofs for perceptrons" (1962), for the proof that it ends.

        Example:
            >>> neuron = Perceptron(2, "step", rng=np.random.default_rng(0))
            >>> x = [[0, 0], [0, 1], [1, 0], [1, 1]]
            >>> neuron.fit(x, [0, 0, 0, 1])[-1]
            0
            >>> neuron(x).data.tolist()
            [0.0, 0.0, 0.0, 1.0]
        """
        x, signs = self._examples(x, y)
        lr = check_number("Perceptron", "lr", lr, "> 0")
        check_int("Perceptron", "max_epochs", max_epochs, least=1)
        weight, bias = self.weight.data.copy(), float(self.bias.data)
        mistakes: list[int] = []
        while (not mistakes or mistakes[-1]) and len(mistakes) < max_epochs:
            mistakes.append(0)
            for xi, yi in zip(x, signs, strict=True):
                if (weight @ xi + bias >= 0) != (yi > 0):
                    weight, bias = weight + lr * yi * xi, bias + lr * yi
                    mistakes[-1] += 1
        self.weight.data, self.bias.data = weight, bias
        if mistakes[-1]:
            warnings.warn(
                f"Perceptron: fit did not converge in {max_epochs} epochs: the last still found "
                f"{mistakes[-1]} of {len(x)} points on the wrong side. Either no line separates "
                "the classes, or it needs more (max_epochs=).",
                stacklevel=2,
            )
        return mistakes

    def _examples(self, x: Operand, y: Operand) -> tuple[Array, FloatArray]:
        """Points (N, in_features) and their classes as -1 and +1, checked."""
        if not isinstance(self.weight, Parameter):
            raise TypeError("Perceptron: this is a close-up. Call fit of the model that it shows.")
        kind = type(self.activation)
        if kind not in (Step, Sign):
            raise ValueError(
                'Perceptron: fit needs the activation "step" or "sign", but this has '
                f"{self.activation!r}. Train that by gradient descent."
            )
        x, y = numbers(as_operand("fit", x)), numbers(as_operand("fit", y))
        if x.ndim != 2 or x.shape[1] != self.in_features or y.shape != x.shape[:1]:
            raise ShapeError(
                f"Perceptron: fit needs x of shape (N, {self.in_features}) and y of shape (N,), "
                f"but got {x.shape} and {y.shape}."
            )
        check_some("Perceptron", x)
        if x.dtype.kind not in "biuf":
            raise TypeError(f"Perceptron: fit needs real numbers, but got dtype {x.dtype}.")
        lower = 0 if kind is Step else -1
        strangers = y[(y != 1) & (y != lower)]
        if strangers.size:
            raise ValueError(
                f"Perceptron: fit needs classes {lower} and 1 for {self.activation!r}, "
                f"but got {strangers.tolist()[0]!r}."
            )
        broken = np.flatnonzero(~np.isfinite(x).all(axis=1))
        if broken.size:  # no correction would ever bring the weights back
            raise ValueError(f"Perceptron: fit needs finite numbers, but got {x[broken[0]]}.")
        return x, np.where(y == 1, 1.0, -1.0)

    def _arguments(self) -> dict[str, Any]:
        return {"in_features": self.in_features, "activation": self.activation}
