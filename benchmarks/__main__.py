"""Print the tables: `python -m benchmarks`; with `--against REV`, ours then beside ours now."""

import argparse
import os
import platform

import numpy as np

from benchmarks import against
from benchmarks.sides import peer_name

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("--quick", action="store_true", help="fewer rounds")
parser.add_argument(
    "--against", metavar="REV", help="a revision of this repository to compare with, as HEAD~3"
)
parser.add_argument(
    "--only",
    metavar="ROWS",
    nargs="+",
    default=(),
    help=f"with --against: groups ({', '.join(against.GROUPS)}) or beginnings of rows' names",
)
given = parser.parse_args()
if given.only and not given.against:
    parser.error("--only needs --against")


def peers(rounds):
    from benchmarks import (
        audits,
        compiled,
        compiling,
        digits,
        images,
        moons,
        overhead,
        scalars,
        scaling,
        sequences,
        startup,
        updates,
        watching,
    )

    parts = (
        startup, scalars, scaling, overhead, moons, updates, digits, images, sequences, compiled,
        audits, compiling, watching,
    )  # fmt: skip
    for benchmark in parts:
        benchmark.report(rounds)


rounds = 1 if given.quick else 5
print(
    f"Python {platform.python_version()}, NumPy {np.__version__}, "
    f"{'' if given.against else f'{peer_name()}, '}{os.cpu_count()} CPUs, "
    f"{platform.system()} {platform.machine()}. Medians of {rounds} rounds."
)
if given.against:
    against.report(given.against, rounds, given.only)
else:
    peers(rounds)
