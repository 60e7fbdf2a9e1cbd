"""Random training steps that turn to Parameters and to their single numbers in one function.

What either is given the other has, so such a step is the same compiled as it is written, or refused
for what it does: it is never told that it did something else than what was recorded.
"""

import random

import numpy as np

import autograd
import nn
import optim
from autograd import CompileError, Value
from tests.autograd.compiler.programs import assert_same_steps
from tests.each import each, in_ci

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


def a_step(seed):
    """A step on two Parameters, their numbers and a Value; the same for a seed."""
    draw = random.Random(seed)
    lines = ["def step(x):", "loss, results = (e00 * x + e11 * value).tanh(), []"]
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


@each("seed", range(in_ci(100, 40)))
def test_a_step_on_arrays_and_their_numbers_is_as_uncompiled_or_refused(seed):
    calls, rounding = [(1.0 + 0.5 * k,) for k in range(4)], {"rtol": 1e-10, "atol": 1e-13}
    with np.errstate(all="ignore"):
        try:
            assert_same_steps(lambda: a_step(seed), calls, each=True, audit=False, **rounding)
        except CompileError as err:
            refused = str(err)
        else:
            refused = ""
    assert "does something else" not in refused


def numbers_of_two_arrays():
    arrays = [nn.Parameter([0.5, 0.2]), nn.Parameter([0.1, 0.3])]
    return arrays, [e for p in arrays for e in p.scalars()]


def test_an_optimizer_of_all_numbers_forgets_the_gradients_of_their_arrays():
    arrays, (a, b, c, d) = numbers_of_two_arrays()
    optimizer = optim.SGD([a, b, c, d], lr=0.1)

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
