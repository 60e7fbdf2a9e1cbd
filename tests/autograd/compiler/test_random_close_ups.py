"""Random training steps that turn to Parameters and to their single numbers in one function.

What either is given the other has, so such a step is the same compiled as it is written, or refused
for what it does: it is never told that it did something else than what was recorded.
"""

import random

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, Value

ACTS = [
    "array.zero_grad", "element.grad = 0", "all elements", "multiply", "multiply", "backward",
    "array.data", "element.data", "arrays' step", "elements' step", "arrays' zero_grad",
    "elements' zero_grad", "read element", "read array", "read its gradient",
    "read the array's gradient", "compare",
]  # fmt: skip
RULES = [(optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.Adam, {"eps": 1e-2})]


class RandomCloseUp:
    """Two Parameters, a Value, and what is done to them; the same for a seed."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.acts = [
            (draw.choice(ACTS), draw.randint(0, 1), draw.randint(0, 1))
            for _ in range(draw.randint(2, 7))
        ]
        self.arrays = [nn.Parameter([draw.uniform(-1, 1) for _ in range(2)]) for _ in range(2)]
        self.value = Value(draw.uniform(-1, 1))
        self.elements = [list(p.scalars()) for p in self.arrays]
        rule, settings = draw.choice(RULES)
        self.of_arrays = rule(self.arrays, lr=0.1, **settings)
        self.of_elements = rule([e for row in self.elements for e in row], lr=0.1, **settings)

    def step(self, x):
        (a, b), (_, c) = self.elements
        loss, results = (a * x + c * self.value).tanh(), []
        for act, i, j in self.acts:
            p, e = self.arrays[i], self.elements[i][j]
            if act == "multiply":
                loss = loss * e + b
            elif act == "backward":
                loss.backward()
            elif act.startswith("read"):
                found = {
                    "read element": lambda e=e: e.data,
                    "read array": lambda p=p: p.data * 1.0,
                    "read its gradient": lambda e=e: e.grad,
                }.get(act, lambda p=p: None if p.grad is None else p.grad * 1.0)
                results.append(found())
            elif act == "compare":
                results.append(1.0 if e > 0.1 else 0.0)
            else:
                self.change(act, p, e)
        return [loss, *results]

    def change(self, act, p, e):
        if act == "array.zero_grad":
            p.zero_grad()
        elif act == "element.grad = 0":
            e.grad = 0.0
        elif act == "all elements":
            for one in (*self.elements[0], *self.elements[1]):
                one.grad = 0.0
        elif act == "array.data" and p.grad is not None:
            p.data -= 0.1 * p.grad
        elif act == "element.data":
            e.data -= 0.1 * e.grad
        elif act.endswith("step"):
            (self.of_arrays if act.startswith("arrays") else self.of_elements).step()
        elif act.endswith("' zero_grad"):
            (self.of_arrays if act.startswith("arrays") else self.of_elements).zero_grad()


def log(seed, wrap):
    """What four calls give and leave behind."""
    it, found = RandomCloseUp(seed), []
    step = wrap(it.step)
    for k in range(4):
        found += [getattr(x, "data", x) for x in step(1.0 + 0.5 * k)]
        found += [x.grad for x in (*it.arrays, it.value)]
        found += [np.array(x.data) for x in (*it.arrays, it.value)]
    return found


@pytest.mark.parametrize("seed", range(100))
def test_a_step_on_arrays_and_their_numbers_is_as_uncompiled_or_refused(seed):
    with np.errstate(all="ignore"):
        theirs = log(seed, lambda f: f)
        try:
            ours = log(seed, lambda f: autograd.compile(f, audit=False))
        except CompileError as err:
            refused = str(err)
        else:
            refused = ""
    if refused:
        assert "does something else" not in refused
        return
    assert [x is None for x in ours] == [x is None for x in theirs]
    for one, other in zip(ours, theirs, strict=True):
        if other is not None:
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)


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


@pytest.mark.parametrize(
    "between",
    [
        lambda p: setattr(p, "grad", 0.0),
        lambda p: setattr(p, "grad", 1.0),
        lambda p: p.zero_grad(),
    ],
)
def test_a_second_pass_after_gradients_were_set_is_refused(between):
    p, q = Value(0.5), Value(0.2)

    def step(x):
        y = (p * x + q).tanh()
        y.backward()
        between(p)
        (y * y).backward()

    with pytest.raises(CompileError, match=r"a second backward\(\)"):
        autograd.compile(step, audit=False)(0.3)
    assert (p.grad, q.grad) == (0.0, 0.0)


def test_two_passes_add_up_where_nothing_is_set_between():
    def gradients(wrap):
        p, q = Value(0.5), Value(0.2)

        def step(x):
            p.grad = q.grad = 0.0
            y = (p * x + q).tanh()
            y.backward()
            (y * y).backward()
            return y

        step = wrap(step)
        return [(step(x).data, p.grad, q.grad) for x in (0.3, 0.4, 0.5)]

    ours = gradients(lambda f: autograd.compile(f, audit=False))
    np.testing.assert_allclose(ours, gradients(lambda f: f), rtol=1e-13)
