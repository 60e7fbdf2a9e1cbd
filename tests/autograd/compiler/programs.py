"""Comparing compiled with uncompiled, and random programs on single numbers to compare."""

import functools
import gc
import random
import tracemalloc

import numpy as np
import pytest

import autograd
import optim
from autograd import RULEBOOK, CompileError, Tensor, Value
from autograd.node import Node
from autograd.op import Elementwise
from autograd.trees import flatten

# Sums are added in another order when compiled, so their last digits differ, and a zero that one
# gives can have the other sign. Most operations pass such a difference on as small as it is. Near
# a pole (1 / x at 1e-16) or at a cut (arctan2(-0.0, -1)) some make as much of it as one likes. That
# is no error of the compiler's, so random programs are compared over the operations in TAME.
EVERY_OP = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]
TAME = [
    RULEBOOK[name]
    for name in [
        "add",
        "subtract",
        "multiply",
        "negative",
        "tanh",
        "sigmoid",
        "sin",
        "cos",
        "relu",
        "softplus",
        "maximum",
        "square",
    ]
]


def gradients(y, leaves):
    """What the backward pass of y brings to leaves."""
    for leaf in leaves:
        leaf.zero_grad()
    y.backward()
    return [leaf.grad for leaf in leaves]


def assert_same_result(g, f, args, leaves, tolerance=1e-12):
    """One number and its gradients; with tolerance 0 the number to the last digit."""
    ours, theirs = g(*args), f(*args)
    np.testing.assert_allclose(ours.data, theirs.data, rtol=tolerance, atol=tolerance)
    assert_same_numbers(gradients(ours, leaves), gradients(theirs, leaves))


def bytes_a_node(g, *args):
    """What the first call of a compiled function keeps, and the most that it holds."""
    gc.collect()
    tracemalloc.start()
    g(*args)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept / g.recorded(), peak / g.recorded()


def step_of(loss_of, optimizer):
    """A training step, as it is written everywhere."""

    def step(*batch):
        loss = loss_of(*batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def seen(result, nodes):
    """What can be seen of a result: kinds and numbers, and the gradients of these nodes."""
    leaves, kinds, total = [], [], 0.0
    for x in flatten(result)[0]:
        if isinstance(x, np.ndarray) and x.dtype == object:
            kinds.append(("of Values", x.shape))  # or of numbers, where one was chosen
            leaves += x.flat
            continue
        is_node, kind = isinstance(x, Node), Tensor if isinstance(x, Tensor) else Value
        kinds.append((kind, x.requires_grad) if is_node else type(x))
        leaves.append(x)
    for k, x in enumerate(leaves):
        if isinstance(x, Node):
            total = total + (k + 1.0) * (x.sum() if isinstance(x, Tensor) else x)
    for node in nodes:
        node.zero_grad()
    if isinstance(total, Node) and total.requires_grad:
        total.backward()
    numbers = [np.array(x.data if isinstance(x, Node) else x) for x in leaves]
    kinds += [node.grad is None for node in nodes]
    return kinds, numbers + [np.array(0.0 if node.grad is None else node.grad) for node in nodes]


def assert_same_calls(f, calls, nodes=(), paths=1, tolerance=1e-12, **options):
    """The same results, of the same kinds, and gradients, and so many recordings."""
    g = autograd.compile(f, **options)
    for args in calls:
        try:
            kinds, expected = seen(f(*args), nodes)
        except ArithmeticError as err:
            with pytest.raises(type(err)):
                g(*args)
            continue
        our_kinds, found = seen(g(*args), nodes)
        assert our_kinds == kinds
        for ours, theirs in zip(found, expected, strict=True):
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            assert_same_numbers(ours, theirs, tolerance)
    assert paths is None or sum(map(len, g._programs.values())) == paths
    return g


def left_in(things):
    """What a step may change: numbers, gradients, counts, averages, and what was drawn."""
    seen = []
    for x in things:
        if isinstance(x, Node):
            seen += [np.array(x.data), None if x._grad is None else np.array(x.grad)]
        elif isinstance(x, np.random.Generator):
            seen.append(x.bit_generator.state)
        elif isinstance(x, optim.Optimizer):
            seen += [group["lr"] for group in x.param_groups]
            for group in x.state_dict()["state"]:
                seen += [np.array(group["steps"]), *(y for _, y in sorted(group["kept"].items()))]
        else:
            seen += x.state_dict().values()
    return seen


def assert_same_steps(
    make, calls, between=None, after=None, rtol=1e-11, atol=0.0, *, each=False, signs=False,
    errors=(), **options,
):  # fmt: skip
    """What calls give and leave in what they change, compiled as uncompiled; the compiled function.

    `make` gives a function and all that it may change, new each time; `between` is called before
    each call with its number and these, `after` with what it gave, too. With `each` it is seen
    after each call what is left, with `signs` the signs of zeros, too. One of `errors` ends a run.
    """
    runs = []
    for wrap in (lambda f: f, functools.partial(autograd.compile, **options)):
        f, *changed = make()
        f, seen = wrap(f), []
        for k, args in enumerate(calls):
            if between is not None:
                between(k, *changed)
            try:
                result = f(*args)
            except errors as err:
                if isinstance(err, CompileError):  # which may come where the function errs
                    if runs and isinstance(runs[0][-1], type):
                        return f
                    raise
                changed = []  # compiled it has changed less
                seen.append(type(err))
                break
            found = [x.data if isinstance(x, Node) else x for x in flatten(result)[0]]
            seen += [np.array(x) if isinstance(x, np.ndarray) else x for x in found]
            if after is not None:
                after(k, result, *changed)
            seen += left_in(changed) if each else []
        runs.append(seen + left_in(changed))
    expected, found = runs
    for ours, theirs in zip(found, expected, strict=True):
        if not isinstance(theirs, float | np.floating | np.ndarray):
            np.testing.assert_equal(ours, theirs)
            continue
        assert isinstance(ours, np.ndarray) == isinstance(theirs, np.ndarray)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        if not np.array_equal(ours, theirs):  # which takes a tenth of the time
            np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
        if signs:
            np.testing.assert_array_equal(np.signbit(ours), np.signbit(theirs))
    return f


class RandomProgram:
    """Sums of products, some of them matrices in disguise, and other operations at random."""

    def __init__(self, seed, ops):
        self.draw = draw = random.Random(seed)
        count = draw.randint(1, 50)
        self.ops = [draw.choice(ops) for _ in range(count)]
        self.places = [(draw.random(), draw.random(), draw.random()) for _ in range(count)]
        self.constants = [draw.choice([0.0, 1.0, -1.0, draw.uniform(-2, 2)]) for _ in range(count)]
        self.weights = [Value(draw.uniform(-1.5, 1.5)) for _ in range(4)]
        self.rows, self.columns, self.depth = (draw.randint(0, 4) for _ in range(3))
        self.matrix = [
            [Value(draw.uniform(-1, 1)) for _ in range(self.depth)] for _ in range(self.columns)
        ]
        self.outputs = draw.randint(1, 3)
        self.table = [[Value(draw.uniform(-1, 1)) for _ in range(2)] for _ in range(3)]
        self.leaves = self.weights + [w for row in self.matrix + self.table for w in row]
        self.looks_up, self.detaches = draw.random() < 0.4, draw.random() < 0.2

    def __call__(self, xs, v, places=(0, 2, 2)):
        pool = [*xs, *self.weights, v]
        if self.looks_up:  # first, so that they may be multiplied as matrices
            taken = autograd.take(self.table, places)
            pool = [x for row in taken for x in row] + pool
        if self.detaches:
            pool = [w.detach() for w in self.weights] + pool
        self.disguised_product(pool)
        for op, (a, b, c), constant in zip(self.ops, self.places, self.constants):
            # mostly what was computed last, so that programs get deep
            near = -1 - int(a * min(8, len(pool)))
            x = pool[int(a * len(pool)) if b < 0.3 else near]
            y = constant if c < 0.2 else pool[int(b * len(pool))]
            pool.append(op(x) if op.arity == 1 else op(x, y))
        return [1.0 * p for p in pool[-self.outputs :]], sum(pool[-6:])

    def disguised_product(self, pool):
        if not self.depth:
            return
        inputs = [
            [pool[(i * self.depth + k) % len(pool)] for k in range(self.depth)]
            for i in range(self.rows)
        ]
        for i, x in enumerate(inputs):
            for j, w in enumerate(self.matrix):
                pool.append(sum(map(lambda a, b: a * b, w, x)) + self.weights[(i * j) % 4])

    def run(self, function, xs, number):
        """All values and gradients that calling `function` and `backward` give."""
        v = Value(number)
        places = np.array([int(abs(number) * k) % 3 for k in (97, 991, 9973)])
        for leaf in self.leaves:
            leaf.zero_grad()
        outputs, total = function(xs, v, places)
        loss = total + 0.0 * self.weights[0]  # which requires a gradient whatever is drawn
        for i, output in enumerate(outputs):
            loss = loss + (0.5 + i) * output
        if isinstance(loss, Value):
            loss.backward()
        kinds = [type(x) is float for x in (*outputs, total)]
        values = [getattr(x, "data", x) for x in (*outputs, total, loss)]
        return kinds, np.array(values), np.array([leaf.grad for leaf in (*self.leaves, v)])


class RandomRecurrence:
    """Random operations on a few numbers, the same in every round."""

    def __init__(self, seed):
        self.draw = draw = random.Random(seed)
        self.rounds = draw.randint(4, 9)
        self.leaves = [Value(draw.uniform(-1, 1)) for _ in range(8)]
        self.width = draw.randint(1, 5)
        count = draw.randint(1, 12)
        self.ops = [draw.choice(TAME) for _ in range(count)]
        self.places = [(draw.random(), draw.random()) for _ in range(count)]
        self.sums, self.late, self.turning = (draw.random() < 0.5 for _ in range(3))
        self.inner, self.detaches = draw.random() < 0.2, draw.random() < 0.2
        self.table = draw.random() < 0.2

    def __call__(self, xs, v, places):
        leaves = self.leaves
        state, old = leaves[: self.width], [0.0] * self.width
        if self.table:
            state = [row[0] for row in autograd.take([[w] for w in leaves], places[: self.width])]
        kept = []
        for t in range(self.rounds):
            weights = leaves[t % 3 :] + leaves[: t % 3] if self.turning else leaves
            pool = [*weights, *state, xs[t], 0.5, v]
            if self.sums:
                for k in range(self.width):
                    row = weights[k : k + self.width]
                    pool.append(sum((w * s for w, s in zip(row, state)), xs[t] + leaves[-1]))
            for op, (a, b) in zip(self.ops, self.places):
                x, y = pool[-1 - int(a * 6)], pool[int(b * len(pool))]
                pool.append(op(x) if op.arity == 1 else op(x, y))
            if self.detaches:
                pool[-1] = autograd.sin(pool[-1] * v).detach() + pool[-1]
            if self.inner:
                for _ in range(5):
                    pool.append(autograd.tanh(pool[-1] * weights[1] + pool[-2]))
            old, state = state, [0.5 * autograd.tanh(p) for p in pool[-self.width :]]
            if self.late and t:
                state = [s + 0.1 * o for s, o in zip(state, old)]
            kept.append(state[t % self.width])
        return kept, sum(state) + v


def assert_same_numbers(ours, theirs, tolerance=1e-12):
    """Equal to a tolerance relative to the largest of them: sums may be added in another order."""
    if np.array_equal(ours, theirs):  # which takes a tenth of the time
        return
    finite = np.abs(np.where(np.isfinite(theirs), theirs, 0.0))
    scale = max(1.0, finite.max(initial=0))
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale)


def assert_same_compiled(program):
    """A random program recorded, and replayed with other data, beside itself uncompiled."""
    v = Value(0.0)

    def calls():
        for _ in range(2):
            v.data = program.draw.uniform(-1, 1)
            places = np.array([int(abs(v.data) * k) % 3 for k in (97, 991, 9973)])
            yield [program.draw.uniform(-2, 2) for _ in range(3)], v, places

    assert_same_calls(program, calls(), [*program.leaves, v], paths=None)


def assert_same_recurrence(seed):
    """A random recurrence recorded, and replayed with other data, beside itself uncompiled."""
    f, v, rng = RandomRecurrence(seed), Value(0.0), np.random.default_rng(seed)

    def calls():
        for k in range(2):
            v.data = 0.3 + k
            yield rng.normal(size=f.rounds).tolist(), v, rng.integers(0, 8, size=f.width)

    assert_same_calls(f, calls(), [*f.leaves, v], paths=None)
