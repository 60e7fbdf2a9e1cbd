"""The backward pass along the variables that have names."""

import json
import random

import numpy as np
import pytest

from autograd import Tensor, Value, backprop, sigmoid
from autograd.viz.player.picture import picture_of
from autograd.viz.player.record import trace_of


def derivation():
    """The two layers of one neuron each of the lecture."""
    x, w1, w2 = Value(1.0, label="x"), Value(0.5, label="w1"), Value(-1.5, label="w2")
    z1 = sigmoid(w1 * x)
    y_hat = sigmoid(w2 * z1)
    J = (y_hat - 1.0) ** 2
    return J, {"z1": z1, "y_hat": y_hat, "w1": w1, "w2": w2, "x": x}


def test_the_steps_are_those_of_the_derivation():
    x, w1, w2 = Value(1.0), Value(0.5), Value(-1.5)
    z1 = sigmoid(w1 * x)
    y_hat = sigmoid(w2 * z1)
    J = (y_hat - 1.0) ** 2
    lines = str(backprop(J).named).splitlines()
    assert lines[0] == "dJ/dJ = 1"
    assert [line.split(" = ")[0].split("  ", 1)[1].strip() for line in lines[1:]] == [
        "dJ/dŷ += 1 · ∂J/∂ŷ",
        "dJ/dw₂ += dJ/dŷ · ∂ŷ/∂w₂",
        "dJ/dz₁ += dJ/dŷ · ∂ŷ/∂z₁",
        "dJ/dw₁ += dJ/dz₁ · ∂z₁/∂w₁",
        "dJ/dx += dJ/dz₁ · ∂z₁/∂x",
    ]
    assert w1.grad == pytest.approx(0.1025, rel=1e-3)


@pytest.mark.parametrize("seed", range(10))
def test_the_contributions_add_up_to_the_gradients_whatever_has_a_name(seed):
    rng = random.Random(seed)
    values = [Value(rng.uniform(-1, 1), label=f"x{k}") for k in range(3)]
    for k in range(12):
        a, b = rng.choice(values), rng.choice(values)
        made = rng.choice([a + b, a * b, a - b, a.tanh()])
        if rng.random() < 0.3:
            made.label = f"h{k}"
        values.append(made)
    steps = backprop(sum(values[3:], start=values[0] * 1.0))
    sums = {}
    for step in steps.named:
        sums[step.parent] = sums.get(step.parent, 0.0) + step.contribution
    for node, total in sums.items():
        assert total == pytest.approx(steps.gradient(node), rel=1e-9, abs=1e-12)


def test_of_tensors_and_where_all_have_names_there_are_none():
    assert len(backprop((Tensor([1.0], requires_grad=True) * 2).sum()).named) == 0
    x, w = Value(2.0), Value(3.0)
    y = x * w
    steps = backprop(y)
    assert len(steps.named) == 2
    assert trace_of(steps, picture_of(steps)).get("named") is None


def test_the_record_has_them_with_the_step_that_completes_each():
    J, _ = derivation()
    steps = backprop(J)
    record = json.loads(json.dumps(trace_of(steps, picture_of(steps))))
    assert record["named"]
    for step, (node, operand, k, equation, latex) in zip(steps.named, record["named"], strict=True):
        name = record["nodes"][node]["latex"]
        assert rf"\frac{{\partial {name}}}" in latex or rf"\mathrm{{d}}{name}" in latex
        assert steps.ends_of(k)[2] is steps.nodes[operand]
        assert step.contribution == pytest.approx(step.out_grad * step.local)
        assert record["nodes"][node]["name"] in equation


def test_the_record_has_the_matrices_of_small_products():
    X = Tensor(np.ones((2, 2)), label="X")
    W = Tensor(np.eye(2), requires_grad=True, label="W")
    steps = backprop((X @ W).sum())
    record = trace_of(steps, picture_of(steps))
    (of_product,) = [step[5]["matrices"] for step in record["steps"] if "matrices" in step[5]]
    assert of_product.split() == [
        "dL/dW", "+=", "Xᵀ", "·", "dL/dv₁", "↓", "↓",
        "→", "[2", "2]", "→", "[1", "1]", "[1", "1]",
        "[2", "2]", "[1", "1]", "[1", "1]",
    ]  # fmt: skip


def test_a_step_of_its_own_reads_like_the_steps_of_a_pass():
    J, _ = derivation()
    step = backprop(J).named[2]
    assert (
        repr(step) == str(step) == f"step 3 of 3   {step.equation}   (1 of 1 arrived: — → 0.05125)"
    )
