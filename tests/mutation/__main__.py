"""Plant faults and run the tests that cover them: python -m tests.mutation --seed 1 --count 200."""

import argparse
import collections
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import coverage

from tests.mutation.faults import faults_of

ROOT = pathlib.Path(__file__).parents[2]
NEEDED = ("autograd", "nn", "optim", "tests", "docs", "notebooks", "README.md", "CONTRIBUTING.md")
TESTS = ("tests/autograd", "tests/optim", "autograd", "optim", "--ignore-glob=*browser*")
# Where faults are planted: the rulebook, the graph and its two kinds of node, what declares an
# operation, optim, and the compiler.
TARGETS = (
    "autograd/rules/*.py", "autograd/node.py", "autograd/value.py", "autograd/tensor.py",
    "autograd/op.py", "autograd/declarations.py", "autograd/transforms.py", "autograd/versions.py",
    "optim/**/*.py", "autograd/compiler/**/*.py",
)  # fmt: skip
FIRST, MORE, SECONDS = 25, 400, 240
"""How many tests run first, those that cover least else; how many of the others, and how long."""


def copied(folder):
    """A copy of the project, so that no fault ever stands in the files that one works on."""
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, folder)
    return folder


def pytest_run(folder, *arguments, seconds=None, **variables):
    """Run pytest in one process; what it says, or "" if it took too long."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return None, ""
    return process.returncode, said


class Coverage:
    """Which tests run a line."""

    def __init__(self, folder):
        data = coverage.CoverageData(basename=str(folder / "lines"))
        data.read()
        passed = set((folder / "passed").read_text().splitlines())
        self.tests = {}
        self.breadth = collections.Counter()
        for file in data.measured_files():
            name = re.search(r"/((?:autograd|nn|optim)/.*)", file).group(1)
            lines = {
                line: {test for test in tests if test in passed}
                for line, tests in data.contexts_by_lineno(file).items()
            }
            self.tests[name] = lines
            self.breadth.update(test for tests in lines.values() for test in tests)

    def of(self, fault):
        """The tests that run the line of a fault, or else its statement, or else what is nearest.

        What runs at import is noticed, if at all, by the tests of what it is for: those of the
        lines that follow. The narrowest come first.
        """
        lines = self.tests.get(fault.file, {})
        found = lines.get(fault.line) or set()
        if not found:
            for line in range(fault.lines[0], fault.lines[1] + 1):
                found = found | lines.get(line, set())
        if not found and fault.line in lines:
            after = sorted(line for line, tests in lines.items() if tests and line > fault.line)
            found = set().union(*(lines[line] for line in after[:3]))
        return sorted(found, key=lambda test: (self.breadth[test], test))


def tried(project, fault, tests):
    """How a fault is noticed; "" if it is not."""
    if not tests:
        return ""
    file = project / fault.file
    text = file.read_text("utf-8")
    file.write_text(fault.planted(text), "utf-8")
    try:
        others = tests[FIRST:]
        evenly = others[:: -(-len(others) // MORE)] if others else []
        for some in (tests[:FIRST], evenly):
            if some:
                status, said = pytest_run(
                    project, "-x", "--hypothesis-seed=0", *some, seconds=SECONDS
                )
                if status is None:
                    return "does not end"
                if status:
                    lines = said.splitlines()
                    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
                    return (failed or lines[-1:] or ["cannot be imported"])[0][:200]
    finally:
        file.write_text(text, "utf-8")
    return ""


def drawn(seed, count, targets):
    """Faults drawn evenly from all that could be planted, and how many these are."""
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in sorted({path for target in targets for path in ROOT.glob(target)})
    }
    every = [fault for file, text in texts.items() for fault in faults_of(file, text)]
    shuffled = random.Random(seed).sample(every, len(every))
    sound = (fault for fault in shuffled if fault.can_be_read(texts[fault.file]))
    return len(every), list(itertools.islice(sound, count))


def main():
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--only", action="append", help="files, such as 'optim/*.py'")
    parser.add_argument("--coverage", type=pathlib.Path, help="a folder, to be used again")
    parser.add_argument("--out", type=pathlib.Path, help="where the results go, a line each")
    parser.add_argument("--list", action="store_true", help="say which faults, and end")
    options = parser.parse_args()
    total, faults = drawn(options.seed, options.count, options.only or TARGETS)
    print(f"{len(faults)} of {total} faults, seed {options.seed}")
    if options.list:
        print(*faults, sep="\n")
        return
    with tempfile.TemporaryDirectory() as temporary:
        project = copied(pathlib.Path(temporary))
        folder = options.coverage or project / "coverage"
        folder.mkdir(exist_ok=True, parents=True)
        if not (folder / "passed").exists():
            print("The tests run once, to see which covers what.")
            at = {"COVERAGE_OF_TESTS": str(folder)}
            pytest_run(project, "-p", "tests.mutation.contexts", *TESTS, **at)
        covered = Coverage(folder)
        unnoticed = 0
        for number, fault in enumerate(faults, 1):
            tests = covered.of(fault)
            how = tried(project, fault, tests)
            unnoticed += not how
            print(
                f"{number} {fault}\n    {how or f'NOT NOTICED by {len(tests)} tests'}", flush=True
            )
            if options.out:
                with options.out.open("a") as file:
                    one = {"fault": str(fault), "noticed": how, "tests": len(tests)}
                    file.write(json.dumps(one) + "\n")
    print(f"{len(faults) - unnoticed} of {len(faults)} noticed")


if __name__ == "__main__":
    main()
