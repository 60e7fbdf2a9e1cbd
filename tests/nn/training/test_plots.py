"""Pictures: what is drawn is what was asked for, and the model stays what it was."""

import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

import nn
from autograd import ShapeError
from nn import plots
from nn.datasets import moons, spirals
from tests.each import in_ci


@pytest.fixture
def ax():
    return Figure().subplots()


def history(*losses, validation=()):
    h = nn.History()
    for i, loss in enumerate(losses):
        of_others = validation[i] if validation else np.nan
        h.add(loss=loss, validation_loss=of_others, learning_rate=0.1, seconds=1.0)
    return h


def lightness(color):
    """Of a colour in a black-and-white print, in [0, 1] (ITU-R BT.601)."""
    red, green, blue, _ = to_rgba(color)
    return 0.299 * red + 0.587 * green + 0.114 * blue


# --- losses


def test_both_losses_are_drawn_over_epochs_from_one_and_told_apart_in_greyscale(ax):
    h = history(3.0, 2.0, 1.0, validation=(3.5, 2.5, 2.75))
    assert h.plot(ax) is ax
    training, validation = ax.lines
    assert training.get_xydata().tolist() == [[1, 3], [2, 2], [3, 1]]
    assert validation.get_ydata().tolist() == [3.5, 2.5, 2.75]
    assert training.get_linestyle() != validation.get_linestyle()
    assert abs(lightness(training.get_color()) - lightness(validation.get_color())) > 0.2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert ax.get_label() == (
        "Loss over 3 epochs. Training: from 3 to 1, lowest 1 in epoch 3. "
        "Validation: from 3.5 to 2.75, lowest 2.5 in epoch 2."
    )


def test_without_validation_there_is_one_curve(ax):
    plots.losses(history(1.0, 0.5), ax)
    assert len(ax.lines) == 1


def test_a_negative_loss_is_not_cut_off(ax):
    plots.losses(history(1.0, -2.0), ax)
    assert ax.get_ylim()[0] < -2


def test_a_history_without_epochs_has_no_picture(ax):
    with pytest.raises(ValueError, match="losses: needs a history of at least one epoch"):
        plots.losses(nn.History(), ax)


# --- decision regions


class Sides(nn.Module):
    """Class 1 to the right of x1 = 0, class 0 to the left, as two scores or as one."""

    def __init__(self, scores=2):
        self.scores = scores
        self.seen = []

    def forward(self, x):
        self.seen.append((len(x), self.training))
        right = x[:, :1]
        return np.hstack([-right, right]) if self.scores == 2 else right


@pytest.mark.parametrize("scores", [1, 2])
def test_regions_are_where_the_model_says_and_mistakes_are_counted(scores, ax):
    x = np.array([[-1.0, 0.0], [-0.5, 1.0], [1.0, 0.0], [0.5, 1.0]])
    model = Sides(scores)
    plots.decision_regions(model, (x, [0, 1, 1, 1]), ax, resolution=101)
    assert ax.get_label() == (
        "Regions of 2 classes in the plane and 4 examples, 1 of them misclassified."
    )
    assert all(not training for _, training in model.seen)
    assert model.training
    assert max(n for n, _ in model.seen) == 101**2
    border = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    assert_allclose(border[:, 0], 0, atol=0.02)


@pytest.mark.parametrize("classes", [[-1, 1], [1, 2], ["no", "yes"], [False, True]])
def test_an_estimator_has_its_own_classes(classes, ax):
    class Estimator:
        classes_ = np.array(classes)

        def predict_proba(self, x):
            return np.stack([x[:, 0] <= 0, x[:, 0] > 0], axis=1) * 1.0

    x = np.array([[-1.0, 0.0], [-0.5, 1.0], [1.0, 0.0]])
    plots.decision_regions(Estimator(), x, np.array(classes)[[0, 1, 1]], ax, resolution=10)
    assert ax.get_label().startswith("Regions of 2 classes in the plane and 3 examples, 1 of them")
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == [f"class {k}" for k in classes]


@pytest.mark.parametrize("scores", [1, 2])
@pytest.mark.parametrize("strange", [-1, 2, 0.5, np.nan, "a"])
def test_a_class_that_the_model_does_not_have_is_refused(strange, scores, ax):
    x = np.array([[-1.0, 0.0], [-0.5, 1.0]])
    y = np.array(["0", strange] if strange == "a" else [0, strange])
    with pytest.raises(ValueError, match="decision_regions: y must be classes among 0, 1, but got"):
        plots.decision_regions(Sides(scores), (x, y), ax)


def test_regions_need_an_example(ax):
    with pytest.raises(ValueError, match="decision_regions: needs at least one example"):
        plots.decision_regions(Sides(), (np.zeros((0, 2)), np.zeros(0)), ax)


def test_a_threshold_is_for_probabilities(ax):
    x = np.array([[0.2, 0.0], [0.8, 0.0], [0.5, 1.0]])
    plots.decision_regions(Sides(1), (x, [0, 1, 1]), ax, threshold=0.5)
    assert "0 of them misclassified" in ax.get_label()


def test_classes_differ_in_marker_and_lightness_and_have_the_names_of_the_dataset(ax):
    data = spirals(60, classes=5)
    model = nn.MLP(2, [8], 5, rng=np.random.default_rng(0))
    plots.decision_regions(model, data, ax, resolution=20)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == list(data.class_names)
    points = [c for c in ax.collections if c.get_label() in data.class_names]
    markers = {tuple(map(tuple, c.get_paths()[0].vertices.tolist())) for c in points}
    assert len(markers) == 5
    shades = [lightness(c.get_facecolor()[0]) for c in points]
    assert (np.diff(shades) > 0.05).all()


@pytest.mark.parametrize(
    ("classes", "size"),
    [
        (10, (3.6, 3.0)), (2, (9.0, 3.0)), (5, (2.2, 1.8)), (10, (2.4, 2.2)), (2, (2.2, 1.8)),
        (2, (3.6, 3.0)), (5, (3.6, 3.0)), (5, (9.0, 3.0)), (10, (9.0, 3.0)),
    ][: in_ci(9, 3)],
)  # fmt: skip
def test_the_legend_covers_neither_a_title_nor_a_point(classes, size):
    figure = Figure(figsize=size, layout="constrained")
    ax = figure.subplots()
    y = np.arange(60) % classes
    x = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    plots.decision_regions(nn.MLP(2, [4], classes), (x, y), ax, resolution=10)
    ax.set_title("a title")
    FigureCanvasAgg(figure).draw()
    legend = ax.get_legend().get_window_extent()
    assert not legend.overlaps(ax.title.get_window_extent())
    assert ax.bbox.fully_containsy(legend.y0)
    assert ax.bbox.fully_containsy(legend.y1)
    assert ax.bbox.fully_containsx(legend.x1)
    assert [p for p in ax.transData.transform(x) if legend.contains(*p)] == []


def test_a_region_is_the_denser_the_more_certain_the_model_is(ax):
    x = np.array([[-3.0, 0.0], [3.0, 1.0]])
    plots.decision_regions(Sides(1), (x, [0, 1]), ax, resolution=101)
    (image,) = ax.images
    shades, across = np.asarray(image.get_array()), np.linspace(-3.6, 3.6, 101)
    certain = np.abs(2 / (1 + np.exp(-across)) - 1)
    assert_allclose(shades[50, :, 3], 0.6 * (0.15 + 0.85 * certain))
    assert (shades[:, across > 0, :3] == shades[0, -1, :3]).all()
    assert (shades[0, 0, :3] != shades[0, -1, :3]).any()
    left, right, bottom, top = image.get_extent()
    assert (left, right) == (-3.6, 3.6)
    assert bottom < 0 < 1 < top


@pytest.mark.parametrize(("threshold", "score"), [(0.5, 0.75), (0.2, 0.6), (0.8, 0.4)])
def test_of_a_probability_half_of_the_way_to_one_or_zero_is_half_as_dense(ax, threshold, score):
    x = np.array([[0.0, 0.0], [1.0, 1.0]])
    given = {"threshold": threshold, "resolution": 2}
    plots.decision_regions(lambda x: np.full(len(x), score), (x, [0, 1]), ax, **given)
    assert_allclose(ax.images[0].get_array()[..., 3], 0.6 * (0.15 + 0.85 / 2))


def test_decision_regions_take_the_arguments_in_scikit_learns_order_and_its_estimators(ax):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = moons(60)
    estimator = linear_model.LogisticRegression().fit(x, y)
    wrong = int((estimator.predict(x) != y).sum())
    for given in ((x, y), ((x, y), None), (moons(60),)):
        plots.decision_regions(estimator, *given, ax=ax, resolution=20)
        assert ax.get_label().endswith(f"60 examples, {wrong} of them misclassified.")
    border = np.concatenate([path.vertices for path in ax.collections[-3].get_paths()])
    assert len(border) > 5
    other = Figure().subplots()
    assert plots.decision_regions(Sides(), (x, y), other, resolution=5) is other


def test_a_notebook_does_not_print_the_axes_above_the_picture(ax):
    from IPython.core.formatters import DisplayFormatter

    for axes in (plots.losses(history(1.0, 0.5), ax), nn.plots.losses(history(1.0))):
        assert DisplayFormatter().format(axes) == ({}, {})


def test_decision_regions_need_points_in_the_plane(ax):
    with pytest.raises(ShapeError, match=r"decision_regions: needs points of shape \(N, 2\)"):
        plots.decision_regions(nn.Identity(), (np.zeros((3, 4)), [0, 1, 2]), ax)


# --- the loss around the weights


def test_the_surface_is_the_loss_along_two_filter_normalised_directions():
    data = moons(40)
    model = nn.MLP(2, [5], 2, rng=np.random.default_rng(0))
    loss = nn.CrossEntropyLoss()
    before = model.flat().data.copy()
    steps, values = plots.loss_surface(model, loss, data, reach=0.5, points=5, seed=3)
    assert_allclose(steps, [-0.5, -0.25, 0, 0.25, 0.5])
    assert values[2, 2] == nn.evaluate(model, loss, data)
    assert_array_equal(model.flat().data, before)

    seen = []

    def note(scores, y):
        seen.append([p.data.copy() for p in model.parameters()])
        return 0.0

    plots.loss_surface(model, note, data, reach=1.0, points=3, seed=3)
    at_first = [a - b for a, b in zip(seen[5], seen[4])]  # one step along the first direction
    for direction, weight in zip(at_first, seen[4]):
        axis = 1 if weight.ndim == 2 else None
        assert_allclose(
            np.linalg.norm(direction, axis=axis), np.linalg.norm(weight, axis=axis), rtol=1e-12
        )


def test_the_same_seed_gives_the_same_surface_and_another_another():
    data, loss = moons(20), nn.CrossEntropyLoss()
    model = nn.MLP(2, [5], 2, rng=np.random.default_rng(0))
    first, second, third = (
        plots.loss_surface(model, loss, data, points=3, seed=seed)[1] for seed in (0, 0, 1)
    )
    assert_array_equal(first, second)
    assert (first != third).any()


def test_weights_are_restored_where_the_loss_fails():
    model = nn.MLP(2, [5], 2, rng=np.random.default_rng(0))
    before = model.flat().data.copy()
    calls = iter(range(100))

    def fails(scores, y):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        plots.loss_surface(model, fails, moons(20), points=3)
    assert_array_equal(model.flat().data, before)


def test_the_landscape_of_a_line_is_a_bowl_with_the_model_at_its_bottom(ax):
    x = np.linspace(-1, 1, 20)[:, None]
    model = nn.Linear(1, 1)
    model.flat().data = [2.0, 1.0]
    _, values = plots.loss_surface(model, nn.MSELoss(), (x, 2 * x + 1), points=7)
    assert np.unravel_index(values.argmin(), values.shape) == (3, 3)
    assert (np.diff(values[3:, 3]) > 0).all()
    plots.loss_landscape(model, nn.MSELoss(), (x, 2 * x + 1), ax, points=7)
    assert ax.get_label().startswith("Loss along two directions in weight space: 0 at the model")
    assert ax.lines[0].get_xydata().tolist() == [[0, 0]]
    assert all(ax.lines[0].get_zorder() > number.get_zorder() for number in ax.texts)


def test_the_landscape_is_drawn_as_hills_on_3d_axes():
    solid = Figure().add_subplot(projection="3d")
    model = nn.MLP(2, [5], 2, rng=np.random.default_rng(0))
    assert plots.loss_landscape(model, nn.CrossEntropyLoss(), moons(20), solid, points=3) is solid
    assert solid.get_zlabel() == "loss"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"points": 1}, "points must be >= 2, but got 1"),
        ({"reach": 0}, "reach must be > 0, but got 0"),
    ],
)
def test_a_surface_needs_room(settings, message):
    with pytest.raises(ValueError, match="loss_surface: " + message):
        plots.loss_surface(nn.Linear(2, 2), nn.CrossEntropyLoss(), moons(20), **settings)


# --- weights


def test_every_parameter_has_a_histogram_of_its_numbers(ax):
    model = nn.MLP(4, [6], 3, rng=np.random.default_rng(0))
    plots.weights(model, ax, bins=10)
    ticks = [text.get_text() for text in ax.get_xticklabels()]
    assert ticks == ["0.weight\n(24)", "0.bias\n(6)", "2.weight\n(18)", "2.bias\n(3)"]
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(4, 10)
    everything = np.concatenate([p.data.ravel() for p in model.parameters()])
    edges = np.linspace(everything.min(), everything.max(), 11)
    for row, p in zip(widths, model.parameters()):
        counts, _ = np.histogram(p.data, edges)
        assert_allclose(row, 0.9 * counts / counts.max())
    assert ax.get_label().startswith("Histograms of 4 parameters. 0.weight: 24 numbers from -0.4")


def test_weights_are_finite_numbers_and_a_parameter_may_have_none(ax):
    model = nn.Sequential(nn.Linear(2, 1))
    model.none = nn.Parameter(np.zeros((0, 2)))
    plots.weights(model, ax)
    assert "2 parameters. 0.weight: 2 numbers" in ax.get_label()
    model[0].bias.data = [np.nan]
    with pytest.raises(ValueError, match=r"weights: needs finite .*, but 0\.bias holds nan"):
        plots.weights(model, ax)


def test_a_model_without_parameters_has_no_weights(ax):
    with pytest.raises(ValueError, match="weights: needs a model with parameters"):
        plots.weights(nn.ReLU(), ax)


# --- axes


def test_without_axes_a_figure_is_made():
    with matplotlib.rc_context({"backend": "agg"}):
        made = plots.losses(history(1.0))
        plt.close(made.figure)
    assert made.get_xlabel() == "epoch"


def test_without_matplotlib_it_says_how_to_install_it(monkeypatch):
    monkeypatch.delattr(matplotlib, "pyplot")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"nn.plots: needs matplotlib .*pip install"):
        plots.losses(history(1.0))
