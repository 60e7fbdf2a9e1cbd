"""What the tests of the rules with closures share: losses, kinds of parameters, bookkeeping."""

import numpy as np

from autograd import Tensor, Value
from nn import Parameter


def rosenbrock(x, y):
    return 100 * (y - x * x) ** 2 + (1 - x) ** 2


def squares(residuals):
    """The sum of squares of a list."""
    return sum(r * r for r in residuals[1:]) + residuals[0] * residuals[0]


MAKERS = {
    "Values": lambda *start: [Value(x) for x in start],
    "Tensors": lambda *start: [Tensor(x, requires_grad=True) for x in start],
    "Parameters": lambda *start: [Parameter(x) for x in start],
    "a mixture": lambda *start: [
        Parameter(start[0]),
        *(Tensor(x, requires_grad=True) for x in start[1:]),
    ],
}


def numbers(params):
    return np.concatenate([np.ravel(p.data) for p in params])


class Counting:
    """A closure that remembers where it was called."""

    def __init__(self, params, function):
        self.params, self.function = params, function
        self.places = []

    def __call__(self):
        self.places.append(numbers(self.params))
        return self.function(*self.params)
