"""Drives the step player in a real browser: Debian's chromium, through Playwright."""

import os
import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

try:
    from playwright import sync_api
except ImportError:
    if os.environ.get("GLASSGRAD_CI") == "1":
        raise
    sync_api = None

needs_browser = pytest.mark.skipif(
    os.environ.get("GLASSGRAD_CI") != "1" and not (CHROMIUM and sync_api),
    reason="there is no chromium here, or no playwright (pip install playwright)",
)


class Player:
    """One page with a player. What goes wrong in it, or leaves the machine, is remembered."""

    def __init__(self, page):
        self.page = page
        self.problems = []
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._heard)
        page.on("request", self._requested)

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.problems.append(f"console: {message.text}")

    def _requested(self, request):
        if not request.url.startswith(("file://", "data:", "blob:")):
            self.problems.append(f"network: {request.url}")

    def press(self, *keys):
        self.page.focus(".glassgrad")
        for key in keys:
            self.page.keyboard.press(key)

    def open_table(self):
        if not self.page.locator("details[open] tbody").count():
            self.page.click("summary:has-text('Table of nodes')")

    def rows(self):
        """The table of nodes: by name in code (value, gradient, arrived) as they are shown."""
        self.open_table()
        rows = self.page.evaluate(
            """() => [...document.querySelector(".glassgrad").shadowRoot
                .querySelectorAll("details tbody tr")].map(
                    (row) => [row.dataset.code,
                        ...[...row.children].slice(2).map((cell) => cell.textContent)])"""
        )
        return {name: (value, grad, arrived) for name, value, grad, arrived in rows}

    def exact(self):
        """By name (value, gradient) with all digits; None where there is none yet."""
        self.open_table()
        rows = self.page.evaluate(
            """() => [...document.querySelector(".glassgrad").shadowRoot
                .querySelectorAll("details tbody tr")].map((row) => [
                    row.dataset.code, row.children[2].title, row.children[3].title])"""
        )
        return {name: (_number(value), _number(grad)) for name, value, grad in rows}

    def sentence(self):
        return self.page.locator(".say p").first.inner_text()

    def where(self):
        return self.page.locator("nav output").inner_text()

    def panel(self):
        return self.page.locator(".say").inner_text()


def _number(text):
    return float(text.replace("Infinity", "inf")) if text else None


@pytest.fixture(scope="module")  # not longer: while it lives, its event loop runs
def browser():
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def play(browser, tmp_path):
    """Opens a pass (or a file) in a page; at the end nothing may have gone wrong in any."""
    players, contexts = [], []

    def open_(steps, wait=".glassgrad nav", **options):
        path = steps
        if not isinstance(steps, (str, os.PathLike)):
            path = tmp_path / f"{len(players)}.html"
            steps.save(path)
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        player = Player(context.new_page())
        players.append(player)
        player.page.goto(f"file://{path}")
        if options.get("java_script_enabled", True):
            player.page.wait_for_selector(wait)
        return player

    yield open_
    problems = [problem for player in players for problem in player.problems]
    for context in contexts:
        context.close()
    assert not problems, problems


@contextmanager
def timed_out_after(page, seconds):
    page.set_default_timeout(seconds * 1000)
    yield
