"""The step player in a browser, held against the engine."""

import math
import random

import pytest

from autograd import RULEBOOK, Value, backprop, tanh
from autograd.op import Elementwise
from autograd.viz.text import number
from tests.autograd.players import browser, needs_browser, play  # noqa: F401 (fixtures)

pytestmark = needs_browser


def neuron():
    """The neuron of the lecture, with w1 used twice."""
    x1, x2 = Value(2.0, label="x1"), Value(0.5, label="x2")
    w1, w2, b = (Value(v, label=n) for v, n in ((-3.0, "w1"), (1.0, "w2"), (6.8813735870, "b")))
    n = w1 * x1 + w2 * x2 + b
    n.label = "n"
    loss = (tanh(n) - 1) ** 2 + w1 * w1
    loss.label = "L"
    return loss, [x1, x2, w1, w2, b, n]


def test_stepping_to_the_end_and_back_shows_the_engines_gradients(play):  # noqa: F811
    loss, nodes = neuron()
    player = play(backprop(loss))
    player.press("End")
    shown = player.exact()
    assert {n.label: shown[n.label] for n in nodes} == {n.label: (n.data, n.grad) for n in nodes}
    assert player.rows()["w1"] == ("-3", number(nodes[2].grad), "3 of 3")
    player.press("Home")
    assert all(grad == "—" for _, grad, _ in player.rows().values())
    for _ in range(60):
        player.press("ArrowRight")
    assert player.exact() == shown
    for _ in range(60):
        player.press("ArrowLeft")
    assert player.where().startswith("0 of")


def test_a_gradient_not_reached_is_a_dash_then_partial_then_complete(play):  # noqa: F811
    x = Value(3.0, label="x")
    y = x * x
    y.label = "y"
    player = play(backprop(y))
    seen = []
    for _ in range(4):
        seen.append(player.rows()["x"][1:])
        player.press("ArrowRight")
    seen.append(player.rows()["x"][1:])
    assert seen == [
        ("—", "0 of 2"),
        ("—", "0 of 2"),
        ("—", "0 of 2"),
        ("3", "1 of 2"),
        ("6", "2 of 2"),
    ]
    box = player.page.locator("[data-node=n0]")
    assert box.get_attribute("data-s") == "done"
    assert "grad ✓" in box.text_content()
    assert player.page.locator("[data-edge]").count() == 2


def test_each_step_shows_upstream_times_local_and_the_running_total(play):  # noqa: F811
    x, w = Value(3.0, label="x"), Value(-2.0, label="w")
    e = x * w
    e.label = "e"
    z = e * e + x
    z.label = "z"
    player = play(backprop(z))
    player.press("End", "ArrowLeft")
    text = " ".join(player.panel().split())
    assert "with respect to x gets 24 through e; total 25, 2 of 2 contributions arrived" in text
    for part in ("upstream ∂z/∂e -12", "local ∂e/∂x = w -2", "contribution 24", "1 → 25"):
        assert part in text


# --- the page computes as the engine ----------------------------------------------------------


def operands(op, rng):
    return [rng.uniform(max(low, -3.0) + 0.05, min(high, 3.0) - 0.05) for low, high in op.domain]


def test_every_operation_of_the_rulebook_is_recomputed_to_1e_12(play):  # noqa: F811
    rng = random.Random(5)
    ops = [op for op in RULEBOOK.values() if isinstance(op, Elementwise)]
    leaves = []
    total = Value(0.0, label="start")
    for op in ops:
        xs = [Value(x) for x in operands(op, rng)]
        leaves += xs
        total = total + op(*xs)
    for i, leaf in enumerate(leaves):
        leaf.label = f"q{i}"
    total.label = "L"
    player = play(backprop(total))
    for other in range(3):
        fresh = [x for op in ops for x in operands(op, rng)]
        set_leaves(player, {leaf.label: x for leaf, x in zip(leaves, fresh, strict=True)})
        for leaf, x in zip(leaves, fresh, strict=True):
            leaf.data = x
            leaf.zero_grad()
        again, k = Value(0.0), 0
        for op in ops:
            again = again + op(*leaves[k : k + op.arity])
            k += op.arity
        again.backward()
        player.press("End")
        shown = player.exact()
        assert shown["L"][0] == pytest.approx(again.data, rel=1e-12), other
        for leaf in leaves:
            assert shown[leaf.label][1] == pytest.approx(leaf.grad, rel=1e-12, abs=1e-300), leaf


def set_leaves(player, numbers):
    """Type new numbers for leaves, as a reader would."""
    player.open_table()
    for name, x in numbers.items():
        player.page.evaluate(
            """([name, x]) => {
                const root = document.querySelector(".glassgrad").shadowRoot;
                [...root.querySelectorAll("th button")].find((b) => b.textContent === name).click();
                const field = root.querySelector(".about input[type=text]");
                field.value = x;
                field.dispatchEvent(new Event("input"));
            }""",
            [name, repr(x)],
        )


def test_numbers_are_written_as_in_print(play):  # noqa: F811
    rng = random.Random(1)
    numbers = [1.0625, 0.03125, -1.0615, 1e6, 999999.0, 123456.5, 1e-5, 9.9995e-5, 0.00012345, -0.0]
    numbers += [rng.uniform(-10, 10) * 10 ** rng.randint(-12, 12) for _ in range(60)]
    total = Value(0.0)
    for i, x in enumerate(numbers):
        total = total + Value(x, label=f"q{i}")
    player = play(backprop(total))
    rows = player.rows()
    assert [rows[f"q{i}"][0] for i in range(len(numbers))] == [number(x) for x in numbers]


def test_infinities_and_nan_are_shown_as_such(play):  # noqa: F811
    x = Value(0.0, label="x")
    with pytest.warns(RuntimeWarning):
        y = x.log() * 0.0
    y.label = "y"
    with pytest.warns(RuntimeWarning):
        steps = backprop(y)
    player = play(steps)
    player.press("End")
    assert player.rows()["y"][0] == "nan"
    assert math.isnan(player.exact()["x"][1]) == math.isnan(x.grad)
