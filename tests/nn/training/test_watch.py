"""Watching a model learn: what is shown, what it costs, what is kept, and that nothing changes."""

import io
import random
import sys
import types

import numpy as np
import pytest

import nn
import nn.training.watch as watching
import optim
from autograd import ShapeError, no_grad
from autograd.viz.scene import Text
from nn.functional import binary_cross_entropy_with_logits
from nn.pictures import charts
from nn.pictures.columns import NotColumnsError, outputs, read, surfaces
from nn.training.stage import Moment


def loss(scores, y):
    return binary_cross_entropy_with_logits(scores.reshape(-1), np.asarray(y, float))


def small(seed=0):
    nn.manual_seed(seed)
    return nn.MLP(2, [4, 3], 1, "tanh")


class Residual(nn.Module):
    def __init__(self):
        self.inner, self.last = nn.Linear(2, 2), nn.Linear(2, 1)

    def forward(self, x):
        return self.last(x + self.inner(x).tanh())


class Plain(nn.Module):
    """Written by hand, with functions in the place of layers."""

    def __init__(self):
        self.weight, self.bias = nn.Parameter(np.ones((2, 3))), nn.Parameter(np.arange(3.0))
        self.last = nn.Linear(3, 2)

    def forward(self, x):
        return self.last((x @ self.weight + self.bias).tanh())


POINTS = np.random.default_rng(0).normal(size=(7, 2))
CLASSES = [0, 1, 2] * 2 + [0]


def titles(watch):
    return [title for title, _ in watch._stage.panels(watch._moment(watch._count))]


# --- columns of neurons ---------------------------------------------------------------------------


def test_the_columns_of_a_network_are_what_its_layers_hand_on():
    model = small()
    first, second, third = (layer for layer in model if isinstance(layer, nn.Linear))
    hidden = np.tanh(POINTS @ first.weight.data.T + first.bias.data)
    deeper = np.tanh(hidden @ second.weight.data.T + second.bias.data)
    out = deeper @ third.weight.data.T + third.bias.data
    for found, wanted in zip(surfaces(model, POINTS), [POINTS, hidden, deeper, out], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    columns = read(model, POINTS).columns
    assert [column.activation for column in columns] == ["", "tanh", "tanh", ""]
    np.testing.assert_array_equal(columns[1].weights, first.weight.data)
    np.testing.assert_array_equal(columns[3].bias, third.bias.data)


def test_a_product_with_a_parameter_is_a_column_whoever_wrote_it():
    model = Plain()
    columns = read(model, POINTS).columns
    assert [(column.width, column.activation) for column in columns] == [
        (2, ""), (3, "tanh"), (2, ""),
    ]  # fmt: skip
    np.testing.assert_array_equal(columns[1].weights, np.ones((3, 2)))
    np.testing.assert_array_equal(columns[1].bias, [0, 1, 2])


def test_the_columns_of_single_numbers_are_those_that_the_network_computes():
    random.seed(3)
    model = nn.scalar.MLP(2, [3, 2])
    wanted = [[value.data for value in model(row)] for row in POINTS.tolist()]
    np.testing.assert_allclose(surfaces(model, POINTS)[-1], wanted, rtol=1e-13)
    columns = read(model, POINTS[:2]).columns
    np.testing.assert_allclose(columns[-1].values, wanted[:2], rtol=1e-13)
    hidden = [neuron(POINTS[0].tolist()).data for neuron in model.layers[0].neurons]
    np.testing.assert_allclose(columns[1].values[0], hidden, rtol=1e-13)


def test_gradients_of_columns_are_differences_of_the_loss():
    model, y = small(), np.array([0.0, 1, 1, 0, 1, 0, 0])
    parameter = model[2].weight
    parameter.grad = np.full(parameter.shape, 7.0)
    columns = read(model, POINTS, y, loss).columns
    assert (parameter.grad == 7).all()
    assert all(p.grad is None for p in model.parameters() if p is not parameter)
    weight = model[0].weight.data.copy()
    for i, j in np.ndindex(*weight.shape):
        sides = []
        for step in (1e-6, -1e-6):
            model[0].weight.data = weight + step * (np.indices(weight.shape) == [[[i]], [[j]]]).all(
                0
            )
            sides.append(loss(model(POINTS), y).item())
        model[0].weight.data = weight
        assert columns[1].weight_grads[i, j] == pytest.approx(
            (sides[0] - sides[1]) / 2e-6, abs=1e-8
        )
    scores = columns[-1].values[:, 0]
    np.testing.assert_allclose(columns[-1].grads[:, 0], (1 / (1 + np.exp(-scores)) - y) / len(y))


@pytest.mark.parametrize("model", [Residual(), nn.Sequential(nn.Conv1d(1, 2, 1))])
def test_what_is_no_row_of_columns_is_not_drawn_as_one(model):
    x = POINTS if isinstance(model, Residual) else np.ones((2, 1, 4))
    with pytest.raises(NotColumnsError):
        read(model, x)


def test_a_close_up_is_told_to_show_its_model():
    with pytest.raises(TypeError, match="ask the model that it shows"):
        read(small().scalars(), POINTS[:1])


def test_reading_a_model_leaves_its_mode_and_reads_it_as_it_is_asked():
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
    model.train()
    twice = [surfaces(model, POINTS)[-1] for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    assert all(module.training for module in model.modules())
    with no_grad():
        np.testing.assert_array_equal(surfaces(model, POINTS)[-1], twice[0])


def test_a_model_of_pytorch_is_watched_like_ours():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    model = nn.from_torch(theirs.double(), torch.zeros(4, 2).double())
    with torch.no_grad():
        wanted = theirs(torch.tensor(POINTS)).numpy()
    np.testing.assert_allclose(surfaces(model, POINTS)[-1], wanted, rtol=1e-12)
    assert titles(nn.watch(model, (POINTS, POINTS[:, 0] > 0)))[0] == "The network"


# --- what is shown --------------------------------------------------------------------------------


def test_points_in_the_plane_get_their_region_and_other_data_do_not():
    moons, iris, digits = nn.datasets.moons(), nn.datasets.iris(), nn.datasets.digits()
    rest = ["Losses", "How the weights are spread"]
    network, plane = "The network", "The plane"
    assert titles(nn.watch(small(), moons)) == [network, plane, *rest]
    assert titles(nn.watch(Residual(), moons)) == [plane, *rest]
    assert titles(nn.watch(nn.MLP(4, [20], 3), iris)) == [network, *rest]
    pictures = titles(nn.watch(nn.MLP(64, [32], 10), digits))
    assert pictures == [network, "Weights as pictures", *rest]
    scores = (np.ones((3, 1, 4)), np.ones((3, 2, 4)))
    assert titles(nn.watch(nn.Sequential(nn.Conv1d(1, 2, 1)), scores)) == rest


@pytest.mark.parametrize(
    ("model", "y", "meaning"),
    [
        (nn.MLP(2, [3], 1), [0, 1] * 3 + [0], "score"),
        (nn.MLP(2, [3], 1, output_activation="sigmoid"), [0, 1] * 3 + [0], "probability"),
        (nn.MLP(2, [3], 3), CLASSES, "logits"),
        (nn.MLP(2, [3], 3, output_activation="softmax"), CLASSES, "probabilities"),
        (nn.MLP(2, [3], 3, output_activation="log_softmax"), CLASSES, "log probabilities"),
        (nn.MLP(2, [3], 1), np.linspace(0, 1, 7), "value"),
        (nn.Perceptron(2, "sign"), [-1, 1] * 3 + [1], "score"),
        (nn.Perceptron(2, "step"), [0, 1] * 3 + [1], "probability"),
        (nn.MLP(2, [3], 1, output_activation="tanh"), [-1, 1] * 3 + [1], "score"),
    ],
)  # fmt: skip
def test_it_is_known_what_the_outputs_mean(model, y, meaning):
    for p in model.parameters():  # so that no output tells it from a probability by a sign
        p.data = np.abs(p.data)
    stage = nn.watch(model, (np.abs(POINTS), np.asarray(y)))._stage
    assert stage.plane.meaning == meaning
    stage.panels(Moment(0, "step", {}))


def test_examples_that_are_nan_can_be_neither_learnt_nor_drawn():
    x = np.ones((3, 2))
    with pytest.raises(ValueError, match="watch: needs finite examples, but got nan or inf in x"):
        nn.watch(small(), (x * np.nan, [0, 1, 0]))
    with pytest.raises(ValueError, match="watch: needs finite examples, but got nan or inf in y"):
        nn.watch(small(), (x, [0.0, np.inf, 0.0]))


def test_a_model_without_parameters_has_no_panel_of_how_they_are_spread():
    w = nn.watch(nn.Sequential(nn.Tanh()), nn.datasets.moons())
    assert [title for title, _ in w.film().panels] == ["The plane", "Losses"]


def test_weights_that_are_nan_are_drawn_and_end_nothing():
    model, data = small(), nn.datasets.moons()
    w = nn.watch(model, data)
    model[0].weight.data = np.full((4, 2), np.nan)
    model[2].weight.data = np.full((3, 4), np.inf)
    w.frame(float("nan"))
    assert w.picture().startswith("<svg")
    assert "loss nan" in w.film().page()


def test_a_picture_says_in_words_how_far_it_is():
    w = nn.watch(small(), nn.datasets.moons())
    w.frame(0.5)
    w.frame(0.25, 0.75)
    assert w.caption == "step 2 · loss 0.25 · validation loss 0.75"
    assert repr(w) == "Watch(2 steps, 3 frames, loss 0.25, validation loss 0.75)"
    assert "MLP learning moons. step 2 · loss 0.25" in w.picture()


# --- it changes nothing ---------------------------------------------------------------------------


def trained(watched):
    nn.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 1))
    data, w = nn.datasets.moons(), None
    if watched:
        w = nn.watch(model, data)
        w.screen = lambda watch, end=False: watch.picture()
    callbacks = [w] if watched else []
    history = nn.fit(
        model, loss, data, optim.Adam(model.parameters()), epochs=5, callbacks=callbacks, seed=0,
        progress=False,
    )  # fmt: skip
    if watched:
        w.film()
    return model.state_dict(), history.loss


def test_training_goes_the_same_way_watched_or_not():
    (one, losses), (other, others) = trained(False), trained(True)
    np.testing.assert_array_equal(losses, others)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_film_shows_each_moment_with_the_weights_it_had():
    model = nn.Linear(2, 1)
    w = nn.watch(model, (POINTS, POINTS[:, 0] > 0))
    for k in range(4):
        model.weight.data = [[k, 1.0]]
        w.frame(float(k))
    model.bias.data = [9.0]
    film = w.film()
    assert film.captions == ["step 0", *(f"step {k + 1} · loss {k}" for k in range(4))]
    lines = [scene.groups[0].sentence for scene in film.panels[0][1]]
    assert lines[1:] == [f"weight 1, 1: {k}" for k in range(4)]
    assert model.bias.data == 9


def test_a_film_shows_what_a_layer_counts_in_a_list_as_it_was():
    model = nn.Linear(2, 1)
    model.counts = [nn.Buffer(np.zeros(1))]
    w = nn.watch(model, (POINTS, POINTS[:, 0] > 0))
    for _ in range(3):
        model.counts[0].data = model.counts[0].data + 1
        w.frame()
    counted = w._stage.model.counts[0]
    assert [counted.item() for _ in watching._shown(w._kept, watching._held_by(model))] == [
        0, 1, 2, 3
    ]  # fmt: skip


# --- what it costs, and what is kept --------------------------------------------------------------


class Clock:
    """Time goes by only when somebody works."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(watching.time, "perf_counter", lambda: self.now)


@pytest.mark.parametrize("cost", [0.001, 0.01, 0.3])
def test_pictures_are_at_most_ten_a_second_and_at_most_5_percent_of_the_training(monkeypatch, cost):
    clock, w, shown = Clock(monkeypatch), nn.watch(small(), nn.datasets.moons()), []

    def screen(watch):
        clock.now += cost
        shown.append(clock.now)

    w.screen = screen
    for _ in range(20_000):
        clock.now += 0.001  # the training itself
        w.frame(0.0)
    assert len(shown) > 2
    assert np.diff(shown).min() >= 0.1
    assert len(shown) * cost <= 0.05 * 20 + cost  # the first one comes at once


def test_too_many_moments_thin_themselves_out_evenly_from_first_to_last():
    w = nn.watch(nn.Linear(2, 1), (POINTS, POINTS[:, 0] > 0))
    for _ in range(5000):
        w.frame()
    assert w._most / 2 <= len(w._kept) <= w._most + 1
    times = [kept.at for kept in w._kept]
    assert times[0] == 0
    assert len(set(np.diff(times))) == 1
    assert int(w.film(frames=9).captions[-1].split()[1].replace(",", "")) == 5000
    assert w.film(frames=1).captions == ["step 5,000"]
    assert w.film(frames=2).captions == ["step 0", "step 5,000"]
    with pytest.raises(ValueError, match="film: frames must be >= 1"):
        w.film(frames=0)


def test_of_a_large_model_fewer_moments_are_kept():
    w = nn.watch(nn.Linear(1000, 500), (np.zeros((2, 1000)), np.zeros(2)))
    assert w._most * 500_500 * 8 <= watching.MOST_MEMORY


def networks():
    return small(), nn.scalar.MLP(2, [3, 1]), Residual(), nn.Sequential(small(), nn.BatchNorm1d(1))


@pytest.mark.parametrize("model", networks(), ids=lambda model: type(model).__name__)
def test_a_film_is_made_without_touching_the_model_which_may_go_on_learning(model):
    w = nn.watch(model, (POINTS, [0, 1, 0, 1, 0, 1, 0]))
    for _ in range(5):
        for p in model.parameters():
            p.data = p.data + 0.1
        w.frame(0.5)
    seen = []
    for p in model.parameters():  # a second thread would do this at any moment
        seen.append((p, p.data, np.array(p.data)))
    put = []
    original = watching.Stage.panels

    def panels(stage, moment):
        put.append([np.array_equal(p.data, numbers) for p, _, numbers in seen])
        return original(stage, moment)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watching.Stage, "panels", panels)
        w.film()
    assert len(put) > 4
    assert np.all(put)


def test_a_film_thins_itself_out_until_it_is_as_small_as_it_has_to_be():
    rng = np.random.default_rng(0)
    model = nn.MLP(2, [8, 8], 3)
    w = nn.watch(model, nn.datasets.spirals())
    for k in range(20):
        for p in model.parameters():
            p.data = p.data + 0.1 * rng.standard_normal(p.shape)
        w.frame(1 / (k + 1))
    assert len(w.film().captions) == 21
    film = w.film(most_bytes=200_000)
    assert 4 < len(film.captions) < 21
    assert (film.captions[0], film.captions[-1]) == ("step 0", "step 20 · loss 0.05")
    assert 150_000 < len(film.fragment()) < 210_000
    assert watching.BYTES_IN_NOTEBOOK < watching.MOST_BYTES < 1_950_000  # and all else is small


def test_what_is_saved_asks_for_nothing_outside(tmp_path):
    w = nn.watch(small(), nn.datasets.moons())
    w.frame(1.0)
    for name in ("film.html", "now.svg", "now.png"):
        w.save(tmp_path / name)
    text = (tmp_path / "film.html").read_text() + (tmp_path / "now.svg").read_text()
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") + text.count("http-equiv")
    assert (tmp_path / "now.png").read_bytes()[1:4] == b"PNG"
    with pytest.raises(ValueError, match=r"ends in \.html, \.svg or \.png"):
        w.save(tmp_path / "film.gif")


# --- where it is shown ----------------------------------------------------------------------------


class Shell:
    """A kernel's shell, as far as it is asked."""

    def __init__(self):
        self.hooks = []
        self.events = types.SimpleNamespace(
            register=lambda name, hook: self.hooks.append((name, hook)),
            unregister=lambda name, hook: self.hooks.remove((name, hook)),
        )

    def end_cell(self):
        for _, hook in [*self.hooks]:
            hook(None)


@pytest.fixture
def notebook(monkeypatch):
    display = pytest.importorskip("IPython.display")
    shell, shown = Shell(), []
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: shell)

    def show(bundle, raw, display_id):
        shown.append([bundle])
        return types.SimpleNamespace(update=lambda bundle, raw: shown[-1].append(bundle))

    monkeypatch.setattr(display, "display", show)
    return shell, shown


def test_in_a_notebook_the_picture_is_renewed_and_the_film_stands_there_afterwards(
    notebook, monkeypatch
):
    shell, shown = notebook
    clock = Clock(monkeypatch)
    w = nn.watch(small(), nn.datasets.moons())
    assert shown == []
    for _ in range(2):  # two cells
        for _ in range(3):
            clock.now += 1
            w.frame(0.5)
        shell.end_cell()
    assert [len(bundles) for bundles in shown] == [4, 4]
    assert shell.hooks == []
    *live, film = shown[-1]
    for bundle in live:
        assert "<script" not in bundle["text/html"]
        assert bundle["text/plain"].startswith("step ")
    assert "<script" in film["text/html"]
    assert film["image/svg+xml"].startswith("<svg")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_in_a_terminal_a_line_is_written_anew_and_fit_shows_no_bar_beside_it(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    model, data = small(), nn.datasets.moons()
    w = nn.watch(model, data)
    nn.fit(model, loss, data, optim.SGD(model.parameters(), lr=0.1), epochs=3, callbacks=[w])
    first, *_, last = terminal.getvalue().split("\r")[1:]
    assert first.startswith("epoch 1 · loss 0.")
    assert last.startswith("epoch 3 · loss 0.")
    assert last.endswith("\n")
    assert capsys.readouterr().err == ""


def test_where_nobody_looks_nothing_is_printed(capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    w = nn.watch(small(), nn.datasets.moons())
    w.frame(1.0)
    w.ended()
    assert capsys.readouterr().out == ""


# --- mistakes -------------------------------------------------------------------------------------


def test_what_cannot_be_watched_is_told():
    data = nn.datasets.moons()
    with pytest.raises(TypeError, match="watch: needs a model, then the data, but got a function"):
        nn.watch(lambda x: x, data)
    with pytest.raises(ShapeError):
        nn.watch(small(), (POINTS, [1, 2]))
    w, other = nn.watch(small(), data), small()
    with pytest.raises(ValueError, match="another model than the one that is watched"):
        nn.fit(other, loss, data, optim.SGD(other.parameters(), lr=0.1), callbacks=[w])


def test_a_network_of_single_numbers_is_watched_in_a_loop_of_ones_own():
    random.seed(0)
    model, (x, y) = nn.scalar.MLP(2, [4, 1]), nn.datasets.moons(20)
    w, optimizer = nn.watch(model, (x, 2 * y - 1)), optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        total = sum((1 - t * model(p)).relu() for p, t in zip(x.tolist(), (2 * y - 1).tolist()))
        model.zero_grad()
        total.backward()
        optimizer.step()
        w.frame(total)
    assert w.caption == f"step 3 · loss {total.data:.4g}"
    assert len(w.film().captions) == 4
    np.testing.assert_allclose(outputs(model, x[:2])[1, 0], model(x[1].tolist()).data, rtol=1e-13)


def test_classes_that_are_texts_are_points_of_their_class():
    nn.manual_seed(0)
    model, (x, y) = nn.MLP(2, [3], 2), nn.datasets.moons(20)
    w = nn.watch(model, (x, np.array(["<b>one", "two"])[y]))
    numbered = nn.watch(model, (x, y))
    assert (w._stage.plane.y == numbered._stage.plane.y).all()
    assert w._stage.plane.classes == ["<b>one", "two"]
    assert "&lt;b&gt;one" in w.picture()
    objects = nn.watch(model, (x, np.array(["one", "two"], object)[y]))
    assert (objects._stage.plane.y == y).all()


def test_nothing_to_show_and_losses_that_are_no_number_are_told():
    model, (x, y) = nn.MLP(2, [3], 2), nn.datasets.moons(20)
    with pytest.raises(ValueError, match="watch: needs at least one example, but got none"):
        nn.watch(model, (x[:0], y[:0]))
    w = nn.watch(model, (x, y))
    for loss in ("low", np.ones(3), [1.0]):
        with pytest.raises(TypeError, match="watch: loss needs to be a number, but got"):
            w.frame(loss)
    with pytest.raises(TypeError, match="watch: validation loss needs to be a number"):
        w.frame(1.0, "low")


def test_a_film_of_weights_beyond_all_bounds_is_made_without_a_word():
    model, (x, y) = nn.MLP(2, [3], 2), nn.datasets.moons(20)
    w = nn.watch(model, (x, y))
    for p in model.parameters():
        p.data = p.data * 1e300
    w.frame(np.inf)
    assert len(w.film().captions) == 2


def test_what_was_watched_trains_on_in_a_page_as_fit_trained_it(tmp_path, monkeypatch):
    nn.manual_seed(0)
    model, (x, y) = nn.MLP(2, [3], 2), nn.datasets.moons(20)
    loss, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)
    w = nn.watch(model, (x, y))
    with pytest.raises(TypeError, match="train=True needs a loss and an optimizer"):
        w.save(tmp_path / "none.html", train=True)
    assert not list(tmp_path.iterdir())
    w.save(tmp_path / "own.html", train=True, loss=loss, optimizer=optimizer)
    assert "<title>MLP trained by SGD</title>" in (tmp_path / "own.html").read_text("utf-8")
    nn.fit(model, loss, (x, y), optimizer, epochs=1, callbacks=[w], clip_grad_norm=1.0)
    with pytest.raises(TypeError, match="or did with clipping or a schedule"):
        w.save(tmp_path / "none.html", train=True)
    nn.fit(model, loss, (x, y), optimizer, epochs=1, callbacks=[w])
    asked = []
    made = lambda *given: asked.append(given) or nn.playground(*given)  # noqa: E731
    monkeypatch.setattr(sys.modules["nn.training.watch"], "playground", made)
    w.save(tmp_path / "fit.html", train=True)
    ((of, data, loss_then, optimizer_then),) = asked
    assert (of, loss_then, optimizer_then) == (model, loss, optimizer)
    assert data[0] is x
    assert "<title>MLP trained by SGD</title>" in (tmp_path / "fit.html").read_text("utf-8")


@pytest.mark.parametrize("length", [2, 6])
def test_a_model_of_words_is_watched_by_its_losses_and_weights(length):
    nn.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(3 * length, 1))
    words = np.arange(4 * length).reshape(4, length) % 5
    w = nn.watch(model, (words, np.ones(4)))
    w.frame(1.0)
    assert [title for title, _ in w.film().panels] == ["Losses", "How the weights are spread"]
    with pytest.raises(TypeError, match="needs whole numbers"):
        nn.watch(model, (words + 0.5, np.ones(4)))


def test_a_loss_of_0_is_drawn_at_0_and_not_at_the_foot_of_a_log_scale():
    def words(values):
        scene = charts.curves(
            [charts.Series("loss", np.arange(3.0), np.array(values))], "step", 2, 300, 200
        )
        return {s.text for group in scene.groups for s in group.shapes if isinstance(s, Text)}

    assert {"loss", "0"} <= words([1.0, 1e-4, 0.0])
    assert {"loss (log scale)", "0.0001"} <= words([1.0, 1e-4, 1e-4])
