"""The page in which an expression is typed, driven in a browser."""

import math
from urllib.parse import urlencode

import pytest

from autograd.__main__ import main
from autograd.expression import ExpressionError, parse
from autograd.viz.player.typed import typed_page, write_typed_page
from autograd.viz.text import number
from tests.autograd.viz.player.fitting import WIDTHS, violations_in_both_themes
from tests.autograd.viz.player.players import needs_browser
from tests.autograd.viz.player.test_player_browser import HOSTILE


@pytest.fixture
def typed(play, tmp_path):
    """Opens the page, with a state in its address."""
    write_typed_page(tmp_path / "typed.html")

    def open_(state=None, fragment="", **options):
        mark = f"#{urlencode(state)}" if state else fragment
        player = play(f"{tmp_path / 'typed.html'}{mark}", **options)
        player.page.set_default_timeout(10_000)
        return player

    return open_


def leaf(player, name):
    return player.page.locator(f".leaf[title='{name}'] input[type=text]")


def test_the_page_is_small_loads_nothing_and_is_the_same_on_every_run():
    page = typed_page()
    assert len(page.encode()) <= 250_000
    assert page == typed_page()
    assert "default-src 'none'" in page
    assert page.count("<script>") == page.count("</script>") == 1
    assert "src=" not in page.partition("<script>")[0]


@pytest.mark.parametrize("given", [[], ["--open"], ["--no-open"]])
def test_play_without_an_expression_writes_the_page_and_opens_it(
    given, tmp_path, capsys, monkeypatch
):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert main(["play", *given, "-o", str(tmp_path / "type.html")]) == 0
    assert (tmp_path / "type.html").read_text("utf-8") == typed_page()
    assert opened == ([] if given == ["--no-open"] else [(tmp_path / "type.html").as_uri()])
    assert "a page to type an expression" in capsys.readouterr().out


@needs_browser
def test_what_is_typed_is_played_with_the_engines_numbers(typed):
    player = typed()
    player.page.fill("#expression", "tanh(w*x + b) * x")
    for name, x in {"w": "0.3", "x": "-2", "b": "1/4"}.items():
        leaf(player, name).fill(x)
    player.press("End")
    y = parse("tanh(w*x + b) * x", {"w": 0.3, "x": -2.0, "b": 0.25})
    y.backward()
    shown = player.exact()
    assert shown["f"] == (pytest.approx(y.data, rel=1e-12), 1.0)
    assert shown["w"] == (0.3, pytest.approx(leaf_of(y, "w").grad, rel=1e-12))
    assert shown["x"] == (-2.0, pytest.approx(leaf_of(y, "x").grad, rel=1e-12))
    assert player.where() == "backward step 7 of 7"


def leaf_of(root, name):
    stack = [root]
    while stack:
        node = stack.pop()
        if node.label == name:
            return node
        stack.extend(node.parents)
    raise LookupError(name)


def marked(player):
    """The sign over the caret, the caret, where it begins, what is left of it; is it seen?"""
    return player.page.evaluate(
        """() => { const mark = document.querySelector("#told .at"), all = new Range();
            const { left, width } = mark.getBoundingClientRect();
            const caret = getComputedStyle(mark, "::after");
            all.setStart(mark.parentNode, 0); all.setEnd(mark.parentNode, 1);
            return [mark.textContent, caret.content, parseFloat(caret.left), all.toString(),
                0 <= left && left + width <= innerWidth]; }"""
    )


@needs_browser
def test_on_a_phone_a_long_expression_is_scrolled_to_its_mistake(typed):
    player = typed(viewport={"width": 390, "height": 800})
    player.page.fill("#expression", "w + " * 18 + "w^2" + " + w" * 4)
    assert marked(player) == ["^", '"^"', 0, "w + " * 18 + "w", True]
    assert player.page.evaluate("document.documentElement.scrollWidth") <= 390


@needs_browser
def test_a_mistake_stands_under_its_column_until_it_is_mended(typed):
    player = typed()
    player.page.fill("#expression", "tanh(w^2)")
    with pytest.raises(ExpressionError) as caught:
        parse("tanh(w^2)", {})
    told = player.page.locator("#told").text_content()
    problem, shown, caret = str(caught.value).splitlines()
    assert f"expression: {told}" == problem + shown.strip()
    assert player.page.locator("#expression").get_attribute("aria-invalid") == "true"
    assert marked(player) == ["^", '"^"', 0, shown[2 : caret.index("^")], True]
    player.page.fill("#expression", "tanh(w**2)")
    assert player.page.locator("#told").text_content() == ""
    assert player.page.locator("#expression").get_attribute("aria-invalid") is None


@needs_browser
def test_the_address_leads_to_expression_numbers_and_step(typed):
    player = typed()
    player.page.fill("#expression", "a*b + a")
    leaf(player, "a").fill("1.5")
    leaf(player, "b").fill("-3")
    player.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    where, address = player.where(), player.page.evaluate("location.hash")
    again = typed(fragment=address)
    assert again.where() == where
    assert again.page.input_value("#expression") == "a*b + a"
    assert again.exact()["a"][0] == 1.5
    assert leaf(again, "b").input_value() == "-3"


@needs_browser
def test_the_address_keeps_unusual_numbers(typed):
    texts = {"a": "-0", "b": "-inf", "c": "nan", "d": "1e-320"}
    player = typed({"f": "a*b*c*d"})
    for name, text in texts.items():
        leaf(player, name).fill(text)
    again = typed(fragment=player.page.evaluate("location.hash"))
    for name, text in texts.items():
        assert repr(float(leaf(again, name).input_value())) == repr(float(text))


@needs_browser
def test_sliders_and_the_players_own_fields_show_the_same_number(typed):
    player = typed({"f": "x*y + x", ".x": "3", ".y": "2"})
    player.press("End", "ArrowDown")
    player.page.locator(".about input[type=text]").fill("5")
    assert leaf(player, "x").input_value() == "5"
    player.page.locator(".leaf[title=y] input[type=range]").fill("-1")
    assert leaf(player, "y").input_value() == "-1"
    assert player.exact()["x"] == (5.0, 0.0)
    assert player.where() == "backward step 4 of 4"  # it stays where it was


@needs_browser
def test_a_leaf_that_is_no_number_keeps_the_last_one_and_says_so(typed):
    player = typed({"f": "x*x", ".x": "3"})
    for k, text in enumerate(["abc", "1/0/2", "--1", ""]):
        leaf(player, "x").fill(str(k))
        assert player.page.locator(".leaf [role=alert]").text_content() == ""
        leaf(player, "x").fill(text)
        assert player.exact()["x"][0] == k
        told = player.page.locator(".leaf [role=alert]").text_content()
        says = f" x needs a number such as 0.5, 1e-3, 1/3 or inf, not {text}."
        assert told == (says if text else "")


@needs_browser
def test_what_is_too_large_to_be_drawn_is_refused_and_what_was_shown_stays(typed):
    player = typed({"f": "x*x"})
    for count in (1_000, 200):
        player.page.fill("#expression", "+".join(["x"] * count))
        told = player.page.locator("#told").text_content()
        assert told == (
            f"this page draws at most 150 nodes, but these are {count:,}; glassgrad play on the "
            "command line folds what is larger."
        )
        assert player.page.locator("#stage").evaluate("(e) => e.inert")
    player.page.fill("#expression", "+".join(["x"] * 150))
    assert player.page.locator("#told").text_content() == ""


@needs_browser
def test_an_empty_field_is_told_in_the_words_of_the_command_line(typed):
    player = typed()
    player.page.fill("#expression", " ")
    with pytest.raises(ExpressionError) as caught:
        parse(" ", {})
    assert f"expression: {player.page.locator('#told').text_content()}" == str(caught.value)


@needs_browser
def test_hostile_addresses_stay_text(typed):
    player = typed()
    address = player.page.url.partition("#")[0].removeprefix("file://")
    for text in HOSTILE:
        state = {"f": text, ".x": text, f".{text}": "1", "step": text}
        player.page.goto("about:blank")  # only what follows # is another: no page is loaded
        player.open(f"{address}#{urlencode(state)}", wait="#expression")
        assert player.page.evaluate("window.hacked") is None
        made = player.page.locator("main b, main img[onerror], main script, svg script")
        assert made.count() == 0
        player.page.fill("#expression", "x*x")
        player.press("End")
        assert player.exact()["x"][1] is not None


@needs_browser
def test_axe_finds_no_fault(typed):
    player = typed({"f": "tanh(w*x + b)"})
    player.press("End")
    assert violations_in_both_themes(player.page) == []


@needs_browser
def test_nothing_is_wider_than_the_page(typed):
    page = typed({"f": "ln(1 + exp(-y*(w*x + b)))"}).page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        page.wait_for_selector(".glassgrad nav")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@needs_browser
def test_it_is_used_with_the_keyboard_alone(typed):
    player = typed()
    player.page.keyboard.press("Tab")
    assert player.page.evaluate("document.activeElement.id") == "expression"
    player.page.keyboard.press("Control+A")
    player.page.keyboard.type("u*u")
    for _ in range(20):
        player.page.keyboard.press("Tab")
        if player.page.evaluate("document.activeElement.className") == "glassgrad":
            break
    player.page.keyboard.press("End")
    assert player.exact()["u"] == (0.5, 1.0)


@needs_browser
def test_unusual_numbers_are_computed_as_ieee_says(typed):
    player = typed({"f": "log(x) * 0 + x**0", ".x": "0"})
    player.press("End")
    assert player.rows()["f"][0] == "nan"
    assert math.isnan(player.exact()["f"][0])
    assert number(0.0) == player.rows()["x"][0]
