"""Schedules: the learning rate as a function of the epoch.

A schedule is called with an epoch, 0, 1, 2, …, and gives the rate. It can be combined with others,
drawn (`plot`), and attached to an optimizer (`attach`), which then follows it.

>>> from autograd import Value
>>> from optim import SGD, schedules
>>> schedule = schedules.warm_up(schedules.cosine(0.1, epochs=10), epochs=2)
>>> [round(schedule(epoch), 3) for epoch in (0, 1, 2, 7, 12)]
[0.033, 0.067, 0.1, 0.05, 0.0]
>>> optimizer = SGD([Value(1.0)])
>>> scheduler = schedules.attach(optimizer, schedule)
>>> scheduler.step()  # at the end of an epoch
>>> round(optimizer.lr, 3)
0.067
"""

import warnings
from typing import Any

from optim.schedules.decays import (
    by_hand,
    cosine,
    exponential,
    inverse_sqrt,
    inverse_time,
    one_cycle,
    step_decay,
    warm_up,
)
from optim.schedules.picture import plot
from optim.schedules.plateau import ReduceOnPlateau
from optim.schedules.schedule import Schedule, constant
from optim.schedules.scheduler import Scheduler, attach

__all__ = [
    "ReduceOnPlateau",
    "Schedule",
    "Scheduler",
    "attach",
    "by_hand",
    "constant",
    "cosine",
    "exponential",
    "inverse_sqrt",
    "inverse_time",
    "one_cycle",
    "plot",
    "step_decay",
    "warm_up",
]


def __getattr__(name: str) -> Any:
    if name == "Following":  # its name in 0.1
        warnings.warn("Following is now called Scheduler.", DeprecationWarning, stacklevel=2)
        return Scheduler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
