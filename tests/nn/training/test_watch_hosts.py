"""Watching a model learn in notebooks: what is sent, and what JupyterLab and others show of it."""

import os
import re

import pytest

from tests.autograd.viz.player.hosts import IN_COLAB, IN_VSCODE, ROOT
from tests.autograd.viz.player.players import needs_browser

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("jupyterlab")

pytestmark = needs_browser

BEGUN = """\
import nn, optim
nn.manual_seed(0)
model, data = nn.MLP(2, [4], 2, "tanh"), nn.datasets.moons(40)
loss, optimizer = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.02)"""
OWN_LOOP = """\
w = nn.watch(model, data)
for _ in range(5):
    total = loss(model(data.x), data.y)
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
    w.frame(total)"""
EACH_STEP = """\
import sys, nn.training.watch
watching = sys.modules["nn.training.watch"]
watching.LEAST_PAUSE, watching.MOST_OF_TRAINING = 0.0, 1e9"""
CELLS = {
    "begun": f"{BEGUN}\n{EACH_STEP}",
    "own loop": OWN_LOOP,
    "fit": "w = nn.watch(model, data)\n"
    "nn.fit(model, loss, data, optimizer, epochs=3, callbacks=[w]);",
    "quiet": "nn.fit(model, loss, data, optimizer, epochs=3);",
    "playground": "nn.playground(model, data, loss, optimizer)",
    "picture": "model.picture(data.x[:3], data.y[:3], loss)",
}


@pytest.fixture(scope="module")
def sent():
    """By cell, the messages that a kernel sends while it runs: (kind, what it holds)."""
    from jupyter_client.manager import start_new_kernel

    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        manager, client = start_new_kernel(kernel_name="python3")
        try:
            for name, code in CELLS.items():
                found[name] = []
                reply = client.execute_interactive(
                    code, timeout=120, stop_on_error=True,
                    output_hook=lambda m, to=found[name]: to.append((m["msg_type"], m["content"])),
                )  # fmt: skip
                assert reply["content"]["status"] == "ok", reply["content"]
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return found


SHOWN = ("display_data", "update_display_data", "execute_result", "stream", "error")


def outputs(messages):
    return [(kind, content) for kind, content in messages if kind in SHOWN]


@pytest.fixture(scope="module")
def last(sent):
    """By cell, the HTML that stands there at the end."""
    return {
        name: outputs(messages)[-1][1]["data"]["text/html"]
        for name, messages in sent.items()
        if name in ("own loop", "fit", "playground", "picture")
    }


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook to be run live: `fit` between steps in a loop of one's own, both of which wait."""
    wait = "\n    while k == 20 and not os.path.exists({!r}):\n        time.sleep(0.05)"
    fitted = (
        f"import os, time\n{BEGUN}\nw = nn.watch(model, data)\nfor k in range(60):\n"
        "    nn.fit(model, loss, data, optimizer, epochs=2, callbacks=[w])" + wait.format("fitted")
    )
    looped = OWN_LOOP.replace("for _ in range(5)", "for k in range(200)") + wait.format("looped")
    cells = [nbformat.v4.new_code_cell(text) for text in (fitted, looped, "2 + 2")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    path = tmp_path_factory.mktemp("notebooks") / "watched.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


# --- what is sent ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "unit"), [("own loop", "step"), ("fit", "epoch")])
def test_one_display_is_renewed_in_its_place_and_at_the_end_is_the_film(sent, name, unit):
    messages = outputs(sent[name])
    kinds = [kind for kind, _ in messages]
    assert kinds == ["display_data", *["update_display_data"] * (len(kinds) - 1)]
    assert len({content["transient"]["display_id"] for _, content in messages}) == 1
    bundles = [content["data"] for _, content in messages]
    *live, film = bundles
    steps = [int(bundle["text/plain"].split()[1]) for bundle in live]
    assert steps == [*range(1, len(live) + 1)] == [*range(1, {"step": 6, "epoch": 4}[unit])]
    for bundle in bundles:
        assert {*bundle} == {"text/html", "image/svg+xml", "text/plain"}
        assert bundle["image/svg+xml"].startswith("<svg")
        assert "http" not in re.sub(r'"[^"]*/2000/svg"', "", bundle["text/html"])
    assert not [bundle for bundle in live if "<script" in bundle["text/html"]]
    assert film["text/html"].count("<script") == 1


def test_the_bar_of_fit_is_quiet_text_and_no_box_of_errors(sent):
    messages = outputs(sent["quiet"])
    assert {kind for kind, _ in messages} == {"display_data", "update_display_data"}
    texts = [content["data"] for _, content in messages]
    assert [*map(set, texts)] == [{"text/plain"}] * len(texts)
    assert "3/3" in texts[-1]["text/plain"]
    assert "loss=0." in texts[-1]["text/plain"]


# --- where it is shown -----------------------------------------------------------------------


def assert_film_alive(film, unit):
    film.locator("nav").wait_for(timeout=10_000)
    film.locator("[aria-label=First]").click()
    assert film.locator(".caption").inner_text() == f"{unit} 0"
    film.press("ArrowRight")
    assert film.locator(".caption").inner_text().startswith(f"{unit} 1 · loss 0.")


def assert_trains(page):
    """Step by a key, and by a button, from where the optimizer is."""
    page.locator(".caption", has_text="test loss").wait_for(timeout=10_000)
    done = int(page.locator(".caption").inner_text().split()[1])
    page.press("ArrowRight")
    page.locator(".caption", has_text=f"step {done + 1} · loss").wait_for(timeout=10_000)
    page.get_by_role("button", name="Step").click()
    page.locator(".caption", has_text=f"step {done + 2} · loss").wait_for(timeout=10_000)


def assert_goes_backwards(page):
    page.get_by_role("button", name="Backwards").click()
    assert "backwards for" in page.locator("p[role=status]").inner_text()


def test_in_vs_code_each_picture_takes_the_place_of_the_one_before_and_the_film_is_alive(
    blank, sent
):  # fmt: skip
    texts = [content["data"]["text/html"] for _, content in outputs(sent["own loop"])]
    for k, html in enumerate(texts):
        blank.evaluate("document.querySelector('.output')?.remove()")  # as VS Code renews an output
        blank.evaluate(IN_VSCODE, html)
        blank.evaluate("document.body.lastElementChild.className = 'output'")
        if k < len(texts) - 1:
            picture = blank.locator("img.glassgrad-still")
            assert picture.get_attribute("alt").startswith(f"step {k + 1} ·")
            assert picture.evaluate("(e) => getComputedStyle(e).filter") != "none"  # it is dark
    film = blank.locator(".glassgrad")
    assert_film_alive(film, "step")
    assert film.get_attribute("data-theme") == "dark"


# What VS Code 1.100 allows in the page of a notebook's outputs (webviewPreloads, notebook).
VSCODE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src https: http: data:; font-src data:; connect-src https: http: ws: wss:; "
    "child-src https: data: blob:;"
)


@pytest.mark.parametrize("policy", ["", VSCODE_POLICY], ids=["no policy", "its policy"])
def test_in_vs_code_a_page_trains_and_a_network_goes_backwards(blank, last, policy):
    if policy:
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        blank.set_content(f"<!DOCTYPE html><html><head>{meta}</head><body></body></html>")
    for name in ("playground", "picture", "fit"):
        blank.evaluate(IN_VSCODE, last[name])
    assert_trains(blank.locator(".glassgrad").nth(0))
    assert_goes_backwards(blank.locator(".glassgrad").nth(1))
    assert_film_alive(blank.locator(".glassgrad").nth(2), "epoch")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_a_frame_without_rights_as_on_colab_all_are_alive(blank, last, theme):
    for name, check in (
        ("own loop", lambda page: assert_film_alive(page, "step")),
        ("playground", assert_trains), ("picture", assert_goes_backwards),
    ):  # fmt: skip
        blank.evaluate("document.querySelector('iframe')?.remove()")
        blank.evaluate(IN_COLAB, [last[name], theme])
        page = blank.frame_locator("iframe").locator(".glassgrad")
        check(page)
        assert page.get_attribute("data-theme") == theme


# What is left by those who let no script and no style through, as GitHub and JupyterLab do in a
# notebook that is not trusted.
SANITISED = """\
(html) => {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const e of parsed.querySelectorAll("script,style,iframe")) e.remove();
  for (const e of parsed.querySelectorAll("*"))
    for (const { name } of [...e.attributes])
      if (name.startsWith("on") || name === "style" || name === "class") e.removeAttribute(name);
  document.body.innerHTML = parsed.body.innerHTML;
}"""


@pytest.mark.parametrize("name", ["own loop", "fit", "picture", "playground"])
def test_where_no_script_and_no_style_is_let_through_a_picture_or_a_sentence_remains(
    blank, last, name
):  # fmt: skip
    blank.evaluate(SANITISED, last[name])
    if name == "playground":
        assert blank.locator("body").inner_text() == (
            "MLP trained by Adam. It trains where scripts run."
        )
        return
    assert blank.locator("body").inner_text().strip() == ""
    picture = blank.locator("img")
    picture.evaluate("(image) => image.decode()")
    assert picture.evaluate("(image) => image.naturalWidth") > 300
    assert re.match("MLP learning|Network 2 → 4", picture.get_attribute("alt"))


def test_in_jupyterlab_one_sees_a_model_learn_and_then_the_film_of_it(page_of, notebook):
    page = page_of(notebook.name)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    cells = page.locator(".jp-Notebook .jp-Cell")
    for k, (touched, unit, last_) in enumerate([("fitted", "epoch", 120), ("looped", "step", 200)]):
        cells.nth(k).locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        live = cells.nth(k).locator(".jp-OutputArea-output img.glassgrad-still")
        live.wait_for(timeout=90_000)  # it waits then, so that what is live can be looked at
        assert live.count() == 1
        assert re.fullmatch(rf"{unit} \d+ · loss 0\.\d+", live.get_attribute("alt"))
        if folder := os.environ.get("GLASSGRAD_LOOK"):
            page.screenshot(path=f"{folder}/live-{touched}.png")
        notebook.with_name(touched).touch()
        film = cells.nth(k).locator(".glassgrad")
        film.locator("nav").wait_for(timeout=60_000)
        assert not live.is_visible()
        assert film.locator(".caption").inner_text().startswith(f"{unit} {last_} · loss 0.")
        film.locator("[aria-label=First]").click()
        assert film.locator(".caption").inner_text() == f"{unit} 0"
        film.focus()
        page.keyboard.press("ArrowRight")
        assert film.locator(".caption").inner_text() != f"{unit} 0"
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert cells.count() == 3
