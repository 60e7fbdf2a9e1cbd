"""What the engine is held against: derivatives found without it, and the small zoo of shapes."""

import numpy as np

from autograd.op import RULEBOOK, Elementwise

ELEMENTWISE = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]
STRUCTURAL = [op for op in RULEBOOK.values() if not isinstance(op, Elementwise)]

SHAPES = [(), (3,), (1,), (2, 3), (1, 3), (0,)]


def fit(*shapes):
    """Whether NumPy broadcasts these shapes together."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return False
    return True


PAIRS = [(a, b) for a in SHAPES for b in SHAPES if fit(a, b)]


def inside_domain(op, shape, seed=0):
    """One array per operand, drawn from inside its domain; an infinite end is cut off near 0."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(*_interior(low, high), shape) for low, high in op.domain]


def _interior(low, high, width=3.0):
    low, high = max(low, min(high, 0) - width), min(high, max(low, 0) + width)
    margin = 0.02 * (high - low)
    return low + margin, high - margin


def complex_step(f, xs, i):
    """The gradient of the number f(*xs) with respect to xs[i]; exact to the last bits."""
    return _each_element(xs, i, 1e-20j, complex, lambda up: f(*up).imag / 1e-20)


def central_difference(f, xs, i, h=1e-5):
    """The same for an f that complex numbers cannot enter; good to about 1e-9."""
    up = _each_element(xs, i, h, float, lambda moved: f(*moved))
    down = _each_element(xs, i, -h, float, lambda moved: f(*moved))
    return (up - down) / (2 * h)


def _each_element(xs, i, bump, dtype, f):
    results = np.empty(np.shape(xs[i]))
    for index in np.ndindex(results.shape):
        moved = [np.array(x, dtype) for x in xs]
        moved[i][index] += bump
        results[index] = f(moved)
    return results
