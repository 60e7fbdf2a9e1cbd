"""Random programs: scalars, arrays and PyTorch agree to nine digits, parts used many times over."""

import json
import pathlib

import numpy as np
from numpy.testing import assert_allclose

import autograd
from autograd import Tensor, Value, grad, jvp
from autograd.op import RULEBOOK
from tests.autograd.programs import run
from tests.each import each, in_ci

STORED = pathlib.Path(__file__).parents[1] / "oracles" / "programs_torch.json"
PROGRAMS = json.loads(STORED.read_text(encoding="utf-8"))

every_program = each("program", PROGRAMS[:: in_ci(1, 5)])


def on_values(program):
    """Values and gradients, lane after lane: every add and multiply is a node."""
    values, grads = [], []
    for lane in zip(*program["leaves"]):
        leaves = [Value(x) for x in lane]
        out = run(program, leaves, dict(RULEBOOK))
        out.backward()
        values.append(out.data)
        grads.append([leaf.grad for leaf in leaves])
    return values, np.transpose(grads)


def on_tensors(program):
    """All lanes at once."""
    leaves = [Tensor(x, requires_grad=True) for x in program["leaves"]]
    out = run(program, leaves, dict(RULEBOOK))
    out.sum().backward()
    return out.data, [leaf.grad for leaf in leaves]


def on_tensors_by_numpy(program):
    """With NumPy's functions, which find the operations themselves."""
    leaves = [Tensor(x, requires_grad=True) for x in program["leaves"]]
    functions = {**RULEBOOK, **vars(np)}
    out = run(program, leaves, functions)
    out.sum().backward()
    return out.data, [leaf.grad for leaf in leaves]


@each("side", [on_values, on_tensors, on_tensors_by_numpy])
@every_program
def test_a_random_program_gives_pytorchs_values_and_gradients(program, side):
    values, grads = side(program)
    assert_allclose(values, program["values"], rtol=1e-9, atol=1e-12)
    assert_allclose(grads, program["grads"], rtol=1e-9, atol=1e-12)


@every_program
def test_scalars_and_arrays_agree_to_the_last_digits(program):
    for ours, others in zip(on_values(program), on_tensors(program)):
        assert_allclose(ours, others, rtol=1e-12, atol=1e-13)


@every_program
def test_forward_and_backward_derivatives_of_a_random_program_agree(program):
    leaves = [np.array(x) for x in program["leaves"]]

    def f(*leaves):
        return autograd.sum(run(program, leaves, dict(RULEBOOK)))

    directions = [np.linspace(-1, 1, 3) + i for i in range(len(leaves))]
    _, slope = jvp(f, leaves, directions)
    assert_allclose(slope, np.sum(np.multiply(program["grads"], directions)), rtol=1e-9, atol=1e-12)


@each("program", PROGRAMS[:: in_ci(6, 12)])
def test_second_derivatives_agree_between_scalars_and_arrays(program):
    def slope(x, rest):
        out = grad(lambda x: autograd.sum(run(program, [x, *rest], dict(RULEBOOK))))(x)
        return autograd.sum(out * out) if isinstance(out, Tensor) else out * out

    def slope_of_one(x, rest):
        out = grad(lambda x: run(program, [x, *rest], dict(RULEBOOK)))(x)
        return out * out

    first, *rest = program["leaves"]
    on_array = grad(slope)(np.array(first), [np.array(x) for x in rest])
    lanes = zip(first, zip(*rest) if rest else [()] * len(first))
    on_floats = [grad(slope_of_one)(x, list(others)) for x, others in lanes]
    assert_allclose(on_array, on_floats, rtol=1e-9, atol=1e-11)
