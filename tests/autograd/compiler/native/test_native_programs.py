"""Programs and whole steps by the machine's code: what they give and leave is as it is written."""

import os
from functools import partial

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import Tensor, Value
from autograd.compiler.instructions import Chain
from tests.autograd.compiler.native.calls import SPECIAL, names_of_numpys
from tests.autograd.compiler.programs import assert_same_steps, step_of

if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("llvmlite", reason="needs llvmlite, the extra native")

PROGRAMS = {}


def program(name, calls, close=1e-11, numpys=(), **options):
    """What gives a function and what it changes; calls; and which calls of it stay NumPy's."""
    return lambda make: PROGRAMS.update({name: (make, calls, close, numpys, options)})


def check(name, given_up=False):
    """The compiled function, after its calls, each with a pass, beside it as it is written."""
    make, calls, close, numpys, options = PROGRAMS[name]

    def forget(k, *leaves):
        for leaf in leaves:
            if isinstance(leaf, Value | Tensor):
                leaf.zero_grad()

    def differentiate(k, result, *leaves):
        if not any(isinstance(x, optim.Optimizer) for x in leaves):  # else it is a step
            result.backward()

    with np.errstate(all="ignore"):
        f = assert_same_steps(
            make, calls, forget, differentiate, close, close, each=True, backend="native", **options
        )
    assert f._newest.native.refused == given_up
    assert given_up or numpys is None or names_of_numpys(f) == [*numpys]
    return f


RNG = np.random.default_rng(2)


def trained(model, rule, dtype=np.float64, loss_of=nn.functional.cross_entropy):
    """A step of a new model, which takes its numbers from a generator of its own."""
    model = model(np.random.default_rng(1)).astype(dtype)
    optimizer = rule(model.parameters())
    return step_of(lambda x, y: loss_of(model(x), y), optimizer), optimizer, *model.parameters()


def small(rng):
    return nn.Sequential(nn.Linear(5, 7, rng=rng), nn.Tanh(), nn.Linear(7, 3, rng=rng))


def convolutional(rng):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, rng=rng), nn.ReLU(), nn.Conv2d(4, 6, 3, stride=2, rng=rng),
        nn.Tanh(), nn.MaxPool2d(2, stride=1), nn.AvgPool2d(2, padding=1), nn.Flatten(),
        nn.Linear(6, 3, rng=rng),
    )  # fmt: skip


def embedded(rng):
    return nn.Sequential(
        nn.Embedding(9, 4, rng=rng), nn.Flatten(), nn.Linear(12, 3, rng=rng), nn.Tanh()
    )


CLASSES = RNG.integers(0, 3, 6)
ROWS, IMAGES = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 1, 6, 6))
PLACES = [(RNG.integers(0, 9, (6, 3)), RNG.integers(0, 3, 6)) for _ in range(6)]
for name, rule in {
    "SGD": partial(optim.SGD, lr=0.05),
    "Nesterov": partial(optim.SGD, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": partial(optim.Adam, lr=0.01),
    "AdamW": partial(optim.AdamW, lr=0.01),
    "RMSprop": partial(optim.RMSprop, lr=0.01),
    "Adagrad": partial(optim.Adagrad, lr=0.01),
}.items():
    program(name, [(ROWS, CLASSES)] * 4)(partial(trained, small, rule))
for dtype, close in (("f8", 1e-11), ("f4", 1e-4)):
    adam, images, rows = partial(optim.Adam, lr=1e-2), IMAGES.astype(dtype), ROWS.astype(dtype)
    program(f"Adam of {dtype}", [(rows, CLASSES)] * 4, close)(partial(trained, small, adam, dtype))
    program(f"convolutions of {dtype}", [(images, CLASSES)] * 5, close)(
        partial(trained, convolutional, adam, dtype)
    )
    program(f"embeddings of {dtype}", PLACES, close)(partial(trained, embedded, adam, dtype))


@program("a recurrent network on arrays", [(RNG.normal(size=30), RNG.normal(size=30))] * 6)
def recurrent():
    first = np.random.default_rng(0)
    shapes = (4, 4), (4,), (4,), (4,)
    w, u, b, o = parts = [
        Tensor(0.3 * first.normal(size=shape), requires_grad=True) for shape in shapes
    ]

    def loss(x, y):
        h, total = np.zeros(4), 0.0
        for t in range(30):
            h = autograd.tanh(w @ h + u * x[t] + b)
            total = total + (o @ h - y[t]) ** 2
        return total

    optimizer = optim.SGD(parts, lr=0.05, momentum=0.5)
    return step_of(loss, optimizer), optimizer, *parts


def table_of(rng, rows, columns, special=()):
    x = rng.normal(size=(rows, columns))
    x.flat[: len(special)] = special
    return [[Value(number) for number in row] for row in x.tolist()]


ROUNDS = [(RNG.normal(size=40).tolist(), RNG.integers(-4, 4, 40)) for _ in range(4)]
ROUNDS[3][1][17] = 4  # which is not there
for special in ([], [np.nan], [-0.0]):

    @program(f"rounds on single numbers, {special}", ROUNDS, errors=(IndexError,))
    def rounds(special=special):
        rng = np.random.default_rng(6)
        table, w = table_of(rng, 4, 5), table_of(rng, 5, 5, special)

        def f(xs, letters):
            h, total = [0.0] * 5, 0.0
            for t in range(20):
                seen = autograd.take(table, letters[t])
                h = [
                    (sum(0.4 * a * b for a, b in zip(row, h)) + s * xs[t]).tanh()
                    for row, s in zip(w, seen)
                ]
                total = total + (h[0] - xs[t]) ** 2
            return total

        return f, *(v for row in (*table, *w) for v in row)


CHAINS = {
    "sin": lambda x, w, b: (w * x + b).sin(),
    "quotients and powers": lambda x, w, b: (x * x + 1.5) ** 0.5 / (w + x**3) - b,
    "kinks": lambda x, w, b: (w * x - b).relu() + abs(x - 0.3) * autograd.maximum(x, b),
    "exponentials": lambda x, w, b: (w * x).exp() * 0.3 - autograd.log1p(x * x) + (b * x).tanh(),
}
for kind, step in CHAINS.items():

    @program(f"a chain: {kind}", [(x,) for x in (0.3, *SPECIAL)], 1e-9)
    def chain(step=step):
        w, b = Value(0.7), Value(0.1)

        def f(x):
            y = x * w
            for _ in range(40):
                y = step(y, w, b)
            return y + x

        return f, w, b


for special in ([], SPECIAL):
    chosen = [([0, 3, 6], 2), ([-1, 5, 5], -3), ([2, 2, 2], 0), ([0, 7, 1], 0)]

    @program(
        f"lookups among single numbers, {special}", [(np.array(i), k) for i, k in chosen],
        errors=(IndexError,),
    )  # fmt: skip
    def lookups(special=special):
        rows = table_of(np.random.default_rng(0), 7, 3, special)

        def f(word, class_):
            x = [a + b for a, b in zip(autograd.take(rows, word[0]), autograd.take(rows, word[1]))]
            return autograd.take([v.tanh() for v in x], class_) * autograd.take(rows, word[2])[1]

        return f, *(v for row in rows for v in row)


def of_a_tensor(f, numbers):
    t = Tensor(numbers, requires_grad=True)
    return (lambda *args: f(t, *args)), t


program("columns chosen by a list, and ties", [(np.array([1.0, -2.0, 3.0, 1.0]),)] * 2)(partial(
    of_a_tensor,
    lambda w, x: (
        (w * x[:, None])[:, [0, 2]].sum() + (w * x[:, None]).max(axis=1).sum()
        + (w * x[:, None])[[3, 3], [0, 1]].sum()
    ),
    np.arange(12.0).reshape(4, 3) % 5,
))  # fmt: skip
program("what is not known, between native calls", [(2.0,), (2.0,), (-0.5,)], numpys=None)(
    partial(of_a_tensor, lambda t, x: (autograd.sort(t * x) ** 2).tanh().sum(), [3.0, -1.0, 0.5])
)
program("places and truth values", [
    (np.array(x), np.array(i)) for x, i in (
        ([1.0, -2.0, 3.0], [0, 2]), ([1.0, -1.0, 4.0], [-1, -1]), ([2.0, -1.0, 1.0], [2, 0])
    )
], numpys=None)(partial(
    of_a_tensor, lambda t, x, i: (t * x)[(t * x) > 0].mean() + (t[i] ** 2).sum(), [1.0, 2.0, 3.0]
))  # fmt: skip


@program("a guard", [(x,) for x in (1.0, 2.0, 0.1, 3.0, 0.2)])
def guarded():
    w = Value(2.0)
    return (lambda x: w * x + w * w if w * x > 1.0 else -w * x - w), w


@pytest.mark.parametrize("name", PROGRAMS)
def test_native_code_gives_and_leaves_what_the_function_does(name):
    f = check(name)
    instructions = f._newest.raised.instructions if "chain" in name else ()
    assert any(isinstance(x, Chain) for x in instructions) is ("chain" in name)


def test_a_recurrent_network_on_arrays_is_one_short_native_call():
    assert len(check("a recurrent network on arrays")._newest.native.state.made.functions) == 1
