"""Programs that do the same again and again, and the Values that they learn."""

import numpy as np

from autograd import Value


def recurrent():
    """Four neurons that read numbers, one after the other."""
    w = [Value(x) for x in (np.random.default_rng(7).normal(size=20) * 0.5).tolist()]
    rows = [(w[4 * i : 4 * i + 4], w[16 + i]) for i in range(4)]

    def f(xs):
        h = [0.0] * 4
        for x in xs:
            h = [
                (sum(a * s for a, s in zip(row, h, strict=True)) + u * x).tanh() for row, u in rows
            ]
        return sum(h)

    return f, w


def orbit():
    """One number that waits for the one before it."""
    w, b = Value(0.7), Value(0.1)

    def f(x):
        for _ in range(300):
            x = (w * x + b).sin()
        return x

    return f, [w, b]
