"""Rules that give every parameter a rate of its own: Adagrad, Adadelta, RMSprop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optim.memory import Kept
from optim.optimizer import Params
from optim.update_rule import Group, UpdateRule

if TYPE_CHECKING:
    from autograd.arrays import FloatArray


class Adagrad(UpdateRule):
    r"""The more a parameter's gradients have added up to, the smaller its steps.

    .. math::
        g &= \nabla L(\theta) + \lambda\theta \\
        h &\leftarrow h + g^2 \\
        \theta &\leftarrow \theta - \frac{\eta}{1 + (t - 1)\,\kappa}\,\frac{g}{\sqrt{h} + \epsilon}

    Squares, roots and quotients are taken number by number; t counts the steps from 1. Here ε
    stands outside the root, as in PyTorch; some texts have it inside.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate η > 0.
        lr_decay: κ >= 0.
        weight_decay: λ >= 0, the coefficient of an L2 penalty λ/2 ‖θ‖².
        initial_accumulator_value: What h starts from, >= 0.
        eps: ε >= 0.
        maximize: Whether L is to become larger.

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and
        stochastic optimization", JMLR 12 (2011) 2121-2159, the diagonal form; κ is PyTorch's.

    Example:
        >>> from autograd import Tensor
        >>> w = Tensor([1.0, 1.0], requires_grad=True)
        >>> optimizer = Adagrad([w], lr=0.5)
        >>> w.grad = [100.0, 0.01]  # the first step has length η whatever the gradient
        >>> optimizer.step()
        >>> w.data.round(6).tolist()
        [0.5, 0.5]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept of each number, and its start."""
        return {"h": group["initial_accumulator_value"]}

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        h = kept["h"] + g**2
        rate = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        return theta - rate * g / (np.sqrt(h) + group["eps"]), {"h": h}

    def update_in_place(
        self,
        theta: FloatArray,
        g: FloatArray,
        t: int,
        kept: Kept,
        group: Group,
        scratch: list[FloatArray],
    ) -> None:
        """The same step without new arrays."""
        h, (s,) = kept["h"], scratch
        h += np.square(g, out=s)
        np.sqrt(h, out=s)
        s += group["eps"]
        np.divide(g, s, out=s)
        s *= group["lr"] / (1 + (t - 1) * group["lr_decay"])
        theta -= s


class Adadelta(UpdateRule):
    r"""Steps as long as the last ones, in the direction of the gradient: no rate to choose.

    .. math::
        g &= \nabla L(\theta) + \lambda\theta \\
        v &\leftarrow \rho v + (1 - \rho) g^2 \\
        \Delta &= \sqrt{\frac{u + \epsilon}{v + \epsilon}}\; g \\
        u &\leftarrow \rho u + (1 - \rho) \Delta^2 \\
        \theta &\leftarrow \theta - \eta \Delta

    Squares, roots and quotients are taken number by number. The paper has no η; with η = 1, the
    default, this is its rule.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The factor η > 0.
        rho: ρ in [0, 1).
        eps: ε >= 0; it sets the length of the first steps.
        weight_decay: λ >= 0, the coefficient of an L2 penalty λ/2 ‖θ‖².
        maximize: Whether L is to become larger.

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        M. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701 (2012),
        algorithm 1.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> x.grad = 100.0
        >>> Adadelta([x], rho=0.75, eps=1e-6).step()  # √(10⁻⁶ / (0.25 · 100²)) · 100
        >>> round(x.data, 6)
        0.998
    """

    scratch = 2

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize
        )

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept of each number, and its start."""
        return {"v": 0.0, "u": 0.0}

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        rho, eps, u = group["rho"], group["eps"], kept["u"]
        v = rho * kept["v"] + (1 - rho) * g**2
        delta = np.sqrt((u + eps) / (v + eps)) * g
        u = rho * u + (1 - rho) * delta**2
        return theta - group["lr"] * delta, {"v": v, "u": u}

    def update_in_place(
        self,
        theta: FloatArray,
        g: FloatArray,
        t: int,
        kept: Kept,
        group: Group,
        scratch: list[FloatArray],
    ) -> None:
        """The same step without new arrays."""
        v, u, rho, eps = kept["v"], kept["u"], group["rho"], group["eps"]
        delta, s = scratch
        _average(v, rho, np.square(g, out=s), s)
        np.add(u, eps, out=delta)
        delta /= np.add(v, eps, out=s)
        np.sqrt(delta, out=delta)
        delta *= g
        _average(u, rho, np.square(delta, out=s), s)
        delta *= group["lr"]
        theta -= delta


class RMSprop(UpdateRule):
    r"""Divide the gradient by its recent size.

    .. math::
        g &= \nabla L(\theta) + \lambda\theta \\
        v &\leftarrow \alpha v + (1 - \alpha) g^2 \\
        \Delta &= \frac{g}{\sqrt{v} + \epsilon}
        \quad\text{(centred: } \sqrt{v - m^2} + \epsilon \text{ with }
        m \leftarrow \alpha m + (1 - \alpha) g \text{)} \\
        b &\leftarrow \mu b + \Delta \\
        \theta &\leftarrow \theta - \eta b

    Squares, roots and quotients are taken number by number; without momentum, b is Δ. The lectures
    write β for α and take 0.9, as Hinton did; so does this class, while PyTorch takes 0.99. ε
    stands outside the root, as in PyTorch; some texts and TensorFlow have it inside.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate η > 0.
        alpha: α in [0, 1).
        eps: ε >= 0.
        weight_decay: λ >= 0, the coefficient of an L2 penalty λ/2 ‖θ‖².
        momentum: μ in [0, 1).
        centered: Whether the gradient is divided by its deviation from its mean.
        maximize: Whether L is to become larger.

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        G. Hinton, "Neural networks for machine learning", Coursera (2012), lecture 6e; centred:
        A. Graves, "Generating sequences with recurrent neural networks", arXiv:1308.0850 (2013),
        equations 38 to 41, which have ε inside the root.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> x.grad = -8.0
        >>> RMSprop([x], lr=0.5, alpha=0.75).step()  # -8 / √(0.25 · 64) = -2
        >>> round(x.data, 6)
        2.0
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.9,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept of each number, and its start."""
        optional = {"m": group["centered"], "b": group["momentum"]}
        return {"v": 0.0} | {name: 0.0 for name, wanted in optional.items() if wanted}

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        alpha, mu = group["alpha"], group["momentum"]
        new = {"v": alpha * kept["v"] + (1 - alpha) * g**2}
        mean_square = new["v"]
        if group["centered"]:
            new["m"] = alpha * kept["m"] + (1 - alpha) * g
            mean_square = np.maximum(new["v"] - new["m"] ** 2, 0)  # rounding can bring it below 0
        step = g / (np.sqrt(mean_square) + group["eps"])
        if mu:
            new["b"] = step = mu * kept["b"] + step
        return theta - group["lr"] * step, new

    def update_in_place(
        self,
        theta: FloatArray,
        g: FloatArray,
        t: int,
        kept: Kept,
        group: Group,
        scratch: list[FloatArray],
    ) -> None:
        """The same step without new arrays."""
        v, alpha, mu, (s,) = kept["v"], group["alpha"], group["momentum"], scratch
        _average(v, alpha, np.square(g, out=s), s)
        if group["centered"]:
            m = kept["m"]
            _average(m, alpha, g, s)
            np.subtract(v, np.square(m, out=s), out=s)
            np.maximum(s, 0, out=s)  # a gradient that stays the same can round to less
            np.sqrt(s, out=s)
        else:
            np.sqrt(v, out=s)
        s += group["eps"]
        np.divide(g, s, out=s)
        if mu:
            b = kept["b"]
            b *= mu
            b += s
            s[...] = b
        s *= group["lr"]
        theta -= s


def _average(mean: FloatArray, decay: float, x: FloatArray, s: FloatArray) -> None:
    """Mean ← decay · mean + (1 - decay) · x, computed in s, which x may be."""
    mean *= decay
    mean += np.multiply(x, 1 - decay, out=s)
