"""The table of README: `python -m benchmarks.headline`, with and without the extra "native".

A whole training step, its update included, as one compiled program: with NumPy, natively, and by
others. Each figure is a process of its own; the sides take turns, and a ratio is the median of
those of the turns, so that a machine that is slower for a while is so for both. A peer that is not
installed is left out. Below the table stands where we are behind.
"""

import argparse
import os
import platform
import statistics

import numpy as np

from benchmarks import compiled
from benchmarks.limits import others

CLOSE_UP, VALUES, TENSORS = (
    "scalars, whole step", "single Values, whole step", "tensors, whole step",
)  # fmt: skip
MOONS, DIGITS, LARGE, GPT, RECURRENT, _ = compiled.ROWS
LINES = {
    "two moons in single numbers: a close-up of a model": (MOONS, CLOSE_UP),
    "two moons in single numbers: 337 separate `Value`s": (MOONS, VALUES),
    "two moons on arrays": (MOONS, TENSORS),
    "digits 64-64-10, batch 64, Adam": (DIGITS, TENSORS),
    "784-128-64-10, batch 64, Adam, float32": (LARGE, TENSORS),
    "GPT written in single numbers, 4,192 parameters": (GPT, VALUES),
    "recurrent network in single numbers, 8 neurons, 120 steps": (RECURRENT, VALUES),
}
PEERS = "NumPy by hand", "PyTorch", "JAX jit"
NUMPY, NATIVE = "glassgrad", "glassgrad[native]"


def turns_of(row, ours, rounds):
    """Seconds per step of each side in each turn."""
    sides = compiled.ROWS[row]()[0]
    mine = {NUMPY: {"GLASSGRAD_NATIVE": "0"}}
    if compiled.installed("llvmlite"):
        mine[NATIVE] = {"GLASSGRAD_NATIVE": "1"}
    asked = [(name, ours, settings) for name, settings in mine.items()]
    for side in sides:
        peer = side.removesuffix(", 1 thread")
        if peer in PEERS and compiled.installed(compiled.NEEDS.get(side, "numpy")):
            asked.append((peer, side, {}))
    found, losses = {}, []
    for _ in range(rounds):
        turn = {}
        for name, side, settings in asked:  # of PyTorch the better number of threads
            answer = compiled.ask(row, side, **settings)
            turn[name] = min(answer["seconds"], turn.get(name, np.inf))
            losses.append(answer["losses"])
        for name, seconds in turn.items():
            found.setdefault(name, []).append(seconds)
    np.testing.assert_allclose(losses, losses[:1] * len(losses), rtol=1e-3, err_msg=row)
    return found


def ratio(turns, one, other):
    """How many times as long one takes as another."""
    return statistics.median(x / y for x, y in zip(turns[one], turns[other], strict=True))


def shown(turns, name):
    """The time of a side; of a peer how many times as long as ours, natively if there is that."""
    if name not in turns:
        return ""
    time = f"{1e6 * statistics.median(turns[name]):,.0f} µs"
    best = NATIVE if NATIVE in turns else NUMPY
    return time if name in (NUMPY, NATIVE) else f"{time} ({ratio(turns, name, best):.1f}×)"


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.headline", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    columns = [NUMPY, NATIVE, *PEERS]
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} CPUs, "
        f"{platform.system()} {platform.machine()}. Medians of {rounds} turns.\n"
    )
    print(f"| | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    behind = []
    for line, (row, ours) in LINES.items():
        turns = turns_of(row, ours, rounds)
        print(f"| {line} | {' | '.join(shown(turns, name) for name in columns)} |", flush=True)
        for mine in (NUMPY, NATIVE):
            for peer in PEERS:
                if mine in turns and peer in turns and (times := ratio(turns, mine, peer)) > 1:
                    behind.append(f"{line}: {mine} takes {times:.2f} times as long as {peer}")
    if compiled.installed("torch") and compiled.installed("llvmlite"):
        ours, theirs = others.updates()
        print(
            f"\nAdam's `step()` alone on 109,386 parameters in float32, one thread, natively: "
            f"{ours:.0f} µs, PyTorch's fused one {theirs:.0f} µs ({theirs / ours:.1f}×)."
        )
    print("\nWhere it is behind:", *([f"- {x}." for x in behind] or ["nowhere here."]), sep="\n")


if __name__ == "__main__":
    main()
