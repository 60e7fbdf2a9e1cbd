"""How many random programs `compile` takes: functions of arrays, of Tensors, and gradients."""

import collections

import numpy as np

import autograd
from autograd import CompileError, Tensor
from tests.fuzz.ours import OURS


def ways(function):
    """What may be compiled of a function of arrays."""

    def total(*xs):
        return (function(*xs) * 1.0).sum()

    def gradients(*xs):
        return autograd.grad(total, tuple(range(len(xs))))(*xs)

    return {
        "arrays": (function, np.asarray),
        "Tensors": (function, Tensor),
        "grad": (gradients, np.asarray),
    }


def attempt(function, args):
    try:
        return function(*args), None
    except Exception as err:  # noqa: BLE001 (whatever is said of a program)
        return None, err


def numbers(result):
    leaves, _ = autograd.trees.flatten(result)
    return [np.asarray(getattr(x, "data", x), dtype=float) for x in leaves]


class Accepted:
    """Compiles random programs and counts.

    Attributes:
        counts: By way and outcome: "accepted", "refused", and "different", which must not be.
        said: The refusals, and the programs that differ.
    """

    def __init__(self):
        self.counts = collections.Counter()
        self.said = []

    def add(self, program):
        xs = list(program.inputs.values())
        for way, (function, given) in ways(program.function(OURS)).items():
            calls = [[given(factor * x) for x in xs] for factor in (1.0, 1.0, 0.75)]
            self.compile(program, way, function, calls if xs else [])

    def compile(self, program, way, function, calls):
        expected = [attempt(function, args) for args in calls]
        if not calls or any(err is not None for _, err in expected):
            return  # not a program of that kind
        compiled, outcome = autograd.compile(function), "accepted"
        for args, (theirs, _) in zip(calls, expected):
            ours, err = attempt(compiled, args)
            if isinstance(err, CompileError):
                outcome = "refused"
            elif err is not None or not all(map(self.same, numbers(ours), numbers(theirs))):
                outcome, err = "different", err or ours
            if outcome != "accepted":
                self.said.append(f"--- {way} {outcome}: {err}\n{program.text()}")
                break
        self.counts[way, outcome] += 1

    @staticmethod
    def same(ours, theirs):
        return np.allclose(ours, theirs, rtol=1e-8, atol=1e-8, equal_nan=True)

    def share(self, way):
        """Which part of the programs is accepted."""
        counts = [self.counts[way, outcome] for outcome in ("accepted", "refused", "different")]
        return counts[0] / sum(counts)
