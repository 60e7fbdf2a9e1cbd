"""Glassgrad at a revision beside glassgrad here: `python -m benchmarks --against REV`.

Both sides run the benchmark programs of this checkout, with the interpreter that runs this, each in
a folder of its own: the packages as they were at REV, and as they are here, committed or not. A
worker asserts that it measures its folder's packages and none that is installed.

Of each row, a process of either side waits for its turn, so that what else the machine does meets
both; the pair is replaced a few times, since a process as a whole can be lucky. Measured is the
processor time of one thread, BLAS included.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

from benchmarks.rows import GROUPS
from benchmarks.sides import ROOT, default_settings, print_markdown

PACKAGES = "autograd", "nn", "optim"
ROWS = {name: row for rows in GROUPS.values() for name, row in rows.items()}
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class Refused(Exception):
    """What a worker said when it could not measure."""


# --- folders --------------------------------------------------------------------------------------


@contextlib.contextmanager
def folders(revision, root=ROOT):
    """Of the two sides: the packages at the revision and those here, beside these benchmarks."""
    with tempfile.TemporaryDirectory(prefix="glassgrad-") as temporary:
        then, now = pathlib.Path(temporary, "then"), pathlib.Path(temporary, "now")
        with zipfile.ZipFile(io.BytesIO(archive(revision, root))) as packed:
            packed.extractall(then)
        for package in PACKAGES:
            shutil.copytree(root / package, now / package, ignore=_COMPILED)
        for folder in (then, now):
            shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=_COMPILED)
        yield then, now


_COMPILED = shutil.ignore_patterns("__pycache__")


def archive(revision, root):
    command = ["git", "-C", str(root), "archive", "--format=zip", revision, *PACKAGES]
    answer = subprocess.run(command, check=False, capture_output=True)
    if answer.returncode:
        raise SystemExit(f"benchmarks: {answer.stderr.decode().strip()}")
    return answer.stdout


def described(revision, root=ROOT):
    """The revision with its hash, as in `main (1a2b3c4)`."""
    command = ["git", "-C", str(root), "rev-parse", "--short", f"{revision}^{{commit}}"]
    short = subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
    return revision if revision in ("", short) else f"{revision} ({short})"


# --- workers --------------------------------------------------------------------------------------


class Worker:
    """A process that measures one row of one side whenever it is asked."""

    def __init__(self, folder, name):
        self.side = folder.name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.against", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=default_settings() | ONE_THREAD,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def ask(self):
        """The figure, and u: the time of np.add(a, b, out=c) on 10 numbers."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = self.process.stderr.read().strip() or "no answer"
            raise Refused(f"{self.side}: {said.splitlines()[-1]}")
        return json.loads(answer)


def serve(name):
    """In the worker: a figure for every line that comes in."""
    measure = ROWS[name].begin()
    for _ in sys.stdin:
        figure = measure()
        for package in (*PACKAGES, "benchmarks"):
            found = importlib.import_module(package).__file__
            assert pathlib.Path(found).is_relative_to(pathlib.Path.cwd()), found
        print(json.dumps([figure, unit()]), flush=True)


def unit(calls=2000):
    """Processor seconds of the smallest work there is, by which absolute figures compare."""
    import numpy as np

    a, b, c = np.ones((3, 10))
    start = time.process_time()
    for _ in range(calls):
        np.add(a, b, out=c)
    return (time.process_time() - start) / calls


# --- turns ----------------------------------------------------------------------------------------


def measure(name, sides, rounds):
    """For each turn the two sides' answers; the sides take turns in beginning, too."""
    row, found = ROWS[name], []
    for _ in range(rounds if row.repeats else 1):
        if row.fresh:
            for _ in range(row.turns):
                found += pair(name, sides, 1, len(found))
        else:
            found += pair(name, sides, row.turns, len(found))
    return found


def pair(name, sides, turns, before):
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker(folder, name)) for folder in sides]
        found = []
        for turn in range(before, before + turns):
            order = (0, 1) if turn % 2 == 0 else (1, 0)
            answers = {side: workers[side].ask() for side in order}
            found.append((answers[0], answers[1]))
        return found


def cells(name, found):
    """A line of the table, from the answers of all turns."""
    row = ROWS[name]
    then, now = ([turn[side][0] for turn in found] for side in (0, 1))
    figures = [f"{row.scale * statistics.median(side):,.4g} {row.unit}" for side in (then, now)]
    ratios = [b / a for a, b in zip(then, now)]
    middle = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [*ratios] * 3
    in_u = statistics.median(figure / u for _, (figure, u) in found)
    return [
        name,
        *figures,
        f"{statistics.median(ratios):.3f}×",
        f"{middle[0]:.3f} to {middle[2]:.3f}",
        "" if row.unit == "B" else f"{in_u:,.4g} u",
    ]


def report(revision, rounds, only=(), root=ROOT):
    """Print the table of the rows whose group or name begins with one of `only`."""
    names = selected(only)
    lines, refusals = [], []
    with folders(revision, root) as sides:
        for name in names:
            progress(name)
            try:
                lines.append(cells(name, measure(name, sides, rounds)))
            except Refused as refusal:
                lines.append([name, "", "", "", "", ""])
                refusals.append(f"{name}: {refusal}")
        progress("")
    head = ["", described(revision, root), "now", "ratio", "middle half", "now"]
    print_markdown(TITLE, [head, *lines])
    if refusals:
        print("\nNot measured:", *refusals, sep="\n- ")


def progress(name):
    if sys.stderr.isatty():
        print(f"\r{name:<50}\r", end="", file=sys.stderr, flush=True)


TITLE = (
    "Processor time of one thread: in each turn the best of a few, of the turns the median; the\n"
    "ratio is the median of the turns' ratios, of which half lie in the middle half. u is the\n"
    "time of np.add(a, b, out=c) on 10 numbers in the same turn."
)


def selected(only):
    names = [
        name
        for group, rows in GROUPS.items()
        for name in rows
        if not only or any(group == word or name.startswith(word) for word in only)
    ]
    if not names:
        raise SystemExit(
            f"benchmarks: --only needs groups ({', '.join(GROUPS)}) or beginnings of rows, "
            f"but got {', '.join(only)}."
        )
    return names


if __name__ == "__main__":
    serve(sys.argv[1])
