"""Watch a model learn: live while it does, and afterwards as a film."""

from __future__ import annotations

import copy
import functools
import os
import sys
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd import ShapeError
from autograd.checks import came, check_int, kind
from autograd.viz.player.embed import still_image
from autograd.viz.player.film import Film
from autograd.viz.png_and_pdf import to_paper
from autograd.viz.saving import save_by_suffix
from autograd.viz.scene import Scene
from autograd.viz.svg import to_svg
from nn import scalar
from nn.data import pair
from nn.datasets.dataset import Dataset
from nn.module import Module, buffers_of
from nn.operands import numbers
from nn.training.history import History
from nn.training.notebook import kernel_shell
from nn.training.playground import Playground, playground
from nn.training.stage import Moment, Stage, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from autograd.tensor import Tensor
    from nn.training.evaluation import Loss
    from optim import UpdateRule

    Array = NDArray[np.float64]

__all__ = ["Watch", "watch"]

T = TypeVar("T")

LEAST_PAUSE = 0.1
"""Seconds between two pictures that are shown: not more than ten a second."""

MOST_OF_TRAINING = 0.04
"""Pictures are made so seldom that they take no more than this part of the time for training.

The rest of the 15 % that watching may cost is for `frame` itself, where steps are short, and for
what pictures push out of the processor's memory.
"""

MOST_FRAMES, FRAMES_IN_NOTEBOOK = 200, 60
MOST_BYTES, BYTES_IN_NOTEBOOK = 1_900_000, 700_000
MOST_MEMORY = 64_000_000
"""Bytes of weights that are kept for the film."""


def watch(
    model: Any,
    data: Dataset | tuple[Any, Any],
    *,
    image_shape: tuple[int, int] | None = None,
) -> Watch:
    """Watch a model learn: a picture that moves while it is trained, and a film of it afterwards.

    In a notebook the picture is renewed at most ten times a second, and so seldom that training
    takes at most 15 % longer. When the cell has ended, the film stands in its place. In a terminal
    a line of text says how far it is.

    It shows the network, whose lines are weights, the losses, and how the weights are spread. Of
    points in the plane, (N, 2), it shows the region of each class, the denser the more certain, and
    in each circle what its neuron makes of the plane. Of images it shows the weights of the first
    layer as images.

    Args:
        model: A `Module`, such as an `MLP`, one of your own or one of `from_torch`; or a network of
            `nn.scalar`.
        data: The examples that are shown, a pair ``(x, y)`` or a Dataset.
        image_shape: Height and width, if x (N, height · width) are images; by default images are
            what has a square number of columns, 49 or more.

    Returns:
        What is to be told of each step: pass it to `fit`, or call its `frame`.

    Raises:
        TypeError: model is none of these, or a close-up.
        ShapeError: x and y have different numbers of rows.
        ValueError: x or y is not finite somewhere.

    Example:
        With `fit`, one picture an epoch:

        >>> import nn, optim
        >>> model, data = nn.MLP(2, [8], 1, "tanh"), nn.datasets.moons()
        >>> w = nn.watch(model, data)
        >>> loss = lambda scores, y: nn.functional.binary_cross_entropy_with_logits(
        ...     scores.reshape(-1), y.astype(float)
        ... )
        >>> history = nn.fit(model, loss, data, optim.Adam(model.parameters()), callbacks=[w])
        >>> w
        Watch(10 epochs, 11 frames, loss 0...)

        In a loop of your own, one line:

        >>> w = nn.watch(model, data)
        >>> for _ in range(3):
        ...     total = loss(model(data.x), data.y)
        ...     total.backward()
        ...     w.frame(total)

        The film is a page that needs no kernel and no network:

        >>> import tempfile, pathlib
        >>> w.save(pathlib.Path(tempfile.mkdtemp()) / "film.html")
    """
    return Watch(model, data, image_shape)


@dataclass(frozen=True)
class _Kept:
    """The weights at a moment."""

    at: int
    arrays: list[Any]


class Watch:
    """What watches a model learn. Made by `nn.watch`.

    Attributes:
        model: What is watched.
    """

    shows_progress = True
    """`fit` shows no bar of its own beside it."""

    def __init__(self, model: Any, data: Any, image_shape: tuple[int, int] | None = None) -> None:
        if not isinstance(model, (Module, scalar.Module)):
            raise TypeError(f"watch: needs a model, then the data, but got {kind(model)} first.")
        self.model: Any = model
        x, y = pair("watch", data)
        if not len(x):
            raise ShapeError("watch: needs at least one example, but got none.")
        self._data = data
        self._stage = Stage(
            model, numbers(x), y, data if isinstance(data, Dataset) else None, image_shape
        )
        self._trained: tuple[Loss | None, UpdateRule | None] = (None, None)
        self._held = _held_by(model)
        self._unit = "step"
        self._count = 0
        self._losses: dict[str, tuple[array[int], array[float]]] = {}
        size = sum(np.size(p.data) for p in self._held) * 8
        self._most = max(8, min(2 * MOST_FRAMES, MOST_MEMORY // max(1, size)))
        self._every = 1
        self._kept = [self._now()]
        self._next = 0.0
        self.screen = _screen()

    # --- while it is trained

    def frame(self, loss: Any = None, validation_loss: Any = None) -> None:
        """Tell it of a step: call this once in each round of a training loop.

        Args:
            loss: That of the step: a number, or a node with one.
            validation_loss: Of examples that are not learnt from, where it has been taken.
        """
        self._count += 1
        if loss is not None:
            self._note("loss", loss)
        if validation_loss is not None:
            self._note("validation loss", validation_loss)
        if self._count % self._every == 0:
            self._keep()
        now = time.perf_counter()
        if now >= self._next and self.screen is not None:
            self.screen(self)
            done = time.perf_counter()
            self._next = done + max(LEAST_PAUSE, (done - now) / MOST_OF_TRAINING)

    def __call__(self, model: Module, history: History) -> None:
        """What `fit` calls after each epoch."""
        if model is not self.model:
            raise ValueError("watch: fit trains another model than the one that is watched.")
        self._unit = "epoch"
        last = history.last
        self.frame(last["loss"], last.get("validation_loss"))

    def begun(self, loss: Loss | None, optimizer: UpdateRule | None) -> None:
        """What `fit` calls when it begins, with None where it does more than the optimizer."""
        self._trained = (loss, optimizer)

    def ended(self) -> None:
        """What `fit` calls when it has ended; in a loop of your own it may be called, too."""
        if self.screen is not None:
            self.screen(self, True)

    def _note(self, name: str, loss: float) -> None:
        item = getattr(loss, "item", None)
        try:
            number = float(getattr(loss, "data", loss) if item is None else item())
        except (TypeError, ValueError):
            raise TypeError(f"watch: {name} needs to be a number, but got {came(loss)}.") from None
        if name not in self._losses:
            self._losses[name] = (array("q"), array("d"))
        at, values = self._losses[name]
        at.append(self._count)
        values.append(number)

    def _now(self) -> _Kept:
        return _Kept(self._count, [_copy(p.data) for p in self._held])

    def _keep(self) -> None:
        """Keep the weights for the film; of too many moments every other one is forgotten."""
        self._kept.append(self._now())
        if len(self._kept) > self._most:
            self._kept = self._kept[::2]
            self._every *= 2

    # --- what it shows

    @property
    def caption(self) -> str:
        """How far it is, in words."""
        return self._caption(self._count)

    def _caption(self, at: int) -> str:
        said = f"{self._unit} {at:,}"
        for name, (times, values) in self._losses.items():
            if known := bisect_right(times, at):
                said += f" · {name} {values[known - 1]:.4g}"
        return said

    def picture(self) -> str:
        """How it is now, as SVG."""
        return to_svg(self._scene, f"{self._title}. {self.caption}", dark=True)

    @property
    def _scene(self) -> Scene:
        return side_by_side(self._stage.panels(self._moment(self._count)), self.caption)

    @property
    def _title(self) -> str:
        return f"{type(self.model).__name__} learning {self._stage.name or 'its examples'}"

    def _moment(self, at: int) -> Moment:
        return Moment(at, self._unit, self._losses)

    def film(self, frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES) -> Film:
        """The film: of so many frames at most, and no larger than so many bytes."""
        check_int("film", "frames", frames, least=1)
        kept = self._kept
        if kept[-1].at != self._count:
            kept = [*kept, self._now()]
        kept = _thinned(kept, frames)
        # In a copy of the model, as its old weights are put into it: the model may go on learning.
        stage = copy.deepcopy(self._stage)
        shown = functools.partial(_shown, kept, _held_by(stage.model))
        stage.measure(shown())
        moments = [(stage.panels(self._moment(one.at)), self._caption(one.at)) for one in shown()]
        while True:
            film = self._film_of(moments)
            room = max(0, most_bytes - 4 * len(film.still) // 3)  # it is there as base64, too
            if len(moments) < 4 or len(film.packed) <= room:
                return film
            fitting = int(0.95 * len(moments) * room / len(film.packed))
            moments = _thinned(moments, max(3, fitting))

    def _film_of(self, moments: Sequence[tuple[Sequence[tuple[str, Scene]], str]]) -> Film:
        titles = [title for title, _ in moments[0][0]]
        panels = [
            (title, [scenes[k][1] for scenes, _ in moments]) for k, title in enumerate(titles)
        ]
        captions = [caption for _, caption in moments]
        last = to_svg(side_by_side(moments[-1][0], captions[-1]), self._title, dark=True)
        return Film(self._title, panels, captions, last)

    def save(
        self,
        path: str | os.PathLike[str],
        train: bool = False,
        loss: Loss | None = None,
        optimizer: UpdateRule | Mapping[str, UpdateRule] | None = None,
    ) -> None:
        """Write the film, or how it is now, to a file; or a page that trains on from here.

        Args:
            path: Its ending says what is written: .html, the film as a page that needs no kernel
                and no network, smaller than 2 MB; .svg or .png, one picture.
            train: Whether the page is to train the model, as that of `nn.playground` does, from
                the weights it has now; with the loss and the optimizer of `fit`, or those given.
            loss: What is trained, where `fit` did not.
            optimizer: Likewise; several by name are compared, as in `nn.playground`.

        Raises:
            ValueError: path has another ending.
            TypeError: train, and loss or optimizer are not known.
            CompileError: train, and something cannot be printed; see `nn.playground`.
            OSError: The file cannot be written; what was there before stays.
        """
        if train:
            self._playground(loss, optimizer).save(path)
            return
        writers: dict[str, Callable[[], str | bytes]] = {
            ".html": lambda: self.film().page(),
            ".svg": self.picture,
            ".png": lambda: to_paper(self._scene, "png"),
        }
        save_by_suffix(path, writers)

    def _playground(
        self, loss: Loss | None, optimizer: UpdateRule | Mapping[str, UpdateRule] | None
    ) -> Playground:
        loss, optimizer = loss or self._trained[0], optimizer or self._trained[1]
        if loss is None or optimizer is None:
            raise TypeError(
                "save: train=True needs a loss and an optimizer where fit has not trained the "
                "model, or did with clipping or a schedule: "
                "w.save(path, train=True, loss=loss, optimizer=optimizer)."
            )
        return playground(self.model, self._data, loss, optimizer)

    def __repr__(self) -> str:
        plural = "s" * (self._count != 1)
        said = f"{self._count:,} {self._unit}{plural}, {len(self._kept)} frames"
        for name, (_, values) in self._losses.items():
            said += f", {name} {values[-1]:.4g}"
        return f"Watch({said})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        film = self.film(FRAMES_IN_NOTEBOOK, BYTES_IN_NOTEBOOK)
        svg = film.still
        return {"text/html": film.fragment(), "image/svg+xml": svg, "text/plain": repr(self)}


def _held_by(model: Any) -> list[Any]:
    """Whatever of a model changes while it learns."""
    held = list(model.parameters())
    if isinstance(model, Module):
        for module in model.modules():
            held += buffers_of(module)
    return held


def _shown(kept: Sequence[_Kept], held: list[Tensor]) -> Iterator[_Kept]:
    """The moments, one after the other, each with its weights in what holds them."""
    for one in kept:
        for p, data in zip(held, one.arrays, strict=True):
            p.data = data
        yield one


def _copy(data: Any) -> Array:
    return np.array(data) if isinstance(data, np.ndarray) else data


def _thinned(kept: list[T], most: int) -> list[T]:
    """So many of the moments at most, the last and, of several, the first among them."""
    if len(kept) <= most:
        return kept
    places = np.unique(np.linspace(len(kept) - 1, 0, most).round().astype(np.intp))
    return [kept[k] for k in places]


# --- where it is shown ------------------------------------------------------------------------


def _screen() -> Callable[..., None] | None:
    shell = kernel_shell()
    if shell is not None:
        return _NotebookScreen(shell)
    return _TerminalScreen() if sys.stdout.isatty() else None


class _TerminalScreen:
    """A line of text that is written anew."""

    def __init__(self) -> None:
        self._width = 0

    def __call__(self, watch: Watch, end: bool = False) -> None:
        text = watch.caption
        sys.stdout.write(f"\r{text:<{self._width}}" + "\n" * end)
        sys.stdout.flush()
        self._width = 0 if end else len(text)


class _NotebookScreen:
    """The output of the cell that runs: a picture, and when the cell has ended, the film."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._handle: Any = None
        self._watch: Watch | None = None

    def __call__(self, watch: Watch, end: bool = False) -> None:
        self._watch = watch
        if end:
            return  # the film will show it when the cell has ended
        svg = watch.picture()
        bundle = {
            "text/html": still_image(svg, watch.caption),
            "image/svg+xml": svg,
            "text/plain": watch.caption,
        }
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)
            self._shell.events.register("post_run_cell", self._cell_ended)
        else:
            self._handle.update(bundle, raw=True)

    def _cell_ended(self, *_: Any) -> None:
        self._shell.events.unregister("post_run_cell", self._cell_ended)
        handle, self._handle = self._handle, None
        if self._watch is not None:
            handle.update(self._watch._repr_mimebundle_(), raw=True)
