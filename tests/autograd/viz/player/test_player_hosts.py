"""The step player where people meet it: in a page made by nbconvert, and in JupyterLab."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.autograd.viz.player.players import Player, browser, needs_browser, play  # noqa: F401 (fixtures)

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
if os.environ.get("GLASSGRAD_CI") != "1":
    pytest.importorskip("nbconvert")
    pytest.importorskip("jupyterlab")

pytestmark = needs_browser
ROOT = Path(__file__).resolve().parents[4]
CELLS = [
    "from autograd import Value, backprop, tanh\nx, w = Value(2.0), Value(-0.5)",
    "y = tanh(w * x) + w\nbackprop(y)",
    "backprop(w * w * x)",
    "from autograd import draw\nfrom nn.scalar import MLP\nmodel = MLP(2, [3, 1])\n"
    "draw(model([x, w]))",
]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook that was run, with the kernel's output in it."""
    folder = tmp_path_factory.mktemp("notebooks")
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with contextlib.ExitStack() as stack:
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = str(ROOT)
        stack.callback(
            lambda: (
                os.environ.pop("PYTHONPATH")
                if before is None
                else os.environ.update(PYTHONPATH=before)
            )
        )
        nbclient.NotebookClient(nb, timeout=60, kernel_name="python3").execute()
    path = folder / "lesson.ipynb"
    nbformat.write(nb, path)
    return path


def assert_presents(page, player):
    """The player fills the screen, follows a remote, and gives the screen back."""
    player.focus()
    page.keyboard.press("Home")
    page.keyboard.press("s")
    page.wait_for_function("document.querySelector('.glassgrad[data-present]') !== null")
    screen = page.evaluate("[innerWidth, innerHeight]")
    page.wait_for_function(
        "([w, h]) => { const r = document.querySelector('.glassgrad[data-present]')"
        ".getBoundingClientRect(); return r.left === 0 && r.top === 0 && r.width === w"
        " && r.height === h }",
        arg=screen,
    )
    page.keyboard.press("PageDown")
    assert player.locator("nav output").inner_text() == "forward step 1 of 3"
    page.keyboard.press("s")
    page.wait_for_function("document.querySelector('.glassgrad[data-present]') === null")


def assert_draws(drawing):
    """The boxes of a drawing open and close, and keys make it larger."""
    drawing.scroll_into_view_if_needed()
    picture = drawing.locator(".pic svg")
    picture.wait_for()

    def boxes():
        return drawing.locator("[data-node]").count()

    before = boxes()
    toggle = drawing.locator("button[aria-expanded]").first
    closes = toggle.get_attribute("aria-expanded") == "true"
    toggle.click()
    assert (boxes() < before) == closes
    assert boxes() != before
    width = drawing.locator(".pic svg").evaluate("(e) => e.getBoundingClientRect().width")
    drawing.locator(".pic").focus()
    drawing.page.keyboard.press("+")
    larger = drawing.locator(".pic svg").evaluate("(e) => e.getBoundingClientRect().width")
    assert larger == pytest.approx(1.25 * width, rel=0.01)


def test_the_page_that_nbconvert_makes_is_alive(notebook, play):  # noqa: F811
    # nbconvert's template asks a CDN for MathJax and require.js unless told not to; nothing of
    # ours needs them.
    without = ["--HTMLExporter.mathjax_url=", "--HTMLExporter.require_js_url="]
    command = [sys.executable, "-m", "nbconvert", "--to", "html", *without, str(notebook)]
    subprocess.run(command, check=True, capture_output=True)
    player = play(notebook.with_suffix(".html"))
    assert player.page.locator(".glassgrad").count() == 3
    assert_draws(player.page.locator(".glassgrad").nth(2))
    first = player.page.locator(".glassgrad").nth(0)
    second = player.page.locator(".glassgrad").nth(1)
    second.focus()
    player.page.keyboard.press("End")
    assert "Warning: an earlier backward()" in second.locator(".say").inner_text()
    assert first.locator("nav output").inner_text() == "start"
    first.focus()
    player.page.keyboard.press("End")
    first.locator("summary:has-text('Table of nodes')").click()
    gradients = {
        row.locator("th").inner_text(): float(row.locator("td").nth(2).get_attribute("title"))
        for row in first.locator("tbody tr").all()
        if row.locator("th").inner_text() in "xw"
    }
    from autograd import Value, tanh

    x, w = Value(2.0), Value(-0.5)
    (tanh(w * x) + w).backward()
    assert gradients == {"x": x.grad, "w": w.grad}
    assert_presents(player.page, first)


@pytest.fixture(scope="module")
def lab(notebook):
    """JupyterLab on the folder of the notebook; gives its address."""
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0",
        "--ServerApp.port_retries=50", "--IdentityProvider.token=", "--ServerApp.password=",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    home = notebook.parent / "home"
    home.mkdir()
    environment = os.environ | {
        "HOME": str(home), "PYTHONPATH": str(ROOT), "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }  # fmt: skip
    log = (home / "log").open("w+")
    server = subprocess.Popen(command, cwd=notebook.parent, env=environment, stdout=log, stderr=log)
    try:
        yield _address(server, home / "log"), environment
    finally:
        server.kill()  # it keeps nothing, and may take long to say goodbye
        server.wait()
        log.close()


def _address(server, log):
    for _ in range(200):
        if server.poll() is not None:
            break
        if found := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/", log.read_text()):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{found[0]}api"):
                return found[0]
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def page_of(browser, lab):  # noqa: F811
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    outside = []

    def open_(name):
        page = context.new_page()
        page.on(
            "request",
            lambda r: (
                "//localhost" in r.url
                or "//127.0.0.1" in r.url
                or r.url.startswith(("data:", "blob:"))
                or outside.append(r.url)
            ),
        )
        page.goto(f"{lab[0]}lab/tree/{name}?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        return page

    yield open_
    context.close()
    assert outside == []


def test_in_jupyterlab_the_keys_of_the_player_stay_in_it(page_of, notebook, lab):
    command = [sys.executable, "-m", "jupyter", "trust", str(notebook)]
    subprocess.run(command, check=True, capture_output=True, env=lab[1])
    page = page_of(notebook.name)
    page.wait_for_selector(".glassgrad nav", timeout=30_000)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    player = page.locator(".glassgrad").first
    player.scroll_into_view_if_needed()
    player.locator(".say").click()
    player.focus()
    for key in ("b", "a", "d", "d", "x", "m", "ArrowRight", "ArrowRight", "Shift+Enter", "0", "0"):
        page.keyboard.press(key)
        player.focus()
    assert player.locator("nav output").inner_text() == "forward step 2 of 3"
    page.wait_for_timeout(300)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert page.locator(".jp-Notebook .jp-MarkdownCell").count() == 0
    assert_presents(page, player)
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    assert_draws(page.locator(".glassgrad").nth(2))
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert player.get_attribute("data-theme") == "light"
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_function("document.querySelector('.glassgrad').dataset.theme === 'dark'")


WATCHED = """\
import nn, optim, os, time
model, data = nn.MLP(2, [8], 2), nn.datasets.moons()
w = nn.watch(model, data)
optimizer = optim.Adam(model.parameters(), lr=0.01)
for _ in range(60):
    nn.fit(model, nn.CrossEntropyLoss(), data, optimizer, epochs=2, callbacks=[w])
    while _ == 20 and not os.path.exists("looked"):
        time.sleep(0.05)"""


def test_in_jupyterlab_one_sees_a_model_learn_and_then_the_film_of_it(page_of, notebook):
    other = notebook.with_name("watched.ipynb")
    cells = [nbformat.v4.new_code_cell(WATCHED), nbformat.v4.new_code_cell("2 + 2")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), other)
    page = page_of(other.name)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    live = page.locator(".jp-OutputArea-output img.glassgrad-still")
    live.wait_for(timeout=90_000)  # it waits then, so that what is live can be looked at
    assert live.count() == 1
    first = live.get_attribute("alt")
    assert re.fullmatch(r"epoch \d+ · loss 0\.\d+", first)
    assert page.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    notebook.with_name("looked").touch()
    page.wait_for_selector(".glassgrad nav", timeout=60_000)
    assert not live.is_visible()
    film = page.locator(".glassgrad")
    assert film.locator(".caption").inner_text().startswith("epoch 120 · loss 0.")
    film.locator("[aria-label=First]").click()
    assert film.locator(".caption").inner_text() == "epoch 0"
    film.focus()
    page.keyboard.press("ArrowRight")
    assert film.locator(".caption").inner_text() != "epoch 0"
    assert page.locator(".jp-Notebook .jp-Cell").count() == 2


def test_in_an_untrusted_notebook_a_picture_and_all_steps_remain(page_of, notebook):
    other = notebook.with_name("untrusted.ipynb")
    nb = nbformat.read(notebook, as_version=4)
    nb.cells[0].source += "  # not the notebook that was trusted"
    nbformat.write(nb, other)
    page = page_of(other.name)
    output = page.locator(".jp-OutputArea-output").first
    output.locator("img").wait_for(timeout=30_000)
    assert page.locator(".glassgrad nav").count() == 0
    picture = output.locator("img")
    assert picture.evaluate("(e) => e.naturalWidth") > 100
    output.locator("summary").click()
    assert output.locator("li").first.inner_text().startswith("step 1 of 5 dy/d")


# --- hosts that are imitated here: what they do to an output -----------------------------------


@pytest.fixture(scope="module")
def outputs(notebook):
    """The HTML of the two players in the notebook."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.outputs[0].data["text/html"] for cell in cells[1:]]


@pytest.fixture
def blank(browser):  # noqa: F811
    """An empty page, in which no script may fail."""
    page = browser.new_page(viewport={"width": 900, "height": 700})
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and problems.append(m.text))
    yield page
    page.close()
    assert problems == []


def assert_alive(player):
    """Step with a click and with a key, and give a leaf another number."""
    player.locator("nav").wait_for(timeout=10_000)
    player.locator("button[aria-label=Next]").click()
    player.press("ArrowRight")
    assert player.locator("nav output").inner_text().startswith("forward step 2 of")
    player.locator("[data-node]", has_text="x").first.click()
    player.locator(".about input[type=text]").fill("7")
    assert player.locator(".about .title").first.inner_text() == "x = 7"
    assert player.locator("[data-node]", has_text="x").first.text_content().endswith("data7grad—")


# Scripts do not run in HTML that is assigned. So VS Code (1.100, notebook-renderers) lets a copy of
# each run at the end of the output, and takes it away at once.
IN_VSCODE = """\
(html) => {
  document.body.className = "vscode-dark";
  const output = document.createElement("div");
  output.innerHTML = html;
  document.body.append(output);
  for (const script of [...output.getElementsByTagName("script")]) {
    const copy = document.createElement("script");
    copy.text = script.innerText;
    output.appendChild(copy).parentNode.removeChild(copy);
  }
}"""


@pytest.mark.parametrize("at_once", [False, True], ids=["two outputs", "two in one output"])
def test_in_vs_code_where_scripts_are_taken_away_the_players_are_alive(blank, outputs, at_once):
    for html in ["\n".join(outputs)] if at_once else outputs:
        blank.evaluate(IN_VSCODE, html)
    for k, root in enumerate("yL"):
        player = blank.locator(".glassgrad").nth(k)
        assert_alive(player)
        assert player.locator(f"[aria-label$='backpropagation of {root}']").count() == 1
        assert player.get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_a_frame_without_rights_as_on_colab_the_player_is_alive(blank, outputs, theme):
    blank.evaluate(
        """([html, theme]) => {
            const frame = document.createElement("iframe");
            frame.sandbox = "allow-scripts";  // so its origin is its own, and it has no storage
            frame.style = "width: 100%; height: 900px; border: 0";
            frame.srcdoc = `<!DOCTYPE html><html theme="${theme}"><body>${html}</body></html>`;
            document.body.append(frame);
        }""",
        [outputs[0], theme],
    )
    frame = blank.frame_locator("iframe")
    player = frame.locator(".glassgrad")
    assert_alive(player)
    assert player.get_attribute("data-theme") == theme
    other = "dark" if theme == "light" else "light"
    frame.locator("html").evaluate("(html, theme) => html.setAttribute('theme', theme)", other)
    frame.locator(f".glassgrad[data-theme={other}]").wait_for(timeout=10_000)
    # The frame is made as high as what is in it, so this must not follow the frame.
    height = player.bounding_box()["height"]
    blank.locator("iframe").evaluate("(frame) => { frame.style.height = '40px'; }")
    assert player.bounding_box()["height"] == height


@pytest.mark.parametrize("share", [1.2, 0.8, 0.4])
def test_without_scripts_a_wide_drawing_is_made_narrower_until_it_scrolls(blank, share):
    from autograd import Value, draw

    x = Value(0.5)
    picture = draw(x.tanh().exp().sin().cos().tanh().exp())
    natural = float(re.search(r'width="([\d.]+)"', picture.svg)[1])
    column = round(share * natural)
    html = picture._repr_mimebundle_()["text/html"].partition("<script>")[0]
    blank.set_content(f'<div style="width: {column}px">{html}</div>')
    blank.locator("img").evaluate("(image) => image.decode()")
    shown = blank.locator("img").bounding_box()["width"]
    assert shown == pytest.approx(natural * {1.2: 1, 0.8: 0.8, 0.4: 2 / 3}[share], abs=1)
    around = blank.locator("div >> nth=2").evaluate("(e) => [e.clientWidth, e.scrollWidth]")
    assert around == [column, max(column, round(shown))]
    type_sizes = map(float, re.findall(r'font-size="([\d.]+)"', picture.svg))
    assert min(type_sizes) * shown / natural > 6.9
