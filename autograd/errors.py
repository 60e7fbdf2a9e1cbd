"""The errors that are ours, and the warnings: who, what was needed, what came, what to do."""

from __future__ import annotations


class ShapeError(ValueError):
    """Shapes that do not fit together.

    Example:
        >>> from autograd import Tensor
        >>> Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
        Traceback (most recent call last):
        autograd.errors.ShapeError: add: operands of shape (2,) and (3,) do not fit (broadcast).
    """


class GraphError(ValueError):
    """A graph that cannot do what was asked of it.

    Example:
        >>> from autograd import Value
        >>> Value(2.0).detach().backward()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        autograd.errors.GraphError: backward: the root is a constant ...
    """


class AnomalyError(ValueError):
    """A nan or an infinity, found by `detect_anomaly()`.

    Example:
        >>> from autograd import Value, detect_anomaly
        >>> with detect_anomaly():  # doctest: +ELLIPSIS
        ...     (Value(1e308) * 10.0).tanh()
        Traceback (most recent call last):
        autograd.errors.AnomalyError: multiply: made inf from 1e+308, 10.0, at ...
    """


class GradcheckError(ValueError):
    """A derivative that disagrees with its numerical estimate, found by `gradcheck`.

    Example:
        >>> from autograd import custom_vjp, gradcheck
        >>> @custom_vjp
        ... def cube(x):
        ...     return x**3
        >>> cube.defvjp(lambda x: (x**3, x), lambda x, g: (2 * g * x**2,))  # 3 was meant
        >>> gradcheck(cube, 2.0)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        autograd.errors.GradcheckError: gradcheck: the first derivative of ... is off: ours 8.0, ...
    """


class CompileError(TypeError):
    """Something in a compiled function that could not be repeated faithfully.

    Example:
        >>> import autograd
        >>> @autograd.compile
        ... def drawn(w):
        ...     return w * random.random()
        >>> import random
        >>> drawn(autograd.Value(2.0))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        autograd.errors.CompileError: compile: drawn draws random numbers, ...
    """


class LostGradientWarning(UserWarning):
    """A number was read out of the graph: what is computed with it has no gradient.

    `.item()`, `.data`, printing, formatting, comparing, `math.isnan` and `math.isfinite` are quiet.

    Example:
        >>> import math, warnings
        >>> from autograd import Value
        >>> with warnings.catch_warnings(record=True) as told:
        ...     warnings.simplefilter("always")
        ...     y = math.sin(Value(2.0))
        >>> told[0].category.__name__
        'LostGradientWarning'
    """


class GrowingGraphWarning(UserWarning):
    """Every backward pass goes through all before it, as `w = w - lr * w.grad` makes it.

    Example:
        >>> from autograd import Value
        >>> w = Value(2.0)
        >>> for _ in range(100):
        ...     (w * w).backward()
        ...     w.data -= 0.1 * w.grad  # and not w = w - 0.1 * w.grad, which warns
        ...     w.zero_grad()
        >>> w.data < 1e-9
        True
    """
