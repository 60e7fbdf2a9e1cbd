"""`fit`, the training loop of every lecture."""

from __future__ import annotations

import importlib.util
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np

import autograd
from autograd import detect_anomaly
from autograd.checks import came, check_bool, check_int, check_loss, check_number, kind, refuse
from autograd.errors import AnomalyError
from autograd.spellings import called_as
from nn.data import Batches, pair
from nn.datasets.dataset import Dataset
from nn.generators import Seed, seeded, spawned
from nn.module import Module, buffers_of
from nn.operands import Operand, check_one_number, numbers
from nn.training.evaluation import Data, Loss, evaluate
from nn.training.history import EarlyStopping, History
from nn.training.notebook import CellText, kernel_shell
from optim.clip import clip_grad_norm_, clip_grad_value_
from optim.schedules import Schedule, Scheduler, attach

if TYPE_CHECKING:
    from autograd.arrays import Array
    from nn.parameter import Parameter
    from optim import UpdateRule

Callback = Callable[[Module, History], Any]
Learn = Callable[[str, Any, Any], float]
Loader = Iterable[tuple[Any, Any]]


@called_as("nn.fit(model, loss, (inputs, labels), optimizer, epochs=10)")
def fit(
    model: Module,
    loss: Loss,
    data: Batches | Data | Loader,
    optimizer: UpdateRule,
    *,
    epochs: int = 10,
    validation: Data | None = None,
    schedule: Schedule | Scheduler | Callable[[float], float] | float | None = None,
    clip_grad_norm: float | None = None,
    clip_grad_value: float | None = None,
    early_stopping: EarlyStopping | None = None,
    callbacks: Iterable[Callback] = (),
    seed: Seed | None = None,
    progress: bool = True,
    compile: bool = False,
) -> History:
    """Train a model: for every batch of every epoch, one gradient and one step.

    Ctrl-C (in a notebook, the stop button) ends it early: the history so far is returned, and the
    model can be used and trained on. An error in a batch leaves weights and buffers as they were
    before it. Either way the model is left in `eval()` mode, and with early_stopping with the best
    weights. Called again it goes on, with new orders of the examples.

    To go on in another process as if nothing had been between, save `state_dict()` of the model,
    the optimizer, `history.batches` and, with a schedule, `history.scheduler`; load them into
    others of the same build, and pass these as data and schedule. What layers draw in training
    comes from `nn.init.generator()`, whose `bit_generator.state` is then to be saved, too.

    Args:
        model: Called with the inputs x of a batch. Its parameters are changed.
        loss: Called as loss(model(x), y); returns a single number, the mean over the batch. Such as
            `nn.CrossEntropyLoss()`, or a function of your own that adds a penalty.
        data: What to learn from: `nn.data.Batches`, or a pair ``(x, y)`` or Dataset, which means
            shuffled batches of 32. Or a loader of your own: anything that gives pairs of a batch's
            x and y each time it is iterated over, such as a list of them.
        optimizer: Made with ``model.parameters()``; any rule of `optim` that uses the gradient.
        epochs: How many times every example is visited, at least 1.
        validation: Examples that are not learnt from, a pair ``(x, y)`` or Dataset: their loss is
            taken after each epoch, all at once.
        schedule: The learning rate of each epoch: one of `optim.schedules`, a function of the
            epoch 0, 1, 2, …, or one rate for always. It begins anew; a Scheduler, as `attach` makes
            it, goes on where it is. One that goes by the loss is told that of the validation, if
            there is one. One that goes by batches (`each_batch`) is followed inside the epochs.
        clip_grad_norm: The length to which longer gradients are cut, > 0, before every step; see
            `optim.clip_grad_norm_`.
        clip_grad_value: The bound that no number of a gradient exceeds, > 0; see
            `optim.clip_grad_value_`.
        early_stopping: Ends the training when the validation loss has stopped falling, and restores
            the best weights.
        callbacks: Functions called after each epoch as callback(model, history), the model being in
            `eval()` mode. One that returns something true ends the training. `nn.watch` makes one
            that shows it. One that has a method `ended` is called by it at the end.
        seed: Where the orders of a pair's or a Dataset's examples come from: an int >= 0 or a NumPy
            Generator; by default from a generator of its own, seeded by what `nn.manual_seed`
            seeds.
        progress: Whether to show a progress bar, where tqdm is installed.
        compile: Whether loss, gradients and step are compiled as one (`autograd.compile`), which
            pays for small models: the numbers are the same but for rounding.

    Returns:
        The losses, learning rate and seconds of every epoch, as arrays.

    Raises:
        AnomalyError: the loss or a gradient is nan or infinite. It names the epoch, the batch and
            the operation.
        TypeError: the optimizer asks for the loss itself (Newton, LBFGS, …): call its `minimize`;
            model, data, schedule, early_stopping or seed is something else, the loss is no number
            of autograd, or data is used up by one epoch.
        ValueError: epochs < 1; early_stopping without validation; a loader that gives nothing.
        ShapeError: the loss is not a single number.
        CompileError: `compile` of a model or a loss that cannot be compiled; it says why.

    Warns:
        RuntimeWarning: the validation loss is nan.

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
        ...     seed=0,
        ...     progress=False,
        ... )
        >>> history
        History(20 epochs, loss 0.00..., validation loss 0.0...; all epochs done)
        >>> nn.accuracy(model, (scale(test.x), test.y)) >= 0.97
        True
    """
    parameters = _check(model, loss, optimizer, epochs, validation, early_stopping)
    check_bool("fit", "compile", compile)
    clip = _clipping(optimizer, clip_grad_norm, clip_grad_value)
    learn = _learning(model, loss, optimizer, parameters, clip)
    if compile:
        learn = _compiled(learn, model, loss, optimizer, parameters, clip)
    callbacks = _checked(callbacks, early_stopping)
    history = History()
    history.batches = _as_batches(data, seed, epochs)
    history.scheduler = _as_scheduler(optimizer, schedule)
    shown = any(getattr(callback, "shows_progress", False) for callback in callbacks)
    # Whether the steps are those of the optimizer alone, as they are in a page that trains.
    alone = clip_grad_norm is None and clip_grad_value is None and history.scheduler is None
    _tell(callbacks, "begun", loss if alone else None, optimizer if alone else None)
    with _bar(epochs, progress and not shown) as bar:
        try:
            for epoch in bar:
                start = time.perf_counter()
                history.add(
                    loss=_learnt(model, learn, history, epoch),
                    validation_loss=_validated(history, model, loss, validation),
                    learning_rate=optimizer.param_groups[0]["lr"],
                    seconds=time.perf_counter() - start,
                )
                if history.scheduler is not None:
                    history.scheduler.step(history.last_loss)
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
            _tell(callbacks, "ended")
    return history


def _checked(callbacks: Iterable[Callback], early_stopping: EarlyStopping | None) -> list[Callback]:
    """What is called after each epoch; found out before the first, which would train in vain."""
    needed = "a list of functions of the model and its history"
    if callable(callbacks) or not isinstance(callbacks, Iterable):
        refuse("fit", "callbacks", needed, callbacks, TypeError)
    found = list(callbacks)
    for callback in found:
        if isinstance(callback, type) or not callable(callback):
            refuse("fit", "callbacks", needed, callback, TypeError)
        if isinstance(callback, EarlyStopping):
            raise TypeError(
                "fit: as one of callbacks an EarlyStopping restores no weights. Pass it as "
                "early_stopping=."
            )
    return found if early_stopping is None else [*found, early_stopping]


def _tell(callbacks: Sequence[Callback], method: str, *what: object) -> None:
    """Call a method of those callbacks that have it."""
    for callback in callbacks:
        if (told := getattr(callback, method, None)) is not None:
            told(*what)


def _learnt(model: Module, learn: Learn, history: History, epoch: int) -> float:
    """Learn from each batch of an epoch; the mean of their losses, over the examples."""
    model.train()
    losses: list[float] = []
    sizes: list[int] = []
    buffers = [buffer for module in model.modules() for buffer in buffers_of(module)]
    for x, y in _with_rates(history.batches, history.scheduler):
        before = [buffer.data.copy() for buffer in buffers]
        try:
            losses.append(learn(f"fit: epoch {epoch + 1}, batch {len(losses) + 1}", x, y))
        except BaseException:
            for buffer, data in zip(buffers, before, strict=True):
                buffer.data = data  # running averages that have become nan stay so
            raise
        sizes.append(len(y))
    if not losses:
        raise ValueError(f"fit: data gave no batch in epoch {epoch + 1}.")
    model.eval()
    return float(np.average(losses, weights=sizes))


def _learning(
    model: Module,
    loss: Loss,
    optimizer: UpdateRule,
    parameters: list[Parameter | Any],
    clip: Callable[[], None],
) -> Learn:
    """What learns from one batch, and gives its loss."""

    def learn(where: str, x: Array, y: Array) -> float:
        batch_loss: Operand = loss(model(x), y)
        check_one_number("fit", batch_loss)
        optimizer.zero_grad()
        batch_loss.backward()
        number = batch_loss.item()
        if not _finite(number, parameters):
            _explain(where, model, loss, x, y)
        clip()
        optimizer.step()
        return float(number)

    return learn


class _NotFinite(Exception):
    """A loss or a gradient is nan or infinite."""


def _compiled(
    as_written: Learn,
    model: Module,
    loss: Loss,
    optimizer: UpdateRule,
    parameters: list[Parameter | Any],
    clip: Callable[[], None],
) -> Learn:
    """The same as one program; what is not finite changes nothing, and is left to the other."""

    @autograd.compile  # what it is given it compares at each call, callbacks may have changed it
    def step(model: Module, loss: Loss, x: Array, y: Array) -> Operand:
        batch_loss: Operand = loss(model(x), y)
        check_one_number("fit", batch_loss)
        optimizer.zero_grad()
        batch_loss.backward()
        grads = [p.grad for p in parameters]
        squares = sum(np.vdot(grad, grad) for grad in grads if grad is not None)
        if not np.isfinite(batch_loss.data + squares):
            raise _NotFinite
        clip()
        optimizer.step()
        return batch_loss.detach()

    def learn(where: str, x: Array, y: Array) -> float:
        try:
            return float(step(model, loss, x, y).item())
        except _NotFinite:
            return as_written(where, x, y)

    return learn


def _as_batches(data: Batches | Data | Loader, seed: Seed | None, epochs: int) -> Loader:
    """What to iterate over in each epoch: batches of a pair or Dataset, or a loader as it is."""
    if isinstance(data, Dataset) or (isinstance(data, (tuple, list)) and not _are_batches(data)):
        return Batches(pair("fit", data), seed=spawned() if seed is None else seeded("fit", seed))
    if seed is not None:
        raise TypeError(
            f"fit: seed= is for a pair (x, y), but got {kind(data)}, which has orders of its own."
        )
    if not hasattr(data, "__iter__") or hasattr(data, "shape"):
        pair("fit", data)  # says what it needs
    if iter(data) is data and epochs > 1:
        raise TypeError(
            f"fit: data is {kind(data)}, which is used up by one epoch. Pass a list of the "
            "batches, or what gives them anew each time it is iterated over."
        )
    return data


def _are_batches(data: Sequence[Operand]) -> bool:
    """Whether a list or tuple holds batches, rather than one x and one y."""
    if not all(isinstance(batch, (tuple, list)) for batch in data) or not all(
        hasattr(part, "__len__") for batch in data for part in batch
    ):
        return False
    if len(data) != 2:
        return True
    if any(len(batch) != 2 for batch in data):
        return False
    arrays = all(hasattr(part, "shape") for batch in data for part in batch)
    if isinstance(data, list) and (arrays or all(isinstance(batch, tuple) for batch in data)):
        return True  # who writes an x or y in rows writes them in lists of numbers
    return all(_shape(x) != _shape(y) for x, y in data)  # two rows of an x have one shape


def _shape(array: Operand) -> tuple[int, ...]:
    return array.shape if hasattr(array, "shape") else np.shape(array)


def _with_rates(batches: Any, scheduler: Scheduler | None) -> Iterator[tuple[Array, Array]]:
    """The batches of an epoch, each with the learning rate it is to be learnt from with."""
    by_batch = scheduler is not None and scheduler.by_batch
    if by_batch and not hasattr(batches, "__len__"):
        raise TypeError(
            "fit: a schedule that goes by batches needs data that knows how many there are, but "
            f"{kind(batches)} has no length."
        )
    for i, batch in enumerate(batches):
        if scheduler is not None and by_batch:
            scheduler.within(i / len(batches))
        yield batch if isinstance(batches, Batches) else pair(f"fit: batch {i + 1}", batch)


def _as_scheduler(
    optimizer: UpdateRule,
    schedule: Schedule | Scheduler | Callable[[float], float] | float | None,
) -> Scheduler | None:
    if schedule is None:
        return None
    if isinstance(schedule, Scheduler):
        if schedule.optimizer is not optimizer:
            raise ValueError("fit: the scheduler sets the rates of another optimizer.")
        return schedule
    if not isinstance(schedule, (Schedule, Real)):
        if isinstance(schedule, type) or not callable(schedule):
            needed = "one of optim.schedules, a function of the epoch or a rate"
            refuse("fit", "schedule", needed, schedule, TypeError)
        rate = schedule
        schedule = Schedule(rate, getattr(schedule, "__name__", repr(schedule)))
    return attach(optimizer, cast("Schedule | float", schedule))


def _clipping(optimizer: UpdateRule, norm: float | None, value: float | None) -> Callable[[], None]:
    """What cuts the gradients of the optimizer's parameters, if anything is to."""
    for name, bound in (("clip_grad_norm", norm), ("clip_grad_value", value)):
        if bound is not None:
            check_number("fit", name, bound, "> 0", finite=False)

    def clip() -> None:
        if value is not None:
            clip_grad_value_(optimizer.params, value)
        if norm is not None:
            clip_grad_norm_(optimizer.params, norm)

    return clip


def _validated(
    history: History, model: Module, loss: Loss, validation: Data | None
) -> float | None:
    """The validation loss; the first that is nan is told."""
    if validation is None:
        return None
    unseen = evaluate(model, loss, validation)
    if math.isnan(unseen) and not np.isnan(history.validation_loss).any():
        bad = _not_finite(*pair("fit", validation))
        warnings.warn(
            f"fit: the validation loss of epoch {len(history) + 1} is nan"
            + (f": of the validation examples, {bad}." if bad else ".")
            + " It counts as no improvement.",
            RuntimeWarning,
            stacklevel=4,
        )
    return unseen


def _check(
    model: Module,
    loss: Loss,
    optimizer: UpdateRule,
    epochs: int,
    validation: Data | None,
    early_stopping: EarlyStopping | None,
) -> list[Parameter | Any]:
    """Refuse what `fit` cannot use, and make ready what it keeps; returns the parameters."""
    if not isinstance(model, Module):
        raise TypeError(f"fit: needs a model, then the loss, but got {kind(model)} first.")
    check_int("fit", "epochs", epochs, least=1)
    check_loss("fit", "scores and targets, such as nn.CrossEntropyLoss()", loss)
    if not hasattr(optimizer, "param_groups"):
        remedy = " Call its minimize." if hasattr(optimizer, "minimize") else ""
        raise TypeError(
            "fit: optimizer needs to be one of optim that uses the gradient, such as "
            f"optim.SGD(model.parameters(), lr=0.1), but got {came(optimizer)}.{remedy}"
        )
    parameters = model.parameters()
    if not {id(p) for p in parameters} & {id(p) for p in optimizer.params}:
        raise ValueError(
            "fit: the optimizer changes none of the model's parameters. Make it with "
            "model.parameters(), of this model."
        )
    if validation is not None:
        pair("fit: validation", validation)
    if early_stopping is not None:
        if not isinstance(early_stopping, EarlyStopping):
            refuse("fit", "early_stopping", "an nn.EarlyStopping", early_stopping, TypeError)
        if validation is None:
            raise ValueError("fit: early_stopping needs validation=(x, y), but got none.")
        early_stopping.start()
    return parameters


def _finite(loss: float, parameters: list[Parameter | Any]) -> bool:
    """Whether the loss and the gradients are finite, checked before they reach the weights.

    The sum of squares of a gradient costs a fraction of looking at each number, which is done where
    that sum is not finite: it may be all that overflows.
    """
    return math.isfinite(loss) and all(
        grad is None or math.isfinite(np.vdot(grad, grad)) or np.isfinite(grad).all()
        for grad in (p.grad for p in parameters)
    )


def _not_finite(x: Array, y: Array) -> str:
    """In words, where x or y holds nan or infinity; "" if nowhere."""
    for name, array in (("x", x), ("y", y)):
        rows = np.flatnonzero(~np.isfinite(numbers(array)).reshape(len(y), -1).all(axis=1))
        if rows.size:
            return f"{name} holds nan or inf, in row {rows[0]}"
    return ""


def _explain(where: str, model: Module, loss: Loss, x: Array, y: Array) -> NoReturn:
    """Raise the error that says what made a loss or a gradient nan or infinite."""
    bad = _not_finite(x, y)
    if bad:
        raise AnomalyError(f"{where}: {bad} of the batch.")
    for name, p in model.named_parameters():
        if not np.isfinite(p.data).all():
            raise AnomalyError(
                f"{where}: the step before made parameter {name!r} nan or infinite. Take a smaller "
                "learning rate."
            )
    try:
        with detect_anomaly():
            again: Operand = loss(model(x), y)
            again.backward()
    except AnomalyError as err:
        raise AnomalyError(f"{where}: {err}") from err
    raise AnomalyError(
        f"{where}: the loss or a gradient is nan or infinite, but not when the batch is run "
        "again: it depends on chance, as with dropout. Run fit under autograd.detect_anomaly()."
    )


def _bar(epochs: int, progress: bool) -> AbstractContextManager[Any]:
    """The numbers of the epochs, with a bar that follows them if it is wanted and can be had."""
    if not progress or importlib.util.find_spec("tqdm") is None:
        return nullcontext(range(epochs))
    from tqdm import tqdm

    # In a notebook not to stderr, which is shown as a box of errors.
    file = CellText() if kernel_shell() is not None else None
    bar: AbstractContextManager[Any] = tqdm(range(epochs), desc="fit", unit="epoch", file=file)
    return bar


def _show(bar: Any, history: History) -> None:
    """The last losses, beside the bar."""
    if isinstance(bar, range):
        return
    shown = {"loss": f"{history.loss[-1]:.4g}"}
    if not math.isnan(history.validation_loss[-1]):
        shown["validation"] = f"{history.validation_loss[-1]:.4g}"
    bar.set_postfix(shown, refresh=False)
