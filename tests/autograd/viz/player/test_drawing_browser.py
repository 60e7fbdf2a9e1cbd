"""What `draw` shows, in a browser: on a page of its own, and in the hosts of notebooks."""

import re

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, draw, explain
from tests.autograd.viz.player.fitting import violations, violations_in_both_themes
from tests.autograd.viz.player.hosts import IN_VSCODE
from tests.autograd.viz.player.players import needs_browser
from tests.autograd.viz.player.test_player_browser import HOSTILE

pytestmark = needs_browser
READY = ".glassgrad .pic"


def deep(operations):
    y = Value(0.5, label="x")
    for _ in range(operations):
        y = y.tanh()
    y.backward()
    return draw(y)


@pytest.fixture
def shown(play, tmp_path):
    """Opens the page of a drawing."""

    def open_(picture, **options):
        picture.save(tmp_path / "drawing.html")
        return play(tmp_path / "drawing.html", wait=READY, **options).page

    return open_


def widths(page):
    return page.locator(".pic").evaluate(
        """(e) => [e.clientWidth, e.scrollWidth,
            e.querySelector("svg").getBoundingClientRect().width]"""
    )


@pytest.mark.parametrize("width", [390, 930, 1280, 1920])
def test_a_small_drawing_fits_into_every_page(shown, width):
    page = shown(deep(1), viewport={"width": width, "height": 800})
    seen, whole, drawn = widths(page)
    assert whole <= seen + 1
    assert drawn <= seen + 1
    assert page.locator(".overview").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_high_drawing_begins_where_there_are_boxes(shown):
    y = Value(0.5, label="x").tanh()
    for k in range(30):  # the operands of a chain stand below and above it
        y = (y * Value(1.0, label=f"w{k}") + Value(0.1, label=f"b{k}")).tanh()
    for k in range(12):
        y = y * sum((Value(1.0, label=f"u{k}_{i}") ** 3 for i in range(6)), Value(1.0))
    page = shown(draw(y, depth=0), viewport={"width": 930, "height": 800})
    place = page.locator(".pic").evaluate(
        "(e) => [e.scrollTop, (e.scrollHeight - e.clientHeight) / 2]"
    )
    assert place[1] > 50
    assert abs(place[0] - place[1]) <= 1


def test_of_a_large_one_a_part_is_shown_that_is_dragged_zoomed_and_fitted(shown):
    page = shown(deep(12), viewport={"width": 390, "height": 800})
    seen, whole, _ = widths(page)
    assert whole > 2 * seen
    assert "A part of the picture" in page.locator(".overview").inner_text()
    box = page.locator(".pic").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 5, steps=3)
    page.mouse.up()
    assert page.locator(".pic").evaluate("(e) => e.scrollLeft") == pytest.approx(120, abs=2)
    page.click("text=Fit")
    assert widths(page)[2] <= seen + 1
    assert page.locator(".overview").is_hidden()
    page.focus(".pic")
    page.keyboard.press("+")
    assert widths(page)[2] == pytest.approx(1.25 * seen, rel=0.02)
    page.keyboard.press("f")
    assert widths(page)[2] <= seen + 1


def test_no_sliver_of_a_picture_is_cut_off(shown):
    page = shown(deep(6), viewport={"width": 1920, "height": 800})
    width, seen = widths(page)[1], []
    for share in (0.68, 0.65, 0.5):  # of its natural size: what fits, what nearly does, and a part
        page.set_viewport_size({"width": round(share * width) + 60, "height": 800})
        page.wait_for_function("(wide) => innerWidth === wide", arg=round(share * width) + 60)
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
        room, whole, _ = widths(page)
        seen.append(room >= whole)
    assert seen == [True, True, False]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_the_theme_of_the_page_around_and_axe_finds_no_fault(shown, scheme):
    page = shown(deep(3), color_scheme=scheme)
    assert page.locator(".glassgrad").get_attribute("data-theme") == scheme
    ground = page.locator("svg [data-part=page]").first.evaluate("(e) => getComputedStyle(e).fill")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 31)"}[scheme]
    assert violations(page) == []


def test_without_scripts_the_picture_remains_and_says_itself_in_words(shown, play, tmp_path):
    picture = deep(2)
    picture.save(tmp_path / "drawing.html")
    page = play(tmp_path / "drawing.html", java_script_enabled=False).page
    image = page.locator("img")
    assert image.bounding_box()["width"] > 300
    assert image.get_attribute("alt") == repr(picture)


def test_hostile_names_stay_text(shown):
    text = ""
    for names in (HOSTILE[::2], HOSTILE[1::2]):  # few enough for each to be drawn by itself
        total = Value(0.0, label="<b>start</b>")
        for k, name in enumerate(names):
            total = total * Value(k + 1.0, label=name)
        page = shown(draw(total))
        assert page.evaluate("window.hacked") is None
        assert page.locator("svg script, svg [onload], svg foreignObject, svg a").count() == 0
        text += page.locator("svg").first.text_content()
    assert "onerror=window.hacked=1" in text


def test_in_vs_code_each_of_two_drawings_is_alive(blank):
    pictures = [deep(1), deep(2)]
    html = "\n".join(picture._repr_mimebundle_()["text/html"] for picture in pictures)
    blank.evaluate(IN_VSCODE, html)
    blank.locator(READY).nth(1).wait_for()
    for k, picture in enumerate(pictures):
        host = blank.locator(".glassgrad").nth(k)
        assert host.get_attribute("data-theme") == "dark"
        assert host.locator(".pic > svg").get_attribute("aria-label") == repr(picture)
        host.locator("[aria-label$=larger]").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_a_frame_without_rights_as_on_colab_it_is_alive(blank, theme):
    blank.evaluate(
        """([html, theme]) => {
            const frame = document.createElement("iframe");
            frame.sandbox = "allow-scripts";
            frame.style = "width: 100%; height: 600px; border: 0";
            frame.srcdoc = `<!DOCTYPE html><html theme="${theme}"><body>${html}</body></html>`;
            document.body.append(frame);
        }""",
        [deep(2)._repr_mimebundle_()["text/html"], theme],
    )
    host = blank.frame_locator("iframe").locator(".glassgrad")
    host.locator(".pic").wait_for()
    assert host.get_attribute("data-theme") == theme


def test_where_scripts_styles_and_frames_are_stripped_as_on_github_the_picture_remains(blank):
    picture = deep(2)
    html = picture._repr_mimebundle_()["text/html"]
    for tag in ("script", "style"):
        html = re.sub(rf"<{tag}>.*?</{tag}>", "", html, flags=re.DOTALL)
    blank.set_content(re.sub(r' (style|on\w+)="[^"]*"', "", html))
    image = blank.locator("img")
    image.evaluate("(e) => e.decode()")
    assert image.evaluate("(e) => e.naturalWidth") > 300
    assert blank.locator("body").inner_text().strip() == ""
    assert image.get_attribute("alt") == repr(picture)


# --- boxes that open ---------------------------------------------------------------------------


def sum_of_40():
    terms = [Value(k / 8, label=f"q{k}") for k in range(40)]
    return draw(sum(terms[1:], terms[0]).tanh())


def test_a_closed_box_opens_and_closes_again(shown):
    page = shown(sum_of_40())
    closed = 3 + 1 + 1 + 2  # the first terms, a box of more, the last, the sum, tanh
    assert page.locator("[data-node]").count() == closed
    page.get_by_role("button", name="+ Σ of 40 terms").click()
    page.get_by_role("button", name="− Σ of 40 terms").wait_for()
    # the additions of the terms that are drawn, and a box of the others
    assert page.locator("[data-node]").count() == closed - 1 + 4
    page.get_by_role("button", name="+ Σ of 37 terms").click()
    page.get_by_role("button", name="− Σ of 37 terms").wait_for()
    assert page.locator("[data-node]").count() == closed - 1 + 39
    page.get_by_role("button", name="− Σ of 40 terms").click()
    page.get_by_role("button", name="+ Σ of 40 terms").wait_for()
    assert page.locator("[data-node]").count() == closed
    page.locator("[data-node^=g]", has_text="36 more terms").click()
    page.get_by_role("button", name="− 36 more terms").wait_for()
    assert page.locator("[data-node]").count() == 42


def test_boxes_of_one_name_are_told_apart_by_what_they_make(shown):
    layer = nn.MultiheadAttention(4, 2, batch_first=True)
    x = Tensor(np.ones((1, 3, 4)), label="x")
    page = shown(draw(layer(x, x, x)[0].sum()))
    page.get_by_role("button", name="− layer", exact=True).wait_for()
    names = page.get_by_role("button", name="into heads").all_inner_texts()
    assert len(set(names)) == len(names) == 3
    boxes = page.locator("[data-node^=g]").all_text_contents()
    assert all(any(name.partition(" → ")[2] in box for box in boxes) for name in names)


def test_an_opened_box_holds_the_numbers_of_the_time_of_drawing(shown):
    terms = [Value(1.0, label=f"q{k}") for k in range(40)]
    picture = draw(sum(terms[1:], terms[0]).tanh())
    for term in terms:
        term.data = 777.0
    page = shown(picture)
    page.get_by_role("button", name="+ Σ of 40 terms").click()
    page.get_by_role("button", name="− Σ of 40 terms").wait_for()
    assert "777" not in page.locator("svg").first.text_content()


def test_axe_finds_no_fault_with_boxes(shown):
    assert violations_in_both_themes(shown(sum_of_40())) == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_boxes_of_the_small_map_are_grey_in_both_themes(shown, color_scheme):
    page = shown(deep(30), viewport={"width": 390, "height": 800}, color_scheme=color_scheme)
    page.wait_for_selector(f".glassgrad[data-theme={color_scheme}]")
    fills = page.locator(".map rect:not(.seen)").evaluate_all(
        "(all) => [...new Set(all.map((e) => getComputedStyle(e).fill))]"
    )
    line = page.locator(".main").evaluate("(e) => getComputedStyle(e).borderTopColor")
    assert fills == [line]
    box = page.locator('[data-node="n0"] rect').first.evaluate("(e) => getComputedStyle(e).fill")
    assert (box != "rgb(230, 240, 250)") == (color_scheme == "dark")  # the picture itself turns


def test_a_click_on_the_small_map_shows_that_part(shown):
    page = shown(deep(12), viewport={"width": 390, "height": 800})
    box = page.locator(".map").bounding_box()
    for part in (0.6, 0.3):
        page.mouse.click(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
        left, seen, whole = page.locator(".pic").evaluate(
            "(e) => [e.scrollLeft, e.clientWidth, e.scrollWidth]"
        )
        assert (left + seen / 2) / whole == pytest.approx(part, abs=0.03)


@pytest.mark.parametrize(("width", "least"), [(390, 9), (930, 7)])
def test_no_type_of_a_large_drawing_is_too_small_to_read(shown, width, least):
    page = shown(deep(40), viewport={"width": width, "height": 800})
    sizes = page.locator(".pic > svg").evaluate(
        """(svg) => [...svg.querySelectorAll("text")].map((text) =>
            parseFloat(getComputedStyle(text).fontSize)
            * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"""
    )
    assert min(sizes) >= least


@pytest.mark.parametrize("width", [390, 930])
def test_the_page_of_an_explanation_is_no_wider_than_its_window(play, tmp_path, width):
    y = Value(0.5, label="a_long_name_of_a_leaf")
    for _ in range(9):
        y = (y * 0.9).sigmoid()
    explain(y).save(tmp_path / "made.html")
    viewport = {"width": width, "height": 800}
    page = play(tmp_path / "made.html", wait="pre", viewport=viewport).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert width > 390 or violations(page) == []


def test_where_system_and_notebook_differ_every_picture_follows_the_notebook(blank):
    network = nn.MLP(2, [3], 1, "tanh").picture([1.0, 2.0], [[0.5]], nn.MSELoss())
    blank.emulate_media(color_scheme="dark")
    for picture, button in [(sum_of_40(), "+ Σ of 40 terms"), (network, "Backwards")]:
        html = picture._repr_mimebundle_()["text/html"]
        blank.set_content(f'<body data-jp-theme-light="true" style="color: #000">{html}')
        blank.locator(READY).wait_for()
        paper = blank.locator(".pic [data-part=page]").first
        assert paper.evaluate("(e) => getComputedStyle(e).fill") == "rgb(255, 255, 255)"
        blank.get_by_role("button", name=button).click()
        assert paper.evaluate("(e) => getComputedStyle(e).fill") == "rgb(255, 255, 255)"
