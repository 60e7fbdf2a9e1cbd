"""Random steps that keep arrays of leaves, or single numbers of them, and change them in any order.

What an array is given its numbers have, and what is kept shows at every use what it shows
uncompiled: such a step is the same compiled as it is written, or refused for what it does.
"""

import importlib.util
import itertools
import random
import re

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, GraphError, Tensor, Value
from tests.autograd.compiler.programs import assert_same_steps
from tests.each import each, in_ci

LEAVES = {
    "Parameter": nn.Parameter,
    "Tensor": lambda x: Tensor(x, requires_grad=True),
    "Buffer": nn.Buffer,
}
KEPT = [
    "{a}.data", "{a}.data", "{a}.data[:1]", "{a}.data.T", "{a}.data.copy()", "{a}.data[0]",
    "{a}.detach().data", "{a}.detach().reshape(4).data", "Tensor({a}.data).data", "{g}.grad",
    "{g}.grad", "{g}.grad[:1]", "{g}.grad.T", "{g}.grad.copy()", "in_list[0]", "gradient_of({g})",
]  # fmt: skip
CHANGES = [
    "{a}.data -= r * 0.3", "{a}.data = {a}.data * (1 - r)", "{a}.data = {b}.data",
    "{g}.grad *= 1 - r", "{g}.grad = {g}.grad * (1 - r)", "{g}.grad = {h}.grad",
    "{g}.grad = {a}.data", "{g}.grad = None", "{g}.grad = -r * p.data",
    "(r * (p * p * b).sum() + r * (q * p).sum()).backward()", "rule.step()", "rule.zero_grad()",
    "{x} -= r * 0.2", "{a}.data = {x} if {x}.shape == (2, 2) else {a}.data",
    "{g}.grad = {x} if {x}.shape == (2, 2) else {g}.grad", "loss = ({x} * {g}).sum() * r",
    "loss.backward()", "in_list[0] = {g}.grad", "optim.clip_grad_norm_([p, q], 0.5)",
    "optim.clip_grad_value_([p], 0.01)", "{a}.data[0] = r + {a}.data[0]", "{a}.data[0, 1] -= r",
    "{a}.data[1, 0] = r", "{g}.grad[1:] *= 1 - r", "{g}.grad[mask] = -r * 0.5",
    "np.clip({a}.data, -3.0, 3.5, out={a}.data)", "np.copyto({g}.grad, {g}.grad * (1 - r))",
    "{a}.data[...] = {a}.data.T * r + {a}.data * (1 - r)", "np.add.at({a}.data, [0, 0], r)",
    "{a}.data.T[0] -= r",
]  # fmt: skip


def source_on_arrays(rng):
    """A step that keeps arrays of leaves and changes leaves, in any order."""
    lines, kept = ["in_list, loss = [p.data], (p * r).sum()", "x0 = p.data"], ["x0"]
    for _ in range(rng.integers(4, 14)):
        names = {"a": "pqb", "b": "pqb", "g": "pq", "h": "pq", "x": kept}
        chosen = {name: rng.choice(list(among)) for name, among in names.items()}
        if rng.random() < 0.4:
            lines.append(f"x{len(kept)} = {rng.choice(KEPT)}".format(**chosen))
            kept.append(f"x{len(kept)}")
        else:
            lines.append(rng.choice(CHANGES).format(**chosen))
    total = " + ".join(f"{x}.sum()" for x in kept)
    lines += [f"c.data = c.data * 0.0 + ({total})", f"return [{', '.join(kept[::2])}]"]
    return "\n    ".join(["def step(r):", *lines])


def step_on_arrays(source, kinds):
    numbers = [[1.0, 2.0], [3.0, 4.0]], [[0.5, -1.0], [2.0, 1.0]], np.ones((2, 2)), np.zeros((2, 2))
    p, q, b, c = leaves = [LEAVES[kind](np.array(x)) for kind, x in zip(kinds, numbers)]
    p.grad, q.grad = np.full((2, 2), 0.25), np.full((2, 2), -0.5)
    rule = optim.SGD([p, q], lr=1e-300, momentum=0.5)
    rule.step()  # it takes Parameters into one array
    scope = {"p": p, "q": q, "b": b, "c": c, "rule": rule, "Tensor": Tensor, "optim": optim}
    scope |= {"np": np, "mask": np.eye(2, dtype=bool), "gradient_of": lambda leaf: leaf.grad}
    exec(source, scope)
    return scope["step"], rule, *leaves


def changing_nothing_at_first(k, rule, *leaves):
    rule.lr = 1e-300 if k < 3 else 0.1
    for x in leaves:  # what a call leaves behind are copies
        if type(x) is Tensor and x.grad is not None:
            x.grad = np.array(x.grad)


ITS_OWN = AttributeError, GraphError, TypeError, ValueError
NATIVE = [(seed, "native") for seed in range(12) if importlib.util.find_spec("llvmlite")]


@each(("seed", "backend"), [*itertools.product(range(in_ci(80, 12)), ["numpy"]), *NATIVE])
def test_arrays_that_a_step_keeps_show_what_they_show_uncompiled(seed, backend):
    rng = np.random.default_rng(seed)
    source = source_on_arrays(rng)
    kinds = [*rng.choice(["Parameter", "Tensor"], 1).repeat(2), *rng.choice(list(LEAVES), 2)]
    calls = [(0.0,)] * 3 + [(0.5,)] * 3  # at first nobody could see a difference
    try:
        assert_same_steps(
            lambda: step_on_arrays(source, kinds), calls, changing_nothing_at_first, each=True,
            rtol=1e-10, atol=1e-12, errors=ITS_OWN, audit=bool(seed % 2), backend=backend,
        )  # fmt: skip
    except CompileError as err:
        if not re.search(r"writing (to|into)|\.grad inside", str(err)):
            raise
    except AssertionError as err:
        err.add_note(source)
        raise


# --- Parameters and their single numbers in one function ------------------------------------------

ACTS = """
p{i}.zero_grad()
e{i}{j}.grad = 0.0
e00.grad = e01.grad = e10.grad = e11.grad = 0.0
loss = loss * e{i}{j} + e01
loss = loss * e{i}{j} + e01
loss.backward()
if p{i}.grad is not None: p{i}.data -= 0.1 * p{i}.grad
e{i}{j}.data -= 0.1 * e{i}{j}.grad
of_arrays.step()
of_elements.step()
of_arrays.zero_grad()
of_elements.zero_grad()
results.append(e{i}{j}.data)
results.append(p{i}.data * 1.0)
results.append(e{i}{j}.grad)
results.append(None if p{i}.grad is None else p{i}.grad * 1.0)
results.append(1.0 if e{i}{j} > 0.1 else 0.0)
""".strip().splitlines()
RULES = [(optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.Adam, {"eps": 1e-2})]


def step_on_numbers(seed):
    """A step on two Parameters, their numbers and a Value; the same for a seed."""
    draw = random.Random(seed)
    lines = ["def step(x):", "loss, results = (e00 * x + e11 * x * value).tanh(), []"]
    for _ in range(draw.randint(2, 7)):
        lines.append(draw.choice(ACTS).format(i=draw.randint(0, 1), j=draw.randint(0, 1)))
    p, q = ([draw.uniform(-1, 1) for _ in range(2)] for _ in range(2))
    p, q, value = nn.Parameter(p), nn.Parameter(q), Value(draw.uniform(-1, 1))
    elements = [e for array in (p, q) for e in array.scalars()]
    rule, settings = draw.choice(RULES)
    scope = dict(zip(("e00", "e01", "e10", "e11"), elements), p0=p, p1=q, value=value)
    scope["of_arrays"] = rule([p, q], lr=0.1, **settings)
    scope["of_elements"] = rule(elements, lr=0.1, **settings)
    exec("\n    ".join([*lines, "return [loss, *results]"]), scope)
    return scope["step"], p, q, value


@each("seed", range(in_ci(150, 25)))
def test_a_step_on_arrays_and_their_numbers_is_as_uncompiled_or_refused(seed):
    calls = [(x,) for x in ((0.0, 0.0, 1.5, 2.0) if seed % 2 else (1.0, 1.5, 2.0, 2.5))]
    with np.errstate(all="ignore"):
        try:
            assert_same_steps(
                lambda: step_on_numbers(seed), calls, each=True, audit=False, rtol=1e-10, atol=1e-13
            )
        except CompileError as err:
            if "does something else" in str(err):
                raise


def test_an_optimizer_of_all_numbers_forgets_the_gradients_of_their_arrays():
    arrays = [nn.Parameter([0.5, 0.2]), nn.Parameter([0.1, 0.3])]
    a, b, c, d = numbers = [e for p in arrays for e in p.scalars()]
    optimizer = optim.SGD(numbers, lr=0.1)

    @autograd.compile
    def step(x):
        loss = (a * x + d).tanh() * (b * x + c).tanh() + a * b * c
        loss.backward()
        optimizer.zero_grad()
        return loss

    for _ in range(3):
        step(0.3)
        assert [p.grad for p in arrays] == [None, None]
    assert step.recorded()


@pytest.mark.parametrize("use", [lambda p: p.grad, lambda p: p.data, lambda p: (p * p).sum()])
def test_asking_for_an_array_leaves_the_gradients_of_its_single_numbers(use):
    p, v, w = nn.Parameter([1.0, 3.0]), Value(2.0), Value(1.0)
    first, _ = p.scalars()

    def step():
        before = first.grad
        use(p)
        v.grad, w.grad = before, first.grad

    step = autograd.compile(step, audit=False)
    for grad in ([0.0, 0.0], [0.0, 0.0], [0.1, 0.2]):  # at first nobody could see a difference
        p.grad = grad
        step()
        assert v.grad == w.grad == grad[0]
