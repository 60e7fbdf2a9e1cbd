"""Drives the step player in a real browser: Debian's chromium, through Playwright."""

import importlib.util
import os
import shutil

import pytest

from tests.each import IN_CI

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

needs_browser = pytest.mark.skipif(
    not IN_CI and not (CHROMIUM and importlib.util.find_spec("playwright")),
    reason="there is no chromium here, or no playwright (pip install playwright)",
)

SCREEN = {"width": 1280, "height": 900}


class Player:
    """One page with a player. What goes wrong in it, or leaves the machine, is remembered."""

    def __init__(self, page):
        self.page = page
        self.problems = []
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._heard)
        page.on("request", self._requested)

    def open(self, path, wait=".glassgrad nav"):
        self.page.goto(f"file://{path}")
        self.page.wait_for_selector(wait)

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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def idle(browser):
    """Pages that no test looks at now, by whether scripts run: a new one takes a second."""
    return {True: [], False: []}


@pytest.fixture
def play(browser, idle, tmp_path):
    """Opens a pass (or a file) in a page; at the end nothing may have gone wrong in any.

    A test that leaves more behind in a page than another address does says `last=True`.
    """
    players, back = [], []

    def open_(
        steps,
        wait=".glassgrad nav",
        viewport=SCREEN,
        color_scheme="light",
        reduced_motion="no-preference",
        java_script_enabled=True,
        last=False,
    ):
        path = steps
        if not isinstance(steps, (str, os.PathLike)):
            path = tmp_path / f"{len(players)}.html"
            steps.save(path)
        if idle[java_script_enabled]:
            player = idle[java_script_enabled].pop()
        else:
            context = browser.new_context(java_script_enabled=java_script_enabled)
            player = Player(context.new_page())
        players.append(player)
        if not last:
            back.append((idle[java_script_enabled], player))
        player.problems.clear()
        page = player.page
        page.mouse.move(0, 0)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        player.open(path, wait if java_script_enabled else "body")
        return player

    yield open_
    for pages, player in back:
        pages.append(player)
    problems = [problem for player in players for problem in player.problems]
    assert not problems, problems
