"""Networks of single numbers: every weight, sum and product is a `Value` that can be looked at.

The names and the way they are called are those of micrograd, so its programs run here with their
import lines changed. For the same view of a tensor model there is `model.scalars()`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from autograd import Value
from autograd.checks import check_int, refuse
from autograd.value import Constant
from nn.pictures.pictured import Pictured


class ScalarModule(Pictured):
    """What has Values for parameters: a subclass says which. In micrograd it is called `Module`.

    Example:
        >>> class Line(ScalarModule):
        ...     def __init__(self):
        ...         self.slope = Value(2.0)
        ...
        ...     def __call__(self, x):
        ...         return self.slope * x
        ...
        ...     def parameters(self):
        ...         return [self.slope]
        >>> line = Line()
        >>> line(3.0).backward()
        >>> [p.grad for p in line.parameters()]
        [3.0]
    """

    def parameters(self) -> list[Value]:
        """Every weight and bias."""
        return []

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.zero_grad()


Module = ScalarModule


def _inputs(who: ScalarModule, x: Any) -> list[float | Value]:
    if isinstance(x, Value):
        return [x]  # a layer of one neuron gives the next layer a single Value
    try:
        return list(x)
    except TypeError as err:
        raise TypeError(f"{who!r}: needs a list of numbers or Values, but got {x!r}.") from err


class Neuron(ScalarModule):
    """One neuron: max(0, w·x + b), or w·x + b.

    The weights are drawn evenly from [-1, 1] with Python's `random`, so `random.seed` repeats them;
    the bias starts at 0.

    Args:
        nin: How many numbers go in.
        nonlin: Whether the ReLU is applied.

    Raises:
        ValueError: nin < 1; when called, another count of inputs.

    Example:
        >>> neuron = Neuron(2, nonlin=False)
        >>> for p, number in zip(neuron.parameters(), [3.0, -2.0, 1.0]):
        ...     p.data = number
        >>> neuron([-1.0, 2.0])
        Value(data=-6.0)
    """

    value: ClassVar[type[Value]] = Value  # what the weights are

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        check_int("Neuron", "nin", nin, least=1)
        self.w = [self.value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = self.value(0)
        self.nonlin = nonlin

    def __call__(self, x: Iterable[Value | float] | Value) -> Value:
        """The neuron's output for nin numbers or Values."""
        inputs = _inputs(self, x)
        if len(inputs) != len(self.w):
            raise ValueError(f"{self!r}: needs {len(self.w)} inputs, but got {len(inputs)}.")
        total = self.b
        for wi, xi in zip(self.w, inputs, strict=True):
            total = total + wi * xi
        return total.relu() if self.nonlin else total

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)}{', ReLU' if self.nonlin else ''})"


class Layer(ScalarModule):
    """Neurons side by side, all fed with the same inputs.

    Args:
        nin: How many numbers go into each.
        nout: How many neurons.
        **kwargs: As for `Neuron`.

    Raises:
        ValueError: nin or nout < 1; when called, another count of inputs.

    Example:
        >>> Layer(3, 2, nonlin=False)
        Layer(3 -> 2)
    """

    neuron: ClassVar[type[Neuron]] = Neuron

    def __init__(self, nin: int, nout: int, **kwargs: Any) -> None:
        check_int("Layer", "nout", nout, least=1)
        self.neurons = [self.neuron(nin, **kwargs) for _ in range(nout)]

    def __call__(self, x: Iterable[Value | float] | Value) -> Any:
        """A list of as many Values as there are neurons; the Value itself if there is one."""
        # A number that feeds several neurons is one node.
        inputs = [x if isinstance(x, Value) else Constant(x) for x in _inputs(self, x)]
        outputs = [neuron(inputs) for neuron in self.neurons]
        return outputs[0] if len(outputs) == 1 else outputs

    def parameters(self) -> list[Value]:
        """The parameters of the first neuron, of the second, and so on."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        first = self.neurons[0]
        relu = ", ReLU" if first.nonlin else ""
        return f"Layer({len(first.w)} -> {len(self.neurons)}{relu})"


class MLP(ScalarModule):
    """Layers one after another, with a ReLU after each but the last.

    Args:
        nin: How many numbers go in.
        nouts: The width of each layer; the last is the output.

    Raises:
        ValueError: nouts is empty, or a width < 1; when called, another count of inputs.

    Example:
        >>> model = MLP(2, [16, 16, 1])
        >>> model
        MLP(2 -> 16, ReLU; 16 -> 16, ReLU; 16 -> 1)
        >>> len(model.parameters())
        337
    """

    layer: ClassVar[type[Layer]] = Layer

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        if not isinstance(nouts, Iterable):
            refuse("MLP", "nouts", "a list of widths such as [16, 1]", nouts, TypeError)
        widths = [nin, *nouts]
        last = len(widths) - 2
        if last < 0:
            raise ValueError("MLP: nouts needs at least one width, but got none.")
        self.layers = [
            self.layer(widths[i], widths[i + 1], nonlin=i != last) for i in range(last + 1)
        ]

    def __call__(self, x: Iterable[Value | float]) -> Any:
        """A list of Values; the Value itself if the last layer has one neuron."""
        out: Any = x
        for layer in self.layers:
            out = layer(out)
        return out

    def parameters(self) -> list[Value]:
        """The parameters of the first layer, of the second, and so on."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        inner = "; ".join(repr(layer)[len("Layer(") : -1] for layer in self.layers)
        return f"MLP({inner})"
