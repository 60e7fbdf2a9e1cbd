"""The film of a training in a browser, played and scrubbed; test_pages_browser.py: how it fits."""

import numpy as np
import pytest

import nn
from tests.autograd.viz.player.players import needs_browser

pytestmark = needs_browser


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    nn.manual_seed(0)
    model = nn.MLP(2, [5], 1, "tanh")
    w = nn.watch(model, nn.datasets.moons(30))
    for k in range(6):
        model[0].weight.data = model[0].weight.data + 0.3
        w.frame(1 / (k + 1))
    path = tmp_path_factory.mktemp("film") / "film.html"
    w.save(path)
    return path


def caption(page):
    return page.locator(".caption").inner_text()


def states(page):
    """All that may change in the pictures."""
    return page.evaluate(
        "() => [...document.querySelector('.glassgrad').shadowRoot.querySelectorAll('.panel svg')]"
        ".map((svg) => svg.innerHTML)"
    )


def test_the_film_is_scrubbed_stepped_and_played(play, film):
    page = play(film).page
    assert caption(page) == "step 6 · loss 0.1667"
    assert page.locator(".panel svg").count() == 4
    at_end = states(page)
    page.locator("[aria-label=First]").click()
    assert caption(page) == "step 0"
    assert states(page) != at_end
    page.locator("[aria-label=Next]").click()
    page.locator("nav input").press("ArrowRight")
    assert caption(page) == "step 2 · loss 0.5"
    page.locator("[aria-label=Back]").click()
    assert caption(page) == "step 1 · loss 1"
    page.locator("select").select_option("4")
    page.locator("[aria-label=Play]").click()
    page.wait_for_function(
        "() => document.querySelector('.glassgrad').shadowRoot"
        ".querySelector('.caption').textContent.startsWith('step 6')"
    )
    page.locator("[aria-label=Play]").wait_for()  # it has stopped by itself
    assert states(page) == at_end


def test_the_film_obeys_the_keys(play, film):
    page = play(film).page
    page.keyboard.press("Home")  # before anybody has clicked on it
    assert caption(page) == "step 0"
    page.focus(".glassgrad")
    page.keyboard.press("ArrowRight")
    assert caption(page).startswith("step 1")
    page.keyboard.press(" ")
    page.locator("[aria-label=Pause]").wait_for()
    page.keyboard.press(" ")
    page.locator("[aria-label=Play]").wait_for()
    page.keyboard.press("End")
    assert caption(page).startswith("step 6")


def test_without_scripts_the_last_picture_remains(play, film):
    page = play(film, java_script_enabled=False).page
    picture = page.locator("img.glassgrad-still")
    assert picture.get_attribute("alt") == "MLP learning moons. step 6 · loss 0.1667"
    box = picture.bounding_box()
    assert np.isclose(box["width"], 904, atol=1)
