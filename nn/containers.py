"""What stacks layers: `Sequential`, and `MLP`, the network of the lectures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any, overload

import numpy as np

from autograd.checks import refuse
from nn.activations import ActivationLike, as_activation
from nn.layers import Linear
from nn.module import Module
from nn.operands import Operand


class Sequential(Module):
    """Modules one after another, each fed with what the one before returns.

    Args:
        *modules: In this order. They are named "0", "1", …, as in PyTorch.

    Raises:
        TypeError: one is not a Module.

    Example:
        >>> from nn import Linear, Tanh
        >>> model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
        >>> model
        Sequential(
          0: Linear(2 -> 3)
          1: Tanh()
          2: Linear(3 -> 1)
        )
        >>> [name for name, _ in model.named_parameters()]
        ['0.weight', '0.bias', '2.weight', '2.bias']

        A part is a Sequential of the same modules:

        >>> model[:2]
        Sequential(
          0: Linear(2 -> 3)
          1: Tanh()
        )
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if not isinstance(module, Module):
                advice = "A function becomes one by nn.Activation(function)."
                if isinstance(module, type):
                    advice = f"Make one of the class: {module.__name__}()."
                elif isinstance(module, (list, tuple)):
                    advice = "Pass them one by one: Sequential(*modules)."
                raise TypeError(
                    f"{type(self).__name__}: needs modules, but got {module!r}. {advice}"
                )
        self.layers = list(modules)

    def forward(self, x: Operand) -> Operand:
        """What the last module returns."""
        for layer in self.layers:
            x = layer(x)
        return x

    def _items(self) -> Iterator[tuple[str, Any]]:
        return ((str(i), layer) for i, layer in enumerate(self.layers))

    def _arguments(self) -> dict[str, Any]:
        return {"modules": list(self.layers)}

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    @overload
    def __getitem__(self, i: int) -> Module: ...

    @overload
    def __getitem__(self, i: slice) -> Sequential: ...

    def __getitem__(self, i: int | slice) -> Module:
        return Sequential(*self.layers[i]) if isinstance(i, slice) else self.layers[i]


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
            refuse("MLP", "hidden", "a list of widths such as [16, 16]", hidden, TypeError)
        layers: list[Module] = []
        width = in_features
        for next_width in hidden:
            layers += [Linear(width, next_width, rng=rng), as_activation("MLP", activation)]
            width = next_width
        layers.append(Linear(width, out_features, rng=rng))
        if output_activation is not None:
            layers.append(as_activation("MLP", output_activation))
        super().__init__(*layers)
