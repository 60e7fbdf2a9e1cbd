"""The sides of a comparison, each measured in processes of its own."""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys

BOTH = OURS, PEER = "glassgrad", "micrograd"
TORCH = "torch"
IMPORTS = {
    OURS: ("autograd", "nn.scalar"),
    PEER: ("micrograd.engine", "micrograd.nn"),
    TORCH: ("torch",),
    "scikit-learn": ("sklearn",),
    "mygrad": ("mygrad",),
}
ROOT = pathlib.Path(__file__).parents[1]


def peer_name(peer=PEER):
    """The peer with its version, or that there is none."""
    try:
        return f"{peer} {importlib.metadata.version(peer)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{peer} (not installed)"


def default_settings():
    """The environment without what would change what is measured: PYTHONMALLOC, PYTHONOPTIMIZE…"""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") or name == "PYTHONPATH"
    }


def measure(benchmark, side, **task):
    """The figures that one fresh process finds; `serve` is the other end."""
    if importlib.util.find_spec(IMPORTS[side][0].partition(".")[0]) is None:
        return {"missing": "not installed"}
    process = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{benchmark}", side],
        input=json.dumps(task),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env=default_settings(),
    )
    return json.loads(process.stdout)


def take_turns(benchmark, rounds, sides=BOTH, **task):
    """The median of each figure, for each side."""
    answers = [[measure(benchmark, side, **task)] for side in sides]
    for _ in range(rounds - 1):
        for side, of_side in zip(sides, answers, strict=True):
            if "missing" not in of_side[0]:
                of_side.append(measure(benchmark, side, **task))
    return [_medians(of_side) for of_side in answers]


def _medians(answers):
    if "missing" in answers[0]:
        return answers[0]
    return {key: statistics.median(answer[key] for answer in answers) for key in answers[0]}


def serve(work):
    """In the fresh process: call work(Value, MLP, **task) and print the figures it returns."""
    engine, networks = map(importlib.import_module, IMPORTS[sys.argv[1]])
    try:
        figures = work(engine.Value, networks.MLP, **json.load(sys.stdin))
    except RecursionError:
        figures = {"missing": "RecursionError"}
    print(json.dumps(figures))


def row(title, unit, figures, key, scale=1):
    """A row of a table: the figure of each side, and how many times ours the peer's is."""
    cells = [_cell(of_side, key, unit, scale) for of_side in figures]
    ratio = f"{figures[-1][key] / figures[0][key]:.1f}×" if key in figures[-1] else ""
    return [title, *cells, *[""] * (len(BOTH) - len(cells)), ratio if len(cells) > 1 else ""]


def _cell(of_side, key, unit, scale):
    if key not in of_side:
        return of_side["missing"]
    number = of_side[key] * scale
    return f"{number:,.0f} {unit}" if number >= 10 else f"{number:.2f} {unit}"


def print_table(title, rows, peer=None):
    """As Markdown, readable as it is."""
    print_markdown(title, [["", OURS, peer or peer_name(), "ratio"], *rows])


def print_markdown(title, rows):
    """A table with any columns; the first row names them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        [text.ljust(width) for text, width in zip(cells, widths, strict=True)] for cells in rows
    ]
    lines.insert(1, ["-" * width for width in widths])
    print(f"\n{title}\n")
    for cells in lines:
        print(f"| {' | '.join(cells)} |")
    sys.stdout.flush()
