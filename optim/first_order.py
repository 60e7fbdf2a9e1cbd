"""Update rules that use the gradient only."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real

from autograd import Tensor, Value
from optim.optimizer import Optimizer


class SGD(Optimizer):
    r"""Gradient descent, :math:`\theta \leftarrow \theta - \eta \nabla L(\theta)`.

    It is called stochastic when the loss was taken over a random part of the data; the rule is the
    same.

    Args:
        params: A model's `parameters()`, or any Tensors or Values.
        lr: The learning rate η > 0; PyTorch's name for it.

    Attributes:
        lr: It may be changed between steps.

    Raises:
        TypeError: params are something else, or lr is not a number.
        ValueError: lr <= 0, no parameters, or one of them twice.

    Source:
        A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées",
        Comptes rendus 25 (1847) 536-538; stochastic: H. Robbins, S. Monro, "A stochastic
        approximation method", Annals of Mathematical Statistics 22 (1951) 400-407.

    Example:
        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = SGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w.data.tolist()
        [0.8, 1.6]
    """

    def __init__(self, params: Iterable[Tensor | Value], lr: float) -> None:
        super().__init__(params)
        if not isinstance(lr, Real):
            raise TypeError(f"SGD: lr must be a number, but got {lr!r}.")
        if not lr > 0:
            raise ValueError(f"SGD: lr must be > 0, but got {lr}.")
        self.lr: float = float(lr)

    def step(self) -> None:
        """θ ← θ - lr ∇L, for the parameters that a gradient has reached."""
        theta = self._reached()
        if theta is not None:
            theta.data = theta.data - self.lr * theta.grad
