"""Arrays of leaves that a compiled step keeps: they show at every use what they show uncompiled."""

import re

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, GraphError, Tensor, Value
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


def a_step(rng):
    """Source of a step that keeps arrays of leaves and changes leaves, in any order."""
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


def trained(source, kinds, compiled, audit=False):
    numbers = [
        [[1.0, 2.0], [3.0, 4.0]],
        [[0.5, -1.0], [2.0, 1.0]],
        np.ones((2, 2)),
        np.zeros((2, 2)),
    ]
    leaves = [LEAVES[kind](np.array(x)) for kind, x in zip(kinds, numbers, strict=True)]
    p, q, b, c = leaves
    p.grad, q.grad = np.full((2, 2), 0.25), np.full((2, 2), -0.5)
    rule = optim.SGD([p, q], lr=1e-300, momentum=0.5)
    rule.step()  # it takes Parameters into one array
    scope = {"p": p, "q": q, "b": b, "c": c, "rule": rule, "Tensor": Tensor, "optim": optim}
    scope |= {"np": np, "mask": np.eye(2, dtype=bool)}
    scope["gradient_of"] = lambda leaf: leaf.grad
    exec(source, scope)
    step = autograd.compile(scope["step"], audit=audit) if compiled else scope["step"]
    seen = []
    for k in range(6):  # at first nothing changes, so that nobody could see a difference
        rule.lr = 1e-300 if k < 3 else 0.1
        seen += [np.array(x) for x in step(0.0 if k < 3 else 0.5)]
        seen += [np.array(x.data) for x in leaves]
        seen += [np.full(3, 7.0) if x.grad is None else np.array(x.grad) for x in leaves]
        for x in leaves:  # what a call leaves behind are copies
            if type(x) is Tensor and x.grad is not None:
                x.grad = np.array(x.grad)
    return seen


ITS_OWN = AttributeError, GraphError, TypeError, ValueError


@each("seed", range(in_ci(80, 25)))
def test_arrays_that_a_step_keeps_show_what_they_show_uncompiled(seed):
    rng = np.random.default_rng(seed)
    source = a_step(rng)
    kinds = [*rng.choice(["Parameter", "Tensor"], 1).repeat(2), *rng.choice(list(LEAVES), 2)]
    try:
        expected = trained(source, kinds, compiled=False)
    except ITS_OWN as err:
        with pytest.raises((type(err), CompileError)):
            trained(source, kinds, compiled=True)
        return
    try:
        found = trained(source, kinds, compiled=True, audit=bool(seed % 2))
    except CompileError as err:
        if re.search(r"writing (to|into)|\.grad inside", str(err)):
            return
        raise
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12, err_msg=source)


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
