"""A step of the player in a browser: from a key to the picture laid out anew."""

import contextlib
import pathlib
import shutil
import tempfile

STEPS = """\
(count) => {
  const host = document.querySelector(".glassgrad"), times = [];
  for (let k = 0; k < count; k++) {
    const key = k % 200 < 100 ? "ArrowRight" : "ArrowLeft", start = performance.now();
    host.dispatchEvent(new KeyboardEvent("keydown", { key }));
    host.shadowRoot.querySelector("svg").getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[count >> 1] / 1000;
}"""


def repainting(nodes):
    """Measures a step through a graph of so many nodes: the median of 400."""
    import autograd

    try:
        from playwright.sync_api import sync_playwright
    except ImportError as err:
        raise SystemExit("benchmarks: the player's rows need playwright and chromium.") from err
    w, y = autograd.Value(0.5, label="w"), autograd.Value(0.1, label="y")
    made = 2
    while made < nodes:  # three nodes for each turn, with its constant
        y, made = autograd.tanh(w * y + 0.25), made + 4
    # All of it stays until the process ends, as a benchmark's data does.
    stack = contextlib.ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    path = pathlib.Path(folder) / "steps.html"
    autograd.backprop(y).save(path)
    driver = stack.enter_context(sync_playwright())
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_selector(".glassgrad nav")
    page.evaluate(STEPS, 100)

    def measure():
        measure.stack = stack  # keeps the browser
        return page.evaluate(STEPS, 400)

    return measure
