"""What the course shows, in a browser: boxes, flipbooks and sheets can be used by everybody."""

import importlib.util
import json
import pathlib

import matplotlib.pyplot as plt
import pytest

from nn.course import flipbook, showing
from tests.autograd.viz.player.fitting import violations
from tests.autograd.viz.player.players import needs_browser

pytestmark = needs_browser
ROOT = pathlib.Path(__file__).parents[2]
PAGE = (
    "<!doctype html><html lang=en><title>course</title><body style='{}'><main><h1>x</h1>{}</main>"
)


@pytest.fixture
def book():
    figure, ax = plt.subplots(figsize=(1, 1))
    return flipbook(figure, lambda k: ax.plot([0, k]), 3, "A line, steeper each time.")


@pytest.fixture
def page_of(play, tmp_path):
    def open_(body, style=""):
        path = tmp_path / "page.html"
        path.write_text(PAGE.format(style, body), "utf-8")
        return play(path, wait="main").page

    return open_


@pytest.mark.parametrize("style", ["", "background:#111;color:#eee"], ids=["light", "dark"])
def test_axe_finds_no_fault_with_boxes_and_flipbooks(page_of, book, style):
    kinds = {"right": "Right.", "wrong": "Not yet.", "empty": "No answer yet."}
    boxes = [showing.as_html(kind, heading, ["Words."]) for kind, heading in kinds.items()]
    assert violations(page_of("".join(boxes) + book._repr_html_(), style)) == []


def test_axe_finds_no_fault_with_a_sheet(play, tmp_path):
    pytest.importorskip("latex2mathml")  # of the extra docs
    spec = importlib.util.spec_from_file_location("sheets", ROOT / "docs" / "course_material.py")
    material = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(material)
    notebook = json.loads((ROOT / "notebooks" / "15-own-autograd.ipynb").read_text("utf-8"))
    path = tmp_path / "sheet.html"
    path.write_text(material.sheet(notebook), "utf-8")
    assert violations(play(path, wait="main").page) == []


def test_a_flipbook_turns_by_buttons_by_the_slider_and_by_itself(page_of, book):
    page = page_of(book._repr_html_() + book._repr_html_())
    first, second = page.locator("[id^=flipbook]").all()
    at = first.locator("output")
    pictures = [first.locator("img").get_attribute("src")]
    assert at.inner_text() == "1 of 3"
    first.get_by_label("forward").click()
    pictures.append(first.locator("img").get_attribute("src"))
    first.locator("input").press("ArrowRight")
    pictures.append(first.locator("img").get_attribute("src"))
    assert at.inner_text() == "3 of 3"
    assert len({*pictures}) == 3
    first.get_by_label("forward").click()
    assert at.inner_text() == "3 of 3"
    first.get_by_label("back").click()
    assert at.inner_text() == "2 of 3"
    first.get_by_label("play").click()
    page.wait_for_function("document.querySelector('output').textContent === '3 of 3'")
    first.get_by_label("play", exact=True).wait_for()  # at the end it has stopped
    assert second.locator("output").inner_text() == "1 of 3"
