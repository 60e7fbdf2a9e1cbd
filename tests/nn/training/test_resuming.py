"""A training that goes on in another process is the one that was never interrupted, bit for bit."""

import os
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import nn
import optim
from nn.data import Batches
from optim import schedules

pytestmark = pytest.mark.slow

SCHEDULES = {
    "none": None,
    "plateau": lambda: schedules.ReduceOnPlateau(0.05, factor=0.5, patience=0, threshold=0.2),
    "warm-up": lambda: schedules.warm_up(
        schedules.ReduceOnPlateau(schedules.cosine(0.05, 6), 0.5, patience=0, threshold=0.2), 2
    ),
    "by batch": lambda: schedules.one_cycle(0.05, epochs=6),
}


def build(rule, schedule):
    """A model with all that a training changes: weights, averages, orders, chance, rates."""
    model = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3)
    )
    optimizer = getattr(optim, rule)(model.parameters(), lr=0.01)
    batches = Batches(nn.datasets.iris(), 16, seed=5)
    make = SCHEDULES[schedule]
    return model, optimizer, batches, make and schedules.attach(optimizer, make())


def train(model, optimizer, batches, scheduler, epochs):
    return nn.fit(
        model, nn.CrossEntropyLoss(), batches, optimizer,
        epochs=epochs, schedule=scheduler, progress=False,
    )  # fmt: skip


def state_of(model, history, optimizer):
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "batches": history.batches.state_dict(),
        "scheduler": history.scheduler and history.scheduler.state_dict(),
        "generator": nn.init.generator().bit_generator.state,
    }


def resume(path, rule, schedule, epochs):
    """What the other process does."""
    state = pickle.loads(pathlib.Path(path).read_bytes())
    model, optimizer, batches, scheduler = build(rule, schedule)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    batches.load_state_dict(state["batches"])
    if scheduler:
        scheduler.load_state_dict(state["scheduler"])
    nn.init.generator().bit_generator.state = state["generator"]
    history = train(model, optimizer, batches, scheduler, int(epochs))
    result = {"loss": history.loss, "rates": history.learning_rate}
    result |= state_of(model, history, optimizer)
    pathlib.Path(path).write_bytes(pickle.dumps(result))


@pytest.mark.parametrize(
    ("rule", "schedule"),
    [("SGD", "plateau"), ("Momentum", "by batch"), ("Adam", "warm-up"), ("AdamW", "none")],
)
def test_a_training_resumed_in_another_process_equals_the_uninterrupted_one(
    rule, schedule, tmp_path
):
    nn.manual_seed(3)
    model, optimizer, batches, scheduler = build(rule, schedule)
    whole = train(model, optimizer, batches, scheduler, 6)
    expected = state_of(model, whole, optimizer)

    nn.manual_seed(3)
    model, optimizer, batches, scheduler = build(rule, schedule)
    begun = train(model, optimizer, batches, scheduler, 3)
    path = tmp_path / "state.pickle"
    path.write_bytes(pickle.dumps(state_of(model, begun, optimizer)))
    root = str(pathlib.Path(nn.__file__).parents[2])
    subprocess.run(
        [sys.executable, __file__, path, rule, schedule, "3"],
        check=True,
        env=os.environ | {"PYTHONPATH": root},
    )

    found = pickle.loads(path.read_bytes())
    assert_array_equal([*begun.loss, *found.pop("loss")], whole.loss)
    assert_array_equal([*begun.learning_rate, *found.pop("rates")], whole.learning_rate)
    np.testing.assert_equal(found, expected)


def test_a_state_that_is_none_of_batches_is_refused_and_changes_nothing():
    batches = Batches((np.arange(9.0), np.arange(9)))
    before = batches.state_dict()
    for state in ({}, None, {"generator": 3}, {"generator": {"bit_generator": "MT19937"}}):
        with pytest.raises(ValueError, match=r"Batches: needs what state_dict\(\) returned"):
            batches.load_state_dict(state)
    assert batches.state_dict() == before


if __name__ == "__main__":
    resume(*sys.argv[1:])
