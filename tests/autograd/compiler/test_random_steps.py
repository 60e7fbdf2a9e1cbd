"""Random programs as training steps: what they do to leaves is what they do uncompiled."""

import random

import numpy as np

import autograd
import nn
import optim
from autograd import Value
from tests.autograd.compiler.programs import TAME, RandomProgram, assert_same_steps
from tests.each import each, in_ci
from tests.fuzz.compiled import RULES


class RandomStep:
    """A random program, its leaves, and one way of training them; the same one for a seed."""

    def __init__(self, seed):
        self.draw = draw = random.Random(seed)
        self.program = RandomProgram(seed, TAME)
        self.params = self.program.leaves
        self.close_up = draw.random() < 0.4
        if self.close_up:
            self.live_in_arrays()
        self.by_hand = draw.random() < 0.3
        self.forgets = draw.choice(["each", "zero", "rule", "never"])
        if self.program.looks_up and not self.close_up:
            self.forgets = draw.choice(["zero", "never"])
            for p in self.params:
                p.grad = 0.0
        self.clips, self.scales = draw.random() < 0.2, draw.random() < 0.2
        self.value_given = draw.random() < 0.3
        rule, settings = draw.choice(RULES)
        order = self.params[:]
        if draw.random() < 0.5:
            draw.shuffle(order)
        groups = [order] if draw.random() < 0.7 or len(order) < 2 else [order[::2], order[1::2]]
        groups = [{"params": g, "lr": 0.01 * (k + 1)} for k, g in enumerate(groups)]
        self.rule = rule(groups, lr=0.02, **settings)

    def live_in_arrays(self):
        """Let the leaves be numbers of Parameters."""
        p = self.program
        arrays = [nn.Parameter([w.data for w in p.weights]), nn.Parameter(numbers(p.table))]
        p.weights = arrays[0].scalars("w").tolist()
        p.table = arrays[1].scalars("t").tolist()
        if p.depth and p.columns:
            arrays.append(nn.Parameter(numbers(p.matrix)))
            p.matrix = arrays[2].scalars("m").tolist()
        p.leaves = p.weights + [w for row in p.matrix + p.table for w in row]
        self.params = arrays if self.draw.random() < 0.7 else p.leaves

    def __call__(self, xs, v, places, rate):
        found, total = self.program(xs, v, places)
        first = self.program.weights[0]  # which requires a gradient whatever is drawn
        loss = sum(autograd.tanh(x) for x in (first, *found)) + autograd.sin(total)
        if self.forgets == "rule":
            self.rule.zero_grad()
        elif self.forgets != "never":
            for p in self.params:
                if self.forgets == "each":
                    p.zero_grad()
                else:
                    p.grad = 0.0 if isinstance(p, Value) else np.zeros(p.shape)
        loss.backward()
        if self.scales:
            for p in filter(reached, self.params):
                p.grad *= 0.5
        if self.clips:
            optim.clip_grad_value_(self.params, 0.3)
        if self.by_hand:
            for p in filter(reached, self.params):
                p.data -= rate * p.grad
        else:
            self.rule.step()
        return loss


def reached(p):
    return isinstance(p, Value) or p.grad is not None


def numbers(rows):
    return np.array([[w.data for w in row] for row in rows])


@each("seed", range(in_ci(40, 15)))
def test_a_random_step_does_what_it_does_uncompiled(seed):
    def made():
        step = RandomStep(seed)
        return step.__call__, step.rule, *step.params

    draw, value_given = random.Random(-seed), RandomStep(seed).value_given
    calls = [
        (
            [draw.uniform(-1, 1) for _ in range(3)],
            Value(0.3) if value_given else 0.3 + 0.1 * k,
            np.array([draw.randrange(3) for _ in range(3)]),
            0.1 / (1 + k),
        )
        for k in range(4)  # after more some have made much of rounding
    ]
    assert_same_steps(made, calls, rtol=1e-8, atol=1e-10)
