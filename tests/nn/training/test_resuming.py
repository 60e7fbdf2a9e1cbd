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


CASES = [("SGD", "plateau"), ("Momentum", "by batch"), ("Adam", "warm-up"), ("AdamW", "none")]


def resume(path):
    """What the other process does."""
    states = pickle.loads(pathlib.Path(path).read_bytes())
    results = [resumed(state, *case) for state, case in zip(states, CASES, strict=True)]
    pathlib.Path(path).write_bytes(pickle.dumps(results))


def resumed(state, rule, schedule):
    model, optimizer, batches, scheduler = build(rule, schedule)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    batches.load_state_dict(state["batches"])
    if scheduler:
        scheduler.load_state_dict(state["scheduler"])
    nn.init.generator().bit_generator.state = state["generator"]
    history = train(model, optimizer, batches, scheduler, 3)
    return history.loss, history.learning_rate, state_of(model, history, optimizer)


def trained(rule, schedule, epochs):
    """Its history, and its state at the end."""
    nn.manual_seed(3)
    model, optimizer, batches, scheduler = build(rule, schedule)
    history = train(model, optimizer, batches, scheduler, epochs)
    return history, state_of(model, history, optimizer)


def test_a_training_resumed_in_another_process_equals_the_uninterrupted_one(tmp_path):
    begun = [trained(*case, epochs=3) for case in CASES]
    path = tmp_path / "states.pickle"
    path.write_bytes(pickle.dumps([state for _, state in begun]))
    root = str(pathlib.Path(nn.__file__).parents[1])
    command = [sys.executable, __file__, path]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": root})
    results = pickle.loads(path.read_bytes())
    for case, (first, _), (loss, rates, state) in zip(CASES, begun, results, strict=True):
        whole, expected = trained(*case, epochs=6)
        assert_array_equal([*first.loss, *loss], whole.loss)
        assert_array_equal([*first.learning_rate, *rates], whole.learning_rate)
        np.testing.assert_equal(state, expected)


def test_a_state_that_is_none_of_batches_is_refused_and_changes_nothing():
    batches = Batches((np.arange(9.0), np.arange(9)))
    before = batches.state_dict()
    negative = before["generator"] | {"state": {"state": -1, "inc": 3}}
    others = (3, {"bit_generator": "MT19937"}, negative)
    for state in ({}, None, *({"generator": other} for other in others)):
        with pytest.raises(ValueError, match=r"Batches: needs what state_dict\(\) returned"):
            batches.load_state_dict(state)
    assert batches.state_dict() == before


if __name__ == "__main__":
    resume(*sys.argv[1:])
