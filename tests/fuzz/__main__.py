"""Run the fuzzer: `python -m tests.fuzz --seed 1 --minutes 5`."""

import argparse
import collections
import contextlib
import time
import warnings

import numpy as np

from tests.autograd.array_cases import spread
from tests.fuzz import sides
from tests.fuzz.programs import NUMBERS, draw

TOLERANCE = {"float64": 1e-8, "float32": 2e-3}


def weigh(outs, seed):
    """A weight for every number, in the dtype of the results."""
    return [
        spread(tuple(np.shape(out)), 0.5, 1.5, seed + i).astype(str(out.dtype).split(".")[-1])
        for i, out in enumerate(outs)
    ]


def same(ours, theirs, tolerance):
    """Whether all arrays agree; where theirs is not finite nothing is asked for."""
    for a, b in zip(ours, theirs):
        if a.shape != b.shape:
            return False
        asked = np.isfinite(b) & (np.abs(b) < 1e8)
        largest = max(1.0, np.abs(b[asked]).max(initial=0.0))
        if not np.all(np.abs(a - b)[asked] <= tolerance * largest):
            return False
    return True


def attempt(side, *arguments):
    """What a side computes, and what it says if it cannot."""
    try:
        return side(*arguments), ""
    except Exception as err:  # noqa: BLE001 (whatever a library says of a program)
        return None, f"{type(err).__name__}: {str(err)[:300]}"


class Fuzzer:
    """Draws programs, runs them on all sides and counts.

    Attributes:
        counts: How many programs there were, and how many comparisons of each kind.
        found: What differed, as text.
    """

    def __init__(self, rng):
        self.rng = rng
        self.counts = collections.Counter()
        self.found = []

    def one(self):
        program = draw(self.rng)
        wide = self.rng.random() < 0.85 or "eye(" in program.text()  # which is of float64
        dtype = "float64" if wide else "float32"
        tolerance = TOLERANCE[dtype]
        self.counts["programs"] += 1
        ours, error = attempt(sides.by_transforms, program, weigh, dtype)
        theirs, torch_error = attempt(sides.by_torch, program, weigh, dtype)
        if ours is None:
            return self.report(program, "error", error, torch_error or theirs)
        if any(a.dtype != dtype for a in ours):
            self.report(program, "dtype", [a.dtype for a in ours], dtype)
        self.beside_peers(program, dtype, ours, theirs, tolerance)
        self.beside_each_other(program, dtype, ours, tolerance)

    def beside_peers(self, program, dtype, ours, theirs, tolerance):
        agrees = theirs is not None and same(ours, theirs, tolerance)
        self.counts["PyTorch"] += theirs is not None
        if agrees and self.rng.random() < 0.98:
            return
        jax, error = attempt(sides.by_jax, program, weigh, dtype)  # slow: it compiles every line
        self.counts["JAX"] += jax is not None
        if jax is not None and same(ours, jax, tolerance):
            return  # at a kink one of them is enough
        if any(np.isnan(a).any() for a in ours) and sides.has_infinite_derivative(program):
            self.counts["infinite derivatives inside, left out"] += 1
            return
        if (theirs is not None and not agrees) or (jax is not None and not agrees):
            self.report(program, "peers", ours, {"PyTorch": theirs, "JAX": jax or error})

    def beside_each_other(self, program, dtype, ours, tolerance):
        first = ours[: 1 + len(program.inputs)]
        other, error = attempt(sides.by_backward, program, weigh, dtype)
        self.counts["backward"] += 1
        if other is None or not same(other, first, tolerance * 1e-3):
            self.report(program, "backward", ours, other or error)
        along, error = attempt(sides.by_jvp, program, weigh, dtype)
        self.counts["jvp"] += 1
        expected = np.asarray(sum(g.sum() for g in first[1:]))
        if along is None or not same([along], [expected], tolerance):
            if sides.has_infinite_derivative(program):
                return
            self.report(program, "jvp", expected, along if error == "" else error)
        if dtype == "float64" and self.on_numbers(program):
            found, error = attempt(sides.by_values, program, weigh)
            self.counts["Values"] += 1
            if found is None or not same(found, first, 1e-10):
                self.report(program, "Values", first, found or error)

    def on_numbers(self, program):
        """Whether a program has only functions of numbers, which Values know."""
        return program.names() <= NUMBERS

    def report(self, program, kind, ours, theirs):
        self.counts[f"found: {kind}"] += 1
        self.found.append(f"--- {kind}\n{program.text()}\nours: {ours}\nother: {theirs}\n")
        print(self.found[-1], flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1.0, help="of processor time")
    options = parser.parse_args()
    fuzzer = Fuzzer(np.random.default_rng(options.seed))
    warnings.simplefilter("ignore")
    start = time.process_time()
    with contextlib.suppress(KeyboardInterrupt), np.errstate(all="ignore"):
        while time.process_time() - start < 60 * options.minutes:
            fuzzer.one()
    print(f"seed {options.seed}, {(time.process_time() - start) / 60:.1f} minutes:")
    for name, count in fuzzer.counts.items():
        print(f"  {count:7} {name}")


if __name__ == "__main__":
    main()
