"""`fit`, the training loop of every lecture."""

from __future__ import annotations

import importlib.util
import math
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import detect_anomaly
from autograd.checks import came, check_int
from autograd.errors import AnomalyError
from autograd.spellings import called_as
from nn.data import Batches, pair
from nn.module import Module
from nn.operands import numbers
from nn.training.evaluation import Data, Loss, evaluate
from nn.training.history import EarlyStopping, History
from optim.schedules import Schedule, attach

if TYPE_CHECKING:
    from optim import Rule

Callback = Callable[[Module, History], Any]


@called_as("nn.fit(model, loss, (inputs, labels), optimizer, epochs=10)")
def fit(
    model: Module,
    loss: Loss,
    data: Batches | Data,
    optimizer: Rule,
    *,
    epochs: int = 10,
    validation: Data | None = None,
    schedule: Callable[[float], float] | None = None,
    early_stopping: EarlyStopping | None = None,
    callbacks: Iterable[Callback] = (),
    progress: bool = True,
) -> History:
    """Train a model: for every batch of every epoch, one gradient and one step.

    Ctrl-C (in a notebook, the stop button) ends it early: the history so far is returned, and the
    model can be used and trained on. Either way it is left in `eval()` mode.

    Args:
        model: Called with the inputs x of a batch. Its parameters are changed.
        loss: Called as loss(model(x), y); returns a single number, the mean over the batch. Such as
            `nn.CrossEntropyLoss()`, or a function of your own that adds a penalty.
        data: What to learn from: `nn.data.Batches`, or a pair ``(x, y)`` or Dataset, which means
            shuffled batches of 32.
        optimizer: Made with ``model.parameters()``; any rule of `optim` that uses the gradient.
        epochs: How many times every example is visited, at least 1.
        validation: Examples that are not learnt from, a pair ``(x, y)`` or Dataset: their loss is
            taken after each epoch, all at once.
        schedule: The learning rate of each epoch: one of `optim.schedules`, or a function of the
            epoch 0, 1, 2, … One that goes by the loss is told that of the validation, if there is
            one.
        early_stopping: Ends the training when the validation loss has stopped falling, and restores
            the best weights.
        callbacks: Functions called after each epoch as callback(model, history), the model being in
            `eval()` mode. One that returns something true ends the training.
        progress: Whether to show a progress bar, where tqdm is installed.

    Returns:
        The losses, learning rate and seconds of every epoch, as arrays.

    Raises:
        AnomalyError: the loss or a gradient is nan or infinite. It names the epoch, the batch and
            the operation. The weights are those before that batch.
        TypeError: the optimizer asks for the loss itself (Newton, LBFGS, …): call its `minimize`.
        ValueError: epochs < 1; early_stopping without validation.

    Example:
        Handwritten digits, four in five of them to learn from:

        >>> import nn, optim
        >>> train, test = nn.data.split(nn.datasets.digits(), (0.8, 0.2), stratify=True)
        >>> scale = nn.data.Standardizer(train.x)
        >>> model = nn.MLP(64, [128], 10, rng=np.random.default_rng(0))
        >>> history = fit(
        ...     model,
        ...     nn.CrossEntropyLoss(),
        ...     (scale(train.x), train.y),
        ...     optim.Adam(model.parameters(), lr=0.003),
        ...     epochs=20,
        ...     validation=(scale(test.x), test.y),
        ...     progress=False,
        ... )
        >>> history
        History(20 epochs, loss 0.00..., validation loss 0.0...; all epochs done)
        >>> nn.accuracy(model, (scale(test.x), test.y)) >= 0.97
        True
    """
    batches = data if isinstance(data, Batches) else Batches(pair("fit", data))
    parameters = _check(model, loss, optimizer, epochs, validation, early_stopping)
    scheduler = None if schedule is None else attach(optimizer, _as_schedule(schedule))
    callbacks = [*callbacks] if early_stopping is None else [*callbacks, early_stopping]
    history = History()
    with _bar(epochs, progress) as bar:
        try:
            for epoch in bar:
                start = time.perf_counter()
                model.train()
                losses, sizes = [], []
                for x, y in batches:
                    batch_loss = loss(model(x), y)
                    optimizer.zero_grad()
                    batch_loss.backward()
                    losses.append(float(batch_loss))
                    sizes.append(len(y))
                    if not _finite(losses[-1], parameters):
                        _explain(f"fit: epoch {epoch + 1}, batch {len(losses)}", model, loss, x, y)
                    optimizer.step()
                model.eval()
                unseen = math.nan if validation is None else evaluate(model, loss, validation)
                history.add(
                    loss=float(np.average(losses, weights=sizes)),
                    validation_loss=unseen,
                    learning_rate=optimizer.param_groups[0]["lr"],
                    seconds=time.perf_counter() - start,
                )
                if scheduler is not None:
                    scheduler.step(history.last_loss)
                _show(bar, history)
                enough = [callback for callback in callbacks if callback(model, history)]
                if enough:
                    history.ended = f"ended by {getattr(enough[0], '__name__', enough[0])}"
                    break
            else:
                history.ended = "all epochs done"
        except KeyboardInterrupt:
            history.ended = f"interrupted in epoch {len(history) + 1}"
        finally:
            model.eval()
            if early_stopping is not None:
                early_stopping.restore(model)
    return history


def _check(
    model: Module,
    loss: Loss,
    optimizer: Rule,
    epochs: int,
    validation: Data | None,
    early_stopping: EarlyStopping | None,
) -> list[Any]:
    """Refuse what `fit` cannot use, and make ready what it keeps; returns the parameters."""
    check_int("fit", "epochs", epochs, least=1)
    if isinstance(loss, type) or not callable(loss):
        raise TypeError(
            "fit: loss needs to be a function of scores and targets, such as "
            f"nn.CrossEntropyLoss(), but got {came(loss)}."
        )
    if not hasattr(optimizer, "params"):
        raise TypeError(
            "fit: optimizer needs to be one of optim, such as "
            f"optim.SGD(model.parameters(), lr=0.1), but got {came(optimizer)}."
        )
    parameters = model.parameters()
    if not {id(p) for p in parameters} & {id(p) for p in optimizer.params}:
        raise ValueError(
            "fit: the optimizer changes none of the model's parameters. Make it with "
            "model.parameters(), of this model."
        )
    if early_stopping is not None:
        if validation is None:
            raise ValueError("fit: early_stopping needs validation=(x, y), but got none.")
        early_stopping.start()
    return parameters


def _as_schedule(schedule: Callable[[float], float]) -> Schedule:
    if isinstance(schedule, Schedule):
        return schedule
    return Schedule(schedule, getattr(schedule, "__name__", repr(schedule)))


def _finite(loss: float, parameters: list[Any]) -> bool:
    """Whether the loss and the gradients are finite, checked before they reach the weights.

    The sum of squares of a gradient costs a fraction of looking at each number. Where only that
    overflows, `_explain` finds nothing wrong, and the training goes on.
    """
    return math.isfinite(loss) and all(
        p.grad is None or math.isfinite(np.vdot(p.grad, p.grad)) for p in parameters
    )


def _explain(where: str, model: Module, loss: Loss, x: Any, y: Any) -> None:
    """Raise the error that says what made a loss or a gradient nan or infinite, if one is."""
    for name, array in (("x", x), ("y", y)):
        rows = np.flatnonzero(~np.isfinite(numbers(array)).reshape(len(y), -1).all(axis=1))
        if rows.size:
            raise AnomalyError(f"{where}: {name} holds nan or inf, in row {rows[0]} of the batch.")
    for name, p in model.named_parameters():
        if not np.isfinite(p.data).all():
            raise AnomalyError(
                f"{where}: the step before made parameter {name!r} nan or infinite. Take a smaller "
                "learning rate."
            )
    gradients = [p.grad for _, p in model.named_parameters() if p.grad is not None]
    try:
        with detect_anomaly():
            again = loss(model(x), y)
            again.backward()
    except AnomalyError as err:
        raise AnomalyError(f"{where}: {err}") from err
    if not all(np.isfinite(g).all() for g in gradients):
        raise AnomalyError(
            f"{where}: the loss or a gradient is nan or infinite, but not when the batch is run "
            "again: it depends on chance, as with dropout. Run fit under autograd.detect_anomaly()."
        )


def _bar(epochs: int, progress: bool) -> AbstractContextManager[Any]:
    """The numbers of the epochs, with a bar that follows them if it is wanted and can be had."""
    if not progress or importlib.util.find_spec("tqdm") is None:
        return nullcontext(range(epochs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a notebook lacks ipywidgets: then it is a text bar
        from tqdm.auto import tqdm  # type: ignore[import-untyped]
    return tqdm(range(epochs), desc="fit", unit="epoch")  # type: ignore[no-any-return]


def _show(bar: Any, history: History) -> None:
    """The last losses, beside the bar."""
    if isinstance(bar, range):
        return
    shown = {"loss": f"{history.loss[-1]:.4g}"}
    if not math.isnan(history.validation_loss[-1]):
        shown["validation"] = f"{history.validation_loss[-1]:.4g}"
    bar.set_postfix(shown, refresh=False)
