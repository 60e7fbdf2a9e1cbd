"""Schedules: the lectures' formulas, what they combine to, and optimizers that follow them."""

import copy
import math
import pickle

import pytest
from numpy.testing import assert_allclose

from autograd import Value
from optim import SGD, Adam, schedules
from optim.schedules import (
    ReduceOnPlateau,
    Schedule,
    attach,
    by_hand,
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    inverse_time,
    one_cycle,
    step_decay,
    warm_up,
)
from tests.each import each
from tests.optim.rules import spoilt_states

EACH = {
    "constant": constant(0.1),
    "inverse_time": inverse_time(0.1, t=1),
    "step_decay": step_decay(0.1, t=0.5, every=4),
    "exponential": exponential(0.1, t=0.9),
    "inverse_sqrt": inverse_sqrt(0.1),
    "by_hand": by_hand({0: 0.1, 3: 0.05, 7: 0.2}),
    "cosine": cosine(0.1, epochs=8, lr_min=0.01),
    "warm_up": warm_up(cosine(0.1, epochs=8), epochs=3),
    "then": constant(0.1).then(inverse_sqrt(0.05), at=4),
    "times": 0.5 * exponential(0.1, t=0.9),
    "plateau": ReduceOnPlateau(cosine(0.1, epochs=8), patience=2),
    "one_cycle": one_cycle(0.1, epochs=8),
    "each_batch": cosine(0.1, epochs=8).each_batch(),
    "nested": warm_up(0.5 * ReduceOnPlateau(constant(0.1).then(0.2, at=3), patience=0), epochs=2),
}


def rates(schedule, epochs=range(6)):
    return [schedule(epoch) for epoch in epochs]


def test_the_lectures_formulas():
    assert_allclose(rates(inverse_time(0.1, t=1)), [0.1, 0.05, 0.1 / 3, 0.025, 0.02, 0.1 / 6])
    assert_allclose(rates(inverse_time(0.1, t=0.5), [4]), [0.1 / 3])
    # every 2 epochs α ← α - 0.1·α
    expected, rate = [], 1.0
    for epoch in range(6):
        rate = rate - 0.1 * rate if epoch and epoch % 2 == 0 else rate
        expected.append(rate)
    assert_allclose(rates(step_decay(1.0, t=0.1, every=2)), expected)
    assert_allclose(rates(exponential(0.8, t=0.5)), [0.8, 0.4, 0.2, 0.1, 0.05, 0.025])
    assert_allclose(rates(inverse_sqrt(0.3), [1, 4, 9]), [0.3, 0.15, 0.1])
    assert_allclose(rates(by_hand({3: 0.5, 0: 0.1, 5: 0.2})), [0.1, 0.1, 0.1, 0.5, 0.5, 0.2])


def test_cosine_begins_flat_is_halfway_in_the_middle_and_stays_at_its_end():
    schedule = cosine(0.1, epochs=10, lr_min=0.02)
    assert_allclose(rates(schedule, [0, 5, 10, 25]), [0.1, 0.06, 0.02, 0.02])
    assert schedule(0) - schedule(1) < (schedule(4) - schedule(5)) / 5


def test_warm_up_rises_evenly_and_then_follows():
    after = exponential(0.4, t=0.5)
    assert_allclose(rates(warm_up(after, epochs=3)), [0.1, 0.2, 0.3, 0.4, 0.2, 0.1])
    assert_allclose(
        rates(warm_up(inverse_sqrt(0.4), epochs=1)),
        [0.2, *(0.4 / math.sqrt(n) for n in range(1, 6))],
    )


def test_schedules_combine():
    one, other = constant(0.5), exponential(0.4, t=0.5)
    assert_allclose(rates(one.then(other, at=2)), [0.5, 0.5, 0.4, 0.2, 0.1, 0.05])
    assert_allclose(rates(2 * other), [2 * other(epoch) for epoch in range(6)])
    assert_allclose(rates(other * 2), rates(2 * other))
    both = warm_up(0.5 * one.then(other, at=1), epochs=1)
    assert_allclose(rates(both, range(4)), [0.125, 0.25, 0.2, 0.1])


@pytest.mark.parametrize("schedule", EACH.values(), ids=EACH)
def test_an_optimizer_follows_a_schedule(schedule):
    optimizer = Adam([Value(1.0)], lr=0.5)
    scheduler = attach(optimizer, schedule)
    for epoch in range(schedule.first, schedule.first + 9):
        assert scheduler.epoch == epoch
        assert optimizer.lr == schedule(epoch)
        scheduler.step(loss=1.0)


@pytest.mark.parametrize("schedule", EACH.values(), ids=EACH)
def test_a_schedule_says_what_it_is(schedule):
    assert repr(schedule) == f"{type(schedule).__name__}({schedule.name!r})"
    assert "0.1" in schedule.name


def test_each_group_may_follow_a_schedule_of_its_own():
    optimizer = SGD([{"params": [Value(1.0)], "lr": 0.5}, {"params": [Value(1.0)]}], lr=0.1)
    scheduler = attach(optimizer, constant(0.5), exponential(0.2, t=0.5))
    scheduler.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1]


def test_one_schedule_does_not_level_the_rates_of_groups():
    optimizer = SGD([{"params": [Value(1.0)], "lr": 0.5}, {"params": [Value(1.0)]}], lr=0.1)
    with pytest.raises(ValueError, match=r"groups have different rates, \[0\.5, 0\.1\]. Pass 2"):
        attach(optimizer, constant(0.1))
    with pytest.raises(ValueError, match="needs 1 schedule or 2, one for each group, but got 3"):
        attach(optimizer, *[constant(0.1)] * 3)
    optimizer.lr = 0.1
    attach(optimizer, constant(0.3))
    assert optimizer.lr == 0.3


def test_one_plateau_for_two_groups_counts_each_loss_once():
    optimizer = SGD([{"params": [Value(1.0)]}, {"params": [Value(1.0)]}], lr=0.1)
    scheduler = attach(optimizer, ReduceOnPlateau(0.1, factor=0.5, patience=2))
    for expected in (0.1, 0.1, 0.1, 0.05):
        scheduler.step(1.0)
        assert optimizer.lr == expected


def test_a_plateau_hears_of_losses_wherever_it_stands():
    plateau = ReduceOnPlateau(0.1, factor=0.5, patience=0)
    scheduler = attach(SGD([Value(1.0)]), warm_up(2 * plateau, epochs=1))
    assert scheduler.optimizer.lr == 0.1
    for expected in (0.2, 0.2, 0.1, 0.05):  # the first loss is of the warm-up
        scheduler.step(1.0)
        assert scheduler.optimizer.lr == pytest.approx(expected)
    with pytest.raises(TypeError, match=r"goes by the loss\. Pass step\(loss\)"):
        scheduler.step()


def test_a_plateau_never_goes_below_its_bound_and_never_raises_a_rate():
    plateau = ReduceOnPlateau(by_hand({0: 0.1, 9: 0.001}), factor=0.1, patience=0, lr_min=0.02)
    for _ in range(5):
        plateau.observe(1.0)
    assert plateau(5) == 0.02
    assert plateau(9) == 0.001


@pytest.mark.parametrize(
    "make",
    [
        lambda: warm_up(ReduceOnPlateau(0.1, factor=0.5, patience=1), epochs=5),
        lambda: ReduceOnPlateau(warm_up(0.1, epochs=5), factor=0.5, patience=1),
        lambda: 1.0 * ReduceOnPlateau(1.0 * warm_up(0.1, epochs=5), factor=0.5, patience=1),
        lambda: ReduceOnPlateau(warm_up(warm_up(0.1, epochs=2), epochs=3), 0.5, patience=1),
        lambda: constant(1.0).then(ReduceOnPlateau(0.1, factor=0.5, patience=1), at=5),
        lambda: warm_up(warm_up(ReduceOnPlateau(0.1, 0.5, patience=1), epochs=2), epochs=3),
    ],
)
def test_the_epochs_of_a_warm_up_are_not_counted_whichever_is_around_which(make):
    schedule = make()
    for _ in range(5):
        schedule.observe(3.0)
    reduced = []
    for epoch in range(5, 9):
        schedule.observe(3.0)
        reduced.append(schedule(epoch + 1))
    # the first loss is the best, then two are waited for
    assert_allclose(reduced, [0.1, 0.1, 0.05, 0.05])


def rates_of_a_training(schedule):
    scheduler, found = attach(SGD([Value(1.0)]), schedule), []
    for loss in (3.0, 3.0, 3.0, 2.0, 3.0, 3.0, 3.0, 3.0):
        found.append(scheduler.optimizer.lr)
        scheduler.step(loss)
    return found


@pytest.mark.parametrize("schedule", EACH.values(), ids=EACH)
def test_every_training_begins_as_if_there_had_been_none_before(schedule):
    assert rates_of_a_training(schedule) == rates_of_a_training(schedule)


def test_the_second_of_two_schedules_hears_of_no_loss_of_the_first_in_a_second_training_either():
    schedule = constant(0.1).then(ReduceOnPlateau(0.2, factor=0.5, patience=0), at=3)
    assert rates_of_a_training(schedule) == [0.1, 0.1, 0.1, 0.2, 0.2, 0.1, 0.05, 0.025]
    assert rates_of_a_training(schedule) == [0.1, 0.1, 0.1, 0.2, 0.2, 0.1, 0.05, 0.025]


@each("schedule", EACH.values(), ids=EACH)
@each("again", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_schedule_can_be_pickled_and_copied_with_what_it_has_learnt(schedule, again):
    schedule.reset()
    for _ in range(4):
        schedule.observe(3.0)
    other = again(schedule)
    epochs = range(schedule.first + 4, 20)
    assert (rates(other, epochs), other.by_batch) == (rates(schedule, epochs), schedule.by_batch)
    for _ in range(4):
        other.observe(3.0)
    assert rates(schedule, epochs) == rates(again(schedule), epochs)  # it has heard of nothing
    for _ in range(4):
        schedule.observe(3.0)
    assert rates(other, epochs) == rates(schedule, epochs)


def test_a_state_of_0_1_is_taken_over():
    schedule = warm_up(ReduceOnPlateau(0.1, factor=0.5, patience=2), epochs=3)
    schedule.load_state([[], [0.25, 2.0, 1, [[]]]])
    assert schedule(3) == 0.025
    assert schedule.state()[1][1][:3] == [0.25, 2.0, 1]


def test_a_number_is_a_constant_rate():
    scheduler = attach(SGD([Value(1.0)]), 0.3)
    for _ in range(3):
        assert scheduler.optimizer.lr == 0.3
        scheduler.step()
    assert repr(scheduler) == "Scheduler(0.3; epoch 3)"


def test_one_cycle_is_two_halves_of_a_cosine():
    schedule = one_cycle(0.5, epochs=10, rise=0.4, lr_first=0.1, lr_last=0.02)
    assert_allclose(rates(schedule, [0, 2, 4, 7, 10, 12]), [0.1, 0.3, 0.5, 0.26, 0.02, 0.02])
    default = one_cycle(0.5, epochs=10)
    assert_allclose(rates(default, [0, 3, 10]), [0.02, 0.5, 2e-6])
    assert default.by_batch


def test_what_goes_by_batches_is_set_in_the_middle_of_an_epoch_and_nothing_else_is():
    optimizer = SGD([{"params": [Value(1.0)]}, {"params": [Value(1.0)]}], lr=0.1)
    scheduler = attach(optimizer, inverse_time(0.1).each_batch(), inverse_time(0.1))
    assert scheduler.by_batch
    scheduler.step()
    scheduler.within(0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1 / 2.25, 0.05]
    assert not attach(SGD([Value(1.0)]), inverse_time(0.1)).by_batch
    assert attach(SGD([Value(1.0)]), warm_up(2 * inverse_time(0.1).each_batch(), 2)).by_batch


def test_a_loss_that_is_nan_is_no_improvement():
    plateau = ReduceOnPlateau(0.1, factor=0.5, patience=0)
    for loss in (math.nan, 3.0, math.nan, 2.0):
        plateau.observe(loss)
    assert plateau(4) == 0.025


def test_an_optimizer_with_a_schedule_goes_on_where_it_was():
    def make():
        plateau = ReduceOnPlateau(cosine(0.1, epochs=9), factor=0.5, patience=1)
        return attach(SGD([Value(1.0)]), warm_up(plateau, epochs=2))

    one, other = make(), make()
    for loss in (3.0, 3.0, 3.0):
        one.step(loss)
    other.load_state_dict(one.state_dict())
    assert other.optimizer.lr == one.optimizer.lr
    for loss in (3.0, 2.0, 2.0, 2.0, 2.0):
        one.step(loss)
        other.step(loss)
        assert other.optimizer.lr == one.optimizer.lr


def test_a_schedule_of_ones_own():
    mine = Schedule(lambda epoch: 0.1 if epoch % 2 else 0.2, "zigzag")
    assert rates(0.5 * mine, range(3)) == [0.1, 0.05, 0.1]


@each(
    ("make", "says"),
    [
        (lambda: constant(0), "constant: lr must be > 0, but got 0"),
        (lambda: inverse_time(-0.1), "inverse_time: lr must be > 0, but got -0.1"),
        (lambda: inverse_time(0.1, t=-1), "inverse_time: t must be >= 0, but got -1"),
        (lambda: step_decay(0.1, t=1.0), r"step_decay: t must be in \[0, 1\), but got 1.0"),
        (lambda: step_decay(0.1, every=0), "step_decay: every must be >= 1, but got 0"),
        (lambda: exponential(0.1, t=1.5), r"exponential: t must be in \(0, 1\], but got 1.5"),
        (lambda: inverse_sqrt(math.nan), "inverse_sqrt: t must be > 0, but got nan"),
        (lambda: inverse_sqrt(0.1)(0), "0.1/√epoch: needs an epoch >= 1, but got 0"),
        (lambda: constant(0.1)(-1), "0.1: needs an epoch >= 0, but got -1"),
        (lambda: by_hand({1: 0.1}), "by_hand: needs a rate for epoch 0"),
        (lambda: by_hand({0: -0.1}), "by_hand: rate must be >= 0, but got -0.1"),
        (lambda: by_hand({0: 0.1, -1: 0.1}), "by_hand: epoch must be >= 0, but got -1"),
        (lambda: cosine(0.1, epochs=5, lr_min=0.2), r"lr_min must be in \[0, 0.1\], but got 0.2"),
        (lambda: warm_up(0.1, epochs=0), "warm_up: epochs must be >= 1"),
        (lambda: constant(0.1).then(constant(0.2), at=0), "then: at must be >= 1"),
        (lambda: -1 * constant(0.1), "Schedule: factor must be >= 0, but got -1"),
        (lambda: ReduceOnPlateau(0.1, factor=1.0), r"factor must be in \(0, 1\), but got 1.0"),
        (lambda: ReduceOnPlateau(0.1, patience=-1), "patience must be >= 0, but got -1"),
        (lambda: one_cycle(0.1, epochs=5, rise=1), r"rise must be in \(0, 1\), but got 1"),
        (lambda: one_cycle(0.1, 5, lr_first=0.2), r"lr_first must be in \(0, 0.1\], but got 0.2"),
        (lambda: one_cycle(0.1, 5, lr_last=-1), r"lr_last must be in \[0, 0.1\], but got -1"),
        (lambda: by_hand({0: 0.1, math.nan: 0.2}), "by_hand: epoch must be >= 0, but got nan"),
        (schedules.plot, "plot: needs at least one schedule, but got none"),
        (lambda: schedules.plot(inverse_sqrt(0.1), epochs=0), "plot: epochs must be >= 1, but got"),
    ],
)
def test_what_makes_no_sense_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: constant("0.1"), "constant: lr must be a number, but got '0.1'"),
        (lambda: step_decay(0.1, every="2"), "step_decay: every must be an int, but got '2'"),
        (lambda: cosine(0.1, epochs=2.5), "cosine: epochs must be an int, but got 2.5"),
        (lambda: cosine(0.1, epochs=5, lr_min="0"), "cosine: lr_min must be a number, but got '0'"),
        (lambda: cosine(0.1, epochs=math.nan), "cosine: epochs must be an int, but got nan"),
        (lambda: constant(0.1) * constant(0.1), "factor must be a number, but got a Schedule"),
        (lambda: by_hand({0: 0.1, "9": 0.2}), "by_hand: epoch must be a number, but got '9'"),
        (lambda: ReduceOnPlateau(0.1, maximize="min"), "maximize must be True or False, but got"),
        (lambda: schedules.plot(0.1, epochs=2.5), "plot: epochs must be an int, but got 2.5"),
        (lambda: constant(0.1).then("0.1", at=1), "constant: lr must be a number"),
        (
            lambda: schedules.attach(SGD([Value(1.0)]), "0.1"),
            r"schedule must be .*, but got '0\.1'",
        ),
        (lambda: schedules.attach("SGD", constant(0.1)), "attach: optimizer must be a rule"),
    ],
)
def test_what_is_no_number_or_schedule_is_refused(make, says):
    with pytest.raises(TypeError, match=says):
        make()


def test_a_state_of_other_schedules_is_refused_and_changes_nothing():
    scheduler = schedules.attach(SGD([Value(1.0)]), exponential(0.8, t=0.5))
    with pytest.raises(ValueError, match=r"needs 'schedules' as a list of 1, .* has one of 0"):
        scheduler.load_state_dict({"epoch": 3, "schedules": []})
    assert (scheduler.epoch, scheduler.optimizer.lr) == (0, 0.8)


def everything(scheduler):
    return repr((scheduler.state_dict(), scheduler.optimizer.param_groups))


def two_groups():
    return SGD([{"params": [Value(1.0)]}, {"params": [Value(2.0)]}], lr=0.1)


@pytest.mark.parametrize(
    ("second", "loss", "says"),
    [
        (Schedule(lambda epoch: 0.1 - 0.2 * epoch, "down"), 1.0, "down: the rate must be >= 0"),
        (Schedule(lambda epoch: [0.1, math.nan][epoch], "off"), 1.0, "off: the rate must be >= 0"),
        (ReduceOnPlateau(0.2), None, "goes by the loss"),
        (ReduceOnPlateau(0.2), "low", "could not convert"),
    ],
)
def test_a_step_that_ends_with_an_error_changes_nothing(second, loss, says):
    first = constant(0.1) if loss is None else ReduceOnPlateau(0.1, patience=0)
    scheduler = attach(two_groups(), first, second)
    before = everything(scheduler)
    with pytest.raises((TypeError, ValueError), match=says):
        scheduler.step(loss)
    assert everything(scheduler) == before


def test_a_scheduler_says_of_a_group_that_came_later_that_it_has_no_schedule():
    scheduler = attach(SGD([Value(1.0)]), ReduceOnPlateau(0.1).each_batch())
    scheduler.optimizer.add_param_group({"params": [Value(2.0)]})
    before = everything(scheduler)
    for call in (lambda: scheduler.step(1.0), lambda: scheduler.within(0.5)):
        with pytest.raises(ValueError, match="has schedules for 1 groups, but the optimizer has 2"):
            call()
    assert everything(scheduler) == before


def test_a_state_from_before_the_first_epoch_of_a_schedule_is_refused_and_changes_nothing():
    scheduler = attach(two_groups(), ReduceOnPlateau(0.1), inverse_sqrt(0.1))
    scheduler.step(1.0)
    before = everything(scheduler)
    earlier = attach(two_groups(), ReduceOnPlateau(0.1), constant(0.1)).state_dict()
    with pytest.raises(ValueError, match="needs an epoch >= 1, but got 0"):
        scheduler.load_state_dict(earlier)
    assert everything(scheduler) == before


def test_a_state_of_a_scheduler_that_is_not_whole_is_refused_and_changes_nothing():
    def scheduler():
        plateaus = [schedules.ReduceOnPlateau(0.1, patience=0) for _ in range(2)]
        groups = [{"params": [Value(1.0)]}, {"params": [Value(2.0)]}]
        made = schedules.attach(SGD(groups), 0.5 * plateaus[0], plateaus[1])
        for loss in (3.0, 3.0, 4.0):
            made.step(loss)
        return made

    ours = scheduler()
    ours.step(5.0)
    before = repr((ours.state_dict(), [group["lr"] for group in ours.optimizer.param_groups]))
    tried = 0
    for spoilt in spoilt_states(scheduler().state_dict()):
        with pytest.raises((ValueError, TypeError)):
            ours.load_state_dict(spoilt)
        now = repr((ours.state_dict(), [group["lr"] for group in ours.optimizer.param_groups]))
        assert now == before, spoilt
        tried += 1
    assert tried > 30
    ours.load_state_dict(scheduler().state_dict())
    assert ours.epoch == 3


def test_the_name_of_a_scheduler_in_0_1_still_works_and_says_the_new_one():
    with pytest.warns(DeprecationWarning, match="Following is now called Scheduler"):
        assert schedules.Following is schedules.Scheduler
    with pytest.raises(AttributeError, match="no attribute 'Followed'"):
        _ = schedules.Followed
