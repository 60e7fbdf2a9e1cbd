"""`explain`: the chain rule written out, way by way."""

import math
import random
import re
import xml.etree.ElementTree as ET

import pytest

from autograd import GraphError, Tensor, Value, explain, no_grad, tanh
from autograd.viz.explain import MOST_WAYS
from tests.work import calls_at_most


def random_graph(seed, steps=6):
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(-1.5, 1.5), label=f"q{i}") for i in range(3)]
    for _ in range(steps):
        a, b = rng.choice(nodes), rng.choice(nodes)
        made = {"*": a * b, "+": a + b, "-": a - b, "tanh": tanh(a), "square": a**2}
        nodes.append(made[rng.choice(list(made))])
    return nodes


@pytest.mark.parametrize("seed", range(25))
def test_the_ways_add_up_to_the_gradient(seed):
    nodes = random_graph(seed)
    if not nodes[-1].parents:
        return
    nodes[-1].backward()
    for leaf in nodes[:3]:
        explanation = explain(nodes[-1], leaf)
        assert explanation.total == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12)
        written = math.fsum(way.number for way in explanation.ways)
        assert written + explanation.rest == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12)
        if explanation.count <= MOST_WAYS:
            assert len(explanation.ways) == explanation.count


def test_a_way_is_written_in_symbols_and_in_numbers():
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(1.0, label="b")
    y = tanh(w * x + b)
    text = str(explain(y, w))
    assert text.splitlines()[0] == "dy/dw is one product, for there is one way from w to y:"
    assert "w → v₁ → v₂ → y" in text
    assert "∂y/∂v₂ · ∂v₂/∂v₁ · ∂v₁/∂w = (1 - y²) · 1 · x = 0.0001816 · 1 · 2 = 0.0003632" in text
    assert text.endswith("dy/dw = 0.0003632")


def test_explain_changes_no_gradient():
    x = Value(2.0)
    y = x * x
    str(explain(y, x))
    assert x._grad is None
    assert y._grad is None


def test_too_many_ways_are_counted_exactly_and_their_sum_is_given():
    x = Value(1.0, label="x")
    y = x
    for _ in range(100):
        y = y + y
    with calls_at_most(1_000 * 100):
        explanation = explain(y, x)
        text = str(explanation)
    assert explanation.count == 2**100
    assert explanation.total == 2.0**100
    assert f"… and {2**100 - 12:,} more ways, together 1.268e30" in text
    assert "… 92 more …" in text
    assert f"{2**100 - 12:,} more ways" in explanation.latex


def test_a_chain_of_7_500_operations_is_one_product():
    x = Value(1.0, label="x")
    y = x
    for _ in range(7_500):
        y = y + 0.0
    with calls_at_most(200 * 7_500):
        assert str(explain(y, x)).endswith("dy/dx = 1")


def test_what_does_not_lead_to_the_root_has_derivative_0():
    x, other = Value(2.0, label="x"), Value(1.0, label="other")
    assert str(explain(x * 2, other)) == "dL/dother = 0: no way leads from other to L."
    assert str(explain(x * 2, x * 3)).startswith("dL/d")


def test_a_node_moves_with_itself():
    x = Value(2.0, label="x")
    assert str(explain(x, x)) == "dx/dx = 1: a node moves with itself."


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


def test_explain_refuses_tensors_and_constants():
    t = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="explain: root needs to be a Value, but got a Tensor"):
        explain(t.sum(), t)
    with pytest.raises(TypeError, match=r"explain: wrt needs to be a Value, but got 2\.0 \(float"):
        explain(Value(1.0), 2.0)
    with pytest.raises(TypeError, match=r"got 'x' \(str\)\. Pass the node itself"):
        explain(Value(1.0), "x")
    with no_grad():
        constant = Value(1.0) * 2
    with pytest.raises(GraphError, match="explain: the root is a constant"):
        explain(constant, constant)
