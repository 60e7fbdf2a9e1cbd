"""The step player where people meet it: in a page made by nbconvert, and in JupyterLab."""

import re

import pytest

from tests.autograd.viz.player.hosts import IN_COLAB, IN_VSCODE, ROOT
from tests.autograd.viz.player.players import needs_browser
from tests.each import IN_CI

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
if not IN_CI:
    pytest.importorskip("nbconvert")
    pytest.importorskip("jupyterlab")

pytestmark = needs_browser
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
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


def test_the_page_that_nbconvert_makes_is_alive(notebook, play):
    # nbconvert's template asks a CDN for MathJax and require.js unless told not to; nothing of
    # ours needs them.
    import nbconvert

    exporter = nbconvert.HTMLExporter(mathjax_url="", require_js_url="")
    notebook.with_suffix(".html").write_text(exporter.from_filename(str(notebook))[0], "utf-8")
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


def test_in_jupyterlab_the_keys_of_the_player_stay_in_it(page_of, notebook, lab):
    from nbformat.sign import NotebookNotary

    NotebookNotary(data_dir=lab[1]["JUPYTER_DATA_DIR"]).sign(nbformat.read(notebook, as_version=4))
    page = page_of(notebook.name)
    page.wait_for_selector(".glassgrad nav", timeout=30_000)
    # JupyterLab attaches the cells one after the other.
    page.locator(".jp-Notebook .jp-Cell").nth(len(CELLS) - 1).wait_for(state="attached")
    player = page.locator(".glassgrad").first
    player.scroll_into_view_if_needed()
    player.locator(".say").click()
    player.focus()
    for key in ("b", "a", "d", "d", "x", "m", "ArrowRight", "ArrowRight", "Shift+Enter", "0", "0"):
        page.keyboard.press(key)
        player.focus()
    assert player.locator("nav output").inner_text() == "forward step 2 of 3"
    page.wait_for_timeout(300)
    assert page.locator(".jp-Notebook .jp-Cell").count() == len(CELLS)
    assert page.locator(".jp-Notebook .jp-MarkdownCell").count() == 0
    assert_presents(page, player)
    assert_draws(page.locator(".glassgrad").nth(2))
    assert page.locator(".jp-Notebook .jp-Cell").count() == len(CELLS)
    assert player.get_attribute("data-theme") == "light"
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_function("document.querySelector('.glassgrad').dataset.theme === 'dark'")


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
    assert "Backward, from dy/dy = 1" in output.locator("pre").first.inner_text()


# --- hosts that are imitated here: what they do to an output -----------------------------------


@pytest.fixture(scope="module")
def outputs(notebook):
    """The HTML of the two players in the notebook."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.outputs[0].data["text/html"] for cell in cells[1:]]


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


@pytest.mark.parametrize("at_once", [False, True], ids=["two outputs", "two in one output"])
def test_in_vs_code_where_scripts_are_taken_away_the_players_are_alive(blank, outputs, at_once):
    for html in ["\n".join(outputs)] if at_once else outputs:
        blank.evaluate(IN_VSCODE, html)
    for k, root in enumerate("yL"):
        player = blank.locator(".glassgrad").nth(k)
        assert_alive(player)
        assert f"backpropagation of {root}. Press" in player.get_attribute("aria-label")
        assert player.get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_a_frame_without_rights_as_on_colab_the_player_is_alive(blank, outputs, theme):
    blank.evaluate(IN_COLAB, [outputs[0], theme])
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
