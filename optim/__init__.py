"""Optimizers: rules that change parameters so that a loss becomes smaller.

They take what `autograd` differentiates: a model's parameters, a list of Tensors, a list of Values.

>>> from autograd import Value
>>> from optim import SGD
>>> x = Value(3.0)
>>> optimizer = SGD([x], lr=0.1)
>>> for _ in range(100):
...     loss = (x - 1) * (x - 1)
...     optimizer.zero_grad()
...     loss.backward()
...     optimizer.step()
>>> round(x.data, 6)
1.0
"""

from optim.first_order import SGD
from optim.optimizer import Optimizer

__all__ = ["SGD", "Optimizer"]
