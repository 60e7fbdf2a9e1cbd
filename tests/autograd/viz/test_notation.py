"""What is printed is true: every equation holds when numbers are put in for its symbols."""

import math
import random
import re
from pathlib import Path

import numpy as np
import pytest

from autograd import Tensor, Value, backprop, explain, tanh
from autograd.expression import parse
from autograd.viz.notation import Derivative, name
from autograd.viz.text import number
from autograd.viz.tree import latex
from nn.scalar import MLP
from tests.each import each
from tests.equations import equations, false_equations

FUNCTIONS = {
    "tanh": math.tanh, "log": math.log, "exp": math.exp, "sin": math.sin, "cos": math.cos,
    "sqrt": math.sqrt, "max": max, "min": min, "sigma": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0), "softplus": lambda x: math.log1p(math.exp(x)),
    "log1p": math.log1p, "sign": lambda x: math.copysign(1, x), "log2": math.log2,
}  # fmt: skip


def perceptron():
    leaves = {"w0": 1.0, "w1": 3.0, "w2": -2.0, "x1": -1.0, "x2": 2.0}
    return parse("sigmoid(w0 + w1*x1 + w2*x2)", leaves)


def square():
    x = Value(3.0, label="x")
    return x * x


def product_and_sum():
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    return x * y + x


def two_layers():
    """The derivation of the lectures: two sigmoid units, one output, cross-entropy."""
    x, y = [0.5, -1.5], 1.0
    v = [[Value(0.1), Value(-0.4)], [Value(0.8), Value(0.3)]]
    w = [Value(0.6), Value(-0.9)]
    r = [sum(a * b for a, b in zip(row, x, strict=True)) for row in v]
    u = [unit.sigmoid() for unit in r]
    y_hat = sum(a * b for a, b in zip(w, u, strict=True)).sigmoid()
    J = -(y * y_hat.log() + (1 - y) * (1 - y_hat).log())
    return name_all(J, {"v": v, "w": w, "r": r, "u": u, "y_hat": y_hat, "J": J})


def name_all(root, variables, path=""):
    for key, thing in variables.items():
        if isinstance(thing, list):
            name_all(root, {f"{key}[{i}]": entry for i, entry in enumerate(thing)})
        else:
            thing.label = key
    return root


def chain():
    w, x, b = Value(0.5, label="w_12"), Value(-2.0, label="x"), Value(0.3, label="theta_0")
    return (tanh(w * x + b) - 1.5) ** 2 / (1 + (w * w).exp()) + abs(x).sqrt()


def network():
    random.seed(3)
    model = MLP(2, [3, 1])
    return (model([0.5, -1.5]) - 1.0) ** 2


def drawn_at_random(seed):
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(0.2, 1.5), label=f"q{i}") for i in range(3)]
    for _ in range(7):
        a, b = rng.choice(nodes), rng.choice(nodes)
        made = [a * b, a + b, a - b, a / b, tanh(a), a**2, a.sin(), (a * a) ** b, (a * a).log()]
        nodes.append(rng.choice(made))
    return nodes[-1]


EXAMPLES = [perceptron, square, product_and_sum, two_layers, chain, network]
EXAMPLES += [lambda seed=seed: drawn_at_random(seed) for seed in range(12)]
every_example = each("example", EXAMPLES)


def symbols_of(steps, names=None):
    """Every symbol of a pass and its number: names, total and local derivatives."""
    names = names or steps.names
    numbers = {}
    for node, code in names.items():
        numbers[name(code).text] = node.data
        numbers[Derivative(names[steps.root], code).text] = steps.gradient(node) or 0.0
        for i, parent in enumerate(node.parents):
            if parent in names:
                place = i + 1 if sum(p is parent for p in node.parents) > 1 else 0
                symbol = Derivative(code, names[parent], "∂", place)
                numbers[symbol.text] = node.local_derivative(i)
    return numbers


def value_of(text, numbers):
    """A printed formula with a number in for every symbol."""
    for symbol in sorted(numbers, key=len, reverse=True):
        if "/" in symbol:  # derivatives first, which contain names
            text = text.replace(symbol, f"({numbers[symbol]!r})")
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"**{power(m[0])}", text)
    pattern = "|".join(re.escape(s) for s in sorted(numbers, key=len, reverse=True) if "/" not in s)
    text = re.sub(rf"(?<![\w.])(?:{pattern})(?![\w₀-₉(])", lambda m: f"({numbers[m[0]]!r})", text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = text.replace("·", "*").replace("^", "**").replace("≤", "<=").replace("≥", ">=")
    text = text.replace("σ", "sigma").replace("ReLU", "relu")
    text = re.sub(r"\[([^\[\]]*)\]", r"float(\1)", text)
    return float(eval(text, dict(FUNCTIONS) | {"abs": abs, "float": float, "inf": math.inf}))


def power(raised):
    return "".join("0123456789-"["⁰¹²³⁴⁵⁶⁷⁸⁹⁻".index(c)] for c in raised)


def assert_true(equation, numbers):
    """Every part of `a = b = c` is the same number.

    Of printed numbers it is the same up to the four digits that are printed, where "=" stands.
    """
    texts = re.split(" [=≈] ", equation)
    parts = [value_of(part, numbers) for part in texts]
    if not set(re.findall(r"[^\W\d]+", texts[-2])) - {"e", *FUNCTIONS, "σ", "ReLU"}:
        exact = number(parts[-2]) == texts[-1]
        exact = exact or ("." in texts[-1] and float(number(parts[-2])) == float(texts[-1]))
        assert exact == (" = " in equation[-len(texts[-1]) - 3 :]), equation
    size = max(map(abs, parts))
    if re.search(r" [+-] ", equation):  # where terms cancel, the digits of the terms count
        size = sum(abs(float(x)) for x in re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", equation)) + size
    for part in parts[1:]:
        assert abs(part - parts[0]) <= 2e-3 * size, equation


@every_example
def test_every_equation_of_a_pass_is_true(example):
    steps = backprop(example())
    numbers = symbols_of(steps)
    blocks = [block.splitlines() for block in str(steps).split("\n\n")]
    sections = {lines[0].split(",")[0]: lines[1:] for lines in blocks}
    for line in re.split(r"\n(?= {2,4}\d+ )", "\n".join(sections["Backward"])):
        found = re.fullmatch(r"\d+ (.+?) \+= (.+?)(?: \(\d+ of .*\))?", " ".join(line.split()))
        assert found[1] in numbers
        assert_true(found[2], numbers)
    for line in sections["Gradients"]:
        assert_true(" ".join(line.split()), numbers)
    results = {name(code).text for node, code in steps.names.items() if node.parents}
    for line in sections["Forward"]:
        if line.split()[0] in results:
            assert_true(" ".join(line.split()), numbers)


def test_an_equation_that_is_false_is_found():
    false = ["1 · 1.0001 = 1", "0.3333 · 3 = 1", "2 · 3 ≈ 6", "2 · (-3) = 6", "1 + 1 ≈ 3"]
    true = ["dy/dx += 1 · y = 0.3333 · 3 ≈ 1", "2 · (-3) + 1 = -5", "x = 1", "1.2346 · 1 = 1.235"]
    assert false_equations("\n".join([*false, *true])) == false


@every_example
def test_no_equation_of_numbers_is_false_wherever_it_is_printed(example):
    root = example()
    steps = backprop(root)
    texts = [steps, steps.named, explain(root), *(explain(root, x) for x in steps.gradients)]
    texts += [explain(root, depth=0), *(step.equation for step in steps)]
    written = "\n".join(map(str, texts))
    assert len(list(equations(written))) >= 2
    assert false_equations(written) == []


def test_no_equation_of_numbers_in_the_readme_and_the_manual_is_false():
    root = Path(__file__).parents[3]
    texts = [path.read_text("utf-8") for path in (root / "README.md", *root.glob("docs/*.md"))]
    assert sum(len(list(equations(text))) for text in texts) > 20
    assert [false_equations(text) for text in texts if false_equations(text)] == []


@every_example
def test_the_steps_that_arrive_at_a_node_add_up_to_its_total_derivative(example):
    steps = backprop(example())
    numbers = symbols_of(steps)
    sums = {}
    for step in steps:
        text = str(step).split("   ")[1]
        left, right = text.split(" += ")
        sums.setdefault(left, []).append(value_of(right.split(" = ")[0], numbers))
    for left, terms in sums.items():
        assert math.fsum(terms) == pytest.approx(numbers[left], rel=1e-9, abs=1e-12)


@every_example
def test_every_equation_of_an_explanation_is_true(example):
    root = example()
    steps = backprop(root)
    for leaf in steps.gradients:
        explanation = explain(root, leaf)
        numbers = symbols_of(steps, explanation._trace.names)
        lines = str(explanation).splitlines()
        for line in lines[2:-2]:
            if "…" not in line:
                assert_true(re.split(" {4,}", line)[1], numbers)
        if not any("…" in line for line in lines):
            assert_true(lines[-1], numbers)
            products = [re.split(" {4,}", line)[1].split(" = ")[0] for line in lines[2:-2]]
            symbol = lines[-1].split(" = ")[0]
            assert_true(f"{symbol} = {' + '.join(products)}", numbers)


@every_example
def test_a_symbol_stands_for_one_number(example):
    steps = backprop(example())
    written = {}
    for step in steps:
        local = step.node.local_derivative(step.position)
        for symbol, value in [
            (step.partial.text, local),
            (step.received.text, steps.gradient(step.parent)),
            (name(step.node_name).text, step.node.data),
            (name(step.parent_name).text, step.parent.data),
        ]:
            assert written.setdefault(symbol, value) == value


def test_names_that_would_be_written_alike_are_told_apart():
    a, b, c, d = (Value(float(i), label=s) for i, s in enumerate(["w12", "w_12", "θ", "theta"]))
    w = [[None] * 3, [None, None, Value(7.0)]]
    steps = backprop(a * b + c * d + w[1][2])
    shown = [name(code).text for code in steps.names.values()]
    assert len(set(shown)) == len(shown)
    assert {"w₁₂", "θ"} < set(shown)


def test_no_printed_line_keeps_the_notation_with_one_sign_for_two_things():
    X, W = Tensor(np.ones((2, 3))), Tensor(np.ones((3, 2)), requires_grad=True)
    for text in (str(backprop(two_layers())), str(backprop((X @ W).tanh().sum()))):
        assert not re.search("[\u0304]|vector-Jacobian", text)
        assert not re.search(r"∂J/∂v\b|∂L/∂W", text)


def test_the_start_is_said_once_and_is_a_number_in_the_first_step():
    text = str(backprop(product_and_sum()))
    assert text.count("dL/dL") == 1
    assert "Backward, from dL/dL = 1" in text
    assert "1  dL/dv₁ += 1 · ∂L/∂v₁" in text


def test_a_square_is_a_sum_over_its_two_places():
    x = Value(3.0)
    y = x * x
    lines = str(explain(y, x)).splitlines()
    assert [line.split("    ")[1] for line in lines[2:4]] == [
        "∂y/∂x⁽¹⁾ = x = 3",
        "∂y/∂x⁽²⁾ = x = 3",
    ]
    assert lines[-1] == "dy/dx = 3 + 3 = 6"


def test_arrays_have_the_same_letters_with_shapes():
    rng = np.random.default_rng(0)
    X, W, b = (
        Tensor(rng.normal(size=shape), requires_grad=True, label=label)
        for label, shape in (("X", (4, 2)), ("W", (2, 3)), ("b", (3,)))
    )
    V = X @ W
    V.label = "V"
    L = (V + b).tanh().sum()
    lines = {step.parent_name: str(step).split("   ")[1] for step in backprop(L)}
    assert lines["W"] == "dL/dW += Xᵀ · dL/dV (2×3 += 2×4 · 4×3)"
    assert lines["X"] == "dL/dX += dL/dV · Wᵀ (4×2 += 4×3 · 3×2)"
    assert lines["b"].startswith("dL/db += Σ over axis 0 of dL/dv₁ = [")
    assert lines["b"].endswith("(3 += 4×3)")


def test_every_array_rule_that_is_written_has_the_number_of_the_step():
    rng = np.random.default_rng(1)
    a = Tensor(rng.normal(size=(3, 3)) + 3 * np.eye(3), requires_grad=True, label="A")
    b = Tensor(rng.normal(size=3), requires_grad=True, label="b")
    root = ((a @ a.T + b).mean(axis=0) * b).sum() + a.reshape(9)[2:5].sum() + (a[0] @ a[1])
    root = root + np.linalg.inv(a).sum() + a.max() + np.concatenate([a, a]).mean()
    written = 0
    for step in backprop(root):
        rule = None if step.local is not None else step.rule
        if rule is not None:
            written += 1
            np.testing.assert_allclose(rule._data, step.contribution, rtol=1e-12, atol=1e-15)
        elif step.summed_axes:
            product = np.asarray(step.out_grad) * step.local
            summed = product.sum(axis=step.summed_axes).reshape(np.shape(step.contribution))
            np.testing.assert_allclose(summed, step.contribution, rtol=1e-12)
    assert written > 10


@each(
    ("code", "written"),
    [
        ("w1", "w₁"), ("w_12", "w₁₂"), ("w[1][2]", "w₁₂"), ("theta_0", "θ₀"), (r"\theta_0", "θ₀"),
        ("y_hat", "ŷ"), ("r[0]", "r₀"), ("v[0][1]", "v₀₁"), ("loss", "loss"), (r"a\b", r"a\b"),
        ("x_i", "x_i"), ("w[0][12]", "w₀,₁₂"), ("ŷ", "ŷ"), ("layer2", "layer2"), ("W", "W"),
        ("weight[0][1][2]", "weight₀,₁,₂"), ("w1[2][0]", "w₁,₂,₀"), ("v123", "v₁₂₃"),
    ],
)  # fmt: skip
def test_a_name_in_code_is_written_as_in_mathematics(code, written):
    assert name(code).text == written


def test_rounded_factors_that_give_other_digits_are_not_said_to_be_equal():
    x = Value(1 / 3, label="x")
    y = x * 3.0 * x
    text = str(backprop(y))
    assert "0.3333·3 ≈ 1" in " ".join(text.split())
    assert "dy/dx = 2" in text  # noise in the last bits is no digit
    assert str(explain(y, x)).splitlines()[-1] == "dy/dx = 1 + 1 = 2"
    assert "∂y/∂v₁ · ∂v₁/∂x = x · 3 = 0.3333 · 3 ≈ 1" in str(explain(y, x))


def test_a_number_that_is_not_whole_does_not_look_whole():
    x = Value(1.0, label="x")
    steps = backprop(x * 1.0001)
    assert str(steps[0]).split("   ")[1] == "dL/dx += 1 · ∂L/∂x = 1 · 1.0001 = 1.000"
    saturated = backprop(Value(12.0, label="z").sigmoid())
    assert "σ(12) = 1.000" in " ".join(str(saturated).split())
    assert [number(x) for x in (-2.9996, 1e7 + 3e3, 100.03, 0.1 + 0.2, np.float32(0.1).item())] == [
        "-3.000", "1.000e7", "100.0", "0.3", "0.1",
    ]  # fmt: skip


@every_example
def test_latex_and_text_have_the_same_signs(example):
    root = example()
    steps = backprop(root)
    for step in steps:
        assert (r"\approx" in latex(step.tree)) == ("≈" in step.equation)
    for leaf in steps.gradients:
        written = explain(root, leaf)
        if written.count == 1:
            assert (r"\approx" in written.latex) == ("≈" in str(written))


def test_what_is_raised_is_not_mistaken_for_its_power_of_ten():
    x = Value(1e-12, label="x")
    text = str(backprop(x**2 * 3e-9))
    assert "v₁ = x²" in text
    assert "= (1e-12)² " in text
    assert "1e-12²" not in text


def test_parts_of_one_array_are_told_apart_by_their_index():
    x = Tensor(np.arange(6.0), requires_grad=True, label="x")
    W = Tensor(np.ones((3, 4)), requires_grad=True, label="W")
    y = (x[0:2] * x[4:6]).sum() + W[1, ::2].sum() + W[..., -1].sum()
    text = str(backprop(y))
    for formula in ["x[0:2]", "x[4:6]", "W[1, ::2]", "W[..., -1]", "put at [4:6] of zeros"]:
        assert formula in text
    assert "slice(" not in text


def test_axes_in_another_order_are_a_transposition_with_a_name():
    x = Tensor(np.ones((2, 3, 4)), requires_grad=True, label="x")
    text = str(backprop(x.transpose((1, 0, 2)).sum()))
    assert "transpose(x, axes=(1, 0, 2))" in text
    assert "ᵀ(" not in text


@pytest.mark.parametrize("label", ["1", "-2.5", "1e-3", "1/2", "(0, 1)", "inf", "nan", "0"])
def test_a_label_that_would_be_read_as_a_number_is_quoted(label):
    node = Value(2.0, label=label)
    assert name(label).text == f"“{label}”"
    assert f"“{label}” = 2" in str(backprop(node * 3))
    assert "mn" not in str(name(label).tree)


@pytest.mark.parametrize("label", ["e1", "info", "nano", "e", "x1", "1st"])
def test_a_label_with_digits_that_is_no_number_is_not_quoted(label):
    assert "“" not in name(label).text
