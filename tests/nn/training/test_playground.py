"""The page that trains: its losses are Python's, in Node and in a browser, for every rule."""

import base64
import io
import itertools
import json
import re
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
import optim
from autograd.errors import CompileError, ShapeError
from autograd.viz.player.embed import file_text
from autograd.viz.svg import to_svg
from nn.datasets import Dataset, moons, spirals
from nn.pictures.network import network_scene
from nn.training.printed import printed_step
from nn.training.stage import Stage
from tests.autograd.viz.player.fitting import violations
from tests.autograd.viz.player.players import needs_browser
from tests.each import in_ci

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(not NODE, reason="there is no node here")


def two_classes(rule, **settings):
    nn.manual_seed(0)
    model, (x, y) = nn.MLP(2, [6, 4], 1, "tanh"), moons(60)
    return model, x, y.reshape(-1, 1), nn.BCEWithLogitsLoss(), rule(model.parameters(), **settings)


def three_classes():
    nn.manual_seed(0)
    model, (x, y) = nn.MLP(2, [6], 3, "relu"), spirals(60)
    return model, x, y, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.02)


def hinge():
    nn.manual_seed(0)
    model, (x, y) = nn.MLP(2, [6], 1, "relu"), moons(60)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    return model, x, 2.0 * y.reshape(-1, 1) - 1, nn.HingeLoss(), optimizer


def maximised():
    model, x, y, loss, _ = two_classes(optim.SGD, lr=0.1)
    optimizer = optim.SGD(model.parameters(), lr=0.1, maximize=True, weight_decay=1e-3)
    return model, x, y, lambda out, y: -loss(out, y), optimizer


def perceptron():
    nn.manual_seed(0)
    model, (x, y) = nn.Perceptron(2, "identity"), moons(60)
    model.weight.data = [-1.0, -0.5]
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    return model, x, 2.0 * y.reshape(model(x).shape) - 1, nn.PerceptronLoss(), optimizer


def groups():
    """Biases that move faster, in another order than the model has them, and without momentum."""
    model, x, y, loss, _ = two_classes(optim.SGD, lr=0.1)
    named = dict(model.named_parameters())
    parts = [
        {"params": [p for name, p in named.items() if "bias" in name][::-1], "lr": 0.3},
        {"params": [p for name, p in named.items() if "weight" in name], "momentum": 0.9},
    ]
    return model, x, y, loss, optim.SGD(parts, lr=0.1)


def loss_with_a_number_that_stays():
    model, x, y, loss, optimizer = two_classes(optim.Adam, lr=0.02)
    temperature = nn.Parameter(np.array(1.5))
    return model, x, y, lambda out, y: loss(out * temperature, y), optimizer


def own_loss():
    nn.manual_seed(0)
    model, (x, y) = nn.MLP(2, [5], 1, "tanh", "sigmoid"), moons(60)

    def loss(out, y):
        return ((out - y) ** 2).mean() + 1e-3 * sum((p * p).sum() for p in model.parameters())

    return model, x, y.reshape(-1, 1), loss, optim.Momentum(model.parameters(), lr=0.1)


def another_order():
    model, x, y, loss, _ = two_classes(optim.SGD, lr=0.1)
    return model, x, y, loss, optim.Adam(model.parameters()[::-1], lr=0.02)


def fewer_steps():
    """Of one parameter fewer than of the others."""
    model, x, y, loss, optimizer = two_classes(optim.Adam, lr=0.02)
    model[0].weight.requires_grad = False
    losses_of_python(model, x, y, loss, optimizer, stored_batches(len(x))[:5])
    model[0].weight.requires_grad = True
    return model, x, y, loss, optimizer


PROGRAMS = {
    "SGD": lambda: two_classes(optim.SGD, lr=0.1),
    "SGD with momentum": lambda: two_classes(optim.SGD, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda: two_classes(optim.Adam, lr=0.02),
    "AdamW": lambda: two_classes(optim.AdamW, lr=0.02),
    "Nesterov": lambda: two_classes(optim.Nesterov, lr=0.1),
    "RMSprop": lambda: two_classes(optim.RMSprop, lr=0.01),
    "Adagrad": lambda: two_classes(optim.Adagrad, lr=0.1),
    "Adadelta": lambda: two_classes(optim.Adadelta, lr=2.0),
    "Nadam": lambda: two_classes(optim.Nadam, lr=0.02),
    "Adam with the largest": lambda: two_classes(optim.Adam, lr=0.02, amsgrad=True),
    "weight decay": lambda: two_classes(optim.SGD, lr=0.1, momentum=0.9, weight_decay=1e-3),
    "weight decay in Adam": lambda: two_classes(optim.Adam, lr=0.02, weight_decay=1e-3),
    "maximised": maximised,
    "a perceptron": perceptron,
    "classes": three_classes,
    "hinge loss": hinge,
    "a loss of one's own": own_loss,
    "several groups": groups,
    "a loss with a parameter that nobody trains": loss_with_a_number_that_stays,
    "the optimizer has the parameters in another order": another_order,
    "some parameters have taken fewer steps": fewer_steps,
}


def stored_batches(count):
    """Rows of 100 batches of several sizes."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, count, size).tolist() for size in rng.choice([1, 7, 10, 32], 100)]


def losses_of_python(model, x, y, loss, optimizer, batches):
    return [
        optimizer.step(lambda rows=rows: loss(model(x[rows]), y[rows])).item() for rows in batches
    ]


def losses_of_pages(pages, batches, folder, each="train.step(rows)", runs=(0,)):
    """Of every run of every page, what is said for each batch: one Node for all."""
    steps = f"trainers(data)[run], said = (train, rows, k) => {each}"
    program = [f"const batches = {json.dumps(batches)}, losses = [];"]
    for page in pages:
        program += [
            f"{{ const data = {json.dumps(page._data)};\n{page.code}\n{file_text('trainer.js')}",
            f"for (const run of {json.dumps([*runs])}) {{ const train = {steps};",
            "  losses.push(batches.map((rows, k) => said(train, rows, k))); } }",
        ]
    (folder / "train.js").write_text("\n".join([*program, "console.log(JSON.stringify(losses));"]))
    ran = subprocess.run([NODE, "train.js"], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@needs_node
def test_a_hundred_steps_from_the_start_or_the_middle_of_a_training_have_pythons_losses(
    tmp_path, monkeypatch
):  # fmt: skip
    monkeypatch.setattr("nn.training.playground._printed_views", lambda stage: "")
    pages, wanted = [], []
    batches = stored_batches(60)
    programs = [*PROGRAMS.values()][in_ci(0, 8) :]  # the first are each a rule of the optimizers
    for make, taken in zip(programs, itertools.cycle([0, 37])):
        model, x, y, loss, optimizer = make()
        losses_of_python(model, x, y, loss, optimizer, batches[:taken])
        pages.append(nn.playground(model, (x, y), loss, optimizer))
        wanted.append(losses_of_python(model, x, y, loss, optimizer, batches))
        assert taken or np.abs(wanted[-1]).min() < 0.7 * abs(wanted[-1][0])  # it has learnt
    found = losses_of_pages(pages, batches, tmp_path)
    for page, losses, expected in zip(pages, found, wanted, strict=True):
        np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-12, err_msg=repr(page))


@needs_node
def test_the_rate_is_that_of_all_groups_in_proportion_and_held_out_examples_move_nothing(tmp_path):
    model, x, y, loss, optimizer = groups()
    page, batches = nn.playground(model, (x, y), loss, optimizer), stored_batches(len(x))
    each = "(train.lossOf(rows, data.x), train.step(rows, k % 2 ? 0.5 : 0.01))"
    (found,) = losses_of_pages([page], batches, tmp_path, each)
    wanted = []
    for k, rows in enumerate(batches):
        rate = 0.5 if k % 2 else 0.01
        optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = rate, rate / 3
        wanted += losses_of_python(model, x, y, loss, optimizer, [rows])
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_making_a_page_leaves_model_and_optimizer_as_they_were():
    model, x, y, loss, optimizer = two_classes(optim.Adam, lr=0.02)
    nn.playground(model, (x, y), loss, optimizer)
    (state,) = optimizer.state_dict()["state"]
    assert not any(state["steps"])
    assert not any(numbers.any() for numbers in state["kept"].values())
    assert all(p.grad is None for p in model.parameters())
    losses_of_python(model, x, y, loss, optimizer, stored_batches(len(x))[:3])
    numbers = [np.concatenate([p.data.ravel(), p.grad.ravel()]) for p in model.parameters()]
    (state,) = optimizer.state_dict()["state"]
    nn.playground(model, (x, y), loss, optimizer)
    for p, before in zip(model.parameters(), numbers, strict=True):
        np.testing.assert_array_equal(np.concatenate([p.data.ravel(), p.grad.ravel()]), before)
    (after,) = optimizer.state_dict()["state"]
    assert after["steps"] == state["steps"]
    for name, array in state["kept"].items():
        np.testing.assert_array_equal(after["kept"][name], array)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_it_trains_obeys_keys_and_sliders_and_has_pythons_losses(
    play, tmp_path, scheme
):  # fmt: skip
    model, x, y, loss, optimizer = three_classes()
    nn.playground(model, (x, y), loss, optimizer).save(tmp_path / "net.html")
    options = {"viewport": {"width": 390, "height": 900}, "color_scheme": scheme}
    page = play(tmp_path / "net.html", **options).page
    batches = stored_batches(len(x))
    found = page.evaluate("(rows) => document.querySelector('.glassgrad').train(rows)", batches)
    wanted = losses_of_python(model, x, y, loss, optimizer, batches)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)

    caption = page.locator(".caption")
    page.focus(".glassgrad")
    page.keyboard.press("r")
    page.wait_for_function(SAYS, arg="step 0")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(SAYS, arg="step 1 ")
    page.get_by_role("slider", name="batch").press("Home")
    page.keyboard.press(" ")  # on a slider this is no command
    page.focus(".glassgrad")
    page.keyboard.press(" ")
    page.wait_for_function(MANY)
    page.keyboard.press(" ")
    page.locator("[aria-label=Run]").wait_for()
    assert "test loss" in caption.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    colors = page.evaluate(
        "() => { const c = document.querySelector('.glassgrad').shadowRoot.querySelector('canvas');"
        " return new Set(c.getContext('2d').getImageData(0, 0, 360, 360).data).size }"
    )
    assert colors > 20  # regions are drawn
    assert violations(page) == []


MANY = """() => +document.querySelector('.glassgrad').shadowRoot
    .querySelector('.caption').textContent.match(/\\d+/)[0] > 50"""
SAYS = """(said) => document.querySelector('.glassgrad').shadowRoot
    .querySelector('.caption').textContent.startsWith(said)"""


def test_the_batch_size_is_a_parameter_of_the_printed_program():
    model, x, y, loss, optimizer = two_classes(optim.SGD, lr=0.1)
    text = printed_step("playground", model, loss, optimizer, x, y).text
    assert text.startswith("function program(B) {")
    assert "i < (1 * B)" in text
    assert "(1 / B)" in text
    assert not [size for size in ("17", "19", "23") if f"< {size};" in text]


def test_what_cannot_be_printed_is_told_and_stays_a_film():
    model, x, y, loss, optimizer = two_classes(optim.SGD, lr=0.1)
    chance = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    with pytest.raises(CompileError, match=r"Dropout draws or keeps numbers .* nn\.watch films"):
        nn.playground(chance, (x, y), loss, optim.SGD(chance.parameters(), lr=0.1))
    averages = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    with pytest.raises(CompileError, match="BatchNorm1d draws or keeps"):
        nn.playground(averages, (x, y), loss, optim.SGD(averages.parameters(), lr=0.1))
    counts = nn.Linear(2, 1)
    counts.seen = [nn.Buffer(np.zeros(1))]
    with pytest.raises(CompileError, match="Linear draws or keeps"):
        nn.playground(counts, (x, y), loss, optim.SGD(counts.parameters(), lr=0.1))
    dampened = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, dampening=0.5)
    with pytest.raises(CompileError, match="the first step of SGD is another formula than those"):
        nn.playground(model, (x, y), loss, dampened)

    def by_comparing(out, y):
        return out.mean() if out.data.sum() > 0 else (out * out).mean()

    with pytest.raises(CompileError):
        nn.playground(model, (x, y), by_comparing, optimizer)
    with pytest.raises(TypeError, match="needs an update rule of optim"):
        nn.playground(model, (x, y), loss, 0.1)
    for wrong, came in ((None, "None"), (nn.MSELoss, "the class MSELoss")):
        with pytest.raises(TypeError, match=f"loss needs to be a function of .*, but got {came}"):
            nn.playground(model, (x, y), wrong, optimizer)
    for wrong, came, error in (
        (lambda out, y: 3.0, "3.0", TypeError),
        (lambda out, y: out, "a Tensor of shape", ShapeError),
    ):
        with pytest.raises(error, match=f"a loss that returns one number .*, but got {came}"):
            nn.playground(model, (x, y), wrong, optimizer)
    with pytest.raises(ValueError, match="Sequential has no parameters that could be trained"):
        nn.playground(nn.Sequential(nn.Tanh()), (x, x), nn.MSELoss(), optimizer)
    with pytest.raises(ValueError, match="needs finite examples, but got nan or inf in x"):
        nn.playground(model, (x * np.inf, y), loss, optimizer)
    with pytest.raises(ValueError, match="needs every target in"):
        nn.playground(model, (x, y + 5), loss, optimizer)


def test_a_page_that_would_train_other_parameters_than_the_optimizer_is_refused():
    model, x, y, loss, optimizer = two_classes(optim.SGD, lr=0.1)
    other = two_classes(optim.SGD, lr=0.1)[-1]
    with pytest.raises(CompileError, match=r"0\.weight is not among those of the optimizer"):
        nn.playground(model, (x, y), loss, other)
    some = optim.SGD(model[-1].parameters(), lr=0.1)
    with pytest.raises(CompileError, match=r"0\.weight is not among those of the optimizer"):
        nn.playground(model, (x, y), loss, some)
    more = optim.SGD([*model.parameters(), nn.Parameter(np.ones(2))], lr=0.1)
    with pytest.raises(CompileError, match="the optimizer has others, too"):
        nn.playground(model, (x, y), loss, more)
    model[0].weight.requires_grad = False
    with pytest.raises(CompileError, match=r"0\.weight is frozen"):
        nn.playground(model, (x, y), loss, optimizer)


FRAGMENT = "rate=0.25&batch=7&noise=0.3&test=0.5&seed=12&speed=1000"
HOSTILE = "rate=1e999&batch=2.5&noise=<img src=x onerror=alert(1)>&test=-1&seed=&speed=NaN&x=y"
SAID = """() => Object.fromEntries([...document.querySelector('.glassgrad').shadowRoot
    .querySelectorAll('.slide')].map((e) => [e.firstChild.textContent, e.lastChild.textContent]))"""
STEPS = """(count) => document.querySelector('.glassgrad').steps(count)"""


@needs_browser
def test_the_address_of_a_page_holds_the_sliders_and_the_same_address_trains_alike(
    play, tmp_path
):  # fmt: skip
    model, x, y, loss, optimizer = three_classes()
    nn.playground(model, (x, y), loss, optimizer).save(tmp_path / "net.html")
    page = play(tmp_path / "net.html").page
    begun = page.evaluate(SAID)
    assert begun == {
        "speed": "300/s", "rate": "0.02", "batch": "32", "noise": "0.00", "test": "20 %",
        "seed": "1",
    }  # fmt: skip
    page.evaluate("(hash) => (location.hash = hash)", HOSTILE)
    page.wait_for_timeout(50)
    assert page.evaluate(SAID) == begun
    page.evaluate("(hash) => (location.hash = hash)", FRAGMENT)
    page.wait_for_function(f"() => ({SAID})().seed === '12'")
    assert page.evaluate(SAID) == {
        "speed": "1000/s", "rate": "0.25", "batch": "7", "noise": "0.30", "test": "50 %",
        "seed": "12",
    }  # fmt: skip
    once = page.evaluate(STEPS, 30)
    page.get_by_role("slider", name="seed").press("ArrowRight")
    assert "seed=13" in page.evaluate("location.hash")
    assert "rate=0.25" in page.evaluate("location.hash")
    other = page.evaluate(STEPS, 30)
    page.get_by_role("slider", name="seed").press("ArrowLeft")
    again = page.evaluate(STEPS, 30)
    assert once == again != other
    fresh = play(f"{tmp_path}/net.html{page.evaluate('location.hash')}").page
    assert fresh.evaluate(STEPS, 30) == once


@needs_browser
def test_numbers_that_become_nan_are_told_and_end_nothing(play, tmp_path):
    model, x, y, loss, _ = three_classes()
    optimizer = optim.SGD(model.parameters(), lr=1e200)
    nn.playground(model, (x, y), loss, optimizer).save(tmp_path / "net.html")
    page = play(tmp_path / "net.html").page
    page.evaluate(STEPS, 5)
    assert "the steps were too large" in page.locator(".caption").inner_text()


RATES = {"small": 0.01, "stable": 0.5, "large": 60.0}


def compared():
    """Three rates of one rule for one model, and what each does in Python."""
    model, x, y, loss, _ = two_classes(optim.SGD, lr=0.1)
    rules = {name: optim.SGD(model.parameters(), lr=lr) for name, lr in RATES.items()}
    return model, x, y, loss, rules


@needs_node
def test_trainings_side_by_side_begin_alike_and_have_pythons_losses_each(tmp_path):
    model, x, y, loss, rules = compared()
    rules["large"].lr = 1.0  # a larger one makes of every rounding another training
    rules["Adam"] = optim.Adam(model.parameters(), lr=0.05)
    page = nn.playground(model, (x, y), loss, rules)
    assert repr(page) == "Playground(MLP, 60 examples, SGD, Adam: small, stable, large, Adam)"
    assert page.code.count("function program(B)") == 2  # what differs in numbers is printed once
    batches, start = stored_batches(len(x)), [p.data.copy() for p in model.parameters()]
    for found, rule in zip(
        losses_of_pages([page], batches, tmp_path, runs=range(4)), rules.values()
    ):
        for p, numbers in zip(model.parameters(), start, strict=True):
            p.data = numbers
        wanted = losses_of_python(model, x, y, loss, rule, batches)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_what_cannot_be_compared_is_refused_by_its_name():
    model, x, y, loss, rules = compared()
    other = two_classes(optim.SGD, lr=0.1)[-1]
    with pytest.raises(CompileError, match="'stable': trains all parameters of the model, but 0"):
        nn.playground(model, (x, y), loss, {**rules, "stable": other})
    dampened = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, dampening=0.5)
    with pytest.raises(CompileError, match="'large': the first step of SGD is another formula"):
        nn.playground(model, (x, y), loss, {**rules, "large": dampened})
    with pytest.raises(TypeError, match="'large': needs an update rule of optim, or several by"):
        nn.playground(model, (x, y), loss, {**rules, "large": 60.0})
    with pytest.raises(TypeError, match="names of optimizers need to be texts, but got 3"):
        nn.playground(model, (x, y), loss, {3: rules["small"]})
    with pytest.raises(ValueError, match="an optimizer needs a name, but got an empty one"):
        nn.playground(model, (x, y), loss, {**rules, " ": rules["small"]})
    five = {str(k): rules["small"] for k in range(5)}
    for some in ({}, five):
        with pytest.raises(ValueError, match=f"compares 1 to 4 optimizers, but got {len(some)}"):
            nn.playground(model, (x, y), loss, some)
    losses_of_python(model, x, y, loss, rules["stable"], [[0, 1]])
    with pytest.raises(ValueError, match="'stable': has taken 1 steps, but 'small' 0"):
        nn.playground(model, (x, y), loss, rules)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_trainings_side_by_side_share_clock_and_sliders_and_one_plot(
    play, tmp_path, width, scheme
):  # fmt: skip
    model, x, y, loss, rules = compared()
    nn.playground(model, (x, y), loss, rules).save(tmp_path / "net.html")
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = play(tmp_path / "net.html", **options).page
    assert [name for name in page.evaluate(SAID) if "rate" in name] == [
        "rate, small", "rate, stable", "rate, large"
    ]  # fmt: skip
    assert page.locator("figure canvas").count() == 4
    legend = page.locator("figcaption").last
    assert legend.inner_text() == "◆ small · ▼ stable · ⬢ large · line: batches · dashed: held out"
    plot = page.locator("figure canvas").last
    assert legend.bounding_box()["y"] >= sum(plot.bounding_box()[k] for k in ("y", "height"))

    page.focus(".glassgrad")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(SAYS, arg="step 1 · small 0.")
    page.get_by_role("slider", name="rate, large").press("ArrowLeft")
    assert "rate%2C+large=5" in page.evaluate("location.hash")
    each = [page.evaluate(STEPS_OF, k) for k in range(3)]
    assert each[0][0] == each[1][0] == each[2][0]  # the same weights, the same batch
    assert each[1][-1] < each[0][-1] < each[2][-1]
    assert " · large " in page.locator(".caption").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


STEPS_OF = "(run) => document.querySelector('.glassgrad').steps(20, run)"


def numbers_and_words(element):
    """What an element of an SVG is drawn with: its attributes, and the text in it."""
    found = {}
    for key, text in element.items():
        try:
            found[key] = float(text)
        except ValueError:
            found[key] = text
    found.pop("href", None)
    found[""] = element.text
    return found


def in_color(data_url):
    from PIL import Image

    png = base64.b64decode(data_url.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(int)


def networks():
    numbers = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    return {
        "in the plane": (nn.MLP(2, [3], 3, "tanh"), spirals(60), nn.CrossEntropyLoss()),
        "of numbers": (nn.MLP(2, [3], 1, "relu"), (numbers, numbers[:, :1] ** 2), nn.MSELoss()),
        "of flowers": (nn.MLP(4, [5, 4], 3, "tanh"), nn.datasets.iris(), nn.CrossEntropyLoss()),
        "of images": (nn.MLP(64, [20], 10, "relu"), nn.datasets.digits(), nn.CrossEntropyLoss()),
        "without biases": (
            nn.Sequential(nn.Linear(2, 4, bias=False), nn.Tanh(), nn.Linear(4, 1, bias=False)),
            (numbers, (numbers[:, :1] > 0) * 1.0),
            nn.BCEWithLogitsLoss(),
        ),
    }


@needs_browser
@pytest.mark.parametrize("name", networks())
def test_the_network_of_a_page_is_drawn_after_training_as_python_draws_it(
    play, tmp_path, name
):  # fmt: skip
    nn.manual_seed(0)
    model, data, loss = networks()[name]
    x, y = data
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    nn.playground(model, data, loss, optimizer).save(tmp_path / "net.html")
    dataset = data if isinstance(data, Dataset) else None
    stage = Stage(model, x, y, dataset, None)
    page = play(tmp_path / "net.html").page
    batches = stored_batches(len(x))[:20]
    page.evaluate("(rows) => document.querySelector('.glassgrad').train(rows)", batches)
    page.get_by_role("slider", name="speed").press("End")
    page.wait_for_function(SAYS, arg="step 20")
    page.evaluate("new Promise(requestAnimationFrame)")  # after that in which it is drawn
    losses_of_python(model, x, y, loss, optimizer, batches)
    stage.measure([model])  # lines are as thick as they are beside the largest weight so far
    columns, look = stage.network()
    scene = network_scene(columns, replace(look, numbers=stage.plane is not None))
    wanted = ElementTree.fromstring(to_svg(scene, "The network: weights are lines"))
    svg = page.locator(".panel svg").evaluate("(e) => new XMLSerializer().serializeToString(e)")
    found = ElementTree.fromstring(svg)
    pairs = [*zip(found.iter(), wanted.iter(), strict=True)]
    assert len(pairs) > 40
    for one, other in pairs[1:]:
        assert one.tag == other.tag
        here, there = numbers_and_words(one), numbers_and_words(other)
        if one.tag.endswith("title") and stage.plane is not None:
            there[""] = re.sub(r"value [^,]*(, )?", "", there[""]).removesuffix(": ")
            here[""] = re.sub(r"value [^,]*(, )?", "", here[""]).removesuffix(": ")
        assert here.keys() == there.keys()
        for key, seen in here.items():
            if isinstance(seen, float):
                assert seen == pytest.approx(there[key], abs=0.16)  # written to 0.1 in SVG
            else:
                assert seen == there[key]
        if one.tag.endswith("image"):
            (pixels, picture) = (in_color(e.get("href")) for e in (one, other))
            signed = [
                (p[..., 0] > 100) * p[..., 3] - (p[..., 0] < 100) * p[..., 3]
                for p in (pixels, picture)
            ]
            assert np.abs(signed[0] - signed[1]).max() <= 215 / 16 / 2 + 1


@needs_browser
def test_of_trainings_side_by_side_the_network_of_one_is_shown_that_is_chosen(
    play, tmp_path
):  # fmt: skip
    model, x, y, loss, rules = compared()
    nn.playground(model, (x, y), loss, rules).save(tmp_path / "net.html")
    page = play(tmp_path / "net.html").page
    page.evaluate(STEPS_OF, 0)
    lines = "(e) => [...e.querySelectorAll('path')].map((p) => p.getAttribute('stroke-width'))"
    panel = page.locator(".panel svg")
    shown = [panel.element_handle(), panel.evaluate(lines)]
    page.get_by_label("The network is that of").select_option("large")
    page.wait_for_function(f"([e, before]) => `${{({lines})(e)}}` !== `${{before}}`", arg=shown)
    page.get_by_label("The network is that of").select_option("small")
    page.wait_for_function(f"([e, before]) => `${{({lines})(e)}}` === `${{before}}`", arg=shown)
