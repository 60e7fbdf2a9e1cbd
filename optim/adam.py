"""Momentum and a rate for every parameter together: Adam and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optim.memory import Kept
from optim.optimizer import Params
from optim.update_rule import Group, UpdateRule

if TYPE_CHECKING:
    from autograd.arrays import FloatArray

# All three keep the moments without their factors, m / (1 - β₁) and v / (1 - β₂). These come in
# with the bias correction, as numbers: two passes over the arrays less of twelve. So the betas are
# the units of what is kept, and fixed.


class Adam(UpdateRule):
    r"""Momentum, divided by the recent size of the gradient, both corrected for their start at 0.

    .. math::
        g &= \nabla L(\theta) + \lambda\theta \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t}, \quad \hat v = \frac{v}{1 - \beta_2^t} \\
        \theta &\leftarrow \theta - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}

    Squares, roots and quotients are taken number by number; t counts the steps from 1. With
    `amsgrad`, the largest v so far takes the place of v in v̂ (before its correction, as in
    PyTorch; the paper has no correction). Weight decay is part of g here, and so is divided by √v̂
    with it; `AdamW` keeps it apart.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate η > 0 (α in the paper).
        betas: β₁ and β₂, each in [0, 1). They cannot be changed later.
        eps: ε >= 0.
        weight_decay: λ >= 0, the coefficient of an L2 penalty λ/2 ‖θ‖².
        amsgrad: Whether v̂ may only grow.
        maximize: Whether L is to become larger.

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1;
        AMSGrad: S. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018.

    Example:
        >>> from autograd import Tensor
        >>> w = Tensor([1.0, 1.0], requires_grad=True)
        >>> optimizer = Adam([w], lr=0.5)
        >>> w.grad = [100.0, -0.01]  # the first step has length η whatever the gradient
        >>> optimizer.step()
        >>> w.data.round(4).tolist()
        [0.5, 1.5]
    """

    fixed = frozenset({"betas"})

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept of each number, and its start."""
        return {"m": 0.0, "v": 0.0} | ({"v_max": 0.0} if group["amsgrad"] else {})

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        (beta1, beta2), eps = group["betas"], group["eps"]
        m = beta1 * kept["m"] + (1 - beta1) * g
        v = beta2 * kept["v"] + (1 - beta2) * g**2
        largest = {"v_max": np.maximum(kept["v_max"], v)} if group["amsgrad"] else {}
        m_hat = m / (1 - beta1**t)
        v_hat = largest.get("v_max", v) / (1 - beta2**t)
        return theta - group["lr"] * m_hat / (np.sqrt(v_hat) + eps), {"m": m, "v": v, **largest}

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
        (beta1, beta2), (s,) = group["betas"], scratch
        m, v = kept["m"], kept["v"]
        m *= beta1
        m += g
        v *= beta2
        v += np.square(g, out=s)
        if group["amsgrad"]:
            v = np.maximum(kept["v_max"], v, out=kept["v_max"])
        c1 = (1 - beta1) / (1 - beta1**t)  # m̂ = c1 m
        c2: float = ((1 - beta2) / (1 - beta2**t)) ** 0.5  # √v̂ = c2 √v
        np.sqrt(v, out=s)
        s += group["eps"] / c2
        np.divide(m, s, out=s)
        s *= group["lr"] * c1 / c2
        theta -= s


class AdamW(Adam):
    r"""Adam with weight decay kept apart from the gradient, so that √v̂ does not divide it.

    .. math::
        \theta &\leftarrow \theta - \eta\lambda\theta \\
        \theta &\leftarrow \theta - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}

    with m̂ and v̂ of `Adam`, for g = ∇L(θ). As in PyTorch the decay is multiplied by η; in the paper
    only a schedule's factor multiplies it.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate η > 0.
        betas: β₁ and β₂, each in [0, 1). They cannot be changed later.
        eps: ε >= 0.
        weight_decay: λ >= 0.
        amsgrad: Whether v̂ may only grow.
        maximize: Whether L is to become larger.

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Example:
        >>> from autograd import Value
        >>> x = Value(10.0)
        >>> x.grad = 0.0  # nothing but the decay is left: 10 - 0.5 · 0.2 · 10
        >>> AdamW([x], lr=0.5, weight_decay=0.2).step()
        >>> x.data
        9.0
    """

    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        theta = theta - group["lr"] * group["weight_decay"] * theta
        return super().update(theta, g, t, kept, group)

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
        theta *= 1 - group["lr"] * group["weight_decay"]
        super().update_in_place(theta, g, t, kept, group, scratch)


class Nadam(UpdateRule):
    r"""Adam with Nesterov's look ahead in place of plain momentum.

    .. math::
        g &= \nabla L(\theta) + \lambda\theta \\
        \mu_t &= \beta_1 \left(1 - \tfrac12\, 0.96^{\,t\psi}\right) \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{\mu_{t+1}\, m}{1 - \prod_{i=1}^{t+1} \mu_i}
        + \frac{(1 - \mu_t)\, g}{1 - \prod_{i=1}^{t} \mu_i},
        \quad \hat v = \frac{v}{1 - \beta_2^t} \\
        \theta &\leftarrow \theta - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}

    Squares, roots and quotients are taken number by number; t counts the steps from 1. It has β₁ in
    the average and μ in the correction, as PyTorch (which writes `NAdam`) has; the paper has μ in
    both.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate η > 0.
        betas: β₁ and β₂, each in [0, 1). They cannot be changed later.
        eps: ε >= 0.
        weight_decay: λ >= 0, the coefficient of an L2 penalty λ/2 ‖θ‖².
        momentum_decay: ψ >= 0, how soon μ comes up to β₁.
        maximize: Whether L is to become larger.

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop, algorithm 2.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> optimizer = Nadam([x], lr=0.1)
        >>> for _ in range(100):
        ...     loss = optimizer.step(lambda: (x - 3) ** 2)
        >>> round(x.data, 2)
        3.0
    """

    fixed = frozenset({"betas"})
    scratch = 2

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            maximize=maximize,
        )

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept of each number, and its start."""
        return {"m": 0.0, "v": 0.0, "mu_product": 1.0}

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        (beta1, beta2), psi, eps = group["betas"], group["momentum_decay"], group["eps"]
        mu: float
        mu_next: float
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1))
        product = kept["mu_product"] * mu
        m = beta1 * kept["m"] + (1 - beta1) * g
        v = beta2 * kept["v"] + (1 - beta2) * g**2
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
        v_hat = v / (1 - beta2**t)
        theta = theta - group["lr"] * m_hat / (np.sqrt(v_hat) + eps)
        return theta, {"m": m, "v": v, "mu_product": product}

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
        (beta1, beta2), psi = group["betas"], group["momentum_decay"]
        m, v, product = kept["m"], kept["v"], kept["mu_product"]
        m_hat, s = scratch
        mu: float
        mu_next: float
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (i * psi)) for i in (t, t + 1))
        product *= mu
        m *= beta1
        m += g
        v *= beta2
        v += np.square(g, out=s)
        # The products of the μ differ where ψ was changed between steps that only some took.
        np.subtract(1, np.multiply(product, mu_next, out=m_hat), out=m_hat)
        np.divide(m, m_hat, out=m_hat)
        m_hat *= (1 - beta1) * mu_next
        np.divide(g, np.subtract(1, product, out=s), out=s)
        s *= 1 - mu
        m_hat += s
        c2: float = ((1 - beta2) / (1 - beta2**t)) ** 0.5  # √v̂ = c2 √v
        np.sqrt(v, out=s)
        s += group["eps"] / c2
        m_hat /= s
        m_hat *= group["lr"] / c2
        theta -= m_hat
