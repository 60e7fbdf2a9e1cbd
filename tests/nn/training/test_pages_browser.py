"""Pages on which a model learns, on every screen, light and dark, by keys alone, without motion."""

import random

import pytest

import nn
import optim
from tests.autograd.viz.player.fitting import faults_everywhere, tab_stops, tab_to
from tests.autograd.viz.player.players import needs_browser

pytestmark = needs_browser


def two_classes(path):
    model, (x, y) = nn.MLP(2, [8], 1, "tanh"), nn.datasets.moons(60)
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    nn.playground(model, (x, y.reshape(-1, 1)), nn.BCEWithLogitsLoss(), optimizer).save(path)


def three_classes(path):
    model, data = nn.MLP(2, [6], 3, "relu"), nn.datasets.spirals(60)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    nn.playground(model, data, nn.CrossEntropyLoss(), optimizer).save(path)


def no_plane(path):
    model, data = nn.MLP(4, [6], 3, "tanh"), nn.datasets.iris()
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    nn.playground(model, data, nn.CrossEntropyLoss(), optimizer).save(path)


def three_rates(path):
    model, data = nn.MLP(2, [8], 3, "tanh"), nn.datasets.spirals(60)
    rates = {"small": 0.003, "stable": 0.3, "large": 10.0}
    rules = {name: optim.SGD(model.parameters(), lr=lr) for name, lr in rates.items()}
    nn.playground(model, data, nn.CrossEntropyLoss(), rules).save(path)


def filmed(model, data, path):
    w, optimizer = nn.watch(model, data), optim.Adam(model.parameters(), lr=0.02)
    nn.fit(
        model, nn.CrossEntropyLoss(), data, optimizer, epochs=4, validation=data, callbacks=[w],
        seed=0, progress=False,
    )  # fmt: skip
    w.save(path)


def network(model, x, y, loss, path):
    model.picture(x, y, loss).save(path)


def scalars(path):
    random.seed(0)
    network(nn.scalar.MLP(2, [3, 1]), [1.0, 2.0], 1.0, lambda out, y: (out - y) ** 2, path)


def wide(path):
    digits = nn.datasets.digits()
    network(nn.MLP(64, [128], 10), digits.x[:5], digits.y[:5], nn.CrossEntropyLoss(), path)


TRAINING = {
    "two classes": two_classes, "three classes": three_classes, "no plane": no_plane,
    "three rates": three_rates,
}  # fmt: skip
FILMS = {
    "film of a plane": lambda path: filmed(nn.MLP(2, [8, 8], 3), nn.datasets.spirals(60), path),
    "film of images": lambda path: filmed(nn.MLP(64, [32], 10), nn.datasets.digits(), path),
    "film of a wide layer": lambda path: filmed(nn.MLP(4, [20], 3), nn.datasets.iris(), path),
}
NETWORKS = {
    "network": lambda path: network(
        nn.MLP(2, [3], 2, "tanh"), [0.5, -1.0], [1], nn.CrossEntropyLoss(), path
    ),
    "wide network": wide,
    "network of single numbers": scalars,
}
PAGES = TRAINING | FILMS | NETWORKS


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def page(name):
        path = folder / f"{name}.html"
        if not path.exists():
            nn.manual_seed(0)
            PAGES[name](path)
        return path

    return page


def opened(play, path, **options):
    return play(path, wait=".glassgrad button", **options).page


def caption(page):
    return page.locator(".caption").inner_text()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_every_screen_and_axe_finds_no_fault(play, saved, name):
    page = opened(play, saved(name), reduced_motion="reduce")
    if name in TRAINING:
        page.evaluate("document.querySelector('.glassgrad').steps(60)")
    if name in NETWORKS:
        for view in ("Backwards", "Operations", "Forwards"):
            page.get_by_role("button", name=view).click()
            assert faults_everywhere(page, (390, 1280) if view != "Forwards" else ()) == []
    assert faults_everywhere(page) == []


SLIDERS = ["speed", "rate", "batch", "noise", "test", "seed"]


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_is_run_set_and_begun_anew_by_keys_alone(play, saved, name):
    page = opened(play, saved(name))
    page.keyboard.press("ArrowRight")  # before anybody has clicked on it
    page.wait_for_function(STEP, arg=1)
    sliders = SLIDERS
    if name == "three rates":
        sliders = ["speed", *(f"rate, {k}" for k in ("small", "stable", "large")), *SLIDERS[2:]]
    buttons = ["Run", "Step", "Reset"]
    assert tab_stops(page)[: 3 + len(sliders)] == [*buttons, *sliders]
    for wanted in ["Run", *sliders]:
        tab_to(page, wanted)
        if wanted == "Run":
            page.keyboard.press("Enter")
            page.locator("[aria-label=Pause]").wait_for()
            page.wait_for_function(MORE, arg=5)
            page.keyboard.press(" ")
            page.locator("[aria-label=Run]").wait_for()
            continue
        slider = page.get_by_role("slider", name=wanted)
        before = slider.get_attribute("aria-valuetext")
        page.keyboard.press("ArrowLeft" if wanted.startswith("rate") else "ArrowRight")
        assert slider.get_attribute("aria-valuetext") != before
    page.focus(".glassgrad")
    page.keyboard.press("r")
    page.wait_for_function(STEP, arg=0)


STEP = """(step) => +document.querySelector('.glassgrad').shadowRoot
    .querySelector('.caption').textContent.match(/\\d+/)[0] === step"""
MORE = """(step) => +document.querySelector('.glassgrad').shadowRoot
    .querySelector('.caption').textContent.match(/\\d+/)[0] > step"""


@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_played_by_keys_alone(play, saved, name):
    page = opened(play, saved(name))
    assert tab_stops(page)[:7] == ["First", "Back", "Play", "Next", "Last", "Frame", "Speed"]
    tab_to(page, "First")
    page.keyboard.press("Enter")
    assert caption(page) == "epoch 0"
    tab_to(page, "Frame")
    page.keyboard.press("ArrowRight")
    assert caption(page).startswith("epoch 1 ·")
    tab_to(page, "Speed")
    page.keyboard.press("End")
    tab_to(page, "Play")
    page.keyboard.press(" ")
    page.wait_for_function(STEP, arg=4)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_views_of_a_network_are_chosen_by_keys_alone(play, saved, name):
    page = opened(play, saved(name))
    said = page.locator("p[role=status]")
    forwards = said.inner_text()
    page.keyboard.press("2")  # before anybody has clicked on it
    assert "backwards for" in said.inner_text()
    assert tab_stops(page)[:3] == ["Forwards", "Backwards", "Operations"]
    tab_to(page, "Operations")
    page.keyboard.press("Enter")
    assert said.inner_text().startswith("Computation graph of")
    tab_to(page, "Forwards")
    page.keyboard.press(" ")
    assert said.inner_text() == forwards


@pytest.fixture(scope="module")
def long_film(tmp_path_factory):
    """A film of 80 frames, which runs for ten seconds."""
    nn.manual_seed(0)
    w = nn.watch(nn.Linear(2, 1), nn.datasets.moons(10))
    for k in range(80):
        w.frame(1.0 / (k + 1))
    path = tmp_path_factory.mktemp("film") / "long.html"
    w.save(path)
    return path


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_wants_little_motion_sees_a_training_once_a_second(play, saved, motion):
    page = opened(play, saved("two classes"), reduced_motion=motion)
    page.evaluate(COUNTED)
    page.keyboard.press(" ")
    page.wait_for_function(MORE, arg=600)  # some two seconds
    page.keyboard.press(" ")
    page.locator("[aria-label=Run]").wait_for()
    seen, seconds = page.evaluate("[window.seen, (performance.now() - window.begun) / 1000]")
    if motion == "reduce":
        assert 1 <= seen <= seconds + 3  # it also tells that it begins, and that it ends
    else:
        assert seen > 10


@pytest.mark.parametrize(("motion", "frames"), [("reduce", 4), ("no-preference", 20)])
def test_who_wants_little_motion_sees_two_frames_a_second_of_a_film(
    play, long_film, motion, frames
):  # fmt: skip
    page = opened(play, long_film, reduced_motion=motion, last=True)
    page.clock.install(time=0)
    page.reload()
    page.wait_for_selector(".glassgrad nav")
    page.clock.pause_at(3600_000)
    page.keyboard.press("Home")
    page.evaluate(COUNTED)
    page.keyboard.press(" ")
    page.clock.run_for(2500)
    assert page.evaluate("window.seen") == frames
    assert caption(page).startswith("step 20 ·")


DRAWN = """async () => {
    const host = document.querySelector('.glassgrad'), pen = CanvasRenderingContext2D.prototype;
    const plain = pen.strokeRect, begun = performance.now();
    let drawn = 0;
    pen.strokeRect = function (...given) { drawn += 1; return plain.apply(this, given); };
    const slider = host.shadowRoot.querySelectorAll('input')[1];
    for (let k = 0; k < 120; k++) {
        host.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
        slider.value = -2 + k / 100;
        slider.dispatchEvent(new Event('input'));
        await new Promise((done) => setTimeout(done, 8));
    }
    const caption = host.shadowRoot.querySelector('.caption');
    while (!caption.textContent.startsWith('step 120 '))
        await new Promise((done) => setTimeout(done, 20));
    return [drawn, (performance.now() - begun) / 1000];
}"""


@pytest.mark.parametrize("name", ["two classes", "three rates"])
def test_who_drags_a_slider_or_holds_a_key_is_shown_no_more_than_ten_pictures_a_second(
    play, saved, name
):  # fmt: skip
    page = opened(play, saved(name))
    page.keyboard.press("ArrowRight")
    page.wait_for_function(STEP, arg=1)
    page.keyboard.press("r")
    page.wait_for_function(STEP, arg=0)
    drawn, seconds = page.evaluate(DRAWN)
    assert 1 <= drawn <= 10 * seconds + 2


COUNTED = """() => {
    const caption = document.querySelector('.glassgrad').shadowRoot.querySelector('.caption');
    let last = caption.textContent;
    window.seen = 0;
    window.begun = performance.now();
    new MutationObserver(() => {
        window.seen += caption.textContent !== last;
        last = caption.textContent;
    }).observe(caption, { childList: true, characterData: true, subtree: true });
}"""
