"""What `fit` keeps of a training, and when it ends one early."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.checks import check_int, check_number
from nn.module import Module
from optim.drawing import axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from optim.schedules import Scheduler

    Figures = NDArray[np.float64]

_OWN = ("loss", "validation_loss", "learning_rate", "seconds")
# Of different lightness, so that they stay apart in greyscale.
DARK, BRIGHT = "#1b3a5b", "#d9722e"


class History:
    """What happened in each epoch, as arrays with one number per epoch.

    A callback can `note` numbers of its own; `columns` then has them beside the others, as a data
    frame takes them: ``pandas.DataFrame(history.columns)``.

    Attributes:
        ended: Why there are no more epochs: "all epochs done", "interrupted in epoch 3", …
        batches: What was learnt from: `nn.data.Batches`, whose `state_dict()` says where its orders
            are, or the loader that was given.
        scheduler: The `optim.schedules.Scheduler` that set the learning rates, if one did.

    Example:
        >>> history = History()
        >>> history.add(loss=0.5, validation_loss=0.6, learning_rate=0.1, seconds=0.01)
        >>> history.add(loss=0.25, validation_loss=0.5, learning_rate=0.1, seconds=0.01)
        >>> history.note(accuracy=0.75)
        >>> history.loss, history["accuracy"]
        (array([0.5 , 0.25]), array([ nan, 0.75]))
        >>> history
        History(2 epochs, loss 0.25, validation loss 0.5, accuracy 0.75)
    """

    def __init__(self) -> None:
        self.ended = ""
        self.batches: Any = None
        self.scheduler: Scheduler | None = None
        self._epochs: list[dict[str, float]] = []

    def add(
        self,
        *,
        loss: float,
        learning_rate: float,
        seconds: float,
        validation_loss: float | None = None,
    ) -> None:
        """Note another epoch; without examples for it there is no validation_loss."""
        epoch = {"loss": loss, "learning_rate": learning_rate, "seconds": seconds}
        if validation_loss is not None:
            epoch["validation_loss"] = validation_loss
        self._epochs.append(epoch)

    def note(self, **numbers: float) -> None:
        """Note numbers of one's own for the last epoch, by name; a column has nan elsewhere.

        Raises:
            ValueError: There is no epoch yet, or the name is one of `fit`'s own.
            TypeError: It is no number.

        Example:
            >>> import nn, optim
            >>> model = nn.MLP(4, [8], 3)
            >>> history = nn.fit(
            ...     model,
            ...     nn.CrossEntropyLoss(),
            ...     nn.datasets.iris(),
            ...     optim.Adam(model.parameters()),
            ...     callbacks=[lambda m, h: h.note(accuracy=nn.accuracy(m, nn.datasets.iris()))],
            ...     progress=False,
            ... )
            >>> history["accuracy"].shape
            (10,)
        """
        if not self._epochs:
            raise ValueError("note: needs an epoch that the numbers belong to, but got none.")
        for name in numbers:
            if name in _OWN:
                raise ValueError(f"note: {name} is the history's own; take another name.")
        self._epochs[-1] |= {name: check_number("note", name, x) for name, x in numbers.items()}

    @property
    def columns(self) -> dict[str, Figures]:
        """Every column by its name: those of `fit`, then one's own."""
        names = dict.fromkeys([*_OWN, *(name for epoch in self._epochs for name in epoch)])
        return {name: self[name] for name in names}

    def __getitem__(self, name: str) -> Figures:
        """A column, (epochs,), by its name.

        Raises:
            KeyError: There is none of this name.
        """
        if name not in _OWN and not any(name in epoch for epoch in self._epochs):
            raise KeyError(f"History: has no column {name!r}.")
        return np.array([epoch.get(name, math.nan) for epoch in self._epochs])

    @property
    def loss(self) -> Figures:
        """(epochs,): the mean over the examples of the loss each had when its batch came.

        The weights change from batch to batch, so this is not the loss of the weights at the end of
        the epoch, but mostly a little more.
        """
        return self["loss"]

    @property
    def validation_loss(self) -> Figures:
        """(epochs,): the loss of the validation examples at the end of each epoch, or nan.

        It is that of the function `fit` was given: a penalty on the weights in it is included.
        """
        return self["validation_loss"]

    @property
    def learning_rate(self) -> Figures:
        """(epochs,): the optimizer's learning rate in the last batch of each epoch.

        It is that of its first group.
        """
        return self["learning_rate"]

    @property
    def seconds(self) -> Figures:
        """(epochs,): how long each took, with its validation."""
        return self["seconds"]

    @property
    def last(self) -> dict[str, float]:
        """The numbers of the last epoch, by name; empty before the first."""
        return dict(self._epochs[-1]) if self._epochs else {}

    @property
    def last_loss(self) -> float:
        """The loss of the validation in the last epoch; the training's where there is none."""
        last = self._epochs[-1]
        return last.get("validation_loss", last["loss"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both losses over the epochs; see `nn.plots.losses`."""
        if not len(self):
            raise ValueError("losses: needs a history of at least one epoch, but got none.")
        ax = axes_for("nn.plots", ax)
        epochs = np.arange(1, len(self) + 1)
        said = f"Loss over {len(self)} epoch{'s' if len(self) > 1 else ''}."
        marker = "o" if len(self) == 1 else ""  # one point is no line
        for name, values, color, dashes in (
            ("training", self.loss, DARK, "-"),
            ("validation", self.validation_loss, BRIGHT, "--"),
        ):
            if np.isnan(values).all():
                continue
            ax.plot(epochs, values, dashes, label=name, marker=marker, color=color)
            lowest = int(np.nanargmin(values))
            said += (
                f" {name.capitalize()}: from {values[0]:.3g} to {values[-1]:.3g}, lowest "
                f"{values[lowest]:.3g} in epoch {lowest + 1}."
            )
        ax.set(xlabel="epoch", ylabel="loss")
        ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
        ax.locator_params(axis="x", integer=True)
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
        ax.set_label(said)
        return ax

    def __len__(self) -> int:
        return len(self._epochs)

    def __repr__(self) -> str:
        said = f"{len(self)} epoch{'s' * (len(self) != 1)}"
        for name, number in (self._epochs or [{}])[-1].items():
            if name not in ("learning_rate", "seconds"):
                said += f", {name.replace('_', ' ')} {number:.4g}"
        return f"History({said}{'; ' if self.ended else ''}{self.ended})"


class EarlyStopping:
    """End the training when the validation loss has stopped falling, and restore the best weights.

    An epoch is the best so far if its validation loss is lower than the best before it by more than
    min_delta. The training ends after `patience` epochs in a row that were not. A penalty on the
    weights that is part of the loss is part of the validation loss, too.

    Args:
        patience: p, how many such epochs to wait for, at least 1.
        min_delta: How much lower counts as lower, >= 0, in units of the loss.

    Attributes:
        best_epoch: The number of the best epoch, from 1; 0 before the first.
        best_loss: Its validation loss.

    Raises:
        TypeError: the model it is to keep the weights of is a close-up.
        ValueError: patience < 1, or min_delta is negative or not finite.

    Source:
        L. Prechelt, "Early stopping, but when?", Neural Networks: Tricks of the Trade (1998)
        55-69.

    Example:
        >>> import nn, optim
        >>> train, validation, test = nn.data.split(nn.datasets.iris(), (0.6, 0.2, 0.2))
        >>> model = nn.MLP(4, [16], 3, rng=np.random.default_rng(0))
        >>> history = nn.fit(
        ...     model,
        ...     nn.CrossEntropyLoss(),
        ...     train,
        ...     optim.SGD(model.parameters(), lr=0.1),
        ...     epochs=200,
        ...     validation=validation,
        ...     early_stopping=EarlyStopping(patience=5),
        ...     progress=False,
        ... )
        >>> len(history) < 200
        True
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0) -> None:
        check_int("EarlyStopping", "patience", patience, least=1)
        check_number("EarlyStopping", "min_delta", min_delta, ">= 0")
        self.patience = patience
        self.min_delta = min_delta
        self.start()

    def start(self) -> None:
        """Forget the training before; `fit` does so first."""
        self.best_epoch = 0
        self.best_loss = math.inf
        self._best: dict[str, Any] = {}

    def __call__(self, model: Module, history: History) -> bool:
        """Look at the last epoch: keep the weights if it is the best. Whether to end."""
        loss = float(history.validation_loss[-1])
        if loss < self.best_loss - self.min_delta:
            self.best_epoch, self.best_loss = len(history), loss
            self._best = model.state_dict()
        return len(history) - self.best_epoch >= self.patience

    def restore(self, model: Module) -> None:
        """Give the model the weights of the best epoch, if there has been one."""
        if self._best:
            model.load_state_dict(self._best)

    def __repr__(self) -> str:
        best = f", best epoch {self.best_epoch}" if self.best_epoch else ""
        return f"EarlyStopping(patience={self.patience}, min_delta={self.min_delta}{best})"
