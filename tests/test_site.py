"""The manual builds, its links lead somewhere, and what it runs in the browser runs.

Pyodide is not ours to keep: GLASSGRAD_PYODIDE names its folder, and GLASSGRAD_PYODIDE_NUMPY a wheel
of NumPy for it, where the folder has none. CI sets both.
"""

import functools
import html.parser
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import urllib.parse

import pytest

from tests.autograd.viz.player.players import needs_browser

ROOT = pathlib.Path(__file__).parents[1]
HERE = pathlib.Path(__file__).parent / "browser"
IN_CI = os.environ.get("GLASSGRAD_CI") == "1"
NODE = shutil.which("node")
PYODIDE = os.environ.get("GLASSGRAD_PYODIDE")
WITH_TESTS = ("pytest", "pluggy", "iniconfig", "pygments", "packaging", "hypothesis")

pytestmark = pytest.mark.skipif(
    not (IN_CI or PYODIDE), reason="GLASSGRAD_CI=1 builds the manual, GLASSGRAD_PYODIDE the site"
)
needs_pyodide = pytest.mark.skipif(
    not PYODIDE, reason="GLASSGRAD_PYODIDE names no folder with Pyodide"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built by the command that the manual gives; the notebooks are not run for it."""
    target = tmp_path_factory.mktemp("built") / "site"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-D", "nb_execution_mode=off"]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(target)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return target


# --- the pages ------------------------------------------------------------------------------------


class Targets(html.parser.HTMLParser):
    """The links and the anchors of a page, and its pictures without a description."""

    def __init__(self):
        super().__init__()
        self.links, self.anchors, self.mute = [], set(), []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [given[name] for name in ("href", "src") if given.get(name)]
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "img" and not given.get("alt"):
            self.mute.append(given)


def test_the_manual_builds_without_warnings_and_its_links_lead_somewhere(site):
    pages = {}
    for path in site.rglob("*.html"):
        if "lite" not in path.relative_to(site).parts:  # JupyterLite's own
            pages[path] = Targets()
            pages[path].feed(path.read_text("utf-8"))
    assert len(pages) > 20
    for path, found in pages.items():
        assert found.mute == [], path
        for link in found.links:
            address = urllib.parse.urlsplit(link)
            if address.scheme or address.netloc:
                continue
            file = urllib.parse.unquote(address.path)
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f"{path.name}: {link}"
            if address.fragment and target in pages:
                anchor = urllib.parse.unquote(address.fragment)
                assert anchor in pages[target].anchors, f"{path.name}: {link}"


# --- Python in it ---------------------------------------------------------------------------------


@needs_pyodide
def test_the_site_has_the_course_our_wheel_and_no_other_autograd(site):
    lock = json.loads((site / "lite/static/pyodide/pyodide-lock.json").read_text("utf-8"))
    assert lock["packages"]["glassgrad"]["imports"] == ["autograd", "nn", "optim"]
    owners = {name for name, entry in lock["packages"].items() if "autograd" in entry["imports"]}
    assert owners == {"glassgrad"}
    for entry in lock["packages"].values():
        assert (site / "lite/static/pyodide" / entry["file_name"]).exists()
    carried = {path.name for path in (site / "lite/files").glob("*.ipynb")}
    assert carried == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert not [*(site / "lite").rglob("*.map")]


@needs_pyodide
@pytest.mark.skipif(not (IN_CI or NODE), reason="there is no node here")
def test_engine_compiler_and_notebooks_run_on_numpy_with_32_bits(site, tmp_path):
    anywhere = ("--only-binary", ":all:", "--platform", "any", "--python-version", "3.12")
    needed = (*WITH_TESTS, "sortedcontainers")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *anywhere]
    subprocess.run([*pip, "-d", str(tmp_path), *needed], check=True)
    folders = (f"checkout={ROOT}", f"wheels={tmp_path}")
    done = subprocess.run(
        [
            NODE,
            HERE / "in_node.mjs",
            site / "lite/static/pyodide",
            HERE / "in_pyodide.py",
            *folders,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stdout.count("ran to its last cell") == 2


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, says nothing."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *arguments):
        pass


@pytest.fixture
def open_page(site, browser):
    """Opens a page of the site, which stands in a sub-folder; nothing may be asked of elsewhere."""
    serve = functools.partial(Quiet, directory=site.parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ours = f"http://127.0.0.1:{server.server_port}/"
    context, asked, problems = browser.new_context(), [], []
    context.on("request", lambda request: asked.append(request.url))

    def open_(address):
        page = context.new_page()
        page.set_default_timeout(240_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{ours}{site.name}/{address}")
        return page

    yield open_
    context.close()
    server.shutdown()
    server.server_close()
    assert asked
    assert [url for url in asked if not url.startswith((ours, "data:", "blob:"))] == []
    assert problems == []


def run(page, program, until="Done."):
    page.fill("#source", program)
    page.click("#run")
    page.wait_for_function(f"document.querySelector('#state').textContent === {json.dumps(until)}")
    return page.inner_text("#shown").strip()


@needs_pyodide
@needs_browser
def test_the_page_runs_a_program_shows_a_player_and_stops_a_loop(open_page):
    page = open_page("try/index.html")
    page.click("#run")  # the first example
    page.wait_for_selector("#shown .glassgrad nav")
    assert run(page, "print('once')\n1 / 0").startswith("once\n")
    assert "ZeroDivisionError" in page.inner_text("#shown .error")
    run(page, "while True: pass", "Running …")
    page.click("#stop")  # the page is alive
    assert run(page, "from autograd import grad\ngrad(lambda x: x * x)(3.0)") == "6.0"
    page.context.set_offline(True)  # once loaded, it needs no network
    assert run(page, "import nn, optim\nlen(nn.datasets.iris())") == "150"


@needs_pyodide
@needs_browser
def test_every_example_of_the_page_runs(open_page):
    page = open_page("try/index.html")
    for name in page.eval_on_selector_all("option", "all => all.map((one) => one.value)"):
        page.select_option("#examples", name)
        run(page, page.input_value("#source"))
        assert page.query_selector("#shown .error") is None, name
        assert page.inner_html("#shown"), name


@needs_pyodide
@needs_browser
@pytest.mark.skipif(
    not (PYODIDE and [*pathlib.Path(PYODIDE).glob("matplotlib-*.whl")]),
    reason="the folder with Pyodide has no matplotlib, which the notebooks import",
)
@pytest.mark.parametrize("name", ["04-backpropagation", "15-own-autograd"])
def test_a_notebook_runs_to_its_last_cell_in_jupyterlite(open_page, name):
    page = open_page(f"lite/notebooks/index.html?path={name}.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    cells = page.locator(".jp-CodeCell").count()
    for offline in (False, True):  # once loaded, it needs no network
        page.context.set_offline(offline)
        page.click("text=Run >> nth=0")
        page.click("text=Run All Cells >> nth=0")
        page.wait_for_function(
            """(before) => [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")]
                .every((prompt) => /[0-9]/.test(prompt.innerText)
                    && Number(prompt.innerText.match(/[0-9]+/)[0]) > before)""",
            arg=cells if offline else 0,
        )
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    assert page.query_selector("[data-mime-type='application/vnd.jupyter.error']") is None


@needs_browser
def test_the_front_page_steps_an_expression(open_page):
    page = open_page("index.html")
    player = page.frame_locator("iframe").first
    player.locator(".glassgrad nav").first.wait_for()
    before = player.locator("nav output").first.inner_text()
    player.get_by_text("›", exact=True).first.click()
    assert player.locator("nav output").first.inner_text() != before


@needs_browser
def test_the_search_finds_a_name(open_page):
    page = open_page("search.html?q=conv2d")
    page.wait_for_selector("#search-results li")
    assert "nn.functional.conv2d" in page.inner_text("#search-results")
