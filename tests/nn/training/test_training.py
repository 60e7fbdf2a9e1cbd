"""Training: what `fit` promises, on problems whose answer is known."""

import builtins
import contextlib
import math
import signal
import sys
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
import optim
from autograd import Tensor, detect_anomaly
from autograd.errors import AnomalyError, CompileError, ShapeError
from nn import EarlyStopping, accuracy, evaluate, fit
from nn.data import Batches, Standardizer, split
from nn.datasets import digits, iris, spirals, xor
from optim import SGD, Adam, schedules
from tests.each import in_ci

CROSS_ENTROPY = nn.CrossEntropyLoss()


@pytest.fixture(autouse=True)
def _seeded():
    nn.manual_seed(0)


def line(n=20):
    """Points on y = 2x + 1."""
    x = np.linspace(-1, 1, n)[:, None]
    return x, 2 * x + 1


def learn_line(data=None, *, lr=0.1, model=None, **settings):
    model = model or nn.Linear(1, 1, rng=np.random.default_rng(0))
    settings = {"progress": False, **settings}
    data = line() if data is None else data
    if isinstance(data, tuple):
        settings.setdefault("seed", 0)
    history = fit(model, nn.MSELoss(), data, SGD(model.parameters(), lr=lr), **settings)
    return model, history


# --- it is the loop of the lectures


def test_fit_is_the_loop_a_student_would_write():
    model, history = learn_line(Batches(line(), 8, seed=3), epochs=5)

    by_hand = nn.Linear(1, 1, rng=np.random.default_rng(0))
    optimizer = SGD(by_hand.parameters(), lr=0.1)
    batches = Batches(line(), 8, seed=3)
    means = []
    for _ in range(5):
        total = 0.0
        for x, y in batches:
            loss = nn.MSELoss()(by_hand(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        means.append(total / 20)

    assert_array_equal(model.flat().data, by_hand.flat().data)
    assert_allclose(history.loss, means, rtol=1e-14)


def test_a_full_batch_descends_to_the_closed_form():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 2))
    y = x @ [[2.0], [-1.0]] + 0.5 + 0.1 * rng.normal(size=(30, 1))
    model = nn.Linear(2, 1)
    fit(
        model, nn.MSELoss(), Batches((x, y), 30), SGD(model.parameters(), lr=0.3),
        epochs=300, progress=False,
    )  # fmt: skip
    best, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(30)]), y)
    assert_allclose(model.flat().data, best[:, 0], rtol=1e-10)


def test_the_same_seeds_give_the_same_training():
    first, second = (learn_line(epochs=3)[1].loss for _ in range(2))
    assert_array_equal(first, second)


def test_a_pair_means_shuffled_batches_of_32():
    pair = learn_line(line(100), epochs=2, seed=3)[1].loss
    batches = learn_line(Batches(line(100), 32, seed=3), epochs=2)[1].loss
    assert_array_equal(pair, batches)


def test_a_close_up_is_trained_to_the_same_numbers():
    model, history = learn_line(epochs=2)
    fast = nn.Linear(1, 1, rng=np.random.default_rng(0))
    close_up = fast.scalars()
    x, y = line()
    scalar_history = fit(
        close_up, nn.MSELoss(), (x, y), SGD(close_up.parameters(), lr=0.1),
        epochs=2, seed=0, progress=False,
    )  # fmt: skip
    assert_allclose(scalar_history.loss, history.loss, rtol=1e-12)
    assert_allclose(fast.flat().data, model.flat().data, rtol=1e-12)


# --- history, validation, schedule


def test_history_has_one_number_per_epoch_in_plain_arrays():
    _, history = learn_line(epochs=4, validation=line(7))
    for figures in (history.loss, history.validation_loss, history.learning_rate, history.seconds):
        assert type(figures) is np.ndarray
        assert figures.shape == (4,)
        assert figures.dtype == np.float64
    assert (history.seconds > 0).all()
    assert history.learning_rate.tolist() == [0.1] * 4
    assert history.ended == "all epochs done"
    assert len(history) == 4


def test_the_validation_loss_is_that_of_the_weights_at_the_end_of_the_epoch():
    seen = []

    def note(model, history):
        seen.append(nn.MSELoss()(model(line(7)[0]), line(7)[1]).item())

    _, history = learn_line(epochs=3, validation=line(7), callbacks=[note])
    assert_allclose(history.validation_loss, seen, rtol=1e-14)


def test_without_validation_its_loss_is_nan():
    assert np.isnan(learn_line(epochs=2)[1].validation_loss).all()


def test_a_schedule_sets_the_learning_rate_of_each_epoch():
    _, history = learn_line(epochs=3, schedule=lambda epoch: 0.1 / (1 + epoch))
    assert_allclose(history.learning_rate, [0.1, 0.05, 0.1 / 3])
    assert_allclose(
        learn_line(epochs=3, schedule=schedules.inverse_time(0.1))[1].learning_rate,
        history.learning_rate,
    )
    still, _ = learn_line(epochs=1)
    slowed, _ = learn_line(epochs=3, schedule=lambda epoch: 0.1 if epoch == 0 else 1e-300)
    assert_array_equal(slowed.flat().data, still.flat().data)


def test_a_schedule_that_goes_by_the_loss_hears_of_the_validation_loss():
    heard = []

    class Note(schedules.Schedule):
        def observe(self, loss):
            heard.append(loss)

    schedule = Note(lambda epoch: 0.1, "note")
    _, history = learn_line(epochs=3, schedule=schedule, validation=line(7))
    assert heard == history.validation_loss.tolist()
    heard.clear()
    _, history = learn_line(epochs=3, schedule=schedule)
    assert heard == history.loss.tolist()


class Modes(nn.Module):
    """Notes in which mode it is called."""

    def __init__(self):
        self.inner = nn.Linear(1, 1)
        self.modes = []

    def forward(self, x):
        self.modes.append((len(x), self.training))
        return self.inner(x)


def test_it_learns_in_train_mode_and_validates_in_eval_mode_where_it_leaves_the_model():
    model = Modes()
    learn_line(Batches(line(), 10), model=model, epochs=2, validation=line(7))
    assert model.modes == [(10, True), (10, True), (7, False)] * 2
    assert not model.training
    assert not model.inner.training


# --- the orders of the examples


class Orders(nn.MSELoss):
    """Notes the targets it is called with."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, prediction, target):
        self.seen.append(np.ravel(target).tolist())
        return super().forward(prediction, target)


def orders(fits=1, data=None, **settings):
    """What came in which order, of each of several trainings of one model."""
    model, found = nn.Linear(1, 1, rng=np.random.default_rng(0)), []
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(fits):
        loss = Orders()
        fit(model, loss, data or line(8), optimizer, epochs=2, progress=False, **settings)
        found.append(loss.seen)
    return found


def test_called_again_it_goes_on_with_new_orders():
    first, second, third = orders(fits=3)
    assert len({str(order) for order in (*first, *second, *third)}) == 6
    batches = Batches(line(8), seed=1)
    (whole,) = orders(data=Batches(line(8), seed=1), seed=None)
    assert orders(fits=2, data=batches)[0] == whole


def test_manual_seed_or_a_seed_of_its_own_repeats_the_orders():
    nn.manual_seed(5)
    once = orders(fits=2)
    nn.manual_seed(5)
    assert orders(fits=2) == once
    nn.manual_seed(6)
    assert orders(fits=2) != once
    assert orders(seed=7) == orders(seed=7) == orders(seed=np.random.default_rng(7))
    assert orders(seed=7) != orders(seed=8)
    nn.manual_seed(5)  # with a seed of its own it takes nothing from the default generator
    orders(seed=7)
    assert orders(fits=2) == once


# --- loaders of one's own


class Loader:
    """Batches of a kind that nobody here has heard of."""

    def __init__(self, *batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def as_batches(count, size=5):
    x, y = line(count * size)
    return [(x[i : i + size], y[i : i + size]) for i in range(0, count * size, size)]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(
    "kind",
    [
        list,
        lambda batches: [list(batch) for batch in batches],
        lambda batches: Loader(*batches),
        lambda batches: dict(enumerate(batches)).values(),
        lambda batches: Loader(*((Tensor(x), y.tolist()) for x, y in batches)),
    ],
)
def test_any_iterable_of_pairs_is_learnt_from(kind, count):
    expected = learn_line(Batches(line(count * 5), 5, shuffle=False), epochs=3)
    batches = kind(as_batches(count))
    model, history = learn_line(batches, epochs=3)
    assert_array_equal(model.flat().data, expected[0].flat().data)
    assert_array_equal(history.loss, expected[1].loss)
    assert history.batches is batches


def test_two_batches_and_an_x_with_two_rows_are_told_apart():
    x, y = iris()
    batches = [(x[:50], y[:50]), (x[50:], y[50:])]
    model = nn.MLP(4, [3], 3, rng=np.random.default_rng(0))
    in_lists = [(x.tolist(), y.tolist()) for x, y in batches]
    for data in (batches, tuple(batches), [[*batch] for batch in batches], in_lists, (*in_lists,)):
        sizes = []
        loss = lambda s, t: sizes.append(len(t)) or CROSS_ENTROPY(s, t)  # noqa: B023, E731
        fit(model, loss, data, SGD(model.parameters(), lr=0.1), epochs=1, progress=False)
        assert sizes == [50, 100]
    rows = ([np.zeros(1), np.ones(1)], [np.zeros(1), np.ones(1)])  # two examples, not two batches
    lists = [[[0.0], [1.0]], [[0.0], [1.0]]]
    for pair in (rows, lists, tuple(lists), [np.zeros((2, 1)), np.ones((2, 1))]):
        sizes = []
        loss = lambda s, t: sizes.append(len(t)) or nn.MSELoss()(s, t)  # noqa: B023, E731
        line_model = nn.Linear(1, 1)
        fit(line_model, loss, pair, SGD(line_model.parameters(), lr=0.1), epochs=1, progress=False)
        assert sizes == [2]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_batches_may_be_python_lists(count):
    batch = ([[1.0], [2.0], [3.0]], [[2.0], [4.0], [6.0]])
    arrays = tuple(np.array(part) for part in batch)
    (_, lists), (_, expected) = learn_line([batch] * count), learn_line([arrays] * count)
    assert lists.loss.tolist() == expected.loss.tolist()


def test_a_loader_that_cannot_be_used_is_refused():
    with pytest.raises(TypeError, match=r"batch 1: needs data as a pair \(x, y\), .* a tuple of 3"):
        learn_line([(np.zeros(2), np.zeros(2), np.zeros(2))])
    with pytest.raises(TypeError, match=r"fit: needs data as a pair \(x, y\), but got a list of 3"):
        learn_line([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with pytest.raises(TypeError, match="is a list_iterator, which is used up by one epoch"):
        learn_line(iter(as_batches(2)), epochs=2)
    assert len(learn_line(iter(as_batches(2)), epochs=1)[1]) == 1
    with pytest.raises(ValueError, match="fit: data gave no batch in epoch 1"):
        learn_line([])
    with pytest.raises(TypeError, match=r"fit: batch 2: needs data as a pair \(x, y\), but got an"):
        learn_line(Loader(as_batches(1)[0], 3))
    with pytest.raises(ShapeError, match=r"fit: batch 1: needs x and y with as many rows"):
        learn_line([(np.zeros((3, 1)), np.zeros((2, 1)))])
    with pytest.raises(TypeError, match=r"seed= is for a pair .*, but got a Batches"):
        learn_line(Batches(line()), seed=0)
    with pytest.raises(TypeError, match=r"goes by batches needs .* a Loader has no length"):
        learn_line(Loader(*as_batches(2)), schedule=schedules.one_cycle(0.1, epochs=2))


# --- clipping, and rates that change from batch to batch


@pytest.mark.parametrize("rule", [SGD, Adam])
def test_clipped_steps_are_those_of_a_loop_that_clips(rule):
    model, by_hand = (nn.Linear(1, 1, rng=np.random.default_rng(0)) for _ in range(2))
    fit(
        model, nn.MSELoss(), Batches(line(), 8, seed=3), rule(model.parameters(), lr=0.1),
        epochs=2, clip_grad_value=0.6, clip_grad_norm=0.5, progress=False,
    )  # fmt: skip
    optimizer, batches = rule(by_hand.parameters(), lr=0.1), Batches(line(), 8, seed=3)
    lengths = []
    for _ in range(2):
        for x, y in batches:
            optimizer.zero_grad()
            nn.MSELoss()(by_hand(x), y).backward()
            optim.clip_grad_value_(by_hand.parameters(), 0.6)
            lengths.append(optim.clip_grad_norm_(by_hand.parameters(), 0.5))
            optimizer.step()
    assert max(lengths) > 0.5
    assert_array_equal(model.flat().data, by_hand.flat().data)


def test_a_bound_that_cuts_everything_or_nothing():
    still, _ = learn_line(epochs=3, clip_grad_norm=math.inf)
    assert_array_equal(still.flat().data, learn_line(epochs=3)[0].flat().data)
    slow, _ = learn_line(epochs=1, clip_grad_norm=1e-3)  # one batch, a step of 0.1 · 0.001
    start = nn.Linear(1, 1, rng=np.random.default_rng(0))
    assert_allclose(np.linalg.norm(slow.flat().data - start.flat().data), 1e-4, rtol=1e-5)
    for name in ("clip_grad_norm", "clip_grad_value"):
        with pytest.raises(ValueError, match=rf"fit: {name} must be > 0, but got 0"):
            learn_line(**{name: 0})


def test_a_schedule_by_batches_sets_the_rate_before_every_batch():
    model = nn.Linear(1, 1)
    optimizer, rates = SGD(model.parameters(), lr=0.1), []

    def loss(s, y):
        rates.append(optimizer.lr)
        return nn.MSELoss()(s, y)

    schedule = schedules.inverse_time(0.1).each_batch()
    history = fit(
        model, loss, Batches(line(), 5), optimizer, epochs=2, schedule=schedule, progress=False
    )
    assert_allclose(rates, [0.1 / (1 + i / 4) for i in range(8)])
    assert_allclose(history.learning_rate, [0.1 / 1.75, 0.1 / 2.75])
    rates.clear()
    fit(model, loss, as_batches(4), optimizer, schedule=schedules.one_cycle(0.4, epochs=10))
    assert np.argmax(rates) == 12  # 0.3 of 40
    assert_allclose(max(rates), 0.4)


def test_a_number_is_a_rate_for_always_and_a_scheduler_goes_on():
    assert learn_line(epochs=2, schedule=0.025)[1].learning_rate.tolist() == [0.025] * 2
    model = nn.Linear(1, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = schedules.attach(optimizer, schedules.inverse_time(0.1))
    for expected in ([0.1, 0.05], [0.1 / 3, 0.025]):
        history = fit(
            model, nn.MSELoss(), line(), optimizer, epochs=2, schedule=scheduler, progress=False
        )
        assert_allclose(history.learning_rate, expected)
        assert history.scheduler is scheduler
    with pytest.raises(ValueError, match="the scheduler sets the rates of another optimizer"):
        learn_line(schedule=scheduler)
    with pytest.raises(TypeError, match=r"fit: schedule must be .* a rate, but got 'cosine'"):
        learn_line(schedule="cosine")
    with pytest.raises(TypeError, match=r"schedule must be .*, but got the class ReduceOnPlateau"):
        learn_line(schedule=schedules.ReduceOnPlateau)


def test_a_plateau_begins_anew_with_each_training():
    plateau = schedules.ReduceOnPlateau(0.1, factor=0.5, patience=0, threshold=0.5)
    first, second = (learn_line(epochs=6, schedule=plateau)[1].learning_rate for _ in range(2))
    assert first.min() < 0.1
    assert_array_equal(first, second)


def test_a_validation_loss_that_is_nan_is_told_and_not_replaced():
    heard = []

    class Note(schedules.Schedule):
        def observe(self, loss):
            heard.append(loss)

    x, y = line(7)
    x[3] = np.nan
    with pytest.warns(
        RuntimeWarning, match=r"epoch 1 is nan: .* x holds nan or inf, in row 3"
    ) as w:
        _, history = learn_line(
            epochs=3, validation=(x, y), schedule=Note(lambda epoch: 0.1, "note")
        )
    assert [warning.filename for warning in w] == [__file__]
    assert np.isnan(heard).all()
    assert np.isnan(history.validation_loss).all()
    assert "validation loss nan" in repr(history)


# --- columns of one's own


def test_a_callback_can_note_numbers_of_its_own():
    def note(model, history):
        if len(history) > 1:
            history.note(weight=model.weight.item(), twice=2)

    _, history = learn_line(epochs=3, callbacks=[note], validation=line(7))
    assert np.isnan(history["weight"]).tolist() == [True, False, False]
    assert history["twice"].dtype == np.float64
    assert list(history.columns) == [
        "loss", "validation_loss", "learning_rate", "seconds", "weight", "twice"
    ]  # fmt: skip
    assert all(len(column) == 3 for column in history.columns.values())
    assert_array_equal(history.columns["loss"], history.loss)
    assert repr(history).endswith(", twice 2; all epochs done)")
    with pytest.raises(ValueError, match="note: loss is the history's own"):
        history.note(new=1.0, loss=1.0)
    with pytest.raises(TypeError, match="note: weight must be a number, but got 'heavy'"):
        history.note(new=1.0, weight="heavy")
    assert "new" not in history.columns
    with pytest.raises(ValueError, match="note: needs an epoch"):
        nn.History().note(weight=1.0)
    with pytest.raises(KeyError, match="History: has no column 'wait'"):
        history["wait"]


# --- callbacks


def test_callbacks_are_called_after_each_epoch_and_can_end_the_training():
    calls = []

    def note(model, history):
        calls.append((type(model).__name__, len(history), model.training))

    def good_enough(model, history):
        return history.loss[-1] < 0.5

    _, history = learn_line(epochs=100, callbacks=[note, good_enough])
    assert 1 < len(history) < 100
    assert history.loss[-1] < 0.5 <= history.loss[-2]
    assert calls == [("Linear", i + 1, False) for i in range(len(history))]
    assert history.ended == "ended by good_enough"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"callbacks": [print, 3]}, "^fit: callbacks must be a list of functions .* got 3"),
        ({"callbacks": [EarlyStopping]}, "^fit: callbacks .* got the class EarlyStopping"),
        ({"callbacks": print}, "^fit: callbacks must be a list of functions .* got a builtin"),
        ({"callbacks": 3}, "^fit: callbacks must be a list of functions .* got 3"),
        ({"validation": np.ones((3, 1))}, r"^fit: validation: needs data as a pair \(x, y\)"),
        ({"early_stopping": True}, r"^fit: early_stopping must be an nn.EarlyStopping, .* True\.$"),
        ({"early_stopping": EarlyStopping}, "^fit: early_stopping must be .* the class EarlyStop"),
        ({"callbacks": [EarlyStopping()]}, "^fit: .* Pass it as early_stopping=.$"),
    ],
)
def test_what_comes_after_an_epoch_is_checked_before_the_first(options, message):
    model = nn.Linear(1, 1)
    before = model.weight.data.copy()
    with pytest.raises(TypeError, match=message):
        fit(
            model, nn.MSELoss(), line(), optim.SGD(model.parameters(), lr=0.1), progress=False,
            **options,
        )  # fmt: skip
    assert_array_equal(model.weight.data, before)


# --- early stopping


class Scripted(nn.Module):
    """Its validation loss is what the script says; its weight counts the epochs."""

    def __init__(self, script):
        self.weight = nn.Parameter(0.0)
        self.script = [0.0, *script]

    def forward(self, x):
        if self.training:
            return self.weight * np.ones(len(x))
        return Tensor(np.full(len(x), float(self.script[round(self.weight.item())])))


def stopped(script, **settings):
    model = Scripted(script)
    x = np.zeros(1)
    stopping = EarlyStopping(**settings)
    history = fit(
        model,
        lambda s, y: -s.sum() if s.requires_grad else s.data.mean(),
        (x, x),
        SGD(model.parameters(), lr=1.0),
        epochs=len(script),
        validation=(x, x),
        early_stopping=stopping,
        progress=False,
    )
    return model, history, stopping


def test_early_stopping_waits_for_patience_epochs_and_restores_the_best_weights():
    model, history, stopping = stopped([5, 3, 4, 2, 6, 6, 6, 1], patience=3)
    assert history.validation_loss.tolist() == [5, 3, 4, 2, 6, 6, 6]
    assert model.weight.item() == 4.0
    assert (stopping.best_epoch, stopping.best_loss) == (4, 2.0)
    assert history.ended == "ended by EarlyStopping(patience=3, min_delta=0.0, best epoch 4)"


def test_min_delta_says_how_much_lower_counts():
    model, history, stopping = stopped([5, 4.75, 4.5, 4.25, 4, 1], patience=2, min_delta=0.5)
    assert len(history) == 3
    assert stopping.best_epoch == 1
    assert model.weight.item() == 1.0


def test_the_best_weights_are_restored_where_all_epochs_are_done_too():
    model, history, _ = stopped([5, 3, 4], patience=10)
    assert history.ended == "all epochs done"
    assert model.weight.item() == 2.0


def test_early_stopping_starts_anew_with_each_training():
    stopping = EarlyStopping(patience=2)
    for _ in range(2):
        _, history = learn_line(epochs=3, validation=line(7), early_stopping=stopping, lr=0.01)
        assert (len(history), stopping.best_epoch) == (3, 3)


def test_early_stopping_restores_what_normalisation_has_counted_too():
    x, y = line()
    model = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1, rng=np.random.default_rng(0)))
    best = {}

    def note(model, history):
        if history.validation_loss[-1] == history.validation_loss.min():
            best.update(model.state_dict())

    history = fit(
        model, nn.MSELoss(), (x, y), SGD(model.parameters(), lr=0.3), epochs=3,
        validation=(x + 0.1, y), early_stopping=EarlyStopping(3), callbacks=[note], progress=False,
    )  # fmt: skip
    assert history.validation_loss.argmin() < 2
    for name, array in model.state_dict().items():
        assert_array_equal(array, best[name])
    assert evaluate(model, nn.MSELoss(), (x + 0.1, y)) == history.validation_loss.min()


def test_early_stopping_on_noisy_data_gives_a_lower_validation_loss_than_going_on():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 10))
    y = (x[:, 0] + 2 * rng.normal(size=60) > 0).astype(int)
    learnt, others = (x[:30], y[:30]), (x[30:], y[30:])
    ends = []
    for stopping in (EarlyStopping(patience=10), None):
        model = nn.MLP(10, [32], 2, rng=np.random.default_rng(0))
        optimizer = Adam(model.parameters(), lr=0.01)
        history = fit(
            model, CROSS_ENTROPY, learnt, optimizer, epochs=100, validation=others,
            early_stopping=stopping, progress=False,
        )  # fmt: skip
        ends.append((len(history), evaluate(model, CROSS_ENTROPY, others)))
        if stopping:
            assert ends[0][1] == history.validation_loss.min()
    assert ends[0][0] < ends[1][0] == 100
    assert ends[0][1] < ends[1][1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patience": 0}, "patience must be >= 1, but got 0"),
        ({"min_delta": -0.1}, "min_delta must be >= 0, but got -0.1"),
    ],
)
def test_early_stopping_says_what_it_needs(settings, message):
    with pytest.raises(ValueError, match="EarlyStopping: " + message):
        EarlyStopping(**settings)


# --- Ctrl-C


@pytest.fixture
def keys():
    """Ctrl-C does what it does at a terminal, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("where", ["a batch", "the end of an epoch"])
def test_ctrl_c_ends_it_with_the_history_so_far_and_a_model_that_goes_on(where):
    calls = iter(range(1, 1000))

    def interrupt(*_):
        if next(calls) == (8 if where == "a batch" else 3):
            signal.raise_signal(signal.SIGINT)  # what the keys do

    def loss(s, y):
        interrupt()
        return nn.MSELoss()(s, y)

    model = nn.Linear(1, 1, rng=np.random.default_rng(0))
    settings = {"epochs": 10, "progress": False}
    optimizer = SGD(model.parameters(), lr=0.1)
    data = Batches(line(), 10)
    if where == "a batch":
        history = fit(model, loss, data, optimizer, **settings)
        assert history.ended == "interrupted in epoch 4"
    else:
        history = fit(model, nn.MSELoss(), data, optimizer, callbacks=[interrupt], **settings)
        assert history.ended == "interrupted in epoch 4"
    assert history.loss.shape == (3,)
    assert not model.training
    assert accuracy_of_line(model) < 1.0
    more = fit(model, nn.MSELoss(), data, optimizer, epochs=100, progress=False)
    assert more.loss[-1] < 1e-6 < history.loss[-1]


def accuracy_of_line(model):
    x, y = line()
    return float(abs(model(x).data - y).mean())


def fit_worse_again(callback):
    """Train a model whose second epoch is its best one; its weight in the end."""
    x = np.zeros(1)
    model = Scripted([5, 2, 4, 4])
    with contextlib.suppress(OSError):
        fit(
            model,
            lambda s, y: -s.sum() if s.requires_grad else s.data.mean(),
            (x, x),
            SGD(model.parameters(), lr=1.0),
            validation=(x, x),
            early_stopping=EarlyStopping(),
            callbacks=[callback],
            progress=False,
        )
    return model.weight.item()


def test_ctrl_c_restores_the_best_weights_where_early_stopping_keeps_them():
    def interrupt(model, history):
        if len(history) == 3:
            raise KeyboardInterrupt

    assert fit_worse_again(interrupt) == 2.0


def test_the_best_weights_are_restored_before_callbacks_are_told_and_where_one_fails_at_that():
    told = []

    def last(model, history):
        last.model = model
        return len(history) == 3

    def ended():
        told.append(last.model.weight.item())
        raise OSError("the disk is full")

    last.ended = ended
    assert (fit_worse_again(last), told) == (2.0, [2.0])


# --- nan


@pytest.mark.parametrize("compile", [False, True])
def test_after_a_batch_that_is_refused_the_running_averages_are_those_before_it(compile):
    x, y = xor()

    def after(*batches):
        rng = np.random.default_rng(0)
        model = nn.Sequential(nn.Linear(2, 2, rng=rng), nn.BatchNorm1d(2))
        settings = {"epochs": 1, "compile": compile, "progress": False}
        with contextlib.suppress(AnomalyError, ValueError, CompileError):
            fit(model, CROSS_ENTROPY, batches, SGD(model.parameters(), lr=0.1), **settings)
        return model.state_dict()

    of_one = after((x, y))
    for refused in [(np.where(x > 0, np.nan, x), y), (x, y + 7)]:
        of_two = after((x, y), refused)
        for name, array in of_one.items():
            assert_array_equal(of_two[name], array)


def where_nan(loss, data, model=None, lr=0.1, compile=False):
    """The error of a training that meets a nan, and the model it leaves."""
    model = model or nn.Linear(1, 1, rng=np.random.default_rng(0))
    optimizer = SGD(model.parameters(), lr=lr)
    batches = Batches(data, 4, shuffle=False)
    with np.errstate(all="ignore"), pytest.raises(AnomalyError, match=r"^fit: epoch ") as error:
        fit(model, loss, batches, optimizer, epochs=50, progress=False, compile=compile)
    return str(error.value), model


@pytest.mark.parametrize("compile", [False, True])
def test_a_nan_loss_names_epoch_batch_operation_and_line(compile):
    message, model = where_nan(
        lambda s, y: nn.functional.mse_loss(np.log(s), y), line(), compile=compile
    )
    assert message.startswith("fit: epoch 1, batch 1: log: made nan from ")
    assert "test_training.py, line " in message
    assert np.isfinite(model.flat().data).all()


def test_a_later_batch_and_epoch_are_counted_from_one():
    steps = iter(range(1000))

    def overflow(s, y):
        factor = 1e200 if next(steps) >= 12 else 1.0
        return (s * factor * factor).mean()

    message, _ = where_nan(overflow, line())  # five batches to an epoch
    assert message.startswith("fit: epoch 3, batch 3: multiply: made ")


@pytest.mark.parametrize("compile", [False, True])
def test_a_nan_gradient_behind_a_finite_loss_is_found_before_it_reaches_the_weights(compile):
    model = nn.Linear(1, 1)
    model.flat().data = [0.0, 0.0]
    message, _ = where_nan(lambda s, y: np.sqrt(s * s).mean(), line(), model, compile=compile)
    assert "fit: epoch 1, batch 1: sqrt: its derivative" in message
    assert model.flat().data.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("compile", [False, True])
def test_nan_in_the_data_is_named_as_such(compile):
    x, y = line()
    x[6] = np.nan
    assert "fit: epoch 1, batch 2: x holds nan or inf, in row 2 of the batch." in where_nan(
        nn.MSELoss(), (x, y), compile=compile
    )
    x, y = line()
    y[0] = np.inf
    assert (
        "y holds nan or inf, in row 0 of the batch"
        in where_nan(nn.MSELoss(), (x, y), compile=compile)[0]
    )


@pytest.mark.parametrize("compile", [False, True])
def test_a_step_that_overflows_is_told_from_a_nan_in_the_loss(compile):
    x, y = line()
    message, _ = where_nan(nn.MSELoss(), (x, 1e3 * y), lr=1.7e308, compile=compile)
    assert "the step before made parameter 'weight' nan or infinite" in message
    assert "smaller learning rate" in message


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:compile. step has been recorded 32 times:RuntimeWarning")
def test_large_but_finite_gradients_neither_end_the_training_nor_count_twice(compile):
    model = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1, rng=np.random.default_rng(0)))
    before, optimizer = model.state_dict(), SGD(model.parameters(), lr=1e-160)
    x, y = line()
    history = fit(
        model, lambda s, y: s.mean() * 1e160, [(x, y)] * 2, optimizer, epochs=2, progress=False,
        compile=compile,
    )  # fmt: skip
    # the squares of these gradients overflow
    after = model.state_dict()
    assert len(history) == 2
    assert after["0.num_batches_tracked"] == 4
    assert_allclose(after["1.bias"], before["1.bias"] - 4, rtol=1e-12)


def test_inside_detect_anomaly_the_error_is_that_of_the_mode():
    model = nn.Linear(1, 1, rng=np.random.default_rng(0))
    with detect_anomaly(), np.errstate(all="ignore"), pytest.raises(AnomalyError, match=r"^log: "):
        fit(
            model,
            lambda s, y: np.log(s).mean(),
            line(),
            SGD(model.parameters(), 0.1),
            progress=False,
        )


# --- compiled


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clip_grad_norm": 0.5},
        {"clip_grad_value": 0.05},
        {"schedule": lambda k: 0.1 / (9 + k)},
    ],
)
def test_compiled_it_learns_the_same(options):
    def train(compile):
        nn.manual_seed(2)
        layers = nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.2)
        model = nn.Sequential(*layers, nn.Linear(6, 2))
        x = np.random.default_rng(0).normal(size=(50, 4))  # the last batch is a short one
        rule = optim.AdamW(model.parameters(), lr=0.01)
        history = fit(
            model, nn.CrossEntropyLoss(), (x, (x[:, 0] > 0).astype(int)), rule, epochs=4, seed=0,
            progress=False, compile=compile, validation=(x, (x[:, 0] > 0).astype(int)), **options,
        )  # fmt: skip
        return [history.loss, history.validation_loss, *model.state_dict().values()]

    for ours, theirs in zip(train(True), train(False), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_compiled_it_sees_what_callbacks_change_in_the_model_and_in_the_loss(monkeypatch):
    monkeypatch.setattr("autograd.compiler.function.LEAST", 0.0)  # small ones are recorded, too

    class Scaled(nn.Module):
        def __init__(self):
            self.layer, self.scale = nn.Linear(1, 1, rng=np.random.default_rng(0)), 1.0

        def forward(self, x):
            return self.scale * self.layer(x)

    def train(compile):
        model, penalty = Scaled(), {"alpha": 0.1}

        def loss(s, y):
            return nn.functional.mse_loss(s, y) + penalty["alpha"] * (s * s).mean()

        def change(model, history):
            if len(history) == 2:
                model.scale = 0.5
            if len(history) == 4:
                penalty["alpha"] = 0.0

        rule = SGD(model.parameters(), lr=0.1)
        settings = {"epochs": 6, "seed": 0, "progress": False, "compile": compile}
        return fit(model, loss, line(), rule, callbacks=[change], **settings).loss

    assert_allclose(train(True), train(False), rtol=1e-12)


def test_what_cannot_be_compiled_says_why():
    model = nn.Linear(1, 1, rng=np.random.default_rng(0))
    rule = SGD(model.parameters(), lr=0.1)
    with pytest.raises(CompileError, match=r"item\(\)"):
        fit(model, lambda s, y: s.mean() * s.sum().item(), line(), rule, compile=True)
    with pytest.raises(TypeError, match="fit: compile must be True or False"):
        fit(model, nn.MSELoss(), line(), rule, compile=1)


# --- the progress bar


def test_the_bar_shows_epochs_and_losses_and_is_off_when_not_wanted(capsys):
    learn_line(epochs=3, progress=True, validation=line(7))
    printed, bar = capsys.readouterr()
    assert printed == ""
    assert "3/3" in bar
    assert "loss=" in bar
    assert "validation=" in bar
    learn_line(epochs=3)
    assert capsys.readouterr() == ("", "")


def test_in_a_notebook_the_bar_is_one_plain_text_and_nothing_goes_to_stderr(monkeypatch, capsys):
    display, shown = pytest.importorskip("IPython.display"), []

    def show(bundle, raw, display_id):
        shown.append(bundle)
        return types.SimpleNamespace(update=lambda bundle, raw: shown.append(bundle))

    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", types.SimpleNamespace)
    monkeypatch.setattr(display, "display", show)
    learn_line(epochs=3, progress=True)
    assert capsys.readouterr() == ("", "")
    assert all(bundle.keys() == {"text/plain"} for bundle in shown)
    assert "3/3" in shown[-1]["text/plain"]
    assert "loss=" in shown[-1]["text/plain"]


def test_without_tqdm_it_trains_without_a_bar(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    _, history = learn_line(epochs=2, progress=True)
    assert len(history) == 2
    assert capsys.readouterr() == ("", "")


def test_without_a_bar_tqdm_is_not_imported(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        assert not name.startswith("tqdm")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    learn_line(epochs=1)


# --- what it refuses


def test_what_fit_refuses_draws_no_order_of_the_examples():
    generator = nn.init.generator().bit_generator
    before = generator.state
    for settings in [{"epochs": 0}, {"callbacks": [3]}, {"compile": "yes"}, {"seed": "a"}]:
        with pytest.raises((TypeError, ValueError), match=r"^fit: "):
            learn_line(**{"seed": None, **settings})
    assert generator.state == before


def test_fit_says_what_it_cannot_use():
    with pytest.raises(ValueError, match="fit: epochs must be >= 1, but got 0"):
        learn_line(epochs=0)
    with pytest.raises(ValueError, match=r"fit: early_stopping needs validation=\(x, y\)"):
        learn_line(early_stopping=EarlyStopping())
    with pytest.raises(TypeError, match=r"fit: needs data as a pair \(x, y\)"):
        learn_line(np.zeros((2, 3)))
    model, other = nn.Linear(1, 1), nn.Linear(1, 1)
    rule = SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match=r"fit: loss needs .*, but got the class MSELoss\.$"):
        fit(model, nn.MSELoss, line(), rule)
    with pytest.raises(TypeError, match=r"fit: loss needs .*, but got a Tensor of shape \(\), "):
        fit(model, nn.MSELoss()(model([1.0]), [1.0]), line(), rule)
    with pytest.raises(TypeError, match=r"fit: optimizer needs .*, but got 'sgd'\.$"):
        fit(model, nn.MSELoss(), line(), "sgd")
    with pytest.raises(TypeError, match=r"fit: optimizer needs .*, but got the class SGD\.$"):
        fit(model, nn.MSELoss(), line(), SGD)
    with pytest.raises(TypeError, match="predict: needs a model, then the inputs, but got a list"):
        nn.predict([1.0], model)
    for rule in (optim.LBFGS, optim.Newton):
        asks = rule(model.parameters())
        with pytest.raises(TypeError, match=f"but got an? {rule.__name__}. Call its minimize."):
            fit(model, nn.MSELoss(), line(), asks, progress=False, compile=True)
    with pytest.raises(TypeError, match="fit: needs a model, then the loss, but got a function"):
        fit(lambda x: x, nn.MSELoss(), line(), SGD(model.parameters(), lr=0.1))
    with pytest.raises(ValueError, match="fit: the optimizer changes none of the model's param"):
        fit(model, nn.MSELoss(), line(), SGD(other.parameters(), lr=0.1), progress=False)
    with pytest.raises(ShapeError, match="fit: needs a loss that returns one number"):
        fit(
            model, nn.MSELoss(reduction="none"), line(), SGD(model.parameters(), lr=0.1),
            progress=False,
        )  # fmt: skip


def test_accuracy_needs_a_score_for_every_class():
    x, y = xor()
    assert accuracy(nn.Identity(), (np.eye(2)[y], y)) == 1.0
    assert accuracy(nn.Identity(), (np.eye(2)[[0, 0, 0, 0]], y)) == 0.5
    with pytest.raises(ShapeError, match=r"accuracy: needs scores of shape \(N, C\), C > 1"):
        accuracy(nn.MLP(2, [3], 1), (x, y))


@pytest.mark.parametrize(
    ("scores", "y", "message"),
    [
        (np.eye(2), [1, 2], r"y must be classes in \[0, 2\), but got 2\."),
        (np.eye(2), [-1, 1], r"y must be classes in \[0, 2\), but got -1\."),
        (np.eye(2), [0.5, 1], r"y must be classes in \[0, 2\), but got 0\.5\."),
        (np.eye(2), ["0", "1"], r"y must be classes in \[0, 2\), but got '0'\."),
        (np.array([[1.0, 2.0], [np.nan, 0.0]]), [1, 0], "nan is among the scores"),
        (np.zeros((0, 2)), [], "needs at least one example"),
    ],
)
def test_accuracy_counts_nothing_that_is_no_class_or_no_score(scores, y, message):
    with pytest.raises(ValueError, match=f"^accuracy: {message}"):
        accuracy(nn.Identity(), (scores, y))


def test_evaluate_and_predict_leave_mode_and_gradients_alone():
    model = Modes()
    x, y = line()
    nn.MSELoss()(model(x), y).backward()
    before = model.flat().grad.copy()
    assert evaluate(model, nn.MSELoss(), (x, y)) > 0
    assert not nn.predict(model, x).requires_grad
    assert model.training
    assert model.modes[-1] == (20, False)
    assert_array_equal(model.flat().grad, before)


def test_a_layer_frozen_in_eval_mode_is_still_so_after_evaluate_predict_and_accuracy():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    model[1].eval()
    x, y = xor()
    evaluate(model, CROSS_ENTROPY, (x, y))
    nn.predict(model, x)
    accuracy(model, (x, y))
    assert [module.training for module in model.modules()] == [True, True, False]


def test_evaluate_takes_one_number_of_any_shape_and_says_what_else_came():
    data = line()
    means = evaluate(nn.Identity(), lambda s, y: ((s - y) ** 2).mean(axis=0), data)
    assert means == evaluate(nn.Identity(), nn.MSELoss(), data)
    for loss, came in (
        (nn.MSELoss(reduction="none"), r"an array of shape \(20, 1\), dtype float64"),
        (lambda s, y: None, "None"),
        (lambda s, y: "1.0", "'1.0'"),
    ):
        with pytest.raises(ShapeError, match=f"^evaluate: needs a loss .*, but got {came}\\.$"):
            evaluate(nn.Identity(), loss, data)


# --- what it learns


def digits_model(seed):
    """The example of `fit`, with a seed of its own; the model and the held-out digits."""
    train, test = split(digits(), (0.8, 0.2), stratify=True, seed=seed)
    scale = Standardizer(train.x)
    model = nn.MLP(64, [128], 10, rng=np.random.default_rng(seed))
    optimizer = Adam(model.parameters(), lr=0.003)
    fit(model, CROSS_ENTROPY, (scale(train.x), train.y), optimizer, epochs=20, progress=False)
    return model, (scale(test.x), test.y)


@pytest.mark.slow
def test_the_digits_example_reaches_97_percent_held_out_with_any_seed_on_average():
    reached = [accuracy(*digits_model(seed)) for seed in range(in_ci(4, 1))]
    assert reached[0] >= 0.97
    assert np.mean(reached) >= 0.97


def test_an_mlp_solves_xor():
    model = nn.MLP(2, [8], 2, "tanh", rng=np.random.default_rng(0))
    fit(model, CROSS_ENTROPY, xor(), Adam(model.parameters(), lr=0.05), epochs=200, progress=False)
    assert accuracy(model, xor()) == 1.0


def test_an_mlp_solves_the_spirals():
    train, test = split(spirals(300), (0.8, 0.2), stratify=True)
    model = nn.MLP(2, [32, 32], 3, "tanh", rng=np.random.default_rng(0))
    fit(model, CROSS_ENTROPY, train, Adam(model.parameters(), lr=0.01), epochs=150, progress=False)
    assert accuracy(model, train) >= 0.98
    assert accuracy(model, test) >= 0.95


@pytest.mark.parametrize("count", [1, 10])
def test_how_to_start_overfit_one_example_to_100_percent_then_a_handful(count):
    x, y = digits()
    data = x[:count] / 16, y[:count]
    model = nn.MLP(64, [32], 10, rng=np.random.default_rng(0))
    history = fit(
        model, CROSS_ENTROPY, data, Adam(model.parameters(), lr=0.01), epochs=100, progress=False
    )
    assert accuracy(model, data) == 1.0
    assert history.loss[-1] < 0.05 < history.loss[0]


def test_smaller_batches_give_noisier_gradients():
    x, y = iris()
    model = nn.MLP(4, [8], 3, rng=np.random.default_rng(0))
    spread = []
    for size in (1, 10, 100):
        gradients = []
        for _ in range(3):
            for part in Batches((x, y), size, drop_last=True, seed=0):
                model.zero_grad()
                CROSS_ENTROPY(model(part[0]), part[1]).backward()
                gradients.append(model.flat().grad.copy())
        spread.append(np.var(gradients[:100], axis=0).sum())
    assert spread[0] > 5 * spread[1] > 10 * spread[2]


def test_a_penalty_is_added_in_a_loss_of_ones_own():
    model = nn.MLP(4, [8], 3, rng=np.random.default_rng(0))

    def loss(scores, y):
        return CROSS_ENTROPY(scores, y) + 0.1 * sum((p * p).sum() for p in model.parameters())

    fit(model, loss, iris(), SGD(model.parameters(), lr=0.1), epochs=20, progress=False)
    plain = nn.MLP(4, [8], 3, rng=np.random.default_rng(0))
    fit(plain, CROSS_ENTROPY, iris(), SGD(plain.parameters(), lr=0.1), epochs=20, progress=False)
    assert np.linalg.norm(model.flat().data) < 0.7 * np.linalg.norm(plain.flat().data)


def test_the_validation_loss_includes_a_penalty_in_the_loss():
    model = nn.Linear(1, 1, rng=np.random.default_rng(0))

    def loss(output, y):
        return nn.MSELoss()(output, y) + nn.l2_penalty(model, 0.5)

    x, y = line(7)
    sgd, stopping = SGD(model.parameters(), lr=0.1), EarlyStopping()
    history = fit(
        model, loss, line(), sgd,
        epochs=1, validation=(x, y), early_stopping=stopping, progress=False,
    )  # fmt: skip
    weight, bias = model.weight.item(), model.bias.item()
    expected = ((x * weight + bias - y) ** 2).mean() + 0.5 * weight**2
    assert_allclose(history.validation_loss, expected, rtol=1e-13)
    assert_allclose(stopping.best_loss, expected, rtol=1e-13)


@pytest.mark.parametrize("rule", ["Momentum", "RMSprop", "Adagrad", "AdamW"])
def test_fit_takes_every_rule_that_uses_the_gradient(rule):
    model = nn.MLP(4, [8], 3, rng=np.random.default_rng(0))
    history = fit(
        model, CROSS_ENTROPY, iris(), getattr(optim, rule)(model.parameters(), lr=0.01),
        epochs=5, progress=False,
    )  # fmt: skip
    assert history.loss[-1] < history.loss[0]
    assert math.isclose(history.learning_rate[0], 0.01)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("loss", "what"),
    [
        (lambda outputs, y: float(((outputs - y) ** 2).mean().data), "0.25"),
        (lambda outputs, y: (outputs - y) ** 2, r"a Tensor of shape \(4, 1\)"),
        (lambda outputs, y: None, "None"),
    ],
)
def test_fit_says_of_a_loss_that_it_is_no_single_number_and_changes_nothing(loss, what, compiled):
    model = nn.Linear(2, 1)
    model.weight.data[...], model.bias.data[...] = 0, 0.5
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    data = np.ones((4, 2)), np.ones((4, 1))
    message = f"fit: needs a loss that returns one number.* but got {what}"
    with pytest.raises((TypeError, ShapeError), match=message):
        nn.fit(model, loss, data, optimizer, epochs=1, progress=False, compile=compiled)
    assert (model.weight.data == 0).all()
    assert model.bias.data == 0.5
