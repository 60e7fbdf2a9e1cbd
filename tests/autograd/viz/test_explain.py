"""`explain`: the chain rule written out, path by path."""

import math
import random
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import autograd
from autograd import (
    GraphError,
    ShapeError,
    Tensor,
    Value,
    backprop,
    draw,
    explain,
    no_grad,
    tanh,
)
from autograd.node import topological
from autograd.viz.explain import MOST_PATHS
from autograd.viz.trace import Trace
from nn import functional as F
from tests.each import each
from tests.work import calls_at_most


def random_graph(seed, steps=6):
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(-1.5, 1.5), label=f"q{i}") for i in range(3)]
    for _ in range(steps):
        a, b = rng.choice(nodes), rng.choice(nodes)
        made = {"*": a * b, "+": a + b, "-": a - b, "tanh": tanh(a), "square": a**2}
        nodes.append(made[rng.choice(list(made))])
    return nodes


@each("seed", range(25))
def test_the_paths_add_up_to_the_gradient(seed):
    nodes = random_graph(seed)
    if not nodes[-1].parents:
        return
    nodes[-1].backward()
    for leaf in nodes[:3]:
        explanation = explain(nodes[-1], leaf)
        assert explanation.total == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12)
        written = math.fsum(path.number for path in explanation.paths)
        assert written + explanation.rest == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12)
        if explanation.count <= MOST_PATHS:
            assert len(explanation.paths) == explanation.count


def test_a_path_is_written_in_symbols_and_in_numbers():
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(1.0, label="b")
    y = tanh(w * x + b)
    text = str(explain(y, w))
    assert text.splitlines()[0] == "dy/dw is one product, for there is one path from w to y:"
    assert "w → v₁ → v₂ → y" in text
    assert "∂y/∂v₂ · ∂v₂/∂v₁ · ∂v₁/∂w = (1 - y²) · 1 · x = 0.0001816 · 1 · 2 = 0.0003632" in text
    assert text.endswith("dy/dw = 0.0003632")


def test_explain_changes_no_gradient():
    x = Value(2.0)
    y = x * x
    str(explain(y, x))
    assert x._grad is None
    assert y._grad is None


def test_too_many_paths_are_counted_exactly_and_their_sum_is_given():
    x = Value(1.0, label="x")
    y = x
    for _ in range(100):
        y = y + y
    with calls_at_most(1_000 * 100):
        explanation = explain(y, x)
        text = str(explanation)
    assert explanation.count == 2**100
    assert explanation.total == 2.0**100
    assert f"… and {2**100 - 12:,} more paths, together 1.268e30" in text
    assert "… 92 more …" in text
    assert f"{2**100 - 12:,} more paths" in explanation.latex


def test_where_every_factor_is_written_so_is_every_node():
    y = x = Value(1.0, label="x")
    for _ in range(8):
        y = y + 1.0
    assert "more" not in str(explain(y, x))
    assert "v₃ → … 2 more … → v₆" in str(explain(y + 1.0, x))


def test_a_chain_of_7_500_operations_is_one_product():
    x = Value(1.0, label="x")
    y = x
    for _ in range(7_500):
        y = y + 0.0
    with calls_at_most(200 * 7_500):
        assert str(explain(y, x)).endswith("dy/dx = 1")


def test_what_does_not_lead_to_the_root_has_derivative_0():
    x, other = Value(2.0, label="x"), Value(1.0, label="other")
    assert str(explain(x * 2, other)) == "dL/dother = 0: no path leads from other to L."
    assert str(explain(x * 2, x * 3)).startswith("dL/d")


def test_a_node_moves_with_itself():
    x = Value(2.0, label="x")
    assert str(explain(x, x)) == (
        "dx/dx = 1: a node moves with itself. For what it does: explain(loss, x)."
    )


def test_latex_adds_up_in_symbols_and_in_numbers():
    a = Value(2.0, label="a")
    z = a * a
    z.label = "z"
    latex = explain(z, a).latex
    assert r"\frac{\mathrm{d}z}{\mathrm{d}a}" in latex
    assert r"\frac{\partial z}{\partial a^{(1)}} + \frac{\partial z}{\partial a^{(2)}}" in latex
    assert "&= 2 + 2" in latex
    assert latex.count("{") == latex.count("}")
    assert latex.splitlines()[-2:] == ["&= 4", r"\end{aligned}"]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a & b", '"', "]]>", "\x00", "{x}_$%#^~\\"]
)
def test_hostile_names_stay_text_in_mathml_and_latex(name):
    a = Value(2.0, label=name)
    explanation = explain(a * a, a)
    root = ET.fromstring(explanation.mathml)
    tags = {element.tag.partition("}")[2] for element in root.iter()}
    assert tags <= {
        "math",
        "mtable",
        "mtr",
        "mtd",
        "mrow",
        "mfrac",
        "mo",
        "mi",
        "mn",
        "mtext",
        "msub",
        "msup",
    }
    assert "<script" not in explanation._repr_mimebundle_()["text/html"]
    assert not re.search(r"(?<!\\)[$%#]", explanation.latex)
    str(explanation)


# --- through named variables ------------------------------------------------------------------


def one_weight_in_each_layer():
    """The chain of the lecture: z1 = σ(w1·x), ŷ = σ(w2·z1), J = (ŷ - 1)²."""
    x, w1, w2 = Value(1.0, label="x"), Value(0.5, label="w1"), Value(-1.5, label="w2")
    z1 = (w1 * x).sigmoid()
    y_hat = (w2 * z1).sigmoid()
    J = (y_hat - 1.0) ** 2
    z1.label, y_hat.label, J.label = "z1", "y_hat", "J"
    return J, y_hat, z1, w1, w2


def test_the_line_of_the_lecture_has_its_three_factors():
    J, y_hat, z1, w1, _ = one_weight_in_each_layer()
    line = "dJ/dw₁ = dJ/dŷ · dŷ/dz₁ · dz₁/dw₁ = -1.436 · (-0.3038) · 0.235 = 0.1025"
    assert str(explain(J, w1, through=(y_hat, z1))) == line
    z = 1 / (1 + math.exp(-0.5))
    y = 1 / (1 + math.exp(1.5 * z))
    factors = explain(J, w1, through=(y_hat, z1)).factors
    assert factors == pytest.approx([2 * (y - 1), -1.5 * y * (1 - y), z * (1 - z)], rel=1e-12)
    assert w1._grad is None


def test_through_named_takes_every_variable_with_a_name_that_all_paths_pass():
    J, y_hat, z1, w1, w2 = one_weight_in_each_layer()
    assert str(explain(J, w1, through="named")) == str(explain(J, w1, through=(y_hat, z1)))
    assert str(explain(J, w2, through="named")).startswith("dJ/dw₂ = dJ/dŷ · dŷ/dw₂ = ")
    assert explain(J, w2, through=y_hat).total == pytest.approx(explain(J, w2).total, rel=1e-12)


def test_paths_that_do_not_pass_are_listed():
    x = Value(3.0, label="x")
    v = x * 2.0
    v.label = "v"
    y = v * v + x
    y.label = "y"
    with pytest.raises(ValueError, match=r"1 of 3 do not pass v: x → y\.$"):
        explain(y, x, through=[v])
    J, y_hat, z1, w1, w2 = one_weight_in_each_layer()
    with pytest.raises(ValueError, match="1 of 1 do not pass z₁, then ŷ"):
        explain(J, w1, through=(z1, y_hat))
    with pytest.raises(ValueError, match=r"none leads from w₂ to z₁\. The derivative is 0"):
        explain(z1, w2, through=(w1,))
    assert str(explain(z1, w2, through="named")) == "dz₁/dw₂ = 0"


def test_through_takes_each_node_once_and_neither_end():
    J, y_hat, _, w1, _ = one_weight_in_each_layer()
    for through, why in [
        ([J], "J is root itself: leave it out"), ([w1], "w₁ is wrt itself: leave it out"),
        ([J, y_hat], "J is root itself"), ([y_hat, y_hat], "it names ŷ twice: name it once"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=f"between root and wrt, but {why}"):
            explain(J, w1, through=through)
    with pytest.raises(ValueError, match=r"root and wrt are the same node, so .* leave it out"):
        explain(J, J, through=[y_hat])
    assert str(explain(J, J, through="named")) == "dJ/dJ = 1"
    assert [path.nodes for path in explain(J, J).paths] == ["J"]


@pytest.mark.parametrize("seed", range(10))
def test_the_factors_through_any_bottleneck_multiply_to_the_derivative(seed):
    root = random_graph(seed)[-1]
    if not root.parents:
        return
    for leaf in [node for node in topological(root) if node.op is None]:
        whole = explain(root, leaf)
        if whole.count:
            chain = explain(root, leaf, through="named") if seed else None
            if chain is not None and hasattr(chain, "factors"):
                assert chain.total == pytest.approx(whole.total, rel=1e-12, abs=1e-12)


def test_without_a_variable_every_leaf_is_explained():
    J, _, _, w1, w2 = one_weight_in_each_layer()
    each = explain(J)
    assert {one.wrt for one in each} > {w1, w2}
    assert str(each).count("is one product") == 3
    assert "<math" in each._repr_mimebundle_()["text/html"]


# --- arrays -----------------------------------------------------------------------------------


def layer():
    X = Tensor(np.arange(8.0).reshape(4, 2) / 4, label="X")
    W = Tensor([[0.1, -0.2, 0.3], [0.5, 0.4, -0.6]], requires_grad=True, label="W")
    b = Tensor([0.5, -0.5, 0.0], requires_grad=True, label="b")
    V = X @ W + b
    V.label = "V"
    L = (tanh(V) ** 2).sum()
    L.label = "L"
    slopes = 2 * np.tanh(V.data) * (1 - np.tanh(V.data) ** 2)
    return L, W, b, X.data.T @ slopes, slopes.sum(axis=0)


def test_an_array_is_explained_by_matrix_formulas_with_shapes():
    L, W, b, by_W, by_b = layer()
    text = str(explain(L, W))
    assert "dL/dW  = Xᵀ · dL/dv₁" in text
    assert "(2×3 = 2×4 · 4×3)" in text
    assert "dL/dV  = dL/dv₂ ⊙ (1 - v₂²)" in text
    assert re.search(r"dL/db  = Σ over axis 0 of dL/dV +\(3 from 4×3\)", str(explain(L, b)))
    np.testing.assert_allclose(explain(L, W).total, by_W, rtol=1e-12)
    np.testing.assert_allclose(explain(L, b).total, by_b, rtol=1e-12)
    assert (W.grad, b.grad, L.grad) == (None, None, None)
    assert [one.wrt for one in explain(L)] == [W, b]
    ET.fromstring(explain(L, W).mathml)
    assert r"X^T" in explain(L, W).latex


def numbers_of(terms):
    """What each term of an equation of an entry comes to."""
    return [math.prod(numbers) for _, _, (_, numbers) in terms]


def test_an_entry_is_explained_by_the_chain_rule_of_numbers():
    L, W, b, by_W, by_b = layer()
    explanation = explain(L, W[1, 2])
    assert explanation.total == pytest.approx(by_W[1, 2], rel=1e-12)
    first = str(explanation).splitlines()[2]
    assert first.startswith("  dL/dW₁₂ = dL/dv₁,₀,₂ · ∂v₁,₀,₂/∂W₁₂ + dL/dv₁,₁,₂ · ∂v₁,₁,₂/∂W₁₂ + ")
    assert explain(L, b[-1]).total == pytest.approx(by_b[2], rel=1e-12)
    for entry in (W[1, 2], W[0, 0], b[1]):
        equations = explain(L, entry).equations
        assert equations
        totals = {left: math.fsum(numbers_of(terms)) for left, terms in equations}
        for _, terms in equations:
            for _, _, (symbols, (upstream, _)) in terms:
                # what is unfolded further has the number used above
                assert totals.get(symbols[0], upstream) == pytest.approx(upstream, rel=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: (autograd.softmax(a) ** 2).sum(),
        lambda a: (a.cumsum() * a[::-1]).sum(),
        lambda a: a.max() * a.mean() + np.linalg.norm(a),
        lambda a: autograd.softmax_cross_entropy(a, np.array(1)),
        lambda a: (a.reshape(2, 2) @ a.reshape(2, 2).T).sum(),
        lambda a: (F.layer_norm(a, (4,)) ** 3 * Tensor(np.arange(4.0))).sum(),
        lambda a: (F.layer_norm(a.reshape(2, 2), (2,)) * a[:2]).sum(),
        lambda a: (np.einsum("ij,kj->ik", *2 * [a.reshape(2, 2)]) ** 2).sum(),
        lambda a: (F.conv2d(a.reshape(1, 1, 2, 2), Tensor(np.ones((1, 1, 2, 1)))) ** 3).sum(),
    ],
    ids=[
        *["softmax", "running sum", "reductions", "cross-entropy", "matrix product"],
        *["layer norm", "layer norm of rows", "einsum", "convolution"],
    ],
)
def test_every_entry_of_the_derivative_is_unfolded_to_the_number_of_central_differences(function):
    x = np.array([0.3, -0.7, 1.1, 0.5])
    a = Tensor(x, requires_grad=True, label="a")
    y = function(a)
    for i in range(4):
        h = np.eye(4)[i] * 1e-6
        moved = [float(function(Tensor(x + sign * h)).data) for sign in (1, -1)]
        expected = (moved[0] - moved[1]) / 2e-6
        explanation = explain(y, a[i])
        assert explanation.total == pytest.approx(expected, rel=1e-6, abs=1e-8)
        _, terms = explanation.equations[0]
        assert math.fsum(numbers_of(terms)) == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_matrix_that_is_a_part_of_a_gradient_is_added_to_it_and_not_said_to_be_it():
    X = Tensor([[1.0, 2.0], [0.5, -1.0]], label="X")
    W = Tensor([[3.0, 1.0], [4.0, 2.0]], requires_grad=True, label="W")
    text = str(explain(((X @ W) @ W).sum(), W[0, 1]))
    titles = [" ".join(line.split()) for line in text.splitlines() if "+=" in line]
    assert titles == ["dL/dW += v₁ᵀ · dL/dv₂", "dL/dW += Xᵀ · dL/dv₁"]


def test_an_entry_that_the_root_does_not_change_with_is_said_to_be_0():
    a = Tensor([1.0, 3.0, 2.0], requires_grad=True, label="a")
    y = a.max() * 2.0
    y.label = "y"
    assert str(explain(y, a[0])) == "dy/da₀ = 0: each local derivative by it is 0."
    assert explain(y, a[0]).latex == (
        "\\begin{aligned}\n\\frac{\\mathrm{d}y}{\\mathrm{d}a_{0}} &= 0\n\\end{aligned}"
    )
    assert explain(y, a[1]).total == 2.0


def test_an_entry_that_acts_on_too_many_numbers_has_its_derivative_and_no_part_of_a_sum():
    X = Tensor(np.ones((300, 1)), label="X")
    w = Tensor([[0.5]], requires_grad=True, label="w")
    for L, total in [((X @ w).sum(), 300), ((X @ w).sum() + (w * w).sum(), 301)]:
        L.label = "L"
        entry = explain(L, w[0, 0])
        first, *matrices = str(entry).split("\n")
        assert first == (
            f"dL/dw₀₀ = {total}: it acts on an array of more than 256 numbers. Take fewer examples."
        )
        assert not any("dL/dw₀₀" in line for line in matrices)
        assert f"&= {total}\n" in entry.latex
        assert entry.total == total


def test_other_entries_that_are_nan_or_inf_leave_an_entry_its_derivative():
    q = Tensor([[0.5, math.nan], [math.inf, 0.0]], requires_grad=True, label="q")
    y = (q * q).sum()
    for at, twice in [((0, 0), 1.0), ((0, 1), math.nan), ((1, 0), math.inf), ((1, 1), 0.0)]:
        explanation = explain(y, q[at])
        _, terms = explanation.equations[0] if explanation.equations else ("", [])
        numbers = numbers_of(terms)
        assert sum(numbers) == pytest.approx(twice, nan_ok=True)
        assert len(numbers) == (2 if twice else 0)  # its own square alone changes with it
    X = Tensor([[1.0, 2.0]], requires_grad=True, label="X")
    W = Tensor([[3.0, math.nan], [5.0, 6.0]])
    _, terms = explain((X @ W).sum(), X[0, 0]).equations[0]
    locals_ = [local for _, _, (_, (_, local)) in terms]
    assert locals_ == pytest.approx([3.0, math.nan], nan_ok=True)


def test_explain_refuses_an_array_that_nothing_is_differentiated_by():
    X = Tensor([[1.0, 2.0]], label="X")
    L = (X @ Tensor([[3.0], [4.0]], requires_grad=True)).sum()
    for wrt in (X, X[0, 1], Tensor(1.0)):
        with pytest.raises(GraphError, match=r"explain: wrt is a constant, .* requires_grad=True"):
            explain(L, wrt)


def test_explain_refuses_what_is_no_node_two_kinds_and_constants():
    t = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="explain: wrt needs to be a Value, as root is one"):
        explain(Value(1.0), t)
    with pytest.raises(ShapeError, match=r"root has shape \(2,\)"):
        explain(t * 2, t)
    with pytest.raises(
        TypeError, match=r"explain: wrt needs to be a Value or a Tensor, but got 2\.0"
    ):
        explain(Value(1.0), 2.0)
    with pytest.raises(TypeError, match=r"got 'x'\. Pass the node itself"):
        explain(Value(1.0), "x")
    with no_grad():
        constant = Value(1.0) * 2
    with pytest.raises(GraphError, match="explain: the root is a constant"):
        explain(constant, constant)


def test_the_names_of_version_0_1_warn_and_work():
    x = Value(2.0, label="x")
    explanation = explain(x * x, x)
    with pytest.warns(DeprecationWarning, match=r"Explanation\.ways is called paths now"):
        assert explanation.ways is explanation.paths
    with pytest.warns(DeprecationWarning, match="draw: way= is called paths_from= now"):
        assert "2 paths lead from x" in draw(x * x, way=x).graph.remark


@pytest.mark.parametrize("through", ["foo", None, 3, {"h": 1}, iter([])])
def test_through_what_is_neither_nodes_nor_named_is_refused(through):
    x = Value(2.0, label="x")
    with pytest.raises(TypeError, match=r"through needs Values, .*or 'named', but got"):
        explain(x * x, x, through=through)


def test_a_single_step_shows_itself_as_a_formula():
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    y = (x * w) ** 2
    steps = backprop(y)
    for step in (*steps, *steps.named):
        shown = step._repr_mimebundle_()
        assert shown["text/latex"].strip("$\n") == step.latex
        assert "<math" in shown["text/html"]
        assert step.equation in shown["text/plain"]


def test_the_operands_of_a_long_sum_are_listed_once():
    xs = [Value(1.0, label=f"x{k}") for k in range(50)]
    trace = Trace(sum(xs))
    trace.close(trace.boxes)
    assert len(trace.parents(trace.root)) == 50
    assert trace.parents(trace.root) is trace.parents(trace.root)  # not 50 times 50 in every sum
    assert trace.paths(trace.root)[1][xs[-1]] == 1.0


def test_each_of_many_leaves_is_explained_without_visiting_the_graph_again():
    n = 3_000
    y = Value(1.0, label="x")
    for k in range(n):
        y = y * Value(1.0, label=f"w{k}")
    with calls_at_most(100 * n):
        every = explain(y)
        text = str(every[-1])
    assert len(every) == n + 1
    assert text.startswith("dy/d")


def test_formulas_say_which_axes_and_of_what_they_repeat_or_reshape():
    X = Tensor(np.arange(6.0).reshape(1, 2, 3), label="X", requires_grad=True)
    r = (X.transpose((2, 0, 1)) ** 2).sum()
    made = explain(r, X)
    assert "dr/dX  = transpose(dr/dv₁, axes=(1, 2, 0))" in str(made)
    assert r"\text{, axes=(1, 2, 0)}" in made.latex
    assert "^T" not in made.latex
    assert str(made).splitlines()[-1] == "dr/dX = array 1×2×3, 0 … 10"
    W = Tensor(np.arange(6.0).reshape(3, 2), label="W", requires_grad=True)
    r = ((X @ W).reshape((2, 2)) @ X.mean(axis=(0, 1))[:2]).sum() + X.mean(axis=0).sum()
    assert "dr/dX = " in (text := str(explain(r, X)))
    assert "(((dr/dv₃·0.5) as 1×1×3) repeated to 1×2×3) + dr/dv₁ · Wᵀ" in text
