"""Numbers of convolutions, pooling and kernels in the player: a click shows what made each."""

import numpy as np
import pytest

from autograd import Tensor, backprop, explain
from autograd.viz.player.embed import packed
from autograd.viz.player.page import GIVEN, SCRIPTS, WITH_WINDOWS
from autograd.viz.player.picture import picture_of
from autograd.viz.player.record import LARGEST, MOST_CHOSEN, trace_of
from nn import functional as F
from tests.autograd.viz.player.players import needs_browser


def filtered(pool=F.max_pool2d, images=1, size=5):
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(images, 1, size, size)).round(1), label="x")
    w = Tensor(rng.normal(size=(2, 1, 2, 2)).round(1), requires_grad=True, label="w")
    y = F.conv2d(x, w, Tensor([0.5, -0.5], requires_grad=True, label="b"))
    p = pool(y, 2)
    y.label, p.label = "y", "p"
    loss = (p**2).sum()
    loss.label = "L"
    return loss, {"x": x, "w": w, "y": y, "p": p}


def windows(loss):
    steps = backprop(loss)
    trace = trace_of(steps, picture_of(steps))
    return {trace["nodes"][i].get("name"): x for i, x in trace.get("windows", {}).items()}


@pytest.mark.parametrize("pool", [F.max_pool2d, F.avg_pool2d])
def test_each_number_has_the_text_that_explain_has_for_it(pool):
    loss, arrays = filtered(pool)
    found = windows(loss)
    assert {"w", "y", "p"} <= set(found)
    assert "x" not in found
    for name in ("w", "y", "p"):
        texts = found[name]["texts"]
        assert len(texts) == arrays[name].size
        for k, place in enumerate(np.ndindex(arrays[name].shape)):
            lines = str(explain(loss, arrays[name][place])).split("\n")
            shown = "\n".join(line.removeprefix("  ") for line in lines)
            assert f"\n\n{texts[k]}\n\n" in f"{shown}\n\n"


def test_of_many_images_the_first_can_be_chosen_and_the_others_are_counted():
    found = windows(filtered(images=18)[0])
    assert found["p"]["texts"][-1].startswith("p₁₇,₁,₁,₁ = ")
    assert "more" not in found["p"]
    assert len(found["y"]["texts"]) == MOST_CHOSEN // 16 * 16
    assert found["y"]["more"].startswith("… and 27 more images")


def test_images_that_are_too_large_have_no_numbers_to_choose():
    assert set(windows(filtered(size=14)[0])) == {"p"}
    assert not windows(filtered(size=int(LARGEST**0.5) + 1)[0])


def test_a_kernel_that_two_convolutions_use_shows_both():
    x = Tensor(np.arange(9.0).reshape(1, 1, 3, 3), label="x")
    w = Tensor([[[[1.0, 2.0]]]], requires_grad=True, label="w")
    (text, _) = windows((F.conv2d(x, w) + F.conv2d(2 * x, w)).sum())["w"]["texts"]
    assert text.count("where the weight met it") == 2


def test_pages_without_windows_carry_no_script_for_them():
    small = backprop((Tensor(2.0, requires_grad=True) ** 2).sum())
    html = small._repr_mimebundle_()["text/html"]
    assert "windows" not in trace_of(small, picture_of(small))
    assert set(WITH_WINDOWS) - set(SCRIPTS) == {"windows.css", "windows.js"}
    assert packed(SCRIPTS, GIVEN).partition('"')[2][:1000] in html


@needs_browser
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_a_click_on_a_number_shows_its_window(play, color_scheme):
    loss, arrays = filtered()
    found = windows(loss)
    player = play(backprop(loss), color_scheme=color_scheme)
    player.open_table()
    for name, k in (("y", 5), ("w", 3), ("p", 2)):
        player.page.get_by_role("button", name=f"Choose {name}", exact=True).click()
        numbers = player.page.locator(".about .mx button")
        assert numbers.count() == arrays[name].size
        numbers.nth(0).click()
        numbers.nth(k).press("Enter")
        assert player.page.locator(".about pre").text_content() == found[name]["texts"][k]
        pressed = player.page.locator('.about .mx button[aria-pressed="true"]')
        assert pressed.count() == 1
        assert numbers.nth(k).get_attribute("aria-pressed") == "true"
    player.page.get_by_role("button", name="Choose x", exact=True).click()
    assert not player.page.locator(".about .mx button").count()
    assert not player.problems
