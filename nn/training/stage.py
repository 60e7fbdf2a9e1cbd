"""What is shown of a model that learns: which panels, and what each shows at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.viz import raster
from autograd.viz.scene import INK, Group, Scene, Text
from nn import scalar
from nn.datasets.dataset import Dataset
from nn.operands import numbers
from nn.pictures import charts
from nn.pictures.columns import Column, NotColumnsError, outputs, read, surfaces
from nn.pictures.confidence import meaning_of
from nn.pictures.network import Look, drawn_neurons, network_scene
from nn.pictures.plane import POINTS, Plane, plane_scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

WIDE, NARROW, HALF, LOW, HIGH = 560.0, 340.0, 450.0, 220.0, 400.0
GAP, HEAD = 4.0, 26.0
_SAMPLE = 64  # examples whose mean fills the circles
_FACE = 20  # points along each side of the surface in a circle


@dataclass(frozen=True)
class Moment:
    """A time of the training, and the losses: by name, the times and the numbers."""

    at: int
    unit: str
    losses: Mapping[str, tuple[Sequence[int], Sequence[float]]]


class Stage:
    """The panels for a model and its data.

    Args:
        model: What learns.
        x: (N, …), the examples.
        y: (N, …), what is to be said of them.
        dataset: Where they come from, for the names in it.
        image_shape: As `nn.watch` takes it.
    """

    def __init__(
        self,
        model: Any,
        x: Any,
        y: Any,
        dataset: Dataset | None,
        image_shape: tuple[int, int] | None,
    ) -> None:
        self.model, self.name = model, dataset.name if dataset is not None else ""
        given, self._x = np.asarray(x), np.asarray(x, np.float64)
        y, found = _numbered(y)
        check_finite("watch", self._x, y)
        self.image_shape = image_shape or _as_image(self._x)
        self._takes_numbers = True
        self._columns = self._first_columns(given)
        self._scales = self._own_scales(self._columns)
        self._reach = self._own_reach()
        names = dataset.feature_names if dataset is not None else ()
        classes = dataset.class_names if dataset is not None else found
        self.plane = self._as_plane(y, names, classes)
        self._names = self._edge_names(names, classes)

    def _first_columns(self, given: Array) -> Sequence[Column]:
        """The columns of neurons, or none where the model is no row of columns."""
        try:
            return read(self.model, self.sample).columns
        except NotColumnsError:
            return ()
        except TypeError:
            if given.dtype.kind not in "iu":
                raise
            outputs(self.model, given[:_SAMPLE])  # such as those of words, which are no amounts
            self._takes_numbers = False
            return ()

    def _as_plane(self, y: Array, features: Sequence[str], classes: Sequence[str]) -> Plane | None:
        if self._x.shape[1:] != (2,) or not self._takes_numbers:
            return None
        out = outputs(self.model, self._x)
        # By its name: numbers between 0 and 1 come from others, too, before a model has learned.
        squashed = bool(self._columns) and self._columns[-1].activation in ("σ", "step")
        meaning = meaning_of(out, y if y.ndim == 1 else y.reshape(len(y), -1), squashed)
        kinds: Any
        if meaning == "value":
            kinds = np.ravel(y).astype(np.float64)
        elif y.ndim > 1 and y.shape[1] > 1:
            kinds = y.argmax(axis=1)
        elif out.shape[1] == 1:
            kinds = (
                (np.ravel(y) > np.min(y)).astype(np.intp)
                if len(np.unique(y)) > 1
                else 0 * np.ravel(y)
            )
        else:
            kinds = np.ravel(y).astype(np.intp)
        count = max(2, out.shape[1])
        named = classes or [f"class {k}" for k in range(count)]
        if out.shape[1] == 1 and not classes and meaning != "value":
            named = [f"y = {value:g}" for value in np.unique(y)[:2]]
        return Plane(self._x, kinds, meaning, features or ("x1", "x2"), named)

    def _edge_names(
        self, features: Sequence[str], classes: Sequence[str]
    ) -> tuple[Sequence[str], Sequence[str]]:
        if not self._columns:
            return (), ()
        inputs, out = self._columns[0].width, self._columns[-1].width
        if len(features) != inputs or self.image_shape:
            features = [f"x{i + 1}" for i in range(inputs)] if inputs <= 16 else ()
        return features, classes if len(classes) == out else ()

    # --- scales, which all frames of a film share

    def measure(self, moments: Iterable[Any]) -> None:
        """Look at all moments of a film, for scales that hold for each of them."""
        with np.errstate(all="ignore"):
            for _ in moments:
                self._widen()

    def _widen(self, columns: Sequence[Column] = ()) -> None:
        if self._columns:
            columns = columns or read(self.model, self._x[:1]).columns
            now = self._own_scales(columns)
            self._scales = [max(a, b) for a, b in zip(self._scales, now, strict=True)]
        self._reach = max(self._reach, self._own_reach())

    def _own_scales(self, columns: Sequence[Column]) -> list[float]:
        found = []
        for column in columns[1:]:
            assert column.weights is not None
            sizes = np.abs(column.weights)
            found.append(float(sizes[np.isfinite(sizes)].max(initial=1e-12)))
        return found

    def _own_reach(self) -> float:
        arrays = [np.abs(array) for _, array in self._parameters()]
        return max((float(a[np.isfinite(a)].max(initial=1e-12)) for a in arrays), default=1.0)

    def _parameters(self) -> list[tuple[str, Array]]:
        if isinstance(self.model, scalar.Module):
            if self._columns:
                layers = read(self.model, self._x[:1]).columns[1:]
                pairs = [(column.weights, column.bias) for column in layers]
                return [
                    (f"{k}.{what}", np.ravel(array))
                    for k, both in enumerate(pairs)
                    for what, array in zip(("w", "b"), both, strict=True)
                    if array is not None
                ]
            return [("all", np.array([p.data for p in self.model.parameters()]))]
        return [(name, np.ravel(p.data)) for name, p in self.model.named_parameters()]

    # --- a moment

    def panels(self, moment: Moment) -> list[tuple[str, Scene]]:
        """The panels as the model is now, each with its title; the same ones every time."""
        found: list[tuple[str, Scene]] = []
        with np.errstate(all="ignore"):  # what has become nan or infinite is shown, not told
            columns = self._columns_now()
            self._widen(columns)
            if self.plane is not None:
                found += self._plane_panels(self.plane, columns)
            elif columns:
                found += self._network_panels(columns)
            rest = WIDE + NARROW + GAP if len(found) == 1 else HALF
            found.append(("Losses", self._curves(moment, HALF if rest == HALF else NARROW)))
            if not (named := self._parameters()):
                return found
            width = HALF if len(found) != 2 else WIDE + NARROW + GAP
            spread = charts.histograms(named, self._reach, width, LOW)
            found.append(("How the weights are spread", spread))
        return found

    def _columns_now(self) -> Sequence[Column]:
        if not self._columns:
            return ()
        return read(self.model, self.sample).columns

    def network(self) -> tuple[Sequence[Column], Look] | None:
        """The network as it is now, and its look; None where a model is no row of columns."""
        columns = self._columns_now()
        if not columns:
            return None
        held = surfaces(self.model, self.plane.grid()) if self.plane is not None else ()
        return columns, self._look(columns, held)

    @property
    def sample(self) -> Array:
        """The examples whose mean fills the circles."""
        return self._x[:_SAMPLE]

    @property
    def is_images(self) -> bool:
        """Whether the circles of the first layer show its weights as images."""
        inputs = self._columns[0].width if self._columns else 0
        return self.image_shape is not None and inputs == np.prod(self.image_shape)

    def _look(self, columns: Sequence[Column], held: Sequence[Array]) -> Look:
        faces = {k: _surface_faces(values, k == 0) for k, values in enumerate(held)}
        weights = columns[1].weights
        if not held and self.is_images and weights is not None and self.image_shape is not None:
            shown = drawn_neurons(columns[1].width)
            faces[1] = charts.tile_faces(weights, self.image_shape, shown, self._scales[0])
        square = frozenset(() if held else faces)
        return Look(WIDE, HIGH, names=self._names, faces=faces, square=square, scales=self._scales)

    def _plane_panels(self, plane: Plane, columns: Sequence[Column]) -> list[tuple[str, Scene]]:
        found = []
        grid = plane.grid()
        if columns:
            held = surfaces(self.model, grid)
            found.append(("The network", network_scene(columns, self._look(columns, held))))
            out, sums = held[-1], _sums_of_step(columns[-1], held)
        else:
            out, sums = outputs(self.model, grid), None
        return [*found, ("The plane", plane_scene(plane, out, NARROW, HIGH, sums))]

    def _network_panels(self, columns: Sequence[Column]) -> list[tuple[str, Scene]]:
        found = [("The network", network_scene(columns, self._look(columns, ())))]
        weights = columns[1].weights
        if self.is_images and weights is not None and self.image_shape is not None:
            tiles = charts.tiles(weights, self.image_shape, self._scales[0], NARROW, HIGH)
            found.append(("Weights as pictures", tiles))
        return found

    def _curves(self, moment: Moment, width: float) -> Scene:
        series = [
            charts.Series(name, np.array(at, float), np.array(values, float))
            for name, (at, values) in moment.losses.items()
        ]
        height = HIGH if width == NARROW else LOW
        return charts.curves(series, moment.unit, moment.at, width, height)


def check_finite(who: str, x: Array, y: Array) -> None:
    """Refuse examples that can be neither learnt nor drawn."""
    for name, array in (("x", x), ("y", y)):
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise ValueError(f"{who}: needs finite examples, but got nan or inf in {name}.")


def _numbered(y: Any) -> tuple[Any, Sequence[str]]:
    """Classes that are texts, numbered in the order of the alphabet, and their names."""
    given = y if isinstance(y, np.ndarray) else np.asarray(numbers(y))
    if given.dtype.kind not in "US" and not all(isinstance(t, str) for t in given.flat):
        return np.asarray(numbers(y)), ()
    names, kinds = np.unique(given.astype(str), return_inverse=True)
    return kinds.reshape(given.shape), [str(name) for name in names]


def _surface_faces(values: Array, is_input: bool) -> list[bytes]:
    """What the drawn neurons of a column make of the plane, as small round pictures."""
    size = POINTS // _FACE
    fields = values.reshape(POINTS, POINTS, -1)[::size, ::size]
    if is_input:
        fields = fields - fields.mean(axis=(0, 1))
    across = (np.arange(_FACE) + 0.5) / _FACE * 2 - 1
    inside = across[:, None] ** 2 + across**2 <= 1.0
    largest = np.abs(fields).max(axis=(0, 1)) if is_input else np.abs(fields).max()
    fields = fields / np.where(largest > 0, largest, 1.0)
    return [
        raster.signed(np.where(inside, fields[..., k], 0.0))
        for k in drawn_neurons(fields.shape[-1])
    ]


def _sums_of_step(last: Column, held: Sequence[Array]) -> Array | None:
    """What a single output is a step of, if it takes no more than two values."""
    if not last.activation or last.width != 1 or len(np.unique(held[-1])) > 2:
        return None
    assert last.weights is not None
    return held[-2] @ last.weights.T + (0.0 if last.bias is None else last.bias)


def _as_image(x: Array) -> tuple[int, int] | None:
    side = round(x.shape[1] ** 0.5) if x.ndim == 2 else 0
    return (side, side) if side >= 7 and side * side == x.shape[1] else None


def side_by_side(panels: Sequence[tuple[str, Scene]], caption: str) -> Scene:
    """All panels in one picture, in rows, below a caption."""
    width = WIDE + NARROW + GAP
    places: list[tuple[Scene, float, float]] = []
    x, y, height = 0.0, HEAD + GAP, 0.0
    for _, scene in panels:
        if x and x + scene.width > width + 1:
            x, y, height = 0.0, y + height + GAP, 0.0
        places.append((scene, x, y))
        x, height = x + scene.width + GAP, max(height, scene.height)
    words = Text(14, 19, caption, 14, INK, bold=True, mono=False)
    return Scene(0, 0, width, y + height, (Group("", shapes=(words,)),), tuple(places))
