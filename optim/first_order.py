"""Gradient descent, plain and with momentum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from optim.hyperparameters import Settings
from optim.memory import Kept
from optim.optimizer import Params
from optim.update_rule import Group, UpdateRule

if TYPE_CHECKING:
    from autograd.arrays import FloatArray


class SGD(UpdateRule):
    r"""Gradient descent, if wanted with momentum in PyTorch's form.

    It is called stochastic when the loss was taken over a random part of the data; the rule is the
    same.

    .. math::
        g &= \nabla L(\theta) + \lambda\theta \\
        b &\leftarrow \mu b + (1 - \tau) g \quad\text{(the first time } b \leftarrow g\text{)} \\
        \theta &\leftarrow \theta - \eta b
        \quad\text{(with Nesterov } \theta \leftarrow \theta - \eta (g + \mu b)\text{)}

    Without momentum, b is g. The rate stands outside the momentum: a change of η acts at once on
    all of b. In `Momentum`, the lectures' form, it stands inside, v = −ηb; as long as η stays the
    same, so do the steps. With `nesterov` the parameters are those of `Nesterov` looked ahead,
    θ + βv.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate η > 0.
        momentum: μ in [0, 1).
        dampening: τ in [0, 1), from the second step on; in PyTorch from the second with momentum.
        weight_decay: λ >= 0, the coefficient of an L2 penalty λ/2 ‖θ‖².
        nesterov: Whether the step looks ahead; needs momentum and no dampening.
        maximize: Whether L is to become larger.

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées",
        Comptes rendus 25 (1847) 536-538; stochastic: H. Robbins, S. Monro, "A stochastic
        approximation method", Annals of Mathematical Statistics 22 (1951) 400-407; this form of
        momentum: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization
        and momentum in deep learning", ICML 2013, with the rate taken out as PyTorch does.

    Example:
        >>> from autograd import Tensor
        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = SGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w.data.tolist()
        [0.8, 1.6]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def check_settings(self, group: Settings) -> None:
        """Nesterov's step needs momentum, and no dampening."""
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            raise ValueError(
                f"SGD: nesterov needs momentum > 0 and dampening = 0, but got "
                f"{group['momentum']} and {group['dampening']}."
            )

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept of each number, and its start."""
        return {"b": 0.0} if group["momentum"] else {}

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        lr, mu, tau = group["lr"], group["momentum"], group["dampening"]
        if not mu:
            return theta - lr * g, {}
        b = g if t == 1 else mu * kept["b"] + (1 - tau) * g
        return theta - lr * (g + mu * b if group["nesterov"] else b), {"b": b}

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
        lr, mu, tau = group["lr"], group["momentum"], group["dampening"]
        (s,) = scratch
        step = g
        if mu:
            step = b = kept["b"]
            b *= mu
            b += g if not tau or t == 1 else np.multiply(g, 1 - tau, out=s)
            if group["nesterov"]:
                step = np.multiply(b, mu, out=s)
                step += g
        theta -= np.multiply(step, lr, out=s)


class Momentum(UpdateRule):
    r"""Gradient descent with momentum, as the lectures write it.

    .. math::
        v &\leftarrow \beta v - \alpha \nabla L(\theta) \\
        \theta &\leftarrow \theta + v

    A ball rolling downhill: v is its velocity, β what friction leaves of it. The rate stands inside
    v: a change of α acts on later gradients only. PyTorch (here: `SGD`) keeps it outside.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate α > 0.
        momentum: β in [0, 1).

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        B. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
        Computational Mathematics and Mathematical Physics 4 (1964) 1-17.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> optimizer = Momentum([x], lr=0.25, momentum=0.5)
        >>> for _ in range(2):  # L = x², so v = -0.5, then 0.5 · (-0.5) - 0.25 · 1
        ...     optimizer.zero_grad()
        ...     (x * x).backward()
        ...     optimizer.step()
        >>> x.data
        0.0
    """

    def __init__(self, params: Params, lr: float = 1e-3, momentum: float = 0.9) -> None:
        super().__init__(params, lr=lr, momentum=momentum)

    def starts(self, group: Group) -> dict[str, float]:
        """What is kept of each number, and its start."""
        return {"v": 0.0}

    def update(
        self, theta: FloatArray, g: FloatArray, t: int, kept: Kept, group: Group
    ) -> tuple[FloatArray, Kept]:
        """The formula of the class, line by line."""
        v = group["momentum"] * kept["v"] - group["lr"] * g
        return theta + v, {"v": v}

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
        alpha, beta, v = group["lr"], group["momentum"], kept["v"]
        v *= beta
        v -= np.multiply(g, alpha, out=scratch[0])
        theta += v


class Nesterov(Momentum):
    r"""Momentum with the gradient taken where the momentum alone would lead.

    .. math::
        v &\leftarrow \beta v - \alpha \nabla L(\theta + \beta v) \\
        \theta &\leftarrow \theta + v

    Since the gradient is needed elsewhere than at θ, `step` needs a closure. PyTorch
    (here: `SGD(..., nesterov=True)`) avoids that by keeping θ + βv in the parameters all the time.

    Args:
        params: A model's `parameters()`, or any Tensors or Values; or groups (`UpdateRule`).
        lr: The learning rate α > 0.
        momentum: β in [0, 1).

    Raises:
        TypeError: params are something else, or a setting is no number.
        ValueError: No parameters, one of them twice, or a setting out of range.

    Source:
        Y. Nesterov, "A method of solving a convex programming problem with convergence rate
        O(1/k²)", Soviet Mathematics Doklady 27 (1983) 372-376, in the form of Sutskever et al.
        (2013), equations 3 and 4.

    Example:
        >>> from autograd import Value
        >>> x = Value(1.0)
        >>> optimizer = Nesterov([x], lr=0.25, momentum=0.5)
        >>> for _ in range(2):  # the second gradient is taken at x + βv = 0.25
        ...     loss = optimizer.step(lambda: x * x)
        >>> x.data
        0.125
    """

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that a gradient has reached; the others are skipped.

        Args:
            closure: A function without arguments that computes and returns the loss. It is called
                with the parameters at θ + βv, once. It may call `backward()` itself.

        Returns:
            The loss at θ + βv.

        Raises:
            TypeError: There is no closure.
        """
        if closure is None:
            raise TypeError(
                "Nesterov: step needs a closure that computes and returns the loss, because the "
                "gradient is taken at θ + βv. SGD(..., nesterov=True) does without."
            )
        with self._look_ahead():
            loss = self._evaluate(closure)
        super().step()
        return loss

    @contextmanager
    def _look_ahead(self) -> Iterator[None]:
        before = []
        for known in zip(self.param_groups, self._memories, strict=True):
            group, memory = self._as_traced(*known)
            numbers = memory.numbers()
            theta = numbers.take()
            before.append(theta.copy())
            if memory is not known[1]:  # before the first step v is 0
                memory.allocate(theta, {"v": 0.0}, 0)
            if "v" in memory.kept:
                theta += group["momentum"] * memory.kept["v"]
            numbers.put(theta)
        try:
            yield
        finally:
            for memory, there in zip(self._memories, before, strict=True):
                numbers = memory.numbers()
                theta = numbers.take()
                theta[...] = there
                numbers.put(theta)
