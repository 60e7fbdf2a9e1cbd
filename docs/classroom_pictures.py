"""Takes the manual's pictures of the pages for class: `python docs/classroom_pictures.py`.

They are what Debian's chromium shows, so this needs it, playwright and pillow.
"""

import dataclasses
import functools
import io
import pathlib
import shutil
import tempfile
from urllib.parse import urlencode

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import nn
import optim
from autograd import Value, backprop, sigmoid
from autograd.viz.player.typed import write_typed_page
from autograd.viz.sheet import write_sheet

COLOURS = 200
PAINTED = """() => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""


def loss():
    """The loss of two neurons in a row, as in the lecture."""
    x, w1, w2, y = (
        Value(number, label=name)
        for name, number in {"x": 1.0, "w1": 0.5, "w2": -1.5, "y": 1.0}.items()
    )
    z1 = sigmoid(w1 * x)
    z1.label = "z1"
    y_hat = sigmoid(w2 * z1)
    y_hat.label = "y_hat"
    J = (y_hat - y) ** 2
    J.label = "J"
    return J


def press(page, *keys):
    """Press keys in the player."""
    page.wait_for_selector(".glassgrad nav")
    page.focus(".glassgrad")
    for key in keys:
        page.keyboard.press(key)


def typing(page, folder):
    """The page in which an expression is typed."""
    write_typed_page(folder / "typed.html")
    page.set_viewport_size({"width": 1100, "height": 700})
    state = {"f": "tanh(w*x + b) * x", ".w": "0.5", ".x": "2", ".b": "0.25", "step": "8"}
    page.goto(f"{(folder / 'typed.html').as_uri()}#{urlencode(state)}")
    page.wait_for_selector(".glassgrad nav")


def presenting(page, folder):
    """A pass as it is presented."""
    backprop(loss()).save(folder / "presented.html")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto((folder / "presented.html").as_uri())
    press(page, "s")
    page.wait_for_function("document.querySelector('[data-present]')")
    press(page, *["PageDown"] * 13)


def predicting(page, folder):
    """A slip that is recognised."""
    backprop(loss()).save(folder / "predicted.html")
    page.set_viewport_size({"width": 1280, "height": 600})
    page.goto((folder / "predicted.html").as_uri())
    press(page, "p", *["ArrowRight"] * 11)
    page.locator(".strip input").fill("-1.233")  # a slip: the sum of upstream and local
    page.keyboard.press("Enter")
    page.evaluate("scrollTo(0, 0)")


def a_sheet(page, folder):
    """The first tasks of a work sheet."""
    write_sheet(folder / "sheet.html", seed=7, count=6, size=5)
    page.set_viewport_size({"width": 900, "height": 640})
    page.goto((folder / "sheet.html").as_uri())


@functools.cache
def moons():
    """A network that has learnt the moons, and the data."""
    nn.manual_seed(0)
    model, data = nn.MLP(2, [8], 2, "tanh"), nn.datasets.moons()
    w, optimizer = nn.watch(model, data), optim.Adam(model.parameters(), lr=0.02)
    nn.fit(model, nn.CrossEntropyLoss(), data, optimizer, epochs=60, callbacks=[w], seed=0)
    return model, w


def watching(page, folder):
    """The film of a training, near its end."""
    moons()[1].save(folder / "film.html")
    page.set_viewport_size({"width": 980, "height": 830})
    page.goto((folder / "film.html").as_uri())
    page.wait_for_selector(".glassgrad nav")


def watching_digits(page, folder):
    """The film of a network for digits, whose weights are images."""
    nn.manual_seed(0)
    digits = nn.datasets.digits()
    data = dataclasses.replace(digits, x=digits.x / 16)
    model = nn.MLP(64, [32], 10, "tanh")
    w, optimizer = nn.watch(model, data), optim.Adam(model.parameters(), lr=0.003)
    nn.fit(model, nn.CrossEntropyLoss(), data, optimizer, epochs=15, callbacks=[w], seed=0)
    w.save(folder / "digits.html")
    page.set_viewport_size({"width": 980, "height": 830})
    page.goto((folder / "digits.html").as_uri())
    page.wait_for_selector(".glassgrad nav")


def trained(page, path, steps):
    """A page that trains, after so many steps."""
    page.goto(path.as_uri())
    page.wait_for_selector(".glassgrad nav")
    page.evaluate("(count) => document.querySelector('.glassgrad').steps(count)", steps)


def training(page, folder):
    """A network that learns the spirals in its page."""
    nn.manual_seed(0)
    model, data = nn.MLP(2, [8, 8], 3, "tanh"), nn.datasets.spirals()
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    nn.playground(model, data, nn.CrossEntropyLoss(), optimizer).save(folder / "training.html")
    page.set_viewport_size({"width": 1060, "height": 960})
    trained(page, folder / "training.html", 800)


def rates(page, folder):
    """Three learning rates of one program, side by side."""
    model, data = nn.MLP(2, [8], 3, "tanh", rng=np.random.default_rng(1)), nn.datasets.spirals()
    of = {"small": 0.003, "stable": 0.3, "large": 10.0}
    rules = {name: optim.SGD(model.parameters(), lr=lr, momentum=0.9) for name, lr in of.items()}
    nn.playground(model, data, nn.CrossEntropyLoss(), rules).save(folder / "rates.html")
    page.set_viewport_size({"width": 1060, "height": 1335})
    trained(page, folder / "rates.html", 600)


def network(page, folder):
    """The picture of a network for one example."""
    picture = moons()[0].picture([0.5, 0.25], [0], nn.CrossEntropyLoss())
    picture.save(folder / "network.html")
    page.set_viewport_size({"width": 760, "height": 770})
    page.goto((folder / "network.html").as_uri())
    page.wait_for_selector(".glassgrad .pic")


def neuron(page, folder):
    """The operations of one of its neurons, which was clicked."""
    network(page, folder)
    page.set_viewport_size({"width": 760, "height": 590})
    page.locator("[data-node='h1.2']").click()


PICTURES = {
    "type-and-step": typing,
    "presenting": presenting,
    "predicting": predicting,
    "work-sheet": a_sheet,
    "watching": watching,
    "watching-digits": watching_digits,
    "training": training,
    "rates": rates,
    "network": network,
    "network-neuron": neuron,
}


def write_pictures(browser, target):
    """Write each picture, in few colours so that it stays small."""
    with tempfile.TemporaryDirectory() as folder:
        for name, prepare in PICTURES.items():
            page = browser.new_page(color_scheme="light", reduced_motion="reduce")
            prepare(page, pathlib.Path(folder))
            page.evaluate(PAINTED)
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            shot.quantize(COLOURS).save(target / f"{name}.png", optimize=True)
            page.close()


def main():
    """Write them beside this file."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        write_pictures(browser, pathlib.Path(__file__).parent)
        browser.close()


if __name__ == "__main__":
    main()
