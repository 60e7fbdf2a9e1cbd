"""What is written of arrays is true: rules, sums over axes, matrices, and single entries."""

import math
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import ShapeError, Tensor, backprop, explain
from tests.each import each


def tensor(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return Tensor(rng.normal(size=shape).round(2), requires_grad=True, label="W")


X = Tensor(np.array([[0.1, -0.1, 0.6], [0.1, -0.5, 0.4]]), label="X")
FUNCTIONS = {
    "matmul": lambda w: ((X @ w) ** 2).mean(),
    "linear": lambda w: nn.functional.linear(X, w.T, w[0]).tanh().sum(),
    "sum": lambda w: (w.sum(axis=0) ** 2).sum(),
    "mean over the last axis": lambda w: (w.mean(axis=-1, keepdims=True) * w).sum(),
    "index": lambda w: w[1, 0] * w[0, 1] + (w[:2] * w[1:]).sum(),
    "fancy index": lambda w: (w[[0, 0, 2]] ** 2).sum(),
    "max": lambda w: (w.max(axis=1) * w.min(axis=0).sum()).sum(),
    "softmax": lambda w: (autograd.softmax(w) * np.arange(6.0).reshape(3, 2)).sum(),
    "log-softmax": lambda w: (autograd.log_softmax(w) * np.arange(6.0).reshape(3, 2)).sum(),
    "cross-entropy": lambda w: nn.functional.cross_entropy(X @ w, [0, 1]),
    "mean squared error": lambda w: nn.functional.mse_loss(X @ w, np.ones((2, 2))),
    "layer norm": lambda w: (nn.functional.layer_norm(w, 2) * np.arange(6.0).reshape(3, 2)).sum(),
    "einsum": lambda w: (np.einsum("ij,jk->ik", X, w) ** 2).sum(),
    "broadcast": lambda w: (w * w[0]).sum(),
    "transpose and reshape": lambda w: (w.T.reshape((3, 2)) * w).sum(),
    "concatenate": lambda w: (np.concatenate([w, w * 2]) ** 2).sum(),
    "division": lambda w: (1 / (2 + w * w) - w).sum(),
}
every = each("name", FUNCTIONS)


def central_difference(function, w, index, h=1e-6):
    values = []
    for sign in (1, -1):
        moved = w.data.copy()
        moved[index] += sign * h
        values.append(float(function(Tensor(moved, requires_grad=True)).data))
    return (values[0] - values[1]) / (2 * h)


@every
def test_an_entry_is_explained_by_equations_that_hold(name):
    w = tensor(3, 2)
    loss = FUNCTIONS[name](w)
    for index in [(0, 1), (2, 0)]:
        explained = explain(loss, w[index])
        expected = central_difference(FUNCTIONS[name], w, index)
        assert explained.total == pytest.approx(expected, rel=1e-4, abs=1e-7)
        text = str(explained)
        assert not explained.cut
        products = [product for _, terms in explained.equations for _, _, product in terms]
        upstream = {symbols[0]: numbers[0] for symbols, numbers in products}
        for left, terms in explained.equations:
            total = sum(math.prod(numbers) for _, _, (_, numbers) in terms)
            expected = upstream.get(left, explained.total)  # of W itself no term has one
            assert total == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert text.endswith(f"dloss/dW{'₀₁' if index == (0, 1) else '₂₀'} = " + text.split()[-1])


@every
def test_a_rule_that_is_written_has_the_value_of_what_is_added(name):
    written = 0
    for step in backprop(FUNCTIONS[name](tensor(3, 2))):
        if step.rule is not None:
            data = np.broadcast_to(step.rule._data, np.shape(step.contribution))
            np.testing.assert_allclose(data, step.contribution, rtol=1e-12, atol=1e-14)
            written += 1
    assert written > 0


def test_the_row_and_the_column_that_make_an_entry_are_marked():
    w = tensor(3, 2)
    loss = ((X @ w) ** 2).mean()
    text = str(explain(loss, w[2, 0]))
    block = text.split("\n\n")[2].splitlines()
    assert block[0].split() == ["dloss/dW", "+=", "Xᵀ", "·", "dloss/dv₁"]
    marked = [line for line in block if "→" in line]
    assert len(marked) == 1
    assert marked[0].count("→") == 2
    assert block.index(marked[0]) == 4  # the third row
    left, middle, right = backprop(loss)[2].matrices.arrays
    np.testing.assert_allclose(middle @ right, left)


def test_matrices_that_are_not_small_are_not_written_out():
    w, x = tensor(7, 7), Tensor(np.ones((7, 7)))
    assert all(step.matrices is None for step in backprop((x @ w).sum()))


def test_a_printed_pass_says_what_is_summed_and_why_on_a_line_of_its_own():
    x, b = Tensor(np.ones((4, 3)), label="X"), tensor(3)
    loss = (x * 2 + b).sum()
    text = str(backprop(loss))
    assert "sum over axis 0: 4×3 → 3, for W was repeated along it (broadcast)" in text
    assert "→" in text
    assert not re.search("sum over", str(backprop((x * tensor(4, 3)).sum())))


def test_a_printed_pass_writes_small_matrices_out():
    w = tensor(3, 2)
    loss = (X @ w).sum()
    text = str(backprop(loss))
    assert re.search(r"dloss/dW +\+= Xᵀ +· dloss/dv₁\n", text)


def test_a_printed_pass_leaves_out_matrices_that_are_too_wide_to_be_read():
    x = Tensor(np.ones((2, 18)) / 7, requires_grad=True, label="X")
    steps = backprop((x @ (np.ones((18, 2)) / 7)).sum())
    assert any(step.matrices is not None for step in steps)
    assert max(map(len, str(steps).splitlines())) <= 110


def test_ones_that_only_fix_a_shape_are_not_written():
    w = tensor(3, 2)
    assert "constant" not in str(explain(FUNCTIONS["einsum"](w), w))
    assert "einsum(" in str(explain(FUNCTIONS["einsum"](w), w))


def test_an_entrys_explanation_is_also_latex_and_mathml():
    w = tensor(3, 2)
    loss = (X @ w).sum()
    explained = explain(loss, w[2, 0])
    assert r"\frac{\mathrm{d}\mathrm{loss}}{\mathrm{d}W_{20}} &= " in explained.latex
    assert explained.mathml.count("<mtr>") == len(explained.equations)
    assert {"text/html", "text/latex", "text/plain"} <= explained._repr_mimebundle_().keys()


def test_a_convolution_is_explained_by_its_entries():
    image, kernel = Tensor(np.arange(16.0).reshape(1, 1, 4, 4), label="I"), tensor(1, 1, 2, 2)
    loss = nn.functional.conv2d(image, kernel).sum()
    explained = explain(loss, kernel[0, 0, 1, 0])
    assert explained.total == pytest.approx(image.data[0, 0, 1:, :3].sum())
    assert "corr(I, dloss/dv₁)" in str(explain(loss, kernel))


@pytest.mark.parametrize(
    "entry",
    [
        lambda w: w[2, 1],
        lambda w: w[2][1],
        lambda w: w[:, 1][2],
        lambda w: w.T[1, 2],
        lambda w: w.reshape(6)[5],
        lambda w: w[np.array([2]), np.array([1])],
    ],
)
def test_an_entry_is_found_however_it_is_written(entry):
    W = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    L = ((np.arange(12.0).reshape(4, 3) @ W) ** 2).mean()
    explained = explain(L, entry(W))
    L.backward()
    assert str(explained).startswith("dL/dW₂₁ by the chain rule")
    assert explained.total == pytest.approx(W.grad[2, 1], rel=1e-12)


@pytest.mark.parametrize("part", [lambda w: w[0], lambda w: w[1:], lambda w: w.T, lambda w: w[:0]])
def test_a_part_of_several_entries_is_refused_and_not_called_without_effect(part):
    W = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    L = (W * W).sum()
    with pytest.raises(ShapeError, match=r"part of W with \d elements.*W\[0, 0\].*or for all of W"):
        explain(L, part(W))
