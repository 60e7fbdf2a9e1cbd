"""Hosts of notebooks: JupyterLab as it is, and what VS Code and Colab do to an output, imitated."""

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]


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
def page_of(browser, lab):
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


@pytest.fixture
def blank(browser):
    """An empty page, in which no script may fail."""
    page = browser.new_page(viewport={"width": 900, "height": 700})
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and problems.append(m.text))
    yield page
    page.close()
    assert problems == []


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

# Colab shows an output in a frame whose origin is its own, and which has no storage.
IN_COLAB = """\
([html, theme]) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.style = "width: 100%; height: 900px; border: 0";
  frame.srcdoc = `<!DOCTYPE html><html theme="${theme}"><body>${html}</body></html>`;
  document.body.append(frame);
}"""
