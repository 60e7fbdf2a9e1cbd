"""Print the tables: `python -m benchmarks`; with `--quick`, from fewer rounds."""

import argparse
import os
import platform

import numpy as np

from benchmarks import (
    compiled,
    compiling,
    digits,
    moons,
    overhead,
    scalars,
    scaling,
    startup,
    updates,
)
from benchmarks.sides import peer_name

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("--quick", action="store_true", help="one round instead of five")
rounds = 1 if parser.parse_args().quick else 5

print(
    f"Python {platform.python_version()}, NumPy {np.__version__}, {peer_name()}, "
    f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}. Medians of {rounds} rounds."
)
for benchmark in (startup, scalars, scaling, overhead, moons, updates, digits, compiled, compiling):
    benchmark.report(rounds)
