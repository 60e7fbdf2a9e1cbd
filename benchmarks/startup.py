"""How long `import autograd` takes, beside `import numpy`, without which there is nothing."""

import statistics
import subprocess
import sys

from benchmarks.sides import OURS, ROOT, default_settings, print_markdown

TITLE = "Seconds from the start of an import to its end, each in a fresh process."
MODULES = {"numpy": "NumPy", "autograd": f"{OURS}: autograd, NumPy included"}
PROGRAM = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def report(rounds):
    times = {module: [] for module in MODULES}
    for _ in range(4 * rounds + 1):  # the first reads the files from the disk
        for module, found in times.items():
            command = [sys.executable, "-c", PROGRAM.format(module)]
            answer = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=True,
                cwd=ROOT,
                env=default_settings(),
            )
            found.append(float(answer.stdout))
    medians = {module: statistics.median(found[1:]) for module, found in times.items()}
    rows = [["", "time", "ratio"]]
    for module, name in MODULES.items():
        ratio = f"{medians[module] / medians['numpy']:.2f}×"
        rows.append([name, f"{1e3 * medians[module]:.1f} ms", ratio])
    print_markdown(TITLE, rows)
