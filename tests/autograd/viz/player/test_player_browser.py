"""The step player in a browser, held against the engine."""

import math
import random
import re
from importlib import resources

import numpy as np
import pytest

from autograd import RULEBOOK, Tensor, Value, backprop, custom_vjp, log, record_lines, tanh
from autograd.node import topological
from autograd.op import Elementwise
from autograd.viz.equation import equals
from autograd.viz.outline import Outline
from autograd.viz.player.picture import picture_of
from autograd.viz.player.record import MOST_RECORDED
from autograd.viz.text import number
from autograd.viz.tree import markup
from nn import LSTM
from nn.scalar import MLP
from tests.autograd.viz.player.fitting import WIDTHS, violations, violations_in_both_themes
from tests.autograd.viz.player.players import needs_browser
from tests.each import each

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


def test_stepping_to_the_end_and_back_shows_the_engines_gradients(play):
    loss, nodes = neuron()
    player = play(backprop(loss))
    player.press("End")
    shown = player.exact()
    assert {n.label: shown[n.label] for n in nodes} == {n.label: (n.data, n.grad) for n in nodes}
    assert player.rows()["w1"] == ("-3", number(nodes[2].grad), "3 of 3")
    player.press("Home")
    assert all(grad == "—" for _, grad, _ in player.rows().values())
    steps = int(player.page.locator("nav input").get_attribute("max"))
    player.press(*["ArrowRight"] * steps)
    assert player.exact() == shown
    player.press(*["ArrowLeft"] * (steps - 1))
    assert player.where().startswith("forward step 1 of")
    player.press("ArrowLeft")
    assert player.where() == "start"


def test_a_gradient_not_reached_is_a_dash_then_partial_then_complete(play):
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


def test_a_local_derivative_appears_at_its_arrow_when_the_operation_has_been_computed(play):
    x = Value(1.5, label="x")
    y = x * 4.0
    z = y.sin()
    player = play(backprop(z))
    seen = []
    for _ in range(3):
        arrows = player.page.locator("[data-edge] text").all_text_contents()
        seen.append([label for label in arrows if label])
        player.press("ArrowRight")
    assert seen == [[], ["4"], ["4", number(math.cos(6.0))]]


def test_each_step_shows_upstream_times_local_and_the_running_total(play):
    x, w = Value(3.0, label="x"), Value(-2.0, label="w")
    e = x * w
    e.label = "e"
    z = e * e + x
    z.label = "z"
    player = play(backprop(z))
    player.press("End", "ArrowLeft")
    text = " ".join(player.panel().split())
    assert "with respect to x gets 24 through e; total 25, 2 of 2 contributions arrived" in text
    for part in ("upstream dz/de -12", "local ∂e/∂x = w -2", "contribution 24", "1 → 25"):
        assert part in text


# --- the page computes as the engine ----------------------------------------------------------


def operands(op, rng):
    return [rng.uniform(max(low, -3.0) + 0.05, min(high, 3.0) - 0.05) for low, high in op.domain]


def test_every_operation_of_the_rulebook_is_recomputed_to_1e_12(play):
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
    for other in range(2):
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
    player.page.evaluate(
        """(numbers) => {
            const root = document.querySelector(".glassgrad").shadowRoot;
            const buttons = [...root.querySelectorAll("th button")];
            for (const [name, x] of Object.entries(numbers)) {
                buttons.find((b) => b.closest("tr").dataset.code === name).click();
                const field = root.querySelector(".about input[type=text]");
                field.value = x;
                field.dispatchEvent(new Event("input"));
            }
        }""",
        {name: repr(x) for name, x in numbers.items()},
    )


def test_a_sign_of_equality_is_the_same_as_in_print(browser):
    pairs = [(1e5, 1e5 - 1e-9), (-1e5, -99999.99999999), (1e5, 99997.0), (3.0, 2.9996)]
    pairs += [
        (2.9996, 3.0),
        (0.1667 * 2, 1 / 3),
        (0.3333 * 3, 1.0),
        (12.0, 12.0),
        (5e-5, 5e-5 + 1e-13),
    ]
    pairs += [(1e6, 1e6 - 1e-7), (0.5, 0.50004), (math.inf, math.inf), (math.nan, math.nan)]
    script = resources.files("autograd.viz.player").joinpath("number_text.js").read_text()
    page = browser.new_page()
    told = page.evaluate(
        f"(pairs) => {{ {script}; return pairs.map((x) => outcome(...x)); }}", pairs
    )
    page.close()
    assert told == [f" {equals(one, x)} {number(x)}" for one, x in pairs]
    assert [text[1] for text in told[:5]] == ["=", "=", "≈", "=", "≈"]


def test_numbers_are_written_as_in_print(browser):
    rng = random.Random(1)
    numbers = [1.0625, 0.03125, -1.0615, 1e6, 999999.0, 123456.5, 1e-5, 9.9995e-5, 0.00012345, -0.0]
    numbers += [5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1e22, 2.0**53 + 2, 0.5, 99995.0, 999.95]
    numbers += [rng.uniform(-10, 10) * 10 ** rng.randint(-300, 300) for _ in range(4_000)]
    numbers += [round(rng.uniform(-10, 10), 4) * 10.0 ** rng.randint(-8, 8) for _ in range(4_000)]
    numbers += [k / 2**n for k in range(-999, 999, 7) for n in range(12)]
    script = resources.files("autograd.viz.player").joinpath("number_text.js").read_text()
    page = browser.new_page()
    written = page.evaluate(f"(numbers) => {{ {script}; return numbers.map(digits); }}", numbers)
    special = page.evaluate(f"() => {{ {script}; return ['nan', 'inf', '-inf'].map(real); }}")
    page.close()
    assert written == [number(x) for x in numbers]
    assert math.isnan(special[0])
    assert special[1:] == [math.inf, -math.inf]


def test_infinities_and_nan_are_shown_as_such(play):
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


# --- predict, edit, stop, expand --------------------------------------------------------------


def product_plus():
    """z = a*b + a at a=2, b=-3, so that a has two paths to z."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    p = a * b
    p.label = "p"
    z = p + a
    z.label = "z"
    return z, a, b


def test_predict_hides_a_number_until_it_is_found(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("End", "p")
    # Step 4 of 4: the local derivative of p by b, which is a.
    assert "gets ? through p" in player.sentence()
    assert player.rows()["b"][1] == "?"
    assert player.page.locator(".strip b").all_inner_texts() == ["1", "?", "?"]  # none tells it
    assert slip_told(player, "50") == "Not yet. It is a at a = 2, b = -3."
    answer(player, "2.001")  # within 1 %
    assert "Right: 2, a at a = 2, b = -3." in player.panel()
    assert player.rows()["b"][1] == "2"
    assert "gets 2 through p" in player.sentence()


def test_predict_shows_the_answer_when_asked_and_goes_on_with_the_keys(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("End", "p", "ArrowLeft")  # the new total of a, which two paths lead from
    assert player.page.locator("[data-node=n0] [data-part=grad]").text_content() == "?"
    player.page.click("text=Show")
    assert "It is -2, before + contribution = 1 + (-3)." in player.panel()
    assert player.page.locator("[data-node=n0] [data-part=grad]").text_content() == "-2"
    player.page.keyboard.press("ArrowRight")  # the focus is back on the player
    assert player.where() == "backward step 4 of 4"


def test_a_letter_typed_into_a_field_is_no_command(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("End", "p")
    player.page.locator(".say input").press_sequentially("1e-3p")
    assert player.page.locator(".say input").input_value() == "1e-3p"
    assert player.page.locator("button[aria-pressed=true]").inner_text() == "Predict"


def test_editing_a_leaf_recomputes_every_step_without_a_kernel(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("End", "ArrowDown")  # chooses a, the first node
    field = player.page.locator(".about input[type=text]")
    field.fill("5")
    shown = player.rows()
    assert shown["z"][0] == "-10"
    assert (shown["a"][1], shown["b"][1]) == ("-2", "5")
    player.page.locator(".about input[type=range]").fill("0")
    assert player.rows()["z"][0] == "0"
    assert player.rows()["b"][1] == "0"
    player.page.click("text=Reset all")
    assert player.rows()["z"][0] == "-4"


def test_dragging_changes_the_number_at_an_arrow(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("End")
    set_leaves(player, {"b": 7.5})
    assert player.page.locator("[data-edge='n2.0'] text").text_content() == "7.5"


def test_run_until_a_node_changes_and_to_breakpoints(play):
    loss, _ = neuron()
    player = play(backprop(loss))
    player.press("ArrowDown", "ArrowDown", "u")  # x1
    chosen = player.page.locator(".about .title >> nth=0").inner_text()
    assert "with respect to" in player.sentence()
    assert f"to {chosen.split(' ')[0]} gets" in player.sentence()
    player.press("b", "Home", "]")
    assert f"to {chosen.split(' ')[0]} gets" in player.sentence()
    assert player.page.locator("circle.stop").count() == 1
    player.press("b", "Home", "]")
    assert player.where() == "backward step 15 of 15"
    assert player.page.locator("circle.stop").count() == 0


def test_play_stops_at_a_breakpoint_and_at_the_end(play):
    z, *_ = product_plus()
    player = play(backprop(z), last=True)
    player.page.clock.install()
    player.press(" ")
    assert player.page.locator("button[aria-label=Pause]").count() == 1
    for _ in range(9):
        player.page.clock.run_for(1100)
    assert player.page.locator("button[aria-label=Play]").count() == 1
    assert player.where() == "backward step 4 of 4"


def test_a_click_on_a_node_expands_the_chain_rule_over_all_paths(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.page.locator("[data-node=n0]").click()
    text = player.page.locator(".about").first.inner_text()
    assert "2 paths lead from a to z" in text
    assert "dz/da = -2 is their sum" in text
    paths = [path.inner_text() for path in player.page.locator("ol.paths li").all()]
    assert paths[0].startswith("∂z/∂a = 1 (")
    assert paths[1].startswith("∂z/∂p · ∂p/∂a = 1 · (-3) = -3")
    styles = player.page.evaluate(
        """() => [...document.querySelector(".glassgrad").shadowRoot
            .querySelector("ol.paths li + li").querySelectorAll(".f")].slice(0, 2).map((f) => {
                const s = getComputedStyle(f);
                return [s.color, s.textDecorationStyle];
            })"""
    )
    (color, style), (other_color, other_style) = styles
    assert color != other_color
    assert style != other_style
    player.page.click("ol.paths li >> text=step 3")
    assert "with respect to a gets -3 through p" in player.sentence()
    player.page.hover("ol.paths li >> nth=1")
    assert player.page.locator("[data-path]").count() == 2


def test_too_many_paths_are_counted_exactly(play):
    x = Value(1.0, label="x")
    y = x
    for _ in range(70):
        y = y + y
    player = play(backprop(y))
    player.press("ArrowDown")
    text = player.page.locator(".about").first.inner_text()
    assert f"{2**70:,} paths lead" in text
    assert f"… and {2**70 - 12:,} more paths." in text


def test_why_topological_order_marks_the_first_wrong_number(play):
    a = Value(2.0, label="a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    player = play(backprop(c))
    player.page.click("text=Why this order?")
    text = player.page.locator("section:has(.two)").inner_text()
    assert "The naive way lets b pass on 1 although its gradient will be 2." in text
    assert "dc/da comes out as 6 instead of 4" in text
    assert player.page.locator(".bad").all_inner_texts() == [
        "dc/da += 1 · 1 = 1 ✗ first wrong number"
    ]


def test_why_topological_order_says_where_both_orders_agree(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("o")
    assert "Here both agree" in player.page.locator("section:has(.two)").inner_text()


def test_gradients_left_by_an_earlier_pass_are_added_in_a_step_with_a_warning(play):
    z, a, _ = product_plus()
    z.backward()
    steps = backprop(z)
    player = play(steps)
    player.press("End")
    assert player.sentence().startswith("Warning: an earlier backward() left gradients here")
    assert "-2 + (-2) = -4" in player.panel()
    assert player.exact()["a"][1] == a.grad == -4
    player.press("ArrowLeft")
    assert player.exact()["a"][1] == -2


def test_the_line_that_made_a_node_is_shown_if_it_was_recorded(play):
    x = Value(2.0, label="x")
    with record_lines() as lines:
        y = x * x  # the square
    player = play(backprop(y, lines=lines))
    player.press("ArrowRight")
    assert "y = x * x # the square" in player.panel()
    player.press("Enter")
    assert "test_player_browser.py, line" in player.page.locator(".about code").inner_text()


# --- tensors ----------------------------------------------------------------------------------


def test_tensors_show_shapes_products_and_the_sum_over_a_repeated_axis(play):
    X = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], label="X")
    W = Tensor([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]], requires_grad=True, label="W")
    b = Tensor([0.5, -0.5], requires_grad=True, label="b")
    y = X @ W + b
    y.label = "Y"
    loss = y.sum()
    player = play(backprop(loss))
    player.press("End")
    text = player.panel()
    assert "shapes 3×2 += 3×2 · 2×2 Xᵀ · dloss/dv₁" in " ".join(text.split())
    player.press("ArrowLeft")
    assert "Σ over axis 0" in player.panel()
    assert player.rows()["b"][1] == "[2, 2]"
    player.press("ArrowLeft")
    assert (
        "b was repeated along axis 0 (broadcast), so its gradient is the sum" in player.sentence()
    )
    assert player.rows()["b"][1] == "—"
    assert "3×2" in player.page.locator("[data-node=n1]").text_content()


# --- the world around it ----------------------------------------------------------------------

HOSTILE = [
    "</script><script>window.hacked=1</script>", "<img src=x onerror=window.hacked=1>",
    '"><svg/onload=window.hacked=1>',
    "'-window.hacked-'", "\\u003cb\\u003e", "&lt;b&gt;", "]]>", "<!--", "${window.hacked=1}",
    "`", "\u2028", "\x00\x07",
    "__proto__", "constructor", "\u202egnp", "javascript:window.hacked=1", "{0}", "%s", "\ue000",
]  # fmt: skip


@pytest.mark.slow
def test_hostile_names_are_text_everywhere(play, tmp_path):
    total = Value(0.0, label="<b>start</b>")
    for k, name in enumerate(HOSTILE):
        total = total * Value(k + 1.0, label=name) + Value(0.5, label=f"x{name}")
    total.label = "</title><script>window.hacked=1</script>"
    code = compile(
        "with record_lines() as lines:\n total = total * 2 # </script><img src=x>",
        "</script><i>",
        "exec",
    )
    scope = {"record_lines": record_lines, "total": total}
    exec(code, scope)
    steps = backprop(scope["total"] + total, lines=scope["lines"])
    player = play(steps)
    player.press("End", "o", *["ArrowDown"] * 12, "p", *["ArrowLeft"] * 30)
    player.open_table()
    assert player.page.evaluate("window.hacked") is None
    made = player.page.evaluate(
        """() => [document, document.querySelector(".glassgrad").shadowRoot].flatMap((root) =>
            [...root.querySelectorAll("[onload], [onerror], iframe, a, tbody b, tbody img, li b")])
                .length"""
    )
    assert made == 0
    assert player.page.locator("svg script, svg [onload], svg foreignObject").count() == 0
    assert player.page.title().startswith("Backpropagation of")
    names = player.page.locator("tbody th").all_inner_texts()
    assert any("onerror=window.hacked=1" in name for name in names)
    plain = play(tmp_path / "0.html", java_script_enabled=False)
    assert plain.page.locator("pre").text_content() == str(steps)
    assert plain.page.locator("pre *").count() == 0


def test_without_scripts_a_picture_and_all_steps_remain(play):
    loss, _ = neuron()
    steps = backprop(loss)
    player = play(steps, java_script_enabled=False)
    picture = player.page.locator("img")
    assert picture.bounding_box()["width"] > 500
    assert picture.get_attribute("alt").startswith("Computation graph of")
    player.page.click("summary")
    assert player.page.locator("pre").inner_text() == str(steps)


def test_the_theme_is_that_of_the_page_around(play):
    page = play(backprop(product_plus()[0]), color_scheme="dark").page
    assert page.locator(".glassgrad").get_attribute("data-theme") == "dark"
    page.emulate_media(color_scheme="light")
    page.reload()
    assert page.locator(".glassgrad").get_attribute("data-theme") == "light"
    page.evaluate("document.body.className = 'vscode-dark'")
    page.wait_for_function("document.querySelector('.glassgrad').dataset.theme === 'dark'")
    page.evaluate("document.body.className = ''; document.body.dataset.jpThemeLight = 'true'")
    page.wait_for_function("document.querySelector('.glassgrad').dataset.theme === 'light'")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_function("document.querySelector('.glassgrad').dataset.theme === 'dark'")


def test_axe_finds_no_fault(play):
    loss, _ = neuron()
    loss.backward()
    player = play(backprop(loss))
    player.press("End", "ArrowLeft", "ArrowDown", "o", "p")
    player.open_table()
    assert violations_in_both_themes(player.page) == []


def test_each_step_is_said_as_a_sentence_to_screen_readers(play):
    player = play(backprop(product_plus()[0]))
    live = player.page.locator(".main > [role=status]")
    assert live.get_attribute("aria-live") == "polite"
    player.press("End")
    assert live.text_content() == "backward step 4 of 4. " + player.sentence()


def test_on_a_page_of_its_own_the_first_key_needs_no_click(play):
    player = play(backprop(product_plus()[0]))
    assert player.where() == "start"
    player.page.keyboard.press("ArrowRight")
    assert player.where() == "forward step 1 of 2"
    player.page.keyboard.press("ArrowRight")  # now the player has the focus, and counts it once
    assert player.where() == "forward step 2 of 2"


def test_keys_stay_inside_and_tab_leaves(play):
    player = play(backprop(product_plus()[0]))
    player.page.evaluate(
        """() => { window.heard = [];
            for (const type of ["keydown", "keyup", "keypress"])
                document.addEventListener(type, (e) => heard.push(e.key)); }"""
    )
    player.press(
        "b", "d", "d", "Enter", "Shift+Enter", "Control+Enter", "ArrowDown", "Escape", "Delete", "x"
    )
    assert player.page.evaluate("heard") == []
    player.press("Tab")
    assert (
        player.page.evaluate(
            "document.querySelector('.glassgrad').shadowRoot.activeElement.ariaLabel"
        )
        == "First"
    )


@pytest.mark.parametrize("nodes", [50, 147])
def test_a_step_changes_the_page_in_proportion_to_its_nodes(play, nodes):
    w, h = Value(0.5, label="w"), Value(0.1, label="h0")
    while len(topological(h)) < nodes:
        h = tanh(w * h + 0.25)
    player = play(backprop(h))
    assert player.page.locator("[data-node]").count() >= nodes
    changes = player.page.evaluate(
        """() => {
            const host = document.querySelector(".glassgrad"), counts = [];
            const seen = new MutationObserver(() => {});
            const all = { subtree: true, childList: true, attributes: true, characterData: true };
            seen.observe(host.shadowRoot || host, all);
            for (let i = 0; i < 150; i++) {
                host.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
                counts.push(seen.takeRecords().length);
            }
            return counts;
        }"""
    )
    assert min(changes) > 0
    assert max(changes) <= 5 * nodes


def test_reduced_motion_is_respected(play):
    w, h = Value(0.5, label="w"), Value(0.1, label="h0")
    for _ in range(12):
        h = tanh(w * h)
    player = play(backprop(h), reduced_motion="reduce")
    player.press("End")
    left = player.page.locator(".pic").evaluate("(e) => e.scrollLeft")
    player.page.wait_for_timeout(150)
    assert player.page.locator(".pic").evaluate("(e) => e.scrollLeft") == left


@pytest.mark.slow
def test_unusual_passes_play_to_their_end(play, tmp_path):
    leaf = Value(2.0, label="leaf")
    t = Tensor([1.0, -2.0], requires_grad=True, label="t")
    mixed = (t * Value(3.0, label="v")).sum()
    half = Tensor(np.ones((2, 2, 2), np.float32), requires_grad=True, label="half")
    empty = Tensor(np.zeros((0, 3)), requires_grad=True, label="empty")
    passes = [
        backprop(leaf),
        backprop(t * 2, gradient=[1.0, 0.5]),
        backprop(mixed),
        backprop((half * half).mean()),
        backprop(empty.sum()),
        backprop((t @ t) * 2.0),  # the last, since t adds up what all passes bring
    ]
    player = play(passes[0])
    for steps in passes:
        steps.save(tmp_path / "pass.html")
        player.open(tmp_path / "pass.html")
        player.press("End", "ArrowDown", "ArrowUp", "o", "p", *["ArrowLeft"] * 5, "End", "p")
        *_, position, _, total = f"1 of 1 {player.where()}".split()
        assert position == total or player.where() in ("after the pass", "backward: the start")
    assert player.rows()["t"][1] == f"[{', '.join(map(number, t.grad))}]"


def test_of_a_chain_too_long_to_be_played_whole_what_is_drawn_is_played(play):
    w = Value(2.0, label="w")
    y = w
    for _ in range(MOST_RECORDED // 2):
        y = y + 1.0
    player = play(backprop(y))
    player.press("ArrowRight")  # the first that is drawn: what it is made of is not in the page
    assert " = … + 1 = " in player.sentence()
    assert player.page.locator(".say math").text_content().endswith("=…+1")
    player.page.get_by_role("button", name="Copy LaTeX").click()
    assert r"= … + 1 = " in player.page.locator(".say textarea").input_value()
    player.press("End")
    assert player.rows()["y"][1] == "1"
    player.press("s")
    assert "… + 1" in player.page.locator(".parts").text_content()


def test_a_folded_network_plays_every_step(play):
    random.seed(1)
    model = MLP(3, [4, 4, 1])
    rows = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    loss = sum((model(x) - y) ** 2 for x, y in zip(rows, [1.0, -1.0, -1.0, 1.0]))
    steps = backprop(loss)
    player = play(steps, viewport={"width": 600, "height": 900})
    assert player.page.locator("[data-node]").count() <= 6
    assert "folded into" in player.page.locator(".main > p").last.inner_text()
    player.press("End")
    states = [box.get_attribute("data-s") for box in player.page.locator("[data-node]").all()]
    assert set(states) == {"done"}
    shown = player.exact()
    for i, layer in enumerate(model.layers):
        for j, neuron in enumerate(layer.neurons):
            assert shown[f"model.layers[{i}].neurons[{j}].b"][1] == neuron.b.grad


# --- one notation, one number format ----------------------------------------------------------


def every_kind():
    x, y = Value(1.25, label="x1"), Value(-0.75, label="theta_0")
    v = (x * x + y.exp() * x).tanh() / (y * y + 1e-12) - abs(y) ** 1.5 * (x + 3e7)
    v.label = "y_hat"
    return v


def any_graph(seed):
    """A graph of random operations; the functions of one argument are those defined everywhere."""
    rng = random.Random(seed)
    names = rng.sample(["x1", "theta_0", "y_hat", "w_12", "b", "my_loss2"], 3)
    made = [Value(round(rng.uniform(-2, 2), rng.choice([0, 1, 3, 16])), label=n) for n in names]
    functions = ["tanh", "sin", "exp", "sigmoid", "softplus", "relu", "abs", "square", "arctan"]
    for k in range(9):
        x, y = rng.choice(made), rng.choice(made)
        binary = [x + y, x - y, x * y, x / (y * y + 1), 2.5 * x, x**2, x**3, 3.0 - y, -x]
        made.append(getattr(x, rng.choice(functions))() if k % 3 else rng.choice(binary))
        if k % 4 == 0:
            made[-1].label = f"h{k}"
    root = sum(made[4:], made[3]) * made[0]
    root.label = "J"
    return root


def recomputed(root, numbers):
    """The pass through the same graph at other leaves."""
    for node in topological(root):
        if node.op is None:
            node.data = numbers.get(node.label, node.data)
            node.zero_grad()
    fresh = {}
    for node in topological(root):
        operands = [fresh[parent] for parent in node.parents]
        fresh[node] = node if node.op is None else node.op(*operands)
        fresh[node].label = node.label
    return fresh[root]


STEPS = """(count) => {
    const host = document.querySelector(".glassgrad"), root = host.shadowRoot, shown = [];
    const copy = [...root.querySelectorAll("button")].find((e) => e.textContent === "Copy LaTeX");
    for (let k = 0; k < count; k++) {
        copy.click();
        shown.unshift([root.querySelector(".say .line").textContent,
            root.querySelector(".say math").innerHTML, root.querySelector("textarea").value]);
        host.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
    }
    return shown;
}"""


def shown_steps(player, count):
    """From the first to the last step: the equation, the MathML and what is copied as LaTeX."""
    player.press("End")
    return [tuple(step) for step in player.page.evaluate(STEPS, count)]


def printed_steps(steps):
    for step in steps:
        upstream = step.upstream.tree if step.upstream else ("mn", "1")
        trees = (step.received.tree, ("mo", "+="), upstream, ("mo", "·"), step.partial.tree)
        yield step.equation, "".join(map(markup, trees)), latex_of(step)


def latex_of(step):
    def written(x):
        mantissa, e, power = number(x).partition("e")
        return rf"{mantissa} \times 10^{{{power}}}" if e else mantissa

    upstream, local, product = map(written, (step.out_grad, step.local, step.contribution))
    local = f"({local})" if local.startswith("-") else local
    symbols = step.upstream.latex if step.upstream else "1"
    rule = step.formula.latex
    if step.formula.factor != step.formula.text:
        rule = rf"\left({rule}\right)"
    parts = [rf"{symbols} \cdot {step.partial.latex}", rf"{upstream} \cdot {rule}"]
    if step.formula.number is None:
        parts.append(rf"{upstream} \cdot {local}")
    sign = r"\approx" if "≈" in step.equation else "="
    return rf"{step.received.latex} \mathrel{{+}}= {' = '.join(parts)} {sign} {product}"


@pytest.mark.parametrize("seed", range(3))
def test_the_page_writes_every_step_as_python_does_also_at_other_leaves(play, seed):
    root = any_graph(seed) if seed else every_kind()
    steps = backprop(root)
    player = play(steps)
    assert shown_steps(player, len(steps)) == list(printed_steps(steps))
    rng = random.Random(seed)
    leaves = [steps.names[leaf] for leaf in steps.gradients]
    numbers = {name: rng.choice([1.0, -1.0]) * rng.uniform(0.1, 3) for name in leaves}
    set_leaves(player, numbers)
    again = backprop(recomputed(root, numbers))
    player.press("End")
    shown = player.exact()
    for leaf, gradient in again.gradients.items():
        assert shown[again.names[leaf]] == (leaf.data, pytest.approx(gradient, rel=1e-12))
    assert shown_steps(player, len(steps)) == list(printed_steps(again))


def test_forward_numbers_stand_in_brackets_where_a_power_or_a_minus_would_misread_them(play):
    x, y = Value(1e-12, label="x"), Value(-3.0, label="y")
    v = x**2 - y
    u = v * 1.0001 / x
    u.label = "u"
    steps = backprop(u)
    player = play(steps)
    said = []
    for _ in range(4):
        player.press("ArrowRight")
        said.append(player.sentence())
    assert said == [
        "t₁ = x² = (1e-12)² = 1e-24",
        "v = t₁ - y = 1e-24 - (-3) = 3",
        "t₂ = v·1.0001 = 3·1.0001 = 3.000",
        "u = t₂/x = 3.000/1e-12 = 3.000e12",
    ]
    printed = str(steps)
    for sentence in said:
        assert sentence.split(" = ")[2] in printed
    assert player.page.locator("svg text", has_text="1.0001").count() == 1


# --- what is typed, and where the picture is ---------------------------------------------------


def test_a_number_is_typed_as_on_the_command_line_or_as_a_fraction(play):
    player = play(backprop(product_plus()[0]))
    player.press("End", "ArrowDown")
    numbers = {"1/4": 0.25, "-3": -3.0, "−1e-3": -1e-3, "0,5": 0.5, ".5": 0.5, "inf": math.inf}
    for typed, x in numbers.items():
        player.page.locator(".about input[type=text]").fill(typed)
        assert player.exact()["a"][0] == x
        assert player.page.locator(".about [role=alert]").inner_text() == ""


def test_what_is_no_number_is_refused_in_words(play):
    player = play(backprop(product_plus()[0]))
    player.press("End", "ArrowDown")
    field, told = map(player.page.locator, (".about input[type=text]", ".about [role=alert]"))
    for k, typed in enumerate(["abc", "1/0/2", "1/x", "--2", "2*3", "1e", "/"]):
        field.fill(str(k))
        assert told.inner_text() == ""
        assert field.get_attribute("aria-invalid") != "true"
        field.fill(typed)
        words = f"a needs a number such as 0.5, 1e-3, 1/3 or inf, not {typed}."
        assert told.inner_text().strip() == words
        assert field.get_attribute("aria-invalid") == "true"
        assert player.exact()["a"][0] == k


def box_of(player, selector):
    return player.page.locator(selector).evaluate(
        """(e) => [e.clientWidth, e.scrollWidth,
            e.querySelector("svg").getBoundingClientRect().width]"""
    )


def deep(operations):
    y = Value(0.5, label="x")
    for _ in range(operations):
        y = y.tanh()
    return backprop(y)


@pytest.mark.parametrize("width", [600, 930, 1280])
def test_a_picture_fits_into_its_column(play, width):
    player = play(deep(width // 250), viewport={"width": width, "height": 900})
    seen, whole, drawn = box_of(player, ".pic")
    assert whole <= seen + 1
    assert drawn <= seen + 1
    assert player.page.locator(".overview").is_hidden()


def test_what_does_not_fit_in_legible_type_is_a_part_and_says_so(play):
    player = play(deep(12), viewport={"width": 390, "height": 900})
    seen, whole, drawn = box_of(player, ".pic")
    assert whole > seen
    assert (
        player.page.locator(".overview").inner_text()
        == "A part of the picture: drag it or fit it (f)."
    )
    player.page.click("button:has-text('Fit')")
    seen, whole, drawn = box_of(player, ".pic")
    assert drawn <= seen + 1
    assert player.page.locator(".overview").is_hidden()
    player.press("+", "+", "+")
    assert box_of(player, ".pic")[2] == pytest.approx(drawn * 1.25**3, rel=0.01)
    player.press("-")
    assert box_of(player, ".pic")[2] == pytest.approx(drawn * 1.25**2, rel=0.01)


def test_fit_shows_the_whole_of_a_picture_that_is_too_high(play):
    column = [Value(0.1 * k, label=f"w{k}") for k in range(64)]
    while column[1:]:
        column = [x + y for x, y in zip(column[::2], column[1::2], strict=True)]
    player = play(backprop(column[0] * 2))
    high = """() => {
        const pic = document.querySelector(".glassgrad").shadowRoot.querySelector(".pic");
        return [pic.scrollHeight, pic.clientHeight];
    }"""
    whole, seen = player.page.evaluate(high)
    assert whole > 2 * seen
    assert player.page.locator(".overview").is_visible()
    player.page.click("button:has-text('Fit')")
    whole, seen = player.page.evaluate(high)
    assert whole <= seen + 1
    assert player.page.locator(".overview").is_hidden()


def comes_into_view(player, box):
    """Wait until a box of the picture is wholly in the part that is seen, which has come to rest.

    It scrolls smoothly, which takes as long as the machine likes.
    """
    player.page.wait_for_function(
        """(id) => {
            const root = document.querySelector(".glassgrad").shadowRoot;
            const picture = root.querySelector(".pic");
            const place = `${picture.scrollLeft} ${picture.scrollTop}`;
            const rests = place === picture.dataset.before;
            picture.dataset.before = place;
            const seen = picture.getBoundingClientRect();
            const box = root.querySelector(`[data-node=${id}]`).getBoundingClientRect();
            return rests && box.left >= seen.left && box.right <= seen.right &&
                box.top >= seen.top && box.bottom <= seen.bottom;
        }""",
        arg=box,
    )


def test_a_large_picture_opens_where_the_first_step_will_be(play):
    x = Value(0.5, label="x")
    start = x.tanh()  # in the middle of a tall picture
    terms = [start * k for k in range(2, 40)]
    player = play(backprop(sum(terms[1:], terms[0])))
    first = player.page.evaluate(
        """() => {
            const root = document.querySelector(".glassgrad").shadowRoot;
            return [...root.querySelectorAll("[data-node]")]
                .find((g) => g.textContent.includes("tanh")).dataset.node;
        }"""
    )
    comes_into_view(player, first)
    player.press("End")
    player.press("Home")
    comes_into_view(player, first)


def test_a_step_at_a_closed_box_of_several_results_is_brought_into_view(play):
    layer = LSTM(2, 2)
    player = play(
        backprop((layer(np.ones((3, 1, 2)))[0] ** 2).sum()), viewport={"width": 390, "height": 700}
    )
    seen = 0
    for _ in range(40):
        player.press("ArrowRight")
        hot = player.page.locator("[data-node^=g][data-hot=to]")
        if hot.count() and "LSTM step" in hot.first.text_content():
            comes_into_view(player, hot.first.get_attribute("data-node"))
            seen += 1
    assert seen >= 2


def test_the_small_map_has_the_form_of_the_picture_and_its_frame_lies_in_it(play):
    player = play(deep(12), viewport={"width": 390, "height": 900})
    player.press("+", "+")
    width, height, *frame, left, top, wide, high = player.page.evaluate(
        """() => {
        const map = document.querySelector(".glassgrad").shadowRoot.querySelector(".map");
        const frame = map.querySelector(".seen");
        return [map.clientWidth, map.clientHeight,
            ...["x", "y", "width", "height"].map((key) => +frame.getAttribute(key)),
            ...map.getAttribute("viewBox").split(" ").map(Number)];
    }"""
    )
    assert height == pytest.approx(width * high / wide, abs=1.5)
    assert left <= frame[0] < frame[0] + frame[2] <= left + wide + 1
    assert top <= frame[1] < frame[1] + frame[3] <= top + high + 1


def test_what_a_step_adds_stands_on_one_even_ground(play):
    player = play(deep(3))
    player.press("End")
    ground, words, written, paper = player.page.evaluate(
        """() => {
        const flag = document.querySelector(".glassgrad").shadowRoot.querySelector(".flag");
        const [ground, words] = flag.children;
        const place = (e) => {
            const b = e.getBBox();
            return [b.x, b.y, b.x + b.width, b.y + b.height];
        };
        const colour = (e) => getComputedStyle(e).fill;
        return [place(ground), place(words), colour(words), colour(ground)];
    }"""
    )
    assert ground[0] < words[0] < words[2] < ground[2]
    assert ground[1] < words[1] < words[3] < ground[3]
    assert written != paper


def test_a_picture_is_dragged_with_the_mouse(play):
    player = play(deep(12), viewport={"width": 600, "height": 900})
    box = player.page.locator(".pic").bounding_box()
    x, y = box["x"] + 300, box["y"] + 4
    player.page.mouse.move(x, y)
    player.page.mouse.down()
    player.page.mouse.move(x - 120, y, steps=3)
    player.page.mouse.up()
    assert player.page.locator(".pic").evaluate("(e) => e.scrollLeft") == pytest.approx(120, abs=2)
    player.page.mouse.move(x, y)
    assert player.page.locator(".pic").evaluate("(e) => e.scrollLeft") == pytest.approx(120, abs=2)


def test_a_long_number_at_an_arrow_stays_in_its_room(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("End")
    set_leaves(player, {"b": -1.2345678e-101})
    label = player.page.locator("[data-edge='n2.0'] text")
    assert label.text_content() == number(-1.2345678e-101)
    room = player.page.locator("[data-edge='n2.0'] rect").bounding_box()["width"]
    assert label.bounding_box()["width"] <= room + 1


def test_a_gradient_of_ones_own_is_a_step_that_says_whose_rule_it_is(play):
    @custom_vjp
    def clipped(x):
        return x

    clipped.defvjp(lambda x: (x, None), lambda _, out_grad: (min(out_grad, 1.0),))
    x = Value(3.0, label="x")
    loss = clipped(x) * 100.0
    player = play(backprop(loss))
    player.press("End")
    assert player.rows()["x"] == ("3", "1", "1 of 1")
    assert "the rule of clipped" in player.panel()


# --- closed boxes -----------------------------------------------------------------------------


def large_network():
    random.seed(1)
    model = MLP(3, [4, 4, 1])
    rows = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    loss = sum((model(x) - y) ** 2 for x, y in zip(rows, [1.0, -1.0, -1.0, 1.0], strict=True))
    return backprop(loss)


def box_named(player, name):
    return player.page.locator("[data-node]").filter(has_text=name).first


WALKED = """() => {
    const host = document.querySelector(".glassgrad"), root = host.shadowRoot, seen = [];
    const where = () => root.querySelector("nav output").textContent;
    for (;;) {
        const before = where();
        host.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        if (where() === before) return seen;
        seen.push([where(), root.querySelector(".say .line")?.textContent ?? ""]);
    }
}"""


def walked(player):
    """Every place from here to the end with its sentence and, where there is one, its equation."""
    return player.page.evaluate(WALKED)


@pytest.mark.slow
def test_what_happens_inside_of_a_closed_box_is_one_step_until_it_is_opened(play):
    steps = large_network()
    outline = Outline(steps, picture_of(steps).folding.boxes)
    player = play(steps)
    seen = walked(player)
    assert [line for where, line in seen if "backward step" in where] == [
        "" if step.received is None else step.equation for step in outline
    ]
    player.press("Home")
    for name in ("model.layers[2]", "model.layers[2].neurons[0]"):
        player.page.get_by_role("button", name=f"+ {name}", exact=True).click()
        player.page.get_by_role("button", name=f"− {name}", exact=True).wait_for()
    inside = walked(player)
    assert len(inside) > 5 * len(seen)
    assert player.rows()["loss"][1] == "1"
    shown = player.exact()
    player.page.get_by_role("button", name="− model.layers[2]", exact=True).click()
    player.page.get_by_role("button", name="+ model.layers[2]", exact=True).wait_for()
    assert player.where() == seen[-1][0]  # it stays at the end
    assert player.exact() == shown
    assert shown["model.layers[1].neurons[0].b"][1] == steps.gradients[bias(steps)]


def bias(steps):
    return next(leaf for leaf in steps.gradients if steps.names[leaf] == "b[1][0]")


def test_a_click_on_a_closed_box_says_what_is_in_it_and_leads_to_each_node(play):
    steps = large_network()
    player = play(steps)
    player.press("End")
    box_named(player, "model.layers[2]").click()
    about = player.page.locator(".about").first
    assert about.locator(".title").inner_text().startswith("model.layers[2] of v₃₇")
    assert about.locator(".title").inner_text().endswith(": 37 nodes in one box")
    about.locator("button", has_text="b₂₀").click()
    assert (
        about.locator(".title").first.inner_text().startswith("b₂₀ (model.layers[2].neurons[0].b)")
    )


def test_a_closed_sum_shows_its_number_and_follows_an_edited_leaf(play):
    terms = [Value(k / 8, label=f"q{k}") for k in range(40)]
    total = sum(terms[1:], terms[0])
    out = tanh(total * 0.01)
    player = play(backprop(out))
    box = box_named(player, "Σ of 40 terms")
    player.press("End")
    assert number(total.data) in box.text_content()
    assert number(total.grad) in box.text_content()
    set_leaves(player, {"q3": -7.0})
    assert number(total.data - 0.375 - 7.0) in box.text_content()
    slope = 0.01 * (1 - math.tanh(0.01 * (total.data - 7.375)) ** 2)
    assert player.exact()["q5"][1] == pytest.approx(slope, rel=1e-12)
    box.click()
    player.page.locator(".about").first.locator("button[aria-expanded=false]").click()
    player.page.wait_for_selector("button[aria-expanded=true]")
    assert box_named(player, "Σ of 37 terms").count() == 1
    assert player.page.locator("[data-node]").count() == 12  # additions, and terms at the ends
    assert player.exact()["q5"][1] == pytest.approx(slope, rel=1e-12)
    assert player.rows()["q5"][2] == "1 of 1"


def test_axe_finds_no_fault_with_boxes(play):
    player = play(large_network())
    player.press("End", "ArrowLeft")
    box_named(player, "model.layers[2]").click()
    assert violations_in_both_themes(player.page) == []


# --- in class: slips that are recognised, steps of learning, presenting --------------------------


def answer(player, guess):
    field = player.page.locator(".say input")
    field.fill(str(guess))
    field.press("Enter")


def slip_told(player, guess):
    answer(player, guess)
    return player.page.locator(".say [role=status]").inner_text().strip()


def asked_in(player):
    """By what is asked for (upstream, local, contribution, total) the steps that ask for it."""
    found = {}
    player.press("Home", "p")
    for k in range(int(player.page.locator("nav input").get_attribute("max"))):
        player.press("ArrowRight")
        for caption in player.page.locator(".strip div:has(input) small").all_inner_texts():
            found.setdefault(caption.split()[0], []).append(k + 1)
    return found


def go_to(player, position):
    player.page.locator("nav input").fill(str(position))


def test_predict_asks_for_each_kind_in_turn_and_for_nothing_trivial(play):
    steps = backprop(neuron()[0])
    player = play(steps)
    asked = asked_in(player)
    assert asked.keys() == {"upstream", "local", "contribution", "total"}
    first = 11  # the steps follow 10 operations and the start
    asked_steps = {at - first for positions in asked.values() for at in positions}
    for k, step in enumerate(steps):
        of_number = step.formula.number is not None
        trivial = of_number and {abs(step.out_grad), abs(step.local)} & {0.0, 1.0}
        nothing_before = step.before is None
        assert (k in asked_steps) == (not trivial or not nothing_before), step
    assert all(steps[at - first].before is not None for at in asked["total"])
    assert all(steps[at - first].formula.number is None for at in asked["local"])


@pytest.fixture
def asked(play):
    """A player that will ask for dh/dz, where h is tanh(z)."""
    h = tanh(Value(0.5, label="z"))
    h.label = "h"
    return play(backprop(h))


@each(
    ("typed", "told"),
    [
        ("1 - h**2", ""), ("1 - h²", ""), ("1 − h^2", ""), ("1-tanh(z)**2", ""),
        ("(1-h)*(1+h)", ""), ("0.7864", ""), ("h**2 - 1", "The sign is the other one."),
        ("0.7864 + 0*z", "It is right at these numbers, but not at others."),
        ("tanh(z)", "That is a value, not a derivative."),
        ("0.5", "That is a value, not a derivative."),
        ("1 - h", "It is 1 - h² at z = 0.5."), ("2*q", "q is no name here."),
        ("sech(z)**2", "sech is no function here."),
        ("constructor", "constructor is no name here."),
        ("1 -", "That is no number and no formula."), ("(h", "That is no number and no formula."),
        ("h)", "That is no number and no formula."), ("", "That is no number and no formula."),
        ("<img src=x>", "That is no number and no formula."),
    ],
)  # fmt: skip
def test_predict_takes_a_formula_that_holds_at_other_leaves_too(asked, typed, told):
    player = asked
    player.page.reload()
    player.press("p", "End")
    answer(player, typed)
    if not told:
        assert "Right: 0.7864, 1 - h² at z = 0.5." in player.panel()
    else:
        assert told in player.page.locator(".say [role=status]").inner_text()


def test_predict_recognises_the_slips_of_a_product(play):
    a, b, c = (Value(x, label=name) for name, x in [("a", 2.5), ("b", -3.0), ("c", 7.0)])
    p = a * b
    p.label = "p"
    z = p * c
    z.label = "z"
    player = play(backprop(z))
    asked = asked_in(player)
    go_to(player, asked["contribution"][0])  # dz/da gets 7 · (-3) through p
    assert "respect to a gets ? through p" in player.sentence()
    told = {guess: slip_told(player, guess) for guess in (21, 4, -3, 7, -7.5, 99, "-c*b", "c+b")}
    assert told[21] == told["-c*b"] == "Not yet. The sign is the other one."
    assert told[4] == told["c+b"] == "Not yet. That is the sum; upstream and local are multiplied."
    assert told[-3] == "Not yet. The upstream dz/dp is forgotten."
    assert told[7] == "Not yet. The local derivative ∂p/∂a is forgotten."
    assert told[-7.5] == "Not yet. That is a value, not a derivative."
    assert told[99].startswith("Not yet. It is upstream × local")
    answer(player, "-63/3")
    assert "Right: " in player.panel()
    assert player.page.locator("button", has_text="Predict").inner_text() == "Predict: 0 of 1"


def test_predict_recognises_the_slips_of_upstream_and_local(play):
    steps = backprop(neuron()[0])
    player = play(steps)
    asked = asked_in(player)
    go_to(player, asked["upstream"][0])
    local = steps[asked["upstream"][0] - 11].local
    assert slip_told(player, local).startswith("Not yet. That is the local derivative, not what")
    go_to(player, asked["local"][-1])
    caption = player.page.locator(".strip small").first.inner_text()
    upstream = player.page.locator(".strip b").first.inner_text()
    assert caption.startswith("upstream")
    assert slip_told(player, upstream) == "Not yet. That is the upstream."
    assert " = " not in player.page.locator(".strip small").nth(1).inner_text()  # untold


def test_predict_recognises_a_path_forgotten_and_keeps_the_score(play):
    x = Value(3.0, label="x")
    z = (x * x) * 2.0
    z.label = "z"
    player = play(backprop(z))
    player.press("p", "End")  # x gets 6 again, and the total is asked for
    assert slip_told(player, 6).startswith("Not yet. A path is forgotten: ")
    assert slip_told(player, 36) == "Not yet. That is the product; paths are added."
    assert slip_told(player, -12) == "Not yet. The sign is the other one."
    answer(player, "4*x")
    assert "Right: 12, before + contribution = 6 + 6." in player.panel()
    player.press("ArrowLeft")  # here it is the local derivative, x
    answer(player, "x")
    assert player.page.locator("button", has_text="Predict").inner_text() == "Predict: 1 of 2"


def test_a_step_of_learning_moves_the_marked_leaves_against_their_gradients(play):
    x, w = Value(2.0, label="x"), Value(-0.3, label="w")
    loss = (tanh(w * x) - 1.0) ** 2
    loss.label = "J"
    player = play(backprop(loss))
    player.press("End")
    player.page.click("summary:has-text('Take a step')")
    player.page.get_by_label("Rate η").fill("0.5")
    player.page.locator("label", has_text="x").locator("input").uncheck()
    shown = [loss.data]
    for _ in range(3):
        player.page.get_by_role("button", name="Take a step").click()
        w.data -= 0.5 * w.grad
        w.zero_grad()
        loss = (tanh(w * x) - 1.0) ** 2
        loss.backward()
        shown.append(loss.data)
    assert player.exact()["w"] == (pytest.approx(w.data, rel=1e-12), pytest.approx(w.grad))
    assert player.exact()["x"][0] == 2.0
    told = "J: " + " → ".join(map(number, shown))
    assert player.page.locator("details [aria-live]").inner_text() == told
    player.press("ArrowDown")  # w is set to another number by hand: J is told from there on
    player.page.locator(".about input[type=text]").fill("0.25")
    by_hand = number(player.exact()["J"][0])
    player.page.get_by_role("button", name="Take a step").click()
    assert f" → {by_hand} → " in player.page.locator("details [aria-live]").inner_text()
    player.page.get_by_label("Rate η").fill("much")
    player.page.get_by_role("button", name="Take a step").click()
    assert "η needs a number" in player.page.locator("details [role=alert]").inner_text()
    assert (
        number(player.exact()["J"][0])
        == player.page.locator("details [aria-live]").inner_text().rpartition(" → ")[2]
    )  # no step is taken


def test_a_field_that_has_the_focus_has_its_keys_for_itself_until_escape(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("ArrowRight")
    here = player.where()
    player.page.click("summary:has-text('Take a step')")
    mark = player.page.locator("label", has_text="a").locator("input")
    mark.press("Space")
    assert not mark.is_checked()
    player.page.get_by_label("Drag η").press("ArrowRight")
    assert player.page.get_by_label("Rate η").input_value() == "0.105"
    assert player.where() == here
    player.page.keyboard.press("Escape")
    player.page.keyboard.press("ArrowRight")
    assert player.where() != here


def test_a_path_into_a_closed_box_leads_to_each_step_once_and_never_to_an_unknown_one(play):
    parts = [Value(k + 1.0, label=f"p{k}") for k in range(12)]
    player = play(backprop(sum((p * p for p in parts), Value(0.0, label="first"))))
    player.press("ArrowDown")
    links = player.page.locator(".about li .link").all_inner_texts()
    assert links
    assert len(links) == len(set(links))
    assert all(re.fullmatch(r"backward step \d+|the start", link) for link in links)
    player.page.locator(".about li .link").first.click()
    assert player.where() == "backward: the start"


@pytest.mark.parametrize("name", ["وزن", "משקל", "שלום עולם"])
def test_what_follows_a_name_that_is_written_from_the_right_stands_after_it(play, name):
    x = Value(2.0, label=name)
    player = play(backprop(x * 3.0))
    player.press("ArrowDown")
    start, end = player.page.evaluate(
        """(length) => {
        const root = document.querySelector(".glassgrad").shadowRoot;
        const text = root.querySelector(".about .title").firstChild;
        const at = text.data.lastIndexOf("2"), range = new Range();
        const left = (k, last) => (range.setStart(text, k), range.setEnd(text, last),
            range.getBoundingClientRect());
        return [left(0, length).right, left(at, at + 1).left];
    }""",
        len(name),
    )
    assert start <= end


@pytest.mark.parametrize("number", [math.nan, -math.inf])
def test_a_leaf_that_is_not_finite_is_shown_as_it_may_be_typed(play, number):
    x = Value(number, label="x")
    player = play(backprop(x * 2.0))
    player.press("ArrowDown")
    assert player.page.locator(".about input[type=text]").input_value() == str(number)


@pytest.mark.parametrize("width", [390, 1920])
def test_presenting_fills_the_screen_and_follows_a_remote(play, width):
    player = play(backprop(neuron()[0]), viewport={"width": width, "height": 900})
    player.press("s")
    host = player.page.locator(".glassgrad")
    player.page.wait_for_function(
        "document.querySelector('.glassgrad').hasAttribute('data-present')"
    )
    player.press("End")
    for place in (".say p", ".strip small", ".strip b", "nav output"):
        size = player.page.locator(place).first.evaluate("(e) => getComputedStyle(e).fontSize")
        assert size == {1920: "24px"}.get(width, "16px"), place  # as large on a projector's 1280
    player.press("Home")
    assert host.evaluate("(e) => e.getBoundingClientRect().width") == width
    assert host.evaluate("(e) => e.scrollWidth") <= width
    for _ in range(11):
        player.page.keyboard.press("PageDown")
    assert player.where() == "backward step 1 of 15"
    assert player.page.locator(".parts [data-now]").count() == 1
    assert player.page.locator(".parts > span").first.inner_text().startswith("L = ")
    player.page.keyboard.press("PageUp")
    assert player.where() == "backward: the start"
    player.page.keyboard.press("h")
    hidden = player.page.locator("[data-part=data]").first
    assert hidden.evaluate("(e) => getComputedStyle(e).visibility") == "hidden"
    assert not re.search(r"\d\.\d", player.panel())  # nor in words
    player.page.keyboard.press("h")
    assert hidden.evaluate("(e) => getComputedStyle(e).visibility") == "visible"
    player.page.keyboard.press("Escape")
    player.page.wait_for_function(
        "!document.querySelector('.glassgrad').hasAttribute('data-present')"
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_of_a_wide_graph_a_part_is_presented_that_the_last_row_reads(play, width, height):
    a, b = Value(0.5, label="a"), Value(-1.5, label="b")
    out = a
    for _ in range(2):
        out = (out * a + b).tanh() + (out * b - a).tanh()
    player = play(backprop((out - 1) ** 2), viewport={"width": width, "height": height})
    player.press("s", "End", "ArrowLeft")
    player.page.wait_for_function(
        "innerHeight >= document.querySelector('.glassgrad').scrollHeight"
    )
    size = "(e) => e.getBoundingClientRect().height / e.getBBox().height"
    scale = player.page.locator(".pic [data-node] text").first.evaluate(size)
    assert scale > width / 1300  # of type of 11 to 13 px
    # It is moved there in the next frame.
    frame = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    player.page.evaluate(frame)
    active, seen = (
        player.page.locator(place).first.evaluate("(e) => e.getBoundingClientRect().toJSON()")
        for place in (".pic [data-hot=to] rect", ".pic")
    )
    assert seen["left"] <= active["left"] < active["right"] <= seen["right"]
    assert seen["top"] <= active["top"] < active["bottom"] <= seen["bottom"]


def test_the_player_says_where_there_is_no_derivative_also_of_another_number(play):
    a = Value(2.0, label="a")
    player = play(backprop(log(a) * 3.0))
    player.press("End")
    assert "derivative there" not in player.panel()
    player.press("ArrowDown")
    player.page.locator(".about input[type=text]").fill("-1")
    remark = (
        "v₁ is not a number at a = -1, so it has no derivative there: -1 is only what the formula"
    )
    assert remark in player.panel()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_a_presented_neuron_and_all_that_is_said_fit_the_screen(play, width, height):
    player = play(backprop(neuron()[0]), viewport={"width": width, "height": height})
    player.press("s", "End", "ArrowLeft")
    player.page.wait_for_function(
        "innerHeight >= document.querySelector('.glassgrad').scrollHeight"
    )
    assert player.page.locator(".overview").is_hidden()
    picture = player.page.locator(".pic").evaluate(
        "(e) => [e.scrollWidth <= e.clientWidth, e.scrollHeight <= e.clientHeight]"
    )
    assert picture == [True, True]


def test_axe_finds_no_fault_while_presenting(play):
    player = play(backprop(neuron()[0]))
    player.page.click("summary:has-text('Take a step')")
    player.press("s", "End", "ArrowLeft")
    assert violations_in_both_themes(player.page) == []


# --- along named variables --------------------------------------------------------------------


def test_the_player_steps_along_named_variables(play):
    x, w, b = Value(2.0, label="x"), Value(-0.5, label="w"), Value(0.25, label="b")
    z = 2.0 * x * w + b * b
    z.label = "z1"
    h = tanh(z)
    h.label = "y_hat"
    J = (h - 1.0) ** 2 + h * w
    J.label = "J"
    steps = backprop(J)
    player = play(steps)
    player.page.get_by_role("button", name="Named variables").click()
    seen = walked(player)
    named = [(where, line) for where, line in seen if "backward step" in where]
    assert [line for _, line in named] == [step.equation for step in steps.named]
    assert [where for where, _ in seen if "forward" in where] == [
        f"forward step {k} of 3" for k in (1, 2, 3)
    ]
    shown = player.exact()
    assert {n.label: shown[n.label][1] for n in (x, w, b)} == {
        n.label: pytest.approx(n.grad) for n in (x, w, b)
    }
    set_leaves(player, {"x": 3.0})
    player.press("End")
    assert "Reset the leaves" in player.panel()
    player.page.get_by_role("button", name="Copy LaTeX").click()
    latex = player.page.locator(".say textarea").input_value()
    assert latex.startswith(r"\frac{\mathrm{d}J}{\mathrm{d}")
    assert r"\cdot" in latex
    player.page.get_by_role("button", name="Named variables").click()
    assert player.where() == f"backward step {len(steps)} of {len(steps)}"


def test_where_every_node_has_a_name_there_is_nothing_to_skip(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    assert player.page.get_by_role("button", name="Named variables").count() == 0
    player.press("n")
    assert player.where() == "start"


def presented(player):
    """The lines of the formula that are seen, and the part of it that is marked."""
    lines = player.page.locator(".parts > span:visible").all_inner_texts()
    return lines, player.page.locator(".parts [data-now]:visible").all_inner_texts()


def test_presenting_shows_the_nested_formula_with_the_part_of_the_step_marked(play):
    x, w, b = Value(2.0, label="x"), Value(-0.5, label="w"), Value(0.25, label="b")
    J = (tanh(w * x + b) - 1.0) ** 2 * -w
    J.label = "J"
    player = play(backprop(J))
    line = "J = (tanh(w·x + b) - 1)²·(-w)"
    marked = []
    for key in ["s", *["PageDown"] * 15]:
        player.press(key)
        lines, parts = presented(player)
        assert lines == [line]
        marked.append(*parts)
    assert marked[:8] == [
        line[4:], "w·x", "w·x + b", "tanh(w·x + b)", "tanh(w·x + b) - 1", "(tanh(w·x + b) - 1)²",
        "-w", line[4:],
    ]  # fmt: skip
    assert marked[8:] == [line[4:]] * 3 + ["-w", "(tanh(w·x + b) - 1)²", "tanh(w·x + b) - 1",
        "tanh(w·x + b)", "w·x + b",
    ]  # fmt: skip


def test_what_is_used_twice_has_a_line_of_its_own_when_presenting(play):
    x = Value(2.0, label="x")
    e = (x * 2.0).exp()
    e.label = "e"
    t = (e - 1) / (e + 1)
    t.label = "t"
    player = play(backprop(t))
    player.press("s", "End")
    assert presented(player) == (["t = (e - 1)/(e + 1)", "e = exp(x·2)"], ["x·2"])


def test_of_a_long_pass_presenting_shows_the_line_of_the_step_alone(play):
    player = play(deep(140))
    player.press("s")
    for _ in range(5):
        (line,), (marked,) = presented(player)
        assert marked in line
        assert len(line) < 200
        player.press("PageDown")


def test_a_closed_box_is_a_line_of_words_when_presenting_until_it_is_opened(play):
    random.seed(3)
    model = MLP(2, [3, 1])
    out = model([Value(0.5), Value(-1.0)])
    J = (out - 1.0) ** 2
    J.label = "J"
    player = play(backprop(J))
    player.page.locator(".row button", has_text="− model").first.click()
    player.press("s", "ArrowRight")
    lines, _ = presented(player)
    assert lines[0].startswith("J = (")
    boxes = [line for line in lines if " of " in line]
    assert any(line.startswith("model of ") or " = model" in line for line in boxes)
    player.page.locator(".row button", has_text="+ model").first.click()
    shown, _ = presented(player)
    assert shown != lines


def test_predicting_and_presenting_fit_every_screen_and_axe_finds_no_fault(play):
    player = play(backprop(neuron()[0]))
    asked = asked_in(player)
    for width in WIDTHS:
        player.page.set_viewport_size({"width": width, "height": 900})
        player.page.reload()
        player.press("p")
        go_to(player, asked["local"][0])
        assert slip_told(player, "1 +") == (
            "That is no number and no formula. Write 0.5, 1/3, y or 1 - v1**2."
        )
        assert player.page.evaluate("document.documentElement.scrollWidth") <= width
        assert width > WIDTHS[0] or violations(player.page) == []
        player.press("s")
        assert player.page.evaluate("document.documentElement.scrollWidth") <= width
        assert player.page.locator(".parts").evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")
    assert violations_in_both_themes(player.page) == []


def test_predicting_needs_no_mouse(play):
    player = play(backprop(neuron()[0]))
    keyboard = player.page.keyboard
    player.press("p", "End")
    for _ in range(60):
        keyboard.press("Tab")
        if player.page.evaluate(
            "document.querySelector('.glassgrad').shadowRoot.activeElement?.matches('.say input')"
        ):
            break
    keyboard.type("-9.0*0")
    keyboard.press("Enter")
    assert "Not yet" in player.panel()
    keyboard.press("Escape")  # out of the field, and on
    keyboard.press("ArrowLeft")
    assert player.where() == "backward step 14 of 15"


def test_an_equation_of_rounded_numbers_says_so_in_the_page(play):
    x = Value(1 / 3, label="x")
    y = x * 3.0
    y.label = "y"
    z = y * 1.0001
    z.label = "z"
    player = play(backprop(z))
    player.press("ArrowRight")
    assert player.sentence() == "y = x·3 = 0.3333·3 ≈ 1"
    player.press("ArrowRight")
    assert player.sentence() == "z = y·1.0001 = 1·1.0001 = 1.000"
    player.press("End")
    assert "dz/dx += dz/dy · ∂y/∂x = 1.000 · 3 = 3.000" in player.panel()


def test_a_local_derivative_alone_has_no_brackets(play):
    x = Value(0.5, label="x")
    y = tanh(x)
    y.label = "y"
    player = play(backprop(y))
    player.press("End")
    assert "local ∂y/∂x = 1 - y²\n0.7864" in player.panel()
    assert "= 1 · (1 - y²) = 1 · 0.7864 = 0.7864" in player.panel()


def test_of_a_chosen_node_latex_is_copied_with_all_its_paths(play):
    z, *_ = product_plus()
    player = play(backprop(z))
    player.press("End", "ArrowDown")
    player.page.locator(".about").get_by_role("button", name="LaTeX").click()
    assert player.page.locator(".say textarea").input_value() == (
        r"\frac{\mathrm{d}z}{\mathrm{d}a} = \frac{\partial z}{\partial a}"
        r" + \frac{\partial z}{\partial p} \cdot \frac{\partial p}{\partial a} = -2"
    )
