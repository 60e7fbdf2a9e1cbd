"""Layers: `Linear` (`Dense`), `Perceptron`, and what stacks them, `Sequential` and `MLP`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np

from autograd import ShapeError, Tensor
from nn import init
from nn.activations import as_activation
from nn.module import Module, Parameter
from nn.operands import as_operand, holds_values

ActivationLike: TypeAlias = "str | Module | type[Module] | Callable[[Any], Any]"


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

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features = _count("Linear", "in_features", in_features)
        self.out_features = _count("Linear", "out_features", out_features)
        bound = 1 / math.sqrt(in_features)
        self.weight = _drawn((out_features, in_features), bound, "weight", rng)
        self.bias = _drawn((out_features,), bound, "bias", rng) if bias else None

    def forward(self, x: Any) -> Any:
        """(..., in_features) to (..., out_features).

        Raises:
            ShapeError: the last axis of x is not in_features long.
        """
        y = _input(self, x, self.weight) @ self.weight.T
        return y if self.bias is None else y + self.bias

    def _details(self) -> str:
        arrow = f"{self.in_features} -> {self.out_features}"
        return arrow if self.bias is not None else f"{arrow}, bias=False"


Dense = Linear


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
        self.in_features = _count("Perceptron", "in_features", in_features)
        bound = 1 / math.sqrt(in_features)
        self.weight = _drawn((in_features,), bound, "weight", rng)
        self.bias = _drawn((), bound, "bias", rng)
        self.activation = as_activation("Perceptron", activation)

    def preactivation(self, x: Any) -> Any:
        """w0 + Σ xᵢ wᵢ, from (..., in_features) to (...).

        Raises:
            ShapeError: the last axis of x is not in_features long.
        """
        return _input(self, x, self.weight) @ self.weight + self.bias

    def forward(self, x: Any) -> Any:
        """g(w0 + Σ xᵢ wᵢ), from (..., in_features) to (...); errors as in `preactivation`."""
        return self.activation(self.preactivation(x))

    def __repr__(self) -> str:
        return f"Perceptron({self.in_features}, {self.activation!r})"


class Sequential(Module):
    """Modules one after another, each fed with what the one before returns.

    Args:
        *modules: In this order. They are named "0", "1", …, as in PyTorch.

    Raises:
        TypeError: one is not a Module.

    Example:
        >>> from nn import Tanh
        >>> model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
        >>> model
        Sequential(
          0: Linear(2 -> 3)
          1: Tanh()
          2: Linear(3 -> 1)
        )
        >>> [name for name, _ in model.named_parameters()]
        ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(
                    f"{type(self).__name__}: needs modules, but got {module!r}. "
                    "A function becomes one by nn.Activation(function)."
                )
        self.layers = list(modules)

    def forward(self, x: Any) -> Any:
        """What the last module returns."""
        for layer in self.layers:
            x = layer(x)
        return x

    def _items(self) -> Iterator[tuple[str, Any]]:
        return ((str(i), layer) for i, layer in enumerate(self.layers))

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]


class MLP(Sequential):
    """A multi-layer perceptron: `Linear` layers with an activation after each but the last.

    Args:
        in_features: How many numbers go in.
        hidden: The width of each hidden layer; [] for none, which leaves one linear layer.
        out_features: How many come out.
        activation: After each hidden layer: a name such as "relu" or "tanh", a module, or a
            function.
        output_activation: After the last layer; None for none, as losses on logits need it.
        rng: Where the first numbers come from; by default what `nn.manual_seed` seeds.

    Raises:
        TypeError: hidden is not a list of whole numbers.
        ValueError: a width < 1, or an unknown activation.

    Example:
        >>> MLP(4, [16], 3)
        MLP(
          0: Linear(4 -> 16)
          1: ReLU()
          2: Linear(16 -> 3)
        )
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        out_features: int,
        activation: ActivationLike = "relu",
        output_activation: ActivationLike | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        if isinstance(hidden, (Integral, str)):
            raise TypeError(
                f"MLP: hidden must be a list of widths such as [16, 16], but got {hidden!r}."
            )
        layers: list[Module] = []
        width = in_features
        for next_width in hidden:
            layers += [Linear(width, next_width, rng=rng), as_activation("MLP", activation)]
            width = next_width
        layers.append(Linear(width, out_features, rng=rng))
        if output_activation is not None:
            layers.append(as_activation("MLP", output_activation))
        super().__init__(*layers)


def _count(who: str, name: str, value: int) -> int:
    if not isinstance(value, Integral):
        raise TypeError(f"{who}: {name} must be an int, but got {value!r}.")
    if value < 1:
        raise ValueError(f"{who}: {name} must be >= 1, but got {value}.")
    return int(value)


def _drawn(
    shape: tuple[int, ...], bound: float, label: str, rng: np.random.Generator | None
) -> Parameter:
    return init.uniform_(Parameter(np.zeros(shape), label=label), -bound, bound, rng=rng)


def _input(layer: Any, x: Any, weight: Any) -> Any:
    """x ready to be multiplied with the layer's weights, which are a Tensor or, in a close-up, not.

    Raises:
        ShapeError: the last axis of x is not in_features long.
        TypeError: Values for a model of tensors, or a recorded Tensor for a close-up.
    """
    x = as_operand(repr(layer) if isinstance(x, (list, tuple)) else "", x)
    if np.shape(x)[-1:] != (layer.in_features,):
        raise ShapeError(
            f"{layer!r}: needs input of shape (..., {layer.in_features}), but got {np.shape(x)}."
        )
    if isinstance(weight, Tensor) and holds_values(x):
        raise TypeError(
            f"{layer!r}: is made of tensors, but got Values. Ask model.scalars() for the model "
            "over Values."
        )
    if isinstance(x, Tensor) and not isinstance(weight, Tensor):
        if x.requires_grad:
            raise TypeError(
                f"{layer!r}: is a close-up and takes numbers or Values, but got a Tensor that "
                "requires a gradient."
            )
        return x.data
    return x
