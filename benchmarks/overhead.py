"""What recording costs: one elementwise operation on ten numbers, beside NumPy's calls alone."""

import json
import timeit

import numpy as np

from benchmarks.sides import OURS, print_markdown, take_turns

TITLE = (
    "An elementwise operation on 10 numbers, forward and backward, in a chain of 100 operations:\n"
    "recorded and differentiated, and the same calls of NumPy written by hand."
)
LINKS = 100


def report(rounds):
    (found,) = take_turns("overhead", rounds, [OURS])
    rows = [["", OURS, "NumPy by hand", "overhead", "ratio"]]
    for name in CHAINS:
        ours, numpys = found[name], found[f"{name} by hand"]
        times = [f"{1e6 * seconds:.2f} µs" for seconds in (ours, numpys, ours - numpys)]
        rows.append([name, *times, f"{ours / numpys:.1f}×"])
    print_markdown(TITLE, rows)


def multiply(x, factor, gradient):
    y = x
    for _ in range(LINKS):
        y = y * factor
    y.backward(gradient)


def multiply_by_hand(x, factor, gradient):
    before = [x]
    for _ in range(LINKS):
        before.append(before[-1] * factor)
    of_factor = np.zeros(10)
    for y in reversed(before[:-1]):
        of_factor = of_factor + gradient * y
        gradient = gradient * factor


def tanh(x, factor, gradient):
    y = x
    for _ in range(LINKS):
        y = np.tanh(y)
    y.backward(gradient)


def tanh_by_hand(x, factor, gradient):
    after = []
    for _ in range(LINKS):
        x = np.tanh(x)
        after.append(x)
    for y in reversed(after):
        gradient = gradient * (1 - y * y)


def add(x, factor, gradient):
    y = x
    for _ in range(LINKS):
        y = y + factor
    y.backward(gradient)


def add_by_hand(x, factor, gradient):
    y = x
    for _ in range(LINKS):
        y = y + factor
    of_factor = gradient
    for _ in range(LINKS - 1):
        of_factor = of_factor + gradient


CHAINS = {
    "multiply": (multiply, multiply_by_hand),
    "add": (add, add_by_hand),
    "np.tanh": (tanh, tanh_by_hand),
}


def operands():
    """Of a chain by hand: two arrays of ten numbers, and the gradient that comes back."""
    return [*np.random.default_rng(0).uniform(0.9, 1.1, (2, 10)), np.ones(10)]


def tensors():
    """Of a chain of ours."""
    from autograd import Tensor

    *arrays, gradient = operands()
    return [*(Tensor(x, requires_grad=True) for x in arrays), gradient]


def work():
    figures = {}
    for name, (ours, by_hand) in CHAINS.items():
        figures[name] = best_time(ours, tensors())
        figures[f"{name} by hand"] = best_time(by_hand, operands())
    return figures


def best_time(chain, given):
    """Seconds per operation; the best of several runs, since other work only adds to it."""
    times = timeit.repeat(lambda: chain(*given), number=100, repeat=10)
    return min(times) / 100 / LINKS


if __name__ == "__main__":
    print(json.dumps(work()))
