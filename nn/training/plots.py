"""What `nn.plots` draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError
from autograd.checks import check_int, check_number, refuse
from nn.data import pair
from nn.datasets.dataset import Dataset
from nn.functional.targets import check_some
from nn.generators import Seed, seeded
from nn.module import Module
from nn.operands import numbers
from nn.pictures.confidence import classes_and_certainty, meaning_of
from nn.training.evaluation import evaluate, predict
from nn.training.history import DARK, History
from optim.drawing import axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from autograd.arrays import FloatArray, IndexArray

    Array = NDArray[np.float64]

__all__ = ["decision_regions", "loss_landscape", "loss_surface", "losses", "weights"]

_MARKERS = "os^DvPX*<>"
_LEGEND: dict[str, Any] = {
    "loc": "upper left", "fontsize": "small", "framealpha": 0.9, "handlelength": 1,
    "handletextpad": 0.4, "columnspacing": 1, "labelspacing": 0.3,
}  # fmt: skip
_DENSEST = 0.6  # opacity, where the model is certain


def losses(history: History, ax: Axes | None = None) -> Axes:
    """The loss of the examples learnt from, and of the others, over the epochs.

    Both fall while the model learns. When the second rises again and the first does not, the model
    fits the examples and no longer the rule behind them: it overfits.

    Args:
        history: What `nn.fit` returned, with at least one epoch.
        ax: Where to draw.

    Returns:
        The axes.

    Raises:
        ValueError: there is no epoch to draw.

    Example:
        >>> from matplotlib.figure import Figure
        >>> history = History()
        >>> for loss in (0.9, 0.3, 0.1):
        ...     history.add(loss=loss, learning_rate=0.1, seconds=1.0)
        >>> losses(history, Figure().subplots()).get_label()
        'Loss over 3 epochs. Training: from 0.9 to 0.1, lowest 0.1 in epoch 3.'
    """
    return history.plot(ax)


def decision_regions(
    model: Any,
    data: Dataset | tuple[Any, Any] | ArrayLike,
    y: Any = None,
    ax: Axes | None = None,
    *,
    threshold: float = 0.0,
    resolution: int = 200,
) -> Axes:
    """Which class the model gives to every point of the plane, and the examples.

    The denser a colour, the more certain the model is: a probability of 1 is densest, a tie is
    clear. Scores without a softmax or a sigmoid count as logits.

    Args:
        model: From points (N, 2) to scores (N, C), the largest of which decides; or to one score
            per point, (N, 1) or (N,), which means class 1 from the threshold on and class 0 below.
            Or an estimator of scikit-learn with `predict_proba`.
        data: A pair ``(x, y)`` or Dataset: points (N, 2) and their classes (N,), in [0, C), or of
            an estimator, among its `classes_`. Or the points alone, with y after them, as
            scikit-learn has it.
        y: The classes, if data are points alone; else the axes may stand here.
        ax: Where to draw.
        threshold: Of a single score: 0 for logits, 0.5 for probabilities.
        resolution: How many points along each side are asked for.

    Returns:
        The axes.

    Raises:
        ShapeError: the examples are not points in the plane.
        ValueError: there are no examples, or y has a class that the model does not.

    Example:
        >>> from matplotlib.figure import Figure
        >>> import nn
        >>> ax = Figure().subplots()
        >>> decision_regions(nn.Identity(), ([[0.0, 1.0], [1.0, 0.0]], [1, 1]), ax).get_label()
        'Regions of 2 classes in the plane and 2 examples, 1 of them misclassified.'
    """
    if hasattr(y, "contourf"):
        y, ax = None, y
    x, labels = pair("decision_regions", data if y is None else (data, y))
    x = numbers(x)
    if x.shape[1:] != (2,) or labels.ndim != 1:
        raise ShapeError(
            f"decision_regions: needs points of shape (N, 2) and classes of shape (N,), but got "
            f"{x.shape} and {labels.shape}."
        )
    check_int("decision_regions", "resolution", resolution, least=2)
    check_some("decision_regions", x)
    ax = axes_for("nn.plots", ax)
    outputs = _outputs(model, x)
    count = max(outputs.shape[1], 2)
    classes = np.asarray(getattr(model, "classes_", range(count)))
    strange = ~np.isin(labels, classes)
    if strange.any():
        known = ", ".join(map(repr, classes.tolist()))
        first = labels[strange].tolist()[0]
        refuse("decision_regions", "y", f"classes among {known}", first, ValueError)
    labels = np.searchsorted(classes, labels)
    wrong = int((_read(outputs, threshold)[0] != labels).sum())
    names = data.class_names if isinstance(data, Dataset) else [f"class {k}" for k in classes]
    columns, room = _room_for_legend(ax, [names[k] for k in range(count) if (labels == k).any()])
    sides = [_padded(x[:, 0], resolution), _padded(x[:, 1], resolution, room)]
    outputs = _outputs(model, np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2))
    shape = (resolution, resolution)
    kinds, certain = _read(outputs, threshold)
    _draw_regions(ax, sides, kinds.reshape(shape), certain.reshape(shape), count)
    _draw_examples(ax, x, labels, names, _colors(count))
    ax.legend(ncols=columns, **_LEGEND)
    features = data.feature_names if isinstance(data, Dataset) else ("x1", "x2")
    ax.set(xlabel=features[0], ylabel=features[1])
    ax.set_label(
        f"Regions of {count} classes in the plane and {len(labels)} examples, {wrong} of them "
        "misclassified."
    )
    return ax


def _draw_regions(
    ax: Axes, sides: list[Array], regions: IndexArray, certain: FloatArray, count: int
) -> None:
    """Colour each point by its class, the denser the more certain, and draw the borders."""
    shades = np.array(_colors(count))[regions]
    shades[..., 3] = _DENSEST * (0.15 + 0.85 * certain)
    extent = (sides[0][0], sides[0][-1], sides[1][0], sides[1][-1])
    ax.imshow(shades, extent=extent, origin="lower", aspect="auto", zorder=0)
    for k in range(count):  # each class has its own border, where two meet they coincide
        if 0 < (regions == k).mean() < 1:
            ax.contour(*sides, regions == k, levels=[0.5], colors="black", linewidths=0.8)


def _draw_examples(
    ax: Axes, x: Array, y: IndexArray, names: Sequence[str], colors: Sequence[str]
) -> None:
    """Mark the examples of each class."""
    for k, color in enumerate(colors):
        if (y == k).any():
            marker = _MARKERS[k % len(_MARKERS)]
            style: dict[str, Any] = {
                "color": color,
                "edgecolor": "black",
                "linewidth": 0.6,
                "s": 28,
            }
            ax.scatter(*x[y == k].T, marker=marker, label=names[k], **style)


def loss_surface(
    model: Module,
    loss: Callable[[Any, Any], Any],
    data: Dataset | tuple[Any, Any],
    *,
    reach: float = 1.0,
    points: int = 31,
    seed: Seed = 0,
) -> tuple[Array, Array]:
    """The loss around the weights a model has, along two random directions.

    Both directions are filter-normalised: drawn from the normal distribution, and the part for each
    unit (each row of a weight matrix; a bias vector as a whole) scaled to the length that the
    weights of that unit have. So a step of 1 changes every unit by as much as it is, and surfaces
    of models whose weights differ in size can be compared.

    Args:
        model: Its weights are changed meanwhile and are afterwards what they were.
        loss: Called as loss(model(x), y).
        data: A pair ``(x, y)`` or Dataset.
        reach: How far to go in either direction, > 0.
        points: How many points along each direction, at least 2; odd ones include the model itself.
        seed: Where the directions come from.

    Returns:
        steps, (points,), from -reach to reach; and losses, (points, points): losses[i, j] is the
        loss at weights + steps[j] · first direction + steps[i] · second direction.

    Raises:
        ValueError: reach or points are out of their range.

    Source:
        H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of neural
        nets", NeurIPS 2018, section 4. They leave biases where they are.

    Example:
        >>> import nn
        >>> model = nn.Linear(1, 1)
        >>> steps, losses = loss_surface(model, nn.MSELoss(), ([[1.0]], [[0.0]]), points=3)
        >>> steps.tolist(), losses.shape
        ([-1.0, 0.0, 1.0], (3, 3))
    """
    check_int("loss_surface", "points", points, least=2)
    check_number("loss_surface", "reach", reach, "> 0")
    rng = seeded("loss_surface", seed)
    parameters = model.parameters()
    here = [np.copy(p.data) for p in parameters]
    first, second = ([_direction(w, rng) for w in here] for _ in range(2))
    steps = np.linspace(-reach, reach, points)
    values = np.empty((points, points))
    try:
        for i, j in np.ndindex(points, points):
            for p, w, u, v in zip(parameters, here, first, second, strict=True):
                p.data = w + steps[j] * u + steps[i] * v
            values[i, j] = evaluate(model, loss, data)
    finally:
        for p, w in zip(parameters, here, strict=True):
            p.data = w
    return steps, values


def loss_landscape(
    model: Module,
    loss: Callable[[Any, Any], Any],
    data: Dataset | tuple[Any, Any],
    ax: Axes | None = None,
    *,
    reach: float = 1.0,
    points: int = 31,
    seed: Seed = 0,
) -> Axes:
    """A map of `loss_surface`, whose arguments these are: the darker, the lower the loss.

    The cross is the model. On 3-D axes, `plt.subplot(projection="3d")`, it is drawn as hills.

    Example:
        >>> from matplotlib.figure import Figure
        >>> import nn
        >>> data = ([[1.0], [2.0]], [[2.0], [4.0]])
        >>> model = nn.Linear(1, 1)
        >>> model.flat().data = [2.0, 0.0]
        >>> ax = Figure().subplots()
        >>> loss_landscape(model, nn.MSELoss(), data, ax, points=5).get_label()
        'Loss along two directions in weight space: 0 at the model, between 0 and ... on the map.'
    """
    steps, values = loss_surface(model, loss, data, reach=reach, points=points, seed=seed)
    at_model = evaluate(model, loss, data)
    ax = axes_for("nn.plots", ax)
    ax.set(xlabel="steps along direction 1", ylabel="steps along direction 2")
    if ax.name == "3d":
        solid: Any = ax
        solid.plot_surface(*np.meshgrid(steps, steps), values, cmap="viridis")
        solid.set_zlabel("loss")
        solid.locator_params(nbins=5)
    else:
        shades = ax.contourf(steps, steps, values, levels=15, cmap="viridis")
        every_other = np.asarray(shades.levels)[::2]
        lines = ax.contour(shades, levels=every_other, colors="white", linewidths=0.8)
        for number in ax.clabel(lines, colors="black", fontsize="small"):
            number.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})
        # Above the numbers on the lines, whose order is 4.
        ax.plot(0, 0, "wX", markeredgecolor="black", markersize=11, zorder=5)
        ax.figure.colorbar(shades, ax=ax, label="loss")
        ax.set_aspect("equal")
    ax.set_label(
        f"Loss along two directions in weight space: {at_model:.3g} at the model, between "
        f"{values.min():.3g} and {values.max():.3g} on the map."
    )
    return ax


def weights(model: Module, ax: Axes | None = None, *, bins: int = 25) -> Axes:
    """Sideways histograms of the numbers in every parameter, side by side on one scale.

    The widest bar of each is equally wide, so that a bias with ten numbers can be seen beside a
    matrix with thousands; what counts is the shape, and where on the scale it lies.

    Args:
        model: With at least one parameter.
        ax: Where to draw.
        bins: How many bars a histogram may have.

    Returns:
        The axes.

    Raises:
        ValueError: the model has no parameters, one of their numbers is not finite, or bins < 1.

    Example:
        >>> from matplotlib.figure import Figure
        >>> import nn
        >>> layer = nn.Linear(2, 1)
        >>> layer.flat().data = [1.0, 2.0, 3.0]
        >>> weights(layer, Figure().subplots()).get_label()
        'Histograms of 2 parameters. weight: 2 numbers from 1 to 2; bias: 1 number from 3 to 3.'
    """
    check_int("weights", "bins", bins, least=1)
    named = [(name, p) for name, p in model.named_parameters() if np.size(p.data)]
    if not named:
        raise ValueError("weights: needs a model with parameters, but it has none.")
    for name, p in named:
        if not np.isfinite(p.data).all():
            raise ValueError(f"weights: needs finite numbers, but {name} holds nan or inf.")
    ax = axes_for("nn.plots", ax)
    arrays = [np.ravel(p.data) for _, p in named]
    edges = np.histogram_bin_edges(np.concatenate(arrays), bins)
    for i, array in enumerate(arrays):
        counts, _ = np.histogram(array, edges)
        width = 0.9 * counts / counts.max()
        ax.barh(edges[:-1], width, np.diff(edges), left=i - width / 2, align="edge", color=DARK)
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set_xticks(
        range(len(named)),
        [f"{name}\n({a.size:,})" for (name, _), a in zip(named, arrays, strict=True)],
    )
    ax.set(ylabel="value")
    said = "; ".join(
        f"{name}: {a.size} number{'s' if a.size > 1 else ''} from {a.min():.3g} to {a.max():.3g}"
        for (name, _), a in zip(named, arrays, strict=True)
    )
    ax.set_label(f"Histograms of {len(named)} parameters. {said}.")
    return ax


def _outputs(model: Callable[..., Any], x: Array) -> Array:
    """(N, C) outputs of a model, a function or an estimator of scikit-learn."""
    if isinstance(model, Module):
        out = predict(model, x)
    elif not callable(model) and hasattr(model, "predict_proba"):
        out = model.predict_proba(x)
    else:
        out = model(x)
    outputs: Array = np.asarray(numbers(out)).reshape(len(x), -1)
    return outputs


def _read(outputs: Array, threshold: float) -> tuple[NDArray[np.intp], Array]:
    """(N,), the classes, and how certain the model is; of a single score s >= 0 is class 1."""
    meaning = meaning_of(outputs, np.zeros(len(outputs)), squashed=threshold != 0)
    return classes_and_certainty(outputs, meaning, threshold or 0.5)


def _colors(count: int) -> list[Any]:
    """One for each class, from dark to light."""
    import matplotlib

    return list(matplotlib.colormaps["viridis"](np.linspace(0.1, 0.95, count)))


def _room_for_legend(ax: Axes, names: Sequence[str]) -> tuple[int, float]:
    """In how many columns the names fit into the axes, and what they need above the examples.

    That is a part of the height of what is drawn; above the axes they would lie where a title goes.
    """
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], marker="o", linestyle="", label=name) for name in names]
    inside = ax.get_window_extent()
    columns = 4
    taken = inside
    while columns > 1 and (columns == 4 or taken.width > 0.95 * inside.width):
        columns -= 1
        legend = ax.legend(handles=marks, ncols=columns, **_LEGEND)
        taken = legend.get_window_extent()
        legend.remove()
    dpi = ax.figure.dpi
    high = taken.height + 0.15 * dpi  # with what is around it
    left = inside.height - 0.3 * dpi - high  # a title will take some, too
    return columns, high / max(left, 0.15 * inside.height)


def _padded(x: Array, resolution: int, room: float = 0.0) -> Array:
    """Numbers from a little below the least of x to a little above the largest, and some room."""
    margin = 0.1 * np.ptp(x) or 1.0
    low, high = x.min() - margin, x.max() + margin
    return np.linspace(low, high + room * (high - low), resolution)


def _direction(weight: Array, rng: np.random.Generator) -> Array:
    """Random numbers of the weight's shape, each row as long as the weight's."""
    direction: Array = rng.standard_normal(weight.shape)
    axes = tuple(range(1, weight.ndim)) if weight.ndim > 1 else None
    length = np.sqrt((direction**2).sum(axis=axes, keepdims=True))
    target = np.sqrt((weight**2).sum(axis=axes, keepdims=True))
    direction *= target / np.where(length > 0, length, 1.0)
    return direction
