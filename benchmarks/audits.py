"""What audits cost: `python -m benchmarks.audits`.

A compiled function is also run as it is written at its second call, and later whenever all audits
together stay under a tenth of its time. The table says how much longer the first training steps
take with audits than with `audit=False`; the first one, which records, is left out.
"""

import functools
import statistics
import time

import autograd
from benchmarks import compiled

SIDES = {
    "two moons, scalars": (compiled.moons_sides, "scalars"),
    "two moons, tensors": (compiled.moons_sides, "tensors"),
    "digits, tensors": (compiled.ROWS["digits: 64-64-10, batch 64, Adam"], "tensors"),
}
STEPS = (10, 100, 1000)


def seconds(row, audit):
    """Of processor time, when so many steps have been made, and when the second one has."""
    sides, side = SIDES[row]
    makers, data = sides()
    compile_ = autograd.compile
    autograd.compile = functools.partial(compile_, audit=audit)
    try:
        step = makers[side]()
    finally:
        autograd.compile = compile_
    step(*data[0])
    start, taken = time.process_time(), {}
    for i in range(1, max(STEPS) + 1):
        step(*data[i % len(data)])
        if i in (1, *STEPS):
            taken[i] = time.process_time() - start
    return taken


def report(rounds):
    print("\nAudits: the first steps with them, beside those without\n")
    print("| | the step that is audited |" + "".join(f" {n} steps |" for n in STEPS))
    print("|---|---|" + "---|" * len(STEPS))
    for row in SIDES:
        found = {True: [], False: []}
        for _ in range(rounds):
            for audit in found:
                found[audit].append(seconds(row, audit))
        ratios = [
            statistics.median(x[n] for x in found[True])
            / statistics.median(x[n] for x in found[False])
            for n in (1, *STEPS)
        ]
        print(f"| {row} |" + "".join(f" {ratio:.2f}× |" for ratio in ratios), flush=True)


if __name__ == "__main__":
    report(5)
